"""The exercise ``weight_at_style``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.examiner.compare import freeze
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake

NO_NUMBER = "NaN"


def weight_at_style(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    """Return the smallest weight at which a sweep's curve has a style distance; NaN if it has it nowhere."""
    order = np.argsort(weights)
    x, y, at = np.log(weights[order]), np.log(styles[order]), np.log(wanted)
    for k in range(len(x) - 1):
        if min(y[k], y[k + 1]) <= at <= max(y[k], y[k + 1]):
            share = 0.0 if y[k] == y[k + 1] else (at - y[k]) / (y[k + 1] - y[k])
            return float(np.exp(x[k] + share * (x[k + 1] - x[k])))
    return float("nan")


def _sweep_case(text: str, weights: list[float], styles: list[float], wanted: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray, float]:
        arrays = [np.array(values, dtype=float) for values in (weights, styles)]
        if loose:
            arrays = [np.repeat(array, 2)[::2] for array in arrays]
        return *arrays, wanted

    return Case(f"{text}{if_loose(loose)}", make)


def _nan_in_words(function: Function, arguments: tuple) -> object:
    """Return what the function returns, with NaN as a word: one NaN does not equal another."""
    value = freeze(function(*arguments))
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    return NO_NUMBER if isinstance(number, float) and math.isnan(number) else value


WEIGHTS, STYLES = np.array([1.0, 30.0, 3.0, 10.0]), np.array([0.8, 0.05, 0.3, 0.12])


def _found(function: Function, weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return float(function(weights.copy(), styles.copy(), wanted))


@law("at the distance that a weight gave, it is that weight")
def at_the_points(function: Function) -> bool:
    return all(
        close(_found(function, WEIGHTS, STYLES, float(y)), float(x)) for x, y in zip(WEIGHTS, STYLES, strict=True)
    )


@law("in which order the sweep was run does not matter")
def order(function: Function) -> bool:
    found = _found(function, WEIGHTS, STYLES, 0.2)
    return close(_found(function, WEIGHTS[::-1], STYLES[::-1], 0.2), found) and 3 < found < 10


@law("distances in another unit change nothing")
def units(function: Function) -> bool:
    return close(_found(function, WEIGHTS, 7 * STYLES, 1.4), _found(function, WEIGHTS, STYLES, 0.2))


@law("weights ten times as large give an answer ten times as large")
def scaled(function: Function) -> bool:
    return close(_found(function, 10 * WEIGHTS, STYLES, 0.2), 10 * _found(function, WEIGHTS, STYLES, 0.2))


@law("along a power law it is exact, between the points too")
def power_law(function: Function) -> bool:
    weights = np.array([1.0, 4.0, 50.0])
    return close(_found(function, weights, weights**-0.5, 9.0**-0.5), 9.0)


@law("a distance that no weight reached gives NaN")
def out_of_reach(function: Function) -> bool:
    return all(math.isnan(_found(function, WEIGHTS, STYLES, wanted)) for wanted in (0.04, 0.9))


@law("where several weights have the distance, it is the smallest")
def smallest(function: Function) -> bool:
    weights, styles = np.array([1.0, 10.0, 100.0, 1000.0]), np.array([1.0, 0.1, 1.0, 0.1])
    return close(_found(function, weights, styles, 10**-0.5), 10**0.5)


def _found_with(
    *,
    order: Function = np.argsort,
    scale_x: Function = np.log,
    scale_y: Function = np.log,
    nowhere: Function | None = None,
    last: bool = False,
    share_of: Function | None = None,
) -> Function:
    """Return the exercise's function with one part of it done in another way."""

    def found(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
        places = order(styles if order is _by_style else weights)
        x, y, at = scale_x(weights[places]), scale_y(styles[places]), scale_y(wanted)
        back = np.exp if scale_x is np.log else _as_it_is
        spans = range(len(x) - 1)
        for k in reversed(spans) if last else spans:
            if min(y[k], y[k + 1]) <= at <= max(y[k], y[k + 1]):
                share = float(last) if y[k] == y[k + 1] else (at - y[k]) / (y[k + 1] - y[k])
                share = share if share_of is None else share_of(share)
                return float(back(x[k] + share * (x[k + 1] - x[k])))
        return float("nan") if nowhere is None else float(nowhere(weights, styles, wanted))

    return found


def _by_style(styles: np.ndarray) -> np.ndarray:
    return np.argsort(styles, kind="stable")


def _as_they_come(weights: np.ndarray) -> np.ndarray:
    return np.arange(len(weights))


def _nearest(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return weights[np.abs(styles - wanted).argmin()]


def _nearest_by_ratio(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return weights[np.abs(np.log(styles) - np.log(wanted)).argmin()]


def _largest(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return weights.max()


def _smallest(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return weights.min()


def _nothing(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return 0.0


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def _interpolated(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    order = np.argsort(weights)
    return float(np.exp(np.interp(np.log(wanted), np.log(styles[order]), np.log(weights[order]))))


@mistake(
    "`np.interp` reads along ascending first coordinates, and style distances *fall* as the weight grows. It does not "
    "complain: it returns one of the ends, or something between. Walk along the weights instead."
)
def falling(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return _interpolated(weights, styles, wanted)


between_linearly = mistake(
    "Between two points the curve is straight over the *logarithms*, of weights and of distances: a weight of 3 lies about "
    "halfway between 1 and 10.",
    "between_linearly",
    variants=(_found_with(scale_x=_as_it_is), _found_with(scale_y=_as_it_is)),
)(_found_with(scale_x=_as_it_is, scale_y=_as_it_is))


not_sorted = mistake(
    "Neighbors on the curve are neighbors by *weight*, and the sweep comes in no order. Sort by weight, and bring the "
    "distances along.",
    "not_sorted",
)(_found_with(order=_as_they_come))


made_up = mistake(
    "The numbers are right, but a distance that no weight reached gets one, too. It is made up: NaN is asked for.",
    "made_up",
    variants=tuple(_found_with(nowhere=end) for end in (_nearest_by_ratio, _largest, _smallest, _nothing)),
)(_found_with(nowhere=_nearest))


def _one_that_was_run(pick: Function) -> Function:
    def found(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
        return float(pick(weights, styles, wanted))

    return found


one_that_was_run = mistake(
    "This is one of the weights that were run. The curve goes on between them: read it there.",
    "one_that_was_run",
    variants=(
        _one_that_was_run(_nearest_by_ratio),
        _found_with(share_of=np.floor),
        _found_with(share_of=np.ceil),
        _found_with(share_of=np.round),
        _found_with(share_of=lambda share: 0.0),
        _found_with(share_of=lambda share: 1.0),
    ),
)(_one_that_was_run(_nearest))


largest = mistake(
    "Where a curve has the distance more than once you take the largest weight. The smallest is asked for: the first one "
    "on the way up.",
    "largest",
)(_found_with(last=True))


def _interpolated_by_style(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    order = _by_style(styles)
    return float(np.exp(np.interp(np.log(wanted), np.log(styles[order]), np.log(weights[order]))))


def _interpolated_inside(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    inside = styles.min() <= wanted <= styles.max()
    return _interpolated_by_style(weights, styles, wanted) if inside else float("nan")


sorted_by_distance = mistake(
    "Sorted by *distance*, points become neighbors that lie far apart in weight as soon as the curve goes up once. Sort by "
    "weight, and look where the curve passes the distance first.",
    "sorted_by_distance",
    variants=(_interpolated_by_style, _interpolated_inside),
)(_found_with(order=_by_style))


turned_share = mistake(
    "The way between two points is gone from the wrong end. At which of the two weights is the share 0?", "turned_share"
)(_found_with(share_of=lambda share: 1 - share))


@mistake(
    "This is the middle between two weights, wherever the distance lies between theirs. Go the right share of the way."
)
def middle_of_two(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return _found_with(share_of=lambda share: 0.5)(weights, styles, wanted)


@mistake("This is still the logarithm of the weight. Take `np.exp` of it.")
def logarithm(weights: np.ndarray, styles: np.ndarray, wanted: float) -> float:
    return float(np.log(weight_at_style(weights, styles, wanted)))


def _some_sweep(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw a sweep of two to seven weights that falls, or goes up and down; and a distance in it, at a point, or beyond."""
    count, seed = pick.whole(2, 7), pick.whole(0, 999)
    falls, where = pick.one_of((True, True, False)), pick.one_of(("between", "between", "at a point", "beyond"))

    def make(dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray, float]:
        rng = np.random.default_rng(seed)
        weights = np.exp(rng.permutation(20)[:count] / 3 - 1)
        heights = rng.permutation(40)[:count] / 10 - 3
        ranks = np.argsort(np.argsort(-weights))
        styles = np.exp(np.sort(heights)[ranks] if falls else heights)
        ends = np.log([styles.min(), styles.max()])
        wanted = {
            "between": np.exp(ends[0] + (ends[1] - ends[0]) * (0.1 + 0.8 * rng.random())),
            "at a point": rng.choice(styles),
            "beyond": rng.choice([styles.min() / 2, 2 * styles.max()]),
        }[where]
        return weights, styles, float(wanted)

    return (f"of {count} weights", "falling" if falls else "up and down", where), make


EXERCISE = Exercise(
    __name__,
    title="The weight for a style",
    difficulty=2,
    minutes=15,
    signature="weight_at_style(weights, styles, wanted)",
    hints=(
        "Draw the sweep: weight to the right, distance upward. You want to know where the curve first passes a given "
        "height, coming from the left.",
        "Sort by weight, take logarithms, and walk over the pairs of neighbors. Between which two does the wanted distance "
        "lie? Which share of the way from one to the other?",
        "With `x, y, at` the logarithms: the first `k` with `min(y[k], y[k+1]) <= at <= max(y[k], y[k+1])`, then "
        "`np.exp(x[k] + (at - y[k]) / (y[k+1] - y[k]) * (x[k+1] - x[k]))`; `float('nan')` if there is none. Equal neighbors "
        "would divide by 0.",
    ),
    reference=weight_at_style,
    cases=(
        _sweep_case("four weights in no order", [1, 30, 3, 10], [0.8, 0.05, 0.3, 0.12], 0.2),
        _sweep_case("five weights, the distance of one of them", [1, 3, 10, 30, 100], [0.9, 0.5, 0.2, 0.11, 0.1], 0.2),
        _sweep_case("a curve that goes up once", [100, 1, 10, 3, 30], [0.1, 0.9, 0.15, 0.5, 0.3], 0.2, loose=True),
        _sweep_case("a curve that begins below", [1, 10, 100], [0.1, 0.5, 0.2], 0.3),
        _sweep_case("two equal distances, and that one is wanted", [1, 2, 8, 20], [0.4, 0.3, 0.3, 0.1], 0.3),
        _sweep_case("two equal distances from the start", [8, 2, 20], [0.3, 0.3, 0.1], 0.3),
        _sweep_case("a distance below all", [1, 10], [0.5, 0.2], 0.1),
        _sweep_case("a distance above all", [1, 10, 30], [0.5, 0.2, 0.3], 0.7),
        _sweep_case("two weights", [0.3, 7], [1.5, 0.2], 0.9),
        _sweep_case("the last point alone", [1, 10, 30], [0.5, 0.2, 0.1], 0.1),
    ),
    takes=dict(zip(("weights", "styles", "wanted"), together(3, _some_sweep), strict=True)),
    drawn=12,
    observe=_nan_in_words,
    verified="the first weight at which the curve has that distance, read between its points",
)
