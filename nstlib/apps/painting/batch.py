"""A folder of pictures in one style: a job for each, in files that nothing else is named like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from nstlib.apps.checkpoint import checkpoint_path
from nstlib.apps.names import unused
from nstlib.apps.outputs import check_outputs
from nstlib.apps.painting.job import LARGER_STYLE, Job, check_sides
from nstlib.errors import ChoiceError, ImageError, ResumeError, ShapeError
from nstlib.formats.encoding import WRITABLE, is_marked
from nstlib.formats.files import make_folder
from nstlib.images import load_image

REFUSALS = (ChoiceError, ImageError, ResumeError, ShapeError)


class Batch(NamedTuple):
    """What is to be made of a folder.

    Attributes:
        jobs: one for each picture that can be tried. broken: why the others cannot. done: results that are there already.
    """

    jobs: list[Job]
    broken: list[Exception]
    done: list[Path]


def is_done(job: Job) -> bool:
    """Return whether a job's result is there, and no run has left it half done."""
    return job.output.exists() and not checkpoint_path(job.output).exists()


def results_folder(contents: Path, style: Path, output: Path | None) -> Path:
    """Return the folder for what is made of a folder of contents.

    Raises:
        ChoiceError: if ``output`` has the name of a picture.
    """
    if output is None:
        return Path(f"{contents.resolve().name or 'pictures'}_{style.stem}")  # resolved: of . and .. too
    if output.suffix.lower() in WRITABLE and not output.is_dir():
        raise ChoiceError(f"CONTENT is a folder, so --output must name a folder too, got the picture's name {output}.")
    return output


def without_results(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Return the pictures without those that ``nst`` made, if results go to the very folder that they lie in."""
    if not paths or not folder.is_dir() or not folder.samefile(paths[0].parent):
        return list(paths)
    stems = {path.stem for path in paths}
    return [path for path in paths if not (is_marked(path) and any(path.stem.startswith(f"{stem}_") for stem in stems))]


def make_batch(job: Job, contents: Sequence[Path], folder: Path) -> Batch:
    """Return a checked job for each of the contents, whose results go to a folder, which is made.

    Args:
        job: what all have in common.
        contents: pictures. One that is broken is no reason to leave the others.
        folder: for the results.

    Raises:
        ChoiceError, ImageError, ShapeError: for what is wrong with all of them: the style, options, the folder.
    """
    job.check_choices()
    for path, _ in job.styles:
        check_sides(path, job.style_size, LARGER_STYLE)
        load_image(path, size=job.style_size)  # damage shows only then, and would be told for each of the contents
    names = result_names(contents, job.styles[0][0].stem, [".png"] * len(contents))
    found = [
        replace(job, content=path, output=folder / name, resume=job.resume and checkpoint_path(folder / name).exists())
        for path, name in zip(contents, names, strict=True)
    ]
    done, todo = [], []
    for each in found:
        (done if is_done(each) else todo).append(each)
    outputs = [output for each in todo for output in each.outputs()]
    check_outputs(outputs, [path for each in found for path in each.sources])
    make_folder(folder)
    batch = Batch([], [], [each.output for each in done])
    for each in todo:
        try:
            each.check_pictures()
            each.check_places()
            batch.jobs.append(each)
        except REFUSALS as error:
            batch.broken.append(error)
    return batch


def result_names(contents: Sequence[Path], style: str, endings: Sequence[str]) -> list[str]:
    """Return a name for each result: with the content's extension where two have one stem, on whatever disk."""
    stems = Counter(path.stem.casefold() for path in contents)
    names = [
        path.stem if stems[path.stem.casefold()] == 1 else f"{path.stem}-{path.suffix[1:].lower()}" for path in contents
    ]
    taken: set[str] = set()
    unique = [unused(name, taken) for name in names]  # A.png and a.png get numbers
    return [f"{name}_{style}{ending}" for name, ending in zip(unique, endings, strict=True)]
