"""The numbers in a picture mean colors only together with its ICC profile: from the profile's colors to sRGB.

A camera or an editor may store wide colors (Adobe RGB, Display P3): the same numbers, taken for sRGB, look pale.
LittleCMS, which comes with Pillow, computes what a viewer would show.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

_log = logging.getLogger(__name__)
_EXACT = 0x0100  # LittleCMS' flag NOOPTIMIZE: its shortcut for gray is off by up to 10 of 255 in the shadows


def drop_damaged(stored: Image.Image, path: Path) -> None:
    """Take a damaged profile away from the picture, and have the log say so; without any setup, it prints that line."""
    icc = stored.info.get("icc_profile")
    if icc and _is_damaged(icc):
        name = str(path) if str(path).isprintable() else repr(str(path))
        _log.warning("%s has a damaged color profile, which is left out.", name)
        stored.info["icc_profile"] = None


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Return the picture in mode RGB with the numbers that sRGB has for its colors.

    A profile that is damaged, or that is not for this kind of picture, is ignored, as viewers do. So is one that
    would change no color by more than 1 of 255: it is sRGB's own, and rounding is no reason to change a picture.

    Args:
        image: mode RGB or CMYK.
        icc: the profile's bytes; None or empty if there is none.
    """
    if image.mode == "RGB" and _changes_little(_samples(), _transformed(_samples(), icc)):
        return image
    converted = _transformed(image, icc)
    return image.convert("RGB") if converted is None else converted


def gray_table(icc: bytes | None) -> np.ndarray | None:
    """Return what each gray value 0 .. 255 is in sRGB, shape (256,), or None if it stays as it is."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    converted = _transformed(ramp, icc, flags=_EXACT)
    return None if _changes_little(ramp.convert("RGB"), converted) else np.asarray(converted)[0, :, 1]


def _transformed(image: Image.Image, icc: bytes | None, flags: int = 0) -> Image.Image | None:
    """Return the picture in sRGB, or None if there is no profile, or none that can be used for it.

    The intent is Pillow's default, "perceptual": the blackest ink becomes black, not the gray that paper shows.
    """
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB", flags=flags)
    except (OSError, ImageCms.PyCMSError, ImportError):  # damaged; of another kind; a Pillow without LittleCMS
        return None


def _is_damaged(icc: bytes) -> bool:
    """Whether nobody could use the profile; one for another kind of picture is no damage."""
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile.xcolor_space.strip()
    except OSError:
        return True
    except ImportError:  # a Pillow without LittleCMS
        return False
    pixel = {"RGB": Image.new("RGB", (1, 1)), "GRAY": Image.new("L", (1, 1)), "CMYK": Image.new("CMYK", (1, 1))}.get(
        space
    )
    return pixel is not None and _transformed(pixel, icc) is None


def _samples() -> Image.Image:
    """Return all colors whose channels are multiples of 15, as a picture."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3))


def _changes_little(before: Image.Image, after: Image.Image | None) -> bool:
    """Whether no value changes by more than 1 of 255; also if nothing could be converted."""
    return after is None or int(np.abs(np.asarray(after, int) - np.asarray(before, int)).max()) <= 1
