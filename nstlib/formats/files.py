"""A file is replaced as a whole or not at all: whatever fails while it is written, the older one stays. And folders.

What is being written has a name that ends in ``.part`` and tells who writes it. A process that was killed leaves it behind;
the next one that writes into the folder removes it.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from nstlib.errors import ImageError

# A folder may be shared, and a process's number says nothing on another machine.
MACHINE = f"{zlib.crc32(platform.node().encode()):08x}"
ABANDONED = 24 * 3600.0  # seconds after which nobody on another machine writes on, either
# Also what somebody makes from such a name, as torch does while it downloads.
_PART = re.compile(r"\..*\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-\w+\.part(\..*)?")


@contextmanager
def replacing(
    target: str | os.PathLike[str],
    *,
    keep: bool = True,
    error: type[Exception] = ImageError,
    advice: str = "Check the folder's permissions and free space, or choose another folder.",
) -> Iterator[Path]:
    """Give a new name beside ``target`` to write to; at the end that file takes the place of ``target``.

    Its bytes are on the disk before it does, so even after a power failure ``target`` is the old file or the new one.
    After any exception, Ctrl-C too, ``target`` is as it was, and the new file is gone::

        with replacing(path, error=WeightsError) as temporary, temporary.open("wb") as file:
            torch.save(state, file)

    Note the opened file: ``torch.save`` to a *path* reports a full disk as a RuntimeError about positions.

    Args:
        target: the file to write; its folder must exist. Where it is a link, the file that it leads to is written. The
            temporary name ends in ``.part``: writers that look at the extension must be told the format.
        keep: False only tries whether a file can be written there, and leaves ``target`` alone.
        error: what an OSError becomes, for one message wherever writing fails; an OSError that is one already stays.
        advice: what that message says to do.

    Raises:
        ImageError: or ``error``, if the file cannot be written: permissions, a full disk, no such folder.
    """
    place = Path(os.path.realpath(target))
    remove_leftovers(place.parent)
    # Beside it, for a rename cannot cross disks.
    temporary = place.with_name(f"{_sign(place.name)}{secrets.token_hex(4)}.part")
    try:
        with suppress(FileNotFoundError):
            os.lstat(place)  # the temporary name is cut, this one may be too long
        yield temporary
        if keep:
            _flush(temporary)
            with suppress(OSError):  # whoever may read the older file may read this one
                shutil.copymode(place, temporary)
            os.replace(temporary, place)
    except OSError as failure:
        if isinstance(failure, error):
            raise
        raise error(f"{target} cannot be written: {failure.strerror or failure}. {advice}") from failure
    finally:
        with suppress(OSError):  # what went wrong before matters more
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give a new folder in ``parent`` for the time of the context; what a killed process leaves of it is removed later."""
    remove_leftovers(parent)
    with TemporaryDirectory(prefix=_sign(name), suffix=".part", dir=parent) as folder:
        yield Path(folder)


@cache
def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes were writing into a folder; once in a process is enough."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _PART.fullmatch(entry.name)
            if found and _is_abandoned(entry, found["machine"], int(found["process"])):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)


def _is_abandoned(entry: os.DirEntry[str], machine: str, process: int) -> bool:
    """Return whether nobody writes there any more."""
    import psutil

    written = entry.stat(follow_symlinks=False).st_mtime
    if machine != MACHINE:
        return time.time() - written > ABANDONED
    try:
        return psutil.Process(process).create_time() > written  # another process has got that number since
    except psutil.AccessDenied:
        return False
    except (psutil.NoSuchProcess, OverflowError):
        return True


def _sign(name: str) -> str:
    """Return how the name of something begins that this process is writing. It is cut: 255 bytes are the most."""
    return f".{name[:40]}.{MACHINE}-{os.getpid()}-"


def make_folder(folder: Path, *, parents: bool = False) -> Path:
    """Make a folder, with ``parents`` also those that it is to be in, unless it is there, or raise an ImageError."""
    try:
        folder.mkdir(parents=parents, exist_ok=True)
    except OSError as error:
        raise ImageError(f"The folder {folder} cannot be made: {error.strerror}. Choose another one.") from error
    return folder


def _flush(path: Path) -> None:
    """Wait until the file's bytes are on the disk: a rename may get there before them."""
    with path.open("rb+") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())
