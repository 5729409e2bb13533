"""What a check says: at most eight lines, the finding first, the same words on every machine."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

WIDTH = 80  # characters: what a page shows without scrolling
LINES = 8
LONGEST = 120  # a line of details


@dataclass(frozen=True)
class Result:
    """What an examination found.

    Attributes:
        name: of the exercise.
        outcome: "right", "not attempted", "not yet" or "error".
        message: the finding.
        mistake: the id of the mistake that was recognized, or None.
        convention: the id of the other convention that was recognized, or None.
        details: expected and actual, in a few numbers.
        go_on: the function to go on with where a right answer has another form than the reference, else None.
    """

    name: str
    outcome: str
    message: str
    mistake: str | None = None
    convention: str | None = None
    details: tuple[str, ...] = ()
    go_on: Callable[..., object] | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """Return whether the answer is right."""
        return self.outcome == "right"

    def __str__(self) -> str:
        """Return the report as it is printed."""
        last = [] if self.passed else [f'Next: hint("{self.name}")']
        details = [line if len(line) <= LONGEST else f"{line[: LONGEST - 4]} ..." for line in self.details][:4]
        room = LINES - len(last) - len(details)
        message = self.message[:1].upper() + self.message[1:]
        text = textwrap.wrap(f"{self.name}: {self.outcome}. {message}", WIDTH, break_on_hyphens=False)
        if len(text) > room:
            text = [*text[: room - 1], f"{text[room - 1][: WIDTH - 4]} ..."]
        return "\n".join([*text, *details, *last])
