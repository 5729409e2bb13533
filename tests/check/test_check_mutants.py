"""What the book's answers become when one thing in them is changed, and whether the figures on the page are still so."""

import ast
import json
from pathlib import Path

import pytest

from nstlib.check import exercises
from nstlib.check.examiner.judge import examine_exercise

ROOT = Path(__file__).resolve().parent.parent.parent
FIGURES = json.loads((ROOT / "book" / "data" / "checks.json").read_text(encoding="utf-8"))["exercises"]
SAMPLE = ("output_size", "gram_matrix", "layer_weights", "shuffle_positions")


@pytest.fixture
def mutants(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import mutants

    return mutants


def counted(mutants, name):
    found = vars(mutants.count(name))
    return {key: len(value) if isinstance(value, list) else value for key, value in found.items()}


def noted(name):
    return {key: len(value) if isinstance(value, list) else value for key, value in FIGURES[name].items()}


@pytest.mark.parametrize("name", SAMPLE)
def test_the_figures_on_the_page_are_what_is_counted_now(mutants, name):
    assert counted(mutants, name) == noted(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in exercises if name not in SAMPLE])
def test_all_figures_on_the_page_are_what_is_counted_now(mutants, name):
    assert counted(mutants, name) == noted(name)


def test_every_exercise_has_figures_that_add_up():
    assert list(FIGURES) == list(exercises)
    for each in FIGURES.values():
        assert each["mutants"] == each["equal"] + len(each["rounding"]) + each["changing"]
        assert each["changing"] == each["refused"] + each["conventions"] + len(each["survivors"])
        assert each["refused"] >= each["named"] + each["located"]


def test_no_mutant_is_told_under_a_name_that_is_not_true():
    assert not {name: each["untrue"] for name, each in FIGURES.items() if each["untrue"]}


@pytest.mark.parametrize("name", ["gram_matrix", "null_test", "average_iterates", "convolve2d"])
def test_an_answer_that_is_put_together_unchanged_is_right(mutants, name):
    functions = mutants.involved(exercises[name].reference)
    again = mutants.assembled(functions, functions[-1], mutants.source_of(functions[-1]))
    assert again is not exercises[name].reference
    assert examine_exercise(exercises[name], again).passed


def test_a_mutant_differs_in_one_place_and_leaves_the_original_alone(mutants):
    tree = mutants.source_of(exercises["pareto_front"].reference)
    before = ast.unparse(tree)
    changed = [ast.unparse(other).splitlines() for _, other in mutants.mutants_of(tree)]
    assert ast.unparse(tree) == before
    assert len(changed) > 10
    for lines in changed:
        assert sum(a != b for a, b in zip(lines, before.splitlines(), strict=False)) >= 1


@pytest.mark.parametrize(
    ("code", "mutant"),
    [
        ("a - b", "b - a"),
        ("a < b", "a <= b"),
        ("x.sum(1, keepdim=True)", "x.sum(1)"),
        ("x.sum(1, keepdim=True)", "x.mean(1, keepdim=True)"),
        ("x[1:]", "x[2:]"),
        ("x[1:]", "x[:]"),
        ("f(a, b)", "f(b, a)"),
        ("a if c else b", "b if c else a"),
        ("-a", "+a"),
        ("a and b", "a or b"),
    ],
)
def test_what_people_get_wrong_is_among_the_mutants(mutants, code, mutant):
    tree = ast.parse(f"def f():\n    return {code}").body[0]
    assert f"return {mutant}" in [ast.unparse(other.body[0]) for _, other in mutants.mutants_of(tree)]
