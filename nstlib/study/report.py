"""Writes what a study says: a page of Markdown with its tables, and the figures that it shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from nstlib import figures
from nstlib.errors import ImageError, choice
from nstlib.files import replacing
from nstlib.study.analysis import Table, dominated_share, interval_against, make_table, mean_curve
from nstlib.study.measure import MEASURES
from nstlib.study.results import Row

SHOWN = ("ssim", "edge_ssim", "structure", "gram_gray", "color_to_style", "chroma_noise", "layout_leak", "palette_leak")
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
        parts += [_differences(table, method, baselines), _dominated(table), _at_the_same_images(table)]
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


def _differences(table: Table, method: str, baselines: Iterable[str]) -> str:
    lines = [
        f"## {method} minus each baseline, at the same held-out Gram distance",
        "Mean over pairs, where both curves reach; 95 % interval over styles, then contents; pairs in which it is better.",
    ]
    for measure in SHOWN:
        better = {1: "more is better", -1: "less is better", 0: "neither is better"}[MEASURES[measure].better]
        lines.append(f"**{MEASURES[measure].meaning}** (`{measure}`, {better})")
        found = []
        for name in baselines:
            (mean, low, high), won, compared = interval_against(table, method, name, measure)
            count = "" if MEASURES[measure].better == 0 else f"{won} of {compared}"
            found.append(f"| {name} | {_signed(mean)} | {_signed(low)} .. {_signed(high)} | {count} |")
        lines.append("\n".join(["| against | difference | interval | better |", "|---|---|---|---|", *found]))
    lines.append("![The same intervals, drawn.](intervals.png)")
    return "\n\n".join(lines)


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


def _at_the_same_images(table: Table) -> str:
    rows = []
    for name in table.methods:
        found = [value["conflict"] for key, value in table.values.items() if key[2] == name]
        found = [value for value in found if np.isfinite(value)]
        if found:
            rows.append(f"| {name} | {np.mean(found):+.2f} | {np.min(found):+.2f} .. {np.max(found):+.2f} |")
    return "\n".join(
        [
            "## Conflict: cosine between the two goals' gradients, at the same images on the way of the classic transfer\n",
            "| method | mean | from .. to |",
            "|---|---|---|",
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
