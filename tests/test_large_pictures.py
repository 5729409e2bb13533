"""The large pictures of the book are what their commands make, and small enough to travel."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import recipes  # noqa: E402
from blocks import BlockError  # noqa: E402

import gallery  # noqa: E402

COMMANDS = recipes.commands()
BUDGET, LARGEST = 2_500_000, 260_000  # bytes
CHAPTERS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "book").glob("*.md")))
# Pairs that differ in more than form alone: of the others the colors say too little at this size.
TOLD_APART = (
    "cat-glass",
    "china-dots",
    "china-brush-own-colors",
    "coffee-fluid",
    "flower-two-places",
    "raccoon-mosaic",
)


def path_of(name):
    return ROOT / recipes.find_picture(name)[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_picture_and_a_page_that_shows_it(name):
    words = shlex.split(COMMANDS[name])
    with Image.open(path_of(name)) as image:
        assert max(image.size) == int(words[words.index("--size") + 1])
    assert path_of(name).stat().st_size < LARGEST
    assert re.search(rf"images/results/{name}\.jpg|\{{painted\}} {name}$", CHAPTERS, re.MULTILINE)


def test_all_of_them_together_keep_the_budget():
    assert sum(path.stat().st_size for path in (ROOT / "images" / "results").iterdir()) < BUDGET
    there = {path.stem for path in (ROOT / "images" / "results").glob("*.jpg")}
    assert there == set(COMMANDS), "a picture without a command, or the other way around"


def test_a_picture_that_is_not_in_the_table_is_refused():
    with pytest.raises(BlockError, match=r"pictures\.toml has no picture 'cat-glas'; it has cat-glass, china-brush, "):
        recipes.find_picture("cat-glas")


@pytest.mark.weights
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.exhaustive] * (place > 0)) for place, name in enumerate(TOLD_APART)]
)
def test_the_command_in_small_comes_nearest_to_its_own_picture(name, tmp_path):
    """A style or an option that is another one than the table says would come nearest to another picture."""
    found = coarse(gallery.make(name, "--size", "128", "--steps", "25", folder=tmp_path))
    scene = name.split("-")[0]
    # One pass and a descent in one style are as near to each other as two sizes of one descent.
    others = [other for other in COMMANDS if other.startswith(scene) and not other.endswith("-fast")]
    far = {other: np.abs(found - coarse(path_of(other))).mean() for other in others}
    assert min(far, key=far.get) == name, far


@pytest.mark.weights
@pytest.mark.exhaustive
def test_a_row_of_the_six_pairs_is_what_its_commands_make(tmp_path):
    row = gallery.PAIRS.index("flower-sandstone")
    across, down = (side + gallery.GAP for side in gallery.SMALL_CELL)
    with Image.open(gallery.pairs(gallery.PAIRS[row : row + 1], tmp_path / "row.png")) as made:
        made = made.convert("RGB")
    with Image.open(ROOT / "images" / "one_pass_pairs.jpg") as sheet:
        kept = sheet.convert("RGB")
    assert kept.size == (made.width, len(gallery.PAIRS) * down - gallery.GAP)
    for left in range(0, made.width, across):
        cells = [
            image.crop((left, top, left + across - gallery.GAP, top + down - gallery.GAP)).reduce(4)
            for image, top in ((made, 0), (kept, row * down))
        ]
        found, wanted = (np.asarray(cell, dtype=float) for cell in cells)
        # of 255: 3 on the machine that made it, for JPEG's sake; neighbors in a row are 20 and more apart
        assert np.abs(found - wanted).mean() < 10


@pytest.mark.weights
def test_of_the_two_losses_the_text_says_what_their_pictures_measure():
    from nstlib import metrics
    from nstlib.apps.study.measure import structure_distance
    from nstlib.features import load_network
    from nstlib.images import load_image, picture

    network = load_network()
    content, style = (load_image(picture(name), size=512) for name in ("coffee", "brush"))
    classic, dual = (load_image(path_of(name)) for name in ("coffee-brush", "coffee-brush-dual"))
    distances = [metrics.held_out_distance(image, style, network) for image in (classic, dual)]
    assert distances[1] < 0.5 * distances[0], "nearer to the strokes"
    assert metrics.edge_ssim(dual, content) > metrics.edge_ssim(classic, content) + 0.03, "more edges"
    assert structure_distance(dual, content, network) > structure_distance(classic, content, network) + 0.1, "further"


def coarse(path):
    """Return a picture's colors on a grid of 12 x 8, shape (8, 12, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((12, 8), Image.Resampling.BOX), dtype=float)
