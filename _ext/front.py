"""The first page: facts in one line, a photo and its painting under one divider, the chapters as cards.

``{course-facts}`` counts; ``{before-after}`` lays two pictures of one size on each other; ``{course-map}`` shows each
chapter with a picture, how long it takes and what you write. The picture is what the cell with the tag ``card-1-3`` draws:
its first and third panel, side by side; of a chapter without such a tag, the upper left of its first picture. The box at
a chapter's end that names the next one gets the same picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from blocks import ROOT, BlockError
from course import CourseDirective
from docutils import nodes
from docutils.parsers.rst import directives
from effort import Effort, chapter_effort, hours
from PIL import Image, ImageOps
from sphinx.addnodes import pending_xref

CARD = (560, 208)  # pixels of a card's picture: twice what is seen of it
TAG = re.compile(r"card((?:-\d+)+)")
PAPER, GUTTER = 250, 4  # what is lighter is ground; panels are at least as far from each other


@dataclass(frozen=True)
class Row:
    """A chapter on the map: ``name | question | what you write``."""

    name: str
    question: str
    written: str
    effort: Effort

    @classmethod
    def read(cls, line: str) -> Row:
        """Read a line of the directive."""
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3:
            raise BlockError(f"a line of the map is  name | question | what you write, not {line!r}")
        return cls(*parts, chapter_effort(ROOT / "book" / f"{parts[0]}.md"))


class ChapterPicture(nodes.General, nodes.Element):
    """Becomes a picture of the page ``docname``, once all pages are read."""


class CourseMap(CourseDirective):
    """Cards; ``:main-path:`` names the chapters that are marked, without it the cards are beside the way."""

    option_spec: ClassVar = {"main-path": directives.unchanged_required}

    def build(self) -> list[nodes.Node]:
        rows = [Row.read(line) for line in self.content]
        main = self.options.get("main-path", "").split()
        if missing := set(main) - {row.name for row in rows}:
            raise BlockError(f"the main path names chapters that are not on the map: {', '.join(sorted(missing))}")
        box = nodes.container(classes=["course-map"])
        for row in rows:
            self.env.note_dependency(str(ROOT / "book" / f"{row.name}.md"))
            box += self.card(row, row.name in main)
        return [box, self.inline(told(rows, main), nodes.paragraph(classes=["course-sum"]))]

    def card(self, row: Row, on_main_path: bool) -> nodes.container:
        classes = ["course-card", *(["on-main-path"] if on_main_path else [])]
        card = nodes.container(classes=classes)
        card += ChapterPicture(docname=f"book/{row.name}")
        card += self.inline(f"{{doc}}`{row.name}`", nodes.paragraph(classes=["course-card-title"]))
        card += self.inline(row.question, nodes.paragraph(classes=["course-card-question"]))
        card += self.inline(
            f"{row.written[:1].upper()}{row.written[1:]}.", nodes.paragraph(classes=["course-card-written"])
        )
        minutes = f"{row.effort.reading}{f' + {row.effort.doing}' if row.effort.doing else ''} minutes"
        card += nodes.paragraph("", minutes, classes=["course-card-minutes"])
        return card


def told(rows: list[Row], main: list[str]) -> str:
    """Return the sum of a map's rows in words."""
    every = sum(row.effort.total for row in rows)
    along = sum(row.effort.total - row.effort.extra for row in rows if row.name in main)
    count = sum(len(row.effort.exercises) for row in rows)
    text = f"Minutes are to read + for the {count} exercises: {hours(every)} in all."
    if main:
        text += (
            f" The main path, marked with a line on the left, takes {hours(along)} without the exercises that say they are "
            "beside it; the other chapters branch off, and the line under each chapter's question says what it builds on."
        )
    return text


class CourseFacts(CourseDirective):
    """What the course is, in one line of facts that are counted."""

    has_content = False

    def build(self) -> list[nodes.Node]:
        efforts = [chapter_effort(path) for path in (ROOT / "book").glob("[0-9][0-9]_*.md")]
        count = sum(len(effort.exercises) for effort in efforts)
        facts = [
            f"{len(efforts)} chapters",
            f"{count} checked exercises",
            "nothing to install to read",
            "no GPU",
            "free",
        ]
        return [nodes.paragraph("", " · ".join(facts), classes=["course-facts"])]


class BeforeAfter(CourseDirective):
    """Two pictures of one size, the second under a divider that one drags: the argument is its label."""

    has_content = False
    required_arguments = 1
    optional_arguments = 0
    option_spec: ClassVar = dict.fromkeys(("before", "after", "before-alt", "after-alt"), directives.unchanged_required)

    def build(self) -> list[nodes.Node]:
        self.require(*self.option_spec)
        pictures = {self.options[name]: self.options[f"{name}-alt"] for name in ("before", "after")}
        return [divided(pictures, self.argument)]


def divided(pictures: dict[str, str], label: str) -> nodes.container:
    """Return two pictures of one size, the second under a divider that one drags.

    Args:
        pictures: their alternative texts by their paths in the repository.
        label: what the divider's slider is called.
    """
    box = nodes.container(classes=["before-after"])
    for (path, alt), name in zip(pictures.items(), ("before", "after"), strict=True):
        box += nodes.image(uri=f"/{path}", alt=alt, classes=[f"is-{name}"])
    slider = f'<input type="range" min="0" max="100" value="50" aria-label="{escape(label)}">'
    box += nodes.raw("", slider, format="html")
    return box


def add_next_pictures(app, doctree: nodes.document) -> None:
    """Put the picture of the chapter that comes next into the box that names it; of several, the first in the book."""
    for box in doctree.findall(nodes.admonition):
        named = [link["reftarget"] for link in box.findall(pending_xref) if link["reftype"] == "doc"]
        if "next-chapter" in box["classes"] and named:
            here = app.env.docname.rpartition("/")[0]
            box.insert(1, ChapterPicture(docname=f"{here}/{min(named)}"))  # 0 is its title


def place_pictures(app, doctree: nodes.document, docname: str) -> None:
    """Put a small copy of a picture of each chapter where one is asked for."""
    for place in list(doctree.findall(ChapterPicture)):
        known = place["docname"] in app.env.found_docs
        found, panels = choose(app.env.get_doctree(place["docname"])) if known else (None, [])
        if found is None or found["uri"] not in app.env.images:
            place.parent.remove(place)
            continue
        uri = small_copy(Path(app.srcdir, found["uri"]), panels).relative_to(app.srcdir).as_posix()
        app.env.images.add_file(docname, uri)
        frame = nodes.container(classes=["course-card-frame"])
        frame += nodes.image(uri=uri, alt=found.get("alt", ""), candidates={"*": uri}, classes=["course-card-picture"])
        place.replace_self(frame)


def choose(chapter: nodes.document) -> tuple[nodes.image | None, list[int]]:
    """Return the picture that stands for a chapter, and the numbers of the panels to show of it."""
    drawn = [picture for picture in chapter.findall(nodes.image) if is_output(picture)]
    for picture in drawn:
        tags = [tag for box in around(picture) for tag in box.get("cell_metadata", {}).get("tags", [])]
        for tag in filter(None, map(TAG.fullmatch, tags)):
            return picture, [int(number) for number in tag[1].split("-")[1:]]
    return (drawn[0] if drawn else None), []


def small_copy(file: Path, panels: Sequence[int] = ()) -> Path:
    """Write what a card shows of a picture beside it, and return where: some of its panels, or all from the upper left."""
    copy = file.with_name(f"card-{file.stem}.webp")
    with Image.open(file) as image:
        picture = image.convert("RGB")
    if not panels:
        cover(picture, CARD, (0, 0)).save(copy, quality=80)
        return copy
    boxes = list(find_panels(np.asarray(picture.convert("L")) < PAPER))
    if max(panels) > len(boxes):
        raise BlockError(f"the picture of a card has {len(boxes)} panels, and its tag asks for number {max(panels)}")
    card = Image.new("RGB", CARD, "white")
    edges = np.linspace(0, CARD[0] + GUTTER, len(panels) + 1).round().astype(int).tolist()
    for number, (left, right) in zip(panels, pairwise(edges), strict=True):
        card.paste(cover(picture.crop(boxes[number - 1]), (right - GUTTER - left, CARD[1])), (left, 0))
    card.save(copy, quality=80)
    return copy


def cover(picture: Image.Image, sides: tuple[int, int], anchor: tuple[float, float] = (0.5, 0.4)) -> Image.Image:
    """Return a picture that fills both sides; of what is too much ``anchor`` says how much goes at the left and on top."""
    return ImageOps.fit(picture, sides, centering=anchor)


def find_panels(ink: np.ndarray) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes of a figure's panels, row by row; titles and axes have too little ink to be one.

    Args:
        ink: shape (H, W), true where it is not ground.
    """
    for top, bottom in runs(ink.mean(1) > 0.2):
        for left, right in runs(ink[top:bottom].mean(0) > 0.5):
            yield left, top, right, bottom


def runs(full: np.ndarray, least: int = 40) -> list[tuple[int, int]]:
    """Return where the stretches of true begin and end that are at least so long; gaps below GUTTER are none."""
    at = np.flatnonzero(full)
    pieces = np.split(at, np.flatnonzero(np.diff(at) > GUTTER) + 1) if at.size else []
    return [(int(piece[0]), int(piece[-1]) + 1) for piece in pieces if piece[-1] - piece[0] >= least]


def around(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what a node stands in, from near to far."""
    while (node := node.parent) is not None:
        yield node


def is_output(picture: nodes.image) -> bool:
    """Return whether a picture came out of a cell."""
    return any(box.get("nb_element") == "cell_code_output" for box in around(picture))


def draw(self, node) -> None:
    """Never called: all of them are replaced before a page is written."""
    raise nodes.SkipNode


def setup(app) -> dict:
    app.add_node(ChapterPicture, html=(draw, None))
    app.add_directive("course-map", CourseMap)
    app.add_directive("course-facts", CourseFacts)
    app.add_directive("before-after", BeforeAfter)
    app.connect("doctree-read", add_next_pictures)
    app.connect("doctree-resolved", place_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
