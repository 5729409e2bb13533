"""A rehearsal of Google Colab: its notebook software, an empty folder, the course's address mapped to this repository.

It is not Colab: Python, torch and NumPy are this machine's, and its front end is not here.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from nstlib.course import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.weights]

COLAB = ("ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1")  # of Colab's published list, August 2026
TORCH_ASKS = "setuptools>=77"  # the torch of this machine, not the course
ABSENT = re.compile(r"_*(editable_+)?(nstlib|anywidget|psygnal|nbgrader|otter)", re.IGNORECASE)  # in Colab
OFFLINE = re.compile(r"^WARNING: Location 'file:.*\n", re.MULTILINE)  # of a machine with packages in folders of its own
ALARM = re.compile(r"error|warning|fatal|restart|fail|conflict|deprecat|incompatible", re.IGNORECASE)
MOST = 60  # seconds of a processor: what else runs on the machine does not count
USE = """
from nstlib.features import load_network
from nstlib.images import load_image, picture
from nstlib.training import load_snapshots
from nstlib.widgets import explore_kernels
load_network(), load_snapshots(), explore_kernels(load_image(picture("cat"), size=64))
print("ready")
"""


@dataclass(frozen=True)
class Colab:
    """An environment without the course, an empty folder, and what a process there is told."""

    python: Path
    folder: Path
    environment: dict[str, str]

    def start(self, code: str) -> subprocess.Popen:
        """Run code in IPython, as a kernel there would."""
        script = self.folder / "cells.ipy"
        script.write_text(f"import google.colab\n{code}", encoding="utf-8")
        return subprocess.Popen(
            [self.python, "-m", "IPython", "--no-banner", "--colors=NoColor", "--no-term-title", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, code: str) -> tuple[str, float]:
        """Return what the code said, and how many seconds of a processor it took."""
        began = os.times()
        said, _ = self.start(code).communicate(timeout=600)
        ended = os.times()
        took = ended.children_user + ended.children_system - began.children_user - began.children_system
        return OFFLINE.sub("", said), took

    def versions(self) -> dict[str, str]:
        command = [self.python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, encoding="utf-8")
        return {one["name"]: one["version"] for one in json.loads(done.stdout)}


def setup_cell() -> str:
    notebook = nbformat.read(ROOT / "lessons" / "00_paint.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.fixture
def colab(tmp_path) -> Colab:
    """A fresh Colab whose git finds this repository's last commit at the course's address."""
    environment, shared, course = tmp_path / "venv", tmp_path / "shared", tmp_path / "course.git"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    shared.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():  # what Colab has as well: torch, NumPy, ...
        if not ABSENT.match(path.name) and path.suffix != ".pth" and path.name not in ("pip", "setuptools"):
            (shared / path.name).symlink_to(path)
    (packages,) = environment.glob("**/site-packages")
    (packages / "shared.pth").write_text(str(shared), encoding="utf-8")
    (packages / "google" / "colab").mkdir(parents=True)
    (packages / "google" / "colab" / "__init__.py").touch()
    python = next(path for path in environment.glob("*/python*") if path.stem == "python")
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, course], check=True)
    for words in (["config", "uploadpack.allowFilter", "true"], ["update-ref", "refs/heads/main", "HEAD"]):
        subprocess.run(["git", "-C", course, *words], check=True)
    address = re.search(r"git\+(\S+)@main", setup_cell())[1]
    unknown = ("NST_", "PYTHONPATH", "PIP_CONSTRAINT")  # there
    told = {name: text for name, text in os.environ.items() if not name.startswith(unknown)}
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *COLAB, TORCH_ASKS]
    subprocess.run(install, check=True, env=told)
    told |= {
        "PATH": os.pathsep.join((str(python.parent), os.environ["PATH"])),
        "VIRTUAL_ENV": str(environment),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{course.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
    (tmp_path / "content").mkdir()
    return Colab(python, tmp_path / "content", told)


def test_the_first_cell_installs_the_course_in_a_minute_and_changes_nothing_of_colab_s(colab):
    before = colab.versions()
    assert "nstlib" not in before
    said, took = colab.run(setup_cell() + USE)
    assert said.strip().endswith("ready"), said
    assert not ALARM.search(said), said
    after = colab.versions()
    assert {name: version for name, version in after.items() if name in before} == before
    assert after.keys() - before.keys() <= {"nstlib", "anywidget", "psygnal"}
    assert list(colab.folder.iterdir()) == [colab.folder / "cells.ipy"]  # no clone among the reader's files
    again, short = colab.run(setup_cell() + USE)  # after a restart of the runtime
    assert again.strip() == "ready"
    assert took < MOST, f"{took:.0f} s, and {short:.0f} s once it is there"


def test_after_an_interruption_the_first_cell_can_be_run_again(colab):
    began = colab.start(setup_cell())
    time.sleep(5)
    os.killpg(began.pid, signal.SIGINT)
    time.sleep(1)
    os.killpg(began.pid, signal.SIGKILL)
    began.communicate()
    said, _ = colab.run(setup_cell() + USE)
    assert said.strip().endswith("ready"), said
    assert not ALARM.search(said), said
