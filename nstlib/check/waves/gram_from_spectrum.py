"""The exercise ``gram_from_spectrum``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Convention, Exercise, Function, close, law, mistake
from nstlib.check.gram._shared import FEATURES, doubled, some
from nstlib.check.gram.gram_matrix import EXERCISE as GRAM_MATRIX


@law("shifting all channels together (one phase for all) changes nothing")
def shift(function: Function) -> bool:
    return close(function(some().roll((1, 2), (2, 3))), function(some()))


@law("shifting one channel changes its products with others, not the diagonal")
def one_channel(function: Function) -> bool:
    moved = some().clone()
    moved[:, 1] = moved[:, 1].roll(2, -1)
    before, after = (torch.as_tensor(function(f)) for f in (some(), moved))
    return close(after.diagonal(dim1=1, dim2=2), before.diagonal(dim1=1, dim2=2)) and not close(after, before)


@law("constant channels, which live in the zero frequency, give the product of their levels")
def constant(function: Function) -> bool:
    level = torch.tensor([1.0, 2.0, -3.0])
    return close(function(level.view(1, 3, 1, 1).expand(1, 3, 4, 5).clone()), torch.outer(level, level)[None])


@law("a cosine and a sine are a quarter turn apart: their entry is 0")
def quadrature(function: Function) -> bool:
    angle = torch.arange(8) * (2 * torch.pi / 8)
    waves = torch.stack([angle.cos(), angle.sin()]).view(1, 2, 1, 8).repeat(1, 1, 3, 1)
    return close(function(waves), torch.eye(2)[None] / 2)


def _spectrum(features: Tensor) -> tuple[Tensor, int]:
    return torch.fft.fft2(features).flatten(2), features[0, 0].numel()


@mistake(
    "One side has to be conjugated: without it phases add up instead of being compared. Is it .mT where .mH is meant?"
)
def no_conjugate(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return (spectrum @ spectrum.mT).real / positions**2


@mistake("It is H*W times too large. Parseval divides the sum over frequencies by H*W; and the mean over positions?")
def divided_once(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features) * features[0, 0].numel()


@mistake(
    "It is (H*W)**2 times too large: the sum over frequencies still has to be divided by H*W for Parseval, and by "
    "H*W for the mean."
)
def not_divided(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features) * features[0, 0].numel() ** 2


@mistake(
    "Only amplitudes are used, so the diagonal is right and the rest too large. What tells whether two channels "
    "fire at the same place: where is the difference of their phases?"
)
def amplitudes_only(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return spectrum.abs() @ spectrum.abs().mT / positions**2


@mistake(
    "The real part is taken before the product, so the sine half of each channel is lost. Should it be taken after?"
)
def real_parts_only(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return spectrum.real @ spectrum.real.mT / positions**2


def gram_of_twice_the_half(features: Tensor) -> Tensor:
    return 2 * half_spectrum(features)


@mistake(
    "`rfft2` returns only half of the frequencies; the other half is their mirror image. Which ones count twice, and "
    "which once? Or use fft2.",
    variants=(gram_of_twice_the_half,),
)
def half_spectrum(features: Tensor) -> Tensor:
    half = torch.fft.rfft2(features).flatten(2)
    return (half @ half.mH).real / features[0, 0].numel() ** 2


@mistake("The zero frequency is missing, so this is the covariance. The mean of a channel is part of its style.")
def zero_frequency_dropped(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features - features.mean((2, 3), keepdim=True))


@mistake("`fft` transforms the last axis only. Which transform runs over H and W?")
def one_dimensional(features: Tensor) -> Tensor:
    spectrum = torch.fft.fft(features).flatten(2)
    return (spectrum @ spectrum.mH).real / features[0, 0].numel() ** 2


EXERCISE = Exercise(
    __name__,
    title="The Gram matrix, computed from frequencies",
    difficulty=2,
    minutes=15,
    signature="gram_from_spectrum(features)",
    hints=(
        "Parseval's theorem: an inner product over positions is an inner product over frequencies, up to a constant. "
        "For complex numbers an inner product conjugates one of the two sides.",
        "Take `torch.fft.fft2` of each channel, flatten the frequencies, multiply with the conjugate transpose. The "
        "transform does not divide, so Parseval costs one division by H*W, and the mean another one.",
        "`spectrum = torch.fft.fft2(features).flatten(2)`, then `(spectrum @ spectrum.mH).real` over `(H*W)**2`.",
    ),
    reference=gram.gram_from_spectrum,
    cases=FEATURES,
    takes={"features": tensor("B C H W")},
    laws=(shift, one_channel, constant, quadrature, doubled),
    conventions=tuple(Convention(c.id, c.function, c.message) for c in GRAM_MATRIX.conventions if c.id == "johnson"),
    differentiable=(0,),
    verified="the same matrix as over positions, for each image by itself",
)
