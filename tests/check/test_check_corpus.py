"""Answers written from the statements alone: none of the right ones is refused, none of the wrong ones passes.

``corpus/CHAPTER_EXERCISE.py`` holds the answers to one exercise, under names that begin with ``right_`` or ``wrong_``:
functions, partials, or classes whose objects are called.
"""

import contextlib
import runpy
from functools import cache
from pathlib import Path

import pytest

from nstlib.check import Result, examine, exercises

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "corpus").glob("[a-z]*.py"))}
KNOWN = {f"{exercise.module.split('.')[-2]}_{name}": name for name, exercise in exercises.items()}
TOLD = 0.35  # of the wrong answers at least so many get a name, or a place where they are wrong


def answers(stem):
    """Return the answers in a file: under their names there, each called as the exercise asks for."""
    found = {}
    for name, answer in runpy.run_path(str(FILES[stem])).items():
        if name.startswith(("right_", "wrong_")):
            found[name] = answer() if isinstance(answer, type) else answer
            with contextlib.suppress(AttributeError):
                found[name].__name__ = KNOWN[stem]
    return found


@cache
def results(stem) -> dict[str, Result]:
    """Return what the examination finds about each answer of a file."""
    return {name: examine(KNOWN[stem], answer) for name, answer in answers(stem).items()}


def told(found):
    return "\n".join(f"{name}\n{result}" for name, result in found.items())


@pytest.mark.parametrize("stem", FILES)
def test_no_right_answer_is_refused(stem):
    refused = {name: r for name, r in results(stem).items() if name.startswith("right_") and not r.passed}
    assert not refused, told(refused)


@pytest.mark.parametrize("stem", FILES)
def test_no_wrong_answer_passes(stem):
    passed = {name: r for name, r in results(stem).items() if name.startswith("wrong_") and r.passed}
    assert not passed, told(passed)


@pytest.mark.parametrize("stem", FILES)
def test_every_wrong_answer_is_told_in_eight_lines(stem):
    long = {name: r for name, r in results(stem).items() if len(str(r).splitlines()) > 8}
    assert not long, told(long)


@pytest.mark.parametrize("stem", FILES)
def test_a_file_holds_five_right_answers_and_twenty_wrong_ones(stem):
    names = list(answers(stem))
    assert sum(name.startswith("right_") for name in names) >= 5
    assert sum(name.startswith("wrong_") for name in names) >= 20


def test_many_wrong_answers_get_a_name_or_a_place():
    wrong = [r for stem in FILES for name, r in results(stem).items() if name.startswith("wrong_")]
    share = sum(result.mistake is not None for result in wrong) / len(wrong)
    print(f"{len(wrong)} wrong answers to {len(FILES)} exercises, {share:.0%} of them named or located")
    assert share >= TOLD
