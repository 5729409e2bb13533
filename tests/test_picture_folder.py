"""The pictures of the course: their form, their credits, and the script that draws the styles."""

from __future__ import annotations

import importlib.util
import itertools
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

IMAGES = Path(__file__).parents[1] / "images"
PICTURES = sorted(path for kind in ("content", "style") for path in (IMAGES / kind).iterdir())
TRAINING = sorted((IMAGES / "training").iterdir())  # small, and shown nowhere
STYLES = ["sandstone", "fluid", "mosaic", "brush", "woodcut"]
SIZE = 64


@cache
def script() -> ModuleType:
    """Load the drawing script, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("make_styles", IMAGES / "make_styles.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def drawing(name: str) -> np.ndarray:
    return np.asarray(script().draw(name, SIZE))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_opens_in_color_and_is_large_enough(path):
    with Image.open(path) as picture:
        picture.load()
        assert picture.mode == "RGB"
        assert max(picture.size) >= 512


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_is_light_to_download(path):
    assert path.stat().st_size < 450_000


@pytest.mark.parametrize("path", [*PICTURES, *TRAINING], ids=lambda path: path.name)
def test_every_picture_is_credited_with_a_license(path):
    rows = [
        line for line in (IMAGES / "CREDITS.md").read_text(encoding="utf-8").splitlines() if f"`{path.name}`" in line
    ]
    licenses = ("CC0", "CC BY", "ublic domain", "No known copyright")
    assert any(row.startswith("|") and any(text in row.split("|")[-2] for text in licenses) for row in rows)


def test_every_credited_picture_is_in_the_folder():
    lines = (IMAGES / "CREDITS.md").read_text(encoding="utf-8").splitlines()
    credited = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert credited == {path.name for path in [*PICTURES, *TRAINING]}


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.name)
def test_a_photo_to_learn_from_is_small_and_gives_crops(path):
    with Image.open(path) as photo:
        assert photo.mode == "RGB"
        assert 176 / max(photo.size) * min(photo.size) >= 96, "at 176 px, the smaller of its two sizes"
    assert path.stat().st_size < 40_000


def test_no_photo_to_learn_from_is_shown_by_the_course():
    assert not {path.name for path in PICTURES} & {path.name for path in TRAINING}


def test_both_kinds_of_pictures_are_there():
    kinds = [path.parent.name for path in PICTURES]
    assert kinds.count("content") >= 6
    assert kinds.count("style") >= 7


def test_the_script_draws_exactly_the_styles_that_credit_it():
    lines = (IMAGES / "CREDITS.md").read_text(encoding="utf-8").splitlines()
    drawn = [line.split("`")[1] for line in lines if line.startswith("| `") and "`make_styles.py`" in line]
    assert drawn == [f"{name}.jpg" for name in script().PAINTERS] == [f"{name}.jpg" for name in STYLES]


@pytest.mark.parametrize("name", STYLES)
def test_a_style_drawn_twice_from_one_seed_has_the_same_pixels(name):
    assert np.array_equal(drawing(name), np.asarray(script().draw(name, SIZE)))


def test_another_seed_draws_another_picture():
    assert not np.array_equal(drawing("sandstone"), np.asarray(script().draw("sandstone", SIZE, seed=1)))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(STYLES, 2)))
def test_any_two_styles_differ_in_their_colors(first, second):
    def shares(name: str) -> np.ndarray:
        return np.histogramdd(drawing(name).reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0] / SIZE**2

    assert np.abs(shares(first) - shares(second)).sum() / 2 > 0.2


@pytest.mark.parametrize("name", STYLES)
def test_a_style_has_strong_contrast(name):
    assert drawing(name).mean(axis=-1).std() > 25


@pytest.mark.parametrize("name", STYLES)
def test_the_shipped_style_is_the_drawing_of_the_script(name):
    with Image.open(IMAGES / "style" / f"{name}.jpg") as picture:
        shipped = np.asarray(picture.resize((8, 8), Image.Resampling.BOX), float)
    drawn = np.asarray(Image.fromarray(drawing(name)).resize((8, 8), Image.Resampling.BOX), float)
    assert np.corrcoef(shipped.ravel(), drawn.ravel())[0, 1] > 0.8


def test_the_command_writes_the_named_style_at_the_named_size(tmp_path, capsys):
    script().main(["woodcut", "--out", str(tmp_path), "--size", "48"])
    assert [path.name for path in tmp_path.iterdir()] == ["woodcut.jpg"]
    with Image.open(tmp_path / "woodcut.jpg") as picture:
        assert picture.size == (48, 48)
    assert "woodcut.jpg" in capsys.readouterr().out


def test_the_command_names_the_styles_when_asked_for_one_it_does_not_know(tmp_path, capsys):
    with pytest.raises(SystemExit):
        script().main(["marble", "--out", str(tmp_path)])
    message = capsys.readouterr().err
    assert "marble" in message
    assert all(name in message for name in STYLES)


def test_the_logo_is_a_small_svg_that_needs_nothing_else():
    text = (IMAGES / "logo.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib
    assert len(text.encode()) < 6000
    assert "href" not in text
