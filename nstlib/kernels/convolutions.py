"""3 x 3 convolutions with frozen kernels, each laid out once for an algorithm that is faster than the usual one.

There are three: Winograd's (``nstlib.kernels.winograd``) in large tiles, for many channels, and in small ones, where
positions are fewer; and ``nstlib.kernels.im2col``, where they are very few. They work on the CPU and in float32, and return
tensors that are channels last in memory. What is gained depends on the machine; ``bench/`` measures it.
``FrozenConvolution`` takes whichever is fastest; its readable twin is ``F.conv2d``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.kernels.im2col import unroll_kernel
from nstlib.kernels.laid_out import Kernel, Rows
from nstlib.kernels.products import onednn_works
from nstlib.kernels.winograd import F2X2, F4X4

# Kernels that are laid out once win from about this many input channels on: transformed for Winograd's large tiles or its
# small ones from about so many positions on, unrolled into a matrix below. For 512 channels a chapter measures it; for all,
# bench/layouts.py does.
LAID_OUT_CHANNELS = 128
LARGE_TILES_POSITIONS = 384
SMALL_TILES_POSITIONS = 96
MAX_ERROR = 1e-4  # relative, against a direct convolution; about 2e-6 is usual

Layout = Callable[[Tensor, Tensor], Kernel]  # from a weight and a bias
# Numbers for each pair of channels in a kernel that is laid out, there and back.
LAID_OUT = {
    F4X4.transform_kernel: 2 * F4X4.patch**2,
    F2X2.transform_kernel: 2 * F2X2.patch**2,
    unroll_kernel: 2 * 9,
}


def fastest_layout(channels: int, positions: int) -> Layout | None:
    """Return what lays out a frozen 3 x 3 kernel so that a CPU convolves fastest with it; None leaves it as it is.

    Args:
        channels: of the input. positions: of the feature map, H * W.
    """
    if channels < LAID_OUT_CHANNELS:
        return None
    if positions >= LARGE_TILES_POSITIONS:
        return F4X4.transform_kernel
    if positions >= SMALL_TILES_POSITIONS:
        return F2X2.transform_kernel
    return unroll_kernel if onednn_works() else None


def laid_out_bytes(channels: int, out: int, positions: set[int]) -> int:
    """Return how many bytes a kernel takes, laid out for feature maps of these numbers of positions.

    Args:
        channels: of the input. out: of the output.
    """
    layouts = {fastest_layout(channels, each) for each in positions} - {None}
    return 4 * channels * out * sum(LAID_OUT[layout] for layout in layouts)


class FrozenConvolution:
    """A 3 x 3 convolution, padded by 1, that never learns: there and back, whole and in strips of rows.

    Where it is asked to be ``fast``, on the CPU and in float32, it takes the fastest layout of its kernel, which is made at
    its first use, and up to rounding computes the same.

    Attributes:
        weight: as it was trained, shape (K, C, 3, 3). bias: (K,).
        laid_out: the kernel in each layout that was needed; None for one that does not compute what it should.
    """

    def __init__(self, weight: Tensor, bias: Tensor):
        self.weight, self.bias = weight.detach().contiguous(memory_format=torch.channels_last), bias.detach()
        self.laid_out: dict[Layout, Kernel | None] = {}
        self._cast: dict[tuple[torch.device, torch.dtype], tuple[Tensor, Tensor]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "laid_out": {}, "_cast": {}}  # caches, and packed kernels cannot be copied

    def __call__(self, x: Tensor, *, relu: bool, fast: bool) -> Tensor:
        """Return the convolution of ``x``, shape (B, C, H, W), rectified if asked: shape (B, K, H, W)."""
        if fast and (kernel := self._fastest(x, x.shape[2] * x.shape[3])):
            return convolve(x, kernel, relu=relu)
        weight, bias = self.parameters(x)
        x = F.conv2d(x, weight, bias, padding=1)
        return F.relu_(x) if relu else x

    def rows(self, pieces: Sequence[Tensor], *, relu: bool, fast: bool) -> Tensor:
        """Return some rows of the convolution, from the rows that they depend on.

        Args:
            pieces: as for ``convolve_rows``. No gradient is recorded.
        """
        if fast and (kernel := self._fastest(pieces[0], _positions(pieces))):
            return convolve_rows(pieces, kernel, relu=relu)
        weight, bias = self.parameters(pieces[0])
        x = F.conv2d(_stacked(pieces), weight, bias, padding=(0, 1))
        return F.relu_(x) if relu else x

    def pull(self, pieces: Sequence[Tensor], *, fast: bool) -> Tensor:
        """Return rows of the gradient with respect to the input, from that with respect to the output.

        Args:
            pieces: as for ``pull_rows``.
        """
        if fast and (kernel := self._fastest(pieces[0], _positions(pieces))):
            return pull_rows(pieces, kernel)
        return F.conv_transpose2d(_stacked(pieces), self.parameters(pieces[0])[0], padding=(2, 1))

    def parameters(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return weight and bias on the device and in the precision of ``like``."""
        if (like.device, like.dtype) == (self.weight.device, self.weight.dtype):
            return self.weight, self.bias
        key = like.device, like.dtype
        if key not in self._cast:
            with torch.inference_mode(mode=False):  # or they could serve in inference mode only
                weight = self.weight.to(like).contiguous(memory_format=torch.channels_last)
                self._cast[key] = weight, self.bias.to(like)
        return self._cast[key]

    def _fastest(self, x: Tensor, positions: int) -> Kernel | None:
        """Return the kernel laid out for so many positions, there or back; None where PyTorch's convolution is to run."""
        layout = fastest_layout(self.weight.shape[1], positions)
        if layout is None or x.device.type != "cpu" or x.dtype != torch.float32:
            return None
        if layout not in self.laid_out:
            # Outside of inference mode, where it may be used as well: and to be compared, it needs gradients.
            with torch.inference_mode(mode=False):
                weight, bias = (each.clone() for each in self.parameters(x))
                kernel = layout(weight, bias)
                self.laid_out[layout] = kernel if error_of(kernel, weight) < MAX_ERROR else None
        return self.laid_out[layout]


def convolve(x: Tensor, kernel: Kernel, *, relu: bool = False) -> Tensor:
    """Return ``conv2d(x, weight, bias, padding=1)``, followed by a ReLU if asked.

    Args:
        x: shape (B, C, H, W), float32 on the CPU, any memory format.
        kernel: from a ``transform_kernel`` or from ``unroll_kernel``.
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


def _positions(pieces: Sequence[Tensor]) -> int:
    """Return how many positions come out of pieces that hold a row more above and below."""
    return (sum(piece.shape[2] for piece in pieces) - 2) * pieces[0].shape[3]


def _stacked(pieces: Sequence[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(tuple(pieces), 2)
