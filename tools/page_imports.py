"""What a page is computed with: the modules that its cells import, and all that those import in their turn.

Read from the sources, so nothing is run. A page on Gram matrices need not run again when the command's words change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

CHECK = "nstlib.check"  # its exercises are found by name, not imported: those of a page are in the folder of its slug


def modules(root: Path) -> dict[str, Path]:
    """Return the library's modules by their full names."""
    found = {}
    for path in (root / "nstlib").rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(code: str) -> Iterator[str]:
    """Yield what code imports, in functions too; of ``from a import b`` both ``a`` and ``a.b``, which may be a module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


@cache
def _imports_of(path: Path, changed: int) -> frozenset[str]:
    return frozenset(imported(path.read_text(encoding="utf-8")))


def imports_of(path: Path) -> frozenset[str]:
    """Return what a module imports."""
    return _imports_of(path, path.stat().st_mtime_ns)


def files_behind(root: Path, slug: str, cells: Iterable[str]) -> list[Path]:
    """Return the files of the library that a page's cells run, or might run.

    Args:
        slug: of the page, as ``gram`` of ``07_gram``. cells: their code.
    """
    known = modules(root)
    python = TransformerManager().transform_cell  # a cell may hold lines that only IPython knows
    waiting = [name for code in cells for name in imported(python(code))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in known or name in seen:
            continue
        seen.add(name)
        waiting += [*imports_of(known[name]), name.rpartition(".")[0]]  # a package runs before its modules
        if name == CHECK:
            waiting += [other for other in known if other.startswith(f"{CHECK}.{slug}.")]
    return sorted(known[name] for name in seen)
