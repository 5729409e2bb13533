import dataclasses
import math

import pytest
import torch
from torch import nn

from nstlib import training
from nstlib.errors import LayerError
from nstlib.patches import PICTURES, center, cut_patches
from nstlib.training import load_weights_into, log_epochs, small_network, train


@pytest.fixture(scope="module")
def data():
    return cut_patches(("cat", "mosaic", "woodcut"), count=120, held_out=24)


@pytest.fixture(scope="module")
def snapshots(data):
    return list(train(small_network(classes=3), *data, epochs=8))


def numbers(model):
    return sum(weights.numel() for weights in model.parameters())


def test_training_lowers_the_loss_and_beats_chance_on_regions_never_seen(snapshots):
    assert snapshots[-1].loss < 0.8 * snapshots[0].loss
    assert snapshots[-1].held_out > 1.5 / 3


def test_an_untrained_network_is_at_chance(data):
    first = next(iter(train(small_network(classes=3), *data)))
    assert first.loss == pytest.approx(math.log(3), rel=0.2)
    assert first.accuracy < 0.6


def test_snapshots_come_at_doubling_epochs_and_at_the_last():
    assert log_epochs(32) == [0, 1, 2, 4, 8, 16, 32]
    assert log_epochs(6) == [0, 1, 2, 4, 6]
    assert log_epochs(1) == [0, 1]


def test_the_same_seed_gives_the_same_weights_bit_for_bit(data):
    ends = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(3)
        *_, last = train(small_network(classes=3, generator=generator), *data, epochs=1, generator=generator)
        ends.append(last.state)
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_run_does_not_touch_the_global_random_state(data):
    before = torch.get_rng_state()
    list(train(small_network(classes=3), *data, epochs=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_snapshots_are_frozen_copies(snapshots):
    assert [snapshot.epoch for snapshot in snapshots] == [0, 1, 2, 4, 8]
    assert not torch.equal(snapshots[0].filters, snapshots[-1].filters)
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshots[0].loss = 0.0
    with pytest.raises(TypeError):
        snapshots[0].state["conv1.weight"] = torch.zeros(1)
    assert not snapshots[0].filters.requires_grad


def test_a_snapshot_put_back_gives_its_accuracy_again(snapshots, data):
    model = load_weights_into(small_network(classes=3), snapshots[-1])
    assert training.accuracy(model, data[1]) == pytest.approx(snapshots[-1].held_out)


@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (7, 4), (11, 2), (11, 4)])
def test_the_first_layer_has_the_kernel_and_stride_asked_for(kernel, stride):
    model = small_network(kernel=kernel, stride=stride)
    assert model.conv1.weight.shape == (24, 3, kernel, kernel)
    assert model.conv1(torch.zeros(1, 3, 48, 48)).shape[-1] == 48 // stride
    assert model(torch.zeros(2, 3, 48, 48)).shape == (2, len(PICTURES))


@pytest.mark.parametrize(
    ("without", "fewer"),
    [
        (("conv3",), 16 * 16 * 9 + 16),
        (("conv3", "conv4"), 2 * (16 * 16 * 9 + 16)),
        (("conv5",), 24 * 16 * 9 + 24 + 8 * 13),  # the classifier then reads 16 channels, not 24
        (("conv2",), 24 * 16 * 9 + 16 - 16 * 8 * 9),  # and conv3 reads 24, not 16
    ],
)
def test_a_removed_layer_really_is_gone(without, fewer):
    small, whole = small_network(without=without), small_network()
    assert numbers(small) == numbers(whole) - fewer
    assert not set(without) & {name for name, _ in small.named_children()}


@pytest.mark.parametrize("name", ["conv1", "conv6", "relu3"])
def test_only_later_convolutions_can_be_left_out(name):
    with pytest.raises(LayerError, match=rf"'{name}' cannot be left out. Choose from: conv2, conv3, conv4, conv5"):
        small_network(without=[name])


def test_a_model_with_dropout_is_trained_in_training_mode_and_measured_without(data):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.99), nn.Linear(3 * 48 * 48, 3))
    model.eval()
    one = training.train_step(
        model, torch.optim.SGD(model.parameters(), lr=0.0), center(data[1].images), data[1].labels
    )
    assert model.training
    assert training.accuracy(model, data[1]) == training.accuracy(model, data[1])
    assert one > 0
