"""What is told of a wrong answer that no named mistake fits: what it has to do with the right one, or where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.check.examiner.claims import CLAIMS, of_images, of_plain_arguments
from nstlib.check.examiner.compare import as_tensor, same
from nstlib.check.examiner.diagnose import factors_of, loosely, relation
from nstlib.check.examiner.observe import disagreement, watch
from nstlib.check.examiner.tried import Change, Try, changed, parts
from nstlib.check.exercise import Exercise, Function


class Place(NamedTuple):
    """Where an answer is wrong: an id, of which of several results that is told ("" for the only one), a sentence."""

    id: str
    name: str
    sentence: str


def located(exercise: Exercise, function: Function, tried: Sequence[Try]) -> Place | None:
    """Return the first sentence that is true of all that was tried, or None."""
    several = parts(tried)
    wrong = {name: part for name, part in several.items() if not all(one.right for one in part)}
    if _exchanged(list(several.values())):
        return Place("exchanged", "", "The two results are exchanged: the first is what the second should be.")
    for name, part in wrong.items():
        if found := _first_true(exercise, function, part):
            if found[0] == "zeros" and name.startswith("the gradient"):
                found = "gradient_cut", "Every number is 0: it is cut on the way."
            return Place(found[0], name, found[1])
    results = [name for name, part in several.items() if not isinstance(part[0].expected, bool)]
    if len(results) > 1 and len(wrong) == 1 and (name := next(iter(wrong))) in results:
        return Place("one_of_several", name, "All else is right.")
    return None


def _exchanged(several: Sequence[Sequence[Try]]) -> bool:
    if len(several) != 2 or len(several[0]) != len(several[1]):
        return False
    pairs = list(zip(*several, strict=True))
    swapped = all(same(a.expected, b.seen) and same(b.expected, a.seen) for a, b in pairs)
    return swapped and any(not a.right for a, _ in pairs)


def _first_true(exercise: Exercise, function: Function, part: Sequence[Try]) -> tuple[str, str] | None:
    what = [one.case for one in part], [one.expected for one in part], [one.seen for one in part]
    if found := relation(*what):
        return found

    def agrees(one: Try, change: Change) -> bool:
        case = changed(exercise, one.case, change)
        if case is None:
            return False
        right, seen = watch(exercise, exercise.reference, case, torch.float64), watch(exercise, function, case)
        return right.failure is None and disagreement(right, seen) is None

    for id, sentence, holds in (*CLAIMS, *of_plain_arguments(exercise, part)):
        if holds(part, agrees):
            return id, sentence
    return _scaled_apart(part) or loosely(*what)


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
        if any(x.shape[axis] > 1 for x, _, _ in pairs) and factors_of(slices):
            return f"scaled_by_{name}", f"Each {name} is a multiple of what it should be, by a factor of its own."
    return None


def _unbound(a: Tensor, b: Tensor, axis: int) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(a.to(torch.float64).unbind(axis), b.to(torch.float64).unbind(axis), strict=True)
