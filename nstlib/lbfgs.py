"""L-BFGS that gives each band of frequencies a step length of its own.

L-BFGS knows the curvature in as many directions as it remembers pairs; in all others it falls back on one number. For a
picture one number is a poor guess: a transfer's loss curves ten times less along coarse waves and along fine waves of color
than along gray waves of a few pixels. The same pairs tell that, too: how far each band moved, and how much its
gradient changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.frequency import radial_frequency

# Gray, red against blue, green against both: orthonormal, and near the axes along which colors of photographs vary.
OPPONENT = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]])
OPPONENT = OPPONENT / OPPONENT.norm(dim=1, keepdim=True)
BANDS = 6  # octaves: waves of up to 4 pixels, of 4 to 8, ..., of more than 64
# A band with less than this share of all that moved, or of what the gradients changed, says nothing but rounding errors (of
# float32, some 1e-14): its step length goes towards that of the whole picture.
SILENT = 1e-12
# L-BFGS scales its initial matrix to explain the last pair, by the shorter of two step lengths. Once some pairs have
# told the bands apart, they stand a longer one: from noise at 128 px, for 4 pairs of pictures, losses are reached 3 to 6 %
# sooner. From the first pair on, one of these runs jumps to 1.8 times its loss. The worst of the course's 42 pairs, a flower
# in a nearly black style, jumps to 1.6 times its loss once, to 1.3 times without; both come back within a few steps.
LONGER = 1.5
FEW = 5
REMEMBERED = ("moves", "changes", "products", "energies", "gradient", "move")  # nothing before the first step


@door(pixels="1 3 H W", history_size=">= 1")
class BandLBFGS:
    """L-BFGS (Liu and Nocedal, 1989) for one picture, with one evaluation per step and no line search.

    Its initial matrix has one entry for each octave of each opponent color, in proportion to how far the pixels moved there
    over how much the gradient changed, in the pairs it remembers: the geometric mean of the two step lengths of Barzilai
    and Borwein (1988), band by band. The matrix as a whole is scaled by the last pair, as it is in ``torch.optim.LBFGS``,
    whose entries are all alike.

    It is used like an optimizer of torch and is none: the first of those that a process makes loads torch's compiler, which
    takes longer than the first ten steps of a small picture.

    Args:
        pixels: the leaf that it moves, shape (1, 3, H, W).
        lr: times the step.
        history_size: how many pairs it remembers.
        first_move: how far a step without pairs, which has nothing to go by, moves the pixels on average, at most: the very
            first one, and those after it as long as the loss curves downwards. None: all pixels *together* by at most 1.

    Attributes:
        state: what it remembers, by name (``REMEMBERED``). history_size: as it was given; may be changed between steps.
    """

    def __init__(self, pixels: Tensor, lr: float = 1.0, history_size: int = 20, *, first_move: float | None = None):
        self._pixels, self._lr, self.history_size, self._first_move = pixels, lr, history_size, first_move
        self.state: dict[str, Any] = {}
        self._bands = octaves(*pixels.shape[2:]).to(pixels.device)
        self._axes = OPPONENT.to(pixels.detach())
        self._room: list[Tensor] = []  # for pairs to come

    def zero_grad(self) -> None:
        """Forget the gradient of the pixels."""
        self._pixels.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next steps depend on, but for the pixels; tensors are shared, not copied."""
        return dict(self.state)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there, on the device of the pixels. A ValueError if it is no such state."""
        if set(state) not in (set(), set(REMEMBERED)):
            raise ValueError(f"{', '.join(map(str, state))}, not {', '.join(REMEMBERED)}")
        self.state = {
            name: value.to(self._pixels) if isinstance(value, Tensor) else [each.to(self._pixels) for each in value]
            for name, value in state.items()
        }

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Move the pixels once, and return the loss as it was before.

        Args:
            closure: clears the gradient, evaluates the loss, calls ``backward`` and returns it.
        """
        with torch.enable_grad():
            loss = closure()
        pixels, state = self._pixels, self.state
        together = 1.0 if self._first_move is None else self._first_move * pixels.numel()
        if not state:
            state.update(moves=[], changes=[], products=[], energies=[])
            state["gradient"] = torch.empty_like(pixels, memory_format=torch.contiguous_format)
            state["move"] = torch.empty_like(state["gradient"])
        else:
            self._remember()
        gradient = state["gradient"].copy_(pixels.grad)
        if state["moves"]:
            torch.mul(self._direction(gradient), -self._lr, out=state["move"])
        else:
            share = self._lr * together * (1 / gradient.abs().sum()).clamp(max=1)
            torch.mul(gradient, -share, out=state["move"])
        pixels.add_(state["move"])
        return loss

    def _remember(self) -> None:
        """Keep the last move and how it changed the gradient, unless they say that the loss curves downwards there.

        Afterwards ``state["move"]`` and ``state["gradient"]`` are there to be written on.
        """
        state, size = self.state, self.history_size
        move, change = state["move"], state["gradient"].neg_().add_(self._pixels.grad)
        product = torch.vdot(move.flatten(), change.flatten())
        numbers = torch.finfo(move.dtype)
        if not product > numbers.tiny + numbers.eps * move.norm() * change.norm():
            return
        energies = torch.stack([band_energies(each, self._bands) for each in (move, change)])
        for name, value in (("moves", move), ("changes", change), ("products", product), ("energies", energies)):
            state[name].append(value)
        forgotten: list[Tensor] = []
        while len(state["moves"]) > size:
            del state["products"][0], state["energies"][0]
            forgotten = [state["moves"].pop(0), state["changes"].pop(0)]
        if not forgotten and not self._room:  # all at once: made one by one between steps, they would leave gaps
            self._room = [torch.empty_like(move) for _ in range(2 * (size - len(state["moves"]) + 1))]
        state["move"], state["gradient"] = forgotten or (self._room.pop(), self._room.pop())

    def _direction(self, gradient: Tensor) -> Tensor:
        """Return the gradient times the inverse of the curvature, as far as it is known (the two loops)."""
        found, shares, state = gradient.clone(), [], self.state
        pairs = list(zip(state["moves"], state["changes"], state["products"], strict=True))
        for move, change, product in reversed(pairs):
            shares.append(torch.vdot(move.flatten(), found.flatten()) / product)
            found.addcmul_(shares[-1], change, value=-1)
        energies = torch.stack(state["energies"])
        lengths = step_lengths(energies)
        scale = pairs[-1][2] / (energies[-1, 1] * lengths).sum()
        found = self._scaled(found, lengths * scale * (LONGER if len(pairs) > FEW else 1.0))
        for (move, change, product), share in zip(pairs, reversed(shares), strict=True):
            found.addcmul_(share - torch.vdot(change.flatten(), found.flatten()) / product, move)
        return found

    def _scaled(self, image: Tensor, lengths: Tensor) -> Tensor:
        """Return the image with each band of each opponent color times its step length, shape (3, BANDS)."""
        scaled = torch.zeros_like(image)
        for axis, row in zip(self._axes, lengths, strict=True):  # one after the other: a third of the memory
            waves = torch.fft.rfft2(torch.einsum("c,bchw->bhw", axis, image)[:, None]) * row[self._bands]
            scaled.addcmul_(axis[:, None, None], torch.fft.irfft2(waves, s=image.shape[2:]))
        return scaled


@door(image="wide 1 3 H W", bands="index H _")
def band_energies(image: Tensor, bands: Tensor | None = None) -> Tensor:
    """Return how much of a picture is in each band of each opponent color.

    Args:
        image: or what is to be added to one, shape (1, 3, H, W).
        bands: what ``octaves`` says of its size, if you have it already.

    Returns:
        Shape (3, BANDS): rows as in ``OPPONENT``, columns from fine to coarse. Their sum is the image's sum of squares.
    """
    height, width = image.shape[2:]
    bands = octaves(height, width).to(image.device) if bands is None else bands
    energies = []
    for axis in OPPONENT.to(image):
        energy = torch.fft.rfft2(torch.einsum("c,chw->hw", axis, image[0]), norm="ortho").abs().square_()
        energy[:, 1 : (width + 1) // 2] *= 2  # the other half of the spectrum, which rfft2 leaves out
        # Sums of masked pictures: adding into bins would be faster, and differ from run to run on a GPU.
        energies.append(torch.stack([(energy * (bands == band)).sum() for band in range(BANDS)]))
    return torch.stack(energies)


@door(height=">= 1", width=">= 1")
def octaves(height: int, width: int) -> Tensor:
    """Return the band of each wave of ``torch.fft.rfft2``, shape (H, W // 2 + 1), whole numbers from 0 (fine) to BANDS - 1.

    Args:
        height: of the picture. width: of the picture.
    """
    octave = -(2 * radial_frequency(height, width)).log2().floor() - 1  # 0: from 0.25 to 0.5 cycles per pixel
    return octave.clamp(0, BANDS - 1).long()


@door(energies="_ 2 _ _")
def step_lengths(energies: Tensor) -> Tensor:
    """Return the step length of each band.

    Args:
        energies: of moves and of changes of the gradient, shape (pairs, 2, colors, bands), 0 or larger.

    Returns:
        The length of the moves over that of the changes, shape (colors, bands); where a band has neither, that of the
        whole picture. Each pair counts alike, however long it is.
    """
    size = energies.sum((2, 3), keepdim=True).sqrt().prod(1, keepdim=True)
    moved, changed = (energies / size).sum(0)
    return ((moved + SILENT * moved.sum()) / (changed + SILENT * changed.sum())).sqrt()
