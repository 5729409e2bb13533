"""Time to the same loss: optimizers and schedules against L-BFGS at one size, with the trained network.

    python bench/schedules.py                       256 px, from noise and from the content
    python bench/schedules.py --size 192 --pairs cat+fluid

Process CPU time on one thread. For each variant: when it reached the loss that L-BFGS at one size had after 40, 60, 80 and
100 steps, as a share of the time that took it; in brackets, as a share of the pixels evaluated until then, which a busy
machine does not change. Losses at coarse sizes do not count.
"""

from __future__ import annotations

import argparse
import time

import torch

from nstlib.features import load_network
from nstlib.images import load_image, picture
from nstlib.transfer import stylize

GOALS = (40, 60, 80, 100)


def curve(*args, **options) -> list[tuple[float, float, float]]:
    """Return (CPU seconds since the start, images of full size evaluated until then, total) of the steps at full size."""
    begin, work, found = time.process_time(), 0.0, []
    for step in stylize(*args, tolerance=0, **options):
        work += step.scale**2
        if step.scale == 1:
            found.append((time.process_time() - begin, work, step.total))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--pairs", nargs="+", default=["astronaut+woodcut", "cat+fluid", "coffee+mosaic"])
    parser.add_argument("--inits", nargs="+", default=["noise", "content"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network()
    for init in options.inits:
        steps = 80 if init == "noise" else 120  # enough to get there, and the coarse sizes get their share of them
        variants = {
            "lbfgs, 2 sizes": {"levels": 2, "steps": steps},
            "lbfgs, 3 sizes": {"levels": 3, "steps": steps},
            "3 sizes, only enlarged": {"levels": 3, "steps": 150, "detail": False},
            "adam": {"optimizer": "adam", "levels": 1, "steps": 100},
        }
        for pair in options.pairs:
            content, style = (load_image(picture(name), size=options.size) for name in pair.split("+"))
            curve(content, style, network, init=init, levels=1, steps=1)  # warms up
            one = curve(content, style, network, init=init, levels=1, steps=100)
            goals = {count: one[count] for count in GOALS}
            reached = "  ".join(f"{count}: {loss:.3f} in {took:.0f} s" for count, (took, _, loss) in goals.items())
            print(f"{pair} from {init}, {options.size} px\n  lbfgs at one size  {reached}", flush=True)
            for name, settings in variants.items():
                found = curve(content, style, network, init=init, **settings)
                shares = []
                for count, (took, done, loss) in goals.items():
                    there = next(((seconds, work) for seconds, work, total in found if total <= loss), None)
                    share = "never" if there is None else f"{there[0] / took:.2f} ({there[1] / done:.2f})"
                    shares.append(f"{count}: {share}")
                print(f"  {name:22}  {'  '.join(shares)}; ends at {found[-1][2]:.3f}", flush=True)


if __name__ == "__main__":
    main()
