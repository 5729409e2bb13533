"""The exercise ``instance_norm``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.one_pass._shared import maps, mean

EPSILON = 1e-5


def instance_norm(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Return features with each image's channels at mean 0 and variance 1, then scaled and moved as a style says.

    Args:
        features: shape (B, C, H, W). scale, bias: shape (C,). 1e-5 is added to the variance of all H * W positions.
    """
    centered = features - mean(features)
    variance = centered.square().mean((2, 3), keepdim=True)
    return centered / (variance + EPSILON).sqrt() * scale[:, None, None] + bias[:, None, None]


def _case(seed: int, shape: tuple[int, ...], *, loose: bool = False, faint: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        features = maps(seed, *shape, dtype=dtype) * (3e-3 if faint else 1.0)
        features = scattered(features) if loose else features
        return features, 1.5 * normal(seed + 1, shape[1], dtype=dtype), normal(seed + 2, shape[1], dtype=dtype)

    return Case(f"features {shape}{', very small' if faint else ''}{if_loose(loose)}", make)


def _three() -> tuple[Tensor, Tensor, Tensor]:
    return 4 * maps(21, 2, 3, 5, 6), torch.tensor([0.5, -1.5, 2.0]), torch.tensor([1.0, 0.0, -2.0])


@law("each channel's mean is its bias")
def means(function: Function) -> bool:
    features, scale, bias = _three()
    return close(torch.as_tensor(function(features, scale, bias)).mean((2, 3)), bias.expand(2, 3))


@law("each channel's deviation is the size of its scale")
def deviations(function: Function) -> bool:
    features, scale, bias = _three()
    spread = torch.as_tensor(function(features, scale, bias)).std((2, 3), correction=0)
    return close(spread, scale.abs().expand(2, 3))


@law("contrast and level are taken out: 8 times the features plus 3 give the same")
def contrast(function: Function) -> bool:
    features, scale, bias = _three()
    return close(function(8 * features + 3, scale, bias), function(features, scale, bias))


@law("an image alone gives what it gives in a batch")
def alone(function: Function) -> bool:
    features, scale, bias = _three()
    together = torch.as_tensor(function(features, scale, bias))
    return close(function(features[1:], scale, bias), together[1:])


@law("a flat image becomes its bias")
def flat(function: Function) -> bool:
    _, scale, bias = _three()
    return close(function(torch.full((1, 3, 4, 4), 0.5), scale, bias), bias.view(1, 3, 1, 1).expand(1, 3, 4, 4))


@law("scale 0 leaves the bias alone")
def nothing(function: Function) -> bool:
    features, _, bias = _three()
    return close(function(features, torch.zeros(3), bias), bias.view(1, 3, 1, 1).expand_as(features))


def _over(features: Tensor, scale: Tensor, bias: Tensor, axes: tuple[int, ...]) -> Tensor:
    centered = features - features.mean(axes, keepdim=True)
    variance = centered.square().mean(axes, keepdim=True)
    return centered / (variance + EPSILON).sqrt() * scale[:, None, None] + bias[:, None, None]


@mistake("This is batch norm: one mean and one variance for the whole batch. Here each image has its own.")
def batch_norm(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return _over(features, scale, bias, (0, 2, 3))


@mistake("This is layer norm: one mean and one variance for all channels of an image. Here each channel has its own.")
def layer_norm(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return _over(features, scale, bias, (1, 2, 3))


@mistake("This normalizes over channels, at each position by itself. Which axes are H and W?")
def over_channels(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return _over(features, scale, bias, (1,))


def instance_norm_of_rows(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return _over(features, scale, bias, (3,))


@mistake(
    "Only one of the two axes of positions is averaged over. Give both: (2, 3).", variants=(instance_norm_of_rows,)
)
def one_axis_only(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return _over(features, scale, bias, (2,))


def _with(divisor: Callable[[Tensor], Tensor]) -> Function:
    """Return the exercise's function with another divisor, made of the variance."""

    def norm(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        variance = features.var((2, 3), correction=0, keepdim=True)
        return (features - mean(features)) / divisor(variance) * scale[:, None, None] + bias[:, None, None]

    return norm


other_epsilon = mistake(
    "The small number has another size, or another place: 1e-5 is added to the variance, inside the root.",
    "other_epsilon",
)(
    _with(lambda variance: variance.sqrt() + EPSILON),
    _with(lambda variance: (variance + 1e-3).sqrt()),
    _with(lambda variance: (variance + 1e-6).sqrt()),
    _with(lambda variance: (variance + 1e-8).sqrt()),
    _with(lambda variance: variance.sqrt() + 1e-8),
    _with(lambda variance: variance.clamp(min=EPSILON).sqrt()),
)


@mistake("The squares are summed over positions. The variance is their mean.")
def summed(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    positions = features[0, 0].numel()
    return _with(lambda variance: (variance * positions + EPSILON).sqrt())(features, scale, bias)


@mistake("Scale and bias are exchanged: multiply by the scale, add the bias.")
def exchanged(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return instance_norm(features, bias, scale)


@mistake("Scale and bias are missing: the style is in them.")
def without_style(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return instance_norm(features, torch.ones_like(scale), torch.zeros_like(bias))


@mistake("The scale is there, the bias is not.")
def bias_forgotten(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return instance_norm(features, scale, torch.zeros_like(bias))


@mistake("The bias is there, the scale is not.")
def scale_forgotten(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return instance_norm(features, torch.ones_like(scale), bias)


@mistake("The bias is scaled, too: it is added first. Scale first, then add.")
def bias_first(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return (instance_norm(features, torch.ones_like(scale), torch.zeros_like(bias)) + bias[:, None, None]) * scale[
        :, None, None
    ]


@mistake("Divided by the variance: the result's deviation then depends on the picture's contrast. Take the root.")
def over_the_variance(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    variance = features.var((2, 3), correction=0, keepdim=True)
    return (features - mean(features)) / (variance + EPSILON) * scale[:, None, None] + bias[:, None, None]


@mistake("The mean is still in it. Which level should a channel have before the bias is added?")
def not_centered(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    variance = features.var((2, 3), correction=0, keepdim=True)
    return features / (variance + EPSILON).sqrt() * scale[:, None, None] + bias[:, None, None]


@mistake("Divided by the root of the mean square, with the mean still in it. How far is a channel from its *mean*?")
def over_the_root_mean_square(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    power = features.square().mean((2, 3), keepdim=True)
    return (features - mean(features)) / (power + EPSILON).sqrt() * scale[:, None, None] + bias[:, None, None]


@mistake(
    "The variance divides by H*W - 1, as torch's `var` does unless told otherwise. These are all positions: divide by H*W."
)
def unbiased(features: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    variance = features.var((2, 3), keepdim=True)
    return (features - mean(features)) / (variance + EPSILON).sqrt() * scale[:, None, None] + bias[:, None, None]


EXERCISE = Exercise(
    __name__,
    title="A norm that takes contrast out",
    difficulty=1,
    minutes=8,
    signature="instance_norm(features, scale, bias)",
    hints=(
        "It is AdaIN, only that the new deviation and the new mean do not come from a picture. They are numbers that "
        "the style has learned: `scale` and `bias`.",
        "Mean and variance go over H and W, for each image and each channel by itself. `scale` and `bias` have one "
        "number for each channel: give them two more axes, or they will be lined up with the columns.",
        "`(features - mean) / (variance + 1e-5).sqrt() * scale[:, None, None] + bias[:, None, None]`, with "
        "`features.var((2, 3), correction=0, keepdim=True)`.",
    ),
    reference=instance_norm,
    cases=(
        _case(1, (1, 3, 4, 5)),
        _case(2, (2, 4, 5, 3)),
        _case(3, (2, 5, 6, 4), loose=True),
        _case(4, (3, 1, 2, 7)),
        _case(5, (1, 2, 4, 3), faint=True),
    ),
    # Where all values are equal, what rounding leaves of their deviation is divided by the root of 1e-5; where there are two
    # different ones only, the slope is 0 but for that.
    takes={
        "features": tensor("B C H W", ("normal", "tiny")),
        "scale": tensor("C", ("normal",)),
        "bias": tensor("C"),
    },
    sizes={"H": (2, 7), "W": (2, 7)},
    differentiable=(0, 1, 2),
    verified="each channel of each image at mean 0 and variance 1, then scaled and moved",
)
