"""The exercise ``bootstrap_interval``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from nstlib import metrics
from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.evaluation._shared import Pair
from nstlib.check.examiner.compare import freeze
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake

# It draws at random. So no numbers are compared, but where numbers may lie: in what order somebody draws is left open.
_TAILS = (0.025, 0.975)


_MANY = 2000  # rounds from which quantiles that are close to the right ones are told apart


NOT_A_NUMBER = "an interval with NaN in it"


SAME_DRAW = "an interval of no width beside the mean"


LOW_ENDS = "an interval among the lowest means"


FIXED_DRAWS = "an interval that does not follow its seed"


def bootstrap_interval(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    """Return where the mean of (styles, contents) may lie: 95% of what comes out of other styles and contents."""
    found = metrics.bootstrap_interval(differences, rounds=rounds, seed=seed)
    return found.low, found.high


def _table(seed: int, styles: int, contents: int, missing: int = 0) -> np.ndarray:
    """Return differences: of styles and of contents one stands out, results of one style go together; some are NaN."""
    rng = np.random.default_rng(seed)
    table = 8 + rng.random((styles, 1)) + rng.random((1, contents)) + 0.2 * rng.normal(size=(styles, contents))
    table[-1] += 4
    table[:, -1] += 4
    table.flat[rng.permutation(styles * contents)[:missing]] = np.nan
    return table / 20


def _table_case(seed: int, styles: int, contents: int, rounds: int, *, missing: int = 0, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray, int, int]:
        table = _table(seed, styles, contents, missing)
        return (np.asfortranarray(table) if loose else table), rounds, seed

    empty = f", {missing} of them NaN" if missing else ""
    return Case(f"differences ({styles}, {contents}){empty}{if_loose(loose)}, {rounds} rounds", make)


def _sparse_case(seed: int, rounds: int) -> Case:
    """Three styles have been compared on two contents each: nearly every table drawn has something missing, none all."""

    def make(dtype: torch.dtype) -> tuple[np.ndarray, int, int]:
        table = _table(seed, 9, 6)
        known = np.repeat(np.eye(3, dtype=bool), 2, axis=1)  # (3, 6)
        table[6:] = np.where(known, table[6:], np.nan)
        return table, rounds, seed

    return Case(f"differences (9, 6), 12 of them NaN, {rounds} rounds", make)


def _means(
    table: np.ndarray,
    rounds: int,
    seed: int | None,
    *,
    styles: bool = True,
    contents: bool = True,
    nested: bool = False,
    fewer: int = 0,
) -> np.ndarray:
    """Return the means of tables drawn again and again, with one part of it done in another way."""
    rng = np.random.default_rng(seed)
    s, c = table.shape
    rows = rng.integers(s - fewer, size=(rounds, s, 1)) if styles else np.arange(s)[None, :, None]
    columns = rng.integers(c - fewer, size=(rounds, s if nested else 1, c)) if contents else np.arange(c)[None, None]
    drawn = table[rows, columns]
    known = np.isfinite(drawn)
    counts = known.sum((1, 2))
    return np.where(known, drawn, 0.0).sum((1, 2))[counts > 0] / counts[counts > 0]


def _ends(values: np.ndarray, tails: Pair = _TAILS) -> Pair:
    low, high = np.quantile(values, tails)
    return float(low), float(high)


def _range(table: np.ndarray, rounds: int) -> tuple[Pair, Pair]:
    """Return from where to where the two ends of a right interval may lie by chance: Wilson's interval of each share."""
    means, doubt = _many_means(table), (5.0 if rounds >= _MANY else 8.0) ** 2 / rounds
    ranges = []
    for tail in _TAILS:
        middle, reach = tail + doubt / 2, math.sqrt(doubt * tail * (1 - tail) + doubt**2 / 4)
        ranges.append(_ends(means, ((middle - reach) / (1 + doubt), (middle + reach) / (1 + doubt))))
    return ranges[0], ranges[1]


def _many_means(table: np.ndarray) -> np.ndarray:
    return _many_means_of(table.tobytes(), table.shape)


@cache
def _many_means_of(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    return np.sort(_means(np.frombuffer(data).reshape(shape), 20_000, 99))


def _may_be(pair: Pair, table: np.ndarray, rounds: int) -> bool:
    return all(low - 1e-6 <= end <= high + 1e-6 for end, (low, high) in zip(pair, _range(table, rounds), strict=True))


def _pair(value: object) -> Pair | None:
    """Return two numbers, whatever holds them; None if it is something else."""
    plain = freeze(value)
    items = plain.tolist() if isinstance(plain, Tensor) and plain.ndim == 1 else plain
    if not isinstance(items, (list, tuple)) or len(items) != 2:
        return None
    numbers = [item.item() if isinstance(item, Tensor) and item.numel() == 1 else item for item in items]
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        return None
    return float(numbers[0]), float(numbers[1])


def _follows_its_seed(function: Function) -> bool:
    first, again, other = (function(_table(5, 4, 5), 20, seed) for seed in (1, 1, 2))
    return _pair(first) == _pair(again) and _pair(first) != _pair(other)


def _drawn(function: Function, arguments: tuple) -> object:
    """Return what the function returns; if that is one of the known intervals up to chance, that interval's own numbers."""
    table, rounds = arguments[0].copy(), arguments[1]  # before somebody writes into it
    value = function(*arguments)
    pair = _pair(value)
    if pair is None:
        return value
    if not all(math.isfinite(end) for end in pair):
        return NOT_A_NUMBER if np.isnan(table).any() else pair
    if _may_be(pair, table, rounds):
        return _ends(_many_means(table)) if _follows_its_seed(function) else FIXED_DRAWS
    if pair[0] == pair[1] and not close(pair[0], np.nanmean(table)):
        return SAME_DRAW
    if _among_the_lowest(pair, _many_means(table)):
        return LOW_ENDS
    return _nearest(pair, table, rounds) or pair


def _among_the_lowest(pair: Pair, means: np.ndarray) -> bool:
    """Return whether both ends are where 0.025 and 0.975 *percent* of the means lie below, up to chance."""
    lowest, (middle, upper) = float(means[0]), _ends(means, (0.008, 0.025))
    return 2 * lowest - middle < pair[0] < min(middle, pair[1]) and pair[1] < upper


def _nearest(pair: Pair, table: np.ndarray, rounds: int) -> Pair | None:
    """Return the first interval of the mistake that this one is, up to chance, or None."""
    found, least = None, math.inf
    for ways in _KNOWN:
        known = [_known(function, table.tobytes(), table.shape, rounds) for function in ways]
        for low, high in known:
            off = max(abs(low - pair[0]), abs(high - pair[1]))
            if off < least and off <= 0.2 * abs(high - low) + 1e-9:
                found, least = known[0], off
    return found


@cache
def _known(function: Function, data: bytes, shape: tuple[int, int], rounds: int) -> Pair:
    return function(np.frombuffer(data).reshape(shape), rounds, 7)


def interval_of_a_textbook(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    flat = differences[np.isfinite(differences)]
    return _around(differences, 1.96 * float(flat.std(ddof=1)) / math.sqrt(len(flat)))


@mistake(
    "The results are taken as if they knew nothing of each other. Those of one style go together: the interval "
    "must be as wide as few styles are few. Draw styles, not results.",
    variants=(interval_of_a_textbook,),
)
def single_results(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    flat = differences[np.isfinite(differences)]
    drawn = np.random.default_rng(seed).integers(len(flat), size=(rounds, len(flat)))
    return _ends(flat[drawn].mean(1))


def interval_of_contents_anew(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, nested=True))


@mistake(
    "The contents hardly move: they stay as they are, or each style draws its own. An easy content is easy for "
    "every style: draw the contents once in a round, for all styles.",
    variants=(interval_of_contents_anew,),
)
def contents_stay(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, contents=False))


@mistake("Only contents are drawn, and the styles stay as they are. They could have been other ones, too.")
def styles_stay(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, styles=False))


@mistake(
    "There is no width: all are drawn, each once, and the mean is the same in every round. With replacement some "
    "come twice and others not at all."
)
def without_replacement(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    mean = float(np.nanmean(differences))
    return mean, mean


@mistake(
    "Every round draws the same. Is the generator made anew inside the loop? It then starts from the beginning "
    "each time."
)
def the_same_draw_again(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(np.repeat(_means(differences, 1, seed), rounds))


@mistake("The last style and the last content are never drawn: `rng.integers(n)` stops before n by itself.")
def never_the_last(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, fewer=1))


def interval_of_quartiles(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.25, 0.75))


@mistake(
    "These are other quantiles. 95% in the middle leaves 5% outside: how much of it on each side?",
    variants=(interval_of_quartiles,),
)
def other_quantiles(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.05, 0.95))


@mistake("Both ends are the lowest of the means. `np.percentile` counts to 100, `np.quantile` to 1: which have you?")
def quantiles_of_percents(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.00025, 0.00975))


@mistake("The two ends are swapped: the low one comes first.")
def ends_swapped(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed))[::-1]


def _around(differences: np.ndarray, reach: float) -> Pair:
    mean = float(np.nanmean(differences))
    return mean - reach, mean + reach


def interval_of_one_deviation(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, float(_means(differences, rounds, seed).std()))


def interval_of_deviations_over_rounds(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, 1.96 * float(_means(differences, rounds, seed).std()) / math.sqrt(rounds))


@mistake(
    "This reaches as far to the left of the mean as to the right. If one style stands out, the means do not: take "
    "their quantiles, not their deviation.",
    variants=(interval_of_one_deviation, interval_of_deviations_over_rounds),
)
def standard_error(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, 1.96 * float(_means(differences, rounds, seed).std()))


@mistake(
    "This is where single *results* lie. Asked for is where their *mean* may lie: what is drawn, and what is averaged?"
)
def quantiles_of_the_results(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(differences[np.isfinite(differences)])


def interval_with_zeros(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(np.nan_to_num(differences), rounds, seed))


@mistake(
    "NaN is a pair that could not be compared. It is not left out: it makes the mean NaN, or counts as 0.",
    variants=(interval_with_zeros,),
)
def nan_not_left_out(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    missing = np.isnan(differences).any()
    return (float("nan"), float("nan")) if missing else _ends(_means(differences, rounds, seed))


def interval_of_other_draws_each_time(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, None))


@mistake(
    "The interval is right, but the draws do not depend on `seed`. The same seed must give the same interval, "
    "another seed another.",
    variants=(interval_of_other_draws_each_time,),
)
def seed_not_used(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, 0))


@convention(
    "This is the basic bootstrap: the quantiles mirrored at the mean. Both are in use; your numbers below will "
    "differ from the book's, which takes the quantiles themselves."
)
def basic(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    low, high = _ends(_means(differences, rounds, seed))
    return 2 * float(np.nanmean(differences)) - high, 2 * float(np.nanmean(differences)) - low


def _interval(function: Function, table: np.ndarray, rounds: int, seed: int = 3) -> Pair:
    return _pair(function(table.copy(), rounds, seed)) or (math.nan, math.nan)


@law("equal differences leave no doubt")
def of_equals(function: Function) -> bool:
    return close(_interval(function, np.full((4, 3), 0.3), 50), (0.3, 0.3))


@law("one round gives an interval without width, many rounds do not")
def of_one_round(function: Function) -> bool:
    low, high = _interval(function, _table(6, 5, 4), 1)
    many = _interval(function, _table(6, 5, 4), 100)
    return close(low, high) and many[0] < many[1]


@law("ten contents that all say the same leave as much doubt as one")
def of_repeats(function: Function) -> bool:
    """Ten contents that all say the same are no more evidence about styles than one."""
    column = _table(8, 6, 1)
    return _may_be(_interval(function, np.repeat(column, 10, 1), 400), column, 400)


@law("styles and contents play the same part")
def transposed(function: Function) -> bool:
    table = _table(9, 4, 6)
    return _may_be(_interval(function, table.T, 400), table, 400)


@law("twice the differences plus 5 give twice the interval plus 5")
def moved(function: Function) -> bool:
    table = _table(10, 5, 4)
    low, high = _interval(function, 2 * table + 5, 300)
    found = _interval(function, table, 300)
    return close((low, high), (2 * found[0] + 5, 2 * found[1] + 5)) and low < high


@law("the other method's interval is this one, negated")
def negated(function: Function) -> bool:
    table = _table(11, 5, 6)
    low, high = _interval(function, -table, 400)
    return _may_be((-high, -low), table, 400)


@law("the same seed gives the same interval, another seed another")
def seeds(function: Function) -> bool:
    return _follows_its_seed(function)


@law("what is NaN is left out")
def missing(function: Function) -> bool:
    table = _table(12, 5, 5)
    table[[0, 2, 4], [1, 3, 0]] = np.nan
    return _may_be(_interval(function, table, 400), table, 400)


_KNOWN = (
    (single_results, interval_of_a_textbook),
    (contents_stay, interval_of_contents_anew),
    (styles_stay,),
    (without_replacement,),
    (never_the_last,),
    (other_quantiles,),
    (interval_of_quartiles,),
    (ends_swapped,),
    (standard_error,),
    (interval_of_one_deviation,),
    (interval_of_deviations_over_rounds,),
    (quantiles_of_the_results,),
    (interval_with_zeros,),
    (basic,),
)


def _some_table(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw a table with at most one number missing: so hardly ever is all missing that is drawn from it."""
    styles, contents, missing = pick.whole(5, 8), pick.whole(5, 8), pick.whole(0, 1)
    case = _table_case(pick.whole(0, 999), styles, contents, pick.one_of((800, 1200)), missing=missing)
    return (case.label, "as many", "any"), case.make


EXERCISE = Exercise(
    __name__,
    title="What other pictures would have said",
    difficulty=3,
    minutes=20,
    signature="bootstrap_interval(differences, rounds, seed)",
    hints=(
        "You have a handful of styles and contents. Other ones would have given another mean: which ones could that "
        "have been? Pretend: draw new styles and new contents from those that you have, again and again.",
        "In each round draw as many rows as there are, with replacement, and as many columns. All pairs of them are a "
        "table of the old shape; note the mean of its numbers. In the end sort the means: where do the middle 95% lie?",
        "`rng = np.random.default_rng(seed)` once; in each round `rows = rng.integers(S, size=S)`, `columns = "
        "rng.integers(C, size=C)`, `np.nanmean(differences[np.ix_(rows, columns)])`; then `np.quantile(means, [0.025, "
        "0.975])`.",
    ),
    reference=bootstrap_interval,
    cases=(
        _table_case(1, 6, 5, 800),
        _table_case(2, 5, 7, 800, missing=4, loose=True),
        _table_case(3, 8, 6, 800, missing=6),
        _sparse_case(4, 2 * _MANY),
        _table_case(5, 3, 4, _MANY),
    ),
    takes=dict(zip(("differences", "rounds", "seed"), together(3, _some_table), strict=True)),
    drawn=1,
    observe=_drawn,
    verified="styles and contents drawn with replacement; any order of draws is right",
)
