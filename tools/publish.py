"""Say where the course is published: writes the repository's address wherever it stands.

    python tools/publish.py OWNER/REPOSITORY      (or: make publish TO=OWNER/REPOSITORY)

Badges, install lines and links follow from ``_config.yml``; README and the notebooks spell the address out and are written
anew, the notebooks with the outputs of their pages (which are run where they were not yet). Then build the book.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

from blocks import repository  # noqa: E402

SPELT_OUT = ("_config.yml", "README.md", "CONTRIBUTING.md", "pyproject.toml", "CITATION.cff")
SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_.-]{1,100}")


def publish(root: Path, slug: str) -> list[str]:
    """Write the new address into the files that spell it out; return their names."""
    if not SLUG.fullmatch(slug):
        raise SystemExit(f"publish.py needs OWNER/REPOSITORY as on GitHub, got {slug!r}.")
    before, changed = repository(root / "_config.yml").slug, []
    for name in SPELT_OUT:
        path = root / name
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if before in text:
            path.write_text(text.replace(before, slug), encoding="utf-8")
            changed.append(name)
    return changed


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tools/publish.py OWNER/REPOSITORY")
    print("address written:", ", ".join(publish(ROOT, sys.argv[1])) or "nothing to change")
    # The address stands in each notebook's first cell, so all are written anew, with the outputs of their pages.
    subprocess.run([sys.executable, str(ROOT / "tools" / "notebooks.py"), "--execute"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
