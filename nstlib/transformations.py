"""Small random changes of an image that what is shown in it must survive (chapter on dreams).

A pattern that excites a unit only if no pixel moves is an accident of the network; one that still does so after a push, a
turn and a change of size is what the unit looks for (Olah, Mordvintsev and Schubert, 2017). Each function here returns a
transformation: a function of an image and a ``torch.Generator`` that returns the changed image. All are differentiable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, whole_number

GRAY = 0.5  # what is beyond the border

Transformation = Callable[[Tensor, torch.Generator], Tensor]


@door(image="B C H W")
def transform(image: Tensor, transformations: Iterable[Transformation], generator: torch.Generator) -> Tensor:
    """Return the image after all transformations, one after the other.

    Args:
        image: shape (B, C, H, W). All images of a batch are changed alike; the size may change.
        transformations: such as the functions below return.
        generator: where the random numbers come from.

    >>> transform(torch.zeros(1, 3, 8, 8), [pad(2), jitter(3)], torch.Generator()).shape
    torch.Size([1, 3, 9, 9])
    """
    for transformation in transformations:
        image = transformation(image, generator)
    return image


@door(pixels="own")
def pad(pixels: int) -> Transformation:
    """Return a transformation that adds a gray border, so that the ones behind it have something to cut away."""
    whole_number("The pixels of pad", pixels, 0)
    return lambda image, generator: F.pad(image, (pixels,) * 4, value=GRAY)


@door(pixels="own")
def jitter(pixels: int) -> Transformation:
    """Return a transformation that shifts by up to ``pixels`` along each axis: it cuts a random window, smaller by that."""
    whole_number("The pixels of jitter", pixels, 0)

    def cut(image: Tensor, generator: torch.Generator) -> Tensor:
        height, width = (side - pixels for side in image.shape[2:])
        if min(height, width) < 1:
            raise ShapeError(
                f"jitter by {pixels} pixels needs a larger image than {tuple(image.shape[2:])}. Pad it first."
            )
        top, left = (_draw(pixels + 1, generator) for _ in range(2))
        return image[:, :, top : top + height, left : left + width]

    return cut


@door
def scale(factors: Sequence[float]) -> Transformation:
    """Return a transformation that resizes by one of the factors, drawn at random (bilinear)."""
    if not factors or not all(0 < factor < math.inf for factor in factors):
        raise ChoiceError(f"scale needs factors above 0, for example (0.9, 1, 1.1), got {factors!r}.")

    def resize(image: Tensor, generator: torch.Generator) -> Tensor:
        factor = factors[_draw(len(factors), generator)]
        size = [max(1, int(side * factor)) for side in image.shape[2:]]
        return F.interpolate(image, size, mode="bilinear")

    return resize


@door
def rotate(degrees: Sequence[float]) -> Transformation:
    """Return a transformation that turns the image by one of the angles, drawn at random (bilinear; gray corners).

    Args:
        degrees: positive turns counterclockwise, as one looks at the picture.
    """
    if not degrees or not all(math.isfinite(angle) for angle in degrees):
        raise ChoiceError(f"rotate needs angles in degrees, for example (-10, 0, 10), got {degrees!r}.")
    return lambda image, generator: rotated(image, degrees[_draw(len(degrees), generator)])


@door(image="B C H W", degrees="-1e9 to 1e9")
def rotated(image: Tensor, degrees: float) -> Tensor:
    """Return the image, shape (B, C, H, W), turned counterclockwise around its center; the corners become gray."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    batch, _, height, width = image.shape
    # The grid's coordinates run from -1 to 1 along each side, so a turn must know how long the sides are.
    turn = image.new_tensor([[cos, -sin * height / width, 0], [sin * width / height, cos, 0]])
    grid = F.affine_grid(turn.expand(batch, 2, 3), list(image.shape), align_corners=False)
    return F.grid_sample(image - GRAY, grid, align_corners=False) + GRAY  # zeros beyond the border


@door(image="_ _ _ _")
def roll(image: Tensor, down: int, right: int) -> Tensor:
    """Return the image moved in a circle: what leaves at one border comes back at the opposite one.

    ``roll(roll(image, down, right), -down, -right)`` is the image again, exactly.

    >>> roll(torch.arange(4.0).view(1, 1, 1, 4), 0, 1)
    tensor([[[[3., 0., 1., 2.]]]])
    """
    return image.roll((down, right), (2, 3))


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator, device=generator.device))


# Lucid's defaults (Olah et al., 2017), there with black corners for the rotation.
ROBUST = (
    pad(12),
    jitter(8),
    scale(tuple(1 + k / 50 for k in range(-5, 6))),
    rotate((*range(-10, 11), 0, 0, 0, 0, 0)),
    jitter(4),
)
