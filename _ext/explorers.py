"""Explorers on the built pages: their scripts and style sheets, on those pages that hold one and no others.

They are copied from ``nstlib/widgets`` rather than served from ``_static``: Jupyter Book puts *every* ``.js`` and ``.css``
found there into every page. And they are copied before anything is written, even if no page is out of date.

What an explorer is begun with, and its still picture, come out of the page into files of their own, which the page fetches
when the explorer comes near; parts of a state that are asked for later lie apart from it. Two pages with the same one share
its files.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import shutil
from pathlib import Path

from blocks import ROOT
from docutils import nodes
from PIL import Image

WIDGETS = ROOT / "nstlib" / "widgets"
GRAPHS = {"runtime/painter.onnx": ROOT / "book" / "data" / "one_pass.onnx"}  # that a page's worker runs
HELD = re.compile(r'<div class="nst-page" data-explorer="(\w+)">')
APART = "_static/held"  # the folder of the states and still pictures, which an explorer's page names
INLINE = re.compile(
    r'(<div class="nst-page" data-explorer="(\w+)")>(.*?)<script type="application/json">(.*?)</script></div>',
    re.DOTALL,
)
STILL = re.compile(r'<img src="data:image/webp;base64,([^"]*)"')
ADDRESS = re.compile(r'"address":"([^"]*/held/[^"]*)"')
NAMED = re.compile(r'(?:src|data-state)="([^"]*/held/[^"]*)"')


def copy_files(app) -> None:
    """Copy what explorers load to ``_static/explorers`` of the built book."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "explorers"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted([*WIDGETS.rglob("*.js"), *WIDGETS.rglob("*.css")]):
        copy = target / path.relative_to(WIDGETS)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
    for name, path in GRAPHS.items():
        shutil.copyfile(path, target / name)


def add_files(app, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Let a page that holds explorers load what they need."""
    names = held_explorers(doctree) if doctree is not None else []
    if not names:
        return
    from nstlib.widgets.explorer import style_names  # imported here: it brings PyTorch along

    for style in dict.fromkeys(style for name in names for style in style_names(name)):
        app.add_css_file(f"explorers/{style}.css")
    app.add_js_file("explorers/kit/mount.js", type="module")


def held_explorers(doctree: nodes.document) -> list[str]:
    """Return the names of the explorers on a page, each once."""
    found = [name for node in doctree.findall(nodes.raw) for name in HELD.findall(node.astext())]
    return list(dict.fromkeys(found))


def set_apart(page: str, path: Path, out: Path) -> str:
    """Return a page whose explorers' states and still pictures lie in files of their own, which are written.

    Args:
        page: its HTML.
        path: where it lies; what it names is named from there.
        out: the folder of the built book.
    """
    folder = out / APART

    def keep(stem: str, data: bytes, ending: str) -> str:
        file = folder / f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(data)
        return Path(os.path.relpath(file, path.parent)).as_posix()

    def moved(match: re.Match[str]) -> str:
        opening, name, shown, state = match.groups()

        def picture(still: re.Match[str]) -> str:
            data = base64.b64decode(still[1])
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
            return f'<img loading="lazy" width="{width}" height="{height}" src="{keep(name, data, "webp")}"'

        def split(value: dict) -> dict:  # what nstlib.widgets.explorer.apart marked
            if set(value) != {"apart"}:
                return value
            return {"address": keep(name, json.dumps(value["apart"], separators=(",", ":")).encode(), "json")}

        if '{"apart":' in state:
            state = json.dumps(json.loads(state, object_hook=split), separators=(",", ":"))
        address = html.escape(keep(name, state.encode(), "json"))
        return f'{opening} data-state="{address}">{STILL.sub(picture, shown)}</div>'

    return INLINE.sub(moved, page)


def set_all_apart(app, failure: Exception | None) -> None:
    """Do that for all pages, and throw away the files that no page names any more."""
    if failure is not None or app.builder.format != "html":
        return
    out, named = Path(app.outdir), set()
    for path in sorted(out.rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        after = set_apart(before, path, out)
        files = {(path.parent / address).resolve() for address in NAMED.findall(after)}
        states = (file.read_text(encoding="utf-8") for file in files if file.suffix == ".json")
        inside = {(path.parent / address).resolve() for state in states for address in ADDRESS.findall(state)}
        named |= files | inside
        if after != before:
            path.write_text(after, encoding="utf-8")
    for file in (out / APART).glob("*"):
        if file.resolve() not in named:
            file.unlink()


def setup(app) -> dict:
    app.connect("builder-inited", copy_files)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", set_all_apart)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
