"""Tensors as files hold them, and where a file can be written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nstlib.errors import ImageError, ShapeError
from nstlib.formats.files import replacing

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
MARK = b"nstlib"  # PNG and JPEG files say near their beginning what made them


def check_writable(path: str | os.PathLike[str], *, extensions: Iterable[str] = tuple(WRITABLE)) -> Path:
    """Return ``path`` if a file can be written there, else raise the ImageError that saving would raise.

    Ask before a long computation, not after it. Nothing remains on the disk, and a file that is there is not touched.
    """
    path = Path(path)
    if os.path.isdir(path):
        raise ImageError(f"{path} is a folder. Name a file in it, for example {path / 'result.png'}.")
    if path.suffix.lower() not in extensions:
        raise ImageError(
            f"{path} should end in one of {', '.join(extensions)}, which says the format; it ends in {path.suffix!r}."
        )
    if not os.path.isdir(path.parent):
        raise ImageError(f"There is no folder {path.parent} to write {path.name} to. Create it, or choose another one.")
    with replacing(path, keep=False) as temporary:
        temporary.touch()
    return path


def is_marked(path: Path) -> bool:
    """Return whether a file is a PNG or JPEG that ``save_image`` wrote."""
    try:
        with path.open("rb") as file:
            return MARK in file.read(256)
    except OSError:
        return False


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


def alpha_bytes(alpha: Tensor, size: tuple[int, int]) -> np.ndarray:
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
