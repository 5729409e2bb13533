"""The exercise ``total_variation``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import losses
from nstlib.check.drawing import tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)
from nstlib.check.losses._shared import CUT


def _image_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{if_loose(loose)}", make, {"2": 2.0, "3": 3.0, "4": 4.0, "B": shape[0]})


def _ramp() -> Tensor:
    return torch.linspace(0, 1, 11).repeat(1, 3, 4, 1)  # rises by 0.1 with each column


@law("a flat image has none")
def flat(function: Function) -> bool:
    return close(function(torch.full((1, 3, 4, 5), 0.7)), 0.0)


@law("a ramp that rises by 0.1 to the right has 0.1, borders included")
def ramp(function: Function) -> bool:
    return close(function(_ramp()), 0.1)


@law("a ramp downward has the same")
def turned(function: Function) -> bool:
    return close(function(_ramp().mT.contiguous()), 0.1)


@law("mirrored and negative images have the same")
def mirrored(function: Function) -> bool:
    image = uniform(41, 2, 3, 4, 5)
    return close(function(image.flip(-1)), function(image)) and close(function(1 - image), function(image))


@law("half the contrast has half of it")
def contrast(function: Function) -> bool:
    image = uniform(41, 2, 3, 4, 5)
    return close(function(image / 2 + 0.3), torch.as_tensor(function(image)) / 2)


def _down(image: Tensor) -> Tensor:
    return image[:, :, 1:] - image[:, :, :-1]


def _right(image: Tensor) -> Tensor:
    return image[..., 1:] - image[..., :-1]


@mistake("`roll` wraps around: the last column is compared with the first. Are they neighbors in the picture?")
def wrapped_around(image: Tensor) -> Tensor:
    return (image - image.roll(1, 2)).abs().mean() + (image - image.roll(1, 3)).abs().mean()


def variation_rightward(image: Tensor) -> Tensor:
    return _right(image).abs().mean()


@mistake(
    "Only one direction is there. Stripes along it would count as perfectly smooth: add the other one.",
    variants=(variation_rightward,),
)
def one_direction_only(image: Tensor) -> Tensor:
    return _down(image).abs().mean()


def variation_signed_last(image: Tensor) -> Tensor:
    return _down(image).mean().abs() + _right(image).mean().abs()


@mistake(
    "Differences up and down cancel: the absolute value is missing, or comes after the mean.",
    variants=(variation_signed_last,),
)
def signed(image: Tensor) -> Tensor:
    return _down(image).mean() + _right(image).mean()


def variation_of_colors_too(image: Tensor) -> Tensor:
    return (image[:, 1:] - image[:, :-1]).abs().mean() + losses.total_variation(image)


@mistake(
    "Color channels are compared with each other. Neighbors are pixels: which axes are H and W in (B, 3, H, W)?",
    variants=(variation_of_colors_too,),
)
def between_colors(image: Tensor) -> Tensor:
    return (image[:, 1:] - image[:, :-1]).abs().mean() + _down(image).abs().mean()


def variation_per_position(image: Tensor) -> Tensor:
    return (_down(image).abs().sum() + _right(image).abs().sum()) / image[0, 0].numel()


@mistake(
    "Both sums are divided by the number of pixels. There are fewer differences than pixels, and not equally many "
    "in both directions: take the mean of each.",
    variants=(variation_per_position,),
)
def divided_by_pixels(image: Tensor) -> Tensor:
    return (_down(image).abs().sum() + _right(image).abs().sum()) / image.numel()


@mistake("It is 2 times too small: the two directions are averaged where they should be added.")
def directions_averaged(image: Tensor) -> Tensor:
    return losses.total_variation(image) / 2


@mistake("Pixels two steps apart are compared, so a checkerboard would look smooth. Which slices are shifted by one?")
def two_apart(image: Tensor) -> Tensor:
    down, right = image[:, :, 2:] - image[:, :, :-2], image[..., 2:] - image[..., :-2]
    return down.abs().mean() + right.abs().mean()


@mistake(CUT)
def gradient_cut(image: Tensor) -> Tensor:
    return losses.total_variation(image.detach())


@convention(
    "This is the sum of absolute differences where the book takes means; both are in use. Your numbers will grow "
    "with the image, by about B*3*H*W, and so a weight fits one size only."
)
def sum_(image: Tensor) -> Tensor:
    return _down(image).abs().sum() + _right(image).abs().sum()


@convention(
    "This is the mean of *squared* differences; both are in use. Squares punish edges more than noise, so no "
    "single factor converts your numbers to the book's."
)
def squares(image: Tensor) -> Tensor:
    return _down(image).square().mean() + _right(image).square().mean()


@convention(
    "This is the sum of *squared* differences, as in much published code. Squares punish edges more than noise, "
    "and a sum grows with the image: no single factor converts your numbers to the book's."
)
def sum_of_squares(image: Tensor) -> Tensor:
    return _down(image).square().sum() + _right(image).square().sum()


EXERCISE = Exercise(
    __name__,
    title="How much neighbors differ",
    difficulty=1,
    minutes=8,
    signature="total_variation(image)",
    hints=(
        "Noise is pixels that differ from their neighbors. Compare each pixel with the one below, and with the one to "
        "the right; at the border there is no such neighbor.",
        "Two slices that are shifted by one against each other, subtracted, give all differences in one direction. "
        "Take absolute values and the mean; add the two directions.",
        "`(image[:, :, 1:] - image[:, :, :-1]).abs().mean()` is the downward half; the other one slices the last axis.",
    ),
    reference=losses.total_variation,
    cases=(
        _image_case(1, (1, 3, 4, 5)),
        _image_case(2, (2, 3, 6, 4)),
        _image_case(3, (2, 3, 5, 7), loose=True),
        _image_case(4, (1, 3, 2, 9)),
    ),
    takes={"image": tensor("B 3 H W", ("uniform", "normal", "equal", "ties", "tiny"))},
    sizes={"H": (2, 7), "W": (2, 7)},
    differentiable=(0,),
    verified="neighbors only, both directions, each by its own mean",
)
