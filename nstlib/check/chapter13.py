"""Exercises of chapter 13, measuring whether it helps, with the mistakes that people make in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import metrics
from nstlib.check.compare import freeze
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, scattered, uniform
from nstlib.colors import luminance
from nstlib.features import Features, random_network
from nstlib.filters import gaussian_kernel, sobel_edges
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix

CHAPTER = "13_evaluation"
Blur = Callable[[Tensor], Tensor]
Maps = dict[str, Tensor]
Pair = tuple[float, float]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# ssim -------------------------------------------------------------------------------------------------------------------

_CONSTANTS = (1e-4, 9e-4)  # of SSIM, for images in [0, 1]


def _window(image: Tensor) -> Tensor:
    return low_pass(image, metrics.WINDOW)


def _window_with_zeros(image: Tensor) -> Tensor:
    bell, channels = gaussian_kernel(metrics.WINDOW, dtype=image.dtype), image.shape[1]
    kernel = torch.outer(bell, bell).expand(channels, 1, -1, -1)
    return F.conv2d(image, kernel, padding=len(bell) // 2, groups=channels)


def _square_window(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, 7, 1)


def _moments(x: Tensor, y: Tensor, blur: Blur = _window) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return both means, both variances and the covariance, all in windows."""
    mean_x, mean_y = blur(x), blur(y)
    variances = blur(x * x) - mean_x.square(), blur(y * y) - mean_y.square()
    return mean_x, mean_y, *variances, blur(x * y) - mean_x * mean_y


def _factors(
    x: Tensor,
    y: Tensor,
    *,
    blur: Blur = _window,
    constants: tuple[float, float] = _CONSTANTS,
    correction: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Return SSIM's two factors at each position: that of the means, and that of what is left."""
    mean_x, mean_y, var_x, var_y, covariance = _moments(x, y, blur)
    first, second = constants
    means = (2 * mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return means, (2 * correction * covariance + second) / (correction * (var_x + var_y) + second)


def _inside(values: Tensor) -> Tensor:
    return values[:, :, 5:-5, 5:-5]


def _average(values: Tensor) -> Tensor:
    return values.mean((1, 2, 3))


def _related(seed: int, shape: tuple[int, ...], dtype: torch.dtype, kind: str = "") -> tuple[Tensor, Tensor]:
    """Return two pictures that are alike in part."""
    x, other = (low_pass(uniform(seed + k, *shape, dtype=dtype), 0.8) for k in (0, 50))
    y = (0.15 + 0.6 * x + 0.25 * other).clamp(0, 1)
    if kind == "almost gray":
        x, y = 0.4 + 0.12 * (x - 0.5), 0.5 + 0.12 * (other - 0.5)
    if kind == "another left half":
        half = shape[3] // 2
        x = torch.cat([0.15 * x[..., :half], x[..., half:]], 3)
        y = torch.cat([0.7 + 0.2 * other[..., :half], y[..., half:]], 3)
    return x, y


def _pictures_case(seed: int, shape: tuple[int, ...], kind: str = "", *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, y = _related(seed, shape, dtype, kind)
        return (scattered(x), scattered(y)) if loose else (x, y)

    return Case(f"images {shape}{kind and ', '}{kind}{_loose(loose)}", make)


def _two() -> tuple[Tensor, Tensor]:
    return _related(21, (2, 3, 15, 17), torch.float32)


def _alike(function: Function, x: Tensor, y: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y))


def _alike_itself(function: Function) -> bool:
    x, y = _two()
    return close(function(x, x.clone()), torch.ones(2)) and bool((_alike(function, x, y) < 0.99).all())


def _alike_both_ways(function: Function) -> bool:
    x, y = _two()
    return close(function(x, y), function(y, x))


def _alike_mirrored(function: Function) -> bool:
    x, y = _two()
    return close(function(x.flip(3), y.flip(3)), function(x, y)) and not close(function(x.flip(3), y), function(x, y))


def _alike_alone(function: Function) -> bool:
    x, y = _two()
    y = torch.cat([y[:1], x[1:]])
    return close(_alike(function, x, y)[:1], function(x[:1].clone(), y[:1].clone()))


def _ssim_grays(function: Function) -> bool:
    x, y = (torch.full((1, 2, 13, 12), gray) for gray in (0.3, 0.6))
    return close(function(x, y), torch.tensor([(2 * 0.3 * 0.6 + 1e-4) / (0.3**2 + 0.6**2 + 1e-4)]))


def _ssim_negative(function: Function) -> bool:
    """A picture and its negative around mid-gray are anticorrelated in every window."""
    x, _ = _two()
    return bool((_alike(function, x, 1 - x) < -0.2).all())


def ssim_without_constants(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(0.0, 0.0))
    return _average(_inside(means * rest))


def ssim_constants_not_squared(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(0.01, 0.03))
    return _average(_inside(means * rest))


def ssim_constants_swapped(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=_CONSTANTS[::-1])
    return _average(_inside(means * rest))


def ssim_constants_of_bytes(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(2.55**2, 7.65**2))
    return _average(_inside(means * rest))


def _unshifted(x: Tensor, y: Tensor, *, covariance_too: bool) -> Tensor:
    mean_x, mean_y, var_x, var_y, covariance = _moments(x, y)
    first, second = _CONSTANTS
    energy = var_x + mean_x.square() + var_y + mean_y.square()
    product = covariance + mean_x * mean_y if covariance_too else covariance
    means = (2 * mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return _average(_inside(means * (2 * product + second) / (energy + second)))


def ssim_unshifted(image: Tensor, reference: Tensor) -> Tensor:
    return _unshifted(image, reference, covariance_too=True)


def ssim_variance_unshifted(image: Tensor, reference: Tensor) -> Tensor:
    return _unshifted(image, reference, covariance_too=False)


def ssim_of_means_only(image: Tensor, reference: Tensor) -> Tensor:
    return _average(_inside(_factors(image, reference)[0]))


def ssim_without_means(image: Tensor, reference: Tensor) -> Tensor:
    return _average(_inside(_factors(image, reference)[1]))


def ssim_without_windows(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=lambda x: x.mean((2, 3), keepdim=True))
    return _average(means * rest)


def ssim_of_everything(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=lambda x: x.mean((1, 2, 3), keepdim=True))
    return _average(means * rest)


def ssim_of_contrast(image: Tensor, reference: Tensor) -> Tensor:
    _, _, var_x, var_y, _ = _moments(image, reference)
    second = _CONSTANTS[1]
    deviations = (var_x.clamp(min=0) * var_y.clamp(min=0)).sqrt()
    means, _ = _factors(image, reference)
    return _average(_inside(means * (2 * deviations + second) / (var_x + var_y + second)))


def ssim_without_the_two(image: Tensor, reference: Tensor) -> Tensor:
    mean_x, mean_y, var_x, var_y, covariance = _moments(image, reference)
    first, second = _CONSTANTS
    means = (mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return _average(_inside(means * (covariance + second) / (var_x + var_y + second)))


def ssim_covariance_once(image: Tensor, reference: Tensor) -> Tensor:
    _, _, var_x, var_y, covariance = _moments(image, reference)
    means, second = _factors(image, reference)[0], _CONSTANTS[1]
    return _average(_inside(means * (covariance + second) / (var_x + var_y + second)))


def ssim_factors_averaged_first(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = (_average(_inside(factor)) for factor in _factors(image, reference))
    return means * rest


def ssim_factors_added(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = (_average(_inside(factor)) for factor in _factors(image, reference))
    return (means + rest) / 2


def ssim_of_mean_channel(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image.mean(1, keepdim=True), reference.mean(1, keepdim=True))


def ssim_of_batch(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image, reference).mean()


def ssim_by_channel(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _inside(means * rest).mean((2, 3))


def ssim_as_a_map(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _inside(means * rest)


def ssim_as_a_whole_map(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return means * rest


def ssim_turned_around(image: Tensor, reference: Tensor) -> Tensor:
    return 1 - metrics.ssim(image, reference)


def ssim_turned_around_halved(image: Tensor, reference: Tensor) -> Tensor:
    return (1 - metrics.ssim(image, reference)) / 2


def ssim_all_positions(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average(means * rest)


def ssim_zeros_beyond(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=_window_with_zeros)
    return _average(means * rest)


def ssim_sample_covariance(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, correction=121 / 120)
    return _average(_inside(means * rest))


def ssim_square_window(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=_square_window, correction=49 / 48)
    return _average(means * rest)


_PICTURES = (
    _pictures_case(1, (1, 3, 16, 19)),
    _pictures_case(2, (2, 2, 18, 14)),
    _pictures_case(3, (2, 4, 13, 17), loose=True),
    _pictures_case(4, (2, 3, 20, 16), "almost gray"),
    _pictures_case(5, (3, 1, 15, 12)),
    _pictures_case(6, (1, 2, 14, 26), "another left half"),
)

SSIM = Exercise(
    name="ssim",
    chapter=CHAPTER,
    title="Structural similarity",
    difficulty=2,
    minutes=15,
    signature="ssim(image, reference)",
    hints=(
        "Look at both pictures through the same small window. Are they as light there? Do they go up and down together?"
        " Two fractions answer that; each is 1 if the two are equal. Then move the window on.",
        "`low_pass(x, 1.5)` is the mean of `x` in a window around every pixel at once. The variance of `x` is the mean "
        "of its squares minus the square of its mean; the covariance is the mean of `x * y` minus the product of the "
        "means.",
        "`vx = low_pass(x * x, 1.5) - mx**2`, `cov = low_pass(x * y, 1.5) - mx * my`, then `(2 * mx * my + c1) / (mx**2"
        " + my**2 + c1)` times `(2 * cov + c2) / (vx + vy + c2)`, then `[:, :, 5:-5, 5:-5].mean((1, 2, 3))`.",
    ),
    reference=metrics.ssim,
    cases=_PICTURES,
    laws=(
        Law("an image is at similarity 1 with itself, and below it with another", _alike_itself),
        Law("similarity has no direction", _alike_both_ways),
        Law("mirroring both images changes nothing, mirroring one does", _alike_mirrored),
        Law("an image does not depend on its neighbors in the batch", _alike_alone),
        Law("two flat grays are compared by their means alone", _ssim_grays),
        Law("an image and its negative are less alike than by chance", _ssim_negative),
    ),
    mistakes=(
        Mistake(
            "constants_missing",
            ssim_without_constants,
            "The constants c1 and c2 are missing. Without them what is almost flat is compared by its noise, and what "
            "is black by 0 / 0.",
        ),
        Mistake(
            "constants_not_squared",
            ssim_constants_not_squared,
            "The constants are 0.01 and 0.03 themselves. They stand beside squares, so they are squared too.",
            (ssim_constants_swapped,),
        ),
        Mistake(
            "constants_of_bytes",
            ssim_constants_of_bytes,
            "These are the constants for pixels from 0 to 255. Beside numbers from 0 to 1 they drown everything: all "
            "images are alike. Which range do yours have?",
        ),
        Mistake(
            "mean_not_taken_out",
            ssim_unshifted,
            "A mean of squares is not yet a variance, nor a mean of products a covariance: what has to be subtracted? "
            "As it is, two light pictures are alike because they are light.",
            (ssim_variance_unshifted,),
        ),
        Mistake(
            "means_only",
            ssim_of_means_only,
            "This compares the means in each window and nothing else. Where are the variances and the covariance?",
        ),
        Mistake(
            "means_missing",
            ssim_without_means,
            "The first factor is missing, the one that compares the means: a darker copy would count as equal.",
        ),
        Mistake(
            "no_windows",
            ssim_without_windows,
            "Mean and variance are taken over the whole image, once. Two pictures can have that in common and be "
            "different everywhere: what makes a mean local?",
            (ssim_of_everything,),
        ),
        Mistake(
            "contrast_without_structure",
            ssim_of_contrast,
            "The product of the deviations stands where the covariance should: it asks whether both vary as much, not "
            "whether they vary together.",
        ),
        Mistake(
            "factor_two_missing",
            ssim_covariance_once,
            "A factor 2 is missing above the line. What is the fraction for two equal images?",
            (ssim_without_the_two,),
        ),
        Mistake(
            "averaged_before_multiplying",
            ssim_factors_averaged_first,
            "The two factors are averaged over the image before they meet. Each window has a similarity of its own: "
            "multiply first.",
            (ssim_factors_added,),
        ),
        Mistake(
            "channels_joined",
            ssim_of_mean_channel,
            "The channels are averaged into one gray picture first. Each channel is compared by itself; the average "
            "comes last.",
        ),
        Mistake(
            "batch_folded_in",
            ssim_of_batch,
            "The images of the batch are averaged. One number for each is asked for: shape (B,).",
        ),
        Mistake(
            "not_averaged",
            ssim_as_a_map,
            "One number for each image is asked for, shape (B,): average over channels and positions.",
            (ssim_by_channel, ssim_as_a_whole_map),
        ),
        Mistake(
            "dissimilarity",
            ssim_turned_around,
            "This is how *different* they are: 0 for equal images. Similarity is 1 there.",
            (ssim_turned_around_halved,),
        ),
    ),
    conventions=(
        Convention(
            "sample_covariance",
            ssim_sample_covariance,
            "Your variances divide by 120 where the window has 121 pixels, as a sample's do. Both are in use; your "
            "numbers below will differ a little from the book's.",
        ),
        Convention(
            "all_positions",
            ssim_all_positions,
            "You average over all positions, also where the window reaches beyond the border. Some libraries do; your "
            "numbers below will differ a little from the book's, which leaves those out.",
        ),
        Convention(
            "zeros_beyond_the_border",
            ssim_zeros_beyond,
            "You average over all positions, with zeros beyond the border. Some libraries do; your numbers below will "
            "differ from the book's, as the same black frame around both images makes them more alike.",
        ),
        Convention(
            "square_window",
            ssim_square_window,
            "This is scikit-image's default: a square window, 7 x 7, in place of the paper's Gaussian. Both are in use;"
            " your numbers below will differ from the book's.",
        ),
    ),
    verified="means, variances and covariance in windows, for each image by itself",
)


# edge_ssim --------------------------------------------------------------------------------------------------------------


def _edges(image: Tensor) -> Tensor:
    """Return the edges of luminance, at most about 1."""
    return sobel_edges(luminance(image)) / metrics.LARGEST_SLOPE


def _of_edges(measure: Function, edges: Callable[[Tensor], Tensor] = _edges) -> Function:
    """Return a measure of images as one of what ``edges`` makes of them."""

    def measured(image: Tensor, reference: Tensor) -> Tensor:
        return measure(edges(image), edges(reference))

    return measured


def _edges_lighter(function: Function) -> bool:
    x, y = _two()
    return close(function(0.5 + x / 2, 0.4 + y / 2), function(x / 2, y / 2)) and not close(
        function(x / 20, y / 20), function(x, y), 0.01
    )


def _edges_negative(function: Function) -> bool:
    x, y = _two()
    return close(function(x, 1 - x), torch.ones(2)) and close(function(x, 1 - y), function(x, y))


def _edges_gray(function: Function) -> bool:
    x, y = _two()
    gray = luminance(x).expand(-1, 3, -1, -1)
    return close(function(x, gray.contiguous()), torch.ones(2)) and close(function(gray, y), function(x, y))


def edges_not_scaled(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(sobel_edges(luminance(image)), sobel_edges(luminance(reference)))


def edges_halved(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(sobel_edges(luminance(image)) / 2, sobel_edges(luminance(reference)) / 2)


def edges_of_colors(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(2 * sobel_edges(image), 2 * sobel_edges(reference))


def edges_of_the_mean(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * sobel_edges(each.mean(1, keepdim=True)) for each in (image, reference)))


def edges_weighed_after(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * luminance(sobel_edges(each)) for each in (image, reference)))


def edges_forgotten(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(luminance(image), luminance(reference))


def edges_forgotten_in_color(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image, reference)


def edges_of_one(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(_edges(image), luminance(reference))


def edges_of_the_other(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(luminance(image), _edges(reference))


def edges_by_the_largest(image: Tensor, reference: Tensor) -> Tensor:
    edges = (sobel_edges(luminance(each)) for each in (image, reference))
    return metrics.ssim(*(each / each.amax((1, 2, 3), keepdim=True) for each in edges))


def edges_by_the_largest_of_all(image: Tensor, reference: Tensor) -> Tensor:
    edges = (sobel_edges(luminance(each)) for each in (image, reference))
    return metrics.ssim(*(each / each.max() for each in edges))


def edges_squared(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(_edges(image).square(), _edges(reference).square())


def edges_turned_around(image: Tensor, reference: Tensor) -> Tensor:
    return 1 - metrics.edge_ssim(image, reference)


def edges_of_the_batch(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.edge_ssim(image, reference).mean()


EDGE_SSIM = Exercise(
    name="edge_ssim",
    chapter=CHAPTER,
    title="Similar edges, whatever the tones",
    difficulty=1,
    minutes=6,
    signature="edge_ssim(image, reference)",
    hints=(
        "A style may change every color and leave the scene where it was. Compare what does not ask for tones: how "
        "steep the picture is at each pixel.",
        "From RGB to luminance, from luminance to edges, from edges to similarity. `ssim` expects numbers from 0 to 1; "
        "how large can the edges of `sobel_edges` be?",
        "`edges = [2 * sobel_edges(luminance(x)) for x in (image, reference)]`, then `ssim(*edges)`.",
    ),
    reference=metrics.edge_ssim,
    cases=(
        _pictures_case(1, (1, 3, 16, 19)),
        _pictures_case(2, (2, 3, 18, 14)),
        _pictures_case(3, (2, 3, 13, 17), loose=True),
        _pictures_case(4, (2, 3, 20, 16), "almost gray"),
    ),
    laws=(
        Law("an image is at similarity 1 with itself, and below it with another", _alike_itself),
        Law("similarity has no direction", _alike_both_ways),
        Law("an image does not depend on its neighbors in the batch", _alike_alone),
        Law("lighter pictures have the same edges; fainter ones do not", _edges_lighter),
        Law("a negative has the same edges", _edges_negative),
        Law("a gray copy of the same luminance has the same edges", _edges_gray),
    ),
    mistakes=(
        Mistake(
            "edges_not_scaled",
            edges_not_scaled,
            "The edges go from 0 to about 0.5, and `ssim` takes them as if they went to 1: its constants are too large "
            "beside them. What brings black beside white to 1?",
            (edges_halved,),
        ),
        Mistake(
            "edges_of_colors",
            edges_of_colors,
            "Red, green and blue have edges of their own here. Luminance comes first: one gray picture, then its edges.",
            (edges_weighed_after,),
        ),
        Mistake(
            "mean_for_luminance",
            edges_of_the_mean,
            "This is the mean of red, green and blue. To the eye green is lighter than blue: which function weighs "
            "them?",
        ),
        Mistake(
            "edges_forgotten",
            edges_forgotten,
            "These are the pictures themselves, tones and all. Where are their edges?",
            (edges_forgotten_in_color,),
        ),
        Mistake(
            "edges_of_one_only",
            edges_of_one,
            "The edges of one picture are compared with the other picture itself. Compare like with like.",
            (edges_of_the_other,),
        ),
        Mistake(
            "scaled_by_its_own_largest",
            edges_by_the_largest,
            "Each picture's edges are divided by its own largest, so a faint picture and a strong one become equal. "
            "Scale both by the same number, whatever they show.",
            (edges_by_the_largest_of_all,),
        ),
        Mistake(
            "squared",
            edges_squared,
            "The edges are squared: strong ones then count for almost everything. `sobel_edges` has taken the root "
            "already.",
        ),
        Mistake(
            "dissimilarity",
            edges_turned_around,
            "This is how *different* they are: 0 for equal images. Similarity is 1 there.",
        ),
        Mistake(
            "batch_folded_in",
            edges_of_the_batch,
            "The images of the batch are averaged. One number for each is asked for: shape (B,).",
        ),
    ),
    conventions=tuple(
        Convention(known.id, _of_edges(known.function), known.message)  # whoever took one for ``ssim`` has it here too
        for known in SSIM.conventions
    ),
    verified="edges of luminance, brought to the range of 0 to 1 and compared in windows",
)


# gram_distance_heldout --------------------------------------------------------------------------------------------------


def gram_distance_heldout(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    """Return how far an image is from a style in layers that no loss looked at: mean relative Gram distance."""
    return metrics.held_out_distance(image, style, network, layers=layers)


class _Pointwise:
    """A network whose layers see one pixel at a time, called like a real one."""

    def __init__(self, strength: float = 1.0):
        self.strength = strength

    def __call__(self, image: Tensor, layers: str | Iterable[str]) -> Maps:
        maps = {"first": image * self.strength, "second": image.square().flip(1) * self.strength + image[:, :1]}
        return {layer: maps[layer] for layer in ([layers] if isinstance(layers, str) else layers)}

    fast = __call__


@cache
def _tiny() -> Features:
    return random_network("tiny")


def _heldout_case(
    seed: int, size: tuple[int, int], style_size: tuple[int, int], layers: Sequence[str], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, Features, list[str]]:
        colors = torch.tensor([0.9, 0.6, 0.3]).to(dtype).view(3, 1, 1)
        image = uniform(seed, 1, 3, *size, dtype=dtype)
        style = low_pass(uniform(seed + 30, 1, 3, *style_size, dtype=dtype), 0.7) * colors
        return (scattered(image) if loose else image), style, _tiny(), list(layers)

    return Case(f"image (1, 3, {size[0]}, {size[1]}){_loose(loose)}, {', '.join(layers)}", make)


def _heldout(function: Function, image: Tensor, style: Tensor, *layers: str, strength: float = 1.0) -> float:
    return float(function(image, style, _Pointwise(strength), list(layers or ("first", "second"))))


def _image_and_style() -> tuple[Tensor, Tensor]:
    return uniform(3, 1, 3, 8, 9), uniform(4, 1, 3, 7, 10) * torch.tensor([0.9, 0.5, 0.3]).view(3, 1, 1)


def _heldout_itself(function: Function) -> bool:
    image, style = _image_and_style()
    return _heldout(function, style.clone(), style) < 1e-6 and _heldout(function, image, style) > 0.1


def _heldout_nothing(function: Function) -> bool:
    image, style = _image_and_style()
    return close(_heldout(function, torch.zeros_like(image), style), 1.0)


def _heldout_layers(function: Function) -> bool:
    image, style = _image_and_style()
    first, second = (_heldout(function, image, style, layer) for layer in ("first", "second"))
    return close(_heldout(function, image, style), (first + second) / 2) and first != second


def _heldout_strength(function: Function) -> bool:
    image, style = _image_and_style()
    found = _heldout(function, image, style, "first", strength=5.0)
    return close(found, _heldout(function, image, style, "first")) and found > 0.01


def _heldout_places(function: Function) -> bool:
    image, style = _image_and_style()
    found = _heldout(function, image.flip(2, 3).repeat(1, 1, 2, 1), style)
    return close(found, _heldout(function, image, style)) and found > 0.01


def _heldout_direction(function: Function) -> bool:
    """An image twice as light has four times the Gram matrix: 3 scales off on the one side, 3/4 on the other."""
    _, style = _image_and_style()
    return close(_heldout(function, 2 * style, style, "first"), 9.0)


def _grams(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> list[tuple[Tensor, Tensor]]:
    names = list(layers)
    found, wanted = network(image, names), network(style, names)
    return [(gram_matrix(found[name]), gram_matrix(wanted[name])) for name in names]


def _mean(values: Iterable[Tensor]) -> float:
    return float(torch.stack(list(values)).mean())


def heldout_not_relative(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().mean() for g, t in _grams(image, style, network, layers))


def heldout_summed_squares(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().sum() for g, t in _grams(image, style, network, layers))


def heldout_by_the_image(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().mean() / g.square().mean() for g, t in _grams(image, style, network, layers))


def heldout_by_both(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return _mean((g - t).square().sum() / (g.square().sum() + t.square().sum()) for g, t in pairs)


def heldout_layers_added(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    names = list(layers)
    return gram_distance_heldout(image, style, network, names) * len(names)


def heldout_layers_pooled(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return float(sum((g - t).square().mean() for g, t in pairs) / sum(t.square().mean() for _, t in pairs))


def heldout_layers_pooled_by_sums(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return float(sum((g - t).square().sum() for g, t in pairs) / sum(t.square().sum() for _, t in pairs))


def heldout_root(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).norm() / t.norm() for g, t in _grams(image, style, network, layers))


def heldout_absolute(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).abs().mean() / t.abs().mean() for g, t in _grams(image, style, network, layers))


def heldout_first_layer(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, list(layers)[:1])


def heldout_last_layer(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, list(layers)[-1:])


def heldout_own_layers(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return metrics.held_out_distance(image, style, network)


def heldout_layers_of_the_loss(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, [f"relu{block}_1" for block in range(1, 6)])


def _of_sums(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> list[tuple[Tensor, Tensor]]:
    names = list(layers)
    maps = zip(*(network(each, names).values() for each in (image, style)), strict=True)
    return [tuple(gram_matrix(m) * m[0, 0].numel() for m in pair) for pair in maps]


def heldout_gram_sums(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _of_sums(image, style, network, layers)
    return _mean((g - t).square().mean() / t.square().mean() for g, t in pairs)


def _of_vectors(change: Callable[[Tensor], Tensor]) -> Function:
    """Return the distance of something else than Gram matrices."""

    def distance(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
        names = list(layers)
        found, wanted = network(image, names), network(style, names)
        pairs = [(change(found[name]), change(wanted[name])) for name in names]
        return _mean((g - t).square().mean() / t.square().mean() for g, t in pairs)

    return distance


def _channel_means(maps: Tensor) -> Tensor:
    return maps.mean((2, 3))


def _channel_energies(maps: Tensor) -> Tensor:
    return maps.square().mean((2, 3))


def _covariances(maps: Tensor) -> Tensor:
    return gram_matrix(maps - maps.mean((2, 3), keepdim=True))


heldout_means, heldout_diagonals, heldout_covariances = (
    _of_vectors(change) for change in (_channel_means, _channel_energies, _covariances)
)

GRAM_DISTANCE_HELDOUT = Exercise(
    name="gram_distance_heldout",
    chapter=CHAPTER,
    title="Style, where no loss has looked",
    difficulty=2,
    minutes=10,
    signature="gram_distance_heldout(image, style, network, layers)",
    hints=(
        "A loss that was lowered is no judge of itself. Ask the same question of layers that nobody optimized, and make"
        " the answers comparable: how far off, compared with how much there is?",
        "For each layer the Gram matrix of the image and of the style; the mean square of their difference, divided by "
        "the mean square of the style's. Then the mean over the layers.",
        "`[(g - t).square().mean() / t.square().mean() for g, t in ...]` with `g, t = gram_matrix(found[layer]), "
        "gram_matrix(wanted[layer])`; `sum(...) / len(...)`, and `float` around it.",
    ),
    reference=gram_distance_heldout,
    cases=(
        _heldout_case(1, (18, 21), (16, 25), ("relu1_2", "relu2_2")),
        _heldout_case(2, (24, 17), (19, 22), ("relu2_1", "relu1_2", "relu3_3")),
        _heldout_case(3, (16, 20), (20, 16), ("relu3_1", "relu1_1"), loose=True),
        _heldout_case(4, (20, 26), (17, 16), ("conv2_2", "pool1", "relu4_2")),
    ),
    laws=(
        Law("the style itself is at distance 0, another image is not", _heldout_itself),
        Law("an image without activations is at distance 1", _heldout_nothing),
        Law("two layers give the mean of what each gives alone", _heldout_layers),
        Law("a network that answers five times as strongly gives the same distance", _heldout_strength),
        Law("what stands where, and how often, does not count", _heldout_places),
        Law("the distance is relative to the style: twice its features are 9 away", _heldout_direction),
    ),
    mistakes=(
        Mistake(
            "not_relative",
            heldout_not_relative,
            "The distance of each layer is in that layer's own units, so the strongest decides. Relative to what should"
            " it be?",
            (heldout_summed_squares,),
        ),
        Mistake(
            "relative_to_the_image",
            heldout_by_the_image,
            "It is divided by the image's own Gram matrix, so each method is measured with another ruler. Which of the "
            "two is the same for all methods?",
            (heldout_by_both,),
        ),
        Mistake(
            "layers_added",
            heldout_layers_added,
            "The layers are added up. With more layers every image would be further away: the mean is asked for.",
        ),
        Mistake(
            "layers_pooled",
            heldout_layers_pooled,
            "All layers share one division, so the layer with the largest numbers decides alone. Divide in each layer, "
            "then average.",
            (heldout_layers_pooled_by_sums,),
        ),
        Mistake(
            "root",
            heldout_root,
            "This is a ratio of lengths, the root of what is asked for: the mean *square* of the difference over the "
            "mean square of the target.",
        ),
        Mistake(
            "absolute_values",
            heldout_absolute,
            "These are absolute differences. Squares are asked for, above the line and below it.",
        ),
        Mistake(
            "one_layer_only",
            heldout_last_layer,
            "Only one of the layers counts. Is the result overwritten in the loop, or returned from inside it?",
            (heldout_first_layer,),
        ),
        Mistake(
            "layers_ignored",
            heldout_own_layers,
            "`layers` is not used: other layers are compared. Only whoever calls it knows which ones no loss has seen.",
            (heldout_layers_of_the_loss,),
        ),
        Mistake(
            "sums_over_positions",
            heldout_gram_sums,
            "The Gram matrices are sums over positions. Image and style are of different sizes, so the larger one is "
            "further away for that alone: use means.",
        ),
        Mistake(
            "channels_alone",
            heldout_diagonals,
            "This compares each channel by itself. A Gram matrix also says which channels fire together.",
            (heldout_means,),
        ),
        Mistake(
            "centered",
            heldout_covariances,
            "These are covariances: each channel's mean is taken out first. A Gram matrix keeps it.",
        ),
    ),
    verified="relative in each layer, and the mean over layers",
)


# pareto_front -----------------------------------------------------------------------------------------------------------


def _points_case(seed: int, count: int, axes: int, *, loose: bool = False, ties: bool = True) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray]:
        rng = np.random.default_rng(seed)
        points = rng.integers(0, 7, (count, axes)) / 4 - 0.5 if ties else rng.random((count, axes))
        if ties:
            front = np.flatnonzero(metrics.pareto_front(points))
            points[np.setdiff1d(np.arange(count), front)[0]] = points[front[0]]  # two equal points on the front
        return (np.asfortranarray(points) if loose else points,)

    return Case(f"{count} points in {axes} coordinates{_loose(loose)}", make)


def _on_front(function: Function, points: np.ndarray) -> np.ndarray:
    return np.asarray(function(points), dtype=bool)


def _some_points(seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 9, (14, 2)) / 8


def _pareto_order(function: Function) -> bool:
    points = _some_points()
    order = np.random.default_rng(6).permutation(len(points))
    found = _on_front(function, points)
    return bool((_on_front(function, points[order]) == found[order]).all()) and 0 < found.sum() < len(points)


def _pareto_twins(function: Function) -> bool:
    points = _some_points()
    found, twice = _on_front(function, points), _on_front(function, np.repeat(points, 2, axis=0))
    return bool((twice == np.repeat(found, 2)).all()) and bool(found.any())


def _pareto_units(function: Function) -> bool:
    points = _some_points()
    found = _on_front(function, points)
    return bool((_on_front(function, np.exp(3 * points) * [1, 100]) == found).all()) and 0 < found.sum() < len(points)


def _pareto_worse(function: Function) -> bool:
    """A point that is worse by a little in one coordinate is off the front, and puts no other one off it."""
    points = _some_points()
    best = points[metrics.pareto_front(points)][0]
    found = _on_front(function, np.concatenate([points, best + np.array([[0.01, 0.0], [0.0, 0.01]])]))
    return bool((found[:-2] == _on_front(function, points)).all()) and not found[-2:].any() and bool(found.any())


def _pareto_line(function: Function) -> bool:
    """On a line that falls nobody is dominated, on one that rises only the first is not."""
    steps = np.arange(6.0)
    falling, rising = np.stack([steps, -steps], 1), np.stack([steps, steps], 1)
    return _on_front(function, falling).all() and _on_front(function, rising).tolist() == [True] + [False] * 5


def _pareto_inner(function: Function) -> bool:
    """A point in a dent of the front is no weighted sum's optimum, and on the front all the same."""
    return bool(_on_front(function, np.array([[0.0, 1.0], [0.6, 0.6], [1.0, 0.0]])).all())


def _as_good(points: np.ndarray) -> np.ndarray:
    """Return (N, N): i is at least as good as j in every coordinate."""
    return (points[:, None] <= points[None]).all(2)


def _better(points: np.ndarray) -> np.ndarray:
    return (points[:, None] < points[None]).any(2)


def front_beaten_everywhere(points: np.ndarray) -> np.ndarray:
    return ~(points[:, None] < points[None]).all(2).any(0)


def front_beaten_somewhere(points: np.ndarray) -> np.ndarray:
    return ~_better(points).any(0)


def front_turned_around(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(-points)


def front_of_one_turned(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points * np.array([-1.0] + [1.0] * (points.shape[1] - 1)))


def front_of_other_turned(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points * np.array([1.0] * (points.shape[1] - 1) + [-1.0]))


def front_that_dominates(points: np.ndarray) -> np.ndarray:
    return ~(_as_good(points) & _better(points)).any(1)


def front_without_twins(points: np.ndarray) -> np.ndarray:
    return ~(_as_good(points) & ~np.eye(len(points), dtype=bool)).any(0)


def front_against_itself(points: np.ndarray) -> np.ndarray:
    return ~_as_good(points).any(0)


def front_of_minima(points: np.ndarray) -> np.ndarray:
    return (points == points.min(0)).any(1)


def front_of_single_minima(points: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(len(points)), points.argmin(0))


def _swept(points: np.ndarray, *, strict: bool, order: np.ndarray) -> np.ndarray:
    """Go through the points in an order, and keep each that lowers the second coordinate."""
    found, lowest = np.zeros(len(points), dtype=bool), np.inf
    for k in order:
        value = points[k, 1]
        found[k] = value < lowest if strict else value <= lowest
        lowest = min(lowest, value)
    return found


def front_sorted_by_first(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=True, order=np.argsort(points[:, 0], kind="stable"))


def front_sorted_loosely(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=False, order=np.argsort(points[:, 0], kind="stable"))


def front_sorted_by_both_loosely(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=False, order=np.lexsort((points[:, 1], points[:, 0])))


def front_not_sorted(points: np.ndarray) -> np.ndarray:
    return _swept(points, strict=True, order=np.arange(len(points)))


def front_of_dominated(points: np.ndarray) -> np.ndarray:
    return ~metrics.pareto_front(points)


def front_as_indices(points: np.ndarray) -> np.ndarray:
    return np.flatnonzero(metrics.pareto_front(points))


def front_as_points(points: np.ndarray) -> np.ndarray:
    return points[metrics.pareto_front(points)]


def front_as_numbers(points: np.ndarray) -> np.ndarray:
    return metrics.pareto_front(points).astype(int)


def front_by_mean(points: np.ndarray) -> np.ndarray:
    return points.mean(1) == points.mean(1).min()


def front_distinct(points: np.ndarray) -> np.ndarray:
    first = np.unique(points, axis=0, return_index=True)[1]
    return metrics.pareto_front(points) & np.isin(np.arange(len(points)), first)


PARETO_FRONT = Exercise(
    name="pareto_front",
    chapter=CHAPTER,
    title="What nothing else beats",
    difficulty=1,
    minutes=10,
    signature="pareto_front(points)",
    hints=(
        "A point is out only if some other point is better without any price: nowhere worse, and somewhere better. Look"
        " for such a rival for each point.",
        "Compare all with all: `points[:, None] <= points[None]` has shape (N, N, D). In which axis must *all* hold, in"
        " which is *any* enough?",
        "`no_worse = (points[:, None] <= points[None]).all(2)`, `better = (points[:, None] < points[None]).any(2)`; on "
        "the front is `~(no_worse & better).any(0)`.",
    ),
    reference=metrics.pareto_front,
    cases=(
        _points_case(1, 12, 2),
        _points_case(2, 20, 2, loose=True),
        _points_case(3, 15, 3),
        _points_case(4, 17, 2, ties=False),
        _points_case(7, 30, 2),
    ),
    laws=(
        Law("in another order the same points are on the front", _pareto_order),
        Law("a copy of a point is where the point is", _pareto_twins),
        Law("other units, and even a bent scale, keep the front", _pareto_units),
        Law("a point that is worse in one coordinate only is dominated", _pareto_worse),
        Law("on a falling line all points are on the front, on a rising one only the first", _pareto_line),
        Law("a point in a dent of the front is on it", _pareto_inner),
    ),
    mistakes=(
        Mistake(
            "beaten_everywhere_only",
            front_beaten_everywhere,
            "A point is only put out here by one that is better in *every* coordinate. What about a rival that is equal"
            " in one and better in the other?",
        ),
        Mistake(
            "beaten_somewhere",
            front_beaten_somewhere,
            "A point is put out here by any that is better in *one* coordinate, whatever it pays in the other. Then "
            "there is no trade-off left.",
        ),
        Mistake(
            "turned_around",
            front_turned_around,
            "This is the front for more is better: the points that beat nobody. Less is better here. If you compare all"
            " with all, which of the two axes of the table is the rival?",
            (front_that_dominates,),
        ),
        Mistake(
            "one_turned_around",
            front_of_one_turned,
            "In one of the coordinates more is taken for better. Less is better here, in each of them.",
            (front_of_other_turned,),
        ),
        Mistake(
            "equal_points_lost",
            front_without_twins,
            "Two equal points put each other out. To be at least as good is not enough: a rival must be better "
            "somewhere.",
        ),
        Mistake(
            "beaten_by_itself",
            front_against_itself,
            "Nobody is left: each point is at least as good as itself. A rival must be better somewhere.",
        ),
        Mistake(
            "minima_only",
            front_of_minima,
            "Only the best in each single coordinate is kept. What about a point that is second in both?",
            (front_of_single_minima, front_by_mean),
        ),
        Mistake(
            "ties_after_sorting",
            front_sorted_by_first,
            "It sorts by one coordinate and sweeps through the second. Look at points that tie in one of them, and at a"
            " third coordinate.",
            (front_sorted_loosely, front_sorted_by_both_loosely, front_not_sorted),
        ),
        Mistake(
            "inverted",
            front_of_dominated,
            "True and False are exchanged: these are the dominated points.",
        ),
        Mistake(
            "not_booleans",
            front_as_indices,
            "One True or False for each point is asked for, shape (N,), in the order of the points.",
            (front_as_points, front_as_numbers),
        ),
    ),
    conventions=(
        Convention(
            "distinct",
            front_distinct,
            "Of equal points you keep the first alone, as some libraries do by themselves. Both are in use; your "
            "numbers below can differ from the book's, which keeps all.",
        ),
    ),
    verified="nothing is at least as good everywhere and better somewhere",
)


# matched_style_difference -----------------------------------------------------------------------------------------------

Curve = tuple[np.ndarray, np.ndarray]
NO_NUMBER = "NaN"


def _curve(seed: int, count: int, low: float, high: float) -> Curve:
    """Return the points of a trade-off in no order: style distances and what content measures there."""
    rng = np.random.default_rng(seed)
    at = np.log(low) + (np.log(high) - np.log(low)) * np.concatenate([[0, 1], rng.random(count - 2)])
    rng.shuffle(at)
    return np.exp(at), 0.6 + 0.1 * at + 0.1 * rng.random(count)


def _curves_case(text: str, *curves: tuple[int, int, float, float], loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray, ...]:
        arrays = [array for curve in curves for array in _curve(*curve)]
        return tuple(np.repeat(array, 2)[::2] for array in arrays) if loose else tuple(arrays)

    return Case(f"{text}{_loose(loose)}", make)


def _nan_in_words(function: Function, arguments: tuple) -> object:
    """Return what the function returns, with NaN as a word: one NaN does not equal another."""
    value = freeze(function(*arguments))
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    return NO_NUMBER if isinstance(number, float) and math.isnan(number) else value


def _ahead(function: Function, *curves: Curve) -> float:
    return float(function(*(array.copy() for curve in curves for array in curve)))


def _method_and_base() -> tuple[Curve, Curve]:
    return _curve(32, 5, 0.05, 0.5), _curve(33, 6, 0.08, 0.9)


def _ahead_by_a_constant(function: Function) -> bool:
    _, (styles, contents) = _method_and_base()
    return close(_ahead(function, (styles, contents + 0.3), (styles, contents)), 0.3)


def _ahead_turned(function: Function) -> bool:
    method, base = _method_and_base()
    found = _ahead(function, method, base)
    return close(_ahead(function, base, method), -found) and abs(found) > 1e-3


def _ahead_order(function: Function) -> bool:
    method, base = _method_and_base()
    order = np.random.default_rng(8).permutation(len(method[0]))
    return close(_ahead(function, (method[0][order], method[1][order]), base), _ahead(function, method, base))


def _ahead_units(function: Function) -> bool:
    method, base = _method_and_base()
    scaled = [(7 * styles, contents) for styles, contents in (method, base)]
    found = _ahead(function, method, base)
    return close(_ahead(function, *scaled), found) and abs(found) > 1e-3


def _ahead_along_one_curve(function: Function) -> bool:
    """Two runs of one method with other weights lie on one curve, and nobody is ahead."""
    few, many = np.linspace(-3, 0, 4), np.linspace(-2.5, -0.2, 7)
    return abs(_ahead(function, (np.exp(few), 1 + 0.2 * few), (np.exp(many), 1 + 0.2 * many))) < 1e-6


def _ahead_nowhere(function: Function) -> bool:
    low, high = _curve(33, 4, 0.05, 0.1), _curve(34, 5, 0.2, 0.4)
    return math.isnan(_ahead(function, low, high)) and math.isnan(_ahead(function, high, low))


def _ahead_beyond(function: Function) -> bool:
    """Where one curve alone reaches nothing is compared, so what it does there does not count."""
    (styles, contents), base = _method_and_base()
    further = np.append(styles, 0.01), np.append(contents, 99.0)
    return close(_ahead(function, base, further), _ahead(function, base, (styles, contents)), 1.0) and close(
        _ahead(function, (np.array([0.1, 0.2, 0.4]), np.array([1.0, 2.0, 9.0])), (np.array([0.1, 0.2]), np.zeros(2))),
        1.5,
    )


def _same_scale(values: np.ndarray) -> np.ndarray:
    return values


def _read(curve: Curve, at: np.ndarray, *, sort: bool = True, scale: Function = np.log) -> np.ndarray:
    """Return a curve's contents at style distances, with one part of it done in another way."""
    styles, contents = curve
    order = np.argsort(styles) if sort else np.arange(len(styles))
    return np.interp(scale(at), scale(styles[order]), contents[order])


def _matched(
    method: Curve,
    base: Curve,
    *,
    levels: int = 9,
    ends: Callable[[Curve, Curve], Pair] | None = None,
    linear_levels: bool = False,
    nowhere: bool = True,
    **reading: object,
) -> np.ndarray:
    """Return the differences of two curves at matched styles, with one part of it done in another way."""
    low, high = (ends or _common)(method, base)
    if nowhere and low > high:
        return np.array([float("nan")])
    at = np.linspace(low, high, levels) if linear_levels else np.geomspace(low, high, levels)
    return _read(method, at, **reading) - _read(base, at, **reading)


def _common(method: Curve, base: Curve) -> Pair:
    return max(method[0].min(), base[0].min()), min(method[0].max(), base[0].max())


def _union(method: Curve, base: Curve) -> Pair:
    return min(method[0].min(), base[0].min()), max(method[0].max(), base[0].max())


def _of_method(method: Curve, base: Curve) -> Pair:
    return method[0].min(), method[0].max()


def _of_base(method: Curve, base: Curve) -> Pair:
    return base[0].min(), base[0].max()


def _ahead_with(**changes: object) -> Function:
    """Return the exercise's function with one part of it done in another way."""

    def ahead(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
        return float(_matched((styles, contents), (base_styles, base_contents), **changes).mean())

    return ahead


def ahead_at_the_same_weight(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float((contents - base_contents).mean())


def ahead_on_average(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float(contents.mean() - base_contents.mean())


def ahead_for_the_baseline(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return -float(_matched((styles, contents), (base_styles, base_contents)).mean())


def ahead_without_sign(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    return float(np.abs(_matched((styles, contents), (base_styles, base_contents))).mean())


def ahead_in_all(styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray) -> float:
    return float(_matched((styles, contents), (base_styles, base_contents)).sum())


def ahead_at_each_level(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> np.ndarray:
    return _matched((styles, contents), (base_styles, base_contents))


def ahead_at_the_same_content(
    styles: np.ndarray, contents: np.ndarray, base_styles: np.ndarray, base_contents: np.ndarray
) -> float:
    low, high = max(contents.min(), base_contents.min()), min(contents.max(), base_contents.max())
    if low > high:
        return float("nan")
    at = np.linspace(low, high, 9)
    return float(
        (
            _read((contents, styles), at, scale=_same_scale)
            - _read((base_contents, base_styles), at, scale=_same_scale)
        ).mean()
    )


ahead_where_nothing_is_common = _ahead_with(nowhere=False)
ahead_beyond_the_ends = _ahead_with(ends=_union)
ahead_where_the_method_is = _ahead_with(ends=_of_method)
ahead_where_the_baseline_is = _ahead_with(ends=_of_base)
ahead_over_the_distance = _ahead_with(linear_levels=True, scale=_same_scale)
ahead_at_linear_levels = _ahead_with(linear_levels=True)
ahead_between_linearly = _ahead_with(scale=_same_scale)
ahead_unsorted = _ahead_with(sort=False)
ahead_at_other_levels = tuple(_ahead_with(levels=levels) for levels in (10, 8, 7, 5, 20, 50, 100, 200, 1000))

MATCHED_STYLE_DIFFERENCE = Exercise(
    name="matched_style_difference",
    chapter=CHAPTER,
    title="Ahead at the same style",
    difficulty=2,
    minutes=15,
    signature="matched_style_difference(styles, contents, base_styles, base_contents)",
    hints=(
        "A weight of 10 means something else in each loss. What two methods can share is how much style came out: "
        "choose style distances, and ask both curves how much content is left there.",
        "Where do both curves reach? From the larger of the two least distances to the smaller of the two largest. "
        "`np.geomspace` spreads nine over that; `np.interp` reads a curve, but wants ascending points and logarithms.",
        "`order = np.argsort(styles)`, `np.interp(np.log(at), np.log(styles[order]), contents[order])`; the same for "
        "the baseline; then the mean of the difference. If the lower end lies above the upper one: `float('nan')`.",
    ),
    reference=metrics.matched_style_difference,
    cases=(
        _curves_case("curves of 5 and 5 points", (1, 5, 0.04, 0.6), (2, 5, 0.09, 1.1)),
        _curves_case("curves of 6 and 4 points, one inside the other", (3, 6, 0.02, 1.5), (4, 4, 0.1, 0.7)),
        _curves_case("curves of 4 and 7 points", (5, 4, 0.2, 2.0), (6, 7, 0.05, 0.9), loose=True),
        _curves_case("curves of 5 and 5 points", (7, 5, 0.06, 0.9), (8, 5, 0.03, 0.5)),
        _curves_case("two curves with no distance in common", (9, 4, 0.05, 0.1), (10, 4, 0.2, 0.4)),
    ),
    laws=(
        Law("more content by 0.3 at every style is ahead by 0.3", _ahead_by_a_constant),
        Law("seen from the baseline the sign is turned around", _ahead_turned),
        Law("the points of a curve may come in any order", _ahead_order),
        Law("style distances in another unit change nothing", _ahead_units),
        Law("along one curve nobody is ahead, whatever the weights", _ahead_along_one_curve),
        Law("curves without a common distance give NaN", _ahead_nowhere),
        Law("only distances that both curves reach count", _ahead_beyond),
    ),
    mistakes=(
        Mistake(
            "at_the_same_weight",
            ahead_at_the_same_weight,
            "Point is compared with point, each at its own style. A method that puts on less style keeps more content "
            "for that alone: `styles` has to be used.",
            (ahead_on_average,),
        ),
        Mistake(
            "beyond_the_ends",
            ahead_beyond_the_ends,
            "It also compares where only one of the curves reaches. `np.interp` does not complain there: it repeats the"
            " last value. From where to where are there both?",
            (ahead_where_the_method_is, ahead_where_the_baseline_is),
        ),
        Mistake(
            "nothing_in_common",
            ahead_where_nothing_is_common,
            "The numbers are right, but two curves that share no distance get one too. It is made up (`np.interp` "
            "repeats the last value): NaN is asked for.",
        ),
        Mistake(
            "not_over_the_logarithm",
            ahead_over_the_distance,
            "Distances are ratios here: 0.1 is to 0.2 what 0.2 is to 0.4. The levels are even over the logarithm, and "
            "the curves straight over it.",
            (ahead_at_linear_levels, ahead_between_linearly),
        ),
        Mistake(
            "not_sorted",
            ahead_unsorted,
            "`np.interp` wants its points ascending, and does not complain if they are not. Bring styles into order, "
            "and contents along with them.",
        ),
        Mistake(
            "sign",
            ahead_for_the_baseline,
            "The sign is turned around: how far the *method* is ahead is asked for, method minus baseline.",
        ),
        Mistake(
            "without_sign",
            ahead_without_sign,
            "The sign is lost at each level, so a method that is behind counts as ahead. Average the differences as "
            "they are.",
        ),
        Mistake(
            "not_averaged",
            ahead_at_each_level,
            "One number is asked for: the mean over the nine levels.",
            (ahead_in_all,),
        ),
        Mistake(
            "at_the_same_content",
            ahead_at_the_same_content,
            "This matches the content and compares the style. The style is matched here, the content compared.",
        ),
        Mistake(
            "other_levels",
            ahead_at_other_levels[0],
            "The idea is right, the levels are not: nine, both ends among them, evenly over the logarithm.",
            ahead_at_other_levels[1:],
        ),
    ),
    observe=_nan_in_words,
    verified="both curves read at the same styles, where both reach",
)


# bootstrap_interval -----------------------------------------------------------------------------------------------------
# It draws at random. So no numbers are compared, but where numbers may lie: in what order somebody draws is left open.

_TAILS = (0.025, 0.975)
_MANY = 4000  # rounds from which quantiles that are close to the right ones are told apart
NOT_A_NUMBER = "an interval with NaN in it"
SAME_DRAW = "an interval of no width beside the mean"
LOW_ENDS = "an interval among the lowest means"
FIXED_DRAWS = "an interval that does not follow its seed"


def bootstrap_interval(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    """Return where the mean of (styles, contents) may lie: 95% of what comes out of other styles and contents."""
    found = metrics.bootstrap_interval(differences, rounds=rounds, seed=seed)
    return found.low, found.high


def _table(seed: int, styles: int, contents: int, missing: int = 0) -> np.ndarray:
    """Return differences: of styles and of contents one stands out, results of one style go together; some are NaN."""
    rng = np.random.default_rng(seed)
    table = 8 + rng.random((styles, 1)) + rng.random((1, contents)) + 0.2 * rng.normal(size=(styles, contents))
    table[-1] += 4
    table[:, -1] += 4
    table.flat[rng.permutation(styles * contents)[:missing]] = np.nan
    return table / 20


def _table_case(seed: int, styles: int, contents: int, rounds: int, *, missing: int = 0, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[np.ndarray, int, int]:
        table = _table(seed, styles, contents, missing)
        return (np.asfortranarray(table) if loose else table), rounds, seed

    empty = f", {missing} of them NaN" if missing else ""
    return Case(f"differences ({styles}, {contents}){empty}{_loose(loose)}, {rounds} rounds", make)


def _means(
    table: np.ndarray,
    rounds: int,
    seed: int | None,
    *,
    styles: bool = True,
    contents: bool = True,
    nested: bool = False,
    fewer: int = 0,
) -> np.ndarray:
    """Return the means of tables drawn again and again, with one part of it done in another way."""
    rng = np.random.default_rng(seed)
    s, c = table.shape
    rows = rng.integers(s - fewer, size=(rounds, s, 1)) if styles else np.arange(s)[None, :, None]
    columns = rng.integers(c - fewer, size=(rounds, s if nested else 1, c)) if contents else np.arange(c)[None, None]
    drawn = table[rows, columns]
    known = np.isfinite(drawn)
    counts = known.sum((1, 2))
    return np.where(known, drawn, 0.0).sum((1, 2))[counts > 0] / counts[counts > 0]


def _ends(values: np.ndarray, tails: Pair = _TAILS) -> Pair:
    low, high = np.quantile(values, tails)
    return float(low), float(high)


def _range(table: np.ndarray, rounds: int) -> tuple[Pair, Pair]:
    """Return from where to where the two ends of a right interval may lie by chance: Wilson's interval of each share."""
    means, doubt = _many_means(table), (4.5 if rounds >= _MANY else 6.0) ** 2 / rounds
    ranges = []
    for tail in _TAILS:
        middle, reach = tail + doubt / 2, math.sqrt(doubt * tail * (1 - tail) + doubt**2 / 4)
        ranges.append(_ends(means, ((middle - reach) / (1 + doubt), (middle + reach) / (1 + doubt))))
    return ranges[0], ranges[1]


def _many_means(table: np.ndarray) -> np.ndarray:
    return _many_means_of(table.tobytes(), table.shape)


@cache
def _many_means_of(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    return np.sort(_means(np.frombuffer(data).reshape(shape), 20_000, 99))


def _may_be(pair: Pair, table: np.ndarray, rounds: int) -> bool:
    return all(low - 1e-6 <= end <= high + 1e-6 for end, (low, high) in zip(pair, _range(table, rounds), strict=True))


def _pair(value: object) -> Pair | None:
    """Return two numbers, whatever holds them; None if it is something else."""
    plain = freeze(value)
    items = plain.tolist() if isinstance(plain, Tensor) and plain.ndim == 1 else plain
    if not isinstance(items, (list, tuple)) or len(items) != 2:
        return None
    numbers = [item.item() if isinstance(item, Tensor) and item.numel() == 1 else item for item in items]
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        return None
    return float(numbers[0]), float(numbers[1])


def _follows_its_seed(function: Function) -> bool:
    first, again, other = (function(_table(5, 4, 5), 20, seed) for seed in (1, 1, 2))
    return _pair(first) == _pair(again) and _pair(first) != _pair(other)


def _drawn(function: Function, arguments: tuple) -> object:
    """Return what the function returns; if that is one of the known intervals up to chance, that interval's own numbers."""
    table, rounds = arguments[0].copy(), arguments[1]  # before somebody writes into it
    value = function(*arguments)
    pair = _pair(value)
    if pair is None:
        return value
    if not all(math.isfinite(end) for end in pair):
        return NOT_A_NUMBER if np.isnan(table).any() else pair
    if _may_be(pair, table, rounds):
        return _ends(_many_means(table)) if _follows_its_seed(function) else FIXED_DRAWS
    if pair[0] == pair[1] and not close(pair[0], np.nanmean(table)):
        return SAME_DRAW
    if _among_the_lowest(pair, _many_means(table)):
        return LOW_ENDS
    return _nearest(pair, table, rounds) or pair


def _among_the_lowest(pair: Pair, means: np.ndarray) -> bool:
    """Return whether both ends are where 0.025 and 0.975 *percent* of the means lie below, up to chance."""
    lowest, (middle, upper) = float(means[0]), _ends(means, (0.008, 0.025))
    return 2 * lowest - middle < pair[0] < min(middle, pair[1]) and pair[1] < upper


def _nearest(pair: Pair, table: np.ndarray, rounds: int) -> Pair | None:
    """Return the first interval of the mistake that this one is, up to chance, or None."""
    found, least = None, math.inf
    for mistake in _KNOWN:
        known = [_known(function, table.tobytes(), table.shape, rounds) for function in mistake]
        for low, high in known:
            off = max(abs(low - pair[0]), abs(high - pair[1]))
            if off < least and off <= 0.2 * abs(high - low) + 1e-9:
                found, least = known[0], off
    return found


@cache
def _known(function: Function, data: bytes, shape: tuple[int, int], rounds: int) -> Pair:
    return function(np.frombuffer(data).reshape(shape), rounds, 7)


def interval_of_results(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    flat = differences[np.isfinite(differences)]
    drawn = np.random.default_rng(seed).integers(len(flat), size=(rounds, len(flat)))
    return _ends(flat[drawn].mean(1))


def interval_of_styles(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, contents=False))


def interval_of_contents(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, styles=False))


def interval_of_contents_anew(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, nested=True))


def interval_without_replacement(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    mean = float(np.nanmean(differences))
    return mean, mean


def interval_of_one_draw(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(np.repeat(_means(differences, 1, seed), rounds))


def interval_without_the_last(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed, fewer=1))


def interval_one_sided(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.05, 0.95))


def interval_of_percents(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.00025, 0.00975))


def interval_of_quartiles(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed), (0.25, 0.75))


def interval_turned_around(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, seed))[::-1]


def _around(differences: np.ndarray, reach: float) -> Pair:
    mean = float(np.nanmean(differences))
    return mean - reach, mean + reach


def interval_of_deviations(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, 1.96 * float(_means(differences, rounds, seed).std()))


def interval_of_one_deviation(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, float(_means(differences, rounds, seed).std()))


def interval_of_a_textbook(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    flat = differences[np.isfinite(differences)]
    return _around(differences, 1.96 * float(flat.std(ddof=1)) / math.sqrt(len(flat)))


def interval_of_deviations_over_rounds(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _around(differences, 1.96 * float(_means(differences, rounds, seed).std()) / math.sqrt(rounds))


def interval_of_the_table(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(differences[np.isfinite(differences)])


def interval_with_nan(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    missing = np.isnan(differences).any()
    return (float("nan"), float("nan")) if missing else _ends(_means(differences, rounds, seed))


def interval_with_zeros(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(np.nan_to_num(differences), rounds, seed))


def interval_of_its_own_draws(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, 0))


def interval_of_other_draws_each_time(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    return _ends(_means(differences, rounds, None))


def interval_mirrored(differences: np.ndarray, rounds: int, seed: int) -> Pair:
    low, high = _ends(_means(differences, rounds, seed))
    return 2 * float(np.nanmean(differences)) - high, 2 * float(np.nanmean(differences)) - low


def _interval(function: Function, table: np.ndarray, rounds: int, seed: int = 3) -> Pair:
    return _pair(function(table.copy(), rounds, seed)) or (math.nan, math.nan)


def _interval_of_equals(function: Function) -> bool:
    return close(_interval(function, np.full((4, 3), 0.3), 50), (0.3, 0.3))


def _interval_of_one_round(function: Function) -> bool:
    low, high = _interval(function, _table(6, 5, 4), 1)
    many = _interval(function, _table(6, 5, 4), 100)
    return close(low, high) and many[0] < many[1]


def _interval_of_repeats(function: Function) -> bool:
    """Ten contents that all say the same are no more evidence about styles than one."""
    column = _table(8, 6, 1)
    return _may_be(_interval(function, np.repeat(column, 10, 1), 400), column, 400)


def _interval_transposed(function: Function) -> bool:
    table = _table(9, 4, 6)
    return _may_be(_interval(function, table.T, 400), table, 400)


def _interval_moved(function: Function) -> bool:
    table = _table(10, 5, 4)
    low, high = _interval(function, 2 * table + 5, 300)
    found = _interval(function, table, 300)
    return close((low, high), (2 * found[0] + 5, 2 * found[1] + 5)) and low < high


def _interval_negated(function: Function) -> bool:
    table = _table(11, 5, 6)
    low, high = _interval(function, -table, 400)
    return _may_be((-high, -low), table, 400)


def _interval_seeds(function: Function) -> bool:
    return _follows_its_seed(function)


def _interval_missing(function: Function) -> bool:
    table = _table(12, 5, 5, missing=3)
    low, high = _interval(function, table, 200)
    return bool(np.nanmin(table) < low < np.nanmean(table) < high < np.nanmax(table))


_KNOWN = (
    (interval_of_results, interval_of_a_textbook),
    (interval_of_styles, interval_of_contents_anew),
    (interval_of_contents,),
    (interval_without_replacement,),
    (interval_without_the_last,),
    (interval_one_sided,),
    (interval_of_quartiles,),
    (interval_turned_around,),
    (interval_of_deviations,),
    (interval_of_one_deviation,),
    (interval_of_deviations_over_rounds,),
    (interval_of_the_table,),
    (interval_with_zeros,),
    (interval_mirrored,),
)

BOOTSTRAP_INTERVAL = Exercise(
    name="bootstrap_interval",
    chapter=CHAPTER,
    title="What other pictures would have said",
    difficulty=3,
    minutes=20,
    signature="bootstrap_interval(differences, rounds, seed)",
    hints=(
        "You have a handful of styles and contents. Other ones would have given another mean: which ones could that "
        "have been? Pretend: draw new styles and new contents from those that you have, again and again.",
        "In each round draw as many rows as there are, with replacement, and as many columns. All pairs of them are a "
        "table of the old shape; note the mean of its numbers. In the end sort the means: where do the middle 95% lie?",
        "`rng = np.random.default_rng(seed)` once; in each round `rows = rng.integers(S, size=S)`, `columns = "
        "rng.integers(C, size=C)`, `np.nanmean(differences[np.ix_(rows, columns)])`; then `np.quantile(means, [0.025, "
        "0.975])`.",
    ),
    reference=bootstrap_interval,
    cases=(
        _table_case(1, 6, 5, _MANY),
        _table_case(2, 5, 7, 800, missing=4, loose=True),
        _table_case(3, 8, 6, 800, missing=6),
    ),
    laws=(
        Law("equal differences leave no doubt", _interval_of_equals),
        Law("one round gives an interval without width, many rounds do not", _interval_of_one_round),
        Law("ten contents that all say the same leave as much doubt as one", _interval_of_repeats),
        Law("styles and contents play the same part", _interval_transposed),
        Law("twice the differences plus 5 give twice the interval plus 5", _interval_moved),
        Law("the other method's interval is this one, negated", _interval_negated),
        Law("the same seed gives the same interval, another seed another", _interval_seeds),
        Law("what is NaN is left out", _interval_missing),
    ),
    mistakes=(
        Mistake(
            "single_results",
            interval_of_results,
            "The results are taken as if they knew nothing of each other. Those of one style go together: the interval "
            "must be as wide as few styles are few. Draw styles, not results.",
            (interval_of_a_textbook,),
        ),
        Mistake(
            "contents_stay",
            interval_of_styles,
            "The contents hardly move: they stay as they are, or each style draws its own. An easy content is easy for "
            "every style: draw the contents once in a round, for all styles.",
            (interval_of_contents_anew,),
        ),
        Mistake(
            "styles_stay",
            interval_of_contents,
            "Only contents are drawn, and the styles stay as they are. They could have been other ones, too.",
        ),
        Mistake(
            "without_replacement",
            interval_without_replacement,
            "There is no width: all are drawn, each once, and the mean is the same in every round. With replacement "
            "some come twice and others not at all.",
        ),
        Mistake(
            "the_same_draw_again",
            interval_of_one_draw,
            "Every round draws the same. Is the generator made anew inside the loop? It then starts from the beginning "
            "each time.",
        ),
        Mistake(
            "never_the_last",
            interval_without_the_last,
            "The last style and the last content are never drawn: `rng.integers(n)` stops before n by itself.",
        ),
        Mistake(
            "other_quantiles",
            interval_one_sided,
            "These are other quantiles. 95% in the middle leaves 5% outside: how much of it on each side?",
            (interval_of_quartiles,),
        ),
        Mistake(
            "quantiles_of_percents",
            interval_of_percents,
            "Both ends are the lowest of the means. `np.percentile` counts to 100, `np.quantile` to 1: which have you?",
        ),
        Mistake(
            "ends_swapped",
            interval_turned_around,
            "The two ends are swapped: the low one comes first.",
        ),
        Mistake(
            "standard_error",
            interval_of_deviations,
            "This reaches as far to the left of the mean as to the right. If one style stands out, the means do not: "
            "take their quantiles, not their deviation.",
            (interval_of_one_deviation, interval_of_deviations_over_rounds),
        ),
        Mistake(
            "quantiles_of_the_results",
            interval_of_the_table,
            "This is where single *results* lie. Asked for is where their *mean* may lie: what is drawn, and what is "
            "averaged?",
        ),
        Mistake(
            "nan_not_left_out",
            interval_with_nan,
            "NaN is a pair that could not be compared. It is not left out: it makes the mean NaN, or counts as 0.",
            (interval_with_zeros,),
        ),
        Mistake(
            "seed_not_used",
            interval_of_its_own_draws,
            "The interval is right, but the draws do not depend on `seed`. The same seed must give the same interval, "
            "another seed another.",
            (interval_of_other_draws_each_time,),
        ),
    ),
    conventions=(
        Convention(
            "basic",
            interval_mirrored,
            "This is the basic bootstrap: the quantiles mirrored at the mean. Both are in use; your numbers below will "
            "differ from the book's, which takes the quantiles themselves.",
        ),
    ),
    observe=_drawn,
    verified="styles and contents drawn with replacement; any order of draws is right",
)

EXERCISES = (SSIM, EDGE_SSIM, GRAM_DISTANCE_HELDOUT, PARETO_FRONT, MATCHED_STYLE_DIFFERENCE, BOOTSTRAP_INTERVAL)
