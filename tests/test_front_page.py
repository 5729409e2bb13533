"""What the first page says of the course is counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from PIL import Image
from sphinx.addnodes import pending_xref
from sphinx.util import FilenameUniqDict

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import course  # noqa: E402
import front  # noqa: E402
from blocks import BlockError  # noqa: E402
from effort import Effort  # noqa: E402


def row(name, reading, doing, *exercises, extra=0):
    return front.Row(name, "Why?", "it", Effort(reading, doing, exercises, extra))


def test_a_map_tells_the_sum_of_its_chapters():
    rows = [row("01_one", 30, 60, "a", "b"), row("02_two", 60, 30, "c", extra=30)]
    assert front.told(rows, []) == "Minutes are to read + for the 3 exercises: 3 hours in all."
    assert "in all. The main path, marked with a line on the left, takes 1 hour without the" in front.told(
        rows, ["02_two"]
    )


@pytest.mark.parametrize("line", ["01_images", "01_images | What?", "01_images | What? | it | more"])
def test_a_line_of_the_map_has_three_parts(line):
    with pytest.raises(BlockError, match=r"a line of the map is  name \| question \| what you write, not '01_images"):
        front.Row.read(line)


def test_a_line_of_the_map_counts_its_chapter():
    effort = front.Row.read("01_images | What is a picture? | tensors").effort
    assert effort.exercises[0] == "to_tensor"
    assert effort.reading > 10


@pytest.mark.parametrize("sides", [(900, 600), (500, 700), (3000, 300)])
def test_a_card_shows_a_small_copy(tmp_path, sides):
    Image.effect_noise(sides, 50).convert("RGB").save(tmp_path / "a.jpg", quality=95)
    copy = front.small_copy(tmp_path / "a.jpg")
    assert copy == tmp_path / "card-a.webp"
    with Image.open(copy) as card:
        assert card.size == front.CARD
        right = card.convert("L").crop((front.CARD[0] - 40, 0, *front.CARD))
    assert sum(right.tobytes()) > 40 * front.CARD[1] * 60, "filled to its right edge"
    assert copy.stat().st_size < (tmp_path / "a.jpg").stat().st_size / 4


def test_a_card_has_a_copy_of_the_first_picture_of_its_chapters_cells_or_none(tmp_path):
    chapter, cell = new_document("chapter"), nodes.container(nb_element="cell_code_output")
    cell += nodes.image(uri="a.png", alt="a cat")
    chapter += [nodes.image(uri="logo.png"), cell]
    for name in ("a.png", "logo.png"):
        Image.new("RGB", (600, 400)).save(tmp_path / name)
    images = FilenameUniqDict()
    images.add_file("book/01_one", "a.png")
    trees = {"book/01_one": chapter, "book/02_two": new_document("other")}
    app = SimpleNamespace(srcdir=tmp_path, env=SimpleNamespace(found_docs=trees, get_doctree=trees.get, images=images))
    first = new_document("first")
    for name in ("01_one", "02_two", "03_none"):
        card = nodes.container()
        card += front.ChapterPicture(docname=f"book/{name}")
        first += card
    front.place_pictures(app, first, "book/intro")
    (picture,) = first.findall(nodes.image)
    assert (picture["uri"], picture["alt"]) == ("card-a.webp", "a cat")
    assert images["card-a.webp"] == ({"book/intro"}, "card-a.webp")
    assert list(first.findall(front.ChapterPicture)) == []


def figure_of(panels, *, width=100, height=80, columns=2):
    """Return a white figure with a thin line as the title of each panel, which is one color."""
    rows = -(-len(panels) // columns)
    figure = Image.new("RGB", (columns * (width + 20), rows * (height + 40)), "white")
    for number, color in enumerate(panels):
        left, top = number % columns * (width + 20) + 10, number // columns * (height + 40) + 30
        figure.paste(color, (left, top, left + width, top + height))
        figure.paste("black", (left + 30, top - 20, left + 60, top - 10))
    return figure


def test_a_card_shows_the_panels_that_a_cells_tag_names_and_no_title(tmp_path):
    figure_of(["red", "blue", "lime"]).save(tmp_path / "a.png")
    with Image.open(front.small_copy(tmp_path / "a.png", [3, 2])) as card:
        assert card.size == front.CARD
        colors = [card.getpixel((x, y)) for x in (20, 250, 310, 540) for y in (10, 100, 200)]
        gutter = card.getpixel((278, 100))
    assert all(min(np.abs(np.subtract(color, want)).max() for want in [(0, 255, 0)]) < 12 for color in colors[:6])
    assert all(np.abs(np.subtract(color, (0, 0, 255))).max() < 12 for color in colors[6:])
    assert min(gutter) > 180


def test_a_tag_that_asks_for_a_panel_that_is_not_there_is_told(tmp_path):
    figure_of(["red", "blue"]).save(tmp_path / "a.png")
    with pytest.raises(BlockError, match="the picture of a card has 2 panels, and its tag asks for number 4"):
        front.small_copy(tmp_path / "a.png", [1, 4])


def test_the_picture_of_the_cell_with_the_tag_stands_for_its_chapter():
    chapter = new_document("chapter")
    for name, tags in (("a.png", ["hide-input"]), ("b.png", ["card-2-1"])):
        output = nodes.container(nb_element="cell_code_output")
        output += nodes.image(uri=name)
        chapter += nodes.container("", output, nb_element="cell_code", cell_metadata={"tags": tags})
    picture, panels = front.choose(chapter)
    assert (picture["uri"], panels) == ("b.png", [2, 1])


@pytest.mark.parametrize("tag", ["hide-input", "widget"])
def test_code_that_is_folded_stands_behind_what_it_shows(tag):
    cell = nodes.container(nb_element="cell_code", cell_metadata={"tags": [tag]})
    cell += [nodes.container(names=["code"]), nodes.container(nb_element="cell_code_output")]
    other = nodes.container(nb_element="cell_code", cell_metadata={"tags": []})
    other += [nodes.container(names=["code"]), nodes.container(nb_element="cell_code_output")]
    document = new_document("page")
    document += [cell, other]
    course.put_code_last(None, document, "page")
    assert [bool(part.get("nb_element")) for part in cell] == [True, False]
    assert [bool(part.get("nb_element")) for part in other] == [False, True]


def test_the_box_that_names_the_next_chapter_asks_for_the_picture_of_the_first_in_the_book():
    page, boxes = new_document("page"), {}
    for classes, names in (("next-chapter", ["21_beside", "05_next"]), ("next-chapter", []), ("note", ["05_next"])):
        box = nodes.admonition("", nodes.title("", "Next"), classes=[classes])
        box += [pending_xref("", reftype="doc", reftarget=name) for name in names]
        page += box
        boxes[classes, len(names)] = box
    front.add_next_pictures(SimpleNamespace(env=SimpleNamespace(docname="book/04_here")), page)
    (picture,) = page.findall(front.ChapterPicture)
    assert picture["docname"] == "book/05_next"
    assert boxes["next-chapter", 2].index(picture) == 1
