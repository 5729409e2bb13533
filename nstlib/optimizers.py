"""How the pixels move: L-BFGS, Adam and plain gradient descent, one update at a time (chapter on transfer).

``nstlib.lbfgs`` and torch's optimizers do the work. What they lack for pictures is here: how to stay in [0, 1], which image
to hand out at the end, and a state from which a run continues to the same pixels. ``descend`` is their loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import DivergenceError
from nstlib.lbfgs import BandLBFGS

# Keeps L-BFGS near [0, 1], times the weights of content and style: a pixel that nothing holds would wander away and be of
# no use to the optimizer's picture of the curvature.
RANGE_PENALTY = 50.0
# How far L-BFGS moves the pixels in its first step, on average. Torch's first step moves all pixels *together* by 1, some
# 5e-6 each, which wastes a step; and the second, which goes by the curvature that so small a step found, may jump.
FIRST_MOVE = 0.01
HISTORY = 20  # pairs of vectors from which L-BFGS knows the curvature
ADAM_RATE = 0.03
# How much of the average of Adam's images stays when the next one comes. On the course's pictures the average is hardly
# ever better than the last image (chapter on the engine): these gradients are exact, and there is no noise to average away.
ADAM_AVERAGE = 0.9
GRADIENT_DESCENT_RATE = 1e-4


Record = TypeVar("Record")


class Loss(Protocol):
    """What is lowered: ``loss(image)`` returns losses, the first of which is their total."""

    weights: tuple[float, float, float]

    def __call__(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return scalars."""


@door
class Descent:
    """One optimizer at work on one image.

    Args:
        pixels: the leaf that it moves, shape (1, 3, H, W).
        objective: what it lowers.
        optimizer: of torch, or used like one; holds ``pixels`` and nothing else.
        penalty: None clamps the pixels after each update. A number lets them leave [0, 1] at this price times the mean
            squared excess, while the loss is that of the clamped image and its gradient passes the clamp as if there were
            none (a straight-through estimator: Bengio et al., 2013). So the losses reported are those of the image one
            would see, and on the course's pictures they end lower than with a loss of the pixels as they are.
        average: 0, or the share of the moving average of the images that stays at each update (Polyak and Juditsky, 1992).
    """

    def __init__(
        self,
        pixels: Tensor,
        objective: Loss,
        optimizer: torch.optim.Optimizer | BandLBFGS,
        *,
        penalty: float | None = None,
        average: float = 0.0,
    ):
        self.pixels, self._objective, self._optimizer, self._penalty = pixels, objective, optimizer, penalty
        self._decay, self._updates = average, 0
        self._average = torch.zeros_like(pixels, requires_grad=False) if average else None

    def image(self) -> Tensor:
        """Return the image as it is now, in [0, 1]."""
        return self.pixels.detach().clamp(0, 1)

    def average(self) -> Tensor | None:
        """Return the average of the images so far, or None where none is kept."""
        return None if self._average is None else (self._average / (1 - self._decay**self._updates)).clamp(0, 1)

    def best(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the image that a descent ends with, and its losses: the last one, or the average if that is better."""
        images = [image for image in (self.image(), self.average()) if image is not None]
        with torch.no_grad():
            return min(((image, self._objective(image)) for image in images), key=lambda pair: pair[1][0].item())

    def step(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Move the pixels once, and return the image as it was before, and its losses."""
        seen: list[tuple[Tensor, tuple[Tensor, ...]]] = []

        def closure() -> Tensor:
            self._optimizer.zero_grad()
            image = _Clamped.apply(self.pixels, self._penalty)
            terms = self._objective(image)
            terms[0].backward()
            seen.append((image.detach(), tuple(term.detach() for term in terms)))
            return terms[0].detach()  # without the penalty: these optimizers look at the gradient alone

        self._optimizer.step(closure)
        self._updates += 1
        with torch.no_grad():
            if self._penalty is None:
                self.pixels.clamp_(0, 1)  # outside the graph: inside, clipped pixels would never feel a gradient again
            if self._average is not None:
                self._average.lerp_(self.pixels, 1 - self._decay)
        return seen[0]

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next updates depend on; tensors are shared, not copied."""
        state = {"pixels": self.pixels.detach(), "optimizer": self._optimizer.state_dict(), "updates": self._updates}
        return state if self._average is None else {**state, "average": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there. A ValueError if the state is of an image of another shape."""
        for name, image in {"pixels": self.pixels, "average": self._average}.items():
            if image is not None and state[name].shape != image.shape:
                raise ValueError(f"{name} of shape {tuple(state[name].shape)}, not {tuple(image.shape)}")
        with torch.no_grad():
            self.pixels.copy_(state["pixels"])
            if self._average is not None:
                self._average.copy_(state["average"])
        self._optimizer.load_state_dict(deepcopy(state["optimizer"]))  # it writes on what it remembers
        self._updates = state["updates"]


class _Clamped(torch.autograd.Function):
    """The pixels clamped to [0, 1]; their gradient is the image's, and that of the penalty for leaving the range.

    A function of its own, because autograd would keep two more images until the way back is done. Without a penalty the
    pixels are in [0, 1] anyway.
    """

    @staticmethod
    def forward(ctx, pixels: Tensor, penalty: float | None) -> Tensor:
        ctx.penalty = penalty
        if penalty is not None:
            ctx.save_for_backward(pixels)
        return pixels.clamp(0, 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        if ctx.penalty is None:
            return gradient, None
        (pixels,) = ctx.saved_tensors
        excess = pixels - pixels.clamp(0, 1)
        return excess.mul_(2 * ctx.penalty / pixels.numel()).add_(gradient), None


@door(pixels="1 3 H W", history=">= 1", learning_rate=">= 0")
def start_lbfgs(pixels: Tensor, objective: Loss, learning_rate: float | None, history: int = HISTORY) -> Descent:
    """L-BFGS with a step length for each band of frequencies (``nstlib.lbfgs``), with a penalty for leaving [0, 1].

    Args:
        pixels, objective: as for ``Descent``. learning_rate: None for 1. history: see ``HISTORY``.
    """
    rate = 1.0 if learning_rate is None else learning_rate
    optimizer = BandLBFGS(pixels, lr=rate, history_size=history, first_move=FIRST_MOVE)
    return Descent(pixels, objective, optimizer, penalty=RANGE_PENALTY * sum(objective.weights[:2]))


@door(pixels="1 3 H W", learning_rate=">= 0")
def start_adam(pixels: Tensor, objective: Loss, learning_rate: float | None, history: int = HISTORY) -> Descent:
    """Adam (Kingma and Ba, 2015), the pixels clamped to [0, 1] after each step, with an average of the last images."""
    optimizer = torch.optim.Adam([pixels], lr=ADAM_RATE if learning_rate is None else learning_rate)
    return Descent(pixels, objective, optimizer, average=ADAM_AVERAGE)


@door(pixels="1 3 H W", learning_rate=">= 0")
def start_gradient_descent(
    pixels: Tensor, objective: Loss, learning_rate: float | None, history: int = HISTORY
) -> Descent:
    """Plain gradient descent, ``image - rate * gradient``, the pixels clamped to [0, 1] after each step.

    The default rate grows with the picture: gradients of a mean over H * W positions shrink as 1 / (H * W).
    """
    rate = GRADIENT_DESCENT_RATE * pixels.shape[2] * pixels.shape[3] if learning_rate is None else learning_rate
    return Descent(pixels, objective, torch.optim.SGD([pixels], lr=rate))


OPTIMIZERS: dict[str, Callable[..., Descent]] = {
    "lbfgs": start_lbfgs,
    "adam": start_adam,
    "gd": start_gradient_descent,
}


@door(steps=">= 0")
def descend(descent: Descent, steps: int, record: Callable[..., Record]) -> Iterator[Record]:
    """Yield what ``record`` makes of each image on the way, ``steps + 1`` of them, from the start to the end.

    Args:
        descent: moves the pixels.
        steps: how many updates.
        record: called with the number of updates so far, the image, and its losses as floats, the total first.

    Raises:
        DivergenceError: if the total is no finite number; ``.last`` is the last good record.
    """
    last = None
    for index in range(steps + 1):
        image, losses = descent.step() if index < steps else descent.best()
        last = record(index, image, *finite(losses, index, last))
        yield last


@door(losses="values ...")
def finite(losses: tuple[Tensor, ...], index: int, last: object | None) -> list[float]:
    """Return losses as floats, the total first.

    Args:
        losses: scalars. index: how often the pixels have been updated. last: the last good record, for the error.

    Raises:
        DivergenceError: if the total is no finite number.
    """
    values = torch.stack(losses).tolist()  # one transfer from the device
    if not math.isfinite(values[0]):
        raise DivergenceError(
            f"The loss became {values[0]} at step {index}, so the run was stopped there; the image before it is good. "
            "Usual causes: a learning rate that is too large, or weights of very different size.",
            last,
        )
    return values
