"""3 x 3 convolutions with frozen kernels, each laid out once for an algorithm that is faster than the usual one.

There are two: ``nstlib.kernels.winograd``, for many channels, and ``nstlib.kernels.im2col``, for few positions. Everything here works
on the CPU and in float32, and returns tensors that are channels last in memory. What is gained depends on the machine;
``bench/`` measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
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


def convolve(x: Tensor, kernel: Kernel, *, relu: bool = False) -> Tensor:
    """Return ``conv2d(x, weight, bias, padding=1)``, followed by a ReLU if asked.

    Args:
        x: shape (B, C, H, W), float32 on the CPU, any memory format.
        kernel: from ``transform_kernel`` or ``unroll_kernel``.
        relu: rectify in the same pass; the gradient then is zero where the output is.

    Returns:
        Shape (B, K, H, W), channels last in memory. Differentiable once with respect to ``x``.

    Raises:
        ShapeError: if ``x`` has other channels than the kernel.
    """
    if x.ndim != 4 or x.shape[1] != kernel.channels:
        raise ShapeError(f"This kernel needs features of shape (B, {kernel.channels}, H, W), got {tuple(x.shape)}.")
    return _Convolution.apply(x, kernel, relu)


def convolve_rows(pieces: Sequence[Tensor], kernel: Kernel, *, relu: bool = False) -> Tensor:
    """Return some rows of what ``convolve`` returns, from the rows that they depend on.

    Args:
        pieces: rows of the input from top to bottom, each of shape (B, C, h, W), together one row more above and one more
            below than are wanted: zeros where the picture ends.
        kernel, relu: as for ``convolve``.

    Returns:
        Shape (B, K, h - 2, W) with the sum h of all heights, channels last in memory. No gradient flows through it.
    """
    return kernel.algorithm(Rows(pieces, edges=False), kernel.forward, kernel.bias, relu)


def pull_rows(pieces: Sequence[Tensor], kernel: Kernel) -> Tensor:
    """Return some rows of the gradient with respect to what ``convolve`` got, from that with respect to what it gave.

    Args:
        pieces: rows of the latter, each of shape (B, K, h, W), as for ``convolve_rows``. The ReLU is not part of it.
        kernel: as for ``convolve``.

    Returns:
        Shape (B, C, h - 2, W) with the sum h of all heights, channels last in memory.
    """
    return kernel.algorithm(Rows(pieces, edges=False), kernel.backward, None, False)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, kernel: Kernel, relu: bool) -> Tensor:
        y = kernel.algorithm(Rows([x]), kernel.forward, kernel.bias, relu)
        ctx.kernel = kernel
        ctx.save_for_backward(y if relu else None)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        rows = Rows([gradient], opened=ctx.saved_tensors[0])
        return ctx.kernel.algorithm(rows, ctx.kernel.backward, None, False), None, None


@torch.enable_grad()
def error_of(kernel: Kernel, weight: Tensor) -> float:
    """Return the relative error of a kernel that was laid out against direct convolution, forward and backward, on noise.

    Args:
        kernel: as for ``convolve``. weight: what it was made from, shape (K, C, 3, 3).
    """
    noise = torch.randn(1, weight.shape[1], 6, 7, generator=torch.Generator().manual_seed(0))
    results = []
    for run in (lambda x: convolve(x, kernel), lambda x: F.conv2d(x, weight, kernel.bias, padding=1)):
        x = noise.clone().requires_grad_(True)
        y = run(x)
        y.square().sum().backward()
        results.append((y.detach(), x.grad))
    return max(((ours - direct).norm() / direct.norm()).item() for ours, direct in zip(*results, strict=True))
