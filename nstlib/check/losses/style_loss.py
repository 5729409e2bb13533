"""The exercise ``style_loss``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import losses
from nstlib.check.drawing import changed, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal, scattered
from nstlib.check.losses._shared import CUT, quantities
from nstlib.gram import gram_matrix


def _style_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.3
        target = gram_matrix(normal(seed + 50, 1, shape[1], 5, 6, dtype=dtype).relu())
        return (scattered(features) if loose else features), target

    label = f"features {shape}{if_loose(loose)}, target_gram {(1, shape[1], shape[1])}"
    return Case(label, make, quantities(shape))


def _style_pair() -> tuple[Tensor, Tensor]:
    return normal(31, 1, 3, 4, 5) + 0.3, gram_matrix(normal(32, 1, 3, 5, 6))


@law("features that have the target's Gram matrix cost nothing")
def of_equals(function: Function) -> bool:
    features, _ = _style_pair()
    return bool(torch.as_tensor(function(features, gram_matrix(features))).abs() < 1e-6)


@law("moving the positions around costs nothing")
def moved(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(features.flip(-1).roll(2, -2), target), function(features, target))


@law("an image tiled with copies of itself costs the same: its size does not count")
def tiled(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(features.repeat(1, 1, 2, 3), target), function(features, target))


@law("features and style twice as strong cost sixteen times as much")
def strength(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(2 * features, 4 * target), 16 * torch.as_tensor(function(features, target)))


@law("it is the formula of the paper, with sums and 1/(4 C**2 M**2)")
def paper(function: Function) -> bool:
    features, target = _style_pair()
    vectors = features[0].flatten(1)
    error = (vectors @ vectors.T - 20 * target[0]).square().sum() / (4 * 3**2 * 20**2)
    return close(function(features, target), error)


def _gram_error(features: Tensor, target_gram: Tensor) -> Tensor:
    return gram_matrix(features) - target_gram


@mistake("It is 2 times too large: E_l has 1/4 where this has 1/2.")
def half_for_quarter(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().mean() / 2


def style_positions_again_once(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram) / features[0, 0].numel()


@mistake(
    "The number of positions M is divided out again. The Gram matrices are means: is M**2 not already in them?",
    variants=(style_positions_again_once,),
)
def positions_divided_again(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram) / features[0, 0].numel() ** 2


def style_sum_against_mean_as_printed(features: Tensor, target_gram: Tensor) -> Tensor:
    return sum_against_mean(features, target_gram) / features[0, 0].numel() ** 2


def style_sum_against_mean_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return 4 * sum_against_mean(features, target_gram)


@mistake(
    "One of the Gram matrices is divided by the number of positions once more than the other: they can never meet. "
    "Both are means.",
    variants=(style_sum_against_mean_as_printed, style_sum_against_mean_whole),
)
def sum_against_mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return (gram_matrix(features) * features[0, 0].numel() - target_gram).square().mean() / 4


def style_absolute_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).abs().mean()


@mistake("These are absolute differences of the Gram entries; squares are asked for.", variants=(style_absolute_whole,))
def absolute_values(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).abs().mean() / 4


def style_root_of_mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().mean().sqrt() / 4


def style_root_of_all(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram).sqrt()


@mistake(
    "There is a square root too many: the *squared* distance of the Gram matrices is asked for.",
    variants=(style_root_of_mean, style_root_of_all),
)
def square_root(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum().sqrt()


def style_summed_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum()


@mistake(
    "The squared differences are summed over the C*C entries; E_l divides by C**2. Is it mean() that is meant?",
    variants=(style_summed_whole,),
)
def summed_over_entries(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum() / 4


@mistake("This divides by C, the number of channels. The Gram matrix has C*C entries: the paper's N_l is squared.")
def channels_for_entries(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum() / (4 * features.shape[1])


@mistake(CUT)
def gradient_cut(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features.detach(), target_gram)


@convention(
    "This is the mean of squares without the 1/4, as in Johnson et al. (2016, eq. 4). Your numbers below will "
    "differ from the book's by the factor 4, and beta has to make up for it."
)
def mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="mean")


@convention(
    "This is the convention of the PyTorch tutorial, Gram matrices over C*H*W and a mean of squares. Your numbers "
    "below will differ from the book's by the factor 4/C**2, and beta has to make up for it."
)
def pytorch(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="pytorch")


@convention(
    "This is the relative loss, the mean of squares over that of the target, as nstlib.transfer uses it. Your "
    "numbers below will differ from the book's by 4/mean(target**2), and beta has to make up for it."
)
def relative(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="relative")


EXERCISE = Exercise(
    __name__,
    title="How far from the texture",
    difficulty=2,
    minutes=12,
    signature="style_loss(features, target_gram)",
    hints=(
        "The style of a layer *is* its Gram matrix here. So make the image's, and compare the two matrices entry by "
        "entry.",
        "Gatys' E_l is the sum of squared differences of *sums* over (4 C**2 M**2). Your Gram matrices are means over "
        "the M positions, so the M**2 is already in them; what is left is the mean over C*C entries, and the 4.",
        "`(gram_matrix(features) - target_gram).square().mean() / 4`",
    ),
    reference=losses.style_loss,
    cases=(
        _style_case(1, (1, 3, 4, 5)),
        _style_case(2, (1, 5, 3, 4)),
        _style_case(3, (1, 4, 6, 3), loose=True),
        _style_case(4, (1, 2, 5, 7)),
        _style_case(5, (1, 1, 3, 4)),
    ),
    takes={
        "features": tensor("1 C H W"),
        "target_gram": changed(tensor("1 C 3 4", ("normal", "rectified", "ties")), gram_matrix, "that of features {}"),
    },
    differentiable=(0,),
    verified="E_l of Gatys et al. (2016, eq. 4), written with mean Gram matrices",
)
