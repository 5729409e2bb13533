"""Deciding on an answer: right, not attempted, not yet (and why), or an error (and in which line)."""

from __future__ import annotations

import torch

from nstlib.check.examiner import sandbox, source
from nstlib.check.examiner.compare import Difference
from nstlib.check.examiner.diagnose import relation
from nstlib.check.examiner.observe import Observation, agree, disagreement, known, watch
from nstlib.check.examiner.report import Result
from nstlib.check.examiner.sandbox import Failure, TimedOut
from nstlib.check.exercise import Case, Exercise, Function

_STATE = {"busy": False}


def is_examining() -> bool:
    """Return whether an examination is going on."""
    return _STATE["busy"]


def examine_exercise(exercise: Exercise, function: object) -> Result:
    """Return what an examination finds. Raises nothing, whatever the function does, except KeyboardInterrupt."""
    if _STATE["busy"]:
        return Result(exercise.name, "error", "A function cannot be checked from inside itself.")
    _STATE["busy"] = True
    try:
        with sandbox.time_limit(sandbox.SECONDS):
            return judge(exercise, function)
    except TimedOut as error:
        place = source.own_line(error, function)
        text = f"It did not finish within {sandbox.SECONDS:.0f} seconds. Is there a loop that never ends?"
        return Result(exercise.name, "error", text, details=(f"It was in {place}",) if place else ())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an object that cannot even be looked at
        return Result(exercise.name, "error", f"What it returns cannot be examined ({type(error).__name__}).")
    finally:
        _STATE["busy"] = False


def judge(exercise: Exercise, function: object) -> Result:
    """Return what an examination finds, without a limit of time."""
    if early := _before_calling(exercise, function):
        return early
    seen = [watch(exercise, function, case) for case in exercise.cases]
    if any(o.value is ... or (o.failure and sandbox.is_unwritten(o.failure, function)) for o in seen):
        return _not_attempted(exercise)
    expected = [known(exercise, exercise.reference, case) for case in exercise.cases]
    if agree(expected, seen):
        return _laws(exercise, function)
    for convention in exercise.conventions:
        if _alike(exercise, convention.function, seen):
            return Result(exercise.name, "right", convention.message, convention=convention.id)
    return _wrong(exercise, expected, seen, function)


def _before_calling(exercise: Exercise, function: object) -> Result | None:
    if not callable(function):
        return Result(exercise.name, "error", f"A function is asked for, not {type(function).__name__}.")
    if source.is_stub(function):
        return _not_attempted(exercise)
    if not source.takes(function, len(exercise.cases[0].make(torch.float32))):
        return Result(exercise.name, "error", f"It takes other arguments than asked for: `{exercise.signature}`.")
    return None


def _not_attempted(exercise: Exercise) -> Result:
    text = f"About {exercise.minutes} minutes; write `{exercise.signature}`, then run this cell again."
    return Result(exercise.name, "not attempted", text)


def _alike(exercise: Exercise, function: Function, seen: list[Observation]) -> bool:
    """Return whether a known function does on each case what was seen; the first difference settles it."""
    return all(
        disagreement(known(exercise, function, case), observation) is None
        for case, observation in zip(exercise.cases, seen, strict=True)
    )


def _laws(exercise: Exercise, function: Function) -> Result:
    for law in exercise.laws:
        held = sandbox.attempt(lambda law=law: bool(law.holds(function)), function)
        if held is not True:
            text = f"The numbers of the examples are right, but one law does not hold: {law.sentence}."
            return Result(exercise.name, "not yet", text, details=_failure_lines(held))
    gradient = " and the gradient" if exercise.differentiable else ""
    counted = f"{len(exercise.cases)} inputs, {len(exercise.laws)} laws{gradient}"
    return Result(exercise.name, "right", f"Verified on {counted}: {exercise.verified}.")


def _failure_lines(held: object) -> tuple[str, ...]:
    return (f"{held.kind}: {held.text}", held.line) if isinstance(held, Failure) else ()


def _wrong(exercise: Exercise, expected: list[Observation], seen: list[Observation], function: Function) -> Result:
    found = [disagreement(a, b) for a, b in zip(expected, seen, strict=True)]
    first = next(k for k, d in enumerate(found) if d)
    if not all(o.failure for o in seen):
        for mistake in exercise.mistakes:
            if any(_alike(exercise, wrong, seen) for wrong in mistake.functions):
                details = _numbers(exercise.cases[first], found[first])
                return Result(exercise.name, "not yet", mistake.message, mistake.id, details=details)
    for case, observation in zip(exercise.cases, seen, strict=True):
        if observation.failure:
            return _error(exercise, case, observation.failure)
    if all(o.value is None for o in seen):
        return Result(exercise.name, "not yet", "It returns None. Does the last line say `return`?", "returns_none")
    return _unnamed(exercise, expected, seen, found, first, function)


def _error(exercise: Exercise, case: Case, failed: Failure) -> Result:
    what = f"{failed.kind}: {failed.text}" if failed.text else failed.kind
    text = f"{failed.line}: {what[:200]}" if failed.line else what[:200]
    details = (failed.advice, f"On: {case.label}") if failed.advice else (f"On: {case.label}",)
    return Result(exercise.name, "error", text, details=details)


def _unnamed(
    exercise: Exercise,
    expected: list[Observation],
    seen: list[Observation],
    found: list[Difference | None],
    first: int,
    function: Function,
) -> Result:
    difference, case = found[first], exercise.cases[first]
    details = _numbers(case, difference)
    mistake, text = {"changed": "changes_its_input", "cut": "gradient_cut"}.get(difference.kind), difference.text
    if difference.kind in ("shape", "value"):
        about = relation(exercise.cases, [o.value for o in expected], [o.value for o in seen])
        mistake, text = about or (None, text)
        if about is None and (broken := _broken_law(exercise, function)):
            text = f"{text} One thing to look at, this should hold: {broken}."
    return Result(exercise.name, "not yet", text, mistake, details=details)


def _broken_law(exercise: Exercise, function: Function) -> str | None:
    for law in exercise.laws:
        if sandbox.attempt(lambda law=law: bool(law.holds(function)), function) is False:
            return law.sentence
    return None


def _numbers(case: Case, difference: Difference) -> tuple[str, ...]:
    lines = (f"On:       {case.label}",)
    if not difference.expected:
        return lines
    return (*lines, f"Expected: {difference.expected}", f"Yours:    {difference.actual}")
