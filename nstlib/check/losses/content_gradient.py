"""The exercise ``content_gradient``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import losses
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Exercise, Function, close, law, mistake, normal
from nstlib.check.losses._shared import ab, pair


@law("it is what autograd finds for the input of the ReLU")
def autograd(function: Function) -> bool:
    before = normal(13, 1, 3, 4, 5).requires_grad_(True)
    target = ab(rectified=True)[1]
    features = before.relu()
    ((features - target).square().sum() / 2).backward()
    return close(function(features.detach(), target), before.grad)


@law("a unit that is off does not feel the loss")
def off(function: Function) -> bool:
    a, b = ab(rectified=True)
    return bool((torch.as_tensor(function(a, b))[a == 0] == 0).all())


@law("features that are equal have no slope")
def of_equals(function: Function) -> bool:
    a, _ = ab(rectified=True)
    return close(function(a, a.clone()), torch.zeros_like(a))


@law("twice the features and target have twice the slope")
def strength(function: Function) -> bool:
    a, b = ab(rectified=True)
    return close(function(2 * a, 2 * b), 2 * torch.as_tensor(function(a, b)))


@law("a small step against it lowers the loss")
def descends(function: Function) -> bool:
    a, b = ab(rectified=True)
    down = a - 0.5 * torch.as_tensor(function(a, b))
    return bool((down - b).square().sum() < (a - b).square().sum())


@mistake("Units that are off are included. The loss is felt through a ReLU: what is its slope where F is 0?")
def mask_forgotten(features: Tensor, target: Tensor) -> Tensor:
    return features - target


@mistake(
    "The mask asks where the *target* fires. Through whose ReLU does the gradient go, the image's or the target's?"
)
def mask_of_the_target(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (target > 0)


@mistake("The sign is turned around: this is P - F. A gradient points to where the loss *rises*.")
def upside_down(features: Tensor, target: Tensor) -> Tensor:
    return (target - features) * (features > 0)


@mistake("It is 2 times too large. The derivative of a square brings a 2; what is the 1/2 in the loss for?")
def factor_two(features: Tensor, target: Tensor) -> Tensor:
    return 2 * (features - target) * (features > 0)


def slope_averaged_doubled(features: Tensor, target: Tensor) -> Tensor:
    return 2 * averaged(features, target)


@mistake(
    "It is divided by the number of units. Gatys' content loss is a sum, so nothing is divided.",
    variants=(slope_averaged_doubled,),
)
def averaged(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (features > 0) / features.numel()


@mistake(
    "Only units that fire too strongly are included. A unit that is on, but too weak, feels the loss too: mask "
    "with F > 0, not with F - P > 0."
)
def mask_of_the_difference(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).relu()


@mistake("The mask is the wrong way round: it keeps the units that are off and drops those that fire.")
def mask_inverted(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (features <= 0)


_RECTIFIED = ("rectified", "positive", "ties", "zeros", "equal")


EXERCISE = Exercise(
    __name__,
    title="The gradient, by hand",
    difficulty=2,
    minutes=8,
    signature="content_gradient(features, target)",
    hints=(
        "Half a square has a simple derivative. But the activations come out of a ReLU: what happens to a unit that is "
        "off when its input moves a little?",
        "The derivative of 1/2 (F - P)**2 is F - P. Where the unit is off (F = 0) nothing is felt: there it is 0 "
        "(Gatys et al., 2016, eq. 2).",
        "`(features - target) * (features > 0)`",
    ),
    reference=losses.content_gradient,
    cases=(
        pair(21, (1, 3, 4, 5), rectified=True),
        pair(22, (2, 5, 3, 4), rectified=True),
        pair(23, (2, 4, 6, 3), rectified=True, loose=True),
        pair(24, (1, 2, 5, 7), rectified=True),
        pair(25, (1, 1, 4, 3), rectified=True),
    ),
    takes={"features": tensor("B C H W", _RECTIFIED), "target": tensor("B C H W", _RECTIFIED)},
    verified="equation 2 of Gatys et al. (2016), which autograd agrees with",
)
