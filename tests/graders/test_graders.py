"""nbgrader and otter-grader, run as the page for teachers says, give each notebook the points that are due."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from nstlib.course import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.weights]

CHAPTER = "07_gram"
FULL = 5.0  # as many points as stars: 1, 1 and 3
WRONG = {
    "gram_matrix": """
def gram_matrix(features):
    vectors = features.flatten(2)
    return vectors @ vectors.mT / vectors.shape[-1] ** 2""",
    "shuffle_positions": """
def shuffle_positions(features, order):
    return features""",
    "mmd_polynomial": """
def mmd_polynomial(x, y):
    return (x.mean((1, 2, 3)) - y.mean((1, 2, 3))).square()""",
}
OWN_CHECK = "\n\ndef check(function):\n    return function"
PATCHED = """

import nstlib.check
nstlib.check.check = lambda function: function
nstlib.check.examine = lambda name, function: nstlib.check.Result(name, "right", "")"""
DUE = {
    "blank": 0.0,
    "right": FULL,
    "wrong": 0.0,
    "redefines": 0.0,
    "patches": 0.0,
    "imports": 0.0,
}


def answers(which: str) -> dict[str, str]:
    """Return what stands in the answer cells of a notebook that is handed in; a cell that is not named stays blank."""
    wrong = {name: text.strip() for name, text in WRONG.items()}
    first = wrong["gram_matrix"]
    return {
        "blank": {},
        "right": {cell.metadata.nbgrader.grade_id: cell.source for cell in cells("solutions", solution=True)},
        "wrong": wrong,
        "redefines": {**wrong, "gram_matrix": first + OWN_CHECK},
        "patches": {**wrong, "gram_matrix": first + PATCHED},
        "imports": {**wrong, "gram_matrix": "from nstlib.gram import gram_matrix"},
    }[which]


def cells(folder: str, *, solution: bool) -> list[nbformat.NotebookNode]:
    """Return the answer cells of a notebook, or the check cells."""
    notebook = nbformat.read(ROOT / folder / f"{CHAPTER}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution") is solution]


def hand_in(which: str, path: Path) -> None:
    """Write the course's own lesson with these answers in it."""
    notebook, given = nbformat.read(ROOT / "lessons" / f"{CHAPTER}.ipynb", as_version=4), answers(which)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = given.get(name, cell.source)
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def recipe(grader: str) -> list[str]:
    """Return the commands that the page for teachers gives for a grader."""
    page = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^### {grader}$.*?^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].rstrip() for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("pip install")]


def run(lines: list[str], folder: Path) -> str:
    """Run commands as a teacher would in the course's folder; return what they said."""
    for name in ("lessons", "solutions", "tools"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    own = {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory, lacking) -> Path:
    """The folder in which nbgrader has graded all that was handed in."""
    if find_spec("nbgrader") is None:
        lacking('nbgrader is missing: pip install -e ".[graders]"')
    folder = tmp_path_factory.mktemp("nbgrader")
    lines = recipe("nbgrader")
    grading = next(number for number, line in enumerate(lines) if line.startswith("nbgrader autograde"))
    run(lines[:grading], folder)
    for who in DUE:
        hand_in(who, folder / "grading" / "submitted" / who / CHAPTER / f"{CHAPTER}.ipynb")
    run([*(line for line in lines[:grading] if line.startswith(("export", "cd"))), *lines[grading:]], folder)
    return folder / "grading"


def test_nbgrader_releases_the_course_s_own_lesson(nbgrader):
    released = nbformat.read(nbgrader / "release" / CHAPTER / f"{CHAPTER}.ipynb", as_version=4)
    lesson = nbformat.read(ROOT / "lessons" / f"{CHAPTER}.ipynb", as_version=4)
    one, other = ([cell.source for cell in book.cells if cell.cell_type == "code"] for book in (released, lesson))
    assert one == other


@pytest.mark.parametrize("who", DUE)
def test_nbgrader_gives_the_points_that_are_due(nbgrader, who):
    with open(nbgrader / "grades.csv", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(rows[who]["max_score"]) == FULL
    assert float(rows[who]["score"]) == DUE[who]


@pytest.fixture(scope="module")
def autograder(tmp_path_factory, lacking) -> Path:
    """The folder in which otter-grader has what it grades by."""
    if find_spec("otter") is None:
        lacking('otter-grader is missing: pip install -e ".[graders]"')
    folder = tmp_path_factory.mktemp("otter")
    run([line for line in recipe("otter-grader") if not line.startswith("otter run")], folder)
    return folder


@pytest.mark.parametrize("who", DUE)
def test_otter_gives_the_points_that_are_due(autograder, who):
    lines = [line for line in recipe("otter-grader") if line.startswith(("export", "cd", "otter run"))]
    hand_in(who, autograder / "grading" / "otter" / who / f"{CHAPTER}.ipynb")
    run([line.replace("ada", who) for line in lines], autograder)
    graded = json.loads((autograder / "grading" / "otter" / who / "results.json").read_text(encoding="utf-8"))
    scores = {test["name"]: test for test in graded["tests"] if "score" in test}
    assert sum(test["max_score"] for test in scores.values()) == FULL
    assert sum(test["score"] for test in scores.values()) == DUE[who]
