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


def imported(code: str) -> Iterator[str]:
    """Yield what code imports, in functions too: ``a.*`` of ``import a``, ``a.b`` of ``from a import b``."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (f"{each.name}.*" for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)


def gathered(code: str) -> dict[str, str]:
    """Return from which module each name of a package comes that does nothing but gather names, as ``nstlib.widgets``."""
    found: dict[str, str] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {each.asname or each.name: node.module for each in node.names}
        elif not isinstance(node, (ast.Expr, ast.Assign)):  # its docstring, __all__
            return {}
    return found


class Library:
    """The library's modules as they are now; each is read at most once."""

    def __init__(self, root: Path):
        paths = {path.relative_to(root).with_suffix("").parts: path for path in (root / "nstlib").rglob("*.py")}
        self._files = {".".join(p[:-1] if p[-1] == "__init__" else p): path for p, path in paths.items()}
        self._text = cache(lambda name: self._files[name].read_text(encoding="utf-8"))
        self._imports = cache(lambda name: set(imported(self._text(name))))
        self._gathered = cache(lambda name: gathered(self._text(name)) if name in self._files else {})

    def files_behind(self, slug: str, cells: Iterable[str]) -> list[Path]:
        """Return the files of the library that a page's cells run, or might run.

        A package that only gathers names is not among them, nor what it gathers and nobody asks for, though both run.

        Args:
            slug: of the page, as ``gram`` of ``07_gram``. cells: their code.
        """
        python = TransformerManager().transform_cell  # a cell may hold lines that only IPython knows
        waiting = [name for code in cells for name in imported(python(code))]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            package, _, last = name.rpartition(".")
            module = name if name in self._files else package  # else a name in a module
            if module not in self._files or module in seen:
                continue
            if module == package and (source := self._gathered(package).get(last)):
                waiting.append(f"{source}.*")
                continue
            seen.add(module)
            waiting += self._imports(module)
            if not self._gathered(above := module.rpartition(".")[0]):
                waiting.append(f"{above}.*")  # a package runs before its modules
            if module == CHECK:
                waiting += [f"{other}.*" for other in self._files if other.startswith(f"{CHECK}.{slug}.")]
        return sorted(self._files[name] for name in seen)
