"""``nst compare``: several methods for every content in every style, and a page to judge them by."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from nstlib.cli.console import STOPPED, duration, gigabytes, note, one_line_errors, say, warn, warn_of_memory
from nstlib.cli.inputs import check_seed, find_contents
from nstlib.cli.options import Init, NetworkName, StyleWeight, flag, option
from nstlib.cli.streams import printable
from nstlib.defaults import INITS, MEASURED_SIZE, NETWORKS, STEPS, STYLE_WEIGHT
from nstlib.errors import ChoiceError, DivergenceError, ImageError, ShapeError

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
NAME = 60  # characters of a pair's name beside the progress bar
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
        from nstlib.apps.comparison.pairs import make_grid
        from nstlib.apps.comparison.planning import make_plan
        from nstlib.apps.study.grid import Settings

        own = {"style_weight": style_weight, "init": init, "seed": check_seed(seed), "called": _called}
        sources = _found(contents or CONTENTS, output), _found(styles or STYLES, output)
        grid = make_grid(*sources, methods or USUAL, Settings(network, size, steps), **own)
        pairs, todo, failures = make_plan(grid, output, replace=replace, called=_called)
        trunk = _prepare(todo, grid, output)
    count = len(todo) + sum(map(len, failures.values()))
    there = len(pairs) * len(grid.methods) - count
    say(
        f"{_pairs(len(pairs))} by {', '.join(grid.methods)}: {size} px, {steps} steps, network {network}; "
        f"{count} runs to go{f', {there} are there already' if there else ''}."
    )
    for message in failures:
        warn(message)
    begin, exit_code = time.perf_counter(), 0
    if todo:
        exit_code = _run_all(todo, trunk, grid, output, failures)
    _finish(output, grid, failures, count, exit_code, time.perf_counter() - begin)


def _called(setting: str) -> str:
    """Return the option of a setting."""
    return f"--{setting.replace('_', '-')}"


def _pairs(number: int) -> str:
    return "1 pair" if number == 1 else f"{number} pairs"


def _found(words: Iterable[str], output: Path) -> list[Path]:
    """Return the pictures that words stand for; in a folder, results of this comparison are none."""
    from nstlib.apps.comparison.folder import without_results

    found = []
    for word in words:
        paths = find_contents(word)
        if os.path.isdir(word) and not (paths := without_results(paths, output)):
            raise ImageError(f"The folder {word} holds only results of this comparison. Name other pictures.")
        found += paths
    return found


def _prepare(todo: Sequence[tuple[Pair, str]], grid: Grid, output: Path) -> Features | None:
    """See that there is enough memory and space, make the folder, and load the network if there is anything to do."""
    from nstlib.apps.comparison.demand import memory_for
    from nstlib.apps.comparison.folder import space_for
    from nstlib.apps.comparison.page import PAGE
    from nstlib.apps.outputs import check_space
    from nstlib.formats.encoding import check_writable
    from nstlib.formats.files import make_folder

    if todo:
        _check_memory(memory_for(grid))
        check_space(output, space_for(todo, grid.settings.size))
    check_writable(make_folder(output) / PAGE, extensions=(".html",))
    for folder in dict.fromkeys(pair.folder for pair, _ in todo):
        if folder.is_dir():
            check_writable(folder / PAGE, extensions=(".html",))
    if not todo:
        return None
    from nstlib.features import load_network

    return load_network(grid.settings.network)


def _check_memory(needed: float) -> None:
    """Raise a ChoiceError if this machine can never have that many bytes, and warn if it has not now."""
    import psutil

    there = psutil.virtual_memory().total + psutil.swap_memory().total
    if needed > there:
        raise ChoiceError(
            f"This may need {gigabytes(needed)} of memory, and this machine has {gigabytes(there)}. Use a smaller --size."
        )
    warn_of_memory(needed)


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
                name = printable(pair.folder.name[:NAME])
                bar.set_description(f"{name} {method} [{number}/{len(todo)}]", refresh=False)
                try:
                    _run(pair, method, network, grid, bar, stop)
                except (ImageError, ShapeError, DivergenceError, MemoryError) as error:
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
    try:
        for step in make(pair, method, network, grid):
            if stop.signal is not None:
                return
            bar.update(begin + step.index - bar.n)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):  # torch's own kind says it in words
            raise
        raise MemoryError(f"{pair.folder.name}: there is not enough memory. Use a smaller --size.") from error


def _finish(
    output: Path, grid: Grid, failures: dict[str, list[str]], runs: int, exit_code: int, seconds: float
) -> None:
    """Write the page of what is there, say how it went, and end the command."""
    from nstlib.apps.comparison.page import write_page
    from nstlib.apps.comparison.pairs import records_in

    if exit_code == 1:  # the page could not be written, and that was told
        raise typer.Exit(1)
    with one_line_errors(exit_code=1):
        page = write_page(output, grid, failures)
    count = _pairs(len(records_in(output, grid)))
    if exit_code in STOPPED.values():
        warn(f"Stopped. {page} shows what is there, {count}. The same command goes on.")
        raise typer.Exit(exit_code)
    say(f"Wrote {page} with {count} in {duration(seconds)}.")
    if failures:
        warn(f"{sum(map(len, failures.values()))} of {runs} runs could not be made; see above.")
    if failures:
        raise typer.Exit(1)
