"""How many submissions ``nst grade`` grades in a minute, and whether each gets what it has earned.

    python bench/grading.py
    python bench/grading.py --submissions 200 --hostile 40 --workers 2 --kill

Makes a class: right, wrong and blank answers to the chapter on Gram matrices and to one more, and submissions that attack
whoever runs them, a kind of attack each. Grades it, and holds every point to what is due. With ``--kill`` the grading is
killed half-way, and goes on: the tables must be those of a grading that was not.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from nstlib.check import exercises
from nstlib.course import ROOT

CHAPTER, OTHER = "07_gram", "12_frequency"
CORPUS = ROOT / "tests" / "check" / "corpus"
RIGHT = """
def gram_matrix(features):
    vectors = features.flatten(2)
    return vectors @ vectors.mT / vectors.shape[-1]
"""
WRONG = RIGHT.replace(".shape[-1]", ".shape[-1] ** 2")
# Right in a notebook, and refused here: it takes a later exercise's function from the library, which is hidden.
REFUSED = {("high_pass", "right_band")}
_EVERYTHING = """
import ctypes, gc, os, shutil, signal, socket, subprocess, sys, threading, time
from pathlib import Path
import torch
"""
_BEFORE = """
def gram_matrix(features):
    {}
    vectors = features.flatten(2)
    return vectors @ vectors.mT / vectors.shape[-1]{}
"""
_WRITES = """for place in ('/tmp', '/var/tmp', '/dev/shm', str(Path.home())):
    try: open(place + '/nst_was_here', 'w').write('x' * 10**6)
    except OSError: pass"""
_KILLS = """for number in range(max(2, os.getppid() - 20), os.getppid() + 20):
    try: os.kill(number, 9)
    except OSError: pass"""
_JUDGES = """from nstlib.check.examiner import judge, compare
judge.judge = judge.disagreement = compare.difference = lambda *a: None"""
_YES = """
class Yes(float):
    __eq__ = __le__ = __ge__ = __bool__ = lambda *a: True
    __hash__ = None

def gram_matrix(features):
    return Yes()
"""
_PATCHES = """
torch.equal = torch.allclose = lambda *a, **k: True
torch.Tensor.__ne__ = lambda *a: torch.zeros(1)
torch.Tensor.__sub__ = lambda a, b: torch.zeros_like(a)
"""


def _does(line: str, wrong: str = " ** 2") -> str:
    """Return an answer, wrong unless said otherwise, that does something else first."""
    return _EVERYTHING + _BEFORE.format(line.replace("\n", "\n    "), wrong)


_STEALS = f"""
def _stolen(features):
    for attempt in (_by_file, _by_notebook, _by_import, _by_check, _by_memory):
        try:
            return attempt(features)
        except BaseException:
            pass
    return features

def _by_file(features):
    space = {{}}
    exec(Path({str(ROOT / "nstlib" / "gram.py")!r}).read_text(), space)
    return space["gram_matrix"](features)

def _by_notebook(features):
    import json
    book = json.loads(Path({str(ROOT / "solutions" / "07_gram.ipynb")!r}).read_text())
    space = {{"torch": torch}}
    for cell in book["cells"]:
        if "def gram_matrix" in "".join(cell["source"]):
            exec("".join(cell["source"]), space)
    return space["gram_matrix"](features)

def _by_import(features):
    from nstlib.gram import gram_matrix as theirs
    return theirs.__wrapped__(features)

def _by_check(features):
    from nstlib.check import exercises
    return exercises["gram_matrix"].reference(features)

def _by_memory(features):
    for one in gc.get_objects():
        if getattr(one, "__name__", "") == "gram_matrix" and one is not gram_matrix:
            return one(features)

def gram_matrix(features):
    return _stolen(features)
"""

# What an attack is called: the answer to gram_matrix, and whether that is right in the end.
ATTACKS: dict[str, tuple[str, bool]] = {
    "a loop for ever": (_does("while True: pass"), False),
    "a loop for ever that catches all": (
        _does("while True:\n    try: time.sleep(9)\n    except BaseException: pass"),
        False,
    ),
    "8 GB of memory": (_does("bytearray(8 * 2**30)", ""), False),
    "memory by and by": (_does("kept = []\nwhile True: kept.append(torch.ones(2**22))", ""), False),
    "a fork bomb": (_does("while True: os.fork()"), False),
    "processes": (_does("subprocess.run(['sh', '-c', 'kill -9 -1'])"), False),
    "threads": (_does("while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"), False),
    "writes outside": (_does("Path('~/nst_was_here').expanduser().write_text('x')", ""), False),
    "writes outside, quietly": (_does(_WRITES, ""), True),
    "deletes": (_does(f"shutil.rmtree({str(ROOT / 'solutions')!r}, ignore_errors=True)"), False),
    "reads solutions": (_EVERYTHING + _STEALS, False),
    "prints 1 GB": (
        _does("for _ in range(1000 - len(said)): said.append(print('x' * 10**6))", "") + "said = []\n",
        True,
    ),
    "its own check": (WRONG + "\ndef check(function):\n    return function\n", False),
    "patches torch": (_EVERYTHING + WRONG + _PATCHES, False),
    "patches the judge": (_does(_JUDGES), False),
    "is equal to everything": (_YES, False),
    "kills its parent": (_does("os.kill(os.getppid(), signal.SIGKILL)"), False),
    "kills its parent, quietly": (_does(_KILLS, ""), True),
    "ends itself": (_does("os._exit(0)"), False),
    "exits": (_does("sys.exit(0)"), False),
    "interrupts": (_does("raise KeyboardInterrupt"), False),
    "talks into the pipe": (
        _does('os.write(3, b\'\\0\' * 12 + b\'[{"do": "return", "value": true}, []]\' * 99)'),
        False,
    ),
    "promises 4 GB": (_does("os.write(3, b'\\xff' * 64)\ntime.sleep(60)"), False),
    "returns 4 GB": ("import torch\ndef gram_matrix(features):\n    return torch.zeros(10**9).expand(8, -1)\n", False),
    "opens a socket": (_does("socket.create_connection(('127.0.0.1', 22), 1)", ""), False),
    "reads its parent": (_does("open(f'/proc/{os.getppid()}/mem', 'r+b').read(1)", ""), False),
    "crashes": (_does("ctypes.string_at(0)"), False),
    "recursion": ("def gram_matrix(features):\n    return gram_matrix(features)\n", False),
    "loops where it is defined": ("while True:\n    gram_matrix = None\n", False),
    "parentheses": (f"def gram_matrix(features):\n    return {'(' * 3000}features{')' * 3000}\n", False),
}


def notebook(answers: Mapping[str, str], who: str = "", chapter: str = CHAPTER) -> bytes:
    """Return the course's lesson with these answers in it, as a learner hands it in."""
    book = json.loads((ROOT / "lessons" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    for cell in book["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
    book["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": who})
    return json.dumps(book).encode()


def _file(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content)


def _zip(entries: Mapping[str, bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with zipfile.ZipFile(folder / "handed_in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)

    return write


def _link(folder: Path) -> None:
    (folder / f"{CHAPTER}.ipynb").symlink_to(ROOT / "solutions" / f"{CHAPTER}.ipynb")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / f"{CHAPTER}.ipynb")


def files() -> dict[str, tuple[Callable[[Path], None], bool]]:
    """Return attacks by files: what writes them, and whether gram_matrix is right in the end."""
    right = notebook({"gram_matrix": RIGHT})
    many = {"cells": [{"cell_type": "code", "source": f"x{k} = {k}"} for k in range(10_000)]}
    many["cells"].append({"cell_type": "code", "source": RIGHT})
    deep = b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    return {
        "broken JSON": (_file(f"{CHAPTER}.ipynb", right[: len(right) // 2]), False),
        "deep JSON": (_file(f"{CHAPTER}.ipynb", deep), False),
        "no cells": (_file(f"{CHAPTER}.ipynb", b"{}"), False),
        "other cells": (
            _file(f"{CHAPTER}.ipynb", b'{"cells": [1, null, {"cell_type": "code", "source": 7}, []]}'),
            False,
        ),
        "no notebook": (_file(f"{CHAPTER}.ipynb", b"\x89PNG\r\n" + bytes(range(256)) * 99), False),
        "10,000 cells": (_file(f"{CHAPTER}.ipynb", json.dumps(many).encode()), True),
        "a zip that leads out": (_zip({f"../../{CHAPTER}.ipynb": right, f"/tmp/{CHAPTER}.ipynb": right}), False),
        "a zip bomb": (_zip({f"{CHAPTER}.ipynb": b" " * 300_000_000}), False),
        "a link to the solution": (_link, False),
        "a pipe": (_pipe, False),
    }


def known_answers(name: str) -> dict[str, list[str]]:
    """Return answers to an exercise as they stand in the tests' corpus: right ones and wrong ones, as cells."""
    path = CORPUS / f"{exercises[name].chapter.partition('_')[2]}_{name}.py"
    text = path.read_text(encoding="utf-8").replace("from __future__ import annotations\n", "")
    found: dict[str, list[str]] = {"right": [], "wrong": []}
    for function in re.findall(r"^def ((?:right|wrong)_\w+)", text, re.M):
        if (name, function) in REFUSED:
            continue
        found[function.partition("_")[0]].append(f"{text}\n\n{name} = {function}\n")
    return found


def make_class(folder: Path, submissions: int, hostile: int, seed: int = 0) -> dict[str, dict[str, bool]]:
    """Write submissions into a folder; return which answers of each learner are right."""
    pick, due = random.Random(seed), {}
    attacks: list[tuple[str, object, bool]] = [(name, text, right) for name, (text, right) in ATTACKS.items()]
    attacks += [(name, write, right) for name, (write, right) in files().items()]
    for number in range(hostile):
        what, content, right = attacks[number % len(attacks)]
        learner = f"hostile_{number:02d}_{re.sub(r'[^a-z0-9]+', '_', what.lower())}"
        (folder / learner).mkdir(parents=True)
        if isinstance(content, str):
            content = _file(f"{CHAPTER}.ipynb", notebook({"gram_matrix": content}, learner))
        content(folder / learner)
        due[learner] = {"gram_matrix": right}
    answers = {name: known_answers(name) for c in (CHAPTER, OTHER) for name in exercises.chapters()[c]}
    for number in range(submissions - hostile):
        learner, chapter = f"learner_{number:03d}", CHAPTER if number % 4 else OTHER
        due[learner], cells = {}, {}
        for name in exercises.chapters()[chapter]:
            kind = pick.choice(("right", "right", "wrong", "blank"))
            due[learner][name] = kind == "right"
            if kind != "blank":
                cells[name] = pick.choice(answers[name][kind])
        (folder / learner).mkdir(parents=True)
        (folder / learner / f"{chapter}.ipynb").write_bytes(notebook(cells, learner, chapter))
    return due


def graded(folder: Path, report: Path, *more: str, kill_at: int = 0) -> float:
    """Run ``nst grade``, and kill it once so many notebooks are judged; return the seconds that it took."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "nstlib", "grade", str(folder), "-o", str(report), *more]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        while kill_at and process.poll() is None:
            if len(list((report / ".graded").glob("*.json"))) >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.2)
    return time.perf_counter() - begin


def differences(report: Path, due: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """Return the answers that did not get what is due to them, as lines."""
    with (report / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = {(row["learner"], row["exercise"]): row for row in rows if row["points"] == "1"}
    wanted = {(who, name) for who, each in due.items() for name, is_right in each.items() if is_right}
    lines = [f"{who}, {name}: right, and has no point" for who, name in sorted(wanted - right.keys())]
    return lines + [f"{who}, {name}: a point that is not due" for who, name in sorted(right.keys() - wanted)]


def changes(one: Path, other: Path) -> list[str]:
    """Return what differs between two reports of one class, as lines; the words of an error may hold a process's number."""
    found = [name for name in ("grades.csv", "report.html") if (one / name).read_bytes() != (other / name).read_bytes()]
    rows = []
    for report in (one, other):
        with (report / "answers.csv").open(encoding="utf-8", newline="") as file:
            rows.append([(*row[:6], row[6] if row[4] != "error" else "") for row in csv.reader(file)])
    return found + [f"{a}, and then {b}" for a, b in zip(*rows, strict=True) if a != b]


def pace(submissions: int, seconds: float) -> str:
    """Return in words how long it took."""
    return f"{seconds:.0f} s, {60 * submissions / seconds:.0f} a minute"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--hostile", type=int, default=len(ATTACKS) + len(files()))
    parser.add_argument("--workers", default="2")
    parser.add_argument("--kill", action="store_true", help="kill it half-way, and go on")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, report = Path(place, "submitted"), Path(place, "report")
        due = make_class(folder, options.submissions, options.hostile)
        more = ("--workers", options.workers)
        took = graded(folder, report, *more, kill_at=options.submissions // 2 if options.kill else 0)
        if options.kill:
            took += graded(folder, report, *more)
        wrong = differences(report, due)
        print("\n".join(wrong) or "each answer got what was due")
        print(f"{len(due)} submissions, {options.hostile} of them hostile: {pace(len(due), took)}", flush=True)
        if options.kill:
            again = Path(place, "again")
            print(f"the same in one go: {pace(len(due), graded(folder, again, *more))}")
            other = changes(report, again)
            print("\n".join(other) or "killed and resumed, it came to the same report as in one go")


if __name__ == "__main__":
    main()
