"""The exercise ``caffe_deprocess``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import ANY, changed, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.images._shared import mean, plain, seen
from nstlib.features import CAFFE


def caffe_deprocess(pixels: Tensor) -> Tensor:
    """Return RGB in [0, 1] from what the Caffe networks see: the exact inverse, nothing is clamped."""
    return CAFFE.inverse(pixels)


def _centered_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        pixels = 90 * normal(seed, *shape, dtype=dtype)
        return (scattered(pixels) if loose else pixels,)

    return Case(f"pixels {shape}{if_loose(loose)}", make, {"255": 255.0, "256": 256.0, "2": 2.0})


@law("it undoes the preprocessing")
def back_and_forth(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(seen(function, CAFFE(image)), image)


@law("the preprocessing undoes it")
def forth_and_back(function: Function) -> bool:
    pixels = 200 * normal(6, 1, 3, 4, 5)
    return close(CAFFE(seen(function, pixels).float()), pixels)


@law("zeros become the mean color of the training set, red first")
def back_zero(function: Function) -> bool:
    blue, green, red = (value / 255 for value in CAFFE.mean)
    return close(seen(function, torch.zeros(1, 3, 2, 4)), plain((red, green, blue)))


@law("values outside [0, 1] come back as they were")
def back_outside(function: Function) -> bool:
    image = plain((1.5, -0.5, 0.5))
    return close(seen(function, CAFFE(image)), image)


@law("51 more in the first channel is 0.2 more blue")
def back_blue(function: Function) -> bool:
    pixels = torch.zeros(1, 3, 2, 4)
    change = pixels.clone()
    change[:, 0] = 51  # the first channel is blue
    return close(seen(function, change) - seen(function, pixels), plain((0.0, 0.0, 0.2)))


@mistake("The colors are still in the order B, G, R: on the screen, the cat would be blue.")
def bgr_left(pixels: Tensor) -> Tensor:
    return (pixels + mean(pixels)) / 255


@mistake(
    "The colors were turned around first, and then each got the mean of another one. What came last on the way "
    "there comes first on the way back."
)
def mean_of_another_color(pixels: Tensor) -> Tensor:
    return (pixels.flip(1) + mean(pixels)) / 255


@mistake("The mean of the training set is missing, so the picture is too dark. What was subtracted?")
def mean_forgotten(pixels: Tensor) -> Tensor:
    return pixels.flip(1) / 255


@mistake("The mean is subtracted once more. On the way back it has to be added.")
def mean_subtracted_again(pixels: Tensor) -> Tensor:
    return ((pixels - mean(pixels)) / 255).flip(1)


@mistake("The division comes before the mean is added. The mean is given in 0..255: in which range is it to be added?")
def mean_after_division(pixels: Tensor) -> Tensor:
    return (pixels / 255 + mean(pixels)).flip(1)


def back_multiplied(pixels: Tensor) -> Tensor:
    return (pixels + mean(pixels)).flip(1) * 255


@mistake("It is not divided by 255. An image has values around [0, 1].", variants=(back_multiplied,))
def not_divided(pixels: Tensor) -> Tensor:
    return (pixels + mean(pixels)).flip(1)


@mistake(
    "Values outside [0, 1] are clamped, so the way there no longer undoes the way back. Clamping belongs to "
    "showing a picture, not here."
)
def clamped(pixels: Tensor) -> Tensor:
    return CAFFE.inverse(pixels).clamp(0, 1)


@mistake("This is the way there, once more. Which step is undone first?")
def forward_again(pixels: Tensor) -> Tensor:
    return CAFFE(pixels)


@mistake("The numbers are right, but what was given is changed: `+=` works in place. Make a new tensor.")
def in_place(pixels: Tensor) -> Tensor:
    pixels += mean(pixels)
    return pixels.flip(1) / 255


EXERCISE = Exercise(
    __name__,
    title="And back again",
    difficulty=1,
    minutes=6,
    signature="caffe_deprocess(pixels)",
    hints=(
        "An inverse undoes the steps one by one, *in the opposite order*.",
        "Forward it was: turn the colors around, times 255, minus the mean. So backward: plus the mean, divided by 255, "
        "turn the colors around. Leave values outside [0, 1] alone, or it would be no inverse.",
        "`((pixels + mean) / 255).flip(1)`, with the mean in the order B, G, R as before.",
    ),
    reference=caffe_deprocess,
    cases=(
        _centered_case(1, (1, 3, 4, 5)),
        _centered_case(2, (2, 3, 5, 4)),
        _centered_case(3, (2, 3, 6, 4), loose=True),
        _centered_case(4, (1, 3, 7, 2)),
        _centered_case(5, (1, 3, 1, 4)),
    ),
    takes={"pixels": changed(tensor("B 3 H W", ANY), lambda pixels: 90 * pixels, "90 times {}")},
    differentiable=(0,),
    verified="the exact inverse, outside [0, 1] as well",
)
