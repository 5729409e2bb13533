"""What a chapter is said to take: counted from its text and exercises, the same on the page, in notebooks, on the map."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import notebooks  # noqa: E402
from effort import chapter_effort, effort_of, hours  # noqa: E402

CHAPTERS = notebooks.Course(ROOT).chapters
NAMES = [path.stem for path in CHAPTERS]
chapters = pytest.mark.parametrize("chapter", CHAPTERS, ids=NAMES)

CELL = """\
```{code-cell} python
---
mystnb:
  image:
    alt: a picture in many words that nobody reads
---
a = 1

b = 2
```
"""


def five_minutes(name):
    return SimpleNamespace(name=name, minutes=5, extra=name == "two")


def test_reading_is_words_code_and_pictures():
    head = "---\nkernelspec:\n  name: python3\n---\n"
    assert effort_of(head + "word " * 1300, five_minutes).reading == 10
    assert effort_of(CELL * 54, five_minutes).reading == 31  # 108 lines of code in 4 minutes, 54 pictures in 27
    large = "```{painted} cat-glass\n:alt: many words that nobody reads\n```\n"
    assert effort_of(large * 26, five_minutes).reading == 14  # three words of markup each


def test_doing_is_the_sum_of_what_the_exercises_say():
    text = "````{exercise} one\nWrite it.\n````\n\n```{exercise} two\nWrite it.\n```\n"
    effort = effort_of(text, five_minutes)
    assert (effort.doing, effort.extra, effort.exercises) == (10, 5, ("one", "two"))
    assert "10 for the exercises · builds on no other chapter · you will write `one`, `two`" in effort.line("")


def test_notebooks_are_called_what_they_are():
    with_one = effort_of("```{exercise} one\nWrite it.\n```\n", five_minutes)
    assert with_one.notebooks == {"lessons": "Do the exercises", "solutions": "with solutions"}
    assert not any(
        "xercise" in name or "olution" in name for name in effort_of("Text.", five_minutes).notebooks.values()
    )


@pytest.mark.parametrize(
    ("minutes", "words"), [(30, "½ hour"), (60, "1 hour"), (75, "1 hour"), (100, "1½ hours"), (1440, "24 hours")]
)
def test_hours_are_told_to_the_half(minutes, words):
    assert hours(minutes) == words


@chapters
def test_a_chapter_builds_on_earlier_ones(chapter):
    (options,) = re.findall(r"```\{notebook-links\}\n(.*?)```", chapter.read_text(encoding="utf-8"), re.DOTALL)
    needed = options.replace(":builds-on:", "").split()
    assert set(needed) <= set(NAMES[: NAMES.index(chapter.stem)])
    assert needed or chapter in CHAPTERS[:2]


@chapters
def test_a_chapter_says_what_you_can_do_now_before_its_recap_and_what_is_next_after_it(chapter):
    text = chapter.read_text(encoding="utf-8")
    places = [
        text.index(mark)
        for mark in ("```{admonition} Now you can", "\n## Recap\n", "```{admonition} Next", "\n## Further reading\n")
    ]
    assert places == sorted(places)


@chapters
def test_a_lesson_tells_the_same_as_its_chapters_page(chapter):
    lesson = notebooks.make_pair(notebooks.Course(ROOT), chapter).lesson
    effort = chapter_effort(chapter)
    assert effort.line("").partition(" · ")[0] in lesson.cells[0].source


def test_the_map_shows_every_chapter_once():
    text = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    maps = re.findall(r"```\{course-map\}\n(?::main-path: [^\n]+\n\n)?(.*?)```", text, re.DOTALL)
    assert [row.split("|")[0].strip() for rows in maps for row in rows.strip().splitlines()] == NAMES
