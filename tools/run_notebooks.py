"""Run every lesson as it is; compare every solution's outputs with those of its executed page (nbval, tools/pictures.py).

    python tools/run_notebooks.py              lessons and solutions
    python tools/run_notebooks.py lessons      one of the two

A lesson must run from top to bottom before anything in it is solved; its descents are cut short (tools/coasting.py), for
its code is the page's. A solution must say what its page says, up to what tests/nbval.cfg allows, and show what it shows.
Both are the same code, so it runs once: pages that were not run yet are run now, and the book's build finds their outputs
(tools/run_pages.py, tools/replay.py).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import pictures  # noqa: E402
from run_pages import KERNEL, run_missing  # noqa: E402

MODES = {
    "lessons": ["--nbval-lax", "-n", "2", "--dist", "loadscope"],  # one notebook stays on one kernel; long ones first
    "solutions": ["--nbval", "--nbval-sanitize-with", "tests/nbval.cfg", "-p", "replay", "-s"],
}


def chapters() -> list[Path]:
    """Return the chapters' files, in order."""
    return sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))


def complete(folder: str) -> bool:
    """Say whether a folder holds one notebook for each chapter: running none would pass."""
    names = [path.stem for path in chapters()]
    return bool(names) and names == [path.stem for path in sorted((ROOT / folder).glob("*.ipynb"))]


def check(folder: str) -> int:
    """Have nbval check the notebooks of a folder; return its exit code."""
    command = [sys.executable, "-m", "pytest", *MODES[folder], "-p", "no:cacheprovider", "--nbval-cell-timeout", "600"]
    # What Jupyter's own packages warn about is not this project's to mend.
    command += ["-q", "-o", "filterwarnings=default", *map(str, sorted((ROOT / folder).glob("*.ipynb")))]
    paths = os.pathsep.join(map(str, (ROOT / "tools", ROOT / "_ext")))
    kernel = {name: value for name, value in KERNEL.items() if name != "NST_STATIC_WIDGETS"}
    with tempfile.TemporaryDirectory() as home:
        if folder == "lessons":
            del kernel["NST_FIGURES"]  # nothing is compared: they run as a reader runs them
            startup = Path(home) / "profile_default" / "startup"
            startup.mkdir(parents=True)
            shutil.copy(ROOT / "tools" / "coasting.py", startup)
            kernel["IPYTHONDIR"] = home
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **kernel, "PYTHONPATH": paths}).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", metavar="folder", help="lessons or solutions; default: both")
    folders = list(dict.fromkeys(parser.parse_args().folders)) or list(MODES)
    if unknown := [folder for folder in folders if folder not in MODES]:
        parser.error(f"there is no {unknown[0]!r}; choose from {', '.join(MODES)}")
    if gaps := [folder for folder in folders if not complete(folder)]:
        print(f"{gaps[0]}/ does not hold one notebook for each chapter: run  make notebooks", file=sys.stderr)
        return 1
    if "solutions" in folders and (failed := run_missing(chapters())):
        print("\n\n".join(failed), file=sys.stderr)
        return 1
    codes = []
    for folder in folders:
        print(f"== {folder}", flush=True)
        codes.append(check(folder))
        if folder == "solutions":
            codes.append(pictures.check(chapters()))
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main())
