"""Products of matrices on the CPU, by whichever of PyTorch's two libraries is faster at them.

PyTorch multiplies float32 matrices with Intel's MKL and convolves with oneDNN. On AMD's processors MKL leaves their AVX-512
units unused, oneDNN does not: on one core of an EPYC (Zen 5) the same product runs at 100 GFLOP/s in MKL and at 230 in
oneDNN (``bench/products.py`` measures yours). oneDNN's is reached by the operator that ``torch.compile`` emits for linear
layers. It has no gradient and is not part of PyTorch's documented interface, so it is tried once before it is relied on,
and everything here falls back on ``@``.

The choice depends on the processor alone, not on a measurement: the same run gives the same pixels each time.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from nstlib.errors import ShapeError

OUTPUTS = 16  # rows and columns from which oneDNN's product is worth a call
CPUINFO = Path("/proc/cpuinfo")


def mm(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b``.

    Args:
        a: shape (M, N). b: shape (N, P), of the same precision on the same device.
    """
    if _wanted(a, b) and min(a.shape[0], b.shape[1]) >= OUTPUTS:
        return _onednn(a, b.t())
    return a @ b


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a.T @ b``: all inner products of columns, long and thin.

    Args:
        a: shape (M, N). b: shape (M, P), of the same precision on the same device.
    """
    if not _wanted(a, b):
        return a.t() @ b
    # The gradient of a 1 x 1 convolution's kernel is this product. A dilated kernel of one weight is the same kernel, and
    # PyTorch gives every dilated convolution to oneDNN.
    x, y = (each.reshape(1, 1, *each.shape).permute(0, 3, 1, 2) for each in (a, b))  # (1, channels, 1, M)
    return torch.nn.grad.conv2d_weight(y, (a.shape[1], b.shape[1], 1, 1), x, dilation=(2, 1))[:, :, 0, 0]


class Factors:
    """The right-hand sides of a stack of products that are computed often, laid out once as the faster library likes them.

    Attributes:
        shape: (S, N, P), as of the matrices it was made from.
    """

    def __init__(self, matrices: Tensor, *, onednn: bool | None = None):
        """Prepare ``matrices``, shape (S, N, P), float32 on the CPU. Needs as much memory as they do.

        Args:
            matrices: the right-hand sides.
            onednn: whether oneDNN is to multiply, which must work (``onednn_works``); None: where it is faster.
        """
        self.shape = matrices.shape
        self._packed, self._plain = None, None
        if _wanted(matrices) if onednn is None else onednn:
            self._packed = [torch.ops.mkldnn._reorder_linear_weight(each.t().contiguous()) for each in matrices]
        else:
            self._plain = matrices.contiguous()

    def after(self, left: Tensor) -> Tensor:
        """Return ``left @ matrices``, one product for each of the stack.

        Args:
            left: shape (S, M, N).

        Returns:
            Shape (S, M, P). No gradient flows through it.

        Raises:
            ShapeError: if the shapes do not fit.
        """
        if left.ndim != 3 or (left.shape[0], left.shape[2]) != (self.shape[0], self.shape[1]):
            raise ShapeError(
                f"These factors need a stack of shape ({self.shape[0]}, M, {self.shape[1]}), got {tuple(left.shape)}."
            )
        if self._packed is None:
            return torch.bmm(left, self._plain)
        products = left.new_empty(left.shape[0], left.shape[1], self.shape[2])
        for product, one, factor in zip(products, left, self._packed, strict=True):
            product.copy_(_onednn(one, factor))
        return products


@cache
def onednn_is_faster() -> bool:
    """Say whether products run through oneDNN: on AMD's processors with AVX-512, if PyTorch has both libraries."""
    if not (torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()):
        return False
    return torch.backends.cpu.get_cpu_capability() == "AVX512" and "AuthenticAMD" in _processor() and onednn_works()


@cache
def onednn_works() -> bool:
    """Say whether this PyTorch has oneDNN's product in the form that is used here, and whether it is right."""
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(24, 40, generator=rng), torch.randn(40, 32, generator=rng)
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(b.t().contiguous())
        results = [_onednn(a, b.t()), _onednn(a, packed)]
    except (AttributeError, RuntimeError, TypeError):
        return False
    return all(torch.allclose(result, a @ b, rtol=1e-4, atol=1e-4) for result in results)


def _wanted(*matrices: Tensor) -> bool:
    plain = all(each.device.type == "cpu" and each.dtype == torch.float32 for each in matrices)
    recorded = torch.is_grad_enabled() and any(each.requires_grad for each in matrices)
    return plain and not recorded and onednn_is_faster()


def _onednn(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b.T`` by oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")


def _processor() -> str:
    try:
        return CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()  # on Windows it names the vendor
