"""Judges in processes of their own: one that dies takes nothing with it but what it was judging."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nstlib.apps.grading import pool
from nstlib.apps.grading.pool import Answers, JudgeProcess, judge_here, judge_on
from nstlib.apps.grading.walls import Limits
from nstlib.errors import ChoiceError

FAKE = """
import json, os, sys, time
for line in sys.stdin.buffer:
    job = json.loads(line)
    text = sys.stdin.buffer.read(job["size"])
    if text == b"dies":
        os._exit(1)
    if text == b"hangs":
        time.sleep(60)
    print(json.dumps([{"name": name, "text": text.decode()} for name in job["names"]]), flush=True)
"""


@pytest.fixture
def fake(monkeypatch):
    """Have a judge be a small program that knows three texts."""

    def start(self):
        self._process = subprocess.Popen([sys.executable, "-c", FAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._process

    monkeypatch.setattr(JudgeProcess, "_start", start)
    monkeypatch.setattr(pool, "SPARE", 0.0)


def jobs(*texts: str) -> list[Answers]:
    return [Answers(text, text.encode(), ("a", "b")) for text in texts]


def test_every_notebook_is_judged_once(fake):
    found = dict(judge_here(jobs("1", "2", "dies", "3", "4"), Limits(seconds=5), workers=2))
    assert {job.key: records and records[1]["text"] for job, records in found.items()} == {
        "1": "1", "2": "2", "dies": None, "3": "3", "4": "4",
    }  # fmt: skip


@pytest.mark.exhaustive
def test_a_judge_that_hangs_is_ended(fake):
    ((_, first), (_, second)) = judge_here(jobs("hangs", "1"), Limits(seconds=1), workers=1)
    assert (first, second[0]["text"]) == (None, "1")


def test_it_stops_when_it_is_told(fake):
    assert list(judge_here(jobs("1", "2"), Limits(), workers=1, stop=lambda: True)) == []
    assert list(judge_here([], Limits())) == []


def test_a_judge_that_is_closed_is_not_started_any_more(fake):
    judge = JudgeProcess(Limits(seconds=5))
    assert judge.judge(*jobs("1"))[0]["text"] == "1"
    judge.close()
    assert judge.judge(*jobs("2")) is None
    assert judge._process is None


@pytest.mark.exhaustive
def test_a_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed")
    with pytest.raises(ChoiceError, match="No dask scheduler answers at nowhere:1"):
        list(judge_on("nowhere:1", jobs("1"), Limits()))
