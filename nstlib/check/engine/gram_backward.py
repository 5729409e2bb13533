"""The exercise ``gram_backward``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _backward_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    b, c, h, w = shape

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features, gradient = normal(seed, *shape, dtype=dtype) + 0.25, normal(seed + 50, b, c, c, dtype=dtype)
        return (scattered(features), scattered(gradient)) if loose else (features, gradient)

    sizes = {"2": 2.0, "4": 4.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c, "H": h, "W": w}
    return Case(f"features {shape}, gradient {(b, c, c)}{if_loose(loose)}", make, {**sizes, "(H*W)**2": (h * w) ** 2})


def _backward(function: Function, features: Tensor, gradient: Tensor) -> Tensor:
    return torch.as_tensor(function(features, gradient))


def _pulled() -> tuple[Tensor, Tensor]:
    return normal(11, 2, 3, 4, 5) + 0.25, normal(12, 2, 3, 3)


@law("moving the features a little changes the loss as the gradient says")
def slope(function: Function) -> bool:
    """The Gram matrix is quadratic, so that the difference of two of its values is its slope exactly."""
    (features, gradient), direction = (t.double() for t in _pulled()), normal(13, 2, 3, 4, 5).double()
    values = [(gradient * gram.gram_matrix(features + step * direction)).sum() for step in (0.5, -0.5)]
    return close((_backward(function, features, gradient) * direction).sum(), values[0] - values[1])


@law("an antisymmetric gradient pulls nowhere: the Gram matrix is symmetric")
def antisymmetric(function: Function) -> bool:
    features, gradient = _pulled()
    result = _backward(function, features, gradient - gradient.mT)
    return result.shape == features.shape and bool((result.abs() < 1e-5).all())


@law("a gradient and its transpose pull in the same way")
def transposed(function: Function) -> bool:
    features, gradient = _pulled()
    return close(_backward(function, features, gradient.mT.contiguous()), _backward(function, features, gradient))


@law("the gradient of the trace is 2 F / (H*W)")
def identity(function: Function) -> bool:
    features, _ = _pulled()
    return close(_backward(function, features, torch.eye(3).expand(2, 3, 3).clone()), features / 10)


@law("three times the gradient, or three times the features, pull three times as strongly")
def linear(function: Function) -> bool:
    features, gradient = _pulled()
    once = _backward(function, features, gradient)
    return close(_backward(function, features, 3 * gradient), 3 * once) and close(
        _backward(function, 3 * features, gradient), 3 * once
    )


@law("each image of a batch is pulled by its own gradient")
def alone(function: Function) -> bool:
    features, gradient = _pulled()
    together = _backward(function, features, gradient)
    return all(close(_backward(function, features[k : k + 1], gradient[k : k + 1])[0], together[k]) for k in range(2))


def _product(matrix: Tensor, features: Tensor) -> Tensor:
    return (matrix @ features.flatten(2) / features[0, 0].numel()).view(features.shape)


def backward_of_a_symmetric_transposed(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(2 * gradient.mT, features)


@mistake(
    "This is right for a symmetric gradient only. The Gram matrix is symmetric, but what comes back to it may be "
    "any matrix: what takes the place of 2 S then?",
    variants=(backward_of_a_symmetric_transposed,),
)
def gradient_taken_as_symmetric(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(2 * gradient, features)


def backward_of_the_other_factor(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient.mT, features)


@mistake(
    "One term of the product rule is missing. The features stand in G twice, as rows and as columns: what does the "
    "other place contribute?",
    variants=(backward_of_the_other_factor,),
)
def one_term_of_two(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient, features)


@mistake(
    "It is exactly half. S and its transpose are averaged here; does the product rule average its two terms, or "
    "add them?"
)
def half(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) / 2


@mistake("It is H*W times too large. G was a *mean* over positions: what does each position contribute to it?")
def mean_forgotten(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) * features[0, 0].numel()


@mistake("This divides by C*H*W. The mean in G runs over positions only: how many are there?")
def divided_by_all_numbers(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) / features.shape[1]


@mistake("This divides by the number of channels. The mean in G runs over positions: how many are there?")
def divided_by_channels(features: Tensor, gradient: Tensor) -> Tensor:
    return mean_forgotten(features, gradient) / features.shape[1]


def backward_difference_turned(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient.mT - gradient, features)


@mistake(
    "The two terms are subtracted from each other. Does the product rule have a minus?",
    variants=(backward_difference_turned,),
)
def terms_subtracted(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient - gradient.mT, features)


def backward_left_turned(features: Tensor, gradient: Tensor) -> Tensor:
    """Multiply rows of positions rightly, and then read (B, H*W, C) as if it were (B, C, H, W)."""
    rows = features.flatten(2).mT @ (gradient + gradient.mT) / features[0, 0].numel()
    return rows.reshape(features.shape)


@mistake(
    "A reshape stands where axes should be exchanged: it cuts the same row of numbers in other places, so channels "
    "and positions get mixed. Is it flatten(2), or a transpose, that you mean?",
    variants=(backward_left_turned,),
)
def scrambled_by_reshape(features: Tensor, gradient: Tensor) -> Tensor:
    b, c, h, w = features.shape
    return (features.reshape(b, h * w, c) @ (gradient + gradient.mT) / (h * w)).reshape(features.shape)


@mistake("The numbers are right, but the positions still stand in one row. Which shape have the features?")
def left_flat(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient).flatten(2)


def backward_of_the_first(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient[:1].expand_as(gradient))


@mistake(
    "The images of the batch are pulled by a common gradient. Each has its own: keep the first axis apart.",
    variants=(backward_of_the_first,),
)
def batch_folded_in(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient.sum(0, keepdim=True).expand_as(gradient))


EXERCISE = Exercise(
    __name__,
    title="The way back through a Gram matrix",
    difficulty=2,
    minutes=15,
    signature="gram_backward(features, gradient)",
    hints=(
        "Each activation stands in the Gram matrix twice: its channel once as a row, once as a column. The product rule "
        "gives one term for each.",
        "Write F for the features as (B, C, H*W). A small change dF changes G by (dF F^T + F dF^T) / (H*W). Weigh that "
        "with the gradient S and ask what stands beside dF: once S F, once S^T F.",
        "`(gradient + gradient.mT) @ features.flatten(2)`, divided by H*W as the mean was, in the shape of `features`.",
    ),
    reference=gram.gram_backward,
    cases=(
        _backward_case(1, (1, 3, 4, 5)),
        _backward_case(2, (2, 5, 3, 4)),
        _backward_case(3, (2, 4, 6, 3), loose=True),
        _backward_case(4, (1, 6, 5, 7)),
        _backward_case(5, (1, 1, 3, 4)),
    ),
    takes={"features": tensor("B C H W"), "gradient": tensor("B C C")},
    verified="both terms of the product rule, in one matrix product for each image",
)
