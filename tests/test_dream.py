"""Dreams: at each size the layer sees more, and what the photo is at large stays."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nstlib import dream as dreams
from nstlib.dream import dream, normalized_step, octave_sizes
from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import Features, load_network, random_network
from nstlib.images import load_image, picture, resize_to


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


def test_each_gradient_is_asked_for_a_little_to_the_side_and_moved_back(network, photo):
    image, shifts = photo, seeded(3)
    for _ in range(2):
        down, right = torch.randint(-5, 6, (2,), generator=shifts).tolist()
        leaf = image.roll((down, right), (2, 3)).requires_grad_(True)
        network(leaf, "relu3_2")["relu3_2"].square().sum().backward()
        gradient = leaf.grad.roll((-down, -right), (2, 3))
        image = (image + 1.5 / 255 * gradient / gradient.abs().mean()).clamp(0, 1)
    *_, last = dream(photo, network, "relu3_2", octaves=1, iterations=2, jitter=5, generator=seeded(3))
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


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "vgg19-torchvision", "tiny"])
def test_every_architecture_can_dream(name, rng):
    photo = torch.rand(1, 3, 33, 36, generator=rng)
    *_, last = dream(photo, random_network(name), "block2_conv2", octaves=2, iterations=1)
    assert last.image.shape == photo.shape


def test_dreaming_leaves_the_network_as_it_was(photo):
    network = load_network("tiny")
    before = {name: network.weight(name).clone() for name in network.layers if name.startswith("conv")}
    attributes = set(vars(network))
    list(dream(photo, network, "relu3_2", octaves=2, iterations=2))
    assert all(torch.equal(network.weight(name), weight) for name, weight in before.items())
    assert not any(network.weight(name).requires_grad for name in before)
    assert set(vars(network)) == attributes


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
        ({"image": torch.rand(3, 64, 64)}, ShapeError, r"image must be one RGB image of floats, .* got \(3, 64, 64\)"),
        ({"image": torch.rand(2, 3, 64, 64)}, ShapeError, r"image must be one RGB image .* got \(2, 3, 64, 64\)"),
        ({"image": torch.full((1, 3, 64, 64), torch.inf)}, ShapeError, "image holds 12288 values that are NaN or inf"),
        ({"guide": torch.full((1, 3, 64, 64), torch.nan)}, ShapeError, "guide holds 12288 values"),
        ({"guide": torch.rand(2, 3, 64, 64)}, ShapeError, "guide must be one RGB image"),
        ({"layer": "relu9_9"}, LayerError, "no layer 'relu9_9'"),
        ({"octaves": 0}, ChoiceError, "octaves must be a whole number of at least 1, got 0"),
        ({"octaves": 12}, ShapeError, "The smallest of 12 octaves would be 2 x 2 pixels. .* Or take fewer octaves."),
        ({"octaves": 99}, ShapeError, "The smallest of 99 octaves would be 0 x 0 pixels"),
        ({"octave_scale": 1.0}, ChoiceError, "octave_scale must be a finite number, above 1, got 1.0"),
        ({"iterations": 2.5}, ChoiceError, "iterations must be a whole number of at least 1, got 2.5"),
        ({"jitter": -1}, ChoiceError, "jitter must be a whole number of at least 0, got -1"),
        ({"step": float("nan")}, ChoiceError, "step, in gray levels of 255, must be a finite number, above 0, got nan"),
    ],
)
def test_a_dream_that_cannot_be_is_refused_before_its_first_step(network, options, error, message):
    with pytest.raises(error, match=message):
        dream(**{"image": torch.rand(1, 3, 64, 64), "network": network, "layer": "relu4_2", **options})


def test_the_defaults_are_those_of_the_original_notebook():
    assert (dreams.OCTAVES, dreams.OCTAVE_SCALE, dreams.ITERATIONS, dreams.STEP, dreams.JITTER) == (4, 1.4, 10, 1.5, 32)
