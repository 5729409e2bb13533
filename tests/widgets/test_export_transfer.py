"""The graph that pages descend with is the library's loss: the same values, and the gradient that autograd finds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.images import load_image, picture, resize_to
from nstlib.losses import content_loss, style_loss
from nstlib.objective import Objective, Style
from nstlib.weights import load_weights

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools")]
export_layers = pytest.importorskip("export_layers")
export_transfer = pytest.importorskip("export_transfer")
onnx_graphs = pytest.importorskip("onnx_graphs")
pytest.importorskip("onnx", reason='pip install -e ".[book]" brings onnx')
onnxruntime = pytest.importorskip("onnxruntime", reason='pip install -e ".[test]" brings onnxruntime')

pytestmark = pytest.mark.weights

STYLES = export_transfer.STYLES
CONTENT = export_transfer.CONTENT
CLOSE = 1e-4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    (folder / "ort").mkdir()
    for name in ("ort.wasm", "ort.webgpu.mjs"):
        (folder / "ort" / name).write_bytes(b"ort")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_layers, "RUNTIME", folder / "ort")
        told = export_layers.export(folder)["transfer"]
    return folder, told


@pytest.fixture(scope="module")
def network():
    """VGG-16 with the kernels that the stages store: rounded to half precision."""
    rounded = {key: t.half().float() if key.endswith("weight") else t for key, t in load_weights("vgg16").items()}
    return Features("vgg16", rounded, winograd=False)


class Graph:
    """The graph as a page uses it: goals first, then losses and gradient of one image after the other."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options)

    def run(self, image, wanted, *, content=None, grams=None, weights=(0, 0, 0, 0)):
        height, width = (side // 4 for side in image.shape[2:])
        given = {
            "image": image.detach().numpy(),
            "content": np.zeros((1, 256, height, width)) if content is None else content,
            "weights": weights,
        }
        for k, size in enumerate((64, 128, 256)):
            given[f"gram{k + 1}"] = np.zeros((size, size)) if grams is None else grams[k]
        return self.session.run(wanted, {key: np.asarray(value, dtype=np.float32) for key, value in given.items()})

    def compare(self, image, content, style, content_weight, style_weight):
        """Return the relative content loss, the relative style loss and the gradient of their weighted sum."""
        (features,) = self.run(content, ["features"])
        grams = self.run(style, ["found1", "found2", "found3"])
        energy = float(self.run(content, ["losses"])[0][0])
        scales = [energy, *(float(np.square(gram).mean()) for gram in grams)]
        shares = [content_weight, *(style_weight / 3,) * 3]
        weights = [share / scale for share, scale in zip(shares, scales, strict=True)]
        targets = {"content": features, "grams": grams, "weights": weights}
        losses, gradient = self.run(image, ["losses", "gradient"], **targets)
        relative = losses / np.array(scales)
        return float(relative[0]), float(relative[1:].mean()), torch.from_numpy(gradient)


@pytest.fixture(scope="module")
def graph(folder):
    return Graph(folder[0] / folder[1]["file"])


@pytest.fixture
def pictures(rng):
    """Content, style and three images on the way, of a shape."""

    def of(height: int = 64, width: int = 64):
        content, style = (resize_to(load_image(picture(name), size=128), (height, width)) for name in ("cat", "mosaic"))
        ways = [(content + 0.1 * torch.randn(content.shape, generator=rng)).clamp(0, 1) for _ in range(3)]
        return content, style, ways

    return of


def slope(loss, image):
    """Return the values of a loss's terms, and the gradient of the first one."""
    leaf = image.clone().requires_grad_(True)
    terms = loss(leaf)
    terms[0].backward()
    return [term.item() for term in terms], leaf.grad


def assert_same_gradients(found, wanted):
    """The rule is 3e-7. But where a unit stands within rounding of 0, or two within rounding of being the maximum, either
    way is right, and each is another gradient: so two of three images have to agree, and the third one nearly."""
    errors = sorted(float((a - b).norm() / b.norm()) for a, b in zip(found, wanted, strict=True))
    assert errors[len(errors) // 2] < CLOSE
    assert errors[-1] < 0.01


def assert_same(graph, objective, content, style, images):
    gradients = []
    for image in images:
        (_, far, unlike, _), wanted = slope(objective, image)
        found = graph.compare(image, content, style, 1.0, 30.0)
        assert found[:2] == (pytest.approx(far, rel=CLOSE), pytest.approx(unlike, rel=CLOSE))
        gradients.append((found[2], wanted))
    assert_same_gradients(*zip(*gradients, strict=True))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 96), (48, 72), (68, 44)])
def test_losses_and_gradient_are_those_of_the_objective(graph, network, pictures, height, width):
    content, style, images = pictures(height, width)
    objective = Objective(content, [Style(style)], network, CONTENT, STYLES, (1.0, 30.0, 0.0))
    assert_same(graph, objective, content, style, images)


@pytest.mark.parametrize("layer", STYLES)
def test_each_style_layer_by_itself_has_autograds_gradient(graph, network, pictures, layer):
    _, style, images = pictures()
    goals = [gram_matrix(maps)[0] for maps in network(style, STYLES).values()]
    k = STYLES.index(layer)
    weights = [float(k + 1 == n) for n in range(4)]
    gradients = []
    for image in images:
        (value,), wanted = slope(
            lambda x: [style_loss(network(x, layer)[layer], goals[k][None], convention="mean")], image
        )
        losses, gradient = graph.run(image, ["losses", "gradient"], grams=goals, weights=weights)
        assert losses[k + 1] == pytest.approx(value, rel=CLOSE)
        gradients.append((torch.from_numpy(gradient), wanted))
    assert_same_gradients(*zip(*gradients, strict=True))


def test_content_by_itself_has_autograds_gradient(graph, network, pictures):
    content, _, images = pictures()
    goal = network(content, CONTENT)[CONTENT]
    gradients = []
    for image in images:
        (value,), wanted = slope(lambda x: [content_loss(network(x, CONTENT)[CONTENT], goal, convention="mean")], image)
        losses, gradient = graph.run(image, ["losses", "gradient"], content=goal, weights=(1, 0, 0, 0))
        assert losses[0] == pytest.approx(value, rel=CLOSE)
        gradients.append((torch.from_numpy(gradient), wanted))
    assert_same_gradients(*zip(*gradients, strict=True))


def test_where_several_pixels_are_the_maximum_the_first_one_gets_the_gradient_as_in_torch(graph, network, pictures):
    content, style, _ = pictures()
    flat = torch.full_like(content, 0.4)
    flat[:, :, 20:40, 13:50] = torch.tensor([0.9, 0.5, 0.1]).view(1, 3, 1, 1)
    pooled = network(flat, ["relu1_2", "pool1"])
    corners = torch.nn.functional.pixel_unshuffle(pooled["relu1_2"], 2).unflatten(1, (64, 4))
    ties = (corners == pooled["pool1"][:, :, None]).sum(2)
    assert ((ties > 1) & (pooled["pool1"] > 0)).float().mean() > 0.2  # else the test says nothing
    objective = Objective(content, [Style(style)], network, CONTENT, STYLES, (1.0, 30.0, 0.0))
    _, wanted = slope(objective, flat)
    assert_same_gradients([graph.compare(flat, content, style, 1.0, 30.0)[2]], [wanted])


def test_at_the_content_itself_its_loss_and_its_gradient_are_zero(graph, pictures):
    content, style, _ = pictures()
    far, _, gradient = graph.compare(content, content, style, 1.0, 0.0)
    assert far == 0
    assert gradient.abs().max() == 0


def test_the_graph_holds_no_weights_of_its_own(folder):
    place, told = folder
    assert told["bytes"] == (place / told["file"]).stat().st_size < 15_000
    assert told["weights"] == ["vgg16-1.onnx", "vgg16-2.onnx", "vgg16-3.onnx"]
    assert sum((place / name).stat().st_size for name in told["weights"]) < 1_150_000


def test_an_initializer_that_stands_twice_in_a_file_is_refused():
    import onnx

    tensor = onnx.TensorProto(name="conv1_1.weight.half", raw_data=b"abc")
    with pytest.raises(
        SystemExit, match=r"conv1_1.weight.half cannot be found in one.onnx: its bytes are there 2 times"
    ):
        onnx_graphs.Builder().kept(tensor, "one.onnx", b"abc abc")
