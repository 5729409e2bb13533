import dataclasses
import errno
import json
import sys

import pytest
import torch
from safetensors.torch import save

from nstlib import course
from nstlib.errors import WeightsError
from nstlib.filter_measures import filter_grid
from nstlib.formats.snapshots import SAVED, load_runs, read_states, write_states
from nstlib.patches import cut_patches
from nstlib.training import accuracy, load_snapshots, load_weights_into, save_snapshots, small_network, train

sys.path.insert(0, str(course.ROOT / "tools"))

import train_small


@pytest.fixture(scope="module")
def data():
    return cut_patches(("cat", "mosaic", "woodcut"), count=120, held_out=24)


@pytest.fixture(scope="module")
def snapshots(data):
    return list(train(small_network(classes=3), *data, epochs=8))


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


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("weight", None),
        ("weight", {"author": "another program"}),
        ("weight", {"snapshots": "no JSON"}),
        ("weight", {"snapshots": "[]"}),
        ("1/weight", {"snapshots": "[]"}),
        ("1/weight", {"snapshots": "3"}),
        ("1/weight", {"snapshots": '[{"loss": 1.0}]'}),
    ],
)
def test_a_whole_file_of_another_program_is_told_as_such(name, about, tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(save({name: torch.zeros(1)}, metadata=about))
    with pytest.raises(WeightsError, match=r"holds no snapshots.*python tools/train_small.py") as told:
        read_states(path)
    assert "\n" not in str(told.value)


def test_snapshots_that_cannot_be_written_leave_the_older_ones(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    write_states([({"epoch": 0}, {"weight": torch.zeros(2)})], path)

    def full(self, content):
        with self.open("wb") as file:
            file.write(content[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", full)
    with pytest.raises(WeightsError, match=r"run.safetensors cannot be written: No space left on device"):
        write_states([({"epoch": 1}, {"weight": torch.ones(2)})], path)
    assert [about for about, _ in read_states(path)] == [{"epoch": 0}]
    assert [file.name for file in tmp_path.iterdir()] == ["run.safetensors"]


# --- what is saved for the chapter ------------------------------------------------------------------------------------


def test_what_is_saved_is_small():
    assert sum(file.stat().st_size for file in SAVED.iterdir()) < 300_000


def test_the_saved_runs_are_those_that_the_tool_makes():
    runs = load_runs()
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
    assert accuracy(load_weights_into(small_network(), last), held_out) == pytest.approx(last.held_out, abs=0.01)


def test_the_strip_can_be_cut_as_its_description_says():
    from nstlib.images import load_image

    about = json.loads((SAVED / "epochs.json").read_text(encoding="utf-8"))
    strip = load_image(SAVED / about["picture"])
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
