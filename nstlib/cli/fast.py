"""``nst fast``: a style in one pass, once a network has learned it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nstlib.cli.console import (
    STOPPED,
    duration,
    gigabytes,
    lacking,
    note,
    one_line,
    one_line_errors,
    say,
    warn,
    warn_of_older,
)
from nstlib.cli.inputs import MOST, check_device, check_seed, find_contents, find_picture, weighted_name
from nstlib.cli.options import Device, NetworkName, flag, option
from nstlib.defaults import NETWORKS
from nstlib.errors import (
    ChoiceError,
    DivergenceError,
    ImageError,
    ResumeError,
    ShapeError,
    choice,
    finite_number,
    whole_number,
)

if TYPE_CHECKING:
    from nstlib.apps.fast.applying import Painter, Piece
    from nstlib.apps.fast.learning import Learner, Lesson
    from nstlib.apps.fast.steady import Flicker

app = typer.Typer(help="Paint in one pass: pictures, folders, films.", no_args_is_help=True)

APPLY = """Examples:

[bold]nst fast apply cat mosaic[/bold] takes the course's cat and network, and writes cat_mosaic.png.

[bold]nst fast apply photo.jpg brush --also woodcut:0.5 -o out.png --size 1024[/bold]

[bold]nst fast apply holidays/ mosaic -o painted/[/bold] makes one of each picture and film in a folder.

[bold]nst fast apply film.mp4 wave --model wave.safetensors -o painted.mp4[/bold]
"""
TRAIN = """Examples:

[bold]nst fast train wave.png -o wave.safetensors[/bold] takes a few minutes.

[bold]nst fast apply photo.jpg wave --model wave.safetensors[/bold] is what it is for.

[bold]nst fast train wave.png fire.jpg -o two.safetensors --photos holidays/[/bold] learns two styles from your photos.
"""
REFUSALS = (ChoiceError, ImageError, ShapeError)

Content = Annotated[
    str, typer.Argument(metavar="CONTENT", help="What to paint: a picture, a film, a name like cat, or a folder.")
]
StyleName = Annotated[
    str | None,
    typer.Argument(
        metavar="STYLE", help="The network's name for it: mosaic. Of one with one style it may be left out."
    ),
]
Output = Annotated[
    Path | None,
    option(
        "FILE", "Where to write it; a folder for a folder.", "--output", "-o", show_default="CONTENT_STYLE.png or .mp4"
    ),
]
Also = Annotated[list[str] | None, option("STYLE:X", "One more style, and its weight (the first one's is 1).")]
Model = Annotated[Path | None, option("FILE", "A network by nst fast train.", show_default="the course's")]
Strength = Annotated[float, option("X", "From 0, the photo, to 1, the painting.")]
Size = Annotated[
    int | None, option("N", "Longer side in pixels. Strokes have one width: small is bold.", show_default="as it is")
]
Steady = Annotated[bool, flag("Hold a film's paint where it stands still.", "--steady/--no-steady")]

Styles = Annotated[
    list[str], typer.Argument(metavar="STYLE...", help="Pictures whose texture is learned: files or names.")
]
Network = Annotated[Path, option("FILE", "Where to write the network: a .safetensors.", "--output", "-o")]
Photos = Annotated[Path | None, option("DIR", "Photos to learn from.", show_default="the course's")]
Steps = Annotated[int | None, option("N", "How many.", show_default="200, and 300 for each style")]


@app.command("apply", epilog=APPLY)
def apply(
    content: Content,
    style: StyleName = None,
    output: Output = None,
    also: Also = None,
    model: Model = None,
    strength: Strength = 1.0,
    size: Size = None,
    steady: Steady = True,
) -> None:
    """Paint CONTENT in a STYLE that a network has learned, in one pass.

    Of a film the sound is kept, and the paint is held where it stands still.
    Ctrl-C ends a film early: it is whole up to there. In a folder, what is there
    already is left alone.
    """
    with one_line_errors(exit_code=2):
        finite_number("--strength", strength, most=1.0)
        whole_number("--size", 1 if size is None else size, 1, MOST)
        from nstlib.formats.video import FILMS

        if content.endswith(".safetensors"):
            raise ChoiceError(f"{content} is a network. Name what to paint, then a style:  nst fast apply photo.jpg STYLE "
                              f"--model {content}")  # fmt: skip
        contents = find_contents(content, more=FILMS)
        wanted = [weighted_name(each) for each in also or ()]
        from nstlib.apps.fast.applying import Painter, mixed, pieces_of
        from nstlib.one_pass import load_one_pass

        network, styles = load_one_pass(model)
        first = _only(styles, model) if style is None else style
        whose = "The course's network" if model is None else str(model)
        painter = Painter(network, mixed(styles, [(first, 1.0), *wanted], whose), strength, size)
        folder = Path(content) if os.path.isdir(content) else None
        pieces = pieces_of(contents, first, output, folder=folder)
        if folder is None:
            _check_memory(pieces[0], size)
    if folder is None:
        with one_line_errors(exit_code=1):
            _paint(pieces[0], painter, steady)
    else:
        _paint_all(pieces, painter, steady)


@app.command("train", epilog=TRAIN)
def train(
    styles: Styles,
    output: Network = Path("fast.safetensors"),
    photos: Photos = None,
    steps: Steps = None,
    size: Annotated[int, option("N", "Longer side of the styles in pixels: larger strokes.")] = 224,
    fresh: Annotated[bool, flag("Begin with random weights, not with the course's.", "--fresh")] = False,
    network: NetworkName = NETWORKS[0],
    seed: Annotated[int, option("N", "Of all that is drawn.")] = 0,
    device: Device = "cpu",
    resume: Annotated[bool, flag("Go on where the same command was stopped.", "--resume")] = False,
) -> None:
    """Train a network to paint in each STYLE, for nst fast apply.

    It learns from photos, the losses of nst stylize being its teacher; five of
    different scenes will do. A picture beside it shows what it has learned.
    Ctrl-C keeps the network so far; the same command with --resume goes on.
    """
    with one_line_errors(exit_code=2):
        check_seed(seed)
        whole_number("--steps", 1 if steps is None else steps, 1, MOST)
        whole_number("--size", size, 16, MOST)
        check_device(device)
        choice("network", network, NETWORKS)
        found = [find_picture(each) for each in styles]
        learned = () if photos is None else tuple(find_contents(str(photos)))
        from nstlib.apps.fast.learning import Learner, Lesson, default_steps, styles_by_name
        from nstlib.features import load_network
        from nstlib.formats.opening import loaded_size

        for path in (*found, *learned[:1]):
            loaded_size(path, size)
        count = default_steps(len(found)) if steps is None else steps
        lesson = Lesson(styles_by_name(found), output, learned, count, size, fresh, seed, device)
        lesson.check(resume=resume)
        learner = Learner(lesson, load_network(network), note)
        if resume:
            learner.resume()
        else:
            warn_of_older(lesson.checkpoint)
    _learn(lesson, learner)


def _only(styles: dict, model: Path | None) -> str:
    if len(styles) == 1:
        return next(iter(styles))
    whose = "The course's network" if model is None else model
    raise ChoiceError(f"{whose} has {len(styles)} styles. Name one: {', '.join(styles)}.")


def _check_memory(piece: Piece, size: int | None) -> None:
    """Refuse what cannot be painted; warn if memory may be short."""
    from nstlib.apps.fast.applying import memory_of

    if short := lacking(needed := memory_of(piece, size)):
        warn(f"{piece.source} {short} A smaller --size needs less.")
    if needed > 1e9:
        say(f"{piece.source.name}: up to {gigabytes(needed)} of memory.")


def _paint(piece: Piece, painter: Painter, steady: bool, *, in_folder: bool = False) -> None:
    begin = time.perf_counter()
    if piece.is_film:
        _paint_film(piece, painter, steady, in_folder=in_folder)
        return
    width, height = painter.paint_picture(piece)
    say(f"Wrote {piece.target}: {width} x {height} px in {time.perf_counter() - begin:.1f} s.")


def _paint_film(piece: Piece, painter: Painter, steady: bool, *, in_folder: bool) -> None:
    """Paint a film, to its end or to the frame after which it was asked to stop; in a folder to its end or not at all."""
    from tqdm import tqdm

    from nstlib.apps.painting.stopping import stoppable
    from nstlib.formats.video import film_facts

    facts, begin = film_facts(piece.source), time.perf_counter()
    sound = "no sound" if not facts.sounds else "sound"
    length = f"{facts.frames or 'some'} frames, {facts.seconds:.1f} s"
    say(f"{piece.source.name}: {facts.width} x {facts.height} px, {length}, {sound}.")
    try:
        with stoppable(note) as stop, tqdm(total=facts.frames or None, unit="frame", dynamic_ncols=True) as bar:

            def seen() -> bool:
                bar.update()
                if in_folder and stop.signal is not None:  # what is there counts as done
                    raise KeyboardInterrupt
                return stop.signal is not None

            frames, remark, flicker = painter.paint_film(piece, steady=steady, seen=seen)
    except KeyboardInterrupt:  # a second time: in the middle of a frame
        code = STOPPED[stop.signal or signal.SIGINT]
        if in_folder:
            _stop(code)
        warn("Stopped. Nothing was written.")
        raise typer.Exit(code) from None
    if remark:
        note(remark)
    if stop.signal is not None and frames < (facts.frames or frames + 1):
        warn(f"Stopped. Wrote {piece.target}: the film up to frame {frames}, with its sound.")
        raise typer.Exit(STOPPED[stop.signal])
    say(f"Wrote {piece.target}: {frames} frames in {duration(time.perf_counter() - begin)}.")
    say(_of_flicker(flicker, steady))


def _of_flicker(flicker: Flicker | None, steady: bool) -> str:
    if flicker is None:
        return "Hardly anything stands still in it: its paint is drawn anew with each frame."
    held = f"; not held it would be {flicker.painted:.1f}" if steady else ""
    return (
        f"Flicker: where it stands still, the paint changes by {flicker.held:.1f} of 255 levels from frame to frame{held}; "
        f"the film itself changes by {flicker.film:.1f}."
    )


def _paint_all(pieces: list[Piece], painter: Painter, steady: bool) -> None:
    """Paint one after the other; one that fails does not stop the rest."""
    from nstlib.apps.painting.stopping import stoppable

    failed = 0
    for number, piece in enumerate(pieces, 1):
        if piece.target.exists():
            say(f"{piece.target} is there already.")
            continue
        say(f"[{number}/{len(pieces)}] {piece.source.name}")
        try:
            with stoppable(note) as stop:
                _check_memory(piece, painter.size)
                _paint(piece, painter, steady, in_folder=True)
        except REFUSALS as error:
            warn(error)
            failed += 1
        except KeyboardInterrupt:
            _stop(STOPPED[signal.SIGINT])
        if stop.signal is not None:
            _stop(STOPPED[stop.signal])
    if failed:
        warn(f"{failed} of {len(pieces)} could not be painted; see above.")
        raise typer.Exit(1)


def _stop(exit_code: int) -> NoReturn:
    warn("Stopped. The same command goes on with what is not there yet.")
    raise typer.Exit(exit_code)


def _learn(lesson: Lesson, learner: Learner) -> None:
    """Follow a training to its end, or to the step after which it was asked to stop, and keep what was learned."""
    from tqdm import tqdm

    from nstlib.apps.painting.stopping import stoppable

    names = ", ".join(lesson.styles)
    say(f"{lesson.steps} steps, {len(lesson.styles)} style(s): {names}. {lesson.preview} shows what is learned.")
    begin, done = time.perf_counter(), learner.index
    bar = tqdm(total=lesson.steps, initial=done, unit="step", dynamic_ncols=True)
    try:
        with stoppable(note) as stop, bar:
            while learner.index < lesson.steps and stop.signal is None:
                record = learner.step()
                bar.set_postfix(content=f"{record.content:.2f}", style=f"{record.style:.3f}", refresh=False)
                bar.update()
                if learner.index == done + 8:
                    left = (time.perf_counter() - begin) / 8 * (lesson.steps - learner.index)
                    say(f"About {duration(left)} to go. Ctrl-C stops early and keeps the network so far.")
    except KeyboardInterrupt:  # a second time: in the middle of a step
        kept = f" {lesson.checkpoint} is kept: --resume goes on." if lesson.checkpoint.exists() else ""
        warn(f"Stopped.{kept}")
        raise typer.Exit(STOPPED[signal.SIGINT]) from None
    except DivergenceError as error:
        warn(one_line(error))
        raise typer.Exit(1) from error
    early = learner.index < lesson.steps
    with one_line_errors(exit_code=1):
        if early:
            _keep(learner)
        for name, (photo, painted) in learner.write().items():
            say(f"{name}: a photo is {photo:.2f} from the style, painted {painted:.2f}.")
    if early:
        warn(f"Stopped. Wrote the network after {learner.index} steps to {lesson.output}. The same command with --resume "
             "goes on.")  # fmt: skip
        raise typer.Exit(STOPPED[stop.signal])
    learner.discard()
    say(f"Wrote {lesson.output} after {lesson.steps} steps in {duration(time.perf_counter() - begin)}.")


def _keep(learner: Learner) -> None:
    try:
        learner.save()
    except (ImageError, ResumeError) as error:
        warn(f"It cannot be resumed: {one_line(error)}")
