"""A film's paint, held where the film stands still: how much it flickers is measured, and lowered in a plain way.

Each frame is painted by itself, and a camera's noise is enough to move the paint. So where a frame is what the one before
was, most of its paint is the one before's. This does not follow things that move: there the paint is drawn anew. Nor does
it follow a camera that turns, though an even sky looks then as if it stood still: its edges tell. (Norms
whose means and deviations follow the film slowly were tried as well. Where only a face walked through, they lowered the
flicker by a twentieth; where the light wavered, which norms of a frame's own take out, they raised it.)
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from nstlib.losses import or_one

HELD = 0.8  # share of the paint before, where a frame stands still
STILL = 0.03  # mean change of the pixels around one, in [0, 1], from which on it moves
AROUND = 9  # side of that square
TURNING, STANDING = (
    0.2,
    0.4,
)  # shares of a frame's edges that stand still, from the one to the other more and more is held
CUT = 0.15  # mean change of a frame that makes it another scene: nothing is held over it
LEAST = 0.02  # share of the pixels that has to stand still for a measure to mean something


class Flicker(NamedTuple):
    """Mean change from frame to frame where the film stands still, in levels of 255.

    Attributes:
        film: of the film itself: its noise. painted: of the frames as they were painted. held: as they were written.
        still: which share of the film stands still.
    """

    film: float
    painted: float
    held: float
    still: float


def stillness(frame: Tensor, before: Tensor) -> Tensor:
    """Return how still each pixel stands between two frames, shape (1, 1, H, W): 1 for no change around it, 0 for motion.

    While the camera turns it is 0 everywhere.
    """

    def blurred(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, AROUND, 1, AROUND // 2, count_include_pad=False)

    around = blurred((frame - before).abs().mean(1, keepdim=True))
    still = (1 - around / STILL).clamp(0, 1)
    gray = before.mean(1, keepdim=True)
    edges = (gray - blurred(gray)).square()
    share = (edges * still).sum() / or_one(edges.sum())
    return still * ((share - TURNING) / (STANDING - TURNING)).clamp(0, 1)


class Steady:
    """Goes through the frames of one film and their paintings, in order.

    Args:
        held: see above; 0 leaves each frame to itself, and only measures.
    """

    def __init__(self, *, held: float = HELD) -> None:
        self._held = held
        self._before: tuple[Tensor, Tensor, Tensor] | None = None  # frame, painted, as written
        self._sums, self._weight, self._pixels = [0.0, 0.0, 0.0], 0.0, 0

    def __call__(self, frame: Tensor, painted: Tensor) -> Tensor:
        """Return what to write for the next frame and its painting, RGB in [0, 1], shape (1, 3, H, W) both."""
        before = self._before
        if before is not None and float((frame - before[0]).abs().mean()) > CUT:
            before = None
        written = painted
        if before is not None:
            still = stillness(frame, before[0])
            written = painted.lerp(before[2], self._held * still)
            self._measure(still, (frame, painted, written), before)
        self._before = frame, painted, written
        return written

    def flicker(self) -> Flicker | None:
        """Return what was measured, or None if hardly anything stood still."""
        if self._weight <= LEAST * self._pixels:
            return None
        return Flicker(*(255 * each / self._weight for each in self._sums), self._weight / self._pixels)

    def _measure(self, still: Tensor, now: tuple[Tensor, ...], before: tuple[Tensor, ...]) -> None:
        self._weight += float(still.sum())
        self._pixels += still.numel()
        for k, (new, old) in enumerate(zip(now, before, strict=True)):
            self._sums[k] += float((still * (new - old).abs().mean(1, keepdim=True)).sum())
