"""The rows of a study: one CSV file that only grows, one row for each run, whole or not there at all."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from types import TracebackType

import filelock
import torch

from nstlib import __version__, course
from nstlib.analysis import Row
from nstlib.apps.study.grid import Case, Settings
from nstlib.errors import ChoiceError, ResumeError
from nstlib.metrics import MEASURES

KEY = (
    *(each.name for each in fields(Case) if each.name != "settings"),
    *(each.name for each in fields(Settings)),
)
# The rows of the course's own study, study/course.toml.
COMMITTED = course.DATA / "study.csv"
MADE_WITH = ("nstlib", "torch")
COLUMNS = (*KEY, *MEASURES, *MADE_WITH)
BYTES = 600  # of a row, about
DIGITS = 5  # significant ones: the second or third already depends on the processor


class Results:
    """A file of rows, opened for adding to it; by one process at a time::

        with Results(path) as results:
            results.add(case, values)

    Attributes:
        path: the file. done: the keys of the rows in it.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.done: set[tuple[str, ...]] = set()
        self._lock = filelock.FileLock(lock_of(self.path))

    def __enter__(self) -> Results:
        if not self.path.parent.is_dir():
            raise ResumeError(f"The folder {self.path.parent} is not there. Make it, or take another one.")
        if os.path.lexists(self.path) and not os.path.isfile(self.path):  # to read a pipe would be to wait
            raise ResumeError(f"{self.path} is no file. Take another one.")
        lock = lock_of(self.path)
        if os.path.lexists(lock) and (not os.path.isfile(lock) or lock.stat().st_size):  # ours are empty
            raise ResumeError(
                f"{lock} is in the way: it would say who writes {self.path}. Move it, or take another file."
            )
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise ResumeError(f"{self.path} is being written by another study. Wait, or take another file.") from error
        except OSError as error:
            raise ResumeError(_unwritable(self.path, error)) from error
        try:
            self._open()
        except OSError as error:
            self._lock.release()
            raise ResumeError(_unwritable(self.path, error)) from error
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()

    def missing(self, cases: Iterable[Case]) -> list[Case]:
        """Return the cases without a row."""
        return [case for case in cases if tuple(case.key.values()) not in self.done]

    def add(self, case: Case, values: Mapping[str, float], *, device: str = "cpu") -> None:
        """Write a case's row, unless it is there, and wait until it is on the disk; it says what it was computed on.

        Raises:
            ResumeError: if it cannot be written.
        """
        key = tuple(case.key.values())
        if key in self.done:
            return
        measured = [f"{values[name]:.{DIGITS}g}" if name in values else "" for name in MEASURES]
        version = torch.__version__.partition("+")[0]
        self._write([*key, *measured, __version__, version if device == "cpu" else f"{version} on {device}"])
        self.done.add(key)

    def _open(self) -> None:
        """Read what is there, and cut off a row that was not written to its end."""
        if self.path.exists():
            raw = self.path.read_bytes()
            whole = raw[: raw.rfind(b"\n") + 1]
            if not ",".join(COLUMNS).encode().startswith(raw) and not whole:
                raise ResumeError(
                    f"{self.path} is no file of results. Take another file; the one that is there stays as it is."
                )
            self.done = {tuple(row[name] for name in KEY) for row in _parse(self.path, whole)}
            if whole != raw:
                with self.path.open("rb+") as file:
                    file.truncate(len(whole))
        self._file = self.path.open("ab")
        if not self._file.tell():
            self._write(COLUMNS)

    def _write(self, row: Iterable[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        begin = self._file.tell()
        try:
            self._file.write(line.getvalue().encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._undo(begin)
            raise ResumeError(_unwritable(self.path, error)) from error

    def _undo(self, begin: int) -> None:
        """Take back half a row, and what waits to be written."""
        with suppress(OSError):  # the same full disk
            self._file.close()
        with self.path.open("rb+") as file:
            file.truncate(begin)
        self._file = self.path.open("ab")


def lock_of(path: Path) -> Path:
    """Return the file that says that somebody writes to a file of results. It is empty."""
    return path.with_name(f".{path.name}.lock")


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file of results, as text; what was not measured is empty.

    Raises:
        ChoiceError: if there is no such file, or it holds something else.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # to read a pipe would be to wait for whoever writes to it
        raise ChoiceError(f"The results {path} cannot be read: that is no file.")
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise ChoiceError(f"The results {path} cannot be read: {error.strerror}.") from error
    return _parse(Path(path), raw[: raw.rfind(b"\n") + 1])


def _parse(path: Path, whole: bytes) -> list[Row]:
    """Return the rows of whole lines."""
    if not whole:
        return []
    try:
        reader = csv.DictReader(io.StringIO(whole.decode()), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResumeError(f"{path} is no file of results: {error}. Take another file.") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ResumeError(
            f"{path} holds other columns than a study has ({', '.join(COLUMNS[:4])}, ...). Take another file; the one that "
            "is there stays as it is."
        )
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ResumeError(f"{path}, row {number}, has not {len(COLUMNS)} fields. Mend it or take another file.")
        for name in ("style_weight", *MEASURES):
            if not _is_number(row[name], needed=name == "style_weight"):
                raise ResumeError(
                    f"{path}, row {number}, holds {row[name][:40]!r} as {name}, which is no number. Mend it or take another "
                    "file."
                )
    return rows


def _is_number(text: str, *, needed: bool) -> bool:
    """Return whether a field is a number; unless it is needed, it may be empty."""
    if not text:
        return not needed
    try:
        return math.isfinite(float(text)) or not needed
    except ValueError:
        return False


def _unwritable(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}. Check the folder's permissions and free space."
