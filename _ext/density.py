"""How many pixels a figure's file has for each of its place on a page: its resolution says so."""

from __future__ import annotations

from PIL import Image

DPI = 100  # of a figure that has one


def density_of(image: Image.Image) -> int:
    """Return it for an opened picture, along a side; 1 where nothing is said."""
    return max(1, round(image.info.get("dpi", (DPI, DPI))[0] / DPI))
