"""What a comparison writes into its folder, held against its sources and what is there: no file of others is lost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nstlib.apps.comparison.page import PAGE
from nstlib.apps.comparison.pairs import METRICS, RECORD, TABLE, Pair, names_of, read_record, records_in
from nstlib.apps.outputs import Output, identity
from nstlib.errors import ImageError

BEGIN = b"content_name,style_name,method,step,scale,"  # of metrics.csv
# Of the page; older ones have the second.
MARKS = (b'<meta name="generator" content="nst compare">', b"Made by nstlib ")
BYTES = 2.0  # of a pixel in a PNG: photos of noise have 3, blurred ones 1


def outputs_of(pairs: Iterable[Pair], methods: Sequence[str], folder: Path) -> list[Output]:
    """Return all files that a comparison may write, replace or remove."""
    found = [Output(folder / PAGE, "the page"), Output(folder / METRICS, "the table of all runs")]
    for pair in pairs:
        record = read_record(pair.folder)
        shown = ("content", "style", *dict.fromkeys([*methods, *(record.touched if record else ())]))
        pictures = [(name, f"the picture of {each}") for each in shown for name in names_of(each)]
        for name, role in (*pictures, (TABLE, "the table of a pair"), (RECORD, "the record of a pair")):
            found.append(Output(pair.folder / name, role))
    return found


def check_ours(outputs: Iterable[Output], folder: Path) -> None:
    """Raise an ImageError if one of the files is there and no comparison made it, or a pair's folder cannot be one."""
    made: dict[Path, set[str]] = {}
    for output in outputs:
        place = output.path.parent
        if os.path.lexists(place) and not os.path.isdir(place):
            raise ImageError(
                f"{place} is no folder, and a folder of that name is needed. Choose another {output.option}."
            )
        if not os.path.lexists(output.path):
            continue
        if place == folder:
            ours = _is_ours(output.path)
        else:
            if place not in made:
                made[place] = _made_in(place)
            ours = os.path.isfile(output.path) and output.path.name in made[place]
        if not ours:
            raise ImageError(
                f"{output.path} is there already, and nst compare does not know it as its own. Move it away, or choose "
                f"another {output.option}."
            )


def _is_ours(path: Path) -> bool:
    """Return whether a page or a table is one that a comparison wrote."""
    if not os.path.isfile(path):
        return False
    try:
        held = path.read_bytes()
    except OSError:
        return False
    return held.startswith(BEGIN) if path.name == METRICS else any(mark in held for mark in MARKS)


def _made_in(folder: Path) -> set[str]:
    """Return the names of all files that a comparison made in a pair's folder, as far as its record tells."""
    record = read_record(folder)
    if record is None:
        return set()
    pictures = [name for each in ("content", "style", *record.touched) for name in names_of(each)]
    return {*pictures, TABLE, RECORD}


def without_results(paths: Iterable[Path], folder: Path) -> list[Path]:
    """Return the pictures that no comparison in that folder made."""
    own = {identity(record.folder / name) for record in records_in(folder) for name in _made_in(record.folder)}
    return [path for path in paths if identity(path) not in own]


def space_for(todo: Sequence[tuple[Pair, str]], size: int) -> float:
    """Return about how many bytes runs will write: each its picture, each pair those that it begins with, all with bands."""
    pictures = len(todo) + 2 * len({pair.folder for pair, _ in todo})
    return 3 * pictures * size**2 * BYTES
