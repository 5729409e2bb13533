"""The values in a grid's file: each is what it should be, or a ChoiceError says what it should be and what stands there."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from nstlib.errors import ChoiceError, LayerError, choice, finite_number, shown
from nstlib.features import Features
from nstlib.terms import QUANTITIES, Term, View, layer_shares

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST = 3.4e38  # the pixels and the losses are 32-bit floats
LEAST_BLUR = 0.01  # pixels: less than a hundredth changes nothing
OF_TERMS = tuple(each.name for each in fields(Term) if each.init and each.name != "channels")  # these are tensors
OF_VIEWS = tuple(each.name for each in fields(View))


def read_entries(path: Path, *, what: str = "grid") -> dict[str, Any]:
    """Return what a TOML file holds. ``what`` is what the file is, in a word.

    Raises:
        ChoiceError: if it cannot be read, is no TOML, or holds a whole number that no program need take.
    """
    entries = read_as("TOML", tomllib.loads, path, what=what)
    for name, entry in entries.items():
        _check_integers(name, entry)
    return entries


def read_as(language: str, parse: Callable[[str], Any], path: Path, *, what: str, most_bytes: float = math.inf) -> Any:
    """Return what ``parse`` makes of a file's text.

    Args:
        language: what the text should be, as messages say it. what: what the file is, in a word.
        most_bytes: a larger file is not read.

    Raises:
        ChoiceError: if the file cannot be read, is too large, or ``parse`` raises a ValueError.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # to read a pipe would be to wait for whoever writes to it
        raise ChoiceError(f"The {what} {path} cannot be read: it is no file.")
    try:
        if os.path.getsize(path) > most_bytes:
            raise ChoiceError(f"The {what} {path} cannot be read: it has more than {most_bytes / 1e6:.0f} MB.")
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ChoiceError(f"The {what} {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits; a thousand brackets
        raise ChoiceError(f"The {what} {path} is no {language}: {error}.") from error


def _check_integers(name: str, entry: Any) -> None:
    """Refuse whole numbers of more than TOML's 64 bits: neither floats nor messages can hold them."""
    if isinstance(entry, int) and not -(2**63) <= entry < 2**63:
        raise ChoiceError(f"{name} must be at most 2**63 - 1, got a whole number of {entry.bit_length()} bits.")
    for each in entry.values() if isinstance(entry, Mapping) else entry if isinstance(entry, list) else ():
        _check_integers(name, each)


def number(what: str, value: Any) -> float:
    """Return a number from 0 to what pixels can hold, as a float: 1 and 1.0 are the same run."""
    return float(finite_number(what, value, most=LARGEST))


def listed(what: str, values: Any, kinds: tuple[type, ...] = (str,)) -> Sequence[Any]:
    """Return a list that holds only values of these types, at least one, and none twice."""
    good = isinstance(values, (list, tuple)) and values and all(type(value) in kinds for value in values)
    if not good or len(set(values)) < len(values):
        raise ChoiceError(f"{what} must be a list with at least one entry and none twice, got {shown(values)}.")
    return values


def table(what: str, value: Any, known: Iterable[str] | None = None) -> Mapping[str, Any]:
    """Return a table; with ``known``, one that has no other keys."""
    if not isinstance(value, Mapping):
        raise ChoiceError(f"{what} must be a table, got {shown(value)}.")
    if known is not None and (unknown := sorted(set(value) - set(known))):
        raise ChoiceError(f"{what} knows {', '.join(known)}, not {', '.join(unknown)}.")
    return value


def read_term(owner: str, entry: Any, network: Features, size: int) -> Term:
    """Return a term of a method, or of a recipe, of one's own.

    Args:
        owner: whose it is, as messages say it: "the method gentle". entry: the term's table.
        network: without weights: it says which layers there are. size: of the pictures; a coarser blur leaves nothing.
    """
    who = f"A term of {owner}"
    choice("quantity", table(who, entry).get("quantity"), QUANTITIES)
    entry = dict(table(who, entry, OF_TERMS))
    if type(entry.get("weight", 1)) not in (int, float):
        raise ChoiceError(f"{who} needs a number as its weight, got {shown(entry['weight'])}.")
    entry["weight"] = number(f"The weight of a term of {owner}", entry.get("weight", 1))
    entry["view"] = _view(who, entry.get("view", {}), size)
    if "layers" in entry:
        entry["layers"] = _layers(who, entry["layers"], network)
    for name in ("cutoffs", "bands"):
        if name in entry:
            values = entry[name]
            if not isinstance(values, list):
                raise ChoiceError(f"{name} of {_small(who)} must be a list of numbers, got {shown(values)}.")
            entry[name] = tuple(number(f"{name} of {_small(who)}", each) for each in values)
    return Term(**entry)


def _view(who: str, entry: Any, size: int) -> View:
    entry = dict(table(f"The view of {_small(who)}", entry, OF_VIEWS))
    if type(entry.get("gray", False)) is not bool:
        raise ChoiceError(f"gray of {_small(who)} must be true or false, got {shown(entry['gray'])}.")
    for name in ("finer", "coarser"):
        value = entry.get(name, 1)
        if type(value) not in (int, float) or not LEAST_BLUR <= value <= size:
            raise ChoiceError(
                f"{name} of {_small(who)} is a blur in pixels, from {LEAST_BLUR} to the size, {size}; got {shown(value)}."
            )
    return View(**entry)


def _layers(who: str, layers: Any, network: Features) -> Any:
    """Return layers that the network has: a name, several, or a table from name to weight."""
    named = [layers] if isinstance(layers, str) else layers
    if not isinstance(named, (list, Mapping)) or not named or not all(type(name) is str for name in named):
        raise ChoiceError(f"layers of {_small(who)} must be a name, a list or a table of weights, got {shown(layers)}.")
    if isinstance(layers, Mapping):
        layers = {name: number(f"layers of {_small(who)}: {name}", weight) for name, weight in layers.items()}
    try:
        layer_shares(f"layers of {_small(who)}", layers, network)
    except LayerError as error:
        raise ChoiceError(str(error)) from error
    return layers


def _small(who: str) -> str:
    return who[0].lower() + who[1:]
