"""The exercise ``content_loss``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import losses
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Exercise, Function, close, convention, law, mistake
from nstlib.check.losses._shared import CUT, ab, pair


@law("the loss of features that are equal is 0")
def of_equals(function: Function) -> bool:
    a, _ = ab()
    return close(function(a, a.clone()), 0.0)


@law("it is the same from features to target as the other way round")
def symmetric(function: Function) -> bool:
    a, b = ab()
    return close(function(a, b), function(b, a)) and not close(function(a, b), 0.0)


@law("three times the difference costs nine times as much")
def squares(function: Function) -> bool:
    a, b = ab()
    return close(function(b + 3 * (a - b), b), 9 * torch.as_tensor(function(a, b)))


@law("one unit that is wrong by 2 costs 2")
def one_unit(function: Function) -> bool:
    target = torch.zeros(1, 2, 3, 4)
    features = target.clone()
    features[0, 1, 2, 3] = 2.0
    return close(function(features, target), 2.0)


@law("features moved by one position are another content")
def moved(function: Function) -> bool:
    a, _ = ab()
    return float(function(a.roll(1, -1), a)) > 0.1


@mistake("It is 2 times too large: the 1/2 of equation 1 is missing. What does it do to the derivative of a square?")
def half_lost(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum()


def content_absolute_whole(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().sum()


def content_absolute_mean(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().mean()


@mistake(
    "These are absolute differences. Squares are asked for: what is the slope of each where the difference is small?",
    variants=(content_absolute_whole, content_absolute_mean),
)
def absolute_values(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().sum() / 2


def content_half_root(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum().sqrt() / 2


def content_root_of_half(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target).square().sum() / 2).sqrt()


@mistake(
    "This is the length of the difference; its square is asked for. Is there a sqrt or a norm without **2?",
    variants=(content_half_root, content_root_of_half),
)
def square_root(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum().sqrt()


@mistake(CUT)
def gradient_cut(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features.detach(), target)


@mistake("The differences are summed first and squared then, so that plus and minus cancel. Which comes first?")
def summed_before_squaring(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).sum().square() / 2


def content_of_absolute_squares(features: Tensor, target: Tensor) -> Tensor:
    return (features.square() - target.square()).abs().sum() / 2


@mistake(
    "Features and target are squared before they are subtracted. Where does the **2 belong, in or out of the "
    "parentheses?",
    variants=(content_of_absolute_squares,),
)
def squared_before_subtracting(features: Tensor, target: Tensor) -> Tensor:
    return (features.square() - target.square()).sum() / 2


@mistake("This is half of the *mean* of squares, and so C*H*W times too small. Gatys sums.")
def half_mean(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().mean() / 2


@mistake(
    "It is H*W times too small. The mean over positions belongs to the Gram matrix; here the plain sum is asked for."
)
def divided_by_positions(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target) / features[0, 0].numel()


@convention(
    "This is the mean of squares, the convention of Johnson et al. (2016) and of the PyTorch tutorial. Your "
    "numbers below will differ from the book's by the factor 2/(C*H*W), and alpha has to make up for it."
)
def mean(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="mean")


@convention(
    "This is the convention of the Deep Learning Specialization, sum/(4*H*W*C). Your numbers below will differ "
    "from the book's by the factor 1/(2*C*H*W), and alpha has to make up for it.",
    "deeplearning.ai",
)
def deeplearning_ai(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="deeplearning.ai")


@convention(
    "This is the relative loss, the mean of squares over that of the target, as nstlib.transfer uses it. Your "
    "numbers below will differ from the book's by 2/sum(target**2), and alpha has to make up for it."
)
def relative(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="relative")


EXERCISE = Exercise(
    __name__,
    title="How far from the scene",
    difficulty=1,
    minutes=6,
    signature="content_loss(features, target)",
    hints=(
        "Content is *what is where*: compare the two activations unit by unit. Any difference counts, up or down, "
        "and large ones more.",
        "Subtract, square, sum over everything, halve. Gatys et al. (2016, eq. 1) do not divide by the size.",
        "`((features - target) ** 2).sum() / 2`",
    ),
    reference=losses.content_loss,
    cases=(
        pair(1, (1, 3, 4, 5)),
        pair(2, (1, 5, 3, 4)),
        pair(3, (1, 4, 6, 3), loose=True),
        pair(4, (1, 2, 5, 7), rectified=True),
        pair(5, (1, 1, 4, 3)),
    ),
    takes={
        "features": tensor("1 C H W"),
        "target": tensor("1 C H W", ("normal", "positive", "equal", "ties", "tiny")),
    },
    differentiable=(0,),
    verified="half the sum of squared differences, as in Gatys et al. (2016, eq. 1)",
)
