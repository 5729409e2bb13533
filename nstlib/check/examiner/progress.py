"""What has been solved: in this process, and on this machine in one JSON file. Nothing leaves the machine.

Any number of notebooks may write into the file at once. Whoever notes something holds the lock beside it, reads what is
there, adds its own and replaces the file; what could not be written now is written with the next note.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from nstlib.formats.files import replacing

VERSION = 1
LONGEST_WAIT = 5.0  # seconds for another notebook that is writing
LARGEST = 1_000_000  # bytes; the whole course needs some 5,000
_SAVED_IN = "The environment variable NST_PROGRESS names another file."


@dataclass
class _Noted:
    """What this process knows of an exercise; ``unwritten`` tries are not in the file yet."""

    right: bool = False
    tries: int = 0
    unwritten: int = 0


_session: dict[str, _Noted] = {}
_said: set[str] = set()


def location() -> Path | None:
    """Return the progress file: $NST_PROGRESS, or one in the user's data folder; None if nothing shall be written.

    Where $NST_PROGRESS is a folder, it is ``progress.json`` in there.
    """
    setting = os.environ.get("NST_PROGRESS", "").strip()
    if setting.lower() == "off":
        return None
    if setting:
        path = Path(os.path.expanduser(setting))
        return path / "progress.json" if os.path.isdir(path) else path
    folder = platformdirs.user_data_path("nstlib", appauthor=False)
    return folder / "progress.json" if folder.is_absolute() else None  # without a home it is "~"


def load() -> tuple[dict[str, dict], str]:
    """Return what is known of each exercise, and a remark if the file could not be used. Nothing is written."""
    found, problem = _read(location())
    return {**found, **_merged(found)}, problem


def note(name: str, outcome: str) -> str:
    """Remember an outcome; return a remark if it cannot be kept. A check must not fail because a disk does."""
    noted = _session.setdefault(name, _Noted())
    noted.right |= outcome == "right"
    noted.tries += 1
    noted.unwritten += 1
    path = location()
    if path is None:
        return ""
    try:
        return _write(path)
    except OSError as error:  # a lock that stays busy too
        reason = "another notebook is writing" if isinstance(error, filelock.Timeout) else error.strerror or str(error)
        return _once(f"Your progress could not be saved ({reason}): it lasts as long as this session. {_SAVED_IN}")


def forget_session() -> None:
    """Forget what was solved in this process; the file stays."""
    _session.clear()
    _said.clear()


def export_csv(path: str | Path, rows: list[tuple[str, str, str, str, int]]) -> None:
    """Write (chapter, exercise, title, state, tries) as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("chapter", "exercise", "title", "state", "tries"), *rows])


def _write(path: Path) -> str:
    """Put this process's notes into the file, whatever stood there; return a remark if that was damaged."""
    path = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    own = not os.environ.get("NST_PROGRESS", "").strip()
    path.parent.mkdir(parents=own, exist_ok=True)  # a drive that is not mounted must not become a folder
    with _locked(path):
        found, remark = _read(path)
        if remark and not os.path.isfile(path):
            return _once(f"{remark} {_SAVED_IN}")
        merged = _merged(found)
        content = {"version": VERSION, "exercises": {**found, **merged}}
        with replacing(path, error=OSError) as temporary:
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
            if remark:
                remark = _set_aside(path)
    for name, entry in merged.items():
        _session[name] = _Noted(**entry)
    return remark


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing; where the file system knows no locks, hope."""
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=LONGEST_WAIT)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(NotImplementedError):
            stack.enter_context(lock)
        yield


def _merged(found: dict[str, dict]) -> dict[str, dict]:
    """Return this process's exercises, with what the file knows of them; its own tries count even if the file is gone."""
    merged = {}
    for name, noted in _session.items():
        entry = found.get(name, {"right": False, "tries": 0})
        tries = max(entry["tries"] + noted.unwritten, noted.tries)
        merged[name] = {"right": entry["right"] or noted.right, "tries": tries}
    return merged


def _read(path: Path | None) -> tuple[dict[str, dict], str]:
    """Return the entries of the file that are whole, and a remark if that is not all of it."""
    if path is None or not os.path.lexists(path):
        return {}, ""
    if not os.path.isfile(path):  # a folder, or a pipe from which nothing ever comes
        return {}, "The progress file is no file; only this session is shown."
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        return {}, ""
    except OSError:
        return {}, "The progress file cannot be read; only this session is shown."
    return _parsed(text)


def _parsed(text: bytes) -> tuple[dict[str, dict], str]:
    try:
        entries = json.loads(text.decode("utf-8-sig"))["exercises"].items()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}, "The progress file is damaged; only this session is shown."
    whole = {name: {"right": e["right"], "tries": e["tries"]} for name, e in entries if _is_entry(e)}
    return whole, "" if len(whole) == len(entries) else "The progress file is damaged; what is whole of it is shown."


def _is_entry(entry: object) -> bool:
    right, tries = (entry.get(key) for key in ("right", "tries")) if isinstance(entry, dict) else (None, None)
    return isinstance(right, bool) and type(tries) is int and 0 <= tries < 10**9


def _set_aside(path: Path) -> str:
    """Move a file that is not as it was written out of the way, beside those moved before."""
    aside = path.with_name(path.name + ".damaged")
    os.replace(path, aside)
    return f"The progress file was damaged; it is kept as {aside.name}, and a new one begins with what was whole."


def _once(remark: str) -> str:
    """Return a remark the first time in this process: what cannot be mended is not said after each check."""
    fresh = remark not in _said
    _said.add(remark)
    return remark if fresh else ""
