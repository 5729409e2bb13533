"""What the command says while it works, and how it ends: messages of one line, durations, gigabytes, exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from nstlib.cli.streams import printable, steady_streams
from nstlib.defaults import GIGABYTE
from nstlib.errors import ChoiceError, ImageError, LayerError, ResumeError, ShapeError, WeightsError

# What shells report. Windows has no SIGHUP, by which a terminal says that it closes.
STOPPED = {
    getattr(signal, name): 128 + getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
}


REFUSED = (ChoiceError, ImageError, LayerError, ResumeError, ShapeError, WeightsError)


@contextmanager
def one_line_errors(*, exit_code: int, kinds: tuple[type[Exception], ...] = REFUSED) -> Iterator[None]:
    """Say in one line what the library refuses, and end the command."""
    try:
        yield
    except kinds as error:
        warn(error)
        raise typer.Exit(exit_code) from error


def say(text: str, *, aside: bool = False) -> None:
    """Print a line, above the progress bar if there is one. Everything that a command prints goes through here.

    That it cannot be printed does not end a run; control characters, as names of files may hold, are shown escaped.

    Args:
        text: what to say. aside: whether it is no result, but about the work: then it goes to standard error.
    """
    from tqdm import tqdm

    with steady_streams():
        stream = sys.stderr if aside else sys.stdout
        tqdm.write(printable(text), file=stream)
        stream.flush()


def note(text: str) -> None:
    """Say something aside."""
    say(text, aside=True)


def warn(message: Exception | str) -> None:
    """Complain, in one line that begins with the command's name."""
    note(f"nst: {one_line(message)}")


def one_line(error: Exception | str) -> str:
    """Return the text without line breaks."""
    return " ".join(str(error).split())


def duration(seconds: float) -> str:
    """Return seconds in words: ``99 s``, ``3 min 20 s``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def gigabytes(count: float) -> str:
    """Return bytes in words: ``1.5 GB``."""
    return f"{count / GIGABYTE:.1f} GB"


def lacking(needed: float) -> str:
    """Return how many bytes are needed and how many are free, in words, if there are too few; else an empty text."""
    import psutil

    free = psutil.virtual_memory().available
    return f"may need {gigabytes(needed)} of memory, and {gigabytes(free)} are free." if needed > free else ""


def warn_of_older(checkpoint: Path) -> None:
    """Warn if a run that begins anew will replace what an earlier one kept."""
    if checkpoint.exists():
        warn(
            f"{checkpoint} is from an earlier run. This one begins anew, and replaces it after half a minute or at its end. "
            "To go on with the earlier one instead, press Ctrl-C twice, and repeat its command with --resume."
        )


def warn_of_memory(needed: float) -> None:
    """Warn if more bytes are needed than are free."""
    if short := lacking(needed):
        warn(f"This {short} A smaller --size needs less.")
