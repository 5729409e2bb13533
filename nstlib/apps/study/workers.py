"""Runs what is missing in a study: in processes of this machine, or on a dask scheduler's workers.

Both give the same rows. Only the process that was started writes them, so a worker that dies takes nothing with it but
what it was computing, and that is computed again elsewhere.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import torch

from nstlib.apps.cluster import POLL, run_there
from nstlib.apps.offspring import end_with_parent
from nstlib.apps.study.grid import Grid
from nstlib.apps.study.measure import Task, run_task, tasks_of
from nstlib.apps.study.results import Results
from nstlib.engine.allocation import keep_freed_memory
from nstlib.errors import whole_number

ATTEMPTS = 3  # of a task whose worker died: out of memory, most often


class Outcome(NamedTuple):
    """What became of a task: its values, or why there are none."""

    task: Task
    values: dict[str, float] | None
    error: str


class Progress(NamedTuple):
    """Where a study is: rows that are there, rows there will be, and what has come of the last run."""

    done: int
    total: int
    outcome: Outcome | None


def run_here(
    tasks: Iterable[Task], *, workers: int | None = None, stop: Callable[[], bool] = bool
) -> Generator[Outcome, None, None]:
    """Run tasks in processes of this machine, one thread each, and yield what came of each as soon as it is known.

    Each process is told its tasks and tells its results through a pipe of its own: whose pipe ends, has died. Its task is
    tried again alone, so that one that needs too much memory does not take its neighbors with it.

    Args:
        tasks: from ``tasks_of``. workers: how many processes; None means one for each processor.
        stop: asked several times a second; once it says so, nothing new is begun and what is under way is dropped.

    Raises:
        ChoiceError: if workers is not a whole number, at least 1.
    """
    count = os.cpu_count() or 1 if workers is None else whole_number("workers", workers, 1)
    if os.name == "nt":
        count = min(count, 61)  # what Windows can wait for
    todo = deque((task, ATTEMPTS) for task in tasks)
    running: dict[Connection, tuple[Task, int]] = {}
    idle: list[Connection] = []
    processes: list[BaseProcess] = []
    try:
        while (todo or running) and not stop():
            while todo and len(running) < _at_once([todo[0], *running.values()], count):
                running[idle.pop() if idle else _start(processes)] = todo.popleft()
            for pipe in wait(list(running), timeout=POLL):
                task, attempts = running[pipe]
                try:
                    answer = pipe.recv()
                    if answer is None:  # it is ready
                        pipe.send(task)
                except (EOFError, OSError):  # it has died
                    del running[pipe]
                    if attempts > 1:
                        todo.appendleft((task, attempts - 1))
                    else:
                        yield Outcome(task, None, f"its process died {ATTEMPTS} times; is there enough memory?")
                else:
                    if answer is not None:
                        del running[pipe]
                        idle.append(pipe)
                        yield Outcome(task, *answer)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _at_once(tasks: Iterable[tuple[Task, int]], count: int) -> int:
    """Return how many tasks may be under way: one, if a worker has died of one of them."""
    return 1 if any(attempts < ATTEMPTS for _, attempts in tasks) else count


def _start(processes: list[BaseProcess]) -> Connection:
    """Start a process that computes, and return this end of its pipe."""
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with torch's threads may hang
    ours, theirs = spawn.Pipe()
    processes.append(spawn.Process(target=_work, args=(theirs,), daemon=True))
    with _deaf():
        processes[-1].start()
    theirs.close()  # or the pipe would not end with the process
    return ours


@contextmanager
def _deaf() -> Iterator[None]:
    """Have a process that is started meanwhile not hear Ctrl-C, also while it imports; ours hears it a moment later."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection) -> None:
    """Ask for tasks and compute them, on one thread; Ctrl-C is the parent's business; and no worker outlives its parent."""
    torch.set_num_threads(1)
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with suppress(EOFError, OSError):  # whoever asks has died
        while True:
            pipe.send(None)  # ready: importing what is needed has taken seconds
            pipe.send(_run_quietly(pipe.recv()))


def _run_quietly(task: Task) -> tuple[dict[str, float] | None, str]:
    """Run a task; what went wrong comes back as text, as not every exception can go from process to process."""
    torch.backends.cudnn.allow_tf32 = False  # ten bits on a GPU: a row shall mean the same on every device
    try:
        return run_task(task), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def run_on(address: str, tasks: Iterable[Task], *, stop: Callable[[], bool] = bool) -> Generator[Outcome, None, None]:
    """Run tasks on the workers of a dask scheduler, wherever they are, and yield what came of each.

    Waits until there are workers. They need ``nstlib`` and its weights; give each one thread:
    ``dask worker tcp://... --nthreads 1``.

    Args:
        address: of the scheduler, like ``tcp://10.0.0.5:8786``.
        tasks, stop: as for ``run_here``.

    Raises:
        ChoiceError: if dask is not installed, or no scheduler answers.
    """
    for task, future in run_there(address, _run_quietly, tasks, stop=stop):
        try:
            yield Outcome(task, *future.result())
        except Exception as error:  # workers died; or one has no nstlib, or another version of it
            yield Outcome(task, None, f"{type(error).__name__}: {error} Have the workers nstlib, and enough memory?")


def run_study(
    grid: Grid,
    path: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = bool,
) -> Iterator[Progress]:
    """Run what is missing in a file of results, and add it there row by row.

    Args:
        grid: from ``read_grid``. path: the CSV file; it is made if it is not there.
        workers: processes on this machine. scheduler: the address of a dask scheduler, whose workers are taken instead.
        device: where the pictures are computed, as torch names it; all processes share it.
        stop: as for ``run_here``.

    Yields:
        ``Progress`` first with what is there already, then after each run.

    Raises:
        ResumeError: if the file cannot be written, or holds something else.
        ChoiceError, ImageError: as ``run_here``, ``run_on`` and ``tasks_of``.
    """
    cases = grid.cases()
    with Results(path) as results:
        tasks = tasks_of(grid, results.missing(cases), device)
        done = len(cases) - len(tasks)
        yield Progress(done, len(cases), None)
        run = run_here(tasks, workers=workers, stop=stop) if scheduler is None else run_on(scheduler, tasks, stop=stop)
        with closing(run):
            for outcome in run:
                if outcome.values is not None:
                    results.add(outcome.task.case, outcome.values, device=device)
                    done += 1
                yield Progress(done, len(cases), outcome)
