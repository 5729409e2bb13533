"""The graph that pages paint with paints what the network in torch does; and the tool that makes both runs."""

from __future__ import annotations

import dataclasses
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nstlib import course, one_pass
from nstlib.apps.fast import photos
from nstlib.images import load_image, picture

sys.path.insert(0, str(course.ROOT / "tools"))
pytest.importorskip("onnx", reason='pip install -e ".[book]" brings onnx')
onnxruntime = pytest.importorskip("onnxruntime", reason='pip install -e ".[test]" brings onnxruntime')
pytest.importorskip("skimage", reason='pip install -e ".[test]" brings scikit-image')
train_one_pass = pytest.importorskip("train_one_pass")


GRAPH = course.DATA / "one_pass.onnx"


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options)


def painted(run, image, style):
    (found,) = run.run(None, {"image": image.numpy(), "scale": style[0].numpy(), "bias": style[1].numpy()})
    return torch.from_numpy(found)


@pytest.fixture(scope="module")
def shipped():
    return one_pass.load_one_pass()


@pytest.mark.parametrize("size", [8, 33, 107, 128])
def test_the_graph_paints_what_the_network_paints(shipped, size):
    model, styles = shipped
    image, run = load_image(picture("china"), size=size + 30), session(GRAPH)
    image = image[..., :size, : size + 13]
    for style in list(styles.values())[::3]:
        torch.testing.assert_close(painted(run, image, style), model(image, style), atol=1e-4, rtol=0)


def test_the_styles_in_the_graph_are_those_of_the_network(shipped):
    held = json.loads(session(GRAPH).get_modelmeta().custom_metadata_map["styles"])
    assert list(held) == list(shipped[1])
    for name, style in shipped[1].items():
        np.testing.assert_allclose(held[name], style.numpy(), atol=1e-4)


@pytest.mark.weights
def test_the_tool_trains_keeps_its_state_and_writes_all_three_files(tmp_path, monkeypatch, capsys):
    lessons = [dataclasses.replace(lesson, crops=4) for lesson in train_one_pass.LESSONS]
    monkeypatch.setattr(train_one_pass, "LESSONS", lessons)
    monkeypatch.setattr(train_one_pass, "style_pictures", lambda: {"plain": torch.full((1, 3, 64, 64), 0.3)})
    monkeypatch.setattr(train_one_pass, "training_photos", lambda *_: [torch.rand(1, 3, 140, 130)])
    monkeypatch.setattr(train_one_pass, "MEASURED_SIZE", 32)
    monkeypatch.setattr(one_pass, "SAVED", tmp_path / "one_pass.safetensors")
    monkeypatch.setattr(course, "DATA", tmp_path)
    arguments = ["--steps", "2", "--state", str(tmp_path / "state.pt")]
    assert train_one_pass.main(arguments) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        *("one_pass.safetensors", "one_pass.onnx", "one_pass.json", "state.pt")
    }
    told = capsys.readouterr().out
    assert [line[:17] for line in told.splitlines()[:6]] == [f"lesson {k}, step 2:" for k in range(1, 7)]
    kept = (tmp_path / "one_pass.safetensors").read_bytes()
    assert train_one_pass.main(arguments) == 0  # nothing left to do
    assert "step" not in capsys.readouterr().out
    assert (tmp_path / "one_pass.safetensors").read_bytes() == kept


def test_of_a_lesson_s_way_the_share_is_kept_that_it_says():
    model, began = one_pass.OnePass(), {"model": one_pass.OnePass().state_dict(), "styles": torch.zeros(2, 3)}
    with torch.no_grad():
        for weight in model.parameters():
            weight += 4
    training = SimpleNamespace(model=model, styles=torch.full((2, 3), 4.0))
    assert torch.equal(train_one_pass.go_back(training, began, 0.25), torch.ones(2, 3))
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weight, began["model"][name] + 1)


def test_a_network_that_is_given_more_blocks_paints_what_it_painted():
    model, styles = one_pass.OnePass(blocks=1), torch.rand(2, 2, sum(one_pass.OnePass(blocks=1).channels))
    larger, found = train_one_pass.grown(model, styles, 3, torch.Generator().manual_seed(1))
    image = torch.rand(1, 3, 20, 24)
    assert len(larger.blocks) == 3
    with torch.no_grad():
        for before, after in zip(styles, found, strict=True):
            assert torch.equal(larger(image, after), model(image, before))


def test_the_photos_it_learns_from_are_none_of_the_course_s():
    assert not {"chelsea", "astronaut", "coffee", "rocket", "hubble_deep_field"} & set(photos.GRAY)
    found = train_one_pass.training_photos(torch.Generator().manual_seed(0))
    assert len(found) == 2 * (len(photos.GRAY) + 4 + photos.DRAWN)
    more = train_one_pass.training_photos(torch.Generator().manual_seed(0), "training")
    assert len(more) == len(found) + 2 * len(list((course.IMAGES / "training").iterdir()))
    assert all(min(photo.shape[2:]) >= one_pass.CROP for photo in more)
    larger = train_one_pass.training_photos(torch.Generator().manual_seed(0), "training", 128)
    assert all(min(photo.shape[2:]) >= 128 for photo in larger)


def test_what_was_measured_is_there_for_all_styles_and_photos(shipped):
    figures = json.loads((course.DATA / "one_pass.json").read_text())["held out, photo and painted"]
    assert list(figures) == list(shipped[1])
    better = [painted < photo for each in figures.values() for photo, painted in each.values()]
    assert sum(better) == len(better)
