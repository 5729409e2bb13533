"""What the first page says of the course is counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import course  # noqa: E402
import front  # noqa: E402
from blocks import BlockError  # noqa: E402
from effort import Effort  # noqa: E402


def row(name, reading, doing, *exercises):
    return front.Row(name, "Why?", "it", Effort(reading, doing, exercises))


def test_a_map_tells_the_sum_of_its_chapters():
    rows = [row("01_one", 30, 60, "a", "b"), row("02_two", 60, 30, "c")]
    assert front.told(rows, []) == "Minutes are to read + for the 3 exercises: 3 hours in all."
    assert "in all. The main path, marked with a line on the left, takes 1½ hours;" in front.told(rows, ["02_two"])


@pytest.mark.parametrize("line", ["01_images", "01_images | What?", "01_images | What? | it | more"])
def test_a_line_of_the_map_has_three_parts(line):
    with pytest.raises(BlockError, match=r"a line of the map is  name \| question \| what you write, not '01_images"):
        front.Row.read(line)


def test_a_line_of_the_map_counts_its_chapter():
    effort = front.Row.read("01_images | What is a picture? | tensors").effort
    assert effort.exercises[0] == "to_tensor"
    assert effort.reading > 10


def test_only_what_came_out_of_a_cell_is_a_chapters_picture():
    cell = SimpleNamespace(get={"nb_element": "cell_code_output"}.get, parent=None)
    page = SimpleNamespace(get={}.get, parent=None)
    assert front.is_output(SimpleNamespace(get={}.get, parent=cell))
    assert not front.is_output(SimpleNamespace(get={}.get, parent=page))


def test_code_that_is_folded_stands_behind_what_it_shows():
    cell = nodes.container(nb_element="cell_code", cell_metadata={"tags": ["hide-input"]})
    cell += [nodes.container(names=["code"]), nodes.container(nb_element="cell_code_output")]
    other = nodes.container(nb_element="cell_code", cell_metadata={"tags": []})
    other += [nodes.container(names=["code"]), nodes.container(nb_element="cell_code_output")]
    document = new_document("page")
    document += [cell, other]
    course.put_code_last(None, document, "page")
    assert [bool(part.get("nb_element")) for part in cell] == [True, False]
    assert [bool(part.get("nb_element")) for part in other] == [False, True]
