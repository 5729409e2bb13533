"""What a picture file holds, whatever its format: colors in sRGB, and opacity.

Pillow decodes; here stands what it leaves open (which numbers are white, what a color profile changes), what it
gets wrong, and the messages.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import ImageError
from nstlib.formats.profiles import gray_table, to_srgb

READABLE = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF")

_pillow_limit = threading.Lock()
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # how such a file begins
_BITS, _COMPRESSION, _PHOTOMETRIC, _PLANAR = 258, 259, 262, 284  # its tags


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, and turn whatever its decoder raises into an ImageError.

    Pillow's own pixel limit is a global that sometimes warns and sometimes raises; it is lifted meanwhile.
    """
    _check_file(path)
    with _pillow_limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with Image.open(path) as stored:
                _fit_transparent_color(stored)
                yield stored
        except ImageError:
            raise
        except PermissionError as error:
            raise ImageError(f"{path} cannot be read: {error.strerror}. Check the file's permissions.") from error
        except UnidentifiedImageError as error:
            raise ImageError(_unidentified(path)) from error
        except Exception as error:  # damaged files make decoders raise anything: SyntaxError, struct.error
            raise ImageError(f"{path} is damaged or incomplete ({error}). Copy or download it again.") from error
        finally:
            Image.MAX_IMAGE_PIXELS = before


def color(stored: Image.Image, path: Path, *, managed: bool = True) -> Image.Image:
    """Return the upright picture without its transparency: colors that lie under it are seen.

    Args:
        stored: from ``opened``.
        path: for messages.
        managed: whether the file's color profile is applied.

    Returns:
        Mode RGB with 8 bits a channel or, for gray of more than 8 bits, mode F with values in [0, 1].
    """
    icc = stored.info.get("icc_profile") if managed else None
    upright = ImageOps.exif_transpose(stored)
    if _is_deep(upright):
        return Image.fromarray(_deep_gray(stored, np.asarray(upright), gray_table(icc), path))
    if _is_scrambled(stored):
        raise ImageError(
            f"{path} is a TIFF with 16 bits a channel in separate planes, which Pillow misreads. "
            "Save it as PNG, or as a TIFF with interleaved channels."
        )
    if upright.mode == "CMYK":
        return to_srgb(upright, icc)
    is_gray = upright.mode in ("L", "LA")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")  # from here to RGB each color survives; directly, palettes may warn
    rgb = upright.convert("RGB")
    if not is_gray:
        return to_srgb(rgb, icc)
    table = gray_table(icc)
    return rgb if table is None else rgb.point(table.tolist() * 3)


def opacity(stored: Image.Image) -> Image.Image | None:
    """Return where the upright picture is opaque, mode L (255: opaque), or None if it is so everywhere."""
    if not stored.has_transparency_data:
        return None
    upright = ImageOps.exif_transpose(stored)
    if _is_deep(upright):
        alpha = Image.fromarray(np.where(np.asarray(upright) == stored.info["transparency"], 0, 255).astype(np.uint8))
    else:
        alpha = upright.convert("RGBA").getchannel("A")
    return None if alpha.getextrema()[0] == 255 else alpha


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ImageError(f"{path} is a folder. Name a picture in it.")
    if not path.parent.is_dir():
        raise ImageError(f"There is no file {path}: there is no folder {path.parent} either.")
    if not path.is_file():
        names = [file.name for file in path.parent.iterdir() if file.is_file()]
        near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
        near = near or [name for name in names if Path(name).stem == path.stem]
        hint = f"Did you mean {' or '.join(near)}?" if near else "Check the name and the folder."
        raise ImageError(f"There is no file {path}. {hint}")
    if path.stat().st_size == 0:
        raise ImageError(f"{path} is empty (0 bytes). Copy or download it again.")


def _unidentified(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(4) in _TIFF:
            return (
                f"{path} is a TIFF that cannot be read: damaged, or with pixels of a kind that Pillow does not know "
                "(such as floats in color, or 16-bit gray with transparency). Save it as PNG."
            )
    return (
        f"{path} is not a picture that can be read, whatever its name says. "
        f"{', '.join(READABLE)} work; convert anything else (SVG, HEIC, PDF, RAW) to PNG first."
    )


def _is_deep(image: Image.Image) -> bool:
    """Whether it is gray with more than 8 bits, or floats."""
    return image.mode.startswith("I") or image.mode == "F"


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


def _deep_gray(stored: Image.Image, values: np.ndarray, table: np.ndarray | None, path: Path) -> np.ndarray:
    """Scale gray values to [0, 1]: integers are 16-bit numbers; floats are 0..1 or, if any exceeds it, 0..255."""
    low, high = float(values.min()), float(values.max())
    whole = values.dtype.kind in "iu"
    top = 2 ** min(_tiff_tag(stored, _BITS, 16), 16) - 1 if whole else 1 if high <= 1 else 255
    if not 0 <= low <= high <= top:  # also false for NaN
        raise ImageError(
            f"{path} holds gray values from {low:g} to {high:g}; a picture has integers in 0..65535, "
            "or floats in 0..1 or 0..255. Scale them and save again."
        )
    gray = values / top
    if _tiff_tag(stored, _PHOTOMETRIC, 1) == 0:  # "white is zero"; Pillow inverts only 8 bits
        gray = 1 - gray
    if table is not None:  # between its 256 entries gray stays as fine as it is
        gray = np.interp(255 * gray, np.arange(256), table) / 255
    return gray.astype(np.float32)


def _fit_transparent_color(stored: Image.Image) -> None:
    """Give the one color that a PNG calls transparent as many bits as Pillow gives the pixels, which it forgets to do.

    Of 16 bits a channel eight remain, in the color as in the pixels: its closest neighbors become transparent too.
    """
    key = stored.info.get("transparency")
    if stored.format != "PNG" or not stored.tile or not isinstance(key, (int, tuple)):
        return
    bits = stored.tile[0][3]
    if bits == "RGB;16B":
        stored.info["transparency"] = tuple(value >> 8 for value in key)
    elif bits in ("L;2", "L;4", "1"):
        stored.info["transparency"] = {"L;2": 85 * key, "L;4": 17 * key, "1": 255 * (key > 0)}[bits]
