"""The pictures of a study: which files they are, and whether they can be used, before anything is computed."""

from __future__ import annotations

import hashlib
import math
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from nstlib.apps.outputs import identity
from nstlib.errors import ImageError
from nstlib.formats.opening import announced_size, opened
from nstlib.formats.sizes import by, scaled

BLOCK = 1 << 20  # bytes that are read at once


def different(paths: Iterable[Path]) -> list[Path]:
    """Return each file once, by the first of its names."""
    found: dict[tuple, Path] = {}
    for path in paths:
        found.setdefault(identity(path), path)
    return list(found.values())


def digest(paths: Iterable[Path], digits: int = 8) -> str:
    """Return the first hexadecimal digits of the SHA-256 of files; nothing if one of them cannot be read.

    Pipes and devices are not read: they may have no end.
    """
    found = hashlib.sha256()
    try:
        for path in paths:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return ""
            with open(path, "rb") as file:
                while block := file.read(BLOCK):
                    found.update(block)
    except (OSError, ValueError):  # whoever loads it will say what is wrong
        return ""
    return found.hexdigest()[:digits]


def check_picture(path: Path, size: int, least: int, *, option: str = "size") -> None:
    """Raise an ImageError if a picture cannot be used, as far as its header tells; nothing is decoded.

    Args:
        path: the file. size: of its longer side, in pixels, as for ``load_image``.
        least: of its shorter side then. option: what the user calls the size.
    """
    with opened(path) as stored:
        announced = announced_size(stored, path, size)
    shorter = min(scaled(announced, size, what=str(path)))
    if shorter < least:
        enough = math.ceil((least - 0.5) * max(announced) / min(announced))
        raise ImageError(
            f"{path} is {by(announced)} pixels: with {option} {size} its shorter side has {shorter}, and the network needs "
            f"{least}. Use {option} {enough} or larger, or crop it."
        )
