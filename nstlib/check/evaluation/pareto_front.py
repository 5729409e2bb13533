"""The exercise ``pareto_front``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from nstlib import metrics
from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import Case, Exercise, Function, if_loose, law, mistake


def _points_case(seed: int, count: int, axes: int, *, loose: bool = False, ties: bool = True) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray]:
        rng = np.random.default_rng(seed)
        points = rng.integers(0, 7, (count, axes)) / 4 - 0.5 if ties else rng.random((count, axes))
        if ties:
            front = np.flatnonzero(metrics.pareto_front(points))
            points[np.setdiff1d(np.arange(count), front)[0]] = points[front[0]]  # two equal points on the front
        return (np.asfortranarray(points) if loose else points,)

    return Case(f"{count} points in {axes} coordinates{if_loose(loose)}", make)


def _on_front(function: Function, points: np.ndarray) -> np.ndarray:
    return np.asarray(function(points), dtype=bool)


def _some_points(seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 9, (14, 2)) / 8


@law("in another order the same points are on the front")
def order(function: Function) -> bool:
    points = _some_points()
    order = np.random.default_rng(6).permutation(len(points))
    found = _on_front(function, points)
    return bool((_on_front(function, points[order]) == found[order]).all()) and 0 < found.sum() < len(points)


@law("a copy of a point is where the point is")
def twins(function: Function) -> bool:
    points = _some_points()
    found, twice = _on_front(function, points), _on_front(function, np.repeat(points, 2, axis=0))
    return bool((twice == np.repeat(found, 2)).all()) and bool(found.any())


@law("other units, and even a bent scale, keep the front")
def units(function: Function) -> bool:
    points = _some_points()
    found = _on_front(function, points)
    return bool((_on_front(function, np.exp(3 * points) * [1, 100]) == found).all()) and 0 < found.sum() < len(points)


@law("a point that is worse in one coordinate only is dominated")
def worse(function: Function) -> bool:
    """A point that is worse by a little in one coordinate is off the front, and puts no other one off it."""
    points = _some_points()
    best = points[metrics.pareto_front(points)][0]
    found = _on_front(function, np.concatenate([points, best + np.array([[0.01, 0.0], [0.0, 0.01]])]))
    return bool((found[:-2] == _on_front(function, points)).all()) and not found[-2:].any() and bool(found.any())


@law("on a falling line all points are on the front, on a rising one only the first")
def line(function: Function) -> bool:
    """On a line that falls nobody is dominated, on one that rises only the first is not."""
    steps = np.arange(6.0)
    falling, rising = np.stack([steps, -steps], 1), np.stack([steps, steps], 1)
    return _on_front(function, falling).all() and _on_front(function, rising).tolist() == [True] + [False] * 5


@law("a point in a dent of the front is on it")
def inner(function: Function) -> bool:
    """A point in a dent of the front is no weighted sum's optimum, and on the front all the same."""
    return bool(_on_front(function, np.array([[0.0, 1.0], [0.6, 0.6], [1.0, 0.0]])).all())


@law("who is best in one coordinate alone, whichever, is on the front")
def each_coordinate(function: Function) -> bool:
    return bool(_on_front(function, 1 - np.eye(3)).all()) and bool(_on_front(function, 1 - np.eye(4)).all())


def _as_good(points: np.ndarray) -> np.ndarray:
    """Return (N, N): i is at least as good as j in every coordinate."""
    return (points[:, None] <= points[None]).all(2)


def _better(points: np.ndarray) -> np.ndarray:
    return (points[:, None] < points[None]).any(2)


@mistake(
    "A point is only put out here by one that is better in *every* coordinate. What about a rival that is equal in "
    "one and better in the other?"
)
def beaten_everywhere_only(points: np.ndarray) -> np.ndarray:
    return ~(points[:, None] < points[None]).all(2).any(0)


@mistake(
    "A point is put out here by any that is better in *one* coordinate, whatever it pays in the other. Then there "
    "is no trade-off left."
)
def beaten_somewhere(points: np.ndarray) -> np.ndarray:
    return ~_better(points).any(0)


def front_that_dominates(points: np.ndarray) -> np.ndarray:
    return ~(_as_good(points) & _better(points)).any(1)


@mistake(
    "This is the front for more is better: the points that beat nobody. Less is better here. If you compare all "
    "with all, which of the two axes of the table is the rival?",
    variants=(front_that_dominates,),
)
def turned_around(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(-points)


def front_of_other_turned(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points * np.array([1.0] * (points.shape[1] - 1) + [-1.0]))


@mistake(
    "In one of the coordinates more is taken for better. Less is better here, in each of them.",
    variants=(front_of_other_turned,),
)
def one_turned_around(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points * np.array([-1.0] + [1.0] * (points.shape[1] - 1)))


@mistake("Two equal points put each other out. To be at least as good is not enough: a rival must be better somewhere.")
def equal_points_lost(points: np.ndarray) -> np.ndarray:
    return ~(_as_good(points) & ~np.eye(len(points), dtype=bool)).any(0)


@mistake("Nobody is left: each point is at least as good as itself. A rival must be better somewhere.")
def beaten_by_itself(points: np.ndarray) -> np.ndarray:
    return ~_as_good(points).any(0)


def front_of_single_minima(points: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(len(points)), points.argmin(0))


@mistake(
    "Only the points with the smallest sum (or mean) are kept. One with a larger sum can be better in a coordinate: who "
    "beats it then?"
)
def smallest_sum(points: np.ndarray) -> np.ndarray:
    return points.mean(1) == points.mean(1).min()


@mistake(
    "Only the best in each single coordinate is kept. What about a point that is second in both?",
    variants=(front_of_single_minima,),
)
def minima_only(points: np.ndarray) -> np.ndarray:
    return (points == points.min(0)).any(1)


def _swept(points: np.ndarray, *, strict: bool, order: np.ndarray) -> np.ndarray:
    """Go through the points in an order, and keep each that lowers the second coordinate."""
    found, lowest = np.zeros(len(points), dtype=bool), np.inf
    for k in order:
        value = points[k, 1]
        found[k] = value < lowest if strict else value <= lowest
        lowest = min(lowest, value)
    return found


def front_sorted_loosely(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=False, order=np.argsort(points[:, 0], kind="stable"))


def front_sorted_by_both_loosely(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=False, order=np.lexsort((points[:, 1], points[:, 0])))


@mistake(
    "It goes through the points as they come and keeps each that lowers the second coordinate. Then their order decides: "
    "compare each point with all others."
)
def not_sorted(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=True, order=np.arange(len(points)))


@mistake(
    "It sorts by one coordinate and sweeps through the second. Look at points that tie in one of them, and at a "
    "third coordinate.",
    variants=(front_sorted_loosely, front_sorted_by_both_loosely),
)
def ties_after_sorting(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=True, order=np.argsort(points[:, 0], kind="stable"))


def _kept_before(points: np.ndarray, rivals: Callable[[int, np.ndarray], np.ndarray]) -> np.ndarray:
    """Compare each point with some of the others, as a loop does that goes on with what it has found so far."""
    beats, found = _as_good(points) & _better(points), np.ones(len(points), dtype=bool)
    for k in range(len(points)):
        found[k] = not (beats[:, k] & rivals(k, found)).any()
    return found


def front_of_those_after(points: np.ndarray) -> np.ndarray:
    return _kept_before(points, lambda k, found: np.arange(len(points)) > k)


def front_of_those_kept(points: np.ndarray) -> np.ndarray:
    return _kept_before(points, lambda k, found: (np.arange(len(points)) < k) & found)


def front_of_the_next(points: np.ndarray) -> np.ndarray:
    return _kept_before(points, lambda k, found: np.arange(len(points)) == k - 1)


@mistake(
    "Each point is compared with some of the others only: those before it, those after it, or those that were kept. Any "
    "of the others may put it out.",
    variants=(front_of_those_after, front_of_those_kept, front_of_the_next),
)
def some_rivals_only(points: np.ndarray) -> np.ndarray:
    return _kept_before(points, lambda k, found: np.arange(len(points)) < k)


def front_of_the_ends(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points[:, [0, -1]])


@mistake("Only two of the coordinates are compared. There may be more: D of them.", variants=(front_of_the_ends,))
def two_coordinates(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points[:, :2])


@mistake("True and False are exchanged: these are the dominated points.")
def inverted(points: np.ndarray) -> np.ndarray:
    return ~metrics.pareto_front(points)


def front_as_points(points: np.ndarray) -> np.ndarray:
    return points[metrics.pareto_front(points)]


def front_as_numbers(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points).astype(int)


@mistake(
    "One True or False for each point is asked for, shape (N,), in the order of the points.",
    variants=(front_as_points, front_as_numbers),
)
def not_booleans(points: np.ndarray) -> np.ndarray:
    return np.flatnonzero(metrics.pareto_front(points))


@mistake(
    "Of equal points you keep the first alone, as some libraries do by themselves. Here equal points do not dominate each "
    "other: of a tie on the front all are True."
)
def distinct(points: np.ndarray) -> np.ndarray:
    first = np.unique(points, axis=0, return_index=True)[1]
    return metrics.pareto_front(points) & np.isin(np.arange(len(points)), first)


def _drawn_points(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw points with many ties, with none, below 0, hardly apart, or all in one place."""
    shape, seed, sort = (sizes["N"], sizes["D"]), pick.whole(0, 999), pick.one_of(("ties", "normal", "tiny", "equal"))

    def make(dtype: torch.dtype) -> np.ndarray:
        rng = np.random.default_rng(seed)
        sorts = {"ties": rng.integers(0, 4, shape) / 4 - 0.5, "equal": np.full(shape, 0.25)}
        return sorts[sort] if sort in sorts else rng.normal(size=shape) * (1e-4 if sort == "tiny" else 1.0)

    return f"{shape}" + {"ties": ", many of them equal", "tiny": ", around 0.0001", "equal": ", all equal"}.get(
        sort, ""
    ), make


EXERCISE = Exercise(
    __name__,
    title="What nothing else beats",
    difficulty=1,
    minutes=10,
    signature="pareto_front(points)",
    hints=(
        "A point is out only if some other point is better without any price: nowhere worse, and somewhere better. Look"
        " for such a rival for each point.",
        "Compare all with all: `points[:, None] <= points[None]` has shape (N, N, D). In which axis must *all* hold, in"
        " which is *any* enough?",
        "`no_worse = (points[:, None] <= points[None]).all(2)`, `better = (points[:, None] < points[None]).any(2)`; on "
        "the front is `~(no_worse & better).any(0)`.",
    ),
    reference=metrics.pareto_front,
    cases=(
        _points_case(1, 12, 2),
        _points_case(2, 20, 2, loose=True),
        _points_case(3, 15, 3),
        _points_case(4, 17, 2, ties=False),
        _points_case(7, 30, 2),
    ),
    takes={"points": _drawn_points},
    sizes={"N": (1, 12), "D": (1, 4)},
    drawn=9,
    verified="nothing is at least as good everywhere and better somewhere",
)
