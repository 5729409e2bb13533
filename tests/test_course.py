"""The course holds together: chapters, notebooks, exercises, table of contents, the repository's address."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import notebooks  # noqa: E402
from blocks import (  # noqa: E402
    BlockError,
    as_run,
    find_exercise,
    read_quiz,
    repository,
    solved,
    stubbed,
)
from build_book import pages, write_first_page  # noqa: E402
from effort import chapter_effort  # noqa: E402
from plain import ChapterError, read_citations  # noqa: E402

COURSE = notebooks.Course(ROOT)
CHAPTERS = COURSE.chapters
FIRST_SIDE_TRIP = "21"  # from this number on, pages that nothing else builds on
LONGEST = 18  # lines of a code cell of 80 columns, exercises and setup apart
DRAWS = re.compile(r"\bfigures\.(?!use_|encode_|save_|show_table)\w+\(|\bplt\.show\(")
BY_NAME = {"argvalues": CHAPTERS, "ids": [path.stem for path in CHAPTERS]}

chapters = pytest.mark.parametrize("chapter", **BY_NAME)


def code_of(chapter: Path) -> list[SimpleNamespace]:
    """Return the chapter's code cells with their line, tags, source and options."""
    text = chapter.read_text(encoding="utf-8")
    book = notebooks.myst_to_notebook(text, add_source_map=True)
    return [
        SimpleNamespace(
            line=notebooks.find_line(text.splitlines(), start, cell.source),
            tags=cell.metadata.get("tags", []),
            source=cell.source,
            options=cell.metadata,
        )
        for cell, start in zip(book.cells, book.metadata["source_map"], strict=True)
        if cell.cell_type == "code"
    ]


# --- the chapters ---------------------------------------------------------------------------------------------------


def test_there_are_chapters():
    assert CHAPTERS, "book/ holds no chapter"


def test_the_address_of_the_book_alone_leads_on_and_names_its_picture(tmp_path):
    write_first_page(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<meta http-equiv="refresh" content="0; url=book/intro.html">' in page
    assert '<link rel="icon" href="_static/logo.svg">' in page
    assert "<title>Neural style transfer" in page


def test_every_chapter_stands_in_the_table_of_contents():
    listed = pages(ROOT / "_toc.yml")
    assert [path.stem for path in CHAPTERS] == [Path(page).name for page in listed if re.search(r"/\d\d_", page)]
    assert [page for page in listed if not (ROOT / f"{page}.md").exists()] == []


@chapters
def test_a_chapter_opens_with_its_question_and_its_notebooks(chapter):
    title, opening = re.search(r"^# (.+?)\n(.*?)(?=^## |\Z)", chapter.read_text(encoding="utf-8"), re.M | re.S).groups()
    assert title
    assert re.search(r"\?\W*$", opening.strip().split("\n\n")[0]), "the first paragraph asks the chapter's question"
    assert "```{notebook-links}" in opening


@chapters
def test_a_chapter_shows_a_figure_early(chapter):
    cells = [cell for cell in code_of(chapter) if "setup" not in cell.tags]
    assert DRAWS.search(cells[0].source), "the first cell after the setup draws a figure"


@chapters
def test_a_chapter_has_exercises_and_quizzes(chapter):
    text, side_trip = chapter.read_text(encoding="utf-8"), chapter.stem >= FIRST_SIDE_TRIP
    least = 0 if chapter == CHAPTERS[0] else 1 if side_trip else 3  # the first one is for a first picture only
    assert len(re.findall(r"^[`:~]{3,}\{exercise\} ", text, re.M)) >= least
    assert len(re.findall(r"^[`:~]{3,}\{quiz\} ", text, re.M)) >= (1 if side_trip else 2)


@chapters
def test_a_chapter_takes_at_most_95_minutes_by_its_own_line(chapter):
    """Longer ones are cut, or a part becomes a side trip; what they say of themselves is what the map adds up."""
    effort = chapter_effort(chapter)
    assert effort.total <= 95, f"{effort.reading} to read and {effort.doing} for the exercises"


@chapters
def test_a_chapter_closes_with_a_recap_an_experiment_and_further_reading(chapter):
    text = chapter.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M)[-3:] == ["Recap", "An experiment of your own", "Further reading"]
    experiment = text[text.index("## An experiment of your own") :]
    assert experiment.index("Write down your guess") < experiment.index("page-only, hide-cell")
    assert experiment.index("page-only, hide-cell") < experiment.index("{dropdown} What we found")


@chapters
def test_each_exercise_is_stated_then_written_then_checked(chapter):
    text = chapter.read_text(encoding="utf-8")
    stated = re.findall(r"^[`:~]{3,}\{exercise\} (\S+)$", text, re.M)
    written = [
        re.findall(r"^(?:def|class) (\w+)", cell.source, re.M)[-1]
        for cell in code_of(chapter)
        if "exercise" in cell.tags
    ]
    checked = [notebooks.checked_name(cell.source) for cell in code_of(chapter) if "check" in cell.tags]
    assert stated == written == checked
    assert {name: find_exercise(name).chapter for name in stated} == dict.fromkeys(stated, chapter.stem)


@chapters
def test_every_figure_says_what_it_shows(chapter):
    silent = [
        f"{chapter.name}:{cell.line}"
        for cell in code_of(chapter)
        if DRAWS.search(cell.source) and not cell.options.get("mystnb", {}).get("image", {}).get("alt", "").strip()
    ]
    assert silent == [], "these cells draw, but have no mystnb.image.alt"


@pytest.mark.parametrize("page", [*CHAPTERS, ROOT / "book" / "intro.md"], ids=lambda path: path.stem)
def test_under_every_figure_stands_what_to_look_at(page):
    """One or two sentences for a reader who only looks at the pictures; the alt text is for one who cannot."""
    cells = [cell for cell in code_of(page) if cell.options.get("mystnb", {}).get("image", {}).get("alt")]
    captions = {cell.line: cell.options["mystnb"].get("figure", {}).get("caption", "") for cell in cells}
    alts = {cell.options["mystnb"]["image"]["alt"] for cell in cells}
    assert {line: said for line, said in captions.items() if not re.fullmatch(r"[^*\n]{20,159}[.?]", said)} == {}
    assert alts & set(captions.values()) == set()
    assert len(set(captions.values())) == len(captions), "two figures have the same caption"


@chapters
def test_code_cells_are_short(chapter):
    long = {
        f"{chapter.name}:{cell.line}": cell.source.count("\n") + 1
        for cell in code_of(chapter)
        if not {"exercise", "setup"} & set(cell.tags) and cell.source.count("\n") >= LONGEST
    }
    assert long == {}, f"more than {LONGEST} lines: split them, or move what is not the idea into nstlib"


def test_no_page_waits_for_a_word():
    """A word in capitals by itself on a line is what one writes where a number is still to come."""
    waiting = re.compile(r"^(?:TODO|TBD|FIXME|XXX|[A-Z]{5,})$", re.MULTILINE)
    assert {path.name: waiting.findall(path.read_text(encoding="utf-8")) for path in CHAPTERS} == {
        path.name: [] for path in CHAPTERS
    }


def test_every_exercise_of_the_library_stands_in_a_chapter():
    from nstlib.check import exercises

    texts = "\n".join(path.read_text(encoding="utf-8") for path in CHAPTERS)
    assert {name for name in exercises if not re.search(rf"^[`:~]{{3,}}\{{exercise\}} {name}$", texts, re.M)} == set()


def test_everything_cited_is_in_the_bibliography():
    known = read_citations(ROOT / "book" / "references.bib")
    cited = set()
    for path in (ROOT / "book").glob("*.md"):
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", path.read_text(encoding="utf-8")):
            cited |= {key.strip() for key in keys.split(",")}
    assert cited <= set(known)


def test_names_of_authors_are_letters_in_notebooks_not_bibtex():
    known = read_citations(ROOT / "book" / "references.bib")
    assert known["pitie2007"].authors == "Pitié and Kokaram"
    assert [citation.authors for citation in known.values() if set(citation.authors) & set("{}\\")] == []


def test_notebooks_say_what_their_chapters_say():
    problems = "\n\n".join(notebooks.check(COURSE, CHAPTERS))
    if problems:
        pytest.fail(f"run  make notebooks\n{problems[:3000]}", pytrace=False)


# --- one address ------------------------------------------------------------------------------------------------------


OURS = re.compile(
    r"(?:colab\.research\.google\.com/github/|git clone [^\n\"]*?github\.com/|git\+https://github\.com/)([\w.-]+/[\w-]+)"
    r"|github\.com/([\w.-]+/nst-course)\b"
)


def test_the_address_of_the_repository_is_the_same_everywhere():
    address = repository()
    patterns = ("*.md", "pyproject.toml", ".github/workflows/*.yml", "*/*.md", "lessons/*.ipynb", "solutions/*.ipynb")
    files = [path for pattern in patterns for path in ROOT.glob(pattern) if "node_modules" not in path.parts]
    others = {
        path.relative_to(ROOT).as_posix(): slug
        for path in files
        for slugs in OURS.findall(path.read_text(encoding="utf-8"))
        for slug in slugs
        if slug and slug != address.slug
    }
    assert others == {}, f"_config.yml says {address.slug}"
    assert address.url in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_chapter_spells_out_the_address():
    assert [path.name for path in CHAPTERS if repository().slug in path.read_text(encoding="utf-8")] == []


# --- the generator, on a small course ---------------------------------------------------------------------------------

FRONT = """\
---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---
"""
CHAPTER = """\
# A small chapter

**What is small?**

```{notebook-links}
```

```{code-cell} python
---
tags: [setup]
---
answer = 42
```

(eq-part)=
## A part

As {cite:t}`solo1999` and others {cite:p}`pair2001,trio2005` say, see {eq}`eq-sum` in {ref}`eq-part`; `{cite}` is code.

$$
a + b
$$ (eq-sum)

:::{note}
Mind $x$:

$$
y =
z
$$
:::

:::{dropdown} More about `it`
Text.
:::

````{exercise} double
Write `double(x)`. [Next](02_next.md)
````

```{code-cell} python
---
tags: [exercise]
---
def double(x):
    # BEGIN SOLUTION
    return x + x
    # END SOLUTION
```

```{code-cell} python
---
tags: [check]
---
double = check(double)
```

:::{quiz} Is `1 < 2`?
- [ ] No :: Count
  again.
- [x] Yes :: One comes first.
:::

```{code-cell} python
---
tags: [page-only]
---
print("only on the page")
```
"""
BIBLIOGRAPHY = """\
@article{solo1999, author={Solo, Han}, title={One}, year={1999}, url={https://example.org/one}}
@article{pair2001, author={Li, A. and Wu, B.}, title={Two}, year={2001}}
@article{trio2005, author={Ng, A. and Oz, B. and Po, C.}, title={Three}, year={2005}, eprint={0501.1}}
"""
DOUBLE = SimpleNamespace(name="double", minutes=3, extra=False, difficulty=2, hints=("Twice $x$.", "Add.", "`x + x`"))


def find_double(name: str):
    if name != "double":
        raise BlockError(f"no exercise is called {name!r}")
    return DOUBLE


@pytest.fixture
def small(tmp_path) -> notebooks.Course:
    """A course of one chapter (and a second, to be linked to)."""
    for folder in ("book", "lessons", "solutions"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "book" / "01_small.md").write_text(FRONT + CHAPTER, encoding="utf-8")
    (tmp_path / "book" / "02_next.md").write_text(FRONT + "# Next\n", encoding="utf-8")
    (tmp_path / "book" / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    return notebooks.Course(tmp_path, find_exercise=find_double)


@pytest.fixture
def pair(small) -> notebooks.Pair:
    return notebooks.make_pair(small, small.chapters[0])


def test_code_of_the_page_alone_stands_behind_all_that_a_notebook_has(small):
    path = small.chapters[0]
    path.write_text(path.read_text(encoding="utf-8") + "\n```{code-cell} python\nprint(1)\n```\n", encoding="utf-8")
    with pytest.raises(ChapterError, match="01_small.md.*a notebook would lack what it may need"):
        notebooks.make_pair(small, path)


def test_a_solution_gets_what_its_page_put_out_but_no_widgets(small, pair):
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from nbformat.v4 import new_output
    from run_pages import CACHE, read_page

    chapter = small.chapters[0]
    page = read_page(chapter)
    widget = new_output("display_data", {"text/html": '<div data-explorer="gram"></div>'})
    for number, cell in enumerate(cell for cell in page.cells if cell.cell_type == "code"):
        texts = (new_output("stream", text=part) for part in (f"{number}", " of the page\n"))
        cell.outputs, cell.execution_count = [*texts, widget], 7
    (small.root / CACHE).mkdir(parents=True)
    get_cache(str(small.root / CACHE)).cache_notebook_bundle(CacheBundleIn(page, str(chapter)), check_validity=False)
    notebooks.take_outputs(pair.solution, chapter)
    setup, *cells = [cell for cell in pair.solution.cells if cell.cell_type == "code"]
    assert setup.outputs == []
    assert [[output.text for output in cell.outputs] for cell in cells] == [
        [f"{number} of the page\n"] for number in range(len(cells))
    ]
    assert [cell.execution_count for cell in (setup, *cells)] == list(range(1, len(cells) + 2))


def markdown(notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def broken(small, text: str) -> str:
    """Return the generator's message about a chapter with this text."""
    path = small.chapters[0]
    path.write_text(FRONT + text, encoding="utf-8")
    with pytest.raises(ChapterError) as caught:
        notebooks.make_pair(small, path)
    return str(caught.value)


def test_a_lesson_has_a_stub_and_a_solution_has_the_solution(pair):
    assert "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()" in code(pair.lesson)
    assert "def double(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION" in code(pair.solution)


def test_the_first_code_cell_of_a_notebook_fetches_the_course_on_colab(pair):
    address = repository()
    for notebook in (pair.lesson, pair.solution):
        setup = code(notebook)[0]
        assert setup.endswith(f"!pip install --quiet --root-user-action=ignore git+{address.url}@{address.branch}")
        assert "google.colab" in setup
        assert code(notebook)[1] == "answer = 42"


def test_a_lesson_says_at_its_head_what_every_answer_has_to_do_and_where_progress_is_kept(pair, small):
    lesson = pair.lesson.cells
    assert lesson[1].source == code(pair.lesson)[0]
    assert lesson[2].source == notebooks.HEAD
    assert "gradients pass" in notebooks.HEAD
    assert "NST_PROGRESS" in notebooks.HEAD
    without_exercises = notebooks.make_pair(small, small.chapters[1]).lesson
    assert notebooks.HEAD not in [cell.source for cell in (*without_exercises.cells, *pair.solution.cells)]


def test_a_notebook_links_to_itself_on_colab(pair):
    assert f"({repository().colab('lessons/01_small.ipynb')})" in pair.lesson.cells[0].source
    assert f"[![Open the solution in Colab]({notebooks.BADGE})]" in pair.solution.cells[0].source


def test_a_chapter_without_exercises_says_what_its_notebooks_are():
    course = notebooks.Course(ROOT)
    (chapter,) = (path for path in course.chapters if path.stem == "00_paint")
    opening = {folder: notebooks.make_converter(course, chapter, folder).links for folder in ("lessons", "solutions")}
    assert opening["lessons"].startswith(f"[![Open the notebook in Colab]({notebooks.BADGE})]")
    assert "[the notebook with its results in Colab](" in opening["lessons"]
    assert not any("exercise" in text or "the solution" in text for text in opening.values())


def test_directives_and_roles_become_plain_markdown(pair):
    text = markdown(pair.lesson)
    assert "As [Solo (1999)](https://example.org/one) and others (Li and Wu, 2001; [Ng et al., 2005]" in text
    assert "see equation (sum) in A part; `{cite}` is code." in text
    assert "$$\na + b\n\\tag{sum}\n$$" in text
    assert (
        "> **Note**\n>\n> Mind $x$:\n>\n> $$y = z$$" in text
    )  # one line: a quotation's marks would get into the formula
    assert "<details><summary>More about <code>it</code></summary>\n\nText.\n\n</details>" in text
    assert "[Next](02_next.ipynb)" in text
    assert not re.search(r"^(:::|`{3,}\{)|\(eq-part\)=", text, re.M)


def test_a_large_picture_keeps_its_words_and_its_command_and_a_card_stays_on_the_page(small):
    text = """\
# T

::::{container} painted-grid
```{painted} cat-glass
:alt: A cat in glass
Look at the *leads*.
```
::::

```{code-cell} python
---
tags: [card-1-2, remember]
---
1
```
"""
    path = small.root / "images" / "results" / "cat-glass.jpg"
    path.parent.mkdir(parents=True)
    path.touch()
    small.chapters[0].write_text(FRONT + text, encoding="utf-8")
    lesson = notebooks.make_pair(small, small.chapters[0]).lesson
    shown = (
        "![A cat in glass](../images/results/cat-glass.jpg)\n\nLook at the *leads*.\n\n```bash\nnst stylize cat glass"
    )
    assert shown in markdown(lesson)
    assert lesson.cells[-1].metadata.tags == ["remember"]


def test_blocks_stay_where_they_stand_and_code_stays_what_it_is(small):
    text = """\
# T

- one

  ```{code-block} python
  x = "{cite:t}`nobody`"
    $$
  ```
- ```text
  $$
  ```

words $$\n\\alpha [x](y)\n$$ and
$$ b $$ (eq-b)

$$ c $$ (eq-c)

% a comment
:::{note} A [link](02_next.md)
and {eq}`eq-c`
:::
"""
    small.chapters[0].write_text(FRONT + text, encoding="utf-8")
    assert (
        markdown(notebooks.make_pair(small, small.chapters[0]).lesson)
        == """\
# T

- one

  ```python
  x = "{cite:t}`nobody`"
    $$
  ```
- ```text
  $$
  ```

words $$\n\\alpha [x](y)\n$$ and
$$ b $$ (eq-b)

$$ c \\tag{c} $$

> **Note**
>
> A [link](02_next.ipynb)
> and equation (c)"""
    )


def test_an_exercise_becomes_a_statement_with_three_closed_hints(pair):
    text = markdown(pair.lesson)
    assert "### Exercise: double\n\n*★★☆ medium · about 3 minutes*\n\nWrite `double(x)`." in text
    assert "<details><summary>Hint 1: the idea</summary>\n\nTwice $x$.\n\n</details>" in text
    assert text.count("<details><summary>Hint") == 3


def test_each_option_of_a_quiz_opens_to_its_own_answer(pair):
    text = markdown(pair.lesson)
    assert "**Question.** Is `1 < 2`?" in text
    assert "<details><summary>No</summary>\n\n**Not quite:** Count again.\n\n</details>" in text
    assert "<details><summary>Yes</summary>\n\n**Right:** One comes first.\n\n</details>" in text


def test_a_figures_caption_stands_in_italics_under_its_cell(small):
    options = "mystnb:\n  image:\n    alt: a cat\n  figure:\n    caption: Its `eyes` {cite:p}`pair2001`."
    cell = f"```{{code-cell}} python\n---\n{options}\n---\ndraw()\n```\n"
    small.chapters[0].write_text(f"{FRONT}# T\n\n{cell}", encoding="utf-8")
    pair = notebooks.make_pair(small, small.chapters[0])
    for notebook in (pair.lesson, pair.solution):
        drawn, below = notebook.cells[-2:]
        assert (drawn.source, drawn.metadata.alt) == ("draw()", "a cat")
        assert (below.cell_type, below.source) == ("markdown", "*Its `eyes` (Li and Wu, 2001).*")


def test_page_only_cells_stay_on_the_page(pair):
    assert not any("only on the page" in source for source in code(pair.lesson) + code(pair.solution))


def test_nbgrader_finds_answers_and_graded_tests(pair):
    answer, test = (cell.metadata.nbgrader for cell in pair.lesson.cells if "nbgrader" in cell.metadata)
    assert (answer.grade_id, answer.solution, answer.grade, answer.locked) == ("double", True, False, False)
    assert (test.grade_id, test.solution, test.grade, test.locked) == ("check-double", False, True, True)
    assert test.points == DOUBLE.difficulty
    assert answer.schema_version == test.schema_version == 3


def test_a_new_paragraph_changes_no_other_cells_id(small, pair):
    path = small.chapters[0]
    text = path.read_text(encoding="utf-8").replace("**What is small?**", "**What is small?**\n\nA new paragraph.")
    path.write_text(text, encoding="utf-8")
    before, after = (
        [cell.id for cell in notebook.cells] for notebook in (pair.lesson, notebooks.make_pair(small, path).lesson)
    )
    assert len(set(before)) == len(before)
    assert before[1:] == after[1:]


def test_writing_twice_changes_nothing_and_passes_the_check_once_run(small, capsys):
    first, second = small.chapters
    second.unlink()
    first.write_text(FRONT + CHAPTER.replace("[Next](02_next.md)", ""), encoding="utf-8")
    assert notebooks.main([], small) == 0
    lesson = small.notebook("lessons", first)
    written = lesson.read_bytes()
    assert notebooks.main([], small) == 0
    assert lesson.read_bytes() == written
    assert notebooks.main(["--check"], small) == 1
    assert "cells that were never run" in capsys.readouterr().out
    mark_as_run(small.notebook("solutions", first))
    assert notebooks.main([], small) == 0, "outputs survive writing"
    assert notebooks.main(["--check"], small) == 0


def mark_as_run(path: Path) -> None:
    """Pretend that a notebook was executed."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
    notebooks.write_notebook(path, notebook)


def test_an_edited_notebook_is_reported_with_the_difference(small, capsys):
    notebooks.main([], small)
    lesson = small.notebook("lessons", small.chapters[0])
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("answer = 42", "answer = 43"), encoding="utf-8")
    assert notebooks.main(["--check"], small) == 1
    report = capsys.readouterr().out
    assert "lessons/01_small.ipynb (its chapter)" in report
    assert "-answer = 43\n+answer = 42" in report


def test_a_notebook_without_a_chapter_is_reported(small, capsys):
    notebooks.main([], small)
    (small.root / "lessons" / "09_gone.ipynb").write_text("{}", encoding="utf-8")
    assert notebooks.main(["--check"], small) == 1
    assert "lessons/09_gone.ipynb belongs to no chapter" in capsys.readouterr().out


def test_a_course_without_chapters_is_an_error(tmp_path, capsys):
    shutil.copy(ROOT / "_config.yml", tmp_path)
    assert notebooks.main(["--check"], notebooks.Course(tmp_path)) == 1
    assert "holds no chapter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("# T\n\n```{spiral} x\n```\n", 3, "the directive {spiral} has no plain form"),
        ("# T\n\nwords\nand {smile}`x`\n", 4, "the role {smile} has no plain form"),
        ("# T\n\n{cite:t}`nobody`\n", 3, "references.bib has no entry 'nobody'"),
        ("# T\n\nsee {eq}`nothing`\n", 3, "nothing is labeled 'nothing'"),
        ("# T\n\n[x](missing.md)\n", 3, "the link's target 'missing.md' does not exist"),
        ("# T\n\n```{note}\nfine\n", 3, "is never closed"),
        ("# T\n\n$$\na\n", 3, "has no end"),
        ("# T\n\nwords\n$$\na\n", 4, "has no end"),
        ("# T\n\n\\begin{align}\na\n", 3, "has no end"),
        ("# T\n\na\n: b\n", 4, "definition lists are not plain Markdown"),
        ("# T\n\n:::words\n:::\n", 3, "a colon fence needs a directive, got 'words'"),
        ("# T\n\nsome {{ words }}\n", 3, "substitutions {{ }} have no plain form"),
        ("# T\n\nsee {doc}`gone`\n", 3, "there is no document 'gone'"),
        ("# T\n\n- a\n\n  ```{spiral}\n  ```\n", 5, "the directive {spiral} has no plain form"),
        ("# T\n\n````{exercise} triple\nx\n````\n", 3, "no exercise is called 'triple'"),
        ("# T\n\n```{quiz} Why?\n- [x] a :: b\n- [ ] c\n```\n", 5, "lacks ' :: '"),
        ("# T\n\n::::{note}\n:::{spiral}\n:::\n::::\n", 4, "the directive {spiral} has no plain form"),
        ("# T\n\n```{note} `x`\n```\n", 3, "allows no ` after"),
        ("# T\n\n```{code-cell} python\n# BEGIN SOLUTION\n```\n", 4, "lacks the tag exercise"),
        ("# T\n\n```{code-cell} python\n:tags: [check]\n1 + 1\n```\n", 5, "a check cell calls check"),
    ],
)
def test_what_has_no_plain_form_is_an_error_that_says_where(small, text, line, message):
    said = broken(small, text)
    assert said.startswith(f"book/01_small.md:{line + FRONT.count(chr(10))}: ")
    assert message in said


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    pass",
        "def f():\n    # BEGIN SOLUTION\n    return 1",
        "def f():\n    # BEGIN SOLUTION\n    # END SOLUTION",
        "# BEGIN SOLUTION\nx = 1\n# END SOLUTION",
        "def f():\n    # BEGIN SOLUTION\n    return 1\n  # END SOLUTION",
    ],
)
def test_a_solution_without_proper_markers_is_an_error(source):
    with pytest.raises(BlockError):
        stubbed(source)


def test_a_check_cell_brings_its_own_check(pair):
    for notebook in (pair.lesson, pair.solution):
        (cell,) = (cell.source for cell in notebook.cells if "check" in cell.metadata.get("tags", []))
        assert cell == "from nstlib.check import check\n\ndouble = check(double)"


def test_marks_and_imports_for_graders_cost_no_outputs(pair):
    older = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(as_run(text)) for text in code(pair.solution)])
    assert code(older) != code(pair.solution)
    assert notebooks.same_code(pair.solution, older)
    older.cells[-1].source += "\nprint(1)"
    assert not notebooks.same_code(pair.solution, older)


def test_the_stub_keeps_what_stands_around_the_solution():
    source = "def f(x):\n    y = x\n    # BEGIN SOLUTION\n    y = 2 * y\n    # END SOLUTION\n    return y"
    assert solved(source) == "def f(x):\n    y = x\n    y = 2 * y\n    return y"
    assert (
        stubbed(source) == "def f(x):\n    y = x\n    # YOUR CODE HERE\n    raise NotImplementedError()\n    return y"
    )


def test_a_quiz_needs_a_right_option_and_an_answer_to_each():
    with pytest.raises(BlockError, match="one of them right"):
        read_quiz("Why?", ["- [ ] a :: b", "- [ ] c :: d"])
    with pytest.raises(BlockError, match="needs its question"):
        read_quiz("", ["- [x] a :: b", "- [ ] c :: d"])


def test_widgets_leave_no_dead_output_behind():
    from nbformat.v4 import new_output

    view = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}})
    assert notebooks.is_widget(view)
    assert not notebooks.is_widget(new_output("stream", text="hello"))
    joined = notebooks.merge_streams([new_output("stream", text="a"), new_output("stream", text="b")])
    assert [output.text for output in joined] == ["ab"]


# --- the machinery ------------------------------------------------------------------------------------------------------


def test_an_explorer_leaves_no_dead_output_behind():
    explorer = nbformat.v4.new_output(
        "display_data", {"text/html": '<div class="nst-page" data-explorer="kernels"></div>'}
    )
    table = nbformat.v4.new_output("display_data", {"text/html": "<table></table>"})
    assert [notebooks.is_widget(output) for output in (explorer, table)] == [True, False]


def test_a_page_loads_the_explorers_it_holds_and_no_others():
    from docutils import nodes
    from docutils.utils import new_document
    from explorers import held_explorers

    page = new_document("page")
    held = '<div class="nst-page" data-explorer="{}">'
    page += [nodes.raw("", held.format(name), format="html") for name in ("kernels", "layers", "kernels")]
    page += nodes.literal_block("", held.format("shown_as_code"))
    assert held_explorers(page) == ["kernels", "layers"]


def test_npm_pins_name_no_registry():
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    pins = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pins.values())
    assert json.loads(lock)["packages"][""]["dependencies"] == wanted["dependencies"]


def test_every_static_file_that_the_configuration_names_exists():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert (ROOT / config["logo"]).exists()
    assert (ROOT / config["html"]["favicon"]).exists()
    assert [path for path in config["bibtex_bibfiles"] if not (ROOT / path).exists()] == []


def test_make_help_describes_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)[1].split()
    assert [target for target in phony if not re.search(rf"^{target}:.*## \w", text, re.M)] == []


def test_what_changed_is_tested_by_its_mirror():
    from check_changed import ALWAYS, mirrors

    assert mirrors([]) == list(ALWAYS)
    assert {*mirrors(["nstlib/gram.py", "nstlib/kernels/products.py"])} == {
        *ALWAYS,
        "tests/test_gram.py",
        "tests/kernels/test_products.py",
    }
    assert "tests/kernels" in mirrors(["nstlib/kernels/gone.py"])
    assert "tests/widgets" in mirrors(["nstlib/widgets/gone/gone.js"])
    assert "tests" not in mirrors(["nstlib/gone.py"])
    assert "tests/test_course.py" in mirrors(["book/07_gram.md", "README.md"])
