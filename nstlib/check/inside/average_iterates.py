"""The exercise ``average_iterates``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, one_of, several, tensor
from nstlib.check.engine._shared import Once, handed
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


def average_iterates(iterates: Iterable[Tensor], decay: float) -> Tensor:
    """Return the exponential moving average of images, corrected for having started at zero (Kingma and Ba, 2015).

    ``a = decay * a + (1 - decay) * image`` from a = 0 on, and at the end ``a / (1 - decay**t)``, so that the weights of
    the t images add up to 1, each ``decay`` times that of the image after it.

    Args:
        iterates: images of one shape, at least one; they may be one tensor that is changed in place.
        decay: 0 <= decay < 1.
    """
    average, weight = 0.0, 0.0
    for iterate in iterates:
        average = decay * average + (1 - decay) * iterate
        weight = decay * weight + (1 - decay)  # which is 1 - decay**t
    return average / weight


class _InPlace(Once):
    """Images that one single tensor shows one after the other, as an optimizer's does."""


def _average_case(
    seed: int, shape: tuple[int, ...], count: int, decay: float, kind: type[list] = list, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor], float]:
        images = [uniform(seed + k, *shape, dtype=dtype) for k in range(count)]
        return kind(scattered(image) if loose else image for image in images), decay

    kinds = {list: "a list of {}", Once: "a generator of {}", _InPlace: "one tensor that is changed in place, {}"}
    label = f"{kinds[kind].format(f'{count} images {shape}')}, decay {decay}{if_loose(loose)}"
    return Case(label, make, {"2": 2.0, "1 - decay": 1 - decay})


def _painted(images: list[Tensor]) -> Iterator[Tensor]:
    """Show images one after the other in one tensor."""
    canvas = images[0].clone()
    for image in images:
        yield canvas.copy_(image)


def _watch_average(function: Function, arguments: tuple) -> object:
    images, decay = arguments
    return function(_painted(images) if isinstance(images, _InPlace) else handed(images), decay)


def _averaged(function: Function, images: list[Tensor], decay: float) -> Tensor:
    return torch.as_tensor(function((image for image in images), decay))


def _frames(count: int = 4) -> list[Tensor]:
    return [uniform(61 + k, 1, 3, 4, 5) for k in range(count)]


@law("the average of equal images is that image")
def equal(function: Function) -> bool:
    image = _frames()[0]
    return close(_averaged(function, [image.clone() for _ in range(5)], 0.9), image)


@law("the average of one image is that image")
def one(function: Function) -> bool:
    image = _frames()[0]
    return close(_averaged(function, [image], 0.7), image)


@law("each image weighs `decay` times the one after it, and the weights add up to 1")
def weights(function: Function) -> bool:
    """One image of the four is white, the others are black: what comes out is its weight."""
    flashes = [[torch.full((1, 3, 2, 2), float(k == white)) for k in range(4)] for white in range(4)]
    weights = torch.stack([_averaged(function, images, 0.6).mean() for images in flashes])
    return close(weights[:-1], 0.6 * weights[1:]) and close(weights.sum(), torch.tensor(1.0))


@law("one tensor changed in place counts like separate images")
def in_place(function: Function) -> bool:
    images = _frames()
    return close(function(_painted(images), 0.6), _averaged(function, images, 0.6))


@law("with decay 0 only the last image counts")
def last(function: Function) -> bool:
    images = _frames()
    return close(_averaged(function, images, 0.0), images[-1])


@law("no pixel is darker or brighter than it ever was")
def between(function: Function) -> bool:
    images = torch.stack(_frames())
    average = _averaged(function, list(images), 0.8)
    return bool((average <= images.amax(0) + 1e-5).all() and (average >= images.amin(0) - 1e-5).all())


def _moving_average(iterates: Iterable[Tensor], decay: float) -> tuple[Tensor, int]:
    average, count = 0.0, 0
    for iterate in iterates:
        average, count = decay * average + (1 - decay) * iterate, count + 1
    return average, count


@mistake(
    "It is too dark: the black start still has its share. What is that share after t images, and what does the "
    "rest add up to?"
)
def not_corrected(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return _moving_average(iterates, decay)[0]


def average_decay_swapped_throughout(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates(iterates, 1 - decay)


@mistake(
    "`decay` and 1 - decay are exchanged. With decay 0.9, how much of the *old* average should stay?",
    variants=(average_decay_swapped_throughout,),
)
def decay_swapped(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, 1 - decay)
    return average / (1 - decay**count)


@mistake("This is the plain mean, in which the first image counts as much as the last. Where does `decay` come in?")
def plain_mean(iterates: Iterable[Tensor], decay: float) -> Tensor:
    total, count = 0.0, 0
    for iterate in iterates:
        total, count = total + iterate, count + 1
    return total / count


@mistake(
    "It is divided by decay**t, which is the share of the black start. What do the weights of the t images add up to?"
)
def corrected_by_the_rest(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / decay**count


@mistake(
    "It is divided by 1 - decay, which is the weight of the last image alone. What do the weights of all t images "
    "add up to?",
)
def corrected_by_one_step(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return _moving_average(iterates, decay)[0] / (1 - decay)


def average_one_step_more(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / (1 - decay ** (count + 1))


@mistake(
    "The exponent of the correction is one off. Try a single image: the result should be that image.",
    variants=(average_one_step_more,),
)
def exponent_off_by_one(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / (1 - decay ** (count - 1))


@mistake(
    "The iterates are collected first. Where one tensor is changed in place, that is a list of the same tensor, "
    "and it shows the last image t times. Use each image when it comes, or copy it."
)
def references_kept(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates(list(iterates), decay)


@mistake(
    "The corrected average goes into the next step, where it is corrected again. Keep the plain one in the loop, "
    "and divide once."
)
def corrected_on_the_way(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = 0.0
    for step, iterate in enumerate(iterates, 1):
        average = (decay * average + (1 - decay) * iterate) / (1 - decay**step)
    return average


@convention(
    "It starts with a copy of the first image instead of black, as PyTorch's AveragedModel does, and so needs no "
    "correction. Its first image weighs more: your numbers below will differ a little from the book's."
)
def starts_with_the_first(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate.clone() if average is None else decay * average + (1 - decay) * iterate
    return average


@mistake(
    "The average starts with the first image, so there is no black to correct for, and is divided nevertheless: it "
    "is too bright. Start at 0, or leave the division out."
)
def corrected_twice(iterates: Iterable[Tensor], decay: float) -> Tensor:
    images = [iterate.clone() for iterate in iterates]
    return starts_with_the_first(images, decay) / (1 - decay ** len(images))


@mistake(
    "The average starts as another name for the first image, not as a copy of it. When the tensor is changed, so "
    "is your average."
)
def first_not_copied(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else decay * average + (1 - decay) * iterate
    return average


def average_into_the_first_from_the_first(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else average
        average.mul_(decay).add_((1 - decay) * iterate)
    return average


def average_scaling_the_iterates(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates((iterate.mul_(1 - decay) for iterate in iterates), decay) / (1 - decay)


@mistake(
    "The images that came in are written into (mul_, add_, *=). They are the optimizer's: let it paint alone, and "
    "work on tensors of your own.",
    variants=(average_into_the_first_from_the_first, average_scaling_the_iterates),
)
def writes_into_the_iterates(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else average.mul_(decay).add_(iterate, alpha=1 - decay)
    return average


@mistake("This is the last image. Is the average added to, or overwritten?")
def last_only(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return [iterate.clone() for iterate in iterates][-1]


@mistake("The first image is left out. With which one does your loop begin?")
def first_lost(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates([iterate.clone() for iterate in iterates][1:], decay)


def _some_iterates(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw images of an optimizer without a clamp, in a list, from a generator, or in one tensor."""
    kinds = {list: "in a list", Once: "from a generator", _InPlace: "in one tensor that is changed"}
    kind = pick.one_of(tuple(kinds))
    said, make = several(tensor("B 3 H W", ("uniform", "normal", "equal", "zeros")), 1, 7, kind)(pick, sizes)
    return f"{said}, {kinds[kind]}", make


EXERCISE = Exercise(
    __name__,
    title="The average of a run, with a short memory",
    difficulty=2,
    minutes=12,
    signature="average_iterates(iterates, decay)",
    hints=(
        "The average starts at 0, which is black, and forgets that only slowly. So at the end you divide by how much of "
        "it is *not* that black start: by the sum of the weights.",
        "Go through the images once, with two things in hand: the average so far and the number of images. A new tensor "
        "in each step keeps you safe from an optimizer that goes on painting on the old one.",
        "`average = decay * average + (1 - decay) * image` and `t += 1` in the loop, `average / (1 - decay**t)` after it.",
    ),
    reference=average_iterates,
    cases=(
        _average_case(21, (1, 3, 6, 4), 4, 0.75, _InPlace),
        _average_case(1, (1, 3, 4, 5), 3, 0.6),
        _average_case(11, (2, 3, 5, 4), 5, 0.9, Once),
        _average_case(31, (2, 3, 5, 7), 2, 0.8, loose=True),
        _average_case(41, (1, 3, 4, 6), 7, 0.9, _InPlace, loose=True),
    ),
    takes={"iterates": _some_iterates, "decay": one_of(0, 0.3, 0.5, 0.9, 0.99)},
    sizes={"H": (1, 4), "W": (1, 4)},
    drawn=9,
    observe=_watch_average,
    verified="weights that fall by `decay` and add up to 1, whoever changes the tensor meanwhile",
)
