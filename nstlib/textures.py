"""Textures from noise: what a layer's statistics know of a picture, and pictures that agree in them (chapter on textures).

A texture model is a list of layers and a statistic that forgets positions. Four statistics stand here side by side, each a
function from activations (B, C, H, W) to a few tensors: Gram matrices (``nstlib.gram``), mean and covariance, mean and
standard deviation, and sorted projections. ``synthesize`` draws noise and optimizes it until it has a picture's statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.losses import relative_to, scale_of
from nstlib.objective import Objective, Style
from nstlib.seeds import seeded
from nstlib.terms import QUANTITIES, LayerChoice, Measured, Quantity, Term
from nstlib.transfer import STEPS, stylize

if TYPE_CHECKING:
    from nstlib.engine.run import Run

# Gatys et al. (2015) write conv1_1 and mean its rectified output, as their networks have no other.
TEXTURE_LAYERS = ("relu1_1", "pool1", "pool2", "pool3", "pool4")


@door(texture="picture", size="own", steps=">= 1", learning_rate=">= 0", tv_weight=">= 0")
def synthesize(
    texture: Tensor,
    network: Features,
    *,
    layers: LayerChoice = TEXTURE_LAYERS,
    statistic: str = "gram",
    size: tuple[int, int] | None = None,
    tv_weight: float = 0.0,
    optimizer: str = "lbfgs",
    init: str | Tensor = "noise",
    steps: int = STEPS,
    levels: int | None = None,
    learning_rate: float | None = None,
    generator: torch.Generator | None = None,
) -> Run:
    """Iterate over pictures on their way from noise to a texture (Gatys, Ecker, Bethge, 2015).

    It is a style transfer without a content: the loss is the style's alone.

    Args:
        texture: the picture whose texture is taken, RGB in [0, 1], shape (1, 3, H, W).
        network: from ``load_network`` or ``random_network``.
        layers: a name, several, or a mapping from name to weight. Names alone share the weight equally.
        statistic: a key of ``STATISTICS``: what of each layer is matched.
        size: height and width of the result, any; None means the texture's.
        tv_weight: how much to smooth, beside a texture loss with a weight of 1.
        optimizer, steps, levels, learning_rate: as for ``stylize``.
        init: "noise", or an image to start from, shape (1, 3, h, w).
        generator: where the noise comes from, and behind it the directions of "sliced"; None means a fixed seed.

    Returns:
        A ``Run``, which yields ``Step`` records: ``.style`` is the loss, ``.total`` is ``style + tv_weight * tv``.

    Raises:
        ShapeError: if a picture has another shape, or the size cannot be one. LayerError: if there is no such layer.
        ChoiceError: for an unknown statistic, optimizer or init, and for numbers out of range.

    Differs from Gatys et al., who sum squared errors: each layer's error is relative to the target (``nstlib.losses``).
    """
    make = STATISTICS[choice("statistic", statistic, STATISTICS)]
    if not isinstance(init, Tensor):
        choice("start of a texture", init, ("noise",))
    canvas = texture.new_zeros(1, 3, *(tuple(texture.shape[2:]) if size is None else _checked_size(size)))
    generator = seeded(generator)
    # The canvas lends its size and no more: at a content weight of 0 its features are not even computed.
    return stylize(
        canvas,
        texture,
        network,
        content_layers=layers,
        style_layers=layers,
        content_weight=0.0,
        style_weight=1.0,
        tv_weight=tv_weight,
        optimizer=optimizer,
        init=init,
        steps=steps,
        levels=levels,
        learning_rate=learning_rate,
        generator=generator,
        terms=[Term(make(generator))],
    )


@door(image="1 3 H W", texture="1 3 _ _")
def texture_distance(
    image: Tensor,
    texture: Tensor,
    network: Features,
    *,
    layers: LayerChoice = TEXTURE_LAYERS,
    statistic: str = "gram",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return how far a picture is from a texture in one statistic: what ``synthesize`` lowers.

    Args:
        image: shape (1, 3, H, W). texture: shape (1, 3, H', W'), any size.
        network, layers, statistic: as for ``synthesize``.
        generator: where the directions of "sliced" come from: others than those of a run ask what it was not told.

    Returns:
        A scalar, differentiable with respect to the image: 0 for the texture itself, 1 for features that are 0 everywhere.
    """
    terms = [Term(STATISTICS[choice("statistic", statistic, STATISTICS)](generator))]
    return Objective(image.detach(), [Style(texture)], network, layers, layers, (0.0, 1.0, 0.0), terms=terms)(image)[2]


@door
def parameter_count(network: Features, layers: Iterable[str] = TEXTURE_LAYERS) -> int:
    """Return how many different numbers the Gram matrices of these layers hold: how large a texture model is.

    A Gram matrix is symmetric, so of its C * C entries C * (C + 1) / 2 differ. The layers of Gatys et al. (2015) hold
    176,640.

    Raises:
        LayerError: if there is no such layer.
    """
    channels = [network.channels(layer) for layer in layers]
    return sum(c * (c + 1) // 2 for c in channels)


# Statistics -------------------------------------------------------------------------------------------------------------


@door(features="B C H W")
def mean_covariance(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return each channel's mean, and how the channels vary together.

    Together they hold what the Gram matrix holds, and keep apart what it adds up: ``G = covariance + mean mean^T``.

    Args:
        features: shape (B, C, H, W).

    Returns:
        Means, shape (B, C), and covariances (over all positions: the biased kind), shape (B, C, C).

    Raises:
        ShapeError: if ``features`` does not have four axes, or has no positions.
    """
    mean = features.mean((2, 3))
    return mean, gram_matrix(features - mean[..., None, None])


@door(features="B C H W")
def bn_statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return each channel's mean and standard deviation: what batch normalization subtracts and divides by.

    Li et al. (2017) found that they are enough to transfer a style. They are the diagonal of the Gram matrix, taken apart:
    ``G_ii = mean_i**2 + deviation_i**2``. What channels do *together* is not in them.

    Args:
        features: shape (B, C, H, W).

    Returns:
        Means and standard deviations (over all positions: the biased kind), each of shape (B, C). A constant channel, like
        those that are off everywhere, has a deviation of 0 and there a gradient of 0.

    Raises:
        ShapeError: if ``features`` does not have four axes, or has no positions.
    """
    mean = features.mean((2, 3))
    variance = (features - mean[..., None, None]).square().mean((2, 3))
    varies = variance > 0
    # The slope of a root is infinite at 0, and infinity times 0 is no number: so no root is taken there.
    return mean, torch.where(varies, variance, torch.ones_like(variance)).sqrt() * varies


@door(channels=">= 1", count=">= 1")
def random_directions(channels: int, count: int, *, generator: torch.Generator | None = None) -> Tensor:
    """Return unit vectors that point everywhere alike, shape (count, channels).

    Args:
        channels: C. count: how many.
        generator: None means a fixed seed.
    """
    generator = seeded(generator)
    drawn = torch.randn(count, channels, generator=generator, device=generator.device)
    return drawn / drawn.norm(dim=1, keepdim=True)


@door(features="B C H W", directions="moved")
def sorted_projections(features: Tensor, directions: Tensor) -> Tensor:
    """Return what is left of the positions' vectors when seen from a few directions, each in ascending order.

    Args:
        features: shape (B, C, H, W).
        directions: shape (K, C), on any device.

    Returns:
        Shape (B, K, H*W). Sorting forgets the positions and nothing else.

    Raises:
        ShapeError: if the shapes do not fit.
    """
    if directions.ndim != 2 or directions.shape[1] != features.shape[1]:
        raise ShapeError(
            f"Features of {features.shape[1]} channels are projected on directions of shape (K, {features.shape[1]}), "
            f"got {tuple(directions.shape)}. random_directions({features.shape[1]}, K) returns such."
        )
    return (directions.to(features) @ features.flatten(2)).sort(dim=2).values


@door(x="_ ...", y="_ ...", power=">= 1")
def sorted_distance(x: Tensor, y: Tensor, power: float = 2.0) -> Tensor:
    """Return the distance of two distributions on a line: how far, at the least, one has to be moved to be the other.

    In one dimension the best plan keeps the order: the smallest goes to the smallest. With other numbers of samples each
    counts for its share of the whole, so one may have to be split; that is exact here, and nothing is interpolated.

    Args:
        x: samples in ascending order, shape (..., M). y: likewise, shape (..., N).
        power: p, at least 1, of ``mean |x - y|**p``: the p-th power of the Wasserstein distance.

    Returns:
        Shape (...).
    """
    m, n = x.shape[-1], y.shape[-1]
    if m == n:
        return (x - y).abs().pow(power).mean(-1)
    # In units of 1 / (M N): sample i of x holds [i N, (i + 1) N), sample j of y holds [j M, (j + 1) M).
    ends = torch.cat([torch.arange(1, m + 1) * n, torch.arange(1, n + 1) * m]).unique().to(x.device)
    widths = ends.diff(prepend=ends.new_zeros(1))
    moved = (x[..., (ends - 1) // n] - y[..., (ends - 1) // m]).abs().pow(power)
    return moved @ widths.to(moved) / (m * n)


@door(x="B C H W", y="_ _ _ _", directions="moved", power=">= 1")
def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor, power: float = 2.0) -> Tensor:
    """Return how far two sets of features are from each other, whatever the shape of their distributions.

    Seen from one direction, a cloud of vectors is a heap of numbers, and heaps are compared by sorting them. The mean over
    all directions is 0 only for equal clouds (Heitz et al., 2021): no moment is left out, as it is by Gram matrices.

    Args:
        x: features, shape (B, C, H, W). y: features, shape (B, C, H', W').
        directions: unit vectors, shape (K, C), from ``random_directions``, on any device.
        power: p of ``mean |x - y|**p``.

    Returns:
        Shape (B,): the mean over directions of ``sorted_distance``.

    Raises:
        ShapeError: if the shapes do not fit.
    """
    if x.shape[:2] != y.shape[:2]:
        raise ShapeError(
            f"sliced_wasserstein compares x and y, features with as many images and channels, got {tuple(x.shape)} and "
            f"{tuple(y.shape)}. Use the same layer of the same network for both."
        )
    return sorted_distance(sorted_projections(x, directions), sorted_projections(y, directions), power).mean(1)


def _moments(generator: torch.Generator | None) -> Quantity:
    def distance(target: Measured) -> Callable[[Measured], Tensor]:
        mean, covariance = map(relative_to, target)  # of different units: relative each to its own
        return lambda found: (mean(found[0]) + covariance(found[1])) / 2

    return Quantity("moments", mean_covariance, distance, of_style=True)


def _bn(generator: torch.Generator | None) -> Quantity:
    return Quantity("bn", lambda features: torch.cat(bn_statistics(features)), of_style=True)


def _sliced(generator: torch.Generator | None) -> Quantity:
    """As many directions as channels (Heitz et al.), but the same in each step: L-BFGS needs a loss that stands still."""
    generator = seeded(generator)
    seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))

    def measure(features: Tensor) -> Tensor:
        channels = features.shape[1]
        drawn = random_directions(channels, channels, generator=torch.Generator().manual_seed(seed + channels))
        return sorted_projections(features, drawn)

    def distance(target: Measured) -> Callable[[Measured], Tensor]:
        scale = scale_of(target)
        return lambda found: sorted_distance(found, target).mean() / scale

    return Quantity(f"sliced, seed {seed}", measure, distance, of_style=True)


# From a generator (for directions) to what a term compares.
STATISTICS: dict[str, Callable[[torch.Generator | None], Quantity]] = {
    "gram": lambda generator: QUANTITIES["style"],
    "moments": _moments,
    "bn": _bn,
    "sliced": _sliced,
}


# Order ------------------------------------------------------------------------------------------------------------------


@door(height=">= 1", width=">= 1")
def brick_wall(
    height: int, width: int, *, brick: tuple[int, int] = (16, 32), generator: torch.Generator | None = None
) -> Tensor:
    """Return a drawn wall, a texture with a period: bricks in rows, every second row moved by half a brick.

    Args:
        height: of the picture in pixels. width: likewise.
        brick: height and width of a brick with its mortar, at least 4 x 8 pixels, even. Shape repeats every two rows and
            every brick; each brick has its own color, and each pixel a little grain.
        generator: of colors and grain; None means a fixed seed.

    Returns:
        RGB in [0, 1], shape (1, 3, H, W).

    Raises:
        ChoiceError: if the bricks are too small or odd.
    """
    tall, wide = brick
    if tall < 4 or wide < 8 or tall % 2 or wide % 2:
        raise ChoiceError(f"A brick needs even sides of at least 4 x 8 pixels, got {tall} x {wide}.")
    generator = seeded(generator)
    row = torch.arange(height)[:, None] // tall  # (H, 1)
    across = torch.arange(width)[None] + row % 2 * (wide // 2)  # (H, W)
    column = across // wide
    down, across = torch.arange(height)[:, None] % tall, across % wide
    mortar = (down < tall // 8 + 1) | (across < tall // 8 + 1)
    light = 1.12 - 0.3 * down / tall  # from above
    tones = torch.rand(int(row.max()) + 1, int(column.max()) + 1, 1, generator=generator)
    red, brown = torch.tensor([0.72, 0.29, 0.2]), torch.tensor([0.45, 0.2, 0.17])
    wall = torch.lerp(red, brown, tones[row, column]) * light[..., None]
    wall = torch.where(mortar[..., None], torch.tensor([0.78, 0.75, 0.69]), wall)
    grain = 0.05 * torch.randn(height, width, 1, generator=generator)
    return (wall + grain).clamp(0, 1).permute(2, 0, 1)[None].contiguous()


@door(image="values 1 3 H W")
def self_correlation(image: Tensor, down: int, right: int) -> Tensor:
    """Return how much a picture resembles itself at a distance: the correlation of each pixel with the one over there.

    Args:
        image: shape (1, 3, H, W).
        down: distance in pixels, 0 to H - 2. right: likewise, 0 to W - 2.

    Returns:
        A scalar in [-1, 1], of the mean of the three colors; 1 at no distance, and 0 where nothing repeats.

    Raises:
        ShapeError: if the picture is no larger than the distance.
    """
    height, width = image.shape[2:]
    if not (0 <= down < height - 1 and 0 <= right < width - 1):
        raise ShapeError(
            f"A picture of {height} x {width} pixels has no pairs at a distance of {down} down, {right} right."
        )
    gray = image.mean(1)
    here, there = gray[:, : height - down, : width - right], gray[:, down:, right:]
    return torch.corrcoef(torch.stack([here.flatten(), there.flatten()]))[0, 1]


def _checked_size(size: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2 or not all(isinstance(n, int) and n > 0 for n in size):
        raise ShapeError(f"size is the result's height and width in pixels, (256, 384), got {size!r}.")
    return size[0], size[1]
