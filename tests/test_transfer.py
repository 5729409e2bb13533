import dataclasses

import pytest
import torch

from nstlib import transfer
from nstlib.errors import ChoiceError, DivergenceError, LayerError, ShapeError
from nstlib.features import load_network
from nstlib.losses import content_loss, style_loss
from nstlib.transfer import INITS, OPTIMIZERS, STYLE_LAYERS, init_image, stylize


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


def test_the_range_penalty_saves_what_the_final_clamp_would_destroy(network, rng, monkeypatch):
    """The style is black and white, so that without a penalty the pixels go beyond both."""
    content = torch.rand(1, 3, 24, 32, generator=rng)
    style = (torch.rand(1, 1, 24, 32, generator=rng) > 0.5).float().expand(1, 3, -1, -1)

    def lost_by_clamping():
        *_, before, end = stylize(content, style, network, steps=30, style_weight=100.0, tv_weight=0)
        return end.total / before.total

    with_penalty = lost_by_clamping()
    monkeypatch.setattr(transfer, "RANGE_PENALTY", 0.0)
    without = lost_by_clamping()
    assert with_penalty < 1.1
    assert without > 1.5


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


@pytest.mark.parametrize("layers", [[], {"relu1_1": 0.0}, {"relu1_1": -1.0, "relu2_1": 2.0}])
def test_layers_without_weight_are_refused(network, pair, layers):
    with pytest.raises(ChoiceError, match="style_layers needs at least one layer"):
        stylize(*pair, network, style_layers=layers)


@pytest.mark.parametrize("which", [0, 1])
def test_an_image_with_nan_is_refused_by_name_with_the_number_of_bad_values(network, pair, which):
    pair[which][0, 1, 2, :3] = torch.nan
    with pytest.raises(ShapeError, match=f"{('content', 'style')[which]} holds 3 values that are NaN"):
        stylize(*pair, network)


def test_an_image_of_another_shape_is_refused(network, pair):
    with pytest.raises(ShapeError, match=r"content must be one RGB image .* got \(3, 20, 28\)"):
        stylize(pair[0][0], pair[1], network)


def test_an_image_too_small_for_the_layers_is_refused(network, pair):
    with pytest.raises(ShapeError, match="relu4_2 needs an image of at least 8 x 8 pixels"):
        stylize(torch.rand(1, 3, 3, 60), pair[1], network)


def test_a_diverging_run_stops_says_why_and_keeps_the_last_good_step(network, pair):
    run = stylize(*pair, network, optimizer="lbfgs", learning_rate=1e30, steps=30, tv_weight=0)
    seen = []
    with pytest.raises(DivergenceError, match="loss became .* at step .*learning rate that is too large") as caught:
        seen.extend(run)
    assert caught.value.last is seen[-1]
    assert torch.isfinite(caught.value.last.image).all()
