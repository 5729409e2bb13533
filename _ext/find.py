"""The search: an index of the book's pages, and of each its sections' texts, written when all pages are there.

Titles and prose are found, not code, hints or solutions. The page that searches (``_find``) loads the index, and then the
texts of the pages that it lists, never the pages themselves. All are scripts, which load from a folder as well.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from blocks import ROOT
from library import LISTS
from sphinx.search.en import SearchEnglish

PAGE = ROOT / "_find"
CHAPTERS, PAGES = 0, 1  # kinds of pages; modules and exercises are found by their names
WEIGHTS = {"page": 12, "section": 4, "text": 1}  # of a word, by where it stands
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
LEFT_OUT = frozenset(("pre", "script", "style", "details", "svg", "button"))
CLASSES_LEFT_OUT = frozenset(
    ("headerlink", "notebook-links", "chapter-line", "nst-page", "exercise-effort", "course-map")
)
PLAIN_FORMULA = re.compile(r"[\w\s=+*/().,-]{1,20}")  # the others are for the page
HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
ENDS = frozenset(("p", "li", "td", "th", "dt", "dd", *HEADINGS))  # after which the next word begins


@dataclass
class Section:
    """A part of a page that one can go to; an exercise is one."""

    anchor: str
    title: str = ""
    text: str = ""


@dataclass
class Page:
    """A page of the book as it is found."""

    name: str
    sections: list[Section] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.sections[0].title if self.sections else self.name

    @property
    def kind(self) -> int:
        """Whether it is a chapter."""
        return CHAPTERS if self.name.rpartition("/")[2][:2].isdigit() else PAGES


@dataclass(frozen=True)
class Tag:
    """An element that is open: whether its text is left out, a formula or a title, and whether it began a section."""

    name: str
    left_out: bool = False
    formula: bool = False
    starts: bool = False
    titles: bool = False


class Reader(HTMLParser):
    """Reads the sections out of a page's article."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[Section] = []
        self._open: list[Tag] = []
        self._inside: list[Section] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.handle_data(" ")
            return
        told = {key: value or "" for key, value in attributes}
        classes = set(told.get("class", "").split())
        starts = "id" in told and (tag == "section" or "exercise-card" in classes)
        if starts:
            self._inside.append(Section(told["id"]))
            self.sections.append(self._inside[-1])
        above = self._open[-1] if self._open else Tag("")
        titles = tag in HEADINGS or ("admonition-title" in classes and above.starts)
        left_out = above.left_out or tag in LEFT_OUT or bool(classes & CLASSES_LEFT_OUT)
        formula = above.formula or "math" in classes
        self._open.append(Tag(tag, left_out, formula, starts, above.titles or titles))

    def handle_endtag(self, tag: str) -> None:
        if all(each.name != tag for each in self._open):
            return
        while (closed := self._open.pop()).name != tag:  # what HTML lets one leave open
            self._close(closed)
        self._close(closed)

    def _close(self, tag: Tag) -> None:
        if tag.starts:
            self._inside.pop()
        if tag.name in ENDS and self._inside:
            self._inside[-1].text += " "

    def handle_data(self, data: str) -> None:
        if not self._inside or self._open[-1].left_out:
            return
        if self._open[-1].formula:
            if self._open[-1].name != "annotation":  # which holds its TeX; the rest draws it
                return
            data = data if PLAIN_FORMULA.fullmatch(data.strip()) else "…"
        if self._open[-1].titles:
            self._inside[-1].title += data
        else:
            self._inside[-1].text += data


def read_page(name: str, html: str) -> Page:
    """Return the sections of a page, in order."""
    reader = Reader()
    article = html.find("<article")
    reader.feed(html[article : html.find("</article>", article)])
    for section in reader.sections:
        section.title, section.text = (" ".join(each.split()) for each in (section.title, section.text))
    return Page(name, [section for section in reader.sections if section.title])


def count_words(page: Page, words) -> Counter:
    """Return how often each word's stem stands on a page, those in titles more than once."""
    found: Counter = Counter()
    for number, section in enumerate(page.sections):
        for text, where in ((section.title, "section" if number else "page"), (section.text, "text")):
            for word in words(text):
                found[word] += WEIGHTS[where]
    return found


def stems(language: SearchEnglish, text: str) -> Iterator[str]:
    """Yield the stems of a text's words, as the browser finds them; of ``gram_matrix`` also those of its parts."""
    for word in language.split(text.lower()):
        for each in dict.fromkeys([word, *word.split("_")]):
            if len(each) > 1 and each not in language.stopwords:
                yield language.stem(each)


def make_index(pages: list[Page], modules: list, exercises: list) -> dict:
    """Return what the search loads first: pages, which words they hold how often, modules and exercises."""
    language = SearchEnglish({})
    counts = [count_words(page, lambda text: stems(language, text)) for page in pages]
    words: dict[str, list[int]] = {}
    for number, counted in enumerate(counts):
        for word, count in counted.items():
            words.setdefault(word, []).extend((number, count))
    return {
        "pages": [
            [page.name, page.title, page.kind, sum(counted.values())]
            for page, counted in zip(pages, counts, strict=True)
        ],
        "words": dict(sorted(words.items())),
        "modules": modules,
        "exercises": exercises,
    }


def modules_of(env) -> list[list]:
    """Return the pages of the reference with their titles and the names that they document."""
    pages: dict[str, list[str]] = {}
    for name, entry in env.domaindata["py"]["objects"].items():
        if entry.docname.startswith(tuple(f"{each}/" for each in LISTS)):
            names = pages.setdefault(entry.docname, [])
            names += [] if entry.objtype == "module" else [name]
    return [[page, env.titles[page].astext(), names] for page, names in sorted(pages.items())]


def exercises_of(pages: list[Page]) -> list[list]:
    """Return the exercises: their names, titles, pages and anchors."""
    from nstlib.check import exercises  # imported here: it brings PyTorch along

    anchors = {f"exercise-{name}".lower().replace("_", "-"): name for name in exercises}
    found = [(page, section) for page in pages for section in page.sections if section.anchor in anchors]
    rows = [(anchors[section.anchor], page, section.anchor) for page, section in found]
    return [[name, exercises[name].title, page.name, anchor] for name, page, anchor in rows]


def is_read(name: str) -> bool:
    """Whether a page's text is searched: the reference is found by its names."""
    return name not in LISTS and not name.startswith(tuple(f"{each}/" for each in LISTS))


def call(function: str, *values) -> str:
    """Return a script that hands these values over."""
    told = ",".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
    return f"{function}({told});\n"


def write_index(app, failure: Exception | None) -> None:
    """Write the index and the pages' texts beside the script that reads them."""
    if failure is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    names = sorted(name for name in app.env.found_docs if is_read(name))
    pages = [read_page(name, (out / f"{name}.html").read_text(encoding="utf-8")) for name in names]
    folder = out / "_static" / "find"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(PAGE / "find.js", folder / "find.js")
    index = make_index(pages, modules_of(app.env), exercises_of(pages))
    (folder / "index.js").write_text(call("courseSearch.setIndex", index), encoding="utf-8")
    for number, page in enumerate(pages):
        sections = [[each.anchor, each.title, each.text] for each in page.sections]
        (folder / f"{number}.js").write_text(call("courseSearch.setText", number, sections), encoding="utf-8")


def add_page(app, config) -> None:
    """Let our page that searches take the place of the theme's."""
    config.templates_path = [*config.templates_path, str(PAGE)]


def setup(app) -> dict:
    app.connect("config-inited", add_page)
    app.connect("build-finished", write_index, priority=900)  # after the pages are light
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
