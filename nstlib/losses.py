"""What the optimization lowers: content loss, style loss and total variation, in every convention (chapter on losses).

The literature scales the same two sums in different ways, so a published weight of 1e3 or 1e6 means nothing without its
convention. Each convention is one factor on the mean squared error, kept in the two tables below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ShapeError, choice
from nstlib.gram import gram_matrix

# Times the layer's mean variance. A channel is as good as constant if it deviates by less than a thirtieth of the others.
NORMALIZED_FLOOR = 1e-3

# Factor on mse(F, P) for C channels and M positions. "relative" also divides by the target's mean square.
CONTENT_CONVENTIONS = {
    "gatys": lambda channels, positions: channels * positions / 2,  # 1/2 sum
    "mean": lambda channels, positions: 1.0,  # Johnson et al. (2016), eq. 2; PyTorch tutorial
    "deeplearning.ai": lambda channels, positions: 1 / 4,  # sum / (4 n_H n_W n_C)
    "relative": lambda channels, positions: 1.0,
}

# Factor on mse(G, A) of Gram matrices that are means over positions (``gram_matrix``).
STYLE_CONVENTIONS = {
    "gatys": lambda channels, positions: 1 / 4,  # sum (MG - MA)^2 / (4 C^2 M^2); deeplearning.ai's is the same number
    "mean": lambda channels, positions: 1.0,  # Johnson et al. (2016), eq. 4: squared norm of G / C
    "pytorch": lambda channels, positions: 1 / channels**2,  # PyTorch tutorial: mse of G / C
    "relative": lambda channels, positions: 1.0,
}


@door(features="B C H W")
def content_loss(features: Tensor, target: Tensor, *, convention: str = "gatys") -> Tensor:
    """Return how far the features of one layer are from the content's.

    Positions count: a cat moved to the left is another content. ``1/2 * sum((F - P)**2)`` in Gatys' convention.

    Args:
        features: activations of the image, shape (B, C, H, W).
        target: activations of the content image, the same shape. No gradient flows into it.
        convention: a key of ``CONTENT_CONVENTIONS``; "relative" divides the mean square by the target's, so that 1 means
            "as far as an image without any activation" in every layer and at every size.

    Returns:
        A scalar; for a batch, the mean over its images.

    Raises:
        ShapeError: if the shapes differ. ChoiceError: if there is no such convention.
    """
    if features.ndim != 4 or features.shape != target.shape:
        raise ShapeError(
            f"content_loss compares features and target of one shape (B, C, H, W), got {tuple(features.shape)} and "
            f"{tuple(target.shape)}. Use the same layer for both, and images of the same size."
        )
    factor = CONTENT_CONVENTIONS[choice("content convention", convention, CONTENT_CONVENTIONS)]
    channels, positions = features.shape[1], features[0, 0].numel()
    return factor(channels, positions) * _mean_square_error(features, target.detach(), convention)


@door(features="B C H W")
def style_loss(features: Tensor, target: Tensor, *, convention: str = "gatys") -> Tensor:
    """Return how far the texture of one layer is from the style's, measured by Gram matrices.

    Positions do not count, so the two pictures may have different sizes.

    Args:
        features: activations of the image, shape (B, C, H, W).
        target: the style's Gram matrix, shape (1 or B, C, C), or the style's activations, shape (1 or B, C, H', W').
            No gradient flows into it.
        convention: a key of ``STYLE_CONVENTIONS``; "gatys" is ``E_l = sum((G - A)**2) / (4 C**2 M**2)`` with sums over
            the M positions in G and A; "relative" divides the mean square error by the target's mean square.

    Returns:
        A scalar; for a batch, the mean over its images.

    Raises:
        ShapeError: if the shapes do not fit. ChoiceError: if there is no such convention.
    """
    target = target.detach()
    if target.ndim == 4:
        target = gram_matrix(target)
    gram = gram_matrix(features)
    if target.ndim != 3 or target.shape[1:] != gram.shape[1:] or target.shape[0] not in (1, gram.shape[0]):
        raise ShapeError(
            f"style_loss needs a target Gram matrix of shape (1, {gram.shape[1]}, {gram.shape[1]}), got "
            f"{tuple(target.shape)}. Make it with gram_matrix from the same layer of the style image."
        )
    factor = STYLE_CONVENTIONS[choice("style convention", convention, STYLE_CONVENTIONS)]
    channels, positions = features.shape[1], features[0, 0].numel()
    return factor(channels, positions) * _mean_square_error(gram, target, convention)


@door(channels=">= 1", positions=">= 1")
def convert(value: float, kind: str, source: str, to: str, *, channels: int, positions: int) -> float:
    """Return a loss value of one convention in the units of another.

    Args:
        value: the loss as the ``source`` convention states it.
        kind: "content" or "style".
        source: the convention of ``value``.
        to: the convention wanted.
        channels: C of the layer. positions: H * W of the layer.

    Raises:
        ChoiceError: for an unknown kind or convention, and for "relative", which depends on the target and not only on
            the shapes.
    """
    table = {"content": CONTENT_CONVENTIONS, "style": STYLE_CONVENTIONS}[choice("loss", kind, ("content", "style"))]
    convertible = [name for name in table if name != "relative"]
    old, new = (table[choice(f"convertible {kind} convention", name, convertible)] for name in (source, to))
    return value * new(channels, positions) / old(channels, positions)


@door(features="B C H W", target="B C H W")
def content_gradient(features: Tensor, target: Tensor) -> Tensor:
    """Return the derivative of Gatys' content loss with respect to what went into the ReLU (2016, eq. 2), by hand.

    Args:
        features: rectified activations of the image, shape (B, C, H, W).
        target: rectified activations of the content image, the same shape.

    Returns:
        ``F - P`` where ``F > 0`` and zero elsewhere, shape (B, C, H, W): a unit that is off does not feel the loss.
    """
    return torch.where(features > 0, features - target, torch.zeros_like(features))


@door(image="B C H W")
def total_variation(image: Tensor) -> Tensor:
    """Return how much neighboring pixels differ: mean absolute difference downward plus the one to the right.

    Args:
        image: shape (B, C, H, W), at least 2 x 2 pixels.

    Returns:
        A scalar in the image's units: 0 for a flat image, near 2/3 for uniform noise in [0, 1].

    Raises:
        ShapeError: if there are no neighbors to compare.

    Anisotropic and averaged, so that one weight means the same at every size. Code from the literature often sums instead,
    or squares the differences, which punishes edges more than noise.
    """
    if image.ndim != 4 or min(image.shape[2:]) < 2:
        raise ShapeError(
            f"total_variation needs shape (B, C, H, W) with at least 2 x 2 pixels, got {tuple(image.shape)}."
        )
    down, right = image.diff(dim=2), image.diff(dim=3)  # (B, C, H - 1, W), (B, C, H, W - 1)
    return down.abs().mean() + right.abs().mean()


@door(ratio=">= 0")
def layer_weights(layers: Iterable[str], ratio: float = 1.0) -> dict[str, float]:
    """Return weights in geometric progression that sum to 1.

    Args:
        layers: names from shallow to deep.
        ratio: each layer's weight over the one before. Below 1 the shallow layers rule: fine texture, strong style.
            Above 1 the deep layers rule: larger shapes, softer style. 1 is Gatys' choice.
    """
    names = list(layers)
    raw = [float(ratio) ** k for k in range(len(names))]
    return {name: weight / sum(raw) for name, weight in zip(names, raw, strict=True)}


@door
def scale_of(target: Tensor) -> Tensor:
    """Return what a "relative" loss is relative to: the target's mean square, a scalar.

    A target of zeros (a black, flat layer) has no scale of its own; then it is 1, and the plain mean is all there is.
    """
    return or_one(target.square().mean())


@door
def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error over the target's mean square, a scalar: 0 if equal, 1 for a value of zeros.

    Args:
        value, target: features, Gram matrices or anything else of one shape.

    Raises:
        ShapeError: if the shapes differ.
    """
    if value.shape != target.shape:
        raise ShapeError(
            f"relative_error compares value and target of one shape, got {tuple(value.shape)} and {tuple(target.shape)}."
        )
    return relative_to(target)(value)


@door
def relative_to(target: Tensor) -> Callable[[Tensor], Tensor]:
    """Return ``relative_error`` as a function of the value alone, for a target whose scale is computed once."""
    scale = scale_of(target)
    return lambda value: (value - target).square().mean() / scale


@door(features="B C H W")
def normalized(features: Tensor) -> Tensor:
    """Return features with each channel's mean taken out and its deviation set to 1: what is left is where, not how much.

    Args:
        features: shape (B, C, H, W). Channels that hardly vary, for the layer they are in, stay near 0.

    Returns:
        The same shape; offsets of channels change nothing, and gains next to nothing (they move the floor).
    """
    centered = features - features.mean((2, 3), keepdim=True)
    variance = centered.square().mean((2, 3), keepdim=True)  # (B, C, 1, 1)
    floor = NORMALIZED_FLOOR * variance.mean(1, keepdim=True)
    return centered / (variance + or_one(floor)).sqrt()


@door(image="B C H W")
def edges_of_shrunk(image: Tensor) -> Tensor:
    """Return the Laplacian of the image at a quarter of its size: how far each pixel is from its four neighbors.

    Args:
        image: shape (B, 3, H, W), at least 12 x 12.

    Returns:
        Shape (B, 1, H // 4 - 2, W // 4 - 2), red, green and blue summed.

    Source: Li et al., "Laplacian-Steered Neural Style Transfer" (2017, arXiv 1707.01253), with p = 4 as in their code.
    """
    small = F.avg_pool2d(image, 4).sum(1, keepdim=True)
    center = small[:, :, 1:-1, 1:-1]
    return 4 * center - small[:, :, :-2, 1:-1] - small[:, :, 2:, 1:-1] - small[:, :, 1:-1, :-2] - small[:, :, 1:-1, 2:]


@door(scale="reals ...")
def or_one(scale: Tensor) -> Tensor:
    """Return a scale to divide by, 1 where it is 0 (a flat layer, a gradient that vanishes): zero stays zero.

    >>> or_one(torch.tensor([0.5, 0.0]))
    tensor([0.5000, 1.0000])
    """
    return torch.where(scale > 0, scale, torch.ones_like(scale))


def _mean_square_error(value: Tensor, target: Tensor, convention: str) -> Tensor:
    """Return the mean over the images of a batch; the target may be one for all."""
    if convention != "relative":
        return (value - target).square().mean()
    errors = [relative_error(one, wanted) for one, wanted in zip(value, target.expand_as(value), strict=True)]
    return torch.stack(errors).mean()
