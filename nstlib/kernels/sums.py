"""Sums over positions with a way back of their own: Gram matrices in one product, total variation piece by piece.

The readable twins are ``nstlib.gram.gram_matrix``, which divides by the number of positions, and
``nstlib.losses.total_variation``. Autograd, not knowing that both factors of ``v.mT @ v`` are one, takes two products on the
way back; of a total variation it keeps all differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType

import torch
from torch import Tensor

from nstlib.kernels.products import inner, mm

TV_ROWS = 256  # of a picture, looked at together
Place = tuple[EllipsisType, slice, slice]  # rows and columns


def gram_sum(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``gram_matrix`` times the number of positions: a sum over them, which can be taken piece by piece.

    Args:
        features: shape (B, C, H, W).
        weights: how much each position counts, shape (1 or B, 1, H, W), not negative. None: all count the same.

    Returns:
        Shape (B, C, C).
    """
    if weights is not None:
        features = features * weights.sqrt()
    return _OuterProduct.apply(_rows(features))


def gram_sum_backward(features: Tensor, gradient: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the gradient of a loss with respect to the features, from its gradient with respect to their ``gram_sum``.

    Args:
        features, weights: as for ``gram_sum``. gradient: shape (B, C, C).

    Returns:
        Shape (B, C, H, W).
    """
    pull = _pull(_rows(features), gradient).mT.unflatten(2, features.shape[2:])
    return pull if weights is None else pull * weights


class _OuterProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, vectors: Tensor) -> Tensor:
        ctx.save_for_backward(vectors)
        one = len(vectors) == 1  # the rule; a stack of one would be a copy
        return inner(vectors[0], vectors[0])[None] if one else vectors.mT @ vectors  # (B, C, C)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (vectors,) = ctx.saved_tensors
        return _pull(vectors, gradient)  # (B, M, C)


def _pull(vectors: Tensor, gradient: Tensor) -> Tensor:
    """Return what a gradient (B, C, C) with respect to ``v.mT @ v`` is with respect to v, (B, M, C)."""
    symmetric = gradient + gradient.mT
    return mm(vectors[0], symmetric[0])[None] if len(vectors) == 1 else vectors @ symmetric


def _rows(features: Tensor) -> Tensor:
    """Return the features as one row for each position, (B, H*W, C), without a copy in the usual memory formats."""
    if features.is_contiguous(memory_format=torch.channels_last):
        return features.permute(0, 2, 3, 1).flatten(1, 2)
    return features.flatten(2).mT


def total_variation(image: Tensor) -> Tensor:
    """Return how much neighboring pixels differ: mean absolute difference downward plus the one to the right.

    Args:
        image: shape (B, C, H, W), at least 2 x 2 pixels.

    Returns:
        A scalar, differentiable once.
    """
    return _TotalVariation.apply(image)


class _TotalVariation(torch.autograd.Function):
    """A mean over pieces of the picture that stay in the processor's cache, there and back.

    Autograd would keep all differences, and go through the whole picture some twenty times on the way back: at 2048 px
    that takes three times as long, and seven times where each new tensor is memory that the system clears first.
    """

    @staticmethod
    def forward(ctx, image: Tensor) -> Tensor:
        ctx.save_for_backward(image)
        # Half precision adds up badly.
        total = image.new_zeros((), dtype=torch.promote_types(image.dtype, torch.float32))
        for here, there, share in _neighbors(image.shape[2]):
            total = total + (image[there] - image[here]).abs_().mean(dtype=total.dtype) * share
        return total.to(image)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:
        (image,) = ctx.saved_tensors
        result = torch.zeros_like(image)
        for here, there, share in _neighbors(image.shape[2]):
            signs = (image[there] - image[here]).sign_()
            signs *= gradient * (share / signs.numel())
            result[there].add_(signs)
            result[here].sub_(signs)
        return result


def _neighbors(height: int) -> Iterator[tuple[Place, Place, float]]:
    """Yield where pixels are, where their neighbors below or to the right are, and which share of all such pairs that is."""
    for top in range(0, height, TV_ROWS):
        stop = min(top + TV_ROWS, height)
        last = min(stop, height - 1)
        if top < last:  # the last row has none below
            yield (
                (..., slice(top, last), slice(None)),
                (..., slice(top + 1, last + 1), slice(None)),
                (last - top) / (height - 1),
            )
        rows = slice(top, stop)
        yield (..., rows, slice(None, -1)), (..., rows, slice(1, None)), (stop - top) / height
