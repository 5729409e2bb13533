"""What can be read from a stranger's function without calling it: its lines, its parameters, whether it is a stub."""

from __future__ import annotations

import dis
import inspect
import linecache


def code_of(function: object) -> object | None:
    """Return the code object behind a function, a partial, a method, a wrapper or a callable object, if there is one."""
    for _ in range(10):
        code = inspect.getattr_static(function, "__code__", None)
        if inspect.iscode(code) or inspect.isgetsetdescriptor(code) or inspect.ismemberdescriptor(code):
            return function.__code__
        for name in ("__wrapped__", "func", "__func__"):
            if (inner := getattr(function, name, None)) is not None:
                function = inner
                break
        else:
            function = inspect.getattr_static(type(function), "__call__", None)
    return None


def own_line(error: BaseException, function: object) -> str:
    """Return the deepest line of the reader's file that led to the error: "line 3: `return feature @ x`"."""
    code = code_of(function)
    place = None
    trace = error.__traceback__
    while trace is not None and code is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            place = trace.tb_lineno
        trace = trace.tb_next
    if place is None:
        return ""
    source = linecache.getline(code.co_filename, place).strip()
    return f"line {place}: `{source}`" if source else f"line {place}"


def is_stub(function: object) -> bool:
    """Return whether the body does nothing but stand there: `...`, `pass`, `return None`, a docstring."""
    code = code_of(function)
    if code is None:
        return False
    harmless = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP", "CACHE", "COPY_FREE_VARS"}
    steps = list(dis.get_instructions(code))
    returned = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(step.opname in harmless for step in steps) and returned[-1:] in ([None], [...])


def takes(function: object, count: int) -> bool:
    """Return whether the function can be called with that many positional arguments (True if that is unknown)."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
