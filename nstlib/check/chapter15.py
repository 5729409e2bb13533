"""Exercises of chapter 15, the engine room, with the mistakes that people make in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import gram, transfer
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.engine import cost
from nstlib.engine.tiles import strip_rows
from nstlib.kernels import winograd

CHAPTER = "15_engine"


class _Once(list):
    """Tensors that a function under examination gets as a generator: it can go through them once."""


def _handed(tensors: list[Tensor]) -> Iterable[Tensor]:
    return (tensor for tensor in tensors) if isinstance(tensors, _Once) else tensors


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# flops ------------------------------------------------------------------------------------------------------------------

Stack = list[int | str]


def _flops_case(stack: Stack, height: int, width: int) -> Case:
    quantities = {"2": 2.0, "3": 3.0, "9": 9.0, "18": 18.0}
    return Case(f"{stack}, {height} x {width} pixels", lambda _: (list(stack), height, width), quantities)


def _flops_one(function: Function) -> bool:
    return function([7], 1, 1) == 2 * 9 * 3 * 7


def _flops_nothing(function: Function) -> bool:
    return function([8, 6, "pool"], 10, 12) == function([8, 6], 10, 12)


def _flops_larger(function: Function) -> bool:
    return function([8, "pool", 6, "pool", 5], 24, 40) == 4 * function([8, "pool", 6, "pool", 5], 12, 20)


def _flops_wider(function: Function) -> bool:
    first, both, wide = function([8], 9, 7), function([8, 6], 9, 7), function([16, 12], 9, 7)
    return wide == 2 * first + 4 * (both - first)


def _flops_turned(function: Function) -> bool:
    tall, wide = (function([4, "pool", 5], *size) for size in ((25, 14), (14, 25)))
    return tall == wide and tall != function([4, "pool", 5], 25, 13)


def _flops_vgg(function: Function) -> bool:
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


def flops_multiplications(stack: Stack, height: int, width: int) -> int:
    return cost.flops(stack, height, width) // 2


def flops_without_input_channels(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * out)


def flops_without_output_channels(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * given)


def flops_always_of_colors(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 18 * 3 * out)


def flops_without_kernel(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 2 * given * out)


def flops_kernel_of_three(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: 2 * 3 * given * out)


def _first_replaced(stack: Stack, height: int, width: int, channels: int) -> int:
    k = next((k for k, layer in enumerate(stack) if layer != "pool"), 0)
    first = cost.flops(stack[: k + 1], height, width)
    return cost.flops(stack, height, width) - first + first // 3 * channels


def flops_gray(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, 1)


def flops_first_from_itself(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, next((layer for layer in stack if layer != "pool"), 0))


def flops_first_skipped(stack: Stack, height: int, width: int) -> int:
    return _first_replaced(stack, height, width, 0)


def flops_pool_height(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool_width=lambda size: size)


def flops_pool_width(stack: Stack, height: int, width: int) -> int:
    return _count(stack, width, height, pool_width=lambda size: size)


def flops_pool_ignored(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: size)


def flops_rounded_up(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: -(-size // 2))


def flops_rounded(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, pool=lambda size: round(size / 2))


def flops_of_fractions(stack: Stack, height: int, width: int) -> float:
    return _count(stack, height, width, pool=lambda size: size / 2)


def flops_of_fractions_cut(stack: Stack, height: int, width: int) -> int:
    return int(flops_of_fractions(stack, height, width))


def flops_of_quarters(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height * width, 1, pool=lambda area: area // 4, pool_width=lambda size: size)


def flops_last(stack: Stack, height: int, width: int) -> int:
    k = max((k for k, layer in enumerate(stack) if layer != "pool"), default=0)
    return cost.flops(stack[: k + 1], height, width) - cost.flops(stack[:k], height, width)


def flops_pooled_early(stack: Stack, height: int, width: int) -> int:
    """Count a convolution in front of a pooling with the size after it."""
    swapped = list(stack)
    for k in range(len(swapped) - 1):
        if swapped[k] != "pool" and swapped[k + 1] == "pool":
            swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
    return cost.flops(swapped, height, width)


def flops_at_the_last_size(stack: Stack, height: int, width: int) -> int:
    return cost.flops(sorted(stack, key=lambda layer: layer != "pool"), height, width)


def flops_without_padding(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, shrink=2)


def flops_with_biases(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given + 1) * out)


def flops_with_biases_and_relus(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given + 2) * out)


def flops_of_one_position(stack: Stack, height: int, width: int) -> int:
    return _count([layer for layer in stack if layer != "pool"], 1, 1)


def flops_multiplied(stack: Stack, height: int, width: int) -> int:
    costs = [
        cost.flops(stack[: k + 1], height, width) - cost.flops(stack[:k], height, width) for k in range(len(stack))
    ]
    return math.prod(value for value in costs if value)


def flops_to_the_letter(stack: Stack, height: int, width: int) -> int:
    return _count(stack, height, width, each=lambda given, out: (18 * given - 1) * out)


FLOPS = Exercise(
    name="flops",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("one pixel, 3 channels in and 7 out: 189 multiplications and as many additions", _flops_one),
        Law("a pooling at the end costs nothing", _flops_nothing),
        Law("twice the height and twice the width cost four times as much", _flops_larger),
        Law("twice the channels cost the first layer twice as much, and the others four times", _flops_wider),
        Law("an image turned on its side costs the same", _flops_turned),
        Law("VGG-19 down to relu5_1 costs 47.3 billion operations at 256 x 256 pixels", _flops_vgg),
    ),
    mistakes=(
        Mistake(
            "multiplications_only",
            flops_multiplications,
            "It is exactly half: only multiplications are counted, as papers do that speak of MACs. What is done with "
            "the products?",
        ),
        Mistake(
            "input_channels_forgotten",
            flops_without_input_channels,
            "The channels that come in are not counted. A kernel of 3 x 3 stands on *every* channel of the layer before: "
            "how many weights does one output number meet?",
        ),
        Mistake(
            "output_channels_forgotten",
            flops_without_output_channels,
            "The channels that go out are not counted. This is the cost of one output map; how many are there?",
        ),
        Mistake(
            "always_three_inputs",
            flops_always_of_colors,
            "Every convolution is given 3 channels. Only the first one reads the image: what does the second one read?",
        ),
        Mistake(
            "kernel_forgotten",
            flops_without_kernel,
            "The 9 weights of a 3 x 3 kernel are not counted as 9. How many neighbors does an output look at, itself "
            "included?",
            (flops_kernel_of_three,),
        ),
        Mistake(
            "first_layer",
            flops_gray,
            "All layers but the first are right. What comes in there is the image: how many channels has it?",
            (flops_first_from_itself, flops_first_skipped),
        ),
        Mistake(
            "pooled_one_way",
            flops_pool_height,
            "A pooling halves only one of the two sizes here. What becomes of 2 x 2 pixels?",
            (flops_pool_width,),
        ),
        Mistake(
            "pool_ignored",
            flops_pool_ignored,
            'All layers have the size of the image. What does "pool" do to height and width?',
        ),
        Mistake(
            "not_rounded_down",
            flops_rounded_up,
            "Odd sizes are not rounded down. A window of 2 x 2 that does not fit any more is left out: which operator "
            "drops the rest?",
            (flops_rounded, flops_of_fractions, flops_of_fractions_cut),
        ),
        Mistake(
            "area_divided_by_four",
            flops_of_quarters,
            "The area is divided by 4 at once. 5 x 7 pixels become 2 x 3, and not 35 // 4: round height and width each "
            "by itself.",
        ),
        Mistake(
            "last_layer_only",
            flops_last,
            "This is the cost of the last convolution alone. Is the total added to, or overwritten?",
        ),
        Mistake(
            "pooled_too_early",
            flops_pooled_early,
            "A convolution is counted with a size that the picture gets only later. Which size does it work on: that "
            "before the next pooling, or that after it?",
            (flops_at_the_last_size,),
        ),
        Mistake(
            "without_padding",
            flops_without_padding,
            "Each convolution takes 2 pixels off. These pad by 1 on each side: how many outputs have they?",
        ),
        Mistake(
            "biases_counted",
            flops_with_biases,
            "Biases or ReLUs are counted too: it is a little too much. Only the products with the weights, and adding "
            "them up, are asked for.",
            (flops_with_biases_and_relus,),
        ),
        Mistake(
            "positions_forgotten",
            flops_of_one_position,
            "This is the cost of one single position. A weight is stored once, but used at how many places?",
        ),
        Mistake(
            "layers_multiplied",
            flops_multiplied,
            "The costs of the layers are multiplied with each other. They run one after the other: what becomes of their "
            "costs?",
        ),
    ),
    conventions=(
        Convention(
            "additions_to_the_letter",
            flops_to_the_letter,
            "You count to the letter: n products are added up by n - 1 additions. Like PyTorch's own counter, the book "
            "counts n; your numbers below will be a little smaller than its.",
        ),
    ),
    verified="channels, kernels, sizes and rounding, exact to the last operation",
)


# gram_backward ----------------------------------------------------------------------------------------------------------


def _backward_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    b, c, h, w = shape

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features, gradient = normal(seed, *shape, dtype=dtype) + 0.25, normal(seed + 50, b, c, c, dtype=dtype)
        return (scattered(features), scattered(gradient)) if loose else (features, gradient)

    sizes = {"2": 2.0, "4": 4.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c, "H": h, "W": w}
    return Case(f"features {shape}, gradient {(b, c, c)}{_loose(loose)}", make, {**sizes, "(H*W)**2": (h * w) ** 2})


def _backward(function: Function, features: Tensor, gradient: Tensor) -> Tensor:
    return torch.as_tensor(function(features, gradient))


def _pulled() -> tuple[Tensor, Tensor]:
    return normal(11, 2, 3, 4, 5) + 0.25, normal(12, 2, 3, 3)


def _backward_slope(function: Function) -> bool:
    """The Gram matrix is quadratic, so that the difference of two of its values is its slope exactly."""
    (features, gradient), direction = (t.double() for t in _pulled()), normal(13, 2, 3, 4, 5).double()
    values = [(gradient * gram.gram_matrix(features + step * direction)).sum() for step in (0.5, -0.5)]
    return close((_backward(function, features, gradient) * direction).sum(), values[0] - values[1])


def _backward_antisymmetric(function: Function) -> bool:
    features, gradient = _pulled()
    result = _backward(function, features, gradient - gradient.mT)
    return result.shape == features.shape and bool((result.abs() < 1e-5).all())


def _backward_transposed(function: Function) -> bool:
    features, gradient = _pulled()
    return close(_backward(function, features, gradient.mT.contiguous()), _backward(function, features, gradient))


def _backward_identity(function: Function) -> bool:
    features, _ = _pulled()
    return close(_backward(function, features, torch.eye(3).expand(2, 3, 3).clone()), features / 10)


def _backward_linear(function: Function) -> bool:
    features, gradient = _pulled()
    once = _backward(function, features, gradient)
    return close(_backward(function, features, 3 * gradient), 3 * once) and close(
        _backward(function, 3 * features, gradient), 3 * once
    )


def _backward_alone(function: Function) -> bool:
    features, gradient = _pulled()
    together = _backward(function, features, gradient)
    return all(close(_backward(function, features[k : k + 1], gradient[k : k + 1])[0], together[k]) for k in range(2))


def _product(matrix: Tensor, features: Tensor) -> Tensor:
    return (matrix @ features.flatten(2) / features[0, 0].numel()).view(features.shape)


def backward_of_a_symmetric(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(2 * gradient, features)


def backward_of_a_symmetric_transposed(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(2 * gradient.mT, features)


def backward_of_one_factor(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient, features)


def backward_of_the_other_factor(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient.mT, features)


def backward_halved(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) / 2


def backward_of_the_sum(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) * features[0, 0].numel()


def backward_over_all_numbers(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient) / features.shape[1]


def backward_over_channels(features: Tensor, gradient: Tensor) -> Tensor:
    return backward_of_the_sum(features, gradient) / features.shape[1]


def backward_difference(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient - gradient.mT, features)


def backward_difference_turned(features: Tensor, gradient: Tensor) -> Tensor:
    return _product(gradient.mT - gradient, features)


def backward_scrambled(features: Tensor, gradient: Tensor) -> Tensor:
    b, c, h, w = features.shape
    return (features.reshape(b, h * w, c) @ (gradient + gradient.mT) / (h * w)).reshape(features.shape)


def backward_left_turned(features: Tensor, gradient: Tensor) -> Tensor:
    """Multiply rows of positions rightly, and then read (B, H*W, C) as if it were (B, C, H, W)."""
    rows = features.flatten(2).mT @ (gradient + gradient.mT) / features[0, 0].numel()
    return rows.reshape(features.shape)


def backward_left_flat(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient).flatten(2)


def backward_batch_summed(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient.sum(0, keepdim=True).expand_as(gradient))


def backward_of_the_first(features: Tensor, gradient: Tensor) -> Tensor:
    return gram.gram_backward(features, gradient[:1].expand_as(gradient))


GRAM_BACKWARD = Exercise(
    name="gram_backward",
    chapter=CHAPTER,
    title="The way back through a Gram matrix",
    difficulty=2,
    minutes=15,
    signature="gram_backward(features, gradient)",
    hints=(
        "Each activation stands in the Gram matrix twice: its channel once as a row, once as a column. The product rule "
        "gives one term for each.",
        "Write F for the features as (B, C, H*W). A small change dF changes G by (dF F^T + F dF^T) / (H*W). Weigh that "
        "with the gradient S and ask what stands beside dF: once S F, once S^T F.",
        "`(gradient + gradient.mT) @ features.flatten(2)`, divided by H*W as the mean was, in the shape of `features`.",
    ),
    reference=gram.gram_backward,
    cases=(
        _backward_case(1, (1, 3, 4, 5)),
        _backward_case(2, (2, 5, 3, 4)),
        _backward_case(3, (2, 4, 6, 3), loose=True),
        _backward_case(4, (1, 6, 5, 7)),
    ),
    laws=(
        Law("moving the features a little changes the loss as the gradient says", _backward_slope),
        Law("an antisymmetric gradient pulls nowhere: the Gram matrix is symmetric", _backward_antisymmetric),
        Law("a gradient and its transpose pull in the same way", _backward_transposed),
        Law("the gradient of the trace is 2 F / (H*W)", _backward_identity),
        Law("three times the gradient, or three times the features, pull three times as strongly", _backward_linear),
        Law("each image of a batch is pulled by its own gradient", _backward_alone),
    ),
    mistakes=(
        Mistake(
            "gradient_taken_as_symmetric",
            backward_of_a_symmetric,
            "This is right for a symmetric gradient only. The Gram matrix is symmetric, but what comes back to it may be "
            "any matrix: what takes the place of 2 S then?",
            (backward_of_a_symmetric_transposed,),
        ),
        Mistake(
            "one_term_of_two",
            backward_of_one_factor,
            "One term of the product rule is missing. The features stand in G twice, as rows and as columns: what does "
            "the other place contribute?",
            (backward_of_the_other_factor,),
        ),
        Mistake(
            "half",
            backward_halved,
            "It is exactly half. S and its transpose are averaged here; does the product rule average its two terms, or "
            "add them?",
        ),
        Mistake(
            "mean_forgotten",
            backward_of_the_sum,
            "It is H*W times too large. G was a *mean* over positions: what does each position contribute to it?",
        ),
        Mistake(
            "divided_by_all_numbers",
            backward_over_all_numbers,
            "This divides by C*H*W. The mean in G runs over positions only: how many are there?",
        ),
        Mistake(
            "divided_by_channels",
            backward_over_channels,
            "This divides by the number of channels. The mean in G runs over positions: how many are there?",
        ),
        Mistake(
            "terms_subtracted",
            backward_difference,
            "The two terms are subtracted from each other. Does the product rule have a minus?",
            (backward_difference_turned,),
        ),
        Mistake(
            "scrambled_by_reshape",
            backward_scrambled,
            "A reshape stands where axes should be exchanged: it cuts the same row of numbers in other places, so "
            "channels and positions get mixed. Is it flatten(2), or a transpose, that you mean?",
            (backward_left_turned,),
        ),
        Mistake(
            "left_flat",
            backward_left_flat,
            "The numbers are right, but the positions still stand in one row. Which shape have the features?",
        ),
        Mistake(
            "batch_folded_in",
            backward_batch_summed,
            "The images of the batch are pulled by a common gradient. Each has its own: keep the first axis apart.",
            (backward_of_the_first,),
        ),
    ),
    verified="both terms of the product rule, in one matrix product for each image",
)


# winograd_1d ------------------------------------------------------------------------------------------------------------

Pair = tuple[Tensor, Tensor]


def _winograd_case(seed: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> Pair:
        inputs, kernel = normal(seed, 8, dtype=dtype)[::2], normal(seed + 50, 6, dtype=dtype)[::2]
        return (inputs, kernel) if loose else (inputs.contiguous(), kernel.contiguous())

    return Case(f"inputs (4,), kernel (3,){_loose(loose)}", make, {"2": 2.0, "4": 4.0})


def _watch_winograd(function: Function, arguments: tuple) -> object:
    """Return the two vectors by name; whatever is no pair is taken for the first of them."""
    result = function(*arguments)
    if result is None or result is ...:
        return result
    paired = isinstance(result, (tuple, list)) and len(result) == 2
    outputs, products = result if paired else (result, None)
    return {"the vector of outputs": outputs, "the vector of products": products}


def _pairs(function: Function, inputs: Tensor, kernel: Tensor) -> Pair:
    outputs, products = function(inputs, kernel)
    return torch.as_tensor(outputs), torch.as_tensor(products)


def _signal() -> Pair:
    return normal(31, 4), normal(32, 3)


def _winograd_direct(function: Function) -> bool:
    inputs, kernel = _signal()
    return close(_pairs(function, inputs, kernel)[0], _slide(inputs, kernel))


def _winograd_sums(function: Function) -> bool:
    outputs, (m1, m2, m3, m4) = _pairs(function, *_signal())
    return close(outputs, torch.stack([m1 + m2 + m3, m2 - m3 - m4]))


def _winograd_middle(function: Function) -> bool:
    inputs, _ = _signal()
    return close(_pairs(function, inputs, torch.tensor([0.0, 1.0, 0.0]))[0], inputs[1:3])


def _winograd_constant(function: Function) -> bool:
    _, kernel = _signal()
    total = kernel.sum()
    outputs, products = _pairs(function, torch.ones(4), kernel)
    return close(outputs, total.expand(2)) and close(products, torch.stack([0 * total, total, 0 * total, 0 * total]))


def _winograd_moved(function: Function) -> bool:
    values, kernel = normal(33, 5), normal(32, 3)
    here, there = (_pairs(function, values[k : k + 4].clone(), kernel)[0] for k in (0, 1))
    return close(here[1], there[0])


def _winograd_linear(function: Function) -> bool:
    inputs, kernel = _signal()
    once = _pairs(function, inputs, kernel)[1]
    return all(close(_pairs(function, a * inputs, b * kernel)[1], 3 * once) for a, b in ((3, 1), (1, 3)))


def _slide(inputs: Tensor, kernel: Tensor) -> Tensor:
    return F.conv1d(inputs[None, None], kernel[None, None])[0, 0]


def _products(
    inputs: Tensor,
    kernel: Tensor,
    *,
    halves: tuple[float, float] = (0.5, 0.5),
    signs: tuple[int, int] = (1, 1),
    order: tuple[int, ...] = (0, 1, 2, 3),
    minus: int = -1,
) -> Tensor:
    """Return the four products with something amiss: halves, the signs of the last two, order, the sign before g1."""
    (d0, d1, d2, d3), (g0, g1, g2) = inputs, kernel
    second, third = halves[0] * (d1 + d2) * (g0 + g1 + g2), halves[1] * (d2 - d1) * (g0 + minus * g1 + g2)
    return torch.stack([(d0 - d2) * g0, second, signs[0] * third, signs[1] * (d1 - d3) * g2])[list(order)]


def _summed(products: Tensor) -> Tensor:
    m1, m2, m3, m4 = products
    return torch.stack([m1 + m2 + m3, m2 - m3 - m4])


def _amiss(**options: object) -> tuple[Function, Function]:
    """Return two ways of being wrong in the products: outputs added up from them, and outputs that are right."""

    def outputs_summed(inputs: Tensor, kernel: Tensor) -> Pair:
        products = _products(inputs, kernel, **options)
        return _summed(products), products

    def outputs_right(inputs: Tensor, kernel: Tensor) -> Pair:
        return _slide(inputs, kernel), _products(inputs, kernel, **options)

    return outputs_summed, outputs_right


def winograd_flipped(inputs: Tensor, kernel: Tensor) -> Pair:
    return winograd.winograd_1d(inputs, kernel.flip(0))


def winograd_six_products(inputs: Tensor, kernel: Tensor) -> Pair:
    products = inputs.unfold(0, 3, 1) * kernel  # (2, 3)
    return products.sum(1), products.flatten()


def winograd_six_products_in_rows(inputs: Tensor, kernel: Tensor) -> Pair:
    outputs, products = winograd_six_products(inputs, kernel)
    return outputs, products.view(2, 3)


def _other_sums(*signs: int) -> Function:
    def winograd_summed_otherwise(inputs: Tensor, kernel: Tensor) -> Pair:
        outputs, products = winograd.winograd_1d(inputs, kernel)
        return torch.stack([outputs[0], (torch.tensor(signs) * products[1:]).sum()]), products

    return winograd_summed_otherwise


def winograd_outputs_only(inputs: Tensor, kernel: Tensor) -> Tensor:
    return winograd.winograd_1d(inputs, kernel)[0]


def winograd_products_only(inputs: Tensor, kernel: Tensor) -> Tensor:
    return winograd.winograd_1d(inputs, kernel)[1]


def winograd_two_numbers(inputs: Tensor, kernel: Tensor) -> Pair:
    first, second = winograd.winograd_1d(inputs, kernel)[0]
    return first, second


def winograd_swapped(inputs: Tensor, kernel: Tensor) -> Pair:
    return winograd.winograd_1d(inputs, kernel)[::-1]


WINOGRAD_1D = Exercise(
    name="winograd_1d",
    chapter=CHAPTER,
    title="Two outputs, four multiplications",
    difficulty=2,
    minutes=15,
    signature="winograd_1d(inputs, kernel)",
    hints=(
        "Write down what the two outputs should be, and what the two sums make of them. Two equations, two unknown "
        "products m2 and m3: add the equations, subtract them.",
        "m2 + m3 is the first output without m1; m2 - m3 is the second with m4 put back. Half their sum is m2, half "
        "their difference is m3. Each of them factors into something of the inputs times something of the kernel.",
        "m2 is `(d1 + d2) * (g0 + g1 + g2) / 2`; m3 has the difference of the same two inputs, and a minus before one of "
        "the weights. Check it with m2 - m3.",
    ),
    reference=winograd.winograd_1d,
    cases=(
        _winograd_case(1),
        _winograd_case(2, loose=True),
        _winograd_case(3),
        _winograd_case(4, loose=True),
    ),
    laws=(
        Law("the outputs are those of the kernel slid over the inputs", _winograd_direct),
        Law("the outputs are m1 + m2 + m3 and m2 - m3 - m4", _winograd_sums),
        Law("the kernel 0, 1, 0 returns the two inputs in the middle", _winograd_middle),
        Law("of a constant signal only the second product is left", _winograd_constant),
        Law("one position further on, the second output is the first", _winograd_moved),
        Law("three times the inputs, or the kernel, give three times the products", _winograd_linear),
    ),
    mistakes=(
        Mistake(
            "halves_forgotten",
            _amiss(halves=(1.0, 1.0))[0],
            "The products in the middle are twice too large. Try a constant signal of ones: what should m2 alone add up "
            "to?",
            _amiss(halves=(1.0, 1.0))[1:],
        ),
        Mistake(
            "halved_twice",
            _amiss(halves=(0.25, 0.25))[0],
            "The products in the middle are halved twice: once on the side of the inputs and once on that of the kernel?",
            _amiss(halves=(0.25, 0.25))[1:],
        ),
        Mistake(
            "one_half_forgotten",
            _amiss(halves=(0.5, 1.0))[0],
            "One of the two products in the middle is halved, the other is not. Where does the half come from: does it "
            "not concern both?",
            (*_amiss(halves=(0.5, 1.0))[1:], *_amiss(halves=(1.0, 0.5))),
        ),
        Mistake(
            "kernel_flipped",
            winograd_flipped,
            "The kernel is turned around: this is the convolution of mathematics. Networks slide the kernel as it is: "
            "the first output begins with d0 g0.",
        ),
        Mistake(
            "middle_exchanged",
            _amiss(order=(0, 2, 1, 3))[0],
            "The second and the third product are exchanged. Which of the two enters *both* outputs with a plus?",
            _amiss(order=(0, 2, 1, 3))[1:],
        ),
        Mistake(
            "third_negated",
            _amiss(signs=(-1, 1))[0],
            "The third product has the wrong sign. Which of d1 and d2 is subtracted from which?",
            _amiss(signs=(-1, 1))[1:],
        ),
        Mistake(
            "fourth_negated",
            _amiss(signs=(1, -1))[0],
            "The fourth product has the wrong sign: it is (d1 - d3) g2, and the second output subtracts it.",
            _amiss(signs=(1, -1))[1:],
        ),
        Mistake(
            "no_minus_before_the_middle_weight",
            _amiss(minus=1)[0],
            "The third product uses the same sum of weights as the second. If you subtract your two equations from each "
            "other, what becomes of g1?",
            _amiss(minus=1)[1:],
        ),
        Mistake(
            "other_sums",
            _other_sums(1, -1, 1),
            "The products are right, but the second output is not. It is m2 - m3 - m4: look at the signs.",
            (_other_sums(1, 1, -1), _other_sums(1, 1, 1), _other_sums(-1, 1, 1)),
        ),
        Mistake(
            "six_products",
            winograd_six_products,
            "The outputs are right, but they take six products, three for each. Which four does the statement ask for?",
            (winograd_six_products_in_rows,),
        ),
        Mistake(
            "only_one_of_the_two",
            winograd_outputs_only,
            "Two vectors are asked for, the two outputs and the four products: `return outputs, products`.",
            (winograd_products_only, winograd_two_numbers),
        ),
        Mistake("swapped", winograd_swapped, "The order is `(outputs, products)`: first the two, then the four."),
    ),
    observe=_watch_winograd,
    verified="two outputs from four products where six were needed",
)


# tile_gram --------------------------------------------------------------------------------------------------------------


def _strips(seed: int, batch: int, channels: int, width: int, heights: tuple[int, ...]) -> list[Tensor]:
    """Return a feature map, cut into strips; each has another level, as a sky has over a field."""
    strips = [normal(seed + k, batch, channels, height, width) + 0.4 * k for k, height in enumerate(heights)]
    return list(torch.cat(strips, 2).split(heights, 2))


def _strips_case(
    seed: int, sizes: tuple[int, int, int], heights: tuple[int, ...], *, once: bool = False, views: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor]]:
        strips = [
            strip.to(dtype) if views else strip.to(dtype).contiguous() for strip in _strips(seed, *sizes, heights)
        ]
        return (_Once(strips) if once else strips,)

    batch, channels, width = sizes
    kind, positions = "a generator" if once else "a list", sum(heights) * width
    label = f"{kind} of strips ({batch}, {channels}, h, {width}), h = {', '.join(map(str, heights))}"
    named = {"2": 2.0, "H*W": positions, "C": channels, "W": width, "H": sum(heights), "strips": len(heights)}
    return Case(f"{label}{_loose(views)}", make, named)


def _watch_tiles(function: Function, arguments: tuple) -> object:
    return function(_handed(arguments[0]))


def _tiled(function: Function, strips: list[Tensor]) -> Tensor:
    return torch.as_tensor(function(strip for strip in strips))


_HEIGHTS = (2, 5, 3)


def _tile_one(function: Function) -> bool:
    (strip,) = _strips(41, 2, 3, 4, (5,))
    return close(_tiled(function, [strip]), gram.gram_matrix(strip))


def _tile_whole(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, strips), gram.gram_matrix(torch.cat(strips, 2)))


def _tile_cut_elsewhere(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    others = list(torch.cat(strips, 2).split((1, 1, 8), 2))
    return close(_tiled(function, others), _tiled(function, strips))


def _tile_any_order(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, strips[::-1]), _tiled(function, strips))


def _tile_empty(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, [*strips, torch.zeros(2, 3, 10, 4)]), _tiled(function, strips) / 2)


def _tile_alone(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    together = _tiled(function, strips)
    return all(close(_tiled(function, [strip[k : k + 1] for strip in strips])[0], together[k]) for k in range(2))


def _sum_of_products(tiles: Iterable[Tensor]) -> tuple[Tensor, list[int]]:
    """Return the sum over all positions, and how many each strip has."""
    totals, positions = [], []
    for tile in tiles:
        vectors = tile.flatten(2)
        totals.append(vectors @ vectors.mT)
        positions.append(vectors.shape[-1])
    return torch.stack(totals).sum(0), positions


def tile_mean_of_means(tiles: Iterable[Tensor]) -> Tensor:
    return torch.stack([gram.gram_matrix(tile) for tile in tiles]).mean(0)


def tile_mean_of_means_by_length(tiles: Iterable[Tensor]) -> Tensor:
    return sum(gram.gram_matrix(tile) for tile in tiles) / len(tiles)


def tile_sum_of_means(tiles: Iterable[Tensor]) -> Tensor:
    return sum(gram.gram_matrix(tile) for tile in tiles)


def tile_normalized_twice(tiles: Iterable[Tensor]) -> Tensor:
    grams, positions = zip(*[(gram.gram_matrix(tile), tile[0, 0].numel()) for tile in tiles], strict=True)
    return sum(grams) / sum(positions)


def tile_running_half(tiles: Iterable[Tensor]) -> Tensor:
    mean = None
    for tile in tiles:
        mean = gram.gram_matrix(tile) if mean is None else (mean + gram.gram_matrix(tile)) / 2
    return mean


def tile_over_the_last(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / positions[-1]


def tile_over_the_first(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / positions[0]


def tile_over_strips(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / len(positions)


def tile_over_strips_by_length(tiles: Iterable[Tensor]) -> Tensor:
    return _sum_of_products(tiles)[0] / len(tiles)


def tile_over_rows(tiles: Iterable[Tensor]) -> Tensor:
    tiles = list(tiles)
    return _sum_of_products(tiles)[0] / sum(tile.shape[2] for tile in tiles)


def tile_sum(tiles: Iterable[Tensor]) -> Tensor:
    return _sum_of_products(tiles)[0]


def tile_counted_afterward(tiles: Iterable[Tensor]) -> Tensor:
    total = _sum_of_products(tiles)[0]
    return total / sum(tile.shape[2] * tile.shape[3] for tile in tiles)


def tile_counted_beforehand(tiles: Iterable[Tensor]) -> object:
    positions = sum(tile.shape[2] * tile.shape[3] for tile in tiles)
    return sum(tile.flatten(2) @ tile.flatten(2).mT for tile in tiles) / positions


def tile_counted_beforehand_from_zeros(tiles: Iterable[Tensor]) -> Tensor:
    positions = 0
    for tile in tiles:
        positions += tile.shape[2] * tile.shape[3]
    total = torch.zeros(tile.shape[0], tile.shape[1], tile.shape[1], dtype=tile.dtype)
    for tile in tiles:
        total += tile.flatten(2) @ tile.flatten(2).mT
    return total / positions


def tile_last(tiles: Iterable[Tensor]) -> Tensor:
    return [gram.gram_matrix(tile) for tile in tiles][-1]


def tile_first(tiles: Iterable[Tensor]) -> Tensor:
    return gram.gram_matrix(next(iter(tiles)))


def tile_last_over_all(tiles: Iterable[Tensor]) -> Tensor:
    grams, positions = zip(*[(gram.gram_matrix(tile), tile[0, 0].numel()) for tile in tiles], strict=True)
    return grams[-1] * positions[-1] / sum(positions)


def tile_batch_folded(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tiles).sum(0)


def tile_batch_averaged(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tiles).mean(0)


def tile_centered(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tile - tile.mean((2, 3), keepdim=True) for tile in tiles)


def tile_johnson(tiles: Iterable[Tensor]) -> Tensor:
    result = gram.tile_gram(tiles)
    return result / result.shape[-1]


TILE_GRAM = Exercise(
    name="tile_gram",
    chapter=CHAPTER,
    title="The exact Gram matrix of a map in strips",
    difficulty=1,
    minutes=10,
    signature="tile_gram(tiles)",
    hints=(
        "A mean is a sum and a count. Sums of strips can be added, counts too; means of strips cannot be averaged, "
        "because a high strip has more positions than a low one.",
        "Keep two things while you go through the strips once: the sum of `vectors @ vectors.mT`, and the number of "
        "positions seen so far. Divide when the last strip has passed.",
        "In the loop: `vectors = tile.flatten(2)`, `total = total + vectors @ vectors.mT`, "
        "`positions += vectors.shape[-1]`; after it: `return total / positions`.",
    ),
    reference=gram.tile_gram,
    cases=(
        _strips_case(1, (1, 3, 4), (2, 5)),
        _strips_case(11, (2, 4, 3), (3, 1, 4), once=True),
        _strips_case(21, (2, 5, 2), (4, 2, 3, 1), views=True),
        _strips_case(31, (1, 6, 5), (1, 6, 2), once=True, views=True),
    ),
    laws=(
        Law("one strip alone has its own Gram matrix", _tile_one),
        Law("several have that of the whole map", _tile_whole),
        Law("where the map is cut makes no difference", _tile_cut_elsewhere),
        Law("the order of the strips makes no difference", _tile_any_order),
        Law("a dark strip as large as all others halves the mean", _tile_empty),
        Law("each image of a batch has its own matrix", _tile_alone),
    ),
    mistakes=(
        Mistake(
            "mean_of_means",
            tile_mean_of_means,
            "Each strip counts the same, however high it is. Which one should weigh more: a strip of 5 rows or one of 2?",
            (tile_mean_of_means_by_length,),
        ),
        Mistake(
            "sum_of_means",
            tile_sum_of_means,
            "The strips' means are added up: the more strips, the larger the result. What is a mean over all positions "
            "made of?",
        ),
        Mistake(
            "normalized_twice",
            tile_normalized_twice,
            "The strips' means are added up, and then divided by the number of positions once more. A strip's mean has "
            "been divided already: what has to be added up instead?",
        ),
        Mistake(
            "running_half",
            tile_running_half,
            "Each strip is averaged with all before it, half and half: the last one then counts as much as all others "
            "together. How many positions does each side stand for?",
        ),
        Mistake(
            "positions_of_one_strip",
            tile_over_the_last,
            "The sum over all strips is divided by the positions of one of them. Do you add the positions up, or write "
            "over them?",
            (tile_over_the_first,),
        ),
        Mistake(
            "divided_by_strips",
            tile_over_strips,
            "The sum over positions is divided by the number of strips. The mean runs over positions: how many are there "
            "in all?",
            (tile_over_strips_by_length,),
        ),
        Mistake(
            "divided_by_rows",
            tile_over_rows,
            "It is W times too large: rows are counted, not positions.",
        ),
        Mistake(
            "never_divided",
            tile_sum,
            "This is the sum over positions. The Gram matrix of this course is their mean: count them as they pass.",
        ),
        Mistake(
            "gone_through_twice",
            tile_counted_afterward,
            "The strips are gone through twice. A generator gives each of them once, so the second pass sees nothing: "
            "can you count and add up in the same pass?",
            (tile_counted_beforehand, tile_counted_beforehand_from_zeros),
        ),
        Mistake(
            "one_strip_only",
            tile_last,
            "This is the Gram matrix of one strip: the others are lost. Is the total added to, or overwritten? And does "
            "`return` stand inside the loop?",
            (tile_first, tile_last_over_all),
        ),
        Mistake(
            "batch_folded_in",
            tile_batch_folded,
            "The images of the batch are put together. Each has its own matrix: (B, C, C).",
            (tile_batch_averaged,),
        ),
        Mistake(
            "centered",
            tile_centered,
            "The mean of each strip is subtracted first. A Gram matrix keeps the mean; and here every strip would lose "
            "another one.",
        ),
    ),
    conventions=(
        Convention(
            "johnson",
            tile_johnson,
            "This is the convention of Johnson et al. (2016): divided by C*H*W, not only by H*W. Both are in use; your "
            "numbers below will differ from the book's by the factor 1/C.",
        ),
    ),
    observe=_watch_tiles,
    verified="the Gram matrix of the whole map, in one pass over strips of any height",
)


# strip_rows -------------------------------------------------------------------------------------------------------------


def _rows_case(start: int, stop: int, height: int, convolutions: int) -> Case:
    label = f"rows {start} to {stop} of {height}, {convolutions} convolution{'s' * (convolutions != 1)}"
    return Case(label, lambda _: (start, stop, height, convolutions))


def _rows(function: Function, *arguments: int) -> tuple[int, int]:
    first, last = function(*arguments)
    return int(first), int(last)


def _blurred(rows: Tensor, convolutions: int) -> Tensor:
    """Return rows (1, 1, H, 3) after some convolutions of positive weights, which let every row through."""
    for _ in range(convolutions):
        rows = F.conv2d(rows, torch.full((1, 1, 3, 3), 0.2, dtype=rows.dtype), padding=1)
    return rows


_STRIPS = ((8, 12, 20, 3), (0, 5, 20, 2), (17, 20, 20, 4), (2, 4, 20, 5))


def _rows_enough(function: Function) -> bool:
    """Zeros may stand for whatever is not needed."""
    image = 1 + uniform(51, 1, 1, 20, 3).double()
    for start, stop, height, convolutions in _STRIPS:
        first, last = _rows(function, start, stop, height, convolutions)
        known = torch.zeros_like(image)
        known[:, :, first:last] = image[:, :, first:last]
        whole, part = (_blurred(rows, convolutions)[:, :, start:stop] for rows in (image, known))
        if not 0 <= first < last <= height or not close(part, whole, 1e-9):
            return False
    return True


def _rows_all_needed(function: Function) -> bool:
    for start, stop, height, convolutions in _STRIPS:
        image = torch.ones(1, 1, height, 3, dtype=torch.float64, requires_grad=True)
        first, last = _rows(function, start, stop, height, convolutions)
        (reach,) = torch.autograd.grad(_blurred(image, convolutions)[:, :, start:stop].sum(), image)
        if not bool((reach[:, :, first:last] > 0).all()):
            return False
    return True


def _rows_one_after_another(function: Function) -> bool:
    first, last = _rows(function, 9, 14, 40, 1)
    return _rows(function, first, last, 40, 1) == _rows(function, 9, 14, 40, 2)


def _rows_whole(function: Function) -> bool:
    return _rows(function, 0, 30, 30, 4) == (0, 30)


def _rows_none(function: Function) -> bool:
    return _rows(function, 9, 14, 40, 0) == (9, 14)


def _rows_upside_down(function: Function) -> bool:
    first, last = _rows(function, 2, 9, 30, 4)
    return _rows(function, 30 - 9, 30 - 2, 30, 4) == (30 - last, 30 - first)


def rows_without_halo(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start, stop


def rows_halo_of_one(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 1)


def rows_not_clipped(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start - convolutions, stop + convolutions


def rows_clipped_above(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), stop + convolutions


def rows_clipped_below(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start - convolutions, min(height, stop + convolutions)


def rows_min_for_max(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return min(0, start - convolutions), max(height, stop + convolutions)


def rows_inclusive(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height, stop + convolutions) - 1


def rows_clipped_to_the_last_index(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height - 1, stop + convolutions)


def rows_one_too_many(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height, stop + convolutions + 1)


def rows_two_each(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 2 * convolutions)


def rows_three_each(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 3 * convolutions)


def rows_one_to_spare(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, convolutions + 1)


def rows_all(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return 0, height


def rows_above_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), stop


def rows_below_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start, min(height, stop + convolutions)


def rows_shrunk(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start + convolutions, stop - convolutions


def rows_shrunk_and_clipped(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start + convolutions), min(height, stop - convolutions)


def rows_and_their_number(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    first, last = strip_rows(start, stop, height, convolutions)
    return first, last - first


STRIP_ROWS = Exercise(
    name="strip_rows",
    chapter=CHAPTER,
    title="How far a strip must look beyond its edge",
    difficulty=1,
    minutes=8,
    signature="strip_rows(start, stop, height, convolutions)",
    hints=(
        "One convolution of 3 x 3 looks one row up and one row down. Ask for two: which rows does the second need of the "
        "first, and which of the image does the first need for those?",
        "Each convolution widens the strip by one row at both ends. Beyond the image there is nothing to fetch: there "
        "the padding's zeros stand.",
        "`start - convolutions`, but not below 0; `stop + convolutions`, but not above `height`.",
    ),
    reference=strip_rows,
    cases=(
        _rows_case(10, 20, 100, 3),
        _rows_case(0, 8, 40, 2),
        _rows_case(30, 40, 40, 4),
        _rows_case(1, 6, 50, 3),
        _rows_case(44, 48, 50, 5),
        _rows_case(3, 9, 12, 16),
        _rows_case(512, 1024, 2048, 9),
    ),
    laws=(
        Law("the rows are enough: whatever stands in the others, the strip comes out the same", _rows_enough),
        Law("each of the rows is needed", _rows_all_needed),
        Law("two convolutions need what one needs of what one needs", _rows_one_after_another),
        Law("the whole output needs the whole input, and nothing beyond it", _rows_whole),
        Law("without any convolution the strip needs itself alone", _rows_none),
        Law("upside down it is the same", _rows_upside_down),
    ),
    mistakes=(
        Mistake(
            "no_halo",
            rows_without_halo,
            "These are the rows of the strip itself. At its edge a 3 x 3 kernel looks beyond them: what would it see "
            "there?",
        ),
        Mistake(
            "halo_of_one",
            rows_halo_of_one,
            "One row on each side is what a single convolution needs. The next one needs a neighbor's neighbor: how many "
            "rows do they need together?",
        ),
        Mistake(
            "not_clipped",
            rows_not_clipped,
            "Some rows lie outside the image, where nothing can be fetched; a negative start even counts from the end. "
            "What stands there instead?",
        ),
        Mistake(
            "clipped_above_only",
            rows_clipped_above,
            "At the top the rows end with the image, at the bottom they do not. What is the largest `last` there can be?",
        ),
        Mistake(
            "clipped_below_only",
            rows_clipped_below,
            "At the bottom the rows end with the image, at the top they do not: a negative row counts from the end. What "
            "is the smallest `first` there can be?",
        ),
        Mistake(
            "min_for_max",
            rows_min_for_max,
            "min and max are exchanged. `first` must not be below 0: is that the smaller or the larger of the two numbers?",
        ),
        Mistake(
            "last_included",
            rows_inclusive,
            "It ends one row too early. `last` is the row *after* the last one, as in a slice: rows[first:last].",
            (rows_clipped_to_the_last_index,),
        ),
        Mistake(
            "ends_one_row_late",
            rows_one_too_many,
            "It ends one row too late. `stop` is already the row *after* the last one, as in a slice: is there a + 1 too "
            "many?",
        ),
        Mistake(
            "wasteful",
            rows_two_each,
            "These rows are enough, but more than needed. How far does one 3 x 3 kernel look up, and how far down?",
            (rows_three_each, rows_one_to_spare, rows_all),
        ),
        Mistake(
            "one_side_only",
            rows_above_only,
            "The strip is widened on one side only. A 3 x 3 kernel looks both up and down.",
            (rows_below_only,),
        ),
        Mistake(
            "shrunk",
            rows_shrunk,
            "The strip gets smaller: these are rows that need nothing from outside. Asked for is the other way: what the "
            "strip needs.",
            (rows_shrunk_and_clipped,),
        ),
        Mistake(
            "number_of_rows",
            rows_and_their_number,
            "The second number says how many rows there are. It should be the row where they end, as in a slice.",
        ),
    ),
    verified="all rows that are needed, none that is not, and none outside the image",
)


# average_iterates -------------------------------------------------------------------------------------------------------


def average_iterates(iterates: Iterable[Tensor], decay: float) -> Tensor:
    """Return the exponential moving average of images, corrected for having started at zero (Kingma and Ba, 2015).

    ``a = decay * a + (1 - decay) * image`` from a = 0 on, and at the end ``a / (1 - decay**t)``, so that the weights of
    the t images add up to 1, each ``decay`` times that of the image after it.

    Args:
        iterates: images of one shape, at least one; they may be one tensor that is changed in place.
        decay: 0 <= decay < 1.
    """
    average, weight = 0.0, 0.0
    for iterate in iterates:
        average = decay * average + (1 - decay) * iterate
        weight = decay * weight + (1 - decay)  # which is 1 - decay**t
    return average / weight


class _InPlace(_Once):
    """Images that one single tensor shows one after the other, as an optimizer's does."""


def _average_case(
    seed: int, shape: tuple[int, ...], count: int, decay: float, kind: type[list] = list, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor], float]:
        images = [uniform(seed + k, *shape, dtype=dtype) for k in range(count)]
        return kind(scattered(image) if loose else image for image in images), decay

    kinds = {list: "a list of {}", _Once: "a generator of {}", _InPlace: "one tensor that is changed in place, {}"}
    label = f"{kinds[kind].format(f'{count} images {shape}')}, decay {decay}{_loose(loose)}"
    return Case(label, make, {"2": 2.0, "1 - decay": 1 - decay})


def _painted(images: list[Tensor]) -> Iterator[Tensor]:
    """Show images one after the other in one tensor."""
    canvas = images[0].clone()
    for image in images:
        yield canvas.copy_(image)


def _watch_average(function: Function, arguments: tuple) -> object:
    images, decay = arguments
    return function(_painted(images) if isinstance(images, _InPlace) else _handed(images), decay)


def _averaged(function: Function, images: list[Tensor], decay: float) -> Tensor:
    return torch.as_tensor(function((image for image in images), decay))


def _frames(count: int = 4) -> list[Tensor]:
    return [uniform(61 + k, 1, 3, 4, 5) for k in range(count)]


def _average_equal(function: Function) -> bool:
    image = _frames()[0]
    return close(_averaged(function, [image.clone() for _ in range(5)], 0.9), image)


def _average_one(function: Function) -> bool:
    image = _frames()[0]
    return close(_averaged(function, [image], 0.7), image)


def _average_weights(function: Function) -> bool:
    """One image of the four is white, the others are black: what comes out is its weight."""
    flashes = [[torch.full((1, 3, 2, 2), float(k == white)) for k in range(4)] for white in range(4)]
    weights = torch.stack([_averaged(function, images, 0.6).mean() for images in flashes])
    return close(weights[:-1], 0.6 * weights[1:]) and close(weights.sum(), torch.tensor(1.0))


def _average_in_place(function: Function) -> bool:
    images = _frames()
    return close(function(_painted(images), 0.6), _averaged(function, images, 0.6))


def _average_last(function: Function) -> bool:
    images = _frames()
    return close(_averaged(function, images, 0.0), images[-1])


def _average_between(function: Function) -> bool:
    images = torch.stack(_frames())
    average = _averaged(function, list(images), 0.8)
    return bool((average <= images.amax(0) + 1e-5).all() and (average >= images.amin(0) - 1e-5).all())


def _moving_average(iterates: Iterable[Tensor], decay: float) -> tuple[Tensor, int]:
    average, count = 0.0, 0
    for iterate in iterates:
        average, count = decay * average + (1 - decay) * iterate, count + 1
    return average, count


def average_not_corrected(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return _moving_average(iterates, decay)[0]


def average_decay_swapped(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, 1 - decay)
    return average / (1 - decay**count)


def average_decay_swapped_throughout(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates(iterates, 1 - decay)


def average_plain(iterates: Iterable[Tensor], decay: float) -> Tensor:
    total, count = 0.0, 0
    for iterate in iterates:
        total, count = total + iterate, count + 1
    return total / count


def average_corrected_by_one_step(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return _moving_average(iterates, decay)[0] / (1 - decay)


def average_corrected_by_decay(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / decay**count


def average_one_step_less(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / (1 - decay ** (count - 1))


def average_one_step_more(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average, count = _moving_average(iterates, decay)
    return average / (1 - decay ** (count + 1))


def average_of_references(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates(list(iterates), decay)


def average_corrected_on_the_way(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = 0.0
    for step, iterate in enumerate(iterates, 1):
        average = (decay * average + (1 - decay) * iterate) / (1 - decay**step)
    return average


def average_from_the_first(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate.clone() if average is None else decay * average + (1 - decay) * iterate
    return average


def average_corrected_twice(iterates: Iterable[Tensor], decay: float) -> Tensor:
    images = [iterate.clone() for iterate in iterates]
    return average_from_the_first(images, decay) / (1 - decay ** len(images))


def average_of_an_alias(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else decay * average + (1 - decay) * iterate
    return average


def average_into_the_first(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else average.mul_(decay).add_(iterate, alpha=1 - decay)
    return average


def average_into_the_first_from_the_first(iterates: Iterable[Tensor], decay: float) -> Tensor:
    average = None
    for iterate in iterates:
        average = iterate if average is None else average
        average.mul_(decay).add_((1 - decay) * iterate)
    return average


def average_scaling_the_iterates(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates((iterate.mul_(1 - decay) for iterate in iterates), decay) / (1 - decay)


def average_last(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return [iterate.clone() for iterate in iterates][-1]


def average_first_lost(iterates: Iterable[Tensor], decay: float) -> Tensor:
    return average_iterates([iterate.clone() for iterate in iterates][1:], decay)


AVERAGE_ITERATES = Exercise(
    name="average_iterates",
    chapter=CHAPTER,
    title="The average of a run, with a short memory",
    difficulty=2,
    minutes=12,
    signature="average_iterates(iterates, decay)",
    hints=(
        "The average starts at 0, which is black, and forgets that only slowly. So at the end you divide by how much of "
        "it is *not* that black start: by the sum of the weights.",
        "Go through the images once, with two things in hand: the average so far and the number of images. A new tensor "
        "in each step keeps you safe from an optimizer that goes on painting on the old one.",
        "`average = decay * average + (1 - decay) * image` and `t += 1` in the loop, `average / (1 - decay**t)` after it.",
    ),
    reference=average_iterates,
    cases=(
        _average_case(21, (1, 3, 6, 4), 4, 0.75, _InPlace),
        _average_case(1, (1, 3, 4, 5), 3, 0.6),
        _average_case(11, (2, 3, 5, 4), 5, 0.9, _Once),
        _average_case(31, (2, 3, 5, 7), 2, 0.8, loose=True),
        _average_case(41, (1, 3, 4, 6), 7, 0.9, _InPlace, loose=True),
    ),
    laws=(
        Law("the average of equal images is that image", _average_equal),
        Law("the average of one image is that image", _average_one),
        Law("each image weighs `decay` times the one after it, and the weights add up to 1", _average_weights),
        Law("one tensor changed in place counts like separate images", _average_in_place),
        Law("with decay 0 only the last image counts", _average_last),
        Law("no pixel is darker or brighter than it ever was", _average_between),
    ),
    mistakes=(
        Mistake(
            "not_corrected",
            average_not_corrected,
            "It is too dark: the black start still has its share. What is that share after t images, and what does the "
            "rest add up to?",
        ),
        Mistake(
            "decay_swapped",
            average_decay_swapped,
            "decay and 1 - decay are exchanged. With decay 0.9, how much of the *old* average should stay?",
            (average_decay_swapped_throughout,),
        ),
        Mistake(
            "plain_mean",
            average_plain,
            "This is the plain mean, in which the first image counts as much as the last. Where does `decay` come in?",
        ),
        Mistake(
            "corrected_by_one_step",
            average_corrected_by_one_step,
            "It is divided by 1 - decay, which is the weight of the last image alone. What do the weights of all t images "
            "add up to?",
            (average_corrected_by_decay,),
        ),
        Mistake(
            "exponent_off_by_one",
            average_one_step_less,
            "The exponent of the correction is one off. Try a single image: the result should be that image.",
            (average_one_step_more,),
        ),
        Mistake(
            "references_kept",
            average_of_references,
            "The iterates are collected first. Where one tensor is changed in place, that is a list of the same tensor, "
            "and it shows the last image t times. Use each image when it comes, or copy it.",
        ),
        Mistake(
            "corrected_on_the_way",
            average_corrected_on_the_way,
            "The corrected average goes into the next step, where it is corrected again. Keep the plain one in the loop, "
            "and divide once.",
        ),
        Mistake(
            "corrected_twice",
            average_corrected_twice,
            "The average starts with the first image, so there is no black to correct for, and is divided nevertheless: "
            "it is too bright. Start at 0, or leave the division out.",
        ),
        Mistake(
            "first_not_copied",
            average_of_an_alias,
            "The average starts as another name for the first image, not as a copy of it. When the tensor is changed, so "
            "is your average.",
        ),
        Mistake(
            "writes_into_the_iterates",
            average_into_the_first,
            "The images that came in are written into (mul_, add_, *=). They are the optimizer's: let it paint alone, "
            "and work on tensors of your own.",
            (average_into_the_first_from_the_first, average_scaling_the_iterates),
        ),
        Mistake(
            "last_only",
            average_last,
            "This is the last image. Is the average added to, or overwritten?",
        ),
        Mistake("first_lost", average_first_lost, "The first image is left out. With which one does your loop begin?"),
    ),
    conventions=(
        Convention(
            "starts_with_the_first",
            average_from_the_first,
            "It starts with a copy of the first image instead of black, as PyTorch's AveragedModel does, and so needs no "
            "correction. Its first image weighs more: your numbers below will differ a little from the book's.",
        ),
    ),
    observe=_watch_average,
    verified="weights that fall by `decay` and add up to 1, whoever changes the tensor meanwhile",
)


# pyramid_sizes ----------------------------------------------------------------------------------------------------------


def pyramid_sizes(size: int, smallest: int) -> list[int]:
    """Return the sizes of a coarse-to-fine run: ``size / 2**k``, rounded to the nearest (halves up), coarse to fine.

    Args:
        size: of the picture, in pixels; it always is the last.
        smallest: no other size is below it; at least 1.
    """
    sizes, k = [size], 1
    while (coarser := (size + 2 ** (k - 1)) // 2**k) >= smallest:
        sizes, k = [coarser, *sizes], k + 1
    return sizes


def _sizes_case(size: int, smallest: int) -> Case:
    return Case(f"size {size}, smallest {smallest}", lambda _: (size, smallest))


def _sizes(function: Function, size: int, smallest: int) -> list[int]:
    return [int(number) for number in function(size, smallest)]


def _sizes_powers(function: Function) -> bool:
    return _sizes(function, 512, 64) == [64, 128, 256, 512]


def _sizes_end(function: Function) -> bool:
    return all(_sizes(function, size, 50)[-1] == size for size in (40, 50, 99, 100, 777))


def _sizes_floor(function: Function) -> bool:
    """None is below the smallest, and one more would be."""
    for size, smallest in ((777, 20), (640, 40), (301, 76)):
        sizes = _sizes(function, size, smallest)
        if min(sizes) < smallest or int(size / 2 ** len(sizes) + 0.5) >= smallest:
            return False
    return True


def _sizes_halves(function: Function) -> bool:
    sizes = _sizes(function, 1237, 30)
    exact = [1237 / 2**k for k in reversed(range(len(sizes)))]
    return len(sizes) > 3 and all(-0.5 < a - b <= 0.5 for a, b in zip(sizes, exact, strict=True))


def _sizes_twice(function: Function) -> bool:
    return _sizes(function, 2 * 333, 20) == [*_sizes(function, 333, 20), 666]


Rounding = Callable[[int, int], float]


def _to_nearest(size: int, k: int) -> int:
    return int(size / 2**k + 0.5)


def _again_and_again(size: int, k: int) -> int:
    return -(-size // 2**k)  # a half rounded up k times is the whole rounded up


def _down(size: int, k: int) -> int:
    return size // 2**k


def _to_even(size: int, k: int) -> int:
    return round(size / 2**k)


def _to_even_again_and_again(size: int, k: int) -> int:
    for _ in range(k):
        size = round(size / 2)
    return size


def _not_at_all(size: int, k: int) -> float:
    return size / 2**k


_ROUNDINGS = (_to_nearest, _again_and_again, _down, _to_even, _to_even_again_and_again)


def _levels(size: int, smallest: int, rounded: Rounding) -> list[float]:
    levels = [rounded(size, k) for k in range(12, 0, -1)]
    return [*(level for level in levels if level >= smallest), size]


def _rounded(rounding: Rounding) -> Function:
    return lambda size, smallest: _levels(size, smallest, rounding)


def _misshapen(change: Callable[[int, int, Rounding], list]) -> tuple[Function, ...]:
    """Return the same mistake with each way of rounding: the shape of the list is what is told first."""
    return tuple(lambda size, smallest, r=rounding: change(size, smallest, r) for rounding in _ROUNDINGS)


def _turned(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest, rounded)[::-1]


def _one_below(size: int, smallest: int, rounded: Rounding) -> list[float]:
    sizes = _levels(size, smallest, rounded)
    return [rounded(size, len(sizes)), *sizes]


def _one_below_if_large(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _one_below(size, smallest, rounded) if size >= smallest else [size]


def _one_below_unless_equal(size: int, smallest: int, rounded: Rounding) -> list[float]:
    sizes = _levels(size, smallest, rounded)
    return _one_below(size, smallest, rounded) if sizes[0] > smallest else sizes


def _equal_left_out(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest + 1, rounded)


def _without_size(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest, rounded)[:-1]


def _without_a_small_size(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return [level for level in _levels(size, smallest, rounded) if level >= smallest]


def sizes_compared_before_rounding(size: int, smallest: int) -> list[int]:
    return [int(level + 0.5) for level in _levels(size, smallest, _not_at_all)]


def sizes_doubled(size: int, smallest: int) -> list[int]:
    sizes = [smallest]
    while 2 * sizes[-1] < size:
        sizes.append(2 * sizes[-1])
    return [*sizes, size] if smallest < size else [size]


def sizes_of_size_alone(size: int, smallest: int) -> list[int]:
    return [size]


PYRAMID_SIZES = Exercise(
    name="pyramid_sizes",
    chapter=CHAPTER,
    title="From coarse to fine",
    difficulty=1,
    minutes=8,
    signature="pyramid_sizes(size, smallest)",
    hints=(
        "Count the halvings: level k of the pyramid has size / 2**k. Begin at the top, with k = 0, stop before it gets "
        "too small, and turn the list around at the end.",
        "Round each level by itself, from the original size: errors of one rounding must not enter the next. Python's "
        "`round` sends 62.5 to 62, the even neighbor; rounding halves up is `int(x + 0.5)`.",
        "`sizes = [size]`, then while `int(size / 2 ** len(sizes) + 0.5)` is not below `smallest`, put it in front.",
    ),
    reference=pyramid_sizes,
    cases=(
        _sizes_case(64, 100),
        _sizes_case(500, 100),
        _sizes_case(1000, 30),
        _sizes_case(90, 23),
        _sizes_case(256, 32),
        _sizes_case(333, 10),
        _sizes_case(418, 52),
    ),
    laws=(
        Law("512 down to 64 is 64, 128, 256, 512", _sizes_powers),
        Law("it ends with `size`, however small that is", _sizes_end),
        Law("nothing but `size` is below `smallest`, and the next coarser one would be", _sizes_floor),
        Law("each is size / 2**k, at most half a pixel off", _sizes_halves),
        Law("a picture of twice the size has one more level, and the others are the same", _sizes_twice),
    ),
    mistakes=(
        Mistake(
            "fine_to_coarse",
            _misshapen(_turned)[0],
            "The order is fine to coarse. With which size does a coarse-to-fine run begin?",
            _misshapen(_turned)[1:],
        ),
        Mistake(
            "one_below_smallest",
            _misshapen(_one_below)[0],
            "There is one size too many, which is below `smallest`. Does your loop look at the size it is about to add, "
            "or at the one before?",
            (*_misshapen(_one_below)[1:], *_misshapen(_one_below_if_large), *_misshapen(_one_below_unless_equal)),
        ),
        Mistake(
            "equal_left_out",
            _misshapen(_equal_left_out)[0],
            "A size that equals `smallest` is left out. None may be *smaller*: is it > where >= is meant?",
            _misshapen(_equal_left_out)[1:],
        ),
        Mistake(
            "size_lost",
            _misshapen(_without_size)[0],
            "`size` itself is missing, always or where it is below `smallest`. The run ends with the picture as it was "
            "asked for, however small.",
            (*_misshapen(_without_size)[1:], *_misshapen(_without_a_small_size)),
        ),
        Mistake(
            "rounded_too_high",
            _rounded(_again_and_again),
            "31.25 becomes 32. Either every size is rounded up, or each is half of one that was rounded before: 62.5, 63, "
            "31.5, 32. Divide `size` itself by 2**k, and round to the nearest.",
        ),
        Mistake(
            "rounded_down",
            _rounded(_down),
            "The sizes are rounded down, as `//` and `int` do. The nearest whole number is asked for: what does adding a "
            "half before change?",
        ),
        Mistake(
            "halves_to_even",
            _rounded(_to_even),
            "Python's `round` sends a half to the even neighbor: 62.5 becomes 62, and 63.5 becomes 64. Halves should go "
            "up.",
            (_rounded(_to_even_again_and_again),),
        ),
        Mistake(
            "fractions",
            _rounded(_not_at_all),
            "Some sizes are fractions. A picture has whole pixels: round.",
        ),
        Mistake(
            "compared_before_rounding",
            sizes_compared_before_rounding,
            "A size is left out that is below `smallest` before rounding, but not after. Round first, then compare.",
        ),
        Mistake(
            "doubled_from_smallest",
            sizes_doubled,
            "The sizes start from `smallest` and are doubled, so the last step is no doubling. Start from `size`, and "
            "halve.",
        ),
        Mistake(
            "size_alone",
            sizes_of_size_alone,
            "Only `size` is there. Which coarser sizes come before it?",
        ),
    ),
    verified="halves of halves down to the smallest, each rounded once",
)

# prolong ----------------------------------------------------------------------------------------------------------------

Resize = Callable[[Tensor, "tuple[int, int]"], Tensor]
Bigger = Callable[[Tensor, Tensor, Resize], Tensor]


def _bicubic(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bicubic", antialias=True)


def _bicubic_with_aliases(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bicubic")


def _bilinear(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bilinear", antialias=True)


def _bilinear_with_aliases(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bilinear")


def _nearest(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="nearest")


def _prolong_case(
    seed: int, small: tuple[int, int], large: tuple[int, int], batch: int = 1, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        coarse, fine = (uniform(seed + k, batch, 3, *size, dtype=dtype) for k, size in enumerate((small, large)))
        return (scattered(coarse), scattered(fine)) if loose else (coarse, fine)

    label = f"coarse ({batch}, 3, {small[0]}, {small[1]}), fine ({batch}, 3, {large[0]}, {large[1]}){_loose(loose)}"
    return Case(label, make)


def _scene() -> Tensor:
    return 0.3 + 0.4 * uniform(91, 1, 3, 24, 30)


def _prolong_nothing(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (12, 15)), fine), fine)


def _prolong_brighter(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (12, 15)) + 0.1, fine), fine + 0.1)


def _prolong_darker(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (8, 10)) - 0.1, fine), fine - 0.1)


def _prolong_within(function: Function) -> bool:
    result = torch.as_tensor(function(torch.ones(1, 3, 12, 15), _scene()))
    return bool((result >= 0).all() and (result <= 1).all())


def _prolong_keeps_contrast(function: Function) -> bool:
    """Over a coarse image of one color, all detail is that of the fine one."""
    fine = _scene()
    expected = 0.5 + fine - _bicubic(_bicubic(fine, (12, 15)), (24, 30))
    return close(function(torch.full((1, 3, 12, 15), 0.5), fine), expected)


def _bigger(enlarge: Bigger, resize: Resize = _bicubic, *, clamped: bool = True) -> Function:
    def function(coarse: Tensor, fine: Tensor) -> Tensor:
        result = enlarge(coarse, fine, resize)
        return result.clamp(0, 1) if clamped else result

    return function


def _change(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return coarse - resize(fine, coarse.shape[2:])


def _change_alone(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(_change(coarse, fine, resize), fine.shape[2:])


def _prolonged(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize)


def _only_enlarged(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(coarse, fine.shape[2:])


def _whole_added(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(coarse, fine.shape[2:])


def _changed_backwards(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine - _change_alone(coarse, fine, resize)


def _change_clamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(_change(coarse, fine, resize).clamp(0, 1), fine.shape[2:])


def _large_change_clamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize).clamp(0, 1)


def _change_without_a_sign(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(_change(coarse, fine, resize).abs(), fine.shape[2:])


def _blended(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return (fine + resize(coarse, fine.shape[2:]).clamp(0, 1)) / 2


def _blended_unclamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return (fine + resize(coarse, fine.shape[2:])) / 2


def _half_the_change(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize) / 2


def _added_to_the_coarse_image(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(coarse, fine.shape[2:]) + _change_alone(coarse, fine, resize)


def prolong_not_at_all(coarse: Tensor, fine: Tensor) -> Tensor:
    return fine.clone()


PROLONG = Exercise(
    name="prolong",
    chapter=CHAPTER,
    title="Larger, with its detail",
    difficulty=2,
    minutes=12,
    signature="prolong(coarse, fine)",
    hints=(
        "At which size can you say what the coarse run has *changed*? Bring the fine image there first.",
        "The change has both signs: it is no picture, and nothing of it may be cut off. Enlarge it, add it to the fine "
        "image, and clamp the sum.",
        'With `resize = partial(F.interpolate, mode="bicubic", antialias=True)`: `change = coarse - resize(fine, '
        "coarse.shape[2:])`, then `(fine + resize(change, fine.shape[2:])).clamp(0, 1)`.",
    ),
    reference=transfer.prolong,
    cases=(
        _prolong_case(71, (8, 10), (16, 20)),
        _prolong_case(73, (7, 9), (15, 17)),
        _prolong_case(75, (6, 11), (12, 22), batch=2),
        _prolong_case(77, (5, 6), (20, 24)),
        _prolong_case(79, (9, 8), (18, 16), loose=True),
    ),
    laws=(
        Law("where the coarse run changed nothing, the fine image comes back", _prolong_nothing),
        Law("a coarse image that is brighter by 0.1 makes the fine one brighter by 0.1", _prolong_brighter),
        Law("one that is darker by 0.1 makes it darker by 0.1, also from a third of the size", _prolong_darker),
        Law("over a coarse image of one gray, the detail is that of the fine image", _prolong_keeps_contrast),
        Law("every value lies in [0, 1]", _prolong_within),
    ),
    mistakes=(
        Mistake(
            "only_enlarged",
            _bigger(_only_enlarged),
            "This is the coarse image, enlarged: a blur. If the coarse run had changed nothing, `fine` should come back, "
            "with all its detail.",
            tuple(
                _bigger(_only_enlarged, resize, clamped=clamped)
                for clamped in (True, False)
                for resize in (_bicubic, _bicubic_with_aliases, _bilinear, _bilinear_with_aliases, _nearest)
            )[1:],
        ),
        Mistake(
            "whole_image_added",
            _bigger(_whole_added),
            "The whole coarse image is added, so the sum is too bright. Add what *differs* from the fine image.",
            (_bigger(_whole_added, clamped=False),),
        ),
        Mistake(
            "backwards",
            _bigger(_changed_backwards),
            "The change has the wrong sign: what the coarse run made brighter gets darker. Which image is subtracted from "
            "which?",
            (_bigger(_changed_backwards, clamped=False),),
        ),
        Mistake(
            "change_clamped",
            _bigger(_change_clamped),
            "What got darker is lost: the change was clamped to [0, 1] before it was added. A difference has both signs. "
            "Clamp the sum alone.",
            (
                _bigger(_large_change_clamped),
                _bigger(_change_clamped, clamped=False),
                _bigger(_large_change_clamped, clamped=False),
                _bigger(_change_without_a_sign),
            ),
        ),
        Mistake(
            "change_alone",
            _bigger(_change_alone, clamped=False),
            "This is the enlarged change, not the image: add it to `fine`.",
            (_bigger(_change_alone),),
        ),
        Mistake(
            "blended",
            _bigger(_blended),
            "This is the mean of the two images, which has half of the detail and half of the change. Both are wanted in "
            "full.",
            (_bigger(_blended_unclamped, clamped=False), _bigger(_half_the_change)),
        ),
        Mistake(
            "added_to_the_coarse_image",
            _bigger(_added_to_the_coarse_image),
            "The change is added to the enlarged coarse image, which has it already. The detail is in `fine`: add it "
            "there.",
        ),
        Mistake(
            "not_clamped",
            _bigger(_prolonged, clamped=False),
            "Some values leave [0, 1]. Clamp the sum.",
        ),
        Mistake(
            "other_resizing",
            _bigger(_prolonged, _bicubic_with_aliases),
            "The steps are right, but images are resized in another way. Shrunk without antialias, fine stripes come out "
            'as broad ones that are not there. Use mode="bicubic", antialias=True both ways.',
            tuple(_bigger(_prolonged, resize) for resize in (_bilinear, _bilinear_with_aliases, _nearest)),
        ),
        Mistake("change_lost", prolong_not_at_all, "`fine` comes back unchanged. What did the coarse run find?"),
    ),
    verified="the fine image with the coarse change on top, in [0, 1]",
)


EXERCISES = (FLOPS, GRAM_BACKWARD, WINOGRAD_1D, TILE_GRAM, STRIP_ROWS, AVERAGE_ITERATES, PYRAMID_SIZES, PROLONG)
