"""The exercises of the course, and what decides them: ``gram_matrix = check(gram_matrix)``."""

from __future__ import annotations

import dataclasses
import difflib
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from nstlib.check.examiner import progress as record
from nstlib.check.examiner.judge import examine_exercise, is_examining
from nstlib.check.examiner.report import WIDTH, Result
from nstlib.check.exercise import Exercise
from nstlib.check.index import Exercises

__all__ = ["CheckFailed", "Result", "UnknownExercise", "check", "examine", "exercises", "hint", "progress"]

exercises = Exercises(Path(__file__).parent, __name__)
_hints_given: dict[str, int] = {}
_replaced: dict[str, Result] = {}  # what was found of the answers in whose place the reference was handed back


class CheckFailed(AssertionError):
    """A checked answer is not right (raised on request only, for autograders)."""


class UnknownExercise(LookupError):
    """There is no exercise of that name."""


def check(function: Callable, *, raise_on_fail: bool = False) -> Callable:
    """Examine an answer, print what was found, and return the function to go on with.

    Args:
        function: your answer; its name says which exercise it answers.
        raise_on_fail: raise a CheckFailed if it is not right. The environment variable NST_CHECK_RAISE=1 does the same,
            and so does nbgrader, where it grades or validates.

    Returns:
        Your function if it is right, the reference otherwise: later cells always run. Where yours returns another form
        than is asked for (an array for a tensor, a list for a tuple, float64 for float32), its results are converted.
        The reference is not taken for an answer afterwards: checked itself, it brings what was found of yours.

    Raises:
        UnknownExercise: if no exercise has the function's name.
    """
    exercise = _find(function)
    if is_examining():  # else an answer could call check and go on with the reference it hands back
        raise CheckFailed("A function cannot be checked from inside itself.")
    result = _judge(exercise, function)
    if function is not exercise.reference:
        _remember(exercise, result)
    if not result.passed and (raise_on_fail or _is_graded()):
        raise CheckFailed(str(result))
    print(result)
    return (result.go_on or function) if result.passed else exercise.reference


def examine(name: str, function: object) -> Result:
    """Return what is found about an answer to the exercise ``name``. Prints and raises nothing.

    The function that ``check`` hands back in place of an answer that is not right stands for that answer.
    """
    try:
        exercise = _find(name)
    except UnknownExercise as error:
        return Result(str(name), "error", str(error))
    return _judge(exercise, function)


def hint(exercise: str | Callable, level: int | None = None) -> None:
    """Print the next hint of an exercise: first the idea, then the direction, then almost the line.

    Args:
        exercise: its name, or your function.
        level: 1, 2 or 3 for that hint; None for the next one.
    """
    found = _find(exercise)
    last = len(found.hints)
    level = min(max(level or _hints_given.get(found.name, 0) + 1, 1), last)
    _hints_given[found.name] = level
    kind = ("the idea", "the direction", "almost the line")[level - 1]
    print(f"Hint {level} of {last} for {found.name}, {kind}:")
    print("\n".join(line for part in found.hints[level - 1].split("\n") for line in textwrap.wrap(part, WIDTH)))


def progress(export: str | Path | None = None) -> None:
    """Print what is done in each chapter of the course.

    Args:
        export: a path to write the same as CSV to, for yourself or an instructor. Nothing leaves the machine otherwise.
    """
    known, remark = record.load()
    if remark:
        print(remark)
    for chapter, names in exercises.chapters().items():
        marks = [f"[{'x' if _done(known, name) else ' '}] {name}" for name in names]
        print(f"{chapter}: {sum(_done(known, name) for name in names)} of {len(names)}")
        print(textwrap.indent("\n".join(marks), "  "))
    print(f"The course: {sum(_done(known, name) for name in exercises)} of {len(exercises)} exercises done.")
    if export is not None:
        record.export_csv(export, [_row(known, exercise) for exercise in exercises.values()])
        print(f"Written as CSV: {Path(export).name}")


def _is_graded() -> bool:
    """Return whether a grader runs this, which counts what raises: NST_CHECK_RAISE, or nbgrader's own variable, says so."""
    if (setting := os.environ.get("NST_CHECK_RAISE", "")) != "":
        return setting != "0"
    return os.environ.get("NBGRADER_EXECUTION", "") in ("autograde", "validate")


def _judge(exercise: Exercise, function: object) -> Result:
    """Return what is found about an answer. The reference is nobody's: it stands for the answer it replaced."""
    if function is not exercise.reference:
        return examine_exercise(exercise, function)
    if (last := _replaced.get(exercise.name)) is None:
        text = "This is the course's own function. Write yours under its name, run that cell, then this one."
        return Result(exercise.name, "not attempted", text)
    since = "Your own cell has not run since. If you changed it, run it first, then this one."
    return dataclasses.replace(last, details=(*last.details[:3], since))


def _remember(exercise: Exercise, result: Result) -> None:
    """Keep what was found: for whoever asks about the reference later, and in the record of what is solved."""
    _replaced.pop(exercise.name, None)
    if not result.passed:
        _replaced[exercise.name] = result
    if result.outcome != "not attempted" and (remark := record.note(exercise.name, result.outcome)):
        print(remark)


def _done(known: dict[str, dict], name: str) -> bool:
    return known.get(name, {}).get("right", False)


def _row(known: dict[str, dict], exercise: Exercise) -> tuple[str, str, str, str, int]:
    tries = known.get(exercise.name, {}).get("tries", 0)
    state = "done" if _done(known, exercise.name) else "tried" if tries else "not attempted"
    return exercise.chapter, exercise.name, exercise.title, state, tries


def _find(exercise: str | Callable) -> Exercise:
    name = exercise if isinstance(exercise, str) else getattr(exercise, "__name__", type(exercise).__name__)
    if name in exercises:
        return exercises[name]
    near = difflib.get_close_matches(str(name), list(exercises), n=3, cutoff=0.5)
    ask = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(exercises)}."
    raise UnknownExercise(f"There is no exercise named {name!r}. {ask} The function's name says which one it answers.")


class _Kept(ModuleType):
    """This module, whose functions stay: an answer that put its own in place of ``check`` would mark itself."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN:
            raise AttributeError(f"nstlib.check.{name} decides about answers, so it stays what it is.")
        super().__setattr__(name, value)


_OWN = frozenset(name for name, value in globals().items() if callable(value) and not name.startswith("__"))
sys.modules[__name__].__class__ = _Kept
