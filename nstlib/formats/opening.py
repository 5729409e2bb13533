"""Which files are pictures: headers are looked at before anything is decoded, and what cannot be read is told why.

A picture is refused for its pixels alone. Metadata can be odd in every way (EXIF data above all) and viewers show the
picture all the same; so they are read by themselves, for what is needed: which side is up, and what the numbers mean.
"""

from __future__ import annotations

import ctypes
import difflib
import io
import logging
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, UnidentifiedImageError

from nstlib.errors import ImageError
from nstlib.formats import png
from nstlib.formats.sizes import MAX_PIXELS, by, check_size, scaled
from nstlib.formats.strips import GAP, ORIENTATION

READABLE = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF")
LARGE = 40_000_000  # pixels: a JPEG of more is made smaller while it is read
MOST_IN_JPEG = 10  # times as many pixels as the limit says may be in a JPEG that is made smaller while it is read

_BEGINS = {
    png.SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"RIFF": "WEBP",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\1\0": "ICO",
}
# Those without a beginning of their own, or rare. No other decoder of Pillow sees the file: some run other programs (EPS).
_OTHERS = ("AVIF", "JPEG2000", "QOI", "PPM", "PCX", "DDS", "SGI", "PSD", "DIB", "TGA")
_UNKNOWN = {
    "TIFF": " (such as floats in color, or 16-bit gray with transparency)",
    "JPEG": " (such as 12 bits a channel)",
}
_HEIGHT, _STRIPS, _SAMPLES, _ROWS_PER_STRIP, _PLANAR = 257, 273, 277, 278, 284  # TIFF's tags
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_END_OF_JPEG = b"\xff\xd9"

_pillow_limit = threading.Lock()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # or what Pillow thinks of a TIFF is printed beside our line


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, and turn whatever its decoder raises into an ImageError.

    Pillow's own pixel limit is a global that sometimes warns and sometimes raises; it is lifted meanwhile. What Pillow warns
    of (odd metadata) is no concern of whoever wants the picture.
    """
    kind = _look_at(path)
    with _pillow_limit, warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        stack.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield _open(path, kind, stack)
        except ImageError:
            raise
        except UnidentifiedImageError as error:
            raise ImageError(_unidentified(path, kind)) from error
        except MemoryError as error:
            raise ImageError(f"There is not enough memory to decode {path}. Make it smaller first.") from error
        except Exception as error:  # damaged files make decoders raise anything: SyntaxError, struct.error
            if isinstance(error, OSError) and error.strerror:
                raise ImageError(_cannot_be_read(path, error)) from error
            why = " ".join(str(error).split())
            raise ImageError(f"{path} is damaged or incomplete ({why}). Copy or download it again.") from error


def announced_size(stored: Image.Image, path: Path, size: int | None, most: int = MAX_PIXELS) -> tuple[int, int]:
    """Return the width and height that the header of a picture from ``opened`` announces.

    A large JPEG will be made smaller while it is read, as far as ``size`` allows: then fewer pixels are decoded.

    Raises:
        ImageError: if it has, or would get, more than ``most`` pixels, or cannot have that size.
    """
    announced = stored.size
    if size is not None and stored.format in ("JPEG", "MPO") and announced[0] * announced[1] > LARGE:
        times = 2 if stored.info.get("progressive") else MOST_IN_JPEG  # a progressive one is first kept as a whole
        check_size(path, announced, None, times * most)
        stored.draft(None, tuple(int(GAP * side) for side in scaled(announced, size, what=str(path))))
    check_size(path, stored.size, size, most)
    return announced


def loaded_size(path: Path, size: int | None) -> tuple[int, int]:
    """Return the width and height that a picture is loaded with, from its header alone.

    Raises:
        ImageError: if it is no picture, or too large, or cannot have that longer side.
    """
    with opened(path) as stored:
        width, height = announced_size(stored, path, size)
        sideways = stored.getexif().get(ORIENTATION, 1) >= 5
    width, height = (width, height) if size is None else scaled((width, height), size, what=str(path))
    return (height, width) if sideways else (width, height)


def decode(stored: Image.Image, path: Path) -> None:
    """Decode a picture whose size has been looked at, or raise an ImageError if it lacks pixels that it announces."""
    if stored.format == "PNG":
        png.check_whole(path)
    if stored.format == "TIFF":
        _check_strips(stored, path)
    try:
        stored.load()
    except OSError:
        if stored.format not in ("JPEG", "MPO") or not _lacks_only_its_end(stored, path):
            raise


def _open(path: Path, kind: str | None, stack: ExitStack) -> Image.Image:
    metadata: dict = {}
    if kind == "PNG":
        file, metadata = png.pixels_only(stack.enter_context(path.open("rb")))
        stored = stack.enter_context(Image.open(file, formats=("PNG",)))
    else:
        if kind == "ICO":
            _check_icons(path)
        if kind == "TIFF":
            _silence_libtiff()
        stored = stack.enter_context(Image.open(path, formats=(kind,) if kind else _others()))
    stored.info.update(metadata)
    _keep_only_orientation(stored)
    _fit_transparent_color(stored)
    return stored


def _keep_only_orientation(stored: Image.Image) -> None:
    """Have a picture's EXIF data say which side is up, and nothing else: whoever reads more of them finds errors in them."""
    try:
        orientation = Image.Image.getexif(stored).get(ORIENTATION)  # not PNG's own, which decodes the picture
    except Exception:  # whatever stands there, the picture can be seen
        orientation = None
    exif = Image.Exif()
    if orientation in range(2, 9):
        exif[ORIENTATION] = int(orientation)
    stored.getexif = lambda: exif  # Pillow asks it too: TIFFs are turned while they are decoded


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


def _lacks_only_its_end(stored: Image.Image, path: Path) -> bool:
    """Give a cut JPEG its pixels, and return True, if all of them are there: then nothing that follows can change them."""
    with ExitStack() as stack:
        whole = path.read_bytes().rstrip(_END_OF_JPEG[:1])
        tails = (_END_OF_JPEG, b"\x5a" * 4096 + _END_OF_JPEG)
        first, second = (stack.enter_context(Image.open(io.BytesIO(whole + tail), formats=("JPEG",))) for tail in tails)
        for picture in (first, second):
            if stored.decoderconfig:
                picture.draft(None, stored.size)
            picture.load()
        if first.size != stored.size or ImageChops.difference(first, second).getbbox(alpha_only=False) is not None:
            return False
        stored.im, stored.tile = first.im, []
        return True


def _check_icons(path: Path) -> None:
    """Refuse an icon that holds more pixels than it announces: Pillow decodes it when it is opened."""
    with path.open("rb") as file:
        count = int.from_bytes(file.read(6)[4:], "little")
        for entry in (file.read(16) for _ in range(count)):
            announced = (entry[0] or 256, entry[1] or 256)
            place = file.tell()
            file.seek(int.from_bytes(entry[12:16], "little"))
            head = file.read(24)
            file.seek(place)
            if head.startswith(png.SIGNATURE):
                held = (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
            else:  # a bitmap, twice as high: its mask lies above it
                held = (int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little") // 2)
            # 256 is the most that an icon can announce.
            if any(more > said and said < 256 for more, said in zip(held, announced, strict=True)):
                raise ImageError(f"{path} is damaged (it announces {by(announced)} pixels and holds {by(held)}).")
            check_size(path, held, None, MAX_PIXELS)


def _check_strips(stored: Image.Image, path: Path) -> None:
    """Refuse a TIFF of tiles that are too large to decode, or without some of its rows, which Pillow leaves black."""
    width, height = (stored.tag_v2.get(tag, 0) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    if width * height > MAX_PIXELS:
        raise ImageError(f"{path} is damaged (it has tiles of {by((width, height))} pixels).")
    needed = stored.tag_v2[_HEIGHT] * (stored.tag_v2.get(_SAMPLES, 1) if stored.tag_v2.get(_PLANAR) == 2 else 1)
    strips, rows = stored.tag_v2.get(_STRIPS, ()), stored.tag_v2.get(_ROWS_PER_STRIP, needed)
    if strips and len(strips) * rows < needed:
        raise ImageError(
            f"{path} is damaged or incomplete (it holds {len(strips) * rows} of its {needed} rows). "
            "Copy or download it again."
        )


@cache
def _silence_libtiff() -> None:
    """Have libtiff not print what is wrong with a file: Pillow reports it too."""
    with suppress(AttributeError, OSError):  # a Pillow that hides its libtiff
        library = ctypes.CDLL(Image.core.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


@cache
def _others() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _OTHERS if name in Image.OPEN)


def _look_at(path: Path) -> str | None:
    """Return what a file begins like, or raise an ImageError that says why it cannot be a picture."""
    try:
        status = path.stat()
        begin = b""
        if stat.S_ISREG(status.st_mode):  # opening a pipe would wait for whoever writes to it
            with path.open("rb") as file:
                begin = file.read(16)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(_missing(path)) from error
    except OSError as error:
        raise ImageError(_cannot_be_read(path, error)) from error
    except ValueError as error:  # Python's own refusal of a null byte
        raise ImageError(f"{str(path)!r} cannot be the name of a file. Check the name.") from error
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(f"{path} is a folder. Name a picture in it.")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"{path} is no file but a pipe or a device. Save the picture to a file first.")
    if not begin:
        raise ImageError(f"{path} is empty (0 bytes). Copy or download it again.")
    return next((kind for head, kind in _BEGINS.items() if begin.startswith(head)), None)


def _cannot_be_read(path: Path, error: OSError) -> str:
    advice = "Check the file's permissions." if isinstance(error, PermissionError) else "Check the name and the disk."
    return f"{path} cannot be read: {error.strerror}. {advice}"


def _missing(path: Path) -> str:
    if path.is_symlink():
        return f"{path} is a link to a file that is not there. Check where it leads."
    if not path.parent.is_dir():
        return f"There is no file {path}: there is no folder {path.parent} either."
    names = []
    with suppress(OSError):  # a folder that cannot be listed
        names = [file.name for file in path.parent.iterdir() if file.is_file()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    near = near or [name for name in names if Path(name).stem == path.stem]
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check the name and the folder."
    return f"There is no file {path}. {hint}"


def _unidentified(path: Path, kind: str | None) -> str:
    if kind is not None:
        return (
            f"{path} is a {kind} that cannot be read: damaged, or with pixels of a kind that Pillow does not know"
            f"{_UNKNOWN.get(kind, '')}. Save it as PNG."
        )
    return (
        f"{path} is not a picture that can be read, whatever its name says. "
        f"{', '.join(READABLE)} work; convert anything else (SVG, HEIC, PDF, RAW) to PNG first."
    )
