"""A class is graded from what is kept, and from what is judged now; nothing that is lost counts."""

from __future__ import annotations

import os

import pytest

from nstlib.apps.grading import grading
from nstlib.apps.grading.grading import fill, judge_missing, read_all
from nstlib.apps.grading.keeping import Kept
from nstlib.apps.grading.pool import LOST
from nstlib.apps.grading.submissions import find_submissions
from nstlib.apps.grading.walls import Limits

CHAPTER = "07_gram"


def record(name: str, right: bool) -> dict:
    return {
        "name": name,
        "right": right,
        "outcome": "right",
        "mistake": "",
        "message": "",
        "details": [],
        "library": [],
    }


@pytest.fixture
def handed_in(tmp_path):
    """Two learners' notebooks, and one learner twice the same chapter."""
    for who, name, text in (
        ("ada", f"{CHAPTER}.ipynb", b"1"),
        ("ben", f"{CHAPTER}.ipynb", b"2"),
        ("cleo", f"{CHAPTER}.ipynb", b"old"),
        ("cleo", f"{CHAPTER} (1).ipynb", b"1"),
        ("dan", "holiday.ipynb", b"3"),
    ):
        path = tmp_path / "in" / who / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        os.utime(path, (9, 9 if text == b"1" else 5))
    return find_submissions(tmp_path / "in")


@pytest.fixture
def judged(monkeypatch):
    """Have ``1`` be right, and the judge not come to an end with ``2``; return what was judged."""
    seen = []

    def judge(jobs, limits, **_more):
        for job in jobs:
            seen.append(job.text)
            yield job, None if job.text == b"2" else [record(name, True) for name in job.names]

    monkeypatch.setattr(grading, "judge_here", judge)
    return seen


def test_each_learner_gets_what_was_found(handed_in, judged, tmp_path):
    kept = Kept(tmp_path, Limits())
    grades, jobs = read_all(handed_in, kept)
    assert list(judge_missing(jobs, kept, Limits())) == [0, 1, 2]
    fill(grades, jobs, kept)
    assert {grade.learner: grade.points() for grade in grades} == {"ada": 3, "ben": 0, "cleo": 3, "dan": 0}
    assert judged == [b"1", b"2"]  # the same bytes once
    assert grades[1].chapters[CHAPTER][0]["message"] == LOST
    assert "was written last, and counts" in grades[2].notes[0]
    assert grades[3].notes == [
        "holiday.ipynb is of no chapter with exercises.",
        "No notebook of the course was found in it.",
    ]


def test_only_what_is_not_kept_is_judged_again(handed_in, judged, tmp_path):
    kept = Kept(tmp_path, Limits())
    _, jobs = read_all(handed_in, kept)
    list(judge_missing(jobs, kept, Limits()))
    assert list(judge_missing(jobs, kept, Limits())) == [1, 2]
    assert judged == [b"1", b"2", b"2"]
