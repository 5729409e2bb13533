"""The tables and the page of a graded class: points, where mistakes gather, and what to explain next."""

from __future__ import annotations

import csv
import html
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nstlib import __version__
from nstlib.apps.grading.grading import Grade
from nstlib.apps.grading.walls import Limits
from nstlib.apps.templates import templates
from nstlib.check import exercises
from nstlib.errors import ResumeError
from nstlib.formats.files import make_folder, replacing

PAGE, TABLE, ANSWERS = "report.html", "grades.csv", "answers.csv"
TOLD = 8  # mistakes that are listed as worth explaining
UNNAMED, ERROR = "wrong, without a name", "an error"


@dataclass(frozen=True)
class Found:
    """How often something was found in the answers to an exercise, and its sentence."""

    exercise: str
    what: str
    count: int
    sentence: str


def write_report(folder: Path, grades: Sequence[Grade], walls: Mapping[str, bool], limits: Limits) -> list[Path]:
    """Write ``grades.csv``, ``answers.csv`` and ``report.html``; return their paths."""
    make_folder(folder, parents=True)
    texts = {TABLE: table(grades), ANSWERS: answers(grades), PAGE: page(grades, walls, limits)}
    for name, text in texts.items():
        with replacing(folder / name, error=ResumeError) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    return [folder / name for name in texts]


def chapters_in(grades: Sequence[Grade]) -> list[str]:
    """Return the chapters of which anybody handed in something, in the order of the course."""
    return [chapter for chapter in exercises.chapters() if any(chapter in grade.chapters for grade in grades)]


def possible(chapters: Sequence[str]) -> int:
    """Return how many points chapters have: one for each exercise."""
    return sum(len(exercises.chapters()[chapter]) for chapter in chapters)


def table(grades: Sequence[Grade]) -> str:
    """Return a line of CSV for each learner: points in all and in each chapter."""
    chapters = chapters_in(grades)
    rows = [["learner", "points", "of", *chapters, "notes"]]
    for grade in grades:
        each = [str(grade.points(chapter)) if chapter in grade.chapters else "" for chapter in chapters]
        rows.append([grade.learner, str(grade.points()), str(possible(chapters)), *each, " ".join(grade.notes)])
    return _csv(rows)


def answers(grades: Sequence[Grade]) -> str:
    """Return a line of CSV for each answer: what was found, in the words that the learner would read."""
    rows = [["learner", "chapter", "exercise", "points", "outcome", "mistake", "message"]]
    for grade in grades:
        for chapter, records in grade.chapters.items():
            for one in records:
                found = [one["name"], str(int(one["right"])), one["outcome"], one["mistake"], one["message"]]
                rows.append([grade.learner, chapter, *found])
    return _csv(rows)


def gradescope(grade: Grade) -> str:
    """Return one learner's answers as Gradescope's results.json."""
    tests = [
        {
            "name": f"{chapter}: {one['name']}",
            "score": int(one["right"]),
            "max_score": 1,
            "output": "\n".join([f"{one['outcome']}: {one['message']}", *one["details"]]),
        }
        for chapter, records in grade.chapters.items()
        for one in records
    ]
    return json.dumps({"score": grade.points(), "output": " ".join(grade.notes), "tests": tests}, indent=1)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    """Return CSV. A field that a spreadsheet would run as a formula is given a mark before it."""
    text = io.StringIO()
    safe = [[f"'{field}" if field[:1] in ("=", "+", "-", "@", "\t", "\r") else field for field in row] for row in rows]
    csv.writer(text, lineterminator="\n").writerows(safe)
    return text.getvalue()


def mistakes(grades: Sequence[Grade]) -> dict[str, list[Found]]:
    """Return what was found in the answers to each exercise that is not right, most frequent first."""
    count: dict[str, Counter] = defaultdict(Counter)
    sentences: dict[tuple[str, str], str] = {}
    for one in (record for grade in grades for records in grade.chapters.values() for record in records):
        if one["outcome"] in ("not yet", "error"):
            what = one["mistake"].replace("_", " ") or (UNNAMED if one["outcome"] == "not yet" else ERROR)
            count[one["name"]][what] += 1
            sentences.setdefault((one["name"], what), "" if what == ERROR else one["message"])  # an error is one's own
    ordered = {name: count[name] for names in exercises.chapters().values() for name in names if name in count}
    return {
        name: [
            Found(name, what, n, sentences[name, what]) for what, n in sorted(c.items(), key=lambda x: (-x[1], x[0]))
        ]
        for name, c in ordered.items()
    }


def to_explain(grades: Sequence[Grade]) -> list[Found]:
    """Return what most learners have in common, most frequent first: mistakes that the exercise names before all else."""
    named = [found for each in mistakes(grades).values() for found in each if found.what not in (UNNAMED, ERROR)]
    return sorted(named, key=lambda found: (not _is_named(found), -found.count))[:TOLD]


def _is_named(found: Found) -> bool:
    return found.what in {mistake.id.replace("_", " ") for mistake in exercises[found.exercise].mistakes}


def page(grades: Sequence[Grade], walls: Mapping[str, bool], limits: Limits) -> str:
    """Return the page as HTML; whatever a learner wrote is escaped."""
    chapters = chapters_in(grades)
    found = mistakes(grades)
    page = templates(Path(__file__).parent, marked=_marked).get_template("report.html")
    return page.render(
        grades=grades,
        chapters=chapters,
        possible=possible,
        most={chapter: len(exercises.chapters()[chapter]) for chapter in chapters},
        rows=[
            _row(name, grades, found.get(name, [])) for chapter in chapters for name in exercises.chapters()[chapter]
        ],
        to_explain=to_explain(grades),
        titles={name: exercises[name].title for chapter in chapters for name in exercises.chapters()[chapter]},
        library=_library(grades),
        alike=_alike(grades),
        walls=walls,
        limits=limits,
        version=__version__,
    )


def _row(name: str, grades: Sequence[Grade], found: Sequence[Found]) -> dict:
    """Return what the heat map shows of an exercise: shares of those who handed in its chapter, and what was found."""
    records = [r for grade in grades for records in grade.chapters.values() for r in records if r["name"] == name]
    outcomes = Counter(record["outcome"] for record in records)
    return {
        "name": name,
        "chapter": exercises[name].chapter,
        "of": len(records),
        "right": outcomes["right"],
        "open": outcomes["not attempted"],
        "found": found,
    }


def _library(grades: Sequence[Grade]) -> list[tuple[str, str, str]]:
    """Return which right answers take something from the library: whether that was meant, only a reader can say."""
    right = [(g.learner, r) for g in grades for records in g.chapters.values() for r in records if r["right"]]
    return [(learner, r["name"], ", ".join(r["library"])) for learner, r in right if r["library"]]


def _alike(grades: Sequence[Grade]) -> list[tuple[str, list[str]]]:
    """Return which learners handed in the same bytes, and have points for them."""
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grade in grades:
        for chapter, key in grade.keys.items():
            if grade.points(chapter):
                same[chapter, key].append(grade.learner)
    return [(chapter, learners) for (chapter, _), learners in same.items() if len(learners) > 1]


def _marked(text: str) -> str:
    """Return a sentence of the course with its `code` as HTML."""
    from markupsafe import Markup

    parts = html.escape(text).split("`")
    if len(parts) % 2 == 0:
        return Markup(html.escape(text))
    return Markup("".join(f"<code>{part}</code>" if k % 2 else part for k, part in enumerate(parts)))
