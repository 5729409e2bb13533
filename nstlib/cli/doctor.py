"""``nst doctor``: what is well on this machine, what is not, and what mends it."""

from __future__ import annotations

from pathlib import Path

import typer

from nstlib.cli.console import say

EXAMPLES = """Examples:

[bold]nst doctor[/bold] looks at everything. An issue report begins with what it says.
"""


def doctor() -> None:
    """Look at everything that nst needs on this machine, and say what mends what is not well.

    Nothing is installed, fetched or changed. The exit code is 1 if something is bad.
    """
    from nstlib.apps.doctor import examine

    bad = 0
    for found in examine():
        bad += found.state == "bad"
        say(f"{found.state:4}  {found.subject:8}  {_at_home(found.text)}")
        if found.mend and found.state != "well":
            say(f"{'':16}-> {_at_home(found.mend)}")
    say(f"Bad: {bad}. The arrows say what mends it." if bad else "Nothing is bad.")
    if bad:
        raise typer.Exit(1)


def _at_home(text: str) -> str:
    """Return a text in one line without the name of the user's folder: reports are public."""
    home = str(Path.home())
    return " ".join((text.replace(home, "~") if len(home) > 1 else text).split())
