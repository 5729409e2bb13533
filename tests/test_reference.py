"""The reference has a page for every module, made of its docstring; the bibliography leads to papers, and back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from pybtex.database import parse_file
from sphinxcontrib.bibtex.citation_target import CitationTarget
from sphinxcontrib.bibtex.roles import CitationRef

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import cited  # noqa: E402
import library  # noqa: E402
from sphinx import addnodes  # noqa: E402
from sphinx.errors import ExtensionError  # noqa: E402

LINK = re.compile(r"\]\(([^)]+)\.md\)")
ELSEWHERE = {"fisher1935"}  # a book of 1935, which no address stands for
WHERE_IT_IS = {"eprint": r"\d{4}\.\d{4,5}", "doi": r"10\.\d{4,}/\S+", "url": r"https://\S+"}


# --- modules ------------------------------------------------------------------------------------------------------------


def test_every_module_is_listed_on_one_of_the_two_pages():
    ground, inside = map(library.modules_of, library.LISTS.values())
    assert {"nstlib.gram", "nstlib.check"} <= set(ground)
    assert {"nstlib.engine", "nstlib.kernels.products"} <= set(inside)
    assert sorted([*ground, *inside]) == sorted(set(library.module_names()))


def test_a_package_that_lists_what_it_offers_is_one_module():
    names = library.module_names()
    assert {"nstlib.engine", "nstlib.engine.tiles", "nstlib.apps.card.recipe", "nstlib.check"} <= set(names)
    assert [name for name in names if name.startswith(("nstlib.check.", "nstlib.widgets.", "nstlib.cli."))] == []


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let pages be written into a folder that holds no chapters."""
    monkeypatch.setattr(library, "ROOT", tmp_path)
    library.chapters.cache_clear()
    (tmp_path / "book" / "api").mkdir(parents=True)
    yield tmp_path
    library.chapters.cache_clear()


def test_the_pages_are_those_of_the_modules_there_are(elsewhere):
    gone = elsewhere / "book" / "api" / "gone.md"
    gone.write_text("# nstlib.gone", encoding="utf-8")
    library.write_pages(None, None)
    assert not gone.exists()
    names = {path.name[:-3] for folder in library.LISTS for path in (elsewhere / folder).glob("*.md")}
    assert names == {name.removeprefix("nstlib.") for name in library.module_names()}


def test_a_page_that_says_the_same_is_not_written_again(elsewhere):
    library.write_pages(None, None)
    page = elsewhere / "book" / "api" / "gram.md"
    before = page.stat().st_mtime_ns
    library.write_pages(None, None)
    assert page.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", library.module_names())
def test_a_module_says_in_one_sentence_what_it_is_for(name):
    each = library.module(name)
    assert len(each.sentence) > 20, "the first sentence of its docstring"
    assert 0 < len(each.idea) <= 80


@pytest.mark.parametrize(
    ("doc", "sentence", "idea"),
    [
        ("Style as this: the matrix (chapter on Gram matrices).", "Style as this: the matrix", "style as this"),
        ("How good is it? Measures.", "How good is it?", "how good is it"),
        ("DeepDream: a photo climbs.", "DeepDream: a photo climbs", "DeepDream"),
        ("VGG as eyes.", "VGG as eyes", "VGG as eyes"),
        ("A card: one\npicture. And more.\n\nMore.", "A card: one picture", "a card"),
        ("Winograd's F(4, 3): fast (Gray, 2016).", "Winograd's F(4, 3): fast (Gray, 2016)", "Winograd's F(4, 3)"),
        ("A folder, each in it::\n\n    a/", "A folder, each in it", "a folder"),
        ("3 x 3 kernels, fast.", "3 x 3 kernels, fast", "3 x 3 kernels"),
    ],
)  # fmt: skip
def test_titles_and_sentences_come_from_the_docstring(doc, sentence, idea):
    each = library.Module("nstlib.x", doc, is_package=False, is_hall=False, has_code=True)
    assert (each.sentence, each.idea) == (sentence, idea)


def test_imports_are_read_as_python_reads_them():
    names = {"nstlib.gram", "nstlib.figures", "nstlib.figures.cards", "nstlib.engine", "nstlib.engine.tiles"}
    code = "from nstlib import figures, gone\nfrom nstlib.engine import tiles\n    import nstlib.gram as g\n# import torch\n"
    assert library.imported_in(code, names) == {"nstlib.figures", "nstlib.engine.tiles", "nstlib.gram"}
    assert library.imported_in("from nstlib.engine.tiles import (\n    blocks_of,\n)\n", names) == {
        "nstlib.engine.tiles"
    }
    assert library.imported_in("from nstlib.figures import draw_card\n", names) == {"nstlib.figures"}


def test_the_chapter_of_a_modules_name_comes_first_among_those_that_use_it():
    assert library.used_in("nstlib.gram", "../").startswith("[07](../07_gram.md) and ")
    assert library.used_in("nstlib.images", "").startswith("[01](01_images.md)")
    assert library.used_in("nstlib.inversion", "") == "[06](06_inversion.md)"
    assert library.used_in("nstlib.formats.png", "") == ""


def test_a_table_links_each_module_and_chapter_from_where_it_stands():
    page = library.page_of("nstlib.engine")
    assert page.startswith("# nstlib.engine: long and large runs\n")
    linked = {
        (ROOT / "book" / "api_inside" / link).resolve().relative_to(ROOT).as_posix() for link in LINK.findall(page)
    }
    assert {"book/api_inside/engine.tiles", "book/17_engine"} <= linked
    assert [
        link for link in linked if not link.startswith("book/api_inside/") and not (ROOT / f"{link}.md").exists()
    ] == []


def test_a_list_stands_where_its_page_says():
    source = ["# T\n\n% modules of the ground floor\n"]
    library.list_modules(None, "book/api", source)
    assert "| [`gram`](api/gram.md) | Style as correlations" in source[0]
    for text in ("# T\n", "# T\n\n% modules of kernels\n"):
        with pytest.raises(ExtensionError, match=r"book/api\.md lacks a line  % modules of the ground floor"):
            library.list_modules(None, "book/api", [text])
    library.list_modules(None, "book/07_gram", other := ["# T\n"])
    assert other == ["# T\n"]


def test_the_table_of_contents_names_modules_shortly():
    tree = addnodes.toctree(entries=[(None, "book/api/gram"), (None, "book/api/images")])
    document = SimpleNamespace(findall=lambda kind: [tree])
    for page, name in (("book/intro", None), ("book/api", "gram")):
        library.shorten_entries(SimpleNamespace(env=SimpleNamespace(docname=page)), document)
        assert tree["entries"][0] == (name, "book/api/gram")


# --- the bibliography ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(parse_file(str(ROOT / "book" / "references.bib")).entries))
def test_a_reference_says_where_it_is_read(key):
    fields = parse_file(str(ROOT / "book" / "references.bib")).entries[key].fields
    found = {name: fields[name] for name in WHERE_IT_IS if name in fields}
    assert bool(found) != (key in ELSEWHERE)
    assert [name for name, text in found.items() if not re.fullmatch(WHERE_IT_IS[name], text)] == []
    assert "arXiv:" not in fields.get("note", ""), "an address as a field becomes a link"


def citation(docname, line, anchor, *keys):
    return CitationRef(anchor, docname, line, [CitationTarget(key, "", "") for key in keys])


def test_the_first_citation_of_each_page_is_where_the_way_back_leads():
    citations = [
        citation("book/08_textures", 3, "id1", "gatys"),
        citation("book/07_gram", 90, "id4", "gatys", "li"),
        citation("book/07_gram", 12, "id9", "gatys"),
    ]
    places = cited.first_places(citations, ["book/07_gram", "book/08_textures"])
    assert places == {"gatys": {"book/07_gram": "id9", "book/08_textures": "id1"}, "li": {"book/07_gram": "id4"}}
    assert list(places["gatys"]) == ["book/07_gram", "book/08_textures"]


def test_a_chapter_is_named_by_its_number_and_another_page_by_its_title():
    titles = {"book/07_gram": "07 · Style without places", "book/next": "Where to go"}
    line = cited.cited_in({"book/07_gram": "id9", "book/next": "id1"}, titles, lambda name: f"{name[5:]}.html")
    assert line.astext() == "Cited in 07, Where to go"
    links = list(line.findall(nodes.reference))
    assert [link["refuri"] for link in links] == ["07_gram.html#id9", "next.html#id1"]
    assert links[0]["reftitle"] == "07 · Style without places"
