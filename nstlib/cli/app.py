"""The command as a whole: which commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

from nstlib import __version__
from nstlib.cli import compare, dream, explore, study, stylize, weights
from nstlib.cli.console import say
from nstlib.engine.allocation import allow_keeping

app = typer.Typer(
    help="Neural style transfer: paint the scene of one picture with the texture of another.",
    epilog="Start with: nst stylize cat sandstone",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("stylize", epilog=stylize.EXAMPLES)(stylize.stylize)
app.command("compare", cls=compare.Compare, epilog=compare.EXAMPLES)(compare.compare)
app.command("dream", epilog=dream.EXAMPLES)(dream.dream)
app.command("explore", epilog=explore.EXAMPLES)(explore.explore)
app.add_typer(study.app, name="study")
app.add_typer(weights.app, name="weights")


def main() -> None:
    """Run the command with the arguments of the process, which does nothing else and so may keep its memory."""
    allow_keeping()
    app(prog_name="nst")


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"nst {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    pass
