"""From files to files: what ``nst stylize`` does besides the transfer itself, and how it never loses work.

A ``Job`` says which picture to make. While it runs, a ``Keeper`` puts the last image and a checkpoint on the disk again and
again; Ctrl-C and SIGTERM end it between two steps; a full disk does not end it.
"""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nstlib import colors, transfer
from nstlib.apps.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint
from nstlib.dual import METHODS, stylize_dual
from nstlib.errors import ChoiceError, ImageError, ResumeError, choice
from nstlib.features import Features
from nstlib.formats.animation import EXTENSIONS as ANIMATIONS
from nstlib.formats.animation import save_animation
from nstlib.formats.files import make_folder
from nstlib.images import check_writable, load_alpha, load_image, load_mask, resize, save_image

FRAMES = 60  # at most about so many in an animation; one of every step would be slow and large
FRAME_SIZE = 320
INTERVAL = 30.0  # seconds between two checkpoints; longer if writing them is slow
COLORS = ("style", "luminance", "covariance", "histogram")

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One picture to make.

    Attributes:
        content: the file whose scene is kept. output: the file to write.
        styles: files whose texture is taken, and their weights.
        method: one of ``METHODS``: what the loss is. All but "classic" go without masks and without tiles.
        masks: files that say where in the content each style goes; none, or one for each style.
        size: longer side of the result in pixels.
        style_scale: longer side of the styles over that of the result: smaller than 1 makes the texture finer.
        colors: one of ``COLORS``: whose colors the result has, and how.
        animation: a .gif or .mp4 to write too. frames: steps between two images to keep, and their folder.
        resume: go on from the checkpoint beside ``output``.
        seed: of the noise.
        options: for ``stylize``.
    """

    content: Path
    styles: tuple[tuple[Path, float], ...]
    output: Path
    size: int
    method: str = "classic"
    masks: tuple[Path, ...] = ()
    style_scale: float = 1.0
    colors: str = "style"
    animation: Path | None = None
    frames: tuple[int, Path] | None = None
    resume: bool = False
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise what would else be found only after a network was loaded, or at the end."""
        choice("colors", self.colors, COLORS)
        choice("method", self.method, METHODS)
        if self.masks and self.method != "classic":
            raise ChoiceError(
                f'Masks need the method "classic"; "{self.method}" asks for its styles everywhere. Leave the masks out, '
                "or choose that method."
            )
        if self.method == "luminance" and self.colors not in ("style", "luminance"):
            raise ChoiceError(
                f'The method "luminance" keeps the content\'s colors by itself, so colors "{self.colors}" would change '
                "nothing. Leave one of the two out."
            )
        if self.masks and len(self.masks) != len(self.styles):
            raise ChoiceError(
                f"There are {len(self.styles)} styles and {len(self.masks)} masks. Give one mask for each style, in the "
                "same order, or none."
            )
        if not 0.05 <= self.style_scale <= 10:
            raise ChoiceError(f"The scale of the style must be between 0.05 and 10, got {self.style_scale}.")
        check_writable(self.output)
        if self.animation is not None:
            check_writable(self.animation, extensions=ANIMATIONS)
        for source in (self.content, *(path for path, _ in self.styles), *self.masks):
            if self.output.exists() and source.exists() and self.output.samefile(source):
                raise ImageError(
                    f"{self.output} is one of the pictures to start from. Choose another name for the result."
                )
        if self.frames is not None:
            _check_frames(*self.frames)
        if self.resume and not checkpoint_path(self.output).exists():
            raise ResumeError(f"There is no checkpoint {checkpoint_path(self.output)} to go on from.")


@dataclass(frozen=True)
class Work:
    """A job made ready to run.

    Attributes:
        run: to loop over. alpha: the content's transparency.
    """

    run: transfer.Run
    alpha: Tensor | None


def prepare(job: Job, network: Features) -> Work:
    """Load a job's pictures, bring their colors in line, and set up the run.

    Raises:
        ImageError, ShapeError, ChoiceError: as ``load_image`` and ``stylize``.
    """
    content = load_image(job.content, size=job.size)
    pictures = [load_image(path, size=max(1, round(job.size * job.style_scale))) for path, _ in job.styles]
    masks = [load_mask(path, content) for path in job.masks] or [None] * len(pictures)
    canvas, options = content, dict(job.options)
    if job.colors == "luminance" and job.method != "luminance":
        canvases, pictures = zip(*(colors.luminance_pair(content, picture) for picture in pictures), strict=True)
        canvas = canvases[0]  # the content's own gray, the same beside every style
        options["finish"] = partial(colors.keep_colors, content=content)
    elif job.colors in ("covariance", "histogram"):
        match = {"covariance": colors.match_covariance, "histogram": colors.match_histogram}[job.colors]
        pictures = [match(picture, content) for picture in pictures]
    weights = [weight for _, weight in job.styles]
    styles = [transfer.Style(*each) for each in zip(pictures, weights, masks, strict=True)]
    generator = torch.Generator().manual_seed(job.seed)
    make = transfer.stylize if job.method == "classic" else partial(stylize_dual, method=job.method)
    run = make(canvas, styles, network, generator=generator, **options)
    return Work(run, load_alpha(job.content, size=job.size))


class Keeper:
    """Keeps what a run has reached.

    Attributes:
        last: the last step seen. best: the best one at the largest size so far.
        failed: whether an image that was asked for could not be saved on the way.
    """

    def __init__(self, job: Job, work: Work, warn: Warn):
        self._job, self._work, self._warn = job, work, warn
        self.last: transfer.Step | None = None
        self.best: transfer.Step | None = None
        self.failed = False
        self._frames: list[Tensor] = []
        self._frame_every = 0 if job.animation is None else max(1, work.run.steps // FRAMES)
        self._due = time.monotonic() + INTERVAL
        self._warned = False

    @property
    def checkpoint(self) -> Path:
        """The file that ``--resume`` goes on from."""
        return checkpoint_path(self._job.output)

    @property
    def preview(self) -> Path:
        """The picture as it was at the last checkpoint."""
        output = self._job.output
        return output.with_name(f"{output.stem}.partial{output.suffix}")

    def resume(self) -> int:
        """Let the run go on from the checkpoint, and return after how many steps it does."""
        extra = load_checkpoint(self._work.run, self.checkpoint)
        self._frames = [frame.float() / 255 for frame in extra["frames"]]
        return self._work.run.index

    def see(self, step: transfer.Step) -> None:
        """Take note of a step: keep the frames asked for, and from time to time a checkpoint."""
        self.last = step
        if self.best is None or (step.scale, -step.total) >= (self.best.scale, -self.best.total):
            self.best = step
        if self._frame_every and step.index % self._frame_every == 0:
            self._frames.append(_small(step.image))
        if self._job.frames is not None and step.index % self._job.frames[0] == 0:
            try:
                self.write(step, self._job.frames[1] / f"step_{step.index:05d}.png")
            except ImageError as error:
                self.failed = True
                self._warn_once(error)
        if time.monotonic() >= self._due:
            begin = time.monotonic()
            try:
                self.save()
            except (ImageError, ResumeError) as error:
                self._warn_once(error)
            self._due = time.monotonic() + max(INTERVAL, 20 * (time.monotonic() - begin))

    def save(self) -> None:
        """Write the checkpoint and, beside it, the picture as it is."""
        frames = [frame.mul(255).round().byte() for frame in self._frames]
        save_checkpoint(self._work.run, self.checkpoint, {"frames": frames})
        if self.best is not None:
            self.write(self.best, self.preview)

    def write(self, step: transfer.Step, path: Path) -> None:
        """Write a step's image with the content's transparency, if the format has any."""
        save_image(step.image, path, alpha=self._work.alpha)

    def write_result(self, step: transfer.Step) -> Path:
        """Write the picture and the animation, and return where it is: if the disk is full, elsewhere."""
        job = self._job
        try:
            self.write(step, job.output)
            path = job.output
        except ImageError as error:
            path = Path(tempfile.mkdtemp(prefix="nst-")) / job.output.name
            self.write(step, path)
            self._warn(f"{error} The picture is in {path} instead.")
        if job.animation is not None:
            save_animation([*self._frames, _small(step.image)], job.animation)
        return path

    def discard(self) -> None:
        """Remove the checkpoint and its picture: the result is there."""
        for path in (self.checkpoint, self.preview):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _warn_once(self, error: Exception) -> None:
        if not self._warned:
            self._warn(f"{error} The run goes on.")
        self._warned = True


class Stop:
    """What asked a run to end.

    Attributes:
        signal: the signal's number, or None.
    """

    signal: int | None = None


@contextmanager
def stoppable(note: Warn) -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM set ``.signal`` instead of ending the process; a second one raises KeyboardInterrupt.

    Only in the main thread, where Python handles signals; elsewhere nothing changes.
    """
    stop = Stop()

    def handle(number: int, _frame: object) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number
        note("Stopping after this step; once more stops at once.")

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _small(image: Tensor) -> Tensor:
    return resize(image, FRAME_SIZE) if max(image.shape[2:]) > FRAME_SIZE else image


def _check_frames(every: int, folder: Path) -> None:
    if every < 1:
        raise ChoiceError(f"--save-every needs a whole number of at least 1 and a folder, got {every} {folder}.")
    check_writable(make_folder(folder) / "step_00000.png")
