"""Style sheets without the rules for what no page shows: themes come with rules for everything that they could show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import tinycss2
from tinycss2.ast import AtRule, Comment, Node, QualifiedRule, WhitespaceToken

WORD = re.compile(r"[A-Za-z_][\w-]*")
JOINED = re.compile(r"[A-Za-z][\w-]+-(?=[\"'`$])")  # a script makes a name of it and of something else
GROUPS = ("media", "supports", "layer", "container")  # at-rules that hold rules


def words_of(texts: Iterable[str]) -> set[str]:
    """Return all words of pages and scripts that could be the name of a class."""
    return {word for text in texts for word in WORD.findall(text)}


def stems_of(scripts: Iterable[str]) -> tuple[str, ...]:
    """Return what scripts put in front of something else to make a name: ``bs-tooltip-`` and the like."""
    return tuple(sorted({stem for text in scripts for stem in JOINED.findall(text)}))


def shown_rules(styles: str, words: set[str], stems: tuple[str, ...] = ()) -> str:
    """Return a style sheet without selectors that want a class which no page and no script names.

    Args:
        styles: the style sheet.
        words: that stand in pages or scripts; a class that is none of them is given to nothing.
        stems: beginnings of classes that scripts put together.
    """
    return "".join(_written(tinycss2.parse_stylesheet(styles), lambda name: name in words or name.startswith(stems)))


def _written(rules: Iterable[Node], known: Callable[[str], bool]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, WhitespaceToken) or (isinstance(rule, Comment) and not rule.value.startswith("!")):
            continue
        if isinstance(rule, AtRule) and rule.lower_at_keyword in GROUPS and rule.content is not None:
            inner = "".join(_written(tinycss2.parse_rule_list(rule.content), known))
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        elif isinstance(rule, QualifiedRule):
            left = [one for one in _selectors(rule.prelude) if all(known(name) for name in _classes(one))]
            if left:
                yield f"{','.join(tinycss2.serialize(one).strip() for one in left)}{{{tinycss2.serialize(rule.content)}}}"
        else:
            yield rule.serialize()


def _selectors(prelude: list[Node]) -> Iterator[list[Node]]:
    """Yield the parts between commas."""
    part: list[Node] = []
    for token in prelude:
        if token == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _classes(selector: list[Node]) -> Iterator[str]:
    """Yield the classes that a selector wants; what stands in ``:not(...)`` and the like is left aside."""
    for before, token in pairwise(selector):
        if before == "." and token.type == "ident":
            yield token.value
