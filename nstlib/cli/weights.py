"""``nst weights``: see, fetch and verify the trained networks."""

from __future__ import annotations

import typer

from nstlib.cli.console import one_line_errors, say
from nstlib.cli.options import TrainedNetwork
from nstlib.defaults import NETWORKS

app = typer.Typer(help="See, fetch and verify the trained networks.", no_args_is_help=True)


@app.command("list")
def list_weights() -> None:
    """Say which networks' weights are here, and where."""
    from nstlib.weights import SOURCES, status

    with one_line_errors(exit_code=1):
        for found in status():
            say(f"{found.name:18} {found.state:8} {SOURCES[found.name].size:4} MB  {found.path}")


@app.command("fetch")
def fetch_weights(name: TrainedNetwork = NETWORKS[0]) -> None:
    """Download a network's weights, unless they are here already."""
    from nstlib.weights import fetch

    with one_line_errors(exit_code=1):
        say(f"{name}: ready, {fetch(name)}")


@app.command("verify")
def verify_weights(name: TrainedNetwork = NETWORKS[0]) -> None:
    """Compare a network's weights with their published SHA-256."""
    from nstlib.weights import verify

    with one_line_errors(exit_code=1):
        say(f"{name}: unaltered, {verify(name)}")
