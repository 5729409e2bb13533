"""The exercise ``texture_loss``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal, scattered
from nstlib.check.textures._shared import Maps, permutation, texture_loss
from nstlib.gram import gram_matrix, shuffle_positions

_LAYERS = {"relu1_1": (1, 3, 5, 6), "pool1": (1, 5, 4, 3), "pool2": (1, 4, 2, 3)}


def _layers(seed: int, count: int, dtype: torch.dtype = torch.float32) -> Maps:
    shapes = list(_LAYERS.items())[:count]
    return {name: (normal(seed + k, *shape, dtype=dtype) + 0.3) * 3**k for k, (name, shape) in enumerate(shapes)}


def _grams(maps: Maps) -> Maps:
    return {name: gram_matrix(values) for name, values in maps.items()}


def _texture_case(seed: int, count: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Maps, Maps]:
        features = _layers(seed, count, dtype)
        return {k: scattered(v) if loose else v for k, v in features.items()}, _grams(_layers(seed + 40, count, dtype))

    label = ", ".join(f"{name} {shape}" for name, shape in list(_LAYERS.items())[:count])
    return Case(f"{label}{if_loose(loose)}", make, {"2": 2.0, "4": 4.0, "the number of layers": count})


def _texture(function: Function, features: Maps, targets: Maps) -> Tensor:
    return torch.as_tensor(function(features, targets))


@law("a picture that has the targets has a loss of 0")
def zero(function: Function) -> bool:
    return float(_texture(function, _layers(1, 3), _grams(_layers(1, 3)))) < 1e-6


@law("features that are 0 everywhere have a loss of 1")
def one(function: Function) -> bool:
    nothing = {name: torch.zeros_like(maps) for name, maps in _layers(1, 3).items()}
    return close(_texture(function, nothing, _grams(_layers(1, 3))), 1.0)


@law("moving all positions of a layer around changes nothing")
def shuffled(function: Function) -> bool:
    features, targets = _layers(1, 3), _grams(_layers(2, 3))
    moved = {name: shuffle_positions(maps, permutation(3, maps[0, 0].numel())) for name, maps in features.items()}
    return close(_texture(function, moved, targets), _texture(function, features, targets))


@law("features and texture in other units have the same loss")
def units(function: Function) -> bool:
    features, targets = _layers(1, 3), _grams(_layers(2, 3))
    louder = {name: 10 * maps for name, maps in features.items()}
    return close(
        _texture(function, louder, {k: 100 * v for k, v in targets.items()}), _texture(function, features, targets)
    )


@law("it is the mean of what each layer has by itself")
def layers(function: Function) -> bool:
    features, targets = _layers(1, 3), _grams(_layers(2, 3))
    single = [_texture(function, {name: features[name]}, {name: targets[name]}) for name in features]
    return close(_texture(function, features, targets), sum(single) / 3)


def _loss_with(
    layer_loss: Callable[[Tensor, Tensor], Tensor], combine: Callable[[list], Tensor] | None = None
) -> Function:
    def wrong(features: Maps, targets: Maps) -> Tensor:
        losses = [layer_loss(features[name], targets[name]) for name in targets]
        return combine(losses) if combine else sum(losses) / len(losses)

    return wrong


def _squares(maps: Tensor, target: Tensor) -> Tensor:
    return (gram_matrix(maps) - target).square()


def _rest(maps: Tensor, target: Tensor) -> Tensor:
    return _squares(maps, target).mean() / target.square().mean()


summed_over_layers = mistake(
    "This is the sum over layers. With their mean, a loss of 1 says the same for one layer and for five.",
    "summed_over_layers",
)(_loss_with(_rest, sum))


loss_of_first_layer = _loss_with(_rest, lambda losses: losses[0])


one_layer_only = mistake(
    "Only one layer counts. Is the loss overwritten in the loop, or returned inside it?",
    "one_layer_only",
    variants=(loss_of_first_layer,),
)(_loss_with(_rest, lambda losses: losses[-1]))


relative_to_the_image = mistake(
    "This is relative to the image's own Gram matrix, so the image could lower it by growing brighter. What stands "
    "still and can serve as a measure?",
    "relative_to_the_image",
)(_loss_with(lambda maps, a: _squares(maps, a).mean() / gram_matrix(maps).square().mean()))


loss_not_squared = _loss_with(lambda maps, a: (gram_matrix(maps) - a).mean() / a.square().mean())


absolute_values = mistake(
    "The differences are not squared: (G - A)**2 is asked for.", "absolute_values", variants=(loss_not_squared,)
)(_loss_with(lambda maps, a: (gram_matrix(maps) - a).abs().mean() / a.abs().mean()))


square_root = mistake(
    "There is a square root too many. Its slope is infinite exactly where the optimization wants to arrive.",
    "square_root",
)(_loss_with(lambda maps, a: _rest(maps, a).sqrt()))


loss_scale_squared_last = _loss_with(lambda maps, a: _squares(maps, a).mean() / a.mean().square())


scale_not_squared = mistake(
    "It is divided by the mean of the target's entries, or by the square of that. Divide by the mean of its *squared* "
    "entries.",
    "scale_not_squared",
    variants=(loss_scale_squared_last,),
)(_loss_with(lambda maps, a: _squares(maps, a).mean() / a.mean()))


each_entry_relative = mistake(
    "Each entry is divided by its own target, so entries near 0 rule everything. Divide one mean by another.",
    "each_entry_relative",
)(_loss_with(lambda maps, a: (_squares(maps, a) / a.square()).mean()))


sum_over_mean = mistake(
    "A sum over entries is divided by a mean, so each layer counts C*C times too much. Two means, or two sums.",
    "sum_over_mean",
)(_loss_with(lambda maps, a: _squares(maps, a).sum() / a.square().mean()))


gram_not_averaged = mistake(
    "The image's Gram matrix is a sum over positions here and the target is a mean: they can never agree.",
    "gram_not_averaged",
)(_loss_with(lambda maps, a: (gram_matrix(maps) * maps[0, 0].numel() - a).square().mean() / a.square().mean()))


layers_mixed_first = mistake(
    "Errors and scales are added up over the layers before they are divided, so the layer with the largest numbers "
    "decides alone. Divide in each layer.",
    "layers_mixed_first",
)(
    _loss_with(
        lambda maps, a: torch.stack([_squares(maps, a).mean(), a.square().mean()]),
        lambda pairs: sum(p[0] for p in pairs) / sum(p[1] for p in pairs),
    )
)


mean = convention(
    "This is not relative to the target: a plain mean of squares, a convention that is in use. Your numbers below "
    "will be other ones, and layers with large activations will count more.",
    "mean",
)(_loss_with(lambda maps, a: _squares(maps, a).mean()))


gatys = convention(
    "This is E_l of Gatys et al. (2015) with equal weights, a quarter of the mean square error. Your numbers below "
    "will be other ones, and layers with large activations will count more.",
    "gatys",
)(_loss_with(lambda maps, a: _squares(maps, a).mean() / 4))


def _some_maps(pick: Pick, sizes: Sizes) -> tuple[tuple[str, str], Make]:
    """Draw layers of any shape, some of them alike, and targets that need not come in the same order."""
    shape = {k: (1, *(pick.whole(1, 5) for _ in range(3))) for k in ("relu1_1", "conv2_1", "pool2")[: pick.whole(1, 3)]}
    alike, order, seed = pick.one_of((True, False)), list(shape)[:: pick.one_of((1, -1))], pick.whole(0, 999)
    shape = dict.fromkeys(shape, shape["relu1_1"]) if alike else shape

    def make(dtype: torch.dtype) -> tuple[Maps, Maps]:
        maps, wanted = ({k: normal(s, *shape[k], dtype=dtype) + 0.3 for k in shape} for s in (seed, seed + 1))
        maps = {k: 3**n * x for n, (k, x) in enumerate(maps.items())}
        return maps, {k: gram_matrix(2 * (1 + n) * wanted[k]) for n, k in enumerate(order)}

    return (", ".join(f"{k} {s}" for k, s in shape.items()), ", ".join(order)), make


_FEATURES, _TARGETS = together(2, _some_maps)


EXERCISE = Exercise(
    __name__,
    title="How far from the texture",
    difficulty=2,
    minutes=10,
    signature="texture_loss(features, targets)",
    hints=(
        "Each layer gets one number: how wrong its Gram matrix is, compared with how large it should be. Then all layers "
        "count alike.",
        "For one layer: the mean of the squared differences between the two Gram matrices, divided by the mean of the "
        "target's squared entries. Average over the layers.",
        "`(gram_matrix(features[layer]) - targets[layer]).square().mean() / targets[layer].square().mean()`, summed over "
        "`for layer in targets`, divided by `len(targets)`.",
    ),
    reference=texture_loss,
    cases=(_texture_case(1, 1), _texture_case(4, 2), _texture_case(7, 3), _texture_case(9, 3, loose=True)),
    takes={"features": _FEATURES, "targets": _TARGETS},
    differentiable=(0,),
    verified="all layers count alike, and the gradient reaches the features",
)
