"""An image is a tensor: float32, shape (1, 3, H, W), RGB in [0, 1]. Loading, saving, resizing (chapter 01).

Whatever a file holds (gray, palette, 16 bits, CMYK, wide colors, transparency, a rotation in its EXIF data),
``load_image`` returns that one kind of tensor, and ``save_image`` writes it back without ever leaving half a file
behind. ``load_alpha`` and ``load_mask`` return what is not color: where a picture is opaque, and which part is meant.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib import course
from nstlib.errors import ImageError, ShapeError, choice, four_axes
from nstlib.formats.decoding import color, opacity, opened
from nstlib.formats.files import replacing

MAX_PIXELS = 100_000_000  # a tensor of that many pixels holds 1.2 GB
WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
OPAQUE = ("JPEG", "BMP")  # formats without transparency, as they are written here
KINDS = ("content", "style")


def load_image(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    background: tuple[float, float, float] = (1.0, 1.0, 1.0),
    max_pixels: int = MAX_PIXELS,
) -> Tensor:
    """Return the picture in a file as a tensor.

    Of an animation it is the first frame. A color profile in the file is applied: the numbers are sRGB. One that is
    damaged or does not fit the picture is ignored, as viewers do, and sRGB's own changes nothing.

    Gray keeps up to 16 bits. Color comes with 8 bits a channel, and so does gray with transparency: of the 16 bits in a
    PNG or TIFF, Pillow keeps the upper 8, so a value is off by at most 1/256.

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
    path = Path(path)
    backdrop = _background(background)
    with opened(path) as stored:
        _check_size(path, stored.size, size, max_pixels)
        decoded, opaque = color(stored, path), opacity(stored)
    if opaque is not None:
        decoded = Image.composite(_eight_bits(decoded), Image.new("RGB", decoded.size, backdrop), opaque)
    pixels = np.array(_fitted(decoded, size))  # (H, W, 3) of 0..255, or (H, W) of floats for gray of more than 8 bits
    if pixels.ndim == 2:
        return torch.from_numpy(pixels).clamp(0, 1).expand(1, 3, -1, -1).contiguous()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255).contiguous()


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
        _check_size(path, stored.size, size, max_pixels)
        opaque = opacity(stored)
    if opaque is None:
        return None
    return torch.from_numpy(np.array(_fitted(opaque, size)))[None, None].float().div(255)


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
        _check_size(path, stored.size, None, MAX_PIXELS)
        marked, opaque = color(stored, path, managed=False), opacity(stored)
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
    opaque = None if alpha is None else Image.fromarray(_alpha_bytes(alpha, picture.size))
    target = check_writable(path)
    options = {"JPEG": {"quality": quality, "subsampling": 0}, "WEBP": {"quality": quality}}
    kind = WRITABLE[target.suffix.lower()]
    if opaque is not None and kind in OPAQUE:
        picture = Image.composite(picture, Image.new("RGB", picture.size, "white"), opaque)
    elif opaque is not None:
        picture.putalpha(opaque)
    with replacing(target) as temporary:
        picture.save(temporary, format=kind, **options.get(kind, {}))
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
    pictures = [Image.fromarray(as_bytes(frame)) for frame in frames]
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

    >>> resize(torch.zeros(1, 3, 40, 60), 30).shape
    torch.Size([1, 3, 20, 30])
    """
    height, width = four_axes("resize", image, 3).shape[2:]
    width, height = _scaled((width, height), size)
    return resize_to(image, (height, width))


def resize_to(image: Tensor, size: Sequence[int], *, clamp: bool = True) -> Tensor:
    """Return images or masks with that height and width, as ``resize`` makes them.

    Args:
        image: shape (B, C, H, W), floats in [0, 1]; any floats without ``clamp``.
        size: height and width in pixels.
        clamp: False leaves values outside [0, 1]; then resizing is linear, and differences of images can be resized.
    """
    resized = torch.nn.functional.interpolate(image, tuple(size), mode="bicubic", antialias=True)
    return resized.clamp(0, 1) if clamp else resized


def check_picture(name: str, picture: Tensor) -> None:
    """Raise a ShapeError unless ``picture`` is one RGB image of finite floats, shape (1, 3, H, W)."""
    if picture.ndim != 4 or picture.shape[:2] != (1, 3) or not picture.is_floating_point():
        raise ShapeError(
            f"{name} must be one RGB image of floats, shape (1, 3, H, W), got {tuple(picture.shape)} of "
            f"{picture.dtype}. nstlib.images.load_image returns that."
        )
    bad = int((~torch.isfinite(picture)).sum())
    if bad:
        raise ShapeError(f"{name} holds {bad} values that are NaN or infinite. Check where the image came from.")


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
    folder = Path(os.environ.get("NST_IMAGES", course.IMAGES))
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


def _background(background: tuple[float, float, float]) -> tuple[int, int, int]:
    if len(background) != 3 or not all(0 <= value <= 1 for value in background):
        raise ImageError(f"background is three numbers in [0, 1] (red, green, blue), got {background!r}.")
    return tuple(round(255 * value) for value in background)


def _check_size(path: Path, stored: tuple[int, int], size: int | None, most: int) -> None:
    """Refuse, from the header alone, a picture that is too large to decode or that cannot have that size."""
    _check_pixels(f"{path} is", *stored, most)
    if size is not None:
        _check_pixels(f"{path} would become", *_scaled(stored, size, what=str(path)), most)


def _check_pixels(what: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise ImageError(
            f"{what} {width:,} x {height:,} pixels, {width * height:,} in all; the limit is {most:,}. "
            "Make it smaller, or give load_image a larger max_pixels."
        )


def _check_proportions(path: Path, mask: tuple[int, int], image: tuple[int, int]) -> None:
    """Compare the shorter sides at equal longer ones; rounding an image to whole pixels changes its proportions too."""
    longer, shorter = (0, 1) if image[0] >= image[1] else (1, 0)
    off = abs(mask[shorter] * image[longer] / mask[longer] - image[shorter])
    if off > 2 and off > 0.02 * image[shorter]:
        raise ImageError(
            f"{path} is {_by(mask)} pixels and the image {_by(image)}: the mask has other proportions. "
            "Make it from the same picture, cropped alike."
        )


def _fitted(picture: Image.Image, size: int | None) -> Image.Image:
    """Return the picture with a longer side of ``size`` pixels."""
    if size is None:
        return picture
    return picture.resize(_scaled(picture.size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return the picture in mode RGB, also if it is gray in mode F with values in [0, 1]."""
    if picture.mode == "F":
        picture = Image.fromarray((np.asarray(picture) * 255).round().astype(np.uint8))
    return picture.convert("RGB")


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


def as_bytes(image: Tensor) -> np.ndarray:
    """Return the image as it is stored: shape (H, W, 3), 0..255."""
    if image.ndim == 4 and image.shape[0] == 1:
        image = image[0]
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape or not image.is_floating_point():
        raise ShapeError(
            f"An image to save has shape (1, 3, H, W) or (3, H, W) and floats in [0, 1], got {tuple(image.shape)} of "
            f"{image.dtype}. Of a batch, save one at a time."
        )
    return _rounded(image, "image").permute(1, 2, 0).numpy()


def _alpha_bytes(alpha: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Return opacity as it is stored beside an image of that size (width, height): shape (H, W), 0..255."""
    height, width = size[1], size[0]
    if tuple(alpha.shape) not in [(1, 1, height, width), (1, height, width), (height, width)] or (
        not alpha.is_floating_point()
    ):
        raise ShapeError(
            f"alpha of this image has shape (1, 1, {height}, {width}) and floats in [0, 1], got {tuple(alpha.shape)} "
            f"of {alpha.dtype}. load_alpha with the image's size gives it."
        )
    return _rounded(alpha, "alpha").reshape(height, width).numpy()


def _rounded(values: Tensor, what: str) -> Tensor:
    values = values.detach().cpu()
    if bad := int((~torch.isfinite(values)).sum()):
        raise ImageError(
            f"The {what} holds {bad} values of {values.numel()} that are NaN or infinite. Nothing was written."
        )
    return values.clamp(0, 1).mul(255).round().to(torch.uint8)
