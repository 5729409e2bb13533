"""The exercise ``bn_statistics``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import textures
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.textures._shared import permutation, some
from nstlib.gram import gram_matrix, shuffle_positions


def _feature_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.5
        features = features.relu() if rectified else features
        return (scattered(features) if loose else features,)

    return Case(f"features {shape}{', rectified' if rectified else ''}{if_loose(loose)}", make)


def _pair(function: Function, features: Tensor) -> tuple[Tensor, Tensor]:
    mean, deviation = function(features)
    return torch.as_tensor(mean), torch.as_tensor(deviation)


@law("mean**2 + deviation**2 is the diagonal of the Gram matrix")
def diagonal(function: Function) -> bool:
    mean, deviation = _pair(function, some())
    return close(mean**2 + deviation**2, gram_matrix(some()).diagonal(dim1=1, dim2=2))


@law("a level that is added moves the mean and leaves the deviation")
def level(function: Function) -> bool:
    before, after = _pair(function, some()), _pair(function, some() + 3)
    return close(after[0], before[0] + 3) and close(after[1], before[1])


@law("minus twice the features have minus twice the mean and twice the deviation")
def strength(function: Function) -> bool:
    before, after = _pair(function, some()), _pair(function, -2 * some())
    return close(after[0], -2 * before[0]) and close(after[1], 2 * before[1])


@law("each channel of each image is by itself")
def alone(function: Function) -> bool:
    mean, deviation = _pair(function, some())
    one = _pair(function, some()[1:, 2:])
    return close(one[0], mean[1:, 2:]) and close(one[1], deviation[1:, 2:])


@law("moving the positions around changes nothing")
def shuffled(function: Function) -> bool:
    before, after = _pair(function, some()), _pair(function, shuffle_positions(some(), permutation(2, 20)))
    return all(close(a, b) for a, b in zip(after, before, strict=True))


@mistake(
    "The deviation divides by H*W - 1, as one does for a sample: torch's `std` does it unless told otherwise. "
    "These are all positions there are; divide by H*W."
)
def unbiased(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.std((2, 3))


def bn_unbiased_variance(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.var((2, 3))


@mistake(
    "This is the variance. The deviation is its root, and has the units of the features.",
    variants=(bn_unbiased_variance,),
)
def variance(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.var((2, 3), correction=0)


@mistake("The second number is the root of the mean square: the channel's level is still in it. Deviation from what?")
def mean_not_subtracted(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.square().mean((2, 3)).sqrt()


@mistake("The channels are mixed: there is one mean for each image. Each channel has its own: shapes (B, C).")
def channels_folded_in(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((1, 2, 3)), features.std((1, 2, 3), correction=0)


@mistake(
    "The images of the batch are mixed, as in batch normalization during training. A style belongs to one picture: "
    "shapes (B, C).",
)
def batch_folded_in(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((0, 2, 3)), features.std((0, 2, 3), correction=0)


@mistake("This averages over channels and keeps the positions: just what should be forgotten. Which axes are H and W?")
def over_channels(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(1), features.std(1, correction=0)


def bn_of_rows(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(3), features.std(3, correction=0)


@mistake("Only one of the two axes of positions is averaged over. Give both at once: (2, 3).", variants=(bn_of_rows,))
def one_axis_only(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(2), features.std(2, correction=0)


@mistake("Both are right, in the wrong order: the mean comes first.")
def swapped(features: Tensor) -> tuple[Tensor, Tensor]:
    return textures.bn_statistics(features)[::-1]


def bn_deviation_only(features: Tensor) -> Tensor:
    return features.std((2, 3), correction=0)


@mistake(
    "This is one of the two. Return the mean and the deviation: `return mean, deviation`.",
    variants=(bn_deviation_only,),
)
def one_of_two(features: Tensor) -> Tensor:
    return features.mean((2, 3))


EXERCISE = Exercise(
    __name__,
    title="Two numbers for each channel",
    difficulty=1,
    minutes=8,
    signature="bn_statistics(features)",
    hints=(
        "Two questions for each channel of each image: how strong is it on average, and how much does it vary over the "
        "positions?",
        "Both are taken over H and W together: two axes at once. The standard deviation here is that of all positions "
        "there are, not an estimate from a sample: it divides by H*W.",
        "`features.mean((2, 3))`, and `features.std((2, 3), correction=0)`; or the root of the mean squared distance to "
        "the mean.",
    ),
    reference=textures.bn_statistics,
    cases=(
        _feature_case(1, (1, 3, 4, 5)),
        _feature_case(2, (2, 5, 3, 4)),
        _feature_case(3, (2, 4, 6, 3), loose=True),
        _feature_case(4, (1, 6, 5, 7), rectified=True),
        _feature_case(5, (1, 1, 3, 4)),
    ),
    takes={"features": tensor("B C H W", ("normal", "positive"))},  # the slope of a deviation of 0 is none
    sizes={"H": (2, 7)},
    differentiable=(0,),
    finite_slope=False,  # that of a square root is not, and nobody asks for more
    verified="mean and deviation of each channel, the diagonal of the Gram matrix taken apart",
)
