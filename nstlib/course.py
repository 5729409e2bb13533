"""The only module that knows the repository: where pictures, weights and the book's data lie beside the package.

A wheel brings along what is read of it, in a folder of the package that the repository does not have.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
BROUGHT = PACKAGE / "_course"
ROOT = BROUGHT if BROUGHT.is_dir() else PACKAGE.parent
IMAGES = ROOT / "images"
MODELS = ROOT / "models"
DATA = ROOT / "book" / "data"


def chapters() -> list[str]:
    """Return the names of the chapters' texts, "07_gram", in their order; none where they did not come along."""
    contents = ROOT / "_toc.yml"
    return re.findall(r"file: book/(\d+_\w+)", contents.read_text(encoding="utf-8")) if contents.is_file() else []


def chapter_of(slug: str) -> str:
    """Return the name of a chapter's text, "07_gram", from the part of it that is not its number, "gram"."""
    return next((name for name in chapters() if name.partition("_")[2] == slug), slug)


def source_of(function: Callable) -> str:
    """Return the lines of a function without decorators and docstring: what it does, for those who know what it is for."""
    lines = inspect.getsource(function).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    if ast.get_docstring(tree) is not None:
        docstring = tree.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines[tree.lineno - 1 :])
