"""What the book's pages and its notebooks have in common: exercises, quizzes, solutions, the repository's address.

``_ext/course.py`` draws these blocks on a page, ``tools/notebooks.py`` writes them into notebooks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CHECK_IMPORT = "from nstlib.check import check"
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
HINT_TITLES = ("Hint 1: the idea", "Hint 2: the direction", "Hint 3: almost the line")
DIFFICULTIES = {1: "easy", 2: "medium", 3: "hard"}
MARKER = re.compile(r"^(?P<indent>[ \t]*)# (?P<which>BEGIN|END) SOLUTION[ \t]*$")
OPTION = re.compile(r"^- \[(?P<mark>[ xX])\] (?P<text>.*)$")


class BlockError(ValueError):
    """A block of a chapter cannot be read; ``line`` counts its lines of text from 0, None is the block itself."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Repository:
    """Where the course lives; read from ``_config.yml``, the one place that says so."""

    url: str
    branch: str

    @property
    def slug(self) -> str:
        """The ``owner/name`` part of the address."""
        return "/".join(self.url.rstrip("/").split("/")[-2:])

    @property
    def is_published(self) -> bool:
        """Whether this is an address at all, and not the one that the course is shipped with."""
        return not self.slug.startswith("example/")

    @property
    def pages(self) -> str:
        """The address at which GitHub publishes the book."""
        owner, name = self.slug.split("/")
        return f"https://{owner}.github.io/{name}/"

    def colab(self, path: str) -> str:
        """Return the address that opens a notebook of the repository in Colab."""
        return f"https://colab.research.google.com/github/{self.slug}/blob/{self.branch}/{path}"

    def file(self, path: str) -> str:
        """Return the address of a file's page."""
        return f"{self.url}/blob/{self.branch}/{path}"


def repository(config: Path = ROOT / "_config.yml") -> Repository:
    """Return the repository's address from the book's configuration."""
    entry = yaml.safe_load(config.read_text(encoding="utf-8"))["repository"]
    return Repository(url=entry["url"].rstrip("/"), branch=entry["branch"])


def find_exercise(name: str):
    """Return the exercise of that name from ``nstlib.check``."""
    # Imported here: it brings PyTorch along, which most of what uses this module does not need.
    from nstlib.check import exercises

    if name not in exercises:
        raise BlockError(f"no exercise is called {name!r}; nstlib.check knows: {', '.join(sorted(exercises))}")
    return exercises[name]


def describe_effort(exercise) -> str:
    """Return difficulty and time in words: ``★★☆ medium · about 10 minutes``, and whether it is beside the main path."""
    stars = "★" * exercise.difficulty + "☆" * (3 - exercise.difficulty)
    extra = " · beside the main path" if exercise.extra else ""
    return f"{stars} {DIFFICULTIES[exercise.difficulty]} · about {exercise.minutes} minutes{extra}"


@dataclass(frozen=True)
class Option:
    """One answer of a quiz and what the reader is told who picks it."""

    text: str
    right: bool
    answer: str

    @property
    def verdict(self) -> str:
        """The words the answer starts with."""
        return "Right:" if self.right else "Not quite:"


def read_quiz(question: str, body: list[str]) -> tuple[Option, ...]:
    """Return the options of a quiz, written ``- [ ] option :: answer``, the right ones with an ``x``."""
    if not question.strip():
        raise BlockError("a quiz needs its question after {quiz}")
    items: list[list] = []  # [line, mark, text]
    for number, line in enumerate(body):
        match = OPTION.match(line)
        if match:
            items.append([number, match["mark"], match["text"].strip()])
        elif line.strip() and items and line.startswith("  "):
            items[-1][2] += " " + line.strip()
        elif line.strip():
            raise BlockError(f"a quiz holds only lines '- [ ] option :: answer', not {line.strip()!r}", number)
    options = []
    for number, mark, text in items:
        option, separator, answer = text.partition(" :: ")
        if not separator or not answer.strip():
            raise BlockError(f"the quiz option {text!r} lacks ' :: ' and what to tell who picks it", number)
        options.append(Option(option.strip(), mark in "xX", answer.strip()))
    if len(options) < 2 or not any(option.right for option in options):
        raise BlockError("a quiz needs at least two options, one of them right: - [x]")
    return tuple(options)


def split_solution(source: str) -> tuple[list[str], list[str], list[str]]:
    """Return the lines before, inside and after the solution's markers."""
    lines = source.split("\n")
    marks = [(number, MARKER.match(line)) for number, line in enumerate(lines) if MARKER.match(line)]
    if [mark["which"] for _, mark in marks] != ["BEGIN", "END"]:
        raise BlockError("an exercise cell has exactly one # BEGIN SOLUTION and one # END SOLUTION after it")
    (begin, first), (end, last) = marks
    if first["indent"] != last["indent"] or not first["indent"]:
        # A stub at top level would raise when the notebook runs.
        raise BlockError("# BEGIN SOLUTION and # END SOLUTION stand inside a function, at the same indentation", begin)
    if not any(line.strip() for line in lines[begin + 1 : end]):
        raise BlockError("the solution is empty", begin)
    return lines[:begin], lines[begin + 1 : end], lines[end + 1 :]


def solved(source: str) -> str:
    """Return the cell with its solution and without the markers, as a page shows it."""
    before, solution, after = split_solution(source)
    return "\n".join([*before, *solution, *after])


def marked(source: str) -> str:
    """Return the cell with its solution between the marks that nbgrader puts a stub in place of."""
    before, solution, after = split_solution(source)
    begin, end = (stub_indent(source) + mark for mark in MARKS)
    return "\n".join([*before, begin, *solution, end, *after])


def stubbed(source: str) -> str:
    """Return the cell with a two-line stub where the solution was."""
    before, _, after = split_solution(source)
    return "\n".join([*before, *(stub_indent(source) + line for line in STUB), *after])


def stub_indent(source: str) -> str:
    """Return the spaces before the solution's markers."""
    return next(line for line in source.split("\n") if MARKER.match(line)).split("#")[0]


def importing(source: str) -> str:
    """Return a check cell that brings its own ``check``: a cell before it may have given the name to something else."""
    return f"{CHECK_IMPORT}\n\n{source}"


def as_run(source: str) -> str:
    """Return a notebook's cell without what graders need of it, none of which changes what the cell puts out."""
    lines = source.removeprefix(f"{CHECK_IMPORT}\n\n").split("\n")
    return "\n".join(line for line in lines if line.strip() not in MARKS)
