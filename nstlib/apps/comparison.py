"""Methods side by side: every content in every style by each of them, with tables and pictures to judge by (chapter 12).

A comparison is a folder, and each pair a folder in it::

    cat_brush/content.png, style.png, classic.png, dual.png      and of each its bands: ..._low.png, ..._high.png
    cat_brush/losses.csv                                         every 20 steps of each method: losses and measures
    cat_brush/pair.json                                          what was made, with which settings: written last
    metrics.csv                                                  the last row of every run

What ``pair.json`` does not list was not finished, and is made anew. ``nstlib.apps.contact_sheet`` adds the page to look at.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nstlib import __version__
from nstlib.dual import METHODS, View, stylize_dual
from nstlib.errors import ChoiceError, ResumeError, choice, whole_number
from nstlib.features import NETWORKS, Features
from nstlib.formats.files import make_folder, replacing
from nstlib.images import load_image, save_image
from nstlib.metrics import Interval, bootstrap_interval, pair_measures
from nstlib.objective import Objective, Style
from nstlib.transfer import CONTENT_LAYERS, INITS, STEPS, STYLE_LAYERS, STYLE_WEIGHT, Step, stylize

EVERY = 20  # steps between two rows of a table
SMALLEST = 16  # relu5_1 needs as much
# Between low and high, in pixels of the result: the "dual" preset pins the content's luminance below that.
SIGMA = 4.0
LOW, HIGH = View(coarser=SIGMA), View(finer=SIGMA)
RECORD, TABLE, METRICS = "pair.json", "losses.csv", "metrics.csv"
FORMAT = 1
LEAST_FOR_INTERVAL = 3  # contents, and styles: with fewer there is nothing to draw from


class Measure(NamedTuple):
    """A column of the tables: what it is called, and whether more of it is better (1), less (-1), or neither (0)."""

    label: str
    better: int
    meaning: str


LOSSES = {
    "total": Measure("loss, total", 0, "what the method lowered: no two methods' losses are comparable"),
    "content": Measure("loss, content", 0, "the method's own, whatever it asks of the content"),
    "style": Measure("loss, style", 0, "the method's own"),
    "tv": Measure("loss, smoothness", 0, "total variation"),
}
CLASSIC = {
    "classic_content": Measure("classic's content loss", 0, "of every method's picture, so that they can be compared"),
    "classic_style": Measure("classic's style loss", 0, "likewise"),
}
MEASURES = {
    "ssim": Measure("SSIM", 1, "structural similarity to the content, 1 if equal"),
    "edge_ssim": Measure("SSIM of edges", 1, "the same of how steep the luminance is"),
    "gram": Measure("Gram distance", -1, "to the style, in layers that no loss looks at"),
    "gram_gray": Measure("Gram distance, gray", -1, "the same in luminance alone: color cannot make up for strokes"),
    "color_to_content": Measure("color to content", 0, "how far colors are from the content's"),
    "color_to_style": Measure("color to style", 0, "how far colors are from the style's"),
    "chroma_noise": Measure("chroma noise", 0, "how much color changes from pixel to pixel"),
}
COLUMNS = {**LOSSES, **CLASSIC, **MEASURES}


@dataclass(frozen=True)
class Settings:
    """What all runs of a comparison have in common.

    Attributes:
        size: longer side of contents, styles and results in pixels.
        steps: updates of the pixels; no run ends earlier.
        style_weight: of ``stylize``. init: likewise.
        seed: of the start's noise, if it has any.
        network: a key of ``NETWORKS``.
    """

    size: int = 128
    steps: int = STEPS
    style_weight: float = STYLE_WEIGHT
    init: str = "content"
    seed: int = 0
    network: str = "vgg16"

    def check(self) -> None:
        """Raise a ChoiceError for what would else be found only after a network was loaded."""
        whole_number("size", self.size, SMALLEST)
        whole_number("steps", self.steps, 1)
        whole_number("seed", self.seed, 0)
        choice("init", self.init, INITS)
        choice("network", self.network, NETWORKS)
        if not 0 <= self.style_weight < math.inf:
            raise ChoiceError(f"style_weight must be a finite number, 0 or larger, got {self.style_weight!r}.")


@dataclass(frozen=True)
class Source:
    """A picture to start from: its file, what it is called in the comparison, and a digest of its bytes."""

    path: Path
    name: str
    digest: str


@dataclass(frozen=True)
class Pair:
    """A content, a style, and the folder for what is made of them."""

    content: Source
    style: Source
    folder: Path


@dataclass
class Record:
    """What is known of a pair, as ``pair.json`` holds it.

    Attributes:
        folder: of the pair. content: its name. style: its name.
        digests: of the two pictures. settings: as a dictionary.
        runs: for each method that reached its end the rows of its table, by column.
    """

    folder: Path
    content: str
    style: str
    digests: list[str]
    settings: dict[str, object]
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def is_of(self, pair: Pair, settings: Settings) -> bool:
        """Return whether it is about these very pictures and settings."""
        return self.settings == asdict(settings) and self.digests == [pair.content.digest, pair.style.digest]

    def final(self, method: str) -> dict[str, float]:
        """Return the last row of a method's table."""
        return self.runs[method][-1]


# What there is to do -----------------------------------------------------------------------------------------------------


def checked_methods(methods: Iterable[str]) -> tuple[str, ...]:
    """Return each method once, or raise a ChoiceError that lists those there are."""
    found = tuple(dict.fromkeys(choice("method", method, METHODS) for method in methods))
    if not found:
        raise ChoiceError(f"A comparison needs a method. Choose from: {', '.join(METHODS)}.")
    return found


def pairs_of(contents: Sequence[Path], styles: Sequence[Path], folder: Path) -> list[Pair]:
    """Return every content with every style, named after their files; a file given twice counts once.

    Files of the same name in different folders get numbers: cat, cat-2.
    """
    taken: set[str] = set()
    return [
        Pair(content, style, folder / _unused(f"{content.name}_{style.name}", taken))
        for content in _sources(contents)
        for style in _sources(styles)
    ]


def missing(pair: Pair, methods: Iterable[str], settings: Settings) -> list[str]:
    """Return the methods whose run is not there, or was made of other pictures or with other settings."""
    record = read_record(pair.folder)
    if record is None or not record.is_of(pair, settings):
        return list(methods)
    return [method for method in methods if method not in record.runs]


def check_folder(folder: Path, settings: Settings) -> None:
    """Raise a ResumeError if the folder holds pairs made with other settings: which, and what differs."""
    wanted = asdict(settings)
    for record in records_in(folder):
        differing = {name: record.settings.get(name) for name in wanted if record.settings.get(name) != wanted[name]}
        if differing:
            listed = ", ".join(f"{name} was {value}, now {wanted[name]}" for name, value in differing.items())
            raise ResumeError(
                f"{record.folder} was made with other settings: {listed}. Repeat them, choose another folder, or add "
                "--replace to make such pairs anew."
            )


# What is there -----------------------------------------------------------------------------------------------------------


def read_record(folder: Path) -> Record | None:
    """Return what is known of the pair in a folder; None if there is nothing, or nothing that can be read.

    Runs whose files are gone are left out.
    """
    try:
        stored = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if stored.pop("format") != FORMAT:
            return None
        del stored["nstlib"]
        record = Record(folder=folder, **stored)
        whole = all(rows and all(COLUMNS.keys() <= row.keys() for row in rows) for rows in record.runs.values())
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
    record.runs = {method: rows for method, rows in record.runs.items() if _files_there(folder, method)}
    return record if whole else None


def records_in(folder: Path, settings: Settings | None = None) -> list[Record]:
    """Return the records of all pairs in a comparison's folder, by name; with settings, only those made with them."""
    found = (read_record(path.parent) for path in sorted(folder.glob(f"*/{RECORD}")))
    wanted = None if settings is None else asdict(settings)
    return [record for record in found if record and record.runs and wanted in (None, record.settings)]


def _files_there(folder: Path, method: str) -> bool:
    names = [name for picture in ("content", "style", method) for name in names_of(picture)]
    return all((folder / name).is_file() for name in (*names, TABLE))


def names_of(picture: str) -> tuple[str, str, str]:
    """Return the file names of a picture in a pair's folder: itself, its low band, its high band."""
    return f"{picture}.png", f"{picture}_low.png", f"{picture}_high.png"


# One run -----------------------------------------------------------------------------------------------------------------


def make(pair: Pair, method: str, network: Features, settings: Settings) -> Iterator[Step]:
    """Yield the steps of one method's run; after the last one, all about it is on the disk.

    Left before that, it leaves nothing.

    Raises:
        ImageError: if a picture cannot be read, or the result not be written. ShapeError: if a picture is too small.
        DivergenceError: as ``stylize``.
    """
    content, style = (load_image(source.path, size=settings.size) for source in (pair.content, pair.style))
    judge = Judge(content, style, network)
    run = (stylize if method == "classic" else partial(stylize_dual, method=method))(
        content,
        style,
        network,
        steps=settings.steps,
        style_weight=settings.style_weight,
        init=settings.init,
        tolerance=0.0,  # every method gets the same number of steps
        generator=torch.Generator().manual_seed(settings.seed),
    )
    rows = []
    for step in run:
        if step.index % EVERY == 0 or run.finished:
            rows.append(judge.row(step))
        yield step
    _keep(pair, settings, method, rows, {"content": content, "style": style, method: step.image})


class Judge:
    """Measures the pictures of one pair by the same yardsticks, whatever made them."""

    def __init__(self, content: Tensor, style: Tensor, network: Features):
        self.content, self.style, self.network = content, style, network
        self._classic = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 1.0, 0.0))

    def row(self, step: Step) -> dict[str, float]:
        """Return a row of the table: the step's own losses, and what ``MEASURES`` says of its image."""
        own = {"step": step.index, "scale": step.scale, **{name: getattr(step, name) for name in LOSSES}}
        with torch.no_grad():
            _, content, style, _ = self._classic(step.image)
        return {**own, "classic_content": content.item(), "classic_style": style.item(), **self.measure(step.image)}

    def measure(self, image: Tensor) -> dict[str, float]:
        """Return ``MEASURES`` of an image of the content's shape."""
        return pair_measures(image, self.content, self.style, self.network)


def _keep(
    pair: Pair, settings: Settings, method: str, rows: list[dict[str, float]], pictures: Mapping[str, Tensor]
) -> None:
    """Write a run's pictures and tables; the record, which says that they are there, comes last."""
    make_folder(pair.folder)
    record = read_record(pair.folder)
    if record is None or not record.is_of(pair, settings):
        _forget(pair.folder, record)
        digests = [pair.content.digest, pair.style.digest]
        record = Record(pair.folder, pair.content.name, pair.style.name, digests, asdict(settings))
    for name, picture in pictures.items():
        for image, file in zip((picture, LOW.show(picture), HIGH.show(picture)), names_of(name), strict=True):
            save_image(image, pair.folder / file)
    record.runs[method] = rows
    _write_rows(
        pair.folder / TABLE,
        ["method", "step", "scale", *COLUMNS],
        [{"method": name, **row} for name, table in record.runs.items() for row in table],
    )
    stored = {key: value for key, value in vars(record).items() if key != "folder"}
    with replacing(pair.folder / RECORD) as temporary:
        temporary.write_text(
            json.dumps({"format": FORMAT, "nstlib": __version__, **stored}, indent=1), encoding="utf-8"
        )


def _forget(folder: Path, record: Record | None) -> None:
    """Remove a record that no longer holds, and the pictures it lists."""
    with suppress(OSError):
        (folder / RECORD).unlink(missing_ok=True)
        for method in () if record is None else record.runs:
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


class Difference(NamedTuple):
    """How a method differs from another one, pair by pair.

    Attributes:
        mean: over pairs. interval: 95 % of it, over styles and contents drawn again; None with too few of them.
        higher: in how many pairs it is higher. pairs: how many have both.
    """

    mean: float
    interval: Interval | None
    higher: int
    pairs: int


def mean_of(records: Iterable[Record], method: str, column: str) -> float:
    """Return the mean of a column's last row over the pairs that have that method; NaN if none has."""
    values = [record.final(method)[column] for record in records if method in record.runs]
    return float(np.mean(values)) if values else math.nan


def difference(records: Iterable[Record], method: str, baseline: str, column: str) -> Difference | None:
    """Return how much more a method has of something than a baseline, in pairs that have both; None if none has."""
    both = [record for record in records if {method, baseline} <= record.runs.keys()]
    if not both:
        return None
    contents, styles = (sorted({getattr(record, which) for record in both}) for which in ("content", "style"))
    table = np.full((len(styles), len(contents)), np.nan)
    for record in both:
        place = styles.index(record.style), contents.index(record.content)
        table[place] = record.final(method)[column] - record.final(baseline)[column]
    enough = min(table.shape) >= LEAST_FOR_INTERVAL
    found = table[np.isfinite(table)]
    interval = bootstrap_interval(table) if enough and found.size else None
    return Difference(float(np.mean(found)) if found.size else math.nan, interval, int((found > 0).sum()), len(both))


# Pieces ------------------------------------------------------------------------------------------------------------------


def _sources(paths: Sequence[Path]) -> list[Source]:
    taken: set[str] = set()
    different: dict[Path, Path] = {}
    for path in paths:
        different.setdefault(path.resolve(), path)
    return [Source(path, _unused(path.stem, taken), _digest(path)) for path in different.values()]


def _unused(name: str, taken: set[str]) -> str:
    """Return the name, or that name with the first number that nothing has, and note it as taken.

    Names that differ only in case count as equal: on some disks they are.
    """
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate.lower())
    return candidate


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:  # whoever loads it will say what is wrong
        return ""


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Path:
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({key: _short(value) for key, value in row.items()} for row in rows)
    return path


def _short(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
