"""Write the tests by which otter-grader grades a chapter's exercise notebook: a file an exercise, with its points.

python tools/otter_tests.py 07_gram grading/otter/tests
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nstlib.check import exercises

TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {points}


@test_case()
def is_right(env):
    from nstlib.check import examine

    result = examine(name, env.get(name))
    assert result.passed, str(result)
"""


def write(chapter: str, folder: Path) -> list[Path]:
    """Write the tests of a chapter ("07_gram") into a folder; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.py" for name in exercises.chapters()[chapter]]
    for path in paths:
        points = exercises[path.stem].difficulty  # as many as in the notebook's own metadata, which nbgrader reads
        path.write_text(TEST.format(name=path.stem, points=points), encoding="utf-8")
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapter", choices=exercises.chapters(), metavar="chapter", help="such as 07_gram")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    print(f"{len(write(options.chapter, options.folder))} tests written to {options.folder}")


if __name__ == "__main__":
    main()
