"""The receptive-field explorer: the browser's fields are those of nstlib.receptive."""

from __future__ import annotations

import pytest
import torch

from nstlib.errors import LayerError
from nstlib.receptive import patch_of, receptive_field
from nstlib.vgg import ARCHITECTURES
from nstlib.widgets import (
    explore_receptive_field,
)
from nstlib.widgets.explorer import (
    encode_array,
)


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 20, 30, generator=rng)


@pytest.mark.parametrize("architecture", [ARCHITECTURES["vgg16"], ARCHITECTURES["vgg19"]], ids=["VGG-16", "VGG-19"])
def test_every_layers_field_is_that_of_receptive(architecture, run_node):
    names = list(architecture.layers)
    script = """
      const { names, blocks } = given;
      const answer = { names: it.layerNames(blocks), fields: names.map((name) => it.receptiveField(name, blocks)) };
    """
    got = run_node("receptive_field", script, {"names": names, "blocks": [len(block) for block in architecture.blocks]})
    assert got["names"] == names
    assert got["fields"] == [receptive_field(name, architecture=architecture)._asdict() for name in names]


def test_what_a_unit_sees_is_patch_of(run_node):
    height, width = 101, 150
    cases = []
    for layer in ("relu1_2", "pool2", "relu4_3", "relu5_3", "pool5"):
        stride = receptive_field(layer).stride
        rows, columns = height // stride, width // stride
        cases += [(layer, row, column) for row in (0, rows // 2, rows - 1) for column in (0, columns // 3, columns - 1)]
    script = """
      const field = (layer) => it.receptiveField(layer, [2, 2, 3, 3, 3]);
      const answer = given.cases.map(([layer, row, column]) => it.patchOf(field(layer), row, column, 101, 150));
    """
    wanted = [list(patch_of(layer, row, column, height, width)) for layer, row, column in cases]
    assert run_node("receptive_field", script, {"cases": cases}) == wanted


def test_the_chosen_unit_is_the_one_whose_field_is_centered_nearest(run_node):
    script = """
      const field = it.receptiveField(given.layer, [2, 2, 3, 3, 3]);
      const answer = given.places.map((place) => it.unitAt(field, place, 150));
    """
    for layer in ("relu1_2", "relu3_3", "pool4"):
        field, places = receptive_field(layer), list(range(0, 150, 7))
        units = range(150 // field.stride)
        got = run_node("receptive_field", script, {"layer": layer, "places": places})
        for place, unit in zip(places, got, strict=True):
            away = [abs(field.center + field.stride * one - place) for one in units]
            assert away[unit] == min(away)


def test_a_unit_sees_the_pixels_of_its_patch_and_nothing_beyond(image, run_node):
    script = """
      const picture = kit.asPicture(given);
      const field = it.receptiveField("relu2_2", [2, 2, 3, 3, 3]);
      const answer = [...it.seen(picture, field, 0, 14)];
    """
    given = {"name": "", "image": encode_array(image[0], "uint8")}
    got = torch.tensor(run_node("receptive_field", script, given)).view(14, 14, 4)
    top, bottom, left, right = patch_of("relu2_2", 0, 14, 20, 30)
    seen = got[14 - bottom : 14 - top, : right - left]
    wanted = (image[0, :, top:bottom, left:right] * 255).round().permute(1, 2, 0)
    assert (seen[..., :3] - wanted).abs().max() <= 1
    assert int((got[..., 3] > 0).sum()) == (bottom - top) * (right - left)


def test_a_convolution_stands_for_its_relu(image):
    assert explore_receptive_field(image, layers=["conv2_1"], static=True).state["layers"] == ["relu2_1"]


def test_an_unknown_layer_or_a_bare_name_is_refused(image):
    with pytest.raises(LayerError, match="conv9_9"):
        explore_receptive_field(image, layers=["conv9_9"])
    with pytest.raises(LayerError, match=r"Write \['relu3_1'\]"):
        explore_receptive_field(image, layers="relu3_1")


def test_a_photo_too_small_for_a_layer_shows_the_others(image):
    page = explore_receptive_field(image[..., :12, :12], layers=["relu1_2", "relu5_3"], static=True)
    assert page.state["layers"] == ["relu1_2", "relu5_3"]
