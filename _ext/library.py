"""The reference: a page for each module of the library, written when the book is built, and two pages that list them.

Nothing of it is written by hand: a module's first sentence stands in the list, its first clause in the page's title, and
which chapters use it is read from their cells and exercises. The pages lie in ``book/api`` and ``book/api_inside``; git
does not keep them.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from blocks import ROOT
from docutils import nodes
from effort import FENCE
from sphinx import addnodes
from sphinx.errors import ExtensionError

MARK = re.compile(r"^% modules of (?P<where>.+)$", re.MULTILINE)
GROUND_FLOOR = "the ground floor"
INSIDE = ("kernels", "engine", "formats", "apps")  # what lies behind the door
LISTS = {"book/api": GROUND_FLOOR, "book/api_inside": " ".join(INSIDE)}
IMPORTS = re.compile(r"^\s*(?:from (nstlib[\w.]*) import (?:\(\s*)?([\w, ]*)|import (nstlib[\w.]*))", re.MULTILINE)
SENTENCE = re.compile(r"(?<=[.?!])\s|::?$")
CLAUSE = re.compile(r"[:;,]\s(?![^(]*\))| \(")  # a comma between brackets ends none
CHAPTER_OF = re.compile(r" \(chapters? on [^)]*\)")
FEW = 6  # chapters that are named one by one
# Addresses of the time when all modules stood on one page: api.html#module-nstlib.gram, api.html#nstlib.gram.gram_matrix.
FORWARD = """<script>
(() => {
  const asked = location.hash.slice(1);
  const parts = asked.replace(/^module-/, "").split(".").slice(1);
  for (; parts.length; parts.pop()) {
    const page = document.querySelector(`.bd-article td a[href$="/${CSS.escape(parts.join("."))}.html"]`);
    if (page) return location.replace(`${page.href}#${asked}`);
  }
})();
</script>"""


@dataclass(frozen=True)
class Module:
    """A module as the reference shows it; ``name`` as it is imported, ``doc`` its docstring."""

    name: str
    doc: str
    is_package: bool
    is_hall: bool  # a package whose modules have pages of their own
    has_code: bool  # functions or classes that others may call

    @property
    def short(self) -> str:
        """The name without that of the library."""
        return self.name.partition(".")[2]

    @property
    def page(self) -> str:
        """The name of its page."""
        return f"{'book/api_inside' if self.short.split('.')[0] in INSIDE else 'book/api'}/{self.short}"

    @property
    def sentence(self) -> str:
        """The first sentence of its docstring, which says what it is for."""
        first = CHAPTER_OF.sub("", self.doc.split("\n\n")[0].replace("\n", " "))
        return SENTENCE.split(first)[0].rstrip(".:")

    @property
    def idea(self) -> str:
        """The first clause of that, as a title goes on with it."""
        text = CLAUSE.split(self.sentence)[0].rstrip("?")
        first, _, rest = text.partition(" ")
        named = (len(first) > 1 and not first[1:].islower()) or "'" in first  # DeepDream, VGG, L-BFGS, Winograd's
        return text if named else f"{first.lower()} {rest}".strip()


@cache
def module(name: str) -> Module:
    """Return what the reference says of a module, read from its file: it is not run."""
    spec = find_spec(name)
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    is_package = spec.submodule_search_locations is not None
    is_hall = is_package and not hasattr(importlib.import_module(name), "__all__")
    kinds = (ast.FunctionDef, ast.ClassDef)
    has_code = any(isinstance(node, kinds) and not node.name.startswith("_") for node in tree.body)
    return Module(name, ast.get_docstring(tree) or "", is_package, is_hall, has_code)


def module_names(package: str = "nstlib") -> list[str]:
    """Return the names of a package's modules; a subpackage that lists what it offers is one module, else its own count."""
    names = []
    found = pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    for each in sorted(found, key=lambda each: each.name):
        if each.name.rpartition(".")[2].startswith("_"):
            continue
        names += [each.name, *(module_names(each.name) if module(each.name).is_hall else [])]
    return names


def modules_of(where: str) -> list[str]:
    """Return the modules of these packages, or those that lie in none of ``INSIDE``."""
    packages = INSIDE if where == GROUND_FLOOR else where.split()
    inside = {name for name in module_names() if name.split(".")[1] in packages}
    return [name for name in module_names() if (name in inside) is (where != GROUND_FLOOR)]


# --- which chapters use it ----------------------------------------------------------------------------------------------


def imported_in(code: str, names: set[str]) -> set[str]:
    """Return which of these modules code imports."""
    found = set()
    for origin, objects, whole in IMPORTS.findall(code):
        wanted = [f"{origin}.{each.strip()}" for each in objects.split(",")] if origin else [whole]
        for name in names.intersection(wanted) or [origin or whole]:
            while name and name not in names:
                name = name.rpartition(".")[0]
            found.add(name)
    return found - {""}


@cache
def chapters() -> dict[str, frozenset[str]]:
    """Return the modules that each chapter uses: in its cells, or as what its exercises are held to."""
    names, found = set(module_names()), {}
    for path in sorted((ROOT / "book").glob("[0-9][0-9]_*.md")):
        exercises = sorted((ROOT / "nstlib" / "check" / path.stem[3:]).glob("*.py"))
        cells = FENCE.findall(path.read_text(encoding="utf-8"))
        code = "\n".join([*cells, *(each.read_text(encoding="utf-8") for each in exercises)])
        found[path.stem] = frozenset(imported_in(code, names))
    return found


def used_in(name: str, folder: str) -> str:
    """Return the chapters that use a module as links, the one of its name first; ``folder`` is where they lie from here."""
    using = [chapter for chapter, names in chapters().items() if name in names]
    using.sort(key=lambda chapter: chapter[3:] != name.rpartition(".")[2])
    links = [f"[{chapter[:2]}]({folder}{chapter}.md)" for chapter in using]
    return f"{links[0]} and {len(links) - 1} others" if len(links) > FEW else ", ".join(links)


# --- pages --------------------------------------------------------------------------------------------------------------


def table_of(names: list[str], pages: str, chapters: str) -> str:
    """Return a table of modules: what each is for, and who uses it; the folders are those of what it links to."""
    rows = ["| module | what it is for | used in |", "|---|---|---|"]
    for each in map(module, names):
        sentence = each.sentence.replace("``", "`").replace("|", r"\|")
        rows.append(f"| [`{each.short}`]({pages}{each.short}.md) | {sentence} | {used_in(each.name, chapters)} |")
    return "\n".join(rows)


def page_of(name: str) -> str:
    """Return the Markdown of a module's page."""
    each = module(name)
    title = f"# {name}: {each.idea.replace('``', '`')}"
    where = used_in(name, "../")
    lines = [f"Used in {where}." if where else "", code_link(each)]
    parts = [title, " ".join(filter(None, lines)), documented(each)]
    if each.is_hall:
        below = [other for other in module_names() if other.rpartition(".")[0] == name]
        parts.append("## Its modules\n\n" + table_of(below, "", "../"))
    return "\n\n".join(filter(None, parts)) + "\n"


def code_link(each: Module) -> str:
    """Return the link to a module's code, as viewcode shows it."""
    if each.is_package or not each.has_code:
        return ""
    return f'<a href="../../_modules/{each.name.replace(".", "/")}.html">Read its code</a>.'


def documented(each: Module) -> str:
    """Return the directive that documents a module."""
    return f"```{{eval-rst}}\n.. automodule:: {each.name}\n   :members:\n   :member-order: bysource\n```"


def list_modules(app, docname: str, source: list[str]) -> None:
    """Put a table where a page says ``% modules of the ground floor``, or of which packages."""
    if docname not in LISTS:
        return
    mark = MARK.search(source[0])
    if mark is None or mark["where"] != LISTS[docname]:
        raise ExtensionError(f"{docname}.md lacks a line  % modules of {LISTS[docname]}")
    table = table_of(modules_of(mark["where"]), f"{docname.rpartition('/')[2]}/", "")
    forward = f"```{{raw}} html\n{FORWARD}\n```"
    source[0] = f"{source[0][: mark.start()]}{table}\n\n{forward}\n{source[0][mark.end() :]}"


def write_pages(app, config) -> None:
    """Write the modules' pages, each if it has changed, and remove those of modules that are gone."""
    texts = {f"{module(name).page}.md": page_of(name) for name in module_names()}
    for folder in LISTS:
        (ROOT / folder).mkdir(exist_ok=True)
        for path in (ROOT / folder).glob("*.md"):
            if path.relative_to(ROOT).as_posix() not in texts:
                path.unlink()
    for name, text in texts.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def shorten_entries(app, doctree: nodes.document) -> None:
    """Let the table of contents name a module's page by the module alone."""
    if app.env.docname not in LISTS:
        return
    for tree in doctree.findall(addnodes.toctree):
        tree["entries"] = [(docname.rpartition("/")[2], docname) for _, docname in tree["entries"]]


def setup(app) -> dict:
    app.connect(
        "config-inited", write_pages, priority=100
    )  # before the pages that the table of contents lacks are left out
    app.connect("source-read", list_modules)
    app.connect("doctree-read", shorten_entries, priority=100)  # before the contents are collected
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
