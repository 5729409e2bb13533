"""How a run is asked to end: between two steps, so that nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none


class Stop:
    """What asked a run to end.

    Attributes:
        signal: the signal's number, or None.
    """

    signal: int | None = None


@contextmanager
def stoppable(note: Callable[[str], None]) -> Iterator[Stop]:
    """Let Ctrl-C, SIGTERM and SIGHUP set ``.signal`` instead of ending the process; a second one raises KeyboardInterrupt.

    SIGHUP, by which a terminal says that it closes, comes more than once and is nobody's impatience: it never is the second
    one. Under ``nohup`` it stays ignored. Only in the main thread, where Python handles signals; elsewhere nothing changes.
    """
    stop = Stop()

    def handle(number: int, _frame: object) -> None:
        if stop.signal is None:
            stop.signal = number
            note("Stopping after this step; once more stops at once.")
        elif number != HANGUP:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in _asking()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _asking() -> list[int]:
    """Return the signals that ask a process to end."""
    hangup = HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([HANGUP] if hangup else [])]
