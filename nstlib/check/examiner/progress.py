"""What has been solved: in this process, and on this machine in one JSON file. Nothing leaves the machine."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from pathlib import Path

import platformdirs

from nstlib.formats.files import replacing

VERSION = 1
_session: dict[str, dict] = {}


def location() -> Path | None:
    """Return the progress file: $NST_PROGRESS, or one in the user's data folder; None if nothing shall be written."""
    setting = os.environ.get("NST_PROGRESS", "").strip()
    if setting.lower() == "off":
        return None
    if setting:
        return Path(setting)
    folder = platformdirs.user_data_path("nstlib", appauthor=False)
    return folder / "progress.json" if folder.is_absolute() else None  # without a home it is "~"


def load() -> tuple[dict[str, dict], str]:
    """Return what is known of each exercise, and a remark if the file could not be used."""
    known, remark = _read(location())
    return {**known, **{name: _merged(known.get(name, {}), entry) for name, entry in _session.items()}}, remark


def note(name: str, outcome: str) -> str:
    """Remember an outcome; return a remark if the file was damaged. A check must not fail because a disk does."""
    path = location()
    known, remark = _read(path)
    entry = _merged(known.get(name, {}), _session.get(name, {}))
    entry = {"right": entry["right"] or outcome == "right", "tries": entry["tries"] + 1}
    _session[name] = entry
    if path is not None:
        content = {"version": VERSION, "exercises": {**known, name: entry}}
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, error=OSError) as temporary:
                temporary.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    return remark


def forget_session() -> None:
    """Forget what was solved in this process; the file stays."""
    _session.clear()


def export_csv(path: str | Path, rows: list[tuple[str, str, str, str, int]]) -> None:
    """Write (chapter, exercise, title, state, tries) as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("chapter", "exercise", "title", "state", "tries"), *rows])


def _merged(*entries: dict) -> dict:
    return {
        "right": any(entry.get("right", False) for entry in entries),
        "tries": max(entry.get("tries", 0) for entry in entries),
    }


def _read(path: Path | None) -> tuple[dict[str, dict], str]:
    if path is None:
        return {}, ""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["exercises"]
        return {name: {"right": bool(e["right"]), "tries": int(e["tries"])} for name, e in entries.items()}, ""
    except FileNotFoundError:
        return {}, ""
    except OSError:
        return {}, "The progress file cannot be read; only this session is shown."
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}, _set_aside(path)


def _set_aside(path: Path) -> str:
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
    except OSError:
        return "The progress file cannot be read; this run starts anew."
    return f"The progress file was damaged; it is kept as {aside.name}, and a new one begins."
