"""Progress is one local file: it survives damage, never breaks a check, and is nobody else's business."""

import csv
import json
import os
import subprocess
import sys

import filelock
import pytest

from nstlib.check import check, examine, exercises, progress
from nstlib.check.examiner import progress as record
from nstlib.course import ROOT
from nstlib.gram import gram_matrix as reference


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "data" / "progress.json"
    monkeypatch.setenv("NST_PROGRESS", str(path))
    return path


def _solve():
    def gram_matrix(features):
        return reference(features)

    return check(gram_matrix)


def _fail():
    def gram_matrix(features):
        return features

    return check(gram_matrix)


def test_a_solved_exercise_is_kept_for_the_next_session(file, capsys):
    _fail()
    _solve()
    assert json.loads(file.read_text())["exercises"] == {"gram_matrix": {"right": True, "tries": 2}}
    record.forget_session()
    progress()
    said = capsys.readouterr().out
    assert "07_gram: 1 of 3\n  [x] gram_matrix\n  [ ] shuffle_positions\n" in said
    assert f"The course: 1 of {len(exercises)} exercises done." in said


def test_what_was_solved_once_stays_solved(file):
    _solve()
    _fail()
    assert json.loads(file.read_text())["exercises"]["gram_matrix"] == {"right": True, "tries": 2}


def test_a_stub_is_not_counted_as_a_try(file):
    def gram_matrix(features): ...

    check(gram_matrix)
    assert not file.exists()


def test_examine_records_nothing(file):
    examine("gram_matrix", lambda features: reference(features))
    assert not file.exists()


def test_off_writes_nothing_and_remembers_the_session(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NST_PROGRESS", "off")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    _solve()
    assert not list(tmp_path.iterdir())
    progress()
    assert "The course: 1 of" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps its data elsewhere")
def test_the_default_place_is_the_users_data_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("NST_PROGRESS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in record.location().parents
    assert record.location().parts[-2:] == ("nstlib", "progress.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"exercises": 3}',
        b'{"exercises": {"gram_matrix": 3}}',
        b"\xff\xfe\x00",
        b"[" * 10000,
        b'{"exercises": {"gram_matrix": {"right": false, "tries": Infinity}}}',
        b'{"exercises": {"gram_matrix": {"right": "no", "tries": 1}}}',
        b'{"exercises": {"gram_matrix": {"right": false, "tries": -1}}}',
        b'{"exercises": {"gram_matrix": {"right": false, "tries": "2"}}}',
        b'{"exercises": {"gram_matrix": {"tries": 1}}}',
        b'{"exercises": {"gram_matrix": {"right": true, "tri',
        b'{"exercises": {"gram_matrix": {"right": true, "tries": ' + b"9" * 5000 + b"}}}",
        b'{"exercises": {"' + b"x" * 1_000_001 + b'": 1}}',
    ],
)
def test_a_damaged_file_is_set_aside_and_said(file, capsys, content):
    file.parent.mkdir()
    file.write_bytes(content)
    answer = _solve()
    assert answer is not reference
    assert "damaged" in capsys.readouterr().out
    assert file.with_name("progress.json.damaged").read_bytes() == content
    assert json.loads(file.read_text())["exercises"]["gram_matrix"]["right"]


def test_a_place_that_cannot_be_written_never_breaks_a_check(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NST_PROGRESS", str(blocked / "progress.json"))
    assert _solve() is not reference
    assert "right" in capsys.readouterr().out
    progress()
    assert "The course: 1 of" in capsys.readouterr().out


def test_a_write_that_fails_leaves_the_old_file_whole(file, monkeypatch):
    _solve()
    before = file.read_bytes()

    def fails(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    _fail()
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.suffix != ".lock"] == ["progress.json"]


def test_progress_is_exported_as_csv(file, tmp_path, capsys):
    _solve()

    def shuffle_positions(features, order):
        return features

    check(shuffle_positions)
    target = tmp_path / "progress.csv"
    progress(export=target)
    assert str(tmp_path) not in capsys.readouterr().out
    with open(target, newline="", encoding="utf-8") as opened:
        rows = {row["exercise"]: row for row in csv.DictReader(opened)}
    assert len(rows) == len(exercises)
    assert rows["gram_matrix"]["state"] == "done"
    assert rows["shuffle_positions"]["state"] == "tried"
    assert rows["total_loss"] == {
        "chapter": "09_losses",
        "exercise": "total_loss",
        "title": "One number to lower",
        "state": "not attempted",
        "tries": "0",
    }


def test_names_that_the_course_no_longer_has_do_no_harm(file, capsys):
    file.parent.mkdir()
    file.write_text('{"version": 1, "exercises": {"of_old": {"right": true, "tries": 1}}}')
    progress()
    assert "The course: 0 of" in capsys.readouterr().out


def test_what_is_whole_in_a_damaged_file_is_kept(file):
    file.parent.mkdir()
    file.write_text('{"exercises": {"ssim": {"right": true, "tries": 2}, "jitter": {"right": 1, "tries": NaN}}}')
    _fail()
    kept = {"ssim": {"right": True, "tries": 2}, "gram_matrix": {"right": False, "tries": 1}}
    assert json.loads(file.read_text())["exercises"] == kept


def test_to_look_at_a_damaged_file_changes_nothing(file, capsys):
    file.parent.mkdir()
    file.write_text("{")
    progress()
    assert "damaged" in capsys.readouterr().out
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]


def test_a_folder_that_is_named_gets_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NST_PROGRESS", str(tmp_path))
    _solve()
    assert json.loads((tmp_path / "progress.json").read_text())["exercises"]["gram_matrix"]["right"]


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_left_alone_and_said_once(tmp_path, monkeypatch, capsys, what):
    if what == "pipe" and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    odd = tmp_path / "progress.json"
    odd.mkdir() if what == "folder" else os.mkfifo(odd)
    monkeypatch.setenv("NST_PROGRESS", str(tmp_path))
    assert _solve() is not reference
    assert "only this session" in capsys.readouterr().out
    _fail()
    assert "NST_PROGRESS" not in capsys.readouterr().out
    assert not odd.is_file()
    progress()
    assert "The course: 1 of" in capsys.readouterr().out


def test_a_drive_that_is_not_mounted_does_not_become_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NST_PROGRESS", str(tmp_path / "drive" / "MyDrive" / "progress.json"))
    _solve()
    assert "could not be saved" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_saved_is_saved_with_the_next_check(file, capsys):
    file.parent.mkdir()
    file.parent.rmdir()
    file.parent.write_text("not a folder yet")
    _solve()
    file.parent.unlink()
    _fail()
    assert json.loads(file.read_text())["exercises"] == {"gram_matrix": {"right": True, "tries": 2}}


def test_a_file_that_is_lost_comes_back_with_what_this_session_knows(file):
    _solve()
    _fail()
    file.unlink()
    _fail()
    assert json.loads(file.read_text())["exercises"] == {"gram_matrix": {"right": True, "tries": 3}}


def test_a_link_to_the_file_stays_a_link(file, tmp_path):
    kept = tmp_path / "kept.json"
    file.parent.mkdir()
    try:
        file.symlink_to(kept)
    except OSError:
        pytest.skip("links cannot be made here")
    kept.write_text('{"exercises": {}}')
    _solve()
    assert file.is_symlink()
    assert "gram_matrix" in kept.read_text()


WRITER = """
import sys
from nstlib.check.examiner import progress
for k in range(30):
    remark = progress.note(f"exercise_{sys.argv[1]}_{k}", "right") or progress.note("shared", "not yet")
    assert not remark, remark
"""


def test_several_notebooks_at_once_lose_nothing(file):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(k)], cwd=ROOT) for k in range(4)]
    assert [writer.wait(120) for writer in writers] == [0] * 4
    found = json.loads(file.read_text())["exercises"]
    assert found.pop("shared") == {"right": False, "tries": 120}
    assert len(found) == 120


def test_a_notebook_that_keeps_the_lock_delays_a_check_and_does_not_break_it(file, monkeypatch, capsys):
    monkeypatch.setattr(record, "LONGEST_WAIT", 0.1)
    file.parent.mkdir()
    with filelock.FileLock(file.with_name(".progress.json.lock")):
        assert _solve() is not reference
    assert "another notebook is writing" in capsys.readouterr().out
    _fail()
    assert json.loads(file.read_text())["exercises"]["gram_matrix"] == {"right": True, "tries": 2}


def test_a_file_system_without_locks_is_written_to_all_the_same(file, monkeypatch):
    def refuse(self, *arguments, **settings):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    _solve()
    assert json.loads(file.read_text())["exercises"]["gram_matrix"]["right"]
