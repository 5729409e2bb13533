"""Formulas of the pages: drawn when the book is built, and each formula of the book can be."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import formulas  # noqa: E402


@pytest.fixture
def katex(lacking):
    """Skip without KaTeX, which tools/vendor.py fetches."""
    if not formulas.PACKAGE.is_dir():
        lacking("node_modules/katex is not there: run  python tools/vendor.py")


def formulas_of(page: Path) -> list[tuple[str, bool]]:
    """Return the formulas of a page as it is written, each with whether it stands by itself."""
    tokens = MarkdownIt().use(dollarmath_plugin, allow_labels=True, double_inline=True).parse(page.read_text("utf-8"))
    found = [(token.content, True) for token in tokens if token.type.startswith("math_block")]
    for token in tokens:
        found += [(each.content, "double" in each.type) for each in token.children or () if "math_inline" in each.type]
    return found


@pytest.mark.usefixtures("katex")
@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("*.md")), ids=lambda page: page.stem)
def test_every_formula_of_the_book_can_be_drawn(page):
    for tex, display in formulas_of(page):
        assert 'class="katex"' in formulas.drawn(tex.strip(), display)


def test_the_book_has_formulas():
    assert len(formulas_of(ROOT / "book" / "07_gram.md")) > 5


@pytest.mark.usefixtures("katex")
def test_a_formula_is_there_for_the_eye_and_for_the_ear():
    html = formulas.drawn(r"G_{ij} = \frac{1}{n} F_i \cdot F_j", True)
    assert 'class="katex-display"' in html
    assert re.search(r'<span class="katex-html" aria-hidden="true">', html)
    assert "<mfrac><mn>1</mn><mi>n</mi></mfrac>" in html


@pytest.mark.usefixtures("katex")
def test_what_is_no_formula_is_told_with_its_place_and_the_next_is_drawn():
    with pytest.raises(ValueError, match=r"Undefined control sequence: \\grm at position 1"):
        formulas.drawn(r"\grm", False)
    assert "katex" in formulas.drawn("x", False)


def test_without_katex_the_build_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr(formulas, "PACKAGE", tmp_path / "katex")
    with pytest.raises(ExtensionError, match=r"katex is missing.*run  python tools/vendor\.py"):
        formulas._renderer.__wrapped__()  # not the process that is there
