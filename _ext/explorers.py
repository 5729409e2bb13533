"""Explorers on the built pages: their scripts and style sheets, on those pages that hold one and no others.

They are copied from ``nstlib/widgets`` rather than served from ``_static``: Jupyter Book puts *every* ``.js`` and ``.css``
found there into every page. And they are copied before anything is written, even if no page is out of date.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from blocks import ROOT
from docutils import nodes

WIDGETS = ROOT / "nstlib" / "widgets"
GRAPHS = {"runtime/painter.onnx": ROOT / "book" / "data" / "one_pass.onnx"}  # that a page's worker runs
HELD = re.compile(r'<div class="nst-page" data-explorer="(\w+)">')


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


def setup(app) -> dict:
    app.connect("builder-inited", copy_files)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
