"""Which exercises there are, and in which order: a file each, imported when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path

from nstlib import course
from nstlib.check.exercise import Exercise


class Exercises(Mapping[str, Exercise]):
    """All exercises by name, in the order of the course.

    Args:
        folder: has a folder for each chapter, named as its text without the number, and in it a file an exercise.
        package: the folder's name as a package.
    """

    def __init__(self, folder: Path, package: str):
        self._folder, self._package = folder, package

    def __getitem__(self, name: str) -> Exercise:
        return import_module(f"{self._package}.{self._slugs[name]}.{name}").EXERCISE

    def __iter__(self) -> Iterator[str]:
        return iter(self._slugs)

    def __len__(self) -> int:
        return len(self._slugs)

    def __contains__(self, name: object) -> bool:
        return name in self._slugs

    def chapters(self) -> dict[str, list[str]]:
        """Return the names of the exercises of each chapter ("07_gram"), both in the order of the course."""
        found: dict[str, list[str]] = {}
        for name, slug in self._slugs.items():
            found.setdefault(course.chapter_of(slug), []).append(name)
        return found

    @cached_property
    def _slugs(self) -> dict[str, str]:
        """The chapter of each exercise: the files tell which there are, the chapters' texts in which order."""
        known = {path.stem: path.parent.name for path in sorted(self._folder.glob("*/[a-z]*.py"))}
        known = {name: slug for name, slug in known.items() if slug != "examiner"}
        told = [name for chapter in course.chapters() for name in _told(chapter) if name in known]
        return {name: known[name] for name in (*told, *sorted(known.keys() - set(told), key=known.get))}


def _told(chapter: str) -> list[str]:
    """Return the names of the exercises in a chapter's text, if it is there."""
    text = course.ROOT / "book" / f"{chapter}.md"
    return re.findall(r"^[`:~]{3,}\{exercise\} (\w+)$", text.read_text("utf-8"), re.M) if text.is_file() else []
