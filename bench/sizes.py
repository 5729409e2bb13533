"""Cost against size: processor time per pixel and peak memory of whole transfers, against the estimate made before.

    python bench/sizes.py                         L-BFGS, VGG-19 with random weights, 128 to 2048 px, one thread
    python bench/sizes.py --levels 1              without coarser sizes before
    python bench/sizes.py --sizes 4096 --threads 2

Each size runs in a process of its own, which keeps the memory that it frees, as ``nst`` does. It goes from coarse to fine as
``stylize`` does by itself, at the full size for as many steps as L-BFGS remembers and some more, and is asked for its peak
memory at the end. Sizes take turns, so that a busy machine slows all of them alike; times are medians over the steps at the
full size, without the first one, and over rounds. "System" is the part of the time that the system took, above all to clear
pages.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from functools import partial


def child(
    size: int, threads: int, optimizer: str, network: str, memory: float | None, levels: int | None, *, keep: bool
) -> dict:
    """Run one transfer, and return what it took."""
    import torch

    from nstlib.engine.allocation import allow_keeping
    from nstlib.engine.schedule import FINEST_SHARE
    from nstlib.features import random_network
    from nstlib.images import load_image, picture, resize_to
    from nstlib.transfer import stylize

    if keep:
        allow_keeping()
    torch.set_num_threads(threads)
    # Of noise onto noise, torch's L-BFGS remembers next to nothing: its pairs are too small for its tolerance.
    content, style = (resize_to(load_image(picture(name)), (size, size)) for name in ("coffee", "mosaic"))
    start = partial(
        stylize,
        content,
        style,
        random_network(network),
        optimizer=optimizer,
        levels=levels,
        memory=memory,
        tolerance=0,
    )
    first = start()
    wanted = 3 + (first.plan.history if optimizer == "lbfgs" else 1)
    run = start(steps=math.ceil(wanted / FINEST_SHARE) if len(first.levels) > 1 else wanted)
    times, in_system = [], []
    begin = os.times()
    for step in run:
        end = os.times()
        if step.scale == 1 and not run.finished:  # the last one has no step, only the loss
            times.append(end.user + end.system - begin.user - begin.system)
            in_system.append(end.system - begin.system)
        begin = os.times()
    plan, remembered = run.plan, run.state_dict()["descent"]["optimizer"]
    return {
        "seconds": statistics.median(times[1:]),  # the first one warms up: goals, kernels, memory
        "system": statistics.median(in_system[1:]),
        "peak": peak_memory(),
        "estimate": plan.bytes,
        "levels": len(run.levels),
        "tiled": plan.tiled,
        "history": plan.history,
        "pairs": len(remembered.get("moves", ())),  # of L-BFGS
    }


def peak_memory() -> int:
    """Return the largest amount of memory that this process ever held, in bytes."""
    import psutil

    if platform.system() == "Windows":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512, 1024, 2048])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--levels", type=int, help="how many sizes, from coarse to fine (default: as stylize chooses)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--optimizer", default="lbfgs")
    parser.add_argument("--network", default="vgg19")
    parser.add_argument("--memory", type=float)
    parser.add_argument("--give-back", action="store_true", help="leave the C library as it is")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        settings = (options.threads, options.optimizer, options.network, options.memory, options.levels)
        measured = child(options.child, *settings, keep=not options.give_back)
        print(json.dumps(measured))
        return
    results: dict[int, list[dict]] = {size: [] for size in options.sizes}
    for _ in range(options.rounds):
        for size in options.sizes:
            command = [sys.executable, __file__, *sys.argv[1:], "--child", str(size)]
            results[size].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    print(f"{platform.machine()}, {options.network}, {options.optimizer}, {options.threads} thread(s)")
    print("   px    CPU s  us / pixel  system  peak GB  estimate  levels  tiled  history  pairs")
    for size, rounds in results.items():
        seconds, system = (statistics.median(each[name] for each in rounds) for name in ("seconds", "system"))
        peak, first = max(each["peak"] for each in rounds), rounds[0]
        print(
            f"{size:5} {seconds:8.2f} {1e6 * seconds / size**2:11.2f} {1e6 * system / size**2:7.2f} {peak / 1e9:8.2f} "
            f"{first['estimate'] / 1e9:9.2f} {first['levels']:7} {first['tiled']:6} {first['history']:8} {first['pairs']:6}"
        )


if __name__ == "__main__":
    main()
