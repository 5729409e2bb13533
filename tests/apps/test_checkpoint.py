import errno
import io
import os
import re
from pathlib import Path

import pytest
import torch

from nstlib.apps.checkpoint import (
    FORMAT,
    checkpoint_path,
    is_checkpoint,
    load_checkpoint,
    preview_path,
    save_checkpoint,
)
from nstlib.errors import ResumeError
from nstlib.features import load_network
from nstlib.transfer import stylize


@pytest.fixture
def new_run(rng):
    content, style = torch.rand(1, 3, 24, 32, generator=rng), torch.rand(1, 3, 20, 20, generator=rng)
    return lambda **options: stylize(content, style, load_network("tiny"), **{"steps": 6, **options})


def test_a_run_goes_on_from_its_file_to_the_same_pixels_with_what_was_kept_beside_it(new_run, tmp_path):
    *_, straight = new_run()
    first, second = new_run(), new_run()
    for _ in range(3):
        next(first)
    path = save_checkpoint(first, checkpoint_path(tmp_path / "out.png"), {"frames": [torch.ones(2)], "steps": 3})
    assert path == tmp_path / "out.png.checkpoint"
    extra = load_checkpoint(second, path)
    *_, resumed = second
    assert torch.equal(resumed.image, straight.image)
    assert extra["steps"] == 3
    assert torch.equal(extra["frames"][0], torch.ones(2))


def test_a_checkpoint_that_cannot_be_written_leaves_the_older_one_whole(new_run, tmp_path, monkeypatch):
    path = save_checkpoint(new_run(), tmp_path / "run.checkpoint")
    before = path.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(ResumeError, match=r"run.checkpoint cannot be written: No space left on device"):
        save_checkpoint(new_run(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"picture"])
def test_a_damaged_file_is_told_as_such(new_run, tmp_path, spoil):
    path = save_checkpoint(new_run(), tmp_path / "run.checkpoint")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ResumeError, match="is damaged, or not a saved run. Delete it, and start anew"):
        load_checkpoint(new_run(), path)


def test_a_single_altered_byte_is_noticed(new_run, tmp_path):
    first = new_run()
    next(first)
    whole = save_checkpoint(first, tmp_path / "run.checkpoint").read_bytes()
    pixels = first.state_dict()["descent"]["pixels"].numpy().tobytes()
    path = tmp_path / "altered.checkpoint"
    for place in (whole.index(pixels), whole.index(pixels) + len(pixels) - 1, whole.index(b"settings")):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ResumeError, match="altered.checkpoint is damaged"):
            load_checkpoint(new_run(), path)


def set_in(state, names, value):
    for name in names[:-1]:
        state = state[name]
    state[names[-1]] = value


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (["run"], {}),
        (["run"], 7),
        (["run", "settings"], None),
        (["run", "level"], 5),
        (["run", "level"], "first"),
        (["run", "index"], -1),
        (["run", "index"], 1000),
        (["run", "index"], None),
        (["run", "totals"], ["much"]),
        (["run", "totals"], [1.0] * 50),
        (["run", "descent"], {}),
        (["run", "descent", "pixels"], torch.zeros(1, 1, 1, 1)),
        (["run", "descent", "pixels"], "red"),
        (["run", "descent", "optimizer"], {"state": {}, "param_groups": []}),
    ],
    ids=str,
)
def test_a_whole_file_that_no_run_wrote_is_told_in_one_line(new_run, tmp_path, names, value):
    first = new_run()
    next(first)
    content = {"format": FORMAT, "nstlib": "0.2", "run": first.state_dict(), "extra": {}}
    set_in(content, names, value)
    torch.save(content, tmp_path / "odd.checkpoint")
    with pytest.raises(ResumeError) as told:
        load_checkpoint(new_run(), tmp_path / "odd.checkpoint")
    assert re.search(r"is not the state of a run|No run is at step|The saved run was another one", str(told.value))
    assert "start anew" in str(told.value).lower()


def test_a_disk_that_fills_up_at_any_byte_is_told_and_the_older_file_stays(new_run, tmp_path, monkeypatch):
    """Wherever it happens: within a tensor, in the table at the end, or when the file is closed."""
    run = new_run()
    next(run)
    path = save_checkpoint(run, tmp_path / "run.checkpoint")
    before = path.read_bytes()

    class Full(io.FileIO):
        room = 0

        def write(self, data):
            if self.tell() + len(data) > Full.room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr(Path, "open", lambda self, mode: Full(self, mode))
    for room in range(0, len(before), len(before) // 40):
        Full.room = room
        with pytest.raises(ResumeError, match=r"run.checkpoint cannot be written: No space left on device"):
            save_checkpoint(run, path)
        assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


def test_a_file_of_another_form_and_none_are_refused(new_run, tmp_path):
    torch.save({"format": 99, "nstlib": "9.9", "run": {}, "extra": {}}, tmp_path / "new.checkpoint")
    with pytest.raises(ResumeError, match="was written by nstlib 9.9, in another form"):
        load_checkpoint(new_run(), tmp_path / "new.checkpoint")
    with pytest.raises(ResumeError, match="There is no saved run"):
        load_checkpoint(new_run(), tmp_path / "none.checkpoint")


def test_nothing_in_a_checkpoint_is_executed(new_run, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    torch.save({"format": FORMAT, "nstlib": "", "run": Trap(), "extra": {}}, tmp_path / "trap.checkpoint")
    with pytest.raises(ResumeError, match="is damaged, or not a saved run"):
        load_checkpoint(new_run(), tmp_path / "trap.checkpoint")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "é" * 125 + ".png", "写" * 83 + ".png", "short.png"])
def test_files_beside_the_result_have_names_that_a_disk_takes_whatever_its_own(name):
    beside = {checkpoint_path(Path("made") / name), preview_path(Path("made") / name)}
    assert len(beside) == 2
    for path in beside:
        assert path.parent == Path("made")
        assert len(os.fsencode(path.name)) <= 255
        assert path.name.isprintable()
    assert checkpoint_path(Path("y" + name[1:])) != checkpoint_path(Path(name))


def test_long_names_that_differ_at_their_end_have_different_checkpoints():
    one, other = (Path("x" * 240 + end + ".png") for end in ("one", "two"))
    assert checkpoint_path(one) != checkpoint_path(other)
    assert preview_path(one) != preview_path(other)


def test_a_saved_run_is_told_from_other_files(tmp_path, new_run):
    path = tmp_path / "run.checkpoint"
    assert not is_checkpoint(path)
    save_checkpoint(new_run(), path)
    assert is_checkpoint(path)
    path.write_bytes(path.read_bytes()[:1000])  # damaged, but ours
    assert is_checkpoint(path)
    path.write_bytes(b"PK\x03\x04 another archive" + bytes(300))
    assert not is_checkpoint(path)
