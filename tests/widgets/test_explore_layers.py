"""The layer explorer on the Python side: what a page carries, and what a kernel answers."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import load_network, random_network
from nstlib.receptive import receptive_field
from nstlib.widgets import explore_layers
from nstlib.widgets.explorer import KINDS, Page
from nstlib.widgets.gram import ranked_channels
from nstlib.widgets.layers import DEEPER, PAGE_LAYERS, compute_features


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 32, 48, generator=rng)


def as_bytes(image: torch.Tensor) -> bytes:
    return image.mul(255).round().to(torch.uint8).numpy().tobytes()


def decoded(encoded: dict) -> torch.Tensor:
    values = np.frombuffer(base64.b64decode(encoded["data"]), KINDS[encoded["kind"]]).astype(np.float32)
    return torch.from_numpy(values).reshape(encoded["shape"]) / (255 if encoded["kind"] == "uint8" else 1)


class Sent:
    """Stands for a widget that answers: what it sends is kept."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict, list[bytes]]] = []

    def send(self, content, buffers=()):
        self.messages.append((content, list(buffers)))


def answer_of(widget, content: dict, pixels: bytes) -> tuple[dict, list[bytes]]:
    """Return what a widget's kernel answers to a message."""
    sent = Sent()
    (handler,) = widget._msg_callbacks.callbacks
    handler(sent, content, [memoryview(pixels)])
    (message,) = sent.messages
    return message


def test_channels_come_strongest_first(rng):
    features = torch.rand(5, 4, 4, generator=rng) * torch.tensor([1.0, 9, 3, 7, 5]).view(5, 1, 1)
    assert ranked_channels(features).tolist() == [1, 3, 4, 2, 0]


# --- with a kernel ------------------------------------------------------------------------------------------------------


def test_with_a_kernel_every_layer_can_be_reached(network, image):
    widget = explore_layers(network, image, static=False)
    assert [layer["name"] for layer in widget.layers] == list(network.layers)
    assert all(layer["live"] for layer in widget.layers)
    assert widget.carried == {}
    assert (widget.layer, widget.channel) == ("relu3_1", -1)


def test_layers_come_with_their_channels_and_receptive_fields(network, image):
    widget = explore_layers(network, image, layers=["block2_conv2", "pool3"], static=False)
    assert [layer["name"] for layer in widget.layers] == ["relu2_2", "pool3"]
    for layer in widget.layers:
        assert layer["channels"] == network.channels(layer["name"])
        assert {key: layer[key] for key in ("size", "stride", "start")} == receptive_field(layer["name"])._asdict()
    assert widget.layer == "relu2_2"


def test_the_kernel_answers_with_the_networks_features(network, image):
    pixels = as_bytes(image)
    question = {"id": 7, "layer": "relu4_1", "height": 32, "width": 48}
    content, (data,) = answer_of(explore_layers(network, image, static=False), question, pixels)
    assert content == {"id": 7, "shape": [32, 4, 6]}
    seen = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, 3, 32, 48) / 255
    found = torch.frombuffer(bytearray(data), dtype=torch.float32).view(32, 4, 6)
    torch.testing.assert_close(found, network(seen, "relu4_1")["relu4_1"][0])


@pytest.mark.parametrize(
    ("change", "says"),
    [({"layer": "relu9_1"}, "has no layer 'relu9_1'"), ({"height": 31}, "has 4464 bytes, got 4608")],
)
def test_what_the_kernel_cannot_compute_is_answered_in_words(network, image, change, says):
    question = {"id": 3, "layer": "relu2_1", "height": 32, "width": 48, **change}
    content, buffers = answer_of(explore_layers(network, image, static=False), question, as_bytes(image))
    assert content["id"] == 3
    assert says in content["error"]
    assert buffers == []


def test_a_picture_too_small_for_a_layer_is_explained(network):
    with pytest.raises(ShapeError, match="relu5_1 needs an image of at least 16 x 16"):
        compute_features(network, "relu5_1", bytes(3 * 8 * 40), 8, 40)


# --- on a page ----------------------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_a_page_carries_one_layer_to_begin_with_and_those_it_cannot_compute(rng):
    network, image = load_network(), torch.rand(1, 3, 40, 64, generator=rng)
    state = explore_layers(network, image, static=True).state
    assert [layer["name"] for layer in state["layers"]] == [*PAGE_LAYERS, *DEEPER]
    assert [layer["name"] for layer in state["layers"] if layer["live"]] == list(PAGE_LAYERS)
    assert list(state["carried"]) == ["relu3_1", *DEEPER]
    for name, encoded in state["carried"].items():
        wanted = network(image, name)[name][0]
        torch.testing.assert_close(decoded(encoded), wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.weights
def test_a_page_carries_the_same_layers_of_its_other_pictures_each_channel_in_255_steps(rng):
    network, images = load_network(), {name: torch.rand(1, 3, 40, 64, generator=rng) for name in ("one", "two")}
    state = explore_layers(network, images, static=True).state
    assert list(state["others"]) == ["two"]
    for name, coded in state["others"]["two"]["apart"].items():
        wanted, peaks = network(images["two"], name)[name][0], decoded(coded["peaks"])
        found = decoded(coded["shares"]) * peaks[:, None, None]
        torch.testing.assert_close(peaks, wanted.amax((1, 2)))
        assert ((found - wanted).abs() <= peaks[:, None, None] / 255).all()
        assert torch.equal(found > 0, wanted > 0)


@pytest.mark.parametrize("other", ["tiny", "random", "average"])
def test_a_page_does_not_pretend_to_compute_another_network(image, other):
    network = {
        "tiny": lambda: load_network("tiny"),
        "random": lambda: random_network("vgg16"),
        "average": lambda: random_network("vgg16", pooling="average"),
    }[other]()
    state = explore_layers(network, image, static=True).state
    assert [layer["live"] for layer in state["layers"]] == [False] * 3
    assert set(state["carried"]) == {"relu3_1", "relu4_1", "relu5_1"}


def test_the_books_build_asks_for_the_form_without_a_kernel(network, image, monkeypatch):
    monkeypatch.setenv("NST_STATIC_WIDGETS", "1")
    page = explore_layers(network, image)
    assert isinstance(page, Page)
    assert page.state["source"] == "page"
    assert "relu1_1, relu2_1, relu3_1, relu4_1, relu5_1" in page.alt


# --- input --------------------------------------------------------------------------------------------------------------


def test_an_unknown_layer_is_refused(network, image):
    with pytest.raises(LayerError, match="conv9_9"):
        explore_layers(network, image, layers=["conv9_9"])


def test_larger_pictures_are_made_smaller(network, image):
    widget = explore_layers(network, {"wide": image, "small": image[..., :20, :16]}, size=24, static=False)
    assert [picture["image"]["shape"] for picture in widget.pictures] == [[3, 16, 24], [3, 20, 16]]


def test_a_picture_need_only_be_large_enough_for_the_layers_asked_for(network, image):
    widget = explore_layers(network, image[..., :8, :8], layers=["conv1_1", "relu2_1"], static=False)
    assert widget.layer == "conv1_1"
    with pytest.raises(ShapeError, match="relu5_1 needs an image of at least 16 x 16"):
        explore_layers(network, image[..., :8, :8], layers=["relu5_1"], static=False)


def test_no_picture_is_refused(network):
    with pytest.raises(ChoiceError, match="explore_layers needs at least one picture"):
        explore_layers(network, {})
