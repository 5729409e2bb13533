"""Put the code of the chapters' cells into form, 80 columns wide: that is what a page shows without a scroll bar.

    python tools/format_cells.py            write book/*.md
    python tools/format_cells.py --check    write nothing; name the cells that are out of form, and exit with 1

Ruff breaks code, but not strings and comments: lines that are still too wide are named by both.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDEST = 80
CELL = re.compile(
    r"^(```\{code-cell\} python\n(?:---\n.*?^---\n|(?::.*\n)*)\n?)(.*?)(\n```)$", re.MULTILINE | re.DOTALL
)


def format_code(cells: Sequence[str]) -> list[str]:
    """Return the cells' code as Ruff writes it."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.py" for number in range(len(cells))]
        for file, code in zip(files, cells, strict=True):
            file.write_text(code + "\n", encoding="utf-8")
        ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--quiet", f"--line-length={WIDEST}", folder]
        subprocess.run(ruff, check=True)
        return [file.read_text(encoding="utf-8").rstrip("\n") for file in files]


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a cell is out of form")
    check = parser.parse_args(arguments).check
    chapters = {path: path.read_text(encoding="utf-8") for path in sorted((root / "book").glob("*.md"))}
    formatted = iter(format_code([cell[2] for text in chapters.values() for cell in CELL.finditer(text)]))
    wrong = 0
    for path, text in chapters.items():
        place = path.relative_to(root).as_posix()
        written = CELL.sub(lambda cell: f"{cell[1]}{next(formatted)}{cell[3]}", text)
        if written != text and check:
            print(f"{place}: cells out of form; python tools/format_cells.py writes them anew")
            wrong += 1
        elif written != text:
            path.write_text(written, encoding="utf-8")
            print(f"{place} written")
        for cell in CELL.finditer(written):
            first = written.count("\n", 0, cell.start(2)) + 1
            for number, line in enumerate(cell[2].splitlines(), first):
                if len(line) > WIDEST:
                    print(f"{place}:{number}: {len(line)} columns: {line.strip()}")
                    wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
