"""An exercise is one file: found by its name, imported when it is asked for, in the order of the file, watched once."""

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import nstlib.check
from nstlib import course
from nstlib.check import exercises
from nstlib.check.examiner.judge import judge
from nstlib.check.exercise import Law, Mistake, convention, law, mistake

FOLDER = Path(nstlib.check.__file__).parent


def test_every_file_is_one_exercise_under_its_own_name():
    files = {path.stem for path in FOLDER.glob("*/[a-z]*.py") if path.parent.name != "examiner"}
    assert files == set(exercises) == {exercise.name for exercise in exercises.values()}


def test_no_name_is_taken_in_two_chapters():
    names = [path.stem for path in FOLDER.glob("*/[a-z]*.py")]
    assert len(names) == len(set(names))


def test_chapters_come_in_the_order_of_the_course_and_hold_their_exercises():
    chapters = exercises.chapters()
    assert list(chapters) == course.chapters()[1:], "but the first, in which nothing is to write"
    assert [name for names in chapters.values() for name in names] == list(exercises)
    assert {exercises[name].chapter for name in chapters["07_gram"]} == {"07_gram"}


def test_without_the_course_around_it_the_package_still_knows_its_exercises(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    found = nstlib.check.Exercises(FOLDER, "nstlib.check")
    assert set(found) == set(exercises)
    assert "gram_matrix" in found.chapters()["gram"]


@pytest.mark.skipif(sys.platform == "win32", reason="one system is enough for what a subprocess imports")
def test_only_the_exercise_asked_for_is_imported():
    code = (
        "import sys; from nstlib.check import examine; examine('gram_matrix', None);"
        "print(*sorted(m for m in sys.modules if m.startswith('nstlib.check.gram')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=course.ROOT)
    assert said.stdout.split() == ["nstlib.check.gram", "nstlib.check.gram._shared", "nstlib.check.gram.gram_matrix"]


def test_a_known_function_is_watched_once():
    calls = []

    def counted(features):
        calls.append(features.shape)
        return exercises["gram_matrix"].reference(features)

    exercise = dataclasses.replace(exercises["gram_matrix"], reference=counted)
    counts = []
    for _ in range(3):
        judge(exercise, lambda features: 0 * features)
        counts.append(len(calls))
    assert counts[0] >= 2 * len(exercise.cases)  # once for the result, once for the gradient
    assert counts[2] == counts[1] == counts[0]


def test_a_function_under_a_sentence_is_a_record_that_can_still_be_called():
    @mistake("It is one too large.", variants=(abs,))
    def sum_(a, b):
        return a + b + 1

    @law("it is positive")
    def positive(function):
        return function(1, 2) > 0

    assert (sum_.id, sum_.message, sum_.variants) == ("sum", "It is one too large.", (abs,))
    assert sum_(1, 2) == 4
    assert positive(sum_)
    assert positive.sentence == "it is positive"
    two = convention("Both are in use.", "either")(max, min)
    assert (two.id, two.functions) == ("either", (max, min))
    assert mistake("It is that one again.", "again")(sum_).function is sum_.function


OWN = """
from nstlib.check.exercise import Exercise, convention, law, mistake
from nstlib.check.gram._shared import doubled
from nstlib.check.gram.gram_matrix import centered, johnson, symmetric

@mistake("It comes first.")
def zeroth(features): ...

@law("it is told before the others")
def told(function): ...

@convention("Both are in use.")
def either(features): ...

@mistake("It is named after what it follows.")
def another(features): ...

again = zeroth
borrowed = mistake("It is made of another exercise's.", "borrowed")(centered)

@law("it stands last in the file")
def last(function): ...

EXERCISE = Exercise(
    __name__, title="", difficulty=1, minutes=1, signature="", hints=("", "", ""), reference=abs, cases=(), verified="", {}
)
"""


@pytest.fixture
def made(monkeypatch):
    """Make the module ``OWN``, whose exercise is given some arguments more."""

    def make(arguments=""):
        module = ModuleType("nstlib.check.gram.own")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(OWN.format(arguments), vars(module))
        return module

    return make


def test_an_exercise_has_what_its_module_defines_in_that_order_and_nothing_imported(made):
    own = made()
    assert own.EXERCISE.laws == (own.told, own.last)
    assert own.EXERCISE.mistakes == (own.zeroth, own.another)
    assert own.EXERCISE.conventions == (own.either,)


def test_a_list_says_all_of_its_kind_and_nothing_of_the_others(made):
    own = made("laws=(doubled, last), mistakes=(borrowed, zeroth)")
    assert own.EXERCISE.laws == (own.doubled, own.last)
    assert own.EXERCISE.mistakes == (own.borrowed, own.zeroth)
    assert own.EXERCISE.conventions == (own.either,)


@pytest.mark.parametrize("name", exercises)
def test_no_law_mistake_or_convention_of_a_file_is_left_out(name):
    exercise = exercises[name]
    module = sys.modules[exercise.module]
    imported = {
        alias.asname or alias.name
        for node in ast.parse(Path(module.__file__).read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    here = [value for key, value in vars(module).items() if key not in imported and isinstance(value, (Law, Mistake))]
    used = [*exercise.laws, *exercise.mistakes, *exercise.conventions]
    assert here
    assert [record for record in here if record not in used] == []


@pytest.mark.exhaustive
def test_only_where_an_optimizer_is_asked_for_does_a_check_wait_for_torch_s_compiler():
    """It is imported with sympy when the first optimizer is made, or when autograd is handed gradients of results."""
    script = """
import sys
from nstlib.check import examine, exercises
from nstlib.check.examiner.observe import watch

for name, exercise in exercises.items():
    if not exercise.optimizes:
        assert examine(name, lambda *arguments: exercise.reference(*arguments)).passed, name
        for mistake in exercise.mistakes:
            for function in mistake.functions:
                watch(exercise, function, exercise.cases[0])
        assert not {"sympy", "torch._dynamo"} & sys.modules.keys(), name
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_import_of_torch_s_compiler_is_not_taken_from_the_time_of_an_answer():
    script = """
import gc, sys
from nstlib.check import examine, exercises
from nstlib.check.examiner import sandbox

sandbox.SECONDS = 1.0  # the import alone takes longer
result = examine("make_closure", lambda *arguments: exercises["make_closure"].reference(*arguments))
assert result.passed, result
assert "torch._dynamo" in sys.modules
assert gc.isenabled()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
