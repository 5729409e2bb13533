"""What the words on the command line stand for: pictures by path or by name, styles with their weights, numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from nstlib.cli.console import note
from nstlib.errors import LARGEST_SEED, ChoiceError, ImageError, finite_number, whole_number

NAMED = 5  # of what is left out
PER_PROCESSOR, LEAST_LIMIT = 4, 32  # processes: more only wait for each other, and each takes memory
MOST = 10**9  # steps, pixels of a side: more is a slip, and numbers beyond all bounds are slow to reckon with


def find_contents(name: str, *, more: Sequence[str] = ()) -> list[Path]:
    """Return the one picture of that name, or all pictures in the folder of that name; ``more`` are other endings to take.

    What else the folder holds is named: whoever keeps HEIC photos there should know. Of hidden files nothing is said.
    """
    from nstlib.images import WRITABLE

    if not os.path.isdir(name):  # unlike Path's, it takes any name: also none, and one that is too long
        return [find_picture(name)]
    folder = Path(name)
    try:
        seen = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise ImageError(f"The folder {folder} cannot be read: {error.strerror}. Check its permissions.") from error
    found = [path for path in seen if path.suffix.lower() in (*WRITABLE, *more) and not path.is_dir()]
    if not found:
        raise ImageError(f"The folder {folder} holds no pictures ({', '.join((*WRITABLE, *more))}).")
    tell_left_out(
        [path.name for path in seen if path not in found and not path.is_dir()], "not of a kind that is taken"
    )
    return found


def tell_left_out(names: Sequence[str], why: str) -> None:
    """Say which files are no contents."""
    if names:
        more = "" if len(names) <= NAMED else f" and {len(names) - NAMED} more"
        note(f"Left out, {why}: {', '.join(names[:NAMED])}{more}.")


def find_picture(name: str) -> Path:
    """Return a path as it is; anything without an extension or folder is the name of one of the course's pictures.

    Raises:
        ImageError: if there is no such picture, or it is somewhere where ``nst`` does not read.
    """
    from nstlib.images import picture

    path = Path(name)
    if "://" in name:
        raise ImageError(f"{name} is an address. nst reads files: download the picture first.")
    if name == "-":
        raise ImageError("nst does not read from standard input. Save the picture to a file first.")
    if not name:
        raise ImageError("The name of a picture is empty. Give a file, or a name like cat.")
    return path if os.path.lexists(name) or path.suffix or len(path.parts) > 1 else picture(name)


def weighted(style: str) -> tuple[Path, float]:
    """Read ``mosaic:0.5``; without a number behind the last colon the weight is 1."""
    name, weight = weighted_name(style)
    return find_picture(name), weight


def weighted_name(style: str) -> tuple[str, float]:
    """Return the name and the weight in ``mosaic:0.5``."""
    name, _, number = style.rpartition(":")
    try:
        weight = float(number)
    except ValueError:  # there is no colon, or it belongs to a path, as in C:\wave.png
        return style, 1.0
    if not name:
        return style, 1.0
    return name, finite_number("The weight in --also", weight, above=True)


def check_seed(seed: int) -> int:
    """Return the seed, or raise a ChoiceError unless a generator can be given it."""
    if not 0 <= seed <= LARGEST_SEED:
        raise ChoiceError(f"--seed must be a whole number from 0 to 2**63 - 1, got {seed}.")
    return seed


def check_device(device: str) -> str:
    """Return the name of a device, or raise a ChoiceError unless torch can compute there."""
    import torch

    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        gpus = (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
        here = ", ".join(["cpu", *(name for name, there in gpus if there)])
        why = str(error).partition("\n")[0]
        raise ChoiceError(f"--device must be one that torch has here ({here}), got {device!r}: {why}") from error
    return device


def check_where(workers: int | None, scheduler: str | None) -> None:
    """Raise a ChoiceError for a number of processes that there cannot be, or an address that is none."""
    if workers is not None:
        whole_number("--workers", workers, 1, max(LEAST_LIMIT, PER_PROCESSOR * (os.cpu_count() or 1)))
    if scheduler is not None and not re.fullmatch(r"\w+://\S+|[^\s/]+:\d+", scheduler):
        raise ChoiceError(f"--scheduler must be an address like tcp://127.0.0.1:8786, got {scheduler!r}.")
