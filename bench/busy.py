"""A transfer beside other work: with threads of torch that spin while they wait, and with threads that sleep.

    python bench/busy.py                        quiet, and beside one busy process for each processor
    python bench/busy.py --rounds 5 --others 1

Wall time of whole `nst stylize` commands, start included, as somebody waits for them. The ways take turns, and each round
gives its ratios; the table shows medians. "Busy" are processes that count, each on one processor, as a build or a browser
does. OMP_WAIT_POLICY decides what a thread does that waits for the others of its product: ACTIVE is what torch does by
itself, PASSIVE is what `nst` sets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COUNT = "while True: sum(range(10000))"
POLICIES = ("ACTIVE", "PASSIVE")


@contextmanager
def busy(others: int) -> Iterator[None]:
    """Have processes beside this one that never rest."""
    running = [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(others)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def seconds(policy: str, size: int, steps: int) -> float:
    """Return the wall time of one command."""
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "out.png")
        command = [sys.executable, "-m", "nstlib", "stylize", "cat", "sandstone", "-o", target]
        environment = {**os.environ, "OMP_WAIT_POLICY": policy, "NST_PROGRESS": "off"}
        begin = time.perf_counter()
        subprocess.run(
            [*command, "--size", str(size), "--steps", str(steps)], check=True, capture_output=True, env=environment
        )
        return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--others", type=int, default=os.cpu_count(), help="busy processes (default: one a processor)")
    options = parser.parse_args()
    found: dict[tuple[int, str], list[float]] = {}
    seconds("PASSIVE", options.size, 1)  # reads what the disk has
    for _ in range(options.rounds):
        for others in (0, options.others):
            with busy(others):
                for policy in POLICIES:
                    found.setdefault((others, policy), []).append(seconds(policy, options.size, options.steps))
    print(f"{options.size} px, {options.steps} steps, {os.cpu_count()} processors, {options.rounds} rounds")
    print(f"{'busy beside it':>14} {'threads':>8} {'seconds':>8} {'/ quiet, PASSIVE':>17}")
    for (others, policy), taken in found.items():
        ratio = statistics.median(a / b for a, b in zip(taken, found[0, "PASSIVE"], strict=True))
        print(f"{others:14} {policy:>8} {statistics.median(taken):8.1f} {ratio:17.2f}")


if __name__ == "__main__":
    main()
