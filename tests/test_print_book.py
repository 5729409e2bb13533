"""The whole book on paper: pages are joined, folds opened or left out, links lead to places in the same file."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))

import chromium
import print_book

PAGE = """<html><head>
<link rel="stylesheet" href="../_static/{slug}.css">
<link rel="stylesheet" href="../_static/all.css">
</head><body><nav>aside</nav><article class="bd-article">
<h1>{title}<a class="headerlink" href="#top">#</a></h1><script>alert(1)</script>
<p id="top"><a href="#top">here</a> <a href="02_two.html#top">two</a> <a href="02_two.html">all of two</a>
<a href="../genindex.html">index</a> <a href="https://arxiv.org/abs/1508.06576">paper</a></p>
<img loading="lazy" src="../_images/some.png" alt="some">
<details class="hide above-input"><summary>Show the setup</summary><pre>import torch</pre></details>
<details class="exercise-hint"><summary>Hint 1</summary><p>Transpose.</p></details>
<details class="quiz-option quiz-right"><summary>Yes.</summary><p>Right: it is so.</p></details>
</article></body></html>"""


@pytest.fixture
def html(tmp_path, monkeypatch):
    """A book of two pages."""
    (tmp_path / "book").mkdir()
    for slug, title in (("01_one", "One & all"), ("02_two", "Two")):
        (tmp_path / "book" / f"{slug}.html").write_text(PAGE.format(slug=slug, title=title), encoding="utf-8")
    monkeypatch.setattr(print_book, "parts", lambda: iter([("", ["01_one"]), ("Chapters", ["02_two"])]))
    return tmp_path


def article(html, folds="open"):
    text = (html / "book" / "01_one.html").read_text(encoding="utf-8")
    return print_book.on_paper(text, "01_one", {"01_one", "02_two"}, folds)


def test_links_lead_to_places_in_the_same_file(html):
    links = {link.get_text(): link["href"] for link in article(html).select("a")}
    assert links == {
        "here": "#01_one--top",
        "two": "#02_two--top",
        "all of two": "#02_two",
        "paper": "https://arxiv.org/abs/1508.06576",
    }
    assert "index" in article(html).get_text()


def test_what_a_screen_alone_needs_is_left_out(html):
    found = article(html)
    assert not found.select("script, .headerlink, [loading]")
    assert "alert" not in found.get_text()
    assert "aside" not in found.get_text()


def test_folds_are_opened(html):
    found = article(html)
    assert all(fold.has_attr("open") for fold in found.select("details"))
    assert "Transpose." in found.get_text()
    assert "import torch" in found.get_text()
    assert "Show the setup" not in found.get_text()


def test_folds_are_left_out_but_a_question_keeps_its_options(html):
    text = article(html, "none").get_text()
    assert "Yes." in text
    for hidden in ("Right: it is so.", "Hint 1", "Transpose.", "import torch"):
        assert hidden not in text


def test_the_book_is_one_page_with_a_list_of_what_is_in_it(html):
    page = print_book.join(html, "none", {"01_one": 3, "02_two": 17})
    assert '<li><a href="#02_two">Two</a><span>17</span></li>' in page
    assert '<a href="#01_one">One &amp; all</a>' in page
    assert "<h2>Chapters</h2>" in page
    assert "Without hints, answers and solutions." in page
    assert page.count("all.css") == 1
    assert "01_one.css" in page
    assert "02_two.css" in page
    assert page.index('id="01_one"') < page.index('id="02_two"')


def test_every_page_of_the_book_is_printed():
    import build_book

    assert [f"book/{slug}" for _, group in print_book.parts() for slug in group] == build_book.pages()


@pytest.mark.parametrize("name", ["some.png", "some.webp"])
def test_pictures_come_as_jpeg_unless_they_are_transparent(tmp_path, name):
    Image.new("RGB", (8, 6), (200, 30, 90)).save(tmp_path / name)
    kind, _, data = print_book.in_jpeg(name, tmp_path).partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (8, 6)
        assert image.getpixel((4, 3)) == pytest.approx((200, 30, 90), abs=3)
    Image.new("RGBA", (8, 6), (200, 30, 90, 128)).save(tmp_path / f"through-{name}")
    assert print_book.in_jpeg(f"through-{name}", tmp_path) == f"through-{name}"


@pytest.mark.parametrize("address", ["../_static/logo.svg", "../_images/some.jpg", "nowhere.png"])
def test_other_pictures_stay_where_they_are(tmp_path, address):
    assert print_book.in_jpeg(address, tmp_path) == address


def test_chromium_is_the_one_that_is_named_or_the_first_that_is_installed(monkeypatch):
    monkeypatch.setattr("shutil.which", {"google-chrome": "/bin/g", "chrome": "/bin/c"}.get)
    monkeypatch.setenv("CHROMIUM", "/opt/mine")
    assert chromium.find_chromium() == "/opt/mine"
    monkeypatch.delenv("CHROMIUM")
    assert chromium.find_chromium() == "/bin/g"


def test_without_chromium_it_is_told_what_to_do(html, monkeypatch, capsys):
    (html / "index.html").touch()
    monkeypatch.setattr(print_book, "HTML", html)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sys.argv", ["print_book.py"])
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert print_book.main() == 1
    assert capsys.readouterr().err == "Printing needs Chromium: install it, or set CHROMIUM to its path.\n"
