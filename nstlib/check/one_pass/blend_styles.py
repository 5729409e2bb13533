"""The exercise ``blend_styles``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform


def blend_styles(styles: Tensor, amounts: Tensor) -> Tensor:
    """Return a style between styles: their mean, each weighted by its amount.

    Args:
        styles: shape (S, 2, N): scale and bias of N channels. amounts: shape (S,), not negative, not all 0.
    """
    return (styles * (amounts / amounts.sum())[:, None, None]).sum(0)


def _case(seed: int, styles: int, numbers: int, *, loose: bool = False, one: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        table = normal(seed, styles, 2, numbers, dtype=dtype)
        amounts = uniform(seed + 1, styles, dtype=dtype) * 3
        if one:
            amounts = torch.zeros(styles, dtype=dtype)
            amounts[-1] = 0.25
        return scattered(table) if loose else table, amounts

    return Case(f"{styles} styles of {numbers} channels{if_loose(loose)}{', one of them wanted' if one else ''}", make)


def _some() -> tuple[Tensor, Tensor]:
    return normal(4, 3, 2, 5), torch.tensor([0.5, 2.0, 1.5])


@law("one style alone is itself, whatever its amount")
def alone(function: Function) -> bool:
    styles, _ = _some()
    return close(function(styles, torch.tensor([0.3, 0.0, 0.0])), styles[0])


@law("equal amounts give the mean")
def equal(function: Function) -> bool:
    styles, _ = _some()
    return close(function(styles, torch.full((3,), 0.7)), styles.mean(0))


@law("ten times all amounts change nothing")
def shares(function: Function) -> bool:
    styles, amounts = _some()
    return close(function(styles, 10 * amounts), function(styles, amounts))


@law("amounts of 1 and 3 give a quarter of the one and three quarters of the other")
def quarters(function: Function) -> bool:
    styles, _ = _some()
    return close(function(styles, torch.tensor([1.0, 0.0, 3.0])), (styles[0] + 3 * styles[2]) / 4)


@law("a blend of equal styles is that style")
def same(function: Function) -> bool:
    styles, amounts = _some()
    return close(function(styles[:1].expand(3, -1, -1).clone(), amounts), styles[0])


@law("styles and amounts in another order give the same blend")
def order(function: Function) -> bool:
    styles, amounts = _some()
    return close(function(styles.flip(0), amounts.flip(0)), function(styles, amounts))


@mistake("The amounts do not sum to 1, so the blend of two equal styles would be another style. Divide by their sum.")
def not_divided(styles: Tensor, amounts: Tensor) -> Tensor:
    return (styles * amounts[:, None, None]).sum(0)


@mistake("Divided by the number of styles. What counts is the sum of the amounts.")
def over_the_number(styles: Tensor, amounts: Tensor) -> Tensor:
    return (styles * amounts[:, None, None]).mean(0)


@mistake("This is the plain mean: the amounts have no effect.")
def plain_mean(styles: Tensor, amounts: Tensor) -> Tensor:
    return styles.mean(0)


@mistake("Softmax makes shares that sum to 1, but others: an amount of 0 would still get its share.")
def softmax(styles: Tensor, amounts: Tensor) -> Tensor:
    return (styles * amounts.softmax(0)[:, None, None]).sum(0)


def blend_by_roots(styles: Tensor, amounts: Tensor) -> Tensor:
    return blend_styles(styles, amounts.sqrt())


@mistake(
    "Squares or roots of the amounts make the shares. Twice the amount should count twice as much: take them as they are.",
    variants=(blend_by_roots,),
)
def by_squares(styles: Tensor, amounts: Tensor) -> Tensor:
    return blend_styles(styles, amounts.square())


@mistake("The amounts come in reverse order: the first one belongs to the first style.")
def reversed_order(styles: Tensor, amounts: Tensor) -> Tensor:
    return blend_styles(styles, amounts.flip(0))


@mistake("This takes the style with the largest amount. A blend has something of each.")
def largest_only(styles: Tensor, amounts: Tensor) -> Tensor:
    return styles[amounts.argmax()]


@mistake(
    "Divided by the length of the vector of amounts, the root of the sum of squares. Shares sum to 1: divide by the sum."
)
def over_the_length(styles: Tensor, amounts: Tensor) -> Tensor:
    return (styles * (amounts / amounts.norm())[:, None, None]).sum(0)


@mistake("Divided by the largest amount. Shares sum to 1: divide by the sum.")
def over_the_largest(styles: Tensor, amounts: Tensor) -> Tensor:
    return (styles * (amounts / amounts.max())[:, None, None]).sum(0)


@mistake("The scales are blended, the biases are those of the first style. Both rows belong to a style.")
def scales_only(styles: Tensor, amounts: Tensor) -> Tensor:
    return torch.stack([blend_styles(styles, amounts)[0], styles[0, 1]])


@mistake("The biases are blended, the scales are those of the first style. Both rows belong to a style.")
def biases_only(styles: Tensor, amounts: Tensor) -> Tensor:
    return torch.stack([styles[0, 0], blend_styles(styles, amounts)[1]])


@mistake("The styles are weighted and not added up: there is still one for each.")
def not_added_up(styles: Tensor, amounts: Tensor) -> Tensor:
    return styles * (amounts / amounts.sum())[:, None, None]


EXERCISE = Exercise(
    __name__,
    title="Between styles",
    difficulty=1,
    minutes=5,
    signature="blend_styles(styles, amounts)",
    hints=(
        "A style is a list of numbers, so between two styles there is a straight line. With more styles it is a "
        "weighted mean.",
        "Turn amounts into shares that sum to 1. Then multiply each style by its share, and add up over the first axis.",
        "`shares = amounts / amounts.sum()`, then `(styles * shares[:, None, None]).sum(0)`.",
    ),
    reference=blend_styles,
    cases=(
        _case(1, 2, 4),
        _case(2, 3, 5),
        _case(3, 4, 3, loose=True),
        _case(4, 1, 6),
        _case(5, 5, 1),
        _case(6, 4, 2, one=True),
    ),
    takes={"styles": tensor("S 2 N"), "amounts": tensor("S", ("positive", "ties"))},
    sizes={"S": (1, 5)},
    differentiable=(0, 1),
    verified="a mean of styles, weighted by shares that sum to 1",
)
