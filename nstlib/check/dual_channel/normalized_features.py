"""The exercise ``normalized_features``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import one_of, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal, scattered


def normalized_features(features: Tensor, floor: float) -> Tensor:
    """Return features with each channel's mean taken out and its deviation set to 1."""
    return _normalize(features, floor)


def _normalize(
    features: Tensor,
    floor: float,
    *,
    axes: tuple[int, ...] = (2, 3),
    centered: bool = True,
    constant: bool = False,
    power: float = 0.5,
    correction: int = 0,
) -> Tensor:
    """Normalize features with one part of it left out or put in the wrong place."""
    mean = features.mean(axes, keepdim=True)
    variance = features.var(axes, keepdim=True, correction=correction)
    if constant:
        mean, variance = mean.detach(), variance.detach()
    return (features - mean if centered else features) / (variance + floor) ** power


def _features_case(seed: int, shape: tuple[int, ...], floor: float, *, loose: bool = False, flat: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float]:
        _, c, _, _ = shape
        features = normal(seed, *shape, dtype=dtype) * torch.arange(1, c + 1).to(dtype).view(c, 1, 1) + 0.7
        if flat:
            features[:, 1] = 2.0
        return (scattered(features) if loose else features), floor

    constant = ", one channel constant" if flat else ""
    return Case(f"features {shape}{constant}{if_loose(loose)}, floor {floor}", make)


def _some_features() -> Tensor:
    return normal(5, 2, 3, 4, 5) + 0.7


@law("the mean of each channel is 0")
def mean(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return bool(found.mean((2, 3)).abs().max() < 1e-5) and bool(found.abs().max() > 0.1)


@law("a number added to all of a channel changes nothing")
def offset(function: Function) -> bool:
    offsets = normal(6, 3, 1, 1)
    return close(function(_some_features() + 4 * offsets, 0.3), function(_some_features(), 0.3))


@law("5 times the features, with 25 times the floor, give the same")
def gain(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return close(function(5 * _some_features(), 25 * 0.3), found) and bool(found.abs().max() > 0.1)


@law("where the floor is next to nothing beside the variance, the mean square of each channel is 1")
def deviation(function: Function) -> bool:
    found = torch.as_tensor(function(100 * _some_features(), 0.3))
    return close(found.square().mean((2, 3)), torch.ones(2, 3))


@law("if the features move, the result moves with them")
def moves(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return close(function(_some_features().roll(2, -1), 0.3), found.roll(2, -1)) and not close(found.roll(2, -1), found)


@law("an image does not depend on its neighbors in the batch")
def alone(function: Function) -> bool:
    features = _some_features() * torch.tensor([1.0, 6.0]).view(2, 1, 1, 1)
    return close(torch.as_tensor(function(features, 0.3))[:1], function(features[:1].clone(), 0.3))


@law("a channel that never changes becomes 0")
def flat(function: Function) -> bool:
    return close(function(torch.full((1, 2, 3, 4), 3.0), 0.1), torch.zeros(1, 2, 3, 4))


@mistake("The means are gone, the deviations are not: how strongly a channel varies still counts. What divides it?")
def deviation_left(features: Tensor, floor: float) -> Tensor:
    return features - features.mean((2, 3), keepdim=True)


def structure_by_energy(features: Tensor, floor: float) -> Tensor:
    return features / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


@mistake(
    "The mean is still there. What has to be subtracted before you divide?",
    variants=(structure_by_energy,),
)
def mean_left(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, centered=False)


@mistake(
    "What divides is the mean square of the features as they came. The variance is the mean square of what is *left*."
)
def square_of_what_came(features: Tensor, floor: float) -> Tensor:
    mean = features.mean((2, 3), keepdim=True)
    return (features - mean) / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


def structure_by_length_and_floor(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / (centered.square().sum((2, 3), keepdim=True).sqrt() + floor)


@mistake(
    "The squares are summed over positions. The variance is their *mean*, or larger pictures get smaller numbers.",
    variants=(structure_by_length_and_floor,),
)
def summed(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / (centered.square().sum((2, 3), keepdim=True) + floor).sqrt()


def _by(spread: Callable[[Tensor], Tensor]) -> Function:
    """Return the exercise's function with another measure of how far a channel spreads."""

    def structure(features: Tensor, floor: float) -> Tensor:
        return (features - features.mean((2, 3), keepdim=True)) / (spread(features) + floor)

    return structure


def _absolute(features: Tensor) -> Tensor:
    return (features - features.mean((2, 3), keepdim=True)).abs()


other_spread = mistake(
    "What divides is a mean absolute value, a largest value or a range. Asked for is the root of variance plus floor.",
    "other_spread",
)(
    _by(lambda features: _absolute(features).mean((2, 3), keepdim=True)),
    _by(lambda features: _absolute(features).amax((2, 3), keepdim=True)),
    _by(lambda features: features.abs().amax((2, 3), keepdim=True)),
    _by(lambda features: features.amax((2, 3), keepdim=True) - features.amin((2, 3), keepdim=True)),
)


@mistake("It is divided by the variance, which is in squared units. What turns a variance into a deviation?")
def divided_by_the_variance(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, power=1.0)


@mistake(
    "All channels share one mean and one deviation, so it still matters how strong each is beside the others. Over "
    "which axes do you average?"
)
def one_mean_for_the_layer(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(1, 2, 3))


@mistake(
    "The images of a batch share their means (batch normalization). Each image is its own picture: which axis "
    "should not be averaged?"
)
def one_mean_for_the_batch(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(0, 2, 3))


def structure_by_column(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(2,))


@mistake(
    "Each row, or each column, has a mean of its own here. The mean of a channel is taken over height *and* width.",
    variants=(structure_by_column,),
)
def by_row(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(3,))


@mistake("It averages over channels at each position. The mean of a channel is taken over height and width.")
def over_channels(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(1,))


@mistake(
    "The variance is cut off at the floor. Add the floor to the variance, inside the root: then nothing has a kink."
)
def floor_as_a_limit(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / centered.square().mean((2, 3), keepdim=True).clamp(min=floor).sqrt()


def structure_by_two_roots(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / (centered.square().mean((2, 3), keepdim=True).sqrt() + floor**0.5)


def structure_by_torch_std(features: Tensor, floor: float) -> Tensor:
    return (features - features.mean((2, 3), keepdim=True)) / (features.std((2, 3), keepdim=True) + floor)


@mistake(
    "The floor, or its root, is added to the deviation. It belongs to the variance: inside the root.",
    variants=(structure_by_two_roots, structure_by_torch_std),
)
def floor_outside_the_root(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / (centered.square().mean((2, 3), keepdim=True).sqrt() + floor)


@mistake("`floor` is not used, so a channel that never changes is 0 divided by 0.")
def floor_forgotten(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, 0.0)


@mistake(
    "The numbers are right, but mean and deviation are cut off from the graph. They move with the image, and the "
    "gradient has to know."
)
def statistics_without_gradient(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, constant=True)


@convention(
    "Your variance divides by the number of positions minus 1, as torch.var does by itself. Both are in use; your "
    "numbers below will differ a little from the book's, which divides by the number of positions."
)
def unbiased(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, correction=1)


EXERCISE = Exercise(
    __name__,
    title="Where, not how much",
    difficulty=1,
    minutes=8,
    signature="normalized_features(features, floor)",
    hints=(
        "Each channel of each image has a mean and a deviation of its own over positions. Take both out, and all that is "
        "left is *where* it is stronger and where weaker.",
        "Subtract the mean over height and width. The variance is the mean square of what is left. Add the floor to it "
        "before you take the root, so that a channel that never changes is not divided by zero.",
        "`centered = features - features.mean((2, 3), keepdim=True)`, then "
        "`centered / (centered.square().mean((2, 3), keepdim=True) + floor).sqrt()`",
    ),
    reference=normalized_features,
    cases=(
        _features_case(1, (1, 3, 4, 5), 0.2),
        _features_case(2, (2, 5, 3, 4), 0.5, flat=True),
        _features_case(3, (2, 4, 6, 3), 0.1, loose=True),
        _features_case(4, (2, 2, 5, 7), 1.5),
        _features_case(5, (1, 1, 4, 5), 0.3),
    ),
    takes={"features": tensor("B C H W"), "floor": one_of(0.05, 0.1, 0.3, 1, 2.0)},
    differentiable=(0,),
    verified="zero mean, unit deviation, and blind to any gain and offset of a channel",
)
