"""The exercise ``synthesize``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from nstlib.check.drawing import made_by, real, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.check.textures._shared import SOME_LAYERS, Network, eyes, picture, some_eyes, style_targets, texture_loss


def synthesize(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    """Return a picture that began as ``start`` and has come nearer to the texture's Gram matrices.

    Args:
        texture: shape (1, 3, H', W').
        network: ``network(image, layers)`` returns activations by name.
        layers: names.
        start: shape (1, 3, H, W), values in [0, 1]; it is not changed.
        steps: of Adam. rate: its learning rate.
    """
    return _grow(texture, network, layers, start, steps, rate)


def _grow(
    texture: Tensor,
    network: Network,
    layers: Iterable[str],
    start: Tensor,
    steps: int,
    rate: float,
    *,
    goal: str = "texture",
    clear: bool = True,
    clamp: str = "each",
    anew: bool = False,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    sign: int = 1,
) -> Tensor:
    """Synthesize with one of the parts left out or put in the wrong place."""
    targets = style_targets(start if goal == "start" else texture, network, layers)
    pixels = start.detach().clone().requires_grad_(True)
    adam = optimizer([pixels], lr=rate)
    for _ in range(steps):
        adam = optimizer([pixels], lr=rate) if anew else adam
        if clear:
            adam.zero_grad()
        if goal == "image":
            targets = style_targets(pixels, network, layers)
        loss = texture_loss(network(pixels.clamp(0, 1) if clamp == "inside" else pixels, layers), targets)
        (sign * loss).backward()
        adam.step()
        if clamp == "each":
            with torch.no_grad():
                pixels.clamp_(0, 1)
    return pixels.detach().clamp(0, 1) if clamp in ("last", "inside") else pixels.detach()


def _growth_case(seed: int, shape: tuple[int, int], steps: int, rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Network, list[str], Tensor, int, float]:
        # Dark noise and a bright texture: the pixels want to leave [0, 1], so that clamping can be seen.
        texture = (0.2 + 1.2 * uniform(seed, 1, 3, 8, 10, dtype=dtype)).clamp(0, 1)
        start = uniform(seed + 30, 1, 3, *shape, dtype=dtype)
        texture, start = (scattered(texture), scattered(start)) if loose else (texture, start)
        return texture, eyes(seed), ["shallow", "deep"], start, steps, rate

    return Case(
        f"texture (1, 3, 8, 10), start (1, 3, {shape[0]}, {shape[1]}){if_loose(loose)}, {steps} steps of {rate}", make
    )


def _watch_growth(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, Tensor):
        return result
    return {
        "the picture": result.detach().clone(),
        "the picture still records gradients: `.detach()` cuts it off": result.requires_grad,
    }


def _grown(function: Function, start: Tensor, steps: int, rate: float) -> Tensor:
    return torch.as_tensor(function(picture(), eyes(7), ["shallow", "deep"], start, steps, rate)).detach()


def _start() -> Tensor:
    return 0.3 + 0.4 * uniform(32, 1, 3, 6, 10)


def _loss_of(image: Tensor) -> float:
    see = eyes(7)
    return float(texture_loss(see(image, ["shallow", "deep"]), style_targets(picture(), see, ["shallow", "deep"])))


@law("15 steps at rate 0.02 take the loss below 0.7 of what it was")
def lowers(function: Function) -> bool:
    return _loss_of(_grown(function, _start(), 15, 0.02).float()) < 0.7 * _loss_of(_start())


@law("the result has the size of the start and stays in [0, 1]")
def stays(function: Function) -> bool:
    image = _grown(function, _start(), 6, 0.4)
    return bool(image.min() >= 0) and bool(image.max() <= 1) and image.shape == (1, 3, 6, 10)


@law("Adam's first step moves each pixel of the start by the rate")
def first(function: Function) -> bool:
    return close((_grown(function, _start(), 1, 0.01) - _start()).abs(), torch.full((1, 3, 6, 10), 0.01), 0.05)


@law("a start that is the texture stays it")
def rests(function: Function) -> bool:
    """From the texture itself there is nothing to do, and the first step of Adam is as long as rounding makes it."""
    return _loss_of(_grown(function, picture(), 3, 1e-4).float()) < 1e-3


@law("pixels that start at 1 can leave it again")
def borders(function: Function) -> bool:
    """Pixels that start at the border can leave it again."""
    image = _grown(function, torch.ones(1, 3, 6, 10), 4, 0.05)
    return bool((image < 0.99).any())


def _grown_with(**changes: object) -> Function:
    def wrong(
        texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
    ) -> Tensor:
        return _grow(texture, network, layers, start, steps, rate, **changes)

    return wrong


growth_towards_start = _grown_with(goal="start")


def growth_of_a_copy(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return start.detach().clone()


targets_of_the_image = mistake(
    "Nothing moves. Are the targets those of the texture? (The noise has its own from the beginning.) And is what you "
    "return the tensor that the optimizer holds?",
    "targets_of_the_image",
    variants=(growth_towards_start, growth_of_a_copy),
)(_grown_with(goal="image"))


gradient_not_cleared = mistake(
    "Gradients add up over the steps: each step follows all of them. Which line clears them?", "gradient_not_cleared"
)(_grown_with(clear=False))


not_clamped = mistake("The picture leaves [0, 1]. What should happen after each step?", "not_clamped")(
    _grown_with(clamp="never")
)


clamped_at_the_end = mistake(
    "The picture is clamped once, at the end: until then it was optimized as a picture that cannot be shown.",
    "clamped_at_the_end",
)(_grown_with(clamp="last"))


clamped_inside = mistake(
    "The clamp is inside the graph: a pixel beyond the border feels no gradient there and does not come back. "
    "Clamp the pixels themselves, after the step.",
    "clamped_inside",
)(_grown_with(clamp="inside"))


new_optimizer_each_step = mistake(
    "A new Adam in each step has forgotten what the last one knew. Make it once, before the loop.",
    "new_optimizer_each_step",
)(_grown_with(anew=True))


@mistake("It starts from the texture, where there is nothing left to do. What is `start` for?")
def starts_from_the_texture(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, texture, steps, rate)


plain_gradient_descent = mistake(
    "This is plain gradient descent (SGD). Adam is asked for, which gives each pixel its own step length.",
    "plain_gradient_descent",
)(_grown_with(optimizer=torch.optim.SGD))


@mistake("There is one step too many. Where does range() begin and end?")
def one_step_too_many(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, start, steps + 1, rate)


@mistake("There is one step too few. Where does range() begin and end?")
def one_step_too_few(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, start, steps - 1, rate)


uphill = mistake("The loss rises: is it minus the loss that is differentiated?", "uphill")(_grown_with(sign=-1))


EXERCISE = Exercise(
    __name__,
    title="From noise to a texture",
    difficulty=3,
    minutes=20,
    signature="synthesize(texture, network, layers, start, steps, rate)",
    hints=(
        "You have both parts: what the texture's Gram matrices are, and how far a picture is from them. What is left is "
        "the loop that moves pixels downhill, as in the chapter on images.",
        "The targets are computed once, before the loop. The pixels are a copy of `start` that requires a gradient, held "
        "by one Adam. In each step: clear, features of the pixels, loss, backward, step, clamp to [0, 1].",
        "In the loop: `adam.zero_grad()`, `texture_loss(network(pixels, layers), targets).backward()`, `adam.step()`, then "
        "`with torch.no_grad(): pixels.clamp_(0, 1)`. Return `pixels.detach()`.",
    ),
    reference=synthesize,
    cases=(
        _growth_case(1, (6, 8), 5, 0.1),
        _growth_case(2, (10, 6), 4, 0.2),
        _growth_case(3, (8, 10), 3, 0.3, loose=True),
        _growth_case(4, (7, 9), 6, 0.05),
    ),
    takes={
        "texture": tensor("1 3 h w", ("uniform",)),
        "network": some_eyes,
        "layers": made_by(lambda pick, sizes: list(pick.one_of(SOME_LAYERS))),
        "start": tensor("1 3 H W", ("uniform",)),  # where no pixel differs, Adam divides rounding by rounding
        "steps": whole(0, 3),
        "rate": real(0.05, 0.3),
    },
    sizes=dict.fromkeys("hwHW", (4, 9)),
    drawn=3,
    observe=_watch_growth,
    optimizes=True,
    verified="constant targets, one Adam on a copy of the start, clamped after each step",
)
