"""Progress is one local file: it survives damage, never breaks a check, and is nobody else's business."""

import csv
import json
import os
import sys

import pytest

from nstlib.check import check, examine, exercises, progress
from nstlib.check.examiner import progress as record
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
    assert "07_gram: 1 of 4\n  [x] gram_matrix\n  [ ] shuffle_positions\n" in said
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
    examine("gram_matrix", reference)
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
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]


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
