"""What the search knows of a page, and what it loads first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import find  # noqa: E402

HTML = """<html><body><nav>menu</nav><article class="bd-article"><section id="gram">
<h1>07 · Gram<a class="headerlink" href="#gram">#</a></h1><p class="chapter-line">21 minutes</p>
<p>Two <em>textures</em><br>meet &amp; <span class="math"><math><mi>G</mi><annotation>G = 1</annotation></math>
<span>G=1</span></span> <span class="math"><annotation>\\frac a b</annotation></span>.</p><pre>code</pre>
<details><summary>Solution</summary><p>secret <span class="math"><annotation>x</annotation></span></p></details>
<section id="sums"><h2>The <code>gram_matrix</code></h2><p>Sums.
<p>Left open.
<div class="exercise-card admonition" id="exercise-gram-matrix">
<p class="admonition-title">Exercise: <code>gram_matrix</code></p>
<p class="exercise-effort">easy</p><p>Write it.</p></div>
<div class="note admonition"><p class="admonition-title">Note</p><p>So.</p></div></section><p>End.</p></section></article>
<p>footer</p></body></html>"""


def test_a_page_is_read_by_sections_without_code_hints_and_formulas():
    page = find.read_page("book/07_gram", HTML)
    told = [(each.anchor, each.title, each.text) for each in page.sections]
    assert told == [
        ("gram", "07 · Gram", "Two textures meet & G = 1 …. End."),
        ("sums", "The gram_matrix", "Sums. Left open. Note So."),
        ("exercise-gram-matrix", "Exercise: gram_matrix", "Write it."),
    ]
    assert page.title == "07 · Gram"


def page(name, title, text):
    return find.Page(name, [find.Section("a", title, text)])


def test_words_are_counted_by_their_stems_and_where_they_stand():
    pages = [page("book/07_gram", "The Gram matrix", "styles style"), page("book/next", "Where to go", "gram_matrix")]
    index = find.make_index(pages, [], [])
    assert index["words"]["style"] == [0, 2 * find.WEIGHTS["text"]]
    assert index["words"]["gram"] == [0, find.WEIGHTS["page"], 1, find.WEIGHTS["text"]]
    assert index["words"]["gram_matrix"] == [1, 1]
    assert "the" not in index["words"], "what stands everywhere finds nothing"
    assert [row[:3] for row in index["pages"]] == [
        ["book/07_gram", "The Gram matrix", find.CHAPTERS],
        ["book/next", "Where to go", find.PAGES],
    ]


def test_a_page_is_as_long_as_its_words():
    index = find.make_index([page("book/07_gram", "Gram", "one two two")], [], [])
    assert index["pages"][0][3] == sum(index["words"][word][1] for word in index["words"]) == find.WEIGHTS["page"] + 3


def test_exercises_are_found_where_their_cards_stand():
    cards = find.Page("book/07_gram", [find.Section("exercise-gram-matrix", "Exercise: gram_matrix", "Write it.")])
    [[name, title, where, anchor]] = find.exercises_of([cards, page("book/next", "Next", "")])
    assert (name, where, anchor) == ("gram_matrix", "book/07_gram", "exercise-gram-matrix")
    assert title


def test_the_text_of_the_reference_is_not_searched():
    assert find.is_read("book/07_gram")
    assert not find.is_read("book/api")
    assert not find.is_read("book/api/gram")
    assert not find.is_read("book/api_inside/engine.tiles")


def test_what_is_handed_over_is_what_was_found():
    text = find.call("f", 3, {"a": 'quote " and </script> and é'})
    assert text.startswith("f(3,")
    assert json.loads(text[len("f(3,") : -len(");\n")]) == {"a": 'quote " and </script> and é'}
