"""The built book and explorers by themselves, served on this machine, and a Chromium that can reach nothing else."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from build_book import pages
from sampling import sampled
from xdist.scheduler import LoadScopeScheduling

from nstlib.apps.server import make_folder_server
from nstlib.widgets.explorer import FOLDER, module_source, style_source

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
SOME_MODULES = ("book/api/gram", "book/api_inside/engine", "book/api_inside/engine.tiles")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>alone</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">{head}</head><body>{body}</body></html>"""
KERNEL = """<main id="el"></main><script type="module">
import explorer from "./explorer.js";
const state = {state};
const listeners = {{}};
const text = (one) => {{
  const raw = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
  let letters = "";
  for (let i = 0; i < raw.length; i += 8192) letters += String.fromCharCode(...raw.subarray(i, i + 8192));
  return btoa(letters);
}};
const view = (one) => new DataView(Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0)).buffer);
const model = {{
  get: (key) => state[key],
  set: (key, value) => {{ state[key] = value; }},
  save_changes() {{ window.saved = {{ ...state }}; }},
  on: (event, act) => {{ listeners[event] = act; }},
  off() {{}},
  async send(content, _, buffers) {{
    const [answer, sent] = await window.askKernel(content, buffers.map(text));
    listeners["msg:custom"](answer, sent.map(view));
  }},
}};
await explorer.render({{ model, el: document.getElementById("el") }});
</script>"""
SCREENS = {
    "light": (1280, "light"),
    "dark telephone": (360, "dark"),
    "dark": (1280, "dark"),
    "telephone": (360, "light"),
}
NO_STATE = ("layout", "tabbable", "tooltip")  # of a widget: Jupyter's own
EACH = 12  # of so many modules one more is looked at, by `make exhaustive`
SETTLED = """async ({ start }) => {
  if (start)
    document.querySelectorAll('.nst-page:not([data-live])').forEach((e) => e.dispatchEvent(new Event('pointerdown')));
  const waits = () => document.querySelector('.nst-page:not([data-live])');
  for (let i = 0; start && i < 100 && waits(); i++)
    await new Promise((done) => setTimeout(done, 100));
  await document.fonts.ready;
  await new Promise((done) => setTimeout(done, 300));
}"""


def toc_pages() -> list[str]:
    """Return the pages of the table of contents, and those that Sphinx adds."""
    return [*pages(), *SOME_MODULES, "search", "genindex", "py-modindex"]


def other_modules() -> list[str]:
    """Return some pages of modules, made one like the other, beside those that are always looked at."""
    found = (path.relative_to(HTML).as_posix()[: -len(".html")] for path in sorted(HTML.glob("book/api*/*.html")))
    return [page for page in found if page not in SOME_MODULES][::EACH]


def chapters() -> list[str]:
    """Return the chapters' pages."""
    return [page for page in toc_pages() if re.search(r"/\d\d_", page)]


def pytest_generate_tests(metafunc) -> None:
    """Run a test that asks for ``page`` on every page, ``chapter`` on every chapter, ``page`` and ``screen`` on screens.

    Every page is seen on the first screen, one in four on the second as well: both widths and both schemes. What goes
    wrong only where these cross is rare, and left to `make exhaustive`.
    """
    others = other_modules()
    if {"page", "screen"} <= set(metafunc.fixturenames):
        usual = {(page, "light") for page in toc_pages()} | {(page, "dark telephone") for page in toc_pages()[::4]}
        pairs = [(page, screen) for page in [*toc_pages(), *others] for screen in SCREENS]
        metafunc.parametrize(("page", "screen"), sampled(pairs, usual))
    elif "page" in metafunc.fixturenames:
        metafunc.parametrize(
            "page", [*toc_pages(), *(pytest.param(page, marks=pytest.mark.exhaustive) for page in others)]
        )
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", chapters())


class ByPage(LoadScopeScheduling):
    """Keeps the tests of one page in one process, which then looks at it once for all of them.

    Likewise those of another engine than Chromium, which then starts once.
    """

    pages = sorted([*toc_pages(), *other_modules()], key=len, reverse=True)  # book/api is a part of book/api_inside

    def _split_scope(self, nodeid: str) -> str:
        if "test_three_engines" in nodeid:
            return "webkit" if "webkit" in nodeid else "firefox"
        values = nodeid.partition("[")[2]
        return next((page for page in self.pages if values.startswith(page)), nodeid)


@pytest.hookimpl(optionalhook=True)  # under -p no:xdist nobody asks
def pytest_xdist_make_scheduler(config, log) -> ByPage | None:
    """Take the place of xdist's own ``loadgroup``, whose marks pytest 9.2 does not see (xdist 3.8)."""
    return ByPage(config, log) if config.getvalue("dist") == "loadgroup" else None


@dataclass
class Visit:
    """A page that was opened, and what went wrong while it loaded."""

    page: object
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def html(lacking) -> Path:
    """The folder of the built book."""
    if not (HTML / "index.html").exists():
        lacking("the book is not built: run  make browser  (or: python tools/build_book.py)")
    return HTML


@pytest.fixture(scope="session")
def site(html: Path, serving) -> Iterator[str]:
    """The address at which the built book is served."""
    with serving(make_folder_server(html)) as address:
        yield address


@pytest.fixture(scope="session")
def static(tmp_path_factory, lacking) -> Path:
    """A folder with all that explorers load, laid out as the book's _static, and ``empty.html``."""
    folder = tmp_path_factory.mktemp("static")
    for part in ("vendor/ort", "layers"):
        if not (ROOT / "_vendor" / part).is_dir():
            lacking("front-end files are missing: python tools/vendor.py, python tools/export_layers.py")
        shutil.copytree(ROOT / "_vendor" / part, folder / part)
    shutil.copytree(FOLDER, folder / "explorers", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copyfile(ROOT / "book" / "data" / "one_pass.onnx", folder / "explorers" / "runtime" / "painter.onnx")
    (folder / "empty.html").write_text(PAGE.format(head="", body=""), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def axe(lacking) -> str:
    """The source of axe-core, which looks for barriers in a page."""
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        lacking("axe-core is missing: python tools/vendor.py")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def visit(chromium, site: str):
    """Open a page: ``with visit("book/intro", width=360, scheme="dark") as visited``; nothing off the machine is reached.

    Its explorers are touched, so that they begin; ``start=False`` leaves those alone that are far from what is seen.
    """

    @contextmanager
    def opened(
        page: str, *, width: int = 1280, scheme: str = "light", start: bool = True, **options
    ) -> Iterator[Visit]:
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
        visited = Visit(context.new_page())
        watch(visited, site)
        path, _, query = page.partition("?")
        visited.page.goto(f"{site}/{path}.html{'?' + query if query else ''}", wait_until="load")
        if options.get("java_script_enabled", True):
            visited.page.evaluate(SETTLED, {"start": start})
        try:
            yield visited
        finally:
            context.close()

    return opened


@contextmanager
def watched(chromium, address: str, *, width: int = 1000, spoiled: bool = False, functions=None, **options):
    """Open a page of a test's own server, which can call ``functions``; nothing went wrong on it, unless ``spoiled``."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
    visited = Visit(context.new_page())
    watch(visited, "/".join(address.split("/")[:3]))
    for name, function in (functions or {}).items():
        visited.page.expose_function(name, function)
    try:
        visited.page.goto(address)
        yield visited
        assert spoiled or visited.problems == []
    finally:
        context.close()


@pytest.fixture
def with_kernel(chromium, tmp_path, serving):
    """Open a widget as a notebook's front end does: ``with with_kernel("layers", widget, answer) as visited``.

    ``answer(widget, content, buffers)`` is what its kernel does with a message; it sends by the first one's ``send``.
    """

    @contextmanager
    def opened(name: str, widget, answer) -> Iterator[Visit]:
        keys = [key for key in widget.traits(sync=True) if not key.startswith("_") and key not in NO_STATE]
        body = KERNEL.format(state=json.dumps({key: getattr(widget, key) for key in keys}))
        page = PAGE.format(head=f"<style>{style_source(name)}</style>", body=body)
        (tmp_path / "index.html").write_text(page, encoding="utf-8")
        (tmp_path / "explorer.js").write_text(module_source(name), encoding="utf-8")

        def ask(content: dict, given: list[str]) -> tuple[dict, list[str]]:
            sent = []
            line = SimpleNamespace(send=lambda content, buffers=(): sent.append((content, buffers)))
            answer(line, content, [base64.b64decode(one) for one in given])
            ((told, buffers),) = sent
            return told, [base64.b64encode(one).decode() for one in buffers]

        with (
            serving(make_folder_server(tmp_path)) as address,
            watched(chromium, address, functions={"askKernel": ask}) as visited,
        ):
            yield visited

    return opened


def watch(visited: Visit, site: str) -> None:
    """Note every request that fails or leaves the machine, and every error of the page."""
    page, note = visited.page, visited.problems.append

    def guard(route) -> None:
        address = route.request.url
        if address.startswith((site, "data:", "blob:")):
            route.continue_()
        else:
            note(f"request off the machine: {address}")
            route.abort()

    page.route("**/*", guard)
    page.on("requestfailed", lambda request: note(f"request failed: {request.url} ({request.failure})"))
    page.on("response", lambda answer: answer.status >= 400 and note(f"status {answer.status}: {answer.url}"))
    page.on("pageerror", lambda error: note(f"page error: {error}"))
    page.on("console", lambda message: message.type == "error" and note(f"console error: {message.text}"))
