"""Keeps what a run has reached: checkpoints, images on the way, the result; a full disk does not end the run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from torch import Tensor

from nstlib import transfer
from nstlib.apps.checkpoint import ANEW, checkpoint_path, load_checkpoint, preview_path, save_checkpoint
from nstlib.apps.pace import Pace
from nstlib.apps.painting.job import Job
from nstlib.engine.run import Run
from nstlib.errors import ImageError, ResumeError
from nstlib.formats.animation import save_animation
from nstlib.formats.masks import load_alpha
from nstlib.images import resize, save_image

FRAMES = 60  # at most about so many in an animation; one of every step would be slow and large
FRAME_SIZE = 320


class Keeper:
    """Keeps what a run has reached.

    Attributes:
        last: the last step seen. best: the best one at the largest size so far.
        failed: whether an image that was asked for could not be saved on the way.
    """

    def __init__(self, job: Job, run: Run, warn: Callable[[str], None]):
        self._job, self._run, self._warn = job, run, warn
        self.last: transfer.Step | None = None
        self.best: transfer.Step | None = None
        self.failed = False
        self._frames: list[Tensor] = []
        self._alpha = load_alpha(job.content, size=job.size)
        self._frame_every = 0 if job.animation is None else max(1, run.steps // FRAMES)
        self._pace = Pace(older=self.checkpoint.exists())
        self._warned = False

    @property
    def checkpoint(self) -> Path:
        """The file that a resumed run goes on from."""
        return checkpoint_path(self._job.output)

    @property
    def preview(self) -> Path:
        """The picture as it was at the last checkpoint."""
        return preview_path(self._job.output)

    def resume(self) -> int:
        """Let the run go on from the checkpoint, and return after how many steps it does."""
        extra = load_checkpoint(self._run, self.checkpoint)
        try:
            self._frames = [frame.float() / 255 for frame in extra["frames"]]
        except (AttributeError, KeyError, TypeError) as error:
            raise ResumeError(f"{self.checkpoint} holds no frames of an animation. {ANEW}") from error
        return self._run.index

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
        if self._pace.is_due:
            try:
                with self._pace.keeping():
                    self.save()
            except (ImageError, ResumeError) as error:
                self._warn_once(error)

    def save(self) -> None:
        """Write the checkpoint and, beside it, the picture as it is."""
        frames = [frame.mul(255).round().byte() for frame in self._frames]
        save_checkpoint(self._run, self.checkpoint, {"frames": frames})
        if self.best is not None:
            self.write(self.best, self.preview)

    def write(self, step: transfer.Step, path: Path) -> None:
        """Write a step's image with the content's transparency, if the format has any."""
        save_image(step.image, path, alpha=self._alpha)

    def write_result(self, step: transfer.Step) -> Path:
        """Write the picture and the animation, and return where it is: if the disk is full, elsewhere.

        Raises:
            ImageError: if the picture can be written nowhere; what the last checkpoint left stays.
        """
        job = self._job
        kept = f"{self.checkpoint} is kept: make room, and --resume goes on." if self.checkpoint.exists() else ""
        path = write_somewhere(partial(self.write, step), job.output, warn=self._warn, otherwise=kept)
        if job.animation is not None:
            try:
                save_animation([*self._frames, _small(step.image)], job.animation)
            except ImageError as error:
                self.failed = True
                self._warn(f"{error} The picture is in {path}.")
        return path

    def discard(self) -> None:
        """Remove the checkpoint and its picture: the result is there."""
        for path in (self.preview, self.checkpoint):  # while this is there, that is known to be ours
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _warn_once(self, error: Exception) -> None:
        if not self._warned:
            self._warn(f"{error} The run goes on.")
        self._warned = True


def write_somewhere(
    write: Callable[[Path], None], path: Path, *, warn: Callable[[str], None], otherwise: str = ""
) -> Path:
    """Write a picture that took a while, and return where it is: if not at ``path``, in a new temporary folder.

    Args:
        write: writes it. path: where it belongs. warn: is told where it is instead.
        otherwise: what remains if it can be written nowhere.

    Raises:
        ImageError: if it can be written nowhere.
    """
    try:
        write(path)
        return path
    except ImageError as error:
        why = error
    lost = ImageError(f"{why} Nor can it be written among the temporary files. {otherwise}".rstrip())
    try:
        elsewhere = Path(tempfile.mkdtemp(prefix="nst-")) / path.name
    except OSError:
        raise lost from why
    try:
        write(elsewhere)
    except ImageError:
        elsewhere.parent.rmdir()
        raise lost from why
    warn(f"{why} The picture is in {elsewhere} instead.")
    return elsewhere


def _small(image: Tensor) -> Tensor:
    return resize(image, FRAME_SIZE) if max(image.shape[2:]) > FRAME_SIZE else image
