"""The way back from the bibliography: under each of its entries, the pages that cite it, at the place where they do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from docutils import nodes

PAGE = "book/bibliography"
CHAPTER = re.compile(r"(?:^|/)(\d\d)_[^/]+$")


def first_places(citations: Iterable, order: list[str]) -> dict[str, dict[str, str]]:
    """Return for each key the pages that cite it, in this order, and the anchor of the first citation on each.

    ``citations`` are sphinxcontrib-bibtex's references to entries, each to one or more.
    """
    found: dict[str, dict[str, str]] = {}
    for citation in sorted(citations, key=lambda each: (order.index(each.docname), each.line)):
        for target in citation.targets:
            found.setdefault(target.key, {}).setdefault(citation.docname, citation.citation_ref_id)
    return found


def name_of(docname: str, title: str) -> str:
    """Return a chapter's number, or the title of a page that has none."""
    chapter = CHAPTER.search(docname)
    return chapter[1] if chapter else title


def cited_in(places: dict[str, str], titles: dict[str, str], address) -> nodes.paragraph:
    """Return the line under an entry; ``address`` of a page's name is where it lies from here."""
    line = nodes.paragraph("", "Cited in ", classes=["cited-in"])
    for number, (docname, anchor) in enumerate(places.items()):
        title = titles[docname]
        name = name_of(docname, title)
        target = f"{address(docname)}#{anchor}"
        line += nodes.Text(", " if number else "")
        line += nodes.reference("", name, internal=True, refuri=target, reftitle=title)
    return line


def add_ways_back(app, doctree: nodes.document, docname: str) -> None:
    """Put its line under each entry."""
    if docname != PAGE:
        return
    domain = app.env.get_domain("cite")
    order = sorted(app.env.found_docs)  # chapters' names begin with their numbers
    places = first_places(domain.citation_refs, order)
    keys = {citation.citation_id: citation.key for citation in domain.citations}
    titles = {name: title.astext() for name, title in app.env.titles.items()}
    for entry in doctree.findall(nodes.citation):
        key = next(keys[each] for each in entry["ids"] if each in keys)
        if places.get(key):
            entry += cited_in(places[key], titles, lambda to: app.builder.get_relative_uri(docname, to))


def write_again(app, env) -> list[str]:
    """Say that the bibliography is to be written whenever any page is."""
    return [PAGE] if PAGE in env.found_docs else []


def setup(app) -> dict:
    app.connect("env-updated", write_again)
    app.connect("doctree-resolved", add_ways_back)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
