"""Images from features: what a layer has kept of a picture, and what it has dropped (chapter on inversion).

After Mahendran and Vedaldi (2015, arXiv:1412.0035). A layer's activations are the target, an image is searched that has
them, and of the many that do a regularizer picks one that looks like a photo: no pixel far outside the range, few
differences between neighbors.

Their images are 0..255 minus a mean, and divided by sigma, the norm of an average image, so that all terms are of one size.
Ours lie in [0, 1], and each regularizer is divided by the number of values and by what a typical photo has per value. So
the error is 1 for an image without activations, in any layer; ``tv`` is about 1 for a photo of 96 px (0.5 at 256 px, where
neighbors differ less); and a weight of 0.01 means: such differences cost as much as an error of 1 %. Their lambda for TV
(beta 2; released code, which halves it; 227 px, sigma 2.7e4) is about ten times ours: their 0.5, 5 and 50, by depth, are
some 0.05, 0.5 and 5 here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.features import TORCHVISION, Features
from nstlib.losses import scale_of
from nstlib.optimizers import OPTIMIZERS, descend
from nstlib.seeds import seeded

MEAN = TORCHVISION.mean  # of ImageNet's photos, RGB in [0, 1]
RANGE = 0.5  # a pixel this far from the mean is at the end of the range: B = 128 of 255 in the paper
# Length of a photo's gradient, root mean square over pixels and colors: that of the course's six photos at 96 px, which
# have 0.06 to 0.18. (The paper guesses 1 % of the range, 0.005, and has larger weights for it.)
SLOPE = 0.12
ALPHA = 6.0
BETA = 2.0
EPSILON = 1e-6  # squared differences below this count as flat: 1e-3 is a quarter of one of 255 levels
TV_WEIGHT = 0.03
STEPS = 100
NOISE = 0.1  # standard deviation of the start around the mean


@dataclass(frozen=True)
class Reconstruction:
    """One image on the way, and how far its features are from the target.

    Attributes:
        index: how often the pixels have been updated; 0 is the noise of the start.
        image: RGB in [0, 1], shape (1, 3, H, W), detached.
        error: ``normalized_error`` of its features.
        tv: ``tv_norm``, over that of a typical photo.
        alpha: ``alpha_norm``, over that of an image at the ends of the range.
        total: what was lowered: the error, plus the other two times their weights.
    """

    index: int
    image: Tensor
    error: float
    tv: float
    alpha: float
    total: float


@door(image="B C H W", beta="> 0", epsilon="> 0")
def tv_norm(image: Tensor, beta: float = BETA, epsilon: float = EPSILON) -> Tensor:
    """Return how much neighboring pixels differ, to the power beta: ``sum of (dx**2 + dy**2)**(beta / 2)``.

    At 2 one step of 0.4 costs as much as sixteen of 0.1, so edges are smeared out; at 1 it costs as much as four, so edges
    may stay sharp.

    Args:
        image: shape (B, C, H, W). dx is the difference to the right neighbor, dy to the one below; beyond the last
            column and row there is no difference.
        beta: above 0; the paper's default is 2.
        epsilon: below a beta of 2 it is added to the squares, and ``epsilon**(beta / 2)`` taken off each term again: where
            the image is flat, the power alone has an infinite slope. At 2 and above it is not needed and not used.

    Returns:
        Shape (B,): a sum over channels and positions; 0 for a constant image.

    Raises:
        ShapeError: if ``image`` does not have four axes. ChoiceError: if beta or epsilon is not above 0.
    """
    right = torch.diff(image, dim=3, append=image[..., -1:])  # (B, C, H, W)
    down = torch.diff(image, dim=2, append=image[..., -1:, :])
    squares = right.square() + down.square()
    if beta >= 2:
        return squares.pow(beta / 2).sum((1, 2, 3))
    return ((squares + epsilon).pow(beta / 2) - epsilon ** (beta / 2)).sum((1, 2, 3))


@door(image="B C H W", alpha=">= 1")
def alpha_norm(image: Tensor, alpha: float = ALPHA, *, mean: Sequence[float] = MEAN) -> Tensor:
    """Return how far pixels are from the mean color, to the power alpha: ``sum of |image - mean|**alpha``.

    A high power is a soft wall: it hardly feels pixels well inside the range, and weighs heavily on those beyond it.

    Args:
        image: shape (B, 3, H, W).
        alpha: 1 or larger; the paper takes 6.
        mean: of each color.

    Returns:
        Shape (B,): a sum over colors and positions.

    Raises:
        ShapeError: if ``image`` is not of that shape. ChoiceError: if alpha is below 1.
    """
    if image.shape[1] != len(mean):
        raise ShapeError(
            f"alpha_norm needs floats of shape (B, {len(mean)}, H, W), got {tuple(image.shape)} of {image.dtype} as "
            f"`image`: mean has {len(mean)} numbers."
        )
    away = image - image.new_tensor(mean)[:, None, None]
    return away.abs().pow(alpha).sum((1, 2, 3))


@door
def normalized_error(features: Tensor, target: Tensor) -> Tensor:
    """Return how far features are from a target, relative to the target: ``||features - target||**2 / ||target||**2``.

    Args:
        features: shape (B, C, H, W).
        target: shape (B, C, H, W), or (1, C, H, W) for all. A target of zeros has no scale of its own; then it is the mean
            square.

    Returns:
        Shape (B,): 0 for the target itself, 1 for zeros. The same as ``content_loss`` in its "relative" convention.

    Raises:
        ShapeError: if the shapes do not fit.

    This is what the paper lowers. To compare representations its authors divide by another scale, the mean squared
    distance of the features of two test images (``spread``; in their code, each image with itself counts as well).
    """
    if features.ndim != 4 or features.shape[1:] != target.shape[1:] or target.shape[0] not in (1, features.shape[0]):
        raise ShapeError(
            f"normalized_error compares features and target of one shape (B, C, H, W), got {tuple(features.shape)} and "
            f"{tuple(target.shape)}. Use the same layer for both, and images of the same size."
        )
    scales = torch.stack([scale_of(one) for one in target])
    return (features - target).square().mean((1, 2, 3)) / scales


@door
def spread(batch: Tensor) -> Tensor:
    """Return the mean squared distance between two different members of a batch: how far is far, in this layer.

    Args:
        batch: images, or features of images, of shape (N, ...) with N of at least 2.

    Returns:
        A scalar: the mean of ``||a - b||**2`` over all pairs of two different members.

    Raises:
        ShapeError: if there is no pair.
    """
    if batch.ndim < 2 or len(batch) < 2:
        raise ShapeError(
            f"spread needs a batch of at least two members, shape (N, ...) with N of 2 or more, got {tuple(batch.shape)}."
        )
    # Twice the unbiased variance, summed over all numbers: no pair need be formed, and nothing large is subtracted.
    return 2 * batch.flatten(1).var(0).sum()


@door
class InversionLoss:
    """What an inversion lowers; ``objective(image)`` returns total, error, tv and alpha, for an image (1, 3, H, W).

    Attributes:
        weights: of error, tv and alpha.
    """

    def __init__(
        self, target: Tensor, network: Features, layer: str, weights: tuple[float, float, float], tv_beta: float = BETA
    ):
        self.weights = weights
        self._target, self._network, self._layer, self._beta = target.detach(), network, layer, tv_beta

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self._network.fast(image, self._layer)[self._layer]
        error = normalized_error(features, self._target)[0]
        values = image[0].numel()
        tv = tv_norm(image, self._beta)[0] / (values * SLOPE**self._beta)
        alpha = alpha_norm(image)[0] / (values * RANGE**ALPHA)
        terms = (error, tv, alpha)
        return sum(weight * term for weight, term in zip(self.weights, terms, strict=True)), *terms


@door(
    target="any values",
    size="own",
    steps=">= 1",
    learning_rate=">= 0",
    tv_weight=">= 0",
    alpha_weight=">= 0",
    tv_beta="> 0",
)
def invert(
    target: Tensor,
    network: Features,
    layer: str,
    *,
    size: tuple[int, int],
    tv_weight: float = TV_WEIGHT,
    tv_beta: float = BETA,
    alpha_weight: float = 0.0,
    steps: int = STEPS,
    optimizer: str = "lbfgs",
    learning_rate: float | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Reconstruction]:
    """Iterate over images whose features come closer and closer to a target, ``steps + 1`` of them, from noise on.

    Args:
        target: activations of one image in one layer, shape (1, C, h, w).
        network: from ``load_network``, the same that the target is from.
        layer: the layer, in either spelling.
        size: height and width of the image in pixels, of which the target's h and w must be those of the layer.
        tv_weight: the paper's lambda: the error that a typical photo's ``tv_norm`` is worth. The deeper the layer, the
            more it leaves open, and the larger a weight is of use.
        tv_beta: the power in ``tv_norm``; below 2 edges are sharper.
        alpha_weight: of ``alpha_norm``, which keeps the paper's pixels in their range (in its code some 0.4). Here the
            optimizers do that themselves.
        steps: how many updates, at least 1.
        optimizer: a key of ``OPTIMIZERS``. The paper's gradient descent with momentum is an exercise of the chapter.
        learning_rate: None takes the optimizer's own default.
        generator: of the noise; None means a fixed seed: the same call gives the same pixels.

    Returns:
        An iterator of ``Reconstruction`` records; the numbers in a record belong to its image.

    Raises:
        LayerError: if there is no such layer. ShapeError: if the target cannot come from that layer at that size.
        ChoiceError: for an unknown optimizer, a negative weight, a beta of 0 or below, ``steps`` below 1.
        DivergenceError: while iterating, if the loss stops being a finite number; ``.last`` is the last good one.
    """
    choice("optimizer", optimizer, OPTIMIZERS)
    layer = network.canonical(layer)
    _check_target(target, network, layer, size)
    pixels = noise_image(target, size, generator=generator).requires_grad_(True)
    loss = InversionLoss(target, network, layer, (1.0, tv_weight, alpha_weight), tv_beta)
    descent = OPTIMIZERS[optimizer](pixels, loss, learning_rate)
    return descend(
        descent,
        steps,
        lambda index, image, total, error, tv, alpha: Reconstruction(index, image, error, tv, alpha, total),
    )


@door(size=">= 1")
def noise_image(like: Tensor, size: tuple[int, int], *, generator: torch.Generator | None = None) -> Tensor:
    """Return the image an inversion starts from: the mean color with a little noise, shape (1, 3, H, W), in [0, 1].

    Args:
        like: gives device and precision.
        size: H and W.
        generator: None means a fixed seed.
    """
    generator = seeded(generator)
    # Drawn where the generator lives, so that a seed means the same noise on every device.
    drawn = torch.randn((1, 3, *size), generator=generator, device=generator.device, dtype=torch.float32)
    return (like.new_tensor(MEAN)[:, None, None] + NOISE * drawn.to(like)).clamp(0, 1)


def _check_target(target: Tensor, network: Features, layer: str, size: tuple[int, int]) -> None:
    if not isinstance(size, Sequence) or len(size) != 2 or not all(isinstance(n, int) and n > 0 for n in size):
        raise ChoiceError(f"size must be height and width in pixels, like (64, 96), got {size!r}.")
    channels, *positions = network.architecture.shape(layer, *size)
    if target.ndim != 4 or target.shape[:2] != (1, channels) or not target.is_floating_point():
        raise ShapeError(
            f"{layer} of {network.name} has {channels} channels, so the target must be floats of shape "
            f"(1, {channels}, h, w), got {tuple(target.shape)} of {target.dtype}. network(image, layer)[layer] returns that."
        )
    if list(target.shape[2:]) != positions or 0 in positions:
        raise ShapeError(
            f"In {layer}, an image of {size[0]} x {size[1]} pixels has {positions[0]} x {positions[1]} positions; "
            f"the target has {target.shape[2]} x {target.shape[3]}. Give the size of the image that it was made from."
        )
    bad = int((~torch.isfinite(target)).sum())
    if bad:
        raise ShapeError(f"The target holds {bad} values that are NaN or infinite. Check where it came from.")
