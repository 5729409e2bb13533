"""Whole notebooks, judged by processes as they are: what is right behind the walls is what is right in a notebook."""

from __future__ import annotations

import json
import sys

import pytest

from nstlib.apps.grading.judge import Hatchery, judge_notebook
from nstlib.apps.grading.walls import Limits, readable
from nstlib.check import examine, exercises
from nstlib.course import ROOT

sys.path.append(str(ROOT / "bench"))

import grading as bench

pytestmark = [pytest.mark.exhaustive, pytest.mark.weights]


@pytest.fixture(scope="module")
def hatchery():
    with Hatchery(Limits()) as made:
        yield made


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_all_walls_stand(hatchery):
    assert [wall for wall, holds in hatchery.walls().items() if not holds] == []


def test_nothing_readable_holds_an_answer():
    secret = [ROOT / name for name in ("nstlib", "solutions", "book", "tests", "lessons")]
    assert not [path for path in readable() for other in secret if other.is_relative_to(path.resolve())]


@pytest.mark.parametrize("chapter", exercises.chapters())
def test_each_solution_of_the_course_is_right_behind_the_walls(hatchery, chapter):
    text = (ROOT / "solutions" / f"{chapter}.ipynb").read_bytes()
    records = judge_notebook(hatchery, text, exercises.chapters()[chapter])
    assert {one["name"]: one["message"] for one in records if not one["right"]} == {}


@pytest.mark.parametrize("chapter", ["07_gram", "10_transfer"])
def test_no_blank_lesson_has_a_point(hatchery, chapter):
    text = (ROOT / "lessons" / f"{chapter}.ipynb").read_bytes()
    assert {one["outcome"] for one in judge_notebook(hatchery, text, exercises.chapters()[chapter])} == {
        "not attempted"
    }


def test_an_answer_that_builds_on_a_wrong_one_gets_the_course_s_own(hatchery):
    cells = [
        "def content_loss(features, target):\n    return (features - target).sum()",
        "def style_loss(features, gram):\n    from torch import nn\n    vectors = features.flatten(2)\n"
        "    found = vectors @ vectors.mT / vectors.shape[-1]\n    return content_loss(found[:, None], gram[:, None])",
    ]
    book = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    first, second = judge_notebook(hatchery, json.dumps(book).encode(), ["content_loss", "style_loss"])
    assert not first["right"]
    assert second["outcome"] in ("right", "not yet")  # it was called, and with a function that computes
    assert "content_loss" not in second["message"]


@pytest.mark.parametrize("taken", ["gram.gram_matrix", "gram.gram_matrix.__wrapped__", "gram.mmd_polynomial"])
def test_the_course_s_own_function_refuses_and_so_do_those_made_of_it(hatchery, taken):
    source = f"import nstlib.gram\ndef gram_matrix(features):\n    return nstlib.{taken}(features)"
    book = {"cells": [{"cell_type": "code", "source": source}]}
    names = ["gram_matrix", "mmd_polynomial"]
    found = judge_notebook(hatchery, json.dumps(book).encode(), names)[0]
    assert not found["right"]
    assert "This is the course's own function" in found["message"] or "__wrapped__" in taken


def test_an_error_points_into_the_learner_s_own_line(hatchery):
    book = {"cells": [{"cell_type": "code", "source": "def gram_matrix(features):\n    return features @ 'x'"}]}
    (found,) = judge_notebook(hatchery, json.dumps(book).encode(), ["gram_matrix"])
    assert found["message"].startswith("line 2: `return features @ 'x'`: TypeError")


@pytest.mark.parametrize("chapter", exercises.chapters())
def test_an_answer_is_told_what_it_is_told_in_a_notebook(hatchery, chapter):
    """One right answer to each exercise, and two wrong ones: the same outcome, and the same name of the mistake."""
    for name in exercises.chapters()[chapter]:
        known = bench.known_answers(name)
        for cell in (*known["right"][:1], *known["wrong"][:2]):
            here = {"__name__": "answers"}
            exec(compile(cell, f"<{name}>", "exec"), here)
            expected = examine(name, here[name])
            book = {"cells": [{"cell_type": "code", "source": cell}]}
            (found,) = judge_notebook(hatchery, json.dumps(book).encode(), [name])
            assert (found["outcome"], found["mistake"]) == (expected.outcome, expected.mistake or ""), cell[-80:]
