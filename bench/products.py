"""How fast matrix products run in PyTorch's two libraries, and which of them ``nstlib`` takes.

    python bench/products.py
    python bench/products.py --threads 2 --rounds 30

GFLOP/s of the products that a step is made of: those of Winograd's algorithm, its two transforms, and the Gram matrix. The
libraries take turns within one process; the table shows the median of the rounds. Where the last column is well above 1
on a processor for which ``nstlib.kernels.products`` takes PyTorch's own product, or below 1 where it takes oneDNN's, its
rule is wrong there: please tell us.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.kernels import products
from nstlib.kernels.products import Factors, inner, mm
from nstlib.kernels.winograd import F4X4

Case = tuple[str, Callable[[], Tensor], float]


def cases() -> list[Case]:
    """Return products with what they are called and their floating-point operations."""
    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng)

    found: list[Case] = []
    for count, tiles, channels in ((36, 256, 128), (36, 128, 256), (36, 64, 512), (36, 16, 512), (16, 64, 512)):
        left, factors = draw(count, tiles, channels), Factors(draw(count, channels, channels))
        work = 2 * count * tiles * channels * channels
        found.append(
            (f"{count} of ({tiles}, {channels}) ({channels}, {channels})", lambda x=left, f=factors: f.after(x), work)
        )
    patches = draw(36, 32768)
    found.append(("tiles in: (36, 36) (36, 32768)", lambda: mm(F4X4.inputs_2d, patches), 2 * 36 * 36 * 32768))
    found.append(("tiles out: (16, 36) (36, 32768)", lambda: mm(F4X4.outputs_2d, patches), 2 * 16 * 36 * 32768))
    for positions, channels in ((65536, 64), (4096, 256), (1024, 512)):
        rows, work = draw(positions, channels), 2 * positions * channels * channels
        found.append((f"Gram: {channels} channels, {positions} positions", lambda v=rows: inner(v, v), work))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    taken = "oneDNN's" if products.onednn_is_faster() else "PyTorch's own"
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, ", end="")
    print(f"{options.threads} thread(s); nstlib takes {taken} products here")
    if not products.onednn_works():
        print("This PyTorch has no oneDNN product to compare with.")
        return
    print(f"{'GFLOP/s':42} {'own':>6} {'oneDNN':>7} {'oneDNN / own':>13}")
    libraries = []
    for use in (False, True):
        choose(use)
        libraries.append(cases())
    for (name, own, work), (_, other, _) in zip(*libraries, strict=True):
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(options.rounds + 1):
            for use, run in ((False, own), (True, other)):
                choose(use)
                begin = time.perf_counter()
                run()
                seconds[use].append(time.perf_counter() - begin)
        rates = [work / statistics.median(seconds[use][1:]) / 1e9 for use in (False, True)]
        print(f"{name:42} {rates[0]:6.0f} {rates[1]:7.0f} {rates[1] / rates[0]:13.2f}")


def choose(onednn: bool) -> None:
    """Have ``nstlib`` multiply by oneDNN, or by PyTorch's own product."""
    products.onednn_is_faster = lambda: onednn


if __name__ == "__main__":
    main()
