"""What a study runs: every method on every pair of pictures, at every weight of the style, read from a TOML file."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from nstlib.apps.names import plain
from nstlib.apps.study.entries import listed, number, read_entries, read_term, table
from nstlib.apps.study.pictures import check_picture, digest
from nstlib.defaults import INITS, MEASURED_SIZE, METHODS, NETWORKS, OPTIMIZERS, SMALLEST_SIZE, TV_WEIGHT
from nstlib.dual import PRESETS, TERMS
from nstlib.errors import LARGEST_SEED, ChoiceError, ImageError, choice, shown, whole_number
from nstlib.features import Features
from nstlib.formats.sizes import MAX_PIXELS
from nstlib.images import picture
from nstlib.terms import PICTURE, Term
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS

SPLITS = ("", "selected", "random", "reversed")
LARGEST_SIZE = math.isqrt(MAX_PIXELS)
MOST_STEPS = 1_000_000  # at a hundredth of a second each, three hours for the smallest pictures there are


@dataclass(frozen=True)
class Method:
    """One way to make a picture.

    Attributes:
        loss: one of ``nstlib.defaults.METHODS``.
        init: where the pixels start, one of ``nstlib.defaults.INITS``.
        split: which channels the classic loss asks for content, and which for style: all (""), each by its selectivity
            ("selected"), by chance ("random"), or each by the other's ("reversed"); see ``nstlib.channels``.
        terms: the loss, in place of a named one.
    """

    loss: str = "classic"
    init: str = "content"
    split: str = ""
    terms: tuple[Term, ...] | None = None

    @property
    def recipe(self) -> str:
        """The method in words short enough for a table: what a row needs to be made again."""
        terms = PRESETS.get(self.loss) if self.terms is None else self.terms
        loss = self.loss if terms is None else " + ".join(str(term) for term in terms)
        return f"{loss}; from {self.init}" + (f"; channels {self.split}" if self.split else "")


NAMED = {
    **{name: Method(name) for name in METHODS},
    "classic_noise": Method(init="noise"),
    "channels": Method(split="selected"),
    "channels_random": Method(split="random"),
    "channels_reversed": Method(split="reversed"),
}


@dataclass(frozen=True)
class Settings:
    """What all runs of a study, or of a comparison, have in common.

    Attributes:
        network: for ``load_network``. size: longer side in pixels, of contents and styles.
        steps, optimizer, tv_weight: for ``nstlib.transfer.stylize``.
    """

    network: str = NETWORKS[0]
    size: int = MEASURED_SIZE
    steps: int = 60
    optimizer: str = OPTIMIZERS[0]
    tv_weight: float = TV_WEIGHT

    def check(self, called: Callable[[str], str] = str) -> None:
        """Raise a ChoiceError for what would else be found only after a network was loaded.

        ``called`` says how the user writes the name of a setting: "size", or "--size" on a command line.
        """
        choice("network", self.network, NETWORKS)
        choice("optimizer", self.optimizer, OPTIMIZERS)
        whole_number(called("size"), self.size, SMALLEST_SIZE, LARGEST_SIZE)
        whole_number(called("steps"), self.steps, 1, MOST_STEPS)
        number(called("tv_weight"), self.tv_weight)


@dataclass(frozen=True)
class Case:
    """One run: a pair of pictures, a method and a weight.

    Attributes:
        content, style: names in the grid. method: its name there. style_weight: beta. seed: of noise and chance.
        recipe: what the method is.
        pictures: eight hexadecimal digits of the SHA-256 of the two files, and of those that channels were chosen with:
            other pictures under old names are other runs.
        settings: what it has in common with the other runs.
    """

    content: str
    style: str
    method: str
    style_weight: float
    seed: int
    recipe: str
    pictures: str
    settings: Settings

    @property
    def key(self) -> dict[str, str]:
        """What tells this run from any other, as text, in the order of the columns."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "settings"}
        return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in own.items()} | {
            each.name: f"{getattr(self.settings, each.name)}" for each in fields(Settings)
        }


@dataclass(frozen=True)
class Grid:
    """What a study runs.

    Attributes:
        contents, styles: from a picture's name to its file.
        methods: from name to method.
        style_weights: beta, in the order in which they are run.
        seeds: of the noise, where a method starts from it, and of channels chosen by chance. Other methods run once.
        settings: what all runs share.
        calibration: names of contents and styles that channels are chosen with; none of them is in the grid.
        chance_styles: names of the styles that say what similarity comes by chance; all, if none are named. A study that
            gets more styles names those that it began with: rows that are there must not mean something else then.
    """

    contents: Mapping[str, Path]
    styles: Mapping[str, Path]
    methods: Mapping[str, Method]
    style_weights: tuple[float, ...]
    seeds: tuple[int, ...] = (0,)
    settings: Settings = field(default_factory=Settings)
    calibration: tuple[Mapping[str, Path], Mapping[str, Path]] = ({}, {})
    chance_styles: tuple[str, ...] = ()

    def cases(self) -> list[Case]:
        """Return all runs. The first weights come first for all pictures, so a study that is stopped can still be read."""
        found, chosen_with = [], [path for side in self.calibration for path in side.values()]
        for weight, (content, one), (style, other) in product(
            self.style_weights, self.contents.items(), self.styles.items()
        ):
            for name, method in self.methods.items():
                pictures = digest([one, other, *(chosen_with if method.split else ())])
                by_chance = method.init != "content" or method.split == "random"
                for seed in self.seeds if by_chance else self.seeds[:1]:
                    found.append(Case(content, style, name, weight, seed, method.recipe, pictures, self.settings))
        return found


def read_grid(path: Path) -> Grid:
    """Read a grid.

    Args:
        path: a TOML file::

            contents = ["cat", "photos/dog.jpg"]    # the course's pictures by name, others by a path from this file
            styles = ["woodcut", "mosaic"]
            methods = ["classic", "dual", "gentle"]
            style_weights = [10, 3, 30]             # beta
            seeds = [0, 1, 2]                       # the rest is optional
            size = 128
            calibration = {contents = ["flower"], styles = ["hubble", "tissue"]}
            chance_styles = ["woodcut", "mosaic"]   # what similarity to a style comes by chance; left out: all styles

            [method.gentle]                         # one of your own: loss or terms, init, split
            terms = [{quantity = "structure"}, {quantity = "pixels", weight = 0.1, view = {finer = 4}}, {quantity = "style"}]

    Raises:
        ChoiceError: if it cannot be read, or asks for something that does not exist. ImageError: if a picture is missing.
    """
    entries = read_entries(path)
    settings = Settings(**{each.name: entries.pop(each.name) for each in fields(Settings) if each.name in entries})
    settings.check()
    settings = replace(settings, tv_weight=float(settings.tv_weight))  # 1 and 1.0 are the same run
    own = table("method", entries.pop("method", {}))
    known = {**NAMED, **{name: _method(name, entry, settings) for name, entry in own.items()}}
    folder = Path(path).parent
    grid = Grid(
        contents=_pictures("contents", entries.pop("contents", ()), folder),
        styles=_pictures("styles", entries.pop("styles", ()), folder),
        methods={name: known[choice("method", name, known)] for name in listed("methods", entries.pop("methods", ()))},
        style_weights=tuple(
            number("style_weights", each)
            for each in listed("style_weights", entries.pop("style_weights", ()), (int, float))
        ),
        seeds=tuple(
            whole_number("seeds", seed, 0, LARGEST_SEED) for seed in listed("seeds", entries.pop("seeds", [0]), (int,))
        ),
        settings=settings,
        calibration=_calibration(entries.pop("calibration", {}), folder),
        chance_styles=tuple(listed("chance_styles", entries.pop("chance_styles")))
        if "chance_styles" in entries
        else (),
    )
    if entries:
        raise ChoiceError(
            f"The grid {path} has entries that mean nothing: {', '.join(sorted(entries))}. There are contents, styles, "
            "methods, style_weights, seeds, calibration, chance_styles, "
            f"{', '.join(each.name for each in fields(Settings))}, and tables [method.NAME]."
        )
    for name in grid.chance_styles:
        choice("chance style", name, grid.styles)
    _check_calibration(grid)
    _check_weights(grid)
    _check_pictures(grid)
    return grid


def _method(name: str, entry: Any, settings: Settings) -> Method:
    entry = dict(table(f"method.{shown(name)}", entry))
    if name in NAMED:
        raise ChoiceError(f'There is a method "{name}" already. Give yours another name.')
    if not name or plain(name) != name:
        raise ChoiceError(
            f"A method needs a name of letters that can be seen, got {shown(name)}: it stands in every row."
        )
    if unknown := set(entry) - {each.name for each in fields(Method)}:
        raise ChoiceError(f"The method {name} knows loss or terms, init and split, not {', '.join(sorted(unknown))}.")
    terms = entry.pop("terms", None)
    if terms is not None and not (isinstance(terms, list) and terms):
        raise ChoiceError(f"The terms of the method {name} must be a list with at least one entry, got {shown(terms)}.")
    method = Method(**entry)
    choice("loss", method.loss, METHODS)
    choice("init", method.init, INITS)
    choice("split", method.split, SPLITS)
    if method.split and (terms is not None or method.loss != "classic"):
        raise ChoiceError(f'The method {name} splits channels: that is for the loss "classic" alone.')
    if terms is None:
        return method
    network = Features(settings.network, {})
    return replace(method, terms=tuple(read_term(f"the method {name}", each, network, settings.size) for each in terms))


def _calibration(entry: Any, folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    entry = table("calibration", entry)
    if not entry:
        return {}, {}
    if set(entry) != {"contents", "styles"}:
        raise ChoiceError(f"calibration has contents and styles, got {', '.join(map(str, entry))}.")
    return _pictures("contents", entry["contents"], folder), _pictures("styles", entry["styles"], folder)


def _check_calibration(grid: Grid) -> None:
    contents, styles = grid.calibration
    chosen = any(method.split for method in grid.methods.values())
    if chosen and (not contents or len(styles) < 2):
        raise ChoiceError(
            "Methods that split channels choose them with other pictures than they are judged by: calibration needs at "
            'least one content and two styles, as in  calibration = {contents = ["flower"], styles = ["hubble", "tissue"]}'
        )
    if both := (set(contents) & set(grid.contents)) | (set(styles) & set(grid.styles)):
        raise ChoiceError(
            f"{', '.join(sorted(both))}: in the calibration and in the grid. A choice must not be judged by "
            "the pictures it was made with."
        )


def _check_weights(grid: Grid) -> None:
    for name, method in grid.methods.items():
        terms = TERMS[method.loss] if method.terms is None else method.terms
        for weight in grid.style_weights:
            if not grid.settings.tv_weight and not any(
                term.weight * (weight if term.compares.of_style else 1) for term in terms
            ):
                raise ChoiceError(
                    f"With style_weights of {weight:g} and a tv_weight of 0 the method {name} has nothing to lower."
                )


def _check_pictures(grid: Grid) -> None:
    """Raise an ImageError if a picture cannot be used, or would be too small for the layers that are looked at."""
    network, size = Features(grid.settings.network, {}), grid.settings.size
    layers = {
        layer
        for method in grid.methods.values()
        for term in method.terms or ()
        for layer in term.layer_shares(CONTENT_LAYERS, STYLE_LAYERS, network)
        if layer != PICTURE
    }
    least = max([SMALLEST_SIZE, *(2 ** network.architecture.halvings(layer) for layer in layers)])
    contents, styles = grid.calibration
    for path in (*grid.contents.values(), *grid.styles.values(), *styles.values()):
        check_picture(path, size, least)
    for path in contents.values():  # halves of them are painted
        check_picture(path, size, 2 * least)


def _pictures(what: str, names: Any, folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name in listed(what, names):
        own = folder / name
        path = own if own.suffix else picture(name)
        if not os.path.isfile(path):  # unlike Path's, it takes any name
            raise ImageError(f"There is no picture {path}, one of the {what}.")
        called = plain(path.stem)
        if called in found:
            raise ChoiceError(f"Two of the {what} are called {called}. Rename one, for rows go by the name.")
        found[called] = path
    return found
