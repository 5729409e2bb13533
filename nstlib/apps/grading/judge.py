"""Judges the answers of one notebook after the other: ``python -m nstlib.apps.grading.judge LIMITS``.

It never runs a learner's line. What it holds for an answer is a stand-in that asks a worker; all that decides (cases, laws,
reference, mistakes) is here, as in a notebook, and a worker cannot reach it.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence

from nstlib import course
from nstlib.apps.grading.common import kind_of
from nstlib.apps.grading.line import LATE, Side
from nstlib.apps.grading.walls import Limits, memory_in_use
from nstlib.apps.grading.wire import Broken, receive, send
from nstlib.check import Result, examine, exercises
from nstlib.check.examiner import sandbox

_STAND_IN = re.compile(r"line \d+: `return side\.call\(.*?\)`(?:: )?")
MEMORY = 4 * 2**30  # bytes that judging may take beyond the start
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "NST_IMAGES", "NST_MODELS")  # of the environment: the rest may hold keys
ENDED = "Its process ended before it answered: it took too much memory or time, or ended itself."


def main() -> None:
    """Read a line of JSON for each notebook, ``{"names", "size"}``, and its bytes; write a line of records."""
    limits = Limits(**json.loads(sys.argv[1]))
    sandbox.SECONDS = limits.seconds
    _guard()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in exercises:
        exercises[name]  # imported before it is forked
    sandbox.import_compiler()
    with Hatchery(limits) as hatchery:
        for line in sys.stdin.buffer:
            job = json.loads(line)
            text = sys.stdin.buffer.read(job["size"])
            hatchery.start()
            print(_apart(lambda job=job, text=text: _found(hatchery, job, text)), file=out, flush=True)


def _found(hatchery: Hatchery, job: dict, text: bytes) -> object:
    return hatchery.walls() if job.get("do") == "try" else judge_notebook(hatchery, text, job["names"])


def _apart(judging: Callable[[], object]) -> str:
    """Judge in a copy of this process: an answer that writes into what is kept here writes for itself alone."""
    reading, writing = os.pipe()
    if (process := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # it ends with whoever started it
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                pipe.write(json.dumps(judging()))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = pipe.read()
    os.waitpid(process, 0)
    return found or "null"


def _guard() -> None:
    """Have no other process of this user touch this one's memory, and this one take not all of it, where that can be."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (memory_in_use() + MEMORY, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


class Hatchery:
    """The process that forks workers, from this end; started anew should it be gone."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Hatchery:
        self._folder = tempfile.TemporaryDirectory(prefix="nst-grade-")
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self._stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        self._control, theirs = socket.socketpair()
        limits = json.dumps(dataclasses.asdict(self._limits))
        command = [sys.executable, "-m", "nstlib.apps.grading.hatchery", str(theirs.fileno()), limits]
        path = os.pathsep.join([str(course.ROOT), *filter(None, sys.path)])
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            cwd=self._folder.name,
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def _stop(self) -> None:
        if self._process is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def worker(self) -> Iterator[socket.socket]:
        """Give the line to a new worker, which is ended afterwards."""
        ours, theirs = socket.socketpair()
        with ours:
            socket.send_fds(self._control, [b"w"], [theirs.fileno()])
            theirs.close()
            number = int.from_bytes(self._control.recv(8), "big")
            if not number:
                raise Broken("The process that starts workers is gone.")
            try:
                yield ours
            finally:
                for end in (os.killpg, os.kill):
                    with contextlib.suppress(OSError):
                        end(number, signal.SIGKILL)

    def walls(self) -> dict[str, bool]:
        """Return which walls stand around a worker on this machine."""
        with self.worker() as line:
            send(line, {"do": "try"}, [b""])
            return receive(line)[0]


def judge_notebook(hatchery: Hatchery, text: bytes, names: Sequence[str]) -> list[dict]:
    """Return a record for each exercise: what was found, in the words that a learner reads."""
    records: list[dict] = []
    for place, name in enumerate(names):
        wrong = [one["name"] for one in records if not one["right"]]
        try:
            with hatchery.worker() as line:
                record = _judged(line, text, name, wrong, names[place:])
        except Exception:  # it is gone, or says what makes no sense
            record = _record(Result(name, "error", ENDED))
        records.append(record)
    return records


def _judged(line: socket.socket, text: bytes, name: str, wrong: Sequence[str], hidden: Sequence[str]) -> dict:
    """Judge one answer.

    Of earlier ones that are not right yet it gets the course's own, as in a notebook: they answer here. The course's own
    function for this exercise, and for later ones, which may be made of it, are ``hidden``.
    """
    side = Side(line, trusted=True)
    given = {other: side.offer(exercises[other].reference) for other in wrong}
    references = [exercises[other].reference for other in hidden]
    places = [[reference.__module__, reference.__name__] for reference in references]
    send(line, {"do": "answer", "name": name, "given": given, "hidden": places}, [text])
    try:
        with sandbox.time_limit(sandbox.SECONDS):
            facts, _ = receive(line)
    except sandbox.TimedOut:
        return _record(Result(name, "error", f"Its cells did not finish within {sandbox.SECONDS:g} seconds."))
    library = [str(one)[:80] for one in facts.get("library", ())][:20]
    if facts.get("problem"):
        return _record(Result(name, "error", str(facts["problem"])[:300]), library=library)
    if facts.get("type") == "NoneType":
        return _record(Result(name, "not attempted", "It is not defined in this notebook."))
    result = examine(name, stand_in(side, name, facts))
    if side.broken and (result.passed or side.broken != LATE):  # late: what was found before that stays
        result = Result(name, "error", ENDED)
    return _record(result, place=side.place, library=library)


def _record(result: Result, *, place: str = "", library: Sequence[str] = ()) -> dict:
    """Return a result as data; where it points into the stand-in, it is the learner's line that is meant."""
    message, *details = (
        _STAND_IN.sub(f"{place}: " if place else "", line) for line in (result.message, *result.details)
    )
    return {
        "name": result.name,
        "right": result.passed,
        "outcome": result.outcome,
        "mistake": result.mistake or "",
        "message": message,
        "details": [line for line in details if line],
        "library": list(library),
    }


def stand_in(side: Side, name: str, facts: Mapping[str, object]) -> object:
    """Return what the judge calls for an answer: all that it knows of it is data."""
    target = int(facts["target"])
    if not facts.get("callable"):
        return type(kind_of(facts.get("type")), (), {})()
    if facts.get("stub"):
        return _stub

    def answered(*arguments: object, **named: object) -> object:
        return side.call(target, arguments, named)

    def unwritten(*arguments: object, **named: object) -> object:
        if named is NotImplementedError:  # the name has to stand here: by it the judge knows a stub's own error
            return None
        return side.call(target, arguments, named)

    function: Callable = unwritten if facts.get("unwritten") else answered
    function.__name__ = name
    with contextlib.suppress(ValueError, TypeError):
        function.__signature__ = inspect.Signature(
            [
                inspect.Parameter(str(word), kinds[int(kind)], default=None if default else inspect.Parameter.empty)
                for kinds in [list(type(inspect.Parameter.POSITIONAL_ONLY))]
                for word, kind, default in facts["parameters"]
            ]
        )
    return function


def _stub(*_arguments: object) -> None: ...


if __name__ == "__main__":
    main()
