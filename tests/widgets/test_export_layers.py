"""The layers that pages compute with are the library's: the same graph, its kernels rounded to half precision."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from nstlib.features import Features, load_network
from nstlib.images import load_image, picture
from nstlib.receptive import receptive_field
from nstlib.weights import load_weights

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools")]

import export_layers  # noqa: E402
import onnxruntime  # noqa: E402

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The stages, freshly written, beside runtimes of three and of eleven bytes."""
    folder = tmp_path_factory.mktemp("layers")
    runtime = folder / "ort"
    runtime.mkdir()
    for name, content in {"ort.wasm": b"ort", "ort.webgpu.mjs": b"gpu", "ort.asyncify.wasm": b"asyncify"}.items():
        (runtime / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_layers, "RUNTIME", runtime)
        export_layers.export(folder)
    return folder


@pytest.fixture(scope="module")
def description(folder):
    return json.loads((folder / "stages.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compute(folder, description):
    """Run the stages one after the other, as the page does; return the activations of every ReLU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    stages = description["stages"]
    sessions = [onnxruntime.InferenceSession(str(folder / stage["file"]), options) for stage in stages]

    def run(image):
        found, x = {}, image.numpy()
        for stage, session in zip(stages, sessions, strict=True):
            outputs = session.run(stage["layers"], {stage["input"]: x})
            found.update(zip(stage["layers"], map(torch.from_numpy, outputs), strict=True))
            x = outputs[-1]
        return found

    return run


@pytest.mark.parametrize("size", [64, 97])
def test_the_stages_compute_what_the_network_with_rounded_kernels_computes(compute, size):
    image = load_image(picture("cat"), size=size)
    rounded = {key: t.half().float() if key.endswith("weight") else t for key, t in load_weights("vgg16").items()}
    found = compute(image)
    wanted = Features("vgg16", rounded)(image, found)
    for layer, activations in found.items():
        torch.testing.assert_close(activations, wanted[layer], rtol=1e-5, atol=1e-5 * float(wanted[layer].max()))


@pytest.mark.parametrize("name", ["cat", "rocket", "mosaic"])
def test_half_precision_changes_no_layer_by_more_than_a_thousandth(compute, name):
    image = load_image(picture(name), size=128)
    found = compute(image)
    wanted = load_network()(image, found)
    for layer, activations in found.items():
        assert (activations - wanted[layer]).norm() < 1e-3 * wanted[layer].norm(), layer


def test_the_description_tells_channels_and_receptive_fields_as_the_library_does(description):
    network = load_network()
    assert list(description["layers"]) == [name for name in network.layers if name[:5] in ("relu1", "relu2", "relu3")]
    for layer, told in description["layers"].items():
        assert told == {"channels": network.channels(layer), **receptive_field(layer)._asdict()}


def test_the_description_tells_what_must_be_fetched(folder, description):
    assert description["runtimeBytes"] == {"wasm": 3, "webgpu": 11}
    for stage in description["stages"]:
        assert (folder / stage["file"]).stat().st_size == stage["bytes"]
    assert sum(stage["bytes"] for stage in description["stages"]) < 3_600_000


def test_a_second_export_writes_the_same_bytes(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(export_layers, "RUNTIME", folder / "ort")
    export_layers.export(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_without_the_runtime_the_tool_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(export_layers, "RUNTIME", tmp_path)
    with pytest.raises(SystemExit, match=r"tools/vendor\.py"):
        export_layers.runtime_files()
