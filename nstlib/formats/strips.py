"""A large picture is made smaller strip by strip: what is done to its colors is never done to all of it at once."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from nstlib.formats.sizes import scaled

STRIP = 4_000_000  # pixels of a strip, about: a strip's copies take some 100 MB
GAP = 3.0  # a picture is averaged over blocks while it is more than this many times too large; Pillow's reducing_gap
ORIENTATION = 0x0112  # its number in EXIF data
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def fitted_in_strips(
    stored: Image.Image,
    size: int | None,
    change: Callable[[Image.Image], Image.Image],
    *,
    announced: tuple[int, int] | None = None,
) -> Image.Image:
    """Return a picture upright, changed, and with a longer side of ``size`` pixels (Lanczos, antialiased).

    The result is the same to the last bit as that of changing the whole picture and resizing it.

    Args:
        stored: decoded, as it lies in its file.
        size: None keeps its size.
        change: what is done to each upright strip, pixel by pixel. Its result's mode must be the same for all strips.
        announced: the picture's width and height, if it was made smaller while it was read.
    """
    orientation = stored.getexif().get(ORIENTATION, 1)
    width, height = stored.size[::-1] if orientation in (5, 6, 7, 8) else stored.size
    if size is None:
        return change(_upright(stored, orientation, 0, height))
    longer, shorter = sorted(announced or stored.size, reverse=True)
    target = scaled((longer, shorter) if width >= height else (shorter, longer), size)
    across, down = (max(1, int(old / new / GAP)) for old, new in zip((width, height), target, strict=True))
    if across == down == 1 or width * height <= STRIP:
        whole = change(_upright(stored, orientation, 0, height))
        return whole.resize(target, Image.Resampling.LANCZOS, reducing_gap=GAP)
    smaller, rows = None, max(1, STRIP // width // down) * down
    for top in range(0, height, rows):
        strip = change(_upright(stored, orientation, top, min(top + rows, height))).reduce((across, down))
        smaller = smaller or Image.new(strip.mode, (strip.width, -(-height // down)))
        smaller.paste(strip, (0, top // down))
    return smaller.resize(target, Image.Resampling.LANCZOS, box=(0, 0, width / across, height / down))


def _upright(stored: Image.Image, orientation: int, top: int, bottom: int) -> Image.Image:
    """Return the rows from ``top`` to ``bottom`` of the upright picture, in which they may be columns of the stored one."""
    width, height = stored.size
    along = width if orientation in (5, 6, 7, 8) else height
    if orientation in (3, 4, 7, 8):
        top, bottom = along - bottom, along - top
    box = (top, 0, bottom, height) if orientation in (5, 6, 7, 8) else (0, top, width, bottom)
    strip = stored if box == (0, 0, width, height) else stored.crop(box)
    return strip.transpose(_TURNS[orientation]) if orientation in _TURNS else strip
