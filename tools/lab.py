"""Open the notebooks in JupyterLab on this machine: python tools/lab.py [--port 8888]

The browser opens by itself where there is one; the address is said in any case. Ctrl-C ends.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "lessons/00_paint.ipynb"


def free_port(wanted: int) -> int:
    """Return the wanted port, or another one if something listens there."""
    with socket.socket() as place:
        try:
            place.bind(("127.0.0.1", wanted))
        except OSError:
            place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def command(port: int, token: str) -> list[str]:
    """Return what starts JupyterLab on the notebooks, quietly."""
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": ROOT,
        "ServerApp.log_level": "ERROR",
        "IdentityProvider.token": token,
        "LabApp.default_url": f"/lab/tree/{FIRST}",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container one is root, and Jupyter refuses
        words.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", *words]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument("--no-browser", action="store_true", help="say the address and open nothing")
    options = parser.parse_args()
    if find_spec("jupyterlab") is None:
        print('JupyterLab is missing: run  make lab  (or: python -m pip install -e ".[lab]")', file=sys.stderr)
        return 1
    port, token = free_port(options.port), secrets.token_hex(12)
    print(f"The notebooks: http://127.0.0.1:{port}/lab/tree/{FIRST}?token={token}   (Ctrl-C ends)", flush=True)
    words = command(port, token) + ["--no-browser"] * options.no_browser
    os.chdir(ROOT)
    if os.name == "nt":  # Windows has no exec that waits
        import subprocess

        return subprocess.run(words).returncode
    os.execv(words[0], words)


if __name__ == "__main__":
    sys.exit(main())
