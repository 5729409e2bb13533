"""Wrong answers that look right on ordinary inputs, and right ones that look wrong: what each of them is told."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from right_answers import RIGHT_ANSWERS

from nstlib.check import check, examine, exercises
from nstlib.check.examiner.extremes import flat_cases
from nstlib.check.examiner.forms import fits, form_of
from nstlib.check.exercise import call
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix


def reference(name):
    return exercises[name].reference


def squeezed(name):
    return lambda *arguments: reference(name)(*arguments).squeeze()


def variation_by_roots(image):
    down, across = (torch.diff(image, dim=dim).square().sqrt().mean() for dim in (2, 3))
    return down + across


def pairs_by_half(network, layers):
    return sum(network.channels(layer) // 2 * (network.channels(layer) + 1) for layer in layers)


def null_test_by_one_sign(loss, other, image):
    value, slope = reference("null_test")(loss, other, image)
    return (value if loss(image) > 0 else -value), slope


def octaves_sorted(image, climb, sizes):
    return reference("octaves")(image, climb, sorted(sizes))


def octaves_at_full_size(image, climb, sizes):
    return F.interpolate(reference("octaves")(image, climb, sizes), image.shape[2:], mode="bilinear")


def transfer_rounded(image, loss, steps, rate):
    found, losses = reference("run_transfer")(image, loss, steps, rate)
    return found, [round(value, 2) for value in losses]


def never_where_they_touch(styles, contents, base_styles, base_contents):
    low, high = max(styles.min(), base_styles.min()), min(styles.max(), base_styles.max())
    if low >= high:
        return float("nan")
    return reference("matched_style_difference")(styles, contents, base_styles, base_contents)


def interval(differences, rounds, seed, *, mean=np.nanmean, more=0):
    rng, (s, c) = np.random.default_rng(seed), differences.shape
    drawn = [
        mean(differences[np.ix_(rng.integers(s, size=s + more), rng.integers(c, size=c + more))]) for _ in range(rounds)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def interval_without_incomplete_rounds(differences, rounds, seed):
    return interval(differences, rounds, seed, mean=np.mean)


def interval_of_one_draw_less(differences, rounds, seed):
    return interval(differences, rounds, seed, more=-1)


def interval_of_one_draw_more(differences, rounds, seed):
    return interval(differences, rounds, seed, more=1)


def interval_of_means_of_rows(differences, rounds, seed):
    return interval(differences, rounds, seed, mean=lambda table: np.nanmean(np.nanmean(table, 1)))


def front_without_ties(points):
    first = np.unique(points, axis=0, return_index=True)[1]
    return reference("pareto_front")(points) & np.isin(np.arange(len(points)), first)


def gram_wrong_in_double(features):
    found = gram_matrix(features)
    return found * 1.01 if features.dtype == torch.float64 else found


def ssim_with_a_wrong_sign(image, reference):
    def blur(x):
        return low_pass(x, 1.5)

    mx, my, c1, c2 = blur(image), blur(reference), 0.01**2, 0.03**2
    vx, vy, cov = blur(image**2) - mx**2, blur(reference**2) - my**2, blur(image * reference) - mx * my
    values = (2 * mx * my - c1) / (mx**2 + my**2 + c1) * (2 * cov + c2) / (vx + vy + c2)
    return values[:, :, 5:-5, 5:-5].mean((1, 2, 3))


def share_with_the_boundary(weights, low, high, size):
    energy = torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)
    frequency = torch.fft.fftfreq(size).to(weights)
    radius = torch.hypot(frequency[:, None], frequency)
    return energy[:, (radius < low) | (radius >= high)].sum(1) / energy.sum((1, 2))


PASSED_ONCE = [
    ("ssim", ssim_with_a_wrong_sign),
    ("extreme_share", share_with_the_boundary),
    ("total_variation", variation_by_roots),
    ("parameter_count", pairs_by_half),
    ("to_tensor", lambda pixels: reference("to_tensor")(pixels).squeeze()[None]),
    ("dead_channels", squeezed("dead_channels")),
    ("null_test", null_test_by_one_sign),
    ("octaves", octaves_sorted),
    ("octaves", octaves_at_full_size),
    ("run_transfer", transfer_rounded),
    ("matched_style_difference", never_where_they_touch),
    ("bootstrap_interval", interval_without_incomplete_rounds),
    ("bootstrap_interval", interval_of_one_draw_less),
    ("bootstrap_interval", interval_of_one_draw_more),
    ("bootstrap_interval", interval_of_means_of_rows),
    ("pareto_front", front_without_ties),
    ("gram_matrix", gram_wrong_in_double),
]


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize(("name", "answer"), PASSED_ONCE, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_wrong_only_on_unusual_inputs_is_rejected(name, answer):
    assert examine(name, answer).outcome == "not yet"


def interval_drawn_at_once(seed):
    """Return all rounds drawn at once, by another way to draw."""

    def bootstrap_interval(differences, rounds, _seed):
        rng, (s, c) = np.random.default_rng([seed, _seed]), differences.shape
        rows, columns = rng.integers(s, size=(rounds, s)), rng.integers(c, size=(rounds, c))
        means = np.nanmean(differences[rows[:, :, None], columns[:, None]], axis=(1, 2))
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)

    return bootstrap_interval


@pytest.mark.parametrize("seed", range(8))
def test_an_interval_is_right_whatever_the_draws(seed):
    result = examine("bootstrap_interval", interval_drawn_at_once(seed))
    assert result.passed, str(result)


def mmd_of_one_image(x, y):
    assert len(x) == len(y) == 1  # the statement says so
    return reference("mmd_polynomial")(x, y)


def step_that_puts_the_mode_back(model, optimizer, images, labels):
    before = model.training
    loss = reference("train_step")(model, optimizer, images, labels)
    model.train(before)
    return loss


def extract_anew_for_each_layer(image, stages, layers):
    found = {}
    for layer in layers:
        x = image.clone()
        for name, stage in stages:
            x = stage(x)
            if name == layer:
                found[layer] = x
                break
    return found


def step_with_a_guard(image, gradient, step):
    return (image + step * gradient / (gradient.abs().mean() + 1e-5)).clamp(0, 1)


REFUSED_ONCE = [
    ("mmd_polynomial", mmd_of_one_image),
    ("train_step", step_that_puts_the_mode_back),
    ("extract", extract_anew_for_each_layer),
    ("normalized_step", step_with_a_guard),
]


@pytest.mark.parametrize(("name", "answer"), REFUSED_ONCE, ids=lambda value: getattr(value, "__name__", value))
def test_what_the_statement_allows_is_right(name, answer):
    result = examine(name, answer)
    assert result.passed, str(result)


def null_test_with_one_gradient(loss, other, image):
    x = image.detach().clone().requires_grad_(True)
    value = loss(x)
    value.backward()
    slope = x.grad
    found = other(x)
    found.backward()
    bent = x.grad  # another name for the same tensor
    return abs((found - value) / value).item(), ((bent - slope).norm() / slope.norm()).item()


def average_without_the_share(iterates, decay):
    average, count = 0.0, 0
    for image in iterates:
        average, count = decay * average + image, count + 1
    return average / (1 - decay**count)


def size_padded_by_half(size, kernel, padding, stride):
    return (size + 2 * (kernel // 2) - kernel) // stride + 1


def low_pass_of_radius(image, sigma):
    radius = int(2 * sigma) + 1
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=image.dtype) ** 2) / (2 * sigma**2))
    bell, channels = bell / bell.sum(), image.shape[1]
    x = F.pad(image, (radius,) * 4, mode="replicate")
    x = F.conv2d(x, bell.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(x, bell.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def ssim_with_constants_swapped(image, reference):
    def blur(x):
        return low_pass(x, 1.5)

    mx, my, c1, c2 = blur(image), blur(reference), 0.03**2, 0.01**2
    vx, vy, cov = blur(image**2) - mx**2, blur(reference**2) - my**2, blur(image * reference) - mx * my
    values = (2 * mx * my + c1) / (mx**2 + my**2 + c1) * (2 * cov + c2) / (vx + vy + c2)
    return values[:, :, 5:-5, 5:-5].mean((1, 2, 3))


TOLD_ONCE = [  # name, answer, what it was told and is not true, what it is told
    ("null_test", null_test_with_one_gradient, "Only the values", "`x.grad` is one tensor"),
    ("split_bands", lambda image, sigmas: reference("split_bands")(image, sigmas)[1:], "last blur", "finest band"),
    ("ssim", ssim_with_constants_swapped, "0.01 and 0.03 themselves", "exchanged"),
    (
        "pareto_front",
        lambda points: points.sum(1) == points.sum(1).min(),
        "each single coordinate",
        "smallest sum",
    ),
    ("average_iterates", average_without_the_share, "too small", "right where `decay` is 0"),
    (
        "sliced_wasserstein",
        lambda x, y, k: ((k @ x.flatten(2)).sort(2).values - (k @ y.flatten(2)).sort(2).values).square().mean(2),
        "largest",
        "number for each direction",
    ),
    (
        "convolve2d",
        lambda image, kernel, padding, stride: F.conv2d(image, kernel.flip(2), padding=padding, stride=stride),
        "mathematics",
        "one of its axes",
    ),
    ("output_size", size_padded_by_half, "length is not used", "Expected"),
    ("low_pass", low_pass_of_radius, "gradient", "numbers wrong"),
    (
        "content_loss",
        lambda f, t: reference("content_loss")(f, t) * (1 + torch.rand(())),
        "times what",
        "drawn at random",
    ),
    ("run_transfer", lambda image, loss, steps, rate: image.clone(), "dictionary", "asked for is a tuple: a tensor"),
    ("invert", lambda start, loss, steps, rate, momentum: start.clone(), "dictionary", "asked for is"),
    ("descend_pixels", lambda image, color, steps, rate: image.tolist(), "dictionary", "asked for is a tensor"),
    (
        "bn_statistics",
        lambda features: (reference("bn_statistics")(features)[0] + 1, reference("bn_statistics")(features)[1]),
        "Number 0",
        "The first of the two results",
    ),
    ("to_display", lambda image: reference("to_display")(image) / 2, "numbers wrong", "The picture: it is 0.5 times"),
    (
        "make_closure",
        lambda image, optimizer, loss: (
            lambda: (image.data.add_(1), reference("make_closure")(image, optimizer, loss)())[1]
        ),
        "not as it should be",
        "Expected",
    ),
]


@pytest.mark.parametrize(
    ("name", "answer", "untrue", "true"), TOLD_ONCE, ids=lambda value: getattr(value, "__name__", None)
)
def test_what_is_told_is_true(name, answer, untrue, true):
    said = " ".join(str(examine(name, answer)).split())
    assert "not yet" in said
    assert untrue not in said
    assert true in said, said


def test_what_is_kept_from_one_call_to_the_next_is_told():
    calls = []

    def gram_matrix(features):
        calls.append(1)
        return reference("gram_matrix")(features) * len(calls)

    assert examine("gram_matrix", gram_matrix).mistake == "not_repeatable"


@pytest.mark.parametrize("draw", [lambda: random.random(), lambda: np.random.rand(), lambda: torch.rand(()).item()])  # noqa: NPY002
def test_what_is_drawn_at_random_is_told(draw):
    result = examine("gram_matrix", lambda features: gram_matrix(features) + draw())
    assert result.mistake == "not_repeatable"
    assert "drawn at random" in result.message


def test_what_is_drawn_at_random_is_told_whatever_the_numbers_began_with():
    random.seed(20_231)  # as the check itself begins its second try
    result = examine("gram_matrix", lambda features: gram_matrix(features) + random.random())
    assert result.mistake == "not_repeatable"


def test_a_changed_input_is_told_before_the_numbers_that_it_spoils():
    def sobel_edges(image):
        image += 0.1
        return image

    result = examine("sobel_edges", sobel_edges)
    assert result.mistake == "changes_its_input"
    assert "`image`" in result.message
    assert "`.clone()`" in result.message


def test_a_changed_input_is_told_though_another_case_is_wrong_before_it():
    def sobel_edges(image):
        if len(image) == 2:
            image *= 0.5
        return image + 1

    result = examine("sobel_edges", sobel_edges)
    assert result.mistake == "changes_its_input"
    assert "(2, 3, 6, 5)" in result.details[0]


def test_a_list_of_numbers_has_the_gradient_of_a_tensor_of_them():
    def bn(features):
        mean, deviation = reference("bn_statistics")(features)
        return [[row.unbind() for row in mean], [row.unbind() for row in deviation]]

    result = examine("bn_statistics", bn)
    assert result.passed, str(result)


FORMS = [  # one right answer to each exercise; the others where all is tried
    pytest.param(name, answer, id=f"{name}-{answer.__name__}", marks=[pytest.mark.exhaustive] * (k > 0))
    for name, answers in RIGHT_ANSWERS.items()
    for k, answer in enumerate(answers)
    if exercises[name].observe is call
]


@pytest.mark.parametrize(("name", "answer"), FORMS)
def test_the_next_cells_get_the_form_that_is_asked_for(name, answer):
    exercise, result = exercises[name], examine(name, answer)
    go_on = result.go_on or answer
    for case in exercise.cases:
        for dtype in (torch.float32, torch.float64):
            wanted, got = (form_of(f(*case.make(dtype))) for f in (exercise.reference, go_on))
            assert fits(got, wanted), (dtype, wanted, got)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: found.numpy(), "a tensor"),
        (lambda found: found.tolist(), "a tensor"),
        (lambda found: found.double(), "a tensor of its input's dtype"),
        (lambda found: list(found), "a tensor"),
    ],
)
def test_a_harmless_other_form_is_right_and_handed_on_as_a_tensor(change, words, capsys):
    def sobel_edges(image):
        return change(reference("sobel_edges")(image))

    go_on = check(sobel_edges)
    assert words in " ".join(capsys.readouterr().out.split())
    image = torch.rand(2, 3, 5, 6)
    for given in (image, image.double()):
        torch.testing.assert_close(go_on(given), reference("sobel_edges")(given))
    assert go_on.__name__ == "sobel_edges"
    assert examine("sobel_edges", go_on).go_on is None


def test_a_list_of_shapes_is_handed_on_as_tuples():
    def feature_shapes(layers, height, width):
        return {layer: list(shape) for layer, shape in reference("feature_shapes")(layers, height, width).items()}

    assert check(feature_shapes)(["conv1_1", "pool3"], 64, 40) == {"conv1_1": (64, 64, 40), "pool3": (256, 8, 5)}


def test_an_answer_that_computes_in_float32_only_is_right_and_the_next_cells_may_use_float64(capsys):
    def shuffle_positions(features, order):
        moves = torch.eye(len(order))[:, order]  # float32
        return (features.flatten(2) @ moves).view(features.shape)

    go_on = check(shuffle_positions)
    assert "fails in float64" in " ".join(capsys.readouterr().out.split())
    features = torch.rand(1, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    found = go_on(features, torch.randperm(20))
    assert found.dtype == torch.float64
    found.sum().backward()
    assert features.grad is not None


def test_a_right_answer_in_the_form_that_is_asked_for_is_handed_back_itself():
    def shuffle_positions(features, order):
        return features.flatten(2)[..., order].view_as(features)

    assert check(shuffle_positions) is shuffle_positions


class Kink(torch.autograd.Function):
    """What comes is handed on, and the gradient is NaN where all of it is equal."""

    @staticmethod
    def forward(ctx, value):
        ctx.flat = bool((value == value.flatten()[:1]).all())
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * float("nan") if ctx.flat else gradient


SMOOTH = [name for name, exercise in exercises.items() if exercise.differentiable and exercise.finite_slope]


@pytest.mark.parametrize("name", [name for name in SMOOTH if flat_cases(exercises[name])])
def test_a_gradient_of_nan_where_all_is_equal_is_rejected(name):
    first = exercises[name].differentiable[0]

    def spoiled(*arguments):
        given = list(arguments)
        several = given[first] if isinstance(given[first], (list, dict)) else None
        if several is None:
            given[first] = Kink.apply(given[first])
        elif isinstance(several, dict):
            given[first] = {key: Kink.apply(value) for key, value in several.items()}
        else:
            given[first] = [Kink.apply(value) for value in several]
        return reference(name)(*given)

    assert not examine(name, spoiled).passed
