"""The two files of a card are written together or not at all, and the figure says what the record says."""

from __future__ import annotations

import dataclasses
import json
import os

import numpy as np
import pytest
from PIL import Image
from small_card import PICTURES, changed

from nstlib.apps.card import drawing
from nstlib.apps.card.drawing import figure_of, outputs_of, write_card
from nstlib.apps.card.making import Made
from nstlib.apps.card.recipe import recipe_of
from nstlib.errors import ImageError

RESULT = np.full((24, 32, 3), 200, dtype=np.uint8)
NUMBERS = {"ssim": 0.5, "edge_ssim": 0.25, "structure": 1.0, "gram": 0.1, "gram_gray": 0.2}
CURVE = [{"style_weight": w, "ssim": s, "edge_ssim": s, "gram": g} for w, s, g in ((3.0, 0.6, 0.2), (10.0, 0.5, 0.1))]
HOW = {"nstlib": "1", "torch": "2", "threads": 1}
MADE = Made(RESULT, NUMBERS, {"recipe": CURVE, "classic": CURVE}, {"ssim": 0.03, "edge_ssim": -0.01}, HOW, 2, 1.0)


def said(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_a_card_says_all_that_its_reader_must_know():
    text = said(figure_of(recipe_of(changed(found="They did.")), PICTURES, MADE))
    for part in (
        "A cat of waves",
        "1. The ears stay.",
        "They did.",
        "loss = content + 10 x (2 style (gray))",
        "SSIM 0.50, edges 0.25",
        "at the same style: SSIM +0.03, edges -0.01, on this pair alone.",
        "That it works for dogs.",
        "32 x 24 px, 2 of 2 steps of lbfgs from content, seed 0, tiny",
        "A wave, by me; taken by me; CC0 1.0.",
    ):
        assert part in text


def test_nothing_is_claimed_where_two_curves_share_no_style():
    text = said(figure_of(recipe_of(changed()), PICTURES, dataclasses.replace(MADE, ahead={})))
    assert "this recipe and the classic loss could not be compared" in text


def test_without_a_curve_there_is_no_plot_and_no_comparison():
    figure = figure_of(recipe_of(changed()), PICTURES, dataclasses.replace(MADE, curves={}, ahead={}))
    assert len(figure.axes) == 3  # result, content, style
    assert "classic loss" not in said(figure)


def test_the_cards_own_point_is_marked():
    *_, plot = figure_of(recipe_of(changed()), PICTURES, MADE).axes
    star = plot.lines[-1]
    assert (star.get_label(), star.get_xdata()[0], star.get_ydata()[0]) == ("this card", 0.1, 0.5)


def test_both_files_are_written_and_the_png_says_who_wrote_it(tmp_path):
    paths = write_card(tmp_path / "card.png", recipe_of(changed()), PICTURES, MADE)
    assert paths == [tmp_path / "card.png", tmp_path / "card.json"] == [each.path for each in outputs_of(paths[0])]
    assert json.loads(paths[1].read_text(encoding="utf-8"))["numbers"] == NUMBERS
    with Image.open(paths[0]) as card:
        assert card.info["Software"] == "nst card"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_whatever_fails_on_the_way_leaves_both_files_as_they_were(tmp_path, monkeypatch, failure):
    for name in ("card.png", "card.json"):
        (tmp_path / name).write_text("older")

    def fail(*_):
        raise failure

    monkeypatch.setattr(drawing, "figure_of", fail)
    with pytest.raises((KeyboardInterrupt, ImageError)):
        write_card(tmp_path / "card.png", recipe_of(changed()), PICTURES, MADE)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"older"}
    assert sorted(os.listdir(tmp_path)) == ["card.json", "card.png"]
