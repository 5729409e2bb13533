"""The first page: facts in one line, a photo and its painting under one divider, the chapters as cards.

``{course-facts}`` counts; ``{before-after}`` lays two pictures of one size on each other; ``{course-map}`` shows each
chapter with its first picture, how long it takes and what you write.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import ClassVar

from blocks import ROOT, BlockError
from course import CourseDirective
from docutils import nodes
from docutils.parsers.rst import directives
from effort import Effort, chapter_effort, hours
from PIL import Image

CARD = (560, 208)  # pixels of a card's picture, from its upper left: twice what is seen of it


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
    """Becomes the first picture of the page ``docname``, once all pages are read."""


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
        if missing := [name for name in self.option_spec if name not in self.options]:
            raise BlockError(f"before-after needs {', '.join(f':{name}:' for name in missing)}")
        box = nodes.container(classes=["before-after"])
        for name in ("before", "after"):
            box += nodes.image(uri=f"/{self.options[name]}", alt=self.options[f"{name}-alt"], classes=[f"is-{name}"])
        slider = f'<input type="range" min="0" max="100" value="50" aria-label="{escape(self.argument)}">'
        box += nodes.raw("", slider, format="html")
        return [box]


def place_pictures(app, doctree: nodes.document, docname: str) -> None:
    """Put a small copy of each chapter's first picture into its card."""
    for place in list(doctree.findall(ChapterPicture)):
        known = place["docname"] in app.env.found_docs
        pictures = app.env.get_doctree(place["docname"]).findall(nodes.image) if known else ()
        found = next((picture for picture in pictures if is_output(picture)), None)
        if found is None or found["uri"] not in app.env.images:
            place.parent.remove(place)
            continue
        uri = small_copy(Path(app.srcdir, found["uri"])).relative_to(app.srcdir).as_posix()
        app.env.images.add_file(docname, uri)
        frame = nodes.container(classes=["course-card-frame"])
        frame += nodes.image(uri=uri, alt=found.get("alt", ""), candidates={"*": uri}, classes=["course-card-picture"])
        place.replace_self(frame)


def small_copy(file: Path) -> Path:
    """Write what a card shows of a picture beside it, and return where."""
    copy = file.with_name(f"card-{file.stem}.webp")
    with Image.open(file) as image:
        share = max(CARD[0] / image.width, CARD[1] / image.height)
        sides = tuple(round(share * side) for side in image.size)
        image.convert("RGB").resize(sides).crop((0, 0, *CARD)).save(copy, quality=80)
    return copy


def is_output(picture: nodes.image) -> bool:
    """Return whether a picture came out of a cell."""
    while picture is not None and picture.get("nb_element") != "cell_code_output":
        picture = picture.parent
    return picture is not None


def draw(self, node) -> None:
    """Never called: all of them are replaced before a page is written."""
    raise nodes.SkipNode


def setup(app) -> dict:
    app.add_node(ChapterPicture, html=(draw, None))
    app.add_directive("course-map", CourseMap)
    app.add_directive("course-facts", CourseFacts)
    app.add_directive("before-after", BeforeAfter)
    app.connect("doctree-resolved", place_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
