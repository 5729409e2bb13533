"""The exercise ``split_bands``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from nstlib import frequency
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Exercise, Function, close, convention, law, mistake
from nstlib.check.frequency._shared import (
    SIZES,
    _bytes,
    case,
    conventions,
    listed,
    ordered,
    parts,
    picture,
)

_SIGMAS = (0.7, 1.3, 2.5)


@law("the bands sum to the image")
def bands_sum(function: Function) -> bool:
    image = picture()
    return close(sum(parts(function, image, _SIGMAS)), image)


@law("the last band is the last blur")
def last(function: Function) -> bool:
    image = picture()
    return close(parts(function, image, _SIGMAS)[-1], frequency.low_pass(image, _SIGMAS[-1]))


@law("of a gray picture only the last band is left")
def of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 5, 6), 0.4)
    *fine, coarse = parts(function, gray, _SIGMAS)
    return len(fine) == 3 and close(coarse, gray) and all(float(band.abs().max()) < 1e-5 for band in fine)


@law("one sigma gives the fine and the coarse part")
def of_one(function: Function) -> bool:
    image = picture()
    fine, coarse = parts(function, image, (1.1,))
    return close(fine, frequency.high_pass(image, 1.1)) and close(coarse, frequency.low_pass(image, 1.1))


@law("a checkerboard of single pixels stands in the first band")
def finest_first(function: Function) -> bool:
    board = ((torch.arange(12)[:, None] + torch.arange(12)) % 2)[None, None].float()
    sizes = [float((band - band.mean()).square().mean()) for band in parts(function, board, (1.0, 3.0))]
    return sizes[0] > 10 * max(sizes[1:])


def _all_blurs(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [frequency.low_pass(image, sigma) for sigma in sigmas]


def _bands_by(image: Tensor, sigmas: Sequence[float], low: Function) -> list[Tensor]:
    stack = [image, *(low(image, sigma) for sigma in sigmas)]
    return [*(finer - coarser for finer, coarser in pairwise(stack)), stack[-1]]


def bands_in_truncated_bytes(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [_bytes(x, rounded=False) for x in (image, *_all_blurs(image, sigmas))]
    return [x.to(image.dtype) / 255 for x in (*(a - b for a, b in pairwise(stack)), stack[-1])]


@mistake(
    "Negative values have wrapped around: -3 became 253. Bytes have no sign. In which type do you subtract?",
    variants=(bands_in_truncated_bytes,),
)
def wrapped_in_bytes(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [_bytes(x, rounded=True) for x in (image, *_all_blurs(image, sigmas))]
    return [x.to(image.dtype) / 255 for x in (*(a - b for a, b in pairwise(stack)), stack[-1])]


@mistake("These are the blurs. A band is what lies between two of them: what do you see if you sum yours?")
def blurs_instead_of_bands(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [image, *_all_blurs(image, sigmas)]


@mistake(
    "Each band is the image minus a blur, so the finest details are in all of them. From which blur should the "
    "second one start?"
)
def fine_counted_again(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    low = _all_blurs(image, sigmas)
    return [*(image - blur for blur in low), low[-1]]


@mistake("The finest band is missing: what the first blur takes away from the image.")
def finest_missing(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[1:]


@mistake(
    "What the last blur leaves is missing, and with it the brightness of the picture. How many bands do two blurs make?"
)
def rest_missing(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[:-1]


@mistake("The last band is the image itself, so everything is there twice. What is left after the widest blur?")
def image_as_rest(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [*frequency.split_bands(image, sigmas)[:-1], image]


@mistake("The bands are right but in the other order: from fine to coarse is asked for.")
def coarse_first(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[::-1]


@mistake(
    "Each blur is applied to the blur before, so they add up and the bands are coarser than sigmas says. Blur the "
    "image itself each time."
)
def blurred_again(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    bands = []
    for sigma in sigmas:
        blurred = frequency.low_pass(image, sigma)
        bands.append(image - blurred)
        image = blurred
    return [*bands, image]


@mistake("The widest blur comes first. `sigmas` are ascending: take them in the order in which they come.")
def widest_first(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return _bands_by(image, sorted(sigmas, reverse=True), frequency.low_pass)


@mistake("The bands have the wrong sign: coarse minus fine. Do yours sum to the image?")
def turned_around(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [image, *_all_blurs(image, sigmas)]
    return [*(coarser - finer for finer, coarser in pairwise(stack)), stack[-1]]


def bands_clamped(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.clamp(0, 1) for band in frequency.split_bands(image, sigmas)]


def bands_clamped_below(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.clamp(min=0) for band in frequency.split_bands(image, sigmas)]


@mistake(
    "The sign is lost. What is darker than its surroundings has to stay negative, or nothing sums back.",
    variants=(bands_clamped, bands_clamped_below),
)
def sign_lost(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.abs() for band in frequency.split_bands(image, sigmas)]


def bands_all_about_gray(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band + 0.5 for band in frequency.split_bands(image, sigmas)]


@mistake(
    "Mid-gray is added to the bands. That is for looking at them; what is their sum now?",
    variants=(bands_all_about_gray,),
)
def mid_gray_added(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    *fine, coarse = frequency.split_bands(image, sigmas)
    return [*(band + 0.5 for band in fine), coarse]


@convention(
    "You blur the blur by what is still missing, sqrt(b² - a²), as SIFT does: variances add. It sums back, too; "
    "your numbers below will differ a little, for a bell cut off at three sigma is no exact bell."
)
def steps_of_variance(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    bands, before = [], 0.0
    for sigma in sigmas:
        blurred = frequency.low_pass(image, math.sqrt(sigma**2 - before**2))
        bands.append(image - blurred)
        image, before = blurred, sigma
    return [*bands, image]


EXERCISE = Exercise(
    __name__,
    title="A picture as a sum of scales",
    difficulty=2,
    minutes=12,
    signature="split_bands(image, sigmas)",
    hints=(
        "Write the image, its first blur, its second blur, ... in a row. A band is what is lost from one to the next.",
        "The differences of neighbors in that row telescope: in their sum everything cancels but the image and the "
        "last blur. So what must the last band be?",
        "`stack = [image, *(low_pass(image, sigma) for sigma in sigmas)]`; then `a - b` for all neighbors, and "
        "`stack[-1]`.",
    ),
    reference=frequency.split_bands,
    cases=(
        case(1, (1, 3, 8, 7), (0.6, 1.2), "sigmas"),
        case(2, (2, 3, 9, 10), (0.5, 1.0, 2.0), "sigmas"),
        case(3, (2, 2, 7, 9), (0.9, 1.7), "sigmas", loose=True),
        case(4, (1, 4, 10, 12), (0.6, 1.1, 1.9, 3.0), "sigmas", signed=True),
        case(5, (1, 1, 9, 8), (0.7,), "sigmas"),
    ),
    takes={"image": tensor("B C H W", ("uniform", "normal")), "sigmas": ordered((0.4, 0.5, 0.7, 0.9, 1, 1.3))},
    sizes=SIZES,
    drawn=5,
    conventions=(*conventions(_bands_by), steps_of_variance),
    differentiable=(0,),
    observe=listed,
    verified="signed bands from fine to coarse that sum to the image",
)
