"""``nst course``: notebooks for a class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nstlib.cli.console import one_line_errors, say
from nstlib.cli.options import flag, option

app = typer.Typer(help="Make a folder of exercise notebooks for a class.", no_args_is_help=True)

EXAMPLES = """Examples:

[bold]nst course new my-course[/bold] takes all chapters.

[bold]nst course new my-course --chapters features,gram,transfer --no-hints[/bold]
"""

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where to; a new folder.")]
Chapters = Annotated[str, option("LIST", "Their names or numbers, with commas.", show_default="all")]
Hints = Annotated[bool, flag("Whether the notebooks hold the hints.", "--hints/--no-hints")]


@app.callback()
def _group() -> None:
    pass


@app.command("new", epilog=EXAMPLES)
def new(folder: Folder, chapters: Chapters = "", hints: Hints = True) -> None:
    """Write exercise notebooks of some chapters, without solutions, and a README."""
    from nstlib.apps.classroom import find_chapters, new_course

    with one_line_errors(exit_code=2):
        found = find_chapters([word.strip() for word in chapters.split(",") if word.strip()])
        new_course(folder, found, hints=hints)
    say(f"Wrote {len(found)} notebooks and README.md to {folder}. Solutions are not among them.")
