"""What can be said about where an answer is wrong: only at the border, only where height and width differ.

A claim is told only if it is true of every input tried: the examples, and cases drawn from what the statement allows.
What is said to depend on the input ("wrong only where height and width differ") is tried the other way around too: the
inputs that were wrong are made square, and have to be right then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from nstlib.check.examiner.forms import tensors
from nstlib.check.examiner.tried import Change, Try, first_image, made_even, made_square, of_images, values_changed
from nstlib.check.exercise import Exercise

_OUTSIDE = 8  # numbers that have to be right before "all else is right" says something
_CHANCE = 1e-3  # that so many wrong numbers lie within a region though that has nothing to do with it
_MOST = 0.8  # of the numbers meant, where it is said that these are the wrong ones
_TRIED = 3  # inputs on which it is right, as they came or changed, before it is said to depend on something


Agrees = Callable[[Try, Change], bool]  # whether the answer is right once the arguments are changed
Claim = Callable[[Sequence[Try], Agrees], bool]
Inside = Callable[[Try, tuple[int, ...]], Tensor | None]  # of a result of that shape, the numbers meant


def _only(inside: Inside, least: float = 0.0) -> Claim:
    """Claim that all numbers that are wrong are among those meant, and so large a share of these is wrong."""

    def holds(tried: Sequence[Try], agrees: Agrees) -> bool:
        outside, told, chance = 0, 0, 1.0
        for one in tried:
            wrong = one.wrong()
            if wrong is None or (not wrong.ndim and wrong.any()):
                return False
            meant = inside(one, tuple(wrong.shape)) if wrong.ndim else None
            meant = torch.zeros_like(wrong) if meant is None else meant.expand(wrong.shape)
            if (wrong & ~meant).any():
                return False
            if wrong.any() and not meant.all():
                if wrong.sum() < least * meant.sum():
                    return False
                told, outside = told + 1, outside + int((~meant).sum())
                chance *= float(meant.double().mean()) ** int(wrong.sum())  # that all of them are in there by accident
        return told >= 2 and outside >= _OUTSIDE and chance < _CHANCE

    return holds


def _unless(has: Callable[[Try], bool], without: Change) -> Claim:
    """Claim that an answer is wrong only on inputs that have something: without it, the same inputs are right."""

    def holds(tried: Sequence[Try], agrees: Agrees) -> bool:
        wrong = [one for one in tried if not one.right]
        if not all(has(one) for one in wrong):
            return False
        right = sum(one.right and not has(one) for one in tried)
        return right + len(wrong) >= _TRIED and all(agrees(one, without) for one in wrong)

    return holds


def _at(axis: int, index: slice, least: int) -> Inside:
    """Mean the numbers at some places along an axis, in results of at least so many axes (without that of a list)."""

    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        if len(shape) < least + one.listed:
            return None
        meant = torch.zeros(shape, dtype=torch.bool)
        meant.movedim(axis, 0)[index] = True
        return meant

    return inside


def _line(axis: int, index: slice) -> Inside:
    """Mean a row or a column of pictures, or of square matrices."""

    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        pictures = len(shape) == 4 + one.listed or (len(shape) == 3 + one.listed and shape[-1] == shape[-2])
        return _at(axis, index, 3)(one, shape) if pictures else None

    return inside


def _border(width: int) -> Inside:
    edges = [_at(axis, index, 4) for axis in (-2, -1) for index in (slice(width), slice(-width, None))]

    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        meant = [edge(one, shape) for edge in edges]
        return None if meant[0] is None else torch.stack(meant).any(0)

    return inside


def _along(axis: int, index: slice) -> Inside:
    """Mean some images or channels, where the result has as many of them as the first argument."""

    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        place = axis + one.listed
        alike = of_images(one) and len(shape) > place and shape[place] == one.lead.shape[axis]
        return _at(place, index, 1)(one, shape) if alike else None

    return inside


def _items(index: slice) -> Inside:
    return lambda one, shape: _at(0, index, 0)(one, shape) if one.listed else None


def _of_matrices(part: Callable[[Tensor], Tensor]) -> Inside:
    """Mean a part of square matrices, (B, C, C)."""

    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        square = len(shape) == 3 and shape[1] == shape[2]
        return part(torch.ones(shape[1:], dtype=torch.bool)) if square else None

    return inside


def _diagonal(matrix: Tensor) -> Tensor:
    return matrix & torch.eye(len(matrix), dtype=torch.bool)


def _number(index: int) -> Inside:
    def inside(one: Try, shape: tuple[int, ...]) -> Tensor | None:
        if one.listed and not all(isinstance(value, (int, float)) for value in one.expected):
            return None
        meant = torch.zeros(shape, dtype=torch.bool)
        meant.view(-1)[index : index + 1 or None] = True
        return meant

    return inside


def _input(like: Callable[[Tensor], Tensor]) -> Inside:
    return lambda one, shape: like(one.lead) if tuple(one.lead.shape) == shape else None


def _any(like: Callable[[Tensor], Tensor | bool]) -> Callable[[Try], bool]:
    return lambda one: any(bool(torch.as_tensor(like(t)).any()) for t in tensors(one.arguments))


def _has_ties(values: Tensor) -> bool:
    return values.unique().numel() < values.numel()


def _told_apart(values: Tensor) -> Tensor:
    return values + torch.linspace(0.01, 0.02, max(values.numel(), 1), dtype=values.dtype).view(values.shape)


def _size(test: Callable[[int, int], bool]) -> Callable[[Try], bool]:
    return lambda one: one.lead.ndim == 4 and test(*one.lead.shape[-2:])


_PLACES = ("first", "second", "third", "fourth")
_LOOK = "All else is right, on every input tried."
CLAIMS: tuple[tuple[str, str, Claim], ...] = (
    ("only_the_first_number", f"Only the first number is wrong. {_LOOK}", _only(_number(0))),
    ("only_the_last_number", f"Only the last number is wrong. {_LOOK}", _only(_number(-1))),
    ("only_the_first_row", f"Only the first row is wrong. {_LOOK}", _only(_line(-2, slice(1)))),
    ("only_the_last_row", f"Only the last row is wrong. {_LOOK}", _only(_line(-2, slice(-1, None)))),
    ("only_the_first_column", f"Only the first column is wrong. {_LOOK}", _only(_line(-1, slice(1)))),
    ("only_the_last_column", f"Only the last column is wrong. {_LOOK}", _only(_line(-1, slice(-1, None)))),
    (
        "only_at_the_end_of_each",
        f"Only the last number along the last axis is wrong. {_LOOK}",
        _only(_at(-1, slice(-1, None), 2)),
    ),
    *(
        (
            "only_at_the_border",
            f"Wrong numbers stand only at the border, in the outermost {rows} on each side. What is done there?",
            _only(_border(width)),
        )
        for width, rows in enumerate(("row and column", "2 rows and columns", "3 rows and columns"), 1)
    ),
    ("only_on_the_diagonal", f"Only the diagonal is wrong. {_LOOK}", _only(_of_matrices(_diagonal))),
    (
        "only_below_the_diagonal",
        f"Only what stands below the diagonal is wrong. {_LOOK}",
        _only(_of_matrices(lambda matrix: matrix.tril(-1))),
    ),
    (
        "only_above_the_diagonal",
        f"Only what stands above the diagonal is wrong. {_LOOK}",
        _only(_of_matrices(lambda matrix: matrix.triu(1))),
    ),
    (
        "only_beyond_the_first_image",
        "The first image of each batch is right, and all that is wrong lies in those after it.",
        _only(_along(0, slice(1, None))),
    ),
    (
        "only_for_several_images",
        "It is right for one image, and wrong only for several.",
        _unless(lambda one: of_images(one) and len(one.lead) > 1, first_image),
    ),
    (
        "only_where_not_square",
        "It is right where height and width are equal, and wrong only where they differ. Is one taken for the other?",
        _unless(_size(lambda h, w: h != w), made_square),
    ),
    (
        "only_for_odd_sizes",
        "It is right where height and width are even, and wrong only where one of them is odd. What is rounded?",
        _unless(_size(lambda h, w: h % 2 + w % 2 > 0), made_even),
    ),
    (
        "only_the_last_item",
        "Only the last of several is wrong, all before it are right.",
        _only(_items(slice(-1, None))),
    ),
    ("only_the_first_item", "Only the first of several is wrong, all after it are right.", _only(_items(slice(1)))),
    (
        "only_beyond_the_first_item",
        "The first of several is right, and all that is wrong comes after it.",
        _only(_items(slice(1, None))),
    ),
    ("only_the_last_channel", f"Only the last channel is wrong. {_LOOK}", _only(_along(1, slice(-1, None)))),
    ("only_the_first_channel", f"Only the first channel is wrong. {_LOOK}", _only(_along(1, slice(1)))),
    ("only_where_zero", "It is wrong only where the input is 0.", _only(_input(lambda x: x == 0), _MOST)),
    ("only_where_negative", "It is wrong only where the input is negative.", _only(_input(lambda x: x < 0), _MOST)),
    ("only_above_one", "It is wrong only where the input is above 1.", _only(_input(lambda x: x > 1), _MOST)),
    (
        "only_with_zeros",
        "It is right on inputs without a 0, and wrong only where some number is 0.",
        _unless(_any(lambda t: t == 0), values_changed(lambda t: torch.where(t == 0, 0.1, t))),
    ),
    (
        "only_with_negative",
        "It is right where no number is negative, and wrong only where some are.",
        _unless(_any(lambda t: t < 0), values_changed(lambda t: t.abs())),
    ),
    (
        "only_with_equal",
        "It is right where all numbers differ, and wrong only where some are equal.",
        _unless(_any(_has_ties), values_changed(_told_apart)),
    ),
    (
        "only_off_the_diagonal",
        "The diagonal is right, and all that is wrong stands beside it.",
        _only(_of_matrices(lambda matrix: ~_diagonal(matrix))),
    ),
)


def of_plain_arguments(exercise: Exercise, tried: Sequence[Try]) -> Iterator[tuple[str, str, Claim]]:
    """Yield claims about arguments that are a number, a word or a truth value: "right where `stride` is 1"."""
    for k, name in enumerate(inspect.signature(exercise.reference).parameters):
        given = [one.arguments[k : k + 1] for one in tried]
        if not all(given) or not all(isinstance(value, (bool, int, float, str)) for (value,) in given):
            continue
        right = {repr(one.arguments[k]): one.arguments[k] for one in tried if one.right}
        wrong = {repr(one.arguments[k]): one.arguments[k] for one in tried if not one.right}
        named = all(isinstance(value, (bool, str)) for value in (*right.values(), *wrong.values()))
        if named and right and len(wrong) == 1:
            said, value, other = *next(iter(wrong.items())), next(iter(right.values()))
            claim = _unless(lambda one, k=k, v=value: one.arguments[k] == v, _with(k, other))
            yield f"only_where_{name}_is_{str(value).lower()}", f"It is wrong only where `{name}` is {said}.", claim
        for said, value in sorted(right.items(), reverse=True):  # 1 says more than 0
            if len(right) == 1 if named else value in (0, 1):
                claim = _unless(lambda one, k=k, v=value: one.arguments[k] != v, _with(k, value))
                text = f"It is right where `{name}` is {said}, and wrong only where it is not."
                yield f"only_unless_{name}_is_{value}".lower().removesuffix(".0"), text, claim


def of_weights(exercise: Exercise, tried: Sequence[Try]) -> Iterator[tuple[str, str, Claim]]:
    """Yield claims about arguments that are a few numbers each: "right where the second of `weights` is 0"."""
    for k, name in enumerate(inspect.signature(exercise.reference).parameters):
        given = [one.arguments[k] for one in tried if len(one.arguments) > k]
        counts = {len(value) if _of_numbers(value) else 0 for value in given}
        if len(given) < len(tried) or len(counts) > 1 or not 1 < (count := next(iter(counts), 0)) <= len(_PLACES):
            continue
        for place in range(count):
            claim = _unless(
                lambda one, k=k, place=place: one.arguments[k][place] != 0,
                lambda arguments, k=k, place=place: (*arguments[:k], _zeroed(arguments[k], place), *arguments[k + 1 :]),
            )
            text = f"It is right where the {_PLACES[place]} of `{name}` is 0, and wrong only where it is not."
            yield f"only_unless_{name}_{place}_is_0", text, claim


def _of_numbers(value: object) -> bool:
    numbers = isinstance(value, (list, tuple)) and all(isinstance(item, (int, float)) for item in value)
    return numbers and not any(isinstance(item, bool) for item in value)


def _zeroed(values: Sequence[float], place: int) -> Sequence[float]:
    return type(values)([*values[:place], 0.0, *values[place + 1 :]])


def _with(place: int, value: object) -> Change:
    return lambda arguments: (*arguments[:place], value, *arguments[place + 1 :])
