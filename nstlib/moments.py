"""Statistics moved, not lowered: features get a style's moments in closed form (chapter on one pass).

Where a loss asks for a style and an optimizer looks for it, these compute features that have its mean and deviation, or its
covariance, at once. What they do not say is which picture has such features: ``nstlib.inversion`` looks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError
from nstlib.features import Features
from nstlib.inversion import InversionLoss
from nstlib.losses import or_one
from nstlib.optimizers import OPTIMIZERS, descend

FLOOR = (
    1e-3  # of the largest variance: directions that vary less are rounding and noise, and whitening would blow them up
)
CASCADE = ("relu4_1", "relu3_1", "relu2_1")
STEPS = 30
TV_WEIGHT = 0.002


@door(content="B C H W", style="B? C _ _")
def adain(content: Tensor, style: Tensor) -> Tensor:
    """Return the content's features with the style's mean and standard deviation in each channel.

    Where a channel is high and where it is low stays the content's: ``(F - mean F) / dev F * dev S + mean S``.

    Args:
        content: features of one layer, shape (B, C, H, W).
        style: features of the same layer, shape (1 or B, C, H', W').

    Returns:
        Shape (B, C, H, W). A channel that is constant in the content has the style's mean everywhere.

    Raises:
        ShapeError: if the shapes do not fit.

    Differs from Huang and Belongie (2017, eq. 8) by exactness: their code adds 1e-5 to the variances and divides by one
    position less.
    """
    centered = content - content.mean((2, 3), keepdim=True)
    mean = style.mean((2, 3), keepdim=True)  # (1 or B, C, 1, 1)
    spread = (style - mean).square().mean((2, 3), keepdim=True).sqrt()
    return centered / or_one(centered.square().mean((2, 3), keepdim=True).sqrt()) * spread + mean


@door(content="B C H W", style="B? C _ _", floor="0 to 1")
def whiten_and_color(content: Tensor, style: Tensor, *, floor: float = FLOOR) -> Tensor:
    """Return the content's features with the style's mean and covariance: how channels go together is the style's, too.

    First the content's covariance A is taken out, then the style's B is put in: ``B^(1/2) A^(-1/2) (F - mean F) + mean S``.
    Both roots are the symmetric ones, so that features are changed as little as whitening can.

    Args:
        content: features of one layer, shape (B, C, H, W).
        style: features of the same layer, shape (1 or B, C, H', W').
        floor: directions in which the content varies less than this share of its largest variance are dropped. They have
            nothing to be stretched; then the result's covariance is the style's in the others alone.

    Returns:
        Shape (B, C, H, W), computed in double precision, in that of the content.

    Raises:
        ShapeError: if the shapes do not fit.

    Source: Li et al., "Universal Style Transfer via Feature Transforms" (2017, arXiv:1705.08086), sections 3.2 and 3.3.
    """
    return torch.cat(
        [_moved(f, s, floor) for f, s in zip(content, style.expand(len(content), -1, -1, -1), strict=True)]
    ).to(content)


def _moved(features: Tensor, style: Tensor, floor: float) -> Tensor:
    """Return whitened and colored features of one image, shape (1, C, H, W)."""
    vectors, wanted = features.flatten(1).double(), style.flatten(1).double()  # (C, M), (C, M')
    mean = wanted.mean(1, keepdim=True)
    whitening = _power(vectors - vectors.mean(1, keepdim=True), -0.5, floor)
    coloring = _power(wanted - mean, 0.5, 0.0)
    moved = coloring @ (whitening @ (vectors - vectors.mean(1, keepdim=True))) + mean
    return moved.view(1, *features.shape)


def _power(centered: Tensor, exponent: float, floor: float) -> Tensor:
    """Return the symmetric power of the covariance, (C, C), in the directions whose variance is above the floor."""
    variances, directions = torch.linalg.eigh(centered @ centered.mT / centered.shape[1])
    kept = variances > max(floor, torch.finfo(variances.dtype).eps * len(variances)) * variances[-1]
    powers = torch.where(kept, variances.clamp(min=torch.finfo(variances.dtype).tiny).pow(exponent), 0.0)
    return directions * powers @ directions.mT


@door(content="picture", style="picture", steps=">= 1", tv_weight=">= 0")
def cascade(
    content: Tensor,
    style: Tensor,
    network: Features,
    *,
    layers: Sequence[str] = CASCADE,
    move: Callable[[Tensor, Tensor], Tensor] = whiten_and_color,
    steps: int = STEPS,
    tv_weight: float = TV_WEIGHT,
) -> Iterator[Tensor]:
    """Iterate over pictures whose features were moved to the style's moments, one layer after the other, deep to shallow.

    Each layer's result is the content of the next. The decoder is an inversion that starts from that content.

    Args:
        content, style: RGB in [0, 1], shapes (1, 3, H, W) and (1, 3, H', W').
        network: from ``load_network``.
        layers: from deep to shallow, as in Li et al. (2017), whose own begin at relu5_1 and go on to relu1_1.
        move: from features of content and style to features: ``whiten_and_color``, or ``adain``.
        steps: updates of the pixels for each layer.
        tv_weight: as in ``nstlib.inversion.invert``.

    Returns:
        An iterator of ``len(layers)`` pictures, shape (1, 3, H, W), in [0, 1].

    Raises:
        LayerError: if there is no such layer. ChoiceError: if there is none at all.
    """
    names = [network.canonical(layer) for layer in layers]
    if not names:
        raise ChoiceError(f"cascade needs at least one layer, got none. Its own are {', '.join(CASCADE)}.")
    return _pictures(content, style, network, names, move, (steps, tv_weight))


def _pictures(
    image: Tensor, style: Tensor, network: Features, layers: Sequence[str], move: Callable, how: tuple[int, float]
) -> Iterator[Tensor]:
    steps, tv_weight = how
    for layer in layers:
        with torch.no_grad():
            moved = move(network(image, layer)[layer], network(style, layer)[layer])
        target = moved.clamp(min=0.0)  # after a ReLU nothing is negative
        loss = InversionLoss(target, network, layer, (1.0, tv_weight, 0.0))
        descent = OPTIMIZERS["lbfgs"](image.clone().requires_grad_(True), loss, None)
        *_, image = descend(descent, steps, lambda index, picture, *losses: picture)
        yield image
