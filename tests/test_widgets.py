import ipywidgets as W
import pytest
import torch

from nstlib.errors import LayerError
from nstlib.features import load_network
from nstlib.widgets import explore_layers
from nstlib.widgets.layers import frame, ranked_channels


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 32, 48, generator=rng)


def parts(box):
    layer, rank, view = box.children
    return layer, rank, view


def test_channels_come_strongest_first(rng):
    features = torch.rand(5, 4, 4, generator=rng) * torch.tensor([1.0, 9, 3, 7, 5]).view(5, 1, 1)
    assert ranked_channels(features).tolist() == [1, 3, 4, 2, 0]


def test_a_frame_says_in_words_what_it_shows(rng):
    text = frame("relu3_1", torch.rand(6, 5, 7, generator=rng), 2)
    assert 'alt="Feature map of relu3_1, channel' in text
    assert "rank 3 of 6, 5 x 7 positions" in text


def test_with_a_kernel_every_layer_and_channel_can_be_reached(network, image):
    layer, rank, view = parts(explore_layers(network, image, static=False))
    assert list(layer.options) == list(network.layers)
    layer.value = "relu5_1"
    rank.value = rank.max
    assert rank.max == 32
    assert "relu5_1" in view.value
    assert "rank 32 of 32" in view.value


def test_going_to_a_smaller_layer_keeps_the_rank_inside(network, image):
    layer, rank, view = parts(explore_layers(network, image, static=False))
    layer.value = "relu5_1"
    rank.value = 32
    layer.value = "relu1_1"
    assert (rank.max, rank.value) == (8, 8)
    assert "rank 8 of 8" in view.value


def test_without_a_kernel_all_frames_are_carried_along(network, image):
    layer, rank, view = parts(explore_layers(network, image, static=True))
    assert isinstance(view, W.Stack)
    assert len(view.children) == len(layer.options) == 5
    for name, stack in zip(layer.options, view.children, strict=True):
        assert len(stack.children) == rank.max + 1
        for k, child in enumerate(stack.children):
            assert f"{name}, channel" in child.value
            assert f"rank {k + 1} of" in child.value


def test_the_books_build_asks_for_the_kind_without_a_kernel(network, image, monkeypatch):
    monkeypatch.setenv("NST_STATIC_WIDGETS", "1")
    assert isinstance(parts(explore_layers(network, image))[2], W.Stack)


def test_an_unknown_layer_is_refused(network, image):
    with pytest.raises(LayerError, match="conv9_9"):
        explore_layers(network, image, layers=["conv9_9"])
