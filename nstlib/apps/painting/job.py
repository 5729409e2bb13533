"""Which picture to make of which: a job is checked before anything is computed, then its pictures are read, then it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nstlib import colors, transfer
from nstlib.apps.checkpoint import checkpoint_path
from nstlib.defaults import COLORS, METHODS
from nstlib.dual import stylize_dual
from nstlib.engine.run import Run
from nstlib.errors import ChoiceError, ImageError, ResumeError, choice, whole_number
from nstlib.features import Features
from nstlib.formats.animation import EXTENSIONS as ANIMATIONS
from nstlib.formats.encoding import check_writable
from nstlib.formats.files import make_folder
from nstlib.formats.masks import load_mask
from nstlib.images import load_image

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

    def check(self) -> None:
        """Raise what would else be found only after a network was loaded, or at the end."""
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
        if not 0.05 <= self.style_scale <= 10:
            raise ChoiceError(f"The scale of the style must be between 0.05 and 10, got {self.style_scale}.")
        check_writable(self.output)
        if self.animation is not None:
            check_writable(self.animation, extensions=ANIMATIONS)
        for source in (self.content, *(path for path, _ in self.styles), *self.masks):
            if os.path.exists(self.output) and os.path.exists(source) and self.output.samefile(source):
                raise ImageError(
                    f"{self.output} is one of the pictures to start from. Choose another name for the result."
                )
        if self.frames is not None:
            whole_number("The number of steps between two images to keep", self.frames[0], 1)
            check_writable(make_folder(self.frames[1]) / "step_00000.png")
        if self.resume and not checkpoint_path(self.output).exists():
            raise ResumeError(f"There is no checkpoint {checkpoint_path(self.output)} to go on from.")


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
    pictures = [load_image(path, size=max(1, round(job.size * job.style_scale))) for path, _ in job.styles]
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
