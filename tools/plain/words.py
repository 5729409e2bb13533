"""Running text without roles: citations, references and links as a notebook shows them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blocks import Repository

from plain.labels import Citation, Label, equation_name
from plain.syntax import find_blocks

INLINE = re.compile(
    r"(?P<escape>\\.)"
    r"|\{(?P<role>[a-zA-Z][\w:.+-]*)\}(?P<ticks>`+)(?P<content>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<code>(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))"
    r"|(?P<display>\$\$.+?\$\$)"
    r"|(?P<math>\$(?!\s)[^$]+?(?<!\s)\$)"
    r"|(?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)(?P<title>\s+\"[^\"]*\")?\)"
    r"|(?P<substitution>\{\{)",
    re.DOTALL,
)
ROLE_TARGET = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)


class ChapterError(ValueError):
    """A chapter says something that a notebook cannot show; the message names file and line."""


@dataclass(frozen=True)
class Words:
    """What the running text of one chapter may refer to."""

    chapter: Path
    address: Repository
    citations: dict[str, Citation]
    labels: dict[str, Label]
    chapters: frozenset[str]

    def error(self, line: int, message: str) -> ChapterError:
        return ChapterError(f"{self.chapter.parent.name}/{self.chapter.name}:{line}: {message}")

    def inline(self, text: str, line: int) -> str:
        """Return running text without roles; code and formulas stay as they are."""
        out, position = [], 0
        for match in INLINE.finditer(text):
            out.append(text[position : match.start()])
            position = match.end()
            here = line + text.count("\n", 0, match.start())
            if match["role"]:
                out.append(self.role(match["role"], match["content"], here, before="".join(out)))
            elif match["substitution"]:
                raise self.error(here, "substitutions {{ }} have no plain form")
            elif match["target"]:
                out.append(self.link(match, here))
            else:
                out.append(match[0])
        out.append(text[position:])
        return "".join(out)

    def role(self, name: str, content: str, line: int, before: str) -> str:
        """Return a role in plain Markdown; ``before`` is the text in front of it."""
        form = ROLES.get(name) or ROLES.get(name.partition(":")[0] + ":")
        if form is None:
            raise self.error(line, f"the role {{{name}}} has no plain form; use one that tools/plain knows")
        explicit = ROLE_TARGET.match(content)
        text, target = (explicit["text"], explicit["target"]) if explicit else ("", content)
        return form(self, Role(name, content, text, target, line, before))

    def label(self, target: str, line: int) -> Label:
        """Return what a label names, in this chapter or in another document."""
        for key in (target, f"{self.chapter.stem}#{target}"):
            if key in self.labels:
                return self.labels[key]
        raise self.error(line, f"nothing is labeled {target!r}")

    def elsewhere(self, text: str, document: str) -> str:
        """Return the text, linked when it speaks of another document."""
        text = self.inline(text, 0) if "{" in text else text
        return text if document == self.chapter.stem else f"[{text}]({self.document_link(document)})"

    def document_link(self, document: str) -> str:
        """Return where a document of the book is found from a notebook."""
        return f"{document}.ipynb" if document in self.chapters else self.address.file(f"book/{document}.md")

    def link(self, match: re.Match, line: int) -> str:
        """Return a Markdown link or picture whose target works from a notebook."""
        text, target = self.inline(match["text"], line), match["target"]
        if target.startswith("#"):
            label = self.label(target[1:], line)
            return self.elsewhere(text or label.text, label.document)
        return f"{match['image']}[{text}]({self.resolve(target, line)}{match['title'] or ''})"

    def resolve(self, target: str, line: int) -> str:
        """Return a link's target as seen from ``lessons/`` and ``solutions/``."""
        if re.match(r"^[a-z][a-z+.-]*:", target):
            return target
        path = target.split("#")[0]
        if not (self.chapter.parent / path).exists():
            raise self.error(line, f"the link's target {target!r} does not exist")
        if path.endswith(".md") and "/" not in path:
            return self.document_link(path.removesuffix(".md"))
        if path.endswith((".png", ".jpg", ".jpeg", ".svg", ".gif")):
            return path  # book/, lessons/ and solutions/ lie side by side
        return self.address.file(posixpath.normpath(posixpath.join(self.chapter.parent.name, path)))


@dataclass(frozen=True)
class Role:
    """A role as it stands: ``{name}`content```, which may say ``text <target>``; the text before it on its line."""

    name: str
    content: str
    text: str
    target: str
    line: int
    before: str


def cite(words: Words, role: Role) -> str:
    """Return a citation: names and years that lead to the paper."""
    textual = role.name == "cite:t"
    if not textual and role.name not in ("cite", "cite:p"):
        raise words.error(role.line, f"the role {{{role.name}}} has no plain form; use cite:t or cite:p")
    parts = []
    for key in (key.strip() for key in role.content.split(",")):
        if key not in words.citations:
            raise words.error(role.line, f"references.bib has no entry {key!r}")
        entry = words.citations[key]
        form = f"{entry.authors} ({entry.year})" if textual else f"{entry.authors}, {entry.year}"
        parts.append(f"[{form}]({entry.url})" if entry.url else form)
    return " and ".join(parts) if textual else f"({'; '.join(parts)})"


def python_name(words: Words, role: Role) -> str:
    """Return the name of a function or class as code, its last part where a tilde asks for that."""
    return f"`{role.text or (role.target.split('.')[-1] if role.target.startswith('~') else role.target)}`"


def equation(words: Words, role: Role) -> str:
    """Return what an equation is called; "equation" comes before it unless the sentence says so."""
    words.label(role.target, role.line)
    said = re.search(r"\b(equations?|eqs?\.?)\s*$", role.before, re.IGNORECASE)
    return f"{'' if said else 'equation '}({equation_name(role.target)})"


def reference(words: Words, role: Role) -> str:
    """Return the title of what is referred to, or the number of a figure."""
    label = words.label(role.target, role.line)
    figure = role.name == "numref" and label.kind == "figure"
    return words.elsewhere(f"figure {label.text}" if figure else role.text or label.text, label.document)


def document(words: Words, role: Role) -> str:
    """Return a link to a document of the book, by its title."""
    path = words.chapter.parent / f"{role.target}.md"
    blocks = find_blocks(path.read_text(encoding="utf-8")) if path.exists() else ()
    title = next((block.content for block in blocks if block.type == "heading_open"), None)
    if title is None:
        raise words.error(role.line, f"there is no document {role.target!r} beside this one")
    return f"[{role.text or title}]({words.resolve(path.name, role.line)})"


def download(words: Words, role: Role) -> str:
    """Return a link to a file."""
    return f"[{role.text or posixpath.basename(role.target)}]({words.resolve(role.target, role.line)})"


ROLES: dict[str, Callable[[Words, Role], str]] = {
    **dict.fromkeys(("cite", "cite:"), cite),
    "py:": python_name,
    "math": lambda words, role: f"${role.content}$",
    "eq": equation,
    **dict.fromkeys(("ref", "numref"), reference),
    "doc": document,
    "download": download,
    **dict.fromkeys(("sub", "sup", "kbd"), lambda words, role: f"<{role.name}>{role.content}</{role.name}>"),
    "abbr": lambda words, role: role.content,
}
