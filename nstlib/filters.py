"""Convolution by hand: a kernel slides over an image (chapter on convolution).

These functions are written to be read. They loop over the few numbers of a kernel and handle all positions of the image at
once; the networks of this library use PyTorch's own convolutions, which do the same much faster.

Deep learning calls cross-correlation convolution: the kernel is not turned around before it slides. So do we. To convolve
in the sense of mathematics, turn the kernel: ``kernel.flip(2, 3)``.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, finite_number

# Sobel's kernel is a product: a slope (the mean of the differences to both neighbors) times a smoothing along the edge.
SLOPE = (-1 / 2, 0.0, 1 / 2)
SMOOTHING = (1 / 4, 1 / 2, 1 / 4)


@door(kernel="alike ...")
def convolve2d(image: Tensor, kernel: Tensor, *, padding: int = 0, stride: int = 1) -> Tensor:
    """Return what each kernel answers at each position: products with the window below it, summed.

    ``result[b, k, y, x] = sum over (c, i, j) of kernel[k, c, i, j] * padded[b, c, y * stride + i, x * stride + j]``.

    Args:
        image: shape (B, C, H, W).
        kernel: shape (K, C, h, w): K kernels that look at all C channels.
        padding: rows and columns of zeros added on each side.
        stride: how many pixels the window moves on.

    Returns:
        Shape (B, K, H', W'), where ``output_size`` gives H' and W'.

    Raises:
        ShapeError: if the shapes do not fit, or the kernel is larger than the padded image.
        ChoiceError: if padding is below 0 or stride below 1.

    The same as ``torch.nn.functional.conv2d``.

    >>> squares = torch.arange(5.0).view(1, 1, 1, 5) ** 2
    >>> convolve2d(squares, torch.tensor([[[[-1.0, 1.0]]]]))
    tensor([[[[1., 3., 5., 7.]]]])
    """
    if image.ndim != 4 or kernel.ndim != 4 or image.shape[1] != kernel.shape[1]:
        raise ShapeError(
            "convolve2d needs an image (B, C, H, W) and kernels (K, C, h, w) with the same C, "
            f"got {tuple(image.shape)} and {tuple(kernel.shape)}. For one kernel on one channel: kernel[None, None]."
        )
    height, width = kernel.shape[2:]
    rows = output_size(image.shape[2], height, padding=padding, stride=stride)
    columns = output_size(image.shape[3], width, padding=padding, stride=stride)
    padded = F.pad(image, (padding,) * 4)
    result = image.new_zeros(image.shape[0], kernel.shape[0], rows, columns)
    for i in range(height):
        for j in range(width):
            # The pixel below tap (i, j), for all positions of the window at once: (B, C, H', W').
            below = padded[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            result = result + torch.einsum("kc, bcyx -> bkyx", kernel[:, :, i, j], below)
    return result


@door
def output_size(size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1) -> int:
    """Return at how many positions a kernel fits along one axis (Dumoulin & Visin, 2016).

    Args:
        size: of the image along that axis, in pixels.
        kernel: length of the kernel.
        padding: pixels added on each of the two sides.
        stride: pixels from one position to the next.
        dilation: pixels from one number of the kernel to the next.

    Raises:
        ChoiceError: if padding is below 0, or another number below 1. ShapeError: if the kernel fits nowhere.

    >>> output_size(224, 7, padding=3, stride=2)
    112
    """
    if min(size, kernel, stride, dilation) < 1 or padding < 0:
        raise ChoiceError(
            "size, kernel, stride and dilation must be at least 1, and padding at least 0; "
            f"got {size}, {kernel}, {stride}, {dilation} and {padding}."
        )
    room = size + 2 * padding - dilation * (kernel - 1) - 1  # how far the window can move
    if room < 0:
        raise ShapeError(
            f"A kernel of {kernel} (with dilation {dilation}: {dilation * (kernel - 1) + 1}) does not fit into "
            f"{size} + 2 * {padding} pixels. Use a smaller kernel or more padding."
        )
    return room // stride + 1


@door
def gaussian_kernel(sigma: float, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a bell of weights that sum to 1, cut off at three standard deviations.

    Args:
        sigma: standard deviation in pixels, above 0.
        dtype: of the weights.

    Returns:
        Shape (2 r + 1,) with r = ceil(3 sigma): weights proportional to exp(-x^2 / (2 sigma^2)) for x = -r .. r.

    Raises:
        ChoiceError: if sigma is not a finite number above 0.

    >>> gaussian_kernel(0.5)
    tensor([2.6387e-04, 1.0645e-01, 7.8657e-01, 1.0645e-01, 2.6387e-04])
    """
    finite_number("sigma, in pixels,", sigma, above=True)
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=torch.float64)
    bell = torch.exp(-(x**2) / (2 * sigma**2))
    return (bell / bell.sum()).to(dtype)


@door(image="B C H W", sigma="> 0")
def separable_blur(image: Tensor, sigma: float) -> Tensor:
    """Return the image blurred by a Gaussian: along the rows, then along the columns.

    Two passes of n numbers give what one of n x n gives, for a Gaussian in two dimensions is a product of two in one.
    Beyond the border the edge pixels are repeated, so a gray picture stays gray.

    Args:
        image: shape (B, C, H, W); each channel is blurred by itself.
        sigma: standard deviation in pixels, above 0; ``gaussian_kernel`` cuts off at three of them.

    Returns:
        The same shape.

    Raises:
        ShapeError: if ``image`` does not have four axes. ChoiceError: if sigma is not a finite number above 0.
    """
    bell = gaussian_kernel(sigma, dtype=image.dtype).to(image.device)
    return _slide(_slide(image, bell, axis=3), bell, axis=2)


@door(image="B C H W")
def sobel_edges(image: Tensor) -> Tensor:
    """Return how steep the image is at each pixel: the length of its gradient, after Sobel.

    Each slope is a difference along one axis, smoothed along the other. Beyond the border the edge pixels are repeated.

    Args:
        image: shape (B, C, H, W); each channel is taken by itself.

    Returns:
        The same shape, in units of the image per pixel: a ramp that rises by 0.1 from pixel to pixel gives 0.1.
        Where the image is flat, the gradient of the result is 0.

    Raises:
        ShapeError: if ``image`` does not have four axes.

    Differs from the kernel of whole numbers (1, 2, 1) x (-1, 0, 1), which gives 8 times as much.

    >>> sobel_edges(torch.arange(4.0).expand(1, 1, 2, 4))
    tensor([[[[0.5000, 1.0000, 1.0000, 0.5000],
              [0.5000, 1.0000, 1.0000, 0.5000]]]])
    """
    smoothing, slope = image.new_tensor(SMOOTHING), image.new_tensor(SLOPE)
    across = _slide(_slide(image, smoothing, axis=2), slope, axis=3)
    down = _slide(_slide(image, smoothing, axis=3), slope, axis=2)
    # A norm has a gradient of 0 at 0, where that of a square root is infinite.
    return torch.linalg.vector_norm(torch.stack([across, down]), dim=0)


def _slide(image: Tensor, weights: Tensor, *, axis: int) -> Tensor:
    """Slide weights along one axis (2 or 3) of each channel, repeating the edge pixels so that the size stays."""
    before, after = (len(weights) - 1) // 2, len(weights) // 2
    padding = (before, after, 0, 0) if axis == 3 else (0, 0, before, after)
    single = F.pad(image, padding, mode="replicate").flatten(0, 1)[:, None]  # (B*C, 1, H, W): a channel is an image
    kernel = weights.view((1, 1, 1, -1) if axis == 3 else (1, 1, -1, 1))
    return convolve2d(single, kernel).reshape(image.shape)
