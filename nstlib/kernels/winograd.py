"""Winograd's F(4 x 4, 3 x 3): 3 x 3 convolutions with a quarter of the multiplications (Lavin and Gray, 2016).

A direct 3 x 3 convolution spends 9 multiplications on each output pixel and pair of channels. Winograd's algorithm computes
a tile of 4 x 4 outputs from a tile of 6 x 6 inputs with 36 multiplications instead of 144: both tile and kernel are
transformed, multiplied point by point, and the product is transformed back. The transforms cost additions that do not
depend on the *pair* of channels, so they are cheap where channels are many.

The kernels are frozen, so each is transformed once (``nstlib.kernels.convolutions``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.kernels.laid_out import Kernel, Rows, lay_out
from nstlib.kernels.products import Factors, mm

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


def transform_kernel(weight: Tensor, bias: Tensor) -> Kernel:
    """Return a kernel transformed, ready for ``nstlib.kernels.convolutions.convolve``.

    Args:
        weight: shape (K, C, 3, 3). bias: shape (K,).

    Raises:
        ShapeError: if the kernel is not 3 x 3.
    """
    return lay_out(weight, bias, lambda each: Factors(_transform(each)), _convolve)


def _transform(weight: Tensor) -> Tensor:
    """Return G w G^T for each pair of channels, (K, C, 3, 3) to (36, C, K)."""
    out, channels = weight.shape[:2]
    transformed = torch.empty(PATCH * PATCH, channels, out)
    # In double precision, a few kernels at a time: all at once would be the largest memory of a small picture's transfer.
    for some, kernels in zip(transformed.split(64, 2), weight.split(64), strict=True):
        some.copy_(torch.einsum("ia,kcab,jb->ijck", KERNEL, kernels.double(), KERNEL).flatten(0, 1))
    return transformed


def _convolve(rows: Rows, kernel: Factors, bias: Tensor | None, relu: bool) -> Tensor:
    """Convolve each image in bands of tile rows that fit into the cache; see ``nstlib.kernels.laid_out.Algorithm``."""
    batch, channels, height, width = rows.shape
    out = kernel.shape[2]
    high, columns = -(-height // TILE), -(-width // TILE)  # tiles
    around = rows.padded(high * TILE + 2, columns * TILE + 2)
    result = around.new_empty(batch, high * TILE, columns * TILE, out)
    most = max(1, CACHE // (4 * PATCH * PATCH * columns * max(channels, out)))
    band = -(-high // -(-high // most))  # as few bands as the cache allows, all of about one height
    for image in range(batch):
        for row in range(0, high, band):
            count = min(band, high - row)
            tiles = _band(around[image], row, count, columns, kernel)  # (16, count * columns * K)
            tiles = tiles.view(TILE, TILE, count, columns, out).permute(2, 0, 3, 1, 4)
            target = result[image, row * TILE : (row + count) * TILE].view(count, TILE, columns, TILE, out)
            target.copy_(tiles) if bias is None else torch.add(tiles, bias, out=target)
            if relu:
                target.relu_()
    return result[:, :height, :width].permute(0, 3, 1, 2)


def _band(around: Tensor, row: int, count: int, columns: int, kernel: Factors) -> Tensor:
    """Return the transformed outputs of ``count`` rows of tiles, (16, count * columns * K)."""
    _, stride, channels = around.shape
    stride *= channels
    overlapping = around.as_strided(
        (PATCH, PATCH, count, columns, channels),
        (stride, channels, TILE * stride, TILE * channels, 1),
        around.storage_offset() + row * TILE * stride,
    )
    patches = overlapping.reshape(PATCH * PATCH, -1)  # a copy: the tiles overlap
    transformed = mm(INPUT_2D, patches).view(PATCH * PATCH, count * columns, channels)
    return mm(OUTPUT_2D, kernel.after(transformed).flatten(1))  # 36 products of (tiles, C) and (C, K)
