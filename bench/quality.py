"""Seconds until a picture is as good as that of PyTorch's tutorial: the same network, the same loss, one run.

    python bench/quality.py                         128 px, three pairs, from the content and from noise
    python bench/quality.py --size 256 --evaluations 100 300 --pairs cat+fluid

The tutorial's loop: modules with losses tapped in the chain, pixels clamped before each evaluation, L-BFGS as torch has it
(learning rate 1, history 100), or Adam at 0.02. Its losses are made relative to their targets as `stylize`'s are, so that
both loops lower one and the same number. The loops take turns, pair by pair, on one thread; what counts is processor time.
"As good" is the loss, so the table also says how far both pictures are from the style in layers that no loss looked at.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from engine import modules
from torch import Tensor, nn

from nstlib.engine.allocation import keep_freed_memory
from nstlib.features import CAFFE, Features, load_network
from nstlib.images import load_image, picture
from nstlib.metrics import held_out_distance
from nstlib.transfer import CONTENT_LAYERS, CONTENT_WEIGHT, STYLE_LAYERS, STYLE_WEIGHT, init_image, stylize

PAIRS = ("cat+fluid", "astronaut+woodcut", "coffee+mosaic")
ADAM_RATE = 0.02
Point = tuple[float, float, Tensor]  # seconds of the processor, loss, picture


class Tap(nn.Module):
    """Remembers the relative error of what passes through."""

    def __init__(self, target: Tensor, weight: float, *, style: bool):
        super().__init__()
        self.style, self.weight, self.target = style, weight, self.measure(target, style).detach()
        self.size = self.target.square().mean()

    @staticmethod
    def measure(features: Tensor, style: bool) -> Tensor:
        if not style:
            return features
        flat = features.reshape(features.shape[1], -1)
        return flat @ flat.t() / flat.shape[1]

    def forward(self, features: Tensor) -> Tensor:
        self.loss = self.weight * F.mse_loss(self.measure(features, self.style), self.target) / self.size
        return features


def tutorial(
    content: Tensor, style: Tensor, network: Features, start: Tensor, optimizer: str, most: int
) -> Iterator[Point]:
    """Yield where the tutorial's loop is at each evaluation."""
    stages, taps = nn.Sequential(), []
    for layer, stage in modules(network):
        stages.append(stage)
        for names, image, weight in ((CONTENT_LAYERS, content, CONTENT_WEIGHT), (STYLE_LAYERS, style, STYLE_WEIGHT)):
            if layer in names:
                with torch.no_grad():
                    target = network(image, layer)[layer]
                taps.append(Tap(target, weight / len(names), style=names is STYLE_LAYERS))
                stages.append(taps[-1])
    pixels = start.clone().requires_grad_()
    mover = torch.optim.LBFGS([pixels]) if optimizer == "lbfgs" else torch.optim.Adam([pixels], lr=ADAM_RATE)
    begin, seen = time.process_time(), []

    def closure() -> Tensor:
        with torch.no_grad():
            pixels.clamp_(0, 1)
        mover.zero_grad()
        stages(CAFFE(pixels))
        loss = sum(tap.loss for tap in taps)
        loss.backward()
        seen.append((time.process_time() - begin, loss.item(), pixels.detach().clone()))
        return loss

    while len(seen) < most:
        done = len(seen)
        mover.step(closure)
        yield from seen[done:]


def ours(content: Tensor, style: Tensor, network: Features, init: str, goal: float, most: int) -> Iterator[Point]:
    """Yield where `stylize` is at each step, until it is below a loss."""
    begin = time.process_time()
    for step in stylize(content, style, network, init=init, tv_weight=0.0, steps=most, tolerance=0):
        yield time.process_time() - begin, step.total, step.image
        if step.total <= goal and step.scale == 1:  # losses of a coarse step are those of a small picture
            return


def compared(
    points: list[Point], count: int, content: Tensor, style: Tensor, network: Features, init: str, most: int
) -> tuple[Point, list[Point], float]:
    """Return the tutorial's best of so many evaluations, `stylize`'s way there, and its share of the time, or inf."""
    best = min(points[:count], key=lambda point: point[1])
    path = list(ours(content, style, network, init, best[1], most))
    return best, path, path[-1][0] / points[count - 1][0] if path[-1][1] <= best[1] else float("inf")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--pairs", nargs="+", default=list(PAIRS))
    parser.add_argument("--inits", nargs="+", default=["content", "noise"])
    parser.add_argument("--optimizers", nargs="+", default=["lbfgs", "adam"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    network, most = load_network(), max(options.evaluations)
    machine = f"{platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, 1 thread"
    print(f"{machine}, {options.size} px; held out: Gram distance to the style, the tutorial's and stylize's")
    print(
        f"{'pair':20} {'from':8} {'tutorial':>10} {'loss':>7} {'s':>7} {'ours s':>7} {'steps':>5} {'share':>6} held out"
    )
    shares: dict[tuple[str, str, int], list[float]] = {}
    for pair in options.pairs:
        content, style = (load_image(picture(name), size=options.size) for name in pair.split("+"))
        for init in options.inits:
            start = init_image(content, init, generator=torch.Generator().manual_seed(0))
            for optimizer in options.optimizers:
                points = list(tutorial(content, style, network, start, optimizer, most))
                for count in options.evaluations:
                    best, path, share = compared(points, count, content, style, network, init, 4 * most)
                    (_, loss, image), taken = best, points[count - 1][0]
                    shares.setdefault((init, optimizer, count), []).append(share)
                    held = [held_out_distance(each.clamp(0, 1), style, network) for each in (image, path[-1][2])]
                    print(
                        f"{pair:20} {init:8} {optimizer + ' ' + str(count):>10} {loss:7.3f} {taken:7.1f} {path[-1][0]:7.1f} "
                        f"{len(path) - 1:5} {share:6.2f} {held[0]:.3f} {held[1]:.3f}",
                        flush=True,
                    )
    for (init, optimizer, count), found in shares.items():
        print(
            f"median share of the time, from {init}, {optimizer}, {count} evaluations: {statistics.median(found):.2f}"
        )


if __name__ == "__main__":
    main()
