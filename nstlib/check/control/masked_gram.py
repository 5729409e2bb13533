"""The exercise ``masked_gram``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import PICTURE, changed, either, tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    normal,
    scattered,
    uniform,
)


def masked_gram(features: Tensor, mask: Tensor) -> Tensor:
    """Return the Gram matrix of a region: the mean of the products over positions, each counting what the mask says.

    Args:
        features: shape (B, C, H, W).
        mask: in [0, 1], shape (B, 1, H, W), not 0 everywhere.
    """
    return gram.gram_matrix(features, mask / mask.mean((2, 3), keepdim=True))


def _soft(seed: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    return (2 * uniform(seed, *shape, dtype=dtype) - 0.5).clamp(0, 1)


def _region_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, hard: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        b, _, h, w = shape
        features, mask = normal(seed, *shape, dtype=dtype) + 0.25, _soft(seed + 50, (b, 1, h, w), dtype)
        mask = mask.round() if hard else mask
        return (scattered(features), scattered(mask)) if loose else (features, mask)

    return Case(f"features {shape}, mask {'of 0 and 1' if hard else 'with a soft border'}{if_loose(loose)}", make)


def _given() -> tuple[Tensor, Tensor]:
    return normal(41, 2, 3, 4, 5) + 0.25, _soft(42, (2, 1, 4, 5))


@law("a mask of ones gives the Gram matrix of the whole")
def whole(function: Function) -> bool:
    features, mask = _given()
    return close(function(features, torch.ones_like(mask)), gram.gram_matrix(features))


@law("a mask half as strong everywhere marks the same region")
def strength(function: Function) -> bool:
    features, mask = _given()
    return close(function(features, mask / 2), function(features, mask))


@law("what lies outside does not count, however strong it is")
def outside(function: Function) -> bool:
    features, mask = _given()
    mask = mask.round()
    return close(function(features + 9 * (1 - mask), mask), function(features, mask))


@law("a mask of 0 and 1 gives the Gram matrix of the marked positions alone")
def chosen(function: Function) -> bool:
    features, mask = (each[:1] for each in _given())
    marked = features[:, :, mask[0, 0] > 0.5][..., None]  # (1, C, M, 1)
    return close(function(features, mask.round()), gram.gram_matrix(marked))


@law("region and rest, weighted by their areas, are the whole")
def parts(function: Function) -> bool:
    features, mask = _given()
    inside, rest = (torch.as_tensor(function(features, each)).float() for each in (mask, 1 - mask))
    area = mask.mean((2, 3)).unsqueeze(2)
    return close(area * inside + (1 - area) * rest, gram.gram_matrix(features))


@law("each image has a region of its own")
def alone(function: Function) -> bool:
    features, mask = _given()
    both = torch.as_tensor(function(features, mask))
    return close(both[1:], function(features[1:].clone(), mask[1:].clone()))


def _products(features: Tensor, weights: Tensor) -> Tensor:
    return torch.einsum("bihw,bjhw,bhw->bij", features, features, weights[:, 0])


def gram_of_features_cut_out(features: Tensor, mask: Tensor) -> Tensor:
    return gram.gram_matrix(features * mask)


@mistake(
    "This divides by all positions, H*W. Then a small region gives a small matrix, as if its texture were weaker. How much "
    "counts in all?",
    variants=(gram_of_features_cut_out,),
)
def over_all_positions(features: Tensor, mask: Tensor) -> Tensor:
    return _products(features, mask) / features[0, 0].numel()


@mistake("This is the sum over the region. Which number makes it a mean?")
def not_divided(features: Tensor, mask: Tensor) -> Tensor:
    return _products(features, mask)


@mistake(
    "The features are multiplied by the mask, so it stands in both factors: what is half inside counts a quarter. The "
    "products should be multiplied once."
)
def mask_twice(features: Tensor, mask: Tensor) -> Tensor:
    return _products(features, mask.square()) / mask.sum((2, 3)).unsqueeze(2)


def gram_above_half(features: Tensor, mask: Tensor) -> Tensor:
    return masked_gram(features, (mask > 0.5).to(mask) + 1e-30)


@mistake(
    "All that is not 0 counts fully. At the border of a region a position belongs to it in part: let it count for that.",
    variants=(gram_above_half,),
)
def all_or_nothing(features: Tensor, mask: Tensor) -> Tensor:
    return masked_gram(features, (mask > 0).to(mask))


@mistake("This is the Gram matrix of what lies *outside*: 1 where the mask is 0.")
def turned_around(features: Tensor, mask: Tensor) -> Tensor:
    return _products(features, 1 - mask) / (1 - mask).sum((2, 3)).clamp(min=1e-9).unsqueeze(2)


@mistake("This is the Gram matrix of the whole: the mask is not used, or cancels out.")
def mask_forgotten(features: Tensor, mask: Tensor) -> Tensor:
    return gram.gram_matrix(features)


@mistake("The areas of all masks of the batch are added up. Each image is divided by the area of its own region.")
def one_area_for_the_batch(features: Tensor, mask: Tensor) -> Tensor:
    return _products(features, mask) / mask.sum()


@mistake("The first image's mask is used for all of them. Each has its own.")
def first_mask_for_all(features: Tensor, mask: Tensor) -> Tensor:
    return masked_gram(features, mask[:1].expand_as(mask))


@mistake("The mean over the region was taken off first: this is a covariance. A Gram matrix keeps the mean.")
def centered(features: Tensor, mask: Tensor) -> Tensor:
    mean = (features * mask).sum((2, 3), keepdim=True) / mask.sum((2, 3), keepdim=True)
    return masked_gram(features - mean, mask)


@convention(
    "This is the convention of Gatys et al. (2017): features times mask, the *squares* of the mask summing to 1. For masks "
    "of 0 and 1 it is the same; at soft borders your numbers below will differ a little from the book's."
)
def gatys_guides(features: Tensor, mask: Tensor) -> Tensor:
    return masked_gram(features, mask.square())


EXERCISE = Exercise(
    __name__,
    title="The style of a region",
    difficulty=2,
    minutes=9,
    signature="masked_gram(features, mask)",
    hints=(
        "A Gram matrix is a mean over positions. In a weighted mean each position counts what the mask says, and the "
        "divisor is not how many there are but how much counts in all.",
        "Multiply *one* of the two factors by the mask, let the other be, and sum over positions as before. Then divide by "
        "the sum of the mask, for each image by itself: shape (B, 1, 1).",
        "`(features * mask).flatten(2) @ features.flatten(2).mT / mask.sum((2, 3))[..., None]`",
    ),
    reference=masked_gram,
    cases=(
        _region_case(1, (1, 3, 4, 5)),
        _region_case(2, (2, 5, 3, 4)),
        _region_case(3, (2, 4, 6, 3), loose=True),
        _region_case(4, (1, 2, 5, 7), hard=True),
        _region_case(5, (2, 1, 4, 4)),
    ),
    takes={
        "features": tensor("B C H W"),
        "mask": either(
            tensor("B 1 H W", PICTURE),
            changed(tensor("B 1 H W", PICTURE), lambda mask: (3 * mask - 1).clamp(0, 1), "{}, most of it 0 or 1"),
        ),
    },
    allowed=lambda features, mask: bool((mask.sum((2, 3)) > 0.05).all()),
    differentiable=(0,),
    verified="a mean over the region, whatever its size, soft borders included",
)
