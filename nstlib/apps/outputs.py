"""What a command writes and removes, held against what it starts from before it begins: no file is lost to a name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nstlib.errors import ImageError
from nstlib.formats.encoding import WRITABLE, check_writable

MEGABYTE = 1e6


class Output(NamedTuple):
    """A file that a run writes, or removes at its end.

    Attributes:
        path: where. role: what it is, in words: "the result". option: what names it on the command line.
        extensions: those that it may have.
    """

    path: Path
    role: str
    option: str = "--output"
    extensions: tuple[str, ...] = tuple(WRITABLE)


def check_outputs(outputs: Sequence[Output], sources: Iterable[Path], *, kind: str = "pictures") -> None:
    """Raise an ImageError if an output would replace a source, or another output.

    ``kind`` is what the sources are, in a word.

    Files are compared, not names: two names may lead to one file, by links, by ``..``, or on a disk to which ``a.png`` and
    ``A.png`` are the same. Sources that are not there are left to whoever reads them.
    """
    started_from = {identity(path): path for path in sources if os.path.exists(path)}
    taken: dict[tuple, Output] = {}
    for output in outputs:
        here = identity(output.path)
        if here in started_from:
            raise ImageError(
                f"{output.path} is one of the {kind} to start from, and {output.role} would replace it. Choose another "
                f"{output.option}."
            )
        if (other := taken.setdefault(here, output)) is not output:
            raise ImageError(
                f"{other.role[0].upper()}{other.role[1:]} and {output.role} would both be {output.path}. Choose another "
                f"{output.option}."
            )


def check_places(outputs: Iterable[Output]) -> None:
    """Raise the ImageError that writing would raise: extensions, folders, permissions, names that are too long."""
    for output in outputs:
        try:
            os.lstat(output.path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:  # a name that is too long, above all
            raise ImageError(
                f"{output.path} cannot be written: {error.strerror}. Choose another {output.option}."
            ) from error
        check_writable(output.path, extensions=output.extensions)


def check_space(path: Path, needed: float) -> None:
    """Raise an ImageError if the disk of a file to be written has less than that many bytes left."""
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:  # a file system that does not say
        return
    if free < needed:
        raise ImageError(
            f"{path} may need {needed / MEGABYTE:,.1f} MB, and {free / MEGABYTE:,.1f} MB are free there. Make room, or "
            "choose another folder."
        )


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that may not be there."""
    if os.path.isdir(folder):
        yield from (path for path in folder.iterdir() if not path.is_dir())


def identity(path: Path) -> tuple:
    """Return what is equal for two names of one file, also of one that is not there yet."""
    if found := _number(path):
        return found
    real = Path(os.path.realpath(path))
    # A link to nothing is written where it leads. Whether a disk tells a from A is not worth a loss.
    return (*(_number(real.parent) or (str(real.parent),)), real.name.casefold())


def _number(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None  # some network disks give no numbers
