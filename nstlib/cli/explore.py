"""``nst explore``: what each layer of a network makes of a picture, in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from nstlib.cli.console import one_line_errors, say
from nstlib.cli.inputs import MOST, find_picture
from nstlib.cli.options import NetworkName, flag, option
from nstlib.defaults import NETWORKS
from nstlib.errors import choice, whole_number

EXAMPLES = """Examples:

[bold]nst explore[/bold] begins with the course's pictures; you can open others in the browser.

[bold]nst explore photo.jpg --network vgg19[/bold]
"""

Image = Annotated[
    str | None, typer.Argument(metavar="IMAGE", help="What to look at first: a file, or a name like cat.")
]
Port = Annotated[int, option("N", "Where to listen.", show_default="any free one")]


def explore(
    image: Image = None,
    size: Annotated[int, option("N", "Longer side in pixels.")] = 160,
    network: NetworkName = NETWORKS[0],
    port: Port = 0,
    open_browser: Annotated[bool, flag("Show it in the browser at once.", "--open/--no-open")] = True,
) -> None:
    """See in the browser what each layer of a network makes of a picture. Ctrl-C ends it.

    Only this machine can reach it, and no picture leaves it.
    """
    with one_line_errors(exit_code=2):
        choice("network", network, NETWORKS)
        whole_number("--size", size, 1, MOST)
        whole_number("--port", port, 0, 65535)
        path = None if image is None else find_picture(image)
        from nstlib.apps.explore import first_pictures, make_explorer_server, serve_until_stopped

        server = make_explorer_server(network, first_pictures(path, size), size=size, port=port)
    serve_until_stopped(server, say=say, open_browser=open_browser)
