"""What a function needs, told at its door: ``@door`` holds arguments to their annotations before the function sees them.

Whoever hands in a NumPy array, a PIL image, bytes or a picture without its batch axis is told what was needed, what came and
what to do. An annotation says what an argument is; what it cannot say stands in the decorator, one text for each argument:

* of a tensor, its axes: ``@door(features="B C H W", mask="1 1 H W")``. A number is a size, a name is any size above 0 and
  the same one wherever it stands, ``B?`` is 1 or B, ``_`` is any size, ``...`` any number of axes. In front of them may
  stand which numbers it holds (a key of ``KINDS``; without one, floats); ``alike`` if they are in the precision of those
  before; ``moved`` if they may be on another device, as the function brings them along; and ``values`` where a function
  looks at them, as a tensor on "meta" has none. ``picture`` is one RGB image whose values are those of one.
* of a number, its range: ``@door(sigma="> 0", steps=">= 1", share="0 to 1")``. Without one it may be NaN or infinite.
* ``own`` means that the function tells of this argument itself, in better words.

What is said of a sequence is meant of its members; generators are not looked into, as they run once only. A call costs a few
microseconds, and nothing is read of a tensor but its form, except of a picture.
"""

from __future__ import annotations

import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor

from nstlib.facts import KINDS, MARKS, AnyOf, Called, Fact, IsA, Like, Members, Number, OrNone, Shaped, Table

WORDS = (*MARKS, "picture", "own", "to")
SIMPLE = {
    str: ("a text", str),
    bool: ("True or False", bool, np.bool_),
    os.PathLike: ("a path", os.PathLike),
    Path: ("a path", str, os.PathLike),
}
Public = TypeVar("Public", bound=Callable)


def door(function: Public | None = None, **said: str) -> Public | Callable[[Public], Public]:
    """Return a function, or a class, whose arguments are held to their annotations and to what is ``said`` of them."""
    if function is None:
        return functools.partial(door, **said)
    if isinstance(function, type):
        function.__init__ = _held(function.__init__, function.__name__, said)
        return function
    return _held(function, function.__qualname__.replace(".__call__", ""), said)


def _held(function: Callable, who: str, said: Mapping[str, str]) -> Callable:
    facts: dict[str, Fact | None] = {}
    in_order: list[tuple[str, Fact | None]] = []

    def read() -> None:
        facts.update(_facts(function, said))
        in_order.extend(facts.items())

    def held(*arguments, **named):
        if not facts:  # at the first call, when all names that annotations use are there
            read()
        known = {}
        for (name, fact), value in zip(in_order, arguments):  # noqa: B905 (Python itself tells of too many)
            if fact is not None:
                fact.hold(who, name, value, known)
        for name, value in named.items():
            fact = facts.get(name)
            if fact is not None:
                fact.hold(who, name, value, known)
        return function(*arguments, **named)

    # It lives where the function does, or doctest would pass by the examples of a function from elsewhere.
    held = types.FunctionType(held.__code__, function.__globals__, function.__name__, None, held.__closure__)
    held.__door__ = said
    return functools.wraps(function)(held)


def _facts(function: Callable, said: Mapping[str, str]) -> dict[str, Fact | None]:
    """Return what each parameter has to be; None where nothing is known of it."""
    once = _names_said_once(said)
    facts: dict[str, Fact | None] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = parameter.annotation
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if several or annotation is parameter.empty or said.get(name) == "own":
            facts[name] = None
            continue
        if isinstance(annotation, str):  # typing.get_type_hints would want the result's annotation as well
            annotation = eval(annotation, function.__globals__)
        words = [f"{word}_" if word in once else word for word in said.get(name, "").split()]
        fact = fact_of(annotation, " ".join(words) or None)
        facts[name] = None if fact.__class__ is Fact else fact
    if unknown := set(said) - set(facts):
        raise TypeError(f"The door of {function.__qualname__} speaks of {', '.join(unknown)}, which it does not take.")
    return facts


def _names_said_once(said: Mapping[str, str]) -> set[str]:
    """Return the names of axes that need not be compared with any other."""
    words = [word.rstrip("?") for text in said.values() for word in text.split()]
    return {word for word in words if word.isalpha() and word not in (*KINDS, *WORDS) and words.count(word) == 1}


def fact_of(annotation: object, said: str | None = None) -> Fact:
    """Return what an annotation asks for. ``said`` is what a door adds to it."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        facts = [fact_of(part, said) for part in parts if part is not type(None)]
        fact = facts[0] if len(facts) == 1 else AnyOf(facts)
        return OrNone(fact) if type(None) in parts else fact
    if origin is Callable or annotation is Callable:
        return Called()
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Members(origin, fact_of(parts[1], said), keys=fact_of(parts[0]))
    if origin is tuple and Ellipsis not in parts:
        alike = len(set(parts)) == 1
        return Members(Sequence, fact_of(parts[0], said) if alike else Fact(), count=len(parts))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return Members(Sequence if origin in (tuple, list) else origin, fact_of(parts[0], said))
    return _fact_of_class(origin or annotation, said)


def _fact_of_class(kind: object, said: str | None) -> Fact:
    if not isinstance(kind, type) or kind is object:
        return Fact()
    if getattr(kind, "_is_protocol", False):
        return Called()
    if kind is Tensor:
        return Shaped(said)
    if kind in (int, float):
        return Number(kind is int, said)
    if kind is np.ndarray:
        return Table()
    if kind in SIMPLE:
        return IsA(*SIMPLE[kind])
    if kind.__module__.partition(".")[0] == "nstlib":
        return Like(kind)
    return IsA(f"a {kind.__module__.partition('.')[0]}.{kind.__name__}", kind)
