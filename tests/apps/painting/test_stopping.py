"""A run ends between two steps when it is asked to, and at once when it is asked again."""

from __future__ import annotations

import signal
import threading

import pytest

from nstlib.apps.painting.stopping import stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_a_second_one_ends_at_once(number):
    said, before = [], signal.getsignal(number)
    with stoppable(said.append) as stop:
        assert stop.signal is None
        signal.raise_signal(number)
        assert stop.signal == number
        assert said == ["Stopping after this step; once more stops at once."]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_terminal_that_closes_says_so_twice_and_is_in_no_hurry(hangup):
    said = []
    with stoppable(said.append) as stop:
        signal.raise_signal(hangup)
        signal.raise_signal(hangup)
        assert (stop.signal, len(said)) == (hangup, 1)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(hangup) is signal.SIG_DFL


def test_under_nohup_a_run_goes_on(hangup):
    signal.signal(hangup, signal.SIG_IGN)
    with stoppable(pytest.fail) as stop:
        signal.raise_signal(hangup)
        assert stop.signal is None


def test_outside_the_main_thread_nothing_changes():
    found = []

    def watch():
        with stoppable(found.append) as stop:
            found.append(stop.signal)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert found == [None]
