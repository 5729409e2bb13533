"""How much memory a transfer will need, before it runs (chapter 15).

The estimate adds up what is alive at the worst moment. ``bench/sizes.py`` holds it against what processes really took.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from nstlib.engine.allocation import keeps_freed_memory
from nstlib.engine.tiles import STRIP_BYTES, Block, blocks_of, split
from nstlib.errors import ChoiceError
from nstlib.features import Features, fastest_layout
from nstlib.kernels.im2col import unroll_kernel
from nstlib.kernels.winograd import PATCH, transform_kernel
from nstlib.optimizers import HISTORY

GIGABYTE = 1e9
BUDGET = 4 * GIGABYTE  # what a transfer keeps to by itself, as long as it can
BASE = 0.85 * GIGABYTE  # Python, torch, their libraries, and what making the kernels takes for a moment
LEAST_HISTORY = 3  # 65 steps at 256 px end with a loss 3 % higher than with 20 (astronaut in woodcut)
# Images that an optimizer and the loss hold on to, besides the history of L-BFGS: pixels, gradient, moments, temporaries.
IMAGES = {"lbfgs": 14, "adam": 12, "gd": 9}
# Times the bytes of activations, where freed memory is kept: blocks of different size leave gaps between them.
GAPS = 1.5
# Numbers for each pair of channels in a kernel that is laid out, there and back.
LAID_OUT = {transform_kernel: 2 * PATCH**2, unroll_kernel: 2 * 9}


class Plan(NamedTuple):
    """How to run a transfer within a budget.

    Attributes:
        tiled: how many of the network's blocks are computed in strips.
        history: how many pairs L-BFGS remembers.
        bytes: what the process is expected to take at most, in all.
        keeps: whether large blocks of freed memory may be kept, in a process that does (``nstlib.engine.allocation``).
    """

    tiled: int
    history: int
    bytes: float
    keeps: bool = False


def plan(
    network: Features,
    layers: tuple[str, ...],
    height: int,
    width: int,
    *,
    optimizer: str = "lbfgs",
    budget: float | None = None,
    tiles: bool = True,
    passes: int = 1,
    others: Collection[tuple[int, int]] = (),
) -> Plan:
    """Return the fastest way to run a transfer that fits into a budget.

    Tiles cost little time, a shorter history costs L-BFGS some of its sight: first the blocks are tiled, beginning with the
    shallow ones, which hold most of the bytes; then large blocks of freed memory are no longer kept, if they were; then the
    history is cut.

    Args:
        network: the one to run. layers: all layers that the losses look at.
        height: of the picture. width: of the picture.
        optimizer: a key of ``nstlib.optimizers.OPTIMIZERS``.
        budget: bytes; None means ``BUDGET``, and for pictures that do not fit into it the leanest plan there is.
        tiles: False for losses that are no sums over positions.
        passes: how often an image goes through the network before the way back.
        others: height and width of what else goes through the network before: coarser sizes, styles. The kernels laid out
            for them stay.

    Raises:
        ChoiceError: if a budget was given and nothing fits into it.
    """
    blocks = len(list(blocks_of(network, layers))) if tiles else 0
    histories = [HISTORY, 10, LEAST_HISTORY] if optimizer == "lbfgs" else [HISTORY]
    ways = [(HISTORY, True)] if keeps_freed_memory() else []
    ways += [(history, False) for history in histories]
    plans = []
    for history, keeps in ways:
        for tiled in range(blocks + 1):
            need = estimate(
                network, layers, height, width, optimizer, tiled, history, passes, keeps=keeps, others=others
            )
            plans.append(Plan(tiled, history, need, keeps))
    limit = BUDGET if budget is None else budget
    for candidate in plans:
        if candidate.bytes <= limit:
            return candidate
    leanest = min(plans, key=lambda candidate: candidate.bytes)
    if budget is not None:
        needed = math.ceil(leanest.bytes / GIGABYTE * 10) / 10  # up: or it may look as if it fitted
        raise ChoiceError(
            f"A transfer of {width} x {height} px by {optimizer} needs about {needed} GB, "
            f"but may take only {budget / GIGABYTE:g} GB. Allow more memory, or use a smaller size"
            + (' or optimizer "adam".' if optimizer == "lbfgs" else ".")
            + ("" if tiles else " This loss cannot be computed in tiles; the classic one can.")
        )
    return leanest


def estimate(
    network: Features,
    layers: tuple[str, ...],
    height: int,
    width: int,
    optimizer: str,
    tiled: int,
    history: int,
    passes: int = 1,
    *,
    keeps: bool = False,
    others: Collection[tuple[int, int]] = (),
) -> float:
    """Return about how many bytes a process needs for a transfer, in all and at the worst moment.

    Args:
        network, layers, height, width, optimizer, passes, others: as for ``plan``. tiled, history, keeps: as in a Plan.
    """
    image = 12 * height * width
    images = image * (IMAGES[optimizer] + (2 * history if optimizer == "lbfgs" else 0))
    blocks = list(blocks_of(network, layers))
    kept, worst, scratch = 0.0, 0.0, 0.0
    for number, block in enumerate(blocks):
        positions = (height >> number) * (width >> number)
        one = 4 * network.channels(block.layers[0]) * positions  # bytes of one activation
        if number < tiled:
            parts = split(block, network)
            signs = len(parts.signs) + (1 / 4 if block.pool and network.pooling == "max" else 0)  # a byte each
            into = 4 * _channels_into(network, blocks, number) * positions  # bytes of the block's input
            kept += into if parts.needs_input(is_image=number == 0) else 0
            kept += (len(parts.kept) + signs / 4) * one
            passing = 1.5 * into + one / 4
            # Activations of a strip, their gradients, what Winograd pads, and gaps between them: memory that is kept for
            # the next strip, and too much in pieces for anything else.
            scratch = max(scratch, 24 * min(STRIP_BYTES, one))
        else:
            # One activation per convolution; the pooling keeps a quarter of it and, in 8 bytes each, where it was.
            kept += one * block.convolutions + (0 if block.pool is None else 3 * one / 4)
            # The same and its gradient, what Winograd pads, and what a loss makes of them.
            passing = 5 * one
        worst = max(worst, kept + passing)
    gaps = GAPS if keeps else 1.0
    weights = _weights(network, blocks, {(height, width), *others})
    return BASE + weights + images + scratch + gaps * ((passes - 1) * kept + worst)


def _channels_into(network: Features, blocks: list[Block], number: int) -> int:
    return 3 if number == 0 else network.channels(blocks[number - 1].layers[0])


def _weights(network: Features, blocks: list[Block], sizes: set[tuple[int, int]]) -> float:
    """Return the bytes of the kernels, and of those laid out for pictures of these sizes."""
    total, channels = 0.0, 3
    for number, block in enumerate(blocks):
        positions = [(height >> number) * (width >> number) for height, width in sizes]
        for layer in block.layers:
            if layer.startswith("conv"):
                out = network.channels(layer)
                layouts = {fastest_layout(channels, each) for each in positions} if network.winograd else set()
                total += 4 * channels * out * (9 + sum(LAID_OUT[layout] for layout in layouts if layout))
                channels = out
    return total
