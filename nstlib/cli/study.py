"""``nst study``: run many transfers, measure them, and compare the methods."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line, one_line_errors, say, warn
from nstlib.cli.inputs import check_device, check_where
from nstlib.cli.options import Device, option
from nstlib.errors import ImageError

if TYPE_CHECKING:
    from nstlib.apps.painting.stopping import Stop
    from nstlib.apps.study.grid import Grid

app = typer.Typer(help="Run many transfers, measure them, compare the methods.", no_args_is_help=True)

EXAMPLES = """Examples:

[bold]nst study run study/course.toml -o rows.csv[/bold] runs what is missing in rows.csv.

[bold]nst study run study/full.toml -o full.csv --scheduler tcp://10.0.0.5:8786[/bold] does it on a dask cluster.
"""


GridFile = Annotated[Path, typer.Argument(metavar="GRID", help="What to run: a TOML file, as study/course.toml.")]
Rows = Annotated[Path | None, option("FILE", "The CSV file of rows.", "--output", "-o", show_default="GRID.csv")]
Workers = Annotated[int | None, option("N", "Processes on this machine.", show_default="one per processor")]
Scheduler = Annotated[str | None, option("ADDRESS", "Of a dask scheduler, whose workers run it instead.")]
Results = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file that  nst study run  wrote.")]
Folder = Annotated[Path | None, option("FOLDER", "Where to write.", "--output", "-o", show_default="FILE without .csv")]


@app.command("run", epilog=EXAMPLES)
def run(
    grid: GridFile,
    output: Rows = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    device: Device = "cpu",
) -> None:
    """Run every method on every pair of pictures at every weight, one row for each.

    What is in the file is not run again, so the same command goes on after
    Ctrl-C, a crash, or a change of the grid.
    """
    from nstlib.apps.painting.stopping import stoppable
    from nstlib.apps.study.grid import read_grid

    with one_line_errors(exit_code=2):
        check_where(workers, scheduler)
        if scheduler is None:  # a worker elsewhere has devices of its own
            check_device(device)
        found = read_grid(grid)
        target = Path(f"{grid.stem}.csv") if output is None else output
        _check_target(found, grid, target)
    with one_line_errors(exit_code=1), stoppable(note) as stop:
        done, total, failed = _watch(found, target, stop, workers=workers, scheduler=scheduler, device=device)
    if stop.signal is not None and done + failed < total:
        warn(f"Stopped. {target} holds {done} of {total} rows; the same command goes on.")
        raise typer.Exit(STOPPED[stop.signal])
    say(f"{target} holds {done} of {total} rows.")
    if failed:
        warn(f"{failed} runs failed, see above. The same command tries them again.")
        raise typer.Exit(1)


def _check_target(grid: Grid, file: Path, target: Path) -> None:
    """Raise an ImageError if the rows cannot be written there, or something would be lost by it."""
    from nstlib.apps.outputs import Output, check_outputs, check_places, check_space
    from nstlib.apps.study.results import BYTES, lock_of

    if os.path.lexists(target) and not os.path.isfile(target):
        raise ImageError(f"{target} is no file, and rows are written to one. Choose another --output.")
    outputs = [
        Output(path, role, extensions=(path.suffix.lower(),))
        for path, role in ((target, "the file of rows"), (lock_of(target), "its lock"))
    ]
    pictures = [path for side in (grid.contents, grid.styles, *grid.calibration) for path in side.values()]
    check_outputs(outputs, [file, *pictures], kind="files")
    check_places(outputs)
    check_space(target, BYTES * len(grid.cases()))


def _watch(grid: Grid, target: Path, stop: Stop, **where: int | str | None) -> tuple[int, int, int]:
    """Follow a study, and return how many rows there are, how many there will be, and how many runs failed."""
    from tqdm import tqdm

    from nstlib.apps.study.workers import run_study

    begin, failed, done, total = time.perf_counter(), 0, 0, 0
    run = run_study(grid, target, stop=lambda: stop.signal is not None, **where)
    with tqdm(unit="run", dynamic_ncols=True, smoothing=0.05) as bar:
        for progress in run:
            done, total = progress.done, progress.total
            if progress.outcome is None:
                bar.reset(total)
                bar.initial = done
            elif progress.outcome.error:
                failed += 1
                case = progress.outcome.task.case
                name = f"{case.content}, {case.style}, {case.method}, weight {case.style_weight:g}, seed {case.seed}"
                note(f"{name}: {one_line(progress.outcome.error)}")
            bar.update(done - bar.n)
    if done and not failed and done == total:
        note(f"Took {duration(time.perf_counter() - begin)}.")
    return done, total, failed


@app.command("report")
def report(
    results: Results,
    output: Folder = None,
    method: Annotated[str, option("NAME", "The one in question, against all others.")] = "dual",
) -> None:
    """Compare one method with each of the others at the same style: tables with intervals, and figures."""
    from nstlib.apps.study.report import check_report, write_report
    from nstlib.apps.study.results import read_rows

    with one_line_errors(exit_code=1):
        rows = read_rows(results)
        folder = results.with_suffix("") if output is None else output
        if folder == results:
            folder = results.with_name(f"{results.name}_report")
        check_report(folder, results)
        page = write_report(rows, folder, method=method)
    say(f"Wrote {page} and its figures.")
