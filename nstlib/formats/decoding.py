"""What the numbers in a picture file mean, whatever its format: colors in sRGB, and opacity.

Pillow decodes; here stands what it leaves open (which numbers are white, what a color profile changes) and what it
gets wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from nstlib.errors import ImageError
from nstlib.formats.profiles import gray_table, to_srgb

_BITS, _COMPRESSION, _PHOTOMETRIC, _PLANAR = 258, 259, 262, 284  # TIFF's tags


def coloring(stored: Image.Image, path: Path, *, managed: bool = True) -> Callable[[Image.Image], Image.Image]:
    """Return what gives a part of the picture, upright or not, its colors without its transparency.

    Colors that lie under it are seen. The result's mode is RGB with 8 bits a channel or, for gray of more than 8 bits,
    mode F with values in [0, 1].

    Args:
        stored: decoded.
        path: for messages.
        managed: whether the file's color profile is applied.

    Raises:
        ImageError: if these are no pixels of a picture.
    """
    icc = stored.info.get("icc_profile") if managed else None
    if is_deep(stored):
        return _deep_gray(stored, gray_table(icc), path)
    if _is_scrambled(stored):
        raise ImageError(
            f"{path} is a TIFF with 16 bits a channel in separate planes, which Pillow misreads. "
            "Save it as PNG, or as a TIFF with interleaved channels."
        )
    if stored.mode == "CMYK":
        return lambda part: to_srgb(part, icc)
    if stored.mode not in ("L", "LA"):
        return lambda part: to_srgb(_without_transparency(part), icc)
    table = gray_table(icc)
    if table is None:
        return _without_transparency
    return lambda part: _without_transparency(part).point(table.tolist() * 3)


def opacity(part: Image.Image) -> Image.Image:
    """Return where a part of a picture that has transparency is opaque, mode L (255: opaque)."""
    if is_deep(part):
        return Image.fromarray(np.where(np.asarray(part) == part.info["transparency"], 0, 255).astype(np.uint8))
    return part.convert("RGBA").getchannel("A")


def is_deep(image: Image.Image) -> bool:
    """Whether it is gray with more than 8 bits, or floats."""
    return image.mode.startswith("I") or image.mode == "F"


def _without_transparency(part: Image.Image) -> Image.Image:
    if part.mode == "RGB":
        return part
    if part.has_transparency_data:
        part = part.convert("RGBA")  # from here to RGB each color survives; directly, palettes may warn
    return part.convert("RGB")


def _tiff_tag(stored: Image.Image, tag: int, default: int) -> int:
    """Return the (largest) value of a tag, or the default if the file has no such tag, or is no TIFF."""
    if stored.format != "TIFF":
        return default
    value = stored.tag_v2.get(tag, default)
    return max(value) if isinstance(value, tuple) else value


def _is_scrambled(stored: Image.Image) -> bool:
    """Whether Pillow would mix up the planes of this TIFF: it takes each, if not compressed, for 8 bits."""
    deep, separate = _tiff_tag(stored, _BITS, 1) > 8, _tiff_tag(stored, _PLANAR, 1) == 2
    return deep and separate and _tiff_tag(stored, _COMPRESSION, 1) == 1


def _deep_gray(stored: Image.Image, table: np.ndarray | None, path: Path) -> Callable[[Image.Image], Image.Image]:
    """Scale gray values to [0, 1]: integers are 16-bit numbers; floats are 0..1 or, if any exceeds it, 0..255."""
    values = np.asarray(stored)
    low, high, whole = float(values.min()), float(values.max()), values.dtype.kind in "iu"
    top = 2 ** min(_tiff_tag(stored, _BITS, 16), 16) - 1 if whole else 1 if high <= 1 else 255
    if not 0 <= low <= high <= top:  # also false for NaN
        raise ImageError(
            f"{path} holds gray values from {low:g} to {high:g}; a picture has integers in 0..65535, "
            "or floats in 0..1 or 0..255. Scale them and save again."
        )
    inverted = _tiff_tag(stored, _PHOTOMETRIC, 1) == 0  # "white is zero"; Pillow inverts only 8 bits

    def change(part: Image.Image) -> Image.Image:
        gray = np.asarray(part) / top
        if inverted:
            gray = 1 - gray
        if table is not None:  # between its 256 entries gray stays as fine as it is
            gray = np.interp(255 * gray, np.arange(256), table) / 255
        return Image.fromarray(gray.astype(np.float32))

    return change
