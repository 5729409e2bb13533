"""Writes what a study says: a page of Markdown with its tables, and the figures that it shows."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nstlib import figures
from nstlib.analysis import (
    Table,
    dominated_share,
    exchange_rates,
    interval_against,
    make_table,
    mean_curve,
    regret_differences,
    summary,
)
from nstlib.apps.outputs import Output, check_outputs, check_places
from nstlib.apps.study.measure import WALKERS
from nstlib.apps.study.results import Row
from nstlib.errors import ImageError, choice
from nstlib.formats.files import make_folder, replacing
from nstlib.metrics import MEASURES, Interval

SHOWN = (
    "ssim",
    "edge_ssim",
    "structure",
    "gram_gray",
    "gram_random",
    "color_to_style",
    "chroma_noise",
    "layout_leak",
    "palette_leak",
)
PAGE, INTERVALS, CURVES = "report.md", "intervals.png", "curves.png"
AUTHOR = "nst study report"  # stands in all its files
MARK = f"<!-- {AUTHOR} -->"
OLDER = re.compile(rb"# .* against the others\n\n\d+ runs: ")
TRADE_OFFS = ("ssim", "edge_ssim", "structure")


def write_report(rows: Sequence[Row], folder: Path, *, method: str = "dual") -> Path:
    """Write ``report.md`` and its figures: one method against each of the others, at the same style.

    Args:
        rows: from ``read_rows``. folder: where to; it is made if it is not there. method: which one is in question.

    Returns:
        The path of the page.

    Raises:
        ChoiceError: if there are no rows, or none of that method. ImageError: if the folder cannot be written.
    """
    table = make_table(rows)
    choice("method", method, table.methods)
    baselines = [name for name in table.methods if name != method]
    folder = Path(folder)
    make_folder(folder, parents=True)
    if baselines:
        _save(folder / INTERVALS, _interval_figure(table, method, baselines))
    _save(folder / CURVES, _curve_figure(table))
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["cell"] = _cell
    text = templates.get_template("report.md").render(
        **_found(rows, table, method, baselines),
        mark=MARK,
        rows=rows,
        table=table,
        method=method,
        baselines=baselines,
        measures=MEASURES,
        shown=SHOWN,
        trade_offs=TRADE_OFFS,
    )
    page = folder / PAGE
    with replacing(page) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return page


def check_report(folder: Path, results: Path) -> None:
    """Raise an ImageError if a report would replace its results, or a file that no report wrote."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise ImageError(f"{folder} is no folder. Choose another --output.")
    outputs = [Output(folder / PAGE, "the report", extensions=(".md",))]
    outputs += [Output(folder / name, "a figure") for name in (INTERVALS, CURVES)]
    check_outputs(outputs, [results], kind="files")
    page = _begin_of(folder / PAGE)
    ours = page.startswith(MARK.encode()) or OLDER.match(page)
    for output in outputs:
        if os.path.lexists(output.path):
            shown = ours and output.path.name != PAGE and output.path.name.encode() in page
            if not (ours if output.path.name == PAGE else shown or AUTHOR.encode() in _begin_of(output.path)):
                raise ImageError(
                    f"{output.path} is there already, and nst study report does not know it as its own. Move it away, or "
                    f"choose another {output.option}."
                )
    if os.path.isdir(folder):
        check_places(outputs)


def _begin_of(path: Path) -> bytes:
    """Return the first megabyte of a file; nothing if it is none, or cannot be read."""
    with suppress(OSError):
        if os.path.isfile(path):
            with path.open("rb") as file:
                return file.read(1 << 20)
    return b""


def _found(rows: Sequence[Row], table: Table, method: str, baselines: Sequence[str]) -> dict[str, Any]:
    """Return what the page shows: the cells of its tables, row by row."""
    regrets = {name: summary(regret_differences(table, method, name), better=-1) for name in baselines}
    shares = [dominated_share(table, measure) for measure in TRADE_OFFS]
    conflicts = {name: [_spread(table, name, measure) for measure in WALKERS] for name in table.methods}

    def differences(measure: str, by: str) -> list[tuple[str, ...]]:
        found = {name: interval_against(table, method, name, measure, by=by) for name in baselines}
        return [_interval_row(name, *each, counted=MEASURES[measure].better != 0) for name, each in found.items()]

    return {
        "hours": sum(float(row["seconds"]) for row in rows if row["seconds"]) / 3600,
        "versions": sorted({f"nstlib {row['nstlib']} with torch {row['torch']}" for row in rows}),
        "recipes": sorted({(row["method"], row["recipe"]) for row in rows}),
        "differences": differences,
        "regrets": [_interval_row(name, *each) for name, each in regrets.items() if each[2]],
        "dominated_heads": ["method", *(f"style and {measure}" for measure in TRADE_OFFS)],
        "dominated": [(name, *(f"{share[name]:.0%}" for share in shares)) for name in table.methods],
        "price_heads": ["method", *TRADE_OFFS],
        "prices": [(name, *(_price(table, name, measure) for measure in TRADE_OFFS)) for name in table.methods],
        "conflict_heads": ["method", *(f"on the way of {walker}" for walker in WALKERS.values())],
        "conflicts": [(name, *cells) for name, cells in conflicts.items() if any(cells)],
    }


def _interval_row(name: str, interval: Interval, won: int, compared: int, *, counted: bool = True) -> tuple[str, ...]:
    mean, low, high = (_signed(value) for value in interval)
    return name, mean, f"{low} .. {high}", f"{won} of {compared}" if counted else ""


def _price(table: Table, method: str, measure: str) -> str:
    found = exchange_rates(table, method, measure)
    return f"{np.nanmean(found):+.3f}" if np.isfinite(found).any() else ""


def _spread(table: Table, method: str, measure: str) -> str:
    """Return the mean of a measure over all runs of a method, and between which values they lie."""
    values = [value[measure] for key, value in table.values.items() if key[2] == method]
    found = [value for value in values if np.isfinite(value)]
    return f"{np.mean(found):+.2f} ({min(found):+.2f} .. {max(found):+.2f})" if found else ""


def _interval_figure(table: Table, method: str, baselines: Sequence[str]) -> figures.Figure:
    panels = {
        measure: {_label(name): tuple(interval_against(table, method, name, measure)[0]) for name in baselines}
        for measure in (*TRADE_OFFS, "gram_gray")
    }
    return figures.plot_intervals(panels, xlabels=[_direction(measure) for measure in panels])


def _curve_figure(table: Table) -> figures.Figure:
    panels = {
        measure: {_label(name): mean_curve(table, name, measure) for name in table.methods} for measure in TRADE_OFFS
    }
    return figures.plot_tradeoffs(panels, xlabel="distance from the style")


def _cell(text: str) -> str:
    """Return a text as a cell of a table shows it, whatever the names of methods hold."""
    return " ".join(text.split()).replace("|", "\\|")


def _label(name: str) -> str:
    """Return a name as a figure shows it: between two dollar signs would stand a formula."""
    return name.replace("$", r"\$")


def _direction(measure: str) -> str:
    return {1: "right is better", -1: "left is better", 0: ""}[MEASURES[measure].better]


def _signed(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:+.3f}"


def _save(path: Path, figure: figures.Figure) -> None:
    with replacing(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # that its font lacks a letter of a name can be seen
        figure.savefig(os.fspath(temporary), format="png", dpi=150, metadata={"Software": AUTHOR})
