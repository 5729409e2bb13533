"""Runs on the disk: a file from which a transfer continues to the same pixels, whatever ended it.

It is what ``torch.save`` writes: a zip archive, with a checksum for each tensor. PyTorch does not look at those when it
reads; ``load_checkpoint`` does.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from nstlib import __version__
from nstlib.apps.names import shortened
from nstlib.engine.run import Run
from nstlib.errors import ResumeError
from nstlib.formats.files import replacing

FORMAT = 2
SUFFIX = ".checkpoint"
LONGEST_NAME = 255  # bytes, on the disks that people have
ANEW = "Delete it, and start anew."


def checkpoint_path(output: str | os.PathLike[str]) -> Path:
    """Return where the run that makes the picture ``output`` keeps its state."""
    output = Path(output)
    return output.with_name(_fitted(output.name, SUFFIX))


def preview_path(output: str | os.PathLike[str]) -> Path:
    """Return where the run that makes the picture ``output`` keeps it as it was at the last checkpoint."""
    output = Path(output)
    return output.with_name(_fitted(output.stem, f".partial{output.suffix}"))


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is an archive as ``save_checkpoint`` writes it, whole or not, of whatever run."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4" and b"/data.pkl" in file.read(256)
    except OSError:
        return False


def _fitted(name: str, ending: str) -> str:
    """Return the name with that ending, shortened so that a disk takes it."""
    return shortened(name, LONGEST_NAME - len(os.fsencode(ending))) + ending


def save_checkpoint(run: Run, path: str | os.PathLike[str], extra: dict[str, Any] | None = None) -> Path:
    """Write the state of a run between two steps; an older file is replaced as a whole or not at all.

    Args:
        run: the state is taken from it, with all that the optimizer remembers: for L-BFGS some 40 images of the run's size.
        path: its folder must exist.
        extra: tensors, numbers and text to keep with it.

    Raises:
        ResumeError: if the run is in the middle of a step, or the file cannot be written.
    """
    write_archive({"format": FORMAT, "nstlib": __version__, "run": run.state_dict(), "extra": extra or {}}, path)
    return Path(path)


def load_checkpoint(run: Run, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Let a run that has not begun go on where a saved one was, and return what ``extra`` was saved with it.

    Raises:
        ResumeError: if there is no such file, it is damaged or of another kind, or the saved run was another one.
    """
    path = Path(path)
    if not path.is_file():
        raise ResumeError(f"There is no saved run {path}. Start without resuming.")
    content = read_archive(path, ("format", "run", "extra"), "not a saved run")
    version, state, extra = content["format"], content["run"], content["extra"]
    if version != FORMAT:
        raise ResumeError(f"{path} was written by nstlib {content.get('nstlib')}, in another form. {ANEW}")
    try:
        run.load_state_dict(state)
    except ResumeError:
        raise
    except Exception as error:  # whole, but not what a run writes: any part of it may be of any kind
        raise ResumeError(f"{path} is not the state of a run ({type(error).__name__}: {error}). {ANEW}") from error
    return extra


def write_archive(content: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write tensors, numbers and text; an older file is replaced as a whole or not at all.

    Raises:
        ResumeError: if the file cannot be written.
    """
    with replacing(path, error=ResumeError) as temporary, temporary.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # a full disk: the archive's writer then stumbles over where it should be
            cause = error.__context__
            raise cause if isinstance(cause, OSError) else OSError("the disk may be full") from error


def read_archive(path: Path, keys: Iterable[str], otherwise: str) -> dict[str, Any]:
    """Return what ``write_archive`` wrote, checked against its checksums.

    Args:
        path: of the file. keys: what it must hold. otherwise: what it is if it does not.

    Raises:
        ResumeError: if it is damaged, or lacks one of the keys.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if altered := archive.testzip():
                raise zipfile.BadZipFile(f"{altered} is not what its checksum says")
        # Tensors and plain values only: nothing in the file is executed.
        content = torch.load(path, map_location="cpu", weights_only=True)
        return {key: content[key] for key in keys} | content
    except Exception as error:  # torch's reader raises whatever a damaged archive makes it stumble over
        raise ResumeError(f"{path} is damaged, or {otherwise}. {ANEW}") from error
