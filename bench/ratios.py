"""One table of all that counts, each row a ratio measured in one run, to be pasted into an issue: some three minutes.

    python bench/ratios.py                    all rows; the other files of bench/ measure each of them at length
    python bench/ratios.py engine busy        these only

Processor time on one thread, except where a row says "on the clock". What is set against each other takes turns, so that a
busy machine slows both alike; ratios are medians. A ratio is good if it is on the side of its goal that the sign says.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import busy
import checks
import devices
import engine
import fast
import quality
import torch

from nstlib.engine.allocation import keep_freed_memory
from nstlib.engine.one_pass_strips import paint_in_strips
from nstlib.features import load_network, random_network
from nstlib.images import load_image, picture
from nstlib.one_pass import load_one_pass
from nstlib.transfer import init_image, stylize

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
CHECKED = ("gram_matrix", "ssim", "dual_loss", "make_closure")  # early, slow, slow, with an optimizer
Row = tuple[str, float, str, str]  # what over what, the ratio, its goal, the command that says more


def engine_rows(size: int = 256, rounds: int = 5) -> Iterator[Row]:
    """One loss and its gradient, against the network alone and against a plain loop."""
    network, direct = random_network("vgg19"), random_network("vgg19", winograd=False)
    content, style, image = engine.drawn(size)
    variants = {
        "bare": engine.bare(direct),
        "plain": engine.plain(direct, content, style),
        "ours": engine.ours(network, content, style),
    }
    taken = engine.measure(variants, image.requires_grad_(True), rounds)
    level = torch.backends.cpu.get_cpu_capability()
    for name, over, goal in (("bare", False, "<= .68"), ("plain", True, ">= 1.6")):
        pairs = zip(taken["ours"], taken[name], strict=True)
        ratio = statistics.median(other / mine if over else mine / other for mine, other in pairs)
        what = "a plain PyTorch loop / a step" if over else "a step / the bare network"
        yield f"{what}, {size} px, {level}", ratio, goal, "engine.py"


def avx2_rows() -> Iterator[Row]:
    """The same as a processor without AVX-512 does it, where there is one with it."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return
    line = [sys.executable, __file__, "engine", "--json"]
    found = subprocess.run(line, env={**os.environ, **AVX2}, check=True, capture_output=True, text=True).stdout
    yield from map(tuple, map(json.loads, found.splitlines()))


def size_rows(small: int = 256, large: int = 512, rounds: int = 2) -> Iterator[Row]:
    """What a pixel costs in a larger picture."""
    network, taken = random_network("vgg19"), []
    for size in (small, large):
        content, style, image = engine.drawn(size)
        loss = engine.ours(network, content, style)
        taken.append(engine.measure({"ours": loss}, image.requires_grad_(True), rounds)["ours"])
    ratio = statistics.median(more / less for less, more in zip(*taken, strict=True)) * (small / large) ** 2
    yield f"a pixel at {large} px / at {small} px", ratio, "<= 1.25", "sizes.py"


def memory_rows(size: int = 256) -> Iterator[Row]:
    """What a transfer takes of memory, against what was said before."""
    line = [sys.executable, str(Path(__file__).with_name("sizes.py")), "--child", str(size)]
    found = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    yield f"memory taken / announced, {size} px", found["peak"] / found["estimate"], "<= 1.1", "sizes.py"


def busy_rows(size: int = 128, steps: int = 12) -> Iterator[Row]:
    """A transfer beside one busy process for each processor, on the clock."""
    busy.seconds("PASSIVE", size, 1)  # reads what the disk has
    quiet = busy.seconds("PASSIVE", size, steps)
    with busy.busy(os.cpu_count()):
        ratio = busy.seconds("PASSIVE", size, steps) / quiet
    yield "nst stylize beside busy processes / on a quiet machine, on the clock", ratio, "<= 2.2", "busy.py"


def quality_rows(size: int = 128, count: int = 100) -> Iterator[Row]:
    """Until the loss that the tutorial's loop has after so many evaluations."""
    network = load_network()
    content, style = (load_image(picture(name), size=size) for name in ("cat", "fluid"))
    for init, goal in (("content", "<= .33"), ("noise", "<= .25")):
        start = init_image(content, init, generator=torch.Generator().manual_seed(0))
        points = list(quality.tutorial(content, style, network, start, "lbfgs", count))
        _, _, ratio = quality.compared(points, count, content, style, network, init, 4 * count)
        what = f"time to the tutorial's loss after {count} evaluations / its time, from {init}, {size} px"
        yield what, ratio, goal, "quality.py --size 256"


def one_pass_rows(size: int = 256, steps: int = 40) -> Iterator[Row]:
    """A picture by one pass, against a descent."""
    model, styles = load_one_pass()
    photo, style, network = (*(load_image(picture(name), size=size) for name in ("cat", "mosaic")), load_network())
    quick = fast.seconds_of(lambda: paint_in_strips(model, photo, styles["mosaic"]))
    begin = time.process_time()
    list(stylize(photo, style, network, steps=steps))
    yield f"stylize of {steps} steps / one pass, {size} px", (time.process_time() - begin) / quick, ">= 100", "fast.py"


def start_rows(rounds: int = 3) -> Iterator[Row]:
    """How long somebody waits for the first sign, on the clock."""

    def clock(*line: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, *line], check=True, capture_output=True)
        return time.perf_counter() - begin

    with tempfile.TemporaryDirectory() as folder:
        settings = ("--size", "192", "--steps", "1", "-o", f"{folder}/out.png")
        first = ("-m", "nstlib", "stylize", "cat", "fluid", *settings)
        for name, one, other, goal in (
            ("nst --help / Python's start", ("-m", "nstlib", "--help"), ("-c", "import json"), "<= 10"),
            ("import nstlib.gram / import torch", ("-c", "import nstlib.gram"), ("-c", "import torch"), "<= 1.1"),
            ("nst stylize to its first picture, 192 px / import torch", first, ("-c", "import torch"), "<= 2.2"),
        ):
            ratios = [clock(*one) / clock(*other) for _ in range(rounds + 1)][1:]
            yield f"{name}, on the clock", statistics.median(ratios), goal, "(python -X importtime)"


def check_rows() -> Iterator[Row]:
    """The first check of a process."""
    found = {}
    for name in CHECKED:
        with multiprocessing.get_context("fork").Pool(1) as pool:
            found[name] = pool.apply(checks.measure, (name,))
    for kind, limit in checks.LIMITS.items():
        slowest = max(row[kind] for row in found.values())
        yield f"the slowest check, {kind} / {limit:g} s", slowest / limit, "<= 1", "checks.py"


def gpu_rows(size: int = 512) -> Iterator[Row]:
    """A step on each GPU, against a plain loop there."""
    for device in devices.gpus():
        times = devices.evaluations(device, *devices.losses(device, size), 5)
        for name in ("nstlib", "nstlib, half"):
            pairs = zip(times["plain PyTorch loop"], times[name], strict=True)
            what = f"a plain PyTorch loop / {name}, {size} px, on {device}, on the clock"
            yield what, statistics.median(a / b for a, b in pairs), ">= 1", "devices.py"


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "checks": check_rows,  # first: its processes are copies of this one, which has done nothing yet
    "memory": memory_rows,  # and a process counts what the one that started it holds
    "start": start_rows,
    "engine": engine_rows,
    "avx2": avx2_rows,
    "sizes": size_rows,
    "busy": busy_rows,
    "one_pass": one_pass_rows,
    "quality": quality_rows,
    "gpu": gpu_rows,
}


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; all")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    begin = time.perf_counter()
    if not options.json:
        print(
            f"{processor()}, {os.cpu_count()} processors, torch {torch.__version__}, Python {platform.python_version()}"
        )
        print("\n| what / what | ratio | goal | more: `python bench/...` |\n|---|---|---|---|", flush=True)
    for part in options.parts or PARTS:
        for row in PARTS[part]():
            what, ratio, goal, more = row
            print(json.dumps(row) if options.json else f"| {what} | {ratio:.2f} | {goal} | `{more}` |", flush=True)
    if not options.json:
        missing = "" if devices.gpus() else " No GPU: torch sees neither cuda nor mps here."
        print(f"\n{time.perf_counter() - begin:.0f} s in all.{missing}")


def processor() -> str:
    """Return the processor's name, or its kind where the system does not tell."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
