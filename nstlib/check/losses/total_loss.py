"""The exercise ``total_loss``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nstlib.check.drawing import Kind, Make, Pick, Sizes, one_of, shuffled, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, uniform
from nstlib.check.losses._shared import CUT


def total_loss(
    content: Tensor, styles: Mapping[str, Tensor], weights: Mapping[str, float], alpha: float, beta: float
) -> Tensor:
    """Return ``alpha * content + beta * sum over layers of weight * style``, a scalar (Gatys et al., 2016, eqs. 5, 7)."""
    return alpha * content + beta * sum(weights[name] * styles[name] for name in styles)


def _total_case(seed: int, names: tuple[str, ...], alpha: float, beta: float) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        numbers = uniform(seed, len(names) + 1, dtype=dtype) + 0.5
        styles = {name: numbers[k].clone() for k, name in enumerate(names)}
        weights = {name: 0.1 + 0.3 * k for k, name in enumerate(sorted(names, reverse=True))}
        return numbers[-1].clone(), styles, weights, alpha, beta

    return Case(f"{len(names)} style layers, alpha {alpha}, beta {beta}", make, {"alpha": alpha, "beta": beta})


def _total_arguments() -> tuple:
    styles = {"relu1_1": torch.tensor(2.0), "relu2_1": torch.tensor(3.0)}
    return torch.tensor(5.0), styles, {"relu2_1": 0.25, "relu1_1": 0.75}


def _total(function: Function, alpha: float, beta: float) -> Tensor:
    return torch.as_tensor(function(*_total_arguments(), alpha, beta))


@law("with beta 0 it is alpha times the content loss")
def content_only(function: Function) -> bool:
    return close(_total(function, 3.0, 0.0), 15.0)


@law("with alpha 0 it is beta times the weighted sum of the style losses")
def style_only(function: Function) -> bool:
    return close(_total(function, 0.0, 4.0), 9.0)


@law("twice alpha and twice beta give twice the loss")
def doubled(function: Function) -> bool:
    return close(_total(function, 2.0, 6.0), 2 * _total(function, 1.0, 3.0))


@law("the order in which the layers are listed does not matter")
def order(function: Function) -> bool:
    content, styles, weights = _total_arguments()
    turned = dict(reversed(list(styles.items())))
    result = torch.as_tensor(function(content, turned, weights, 1.0, 2.0))
    return close(result, _total(function, 1.0, 2.0)) and close(result, 9.5)


@law("one more layer adds beta times its weight times its loss")
def more_layers(function: Function) -> bool:
    content, styles, weights = _total_arguments()
    more = function(content, {**styles, "relu3_1": torch.tensor(8.0)}, {**weights, "relu3_1": 0.5}, 1.0, 2.0)
    return close(more, _total(function, 1.0, 2.0) + 8)


@mistake("`alpha` and `beta` are swapped. alpha weighs the content, beta the style.")
def alpha_and_beta_swapped(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, beta, alpha)


def total_with_equal_weights(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return alpha * content + beta * sum(styles.values()) / len(styles)


@mistake(
    "The layers' weights are not used. How would soft and strong style differ?", variants=(total_with_equal_weights,)
)
def weights_ignored(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return alpha * content + beta * sum(styles.values())


@mistake("The weighted losses are averaged over the layers. The weights already say how much each one counts: sum.")
def averaged_over_layers(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, beta / len(styles))


@mistake(CUT)
def gradient_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, beta).detach()


def total_content_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content.detach(), styles, weights, alpha, beta)


@mistake(
    "The number is right, but one half of it is cut off: no gradient comes back through the style losses, or none "
    "through the content loss. Is there a .item(), float() or .detach() on the way?",
    variants=(total_content_cut,),
)
def half_the_gradient_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, {name: value.item() for name, value in styles.items()}, weights, alpha, beta)


@mistake("Weights and losses are paired by their place in the dictionaries. Pair them by name: weights[name].")
def matched_by_place(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    pairs = zip(styles.values(), weights.values(), strict=True)
    return alpha * content + beta * sum(weight * value for value, weight in pairs)


@mistake("Only the last layer counts. Is the sum set anew in each round of the loop?")
def last_layer_only(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    name = list(styles)[-1]
    return alpha * content + beta * weights[name] * styles[name]


@mistake("The content loss is added once for each style layer. Does it stand inside the loop?")
def content_counted_per_layer(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return sum(alpha * content + beta * weights[name] * styles[name] for name in styles)


@mistake("`alpha` is not used: the content loss always counts once.")
def alpha_forgotten(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, 1.0, beta)


@mistake("`beta` is not used: the style losses always count once.")
def beta_forgotten(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, 1.0)


def _by_layer(kind: Kind) -> Kind:
    """Return the kind of a dictionary from L layers, in some order, to one of a kind for each."""

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        makes = {name: kind(pick, sizes)[1] for name in shuffled(pick, [f"layer{k}" for k in range(sizes["L"])])}
        return f"{len(makes)} of them", lambda dtype: {name: make(dtype) for name, make in makes.items()}

    return draw


EXERCISE = Exercise(
    __name__,
    title="One number to lower",
    difficulty=1,
    minutes=6,
    signature="total_loss(content, styles, weights, alpha, beta)",
    hints=(
        "Two goals pull at the image, and two numbers say how hard: alpha for the content, beta for the style. The "
        "style is itself a weighted sum over layers.",
        "Go through the layers by *name*: the two dictionaries need not list them in the same order. Keep tensors "
        "tensors, so that the gradient can flow.",
        "`alpha * content + beta * sum(weights[name] * styles[name] for name in styles)`",
    ),
    reference=total_loss,
    cases=(
        _total_case(1, ("relu1_1", "relu2_1", "relu3_1"), 1.0, 10.0),
        _total_case(2, ("relu1_1", "relu2_1"), 0.5, 3.0),
        _total_case(3, ("relu4_1", "relu1_1", "relu3_1", "relu2_1"), 2.0, 100.0),
        _total_case(4, ("relu5_1",), 7.0, 0.5),
    ),
    takes={
        "content": tensor("", ("normal", "positive", "zeros", "tiny")),
        "styles": _by_layer(tensor("", ("normal", "positive", "zeros", "tiny"))),
        "weights": _by_layer(one_of(0, 0.2, 0.5, 1, 3.0)),
        "alpha": one_of(0, 0.5, 1, 20.0),
        "beta": one_of(0, 0.5, 1, 1000.0),
    },
    sizes={"L": (1, 7)},
    drawn=12,
    differentiable=(0, 1),
    verified="both terms by their weights, layers matched by name, and the gradient flows into each",
)
