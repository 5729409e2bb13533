"""The book on paper: a page that a reader prints, and the file of the whole book."""

from __future__ import annotations

import print_book
import pytest

pytestmark = pytest.mark.browser

ON_PAPER = """() => {
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length).length;
  return {
    aside: seen(".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article button, .prev-next-area"),
    controls: seen(".nst-explorer"),
    still: seen(".nst-still img"),
    cut: [...document.querySelectorAll("article pre")].filter((e) => e.scrollWidth > e.clientWidth + 1).length,
  };
}"""


@pytest.mark.parametrize("some", ["book/02_convolution", "book/07_gram"])
def test_a_printed_page_has_its_text_and_still_pictures_and_no_controls(visit, some):
    with visit(some) as visited:
        assert visited.page.locator(".nst-explorer").first.is_visible()
        visited.page.emulate_media(media="print")
        found = visited.page.evaluate(ON_PAPER)
        assert found["still"] == visited.page.locator(".nst-page").count() > 0
        assert (found["aside"], found["controls"], found["cut"]) == (0, 0, 0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("folds", ["open", "none"])
def test_the_file_has_pages_that_its_list_names(chromium, html, tmp_path, monkeypatch, folds):
    pypdf = pytest.importorskip("pypdf")
    monkeypatch.setattr(print_book, "parts", lambda: iter([("", ["intro"]), ("Chapters", ["conventions", "07_gram"])]))
    count = print_book.print_book(chromium, html, tmp_path / "book.pdf", folds)
    pages = pypdf.PdfReader(tmp_path / "book.pdf").pages
    texts = [page.extract_text() for page in pages]
    assert count == len(pages) > 12
    begin = print_book.first_pages(tmp_path / "book.pdf")
    for slug, words in (("conventions", "onventions"), ("07_gram", "07 · Style without places")):
        assert words in texts[begin[slug] - 1]
        assert f"\n{begin[slug]}" in texts[1].replace(" ", "\n")  # in the list
        assert texts[begin[slug] - 1].split()[-1] == str(begin[slug])  # at the foot
    whole = " ".join(texts)
    assert ("Hint 1" in whole) is (folds == "open")
    assert "Question" in whole
    assert sum(len(page.images) for page in pages) > 20
    assert not (html / print_book.JOINED).exists()
