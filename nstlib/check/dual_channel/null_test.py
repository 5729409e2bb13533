"""The exercise ``null_test``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, tensor, together
from nstlib.check.dual_channel._shared import Picture
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform


def null_test(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    """Return how far ``other`` is from ``loss`` at an image: in its value and in its gradient, both relative to ``loss``."""
    (value, slope), (found, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return abs(found - value) / abs(value), float((bent - slope).norm() / slope.norm())


def _value_and_slope(loss: Picture, image: Tensor) -> tuple[float, Tensor]:
    leaf = image.detach().clone().requires_grad_(True)
    value = loss(leaf)
    return value.item(), torch.autograd.grad(value, leaf)[0]


def _two_losses(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Picture, Picture]:
    """Return two losses that are alike; the second is smaller here, and points elsewhere."""
    a, b = uniform(seed, *shape, dtype=dtype) + 0.5, normal(seed + 30, *shape, dtype=dtype)
    return lambda x: (a * x.square()).mean(), lambda x: (a * x.square()).mean() * 0.8 + 0.1 * (b * x).mean()


def _null_case(
    seed: int, shape: tuple[int, ...], *, loose: bool = False, doubled: bool = False, negative: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Picture, Picture, Tensor]:
        image = uniform(seed + 60, *shape, dtype=dtype)
        loss, other = _two_losses(seed, shape, dtype)
        if negative:
            return (lambda x: -loss(x), lambda x: -other(x)), image
        return (other, loss) if doubled else (loss, other), image

    def flat(dtype: torch.dtype) -> tuple[Picture, Picture, Tensor]:
        pair, image = make(dtype)
        return *pair, scattered(image) if loose else image

    return Case(f"two losses{' below 0' if negative else ''}, image {shape}{if_loose(loose)}", flat)


def _null_results(function: Function, loss: Picture, other: Picture) -> Tensor:
    return torch.as_tensor([float(v) for v in function(loss, other, uniform(9, 1, 3, 4, 5) + 0.1)])


def _energy(image: Tensor) -> Tensor:
    return image.square().sum()


@law("a loss is at distance 0 from itself, and 2 from three times itself")
def itself(function: Function) -> bool:
    return close(_null_results(function, _energy, _energy), torch.zeros(2)) and close(
        _null_results(function, _energy, lambda x: 3 * _energy(x)), torch.tensor([2.0, 2.0])
    )


@law("a constant shows in the value and not in the gradient")
def constant(function: Function) -> bool:
    value, slope = _null_results(function, _energy, lambda x: _energy(x) + 5)
    return bool(value > 0.1) and bool(slope < 1e-6)


@law("two losses that agree at one image by chance are told apart by their gradients")
def tilted(function: Function) -> bool:
    """Two losses that agree at this image and nowhere else."""
    here = uniform(9, 1, 3, 4, 5) + 0.1
    tilt = normal(10, 1, 3, 4, 5)
    value, slope = _null_results(function, _energy, lambda x: _energy(x) + (tilt * (x - here)).sum())
    return bool(value < 1e-4) and bool(slope > 0.1)


@law("gradients in opposite directions are twice their length apart")
def turned(function: Function) -> bool:
    """Gradients of one length in opposite directions are 2 lengths apart."""
    return close(_null_results(function, _energy, lambda x: -_energy(x)), torch.tensor([2.0, 2.0]))


@law("both losses in another unit are as far apart")
def units(function: Function) -> bool:
    found = _null_results(function, lambda x: 7 * _energy(x), lambda x: 7 * x.pow(3).sum())
    return close(found, _null_results(function, _energy, lambda x: x.pow(3).sum())) and bool((found > 0.01).all())


@mistake(
    "Both numbers are that of the values. Two losses can agree in one point by chance; what decides where the pixels go?"
)
def values_twice(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, _ = null_test(loss, other, image)
    return value, value


@mistake(
    "The second number is always 0. Are the gradients compared? And are they two: `x.grad` is one tensor, to which each "
    "backward adds, whatever names you give it."
)
def values_only(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, _ = null_test(loss, other, image)
    return value, 0.0


def null_signed_other_way(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, slope = signed(loss, other, image)
    return -value, slope


@mistake(
    "The difference of the values has a sign. A distance has none: which function takes it away?",
    variants=(null_signed_other_way,),
)
def signed(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (value, _), (found, _) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return (found - value) / value, null_test(loss, other, image)[1]


def null_gradient_absolute(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[0], not_relative(loss, other, image)[1]


@mistake(
    "These are differences, in the units of the loss. Is 0.001 much? That depends: divide by what is known.",
    variants=(null_gradient_absolute,),
)
def not_relative(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (value, slope), (found, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return abs(found - value), float((bent - slope).norm())


def null_value_by_the_other(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return relative_to_the_other(loss, other, image)[0], null_test(loss, other, image)[1]


def null_gradient_by_the_other(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[0], relative_to_the_other(loss, other, image)[1]


@mistake(
    "It is relative to `other`, the loss under test. Divide by the known one, `loss`: values and gradients.",
    variants=(null_value_by_the_other, null_gradient_by_the_other),
)
def relative_to_the_other(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(other, loss, image)


def _by_both(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (value, slope), (found, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return abs(found - value) / (abs(found) + abs(value)), float((bent - slope).norm() / (bent.norm() + slope.norm()))


def null_value_by_both(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return _by_both(loss, other, image)[0], null_test(loss, other, image)[1]


def null_gradient_by_both(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[0], _by_both(loss, other, image)[1]


@mistake(
    "Both losses are in what it is divided by. Divide by the known one alone, or a wrong loss makes its own error smaller.",
    variants=(null_value_by_both, null_gradient_by_both),
)
def relative_to_both(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return _by_both(loss, other, image)


def null_mean_of_quotients(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float(((bent - slope) / slope).abs().mean())


@mistake(
    "The gradients are divided number by number. Take the two lengths first, then divide one by the other.",
    variants=(null_mean_of_quotients,),
)
def divided_number_by_number(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float(((bent - slope) / slope).norm())


def null_mean_ratio(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent - slope).abs().mean() / slope.abs().mean())


@mistake(
    "The largest entry of the gradients is compared, or the mean or sum of all. Their lengths are asked for: `.norm()`.",
    variants=(null_mean_ratio,),
)
def not_the_length(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent - slope).abs().max() / slope.abs().max())


@mistake(
    "It subtracts the lengths of the gradients. Two gradients of one length can point in opposite directions: "
    "subtract the gradients, then take the length."
)
def difference_of_lengths(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent.norm() - slope.norm()).abs() / slope.norm())


@mistake("It compares directions (a cosine). Twice the gradient has the same direction and is another loss.")
def directions_only(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    cosine = (bent * slope).sum() / (bent.norm() * slope.norm())
    return null_test(loss, other, image)[0], float(1 - cosine)


@mistake(
    "The second number is the length of `other`'s gradient alone, over that of `loss`. Is nothing subtracted, or did "
    "backward() add the second gradient to the first in `.grad`, so that subtracting leaves just that?"
)
def other_gradient_alone(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float(bent.norm() / slope.norm())


@mistake("The two numbers are swapped: the value comes first, then the gradient.")
def swapped(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[::-1]


@mistake("The second number is squared. Where does a root belong, so that it is a length?")
def squared(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, slope = null_test(loss, other, image)
    return value, slope**2


def _some_losses(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    shape, seed = (sizes["B"], 3, sizes["H"], sizes["W"]), pick.whole(0, 999)
    sign, scale, shift = pick.one_of((1, -1)), pick.one_of((1.0, 1e-3, 50.0)), pick.one_of((0, 1))
    said, make_image = tensor("B 3 H W", ("uniform", "normal", "positive"))(pick, sizes)

    def make(dtype: torch.dtype) -> tuple[Picture, Picture, Tensor]:
        loss, other = _two_losses(seed, shape, dtype)
        pair = (lambda x: sign * scale * loss(x), lambda x: sign * scale * other(x))
        return pair[shift], pair[1 - shift], make_image(dtype)

    words = f"one {'below' if sign < 0 else 'above'} 0"
    return (words, "another", said), make


EXERCISE = Exercise(
    __name__,
    title="The null test",
    difficulty=2,
    minutes=12,
    signature="null_test(loss, other, image)",
    hints=(
        "Two losses are the same if they have the same value and pull in the same direction. Measure both at one image, "
        "relative to the loss that is known.",
        "For each loss take a fresh leaf, `image.detach().clone().requires_grad_(True)`, its value and its gradient. "
        "Compare the values by |difference| / |value|, the gradients by the length of their difference over the length "
        "of the first.",
        "`abs(m - l) / abs(l)` and `(dm - dl).norm() / dl.norm()`, with `dl` from `torch.autograd.grad(loss(x), x)[0]`.",
    ),
    reference=null_test,
    cases=(
        _null_case(1, (1, 3, 4, 5)),
        _null_case(2, (2, 3, 5, 4), doubled=True),
        _null_case(3, (2, 3, 6, 4), loose=True),
        _null_case(4, (1, 3, 5, 7)),
        _null_case(5, (1, 3, 6, 1), negative=True),
    ),
    takes=dict(zip(("loss", "other", "image"), together(3, _some_losses), strict=True)),
    verified="values and gradients are compared, relative to the loss that is known",
)
