"""What a chapter can refer to: sections, equations, figures, exercises, papers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plain.syntax import FENCES, Directive, find_blocks, read_directive


@dataclass(frozen=True)
class Citation:
    """A reference of the bibliography, as a sentence names it."""

    authors: str
    year: str
    url: str


@dataclass(frozen=True)
class Label:
    """Something a chapter refers to: where it stands and what it is called there."""

    kind: str  # section, equation, figure
    document: str
    text: str


def read_citations(path: Path) -> dict[str, Citation]:
    """Return the references of a BibTeX file by their keys."""
    from pybtex.database import parse_file

    found = {}
    for key, entry in parse_file(str(path), bib_format="bibtex").entries.items():
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        names = [" ".join(map(str, [*person.rich_prelast_names, *person.rich_last_names])) for person in people]
        authors = " and ".join(names) or str(entry.rich_fields.get("title", key))
        if len(names) > 2:
            authors = f"{names[0]} et al."
        found[key] = Citation(authors, entry.fields.get("year", "n.d."), address_of(entry.fields))
    return found


def address_of(fields: dict[str, str]) -> str:
    """Return where a paper is read; empty if its entry does not say so."""
    for name, start in (("url", ""), ("doi", "https://doi.org/"), ("eprint", "https://arxiv.org/abs/")):
        if name in fields:
            return start + fields[name]
    return ""


def heading_slug(title: str) -> str:
    """Return the anchor that MyST gives a heading (as GitHub does)."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower().strip()).replace(" ", "-")


def read_labels(documents: Iterable[Path]) -> dict[str, Label]:
    """Return every label of the book's documents; headings also under ``document#anchor``."""
    labels: dict[str, Label] = {}
    for path in documents:
        figures = 0
        for kind, key, text in names_in(path.read_text(encoding="utf-8")):
            figures += kind == "figure"
            key = path.stem + key if key.startswith("#") else key
            labels[key] = Label(kind, path.stem, str(figures) if kind == "figure" else text)
    return labels


@cache
def names_in(text: str) -> tuple[tuple[str, str, str], ...]:
    """Return the names of :func:`find_names`; every notebook asks for those of all documents."""
    return tuple(find_names(text))


def find_names(text: str) -> Iterator[tuple[str, str, str]]:
    """Return the kind, the label and the words of what a text names, in order."""
    pending = None
    for token in find_blocks(text):
        if token.type == "myst_target":
            pending = token.content
        elif token.type == "heading_open":
            yield "section", f"#{heading_slug(token.content)}", token.content
            if pending:
                yield "section", pending, token.content
            pending = None
        elif token.type == "math_block_label":
            yield "equation", token.info, token.info
        elif token.type in FENCES and (directive := read_directive(token, 0)):
            yield from names_of(directive)


def names_of(directive: Directive) -> Iterator[tuple[str, str, str]]:
    """Return what a directive names, itself and inside."""
    options = directive.options
    if directive.name == "exercise":
        yield "section", f"exercise-{directive.argument}", f"Exercise: {directive.argument}"
    elif directive.name == "math" and "label" in options:
        yield "equation", options["label"], options["label"]
    figure = options.get("mystnb", {}).get("figure", {}) if directive.name == "code-cell" else options
    if directive.name in ("code-cell", "figure", "image") and "name" in figure:
        yield "figure", figure["name"], ""
    if directive.name not in ("code-cell", "code-block", "code", "math"):
        yield from find_names("\n".join(directive.body))


def equation_name(label: str) -> str:
    """Return what an equation is called in a notebook, where nothing counts equations."""
    return re.sub(r"^eq[-:.]", "", label)


def equation_tag(label: str) -> str:
    """Return the TeX that writes an equation's name beside it."""
    return rf"\tag{{{equation_name(label)}}}"
