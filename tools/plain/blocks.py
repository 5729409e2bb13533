"""The blocks of a chapter, directives above all, as plain Markdown shows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from blocks import HINT_TITLES, BlockError, describe_effort, read_quiz
from effort import effort_of
from markdown_it.token import Token
from recipes import find_picture

from plain.labels import equation_tag
from plain.syntax import FENCES, FORMULAS, INVISIBLE, Directive, body_of, find_blocks, read_directive
from plain.words import Words

BREAK = "\0"  # stands where a new notebook cell begins


@dataclass
class Converter:
    """Converts the text of one chapter.

    ``find_exercise`` returns what ``nstlib.check`` knows of an exercise; ``links`` replaces ``{notebook-links}``.
    """

    words: Words
    find_exercise: Callable
    links: str
    chapter: str = ""  # its whole text, from which the time that it takes is counted
    used_exercises: list[str] = field(default_factory=list)

    def cells(self, text: str, first_line: int = 1) -> list[str]:
        """Return the text as the Markdown cells of a notebook."""
        parts = (part.strip() for part in self.convert(text.split("\n"), first_line).split(BREAK))
        return [part for part in parts if part]

    def convert(self, lines: list[str], first_line: int) -> str:
        """Return plain Markdown for these lines of the chapter."""
        out: list[str] = []
        done = 0
        for token in find_blocks("\n".join(lines)):
            start, end = token.map
            out += lines[done:start]
            if token.type not in INVISIBLE:
                out.append(self.block(token, lines[start:end], first_line + start))
            done = end
        out += lines[done:]
        text = "\n".join(line if line.strip() else "" for line in out)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n")

    def block(self, token: Token, lines: list[str], number: int) -> str:
        """Return a block in plain Markdown; ``lines`` are its own."""
        text = "\n".join(lines)
        if token.type in FENCES:
            return self.fence(token, lines[0], number)
        if token.type in FORMULAS:
            return display_math(text, token.info)
        if token.type == "dl_open":
            line = number + next(index for index, line in enumerate(lines) if line.startswith(": "))
            raise self.words.error(line, "definition lists are not plain Markdown; write an ordinary list")
        if token.type == "heading_open":
            return (BREAK if token.markup in ("#", "##") else "") + self.words.inline(text, number)
        for index, line in enumerate(map(str.strip, lines)):
            if line.startswith("```") and "`" in line.lstrip("`"):
                raise self.words.error(
                    number + index,
                    "Markdown allows no ` after the opening ```; write ::: for the fence's ``` instead",
                )
            if (line.startswith("$$") and text.count("$$") % 2) or line.startswith(r"\begin{"):
                raise self.words.error(number + index, "the formula that begins here has no end")
        return self.words.inline(text, number)

    def fence(self, token: Token, opening: str, number: int) -> str:
        """Return a fenced block in plain Markdown, indented as it was."""
        info, body = token.info.strip(), body_of(token)
        if len(body) == token.map[1] - token.map[0] - 1:
            raise self.words.error(number, f"the block {token.markup}{info} is never closed")
        prefix = opening[: opening.index(token.markup)]
        margin = re.sub(r"[^>\s]", " ", prefix)  # below the mark of a list's item stand spaces
        first, *others = self.fenced(token, number).split("\n")
        return "\n".join([(prefix + first).rstrip(), *((margin + line).rstrip() for line in others)])

    def fenced(self, token: Token, number: int) -> str:
        """Return a directive in plain Markdown, or code as it is."""
        directive = read_directive(token, number)
        if directive is None:
            if token.type == "colon_fence":
                raise self.words.error(number, f"a colon fence needs a directive, got {token.info.strip()!r}")
            return "\n".join([token.markup + token.info.strip(), *body_of(token), token.markup])
        form = FORMS.get(directive.name)
        if form is None:
            raise self.words.error(
                number,
                f"the directive {{{directive.name}}} has no plain form; use one that tools/plain knows, teach it there, "
                'or keep the text on the page with +++ {"tags": ["page-only"]}',
            )
        try:
            return form(self, directive)
        except BlockError as error:
            line = number if error.line is None else directive.body_line + error.line
            raise self.words.error(line, str(error)) from None

    def inside(self, directive: Directive) -> str:
        """Return a directive's lines in plain Markdown."""
        return self.convert(directive.body, directive.body_line)

    def argument(self, directive: Directive) -> str:
        """Return the words behind a directive's name in plain Markdown."""
        return self.words.inline(directive.argument, directive.line)


def display_math(text: str, label: str) -> str:
    """Return a displayed formula; its label becomes a tag, so that the text can refer to it."""
    if not label:
        return text
    space = "\n" if "\n" in text else " "
    return space.join([text[: text.rindex("$$")].rstrip(), equation_tag(label), "$$"])


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


# --- directives ---------------------------------------------------------------------------------------------------------


def exercise(to: Converter, directive: Directive) -> str:
    """Return an exercise's statement and its hints."""
    known = to.find_exercise(directive.argument)
    to.used_exercises.append(directive.argument)
    hints = zip(HINT_TITLES, known.hints, strict=True)
    parts = [
        f"{BREAK}### Exercise: {directive.argument}",
        f"*{describe_effort(known)}*",
        to.inside(directive),
        *(details(title, to.convert(hint.split("\n"), directive.body_line)) for title, hint in hints),
    ]
    return "\n\n".join(parts)


def opening(to: Converter, directive: Directive) -> str:
    """Return what a chapter takes and the links to its notebooks; a new cell begins behind them."""
    line = effort_of(to.chapter, to.find_exercise).line(directive.options.get("builds-on", ""))
    return f"{to.words.inline(line, directive.line)}\n\n{to.links}\n{BREAK}"


def quiz(to: Converter, directive: Directive) -> str:
    """Return a question whose options open to the answer each of them gets."""
    options = read_quiz(directive.argument, directive.body)
    parts = [f"**Question.** {to.argument(directive)}"]
    for option in options:
        summary = html_inline(to.words.inline(option.text, directive.line))
        parts.append(details(summary, f"**{option.verdict}** {to.words.inline(option.answer, directive.line)}"))
    return "\n\n".join(parts)


def admonition(to: Converter, directive: Directive) -> str:
    """Return a quotation under its title."""
    body, line, title = directive.body, directive.body_line, TITLES.get(directive.name)
    if title and directive.argument:  # docutils reads the words behind {note} as its first line
        body, line = [directive.argument, *body], line - 1
    title = title or to.argument(directive)
    return quote((f"**{title}**\n\n" if title else "") + to.convert(body, line))


def formula(to: Converter, directive: Directive) -> str:
    """Return a displayed formula, with its name where it has one."""
    label = equation_tag(directive.options["label"]) if "label" in directive.options else ""
    return "\n".join(line for line in ["$$", *directive.body, label, "$$"] if line)


def picture(to: Converter, directive: Directive) -> str:
    """Return a picture and its caption."""
    caption = to.inside(directive)
    label = to.words.labels.get(directive.options.get("name", ""))
    if label:
        caption = f"Figure {label.text}: {caption}"
    shown = f"![{directive.options.get('alt', '')}]({to.words.resolve(directive.argument, directive.line)})"
    return shown + (f"\n\n*{caption}*" if caption else "")


def painted(to: Converter, directive: Directive) -> str:
    """Return a large picture, its caption and the command that makes it."""
    path, command = find_picture(directive.argument)
    shown = f"![{directive.options['alt']}]({to.words.resolve(f'../{path}', directive.line)})"
    return f"{shown}\n\n{to.inside(directive)}\n\n```bash\n{command}\n```"


def table(to: Converter, directive: Directive) -> str:
    """Return a table under its title."""
    return (f"**{to.argument(directive)}**\n\n" if directive.argument else "") + to.inside(directive)


NAMED = ("note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "error")
TITLES = {**{name: name.capitalize() for name in NAMED}, "seealso": "See also"}
FORMS: dict[str, Callable[[Converter, Directive], str]] = {
    "notebook-links": opening,
    "exercise": exercise,
    "quiz": quiz,
    **dict.fromkeys((*TITLES, "admonition", "margin", "sidebar", "epigraph", "topic"), admonition),
    "dropdown": lambda to, directive: details(html_inline(to.argument(directive)), to.inside(directive)),
    "math": formula,
    **dict.fromkeys(("figure", "image"), picture),
    "painted": painted,
    "container": lambda to, directive: to.inside(directive),
    "table": table,
    **dict.fromkeys(("code-block", "code"), lambda _, it: "\n".join([f"```{it.argument}", *it.body, "```"])),
}
