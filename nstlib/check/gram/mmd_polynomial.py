"""The exercise ``mmd_polynomial``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, normal, scattered
from nstlib.check.gram._shared import permutation, some


def _mmd_case(seed: int, x: tuple[int, ...], y: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        a, b = normal(seed, *x, dtype=dtype) + 0.25, normal(seed + 50, *y, dtype=dtype).relu()
        return (scattered(a), scattered(b)) if loose else (a, b)

    label = f"x {x}, y {y}{', not contiguous in memory' if loose else ''}"
    return Case(label, make, {"2": 2.0, "4": 4.0, "C": x[1], "C*C": x[1] ** 2, "H*W": x[2] * x[3]})


def _mmd(function: Function, x: Tensor, y: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y))


def _mmd_pair() -> tuple[Tensor, Tensor]:
    return some(21, 1, 3, 4, 5), some(22, 1, 3, 5, 6).relu()


@law("the distance of features to themselves is 0")
def of_equals(function: Function) -> bool:
    x = some(11, 1, 3, 4, 5)
    return bool((_mmd(function, x, x.clone()).abs() < 1e-4).all())


@law("it is the same from x to y as from y to x")
def symmetric(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, x, y), _mmd(function, y, x))


@law("it is the squared Frobenius distance of the two Gram matrices")
def mmd_gram(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, x, y), (gram.gram_matrix(x) - gram.gram_matrix(y)).square().sum((1, 2)))


@law("moving the positions of x around changes nothing")
def shuffle(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, gram.shuffle_positions(x, permutation(1, 20)), y), _mmd(function, x, y))


@law("features twice as strong give sixteen times the distance")
def strength(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, 2 * x, 2 * y), 16 * _mmd(function, x, y))


def _products(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, b = x.flatten(2), y.flatten(2)
    return a.mT @ a, b.mT @ b, a.mT @ b


@mistake(
    "This is the linear kernel a.b, which compares only the mean activations. The kernel asked for is its square: "
    "k(a, b) = (a.b)**2."
)
def linear_kernel(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.mean((1, 2)) for p in _products(x, y))
    return xx + yy - 2 * xy


@mistake("The cross term is counted once. Think of (p - q)**2 = p*p + q*q - 2*p*q: how often does it come?")
def cross_term_once(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().mean((1, 2)) for p in _products(x, y))
    return xx + yy - xy


@mistake("The cross term is added. What should the distance of x to itself be?")
def cross_term_added(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().mean((1, 2)) for p in _products(x, y))
    return xx + yy + 2 * xy


@mistake(
    "This is the unbiased estimator, which leaves out pairs of a position with itself. The biased one, with all "
    "pairs, is what equals the Gram distance."
)
def unbiased(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square() for p in _products(x, y))

    def others(p: Tensor) -> Tensor:
        n = p.shape[-1]
        return (p.sum((1, 2)) - p.diagonal(dim1=1, dim2=2).sum(1)) / (n * (n - 1))

    return others(xx) + others(yy) - 2 * xy.mean((1, 2))


@mistake(
    "This is the square root of what is asked for: the *squared* MMD. Why would the root be unpleasant to "
    "differentiate at 0?"
)
def square_root(x: Tensor, y: Tensor) -> Tensor:
    return gram.mmd_polynomial(x, y).sqrt()


@mistake("The inner products are averaged first and squared then. The kernel squares each pair: square, then mean.")
def mean_squared_last(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.mean((1, 2)).square() for p in _products(x, y))
    return xx + yy - 2 * xy


@mistake(
    "Sums over pairs instead of means: with more positions in x than in y, the two do not even balance. Divide "
    "each term by its own number of pairs."
)
def sums_for_means(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().sum((1, 2)) for p in _products(x, y))
    return xx + yy - 2 * xy


@mistake(
    "This is C*C times too small. Is it a mean over the entries of the Gram difference, whose sum is the distance, or is "
    "each inner product divided by C?"
)
def averaged_over_entries(x: Tensor, y: Tensor) -> Tensor:
    return (gram.gram_matrix(x) - gram.gram_matrix(y)).square().mean((1, 2))


@mistake("The number is right, but it has no axis. One number for each image is asked for, here of one: shape (1,).")
def no_batch_axis(x: Tensor, y: Tensor) -> Tensor:
    return gram.mmd_polynomial(x, y).sum()


EXERCISE = Exercise(
    __name__,
    title="Style transfer matches distributions",
    difficulty=3,
    minutes=20,
    signature="mmd_polynomial(x, y)",
    hints=(
        "Forget the matrix: each position is one vector of C activations. Two bags of vectors are compared by how much "
        "alike their members are among themselves, and across: mean k(x, x) + mean k(y, y) - 2 mean k(x, y).",
        "Lay the positions out, `(B, C, H*W)`. All inner products of positions of p with positions of q are one matrix "
        "product, `(B, H*W, H'*W')`. The kernel squares each of them; then take the mean over all pairs.",
        "`(p.mT @ q).square().mean((1, 2))` is one of the three terms; the third counts twice, with a minus.",
    ),
    reference=gram.mmd_polynomial,
    cases=(
        _mmd_case(1, (1, 3, 4, 5), (1, 3, 5, 2)),
        _mmd_case(2, (1, 5, 3, 4), (1, 5, 4, 6)),
        _mmd_case(3, (1, 4, 6, 3), (1, 4, 3, 5), loose=True),
        _mmd_case(4, (1, 6, 5, 3), (1, 6, 5, 3)),
        _mmd_case(5, (1, 1, 4, 3), (1, 1, 2, 5)),
    ),
    takes={"x": tensor("1 C H W"), "y": tensor("1 C h w")},
    sizes=dict.fromkeys("HWhw", (1, 4)),
    differentiable=(0, 1),
    verified="the distance of two distributions, which is the distance of two Gram matrices",
)
