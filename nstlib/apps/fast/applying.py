"""What to paint in one pass, and where to write it: pictures of any size, folders, films."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.apps.fast.steady import HELD, Flicker, Steady
from nstlib.apps.outputs import Output, check_outputs, check_places, check_space
from nstlib.apps.painting.batch import result_names, results_folder, without_results
from nstlib.engine.one_pass_strips import BYTES_PER_PIXEL, paint_in_strips
from nstlib.errors import ChoiceError, ShapeError
from nstlib.formats.files import make_folder
from nstlib.formats.masks import load_alpha
from nstlib.formats.opening import loaded_size
from nstlib.formats.sizes import by, scaled
from nstlib.formats.video import FILMS, change_film, film_facts
from nstlib.images import load_image, resize, save_image
from nstlib.one_pass import LEAST, OnePass


class Piece(NamedTuple):
    """A picture or a film to paint, and the file to write."""

    source: Path
    target: Path

    @property
    def is_film(self) -> bool:
        """Whether it moves."""
        return self.source.suffix.lower() in FILMS

    def output(self) -> Output:
        """Return the file to write, as ``nstlib.apps.outputs`` checks it."""
        return (
            Output(self.target, "the result", extensions=(FILMS[0],))
            if self.is_film
            else Output(self.target, "the result")
        )


@dataclass(frozen=True)
class Painter:
    """Paints in one style.

    Attributes:
        model, style: as ``paint_in_strips`` takes them. strength: share of the painting in the result, 0 to 1.
        size: longer side of what is painted, in pixels; None takes pictures and frames as they are.
    """

    model: OnePass
    style: Tensor
    strength: float = 1.0
    size: int | None = None

    def paint(self, image: Tensor) -> Tensor:
        """Return the painting of an image, shape (1, 3, H, W), in that size."""
        painted = paint_in_strips(self.model, image, self.style)
        return painted if self.strength == 1 else image.lerp(painted, self.strength)

    def paint_picture(self, piece: Piece) -> tuple[int, int]:
        """Paint a picture from file to file, with its transparency; return width and height.

        Raises:
            ImageError, ShapeError: as ``load_image``, ``OnePass`` and ``save_image``.
        """
        image = load_image(piece.source, size=self.size)
        save_image(self.paint(image), piece.target, alpha=load_alpha(piece.source, size=self.size))
        return image.shape[3], image.shape[2]

    def paint_film(self, piece: Piece, *, steady: bool, seen: Callable[[], bool]) -> tuple[int, str, Flicker | None]:
        """Paint a film from file to file, with its sound.

        Args:
            steady: whether its paint is held where it stands still; else it is only measured.
            seen: is called after each frame, and says whether to stop.

        Returns:
            How many frames were written, what had to be done to the sound, and how much the paint flickers.
        """
        hold = Steady(held=HELD if steady else 0.0)

        def change(frames: Iterator[Tensor]) -> Iterator[Tensor]:
            sized = frames if self.size is None else (resize(frame, self.size) for frame in frames)
            return (hold(frame, painted) for frame, painted in ahead(self.paint, sized))

        done = change_film(piece.source, piece.target, change, stopped=seen)
        return done.frames, done.sound, hold.flicker()


def ahead(paint: Callable[[Tensor], Tensor], frames: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each frame and its painting, while the next ones are painted: as many at a time as PyTorch has threads.

    Frames side by side keep all cores busy; the small layers of one frame, split between cores, do not.
    """
    threads = torch.get_num_threads()
    waiting: deque = deque()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for frame in frames:
            waiting.append((frame, pool.submit(paint, frame)))
            if len(waiting) > threads:
                first, painted = waiting.popleft()
                yield first, painted.result()
        for first, painted in waiting:
            yield first, painted.result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def mixed(styles: Mapping[str, Tensor], wanted: Sequence[tuple[str, float]], whose: str) -> Tensor:
    """Return the mean of styles, weighted, shape (2, N).

    Args:
        styles: by name. wanted: names and weights. whose: the network's file, in words.

    Raises:
        ChoiceError: if it has no such style.
    """
    for name, _ in wanted:
        if name not in styles:
            raise ChoiceError(
                f"{whose} has no style {name!r}. It has {', '.join(styles)}. One pass knows the styles that it was trained "
                "in: nst fast train makes a network of any picture, nst stylize needs none."
            )
    total = sum(weight for _, weight in wanted)
    return torch.stack([styles[name] * (weight / total) for name, weight in wanted]).sum(0)


def pieces_of(contents: Sequence[Path], name: str, output: Path | None, *, folder: Path | None) -> list[Piece]:
    """Return what is to be painted, checked: what is written replaces nothing that is read, and can be written.

    Args:
        contents: pictures and films. name: of the style, for the names of results.
        output: the file to write; for a folder the folder; None names it.
        folder: the folder that the contents are from, or None if it is one file.

    Raises:
        ChoiceError, ImageError: if something does not fit.
    """
    if folder is None:
        (source,) = contents
        ending = FILMS[0] if source.suffix.lower() in FILMS else ".png"
        pieces = [Piece(source, Path(f"{source.stem}_{name}{ending}") if output is None else output)]
    else:
        target = results_folder(folder, Path(name), output)
        contents = own = [path for path in without_results(contents, target) if not _is_result(path, contents, name)]
        endings = [FILMS[0] if path.suffix.lower() in FILMS else ".png" for path in own]
        names = result_names(own, name, endings)
        pieces = [Piece(path, target / each) for path, each in zip(own, names, strict=True)]
    check_outputs([piece.output() for piece in pieces], contents)
    if folder is not None:
        make_folder(target)
    check_places(piece.output() for piece in pieces)
    return pieces


def _is_result(path: Path, contents: Sequence[Path], name: str) -> bool:
    """Return whether a film has the name of another one's result; pictures say themselves who made them."""
    return path.suffix.lower() in FILMS and any(path.stem == f"{other.stem}_{name}" for other in contents)


def memory_of(piece: Piece, size: int | None) -> int:
    """Return how many bytes painting it may take, having seen that it is not too small and fits on the disk.

    Raises:
        ImageError: if the file is no picture, or no film. ShapeError: if it would get too small.
    """
    if piece.is_film:
        facts = film_facts(piece.source)
        sides = (facts.width, facts.height) if size is None else scaled((facts.width, facts.height), size)
    else:
        sides = loaded_size(piece.source, size)
    if min(sides) < LEAST:
        raise ShapeError(
            f"{piece.source} would be {by(sides)} pixels, and one pass needs {LEAST} x {LEAST} at least. Choose a larger "
            "--size, or crop it."
        )
    pixels = sides[0] * sides[1]
    check_space(piece.target, 3 * pixels)
    return BYTES_PER_PIXEL * pixels * (torch.get_num_threads() + 1 if piece.is_film else 1)
