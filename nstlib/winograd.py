"""Winograd's F(4 x 4, 3 x 3): 3 x 3 convolutions with a quarter of the multiplications (Lavin and Gray, 2016).

A direct 3 x 3 convolution spends 9 multiplications on each output pixel and pair of channels. Winograd's algorithm computes
a tile of 4 x 4 outputs from a tile of 6 x 6 inputs with 36 multiplications instead of 144: both tile and kernel are
transformed, multiplied point by point, and the product is transformed back. The transforms cost additions that do not
depend on the *pair* of channels, so they are cheap where channels are many.

Everything here works on channels-last tensors on the CPU and on frozen kernels: each kernel is transformed once. What is
gained depends on the machine; ``bench/`` measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.products import Factors, mm

TILE = 4  # outputs of one tile, along each axis
PATCH = TILE + 2  # inputs that they depend on
CACHE = 16_000_000  # bytes of transformed tiles worked on at a time: a few rows of tiles, for products worth their call

# Lavin and Gray (2016), section 4.3: transforms of inputs, kernels and outputs.
INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float64,
)
KERNEL = (
    torch.tensor([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], dtype=torch.float64) / 24
)
OUTPUT = torch.tensor(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], dtype=torch.float64
)
# Both axes of a tile at once: one matrix instead of two products.
INPUT_2D = torch.kron(INPUT, INPUT).float()  # (36, 36)
OUTPUT_2D = torch.kron(OUTPUT, OUTPUT).float()  # (16, 36)


def winograd_1d(inputs: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Return two neighboring outputs of a kernel of three weights, and the four products they were made from: F(2, 3).

    Directly they would take six products. The four are due to Winograd (1980); F(4, 3) is the same idea with larger tiles.

    Args:
        inputs: four neighboring values d0 .. d3, shape (4,).
        kernel: three weights g0 .. g2, shape (3,).

    Returns:
        The outputs ``d0 g0 + d1 g1 + d2 g2`` and ``d1 g0 + d2 g1 + d3 g2``, shape (2,), which are ``m1 + m2 + m3`` and
        ``m2 - m3 - m4``; and the products m1 .. m4, shape (4,).

    Raises:
        ShapeError: if there are not four inputs and three weights.
    """
    if inputs.shape != (4,) or kernel.shape != (3,):
        raise ShapeError(
            f"winograd_1d needs inputs of shape (4,) and a kernel of shape (3,), got {tuple(inputs.shape)} and "
            f"{tuple(kernel.shape)}."
        )
    (d0, d1, d2, d3), (g0, g1, g2) = inputs, kernel
    even, odd = (g0 + g2) / 2, g1 / 2
    products = torch.stack([(d0 - d2) * g0, (d1 + d2) * (even + odd), (d2 - d1) * (even - odd), (d1 - d3) * g2])
    m1, m2, m3, m4 = products
    return torch.stack([m1 + m2 + m3, m2 - m3 - m4]), products


class Kernel(NamedTuple):
    """A frozen 3 x 3 kernel, transformed.

    Attributes:
        forward: (36, C, K), for the convolution. backward: (36, K, C), for its transpose. bias: (K,).
    """

    forward: Factors
    backward: Factors
    bias: Tensor


def transform_kernel(weight: Tensor, bias: Tensor) -> Kernel:
    """Return a kernel ready for ``convolve``.

    The transpose of a convolution is a convolution with the kernel flipped and its channels exchanged, so the way back to
    the image has a transformed kernel of its own.

    Args:
        weight: shape (K, C, 3, 3). bias: shape (K,).

    Raises:
        ShapeError: if the kernel is not 3 x 3.
    """
    if weight.ndim != 4 or weight.shape[2:] != (3, 3):
        raise ShapeError(f"Winograd F(4, 3) needs a kernel of shape (K, C, 3, 3), got {tuple(weight.shape)}.")
    there, back = _transform(weight), _transform(weight.transpose(0, 1).flip(2, 3))
    return Kernel(Factors(there), Factors(back), bias.detach().float())


def convolve(x: Tensor, kernel: Kernel, *, relu: bool = False) -> Tensor:
    """Return ``conv2d(x, weight, bias, padding=1)``, followed by a ReLU if asked.

    Args:
        x: shape (B, C, H, W), float32 on the CPU, any memory format.
        kernel: from ``transform_kernel``.
        relu: rectify in the same pass; the gradient then is zero where the output is.

    Returns:
        Shape (B, K, H, W), channels last in memory. Differentiable once with respect to ``x``.

    Raises:
        ShapeError: if ``x`` has other channels than the kernel.
    """
    if x.ndim != 4 or x.shape[1] != kernel.forward.shape[1]:
        raise ShapeError(
            f"This kernel needs features of shape (B, {kernel.forward.shape[1]}, H, W), got {tuple(x.shape)}."
        )
    return _Convolution.apply(x, kernel, relu)


def convolve_rows(pieces: Sequence[Tensor], kernel: Kernel, *, relu: bool = False) -> Tensor:
    """Return some rows of what ``convolve`` returns, from the rows that they depend on.

    Args:
        pieces: rows of the input from top to bottom, each of shape (B, C, h, W), together one row more above and one more
            below than are wanted: zeros where the picture ends.
        kernel, relu: as for ``convolve``.

    Returns:
        Shape (B, K, h - 2, W) with the sum h of all heights, channels last in memory. No gradient flows through it.
    """
    return _winograd(pieces, kernel.forward, kernel.bias, relu, edges=False)


def pull_rows(pieces: Sequence[Tensor], kernel: Kernel) -> Tensor:
    """Return some rows of the gradient with respect to what ``convolve`` got, from that with respect to what it gave.

    Args:
        pieces: rows of the latter, each of shape (B, K, h, W), as for ``convolve_rows``. The ReLU is not part of it.
        kernel: from ``transform_kernel``.

    Returns:
        Shape (B, C, h - 2, W) with the sum h of all heights, channels last in memory.
    """
    return _winograd(pieces, kernel.backward, None, False, edges=False)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, kernel: Kernel, relu: bool) -> Tensor:
        y = _winograd([x], kernel.forward, kernel.bias, relu)
        ctx.kernel = kernel
        ctx.save_for_backward(y if relu else None)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _winograd([gradient], ctx.kernel.backward, None, False, opened=ctx.saved_tensors[0]), None, None


@torch.enable_grad()
def error_of(kernel: Kernel, weight: Tensor) -> float:
    """Return the relative error of a transformed kernel against direct convolution, forward and backward, on noise.

    Args:
        kernel: from ``transform_kernel``. weight: what it was made from, shape (K, C, 3, 3).
    """
    noise = torch.randn(1, weight.shape[1], 6, 7, generator=torch.Generator().manual_seed(0))
    results = []
    for run in (lambda x: convolve(x, kernel), lambda x: F.conv2d(x, weight, kernel.bias, padding=1)):
        x = noise.clone().requires_grad_(True)
        y = run(x)
        y.square().sum().backward()
        results.append((y.detach(), x.grad))
    return max(((ours - direct).norm() / direct.norm()).item() for ours, direct in zip(*results, strict=True))


def _transform(weight: Tensor) -> Tensor:
    """Return G w G^T for each pair of channels, (K, C, 3, 3) to (36, C, K)."""
    out, channels = weight.shape[:2]
    transformed = torch.empty(PATCH * PATCH, channels, out)
    # In double precision, a few kernels at a time: all at once would be the largest memory of a small picture's transfer.
    for some, kernels in zip(transformed.split(64, 2), weight.detach().cpu().split(64), strict=True):
        some.copy_(torch.einsum("ia,kcab,jb->ijck", KERNEL, kernels.double(), KERNEL).flatten(0, 1))
    return transformed


def _winograd(
    pieces: Sequence[Tensor],
    kernel: Factors,
    bias: Tensor | None,
    relu: bool,
    *,
    edges: bool = True,
    opened: Tensor | None = None,
) -> Tensor:
    """Convolve each image in bands of tile rows that fit into the cache.

    Args:
        pieces: the image's rows, from top to bottom.
        edges: whether a row of zeros stands above them and one below; else they have the rows that the kernel needs.
        opened: take the only piece for 0 where this tensor of the same shape is: the gradient of a ReLU that gave it.
    """
    x = pieces[0]
    batch, channels, _, width = x.shape
    height = sum(piece.shape[2] for piece in pieces) - (0 if edges else 2)
    out = kernel.shape[2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = _padded(pieces, opened, rows, columns, above=int(edges))
    result = x.new_empty(batch, rows * TILE, columns * TILE, out)
    most = max(1, CACHE // (4 * PATCH * PATCH * columns * max(channels, out)))
    band = -(-rows // -(-rows // most))  # as few bands as the cache allows, all of about one height
    for image in range(batch):
        for row in range(0, rows, band):
            count = min(band, rows - row)
            tiles = _band(padded[image], row, count, columns, kernel)  # (16, count * columns * K)
            tiles = tiles.view(TILE, TILE, count, columns, out).permute(2, 0, 3, 1, 4)
            target = result[image, row * TILE : (row + count) * TILE].view(count, TILE, columns, TILE, out)
            target.copy_(tiles) if bias is None else torch.add(tiles, bias, out=target)
            if relu:
                target.relu_()
    return result[:, :height, :width].permute(0, 3, 1, 2)


def _padded(pieces: Sequence[Tensor], opened: Tensor | None, rows: int, columns: int, *, above: int) -> Tensor:
    """Return images with a pixel of zeros on the left and the right, and more to the right and below to complete the tiles.

    Shape (B, H', W', C). Each place is written once: ``F.pad`` would fill everything with zeros first.

    Args:
        above: how many rows of zeros to begin with.
    """
    batch, channels, _, width = pieces[0].shape
    padded = pieces[0].new_empty(batch, rows * TILE + 2, columns * TILE + 2, channels)
    top = above
    for piece in pieces:
        inner = padded[:, top : top + piece.shape[2], 1 : width + 1].permute(0, 3, 1, 2)  # (B, C, h, W)
        if opened is None:
            inner.copy_(piece)
        else:
            torch.ops.aten.threshold_backward.grad_input(piece, opened, 0, grad_input=inner)
        top += piece.shape[2]
    for margin in (padded[:, :above], padded[:, top:], padded[:, :, 0], padded[:, :, width + 1 :]):
        margin.zero_()
    return padded


def _band(padded: Tensor, row: int, count: int, columns: int, kernel: Factors) -> Tensor:
    """Return the transformed outputs of ``count`` rows of tiles, (16, count * columns * K)."""
    _, stride, channels = padded.shape
    stride *= channels
    overlapping = padded.as_strided(
        (PATCH, PATCH, count, columns, channels),
        (stride, channels, TILE * stride, TILE * channels, 1),
        padded.storage_offset() + row * TILE * stride,
    )
    patches = overlapping.reshape(PATCH * PATCH, -1)  # a copy: the tiles overlap
    transformed = mm(INPUT_2D, patches).view(PATCH * PATCH, count * columns, channels)
    return mm(OUTPUT_2D, kernel.after(transformed).flatten(1))  # 36 products of (tiles, C) and (C, K)
