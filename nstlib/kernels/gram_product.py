"""Sums of outer products over positions, with one matrix product there and one back.

The readable twin is ``nstlib.gram.gram_matrix``, which divides by the number of positions. Autograd, not knowing that both
factors of ``v.mT @ v`` are one, takes two products on the way back.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.kernels.products import inner, mm


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
