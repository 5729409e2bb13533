"""The exercise ``sobel_edges``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nstlib import filters
from nstlib.check.convolution._shared import apply
from nstlib.check.drawing import ANY, PICTURE, tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)


def _edges_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{if_loose(loose)}", make, {"2": 2.0, "4": 4.0, "16": 16.0, "64": 64.0})


def _edges(function: Function, image: Tensor) -> Tensor:
    return torch.as_tensor(function(image))


@law("a ramp is equally steep everywhere inside, and not flat")
def of_a_ramp(function: Function) -> bool:
    ramp = (0.03 * torch.arange(7.0) + 0.04 * torch.arange(6.0)[:, None])[None, None]
    inside = _edges(function, ramp)[..., 1:-1, 1:-1]
    return bool(inside.min() > 0) and close(inside, inside.mean().expand(inside.shape))


@law("a gray picture has no edges, not even along its border")
def of_gray(function: Function) -> bool:
    return bool(_edges(function, torch.full((1, 2, 4, 5), 0.7)).abs().max() < 1e-5)


@law("a brighter copy has the same edges")
def brighter(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, image + 0.5), _edges(function, image))


@law("the negative has the same edges")
def negative(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, 1 - image), _edges(function, image))


@law("turning the picture turns its edges")
def turned(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, image.rot90(1, (2, 3))), _edges(function, image).rot90(1, (2, 3)))


@law("each channel of each image has its own edges")
def channels(function: Function) -> bool:
    image = uniform(9, 2, 3, 5, 6)
    return close(_edges(function, image)[1:, 1:2], _edges(function, image[1:, 1:2].clone()))


_SLOPE = torch.tensor(filters.SLOPE)


_SMOOTHING = torch.tensor(filters.SMOOTHING)


def _slopes(image: Tensor, mode: str = "replicate", smoothing: Tensor | None = _SMOOTHING) -> tuple[Tensor, Tensor]:
    """Return the slopes along the rows and along the columns, before they are put together."""
    return apply(image, _SLOPE, smoothing, mode), apply(image, smoothing, _SLOPE, mode)


def _length(across: Tensor, down: Tensor) -> Tensor:
    return (across.square() + down.square()).sqrt()


def edges_down_only(image: Tensor) -> Tensor:
    return _slopes(image)[1].abs()


def edges_across_signed(image: Tensor) -> Tensor:
    return _slopes(image)[0]


def edges_down_signed(image: Tensor) -> Tensor:
    return _slopes(image)[1]


def edges_across_only_whole(image: Tensor) -> Tensor:
    return 8 * one_direction(image)


def edges_down_only_whole(image: Tensor) -> Tensor:
    return 8 * edges_down_only(image)


@mistake(
    "Only one direction counts, so an edge that runs the other way is not seen. Which second kernel is missing?",
    variants=(
        edges_down_only,
        edges_across_signed,
        edges_down_signed,
        edges_across_only_whole,
        edges_down_only_whole,
    ),
)
def one_direction(image: Tensor) -> Tensor:
    return _slopes(image)[0].abs()


@mistake(
    "Both kernels look in the same direction. The second is the first one turned on its side: rows become columns."
)
def same_direction_twice(image: Tensor) -> Tensor:
    return _slopes(image)[0].abs() * math.sqrt(2)


def edges_squared_whole(image: Tensor) -> Tensor:
    return (8 * _length(*_slopes(image))).square()


@mistake(
    "These are squares of lengths: strong edges drown all others. What is missing at the end?",
    variants=(edges_squared_whole,),
)
def not_rooted(image: Tensor) -> Tensor:
    return _length(*_slopes(image)).square()


def edges_by_absolute_whole_values(image: Tensor) -> Tensor:
    return 8 * absolute_values(image)


@mistake(
    "The two slopes' sizes are added, so that a diagonal edge counts up to 1.4 times as much. How long is an arrow "
    "of 3 across and 4 down?",
    variants=(edges_by_absolute_whole_values,),
)
def absolute_values(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return across.abs() + down.abs()


@mistake("Only the larger of the two slopes counts. How long is an arrow of 3 across and 4 down?")
def larger_of_the_two(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return torch.maximum(across.abs(), down.abs())


def edges_of_the_sum(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return (across + down).abs()


@mistake(
    "The two slopes are added with their signs, so on some diagonals they cancel. What is the length of an arrow?",
    variants=(edges_of_the_sum,),
)
def signs_cancel(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return across + down


def edges_with_a_frame_whole(image: Tensor) -> Tensor:
    return 8 * frame(image)


@mistake(
    "There is a frame around the picture: padding with zeros makes an edge where none was. Repeat the edge pixels.",
    variants=(edges_with_a_frame_whole,),
)
def frame(image: Tensor) -> Tensor:
    return _length(*_slopes(image, "constant"))


def edges_shrunk_whole(image: Tensor) -> Tensor:
    return 8 * shrunk(image)


@mistake(
    "The result is smaller than the image. Which pixels could stand in for those beyond the border?",
    variants=(edges_shrunk_whole,),
)
def shrunk(image: Tensor) -> Tensor:
    return _length(*_slopes(image, "none"))


def edges_after_prewitt(image: Tensor) -> Tensor:
    return _length(*_slopes(image, smoothing=torch.full((3,), 1 / 3)))


def edges_after_prewitt_whole(image: Tensor) -> Tensor:
    return 6 * edges_after_prewitt(image)


@mistake(
    "These are slopes, but not Sobel's: along the edge, neighbors are averaged with the weights 1, 2, 1.",
    variants=(edges_after_prewitt, edges_after_prewitt_whole),
)
def other_kernel(image: Tensor) -> Tensor:
    return _length(*_slopes(image, smoothing=None))


def edges_of_all_channels(image: Tensor) -> Tensor:
    return filters.sobel_edges(image).sum(1, keepdim=True)


def edges_of_the_summed_channels(image: Tensor) -> Tensor:
    return filters.sobel_edges(image.sum(1, keepdim=True))


@mistake(
    "The channels are put together. Each is taken by itself here, and the shape stays as it was.",
    variants=(edges_of_all_channels, edges_of_the_summed_channels),
)
def channels_mixed(image: Tensor) -> Tensor:
    return filters.sobel_edges(image.mean(1, keepdim=True))


@mistake(
    "This is Sobel's kernel in whole numbers, as it is often used. Here it is divided by 8, so that the result is "
    "brightness per pixel."
)
def whole_numbers(image: Tensor) -> Tensor:
    return 8 * filters.sobel_edges(image)


@mistake(
    "It is 1.4 times too large, as scikit-image has it (divided by 4, and by the root of 2 for the two directions). Here "
    "each of the two kernels is divided by 8, and the length is taken as it is."
)
def scikit_image(image: Tensor) -> Tensor:
    return math.sqrt(2) * filters.sobel_edges(image)


EXERCISE = Exercise(
    __name__,
    title="Nine numbers that find edges",
    difficulty=2,
    minutes=12,
    signature="sobel_edges(image)",
    hints=(
        "An edge is where the picture is steep. Steepness has two directions: measure how it changes from left to right "
        "and from top to bottom, then take the length of that arrow.",
        "Two kernels: the given one, and the same turned on its side. Repeat the edge pixels by one on all four sides, "
        "and treat each channel as an image of its own: `image.flatten(0, 1)[:, None]`.",
        "`x = F.pad(x, (1, 1, 1, 1), mode='replicate')`; `gx = F.conv2d(x, kernel[None, None])` and `gy` with "
        "`kernel.T[None, None]`; then `(gx**2 + gy**2).sqrt().reshape(image.shape)`.",
    ),
    reference=filters.sobel_edges,
    cases=(
        _edges_case(1, (1, 3, 4, 5)),
        _edges_case(2, (2, 3, 6, 5)),
        _edges_case(3, (2, 4, 5, 7), loose=True),
        _edges_case(4, (1, 2, 7, 3)),
        _edges_case(5, (1, 1, 5, 1)),
    ),
    takes={"image": tensor("B C H W", (*ANY, *PICTURE))},
    verified="both directions, the length of the arrow, no frame",
)
