"""A recipe to fill in: only what a person must say is missing in it, and the course's credits are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nstlib.apps.card.recipe import find_pictures, read_recipe, recipe_of
from nstlib.apps.card.template import credits_of, write_template
from nstlib.apps.study.entries import read_entries
from nstlib.errors import ChoiceError
from nstlib.images import picture, pictures

FILLED = {"title": "t", "author": "me", "does_not_show": "d", "predictions": ["p"]}


def test_the_course_s_pictures_come_with_their_credits(tmp_path):
    path = write_template(tmp_path / "a.toml", ("cat", picture("cat")), ("sandstone", picture("sandstone")))
    with pytest.raises(ChoiceError, match="title is empty"):
        read_recipe(path)
    recipe = recipe_of({**read_entries(path), **FILLED})
    assert (recipe.content.license, recipe.style.license) == ("CC0 1.0", "CC0 1.0")
    assert recipe.content.author == "Stéfan van der Walt; skimage.data.chelsea"
    assert recipe.style_weight in recipe.style_weights
    assert find_pictures(recipe, tmp_path) == {"content": picture("cat"), "style": picture("sandstone")}


def test_every_picture_of_the_course_has_credits():
    assert all(all(credits_of(path)) for path in pictures().values())


def test_own_pictures_are_named_from_the_recipe_s_folder_and_nothing_is_known_of_them(gallery, tmp_path):
    files = (gallery / "content" / "cat.png", gallery / "style" / "wave.png")
    (tmp_path / "recipes").mkdir()
    path = write_template(tmp_path / "recipes" / "a.toml", *((str(file), file) for file in files))
    entries = read_entries(path)
    assert entries["content"] == {
        "file": "../gallery/content/cat.png",
        "title": "",
        "author": "",
        "source": "",
        "license": "",
    }
    with pytest.raises(ChoiceError, match="content.license is empty"):
        recipe_of({**entries, **FILLED})


@pytest.mark.parametrize("name", ['quote"d.png', "back\\slash.png", "ümlaut.png", "delete\x7f.png"])
def test_any_name_comes_back(tmp_path, name):
    path = write_template(tmp_path / "a.toml", (name + "/", tmp_path / name), ("cat", Path("cat.jpg")))
    assert read_entries(path)["content"]["file"] == Path(name).as_posix()


def test_credits_are_empty_where_there_are_none(gallery):
    assert credits_of(gallery / "content" / "cat.png") == ("", "", "", "")
