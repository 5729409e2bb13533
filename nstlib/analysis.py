"""Reads a study: every pair has its own curve for each method, and methods are compared at the same style, pair by pair.

A weight is no unit: two methods at the same beta differ in style as well as in content, and more style always costs content.
So a method is the *curve* that its weights trace, and the question is which curve lies higher where both reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nstlib import metrics
from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.metrics import MEASURES, Interval

STYLE = "gram"  # the measure of style at which methods are compared
Curve = tuple[list[float], list[float]]
Row = dict[str, str]  # of a file of results, by column


@dataclass(frozen=True)
class Table:
    """The rows of a study, looked up by what was run.

    Attributes:
        contents, styles, methods: their names, in the order of the rows.
        values: from (content, style, method, weight) to the measures, means over seeds.
    """

    contents: tuple[str, ...]
    styles: tuple[str, ...]
    methods: tuple[str, ...]
    values: Mapping[tuple[str, str, str, float], Mapping[str, float]]

    def weights(self, content: str, style: str, method: str) -> list[float]:
        """Return the style weights that a method was run with on a pair, ascending."""
        return sorted(key[3] for key in self.values if key[:3] == (content, style, method))

    def curve(self, content: str, style: str, method: str, measure: str, *, by: str = STYLE) -> Curve:
        """Return a method's curve on a pair: distances from the style, and a measure, one of each for every weight.

        Raises:
            ChoiceError: if there is no such measure.
        """
        choice("measure", measure, MEASURES)
        choice("measure", by, MEASURES)
        found = [self.values[content, style, method, weight] for weight in self.weights(content, style, method)]
        found = [each for each in found if np.isfinite(each.get(by, np.nan)) and np.isfinite(each.get(measure, np.nan))]
        return [each[by] for each in found], [each[measure] for each in found]

    def without(self, pairs: Iterable[tuple[str, str]]) -> Table:
        """Return the table without some pairs, (content, style): those that a method was made with, for example."""
        left_out = set(pairs)
        return Table(
            self.contents,
            self.styles,
            self.methods,
            {key: value for key, value in self.values.items() if key[:2] not in left_out},
        )


@door
def make_table(rows: Sequence[Row]) -> Table:
    """Return the rows of ``read_rows`` as numbers, means over seeds.

    Raises:
        ChoiceError: if there are no rows, or they are of several networks, sizes or other settings: what they differ in.
    """
    if not rows:
        raise ChoiceError("There are no rows yet: run the study first.")
    for name in ("network", "size", "steps", "optimizer", "tv_weight"):
        if len(found := sorted({row[name] for row in rows})) > 1:
            raise ChoiceError(
                f"The rows are of several studies: {name} is {', '.join(found)}. Compare those of one of them."
            )
    for own, of in (("recipe", ("method",)), ("pictures", ("content", "style", "method"))):
        known: dict[tuple[str, ...], str] = {}
        for row in rows:
            name = tuple(row[each] for each in of)
            if known.setdefault(name, row[own]) != row[own]:
                raise ChoiceError(
                    f"The rows of {', '.join(name)} are of two kinds: {own} {known[name]!r} and {row[own]!r}. Keep those of "
                    "one."
                )
    seeds: dict[tuple[str, str, str, float], list[Row]] = {}
    for row in rows:
        seeds.setdefault((row["content"], row["style"], row["method"], float(row["style_weight"])), []).append(row)
    return Table(
        *(tuple(dict.fromkeys(row[name] for row in rows)) for name in ("content", "style", "method")),
        {key: {name: _mean(found, name) for name in MEASURES} for key, found in seeds.items()},
    )


@door
def matched_differences(table: Table, method: str, baseline: str, measure: str, *, by: str = STYLE) -> np.ndarray:
    """Return how much more of a measure a method has than a baseline at the same style, for each pair.

    Args:
        table: from ``make_table``. method, baseline: names of methods. measure, by: keys of ``MEASURES``.

    Returns:
        Shape (styles, contents); NaN for a pair whose curves have no style distance in common.

    Raises:
        ChoiceError: if there is no such method or measure.
    """
    for name in (method, baseline):
        choice("method", name, table.methods)

    def difference(content: str, style: str) -> float:
        curves = [table.curve(content, style, name, measure, by=by) for name in (method, baseline)]
        reach = all(styles for styles, _ in curves)
        return metrics.matched_style_difference(*curves[0], *curves[1]) if reach else np.nan

    return _by_pair(table, difference)


@door
def differences(table: Table, method: str, baseline: str, measure: str) -> np.ndarray:
    """Return how much more of a measure a method has than a baseline at the same weights: shape (styles, contents)."""

    def difference(content: str, style: str) -> float:
        one, other = (_over_weights(table, content, style, name, measure) for name in (method, baseline))
        return one - other

    return _by_pair(table, difference)


@door
def mean_over_pairs(table: Table, method: str, measure: str) -> float:
    """Return the mean of a measure over the pairs that a method was run on; NaN if there are none."""
    found = _by_pair(table, lambda content, style: _over_weights(table, content, style, method, measure))
    return float(np.nanmean(found)) if np.isfinite(found).any() else np.nan


@door
def interval_against(
    table: Table, method: str, baseline: str, measure: str, *, by: str = STYLE
) -> tuple[Interval, int, int]:
    """Return the mean difference at the same style with its interval, of how many pairs it is better, and of how many.

    The interval is of ``nstlib.metrics.bootstrap_interval``: over styles, then contents. NaN if no pair can be compared.
    """
    return summary(matched_differences(table, method, baseline, measure, by=by), MEASURES[measure].better or 1)


@door
def summary(differences: np.ndarray, better: int, *, least: int = 1) -> tuple[Interval, int, int]:
    """Return what ``interval_against`` does, of differences for each pair, shape (styles, contents).

    Args:
        better: +1 if more is better, -1 if less is. least: so many styles and contents an interval needs; else it is NaN.
    """
    compared = differences[np.isfinite(differences)]
    interval = Interval(float(np.mean(compared)) if len(compared) else np.nan, np.nan, np.nan)
    if len(compared) and min(differences.shape) >= least:
        interval = metrics.bootstrap_interval(differences)
    return interval, int((better * compared > 0).sum()), len(compared)


@door
def regret_differences(table: Table, method: str, baseline: str) -> np.ndarray:
    """Return how much more regret a method has than a baseline, at the same classic style loss, for each pair.

    Regret (``nstlib.metrics.regret``) is the log of a goal's loss in a joint run over its loss when it is optimized alone.
    Alone, from the content image, the content loss stays 0, so the regret itself is infinite; but that denominator is the
    same for every method, and the *difference* of two regrets is the log of a ratio of two joint losses.

    Args:
        table, method, baseline: as for ``matched_differences``.

    Returns:
        Shape (styles, contents); below 0 where the method keeps more of the classic content loss's goal; NaN as there.
    """
    logs = {key: {**value, "content_loss": _log(value["content_loss"])} for key, value in table.values.items()}
    return matched_differences(replace(table, values=logs), method, baseline, "content_loss", by="style_loss")


@door
def exchange_rates(table: Table, method: str, measure: str, *, by: str = STYLE) -> np.ndarray:
    """Return what a method pays for style: how much of a measure goes when the distance from the style is halved.

    The two weights of a loss act through their ratio, so what they do to content and style has one direction, the curve's.
    Its slope says how much of a step toward the style is also a step away from the content: 0 if the goals do not meet.

    Args:
        table, method, measure, by: as for ``Table.curve``.

    Returns:
        Shape (styles, contents): the least-squares slope of each pair's curve over the base-2 logarithm of the distance, in
        units of the measure, above 0 where the measure falls on the way to the style; NaN with fewer than two points.
    """
    choice("method", method, table.methods)

    def slope(content: str, style: str) -> float:
        distances, values = table.curve(content, style, method, measure, by=by)
        return np.polyfit(np.log2(distances), values, 1)[0] if len(set(distances)) > 1 else np.nan

    return _by_pair(table, slope)


@door
def dominated_share(table: Table, measure: str, *, by: str = STYLE) -> dict[str, float]:
    """Return for each method what share of its results another method's result on the same pair dominates.

    Dominated: at least as near to the style, at least as good in the measure, and better in one of the two.
    """
    better = MEASURES[choice("measure", measure, MEASURES)].better or 1
    counts = {method: [0, 0] for method in table.methods}
    for content in table.contents:
        for style in table.styles:
            owners, points = [], []
            for method in table.methods:
                styles, contents = table.curve(content, style, method, measure, by=by)
                owners += [method] * len(styles)
                points += [(x, -better * y) for x, y in zip(styles, contents, strict=True)]
            if points:
                for owner, kept in zip(owners, metrics.pareto_front(np.array(points)), strict=True):
                    counts[owner][0] += not kept
                    counts[owner][1] += 1
    return {method: dominated / total if total else np.nan for method, (dominated, total) in counts.items()}


@door
def mean_curve(table: Table, method: str, measure: str, *, by: str = STYLE) -> Curve:
    """Return a method's curve averaged over pairs: for each weight the means, style distances over their logarithm."""
    choice("measure", measure, MEASURES)
    styles, contents = [], []
    for weight in sorted({key[3] for key in table.values if key[2] == method}):
        found = [value for key, value in table.values.items() if key[2:] == (method, weight)]
        points = [(each[by], each[measure]) for each in found if np.isfinite(each[by]) and np.isfinite(each[measure])]
        if points:
            x, y = np.array(points).T
            styles.append(float(np.exp(np.log(x).mean())))
            contents.append(float(y.mean()))
    return styles, contents


def _by_pair(table: Table, value: Callable[[str, str], float]) -> np.ndarray:
    """Return what a function of content and style says of each pair, shape (styles, contents)."""
    return np.array([[value(content, style) for content in table.contents] for style in table.styles], dtype=float)


def _over_weights(table: Table, content: str, style: str, method: str, measure: str) -> float:
    """Return the mean of a measure over the weights that a method was run with on a pair; NaN if there are none."""
    choice("measure", measure, MEASURES)
    found = [table.values[content, style, method, weight][measure] for weight in table.weights(content, style, method)]
    return float(np.mean(found)) if found else np.nan


def _log(value: float) -> float:
    return float(np.log(value)) if value > 0 else np.nan


def _mean(rows: Sequence[Row], name: str) -> float:
    values = [float(row[name]) for row in rows if row[name]]
    return float(np.mean(values)) if values else float("nan")


@dataclass(frozen=True)
class Readings:
    """Which contents and styles of unseen pairs were told right, shape (styles, contents) each: True where they were."""

    content: np.ndarray
    style: np.ndarray


@door
def read_unseen(vectors: np.ndarray) -> Readings:
    """Return which contents and styles can be read from pictures, each by pictures of *other* styles or contents.

    The content of picture (i, j) is told by the nearest of the contents' means over all styles but j, so from pictures none
    of which has its style; its style by the nearest of the styles' means over all contents but i. Directions are compared,
    not lengths, after the mean of all pictures is taken off.

    Args:
        vectors: what is known of each picture, shape (contents, styles, D), at least 2 of both.

    Raises:
        ShapeError: if there are fewer than 2 contents or styles, or another number of axes.
    """
    vectors = np.asarray(vectors, dtype=float)
    if vectors.ndim != 3 or min(vectors.shape[:2]) < 2:
        raise ShapeError(
            f"read_unseen needs vectors of at least 2 contents in 2 styles, shape (contents, styles, D), got "
            f"{vectors.shape}."
        )
    centered = vectors - vectors.mean((0, 1))
    return Readings(_told(centered.swapaxes(0, 1)), _told(centered).T)


def _told(vectors: np.ndarray) -> np.ndarray:
    """Return, for vectors of shape (groups, kinds, D), which kinds are nearest to their own mean over the other groups."""
    groups, kinds, _ = vectors.shape
    told = np.zeros((groups, kinds), dtype=bool)
    for group in range(groups):
        means = np.delete(vectors, group, axis=0).mean(0)  # (kinds, D)
        directions, held = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (means, vectors[group]))
        told[group] = (held @ directions.T).argmax(1) == np.arange(kinds)
    return told
