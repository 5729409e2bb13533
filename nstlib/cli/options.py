"""Options that several commands have, and how the others are written."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nstlib.defaults import NETWORKS

TRAINED = ", ".join(NETWORKS[:-1])


def option(metavar: str, meaning: str, *names: str, **more: Any) -> Any:
    """Return what typer wants to know of an option: the kind of its value, and what it does."""
    return typer.Option(*names, metavar=metavar, help=meaning, **more)


def flag(meaning: str, *names: str) -> Any:
    """Return the same of an option without a value."""
    return typer.Option(*names, help=meaning)


NetworkName = Annotated[str, option("NAME", f"{TRAINED} or {NETWORKS[-1]} (random).")]
TrainedNetwork = Annotated[str, typer.Argument(metavar="NAME", help=f"{TRAINED}.")]
Device = Annotated[str, option("NAME", "Where to compute, as torch names it: cpu, cuda, cuda:1, mps.")]
Init = Annotated[str, option("NAME", "Start from content, noise or mixed.")]
StyleWeight = Annotated[float, option("X", "How much the texture counts.")]
