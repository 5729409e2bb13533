"""The large pictures of the book and the commands that make them: ``book/data/pictures.toml``."""

from __future__ import annotations

import sys
from functools import lru_cache

from blocks import ROOT, BlockError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = ROOT / "book" / "data" / "pictures.toml"


@lru_cache(maxsize=1)
def commands() -> dict[str, str]:
    """Return the command of each picture by its name."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def find_picture(name: str) -> tuple[str, str]:
    """Return a picture's path in the repository, and the command that makes it."""
    if name not in commands():
        raise BlockError(f"{TABLE.name} has no picture {name!r}; it has {', '.join(sorted(commands()))}")
    return f"images/results/{name}.jpg", commands()[name]
