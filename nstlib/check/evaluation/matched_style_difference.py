"""The exercise ``matched_style_difference``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from nstlib import metrics
from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.evaluation._shared import Pair
from nstlib.check.examiner.compare import freeze
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake

Curve = tuple[np.ndarray, np.ndarray]


NO_NUMBER = "NaN"


def _curve(seed: int, count: int, low: float, high: float) -> Curve:
    """Return the points of a trade-off in no order: style distances and what content measures there."""
    rng = np.random.default_rng(seed)
    at = np.log(low) + (np.log(high) - np.log(low)) * np.concatenate([[0, 1], rng.random(count - 2)])
    rng.shuffle(at)
    return np.exp(at), 0.6 + 0.1 * at + 0.1 * rng.random(count)


def _curves_case(text: str, *curves: tuple[int, int, float, float], loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray, ...]:
        arrays = [array for curve in curves for array in _curve(*curve)]
        return tuple(np.repeat(array, 2)[::2] for array in arrays) if loose else tuple(arrays)

    return Case(f"{text}{if_loose(loose)}", make)


def _touching_case() -> Case:
    """Return two curves that have one distance in common: there is something to compare, and it is no NaN."""

    def make(dtype: torch.dtype) -> tuple[np.ndarray, ...]:
        return (
            np.array([0.2, 0.05, 0.1]),
            np.array([0.7, 0.4, 0.6]),
            np.array([0.4, 0.2, 0.8]),
            np.array([0.5, 0.3, 0.9]),
        )

    return Case("two curves that have only the distance 0.2 in common", make)


def _nan_in_words(function: Function, arguments: tuple) -> object:
    """Return what the function returns, with NaN as a word: one NaN does not equal another."""
    value = freeze(function(*arguments))
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    return NO_NUMBER if isinstance(number, float) and math.isnan(number) else value


def _ahead(function: Function, *curves: Curve) -> float:
    return float(function(*(array.copy() for curve in curves for array in curve)))


def _method_and_base() -> tuple[Curve, Curve]:
    return _curve(32, 5, 0.05, 0.5), _curve(33, 6, 0.08, 0.9)


@law("more content by 0.3 at every style is ahead by 0.3")
def by_a_constant(function: Function) -> bool:
    _, (styles, contents) = _method_and_base()
    return close(_ahead(function, (styles, contents + 0.3), (styles, contents)), 0.3)


@law("seen from the baseline the sign is turned around")
def turned(function: Function) -> bool:
    method, base = _method_and_base()
    found = _ahead(function, method, base)
    return close(_ahead(function, base, method), -found) and abs(found) > 1e-3


@law("the points of a curve may come in any order")
def order(function: Function) -> bool:
    method, base = _method_and_base()
    order = np.random.default_rng(8).permutation(len(method[0]))
    return close(_ahead(function, (method[0][order], method[1][order]), base), _ahead(function, method, base))


@law("style distances in another unit change nothing")
def units(function: Function) -> bool:
    method, base = _method_and_base()
    scaled = [(7 * styles, contents) for styles, contents in (method, base)]
    found = _ahead(function, method, base)
    return close(_ahead(function, *scaled), found) and abs(found) > 1e-3


@law("along one curve nobody is ahead, whatever the weights")
def along_one_curve(function: Function) -> bool:
    """Two runs of one method with other weights lie on one curve, and nobody is ahead."""
    few, many = np.linspace(-3, 0, 4), np.linspace(-2.5, -0.2, 7)
    return abs(_ahead(function, (np.exp(few), 1 + 0.2 * few), (np.exp(many), 1 + 0.2 * many))) < 1e-6


@law("curves without a common distance give NaN")
def nowhere(function: Function) -> bool:
    low, high = _curve(33, 4, 0.05, 0.1), _curve(34, 5, 0.2, 0.4)
    return math.isnan(_ahead(function, low, high)) and math.isnan(_ahead(function, high, low))


@law("only distances that both curves reach count")
def beyond(function: Function) -> bool:
    """Where one curve alone reaches nothing is compared, so what it does there does not count."""
    (styles, contents), base = _method_and_base()
    further = np.append(styles, 0.01), np.append(contents, 99.0)
    return close(_ahead(function, base, further), _ahead(function, base, (styles, contents))) and close(
        _ahead(function, (np.array([0.1, 0.2, 0.4]), np.array([1.0, 2.0, 9.0])), (np.array([0.1, 0.2]), np.zeros(2))),
        1.5,
    )


@law("ahead by nothing on the first half, and by up to 4 on the second, it is ahead by 10/9")
def by_hand(function: Function) -> bool:
    """At the nine distances it is ahead by 0, 0, 0, 0, 0, 1, 2, 3 and 4."""
    method = np.array([0.4, 1.6, 0.1]), np.array([0.0, 4.0, 0.0])
    return close(_ahead(function, method, (np.array([0.1, 1.6]), np.zeros(2))), 10 / 9)


def _same_scale(values: np.ndarray) -> np.ndarray:
    return values


def _read(curve: Curve, at: np.ndarray, *, sort: bool = True, scale: Function = np.log) -> np.ndarray:
    """Return a curve's contents at style distances, with one part of it done in another way."""
    styles, contents = curve
    order = np.argsort(styles) if sort else np.arange(len(styles))
    return np.interp(scale(at), scale(styles[order]), contents[order])


def _matched(
    method: Curve,
    base: Curve,
    *,
    levels: int = 9,
    ends: Callable[[Curve, Curve], Pair] | None = None,
    linear_levels: bool = False,
    nowhere: bool = True,
    **reading: object,
) -> np.ndarray:
    """Return the differences of two curves at matched styles, with one part of it done in another way."""
    low, high = (ends or _common)(method, base)
    if nowhere and low > high:
        return np.array([float("nan")])
    at = np.linspace(low, high, levels) if linear_levels else np.geomspace(low, high, levels)
    return _read(method, at, **reading) - _read(base, at, **reading)


def _common(method: Curve, base: Curve) -> Pair:
    return max(method[0].min(), base[0].min()), min(method[0].max(), base[0].max())


def _union(method: Curve, base: Curve) -> Pair:
    return min(method[0].min(), base[0].min()), max(method[0].max(), base[0].max())


def _of_method(method: Curve, base: Curve) -> Pair:
    return method[0].min(), method[0].max()


def _of_base(method: Curve, base: Curve) -> Pair:
    return base[0].min(), base[0].max()


def _ahead_with(**changes: object) -> Function:
    """Return the exercise's function with one part of it done in another way."""

    def ahead(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
        return float(_matched((styles, contents), (base_styles, base_contents), **changes).mean())

    return ahead


def ahead_on_average(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float(contents.mean() - base_contents.mean())


@mistake(
    "Contents are compared as they come, point with point or on average, each at its own style. A method that puts on "
    "less style keeps more content for that alone: `styles` has to be used.",
    variants=(ahead_on_average,),
)
def at_the_same_weight(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float((contents - base_contents).mean())


ahead_where_the_method_is = _ahead_with(ends=_of_method)


ahead_where_the_baseline_is = _ahead_with(ends=_of_base)


beyond_the_ends = mistake(
    "It also compares where only one of the curves reaches. `np.interp` does not complain there: it repeats the "
    "last value. From where to where are there both?",
    "beyond_the_ends",
    variants=(ahead_where_the_method_is, ahead_where_the_baseline_is),
)(_ahead_with(ends=_union))


nothing_in_common = mistake(
    "The numbers are right, but two curves that share no distance get one too. It is made up (`np.interp` repeats "
    "the last value): NaN is asked for.",
    "nothing_in_common",
)(_ahead_with(nowhere=False))


ahead_at_linear_levels = _ahead_with(linear_levels=True)


ahead_between_linearly = _ahead_with(scale=_same_scale)


not_over_the_logarithm = mistake(
    "Distances are ratios here: 0.1 is to 0.2 what 0.2 is to 0.4. The levels are even over the logarithm, and the "
    "curves straight over it.",
    "not_over_the_logarithm",
    variants=(ahead_at_linear_levels, ahead_between_linearly),
)(_ahead_with(linear_levels=True, scale=_same_scale))


def ahead_sorted_apart(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float(_matched((styles, np.sort(contents)), (base_styles, np.sort(base_contents)), sort=False).mean())


def ahead_all_sorted(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    curves = (np.sort(styles), np.sort(contents)), (np.sort(base_styles), np.sort(base_contents))
    return float(_matched(*curves).mean())


@mistake(
    "Two curves that have a single distance in common can be compared there. NaN is asked for only where there is none."
)
def touching_is_nothing(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    method, base = (styles, contents), (base_styles, base_contents)
    low, high = _common(method, base)
    return float("nan") if low >= high else float(_matched(method, base).mean())


not_sorted = mistake(
    "`np.interp` wants its points ascending, and does not complain if they are not. Bring styles into order, and "
    "contents along with them.",
    "not_sorted",
    variants=(ahead_all_sorted, ahead_sorted_apart),
)(_ahead_with(sort=False))


@mistake("The sign is turned around: how far the *method* is ahead is asked for, method minus baseline.")
def sign(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
    return -float(_matched((styles, contents), (base_styles, base_contents)).mean())


@mistake(
    "The sign is lost at each level, so a method that is behind counts as ahead. Average the differences as they are."
)
def without_sign(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
    return float(np.abs(_matched((styles, contents), (base_styles, base_contents))).mean())


def ahead_in_all(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
    return float(_matched((styles, contents), (base_styles, base_contents)).sum())


@mistake("One number is asked for: the mean over the nine levels.", variants=(ahead_in_all,))
def not_averaged(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> np.ndarray:
    return _matched((styles, contents), (base_styles, base_contents))


@mistake("This matches the content and compares the style. The style is matched here, the content compared.")
def at_the_same_content(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    low, high = max(contents.min(), base_contents.min()), min(contents.max(), base_contents.max())
    if low > high:
        return float("nan")
    at = np.linspace(low, high, 9)
    return float(
        (
            _read((contents, styles), at, scale=_same_scale)
            - _read((base_contents, base_styles), at, scale=_same_scale)
        ).mean()
    )


def ahead_without_the_ends(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float(_matched((styles, contents), (base_styles, base_contents), levels=11)[1:-1].mean())


def _ahead_at(levels: Callable[[np.ndarray, float, float], np.ndarray]) -> Function:
    """Return the exercise's function with levels that are made of the baseline's styles and both ends."""

    def ahead(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
        method, base = (styles, contents), (base_styles, base_contents)
        low, high = _common(method, base)
        at = levels(base_styles, low, high)
        return float((_read(method, at) - _read(base, at)).mean()) if low <= high and at.size else float("nan")

    return ahead


ahead_in_the_middle = _ahead_at(lambda styles, low, high: np.array([np.sqrt(low * high)]))


ahead_at_the_points = _ahead_at(lambda styles, low, high: styles[(styles >= low) & (styles <= high)])


ahead_at_other_levels = tuple(_ahead_with(levels=levels) for levels in (10, 8, 7, 5, 20, 50, 100, 200, 1000))


other_levels = mistake(
    "The idea is right, the levels are not: nine, both ends among them, evenly over the logarithm.", "other_levels"
)(*ahead_at_other_levels, ahead_without_the_ends, ahead_in_the_middle, ahead_at_the_points)


def _some_curves(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw two curves of two to seven points, which overlap in part, wholly, or not at all."""
    counts, seed = (pick.whole(2, 7), pick.whole(2, 7)), pick.whole(0, 999)
    shift = pick.one_of((0.0, 0.0, 0.5, -0.5, 2.0))

    def make(dtype: torch.dtype) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(seed)
        levels = [rng.permutation(40)[:count] / 20 + rng.random() / 100 + k * shift for k, count in enumerate(counts)]
        return tuple(array for level in levels for array in (0.05 * np.exp(level), rng.normal(size=len(level))))

    said = [f"of {count} points" for count in counts]
    return (said[0], "above or below 0", said[1], "likewise"), make


EXERCISE = Exercise(
    __name__,
    title="Ahead at the same style",
    difficulty=2,
    minutes=15,
    signature="matched_style_difference(styles, contents, base_styles, base_contents)",
    hints=(
        "A weight of 10 means something else in each loss. What two methods can share is how much style came out: "
        "choose style distances, and ask both curves how much content is left there.",
        "Where do both curves reach? From the larger of the two least distances to the smaller of the two largest. "
        "`np.geomspace` spreads nine over that; `np.interp` reads a curve, but wants ascending points and logarithms.",
        "`order = np.argsort(styles)`, `np.interp(np.log(at), np.log(styles[order]), contents[order])`; the same for "
        "the baseline; then the mean of the difference. If the lower end lies above the upper one: `float('nan')`.",
    ),
    reference=metrics.matched_style_difference,
    cases=(
        _curves_case("curves of 5 and 5 points", (1, 5, 0.04, 0.6), (2, 5, 0.09, 1.1)),
        _curves_case("curves of 6 and 4 points, one inside the other", (3, 6, 0.02, 1.5), (4, 4, 0.1, 0.7)),
        _curves_case("curves of 4 and 7 points", (5, 4, 0.2, 2.0), (6, 7, 0.05, 0.9), loose=True),
        _curves_case("curves of 5 and 5 points", (7, 5, 0.06, 0.9), (8, 5, 0.03, 0.5)),
        _curves_case("two curves with no distance in common", (9, 4, 0.05, 0.1), (10, 4, 0.2, 0.4)),
        _touching_case(),
    ),
    takes=dict(zip(("styles", "contents", "base_styles", "base_contents"), together(4, _some_curves), strict=True)),
    drawn=12,
    observe=_nan_in_words,
    verified="both curves read at the same styles, where both reach",
)
