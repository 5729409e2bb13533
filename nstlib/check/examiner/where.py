"""What is told of a wrong answer that no named mistake fits: what it has to do with the right one, or where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.check.examiner.claims import CLAIMS, of_plain_arguments, of_weights
from nstlib.check.examiner.compare import as_tensor, same, wrong_numbers
from nstlib.check.examiner.depends import DEPENDS, depends
from nstlib.check.examiner.diagnose import factors_of, loosely, relation
from nstlib.check.examiner.forms import tensors
from nstlib.check.examiner.formula import apart, formula
from nstlib.check.examiner.observe import disagreement, watch
from nstlib.check.examiner.shapes import misshapen
from nstlib.check.examiner.tried import Change, Try, changed, of_images, parts
from nstlib.check.exercise import Exercise, Function, call

_ITEMS = 3  # that are wrong, before something is said of each
_INPUTS = 8  # on which it is wrong, before "always too large" says something


class Place(NamedTuple):
    """Where an answer is wrong: an id, of which of several results that is told ("" for the only one), a sentence."""

    id: str
    name: str
    sentence: str


def located(
    exercise: Exercise, function: Function, tried: Sequence[Try], *, before: Place | None = None
) -> Place | None:
    """Return the first sentence that is true of all that was tried, or None; ``before``: what it was on fewer inputs."""
    if not tried:
        return None
    several = {name: _in_numbers(part) for name, part in parts(tried).items()}
    wrong = {name: part for name, part in several.items() if not all(one.right for one in part)}
    if _exchanged(list(several.values())):
        return Place("exchanged", "", "The two results are exchanged: the first is what the second should be.")
    for name, part in wrong.items():
        watched = exercise.observe is not call and isinstance(part[0].expected, Mapping)
        shaped = bool(name) or not watched  # or else the keys are those of what was watched
        if found := _first_true(exercise, function, part, shaped=shaped):
            if found[0] == "zeros" and name.startswith("the gradient"):
                found = "gradient_cut", "Every number is 0: it is cut on the way."
            return Place(found[0], name, found[1])
        if found := _of_items(exercise, part):
            return Place(found[0], f"{name}, each of them" if name else "each of them", found[1])
    of_values = not all(name.startswith("the gradient") for name in wrong)
    if of_values and (before is None or before.id in DEPENDS) and (found := depends(exercise, function, tried)):
        return Place(found[0], "", found[1])
    for name, part in wrong.items() if of_values else ():
        if found := _on_the_first(part):
            return Place(found[0], name, found[1])
    results = [name for name, part in several.items() if not isinstance(part[0].expected, bool)]
    if len(results) > 1 and len(wrong) == 1 and (name := next(iter(wrong))) in results:
        return Place("one_of_several", name, "All else is right.")
    for name, part in wrong.items():
        if found := _on_one_side(part):
            return Place(found[0], name, found[1])
    if not of_values and all(_finite(one.seen) for part in wrong.values() for one in part):
        return Place(
            "only_the_gradient", "", "All values are right: is something on the way detached, or held constant?"
        )
    return None


def _in_numbers(part: Sequence[Try]) -> Sequence[Try]:
    """Return what was tried without the right words among numbers: nothing but a number is a multiple of anything."""
    numbers = [one for one in part if as_tensor(one.expected) is not None or not one.right]
    words = all(isinstance(one.expected, str) for one in part if one not in numbers)
    return tuple(numbers) if words and any(not isinstance(one.expected, str) for one in numbers) else part


def _finite(seen: object) -> bool:
    return all(bool(each.isfinite().all()) for each in tensors(seen))


def _on_the_first(part: Sequence[Try]) -> tuple[str, str] | None:
    """Return that an answer knows the first example alone, or its sizes."""
    right, wrong = ([one for one in part if one.right is so] for so in (True, False))
    if len(wrong) < _INPUTS or not part[0].right:
        return None
    first = _lengths(part[0].arguments)
    if all(_lengths(one.arguments) == first for one in right) and all(_lengths(o.arguments) != first for o in wrong):
        text = "It is right on the first example, and wrong on inputs of all other sizes. Is a size written into it?"
        return "only_the_first_example", text
    if len(right) == 1:
        text = (
            "It is right on the first example, and wrong on all others. Is something of that example written into it?"
        )
        return "only_the_first_example", text
    return None


def _lengths(value: object) -> object:
    """Return the sizes of all tensors, arrays and lists in what is nested."""
    if isinstance(value, (list, tuple)):
        return [_lengths(item) for item in value]
    return tuple(getattr(value, "shape", ()))


def _on_one_side(part: Sequence[Try]) -> tuple[str, str] | None:
    """Return that all numbers that are wrong are too large, or all too small."""
    pairs = [(as_tensor(one.expected), as_tensor(one.seen)) for one in part]
    if any(a is None or b is None or a.shape != b.shape or a.dtype == torch.bool or b.is_complex() for a, b in pairs):
        return None
    off = [(b.to(torch.float64) - a.to(torch.float64))[wrong_numbers(a, b)] for a, b in pairs]
    if sum(each.numel() > 0 for each in off) < _INPUTS or not all(bool(each.isfinite().all()) for each in off):
        return None
    for word, sign in (("large", 1), ("small", -1)):
        if all(bool((sign * each > 0).all()) for each in off):
            return f"always_too_{word}", f"Wherever it is wrong, it is too {word}."
    return None


def _of_items(exercise: Exercise, part: Sequence[Try]) -> tuple[str, str] | None:
    """Return what is true of each item of lists, where nothing is of the lists as they are."""
    if not all(
        one.listed and isinstance(one.seen, (list, tuple)) and len(one.seen) == len(one.expected) for one in part
    ):
        return None
    items = [replace(one, expected=a, seen=b) for one in part for a, b in zip(one.expected, one.seen, strict=True)]
    if len(items) <= len(part) or sum(not item.right for item in items) < _ITEMS:
        return None
    what = [item.case for item in items], [item.expected for item in items], [item.seen for item in items]
    if found := relation(*what) or formula(exercise, items) or misshapen(items):
        return found
    return next(((id, text) for id, text, holds in CLAIMS if holds(items, lambda one, change: False)), None)


def _exchanged(several: Sequence[Sequence[Try]]) -> bool:
    if len(several) != 2 or len(several[0]) != len(several[1]):
        return False
    pairs = list(zip(*several, strict=True))
    swapped = all(same(a.expected, b.seen) and same(b.expected, a.seen) for a, b in pairs)
    return swapped and any(not a.right for a, _ in pairs)


def _first_true(exercise: Exercise, function: Function, part: Sequence[Try], *, shaped: bool) -> tuple[str, str] | None:
    what = [one.case for one in part], [one.expected for one in part], [one.seen for one in part]
    if found := relation(*what) or formula(exercise, part):
        return found

    def agrees(one: Try, change: Change) -> bool:
        case = changed(exercise, one.case, change)
        if case is None:
            return False
        right, seen = watch(exercise, exercise.reference, case, torch.float64), watch(exercise, function, case)
        return right.failure is None and disagreement(right, seen) is None

    for id, sentence, holds in (*CLAIMS, *of_plain_arguments(exercise, part), *of_weights(exercise, part)):
        if holds(part, agrees):
            return id, sentence
    return (shaped and misshapen(part)) or _scaled_apart(part) or apart(part) or loosely(*what)


def _scaled_apart(part: Sequence[Try]) -> tuple[str, str] | None:
    """Return whether each image, or each channel, is a multiple of the right one by a constant of its own."""
    pairs = [(as_tensor(one.expected), as_tensor(one.seen), one.lead) for one in part]
    for axis, name in enumerate(("image", "channel")):
        if any(
            a is None or b is None or a.shape != b.shape or b.is_complex() or a.ndim < axis + 2 for a, b, _ in pairs
        ):
            return None
        if any(lead.ndim != 4 or a.shape[axis] != lead.shape[axis] for a, _, lead in pairs) or not of_images(part[0]):
            continue
        slices = [pair for a, b, _ in pairs for pair in _unbound(a, b, axis) if pair[0].numel() > 1]
        if _differ_within(pairs, axis) and factors_of(slices):
            return f"scaled_by_{name}", f"Each {name} is a multiple of what it should be, by a factor of its own."
    return None


def _differ_within(pairs: Sequence[tuple[Tensor, Tensor, Tensor]], axis: int) -> bool:
    """Return whether some input is not a multiple of the right one as a whole."""
    return any(a.shape[axis] > 1 and bool(a.any()) and not factors_of([(a.double(), b.double())]) for a, b, _ in pairs)


def _unbound(a: Tensor, b: Tensor, axis: int) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(a.to(torch.float64).unbind(axis), b.to(torch.float64).unbind(axis), strict=True)
