"""Links within the built book lead somewhere: files exist, and so do the places in them."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from conftest import ROOT

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
    # The page for lost readers is shown at any depth, so its links begin at the root.
    path = parts.path.removeprefix("/") if page.name == "404.html" else parts.path
    target = (page.parent / unquote(path)).resolve() if parts.path else page
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


def test_the_address_that_a_page_had_leads_to_where_it_is_now(html):
    moved = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]["redirects"]
    for before, now in moved.items():
        text = (html / f"{before}.html").read_text(encoding="utf-8")
        assert re.search(rf"url={re.escape(now)}|{re.escape(now)}", text)
        assert (html / before).with_name(now).is_file()


def test_the_bibliography_leads_to_papers_and_back_to_who_cites_them(html):
    text = (html / "book" / "bibliography.html").read_text(encoding="utf-8")
    entries = text.split('<div class="citation"')[1:]
    assert len(entries) > 50
    assert [entry[:200] for entry in entries if "Cited in" not in entry] == []
    lacking = [entry for entry in entries if not re.search(r'class="reference external" href="https://', entry)]
    assert len(lacking) <= 1, "a book of 1935"
    assert re.search(r'Cited in .*href="07_gram\.html#id\d+".*>07</a>', text)


def test_a_chapter_offers_both_notebooks_for_download(html, chapter):
    links = read(html / f"{chapter}.html").links
    name = chapter.rpartition("/")[2]
    assert len([link for link in links if "_downloads" in link and link.endswith(f"{name}.ipynb")]) == 2
