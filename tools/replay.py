"""A plugin for pytest: nbval compares solutions with what their executed pages put out, instead of running them again.

    PYTHONPATH=tools:_ext python -m pytest -p replay --nbval --nbval-sanitize-with tests/nbval.cfg solutions/*.ipynb

Page and solution are the same code, and the page was just run (``tools/run_pages.py``). So nbval gets, for a kernel, one
that answers with the page's outputs; what is compared, and how, stays nbval's. Two kinds of cell stand on one side only:
a notebook's own (its setup for Colab) stands in the lesson too, which is run, and here it must have put out nothing; a
page's own (``page-only``) come behind all that the notebook has, and no cell of it can need them.

A run on another processor adds up in another order, so a number with decimals may be one off in its last digit: 0.31 for
0.32. Whole numbers and words may not.
"""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

import nbformat
from blocks import as_run
from nbval.plugin import IPyNbCell, IPyNbFile
from notebooks import find_line
from run_pages import executed_page, shown

REPLY = "replayed"
# With the space before it: before a sign there is less.
DECIMAL = re.compile(r"\s*[-+−]?\d+\.(?P<decimals>\d+)(?![\d.])")


def pytest_sessionstart() -> None:
    """Let nbval ask the page where it would start a kernel, and name the chapter's line where they differ."""
    IPyNbFile.setup = start
    IPyNbCell.repr_failure = name_line
    IPyNbCell.sanitize = rounded


def start(file: IPyNbFile) -> None:
    """Give a notebook its page in place of a kernel."""
    file.kernel = Page(chapter_of(file.path), file.path)
    file.setup_sanitize_files()


def name_line(cell: IPyNbCell, excinfo, report=IPyNbCell.repr_failure) -> str:
    """Return nbval's report, headed by where the cell stands in its chapter."""
    line = getattr(cell.parent.kernel, "line", None)
    chapter = chapter_of(cell.parent.path)
    place = f"{chapter.parent.name}/{chapter.name}:{line}" if line else chapter.name
    return f"{place}\n{report(cell, excinfo)}"


def rounded(cell: IPyNbCell, text: object, sanitize=IPyNbCell.sanitize) -> object:
    """Return what nbval makes of an output before it compares."""
    text = sanitize(cell, text)
    return Rounded(text) if isinstance(text, str) else text


class Rounded(str):
    """A text that equals another one whose decimals are at most one off in their last digit."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str) or DECIMAL.sub(self._places, self) != DECIMAL.sub(self._places, other):
            return False
        pairs = zip(DECIMAL.finditer(self), DECIMAL.finditer(other), strict=True)
        return all(abs(self._units(one) - self._units(another)) <= 1 for one, another in pairs)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    @staticmethod
    def _places(number: re.Match) -> str:
        """Return how many decimals a number has."""
        return f"{len(number['decimals'])} decimals"

    @staticmethod
    def _units(number: re.Match) -> int:
        """Return a number in units of its last digit."""
        return int(number[0].replace("−", "-").replace(".", ""))


def chapter_of(notebook: Path) -> Path:
    return notebook.parent.parent / "book" / f"{notebook.stem}.md"


class Page:
    """What an executed page put out, in the words of the kernel that nbval expects."""

    def __init__(self, chapter: Path, notebook: Path) -> None:
        page = executed_page(chapter)
        if page is None:
            raise RuntimeError(f"{chapter.name} was not run yet: python tools/run_notebooks.py solutions")
        lines = chapter.read_text(encoding="utf-8").splitlines()
        self.cells = deque(
            (find_line(lines, start, cell.source), shown(cell), cell.outputs)
            for cell, start in zip(page.cells, page.metadata["source_map"], strict=True)
            if cell.cell_type == "code" and "nbval-skip" not in cell.metadata.get("tags", [])
        )
        lesson = nbformat.read(notebook.parent.parent / "lessons" / notebook.name, as_version=4)
        self.run_in_lesson = {cell.source for cell in lesson.cells if cell.cell_type == "code"}
        self.line: int | None = None
        self.messages: deque[dict] = deque()

    def execute_cell_input(self, source: str, allow_stdin: bool) -> str:
        """Answer with the outputs of the next cell of the page, or with none for a cell that the lesson ran."""
        if self.cells and self.cells[0][1] == as_run(source):
            self.line, _, outputs = self.cells.popleft()
        elif source in self.run_in_lesson:
            self.line, outputs = None, []
        else:
            raise RuntimeError(f"the cell does not stand here in the chapter: run  make notebooks\n{source}")
        for kind, content in [*((output.output_type, output) for output in outputs), ("status", IDLE)]:
            self.messages.append({"msg_type": kind, "parent_header": {"msg_id": REPLY}, "content": content})
        return REPLY

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        return self.messages.popleft()

    def is_alive(self) -> bool:
        return True

    def await_reply(self, *_, **__) -> None:
        """The answer is there."""

    await_idle = stop = await_reply


IDLE = {"execution_state": "idle"}
