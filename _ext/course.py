"""The book's own directives: ``{exercise}``, ``{quiz}``, ``{notebook-links}``; folded solutions.

How the same blocks look in a notebook is decided in ``tools/plain``.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import ClassVar

from blocks import (
    HINT_TITLES,
    ROOT,
    BlockError,
    describe_effort,
    find_exercise,
    read_quiz,
    repository,
    solved,
)
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from effort import Effort, chapter_effort
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)


class Details(nodes.General, nodes.Element):
    """A block that opens when its summary is clicked; plain HTML, no script."""


class Summary(nodes.General, nodes.TextElement):
    """The line of a :class:`Details` that is always seen."""


class CourseDirective(SphinxDirective):
    """What the directives share: Markdown in, nodes out."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    @property
    def argument(self) -> str:
        return " ".join(self.arguments).strip()

    def markdown(self, text: str | StringList, parent: nodes.Element) -> nodes.Element:
        """Parse Markdown into a node and return the node."""
        if isinstance(text, str):
            text = StringList(text.split("\n"), source=self.env.doc2path(self.env.docname))
        self.state.nested_parse(text, self.content_offset, parent)
        return parent

    def inline(self, text: str, parent: nodes.Element) -> nodes.Element:
        """Parse one line of Markdown into a node and return the node."""
        children, messages = self.state.inline_text(text, self.lineno)
        parent.extend([*children, *messages])
        return parent

    def require(self, *names: str) -> None:
        """Raise if an option is missing."""
        if missing := [name for name in names if name not in self.options]:
            raise BlockError(f"{self.name} needs {', '.join(f':{name}:' for name in missing)}")

    def details(self, summary: str, body: str, *classes: str) -> Details:
        """Return a block that opens when clicked."""
        node = Details(classes=list(classes))
        node += self.inline(summary, Summary())
        return self.markdown(body, node)

    def run(self) -> list[nodes.Node]:
        try:
            return self.build()
        except BlockError as error:
            raise self.error(str(error)) from None

    def build(self) -> list[nodes.Node]:
        raise NotImplementedError


class Exercise(CourseDirective):
    """A card with an exercise's statement, effort and three hints; the words come from ``nstlib.check``."""

    def build(self) -> list[nodes.Node]:
        exercise = find_exercise(self.argument)
        card = nodes.admonition(classes=["exercise-card"])
        card["names"].append(f"exercise-{exercise.name}".lower())
        self.state.document.note_explicit_target(card, card)
        card += self.inline(f"Exercise: `{exercise.name}`", nodes.title())
        card += self.inline(describe_effort(exercise), nodes.paragraph(classes=["exercise-effort"]))
        self.markdown(self.content, card)
        for title, hint in zip(HINT_TITLES, exercise.hints, strict=True):
            card += self.details(title, hint, "exercise-hint")
        return [card]


class Quiz(CourseDirective):
    """A question; each option opens to the answer that who picks it needs."""

    def build(self) -> list[nodes.Node]:
        options = read_quiz(self.argument, list(self.content))
        box = nodes.container(classes=["quiz"])
        question = self.inline(self.argument, nodes.paragraph(classes=["quiz-question"]))
        question.insert(0, [nodes.strong("", "Question."), nodes.Text(" ")])
        box += question
        for option in options:
            answer = f"**{option.verdict}** {option.answer}"
            box += self.details(option.text, answer, "quiz-option", "quiz-right" if option.right else "quiz-wrong")
        return [box]


class NotebookLinks(CourseDirective):
    """What a chapter takes, builds on and lets you write; links that open its notebooks in Colab, or download them."""

    has_content = False
    option_spec: ClassVar = {"builds-on": directives.unchanged}

    def build(self) -> list[nodes.Node]:
        effort = chapter_effort(Path(self.env.doc2path(self.env.docname)))
        line = effort.line(self.options.get("builds-on", ""))
        return [self.inline(line, nodes.paragraph(classes=["chapter-line"])), *self.links(effort)]

    def links(self, effort: Effort) -> list[nodes.Node]:
        slug = self.env.docname.split("/")[-1]
        address = repository()
        self.env.note_dependency(str(ROOT / "_config.yml"))
        (lesson, doing), (solution, seeing) = (
            (f"{folder}/{slug}.ipynb", to) for folder, to in effort.notebooks.items()
        )
        first = nodes.inline(classes=["is-first"])
        line = nodes.paragraph("", "", first, classes=["notebook-links"])
        if address.is_published:
            first += nodes.reference("", f"{doing} in Colab", internal=False, refuri=address.colab(lesson))
            line += [nodes.Text(" or "), self.download(lesson, f"download {lesson}"), nodes.Text("; ")]
            line += [nodes.reference("", seeing, internal=False, refuri=address.colab(solution)), nodes.Text(" or ")]
            line += self.download(solution, f"download {solution}")
        else:
            first += self.download(lesson, doing)
            line += [nodes.Text(f" in {lesson}, or download it "), self.download(solution, seeing)]
        return [line]

    def download(self, path: str, text: str) -> addnodes.download_reference:
        """Return a link that downloads a file of the repository."""
        link = addnodes.download_reference("", "", reftarget=f"/{path}", refdoc=self.env.docname)
        link += nodes.inline("", text)
        return link


def dress_cells(app, document: nodes.document) -> None:
    """Fold setup and solutions, take the solutions' markers away, describe the pictures of widgets."""
    for cell in list(document.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        metadata = cell.get("cell_metadata", {})
        tags = metadata.get("tags", [])
        if "notebook-only" in tags:
            cell.parent.remove(cell)
            continue
        if "setup" in tags:
            fold(cell, "setup")  # so that the chapter's first picture is on the first screen
        if "page-only" in tags:
            cell["prompt_show"], cell["prompt_hide"] = "Show our run", "Hide our run"
        if "exercise" in tags:
            fold(cell, "solution")
            unmark_solution(cell)
        if "widget" in tags:
            if not {"remove-input", "hide-cell"} & set(tags):
                fold(cell, "code")  # which calls the explorer: that one comes first
            alt = metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            text = f'<span class="widget-alt" hidden>{escape(alt)}</span>'
            cell += nodes.raw("", text, format="html")


def fold(cell: nodes.container, name: str) -> None:
    """Fold a cell's code under "Show the ..."."""
    cell.setdefault("hide_mode", "input")
    cell["prompt_show"], cell["prompt_hide"] = f"Show the {name}", f"Hide the {name}"


def put_code_last(app, document: nodes.document, docname: str) -> None:
    """Put the folded code of a cell behind what it shows, for eyes, keys and screen readers alike."""
    for cell in document.findall(nodes.container):
        tags = cell.get("cell_metadata", {}).get("tags", [])
        if cell.get("nb_element") == "cell_code" and {"hide-input", "widget"} & set(tags):
            cell[:] = sorted(cell, key=lambda part: part.get("nb_element") != "cell_code_output")


def unmark_solution(cell: nodes.container) -> None:
    """Take the markers around a solution out of what the reader sees."""
    for block in cell.findall(nodes.literal_block):
        if "cell_input" in block.parent["classes"]:
            try:
                text = solved(block.astext())
            except BlockError as error:
                LOGGER.error("%s", error, location=cell)
                return
            block.rawsource = text
            block[:] = [nodes.Text(text)]


def open_details(self, node: Details) -> None:
    self.body.append(self.starttag(node, "details"))


def close_details(self, node: Details) -> None:
    self.body.append("</details>\n")


def open_summary(self, node: Summary) -> None:
    self.body.append("<summary>")


def close_summary(self, node: Summary) -> None:
    self.body.append("</summary>\n")


def setup(app) -> dict:
    app.add_node(Details, html=(open_details, close_details))
    app.add_node(Summary, html=(open_summary, close_summary))
    app.add_directive("exercise", Exercise)
    app.add_directive("quiz", Quiz)
    app.add_directive("notebook-links", NotebookLinks)
    app.connect("doctree-read", dress_cells)
    app.connect("doctree-resolved", put_code_last)  # by then the code is folded
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
