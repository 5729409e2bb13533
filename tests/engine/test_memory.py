import math

import pytest

from nstlib.engine.memory import BUDGET, HISTORY, Demand, estimate, plan
from nstlib.errors import ChoiceError
from nstlib.vgg import ARCHITECTURES

LAYERS = ("relu4_2", "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def demand(height, width, **options):
    return Demand(ARCHITECTURES["vgg19"], LAYERS, height, width, **options)


def test_small_pictures_are_computed_at_once_with_a_full_history():
    small = plan(demand(512, 512))
    assert (small.tiled, small.history) == (0, HISTORY)


def test_2048_px_fit_into_4_gb():
    assert plan(demand(2048, 2048)).bytes <= BUDGET == 4e9


def test_what_does_not_fit_gets_the_leanest_plan_unless_a_budget_was_asked_for():
    lean = plan(demand(4096, 4096))
    assert lean.tiled >= 4
    with pytest.raises(ChoiceError, match=r'4096 x 4096 px by lbfgs needs about \d+\.\d GB, .* or optimizer "adam"'):
        plan(demand(4096, 4096), budget=4e9)


def test_what_is_needed_never_looks_like_what_is_there():
    need = min(estimate(demand(256, 256), tiled, 3) for tiled in range(6))
    above, below = math.ceil(need / 1e8) / 10, math.floor(need / 1e8) / 10
    with pytest.raises(ChoiceError, match=f"needs about {above} GB, but may take only {below} GB"):
        plan(demand(256, 256), budget=below * 1e9)


def test_without_winograd_less_is_needed():
    assert plan(demand(256, 256, winograd=False)).bytes < plan(demand(256, 256)).bytes


def test_kernels_laid_out_for_other_sizes_are_counted(monkeypatch):
    monkeypatch.setattr("nstlib.kernels.convolutions.onednn_works", lambda: True)

    def need(*others):
        return estimate(demand(256, 256, others=others), 0, HISTORY)

    # At 128 px relu5_1 has 8 x 8 positions: its 512 x 512 kernels are unrolled there, and transformed at 256 px. Those of
    # block 4 are transformed for small tiles there, and for large ones at 256 px.
    unrolled, small_tiles = 512 * 512 * 2 * 9, (256 + 3 * 512) * 512 * 2 * 16
    assert need((128, 128)) - need() == 4 * (unrolled + small_tiles)
    assert need((256, 256), (300, 200)) == need()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "gd"])
def test_a_smaller_budget_takes_a_leaner_plan(optimizer):
    roomy, tight = (plan(demand(1024, 1024, optimizer=optimizer), budget=budget) for budget in (20e9, 2.4e9))
    assert roomy.tiled == 0
    assert tight.tiled > 0
    assert tight.bytes <= 2.4e9 < roomy.bytes


def test_of_large_pictures_more_tiles_and_less_history_never_need_more():
    needs = [estimate(demand(2048, 1536), tiled, 10) for tiled in range(6)]
    assert needs == sorted(needs, reverse=True)
    assert estimate(demand(2048, 1536), 2, 5) < needs[2]


def test_what_fits_only_in_tiles_says_so_if_the_loss_has_none():
    with pytest.raises(ChoiceError, match="This loss cannot be computed in tiles; the classic one can."):
        plan(demand(2048, 2048, tiles=False), budget=4e9)


def test_a_loss_that_is_no_sum_is_never_planned_in_tiles():
    assert plan(demand(2048, 2048, tiles=False)).tiled == 0
    assert plan(demand(2048, 2048)).tiled > 0


def test_a_process_that_may_keep_memory_plans_for_the_gaps_and_keeps_none_where_that_is_too_much(monkeypatch):
    usual = {size: plan(demand(size, size)) for size in (256, 1024, 2048)}
    assert not any(each.keeps for each in usual.values())
    monkeypatch.setattr("nstlib.engine.memory.may_keep_freed_memory", lambda: True)
    kept = {size: plan(demand(size, size)) for size in usual}
    assert kept[256].keeps
    assert kept[256].bytes > usual[256].bytes
    assert kept[1024].keeps
    assert kept[1024].tiled >= usual[1024].tiled
    assert not kept[2048].keeps
    assert kept[2048] == usual[2048]
    assert all(each.bytes <= BUDGET for each in kept.values())
    monkeypatch.setattr("nstlib.engine.memory.keeps_freed_memory", lambda: True)
    assert plan(demand(2048, 2048)).keeps  # there is no way back
