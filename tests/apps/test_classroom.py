"""A folder for a class: the lessons of its chapters, and no way to a solution."""

from __future__ import annotations

import json

import pytest

from nstlib.apps.classroom import LESSONS, find_chapters, minutes_of, new_course
from nstlib.errors import ChoiceError

CHAPTERS = ["03_features", "07_gram"]


def texts(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def test_chapters_are_found_by_number_by_name_and_by_both():
    assert find_chapters(["gram", "03", "07_gram"]) == CHAPTERS
    assert len(find_chapters([])) == len(list(LESSONS.glob("*.ipynb")))
    with pytest.raises(ChoiceError, match="There is no chapter 'nothing'"):
        find_chapters(["nothing"])


def test_a_course_has_lessons_and_no_way_to_solutions(tmp_path):
    paths = new_course(tmp_path / "course", CHAPTERS)
    assert [path.name for path in paths] == ["03_features.ipynb", "07_gram.ipynb", "README.md"]
    everything = "\n".join(text for path in paths[:2] for text in texts(path))
    assert "solution" not in everything.lower().replace("begin solution", "").replace("end solution", "") or (
        "solutions/" not in everything
    )
    assert "Hint 1" in everything
    assert "(03_features.ipynb)" in everything
    assert "(10_transfer.ipynb)" not in everything
    assert sum(map(sum, map(minutes_of, CHAPTERS))) > 60


def test_code_stays_as_it_is(tmp_path):
    new_course(tmp_path / "course", CHAPTERS, hints=False)
    for chapter in CHAPTERS:
        made, own = (
            [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
            for path in (tmp_path / "course" / f"{chapter}.ipynb", LESSONS / f"{chapter}.ipynb")
        )
        assert made == own
        assert not any("Hint 1" in text for text in texts(tmp_path / "course" / f"{chapter}.ipynb"))


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("work", encoding="utf-8")
    with pytest.raises(ChoiceError, match="may hold somebody's work"):
        new_course(tmp_path, CHAPTERS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
