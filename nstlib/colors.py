"""Whose colors a result has: the content's own, its luminance alone, or its palette put on the style (chapter on control).

Before a transfer, ``match_covariance`` or ``match_histogram`` gives the style the content's colors; ``luminance_pair``
takes color away from both. After it, ``keep_colors`` gives the result the content's colors back. All work on the
numbers that files store (gamma-encoded sRGB), as the papers do.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ImageError, ShapeError

LUMA = (0.299, 0.587, 0.114)  # the Y of YIQ, in red, green and blue
ROUNDING = 1 / (255 * 12**0.5)  # standard deviation of what rounding to 8 bits adds: less contrast than that is none


@door(image="B 3 H W")
def luminance(image: Tensor) -> Tensor:
    """Return how light each pixel is: the Y of YIQ, ``0.299 R + 0.587 G + 0.114 B``.

    Args:
        image: RGB, shape (B, 3, H, W), floats.

    Returns:
        Shape (B, 1, H, W), in [0, 1] if the image is.

    Raises:
        ShapeError: if ``image`` has another shape.

    >>> luminance(torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1))
    tensor([[[[0.5870]]]])
    """
    return (image * image.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)


@door(result="values _ 3 _ _", content="values _ 3 _ _")
def keep_colors(result: Tensor, content: Tensor) -> Tensor:
    """Return the result's luminance in the content's colors.

    In YIQ: Y of the result, I and Q of the content. Gray is the axis (1, 1, 1) of RGB, so that means: to each pixel of
    the content, add the same number to red, green and blue. Where a channel would leave [0, 1], the color is made paler
    until it does not; clamping would change luminance and hue instead. So the luminance is always the result's.

    Args:
        result: of a transfer, RGB in [0, 1], shape (B, 3, H, W).
        content: shape (B, 3, H, W).

    Returns:
        RGB in [0, 1], shape (B, 3, H, W).

    Raises:
        ShapeError: if the shapes differ. ImageError: if a value is NaN or infinite.

    Source: Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer" (2016, arXiv
    1606.05897), luminance-only transfer. They do not say what happens outside [0, 1].
    """
    _check_pair("keep_colors", result=result, content=content)
    if result.shape != content.shape:
        raise ShapeError(
            f"keep_colors needs result and content, two images of one size, got {tuple(result.shape)} and "
            f"{tuple(content.shape)}. nstlib.images.resize makes them equal."
        )
    light = luminance(result).clamp(0, 1)  # (B, 1, H, W)
    chroma = content - luminance(content)  # (B, 3, H, W), of luminance 0
    room = torch.where(chroma > 0, 1 - light, light)
    share = (room / chroma.abs().clamp(min=1e-12)).amin(1, keepdim=True).clamp(max=1)  # (B, 1, H, W)
    return (light + share * chroma).clamp(0, 1)  # rounding alone leads outside


@door(image="values B 3 H W")
def is_gray(image: Tensor) -> bool:
    """Return whether no pixel of an image has a color: its channels differ by 2 of 255 at most, as rounding may leave.

    Args:
        image: RGB in [0, 1], shape (B, 3, H, W).

    Raises:
        ShapeError: if ``image`` has another shape.

    >>> is_gray(torch.full((1, 3, 2, 2), 0.5))
    True
    """
    return bool((image.amax(1) - image.amin(1)).max() <= 2.01 / 255)


@door(content="values _ 3 _ _", style="values _ 3 _ _")
def luminance_pair(content: Tensor, style: Tensor, *, clamp: bool = True) -> tuple[Tensor, Tensor]:
    """Return both as gray images, the style with the content's mean luminance and contrast.

    A transfer between them moves texture alone; ``keep_colors`` then gives its result the content's colors. Without
    the shift, a dark style would darken the result.

    Args:
        content: RGB in [0, 1], shape (B, 3, H, W).
        style: shape (B, 3, H', W').
        clamp: False leaves the style's values outside [0, 1], and only then are both moments exactly the content's.

    Returns:
        Content and style, shapes as given, three equal channels. A style with less contrast than rounding to 8 bits
        adds is flat: it is not stretched to the content's.

    Raises:
        ShapeError: if a shape is wrong. ImageError: if a value is NaN or infinite.

    Source: as ``keep_colors``: ``Y' = (Y - mean_s) * sigma_c / sigma_s + mean_c``.
    """
    _check_pair("luminance_pair", content=content, style=style)
    wanted, given = luminance(content), luminance(style)
    scale = _deviation(wanted) / _deviation(given).clamp(min=ROUNDING)
    matched = (given - given.mean((2, 3), keepdim=True)) * scale + wanted.mean((2, 3), keepdim=True)
    return wanted.expand(-1, 3, -1, -1).clone(), _clamped(matched, clamp).expand(-1, 3, -1, -1).clone()


@door(style="values _ 3 _ _", content="values _ 3 _ _")
def match_covariance(style: Tensor, content: Tensor, *, clamp: bool = True) -> Tensor:
    """Return the style under the linear map of colors that gives it the content's mean color and covariance.

    Many maps do. This is the symmetric one, which moves colors least (Monge-Kantorovich): with S and C the covariances of
    style and content, ``T = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2``. It never turns one hue into its opposite, and does not
    depend on the order of the channels, as the Cholesky factors' ``L_C L_S^-1`` does.

    Args:
        style: RGB in [0, 1], shape (B, 3, H', W').
        content: shape (B, 3, H, W).
        clamp: False leaves values outside [0, 1], and only then are mean and covariance exactly the content's. What
            clamping costs, for the course's styles on cat, china and flower at 384 px: 0 to 17 % of the values are
            outside; the covariance ends 0 to 82 % off (median 22 %), the mean by up to 0.07.

    Returns:
        Shape (B, 3, H', W'). In directions of color in which the style varies less than rounding to 8 bits does (all but
        one, if it is gray) it is left as it is: no linear map makes colors of none.

    Raises:
        ShapeError: if a shape is wrong. ImageError: if a value is NaN or infinite.

    Source: Gatys et al. (2016, arXiv 1606.05897), color histogram matching, with Cholesky's map and that of Image
    Analogies, ``C^1/2 S^-1/2``; the map here is Pitie and Kokaram's (2007), "The Linear Monge-Kantorovitch Linear Colour
    Mapping for Example-Based Colour Transfer". Differentiable as long as no two variances along axes are equal.
    """
    _check_pair("match_covariance", style=style, content=content)
    mean, covariance = _moments(style)
    wanted_mean, wanted_covariance = _moments(content)
    moved = _transport(covariance, wanted_covariance) @ (style.flatten(2) - mean) + wanted_mean  # (B, 3, H'*W')
    return _clamped(moved.view_as(style), clamp)


@door(style="wide values _ 3 _ _", content="wide values _ 3 _ _")
def match_histogram(style: Tensor, content: Tensor) -> Tensor:
    """Return the style with each channel's values replaced by the content's values of the same rank.

    A pixel that is lighter than a share q of the style gets the value that is lighter than a share q of the content,
    in each channel by itself: the channels' histograms become the content's, the correlations between them do not.

    Args:
        style: RGB in [0, 1], shape (B, 3, H', W').
        content: shape (B, 3, H, W).

    Returns:
        Shape (B, 3, H', W'), without gradient, within the range of the content. Equal values stay equal, so a style of
        few colors keeps few colors; quantiles between two values of the content are interpolated.

    Raises:
        ShapeError: if a shape is wrong. ImageError: if a value is NaN or infinite.

    Agrees with scikit-image's ``match_histograms``.
    """
    _check_pair("match_histogram", style=style, content=content)
    given, wanted = (image.detach().cpu().flatten(2).numpy() for image in (style, content))  # (B, 3, M)
    matched = [
        [_of_same_rank(values, targets) for values, targets in zip(*channels, strict=True)]
        for channels in zip(given, wanted, strict=True)
    ]
    return torch.from_numpy(np.array(matched)).to(style).view_as(style)


def _of_same_rank(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return, for each value, the target of the same quantile; both have one axis."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    levels, target_counts = np.unique(targets, return_counts=True)
    return np.interp(counts.cumsum() / values.size, target_counts.cumsum() / targets.size, levels)[which]


def _moments(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean color, shape (B, 3, 1), and the covariance of colors, shape (B, 3, 3)."""
    colors = image.flatten(2)  # (B, 3, H*W)
    mean = colors.mean(2, keepdim=True)
    return mean, (colors - mean) @ (colors - mean).mT / colors.shape[2]


def _transport(before: Tensor, after: Tensor) -> Tensor:
    """Return the symmetric T of ``match_covariance``, shape (B, 3, 3)."""
    device, dtype = before.device, before.dtype
    before, after = before.cpu().double(), after.cpu().double()  # so small that precision costs nothing
    variances, axes = torch.linalg.eigh(before)
    varied = (variances > ROUNDING**2).to(before)  # (B, 3)
    deviations = variances.clamp(min=ROUNDING**2).sqrt()
    root = axes * (varied * deviations)[:, None] @ axes.mT
    inverse = axes * (varied / deviations)[:, None] @ axes.mT
    unmoved = axes * (1 - varied)[:, None] @ axes.mT
    middle_variances, middle_axes = torch.linalg.eigh(root @ after @ root)
    middle = middle_axes * middle_variances.clamp(min=0).sqrt()[:, None] @ middle_axes.mT
    return (inverse @ middle @ inverse + unmoved).to(device, dtype)


def _deviation(values: Tensor) -> Tensor:
    """Return the standard deviation over positions, shape (B, 1, 1, 1)."""
    return values.std((2, 3), correction=0, keepdim=True)


def _clamped(image: Tensor, clamp: bool) -> Tensor:
    return image.clamp(0, 1) if clamp else image


def _check_pair(who: str, **images: Tensor) -> None:
    for name, image in images.items():
        if not image.isfinite().all():
            raise ImageError(f"{who} got NaN or infinite values in its {name}.")
    first, second = images.values()
    if len(first) != len(second):
        raise ShapeError(
            f"{who} takes images in pairs, got {len(first)} and {len(second)} in the two batches, {' and '.join(images)}."
        )
