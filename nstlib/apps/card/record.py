"""The JSON beside a card: recipe, pictures and numbers, so that whoever has that one file can make the same pixels again.

The pictures are in it as PNGs at the card's size, each with the SHA-256 of its pixels.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from nstlib.apps.card.making import Made, digest
from nstlib.apps.card.recipe import SIDES, Recipe, recipe_of
from nstlib.apps.study.entries import table
from nstlib.errors import ChoiceError, shown
from nstlib.formats.sizes import MAX_PIXELS, by

FORMAT = 1
MOST_BYTES = 500_000_000  # of a record: more is no card
# On another machine sums are rounded in another order, and an optimizer lets that grow. Levels of 255, in the mean.
TOLERANCE = 2.0


class Record(NamedTuple):
    """What a card's JSON says.

    Attributes:
        recipe: as from its TOML. pictures: content, style and result, bytes of shape (H, W, 3).
        made_with: versions and the machine.
    """

    recipe: Recipe
    pictures: dict[str, np.ndarray]
    made_with: Mapping[str, Any]


class Difference(NamedTuple):
    """How far two pictures are from each other, in levels of 255: 0 and 0 means bit for bit."""

    mean: float
    most: int

    @property
    def within(self) -> bool:
        """Whether that is as little as another machine may make of it."""
        return self.mean <= TOLERANCE


def text_of(recipe: Recipe, pictures: Mapping[str, np.ndarray], made: Made) -> str:
    """Return a card's JSON. Of the pictures' files it holds the names, and nothing of where they lay."""
    entries = {**recipe.entries}
    for side in SIDES:
        entries[side] = {**entries[side], "file": os.path.basename(getattr(recipe, side).file)}
    return json.dumps(
        {
            "nst_card": FORMAT,
            "recipe": entries,
            "loss": recipe.formula,
            "numbers": dict(made.numbers),
            "curves": dict(made.curves),
            "ssim_ahead_of_classic_at_the_same_style": made.ahead,
            "steps": made.steps,
            "seconds": round(made.seconds, 1),
            "made_with": dict(made.made_with),
            "pictures": {
                name: {"sha256": digest(picture), "png": base64.b64encode(_png(picture)).decode()}
                for name, picture in {**pictures, "result": made.result}.items()
            },
        },
        indent=1,
        ensure_ascii=False,
    )


def read_record(path: Path) -> Record:
    """Read a card's JSON.

    Raises:
        ChoiceError: if it cannot be read, is no card, was damaged, or its recipe is none.
    """
    entries = _entries(path)
    if entries.get("nst_card") != FORMAT:
        raise ChoiceError(
            f"{path} is no card that this version reads: nst_card is {shown(entries.get('nst_card'))}, and {FORMAT} is "
            "needed.  nst card make  writes one."
        )
    recipe = recipe_of(table("The recipe of a card", entries.get("recipe")))
    stored = table("The pictures of a card", entries.get("pictures"))
    pictures = {name: _picture(path, name, stored.get(name)) for name in (*SIDES, "result")}
    for side in SIDES:
        longer = max(pictures[side].shape[:2])
        if longer != recipe.settings.size:
            raise ChoiceError(
                f"{path}: its {side} has {longer} pixels on the longer side, and its recipe asks for a size of "
                f"{recipe.settings.size}. A card holds its pictures at its own size: for another one begin with the files."
            )
    return Record(recipe, pictures, table("made_with of a card", entries.get("made_with", {})))


def difference(one: np.ndarray, other: np.ndarray) -> Difference:
    """Return how far two pictures of one shape are apart."""
    apart = np.abs(one.astype(int) - other.astype(int))
    return Difference(float(apart.mean()), int(apart.max()))


def _entries(path: Path) -> Mapping[str, Any]:
    if os.path.exists(path) and not os.path.isfile(path):
        raise ChoiceError(f"The card {path} cannot be read: it is no file.")
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise ChoiceError(f"The card {path} cannot be read: it has more than {MOST_BYTES / 1e6:.0f} MB.")
        entries = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ChoiceError(f"The card {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ChoiceError(f"The card {path} is no JSON: {error}.") from error
    return table(f"The card {path}", entries)


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _picture(path: Path, name: str, entry: Any) -> np.ndarray:
    """Return a picture of a card, or raise a ChoiceError unless it is the one that was stored."""
    entry = table(f"The picture {name} of a card", entry)
    try:
        data = base64.b64decode(entry.get("png", ""), validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as stored:
            if stored.width * stored.height > MAX_PIXELS:
                raise ChoiceError(f"{path}: its {name} has {by(stored.size)} pixels, too many for a card.")
            picture = np.array(stored.convert("RGB"))
    except (binascii.Error, OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, ChoiceError):
            raise
        raise ChoiceError(f"{path}: its {name} is no PNG. The card is damaged; ask for it again.") from error
    if digest(picture) != entry.get("sha256"):
        raise ChoiceError(
            f"{path}: its {name} is not the picture whose SHA-256 stands beside it. Somebody has changed one of the two: "
            "ask for the card again, or make your own from the files."
        )
    return picture
