"""``nst card``: a picture with all that it was made from, so that others can make it again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line, one_line_errors, say, warn
from nstlib.cli.inputs import find_picture
from nstlib.cli.options import option
from nstlib.errors import ChoiceError, DivergenceError, ImageError

if TYPE_CHECKING:
    import numpy as np

    from nstlib.apps.card.making import CardRun, Made
    from nstlib.apps.card.recipe import CardRecipe
    from nstlib.features import Features

app = typer.Typer(help="Make a figure card that others can make again: PNG and JSON.", no_args_is_help=True)

NEW = """Examples:

[bold]nst card new -o my-card.toml[/bold] takes the course's cat and sandstone, and their credits.

[bold]nst card new photo.jpg wave.png -o my-card.toml[/bold]
"""
MAKE = """Examples:

[bold]nst card make my-card.toml[/bold] writes my-card.png and my-card.json.

[bold]nst card make theirs.json -o mine.png[/bold] begins with somebody else's card.
"""
CHECK = """Example:

[bold]nst card check my-card.json[/bold]
"""

Content = Annotated[str, typer.Argument(metavar="CONTENT", help="A file, or a name like cat.")]
Style = Annotated[str, typer.Argument(metavar="STYLE", help="Likewise.")]
RecipeFile = Annotated[Path, option("FILE", "Where to write the recipe: a .toml.", "--output", "-o")]
Card = Annotated[
    Path | None, option("FILE", "The card, a .png.", "--output", "-o", show_default="RECIPE with .png and .json")
]
Recipes = Annotated[Path, typer.Argument(metavar="RECIPE", help="A filled-in .toml, or a card's .json.")]
CardRecord = Annotated[Path, typer.Argument(metavar="CARD", help="The .json that lies beside a card.")]


@app.command("new", epilog=NEW)
def new(content: Content = "cat", style: Style = "sandstone", output: RecipeFile = Path("my-card.toml")) -> None:
    """Write a recipe to fill in: pictures, terms, predictions, whose the pictures are."""
    with one_line_errors(exit_code=2):
        from nstlib.apps.card.template import write_template
        from nstlib.formats.encoding import check_writable

        found = [(word, find_picture(word)) for word in (content, style)]
        for word, path in found:
            if not os.path.isfile(path):
                raise ImageError(f"There is no picture {word}. Name a file, or one of the course's, such as cat.")
        if os.path.lexists(output):
            raise ImageError(f"{output} is there already, and may hold your work. Choose another --output.")
        check_writable(output, extensions=(".toml",))
        write_template(output, *found)
    say(f'Wrote {output}. Fill in every "", predictions first; then  nst card make {output}')


@app.command("make", epilog=MAKE)
def make(recipe: Recipes, output: Card = None) -> None:
    """Run a recipe, and write its card: a PNG to show, and a JSON to make it from.

    Ten runs or so: the picture, and the curve of its recipe and of the classic
    loss. After Ctrl-C nothing is written.
    """
    target = recipe.with_suffix(".png") if output is None else output
    with one_line_errors(exit_code=2):
        found, pictures = _read(recipe, target)
        network = _network(found, pictures)
    made = _make(found, pictures, network)
    with one_line_errors(exit_code=1):
        from nstlib.apps.card.drawing import write_card

        card, record = write_card(target, found, pictures, made)
    say(f"Wrote {card} and {record.name} ({os.path.getsize(record) / 1e3:.0f} kB, pictures included).")


@app.command("check", epilog=CHECK)
def check(card: CardRecord) -> None:
    """Make a card's picture again, and say whether its pixels are the same.

    On the machine that made it they are, bit for bit. Elsewhere sums are rounded
    in another order, and pixels drift; then the measures decide: SSIM within .03,
    the distance from the style within 4 %. Exit code 1: another picture.
    """
    with one_line_errors(exit_code=2):
        from nstlib.apps.card.making import OWN, CardRun, measure, on_threads
        from nstlib.apps.card.record import PIXELS, SHARE, SIMILARITY, difference, read_record

        if card.suffix.lower() != ".json":
            raise ChoiceError(
                f"{card} should end in .json: the file that lies beside a card's PNG has all that is needed."
            )
        record = read_record(card)
        network = _network(record.recipe, record.pictures)
    job = CardRun(OWN, record.recipe.style_weight)
    with on_threads(record.threads):
        results, _ = _run_all([job], record.recipe, record.pictures, network)
    again = results[job].picture
    stored = record.pictures["result"]
    if again.shape != stored.shape:
        warn(f"{card}: the recipe gives {_size(again)} px, and the card's result has {_size(stored)}.")
        raise typer.Exit(1)
    apart = difference(again, measure(again, record.pictures, network), record)
    if not apart.most and apart.within:
        say(f"{card}: the same pixels, bit for bit ({_size(again)} px).")
        return
    said = (
        f"{card}: pixels differ by {apart.mean:.2f} of 255 levels in the mean, SSIM by {apart.similarity:.3f}, the distance "
        f"from the style by {apart.share:.1%}. Another machine may make {PIXELS:g}, {SIMILARITY:g} and {SHARE:.0%} of it"
        f"{_others(record.made_with)}."
    )
    if apart.within:
        say(f"{said} The same picture, other rounding.")
        return
    warn(
        f"{said} Not the same picture: its recipe, result or numbers were changed, or something else decides about it."
    )
    raise typer.Exit(1)


class Result(NamedTuple):
    """What a run gave: bytes of shape (H, W, 3), after how many steps and seconds."""

    picture: np.ndarray
    steps: int
    seconds: float


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"


def _others(made_with: Mapping[str, object]) -> str:
    """Return what of the versions and the machine is not as it was, in words."""
    from nstlib.apps.card.making import made_with as here

    found = {name: value for name, value in here().items() if name != "threads"}
    other = [
        f"{name} {str(made_with.get(name))[:40]} there, {value} here"
        for name, value in found.items()
        if made_with.get(name) != value
    ]
    return f" ({'; '.join(other)})" if other else ""


def _read(path: Path, target: Path) -> tuple[CardRecipe, dict[str, np.ndarray]]:
    """Return a recipe and its pictures, once it is known that the card can be written."""
    from nstlib.apps.card.drawing import outputs_of
    from nstlib.apps.card.making import read_pictures
    from nstlib.apps.card.recipe import SIDES, find_pictures, read_recipe
    from nstlib.apps.card.record import read_record
    from nstlib.apps.outputs import check_outputs, check_places, check_space

    sources = [path]
    if path.suffix.lower() == ".json":
        record = read_record(path)
        recipe, pictures = record.recipe, {side: record.pictures[side] for side in SIDES}
    elif path.suffix.lower() == ".toml":
        recipe = read_recipe(path)
        files = find_pictures(recipe, path.parent)
        pictures = read_pictures(files, recipe.settings.size)
        sources += files.values()
    else:
        raise ChoiceError(f"{path} should end in .toml (a recipe) or .json (a card); it ends in {path.suffix!r}.")
    outputs = outputs_of(target)
    check_outputs(outputs, sources, kind="files")
    check_places(outputs)
    check_space(target, 12.0 * sum(picture.size for picture in pictures.values()))
    return recipe, pictures


def _network(recipe: CardRecipe, pictures: dict[str, np.ndarray]) -> Features:
    """Return the network of a recipe; what does not fit is refused before its weights are fetched."""
    from nstlib.apps.card.making import jobs_of, start
    from nstlib.features import Features, load_network

    name = recipe.settings.network
    for job in jobs_of(recipe):
        start(job, recipe, pictures, Features(name, {}))
    return load_network(name)


def _make(recipe: CardRecipe, pictures: dict[str, np.ndarray], network: Features) -> Made:
    """Make all runs of a card, and measure them."""
    from nstlib.apps.card.making import Made, ahead, curves_of, jobs_of, made_with, measure

    jobs = jobs_of(recipe)
    settings = recipe.settings
    say(
        f"{len(jobs)} runs of {settings.steps} steps at {settings.size} px, network {settings.network}: {recipe.formula}"
    )
    results, took = _run_all(jobs, recipe, pictures, network)
    measured = {job: measure(result.picture, pictures, network) for job, result in results.items()}
    result, steps, seconds = results[jobs[0]]
    curves = curves_of(recipe, measured)
    note(f"Took {duration(took)}.")
    return Made(result, measured[jobs[0]], curves, ahead(curves), made_with(), steps, seconds)


def _run_all(
    jobs: list[CardRun], recipe: CardRecipe, pictures: dict[str, np.ndarray], network: Features
) -> tuple[dict[CardRun, Result], float]:
    """Make runs one after the other; return what each gave, and how long all took.

    A run that is stopped, or fails, ends the command: a card of half its runs would be another card.
    """
    from tqdm import tqdm

    from nstlib.apps.card.making import start
    from nstlib.apps.painting.stopping import stoppable
    from nstlib.formats.encoding import as_bytes

    results, begin = {}, time.perf_counter()
    try:
        with (
            stoppable(note) as stop,
            tqdm(total=len(jobs) * recipe.settings.steps, unit="step", dynamic_ncols=True) as bar,
        ):
            for number, job in enumerate(jobs):
                bar.set_description(
                    f"{job.name}, style weight {job.weight:g} [{number + 1}/{len(jobs)}]", refresh=False
                )
                began = time.perf_counter()
                for step in start(job, recipe, pictures, network):
                    bar.update(number * recipe.settings.steps + step.index - bar.n)
                    if stop.signal is not None:
                        _give_up(STOPPED[stop.signal])
                results[job] = Result(as_bytes(step.image), step.index, time.perf_counter() - began)
                bar.update((number + 1) * recipe.settings.steps - bar.n)
    except KeyboardInterrupt:  # a second time: in the middle of a step
        _give_up(STOPPED[signal.SIGINT])
    except DivergenceError as error:
        warn(f"{one_line(error)} Nothing was written.")
        raise typer.Exit(1) from error
    return results, time.perf_counter() - begin


def _give_up(exit_code: int) -> NoReturn:
    warn("Stopped. Nothing was written.")
    raise typer.Exit(exit_code)
