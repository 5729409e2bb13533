"""The exercise ``activation_objective``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, tensor, together
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal, scattered

Position = tuple[int, int] | None


def activation_objective(features: Tensor, channel: int | None, position: Position) -> Tensor:
    """Return the number that should rise: of a whole layer, of one channel, or of one unit.

    Args:
        features: shape (B, C, H, W).
        channel: None for half the mean square of all activations.
        position: None for the mean of the channel over all positions; (row, column) for that unit. Means go over the batch.
    """
    if channel is None:
        return features.square().mean() / 2
    if position is None:
        return features[:, channel].mean()
    return features[:, channel, position[0], position[1]].mean()


def _objective_case(
    seed: int, shape: tuple[int, ...], channel: int | None, position: Position, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, int | None, Position]:
        features = normal(seed, *shape, dtype=dtype) + 0.2
        return scattered(features) if loose else features, channel, position

    b, c, h, w = shape
    sizes = {"2": 2.0, "H*W": h * w, "B": b, "C*H*W": c * h * w, "B*C*H*W": b * c * h * w}
    return Case(f"features {shape}{if_loose(loose)}, channel {channel}, position {position}", make, sizes)


def _features() -> Tensor:
    return normal(31, 2, 4, 3, 5) + 0.2


def _objective(function: Function, features: Tensor, channel: int | None, position: Position) -> Tensor:
    return torch.as_tensor(function(features, channel, position))


@law("the result is a single number")
def scalar(function: Function) -> bool:
    results = [function(_features(), *which) for which in ((None, None), (1, None), (1, (2, 3)))]
    return all(torch.as_tensor(result).ndim == 0 for result in results)


@law("features twice as strong give twice the value of a channel or unit, four times that of the layer")
def homogeneous(function: Function) -> bool:
    f = _features()
    return close(_objective(function, 2 * f, None, None), 4 * _objective(function, f, None, None)) and all(
        close(_objective(function, 2 * f, 1, where), 2 * _objective(function, f, 1, where)) for where in (None, (2, 3))
    )


@law("a channel does not care about the other channels")
def others_ignored(function: Function) -> bool:
    features = _features()
    changed = 100 * torch.ones_like(features)
    changed[:, 1] = features[:, 1]
    return all(
        close(_objective(function, changed, 1, where), _objective(function, features, 1, where))
        for where in (None, (2, 3))
    )


@law("a unit is found at its row and column")
def one_unit(function: Function) -> bool:
    features = torch.zeros(2, 4, 3, 5)
    features[:, 1, 2, 3] = 6.0
    return close(_objective(function, features, 1, (2, 3)), 6) and close(_objective(function, features, 1, (1, 3)), 0)


@law("the same images three times over have the same value")
def repeated(function: Function) -> bool:
    features = _features()
    return all(
        close(_objective(function, features.repeat(3, 1, 1, 1), *which), _objective(function, features, *which))
        for which in ((None, None), (1, None), (1, (2, 3)))
    )


@law("the slope of the whole layer is its activations")
def slope(function: Function) -> bool:
    features = _features().requires_grad_(True)
    (slope,) = torch.autograd.grad(function(features, None, None), features)
    return close(slope * features.numel(), features)


@mistake("`features[channel]` picks an image of the batch. Which axis holds the channels?")
def images_for_channels(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is None:
        return features.square().mean() / 2
    return features[channel].mean() if position is None else features[channel, :, position[0], position[1]].mean()


@mistake("The whole layer is asked for as *half* the mean square: then its slope is the activations themselves.")
def half_lost(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, position) * (2 if channel is None else 1)


@mistake(
    "This is minus the objective, a loss to be lowered. Here the number should be high where the unit is active: "
    "what climbs needs no minus."
)
def a_loss_instead(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return -activation_objective(features, channel, position)


@mistake("Channel 0 is a channel, too: `if channel` is not true of it. Ask whether it `is None`.")
def zero_taken_for_none(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel or None, position)


@mistake("Half of it is taken always. That belongs to the whole layer, whose squares have a slope of twice themselves.")
def half_everywhere(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, position) / (1 if channel is None else 2)


def objective_of_the_peak_of_each(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is not None and position is None:
        return features[:, channel].amax((1, 2)).mean()
    return activation_objective(features, channel, position)


@mistake(
    "This is the channel's strongest position. The channel as a whole is asked for: its mean over all positions.",
    variants=(objective_of_the_peak_of_each,),
)
def peak_instead_of_mean(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is not None and position is None:
        return features[:, channel].amax()
    return activation_objective(features, channel, position)


@mistake("`position` is not looked at: with one, a single unit is meant and not its whole channel.")
def position_ignored(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, None)


@mistake("Row and column are exchanged: a position is (row, column), and rows come first in (B, C, H, W).")
def row_and_column_swapped(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, None if position is None else position[::-1])


@mistake(
    "Negative activations are cut off first. A unit that is off then has no slope, and nothing can wake it: leave "
    "the features as they are."
)
def rectified(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features.relu(), channel, position)


@mistake("Only the first image counts. The mean goes over all images of the batch.")
def first_image_only(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features[:1], channel, position)


@mistake(
    "For the whole layer this is the mean activation, where strong and weak channels pull alike. DeepDream "
    "squares: what is strong grows most."
)
def layer_not_squared(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return features.mean() if channel is None else activation_objective(features, channel, position)


def objective_of_half_squares(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return channel_squared(features, channel, position) / (1 if channel is None else 2)


@mistake(
    "One channel or unit is squared too. Then strongly *negative* is as good as strongly active.",
    variants=(objective_of_half_squares,),
)
def channel_squared(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return (
        features.square().mean() / 2 if channel is None else activation_objective(features.square(), channel, position)
    )


@convention(
    "These are sums where the book takes means. Both point the same way, and a step that is normalized does not "
    "notice; your numbers below grow with the size of the image."
)
def sums(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is None:
        return features.square().sum() / 2
    part = features[:, channel]
    return part.sum() if position is None else part[:, position[0], position[1]].sum()


@convention(
    "The whole layer is summed, as in the original notebook (1/2 ||a||^2), where the book takes a mean. Both point "
    "the same way; your numbers below grow with the size of the image."
)
def layer_summed(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return sums(features, None, None) if channel is None else activation_objective(features, channel, position)


def _some_choice(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    channel, position = pick.whole(0, sizes["C"] - 1), (pick.whole(0, sizes["H"] - 1), pick.whole(0, sizes["W"] - 1))
    chosen = pick.one_of(((channel, position), (channel, (0, 0)), (channel, None), (None, None)))
    return tuple(map(str, chosen)), lambda dtype: chosen


EXERCISE = Exercise(
    __name__,
    title="What should be active?",
    difficulty=1,
    minutes=8,
    signature="activation_objective(features, channel, position)",
    hints=(
        "Three questions to one layer: how active is all of it, how active is one channel wherever that is, how active is "
        "one unit? Each answer is one number, which an optimizer can then push up.",
        "Axes are (image, channel, row, column). First pick what is meant, by indexing, then take a mean over all that is "
        "left. `None` says which of the three is asked for.",
        "`features.square().mean() / 2`, or `features[:, channel].mean()`, or "
        "`features[:, channel, row, column].mean()`.",
    ),
    reference=activation_objective,
    cases=(
        _objective_case(1, (1, 3, 4, 5), None, None),
        _objective_case(2, (2, 4, 3, 6), 1, None),
        _objective_case(3, (2, 4, 5, 3), 1, (2, 1)),
        _objective_case(4, (2, 3, 5, 4), None, None, loose=True),
        _objective_case(5, (1, 6, 4, 7), 4, None, loose=True),
        _objective_case(6, (3, 5, 7, 6), 2, (0, 4)),
        _objective_case(7, (1, 1, 4, 3), 0, None),
    ),
    takes={
        "features": tensor("B C H W"),
        **dict(zip(("channel", "position"), together(2, _some_choice), strict=True)),
    },
    sizes={"H": (1, 4), "W": (1, 4)},
    drawn=9,
    differentiable=(0,),
    verified="layer, channel and unit, as one number each",
)
