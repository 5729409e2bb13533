"""Figures have words for those who do not see them: the chapter's, else their own; an export keeps them."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys

import nbformat
import pytest
import torch
from jupytext.myst import myst_to_notebook

from nstlib import course, figures
from nstlib.figures.words import chapters_words, describe

DRAW = """\
from nstlib import figures
import torch
figures.use_book_style()
figures.show_images({"left": torch.zeros(1, 3, 8, 8), "<right>": torch.ones(1, 3, 8, 8)})"""


def two_pictures():
    return figures.show_images({"photo": torch.zeros(1, 3, 8, 8), "style": torch.ones(1, 3, 8, 8)})


@pytest.mark.parametrize("chapter", course.chapters())
def test_the_words_of_every_figure_of_a_chapter_are_found_by_its_code(chapter):
    text = (course.ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
    for cell in myst_to_notebook(text).cells:
        if words := cell.metadata.get("mystnb", {}).get("image", {}).get("alt"):
            assert describe(None, f"\n{cell.source}\n") == words


def test_a_figure_of_other_code_says_what_is_written_in_it():
    assert describe(two_pictures(), "something_else()") == "A figure with 2 parts: photo; style."


def test_a_figure_with_curves_names_axes_and_curves():
    figure = figures.plot_curves({"classic": [3.0, 2.0], "dual": [3.0, 1.0]}, xlabel="step", ylabel="loss")
    assert describe(figure) == "A figure with 1 part: loss against step, classic, dual."


def test_a_figure_without_titles_says_so():
    assert describe(figures.show_images([torch.zeros(1, 3, 8, 8)])) == "A figure with 1 part, without titles."


def export(folder, *cells, **environment):
    """Run cells as a notebook does, and return its export as HTML, as JupyterLab's menu makes it."""
    path = folder / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells]), path)
    command = [sys.executable, "-W", "ignore", "-m", "nbconvert", "--log-level=ERROR", "--to=html", "--execute"]
    plain = {name: value for name, value in os.environ.items() if name not in ("NST_STATIC_WIDGETS", "NST_FIGURES")}
    subprocess.run([*command, str(path)], check=True, env={**plain, "PYTHONPATH": str(course.ROOT), **environment})
    return path.with_suffix(".html").read_text(encoding="utf-8")


def pictures(exported):
    return [html.unescape(alt) for alt in re.findall(r'<img[^>]*? alt="([^"]*)"', exported.partition("<body")[2])]


@pytest.mark.exhaustive
def test_an_exported_notebook_keeps_the_words(tmp_path):
    assert pictures(export(tmp_path, DRAW)) == ["A figure with 2 parts: left; <right>."]


@pytest.mark.exhaustive
def test_an_exported_notebook_keeps_the_words_of_the_chapter(tmp_path):
    begin = 'photo = load_image(picture("cat"))\neye, rim ='  # in chapter 01; it needs nothing of the cells above it
    ((code, words),) = (both for both in chapters_words().items() if both[0].startswith(begin))
    prepared = "from nstlib import figures\nfrom nstlib.images import load_image, picture\nfigures.use_book_style()"
    assert pictures(export(tmp_path, prepared, code)) == [words]


@pytest.mark.exhaustive
def test_a_stored_solution_keeps_the_words_where_a_template_reads_them(tmp_path):
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "nbconvert",
        "--log-level=ERROR",
        "--to=html",
        "--template=classic",
    ]
    solution = course.ROOT / "solutions" / "07_gram.ipynb"
    subprocess.run([*command, f"--output-dir={tmp_path}", str(solution)], check=True)
    found = pictures((tmp_path / "07_gram.html").read_text(encoding="utf-8"))
    stored = [
        output.metadata[kind]["alt"]
        for cell in nbformat.read(solution, as_version=4).cells
        for output in cell.get("outputs", [])
        for kind in ("image/jpeg", "image/png")
        if kind in output.get("data", {})
    ]
    assert len(stored) >= 3
    assert [words for words in found if words in stored] == stored


@pytest.mark.exhaustive
@pytest.mark.parametrize("switch", [{"NST_STATIC_WIDGETS": "1"}, {"NST_FIGURES": "plain"}], ids=str)
def test_where_pictures_are_compared_they_stay_plain(tmp_path, switch):
    assert pictures(export(tmp_path, DRAW, **switch)) == ["No description has been provided for this image"]
