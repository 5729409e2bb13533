"""Inputs that no example has: every value equal, or zero, or what is compared the same; and numbers in double precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.check.examiner.compare import Difference, difference
from nstlib.check.examiner.forms import fits, has_double, mapped
from nstlib.check.examiner.observe import Cut, Observation, known, watch
from nstlib.check.exercise import Case, Exercise, Function, call

_IN_DOUBLE = 2  # cases that are tried


@cache
def flat_cases(exercise: Exercise) -> tuple[Case, ...]:
    """Return the first case with every value 0, every value 0.5, and with arguments of one shape that are the same.

    Only where the gradient is asked for, and where the reference has numbers to say.
    """
    made = [
        _changed(exercise, "every value 0", lambda tensor, _: torch.zeros_like(tensor)),
        _changed(exercise, "every value 0.5", lambda tensor, _: torch.full_like(tensor, 0.5)),
        _changed(exercise, "the same as what it is compared with", _equal),
    ]
    return tuple(
        case for case in made if exercise.differentiable and _is_finite(known(exercise, exercise.reference, case))
    )


def at_extremes(exercise: Exercise, function: Function) -> tuple[Case, Difference] | None:
    """Return the first flat case on which an answer has other numbers, or a gradient that is none; else None."""
    for case in flat_cases(exercise):
        expected, seen = known(exercise, exercise.reference, case), watch(exercise, function, case)
        if seen.failure:
            return case, Difference("failure", f"It raises an error: {seen.failure.kind}: {seen.failure.text}")
        found = difference(expected.value, seen.value)
        if found and not (found.kind == "value" and _near(expected.value, seen.value)):
            return case, found
        if exercise.finite_slope and not _is_finite(seen):
            text = "The gradient contains NaN or infinity: what has an infinite slope there, or is 0 divided by 0?"
            return case, Difference("finite", text)
    return None


class InDouble(NamedTuple):
    """What an answer does in double precision: where it has other numbers, whether it fails, whether its form fits."""

    wrong: tuple[Case, Difference] | None = None
    fails: bool = False
    formed: bool = True


def in_double(exercise: Exercise, function: Function) -> InDouble:
    """Return what an answer that is right in float32 does on the first cases in float64, where they have any."""
    formed = True
    for case in exercise.cases[:_IN_DOUBLE] if exercise.observe is call else ():
        if not has_double(case.make(torch.float64)):
            continue
        seen, expected = (
            watch(exercise, function, case, torch.float64, gradient=False),
            known(exercise, exercise.reference, case),
        )
        if seen.failure:
            return InDouble(fails=True)
        if found := difference(expected.value, seen.value):
            return InDouble((case, found))
        formed = formed and fits(seen.form, expected.form, torch.float64)
    return InDouble(formed=formed)


def _changed(exercise: Exercise, words: str, change: Callable[[Tensor, tuple], Tensor]) -> Case:
    first = exercise.cases[0]

    def make(dtype: torch.dtype) -> tuple:
        arguments = first.make(dtype)
        return tuple(
            mapped(argument, lambda tensor: change(tensor, arguments) if tensor.is_floating_point() else tensor)
            if k in exercise.differentiable[:1]
            else argument
            for k, argument in enumerate(arguments)
        )

    return Case(f"{first.label}, {words}", make, first.quantities)


def _equal(tensor: Tensor, arguments: tuple) -> Tensor:
    others = (a for a in arguments if isinstance(a, Tensor) and a is not tensor and a.shape == tensor.shape)
    return next((other.detach().clone() for other in others), tensor)


def _near(expected: object, seen: object) -> bool:
    """Return whether the numbers are the same beside those of an image: what should be 0 may be rounding."""
    if isinstance(expected, (list, tuple)):
        return all(map(_near, expected, seen))
    a, b = torch.as_tensor(expected, dtype=torch.float64), torch.as_tensor(seen, dtype=torch.float64)
    return bool(((a - b).abs() <= 1e-3 * max(1.0, float(a.abs().max()))).all())


def _is_finite(seen: Observation) -> bool:
    numbers = [] if isinstance(seen.gradient, Cut) else list(seen.gradient)
    flat = seen.value if isinstance(seen.value, (list, tuple)) else [seen.value]
    numbers += [item for item in flat if isinstance(item, Tensor)]
    return seen.failure is None and all(bool(torch.isfinite(tensor).all()) for tensor in numbers)
