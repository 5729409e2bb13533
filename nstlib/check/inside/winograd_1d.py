"""The exercise ``winograd_1d``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal
from nstlib.kernels import winograd

Pair = tuple[Tensor, Tensor]


def _winograd_case(seed: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> Pair:
        inputs, kernel = normal(seed, 8, dtype=dtype)[::2], normal(seed + 50, 6, dtype=dtype)[::2]
        return (inputs, kernel) if loose else (inputs.contiguous(), kernel.contiguous())

    return Case(f"inputs (4,), kernel (3,){if_loose(loose)}", make, {"2": 2.0, "4": 4.0})


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


@law("the outputs are those of the kernel slid over the inputs")
def direct(function: Function) -> bool:
    inputs, kernel = _signal()
    return close(_pairs(function, inputs, kernel)[0], _slide(inputs, kernel))


@law("the outputs are m1 + m2 + m3 and m2 - m3 - m4")
def sums(function: Function) -> bool:
    outputs, (m1, m2, m3, m4) = _pairs(function, *_signal())
    return close(outputs, torch.stack([m1 + m2 + m3, m2 - m3 - m4]))


@law("the kernel 0, 1, 0 returns the two inputs in the middle")
def middle(function: Function) -> bool:
    inputs, _ = _signal()
    return close(_pairs(function, inputs, torch.tensor([0.0, 1.0, 0.0]))[0], inputs[1:3])


@law("of a constant signal only the second product is left")
def constant(function: Function) -> bool:
    _, kernel = _signal()
    total = kernel.sum()
    outputs, products = _pairs(function, torch.ones(4), kernel)
    return close(outputs, total.expand(2)) and close(products, torch.stack([0 * total, total, 0 * total, 0 * total]))


@law("one position further on, the second output is the first")
def moved(function: Function) -> bool:
    values, kernel = normal(33, 5), normal(32, 3)
    here, there = (_pairs(function, values[k : k + 4].clone(), kernel)[0] for k in (0, 1))
    return close(here[1], there[0])


@law("three times the inputs, or the kernel, give three times the products")
def linear(function: Function) -> bool:
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


def _other_sums(*signs: int) -> Function:
    def winograd_summed_otherwise(inputs: Tensor, kernel: Tensor) -> Pair:
        outputs, products = winograd.winograd_1d(inputs, kernel)
        return torch.stack([outputs[0], (torch.tensor(signs) * products[1:]).sum()]), products

    return winograd_summed_otherwise


halves_forgotten = mistake(
    "The products in the middle are twice too large. Try a constant signal of ones: what should m2 alone add up to?",
    "halves_forgotten",
)(*_amiss(halves=(1.0, 1.0)))


halved_twice = mistake(
    "The products in the middle are halved twice: once on the side of the inputs and once on that of the kernel?",
    "halved_twice",
)(*_amiss(halves=(0.25, 0.25)))


one_half_forgotten = mistake(
    "One of the two products in the middle is halved, the other is not. Where does the half come from: does it not "
    "concern both?",
    "one_half_forgotten",
)(*_amiss(halves=(0.5, 1.0)), *_amiss(halves=(1.0, 0.5)))


@mistake(
    "The kernel is turned around: this is the convolution of mathematics. Networks slide the kernel as it is: the "
    "first output begins with d0 g0."
)
def kernel_flipped(inputs: Tensor, kernel: Tensor) -> Pair:
    return winograd.winograd_1d(inputs, kernel.flip(0))


middle_exchanged = mistake(
    "The second and the third product are exchanged. Which of the two enters *both* outputs with a plus?",
    "middle_exchanged",
)(*_amiss(order=(0, 2, 1, 3)))


third_negated = mistake(
    "The third product has the wrong sign. Which of d1 and d2 is subtracted from which?", "third_negated"
)(*_amiss(signs=(-1, 1)))


fourth_negated = mistake(
    "The fourth product has the wrong sign: it is (d1 - d3) g2, and the second output subtracts it.", "fourth_negated"
)(*_amiss(signs=(1, -1)))


no_minus_before_the_middle_weight = mistake(
    "The third product uses the same sum of weights as the second. If you subtract your two equations from each "
    "other, what becomes of g1?",
    "no_minus_before_the_middle_weight",
)(*_amiss(minus=1))


other_sums = mistake(
    "The products are right, but the second output is not. It is m2 - m3 - m4: look at the signs.", "other_sums"
)(_other_sums(1, -1, 1), _other_sums(1, 1, -1), _other_sums(1, 1, 1), _other_sums(-1, 1, 1))


def winograd_six_products_in_rows(inputs: Tensor, kernel: Tensor) -> Pair:
    outputs, products = six_products(inputs, kernel)
    return outputs, products.view(2, 3)


@mistake(
    "The outputs are right, but they take six products, three for each. Which four does the statement ask for?",
    variants=(winograd_six_products_in_rows,),
)
def six_products(inputs: Tensor, kernel: Tensor) -> Pair:
    products = inputs.unfold(0, 3, 1) * kernel  # (2, 3)
    return products.sum(1), products.flatten()


def winograd_products_only(inputs: Tensor, kernel: Tensor) -> Tensor:
    return winograd.winograd_1d(inputs, kernel)[1]


def winograd_two_numbers(inputs: Tensor, kernel: Tensor) -> Pair:
    first, second = winograd.winograd_1d(inputs, kernel)[0]
    return first, second


@mistake(
    "Two vectors are asked for, the two outputs and the four products: `return outputs, products`.",
    variants=(winograd_products_only, winograd_two_numbers),
)
def only_one_of_the_two(inputs: Tensor, kernel: Tensor) -> Tensor:
    return winograd.winograd_1d(inputs, kernel)[0]


@mistake("The order is `(outputs, products)`: first the two, then the four.")
def swapped(inputs: Tensor, kernel: Tensor) -> Pair:
    return winograd.winograd_1d(inputs, kernel)[::-1]


EXERCISE = Exercise(
    __name__,
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
    takes={"inputs": tensor("4"), "kernel": tensor("3")},
    drawn=9,
    observe=_watch_winograd,
    verified="the outputs, and four products of which they are the sums",
)
