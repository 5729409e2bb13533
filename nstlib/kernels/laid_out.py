"""A frozen 3 x 3 kernel, laid out once for an algorithm, and the rows that it convolves.

What the algorithms, ``nstlib.kernels.winograd`` and ``nstlib.kernels.im2col``, are made of; ``nstlib.kernels.convolutions``
chooses between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.kernels.products import Factors


class Rows(NamedTuple):
    """What a convolution sees.

    Attributes:
        pieces: rows of a picture from top to bottom, each of shape (B, C, h, W).
        edges: whether a row of zeros stands above them and one below; else they have the rows that the kernel needs.
        opened: take the only piece for 0 where this tensor of the same shape is: the gradient of a ReLU that gave it.
    """

    pieces: Sequence[Tensor]
    edges: bool = True
    opened: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, C, H, W: H is how many rows come out."""
        batch, channels, _, width = self.pieces[0].shape
        return batch, channels, sum(piece.shape[2] for piece in self.pieces) - (0 if self.edges else 2), width

    def padded(self, height: int, width: int) -> Tensor:
        """Return them with zeros around, shape (B, height, width, C): one column on the left, the rest right and below.

        Each place is written once: ``F.pad`` would fill everything with zeros first.
        """
        batch, channels, _, columns = self.shape
        result = self.pieces[0].new_empty(batch, height, width, channels)
        above = top = int(self.edges)
        for piece in self.pieces:
            inner = result[:, top : top + piece.shape[2], 1 : columns + 1].permute(0, 3, 1, 2)  # (B, C, h, W)
            if self.opened is None:
                inner.copy_(piece)
            else:
                torch.ops.aten.threshold_backward.grad_input(piece, self.opened, 0, grad_input=inner)
            top += piece.shape[2]
        for margin in (result[:, :above], result[:, top:], result[:, :, 0], result[:, :, columns + 1 :]):
            margin.zero_()
        return result


# From rows, a kernel laid out, a bias (K,) or None, and whether to rectify in the same pass, to the convolution, shape
# (B, K, H, W), channels last in memory.
Algorithm = Callable[[Rows, Factors, Tensor | None, bool], Tensor]


class Kernel(NamedTuple):
    """A frozen 3 x 3 kernel, laid out.

    Attributes:
        channels: C, of its input.
        forward: for the convolution. backward: for its transpose. bias: (K,).
        algorithm: convolves with either.
    """

    channels: int
    forward: Factors
    backward: Factors
    bias: Tensor
    algorithm: Algorithm


def lay_out(weight: Tensor, bias: Tensor, matrices: Callable[[Tensor], Factors], algorithm: Algorithm) -> Kernel:
    """Return a kernel ready for ``convolve``.

    The transpose of a convolution is a convolution with the kernel flipped and its channels exchanged, so the way back to
    the image has matrices of its own.

    Args:
        weight: shape (K, C, 3, 3). bias: shape (K,).
        matrices: from a kernel to what the algorithm multiplies by.
        algorithm: convolves with them.

    Raises:
        ShapeError: if the kernel is not 3 x 3.
    """
    if weight.ndim != 4 or weight.shape[2:] != (3, 3):
        raise ShapeError(f"A frozen convolution needs a kernel of shape (K, C, 3, 3), got {tuple(weight.shape)}.")
    weight = weight.detach().cpu().float()
    there, back = matrices(weight), matrices(weight.transpose(0, 1).flip(2, 3))
    return Kernel(weight.shape[1], there, back, bias.detach().cpu().float(), algorithm)
