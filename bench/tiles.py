"""Strips against the whole: processor time per pixel of one evaluation of the loss and its gradient, side by side.

    python bench/tiles.py                            VGG-19 with random weights, 256, 512 and 1024 px, one thread
    python bench/tiles.py --sizes 2048 --tiled 3 5

In each round every variant runs once, in one process, so that a busy machine slows all of them alike. Medians over rounds.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import torch

from nstlib.engine.strips import ObjectiveInStrips
from nstlib.features import random_network
from nstlib.objective import Objective, Style
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS


def seconds(objective: Objective, image: torch.Tensor) -> float:
    """Return the processor time of one loss and gradient."""
    begin = time.process_time()
    torch.autograd.grad(objective(image)[0], image)
    return time.process_time() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument(
        "--tiled", type=int, nargs="+", default=[0, 2, 5], help="how many blocks in strips; 0 is the whole"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", default="vgg19")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, rng = random_network(options.network), torch.Generator().manual_seed(0)
    print(f"{platform.machine()}, {options.network}, 1 thread, us of processor time per pixel")
    print(f"{'px':>5}" + "".join(f"{f'{tiled} blocks':>10}" for tiled in options.tiled))
    for size in options.sizes:
        content, style, image = (torch.rand(1, 3, size, size, generator=rng) for _ in range(3))
        image.requires_grad_(True)
        times: dict[int, list[float]] = {tiled: [] for tiled in options.tiled}
        for _ in range(options.rounds + 1):  # the first round warms up
            for tiled, found in times.items():
                settings = (content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 1.0, 0.0))
                objective = ObjectiveInStrips(*settings, tiled=tiled) if tiled else Objective(*settings)
                found.append(seconds(objective, image))
        medians = [1e6 * statistics.median(found[1:]) / size**2 for found in times.values()]
        print(f"{size:5}" + "".join(f"{value:10.2f}" for value in medians), flush=True)


if __name__ == "__main__":
    main()
