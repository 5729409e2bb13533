"""``nst doctor`` says what is well and what is not, each in a line, and names nobody's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from nstlib.apps import doctor
from nstlib.apps.doctor import Finding

pytestmark = pytest.mark.usefixtures("gallery")


def found(monkeypatch, *findings):
    monkeypatch.setattr(doctor, "CHECKS", (lambda: iter(findings),))


def test_what_is_well_and_what_is_not_stands_in_lines_with_what_mends_it(nst, monkeypatch):
    found(
        monkeypatch,
        Finding("python", "well", "3.12.1"),
        Finding("weights", "bad", "x is\ndamaged", "nst weights fetch vgg16"),
        Finding("video", "note", "no PyAV", "pip install av"),
    )
    code, out, err = nst("doctor")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "well  python    3.12.1",
        "bad   weights   x is damaged",
        "                -> nst weights fetch vgg16",
        "note  video     no PyAV",
        "                -> pip install av",
        "Bad: 1. The arrows say what mends it.",
    ]


def test_notes_are_no_failure(nst, monkeypatch):
    found(monkeypatch, Finding("video", "note", "no PyAV", "pip install av"))
    code, out, _ = nst("doctor")
    assert code == 0
    assert out.endswith("Nothing is bad.\n")


def test_a_report_does_not_tell_whose_folder_it_is(nst, monkeypatch):
    found(monkeypatch, Finding("writing", "bad", f"no room in {Path.home() / 'pictures'}", f"free {Path.home()}"))
    _, out, _ = nst("doctor")
    assert str(Path.home()) not in out
    assert f"no room in {Path('~/pictures')}" in out


def test_the_real_report_is_made(nst):
    code, out, err = nst("doctor")
    assert code in (0, 1)
    assert err == ""
    assert "well  python" in out
    assert "weights" in out
