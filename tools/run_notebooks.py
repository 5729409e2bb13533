"""Run every lesson as it is and every solution against its stored outputs (nbval).

    python tools/run_notebooks.py              lessons and solutions
    python tools/run_notebooks.py lessons      one of the two

A lesson must run from top to bottom before anything in it is solved; a solution must print what it printed when it was
written, up to what tests/nbval.cfg allows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODES = {"lessons": ["--nbval-lax"], "solutions": ["--nbval", "--nbval-sanitize-with", "tests/nbval.cfg"]}


def complete(folder: str) -> bool:
    """Say whether a folder holds one notebook for each chapter: running none would pass."""
    chapters = [path.stem for path in sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))]
    return bool(chapters) and chapters == [path.stem for path in sorted((ROOT / folder).glob("*.ipynb"))]


def start(folder: str, *, alone: bool) -> subprocess.Popen:
    """Start pytest on the notebooks of a folder; one core's worth, two if it runs alone."""
    command = [sys.executable, "-m", "pytest", *MODES[folder], "-p", "no:cacheprovider", "--nbval-cell-timeout", "600"]
    if alone:
        command += ["-n", "2", "--dist", "loadscope"]  # the cells of one notebook stay together on one kernel
    # What Jupyter's own packages warn about is not this project's to mend.
    command += ["-o", "filterwarnings=default", *map(str, sorted((ROOT / folder).glob("*.ipynb")))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NST_PROGRESS": "off", "PYTHONUTF8": "1"}
    output = None if alone else subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, encoding="utf-8"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", metavar="folder", help="lessons or solutions; default: both")
    folders = parser.parse_args().folders or list(MODES)
    if unknown := [folder for folder in folders if folder not in MODES]:
        parser.error(f"there is no {unknown[0]!r}; choose from {', '.join(MODES)}")
    if gaps := [folder for folder in folders if not complete(folder)]:
        print(f"{gaps[0]}/ does not hold one notebook for each chapter: run  make notebooks", file=sys.stderr)
        return 1
    print(f"Running {' and '.join(folders)}, some minutes ...", flush=True)
    running = {folder: start(folder, alone=len(folders) == 1) for folder in dict.fromkeys(folders)}
    codes = []
    for folder, process in running.items():  # side by side, but their reports one after the other
        report, _ = process.communicate()
        print(f"== {folder}\n{report or ''}", flush=True)
        codes.append(process.returncode)
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main())
