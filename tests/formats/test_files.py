"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from nstlib.errors import ImageError, WeightsError
from nstlib.formats.files import ABANDONED, MACHINE, remove_leftovers, replacing, scratch_folder


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


def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(old):
    folder = old.parent
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    names = {
        f".out.png.{MACHINE}-{int(dead.stdout)}-0a1b2c3d.part": False,
        f".out.png.{MACHINE}-{os.getpid()}-0a1b2c3d.part": True,  # we may be writing it
        f".out.png.00000000-{int(dead.stdout)}-0a1b2c3d.part": True,  # somebody else may, on another machine
        ".out.png.00000000-77-0a1b2c3d.part": False,  # written by nobody since yesterday
        f"out.png.{MACHINE}-{int(dead.stdout)}-0a1b2c3d.part": True,  # no name of ours
        "film.part": True,
    }
    for name in names:
        (folder / name).write_text("begun")
    os.utime(folder / ".out.png.00000000-77-0a1b2c3d.part", (time.time() - 2 * ABANDONED,) * 2)
    scratch = folder / f".fetched.{MACHINE}-{int(dead.stdout)}-x_y9z.part"
    scratch.mkdir()
    (scratch / "wheel.whl").write_text("half")
    with replacing(old) as temporary:
        temporary.write_text("new")
    assert {path.name for path in folder.iterdir()} == {old.name, *(name for name, stays in names.items() if stays)}


def test_a_number_that_another_process_has_got_since_protects_nothing(old):
    left = old.parent / f".out.png.{MACHINE}-{os.getpid()}-0a1b2c3d.part"
    left.write_text("begun")
    os.utime(left, (1.0, 1.0))  # long before this process began
    remove_leftovers(old.parent)
    assert only(old)


def test_a_scratch_folder_is_recognized_as_ours_and_gone_afterwards(old):
    with scratch_folder(old.parent, "wheel.whl") as folder:
        assert folder.is_dir()
        remove_leftovers.__wrapped__(old.parent)
        assert folder.is_dir()
    assert only(old)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_who_may_read_the_older_file_may_read_the_new_one(old):
    old.chmod(0o640)
    with replacing(old) as temporary:
        temporary.write_text("new")
    assert old.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_through_a_link_the_file_is_replaced_that_it_leads_to(old, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name, target in (("link", old), ("new link", folder / "new.txt")):
        link = tmp_path / name
        link.symlink_to(target)
        write(link)
        assert link.is_symlink()
        assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "link", "new link", "old.txt"]
    assert [path.name for path in folder.iterdir()] == ["new.txt"]


def test_a_name_that_is_too_long_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(ImageError, match="cannot be written: File name too long"), replacing(tmp_path / ("x" * 300)):
        pytest.fail("it was begun")
    assert list(tmp_path.iterdir()) == []
