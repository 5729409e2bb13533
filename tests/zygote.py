"""Runs the command ``nst`` in processes that begin at once: this one has imported everything and forks for each.

Reads from standard input a line of JSON for each run, {"arguments", "folder"}, and prints the process's number, and when it
has ended, its exit code: negative after a signal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import replace


def become(arguments: list[str], folder: str) -> None:
    """Be the command, with a checkpoint after each step, until it ends."""
    os.chdir(folder)
    log = os.open("../log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code: object = 1
    try:
        sys.argv[1:] = arguments
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    import nstlib.apps.comparison.page
    import nstlib.apps.study.workers
    import nstlib.formats.animation
    import nstlib.textures  # noqa: F401
    from nstlib import weights
    from nstlib.apps import pace
    from nstlib.cli import main
    from nstlib.features import load_network

    load_network("tiny")
    pace.INTERVAL = 0.0
    address, digest = sys.argv[1:]
    weights.SOURCES["vgg19"] = replace(weights.SOURCES["vgg19"], origin=address, sha256=digest)
    for line in sys.stdin:
        if (process := os.fork()) == 0:
            become(**json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
