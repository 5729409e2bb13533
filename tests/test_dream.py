"""Images that climb: objectives rise, the network stays as it is, and a dream keeps what the photo is at large."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nstlib import dream as dreams
from nstlib.dream import (
    channel,
    direction,
    dream,
    likeness,
    neuron,
    normalized_step,
    octave_sizes,
    visualize,
    whole_layer,
)
from nstlib.errors import ChoiceError, DivergenceError, LayerError, ShapeError
from nstlib.features import Features, load_network, random_network
from nstlib.images import load_image, picture, resize_to
from nstlib.parameterizations import BASES, COLORS, Parameterization
from nstlib.transformations import ROBUST

LAYER = "conv3_2"
OBJECTIVES = {
    "neuron": neuron(5),
    "channel": channel(5),
    "direction": direction(torch.linspace(-1, 1, 32)),
    "whole layer": whole_layer(),
}
objectives = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)


@pytest.fixture(scope="module")
def network() -> Features:
    return load_network("tiny")


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    return load_image(picture("china"), size=96)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def band(image: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Return the waves of an image with frequencies from ``low`` to below ``high`` cycles per pixel."""
    spectrum = torch.fft.fft2(image)
    f = torch.hypot(torch.fft.fftfreq(image.shape[2])[:, None], torch.fft.fftfreq(image.shape[3])[None])
    return spectrum * ((f >= low) & (f < high))


# Objectives


def test_objectives_are_what_their_loops_say(rng):
    features = torch.randn(1, 3, 4, 5, generator=rng)
    vector = torch.tensor([1.0, -2.0, 2.0])
    positions = [(y, x) for y in range(4) for x in range(5)]
    assert neuron(2)(features) == features[0, 2, 2, 2]
    assert neuron(1, (0, 4))(features) == features[0, 1, 0, 4]
    expected = sum(features[0, 1, y, x] for y, x in positions) / 20
    torch.testing.assert_close(channel(1)(features), expected)
    expected = sum(features[0, c, y, x] * vector[c] / 3 for c in range(3) for y, x in positions) / 20
    torch.testing.assert_close(direction(vector)(features), expected)
    torch.testing.assert_close(whole_layer()(features), sum(v**2 / 2 for v in features.flatten()) / 60)


def test_a_direction_along_one_channel_is_that_channel(rng):
    features = torch.randn(2, 3, 4, 5, generator=rng)
    torch.testing.assert_close(direction(torch.tensor([0.0, 7.0, 0.0]))(features), channel(1)(features))


def test_the_gradient_of_the_whole_layer_points_along_its_activations(rng):
    features = torch.randn(1, 3, 4, 5, generator=rng, requires_grad=True)
    (gradient,) = torch.autograd.grad(whole_layer()(features), features)
    torch.testing.assert_close(gradient * features.numel(), features.detach())


def test_the_gradient_of_a_guided_dream_is_the_best_matching_vector_of_the_guide(rng):
    guide = torch.randn(1, 6, 3, 4, generator=rng)
    features = torch.randn(1, 6, 2, 5, generator=rng, requires_grad=True)
    (gradient,) = torch.autograd.grad(likeness(guide)(features), features)
    vectors = [guide[0, :, y, x] for y in range(3) for x in range(4)]
    for y in range(2):
        for x in range(5):
            best = max(vectors, key=lambda vector: vector @ features[0, :, y, x].detach())
            torch.testing.assert_close(gradient[0, :, y, x] * 10, best)


@pytest.mark.parametrize(
    ("objective", "error", "message"),
    [
        (channel(9), ChoiceError, "There is no channel 9: the layer has 3, numbered 0 to 2."),
        (channel(-1), ChoiceError, "There is no channel -1"),
        (neuron(3), ChoiceError, "There is no channel 3"),
        (neuron(0, (4, 0)), ShapeError, "There is no row 4, column 0: the layer has 4 x 5 positions, counted from 0."),
        (neuron(0, (0, -1)), ShapeError, "There is no row 0, column -1"),
        (direction(torch.ones(4)), ShapeError, "direction has 4 numbers, but the layer has 3 channels."),
        (likeness(torch.ones(1, 4, 2, 2)), ShapeError, "The guide has 4 channels and the layer 3."),
    ],
)
def test_an_objective_that_does_not_fit_the_layer_says_why(rng, objective, error, message):
    with pytest.raises(error, match=message):
        objective(torch.rand(1, 3, 4, 5, generator=rng))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: direction(torch.ones(2, 3)), ShapeError, r"one number for each channel, shape \(C,\), got \(2, 3\)"),
        (lambda: direction(torch.zeros(3)), ChoiceError, "zero points nowhere"),
        (lambda: direction(torch.tensor([1.0, torch.nan])), ChoiceError, "finite numbers that are not all 0"),
        (lambda: likeness(torch.ones(2, 3, 4, 4)), ShapeError, r"one guide, shape \(1, C, h, w\), got \(2, 3, 4, 4\)"),
    ],
)
def test_an_objective_of_nothing_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# From nothing


@objectives
def test_what_an_objective_asks_for_grows(network, objective):
    steps = list(visualize(network, LAYER, objective, parameterization=Parameterization(32, 40), steps=30))
    assert [step.index for step in steps] == list(range(31))
    assert {step.image.shape for step in steps} == {(1, 3, 32, 40)}
    assert steps[-1].value > 2 * abs(steps[0].value)
    before, after = (objective(network(step.image, LAYER)[LAYER]) for step in (steps[0], steps[-1]))
    assert after > before


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("colors", COLORS)
def test_it_grows_however_the_image_is_written(network, basis, colors):
    kind = Parameterization(31, 33, basis, colors)
    steps = list(visualize(network, LAYER, channel(3), parameterization=kind, transformations=(), steps=20))
    assert steps[-1].value > steps[0].value
    assert 0 <= steps[-1].image.min() < steps[-1].image.max() <= 1


def test_without_transformations_a_value_is_that_of_its_image(network):
    for step in visualize(network, LAYER, channel(3), transformations=(), steps=3):
        features = network(step.image, LAYER)[LAYER]
        assert step.value == pytest.approx(features[:, 3].mean().item(), rel=1e-5)


def test_a_pattern_that_survived_being_moved_survives_it_better_than_one_that_did_not(network):
    kind = Parameterization(48, 48, "pixels", "rgb")
    kept = {}
    for name, changes in (("still", ()), ("moved", ROBUST)):
        *_, last = visualize(network, "conv4_2", channel(3), parameterization=kind, transformations=changes, steps=60)
        start = 0.5 * torch.ones_like(last.image)
        values = [channel(3)(network(image, "conv4_2")["conv4_2"]) for image in (last.image, shaken(last.image), start)]
        kept[name] = (values[1] - values[2]) / (values[0] - values[2])
    assert kept["moved"] > kept["still"]


def shaken(image: torch.Tensor) -> torch.Tensor:
    smaller = F.interpolate(image, scale_factor=0.9, mode="bilinear")
    return F.interpolate(smaller, image.shape[2:], mode="bilinear")


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(network):
    def last(seed):
        kind = Parameterization(32, 32)
        return list(visualize(network, LAYER, channel(3), parameterization=kind, steps=4, generator=seeded(seed)))[-1]

    assert torch.equal(last(1).image, last(1).image)
    assert not torch.equal(last(1).image, last(2).image)


def test_a_run_can_start_from_an_image_and_follows_its_precision(network, rng):
    image = 0.1 + 0.8 * torch.rand(1, 3, 32, 24, generator=rng, dtype=torch.float64)
    before = image.clone()
    steps = list(visualize(network, LAYER, channel(3), parameterization=Parameterization(32, 24), init=image, steps=2))
    torch.testing.assert_close(steps[0].image, image)
    assert steps[-1].image.dtype == torch.float64
    assert torch.equal(image, before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ChoiceError, "steps must be a whole number of at least 1, got 0"),
        ({"learning_rate": 0.0}, ChoiceError, "learning_rate must be a finite number above 0, got 0.0"),
        ({"init": torch.rand(1, 3, 8, 8)}, ShapeError, r"floats of shape \(1, 3, 128, 128\), got \(1, 3, 8, 8\)"),
        ({"init": torch.full((1, 3, 128, 128), torch.nan)}, ShapeError, "init holds 49152 values that are NaN"),
        ({"parameterization": Parameterization(2, 2)}, ShapeError, "needs an image of at least 4 x 4 pixels"),
        ({"layer": "conv9_9"}, LayerError, "no layer 'conv9_9'"),
        ({"objective": channel(32)}, ChoiceError, "There is no channel 32: the layer has 32"),
        ({"objective": lambda features: features}, ShapeError, "An objective returns one number"),
        ({"objective": lambda features: 3.0}, ShapeError, r"a tensor of shape \(\), got float. Take a mean."),
    ],
)
def test_a_visualization_that_cannot_be_is_refused_before_its_first_step(network, options, error, message):
    with pytest.raises(error, match=message):
        visualize(network, **{"layer": LAYER, "objective": channel(3), **options})


def test_a_run_that_leaves_the_numbers_stops_and_keeps_the_last_good_step(network):
    calls = iter([1.0, 1.0, 1.0, torch.nan])  # the first one is for the check at the door
    run = visualize(network, LAYER, lambda features: features.mean() * next(calls), steps=20)
    seen = []
    with pytest.raises(
        DivergenceError, match="objective became nan at step 2.*learning rate that is too large"
    ) as caught:
        seen.extend(run)
    assert len(seen) == 2
    assert caught.value.last is seen[-1]


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "vgg19-torchvision", "tiny"])
def test_every_architecture_can_be_looked_at_and_dream(name, rng):
    network = random_network(name)
    kind = Parameterization(17, 16)
    *_, last = visualize(network, "conv2_1", channel(3), parameterization=kind, transformations=(), steps=2)
    assert last.image.shape == (1, 3, 17, 16)
    *_, last = dream(torch.rand(1, 3, 33, 36, generator=rng), network, "block2_conv2", octaves=2, iterations=1)
    assert last.image.shape == (1, 3, 33, 36)


def test_the_network_is_left_as_it_was(photo):
    network = load_network("tiny")
    before = {name: network.weight(name).clone() for name in network.layers if name.startswith("conv")}
    attributes = set(vars(network))
    list(visualize(network, LAYER, channel(3), parameterization=Parameterization(32, 32), steps=3))
    list(dream(photo, network, "relu3_2", octaves=2, iterations=2))
    assert all(torch.equal(network.weight(name), weight) for name, weight in before.items())
    assert not any(network.weight(name).requires_grad for name in before)
    assert set(vars(network)) == attributes


# From a photo


def test_a_dream_goes_through_its_sizes_and_ends_at_the_photos(network, photo):
    steps = list(dream(photo, network, "relu3_2", octaves=3, iterations=4))
    sizes = octave_sizes(*photo.shape[2:], 3)
    assert [step.octave for step in steps] == [0] * 5 + [1] * 5 + [2] * 5
    assert [step.index for step in steps] == [*range(5), *range(4, 9), *range(8, 13)]
    assert [tuple(step.image.shape[2:]) for step in steps] == [size for size in sizes for _ in range(5)]
    assert torch.equal(steps[0].image, resize_to(photo, sizes[0]).clamp(0, 1))


@pytest.mark.parametrize("guided", [False, True])
def test_in_each_octave_the_layer_sees_more(network, photo, guided):
    guide = load_image(picture("cat"), size=64) if guided else None
    steps = list(dream(photo, network, "relu3_2", guide=guide, octaves=3, iterations=6, jitter=0))
    for octave in range(3):
        own = [step.value for step in steps if step.octave == octave]
        assert own[-1] > 1.2 * own[0]


def test_one_octave_without_jitter_is_a_plain_loop(network, photo):
    image = photo
    for _ in range(3):
        leaf = image.clone().requires_grad_(True)
        (0.5 * network(leaf, "relu3_2")["relu3_2"].square().sum()).backward()
        image = (image + 1.5 / 255 * leaf.grad / leaf.grad.abs().mean()).clamp(0, 1)
    *_, last = dream(photo, network, "relu3_2", octaves=1, iterations=3, jitter=0)
    torch.testing.assert_close(last.image, image, rtol=0, atol=1e-4)


def test_two_octaves_are_one_whose_details_are_added_to_the_photo_enlarged(network, photo):
    options = {"iterations": 3, "jitter": 0}
    *_, both = dream(photo, network, "relu3_2", octaves=2, octave_scale=2.0, **options)
    small = resize_to(photo, octave_sizes(*photo.shape[2:], 2, 2.0)[0])
    *_, first = dream(small, network, "relu3_2", octaves=1, **options)
    details = F.interpolate(first.image - small, photo.shape[2:], mode="bilinear")
    *_, second = dream((photo + details).clamp(0, 1), network, "relu3_2", octaves=1, **options)
    torch.testing.assert_close(both.image, second.image)


def test_a_dream_keeps_the_photos_low_frequencies_and_changes_the_high_ones(network, photo):
    *_, last = dream(photo, network, "relu3_2", octaves=3)
    changed = [
        ((band(last.image, *limits) - band(photo, *limits)).norm() / band(photo, *limits).norm()).item()
        for limits in ((0, 0.02), (0.1, 0.8))
    ]
    assert changed[0] < 0.1
    assert changed[1] > 0.5


def test_a_guide_decides_what_is_dreamt(network, photo):
    guides = [None, photo.flip(3), load_image(picture("cat"), size=64)]
    results = [list(dream(photo, network, "relu3_2", guide=g, octaves=1, iterations=2))[-1].image for g in guides]
    assert not any(torch.allclose(a, b, atol=1e-3) for k, a in enumerate(results) for b in results[:k])


def test_a_dream_repeats_itself_with_its_seed_only(network, photo):
    def last(seed):
        return list(dream(photo, network, "relu3_2", octaves=2, iterations=2, generator=seeded(seed)))[-1].image

    assert torch.equal(last(1), last(1))
    assert not torch.equal(last(1), last(2))


def test_dreaming_leaves_the_photo_alone_and_follows_its_precision(network, photo):
    double = photo.double()
    before = double.clone()
    *_, last = dream(double, network, "relu2_1", octaves=1, iterations=1)
    assert last.image.dtype == torch.float64
    assert torch.equal(double, before)


def test_a_step_moves_an_average_pixel_by_its_size_whatever_the_gradients(rng):
    image = torch.full((1, 3, 8, 9), 0.5)
    gradient = torch.randn(1, 3, 8, 9, generator=rng)
    for factor in (1e-12, 1.0, 1e6):
        moved = normalized_step(image, factor * gradient, 0.01)
        assert (moved - image).abs().mean() == pytest.approx(0.01, rel=1e-3)
        assert torch.equal((moved - image).sign(), gradient.sign())


def test_without_a_gradient_nothing_moves(rng):
    image = torch.rand(1, 3, 4, 5, generator=rng)
    assert torch.equal(normalized_step(image, torch.zeros_like(image), 0.1), image)


def test_sizes_shrink_by_the_scale_down_to_the_first_octave():
    assert octave_sizes(160, 120, 4) == [(58, 44), (82, 61), (114, 86), (160, 120)]
    assert octave_sizes(33, 20, 1) == [(33, 20)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"image": torch.rand(3, 64, 64)}, ShapeError, r"needs an image of shape \(B, 3, H, W\), got \(3, 64, 64\)"),
        ({"image": torch.rand(2, 3, 64, 64)}, ShapeError, r"dream takes one image, .* got \(2, 3, 64, 64\)"),
        ({"image": torch.full((1, 3, 64, 64), torch.inf)}, ShapeError, "image holds 12288 values that are NaN or inf"),
        ({"guide": torch.full((1, 3, 64, 64), torch.nan)}, ShapeError, "guide holds 12288 values"),
        ({"guide": torch.rand(2, 3, 64, 64)}, ShapeError, "activations of one guide"),
        ({"layer": "relu9_9"}, LayerError, "no layer 'relu9_9'"),
        ({"octaves": 0}, ChoiceError, "octaves must be a whole number of at least 1, got 0"),
        ({"octaves": 12}, ShapeError, "The smallest of 12 octaves would be 2 x 2 pixels. .* Or take fewer octaves."),
        ({"octaves": 99}, ShapeError, "The smallest of 99 octaves would be 0 x 0 pixels"),
        ({"octave_scale": 1.0}, ChoiceError, "octave_scale must be a finite number above 1, got 1.0"),
        ({"iterations": 2.5}, ChoiceError, "iterations must be a whole number of at least 1, got 2.5"),
        ({"jitter": -1}, ChoiceError, "jitter must be a whole number of at least 0, got -1"),
        ({"step": float("nan")}, ChoiceError, "step, in gray levels of 255, must be a finite number above 0, got nan"),
    ],
)
def test_a_dream_that_cannot_be_is_refused_before_its_first_step(network, options, error, message):
    with pytest.raises(error, match=message):
        dream(**{"image": torch.rand(1, 3, 64, 64), "network": network, "layer": "relu4_2", **options})


def test_the_defaults_are_those_of_the_original_notebook():
    assert (dreams.OCTAVES, dreams.OCTAVE_SCALE, dreams.ITERATIONS, dreams.STEP, dreams.JITTER) == (4, 1.4, 10, 1.5, 32)
