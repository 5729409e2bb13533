"""Whenever a command is killed, what lies there is whole, and the same command goes on to the same bytes, nothing left over.

A run is killed at a random moment of the time that it takes, each signal ``NST_KILLS`` times (3; 20 for a long look).
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from nstlib.apps.checkpoint import SUFFIX
from nstlib.formats.download import sha256
from nstlib.images import load_image, save_image

KILLS = int(os.environ.get("NST_KILLS", "3"))
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
TINY = ["--network", "tiny", "--size", "48", "--steps", "15"]
COMMANDS = {
    "stylize": ["stylize", "cat.png", "wave.png", *TINY, "-o", "out.png", "--save-every", "5", "steps"],
    "animation": ["stylize", "cat.png", "wave.png", *TINY, "-o", "out.png", "--gif", "film.gif"],
    "compare": ["compare", "cat.png", "--styles", "wave.png", *TINY, "-o", "compared"],
    "study": ["study", "run", "grid.toml", "-o", "rows.csv", "--workers", "1"],
    "weights": ["weights", "fetch", "vgg19"],
}
GRID = """contents = ["cat.png"]
styles = ["wave.png"]
methods = ["classic", "luminance"]
style_weights = [10, 3]
network = "tiny"
size = 32
steps = 3
"""
# What Python prints in a worker whose parent is killed before it has told the worker what to be: none of our lines has run
# there yet, and nobody can catch the parent's signal.
UNBORN = re.compile(r'Traceback .*\n  File "<string>", line 1, in <module>\n(?: .*\n)+EOFError: Ran out of input\n')
pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has neither fork nor these signals"),
]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    """A function that runs a command in a folder, sends it a signal after so many seconds, and returns its exit code."""
    shelf = tmp_path_factory.mktemp("shelf")
    trunk = shelf / "vgg19.pth"
    trunk.write_bytes(torch.rand(4_000_000).numpy().tobytes())
    command = [sys.executable, str(Path(__file__).parent / "zygote.py"), trunk.as_uri(), sha256(trunk)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NST_MODELS": "."}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as process:

        def run(arguments, folder, after=None, number=None):
            print(json.dumps({"arguments": arguments, "folder": str(folder)}), file=process.stdin, flush=True)
            child = int(process.stdout.readline())
            assert child > 1  # 0 would be all of us
            if after is not None:
                time.sleep(after)
                with suppress(ProcessLookupError):  # it was quicker
                    os.kill(child, number)
            return int(process.stdout.readline())

        yield run
        process.stdin.close()


def furnish(folder: Path) -> Path:
    """Make a folder with what all the commands need."""
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for name, shape in (("cat", (3, 40, 48)), ("wave", (3, 32, 40))):
        save_image(torch.rand(shape, generator=generator), folder / f"{name}.png")
    (folder / "grid.toml").write_text(GRID, encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, object]:
    """Return what is in all files that must be the same each time; of the others that they are there."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                rows = [{k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)]
            found[name] = sorted(map(str, rows)) if name == "rows.csv" else len(rows)
        elif path.is_file():
            found[name] = path.read_bytes() if path.suffix in (".png", ".gif", ".pth") else None
    return found


def check_whole(folder: Path) -> None:
    """Each picture that is there can be read."""
    for path in folder.rglob("*"):
        if path.suffix in (".png", ".gif"):
            load_image(path)


@pytest.fixture(scope="module")
def straight(zygote, tmp_path_factory):
    """For each command what an undisturbed run leaves, and how many seconds it takes."""
    found = {}
    for name, arguments in COMMANDS.items():
        folder = furnish(tmp_path_factory.mktemp(name) / "work")
        begin = time.perf_counter()
        assert zygote(arguments, folder) == 0, (folder.parent / "log.txt").read_text(encoding="utf-8")
        found[name] = contents(folder), time.perf_counter() - begin
    return found


@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_loses_nothing_and_leaves_nothing_over(zygote, straight, tmp_path, name, kind):
    wanted, seconds = straight[name]
    moments = random.Random(f"{name} {kind}")
    for attempt in range(KILLS):
        folder = furnish(tmp_path / str(attempt) / "work")
        log = folder.parent / "log.txt"
        zygote(COMMANDS[name], folder, moments.uniform(0, 1.1 * seconds), getattr(signal, kind))
        check_whole(folder)
        resumes = any(path.suffix == SUFFIX for path in folder.iterdir())
        for _ in range(2):  # the second finds all done, or does it again
            code = zygote([*COMMANDS[name], *(["--resume"] if resumes else [])], folder)
            assert code == 0, log.read_text(encoding="utf-8")
            assert contents(folder) == wanted, log.read_text(encoding="utf-8")
            resumes = False
        said = log.read_text(encoding="utf-8")
        assert "Traceback" not in (UNBORN.sub("", said) if kind == "SIGKILL" else said)
        shutil.rmtree(folder.parent)
