"""Forks a worker for each answer: ``python -m nstlib.apps.grading.hatchery SOCKET LIMITS``, started by a judge.

It has imported what answers import, but no exercise, and never runs a learner's line itself. Each message of the judge
brings a socket; the reply is the number of the process at its other end.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import inspect
import json
import os
import pkgutil
import socket
import sys
import types
from collections.abc import Mapping

import nstlib
from nstlib.apps.grading.cells import Answer, answer_in
from nstlib.apps.grading.graphs import standing_for
from nstlib.apps.grading.line import Side
from nstlib.apps.grading.walls import Limits, close_in, tried
from nstlib.apps.grading.wire import Broken, receive, send
from nstlib.check.examiner.sandbox import import_compiler
from nstlib.check.examiner.source import code_of, is_stub

APART = ("apps", "check", "cli", "widgets", "figures", "__main__")  # not for answers, or slow


def main() -> None:
    """Fork until the judge is gone."""
    control, limits = socket.socket(fileno=int(sys.argv[1])), Limits(**json.loads(sys.argv[2]))
    _prepare()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not message:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if (process := os.fork()) == 0:
            try:
                _become(descriptors[0], limits)
            finally:
                os._exit(0)
        os.close(descriptors[0])
        control.sendall(process.to_bytes(8, "big"))


def _prepare() -> None:
    """Import what answers may need: later its files cannot be read. Forget what others need not know."""
    for module in pkgutil.walk_packages(nstlib.__path__, "nstlib."):
        if module.name.split(".")[1] not in APART:
            importlib.import_module(module.name)
    import_compiler()
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(HOME=os.getcwd(), TMPDIR=os.getcwd(), MPLCONFIGDIR=os.getcwd(), MPLBACKEND="Agg")
    sys.argv[1:] = []
    gc.collect()
    gc.freeze()


def _become(line: int, limits: Limits) -> None:
    """Be the process in which a learner's lines run: with nothing in hand but the line to the judge."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.dup2(line, 3)
    os.closerange(4, 4096)
    close_in(limits)
    mouth = socket.socket(fileno=3)
    with contextlib.suppress(Broken):
        job, (text,) = receive(mouth, trusted=False)
        if job["do"] == "try":
            send(mouth, tried(), [])
            return
        side = Side(mouth, trusted=False)
        _hide(job["hidden"])
        given = {name: standing_for(side, target, name) for name, target in job["given"].items()}
        function, facts = _answer(text, job["name"], given)
        send(mouth, {**facts, "target": side.offer(function)}, [])
        side.serve()


def _hide(references: list[tuple[str, str]]) -> None:
    """Have the course's own answer refuse: its code is gone from this process, under whatever name it is known."""

    def refuse(*_arguments, **_named):
        raise RuntimeError("This is the course's own function, and yours is asked for.")

    own = [module for name, module in sys.modules.items() if name.split(".")[0] == "nstlib"]
    for module, name in references:
        function = getattr(sys.modules.get(module), name, None)
        for other in own:
            if function is not None and getattr(other, name, None) is function:
                setattr(other, name, refuse)
        while function is not None:
            inner, inside = getattr(function, "__wrapped__", None), getattr(function, "__code__", None)
            if inside is not None and not inside.co_freevars:
                function.__code__, function.__defaults__, function.__kwdefaults__ = refuse.__code__, None, None
            function = inner


def _answer(text: bytes, name: str, given: Mapping[str, object]) -> tuple[object, dict]:
    """Run the statements that make up an answer; return its function, and what can be said of it."""
    try:
        answer = answer_in(text.decode("utf-8", "replace"), name, given)
    except RecursionError:
        answer = Answer(problem="The notebook is nested too deeply to be read.")
    except (ValueError, AttributeError, TypeError) as error:
        answer = Answer(problem=f"The notebook cannot be read: {error}")
    notebook = types.ModuleType("__main__")
    notebook.__dict__.update(given)
    sys.modules["__main__"] = notebook
    problem = answer.problem if not answer.statements else ""
    for one in answer.statements:
        try:
            exec(compile(ast.Module([one.node], []), one.file, "exec"), notebook.__dict__)
        except BaseException as error:
            if name in one.binds:
                problem = f"Its own cell fails: {type(error).__name__}: {error}"[:300]
    function = notebook.__dict__.get(name)
    return function, {"problem": problem, "library": answer.library, **_facts(function)}


def _facts(function: object) -> dict:
    """Return what a judge asks of a function without calling it."""
    facts: dict = {"callable": callable(function), "type": type(function).__name__, "parameters": None}
    with contextlib.suppress(Exception):
        facts["stub"] = is_stub(function)
        code = code_of(function)
        facts["unwritten"] = code is not None and "NotImplementedError" in code.co_names
        parameters = inspect.signature(function).parameters.values()
        facts["parameters"] = [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]
    return facts


if __name__ == "__main__":
    main()
