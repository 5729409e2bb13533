"""Build the book into _build/html; every warning is an error.

    python tools/build_book.py            rebuild what changed
    python tools/build_book.py --clean    forget everything built before, as a release does

Jupyter Book itself notices changes in a chapter only. This script also looks at what chapters use: when modules of nstlib,
pictures or weights change, the chapters that use them are run again (tools/run_pages.py); when the table of contents, the
theme's files or the notebooks change, all pages are written again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
HTML = BUILD / "html"
STATE = BUILD / "built-from.json"  # written after a build without warnings, never before

FRAMES = (
    "_config.yml",
    "_toc.yml",
    "_static/**/*",
    "_ext/*.py",
    "_find/*",
    "_vendor/made-from.txt",
    "_vendor/layers/made-from.txt",
    "nstlib/widgets/**/*.js",
    "nstlib/widgets/**/*.css",
    "lessons/*.ipynb",
    "solutions/*.ipynb",
)
TEXTS = ("book/*",)
# Jupyter Book's own is one line without a title or a picture, and a browser asks for the latter.
FIRST = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="_static/{logo}">
<meta http-equiv="refresh" content="0; url={root}.html">
</head>
<body><p><a href="{root}.html">{title}</a></p></body>
</html>
"""
TOOLS = ("sphinx", "sphinx-book-theme")  # besides those that outputs depend on


def present_state() -> dict[str, str]:
    """Return what a build depends on, hashed."""
    import run_pages

    tools = " ".join(f"{name}={version(name)}" for name in (*run_pages.TOOLS, *TOOLS))
    parts = {"computes": ("nstlib/**/*.py", *run_pages.PICTURES, *run_pages.DATA), "frames": FRAMES, "texts": TEXTS}
    return {**{name: run_pages.digest(ROOT, patterns) for name, patterns in parts.items()}, "tools": tools}


def former_state() -> dict[str, str]:
    """Return what the last good build was made from; nothing if there was none."""
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def remove(*paths: Path) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def prepare(now: dict[str, str], before: dict[str, str]) -> None:
    """Throw away pages that the new build must not reuse."""
    # Also after a failed build, whose pages would hide their warnings from the next one.
    if any(now[key] != before.get(key) for key in ("computes", "tools", "frames")):
        remove(HTML, BUILD / ".doctrees", BUILD / "jupyter_execute")
    STATE.unlink(missing_ok=True)


def pages(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """Return the documents of the table of contents, in order, without suffix."""
    table = yaml.safe_load(toc.read_text(encoding="utf-8"))
    chapters = [entry["file"] for part in table["parts"] for entry in part["chapters"]]
    return [table["root"], *chapters]


def run_jupyter_book() -> int:
    """Run Jupyter Book and return its exit code."""
    start = "from jupyter_book.cli.main import main; main()"  # its command lies elsewhere on each system
    command = [sys.executable, "-c", start, "build", str(ROOT), "-W", "--keep-going"]
    # UTF-8 throughout, also where Windows would use something else.
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}).returncode


def write_first_page(folder: Path = HTML) -> None:
    """Write index.html, which leads on to the book's first page."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    text = FIRST.format(title=settings["title"], logo=Path(settings["html"]["favicon"]).name, root=pages()[0])
    (folder / "index.html").write_text(text, encoding="utf-8")


def missing_pages() -> list[str]:
    """Return the pages that should be there and are not."""
    return [page for page in [*pages(), "index", "genindex", "search"] if not (HTML / f"{page}.html").is_file()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", action="store_true", help="delete _build first")
    if parser.parse_args().clean:
        remove(BUILD)
    import export_layers  # these two lie beside this script, and bring much along
    from run_pages import run_missing

    export_layers.main()
    now, before, start = present_state(), former_state(), time.perf_counter()
    if now == before and not missing_pages():
        print("The book is up to date.")
    else:
        prepare(now, before)
        failed = run_missing([ROOT / f"{page}.md" for page in pages() if re.search(r"/\d\d_", page)])
        if code := bool(failed) or run_jupyter_book():
            print("\n\n".join([*failed, "The book was NOT built: see above."]), file=sys.stderr)
            return int(code)
        if missing := missing_pages():
            print(f"\nThe book lacks pages: {', '.join(missing)}", file=sys.stderr)
            return 1
        write_first_page()
        STATE.write_text(json.dumps(now, indent=1), encoding="utf-8")
        print(f"\nThe book was built in {time.perf_counter() - start:.0f} s.")
    print(f"It is in {HTML.relative_to(ROOT)}. To read it: make serve  (or: python tools/serve.py)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
