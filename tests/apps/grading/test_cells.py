"""Which lines of a notebook are the answer."""

from __future__ import annotations

import ast
import json

import pytest

from nstlib.apps.grading.cells import answer_in


def lines(*cells: str, name: str = "f", given=()) -> list[str]:
    book = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    return [ast.unparse(one.node) for one in answer_in(json.dumps(book), name, given).statements]


def test_a_definition_comes_with_what_it_needs_and_nothing_else():
    found = lines(
        "import torch, os\nfrom math import pi, tau\nprint('slow')",
        "scale = 2 * pi\nother = 3",
        "def helper(x):\n    return scale * x",
        "def f(x):\n    return torch.relu(helper(x))",
        "f = check(f)\npicture = f(1)",
    )
    assert found == [
        "import torch",
        "from math import pi",
        "scale = 2 * pi",
        "def helper(x):\n    return scale * x",
        "def f(x):\n    return torch.relu(helper(x))",
    ]


def test_a_local_name_is_no_need():
    assert lines("x = load()", "def f(x):\n    return x") == ["def f(x):\n    return x"]


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (("def f(): return 1", "def f(): return 2", "f = check(f)"), "return 2"),
        (("def f(): return 1", "f = check(f)", "def f(): return 2"), "return 1"),
        (("f = check(f)", "def f(): return 2"), "return 2"),
        (("def f(): return 1", "check(f)", "def f(): return 2", "f = nstlib.check.check(f)"), "return 2"),
        (("f = lambda: 1", "f = check(f)"), "lambda: 1"),
        (("if True:\n    def f(): return 1",), "return 1"),
    ],
)
def test_the_last_definition_before_the_check_counts(cells, kept):
    assert kept in lines(*cells)[-1]


def test_a_helper_is_the_one_that_stood_when_the_answer_was_checked():
    cells = ("k = 1", "def f():\n    return k, m", "f = check(f)", "k = 2\nm = 3")
    assert lines(*cells) == ["k = 1", "def f():\n    return (k, m)", "m = 3"]


def test_what_changes_a_name_belongs_to_it():
    found = lines(
        "table = {}", "table['a'] = 1", "table.update(b=2)", "import os\nos.getcwd()", "def f():\n    return table, os"
    )
    assert found[:3] == ["table = {}", "table['a'] = 1", "table.update(b=2)"]
    assert "os.getcwd()" not in found
    assert lines("def f(): pass", "f.sign = 1") == ["def f():\n    pass", "f.sign = 1"]


def test_names_that_the_judge_has_are_not_looked_for():
    assert lines("def g(): pass", "def f():\n    return g()", given=["g"]) == ["def f():\n    return g()"]


def test_lines_of_ipython_and_cells_that_are_no_python_are_passed_over():
    assert (
        lines("%matplotlib inline\n!ls\nk = 1", "%%bash\nls", "this is no python", "def f():\n    return k")[0]
        == "k = 1"
    )


@pytest.mark.parametrize(
    ("cells", "told"),
    [(("def f(x)\n    return x",), "Cell 1 is no Python: expected ':', line 1."), (("x = 1",), "")],
)
def test_an_answer_that_cannot_be_read_says_in_which_line(cells, told):
    book = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    found = answer_in(json.dumps(book), "f")
    assert (found.statements, found.problem) == ([], told)


@pytest.mark.parametrize(
    "book", ["{}", "[]", "3", '{"cells": 3}', '{"cells": [1, {"cell_type": "code", "source": 7}]}']
)
def test_what_is_no_notebook_has_no_answer(book):
    assert answer_in(book, "f").statements == []


def test_what_is_taken_from_the_library_is_told():
    text = "from nstlib.gram import gram_matrix\nimport nstlib.losses\ndef f(x):\n    return gram_matrix(x)"
    book = {"cells": [{"cell_type": "code", "source": text}]}
    assert answer_in(json.dumps(book), "f").library == ["nstlib.gram.gram_matrix"]
