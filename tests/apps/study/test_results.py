"""A file of results only grows, and holds whole rows."""

import sys

import pytest

from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.results import COLUMNS, Results, read_rows
from nstlib.errors import ChoiceError, ResumeError
from nstlib.metrics import MEASURES


@pytest.fixture
def cases(grid_file):
    return read_grid(grid_file()).cases()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.csv"


def fill(path, cases):
    with Results(path) as results:
        for case in cases:
            results.add(case, {"ssim": 1 / 3, "gram": 0.1})


def test_a_row_holds_its_key_its_measures_and_what_made_it(path, cases):
    fill(path, cases[:1])
    (row,) = read_rows(path)
    assert {name: row[name] for name in cases[0].key} == cases[0].key
    assert (row["ssim"], row["gram"], row["edge_ssim"]) == ("0.33333", "0.1", "")
    assert row["nstlib"]
    assert row["torch"]


def test_no_two_columns_have_the_same_name():
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(MEASURES) < set(COLUMNS)


def test_what_is_there_is_not_run_again_and_not_written_twice(path, cases):
    fill(path, cases[:5])
    before = path.read_bytes()
    with Results(path) as results:
        assert results.missing(cases) == cases[5:]
        results.add(cases[2], {})
    assert path.read_bytes() == before


@pytest.mark.parametrize("lost", [1, 20, 150])
def test_of_a_process_killed_while_it_wrote_at_most_one_row_is_lost(path, cases, lost):
    fill(path, cases[:4])
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    assert len(read_rows(path)) == 3
    with Results(path) as results:
        assert results.missing(cases) == cases[3:]
        results.add(cases[3], {"ssim": 1 / 3, "gram": 0.1})
    assert path.read_bytes() == whole


def test_a_file_that_was_killed_in_its_first_line_begins_again(path, cases):
    path.write_bytes(b"content,sty")
    fill(path, cases[:1])
    assert len(read_rows(path)) == 1


def test_two_studies_do_not_write_to_one_file(path, cases):
    with Results(path), pytest.raises(ResumeError, match="being written by another study"), Results(path):
        pass
    fill(path, cases[:1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "other columns than a study has"),
        ("\ufffe\n", "other columns|no file of results"),
        ("a note of one line", "no file of results. Take another file; the one that is there stays as it is"),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(path, text, message):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResumeError, match=message), Results(path):
        pass
    assert path.read_text(encoding="utf-8") == text


def test_a_row_with_a_field_too_few_is_named(path, cases):
    fill(path, cases[:2])
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].rpartition(",")[0]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ResumeError, match=f"row 3, has not {len(COLUMNS)} fields"):
        read_rows(path)


def test_results_that_are_not_there_are_named(path):
    with pytest.raises(ChoiceError, match=r"results.csv cannot be read"):
        read_rows(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with (
        pytest.raises(ResumeError, match="The folder .*nowhere is not there"),
        Results(tmp_path / "nowhere" / "results.csv"),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_leaves_no_half_row(path, cases, monkeypatch):
    fill(path, cases[:2])
    before = path.read_bytes()
    with Results(path) as results, open("/dev/full", "ab", buffering=0) as full:
        monkeypatch.setattr("os.fsync", lambda _: full.write(b"x"))
        with pytest.raises(ResumeError, match="cannot be written: No space left"):
            results.add(cases[2], {})
        monkeypatch.undo()
        assert path.read_bytes() == before
        results.add(cases[2], {})
    assert len(read_rows(path)) == 3
