"""The exercise ``descend_pixels``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check import by_hand
from nstlib.check.drawing import PICTURE, real, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform


def descend_pixels(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    """Return the image after plain gradient descent on half the sum of squared distances from a color."""
    return _descend(image, _half_sum, color, steps, rate)


Loss = Callable[[Tensor, Tensor], Tensor]


def _half_sum(pixels: Tensor, target: Tensor) -> Tensor:
    return (pixels - target).square().sum() / 2


def _descend(image: Tensor, loss: Loss, color: Tensor, steps: int, rate: float, *, clamp: bool = True) -> Tensor:
    pixels, target = image.detach().clone(), color.view(1, 3, 1, 1)
    for _ in range(steps):
        pixels.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(pixels, target), pixels)
        pixels = (pixels - rate * gradient).detach()
        pixels = pixels.clamp(0, 1) if clamp else pixels
    return pixels.detach()


def _descent_case(seed: int, shape: tuple[int, ...], steps: int, rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, uniform(seed + 50, 3, dtype=dtype), steps, rate

    return Case(f"image {shape}{if_loose(loose)}, {steps} steps at rate {rate}", make)


def _watch_descent(function: Function, arguments: tuple) -> object:
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return image
    return {"the image": image, "the image still records gradients: `.detach()` cuts it off": image.requires_grad}


def _from(function: Function, steps: int, rate: float, image: Tensor | None = None) -> Tensor:
    image = uniform(5, 2, 3, 4, 5) if image is None else image
    return torch.as_tensor(function(image, torch.tensor([0.9, 0.5, 0.2]), steps, rate)).detach()


_TARGET = torch.tensor([0.9, 0.5, 0.2]).view(1, 3, 1, 1)


@law("no step changes nothing, and a picture of that color stays")
def still(function: Function) -> bool:
    there = _TARGET.expand(2, 3, 4, 5).clone()
    return close(_from(function, 0, 0.3), uniform(5, 2, 3, 4, 5)) and close(_from(function, 3, 0.3, there), there)


@law("each step leaves the share 1 - rate of each pixel's distance, as long as nothing is clamped")
def shrinks(function: Function) -> bool:
    left = _from(function, 4, 0.3) - _TARGET
    return close(left, (1 - 0.3) ** 4 * (uniform(5, 2, 3, 4, 5) - _TARGET))


@law("one step at rate 1 lands on the color")
def lands(function: Function) -> bool:
    return close(_from(function, 1, 1.0), _TARGET.expand(2, 3, 4, 5))


@law("one step and then two more are three")
def goes_on(function: Function) -> bool:
    return close(_from(function, 2, 1.7, _from(function, 1, 1.7)), _from(function, 3, 1.7))


@law("all values stay in [0, 1], even at rate 1.9")
def stays_inside(function: Function) -> bool:
    runs = [_from(function, steps, 1.9) for steps in (1, 2, 3)]
    return all(0 <= float(run.min()) <= float(run.max()) <= 1 for run in runs)


@law("a pixel's path does not depend on how many others there are")
def each_pixel(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(_from(function, 2, 0.3, image[:1, :, 1:3, :2].clone()), _from(function, 2, 0.3)[:1, :, 1:3, :2])


@mistake("The picture came back as it was. Is what you return the tensor that was optimized, or another copy?")
def copy_optimized(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    descend_pixels(image, color, steps, rate)
    return image.clone()


def descent_clamped_in_the_graph_only(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    def loss(pixels: Tensor, target: Tensor) -> Tensor:
        return _half_sum(pixels.clamp(0, 1), target)

    return _descend(image, loss, color, steps, rate, clamp=False)


@mistake(
    "The clamping stands inside the loss, where a pixel beyond the range has no gradient: once out, it stays "
    "there. Clamp after the step, outside the graph.",
    variants=(descent_clamped_in_the_graph_only,),
)
def clamped_in_the_graph(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    def loss(pixels: Tensor, target: Tensor) -> Tensor:
        return _half_sum(pixels.clamp(0, 1), target)

    return _descend(image, loss, color, steps, rate, clamp=False).clamp(0, 1)


def descent_not_clamped_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return not_clamped(image, color, steps, rate).requires_grad_(True)


@mistake(
    "Some pixels leave [0, 1]: at a large rate they overshoot. What brings them back after each step?",
    variants=(descent_not_clamped_marked,),
)
def not_clamped(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, _half_sum, color, steps, rate, clamp=False)


@mistake(
    "The clamping comes once, at the end. A pixel that was outside in between has gone on from there: clamp after "
    "*each* step."
)
def clamped_at_the_end(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return not_clamped(image, color, steps, rate).clamp(0, 1)


def descent_of_half_the_mean(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().mean() / 2, color, steps, rate)


@mistake(
    "The loss is a mean, so each pixel's gradient is divided by how many pixels there are, and hardly anything "
    "moves. The statement says sum.",
    variants=(descent_of_half_the_mean,),
)
def mean_for_sum(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().mean(), color, steps, rate)


@mistake("Each step is twice as long as it should be. Is the ½ of the loss there?")
def half_lost(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().sum(), color, steps, rate)


@mistake(
    "The loss takes absolute values, so every pixel moves by the same amount however near it is. The statement "
    "asks for squares."
)
def absolute_values(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).abs().sum(), color, steps, rate)


@mistake("It climbs: the distance from the color grows. Which sign goes downhill?")
def upward(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, _half_sum, color, steps, -rate)


def descent_with_gradients_added_up_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return gradients_added_up(image, color, steps, rate).requires_grad_(True)


def descent_with_gradients_added_up_and_not_clamped(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels = image.detach().clone().requires_grad_(True)
    for _ in range(steps):
        _half_sum(pixels, color.view(1, 3, 1, 1)).backward()
        pixels.data -= rate * pixels.grad
    return pixels.detach()


@mistake(
    "From the second step on, the steps are too long: `backward` adds to the gradient that is there already. Who "
    "clears it?",
    variants=(descent_with_gradients_added_up_marked, descent_with_gradients_added_up_and_not_clamped),
)
def gradients_added_up(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels = image.detach().clone().requires_grad_(True)
    for _ in range(steps):
        _half_sum(pixels, color.view(1, 3, 1, 1)).backward()
        with torch.no_grad():
            pixels -= rate * pixels.grad
            pixels.clamp_(0, 1)
    return pixels.detach()


def descent_of_a_step_too_few(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps - 1, rate)


def descent_of_a_step_too_many(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps + 1, rate)


@mistake(
    "The step itself is right, but it is not taken `steps` times. Where does the loop begin and end, and where "
    "does `return` stand?",
    variants=(descent_of_a_step_too_few, descent_of_a_step_too_many),
)
def another_number_of_steps(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, 1, rate)


def descent_in_place_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return in_place(image, color, steps, rate).requires_grad_(True)


def descent_in_place_detached(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_in_place_marked(image, color, steps, rate).detach()


@mistake(
    "The result is right, but the reader's picture has been changed on the way. Work on a copy of your own.",
    variants=(descent_in_place_marked, descent_in_place_detached),
)
def in_place(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    image.data.copy_(descend_pixels(image, color, steps, rate))
    return image


@mistake("The values are right, but the result still requires a gradient. Hand it out detached.")
def still_in_the_graph(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps, rate).requires_grad_(True)


@mistake("A color of shape (3,) meets the *last* axis, the width. Shape it so that it meets the axis of colors.")
def color_along_the_width(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, _: _half_sum(x, color), color, steps, rate)


@mistake(
    "This is Adam, which gives each pixel its own step length. Plain gradient descent is asked for: minus rate "
    "times gradient."
)
def another_optimizer(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels, target, step = image.detach().clone(), color.view(1, 3, 1, 1), by_hand.adam(rate)
    for _ in range(steps):
        pixels = (pixels + step(pixels - target)).clamp(0, 1)  # the gradient of half the sum of squares
    return pixels


EXERCISE = Exercise(
    __name__,
    title="Pixels roll downhill",
    difficulty=2,
    minutes=15,
    signature="descend_pixels(image, color, steps, rate)",
    hints=(
        "Here the pixels are what training usually calls weights: a tensor of your own that requires a gradient, moved "
        "against that gradient again and again.",
        "Work on a copy that requires a gradient, and return that copy. In each step: the loss from the copy as it is "
        "now, its gradient, minus rate times the gradient; then clamp, outside the graph. A color of shape (3,) must be "
        "shaped so that it meets the second axis.",
        "`x = image.clone().requires_grad_(True)`; in the loop `g, = torch.autograd.grad(loss, x)`, then under "
        "`torch.no_grad()`: `x -= rate * g` and `x.clamp_(0, 1)`; at last `x.detach()`.",
    ),
    reference=descend_pixels,
    cases=(
        _descent_case(1, (1, 3, 4, 5), 3, 0.2),
        _descent_case(2, (2, 3, 5, 4), 4, 0.7),
        _descent_case(3, (1, 3, 6, 3), 2, 0.4, loose=True),
        _descent_case(4, (2, 3, 4, 7), 5, 1.7),
        _descent_case(5, (1, 3, 1, 4), 2, 0.3),
    ),
    takes={
        "image": tensor("B 3 H W", PICTURE),
        "color": tensor("3", PICTURE),
        "steps": whole(0, 4),
        "rate": real(0.1, 1.9),
    },
    observe=_watch_descent,
    verified="each pixel on its own way down, inside [0, 1], outside the graph",
)
