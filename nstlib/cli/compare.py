"""``nst compare``: several methods for every content in every style, and a page to judge them by."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from nstlib.cli.console import STOPPED, duration, note, one_line_errors, say, warn, warn_of_memory
from nstlib.cli.inputs import check_seed, find_contents
from nstlib.cli.options import Init, NetworkName, StyleWeight, flag, option
from nstlib.cli.streams import printable
from nstlib.defaults import INITS, MEASURED_SIZE, NETWORKS, STEPS, STYLE_WEIGHT
from nstlib.errors import DivergenceError, ImageError, ShapeError

if TYPE_CHECKING:
    from tqdm import tqdm

    from nstlib.apps.comparison.pairs import Pair
    from nstlib.apps.painting.stopping import Stop
    from nstlib.apps.study.grid import Grid
    from nstlib.features import Features

EXAMPLES = """Examples:

[bold]nst compare -o compared[/bold] takes five photos and five styles of the course.

[bold]nst compare cat coffee --styles brush woodcut -o compared --size 192[/bold]

[bold]nst compare holidays/ --styles paintings/*.jpg -o compared[/bold]

[bold]nst compare cat --styles brush --methods classic lapstyle luminance dual -o compared[/bold]
"""
CONTENTS = ("astronaut", "cat", "china", "coffee", "flower")
STYLES = ("brush", "fluid", "mosaic", "sandstone", "woodcut")
USUAL = ("classic", "dual")
SEVERAL = ("--styles", "--methods")


class Compare(TyperCommand):
    """A command whose options ``SEVERAL`` take all words up to the next option, as shells expand ``*.jpg``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """Write ``--styles a b`` as ``--styles a --styles b``, which the parser knows."""
        return super().parse_args(ctx, spread(args))


def spread(words: Sequence[str]) -> list[str]:
    """Return the words with an option of ``SEVERAL`` repeated before each of its values."""
    found: list[str] = []
    option, values = "", 0
    for word in words:
        if word.startswith("-"):
            option, values = word if word in SEVERAL else "", 0
        elif option:
            found += [option] if values else []
            values += 1
        found.append(word)
    return found


Contents = Annotated[
    list[str] | None,
    typer.Argument(metavar="CONTENT", help="Files, names like cat, or folders.", show_default=", ".join(CONTENTS)),
]
Styles = Annotated[
    list[str] | None,
    option("STYLE...", "Likewise: all words up to the next option.", show_default=", ".join(STYLES)),
]
Output = Annotated[Path, option("FOLDER", "Where to write it.", "--output", "-o")]
Methods = Annotated[
    list[str] | None,
    option("NAME...", "Of classic, dual, lapstyle and luminance.", show_default=", ".join(USUAL)),
]
Replace = Annotated[bool, flag("Make pairs anew that were made with other settings.", "--replace")]


def compare(
    contents: Contents = None,
    styles: Styles = None,
    output: Output = Path("compared"),
    methods: Methods = None,
    size: Annotated[int, option("N", "Longer side of all pictures in pixels.")] = MEASURED_SIZE,
    steps: Annotated[int, option("N", "How many updates of the pixels in each run.")] = STEPS,
    style_weight: StyleWeight = STYLE_WEIGHT,
    init: Init = INITS[0],
    network: NetworkName = NETWORKS[0],
    seed: Annotated[int, option("N", "Of the noise, the same in every run.")] = 0,
    replace: Replace = False,
) -> None:
    """Paint every CONTENT in every style, by several methods, and compare them.

    FOLDER/index.html shows all pairs side by side, with losses and measures. What
    is there already is not made again: after Ctrl-C the same command goes on.
    """
    with one_line_errors(exit_code=2):
        from nstlib.apps.comparison import pairs as comparison
        from nstlib.apps.study.grid import Settings

        common = {"style_weight": style_weight, "init": init, "seed": check_seed(seed)}
        sources = _found(contents or CONTENTS), _found(styles or STYLES)
        grid = comparison.make_grid(*sources, methods or USUAL, Settings(network, size, steps), **common)
        pairs = comparison.pairs_of(grid, output)
        _prepare(output)
        if not replace:
            comparison.check_folder(output, grid)
        todo = [(pair, method) for pair in pairs for method in comparison.missing(pair, grid)]
        if todo:
            from nstlib.features import load_network

            trunk = load_network(network)
    there = len(pairs) * len(grid.methods) - len(todo)
    say(
        f"{_pairs(len(pairs))} by {', '.join(grid.methods)}: {size} px, {steps} steps, network {network}; "
        f"{len(todo)} runs to go{f', {there} are there already' if there else ''}."
    )
    begin, failures, exit_code = time.perf_counter(), {}, 0
    if todo:
        warn_of_memory(_needed(size, trunk))
        exit_code = _run_all(todo, trunk, grid, output, failures)
    _finish(output, grid, failures, len(todo), exit_code, time.perf_counter() - begin)


def _pairs(number: int) -> str:
    return "1 pair" if number == 1 else f"{number} pairs"


def _found(words: Iterable[str]) -> list[Path]:
    return [path for word in words for path in find_contents(word)]


def _prepare(folder: Path) -> None:
    """Make the folder, unless it is there, and raise an ImageError if nothing can be written to it."""
    from nstlib.apps.comparison.page import PAGE
    from nstlib.formats.encoding import check_writable
    from nstlib.formats.files import make_folder

    check_writable(make_folder(folder) / PAGE, extensions=(".html",))


def _needed(size: int, network: Features) -> float:
    """Return how many bytes a run may take."""
    import torch

    from nstlib.dual import stylize_dual

    square = torch.zeros(1, 3, size, size)
    return stylize_dual(square, square, network).plan.bytes


def _run_all(
    todo: list[tuple[Pair, str]], network: Features, grid: Grid, output: Path, failures: dict[str, list[str]]
) -> int:
    """Make the runs one after the other, and return the exit code if they were stopped, else 0."""
    from tqdm import tqdm

    from nstlib.apps.comparison.page import write_page
    from nstlib.apps.painting.stopping import stoppable

    try:
        with (
            stoppable(note) as stop,
            tqdm(total=len(todo) * grid.settings.steps, unit="step", dynamic_ncols=True) as bar,
        ):
            for number, (pair, method) in enumerate(todo, 1):
                name = printable(pair.folder.name)
                bar.set_description(f"{name} {method} [{number}/{len(todo)}]", refresh=False)
                try:
                    _run(pair, method, network, grid, bar, stop)
                except (ImageError, ShapeError, DivergenceError) as error:
                    if str(error) not in failures:  # a broken picture is one of many pairs
                        warn(error)
                    failures.setdefault(str(error), []).append(f"{pair.folder.name} {method}")
                if stop.signal is not None:
                    return STOPPED[stop.signal]
                bar.update(number * grid.settings.steps - bar.n)
                if number == len(todo) or todo[number][0] is not pair:
                    write_page(output, grid, failures)
    except KeyboardInterrupt:  # a second time: in the middle of a step
        return STOPPED[signal.SIGINT]
    except ImageError as error:
        warn(error)
        return 1
    return 0


def _run(pair: Pair, method: str, network: Features, grid: Grid, bar: tqdm, stop: Stop) -> None:
    """Follow one run to its end, or to the step after which it was asked to stop."""
    from nstlib.apps.comparison.pairs import make

    begin = bar.n
    for step in make(pair, method, network, grid):
        if stop.signal is not None:
            return
        bar.update(begin + step.index - bar.n)


def _finish(
    output: Path, grid: Grid, failures: dict[str, list[str]], runs: int, exit_code: int, seconds: float
) -> None:
    """Write the page of what is there, say how it went, and end the command."""
    from nstlib.apps.comparison.page import write_page
    from nstlib.apps.comparison.pairs import records_in

    with one_line_errors(exit_code=1):
        page = write_page(output, grid, failures)
    count = _pairs(len(records_in(output, grid)))
    if exit_code in STOPPED.values():
        warn(f"Stopped. {page} shows what is there, {count}. The same command goes on.")
        raise typer.Exit(exit_code)
    say(f"Wrote {page} with {count} in {duration(seconds)}.")
    if failures:
        warn(f"{sum(map(len, failures.values()))} of {runs} runs could not be made; see above.")
    if failures or exit_code:
        raise typer.Exit(1)
