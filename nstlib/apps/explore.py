"""The layer explorer in a browser without a notebook: a small server on this machine, which ``nst explore`` starts.

It serves nothing but the explorer's own files and the features of pictures that are sent to it.
"""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from torch import Tensor

from nstlib.apps.server import LocalHandler, LocalServer, make_server, whole
from nstlib.errors import ImageError, LayerError, ShapeError
from nstlib.features import Features, load_network
from nstlib.images import load_image, pictures
from nstlib.widgets.explorer import FOLDER, Page, style_names
from nstlib.widgets.layers import compute_features, explore_layers

HERE = Path(__file__).parent  # its own style sheet and script
OURS = ("cat", "astronaut", "coffee", "china", "mosaic", "woodcut")
LARGEST = 12_000_000  # bytes of a picture: 2000 x 2000 pixels
POLICY = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; frame-ancestors 'none'"
SAFE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Content-Security-Policy": POLICY}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{sheets}
<link rel="stylesheet" href="explorers/explore.css">
<script src="explorers/explore.js"></script>
<script type="module" src="explorers/kit/mount.js"></script>
</head>
<body>
<main>
<h1>{title}</h1>
{explorer}
</main>
</body>
</html>
"""


def make_explorer_server(network: str, shown: Mapping[str, Tensor], *, size: int = 160, port: int = 0) -> LocalServer:
    """Return a server of the layer explorer that only this machine can reach; ``serve_until_stopped`` runs it.

    Args:
        network: as for ``load_network``; it computes any layer of any picture.
        shown: images (1, 3, H, W) by name, for instance from ``first_pictures``.
        size: length of the longer side in pixels.
        port: 0 means any free one; ``server_port`` of what is returned says which.

    Raises:
        ChoiceError: if there is no such network, or the port cannot be used. WeightsError: if the network cannot be had.
        ShapeError: if a picture is no image, or is too small for the network.
    """
    server = make_server(Handler, port)  # first: loading a network takes longer
    try:
        loaded = load_network(network)
        server.RequestHandlerClass = partial(Handler, loaded, explorer_page(loaded, shown, size), threading.Lock())
    except BaseException:
        server.server_close()
        raise
    return server


def first_pictures(path: Path | None, size: int) -> dict[str, Tensor]:
    """Return the picture in a file, if one is given, and after it some of the course's own, if they are there.

    Raises:
        ImageError: if the file is no picture; or without a file, if the course's pictures are not there.
    """
    given = {} if path is None else {path.stem: load_image(path, size=size)}
    try:
        there = pictures()
    except ImageError:
        if given:
            return given
        raise
    ours = {name: load_image(there[name], size=size) for name in OURS if name in there and name not in given}
    return {**given, **ours}


def serve_until_stopped(
    server: LocalServer, *, say: Callable[[str], object] = print, open_browser: bool = True
) -> None:
    """Run a server until Ctrl-C, and show its page in the user's browser."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        thread.start()
        say(f"The explorer is at {address}   (Ctrl-C ends it)")
        if open_browser and not webbrowser.open(address):
            say("No browser could be started: open this address in yours.")
        while thread.is_alive():
            thread.join(0.5)  # with no limit, Windows would not notice Ctrl-C
    except KeyboardInterrupt:
        say("")
    finally:
        server.shutdown()
        server.server_close()


def explorer_page(network: Features, shown: Mapping[str, Tensor], size: int) -> str:
    """Return the page that the server shows."""
    widget = explore_layers(network, shown, size=size, static=False)
    keys = ("network", "pictures", "size", "layers", "carried", "others", "layer", "channel")
    state: dict[str, Any] = {"source": "server", **{key: getattr(widget, key) for key in keys}}
    widget.close()
    page = Page("layers", state, "data:,", "", "The explorer needs JavaScript.")
    sheets = "\n".join(f'<link rel="stylesheet" href="explorers/{one}.css">' for one in style_names("layers"))
    return PAGE.format(title=f"What each layer of {network.name} sees", sheets=sheets, explorer=page._repr_html_())


class Handler(LocalHandler):
    """Answers GET for the page and its files, and POST for features."""

    def __init__(self, network: Features, page: str, turn: threading.Lock, *connection: Any) -> None:
        self.network, self.page, self.turn = network, page, turn  # first: the base class answers at once
        super().__init__(*connection)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.send(HTTPStatus.OK, self.page.encode(), "text/html; charset=utf-8")
            return
        files = {
            f"/explorers/{file.relative_to(folder).as_posix()}": file
            for folder, found in ((FOLDER, FOLDER.rglob("*")), (HERE, HERE.iterdir()))
            for file in found
            if file.suffix in TYPES
        }
        if path in files:
            self.send(HTTPStatus.OK, files[path].read_bytes(), TYPES[files[path].suffix])
        else:
            self.refuse(HTTPStatus.NOT_FOUND, f"There is nothing at {path}.")

    def do_POST(self) -> None:
        path, _, query = self.path.partition("?")
        if path != "/features":
            self.refuse(HTTPStatus.NOT_FOUND, f"There is nothing at {path}.")
            return
        length = whole(self.headers.get("Content-Length"))
        if length is None or length > LARGEST:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A picture has at most {LARGEST:,} bytes.")
            return
        pixels, asked = self.rfile.read(length), {key: one[0] for key, one in parse_qs(query).items()}
        try:
            features = self._compute(asked, pixels)
        except (LayerError, ShapeError) as error:
            self.refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        shape = ",".join(map(str, features.shape))
        self.send(HTTPStatus.OK, features.numpy().tobytes(), "application/octet-stream", {"Nst-Shape": shape})

    def end_headers(self) -> None:
        for key, value in SAFE.items():
            self.send_header(key, value)
        super().end_headers()

    def _compute(self, asked: Mapping[str, str], pixels: bytes) -> Tensor:
        height, width = whole(asked.get("height")), whole(asked.get("width"))
        if height is None or width is None:
            raise ShapeError("height and width must be whole numbers of pixels.")
        with self.turn:
            return compute_features(self.network, asked.get("layer", ""), pixels, height, width)
