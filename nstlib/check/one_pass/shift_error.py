"""The exercise ``shift_error``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import changed, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform

Painter = Callable[[Tensor], Tensor]


def shift_error(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    """Return how far a painter is from following a camera that turns to the right by so many pixels.

    What the turned camera sees lacks the image's first columns. Painted, it is compared with what the whole image, painted,
    shows there: the root of the mean squared difference.

    Args:
        paint: from an image (B, 3, H, W) to one of the same shape. image: shape (B, 3, H, W). pixels: from 0 to W - 2.
    """
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean().sqrt()


def _on_a_grid(image: Tensor) -> Tensor:
    """Paint pairs of columns in the color of the first one, as a network with strides does; a last odd one is by itself."""
    return image[..., ::2].repeat_interleave(2, 3)[..., : image.shape[3]]


def _painter(seed: int) -> Painter:
    """Return a painter on a grid that also minds what is above, and how light the whole row is, as norms do."""

    def paint(image: Tensor) -> Tensor:
        gain = 0.5 + uniform(seed, 1, 3, 1, 1, dtype=image.dtype).to(image)
        above = F.pad(image, (0, 0, 1, 0))[..., :-1, :]
        return gain * _on_a_grid(image) + above / 4 + image.square().mean(3, keepdim=True)

    return paint


def _case(seed: int, shape: tuple[int, ...], pixels: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Painter, Tensor, int]:
        image = uniform(seed, *shape, dtype=dtype)
        return _painter(seed + 5), scattered(image) if loose else image, pixels

    return Case(f"image {shape}{if_loose(loose)}, {pixels} pixels", make)


def _image() -> Tensor:
    return uniform(3, 1, 3, 5, 9)


@law("a painter that changes each pixel by itself follows every camera")
def pointwise(function: Function) -> bool:
    return close(function(lambda image: 1 - image.square(), _image(), 3), 0.0)


@law("a camera that stands still shows no error")
def still(function: Function) -> bool:
    return close(function(_painter(1), _image(), 0), 0.0)


@law("a painter on a grid of two pixels follows by 2, not by 1")
def grid(function: Function) -> bool:
    value = float(torch.as_tensor(function(_on_a_grid, _image(), 1)))
    return close(function(_on_a_grid, _image(), 2), 0.0) and value > 0.01


@law("a painter of twice the contrast has twice the error")
def contrast(function: Function) -> bool:
    once = torch.as_tensor(function(_painter(1), _image(), 1))
    return close(function(lambda image: 2 * _painter(1)(image), _image(), 1), 2 * once)


@law("a painter whose light grows by 0.1 a column, from where the picture begins, errs by 0.1 a pixel")
def ramp(function: Function) -> bool:
    def paint(image: Tensor) -> Tensor:
        return image + 0.1 * torch.arange(image.shape[3]).to(image)

    return close(function(paint, _image(), 3), 0.3)


@mistake("This is the mean square. Take its root: it is in the units of the picture.")
def mean_square(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return shift_error(paint, image, pixels).square()


@mistake("This is the mean of the absolute differences. Asked for is the root of the mean square.")
def mean_absolute(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).abs().mean()


def _measured(measure: Callable[[Tensor, Tensor], Tensor]) -> Function:
    return lambda paint, image, pixels: measure(paint(image[..., pixels:]), paint(image)[..., pixels:])


other_measure = mistake(
    "The right two are compared, but in another way: by the largest difference, its spread, a mean in which signs cancel, "
    "or relative to a painting. Asked for is the root of the mean square.",
    "other_measure",
)(
    _measured(lambda a, b: (a - b).abs().max()),
    _measured(lambda a, b: (a - b).std()),
    _measured(lambda a, b: (a - b).std(correction=0)),
    _measured(lambda a, b: (a - b).mean().abs()),
    _measured(lambda a, b: (a - b).mean()),
    _measured(lambda a, b: (a - b).norm() / b.norm()),
)


@mistake("The squares are summed, not averaged: a larger picture would have a larger error.")
def summed(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().sum().sqrt()


@mistake("The picture is moved in a circle: what leaves at the left comes back at the right, which no camera sees.")
def in_a_circle(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return (paint(image.roll(-pixels, 3)) - paint(image).roll(-pixels, 3)).square().mean().sqrt()


@mistake("The camera turns down: rows are missing. To the right the first *columns* leave, axis 3.")
def downward(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return (paint(image[..., pixels:, :]) - paint(image)[..., pixels:, :]).square().mean().sqrt()


@mistake("The camera turns to the left: the last columns are missing. To the right the first ones leave.")
def leftward(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    width = image.shape[3] - pixels
    return (paint(image[..., :width]) - paint(image)[..., :width]).square().mean().sqrt()


@mistake(
    "The painted pictures are compared without moving one of them back: most of this difference is the camera's turn. "
    "Which columns of the first painting show the same scene?"
)
def not_moved_back(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    width = image.shape[3] - pixels
    return (paint(image[..., pixels:]) - paint(image)[..., :width]).square().mean().sqrt()


@mistake("The photos are compared, not the paintings.")
def not_painted(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    return (image[..., pixels:] - paint(image)[..., pixels:]).square().mean().sqrt()


@mistake(
    "The error is 0 always: something is compared with itself. The cut picture is painted; the whole picture is painted "
    "and then cut. Do you have both?"
)
def painted_once(paint: Painter, image: Tensor, pixels: int) -> Tensor:
    painted = paint(image)[..., pixels:]
    return (painted - paint(image)[..., pixels:]).square().mean().sqrt()


EXERCISE = Exercise(
    __name__,
    title="Does the paint follow the camera?",
    difficulty=2,
    minutes=8,
    signature="shift_error(paint, image, pixels)",
    hints=(
        "Two ways to the same view: turn the camera and then paint, or paint and then turn. A painter that follows makes no "
        "difference between them.",
        "Turning to the right by k pixels drops the first k columns, axis 3. Drop them from the image, or from the "
        "painting, and compare the two.",
        "`(paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean().sqrt()`.",
    ),
    reference=shift_error,
    cases=(
        _case(1, (1, 3, 4, 7), 1),
        _case(2, (2, 3, 5, 8), 3),
        _case(3, (2, 3, 3, 9), 1, loose=True),
        _case(4, (1, 3, 1, 6), 3),
        _case(5, (1, 3, 6, 5), 0),
    ),
    takes={
        "paint": changed(whole(0, 99), _painter, "on a grid of two pixels ({})"),
        "image": tensor("B 3 H W", ("uniform", "ties")),
        "pixels": whole(0, 4),
    },
    sizes={"H": (1, 6), "W": (6, 9)},
    verified="turned then painted, against painted then turned",
)
