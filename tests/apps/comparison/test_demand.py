"""How much memory a comparison takes, from sizes alone."""

import pytest
import torch

from nstlib.apps.comparison.demand import memory_for
from nstlib.apps.comparison.pairs import make_grid
from nstlib.apps.study.grid import Settings
from nstlib.defaults import METHODS
from nstlib.dual import stylize_dual
from nstlib.features import Features


@pytest.mark.parametrize("init", ["content", "noise"])
def test_it_is_what_the_greediest_run_says_of_itself(init):
    square, network = torch.zeros(1, 3, 64, 64), Features("vgg16", {})
    settings = Settings("vgg16", size=64, steps=10)
    plans = {each: stylize_dual(square, square, network, method=each, steps=10, init=init).plan for each in METHODS}
    for method, plan in plans.items():
        assert memory_for(make_grid([], [], [method], settings, init=init)) == plan.bytes
    everything = memory_for(make_grid([], [], METHODS, settings, init=init))
    assert everything == max(plan.bytes for plan in plans.values())


def test_a_size_that_no_machine_can_hold_is_reckoned_without_holding_it():
    assert memory_for(make_grid([], [], ["dual"], Settings("vgg16", size=10_000))) > 1e11
