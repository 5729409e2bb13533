"""Exact tiles: any size in bounded memory, without a seam (chapter 15).

What needs memory is the way back: every activation must still be there. Most of it lies in the first blocks, at full
resolution, where the network does the least work. So those blocks are computed in tiles, strips of rows: the way there
keeps only what goes on to the next block, and the way back computes each strip once more (checkpointing: Griewank and
Walther, 2000; Chen et al., 2016).

Two facts make this exact, so that no seam can show. A block of k convolutions sees k rows beyond a strip and no further:
a strip with that margin gives the very activations of the whole. And every loss of style transfer is made of *sums over
positions* (a Gram matrix, a squared distance), and a sum over the whole is the sum of the sums over its strips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.features import Features

STRIP_BYTES = 16_000_000  # of one activation of a strip: larger ones wait for memory, smaller ones work on margins

# From a layer, some of its rows and which rows these are (a slice) to tensors that add up over rows.
Statistics = Callable[[str, Tensor, slice], tuple[Tensor, ...]]


class Block(NamedTuple):
    """What lies between two poolings.

    Attributes:
        layers: its convolutions and ReLUs, as deep as they are needed. convolutions: how many there are.
        pool: the pooling behind it, or None behind the last one.
        wanted: the layers whose statistics are asked for.
    """

    layers: tuple[str, ...]
    convolutions: int
    pool: str | None
    wanted: tuple[str, ...]


def measure(
    network: Features,
    image: Tensor,
    layers: tuple[str, ...],
    statistics: Statistics,
    *,
    tiled: int = 0,
    rows: int | None = None,
) -> dict[str, tuple[Tensor, ...]]:
    """Return statistics of a network's activations, computing its first blocks in tiles.

    Args:
        network: runs as in ``network.fast``.
        image: shape (B, 3, H, W). The result is differentiable once with respect to it.
        layers: whose statistics are wanted, in the papers' spelling.
        statistics: called with a layer's name, rows of its activations, shape (B, C, h, W), and which rows they are. Each
            tensor it returns must be a sum over positions: what it returns for the whole is the sum over strips.
        tiled: how many blocks, from the image on, are computed in strips; 0 computes everything at once.
        rows: height of a strip, even; None chooses it by ``STRIP_BYTES``.

    Returns:
        For each layer what ``statistics`` says about all of its rows.
    """
    network.check_image(image, max(layers, key=network.layers.index))
    blocks = list(blocks_of(network, layers))
    found: dict[str, tuple[Tensor, ...]] = {}
    x = image
    for number, block in enumerate(blocks):
        if number < tiled:
            height = rows or _strip_height(network.channels(block.layers[0]), x.shape[3])
            work = _Work(network, block, statistics, height, is_image=number == 0)
            *sums, x = _Tiled.apply(x, work)
            for layer, count in work.counts.items():
                found[layer], sums = tuple(sums[:count]), sums[count:]
        else:
            x = network.prepared(x) if number == 0 else x
            names = block.layers if block.pool is None else (*block.layers, block.pool)
            features, x = network.through(x, names, block.wanted, fast=network.winograd)
            for layer, activations in features.items():
                found[layer] = statistics(layer, activations, slice(0, activations.shape[2]))
    return {layer: found[layer] for layer in layers}


def blocks_of(network: Features, layers: tuple[str, ...]) -> Iterator[Block]:
    """Yield the network's blocks, from the image to the deepest of ``layers``."""
    depth = max(network.layers.index(layer) for layer in layers)
    names: list[str] = []
    for index, layer in enumerate(network.layers[: depth + 1]):
        is_pool = layer.startswith("pool")
        if not is_pool:
            names.append(layer)
        if is_pool or index == depth:
            pool = layer if is_pool else None
            wanted = tuple(name for name in (*names, pool) if name in layers)
            yield Block(tuple(names), sum(name.startswith("conv") for name in names), pool, wanted)
            names = []


def strip_rows(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    """Return which rows of the input, [first, last), the rows [start, stop) of the output depend on.

    Each 3 x 3 convolution with padding 1 looks one row up and one down; beyond the picture's edge there is only padding.

    Args:
        start: first row of the output. stop: the row behind its last one.
        height: of the picture, in rows. convolutions: how many follow each other.
    """
    return max(0, start - convolutions), min(height, stop + convolutions)


class _Work:
    """What a tiled block needs to know; ``counts`` says afterwards how many statistics each layer has."""

    def __init__(self, network: Features, block: Block, statistics: Statistics, rows: int, *, is_image: bool):
        self.network, self.block, self.statistics = network, block, statistics
        self.rows, self.is_image = rows + rows % 2, is_image
        self.counts: dict[str, int] = {}

    def strips(self, height: int) -> Iterator[tuple[int, int]]:
        """Yield the strips' rows. They begin at even rows, so that no pooling window is cut, and none is a single row."""
        start = 0
        while start < height:
            stop = height if height - start <= self.rows + 1 else start + self.rows
            yield start, stop
            start = stop

    def rows_behind(self, start: int, stop: int) -> slice:
        """Return which rows of the block's output come from the rows [start, stop); none if nothing follows it."""
        return slice(0, 0) if self.block.pool is None else slice(start // 2, stop // 2)

    def run(self, x: Tensor, start: int, stop: int, height: int) -> tuple[list[Tensor], Tensor]:
        """Return the statistics of the rows [start, stop) and what they give to the next block.

        Args:
            x: the rows of the block's input that ``strip_rows`` names.
        """
        network, block = self.network, self.block
        first, _ = strip_rows(start, stop, height, block.convolutions)
        inner = slice(start - first, stop - first)
        x = network.prepared(x) if self.is_image else x
        features, x = network.through(x, block.layers, block.wanted, fast=network.winograd)
        sums: list[Tensor] = []
        for layer, activations in features.items():
            sums += self._add(layer, activations[:, :, inner], slice(start, stop))
        if block.pool is None:
            return sums, x[:, :, :0]
        _, x = network.through(x[:, :, inner], (block.pool,), (), fast=False)
        if block.pool in block.wanted:
            sums += self._add(block.pool, x, self.rows_behind(start, stop))
        return sums, x

    def _add(self, layer: str, activations: Tensor, rows: slice) -> list[Tensor]:
        sums = list(self.statistics(layer, activations, rows))
        self.counts[layer] = len(sums)
        return sums


class _Tiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, work: _Work) -> tuple[Tensor, ...]:
        ctx.work = work
        ctx.save_for_backward(x)
        totals: list[Tensor] = []
        output, height = None, x.shape[2]
        for start, stop in work.strips(height):
            first, last = strip_rows(start, stop, height, work.block.convolutions)
            sums, piece = work.run(x[:, :, first:last], start, stop, height)
            totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
            if output is None:
                batch, channels, _, width = piece.shape
                rows = work.rows_behind(0, height).stop
                output = piece.new_empty(batch, rows, width, channels).permute(0, 3, 1, 2)  # channels last in memory
            output[:, :, work.rows_behind(start, stop)] = piece
        return *totals, output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,), work = ctx.saved_tensors, ctx.work
        *of_sums, of_output = gradients
        result, height = torch.zeros_like(x), x.shape[2]
        for start, stop in work.strips(height):
            first, last = strip_rows(start, stop, height, work.block.convolutions)
            with torch.enable_grad():
                strip = x[:, :, first:last].detach().requires_grad_(True)
                sums, piece = work.run(strip, start, stop, height)
            (pull,) = torch.autograd.grad(
                [*sums, piece], strip, [*of_sums, of_output[:, :, work.rows_behind(start, stop)]]
            )
            result[:, :, first:last] += pull
        return result, None


def _strip_height(channels: int, width: int) -> int:
    return max(16, STRIP_BYTES // (4 * channels * width) // 2 * 2)
