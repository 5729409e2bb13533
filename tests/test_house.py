"""The house keeps its form: imports go down, rooms are small, tests mirror them, no path counts chapters."""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from functools import cache
from pathlib import Path

import pytest
import torch
from grimp import ImportGraph

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
NSTLIB = ROOT / "nstlib"
sys.path.append(str(ROOT / "tools"))

from floors import Floors  # noqa: E402

from nstlib.features import load_network  # noqa: E402
from nstlib.transfer import gatys, stylize  # noqa: E402

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
FLOORS = next(contract for contract in CONTRACTS if contract["type"] == "floors")
NAMED = {name.strip() for row in FLOORS["rows"] for name in re.split("[|:]", row)}
GROUND = sorted(path for path in NSTLIB.glob("*.py") if path.stem not in NAMED and path.stem != "__init__")
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LONGEST_MODULE, MEDIAN_MODULE, LONGEST_FUNCTION, LONGEST_GATYS = 220, 120, 45, 30
MOST_MODULES_OF_GATYS, MOST_MODULES_OF_STYLIZE = 6, 12

# Modules whose tests stand elsewhere, and why.
TESTED_ELSEWHERE = {
    "kernels/im2col.py": "one algorithm of kernels/convolutions, whose tests hold all of them to torch",
    "formats/profiles.py": "the color profiles of formats/decoding, seen in the pictures that it returns",
    "kernels/laid_out.py": "what kernels/convolutions and its two algorithms share, tested with them",
    "engine/run.py": "the run behind stylize, tested through it in test_transfer",
    "engine/schedule.py": "sizes and steps of stylize's runs, in test_transfer",
    "engine/strips.py": "an Objective that is held to the whole one in test_objective",
    "facts.py": "what doors hold arguments to, in test_doors",
    "wording.py": "the words of the messages in test_doors",
    "terms.py": "the summands of an Objective, in test_objective and test_dual",
    "apps/cluster.py": "dask's workers, in the tests of apps/study/workers and apps/grading/pool",
    "apps/grading/common.py": "what both ends of apps/grading/line do, tested with it",
    "apps/grading/decoding.py": "how values come out of apps/grading/line, tested with it",
    "apps/grading/encoding.py": "how values go into apps/grading/line, tested with it",
    "apps/grading/graphs.py": "gradients through apps/grading/line, tested with it",
    "apps/grading/hatchery.py": "the processes behind apps/grading/judge, tested with it and by attacks",
    "apps/grading/walls.py": "tried by apps/grading/judge's tests, and attacked by test_attacks",
    "apps/study/report.py": "written anew and compared by apps/study/test_committed.py",
}
MIRRORED = ("", "kernels", "engine", "formats", "apps")  # check, cli and widgets are tested through their one door


# --- how long -----------------------------------------------------------------------------------------------------------


@cache
def code_lines(path: Path) -> frozenset[int]:
    """Return the numbers of the lines that hold code: no docstrings, comments, blanks."""
    text = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS))
            and ast.get_docstring(node, clean=False) is not None
        ):
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return frozenset(lines)


def lengths(path: Path) -> dict[str, int]:
    """Return how many lines of code each function of a file has, its signature included."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTIONS):
            found[node.name] = len(code_lines(path) & set(range(node.lineno, node.end_lineno + 1)))
    return found


def test_what_is_no_code_does_not_count(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        '"""Doc."""\n\n# why\nx = """a\nb"""\n\n\ndef f(\n    y,\n):\n    """Doc."""\n    return y  # this\n'
    )
    assert sorted(code_lines(path)) == [4, 5, 8, 9, 10, 12]
    assert lengths(path) == {"f": 4}


@pytest.mark.parametrize("path", sorted(NSTLIB.glob("*.py")), ids=lambda path: path.stem)
def test_a_module_that_is_no_package_is_read_at_one_sitting(path):
    assert len(code_lines(path)) <= LONGEST_MODULE


def test_most_modules_of_the_ground_floor_are_short():
    assert statistics.median(len(code_lines(path)) for path in GROUND) < MEDIAN_MODULE


def test_the_papers_loop_fits_one_screen():
    assert lengths(NSTLIB / "transfer.py")["gatys"] <= LONGEST_GATYS


def modules_entered(step):
    """Return the modules of nstlib whose functions run while ``step`` does."""
    entered = set()

    def note(frame, event, _):
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("nstlib."):
            entered.add(name)

    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
    return entered


def test_who_follows_one_step_of_a_transfer_walks_through_few_modules():
    tiny, generator = load_network("tiny"), torch.Generator().manual_seed(0)
    content, style = torch.rand(2, 1, 3, 64, 64, generator=generator)
    gatys(content, style, tiny, steps=1)
    assert len(modules_entered(lambda: gatys(content, style, tiny, steps=1))) <= MOST_MODULES_OF_GATYS
    run = stylize(content, style, tiny, steps=3)
    for _ in range(2):
        next(run)
    assert len(modules_entered(lambda: next(run))) <= MOST_MODULES_OF_STYLIZE


@pytest.mark.parametrize("folder", ["nstlib", "tools", "_ext", "bench", "study"])
def test_no_function_is_long(folder):
    long = {
        f"{path.relative_to(ROOT).as_posix()}: {name}": count
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, count in lengths(path).items()
        if count > LONGEST_FUNCTION
    }
    assert long == {}


# --- what stands where --------------------------------------------------------------------------------------------------


def test_every_module_has_a_test_that_mirrors_it():
    modules = [
        path.relative_to(NSTLIB)
        for folder in MIRRORED
        for path in sorted((NSTLIB / folder).rglob("*.py") if folder else (NSTLIB.glob("*.py")))
        if not path.name.startswith("_")
    ]
    lacking = {path.as_posix() for path in modules if not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()}
    assert lacking - set(TESTED_ELSEWHERE) == set(), "write the test, or say in TESTED_ELSEWHERE where it is tested"
    assert {name for name in TESTED_ELSEWHERE if not (NSTLIB / name).exists()} == set()


def test_the_package_lists_what_is_in_it():
    import nstlib

    table = nstlib.__doc__.split("=====\n")[1]
    listed = [
        name for line in table.splitlines() if line.startswith("``") for name in re.findall(r"``(\w+)``", line[:24])
    ]
    there = {path.stem for path in NSTLIB.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(listed) == sorted(there - {"__init__", "__main__"})


@pytest.mark.parametrize("folder", ["nstlib", "tests"])
def test_no_path_counts_chapters(folder):
    """Their order stands in _toc.yml alone, so that one can be inserted."""
    numbered = re.compile(r"chapter_?\d|^\d\d_|_ch\d\d?\b")
    paths = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    assert [path.as_posix() for path in paths if any(map(numbered.search, path.parts))] == []


def test_no_text_of_the_library_counts_chapters():
    """Where a number would have to change when a chapter is put before it, the chapter's subject stands."""
    numbered = re.compile(r"\bchapters? \d", re.IGNORECASE)
    texts = {
        path: path.read_text(encoding="utf-8") for kind in ("py", "js", "css") for path in NSTLIB.rglob(f"*.{kind}")
    }
    assert [path.relative_to(ROOT).as_posix() for path, text in texts.items() if numbered.search(text)] == []


# --- who imports whom ---------------------------------------------------------------------------------------------------


def problems(*imports: str) -> list[str]:
    """Return what the contract says about a house of these imports, ``a -> b``, whose rooms all exist."""
    import grimp

    from tools.floors import REST, Floors

    graph = grimp.ImportGraph()
    for name in {f"nstlib.{name}" for name in NAMED - {REST}} | {"nstlib", "nstlib.transfer", "nstlib.engine.run"}:
        graph.add_module(name)
    for line in (*imports, *FLOORS["doors"]):
        importer, imported = line.split(" -> ")
        graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="import ...")
    options = {key: value for key, value in FLOORS.items() if key not in ("name", "type")}
    return Floors(FLOORS["name"], {"root_package": "nstlib"}, options).check(graph, verbose=False).metadata["problems"]


@pytest.mark.parametrize(
    "line",
    [
        "nstlib.cli.app -> nstlib.apps.jobs",
        "nstlib.new -> nstlib.gram",
        "nstlib.new -> nstlib.kernels.products",
        "nstlib.engine.run -> nstlib.new",
        "nstlib.kernels.new -> nstlib.errors",
        "nstlib.new -> torch",
    ],
)
def test_whoever_imports_from_below_is_welcome(line):
    assert problems(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "nstlib.new -> nstlib.engine.tiles",  # a new file needs no entry anywhere
        "nstlib.new -> nstlib.figures",
        "nstlib.transfer -> nstlib.engine.memory",
        "nstlib.losses -> nstlib.engine.run",
        "nstlib.kernels.products -> nstlib.formats.files",
        "nstlib.kernels.products -> nstlib.gram",
        "nstlib.figures -> nstlib.engine.cost",
        "nstlib.vgg -> nstlib.kernels.products",
        "nstlib.check.judge -> nstlib.widgets.layers",
        "nstlib.apps.jobs -> nstlib.cli.app",
    ],
)
def test_whoever_imports_from_above_is_named_with_the_line(line):
    importer, imported = line.split(" -> ")
    assert problems(line) == [f"{importer} (line 7) imports {imported}, which does not stand below it"]


def test_a_door_that_nobody_uses_is_walled_up():
    house = ImportGraph()
    house.add_module("nstlib")
    options = {"package": "nstlib", "rows": ["engine", "*"], "doors": ["nstlib.transfer -> nstlib.engine.run"]}
    assert Floors("", {}, options).check(house, verbose=False).metadata["problems"] == [
        "there is no nstlib.engine",
        "nobody goes through the door nstlib.transfer -> nstlib.engine.run",
    ]


def test_the_machine_room_is_entered_within_stylize_only():
    tree = ast.parse((NSTLIB / "transfer.py").read_text(encoding="utf-8"))
    outside = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in outside if "engine" in ast.unparse(node)] == []
