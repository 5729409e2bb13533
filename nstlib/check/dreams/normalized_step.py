"""The exercise ``normalized_step``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import dream
from nstlib.check.drawing import PICTURE, changed, either, one_of, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform


def _ascent_case(seed: int, shape: tuple[int, ...], step: float, strength: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
        image, gradient = uniform(seed, *shape, dtype=dtype), strength * (normal(seed + 60, *shape, dtype=dtype) + 0.3)
        return (scattered(image), scattered(gradient), step) if loose else (image, gradient, step)

    return Case(f"image {shape}{if_loose(loose)}, step {step}", make, {"255": 255.0})


def _gray() -> Tensor:
    return torch.full((1, 3, 4, 5), 0.5)


def _slope() -> Tensor:
    return normal(8, 1, 3, 4, 5)


@law("the average pixel moves by the step")
def mean(function: Function) -> bool:
    return close((torch.as_tensor(function(_gray(), _slope(), 0.01)) - 0.5).abs().mean(), 0.01)


@law("a gradient a thousand times larger changes nothing")
def any_size(function: Function) -> bool:
    results = [torch.as_tensor(function(_gray(), factor * _slope(), 0.05)) - 0.5 for factor in (1.0, 1e3)]
    return close(results[0], results[1])


@law("every pixel goes uphill")
def uphill(function: Function) -> bool:
    moved = torch.as_tensor(function(_gray(), _slope(), 0.01)) - 0.5
    return bool((moved * _slope() > 0).all())


@law("all values stay in [0, 1]")
def in_range(function: Function) -> bool:
    result = torch.as_tensor(function(uniform(3, 1, 3, 4, 5), _slope(), 0.7))
    return float(result.min()) == 0 and float(result.max()) == 1


@law("the same gradient everywhere moves everything by the step")
def flat(function: Function) -> bool:
    image = uniform(3, 1, 3, 4, 5)
    return close(function(image, torch.ones_like(image), 0.02), (image + 0.02).clamp(0, 1))


@mistake("This divides by the norm, so a larger picture moves less. What is the size of *one* number, on average?")
def divided_by_norm(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.norm()).clamp(0, 1)


@mistake("This divides by the *sum* of absolute values, so a larger picture moves less. Their mean is asked for.")
def divided_by_sum(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().sum()).clamp(0, 1)


def step_by_image(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().mean((1, 2, 3), keepdim=True).clamp(min=1e-12)).clamp(0, 1)


def step_by_channel_of_each(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().mean((2, 3), keepdim=True).clamp(min=1e-12)).clamp(0, 1)


@mistake(
    "Each channel, or each image, is divided by a mean of its own. One number for the whole tensor is asked for, so that "
    "what is steeper moves further.",
    variants=(step_by_channel_of_each, step_by_image),
)
def several_means(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().mean((0, 2, 3), keepdim=True).clamp(min=1e-12)).clamp(0, 1)


@mistake("This divides by the largest entry: one steep pixel makes all others stand still.")
def divided_by_largest(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().max()).clamp(0, 1)


def step_divided_by_root_mean_square(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.square().mean().sqrt()).clamp(0, 1)


@mistake(
    "This divides by a standard deviation or root mean square. Those count large numbers more; the mean of "
    "absolute values is asked for.",
    variants=(step_divided_by_root_mean_square,),
)
def divided_by_deviation(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.std()).clamp(0, 1)


@mistake(
    "The mean of a gradient is nearly 0, because half of it is negative, and may have either sign. Of which "
    "numbers should the mean be taken?"
)
def divided_by_signed_mean(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.mean()).clamp(0, 1)


@mistake("Each pixel moves by the same amount: only signs are left. The pattern of large and small should stay.")
def signs_only(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient.sign()).clamp(0, 1)


@mistake("The gradient is taken as it is, so how far the image moves depends on the layer.")
def not_normalized(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient).clamp(0, 1)


@mistake("It goes down. The objective should *rise*: which sign?")
def downhill(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return dream.normalized_step(image, -gradient, step)


@mistake("Some pixels leave [0, 1], where no picture can be.")
def not_clamped(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return image + step * gradient / gradient.abs().mean()


@mistake("The step is clamped to [0, 1], not the image: then nothing can ever get darker.")
def step_clamped(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return image + (step * gradient / gradient.abs().mean()).clamp(0, 1)


@mistake("The gradient is multiplied by its size instead of divided.")
def multiplied(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient * gradient.abs().mean()).clamp(0, 1)


@mistake("The image that was given is overwritten. Return a new one.")
def in_place(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    image += step * gradient / gradient.abs().mean()
    return image.clamp_(0, 1)


EXERCISE = Exercise(
    __name__,
    title="A step that ignores how steep it is",
    difficulty=1,
    minutes=6,
    signature="normalized_step(image, gradient, step)",
    hints=(
        "Gradients of different layers differ by orders of magnitude, so their size cannot say how far to go. Keep their "
        "pattern, and decide the average size yourself.",
        "Divide the gradient by the mean of its *absolute* values, over all numbers of the tensor. Its mean absolute value "
        "is then 1. Then go uphill, and stay a picture.",
        "`(image + step * gradient / gradient.abs().mean()).clamp(0, 1)`",
    ),
    reference=dream.normalized_step,
    cases=(
        _ascent_case(1, (1, 3, 4, 5), 0.02, 0.08),
        _ascent_case(2, (1, 3, 5, 7), 0.1, 40.0),
        _ascent_case(3, (2, 3, 6, 4), 0.05, 1.0, loose=True),
        _ascent_case(4, (2, 3, 3, 5), 0.4, 0.2),
        _ascent_case(5, (1, 3, 1, 5), 0.1, 0.7),
    ),
    takes={
        "image": tensor("B 3 H W", PICTURE),
        "gradient": either(
            tensor("B 3 H W", ("normal", "rectified", "ties")),
            changed(tensor("B 3 H W", ("normal",)), lambda gradient: gradient / 100, "{}, around 0.01"),
        ),
        "step": one_of(0.01, 0.05, 0.2, 1),
    },
    allowed=lambda image, gradient, step: bool((gradient != 0).any()),
    verified="pattern of the gradient, size of the step, values in [0, 1]",
)
