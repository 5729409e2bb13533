"""Whatever is asked of ``nst compare`` and ``nst study``: one line says what is wrong, and no file has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import types
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
import torch

from nstlib import features
from nstlib.apps.comparison.page import write_page
from nstlib.apps.comparison.pairs import make, make_grid, pairs_of
from nstlib.apps.study.grid import Settings, read_grid
from nstlib.apps.study.results import COLUMNS, Results
from nstlib.features import load_network
from nstlib.images import save_image

pytestmark = [
    pytest.mark.usefixtures("gallery"),
    pytest.mark.skipif(
        os.name == "nt", reason="Windows has neither such names nor pipes, and links need a right there"
    ),
]
LATIN = os.fsdecode(b"caf\xe9.png")  # a name that is no UTF-8
GRID = """contents = ["a.png"]
styles = ["s.png"]
methods = ["classic"]
style_weights = [1]
network = "tiny"
size = 32
steps = 1
"""
OWN = GRID.replace('"classic"', '"mine"') + "[method.mine]\n"
GRIDS = {
    "good": GRID,
    "rubbish": "contents = [",
    "nested": "a = " + "[" * 3000,
    "finer": OWN + 'terms = [{quantity = "style", view = {finer = "a"}}]\n',
    "layers": OWN + 'terms = [{quantity = "style", layers = 3}]\n',
    "seeds": GRID + f"seeds = [{2**63}]\n",
    "true": GRID.replace("[1]", "[true]"),
    "nan": GRID.replace("[1]", "[nan]"),
    "inf": GRID.replace("[1]", "[inf]"),
    "tables": GRID.replace("[1]", "[{a = [1]}]"),
    "huge": GRID.replace("size = 32", "size = 99999999"),
    "steps": GRID.replace("steps = 1", "steps = 0"),
    "method": GRID.replace("classic", "duel"),
    "missing": GRID.replace("a.png", "nope.png"),
    "broken": GRID.replace("a.png", "text.png"),
    "pipe": GRID.replace("a.png", "pipe.png"),
    "loop": GRID.replace("a.png", "loop.png"),
    "long": GRID.replace("a.png", f"{'n' * 300}.png"),
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A folder with pictures, grids and results, and with all that may stand in the way of new ones."""
    folder = tmp_path_factory.mktemp("shelf")
    before = Path.cwd()
    os.chdir(folder)
    rng = torch.Generator().manual_seed(0)
    for name in ("a", "b", "s", "holidays/x", "holidays/y"):
        Path(name).parent.mkdir(exist_ok=True)
        save_image(torch.rand(3, 24, 28, generator=rng), f"{name}.png")
    save_image(torch.rand(3, 4, 400, generator=rng), "wide.png")
    os.rename(save_image(torch.rand(3, 24, 28, generator=rng), "c.png"), LATIN)
    for name, text in {"text.png": "no picture", "zero.png": "", "taken": "mine", "foreign.csv": "a,b\n1,2\n"}.items():
        Path(name).write_text(text, encoding="utf-8")
    for name in (
        "empty",
        "foreign",
        "tables",
        "pairs/a_s",
        "damaged/a_s",
        "filepair",
        "folderpage/index.html",
        "pipepage",
    ):
        Path(name).mkdir(parents=True)
    mine = (
        "foreign/index.html",
        "tables/metrics.csv",
        "pairs/a_s/classic.png",
        "damaged/a_s/pair.json",
        "filepair/a_s",
    )
    for name in mine:
        Path(name).write_text("mine", encoding="utf-8")
    for name in ("pipe.png", "pipepage/index.html"):
        os.mkfifo(name)
    for name, target in {"loop.png": "loop.png", "dangling": "nowhere", "alias.png": "a.png"}.items():
        os.symlink(target, name)
    Path("mixed").mkdir()
    for name in ("x.png", ".x.png"):
        Path("mixed", name).write_bytes(Path("a.png").read_bytes())
    Path("mixed/text.png").write_text("no picture")
    os.mkfifo("mixed/pipe.png")
    os.symlink("nowhere", "mixed/link.png")
    _compared()
    _studied(folder)
    yield folder
    os.chdir(before)


def _compared():
    """Make a comparison of a in s, and other names for two of its pictures; and a folder in which two pairs are one."""
    Path("made").mkdir()
    grid = make_grid([Path("a.png")], [Path("s.png")], ["classic", "dual"], Settings("tiny", 32, 1))
    for method in grid.methods:
        list(make(pairs_of(grid, Path("made"))[0], method, load_network("tiny"), grid))
    write_page(Path("made"), grid)
    os.symlink("made/a_s/dual.png", "soft.png")
    os.link("made/a_s/classic.png", "hard.png")
    Path("twins/b_s").mkdir(parents=True)
    os.symlink("b_s", "twins/a_s")


def _studied(folder):
    Path("grids").mkdir()
    for name, text in GRIDS.items():
        text = text.replace('["', f'["{folder.as_posix()}/', 2)  # contents and styles
        Path(f"grids/{name}.toml").write_text(text, encoding="utf-8")
    Path("grids/bytes.toml").write_bytes(b"\xff\xfe\x00")
    with Results(Path("rows.csv")) as results:
        for case in read_grid(Path("grids/good.toml")).cases():
            results.add(case, {"ssim": 0.5, "gram": 0.1})
    row = Path("rows.csv").read_text(encoding="utf-8")
    Path("letters.csv").write_text(row.replace(",0.5,", ",half,"), encoding="utf-8")
    Path("header.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    for name, content in {"reported/report.md": "# mine", "reported2/curves.png": "mine"}.items():
        Path(name).parent.mkdir()
        Path(name).write_text(content, encoding="utf-8")


def compare(*words, output="out", style="s.png", network="tiny", size=32):
    options = ["--styles", style, "-o", output, "--network", network, "--size", size, "--steps", 1]
    return ["compare", *words, *options]


def run(name, *options, output="new.csv"):
    return ["study", "run", f"grids/{name}.toml", "-o", output, "--workers", 1, *options]


def report(*words):
    return ["study", "report", *words]


# What is asked for, the exit code, and a part of the line.
MISTAKES = [
    (compare("nope.png"), 2, "There is no file nope.png"),
    (compare("a.png", style="nope.jpg"), 2, "There is no file nope.jpg"),
    (compare("a.png", "nope"), 2, "The course has no picture 'nope'"),
    (compare(""), 2, "The name of a picture is empty."),
    (compare("a.png", style=""), 2, "The name of a picture is empty."),
    (compare("empty"), 2, "The folder empty holds no pictures"),
    (compare("pipe.png"), 2, "pipe.png is no file but a pipe or a device"),
    (compare("a.png", style="pipe.png"), 2, "pipe.png is no file but a pipe or a device"),
    (compare("/dev/zero"), 2, "/dev/zero is no file but a pipe or a device"),
    (compare("loop.png"), 2, "loop.png cannot be read: Too many levels of symbolic links"),
    (compare("a.png", style="dangling"), 2, "dangling is a link to a file that is not there."),
    (compare("text.png"), 2, "text.png is not a picture that can be read"),
    (compare("text.png", "zero.png"), 2, "text.png is not a picture that can be read, whatever its name says."),
    (compare("zero.png"), 2, "zero.png is empty (0 bytes)"),
    (compare("wide.png"), 2, "wide.png is 400 x 4 pixels"),
    (compare("wide.png", size=64), 2, "Use --size 1550 or larger, or crop it."),
    (compare(f"{'n' * 300}.png"), 2, "cannot be read: File name too long"),
    (compare("a.png", size=15), 2, "--size must be a whole number of at least 16, got 15."),
    (compare("a.png", size=-1), 2, "--size must be a whole number of at least 16, got -1."),
    (compare("a.png", size=99999999), 2, "--size must be a whole number of at most 10,000, got 99999999."),
    (compare("a.png", size=10**30), 2, "--size must be a whole number of at most 10,000"),
    (compare("a.png", size=10000, network="vgg16"), 2, "Use a smaller --size."),
    ([*compare("a.png"), "--steps", 0], 2, "--steps must be a whole number of at least 1, got 0."),
    ([*compare("a.png"), "--steps", 10**9], 2, "--steps must be a whole number of at most 1,000,000"),
    ([*compare("a.png"), "--seed", -1], 2, "--seed must be a whole number from 0 to 2**63 - 1, got -1."),
    ([*compare("a.png"), "--seed", 2**63], 2, "--seed must be a whole number from 0 to 2**63 - 1"),
    ([*compare("a.png"), "--style-weight", -1], 2, "--style-weight must be a finite number, 0 or larger, got -1.0."),
    ([*compare("a.png"), "--style-weight", "nan"], 2, "--style-weight must be a finite number, 0 or larger, got nan."),
    ([*compare("a.png"), "--style-weight", "inf"], 2, "--style-weight must be a finite number, 0 or larger, got inf."),
    ([*compare("a.png"), "--style-weight", "1e300"], 2, "--style-weight must be a number up to 3.4e+38, got 1e+300."),
    ([*compare("a.png"), "--methods", "duel"], 2, "There is no method 'duel'."),
    ([*compare("a.png"), "--init", "nothing"], 2, "There is no init 'nothing'."),
    (compare("a.png", network="vgg11"), 2, "There is no network 'vgg11'."),
    (compare("a.png", output="a.png"), 2, "a.png is no folder. Choose another --output."),
    (compare("a.png", output="taken"), 2, "taken is no folder. Choose another --output."),
    (compare("a.png", output="dangling"), 2, "dangling is no folder. Choose another --output."),
    (compare("a.png", output="pipe.png"), 2, "pipe.png is no folder. Choose another --output."),
    (compare("a.png", output="new.png"), 2, "new.png would be a picture, and a comparison is a folder."),
    (compare("a.png", output="nowhere/out"), 2, "There is no folder nowhere to make out in."),
    (compare("a.png", output="n" * 300), 2, "cannot be made: File name too long"),
    (compare("a.png", output="foreign"), 2, "foreign/index.html is there already, and nst compare does not know it"),
    (compare("a.png", output="tables"), 2, "tables/metrics.csv is there already"),
    (compare("a.png", output="pairs"), 2, "pairs/a_s/classic.png is there already"),
    (compare("a.png", output="damaged"), 2, "damaged/a_s/pair.json is there already"),
    ([*compare("a.png", output="damaged"), "--replace"], 2, "damaged/a_s/pair.json is there already"),
    (compare("a.png", output="filepair"), 2, "filepair/a_s is no folder, and a folder of that name is needed."),
    (compare("a.png", output="folderpage"), 2, "folderpage/index.html is there already"),
    (compare("a.png", output="pipepage"), 2, "pipepage/index.html is there already"),
    (compare("a.png", "made/a_s/classic.png", output="made"), 2, "and the picture of classic would replace it."),
    (compare("a.png", "soft.png", output="made"), 2, "and the picture of dual would replace it."),
    (compare("a.png", "hard.png", output="made"), 2, "made/a_s/classic.png is one of the pictures to start from"),
    (compare("made/a_s", output="made"), 2, "The folder made/a_s holds only results of this comparison."),
    (compare("made/../made/a_s/", output="./made"), 2, "holds only results of this comparison."),
    ([*compare("a.png", output="made"), "--seed", 1], 2, "--seed was 0, now 1. Repeat them"),
    ([*compare("a.png", output="made"), "--style-weight", 3], 2, "--style-weight was 10.0, now 3.0."),
    (compare("a.png", "b.png", output="twins"), 2, "would both be twins/"),
    (run("nothing"), 2, "The grid grids/nothing.toml cannot be read: No such file"),
    (["study", "run", "grids"], 2, "The grid grids cannot be read: it is no file."),
    (["study", "run", "pipe.png"], 2, "The grid pipe.png cannot be read: it is no file."),
    (["study", "run", ""], 2, "The grid . cannot be read: it is no file."),
    (["study", "run", "n" * 300], 2, "cannot be read: File name too long"),
    (run("bytes"), 2, "The grid grids/bytes.toml cannot be read: 'utf-8' codec"),
    (run("rubbish"), 2, "is no TOML"),
    (run("nested"), 2, "is no TOML"),
    (run("finer"), 2, "finer of a term of the method mine is a blur in pixels"),
    (run("layers"), 2, "layers of a term of the method mine must be a name"),
    (run("seeds"), 2, "seeds must be at most 2**63 - 1"),
    (run("true"), 2, "style_weights must be a list"),
    (run("nan"), 2, "style_weights must be a finite number"),
    (run("inf"), 2, "style_weights must be a finite number"),
    (run("tables"), 2, "style_weights must be a list"),
    (run("huge"), 2, "size must be a whole number of at most 10,000"),
    (run("steps"), 2, "steps must be a whole number of at least 1, got 0."),
    (run("method"), 2, "There is no method"),
    (run("missing"), 2, "There is no picture"),
    (run("pipe"), 2, "There is no picture"),
    (run("loop"), 2, "There is no picture"),
    (run("long"), 2, "There is no picture"),
    (run("broken"), 2, "text.png is not a picture that can be read"),
    (run("good", "--workers", 0), 2, "--workers must be a whole number of at least 1, got 0."),
    (run("good", "--workers", -1), 2, "--workers must be a whole number of at least 1, got -1."),
    (run("good", "--workers", 10**9), 2, "--workers must be a whole number of at most "),
    (
        run("good", "--scheduler", "nonsense"),
        2,
        "--scheduler must be an address like tcp://127.0.0.1:8786, got 'nonsense'.",
    ),
    (run("good", "--scheduler", ""), 2, "--scheduler must be an address"),
    (
        run("good", output="grids/good.toml"),
        2,
        "is one of the files to start from, and the file of rows would replace it.",
    ),
    (run("good", output="a.png"), 2, "a.png is one of the files to start from"),
    (run("good", output="alias.png"), 2, "alias.png is one of the files to start from"),
    (run("good", output="empty"), 2, "empty is no file, and rows are written to one."),
    (run("good", output=""), 2, ". is no file, and rows are written to one."),
    (run("good", output="pipe.png"), 2, "pipe.png is no file, and rows are written to one."),
    (run("good", output="nowhere/rows.csv"), 2, "There is no folder nowhere to write rows.csv to."),
    (run("good", output="n" * 300), 2, "File name too long"),
    (run("good", output="n" * 251), 2, "File name too long"),  # its lock's name
    (run("good", output="foreign.csv"), 1, "foreign.csv holds other columns than a study has"),
    (run("good", output="text.png"), 1, "text.png is no file of results."),
    (report("nothing.csv"), 1, "The results nothing.csv cannot be read: No such file"),
    (report("empty"), 1, "The results empty cannot be read: that is no file."),
    (report("pipe.png"), 1, "The results pipe.png cannot be read: that is no file."),
    (report(""), 1, "The results . cannot be read: that is no file."),
    (report("foreign.csv"), 1, "foreign.csv holds other columns"),
    (report("a.png"), 1, "a.png is no file of results"),
    (report("zero.png"), 1, "There are no rows yet"),
    (report("header.csv"), 1, "There are no rows yet"),
    (report("letters.csv"), 1, "letters.csv, row 2, holds 'half' as ssim, which is no number."),
    (report("rows.csv"), 1, "There is no method 'dual'. Choose one of: classic."),
    (report("rows.csv", "-o", "taken"), 1, "taken is no folder. Choose another --output."),
    (report("rows.csv", "-o", "reported"), 1, "reported/report.md is there already"),
    (report("rows.csv", "-o", "reported2"), 1, "reported2/curves.png is there already"),
]
# What works all the same, how often it complains, and what it makes.
ODD = [
    (compare("a.png", "alias.png", "./a.png"), 0, "1 pair by classic, dual", 0, ("out",)),
    (compare("a.png", "text.png"), 1, "1 pair in", 2, ("out",)),
    (compare("mixed"), 1, "1 pair in", 4, ("out",)),  # text.png, pipe.png, link.png, and how many that is
    (compare(LATIN), 0, "1 pair in", 0, ("out",)),
    (compare("a.png", "b.png", "holidays"), 0, "with 4 pairs in", 0, ("out",)),
    (compare("a.png", output="made"), 0, "0 runs to go, 2 are there already.", 0, ("made",)),
    (report("rows.csv", "--method", "classic"), 0, "rows/report.md and its figures", 0, ("rows",)),
    (run("good", output="rows.csv"), 0, "rows.csv holds 1 of 1 rows.", 0, ()),
]


class Memory(NamedTuple):
    """What psutil says of a machine's memory, in bytes."""

    total: float
    available: float


@pytest.mark.parametrize(("arguments", "code", "message"), MISTAKES)
def test_a_mistake_is_told_in_one_line_and_costs_no_file(nst, shelf, monkeypatch, arguments, code, message):
    monkeypatch.chdir(shelf)
    monkeypatch.setattr(features, "load_network", lambda _name: pytest.fail("a network was loaded"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(64e9, 32e9))
    before = held()
    ended, _, err = nst(*arguments)
    assert ended == code
    assert message in only(complaints(err))
    assert held() == before


@pytest.mark.parametrize(("arguments", "code", "message", "count", "makes"), ODD)
def test_what_is_odd_works_and_nothing_else_changes(nst, shelf, monkeypatch, arguments, code, message, count, makes):
    monkeypatch.chdir(shelf)
    before = held()
    ended, out, err = nst(*arguments)
    after = held()
    for path in sorted(after.keys() - before.keys(), reverse=True):
        assert path.split("/")[0] in makes
        (os.rmdir if os.path.isdir(path) else os.remove)(path)
    assert (ended, len(complaints(err))) == (code, count)
    assert message in out
    assert {path: after.get(path) for path in before if path.split("/")[0] not in makes} == {
        path: before[path] for path in before if path.split("/")[0] not in makes
    }


def complaints(err):
    assert "Traceback" not in err
    return [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]


def only(lines):
    (line,) = lines
    return line


def held():
    """Return for each path in the working folder what is there: bytes by their digest, links by where they lead."""
    found = {}
    for folder, folders, files in os.walk("."):
        for name in (*folders, *files):
            path = os.path.relpath(os.path.join(folder, name))
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) and not (name.startswith(".") and name.endswith(".lock")):
                found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            elif stat.S_ISLNK(mode):
                found[path] = os.readlink(path)
            elif not name.startswith("."):
                found[path] = oct(stat.S_IFMT(mode))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_disk_on_which_no_folder_can_be_made_is_told_of(nst, shelf, monkeypatch):
    monkeypatch.chdir(shelf)
    code, _, err = nst(*compare("a.png", output="/proc/compared"))
    assert (code, "/proc/compared may need" in only(complaints(err))) == (2, True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1e9))
    code, _, err = nst(*compare("a.png", output="/proc/compared"))
    assert (code, "The folder /proc/compared cannot be made" in only(complaints(err))) == (2, True)
    code, _, err = nst(*run("good", output="/proc/rows.csv"))
    assert (code, "/proc/rows.csv cannot be written" in only(complaints(err))) == (2, True)
