"""Style as correlations between channels: the Gram matrix, and what it does not see (chapter on Gram matrices)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ShapeError


@door(features="B C H W", weights="B? 1 H W")
def gram_matrix(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return how strongly each pair of channels fires together.

    Where two channels meet is averaged away, so only texture is left:
    ``G[b, i, j] = mean over (h, w) of F[b, i, h, w] * F[b, j, h, w]``.

    Args:
        features: activations of one layer, shape (B, C, H, W).
        weights: how much each position counts, shape (1 or B, 1, H, W), not negative: the texture of a region. The mean
            becomes ``sum(weights * F_i * F_j) / (H * W)``, so give them a mean of 1 (Gatys et al., 2017, guide their
            style like this). None: all count the same.

    Returns:
        Symmetric matrices, shape (B, C, C), in squared activation units.

    Raises:
        ShapeError: if ``features`` does not have four axes, or has no positions.

    Differs from Gatys et al. (2016, eq. 3), who sum over positions: the mean makes the result independent of image size.
    """
    if weights is not None:
        features = features * weights.sqrt()
    vectors = features.flatten(2)  # (B, C, M), M = H*W positions
    return vectors @ vectors.mT / vectors.shape[-1]  # (B, C, C)


@door(features="B C H W")
def gram_backward(features: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of a loss with respect to the features, from its gradient with respect to their Gram matrix.

    With M = H*W positions, ``dG = (dF F^T + F dF^T) / M``, so ``<S, dG> = <(S + S^T) F / M, dF>``: one matrix product.

    Args:
        features: shape (B, C, H, W).
        gradient: the S above, dL/dG, shape (B, C, C); it need not be symmetric.

    Returns:
        dL/dF, shape (B, C, H, W).

    Raises:
        ShapeError: if the shapes do not fit.
    """
    b, c, h, w = features.shape
    if gradient.shape != (b, c, c):
        raise ShapeError(
            f"gram_backward needs one gradient for each entry of the features' Gram matrix, shape {(b, c, c)}, "
            f"got {tuple(gradient.shape)}."
        )
    symmetric = gradient + gradient.mT  # (B, C, C)
    return (symmetric @ features.flatten(2) / (h * w)).unflatten(2, (h, w))  # (B, C, H, W)


@door(tiles="_ _ _ _")
def tile_gram(tiles: Iterable[Tensor]) -> Tensor:
    """Return the Gram matrix of a feature map that comes in pieces of any sizes.

    A mean over positions is a sum over tiles of sums, divided once by the number of all positions: it is exact, however
    the map is cut. Where no gradient is recorded, only one piece need be in memory at a time.

    Args:
        tiles: features of the pieces, each of shape (B, C, h, w) with its own h and w. They are gone through once.

    Returns:
        What ``gram_matrix`` returns for the whole map, shape (B, C, C).

    Raises:
        ShapeError: if there is no tile, or if they differ in images or channels.
    """
    total, positions = None, 0
    for tile in tiles:
        gram = gram_matrix(tile) * tile[0, 0].numel()
        if total is not None and gram.shape != total.shape:
            raise ShapeError(
                f"tile_gram needs tiles of one feature map, got one of shape {tuple(tile.shape)} after others with "
                f"{total.shape[0]} images of {total.shape[1]} channels."
            )
        total = gram if total is None else total + gram
        positions += tile[0, 0].numel()
    if total is None:
        raise ShapeError("tile_gram needs tiles, at least one tile, got none. Is the generator used up already?")
    return total / positions


@door(features="B C H W", order="index M")
def shuffle_positions(features: Tensor, order: Tensor) -> Tensor:
    """Return the features with their positions in another order, the same for every channel and image.

    The Gram matrix cannot tell the result from the original: it is a sum over positions, and a sum has no order.

    Args:
        features: shape (B, C, H, W).
        order: a permutation of ``0 .. H*W - 1``, shape (H*W,); position ``k`` of the result is position ``order[k]``.

    Raises:
        ShapeError: if the shapes do not fit.
    """
    vectors = features.flatten(2)
    if order.shape != vectors.shape[-1:]:
        raise ShapeError(
            f"order needs one entry for each of the {vectors.shape[-1]} positions of the features, got shape "
            f"{tuple(order.shape)}."
        )
    return vectors[..., order].reshape(features.shape)


@door(features="wide B C H W")
def gram_from_spectrum(features: Tensor) -> Tensor:
    """Return the Gram matrix computed from the Fourier transform of the features.

    Parseval's theorem turns the mean over positions into a sum over frequencies w, with M = H*W positions:
    ``G[i, j] = sum_w Re(S_i(w) conj(S_j(w))) / M**2 = sum_w |S_i||S_j| cos(phi_i - phi_j) / M**2``.
    So the diagonal needs amplitudes only, and the rest needs the phase of one channel *relative to another*.

    Args:
        features: shape (B, C, H, W).

    Returns:
        What ``gram_matrix`` returns, shape (B, C, C), up to rounding.

    Raises:
        ShapeError: if ``features`` does not have four axes.
    """
    positions = features[0, 0].numel()
    spectrum = torch.fft.fft2(features).flatten(2)  # (B, C, H*W), complex
    return (spectrum @ spectrum.mH).real / positions**2


@door(x="B C H W", y="alike _ _ _ _")
def mmd_polynomial(x: Tensor, y: Tensor) -> Tensor:
    """Return the squared maximum mean discrepancy between the positions of two feature maps.

    Each position is a vector of C activations, a sample of "what is found somewhere in the picture". With the kernel
    ``k(a, b) = (a . b)**2`` the distance between the two sets of samples is exactly the squared Frobenius distance
    of the two (mean) Gram matrices (Li et al., 2017): matching Gram matrices is matching distributions.

    Args:
        x: features, shape (B, C, H, W).
        y: features, shape (B, C, H', W').

    Returns:
        Shape (B,). The biased estimator: pairs of a position with itself count.

    Raises:
        ShapeError: if the numbers of axes, images or channels differ.

    Needs the memory of all pairs of positions, (H*W)**2: for small maps only.
    """
    a, b = x.flatten(2), y.flatten(2)  # (B, C, H*W)
    if a.shape[:2] != b.shape[:2]:
        raise ShapeError(
            f"mmd_polynomial compares x and y, features with as many images and channels, got {tuple(x.shape)} and "
            f"{tuple(y.shape)}. Use the same layer of the same network for both."
        )

    def kernel_mean(p: Tensor, q: Tensor) -> Tensor:
        return (p.mT @ q).square().mean((1, 2))  # (B, positions of p, positions of q) -> (B,)

    return kernel_mean(a, a) + kernel_mean(b, b) - 2 * kernel_mean(a, b)
