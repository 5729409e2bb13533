"""Photos to learn painting from: one's own, the course's, or those that scikit-image brings along and pictures drawn here.

A network learns to paint scenes, so it should see some: light and dark, near and far, even areas and fine ones. Few scenes
do: a style of rings was learned better in 200 steps from five of the course's photos (distance of a painted cat, which is
not among them, from the style: .45) than in 250 from scikit-image's twenty pictures, half of them gray textures (.71).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ImageError, ShapeError
from nstlib.images import load_image, pictures, resize
from nstlib.one_pass import CROP

SIZES = (288, 176)  # longer sides at which each is looked at: things come near and far
MOST = 144  # photos that are read: there are not more pieces than these give
GRAY = ("camera", "coins", "clock", "moon", "brick", "grass", "gravel")
DRAWN = 6


def read_photos(paths: Sequence[Path], note: Callable[[str], None]) -> list[Tensor]:
    """Return photos, each at two sizes, shape (1, 3, H, W) each, no side below what a piece needs.

    Args:
        paths: pictures; of many, some from all along. note: is told of those that cannot be read.

    Raises:
        ImageError: if none can be read.
    """
    chosen = paths if len(paths) <= MOST else [paths[k * len(paths) // MOST] for k in range(MOST)]
    photos, first = [], None
    for path in chosen:
        try:
            photos += at_sizes(load_image(path, size=2 * max(SIZES)))
        except (ImageError, ShapeError) as error:
            first = first or error
            note(f"Left out: {error}")
    if not photos:
        raise ImageError("There is no photo to learn from.") from first
    return photos


def stock_photos(generator: torch.Generator, more: Sequence[Tensor] = (), *, crop: int = CROP) -> list[Tensor]:
    """Return scikit-image's photographs, ``more``, and drawn pictures, each at two sizes, no side below ``crop``.

    Raises:
        ImageError: if scikit-image is not installed.
    """
    try:
        import skimage.data

        gray = [_tinted(as_picture(getattr(skimage.data, name)()), generator) for name in GRAY]
        left, right, _ = skimage.data.stereo_motorcycle()
        colored = [as_picture(array) for array in (left, right, skimage.data.retina())]
    except (ImportError, OSError, ValueError) as error:  # some of its pictures are fetched when they are asked for
        raise ImageError(
            "A network learns from photos. Name a folder of yours, --photos DIR: five of different scenes will do. Or let "
            "scikit-image bring some: pip install scikit-image"
        ) from error
    drawn = [_drawn(generator) for _ in range(DRAWN)]
    return [each for photo in (*gray, *colored, *more, *drawn) for each in at_sizes(photo, crop)]


def course_photos(but: str) -> list[Path]:
    """Return the course's photos without the one of that name; none if the course's pictures are not here."""
    try:
        return [path for name, path in pictures("content").items() if name != but]
    except ImageError:
        return []


def at_sizes(photo: Tensor, crop: int = CROP) -> list[Tensor]:
    """Return a photo at two sizes, larger where it is so narrow that a piece of ``crop`` pixels would not fit into it."""
    return [resize(photo, size) for size in fitting_sizes(photo, crop)]


def fitting_sizes(photo: Tensor, crop: int = CROP) -> list[int]:
    """Return the longer sides at which a photo is looked at, none of which leaves a side below ``crop``."""
    longer, shorter = max(photo.shape[2:]), min(photo.shape[2:])
    return [max(size, math.ceil(crop * longer / shorter)) for size in SIZES]


def as_picture(array) -> Tensor:
    """Return 8-bit values, (H, W) or (H, W, 3), as (1, C, H, W) in [0, 1]."""
    values = torch.tensor(array.copy()).float() / 255
    return values.movedim(-1, 0)[None] if values.ndim == 3 else values[None, None]


def _tinted(gray: Tensor, generator: torch.Generator) -> Tensor:
    """Return a gray picture between two colors, a dark one and a light one."""
    dark, light = (torch.rand(3, generator=generator).view(1, 3, 1, 1) * 0.4 + low for low in (0.0, 0.6))
    return dark + gray * (light - dark)


def _drawn(generator: torch.Generator, size: int = 288) -> Tensor:
    """Return ellipses with soft light on a sky that changes slowly: areas as even as photographs have them."""
    down, right = torch.meshgrid(*[torch.linspace(0, 1, size)] * 2, indexing="ij")

    def some(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    top, bottom = some(2, 3, 1, 1)
    image = top + (bottom - top) * down
    for row, column, tall, wide, slope in some(14, 5).tolist():
        color = some(3, 1, 1) * (0.6 + 0.4 * right)
        away = ((down - row) / (0.05 + 0.2 * tall)) ** 2 + (
            (right - column + slope * (down - row)) / (0.05 + 0.2 * wide)
        ) ** 2
        image = torch.where(away < 1, color * (1.1 - 0.3 * away), image)
    return F.interpolate(image[None].clamp(0, 1), size)
