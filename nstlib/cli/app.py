"""The command as a whole: which commands there are."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nstlib import __version__
from nstlib.cli import card, compare, course, doctor, dream, explore, fast, grade, study, stylize, weights
from nstlib.cli.console import STOPPED, say, warn
from nstlib.cli.streams import let_go, occupy_streams, printable, steady_streams
from nstlib.engine.allocation import allow_keeping

UsageError = typer.BadParameter.__base__  # of the Click inside Typer, or beside it


@contextmanager
def _every_interrupt_heard() -> Iterator[None]:
    """Send a Ctrl-C once more that came while Python was clearing up: there it is only reported, and then forgotten."""
    report = sys.unraisablehook

    def hear(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(0.01, _thread.interrupt_main).start()  # at once it would come here, too
        else:
            report(unraisable)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = report


class Commands(TyperGroup):
    """All commands: none fails because it cannot print, and what a library warns of is told in one line as well."""

    def main(self, *args: Any, **options: Any) -> Any:
        with steady_streams(), _every_interrupt_heard(), warnings.catch_warnings():
            warnings.showwarning = lambda message, *_where: warn(message)
            return super().main(*args, **options)

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:  # it may quote a word of the command line
            error.message = printable(error.message)
            raise


app = typer.Typer(
    cls=Commands,
    help="Neural style transfer: paint the scene of one picture with the texture of another.",
    epilog="Start with: nst stylize cat sandstone",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("stylize", epilog=stylize.EXAMPLES)(stylize.stylize)
app.command("compare", cls=compare.Compare, epilog=compare.EXAMPLES)(compare.compare)
app.command("dream", epilog=dream.EXAMPLES)(dream.dream)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("explore", epilog=explore.EXAMPLES)(explore.explore)
app.add_typer(fast.app, name="fast")
app.command("grade", epilog=grade.EXAMPLES)(grade.grade)
app.add_typer(card.app, name="card")
app.add_typer(course.app, name="course")
app.add_typer(study.app, name="study")
app.add_typer(weights.app, name="weights")


def main() -> None:
    """Run the command with the arguments of the process, which does nothing else and so may keep its memory."""
    occupy_streams()
    allow_keeping()
    # Before torch is there, which reads it once. Its threads else spin while they wait, on processors that others need:
    # beside other work a transfer takes longer then (bench/busy.py); on a machine that does nothing else it takes no less.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app(prog_name="nst")
    except KeyboardInterrupt:  # before the command began
        raise SystemExit(STOPPED[signal.SIGINT]) from None
    finally:
        let_go()


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
