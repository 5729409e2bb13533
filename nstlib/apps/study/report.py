"""Writes what a study says: a page of Markdown with its tables, and the figures that it shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
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
from nstlib.errors import choice
from nstlib.formats.files import make_folder, replacing
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
    make_folder(folder, parents=True)
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
    recipes = sorted({(row["method"], row["recipe"]) for row in rows})
    return (
        f"# {method} against the others\n\n{len(rows)} runs: {len(table.contents)} contents x {len(table.styles)} styles, "
        f"{len(table.methods)} methods; network {first['network']}, {first['size']} px, {first['steps']} steps of "
        f"{first['optimizer']}; {hours:.1f} hours of processor time; {versions}.\n\n"
        + _markdown(("method", "loss, start, channels"), recipes)
    )


def _differences(table: Table, method: str, baselines: Sequence[str]) -> str:
    lines = [
        f"## {method} minus each baseline, at the same held-out Gram distance",
        "Mean over pairs, where both curves reach; 95 % interval over styles, then contents; pairs in which it is better.",
        *(_against(table, method, baselines, measure) for measure in SHOWN),
        "![The same intervals, drawn.](intervals.png)",
    ]
    return "\n\n".join(lines)


def _in_gray(table: Table, method: str, baselines: Sequence[str]) -> str:
    lines = [
        f"## {method} minus each baseline, at the same held-out Gram distance in luminance",
        "For methods that leave the colors alone, whose curves have no distance in color in common with others.",
        *(_against(table, method, baselines, measure, by="gram_gray") for measure in TRADE_OFFS),
    ]
    return "\n\n".join(lines)


def _against(table: Table, method: str, baselines: Sequence[str], measure: str, **options: str) -> str:
    better = MEASURES[measure].better
    title = {1: "more is better", -1: "less is better", 0: "neither is better"}[better]
    rows = []
    for name in baselines:
        interval, won, compared = interval_against(table, method, name, measure, **options)
        rows.append(_interval_row(name, interval, "" if better == 0 else f"{won} of {compared}"))
    head = f"**{MEASURES[measure].meaning}** (`{measure}`, {title})\n\n"
    return head + _markdown(("against", "difference", "interval", "better"), rows)


def _regrets(table: Table, method: str, baselines: Sequence[str]) -> str:
    found = {name: summary(regret_differences(table, method, name), better=-1) for name in baselines}
    rows = [_interval_row(name, each, f"{won} of {of}") for name, (each, won, of) in found.items() if of]
    head = f"## Regret of the classic content loss: {method} minus each baseline, at the same classic style loss\n\n"
    return head + _markdown(("against", "difference of logarithms", "interval", "better"), rows)


def _interval_row(name: str, interval: Interval, count: str) -> tuple[str, ...]:
    mean, low, high = interval
    return name, _signed(mean), f"{_signed(low)} .. {_signed(high)}", count


def _dominated(table: Table) -> str:
    shares = {measure: dominated_share(table, measure) for measure in TRADE_OFFS}
    rows = [(name, *(f"{shares[measure][name]:.0%}" for measure in TRADE_OFFS)) for name in table.methods]
    head = "## Results that another method's result on the same pair dominates\n\n"
    return head + _markdown(("method", *(f"style and {measure}" for measure in TRADE_OFFS)), rows)


def _prices(table: Table) -> str:
    rows = []
    for name in table.methods:
        found = [exchange_rates(table, name, measure) for measure in TRADE_OFFS]
        rows.append((name, *(f"{np.nanmean(each):+.3f}" if np.isfinite(each).any() else "" for each in found)))
    head = "## What a halving of the distance from the style takes from each measure\n\n"
    return head + _markdown(("method", *TRADE_OFFS), rows)


def _at_the_same_images(table: Table) -> str:
    rows = []
    for name in table.methods:
        values = [[value[measure] for key, value in table.values.items() if key[2] == name] for measure in WALKERS]
        found = [[value for value in each if np.isfinite(value)] for each in values]
        cells = [f"{np.mean(each):+.2f} ({min(each):+.2f} .. {max(each):+.2f})" if each else "" for each in found]
        rows += [(name, *cells)] if any(cells) else []
    head = "## Conflict: cosine between the two goals' gradients, at the same images for all methods\n\n"
    return head + _markdown(("method", *(f"on the way of {walker}" for walker in WALKERS.values())), rows)


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]])


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
