"""Standard output and standard error that never fail: a run is not worth less because nobody reads what it says."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TextIO

# Control characters, which move a terminal's cursor or recolor it; breaks of lines; marks that turn the direction of a
# text; and bytes of a name that are no text.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text with its control characters as their escapes: a file's name may hold any."""
    return INVISIBLE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


class Steady:
    """A text stream to which writing cannot fail: what cannot be written is dropped.

    That is: whatever comes after the reader of a pipe has left, the terminal was closed, the disk is full or the stream was
    closed. A character that the encoding lacks is written as its number. All else is the stream's own.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        encoding = self._stream.encoding or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        # A RuntimeError comes of a signal's handler that writes while a write is under way.
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def steady_streams() -> Iterator[None]:
    """Let nothing fail that writes to standard output or standard error, be it ours, Typer's or the progress bar's."""
    before = sys.stdout, sys.stderr
    with ExitStack() as stack:
        sys.stdout, sys.stderr = (_steady(stream, stack) for stream in before)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _steady(stream: TextIO | None, stack: ExitStack) -> Any:
    if stream is None:  # the process was started without it
        stream = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  the stack closes it
    return stream if isinstance(stream, Steady) else Steady(stream)


def occupy_streams() -> None:
    """Open what the process was started without (``>&-``), or the first file it writes would get that place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number: this one


def let_go() -> None:
    """Drop what could not be printed, or the interpreter would try again at its end, and fail."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError), io.FileIO(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
