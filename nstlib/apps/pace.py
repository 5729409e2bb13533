"""When a long run keeps what it has reached: at once, then less and less often."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

FIRST, INTERVAL = 1.0, 30.0  # seconds between the first two times, and between two once it has got going
SHARE = 20  # what is kept took at most one part in so many of the time


class Pace:
    """When it is time to keep something: at the first question, then after 1, 2, 4, ... up to 30 seconds.

    The first picture is there as soon as there can be one, for whoever waits for it. Slow writing is done less often.

    Args:
        older: whether what is kept takes the place of something older: that is left there for the first 30 seconds.
    """

    def __init__(self, *, older: bool = False) -> None:
        self._wait, self._due = FIRST, time.monotonic() + (INTERVAL if older else 0)

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._due

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Surround what is kept, whether it succeeds or not: from its end on, the next time is waited for."""
        begin = time.monotonic()
        try:
            yield
        finally:
            end = time.monotonic()
            self._due = end + max(min(self._wait, INTERVAL), SHARE * (end - begin))
            self._wait *= 2
