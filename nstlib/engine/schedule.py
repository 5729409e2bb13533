"""From coarse to fine: the sizes of a run, its steps at each, and how an image goes from one to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from nstlib.errors import ChoiceError
from nstlib.frequency import low_pass
from nstlib.images import resize_to

NOISY = ("noise", "mixed")  # starts
# From coarse to fine: the coarsest size (longer side, px) from noise and otherwise, and the least side that shows anything.
NOISE_COARSEST = 64
COARSEST = 512
SMALLEST = 32
FINEST_SHARE = 0.6  # of all steps
# The shares of work below were measured against runs at one size that moved by PyTorch's L-BFGS.
# Where the content lends the detail, coarse sizes have little to find: each size takes this share of the steps that finer
# ones left. With 0.75, one of three pairs at 192 px takes a tenth more work to the loss of one size, two about as much.
DETAIL_SHARE = 0.9
# What a coarse size changed after a start from noise is still noise in good part, in its fine waves: this blur, in pixels of
# the coarse size, takes them out. Cat in marbling, 192 px: the loss of 100 steps at one size with .57 of the work, and with
# .82 when all of the change goes on. From 3 to 8 pixels the share is the same within .04, for four pairs of pictures.
NOISE_BLUR = 4.0


@dataclass(frozen=True)
class Level:
    """A size to work at, and for how many steps at most."""

    height: int
    width: int
    steps: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


def schedule(
    height: int, width: int, steps: int, levels: int | None = None, *, init: str = "content", detail: bool = False
) -> list[Level]:
    """Return the sizes of a run, from coarse to fine, and how the steps are shared out among them.

    Args:
        height: of the result. width: of the result.
        steps: updates in all; every level gets at least one.
        levels: how many sizes, each half of the next. None: from "noise" and "mixed", down to some 64 px; from other starts
            only for pictures larger than some 512 px.
        init: where the pixels start.
        detail: whether finer sizes get detail from the content; then coarse ones need fewer steps from "noise" and "mixed".

    Raises:
        ChoiceError: if the coarsest size would be too small, or there are fewer steps than levels.
    """
    longer, shorter, noisy = max(height, width), min(height, width), init in NOISY
    if levels is None:
        coarsest = NOISE_COARSEST if noisy else COARSEST
        levels = 1
        while longer / 2**levels >= coarsest and shorter / 2**levels >= SMALLEST and levels < steps:
            levels += 1
    if levels > (most := max(1, math.floor(math.log2(shorter / SMALLEST)) + 1)):
        halvings = min(levels, 64) - 1  # whoever asks for 10 ** 26 gets 0 x 0, too
        raise ChoiceError(
            f"{levels} levels would begin at {width >> halvings} x {height >> halvings} px, and less than "
            f"{SMALLEST} px show nothing. Use at most {most}."
        )
    if steps < levels:
        raise ChoiceError(f"{levels} levels need at least {levels} steps, got {steps}.")
    counts = _falling_shares(steps, levels) if noisy and detail else _equal_shares(steps, levels)
    halvings = range(levels - 1, -1, -1)
    return [Level(round(height / 2**k), round(width / 2**k), count) for k, count in zip(halvings, counts, strict=True)]


def _equal_shares(steps: int, levels: int) -> list[int]:
    """Share steps out, coarse to fine: ``FINEST_SHARE`` for the finest, the rest equally."""
    fine = min(round(steps * FINEST_SHARE), steps - levels + 1) if levels > 1 else steps
    each, extra = divmod(steps - fine, max(1, levels - 1))
    return [*(each + (k < extra) for k in range(levels - 1)), fine]


def _falling_shares(steps: int, levels: int) -> list[int]:
    """Share steps out, coarse to fine: each takes ``DETAIL_SHARE`` of what the finer ones left, the coarsest all of it."""
    counts: list[int] = []
    for coarser in range(levels - 1, -1, -1):
        left = steps - sum(counts)
        counts.insert(0, min(round(left * DETAIL_SHARE), left - coarser) if coarser else left)
    return counts


def prolong(coarse: Tensor, fine: Tensor, blur: float = 0.0) -> Tensor:
    """Bring a coarse image to the size of a fine one and give it its detail: what *differs* from the fine one is enlarged.

    So multigrid methods go from a coarse grid to the next finer one (the full approximation scheme: Brandt, 1977): an image
    that is only enlarged has lost all detail, but what was changed at the coarse size has none to lose.

    Args:
        coarse: shape (B, C, h, w), values in [0, 1].
        fine: shape (B, C, H, W), values in [0, 1]. If ``coarse`` is what it looks like at that size, it is the result.
        blur: 0, or the standard deviation, in pixels of ``coarse``, of a Gaussian through which the difference goes first:
            only what changed in coarse waves is kept.

    Returns:
        Shape (B, C, H, W), values in [0, 1].
    """
    change = coarse - resize_to(fine, coarse.shape[2:], clamp=False)
    change = low_pass(change, blur) if blur else change
    return (fine + resize_to(change, fine.shape[2:], clamp=False)).clamp(0, 1)
