"""``nst grade``: judge what learners handed in, behind walls."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line_errors, say, warn
from nstlib.cli.inputs import check_where
from nstlib.cli.options import option
from nstlib.errors import ChoiceError, finite_number, whole_number

if TYPE_CHECKING:
    from nstlib.apps.grading.walls import Limits

EXAMPLES = """Examples:

[bold]nst grade submitted -o report[/bold] grades a folder with a folder, notebook or zip for each learner.

[bold]nst grade ada.ipynb --gradescope results.json[/bold] grades one, and says so to Gradescope.
"""

Submissions = Annotated[Path, typer.Argument(metavar="SUBMISSIONS", help="A folder, or one notebook or zip.")]
Folder = Annotated[Path, option("FOLDER", "Where the report is written.", "--output", "-o")]
Gradescope = Annotated[Path | None, option("FILE", "SUBMISSIONS is one learner's; write Gradescope's file only.")]
Workers = Annotated[int | None, option("N", "Processes on this machine.", show_default="one per processor")]
Scheduler = Annotated[str | None, option("ADDRESS", "Of a dask scheduler, whose workers judge instead.")]
Seconds = Annotated[float, option("S", "That the judging of one answer may take.")]
Memory = Annotated[int, option("MB", "That one answer may take.")]


def grade(
    submissions: Submissions,
    output: Folder = Path("report"),
    gradescope: Gradescope = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    seconds: Seconds = 20.0,
    memory: Memory = 2048,
) -> None:
    """Grade what learners handed in: grades.csv, and a page on the class.

    A learner's lines run in a process of their own, which has limits and cannot
    decide. Results are kept: the same command goes on after Ctrl-C or a crash.
    """
    with one_line_errors(exit_code=2):
        limits = _limits(seconds, memory)
        check_where(workers, scheduler)
        if gradescope is not None:
            _for_gradescope(submissions, gradescope, limits)
            return
        _grade_class(submissions, output, limits, workers, scheduler)


def _limits(seconds: float, memory: int) -> Limits:
    if os.name != "posix":
        raise ChoiceError(
            "nst grade runs strangers' code, and needs the walls of Linux. On Windows, run it within WSL."
        )
    from nstlib.apps.grading.walls import Limits

    return Limits(
        finite_number("--seconds", seconds, 1.0, most=600.0), whole_number("--memory", memory, 256, 1_000_000)
    )


def _for_gradescope(place: Path, target: Path, limits: Limits) -> None:
    """Grade one submission, and write what Gradescope reads."""
    import tempfile

    from nstlib.apps.grading.class_report import gradescope
    from nstlib.apps.grading.grading import fill, judge_missing, read_all
    from nstlib.apps.grading.keeping import Kept
    from nstlib.apps.grading.submissions import find_one
    from nstlib.errors import ResumeError
    from nstlib.formats.files import replacing

    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(Path(folder), limits)
        grades, jobs = read_all([find_one(place)], kept)
        for _ in judge_missing(jobs, kept, limits, workers=1):
            pass
        fill(grades, jobs, kept)
    with replacing(target, error=ResumeError) as temporary:
        temporary.write_text(gradescope(grades[0]), encoding="utf-8")
    say(f"{target}: {grades[0].points()} of {sum(map(len, grades[0].chapters.values()))} points.")


def _grade_class(place: Path, output: Path, limits: Limits, workers: int | None, scheduler: str | None) -> None:
    from nstlib.apps.grading.class_report import write_report
    from nstlib.apps.grading.grading import fill, judge_missing, read_all
    from nstlib.apps.grading.keeping import Kept
    from nstlib.apps.grading.pool import JudgeProcess
    from nstlib.apps.grading.submissions import find_submissions
    from nstlib.apps.painting.stopping import stoppable

    found = find_submissions(place)
    _check_output(output, place, [one.path for submission in found for one in submission.notebooks])
    kept, judge = Kept(output, limits), JudgeProcess(limits)
    with stoppable(note) as stop:
        grades, jobs = read_all(found, kept)
        walls = kept.walls()
        if walls is None or any(kept.get(key) is None for key in jobs):
            walls = kept.walls(judge.walls())
            _say_walls(walls)
        begin = time.perf_counter()
        where = {"workers": workers, "scheduler": scheduler, "first": judge}
        done, judged = _watch(
            judge_missing(jobs, kept, limits, stop=lambda: stop.signal is not None, **where), len(jobs)
        )
    judge.end()
    if stop.signal is not None and done < len(jobs):
        warn(f"Stopped. {done} of {len(jobs)} notebooks are judged; the same command goes on.")
        raise typer.Exit(STOPPED[stop.signal])
    fill(grades, jobs, kept)
    paths = write_report(output, grades, walls, limits)
    if judged:
        took = time.perf_counter() - begin
        note(f"Took {duration(took)}: {60 * judged / took:.0f} notebooks a minute.")
    say(f"{len(grades)} submissions graded. Wrote {', '.join(map(str, paths))}.")


def _check_output(output: Path, place: Path, sources: Iterable[Path]) -> None:
    """Raise a ChoiceError if the report cannot be written there, or would lie among what was handed in."""
    if os.path.lexists(output) and not output.is_dir():
        raise ChoiceError(f"{output} is no folder, and the report is one. Choose another --output.")
    if output.resolve() in {place.resolve(), *(path.resolve().parent for path in sources)}:
        raise ChoiceError(f"{output} holds submissions. Choose another --output.")


def _watch(run: object, total: int) -> tuple[int, int]:
    """Follow the judging, and return how many notebooks have results, and how many were judged now."""
    from tqdm import tqdm

    done = first = None
    with tqdm(total=total, unit="notebook", dynamic_ncols=True, smoothing=0.05) as bar:
        for done in run:
            if first is None:
                first = bar.initial = done
            bar.update(done - bar.n)
    return done or 0, (done or 0) - (first or 0)


def _say_walls(walls: dict[str, bool]) -> None:
    """Say aloud what this system does not see to."""
    open_ones = [wall for wall, holds in walls.items() if not holds]
    if not walls:
        warn("No process could be started to run answers in; nothing can be right.")
    elif open_ones:
        warn(f"This system does not see to it, for a learner's lines, that {'; that '.join(open_ones)}.")
