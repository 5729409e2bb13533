"""An image is a tensor: float32, shape (1, 3, H, W), RGB in [0, 1]. Loading, saving, resizing (chapter on images).

Whatever a file holds (gray, palette, 16 bits, CMYK, wide colors, transparency, a rotation in its EXIF data),
``load_image`` returns that one kind of tensor, and ``save_image`` writes it back without ever leaving half a file
behind. ``nstlib.formats.masks`` has what is not color: where a picture is opaque, and which part is meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from nstlib import course
from nstlib.doors import door
from nstlib.errors import ImageError, ShapeError, choice
from nstlib.facts import values_of_image
from nstlib.formats.decoding import coloring, is_deep, opacity
from nstlib.formats.encoding import MARK, OPAQUE, WRITABLE, alpha_bytes, as_bytes, check_writable
from nstlib.formats.files import replacing
from nstlib.formats.opening import announced_size, decode, opened
from nstlib.formats.profiles import drop_damaged
from nstlib.formats.sizes import MAX_PIXELS, scaled
from nstlib.formats.strips import fitted_in_strips
from nstlib.wording import came

KINDS = ("content", "style")


@door(size="own", background="own")
def load_image(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
    max_pixels: int = MAX_PIXELS,
) -> Tensor:
    """Return the picture in a file as a tensor.

    Of an animation it is the first frame. A color profile in the file is applied: the numbers are sRGB. One that does not
    fit the picture is ignored, as viewers do; so is a damaged one, of which the log says a line; sRGB's own changes nothing.

    Gray keeps up to 16 bits. Color comes with 8 bits a channel, and so does gray with transparency: of the 16 bits in a
    PNG or TIFF, Pillow keeps the upper 8, so a value is off by at most 1/256.

    Args:
        path: the file; ``picture("cat")`` gives the path of one of the course's own.
        size: length of the *longer* side in pixels (Lanczos, antialiased); None keeps the picture as it is.
        background: RGB in [0, 1], seen wherever the picture is transparent.
        max_pixels: a larger picture is refused before it is decoded. A JPEG may be 10 times as large if it is to be made
            smaller (``size``): that happens while it is read.

    Returns:
        Shape (1, 3, H, W), float32, RGB in [0, 1].

    Raises:
        ImageError: if there is no such file, it is no picture, is damaged, or too large, or cannot have that size.
    """
    path = Path(path)
    backdrop = _background(background)
    with opened(path) as stored:
        announced = announced_size(stored, path, size, max_pixels)
        decode(stored, path)
        drop_damaged(stored, path)
        picture = fitted_in_strips(stored, size, _shown(stored, path, backdrop), announced=announced)
        pixels = np.asarray(picture)  # (H, W, 3) of 0..255, or (H, W) of floats for gray of more than 8 bits
        if pixels.ndim == 2:
            return torch.from_numpy(pixels.copy()).clamp(0, 1).expand(1, 3, -1, -1).contiguous()
        image = torch.empty(1, 3, *pixels.shape[:2])
        image[0].numpy()[:] = np.moveaxis(pixels, -1, 0)  # no other copy of a large picture
        return image.div_(255)


@door(image="any", alpha="any", quality="1 to 100")
def save_image(image: Tensor, path: str | os.PathLike[str], *, quality: int = 92, alpha: Tensor | None = None) -> Path:
    """Write a tensor to a file, and return the file's path.

    Values are clamped to [0, 1] and rounded to 8 bits, so PNG, BMP and TIFF give back exactly those. The picture is
    written under another name and then renamed: if anything fails, an older file of that name is still whole.

    Args:
        image: shape (1, 3, H, W) or (3, H, W), floats, RGB in [0, 1].
        path: its extension, one of ``WRITABLE``, decides the format; its folder must exist.
        quality: of JPEG and WebP, 1 to 100.
        alpha: how opaque each pixel is, shape (1, 1, H, W), (1, H, W) or (H, W), floats in [0, 1]. PNG, WebP and TIFF
            store it; JPEG and BMP cannot, and show the image over white. WebP forgets colors where alpha is 0.

    Raises:
        ShapeError: if a tensor is no image. ImageError: if it holds NaN, or the file cannot be written.
    """
    picture = Image.fromarray(as_bytes(image))
    opaque = None if alpha is None else Image.fromarray(alpha_bytes(alpha, picture.size))
    target = check_writable(path)
    signed = PngInfo()
    signed.add_text("Software", MARK.decode())
    options = {
        "PNG": {"pnginfo": signed},
        "JPEG": {"quality": quality, "subsampling": 0, "comment": MARK},
        "WEBP": {"quality": quality},
    }
    kind = WRITABLE[target.suffix.lower()]
    if opaque is not None and kind in OPAQUE:
        picture = Image.composite(picture, Image.new("RGB", picture.size, "white"), opaque)
    elif opaque is not None:
        picture.putalpha(opaque)
    with replacing(target) as temporary:
        picture.save(temporary, format=kind, **options.get(kind, {}))
    return target


@door(image="B 3 H W")
def resize(image: Tensor, size: int) -> Tensor:
    """Return the image with a longer side of ``size`` pixels (bicubic, antialiased), differentiable.

    Args:
        image: shape (B, 3, H, W), floats in [0, 1]. Bicubic weights overshoot at edges, so the result is clamped.
        size: length of the longer side in pixels.

    Raises:
        ShapeError: if ``image`` has another shape. ImageError: if it cannot have that size.

    >>> resize(torch.zeros(1, 3, 40, 60), 30).shape
    torch.Size([1, 3, 20, 30])
    """
    height, width = image.shape[2:]
    width, height = scaled((width, height), size)
    return resize_to(image, (height, width))


@door(image="B C H W", size=">= 1")
def resize_to(image: Tensor, size: Sequence[int], *, clamp: bool = True) -> Tensor:
    """Return images or masks with that height and width, as ``resize`` makes them.

    Args:
        image: shape (B, C, H, W), floats in [0, 1]; any floats without ``clamp``.
        size: height and width in pixels.
        clamp: False leaves values outside [0, 1]; then resizing is linear, and differences of images can be resized.
    """
    wide = image.float() if image.dtype.itemsize == 2 else image  # the CPU resizes no floats of 16 bits
    resized = torch.nn.functional.interpolate(wide, tuple(size), mode="bicubic", antialias=True).to(image.dtype)
    return resized.clamp(0, 1) if clamp else resized


def check_picture(name: str, picture: Tensor) -> None:
    """Raise a ShapeError unless ``picture`` is one RGB image, shape (1, 3, H, W), whose values are those of one."""
    fits = isinstance(picture, Tensor) and picture.ndim == 4 and picture.shape[:2] == (1, 3) and picture.numel()
    if not (fits and picture.is_floating_point()):
        raise ShapeError(
            f"{name} must be one RGB image of floats, shape (1, 3, H, W), got {came(picture)}. "
            "nstlib.images.load_image returns that."
        )
    values_of_image(name, picture)


@door
def pictures(kind: str | None = None) -> dict[str, Path]:
    """Return the course's own pictures by name, sorted: those of ``kind`` ("content" or "style"), or all.

    They lie in the folder ``images`` of the repository or of the installed package, or in the one that the environment
    variable NST_IMAGES names.

    Raises:
        ImageError: if there is no such folder.
    """
    kinds = KINDS if kind is None else (choice("kind of picture", kind, KINDS),)
    folder = Path(os.environ.get("NST_IMAGES", course.IMAGES))
    if not folder.is_dir():
        raise ImageError(
            f"The course's pictures are not in {folder}. Clone the repository and work in it, "
            "or set NST_IMAGES to its folder images."
        )
    files = [file for each in kinds for file in (folder / each).glob("*") if file.suffix.lower() in WRITABLE]
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}


@door
def picture(name: str) -> Path:
    """Return the path of one of the course's own pictures ("cat"), or raise an ImageError that lists them."""
    known = pictures()
    if name not in known:
        listed = "; ".join(f"{kind}: {', '.join(pictures(kind)) or 'none'}" for kind in KINDS)
        raise ImageError(f"The course has no picture {name!r}. It has {listed}.")
    return known[name]


def _background(background: tuple[float, float, float]) -> tuple[int, int, int]:
    if len(background) != 3 or not all(0 <= value <= 1 for value in background):
        raise ImageError(f"background is three numbers in [0, 1] (red, green, blue), got {background!r}.")
    return tuple(round(255 * value) for value in background)


def _shown(stored: Image.Image, path: Path, backdrop: tuple[int, int, int]) -> Callable[[Image.Image], Image.Image]:
    """Return what gives a part of the picture its colors, with the backdrop where it is transparent."""
    to_color = coloring(stored, path)
    if not stored.has_transparency_data or (is_deep(stored) and opacity(stored).getextrema()[0] == 255):
        return to_color

    def change(part: Image.Image) -> Image.Image:
        return Image.composite(_eight_bits(to_color(part)), Image.new("RGB", part.size, backdrop), opacity(part))

    return change


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return the picture in mode RGB, also if it is gray in mode F with values in [0, 1]."""
    if picture.mode == "F":
        picture = Image.fromarray((np.asarray(picture) * 255).round().astype(np.uint8))
    return picture.convert("RGB")
