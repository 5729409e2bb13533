"""What a wrong answer does not look at, and how it grows: the arguments are changed, and what comes out is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from nstlib.check.examiner.compare import as_tensor, difference, wrong_numbers
from nstlib.check.examiner.diagnose import factors_of
from nstlib.check.examiner.forms import mapped, tensors
from nstlib.check.examiner.observe import Observation, watch
from nstlib.check.examiner.tried import Change, Try, changed, first_image, of_images
from nstlib.check.exercise import Case, Exercise, Function

Found = tuple[str, str]
DEPENDS = ("not_looked_at", "images_mixed", "other_power")  # the ids
_TRIED = 3  # inputs on which a change must matter, before anything is said of it
_LATEST = 14  # inputs tried: the last ones were drawn last
_MOST = 5  # inputs that are changed
_AXES = {4: ("image", "channel", "row", "column"), 2: ("row", "column"), 1: ("number",)}
_FILTERS = ("kernel", "kernels", "weight", "weights", "switches")  # whose four axes are others
_POWERS = {-2: "4 times", -1: "twice", 0: "the same", 1: "half", 2: "a quarter", 3: "an eighth", 4: "a sixteenth"}


def depends(exercise: Exercise, function: Function, tried: Sequence[Try]) -> Found | None:
    """Return (id, sentence) for what the answer does not look at though it should, or how it grows; or None."""
    cases = _Cases(exercise, function, tried)
    return _unused(cases) or _mixed(cases) or _degree(cases)


class _Cases:
    """The cases tried, and what comes out of them once their arguments are changed."""

    def __init__(self, exercise: Exercise, function: Function, tried: Sequence[Try]):
        self.exercise, self.function = exercise, function
        several = list({one.case: one for one in tried}.values())[-_LATEST:]
        self.tried = sorted(several, key=lambda one: -one.lead.numel())  # where there is much, more is noticed
        self.names = tried[0].names if tried else ()
        self._seen: dict[tuple[bool, Case], Observation] = {}

    def pairs(self, change: Change, usable: Callable[[Try], bool]) -> Iterator[tuple[Try, Case]]:
        """Yield inputs and the same inputs changed, where the statement allows that."""
        for one in [one for one in self.tried if usable(one)][:_MOST]:
            other = changed(self.exercise, one.case, change)
            if other is not None:
                yield one, other

    def own(self, case: Case) -> Observation:
        return self._watched(case, own=True)

    def right(self, case: Case) -> Observation:
        return self._watched(case, own=False)

    def _watched(self, case: Case, *, own: bool) -> Observation:
        if (own, case) not in self._seen:
            function, dtype = (self.function, torch.float32) if own else (self.exercise.reference, torch.float64)
            self._seen[own, case] = watch(self.exercise, function, case, dtype, gradient=False)
        return self._seen[own, case]

    def makes_no_difference(self, changes: Sequence[Change], usable: Callable[[Try], bool]) -> bool:
        """Return whether a change that matters leaves what the answer gives as it was, on every input."""
        told = 0
        for change in changes:
            for one, other in self.pairs(change, usable):
                if not _finite(self.own(one.case)):
                    continue
                before, after = self.own(one.case), self.own(other)
                if before.failure or after.failure or not _identical(before.value, after.value):
                    return False
                told += not _alike(self.right(one.case), self.right(other))
        return told >= _TRIED


def _alike(a: Observation, b: Observation) -> bool:
    return a.failure is None and b.failure is None and difference(a.value, b.value) is None


def _identical(a: object, b: object) -> bool:
    """Return whether two results are the same, closer than a check asks for: a small effect is one, too."""
    if isinstance(a, Tensor):
        close = isinstance(b, Tensor) and a.shape == b.shape and a.dtype == b.dtype
        return close and torch.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_identical(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_identical, a, b))
    return a == b or (a != a and b != b)


def _finite(seen: Observation) -> bool:
    number = as_tensor(seen.value)
    return number is None or number.is_complex() or bool(number.isfinite().all())


def _unused(cases: _Cases) -> Found | None:
    for k, name in enumerate(cases.names):
        for words, changes, usable in _regions(cases, k):
            if cases.makes_no_difference(changes, usable):
                what = f"`{name}`" if not words else f"The {words} of `{name}`"
                return "not_looked_at", f"{what} makes no difference: with another, all that comes out stays the same."
    return None


def _regions(cases: _Cases, k: int) -> Iterator[tuple[str, Sequence[Change], Callable[[Try], bool]]]:
    """Yield what may not be looked at: words for it, changes of it, and whether an input has it beside something else."""
    name, given = cases.names[k], [one.arguments[k] for one in cases.tried]
    if all(isinstance(v, (bool, int, float, str)) for v in given):
        others = list(dict.fromkeys(given))[:3]
        yield "", [_put(k, value) for value in others], lambda one: True
    elif all(isinstance(v, (list, tuple)) and v and all(isinstance(n, (int, float)) for n in v) for v in given):
        yield "", [_put_as_many(k, value) for value in _different(given)], lambda one: True
    elif all(isinstance(v, Tensor) for v in given):
        yield "", [_in_place_of(k, (...,), other) for other in _OTHERS], lambda one: True
        for words, axis, index in _slices(name, given) if all(v.is_floating_point() for v in given) else ():
            yield (
                words,
                [_in_place_of(k, (*(slice(None),) * axis, index), other) for other in _OTHERS],
                lambda one, axis=axis: one.arguments[k].shape[axis] > 1,
            )
        if all(v.ndim == 4 for v in given) and name not in _FILTERS:
            changes = [_in_place_of(k, (..., -1, -1), other) for other in _OTHERS]
            yield "last position", changes, lambda one: one.arguments[k][0, 0].numel() > 1
    elif all(isinstance(v, (list, tuple)) and any(True for _ in tensors(v)) for v in given):
        yield "", [_items(k, slice(None), other) for other in _OTHERS], lambda one: True
        for words, index in (("last", slice(-1, None)), ("first", slice(1))):
            changes = [_items(k, index, other) for other in _OTHERS]
            yield words, changes, lambda one: len(one.arguments[k]) > 1


def _slices(name: str, given: Sequence[Tensor]) -> Iterator[tuple[str, int, int]]:
    axes = {t.ndim for t in given}
    words = _AXES.get(axes.pop(), ()) if len(axes) == 1 else ("entry along axis 0",) if 0 not in axes else ()
    if len(words) == 4 and name in _FILTERS:
        words = tuple(f"entry along axis {axis}" for axis in range(4))
    for axis, what in enumerate(words):
        yield f"last {what}", axis, -1
        yield f"first {what}", axis, 0


def _mirrored(values: Tensor) -> Tensor:
    """Return other numbers in the same range."""
    return values.min() + values.max() - values if values.is_floating_point() else values.flip(-1)


def _bent(values: Tensor) -> Tensor:
    """Return what is no multiple of the numbers plus a number: there are answers to which those are all the same."""
    least, most = values.min(), values.max()
    return least + (values - least).square() / (most - least) if values.is_floating_point() and most > least else values


def _some(values: Tensor) -> Tensor:
    """Return every second number changed."""
    if not values.is_floating_point():
        return values.roll(1, -1)
    every = torch.arange(values.numel()).view(values.shape) % 2 == 0
    return torch.where(every, values, _mirrored(values))


_OTHERS = (_mirrored, _bent, _some)


def _put(k: int, value: object) -> Change:
    return lambda arguments: (*arguments[:k], value, *arguments[k + 1 :])


def _different(given: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """Return lists of numbers that differ in what they hold, not in its order alone: some answers sort."""
    found = {tuple(sorted(values)): values for values in given}
    return list(found.values())


def _put_as_many(k: int, values: Sequence[float]) -> Change:
    """Return the change of some numbers into as many others."""

    def change(arguments: tuple) -> tuple:
        if len(values) != len(arguments[k]):
            raise ValueError("As many are needed.")  # so this input is left out
        return (*arguments[:k], type(arguments[k])(values), *arguments[k + 1 :])

    return change


def _in_place_of(k: int, where: tuple, other: Callable[[Tensor], Tensor]) -> Change:
    def change(arguments: tuple) -> tuple:
        values = arguments[k].detach().clone()
        if values.numel():
            values[where] = other(values)[where]
        return (*arguments[:k], values.requires_grad_(arguments[k].requires_grad), *arguments[k + 1 :])

    return change


def _items(k: int, index: slice, other: Callable[[Tensor], Tensor]) -> Change:
    def change(arguments: tuple) -> tuple:
        items = list(arguments[k])
        items[index] = [
            mapped(item, lambda t: other(t.detach()).requires_grad_(t.requires_grad) if t.numel() else t)
            for item in items[index]
        ]
        return (*arguments[:k], type(arguments[k])(items), *arguments[k + 1 :])

    return change


def _mixed(cases: _Cases) -> Found | None:
    """Return that an image's result depends on the other images, where the right one does not."""
    told = 0
    for one, alone in cases.pairs(first_image, lambda one: of_images(one) and len(one.lead) > 1):
        before, after = (_first(each(one.case), each(alone), len(one.lead)) for each in (cases.right, cases.own))
        if before is not True or after is not False:
            return None
        told += 1
    if told < _TRIED:
        return None
    return "images_mixed", "What comes out for the first image changes when the others are left out. It should not."


def _first(together: Observation, alone: Observation, count: int) -> bool | None:
    """Return whether the first image's result is the same alone; None if there is nothing to compare."""
    a, b = as_tensor(together.value), as_tensor(alone.value)
    if a is None or b is None or not a.ndim or len(a) != count or a[:1].shape != b.shape:
        return None
    return not bool(wrong_numbers(a[:1], b).any())


def _degree(cases: _Cases) -> Found | None:
    """Return what half of the input makes of the result, where that is something else than it should."""
    kinds = [k for k in range(len(cases.names)) if all(any(True for _ in tensors(o.arguments[k])) for o in cases.tried)]
    choices = [kinds, *([k] for k in kinds if len(kinds) > 1)]
    for chosen in filter(None, choices):
        right, own = _growth(cases, chosen)
        if right is None or own is None or right == own:
            continue
        if right not in _POWERS or own not in _POWERS:
            continue
        named = " and ".join(f"`{cases.names[k]}`" for k in chosen)
        return "other_power", (
            f"With half of {named} it should become {_POWERS[right]}, and becomes {_POWERS[own]}: a square or a division "
            "too many, or too few?"
        )
    return None


def _growth(cases: _Cases, chosen: Sequence[int]) -> tuple[int | None, int | None]:
    """Return to which power the right result and the one seen grow, if both do on all inputs."""

    def halved(arguments: tuple) -> tuple:
        def half(t: Tensor) -> Tensor:
            return (t.detach() / 2).requires_grad_(t.requires_grad) if t.is_floating_point() else t

        return tuple(mapped(v, half) if k in chosen else v for k, v in enumerate(arguments))

    found: tuple[list, list] = [], []
    for one, other in cases.pairs(halved, lambda one: True):
        for watched, powers in zip((cases.right, cases.own), found, strict=True):
            before, after = watched(one.case), watched(other)
            pair = as_tensor(before.value), as_tensor(after.value)
            if before.failure or after.failure or pair[0] is None or pair[1] is None or not _real(*pair):
                return None, None
            powers.append(_power(*pair))
    return tuple(_one(powers) for powers in found)


def _real(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.is_floating_point() and bool(a.isfinite().all() and b.isfinite().all())


def _power(a: Tensor, b: Tensor) -> int | str | None:
    """Return p where half of the input makes 1/2**p of the result, "nothing" where both are 0, None where neither."""
    a, b = a.to(torch.float64), b.to(torch.float64)
    if float(a.abs().max() if a.numel() else 0) < 1e-9:
        return "nothing"
    if difference(a, b) is None:
        return 0
    factors = factors_of([(a, b)])
    return next((p for p in _POWERS if factors and abs(factors[0] * 2**p - 1) < 2e-3), None)


def _one(powers: Sequence[int | str | None]) -> int | None:
    told = [p for p in powers if p != "nothing"]
    return told[0] if len(told) >= _TRIED and len(set(told)) == 1 else None
