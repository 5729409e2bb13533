"""Running a stranger's function so that nothing it does can hurt the notebook it is checked in."""

from __future__ import annotations

import contextlib
import gc
import io
import random
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

import torch

from nstlib.check.examiner.source import code_of, own_line

SECONDS = 20.0  # for one whole examination; a right answer needs a fraction of one

_ADVICE = {  # where PyTorch's own words do not say what to do
    r"view size is not compatible": "This input is not contiguous in memory: use `.flatten` or `.reshape`, not `.view`.",
    r"numpy\(\) on Tensor that requires grad": "NumPy does not record gradients: stay with torch.",
    r"leaf Variable that requires grad": "What asks for a gradient is written into: clone it, or use `torch.no_grad()`.",
    r"optimize a non-leaf": "What was computed from another tensor is no leaf: `.detach()` it first.",
    r"multiply sequence by non-int": "One of the two is a list or a tuple: take its item, as in `gradient, = ...`.",
    r"missing \d+ required positional arg": "It is called with fewer arguments than its `def` asks for.",
    r"does not require grad and does not have a grad_fn": "Nothing on this way records the gradient: was it cut before?",
    r"'generator' has no len": "A generator has no length: count while you go through it.",
    r"'generator' object is not subscriptable": "A generator cannot be indexed: go through it with `for`.",
    r"must be tuple of Tensors, not generator": "A list is needed here, all of it in memory. Can you add up as you go?",
    r"object is not an iterator": "`next` needs an iterator: `iter(...)` makes one of a list.",
    r"unsupported operand.*NoneType": "Something is None: a tensor that was computed keeps no `.grad`, only leaves do.",
    r"modified by an inplace operation": "What backward still needs was overwritten: is something moved before backward?",
    r"backward through the graph a second time": "A result of an earlier step is used again: compute it anew, or detach it.",
}


class TimedOut(BaseException):
    """The function did not come back. Not an Exception, so that `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Failure:
    """An exception, in words that are the same on every machine."""

    kind: str
    text: str
    line: str

    @property
    def advice(self) -> str:
        """Return what to do about it, where that is known; else nothing."""
        return next((advice for pattern, advice in _ADVICE.items() if re.search(pattern, self.text)), "")


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimedOut inside the block after that many seconds, where the system can (POSIX, main thread)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        raise TimedOut

    begin, handler = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begin), 0.001), interval)


@contextlib.contextmanager
def sandbox() -> Iterator[None]:
    """Swallow output and warnings, and put random numbers, gradient mode and precision back afterwards."""
    numpy = sys.modules.get("numpy")
    states = torch.get_rng_state(), random.getstate(), numpy and numpy.random.get_state()
    modes = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(_Nowhere()), contextlib.redirect_stderr(_Nowhere()):
            warnings.simplefilter("ignore")
            torch.set_grad_enabled(True)
            yield
    finally:
        torch.set_grad_enabled(modes[0])
        torch.set_default_dtype(modes[1])
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        if numpy:
            numpy.random.set_state(states[2])


def import_compiler() -> None:
    """Import what torch imports when a process makes its first optimizer: its compiler, and sympy.

    In silence, outside of the time that an answer has, and without collecting garbage, which is a quarter of the time.
    """
    if "torch._dynamo" in sys.modules:
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        with sandbox(), contextlib.suppress(ImportError):
            import_module("torch._dynamo")
    finally:
        if collects:
            gc.enable()


class _Nowhere(io.TextIOBase):
    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def attempt(action: Callable[[], object], function: object) -> object:
    """Return what the action returns, or a Failure that points into the function's own lines."""
    try:
        with sandbox():
            return action()
    except (KeyboardInterrupt, TimedOut):
        raise
    except BaseException as error:
        return failure(error, function)


def failure(error: BaseException, function: object) -> Failure:
    """Return an exception as a Failure: its kind, its first line without addresses, the reader's own line."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(its message cannot be read)"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    return Failure(type(error).__name__, text, own_line(error, function))


def is_unwritten(failed: Failure, function: object) -> bool:
    """Return whether the failure is the stub's own `raise NotImplementedError` (torch raises that too, at times)."""
    code = code_of(function)
    return failed.kind == "NotImplementedError" and code is not None and "NotImplementedError" in code.co_names
