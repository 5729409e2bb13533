"""What was handed in: folders, notebooks, zips, of a class or one learner. Nothing is unpacked to disk, no link followed."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nstlib.check import exercises
from nstlib.errors import ChoiceError

LARGEST, MOST, DEPTH = 32_000_000, 500, 6  # bytes of a notebook; entries of a zip or folder; folders in folders
_SKIPPED = ("__MACOSX", "node_modules")
_CHECKED = re.compile(rb"check\((\w{1,60})\)")
_MOODLE = re.compile(r"_assignsubmission_\w+$")


@dataclass(frozen=True)
class Notebook:
    """A notebook that was handed in: where it lies, how to read it, when it was written."""

    place: str
    path: Path
    inside: str = ""
    written: float = 0.0

    def read(self) -> bytes:
        """Return its bytes, or raise a ValueError that says why not."""
        try:
            if self.inside:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.inside) as file:
                    text = file.read(LARGEST + 1)
            else:
                with os.fdopen(os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
                    text = file.read(LARGEST + 1)
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            EOFError,
            KeyError,
        ) as error:
            raise ValueError(f"{self.place} cannot be read: {error}") from error
        if len(text) > LARGEST:
            raise ValueError(f"{self.place} is larger than {LARGEST // 10**6} MB, which is no notebook of this course.")
        return text


@dataclass
class Submission:
    """All that one learner handed in; ``notes`` say what was left out, and why."""

    learner: str
    notebooks: list[Notebook] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_submissions(place: Path) -> list[Submission]:
    """Return what was handed in, by learner.

    Args:
        place: a folder with a folder, a notebook or a zip for each learner (nbgrader's ``submitted`` is one); or one
            notebook or zip.

    Raises:
        ChoiceError: if there is nothing.
    """
    if not os.path.lexists(place):
        raise ChoiceError(f"There is no {place}. Name the folder of submissions, or one notebook.")
    if not place.is_dir():
        found = [_of_file(place)]
    else:
        entries = sorted((e for e in os.scandir(place) if not e.name.startswith(".")), key=lambda e: e.name)
        entries = [entry for entry in entries if _is_submission(entry)]
        found = [
            _of_folder(Path(e.path)) if e.is_dir(follow_symlinks=False) else _of_file(Path(e.path)) for e in entries
        ]
    if not found:
        raise ChoiceError(f"{place} holds no submissions: a folder, an .ipynb or a .zip for each learner.")
    return _told_apart(found, place)


def find_one(place: Path) -> Submission:
    """Return one learner's submission: a notebook, a zip, or a folder with notebooks in it."""
    if place.is_dir():
        return _of_folder(place)
    return find_submissions(place)[0]


def chapter_of(notebook: Notebook, text: bytes) -> str:
    """Return which chapter a notebook is of, by its name, its folders' names, or what it checks; "" if of none."""
    chapters = exercises.chapters()
    names = [PurePosixPath(notebook.place).stem, *reversed(PurePosixPath(notebook.place).parts[:-1])]
    for name in names:
        for chapter in chapters:
            if re.search(rf"(?<![^\W_]){re.escape(chapter)}(?![^\W_])", name):
                return chapter
    checked = Counter(exercises[n].chapter for n in map(bytes.decode, _CHECKED.findall(text)) if n in exercises)
    return checked.most_common(1)[0][0] if checked else ""


def _is_submission(entry: os.DirEntry) -> bool:
    return entry.is_dir(follow_symlinks=False) or entry.name.lower().endswith((".ipynb", ".zip")) or entry.is_symlink()


def _of_file(path: Path) -> Submission:
    found = Submission(_learner(path.stem))
    _add(found, path, path.name)
    return found


def _of_folder(folder: Path) -> Submission:
    found = Submission(_learner(folder.name))
    for path in _walk(folder, found):
        _add(found, path, path.relative_to(folder).as_posix())
    return found


def _walk(folder: Path, found: Submission) -> Iterator[Path]:
    left, seen = [(folder, 0)], 0
    while left:
        here, depth = left.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            found.notes.append(f"{here.name} cannot be read: {error.strerror}.")
            continue
        for entry in entries:
            seen += 1
            if seen > MOST:
                found.notes.append(f"It holds more than {MOST} files; the rest was left out.")
                return
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH and not entry.name.startswith(".") and entry.name not in _SKIPPED:
                    left.append((Path(entry.path), depth + 1))
            elif entry.name.lower().endswith((".ipynb", ".zip")) and not entry.name.startswith("."):
                yield Path(entry.path)


def _add(found: Submission, path: Path, place: str) -> None:
    """Add a file's notebooks to a submission; what is no plain file is left out, and said."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        found.notes.append(f"{place} is a link or no file, and was left out.")
    elif path.suffix.lower() == ".zip":
        _add_zip(found, path, place)
    else:
        found.notebooks.append(Notebook(place, path, written=status.st_mtime))


def _add_zip(found: Submission, path: Path, place: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        found.notes.append(f"{place} is no zip that can be read: {error}")
        return
    if len(entries) > MOST:
        found.notes.append(f"{place} holds more than {MOST} files; the rest was left out.")
    for entry in entries[:MOST]:
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if not entry.filename.lower().endswith(".ipynb") or any(p.startswith(".") and p != ".." for p in parts):
            continue
        if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
            found.notes.append(f"{place} holds {entry.filename[:80]!r}, which leads out of it, and was left out.")
        elif not set(parts) & set(_SKIPPED):
            when = float("{:04d}{:02d}{:02d}{:02d}{:02d}{:02d}".format(*entry.date_time))
            found.notebooks.append(Notebook(entry.filename, path, entry.filename, when))


def _learner(name: str) -> str:
    """Return a learner's name as files tell it: without a chapter's name, and what Moodle adds."""
    name = _MOODLE.sub("", name.rstrip("_"))
    for chapter in exercises.chapters():
        name = re.sub(rf"[-_ ]*{chapter}[-_ ]*", "", name) or name
    return name


def _told_apart(found: Sequence[Submission], place: Path) -> list[Submission]:
    """Give two submissions under one name two names: neither gets what the other has earned."""
    count = Counter(one.learner.casefold() for one in found)
    met: Counter[str] = Counter()
    for one in found:
        key = one.learner.casefold()
        if count[key] > 1:
            met[key] += 1
            one.learner = f"{one.learner} ({met[key]})"
            one.notes.append(f"{count[key]} submissions have this name. They are graded apart.")
    return list(found)
