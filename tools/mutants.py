"""Change the answers of the book in one small way each, and count what the checks make of it: book/data/checks.json.

    python tools/mutants.py                 all exercises (some minutes on two cores)
    python tools/mutants.py ssim unpool     these only: print, write nothing

The answer of an exercise is its reference, with the functions that it calls. A *mutant* is that code with one operator,
number, comparison, argument or statement changed. It changes the function if its results differ on the exercise's examples
or on drawn cases, beyond what a check allows for rounding: then it must be refused. A name that it is refused under must be
true of it on cases drawn for that alone.
"""

from __future__ import annotations
import __future__

import argparse
import ast
import copy
import inspect
import json
import math
import runpy
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch

from nstlib.check import examine, exercises
from nstlib.check.drawing import drawn_cases
from nstlib.check.examiner import sandbox
from nstlib.check.examiner.judge import examine_exercise
from nstlib.check.examiner.observe import Observation, disagreement, known, watch
from nstlib.check.examiner.tried import RESIZING, changed
from nstlib.check.exercise import Case, Exercise, Function

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "book" / "data" / "checks.json"
CORPUS = ROOT / "tests" / "check" / "corpus"  # answers written from the statements alone
DRAWN = 12  # cases on which a mutant is compared with the reference, beside the examples
MOST = 24  # mutants of one exercise; where there are more, every second, third, ... is tried
SMALL = 60  # nodes of the tree of a function that only hands on
LIMIT = 20.0  # seconds for a mutant on a case
LEFT_ALONE = (
    "nstlib.vgg",
    "nstlib.doors",
    "nstlib.errors",
    "nstlib.facts",
    "nstlib.wording",
    "nstlib.weights",
    "nstlib.seeds",
)

Edit = Callable[[], None]
ANNOTATIONS = __future__.annotations.compiler_flag
OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_SWAPPED = ("mean sum", "max min", "amax amin", "any all", "floor ceil", "sin cos", "argmax argmin", "sqrt square")
_REPLACED = {"abs": "clone", "relu": "clone", "exp": "clone", "detach": "clone", "conj": "clone", "clamp": "mul"}
_PAIRS = [pair.split() for pair in _SWAPPED]
OTHER_NAMES = {**_REPLACED, **dict(_PAIRS), **{b: a for a, b in _PAIRS}}


@dataclass
class Figures:
    """What came of the mutants of one exercise; lists have a line for each.

    Attributes:
        mutants: how many there are: those that change nothing on any input, those within rounding, and those that change
            what comes out.
        equal: give bit for bit what the reference gives.
        changing: differ beyond rounding; of these
        refused: are found wrong, among them
        named: under the name of a mistake,
        located: by what is wrong or where,
        errors: by the error that they raise and its line.
        conventions: are right in another book, as it was told.
        rounding: pass, as they differ less than a check allows for.
        survivors: pass, though they differ.
        untrue: are called by a name that is not true of them.
    """

    mutants: int = 0
    equal: int = 0
    changing: int = 0
    refused: int = 0
    named: int = 0
    located: int = 0
    errors: int = 0
    conventions: int = 0
    rounding: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)


def edits(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    """Yield what can be changed about one node: words, and what does it in place."""
    match node:
        case ast.BinOp() | ast.AugAssign():
            for other in OPERATORS.get(type(node.op), ()):
                yield f"{type(node.op).__name__} to {other.__name__}", lambda other=other: setattr(node, "op", other())
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.FloorDiv)):
                yield "sides exchanged", lambda: _exchange(node)
        case ast.Compare():
            for other in COMPARISONS.get(type(node.ops[0]), ()):
                yield f"{type(node.ops[0]).__name__} to {other.__name__}", lambda o=other: node.ops.__setitem__(0, o())
        case ast.BoolOp():
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"to {other.__name__}", lambda: setattr(node, "op", other())
        case ast.UnaryOp(op=ast.USub()):
            yield "sign dropped", lambda: setattr(node, "op", ast.UAdd())
        case ast.Constant(value=bool()):
            yield f"{node.value} to {not node.value}", lambda: setattr(node, "value", not node.value)
        case ast.Constant(value=int()):
            for other in (node.value + 1, node.value - 1):
                yield f"{node.value} to {other}", lambda other=other: setattr(node, "value", other)
        case ast.Constant(value=float()):
            other = 2 * node.value or 1.0
            yield f"{node.value} to {other}", lambda: setattr(node, "value", other)
        case ast.IfExp():
            yield "branches exchanged", lambda: _exchange(node, "body", "orelse")
        case ast.If():
            yield "condition negated", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.Slice():
            for end in ("lower", "upper"):
                if getattr(node, end) is not None:
                    yield f"{end} end dropped", lambda end=end: setattr(node, end, None)
        case ast.Call():
            yield from _edits_of_call(node)
    for name in ("body", "orelse"):
        if isinstance(getattr(node, name, None), list):
            yield from _edits_of_statements(getattr(node, name))


def _edits_of_call(node: ast.Call) -> Iterator[tuple[str, Edit]]:
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr in OTHER_NAMES:
        other = OTHER_NAMES[called.attr]
        yield f"{called.attr} to {other}", lambda: setattr(called, "attr", other)
    if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
        yield "arguments exchanged", lambda: node.args.__setitem__(slice(2), node.args[1::-1])
    for k, keyword in enumerate(node.keywords):
        yield f"{keyword.arg} dropped", lambda k=k: node.keywords.pop(k)


def _edits_of_statements(body: list[ast.stmt]) -> Iterator[tuple[str, Edit]]:
    for k, statement in enumerate(body):
        if not isinstance(statement, (ast.Return, ast.Pass)):
            yield "dropped", lambda k=k: body.__setitem__(k, ast.Pass())
        if k + 1 < len(body) and not isinstance(body[k + 1], ast.Return):
            yield "exchanged with the next", lambda k=k: body.__setitem__(slice(k, k + 2), body[k : k + 2][::-1])


def _exchange(node: ast.AST, one: str = "left", other: str = "right") -> None:
    a, b = getattr(node, one), getattr(node, other)
    setattr(node, one, b)
    setattr(node, other, a)


def places(tree: ast.FunctionDef) -> list[ast.AST]:
    """Return the nodes that may be changed: not what guards the door, nor what is only said."""
    found: list[ast.AST] = []

    def visit(node: ast.AST) -> None:
        guard = isinstance(node, ast.If) and all(isinstance(each, ast.Raise) for each in node.body)
        said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if guard or said or isinstance(node, (ast.Raise, ast.JoinedStr, ast.arguments)):
            return
        found.append(node)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        visit(child)

    visit(tree)
    return found


def mutants_of(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield all mutants of a function: in words, and as a tree."""
    before = ast.unparse(tree)
    for place, node in enumerate(places(tree)):
        for which in range(len(list(edits(node)))):
            other = copy.deepcopy(tree)
            there = places(other)[place]
            words, edit = list(edits(there))[which]
            line = ast.unparse(there).splitlines()[0]
            edit()
            if ast.unparse(other) != before:
                yield f"{tree.name}: {words}: {line[:90]}", other


def involved(reference: Function) -> list[Function]:
    """Return the functions an answer is made of: the reference, and what it calls in nstlib where it hands on to that."""
    found: list[Function] = []
    todo = [inspect.unwrap(reference)]
    while todo:
        function = todo.pop(0)
        module = getattr(function, "__module__", None) or ""
        if not isinstance(function, types.FunctionType) or not module.startswith("nstlib") or module in LEFT_ALONE:
            continue
        if function in found or function.__name__.startswith("<") or "<locals>" in function.__qualname__:
            continue
        found.append(function)
        if sum(1 for _ in ast.walk(source_of(function))) < SMALL:
            todo += [inspect.unwrap(each) for each in _called(function) if callable(each)]
    return found


def _called(function: Function) -> Iterator[object]:
    for node in ast.walk(source_of(function)):
        if isinstance(node, ast.Name) and node.id in function.__globals__:
            yield function.__globals__[node.id]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = function.__globals__.get(node.value.id)
            if isinstance(module, types.ModuleType) and module.__name__.startswith("nstlib"):
                yield getattr(module, node.attr, None)


def source_of(function: Function) -> ast.FunctionDef:
    """Return a function's own source as a tree."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef), function
    return tree


def assembled(functions: list[Function], mutant: Function, tree: ast.FunctionDef) -> Function:
    """Return the reference, one of the functions that it is made of being another; the modules stay as they are."""
    spaces = {f.__module__: dict(vars(sys.modules[f.__module__])) for f in functions}
    for function in functions:
        own = tree if function is mutant else source_of(function)
        module = ast.fix_missing_locations(ast.Module([own], []))
        exec(compile(module, f"<{function.__name__}>", "exec", flags=ANNOTATIONS), spaces[function.__module__])
    for space in spaces.values():
        for name, value in list(space.items()):
            if isinstance(value, types.ModuleType) and value.__name__ in spaces:
                space[name] = types.SimpleNamespace(**spaces[value.__name__])
            elif callable(value) and (original := _original(value, functions)) is not None:
                space[name] = spaces[original.__module__][original.__name__]
    first = functions[0]
    return spaces[first.__module__][first.__name__]


def _original(value: object, functions: list[Function]) -> Function | None:
    try:
        return next((f for f in functions if f is inspect.unwrap(value)), None)
    except ValueError:
        return None


def seen(exercise: Exercise, function: Function, case: Case) -> Observation:
    """Return what a mutant does on a case; if it does not come back, that."""
    try:
        with sandbox.time_limit(LIMIT):
            return watch(exercise, function, case)
    except sandbox.TimedOut:
        return Observation(failure=sandbox.Failure("TimedOut", "", ""))


def agrees(exercise: Exercise, one: Function, function: Function, cases: tuple[Case, ...]) -> bool:
    """Return whether a function does the same as one that is known, on each of the cases."""
    return all(disagreement(known(exercise, one, case), seen(exercise, function, case)) is None for case in cases)


def count(name: str) -> Figures:
    """Return what comes of the mutants of one exercise."""
    torch.set_num_threads(1)
    exercise, figures = exercises[name], Figures()
    functions = involved(exercise.reference)
    all_of_them = [(function, *mutant) for function in functions for mutant in mutants_of(source_of(function))]
    for function, words, tree in all_of_them[:: math.ceil(len(all_of_them) / MOST)]:
        with sandbox.sandbox():
            judged(exercise, figures, words, assembled(functions, function, tree))
    return figures


def judged(exercise: Exercise, figures: Figures, words: str, mutant: Function) -> None:
    """Add one mutant to the figures."""
    result = examine_exercise(exercise, mutant)
    figures.mutants += 1
    if result.passed and result.convention is None:
        passed(exercise, figures, words, mutant)
        return
    figures.changing += 1
    own = [m for m in (*exercise.mistakes, *exercise.conventions) if m.id in (result.mistake, result.convention)]
    fresh = inputs(exercise, "names of mutants")
    if own and not any(agrees(exercise, f, mutant, fresh) for m in own for f in m.functions):
        figures.untrue.append(f"{own[0].id}: {words}")
    figures.conventions += result.passed
    figures.refused += not result.passed
    figures.named += not result.passed and bool(own)
    figures.located += not own and result.mistake is not None
    figures.errors += result.outcome == "error"


def passed(exercise: Exercise, figures: Figures, words: str, mutant: Function) -> None:
    """Add a mutant that was found right: it is, or nearly, or else it was found so by mistake."""
    cases = inputs(exercise, "mutants")
    if not agrees(exercise, exercise.reference, mutant, cases):
        figures.changing += 1
        figures.survivors.append(words)
    elif all(identical(seen(exercise, exercise.reference, c).value, seen(exercise, mutant, c).value) for c in cases):
        figures.equal += 1
    else:
        figures.rounding.append(words)


@cache
def inputs(exercise: Exercise, purpose: str) -> tuple[Case, ...]:
    """Return the examples and drawn cases; where nothing says what to draw, the examples in other sizes."""
    if exercise.takes:
        return (*exercise.cases, *drawn_cases(exercise, purpose, DRAWN))
    others = [changed(exercise, case, change) for case in exercise.cases[:3] for change in RESIZING]
    return (*exercise.cases, *(c for c in others if c and not seen(exercise, exercise.reference, c).failure))


def identical(a: object, b: object) -> bool:
    """Return whether two results are the same, bit for bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a.nan_to_num(), b.nan_to_num())
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(identical, a, b))
    return repr(a) == repr(b)


def examined(path: Path) -> dict[str, int]:
    """Return what the checks find about the answers in a file of the corpus."""
    torch.set_num_threads(1)
    name = next(name for name, e in exercises.items() if path.stem == f"{e.module.split('.')[-2]}_{name}")
    answers = {key: value for key, value in runpy.run_path(str(path)).items() if key.startswith(("right_", "wrong_"))}
    found = {key: examine(name, value() if isinstance(value, type) else value) for key, value in answers.items()}
    own = {mistake.id for mistake in exercises[name].mistakes}
    wrong = [result for key, result in found.items() if key.startswith("wrong_")]
    return {
        "right": len(found) - len(wrong),
        "refused": sum(not result.passed for key, result in found.items() if key.startswith("right_")),
        "wrong": len(wrong),
        "passed": sum(result.passed for result in wrong),
        "named": sum(result.mistake in own for result in wrong),
        "located": sum(result.mistake is not None and result.mistake not in own for result in wrong),
        "errors": sum(result.outcome == "error" for result in wrong),
    }


def main() -> None:
    """Count for all exercises and the corpus, or print what comes of some exercises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercise", nargs="*", choices=[[], *exercises], metavar="EXERCISE")
    chosen = parser.parse_args().exercise
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        names = chosen or list(exercises)
        found = {}
        for name, figures in zip(names, pool.map(count, names), strict=True):
            found[name] = vars(figures)
            print(
                f"{name}: {figures.mutants} mutants, {figures.changing} change it, {figures.refused} refused",
                flush=True,
            )
        if chosen:
            print(json.dumps(found, indent=1))
            return
        files = sorted(CORPUS.glob("[a-z]*.py"))
        corpus = dict(zip((path.stem for path in files), pool.map(examined, files), strict=True))
    OUT.write_text(json.dumps({"exercises": found, "corpus": corpus}, indent=1) + "\n", encoding="utf-8")
    print(f"{OUT.name}: {sum(f['mutants'] for f in found.values())} mutants")


if __name__ == "__main__":
    main()
