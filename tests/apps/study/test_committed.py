"""The study that chapter 14 reads is the one that its grid asks for."""

from pathlib import Path

import pytest
import torch

from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.measure import run_task, tasks_of
from nstlib.apps.study.results import COMMITTED, KEY, read_rows
from nstlib.optimizers import OPTIMIZERS, RANGE_PENALTY, Descent


def start_torchs_lbfgs(pixels, objective, learning_rate, history):
    still = {"tolerance_grad": 0.0, "tolerance_change": 0.0}
    optimizer = torch.optim.LBFGS([pixels], max_iter=1, history_size=history, **still)
    return Descent(pixels, objective, optimizer, penalty=RANGE_PENALTY * sum(objective.weights[:2]))


GRIDS = Path(__file__).resolve().parents[3] / "study"


def test_every_run_of_the_grid_has_its_row_and_no_other_has_one():
    wanted = {tuple(case.key.values()) for case in read_grid(GRIDS / "course.toml").cases()}
    rows = [tuple(row[name] for name in KEY) for row in read_rows(COMMITTED)]
    assert len(rows) == len(set(rows))
    assert set(rows) == wanted


def test_the_full_grid_holds_the_course_s_own_in_all_but_size():
    course, full = (read_grid(GRIDS / f"{name}.toml") for name in ("course", "full"))
    assert set(course.methods) <= set(full.methods)
    assert set(course.style_weights) <= set(full.style_weights)
    assert (course.contents.keys(), course.styles.keys()) == (full.contents.keys(), full.styles.keys())


@pytest.mark.weights
@pytest.mark.parametrize("method", ["classic", "classic_noise"])
def test_a_row_made_again_with_the_optimizer_of_its_time_agrees(method, monkeypatch):
    """The rows are from nstlib 0.1.0, whose runs at one size moved by torch's L-BFGS."""
    monkeypatch.setitem(OPTIMIZERS, "lbfgs", start_torchs_lbfgs)
    grid = read_grid(GRIDS / "course.toml")
    wanted = ("china", "woodcut", method, 3.0)
    case = next(case for case in grid.cases() if (case.content, case.style, case.method, case.style_weight) == wanted)
    (row,) = [row for row in read_rows(COMMITTED) if tuple(row[name] for name in KEY) == tuple(case.key.values())]
    values = run_task(tasks_of(grid, [case])[0])
    for name in ("ssim", "edge_ssim", "gram", "gram_random", "color_to_content", "structure"):
        # Another processor rounds differently, and forty steps later that shows.
        assert values[name] == pytest.approx(float(row[name]), rel=0.15), name
