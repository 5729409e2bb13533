"""The built book in Firefox and in WebKit, the engine of Safari: it opens, answers, and computes what Chromium computes.

A page is right in Chromium because ``test_pages.py`` and its neighbors say so; here the others are held to it.
"""

from __future__ import annotations

import importlib.util
import re
import time
from contextlib import closing
from functools import partial

import numpy as np
import pytest
from drivers import HOOK, Chromium, Firefox, WebKit, find_firefox, find_webkit
from PIL import Image
from test_explorers_on_pages import PAGES
from test_pages import OPEN_ALL, TOO_WIDE

from nstlib.apps.server import FolderHandler, make_server

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

ENGINES = ("chromium", "firefox", "webkit")
WEBKITS = ("book/02_convolution", "book/03_features", "book/07_gram", "book/10_transfer")  # whose explorers it tries
SAME = 1e-3  # relative: the same file, the same numbers
HARMLESS = re.compile(r"favicon")

READY = """async () => {
  await document.fonts.ready;
  return document.readyState === "complete" && !document.querySelector(".nst-page:not([data-live])")
    && !document.querySelector('.nst-explorer[aria-busy="true"]');
}"""
ALIVE = """() => [...document.querySelectorAll('.nst-page')].filter((e) => e.dataset.live !== 'yes').length"""
FORMULAS = """() => [...document.querySelectorAll('main .math')].filter((e) => {
  const drawn = e.querySelector('mjx-container, math');
  return !drawn || !drawn.getBoundingClientRect().height;
}).map((e) => e.textContent.slice(0, 60))"""
GROUND = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
CONTROLS = "[role=slider], input[type=range]"
# What an explorer says and shows: its texts, and the means of each canvas in a raster of 4 x 4.
TOLD = """(name) => {
  const place = document.querySelector(`.nst-page[data-explorer="${name}"] .nst-explorer`);
  const texts = [...place.querySelectorAll(".nst-reading, td, figcaption, .nst-value, .nst-cell, .nst-note")];
  const said = [...place.querySelectorAll("[aria-valuetext]")].map((e) => e.getAttribute("aria-valuetext"));
  const raster = (canvas) => {
    const small = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
    const context = small.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const [sums, counts] = [new Float64Array(48), new Float64Array(16)];
    for (let y = 0, p = 0; y < canvas.height; y += 1)
      for (let x = 0; x < canvas.width; x += 1, p += 4) {
        const k = 4 * Math.floor((4 * y) / canvas.height) + Math.floor((4 * x) / canvas.width);
        counts[k] += 1;
        for (let c = 0; c < 3; c += 1) sums[3 * k + c] += data[p + c];
      }
    return [canvas.height, canvas.width, ...Array.from(sums, (sum, i) => sum / (counts[Math.floor(i / 3)] || 1))];
  };
  return {
    text: [...texts.filter((e) => e.getClientRects().length).map((e) => e.textContent), ...said].join(" | "),
    canvases: [...place.querySelectorAll("canvas")].filter((e) => e.width && e.height).map(raster),
  };
}"""
FOCUS = """([name, selector, number]) => {
  const found = [...document.querySelectorAll(`.nst-page[data-explorer="${name}"] ${selector}`)];
  const control = found.filter((e) => e.getClientRects().length)[number];
  control?.scrollIntoView({ block: "center" });
  control?.focus();
  return control ? control.getAttribute("aria-valuetext") ?? "" : null;
}"""
WHERE = """([name, selector]) => {
  const element = document.querySelector(`.nst-page[data-explorer="${name}"] ${selector}`);
  element?.scrollIntoView({ block: "center", behavior: "instant" });
  const box = element?.getBoundingClientRect();
  return box ? [box.left, box.top, box.width, box.height] : null;
}"""


class Hooked(FolderHandler):
    """Serves pages with the script that notes their problems in front of all others."""

    def do_GET(self) -> None:
        path = self.translate_path(self.path.partition("?")[0])
        if not path.endswith(".html"):
            return super().do_GET()
        with open(path, encoding="utf-8") as file:
            page = file.read().replace("<head>", f"<head>{HOOK}", 1)
        self.send(200, page.encode(), "text/html; charset=utf-8")
        return None


@pytest.fixture(scope="session")
def hooked(html, serving):
    """The address of the book with that script in its pages."""
    with serving(make_server(partial(Hooked, directory=str(html)))) as address:
        yield address


@pytest.fixture(scope="session")
def start_firefox(lacking):
    """Start a Firefox: ``start_firefox(dark=True)``."""
    program = find_firefox()
    if program is None:
        lacking("no Firefox: install one (Debian: firefox-esr), or set FIREFOX to its path")
    if importlib.util.find_spec("websocket") is None:
        lacking('websocket-client is missing: pip install -e ".[test]"')
    return partial(Firefox, program)


@pytest.fixture(scope="session")
def firefox(start_firefox):
    with closing(start_firefox()) as driver:
        yield driver


@pytest.fixture(scope="session")
def dark_firefox(start_firefox):
    with closing(start_firefox(dark=True)) as driver:
        yield driver


@pytest.fixture(scope="session")
def webkit(lacking):
    found = find_webkit()
    if found is None:
        lacking("no WebKit with a driver (Debian: webkit2gtk-driver and xvfb)")
    with closing(WebKit(*found)) as driver:
        yield driver


@pytest.fixture
def engine(request, hooked):
    """Open a page of the book in an engine, by name: ``engine("firefox", "book/intro")``; at the end, no problem."""
    opened, contexts = [], []

    def start(name: str):
        if name != "chromium":
            return request.getfixturevalue(name)
        contexts.append(request.getfixturevalue("chromium").new_context(viewport={"width": 1280, "height": 800}))
        return Chromium(contexts[-1].new_page())

    def open_in(name: str, page: str):
        driver = start(name)
        driver.problems.clear()
        path, _, query = page.partition("?")
        driver.open(f"{hooked}/{path}.html{'?' + query if query else ''}")
        driver.wait_for(READY)
        opened.append(driver)
        return driver

    yield open_in
    found = [problems(driver) for driver in opened]
    for context in contexts:
        context.close()
    assert not any(found), found


def problems(driver) -> list[str]:
    """Return what went wrong on the page that is open."""
    found = [*driver.problems, *driver.run("() => window.nstProblems ?? []")]
    return [one for one in dict.fromkeys(found) if not HARMLESS.search(one)]


def patiently(happens) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, but no times, and not those that are 0 but for rounding (2 · 10⁻¹⁵)."""
    text = re.sub(r"in \d+ ms|[\d.]+ · 10⁻\S+", "", text).replace("\N{MINUS SIGN}", "-")
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text)]


def assert_same(one: dict, other: dict) -> None:
    """Hold two explorers to the same numbers and pictures."""
    assert numbers(one["text"]) == pytest.approx(numbers(other["text"]), rel=SAME, abs=SAME)
    assert re.sub(r"[\d.]+", "#", one["text"]) == re.sub(r"[\d.]+", "#", other["text"])
    assert len(one["canvases"]) == len(other["canvases"])
    for mine, yours in zip(one["canvases"], other["canvases"], strict=True):
        assert mine == pytest.approx(yours, abs=1.5)  # levels of 255


# --- pages --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_in_firefox_on_a_desk_and_on_a_telephone(request, hooked, page, scheme):
    driver = request.getfixturevalue("firefox" if scheme == "light" else "dark_firefox")
    driver.problems.clear()
    driver.resize(1280)
    driver.open(f"{hooked}/{page}.html")
    driver.wait_for(READY)
    driver.run(OPEN_ALL)
    assert driver.run(FORMULAS) == []
    assert driver.run(ALIVE) == 0
    assert (sum(driver.run(GROUND)) < 150) is (scheme == "dark")
    for width in (1280, 390):
        driver.resize(width)
        driver.run("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert driver.run(TOO_WIDE) == []
    driver.resize(1280)
    assert problems(driver) == []


def test_a_page_opens_in_webkit(engine, page):
    driver = engine("webkit", page)
    driver.run(OPEN_ALL)
    assert driver.run(FORMULAS) == []
    assert driver.run(ALIVE) == 0
    assert driver.run(TOO_WIDE) == []


@pytest.mark.parametrize("name", ENGINES[1:])
def test_search_finds_words(engine, name):
    driver = engine(name, "search?q=Gram")
    driver.wait_for("() => document.querySelectorAll('#search-results li').length > 5")


# --- explorers ----------------------------------------------------------------------------------------------------------


def try_keys(driver, name: str) -> dict:
    """Move up to three controls of an explorer by keys, or choose the next radio button; return what it then says."""
    for number in range(3):
        before = driver.run(FOCUS, [name, f":is({CONTROLS})", number])
        if before is None:
            break
        driver.press("ArrowRight", "ArrowRight", "ArrowLeft")
        assert driver.run(FOCUS, [name, f":is({CONTROLS})", number]) != before
    else:
        number = 3
    if not number:
        before = driver.run(TOLD, name)
        driver.run(FOCUS, [name, "input[type=radio]:checked", 0])
        driver.press("ArrowRight")  # a Firefox without a window has no focus, and Space does nothing
        patiently(lambda: driver.run(TOLD, name) != before)
        driver.wait_for(READY)
    return told_at_rest(driver, name)


def told_at_rest(driver, name: str) -> dict:
    """Return what an explorer says once it says the same for a while; drawn in software, a picture may come late."""
    before = None
    while (now := driver.run(TOLD, name)) != before:
        before = now
        time.sleep(0.4)
    return now


def try_mouse(driver, name: str) -> None:
    """Drag where an explorer can be dragged: it shows something else then."""
    before = driver.run(TOLD, name)
    for selector in (".nst-cursor", ".nst-scrub", "input[type=range]"):
        box = driver.run(WHERE, [name, selector])
        if box:
            left, top, width, height = box
            driver.drag(*((left + x * width, top + y * height) for x, y in ((0.3, 0.6), (0.5, 0.5), (0.57, 0.37))))
            patiently(lambda: driver.run(TOLD, name) != before)
            return


@pytest.mark.parametrize(
    ("name", "other"),
    [(name, other) for other in ENGINES[1:] for name in PAGES if other == "firefox" or PAGES[name] in WEBKITS],
)
def test_an_explorer_answers_keys_and_mouse_with_chromiums_numbers(engine, name, other):
    told = []
    for driver in (engine("chromium", PAGES[name]), engine(other, PAGES[name])):
        told.append(try_keys(driver, name))
        try_mouse(driver, name)
    assert_same(*told)
