"""From jobs to pictures: follow each run, and whatever ends it, lose nothing that was reached."""

from __future__ import annotations

import math
import signal
import time
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import typer

from nstlib.cli.console import (
    STOPPED,
    duration,
    gigabytes,
    lacking,
    note,
    one_line,
    one_line_errors,
    say,
    warn,
    warn_of_memory,
    warn_of_older,
)
from nstlib.defaults import GIGABYTE
from nstlib.errors import ChoiceError, DivergenceError, ImageError, ResumeError, WeightsError

if TYPE_CHECKING:
    from nstlib.apps.painting.batch import Batch
    from nstlib.apps.painting.job import Job
    from nstlib.apps.painting.keeper import Keeper
    from nstlib.apps.painting.stopping import Stop
    from nstlib.engine.run import Run
    from nstlib.transfer import Step

WORTH_A_LOOK = 5.0  # seconds that are left: then it is said where the picture can be watched


class Prepared(NamedTuple):
    """A run, what keeps its results, and how many of its steps are done."""

    run: Run
    keeper: Keeper
    done: int


class Network:
    """The network of all jobs, whose weights are loaded when the first one needs them: that may mean to fetch them."""

    def __init__(self, name: str, pooling: str):
        from nstlib.features import Features, load_network

        self.without_weights = Features(name, {}, pooling=pooling)
        self.load = cache(partial(load_network, name, pooling=pooling))


def make_many(batch: Batch, network: Network) -> None:
    """Make one picture after the other; one that fails does not stop the rest, and is told once."""
    from nstlib.apps.painting.batch import REFUSALS

    told = {one_line(error) for error in batch.broken}
    for path in batch.done:
        say(f"{path} is there already.")
    for message in sorted(told):
        warn(message)
    failed = len(batch.broken)
    for number, job in enumerate(batch.jobs, 1):
        say(f"[{number}/{len(batch.jobs)}] {job.content.name}")
        try:
            with one_line_errors(exit_code=2, kinds=(WeightsError,)):  # none of them goes without
                prepared = _prepare(job, network)
            _follow(prepared, job, network)
        except REFUSALS as error:
            failed += 1
            if one_line(error) not in told:
                warn(error)
            told.add(one_line(error))
        except typer.Exit as end:
            if end.exit_code in (*STOPPED.values(), 2):
                raise
            failed += 1
    if failed:
        warn(
            f"{failed} of {len(batch.broken) + len(batch.done) + len(batch.jobs)} pictures could not be made; see above."
        )
        raise typer.Exit(1)


def make(job: Job, network: Network) -> None:
    """Run a job from its files to its result; whatever happens on the way, nothing that was reached is lost."""
    with one_line_errors(exit_code=2):
        prepared = _prepare(job, network)
    _follow(prepared, job, network)


def _follow(prepared: Prepared, job: Job, network: Network) -> None:
    """Run what is prepared to its result, or to what ends it."""
    from nstlib.apps.painting.stopping import stoppable

    run, keeper, done = prepared
    warn_of_memory(run.plan.bytes)
    say(_describe(job, run, network.without_weights.name))
    try:
        with stoppable(note) as stop:
            took = _watch(run, keeper, stop, done)
    except KeyboardInterrupt:  # a second time: in the middle of a step, so the last checkpoint must do
        _give_up(keeper, keeper.best, "Stopped.", STOPPED[signal.SIGINT])
    except DivergenceError as error:
        keeper.discard()
        _give_up(keeper, keeper.last, one_line(error), 1)
    if stop.signal is not None and not run.finished:
        _pause(keeper, STOPPED[stop.signal])
    with one_line_errors(exit_code=1):
        path = keeper.write_result(keeper.last)
    keeper.discard()
    say(f"Wrote {path} after {keeper.last.index} steps in {duration(took)}.")
    if keeper.failed:
        raise typer.Exit(1)


def _prepare(job: Job, network: Network) -> Prepared:
    """Read the pictures, see that the options fit them and that there is enough memory, and only then load the network."""
    from nstlib.apps.painting.job import make_run, read_pictures
    from nstlib.apps.painting.keeper import Keeper

    pictures = read_pictures(job)
    run = make_run(job, pictures, network.without_weights)
    # Whoever names an amount of memory is taken at their word, and classic can be computed in tiles.
    if job.method != "classic" and job.options["memory"] is None:
        _check_fits(job, run)
    run = make_run(job, pictures, network.load())
    keeper = Keeper(job, run, warn=warn)
    if not job.resume:
        warn_of_older(keeper.checkpoint)
    return Prepared(run, keeper, keeper.resume() if job.resume else 0)


def _check_fits(job: Job, run: Run) -> None:
    """Raise a ChoiceError if there is not enough memory for the whole picture."""
    final, needed = run.levels[-1], run.plan.bytes
    if short := lacking(needed):
        raise ChoiceError(
            f"--method {job.method} computes a picture as a whole: {final.width} x {final.height} px {short} Use a smaller "
            "--size, or --method classic, which works in tiles. "
            f"--memory {math.ceil(needed / GIGABYTE)} tries it all the same."
        )


def _describe(job: Job, run: Run, network: str) -> str:
    final = run.levels[-1]
    sizes = "" if len(run.levels) == 1 else f" at {len(run.levels)} sizes from {max(run.levels[0].size)} px"
    method = "" if job.method == "classic" else f", method {job.method}"
    return (
        f"{final.width} x {final.height} px, {run.steps} steps of {job.options['optimizer']}{sizes}, network "
        f"{network}{method}; up to {gigabytes(run.plan.bytes)} of memory."
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
                shown = f"; {keeper.preview} shows it meanwhile" if left > WORTH_A_LOOK else ""
                say(f"About {duration(left)} to go{shown}. Ctrl-C stops early and keeps the best image so far.")
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
