"""The exercise ``edge_ssim``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib import metrics
from nstlib.check.drawing import tensor
from nstlib.check.evaluation._shared import alike_alone, alike_both_ways, alike_itself, pictures_case, two
from nstlib.check.evaluation.ssim import EXERCISE as SSIM
from nstlib.check.exercise import Convention, Exercise, Function, close, law, mistake
from nstlib.colors import luminance
from nstlib.filters import sobel_edges


def _edges(image: Tensor) -> Tensor:
    """Return the edges of luminance, at most about 1."""
    return sobel_edges(luminance(image)) / metrics.LARGEST_SLOPE


def _of_edges(measure: Function, edges: Callable[[Tensor], Tensor] = _edges) -> Function:
    """Return a measure of images as one of what ``edges`` makes of them."""

    def measured(image: Tensor, reference: Tensor) -> Tensor:
        return measure(edges(image), edges(reference))

    return measured


@law("lighter pictures have the same edges; fainter ones do not")
def lighter(function: Function) -> bool:
    x, y = two()
    return close(function(0.5 + x / 2, 0.4 + y / 2), function(x / 2, y / 2)) and not close(
        function(x / 20, y / 20), function(x, y), 0.01
    )


@law("a negative has the same edges")
def negative(function: Function) -> bool:
    x, y = two()
    return close(function(x, 1 - x), torch.ones(2)) and close(function(x, 1 - y), function(x, y))


@law("a gray copy of the same luminance has the same edges")
def gray(function: Function) -> bool:
    x, y = two()
    gray = luminance(x).expand(-1, 3, -1, -1)
    return close(function(x, gray.contiguous()), torch.ones(2)) and close(function(gray, y), function(x, y))


def edges_halved(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(sobel_edges(luminance(image)) / 2, sobel_edges(luminance(reference)) / 2)


@mistake(
    "The edges do not reach 1, and `ssim` takes them as if they did: its constants are too large beside them. What "
    "brings black beside white to 1?",
    variants=(edges_halved,),
)
def edges_not_scaled(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(sobel_edges(luminance(image)), sobel_edges(luminance(reference)))


def _scaled_by(factor: float) -> Function:
    return lambda image, reference: metrics.ssim(*(factor * sobel_edges(luminance(x)) for x in (image, reference)))


scaled_too_far = mistake(
    "The edges reach far beyond 1, and `ssim` takes them as if they ended there: its constants are too small beside them. "
    "A slope is 0.5 at most, or hardly more.",
    "scaled_too_far",
)(*(_scaled_by(factor) for factor in (4.0, 8.0, 255.0)))


@mistake("The edges are cut off at 1. A corner from black to white is a little steeper: leave that as it is.")
def clamped(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(_edges(image).clamp(0, 1), _edges(reference).clamp(0, 1))


def edges_of_colors_joined(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * sobel_edges(each).mean(1, keepdim=True) for each in (image, reference)))


def edges_of_colors_added(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * sobel_edges(each).sum(1, keepdim=True) for each in (image, reference)))


def edges_of_the_steepest_color(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * sobel_edges(each).amax(1, keepdim=True) for each in (image, reference)))


def edges_weighed_after(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * luminance(sobel_edges(each)) for each in (image, reference)))


@mistake(
    "Red, green and blue have edges of their own here. Luminance comes first: one gray picture, then its edges.",
    variants=(edges_weighed_after, edges_of_colors_joined, edges_of_colors_added, edges_of_the_steepest_color),
)
def edges_of_colors(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(2 * sobel_edges(image), 2 * sobel_edges(reference))


@mistake("This is the mean of red, green and blue. To the eye green is lighter than blue: which function weighs them?")
def mean_for_luminance(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(*(2 * sobel_edges(each.mean(1, keepdim=True)) for each in (image, reference)))


def edges_forgotten_in_color(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image, reference)


@mistake(
    "These are the pictures themselves, tones and all. Where are their edges?", variants=(edges_forgotten_in_color,)
)
def edges_forgotten(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(luminance(image), luminance(reference))


def edges_of_the_other(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(luminance(image), _edges(reference))


@mistake(
    "The edges of one picture are compared with the other picture itself. Compare like with like.",
    variants=(edges_of_the_other,),
)
def edges_of_one_only(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(_edges(image), luminance(reference))


def edges_by_the_largest_of_all(image: Tensor, reference: Tensor) -> Tensor:
    edges = (sobel_edges(luminance(each)) for each in (image, reference))
    return metrics.ssim(*(each / each.max() for each in edges))


@mistake(
    "Each picture's edges are divided by its own largest, so a faint picture and a strong one become equal. Scale "
    "both by the same number, whatever they show.",
    variants=(edges_by_the_largest_of_all,),
)
def scaled_by_its_own_largest(image: Tensor, reference: Tensor) -> Tensor:
    edges = (sobel_edges(luminance(each)) for each in (image, reference))
    return metrics.ssim(*(each / each.amax((1, 2, 3), keepdim=True) for each in edges))


@mistake(
    "The edges are squared: strong ones then count for almost everything. `sobel_edges` has taken the root already."
)
def squared(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(_edges(image).square(), _edges(reference).square())


@mistake("This is how *different* they are: 0 for equal images. Similarity is 1 there.")
def dissimilarity(image: Tensor, reference: Tensor) -> Tensor:
    return 1 - metrics.edge_ssim(image, reference)


@mistake("The images of the batch are averaged. One number for each is asked for: shape (B,).")
def batch_folded_in(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.edge_ssim(image, reference).mean()


EXERCISE = Exercise(
    __name__,
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
        pictures_case(1, (1, 3, 16, 19)),
        pictures_case(2, (2, 3, 18, 14)),
        pictures_case(3, (2, 3, 13, 17), loose=True),
        pictures_case(4, (2, 3, 20, 16), "almost gray"),
        pictures_case(5, (1, 3, 15, 16), "black and white"),
    ),
    takes={
        "image": tensor("B 3 H W", ("uniform", "ties")),
        "reference": tensor("B 3 H W", ("uniform", "ties", "equal")),
    },
    sizes={"H": (11, 15), "W": (11, 15), "B": (1, 2)},
    drawn=4,
    laws=(alike_itself, alike_both_ways, alike_alone, lighter, negative, gray),
    conventions=tuple(
        Convention(known.id, _of_edges(known.function), known.message)  # whoever took one for ``ssim`` has it here too
        for known in SSIM.conventions
    ),
    verified="edges of luminance, brought to the range of 0 to 1 and compared in windows",
)
