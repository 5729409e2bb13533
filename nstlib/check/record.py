"""What has been solved: in this process, and on this machine in one JSON file. Nothing leaves the machine."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
import tempfile
from pathlib import Path

VERSION = 1
_session: dict[str, dict] = {}


def location() -> Path | None:
    """Return the progress file: $NST_PROGRESS, or one in the user's data folder; None if nothing shall be written."""
    setting = os.environ.get("NST_PROGRESS", "").strip()
    if setting.lower() == "off":
        return None
    if setting:
        return Path(setting)
    try:
        home = Path.home()
    except (RuntimeError, KeyError):
        return None
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return folder / "nstlib" / "progress.json"


def load() -> tuple[dict[str, dict], str]:
    """Return what is known of each exercise, and a remark if the file could not be used."""
    known, remark = _read(location())
    return {**known, **{name: _merged(known.get(name, {}), entry) for name, entry in _session.items()}}, remark


def note(name: str, outcome: str) -> str:
    """Remember an outcome; return a remark if the file was damaged. A check must not fail because a disk does."""
    entry = _session.setdefault(name, {"right": False, "tries": 0})
    path = location()
    known, remark = _read(path)
    old = known.get(name, {})
    entry["right"] = bool(entry["right"] or old.get("right", False) or outcome == "right")
    entry["tries"] = max(entry["tries"], old.get("tries", 0)) + 1
    if path is not None:
        with contextlib.suppress(OSError):
            _write(path, {**known, name: dict(entry)})
    return remark


def forget_session() -> None:
    """Forget what was solved in this process; the file stays."""
    _session.clear()


def export_csv(path: str | Path, rows: list[tuple[str, str, str, str, int]]) -> None:
    """Write (chapter, exercise, title, state, tries) as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("chapter", "exercise", "title", "state", "tries"))
        writer.writerows(rows)


def _merged(old: dict, new: dict) -> dict:
    return {"right": old.get("right", False) or new["right"], "tries": max(old.get("tries", 0), new["tries"])}


def _read(path: Path | None) -> tuple[dict[str, dict], str]:
    if path is None:
        return {}, ""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, ""
    except OSError:
        return {}, "The progress file cannot be read; only this session is shown."
    except UnicodeDecodeError:
        return {}, _set_aside(path)
    try:
        content = json.loads(text)
        entries = content["exercises"]
        return {str(name): _entry(value) for name, value in entries.items()}, ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}, _set_aside(path)


def _entry(value: dict) -> dict:
    return {"right": bool(value["right"]), "tries": int(value["tries"])}


def _set_aside(path: Path) -> str:
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
    except OSError:
        return "The progress file cannot be read; this run starts anew."
    return f"The progress file was damaged; it is kept as {aside.name}, and a new one begins."


def _write(path: Path, exercises: dict[str, dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"version": VERSION, "exercises": exercises}, file, indent=1, sort_keys=True)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
