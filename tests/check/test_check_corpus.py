"""Answers written from the statements: none of the right ones is refused, none of the wrong ones passes.

``corpus/CHAPTER_EXERCISE.py`` holds the answers to one exercise, under names that begin with ``right_`` or ``wrong_``:
functions, partials, or classes whose objects are called.
"""

import contextlib
import os
import pickle
import runpy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from nstlib.check import Result, examine, exercises
from nstlib.formats.files import replacing

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "corpus").glob("[a-z]*.py"))}
KNOWN = {f"{exercise.module.split('.')[-2]}_{name}": name for name, exercise in exercises.items()}
TOLD = 0.75  # of the wrong answers at least so many get a name, or a place where they are wrong
SAMPLE = 12  # one in so many wrong answers is tried where not all are
EVERY = pytest.mark.parametrize("every", [SAMPLE, pytest.param(1, marks=pytest.mark.exhaustive)])
ALL_FILES = pytest.mark.parametrize("stem", FILES)


def answers(stem):
    """Return the answers in a file: under their names there, each called as the exercise asks for."""
    found = {}
    for name, answer in runpy.run_path(str(FILES[stem])).items():
        if name.startswith(("right_", "wrong_")):
            found[name] = answer() if isinstance(answer, type) else answer
            with contextlib.suppress(AttributeError):
                found[name].__name__ = KNOWN[stem]
    return found


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Callable[..., dict[str, Result]]:
    """What the examination finds about the right answers of a file, and about one in so many of its wrong ones.

    It is examined once, whichever of the processes that share the tests asks first.
    """
    shelf = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shelf = shelf.parent  # the others' too

    @cache
    def found(stem: str, every: int = 1) -> dict[str, Result]:
        kept = shelf / f"corpus-{stem}-{every}.pickle"
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        known = answers(stem)
        wrong = [name for name in known if name.startswith("wrong_")][::every]
        chosen = [name for name in known if name.startswith("right_") or name in wrong]
        # A function to go on with cannot be handed on, and is not asked about.
        verdicts = {name: replace(examine(KNOWN[stem], known[name]), go_on=None) for name in chosen}
        with replacing(kept) as temporary:
            temporary.write_bytes(pickle.dumps(verdicts))
        return verdicts

    return found


def told(found):
    return "\n".join(f"{name}\n{result}" for name, result in found.items())


@ALL_FILES
@EVERY
def test_no_right_answer_is_refused_and_no_wrong_one_passes(results, stem, every):
    false = {name: r for name, r in results(stem, every).items() if name.startswith("right_") != r.passed}
    assert not false, told(false)


@ALL_FILES
@EVERY
def test_every_answer_is_told_in_eight_lines(results, stem, every):
    long = {name: r for name, r in results(stem, every).items() if len(str(r).splitlines()) > 8}
    assert not long, told(long)


@ALL_FILES
def test_a_file_holds_five_right_answers_and_twenty_wrong_ones(stem):
    names = list(answers(stem))
    assert sum(name.startswith("right_") for name in names) >= 5
    assert sum(name.startswith("wrong_") for name in names) >= 20


@pytest.mark.exhaustive
def test_many_wrong_answers_get_a_name_or_a_place(results):
    wrong = [r for stem in FILES for name, r in results(stem).items() if name.startswith("wrong_")]
    share = sum(result.mistake is not None for result in wrong) / len(wrong)
    print(f"{len(wrong)} wrong answers to {len(FILES)} exercises, {share:.0%} of them named or located")
    assert share >= TOLD
