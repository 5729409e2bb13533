"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import torch

from nstlib.errors import ImageError, WeightsError
from nstlib.formats.files import replacing


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    return path


def only(path):
    """Whether ``path`` is the one file in its folder."""
    return list(path.parent.iterdir()) == [path]


def test_the_new_file_takes_the_place_of_the_old_one(old):
    with replacing(old) as temporary:
        temporary.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert only(old)


def test_a_file_that_was_not_there_comes_into_being(tmp_path):
    with replacing(str(tmp_path / "new.txt")) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "new.txt").read_text() == "new"


def test_the_temporary_file_is_a_neighbor_so_renaming_cannot_cross_disks(old):
    with replacing(old, keep=False) as temporary:
        assert temporary.parent == old.parent
        assert temporary.suffix == ".part"


def write(path, failure=None, **options):
    with replacing(path, **options) as temporary:
        temporary.write_text("new")
        if failure:
            raise failure


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ZeroDivisionError, SystemExit])
def test_after_any_failure_the_old_file_is_whole_and_no_other_remains(old, failure):
    with pytest.raises(failure):
        write(old, failure)
    assert old.read_text() == "old"
    assert only(old)


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_failure_at_the_very_end_leaves_the_old_file_too(old, monkeypatch, call):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(ImageError, match=r"old\.txt cannot be written: No space left.*choose another"):
        write(old)
    assert old.read_text() == "old"
    assert only(old)


def test_the_bytes_are_on_the_disk_before_the_name_is(old, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda file: (calls.append("fsync"), fsync(file)))
    monkeypatch.setattr("os.replace", lambda *names: (calls.append("replace"), replace(*names)))
    with replacing(old) as temporary:
        temporary.write_text("new")
    assert calls == ["fsync", "replace"]


def test_trying_leaves_the_old_file_alone(old):
    with replacing(old, keep=False) as temporary:
        temporary.touch()
    assert old.read_text() == "old"
    assert only(old)


def test_the_caller_chooses_the_error(tmp_path):
    with pytest.raises(WeightsError, match=r"cannot be written: No such file or directory\. Check the folder's perm"):
        write(tmp_path / "nowhere" / "a.pt", error=WeightsError)


def test_an_error_of_the_chosen_kind_is_not_wrapped_again(old):
    with pytest.raises(WeightsError, match=r"^the link is broken$"), replacing(old, error=WeightsError):
        raise WeightsError("the link is broken")


def test_a_block_that_wrote_nothing_is_an_error_and_no_empty_file(old):
    with pytest.raises(ImageError, match="No such file"), replacing(old):
        pass
    assert old.read_text() == "old"


def test_a_name_as_long_as_names_may_be_can_be_replaced(tmp_path):
    path = tmp_path / ("ü" * 125 + ".txt")  # 254 bytes
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert only(path)


class FullDisk(io.RawIOBase):
    def writable(self):
        return True

    def write(self, _):
        raise OSError(28, "No space left on device")


def save_checkpoint(state, path, opened=Path.open):
    with replacing(path, error=WeightsError) as temporary, opened(temporary, "wb") as file:
        torch.save(state, file)


def test_a_checkpoint_on_a_full_disk_is_a_clear_error(tmp_path):
    with pytest.raises(WeightsError, match="cannot be written: No space left"):
        save_checkpoint({"weights": torch.zeros(100_000)}, tmp_path / "a.pt", lambda *_: FullDisk())
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_comes_back(tmp_path):
    save_checkpoint(torch.arange(5), tmp_path / "a.pt")
    assert torch.load(tmp_path / "a.pt").tolist() == [0, 1, 2, 3, 4]
    assert only(tmp_path / "a.pt")
