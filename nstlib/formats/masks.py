"""What is not color in a picture: where it is opaque, and which part of an image it marks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib.errors import ImageError, ShapeError
from nstlib.formats.decoding import coloring, opacity
from nstlib.formats.opening import announced_size, decode, opened
from nstlib.formats.sizes import MAX_PIXELS, by
from nstlib.formats.strips import fitted_in_strips


def load_alpha(path: str | os.PathLike[str], *, size: int | None = None, max_pixels: int = MAX_PIXELS) -> Tensor | None:
    """Return how opaque each pixel of a picture is, or None if all of it is opaque.

    ``load_image`` shows a background through what is transparent; with this, ``save_image`` makes it transparent again.
    Half transparent pixels are then mixed twice: with a background like their own colors no rim is seen.

    Args:
        path: the file.
        size: as for ``load_image``: the same size gives the same H and W.
        max_pixels: as for ``load_image``.

    Returns:
        Shape (1, 1, H, W), float32 in [0, 1] with 8 bits; 1 is opaque. Or None.

    Raises:
        ImageError: as ``load_image``.
    """
    path = Path(path)
    with opened(path) as stored:
        announced = announced_size(stored, path, size, max_pixels)
        if not stored.has_transparency_data:
            return None
        decode(stored, path)
        least = []  # of each part

        def change(part: Image.Image) -> Image.Image:
            opaque = opacity(part)
            least.append(opaque.getextrema()[0])
            return opaque

        opaque = np.array(fitted_in_strips(stored, size, change, announced=announced))
    return None if min(least) == 255 else torch.from_numpy(opaque)[None, None].float().div(255)


def load_mask(path: str | os.PathLike[str], like: Tensor) -> Tensor:
    """Return which part of an image a picture marks: 1 where it is white, 0 where it is black or transparent.

    Gray marks a part of a pixel; so does the gray of a color (its luma), and transparency counts as black.
    A color profile is not applied: these numbers are amounts.

    Args:
        path: the file: a picture of the image's proportions, of any size.
        like: the image it belongs to, floats of shape (..., H, W).

    Returns:
        Shape (1, 1, H, W), values in [0, 1] (bilinear, antialiased: no ringing at edges), dtype and device of ``like``.

    Raises:
        ImageError: if the picture cannot be read, marks nothing, or has other proportions: more than 2 % and
            more than 2 pixels off. ShapeError: if ``like`` is no image.
    """
    if like.ndim < 2 or 0 in like.shape or not like.is_floating_point():
        raise ShapeError(
            f"load_mask needs the image that the mask is for, floats of shape (..., H, W), got {tuple(like.shape)} "
            f"of {like.dtype}."
        )
    path = Path(path)
    with opened(path) as stored:
        announced_size(stored, path, None)
        decode(stored, path)
        marked = fitted_in_strips(stored, None, coloring(stored, path, managed=False))
        opaque = fitted_in_strips(stored, None, opacity) if stored.has_transparency_data else None
        amounts = np.asarray(marked if marked.mode == "F" else marked.convert("L"), np.float32)
        amounts = amounts if marked.mode == "F" else amounts / 255
        if opaque is not None:
            amounts = amounts * (np.asarray(opaque, np.float32) / 255)
    height, width = like.shape[-2:]
    _check_proportions(path, marked.size, (width, height))
    fitted = Image.fromarray(amounts).resize((width, height), Image.Resampling.BILINEAR)
    mask = torch.from_numpy(np.array(fitted))[None, None].clamp(0, 1).to(like)
    if not mask.any():
        raise ImageError(f"{path} marks nothing: all of it is black or transparent. White is what a mask marks.")
    return mask


def _check_proportions(path: Path, mask: tuple[int, int], image: tuple[int, int]) -> None:
    """Compare the shorter sides at equal longer ones; rounding an image to whole pixels changes its proportions too."""
    longer, shorter = (0, 1) if image[0] >= image[1] else (1, 0)
    off = abs(mask[shorter] * image[longer] / mask[longer] - image[shorter])
    if off > 2 and off > 0.02 * image[shorter]:
        raise ImageError(
            f"{path} is {by(mask)} pixels and the image {by(image)}: the mask has other proportions. "
            "Make it from the same picture, cropped alike."
        )
