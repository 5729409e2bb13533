"""Writes what a study says: a page of Markdown with its tables, and the figures that it shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nstlib import figures
from nstlib.apps.study.analysis import (
    Table,
    dominated_share,
    exchange_rates,
    interval_against,
    make_table,
    mean_curve,
    regret_differences,
    summary,
)
from nstlib.apps.study.measure import MEASURES, WALKERS
from nstlib.apps.study.results import Row
from nstlib.errors import ImageError, choice
from nstlib.formats.files import replacing
from nstlib.metrics import Interval

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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"The folder {folder} cannot be made: {error.strerror}. Choose another one.") from error
    parts = [_head(rows, table, method)]
    if baselines:
        parts += [_differences(table, method, baselines), _in_gray(table, method, baselines)]
        parts += [_regrets(table, method, baselines), _dominated(table), _prices(table), _at_the_same_images(table)]
        _save(folder / "intervals.png", _interval_figure(table, method, baselines))
    _save(folder / "curves.png", _curve_figure(table))
    parts.append(
        "## Curves\n\n![Mean curves of each method: content measures over the distance from the style.](curves.png)"
    )
    page = folder / "report.md"
    with replacing(page) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _head(rows: Sequence[Row], table: Table, method: str) -> str:
    first = rows[0]
    hours = sum(float(row["seconds"]) for row in rows if row["seconds"]) / 3600
    versions = ", ".join(sorted({f"nstlib {row['nstlib']} with torch {row['torch']}" for row in rows}))
    recipes = "\n".join(f"| {name} | {recipe} |" for name, recipe in sorted({(r["method"], r["recipe"]) for r in rows}))
    return (
        f"# {method} against the others\n\n{len(rows)} runs: {len(table.contents)} contents x {len(table.styles)} styles, "
        f"{len(table.methods)} methods; network {first['network']}, {first['size']} px, {first['steps']} steps of "
        f"{first['optimizer']}; {hours:.1f} hours of processor time; {versions}.\n\n| method | loss, start, channels |\n"
        f"|---|---|\n{recipes}"
    )


def _differences(table: Table, method: str, baselines: Sequence[str]) -> str:
    lines = [
        f"## {method} minus each baseline, at the same held-out Gram distance",
        "Mean over pairs, where both curves reach; 95 % interval over styles, then contents; pairs in which it is better.",
    ]
    lines += [_against(table, method, baselines, measure) for measure in SHOWN]
    lines.append("![The same intervals, drawn.](intervals.png)")
    return "\n\n".join(lines)


def _in_gray(table: Table, method: str, baselines: Sequence[str]) -> str:
    lines = [
        f"## {method} minus each baseline, at the same held-out Gram distance in luminance",
        "For methods that leave the colors alone, whose curves have no distance in color in common with others.",
    ]
    return "\n\n".join(lines + [_against(table, method, baselines, measure, by="gram_gray") for measure in TRADE_OFFS])


def _against(table: Table, method: str, baselines: Sequence[str], measure: str, **options: str) -> str:
    better = MEASURES[measure].better
    title = {1: "more is better", -1: "less is better", 0: "neither is better"}[better]
    rows = []
    for name in baselines:
        interval, won, compared = interval_against(table, method, name, measure, **options)
        rows.append(_interval_row(name, interval, "" if better == 0 else f"{won} of {compared}"))
    head = f"**{MEASURES[measure].meaning}** (`{measure}`, {title})"
    return "\n".join([head, "", "| against | difference | interval | better |", "|---|---|---|---|", *rows])


def _regrets(table: Table, method: str, baselines: Sequence[str]) -> str:
    rows = []
    for name in baselines:
        interval, won, compared = summary(regret_differences(table, method, name), better=-1)
        if compared:
            rows.append(_interval_row(name, interval, f"{won} of {compared}"))
    return "\n".join(
        [
            f"## Regret of the classic content loss: {method} minus each baseline, at the same classic style loss\n",
            "| against | difference of logarithms | interval | better |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _interval_row(name: str, interval: Interval, count: str) -> str:
    mean, low, high = interval
    return f"| {name} | {_signed(mean)} | {_signed(low)} .. {_signed(high)} | {count} |"


def _dominated(table: Table) -> str:
    shares = {measure: dominated_share(table, measure) for measure in TRADE_OFFS}
    rows = [
        "| " + " | ".join([name, *(f"{shares[measure][name]:.0%}" for measure in TRADE_OFFS)]) + " |"
        for name in table.methods
    ]
    return "\n".join(
        [
            "## Results that another method's result on the same pair dominates\n",
            "| method | " + " | ".join(f"style and {measure}" for measure in TRADE_OFFS) + " |",
            "|---" * (1 + len(TRADE_OFFS)) + "|",
            *rows,
        ]
    )


def _prices(table: Table) -> str:
    rows = []
    for name in table.methods:
        found = [exchange_rates(table, name, measure) for measure in TRADE_OFFS]
        means = [f"{np.nanmean(each):+.3f}" if np.isfinite(each).any() else "" for each in found]
        rows.append("| " + " | ".join([name, *means]) + " |")
    return "\n".join(
        [
            "## What a halving of the distance from the style takes from each measure\n",
            "| method | " + " | ".join(TRADE_OFFS) + " |",
            "|---" * (1 + len(TRADE_OFFS)) + "|",
            *rows,
        ]
    )


def _at_the_same_images(table: Table) -> str:
    rows = []
    for name in table.methods:
        cells = []
        for measure in WALKERS:
            found = [value[measure] for key, value in table.values.items() if key[2] == name]
            found = [value for value in found if np.isfinite(value)]
            cells.append(f"{np.mean(found):+.2f} ({np.min(found):+.2f} .. {np.max(found):+.2f})" if found else "")
        if any(cells):
            rows.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(
        [
            "## Conflict: cosine between the two goals' gradients, at the same images for all methods\n",
            "| method | " + " | ".join(f"on the way of {walker}" for walker in WALKERS.values()) + " |",
            "|---" * (1 + len(WALKERS)) + "|",
            *rows,
        ]
    )


def _interval_figure(table: Table, method: str, baselines: Sequence[str]) -> figures.Figure:
    panels = {
        measure: {name: tuple(interval_against(table, method, name, measure)[0]) for name in baselines}
        for measure in (*TRADE_OFFS, "gram_gray")
    }
    return figures.plot_intervals(panels, xlabels=[_direction(measure) for measure in panels])


def _curve_figure(table: Table) -> figures.Figure:
    panels = {measure: {name: mean_curve(table, name, measure) for name in table.methods} for measure in TRADE_OFFS}
    return figures.plot_tradeoffs(panels, xlabel="distance from the style")


def _direction(measure: str) -> str:
    return {1: "right is better", -1: "left is better", 0: ""}[MEASURES[measure].better]


def _signed(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:+.3f}"


def _save(path: Path, figure: figures.Figure) -> None:
    with replacing(path) as temporary:
        figure.savefig(os.fspath(temporary), format="png", dpi=150)
