"""The built book in Firefox and in WebKit, the engine of Safari: it opens, answers, and computes what Chromium computes.

A page is right in Chromium because ``test_pages.py`` and its neighbors say so; here the others are held to it.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from drivers import HOOK, PATIENCE, Chromium, Firefox, WebKit, find_firefox, find_webkit
from PIL import Image
from test_explorers_on_pages import PAGES
from test_pages import OPEN_ALL, TOO_WIDE

from nstlib.apps.server import FolderHandler, make_server

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("chromium", "firefox", "webkit")
WEBKITS = ("book/02_convolution", "book/03_features", "book/07_gram", "book/10_transfer")  # whose explorers it tries
SAME = 1e-3  # relative: the same file, the same numbers
HARMLESS = re.compile(r"favicon")

READY = """async () => {
  document.querySelectorAll('.nst-page:not([data-live])').forEach((e) => e.dispatchEvent(new Event("pointerdown")));
  await document.fonts.ready;
  return document.readyState === "complete" && !document.querySelector(".nst-page:not([data-live])")
    && !document.querySelector('.nst-explorer[aria-busy="true"]');
}"""
ALIVE = """() => [...document.querySelectorAll('.nst-page')].filter((e) => e.dataset.live !== 'yes').length"""
FORMULAS = """() => [...document.querySelectorAll('main .math')].filter((e) =>
  ![...e.querySelectorAll('.katex-html, mjx-container')].some((drawn) => drawn.getBoundingClientRect().height > 4)
).map((e) => e.textContent.slice(0, 60))"""
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
    end = time.monotonic() + PATIENCE
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


# --- a picture of the reader's ------------------------------------------------------------------------------------------

FILE_INPUT = '.nst-page[data-explorer="{}"] input[type=file]'
READ = """async (data, size) => {
  const kit = document.querySelector('script[src*="kit/mount.js"]').src;
  const { readPicture } = await import(kit.replace("mount", "picture"));
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const picture = await readPicture(new File([bytes], "some.png"), size);
  return [picture.height, picture.width, ...picture.data];
}"""
CLICK = """(name, words) => {
  const place = document.querySelector(`.nst-page[data-explorer="${name}"] .nst-explorer`);
  const button = [...place.querySelectorAll("button")].find((e) => e.textContent.startsWith(words) && !e.disabled);
  button?.click();
  return Boolean(button);
}"""
NOTES = """(name) => [...document.querySelector(`.nst-page[data-explorer="${name}"]`)
  .querySelectorAll(".nst-note, .nst-reading, .nst-gate")].map((e) => e.textContent).join(" ")"""
STRONGEST = """async () => {
  document.querySelector(".nst-map").click();
  await new Promise((done) => setTimeout(done, 200));
  const side = document.querySelector(".nst-side:not([hidden])");
  return [document.querySelector('.nst-map[aria-selected="true"]').dataset.channel,
    side.querySelector('[data-number="mean"]').dataset.value].map(Number);
}"""
LOSSES = """() => ["step", "content", "style"].map((name) =>
  Number(document.querySelector(`.nst-explorer strong.nst-${name}`).textContent))"""


def encoded(array: np.ndarray) -> str:
    """Return a picture, shape (H, W, 3) or (H, W), of bytes, as a PNG file in base64."""
    buffer = io.BytesIO()
    Image.fromarray(array.astype(np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def click(driver, name: str, words: str) -> None:
    driver.wait_for(CLICK, name, words)


@pytest.mark.parametrize("name", ENGINES)
def test_a_picture_is_made_smaller_by_averaging_areas(engine, name):
    driver = engine(name, "book/02_convolution")
    board = 255 * (np.indices((512, 512)).sum(0) % 2)
    height, width, *data = driver.run(READ, encoded(board), 64)
    assert (height, width) == (64, 64)
    np.testing.assert_allclose(data, 0.5, atol=0.02)

    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3))
    height, width, *data = driver.run(READ, encoded(noise), 30)
    wanted = noise.reshape(20, 3, 30, 3, 3).mean((1, 3)).transpose(2, 0, 1)
    np.testing.assert_allclose(np.array(data).reshape(3, 20, 30), wanted / 255, atol=0.6 / 255)


@pytest.mark.weights
def test_a_file_has_the_same_features_everywhere(engine):
    found = {}
    for name in ENGINES:
        driver = engine(name, "book/03_features")
        driver.choose_file(FILE_INPUT.format("layers"), ROOT / "images" / "gallery.jpg")
        click(driver, "layers", "Load ")
        driver.wait_for("() => document.querySelector('.nst-origin')?.textContent.includes('just now')")
        found[name] = driver.run(STRONGEST)

    for name in ENGINES[1:]:
        assert found[name] == pytest.approx(found["chromium"], rel=SAME), found


@pytest.mark.weights
def test_ten_steps_of_style_transfer_have_the_same_losses_everywhere(engine):
    found = {}
    for name in ENGINES:
        driver = engine(name, "book/10_transfer")
        driver.run("() => document.querySelector('.nst-explorer input[type=radio][value=\"64\"]').click()")
        driver.choose_file(
            '.nst-page[data-explorer="transfer"] input[type=file]', ROOT / "images" / "content" / "coffee.jpg"
        )
        driver.wait_for("() => !!document.querySelector('.nst-stage[aria-label^=\"coffee.jpg\"]')")
        click(driver, "transfer", "Load ")
        driver.wait_for("() => Number(document.querySelector('.nst-step').textContent) > 0")
        click(driver, "transfer", "Pause")
        click(driver, "transfer", "Start over")
        for step in range(1, 11):
            click(driver, "transfer", "One step")
            driver.wait_for(f"() => Number(document.querySelector('.nst-step').textContent) === {step}")
        time.sleep(0.3)
        found[name] = driver.run(LOSSES)
    assert found["chromium"][0] == 10
    for name in ENGINES[1:]:
        assert found[name] == pytest.approx(found["chromium"], rel=SAME, abs=SAME), found


# --- what an engine cannot do -------------------------------------------------------------------------------------------


def test_a_canvas_that_hides_what_it_holds_is_noticed(start_firefox, hooked):
    with closing(start_firefox(preferences={"privacy.resistFingerprinting": True})) as driver:
        driver.open(f"{hooked}/book/02_convolution.html")
        driver.wait_for(READY)
        driver.choose_file(FILE_INPUT.format("kernels"), ROOT / "images" / "content" / "cat.jpg")
        driver.wait_for(f"() => ({NOTES})('kernels').includes('This browser hides what a picture holds')")


def test_without_webassembly_it_is_said_before_anything_is_fetched(start_firefox, hooked):
    with closing(start_firefox(preferences={"javascript.options.wasm": False})) as driver:
        driver.open(f"{hooked}/book/03_features.html")
        driver.wait_for(READY)
        driver.choose_file(FILE_INPUT.format("layers"), ROOT / "images" / "content" / "cat.jpg")
        driver.wait_for(f"() => ({NOTES})('layers').includes('This browser runs no WebAssembly')")
        driver.open(f"{hooked}/book/10_transfer.html")
        driver.wait_for(READY)
        driver.wait_for(f"() => ({NOTES})('transfer').includes('This browser runs no WebAssembly')")
        assert not driver.run(CLICK, "transfer", "Load ")
        fetched = driver.run("() => performance.getEntriesByType('resource').map((e) => e.name)")
        assert [one for one in fetched if one.endswith((".wasm", ".onnx"))] == []


AS_A_FILE = """() => ({
  words: document.querySelector("article").innerText.split(/\\s+/).length,
  broken: [...document.images].filter((image) => image.loading !== "lazy" && !image.naturalWidth).length,
  said: document.querySelector(".nst-still figcaption").innerText,
})"""


@pytest.mark.parametrize("name", ENGINES)
def test_the_book_opened_as_a_file_has_text_pictures_formulas_and_search(engine, hooked, html, name):
    driver = engine(name, "book/conventions")  # served, for what is left of it to be without problems
    driver.open((html / "index.html").as_uri())
    driver.wait_for("() => location.href.endsWith('book/intro.html') && document.readyState === 'complete'")
    driver.open((html / "book" / "07_gram.html").as_uri())
    there = "location.href.includes('07_gram') && document.readyState === 'complete'"
    driver.wait_for(f"() => {there} && !({FORMULAS})().length")
    found = driver.run(AS_A_FILE)
    assert found["words"] > 1000
    assert found["broken"] == 0
    assert "the page is served, not opened as a file: python -m http.server" in found["said"]
    driver.open((html / "search.html").as_uri() + "?q=Gram")
    driver.wait_for("() => document.querySelectorAll('#search-results li').length > 5")
    driver.open(f"{hooked}/book/conventions.html")
    driver.wait_for(READY)
    driver.problems.clear()  # what a page may not fetch from a file is in the console, and only there


# --- whether all of this would be seen ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
def test_what_goes_wrong_on_a_page_is_noticed(engine, name):
    driver = engine(name, "book/conventions")
    driver.run("""() => {
      console.error("a planted error");
      setTimeout(() => { throw new Error("a planted exception"); });
      Promise.reject(new Error("a planted rejection"));
      document.body.append(Object.assign(new Image(), { src: "nowhere.png" }));
    }""")
    for planted in ("a planted error", "a planted exception", "a planted rejection", "nowhere.png"):
        patiently(lambda planted=planted: any(planted in one for one in problems(driver)))
    driver.open(driver.run("() => location.href"))  # and forgotten with the page
    driver.problems.clear()
