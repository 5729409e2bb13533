"""Which layout of a frozen kernel convolves fastest, for how many positions, and which one ``nstlib`` takes.

    python bench/layouts.py
    python bench/layouts.py --sides 12 14 16 20 --rounds 30

Milliseconds there and back on one thread, by PyTorch's convolution and by each layout of ``nstlib.kernels``. The ways take
turns within one process, each with three kernels in turn, as a network would: what one leaves in the cache another needs.
The table shows the best of the rounds. Where another column than the one in brackets is well below it on your machine, the
rule of ``nstlib.kernels.convolutions.fastest_layout`` is wrong there: please tell us.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.kernels.convolutions import convolve, fastest_layout
from nstlib.kernels.im2col import unroll_kernel
from nstlib.kernels.winograd import F2X2, F4X4

LAYOUTS = {"PyTorch": None, "im2col": unroll_kernel, "2 x 2": F2X2.transform_kernel, "4 x 4": F4X4.transform_kernel}
KERNELS = 3
Way = Callable[[Tensor], Tensor]


def ways(channels: int, out: int) -> dict[str, list[Way]]:
    """Return for each layout the convolutions with some kernels."""
    rng = torch.Generator().manual_seed(0)
    bias = torch.zeros(out)
    weights = [torch.randn(out, channels, 3, 3, generator=rng) / (9 * channels) ** 0.5 for _ in range(KERNELS)]
    frozen = [each.contiguous(memory_format=torch.channels_last) for each in weights]
    return {
        name: [partial(convolve, kernel=layout(weight, bias)) for weight in weights]
        if layout
        else [partial(F.conv2d, weight=weight, bias=bias, padding=1) for weight in frozen]
        for name, layout in LAYOUTS.items()
    }


def there_and_back(way: Way, x: Tensor) -> float:
    """Return how many milliseconds a convolution and its gradient take."""
    leaf = x.detach().requires_grad_(True)
    begin = time.perf_counter()
    y = way(leaf)
    torch.autograd.grad(y, leaf, torch.ones_like(y))
    return 1000 * (time.perf_counter() - begin)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[4, 6, 8, 10, 12, 16, 20, 24, 32])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, 1 thread")
    print(f"{'channels':>10} {'positions':>10}" + "".join(f"{name:>10}" for name in LAYOUTS))
    for channels, out in ((128, 128), (128, 256), (256, 256), (256, 512), (512, 512)):
        every = ways(channels, out)
        for side in options.sides:
            x = torch.rand(1, channels, side, side).contiguous(memory_format=torch.channels_last)
            best = dict.fromkeys(every, float("inf"))
            for _ in range(options.rounds + 1):
                for name, kernels in every.items():
                    best[name] = min(best[name], sum(there_and_back(way, x) for way in kernels) / KERNELS)
            taken = fastest_layout(channels, side * side)
            cells = [f"[{best[name]:.2f}]" if LAYOUTS[name] == taken else f"{best[name]:.2f} " for name in LAYOUTS]
            print(f"{f'{channels}, {out}':>10} {side * side:10}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
