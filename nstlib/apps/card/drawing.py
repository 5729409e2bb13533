"""The card itself: which pictures, numbers and sentences stand on it, and the two files that are written together."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nstlib import figures
from nstlib.apps.card.making import BASE, OWN, Made, as_image
from nstlib.apps.card.recipe import SIDES, CardRecipe, Source
from nstlib.apps.card.record import text_of
from nstlib.apps.outputs import Output
from nstlib.formats.files import replacing

AUTHOR = "nst card"  # stands in the PNG
DPI = 150  # a result of 192 pixels is shown three times as large
SHADE = 51  # of 255 levels: a fifth
LABELS = {OWN: "this recipe", BASE: "classic loss"}


def outputs_of(target: Path) -> list[Output]:
    """Return the two files of a card: its PNG, and the JSON beside it."""
    return [
        Output(target, "the card", extensions=(".png",)),
        Output(target.with_suffix(".json"), "the card's record", extensions=(".json",)),
    ]


def write_card(target: Path, recipe: CardRecipe, pictures: Mapping[str, np.ndarray], made: Made) -> list[Path]:
    """Write both files of a card, or neither, and return their paths.

    Raises:
        ImageError: if they cannot be written.
    """
    paths = [output.path for output in outputs_of(target)]
    text = text_of(recipe, pictures, made)
    with replacing(paths[1]) as record, replacing(paths[0]) as card, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # that its font lacks a letter can be seen
        record.write_text(text + "\n", encoding="utf-8")
        _save(figure_of(recipe, pictures, made), card)
    return paths


def _save(figure: figures.Figure, path: Path) -> None:
    """Write a figure as a PNG without transparency. Where no picture is, six shades are enough: letters take less room."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    pixels = np.array(Image.open(drawn).convert("RGB"))
    shades = (pixels.astype(int) + SHADE // 2) // SHADE * SHADE
    for ax in figure.axes:
        if ax.images:
            box = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
            x0, x1, y0, y1 = (DPI * value for value in (box.x0, box.x1, box.y0, box.y1))
            rows = slice(math.floor(len(pixels) - y1), math.ceil(len(pixels) - y0) + 1)
            columns = slice(math.floor(x0), math.ceil(x1) + 1)
            shades[rows, columns] = pixels[rows, columns]
    signed = PngInfo()
    signed.add_text("Software", AUTHOR)
    Image.fromarray(shades.astype(np.uint8)).save(path, format="PNG", optimize=True, pnginfo=signed)


def figure_of(recipe: CardRecipe, pictures: Mapping[str, np.ndarray], made: Made) -> figures.Figure:
    """Return a card as a figure."""
    numbers, settings = made.numbers, recipe.settings
    shown = {"result": (as_image(made.result), "")}
    shown |= {side: (as_image(pictures[side]), _credit(getattr(recipe, side))) for side in SIDES}
    height, width = made.result.shape[:2]
    lead = (
        f"Against the classic loss at the same style: SSIM {made.ahead['ssim']:+.2g}, edges {made.ahead['edge_ssim']:+.2g}, "
        "on this pair alone."
        if made.ahead
        else "At the same style this recipe and the classic loss could not be compared."
    )
    measured = [
        f"Content kept: SSIM {numbers['ssim']:.2f}, edges {numbers['edge_ssim']:.2f}; structure distance "
        f"{numbers['structure']:.2f}. Distance from the style: {numbers['gram']:.2g}, in gray {numbers['gram_gray']:.2g}. "
        "No loss has looked at these layers.",
        *([lead] if len(made.curves) == 2 else []),
    ]
    made_with = made.made_with
    how = (
        f"{width} x {height} px, {made.steps} of {settings.steps} steps of {settings.optimizer} from {recipe.init}, seed "
        f"{recipe.seed}, {settings.network}; {made.seconds:.0f} s. nstlib {made_with['nstlib']}, torch "
        f"{made_with['torch']}. Card by {recipe.author}."
    )
    texts = {
        "Predicted before the run": [f"{k}. {each}" for k, each in enumerate(recipe.predictions, 1)],
        **({"What came of it": [recipe.found]} if recipe.found else {}),
        "Recipe": [recipe.formula],
        "Measured": measured,
        "What it does not show": [recipe.does_not_show],
        "Made": [how, *(_license(side, getattr(recipe, side)) for side in SIDES)],
    }
    curves = {
        LABELS[name]: ([each["gram"] for each in points], [each["ssim"] for each in points])
        for name, points in made.curves.items()
    }
    labels = ("distance from the style (held-out layers)", "SSIM to the content")
    point = (numbers["gram"], numbers["ssim"])
    return figures.draw_card(recipe.title, shown, texts, curves, axes=labels, point=point)


def _credit(source: Source) -> str:
    return f"{source.title}, by {source.author}"


def _license(side: str, source: Source) -> str:
    return f"{side[0].upper()}{side[1:]}: {source.title}, by {source.author}; {source.source}; {source.license}."
