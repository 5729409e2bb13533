"""What a card is made from: two pictures and whose they are, a list of terms, predictions; read from TOML, and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from nstlib.apps.names import plain
from nstlib.apps.study.entries import listed, number, read_entries, read_term, table
from nstlib.apps.study.grid import Settings
from nstlib.apps.study.pictures import check_picture
from nstlib.defaults import INITS, SMALLEST_SIZE, STYLE_WEIGHT
from nstlib.errors import LARGEST_SEED, ChoiceError, ImageError, choice, finite_number, shown, whole_number
from nstlib.features import Features
from nstlib.images import picture
from nstlib.metrics import HELD_OUT
from nstlib.terms import PICTURE, Term
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS

SIDES = ("content", "style")
SIZE, STEPS = 192, 40  # one run takes about a quarter of a minute on one core
MOST_PREDICTIONS, MOST_WEIGHTS = 3, 12
LONGEST_TITLE, LONGEST_TEXT = 60, 280  # characters: a card is read on a phone
# What people write where they do not know; compared without case, dots and blanks.
NO_LICENSE = ("", "unknown", "not known", "none", "no", "?", "??", "???", "-", "n/a", "na", "tbd", "todo", "unclear")


@dataclass(frozen=True)
class Source:
    """A picture of a card, and whose it is.

    Attributes:
        file: as the recipe names it. title, author, source, license: texts, none of them empty.
    """

    file: str
    title: str
    author: str
    source: str
    license: str


@dataclass(frozen=True)
class CardRecipe:
    """What a card is made from.

    Attributes:
        title, author: of the card. predictions: what was expected before the run. found: what came of them, or
            nothing. does_not_show: one sentence.
        content, style: the two pictures.
        terms: the loss. style_weight: times the terms of style: the card's point on its curve.
        style_weights: those of the curve, ascending, with the point's among them; empty for no curve.
        settings: network, size, steps, optimizer, weight of total variation. init, seed: where the pixels start.
        entries: the same as a file holds it.
    """

    title: str
    author: str
    predictions: tuple[str, ...]
    found: str
    does_not_show: str
    content: Source
    style: Source
    terms: tuple[Term, ...]
    style_weight: float
    style_weights: tuple[float, ...]
    settings: Settings
    init: str
    seed: int
    entries: Mapping[str, Any]

    @property
    def formula(self) -> str:
        """The loss in one line."""
        groups = {goal: [str(term) for term in self.terms if term.compares.of_style is goal] for goal in (False, True)}
        scene, texture = (" + ".join(group) for group in groups.values())
        parts = [scene, f"{self.style_weight:g} x ({texture})" if texture else ""]
        parts.append(f"{self.settings.tv_weight:g} x total variation" if self.settings.tv_weight else "")
        return "loss = " + " + ".join(part for part in parts if part)


def read_recipe(path: Path) -> CardRecipe:
    """Read a recipe from a TOML file.

    Raises:
        ChoiceError: if it cannot be read, is not filled in, or asks for something that does not exist.
    """
    return recipe_of(read_entries(path, what="recipe"))


def recipe_of(entries: Mapping[str, Any]) -> CardRecipe:
    """Return the recipe that a file's entries are, or raise a ChoiceError for the first that is missing or wrong."""
    rest = dict(table("A recipe", entries))
    texts = {name: _text(name, rest.pop(name, "")) for name in ("title", "author", "does_not_show")}
    predictions = rest.pop("predictions", ())
    if not isinstance(predictions, list) or not 1 <= len(predictions) <= MOST_PREDICTIONS:
        raise ChoiceError(f"predictions must be a list of one to {MOST_PREDICTIONS} texts, got {shown(predictions)}.")
    said = tuple(_text(f"Prediction {number}", each) for number, each in enumerate(predictions, 1))
    sources = {side: _source(side, rest.pop(side, {})) for side in SIDES}
    own = {each.name: rest.pop(each.name) for each in fields(Settings) if each.name in rest}
    settings = Settings(**{"size": SIZE, "steps": STEPS, **own})
    settings.check()
    settings = replace(settings, tv_weight=float(settings.tv_weight))
    point = number("style_weight", rest.pop("style_weight", STYLE_WEIGHT))
    recipe = CardRecipe(
        **texts,
        predictions=said,
        found=_text("found", found) if (found := rest.pop("found", "")) != "" else "",
        **sources,
        terms=_terms(rest.pop("terms", None), settings),
        style_weight=point,
        style_weights=_weights(rest.pop("style_weights", []), point),
        settings=settings,
        init=choice("init", rest.pop("init", INITS[0]), INITS),
        seed=whole_number("seed", rest.pop("seed", 0), 0, LARGEST_SEED),
        entries=dict(entries),
    )
    if rest:
        raise ChoiceError(
            f"A recipe has entries that mean nothing: {', '.join(sorted(map(str, rest)))}. There are "
            f"{', '.join(each.name for each in fields(CardRecipe) if each.name not in ('settings', 'entries'))}, "
            f"{', '.join(each.name for each in fields(Settings))}."
        )
    return recipe


def find_pictures(recipe: CardRecipe, folder: Path) -> dict[str, Path]:
    """Return the files of content and style, or raise an ImageError if one is not there or cannot be used.

    Args:
        folder: of the recipe: paths begin there. A name without an extension is one of the course's pictures.
    """
    found = {}
    for side in SIDES:
        name = getattr(recipe, side).file
        own = folder / name
        path = own if own.suffix else picture(name)
        if not os.path.isfile(path):
            raise ImageError(f"There is no picture {path}, the {side}'s file. Paths begin in the recipe's folder.")
        check_picture(path, recipe.settings.size, least_side(recipe))
        found[side] = path
    return found


def least_side(recipe: CardRecipe) -> int:
    """Return how many pixels the shorter side of a picture must have for all layers of a recipe."""
    network = Features(recipe.settings.network, {})
    # The classic loss's layers too, for its curve is drawn beside the recipe's.
    layers = {*CONTENT_LAYERS, *STYLE_LAYERS, *_layers(recipe.terms, network)}
    return max([SMALLEST_SIZE, *(2 ** network.architecture.halvings(layer) for layer in layers)])


def _layers(terms: tuple[Term, ...], network: Features) -> set[str]:
    return {layer for term in terms for layer in term.layer_shares(CONTENT_LAYERS, STYLE_LAYERS, network)} - {PICTURE}


def _terms(entries: Any, settings: Settings) -> tuple[Term, ...]:
    if not (isinstance(entries, list) and entries):
        raise ChoiceError(f"A recipe needs a list of terms, at least one [[terms]], got {shown(entries)}.")
    network = Features(settings.network, {})
    terms = tuple(read_term("the recipe", each, network, settings.size) for each in entries)
    if not any(term.weight for term in terms):
        raise ChoiceError("Every term of the recipe has the weight 0, so there is nothing to lower.")
    if seen := sorted(_layers(terms, network) & {network.canonical(layer) for layer in HELD_OUT}):
        raise ChoiceError(
            f"A term of the recipe looks at {', '.join(seen)}, and there the card measures: a number that was lowered is no "
            f"measure. Take layers other than {', '.join(HELD_OUT)}."
        )
    return terms


def _weights(values: Any, point: float) -> tuple[float, ...]:
    if values == []:
        return ()
    weights = {
        finite_number("style_weights", number("style_weights", each), above=True)
        for each in listed("style_weights", values, (int, float))
    }
    if len(weights) > MOST_WEIGHTS:
        raise ChoiceError(f"style_weights are at most {MOST_WEIGHTS} numbers, each two runs, got {len(weights)}.")
    return tuple(sorted({*weights, point} - {0.0}))


def _text(name: str, value: Any, why: str = "") -> str:
    """Return a text that a card can show, or raise a ChoiceError: empty, too long, or none."""
    most = LONGEST_TITLE if name == "title" else LONGEST_TEXT
    if not isinstance(value, str):
        raise ChoiceError(f"{name} must be a text, got {shown(value)}.")
    text = plain(" ".join(value.split()))
    if not text:
        raise ChoiceError(f"{name} is empty. {why or REASONS.get(name.split()[0], 'Fill it in.')}")
    if len(text) > most:
        raise ChoiceError(f"{name} has {len(text)} characters, and a card shows {most}. Say it shorter.")
    return text


REASONS = {
    "title": "Say in a few words what the card shows.",
    "author": "Say who made the card.",
    "does_not_show": "Say in one sentence what a reader might wrongly conclude from the picture.",
    "Prediction": "Write down what you expect before you run: afterwards everybody has known it.",
}


def _source(side: str, entry: Any) -> Source:
    names = [each.name for each in fields(Source)]
    entry = table(f"[{side}]", entry, names)
    license_ = entry.get("license", "")
    if isinstance(license_, str) and license_.strip().strip(".").casefold() in NO_LICENSE:
        raise ChoiceError(
            f"{side}.license is {shown(license_) if license_.strip() else 'empty'}. A card carries the picture to others, "
            "and what nobody allowed may not be passed on. Write its license (CC0, CC BY 4.0, public domain; of your own "
            "picture the one that you give it), or take another picture."
        )
    why = {
        "file": "Name a picture: a path from the recipe's folder, or one of the course's, such as cat.",
        "title": "Say what is to be seen on it.",
        "author": "Say who made the picture; of your own, you.",
        "source": "Say where it comes from: an address, or that you took it.",
    }
    return Source(*(_text(f"{side}.{name}", entry.get(name, ""), why.get(name, "")) for name in names))
