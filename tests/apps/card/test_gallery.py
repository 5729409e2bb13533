"""Each card in the gallery can be read, is small enough to be sent, and can be made again."""

from __future__ import annotations

import pytest

from nstlib import course
from nstlib.apps.card.making import OWN, CardRun, measure, on_threads, start
from nstlib.apps.card.recipe import find_pictures, read_recipe
from nstlib.apps.card.record import difference, read_record
from nstlib.features import load_network
from nstlib.formats.encoding import as_bytes

GALLERY = course.ROOT / "gallery"
CARDS = sorted(path.stem for path in GALLERY.glob("*.json"))
MOST = 300_000  # bytes, as its README says


@pytest.mark.parametrize("name", CARDS)
def test_a_card_can_be_read_and_is_small_and_listed(name):
    record = read_record(GALLERY / f"{name}.json")
    assert (GALLERY / f"{name}.png").stat().st_size <= MOST
    page = (GALLERY / "README.md").read_text(encoding="utf-8")
    assert f"({name}.png)" in page
    assert record.recipe.title in page


def test_there_is_a_card():
    assert CARDS


def test_the_first_cards_recipe_is_the_one_in_its_record():
    recipe = read_recipe(GALLERY / "lighthouse.toml")
    assert set(find_pictures(recipe, GALLERY)) == {"content", "style"}
    assert recipe.entries == read_record(GALLERY / "lighthouse.json").recipe.entries


@pytest.mark.exhaustive
@pytest.mark.weights
@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_made_again_from_its_record_alone(name):
    record, network = read_record(GALLERY / f"{name}.json"), load_network()
    with on_threads(record.threads):
        *_, step = start(CardRun(OWN, record.recipe.style_weight), record.recipe, record.pictures, network)
    again = as_bytes(step.image)
    assert difference(again, measure(again, record.pictures, network), record).within
