"""The exercise ``normalized_error``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import inversion
from nstlib.check.drawing import ANY, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.inversion._shared import error_plain_mean, sums


def _error_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features, target = normal(seed, *shape, dtype=dtype) + 0.3, 2 * normal(seed + 50, *shape, dtype=dtype) + 0.5
        return (scattered(features), scattered(target)) if loose else (features, target)

    _, channels, height, width = shape
    sizes = {"C*H*W": channels * height * width, "H*W": height * width, "C": channels, "2": 2}
    return Case(f"features and target {shape}{if_loose(loose)}", make, sizes)


def _features() -> tuple[Tensor, Tensor]:
    return normal(11, 2, 3, 4, 5) + 0.3, 2 * normal(12, 2, 3, 4, 5)


@law("the target itself has 0")
def of_itself(function: Function) -> bool:
    _, target = _features()
    return close(function(target.clone(), target), torch.zeros(2))


@law("features of zeros have 1")
def of_zeros(function: Function) -> bool:
    _, target = _features()
    return close(function(torch.zeros_like(target), target), torch.ones(2))


@law("half of the target has 1/4")
def of_half(function: Function) -> bool:
    _, target = _features()
    return close(function(target / 2, target), torch.full((2,), 0.25))


@law("the unit of the features does not matter")
def unit(function: Function) -> bool:
    features, target = _features()
    return close(function(100 * features, 100 * target), function(features, target))


@law("an image has the same error alone and in a batch")
def alone(function: Function) -> bool:
    features, target = _features()
    single = [torch.as_tensor(function(features[k : k + 1], target[k : k + 1])).reshape(()) for k in range(2)]
    return close(function(features, target), torch.stack(single))


@mistake(
    "This is the ratio of the two lengths; asked for is the ratio of their squares. (The square root has no finite "
    "slope at 0.)"
)
def not_squared(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2).sqrt() / sums(target**2).sqrt()


@mistake(
    "It is divided by the features that are being optimized, which can grow to make the error look small. Which of "
    "the two stays fixed?"
)
def relative_to_itself(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2) / sums(features**2)


@mistake(
    "Nothing is divided by the size of the target, so a layer with large activations has large errors.",
    variants=(error_plain_mean,),
)
def not_normalized(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2)


@mistake("Above stands a mean, below a sum. Both alike, and their number cancels.")
def mean_over_sum(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).mean((1, 2, 3)) / sums(target**2)


def error_averaged(features: Tensor, target: Tensor) -> Tensor:
    return inversion.normalized_error(features, target).mean()


@mistake("All images of the batch have one error together. Each has its own: shape (B,).", variants=(error_averaged,))
def batch_together(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).sum() / (target**2).sum()


@mistake("Each image's error is divided by the size of all targets together. Which one belongs to it?")
def scale_of_the_batch(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2) / (target**2).sum()


def error_unit_by_unit_mean(features: Tensor, target: Tensor) -> Tensor:
    return (((features - target) / target) ** 2).mean((1, 2, 3))


@mistake(
    "Each unit is divided by its own target. After a ReLU many of those are 0. Sum first, then divide once.",
    variants=(error_unit_by_unit_mean,),
)
def unit_by_unit(features: Tensor, target: Tensor) -> Tensor:
    return sums(((features - target) / target) ** 2)


@mistake("These are sums of absolute values; a squared Euclidean length is a sum of squares.")
def absolute_values(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target).abs()) / sums(target.abs())


@mistake("Above stands a squared length, below a length: then the unit of the features matters.")
def root_below_only(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2) / sums(target**2).sqrt()


@mistake(
    "Squares are subtracted from squares. Where something is too strong and elsewhere too weak, that cancels: "
    "subtract first, then square."
)
def difference_of_squares(features: Tensor, target: Tensor) -> Tensor:
    return sums(features**2 - target**2) / sums(target**2)


@mistake("The target's mean is taken off below the line. Here 1 should mean: as far off as no activation at all.")
def target_centered(features: Tensor, target: Tensor) -> Tensor:
    return sums((features - target) ** 2) / sums((target - target.mean((1, 2, 3), keepdim=True)) ** 2)


EXERCISE = Exercise(
    __name__,
    title="How far from the target?",
    difficulty=1,
    minutes=6,
    signature="normalized_error(features, target)",
    hints=(
        "An error of 5 means nothing by itself. Compare it with the size of what should have been there.",
        "A squared length is a sum of squares, over all axes but the first. Divide the one of the difference by the one "
        "of the target, image by image.",
        "`(features - target).square().sum((1, 2, 3)) / target.square().sum((1, 2, 3))`",
    ),
    reference=inversion.normalized_error,
    cases=(
        _error_case(1, (1, 3, 4, 5)),
        _error_case(2, (2, 5, 3, 4)),
        _error_case(3, (2, 4, 6, 3), loose=True),
        _error_case(4, (1, 2, 5, 7)),
        _error_case(5, (1, 1, 3, 4)),
    ),
    takes={"features": tensor("B C H W"), "target": tensor("B C H W", tuple(sort for sort in ANY if sort != "zeros"))},
    allowed=lambda features, target: bool((sums(target.square()) > 0).all()),
    differentiable=(0,),
    verified="0 at the target, 1 at zeros, the same in any unit, for each image by itself",
)
