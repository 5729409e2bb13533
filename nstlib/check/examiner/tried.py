"""What was tried of a wrong answer: the examples and drawn cases, result by result."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from nstlib.check.drawing import drawn_cases
from nstlib.check.examiner.compare import as_tensor, difference, place, wrong_numbers
from nstlib.check.examiner.forms import mapped, tensors
from nstlib.check.examiner.observe import Cut, Observation, known, watch
from nstlib.check.examiner.sandbox import Failure, attempt
from nstlib.check.exercise import Case, Exercise, Function

_FEW = 4  # results that a tuple holds at most, if each is called by its place
_CHANGED = 2  # examples that are also tried in another size

Change = Callable[[tuple], tuple]  # of a case's arguments
_IMAGES = (
    "image",
    "images",
    "batch",
    "features",
    "pixels",
    "content",
    "texture",
    "start",
    "gradient",
    "coarse",
    "fine",
    "before",
)


@dataclass(frozen=True, eq=False)
class Try:
    """One input on which an answer was tried: what is expected of it, or of one of its results, and what was seen.

    ``name`` is that of the first argument that is or holds a tensor, ``names`` are those of all.
    """

    name: str
    names: tuple[str, ...]
    case: Case
    arguments: tuple
    expected: object
    seen: object

    @property
    def right(self) -> bool:
        """Return whether the two are the same."""
        return difference(self.expected, self.seen) is None

    @property
    def lead(self) -> Tensor:
        """Return the first tensor among the arguments."""
        return next(tensors(self.arguments), torch.empty(0))

    @property
    def listed(self) -> bool:
        """Return whether what is expected is a list, whose items are the first axis."""
        return isinstance(self.expected, (list, tuple))

    def wrong(self) -> Tensor | None:
        """Return which numbers are wrong, in the result's shape; which items, of a list of several shapes; or None."""
        a, b = as_tensor(self.expected), as_tensor(self.seen)
        if a is not None and b is not None:
            return wrong_numbers(a, b) if a.shape == b.shape and not b.is_complex() else None
        if self.listed and isinstance(self.seen, (list, tuple)) and len(self.seen) == len(self.expected):
            pairs = zip(self.expected, self.seen, strict=True)
            return torch.tensor([difference(x, y) is not None for x, y in pairs])
        return None


def tries(
    exercise: Exercise, function: Function, seen: Mapping[Case, Observation], purposes: Sequence[str] = ("where",)
) -> tuple[Try, ...]:
    """Return what an answer does with cases seen before and cases drawn, and with examples in other sizes.

    Of each the values, or where all values are right the gradients. Empty where the answer raises an error on some of
    them, or cuts the gradient.
    """

    def right(case: Case) -> Observation:
        return known(exercise, exercise.reference, case)

    fresh = [case for purpose in purposes for case in drawn_cases(exercise, purpose, 2 * exercise.drawn)]
    drawn = {case: watch(exercise, function, case) for case in fresh}
    pairs = [(case, right(case), own) for case, own in {**seen, **drawn}.items()]
    if any(a.failure or b.failure for _, a, b in pairs):
        return ()
    resized = [(case, right(case), watch(exercise, function, case)) for case in _resized(exercise)]
    pairs += [(case, a, b) for case, a, b in resized if not (a.failure or b.failure)]
    if all(difference(a.value, b.value) is None for _, a, b in pairs):
        if any(isinstance(o.gradient, Cut) for _, *both in pairs for o in both):
            return ()
        return tuple(
            _try(exercise, case, _slopes(exercise, case, a), _slopes(exercise, case, b)) for case, a, b in pairs
        )
    return tuple(_try(exercise, case, a.value, b.value) for case, a, b in pairs)


def _try(exercise: Exercise, case: Case, expected: object, seen: object) -> Try:
    arguments = case.make(torch.float32)
    names = [
        name for name, value in zip(_names(exercise), arguments, strict=False) if any(True for _ in tensors(value))
    ]
    return Try(names[0] if names else "", tuple(_names(exercise)[: len(arguments)]), case, arguments, expected, seen)


def of_images(one: Try) -> bool:
    """Return whether the first argument is a batch of images or their features, (B, C, H, W)."""
    return one.lead.ndim == 4 and one.name in _IMAGES


def _names(exercise: Exercise) -> list[str]:
    return list(inspect.signature(exercise.reference).parameters)


@cache
def _resized(exercise: Exercise) -> tuple[Case, ...]:
    """Return the first examples made square, made even, and their first image, where that is allowed."""
    examples = exercise.cases[:_CHANGED]
    others = [(case, changed(exercise, case, change)) for case in examples for change in RESIZING]
    return tuple(other for case, other in others if other is not None and _shapes(other) != _shapes(case))


def _shapes(case: Case) -> list[torch.Size]:
    return [tensor.shape for tensor in tensors(case.make(torch.float32))]


def changed(exercise: Exercise, case: Case, change: Change) -> Case | None:
    """Return a case whose arguments are changed, or None where the statement does not allow that.

    Where arguments belong together, as an optimizer and its image, none is changed alone.
    """
    other = Case(case.label, lambda dtype: change(case.make(dtype)))
    made = attempt(lambda: other.make(torch.float32), exercise.reference)
    allowed = exercise.pure and not isinstance(made, Failure)
    return other if allowed and (exercise.allowed is None or exercise.allowed(*made)) else None


def _slopes(exercise: Exercise, case: Case, seen: Observation) -> dict[str, object]:
    """Return the gradients by name; those of the tensors in one argument are a list."""
    arguments, left = case.make(torch.float32), list(seen.gradient)
    found: dict[str, object] = {}
    for k in exercise.differentiable:
        name = f"the gradient of `{_names(exercise)[k]}`" if len(exercise.differentiable) > 1 else "the gradient"
        count = sum(1 for _ in tensors(arguments[k]))
        own, left = left[:count], left[count:]
        found[name] = own[0] if isinstance(arguments[k], Tensor) else own
    return found


def parts(tried: Sequence[Try]) -> dict[str, tuple[Try, ...]]:
    """Return what was tried of each of several results, under its name; under "" what is one result."""
    if all(_has_names(one) and list(one.expected) == list(tried[0].expected) for one in tried):
        names = list(tried[0].expected)
        return {
            n: tuple(_listed(replace(one, expected=one.expected[n], seen=one.seen[n])) for one in tried) for n in names
        }
    several = all(isinstance(one.expected, tuple) and 1 < len(one.expected) <= _FEW for one in tried)
    count = len(tried[0].expected) if several else 0
    if several and all(
        isinstance(v, (tuple, list)) and len(v) == count for one in tried for v in (one.expected, one.seen)
    ):
        items = range(count)
        return {
            place(k, count): tuple(replace(one, expected=one.expected[k], seen=one.seen[k]) for one in tried)
            for k in items
        }
    return {"": tuple(map(_listed, tried))}


def _has_names(one: Try) -> bool:
    return all(isinstance(value, Mapping) for value in (one.expected, one.seen)) and set(one.expected) == set(one.seen)


def _listed(one: Try) -> Try:
    """Return what is a dictionary of results that differ from case to case as a list of them."""
    if not _has_names(one):
        return one
    return replace(one, expected=list(one.expected.values()), seen=[one.seen[key] for key in one.expected])


def _tensors_changed(arguments: tuple, change: Callable[[Tensor], Tensor]) -> tuple:
    return mapped(arguments, lambda t: change(t.detach()).requires_grad_(t.requires_grad))


def cropped(size: Callable[[int, int], tuple[int, int]]) -> Change:
    """Change the arguments: whatever is as high and wide as the first of them is cut to another size."""

    def change(arguments: tuple) -> tuple:
        lead = next(tensors(arguments), torch.empty(0))
        if lead.ndim < 2:
            return arguments
        h, w = size(*lead.shape[-2:])
        return _tensors_changed(arguments, lambda t: t[..., :h, :w] if t.shape[-2:] == lead.shape[-2:] else t)

    return change


def first_image(arguments: tuple) -> tuple:
    batch = next((t.shape[0] for t in tensors(arguments) if t.ndim), 0)
    return _tensors_changed(arguments, lambda t: t[:1] if t.ndim and t.shape[0] == batch else t)


def values_changed(change: Callable[[Tensor], Tensor]) -> Change:
    return lambda arguments: _tensors_changed(arguments, lambda t: change(t) if t.is_floating_point() else t)


made_square = cropped(lambda h, w: (min(h, w), min(h, w)))
made_even = cropped(lambda h, w: (max(h & ~1, 1), max(w & ~1, 1)))
RESIZING = (made_square, made_even, first_image)
