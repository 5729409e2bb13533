"""``nst stylize``: paint the scene of one picture with the texture of another."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib import defaults
from nstlib.cli.console import one_line_errors
from nstlib.cli.inputs import (
    MOST,
    check_seed,
    find_contents,
    find_picture,
    tell_left_out,
    weighted,
)
from nstlib.cli.making import Network, make, make_many
from nstlib.cli.options import Init, NetworkName, StyleWeight, flag, option
from nstlib.errors import ChoiceError, choice, finite_number, whole_number

if TYPE_CHECKING:
    from nstlib.apps.painting.batch import Batch
    from nstlib.apps.painting.job import Job

EXAMPLES = """Examples:

[bold]nst stylize cat sandstone[/bold] takes two of the course's pictures and writes cat_sandstone.png.

[bold]nst stylize photo.jpg wave.png -o out.png --size 512 --steps 200[/bold]

[bold]nst stylize cat mosaic --colors luminance --animation progress.mp4[/bold]

[bold]nst stylize holidays/ wave.png -o painted/ --quality draft[/bold] makes one of each picture in a folder.

[bold]nst stylize cat sandstone --also mosaic:0.5[/bold] mixes two styles.

[bold]nst stylize coffee brush --method dual[/bold] keeps more of the scene's edges.
"""
# What the library's ``stylize`` is given as it is.
OPTIONS = ("content_weight", "style_weight", "tv_weight", "optimizer", "init", "steps", "levels", "detail", "memory")

Content = Annotated[
    str, typer.Argument(metavar="CONTENT", help="Its scene is kept: a file, a name like cat, or a folder.")
]
Style = Annotated[str, typer.Argument(metavar="STYLE", help="Its texture is taken: a file, or sandstone.")]
Output = Annotated[
    Path | None,
    option("FILE", "Where to write it; a folder for a folder.", "--output", "-o", show_default="CONTENT_STYLE.png"),
]
Quality = Annotated[str, option("NAME", "draft, normal or best: sets size and steps.")]
Method = Annotated[str, option("NAME", "What is asked for: classic, dual, lapstyle or luminance.")]
Size = Annotated[int | None, option("N", "Longer side of the result in pixels.", show_default="256")]
Steps = Annotated[int | None, option("N", "How many updates of the pixels.", show_default="100")]
Also = Annotated[list[str] | None, option("STYLE:X", "One more style, and its weight (the first one's is 1).")]
Mask = Annotated[list[Path] | None, option("FILE", "Where a style goes: white. One for each style, in order.")]
Colors = Annotated[str, option("NAME", "style, or the content's: luminance, covariance or histogram.")]
Levels = Annotated[int | None, option("N", "Sizes from coarse to fine.", show_default="by size and init")]
Detail = Annotated[bool, flag("Finer sizes begin with the content's own detail.", "--detail/--no-detail")]
Memory = Annotated[float | None, option("GB", "What it may take.", show_default="4, or what it needs")]
Animation = Annotated[Path | None, option("FILE", "Write the run too: a .gif or .mp4.", "--animation", "--gif")]
SaveEvery = Annotated[tuple[int, Path] | None, option("K DIR", "Save every K-th image to the folder DIR.")]


def stylize(
    content: Content,
    style: Style,
    output: Output = None,
    quality: Quality = "normal",
    method: Method = defaults.METHODS[0],
    size: Size = None,
    steps: Steps = None,
    content_weight: Annotated[float, option("X", "How much the scene counts.")] = defaults.CONTENT_WEIGHT,
    style_weight: StyleWeight = defaults.STYLE_WEIGHT,
    tv_weight: Annotated[float, option("X", "How much to smooth.")] = defaults.TV_WEIGHT,
    style_scale: Annotated[float, option("X", "Below 1: finer texture.")] = 1.0,
    also: Also = None,
    mask: Mask = None,
    colors: Colors = defaults.COLORS[0],
    optimizer: Annotated[str, option("NAME", "lbfgs, adam or gd.")] = defaults.OPTIMIZERS[0],
    init: Init = defaults.INITS[0],
    levels: Levels = None,
    detail: Detail = True,
    memory: Memory = None,
    network: NetworkName = defaults.NETWORKS[0],
    pooling: Annotated[str, option("NAME", "max or average.")] = defaults.POOLINGS[0],
    seed: Annotated[int, option("N", "Of the noise. Same seed, same pixels.")] = 0,
    animation: Animation = None,
    save_every: SaveEvery = None,
    resume: Annotated[bool, flag("Go on where the same command was stopped.", "--resume")] = False,
) -> None:
    """Paint the scene of CONTENT with the texture of STYLE.

    Ctrl-C stops early and keeps the best image so far; the same command with
    --resume goes on. So it does after a crash: from the first step on, a checkpoint
    is kept beside the output, and a .partial picture to watch.
    """
    given = SimpleNamespace(**locals())
    with one_line_errors(exit_code=2):
        _check(given)
        contents = find_contents(content)
        job = _job(given, contents[0])
        trunk = Network(network, pooling)
        if os.path.isdir(content):
            batch = _batch(given, job, contents)
        else:
            job.check()
    if os.path.isdir(content):
        make_many(batch, trunk)
    else:
        make(job, trunk)


def _check(given: SimpleNamespace) -> None:
    """Check what would else be found only after a network was downloaded."""
    choice("quality", given.quality, defaults.QUALITIES)
    choice("network", given.network, defaults.NETWORKS)
    choice("pooling", given.pooling, defaults.POOLINGS)
    choice("optimizer", given.optimizer, defaults.OPTIMIZERS)
    choice("init", given.init, defaults.INITS)
    size, steps = defaults.QUALITIES[given.quality]
    given.size = size if given.size is None else given.size
    given.steps = steps if given.steps is None else given.steps
    check_seed(given.seed)
    whole_number("--size", given.size, 1, MOST)
    whole_number("--steps", given.steps, 1, MOST)
    whole_number("--levels", 1 if given.levels is None else given.levels, 1, MOST)
    finite_number("--memory", 1 if given.memory is None else given.memory, above=True)
    weights = [
        finite_number(f"--{name}-weight", getattr(given, f"{name}_weight")) for name in ("content", "style", "tv")
    ]
    if not any(weights):
        raise ChoiceError("--content-weight, --style-weight and --tv-weight are all 0: there is nothing to lower.")
    if given.save_every is not None and given.save_every[0] < 1:
        every, folder = given.save_every
        raise ChoiceError(f"--save-every needs a whole number of at least 1 and a folder, got {every} {folder}.")


def _job(given: SimpleNamespace, content: Path) -> Job:
    """Return the one job, or what the jobs of a folder have in common."""
    from nstlib.apps.painting.job import Job

    styles = ((find_picture(given.style), 1.0), *(weighted(each) for each in given.also or ()))
    name = Path(f"{content.stem}_{styles[0][0].stem}.png")
    return Job(
        content=content,
        styles=styles,
        output=name if given.output is None else given.output,
        size=given.size,
        method=given.method,
        masks=tuple(given.mask or ()),
        style_scale=given.style_scale,
        colors=given.colors,
        animation=given.animation,
        frames=given.save_every,
        resume=given.resume,
        seed=given.seed,
        options={name: getattr(given, name) for name in OPTIONS},
    )


def _batch(given: SimpleNamespace, job: Job, contents: list[Path]) -> Batch:
    """Return a job for each picture in the folder CONTENT, checked."""
    from nstlib.apps.painting.batch import make_batch, results_folder, without_results

    if given.animation or given.save_every or given.mask:
        raise ChoiceError("--animation, --save-every and --mask are for one picture; CONTENT is a folder.")
    folder = results_folder(Path(given.content), job.styles[0][0], given.output)
    own = without_results(contents, folder)
    tell_left_out([path.name for path in contents if path not in own], "made by nst")
    return make_batch(job, own, folder)
