"""The report says what was found, and nothing that a learner wrote becomes more than text."""

from __future__ import annotations

import csv
import io
import json

import pytest

from nstlib.apps.grading import class_report as report
from nstlib.apps.grading.class_report import answers, gradescope, mistakes, page, table, to_explain, write_report
from nstlib.apps.grading.grading import Grade
from nstlib.apps.grading.walls import Limits

CHAPTER = "07_gram"
WALLS = {"it writes no file": True, "it reaches no network": False}


def record(name, outcome, mistake="", message="Said `so`.", library=()):
    found = {"name": name, "right": outcome == "right", "outcome": outcome, "mistake": mistake, "message": message}
    return {**found, "details": ["Expected: 1"], "library": list(library)}


@pytest.fixture
def grades():
    """Four learners; one is called as a formula, and one returns a script."""
    script = "<script>alert(1)</script>"
    return [
        Grade("ada", {CHAPTER: [record("gram_matrix", "right", library=["nstlib.gram"])]}, keys={CHAPTER: "1"}),
        Grade("=1+1", {CHAPTER: [record("gram_matrix", "not yet", "centered")]}, ["<b>noted</b>"], {CHAPTER: "2"}),
        Grade("cleo", {CHAPTER: [record("gram_matrix", "not yet", "centered")]}, keys={CHAPTER: "3"}),
        Grade("dan", {CHAPTER: [record("gram_matrix", "error", "", script)]}, keys={CHAPTER: "4"}),
        Grade("eve", {CHAPTER: [record("gram_matrix", "right")]}, keys={CHAPTER: "1"}),
    ]


def test_the_table_has_a_line_for_each_learner(grades):
    rows = list(csv.DictReader(io.StringIO(table(grades))))
    assert [(row["learner"], row["points"], row["of"], row[CHAPTER]) for row in rows[:2]] == [
        ("ada", "1", "3", "1"),
        ("'=1+1", "0", "3", "0"),  # which a spreadsheet does not run
    ]


def test_the_answers_have_the_words_that_a_learner_reads(grades):
    rows = list(csv.DictReader(io.StringIO(answers(grades))))
    assert (rows[1]["mistake"], rows[1]["message"]) == ("centered", "Said `so`.")


def test_what_to_explain_is_the_most_frequent_mistake_with_a_name(grades):
    located = [Grade(who, {CHAPTER: [record("gram_matrix", "not yet", "permuted")]}) for who in "abc"]
    first, second = to_explain([*grades, *located])
    assert (first.exercise, first.what, first.count) == ("gram_matrix", "centered", 2)
    assert (second.what, second.count) == ("permuted", 3)  # more frequent, but it says where, not why
    assert [found.count for found in mistakes(grades)["gram_matrix"]] == [2, 1]


def test_the_page_shows_all_of_it_and_runs_nothing(grades):
    text = page(grades, WALLS, Limits())
    assert "<script" not in text
    assert "&lt;b&gt;noted" in text
    assert "<b>2</b> learners" in text
    assert "Said <code>so</code>." in text
    assert "this system does not see to that" in text
    assert "ada, eve handed in the same file" in text
    assert "takes <code>nstlib.gram</code> from the library" in text
    assert text == page(grades, WALLS, Limits())


def test_gradescope_reads_points_and_words(grades):
    found = json.loads(gradescope(grades[1]))
    assert (found["score"], found["tests"][0]["max_score"]) == (0, 1)
    assert "not yet: Said `so`.\nExpected: 1" in found["tests"][0]["output"]


def test_all_three_are_written(grades, tmp_path):
    paths = write_report(tmp_path / "new" / "report", grades, WALLS, Limits())
    assert [path.name for path in paths] == [report.TABLE, report.ANSWERS, report.PAGE]
    assert all(path.stat().st_size for path in paths)
    assert page([], {}, Limits()).count("<tr>") == 2
