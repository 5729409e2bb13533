"""Which picture to make of which: a job is checked before anything is computed, then its pictures are read, then it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nstlib import colors, transfer
from nstlib.apps.checkpoint import checkpoint_path, is_checkpoint, preview_path
from nstlib.apps.outputs import Output, check_outputs, check_places, check_space, files_in
from nstlib.defaults import COLORS, METHODS, SMALLEST_SIZE
from nstlib.dual import stylize_dual
from nstlib.engine.run import Run
from nstlib.errors import ChoiceError, ResumeError, ShapeError, choice, whole_number
from nstlib.features import Features
from nstlib.formats.animation import EXTENSIONS as ANIMATIONS
from nstlib.formats.animation import check_animation
from nstlib.formats.encoding import is_marked
from nstlib.formats.files import make_folder
from nstlib.formats.masks import load_mask
from nstlib.formats.opening import loaded_size
from nstlib.formats.sizes import by
from nstlib.images import load_image

FRAME = re.compile(r"step_(\d{5,})\.png", re.IGNORECASE)
LARGER_STYLE = "a larger --size or --style-scale"
MATCHES = {"covariance": colors.match_covariance, "histogram": colors.match_histogram}


@dataclass(frozen=True)
class Job:
    """One picture to make.

    Attributes:
        content: the file whose scene is kept. output: the file to write.
        styles: files whose texture is taken, and their weights.
        method: one of ``METHODS``: what the loss is. All but "classic" go without tiles.
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

    @property
    def sources(self) -> list[Path]:
        """The pictures that it starts from."""
        return [self.content, *(path for path, _ in self.styles), *self.masks]

    def outputs(self) -> list[Output]:
        """Return all that the run may write, or remove at its end; of images on the way those that may replace a file."""
        beside = "what is kept beside the result to go on from"
        found = [
            Output(self.output, "the result"),
            Output(checkpoint_path(self.output), beside),
            Output(preview_path(self.output), "the picture on the way beside the result"),
        ]
        if self.animation is not None:
            found.append(Output(self.animation, "the animation", "--animation", ANIMATIONS))
        if self.frames is not None:
            found += _frames(*self.frames, self.options["steps"], [output.path.name for output in found])
        return found

    def check(self) -> None:
        """Raise what would else be found only after a network was loaded, or at the end."""
        self.check_choices()
        check_places([Output(self.output, "the result")])
        self.check_pictures()
        check_outputs(self.outputs(), self.sources)
        self.check_places()

    def check_choices(self) -> None:
        """Raise a ChoiceError for options that do not fit together."""
        choice("colors", self.colors, COLORS)
        choice("method", self.method, METHODS)
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
        if self.frames is not None:
            whole_number("The number of steps between two images to keep", self.frames[0], 1)
        if not 0.05 <= self.style_scale <= 10:
            raise ChoiceError(f"--style-scale must be a number from 0.05 to 10, got {self.style_scale}.")

    def check_pictures(self) -> None:
        """Look at the headers: raise an ImageError for what is no picture, a ShapeError for what would get too small."""
        check_sides(self.content, self.size, "a larger --size")
        for path, _ in self.styles:
            check_sides(path, self.style_size, LARGER_STYLE)
        for path in self.masks:
            loaded_size(path, None)

    def check_places(self) -> None:
        """Raise an ImageError if one of the outputs cannot be written, or a ResumeError if it is somebody else's."""
        if self.animation is not None:
            check_animation(self.animation)
        if self.frames is not None:
            check_places(
                [Output(make_folder(self.frames[1]) / "step_00000.png", "an image on the way", "--save-every")]
            )
        checkpoint, preview = checkpoint_path(self.output), preview_path(self.output)
        if self.resume and not checkpoint.exists():
            raise ResumeError(f"There is no checkpoint {checkpoint} to go on from.")
        for path, ours in (
            (checkpoint, is_checkpoint(checkpoint)),
            (preview, checkpoint.exists() or is_marked(preview)),
        ):
            if path.exists() and not ours and not self.resume:
                raise ResumeError(
                    f"{path} was not made by nst, and a run that writes {self.output.name} would replace and remove it. "
                    "Move it away, or choose another --output."
                )
        width, height = loaded_size(self.content, self.size)
        pictures = 1 if self.frames is None else 2 + self.options["steps"] // self.frames[0]
        check_space(
            self.output if self.frames is None else self.frames[1] / "step_00000.png", 3 * width * height * pictures
        )

    @property
    def style_size(self) -> int:
        """Longer side of the styles in pixels."""
        return max(1, round(self.size * self.style_scale))


def _frames(every: int, folder: Path, steps: int, others: Iterable[str]) -> list[Output]:
    """Return the images on the way that are there already, or have the name of another output."""
    names = {path.name for path in files_in(folder)} | set(others)
    found = ((name, FRAME.fullmatch(name)) for name in sorted(names))
    return [
        Output(folder / name, f"the image of step {int(match[1])}", "--save-every")
        for name, match in found
        if match and int(match[1]) <= steps and int(match[1]) % every == 0
    ]


def check_sides(path: Path, size: int, wish: str) -> None:
    """Raise a ShapeError if a picture would get too small for the network; ``wish`` says what to choose."""
    sides = loaded_size(path, size)
    if min(sides) < SMALLEST_SIZE:
        raise ShapeError(
            f"{path} would become {by(sides)} pixels, and the deepest layer needs {SMALLEST_SIZE} x {SMALLEST_SIZE} at "
            f"least. Choose {wish}, or crop it."
        )


class Pictures(NamedTuple):
    """A job's pictures, decoded: the scene, the styles in the colors that they are to have, and the content as it was."""

    canvas: Tensor
    styles: list[transfer.Style]
    content: Tensor


def read_pictures(job: Job) -> Pictures:
    """Load a job's pictures, and bring their colors in line.

    Raises:
        ImageError, ShapeError: as ``load_image`` and ``load_mask``.
    """
    content = load_image(job.content, size=job.size)
    pictures = [load_image(path, size=job.style_size) for path, _ in job.styles]
    masks = [load_mask(path, content) for path in job.masks] or [None] * len(pictures)
    canvas = content
    if _in_gray(job):
        canvases, pictures = zip(*(colors.luminance_pair(content, picture) for picture in pictures), strict=True)
        canvas = canvases[0]  # the content's own gray, the same beside every style
    elif job.colors in MATCHES:
        pictures = [MATCHES[job.colors](picture, content) for picture in pictures]
    weights = [weight for _, weight in job.styles]
    styles = [transfer.Style(*each) for each in zip(pictures, weights, masks, strict=True)]
    return Pictures(canvas, styles, content)


def make_run(job: Job, pictures: Pictures, network: Features) -> Run:
    """Set up the run. A network without weights will do as long as nothing is computed.

    Raises:
        ShapeError, ChoiceError: as ``stylize``.
    """
    options = dict(job.options)
    # A style in gray alone does not keep the result gray: colored fringes would remain.
    if _in_gray(job) or (job.colors in MATCHES and colors.is_gray(pictures.content)):
        options["finish"] = partial(colors.keep_colors, content=pictures.content)
    generator = torch.Generator().manual_seed(job.seed)
    return stylize_dual(pictures.canvas, pictures.styles, network, method=job.method, generator=generator, **options)


def _in_gray(job: Job) -> bool:
    """Whether the transfer is one between gray pictures; the method "luminance" sees to that by itself."""
    return job.colors == "luminance" and job.method != "luminance"
