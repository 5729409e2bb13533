"""What becomes of memory that is free again: back to the system, or kept for the next step (chapter 15)."""

from __future__ import annotations

import ctypes
import sys

# Parameters of ``mallopt`` in the GNU C library.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
LARGE = 2**29  # bytes of a block that still goes back at once

_kept = False


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for what it asks for next, and return whether that could be arranged.

    Every step of a transfer needs the same activations again. But the C library gives large blocks back to the system at
    once, and the system clears every page of a new one: for large pictures that takes a quarter to a third of the time.

    It holds for the whole process until it ends, and gaps between blocks cost memory; so ``nst`` does it, while importing
    the library does not. Only on Linux with the GNU C library; elsewhere nothing changes.
    """
    global _kept
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return False
    # Older versions refuse a threshold above 32 MB: there no block at all is asked of the system by itself.
    large = library.mallopt(M_MMAP_THRESHOLD, LARGE) or library.mallopt(M_MMAP_MAX, 0)
    _kept = bool(large and library.mallopt(M_TRIM_THRESHOLD, -1))
    return _kept


def keeps_freed_memory() -> bool:
    """Return whether ``keep_freed_memory`` has been called with success."""
    return _kept
