"""The exercise ``gradient_step``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import ANY, one_of, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.check.transfer._shared import Loss, bowl, pictures, some_valley, valley


def gradient_step(image: Tensor, loss: Loss, rate: float) -> Tensor:
    """Return ``image - rate * gradient`` as a new tensor without a graph; ``image`` stays as it was."""
    return image.detach() - rate * _slope(image, loss)


def _slope(image: Tensor, loss: Loss) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(leaf), leaf)[0]


def _step_case(seed: int, shape: tuple[int, ...], rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, valley(seed + 20, shape, dtype), rate

    return Case(f"image {shape}{if_loose(loose)}, rate {rate}", make, {"2": 2.0, "rate": rate})


def _watch_step(function: Function, arguments: tuple) -> dict[str, object]:
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return {"the image": image}
    return {"the image": image, "the image still records gradients: `.detach()` cuts it off": image.requires_grad}


def _step(function: Function, loss: Loss, rate: float = 0.1) -> Tensor:
    return torch.as_tensor(function(pictures()[0], loss, rate))


@law("where the loss is lowest, nothing moves")
def still(function: Function) -> bool:
    image, _ = pictures()
    return close(_step(function, bowl(image.clone())), image)


@law("in a round bowl a step with rate 0.1 lowers the loss by more than a tenth")
def lowers(function: Function) -> bool:
    image, noise = pictures()
    loss = bowl(noise)
    return bool(loss(_step(function, loss)) < 0.9 * loss(image))


@law("in a round bowl, half the squared distance, a step with rate 1 lands in the middle")
def lands(function: Function) -> bool:
    _, noise = pictures()
    return close(_step(function, bowl(noise), 1.0), noise)


@law("on a slope of 3, rate 0.1 moves each pixel by -0.3")
def linear(function: Function) -> bool:
    image, _ = pictures()
    return close(_step(function, lambda x: 3 * x.sum(), 0.1), image - 0.3)


@law("two steps can follow each other")
def twice(function: Function) -> bool:
    image, noise = pictures()
    moved = function(function(image, bowl(noise), 0.5), bowl(noise), 0.5)
    return close(moved, noise + 0.25 * (image - noise))


@mistake("This goes uphill: the gradient is added. Which way does it point?")
def uphill(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image + rate * _slope(image, loss)


@mistake(
    "This subtracts the loss (times `rate`), the same from each pixel. What says how the loss changes with a pixel?"
)
def loss_for_its_gradient(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image.detach() - rate * loss(image).detach()


@mistake("The whole gradient is subtracted. Where does `rate` come in?")
def rate_forgotten(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image - _slope(image, loss)


@mistake("Only the sign of the gradient is used, so all pixels move equally far. Steep ones should move further.")
def sign_only(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image - rate * _slope(image, loss).sign()


def step_normalized_by_mean(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.abs().mean()


def step_normalized_by_largest(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.abs().max()


@mistake(
    "The gradient is normalized first. DeepDream does that; plain gradient descent takes it as it is.",
    variants=(step_normalized_by_mean, step_normalized_by_largest),
)
def normalized(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.norm()


@mistake("The image that was given is overwritten. Return a new one and leave it as it was.")
def in_place(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image.sub_(rate * _slope(image, loss))


@mistake(
    "The result is right, but the image that was given now requires a gradient, or holds one: the next backward would "
    "add to it. Work on a copy."
)
def image_marked(image: Tensor, loss: Loss, rate: float) -> Tensor:
    image.requires_grad_(True)
    loss(image).backward()
    return (image - rate * image.grad).detach()


@mistake("The result still hangs on its graph. After 100 steps, all 100 would be in memory: detach.")
def graph_kept(image: Tensor, loss: Loss, rate: float) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return leaf - rate * torch.autograd.grad(loss(leaf), leaf)[0]


@mistake("The result is clamped to [0, 1]. That is a good idea in a transfer, but not asked for in this single step.")
def clamped(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return gradient_step(image, loss, rate).clamp(0, 1)


def step_only(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return -rate * _slope(image, loss)


@mistake("This returns the gradient, or the step, not the image after it.", variants=(step_only,))
def gradient_returned(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return _slope(image, loss)


EXERCISE = Exercise(
    __name__,
    title="One step downhill",
    difficulty=1,
    minutes=8,
    signature="gradient_step(image, loss, rate)",
    hints=(
        "A gradient says for each pixel how the loss would *rise*. Go a little the other way.",
        "Work on a copy that requires a gradient, so that the image itself stays as it was. The result needs no graph: "
        "the next step makes its own.",
        "`leaf = image.detach().clone().requires_grad_(True)`; `gradient, = torch.autograd.grad(loss(leaf), leaf)`; "
        "return `(leaf - rate * gradient).detach()`.",
    ),
    reference=gradient_step,
    cases=(
        _step_case(1, (1, 3, 4, 5), 0.1),
        _step_case(2, (2, 3, 5, 4), 0.05),
        _step_case(3, (2, 3, 6, 4), 0.2, loose=True),
        _step_case(4, (1, 3, 5, 7), 0.4),
        _step_case(5, (1, 3, 1, 4), 0.1),
    ),
    takes={"image": tensor("B 3 H W", (*ANY, "uniform")), "loss": some_valley, "rate": one_of(0.01, 0.1, 0.5, 1, 3)},
    observe=_watch_step,
    verified="one step of plain gradient descent, and the image stays as it was",
)
