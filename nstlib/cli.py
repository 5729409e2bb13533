"""The command ``nst``: style transfer from the shell, and the networks' weights.

Only what the help needs is imported up here. torch takes seconds, so each command imports it itself.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nstlib import __version__
from nstlib.errors import (
    ChoiceError,
    DivergenceError,
    ImageError,
    LayerError,
    ResumeError,
    ShapeError,
    WeightsError,
    choice,
)

if TYPE_CHECKING:
    from torch import Tensor

    from nstlib.features import Features
    from nstlib.jobs import Job, Keeper, Stop
    from nstlib.transfer import Run, Step
    from nstlib.visualization import Step as Dreamt

STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}  # what shells report
TRAINED = "vgg16, vgg19, vgg19-torchvision"
# Longer side in pixels, and steps; what is given explicitly counts.
QUALITIES = {"draft": (192, 40), "normal": (256, 100), "best": (512, 250)}

app = typer.Typer(
    help="Neural style transfer: paint the scene of one picture with the texture of another.",
    epilog="Start with: nst stylize cat sandstone",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
weights_app = typer.Typer(help="See, fetch and verify the trained networks.", no_args_is_help=True)
app.add_typer(weights_app, name="weights")


def main() -> None:
    """Run the command with the arguments of the process."""
    app(prog_name="nst")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nst {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(
    epilog="""Examples:

[bold]nst stylize cat sandstone[/bold] takes two of the course's pictures and writes cat_sandstone.png.

[bold]nst stylize photo.jpg wave.png -o out.png --size 512 --steps 200[/bold]

[bold]nst stylize cat mosaic --colors luminance --animation progress.mp4[/bold]

[bold]nst stylize holidays/ wave.png -o painted/ --quality draft[/bold] makes one of each picture in a folder.

[bold]nst stylize cat sandstone --also mosaic:0.5[/bold] mixes two styles.
"""
)
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
    with _one_line_errors(exit_code=2):
        _check_choices(quality, seed, optimizer, init, network, pooling)
        usual_size, usual_steps = QUALITIES[quality]
        steps = usual_steps if steps is None else steps
        if steps < 1:
            raise ChoiceError(f"--steps must be at least 1, got {steps}. 100 is a good start.")
        from nstlib.jobs import Job

        contents = _find_contents(content)
        styles = ((_find_picture(style), 1.0), *(_weighted(each) for each in also or ()))
        in_folder = Path(content).is_dir()
        if in_folder and (animation or save_every or mask):
            raise ChoiceError("--animation, --save-every and --mask are for one picture; CONTENT is a folder.")
        jobs = [
            Job(
                content=path,
                styles=styles,
                output=_output_for(path, styles[0][0], output, in_folder=in_folder),
                size=usual_size if size is None else size,
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
                    "memory": memory,
                },
            )
            for path in contents
        ]
        for job in jobs:
            job.check()
        from nstlib.features import load_network

        trunk = load_network(network, pooling=pooling)
    if in_folder:
        _make_many(jobs, trunk, resume=resume)
    else:
        _make(jobs[0], trunk)


@app.command(
    name="dream",
    epilog="""Examples:

[bold]nst dream cat[/bold] takes one of the course's pictures and writes cat_dream.png.

[bold]nst dream photo.jpg -o out.png --layer relu5_1 --octaves 5 --size 384[/bold]

[bold]nst dream china --guide flower[/bold] dreams of what is in another picture.
""",
)
def dream_(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="Where it starts: a file, or a name like cat.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it.", show_default="PHOTO_dream.png"),
    ] = None,
    layer: Annotated[str, typer.Option(metavar="NAME", help="Whose activations grow.")] = "relu4_3",
    octaves: Annotated[int, typer.Option(metavar="N", help="How many sizes, each 1.4 times the one before.")] = 4,
    iterations: Annotated[int, typer.Option(metavar="N", help="How many steps at each size.")] = 10,
    guide: Annotated[
        str | None, typer.Option(metavar="PICTURE", help="Dream of what is in this one.", show_default="free")
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Longer side of the result in pixels.")] = 256,
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    seed: Annotated[int, typer.Option(metavar="N", help="Of the shifts. Same seed, same pixels.")] = 0,
) -> None:
    """Let a network dream: whatever a layer sees in PHOTO gets stronger.

    Ctrl-C stops early and keeps the image so far.
    """
    with _one_line_errors(exit_code=2):
        source, target = _find_picture(photo), output
        target = Path(f"{source.stem}_dream.png") if target is None else target
        guide_path = None if guide is None else _find_picture(guide)
        _check_dream(source, guide_path, target, layer, network, seed)
        import torch

        from nstlib.dream import dream
        from nstlib.features import load_network
        from nstlib.images import load_alpha, load_image

        image = load_image(source, size=size)
        steps = dream(
            image,
            load_network(network),
            layer,
            guide=None if guide_path is None else load_image(guide_path, size=size),
            octaves=octaves,
            iterations=iterations,
            generator=torch.Generator().manual_seed(seed),
        )
        alpha = load_alpha(source, size=size)
    height, width = image.shape[2:]
    typer.echo(f"{width} x {height} px, {octaves} octaves of {iterations} steps, {layer} of {network}.")
    _dream(steps, octaves * iterations, (height, width), target, alpha)


def _check_dream(photo: Path, guide: Path | None, target: Path, layer: str, network: str, seed: int) -> None:
    """Check what would else be found only after a network was downloaded."""
    from nstlib.features import NETWORKS, canonical_name, layer_names
    from nstlib.images import check_writable

    blocks = NETWORKS[choice("network", network, NETWORKS)].blocks
    canonical_name(layer, tuple(layer_names(blocks)), network=network)
    _check_seed(seed)
    check_writable(target)
    for source in (photo, guide):
        if source is not None and target.exists() and source.exists() and target.samefile(source):
            raise ImageError(f"{target} is one of the pictures to start from. Choose another name for the result.")


def _dream(steps: Iterator[Dreamt], total: int, size: tuple[int, int], target: Path, alpha: Tensor | None) -> None:
    """Follow a dream to its end, or to the step after which it was asked to stop, and write its last image."""
    from tqdm import tqdm

    from nstlib.images import resize_to, save_image
    from nstlib.jobs import stoppable

    begin = time.perf_counter()
    with stoppable(_note) as stop, tqdm(total=total, unit="step", dynamic_ncols=True) as bar:
        for step in steps:
            bar.set_postfix(octave=step.octave + 1, activity=f"{step.value:.3g}", refresh=False)
            bar.update(step.index - bar.n)
            if stop.signal is not None:
                break
    with _one_line_errors(exit_code=1):
        path = save_image(resize_to(step.image, size), target, alpha=alpha)
    if step.index < total:
        _warn(f"Stopped. Wrote the image so far, of step {step.index}, to {path}.")
        raise typer.Exit(STOPPED[stop.signal])
    typer.echo(f"Wrote {path} after {total} steps in {_duration(time.perf_counter() - begin)}.")


@weights_app.command("list")
def list_weights() -> None:
    """Say which networks' weights are here, and where."""
    from nstlib.weights import SOURCES, status

    with _one_line_errors(exit_code=1):
        for found in status():
            typer.echo(f"{found.name:18} {found.state:8} {SOURCES[found.name].size:4} MB  {found.path}")


@weights_app.command("fetch")
def fetch_weights(name: Annotated[str, typer.Argument(metavar="NAME", help=f"{TRAINED}.")] = "vgg16") -> None:
    """Download a network's weights, unless they are here already."""
    from nstlib.weights import fetch

    with _one_line_errors(exit_code=1):
        typer.echo(f"{name}: ready, {fetch(name)}")


@weights_app.command("verify")
def verify_weights(name: Annotated[str, typer.Argument(metavar="NAME", help=f"{TRAINED}.")] = "vgg16") -> None:
    """Compare a network's weights with their published SHA-256."""
    from nstlib.weights import verify

    with _one_line_errors(exit_code=1):
        typer.echo(f"{name}: unaltered, {verify(name)}")


def _check_choices(quality: str, seed: int, optimizer: str, init: str, network: str, pooling: str) -> None:
    """Check what would else be found only after a network was downloaded."""
    from nstlib import features, transfer
    from nstlib.optimizers import OPTIMIZERS

    choice("quality", quality, QUALITIES)
    choice("network", network, features.NETWORKS)
    choice("pooling", pooling, features.POOLINGS)
    choice("optimizer", optimizer, OPTIMIZERS)
    choice("init", init, transfer.INITS)
    _check_seed(seed)


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise ChoiceError(f"--seed must be a whole number from 0 to 2**63 - 1, got {seed}.")


def _make_many(jobs: list[Job], network: Features, *, resume: bool) -> None:
    """Make one picture after the other; what is there already is left alone, and one that fails does not stop the rest."""
    from nstlib.checkpoint import checkpoint_path

    failed = 0
    for number, job in enumerate(jobs, 1):
        typer.echo(f"[{number}/{len(jobs)}] {job.content.name}")
        if job.output.exists():
            typer.echo(f"{job.output} is there already.")
            continue
        try:
            _make(replace(job, resume=resume and checkpoint_path(job.output).exists()), network)
        except typer.Exit as end:
            if end.exit_code in STOPPED.values():
                raise
            failed += 1
    if failed:
        _warn(f"{failed} of {len(jobs)} pictures could not be made; see above.")
        raise typer.Exit(1)


def _make(job: Job, network: Features) -> None:
    """Run a job from its files to its result; whatever happens on the way, nothing that was reached is lost."""
    from nstlib.jobs import Keeper, prepare, stoppable

    with _one_line_errors(exit_code=2):
        work = prepare(job, network)
        keeper = Keeper(job, work, warn=_warn)
        done = keeper.resume() if job.resume else 0
    typer.echo(_describe(job, work.run, network.name))
    try:
        with stoppable(_note) as stop:
            took = _watch(work.run, keeper, stop, done)
    except KeyboardInterrupt:  # a second time: in the middle of a step, so the last checkpoint must do
        _give_up(keeper, keeper.best, "Stopped.", STOPPED[signal.SIGINT])
    except DivergenceError as error:
        keeper.discard()
        _give_up(keeper, keeper.last, _one_line(error), 1)
    if stop.signal is not None and not work.run.finished:
        _pause(keeper, STOPPED[stop.signal])
    with _one_line_errors(exit_code=1):
        path = keeper.write_result(keeper.last)
    keeper.discard()
    typer.echo(f"Wrote {path} after {keeper.last.index} steps in {_duration(took)}.")
    if keeper.failed:
        raise typer.Exit(1)


def _describe(job: Job, run: Run, network: str) -> str:
    import psutil

    final, needed = run.levels[-1], run.plan.bytes / 1e9
    sizes = "" if len(run.levels) == 1 else f" at {len(run.levels)} sizes from {max(run.levels[0].size)} px"
    free = psutil.virtual_memory().available / 1e9
    if needed > free:
        _warn(f"This may need {needed:.1f} GB of memory, and {free:.1f} GB are free. A smaller --size needs less.")
    optimizer = job.options["optimizer"]
    return (
        f"{final.width} x {final.height} px, {run.steps} steps of {optimizer}{sizes}, network {network}; "
        f"up to {needed:.1f} GB of memory."
    )


def _watch(run: Run, keeper: Keeper, stop: Stop, done: int) -> float:
    """Follow a run to its end, or to the step after which it was asked to stop, and return how many seconds it took."""
    from tqdm import tqdm

    begin = warm = time.perf_counter()
    with tqdm(total=run.steps, initial=done, unit="step", dynamic_ncols=True) as bar:
        for step in run:
            keeper.see(step)
            bar.set_postfix(content=f"{step.content:.4f}", style=f"{step.style:.4f}", refresh=False)
            bar.update(step.index - bar.n)
            if stop.signal is not None:
                break
            if step.index == done:
                warm = time.perf_counter()  # the first step also warms up the machine: it would spoil the estimate
            elif step.index == done + 3 and len(run.levels) == 1:
                left = (time.perf_counter() - warm) / 3 * (run.steps - step.index)
                bar.write(f"About {_duration(left)} to go. Ctrl-C stops early and keeps the best image so far.")
    return time.perf_counter() - begin


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _pause(keeper: Keeper, exit_code: int) -> NoReturn:
    """Keep the run's state and its best image, and end the command."""
    try:
        keeper.save()
        then = " The same command with --resume goes on."
    except (ImageError, ResumeError) as error:
        then = f" It cannot be resumed: {_one_line(error)}"
    _give_up(keeper, keeper.best, "Stopped.", exit_code, then=then)


def _give_up(keeper: Keeper, step: Step | None, why: str, exit_code: int, *, then: str = "") -> NoReturn:
    """Write the image of ``step`` if there is one, say so, and end the command."""
    if step is None:
        _warn(f"{why} Nothing was written.")
    else:
        with _one_line_errors(exit_code=1):
            path = keeper.write_result(step)
        best = "best" if step is keeper.best else "last"
        _warn(f"{why} Wrote the {best} image so far, of step {step.index}, to {path}.{then}")
    raise typer.Exit(exit_code)


def _warn(message: Exception | str) -> None:
    _note(f"nst: {_one_line(message)}")


def _note(text: str) -> None:
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)  # above the progress bar, if there is one


def _find_contents(name: str) -> list[Path]:
    """Return the one picture of that name, or all pictures in the folder of that name."""
    from nstlib.images import WRITABLE

    folder = Path(name)
    if not folder.is_dir():
        return [_find_picture(name)]
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in WRITABLE and path.is_file())
    if not found:
        raise ImageError(f"The folder {folder} holds no pictures ({', '.join(WRITABLE)}).")
    return found


def _find_picture(name: str) -> Path:
    """Return a path as it is; anything without an extension or folder is the name of one of the course's pictures."""
    from nstlib.images import picture

    path = Path(name)
    return path if path.exists() or path.suffix or len(path.parts) > 1 else picture(name)


def _weighted(style: str) -> tuple[Path, float]:
    """Read ``mosaic:0.5``; without a number behind the last colon the weight is 1."""
    name, _, number = style.rpartition(":")
    try:
        weight = float(number)
    except ValueError:  # there is no colon, or it belongs to a path, as in C:\wave.png
        return _find_picture(style), 1.0
    return (_find_picture(name), weight) if name else (_find_picture(style), 1.0)


def _output_for(content: Path, style: Path, output: Path | None, *, in_folder: bool) -> Path:
    name = Path(f"{content.stem}_{style.stem}.png")
    if not in_folder:
        return name if output is None else output
    from nstlib.jobs import make_folder

    return make_folder(Path(f"{content.parent.name}_{style.stem}") if output is None else output) / name


@contextmanager
def _one_line_errors(*, exit_code: int) -> Iterator[None]:
    try:
        yield
    except (ChoiceError, ImageError, LayerError, ResumeError, ShapeError, WeightsError) as error:
        _warn(error)
        raise typer.Exit(exit_code) from error


def _one_line(error: Exception | str) -> str:
    return " ".join(str(error).split())


@app.command(
    epilog="""Examples:

[bold]nst explore[/bold] begins with the course's pictures; you can open others in the browser.

[bold]nst explore photo.jpg --network vgg19[/bold]
"""
)
def explore(
    image: Annotated[
        str | None, typer.Argument(metavar="IMAGE", help="What to look at first: a file, or a name like cat.")
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Longer side in pixels.")] = 160,
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    port: Annotated[int, typer.Option(metavar="N", help="Where to listen.", show_default="any free one")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser at once.")] = True,
) -> None:
    """See in the browser what each layer of a network makes of a picture. Ctrl-C ends it.

    Only this machine can reach it, and no picture leaves it.
    """
    with _one_line_errors(exit_code=2):
        path = None if image is None else _find_picture(image)
        from nstlib.widgets.serve import first_pictures, make_explorer_server, serve_until_stopped

        server = make_explorer_server(network, first_pictures(path, size), size=size, port=port)
    serve_until_stopped(server, say=typer.echo, open_browser=open_browser)
