"""An image is a tensor: float32, shape (1, 3, H, W), RGB in [0, 1]. Loading, saving, resizing (chapter 01).

Whatever a file holds (gray, palette, 16 bits, CMYK, transparency, a rotation in its EXIF data), ``load_image`` returns
that one kind of tensor, and ``save_image`` writes it back without ever leaving half a file behind.
"""

from __future__ import annotations

import difflib
import math
import operator
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from nstlib.errors import ImageError, ShapeError, choice
from nstlib.files import replacing

MAX_PIXELS = 100_000_000  # a tensor of that many pixels holds 1.2 GB
READABLE = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF")
WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
KINDS = ("content", "style")

_pillow_limit = threading.Lock()


def load_image(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
    max_pixels: int = MAX_PIXELS,
) -> Tensor:
    """Return the picture in a file as a tensor.

    Of an animation it is the first frame. A color profile in the file is not applied: numbers stay as they are stored.

    Args:
        path: the file; ``picture("cat")`` gives the path of one of the course's own.
        size: length of the *longer* side in pixels (Lanczos, antialiased); None keeps the picture as it is.
        background: RGB in [0, 1], seen wherever the picture is transparent.
        max_pixels: a larger picture is refused before it is decoded.

    Returns:
        Shape (1, 3, H, W), float32, RGB in [0, 1].

    Raises:
        ImageError: if there is no such file, it is no picture, is damaged, or too large, or cannot have that size.
    """
    path = _existing_file(Path(path))
    backdrop = _color(background)
    with _opened(path) as stored:
        _check_pixels(f"{path} is", *stored.size, max_pixels)
        if size is not None:  # seen from the header: no need to decode a picture that cannot have that size
            _check_pixels(f"{path} would become", *_scaled(stored.size, size, what=str(path)), max_pixels)
        decoded = _as_rgb_or_gray(ImageOps.exif_transpose(stored), backdrop, path)
    if size is not None:
        decoded = decoded.resize(_scaled(decoded.size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.array(decoded)  # (H, W, 3) of 0..255, or (H, W) of floats for gray with more than 8 bits
    if pixels.ndim == 2:
        return torch.from_numpy(pixels).clamp(0, 1).expand(1, 3, -1, -1).contiguous()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255).contiguous()


def save_image(image: Tensor, path: str | os.PathLike[str], *, quality: int = 92) -> Path:
    """Write a tensor to a file, and return the file's path.

    Values are clamped to [0, 1] and rounded to 8 bits, so PNG, BMP and TIFF give back exactly those. The picture is
    written under another name and then renamed: if anything fails, an older file of that name is still whole.

    Args:
        image: shape (1, 3, H, W) or (3, H, W), floats, RGB in [0, 1].
        path: its extension, one of ``WRITABLE``, decides the format; its folder must exist.
        quality: of JPEG and WebP, 1 to 100.

    Raises:
        ShapeError: if the tensor is no image. ImageError: if it holds NaN, or the file cannot be written.
    """
    rgb = Image.fromarray(_bytes(image))
    target = check_writable(path)
    options = {"JPEG": {"quality": quality, "subsampling": 0}, "WEBP": {"quality": quality}}
    kind = WRITABLE[target.suffix.lower()]
    with replacing(target) as temporary:
        rgb.save(temporary, format=kind, **options.get(kind, {}))
    return target


def save_gif(
    frames: Iterable[Tensor], path: str | os.PathLike[str], *, seconds: float = 0.1, hold: float = 2.0
) -> Path:
    """Write images as an endless animation with one palette for all frames, and return its path.

    Args:
        frames: images of one size, as ``save_image`` takes them.
        path: ends in .gif; its folder must exist.
        seconds: how long a frame is shown (GIF counts in hundredths).
        hold: how long the last frame is shown.

    Raises:
        ShapeError: if a frame is no image, or of another size. ImageError: as for ``save_image``, or without frames.
    """
    target = check_writable(path, extensions=(".gif",))
    pictures = [Image.fromarray(_bytes(frame)) for frame in frames]
    if not pictures:
        raise ImageError("save_gif needs at least one frame, got none.")
    if sizes := sorted({picture.size for picture in pictures} - {pictures[0].size}):
        raise ShapeError(
            f"save_gif needs frames of one size, got {_by(pictures[0].size)} and {_by(sizes[0])} (width x height). "
            "nstlib.images.resize makes them equal."
        )
    # One palette, or colors flicker. It comes from eight frames along the way, the last among them.
    chosen = sorted({round(i * (len(pictures) - 1) / 7) for i in range(8)})
    sheet = Image.fromarray(np.concatenate([np.asarray(pictures[i]) for i in chosen]))
    palette = sheet.quantize(256, method=Image.Quantize.MEDIANCUT)
    first, *others = (picture.quantize(palette=palette) for picture in pictures)
    shown = [max(20, round(100 * seconds) * 10)] * len(pictures)  # milliseconds; browsers slow down anything under 20
    shown[-1] = max(20, round(100 * hold) * 10)
    with replacing(target) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=others, duration=shown, loop=0)
    return target


def resize(image: Tensor, size: int) -> Tensor:
    """Return the image with a longer side of ``size`` pixels (bicubic, antialiased), differentiable.

    Args:
        image: shape (B, 3, H, W), floats in [0, 1]. Bicubic weights overshoot at edges, so the result is clamped.
        size: length of the longer side in pixels.

    Raises:
        ShapeError: if ``image`` has another shape. ImageError: if it cannot have that size.
    """
    if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
        raise ShapeError(
            f"resize needs floats of shape (B, 3, H, W), got {tuple(image.shape)} of {image.dtype}. "
            "For one image, add the batch axis: image[None]."
        )
    height, width = image.shape[2:]
    width, height = _scaled((width, height), size)
    smooth = torch.nn.functional.interpolate(image, (height, width), mode="bicubic", antialias=True)
    return smooth.clamp(0, 1)


def check_writable(path: str | os.PathLike[str], *, extensions: Iterable[str] = tuple(WRITABLE)) -> Path:
    """Return ``path`` if a file can be written there, else raise the ImageError that saving would raise.

    Ask before a long computation, not after it. Nothing remains on the disk, and a file that is there is not touched.
    """
    path = Path(path)
    if path.is_dir():
        raise ImageError(f"{path} is a folder. Name a file in it, for example {path / 'result.png'}.")
    if path.suffix.lower() not in extensions:
        raise ImageError(
            f"{path} should end in one of {', '.join(extensions)}, which says the format; it ends in {path.suffix!r}."
        )
    if not path.parent.is_dir():
        raise ImageError(f"There is no folder {path.parent} to write {path.name} to. Create it, or choose another one.")
    with replacing(path, keep=False) as temporary:
        temporary.touch()
    return path


def pictures(kind: str | None = None) -> dict[str, Path]:
    """Return the course's own pictures by name, sorted: those of ``kind`` ("content" or "style"), or all.

    They lie in the folder ``images`` of the repository, or in the one that the environment variable NST_IMAGES names.

    Raises:
        ImageError: if there is no such folder, as when nstlib was installed without the repository.
    """
    kinds = KINDS if kind is None else (choice("kind of picture", kind, KINDS),)
    beside_package = Path(__file__).resolve().parent.parent / "images"
    folder = Path(os.environ.get("NST_IMAGES", beside_package))
    if not folder.is_dir():
        raise ImageError(
            f"The course's pictures are not in {folder}. Clone the repository and work in it, "
            "or set NST_IMAGES to its folder images."
        )
    files = [file for each in kinds for file in (folder / each).glob("*") if file.suffix.lower() in WRITABLE]
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}


def picture(name: str) -> Path:
    """Return the path of one of the course's own pictures ("cat"), or raise an ImageError that lists them."""
    known = pictures()
    if name not in known:
        listed = "; ".join(f"{kind}: {', '.join(pictures(kind)) or 'none'}" for kind in KINDS)
        raise ImageError(f"The course has no picture {name!r}. It has {listed}.")
    return known[name]


def _existing_file(path: Path) -> Path:
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
    return path


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, and turn whatever its decoder raises into an ImageError.

    Pillow's own pixel limit is a global that sometimes warns and sometimes raises; it is replaced by ours meanwhile.
    """
    with _pillow_limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with Image.open(path) as stored:
                yield stored
        except ImageError:
            raise
        except PermissionError as error:
            raise ImageError(f"{path} cannot be read: {error.strerror}. Check the file's permissions.") from error
        except UnidentifiedImageError as error:
            raise ImageError(
                f"{path} is not a picture that can be read, whatever its name says. "
                f"{', '.join(READABLE)} work; convert anything else (SVG, HEIC, PDF, RAW) to PNG first."
            ) from error
        except Exception as error:  # damaged files make decoders raise anything: SyntaxError, struct.error
            raise ImageError(f"{path} is damaged or incomplete ({error}). Copy or download it again.") from error
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _as_rgb_or_gray(image: Image.Image, background: tuple[int, int, int], path: Path) -> Image.Image:
    """Return the picture in Pillow's mode RGB or, for gray with more than 8 bits, in mode F with values in [0, 1]."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_deep_gray(np.asarray(image), path))
    if image.has_transparency_data:
        return Image.alpha_composite(Image.new("RGBA", image.size, background), image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _deep_gray(values: np.ndarray, path: Path) -> np.ndarray:
    """Scale gray values to [0, 1]: integers are 16-bit numbers; floats are 0..1 or, if any exceeds it, 0..255."""
    low, high = float(values.min()), float(values.max())
    top = 65535 if values.dtype.kind in "iu" else 1 if high <= 1 else 255
    if not 0 <= low <= high <= top:  # also false for NaN
        raise ImageError(
            f"{path} holds gray values from {low:g} to {high:g}; a picture has integers in 0..65535, "
            "or floats in 0..1 or 0..255. Scale them and save again."
        )
    return (values / top).astype(np.float32)


def _color(background: tuple[float, float, float]) -> tuple[int, int, int]:
    if len(background) != 3 or not all(0 <= value <= 1 for value in background):
        raise ImageError(f"background is three numbers in [0, 1] (red, green, blue), got {background!r}.")
    return tuple(round(255 * value) for value in background)


def _check_pixels(what: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise ImageError(
            f"{what} {width:,} x {height:,} pixels, {width * height:,} in all; the limit is {most:,}. "
            "Make it smaller, or give load_image a larger max_pixels."
        )


def _scaled(stored: tuple[int, int], size: int, *, what: str = "The image") -> tuple[int, int]:
    """Return the two sides, scaled so that the longer one is ``size``."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or operator.index(size) < 1:
        raise ImageError(f"size, the longer side in pixels, must be a whole number of at least 1, got {size!r}.")
    longer, shorter = max(stored), min(stored)
    scaled = math.floor(shorter * size / longer + 0.5)
    if scaled < 1:
        raise ImageError(
            f"{what} is {_by(stored)} pixels: with a longer side of {size}, nothing of the shorter one would remain. "
            f"Use a size of at least {math.ceil(longer / (2 * shorter))}, or crop it."
        )
    return (size, scaled) if stored[0] == longer else (scaled, size)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _bytes(image: Tensor) -> np.ndarray:
    """Return the image as it is stored: shape (H, W, 3), 0..255."""
    if image.ndim == 4 and image.shape[0] == 1:
        image = image[0]
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape or not image.is_floating_point():
        raise ShapeError(
            f"An image to save has shape (1, 3, H, W) or (3, H, W) and floats in [0, 1], got {tuple(image.shape)} of "
            f"{image.dtype}. Of a batch, save one at a time."
        )
    image = image.detach().cpu()
    if bad := int((~torch.isfinite(image)).sum()):
        raise ImageError(
            f"The image holds {bad} values of {image.numel()} that are NaN or infinite. Nothing was written."
        )
    return image.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
