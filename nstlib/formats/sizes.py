"""Sides of pictures, in pixels: what they become, and which are too long, from a file's header alone."""

from __future__ import annotations

import math
import operator
from pathlib import Path

from nstlib.errors import ImageError

MAX_PIXELS = 100_000_000  # a tensor of that many pixels holds 1.2 GB


def check_size(path: Path, stored: tuple[int, int], size: int | None, most: int) -> None:
    """Refuse, from the header alone, a picture that is too large to decode or that cannot have that size."""
    _check_pixels(f"{path} is", *stored, most, "Make it smaller first.")
    if size is not None:
        _check_pixels(f"{path} would become", *scaled(stored, size, what=str(path)), most, "Use a smaller size.")


def scaled(stored: tuple[int, int], size: int, *, what: str = "The image") -> tuple[int, int]:
    """Return the two sides, scaled so that the longer one is ``size``."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or operator.index(size) < 1:
        raise ImageError(f"size, the longer side in pixels, must be a whole number of at least 1, got {size!r}.")
    longer, shorter = max(stored), min(stored)
    short = math.floor(shorter * size / longer + 0.5)
    if short < 1:
        raise ImageError(
            f"{what} is {by(stored)} pixels: with a longer side of {size}, nothing of the shorter one would remain. "
            f"Use a size of at least {math.ceil(longer / (2 * shorter))}, or crop it."
        )
    return (size, short) if stored[0] == longer else (short, size)


def by(size: tuple[int, int]) -> str:
    """Return width and height in words."""
    return f"{size[0]} x {size[1]}"


def _check_pixels(what: str, width: int, height: int, most: int, advice: str) -> None:
    if width * height > most:
        raise ImageError(
            f"{what} {width:,} x {height:,} pixels, {width * height:,} in all; the limit is {most:,}. {advice}"
        )
