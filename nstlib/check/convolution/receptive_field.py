"""The exercise ``receptive_field``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from nstlib import receptive
from nstlib.check.drawing import made_by, several
from nstlib.check.exercise import Case, Exercise, Function, law, mistake

Stack = Sequence[tuple[int, int]]


def receptive_field(stack: Stack) -> tuple[int, int]:
    """Return (size, stride) of the receptive field at the end of a stack of (kernel, stride)."""
    return tuple(receptive.receptive_field_of_stack(stack)[:2])


def _stack_case(*stack: tuple[int, int]) -> Case:
    return Case(f"stack {list(stack)}", lambda _: (list(stack),))


def _field(function: Function, *stack: tuple[int, int]) -> tuple[int, int]:
    size, stride = function(list(stack))
    return int(size), int(stride)


@law("no layers at all see one pixel")
def of_nothing(function: Function) -> bool:
    return _field(function) == (1, 1)


@law("one layer sees its kernel, and moves by its stride")
def of_one(function: Function) -> bool:
    return all(_field(function, layer) == layer for layer in ((3, 1), (2, 2), (11, 4)))


@law("two layers of 3 see 5 pixels, three see 7")
def of_small_ones(function: Function) -> bool:
    return _field(function, (3, 1), (3, 1)) == (5, 1) and _field(function, (3, 1), (3, 1), (3, 1)) == (7, 1)


@law("a ReLU, (1, 1), changes nothing")
def of_a_relu(function: Function) -> bool:
    return _field(function, (3, 2), (1, 1), (5, 1), (1, 1)) == _field(function, (3, 2), (5, 1))


@law("after a pooling, a layer of 3 adds 4 pixels")
def after_pooling(function: Function) -> bool:
    stack = [(3, 1), (2, 2), (3, 1)]
    steps = [_field(function, *stack[: k + 1])[0] for k in range(3)]
    return steps[2] - steps[1] == 4  # a layer of 3 adds 2, and after a pooling that is 4 pixels


@law("it is the number of pixels with a gradient")
def by_gradient(function: Function) -> bool:
    stack = [(5, 2), (3, 1), (2, 3), (3, 1)]
    image = x = torch.ones(1, 1, 90, dtype=torch.float64, requires_grad=True)
    for kernel, stride in stack:
        x = F.conv1d(x, x.new_ones(1, 1, kernel), stride=stride)
    seen = torch.autograd.grad(x[0, 0, 1], image)[0].count_nonzero()
    return _field(function, *stack)[0] == int(seen)


def field_of_kernels_added_by_strides(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size += kernel * jump
        jump *= stride
    return size, jump


@mistake(
    "The kernels' lengths are added. But neighboring windows overlap: how many *new* pixels does a layer of 3 on "
    "top of a layer of 3 see?",
    variants=(field_of_kernels_added_by_strides,),
)
def kernels_added(stack: Stack) -> tuple[int, int]:
    return sum(kernel for kernel, _ in stack), math.prod(stride for _, stride in stack)


@mistake("The kernels' lengths are multiplied, as if windows did not overlap. Two layers of 3 see 5 pixels, not 9.")
def kernels_multiplied(stack: Stack) -> tuple[int, int]:
    return math.prod(kernel for kernel, _ in stack), math.prod(stride for _, stride in stack)


@mistake(
    "The size grows by k - 1 in each layer, whatever the strides before. Behind a stride of 2, how far apart are "
    "two neighbors in the image?"
)
def strides_ignored(stack: Stack) -> tuple[int, int]:
    return 1 + sum(kernel - 1 for kernel, _ in stack), math.prod(stride for _, stride in stack)


def field_with_own_strides(stack: Stack) -> tuple[int, int]:
    return 1 + sum((kernel - 1) * stride for kernel, stride in stack), math.prod(stride for _, stride in stack)


@mistake(
    "A layer's own stride counts for its own kernel here. Its kernel still slides over the units before: multiply "
    "afterwards.",
    variants=(field_with_own_strides,),
)
def stride_too_early(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        jump *= stride
        size += (kernel - 1) * jump
    return size, jump


def field_and_last_stride(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack)[0], stack[-1][1] if stack else 1


@mistake(
    "Only the latest stride counts. Strides of 2 and 2 put neighbors 4 pixels apart: they multiply.",
    variants=(field_and_last_stride,),
)
def only_the_last_stride(stack: Stack) -> tuple[int, int]:
    size, before = 1, 1
    for kernel, stride in stack:
        size += (kernel - 1) * before
        before = stride
    return size, math.prod(stride for _, stride in stack)


def field_with_strides_summed(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 0
    for kernel, stride in stack:
        size += (kernel - 1) * max(jump, 1)
        jump += stride
    return size, jump


@mistake("The strides are added. Every second of every third is every sixth.", variants=(field_with_strides_summed,))
def strides_added(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size += (kernel - 1) * jump
        jump += stride - 1
    return size, jump


def field_growing(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size, jump = size * stride + kernel - 1, jump * stride
    return size, jump


@mistake(
    "The stack is walked in one direction with the rule for the other. Which layer meets the image?",
    variants=(field_growing,),
)
def from_the_end(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack[::-1])


@mistake("It is one too small. How many pixels does a unit see before there is any layer?")
def starts_at_zero(stack: Stack) -> tuple[int, int]:
    size, stride = receptive_field(stack)
    return size - 1, stride


@mistake("Size and stride have changed places: (size, stride).")
def swapped(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack)[::-1]


EXERCISE = Exercise(
    __name__,
    title="How much one unit sees",
    difficulty=2,
    minutes=12,
    signature="receptive_field(stack)",
    hints=(
        "Start with one pixel, which sees itself. Each layer adds to both ends of what a unit sees. How much, in pixels "
        "*of the image*?",
        "Keep two numbers: the size so far, and how many pixels of the image lie between two neighboring units. A kernel "
        "of k reaches k - 1 units further, each worth that many pixels; then the distance is multiplied by the stride.",
        "Start from `size, jump = 1, 1`; for each layer `size += (kernel - 1) * jump`, and *after* that `jump *= stride`.",
    ),
    reference=receptive_field,
    cases=(
        _stack_case((3, 1), (3, 1), (2, 2), (3, 1), (3, 1)),
        _stack_case((7, 2), (3, 2), (3, 1)),
        _stack_case((11, 4), (3, 2), (5, 1), (3, 2), (3, 1)),
        _stack_case((2, 3), (5, 2), (4, 1), (3, 3)),
        _stack_case((1, 1)),
        _stack_case((1, 5), (7, 1)),
    ),
    takes={"stack": several(made_by(lambda pick, sizes: (pick.whole(1, 8), pick.whole(1, 4))), 0, 6)},
    verified="kernels reach as far as the strides before them",
)
