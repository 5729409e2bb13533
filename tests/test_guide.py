"""What the instructor's guide says of hours, orders and exercises is so."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

from effort import chapter_effort, hours  # noqa: E402

from nstlib import course  # noqa: E402
from nstlib.check import exercises  # noqa: E402

GUIDE = (ROOT / "book" / "guide.md").read_text(encoding="utf-8")
TOGETHER, READ, TALK = (
    90,
    40,
    20,
)  # minutes: a session, the most that is read before it, the least that is left for talk
MAIN = [name for name in course.chapters() if "01" <= name[:2] < "20"]


def effort(chapter):
    return chapter_effort(ROOT / "book" / f"{chapter}.md")


def syllabus(sessions):
    """Return the rows of a syllabus: chapter, reading, exercises, talk."""
    text = re.search(rf"^## {sessions} sessions\n(.*?)^## ", GUIDE, re.MULTILINE | re.DOTALL)[1]
    rows = re.findall(r"^\| \d+ \| \{doc\}`(\w+)` \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return text, [(chapter, *map(int, minutes)) for chapter, *minutes in rows]


@pytest.mark.parametrize(("sessions", "count"), [("Four", 4), ("Eight", 8), ("Twelve", 12)])
def test_a_syllabus_fits_its_hours(sessions, count):
    text, rows = syllabus(sessions)
    assert len(rows) == count
    for chapter, reading, doing, talk in rows:
        assert (reading, doing) == (effort(chapter).reading, effort(chapter).doing), chapter
        assert reading <= READ
        assert talk >= TALK
        assert doing + talk == TOGETHER
    said = re.search(r"^(\w+) hours together, ([\d½]+|six) of reading", text, re.MULTILINE)
    words = {"Six": 6, "Twelve": 12, "Eighteen": 18}
    assert words[said[1]] * 60 == TOGETHER * count
    assert said[2].replace("six", "6") == hours(sum(row[1] for row in rows)).split()[0]


@pytest.mark.parametrize("sessions", ["Four", "Eight", "Twelve"])
def test_a_syllabus_keeps_the_order_of_the_course(sessions):
    chapters = [row[0] for row in syllabus(sessions)[1]]
    assert chapters == sorted(chapters)
    assert set(chapters) <= set(MAIN)


def test_the_longest_syllabus_leaves_out_nothing_that_it_builds_on():
    chapters = [row[0] for row in syllabus("Twelve")[1]]
    for chapter in chapters:
        text = (ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
        needs = re.findall(r":builds-on: (.+)", text)
        assert set(" ".join(needs).split()) <= set(chapters[: chapters.index(chapter)]), chapter


def test_each_chapter_has_its_minutes_and_speaks_of_its_own_exercises():
    parts = re.findall(r"^### \{doc\}`(\w+)`: (\d+) \+ (\d+) minutes\n(.*?)(?=^### |^Six side)", GUIDE, re.M | re.S)
    assert [part[0] for part in parts] == MAIN
    for chapter, reading, doing, text in parts:
        assert (int(reading), int(doing)) == (effort(chapter).reading, effort(chapter).doing), chapter
        named = [name for name in re.findall(r"`(\w+)`", text) if name in exercises]
        assert named, chapter
        assert {exercises[name].chapter for name in named} == {chapter}
        assert all(word in text for word in ("*Afterwards*", "*Goes wrong:*", "*Ask:*"))


def test_the_longest_exercises_leave_time_to_talk():
    longest = max(effort(chapter).doing for chapter in MAIN)
    assert f"take {longest} minutes, so at least {TOGETHER - longest} are left" in GUIDE
