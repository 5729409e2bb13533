"""Each benchmark runs, small: nobody finds out on the day that it is needed that a name has moved."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
SMALL = {
    "busy.py": "--rounds 1 --others 1 --size 32 --steps 2",
    "checks.py": "gram_matrix",
    "devices.py": "--sizes 32 --rounds 1",
    "engine.py": "--sizes 32 --rounds 1",
    "fast.py": "flicker",
    "grading.py": "--submissions 6 --hostile 2",
    "layouts.py": "--sides 4 --rounds 1",
    "products.py": "--rounds 1",
    "quality.py": "--size 32 --evaluations 3 --pairs cat+fluid",
    "ratios.py": "start gpu",
    "schedules.py": "--help",  # a hundred steps at 32 px take as long as all others here
    "sizes.py": "--sizes 64 --rounds 1 --network tiny",
    "tiles.py": "--sizes 64 --rounds 1 --network tiny",
}
TOGETHER = {"peers.py"}  # what others import


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_benchmark_runs(name, tmp_path):
    line = [sys.executable, str(BENCH / name), *SMALL[name].split()]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) >= 2 or "no GPU" in done.stdout


def test_every_benchmark_is_run():
    assert {path.name for path in BENCH.glob("*.py")} == set(SMALL) | TOGETHER


@pytest.mark.exhaustive
def test_the_table_of_ratios_has_a_number_and_its_goal_in_each_row():
    sys.path.insert(0, str(BENCH))
    try:
        import ratios
    finally:
        sys.path.remove(str(BENCH))
    rows = [*ratios.engine_rows(32, 1), *ratios.size_rows(32, 64, 1)]
    assert [what.partition(",")[0] for what, *_ in rows] == [
        "a step / the bare network",
        "a plain PyTorch loop / a step",
        "a pixel at 64 px / at 32 px",
    ]
    for _, ratio, goal, more in rows:
        assert ratio > 0
        assert re.fullmatch("[<>]= [0-9.]+", goal)
        assert (BENCH / more).is_file()
