"""``nst stylize``: paint the scene of one picture with the texture of another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nstlib.cli.console import one_line_errors
from nstlib.cli.inputs import TRAINED, check_seed, find_contents, find_picture, weighted
from nstlib.cli.making import check_fits, make, make_many
from nstlib.errors import ChoiceError, choice

# Longer side in pixels, and steps; what is given explicitly counts.
QUALITIES = {"draft": (192, 40), "normal": (256, 100), "best": (512, 250)}

EXAMPLES = """Examples:

[bold]nst stylize cat sandstone[/bold] takes two of the course's pictures and writes cat_sandstone.png.

[bold]nst stylize photo.jpg wave.png -o out.png --size 512 --steps 200[/bold]

[bold]nst stylize cat mosaic --colors luminance --animation progress.mp4[/bold]

[bold]nst stylize holidays/ wave.png -o painted/ --quality draft[/bold] makes one of each picture in a folder.

[bold]nst stylize cat sandstone --also mosaic:0.5[/bold] mixes two styles.

[bold]nst stylize coffee brush --method dual[/bold] keeps more of the scene's edges.
"""


def stylize(
    content: Annotated[
        str, typer.Argument(metavar="CONTENT", help="Its scene is kept: a file, a name like cat, or a folder.")
    ],
    style: Annotated[str, typer.Argument(metavar="STYLE", help="Its texture is taken: a file, or sandstone.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it; a folder for a folder.",
            show_default="CONTENT_STYLE.png",
        ),
    ] = None,
    quality: Annotated[
        str, typer.Option(metavar="NAME", help="draft, normal or best: sets size and steps.")
    ] = "normal",
    method: Annotated[
        str, typer.Option(metavar="NAME", help="What is asked for: classic, dual, lapstyle or luminance (chapter 12).")
    ] = "classic",
    size: Annotated[
        int | None, typer.Option(metavar="N", help="Longer side of the result in pixels.", show_default="256")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="How many updates of the pixels.", show_default="100")
    ] = None,
    content_weight: Annotated[float, typer.Option(metavar="X", help="How much the scene counts.")] = 1.0,
    style_weight: Annotated[float, typer.Option(metavar="X", help="How much the texture counts.")] = 10.0,
    tv_weight: Annotated[float, typer.Option(metavar="X", help="How much to smooth.")] = 1.0,
    style_scale: Annotated[float, typer.Option(metavar="X", help="Below 1: finer texture.")] = 1.0,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="STYLE:X", help="One more style, and its weight (the first one's is 1)."),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Where a style goes: white. One for each style, in order."),
    ] = None,
    colors: Annotated[
        str, typer.Option(metavar="NAME", help="style, or the content's: luminance, covariance or histogram.")
    ] = "style",
    optimizer: Annotated[str, typer.Option(metavar="NAME", help="lbfgs, adam or gd.")] = "lbfgs",
    init: Annotated[str, typer.Option(metavar="NAME", help="Start from content, noise or mixed.")] = "content",
    levels: Annotated[
        int | None, typer.Option(metavar="N", help="Sizes from coarse to fine.", show_default="by size and init")
    ] = None,
    detail: Annotated[
        bool, typer.Option("--detail/--no-detail", help="Finer sizes begin with the content's own detail.")
    ] = True,
    memory: Annotated[
        float | None, typer.Option(metavar="GB", help="What it may take.", show_default="4, or what it needs")
    ] = None,
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    pooling: Annotated[str, typer.Option(metavar="NAME", help="max or average.")] = "max",
    seed: Annotated[int, typer.Option(metavar="N", help="Of the noise. Same seed, same pixels.")] = 0,
    animation: Annotated[
        Path | None, typer.Option("--animation", "--gif", metavar="FILE", help="Write the run too: a .gif or .mp4.")
    ] = None,
    save_every: Annotated[
        tuple[int, Path] | None, typer.Option(metavar="K DIR", help="Save every K-th image to the folder DIR.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the same command was stopped.")] = False,
) -> None:
    """Paint the scene of CONTENT with the texture of STYLE.

    Ctrl-C stops early and keeps the best image so far; the same command with
    --resume goes on. So it does after a crash: long runs keep a checkpoint beside
    the output.
    """
    with one_line_errors(exit_code=2):
        _check_choices(quality, seed, optimizer, init, network, pooling)
        usual_size, usual_steps = QUALITIES[quality]
        steps = usual_steps if steps is None else steps
        if steps < 1:
            raise ChoiceError(f"--steps must be at least 1, got {steps}. 100 is a good start.")
        from nstlib.apps.jobs import Job

        contents = find_contents(content)
        styles = ((find_picture(style), 1.0), *(weighted(each) for each in also or ()))
        in_folder = Path(content).is_dir()
        if in_folder and (animation or save_every or mask):
            raise ChoiceError("--animation, --save-every and --mask are for one picture; CONTENT is a folder.")
        jobs = [
            Job(
                content=path,
                styles=styles,
                output=_output_for(path, styles[0][0], output, in_folder=in_folder),
                size=usual_size if size is None else size,
                method=method,
                masks=tuple(mask or ()),
                style_scale=style_scale,
                colors=colors,
                animation=animation,
                frames=save_every,
                resume=resume and not in_folder,
                seed=seed,
                options={
                    "content_weight": content_weight,
                    "style_weight": style_weight,
                    "tv_weight": tv_weight,
                    "optimizer": optimizer,
                    "init": init,
                    "steps": steps,
                    "levels": levels,
                    "detail": detail,
                    "memory": memory,
                },
            )
            for path in contents
        ]
        for job in jobs:
            job.check()
        from nstlib.features import Features, load_network

        if not in_folder:
            check_fits(jobs[0], Features(network, {}, pooling=pooling))
        trunk = load_network(network, pooling=pooling)
    if in_folder:
        make_many(jobs, trunk, resume=resume)
    else:
        make(jobs[0], trunk)


def _check_choices(quality: str, seed: int, optimizer: str, init: str, network: str, pooling: str) -> None:
    """Check what would else be found only after a network was downloaded."""
    from nstlib import features, transfer
    from nstlib.optimizers import OPTIMIZERS

    choice("quality", quality, QUALITIES)
    choice("network", network, features.NETWORKS)
    choice("pooling", pooling, features.POOLINGS)
    choice("optimizer", optimizer, OPTIMIZERS)
    choice("init", init, transfer.INITS)
    check_seed(seed)


def _output_for(content: Path, style: Path, output: Path | None, *, in_folder: bool) -> Path:
    name = Path(f"{content.stem}_{style.stem}.png")
    if not in_folder:
        return name if output is None else output
    from nstlib.formats.files import make_folder

    return make_folder(Path(f"{content.parent.name}_{style.stem}") if output is None else output) / name
