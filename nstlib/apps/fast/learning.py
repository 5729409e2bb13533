"""A network that learns to paint in new styles, from files to a file; whatever ends it, what was learned is kept."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nstlib import one_pass
from nstlib.apps.checkpoint import ANEW, checkpoint_path, is_checkpoint, read_archive, write_archive
from nstlib.apps.fast.photos import course_photos, read_photos, stock_photos
from nstlib.apps.outputs import Output, check_outputs, check_places, check_space
from nstlib.apps.pace import Pace
from nstlib.errors import ChoiceError, DivergenceError, ImageError, ResumeError, WeightsError
from nstlib.features import Features
from nstlib.formats.encoding import is_marked
from nstlib.images import load_image, picture, save_image
from nstlib.metrics import held_out_distance

FORMAT = "one pass 1"
STYLE_SIZE, SHOWN_SIZE = 224, 256  # longer sides of styles and of the photo that is shown painted
CROPS = 288
UNSEEN = "cat"  # one of the course's photos, not learned from unless somebody asks for it
FIRST = "brush"  # any style of the course's network is a start: it can use strokes and edges
ENOUGH = 5e7  # bytes on the disk for network, checkpoint and preview


@dataclass(frozen=True)
class Lesson:
    """What to learn.

    Attributes:
        styles: pictures, by the names that the styles shall have. output: the network's file.
        photos: to learn from; none means the course's, or without those the ones that scikit-image brings.
        steps: how many. size: longer side of the styles in pixels: it decides how large the strokes get.
        fresh: begin with random weights, not with the course's network. seed: of all that is drawn.
        device: where to compute, as torch names it.
    """

    styles: dict[str, Path]
    output: Path
    photos: tuple[Path, ...] = ()
    steps: int = 500
    size: int = STYLE_SIZE
    fresh: bool = False
    seed: int = 0
    device: str = "cpu"

    @property
    def preview(self) -> Path:
        """The picture that shows what is learned."""
        return self.output.with_suffix(".preview.png")

    @property
    def checkpoint(self) -> Path:
        """The file that a resumed training goes on from."""
        return checkpoint_path(self.output)

    def check(self, *, resume: bool) -> None:
        """Raise what would else be found only after the network was loaded, or at the end."""
        outputs = [
            Output(self.output, "the network", extensions=(".safetensors",)),
            Output(self.checkpoint, "what is kept beside it to go on from"),
            Output(self.preview, "the picture that shows it"),
        ]
        check_outputs(outputs, [*self.styles.values(), *self.photos])
        check_places(outputs[:1])
        check_space(self.output, ENOUGH)
        if resume and not self.checkpoint.exists():
            raise ResumeError(f"There is no checkpoint {self.checkpoint} to go on from.")
        for path, ours in ((self.checkpoint, is_checkpoint), (self.preview, is_marked)):
            if path.exists() and not ours(path):
                raise ResumeError(
                    f"{path} was not made by nst, and training {self.output.name} would replace it. Move it away, or "
                    "choose another --output."
                )


class Learner:
    """A training under way: iterate over its steps.

    Args:
        lesson: checked. network: looks at paintings while it trains. note: is told what goes wrong on the way.
    """

    def __init__(self, lesson: Lesson, network: Features, note: Callable[[str], None]):
        self._lesson, self._network, self._note = lesson, network, note
        generator = torch.Generator().manual_seed(lesson.seed)
        self._wanted = {name: load_image(path, size=lesson.size) for name, path in lesson.styles.items()}
        paths = lesson.photos or course_photos(but=UNSEEN)
        photos = read_photos(paths, note) if paths else stock_photos(generator)
        self._shown = _shown(lesson, photos)
        photos = [photo.to(lesson.device) for photo in photos]
        crops = one_pass.cut_crops(photos, network, count=CROPS, generator=generator)
        goals = one_pass.style_goals([style.to(lesson.device) for style in self._wanted.values()], network)
        self._model, styles = _start(lesson, generator)
        self._training = one_pass.Training(
            self._model, styles, crops, goals, network, steps=lesson.steps, generator=generator
        )
        self._pace = Pace(older=lesson.checkpoint.exists())

    @property
    def index(self) -> int:
        """How many steps are done."""
        return self._training.index

    def resume(self) -> None:
        """Go on from the checkpoint.

        Raises:
            ResumeError: if it is damaged, or another training's.
        """
        path = self._lesson.checkpoint
        content = read_archive(path, ("format", "recipe", "training"), "no saved training")
        if content["format"] != FORMAT or content["recipe"] != self._recipe():
            raise ResumeError(
                f"{path} is of another training: its styles, photos or numbers were others. Repeat its command, or "
                f"start anew. {ANEW}"
            )
        self._training.load_state_dict(content["training"])

    def step(self) -> one_pass.TrainingStep:
        """Make a step; from time to time, keep what was learned.

        Raises:
            DivergenceError: if the loss is no finite number any more.
        """
        record = self._training.step()
        if not math.isfinite(record.total):
            raise DivergenceError(
                f"The loss is no finite number any more, at step {record.index}. Try another --seed, or --fresh."
            )
        if self._pace.is_due and self.index < self._lesson.steps:
            try:
                with self._pace.keeping():
                    self.save()
            except (ImageError, ResumeError) as error:
                self._note(f"{error} The training goes on.")
        return record

    def save(self) -> None:
        """Write the checkpoint, and the photo as it is painted now."""
        content = {"format": FORMAT, "recipe": self._recipe(), "training": self._training.state_dict()}
        write_archive(content, self._lesson.checkpoint)
        self._paint_preview()

    def write(self) -> dict[str, tuple[float, float]]:
        """Write the network and its preview; return how far photo and painting are from each style.

        Raises:
            WeightsError, ImageError: if a file cannot be written; the checkpoint, if there is one, stays.
        """
        styles = dict(zip(self._wanted, self._training.styles.detach().cpu(), strict=True))
        one_pass.save_one_pass(self._model, styles, self._lesson.output)
        return {
            name: tuple(held_out_distance(each, self._wanted[name], self._network) for each in (self._shown, painted))
            for name, painted in zip(self._wanted, self._paint_preview(), strict=True)
        }

    def discard(self) -> None:
        """Remove the checkpoint: the network is there."""
        with suppress(OSError):
            self._lesson.checkpoint.unlink(missing_ok=True)

    def _paint_preview(self) -> list[Tensor]:
        device = self._lesson.device
        with torch.no_grad():
            shown = self._shown.to(device)
            painted = [self._model(shown, style).cpu() for style in self._training.styles]
        save_image(torch.cat([self._shown, *painted], 3), self._lesson.preview)
        return painted

    def _recipe(self) -> dict[str, Any]:
        """Return what a resumed training has to have in common with this one."""
        lesson = self._lesson
        return {
            "styles": {name: _sum_of([path]) for name, path in lesson.styles.items()},
            "photos": _sum_of(lesson.photos),
            "numbers": [lesson.steps, lesson.size, lesson.fresh, lesson.seed],
        }


def default_steps(styles: int) -> int:
    """Return how many steps so many styles are given."""
    return 200 + 300 * styles


def styles_by_name(paths: list[Path]) -> dict[str, Path]:
    """Return pictures by the names that their styles get: the files' without their endings.

    Raises:
        ChoiceError: if two have the same name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if found.setdefault(path.stem, path) is not path:
            raise ChoiceError(
                f"{found[path.stem]} and {path} would both be the style {path.stem!r}. Rename one of them."
            )
    return found


def _start(lesson: Lesson, generator: torch.Generator) -> tuple[one_pass.OnePass, Tensor]:
    """Return the network and the styles to begin with."""
    count = len(lesson.styles)
    if lesson.fresh:
        model = one_pass.OnePass(generator=generator).to(lesson.device)
        return model, one_pass.plain_styles(model, count)
    try:
        model, styles = one_pass.load_one_pass()
    except WeightsError as error:  # the library without the repository
        raise WeightsError(f"{error} Or begin with random weights: --fresh") from error
    model = model.to(lesson.device).requires_grad_(True)
    return model, styles[FIRST].to(lesson.device).expand(count, -1, -1)


def _shown(lesson: Lesson, photos: list[Tensor]) -> Tensor:
    """Return the photo that shows what was learned: one of the course's, which it does not learn from, if there is one."""
    try:
        path = picture(UNSEEN)
    except ImageError:
        return photos[0]
    return photos[0] if path in lesson.photos else load_image(path, size=SHOWN_SIZE)


def _sum_of(paths: tuple[Path, ...] | list[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode(errors="surrogateescape"))
        found.update(path.read_bytes())
    return found.hexdigest()
