"""Write the exercise notebooks (lessons/) and the solution notebooks (solutions/) from the chapters (book/NN_slug.md).

    python tools/notebooks.py                    write the notebooks; outputs of unchanged solutions are kept
    python tools/notebooks.py --execute          ... and where code changed, run the pages, whose outputs solutions get
    python tools/notebooks.py --execute --all    ... and renew all of them, for instance after a change in nstlib
    python tools/notebooks.py --check            write nothing; show which notebooks are out of date and exit 1

Chapters may be named, as in ``python tools/notebooks.py --execute 07_gram``; without names all are meant.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import nbformat  # noqa: E402
from blocks import (  # noqa: E402
    BlockError,
    Repository,
    as_run,
    find_exercise,
    importing,
    marked,
    repository,
    stubbed,
)
from density import DPI, density_of  # noqa: E402
from jupytext.myst import myst_to_notebook  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from PIL import Image  # noqa: E402
from plain import ChapterError, Converter, Words, read_citations, read_labels  # noqa: E402

LARGEST = 700_000  # bytes; GitHub and Colab become slow to show larger notebooks
CHECKED = re.compile(r"\bcheck\(\s*(\w+)")
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FIRST = "# Run this cell first."
SETUP = f"""\
{FIRST} On Google Colab it installs the course (about a minute).
import importlib.util
import os
import sys

# Threads of torch that wait for each other sleep: beside other work, spinning ones take longer still.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if importlib.util.find_spec("nstlib") is None:
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError("nstlib is missing: run 'pip install -e .' in the course's folder and restart.")
    !pip install --quiet --root-user-action=ignore git+{{url}}@{{branch}}"""

HEAD = """\
**How the exercises work.** Write the function, run its cell, then the one below it: `check` says what it finds, and
whatever that is, the next cells run. Unless a statement says otherwise, tensors come in and a tensor of the same dtype
goes out, the arguments stay as they were, gradients pass, and a convention that other papers or libraries follow is
right, too: the check names it.

What you have solved is kept in a file on the machine that runs this notebook; `progress()` shows it.

**On Google Colab:** save a copy first (File, Save a copy in Drive), or what you write is gone when you close the tab. Colab
takes its machine back after some time, and with it all files on it: your pictures, and what you have solved. Your copy of
the notebook stays; run its first cell again. To keep what you have solved, too, run this in a cell of its own:

```python
from google.colab import drive

drive.mount("/content/drive")
%env NST_PROGRESS=/content/drive/MyDrive/nst_progress.json
```"""


@dataclass(frozen=True)
class Course:
    """The folders of a course and what its chapters share."""

    root: Path
    find_exercise: Callable = find_exercise
    address: Repository = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", repository(self.root / "_config.yml"))

    @property
    def chapters(self) -> list[Path]:
        """Return the chapters' files, in order."""
        return sorted((self.root / "book").glob("[0-9][0-9]_*.md"))

    def notebook(self, folder: str, chapter: Path) -> Path:
        return self.root / folder / f"{chapter.stem}.ipynb"


@dataclass(frozen=True)
class Pair:
    """The two notebooks of a chapter, the solution without outputs."""

    lesson: NotebookNode
    solution: NotebookNode


def make_pair(course: Course, chapter: Path) -> Pair:
    """Return the notebooks that a chapter becomes."""
    return Pair(*(make_notebook(course, chapter, folder) for folder in ("lessons", "solutions")))


def make_notebook(course: Course, chapter: Path, folder: str) -> NotebookNode:
    """Return the lesson (folder ``lessons``) or the solution (``solutions``) of a chapter."""
    text = chapter.read_text(encoding="utf-8")
    source = myst_to_notebook(text, add_source_map=True)
    converter = make_converter(course, chapter, folder)
    cells: list[NotebookNode] = []
    own_code = False
    for cell, start in zip(source.cells, source.metadata["source_map"], strict=True):
        line = find_line(text.splitlines(), start, cell.source)
        tags = list(cell.metadata.get("tags", []))
        if "page-only" in tags:
            own_code |= cell.cell_type == "code"
            continue
        if own_code and cell.cell_type == "code":
            raise converter.words.error(
                line, "code stands behind code of the page alone (page-only): a notebook would lack what it may need"
            )
        if cell.cell_type == "markdown":
            cells.extend(nbformat.v4.new_markdown_cell(text) for text in converter.cells(cell.source, line))
        elif cell.cell_type == "code":
            cells.extend(code_cells(converter, cell, tags, line, folder))
        else:
            raise converter.words.error(line, f"a notebook has no use for a {cell.cell_type} cell")
    head = [setup_cell(course.address)]
    if folder == "lessons" and any("nbgrader" in cell.metadata for cell in cells):
        head.append(nbformat.v4.new_markdown_cell(HEAD))
    position = setup_position(cells, converter.links)
    cells[position:position] = head
    name_cells(chapter.stem, cells)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=json.loads(json.dumps(METADATA)))
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def find_line(lines: list[str], start: int, source: str) -> int:
    """Return the number of the line a cell's text begins at; blank lines and options may stand before it."""
    first = source.split("\n")[0].strip()
    return next((index for index in range(start, len(lines)) if lines[index].strip() == first), start) + 1


def make_converter(course: Course, chapter: Path, folder: str) -> Converter:
    """Return what turns this chapter's text into plain Markdown."""
    book = chapter.parent
    bibliography = book / "references.bib"
    other = "solutions" if folder == "lessons" else "lessons"
    here, there = (course.address.colab(f"{where}/{chapter.stem}.ipynb") for where in (folder, other))
    text = chapter.read_text(encoding="utf-8")
    name = {"lessons": "the exercise notebook", "solutions": "the solution"}
    if not re.search(r"^`{3,}\{exercise\}", text, re.MULTILINE):
        name = {"lessons": "the notebook", "solutions": "the notebook with its results"}
    words = Words(
        chapter=chapter,
        address=course.address,
        citations=read_citations(bibliography) if bibliography.exists() else {},
        labels=read_labels(sorted(book.glob("*.md"))),
        chapters=frozenset(path.stem for path in course.chapters),
    )
    links = f"[![Open {name[folder]} in Colab]({BADGE})]({here}) · [{name[other]} in Colab]({there})"
    return Converter(words, course.find_exercise, links, text)


def code_cells(converter: Converter, cell: NotebookNode, tags: list[str], line: int, folder: str) -> list[NotebookNode]:
    """Return a code cell of a chapter as it stands in a notebook, and a caption if it draws a figure."""
    text, metadata = cell.source, {}
    try:
        if "exercise" in tags:
            text = stubbed(text) if folder == "lessons" else marked(text)
            metadata["nbgrader"] = nbgrader(exercise_name(converter), solution=True)
        elif "SOLUTION" in text and re.search(r"^\s*# (BEGIN|END) SOLUTION", text, re.MULTILINE):
            raise BlockError("a solution stands in a cell that lacks the tag exercise")
        if "check" in tags:
            metadata["nbgrader"] = nbgrader(
                checked_name(text), points=converter.find_exercise(checked_name(text)).difficulty
            )
            text = importing(text)
    except BlockError as error:
        raise converter.words.error(line + (error.line or 0), str(error)) from None
    if "widget" in tags:
        tags = [*tags, "nbval-ignore-output"]
    if tags := [tag for tag in tags if not tag.startswith("card-")]:  # what the first page shows of a chapter
        metadata["tags"] = list(dict.fromkeys(tags))
    mystnb = cell.metadata.get("mystnb", {})
    if alt := mystnb.get("image", {}).get("alt"):
        metadata["alt"] = alt
    cells = [nbformat.v4.new_code_cell(text, metadata=metadata)]
    figure = mystnb.get("figure", {})
    if caption := figure.get("caption"):
        caption = converter.words.inline(str(caption).strip(), line)
        label = converter.words.labels.get(figure.get("name", ""))
        cells.append(nbformat.v4.new_markdown_cell(f"*Figure {label.text}: {caption}*" if label else f"*{caption}*"))
    return cells


def exercise_name(converter: Converter) -> str:
    """Return the exercise whose statement came last: the cell after it is its code."""
    if not converter.used_exercises:
        raise BlockError("an exercise cell needs an {exercise} statement before it")
    return converter.used_exercises[-1]


def checked_name(text: str) -> str:
    """Return what a check cell checks."""
    match = CHECKED.search(text)
    if match is None:
        raise BlockError("a check cell calls check(the_exercise)")
    return match[1]


def nbgrader(name: str, *, solution: bool = False, points: int = 0) -> dict:
    """Return the metadata by which nbgrader knows an answer (``solution``) or a graded test."""
    return {
        "schema_version": 3,
        "grade_id": name if solution else f"check-{name}",
        "solution": solution,
        "grade": not solution,
        "locked": not solution,
        "task": False,
        **({} if solution else {"points": points}),
    }


def setup_cell(address: Repository) -> NotebookNode:
    """Return the cell that makes nstlib importable wherever the notebook is opened."""
    code = SETUP.format(url=address.url, branch=address.branch)
    return nbformat.v4.new_code_cell(code, metadata={"tags": ["setup"]})


def setup_position(cells: list[NotebookNode], links: str) -> int:
    """Return where the setup cell goes: behind the title, the notebook's links included."""
    for index, cell in enumerate(cells):
        if links in cell.source:
            return index + 1
    return 0


def name_cells(slug: str, cells: list[NotebookNode]) -> None:
    """Give each cell a name made from what it says, so that inserting one leaves the others' names alone."""
    seen: dict[str, int] = {}
    for cell in cells:
        grader = cell.metadata.get("nbgrader")
        text = grader["grade_id"] if grader else cell.cell_type + cell.source
        name = f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


def read_notebook(path: Path) -> NotebookNode | None:
    """Return a notebook, or None where there is none yet."""
    return nbformat.read(path, as_version=4) if path.exists() else None


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook unless the file says the same already."""
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    if len(text.encode()) > LARGEST:
        raise ChapterError(
            f"{path.parent.name}/{path.name} would have {len(text.encode()) / 1000:.0f} kB, "
            f"more than {LARGEST // 1000}: draw fewer or smaller pictures (figsize, dpi), or show photographs as JPEG."
        )
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def same_code(one: NotebookNode, other: NotebookNode) -> bool:
    """Say whether two notebooks run the same code; how the course is installed and what graders need do not count."""
    first, second = (
        [as_run(cell.source) for cell in book.cells if cell.cell_type == "code" and not cell.source.startswith(FIRST)]
        for book in (one, other)
    )
    return first == second


def is_executed(notebook: NotebookNode) -> bool:
    """Say whether every code cell has been run."""
    return all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip())


def keep_outputs(new: NotebookNode, old: NotebookNode | None) -> bool:
    """Take over the outputs of the notebook's former version; False if its code was another, or never ran."""
    if old is None or not same_code(new, old) or not is_executed(old):
        return False
    former = [cell for cell in old.cells if cell.cell_type == "code"]
    for cell, before in zip((cell for cell in new.cells if cell.cell_type == "code"), former, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
        describe_pictures(cell)
    return True


def take_outputs(notebook: NotebookNode, chapter: Path) -> None:
    """Give a solution what its executed page put out, without widgets: it is the same code."""
    from run_pages import executed_page, shown

    page = executed_page(chapter)
    waiting = [cell for cell in page.cells if cell.cell_type == "code"]
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count, cell.outputs = number, []
        if waiting and shown(waiting[0]) == as_run(cell.source):  # else the notebook's own, which puts out nothing
            cell.outputs = merge_streams(output for output in waiting.pop(0).outputs if not is_widget(output))
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
                if photo := output.get("data", {}).get("image/jpeg"):
                    output.data["image/jpeg"] = as_in_a_notebook(photo)
            describe_pictures(cell)


def is_widget(output: NotebookNode) -> bool:
    """Say whether an output is a widget: without a kernel, or the page's scripts, it would be a dead one."""
    data = output.get("data", {})
    return "application/vnd.jupyter.widget-view+json" in data or "data-explorer=" in data.get("text/html", "")


def merge_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with neighboring prints joined: how a kernel splits them is chance."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if merged and output.output_type == merged[-1].output_type == "stream" and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def as_in_a_notebook(photo: str) -> str:
    """Return a JPEG in base64 with the pixels that it has in a notebook: a page's figures have several for each of them."""
    with Image.open(io.BytesIO(base64.b64decode(photo))) as image:
        density = density_of(image)
        if density == 1:
            return photo
        small = image.reduce(density)
    with io.BytesIO() as file:
        small.save(file, "JPEG", quality=88, dpi=(DPI, DPI))
        return base64.b64encode(file.getvalue()).decode()


def describe_pictures(cell: NotebookNode) -> None:
    """Give the cell's pictures the text that stands for them."""
    alt = cell.metadata.get("alt")
    for output in cell.outputs:
        for kind in ("image/png", "image/jpeg"):
            if alt and kind in output.get("data", {}):
                output.metadata.setdefault(kind, {})["alt"] = alt


def private_words(notebook: NotebookNode, root: Path) -> list[str]:
    """Return the paths of this machine that outputs give away."""
    outputs = json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])
    return [word for word in (str(root), str(Path.home()) + "/", sys.prefix) if word in outputs and len(word) > 2]


def portrait(notebook: NotebookNode | None) -> list[str]:
    """Return what is compared of a notebook, as lines: everything but outputs."""
    lines = [json.dumps(notebook.metadata, sort_keys=True)] if notebook else []
    for cell in notebook.cells if notebook else []:
        lines += ["", f"[{cell.cell_type} {cell.get('id', '')}] {json.dumps(cell.metadata, sort_keys=True)}"]
        lines += cell.source.split("\n")
    return lines


def drift(path: Path, wanted: NotebookNode) -> str:
    """Return how a notebook's file differs from what its chapter says; empty if it does not."""
    there = portrait(read_notebook(path))
    name = f"{path.parent.name}/{path.name}"
    return "\n".join(
        difflib.unified_diff(there, portrait(wanted), f"{name} (the file)", f"{name} (its chapter)", "", "", 2, "")
    )


def strangers(course: Course) -> list[Path]:
    """Return notebooks that no chapter makes."""
    slugs = {chapter.stem for chapter in course.chapters}
    found = [path for folder in ("lessons", "solutions") for path in sorted((course.root / folder).glob("*.ipynb"))]
    return [path for path in found if path.stem not in slugs]


def check(course: Course, chapters: Sequence[Path]) -> list[str]:
    """Return what is wrong with the notebooks that are there."""
    problems = [f"{path.parent.name}/{path.name} belongs to no chapter: delete it" for path in strangers(course)]
    for chapter in chapters:
        pair = make_pair(course, chapter)
        for folder, wanted in (("lessons", pair.lesson), ("solutions", pair.solution)):
            path = course.notebook(folder, chapter)
            if difference := drift(path, wanted):
                problems.append(difference)
            elif path.stat().st_size > LARGEST:
                problems.append(f"{folder}/{path.name} is larger than {LARGEST // 1000} kB")
        solution = read_notebook(course.notebook("solutions", chapter))
        if solution is not None and not is_executed(solution):
            problems.append(f"solutions/{chapter.stem}.ipynb has cells that were never run")
        if solution is not None and (words := private_words(solution, course.root)):
            problems.append(f"solutions/{chapter.stem}.ipynb shows a path of this machine: {', '.join(words)}")
    return problems


def write(course: Course, chapters: Sequence[Path], *, run: bool, run_all: bool) -> None:
    """Write both notebooks of each chapter; if asked, run the pages that need it and take over what they put out."""
    pairs = {chapter: make_pair(course, chapter) for chapter in chapters}
    paths = {chapter: course.notebook("solutions", chapter) for chapter in chapters}
    kept = {chapter: keep_outputs(pairs[chapter].solution, read_notebook(paths[chapter])) for chapter in chapters}
    renewed = [chapter for chapter in chapters if run and (run_all or not kept[chapter])]
    if renewed:
        from run_pages import run_missing

        if failed := run_missing(course.chapters, only=renewed):
            raise ChapterError("\n\n".join(failed))
    for chapter, pair in pairs.items():
        note = "outputs kept" if kept[chapter] else "not executed: add --execute"
        if chapter in renewed:
            take_outputs(pair.solution, chapter)
            note = "outputs of its page"
            if words := private_words(pair.solution, course.root):
                raise ChapterError(f"{chapter.name}: an output shows a path of this machine: {', '.join(words)}")
        write_notebook(course.notebook("lessons", chapter), pair.lesson)
        write_notebook(paths[chapter], pair.solution)
        print(f"{chapter.stem}: written, {note}", flush=True)


def choose(course: Course, names: Sequence[str]) -> list[Path]:
    """Return the chapters of these names, or all."""
    known = {chapter.stem: chapter for chapter in course.chapters}
    if not known:
        raise ChapterError("book/ holds no chapter (NN_slug.md)")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ChapterError(f"there is no chapter {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def main(arguments: Sequence[str] | None = None, course: Course | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", help="such as 07_gram; default: all")
    parser.add_argument("--check", action="store_true", help="write nothing, report what is out of date")
    parser.add_argument("--execute", action="store_true", help="renew the outputs of solutions whose code changed")
    parser.add_argument("--all", action="store_true", help="with --execute: renew them all")
    options = parser.parse_args(arguments)
    course = course or Course(ROOT)
    try:
        chapters = choose(course, options.chapters)
        if options.check:
            problems = check(course, chapters)
            print("\n\n".join(problems) or f"The notebooks of {len(chapters)} chapters say what their chapters say.")
            if problems:
                print("\nTo bring them up to date: make notebooks  (python tools/notebooks.py --execute)")
            return 1 if problems else 0
        write(course, chapters, run=options.execute, run_all=options.all)
    except ChapterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
