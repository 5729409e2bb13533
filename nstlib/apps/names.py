"""Names that results get from files: text that every page, table and disk can hold, and no two alike."""

from __future__ import annotations

import hashlib
import os
import unicodedata

LONGEST = 240  # bytes: disks take 255, and a number may come behind it
UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories: controls, bytes of a name that are no text, breaks of lines


def plain(name: str) -> str:
    """Return a name with a percent sign and a number for each character that cannot be seen, or that no encoding holds."""
    return "".join(f"%{ord(each):02x}" if unicodedata.category(each) in UNSEEN else each for each in name)


def shortened(name: str, most: int = LONGEST) -> str:
    """Return a name of at most that many bytes: a longer one is cut, and what tells it from others is put at its end."""
    if len(os.fsencode(name)) <= most:
        return name
    end = f"-{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}"
    while len(os.fsencode(name)) > most - len(end):
        name = name[:-1]
    return name + end


def unused(name: str, taken: set[str]) -> str:
    """Return the name, or that name with the first number that nothing has, and note it as taken.

    Names that differ only in case count as equal: on some disks they are.
    """
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate.casefold())
    return candidate
