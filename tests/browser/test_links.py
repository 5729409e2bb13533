"""Links within the built book lead somewhere: files exist, and so do the places in them."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.browser


class Page(HTMLParser):
    """What a page names (ids) and what it refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for key, value in attributes:
            if key == "id" or (key == "name" and tag == "a"):
                self.names.add(value or "")
            elif key in ("href", "src") and value:
                self.links.append(value)


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken(page: Path, link: str) -> bool:
    """Say whether a link of a page leads nowhere within the book."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return True
    lands = not parts.fragment or target.suffix != ".html" or unquote(parts.fragment) in read(target).names
    return not lands


def test_every_link_within_the_book_leads_somewhere(html):
    pages = [page for page in sorted(html.rglob("*.html")) if "_static" not in page.parts]
    found = {
        page.relative_to(html).as_posix(): [link for link in read(page).links if broken(page, link)] for page in pages
    }
    assert {page: links for page, links in found.items() if links} == {}


def test_each_chapter_offers_both_notebooks_for_download(html):
    for page in sorted((html / "book").glob("[0-9][0-9]_*.html")):
        downloads = [link for link in read(page).links if "_downloads" in link and link.endswith(f"{page.stem}.ipynb")]
        assert len(downloads) == 2, page.name
