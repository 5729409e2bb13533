"""A server that only this machine can reach: of the layer explorer (``nst explore``), and of the built book.

It listens on 127.0.0.1, and answers only requests that name that address, so that no page of the web can reach it by a name
that points here. Whatever is asked, it says in words what is wrong with it, and goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from nstlib.errors import ChoiceError

NAMES = ("127.0.0.1", "localhost")
DIGITS = 9  # of a number in a request: more are no size of anything that is served


class LocalServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1; that a client left, or said nothing more, is not worth a word."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def make_server(handler: Callable[..., BaseHTTPRequestHandler], port: int = 0) -> LocalServer:
    """Return a server that only this machine can reach, or raise a ChoiceError; port 0 means any free one."""
    try:
        return LocalServer((NAMES[0], port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ChoiceError(f"Port {port} cannot be used ({reason}). Leave it out to take any free one.") from error


def make_folder_server(folder: str | os.PathLike[str], port: int = 0) -> LocalServer:
    """Return a server of the files in a folder, as ``make_server`` does; nothing outside of the folder is served."""
    return make_server(partial(FolderHandler, directory=os.fspath(folder)), port)


def whole(number: str | None) -> int | None:
    """Return a number of a request, or None if it is not a whole one, 0 or larger, of at most ``DIGITS`` digits."""
    return int(number) if number and number.isdecimal() and len(number) <= DIGITS else None


class LocalHandler(BaseHTTPRequestHandler):
    """Refuses what comes from elsewhere, whatever the method."""

    timeout = 30  # seconds, for clients that say nothing

    def parse_request(self) -> bool:
        return super().parse_request() and self._is_ours()

    def refuse(self, status: HTTPStatus, why: str) -> None:
        """Answer in words, and end the connection."""
        self.close_connection = True  # what was sent may not have been read
        self.send(status, why.encode(), "text/plain; charset=utf-8")

    def send(self, status: HTTPStatus, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        """Send an answer of that media type."""
        self.send_response(status)
        given = {"Content-Type": kind, "Content-Length": str(len(body)), "X-Content-Type-Options": "nosniff"}
        for key, value in {**given, **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass  # a line for each file would bury the address

    def _is_ours(self) -> bool:
        """Refuse what names another host, or comes from a page of another one: no web page may ask this machine."""
        port = self.server.server_port
        hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in hosts and (origin is None or origin.removeprefix("http://") in hosts):
            return True
        self.refuse(HTTPStatus.FORBIDDEN, f"This server answers only at http://{NAMES[0]}:{port}/.")
        return False


class FolderHandler(LocalHandler, SimpleHTTPRequestHandler):
    """Serves the files of a folder, a folder in it by its index.html; the browser asks again, so a rebuilt page is seen."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".mjs": "text/javascript"}  # noqa: RUF012

    def send_head(self) -> Any:
        path = Path(self.translate_path(self.path))
        if not self._is_inside(path):
            return self.refuse(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def _is_inside(self, path: Path) -> bool:
        """Return whether a file, or a folder's index, is there, and lies in the folder also where links lead."""
        try:
            found = path / "index.html" if path.is_dir() else path
            return found.is_file() and Path(os.path.realpath(found)).is_relative_to(os.path.realpath(self.directory))
        except (OSError, ValueError):  # a name that no file can have
            return False
