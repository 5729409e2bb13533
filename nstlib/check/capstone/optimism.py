"""The exercise ``optimism``, and the mistakes that people make in it."""

from __future__ import annotations

import numpy as np
import torch

from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake


def optimism(scores: np.ndarray) -> float:
    """Return how much a setting that was chosen on one pair promises there, above what it keeps on the other pairs."""
    pairs = scores.shape[1]
    best = scores.argmax(0)  # (P,)
    there = scores[best, np.arange(pairs)]
    elsewhere = (scores[best].sum(1) - there) / (pairs - 1)
    return float((there - elsewhere).mean())


def _scores(seed: int, settings: int, pairs: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(settings, pairs))


def _scores_case(seed: int, settings: int, pairs: int, *, loose: bool = False, kind: str = "") -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray]:
        scores = _scores(seed, settings, pairs)
        if kind == "ties":
            scores = np.round(scores)
        if kind == "below 0":
            scores = -1 - np.abs(scores)
        return (np.asfortranarray(scores) if loose else scores,)

    return Case(f"{settings} settings on {pairs} pairs{kind and ', '}{kind}{if_loose(loose)}", make)


def _found(function: Function, scores: np.ndarray) -> float:
    return float(torch.as_tensor(function(scores.copy())))


@law("a pair that is easier for every setting changes nothing")
def easy_pairs(function: Function) -> bool:
    scores = _scores(11, 4, 5)
    found = _found(function, scores)
    return close(_found(function, scores + 3 * np.arange(5)), found) and found > 1e-3


@law("where there was nothing to choose, nothing was promised")
def one_setting(function: Function) -> bool:
    return close(_found(function, _scores(12, 1, 4)), 0.0)


@law("it is never below 0: whoever chooses where he looks, sees too much")
def never_below(function: Function) -> bool:
    return all(_found(function, _scores(seed, 3, 4)) >= -1e-6 for seed in range(20, 40))


@law("a setting that is best everywhere promises nothing that it does not keep")
def best_everywhere(function: Function) -> bool:
    scores = _scores(13, 3, 4)
    return close(_found(function, np.vstack([scores, scores.max(0) + 1])), 0.0)


@law("scores in another unit give an answer in that unit")
def units(function: Function) -> bool:
    scores = _scores(14, 3, 5)
    return close(_found(function, 7 * scores + 2), 7 * _found(function, scores))


@law("the order of pairs and of settings does not matter")
def order(function: Function) -> bool:
    scores = _scores(15, 4, 5)
    found = _found(function, scores)
    return close(_found(function, scores[::-1, ::-1]), found) and found > 1e-3


def _optimism_with(choose: Function, elsewhere: Function, total: Function = np.mean) -> Function:
    """Return the exercise's function with one part of it done in another way."""

    def found(scores: np.ndarray) -> float:
        best, pairs = choose(scores), np.arange(scores.shape[1])
        there = scores[best, pairs]
        return float(total(there - elsewhere(scores, best, there)))

    return found


def _on_its_pair(scores: np.ndarray) -> np.ndarray:
    return scores.argmax(0)


def _on_the_others(scores: np.ndarray, best: np.ndarray, there: np.ndarray) -> np.ndarray:
    return (scores[best].sum(1) - there) / (scores.shape[1] - 1)


def _on_all(scores: np.ndarray, best: np.ndarray, there: np.ndarray) -> np.ndarray:
    return scores[best].mean(1)


with_itself = mistake(
    "The mean over *all* pairs holds the one the setting was chosen on, too, and that one flatters. Leave it out.",
    "with_itself",
)(_optimism_with(_on_its_pair, _on_all))


def _worst(scores: np.ndarray) -> np.ndarray:
    return scores.argmin(0)


smallest = mistake(
    "This takes the setting with the *lowest* score. More is better here.",
    "smallest",
)(_optimism_with(_worst, _on_the_others))


@mistake("One number is asked for: the mean over the pairs, not their sum.")
def summed(scores: np.ndarray) -> float:
    return optimism(scores) * scores.shape[1]


@mistake("One number is asked for: average the differences over the pairs.")
def one_for_each(scores: np.ndarray) -> np.ndarray:
    best = scores.argmax(0)
    there = scores[best, np.arange(scores.shape[1])]
    return there - _on_the_others(scores, best, there)


@mistake("Settings and pairs are interchanged: the first axis counts settings, the second one pairs.")
def transposed(scores: np.ndarray) -> float:
    return optimism(scores.T) if len(scores) > 1 else 0.0


@mistake("The sign is turned around: how much *more* the setting has on the pair it was chosen on than on the others.")
def sign(scores: np.ndarray) -> float:
    return -optimism(scores)


def other_settings_and_itself(scores: np.ndarray) -> float:
    return float((scores.max(0) - scores.mean(0)).mean())


@mistake(
    "Other *settings* count in what you compare with, on this pair or elsewhere: that is how much was won by choosing. "
    "Asked for is the chosen setting alone, on the other *pairs*: how much of it is kept.",
    variants=(other_settings_and_itself,),
)
def other_settings(scores: np.ndarray) -> float:
    if len(scores) == 1:
        return 0.0
    best = scores.max(0)
    return float((best - (scores.sum(0) - best) / (len(scores) - 1)).mean())


@mistake(
    "This is 0 whatever the table holds: each pair is looked at once for itself and once among the others. It happens if "
    "*one* setting is chosen for all pairs, or if the others count with settings of their own. Choose on each pair alone, "
    "and keep to that setting elsewhere."
)
def always_nothing(scores: np.ndarray) -> float:
    return 0.0


sum_elsewhere = mistake(
    "Elsewhere the *mean* counts, over one pair less than there are. Divide by P - 1.",
    "sum_elsewhere",
    variants=(
        _optimism_with(_on_its_pair, lambda scores, best, there: (scores[best].sum(1) - there) / scores.shape[1]),
    ),
)(_optimism_with(_on_its_pair, lambda scores, best, there: scores[best].sum(1) - there))


def _positive_mean(differences: np.ndarray) -> float:
    return float(differences.clip(0).mean())


def _absolute_mean(differences: np.ndarray) -> float:
    return float(np.abs(differences).mean())


other_summary = mistake(
    "The differences are right, but not what you make of them. Some are below 0, and count as they are: their plain mean is "
    "asked for.",
    "other_summary",
    variants=tuple(
        _optimism_with(_on_its_pair, _on_the_others, each) for each in (np.max, _absolute_mean, _positive_mean)
    ),
)(_optimism_with(_on_its_pair, _on_the_others, np.median))


def first_pair_only(scores: np.ndarray) -> float:
    best = scores[:, 0].argmax()
    return float(scores[best, 0] - scores[best, 1:].mean())


one_pair_only = mistake(
    "This asks one pair alone. Each pair is the chosen one in turn; then take the mean.", "one_pair_only"
)(first_pair_only)


def last_of_equals(scores: np.ndarray) -> float:
    return optimism(scores[::-1])


last_one = mistake(
    "Of equal scores you take the last setting. The first one is asked for, as `argmax` does.", "last_one"
)(last_of_equals)


def _drawn_scores(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    shape, seed, sort = (
        (sizes["S"], sizes["P"]),
        pick.whole(0, 999),
        pick.one_of(("normal", "normal", "ties", "below 0")),
    )

    def make(dtype: torch.dtype) -> np.ndarray:
        scores = _scores(seed, *shape)
        return {"normal": scores, "ties": np.round(scores), "below 0": -1 - np.abs(scores)}[sort]

    return f"{shape}" + {"ties": ", some of them equal", "below 0": ", below 0"}.get(sort, ""), make


EXERCISE = Exercise(
    __name__,
    title="What a choice promises and does not keep",
    difficulty=2,
    minutes=15,
    extra=True,
    signature="optimism(scores)",
    hints=(
        "Play somebody who has a single pair: which setting would you report, and with which score? Then you get the other "
        "pairs. What does the same setting reach there?",
        "`scores.argmax(0)` is the best setting on each pair. For each pair take that row of the table: its own entry "
        "against the mean of all *others*.",
        "`best = scores.argmax(0)`, `there = scores[best, np.arange(P)]`, `elsewhere = (scores[best].sum(1) - there) / "
        "(P - 1)`, then `(there - elsewhere).mean()`.",
    ),
    reference=optimism,
    cases=(
        _scores_case(1, 3, 4),
        _scores_case(2, 5, 2),
        _scores_case(3, 2, 6, loose=True),
        _scores_case(4, 4, 4),
        _scores_case(5, 1, 3),
        _scores_case(6, 6, 7, kind="ties"),
        _scores_case(7, 3, 5, kind="below 0"),
    ),
    takes={"scores": _drawn_scores},
    sizes={"S": (1, 6), "P": (2, 7)},
    drawn=9,
    verified="chosen on each pair alone, judged on the others",
)
