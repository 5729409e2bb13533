"""What the command says while it works, and how it ends: messages of one line, durations, exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from nstlib.errors import ChoiceError, ImageError, LayerError, ResumeError, ShapeError, WeightsError

STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}  # what shells report


@contextmanager
def one_line_errors(*, exit_code: int) -> Iterator[None]:
    """Say in one line what the library refuses, and end the command."""
    try:
        yield
    except (ChoiceError, ImageError, LayerError, ResumeError, ShapeError, WeightsError) as error:
        warn(error)
        raise typer.Exit(exit_code) from error


def warn(message: Exception | str) -> None:
    """Complain, in one line that begins with the command's name."""
    note(f"nst: {one_line(message)}")


def note(text: str) -> None:
    """Say something aside, above the progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


def one_line(error: Exception | str) -> str:
    """Return the text without line breaks."""
    return " ".join(str(error).split())


def duration(seconds: float) -> str:
    """Return seconds in words: ``99 s``, ``3 min 20 s``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
