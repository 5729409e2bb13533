"""The command ``nst``: style transfer from the shell, and the networks' weights.

Only what the help needs is imported up here. torch takes seconds, so each command imports it itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nstlib import __version__
from nstlib.errors import ChoiceError, DivergenceError, ImageError, LayerError, ShapeError, WeightsError, choice

if TYPE_CHECKING:
    from torch import Tensor

    from nstlib.transfer import Step

GIF_FRAMES = 60  # at most about so many; a GIF of every step would be slow and large
GIF_SIZE = 320
INTERRUPTED = 130  # what shells report after Ctrl-C
TRAINED = "vgg16, vgg19, vgg19-torchvision"

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


@dataclass
class Recorder:
    """Watches a run: keeps the best image so far, and saves what was asked for along the way.

    Attributes:
        save_every: steps between two images in ``folder``; 0 saves none.
        gif_every: steps between two frames; 0 keeps none.
    """

    save_every: int
    folder: Path | None
    gif_every: int
    last: Step | None = None
    best: Step | None = None
    frames: list[Tensor] = field(default_factory=list)

    def see(self, step: Step) -> None:
        from nstlib.images import save_image

        self.last = step
        if self.best is None or step.total < self.best.total:
            self.best = step
        if self.gif_every and step.index % self.gif_every == 0:
            self.frames.append(_small(step.image))
        if self.save_every and self.folder is not None and step.index % self.save_every == 0:
            save_image(step.image, self.folder / f"step_{step.index:05d}.png")


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

[bold]nst stylize cat mosaic -o out.png --gif progress.gif --save-every 10 frames[/bold]
"""
)
def stylize(
    content: Annotated[str, typer.Argument(metavar="CONTENT", help="Its scene is kept: a file, or a name like cat.")],
    style: Annotated[str, typer.Argument(metavar="STYLE", help="Its texture is taken: a file, or sandstone.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it.", show_default="CONTENT_STYLE.png"),
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Longer side of the result in pixels.")] = 256,
    steps: Annotated[int, typer.Option(metavar="N", help="How many updates of the pixels.")] = 100,
    content_weight: Annotated[float, typer.Option(metavar="X", help="How much the scene counts.")] = 1.0,
    style_weight: Annotated[float, typer.Option(metavar="X", help="How much the texture counts.")] = 10.0,
    tv_weight: Annotated[float, typer.Option(metavar="X", help="How much to smooth.")] = 1.0,
    optimizer: Annotated[str, typer.Option(metavar="NAME", help="lbfgs, adam or gd.")] = "lbfgs",
    init: Annotated[str, typer.Option(metavar="NAME", help="Start from content, noise or mixed.")] = "content",
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    pooling: Annotated[str, typer.Option(metavar="NAME", help="max or average.")] = "max",
    seed: Annotated[int, typer.Option(metavar="N", help="Of the noise. Same seed, same pixels.")] = 0,
    gif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an animation of the run, a .gif.")] = None,
    save_every: Annotated[
        tuple[int, Path] | None, typer.Option(metavar="K DIR", help="Save every K-th image to the folder DIR.")
    ] = None,
) -> None:
    """Paint the scene of CONTENT with the texture of STYLE.

    Ctrl-C stops early and keeps the best image so far.
    """
    recorder = Recorder(0, None, 0)
    try:
        with _one_line_errors(exit_code=2):
            paths = [_find_picture(content), _find_picture(style)]
            output = _check_output(output, gif, *paths)
            every, folder = (0, None) if save_every is None else _check_save_every(*save_every)
            recorder = Recorder(every, folder, 0 if gif is None else max(1, steps // GIF_FRAMES))
            _check_choices(steps, seed, optimizer, init, network, pooling)
            from torch import Generator

            from nstlib import transfer
            from nstlib.features import load_network
            from nstlib.images import load_image

            canvas, texture = (load_image(path, size=size) for path in paths)
            run = transfer.stylize(
                canvas,
                texture,
                load_network(network, pooling=pooling),
                content_weight=content_weight,
                style_weight=style_weight,
                tv_weight=tv_weight,
                optimizer=optimizer,
                init=init,
                steps=steps,
                generator=Generator().manual_seed(seed),
            )
        typer.echo(f"{canvas.shape[3]} x {canvas.shape[2]} px, {steps} steps of {optimizer}, network {network}.")
        took = _watch(run, steps, recorder)
    except KeyboardInterrupt:
        _give_up(recorder, recorder.best, output, gif, "Stopped.", INTERRUPTED)
    except DivergenceError as error:
        _give_up(recorder, recorder.last, output, gif, _one_line(error), 1)
    except ImageError as error:  # an image on the way could not be saved
        _give_up(recorder, recorder.best, output, gif, _one_line(error), 1)
    with _one_line_errors(exit_code=1):
        _write(recorder, recorder.last, output, gif)
    typer.echo(f"Wrote {output} after {steps} steps in {_duration(took)}.")


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


def _check_choices(steps: int, seed: int, optimizer: str, init: str, network: str, pooling: str) -> None:
    """Check what would else be found only after a network was downloaded."""
    from nstlib import features, transfer

    choice("network", network, features.NETWORKS)
    choice("pooling", pooling, features.POOLINGS)
    choice("optimizer", optimizer, transfer.OPTIMIZERS)
    choice("init", init, transfer.INITS)
    if steps < 1:
        raise ChoiceError(f"--steps must be at least 1, got {steps}. 100 is a good start.")
    if not 0 <= seed < 2**63:
        raise ChoiceError(f"--seed must be a whole number from 0 to 2**63 - 1, got {seed}.")


def _watch(run: Iterator[Step], steps: int, recorder: Recorder) -> float:
    """Follow a run to its end with a progress bar, and return how many seconds it took."""
    from tqdm import tqdm

    begin = time.perf_counter()
    with tqdm(total=steps, unit="step", dynamic_ncols=True) as bar:
        for step in run:
            recorder.see(step)
            bar.set_postfix(content=f"{step.content:.4f}", style=f"{step.style:.4f}", refresh=False)
            bar.update(step.index - bar.n)
            if step.index == 0:
                warm = time.perf_counter()  # the first step also warms up the machine: it would spoil the estimate
            elif step.index == min(3, steps - 1):
                left = (time.perf_counter() - warm) / step.index * (steps - step.index)
                bar.write(f"About {_duration(left)} to go. Ctrl-C stops early and keeps the best image so far.")
    return time.perf_counter() - begin


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _give_up(
    recorder: Recorder, step: Step | None, output: Path | None, gif: Path | None, why: str, exit_code: int
) -> NoReturn:
    """Write the image of ``step`` if there is one, say so, and end the command."""
    if step is None or output is None:
        typer.echo(f"nst: {why} Nothing was written.", err=True)
    else:
        with _one_line_errors(exit_code=1):
            _write(recorder, step, output, gif)
        best = "best" if step is recorder.best else "last"
        typer.echo(f"nst: {why} Wrote the {best} image so far, of step {step.index}, to {output}.", err=True)
    raise typer.Exit(exit_code)


def _write(recorder: Recorder, step: Step, output: Path, gif: Path | None) -> None:
    from nstlib.images import save_gif, save_image

    save_image(step.image, output)
    if gif is not None:
        save_gif([*recorder.frames, _small(step.image)], gif)


def _small(image: Tensor) -> Tensor:
    from nstlib.images import resize

    return resize(image, GIF_SIZE) if max(image.shape[2:]) > GIF_SIZE else image


def _find_picture(name: str) -> Path:
    """Return a path as it is; anything without an extension or folder is the name of one of the course's pictures."""
    from nstlib.images import picture

    path = Path(name)
    return path if path.exists() or path.suffix or len(path.parts) > 1 else picture(name)


def _check_output(output: Path | None, gif: Path | None, content: Path, style: Path) -> Path:
    from nstlib.images import check_writable

    if output is None:
        output = Path(f"{content.stem}_{style.stem}.png")
    check_writable(output)
    if gif is not None:
        check_writable(gif, extensions=(".gif",))
    for source in (content, style):
        if output.exists() and source.exists() and output.samefile(source):
            raise ImageError(f"{output} is one of the pictures to start from. Choose another name for the result.")
    return output


def _check_save_every(every: int, folder: Path) -> tuple[int, Path]:
    from nstlib.images import check_writable

    if every < 1:
        raise ChoiceError(f"--save-every needs a whole number of at least 1 and a folder, got {every} {folder}.")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ImageError(f"The folder {folder} cannot be made: {error.strerror}. Choose another one.") from error
    check_writable(folder / "step_00000.png")
    return every, folder


@contextmanager
def _one_line_errors(*, exit_code: int) -> Iterator[None]:
    try:
        yield
    except (ChoiceError, ImageError, LayerError, ShapeError, WeightsError) as error:
        typer.echo(f"nst: {_one_line(error)}", err=True)
        raise typer.Exit(exit_code) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
