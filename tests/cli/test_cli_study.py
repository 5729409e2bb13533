"""The command ``nst study``: what it writes to, and what it must leave alone."""

from __future__ import annotations

import os
import shutil
import types
from pathlib import Path

import pytest
import torch

from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.measure import run_task, tasks_of
from nstlib.apps.study.results import Results
from nstlib.images import save_image

pytestmark = pytest.mark.usefixtures("gallery")
GRID = """contents = ["cat"]
styles = ["wave"]
methods = ["classic", "dual"]
style_weights = [1]
network = "tiny"
size = 32
steps = 1
"""


@pytest.fixture(scope="session")
def rows(tmp_path_factory):
    """The results of a study, made once: bytes of a CSV file."""
    folder = tmp_path_factory.mktemp("study")
    for name in ("cat", "wave"):
        save_image(torch.rand(3, 40, 44), folder / f"{name}.png")
    text = GRID.replace('"cat"', '"cat.png"').replace('"wave"', '"wave.png"')
    (folder / "grid.toml").write_text(text, encoding="utf-8")
    grid = read_grid(folder / "grid.toml")
    cases = grid.cases()
    with Results(folder / "rows.csv") as results:
        for case, task in zip(cases, tasks_of(grid, cases), strict=True):
            results.add(case, run_task(task))
    return (folder / "rows.csv").read_bytes()


def complaint(err):
    assert "Traceback" not in err
    (line,) = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]
    return line


# --- run: the file of rows ----------------------------------------------------------------------------------------------


def test_rows_never_replace_the_grid(nst):
    Path("rows.csv").write_text(GRID, encoding="utf-8")
    for arguments in (["rows.csv"], ["rows.csv", "-o", "rows.csv"], ["rows.csv", "-o", Path.cwd() / "rows.csv"]):
        code, out, err = nst("study", "run", *arguments)
        assert (code, out) == (2, "")
        assert "rows.csv is one of the files to start from, and the file of rows would replace it." in complaint(err)
    assert Path("rows.csv").read_text(encoding="utf-8") == GRID
    assert os.listdir() == ["rows.csv"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_neither_do_they_nor_their_lock_by_a_link(nst, gallery, link):
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    cat = gallery / "content" / "cat.png"
    before = cat.read_bytes()
    link(cat, "rows.csv")
    code, _, err = nst("study", "run", "grid.toml", "-o", "rows.csv")
    assert (code, "the file of rows would replace it" in complaint(err)) == (2, True)
    os.remove("rows.csv")
    link(cat, ".rows.csv.lock")
    code, _, err = nst("study", "run", "grid.toml", "-o", "rows.csv")
    assert (code, "its lock would replace it" in complaint(err)) == (2, True)
    assert cat.read_bytes() == before
    assert not Path("rows.csv").exists()


def test_a_lock_that_is_none_is_left_alone(nst):
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    Path(".rows.csv.lock").write_text("mine")
    code, _, err = nst("study", "run", "grid.toml", "-o", "rows.csv")
    assert (code, ".rows.csv.lock is in the way" in complaint(err)) == (1, True)
    assert Path(".rows.csv.lock").read_text() == "mine"


def test_a_full_disk_is_told_before(nst, monkeypatch):
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=100))
    code, _, err = nst("study", "run", "grid.toml")
    assert (code, "grid.csv may need 0.0 MB, and 0.0 MB are free there." in complaint(err)) == (2, True)
    assert os.listdir() == ["grid.toml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_before(nst, rows):
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    Path("rows.csv").write_bytes(rows)
    os.chmod(".", 0o500)
    for code, arguments in ((2, ("run", "grid.toml")), (1, ("report", "rows.csv"))):
        ended, _, err = nst("study", *arguments)
        assert (ended, "Permission denied" in complaint(err)) == (code, True)
    os.chmod(".", 0o700)


# --- report -------------------------------------------------------------------------------------------------------------


def test_a_report_is_written_and_written_again(nst, rows):
    Path("rows.csv").write_bytes(rows)
    for _ in range(2):
        assert nst("study", "report", "rows.csv")[:2] == (0, f"Wrote {Path('rows/report.md')} and its figures.\n")
    assert sorted(os.listdir("rows")) == ["curves.png", "intervals.png", "report.md"]
    assert Path("rows/report.md").read_text(encoding="utf-8").startswith("<!-- nst study report -->\n# dual against")


@pytest.mark.parametrize("name", ["report.md", "curves.png", "intervals.png"])
def test_a_file_that_no_report_wrote_is_refused(nst, rows, name):
    Path("rows.csv").write_bytes(rows)
    Path("rows").mkdir()
    Path("rows", name).write_text("# mine")
    code, out, err = nst("study", "report", "rows.csv")
    assert (code, out) == (1, "")
    assert f"{Path('rows', name)} is there already, and nst study report does not know it as its own." in complaint(err)
    assert os.listdir("rows") == [name]
    assert Path("rows", name).read_text() == "# mine"


def test_a_report_of_an_older_version_is_known_and_so_are_the_figures_that_it_shows(nst, rows):
    Path("rows.csv").write_bytes(rows)
    nst("study", "report", "rows.csv")
    page = Path("rows/report.md")
    page.write_text(page.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    Path("rows/curves.png").write_bytes(
        Path("rows/curves.png").read_bytes().replace(b"nst study report", b"somebody's else!")
    )
    assert nst("study", "report", "rows.csv")[0] == 0
    assert page.read_text(encoding="utf-8").startswith("<!-- nst study report -->")


def test_a_figure_that_an_older_report_does_not_show_is_not_its_own(nst, rows):
    Path("rows.csv").write_bytes(b"\n".join(line for line in rows.splitlines() if b",classic," not in line) + b"\n")
    assert nst("study", "report", "rows.csv")[0] == 0
    assert not Path("rows/intervals.png").exists()
    Path("rows/intervals.png").write_text("mine")
    Path("rows.csv").write_bytes(rows)
    code, _, err = nst("study", "report", "rows.csv")
    assert (code, "intervals.png is there already" in complaint(err)) == (1, True)
    assert Path("rows/intervals.png").read_text() == "mine"


def test_a_report_never_replaces_its_results(nst, rows):
    Path("report.md").write_bytes(rows)
    code, _, err = nst("study", "report", "report.md", "-o", ".")
    assert (code, "report.md is one of the files to start from" in complaint(err)) == (1, True)
    assert Path("report.md").read_bytes() == rows


def test_names_of_methods_spoil_neither_tables_nor_figures(nst, rows):
    Path("rows.csv").write_bytes(rows.replace(b",classic,", ",a|b $\\x$ 写,".encode()))
    code, _, err = nst("study", "report", "rows.csv")
    assert (code, err) == (0, "")
    assert "| a\\|b $\\x$ 写 |" in Path("rows/report.md").read_text(encoding="utf-8")


def test_a_field_that_is_no_number_is_named(nst, rows):
    header, first, *_ = rows.decode().splitlines()
    place = header.split(",").index("ssim")
    fields = first.split(",")
    fields[place] = "much"
    Path("rows.csv").write_text("\n".join([header, ",".join(fields)]) + "\n")
    code, _, err = nst("study", "report", "rows.csv")
    assert (code, "row 2, holds 'much' as ssim, which is no number" in complaint(err)) == (1, True)
