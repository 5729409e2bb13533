"""What a comparison has to do, and whether it may: everything that can be known before a network is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nstlib.apps.comparison.folder import check_ours, outputs_of
from nstlib.apps.comparison.pairs import Pair, check_folder, missing, pairs_of
from nstlib.apps.outputs import check_outputs
from nstlib.apps.study.grid import Grid
from nstlib.apps.study.pictures import check_picture
from nstlib.defaults import SMALLEST_SIZE
from nstlib.errors import ImageError
from nstlib.formats.encoding import WRITABLE


class Plan(NamedTuple):
    """What there is to do.

    Attributes:
        pairs: all of them. todo: the runs that are missing: a pair and a method each.
        failures: from the message about a picture that cannot be used to the runs that are missing because of it.
    """

    pairs: list[Pair]
    todo: list[tuple[Pair, str]]
    failures: dict[str, list[str]]


def make_plan(grid: Grid, folder: Path, *, replace: bool = False, called: Callable[[str], str] = str) -> Plan:
    """Return what there is to do for a grid in a folder.

    Args:
        grid: from ``make_grid``. folder: of the comparison; it need not be there.
        replace: whether pairs made with other settings may be replaced. called: as for ``Settings.check``.

    Raises:
        ImageError: if a picture is not there, all contents or all styles cannot be used, or a file would be lost.
        ResumeError: as ``check_folder``.
    """
    broken = _broken(grid, called)
    check_place(folder)
    pairs = pairs_of(grid, folder)
    outputs = outputs_of(pairs, list(grid.methods), folder)
    check_outputs(outputs, (*grid.contents.values(), *grid.styles.values()))
    check_ours(outputs, folder)
    if not replace:
        check_folder(folder, grid, called)
    plan = Plan(pairs, [], {})
    for pair in pairs:
        why = [broken[path] for path in (grid.contents[pair.content], grid.styles[pair.style]) if path in broken]
        for method in missing(pair, grid):
            if why:
                plan.failures.setdefault(why[0], []).append(f"{pair.folder.name} {method}")
            else:
                plan.todo.append((pair, method))
    return plan


def check_place(folder: Path) -> None:
    """Raise an ImageError if a comparison cannot have that folder."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise ImageError(f"{folder} is no folder. Choose another --output.")
    if not os.path.isdir(folder.parent):
        raise ImageError(
            f"There is no folder {folder.parent} to make {folder.name} in. Make it, or choose another --output."
        )
    if folder.suffix.lower() in WRITABLE and not os.path.isdir(folder):
        raise ImageError(f"{folder} would be a picture, and a comparison is a folder. Choose another --output.")


def _broken(grid: Grid, called: Callable[[str], str]) -> dict[Path, str]:
    """Return the pictures that cannot be used, and why, as far as their headers tell."""
    broken: dict[Path, str] = {}
    for paths in (grid.contents.values(), grid.styles.values()):
        for path in paths:
            try:
                check_picture(path, grid.settings.size, SMALLEST_SIZE, option=called("size"))
            except ImageError as error:
                if not os.path.lexists(path):  # a typing error, and no fault of a picture
                    raise
                broken[path] = str(error)
        bad = [broken[path] for path in paths if path in broken]
        if bad and len(bad) == len(paths):
            more = f" The other {len(bad) - 1} cannot be used either." if len(bad) > 1 else ""
            raise ImageError(f"{bad[0]}{more}")
    return broken
