"""The exercise ``whiten_and_color``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib import moments
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered

LEAST = 0.02  # smallest over largest eigenvalue of a covariance: enough for single precision


def whiten_and_color(content: Tensor, style: Tensor) -> Tensor:
    """Return features with the style's mean and covariance.

    Args:
        content: shape (C, M), M positions of two channels or more. style: shape (C, N). Both covariances have an inverse.
    """
    return moments.whiten_and_color(content[None, :, None], style[None, :, None], floor=0.0)[0, :, 0]


def _mixed(seed: int, channels: int, positions: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return features whose channels go together, with a level of their own."""
    mixing = torch.eye(channels) + normal(seed + 50, channels, channels) / (3 * channels**0.5)
    mixed = mixing @ normal(seed, channels, positions) + torch.linspace(-1, 2, channels)[:, None]
    return mixed.to(dtype)


def _case(seed: int, channels: int, positions: int, others: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        content = _mixed(seed, channels, positions, dtype)
        return scattered(content) if loose else content, 2 * _mixed(seed + 20, channels, others, dtype)

    return Case(f"content {(channels, positions)}{if_loose(loose)}, style {(channels, others)}", make)


def _pair() -> tuple[Tensor, Tensor]:
    return _mixed(5, 4, 30), 2 * _mixed(6, 4, 24) + 1


def _centered(x: Tensor) -> Tensor:
    return x - x.mean(1, keepdim=True)


def _covariance(x: Tensor) -> Tensor:
    return _centered(x) @ _centered(x).mT / x.shape[1]


def _power(x: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(_covariance(x))
    return vectors * values.clamp(min=1e-12).pow(exponent) @ vectors.mT


def _well_conditioned(content: Tensor, style: Tensor) -> bool:
    if min(content.shape[1], style.shape[1]) <= content.shape[0]:
        return False
    values = [torch.linalg.eigvalsh(_covariance(x.double())) for x in (content, style)]
    return all(bool(v[0] > LEAST * v[-1]) and bool(v[-1] > 1e-3) for v in values)


@law("the channels have the style's covariance afterwards")
def covariance(function: Function) -> bool:
    content, style = _pair()
    return close(_covariance(torch.as_tensor(function(content, style)).float()), _covariance(style))


@law("the channels have the style's mean afterwards")
def means(function: Function) -> bool:
    content, style = _pair()
    return close(torch.as_tensor(function(content, style)).float().mean(1), style.mean(1))


@law("a content that is its own style stays as it is")
def itself(function: Function) -> bool:
    content, _ = _pair()
    return close(function(content, content.clone()), content)


@law("the Gram matrix is the style's afterwards, off the diagonal as well")
def gram(function: Function) -> bool:
    content, style = _pair()
    moved = torch.as_tensor(function(content, style)).float()
    return close(moved @ moved.mT / moved.shape[1], style @ style.mT / style.shape[1])


@law("for a white style the channels are moved by a symmetric matrix: each stays itself as far as it can")
def symmetric(function: Function) -> bool:
    content, style = _pair()
    white = _power(style, -0.5) @ _centered(style)
    moved = torch.as_tensor(function(content, white)).float()
    across = moved @ _centered(content).mT
    return close(across, across.mT)


@law("by way of white it is the same: whiten first, color then")
def in_two_steps(function: Function) -> bool:
    content, style = _pair()
    white = _power(style, -0.5) @ _centered(style)
    between = torch.as_tensor(function(content, white)).float()
    return close(function(between, style), function(content, style), 5e-3)


def _by(matrix: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """Return the exercise's function with another matrix."""
    return lambda content, style: matrix(content, style) @ _centered(content) + style.mean(1, keepdim=True)


def _least(content: Tensor, style: Tensor) -> Tensor:
    """Return the symmetric matrix that takes the one covariance to the other: it moves the features least."""
    root = _power(content, 0.5)
    values, vectors = torch.linalg.eigh(root @ _covariance(style) @ root)
    return _power(content, -0.5) @ (vectors * values.clamp(min=0).sqrt() @ vectors.mT) @ _power(content, -0.5)


wrong_order = mistake(
    "The matrices are in the wrong order. Next to the content stands what takes its covariance away; the style's root comes "
    "last, and so stands first.",
    "wrong_order",
)(_by(lambda content, style: _power(content, -0.5) @ _power(style, 0.5)))


signs_of_the_powers = mistake(
    "The powers have the wrong sign. To take a covariance *out* needs the power -1/2, to put one *in* the power 1/2.",
    "signs_of_the_powers",
)(
    _by(lambda content, style: _power(style, -0.5) @ _power(content, 0.5)),
    _by(lambda content, style: _power(style, 0.5) @ _power(content, 0.5)),
)


one_matrix_for_both = mistake(
    "The covariance is right, by the one symmetric matrix that leads from the content's to the style's. Asked for is the "
    "product of two roots: whitened first, colored then.",
    "one_matrix_for_both",
)(_by(_least))


@mistake("The content's mean is still in what is whitened. Take it off first: the style's is added at the end.")
def content_mean_left_in(content: Tensor, style: Tensor) -> Tensor:
    return _power(style, 0.5) @ _power(content, -0.5) @ content + style.mean(1, keepdim=True)


@mistake(
    "Each channel has the style's mean and deviation, as with AdaIN, but how channels go together is the content's."
)
def each_channel_alone(content: Tensor, style: Tensor) -> Tensor:
    return _centered(content) / content.std(1, correction=0, keepdim=True) * style.std(
        1, correction=0, keepdim=True
    ) + style.mean(1, keepdim=True)


@mistake("The style's mean is missing: the result is centered.")
def style_mean_forgotten(content: Tensor, style: Tensor) -> Tensor:
    return _power(style, 0.5) @ _power(content, -0.5) @ _centered(content)


@mistake("The mean is the content's still. Which mean should the result have?")
def content_mean_kept(content: Tensor, style: Tensor) -> Tensor:
    return style_mean_forgotten(content, style) + content.mean(1, keepdim=True)


@mistake("The content is whitened and not colored: its covariance is the identity now.")
def not_colored(content: Tensor, style: Tensor) -> Tensor:
    return _power(content, -0.5) @ _centered(content) + style.mean(1, keepdim=True)


@mistake("The content is colored without being whitened first: its own covariance is still in the result.")
def not_whitened(content: Tensor, style: Tensor) -> Tensor:
    return _power(style, 0.5) @ _centered(content) + style.mean(1, keepdim=True)


@mistake(
    "The covariance itself was multiplied with, or its inverse. Its *root* is what takes a covariance out and puts it in."
)
def without_roots(content: Tensor, style: Tensor) -> Tensor:
    return _power(style, 1.0) @ _power(content, -1.0) @ _centered(content) + style.mean(1, keepdim=True)


@mistake("Content and style are exchanged. The places come from the content, mean and covariance from the style.")
def exchanged(content: Tensor, style: Tensor) -> Tensor:
    return whiten_and_color(style, content)


@mistake(
    "The covariance is right, but the root is Cholesky's, a triangle: the first channel stays itself, and later ones "
    "are mixed of those before. Take the symmetric root.",
)
def triangular_roots(content: Tensor, style: Tensor) -> Tensor:
    tiny = 1e-12 * torch.eye(len(content)).to(content)
    of_content, of_style = (torch.linalg.cholesky(_covariance(x) + tiny) for x in (content, style))
    white = torch.linalg.solve_triangular(of_content, _centered(content), upper=False)
    return of_style @ white + style.mean(1, keepdim=True)


@mistake(
    "Gram matrices were taken for covariances: the mean was not subtracted before. It is the centered features that "
    "are whitened."
)
def roots_of_gram_matrices(content: Tensor, style: Tensor) -> Tensor:
    def power(x: Tensor, exponent: float) -> Tensor:
        values, vectors = torch.linalg.eigh(x @ x.mT / x.shape[1])
        return vectors * values.clamp(min=1e-12).pow(exponent) @ vectors.mT

    return power(style, 0.5) @ power(content, -0.5) @ _centered(content) + style.mean(1, keepdim=True)


@mistake(
    "The covariances are sums over positions. Content and style have different numbers of positions, so it does not "
    "cancel: divide each by its own."
)
def sums_over_positions(content: Tensor, style: Tensor) -> Tensor:
    factor = (style.shape[1] / content.shape[1]) ** 0.5
    return factor * style_mean_forgotten(content, style) + style.mean(1, keepdim=True)


@mistake(
    "Your covariances divide by one less than the number of positions. Content and style have different numbers, so "
    "it does not cancel: divide by M, and by N."
)
def unbiased(content: Tensor, style: Tensor) -> Tensor:
    m, n = content.shape[1], style.shape[1]
    factor = (n / (n - 1) * (m - 1) / m) ** 0.5
    return factor * style_mean_forgotten(content, style) + style.mean(1, keepdim=True)


EXERCISE = Exercise(
    __name__,
    title="The style's covariance",
    difficulty=3,
    minutes=15,
    signature="whiten_and_color(content, style)",
    hints=(
        "A matrix R times centered features has the covariance R A R^T, if theirs is A. Which symmetric R makes the "
        "identity of A? Which one makes B of the identity?",
        "`torch.linalg.eigh` takes a covariance apart: A = U diag(v) U^T. Any power of it is U diag(v to that power) "
        "U^T. You need A to the power -1/2, then B to the power 1/2, and last the style's mean.",
        "With `values, vectors = torch.linalg.eigh(covariance)`, a power is `vectors * values**p @ vectors.mT`; return "
        "`power(B, 0.5) @ power(A, -0.5) @ (content - content_mean) + style_mean`.",
    ),
    reference=whiten_and_color,
    cases=(
        _case(1, 3, 20, 12),
        _case(2, 4, 15, 30),
        _case(3, 5, 40, 33, loose=True),
        _case(4, 2, 8, 6),
        _case(5, 2, 9, 17),
    ),
    takes={"content": tensor("C M", ("normal", "positive")), "style": tensor("C N", ("normal", "positive"))},
    sizes={"C": (2, 4), "M": (12, 24), "N": (12, 24)},
    allowed=_well_conditioned,
    verified="the style's mean and covariance, by symmetric roots",
)
