"""Images that climb from noise: objectives are what they say, they rise, and the network stays as it is."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nstlib import visualization
from nstlib.errors import ChoiceError, DivergenceError, LayerError, ShapeError
from nstlib.features import Features, load_network, random_network
from nstlib.parameterizations import BASES, COLORS, Parameterization
from nstlib.receptive import patch_of
from nstlib.transformations import ROBUST
from nstlib.visualization import channel, direction, likeness, neuron, visualize, whole_layer

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


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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


def test_a_guide_is_compared_with_each_position_however_many_there_are(rng, monkeypatch):
    guide, features = (torch.randn(1, 6, 3, n, generator=rng) for n in (4, 7))
    expected = (features.flatten(2)[0].T @ guide.flatten(2)[0]).amax(1).mean()
    for paired in (1, 5, 1024):
        monkeypatch.setattr(visualization, "PAIRED", paired)
        torch.testing.assert_close(likeness(guide)(features), expected)


def test_images_climb_under_no_grad_too(network):
    with torch.no_grad():
        steps = list(visualize(network, LAYER, channel(3), parameterization=Parameterization(32, 32), steps=5))
    assert steps[-1].value > steps[0].value


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


def test_pixels_that_a_unit_does_not_see_stay_as_they_were():
    kind = Parameterization(64, 64, "pixels", "rgb")
    network = random_network("vgg16")
    first, *_, last = visualize(network, "conv3_2", neuron(5), parameterization=kind, transformations=(), steps=2)
    changed = (last.image != first.image).any(1)[0].nonzero()
    top, bottom, left, right = patch_of("conv3_2", 8, 8, 64, 64)
    assert (changed.amin(0) >= torch.tensor([top, left])).all()
    assert (changed.amax(0) < torch.tensor([bottom, right])).all()


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
        ({"learning_rate": 0.0}, ChoiceError, "learning_rate must be a finite number, above 0, got 0.0"),
        ({"init": torch.rand(1, 3, 8, 8)}, ShapeError, r"of shape \(1, 3, 128, 128\), got \(1, 3, 8, 8\)"),
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
def test_every_architecture_can_be_looked_at(name):
    kind = Parameterization(17, 16)
    *_, last = visualize(random_network(name), "conv2_1", channel(3), parameterization=kind, steps=2)
    assert last.image.shape == (1, 3, 17, 16)


def test_the_network_is_left_as_it_was():
    network = load_network("tiny")
    before = {name: network.weight(name).clone() for name in network.layers if name.startswith("conv")}
    attributes = set(vars(network))
    list(visualize(network, LAYER, channel(3), parameterization=Parameterization(32, 32), steps=3))
    assert all(torch.equal(network.weight(name), weight) for name, weight in before.items())
    assert not any(network.weight(name).requires_grad for name in before)
    assert set(vars(network)) == attributes
