"""Whether the Jupyter that shows a notebook can show explorers: it may live in another environment than the kernel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

EXTENSION = Path("labextensions", "anywidget")
SYSTEM = ("/usr/local/share/jupyter", "/usr/share/jupyter")


def what_lacks() -> str | None:
    """Return what to do where Jupyter lacks anywidget, as a sentence; None if it has it, or nobody can say.

    A kernel knows the process that started it (``JPY_PARENT_PID``). Where that is a Python with a JupyterLab or a Notebook
    of its own, an extension of the front end lies in one of the folders that Jupyter reads.
    """
    try:
        server = psutil.Process(int(os.environ["JPY_PARENT_PID"]))
        python, surroundings = server.cmdline()[0], server.environ()
    except (KeyError, ValueError, IndexError, OSError, psutil.Error):
        return None
    found = shutil.which(python, path=surroundings.get("PATH"))
    if found is None or not Path(found).name.startswith("python"):
        return None
    own = [
        Path(found).parent.parent / "share" / "jupyter",
        Path(found).parent / "share" / "jupyter",
    ]  # Windows: beside it
    if not any((folder / "labextensions").is_dir() or (folder / "lab").is_dir() for folder in own):
        return None
    if any((folder / EXTENSION).exists() for folder in [*own, *_shared(surroundings)]):
        return None
    return (
        f"Jupyter runs in an environment without anywidget. Run  {found} -m pip install anywidget  and start it again."
    )


def _shared(surroundings: dict[str, str]) -> list[Path]:
    """Return the folders that every Jupyter of this user reads, as Jupyter documents them."""
    home = Path(surroundings.get("HOME") or Path.home())
    named = surroundings.get("JUPYTER_PATH", "").split(os.pathsep)
    data = surroundings.get("JUPYTER_DATA_DIR")
    users = [data] if data else [home / ".local/share/jupyter", home / "Library/Jupyter"]
    if "APPDATA" in surroundings:
        users.append(Path(surroundings["APPDATA"]) / "jupyter")
    return [Path(folder) for folder in (*named, *users, *SYSTEM) if folder]
