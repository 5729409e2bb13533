"""The exercise ``mix_grams``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import changed, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.gram import gram_matrix


def mix_grams(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matrix toward which several styles pull together, and what is left of the loss there.

    Args:
        grams: of S styles, shape (S, C, C).
        weights: what each counts, above 0, shape (S,); they are scaled to sum to 1.

    Returns:
        Shape (C, C), and a scalar: the weighted mean of the mean square differences from it.
    """
    shares = weights / weights.sum()  # (S,)
    target = torch.einsum("s,sij->ij", shares, grams)
    left = (shares * (grams - target).square().mean((1, 2))).sum()
    return target, left


def _styles(seed: int, count: int, channels: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    grams = gram_matrix(normal(seed, count, channels, 4, 5, dtype=dtype) + 0.25)
    return grams, 0.5 + 2 * uniform(seed + 50, count, dtype=dtype)


def _styles_case(seed: int, count: int, channels: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        grams, weights = _styles(seed, count, channels, dtype)
        return (scattered(grams) if loose else grams), weights

    return Case(f"{count} Gram matrices of {channels} channels{if_loose(loose)}", make)


def _found(function: Function, grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, left = function(grams, weights)
    return torch.as_tensor(target).float(), torch.as_tensor(left).float()


def _alike(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> bool:
    return all(close(a, b) for a, b in zip(one, other, strict=True))


def _loss(gram: Tensor, grams: Tensor, weights: Tensor) -> Tensor:
    return (weights / weights.sum() * (gram - grams).square().mean((1, 2))).sum()


@law("wherever you are, the loss is the distance to the target plus what is left")
def everywhere(function: Function) -> bool:
    grams, weights = _styles(61, 3, 4)
    target, left = _found(function, grams, weights)
    places = gram_matrix(normal(62, 5, 4, 4, 5))
    return all(close((place - target).square().mean() + left, _loss(place, grams, weights)) for place in places)


@law("a style mixed with itself is itself, and nothing is left")
def same(function: Function) -> bool:
    grams, weights = _styles(63, 1, 4)
    target, left = _found(function, grams.repeat(3, 1, 1), weights.repeat(3))
    return close(target, grams[0]) and abs(float(left)) < 1e-5


@law("weights seven times as large are the same weights")
def scale(function: Function) -> bool:
    grams, weights = _styles(64, 3, 4)
    return _alike(_found(function, grams, 7 * weights), _found(function, grams, weights))


@law("mixed half and half, two styles are the Gram matrix of both side by side")
def side_by_side(function: Function) -> bool:
    a, b = normal(65, 2, 3, 4, 5)
    target, _ = _found(function, gram_matrix(torch.stack([a, b])), torch.ones(2))
    return close(target, gram_matrix(torch.cat([a, b], 2)[None])[0])


@law("in which order the styles come does not matter")
def order(function: Function) -> bool:
    grams, weights = _styles(66, 3, 4)
    return _alike(_found(function, grams.flip(0), weights.flip(0)), _found(function, grams, weights))


@law("matrices twice as large leave four times as much")
def doubled(function: Function) -> bool:
    grams, weights = _styles(67, 3, 4)
    left = _found(function, grams, weights)[1]
    return close(_found(function, 2 * grams, weights)[1], 4 * left) and float(left) > 1e-3


def _mixed(grams: Tensor, shares: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    return target, (shares * (grams - target).square().mean((1, 2))).sum()


@mistake("The weights are not scaled to sum to 1. With twice the weights the target would be twice as strong.")
def not_scaled(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    return _mixed(grams, weights, torch.einsum("s,sij->ij", weights, grams))


@mistake("The target is right, but what is left is weighted with weights that do not sum to 1.")
def left_not_scaled(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, left = mix_grams(grams, weights)
    return target, left * weights.sum()


@mistake("All styles count the same: the weights are not used.")
def weights_forgotten(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    return mix_grams(grams, torch.ones_like(weights))


@mistake("The weights make the target, but in what is left all styles count the same.")
def left_unweighted(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, _ = mix_grams(grams, weights)
    return target, (grams - target).square().mean()


@mistake("What is left is a *sum* over entries of a matrix here. The loss takes their mean.")
def summed_over_entries(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, left = mix_grams(grams, weights)
    return target, left * target.numel()


@mistake("Nothing is left only if all styles agree. At the target, how far is each of them, and what does that cost?")
def nothing_left(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    return mix_grams(grams, weights)[0], grams.sum() * 0


@mistake("This is the root of what is left: a distance. The loss adds squares, so leave it squared.")
def root_of_left(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, left = mix_grams(grams, weights)
    return target, left.clamp(min=1e-30).sqrt()


@mistake(
    "This is the mean of all squares. What is left is about *differences* from the target: what about its own square?"
)
def squares_without_difference(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    shares = weights / weights.sum()
    return mix_grams(grams, weights)[0], (shares * grams.square().mean((1, 2))).sum()


@mistake("The two results are exchanged: first the matrix, then the number.")
def exchanged(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    target, left = mix_grams(grams, weights)
    return left, target


@mistake("The strongest style takes all. Sums of squares are lowest at a *mean*.")
def strongest_only(grams: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    return _mixed(grams, weights / weights.sum(), grams[weights.argmax()])


EXERCISE = Exercise(
    __name__,
    title="Where several styles pull to",
    difficulty=2,
    minutes=10,
    signature="mix_grams(grams, weights)",
    hints=(
        "Between several points, each pulling with the square of its distance, where does a thing come to rest? And is "
        "everything 0 there?",
        "At the weighted mean: scale the weights to sum to 1, and add the matrices up with them. What is left is the loss "
        "*at* that matrix: each style's mean square difference from it, weighted and added.",
        "`shares = weights / weights.sum()`, `target = (shares[:, None, None] * grams).sum(0)`, and "
        "`left = (shares * (grams - target).square().mean((1, 2))).sum()`.",
    ),
    reference=mix_grams,
    cases=(
        _styles_case(1, 2, 3),
        _styles_case(2, 3, 5),
        _styles_case(3, 4, 2, loose=True),
        _styles_case(4, 1, 4),
        _styles_case(5, 2, 1),
    ),
    takes={
        "grams": changed(tensor("S C H W"), gram_matrix, "Gram matrices of features {}"),
        "weights": tensor("S", ("positive", "equal", "ties")),
    },
    sizes={"S": (1, 4)},
    differentiable=(0,),
    verified="the weighted mean, and the loss that no picture can go below",
)
