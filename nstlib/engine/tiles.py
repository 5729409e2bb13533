"""Exact tiles: any size in bounded memory, without a seam (chapter on the engine).

What needs memory is the way back: every activation must still be there. Or must it? The network is frozen: nobody asks for
the gradient of a kernel, which alone would need the activations. The way back to the *pixels* asks a ReLU only where it was
open, and a pooling only which of its four was largest: a byte for each, exactly (Jain et al., 2018, "Gist"). Only a layer
with a loss needs its activations. Where few channels make them, they are computed once more from the block's input, and no
deeper than that layer; where many do, they are few themselves, and kept.

And what is alive for a moment, the activations at full resolution, is computed in strips of rows. Two facts make this
exact, so that no seam can show. A convolution sees one row beyond a strip and no further: with that row it gives the very
activations of the whole. And every loss of style transfer is made of *sums over positions* (a Gram matrix, a squared
distance), and a sum over the whole is the sum of the sums over its strips.

Nothing is computed twice for that row. Each convolution of a block is a row behind the one before it, and keeps the last
two rows that it got for the next strip: so line buffers work in circuits that filter a picture as it streams by. The way
back goes from the last strip to the first, with the *first* two rows of each gradient kept, and meets every layer in the
same rows as the way there.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.features import POOLINGS, Features
from nstlib.vgg import Architecture

# Of one activation of a strip: smaller ones make short products, larger ones need more memory at a time.
STRIP_BYTES = 16_000_000
# Convolutions of more input channels are not computed again: what they gave is kept. Of the classic losses' layers that is
# relu4_1 and relu4_2: 270 MB at 2048 px, and a twelfth of all multiplications less.
AGAIN_CHANNELS = 128
OPEN = 4  # added to the number of a window's largest corner if that is above zero

# From a layer, some of its rows and which rows these are (a slice) to tensors that add up over rows.
Statistics = Callable[[str, Tensor, slice], tuple[Tensor, ...]]
# From the same and the gradients with respect to the statistics, to that with respect to the activations.
Pull = Callable[[str, Tensor, slice, Sequence[Tensor]], Tensor]


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
    pull: Pull | None = None,
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
        pull: the way back through ``statistics``, in strips. None leaves it to autograd, which first computes them again.
        tiled: how many blocks, from the image on, are computed in strips; 0 computes everything at once.
        rows: height of a strip, even; None chooses it by ``STRIP_BYTES``.

    Returns:
        For each layer what ``statistics`` says about all of its rows.
    """
    network.check_image(image, network.architecture.down_to(layers)[-1])
    blocks = list(blocks_of(network.architecture, layers))
    found: dict[str, tuple[Tensor, ...]] = {}
    x = image
    for number, block in enumerate(blocks):
        if number < tiled:
            height = rows or _strip_height(network.channels(block.layers[0]), x.shape[3])
            work = _Work(network, block, statistics, pull, height, is_image=number == 0)
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


def blocks_of(architecture: Architecture, layers: tuple[str, ...]) -> Iterator[Block]:
    """Yield the network's blocks, from the image to the deepest of ``layers``."""
    names: list[str] = []
    run = architecture.down_to(layers)
    for layer in run:
        is_pool = layer.startswith("pool")
        if not is_pool:
            names.append(layer)
        if is_pool or layer == run[-1]:
            pool = layer if is_pool else None
            wanted = tuple(name for name in (*names, pool) if name in layers)
            yield Block(tuple(names), sum(name.startswith("conv") for name in names), pool, wanted)
            names = []


class Split(NamedTuple):
    """What the way back through a tiled block has of its layers.

    Attributes:
        again: those computed again, from the block's input on.
        kept: those with a loss whose activations are kept.
        signs: ReLUs of which only is kept where they were open.
    """

    again: tuple[str, ...]
    kept: tuple[str, ...]
    signs: tuple[str, ...]

    def needs_input(self, *, is_image: bool) -> bool:
        """Return whether the way back asks for the values of the block's input, and not only for its shape."""
        return is_image or bool(self.again)


def split(block: Block, architecture: Architecture, pooling: str) -> Split:
    """Return what is computed again and what is kept for the way back through a tiled block."""
    layers = block.layers
    depth = max((number for number, layer in enumerate(layers, 1) if layer in block.wanted), default=0)
    convolutions = [layer for layer in layers[:depth] if layer.startswith("conv")]
    if any(architecture.kernels[layer][0] > AGAIN_CHANNELS for layer in convolutions):
        depth = 0
    kept = tuple(layer for layer in layers[depth:] if layer in block.wanted)
    relus = tuple(layer for layer in layers[depth:] if layer.startswith("relu"))
    if pooling == "max" and block.pool is not None:
        relus = relus[:-1]  # what the last one lets through, the pooling behind it knows
    return Split(layers[:depth], kept, tuple(layer for layer in relus if layer not in kept))


def strip_rows(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    """Return which rows of the input, [first, last), the rows [start, stop) of the output depend on.

    Each 3 x 3 convolution with padding 1 looks one row up and one down; beyond the picture's edge there is only padding.

    Args:
        start: first row of the output. stop: the row behind its last one.
        height: of the picture, in rows. convolutions: how many follow each other.
    """
    return max(0, start - convolutions), min(height, stop + convolutions)


class _Strip(NamedTuple):
    """Rows [start, stop) of a block's output, and of each layer those that are computed together with them.

    Attributes:
        height: of the block, in rows. convolutions: how many the block has.
    """

    start: int
    stop: int
    height: int
    convolutions: int

    @property
    def is_first(self) -> bool:
        return self.start == 0

    @property
    def is_last(self) -> bool:
        return self.stop == self.height

    @property
    def pooled(self) -> slice:
        """Which rows of the pooling behind the block come from this strip."""
        return slice(self.start // 2, self.stop // 2)

    @property
    def seen(self) -> slice:
        """Which rows of the block's input its first convolution needs."""
        rows = self.rows(1)
        return slice(*strip_rows(rows.start, rows.stop, self.height, 1))

    def rows(self, convolution: int) -> slice:
        """Return the rows that convolution number 1, 2, ... makes; 0 is the block's input.

        Every layer is a row ahead of the one behind it. Strip for strip, the rows of each layer join without overlap.
        """
        ahead = self.convolutions - convolution
        return slice(0 if self.is_first else self.start + ahead, self.height if self.is_last else self.stop + ahead)


class _Trace(NamedTuple):
    """What the way back needs to know of one strip, besides the block's input.

    Attributes:
        kept: activations of layers with a loss.
        opened: for other ReLUs, where they let something through: booleans of the activations' shape.
        chosen: for max pooling, which of its four was largest, plus ``OPEN`` where that was above zero.
        above: what was carried into the convolutions that are computed again.
    """

    kept: dict[str, Tensor]
    opened: dict[str, Tensor]
    chosen: Tensor | None
    above: dict[str, Tensor]


class _Work:
    """One block, strip by strip: the way there and the way back.

    Attributes:
        counts: afterwards, how many statistics each layer has.
        is_image: whether the block's input is the image.
        needs_input: whether the way back needs the values of the block's input, or only its shape.
        needs_output: likewise of what the block gives to the next one.
    """

    def __init__(
        self,
        network: Features,
        block: Block,
        statistics: Statistics,
        pull: Pull | None,
        rows: int,
        *,
        is_image: bool,
    ):
        self.network, self.block, self.statistics = network, block, statistics
        self.pull = pull or self._autograd
        self.counts: dict[str, int] = {}
        self.is_image, self._rows = is_image, rows + rows % 2
        self._split = split(block, network.architecture, network.pooling)
        self.needs_input = self._split.needs_input(is_image=is_image)
        self.needs_output = block.pool in block.wanted

    def strips(self, height: int) -> list[_Strip]:
        """Return the strips: they begin at even rows, so that no pooling window is cut, and have rows in every layer."""
        strips, start = [], 0
        while start < height:
            stop = height if height - start <= self._rows + self.block.convolutions else start + self._rows
            strips.append(_Strip(start, stop, height, self.block.convolutions))
            start = stop
        return strips

    def up(self, x: Tensor, strip: _Strip, carried: dict[str, Tensor]) -> tuple[list[Tensor], Tensor, _Trace]:
        """Return the statistics of a strip, what it gives to the next block (no rows if there is none), and its trace.

        Args:
            x: the block's input, whole.
            carried: the last two rows that each convolution but the first got; from the strip above, and afterwards from
                this one.
        """
        block, sums, (again, kept, signs) = self.block, [], self._split
        above = {layer: carried[layer] for layer in again if layer in carried}
        features, y = self._through(x, block.layers, {*block.wanted, *signs}, strip, carried)
        for layer, activations in features.items():
            if layer in block.wanted:
                sums += self._sums(layer, activations, self._rows_of(layer, strip))
        activations = {layer: features[layer] for layer in kept}
        opened = {layer: features[layer].bool() for layer in signs}  # rectified: not 0 is above 0
        if block.pool is None:
            return sums, y[:, :, :0], _Trace(activations, opened, None, above)
        pooled, chosen = _pool(y, self.network.pooling)
        if block.pool in block.wanted:
            sums += self._sums(block.pool, pooled, strip.pooled)
        return sums, pooled, _Trace(activations, opened, chosen, above)

    def down(
        self,
        x: Tensor,
        strip: _Strip,
        trace: _Trace,
        behind: Tensor,
        pulls: Mapping[str, list[Tensor]],
        carried: dict[str, Tensor],
    ) -> Tensor:
        """Return the gradient with respect to the block's input, in the rows ``strip.rows(0)``.

        Args:
            x: the block's input, whole; unless ``needs_input``, only its shape counts. trace: from ``up``.
            behind: the gradient with respect to what ``up`` gave to the next block.
            pulls: the gradients with respect to the statistics of each layer.
            carried: the first two rows of the gradient with respect to what each convolution gave; from the strip below,
                and afterwards from this one.
        """
        block = self.block
        features, again = dict(trace.kept), self._split.again
        if again:
            relus = {layer for layer in again if layer.startswith("relu")}
            features |= self._through(x, again, {*block.wanted, *relus}, strip, dict(trace.above))[0]
        known = {layer: features[layer].bool() for layer in features if layer.startswith("relu")}
        opened = trace.opened | known
        shape = (x.shape[0], strip.stop - strip.start, x.shape[3], self.network.channels(block.layers[-1]))
        gradient = x.new_empty(shape).permute(0, 3, 1, 2)  # channels last
        if block.pool is None:
            gradient.zero_()
        else:
            _unpool(behind, trace.chosen, gradient)
        for layer in reversed(block.layers):
            if layer in block.wanted:
                gradient += self.pull(layer, features[layer], self._rows_of(layer, strip), pulls[layer])
            if layer in opened:
                gradient *= _bytes(opened[layer])  # faster than with booleans
            elif layer.startswith("conv"):
                pieces = _pieces(gradient, strip, below=carried.get(layer))
                if not strip.is_first:
                    carried[layer] = gradient[:, :, :2].clone()
                gradient = self.network.convolutions[layer].pull(pieces, fast=self.network.winograd)
        return self._unprepared(x[:, :, strip.rows(0)], gradient) if self.is_image else gradient

    def _autograd(self, layer: str, activations: Tensor, rows: slice, pulls: Sequence[Tensor]) -> Tensor:
        with torch.enable_grad():
            leaf = activations.detach().requires_grad_(True)
            return torch.autograd.grad(self.statistics(layer, leaf, rows), leaf, pulls)[0]

    def _through(
        self, x: Tensor, layers: tuple[str, ...], wanted: set[str], strip: _Strip, carried: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], Tensor]:
        def around(layer: str, rows: Tensor) -> list[Tensor]:
            pieces = _pieces(rows, strip, above=carried.get(layer))
            if layer != self.block.layers[0] and not strip.is_last:  # the first takes what it needs from x
                carried[layer] = rows[:, :, -2:].clone()
            return pieces

        x = x[:, :, strip.seen]
        x = self.network.prepared(x) if self.is_image else x
        return through_rows(self.network, x, layers, wanted, around)

    def _rows_of(self, layer: str, strip: _Strip) -> slice:
        layers = self.block.layers
        return strip.rows(sum(name.startswith("conv") for name in layers[: layers.index(layer) + 1]))

    def _unprepared(self, x: Tensor, gradient: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_(True)
            return torch.autograd.grad(self.network.prepared(leaf), leaf, gradient)[0]

    def _sums(self, layer: str, activations: Tensor, rows: slice) -> tuple[Tensor, ...]:
        sums = self.statistics(layer, activations, rows)
        self.counts[layer] = len(sums)
        return sums


def through_rows(
    network: Features,
    x: Tensor,
    layers: Sequence[str],
    wanted: Container[str],
    around: Callable[[str, Tensor], list[Tensor]],
) -> tuple[dict[str, Tensor], Tensor]:
    """Run a strip through convolutions and ReLUs, as ``Features.through`` runs the whole. No gradient is recorded.

    Args:
        network: runs as in ``network.fast``.
        x: the strip that comes to the first of ``layers``, shape (B, C, h, W).
        layers, wanted: as for ``Features.through``.
        around: from the name of a convolution and the rows that come to it, to all rows that it is to see: in pieces from
            top to bottom, together one row more above and one more below than it returns.

    Returns:
        The activations of the wanted layers by name, and the output of the last layer.
    """
    found, rectified = {}, False
    for layer in layers:
        if layer.startswith("conv"):
            rectified = (
                layer not in wanted
            )  # together with its convolution, unless somebody asked for what lies between
            x = network.convolutions[layer].rows(around(layer, x), relu=rectified, fast=network.winograd)
        elif not rectified:
            x = F.relu(x)
        if layer in wanted:
            found[layer] = x
    return found, x


class _Tiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, work: _Work) -> tuple[Tensor, ...]:
        ctx.work, ctx.traces = work, []
        totals: list[Tensor] = []
        carried: dict[str, Tensor] = {}
        output, height = None, x.shape[2]
        for strip in work.strips(height):
            sums, piece, trace = work.up(x, strip, carried)
            totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
            if output is None:
                batch, channels, _, width = piece.shape
                rows = 0 if work.block.pool is None else height // 2
                output = piece.new_empty(batch, rows, width, channels).permute(0, 3, 1, 2)  # channels last in memory
            output[:, :, strip.pooled] = piece
            if ctx.needs_input_grad[0]:
                ctx.traces.append(trace)
        # Or both this block and the next would hold it to the end: at 2048 px 268 MB on the way back through block 1.
        ctx.save_for_backward(_values(x, needed=work.needs_input), _values(output, needed=work.needs_output))
        return *totals, output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, None]:
        (x, output), work = ctx.saved_tensors, ctx.work
        *of_sums, of_output = gradients
        pulls: dict[str, list[Tensor]] = {}
        for layer, count in work.counts.items():
            pulls[layer], of_sums = of_sums[:count], of_sums[count:]
        layout = torch.contiguous_format if work.is_image else torch.channels_last
        result, pool = torch.empty_like(x, memory_format=layout), work.block.pool
        carried: dict[str, Tensor] = {}
        if not ctx.traces:
            raise RuntimeError(
                "Strips can be gone back through once: what they kept is freed on the way. Compute them anew."
            )
        for strip in reversed(work.strips(x.shape[2])):
            trace = ctx.traces.pop()  # freed strip by strip: the graph itself lives until the way back is done
            behind = of_output[:, :, strip.pooled]
            if pool in pulls:
                behind = behind + work.pull(pool, output[:, :, strip.pooled], strip.pooled, pulls[pool])
            result[:, :, strip.rows(0)] = work.down(x, strip, trace, behind, pulls, carried)
        return result, None


def _values(x: Tensor, *, needed: bool) -> Tensor:
    """Return the tensor, or one of its shape that takes no memory and has no values of its own."""
    return x if needed else x.new_empty(1).expand(x.shape)


def _pieces(rows: Tensor, strip: _Strip, *, above: Tensor | None = None, below: Tensor | None = None) -> list[Tensor]:
    """Return rows with those carried from the neighboring strips, and a row of zeros where the picture ends."""
    if strip.is_first or strip.is_last:
        batch, channels, _, width = rows.shape
        zeros = rows.new_zeros(batch, 1, width, channels).permute(0, 3, 1, 2)  # channels last
        above, below = zeros if strip.is_first else above, zeros if strip.is_last else below
    return [piece for piece in (above, rows, below) if piece is not None]


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
