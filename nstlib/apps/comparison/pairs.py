"""A comparison on the disk: a folder, and each pair a folder in it::

    cat_brush/content.png, style.png, classic.png, dual.png      and of each its bands: ..._low.png, ..._high.png
    cat_brush/losses.csv                                         every 20 steps of each method: losses and measures
    cat_brush/pair.json                                          what was made, with which settings: written last
    metrics.csv                                                  the last row of every run

What ``pair.json`` does not list was not finished, and is made anew.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nstlib import __version__
from nstlib.analysis import Table, differences, mean_over_pairs, summary
from nstlib.apps.names import plain, shortened, unused
from nstlib.apps.study.entries import number
from nstlib.apps.study.grid import Grid, Method, Settings
from nstlib.apps.study.measure import Yardstick
from nstlib.apps.study.pictures import different, digest
from nstlib.defaults import INITS, METHODS, STYLE_WEIGHT
from nstlib.dual import stylize_dual
from nstlib.errors import LARGEST_SEED, ChoiceError, ImageError, ResumeError, choice, whole_number
from nstlib.features import Features
from nstlib.formats.files import make_folder, replacing
from nstlib.images import load_image, save_image
from nstlib.metrics import MEASURES, Interval, Measure
from nstlib.terms import View
from nstlib.transfer import Step

EVERY = 20  # steps between two rows of a table
# Between low and high, in pixels of the result: the "dual" preset pins the content's luminance below that.
SIGMA = 4.0
LOW, HIGH = View(coarser=SIGMA), View(finer=SIGMA)
RECORD, TABLE, METRICS = "pair.json", "losses.csv", "metrics.csv"
FORMAT = 1
LEAST_FOR_INTERVAL = 3  # contents, and styles: with fewer there is nothing to draw from

LOSSES = {
    "total": Measure("", 0, "loss, total", "what the method lowered: no two methods' losses are comparable"),
    "content": Measure("", 0, "loss, content", "the method's own, whatever it asks of the content"),
    "style": Measure("", 0, "loss, style", "the method's own"),
    "tv": Measure("", 0, "loss, smoothness", "total variation"),
}
CLASSIC = {
    "classic_content": Measure(
        "", 0, "classic's content loss", "of every method's picture, so that they can be compared"
    ),
    "classic_style": Measure("", 0, "classic's style loss", "likewise"),
}
SHOWN = ("ssim", "edge_ssim", "gram", "gram_gray", "color_to_content", "color_to_style", "chroma_noise")
COLUMNS = {**LOSSES, **CLASSIC, **{name: MEASURES[name] for name in SHOWN}}


class Pair(NamedTuple):
    """A content and a style by their names in the grid, digests of the two, and the folder for what is made of them."""

    content: str
    style: str
    digests: list[str]
    folder: Path


@dataclass
class Record:
    """What is known of a pair, as ``pair.json`` holds it.

    Attributes:
        folder: of the pair. content: its name. style: its name.
        digests: of the two pictures. settings: as ``settings_of`` returns them.
        runs: for each method that reached its end the rows of its table, by column.
        touched: the methods whose pictures may be there, of runs that reached their end or were killed while they were kept.
    """

    folder: Path
    content: str
    style: str
    digests: list[str]
    settings: dict[str, object]
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)

    def final(self, method: str) -> dict[str, float]:
        """Return the last row of a method's table."""
        return self.runs[method][-1]


# What there is to do -----------------------------------------------------------------------------------------------------


def make_grid(
    contents: Sequence[Path],
    styles: Sequence[Path],
    methods: Iterable[str],
    settings: Settings,
    *,
    style_weight: float = STYLE_WEIGHT,
    init: str = INITS[0],
    seed: int = 0,
    called: Callable[[str], str] = str,
) -> Grid:
    """Return every content with every style by each method, named after their files; what is given twice counts once.

    Files of the same name in different folders get numbers: cat, cat-2. ``called`` is as for ``Settings.check``.

    Raises:
        ChoiceError: for what would else be found only after a network was loaded.
    """
    chosen = {choice("method", name, METHODS): Method(name, choice("init", init, INITS)) for name in methods}
    if not chosen:
        raise ChoiceError(f"A comparison needs a method. Choose from: {', '.join(METHODS)}.")
    settings.check(called)
    weights = (number(called("style_weight"), style_weight),)
    seeds = (whole_number(called("seed"), seed, 0, LARGEST_SEED),)
    return Grid(_named(contents), _named(styles), chosen, weights, seeds, settings)


def pairs_of(grid: Grid, folder: Path) -> list[Pair]:
    """Return the pairs of a grid, each with a folder of its own in that folder."""
    taken: set[str] = set()
    ones, others = ({name: digest([path], 16) for name, path in each.items()} for each in (grid.contents, grid.styles))
    return [
        Pair(content, style, [one, other], folder / unused(shortened(f"{content}_{style}"), taken))
        for (content, one), (style, other) in product(ones.items(), others.items())
    ]


def settings_of(grid: Grid) -> dict[str, object]:
    """Return what all runs of a comparison have in common."""
    init, *_ = (method.init for method in grid.methods.values())
    one, own = grid.settings, {"style_weight": grid.style_weights[0], "init": init, "seed": grid.seeds[0]}
    return {"size": one.size, "steps": one.steps, **own, "network": one.network}


def missing(pair: Pair, grid: Grid) -> list[str]:
    """Return the methods whose run is not there, or was made of other pictures or with other settings."""
    record = _current_record(pair, grid)
    return [method for method in grid.methods if record is None or method not in record.runs]


def check_folder(folder: Path, grid: Grid, called: Callable[[str], str] = str) -> None:
    """Raise a ResumeError if the folder holds pairs made with other settings: which, and what differs.

    ``called`` is as for ``Settings.check``.
    """
    wanted = settings_of(grid)
    for record in records_in(folder):
        differing = {name: record.settings.get(name) for name in wanted if record.settings.get(name) != wanted[name]}
        if differing:
            listed = ", ".join(f"{called(name)} was {value}, now {wanted[name]}" for name, value in differing.items())
            raise ResumeError(
                f"{record.folder} was made with other settings: {listed}. Repeat them, choose another folder, or add "
                "--replace to make such pairs anew."
            )


# What is there -----------------------------------------------------------------------------------------------------------


def read_record(folder: Path) -> Record | None:
    """Return what is known of the pair in a folder; None if there is nothing, or nothing that can be read.

    Runs whose files are gone are left out.
    """
    if not os.path.isfile(folder / RECORD):  # to read a pipe would be to wait for whoever writes to it
        return None
    try:
        stored = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if stored.pop("format") != FORMAT:
            return None
        del stored["nstlib"]
        record = Record(folder=folder, **stored)
        good = _is_good(record)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    record.touched = [method for method in METHODS if method in record.touched or method in record.runs]
    record.runs = {method: rows for method, rows in record.runs.items() if _files_there(folder, method)}
    return record if good else None


def _is_good(record: Record) -> bool:
    """Return whether a record holds what the page shows, and methods that there are: their files may be removed."""
    named = all(type(each) is str for each in (record.content, record.style)) and type(record.settings) is dict
    rows = [row for table in record.runs.values() for row in table]
    numbers = all(
        COLUMNS.keys() <= row.keys() and {type(row[name]) for name in COLUMNS} <= {float, int} for row in rows
    )
    return named and numbers and all(record.runs.values()) and {*record.runs, *record.touched} <= {*METHODS}


def records_in(folder: Path, grid: Grid | None = None) -> list[Record]:
    """Return the records of all pairs in a comparison's folder, by name; with a grid, only those made with its settings."""
    try:
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    except OSError as error:
        raise ImageError(f"The folder {folder} cannot be read: {error.strerror}. Check its permissions.") from error
    found = (read_record(folder / name) for name in names)
    wanted = None if grid is None else settings_of(grid)
    return [record for record in found if record and record.runs and wanted in (None, record.settings)]


def names_of(picture: str) -> tuple[str, str, str]:
    """Return the file names of a picture in a pair's folder: itself, its low band, its high band."""
    return f"{picture}.png", f"{picture}_low.png", f"{picture}_high.png"


def _files_there(folder: Path, method: str) -> bool:
    names = [name for picture in ("content", "style", method) for name in names_of(picture)]
    return all((folder / name).is_file() for name in (*names, TABLE))


def _current_record(pair: Pair, grid: Grid) -> Record | None:
    """Return the record of a pair if it is about these very pictures and settings."""
    record = read_record(pair.folder)
    current = record and record.settings == settings_of(grid) and record.digests == pair.digests
    return record if current else None


# One run -----------------------------------------------------------------------------------------------------------------


def make(pair: Pair, method: str, network: Features, grid: Grid) -> Iterator[Step]:
    """Yield the steps of one method's run; after the last one, all about it is on the disk.

    Left before that, it leaves nothing.

    Raises:
        ImageError: if a picture cannot be read, or the result not be written. ShapeError: if a picture is too small.
        DivergenceError: as ``stylize``.
    """
    paths = grid.contents[pair.content], grid.styles[pair.style]
    content, style = (load_image(path, size=grid.settings.size) for path in paths)
    yardstick = Yardstick(content, style, network)
    run = stylize_dual(
        content,
        style,
        network,
        method=method,
        steps=grid.settings.steps,
        style_weight=grid.style_weights[0],
        init=grid.methods[method].init,
        tolerance=0.0,  # every method gets the same number of steps
        generator=torch.Generator().manual_seed(grid.seeds[0]),
    )
    rows = []
    for step in run:
        if step.index % EVERY == 0 or run.finished:
            rows.append(_row(step, yardstick(step.image)))
        yield step
    _keep(pair, grid, method, rows, {"content": content, "style": style, method: step.image})


def _row(step: Step, measured: dict[str, float]) -> dict[str, float]:
    """Return a row of the table: the step's own losses, and what the yardstick says of its image."""
    own = {"step": step.index, "scale": step.scale, **{name: getattr(step, name) for name in LOSSES}}
    classic = {"classic_content": measured["content_loss"], "classic_style": measured["style_loss"]}
    return {**own, **classic, **{name: measured[name] for name in SHOWN}}


def _keep(pair: Pair, grid: Grid, method: str, rows: list[dict[str, float]], pictures: Mapping[str, Tensor]) -> None:
    """Write a run's pictures and tables; the record, which says that they are there, comes last."""
    make_folder(pair.folder)
    older, record = read_record(pair.folder), _current_record(pair, grid)
    if record is None:
        record = Record(pair.folder, pair.content, pair.style, pair.digests, settings_of(grid))
    record.touched = sorted({method, *(older.touched if older else ())})
    _store(record)  # whatever happens now, it is known whose files these are
    for name in record.touched:
        if name not in (method, *record.runs):
            _remove(pair.folder, name)
    for name, picture in pictures.items():
        for image, file in zip((picture, LOW.show(picture), HIGH.show(picture)), names_of(name), strict=True):
            save_image(image, pair.folder / file)
    record.runs[method] = rows
    _write_rows(
        pair.folder / TABLE,
        ["method", "step", "scale", *COLUMNS],
        [{"method": name, **row} for name, table in record.runs.items() for row in table],
    )
    record.touched = sorted(record.runs)
    _store(record)


def _store(record: Record) -> None:
    stored = {key: value for key, value in vars(record).items() if key != "folder"}
    with replacing(record.folder / RECORD) as temporary:
        temporary.write_text(
            json.dumps({"format": FORMAT, "nstlib": __version__, **stored}, indent=1), encoding="utf-8"
        )


def _remove(folder: Path, method: str) -> None:
    """Remove the pictures of a run that no longer holds."""
    with suppress(OSError):
        for name in names_of(method):
            (folder / name).unlink(missing_ok=True)


# All of them -------------------------------------------------------------------------------------------------------------


def write_metrics(folder: Path, records: Iterable[Record]) -> Path:
    """Write the last row of every run to one table, and return where it is."""
    rows = [
        {"content_name": record.content, "style_name": record.style, "method": method, **record.final(method)}
        for record in records
        for method in record.runs
    ]
    return _write_rows(folder / METRICS, ["content_name", "style_name", "method", "step", "scale", *COLUMNS], rows)


def methods_in(records: Iterable[Record]) -> list[str]:
    """Return the methods that have a run, in the order of ``METHODS``."""
    found = {method for record in records for method in record.runs}
    return [method for method in METHODS if method in found]


def mean_of(records: Sequence[Record], method: str, column: str) -> float:
    """Return the mean of a column's last row over the pairs that have that method; NaN if none has."""
    return mean_over_pairs(_table(records), method, column)


def difference(records: Sequence[Record], method: str, baseline: str, column: str) -> tuple[Interval, int, int] | None:
    """Return how much more a method has of something than a baseline, in pairs that have both; None if none has.

    The mean with its interval, which is NaN with too few contents or styles; in how many pairs it is more; of how many.
    """
    found = differences(_table(records), method, baseline, column)
    found = found[np.isfinite(found).any(1)][:, np.isfinite(found).any(0)]
    return summary(found, 1, least=LEAST_FOR_INTERVAL) if found.size else None


def _table(records: Sequence[Record]) -> Table:
    """Return the last rows of all runs, as a study has them."""
    contents, styles = (tuple(sorted({getattr(record, each) for record in records})) for each in ("content", "style"))
    values = {
        (record.content, record.style, method, 0.0): record.final(method)
        for record in records
        for method in record.runs
    }
    return Table(contents, styles, tuple(methods_in(records)), values)


# Pieces ------------------------------------------------------------------------------------------------------------------


def _named(paths: Iterable[Path]) -> dict[str, Path]:
    """Return different files by different names."""
    taken: set[str] = set()
    return {unused(plain(path.stem), taken): path for path in different(paths)}


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Path:
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
    return path
