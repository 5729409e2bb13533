"""The exercise ``similarity``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filter_measures
from nstlib.check.drawing import either, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.training._shared import _order


def _pair_case(seed: int, one: tuple[int, ...], two: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, noise = normal(seed, *one, dtype=dtype), normal(seed + 40, *two, dtype=dtype)
        mixing = normal(seed + 80, x[0].numel(), noise[0].numel(), dtype=dtype)
        y = 0.4 * (x.flatten(1) @ mixing).view_as(noise) + noise + 1.5
        x = x + 0.8
        return (scattered(x), scattered(y)) if loose else (x, y)

    return Case(f"activations {one} and {two}{if_loose(loose)}", make, {"2": 2.0})


def _pair() -> tuple[Tensor, Tensor]:
    return _pair_case(7, (7, 5), (7, 5)).make(torch.float32)


def _rotation(seed: int, size: int) -> Tensor:
    return torch.linalg.qr(normal(seed, size, size))[0]


@law("a layer is as similar to itself as can be: 1")
def itself(function: Function) -> bool:
    x, y = _pair()
    return close(function(x, x), 1.0) and float(function(x, y)) < 0.99


@law("the order of the two layers does not matter, nor that they have other numbers of units")
def symmetric(function: Function) -> bool:
    x, y = _pair()
    return close(function(x, y[:, :3]), function(y[:, :3], x))


@law("rotating one layer's units into each other changes nothing")
def rotated(function: Function) -> bool:
    x, y = _pair()
    return close(function(x @ _rotation(3, 5), y), function(x, y))


@law("scaling a layer changes nothing")
def scaled(function: Function) -> bool:
    x, y = _pair()
    return close(function(3 * x, 0.2 * y), function(x, y))


@law("adding a constant to a unit changes nothing")
def moved(function: Function) -> bool:
    x, y = _pair()
    return close(function(x + normal(8, 5), y - 2), function(x, y))


@law("the examples may come in any order, if it is the same for both")
def reordered(function: Function) -> bool:
    x, y = _pair()
    order = _order(2, 7)
    return close(function(x[order], y[order]), function(x, y)) and not close(function(x[order], y), function(x, y))


@law("two units that have nothing to do with each other have similarity 0")
def strangers(function: Function) -> bool:
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    return close(float(function(corners[:, :1] + 3, corners[:, 1:] + 5)) + 1, 1.0)


def _products(x: Tensor) -> Tensor:
    return x.flatten(1) @ x.flatten(1).T


def _aligned(one: Tensor, two: Tensor) -> Tensor:
    return (one * two).sum() / (one.norm() * two.norm())


def _minus_mean(x: Tensor, axis: int = 0) -> Tensor:
    return x.flatten(1) - x.flatten(1).mean(axis, keepdim=True)


@mistake(
    "The mean was not subtracted, so what all examples have in common makes any two layers look alike. A layer of "
    "ReLUs has a large mean."
)
def not_centered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x), _products(y))


def alike_centered_by_one_number(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x - x.mean()), _products(y - y.mean()))


@mistake(
    "The mean is taken over units, or over everything. It should be the mean *example*: over which axis do the "
    "examples run?",
    variants=(alike_centered_by_one_number,),
)
def centered_along_units(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(_minus_mean(x, 1)), _products(_minus_mean(y, 1)))


def alike_other_centered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x), _products(_minus_mean(y)))


@mistake(
    "Only one of the two layers was centered. Both tables need it, for the numerator and for the norms.",
    variants=(alike_other_centered,),
)
def one_side_centered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(_minus_mean(x)), _products(y))


def alike_averaged(x: Tensor, y: Tensor) -> Tensor:
    return (_products(_minus_mean(x)) * _products(_minus_mean(y))).mean()


def alike_half_normalized(x: Tensor, y: Tensor) -> Tensor:
    return not_normalized(x, y) / _products(_minus_mean(x)).norm()


@mistake(
    "A similarity of a layer with itself should be 1, whatever its scale: divide by the norms of both tables.",
    variants=(alike_averaged, alike_half_normalized),
)
def not_normalized(x: Tensor, y: Tensor) -> Tensor:
    return (_products(_minus_mean(x)) * _products(_minus_mean(y))).sum()


def alike_normalized_by_squares(x: Tensor, y: Tensor) -> Tensor:
    return not_normalized(x, y) / (_minus_mean(x).norm() * _minus_mean(y).norm()) ** 2


@mistake(
    "This divides by norms of the activations. The two *tables* are compared, so their norms belong there.",
    variants=(alike_normalized_by_squares,),
)
def norms_of_activations(x: Tensor, y: Tensor) -> Tensor:
    return not_normalized(x, y) / (_minus_mean(x).norm() * _minus_mean(y).norm())


def alike_squared(x: Tensor, y: Tensor) -> Tensor:
    return filter_measures.similarity(x, y).square()


@mistake(
    "There is a root, or a square, too many: the products of the tables over the product of their norms is all.",
    variants=(alike_squared,),
)
def rooted(x: Tensor, y: Tensor) -> Tensor:
    return filter_measures.similarity(x, y).sqrt()


def alike_by_position_plainly(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(x.flatten(), y.flatten(), dim=0)


def alike_by_unit_correlation(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(_minus_mean(x), _minus_mean(y), dim=0).mean()


@mistake(
    "This compares unit 1 with unit 1, unit 2 with unit 2. Two networks can say the same with their units in "
    "another order. Compare the examples with each other first, within each layer.",
    variants=(alike_by_position_plainly, alike_by_unit_correlation),
)
def unit_by_unit(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(_minus_mean(x).flatten(), _minus_mean(y).flatten(), dim=0)


@mistake("This is 1 minus the similarity: a layer would have 0 with itself.")
def distance(x: Tensor, y: Tensor) -> Tensor:
    return 1 - filter_measures.similarity(x, y)


_DIFFERENT = ("normal", "tiny", "positive")
_ACTIVATIONS = either(tensor("N C H W", _DIFFERENT), tensor("N D", _DIFFERENT), tensor("N D E", _DIFFERENT))


EXERCISE = Exercise(
    __name__,
    title="Do two layers say the same?",
    difficulty=2,
    minutes=15,
    signature="similarity(x, y)",
    hints=(
        "Two layers need not have the same units, or even as many. Ask each of them something that both can answer: how "
        "alike are these two patches?",
        "Subtract the mean example, so that what all examples share does not count. Products of all pairs of examples "
        "make an N x N table for each layer. Then compare the two tables like two vectors.",
        "`vectors = x.flatten(1)`, minus `vectors.mean(0)`; the table is `vectors @ vectors.T`. For two tables the "
        "result is `(one * two).sum() / (one.norm() * two.norm())`.",
    ),
    reference=filter_measures.similarity,
    cases=(
        _pair_case(1, (6, 4), (6, 4)),
        _pair_case(2, (7, 3), (7, 3)),
        _pair_case(3, (5, 2, 3, 4), (5, 24), loose=True),
        _pair_case(4, (8, 3, 2, 2), (8, 3, 2, 2)),
    ),
    takes={"x": _ACTIVATIONS, "y": _ACTIVATIONS},
    sizes={"N": (3, 7)},
    verified="the same tables of examples give 1, whatever the units",
)
