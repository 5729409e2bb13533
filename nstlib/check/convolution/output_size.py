"""The exercise ``output_size``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from nstlib import filters
from nstlib.check.drawing import whole
from nstlib.check.exercise import Case, Exercise, Function, law, mistake


def output_size(size: int, kernel: int, padding: int, stride: int) -> int:
    """Return at how many positions a kernel fits along one axis."""
    return filters.output_size(size, kernel, padding=padding, stride=stride)


def _size_case(size: int, kernel: int, padding: int, stride: int) -> Case:
    return Case(
        f"size {size}, kernel {kernel}, padding {padding}, stride {stride}", lambda _: (size, kernel, padding, stride)
    )


@law("it is what counting the windows one by one gives")
def counted(function: Function) -> bool:
    settings = [(8, 3, 0, 1), (9, 4, 1, 2), (10, 5, 2, 3), (13, 2, 0, 4), (6, 6, 0, 5)]
    return all(
        function(n, k, p, s) == len([first for first in range(0, n + 2 * p, s) if first + k <= n + 2 * p])
        for n, k, p, s in settings
    )


@law("an odd kernel padded by half of it keeps the size")
def same(function: Function) -> bool:
    return all(function(size, kernel, kernel // 2, 1) == size for size in (5, 8) for kernel in (1, 3, 7))


@law("windows of 2 with stride 2 halve the size and round down")
def pooling(function: Function) -> bool:
    return all(function(size, 2, 0, 2) == size // 2 for size in (4, 7, 107, 160))


@law("a kernel as long as the padded image fits once")
def once(function: Function) -> bool:
    return all(function(size, size + 2 * padding, padding, 3) == 1 for size in (4, 9) for padding in (0, 2))


@law("PyTorch finds the same size")
def sizes_torch(function: Function) -> bool:
    return all(
        function(size, 3, 1, 2) == F.conv1d(torch.zeros(1, 1, size), torch.ones(1, 1, 3), stride=2, padding=1).shape[2]
        for size in range(3, 9)
    )


def size_rounded_to_the_nearest(size: int, kernel: int, padding: int, stride: int) -> int:
    return round((size + 2 * padding - kernel) / stride) + 1


@mistake(
    "It is rounded up. A window that hangs over the end does not count: which way does `//` round?",
    variants=(size_rounded_to_the_nearest,),
)
def rounded_up(size: int, kernel: int, padding: int, stride: int) -> int:
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


@mistake("There are no fractions of a window. A whole number is asked for: `//` instead of `/`.")
def not_rounded(size: int, kernel: int, padding: int, stride: int) -> float:
    return (size + 2 * padding - kernel) / stride + 1


@mistake("These are the steps, not the places: the window stood somewhere before the first step.")
def first_window_forgotten(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel) // stride


@mistake("The padding counts once here. On how many sides is it added?")
def padding_on_one_side(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + padding - kernel) // stride + 1


@mistake("The padding is not counted at all.")
def padding_ignored(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size - kernel) // stride + 1


@mistake("The 1 is added before dividing, so it counts 1 / stride of a window. Where does it belong?")
def one_before_dividing(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel + 1) // stride


def size_without_kernel_plus_one(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding) // stride + 1


@mistake(
    "The kernel's length is not used. The window's *left* end cannot go to the very last pixel: how far can it go?",
    variants=(size_without_kernel_plus_one,),
)
def kernel_ignored(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding) // stride


@mistake("This counts all windows one pixel apart. The window moves by `stride` each time.")
def stride_ignored(size: int, kernel: int, padding: int, stride: int) -> int:
    return size + 2 * padding - kernel + 1


@mistake(
    "Only half of the kernel is subtracted, as if its middle could stand on the border. The padding takes care of "
    "that; the whole kernel has to fit."
)
def half_of_the_kernel(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel // 2) // stride + 1


@mistake("The kernel is added. Does a longer kernel fit at more places, or at fewer?")
def kernel_added(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding + kernel) // stride + 1


EXERCISE = Exercise(
    __name__,
    title="Count the windows",
    difficulty=1,
    minutes=6,
    signature="output_size(size, kernel, padding, stride)",
    hints=(
        "Put the window at the very left and count the steps until it touches the right end. Do not forget the place "
        "where it stood first.",
        "With padding there are `size + 2 * padding` pixels. The window's left end can move by that minus `kernel`. How "
        "many whole strides fit into it?",
        "`(size + 2 * padding - kernel) // stride + 1`, with the division that rounds down.",
    ),
    reference=output_size,
    cases=(
        _size_case(32, 3, 1, 1),
        _size_case(8, 3, 0, 2),
        _size_case(11, 4, 1, 4),
        _size_case(224, 11, 2, 4),
        _size_case(10, 5, 2, 4),
        _size_case(10, 3, 0, 4),
        _size_case(1, 1, 0, 3),
        _size_case(13, 2, 3, 1),
        _size_case(7, 9, 2, 5),
    ),
    takes={"size": whole(1, 40), "kernel": whole(1, 11), "padding": whole(0, 3), "stride": whole(1, 5)},
    allowed=lambda size, kernel, padding, stride: kernel <= size + 2 * padding,
    verified="steps that fit, rounded down, and the first window",
)
