"""What a card is made from: a recipe is read as it stands, or refused in a sentence that says what is missing."""

from __future__ import annotations

import pytest
from small_card import ENTRIES, SOURCE, changed

from nstlib.apps.card.recipe import find_pictures, least_side, read_recipe, recipe_of
from nstlib.errors import ChoiceError, ImageError
from nstlib.terms import View


def test_a_recipe_is_read_as_it_stands():
    recipe = recipe_of(ENTRIES)
    assert (recipe.title, recipe.predictions, recipe.found) == ("A cat of waves", ("The ears stay.",), "")
    assert (recipe.content.file, recipe.style.title) == ("cat", "A wave")
    assert recipe.terms[1].view == View(gray=True)
    assert (recipe.settings.size, recipe.settings.steps, recipe.init, recipe.seed) == (32, 2, "content", 0)


def test_the_cards_own_weight_is_on_its_curve_which_ascends():
    assert recipe_of(ENTRIES).style_weights == (3.0, 10.0, 30.0)
    assert recipe_of(changed(style_weights=[])).style_weights == ()


def test_the_formula_says_every_term_and_both_weights():
    formula = "loss = content + 10 x (2 style (gray)) + 1 x total variation"
    assert recipe_of(ENTRIES).formula == formula
    assert recipe_of(changed(tv_weight=0)).formula == "loss = content + 10 x (2 style (gray))"
    assert recipe_of(changed(terms=[{"quantity": "style"}], tv_weight=0)).formula == "loss = 10 x (style)"


@pytest.mark.parametrize("license_", ["", "  ", "unknown", "Unknown.", "?", "n/a", "TBD", "none"])
@pytest.mark.parametrize("side", ["content", "style"])
def test_a_license_that_nobody_knows_is_refused_with_the_reason(side, license_):
    said = "empty" if not license_.strip() else repr(license_)
    with pytest.raises(ChoiceError) as refusal:
        recipe_of(changed(**{f"{side}__license": license_}))
    assert str(refusal.value).startswith(f"{side}.license is {said}. A card carries the picture to others, ")
    assert str(refusal.value).endswith("or take another picture.")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"title": ""}, "title is empty. Say in a few words"),
        ({"title": "x" * 61}, "title has 61 characters, and a card shows 60. Say it shorter."),
        ({"author": 3}, "author must be a text, got 3."),
        ({"does_not_show": " "}, "does_not_show is empty. Say in one sentence what a reader might wrongly conclude"),
        ({"found": 1}, "found must be a text, got 1."),
        ({"predictions": []}, "predictions must be a list of one to 3 texts"),
        ({"predictions": "all is well"}, "predictions must be a list of one to 3 texts"),
        ({"predictions": ["a", ""]}, "Prediction 2 is empty. Write down what you expect before you run"),
        ({"content": 3}, r"\[content\] must be a table, got 3."),
        (
            {"content": {**SOURCE, "file": "cat", "owner": "me"}},
            r"\[content\] knows file, title, author, source, license",
        ),
        ({"content__file": ""}, "content.file is empty. Name a picture"),
        ({"style__author": ""}, "style.author is empty. Say who made the picture"),
        ({"style__source": ""}, "style.source is empty. Say where it comes from"),
        ({"style__license": 4}, "style.license must be a text, got 4."),
        ({"terms": []}, "A recipe needs a list of terms"),
        ({"terms": [{"quantity": "charm"}]}, "There is no quantity 'charm'."),
        (
            {"terms": [{"quantity": "style", "weight": -1}]},
            "The weight of a term of the recipe must be a finite number",
        ),
        ({"terms": [{"quantity": "style", "layers": ["relu9_9"]}]}, "relu9_9"),
        ({"terms": [{"quantity": "style", "layers": ["relu2_2"]}]}, "looks at relu2_2, and there the card measures"),
        ({"terms": [{"quantity": "content", "layers": {"relu4_3": 1}}]}, "a number that was lowered is no measure"),
        ({"terms": [{"quantity": "style", "weight": 0}]}, "Every term of the recipe has the weight 0"),
        ({"style_weight": -2}, "style_weight must be a finite number, 0 or larger"),
        ({"style_weights": [0, 1]}, "style_weights must be a finite number, above 0"),
        ({"style_weights": list(range(1, 15))}, "style_weights are at most 12 numbers, each two runs, got 14."),
        ({"style_weights": [1, 1]}, "none twice"),
        ({"size": 4}, "size must be a whole number of at least 16"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"init": "chaos"}, "There is no init 'chaos'."),
        ({"network": "vgg11"}, "There is no network 'vgg11'."),
        ({"weights": 3}, "A recipe has entries that mean nothing: weights. There are title, author,"),
    ],
)
def test_what_is_missing_or_wrong_is_said(changes, complaint):
    with pytest.raises(ChoiceError, match=complaint):
        recipe_of(changed(**changes))


def test_a_file_that_is_no_recipe_is_called_one(tmp_path):
    with pytest.raises(ChoiceError, match=r"The recipe .*nothing.toml cannot be read: No such file"):
        read_recipe(tmp_path / "nothing.toml")


def test_pictures_are_found_from_the_recipes_folder_or_by_name(gallery, tmp_path):
    found = find_pictures(recipe_of(changed(content__file="gallery/content/cat.png")), tmp_path)
    assert found == {"content": tmp_path / "gallery/content/cat.png", "style": gallery / "style" / "wave.png"}


def test_a_picture_that_is_missing_or_too_small_for_the_layers_is_refused(gallery, tmp_path):
    with pytest.raises(
        ImageError, match=r"There is no picture .*dog.png, the content's file. Paths begin in the recipe's"
    ):
        find_pictures(recipe_of(changed(content__file="dog.png")), tmp_path)
    deep = recipe_of(changed(terms=[{"quantity": "style", "layers": "relu5_1"}], size=16))
    assert least_side(deep) == 16
    with pytest.raises(ImageError, match=r"with size 16 its shorter side has 12, and the network needs 16"):
        find_pictures(deep, tmp_path)
