"""Pages are run once, several at a time; what is done is kept, what fails is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FRONT = "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n# Small\n\n"


def write_chapter(root: Path, name: str, code: str) -> Path:
    chapter = root / "book" / f"{name}.md"
    chapter.write_text(f"{FRONT}```{{code-cell}} python\n{code}\n```\n", encoding="utf-8")
    return chapter


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """The module, and an empty course."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import run_pages

    (tmp_path / "book").mkdir()
    (tmp_path / "nstlib").mkdir()
    shutil.copy(ROOT / "_config.yml", tmp_path)
    return run_pages


def test_outputs_are_forgotten_when_what_they_are_made_with_changes(pages, tmp_path):
    kept = tmp_path / pages.CACHE / "kept"
    pages.forget_stale(tmp_path)
    kept.write_text("output", encoding="utf-8")
    (tmp_path / "book" / "01_a.md").write_text("a chapter is no reason", encoding="utf-8")
    pages.forget_stale(tmp_path)
    assert kept.exists()
    (tmp_path / "nstlib" / "gram.py").write_text("a module is one", encoding="utf-8")
    pages.forget_stale(tmp_path)
    assert not kept.exists()


@pytest.mark.exhaustive
def test_a_chapter_that_fails_is_named_and_the_others_are_kept(pages, tmp_path, capfd):
    good = write_chapter(tmp_path, "01_good", "print(6 * 7)")
    bad = write_chapter(tmp_path, "02_bad", "1 / 0")
    (failed,) = pages.run_missing([good, bad])
    assert failed.startswith("book/02_bad.md fails when it runs:")
    assert "ZeroDivisionError" in failed
    assert pages.executed_page(good).cells[-1].outputs[0].text == "42\n"
    assert pages.executed_page(bad) is None
    assert "01_good: run in" in capfd.readouterr().out
    write_chapter(tmp_path, "02_bad", "1 / 1")
    assert pages.run_missing([good, bad]) == []
    assert "Running 1 of 2 chapters" in capfd.readouterr().out
    assert pages.run_missing([good, bad]) == []
