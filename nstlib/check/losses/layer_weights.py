"""The exercise ``layer_weights``, and the mistakes that people make in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from nstlib import losses
from nstlib.check.drawing import Pick, Sizes, changed, made_by, one_of, shuffled
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake

_FIVE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def _weights_case(layers: tuple[str, ...], ratio: float) -> Case:
    return Case(
        f"{len(layers)} layers from {layers[0]} to {layers[-1]}, ratio {ratio}", lambda _: (list(layers), ratio)
    )


@law("the weights sum to 1")
def weights_sum(function: Function) -> bool:
    return close(sum(float(w) for w in function(list(_FIVE), 0.5).values()), 1.0)


@law("each weight is `ratio` times the one before")
def ratio(function: Function) -> bool:
    weights = [float(function(list(_FIVE), 3.0)[name]) for name in _FIVE]
    return all(close(b / a, 3.0) for a, b in itertools.pairwise(weights))


@law("with ratio 1 all layers count the same")
def equal(function: Function) -> bool:
    return all(close(float(w), 0.2) for w in function(list(_FIVE), 1.0).values())


@law("a single layer has weight 1")
def single(function: Function) -> bool:
    return {name: float(w) for name, w in function(["relu3_1"], 7.0).items()} == {"relu3_1": 1.0}


@law("layers listed backward with 1/ratio get the same weights")
def weights_reversed_(function: Function) -> bool:
    down, up = function(list(_FIVE), 0.5), function(list(_FIVE[::-1]), 2.0)
    return all(close(float(down[name]), float(up[name])) for name in _FIVE)


def _shared(names: list[str], raw: list[float]) -> dict[str, float]:
    return {name: weight / sum(raw) for name, weight in zip(names, raw, strict=True)}


def weights_from_one(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return {name: ratio ** (k + 1) for k, name in enumerate(layers)}


@mistake(
    "The proportions are right, but the weights do not sum to 1: changing `ratio` would also change how strong the "
    "style is altogether.",
    variants=(weights_from_one,),
)
def not_normalized(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return {name: ratio**k for k, name in enumerate(layers)}


@mistake("The order is turned around: the first layer in the list has weight in proportion to ratio**0.")
def reversed_(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return losses.layer_weights(layers, 1 / ratio)


def weights_proportional(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [(k + 1) * ratio for k in range(len(names))])


@mistake(
    "The weights grow by addition. Each should be `ratio` *times* the one before: a power.",
    variants=(weights_proportional,),
)
def linear(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [1 + k * ratio for k in range(len(names))])


@mistake("The largest weight is 1; their *sum* should be. What do you divide by?")
def scaled_by_the_largest(layers: Iterable[str], ratio: float) -> dict[str, float]:
    weights = losses.layer_weights(layers, ratio)
    return {name: weight / max(weights.values()) for name, weight in weights.items()}


@mistake("All layers have the same weight. Where does `ratio` come in?")
def ratio_ignored(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return losses.layer_weights(layers, 1.0)


@mistake("The exponent is the block's number in the name. It should be the place in the list: 0, 1, 2, ...")
def power_from_the_name(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [ratio ** int(name[4]) for name in names])


@mistake("This divides by how many layers there are. Only for ratio 1 is that the sum of the weights.")
def divided_by_count(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return {name: ratio**k / len(names) for k, name in enumerate(names)}


@mistake("Base and exponent are swapped: ratio**k is asked for, not k**ratio.")
def power_swapped(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [float(k**ratio) for k in range(1, len(names) + 1)])


def _some_layers(pick: Pick, sizes: Sizes) -> tuple[str, ...]:
    names = [f"{kind}{block}_1" for kind in ("conv", "relu") for block in range(1, 5)]
    return tuple(shuffled(pick, names)[: pick.whole(1, 7)])


EXERCISE = Exercise(
    __name__,
    title="Soft or strong style",
    difficulty=1,
    minutes=6,
    signature="layer_weights(layers, ratio)",
    hints=(
        "One number says which end of the network rules: each layer counts `ratio` times as much as the one before. "
        "Then scale, so that all weights together are 1.",
        "Raw weights: 1, ratio, ratio**2, ... in the order in which the layers are listed. Divide each by their sum.",
        "`raw = {name: ratio**k for k, name in enumerate(layers)}`, then each over `sum(raw.values())`.",
    ),
    reference=losses.layer_weights,
    cases=(
        _weights_case(_FIVE, 0.5),
        _weights_case(_FIVE[:3], 2.0),
        _weights_case(("relu1_1", "relu3_1", "relu4_1"), 3.0),
        _weights_case(_FIVE[1:3], 0.25),
    ),
    takes={"layers": changed(made_by(_some_layers), list), "ratio": one_of(1, 2, 3, 0.25, 0.5, 1.5, 1.0)},
    verified="a geometric progression that sums to 1",
)
