"""Show the built book on this machine: python tools/serve.py [--port 8000]"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"


class Handler(SimpleHTTPRequestHandler):
    """Serves files; tells the browser to ask again, so that a rebuilt page is seen at once."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".mjs": "text/javascript"}  # noqa: RUF012

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


class QuietHandler(Handler):
    """The same, without a line for each request."""

    def log_message(self, *arguments) -> None:
        pass


def make_server(folder: Path = HTML, port: int = 0, handler: type = QuietHandler) -> ThreadingHTTPServer:
    """Return a server of a folder that only this machine can reach; port 0 means any free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(handler, directory=str(folder)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    if not (HTML / "index.html").exists():
        print("There is no book yet: run  make book  (or: python tools/build_book.py)", file=sys.stderr)
        return 1
    try:
        server = make_server(port=port, handler=Handler)
    except OSError as error:
        print(f"Port {port} cannot be used ({error.strerror}); choose another with --port.", file=sys.stderr)
        return 1
    print(f"The book: http://127.0.0.1:{port}/   (Ctrl-C ends)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
