"""``nst compare``: several methods for every content in every style, and a page to judge them by."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from nstlib.cli.console import STOPPED, duration, note, one_line_errors, warn
from nstlib.cli.inputs import TRAINED, check_seed, find_contents
from nstlib.errors import DivergenceError, ImageError, ShapeError

if TYPE_CHECKING:
    from tqdm import tqdm

    from nstlib.apps.comparison import Pair, Settings
    from nstlib.apps.jobs import Stop
    from nstlib.features import Features

EXAMPLES = """Examples:

[bold]nst compare -o compared[/bold] takes five photos and five styles of the course.

[bold]nst compare cat coffee --styles brush woodcut -o compared --size 192[/bold]

[bold]nst compare holidays/ --styles paintings/*.jpg -o compared[/bold]

[bold]nst compare cat --styles brush --methods classic lapstyle luminance dual -o compared[/bold]
"""
CONTENTS = ("astronaut", "cat", "china", "coffee", "flower")
STYLES = ("brush", "fluid", "mosaic", "sandstone", "woodcut")
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


def compare(
    contents: Annotated[
        list[str] | None,
        typer.Argument(metavar="CONTENT", help="Files, names like cat, or folders.", show_default=", ".join(CONTENTS)),
    ] = None,
    styles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STYLE...", help="Likewise: all words up to the next option.", show_default=", ".join(STYLES)
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write it.")] = Path(
        "compared"
    ),
    methods: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME...", help="Of classic, dual, lapstyle and luminance.", show_default="classic, dual"),
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Longer side of all pictures in pixels.")] = 128,
    steps: Annotated[int, typer.Option(metavar="N", help="How many updates of the pixels in each run.")] = 100,
    style_weight: Annotated[float, typer.Option(metavar="X", help="How much the texture counts.")] = 10.0,
    init: Annotated[str, typer.Option(metavar="NAME", help="Start from content, noise or mixed.")] = "content",
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    seed: Annotated[int, typer.Option(metavar="N", help="Of the noise, the same in every run.")] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make pairs anew that were made with other settings.")
    ] = False,
) -> None:
    """Paint every CONTENT in every style, by several methods, and compare them.

    FOLDER/index.html shows all pairs side by side, with losses and measures. What
    is there already is not made again: after Ctrl-C the same command goes on.
    """
    with one_line_errors(exit_code=2):
        from nstlib.apps.comparison import Settings, check_folder, checked_methods, missing, pairs_of

        settings = Settings(size, steps, style_weight, init, seed, network)
        settings.check()
        check_seed(seed)
        chosen = checked_methods(methods or ("classic", "dual"))
        pairs = pairs_of(_found(contents or CONTENTS), _found(styles or STYLES), output)
        _prepare(output)
        if not replace:
            check_folder(output, settings)
        todo = [(pair, method) for pair in pairs for method in missing(pair, chosen, settings)]
        if todo:
            from nstlib.features import load_network

            trunk = load_network(network)
    there = len(pairs) * len(chosen) - len(todo)
    typer.echo(
        f"{_pairs(len(pairs))} by {', '.join(chosen)}: {size} px, {steps} steps, network {network}; "
        f"{len(todo)} runs to go{f', {there} are there already' if there else ''}."
    )
    begin, failures, exit_code = time.perf_counter(), {}, 0
    if todo:
        _warn_of_memory(settings, trunk)
        exit_code = _run_all(todo, trunk, settings, output, failures)
    _finish(output, settings, failures, len(todo), exit_code, time.perf_counter() - begin)


def _pairs(number: int) -> str:
    return "1 pair" if number == 1 else f"{number} pairs"


def _found(words: Iterable[str]) -> list[Path]:
    return [path for word in words for path in find_contents(word)]


def _prepare(folder: Path) -> None:
    """Make the folder, unless it is there, and raise an ImageError if nothing can be written to it."""
    from nstlib.apps.contact_sheet import PAGE
    from nstlib.formats.files import make_folder
    from nstlib.images import check_writable

    check_writable(make_folder(folder) / PAGE, extensions=(".html",))


def _warn_of_memory(settings: Settings, network: Features) -> None:
    import psutil
    import torch

    from nstlib.dual import stylize_dual

    square = torch.zeros(1, 3, settings.size, settings.size)
    needed = stylize_dual(square, square, network).plan.bytes / 1e9
    free = psutil.virtual_memory().available / 1e9
    if needed > free:
        warn(f"This may need {needed:.1f} GB of memory, and {free:.1f} GB are free. A smaller --size needs less.")


def _run_all(
    todo: list[tuple[Pair, str]], network: Features, settings: Settings, output: Path, failures: dict[str, list[str]]
) -> int:
    """Make the runs one after the other, and return the exit code if they were stopped, else 0."""
    from tqdm import tqdm

    from nstlib.apps.contact_sheet import write_sheet
    from nstlib.apps.jobs import stoppable

    try:
        with stoppable(note) as stop, tqdm(total=len(todo) * settings.steps, unit="step", dynamic_ncols=True) as bar:
            for number, (pair, method) in enumerate(todo, 1):
                bar.set_description(f"{pair.folder.name} {method} [{number}/{len(todo)}]", refresh=False)
                try:
                    _run(pair, method, network, settings, bar, stop)
                except (ImageError, ShapeError, DivergenceError) as error:
                    if str(error) not in failures:  # a broken picture is one of many pairs
                        warn(error)
                    failures.setdefault(str(error), []).append(f"{pair.folder.name} {method}")
                if stop.signal is not None:
                    return STOPPED[stop.signal]
                bar.update(number * settings.steps - bar.n)
                if number == len(todo) or todo[number][0] is not pair:
                    write_sheet(output, settings, failures)
    except KeyboardInterrupt:  # a second time: in the middle of a step
        return STOPPED[signal.SIGINT]
    except ImageError as error:
        warn(error)
        return 1
    return 0


def _run(pair: Pair, method: str, network: Features, settings: Settings, bar: tqdm, stop: Stop) -> None:
    """Follow one run to its end, or to the step after which it was asked to stop."""
    from nstlib.apps.comparison import make

    begin = bar.n
    for step in make(pair, method, network, settings):
        if stop.signal is not None:
            return
        bar.update(begin + step.index - bar.n)


def _finish(
    output: Path, settings: Settings, failures: dict[str, list[str]], runs: int, exit_code: int, seconds: float
) -> None:
    """Write the page of what is there, say how it went, and end the command."""
    from nstlib.apps.comparison import records_in
    from nstlib.apps.contact_sheet import write_sheet

    with one_line_errors(exit_code=1):
        page = write_sheet(output, settings, failures)
    count = _pairs(len(records_in(output, settings)))
    if exit_code in STOPPED.values():
        warn(f"Stopped. {page} shows what is there, {count}. The same command goes on.")
        raise typer.Exit(exit_code)
    typer.echo(f"Wrote {page} with {count} in {duration(seconds)}.")
    if failures:
        warn(f"{sum(map(len, failures.values()))} of {runs} runs could not be made; see above.")
    if failures or exit_code:
        raise typer.Exit(1)
