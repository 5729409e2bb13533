"""A folder for a class: the exercise notebooks of some chapters, with or without hints, and never with solutions."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from nstlib import course
from nstlib.errors import ChoiceError, ResumeError
from nstlib.formats.files import make_folder, replacing

LESSONS = course.ROOT / "lessons"
_HINT = re.compile(r"\n*<details><summary>Hint \d.*?</details>\n?", re.S)
_SOLUTION = re.compile(r" · \[the solution in Colab\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\((\d\d_\w+)\.ipynb([^)]*)\)")
_TIME = re.compile(r"^(\d+) minutes to read(?:, (\d+) for the exercises)?", re.M)

README = """\
# A course on neural style transfer

{table}

## For learners

Open a notebook, run its first cell, and read on. Write each function, run its cell, then the one below it: it says what it
found. The notebooks need the course's library, which the first cell asks for.

## For the instructor

Learners hand in the notebooks as they are. Put what you get into a folder, with a folder, a notebook or a zip for each
learner, and:

    nst grade submitted -o report

{hints}"""


def find_chapters(wanted: Sequence[str]) -> list[str]:
    """Return the names of chapters from words as "gram", or their numbers; all that have a lesson if there is none.

    Raises:
        ChoiceError: if there is no such chapter, or no lessons lie beside the library.
    """
    known = [name for name in course.chapters() if (LESSONS / f"{name}.ipynb").is_file()]
    if not known:
        raise ChoiceError(
            "The notebooks are not beside the library. Clone the course's repository, and run nst from there."
        )
    found = set()
    for word in wanted:
        fitting = [name for name in known if word in (name, *name.split("_", 1))]
        if not fitting:
            raise ChoiceError(f"There is no chapter {word!r}. Choose of: {', '.join(known)}.")
        found.update(fitting)
    return [name for name in known if name in found or not wanted]


def new_course(folder: Path, chapters: Sequence[str], *, hints: bool = True) -> list[Path]:
    """Write the exercise notebooks of some chapters into a new folder, and a README; return their paths.

    Args:
        folder: is made; if it is there, it has to be empty.
        chapters: as ``find_chapters`` returns them.
        hints: whether the notebooks hold them.

    Raises:
        ChoiceError: if the folder holds something. ResumeError: if it cannot be written.
    """
    if os.path.lexists(folder) and not (folder.is_dir() and not os.listdir(folder)):
        raise ChoiceError(f"{folder} is there already, and may hold somebody's work. Choose another folder.")
    make_folder(folder, parents=True)
    texts = {f"{name}.ipynb": _notebook(name, chapters, hints) for name in chapters}
    texts["README.md"] = _readme(chapters, hints)
    for name, text in texts.items():
        with replacing(folder / name, error=ResumeError) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def minutes_of(chapter: str) -> tuple[int, int]:
    """Return how many minutes a chapter takes to read, and its exercises, as its notebook says."""
    book = json.loads((LESSONS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if found := _TIME.search("".join(cell["source"])):
            return int(found[1]), int(found[2] or 0)
    return 0, 0


def _notebook(chapter: str, chapters: Sequence[str], hints: bool) -> str:
    book = json.loads((LESSONS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _text("".join(cell["source"]), chapters, hints)
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _text(text: str, chapters: Sequence[str], hints: bool) -> str:
    """Return a text without the way to solutions, without links to what is left out, and without hints if so wished."""
    text = _SOLUTION.sub("", text)
    text = _LINK.sub(lambda link: link[0] if link[2] in chapters else link[1], text)
    return text if hints else _HINT.sub("", text)


def _readme(chapters: Sequence[str], hints: bool) -> str:
    rows = ["| notebook | minutes to read | for the exercises |", "|---|---|---|"]
    times: Mapping[str, tuple[int, int]] = {name: minutes_of(name) for name in chapters}
    rows += [f"| [{name}]({name}.ipynb) | {reading} | {doing} |" for name, (reading, doing) in times.items()]
    total = sum(map(sum, times.values()))
    rows.append(f"\nTogether {total / 60:.1f} hours.")
    left_out = 'The hints were left out of the notebooks; `hint("NAME")` still gives them to whoever asks for them.\n'
    return README.format(table="\n".join(rows), hints="" if hints else left_out)
