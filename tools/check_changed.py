"""Run the quick tests that mirror what changed since the last commit, and those of the house's form.

    python tools/check_changed.py            since the last commit
    python tools/check_changed.py main       since another one

``nstlib/gram.py`` has its tests in ``tests/test_gram.py``, ``nstlib/kernels/winograd.py`` in
``tests/kernels/test_winograd.py``; where there is no such file, those of the folder are meant. Tests that need the
weights or a browser, and the exhaustive ones, are left to ``make test``: this is for each commit, not for the last word.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
QUICK = "not browser and not exhaustive and not weights and not timed"
ALWAYS = ("tests/test_house.py",)


def changed_files(since: str) -> list[str]:
    """Return the files that differ from a commit, new ones included."""
    commands = (["diff", "--name-only", since], ["ls-files", "--others", "--exclude-standard"])
    texts = [
        subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True) for words in commands
    ]
    return [line for done in texts for line in done.stdout.splitlines()]


def mirrors(files: Iterable[str]) -> list[str]:
    """Return the tests of these files, as pytest is told them."""
    found = set(ALWAYS)
    for path in map(PurePosixPath, files):
        folder = PurePosixPath("tests", *path.parent.parts[1:])
        if path.parts[0] == "nstlib":
            test = folder / f"test_{path.stem}.py"
            above = next(place for place in (test, folder, *folder.parents) if (ROOT / place).exists())
            found.update({str(above)} - {"tests"})
        elif path.parts[0] in ("tools", "_ext", "book"):
            found.add("tests/test_course.py")
        elif path.parts[0] == "tests" and path.name.startswith("test_"):
            found.add(str(path))
    return sorted(path for path in found if (ROOT / path).exists())


def main() -> int:
    tests = mirrors(changed_files(sys.argv[1] if len(sys.argv) > 1 else "HEAD"))
    print(f"Testing {', '.join(tests)}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", QUICK, *tests]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
