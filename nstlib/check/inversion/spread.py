"""The exercise ``spread``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import inversion
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _spread_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        batch = normal(seed, *shape, dtype=dtype) * torch.arange(1, shape[0] + 1).to(dtype).reshape(-1, 1, 1, 1)
        return (scattered(batch) if loose else batch,)

    count = shape[0]
    sizes = {"C*H*W": shape[1] * shape[2] * shape[3], "N": count, "the number of pairs": count * (count - 1) / 2}
    return Case(f"batch {shape}{if_loose(loose)}", make, sizes)


def _several() -> Tensor:
    return normal(21, 4, 3, 2, 5)


@law("copies of one image have 0")
def of_equals(function: Function) -> bool:
    return close(function(_several()[:1].repeat(3, 1, 1, 1)), 0.0)


@law("of two members it is their squared distance")
def of_two(function: Function) -> bool:
    two = _several()[:2]
    return close(function(two), (two[0] - two[1]).square().sum())


@law("moving the whole batch changes nothing")
def moved(function: Function) -> bool:
    return close(function(_several() + 3), function(_several()))


@law("the order of the members does not matter")
def order(function: Function) -> bool:
    return close(function(_several()[[2, 0, 3, 1]]), function(_several()))


@law("three times the numbers are nine times the spread")
def scaled(function: Function) -> bool:
    return close(function(3 * _several()), 9 * torch.as_tensor(function(_several())))


@law("unit vectors have 2, however many there are")
def corners(function: Function) -> bool:
    """Unit vectors are all 2 apart, squared, however many there are."""
    return all(close(function(torch.eye(n, 12).reshape(n, 3, 2, 2)), 2.0) for n in (2, 3, 5))


def _squared_distances(batch: Tensor) -> Tensor:
    flat = batch.flatten(1)
    return (flat[:, None] - flat).square().sum(2)  # (N, N)


def _pairs(batch: Tensor) -> Tensor:
    above = torch.triu_indices(len(batch), len(batch), 1)
    return _squared_distances(batch)[above[0], above[1]]


def spread_squared_afterwards(batch: Tensor) -> Tensor:
    return _pairs(batch).sqrt().mean() ** 2


def spread_rooted(batch: Tensor) -> Tensor:
    return _pairs(batch).mean().sqrt()


@mistake(
    "Roots are taken of the squared distances, before or after their mean. The mean of the *squared* distances is "
    "asked for, as in the normalized error.",
    variants=(spread_squared_afterwards, spread_rooted),
)
def not_squared(batch: Tensor) -> Tensor:
    return _pairs(batch).sqrt().mean()


@mistake("The squared differences of a pair are averaged over its numbers. A squared distance is their sum.")
def mean_over_numbers(batch: Tensor) -> Tensor:
    return _pairs(batch).mean() / batch[0].numel()


def spread_summed_both_ways(batch: Tensor) -> Tensor:
    return _squared_distances(batch).sum()


@mistake(
    "The pairs are added up. A larger batch would have a larger spread: take their mean.",
    variants=(spread_summed_both_ways,),
)
def pairs_summed(batch: Tensor) -> Tensor:
    return _pairs(batch).sum()


@mistake("It is twice too large. Does the sum go over i, j and over j, i, and the number of pairs counts one of them?")
def pairs_twice(batch: Tensor) -> Tensor:
    return 2 * _pairs(batch).mean()


def spread_to_the_mean_unbiased(batch: Tensor) -> Tensor:
    return batch.flatten(1).var(0).sum()


@mistake(
    "This measures distances to the mean of the batch, which is half as much or less. How far are two members from "
    "each other?",
    variants=(spread_to_the_mean_unbiased,),
)
def distance_to_the_mean(batch: Tensor) -> Tensor:
    return (batch - batch.mean(0)).square().flatten(1).sum(1).mean()


@mistake("Only members that follow each other are compared. Then their order matters: go over all pairs.")
def neighbors_only(batch: Tensor) -> Tensor:
    return (batch[1:] - batch[:-1]).square().flatten(1).sum(1).mean()


@mistake("All members are compared with the first one only. Go over all pairs.")
def from_the_first(batch: Tensor) -> Tensor:
    return (batch[1:] - batch[0]).square().flatten(1).sum(1).mean()


@mistake("These are sums of absolute differences; square them.")
def absolute_values(batch: Tensor) -> Tensor:
    flat = batch.flatten(1)
    above = torch.triu_indices(len(batch), len(batch), 1)
    return (flat[:, None] - flat).abs().sum(2)[above[0], above[1]].mean()


@mistake("This is the largest of the distances; their mean is asked for.")
def largest_pair(batch: Tensor) -> Tensor:
    return _pairs(batch).max()


@mistake(
    "Each member is paired with itself, too, as in Mahendran and Vedaldi's code. Here the two of a pair are different: "
    "with 100 members that makes 1 %, with three a third."
)
def self_pairs(batch: Tensor) -> Tensor:
    return _squared_distances(batch).mean()


EXERCISE = Exercise(
    __name__,
    title="How far is far?",
    difficulty=2,
    minutes=10,
    signature="spread(batch)",
    hints=(
        "Take two different members of the batch: how far are they apart, squared? Then the same for every pair.",
        "Flatten each member to one long vector. A double loop with j < i visits each pair once; divide by how many pairs "
        "that were, N (N - 1) / 2.",
        "`flat = batch.flatten(1)`; collect `(flat[i] - flat[j]).square().sum()` for i in range(N) and j in range(i), "
        "and return the mean of `torch.stack(pairs)`.",
    ),
    reference=inversion.spread,
    cases=(
        _spread_case(1, (3, 3, 4, 5)),
        _spread_case(2, (2, 4, 3, 5)),
        _spread_case(3, (5, 2, 6, 4), loose=True),
        _spread_case(4, (4, 3, 5, 7)),
        _spread_case(5, (3, 1, 4, 1)),
    ),
    takes={"batch": tensor("N C H W")},
    sizes={"N": (2, 5)},
    verified="every pair of different members once, squared Euclidean distances, their mean",
)
