import dataclasses
import itertools

import pytest
import torch

from nstlib.errors import ChoiceError, DivergenceError, LayerError, ShapeError
from nstlib.features import load_network, random_network
from nstlib.inversion import MEAN, InversionLoss, alpha_norm, invert, noise_image, normalized_error, spread, tv_norm
from nstlib.losses import content_loss
from nstlib.optimizers import OPTIMIZERS
from nstlib.transfer import stylize


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def photo(rng):
    """Something smooth enough to be a photo: noise, enlarged."""
    small = torch.rand(1, 3, 5, 7, generator=rng)
    return torch.nn.functional.interpolate(small, size=(20, 28), mode="bicubic").clamp(0, 1)


def last(image, network, layer, **kwargs):
    target = network(image, layer)[layer]
    *_, step = invert(target, network, layer, size=tuple(image.shape[2:]), **kwargs)
    return step


def distance(a, b):
    return (a - b).square().mean().sqrt().item()


# tv_norm, alpha_norm ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 3.0])
def test_a_constant_image_has_no_variation_and_a_finite_gradient(beta):
    image = torch.full((2, 3, 4, 5), 0.3, requires_grad=True)
    value = tv_norm(image, beta)
    assert value.tolist() == [0, 0]
    value.sum().backward()
    assert image.grad.eq(0).all()


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
def test_tv_norm_is_what_two_loops_over_the_pixels_find(rng, beta):
    image = torch.rand(2, 3, 4, 5, generator=rng, dtype=torch.float64)
    expected = torch.zeros(2, dtype=torch.float64)
    for b, c, y, x in itertools.product(range(2), range(3), range(4), range(5)):
        right = image[b, c, y, x + 1] - image[b, c, y, x] if x < 4 else 0.0
        down = image[b, c, y + 1, x] - image[b, c, y, x] if y < 3 else 0.0
        expected[b] += (right**2 + down**2) ** (beta / 2)
    torch.testing.assert_close(tv_norm(image, beta, epsilon=1e-16), expected)


def test_a_sharp_edge_costs_as_much_as_a_ramp_at_beta_1_and_more_at_beta_2():
    ramp, edge = torch.linspace(0, 1, 5).expand(1, 1, 3, 5), torch.tensor([0, 0, 0, 1.0, 1]).expand(1, 1, 3, 5)
    assert tv_norm(edge, 1.0, 1e-12).item() == pytest.approx(tv_norm(ramp, 1.0, 1e-12).item(), rel=1e-4)
    assert tv_norm(edge, 2.0).item() == pytest.approx(4 * tv_norm(ramp, 2.0).item())


def test_epsilon_hardly_changes_what_is_not_flat(rng):
    image = torch.rand(1, 3, 8, 8, generator=rng)
    assert tv_norm(image, 1.0).item() == pytest.approx(tv_norm(image, 1.0, 1e-14).item(), rel=0.01)


def test_alpha_norm_grows_with_the_sixth_power_of_the_distance_from_the_mean(rng):
    mean = torch.tensor(MEAN)[:, None, None]
    away = torch.rand(2, 3, 4, 5, generator=rng)
    torch.testing.assert_close(alpha_norm(mean + 2 * away), 64 * alpha_norm(mean + away))
    assert alpha_norm(mean[None]) == 0


def test_alpha_norm_counts_both_sides_of_the_mean_alike_even_for_an_odd_power(rng):
    mean = torch.tensor(MEAN)[:, None, None]
    away = torch.rand(1, 3, 4, 5, generator=rng)
    torch.testing.assert_close(alpha_norm(mean - away, 3), alpha_norm(mean + away, 3))


@pytest.mark.parametrize("norm", [tv_norm, alpha_norm])
def test_a_norm_counts_each_image_of_a_batch_by_itself_and_twice_the_picture_twice(norm, photo):
    other = photo.flip(1) ** 2
    torch.testing.assert_close(norm(torch.cat([photo, other])), torch.cat([norm(photo), norm(other)]))
    mirrored = torch.cat([photo, photo.flip(3)], 3)  # what is mirrored meets itself: no new edge
    torch.testing.assert_close(norm(mirrored), 2 * norm(photo), rtol=0.1, atol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tv_norm(torch.zeros(3, 4, 4)), r"tv_norm needs floats of shape \(B, C, H, W\), got \(3, 4, 4\)"),
        (
            lambda: alpha_norm(torch.zeros(1, 4, 4, 4)),
            r"alpha_norm needs floats of shape \(B, 3, H, W\), got \(1, 4, 4, 4\)",
        ),
        (lambda: spread(torch.zeros(1, 3)), r"at least two members.*got \(1, 3\)"),
        (
            lambda: normalized_error(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 5)),
            r"one shape \(B, C, H, W\), got \(1, 3, 4, 4\) and \(1, 3, 4, 5\).*same layer",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda image: tv_norm(image, 0), "beta must be a finite number, above 0, got 0"),
        (lambda image: tv_norm(image, 1, epsilon=0), "epsilon must be a finite number, above 0, got 0"),
        (lambda image: alpha_norm(image, 0.5), "alpha must be a finite number, 1 or larger, got 0.5"),
    ],
)
def test_powers_that_have_no_gradient_are_refused(call, message):
    with pytest.raises(ChoiceError, match=message):
        call(torch.zeros(1, 3, 4, 4))


# normalized_error, spread -----------------------------------------------------------------------------------------------


def test_the_target_itself_has_an_error_of_0_and_zeros_of_1(rng):
    target = torch.randn(2, 3, 4, 5, generator=rng)
    assert normalized_error(target, target).tolist() == [0, 0]
    torch.testing.assert_close(normalized_error(torch.zeros_like(target), target), torch.ones(2))


def test_the_error_does_not_depend_on_the_unit_of_the_features(rng):
    a, b = torch.randn(2, 2, 3, 4, 5, generator=rng)
    torch.testing.assert_close(normalized_error(1000 * a, 1000 * b), normalized_error(a, b))


def test_the_error_of_one_image_is_the_relative_content_loss(rng):
    a, b = torch.randn(2, 1, 3, 4, 5, generator=rng)
    torch.testing.assert_close(normalized_error(a, b)[0], content_loss(a, b, convention="relative"))


def test_a_target_of_zeros_leaves_the_mean_square(rng):
    features = torch.randn(2, 3, 4, 5, generator=rng)
    expected = features.square().mean((1, 2, 3))
    torch.testing.assert_close(normalized_error(features, torch.zeros(1, 3, 4, 5)), expected)


def test_the_spread_is_the_mean_over_all_pairs(rng):
    batch = torch.randn(5, 3, 4, 6, generator=rng, dtype=torch.float64)
    pairs = [(a - b).square().sum() for a, b in itertools.combinations(batch, 2)]
    torch.testing.assert_close(spread(batch), torch.stack(pairs).mean())


def test_the_spread_does_not_move_with_the_batch(rng):
    batch = torch.randn(4, 7, generator=rng)
    torch.testing.assert_close(spread(batch + 100), spread(batch), rtol=1e-4, atol=0)


# invert -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_lowers_the_objective(network, photo, optimizer):
    target = network(photo, "relu2_1")["relu2_1"]
    first, *_, end = invert(target, network, "relu2_1", size=(20, 28), steps=15, optimizer=optimizer)
    assert end.total < 0.95 * first.total


def test_it_yields_the_start_and_one_frozen_step_for_each_update(network, photo):
    target = network(photo, "relu1_1")["relu1_1"]
    steps = list(invert(target, network, "relu1_1", size=(20, 28), steps=3))
    assert [step.index for step in steps] == [0, 1, 2, 3]
    torch.testing.assert_close(steps[0].image, noise_image(target, (20, 28)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        steps[0].index = 5
    assert all(step.image.min() >= 0 and step.image.max() <= 1 and not step.image.requires_grad for step in steps)


def test_the_numbers_of_a_step_belong_to_its_image(network, photo):
    target = network(photo, "relu2_2")["relu2_2"]
    for step in invert(target, network, "relu2_2", size=(20, 28), steps=3, tv_weight=0.2, alpha_weight=0.5):
        found = network(step.image, "relu2_2")["relu2_2"]
        assert step.error == pytest.approx(normalized_error(found, target).item(), rel=1e-3)
        assert step.total == pytest.approx(step.error + 0.2 * step.tv + 0.5 * step.alpha, rel=1e-5)


def test_a_shallow_layer_is_inverted_nearly_exactly(network, photo):
    step = last(photo, network, "relu1_1", tv_weight=0, steps=100)
    assert step.error < 1e-4
    assert distance(step.image, photo) < 0.02  # of a range of 1; measured: 0.002


def test_pixels_are_further_off_the_deeper_the_layer(network, photo):
    layers = ("relu1_1", "relu2_1", "relu4_1")  # random filters of relu3_1 keep as little as those of relu4_1
    errors = [distance(last(photo, network, layer, steps=40).image, photo) for layer in layers]
    assert errors == sorted(errors)
    assert errors[-1] > 3 * errors[0]


def test_the_same_seed_gives_the_same_image_and_another_seed_another(network, photo):
    def from_seed(seed):
        generator = torch.Generator().manual_seed(seed)
        return last(photo, network, "relu3_1", steps=5, generator=generator).image

    assert torch.equal(from_seed(1), from_seed(1))
    assert not torch.equal(from_seed(1), from_seed(2))


def test_an_inversion_does_not_touch_the_global_random_state(network, photo):
    before = torch.get_rng_state()
    last(photo, network, "relu1_1", steps=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_larger_weight_makes_the_image_smoother_and_the_error_larger(network, photo):
    weak, strong = (last(photo, network, "relu2_1", steps=40, tv_weight=weight) for weight in (0.01, 1.0))
    assert strong.tv < 0.5 * weak.tv
    assert strong.error > 2 * weak.error


def test_the_terms_of_a_picture_are_the_same_at_twice_the_size(network, photo):
    def first(image):
        target = network(image, "relu1_1")["relu1_1"]
        return next(invert(target, network, "relu1_1", size=tuple(image.shape[2:])))

    one, two = first(photo), first(photo.repeat(1, 1, 2, 2))
    assert two.tv == pytest.approx(one.tv, rel=0.05)  # both start from noise of one strength
    assert two.alpha == pytest.approx(one.alpha, rel=0.3)


def test_it_runs_in_the_precision_of_the_target(network, photo):
    step = last(photo.double(), load_network("tiny"), "relu1_1", steps=2)
    assert step.image.dtype == torch.float64


def test_both_spellings_of_a_layer_and_other_networks_will_do(photo):
    deep = random_network("vgg19")
    target = deep(photo, "relu3_4")["relu3_4"]
    steps = [next(invert(target, deep, name, size=(20, 28), steps=1)) for name in ("relu3_4", "block3_conv4")]
    assert steps[0].error == steps[1].error


def test_without_style_a_transfer_from_noise_is_an_inversion_and_without_content_it_ignores_the_content(
    network, photo, rng
):
    other = torch.rand(photo.shape, generator=rng)
    options = {"steps": 30, "init": "noise", "levels": 1, "tv_weight": 0.0, "content_layers": "relu2_1"}
    *_, content_only = stylize(photo, other, network, style_weight=0, **options)
    found, wanted = (network(image, "relu2_1")["relu2_1"] for image in (content_only.image, photo))
    assert content_only.content == pytest.approx(normalized_error(found, wanted).item(), rel=1e-3)
    gram_only = [
        list(stylize(p, other, network, content_weight=0, **options))[-1].image for p in (photo, photo.flip(3))
    ]
    torch.testing.assert_close(gram_only[0], gram_only[1])


# refusals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.zeros(1, 5, 10, 14), r"relu2_1 of tiny has 16 channels.*\(1, 16, h, w\), got \(1, 5, 10, 14\)"),
        (torch.zeros(2, 16, 10, 14), r"\(1, 16, h, w\), got \(2, 16, 10, 14\)"),
        (torch.zeros(16, 10, 14), r"got \(16, 10, 14\)"),
        (torch.zeros(1, 16, 10, 14, dtype=torch.int64), r"must be floats.*torch.int64"),
        (torch.zeros(1, 16, 9, 14), r"an image of 20 x 28 pixels has 10 x 14 positions; the target has 9 x 14.*size"),
        (torch.full((1, 16, 10, 14), torch.nan), "The target holds 2240 values that are NaN or infinite"),
    ],
)
def test_a_target_that_cannot_come_from_the_layer_is_refused(network, target, message):
    with pytest.raises(ShapeError, match=message):
        invert(target, network, "relu2_1", size=(20, 28))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"tv_weight": -1}, "tv_weight must be a finite number, 0 or larger, got -1"),
        ({"alpha_weight": float("nan")}, "alpha_weight must be a finite number, 0 or larger, got nan"),
        ({"tv_beta": 0}, "tv_beta must be a finite number, above 0, got 0"),
        ({"optimizer": "sgd"}, "no optimizer 'sgd'. Choose one of: lbfgs, adam, gd"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_computed(network, options, message):
    with pytest.raises(ChoiceError, match=message):
        invert(torch.zeros(1, 8, 20, 28), network, "relu1_1", size=(20, 28), **options)


@pytest.mark.parametrize("size", [20, (20,), (20.0, 28.0), (0, 28)])
def test_a_size_that_is_not_height_and_width_is_refused(network, size):
    with pytest.raises(ChoiceError, match=r"size must be height and width in pixels, like \(64, 96\), got"):
        invert(torch.zeros(1, 8, 20, 28), network, "relu1_1", size=size)


def test_an_unknown_layer_is_refused_with_the_names_there_are(network):
    with pytest.raises(LayerError, match="no layer 'relu9_9'. It has: conv1_1"):
        invert(torch.zeros(1, 8, 20, 28), network, "relu9_9", size=(20, 28))


def test_a_loss_that_leaves_the_numbers_stops_the_run_and_hands_out_the_last_good_step(network, photo, monkeypatch):
    target, seen, finite = network(photo, "relu1_1")["relu1_1"], [], InversionLoss.__call__

    def overflowing(loss, image):
        losses = finite(loss, image)
        return losses if len(seen) < 4 else (losses[0] * float("nan"), *losses[1:])

    monkeypatch.setattr(InversionLoss, "__call__", overflowing)
    steps = invert(target, network, "relu1_1", size=(20, 28), steps=30)
    with pytest.raises(DivergenceError, match="loss became .* at step .*learning rate that is too large") as caught:
        seen.extend(steps)
    assert caught.value.last is seen[-1]
