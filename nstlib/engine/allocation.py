"""What becomes of memory that is free again: back to the system, or kept for the next step (chapter on the engine)."""

from __future__ import annotations

import ctypes
import sys

# Parameters of ``mallopt`` in the GNU C library.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
LARGE = 2**29  # bytes of a block that goes back at once all the same

_allowed = _keeps = False


def allow_keeping() -> None:
    """Let runs of this process keep the memory that they free, where their plan can afford it (``nstlib.engine.memory``).

    ``nst`` does so, while importing the library does not: it has no business with the memory of the program around it.
    """
    global _allowed
    _allowed = True


def may_keep_freed_memory() -> bool:
    """Return whether freed memory is kept already, or a run may decide so."""
    return _allowed or _keeps


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for what it asks for next, and return whether it does so now.

    Every step of a transfer needs the same activations again. But the C library gives large blocks back to the system at
    once, and the system clears every page of a new one: for large pictures that takes a quarter to a third of the time.

    It holds for the whole process until it ends, and gaps between blocks cost memory. Only on Linux with the GNU C library;
    elsewhere nothing changes.
    """
    global _keeps
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return False
    if not _keeps:
        # Older versions refuse a threshold above 32 MB: there no block at all is asked of the system by itself.
        large = library.mallopt(M_MMAP_THRESHOLD, LARGE) or library.mallopt(M_MMAP_MAX, 0)
        _keeps = bool(large and library.mallopt(M_TRIM_THRESHOLD, -1))
    return _keeps


def keeps_freed_memory() -> bool:
    """Return whether this process was told to keep the memory that it frees, large blocks as well."""
    return _keeps
