"""The commands ``nst grade`` and ``nst course``: what they refuse, and that a class of fakes gets its report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from nstlib.apps.grading import grading, pool

pytestmark = [pytest.mark.usefixtures("gallery"), pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")]
CHAPTER = "07_gram"


def complaint(err):
    assert "Traceback" not in err
    (line,) = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]
    return line


@pytest.fixture
def handed_in(monkeypatch):
    """One learner's notebook, and judges that find it right."""
    Path("submitted/ada").mkdir(parents=True)
    Path(f"submitted/ada/{CHAPTER}.ipynb").write_text("{}", encoding="utf-8")

    def judge(jobs, limits, **_more):
        for job in jobs:
            found = {"right": True, "outcome": "right", "mistake": "", "message": "Yes.", "details": [], "library": []}
            yield job, [{"name": name, **found} for name in job.names]

    monkeypatch.setattr(grading, "judge_here", judge)
    monkeypatch.setattr(pool.JudgeProcess, "walls", lambda self: {"it writes no file": True, "it flies": False})


def test_a_class_gets_its_report_and_open_walls_are_said_aloud(nst, handed_in):
    code, out, err = nst("grade", "submitted", "-o", "report")
    assert (code, out.split(".")[0]) == (0, "1 submissions graded")
    assert complaint(err) == "nst: This system does not see to it, for a learner's lines, that it flies."
    assert "ada,3,3,3," in Path("report/grades.csv").read_text(encoding="utf-8")
    before = Path("report/report.html").read_bytes()
    code, _, err = nst("grade", "submitted", "-o", "report")
    assert (code, Path("report/report.html").read_bytes()) == (0, before)
    assert "nst: " not in err  # nothing was judged


def test_one_submission_is_told_to_gradescope(nst, handed_in):
    code, out, _ = nst("grade", "submitted/ada", "--gradescope", "results.json")
    assert (code, out.strip()) == (0, "results.json: 3 of 3 points.")
    assert json.loads(Path("results.json").read_text(encoding="utf-8"))["score"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone"], "There is no gone."),
        (["."], "holds no submissions"),
        (["submitted", "-o", "submitted"], "submitted holds submissions."),
        (["submitted", "-o", "submitted/ada"], "submitted/ada holds submissions."),
        (["submitted", "--seconds", "0"], "--seconds must be"),
        (["submitted", "--memory", "1"], "--memory must be"),
        (["submitted", "--workers", "0"], "--workers must be"),
        (["submitted", "--scheduler", "no address"], "--scheduler must be an address"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(nst, arguments, told):
    if arguments[0] == "submitted":
        Path("submitted/ada").mkdir(parents=True)
        Path(f"submitted/ada/{CHAPTER}.ipynb").write_text("{}", encoding="utf-8")
    else:
        Path("empty").mkdir()
        Path("empty").rmdir()
    code, out, err = nst("grade", *arguments)
    assert (code, out) == (2, "")
    assert told in complaint(err)


def test_a_course_is_written_once(nst):
    code, out, _ = nst("course", "new", "mine", "--chapters", "gram,features", "--no-hints")
    assert (code, out) == (0, "Wrote 2 notebooks and README.md to mine. Solutions are not among them.\n")
    code, _, err = nst("course", "new", "mine")
    assert (code, "Choose another folder" in complaint(err)) == (2, True)
    code, _, err = nst("course", "new", "other", "--chapters", "99")
    assert (code, "There is no chapter '99'" in complaint(err)) == (2, True)
