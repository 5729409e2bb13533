"""A convolution as one product of matrices, "im2col" (Chellapilla et al., 2006): for maps of few positions.

Each position's 3 x 3 neighborhood becomes a row of 9 C numbers, the kernel a matrix of 9 C x K, and the convolution is the
product of the two. Copying each position nine times is what it costs, so where positions are many the usual convolution
is faster. Where they are few, its kernel is the larger part: 9.4 MB for 512 channels, which every call of PyTorch's
convolution rearranges anew as its library, oneDNN, likes them. Here they are rearranged ("packed") once. Without oneDNN
that is not possible, and nothing is gained.
"""

from __future__ import annotations

from torch import Tensor

from nstlib.kernels.laid_out import Kernel, Rows, lay_out
from nstlib.kernels.products import Factors, onednn_works


def unroll_kernel(weight: Tensor, bias: Tensor) -> Kernel:
    """Return a kernel as a matrix, ready for ``nstlib.kernels.convolutions.convolve``.

    Args:
        weight: shape (K, C, 3, 3). bias: shape (K,).

    Raises:
        ShapeError: if the kernel is not 3 x 3.
    """
    return lay_out(weight, bias, _unroll, _convolve)


def _unroll(weight: Tensor) -> Factors:
    """Return a kernel (K, C, 3, 3) as one matrix, (1, 9 * C, K)."""
    matrix = weight.permute(2, 3, 1, 0).flatten(0, 2)
    return Factors(matrix[None], onednn=onednn_works())  # the library of PyTorch's convolutions, whatever the processor


def _convolve(rows: Rows, kernel: Factors, bias: Tensor | None, relu: bool) -> Tensor:
    """Convolve; see ``nstlib.kernels.laid_out.Algorithm``."""
    batch, channels, height, width = rows.shape
    around = rows.padded(height + 2, width + 2)
    image, row, column, _ = around.stride()
    neighborhoods = around.as_strided(
        (batch, height, width, 3, 3, channels), (image, row, column, row, column, 1), around.storage_offset()
    )
    # A copy, for neighborhoods overlap.
    result = kernel.after(neighborhoods.reshape(1, batch * height * width, 9 * channels))[0]
    if bias is not None:
        result += bias
    if relu:
        result.relu_()
    return result.view(batch, height, width, -1).permute(0, 3, 1, 2)
