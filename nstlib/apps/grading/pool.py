"""Has notebooks judged: by processes of this machine, one for each core, or on the workers of a dask scheduler."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NamedTuple

from nstlib import course
from nstlib.apps.cluster import POLL, run_there
from nstlib.apps.grading.walls import Limits
from nstlib.errors import whole_number

SPARE = 120.0  # seconds that a judge may take beyond the limits
LOST = "The judge did not come to an end with it, and gives no points. The same command tries again."


class Answers(NamedTuple):
    """A notebook to judge: its key among the results, its bytes, the names of its exercises."""

    key: str
    text: bytes
    names: tuple[str, ...]


class JudgeProcess:
    """A judge in a process of its own, started when it is needed, and anew if it is gone."""

    def __init__(self, limits: Limits):
        self._limits, self._process = limits, None
        self._starting, self._closed = threading.Lock(), False

    def ask(self, job: dict, text: bytes = b"", seconds: float = SPARE) -> object:
        """Return what the judge says; None if it ended, or took longer than that, or is closed."""
        with self._starting:
            if self._closed:
                return None
            process = self._process
            if process is None or process.poll() is not None:
                process = self._start()
        alarm = threading.Timer(seconds, process.kill)
        alarm.start()
        try:
            process.stdin.write(json.dumps({**job, "size": len(text)}).encode() + b"\n" + text)
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self.end()
            return None
        finally:
            alarm.cancel()

    def judge(self, job: Answers) -> list[dict] | None:
        """Return the records of a notebook, or None if the judge did not come to an end with it."""
        seconds = SPARE + 3 * self._limits.seconds * len(job.names)
        return self.ask({"names": job.names}, job.text, seconds)

    def walls(self) -> dict[str, bool]:
        """Return which walls stand around a learner's lines on this machine; none if nothing can be run."""
        return self.ask({"do": "try"}) or {}

    def end(self) -> None:
        """End the judge, and with it whatever it was judging. Several threads may want that at once."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()
            try:
                process.wait(timeout=1)  # by itself it clears up
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def close(self) -> None:
        """End the judge for good: a thread that was just about to start it does so no more."""
        with self._starting:
            self._closed = True
        self.end()

    def _start(self) -> subprocess.Popen:
        path = os.pathsep.join([str(course.ROOT), *filter(None, sys.path)])
        quiet = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "NST_PROGRESS": "off", "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nstlib.apps.grading.judge", json.dumps(dataclasses.asdict(self._limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **quiet},
            start_new_session=True,  # Ctrl-C is the first process's business
        )
        return self._process


def judge_here(
    jobs: Iterable[Answers],
    limits: Limits,
    *,
    workers: int | None = None,
    stop: Callable[[], bool] = bool,
    first: JudgeProcess | None = None,
) -> Generator[tuple[Answers, list[dict] | None], None, None]:
    """Judge notebooks on this machine, one process each, and yield each with its records as soon as they are known.

    Args:
        jobs: what to judge. limits: of each answer. workers: how many at a time; None means one for each processor.
        stop: asked several times a second; once it says so, what is under way is dropped.
        first: a judge that has been started already.
    """
    count = os.cpu_count() or 1 if workers is None else whole_number("workers", workers, 1)
    todo, done = queue.SimpleQueue(), queue.SimpleQueue()
    waiting = 0
    for job in jobs:
        todo.put(job)
        waiting += 1
    judges = [first or JudgeProcess(limits), *(JudgeProcess(limits) for _ in range(min(count, waiting) - 1))]
    ending = threading.Event()

    def work(judge: JudgeProcess) -> None:
        with contextlib.suppress(queue.Empty):
            while not ending.is_set():
                job = todo.get_nowait()
                done.put((job, judge.judge(job)))

    threads = [threading.Thread(target=work, args=(judge,), daemon=True) for judge in judges]
    for thread in threads:
        thread.start()
    try:
        while waiting and not stop():
            with contextlib.suppress(queue.Empty):
                yield done.get(timeout=POLL)
                waiting -= 1
    finally:
        ending.set()
        for judge in judges:
            judge.close()


_judges: dict[tuple[int, Limits], JudgeProcess] = {}


def judge_there(job: Answers, limits: Limits) -> list[dict] | None:
    """Judge a notebook on a dask worker, whose thread keeps its judge."""
    return _judges.setdefault((threading.get_ident(), limits), JudgeProcess(limits)).judge(job)


def judge_on(
    address: str, jobs: Sequence[Answers], limits: Limits, *, stop: Callable[[], bool] = bool
) -> Generator[tuple[Answers, list[dict] | None], None, None]:
    """Judge notebooks on the workers of a dask scheduler. They need nstlib and its weights, and Linux for its walls.

    Raises:
        ChoiceError: if dask is not installed, or no scheduler answers.
    """
    for job, future in run_there(address, judge_there, jobs, limits, stop=stop):
        records = None
        with contextlib.suppress(Exception):
            records = future.result()
        yield job, records
