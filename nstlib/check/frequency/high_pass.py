"""The exercise ``high_pass``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import frequency
from nstlib.check.exercise import Exercise, Function, close, law, mistake
from nstlib.check.frequency._shared import (
    PICTURES,
    SIGMA,
    SIZES,
    _bytes,
    case,
    conventions,
    filtered,
    picture,
)


@law("fine and coarse sum to the image")
def high_sum(function: Function) -> bool:
    image = picture()
    return close(filtered(function, image, 1.1) + frequency.low_pass(image, 1.1), image)


@law("a gray picture has nothing fine in it")
def of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return float(filtered(function, gray, 2.0).abs().max()) < 1e-5


@law("a brighter picture has the same fine part")
def ignores_brightness(function: Function) -> bool:
    image = picture()
    return close(filtered(function, image + 0.3, 1.1), filtered(function, image, 1.1))


@law("the negative of a picture has the negative of its fine part")
def signed(function: Function) -> bool:
    image = picture()
    return close(filtered(function, 1 - image, 1.1), -filtered(function, image, 1.1))


@law("a quarter of the contrast gives a quarter of the fine part")
def strength(function: Function) -> bool:
    image = picture()
    return close(filtered(function, 0.25 * image, 1.1), 0.25 * filtered(function, image, 1.1))


def high_in_truncated_bytes(image: Tensor, sigma: float) -> Tensor:
    low = frequency.low_pass(image, sigma)
    return (_bytes(image, rounded=False) - _bytes(low, rounded=False)).to(image.dtype) / 255


def high_wrapped(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma) % 1


@mistake(
    "Negative values have wrapped around: -3 became 253. Bytes have no sign. In which type do you subtract?",
    variants=(high_in_truncated_bytes, high_wrapped),
)
def wrapped_in_bytes(image: Tensor, sigma: float) -> Tensor:
    low = frequency.low_pass(image, sigma)
    return (_bytes(image, rounded=True) - _bytes(low, rounded=True)).to(image.dtype) / 255


def high_clamped_to_a_picture(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).clamp(0, 1)


@mistake(
    "All negative values are gone: half of every edge. A band is no picture yet: does it have to stay in [0, 1]?",
    variants=(high_clamped_to_a_picture,),
)
def dark_half_lost(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).clamp(min=0)


def high_about_gray_clamped(image: Tensor, sigma: float) -> Tensor:
    return mid_gray_added(image, sigma).clamp(0, 1)


@mistake(
    "Mid-gray is added. That is for looking at it; what will fine + coarse be now?", variants=(high_about_gray_clamped,)
)
def mid_gray_added(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma) + 0.5


@mistake("The sign is lost: dark lines and bright lines look the same. How would you get the picture back?")
def sign_lost(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).abs()


def high_scaled_to_its_top(image: Tensor, sigma: float) -> Tensor:
    high = frequency.high_pass(image, sigma)
    return high / high.abs().max()


@mistake(
    "It is stretched to a range of its own, a different one for each picture. Leave the numbers as they come.",
    variants=(high_scaled_to_its_top,),
)
def stretched(image: Tensor, sigma: float) -> Tensor:
    high = frequency.high_pass(image, sigma)
    return (high - high.min()) / (high.max() - high.min())


def high_of_the_whole_mean(image: Tensor, sigma: float) -> Tensor:
    return image - image.mean()


@mistake(
    "Only the mean is taken off, which is the coarsest of all. Where does sigma come in?",
    variants=(high_of_the_whole_mean,),
)
def only_the_mean_taken_off(image: Tensor, sigma: float) -> Tensor:
    return image - image.mean((2, 3), keepdim=True)


@mistake("The sign is turned around: this is coarse minus the image. What must be added to coarse to get the image?")
def turned_around(image: Tensor, sigma: float) -> Tensor:
    return frequency.low_pass(image, sigma) - image


@mistake("This is the image plus its fine part: sharpened. The fine part alone is asked for.")
def sharpened(image: Tensor, sigma: float) -> Tensor:
    return 2 * image - frequency.low_pass(image, sigma)


@mistake("This is what is coarse: the blur itself. What does the blur lack?")
def coarse_for_fine(image: Tensor, sigma: float) -> Tensor:
    return frequency.low_pass(image, sigma)


EXERCISE = Exercise(
    __name__,
    title="Keep what is fine",
    difficulty=1,
    minutes=6,
    signature="high_pass(image, sigma)",
    hints=(
        "Fine and coarse together are the picture. You have the picture and its coarse part.",
        "Subtract, and leave the result as it is: negative where the picture is darker than its surroundings.",
        "`return image - low_pass(image, sigma)`. No clamp, no absolute value, nothing added for showing it.",
    ),
    reference=frequency.high_pass,
    cases=(
        case(1, (1, 3, 8, 7), 0.8, "sigma"),
        case(2, (2, 3, 9, 10), 0.5, "sigma"),
        case(3, (2, 2, 7, 9), 1.5, "sigma", loose=True),
        case(4, (1, 4, 10, 12), 2.2, "sigma", signed=True),
        case(5, (1, 1, 9, 8), 0.7, "sigma"),
    ),
    takes={"image": PICTURES, "sigma": SIGMA},
    sizes=SIZES,
    drawn=5,
    conventions=conventions(lambda image, sigma, low: image - low(image, sigma))[:1],
    differentiable=(0,),
    verified="signed, and together with the coarse part exactly the image",
)
