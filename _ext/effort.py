"""How long a chapter takes: to read, by its words, code and pictures; to do, by what its exercises say of themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blocks import find_exercise

WORDS_A_MINUTE = 130  # of prose with formulas in it
LINES_A_MINUTE = 27  # of code, 80 columns wide; 20 where they were 120
PICTURES_A_MINUTE = 2
FENCE = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"\A---\n.*?^---$", re.MULTILINE | re.DOTALL)
CELL_HEAD = re.compile(r"^---\n(.*?)^---$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"^:[\w-]+:.*$", re.MULTILINE)  # an alternative text stands for its picture
EXERCISE = re.compile(r"^`{3,}\{exercise\}\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Effort:
    """What a chapter asks of its reader, in minutes; ``exercises`` are their names, in order.

    ``extra`` are the minutes of those exercises that the main path does without.
    """

    reading: int
    doing: int
    exercises: tuple[str, ...]
    extra: int = 0

    @property
    def total(self) -> int:
        """Reading and exercises together."""
        return self.reading + self.doing

    @property
    def notebooks(self) -> dict[str, str]:
        """What one does with a chapter's two notebooks, by their folder."""
        if not self.exercises:
            return {"lessons": "Run it yourself", "solutions": "with its results"}
        return {"lessons": "Do the exercises", "solutions": "with solutions"}

    def line(self, builds_on: str) -> str:
        """Return the line under a chapter's question, in MyST; ``builds_on``: chapters' names with spaces between."""
        written = ", ".join(f"`{name}`" for name in self.exercises)
        chapters = ", ".join(f"{{doc}}`{name}`" for name in builds_on.split())
        needs = f"builds on {chapters or 'no other chapter'}"
        if not self.exercises:
            return f"{self.reading} minutes to read · {needs} · nothing to write yet"
        return f"{self.reading} minutes to read, {self.doing} for the exercises · {needs} · you will write {written}"


def effort_of(text: str, find_exercise: Callable) -> Effort:
    """Return what a chapter's text asks for."""
    cells = FENCE.findall(text)
    heads = [head for cell in cells for head in CELL_HEAD.findall(cell)]
    code = sum(bool(line.strip()) for cell in cells for line in CELL_HEAD.sub("", cell).splitlines()[1:-1])
    words = len(OPTION.sub("", FENCE.sub("", HEAD.sub("", text))).split())
    pictures = sum("alt:" in head for head in heads) + text.count("```{painted}")
    names = tuple(EXERCISE.findall(text))
    reading = words / WORDS_A_MINUTE + code / LINES_A_MINUTE + pictures / PICTURES_A_MINUTE
    found = [find_exercise(name) for name in names]
    extra = sum(each.minutes for each in found if each.extra)
    return Effort(round(reading), sum(each.minutes for each in found), names, extra)


def chapter_effort(path: Path) -> Effort:
    """Return what a chapter of the book asks for."""
    return effort_of(path.read_text(encoding="utf-8"), find_exercise)


def hours(minutes: int) -> str:
    """Return "3½ hours", to the half."""
    whole, half = divmod(round(minutes / 30), 2)
    return f"{whole or ''}{'½' if half else ''} hour{'' if (whole, half) in ((1, 0), (0, 1)) else 's'}"
