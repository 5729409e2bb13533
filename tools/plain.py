"""Turn a chapter's MyST Markdown into the plain Markdown that every notebook program shows.

Colab and GitHub know neither directives nor roles, so each is written out: admonitions become quotations, dropdowns
``<details>``, citations names and years. What has no translation here is an error that names the file and the line.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from blocks import HINT_TITLES, BlockError, Repository, describe_effort, read_quiz

BREAK = "\0"  # stands where a new notebook cell begins

FENCE = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,}|:{3,})\s*(?P<info>.*)$")
DIRECTIVE = re.compile(r"^\{(?P<name>[\w:.+-]+)\}\s*(?P<argument>.*)$")
LABEL = re.compile(r"^\((?P<label>[\w:.-]+)\)=\s*$")
HEADING = re.compile(r"^(?P<marks>#{1,6})\s+(?P<title>.*)$")
MATH_END = re.compile(r"\$\$\s*(?:\((?P<label>[\w:.-]+)\))?\s*$")
AMSMATH = re.compile(r"^\\begin\{(?P<name>equation|multline|gather|align|alignat|flalign)\*?\}")
INLINE = re.compile(
    r"(?P<escape>\\.)"
    r"|\{(?P<role>[a-zA-Z][\w:.+-]*)\}(?P<ticks>`+)(?P<content>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<code>(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))"
    r"|(?P<math>\$(?!\s)[^$]+?(?<!\s)\$)"
    r"|(?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)(?P<title>\s+\"[^\"]*\")?\)"
    r"|(?P<substitution>\{\{)",
    re.DOTALL,
)
CODE_FENCE = re.compile(r"^\s*(?P<fence>`{3,})\s*(\{code-cell\}|[a-z])")
EQUATION_LABEL = re.compile(r"^.*\$\$\s*\((?P<label>[\w:.-]+)\)\s*$|^\s*:label:\s*(?P<option>\S+)")
FIGURE_NAME = re.compile(r"^\s*(?:figure:\s*\{.*?\b|:)?name:\s*(?P<name>[\w:.-]+)")
EXERCISE = re.compile(r"^\s*[`:~]{3,}\{exercise\}\s*(?P<name>\S+)")
ROLE_TARGET = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
TITLES = {
    "note": "Note",
    "tip": "Tip",
    "hint": "Hint",
    "important": "Important",
    "warning": "Warning",
    "caution": "Caution",
    "attention": "Attention",
    "danger": "Danger",
    "error": "Error",
    "seealso": "See also",
}


class ChapterError(ValueError):
    """A chapter says something that a notebook cannot show; the message names file and line."""


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
        names = [" ".join([*person.prelast_names, *person.last_names]).strip("{}") for person in people]
        if len(names) > 2:
            authors = f"{names[0]} et al."
        else:
            authors = " and ".join(names) or entry.fields.get("title", key).strip("{}")
        fields = entry.fields
        if "url" in fields:
            url = fields["url"]
        elif "doi" in fields:
            url = "https://doi.org/" + fields["doi"]
        elif "eprint" in fields:
            url = "https://arxiv.org/abs/" + fields["eprint"]
        else:
            url = ""
        found[key] = Citation(authors, fields.get("year", "n.d."), url)
    return found


def heading_slug(title: str) -> str:
    """Return the anchor that MyST gives a heading (as GitHub does)."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower().strip()).replace(" ", "-")


def read_labels(documents: Iterable[Path]) -> dict[str, Label]:
    """Return every label of the book's documents; headings also under ``document#anchor``."""
    labels: dict[str, Label] = {}
    for path in documents:
        name, pending, figures, code_end = path.stem, None, 0, None
        for line in path.read_text(encoding="utf-8").splitlines():
            if code_end is None and (match := CODE_FENCE.match(line)):
                code_end = match["fence"]
            elif line.strip() == code_end:
                code_end = None
            if match := LABEL.match(line):
                pending = match["label"]
            elif (match := HEADING.match(line)) and code_end is None:
                section = Label("section", name, match["title"])
                labels[f"{name}#{heading_slug(match['title'])}"] = section
                if pending:
                    labels[pending] = section
                pending = None
            elif match := EQUATION_LABEL.match(line):
                labels[match["label"] or match["option"]] = Label("equation", name, match["label"] or match["option"])
            elif match := FIGURE_NAME.match(line):
                figures += 1
                labels[match["name"]] = Label("figure", name, str(figures))
            elif match := EXERCISE.match(line):
                labels[f"exercise-{match['name']}"] = Label("section", name, f"Exercise: {match['name']}")
    return labels


def equation_name(label: str) -> str:
    """Return what an equation is called in a notebook, where nothing counts equations."""
    return re.sub(r"^eq[-:.]", "", label)


def equation_tag(label: str) -> str:
    """Return the TeX that writes an equation's name beside it."""
    return rf"\tag{{{equation_name(label)}}}"


def quote(text: str) -> str:
    """Return the Markdown as a quotation; displayed formulas go on one line, where notebooks still read them."""
    text = re.sub(r"\$\$(.+?)\$\$", lambda match: "$$" + " ".join(match[1].split()) + "$$", text, flags=re.DOTALL)
    return "\n".join(("> " + line).rstrip() for line in text.split("\n"))


def details(summary: str, body: str) -> str:
    """Return a block that opens when its summary is clicked."""
    return f"<details><summary>{summary}</summary>\n\n{body.strip()}\n\n</details>"


def html_inline(text: str) -> str:
    """Return a line of Markdown as HTML: inside ``<summary>`` Markdown is not read."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w*])\*([^*]+)\*(?![\w*])", r"<i>\1</i>", text)


def split_options(lines: list[str]) -> tuple[dict, list[str], int]:
    """Return a directive's options, its body, and how many lines the options took."""
    body = list(lines)
    if body and body[0].strip() == "---" and "---" in [line.strip() for line in body[1:]]:
        end = [line.strip() for line in body[1:]].index("---") + 1
        return yaml.safe_load("\n".join(body[1:end])) or {}, body[end + 1 :], end + 1
    options: dict = {}
    count = 0
    while body and (match := re.match(r"^\s*:([\w-]+):\s*(.*)$", body[0])):
        options[match[1]] = match[2]
        body.pop(0)
        count += 1
    return options, body, count


@dataclass
class Converter:
    """Converts the text of one chapter.

    ``find_exercise`` returns what ``nstlib.check`` knows of an exercise; ``links`` replaces ``{notebook-links}``.
    """

    chapter: Path
    address: Repository
    citations: dict[str, Citation]
    labels: dict[str, Label]
    chapters: frozenset[str]
    find_exercise: Callable
    links: str
    used_exercises: list[str] = field(default_factory=list)

    def error(self, line: int, message: str) -> ChapterError:
        return ChapterError(f"{self.chapter.parent.name}/{self.chapter.name}:{line}: {message}")

    def cells(self, text: str, first_line: int = 1) -> list[str]:
        """Return the text as the Markdown cells of a notebook."""
        parts = (part.strip() for part in self.convert(text.split("\n"), first_line).split(BREAK))
        return [part for part in parts if part]

    def convert(self, lines: list[str], first_line: int) -> str:
        """Return plain Markdown for these lines of the chapter."""
        out: list[str] = []
        paragraph: list[str] = []
        index = 0

        def flush() -> None:
            if paragraph:
                out.append(self.inline("\n".join(paragraph), first_line + index - len(paragraph)))
                paragraph.clear()

        while index < len(lines):
            line, number = lines[index], first_line + index
            if match := FENCE.match(line):
                flush()
                end = self.closing(lines, index, match, number)
                indent = match["indent"]
                body = [text.removeprefix(indent) if indent else text for text in lines[index + 1 : end]]
                block = self.fence(match, body, number)
                out.extend((indent + text).rstrip() for text in block.split("\n"))
                index = end + 1
            elif line.lstrip().startswith("$$") or AMSMATH.match(line):
                flush()
                end = self.math_end(lines, index, number)
                out.append(self.display_math("\n".join(lines[index : end + 1])))
                index = end + 1
            elif LABEL.match(line) or line.startswith("%"):
                flush()
                index += 1
            elif match := HEADING.match(line):
                flush()
                out.append((BREAK if len(match["marks"]) <= 2 else "") + self.inline(line, number))
                index += 1
            elif not line.strip():
                flush()
                out.append("")
                index += 1
            else:
                if line.startswith(": ") and (paragraph or (out and out[-1].strip())):
                    raise self.error(number, "definition lists are not plain Markdown; write an ordinary list")
                paragraph.append(line)
                index += 1
        flush()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")

    def closing(self, lines: list[str], start: int, match: re.Match, number: int) -> int:
        """Return the index of the line that closes the fence."""
        fence = match["fence"]
        pattern = re.compile(rf"^\s*{re.escape(fence[0])}{{{len(fence)},}}\s*$")
        for index in range(start + 1, len(lines)):
            if pattern.match(lines[index]):
                return index
        raise self.error(number, f"the block {match['fence']}{match['info']} is never closed")

    def math_end(self, lines: list[str], start: int, number: int) -> int:
        """Return the index of the last line of a displayed formula."""
        if match := AMSMATH.match(lines[start]):
            ends = [index for index in range(start, len(lines)) if rf"\end{{{match['name']}" in lines[index]]
        else:
            first = lines[start].strip()
            if len(first) > 2 and MATH_END.search(first[2:]):
                return start
            ends = [index for index in range(start + 1, len(lines)) if MATH_END.search(lines[index])]
        if not ends:
            raise self.error(number, "the formula that begins here has no end")
        return ends[0]

    def display_math(self, text: str) -> str:
        """Return a displayed formula; its label becomes a tag, so that the text can refer to it."""
        match = MATH_END.search(text)
        if match is None or match["label"] is None:
            return text
        space = "\n" if "\n" in text else " "
        return space.join([text[: match.start()].rstrip(), equation_tag(match["label"]), "$$"])

    def fence(self, match: re.Match, body: list[str], number: int) -> str:
        """Return a fenced block in plain Markdown."""
        info = match["info"].strip()
        if match["fence"].startswith("`") and "`" in info:
            raise self.error(
                number, "Markdown allows no ` after the opening ```; write ::: for the fence's ``` instead"
            )
        directive = DIRECTIVE.match(info)
        if directive is None:
            if match["fence"].startswith(":"):
                raise self.error(number, f"a colon fence needs a directive, got {info!r}")
            return "\n".join([match["fence"] + info, *body, match["fence"]])
        name, argument = directive["name"], directive["argument"].strip()
        options, content, skipped = split_options(body)
        try:
            return self.directive(name, argument, options, content, number, number + 1 + skipped)
        except BlockError as error:
            line = number if error.line is None else number + 1 + skipped + error.line
            raise self.error(line, str(error)) from None

    def directive(self, name: str, argument: str, options: dict, body: list[str], number: int, body_line: int) -> str:
        """Return a directive in plain Markdown; ``body_line`` is the line its body starts at."""
        if name == "notebook-links":
            return self.links + "\n" + BREAK
        if name == "exercise":
            return self.exercise(argument, body, body_line)
        if name == "quiz":
            return self.quiz(argument, body, number)
        if name in TITLES or name in ("admonition", "margin", "sidebar", "epigraph", "topic"):
            title = self.inline(argument, number) if argument and name not in TITLES else TITLES.get(name, "")
            if name in TITLES and argument:
                body = [argument, *body]  # docutils reads the words behind {note} as its first line
                body_line -= 1
            heading = f"**{title}**\n\n" if title else ""
            return quote(heading + self.convert(body, body_line))
        if name == "dropdown":
            return details(html_inline(self.inline(argument, number)), self.convert(body, body_line))
        if name == "math":
            label = equation_tag(options["label"]) if "label" in options else ""
            return "\n".join(line for line in ["$$", *body, label, "$$"] if line)
        if name in ("figure", "image"):
            caption = self.convert(body, body_line)
            picture = f"![{options.get('alt', '')}]({self.resolve(argument, number)})"
            if "name" in options and options["name"] in self.labels:
                caption = f"Figure {self.labels[options['name']].text}: {caption}"
            return picture + (f"\n\n*{caption}*" if caption else "")
        if name == "table":
            return (f"**{self.inline(argument, number)}**\n\n" if argument else "") + self.convert(body, body_line)
        if name in ("code-block", "code"):
            return "\n".join([f"```{argument}", *body, "```"])
        raise self.error(
            number,
            f"the directive {{{name}}} has no plain form; use one that tools/plain.py knows, teach it there, "
            'or keep the text on the page with +++ {"tags": ["page-only"]}',
        )

    def exercise(self, name: str, body: list[str], line: int) -> str:
        """Return an exercise's statement and its hints."""
        known = self.find_exercise(name)
        self.used_exercises.append(name)
        hints = zip(HINT_TITLES, known.hints, strict=True)
        parts = [
            f"{BREAK}### Exercise: {name}",
            f"*{describe_effort(known)}*",
            self.convert(body, line),
            *(details(title, self.convert(hint.split("\n"), line)) for title, hint in hints),
        ]
        return "\n\n".join(parts)

    def quiz(self, question: str, body: list[str], number: int) -> str:
        """Return a question whose options open to the answer each of them gets."""
        options = read_quiz(question, body)
        parts = [f"**Question.** {self.inline(question, number)}"]
        for option in options:
            summary = html_inline(self.inline(option.text, number))
            parts.append(details(summary, f"**{option.verdict}** {self.inline(option.answer, number)}"))
        return "\n\n".join(parts)

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
        explicit = ROLE_TARGET.match(content)
        text, target = (explicit["text"], explicit["target"]) if explicit else ("", content)
        if name.startswith("cite"):
            return self.cite(name, content, line)
        if name.startswith("py:"):
            return f"`{text or (target.split('.')[-1] if target.startswith('~') else target)}`"
        if name == "math":
            return f"${content}$"
        if name == "eq":
            self.label(target, line)
            word = "" if re.search(r"\b(equations?|eqs?\.?)\s*$", before, re.IGNORECASE) else "equation "
            return f"{word}({equation_name(target)})"
        if name in ("ref", "numref"):
            label = self.label(target, line)
            if name == "numref" and label.kind == "figure":
                return self.elsewhere(f"figure {label.text}", label.document)
            return self.elsewhere(text or label.text, label.document)
        if name == "doc":
            return f"[{text or self.document_title(target, line)}]({self.resolve(target + '.md', line)})"
        if name == "download":
            return f"[{text or posixpath.basename(target)}]({self.resolve(target, line)})"
        if name in ("sub", "sup", "kbd"):
            return f"<{name}>{content}</{name}>"
        if name == "abbr":
            return content
        raise self.error(line, f"the role {{{name}}} has no plain form; use one that tools/plain.py knows")

    def cite(self, role: str, keys: str, line: int) -> str:
        """Return a citation: names and years that lead to the paper."""
        parts = []
        for key in (key.strip() for key in keys.split(",")):
            if key not in self.citations:
                raise self.error(line, f"references.bib has no entry {key!r}")
            entry = self.citations[key]
            form = f"{entry.authors} ({entry.year})" if role == "cite:t" else f"{entry.authors}, {entry.year}"
            parts.append(f"[{form}]({entry.url})" if entry.url else form)
        if role == "cite:t":
            return " and ".join(parts)
        if role in ("cite", "cite:p"):
            return f"({'; '.join(parts)})"
        raise self.error(line, f"the role {{{role}}} has no plain form; use cite:t or cite:p")

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

    def document_title(self, target: str, line: int) -> str:
        """Return the title of a document of the book."""
        path = self.chapter.parent / f"{target}.md"
        if path.exists():
            for text in path.read_text(encoding="utf-8").splitlines():
                if match := HEADING.match(text):
                    return match["title"]
        raise self.error(line, f"there is no document {target!r} beside this one")

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
