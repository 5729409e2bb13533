"""Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 3 x 3): 3 x 3 convolutions with fewer multiplications (Lavin and Gray, 2016).

A direct 3 x 3 convolution spends 9 multiplications on each output pixel and pair of channels. Winograd's algorithm computes
a tile of 4 x 4 outputs from a tile of 6 x 6 inputs with 36 multiplications instead of 144: both tile and kernel are
transformed, multiplied point by point, and the product is transformed back. The transforms cost additions that do not
depend on the *pair* of channels, so they are cheap where channels are many. A tile of 2 x 2 outputs takes 16 instead of 36:
less is saved, but its kernels are 16 numbers for each pair of channels instead of 36, and where positions are few, reading
the kernels is what takes the time.

The kernels are frozen, so each is transformed once (``nstlib.kernels.convolutions``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.kernels.laid_out import Kernel, Rows, lay_out
from nstlib.kernels.products import Factors, mm

CACHE = 16_000_000  # bytes of transformed tiles worked on at a time: a few rows of tiles, for products worth their call


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


class Winograd:
    """One of Winograd's algorithms for kernels of 3 x 3, known by its transforms along one axis.

    Attributes:
        tile: outputs of one tile, along each axis. patch: inputs that they depend on, ``tile + 2``.
        inputs: B^T, shape (patch, patch). kernels: G, shape (patch, 3). outputs: A^T, shape (tile, patch); in float64.
        inputs_2d, outputs_2d: both axes of a tile at once, one matrix instead of two products: shapes (patch^2, patch^2)
            and (tile^2, patch^2), in float32.
    """

    def __init__(self, inputs: list[list[float]], kernels: list[list[float]], outputs: list[list[float]]):
        self.tile, self.patch = len(outputs), len(inputs)
        self.inputs, self.kernels, self.outputs = (
            torch.tensor(each, dtype=torch.float64) for each in (inputs, kernels, outputs)
        )
        self.inputs_2d = torch.kron(self.inputs, self.inputs).float()
        self.outputs_2d = torch.kron(self.outputs, self.outputs).float()

    def transform_kernel(self, weight: Tensor, bias: Tensor) -> Kernel:
        """Return a kernel transformed, ready for ``nstlib.kernels.convolutions.convolve``.

        Args:
            weight: shape (K, C, 3, 3). bias: shape (K,).

        Raises:
            ShapeError: if the kernel is not 3 x 3.
        """
        return lay_out(weight, bias, lambda each: Factors(self._transform(each)), self._convolve)

    def _transform(self, weight: Tensor) -> Tensor:
        """Return G w G^T for each pair of channels, (K, C, 3, 3) to (patch^2, C, K)."""
        out, channels = weight.shape[:2]
        transformed = torch.empty(self.patch**2, channels, out)
        # In double precision, a few kernels at a time: all at once would be a small picture's largest memory.
        for some, kernels in zip(transformed.split(64, 2), weight.split(64), strict=True):
            some.copy_(torch.einsum("ia,kcab,jb->ijck", self.kernels, kernels.double(), self.kernels).flatten(0, 1))
        return transformed

    def _convolve(self, rows: Rows, kernel: Factors, bias: Tensor | None, relu: bool) -> Tensor:
        """Convolve each image in bands of tile rows that fit into the cache; see ``nstlib.kernels.laid_out.Algorithm``."""
        tile, patch = self.tile, self.patch
        batch, channels, height, width = rows.shape
        out = kernel.shape[2]
        high, columns = -(-height // tile), -(-width // tile)  # tiles
        around = rows.padded(high * tile + 2, columns * tile + 2)
        result = around.new_empty(batch, high * tile, columns * tile, out)
        most = max(1, CACHE // (4 * patch**2 * columns * max(channels, out)))
        band = -(-high // -(-high // most))  # as few bands as the cache allows, all of about one height
        for image in range(batch):
            for row in range(0, high, band):
                count = min(band, high - row)
                tiles = self._band(around[image], row, count, columns, kernel)  # (tile^2, count * columns * K)
                tiles = tiles.view(tile, tile, count, columns, out).permute(2, 0, 3, 1, 4)
                target = result[image, row * tile : (row + count) * tile].view(count, tile, columns, tile, out)
                target.copy_(tiles) if bias is None else torch.add(tiles, bias, out=target)
                if relu:
                    target.relu_()
        return result[:, :height, :width].permute(0, 3, 1, 2)

    def _band(self, around: Tensor, row: int, count: int, columns: int, kernel: Factors) -> Tensor:
        """Return the transformed outputs of ``count`` rows of tiles, (tile^2, count * columns * K)."""
        tile, patch = self.tile, self.patch
        _, stride, channels = around.shape
        stride *= channels
        overlapping = around.as_strided(
            (patch, patch, count, columns, channels),
            (stride, channels, tile * stride, tile * channels, 1),
            around.storage_offset() + row * tile * stride,
        )
        patches = overlapping.reshape(patch**2, -1)  # a copy: the tiles overlap
        transformed = mm(self.inputs_2d, patches).view(patch**2, count * columns, channels)
        return mm(self.outputs_2d, kernel.after(transformed).flatten(1))  # patch^2 products of (tiles, C) and (C, K)


# Lavin and Gray (2016), sections 4.1 and 4.3.
F2X2 = Winograd(
    [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    [[1, 1, 1, 0], [0, 1, -1, -1]],
)
F4X4 = Winograd(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
)
