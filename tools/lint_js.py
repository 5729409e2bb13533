"""Check the form and the code of JavaScript and style sheets with Biome (biome.json says how), and how wide they are.

    python tools/lint_js.py            look
    python tools/lint_js.py --write    put the form right

npm installs the Biome that ``package-lock.json`` pins, if it is not there. Where that cannot be (no network), Biome's part
is skipped and a line says so; on CI that is an error.
"""

from __future__ import annotations

import json
import os
import sys

import vendor  # beside this script

BIOME = vendor.MODULES / "@biomejs" / "biome"
WIDEST = 120  # columns; Biome leaves comments and texts as long as they are


def wide_lines() -> list[str]:
    """Return where a line is too long: file and number."""
    files = [path for ending in ("js", "css") for path in (vendor.ROOT / "nstlib").rglob(f"*.{ending}")]
    return [
        f"{path.relative_to(vendor.ROOT).as_posix()}:{number}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDEST
    ]


def is_there() -> bool:
    """Say whether the pinned Biome is installed."""
    wanted = json.loads((vendor.ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["@biomejs/biome"]
    try:
        return json.loads((BIOME / "package.json").read_text(encoding="utf-8"))["version"] == wanted
    except (OSError, ValueError):
        return False


def run_biome(command: str) -> int:
    """Run a script of package.json, and return its exit code."""
    if not is_there():
        try:
            vendor.install_packages()
        except SystemExit as error:
            if os.environ.get("CI", "").lower() in ("1", "true"):
                raise
            print(f"SKIPPED: Biome did not look at JavaScript and style sheets. {error}", file=sys.stderr)
            return 0
    return vendor.run_npm("run", "--silent", command)


def main() -> int:
    for place in (wide := wide_lines()):
        print(f"{place}: longer than {WIDEST} columns")
    return run_biome("fix" if "--write" in sys.argv[1:] else "lint") or bool(wide)


if __name__ == "__main__":
    sys.exit(main())
