"""The exercise ``flops``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from collections.abc import Callable

from nstlib.check.drawing import Pick, Sizes, changed, made_by, whole
from nstlib.check.exercise import Case, Exercise, Function, convention, law, mistake
from nstlib.engine import cost

Stack = list[int | str]


def _flops_case(stack: Stack, height: int, width: int) -> Case:
    quantities = {"2": 2.0, "3": 3.0, "9": 9.0, "18": 18.0}
    return Case(f"{stack}, {height} x {width} pixels", lambda _: (list(stack), height, width), quantities)


@law("one pixel, 3 channels in and 7 out: 189 multiplications and as many additions")
def one(function: Function) -> bool:
    return function([7], 1, 1) == 2 * 9 * 3 * 7


@law("a pooling at the end costs nothing")
def nothing(function: Function) -> bool:
    return function([8, 6, "pool"], 10, 12) == function([8, 6], 10, 12)


@law("twice the height and twice the width cost four times as much")
def larger(function: Function) -> bool:
    return function([8, "pool", 6, "pool", 5], 24, 40) == 4 * function([8, "pool", 6, "pool", 5], 12, 20)


@law("twice the channels cost the first layer twice as much, and the others four times")
def wider(function: Function) -> bool:
    first, both, wide = function([8], 9, 7), function([8, 6], 9, 7), function([16, 12], 9, 7)
    return wide == 2 * first + 4 * (both - first)


@law("an image turned on its side costs the same")
def turned(function: Function) -> bool:
    tall, wide = (function([4, "pool", 5], *size) for size in ((25, 14), (14, 25)))
    return tall == wide and tall != function([4, "pool", 5], 25, 13)


@law("VGG-19 down to relu5_1 costs 47.3 billion operations at 256 x 256 pixels")
def vgg(function: Function) -> bool:
    stack = [64, 64, "pool", 128, 128, "pool", *[256] * 4, "pool", *[512] * 4, "pool", 512]
    return round(function(stack, 256, 256) / 1e9, 1) == 47.3


def _count(
    stack: Stack,
    height: float,
    width: float,
    *,
    each: Callable[[int, int], float] = lambda given, out: 18 * given * out,
    pool: Callable[[float], float] = lambda size: size // 2,
    pool_width: Callable[[float], float] | None = None,
    shrink: int = 0,
) -> float:
    """Count with one of the parts replaced: what an output costs, how a pooling rounds, what a convolution takes off."""
    total, given = 0, 3
    for layer in stack:
        if layer == "pool":
            height, width = pool(height), (pool_width or pool)(width)
        else:
            height, width = height - shrink, width - shrink
            total += each(given, layer) * height * width
            given = layer
    return total


@mistake(
    "It is exactly half: only multiplications are counted, as papers do that speak of MACs. What is done with the "
    "products?"
)
def multiplications_only(stack: Stack, height: int, width: int) -> int:
    return cost.flops(stack, height, width) // 2


@mistake(
    "The channels that come in are not counted. A kernel of 3 x 3 stands on *every* channel of the layer before: "
    "how many weights does one output number meet?"
)
def input_channels_forgotten(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * out)


@mistake("The channels that go out are not counted. This is the cost of one output map; how many are there?")
def output_channels_forgotten(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * given)


@mistake("Every convolution is given 3 channels. Only the first one reads the image: what does the second one read?")
def always_three_inputs(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * 3 * out)


def flops_kernel_of_three(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 2 * 3 * given * out)


@mistake(
    "The 9 weights of a 3 x 3 kernel are not counted as 9. How many neighbors does an output look at, itself included?",
    variants=(flops_kernel_of_three,),
)
def kernel_forgotten(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 2 * given * out)


def _first_replaced(stack: Stack, height: int, width: int, channels: int) -> int:
    k = next((k for k, layer in enumerate(stack) if layer != "pool"), 0)
    first = cost.flops(stack[: k + 1], height, width)
    return cost.flops(stack, height, width) - first + first // 3 * channels


def flops_first_from_itself(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, next((layer for layer in stack if layer != "pool"), 0))


def flops_first_skipped(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, 0)


@mistake(
    "All layers but the first are right. What comes in there is the image: how many channels has it?",
    variants=(flops_first_from_itself, flops_first_skipped),
)
def first_layer(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, 1)


def flops_pool_width(stack: Stack, height: int, width: int) -> int:
    return _count(stack, width, height, pool_width=lambda size: size)


@mistake("A pooling halves only one of the two sizes here. What becomes of 2 x 2 pixels?", variants=(flops_pool_width,))
def pooled_one_way(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool_width=lambda size: size)


@mistake('All layers have the size of the image. What does "pool" do to height and width?')
def pool_ignored(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: size)


def flops_rounded(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: round(size / 2))


def flops_of_fractions(stack: Stack, height: int, width: int) -> float:
    return _count(stack, height, width, pool=lambda size: size / 2)


def flops_of_fractions_cut(stack: Stack, height: int, width: int) -> int:
    return int(flops_of_fractions(stack, height, width))


@mistake(
    "Odd sizes are not rounded down. A window of 2 x 2 that does not fit any more is left out: which operator "
    "drops the rest?",
    variants=(flops_rounded, flops_of_fractions, flops_of_fractions_cut),
)
def not_rounded_down(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: -(-size // 2))


@mistake(
    "The area is divided by 4 at once. 5 x 7 pixels become 2 x 3, and not 35 // 4: round height and width each by "
    "itself."
)
def area_divided_by_four(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height * width, 1, pool=lambda area: area // 4, pool_width=lambda size: size)


@mistake("This is the cost of the last convolution alone. Is the total added to, or overwritten?")
def last_layer_only(stack: Stack, height: int, width: int) -> int:
    k = max((k for k, layer in enumerate(stack) if layer != "pool"), default=0)
    return cost.flops(stack[: k + 1], height, width) - cost.flops(stack[:k], height, width)


def flops_at_the_last_size(stack: Stack, height: int, width: int) -> int:
    return cost.flops(sorted(stack, key=lambda layer: layer != "pool"), height, width)


@mistake(
    "A convolution is counted with a size that the picture gets only later. Which size does it work on: that "
    "before the next pooling, or that after it?",
    variants=(flops_at_the_last_size,),
)
def pooled_too_early(stack: Stack, height: int, width: int) -> int:
    """Count a convolution in front of a pooling with the size after it."""
    swapped = list(stack)
    for k in range(len(swapped) - 1):
        if swapped[k] != "pool" and swapped[k + 1] == "pool":
            swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
    return cost.flops(swapped, height, width)


@mistake("Each convolution takes 2 pixels off. These pad by 1 on each side: how many outputs have they?")
def without_padding(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, shrink=2)


def flops_with_biases_and_relus(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given + 2) * out)


@mistake(
    "Biases or ReLUs are counted too: it is a little too much. Only the products with the weights, and adding them "
    "up, are asked for.",
    variants=(flops_with_biases_and_relus,),
)
def biases_counted(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given + 1) * out)


@mistake("This is the cost of one single position. A weight is stored once, but used at how many places?")
def positions_forgotten(stack: Stack, height: int, width: int) -> int:
    return _count([layer for layer in stack if layer != "pool"], 1, 1)


@mistake(
    "The costs of the layers are multiplied with each other. They run one after the other: what becomes of their costs?"
)
def layers_multiplied(stack: Stack, height: int, width: int) -> int:
    costs = [
        cost.flops(stack[: k + 1], height, width) - cost.flops(stack[:k], height, width) for k in range(len(stack))
    ]
    return math.prod(value for value in costs if value)


@convention(
    "You count to the letter: n products are added up by n - 1 additions. Like PyTorch's own counter, the book "
    "counts n; your numbers below will be a little smaller than its."
)
def additions_to_the_letter(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given - 1) * out)


def _some_stack(pick: Pick, sizes: Sizes) -> tuple[int | str, ...]:
    return tuple(pick.one_of((1, 2, 3, 7, 16, "pool")) for _ in range(pick.whole(1, 6)))


EXERCISE = Exercise(
    __name__,
    title="What a network costs, before it runs",
    difficulty=1,
    minutes=12,
    signature="flops(stack, height, width)",
    hints=(
        "Think of one number of one output map: how many weights does it meet? Each weight costs it one multiplication "
        "and one addition. Then: how many such numbers are there?",
        "Walk through the stack with three things in hand: the channels that come in (3 at first), the height, the "
        "width. A convolution adds to the total and changes the channels; a pooling changes the two sizes, with `//`.",
        "`total += 2 * 9 * channels * layer * height * width`, then `channels = layer`; for a pooling "
        "`height, width = height // 2, width // 2`.",
    ),
    reference=cost.flops,
    cases=(
        _flops_case([64, 64, "pool", 128], 37, 22),
        _flops_case([5], 7, 9),
        _flops_case([8, "pool", 6, "pool", 4], 23, 18),
        _flops_case(["pool", 16, 7], 15, 13),
        _flops_case([12, 10, "pool"], 9, 6),
        _flops_case([1, "pool", 3], 5, 3),
    ),
    takes={"stack": changed(made_by(_some_stack), list), "height": whole(1, 41), "width": whole(1, 41)},
    allowed=lambda stack, height, width: min(height, width) >> stack.count("pool") > 0,
    drawn=12,
    verified="channels, kernels, sizes and rounding, exact to the last operation",
)
