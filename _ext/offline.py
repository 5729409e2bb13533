"""Keep the built pages free of anything that is fetched from the network.

Jupyter Book always loads sphinx-thebe, which writes the address of its bundle into every page, twice, so that a second
``const THEBE_JS_URL`` raises a SyntaxError in the browser. The course does not use Thebe: its event handlers are taken off.
"""

from __future__ import annotations

import os
from pathlib import Path

from sphinx.errors import ExtensionError

VENDOR = Path(__file__).resolve().parent.parent / "_vendor"


def add_vendor(app, config) -> None:
    """Serve ``_vendor/*`` under ``_static/``.

    Not ``_static`` itself: Jupyter Book puts *every* ``.js`` and ``.css`` found there into every page.
    """
    if not (VENDOR / "vendor").is_dir():
        raise ExtensionError("the book's front-end files are missing: run  python tools/vendor.py")
    config.html_static_path.append(str(VENDOR))


def announce_static_pages(app, config) -> None:
    """Tell the kernels that run the chapters that no kernel will run behind the page: widgets show frames made now.

    Nor are the book's own solutions the reader's progress.
    """
    os.environ["NST_STATIC_WIDGETS"] = "1"
    os.environ["NST_PROGRESS"] = "off"


def setup(app) -> dict:
    app.connect("config-inited", add_vendor)
    app.connect("config-inited", announce_static_pages)
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__.split(".")[0] == "sphinx_thebe":
                app.disconnect(listener.id)
    app.registry.css_files[:] = [file for file in app.registry.css_files if file[0] != "sphinx-thebe.css"]
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
