"""JupyterLab and Notebook 7 with a real kernel, driven in Chromium: what a reader of a notebook sees and touches."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from nstlib.course import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.weights]

START = 240  # seconds for what takes five on an idle machine
LESSONS = ("02_convolution", "03_features", "07_gram")
FRONTS = {"jupyterlab": "lab/tree", "notebook": "notebooks"}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
PREPARE = f"""\
import sys
import torch
sys.path.insert(0, {str(ROOT / "tests" / "widgets")!r})
from inputs import SHALLOW, TINY, compared, covered_answers, inverted, made_up, painted, strongest
from nstlib.features import load_network
from nstlib.training import load_snapshots
from nstlib.widgets import *
def rng():
    return torch.Generator().manual_seed(0)
photo = torch.rand(1, 3, 40, 60, generator=rng())
runs = {{"classic": painted(rng(), 6), "dual": painted(rng(), 4, start=5.0)}}"""
EXPLORERS = {
    "pixels": "explore_pixels(photo)",
    "kernels": "explore_kernels(photo)",
    "receptive_field": "explore_receptive_field(photo)",
    "layers": 'explore_layers(load_network(), {"photo": photo})',
    "deconvnet": 'explore_deconvnet(photo, {"one": TINY}, "relu2_1", (3, 4))',
    "patches": "explore_patches(*strongest(rng()))",
    "training": "explore_training(load_snapshots())",
    "inversion": "explore_inversion(photo, inverted(photo, rng()))",
    "gram_shuffle": 'explore_gram_shuffle(TINY, photo, layer="relu2_1")',
    "common_phase": 'explore_common_phase(TINY, photo, layer="relu2_1")',
    "transfer": 'explore_transfer({"photo": photo}, {"style": photo.flip(3)}, load_network())',
    "frequencies": 'explore_frequencies({"photo": photo, "other": photo.flip(2)})',
    "optimization": "explore_optimization(runs)",
    "tradeoffs": "explore_tradeoffs(made_up())",
    "losses": "explore_losses(TINY, compared(photo), layers=SHALLOW)",
    "occlusion": "explore_occlusion(*covered_answers(rng()), size=9, stride=7)",
}
# What an explorer says at the moment: its words, what its controls say of themselves, its canvases.
SAID = """(it) => JSON.stringify([
  it.innerText,
  [...it.querySelectorAll('input')].map((e) => [e.value, e.checked, e.getAttribute('aria-valuetext')]),
  [...it.querySelectorAll('[aria-valuenow]')].map((e) => e.getAttribute('aria-valuetext')),
  [...it.querySelectorAll('[aria-selected=true], [aria-pressed=true]')].map((e) => e.innerText + e.ariaLabel),
])"""


@dataclass
class Front:
    """A notebook that was opened in a front end, and what the page complained about."""

    page: object
    complaints: list[str]

    def cells(self) -> list[str]:
        """Return what stands in the notebook's cells: a notebook command would change that."""
        return self.page.locator(".jp-Notebook .jp-Cell").evaluate_all("(all) => all.map((cell) => cell.innerText)")


@contextmanager
def serving(front: str, folder: Path, theme: str = "light", python: str = sys.executable) -> Iterator[str]:
    """Start a front end as a reader would, with settings of its own, on notebooks of a folder; return its address."""
    home = folder / ".jupyter"
    settings = {
        "config/labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}  # they ask about news
        },
        "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings": {"theme": THEMES[theme]},
    }
    for name, content in settings.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
    }
    own = {
        **{f"JUPYTER_{kind.upper()}_DIR": home / kind for kind in ("config", "data", "runtime")},
        **{f"JUPYTERLAB_{kind.upper()}_DIR": home / kind for kind in ("settings", "workspaces")},
        "IPYTHONDIR": home / "ipython",
        "PYTHONPATH": ROOT,
        "NST_PROGRESS": "off",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    with open(folder / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [python, "-m", front, "--no-browser", *(f"--{name}={value}" for name, value in options.items())],
            cwd=folder,
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            stdout=log,
            stderr=log,
        )
        try:
            yield wait_for(f"http://127.0.0.1:{port}", server, folder / "server.log")
        finally:
            server.terminate()
            server.wait(30)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> str:
    """Return the address once it answers."""

    def here() -> bool:
        assert server.poll() is None, log.read_text(encoding="utf-8")[-4000:]
        return answers(f"{address}/api/status")

    waited(here, "no answer from Jupyter", START)
    return address


@contextmanager
def opened(chromium, address: str, front: str, name: str, **options) -> Iterator[Front]:
    """Open a notebook, and run all of it as the menu does."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    try:
        page.goto(f"{address}/{FRONTS[front]}/{name}.ipynb")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=1000 * START)
        run_all(page, address)
        yield Front(page, complaints)
    finally:
        context.close()


def run_all(page, address: str, most: float = 400) -> None:
    """Run all cells once the kernel is there, and wait until the last of them has run."""
    waited(lambda: kernels(address) == ["idle"], "no kernel", START)
    prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt")
    for _ in range(10):  # a front end may ignore the command while it makes friends with its kernel
        page.wait_for_timeout(1500)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(500)
        if prompts.first.inner_text() != "[ ]:":
            break
    waited(lambda: kernels(address) == ["idle"] and "*" not in "".join(prompts.all_inner_texts()), "it runs", most)
    page.wait_for_timeout(1000)
    assert "[ ]:" not in prompts.all_inner_texts(), page.locator(".jp-OutputArea").all_inner_texts()


def kernels(address: str) -> list[str]:
    """Return what the kernels of a server are doing."""
    with urllib.request.urlopen(f"{address}/api/sessions", timeout=5) as answer:
        return [session["kernel"]["execution_state"] for session in json.load(answer)]


def waited(done: Callable[[], bool], otherwise: str, most: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + most
    while not done():
        assert time.monotonic() < end, f"{otherwise} after {most} s"
        time.sleep(0.3)


@pytest.fixture(scope="module", autouse=True)
def programs(lacking) -> None:
    """Skip, aloud, where there is no front end."""
    for name in FRONTS:
        if find_spec(name) is None:
            lacking(f'{name} is missing: pip install -e ".[lab]"')


def write(folder: Path, name: str, cells: list[str]) -> None:
    """Write a notebook whose every code cell stands under a heading."""
    both = [[nbformat.v4.new_markdown_cell(f"# Part {k}"), nbformat.v4.new_code_cell(c)] for k, c in enumerate(cells)]
    notebook = nbformat.v4.new_notebook(cells=[cell for pair in both for cell in pair])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture(scope="module", params=FRONTS)
def bench(request, chromium, tmp_path_factory) -> Iterator[Front]:
    """A notebook with one explorer of each kind, run, on a screen that can be touched."""
    folder = tmp_path_factory.mktemp(f"bench-{request.param}")
    write(folder, "bench", [PREPARE, *EXPLORERS.values()])
    with (
        serving(request.param, folder) as address,
        opened(chromium, address, request.param, "bench", has_touch=True, reduced_motion="reduce") as front,
    ):
        yield front


def explorer(front: Front, name: str):
    """Return the explorer of that kind, scrolled into sight."""
    cell = front.page.locator(".jp-Notebook .jp-CodeCell").nth(1 + list(EXPLORERS).index(name))
    cell.scroll_into_view_if_needed()
    it = cell.locator(".nst-explorer")
    it.wait_for(timeout=30_000)
    return it


def controls(it) -> tuple:
    """Return what one moves first, and next: a slider or a picture with a cursor; two of several pictures."""
    wall = it.locator(".nst-wall > *")
    if wall.count():
        return wall.nth(2), wall.last  # the keys go from the one to the first
    first = it.locator("input[type=range]:visible, [role=slider]:visible").first
    return first, first


def spot(part, x: float, y: float = 0.5) -> tuple[float, float]:
    """Return a place on a control, in pixels of the screen."""
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


@pytest.mark.parametrize("name", EXPLORERS)
def test_explorers_answer_to_mouse_keys_and_touch_and_keep_keys_to_themselves(bench, name):
    it, page = explorer(bench, name), bench.page
    (first, next_one), cells = controls(it), len(bench.cells())

    def said(before: str = "") -> str:
        """Return what it says once it rests; if it is to say something else, a busy kernel has five seconds for it."""
        now = it.evaluate(SAID)
        for _ in range(12):
            last = now
            page.wait_for_timeout(400)
            now = it.evaluate(SAID)
            if now == last != before:
                break
        return now

    before = said()
    page.mouse.click(*spot(first, 0.8, 0.7))
    moved = said(before)
    assert moved != before, "by mouse"
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    keyed = said(moved)
    assert keyed != moved, "by keys"
    for key in ("b", "d", "d", "ArrowUp", "Enter", "Escape", "j"):  # each of them a command of the notebook
        page.keyboard.press(key)
    assert it.evaluate("(it) => it.contains(document.activeElement)")
    assert len(bench.cells()) == cells
    pressed = said()
    page.touchscreen.tap(*spot(next_one, 0.2, 0.3))
    assert said(pressed) != pressed, "by touch"
    assert re.search(r"\d", it.inner_text())


def test_no_explorer_complains(bench):
    assert [said for said in bench.complaints if "nst" in said.lower() or "widget" in said.lower()] == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("front", FRONTS)
def test_an_explorer_takes_the_colors_of_the_theme(front, theme, chromium, tmp_path):
    write(tmp_path, "one", [PREPARE, EXPLORERS["gram_shuffle"]])
    with (
        serving(front, tmp_path, theme) as address,
        opened(chromium, address, front, "one", color_scheme="light") as it,  # the theme decides, not the system
    ):
        shown = it.page.locator(".nst-explorer")
        shown.wait_for()
        ink, ground = shown.evaluate(
            """(it) => {
              const behind = (e) => {
                const color = getComputedStyle(e).backgroundColor;
                return /, 0\\)$/.test(color) && e.parentElement ? behind(e.parentElement) : color;
              };
              return [getComputedStyle(it.querySelector('legend')).color, behind(it)];
            }"""
        )
        light = [luminance(color) for color in (ink, ground)]
        assert (light[0] < light[1]) == (theme == "light")
        assert (max(light) + 0.05) / (min(light) + 0.05) > 4.5, f"{ink} on {ground}"


def luminance(color: str) -> float:
    """Return how light a color of CSS is, from 0 to 1 (WCAG 2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.fixture(scope="module")
def without_anywidget(tmp_path_factory) -> str:
    """Another environment, as one has it beside the course's: its JupyterLab lacks the widgets' extension."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("**/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    here, there = (Path(prefix) / "share" / "jupyter" for prefix in (sys.prefix, folder))
    shutil.copytree(here / "lab", there / "lab")
    shutil.copytree(here / "labextensions", there / "labextensions", ignore=shutil.ignore_patterns("anywidget"))
    return str(next(path for path in folder.glob("*/python*") if path.stem == "python"))


def test_where_jupyter_lacks_anywidget_a_picture_and_a_sentence_stand_in_the_cell(
    chromium, tmp_path, without_anywidget
):
    write(tmp_path, "one", [PREPARE, EXPLORERS["kernels"]])
    with (
        serving("jupyterlab", tmp_path, python=without_anywidget) as address,
        opened(chromium, address, "jupyterlab", "one") as it,
    ):
        shown = it.page.locator(".jp-OutputArea-output figure")
        shown.wait_for()
        assert f"{without_anywidget} -m pip install anywidget" in shown.inner_text()
        assert shown.locator("img").get_attribute("alt")


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_from_top_to_bottom(front, lesson, chromium, tmp_path):
    shutil.copy(ROOT / "lessons" / f"{lesson}.ipynb", tmp_path)
    with serving(front, tmp_path) as address, opened(chromium, address, front, lesson) as it:
        cells = it.page.locator(".jp-Notebook .jp-CodeCell")
        for cell in cells.all():
            cell.scroll_into_view_if_needed()
        assert it.page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts() == []
        assert it.page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts() == []
        explorers = it.page.locator(".nst-explorer")
        assert explorers.count() >= 1
        said = explorers.all_text_contents()
        assert all(re.search(r"\d", text) for text in said), said
        pictures = it.page.locator(".jp-OutputArea-output > img, .jp-OutputArea-output .nst-picture")
        alternatives = [one.get_attribute("alt") for one in pictures.all()]
        assert len(alternatives) >= 3
        assert all(alternatives), alternatives


def test_make_lab_says_an_address_and_answers_there_without_a_browser():
    command = [sys.executable, str(ROOT / "tools" / "lab.py"), "--port", "0"]
    nowhere = {**os.environ, "BROWSER": "no-such-browser", "DISPLAY": ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=nowhere) as lab:
        try:
            address = re.search(r"http://\S+", lab.stdout.readline())[0]
            base, _, token = address.partition("/lab/tree/lessons/00_paint.ipynb?token=")
            there = f"{base}/api/contents/lessons/00_paint.ipynb?content=0&token={token}"
            waited(lambda: lab.poll() is not None or answers(f"{base}/api/status?token={token}"), "no answer", START)
            with urllib.request.urlopen(there, timeout=20) as answer:
                assert json.load(answer)["type"] == "notebook"
        finally:
            lab.terminate()


def answers(address: str) -> bool:
    """Say whether anybody answers there."""
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True
