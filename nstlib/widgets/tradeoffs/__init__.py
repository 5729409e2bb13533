"""The trade-off explorer: a study's results, style against content, with the methods' curves at one style."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import anywidget
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib import figures
from nstlib.analysis import Table, mean_curve
from nstlib.errors import ChoiceError, choice
from nstlib.metrics import MEASURES
from nstlib.widgets.explorer import Page, make_explorer

CONTENT = ("ssim", "edge_ssim", "structure")
STYLE = {"gram": "in color", "gram_gray": "in luminance", "gram_random": "in an untrained network"}
DIGITS = 7  # significant ones
ALT = "Curves of {methods}, means over {pairs} pairs: {measure} over the distance from the style, logarithmic."


def explore_tradeoffs(
    table: Table,
    *,
    measures: Sequence[str] = CONTENT,
    baseline: str | None = None,
    shown: Sequence[str] | None = None,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: each result of a study as a dot, each method as a curve, and all of them read off at one style.

    Its numbers are those of ``metrics.pareto_front``, ``content_at_style``, ``matched_style_difference`` and
    ``hypervolume``; means over pairs are those of ``study.analysis``: ``mean_curve``, and the mean of
    ``matched_differences``. With a kernel behind it, its ``at``, ``measure``, ``distance`` and ``baseline`` can be read.

    Args:
        table: from ``study.analysis.make_table``.
        measures: of the content, keys of ``study.measure.MEASURES``; the first is shown at the start.
        baseline: the method that the others are compared with; None means "classic" if it is there, else the first.
        shown: the methods that are switched on at the start; None means all.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no such measure or method, no measure or method at all, or no result that has them.
    """
    if not isinstance(table, Table):
        raise ChoiceError(f"explore_tradeoffs needs a table of nstlib.analysis.make_table, got {type(table).__name__}.")
    names = [choice("measure", name, MEASURES) for name in ([measures] if isinstance(measures, str) else measures)]
    if not names:
        raise ChoiceError(f"explore_tradeoffs needs at least one measure. Choose from: {', '.join(MEASURES)}.")
    if baseline is None:
        baseline = "classic" if "classic" in table.methods else table.methods[0]
    choice("method", baseline, table.methods)
    if not (on := {choice("method", name, table.methods) for name in (table.methods if shown is None else shown)}):
        raise ChoiceError(f"explore_tradeoffs needs at least one method. Choose from: {', '.join(table.methods)}.")
    curve = mean_curve(table, baseline, names[0])
    if not curve[0]:
        raise ChoiceError(
            f"No result of {baseline!r} has both gram and {names[0]}. Choose another baseline or measure."
        )
    state = {
        "contents": list(table.contents),
        "styles": list(table.styles),
        "methods": list(table.methods),
        "measures": [{"label": MEASURES[name].meaning, "better": MEASURES[name].better} for name in names],
        "distances": [{"label": MEASURES[name].meaning, "name": short} for name, short in STYLE.items()],
        "rows": _rows(table, (*STYLE, *names)),
        "measure": 0,
        "distance": 0,
        "baseline": table.methods.index(baseline),
        "shown": [k for k, name in enumerate(table.methods) if name in on],
        "at": _short(math.exp(np.log(curve[0]).mean())),
    }
    pairs = len({key[:2] for key in table.values})
    alt = ALT.format(methods=", ".join(table.methods), pairs=pairs, measure=MEASURES[names[0]].meaning)
    return make_explorer("tradeoffs", state, still=[_drawn(table, names[0])], alt=alt, static=static)


def _rows(table: Table, names: Sequence[str]) -> list[list[float | None]]:
    """Return for each result its content, style and method as places in their lists, its weight, and its measures."""
    kinds = table.contents, table.styles, table.methods
    return [
        [*(kind.index(name) for kind, name in zip(kinds, key[:3], strict=True)), key[3]]
        + [_short(value.get(name, math.nan)) for name in names]
        for key, value in table.values.items()
    ]


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _drawn(table: Table, measure: str) -> Tensor:
    """Return the mean curves as a picture, shape (3, H, W)."""
    curves = {method: mean_curve(table, method, measure) for method in table.methods}
    figure = figures.plot_tradeoffs({MEASURES[measure].meaning: curves}, xlabel=MEASURES["gram"].meaning)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, facecolor="white")
    with Image.open(buffer) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1) / 255
