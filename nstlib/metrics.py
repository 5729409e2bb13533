"""How good is a result? Measures that no loss has lowered, and statistics for comparing methods (chapter on evaluation).

A measure is only worth something if nobody optimized it: structural similarity and edges for the content, Gram matrices in
layers that no loss looks at for the style, colors for the palette. And methods are compared at the *same* style, pair by
pair: the style image explains most of what differs between results (Yeh et al., 2020, arXiv 1910.09447).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nstlib.colors import luminance
from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features
from nstlib.filters import sobel_edges
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix
from nstlib.losses import relative_error
from nstlib.textures import random_directions, sliced_wasserstein

WINDOW = 1.5  # standard deviation of SSIM's Gaussian window, in pixels: 11 x 11 of them count
LARGEST_SLOPE = 0.5  # of ``sobel_edges`` between black and white
HELD_OUT = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")  # none of them is a default of ``stylize``
DIRECTIONS = 64


class Measure(NamedTuple):
    """A column of results.

    Attributes:
        meaning: what it is. better: +1 if more is better, -1 if less is, 0 if it depends.
        label: what it is called where there is little room. note: what it is, for those who see it for the first time.
    """

    meaning: str
    better: int
    label: str = ""
    note: str = ""


MEASURES = {
    "ssim": Measure("SSIM to the content", 1, "SSIM", "structural similarity to the content, 1 if equal"),
    "edge_ssim": Measure(
        "SSIM of edges to the content's", 1, "SSIM of edges", "the same of how steep the luminance is"
    ),
    "structure": Measure("distance of structure from the content", -1),
    "content_loss": Measure("classic content loss", -1),
    "gram": Measure(
        "held-out Gram distance from the style", -1, "Gram distance", "to the style, in layers that no loss looks at"
    ),
    "gram_gray": Measure(
        "held-out Gram distance in luminance",
        -1,
        "Gram distance, gray",
        "the same in luminance alone: color cannot make up for strokes",
    ),
    "gram_random": Measure("held-out Gram distance in an untrained network", -1),
    "style_loss": Measure("classic style loss", -1),
    "color_to_style": Measure(
        "distance of colors from the style's", -1, "color to style", "how far colors are from the style's"
    ),
    "color_to_content": Measure(
        "distance of colors from the content's", 0, "color to content", "how far colors are from the content's"
    ),
    "chroma_noise": Measure("chroma noise", -1, "chroma noise", "how much color changes from pixel to pixel"),
    "layout_leak": Measure("layout of the style picture, above that of the study's other styles", -1),
    "palette_leak": Measure("share of the content's palette", 0),
    "conflict": Measure("cosine of the two goals' gradients, on the way of classic", 1),
    "conflict_dual": Measure("the same on the way of dual", 1),
    "ended_at": Measure("steps until it ended", 0),
    "seconds": Measure("processor time in seconds", -1),
}


@door(value_range="> 0")
def ssim(image: Tensor, reference: Tensor, *, value_range: float = 1.0) -> Tensor:
    """Return the structural similarity of two images: 1 if they are equal, about 0 if they have nothing in common.

    In a Gaussian window around each pixel it compares means, deviations and the correlation (Wang, Bovik, Sheikh and
    Simoncelli, 2004). The mean over windows leaves out those that reach beyond the border.

    Args:
        image: shape (B, C, H, W), at least 11 x 11; each channel is compared by itself.
        reference: the same shape.
        value_range: from the darkest possible value to the lightest, the paper's L.

    Returns:
        Shape (B,), at most 1.

    Raises:
        ShapeError: if the shapes differ, or the images are smaller than a window.

    Agrees with scikit-image's ``structural_similarity`` with Gaussian weights and without sample covariance.
    """
    if image.ndim != 4 or image.shape != reference.shape or min(image.shape[2:]) < 11:
        raise ShapeError(
            f"ssim compares image and reference, two images of one shape (B, C, H, W), at least 11 x 11 pixels, got "
            f"{tuple(image.shape)} and {tuple(reference.shape)}. nstlib.images.resize makes them equal."
        )
    x, y = image, reference
    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    mean_x, mean_y, xx, yy, xy = (low_pass(each, WINDOW) for each in (x, y, x * x, y * y, x * y))
    luminances = (2 * mean_x * mean_y + c1) / (mean_x.square() + mean_y.square() + c1)
    structures = (2 * (xy - mean_x * mean_y) + c2) / (xx - mean_x.square() + yy - mean_y.square() + c2)
    return (luminances * structures)[:, :, 5:-5, 5:-5].mean((1, 2, 3))


@door(image="B 3 H W", reference="_ 3 _ _")
def edge_ssim(image: Tensor, reference: Tensor) -> Tensor:
    """Return the structural similarity of how steep two images are, whatever their tones: of Sobel's edges in luminance.

    Args:
        image: RGB, shape (B, 3, H, W). reference: the same shape.

    Returns:
        Shape (B,).

    Raises:
        ShapeError: as ``ssim``.
    """
    edges = (sobel_edges(luminance(each)) for each in (image, reference))
    return ssim(*edges, value_range=LARGEST_SLOPE)


@door(image="values 1 3 H W", style="1 3 _ _")
def held_out_distance(
    image: Tensor, style: Tensor, network: Features, *, layers: Iterable[str] = HELD_OUT, gray: bool = False
) -> float:
    """Return how far an image is from a style in layers that its loss did not look at: mean relative Gram distance.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W). style: shape (1, 3, H', W'), any size.
        network: another network than the one that the image was made with is held out even more.
        layers: those to compare.
        gray: look at luminance alone, so that color cannot make up for missing strokes.

    Returns:
        0 for the style itself, 1 for an image without activations.
    """
    names = tuple(layers)
    if gray:
        image, style = (luminance(each).expand(-1, 3, -1, -1) for each in (image, style))
    with torch.no_grad():
        found, wanted = network.fast(image, names), network.fast(style, names)
    distances = [relative_error(gram_matrix(found[name]), gram_matrix(wanted[name])) for name in names]
    return float(torch.stack(distances).mean())


@door(image="values 1 3 H W", other="1 3 _ _")
def color_distance(image: Tensor, other: Tensor, *, generator: torch.Generator | None = None) -> float:
    """Return how far the colors of one image have to be moved to be those of another, wherever they are.

    The root of the sliced Wasserstein distance of pixels in RGB: typical distance along one direction, in units of the
    range from 0 to 1.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W). other: shape (1, 3, H', W'), any size.
        generator: of the directions; None means a fixed seed.
    """
    directions = random_directions(3, DIRECTIONS, generator=generator)
    return float(sliced_wasserstein(image, other, directions).sqrt())


@door(image="values B 3 H W", sigma="> 0")
def chroma_noise(image: Tensor, sigma: float = 1.0) -> float:
    """Return how much color changes from pixel to pixel: the root mean square of what is finer than a blur, chroma alone.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W).
        sigma: of the blur, in pixels.
    """
    chroma = image - luminance(image)
    return float((chroma - low_pass(chroma, sigma)).square().mean().sqrt())


@door(image="values 1 3 H W", content="1 3 H W", style="1 3 _ _")
def pair_measures(image: Tensor, content: Tensor, style: Tensor, network: Features) -> dict[str, float]:
    """Return what a picture is measured by that was made of one content and one style, by name.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W). content: the same shape. style: shape (1, 3, H', W'), any size.
        network: for the held-out distances.
    """
    return {
        "ssim": float(ssim(image, content)),
        "edge_ssim": float(edge_ssim(image, content)),
        "gram": held_out_distance(image, style, network),
        "gram_gray": held_out_distance(image, style, network, gray=True),
        "color_to_content": color_distance(image, content),
        "color_to_style": color_distance(image, style),
        "chroma_noise": chroma_noise(image),
    }


@door(image="values 1 3 H W", style="1 3 H W", others="1 3 H W")
def layout_leak(image: Tensor, style: Tensor, others: Sequence[Tensor]) -> float:
    """Return how much of the style picture's *places* is in an image: its edges' similarity to the style's, above chance.

    Args:
        image: RGB, shape (1, 3, H, W). style: the same shape. others: other styles, the same shape: what chance gives.

    Raises:
        ChoiceError: if there are no others.
    """
    if not others:
        raise ChoiceError("layout_leak needs other styles as others, to say what similarity is usual; got none.")
    usual = sum(float(edge_ssim(image, other)) for other in others) / len(others)
    return float(edge_ssim(image, style)) - usual


@door(image="values 1 3 H W", content="1 3 _ _", style="1 3 _ _")
def palette_leak(image: Tensor, content: Tensor, style: Tensor) -> float:
    """Return how much of the content's colors is left: 1 if the colors are the content's, 0 if they are the style's.

    Args:
        image, content, style: RGB in [0, 1], shape (1, 3, ., .), any sizes.
    """
    to_content, to_style = color_distance(image, content), color_distance(image, style)
    together = to_content + to_style
    return to_style / together if together > 0 else 0.5


@door
def regret(joint: float, alone: float) -> float:
    """Return what one goal has paid for the other: the log of its loss in both's run over its loss when optimized alone.

    Args:
        joint: a loss in the end of a run that lowers two. alone: the same loss in the end of a run that lowers only it.

    Raises:
        ChoiceError: if a loss is not above 0.
    """
    if not (joint > 0 and alone > 0):
        raise ChoiceError(f"regret compares two losses above 0, got {joint!r} as joint and {alone!r} as alone.")
    return float(np.log(joint / alone))


# Trade-offs -------------------------------------------------------------------------------------------------------------


@door
def pareto_front(points: np.ndarray) -> np.ndarray:
    """Return which points no other one dominates: none is at least as low in every coordinate and lower in one.

    Args:
        points: shape (N, D); less is better in each coordinate.

    Returns:
        Booleans, shape (N,). Of equal points all count.
    """
    points = _points(points)
    at_most = (points[:, None] <= points[None]).all(2)  # (N, N): i is at least as good as j
    below = (points[:, None] < points[None]).any(2)
    return ~(at_most & below).any(0)


@door
def hypervolume(points: np.ndarray, reference: Sequence[float]) -> float:
    """Return the area that points dominate, up to a reference: one number for a whole curve of trade-offs.

    Args:
        points: shape (N, 2); less is better in both.
        reference: the upper right corner, (x, y); points beyond it add nothing.
    """
    points = _points(points)
    if points.shape[1] != 2:
        raise ShapeError(f"hypervolume needs points in two coordinates, shape (N, 2), got {points.shape}.")
    right, top = (float(value) for value in reference)
    inside = points[(points[:, 0] < right) & (points[:, 1] < top)]
    area, lowest = 0.0, top
    for x, y in inside[np.lexsort((inside[:, 1], inside[:, 0]))]:  # from left to right
        if y < lowest:
            area += (right - x) * (lowest - y)
            lowest = y
    return area


@door
def content_at_style(styles: Sequence[float], contents: Sequence[float], at: float) -> float:
    """Return a method's content at a given style, between the points of its curve: NaN where the curve does not reach.

    Args:
        styles: held-out distances from the style, above 0, one for each weight. contents: the content measure of each.
        at: the style distance asked for. The curve is straight between its points over the logarithm of the distance.
    """
    x, y = np.asarray(styles, dtype=float), np.asarray(contents, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or not len(x) or x.min() <= 0 or at <= 0:
        raise ShapeError(f"A curve needs as many contents as style distances, all of these above 0; got {x} and {y}.")
    order = np.argsort(x, kind="stable")
    if not x[order[0]] <= at <= x[order[-1]]:
        return float("nan")
    return float(np.interp(np.log(at), np.log(x[order]), y[order]))


@door(levels=">= 1")
def matched_style_difference(
    styles: Sequence[float],
    contents: Sequence[float],
    base_styles: Sequence[float],
    base_contents: Sequence[float],
    *,
    levels: int = 9,
) -> float:
    """Return how much content a method has over a baseline at the same style, on average where both curves reach.

    Args:
        styles, contents: the method's curve, as for ``content_at_style``. base_styles, base_contents: the baseline's.
        levels: at how many style distances the two are compared: from the larger of the two least distances to the smaller
            of the two largest, evenly over the logarithm.

    Returns:
        The mean difference of the content measure, method minus baseline; NaN if the curves have no distance in common.

    Raises:
        ShapeError: as ``content_at_style``. ChoiceError: if levels is not a whole number, at least 1.
    """
    for curve in ((styles, contents), (base_styles, base_contents)):
        content_at_style(*curve, at=1.0)  # refuses what is no curve
    low = max(np.min(styles), np.min(base_styles))
    high = min(np.max(styles), np.max(base_styles))
    if low > high:
        return float("nan")
    # Rounding must not carry the outermost levels beyond a curve's end.
    at = np.clip(np.geomspace(low, high, levels), low, high)
    differences = [content_at_style(styles, contents, x) - content_at_style(base_styles, base_contents, x) for x in at]
    return float(np.mean(differences))


class Interval(NamedTuple):
    """A mean and where it may lie."""

    mean: float
    low: float
    high: float


@door(rounds=">= 1", seed=">= 0")
def bootstrap_interval(differences: np.ndarray, *, level: float = 0.95, rounds: int = 2000, seed: int = 0) -> Interval:
    """Return the mean of differences between two methods, and an interval for it, from pictures drawn again and again.

    What would have come out with other styles and other contents? Draw as many styles, with replacement, then as many
    contents, and take the mean; do it ``rounds`` times. Results of one style are not independent of each other, so drawing
    single results would make the interval too narrow.

    Args:
        differences: shape (styles, contents); NaN where a pair could not be compared.
        level: share of the rounds that lie in the interval.
        rounds: how many. seed: of the draws.

    Raises:
        ShapeError: if there is nothing to compare. ChoiceError: if level is not between 0 and 1.
    """
    table = np.asarray(differences, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).any():
        raise ShapeError(f"bootstrap_interval needs differences of shape (styles, contents), got {table.shape}.")
    if not 0 < level < 1:
        raise ChoiceError(f"level is a share between 0 and 1, got {level!r}.")
    rng = np.random.default_rng(seed)
    styles, contents = table.shape
    means = []
    for _ in range(rounds):
        drawn = table[np.ix_(rng.integers(styles, size=styles), rng.integers(contents, size=contents))]
        if np.isfinite(drawn).any():
            means.append(np.nanmean(drawn))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.nanmean(table)), float(low), float(high))


def _points(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise ShapeError(f"points need shape (N, D), finite numbers, got {points.shape}.")
    return points
