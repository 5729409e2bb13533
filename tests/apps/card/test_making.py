"""From a recipe to a picture: the same call gives the same pixels, and the numbers are those of the picture that is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_card import ENTRIES, PICTURES, changed

from nstlib.apps.card.making import (
    BASE,
    OWN,
    CardRun,
    ahead,
    as_image,
    curves_of,
    digest,
    is_classic,
    jobs_of,
    made_with,
    measure,
    on_threads,
    start,
)
from nstlib.apps.card.recipe import recipe_of
from nstlib.features import load_network
from nstlib.formats.encoding import as_bytes
from nstlib.metrics import pair_measures
from nstlib.transfer import stylize

CLASSIC = [{"quantity": "content"}, {"quantity": "style"}]


def test_the_cards_own_run_comes_first_then_its_curve_then_the_classic_one():
    jobs = jobs_of(recipe_of(ENTRIES))
    assert jobs == [
        CardRun(OWN, 10),
        CardRun(OWN, 3),
        CardRun(OWN, 30),
        CardRun(BASE, 3),
        CardRun(BASE, 10),
        CardRun(BASE, 30),
    ]
    assert jobs_of(recipe_of(changed(style_weights=[]))) == [CardRun(OWN, 10)]
    assert jobs_of(recipe_of(changed(terms=CLASSIC))) == [CardRun(OWN, 10), CardRun(OWN, 3), CardRun(OWN, 30)]


def test_terms_at_other_weights_are_not_classic():
    assert is_classic(recipe_of(changed(terms=CLASSIC)).terms)
    assert not is_classic(recipe_of(ENTRIES).terms)


def test_two_runs_of_a_job_are_the_same_and_a_classic_recipe_is_stylize():
    network, recipe = load_network("tiny"), recipe_of(changed(terms=CLASSIC))
    one, other = (list(start(CardRun(OWN, 10.0), recipe, PICTURES, network))[-1].image for _ in range(2))
    assert torch.equal(one, other)
    images = [as_image(PICTURES[side]) for side in ("content", "style")]
    *_, classic = stylize(*images, network, steps=2, style_weight=10.0)
    assert torch.equal(one, classic.image)


def test_the_recipes_terms_count_and_the_baselines_are_classic():
    network, recipe = load_network("tiny"), recipe_of(ENTRIES)
    own, base = (list(start(CardRun(name, 10.0), recipe, PICTURES, network))[-1].image for name in (OWN, BASE))
    assert not torch.equal(own, base)
    classic = recipe_of(changed(terms=CLASSIC))
    assert torch.equal(base, list(start(CardRun(OWN, 10.0), classic, PICTURES, network))[-1].image)


def test_bytes_come_back_from_the_tensor_that_they_are_shown_as():
    assert np.array_equal(as_bytes(as_image(PICTURES["content"])), PICTURES["content"])


def test_a_digest_knows_every_pixel_and_the_shape():
    picture = PICTURES["content"]
    other = picture.copy()
    other[3, 4, 1] ^= 1
    assert digest(picture) == digest(picture.copy())
    assert len({digest(picture), digest(other), digest(picture.reshape(32, 24, 3))}) == 3


def test_numbers_are_the_measures_in_four_digits():
    network = load_network("tiny")
    found = measure(PICTURES["content"], PICTURES, network)
    content, style = (as_image(PICTURES[side]) for side in ("content", "style"))
    expected = pair_measures(content, content, style, network)
    assert set(found) == {"ssim", "edge_ssim", "structure", "gram", "gram_gray"}
    assert found["ssim"] == 1
    assert found["structure"] == pytest.approx(0, abs=1e-6)
    assert found["gram"] == pytest.approx(expected["gram"], rel=1e-3)


def test_curves_hold_the_points_that_were_run_by_weight():
    recipe = recipe_of(ENTRIES)
    found = {job: {"ssim": job.weight / 100, "edge_ssim": 0.2, "gram": 1 / job.weight} for job in jobs_of(recipe)}
    curves = curves_of(recipe, found)
    assert [point["style_weight"] for point in curves[OWN]] == [3, 10, 30]
    assert curves[BASE] == curves[OWN]
    assert list(curves_of(recipe_of(changed(terms=CLASSIC)), {CardRun(OWN, 3.0): found[CardRun(OWN, 3)]})) == [OWN]


def test_ahead_is_the_difference_at_the_same_style_or_nothing():
    points = [{"ssim": s, "edge_ssim": s / 2, "gram": g} for s, g in ((0.8, 0.4), (0.5, 0.1))]
    better = [{**point, "ssim": point["ssim"] + 0.1, "edge_ssim": point["edge_ssim"] - 0.2} for point in points]
    assert ahead({OWN: better, BASE: points}) == {"ssim": 0.1, "edge_ssim": -0.2}
    assert ahead({OWN: points}) == {}
    assert ahead({OWN: points[:1], BASE: points}) == {}
    assert ahead({OWN: [{**point, "gram": point["gram"] + 9} for point in points], BASE: points}) == {}


def test_threads_are_set_for_a_while_only():
    before = torch.get_num_threads()
    with on_threads(before + 1):
        assert made_with()["threads"] == before + 1
    with on_threads(None):
        assert torch.get_num_threads() == before
    assert made_with()["threads"] == before
