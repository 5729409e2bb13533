"""Show the built book on this machine: python tools/serve.py [--port 8000]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nstlib.apps.server import make_folder_server
from nstlib.errors import ChoiceError

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    if not (HTML / "index.html").exists():
        print("There is no book yet: run  make book  (or: python tools/build_book.py)", file=sys.stderr)
        return 1
    try:
        server = make_folder_server(HTML, port)
    except ChoiceError as error:
        print(f"{error} With make: make serve PORT=0", file=sys.stderr)
        return 1
    print(f"The book: http://127.0.0.1:{server.server_port}/   (Ctrl-C ends)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
