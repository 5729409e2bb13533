"""Cost of one full iteration (forward, losses, backward to the pixels) against the bare network and a plain PyTorch loop.

    python bench/engine.py                    VGG-19 with random weights at 128, 256 and 512 px
    python bench/engine.py --sizes 256 --rounds 20

Process CPU time on one thread. The variants take turns within one process and each round gives one ratio, so that a busy
machine slows all of them alike; the table shows medians. Times vary between machines, ratios much less. The process keeps
the memory that it frees, as ``nst`` does, for all variants alike: how many pages the system clears for one of them would
depend on what the others freed before.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from peers import installed
from torch import Tensor, nn

from nstlib.engine.allocation import keep_freed_memory
from nstlib.features import CAFFE, Features, random_network
from nstlib.objective import Objective, Style
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS

Loss = Callable[[Tensor], Tensor]


def bare(network: Features) -> Loss:
    """The truncated frozen stack, contiguous, ReLU in place: what any method must pay at least."""
    kernels = {layer: (each.weight.contiguous(), each.bias) for layer, each in network.convolutions.items()}

    def run(image: Tensor) -> Tensor:
        x = CAFFE(image)
        for layer in network.layers[: network.layers.index("relu5_1") + 1]:
            if layer.startswith("conv"):
                x = F.conv2d(x, *kernels[layer], padding=1)
            else:
                x = F.relu_(x) if layer.startswith("relu") else F.max_pool2d(x, 2)
        return x.sum()

    return run


class Tap(nn.Module):
    """Remembers a loss of what passes through, as PyTorch's tutorial does."""

    def __init__(self, target: Tensor, *, style: bool):
        super().__init__()
        self.style, self.target = style, self.measure(target, style).detach()

    @staticmethod
    def measure(features: Tensor, style: bool) -> Tensor:
        if not style:
            return features
        flat = features.reshape(features.shape[1], -1)
        return flat @ flat.t() / flat.numel()

    def forward(self, features: Tensor) -> Tensor:
        self.loss = F.mse_loss(self.measure(features, self.style), self.target)
        return features


def modules(network: Features) -> list[tuple[str, nn.Module]]:
    """Return the truncated frozen network as torch modules with their names."""
    stages = []
    for layer in network.layers[: network.layers.index("relu5_1") + 1]:
        if layer.startswith("conv"):
            weight = network.convolutions[layer].weight.contiguous()
            stage = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, device=weight.device)
            stage.load_state_dict({"weight": weight, "bias": network.convolutions[layer].bias})
        else:
            stage = nn.ReLU() if layer.startswith("relu") else nn.MaxPool2d(2)
        stages.append((layer, stage.requires_grad_(False)))
    return stages


def plain(network: Features, content: Tensor, style: Tensor) -> Loss:
    """The loop most people write: modules, losses tapped in the chain, frozen weights, ReLU out of place."""
    stages, taps = nn.Sequential(), []
    for layer, stage in modules(network):
        stages.append(stage)
        if layer in (*CONTENT_LAYERS, *STYLE_LAYERS):
            with torch.no_grad():
                target = stages(CAFFE(content if layer in CONTENT_LAYERS else style))
            taps.append(Tap(target, style=layer in STYLE_LAYERS))
            stages.append(taps[-1])

    def run(image: Tensor) -> Tensor:
        stages(CAFFE(image))
        return sum(tap.loss * (1e6 if tap.style else 1.0) for tap in taps)

    return run


def ours(network: Features, content: Tensor, style: Tensor) -> Loss:
    """What ``stylize`` evaluates."""
    objective = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 0.0))
    return lambda image: objective(image)[0]


def drawn(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return a content, a style and an image of noise, the same for a size each time."""
    rng = torch.Generator().manual_seed(size)
    return tuple(torch.rand(1, 3, size, size, generator=rng) for _ in range(3))


def measure(variants: dict[str, Loss], image: Tensor, rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds of each variant in each round; the first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds + 1):
        for name, loss in variants.items():
            begin = time.process_time()
            torch.autograd.grad(loss(image), image)
            seconds[name].append(time.process_time() - begin)
    return {name: values[1:] for name, values in seconds.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, 1 thread")
    print(f"{'px':>5} {'variant':24} {'CPU s':>7} {'/ bare':>7} {'plain / it':>10}")
    network, direct = random_network("vgg19"), random_network("vgg19", winograd=False)
    for size in options.sizes:
        content, style, start = drawn(size)
        variants = {
            "bare": bare(direct),
            "plain PyTorch loop": plain(direct, content, style),
            "nstlib, direct": ours(direct, content, style),
            "nstlib": ours(network, content, style),
        }
        pair = (CAFFE(content), CAFFE(style))
        peers, missing = installed(lambda: modules(direct), *pair, CONTENT_LAYERS, STYLE_LAYERS)
        variants |= {name: lambda image, loss=loss: loss(CAFFE(image)) for name, loss in peers.items()}
        seconds = measure(variants, start.requires_grad_(True), options.rounds)
        for name, values in seconds.items():
            to_bare = statistics.median(a / b for a, b in zip(values, seconds["bare"], strict=True))
            gain = statistics.median(b / a for a, b in zip(values, seconds["plain PyTorch loop"], strict=True))
            print(f"{size:5} {name:24} {statistics.median(values):7.2f} {to_bare:7.2f} {gain:10.2f}")
    for name, reason in missing.items():
        print(f"not measured: {name} ({reason})")


if __name__ == "__main__":
    main()
