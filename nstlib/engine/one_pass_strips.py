"""A picture of any size in one pass, strip by strip, to the same pixels: what a norm takes out is the whole picture's.

Tiles that are painted apart have means and deviations of their own, and seams. So here the network runs layer by layer: a
layer is computed in strips of rows, with the rows beyond their edges that its kernel reaches, and normalized once all of
it was seen. The two layers at full size would take most of the memory. They are never kept: looked at once for what their
norms take out, they are computed a second time, strip by strip, for the layer that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.one_pass import OnePass

STRIP = 2**14  # pixels of a strip, about: what is made of it stays in a processor's caches
BYTES_PER_PIXEL = 120  # of memory at the most, picture and painting included; the network at once takes some 500
EPSILON = 1e-5  # instance norm's


class Map(NamedTuple):
    """Features that can be had in strips.

    Attributes:
        height: of all of it. width: likewise. rows: gives those from a first one to a last, the last not included, shape
            (1, C, last - first, width).
    """

    height: int
    width: int
    rows: Callable[[int, int], Tensor]


@door(image="picture", style="2 _", strip=">= 1")
def paint_in_strips(
    model: OnePass,
    image: Tensor,
    style: Tensor,
    *,
    strip: int | None = None,
) -> Tensor:
    """Return what ``model(image, style)`` returns, up to rounding, sooner and in a fifth of the memory.

    Args:
        model: from ``load_one_pass``: with instance norms. No gradient is recorded.
        image: RGB in [0, 1], shape (1, 3, H, W), at least 8 x 8.
        style: scale and bias of all norms, shape (2, N).
        strip: pixels of a strip, about; None: by the number of PyTorch's threads.

    Returns:
        RGB in [0, 1], shape (1, 3, H, W).

    Raises:
        ShapeError: if the image is too small, or the style is of another network.
    """
    model.check(image, style)
    with torch.no_grad():
        return _Painter(model, style, strip or STRIP * torch.get_num_threads()).paint(image)


class _Painter:
    """The network's layers on maps that come in strips."""

    def __init__(self, model: OnePass, style: Tensor, strip: int) -> None:
        self._kernels = [
            (each.weight.contiguous(memory_format=torch.channels_last), each.bias) for each in model.convolutions
        ]
        self._styles, self._blocks = style.split(model.channels, 1), model.blocks
        self._strip = strip

    def paint(self, image: Tensor) -> Tensor:
        """Go through the network, as ``OnePass.forward`` does."""
        x = self._normed(self._convolved(_held(image), 0), 0)
        x = self._kept(self._convolved(x, 1, 2), 1)
        x = self._kept(self._convolved(x, 2, 2), 2)
        for k in self._blocks:
            change = self._kept(self._convolved(self._kept(self._convolved(x, k), k), k + 1), k + 1, relu=False)
            x = _held(change.rows(0, x.height).add_(x.rows(0, x.height)))
        up = self._blocks.stop
        x = self._kept(self._convolved(_doubled(x), up), up)
        x = self._normed(self._convolved(_doubled(x), up + 1), up + 1)
        x = self._convolved(x, up + 2)
        painting = torch.empty_like(image, memory_format=torch.contiguous_format)
        height, width = image.shape[2:]  # sides come back as multiples of 4
        for top, bottom in self._strips(x):
            painting[..., top:bottom, :] = x.rows(top, bottom)[..., : max(0, height - top), :width].sigmoid_()
        return painting

    def _strips(self, x: Map) -> Iterator[tuple[int, int]]:
        rows = max(1, self._strip // x.width)
        return ((top, min(top + rows, x.height)) for top in range(0, x.height, rows))

    def _convolved(self, x: Map, k: int, stride: int = 1) -> Map:
        """Return the k-th convolution of a map, mirrored at its borders."""
        weight, bias = self._kernels[k]
        margin = weight.shape[2] // 2

        def rows(top: int, bottom: int) -> Tensor:
            seen = _with_mirrored(x, top * stride - margin, (bottom - 1) * stride + margin + 1)
            return F.conv2d(F.pad(seen, [margin, margin, 0, 0], mode="reflect"), weight, bias, stride)

        return Map(-(-x.height // stride), -(-x.width // stride), rows)

    def _kept(self, x: Map, k: int, *, relu: bool = True) -> Map:
        """Return a map behind its norm, computed and held in memory."""
        whole, add = None, _Sums()
        for top, bottom in self._strips(x):
            part = x.rows(top, bottom)
            if whole is None:
                whole = part.new_empty((1, part.shape[1], x.height, x.width))
                whole = whole.contiguous(memory_format=torch.channels_last)
            whole[:, :, top:bottom] = part
            add(part)
        change = self._change(k, add, whole)
        for top, bottom in self._strips(x):
            change(whole[:, :, top:bottom], relu)
        return _held(whole)

    def _normed(self, x: Map, k: int) -> Map:
        """Return a map behind its norm, to be computed when it is asked for."""
        add = _Sums()
        for top, bottom in self._strips(x):
            add(part := x.rows(top, bottom))
        if part.shape[2] == x.height:  # one strip is all of it: keep it
            return _held(self._change(k, add, part)(part, True))
        change = self._change(k, add, part)
        return x._replace(rows=lambda top, bottom: change(x.rows(top, bottom), True))

    def _change(self, k: int, seen: _Sums, like: Tensor) -> Callable[[Tensor, bool], Tensor]:
        """Return what the k-th norm does to a strip, in place."""
        mean, variance = seen.moments()
        scale, bias = (row[None, :, None, None].double() for row in self._styles[k])
        slope = scale / (variance + EPSILON).sqrt()[:, None, None]
        level = (bias - mean[:, None, None] * slope).to(like)
        slope = slope.to(like)

        def change(part: Tensor, relu: bool) -> Tensor:
            part.mul_(slope).add_(level)
            return part.relu_() if relu else part

        return change


class _Sums:
    """Adds up strips to the moments of the whole."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def __call__(self, part: Tensor) -> None:
        self._count += part[0, 0].numel()
        self._sum = self._sum + part.sum((2, 3), dtype=torch.float64)[0]
        self._squares = self._squares + part.square().sum((2, 3), dtype=torch.float64)[0]

    def moments(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each channel, shape (C,) each."""
        mean = self._sum / self._count
        return mean, (self._squares / self._count - mean.square()).clamp(min=0)


def _held(features: Tensor) -> Map:
    """Return a map that is in memory."""
    features = features.contiguous(memory_format=torch.channels_last)
    return Map(*features.shape[2:], lambda top, bottom: features[:, :, top:bottom])


def _doubled(x: Map) -> Map:
    """Return a map in which each position is 2 x 2 equal ones."""

    def rows(top: int, bottom: int) -> Tensor:
        low = top // 2
        large = F.interpolate(x.rows(low, -(-bottom // 2)), scale_factor=2.0)
        return large[:, :, top - 2 * low : bottom - 2 * low]

    return Map(2 * x.height, 2 * x.width, rows)


def _with_mirrored(x: Map, top: int, bottom: int) -> Tensor:
    """Return the rows of a map from ``top`` to ``bottom``; those beyond its borders are mirrored there."""
    if top >= 0 and bottom <= x.height:
        return x.rows(top, bottom)
    last = x.height - 1
    wanted = [last - abs(last - abs(row)) for row in range(top, bottom)]
    first = min(wanted)
    return x.rows(first, max(wanted) + 1)[:, :, [row - first for row in wanted]]
