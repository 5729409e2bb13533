"""One run: the picture is the method's, and the measures are those of the library."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nstlib import metrics
from nstlib.apps.study.grid import NAMED, read_grid
from nstlib.apps.study.measure import conflict, run_task, structure_distance, tasks_of
from nstlib.dual import IN_LUMINANCE, PRESETS, Term, stylize_dual
from nstlib.features import load_network, random_network
from nstlib.images import load_image, picture
from nstlib.metrics import MEASURES
from nstlib.transfer import stylize

GRID = """\
contents = ["cat"]
styles = ["woodcut", "mosaic"]
methods = ["classic", "luminance", "lapstyle", "dual", "classic_noise", "channels", "channels_random", "channels_reversed"]
style_weights = [10, 3]
seeds = [0, 1]
network = "tiny"
size = 48
steps = 3
calibration = {contents = ["flower"], styles = ["hubble", "tissue"]}
"""


@pytest.fixture
def tasks(grid_file):
    grid = read_grid(grid_file(GRID))
    return {
        (each.case.style, each.case.method, each.case.style_weight, each.case.seed): each
        for each in tasks_of(grid, grid.cases())
    }


@pytest.fixture
def pair():
    return [load_image(picture(name), size=48) for name in ("cat", "woodcut")]


def test_the_measures_of_a_classic_run_are_those_of_the_picture_that_stylize_makes(tasks, pair):
    found = run_task(tasks["woodcut", "classic", 10.0, 0])
    network = load_network("tiny")
    *_, last = stylize(*pair, network, steps=3)
    assert found["ssim"] == pytest.approx(float(metrics.ssim(last.image, pair[0])), abs=1e-3)
    assert found["gram"] == pytest.approx(metrics.held_out_distance(last.image, pair[1], network), rel=1e-3)
    assert found["content_loss"] == pytest.approx(last.content, rel=1e-3)
    assert found["style_loss"] == pytest.approx(last.style, rel=1e-3)
    assert found["ended_at"] == 3


def test_every_method_gives_every_measure_and_finite_ones(tasks):
    for (style, method, weight, seed), task in tasks.items():
        if style == "woodcut" and weight == 10 and seed == 0:
            values = run_task(task)
            assert set(values) == set(MEASURES), method
            assert all(np.isfinite(value) for value in values.values()), method


def test_the_conflict_is_measured_once_as_weights_do_not_change_it(tasks):
    assert tasks["woodcut", "dual", 10.0, 0].probe
    assert not tasks["woodcut", "dual", 3.0, 0].probe
    assert not {"conflict", "conflict_dual"} & set(run_task(tasks["woodcut", "dual", 3.0, 0]))


def test_the_conflict_is_measured_on_the_way_of_two_methods(tasks, pair):
    network = load_network("tiny")
    for name, walker in (("conflict", "classic"), ("conflict_dual", "dual")):
        way = [step.image for step in stylize_dual(*pair, network, method=walker, steps=3) if step.index in (2, 3)]
        found = run_task(tasks["woodcut", "lapstyle", 10.0, 0])[name]
        assert found == pytest.approx(conflict(way, *pair, network, PRESETS["lapstyle"]), abs=1e-3), name


def test_the_network_that_was_never_trained_is_not_the_one_of_the_loss(tasks, pair):
    found = run_task(tasks["woodcut", "classic", 3.0, 0])
    *_, last = stylize(*pair, load_network("tiny"), steps=3, style_weight=3.0)
    other = random_network("tiny", generator=torch.Generator().manual_seed(1))
    assert found["gram_random"] == pytest.approx(metrics.held_out_distance(last.image, pair[1], other), rel=1e-3)
    assert found["gram_random"] != pytest.approx(found["gram"], rel=1e-2)


def test_chance_is_another_with_another_seed_and_the_same_with_the_same(tasks):
    for method in ("classic_noise", "channels_random"):
        first, again, other = (run_task(tasks["woodcut", method, 3.0, seed])["ssim"] for seed in (0, 0, 1))
        assert first == again != other, method


def test_a_run_from_noise_knows_the_content_by_its_loss_alone(grid_file):
    grid = read_grid(grid_file(GRID.replace("size = 48", "size = 128")))
    task = next(each for each in tasks_of(grid, grid.cases()) if each.case.method == "classic_noise")
    pair = [load_image(picture(name), size=128) for name in ("cat", "woodcut")]

    def ssim_from_noise(detail):
        *_, last = stylize(*pair, load_network("tiny"), steps=3, init="noise", detail=detail)
        return float(metrics.ssim(last.image, pair[0]))

    assert run_task(task)["ssim"] == pytest.approx(ssim_from_noise(detail=False), abs=1e-3)
    assert ssim_from_noise(detail=False) < ssim_from_noise(detail=True) - 0.01


def test_the_three_ways_to_split_channels_differ(tasks):
    names = ("classic", "channels", "channels_random", "channels_reversed")
    found = [run_task(tasks["woodcut", name, 3.0, 0])["ssim"] for name in names]
    assert len(set(found)) == 4


def test_a_style_that_is_added_changes_no_row_that_is_there(grid_file, tasks):
    larger = GRID.replace('"mosaic"]', '"mosaic", "brush"]\nchance_styles = ["woodcut", "mosaic"]')
    grid = read_grid(grid_file(larger))
    task = next(each for each in tasks_of(grid, grid.cases()) if each.case.style == "woodcut")
    assert run_task(task)["layout_leak"] == run_task(tasks["woodcut", "classic", 10.0, 0])["layout_leak"]


def test_every_named_method_has_a_recipe_of_its_own():
    recipes = [method.recipe for method in NAMED.values()]
    assert len(set(recipes)) == len(recipes)


def test_goals_that_both_want_it_lighter_agree_and_goals_for_light_and_dark_conflict():
    network, middle = load_network("tiny"), [torch.full((1, 3, 48, 48), 0.5)]
    black, white = torch.full((1, 3, 48, 48), 0.01), torch.ones(1, 3, 48, 48)
    terms = [Term("pixels"), Term("style", layers="relu1_1")]
    toward = conflict(middle, white, white, network, terms)
    assert toward > 0.5
    assert conflict(middle, black, white, network, terms) == pytest.approx(-toward, abs=1e-3)


@pytest.mark.parametrize("terms", [PRESETS["classic"], PRESETS["dual"], IN_LUMINANCE])
def test_the_conflict_does_not_depend_on_weights(pair, terms):
    network, images = load_network("tiny"), [torch.rand(pair[0].shape, generator=torch.Generator().manual_seed(3))]
    heavier = [replace(term, weight=term.weight * (5 if term.compares.of_style else 3)) for term in terms]
    assert conflict(images, *pair, network, heavier) == pytest.approx(conflict(images, *pair, network, terms), abs=1e-5)


def test_structure_is_kept_when_every_channel_gets_another_mean_and_deviation(pair):
    network = load_network("tiny")
    assert structure_distance(pair[0], pair[0], network) == pytest.approx(0, abs=1e-6)
    paler = 0.25 + 0.5 * pair[0]
    other = torch.nn.functional.interpolate(pair[1], pair[0].shape[2:])
    assert structure_distance(paler, pair[0], network) < 0.5 * structure_distance(other, pair[0], network)


def test_dual_of_the_study_is_dual_of_the_library(tasks, pair):
    found = run_task(tasks["woodcut", "dual", 3.0, 0])
    *_, last = stylize_dual(*pair, load_network("tiny"), method="dual", steps=3, style_weight=3.0)
    assert found["ssim"] == pytest.approx(float(metrics.ssim(last.image, pair[0])), abs=1e-3)
