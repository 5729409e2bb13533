"""How a run is asked to end: between two steps, so that nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """What asked a run to end.

    Attributes:
        signal: the signal's number, or None.
    """

    signal: int | None = None


@contextmanager
def stoppable(note: Callable[[str], None]) -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM set ``.signal`` instead of ending the process; a second one raises KeyboardInterrupt.

    Only in the main thread, where Python handles signals; elsewhere nothing changes.
    """
    stop = Stop()

    def handle(number: int, _frame: object) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number
        note("Stopping after this step; once more stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
