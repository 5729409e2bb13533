"""Checkpoints come at once, then less and less often, and never for more than a twentieth of the time."""

from __future__ import annotations

import itertools

import pytest

from nstlib.apps import pace


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when the test says so."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def waits(keeper: pace.Pace, clock: list[float], count: int, cost: float) -> list[float]:
    """Return how long each of the next times was waited for, to half a second, where each takes ``cost`` seconds."""
    found = []
    for _ in range(count):
        waited = next(k / 2 for k in itertools.count() if set_to(clock, clock[0] + (0.5 if k else 0)) and keeper.is_due)
        found.append(waited)
        with keeper.keeping():
            clock[0] += cost
    return found


def set_to(clock: list[float], now: float) -> bool:
    clock[0] = now
    return True


def test_the_first_time_is_at_once_and_the_waits_double_up_to_half_a_minute(clock):
    assert waits(pace.Pace(), clock, 8, cost=0) == [0, 1, 2, 4, 8, 16, 30, 30]


def test_what_is_older_is_left_there_for_half_a_minute(clock):
    assert waits(pace.Pace(older=True), clock, 3, cost=0) == [30, 1, 2]


def test_slow_writing_is_done_less_often(clock):
    assert waits(pace.Pace(), clock, 3, cost=2) == [0, 40, 40]


def test_what_fails_is_tried_again_only_after_the_wait(clock):
    keeper = pace.Pace()
    with pytest.raises(OSError, match="full"), keeper.keeping():
        raise OSError("full")
    assert not keeper.is_due
