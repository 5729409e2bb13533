"""Results are kept by all that decides them."""

from __future__ import annotations

import os

from nstlib.apps.grading import keeping
from nstlib.apps.grading.keeping import KEPT, Kept
from nstlib.apps.grading.walls import Limits

RECORDS = [{"name": "a", "right": True}]


def test_what_is_kept_is_found_again(tmp_path):
    kept = Kept(tmp_path / "report", Limits())
    key = kept.key(b"text", ["a"])
    assert kept.get(key) is None
    kept.put(key, RECORDS)
    assert Kept(tmp_path / "report", Limits()).get(key) == RECORDS
    assert os.listdir(tmp_path / "report" / KEPT) == [f"{key}.json"]


def test_other_bytes_exercises_limits_or_code_are_judged_anew(tmp_path, monkeypatch):
    kept = Kept(tmp_path, Limits())
    keys = {kept.key(b"text", ["a"]), kept.key(b"texta", [""]), kept.key(b"text", ["a", "b"])}
    keys.add(Kept(tmp_path, Limits(seconds=3)).key(b"text", ["a"]))
    monkeypatch.setattr(keeping, "code_version", lambda: "another")
    keys.add(kept.key(b"text", ["a"]))
    assert len(keys) == 5


def test_a_damaged_result_is_none(tmp_path):
    kept = Kept(tmp_path, Limits())
    (tmp_path / KEPT / "x.json").write_text("[{", encoding="utf-8")
    assert kept.get("x") is None
    kept.walls({"a wall": True})
    assert kept.walls() == {"a wall": True}
