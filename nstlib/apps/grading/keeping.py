"""What was found of each notebook, kept by all that decides it: bytes, exercises, limits, and the code that judges."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from nstlib import course
from nstlib.apps.grading.walls import Limits
from nstlib.errors import ResumeError
from nstlib.formats.files import make_folder, replacing

KEPT = ".graded"  # a folder in the report's; without it everything is graded anew


@cache
def code_version() -> str:
    """Return a word for the code that judges: another one, other results."""
    found = hashlib.sha256()
    for path in sorted((course.ROOT / "nstlib").rglob("*.py")):
        found.update(path.relative_to(course.ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


class Kept:
    """The results in a folder, a file each; a file is there whole or not at all."""

    def __init__(self, folder: Path, limits: Limits):
        self._folder, self._limits = folder / KEPT, json.dumps(dataclasses.asdict(limits))
        make_folder(self._folder, parents=True)

    def key(self, text: bytes, names: Sequence[str]) -> str:
        """Return the name under which the results of a notebook are kept."""
        parts = (code_version().encode(), self._limits.encode(), " ".join(names).encode(), text)
        return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:40]

    def get(self, key: str) -> list[dict] | None:
        """Return the records that are kept, or None."""
        return self._read(key)

    def put(self, key: str, records: list[dict]) -> None:
        """Keep records."""
        self._write(key, records)

    def _read(self, name: str) -> Any:
        with suppress(OSError, ValueError):
            return json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        return None

    def _write(self, name: str, value: object) -> None:
        with replacing(self._folder / f"{name}.json", error=ResumeError) as temporary:
            temporary.write_text(json.dumps(value), encoding="utf-8")

    def walls(self, found: dict[str, bool] | None = None) -> dict[str, bool] | None:
        """Keep which walls stood while it was judged, or return what is kept of that."""
        if found is not None:
            self._write("walls", found)
            return found
        return self._read("walls")
