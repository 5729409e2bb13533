"""What fills the pages that commands write: jinja2, in which whatever is filled in is escaped, and nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def templates(folder: Path, **filters: Callable) -> Environment:
    """Return the templates in a folder, with filters by name; a page ``extends "frame.html"``, which all have in common."""
    found = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= filters
    return found
