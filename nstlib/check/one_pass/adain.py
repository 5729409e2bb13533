"""The exercise ``adain``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import moments
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered
from nstlib.check.one_pass._shared import deviation, maps, mean


def _case(seed: int, content: tuple[int, ...], style: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = maps(seed, *content, dtype=dtype)
        return scattered(features) if loose else features, 2 * maps(seed + 30, *style, dtype=dtype) + 0.5

    return Case(f"content {content}{if_loose(loose)}, style {style}", make)


def _pair() -> tuple[Tensor, Tensor]:
    return maps(11, 2, 3, 4, 5), 3 * maps(12, 2, 3, 6, 3) - 1


@law("each channel has the style's mean afterwards")
def means(function: Function) -> bool:
    content, style = _pair()
    return close(mean(torch.as_tensor(function(content, style))), mean(style))


@law("each channel has the style's deviation afterwards")
def deviations(function: Function) -> bool:
    content, style = _pair()
    return close(deviation(torch.as_tensor(function(content, style))), deviation(style))


@law("a content that is its own style stays as it is")
def itself(function: Function) -> bool:
    content, _ = _pair()
    return close(function(content, content.clone()), content)


@law("where a channel of the content is highest, it stays highest")
def places(function: Function) -> bool:
    content, style = _pair()
    moved = torch.as_tensor(function(content, style))
    return torch.equal(moved.flatten(2).argmax(2), content.flatten(2).argmax(2))


@law("contrast and level of the content change nothing")
def contrast(function: Function) -> bool:
    content, style = _pair()
    return close(function(5 * content + 2, style), function(content, style))


@law("moving the style's positions around changes nothing")
def shuffled(function: Function) -> bool:
    content, style = _pair()
    return close(function(content, style.flip(2, 3)), function(content, style))


@mistake("Content and style are exchanged. The places come from the content, mean and deviation from the style.")
def exchanged(content: Tensor, style: Tensor) -> Tensor:
    return moments.adain(style, content)


@mistake(
    "The features are divided by the style's deviation and multiplied by the content's. First take out what the "
    "content has, then put in what the style has."
)
def deviations_exchanged(content: Tensor, style: Tensor) -> Tensor:
    return (content - mean(content)) / deviation(style) * deviation(content) + mean(style)


@mistake("The mean is the content's still. Which mean should the result have?")
def content_mean_kept(content: Tensor, style: Tensor) -> Tensor:
    return moments.adain(content, style) - mean(style) + mean(content)


@mistake("The style's mean is added before the content's is taken out: then the result's mean is the sum of two.")
def mean_not_taken_out(content: Tensor, style: Tensor) -> Tensor:
    return content / deviation(content) * deviation(style) + mean(style)


@mistake("Only the means are moved. How far a channel swings around its mean is the style's, too.")
def deviation_forgotten(content: Tensor, style: Tensor) -> Tensor:
    return content - mean(content) + mean(style)


@mistake("The style's mean is missing: this result has a mean of 0 in each channel.")
def style_mean_forgotten(content: Tensor, style: Tensor) -> Tensor:
    return moments.adain(content, style) - mean(style)


@mistake("The style's deviation is missing: each channel of this result has a deviation of 1.")
def style_deviation_forgotten(content: Tensor, style: Tensor) -> Tensor:
    return (content - mean(content)) / deviation(content) + mean(style)


@mistake("The style's mean is multiplied by its deviation, for it is added first. Multiply, then add.")
def mean_added_first(content: Tensor, style: Tensor) -> Tensor:
    return ((content - mean(content)) / deviation(content) + mean(style)) * deviation(style)


@mistake("Each row has a mean and a deviation of its own. Take both over height *and* width.")
def by_row(content: Tensor, style: Tensor) -> Tensor:
    low, wide = content.mean(3, keepdim=True), content.std(3, correction=0, keepdim=True)
    return (content - low) / wide.clamp(min=1e-6) * deviation(style) + mean(style)


def _by(spread: Function) -> Function:
    """Return AdaIN with another measure of how far a channel swings."""

    def moved(content: Tensor, style: Tensor) -> Tensor:
        return (content - mean(content)) / spread(content) * spread(style) + mean(style)

    return moved


other_spread = mistake(
    "How far a channel swings is measured by its range, or by a mean of absolute values. Standard deviations are asked for.",
    "other_spread",
)(
    _by(lambda x: (x - mean(x)).abs().mean((2, 3), keepdim=True)),
    _by(lambda x: x.amax((2, 3), keepdim=True) - x.amin((2, 3), keepdim=True)),
)


@mistake("Divided and multiplied by variances. A deviation is the root of the variance.")
def variances(content: Tensor, style: Tensor) -> Tensor:
    return (content - mean(content)) / deviation(content).square() * deviation(style).square() + mean(style)


@mistake("One mean and one deviation were taken for the whole image. Each channel has its own.")
def channels_folded_in(content: Tensor, style: Tensor) -> Tensor:
    def mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), correction=0, keepdim=True)

    (low, wide), (wanted, spread) = mean_and_deviation(content), mean_and_deviation(style)
    return (content - low) / wide * spread + wanted


@mistake("One mean and one deviation were taken for the whole batch. Each image has its own.")
def batch_folded_in(content: Tensor, style: Tensor) -> Tensor:
    def mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), correction=0, keepdim=True)

    (low, wide), (wanted, spread) = mean_and_deviation(content), mean_and_deviation(style)
    return (content - low) / wide * spread + wanted


@mistake(
    "Your deviations divide by H*W - 1, as torch's `std` does unless told otherwise. Content and style have different "
    "numbers of positions, so it does not cancel. These are all positions there are: divide by H*W."
)
def unbiased(content: Tensor, style: Tensor) -> Tensor:
    return (content - mean(content)) / content.std((2, 3), keepdim=True) * style.std((2, 3), keepdim=True) + mean(style)


EXERCISE = Exercise(
    __name__,
    title="The style's mean and deviation",
    difficulty=1,
    minutes=8,
    signature="adain(content, style)",
    hints=(
        "Two things are moved in each channel, its level and how far it swings around that level. First make both "
        "neutral, then give both the style's.",
        "Neutral is: minus its own mean, over its own deviation. Both are taken over H and W together, for each image "
        "and channel; `keepdim=True` lets you compute with them at once.",
        "`(content - mean_of(content)) / deviation_of(content) * deviation_of(style) + mean_of(style)`, with "
        "`x.mean((2, 3), keepdim=True)` and `x.std((2, 3), correction=0, keepdim=True)`.",
    ),
    reference=moments.adain,
    cases=(
        _case(1, (1, 3, 4, 5), (1, 3, 6, 3)),
        _case(2, (2, 4, 5, 3), (2, 4, 4, 4)),
        _case(3, (2, 3, 6, 4), (2, 3, 3, 5), loose=True),
        _case(4, (1, 1, 7, 6), (1, 1, 2, 3)),
        _case(5, (1, 5, 1, 6), (1, 5, 4, 1)),
    ),
    takes={"content": tensor("B C H W", ("normal", "positive")), "style": tensor("B C h w")},
    sizes={"H": (2, 7)},
    verified="the style's mean and deviation in each channel, the content's places",
)
