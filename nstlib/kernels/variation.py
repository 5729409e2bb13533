"""Total variation, piece by piece, with its own way back. The readable twin is ``nstlib.losses.total_variation``."""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType

import torch
from torch import Tensor

TV_ROWS = 256  # of a picture, looked at together
Place = tuple[EllipsisType, slice, slice]  # rows and columns


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
