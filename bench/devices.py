"""A step of `stylize` on a GPU against a plain PyTorch loop there, and against the CPU; says so where there is no GPU.

    python bench/devices.py                    VGG-19 with random weights at 256, 512 and 1024 px
    python bench/devices.py --sizes 512 --rounds 20

Wall time of forward, losses and backward to the pixels, with the device waited for; the variants take turns, each round
gives one ratio, the table shows medians. "half" is autocast to float16: how far it is from float32 stands beside it, as the
distance of the gradients over the length of float32's.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial

import torch
from engine import Loss, bare, drawn, ours, plain
from torch import Tensor

from nstlib.features import random_network
from nstlib.transfer import stylize

STEPS = 20


def gpus() -> list[str]:
    """Return the GPUs that torch sees."""
    found = (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
    return [name for name, there in found if there]


def wait_for(device: str) -> None:
    """Return when the device has done all that it was told."""
    getattr(torch, device).synchronize()


def half(loss: Loss, device: str) -> Loss:
    """Return the same loss with products in float16."""

    def run(image: Tensor) -> Tensor:
        with torch.autocast(device, torch.float16):
            return loss(image)

    return run


def slope(loss: Loss, image: Tensor) -> Tensor:
    """Return the gradient of one evaluation."""
    return torch.autograd.grad(loss(image), image)[0]


def seconds_of(function: Callable[[], object], device: str) -> float:
    """Return the wall time of a call and of what it started on the device."""
    wait_for(device)
    begin = time.perf_counter()
    function()
    wait_for(device)
    return time.perf_counter() - begin


def losses(device: str, size: int) -> tuple[dict[str, Loss], Tensor]:
    """Return the losses that are compared, and an image to evaluate them at."""
    network = random_network("vgg19")
    content, style, start = (each.to(device) for each in drawn(size))
    moved, mine = Moved(network, device), ours(network, content, style)
    variants = {
        "bare": bare(moved),
        "plain PyTorch loop": plain(moved, content, style),
        "nstlib": mine,
        "nstlib, half": half(mine, device),
    }
    return variants, start.requires_grad_()


def evaluations(device: str, variants: dict[str, Loss], image: Tensor, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each variant in each round."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds + 2):
        for name, loss in variants.items():
            taken[name].append(seconds_of(partial(slope, loss, image), device))
    return {name: values[2:] for name, values in taken.items()}  # the first rounds choose algorithms


def gradients(device: str, sizes: list[int], rounds: int) -> None:
    """Print the table of one evaluation's cost."""
    print(f"{'px':>5} {'variant':26} {'ms':>7} {'/ bare':>7} {'plain / it':>10} {'gradient off':>12}")
    for size in sizes:
        variants, image = losses(device, size)
        taken = evaluations(device, variants, image, rounds)
        found = {name: slope(loss, image) for name, loss in variants.items()}
        for name, values in taken.items():
            ratio = [a / b for a, b in zip(values, taken["bare"], strict=True)]
            gain = [b / a for a, b in zip(values, taken["plain PyTorch loop"], strict=True)]
            off = (found[name] - found["nstlib"]).norm() / found["nstlib"].norm() if "nstlib" in name else torch.nan
            print(
                f"{size:5} {name:26} {1000 * statistics.median(values):7.2f} {statistics.median(ratio):7.2f} "
                f"{statistics.median(gain):10.2f} {float(off):12.1e}"
            )


class Moved:
    """A network whose kernels are on a device, for the loops that are written with torch alone."""

    def __init__(self, network, device: str):
        self.layers = network.layers
        self.convolutions = {
            name: Kernel(each.weight.to(device), each.bias.to(device)) for name, each in network.convolutions.items()
        }


class Kernel:
    """Weight and bias of a layer."""

    def __init__(self, weight: Tensor, bias: Tensor):
        self.weight, self.bias = weight, bias


def steps(device: str, sizes: list[int]) -> None:
    """Print what whole steps take, optimizer and all, and how often the processor waited for the device in one."""
    network = random_network("vgg19")
    print(f"{'px':>5} {'optimizer':>10} {'ms a step':>10} {'waits a step':>13}")
    for size in sizes:
        rng = torch.Generator().manual_seed(size)
        content, style = (torch.rand(1, 3, size, size, generator=rng).to(device) for _ in range(2))
        for optimizer in ("lbfgs", "adam"):
            run = iter(stylize(content, style, network, optimizer=optimizer, steps=STEPS + 3, levels=1, tolerance=0))
            for _ in range(3):
                next(run)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                if device == "cuda":
                    torch.cuda.set_sync_debug_mode("warn")
                taken = seconds_of(lambda run=run: [next(run) for _ in range(STEPS)], device)
                if device == "cuda":
                    torch.cuda.set_sync_debug_mode("default")
            waits = f"{len(told) / STEPS:13.1f}" if device == "cuda" else f"{'not counted':>13}"
            print(f"{size:5} {optimizer:>10} {1000 * taken / STEPS:10.1f} {waits}")


def main() -> None:
    """Print the tables of each GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if not gpus():
        print("no GPU: torch sees neither cuda nor mps here, so nothing was measured")
    for device in gpus():
        called = torch.cuda.get_device_name() if device == "cuda" else device
        print(f"{called}, torch {torch.__version__}, TF32 convolutions as torch has them by default")
        gradients(device, options.sizes, options.rounds)
        steps(device, options.sizes)


if __name__ == "__main__":
    main()
