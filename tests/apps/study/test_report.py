"""The report of a study, as the command writes it."""

import pytest

from nstlib.apps.study.results import read_rows


@pytest.mark.exhaustive
def test_the_command_reports_what_the_command_ran(grid_file, tmp_path, monkeypatch, nst):
    monkeypatch.chdir(tmp_path)
    grid_file()
    code, said, _ = nst("study", "run", "grid.toml", "--workers", 1)
    assert (code, said) == (0, "grid.csv holds 16 of 16 rows.\n")
    assert len(read_rows(tmp_path / "grid.csv")) == 16
    code, said, _ = nst("study", "report", "grid.csv")
    assert (code, said) == (0, "Wrote grid/report.md and its figures.\n")
    code, _, complaint = nst("study", "report", "grid.csv", "--method", "duel")
    assert code == 1
    assert "duel" in complaint
    code, _, complaint = nst("study", "run", "nothing.toml")
    assert (code, complaint.startswith("nst: The grid nothing.toml cannot be read")) == (2, True)
