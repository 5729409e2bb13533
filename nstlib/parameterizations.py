"""How an image is written down as numbers that an optimizer can move (chapter on dreams).

Every image can be written in many ways: as pixels, as the waves it is made of, in red, green and blue or in colors that
vary independently in photographs. All of them reach the same pictures, but a step of one size in each *number* is another
step in each way of writing: it decides which pictures are near (Olah, Mordvintsev and Schubert, 2017; Mordvintsev et al.,
2018, "Differentiable image parameterizations").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ShapeError, choice, whole_number
from nstlib.frequency import radial_frequency
from nstlib.seeds import seeded

BASES = ("fourier", "pixels")
COLORS = ("decorrelated", "rgb")
NOISE = 0.01  # standard deviation of the numbers at the start (lucid's default)
# Columns: the directions in which the colors of photographs vary, each as long as they vary: light against dark, then
# orange against blue, then green against purple (lucid measured them on ImageNet).
COLOR_DIRECTIONS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
EXTREME = 1 / 512  # half a gray level: a logit of 0 or 1 would be infinite


@door(height="own", width="own")
@dataclass(frozen=True)
class Parameterization:
    """A way to write images of one size as numbers, and to read them back.

    From the numbers to the image: waves are added up to pixels (basis "fourier"), independent colors are mixed to red,
    green and blue (colors "decorrelated"), and a sigmoid brings every value between 0 and 1.

    Attributes:
        height: of the image in pixels. width: likewise.
        basis: one of ``BASES``. colors: one of ``COLORS``.

    Raises:
        ChoiceError: if a basis or kind of colors is unknown, or a side is no whole number of at least 1.
    """

    height: int
    width: int
    basis: str = "fourier"
    colors: str = "decorrelated"

    def __post_init__(self):
        choice("basis", self.basis, BASES)
        choice("kind of colors", self.colors, COLORS)
        for name, side in (("height", self.height), ("width", self.width)):
            whole_number(f"{name}, in pixels,", side, 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the numbers: that of the image, or (1, 3, H, W // 2 + 1, 2) for the waves' real and imaginary parts."""
        if self.basis == "pixels":
            return 1, 3, self.height, self.width
        return 1, 3, self.height, self.width // 2 + 1, 2

    @door
    def start(self, *, generator: torch.Generator | None = None) -> Tensor:
        """Return the numbers of a nearly gray image: normal, with standard deviation ``NOISE``.

        Args:
            generator: where they come from, and on which device they are; None means a fixed seed.
        """
        generator = seeded(generator)
        return NOISE * torch.randn(self.shape, generator=generator, device=generator.device)

    @door
    def image(self, numbers: Tensor) -> Tensor:
        """Return the image that the numbers say, shape (1, 3, H, W), values between 0 and 1; differentiable.

        Raises:
            ShapeError: if ``numbers`` does not have the shape ``shape``.
        """
        if tuple(numbers.shape) != self.shape:
            raise ShapeError(
                f"Images of {self.height} x {self.width} pixels in the basis {self.basis!r} are written as numbers of "
                f"shape {self.shape}, got {tuple(numbers.shape)}."
            )
        if self.basis == "fourier":
            numbers = fourier_image(torch.view_as_complex(numbers), self.width)
        if self.colors == "decorrelated":
            numbers = correlate_colors(numbers)
        return numbers.sigmoid()

    @door
    def numbers(self, image: Tensor) -> Tensor:
        """Return numbers that say this image, so that an optimization can go on from it.

        Args:
            image: RGB in [0, 1], shape (1, 3, H, W). Values nearer to 0 or 1 than ``EXTREME`` are moved there.

        Raises:
            ShapeError: if the image has another shape.
        """
        if tuple(image.shape) != (1, 3, self.height, self.width) or not image.is_floating_point():
            raise ShapeError(
                f"This parameterization is for images of floats of shape {(1, 3, self.height, self.width)}, "
                f"got {tuple(image.shape)} of {image.dtype}."
            )
        numbers = image.detach().logit(EXTREME)
        if self.colors == "decorrelated":
            numbers = decorrelate_colors(numbers)
        if self.basis == "fourier":
            numbers = torch.view_as_real(fourier_numbers(numbers))
        return numbers.contiguous()


@door(numbers="complex ...", width=">= 1")
def fourier_image(numbers: Tensor, width: int) -> Tensor:
    """Return the image that is the sum of waves with these amplitudes and phases.

    Each wave is first multiplied by ``sqrt(H * W) / max(f, 1 / max(H, W))``, where f is its frequency in cycles per pixel:
    the spectrum of photographs falls like that, so numbers of one size make an image with as much in every octave.

    Args:
        numbers: complex, shape (B, C, H, W // 2 + 1): the half of a spectrum that says a real image.
        width: W, which the half does not tell: it is the same for W = 4 and W = 5.

    Returns:
        Real, shape (B, C, H, W).

    Raises:
        ShapeError: if the numbers have another shape.

    >>> one_wave = torch.tensor([[[[1, 0], [0, 0]]]], dtype=torch.complex64)
    >>> fourier_image(one_wave, width=2)
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    if numbers.ndim != 4 or not numbers.is_complex() or numbers.shape[3] != width // 2 + 1:
        raise ShapeError(
            f"fourier_image needs complex numbers of shape (B, C, H, {width // 2 + 1}) for a width of {width}, "
            f"got {tuple(numbers.shape)} of {numbers.dtype}."
        )
    height = numbers.shape[2]
    return torch.fft.irfft2(numbers * _scale(height, width, numbers.real), s=(height, width))


@door(image="wide ...")
def fourier_numbers(image: Tensor) -> Tensor:
    """Return the numbers from which ``fourier_image`` makes this image, shape (B, C, H, W // 2 + 1), complex."""
    if image.ndim != 4 or image.is_complex():
        raise ShapeError(f"fourier_numbers needs a real image of shape (B, C, H, W), got {tuple(image.shape)}.")
    return torch.fft.rfft2(image) / _scale(*image.shape[2:], image)


@door
def correlate_colors(image: Tensor) -> Tensor:
    """Return red, green and blue from three colors that vary independently in photographs.

    Args:
        image: shape (B, 3, H, W): how much of each column of ``COLOR_DIRECTIONS``, the longest of which is scaled to 1.
    """
    return _mix(image, _color_matrix(image))


@door(image="wide ...")
def decorrelate_colors(image: Tensor) -> Tensor:
    """Return what ``correlate_colors`` makes this image from, shape (B, 3, H, W)."""
    return _mix(image, torch.linalg.inv(_color_matrix(image)))


def _color_matrix(like: Tensor) -> Tensor:
    matrix = like.new_tensor(COLOR_DIRECTIONS)
    return matrix / torch.linalg.vector_norm(matrix, dim=0).max()


def _mix(image: Tensor, matrix: Tensor) -> Tensor:
    if image.ndim != 4 or image.shape[1] != 3:
        raise ShapeError(f"Colors need an image of shape (B, 3, H, W), got {tuple(image.shape)}.")
    return torch.einsum("ij, bjhw -> bihw", matrix, image)


def _scale(height: int, width: int, like: Tensor) -> Tensor:
    lowest = 1 / max(height, width)
    scale = (height * width) ** 0.5 / radial_frequency(height, width).clamp(min=lowest)
    return scale.to(like)
