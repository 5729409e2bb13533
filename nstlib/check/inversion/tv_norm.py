"""The exercise ``tv_norm``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import inversion
from nstlib.check.drawing import PICTURE, one_of, real, tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)
from nstlib.check.inversion._shared import picture, sums


def _slopes(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences to the right and downward, 0 beyond the last column and row."""
    return torch.diff(image, dim=3, append=image[..., -1:]), torch.diff(image, dim=2, append=image[..., -1:, :])


def _tv_case(seed: int, shape: tuple[int, ...], beta: float, epsilon: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, beta, epsilon

    _, channels, height, width = shape
    sizes = {"C*H*W": channels * height * width, "H*W": height * width, "C": channels, "2": 2}
    return Case(f"image {shape}{if_loose(loose)}, beta {beta:g}, epsilon {epsilon:g}", make, sizes)


@law("a flat image has 0")
def flat(function: Function) -> bool:
    return all(close(function(torch.full((2, 3, 4, 5), 0.3), beta, 0.01), torch.zeros(2)) for beta in (1.0, 1.5, 2.0))


@law("the gradient of a flat image is 0, not infinite or NaN")
def flat_gradient(function: Function) -> bool:
    image = torch.full((1, 3, 4, 5), 0.3, requires_grad=True)
    torch.as_tensor(function(image, 1.0, 1e-4)).sum().backward()
    return close(image.grad, torch.zeros_like(image))


@law("a brighter image is no rougher")
def brighter(function: Function) -> bool:
    return close(function(picture() + 0.5, 1.0, 0.01), function(picture(), 1.0, 0.01))


@law("at beta 2, three times the contrast counts nine times")
def contrast(function: Function) -> bool:
    return close(function(3 * picture(), 2.0, 0.01), 9 * torch.as_tensor(function(picture(), 2.0, 0.01)))


@law("at beta 1, an edge costs what a ramp of the same height costs")
def edge(function: Function) -> bool:
    """A sharp edge is as dear as a ramp at beta 1."""
    ramp, edge = torch.linspace(0, 1, 5).expand(1, 1, 3, 5), torch.tensor([0, 0, 0, 1.0, 1]).expand(1, 1, 3, 5)
    return close(function(ramp.clone(), 1.0, 1e-9), function(edge.clone(), 1.0, 1e-9), 1e-2)


def tv_without_epsilon_by_norm(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return sums(torch.linalg.vector_norm(torch.stack(_slopes(image)), dim=0) ** beta)


@mistake(
    "Epsilon is not used. What is the slope of a power below 1 at 0, and how many neighbors in a photo are equal?",
    variants=(tv_without_epsilon_by_norm,),
)
def epsilon_missing(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2) ** (beta / 2))


def tv_epsilon_cancelled(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2) ** (beta / 2) + epsilon - epsilon ** (beta / 2))


@mistake(
    "Epsilon is added after the power, where it changes no gradient. It has to keep the *power* away from 0.",
    variants=(tv_epsilon_cancelled,),
)
def epsilon_after_the_power(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2) ** (beta / 2) + epsilon)


def tv_to_beta_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2 + epsilon) ** beta)


@mistake(
    "The squares get the power beta. They are squares of lengths, and it is the length that gets the power beta: "
    "which power does its square get?",
    variants=(tv_to_beta_unsubtracted,),
)
def power_beta(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2 + epsilon) ** beta - epsilon**beta)


@mistake("It is a square root whatever beta is. That is beta 1; where does beta come in?")
def beta_ignored(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2 + epsilon).sqrt() - epsilon**0.5)


def tv_each_way_absolute(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return sum(sums(slope.abs() ** beta) for slope in _slopes(image))


@mistake(
    "The two directions get the power one by one and are added afterwards. Then a slanted edge costs more than an "
    "upright one. Add the squares first.",
    variants=(tv_each_way_absolute,),
)
def each_direction_alone(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return sum(sums((slope**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)) for slope in _slopes(image))


def tv_cropped_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = (slope[:, :, :-1, :-1] for slope in _slopes(image))
    return sums((right**2 + down**2 + epsilon) ** (beta / 2))


@mistake(
    "The last row and the last column are left out. They have a neighbor too, in the other direction.",
    variants=(tv_cropped_unsubtracted,),
)
def last_row_and_column_lost(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = (slope[:, :, :-1, :-1] for slope in _slopes(image))
    return sums((right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2))


def tv_around_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = image.roll(-1, 3) - image, image.roll(-1, 2) - image
    return sums((right**2 + down**2 + epsilon) ** (beta / 2))


@mistake(
    "The last column is compared with the first one, or the last row with the first: roll goes around. An image "
    "ends at its border.",
    variants=(tv_around_unsubtracted,),
)
def wrapped_around(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = image.roll(-1, 3) - image, image.roll(-1, 2) - image
    return sums((right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2))


def tv_of_the_batch_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return floor_left(image, beta, epsilon).sum()


@mistake(
    "All images of the batch are added up. Each has a number of its own: shape (B,).",
    variants=(tv_of_the_batch_unsubtracted,),
)
def batch_summed(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return inversion.tv_norm(image, beta, epsilon).sum()


def tv_averaged_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return floor_left(image, beta, epsilon) / image[0].numel()


@mistake(
    "It is a mean over the numbers of an image; here a sum is asked for. The loss will divide by their number.",
    variants=(tv_averaged_unsubtracted,),
)
def averaged(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return inversion.tv_norm(image, beta, epsilon) / image[0].numel()


@mistake(
    "The channels are added before the power. That is a norm of color edges; here each channel gets the power by "
    "itself."
)
def channels_together(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    squares = (right**2 + down**2).sum(1)  # (B, H, W)
    return ((squares + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum((1, 2))


@mistake(
    "A flat image has a small constant here instead of 0: take epsilon**(beta / 2) off each term again, after the power."
)
def floor_left(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return sums((right**2 + down**2 + epsilon) ** (beta / 2))


EXERCISE = Exercise(
    __name__,
    title="How rough is an image?",
    difficulty=2,
    minutes=12,
    signature="tv_norm(image, beta, epsilon)",
    hints=(
        "At each position of each channel there is a small arrow: the difference to the right and the one downward. Its "
        "squared length is what gets a power.",
        "The last column has no right neighbor and the last row none below: fill up with zeros, so that both "
        "differences have the image's shape. The power beta of a length is the power beta / 2 of its square; epsilon goes "
        "under that power.",
        "`right = torch.diff(image, dim=3, append=image[..., -1:])`, `down` likewise along dim 2; then "
        "`(right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)`, summed over axes 1, 2 and 3.",
    ),
    reference=inversion.tv_norm,
    cases=(
        _tv_case(1, (1, 3, 4, 5), 1.0, 0.02),
        _tv_case(2, (2, 3, 5, 4), 2.0, 0.01),
        _tv_case(3, (2, 2, 6, 3), 1.5, 0.05, loose=True),
        _tv_case(4, (1, 4, 5, 7), 1.0, 0.1),
        _tv_case(5, (1, 1, 5, 1), 1.0, 0.03),
    ),
    takes={
        "image": tensor(
            "B C H W", ("normal", "rectified", "zeros", *PICTURE)
        ),  # of tiny steps epsilon leaves no digits
        "beta": real(1.0, 2.0),
        "epsilon": one_of(1e-4, 0.01, 0.1),
    },
    allowed=lambda image, beta, epsilon: image[0, 0].numel() > 2,
    differentiable=(0,),
    verified="every pair of neighbors once, the power of the length, and a slope that is finite where nothing changes",
)
