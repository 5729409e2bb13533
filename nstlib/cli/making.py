"""From jobs to pictures: follow each run, and whatever ends it, lose nothing that was reached."""

from __future__ import annotations

import math
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line, one_line_errors, warn
from nstlib.errors import ChoiceError, DivergenceError, ImageError, ResumeError

if TYPE_CHECKING:
    from nstlib.apps.jobs import Job, Keeper, Stop
    from nstlib.features import Features
    from nstlib.transfer import Run, Step


def make_many(jobs: list[Job], network: Features, *, resume: bool) -> None:
    """Make one picture after the other; what is there already is left alone, and one that fails does not stop the rest."""
    from nstlib.apps.checkpoint import checkpoint_path

    failed = 0
    for number, job in enumerate(jobs, 1):
        typer.echo(f"[{number}/{len(jobs)}] {job.content.name}")
        if job.output.exists():
            typer.echo(f"{job.output} is there already.")
            continue
        try:
            make(replace(job, resume=resume and checkpoint_path(job.output).exists()), network)
        except typer.Exit as end:
            if end.exit_code in STOPPED.values():
                raise
            failed += 1
    if failed:
        warn(f"{failed} of {len(jobs)} pictures could not be made; see above.")
        raise typer.Exit(1)


def make(job: Job, network: Features) -> None:
    """Run a job from its files to its result; whatever happens on the way, nothing that was reached is lost."""
    from nstlib.apps.jobs import Keeper, prepare, stoppable

    with one_line_errors(exit_code=2):
        check_fits(job, network)
        work = prepare(job, network)
        keeper = Keeper(job, work, warn=warn)
        done = keeper.resume() if job.resume else 0
    typer.echo(_describe(job, work.run, network.name))
    try:
        with stoppable(note) as stop:
            took = _watch(work.run, keeper, stop, done)
    except KeyboardInterrupt:  # a second time: in the middle of a step, so the last checkpoint must do
        _give_up(keeper, keeper.best, "Stopped.", STOPPED[signal.SIGINT])
    except DivergenceError as error:
        keeper.discard()
        _give_up(keeper, keeper.last, one_line(error), 1)
    if stop.signal is not None and not work.run.finished:
        _pause(keeper, STOPPED[stop.signal])
    with one_line_errors(exit_code=1):
        path = keeper.write_result(keeper.last)
    keeper.discard()
    typer.echo(f"Wrote {path} after {keeper.last.index} steps in {duration(took)}.")
    if keeper.failed:
        raise typer.Exit(1)


def check_fits(job: Job, network: Features) -> None:
    """Raise a ChoiceError if the job cannot be computed in tiles and there is not enough memory for the whole picture.

    A network without weights will do: nothing is computed. Whoever names an amount of memory is taken at their word.
    """
    if job.method == "classic" or job.options["memory"] is not None:
        return
    import psutil

    from nstlib.apps.jobs import prepare

    run = prepare(job, network).run
    final, needed, free = run.levels[-1], run.plan.bytes / 1e9, psutil.virtual_memory().available / 1e9
    if needed > free:
        raise ChoiceError(
            f"--method {job.method} computes a picture as a whole: {final.width} x {final.height} px may need "
            f"{needed:.1f} GB of memory, and {free:.1f} GB are free. Use a smaller --size, or --method classic, which works "
            f"in tiles. --memory {math.ceil(needed)} tries it all the same."
        )


def _describe(job: Job, run: Run, network: str) -> str:
    import psutil

    final, needed = run.levels[-1], run.plan.bytes / 1e9
    sizes = "" if len(run.levels) == 1 else f" at {len(run.levels)} sizes from {max(run.levels[0].size)} px"
    free = psutil.virtual_memory().available / 1e9
    if needed > free:
        warn(f"This may need {needed:.1f} GB of memory, and {free:.1f} GB are free. A smaller --size needs less.")
    optimizer = job.options["optimizer"]
    method = "" if job.method == "classic" else f", method {job.method}"
    return (
        f"{final.width} x {final.height} px, {run.steps} steps of {optimizer}{sizes}, network {network}{method}; "
        f"up to {needed:.1f} GB of memory."
    )


def _watch(run: Run, keeper: Keeper, stop: Stop, done: int) -> float:
    """Follow a run to its end, or to the step after which it was asked to stop, and return how many seconds it took."""
    from tqdm import tqdm

    begin = warm = time.perf_counter()
    with tqdm(total=run.steps, initial=done, unit="step", dynamic_ncols=True) as bar:
        for step in run:
            keeper.see(step)
            bar.set_postfix(content=f"{step.content:.4f}", style=f"{step.style:.4f}", refresh=False)
            bar.update(step.index - bar.n)
            if stop.signal is not None:
                break
            if step.index == done:
                warm = time.perf_counter()  # the first step also warms up the machine: it would spoil the estimate
            elif step.index == done + 3 and len(run.levels) == 1:
                left = (time.perf_counter() - warm) / 3 * (run.steps - step.index)
                bar.write(f"About {duration(left)} to go. Ctrl-C stops early and keeps the best image so far.")
    return time.perf_counter() - begin


def _pause(keeper: Keeper, exit_code: int) -> NoReturn:
    """Keep the run's state and its best image, and end the command."""
    try:
        keeper.save()
        then = " The same command with --resume goes on."
    except (ImageError, ResumeError) as error:
        then = f" It cannot be resumed: {one_line(error)}"
    _give_up(keeper, keeper.best, "Stopped.", exit_code, then=then)


def _give_up(keeper: Keeper, step: Step | None, why: str, exit_code: int, *, then: str = "") -> NoReturn:
    """Write the image of ``step`` if there is one, say so, and end the command."""
    if step is None:
        warn(f"{why} Nothing was written.")
    else:
        with one_line_errors(exit_code=1):
            path = keeper.write_result(step)
        best = "best" if step is keeper.best else "last"
        warn(f"{why} Wrote the {best} image so far, of step {step.index}, to {path}.{then}")
    raise typer.Exit(exit_code)
