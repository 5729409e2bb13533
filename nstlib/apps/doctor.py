"""Looks at everything that the course needs on a machine, and says what is well, what is not, and what mends it.

Each check is a function from nothing to findings. It imports what it looks at itself: what is missing is what it is to find.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nstlib import __version__
from nstlib.defaults import GIGABYTE, NETWORKS

if TYPE_CHECKING:
    import psutil

OLDEST = (3, 10)
REPORT = "report it, with all that this command says"
ROOM = GIGABYTE  # of memory that a run at the usual size may take, and of disk that weights and results want
WIDGETS = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets", "anywidget": "anywidget"}


class Finding(NamedTuple):
    """One line of a report.

    Attributes:
        subject: what was looked at, in a word. state: "well", "note" (works without it) or "bad". text: what was found.
        mend: what to type or do about it.
    """

    subject: str
    state: str
    text: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Yield what is found; a check that fails itself is a finding, too."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:  # whatever is broken here is what the report is for
            yield Finding(check.__name__.replace("check_", ""), "bad", f"{type(error).__name__}: {error}", REPORT)


def check_python() -> Iterator[Finding]:
    """Which Python runs, and whether it is new enough."""
    found = f"{platform.python_version()} on {platform.platform()}, {sys.executable}"
    if sys.version_info < OLDEST:
        yield Finding("python", "bad", found, f"install Python {'.'.join(map(str, OLDEST))} or newer")
    else:
        yield Finding("python", "well", found)


def check_packages() -> Iterator[Finding]:
    """Whether all packages are there that the library asks for, and new enough."""
    lacking, wishes = [], [line for line in requires("nstlib") or () if ";" not in line]
    for wish in wishes:
        name, least = re.fullmatch(r"([\w.-]+?)\s*(?:>=\s*([\w.]+).*)?", wish).groups()
        try:
            found = version(name)
        except PackageNotFoundError:
            lacking.append(f"{name} is missing")
            continue
        if least and _numbers(found) < _numbers(least):
            lacking.append(f"{name} is {found}, older than {least}")
    if lacking:
        yield Finding("packages", "bad", ", ".join(lacking), f"{_pip()} install --upgrade nstlib")
    else:
        yield Finding("packages", "well", f"nstlib {__version__} and the {len(wishes)} that it asks for")


def check_torch() -> Iterator[Finding]:
    """Whether torch computes, where, and with how many threads."""
    try:
        import torch

        right = bool((torch.ones(8, 8) @ torch.ones(8, 8) == 8).all())
    except (ImportError, OSError, RuntimeError) as error:
        yield Finding("torch", "bad", f"{error}", f"{_pip()} install --force-reinstall torch")
        return
    if not right:
        yield Finding("torch", "bad", f"{torch.__version__} computes wrong products", REPORT)
        return
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "processor"
    yield Finding("torch", "well", f"{torch.__version__}, {where}")
    threads, cores = torch.get_num_threads(), _cores()
    asked = ", ".join(
        f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ
    )
    text = f"{threads} for {cores} processors{f' ({asked})' if asked else ''}"
    if threads > cores:
        yield Finding("threads", "note", f"{text}: they step on each other's feet", f"export OMP_NUM_THREADS={cores}")
    else:
        yield Finding("threads", "well", text)


def check_memory() -> Iterator[Finding]:
    """Whether there is memory for a run."""
    import psutil

    memory = psutil.virtual_memory()
    text = f"{memory.available / GIGABYTE:.1f} of {memory.total / GIGABYTE:.1f} GB are free"
    if memory.available < ROOM:
        yield Finding("memory", "note", text, "close other programs, or use a smaller --size")
    else:
        yield Finding("memory", "well", text)


def check_weights() -> Iterator[Finding]:
    """Which trained networks are here and unaltered."""
    from nstlib.weights import SOURCES, status, weights_folder

    states = {found.name: found for found in status()}
    ready = [name for name, found in states.items() if found.state == "ready"]
    yield Finding("weights", "well", f"{', '.join(ready) or 'none'} in {weights_folder()}")
    for name, found in states.items():
        mend = f"nst weights fetch {name}"
        if found.state == "altered":
            yield Finding("weights", "bad", f"{found.path} is damaged or altered", mend)
        elif found.state == "missing" and name == NETWORKS[0]:
            yield Finding("weights", "note", f"{name}: the first run fetches {SOURCES[name].size} MB", mend)


def check_pictures() -> Iterator[Finding]:
    """Whether the course's pictures are here, and can be read."""
    from nstlib.errors import ImageError
    from nstlib.images import load_image, pictures

    try:
        found = pictures()
        for path in found.values():
            load_image(path, size=8)
    except ImageError as error:
        yield Finding("pictures", "note", str(error), "name files of your own, or set NST_IMAGES")
    else:
        yield Finding("pictures", "well", f"{len(found)} of the course's")


def check_writing() -> Iterator[Finding]:
    """Whether results, weights and temporary files can be written, and whether there is room for them."""
    from nstlib.weights import weights_folder

    for what, folder in (("results", Path.cwd()), ("weights", weights_folder()), ("temporary files", _temporary())):
        there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
        text = f"{what} in {folder}"
        try:
            with tempfile.TemporaryFile(dir=there):
                free = shutil.disk_usage(there).free
        except OSError as error:
            yield Finding("writing", "bad", f"{text}: {error.strerror}", _elsewhere(what))
        else:
            state, mend = ("well", "") if free >= ROOM else ("note", _elsewhere(what))
            yield Finding("writing", state, f"{text}: {free / GIGABYTE:.1f} GB free", mend)


def check_video() -> Iterator[Finding]:
    """Whether films can be written."""
    try:
        import av
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        text = "PyAV is not installed: no .mp4, but .gif" if missing else str(error)
        yield Finding("video", "note", text, f"{_pip()} install --upgrade av")
    else:
        yield Finding("video", "well", f"PyAV {av.__version__}")


def check_browser() -> Iterator[Finding]:
    """Whether a browser could be opened."""
    try:
        yield Finding("browser", "well", type(webbrowser.get()).__name__)
    except webbrowser.Error:
        yield Finding("browser", "note", "none can be started from here", "open the address that nst explore says")


def check_widgets() -> Iterator[Finding]:
    """Whether the Jupyter servers that run have what shows widgets: they may run from another environment than this one."""
    for name in ("ipywidgets", "anywidget"):
        try:
            version(name)
        except PackageNotFoundError:
            yield Finding("widgets", "bad", f"{name} is missing in this environment", f"{_pip()} install {name}")
    servers = list(running_servers())
    if not servers:
        yield Finding("widgets", "well", "no Jupyter is running; its widgets are looked at when one is")
    for address, python, folders in servers:
        lacking = [
            name for name in WIDGETS if not any((folder / "labextensions" / name).is_dir() for folder in folders)
        ]
        text = f"Jupyter at {address} runs from {python}"
        if lacking:
            packages = " ".join(WIDGETS[name] for name in lacking)
            mend = f"{python} -m pip install {packages}   then restart Jupyter and reload its page"
            yield Finding("widgets", "bad", f"{text}, which lacks {' and '.join(lacking)}", mend)
        else:
            yield Finding("widgets", "well", text)


def running_servers() -> Iterator[tuple[str, Path, list[Path]]]:
    """Yield each Jupyter server of this user that runs: its address, its Python, and where it looks for extensions."""
    import psutil

    try:
        from jupyter_core.paths import SYSTEM_JUPYTER_PATH, jupyter_data_dir, jupyter_runtime_dir
    except ImportError:  # there is no Jupyter here, and where another one notes that it runs is its own affair
        return
    for path in sorted(Path(jupyter_runtime_dir()).glob("*server-*.json")):
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            python, address = _python_of(psutil.Process(int(about["pid"]))), str(about["url"])
        except (OSError, ValueError, KeyError, IndexError, TypeError, psutil.Error):
            continue  # it has ended, or is another user's
        prefix = python.parent if os.name == "nt" else python.parent.parent
        yield address, python, [prefix / "share" / "jupyter", Path(jupyter_data_dir()), *map(Path, SYSTEM_JUPYTER_PATH)]


def _python_of(process: psutil.Process) -> Path:
    """Return the Python that a process was started with: that of its environment, whatever it is a link to."""
    word = process.cmdline()[0]
    if os.path.dirname(word):
        return Path(process.cwd(), word)
    return Path(shutil.which(word, path=process.environ().get("PATH")) or process.exe())


def _numbers(found: str) -> tuple[int, ...]:
    """Return the numbers a version begins with."""
    return tuple(int(number) for number in re.match(r"[\d.]*", found).group().split(".") if number)


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _temporary() -> Path:
    """Return the folder of temporary files, also where none can be written."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return Path(os.environ.get("TMPDIR", "/tmp"))


def _elsewhere(what: str) -> str:
    places = {"results": "name another folder with -o", "weights": "set NST_MODELS to a folder with free space"}
    return places.get(what, "set TMPDIR to a folder with free space")


def _pip() -> str:
    return f"{sys.executable} -m pip"


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_packages,
    check_torch,
    check_memory,
    check_weights,
    check_pictures,
    check_writing,
    check_video,
    check_browser,
    check_widgets,
)
