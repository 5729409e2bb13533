"""What a study runs: every method on every pair of pictures, at every weight of the style, read from a TOML file."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from nstlib.defaults import INITS, MEASURED_SIZE, METHODS, NETWORKS, OPTIMIZERS, SMALLEST_SIZE, TV_WEIGHT
from nstlib.dual import PRESETS
from nstlib.errors import ChoiceError, ImageError, choice, finite_number, whole_number
from nstlib.images import picture
from nstlib.terms import QUANTITIES, Term, View

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SPLITS = ("", "selected", "random", "reversed")


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

    def check(self) -> None:
        """Raise a ChoiceError for what would else be found only after a network was loaded."""
        choice("network", self.network, NETWORKS)
        choice("optimizer", self.optimizer, OPTIMIZERS)
        whole_number("size", self.size, SMALLEST_SIZE)
        whole_number("steps", self.steps, 1)
        finite_number("tv_weight", self.tv_weight)


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
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ChoiceError(f"The grid {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ChoiceError(f"The grid {path} is no TOML: {error}.") from error
    own = {name: _method(name, entry) for name, entry in _table("method", entries.pop("method", {})).items()}
    known = {**NAMED, **own}
    settings = Settings(**{each.name: entries.pop(each.name) for each in fields(Settings) if each.name in entries})
    settings.check()
    settings = replace(settings, tv_weight=float(settings.tv_weight))  # 1 and 1.0 are the same run
    folder = Path(path).parent
    grid = Grid(
        contents=_pictures("contents", entries.pop("contents", ()), folder),
        styles=_pictures("styles", entries.pop("styles", ()), folder),
        methods={name: known[choice("method", name, known)] for name in _list("methods", entries.pop("methods", ()))},
        style_weights=tuple(
            float(finite_number("style_weights", each))
            for each in _list("style_weights", entries.pop("style_weights", ()), (int, float))
        ),
        seeds=tuple(whole_number("seeds", seed, 0) for seed in _list("seeds", entries.pop("seeds", [0]), (int,))),
        settings=settings,
        calibration=_calibration(entries.pop("calibration", {}), folder),
        chance_styles=tuple(_list("chance_styles", entries.pop("chance_styles"))) if "chance_styles" in entries else (),
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
    return grid


def _method(name: str, entry: Any) -> Method:
    entry = dict(_table(f"method.{name}", entry))
    if name in NAMED:
        raise ChoiceError(f'There is a method "{name}" already. Give yours another name.')
    if unknown := set(entry) - {each.name for each in fields(Method)}:
        raise ChoiceError(f"The method {name} knows loss or terms, init and split, not {', '.join(sorted(unknown))}.")
    terms = entry.pop("terms", None)
    if terms is not None and not (isinstance(terms, list) and terms):
        raise ChoiceError(f"The terms of the method {name} must be a list with at least one entry, got {terms!r}.")
    method = Method(**entry)
    choice("loss", method.loss, METHODS)
    choice("init", method.init, INITS)
    choice("split", method.split, SPLITS)
    if method.split and (terms is not None or method.loss != "classic"):
        raise ChoiceError(f'The method {name} splits channels: that is for the loss "classic" alone.')
    return method if terms is None else replace(method, terms=tuple(_term(name, each) for each in terms))


def _term(name: str, entry: Any) -> Term:
    entry = dict(_table(f"method.{name}.terms", entry))
    choice("quantity", entry.get("quantity"), QUANTITIES)
    if type(entry.get("weight", 1)) not in (int, float):
        raise ChoiceError(f"A term of the method {name} needs a number as its weight, got {entry['weight']!r}.")
    try:
        view = View(**entry.pop("view", {}))
        for each in ("cutoffs", "bands"):
            if each in entry:
                entry[each] = tuple(entry[each])
        return Term(view=view, **entry)
    except TypeError as error:
        raise ChoiceError(
            f"A term of the method {name} knows {', '.join(each.name for each in fields(Term) if each.init)}, and a view "
            f"{', '.join(each.name for each in fields(View))}: {error}."
        ) from error


def _calibration(entry: Any, folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    entry = _table("calibration", entry)
    if not entry:
        return {}, {}
    if set(entry) != {"contents", "styles"}:
        raise ChoiceError(f"calibration has contents and styles, got {', '.join(entry)}.")
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


def _pictures(what: str, names: Any, folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name in _list(what, names):
        own = folder / name
        path = own if own.suffix else picture(name)
        if not path.is_file():
            raise ImageError(f"There is no picture {path}, one of the {what}.")
        if path.stem in found:
            raise ChoiceError(f"Two of the {what} are called {path.stem}. Rename one, for rows go by the name.")
        found[path.stem] = path
    return found


def _list(what: str, values: Any, kinds: tuple[type, ...] = (str,)) -> Sequence[Any]:
    good = isinstance(values, (list, tuple)) and values and all(type(value) in kinds for value in values)
    if not good or len(set(values)) < len(values):
        raise ChoiceError(f"{what} must be a list with at least one entry and none twice, got {values!r}.")
    return values


def _table(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ChoiceError(f"{what} must be a table, got {value!r}.")
    return value


def digest(paths: Iterable[Path], digits: int = 8) -> str:
    """Return the first hexadecimal digits of the SHA-256 of files; nothing if one of them cannot be read."""
    try:
        return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:digits]
    except OSError:  # whoever loads it will say what is wrong
        return ""
