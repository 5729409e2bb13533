"""What becomes of memory that is free again: back to the system, or kept for the next step (chapter 15)."""

from __future__ import annotations

import ctypes
import sys

# Parameters of ``mallopt`` in the GNU C library.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
LARGE = 2**29  # bytes of a block that goes back at once all the same
# Where a process arrives by itself that has freed large blocks: strips are kept (``nstlib.engine.tiles.STRIP_BYTES``), whole
# pictures are not. And the default number of blocks asked of the system one by one.
USUAL, USUAL_MAX = 2**25, 65536

_keeps = False  # whether this process keeps what it frees


def keep_freed_memory(*, keep: bool = True) -> bool:
    """Let this process keep the memory that it frees, for what it asks for next, and return whether it does so now.

    Every step of a transfer needs the same activations again. But the C library gives large blocks back to the system at
    once, and the system clears every page of a new one: for large pictures that takes a quarter to a third of the time.

    It holds for the whole process until it ends, and gaps between blocks cost memory; so ``nst`` asks for it, while
    importing the library does not. A transfer that needs the memory more than the time goes back to the usual
    (``nstlib.engine.memory``). Only on Linux with the GNU C library; elsewhere nothing changes.

    Args:
        keep: False goes back to the usual, and gives back what was kept.
    """
    global _keeps
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return False
    if _keeps and not keep:
        _keeps = False
        library.mallopt(M_MMAP_THRESHOLD, USUAL)
        library.mallopt(M_MMAP_MAX, USUAL_MAX)
        library.mallopt(M_TRIM_THRESHOLD, 2 * USUAL)
        library.malloc_trim(0)
    if keep and not _keeps:
        # Older versions refuse a threshold above 32 MB: there no block at all is asked of the system by itself.
        large = library.mallopt(M_MMAP_THRESHOLD, LARGE) or library.mallopt(M_MMAP_MAX, 0)
        _keeps = bool(large and library.mallopt(M_TRIM_THRESHOLD, -1))
    return _keeps


def keeps_freed_memory() -> bool:
    """Return whether this process was told to keep the memory that it frees, large blocks as well."""
    return _keeps
