"""Watching a function on one case: its result, what it did to its arguments, and the gradient it lets through."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nstlib.check.examiner.compare import Difference, difference, freeze
from nstlib.check.examiner.forms import Form, described, differ, form_of
from nstlib.check.examiner.sandbox import Failure, attempt
from nstlib.check.exercise import Case, Exercise, Function, call, normal

_KEPT = 4096  # observations of known functions: those of some 60 exercises whose mistakes were all tried
_known: dict[tuple[Exercise, Function, Case], Observation] = {}


@dataclass(frozen=True)
class Cut:
    """No gradient came back, and why."""

    text: str


@dataclass(frozen=True)
class Observation:
    """What was seen of one call.

    ``changed`` is the argument that was written into, ``copy`` how to copy it. ``form`` is that of what the function
    itself returned; ``returned``, what that was, is kept only where what is watched is something else.
    """

    value: object = None
    failure: Failure | None = None
    changed: str = ""
    copy: str = ""
    gradient: tuple[Tensor, ...] | Cut = ()
    form: Form = ("other", None)
    returned: object = None


def watch(
    exercise: Exercise,
    function: Function,
    case: Case,
    dtype: torch.dtype = torch.float32,
    *,
    gradient: bool = True,
) -> Observation:
    """Call the function on fresh arguments, and once more for the gradient where the exercise asks for one."""
    arguments = case.make(dtype)
    before = [_copy(argument) for argument in arguments]
    forms, returned = [], []

    def watched(*given: object) -> object:
        result = function(*given)
        forms.append(form_of(result, dtype))
        if exercise.observe is not call and not returned:
            with suppress(Exception):  # an object that refuses to be looked at
                returned.append(freeze(result))
        return result

    value = attempt(lambda: exercise.observe(watched, arguments), function)
    if isinstance(value, Failure):
        return Observation(failure=value)
    changed, copy = _changed(exercise, before, arguments) if exercise.pure else ("", "")
    seen = freeze(value)
    flow = ()
    if exercise.differentiable and gradient:
        flows = any(True for _ in _tensors(seen))
        flow = _gradient(exercise, function, case, dtype) if flows else Cut("no tensor")
    form = forms[0] if forms else ("other", None)
    return Observation(seen, None, changed, copy, flow, form, returned[0] if returned else None)


def known(exercise: Exercise, function: Function, case: Case) -> Observation:
    """Return what the reference, a mistake or a convention does, in double precision: watched once in a process.

    An observation is a copy that nothing writes into, and a known function does the same each time. A failure is not
    kept: it may be the moment's, as when the time limit cuts off an import.
    """
    key = exercise, function, case
    if key in _known:
        return _known[key]
    seen = watch(exercise, function, case, torch.float64)
    if seen.failure is None and not isinstance(seen.gradient, Cut):
        if len(_known) >= _KEPT:
            _known.clear()
        _known[key] = seen
    return seen


def disagreement(expected: Observation, seen: Observation) -> Difference | None:
    """Return the first way in which two observations of the same case differ, or None."""
    if expected.failure or seen.failure:
        kinds = [o.failure and o.failure.kind for o in (expected, seen)]
        return None if kinds[0] == kinds[1] else Difference("failure", "One of the two raises an error.")
    if expected.changed != seen.changed:  # before the numbers, which may be wrong only because of that
        marked = "(" in seen.changed
        advice = " Work on a copy." if marked else f" Work on a copy (`{seen.copy}`), or without writing into it."
        return Difference("changed", f"It changes its input: {seen.changed}.{advice}")
    found = difference(expected.value, seen.value)
    if found and found.kind == "fact" and expected.form[0] == "dict":  # a truth value that the answer itself returns
        found = _told_truth(found, expected.value, seen.value)
    if found and found.kind in ("type", "names"):
        watched = isinstance(expected.value, Mapping) and expected.form[0] != "dict"
        if differ(seen.form, expected.form):
            text = f"It returns {described(seen.form)}; asked for is {described(expected.form)}."
            return Difference("type", text)
        if watched and not isinstance(seen.value, Mapping):
            return Difference("type", f"It returns {described(seen.form)}; asked for is {described(expected.form)}.")
        if watched and found.kind == "names":  # those of what is watched, which nobody has seen
            other = difference(expected.returned, seen.returned)
            found = other if other and other.kind != "value" else found
    return found or _gradient_difference(expected.gradient, seen.gradient)


def _told_truth(found: Difference, expected: Mapping, seen: Mapping) -> Difference:
    key = found.text.removesuffix(".")
    if key not in expected:
        return found
    return Difference("fact", f'"{key}" should be {expected[key]} here, and is {seen[key]}.')


def agree(expected: list[Observation], seen: list[Observation]) -> bool:
    """Return whether two functions did the same on all cases."""
    return all(disagreement(a, b) is None for a, b in zip(expected, seen, strict=True))


def _gradient(exercise: Exercise, function: Function, case: Case, dtype: torch.dtype) -> tuple[Tensor, ...] | Cut:
    arguments = case.make(dtype)
    leaves = [leaf for k in exercise.differentiable for leaf in _tensors(arguments[k])]
    for leaf in leaves:
        leaf.requires_grad_(True)

    def backward() -> tuple[Tensor, ...] | Cut:
        result = exercise.observe(function, arguments)
        outputs = [t for t in _tensors(result) if t.requires_grad and (t.is_floating_point() or t.is_complex())]
        if not outputs:
            return Cut("no gradient comes back through the result")
        # K numbers pull alike, in one tensor or in a list. Their sum is a number, for which autograd needs no pulls: given
        # some, it would import sympy, the longest part of a first check.
        numbers = torch.cat([output.real.flatten() for output in outputs])
        pulled = numbers @ normal(77, numbers.numel()).to(numbers)
        found = torch.autograd.grad(pulled, leaves, allow_unused=True)
        return tuple(torch.zeros_like(a) if g is None else g.detach() for a, g in zip(leaves, found, strict=True))

    found = attempt(backward, function)
    return Cut(found.advice or f"{found.kind}: {found.text}") if isinstance(found, Failure) else found


def _gradient_difference(expected: tuple[Tensor, ...] | Cut, seen: tuple[Tensor, ...] | Cut) -> Difference | None:
    if isinstance(expected, Cut) or isinstance(seen, Cut):
        if isinstance(expected, Cut) and isinstance(seen, Cut):
            return None
        reason = seen.text if isinstance(seen, Cut) else ""
        return Difference("cut", f"Its numbers are right, but the gradient is cut: {reason}")
    found = difference(expected, seen, "The gradient")
    return found and Difference("gradient", found.text, found.expected, found.actual)


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _tensors(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _copy(value: object) -> object:
    """Return what can be compared later; functions, optimizers and the like are left alone."""
    if isinstance(value, Tensor):
        return value.detach().clone(), value.requires_grad, value.grad is None
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return [(key, _copy(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value if isinstance(value, (int, float, str)) else None


def _changed(exercise: Exercise, before: list[object], arguments: tuple) -> tuple[str, str]:
    """Return the first argument that is no longer what it was, and how to copy it; or "" twice."""
    names = inspect.signature(exercise.reference).parameters
    for name, old, argument in zip(names, before, arguments, strict=False):
        new = _copy(argument)
        if not _same(old, new):
            return f"`{name}`{_flags(old, new)}", _way_to_copy(argument)
    return "", ""


def _way_to_copy(argument: object) -> str:
    if isinstance(argument, Tensor):
        return ".clone()"
    items = argument.values() if isinstance(argument, Mapping) else argument if isinstance(argument, list) else ()
    return "copy.deepcopy" if any(isinstance(item, (list, Mapping, Tensor)) for item in items) else ".copy()"


def _same(old: object, new: object) -> bool:
    if isinstance(old, Tensor):
        return isinstance(new, Tensor) and old.dtype == new.dtype and torch.equal(old, new)
    if isinstance(old, np.ndarray):
        return isinstance(new, np.ndarray) and np.array_equal(old, new, equal_nan=old.dtype.kind == "f")
    if isinstance(old, (list, tuple)):
        return len(old) == len(new) and all(_same(a, b) for a, b in zip(old, new, strict=True))
    return old == new


def _flags(old: object, new: object) -> str:
    if not (isinstance(old, tuple) and len(old) == 3 and isinstance(old[0], Tensor) and torch.equal(old[0], new[0])):
        return ""
    if old[1] != new[1]:
        return " (its requires_grad is switched)"
    return " (a gradient is left on it)"
