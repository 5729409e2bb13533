"""Hold the pictures that the solutions store to those that their executed pages drew; part of tools/run_notebooks.py.

nbval compares texts. A picture is never the same to the byte on two machines: steps of an optimizer part at the last digit,
and go on to other bricks of the same wall. So both are made small, and what counts is the place where they differ most. A
cell whose picture may differ more, as one of milliseconds does, says how much in its options: ``picture-tolerance: 0.5``.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
from blocks import as_run
from nbformat import NotebookNode
from notebooks import as_in_a_notebook, find_line
from PIL import Image, ImageChops
from run_pages import executed_page, shown

KEPT = Path("_build") / "pictures"
SIDE = 128  # pixels of the longer side, once made small
TILE = 8  # pixels of a place
# The course's own pictures on two machines differ by at most 0.08; two curves that have nothing in common by 0.12.
TOLERANCE = 0.1
SIZES = 0.05  # share by which a side may be longer: labels of axes are not equally wide everywhere
BLANK = 0.01  # deviation of the brightness below which nothing is seen


def problems(chapter: Path) -> list[str]:
    """Return what is wrong with the pictures of a chapter's solution; what differs is kept as a picture under _build."""
    root, lines = chapter.parent.parent, chapter.read_text(encoding="utf-8").splitlines()
    found = []
    for start, page_cell, cell in cells(chapter):
        stored, drawn = pictures(cell), pictures(page_cell)
        place = f"book/{chapter.name}:{find_line(lines, start, page_cell.source)}"
        if len(stored) != len(drawn):
            found.append(f"{place}: the solution stores {len(stored)} pictures, the page drew {len(drawn)}")
            continue
        allowed = page_cell.metadata.get("picture-tolerance", TOLERANCE)
        for number, pair in enumerate(zip(stored, drawn, strict=True), 1):
            if said := verdict(*pair, allowed):
                path = KEPT / f"{cell.id}-{number}.png"
                keep(*pair, root / path)
                found.append(f"{place}: picture {number} {said}; {path.as_posix()} shows both, and where")
    return found


def cells(chapter: Path) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
    """Yield the cells that a page and its solution have in common: where it begins in the chapter, the page's, the other."""
    page = executed_page(chapter)
    if page is None:
        raise RuntimeError(f"{chapter.name} was not run yet: python tools/run_notebooks.py solutions")
    solution = nbformat.read(chapter.parent.parent / "solutions" / f"{chapter.stem}.ipynb", as_version=4)
    ours = (cell for cell in solution.cells if cell.cell_type == "code")
    for cell, start in zip(page.cells, page.metadata["source_map"], strict=True):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and not {"page-only", "widget"} & set(tags):
            yield start, cell, next(other for other in ours if as_run(other.source) == shown(cell))


def pictures(cell: NotebookNode) -> list[Image.Image]:
    """Return the pictures that a cell put out, at a notebook's density."""
    kinds = ("image/png", "image/jpeg")
    coded = (output.data[kind] for output in cell.outputs for kind in kinds if kind in output.get("data", {}))
    return [Image.open(io.BytesIO(base64.b64decode(as_in_a_notebook(text)))).convert("RGB") for text in coded]


def verdict(stored: Image.Image, drawn: Image.Image, allowed: float = TOLERANCE) -> str:
    """Return what is wrong with a stored picture, in a few words; empty if nothing is."""
    if np.asarray(stored.convert("L")).std() < 255 * BLANK:
        return "is blank"
    if any(abs(a / b - 1) > SIZES for a, b in zip(stored.size, drawn.size, strict=True)):
        return f"has {stored.width} x {stored.height} pixels, the page's has {drawn.width} x {drawn.height}"
    differs = difference(stored, drawn)
    return f"is not the page's: it differs by {differs:.2f}, {allowed:.2f} is allowed" if differs > allowed else ""


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures differ where they differ most: 0, nowhere, to 1, a place that is black for white."""
    factor = SIDE / max(one.size)
    size = tuple(max(1, round(side * factor)) for side in one.size)
    a, b = (np.asarray(image.resize(size, Image.Resampling.BOX), dtype=float) / 255 for image in (one, other))
    apart = np.abs(a - b).mean(2)  # (H, W)
    places = (apart[y : y + TILE, x : x + TILE] for y in range(0, size[1], TILE) for x in range(0, size[0], TILE))
    return max(float(place.mean()) for place in places)


def keep(stored: Image.Image, drawn: Image.Image, path: Path) -> None:
    """Write the stored picture, the page's and how they differ, side by side."""
    drawn = drawn.resize(stored.size)
    apart = ImageChops.invert(ImageChops.difference(stored, drawn))
    sheet = Image.new("RGB", (3 * stored.width + 20, stored.height), "gray")
    for number, image in enumerate((stored, drawn, apart)):
        sheet.paste(image, (number * (stored.width + 10), 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def check(chapters: list[Path]) -> int:
    """Compare all pictures, print what is wrong, and return an exit code."""
    shutil.rmtree(chapters[0].parent.parent / KEPT, ignore_errors=True)
    found = [line for chapter in chapters for line in problems(chapter)]
    print("\n".join(found) or f"The pictures of {len(chapters)} solutions are those of their pages.")
    return int(bool(found))
