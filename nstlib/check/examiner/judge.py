"""Deciding on an answer: right, not attempted, not yet (and why), or an error (and in which line)."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import torch

from nstlib.check.drawing import drawn_cases
from nstlib.check.examiner import sandbox, source
from nstlib.check.examiner.compare import Difference, difference, is_plural
from nstlib.check.examiner.extremes import at_extremes, in_double
from nstlib.check.examiner.forms import Form, converting, described, fits
from nstlib.check.examiner.observe import Observation, agree, disagreement, known, watch
from nstlib.check.examiner.report import Result
from nstlib.check.examiner.sandbox import Failure, TimedOut
from nstlib.check.examiner.tried import tries
from nstlib.check.examiner.where import Place, located
from nstlib.check.exercise import Case, Exercise, Function

_STATE = {"busy": False}
_FORMS = {
    "type": "other_type",
    "dtype": "other_dtype",
    "device": "other_device",
    "finite": "not_finite",
    "fact": "observed",
}
_BESIDE = ("only_", "one_", "always_", "not_looked_at", "images_mixed", "other_power")  # told beside how many are wrong
_GLANCE = 180  # letters of an error message
_NAMED = 3  # drawn cases on which a name must be true, too


def is_examining() -> bool:
    """Return whether an examination is going on."""
    return _STATE["busy"]


def examine_exercise(exercise: Exercise, function: object) -> Result:
    """Return what an examination finds. Raises nothing, whatever the function does, except KeyboardInterrupt."""
    if _STATE["busy"]:
        return Result(exercise.name, "error", "A function cannot be checked from inside itself.")
    _STATE["busy"] = True
    try:
        if exercise.optimizes and not source.is_stub(function):
            sandbox.import_compiler()
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
        return _right(exercise, expected, seen, function)
    for convention in exercise.conventions:
        if _alike(exercise, convention.function, seen, function):
            result = Result(exercise.name, "right", convention.message, convention=convention.id)
            theirs = [known(exercise, convention.function, case) for case in exercise.cases]
            return result if _fit(theirs, seen) else _handed_on(result, theirs[0].form, function)
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


def _alike(exercise: Exercise, known_one: Function, seen: list[Observation], function: Function) -> bool:
    """Return whether an answer does what a known function does: on each case as it was seen, and on cases drawn now."""
    on_cases = all(
        disagreement(known(exercise, known_one, case), observation) is None
        for case, observation in zip(exercise.cases, seen, strict=True)
    )
    return on_cases and all(
        disagreement(known(exercise, known_one, case), watch(exercise, function, case)) is None
        for case in drawn_cases(exercise, "names", _NAMED)
    )


def _right(exercise: Exercise, expected: list[Observation], seen: list[Observation], function: Function) -> Result:
    """Return the praise for what is right on all examples, unless it breaks a law or is wrong on unusual inputs."""
    wanted, formed = expected[0].form, _fit(expected, seen)
    usable = function if formed else converting(function, wanted)
    if broken := _broken(exercise, usable, function):
        return broken
    double = in_double(exercise, function)
    if double.wrong:
        case, found = double.wrong
        text = f"It is right in float32, but not in float64. {found.text}"
        return Result(exercise.name, "not yet", text, "only_in_float64", details=_numbers(case, found))
    gradient = " and the gradient" if exercise.differentiable else ""
    counted = f"{len(exercise.cases)} inputs, {len(exercise.laws)} laws{gradient}"
    result = Result(exercise.name, "right", f"Verified on {counted}: {exercise.verified}.")
    if double.fails or not formed:
        return _handed_on(result, wanted, function, single=double.fails)
    return result if double.formed else dataclasses.replace(result, go_on=converting(function, wanted))


def _broken(exercise: Exercise, usable: Function, function: Function) -> Result | None:
    """Return what is wrong with an answer that is right on all examples, if anything is; ``usable``: put into form."""
    for law in exercise.laws:
        held = sandbox.attempt(lambda law=law: bool(law.holds(usable)), function)
        if held is not True:
            text = f"The numbers of the examples are right, but one law does not hold: {law.sentence}."
            return Result(exercise.name, "not yet", text, "breaks_a_law", details=_failure_lines(held))
    if found := _off_when_drawn(exercise, usable) or at_extremes(exercise, usable):
        told = _located(exercise, usable, {case: watch(exercise, usable, case) for case in (*exercise.cases, found[0])})
        text = f"The numbers of the examples are right, but not these. {_joined(found[1], told)}"
        return Result(
            exercise.name, "not yet", text, told.id if told else _FORMS.get(found[1].kind), details=_numbers(*found)
        )
    return None


def _off_when_drawn(exercise: Exercise, function: Function) -> tuple[Case, Difference] | None:
    """Return the first case drawn from what the statement allows on which an answer is wrong, or None."""
    for case in drawn_cases(exercise, "examination", exercise.drawn):
        seen = watch(exercise, function, case)
        if seen.failure:
            return case, Difference("failure", f"It raises an error: {seen.failure.kind}: {seen.failure.text}")
        if found := disagreement(known(exercise, exercise.reference, case), seen):
            return case, found
    return None


def _fit(expected: list[Observation], seen: list[Observation]) -> bool:
    """Return whether an answer's results have the form that is asked for."""
    return all(fits(b.form, a.form) for a, b in zip(expected, seen, strict=True))


def _handed_on(result: Result, wanted: Form, function: Function, *, single: bool = False) -> Result:
    """Return the result of an answer in another form, or in float32 only: what to go on with is converted."""
    said = "It fails in float64: there it is handed float32." if single else ""
    said = said or f"What it returns is handed on as {described(wanted)}."
    go_on = converting(function, wanted, single=single)
    return dataclasses.replace(result, message=f"{result.message} {said}", go_on=go_on)


def _failure_lines(held: object) -> tuple[str, ...]:
    return (f"{held.kind}: {held.text}", held.line) if isinstance(held, Failure) else ()


def _wrong(exercise: Exercise, expected: list[Observation], seen: list[Observation], function: Function) -> Result:
    found = [disagreement(a, b) for a, b in zip(expected, seen, strict=True)]
    first = min((k for k, d in enumerate(found) if d), key=lambda k: _urgency(found[k]))
    if not all(o.failure for o in seen):
        for mistake in exercise.mistakes:
            if any(_alike(exercise, wrong, seen, function) for wrong in mistake.functions):
                details = _numbers(exercise.cases[first], found[first])
                return Result(exercise.name, "not yet", mistake.message, mistake.id, details=details)
    for case, observation in zip(exercise.cases, seen, strict=True):
        if observation.failure:
            return _error(exercise, case, observation.failure)
    if all(o.value is None for o in seen):
        return Result(exercise.name, "not yet", "It returns None. Does the last line say `return`?", "returns_none")
    return _unnamed(exercise, expected, seen, found, first, function)


def _urgency(found: Difference) -> int:
    """Return what is told first: a changed input, which may be the cause of all else; gradients last."""
    return {"changed": 0, "gradient": 2, "cut": 2}.get(found.kind, 1)


def _error(exercise: Exercise, case: Case, failed: Failure) -> Result:
    what = f"{failed.kind}: {_shortened(failed.text)}" if failed.text else failed.kind
    text = f"{failed.line}: {what}" if failed.line else what
    details = (failed.advice, f"On: {case.label}") if failed.advice else (f"On: {case.label}",)
    return Result(exercise.name, "error", text, details=details)


def _shortened(text: str) -> str:
    """Return the first sentences of a message, as many as are read at a glance."""
    if len(text) <= _GLANCE:
        return text
    end = text.rfind(". ", 0, _GLANCE) + 1
    return text[:end] if end else f"{text[: _GLANCE - 4].rpartition(' ')[0]} ..."


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
    if difference.kind == "changed":
        return Result(exercise.name, "not yet", difference.text, "changes_its_input", details=details)
    if told := _unsteady(exercise, expected, seen, first, function):
        return Result(exercise.name, "not yet", told[1], told[0], details=details[:1])
    if difference.kind == "cut":
        return Result(exercise.name, "not yet", difference.text, "gradient_cut", details=details)
    of_form = difference.kind in ("type", "dtype", "device")  # which says all
    told = None if of_form else _located(exercise, function, dict(zip(exercise.cases, seen, strict=True)))
    mistake, text = told.id if told else _FORMS.get(difference.kind), _joined(difference, told)
    vague = told is None or told.id.startswith("always_")
    if vague and difference.kind == "value" and (broken := _broken_law(exercise, function)):
        text = f"{text} One thing to look at, this should hold: {broken}."
    return Result(exercise.name, "not yet", text, mistake, details=details)


def _located(exercise: Exercise, function: Function, seen: dict[Case, Observation]) -> Place | None:
    """Return where an answer is wrong, if that is found in time."""
    try:
        with sandbox.time_limit(sandbox.SECONDS / 4):
            first = located(exercise, function, tries(exercise, function, seen))
            if first is None or not exercise.takes:
                return first
            more = tries(exercise, function, seen, ("where", "where again"))  # a sentence has to be true of these, too
            return first if more and located(exercise, function, more, before=first) == first else None
    except TimedOut:
        return None


def _joined(found: Difference, told: Place | None) -> str:
    """Return what is wrong, and where: the numbers that are wrong are not counted if there is more to say of all."""
    if told is None or (told.id == "one_of_several" and f"{told.name}, " in found.text):
        return found.text  # which is about one of several within it
    said, name = told.sentence, told.name
    if is_plural(name) and said.startswith("It "):
        said = f"Each {said[3:]}"
    if told.id == "one_of_several" and name.lower() not in found.text.lower():
        return f"Wrong: {name[:1].lower()}{name[1:]}. {said}"
    if found.kind in ("shape", "value", "gradient") and not told.id.startswith(_BESIDE):
        return f"{name}: {said[:1].lower()}{said[1:]}" if name else said
    named = f"{name[:1].upper()}{name[1:]}: {said[:1].lower()}{said[1:]}"
    return f"{found.text} {said if not name or name.lower() in found.text.lower() else named}"


def _unsteady(
    exercise: Exercise, expected: list[Observation], seen: list[Observation], first: int, function: Function
) -> tuple[str, str] | None:
    """Return (id, sentence) if the function does not do the same again."""
    if disagreement(expected[0], seen[0]) is None:
        again = watch(exercise, function, exercise.cases[0])
        if again.failure is None and disagreement(expected[0], again):
            return "only_after_the_first_call", (
                "When it was first called it was right, and with the same input later it is not. What does it keep from "
                "one call to the next?"
            )
    if _repeats(exercise, seen[first], exercise.cases[first], function):
        return None
    text = "It gives another result each time, for the same input. Is something drawn at random, or kept from before?"
    return "not_repeatable", text


def _repeats(exercise: Exercise, seen: Observation, case: Case, function: Function) -> bool:
    """Return whether the function does the same again when the random numbers are others."""
    for seed in (20_231, 7):  # two, for the first call may have begun with one of them, and a call may fail by its time

        def otherwise(*arguments: object, seed: int = seed) -> object:
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            return function(*arguments)

        again = watch(exercise, otherwise, case, gradient=False)
        found = None if again.failure else difference(seen.value, again.value)
        if found is not None and found.kind == "value":
            return False
    return True


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
