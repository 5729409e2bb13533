import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nstlib import training
from nstlib.errors import LayerError, ShapeError, WeightsError
from nstlib.features import extract
from nstlib.patches import PICTURES, center, cut_patches
from nstlib.training import (
    aliased_share,
    dead_filters,
    extreme_share,
    feature_drift,
    filter_grid,
    filter_spectrum,
    load_snapshots,
    load_weights_into,
    log_epochs,
    receptive_field,
    save_snapshots,
    similarity,
    small_network,
    strongest_patches,
    train,
)

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import train_small  # noqa: E402


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


def test_filters_are_drawn_on_their_own_scale(rng):
    grid = filter_grid(
        torch.randn(5, 3, 4, 4, generator=rng) * torch.tensor([1e-3, 1, 5, 1e4, 1])[:, None, None, None], 3
    )
    assert grid.shape == (1, 3, 11, 16)
    assert (grid[0, :, 1:5, 1:5] - 0.5).abs().max() == pytest.approx(0.5)
    assert (grid[0, :, 6:10, 11:15] == 1).all()  # an empty place


def test_a_filter_of_zeros_is_gray_and_not_nan():
    assert (filter_grid(torch.zeros(1, 3, 2, 2))[0, :, 1:3, 1:3] == 0.5).all()


def test_drift_ignores_how_long_filters_are(rng):
    before, after = torch.randn(2, 6, 3, 5, 5, generator=rng)
    scales = torch.rand(6, 1, 1, 1, generator=rng) + 0.1
    torch.testing.assert_close(feature_drift(before, scales * after), feature_drift(before, after))
    torch.testing.assert_close(feature_drift(before, 3 * before), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_drift_of_two_layers_is_refused():
    with pytest.raises(ShapeError, match=r"one layer at two times, got \(2, 3\) and \(3, 3\)"):
        feature_drift(torch.zeros(2, 3), torch.zeros(3, 3))


def test_similarity_is_the_alignment_of_kornblith_et_al(rng):
    """Against the other form of the same formula, over features instead of examples (their equation 5 and below)."""
    x, y = torch.randn(9, 4, generator=rng, dtype=torch.float64), torch.randn(9, 6, generator=rng, dtype=torch.float64)
    a, b = x - x.mean(0), y - y.mean(0)
    expected = (b.T @ a).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())
    torch.testing.assert_close(similarity(x, y), expected)


def test_similarity_needs_the_same_examples():
    with pytest.raises(ShapeError, match="the same examples, got 3 and 4"):
        similarity(torch.zeros(3, 2), torch.zeros(4, 2))


def test_the_shares_of_a_spectrum_add_up_to_one(rng):
    frequencies, shares = filter_spectrum(torch.randn(5, 3, 7, 7, generator=rng))
    assert shares.sum() == pytest.approx(1.0, abs=1e-5)
    assert 0 < frequencies[0] < frequencies[-1] < math.sqrt(0.5)


def test_white_noise_has_as_much_energy_in_a_ring_as_the_ring_has_frequencies(rng):
    noise = torch.randn(400, 3, 7, 7, generator=rng)
    middle = math.pi * (0.35**2 - 0.1**2)  # of a square of area 1
    assert extreme_share(noise).mean() == pytest.approx(1 - middle, abs=0.02)


def test_a_wave_three_times_as_high_has_nine_times_the_energy():
    x = 2 * math.pi * torch.arange(16.0) / 16
    both = torch.cos(4 * x) + 3 * torch.cos(7 * x)  # 0.25 and 0.44 cycles per pixel
    share = extreme_share(both.expand(1, 3, 16, 16), low=0.1, high=0.35, size=16)
    torch.testing.assert_close(share, torch.tensor([0.9]))


def test_every_pixel_aliases_nothing(rng):
    assert aliased_share(torch.randn(4, 3, 5, 5, generator=rng), torch.rand(2, 3, 40, 40, generator=rng), 1).max() == 0


@pytest.mark.parametrize(("wavelength", "shares"), [(16, (0, 0)), (6, (0, 1)), (3, (1, 1))])
def test_a_wave_aliases_when_two_steps_are_longer_than_it_is(wavelength, shares):
    wave = torch.cos(2 * math.pi * torch.arange(96.0) / wavelength).expand(1, 3, 96, 96)
    pixel = torch.zeros(1, 3, 1, 1)
    pixel[0, 0] = 1.0
    for stride, share in zip((2, 4), shares, strict=True):
        assert aliased_share(pixel, wave, stride).item() == pytest.approx(share, abs=0.01)


def test_a_filter_below_every_patch_is_dead(data):
    model = small_network(classes=3)
    with torch.no_grad():
        model.conv1.bias[5] = -100.0
    assert dead_filters(model, center(data[1].images)).nonzero().flatten().tolist() == [5]


def test_only_filters_of_a_first_layer_have_colors():
    for function in (filter_grid, extreme_share, filter_spectrum):
        with pytest.raises(ShapeError, match=r"filters of shape \(N, 3, k, k\), got \(4, 16, 3, 3\)"):
            function(torch.zeros(4, 16, 3, 3))


def test_a_spectrum_needs_a_grid_as_large_as_the_filter():
    with pytest.raises(ShapeError, match="size must be at least the filters' side, 11, got 8"):
        extreme_share(torch.zeros(2, 3, 11, 11), size=8)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "relu2", "pool2", "relu3"])
def test_a_unit_sees_its_receptive_field_and_no_more(layer, rng):
    model = small_network().double()
    with torch.no_grad():
        for weights in model.parameters():  # positive, so that no ReLU hides anything
            weights.abs_()
    side, step, first = receptive_field(model, layer)
    image = torch.rand(1, 3, 48, 48, generator=rng, dtype=torch.float64).requires_grad_(True)
    maps = extract(image, model.named_children(), [layer])[layer]
    row = maps.shape[2] // 2
    maps[0, :, row, row].sum().backward()
    seen = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()  # max pooling drops some pixels inside, never adds any
    assert first + row * step <= seen.min()
    assert seen.max() < first + row * step + side
    assert len(seen) > 0.7 * side


def test_a_layer_without_positions_has_no_receptive_field():
    with pytest.raises(LayerError, match="no layer 'fc7' with positions. It has: conv1, relu1, pool1, conv2"):
        receptive_field(small_network(), "fc7")


def test_the_strongest_patch_makes_its_channel_fire_as_strongly_as_in_its_picture(data):
    model, images = small_network(classes=3), center(data[1].images)
    with torch.no_grad():
        maps = model.relu1(model.conv1(images))
        crops = strongest_patches(model, images, "relu1")
        again = F.relu(F.conv2d(crops, model.conv1.weight)).diagonal()[0, 0]
    assert crops.shape == (24, 3, 7, 7)
    torch.testing.assert_close(again, maps.amax((0, 2, 3)))


def test_a_layer_that_sees_the_whole_patch_gives_whole_patches(data):
    images = center(data[1].images)
    crops = strongest_patches(small_network(classes=3), images, "relu5")
    assert crops.shape == (24, 3, 48, 48)
    assert (crops[0] == images).flatten(1).all(1).any()


def test_snapshots_survive_saving_up_to_float16(snapshots, tmp_path):
    save_snapshots(snapshots, tmp_path / "run.safetensors")
    again = load_snapshots(tmp_path / "run.safetensors")
    assert [dataclasses.replace(s, state={}) for s in again] == [dataclasses.replace(s, state={}) for s in snapshots]
    torch.testing.assert_close(again[-1].filters, snapshots[-1].filters, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("content", [None, b"", b"no safetensors at all"])
def test_missing_or_damaged_snapshots_say_how_to_make_them(content, tmp_path):
    path = tmp_path / "run.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"holds no snapshots.*python tools/train_small.py"):
        load_snapshots(path)


# --- what is saved for the chapter ------------------------------------------------------------------------------------


def test_what_is_saved_is_small():
    assert sum(file.stat().st_size for file in training.SAVED.iterdir()) < 300_000


def test_the_saved_runs_are_those_that_the_tool_makes():
    runs = training.load_runs()
    for name, settings in train_small.EXPERIMENTS.items():
        made = [(run["kernel"], run["stride"], tuple(run["without"]), run["seed"]) for run in runs[name]]
        assert made == [tuple(setting.values()) for setting in settings]


def test_the_command_reproduces_the_start_of_the_saved_run():
    """The weights it begins with exactly; the first epoch up to what another processor's rounding may do to it."""
    generator = torch.Generator().manual_seed(0)
    model = small_network(generator=generator)
    saved = load_snapshots()
    first = {name: tensor.half().float() for name, tensor in model.state_dict().items()}
    assert all(torch.equal(first[name], saved[0].state[name]) for name in first)
    steps = train(model, *cut_patches(), epochs=32, generator=generator)
    for again, snapshot in zip(steps, saved[:2], strict=False):
        assert again.loss == pytest.approx(snapshot.loss, rel=0.03), "made anew? python tools/train_small.py"


def test_the_saved_weights_have_the_accuracy_that_is_said_of_them():
    last = load_snapshots()[-1]
    held_out = cut_patches()[1]
    assert training.accuracy(load_weights_into(small_network(), last), held_out) == pytest.approx(
        last.held_out, abs=0.01
    )


def test_the_strip_can_be_cut_as_its_description_says():
    from nstlib.images import load_image

    about = json.loads((training.SAVED / "epochs.json").read_text(encoding="utf-8"))
    strip = load_image(training.SAVED / about["picture"])
    for row, snapshot in enumerate(load_snapshots()):
        assert about["snapshots"][row]["epoch"] == snapshot.epoch
        line = strip[..., row * about["row_height"] : (row + 1) * about["row_height"], :]
        expected = filter_grid(snapshot.filters, about["filters"])
        assert line.shape == expected.shape
        torch.testing.assert_close(line, expected, atol=0.01, rtol=0)


def test_the_tool_writes_what_it_is_asked_for(tmp_path, monkeypatch, data, capsys):
    monkeypatch.setattr(train_small, "cut_patches", lambda: data)
    monkeypatch.setattr(train_small, "EPOCHS", 2)
    monkeypatch.setitem(train_small.EXPERIMENTS, "depth", train_small.EXPERIMENTS["depth"][:1])
    threads = torch.get_num_threads()
    assert train_small.main(["depth"], tmp_path) == 0
    assert torch.get_num_threads() == threads
    (run,) = json.loads((tmp_path / "runs.json").read_text())["depth"]
    assert run["epoch"] == [0, 1, 2]
    assert run["without"] == ["conv3"]
    with pytest.raises(SystemExit):
        train_small.main(["width"], tmp_path)
    assert "there is no experiment 'width'; choose from main, first layer, depth" in capsys.readouterr().err


def test_a_model_with_dropout_is_trained_in_training_mode_and_measured_without(data):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.99), nn.Linear(3 * 48 * 48, 3))
    model.eval()
    one = training.train_step(
        model, torch.optim.SGD(model.parameters(), lr=0.0), center(data[1].images), data[1].labels
    )
    assert model.training
    assert training.accuracy(model, data[1]) == training.accuracy(model, data[1])
    assert one > 0
