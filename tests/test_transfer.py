import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from nstlib import optimizers
from nstlib.dual import METHODS, stylize_dual
from nstlib.engine.run import PATIENCE
from nstlib.engine.schedule import NOISE_BLUR, NOISY, prolong, schedule
from nstlib.errors import ChoiceError, DivergenceError, LayerError, ResumeError, ShapeError
from nstlib.features import load_network, random_network
from nstlib.images import resize_to
from nstlib.losses import content_loss, style_loss
from nstlib.objective import Objective, Style
from nstlib.optimizers import FIRST_MOVE, OPTIMIZERS
from nstlib.terms import CLASSIC, Term
from nstlib.transfer import CONTENT_LAYERS, INITS, STYLE_LAYERS, gatys, init_image, stylize


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def pair(rng):
    """A content of 20 x 28 and a style of 24 x 17 pixels: sizes that fit neither each other nor the poolings."""
    return torch.rand(1, 3, 20, 28, generator=rng), torch.rand(1, 3, 24, 17, generator=rng)


def last(*args, **kwargs):
    *_, step = stylize(*args, **kwargs)
    return step


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("init", INITS)
def test_every_optimizer_lowers_the_loss_from_every_start(network, pair, optimizer, init):
    first, *_, end = stylize(*pair, network, optimizer=optimizer, init=init, steps=12, content_weight=0.1)
    assert end.total < 0.9 * first.total


def test_a_run_yields_the_start_and_one_step_for_each_update(network, pair):
    steps = list(stylize(*pair, network, steps=3))
    assert [step.index for step in steps] == [0, 1, 2, 3]
    torch.testing.assert_close(steps[0].image, pair[0])


def test_steps_cannot_be_changed_and_share_no_memory(network, pair):
    one, two, *_ = stylize(*pair, network, steps=2, optimizer="adam")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.index = 5
    assert one.image.data_ptr() != two.image.data_ptr()
    assert not one.image.requires_grad


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_image_lies_between_0_and_1_and_has_the_contents_shape(network, pair, optimizer):
    for step in stylize(*pair, network, steps=6, optimizer=optimizer, learning_rate=0.5):
        assert step.image.shape == pair[0].shape
        assert step.image.min() >= 0
        assert step.image.max() <= 1


def test_the_last_losses_are_those_of_the_last_image(network, pair):
    content, style = pair
    step = last(content, style, network, steps=4, content_weight=2.0, style_weight=3.0, tv_weight=0.0)
    found, wanted = (network(image, ["relu4_2", *STYLE_LAYERS]) for image in (step.image, content))
    textures = network(style, STYLE_LAYERS)
    expected_content = content_loss(found["relu4_2"], wanted["relu4_2"], convention="relative")
    expected_style = sum(style_loss(found[k], textures[k], convention="relative") for k in STYLE_LAYERS) / 5
    assert step.content == pytest.approx(expected_content.item(), rel=1e-4)
    assert step.style == pytest.approx(expected_style.item(), rel=1e-4)
    assert step.total == pytest.approx(2 * step.content + 3 * step.style, rel=1e-5)


def test_the_same_call_gives_the_same_pixels_bit_for_bit(network, pair):
    one, two = (last(*pair, network, steps=5, init="noise") for _ in range(2))
    assert torch.equal(one.image, two.image)


def test_another_seed_gives_another_start(pair):
    one, two = (init_image(pair[0], "noise", generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    assert not torch.equal(one, two)


def test_a_run_does_not_touch_the_global_random_state(network, pair):
    before = torch.get_rng_state()
    last(*pair, network, steps=2, init="noise")
    assert torch.equal(torch.get_rng_state(), before)


def test_the_mixed_start_lies_halfway_between_content_and_noise(pair):
    content, noise, mixed = (init_image(pair[0], how) for how in INITS)
    torch.testing.assert_close(mixed, (content + noise) / 2)


def test_content_and_style_are_not_changed(network, pair):
    before = [image.clone() for image in pair]
    last(*pair, network, steps=3, learning_rate=0.5, optimizer="adam")
    assert all(torch.equal(image, copy) for image, copy in zip(pair, before, strict=True))


def test_only_the_ratio_of_layer_weights_counts(network, pair):
    one = last(*pair, network, steps=3, style_layers={"relu1_1": 1, "relu2_1": 3}, optimizer="adam")
    two = last(*pair, network, steps=3, style_layers={"relu1_1": 10, "relu2_1": 30}, optimizer="adam")
    torch.testing.assert_close(one.image, two.image)


def test_both_spellings_of_a_layer_are_the_same_layer(network, pair):
    ours = last(*pair, network, steps=2, content_layers="relu4_2", style_layers=["relu1_1"])
    keras = last(*pair, network, steps=2, content_layers="block4_conv2", style_layers=["block1_conv1"])
    assert torch.equal(ours.image, keras.image)


def test_a_style_weight_of_zero_leaves_the_content_where_it_is(network, pair):
    step = last(*pair, network, steps=3, style_weight=0, tv_weight=0, optimizer="adam")
    torch.testing.assert_close(step.image, pair[0], atol=1e-5, rtol=0)


def test_a_content_weight_of_zero_computes_no_content(network, pair):
    step = last(*pair, network, steps=1, content_weight=0, content_layers="relu5_3", style_layers="relu1_1")
    assert step.content == 0


def test_weights_mean_the_same_at_every_size(network, pair):
    """A texture repeated in a larger picture has the same relative style loss, up to its border."""
    content, style = pair[0], 0.3 * pair[1]
    small = next(iter(stylize(content, style, network, style_layers="relu1_1", steps=1)))
    large = next(
        iter(stylize(content.repeat(1, 1, 4, 4), style.repeat(1, 1, 4, 4), network, style_layers="relu1_1", steps=1))
    )
    assert large.style == pytest.approx(small.style, rel=0.1)


def test_the_range_penalty_keeps_what_the_optimizer_learns_of_use(network, rng, monkeypatch):
    """The style is black and white, so that without a penalty the pixels wander far beyond both."""
    content = torch.rand(1, 3, 24, 32, generator=rng)
    style = (torch.rand(1, 1, 24, 32, generator=rng) > 0.5).float().expand(1, 3, -1, -1)

    def reached():
        return last(content, style, network, steps=40, style_weight=100.0, tv_weight=0).total

    with_penalty = reached()
    monkeypatch.setattr(optimizers, "RANGE_PENALTY", 0.0)
    assert with_penalty < 0.6 * reached()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_step_reports_the_losses_of_its_own_image(network, pair, optimizer):
    content, style = pair
    objective = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 1.0))
    for step in stylize(*pair, network, optimizer=optimizer, steps=5):
        assert step.total == pytest.approx(objective(step.image)[0].item(), rel=1e-4)


@pytest.mark.parametrize("rate", [0.01, 0.5])
def test_adam_ends_with_the_average_of_its_images_or_with_the_last_whichever_is_better(network, pair, rate):
    run = stylize(*pair, network, optimizer="adam", learning_rate=rate, steps=30)
    *_, end = run
    objective = Objective(pair[0], [Style(pair[1])], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 1.0))
    candidates = [objective(image)[0].item() for image in (run._descent.image(), run._descent.average())]
    assert end.total == pytest.approx(min(candidates), rel=1e-4)


# The paper


def test_the_paper_s_loop_and_stylize_lower_the_same_loss(network, pair):
    objective = Objective(pair[0], [Style(pair[1])], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 0.0))
    ends = [gatys(*pair, network, steps=30), last(*pair, network, tv_weight=0.0, steps=30).image]
    start, paper, ours = (objective(image)[0].item() for image in (pair[0], *ends))
    assert paper < 0.7 * start
    assert ours < 0.7 * start
    assert ours < 1.1 * paper


def test_from_one_image_the_paper_s_loop_and_stylize_see_the_same_gradient(network, pair):
    """One step of plain gradient descent says what each believes the slope to be."""
    content, style = (picture.double() for picture in pair)
    moved = {}
    torch_lbfgs = torch.optim.LBFGS
    try:
        torch.optim.LBFGS = lambda pixels, **_: torch.optim.SGD(pixels, lr=1.0)
        moved["gatys"] = gatys(content, style, network, steps=1)
    finally:
        torch.optim.LBFGS = torch_lbfgs
    options = {"optimizer": "gd", "learning_rate": 1.0, "tv_weight": 0.0, "steps": 1}
    moved["stylize"] = last(content, style, network, **options).image
    assert (moved["gatys"] - content).abs().max() > 1e-4
    torch.testing.assert_close(moved["gatys"], moved["stylize"])


# From coarse to fine, early stop, warm starts


@pytest.mark.parametrize(
    ("size", "init", "expected"),
    [
        ((192, 256), "content", 1),
        ((192, 256), "noise", 3),  # 64, 128, 256
        ((192, 250), "mixed", 2),  # 62.5 would be below 64
        ((600, 800), "content", 1),
        ((768, 1024), "content", 2),  # 512, 1024
        ((40, 256), "noise", 1),  # 20 px would show nothing
    ],
)
def test_runs_go_from_coarse_to_fine_where_it_helps(size, init, expected):
    levels = schedule(*size, 90, init=init)
    assert len(levels) == expected
    assert levels[-1].size == size
    assert sum(level.steps for level in levels) == 90


@pytest.mark.parametrize("steps", [3, 4, 7, 100])
@pytest.mark.parametrize("options", [{}, {"init": "noise"}, {"init": "noise", "detail": True}])
def test_every_level_gets_a_step_and_together_they_get_all(steps, options):
    counts = [level.steps for level in schedule(256, 256, steps, 3, **options)]
    assert min(counts) >= 1
    assert sum(counts) == steps


def test_with_the_content_s_detail_coarse_levels_from_noise_get_fewer_steps():
    assert [level.steps for level in schedule(256, 256, 100, 3, init="noise", detail=True)] == [1, 9, 90]
    assert [level.steps for level in schedule(256, 256, 100, 3, init="noise")] == [20, 20, 60]


def test_levels_that_cannot_be_are_refused():
    with pytest.raises(ChoiceError, match="5 levels would begin at 16 x 16 px.* Use at most 4"):
        schedule(256, 256, 100, 5)
    with pytest.raises(ChoiceError, match="levels would begin at 0 x 0 px.* Use at most 4"):
        schedule(256, 256, 100, 10**26)  # at once
    with pytest.raises(ChoiceError, match="3 levels need at least 3 steps, got 2"):
        schedule(256, 256, 2, 3)


def test_a_coarse_step_shows_an_image_of_the_final_size_and_says_at_which_size_it_worked(network, rng):
    content, style = torch.rand(1, 3, 64, 96, generator=rng), torch.rand(1, 3, 80, 80, generator=rng)
    steps = list(stylize(content, style, network, levels=2, steps=6))
    assert {step.image.shape for step in steps} == {content.shape}
    assert [step.scale for step in steps] == [0.5] * 2 + [1.0] * 5
    assert [step.index for step in steps] == list(range(7))


@pytest.mark.parametrize("size", [(16, 21), (30, 40), (31, 17)])
def test_what_was_not_changed_at_a_coarse_size_is_prolonged_to_the_fine_image(rng, size):
    fine = torch.rand(1, 3, 60, 79, generator=rng)
    torch.testing.assert_close(prolong(resize_to(fine, size), fine), fine)


def test_what_was_changed_at_a_coarse_size_is_added_to_the_fine_image(rng):
    fine = 0.3 + 0.4 * torch.rand(1, 3, 60, 80, generator=rng)
    darker = resize_to(fine, (30, 40)) - 0.1
    for blur in (0.0, 4.0):  # a change of the whole picture is a coarse wave
        torch.testing.assert_close(prolong(darker, fine, blur), fine - 0.1, atol=1e-5, rtol=0)


def test_fine_waves_of_the_change_are_left_behind_where_a_blur_is_asked_for(rng):
    fine = 0.3 + 0.4 * torch.rand(1, 3, 64, 96, generator=rng)
    small = resize_to(fine, (32, 48))
    stripes = 0.1 * torch.tensor([1.0, -1.0]).repeat(24)  # a wave of two pixels
    assert (prolong(small + stripes, fine) - fine).abs().mean() > 0.03
    assert (prolong(small + stripes, fine, 4.0) - fine)[..., 24:-24].abs().max() < 1e-3


def start_of_the_fine_level(content, style, network, **options):
    """Return the first image at full size of a run that hardly moves."""
    run = stylize(content, style, network, levels=2, steps=4, optimizer="gd", learning_rate=1e-9, **options)
    return next(step.image for step in run if step.scale == 1)


def test_a_fine_level_begins_with_the_detail_of_the_content_or_of_the_given_start(network, rng):
    content, style, start = (torch.rand(1, 3, 64, 70, generator=rng) for _ in range(3))
    close = {"atol": 1e-4, "rtol": 0}
    torch.testing.assert_close(start_of_the_fine_level(content, style, network), content, **close)
    torch.testing.assert_close(start_of_the_fine_level(content, style, network, init=start), start, **close)
    noise = resize_to(init_image(content, "noise"), (32, 35))
    for init in NOISY:
        begun = resize_to(init_image(content, init), (32, 35))
        found = start_of_the_fine_level(content, style, network, init=init)
        torch.testing.assert_close(found, prolong(begun, content, NOISE_BLUR), **close)
    blurred = start_of_the_fine_level(content, style, network, init="noise", detail=False)
    torch.testing.assert_close(blurred, resize_to(noise, (64, 70)), **close)


@pytest.mark.parametrize("init", INITS)
def test_only_from_noise_is_the_change_blurred(network, rng, init):
    content, style, coarse = (torch.rand(1, 3, *size, generator=rng) for size in ((64, 70), (64, 70), (32, 35)))
    run = stylize(content, style, network, levels=2, steps=4, init=init)
    found = run._with_detail(coarse, 1)
    assert torch.equal(found, prolong(coarse, content, 0.0 if init == "content" else NOISE_BLUR))


def test_a_level_ends_with_adams_average_where_that_is_better(network, rng):
    content, style = (torch.rand(1, 3, 64, 70, generator=rng) for _ in range(2))
    run = stylize(content, style, network, levels=2, steps=20, init=content, optimizer="adam", learning_rate=0.5)
    for _ in range(run.levels[0].steps):
        next(run)
    image, average = run._descent.image(), run._descent.average()
    assert run._objective(average)[0] < run._objective(image)[0]
    torch.testing.assert_close(next(run).image, prolong(average, content))


@pytest.mark.parametrize("detail", [True, False])
def test_every_level_begins_with_a_step_that_can_be_seen(network, rng, detail):
    content, style = (torch.rand(1, 3, 64, 70, generator=rng) for _ in range(2))
    run = stylize(content, style, network, levels=2, steps=8, init="noise", detail=detail, tolerance=0)
    first, second = [step.image for step in run if step.scale == 1][:2]
    assert (second - first).abs().mean() > FIRST_MOVE / 10


def test_a_run_from_noise_that_does_not_ask_for_the_content_takes_nothing_of_it(network, rng):
    one, other, style = (torch.rand(1, 3, 64, 70, generator=rng) for _ in range(3))
    options = {"init": "noise", "levels": 2, "steps": 4, "content_weight": 0.0}
    ends = [last(content, style, network, **options).image for content in (one, other)]
    assert torch.equal(*ends)


def test_a_run_that_no_longer_improves_ends_early(network, pair):
    run = stylize(*pair, network, optimizer="gd", learning_rate=1e-9, steps=200, tolerance=1e-3)
    assert len(list(run)) == 2 * PATIENCE - PATIENCE + 2
    assert len(list(stylize(*pair, network, optimizer="gd", learning_rate=1e-9, steps=60, tolerance=0))) == 61


def test_a_run_can_start_from_any_image(network, pair, rng):
    start = torch.rand(1, 3, 10, 14, generator=rng)
    first = next(stylize(*pair, network, init=start))
    assert first.image.shape == pair[0].shape
    torch.testing.assert_close(first.image, init_image(pair[0], start))
    again = next(stylize(*pair, network, init=first.image))
    assert torch.equal(again.image, first.image)


# Saved and continued


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("stop", [0, 1, 5, 8, 11])
def test_a_saved_run_goes_on_to_the_same_pixels_bit_for_bit(network, rng, tmp_path, optimizer, stop):
    content, style = torch.rand(1, 3, 64, 70, generator=rng), torch.rand(1, 3, 50, 60, generator=rng)

    def run():
        return stylize(content, style, network, optimizer=optimizer, steps=12, levels=2, init="noise")

    straight = list(run())
    first = run()
    for _ in range(stop):
        next(first)
    torch.save(first.state_dict(), tmp_path / "run.pt")
    second = run()
    second.load_state_dict(torch.load(tmp_path / "run.pt", weights_only=True))
    assert second.index == stop
    rest = list(second)
    assert [step.index for step in rest] == list(range(stop, 13))
    assert all(torch.equal(a.image, b.image) for a, b in zip(rest, straight[stop:], strict=True))
    assert [step.total for step in rest] == [step.total for step in straight[stop:]]


def test_continuing_does_not_change_what_was_saved(network, pair):
    first = stylize(*pair, network, steps=6)
    next(first)
    state = first.state_dict()
    second = stylize(*pair, network, steps=6)
    second.load_state_dict(state)
    before = state["descent"]["pixels"].clone()
    list(second)
    assert torch.equal(state["descent"]["pixels"], before)


def test_a_run_that_was_another_one_is_refused_with_what_differs(network, pair, rng):
    state = stylize(*pair, network, steps=6).state_dict()
    for change, message in (
        ({"style_weight": 5.0}, "style_weight was 10.0, now 5.0"),
        ({"steps": 7}, r"levels was \[\[20, 28, 6\]\], now \[\[20, 28, 7\]\]"),
        ({"optimizer": "adam"}, "optimizer was 'lbfgs', now 'adam'"),
    ):
        with pytest.raises(ResumeError, match=f"The saved run was another one: {message}. Repeat its settings"):
            stylize(*pair, network, **{"steps": 6, **change}).load_state_dict(state)
    with pytest.raises(ResumeError, match="style 1 was"):
        stylize(pair[0], torch.rand(1, 3, 24, 17, generator=rng), network, steps=6).load_state_dict(state)


def test_a_run_that_has_begun_takes_no_state(network, pair):
    run = stylize(*pair, network, steps=6)
    next(run)
    with pytest.raises(ResumeError, match="has begun already"):
        run.load_state_dict(run.state_dict())


def test_a_run_torn_in_the_middle_of_an_update_has_no_state_to_go_on_from(network, pair, monkeypatch):
    run = stylize(*pair, network, steps=6)
    next(run)
    monkeypatch.setattr(Objective, "__call__", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    with pytest.raises(ResumeError, match="interrupted while the pixels moved"):
        run.state_dict()


# Several styles, masks


def test_styles_and_masks_are_checked_by_name(network, pair):
    content, style = pair
    mask = torch.ones(1, 1, 20, 28)
    for styles, error, message in (
        ([], ChoiceError, "style is an image, a Style, or several"),
        ([style], ChoiceError, "style is an image, a Style, or several"),
        ([Style(style, 0.0)], ChoiceError, "The weight of style must be a finite number, above 0, got 0.0"),
        ([Style(style), Style(style[0])], ShapeError, "style 2 must be one RGB image"),
        (Style(style, 1, mask[0]), ShapeError, "The mask of style needs the content's height and width"),
        (Style(style, 1, 2 * mask), ShapeError, r"must lie in \[0, 1\]"),
        (Style(style, 1, 0 * mask), ShapeError, "must lie in .* and not be empty"),
    ):
        with pytest.raises(error, match=message):
            stylize(content, styles, network)


def test_pictures_that_want_a_gradient_are_left_alone(network, pair):
    content, style = (picture.clone().requires_grad_(True) for picture in pair)
    found = last(content, style, network, steps=2)
    assert torch.equal(found.image, last(*pair, network, steps=2).image)
    assert not found.image.requires_grad
    assert content.grad is style.grad is None


def test_a_run_keeps_freed_memory_where_it_may_and_can_afford_it(network, pair, monkeypatch):
    kept = []
    monkeypatch.setattr("nstlib.engine.run.keep_freed_memory", lambda: kept.append(True))
    next(stylize(*pair, network, steps=1))
    assert kept == []  # nobody allowed it
    monkeypatch.setattr("nstlib.engine.memory.may_keep_freed_memory", lambda: True)
    next(stylize(*pair, network, steps=1))
    assert kept == [True]
    monkeypatch.setattr("nstlib.engine.memory.GAPS", 1e3)
    large = resize_to(pair[0], (64, 64))
    next(stylize(large, large, network, steps=2, levels=2, memory=0.95))
    assert kept == [True]  # it is decided for the finest size, before the run


@pytest.mark.parametrize(("levels", "style_size"), [(2, 256), (1, 128)])
def test_the_plan_counts_the_kernels_of_coarser_sizes_and_of_styles(pair, levels, style_size, monkeypatch):
    monkeypatch.setattr("nstlib.kernels.convolutions.onednn_works", lambda: True)

    def need(levels, style_size):
        content, style = (resize_to(each, (size, size)) for each, size in zip(pair, (256, style_size), strict=True))
        return stylize(content, style, vgg, levels=levels).plan.bytes

    vgg = random_network("vgg16")
    assert need(levels, style_size) > need(1, 256)  # at 128 px relu5_1 has few positions


def test_too_little_memory_is_refused_before_the_run(network):
    picture = torch.rand(1, 3, 64, 64)
    with pytest.raises(ChoiceError, match=r"needs about 0.\d GB, but may take only 0.1 GB. Allow more memory"):
        stylize(picture, picture, network, memory=0.1)


@pytest.mark.parametrize("steps", [0, -3, 2.5, True])
def test_steps_must_be_a_whole_number_of_at_least_1(network, pair, steps):
    with pytest.raises(ChoiceError, match="whole number of at least 1, got"):
        stylize(*pair, network, steps=steps)


def test_an_unknown_optimizer_is_answered_with_the_known_ones(network, pair):
    with pytest.raises(ChoiceError, match="optimizer 'sgd'. Choose one of: lbfgs, adam, gd"):
        stylize(*pair, network, optimizer="sgd")


def test_an_unknown_start_is_answered_with_the_known_ones(network, pair):
    with pytest.raises(ChoiceError, match="init 'zeros'. Choose one of: content, noise, mixed"):
        stylize(*pair, network, init="zeros")


def test_an_unknown_layer_is_refused_before_the_first_step(network, pair):
    with pytest.raises(LayerError, match="no layer 'relu9_9'"):
        stylize(*pair, network, style_layers=["relu1_1", "relu9_9"])


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_are_finite_and_not_negative(network, pair, weight):
    with pytest.raises(ChoiceError, match="style_weight must be a finite number, 0 or larger"):
        stylize(*pair, network, style_weight=weight)


@pytest.mark.parametrize("terms", [CLASSIC, (Term("style"),), (Term("content", 0.0), Term("pixels"))])
def test_something_must_be_left_to_lower(network, pair, terms):
    none = {"content_weight": 0.0, "style_weight": 0.0, "tv_weight": 0.0}
    with pytest.raises(ChoiceError, match="Every weight is 0, so there is nothing to lower"):
        stylize(*pair, network, terms=terms, **none)
    next(stylize(*pair, network, terms=terms, **none | {"tv_weight": 1.0}))


@pytest.mark.parametrize("layers", [[], {"relu1_1": 0.0}, {"relu1_1": -1.0, "relu2_1": 2.0}])
def test_layers_without_weight_are_refused(network, pair, layers):
    with pytest.raises(ChoiceError, match="style_layers needs at least one layer"):
        stylize(*pair, network, style_layers=layers)


@pytest.mark.parametrize("which", [0, 1])
def test_an_image_with_nan_is_refused_by_name_with_the_number_of_bad_values(network, pair, which):
    pair[which][0, 1, 2, :3] = torch.nan
    with pytest.raises(ShapeError, match=f"{('content', 'style')[which]} holds 3 values that are NaN"):
        stylize(*pair, network)


def test_what_finishes_an_image_changes_what_is_seen_and_not_where_the_run_goes(network, pair):
    plain = list(stylize(*pair, network, steps=4, levels=1))
    shown = list(stylize(*pair, network, steps=4, levels=1, finish=lambda image: 1 - image))
    for one, other in zip(plain, shown, strict=True):
        assert torch.equal(other.image, 1 - one.image)
        assert other.total == one.total


def test_an_image_of_another_shape_is_refused(network, pair):
    with pytest.raises(ShapeError, match=r"content must be one RGB image .* got \(3, 20, 28\)"):
        stylize(pair[0][0], pair[1], network)


def test_an_image_too_small_for_the_layers_is_refused(network, pair):
    with pytest.raises(ShapeError, match="relu5_1 needs an image of at least 16 x 16 pixels"):
        stylize(torch.rand(1, 3, 3, 60), pair[1], network)


def test_a_diverging_run_stops_says_why_and_keeps_the_last_good_step(network, pair, monkeypatch):
    seen, finite = [], Objective.__call__

    def overflowing(objective, image):
        losses = finite(objective, image)
        return losses if len(seen) < 4 else (losses[0] * float("inf"), *losses[1:])

    monkeypatch.setattr(Objective, "__call__", overflowing)
    run = stylize(*pair, network, steps=30)
    with pytest.raises(DivergenceError, match="loss became .* at step .*learning rate that is too large") as caught:
        seen.extend(run)
    assert caught.value.last is seen[-1]
    assert torch.isfinite(caught.value.last.image).all()


# What programs around it do, and pictures with nothing in them


def test_a_run_is_the_same_wherever_it_is_called(network, pair):
    expected = last(*pair, network, steps=3)
    with torch.no_grad():
        assert last(*pair, network, steps=3).total == expected.total
    with torch.inference_mode():
        made = [picture.clone() for picture in pair]
    assert last(*made, network, steps=3).total == expected.total
    torch.set_default_dtype(torch.float64)
    try:
        assert last(*pair, network, steps=3).total == expected.total
    finally:
        torch.set_default_dtype(torch.float32)
    with ThreadPoolExecutor(2) as threads:
        ends = list(threads.map(lambda _: last(*pair, network, steps=3), range(2)))
    assert [end.total for end in ends] == [expected.total] * 2


@pytest.mark.parametrize("laid_out", ["channels_last", "permuted", "part of a larger one"])
def test_how_a_picture_lies_in_memory_makes_no_difference(network, pair, laid_out):
    content, style = pair
    other = {
        "channels_last": content.contiguous(memory_format=torch.channels_last),
        "permuted": content.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1),
        "part of a larger one": torch.nn.functional.pad(content, (3, 2, 1, 4))[..., 1:-4, 3:-2],
    }[laid_out]
    assert torch.equal(other, content)
    torch.testing.assert_close(last(other, style, network, steps=3).image, last(*pair, network, steps=3).image)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("brightness", [0.0, 0.5, 1.0])
def test_pictures_with_nothing_in_them_leave_no_nan(network, pair, method, brightness):
    flat = torch.full((1, 3, 24, 24), brightness)
    for content, style in ((flat, pair[1]), (pair[0], flat), (flat, flat)):
        *_, end = stylize_dual(content, style, network, method=method, steps=3)
        assert torch.isfinite(end.image).all()
        assert end.image.min() >= 0
        assert end.image.max() <= 1
        assert math.isfinite(end.total)


def test_a_picture_in_its_own_style_stays_what_it_is(network, pair):
    end = last(pair[0], pair[0], network, steps=5, tv_weight=0.0)
    torch.testing.assert_close(end.image, pair[0], rtol=0, atol=1e-3)
