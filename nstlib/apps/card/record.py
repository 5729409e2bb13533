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
from nstlib.apps.card.recipe import SIDES, CardRecipe, recipe_of
from nstlib.apps.study.entries import number, read_as, table
from nstlib.errors import ChoiceError, finite_number, shown
from nstlib.formats.sizes import MAX_PIXELS, by

FORMAT = 1
MOST_BYTES = 500_000_000  # of a record: more is no card
# On another machine sums are rounded in another order, and L-BFGS lets that grow. Other threads and other convolutions, on
# the gallery's card and on cat with sandstone, moved pixels by 5 to 11 of 255 levels in the mean, SSIM and that of edges by
# up to .016, and the distance from the style by up to 2 %. A tenth less weight of the style moved that by 5 %.
PIXELS, SIMILARITY, SHARE = 16.0, 0.03, 0.04
SIMILARITIES, DISTANCE = ("ssim", "edge_ssim"), "gram"
MOST_THREADS = 64


class Record(NamedTuple):
    """What a card's JSON says.

    Attributes:
        recipe: as from its TOML. pictures: content, style and result, bytes of shape (H, W, 3).
        numbers: the result's measures. made_with: versions and the machine.
    """

    recipe: CardRecipe
    pictures: dict[str, np.ndarray]
    numbers: Mapping[str, float]
    made_with: Mapping[str, Any]

    @property
    def threads(self) -> int | None:
        """On how many threads it was made; sums are added up in another order on another number. None if it does not say."""
        threads = self.made_with.get("threads")
        return threads if type(threads) is int and 1 <= threads <= MOST_THREADS else None


class Difference(NamedTuple):
    """How far a picture that was made again is from a card's.

    Attributes:
        mean, most: of the pixels, in levels of 255: 0 and 0 means bit for bit.
        similarity: of SSIM to the content and of its edges, the larger difference.
        share: of the distance from the style, relative to the card's.
    """

    mean: float
    most: int
    similarity: float
    share: float

    @property
    def within(self) -> bool:
        """Whether another machine may have made that of it."""
        return self.mean <= PIXELS and self.similarity <= SIMILARITY and self.share <= SHARE


def text_of(recipe: CardRecipe, pictures: Mapping[str, np.ndarray], made: Made) -> str:
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
            "ahead_of_classic_at_the_same_style": dict(made.ahead),
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
    entries = table(f"The card {path}", read_as("JSON", json.loads, path, what="card", most_bytes=MOST_BYTES))
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
    measured = table("The numbers of a card", entries.get("numbers"))
    numbers = {name: number(f"{name} of a card", measured.get(name)) for name in (DISTANCE, "structure", "gram_gray")}
    numbers |= {name: finite_number(f"{name} of a card", measured.get(name), least=-1.0) for name in SIMILARITIES}
    return Record(recipe, pictures, numbers, table("made_with of a card", entries.get("made_with", {})))


def difference(again: np.ndarray, measured: Mapping[str, float], record: Record) -> Difference:
    """Return how far a picture that was made again is from the card's, of the same shape, and how far its measures are."""
    apart = np.abs(again.astype(int) - record.pictures["result"].astype(int))
    similarity = max(abs(measured[name] - record.numbers[name]) for name in SIMILARITIES)
    share = abs(measured[DISTANCE] - record.numbers[DISTANCE]) / max(record.numbers[DISTANCE], 1e-9)
    return Difference(float(apart.mean()), int(apart.max()), similarity, share)


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
