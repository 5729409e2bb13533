"""Which lines of a notebook make up one answer: the definition of its function, and what that needs.

A notebook is not run from top to bottom: that takes a minute, and a learner's other cells are none of the judge's business.
Top-level statements are read, and those are taken that bind the function's name, then those that bind names which these
use, and so on. Runs behind the walls, for even to read a stranger's text can be too much.
"""

from __future__ import annotations

import ast
import dis
import inspect
import json
import linecache
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nstlib.apps.grading.common import OWN

_LOOKS_UP = ("LOAD_GLOBAL", "LOAD_NAME")


@dataclass
class Statement:
    """A statement of a notebook: which names it binds, whose contents it changes, and which names it uses.

    ``file`` is what its cell is called.
    """

    node: ast.stmt
    file: str
    binds: set[str]
    changes: set[str]
    uses: set[str]


@dataclass
class Answer:
    """The statements of an answer, in order; ``problem``: why there are none, ``library``: what is taken from nstlib."""

    statements: list[Statement] = field(default_factory=list)
    problem: str = ""
    library: list[str] = field(default_factory=list)


def answer_in(text: str, name: str, given: Iterable[str] = ()) -> Answer:
    """Return the statements that make up the answer ``name``.

    Several definitions: the last before the cell that checks it counts, as in the notebook; if there is none before it, the
    last at all. Names in ``given`` are not looked for: the judge has something for them.
    """
    statements, problem = [], ""
    for number, source in enumerate(_sources(text), 1):
        file = f"{OWN}{number}>"
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if f"def {name}" in source or not problem:
                problem = f"Cell {number} is no Python: {getattr(error, 'msg', 'too deep')}" + _at(error)
            continue
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        statements += [Statement(node, file, _bound(node), _changed(node), _used(node)) for node in tree.body]
    checks = [k for k, one in enumerate(statements) if _checks(one.node, name)]
    until = checks[-1] if checks else len(statements)
    own = [k for k, one in enumerate(statements) if name in one.binds and k not in checks]
    before = [k for k in own if k < until] or own
    if not before:
        return Answer(problem=problem)
    wanted = _closure(statements, before[-1], until, name, set(given))
    return Answer(wanted, library=_library(wanted))


def _sources(text: str) -> Iterator[str]:
    """Yield the code cells of a notebook, without the lines that are IPython's and not Python's."""
    book = json.loads(text)
    cells = book.get("cells", ()) if isinstance(book, dict) else ()
    for cell in cells if isinstance(cells, list) else ():
        source = cell.get("source", "") if isinstance(cell, dict) and cell.get("cell_type") == "code" else ""
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if not source.lstrip().startswith("%%"):
            lines = source.split("\n")
            yield "\n".join(_python(line) for line in lines)


def _python(line: str) -> str:
    bare = line.lstrip()
    return f"{line[: len(line) - len(bare)]}pass" if bare.startswith(("%", "!", "?")) else line


def _at(error: Exception) -> str:
    return f", line {error.lineno}." if getattr(error, "lineno", None) else "."


def _checks(node: ast.stmt, name: str) -> bool:
    """Return whether a statement hands the function to the check."""
    value = getattr(node, "value", None)
    if not isinstance(value, ast.Call) or not isinstance(node, (ast.Assign, ast.Expr)):
        return False
    called = getattr(value.func, "id", getattr(value.func, "attr", ""))
    return called == "check" and any(isinstance(one, ast.Name) and one.id == name for one in value.args)


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds at the top level of a notebook."""
    found: set[str] = set()
    for one in _outside_functions(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, (ast.Store, ast.Del)):
            found.add(one.id)
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(one.name)
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in one.names}
    return found


def _changed(node: ast.stmt) -> set[str]:
    """Return the names whose items or attributes a statement sets, or on which it calls a method: table.append(...)."""
    found: set[str] = set()
    for one in _outside_functions(node):
        if isinstance(one, (ast.Attribute, ast.Subscript)) and isinstance(one.ctx, ast.Store):
            found |= {name.id for name in ast.walk(one.value) if isinstance(name, ast.Name)}
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        found.add(call.func.value.id)
    return found


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


def _used(node: ast.stmt) -> set[str]:
    """Return the names that a statement looks up at the top level, be it later, when its function is called."""
    try:
        codes = [compile(ast.Module([node], []), "", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return set()
    found: set[str] = set()
    for code in codes:
        codes += [one for one in code.co_consts if inspect.iscode(one)]
        found |= {step.argval for step in dis.get_instructions(code) if step.opname in _LOOKS_UP}
    return found


def _closure(statements: list[Statement], own: int, until: int, name: str, given: set[str]) -> list[Statement]:
    """Return a definition and all statements that bind names which it needs, in their order; imports name by name.

    What stands before the check counts, as in the notebook; what comes after it only where nothing does before.
    """
    taken, open_names, known = {own}, {*statements[own].uses, name}, set(given)
    while open_names - known:
        wanted = (open_names - known).pop()
        known.add(wanted)
        found = [k for k, one in enumerate(statements) if _concerns(statements, one, wanted, name)]
        for k in [k for k in found if k < until] or found:
            if k not in taken:
                taken.add(k)
                imports = isinstance(statements[k].node, (ast.Import, ast.ImportFrom))
                open_names |= set() if imports else statements[k].uses
    return [_only_needed(statements[k], known - given) for k in sorted(taken)]


def _concerns(statements: list[Statement], one: Statement, wanted: str, name: str) -> bool:
    """Return whether a statement binds or changes a name that the answer ``name`` needs."""
    if _checks(one.node, wanted):
        return False
    if isinstance(one.node, ast.Expr) and not _made_here(statements, wanted):
        return False  # a call on a module, as plt.show()
    return wanted in one.changes or (wanted in one.binds and wanted != name)


def _made_here(statements: list[Statement], name: str) -> bool:
    return any(name in one.binds and isinstance(one.node, (ast.Assign, ast.AnnAssign)) for one in statements)


def _only_needed(one: Statement, needed: set[str]) -> Statement:
    """Return a statement, of an import only what is needed: the rest may be slow, or not to be had."""
    if isinstance(one.node, (ast.Import, ast.ImportFrom)):
        one.node.names = [a for a in one.node.names if (a.asname or a.name).split(".")[0] in needed or a.name == "*"]
    return one


def _library(statements: list[Statement]) -> list[str]:
    """Return what an answer takes from nstlib, for the instructor to look at."""
    found: set[str] = set()
    for statement in statements:
        for one in ast.walk(statement.node):
            if isinstance(one, ast.ImportFrom) and (one.module or "").split(".")[0] == "nstlib":
                found |= {f"{one.module}.{alias.name}" for alias in one.names}
            elif isinstance(one, ast.Import):
                found |= {alias.name for alias in one.names if alias.name.split(".")[0] == "nstlib"}
    return sorted(found)[:20]
