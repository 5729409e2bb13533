"""None gets a point that it has not earned, none stops or slows the others beyond its limits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nstlib.course import ROOT

sys.path.append(str(ROOT / "bench"))

import grading as bench

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's"),
]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A graded class in which every attack is made once: its report, and what is due."""
    folder, count = tmp_path_factory.mktemp("class"), len(bench.ATTACKS) + len(bench.files())
    due = bench.make_class(folder / "submitted", count + 4, count)
    bench.graded(folder / "submitted", folder / "report", "--seconds", "6")
    return folder / "report", due


def test_each_gets_what_is_due_and_no_more(attacked):
    assert bench.differences(*attacked) == []


def test_nothing_was_written_and_nothing_deleted(attacked):
    places = ("/tmp", "/var/tmp", "/dev/shm", str(Path.home()), "/")
    assert [place for place in places if (Path(place) / "nst_was_here").exists()] == []
    assert (ROOT / "solutions" / f"{bench.CHAPTER}.ipynb").is_file()


def test_a_grading_that_is_killed_goes_on_to_the_same_report(tmp_path):
    due = bench.make_class(tmp_path / "submitted", 6, 0)
    reports = [tmp_path / "killed", tmp_path / "whole"]
    bench.graded(tmp_path / "submitted", reports[0], kill_at=3)
    assert not (reports[0] / "grades.csv").exists()
    for report in reports:
        bench.graded(tmp_path / "submitted", report)
        assert bench.differences(report, due) == []
    assert bench.changes(*reports) == []
