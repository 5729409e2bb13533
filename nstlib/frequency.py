"""What is fine and what is coarse: bands of images and of feature maps, and their spectra (chapter on frequencies).

A band is a signed float tensor of the image's own shape: what is finer or coarser than something has negative values, and
bytes cannot hold them. Bands come finest first, and every way of splitting here has its way back:

=====================  ==================  =======================================================================
``split_bands``        sum them            Gaussians: local, no ringing; energies and Gram matrices do *not* split
``tight_frame``        ``join_frame``      smooth masks of the spectrum: energies, content losses, Gram matrices split
``laplacian_pyramid``  ``collapse_...``    Gaussians, each level half the size of the one before
=====================  ==================  =======================================================================

The functions of the spectrum take the picture as periodic: its right border is next to its left one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError
from nstlib.filters import gaussian_kernel

NYQUIST = 0.5  # cycles per pixel: one pixel up, one pixel down; along an axis nothing is finer
# Beside an edge a low band overshoots by 9 % of the jump with a ramp of 0 octaves (ideal), 8 % with 1, 4 % with 2.
RAMP = 2.0
PYRAMID = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # Burt and Adelson's weights with a = 3/8


# Gaussians --------------------------------------------------------------------------------------------------------------


@door(image="B C H W")
def low_pass(image: Tensor, sigma: float) -> Tensor:
    """Return what is coarse: the image blurred by a Gaussian, channel by channel.

    The same numbers as ``filters.separable_blur``, by PyTorch's own convolution: fit for a loop, and differentiable.

    Args:
        image: or features, shape (B, C, H, W), floats.
        sigma: standard deviation in pixels, above 0. A wave of f cycles per pixel keeps exp(-2 (pi sigma f)^2) of its
            height: half of it at f = 0.19 / sigma. Beyond the border the edge pixels are repeated.

    Returns:
        The same shape.

    Raises:
        ShapeError: if ``image`` is no floating tensor with four axes. ChoiceError: if sigma is no finite number above 0.
    """
    bell, channels = gaussian_kernel(sigma, dtype=image.dtype).to(image.device), image.shape[1]
    reach = len(bell) // 2
    # One group a channel: as images of one channel each it would be ten times slower on the way back.
    row = bell.expand(channels, 1, 1, -1)
    across = F.conv2d(F.pad(image, (reach, reach, 0, 0), mode="replicate"), row, groups=channels)
    return F.conv2d(F.pad(across, (0, 0, reach, reach), mode="replicate"), row.mT, groups=channels)


@door(image="B C H W")
def high_pass(image: Tensor, sigma: float) -> Tensor:
    """Return what is fine: the image minus ``low_pass`` of it, signed, about 0.

    Whatever the filter, fine and coarse then sum to the image. To look at it, add mid-gray: ``0.5 + high``.

    Args, Returns, Raises: as for ``low_pass``.
    """
    return image - low_pass(image, sigma)


@door(image="B C H W")
def split_bands(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    """Return the image as a sum of bands, from fine to coarse: differences of its ever stronger blurs.

    Args:
        image: or features, shape (B, C, H, W), floats.
        sigmas: widths of the blurs in pixels, ascending.

    Returns:
        ``len(sigmas) + 1`` signed tensors of the image's shape: what the first blur takes away, what each further blur
        takes away, and what the last one leaves. Their sum is the image, up to rounding.

    Raises:
        ShapeError: as ``low_pass``. ChoiceError: if ``sigmas`` is empty or does not ascend.
    """
    if not len(sigmas) or any(a >= b for a, b in pairwise(sigmas)):
        raise ChoiceError(
            f"split_bands needs sigmas, at least one, in pixels, and each larger than the one before, got {list(sigmas)}."
        )
    blurs = [image, *(low_pass(image, sigma) for sigma in sigmas)]
    return [*(finer - coarser for finer, coarser in pairwise(blurs)), blurs[-1]]


# The spectrum -----------------------------------------------------------------------------------------------------------


@door
def radial_frequency(height: int, width: int) -> Tensor:
    """Return how fine each wave of ``torch.fft.rfft2`` is, whatever its direction.

    Args:
        height: of the image in pixels.
        width: likewise.

    Returns:
        Cycles per pixel, shape (H, W // 2 + 1), float64: 0 at [0, 0], at most 0.5 along an axis and 0.71 in a corner.
        Rows are in the order of the transform, which starts with 0 and has the negative frequencies at its end.

    Raises:
        ShapeError: if a side is below 1.
    """
    if min(height, width) < 1:
        raise ShapeError(f"A spectrum needs at least one pixel, got a height of {height} and a width of {width}.")
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    across = torch.fft.rfftfreq(width, dtype=torch.float64)
    return torch.hypot(down, across)


@door(image="wide B C H W")
def filter_spectrum(image: Tensor, response: Tensor) -> Tensor:
    """Return the image with each wave multiplied by a number of its own.

    Args:
        image: or features, shape (B, C, H, W), floats.
        response: shape (H, W // 2 + 1), real: what remains of each wave of ``torch.fft.rfft2``. No wave is moved.

    Returns:
        The same shape and dtype as the image.

    Raises:
        ShapeError: if the shapes do not fit, or ``image`` is no floating tensor with four axes.
    """
    height, width = image.shape[2:]
    if response.shape != (height, width // 2 + 1):
        raise ShapeError(
            f"A response for an image of {height} x {width} pixels has shape {(height, width // 2 + 1)}, one number for "
            f"each wave of rfft2; got {tuple(response.shape)}. nstlib.frequency.radial_frequency has that shape."
        )
    return torch.fft.irfft2(torch.fft.rfft2(image) * response.to(image), s=(height, width))


@door
def ideal_filter(height: int, width: int, cutoff: float) -> Tensor:
    """Return the response that keeps all waves up to ``cutoff`` cycles per pixel and nothing else.

    "Ideal" is its name, not a recommendation: the sharp edge in the spectrum rings beside each edge of the picture.

    Returns:
        Ones and zeros, shape (H, W // 2 + 1), float32; 1 minus it keeps the rest.

    Raises:
        ShapeError: if a side is below 1. ChoiceError: if the cutoff is not in (0, 0.5].
    """
    _check_cutoffs("ideal_filter", [cutoff])
    return (radial_frequency(height, width) <= cutoff).float()


@door
def frame_filters(height: int, width: int, cutoffs: Sequence[float], *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return smooth responses whose squares sum to 1 at every frequency: a tight frame.

    Around each cutoff, from half of it to twice, the finer bands rise as a sine while the coarser ones fall as a cosine,
    in equal steps of the logarithm of the frequency: the radial part of a steerable pyramid (Portilla and Simoncelli,
    2000), with a ramp of ``RAMP`` octaves where theirs has one. The wider it is, the less a band rings beside edges.

    Args:
        height: of the image in pixels.
        width: likewise.
        cutoffs: in cycles per pixel, descending, in (0, 0.5]: at a cutoff the power is shared half and half by what is
            finer and what is coarser.
        dtype: of the responses.

    Returns:
        Shape (len(cutoffs) + 1, H, W // 2 + 1), from fine to coarse, values in [0, 1].

    Raises:
        ShapeError: if a side is below 1. ChoiceError: if the cutoffs are not in (0, 0.5] or do not descend.
    """
    _check_cutoffs("frame_filters", cutoffs)
    octaves = torch.log2(radial_frequency(height, width))  # -inf at frequency 0
    rest, responses = torch.ones_like(octaves), []
    for cutoff in cutoffs:
        angle = ((octaves - math.log2(cutoff)) / RAMP + 0.5).clamp(0, 1) * (math.pi / 2)
        responses.append(rest * angle.sin())
        rest = rest * angle.cos()  # what is left for the coarser bands: sin^2 + cos^2 = 1
    return torch.stack([*responses, rest]).to(dtype)


@door(image="wide B C H W")
def tight_frame(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    """Return the bands of an image whose energies, inner products and Gram matrices sum to those of the image.

    With responses H_k, Parseval's theorem gives ``<B_k x, B_k y> = sum over w of H_k^2 X conj(Y) / (H*W)``, and the sum
    over k is ``<x, y>``. So the content loss and the Gram matrix of features are sums over their bands, exactly.

    Args:
        image: or features, shape (B, C, H, W), floats.
        cutoffs: as for ``frame_filters``.

    Returns:
        ``len(cutoffs) + 1`` signed tensors of the image's shape, from fine to coarse. They do *not* sum to the image:
        ``join_frame`` puts it together.

    Raises:
        ShapeError: if ``image`` is no floating tensor with four axes. ChoiceError: as ``frame_filters``.
    """
    spectrum = torch.fft.rfft2(image)
    return [torch.fft.irfft2(spectrum * response, s=image.shape[2:]) for response in _responses(image, cutoffs)]


@door(bands="wide _ _ _ _")
def join_frame(bands: Sequence[Tensor], cutoffs: Sequence[float]) -> Tensor:
    """Return the image that ``tight_frame`` took apart: each band goes through its filter once more, then all are summed.

    Args:
        bands: tensors of one shape (B, C, H, W), from fine to coarse, changed or not.
        cutoffs: those that they were made with.

    Raises:
        ShapeError: if there are not ``len(cutoffs) + 1`` bands of one shape. ChoiceError: as ``frame_filters``.
    """
    shapes = sorted({tuple(band.shape) for band in bands})
    if len(bands) != len(cutoffs) + 1 or len(shapes) != 1:
        listed = ", ".join(map(str, shapes)) or "none"
        raise ShapeError(
            f"join_frame needs {len(cutoffs) + 1} bands of one shape for {len(cutoffs)} cutoffs, got {len(bands)} "
            f"of shape {listed}. Give it what tight_frame returned for the same cutoffs."
        )
    responses = _responses(bands[0], cutoffs)
    return sum(filter_spectrum(band, response) for band, response in zip(bands, responses, strict=True))


@door(image="wide B C H W", other="wide ...")
def swap_amplitude(image: Tensor, other: Tensor) -> Tensor:
    """Return the image with each of its waves as high as in another image: phases of the one, amplitudes of the other.

    Amplitudes say how much there is of each wave, phases where its crests lie (Oppenheim and Lim, 1981).

    Args:
        image: or features, shape (B, C, H, W), floats: whose phases stay. A wave that it lacks gets the phase 0.
        other: the same shape: whose amplitudes are taken, and with them the mean (up to its sign), the mean square and the
            autocorrelation of each channel.

    Returns:
        The same shape; values may leave the range of both.

    Raises:
        ShapeError: if the shapes differ, or ``image`` is no floating tensor with four axes.
    """
    if image.shape != other.shape:
        raise ShapeError(
            f"swap_amplitude needs image and other, two images of one shape, got {tuple(image.shape)} and "
            f"{tuple(other.shape)}. Crop or resize one of them: nstlib.images.resize_to."
        )
    phase, amplitude = torch.fft.rfft2(image).angle(), torch.fft.rfft2(other).abs()
    return torch.fft.irfft2(torch.polar(amplitude, phase), s=image.shape[2:])


@door(image="wide B C H W")
def radial_spectrum(image: Tensor, *, bins: int | None = None, window: bool = False) -> tuple[Tensor, Tensor]:
    """Return how strong the waves of an image are, by how fine they are: their mean power on rings around frequency 0.

    The power of a wave is ``|S|**2 / (H*W)``, so its mean over all waves is the image's mean square (Parseval), and noise
    that is independent from pixel to pixel has its variance at every frequency, whatever the size.

    Args:
        image: or features, shape (B, C, H, W), floats. The mean of each channel is taken off.
        bins: how many rings; None: half the shorter side, the most there can be.
        window: fade the image out toward its borders (Hann), and make up for the power lost. A spectrum takes the picture as
            periodic; where the left border does not fit the right one, that is an edge, and it draws a cross of power
            through the spectrum. A fade has no edge; it makes lines wider by a wave or two.

    Returns:
        Frequencies k / (2 * bins) cycles per pixel for k = 1 .. bins, shape (bins,), and the mean power of all waves that
        are nearest to each, shape (B, C, bins). What is nearer to 0 than to the first ring, or finer than the last one (the
        corners of the spectrum), is left out.

    Raises:
        ShapeError: if ``image`` is no floating tensor with four axes, or has a side of one pixel.
        ChoiceError: if ``bins`` is not between 1 and half the shorter side.
    """
    height, width = image.shape[2:]
    bins = _check_bins(min(height, width) // 2, bins)
    centered = image - image.mean((2, 3), keepdim=True)
    if window:
        fade = _hann(height, image)[:, None] * _hann(width, image)
        centered = centered * fade / fade.square().mean().sqrt()
    power = torch.fft.fft2(centered).abs().square() / (height * width)  # (B, C, H, W)
    ring, counted = _rings(height, width, bins)
    ring, counted = ring.to(image.device), counted.to(image)
    sums = power.new_zeros(*power.shape[:2], bins + 2).index_add(2, ring.flatten(), power.flatten(2))
    return torch.arange(1, bins + 1).to(image) / (2 * bins), sums[..., 1:-1] / counted[1:-1]


# A pyramid --------------------------------------------------------------------------------------------------------------


@door(image="B C H W")
def laplacian_pyramid(image: Tensor, levels: int) -> list[Tensor]:
    """Return the image as details of ever coarser scale, each at half the size of the one before (Burt & Adelson, 1983).

    Blur, keep every other pixel, enlarge again: what that loses is the level. Then the same with the smaller image.

    Args:
        image: or features, shape (B, C, H, W), floats; any size, odd ones too.
        levels: how many times the size is halved, at least 1.

    Returns:
        ``levels + 1`` tensors, from fine to coarse: signed details of sizes (H, W), (ceil(H / 2), ceil(W / 2)), ..., and
        last the small image that remains.

    Raises:
        ShapeError: if ``image`` is no floating tensor with four axes, or too small to be halved so often.
        ChoiceError: if ``levels`` is no whole number of at least 1.
    """
    if not isinstance(levels, int) or isinstance(levels, bool) or levels < 1:
        raise ChoiceError(f"levels must be a whole number of at least 1, got {levels!r}.")
    shorter = min(image.shape[2:])
    if shorter < 2**levels:
        raise ShapeError(
            f"A shorter side of {shorter} pixels cannot be halved {levels} times: it takes {2**levels} pixels or more. "
            f"Use at most {int(math.log2(shorter))} levels."
        )
    pyramid = []
    for _ in range(levels):
        smaller = _halved(image)
        pyramid.append(image - _doubled(smaller, image.shape[2:]))
        image = smaller
    return [*pyramid, image]


@door(pyramid="_ _ _ _")
def collapse_pyramid(pyramid: Sequence[Tensor]) -> Tensor:
    """Return the image that a Laplacian pyramid was made of, up to rounding: enlarge, add the details, and again.

    Args:
        pyramid: from fine to coarse, as ``laplacian_pyramid`` returns it; levels may have been changed, sizes not.

    Raises:
        ShapeError: if a level is not half the size of the one before, rounded up.
    """
    if not len(pyramid):
        raise ShapeError("collapse_pyramid needs at least one level, got none.")
    image = pyramid[-1]
    for details in reversed(pyramid[:-1]):
        expected = (*details.shape[:2], *(-(-side // 2) for side in details.shape[2:]))
        if tuple(image.shape) != expected:
            raise ShapeError(
                f"In a pyramid a level of shape {tuple(details.shape)} is followed by one of {expected}, got "
                f"{tuple(image.shape)}. Levels come from fine to coarse."
            )
        image = details + _doubled(image, details.shape[2:])
    return image


def _halved(image: Tensor) -> Tensor:
    padded = F.pad(image, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(padded, _square(image), stride=2, groups=image.shape[1])


def _doubled(image: Tensor, size: Sequence[int]) -> Tensor:
    """Return the image at twice the size, or a pixel less: zeros between the pixels, then a blur that fills them."""
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    # Each pixel paints the kernel around its place. Only one in four pixels is there, so each weighs four times as much;
    # pixel 0 is number 1 of the padded ones, whose middle is painted at 2 * 1 + 2.
    painted = F.conv_transpose2d(padded, 4 * _square(image), stride=2, groups=image.shape[1])
    return painted[..., 4 : 4 + size[0], 4 : 4 + size[1]]


def _square(image: Tensor) -> Tensor:
    weights = image.new_tensor(PYRAMID)
    return torch.outer(weights, weights).expand(image.shape[1], 1, -1, -1)  # (C, 1, 5, 5)


# Checks and pieces ------------------------------------------------------------------------------------------------------


def _responses(image: Tensor, cutoffs: Sequence[float]) -> Tensor:
    return frame_filters(*image.shape[2:], cutoffs, dtype=image.dtype).to(image.device)


def _hann(size: int, image: Tensor) -> Tensor:
    return torch.hann_window(size, periodic=True, dtype=image.dtype, device=image.device)


def _rings(height: int, width: int, bins: int) -> tuple[Tensor, Tensor]:
    """Return the ring of each wave of ``fft2``, shape (H, W), 0 .. bins + 1, and how many waves each ring has."""
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    across = torch.fft.fftfreq(width, dtype=torch.float64)
    ring = (torch.hypot(down, across) * 2 * bins).round().long().clamp(max=bins + 1)
    return ring, ring.flatten().bincount(minlength=bins + 2)


def _check_cutoffs(who: str, cutoffs: Sequence[float]) -> None:
    inside = len(cutoffs) > 0 and all(0 < cutoff <= NYQUIST for cutoff in cutoffs)
    if not inside or any(a <= b for a, b in pairwise(cutoffs)):
        raise ChoiceError(
            f"{who} needs cutoffs in cycles per pixel, above 0, at most 0.5, and descending (from fine to coarse), got "
            f"{list(cutoffs)}."
        )


def _check_bins(most: int, bins: int | None) -> int:
    if most < 1:
        raise ShapeError("radial_spectrum needs an image of at least 2 x 2 pixels: one pixel has no waves.")
    if bins is None:
        return most
    if not isinstance(bins, int) or isinstance(bins, bool) or not 1 <= bins <= most:
        raise ChoiceError(f"bins must be a whole number from 1 to {most}, half the shorter side, got {bins!r}.")
    return bins
