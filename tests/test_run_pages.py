"""Pages are run once, several at a time; what is done is kept, what fails is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import is_alive, wait_for

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


def keep_as_run(pages, chapter: Path) -> None:
    """Put a chapter into the cache as if it had been run."""
    bundle = pages.CacheBundleIn(pages.read_page(chapter), str(chapter))
    root = chapter.parent.parent
    pages.get_cache(str(root / pages.CACHE)).cache_notebook_bundle(bundle, check_validity=False)


def test_outputs_are_forgotten_when_what_they_are_made_with_changes(pages, tmp_path):
    module, deeper, other = (tmp_path / "nstlib" / f"{name}.py" for name in ("gram", "errors", "colors"))
    module.write_text("def gram():\n    from nstlib.errors import choice", encoding="utf-8")
    for path in (deeper, other):
        path.write_text("", encoding="utf-8")
    uses = write_chapter(tmp_path, "07_gram", "%time\nfrom nstlib import gram\nopen('rows.csv')")
    without = write_chapter(tmp_path, "01_images", "print(1)")
    pages.forget_stale(tmp_path)
    for changed, text, forgotten in (
        (other, "ahead = 'of no page'", []),
        (tmp_path / "book" / "note.md", "a page of text", []),
        (deeper, "found = 'by a function of the module'", [uses]),
        (module, "now = 'another'", [uses]),
        (tmp_path / "images" / "content" / "cat.jpg", "a picture", [uses, without]),
        (tmp_path / "book" / "data" / "unnamed.csv", "rows", [uses, without]),
        (tmp_path / "book" / "data" / "rows.csv", "what one page reads", [uses]),
    ):
        for chapter in (uses, without):
            if pages.executed_page(chapter) is None:
                keep_as_run(pages, chapter)
        changed.parent.mkdir(exist_ok=True, parents=True)
        changed.write_text(text, encoding="utf-8")
        pages.forget_stale(tmp_path)
        assert [each for each in (uses, without) if pages.executed_page(each) is None] == forgotten, changed


def test_of_a_package_that_only_gathers_names_a_page_depends_on_the_modules_it_asks_for(tmp_path):
    from page_imports import Library

    folder = tmp_path / "nstlib" / "widgets"
    folder.mkdir(parents=True)
    (tmp_path / "nstlib" / "__init__.py").write_text("", encoding="utf-8")
    for name, text in (
        (
            "__init__",
            '"""Words."""\nfrom nstlib.widgets.one import draw\nfrom nstlib.widgets.two import play\n__all__ = []',
        ),
        ("one", "from nstlib.widgets import kit"),
        ("two", ""),
        ("kit", ""),
    ):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def behind(code):
        return {path.stem for path in Library(tmp_path).files_behind("gram", [code]) if path.parent == folder}

    assert behind("from nstlib.widgets import draw") == {"one", "kit"}
    assert behind("from nstlib.widgets.two import play") == {"two"}
    for everything in ("from nstlib import widgets", "import nstlib.widgets", "from nstlib.widgets import *"):
        assert behind(everything) == {"__init__", "one", "two", "kit"}, everything


def test_exercises_of_a_page_are_found_in_the_folder_of_its_name(pages, tmp_path):
    from page_imports import Library

    folder = tmp_path / "nstlib" / "check"
    for name in ("__init__", "gram/__init__", "gram/normalize", "losses/content"):
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    found = Library(tmp_path).files_behind("gram", ["from nstlib.check import check"])
    assert [path.relative_to(folder).as_posix() for path in found] == [
        "__init__.py",
        "gram/__init__.py",
        "gram/normalize.py",
    ]


def test_a_page_is_not_run_again_for_what_its_cells_say_of_their_outputs(pages, tmp_path):
    words = "---\nmystnb:\n  image:\n    alt: {}\n---\n{}"
    chapter = write_chapter(tmp_path, "01_images", words.format("a cat", "print(1)"))
    pages.forget_stale(tmp_path)
    keep_as_run(pages, chapter)
    for text, known in (
        (words.format("the face of a cat", "print(1)"), True),
        (words.format("the face of a cat", "print(2)"), False),
        ("---\ntags: [raises-exception]\n---\nprint(1)", False),
    ):
        write_chapter(tmp_path, "01_images", text)
        assert pages.executed_page(chapter) is None
        pages.take_over(chapter)
        page = pages.executed_page(chapter)
        assert (page is not None) == known, text
        if known:
            assert page.cells[-1].metadata.mystnb.image.alt == "the face of a cat"


@pytest.mark.parametrize(
    ("failures", "why", "tries"),
    [(1, "", 2), (2, "Kernel died before replying to kernel_info", 2), (2, "Kernel died", 1)],
)
def test_a_kernel_that_did_not_begin_is_started_once_more(pages, tmp_path, monkeypatch, failures, why, tries):
    chapter, tried = write_chapter(tmp_path, "01_images", "print(1)"), []

    def run(*_, **__):
        tried.append(chapter)
        if len(tried) <= failures:
            raise RuntimeError(why or pages.NOT_BEGUN)
        return "run"

    monkeypatch.setattr(pages, "single_nb_execution", run)
    if why:
        with pytest.raises(RuntimeError, match=why):
            pages.run_page(chapter)
    else:
        assert pages.run_page(chapter) == "run"
    assert len(tried) == tries


@pytest.mark.exhaustive
def test_a_chapter_that_fails_is_named_and_the_others_are_kept(pages, tmp_path, capfd):
    good = write_chapter(tmp_path, "01_good", "print(6 * 7)")
    bad = write_chapter(tmp_path, "02_bad", "1 / 0")
    (failed,) = pages.run_missing([good, bad])
    assert failed.startswith("book/02_bad.md fails when it runs:")
    assert "ZeroDivisionError" in failed
    assert pages.executed_page(good).cells[-1].outputs[0].text == "42\n"
    assert pages.executed_page(bad) is None
    out, err = capfd.readouterr()
    assert "01_good: run in" in out
    assert "WARNING" not in err, "a kernel's words to administrators"
    write_chapter(tmp_path, "02_bad", "1 / 1")
    assert pages.run_missing([good, bad]) == []
    assert "Running 1 of 2 chapters" in capfd.readouterr().out
    assert pages.run_missing([good, bad]) == []


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to survive")
def test_a_build_that_is_killed_leaves_nothing_running(pages, tmp_path):
    code = "import os, time\nprint(os.getpid(), os.getppid(), file=open('who', 'w'))\ntime.sleep(300)"
    chapter, who = write_chapter(tmp_path, "01_long", code), tmp_path / "book" / "who"
    script = tmp_path / "build.py"  # its workers import it anew
    script.write_text(
        f"import sys\nfrom pathlib import Path\nsys.path.insert(0, {str(ROOT / 'tools')!r})\n"
        f"if __name__ == '__main__':\n    from run_pages import run_missing\n    run_missing([Path({str(chapter)!r})])\n"
    )
    build = subprocess.Popen([sys.executable, str(script)])
    wait_for(lambda: who.exists() and who.read_text().endswith("\n"), 60)
    family = [psutil.Process(int(number)) for number in who.read_text().split()]
    build.terminate()
    build.wait()
    wait_for(lambda: not any(map(is_alive, family)), 20)
