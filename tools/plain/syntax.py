"""How a chapter is read: the parser of the book's pages finds its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from blocks import ROOT
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
EXTENSIONS = set(CONFIG["parse"]["myst_enable_extensions"])
PARSER = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)
FENCES = ("fence", "colon_fence")
FORMULAS = ("math_block", "math_block_label", "amsmath")
INVISIBLE = ("myst_target", "myst_line_comment")
BLOCKS = {*FENCES, *FORMULAS, *INVISIBLE, "heading_open", "table_open", "dl_open", "html_block", "inline"}
DIRECTIVE = re.compile(r"^\{(?P<name>[\w:.+-]+)\}\s*(?P<argument>.*)$")


@dataclass(frozen=True)
class Directive:
    """A directive of a chapter: ``{name} argument``, its options, its lines, where it and where its lines begin."""

    name: str
    argument: str
    options: dict
    body: list[str]
    line: int
    body_line: int


def find_blocks(text: str) -> Iterator[Token]:
    """Return the blocks that matter, in order, each with its lines (``map``); those inside a block are not looked at."""
    tokens = PARSER.parse(text)
    done = 0
    for token, inner in zip(tokens, [*tokens[1:], None], strict=False):
        if token.type in BLOCKS and token.map[0] >= done:
            done = token.map[1]
            if token.type == "heading_open":
                token.content = inner.content  # its title
            yield token


def body_of(token: Token) -> list[str]:
    """Return the lines inside a fence."""
    return token.content.removesuffix("\n").split("\n") if token.content else []


def read_directive(token: Token, line: int) -> Directive | None:
    """Return the directive that a fence is, or None; ``line`` is where the fence stands."""
    match = DIRECTIVE.match(token.info.strip())
    if match is None:
        return None
    options, body, skipped = split_options(body_of(token))
    return Directive(match["name"], match["argument"].strip(), options, body, line, line + 1 + skipped)


def split_options(lines: list[str]) -> tuple[dict, list[str], int]:
    """Return a directive's options, its body, and how many lines the options took."""
    bare = [line.strip() for line in lines]
    if bare[:1] == ["---"] and "---" in bare[1:]:
        end = bare.index("---", 1)
        return yaml.safe_load("\n".join(lines[1:end])) or {}, lines[end + 1 :], end + 1
    options: dict = {}
    for line in lines:
        match = re.match(r"^\s*:([\w-]+):\s*(.*)$", line)
        if match is None:
            break
        options[match[1]] = match[2]
    return options, lines[len(options) :], len(options)
