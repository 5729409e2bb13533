"""A file is replaced as a whole or not at all: whatever fails while it is written, the older one stays. And folders."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nstlib.errors import ImageError


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
        target: the file to write; its folder must exist. The temporary name ends in ``.part``: writers that look at
            the extension must be told the format.
        keep: False only tries whether a file can be written there, and leaves ``target`` alone.
        error: what an OSError becomes, for one message wherever writing fails; an OSError that is one already stays.
        advice: what that message says to do.

    Raises:
        ImageError: or ``error``, if the file cannot be written: permissions, a full disk, no such folder.
    """
    target = Path(target)
    # Beside it, for a rename cannot cross disks. The name is cut: with its ending it may not exceed 255 bytes.
    temporary = target.with_name(f".{target.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield temporary
        if keep:
            _flush(temporary)
            os.replace(temporary, target)
    except OSError as failure:
        if isinstance(failure, error):
            raise
        raise error(f"{target} cannot be written: {failure.strerror or failure}. {advice}") from failure
    finally:
        with suppress(OSError):  # what went wrong before matters more
            temporary.unlink(missing_ok=True)


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
