"""Grades a class: finds what was handed in, has judged what is not known yet, and returns everybody's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from nstlib.apps.grading.keeping import Kept
from nstlib.apps.grading.pool import LOST, Answers, JudgeProcess, judge_here, judge_on
from nstlib.apps.grading.submissions import Submission, chapter_of
from nstlib.apps.grading.walls import Limits
from nstlib.check import exercises


@dataclass
class Grade:
    """What was found of one learner: records by chapter, and what to know beside them."""

    learner: str
    chapters: dict[str, list[dict]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # under which the results of a chapter are kept

    def points(self, chapter: str = "") -> int:
        """Return how many answers are right, in a chapter or in all."""
        chosen = [self.chapters.get(chapter, [])] if chapter else self.chapters.values()
        return sum(record["right"] for records in chosen for record in records)


def read_all(submissions: Sequence[Submission], kept: Kept) -> tuple[list[Grade], dict[str, Answers]]:
    """Return a grade for each learner that still lacks its records, and what there is to judge, by key."""
    grades, jobs = [], {}
    for submission in submissions:
        grade = Grade(submission.learner, notes=list(submission.notes))
        for chapter, text in _chosen(submission, grade.notes).items():
            names = tuple(exercises.chapters()[chapter])
            key = kept.key(text, names)
            grade.keys[chapter] = key
            jobs.setdefault(key, Answers(key, text, names))
        if not grade.keys:
            grade.notes.append("No notebook of the course was found in it.")
        grades.append(grade)
    return grades, jobs


def _chosen(submission: Submission, notes: list[str]) -> dict[str, bytes]:
    """Return one notebook for each chapter: of several the one that was written last."""
    found: dict[str, bytes] = {}
    for notebook in sorted(submission.notebooks, key=lambda one: (one.written, one.place)):
        try:
            text = notebook.read()
        except ValueError as error:
            notes.append(str(error))
            continue
        chapter = chapter_of(notebook, text)
        if not chapter or not exercises.chapters().get(chapter):
            notes.append(f"{notebook.place} is of no chapter with exercises.")
            continue
        if chapter in found:
            notes.append(f"Of {chapter} there are several notebooks; {notebook.place} was written last, and counts.")
        found[chapter] = text
    return {chapter: found[chapter] for chapter in exercises.chapters() if chapter in found}


def judge_missing(
    jobs: dict[str, Answers],
    kept: Kept,
    limits: Limits,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    stop: Callable[[], bool] = bool,
    first: JudgeProcess | None = None,
) -> Iterator[int]:
    """Judge what is not kept yet, and yield how many notebooks are done: first those that were kept.

    Arguments as for ``judge_here``; ``scheduler`` is the address of a dask scheduler, whose workers judge instead.
    """
    missing = [job for key, job in jobs.items() if kept.get(key) is None]
    done = len(jobs) - len(missing)
    yield done
    if scheduler is None:
        run = judge_here(missing, limits, workers=workers, stop=stop, first=first)
    else:
        run = judge_on(scheduler, missing, limits, stop=stop)
    with closing(run):
        for job, records in run:
            if records is not None:
                kept.put(job.key, records)
            done += 1
            yield done


def fill(grades: Sequence[Grade], jobs: dict[str, Answers], kept: Kept) -> None:
    """Give all grades their records; what a judge did not come to an end with counts nothing, and says so."""
    for grade in grades:
        for chapter, key in grade.keys.items():
            lost = [_lost(name) for name in jobs[key].names]
            grade.chapters[chapter] = kept.get(key) or lost


def _lost(name: str) -> dict:
    return {
        "name": name,
        "right": False,
        "outcome": "error",
        "mistake": "",
        "message": LOST,
        "details": [],
        "library": [],
    }
