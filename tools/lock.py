"""Write down what is installed and tested: versions in constraints.txt, licenses in THIRD_PARTY.md.

python tools/lock.py            writes both from what is installed here: in a fresh environment, made with
                                pip install -e ".[book,test,video,cluster,graders,frontends]"
                                (CONTRIBUTING.md, "Renew the lock")
python tools/lock.py --check    says what is missing in them, or no longer so
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from licenses import page
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "constraints.txt"
LICENSES = ROOT / "THIRD_PARTY.md"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")  # those that are tested
CUDA = re.compile(r"nvidia-|cuda-|triton$")  # torch brings them in its CUDA builds, and names their versions itself
HEAD = """\
# The versions that the course was tested with. Continuous integration installs these; whoever only uses the course needs
# no more than what pyproject.toml asks for.
# Made by  python tools/lock.py  from an environment on Linux with Python {python}: what only other systems or other Pythons
# need is not in it. A version without a local label, torch==2.5.1, is met by every build of it: 2.5.1+cpu, 2.5.1+cu124.
"""


@dataclass(frozen=True)
class Found:
    """An installed package: its metadata, and whose wish it is ("library", "book", "test", ...)."""

    name: str
    version: str
    wishes: tuple[str, ...]
    distribution: Distribution


def project() -> dict:
    """Return the table [project] of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wishes() -> Iterator[tuple[str, Requirement]]:
    """Yield what the project asks for, each with the part that asks: "library" or the name of an extra."""
    found = project()
    for part, lines in {"library": found["dependencies"], **found["optional-dependencies"]}.items():
        yield from ((part, Requirement(line)) for line in lines)


def installed() -> list[Found]:
    """Return all that is installed because the project asks for it, by however long a detour, sorted by name."""
    parts: dict[str, set[str]] = {}
    known: dict[str, Distribution] = {}
    todo = [(part, wish) for part, wish in wishes() if _applies(wish)]
    seen = set()
    while todo:
        part, wish = todo.pop()
        name = canonicalize_name(wish.name)
        if (part, name, *sorted(wish.extras)) in seen:
            continue
        seen.add((part, name, *sorted(wish.extras)))
        try:
            known[name] = distribution(wish.name)
        except PackageNotFoundError:  # another system's, another extra's
            continue
        parts.setdefault(name, set()).add(part)
        for line in known[name].requires or ():
            inner = Requirement(line)
            if _applies(inner, wish.extras):
                todo.append((part, inner))
    order = list(dict.fromkeys(part for part, _ in wishes()))
    return [
        Found(name, known[name].version.partition("+")[0], tuple(sorted(parts[name], key=order.index)), known[name])
        for name in sorted(known)
    ]


def _applies(wish: Requirement, extras: set[str] | tuple[str, ...] = ()) -> bool:
    return wish.marker is None or any(wish.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def pin(found: Found) -> str:
    """Return a line of constraints.txt: for those Pythons only that this version is for."""
    wanted = SpecifierSet(found.distribution.metadata.get("Requires-Python") or "")
    fit = [python for python in PYTHONS if wanted.contains(f"{python}.99")]
    line = f"{found.name}=={found.version}"
    return line if len(fit) == len(PYTHONS) else f'{line}; python_version >= "{fit[0]}"'


def lock(packages: list[Found]) -> str:
    """Return the text of constraints.txt."""
    head = HEAD.format(python=".".join(map(str, sys.version_info[:2])))
    return head + "".join(f"{pin(found)}\n" for found in packages if not CUDA.match(found.name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    packages = installed()
    names = {found.name for found in packages}
    if lacking := [str(wish) for _, wish in wishes() if _applies(wish) and canonicalize_name(wish.name) not in names]:
        print(f"{', '.join(lacking)} not installed: the lock holds all that the project asks for", file=sys.stderr)
        return 1
    stale = False
    for path, text in ((LOCK, lock(packages)), (LICENSES, page(packages))):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale = True
            print(f"{path.name} {'is not what is installed here: run  python tools/lock.py' if check else 'written'}")
            if not check:
                path.write_text(text, encoding="utf-8", newline="\n")
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main())
