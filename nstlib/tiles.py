"""Exact tiles: any size in bounded memory, without a seam (chapter 15).

What needs memory is the way back: every activation must still be there. Or must it? The network is frozen: nobody asks for
the gradient of a kernel, which alone would need the activations. The way back to the *pixels* asks a ReLU only where it was
open, and a pooling only which of its four was largest: a byte for each, exactly (Jain et al., 2018, "Gist"). Only a layer
with a loss needs its activations. They are computed once more from the block's input, and no deeper than that layer.

And what is alive for a moment, the activations at full resolution, is computed in strips of rows. Two facts make this
exact, so that no seam can show. A block of k convolutions sees k rows beyond a strip and no further: a strip with that
margin gives the very activations of the whole. And every loss of style transfer is made of *sums over positions* (a Gram
matrix, a squared distance), and a sum over the whole is the sum of the sums over its strips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.features import POOLINGS, Features

# Of one activation of a strip: smaller ones work on margins, larger ones are beyond the 32 MB that every C library keeps.
STRIP_BYTES = 24_000_000
OPEN = 4  # added to the number of a window's largest corner if that is above zero

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


def split(block: Block, pooling: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which layers of a tiled block are computed again on the way back, and of which ReLUs the signs are kept.

    Args:
        pooling: the network's. With "max", what the last ReLU lets through, the pooling behind it knows.
    """
    depth = max((number for number, layer in enumerate(block.layers, 1) if layer in block.wanted), default=0)
    relus = tuple(layer for layer in block.layers[depth:] if layer.startswith("relu"))
    return block.layers[:depth], relus[:-1] if pooling == "max" else relus


def strip_rows(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    """Return which rows of the input, [first, last), the rows [start, stop) of the output depend on.

    Each 3 x 3 convolution with padding 1 looks one row up and one down; beyond the picture's edge there is only padding.

    Args:
        start: first row of the output. stop: the row behind its last one.
        height: of the picture, in rows. convolutions: how many follow each other.
    """
    return max(0, start - convolutions), min(height, stop + convolutions)


class _Strip(NamedTuple):
    """Rows [start, stop) of a block's layers, and the rows [first, last) of its input that they depend on."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def rows(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def seen(self) -> slice:
        return slice(self.first, self.last)

    @property
    def inner(self) -> slice:
        """Where ``rows`` are in what was computed from ``seen``."""
        return slice(self.start - self.first, self.stop - self.first)

    @property
    def pooled(self) -> slice:
        """Which rows of the pooling behind the block come from ``rows``."""
        return slice(self.start // 2, self.stop // 2)


class _Trace(NamedTuple):
    """What the way back needs to know of one strip, besides the block's input.

    Attributes:
        opened: for ReLUs, where they let something through: booleans of the activations' shape.
        chosen: for max pooling, which of its four was largest, plus ``OPEN`` where that was above zero.
    """

    opened: dict[str, Tensor]
    chosen: Tensor | None


class _Work:
    """One block, strip by strip: the way there and the way back.

    Attributes:
        counts: afterwards, how many statistics each layer has.
    """

    def __init__(self, network: Features, block: Block, statistics: Statistics, rows: int, *, is_image: bool):
        self.network, self.block, self.statistics = network, block, statistics
        self.counts: dict[str, int] = {}
        self._rows, self._is_image = rows + rows % 2, is_image
        self._again, self._kept = split(block, network.pooling)

    def strips(self, height: int) -> Iterator[_Strip]:
        """Yield the strips. They begin at even rows, so that no pooling window is cut, and none is a single row."""
        start = 0
        while start < height:
            stop = height if height - start <= self._rows + 1 else start + self._rows
            yield _Strip(start, stop, *strip_rows(start, stop, height, self.block.convolutions))
            start = stop

    def up(self, x: Tensor, strip: _Strip) -> tuple[list[Tensor], Tensor, _Trace]:
        """Return the statistics of a strip, what it gives to the next block (no rows if there is none), and its trace.

        Args:
            x: the rows ``strip.seen`` of the block's input.
        """
        block, sums = self.block, []
        features, x = self._through(x, block.layers, {*block.wanted, *self._kept})
        for layer, activations in features.items():
            if layer in block.wanted:
                sums += self._sums(layer, activations[:, :, strip.inner], strip.rows)
        opened = {layer: features[layer].bool() for layer in self._kept}  # rectified: not 0 is above 0
        if block.pool is None:
            return sums, x[:, :, :0], _Trace(opened, None)
        pooled, chosen = _pool(x[:, :, strip.inner], self.network.pooling)
        if block.pool in block.wanted:
            sums += self._sums(block.pool, pooled, strip.pooled)
        return sums, pooled, _Trace(opened, chosen)

    def down(
        self, x: Tensor, strip: _Strip, trace: _Trace, behind: Tensor, pulls: Mapping[str, list[Tensor]]
    ) -> Tensor:
        """Return the gradient with respect to the rows ``x`` that ``up`` got.

        Args:
            trace: from ``up``.
            behind: the gradient with respect to what ``up`` gave to the next block.
            pulls: the gradients with respect to the statistics of each layer.
        """
        block = self.block
        relus = [layer for layer in self._again if layer.startswith("relu")]
        features, _ = self._through(x, self._again, {*block.wanted, *relus})
        opened = trace.opened | {layer: features[layer].bool() for layer in relus}
        channels = self.network.channels(block.layers[-1])
        gradient = x.new_empty(x.shape[0], x.shape[2], x.shape[3], channels).permute(0, 3, 1, 2)  # channels last
        if block.pool is None:
            gradient.zero_()
        else:
            gradient[:, :, : strip.start - strip.first].zero_()
            gradient[:, :, strip.stop - strip.first :].zero_()
            _unpool(behind, trace.chosen, gradient[:, :, strip.inner])
        for layer in reversed(block.layers):
            if layer in block.wanted:
                inner = features[layer][:, :, strip.inner]
                gradient[:, :, strip.inner] += self.pull(layer, inner, strip.rows, pulls[layer])
            if layer in opened:
                gradient *= _bytes(opened[layer])  # faster than with booleans
            elif layer.startswith("conv"):
                gradient = self.network.pull(layer, gradient, fast=self.network.winograd)
        return self._unprepared(x, gradient) if self._is_image else gradient

    def pull(self, layer: str, activations: Tensor, rows: slice, pulls: list[Tensor]) -> Tensor:
        """Return the gradient with respect to some rows of a layer from those with respect to its statistics."""
        with torch.enable_grad():
            leaf = activations.detach().requires_grad_(True)
            return torch.autograd.grad(self.statistics(layer, leaf, rows), leaf, pulls)[0]

    def _through(self, x: Tensor, layers: tuple[str, ...], wanted: set[str]) -> tuple[dict[str, Tensor], Tensor]:
        x = self.network.prepared(x) if self._is_image else x
        return self.network.through(x, layers, wanted, fast=self.network.winograd)

    def _unprepared(self, x: Tensor, gradient: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_(True)
            return torch.autograd.grad(self.network.prepared(leaf), leaf, gradient)[0]

    def _sums(self, layer: str, activations: Tensor, rows: slice) -> tuple[Tensor, ...]:
        sums = self.statistics(layer, activations, rows)
        self.counts[layer] = len(sums)
        return sums


class _Tiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, work: _Work) -> tuple[Tensor, ...]:
        ctx.work, ctx.traces = work, []
        totals: list[Tensor] = []
        output, height = None, x.shape[2]
        for strip in work.strips(height):
            sums, piece, trace = work.up(x[:, :, strip.seen], strip)
            totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
            if output is None:
                batch, channels, _, width = piece.shape
                rows = 0 if work.block.pool is None else height // 2
                output = piece.new_empty(batch, rows, width, channels).permute(0, 3, 1, 2)  # channels last in memory
            output[:, :, strip.pooled] = piece
            if ctx.needs_input_grad[0]:
                ctx.traces.append(trace)
        ctx.save_for_backward(x, output)
        return *totals, output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, None]:
        (x, output), work = ctx.saved_tensors, ctx.work
        *of_sums, of_output = gradients
        pulls: dict[str, list[Tensor]] = {}
        for layer, count in work.counts.items():
            pulls[layer], of_sums = of_sums[:count], of_sums[count:]
        result, pool = torch.zeros_like(x), work.block.pool
        for strip, trace in zip(work.strips(x.shape[2]), ctx.traces, strict=True):
            behind = of_output[:, :, strip.pooled]
            if pool in pulls:
                behind = behind + work.pull(pool, output[:, :, strip.pooled], strip.pooled, pulls[pool])
            result[:, :, strip.seen] += work.down(x[:, :, strip.seen], strip, trace, behind, pulls)
        return result, None


def _pool(x: Tensor, pooling: str) -> tuple[Tensor, Tensor | None]:
    """Return what 2 x 2 pooling of rectified features gives, and for max pooling which of the four was largest.

    Of equal ones it is the first, as in torch; its number, from 0, has ``OPEN`` added where the ReLU lets something back.
    """
    if pooling != "max":
        return POOLINGS[pooling](x, 2), None
    one, two, three, four = _corners(x)
    above, below = torch.maximum(one, two), torch.maximum(three, four)
    largest = torch.maximum(above, below)
    # Masks are bytes of 0 and 1. Arithmetic with bytes takes a fraction of the time of writing where a mask says.
    upper, lower = _bytes(two > one), _bytes(four > three) + 2
    chosen = upper + (lower - upper) * _bytes(below > above)
    return largest, chosen.add_(_bytes(largest.bool()), alpha=OPEN)


def _unpool(gradient: Tensor, chosen: Tensor | None, into: Tensor) -> None:
    """Write the gradient with respect to what ``_pool`` got."""
    height, width = (side // 2 * 2 for side in into.shape[2:])
    for left_over in (into[:, :, height:], into[:, :, :, width:]):  # an odd row or column is in no window
        left_over.zero_()
    for number, corner in enumerate(_corners(into)):
        if chosen is None:
            corner.copy_(gradient / 4)
        else:
            torch.mul(gradient, chosen == number + OPEN, out=corner)


def _bytes(mask: Tensor) -> Tensor:
    """Return booleans as the bytes that they are, 0 and 1."""
    return mask.view(torch.uint8)


def _corners(x: Tensor) -> list[Tensor]:
    """Return the four corners of all pooling windows, row by row; a last odd row or column belongs to none."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    return [x[:, :, row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]


def _strip_height(channels: int, width: int) -> int:
    return max(16, STRIP_BYTES // (4 * channels * width) // 2 * 2)
