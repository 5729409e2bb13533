"""How much memory a transfer will need, before it runs (chapter on the engine).

The estimate adds up what is alive at the worst moment. ``bench/sizes.py`` holds it against what processes really took.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nstlib.defaults import GIGABYTE
from nstlib.engine.allocation import keeps_freed_memory, may_keep_freed_memory
from nstlib.engine.tiles import STRIP_BYTES, Block, blocks_of, split
from nstlib.errors import ChoiceError
from nstlib.kernels.convolutions import laid_out_bytes
from nstlib.optimizers import HISTORY
from nstlib.vgg import COLORS, Architecture

BUDGET = 4 * GIGABYTE  # what a transfer keeps to by itself, as long as it can
LEAST_HISTORY = 3  # 65 steps at 256 px end with a loss 3 % higher than with 20 (astronaut in woodcut)
# The numbers below are what the rows of ``bench/sizes.py`` ask for: it prints, size by size, the peak and this estimate.
# Python, torch, their libraries, and what making the kernels takes for a moment: the smallest size there.
BASE = 0.85 * GIGABYTE
# Images that an optimizer and the loss hold on to, besides the history of L-BFGS: pixels, gradient, moments, temporaries.
IMAGES = {"lbfgs": 14, "adam": 12, "gd": 9}
# Times the bytes of activations, where freed memory is kept: blocks of different size leave gaps between them.
GAPS = 1.5
# Alive for a moment, in activations: this one and its gradient, what Winograd pads, and what a loss makes of them.
PASSING = 5
# The same in a strip, with gaps between: memory that is kept for the next strip, and too much in pieces for anything else.
PASSING_STRIP = 24
# And of a tiled block's input: what the way back gives, and what the block before makes of it.
PASSING_INPUT = 1.5


@dataclass(frozen=True)
class Demand:
    """What a transfer is to do, as far as it takes memory.

    Attributes:
        architecture: of the network. layers: all that the losses look at.
        height, width: of the picture.
        optimizer: a key of ``nstlib.optimizers.OPTIMIZERS``.
        tiles: False for losses that are no sums over positions.
        passes: how often an image goes through the network before the way back.
        others: height and width of what else goes through the network before: coarser sizes, styles. The kernels laid out
            for them stay.
        pooling, winograd: as of ``Features``.
    """

    architecture: Architecture
    layers: tuple[str, ...]
    height: int
    width: int
    optimizer: str = "lbfgs"
    tiles: bool = True
    passes: int = 1
    others: Collection[tuple[int, int]] = ()
    pooling: str = "max"
    winograd: bool = True


class Plan(NamedTuple):
    """How to run a transfer within a budget.

    Attributes:
        tiled: how many of the network's blocks are computed in strips.
        history: how many pairs L-BFGS remembers.
        bytes: what the process is expected to take at most, in all.
        keeps: whether large blocks of freed memory are kept, which the run then sees to (``nstlib.engine.allocation``).
    """

    tiled: int
    history: int
    bytes: float
    keeps: bool = False


def plan(demand: Demand, *, budget: float | None = None) -> Plan:
    """Return the fastest way to run a transfer that fits into a budget: the first of ``ways`` that does.

    Args:
        demand: what is to be run.
        budget: bytes; None means ``BUDGET``, and for pictures that do not fit into it the leanest plan there is.

    Raises:
        ChoiceError: if a budget was given and nothing fits into it.
    """
    limit, plans = BUDGET if budget is None else budget, list(ways(demand))
    leanest = min(plans, key=lambda candidate: candidate.bytes)
    if budget is not None and leanest.bytes > budget:
        needed = math.ceil(leanest.bytes / GIGABYTE * 10) / 10  # up: or it may look as if it fitted
        raise ChoiceError(
            f"A transfer of {demand.width} x {demand.height} px by {demand.optimizer} needs about {needed} GB, "
            f"but may take only {budget / GIGABYTE:g} GB. Allow more memory, or use a smaller size"
            + (' or optimizer "adam".' if demand.optimizer == "lbfgs" else ".")
            + ("" if demand.tiles else " This loss cannot be computed in tiles; the classic one can.")
        )
    return next((candidate for candidate in plans if candidate.bytes <= limit), leanest)


def ways(demand: Demand) -> Iterator[Plan]:
    """Yield all ways to run a transfer, the fastest one first.

    Tiles cost little time, a shorter history costs L-BFGS some of its sight: first the blocks are tiled, beginning with the
    shallow ones, which hold most of the bytes; then large blocks of freed memory are not kept, unless the process does so
    already; then the history is cut.
    """
    blocks = len(list(blocks_of(demand.architecture, demand.layers))) if demand.tiles else 0
    histories = (HISTORY, 10, LEAST_HISTORY) if demand.optimizer == "lbfgs" else (HISTORY,)
    already = keeps_freed_memory()
    kept = [(HISTORY, True)] if may_keep_freed_memory() else []
    for history, keeps in dict.fromkeys([*kept, *((each, already) for each in histories)]):
        for tiled in range(blocks + 1):
            yield Plan(tiled, history, estimate(demand, tiled, history, keeps=keeps), keeps)


def estimate(demand: Demand, tiled: int, history: int, *, keeps: bool = False) -> float:
    """Return about how many bytes a process needs for a transfer, in all and at the worst moment.

    Args:
        demand: what is to be run. tiled, history, keeps: as in a Plan.
    """
    image = 4 * COLORS * demand.height * demand.width
    images = image * (IMAGES[demand.optimizer] + (2 * history if demand.optimizer == "lbfgs" else 0))
    kept, worst, scratch = 0.0, 0.0, 0.0
    blocks = list(blocks_of(demand.architecture, demand.layers))
    for number, block in enumerate(blocks):
        one = _bytes(demand, block.layers[0])
        if number < tiled:
            into = _bytes(demand, blocks[number - 1].pool) if number else image
            stays = _kept_of_strips(demand, block, one, into, is_image=number == 0)
            passing = PASSING_INPUT * into + one / 4
            scratch = max(scratch, PASSING_STRIP * min(STRIP_BYTES, one))
        else:
            # One activation per convolution; the pooling keeps a quarter of it and, in 8 bytes each, where it was.
            stays = one * block.convolutions + (0 if block.pool is None else 3 * one / 4)
            passing = PASSING * one
        kept += stays
        worst = max(worst, kept + passing)
    gaps = GAPS if keeps else 1.0
    return BASE + _kernels(demand) + images + scratch + gaps * ((demand.passes - 1) * kept + worst)


def _kept_of_strips(demand: Demand, block: Block, one: int, into: int, *, is_image: bool) -> float:
    """Return the bytes that the way back through a tiled block needs of one activation's bytes and of its input's."""
    parts = split(block, demand.architecture, demand.pooling)
    signs = len(parts.signs) + (1 / 4 if block.pool and demand.pooling == "max" else 0)  # a byte each
    return (into if parts.needs_input(is_image=is_image) else 0) + (len(parts.kept) + signs / 4) * one


def _bytes(demand: Demand, layer: str) -> int:
    return 4 * math.prod(demand.architecture.shape(layer, demand.height, demand.width))


def _kernels(demand: Demand) -> float:
    """Return the bytes of the kernels, and of those laid out for pictures of all sizes."""
    total, architecture = 0.0, demand.architecture
    for layer in architecture.down_to(demand.layers):
        if layer.startswith("conv"):
            channels, out = architecture.kernels[layer]
            sizes = {architecture.size(layer, *size) for size in ((demand.height, demand.width), *demand.others)}
            positions = {height * width for height, width in sizes}
            total += 4 * 9 * channels * out + (laid_out_bytes(channels, out, positions) if demand.winograd else 0)
    return total
