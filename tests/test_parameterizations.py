"""Images as numbers: waves and independent colors say the same pictures, and start like photographs do."""

from __future__ import annotations

import cmath
import math

import pytest
import torch

from nstlib.errors import ChoiceError, ShapeError
from nstlib.frequency import radial_frequency
from nstlib.images import load_image, picture
from nstlib.parameterizations import (
    BASES,
    COLORS,
    EXTREME,
    NOISE,
    Parameterization,
    correlate_colors,
    decorrelate_colors,
    fourier_image,
    fourier_numbers,
)

KINDS = [(basis, colors) for basis in BASES for colors in COLORS]
kinds = pytest.mark.parametrize(("basis", "colors"), KINDS)
SIZES = [(1, 1), (1, 2), (2, 1), (3, 5), (4, 5), (5, 4), (6, 6)]
sizes = pytest.mark.parametrize(("height", "width"), SIZES)


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    return load_image(picture("china"), size=96)


def slow_image(numbers: torch.Tensor, width: int) -> list[list[float]]:
    """Add up the waves one by one, as the definition of the inverse transform says."""
    height = numbers.shape[0]
    image = [[0.0] * width for _ in range(height)]
    for k in range(height):
        for m in range(width // 2 + 1):
            down = (k if k <= height // 2 else k - height) / height
            frequency = max(math.hypot(down, m / width), 1 / max(height, width))
            amplitude = complex(numbers[k, m]) * math.sqrt(width * height) / frequency
            twice = 1 if m == 0 or 2 * m == width else 2  # the other half of the spectrum mirrors this one
            for y in range(height):
                for x in range(width):
                    wave = cmath.exp(2j * math.pi * (k * y / height + m * x / width))
                    image[y][x] += twice * (amplitude * wave).real / (height * width)
    return image


@sizes
def test_a_fourier_image_is_the_sum_of_its_waves(rng, height, width):
    parts = torch.randn(1, 1, height, width // 2 + 1, 2, generator=rng, dtype=torch.float64)
    numbers = torch.view_as_complex(parts)
    expected = torch.tensor(slow_image(numbers[0, 0], width), dtype=torch.float64)
    torch.testing.assert_close(fourier_image(numbers, width)[0, 0], expected)


@sizes
def test_every_image_is_some_sum_of_waves_whatever_its_size(rng, height, width):
    image = torch.rand(2, 3, height, width, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(fourier_image(fourier_numbers(image), width), image)


def test_no_wave_is_divided_by_a_frequency_of_zero():
    constant = torch.zeros(1, 1, 8, 7, dtype=torch.complex64)
    constant[0, 0, 0, 0] = 1
    torch.testing.assert_close(fourier_image(constant, 12), torch.full((1, 1, 8, 12), 12 / math.sqrt(96)))


def test_the_spectrum_of_the_first_noise_falls_as_1_over_f():
    waves = Parameterization(128, 127, colors="rgb")
    amplitudes = torch.zeros(128, 64)
    for seed in range(8):
        image = waves.image(waves.start(generator=torch.Generator().manual_seed(seed)))
        amplitudes += torch.fft.rfft2(image - 0.5).abs().mean((0, 1))
    f = radial_frequency(128, 127)
    inside = (f > 0.03) & (f < 0.4)
    x, y = f[inside].log(), amplitudes[inside].double().log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert slope == pytest.approx(-1, abs=0.05)


def test_pixels_start_as_white_noise():
    pixels = Parameterization(128, 128, "pixels", "rgb")
    image = pixels.image(pixels.start())
    assert image.std() == pytest.approx(NOISE / 4, rel=0.02)  # the sigmoid's slope is 1/4


def test_colors_that_were_mixed_can_be_taken_apart_again(rng):
    image = torch.randn(2, 3, 4, 5, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(decorrelate_colors(correlate_colors(image)), image)
    torch.testing.assert_close(correlate_colors(decorrelate_colors(image)), image)


@pytest.mark.parametrize(
    ("which", "direction"), [(0, (0.26, 0.27, 0.27)), (1, (0.09, 0.0, -0.09)), (2, (0.02, -0.05, 0.03))]
)
def test_each_independent_color_points_where_it_was_measured(which, direction):
    image = torch.zeros(1, 3, 1, 1)
    image[0, which] = 1
    expected = torch.tensor(direction) / math.sqrt(0.26**2 + 0.27**2 + 0.27**2)
    torch.testing.assert_close(correlate_colors(image)[0, :, 0, 0], expected)


def test_independent_colors_of_a_photo_are_less_correlated_than_its_own(photo):
    def correlation(image):
        return torch.corrcoef(image[0].flatten(1)).triu(1).abs().sum() / 3

    assert correlation(decorrelate_colors(photo)) < 0.5 * correlation(photo)


@kinds
def test_an_image_written_as_numbers_is_read_back(rng, basis, colors):
    image = 0.1 + 0.8 * torch.rand(1, 3, 6, 9, generator=rng, dtype=torch.float64)
    kind = Parameterization(6, 9, basis, colors)
    numbers = kind.numbers(image)
    assert tuple(numbers.shape) == kind.shape
    torch.testing.assert_close(kind.image(numbers), image)


@kinds
def test_black_and_white_are_read_back_to_half_a_gray_level(basis, colors):
    image = torch.zeros(1, 3, 4, 6)
    image[..., 3:] = 1
    kind = Parameterization(4, 6, basis, colors)
    assert (kind.image(kind.numbers(image)) - image).abs().max() <= EXTREME + 1e-5


@kinds
def test_an_optimizer_can_reach_any_image_from_the_first_noise(rng, basis, colors):
    target = 0.2 + 0.6 * torch.rand(1, 3, 12, 11, generator=rng)
    kind = Parameterization(12, 11, basis, colors)
    numbers = kind.start().requires_grad_(True)
    optimizer = torch.optim.Adam([numbers], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (kind.image(numbers) - target).square().mean().backward()
        optimizer.step()
    assert (kind.image(numbers) - target).square().mean().sqrt() < 0.01


@kinds
def test_numbers_follow_the_images_precision_and_own_their_memory(rng, basis, colors):
    image = torch.rand(1, 3, 4, 4, generator=rng, dtype=torch.float64)
    before = image.clone()
    kind = Parameterization(4, 4, basis, colors)
    numbers = kind.numbers(image)
    assert numbers.dtype == kind.image(numbers).dtype == torch.float64
    numbers.fill_(0)
    assert torch.equal(image, before)


def test_the_same_seed_starts_with_the_same_numbers():
    kind = Parameterization(5, 7)
    assert torch.equal(kind.start(), kind.start(generator=torch.Generator().manual_seed(0)))
    assert not torch.equal(kind.start(), kind.start(generator=torch.Generator().manual_seed(1)))


def test_an_unknown_basis_or_color_is_answered_with_the_known_ones():
    with pytest.raises(ChoiceError, match="no basis 'wavelets'. Choose one of: fourier, pixels"):
        Parameterization(4, 4, "wavelets")
    with pytest.raises(ChoiceError, match="no kind of colors 'lab'. Choose one of: decorrelated, rgb"):
        Parameterization(4, 4, "pixels", "lab")


@pytest.mark.parametrize("side", [0, -4, 2.5, True])
def test_sides_are_whole_numbers(side):
    with pytest.raises(ChoiceError, match="width, in pixels, must be a whole number of at least 1, got"):
        Parameterization(4, side)


def test_numbers_and_images_of_another_size_are_refused(rng):
    kind = Parameterization(4, 5)
    with pytest.raises(ShapeError, match=r"numbers of shape \(1, 3, 4, 3, 2\), got \(1, 3, 4, 5\)"):
        kind.image(torch.zeros(1, 3, 4, 5))
    with pytest.raises(ShapeError, match=r"floats of shape \(1, 3, 4, 5\), got \(1, 3, 5, 4\)"):
        kind.numbers(torch.zeros(1, 3, 5, 4))
    with pytest.raises(ShapeError, match=r"got \(1, 3, 4, 5\) of torch.uint8"):
        kind.numbers(torch.zeros(1, 3, 4, 5, dtype=torch.uint8))
    with pytest.raises(
        ShapeError, match=r"complex numbers of shape \(B, C, H, 3\) for a width of 4, got \(1, 3, 4, 4\)"
    ):
        fourier_image(torch.zeros(1, 3, 4, 4, dtype=torch.complex64), 4)
    with pytest.raises(ShapeError, match="real image of shape"):
        fourier_numbers(torch.zeros(3, 4, 4))
    with pytest.raises(ShapeError, match=r"Colors need an image of shape \(B, 3, H, W\), got \(1, 4, 2, 2\)"):
        correlate_colors(torch.zeros(1, 4, 2, 2))
