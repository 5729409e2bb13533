"""The exercise ``occlusion_map``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib import occlusion
from nstlib.check.drawing import PICTURE, Make, Pick, Sizes, real, tensor, whole
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    if_loose,
    law,
    mistake,
    normal,
    scattered,
    uniform,
)

Score = Callable[[Tensor], Tensor]


def occlusion_map(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    """Return how far the score drops when a square is covered, for each place of the square.

    Args:
        score: from images (B, 3, H, W) to one number each, (B,).
        image: shape (1, 3, H, W).
        size: sides of the square, in pixels.
        stride: pixels from one place to the next.
        value: of the square's pixels.
    """
    return occlusion.occlusion_map(score, image, size=size, stride=stride, value=value)


def _weighing(seed: int, height: int, width: int, dtype: torch.dtype) -> Score:
    """Return a score that likes some pixels more than others, and is not linear."""
    liking = normal(seed, 3, height, width, dtype=dtype)
    return lambda images: (liking * images).sum((1, 2, 3)) + (liking * images.square()).amax((1, 2, 3))


def _occlusion_case(
    seed: int, height: int, width: int, size: int, stride: int, value: float, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Score, Tensor, int, int, float]:
        image = uniform(seed, 1, 3, height, width, dtype=dtype)
        score = _weighing(seed + 3, height, width, dtype)
        return score, scattered(image) if loose else image, size, stride, value

    label = f"image {(1, 3, height, width)}, size {size}, stride {stride}, value {value}{if_loose(loose)}"
    return Case(label, make)


def _gray_image() -> Tensor:
    return uniform(41, 1, 3, 8, 11)


def _drops(function: Function, score: Score, image: Tensor, size: int = 3, stride: int = 2) -> Tensor:
    return torch.as_tensor(function(score, image, size, stride, 0.5))


@law("a score that looks at nothing never drops")
def constant(function: Function) -> bool:
    return close(_drops(function, lambda images: torch.full((len(images),), 7.0), _gray_image()), torch.zeros(3, 5))


@law("covering gray with the same gray changes nothing")
def gray(function: Function) -> bool:
    score = _weighing(42, 8, 11, torch.float32)
    return close(_drops(function, score, torch.full((1, 3, 8, 11), 0.5)), torch.zeros(3, 5))


@law("the sum of all pixels drops by what the square covers, less what it brings")
def occlusion_sum(function: Function) -> bool:
    image = _gray_image()
    windows = image.sum(1).unfold(1, 3, 2).unfold(2, 3, 2).sum((3, 4))[0]  # (3, 5)
    return close(_drops(function, lambda images: images.sum((1, 2, 3)), image), windows - 0.5 * 27)


@law("a score that looks at one pixel drops only where the square lies on it")
def pixel(function: Function) -> bool:
    drops = _drops(function, lambda images: images[:, 1, 4, 7], _gray_image(), 3, 1)
    touched = torch.zeros(6, 9, dtype=torch.bool)
    touched[2:5, 5:8] = True
    return drops.shape == touched.shape and bool((drops.abs()[touched] > 0.01).all()) and not drops[~touched].any()


@law("the square goes to every place where it fits, and to no other")
def places(function: Function) -> bool:
    score = _weighing(43, 8, 11, torch.float32)
    shapes = [tuple(_drops(function, score, _gray_image(), *how).shape) for how in ((8, 3), (1, 1), (4, 4), (2, 3))]
    return shapes == [(1, 2), (8, 11), (2, 2), (3, 4)]


def _mapped(
    score: Score, image: Tensor, tops: range, lefts: range, paint: Callable[[Tensor, int, int], None]
) -> Tensor:
    """Return the drops at these corners, each on a fresh copy that ``paint`` has changed."""
    drops = torch.zeros(len(tops), len(lefts), dtype=image.dtype)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copy = image.clone()
            paint(copy, top, left)
            drops[i, j] = (score(image) - score(copy))[0]
    return drops


def _corners(image: Tensor, size: int, stride: int) -> tuple[range, range]:
    return range(0, image.shape[2] - size + 1, stride), range(0, image.shape[3] - size + 1, stride)


@mistake(
    "The sign is turned around: where covering hurts, the map should be positive. Which of the two scores comes first?"
)
def rise_instead_of_drop(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return -occlusion_map(score, image, size, stride, value)


@mistake(
    "This is the score that is *left* when the square covers that place, as Zeiler and Fergus (2014) draw it. Asked for is "
    "how far it dropped: the score of the whole image minus yours."
)
def score_that_is_left(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return score(image) - occlusion_map(score, image, size, stride, value)


@mistake(
    "The squares pile up: each one stays when the next is painted. Where is the copy made, inside the loop or "
    "before it?"
)
def squares_pile_up(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = _corners(image, size, stride)
    copy, drops = image.clone(), torch.zeros(len(tops), len(lefts), dtype=image.dtype)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copy[:, :, top : top + size, left : left + size] = value
            drops[i, j] = (score(image) - score(copy))[0]
    return drops


@mistake(
    "The square never reaches the last place where it fits. `range` stops before its end: is it H - size, or one more?"
)
def last_place_missing(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = range(0, image.shape[2] - size, stride), range(0, image.shape[3] - size, stride)

    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, :, top : top + size, left : left + size] = value

    return _mapped(score, image, tops, lefts, paint)


@mistake(
    "At the lower and right edge the square sticks out, so smaller and smaller pieces are covered there. How far "
    "can its upper left corner go?"
)
def sticks_out(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = range(0, image.shape[2], stride), range(0, image.shape[3], stride)

    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, :, top : top + size, left : left + size] = value

    return _mapped(score, image, tops, lefts, paint)


@mistake("The sign is lost: where covering makes the score *rise*, the map should be negative.")
def sign_lost(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value).abs()


@mistake(
    "The map is divided by its own largest number, so maps of two pictures cannot be compared. Return plain differences."
)
def scaled_to_its_largest(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    drops = occlusion_map(score, image, size, stride, value)
    return drops / drops.abs().max().clamp(min=1e-12)


@mistake("The square is black, whatever `value` is.")
def black(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, 0.0)


@mistake("Only the red channel is covered. The square should hide all three colors.")
def one_color_only(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, 0, top : top + size, left : left + size] = value

    return _mapped(score, image, *_corners(image, size, stride), paint)


@mistake("Everything *but* the square is covered. It is the square that should be hidden.")
def everything_else_covered(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    def paint(copy: Tensor, top: int, left: int) -> None:
        kept = copy[:, :, top : top + size, left : left + size].clone()
        copy[:] = value
        copy[:, :, top : top + size, left : left + size] = kept

    return _mapped(score, image, *_corners(image, size, stride), paint)


@mistake("The map lies on its side: rows of the map should be rows of the image.")
def columns_first(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value).mT


@mistake(
    "This is the drop as a share of the score. Asked for is the plain difference, which is also defined where the "
    "score is 0."
)
def share_of_the_score(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value) / score(image)


@mistake("The numbers are right, but in one row. Where was the square? Give the map its (rows, columns).")
def in_one_row(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value).flatten()


def _some_score(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    seed, height, width = pick.whole(0, 999), sizes["H"], sizes["W"]
    return "which likes some pixels more", lambda dtype: _weighing(seed, height, width, dtype)


EXERCISE = Exercise(
    __name__,
    title="Cover it, and see who minds",
    difficulty=2,
    minutes=15,
    signature="occlusion_map(score, image, size, stride, value)",
    hints=(
        "If a part of the picture matters, the score drops when nobody can see that part. So cover one part after the "
        "other, each time on a fresh copy.",
        "Two loops over the square's upper left corner, from 0 in steps of `stride`, as long as the square fits. What is "
        "asked for is the score of the whole image minus that of the covered one.",
        "`for i, top in enumerate(range(0, H - size + 1, stride))` and likewise for the columns: `copy = image.clone()`; "
        "`copy[..., top:top + size, left:left + size] = value`; `drops[i, j] = (score(image) - score(copy)).item()`.",
    ),
    reference=occlusion_map,
    cases=(
        _occlusion_case(1, 8, 11, 3, 2, 0.5),
        _occlusion_case(2, 9, 7, 4, 3, 0.25),
        _occlusion_case(3, 10, 8, 4, 2, 0.75, loose=True),
        _occlusion_case(4, 6, 9, 2, 3, 0.5),
    ),
    takes={
        "score": _some_score,
        "image": tensor("1 3 H W", PICTURE),
        "size": whole(1, 5),
        "stride": whole(1, 4),
        "value": real(0.0, 1.0),
    },
    allowed=lambda score, image, size, stride, value: size <= min(image.shape[2:]),
    verified="the drop for every place of the square, on a fresh copy each time",
)
