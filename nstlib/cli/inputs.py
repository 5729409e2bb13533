"""What the words on the command line stand for: pictures by path or by name, styles with their weights."""

from __future__ import annotations

import os
from pathlib import Path

from nstlib.errors import ChoiceError, ImageError


def find_contents(name: str) -> list[Path]:
    """Return the one picture of that name, or all pictures in the folder of that name."""
    from nstlib.images import WRITABLE

    if not os.path.isdir(name):  # unlike Path's, it takes any name: also none, and one that is too long
        return [find_picture(name)]
    folder = Path(name)
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in WRITABLE and path.is_file())
    if not found:
        raise ImageError(f"The folder {folder} holds no pictures ({', '.join(WRITABLE)}).")
    return found


def find_picture(name: str) -> Path:
    """Return a path as it is; anything without an extension or folder is the name of one of the course's pictures."""
    from nstlib.images import picture

    path = Path(name)
    return path if os.path.exists(name) or path.suffix or len(path.parts) > 1 else picture(name)


def weighted(style: str) -> tuple[Path, float]:
    """Read ``mosaic:0.5``; without a number behind the last colon the weight is 1."""
    name, _, number = style.rpartition(":")
    try:
        weight = float(number)
    except ValueError:  # there is no colon, or it belongs to a path, as in C:\wave.png
        return find_picture(style), 1.0
    return (find_picture(name), weight) if name else (find_picture(style), 1.0)


def check_seed(seed: int) -> int:
    """Return the seed, or raise a ChoiceError unless a generator can be given it."""
    if not 0 <= seed < 2**63:
        raise ChoiceError(f"--seed must be a whole number from 0 to 2**63 - 1, got {seed}.")
    return seed
