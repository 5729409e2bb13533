"""Axes of the explorers' charts."""

from __future__ import annotations

import pytest


def test_axes_have_round_numbers_within_their_ends(run_node):
    script = "const answer = [it.ticks(0.21, 0.78), it.logTicks(0.006, 0.7), it.logTicks(0.31, 0.36), it.ticks(-3, 1)];"
    linear, logarithmic, narrow, negative = run_node("kit/chart", script, None)
    assert linear == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert logarithmic == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    assert len(narrow) >= 2
    assert all(0.31 <= value <= 0.36 for value in narrow)
    assert negative == [-3, -2, -1, 0, 1]


@pytest.mark.parametrize("log", [True, False])
def test_a_scale_goes_there_and_back(log, run_node):
    script = """
      const { to, from } = it.scale({ low: 0.02, high: 5, log: given }, 40, 600);
      const answer = [to(0.02), to(5), from(to(0.7)), to(Math.sqrt(0.1))];
    """
    begin, end, back, middle = run_node("kit/chart", script, log)
    assert (begin, end, back) == pytest.approx((40, 600, 0.7))
    assert (middle == pytest.approx(320)) == log
