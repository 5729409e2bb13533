"""A solution is held to what its executed page put out: by nbval, without being run again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATHS = [str(ROOT / "tools"), str(ROOT / "_ext")]

FRONT = """\
---
kernelspec:
  name: python3
  display_name: Python 3
---
# Small

```{code-cell} python
---
tags: [exercise]
---
def double(x):
    # BEGIN SOLUTION
    return x + x
    # END SOLUTION
```

```{code-cell} python
print(double(21), "after 0.5 s")
```
"""
CELL = "```{code-cell} python\n---\ntags: [page-only]\n---\nn = 1\n```\n"


SMALL = {  # chapter: what the page printed, what the solution has stored, whether the lesson ran the setup, more cells
    "01_same": ("42 after 0.5 s\n", "42 after 12 s\n", True, ""),
    "02_changed": ("42 after 0.5 s\n", "43 after 0.5 s\n", True, ""),
    "03_own": ("42 after 0.5 s\n", "42 after 12 s\n", True, CELL),
    "04_unrun": ("42 after 0.5 s\n", "42 after 0.5 s\n", False, ""),
    "05_rounded": ("42 off by 0.31,  0.00\n", "42 off by 0.32, -0.01\n", True, ""),
    "06_farther": ("42 off by 0.31\n", "42 off by 0.33\n", True, ""),
    "07_coarser": ("42 off by 0.31\n", "42 off by 0.3\n", True, ""),
}


def write_chapter(root: Path, name: str, printed: str, stored: str, ran_setup: bool, more: str) -> None:
    """Write a chapter, the outputs of its page, and its two notebooks."""
    import nbformat
    from blocks import marked
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from nbformat.v4 import new_code_cell, new_notebook, new_output
    from replay import shown
    from run_pages import CACHE, read_page

    chapter = root / "book" / f"{name}.md"
    chapter.write_text(FRONT.replace("double", f"double_{name}") + more, encoding="utf-8")
    page = read_page(chapter)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        cell.execution_count = number + 1
    code[1].outputs = [new_output("stream", text=printed[:3]), new_output("stream", text=printed[3:])]
    get_cache(str(root / CACHE)).cache_notebook_bundle(CacheBundleIn(page, str(chapter)), check_validity=False)
    setup = new_code_cell("import sys", execution_count=1)
    cells = [setup, *(new_code_cell(text, execution_count=2) for text in (marked(code[0].source), shown(code[1])))]
    cells[2].outputs = [new_output("stream", text=stored)]
    nbformat.write(new_notebook(cells=[setup] if ran_setup else []), root / "lessons" / f"{name}.ipynb")
    nbformat.write(new_notebook(cells=cells), root / "solutions" / f"{name}.ipynb")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> str:
    """What nbval says of a small course."""
    sys.path[:0] = [path for path in PATHS if path not in sys.path]
    root = tmp_path_factory.mktemp("course")
    for folder in ("book", "lessons", "solutions", "_build/.jupyter_cache"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", root)
    for name, what in SMALL.items():
        write_chapter(root, name, *what)
    options = ["--nbval", "-p", "replay", "-s", "-rA", "-p", "no:cacheprovider", "--color=no", "--rootdir", str(root)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--nbval-sanitize-with", str(ROOT / "tests/nbval.cfg"), "solutions"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def verdicts(report: str, name: str) -> list[str]:
    """Return what became of the cells of a notebook."""
    found = re.findall(rf"^(PASSED|FAILED) solutions/{name}\.ipynb::Cell (\d)", report, re.M)
    return [verdict for verdict, _ in sorted(found, key=lambda pair: pair[1])]


def test_what_the_page_says_is_what_the_solution_says_up_to_times(report):
    assert verdicts(report, "01_same") == ["PASSED"] * 3


def test_a_changed_output_fails_with_its_cell_its_line_and_both_texts(report):
    assert verdicts(report, "02_changed") == ["PASSED", "PASSED", "FAILED"]
    told = report[report.index("book/02_changed.md:19") :]
    assert told.index("Cell 2: Cell outputs differ") < told.index("43 after TIME") < told.index("42 after TIME")


def test_another_processor_may_round_the_last_decimal_otherwise_and_no_more(report):
    assert verdicts(report, "05_rounded") == ["PASSED"] * 3
    for name in ("06_farther", "07_coarser"):
        assert verdicts(report, name) == ["PASSED", "PASSED", "FAILED"]


def test_code_that_only_the_page_has_changes_nothing_behind_all_that_the_notebook_has(report):
    assert verdicts(report, "03_own") == ["PASSED"] * 3


def test_a_cell_that_neither_page_nor_lesson_ran_is_an_error(report):
    assert verdicts(report, "04_unrun")[0] == "FAILED"
    assert "the cell does not stand here in the chapter: run  make notebooks" in report
