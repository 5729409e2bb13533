"""The exercise ``feature_drift``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filter_measures
from nstlib.check.drawing import Make, Pick, Sizes, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.training._shared import _order


def _drift_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        before = normal(seed, *shape, dtype=dtype) + 0.3
        after = before + normal(seed + 30, *shape, dtype=dtype)
        after[0] = -0.7 * before[0] + 0.1 * after[0]  # one filter nearly turns around, and another grows
        after[1] *= 9
        return (scattered(before), scattered(after)) if loose else (before, after)

    return Case(f"weights {shape}{if_loose(loose)}", make, {"filters": shape[0], "2": 2.0})


def _layers() -> tuple[Tensor, Tensor]:
    return _drift_case(7, (5, 3, 4, 4)).make(torch.float32)


@law("nothing has drifted from itself")
def same(function: Function) -> bool:
    before, after = _layers()
    return abs(float(function(before, before))) < 1e-5 and float(function(before, after)) > 0.1


@law("making one filter longer changes nothing, before or after")
def scale_free(function: Function) -> bool:
    before, after = _layers()
    factors = torch.tensor([0.1, 2.0, 30.0, 1.0, 5.0])[:, None, None, None]
    return close(function(before, after * factors), function(before, after)) and close(
        function(before * factors, after), function(before, after)
    )


@law("filters turned around have drifted by 2")
def turned(function: Function) -> bool:
    before, _ = _layers()
    return close(function(before, -before), 2.0)


@law("filters at right angles have drifted by 1")
def right_angles(function: Function) -> bool:
    before, after = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    before[:, 0, 0, 0], after[:, 2, 1, 3] = 1.0, 1.0
    return close(function(before, after), 1.0)


@law("there and back is the same distance")
def symmetric(function: Function) -> bool:
    before, after = _layers()
    return close(function(before, after), function(after, before))


@law("the drift of a layer is the mean of its filters' drifts")
def mean(function: Function) -> bool:
    before, after = _layers()
    each = [float(function(before[k : k + 1], after[k : k + 1])) for k in range(5)]
    return close(function(before, after), sum(each) / 5)


@law("rearranging the weights inside all filters in the same way changes nothing")
def positions(function: Function) -> bool:
    before, after = _layers()
    order = _order(3, 48)
    moved = [weights.flatten(1)[:, order].view_as(weights) for weights in (before, after)]
    return close(function(*moved), function(before, after))


def drift_distance_per_filter(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).flatten(1).norm(dim=1).mean()


def drift_mean_square(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).square().mean()


@mistake(
    "This is a distance between the weights: it grows when a filter only gets longer. What stays the same then?",
    variants=(drift_distance_per_filter, drift_mean_square),
)
def distance(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).norm()


def drift_relative_per_filter(before: Tensor, after: Tensor) -> Tensor:
    return ((after - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)).mean()


@mistake(
    "Dividing by the length before is not enough: a filter three times as long, in the same direction, should have "
    "drifted by 0.",
    variants=(drift_relative_per_filter,),
)
def relative_distance(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).norm() / before.norm()


@mistake("This is the cosine: 1 where nothing changed. A drift should be 0 there.")
def cosine_itself(before: Tensor, after: Tensor) -> Tensor:
    return 1 - filter_measures.feature_drift(before, after)


@mistake(
    "The layer is taken as one long vector, so its longest filters decide alone. Compare filter by filter, then "
    "take the mean."
)
def whole_layer(before: Tensor, after: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(before.flatten(), after.flatten(), dim=0)


def drift_squared_cosine(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1)).square()).mean()


@mistake(
    "A filter that was turned around counts as unchanged here. Dark on bright and bright on dark are not the same "
    "pattern.",
    variants=(drift_squared_cosine,),
)
def sign_ignored(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1)).abs()).mean()


def drift_of_rows(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before, after, dim=-1)).mean()


def drift_of_columns(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1), dim=0)).mean()


@mistake(
    "The cosine is taken along another axis, or along one only, so it does not compare whole filters. What is one "
    "filter: which axes belong together?",
    variants=(drift_of_rows, drift_of_columns),
)
def one_axis_only(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before, after, dim=1)).mean()


@mistake(
    "Each filter's mean was subtracted first, which makes this a correlation. The mean is part of what a filter sees."
)
def centered(before: Tensor, after: Tensor) -> Tensor:
    before, after = (weights.flatten(1) - weights.flatten(1).mean(1, keepdim=True) for weights in (before, after))
    return (1 - F.cosine_similarity(before, after)).mean()


def drift_not_averaged(before: Tensor, after: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(before.flatten(1), after.flatten(1))


@mistake(
    "One number is asked for, the mean over the filters: a layer with more filters has not drifted further.",
    variants=(drift_not_averaged,),
)
def summed(before: Tensor, after: Tensor) -> Tensor:
    return filter_measures.feature_drift(before, after) * len(before)


def _some_weights(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw weights of two, three or four axes, no filter of zeros; X: the same axes at both times."""
    axes = ("N D", "N C k", "N C k l")[sizes["X"]]
    return tensor(axes, ("normal", "equal", "ties", "tiny", "positive"))(pick, sizes)


EXERCISE = Exercise(
    __name__,
    title="How far did it turn?",
    difficulty=1,
    minutes=8,
    signature="feature_drift(before, after)",
    hints=(
        "A filter twice as long sees the same pattern. What counts is its direction: take the angle between then and now.",
        "Make each filter one vector, whatever its shape, and compare vector by vector. The cosine is their dot product "
        "over the product of their lengths.",
        "`F.cosine_similarity(before.flatten(1), after.flatten(1), dim=1)` has one number for each filter; 1 minus "
        "that, then the mean.",
    ),
    reference=filter_measures.feature_drift,
    cases=(
        _drift_case(1, (5, 3, 4, 4)),
        _drift_case(2, (6, 2, 3, 5)),
        _drift_case(3, (4, 7, 2, 3), loose=True),
        _drift_case(4, (3, 8)),
    ),
    takes={"before": _some_weights, "after": _some_weights},
    sizes={"X": (0, 2)},
    verified="one minus the cosine, filter by filter",
)
