"""Exercises of chapter 08, textures, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import textures
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.features import Features
from nstlib.gram import gram_matrix, shuffle_positions
from nstlib.losses import style_loss
from nstlib.vgg import ARCHITECTURES

CHAPTER = "08_textures"
Maps = dict[str, Tensor]
Network = Callable[[Tensor, Iterable[str]], Maps]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


def _permutation(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))


def _some(seed: int = 11, *shape: int) -> Tensor:
    return normal(seed, *(shape or (2, 3, 4, 5))) + 0.25


def _eyes(seed: int) -> Network:
    """Return a small network of two layers, smooth and without edges, that is called like a real one."""
    kernels = {"shallow": normal(seed, 5, 3, 3, 3) / 4, "deep": normal(seed + 1, 4, 5, 3, 3) / 6}

    def see(image: Tensor, layers: str | Iterable[str]) -> Maps:
        x, found = image, {}
        for name, kernel in kernels.items():
            x = F.softplus(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), kernel.to(x)))
            found[name] = x
            x = F.avg_pool2d(x, 2)
        return {layer: found[layer] for layer in ([layers] if isinstance(layers, str) else layers)}

    return see


# parameter_count --------------------------------------------------------------------------------------------------------


@cache
def _vgg() -> Features:
    """Return a VGG-16 of zeros: it has the layers and channels, and can even be run."""
    weights = {}
    for layer, (channels, out) in ARCHITECTURES["vgg16"].kernels.items():
        weights[f"{layer}.weight"], weights[f"{layer}.bias"] = torch.zeros(out, channels, 3, 3), torch.zeros(out)
    return Features("vgg16", weights)


def _count_case(*layers: str) -> Case:
    return Case(f"VGG-16, {', '.join(layers)}", lambda dtype: (_vgg(), list(layers)))


def _count(function: Function, *layers: str) -> float:
    return float(function(_vgg(), list(layers)))


def _count_paper(function: Function) -> bool:
    return _count(function, "relu1_1", "pool1", "pool2", "pool3", "pool4") == 176_640


def _count_one(function: Function) -> bool:
    return _count(function, "relu2_1") == sum(range(1, 129))


def _count_adds(function: Function) -> bool:
    return _count(function, "pool1", "pool3") == _count(function, "pool1") + _count(function, "pool3")


def _count_order(function: Function) -> bool:
    return _count(function, "pool1", "relu3_1") == _count(function, "relu3_1", "pool1") > 0


def _channels(network: Features, layers: Iterable[str]) -> list[int]:
    return [network.channels(layer) for layer in layers]


def count_all_entries(network: Features, layers: Iterable[str]) -> int:
    return sum(c * c for c in _channels(network, layers))


def count_diagonals(network: Features, layers: Iterable[str]) -> int:
    return sum(_channels(network, layers))


def count_without_diagonal(network: Features, layers: Iterable[str]) -> int:
    return sum(c * (c - 1) // 2 for c in _channels(network, layers))


def count_halves(network: Features, layers: Iterable[str]) -> int:
    return sum(c * c // 2 for c in _channels(network, layers))


def count_twice(network: Features, layers: Iterable[str]) -> int:
    return sum(c * (c + 1) for c in _channels(network, layers))


def count_last_layer(network: Features, layers: Iterable[str]) -> int:
    return textures.parameter_count(network, list(layers)[-1:])


def count_first_layer(network: Features, layers: Iterable[str]) -> int:
    return textures.parameter_count(network, list(layers)[:1])


def count_all_channels_together(network: Features, layers: Iterable[str]) -> int:
    c = sum(_channels(network, layers))
    return c * (c + 1) // 2


PARAMETER_COUNT = Exercise(
    name="parameter_count",
    chapter=CHAPTER,
    title="How large is the model?",
    difficulty=1,
    minutes=6,
    signature="parameter_count(network, layers)",
    hints=(
        "A Gram matrix has C rows and C columns, but it is symmetric. Which of its entries can you leave out, and still "
        "write down the whole matrix?",
        "Keep the diagonal and what lies above it: the first row has C such entries, the second C - 1, the last 1. Add "
        "that up over the layers; `network.channels(layer)` is C.",
        "1 + 2 + ... + C is `C * (C + 1) // 2`. Sum that over `for layer in layers`.",
    ),
    reference=textures.parameter_count,
    cases=(
        _count_case("relu1_1"),
        _count_case("pool1", "relu3_2"),
        _count_case("relu1_1", "pool1", "pool2", "pool3", "pool4"),
        _count_case("relu2_2", "relu2_1", "relu5_3"),
    ),
    laws=(
        Law("the layers of the paper have 176,640 of them", _count_paper),
        Law("a layer of C channels has 1 + 2 + ... + C", _count_one),
        Law("two layers have what each has, added up", _count_adds),
        Law("the order of the layers does not matter", _count_order),
    ),
    mistakes=(
        Mistake(
            "symmetry_forgotten",
            count_all_entries,
            "This counts all C * C entries. G_ij and G_ji are the same number: does the model have to store it twice?",
        ),
        Mistake(
            "diagonal_only",
            count_diagonals,
            "This counts one number for each channel, the diagonals. What about the products of two channels?",
        ),
        Mistake(
            "diagonal_forgotten",
            count_without_diagonal,
            "This counts the entries above the diagonal and not the diagonal itself. Is a channel's own activity no part "
            "of the model?",
        ),
        Mistake(
            "half_of_all",
            count_halves,
            "This is half of C * C. A matrix is two triangles and the diagonal between them: to which half does the "
            "diagonal belong?",
        ),
        Mistake(
            "counted_twice",
            count_twice,
            "It is twice too much. The numbers from 1 to C are C in number, and (C + 1) / 2 on average.",
        ),
        Mistake(
            "one_layer_only",
            count_last_layer,
            "Only one of the layers is counted. Does something in the loop overwrite the sum, or leave the loop early?",
            (count_first_layer,),
        ),
        Mistake(
            "layers_put_together",
            count_all_channels_together,
            "The channels of all layers are put together, as if channels of two layers could be multiplied. Their maps "
            "have different sizes: each layer has its own matrix.",
        ),
    ),
    verified="each layer's upper triangle with its diagonal",
)


# style_targets ----------------------------------------------------------------------------------------------------------


def style_targets(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    """Return the Gram matrix of each layer, shape (B, C, C), as plain numbers without a graph.

    Args:
        texture: shape (B, 3, H, W).
        network: ``network(texture, layers)`` returns activations by name.
        layers: names.
    """
    with torch.no_grad():
        return {layer: gram_matrix(maps) for layer, maps in network(texture, layers).items()}


def _targets_case(seed: int, shape: tuple[int, ...], *layers: str, loose: bool = False, graph: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Network, list[str]]:
        texture = uniform(seed, *shape, dtype=dtype)
        texture = scattered(texture) if loose else texture
        return texture.requires_grad_(graph), _eyes(seed), list(layers)

    note = ", which requires a gradient" if graph else ""
    return Case(f"texture {shape}{_loose(loose)}{note}, {', '.join(layers)}", make)


def _watch_targets(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, Mapping):
        return result
    found = {str(name): value.detach() if isinstance(value, Tensor) else value for name, value in result.items()}
    graph = any(isinstance(value, Tensor) and value.requires_grad for value in result.values())
    return {**found, "a graph on them": graph}


def _targets(function: Function, texture: Tensor, *layers: str) -> Maps:
    return {name: torch.as_tensor(value) for name, value in function(texture, _eyes(7), list(layers)).items()}


def _picture() -> Tensor:
    return uniform(31, 1, 3, 8, 12)


def _targets_asked(function: Function) -> bool:
    return all(set(_targets(function, _picture(), *names)) == set(names) for names in (("deep",), ("deep", "shallow")))


def _targets_rolled(function: Function) -> bool:
    before = _targets(function, _picture(), "shallow", "deep")
    after = _targets(function, _picture().roll((2, 4), (2, 3)), "shallow", "deep")
    return all(close(after[name], before[name]) for name in before)


def _targets_repeated(function: Function) -> bool:
    before = _targets(function, _picture(), "shallow", "deep")
    after = _targets(function, _picture().repeat(1, 1, 2, 3), "shallow", "deep")
    return all(close(after[name], before[name]) for name in before)


def _targets_free(function: Function) -> bool:
    found = function(_picture().requires_grad_(True), _eyes(7), ["shallow", "deep"])
    return not any(value.requires_grad for value in found.values())


def _targets_trace(function: Function) -> bool:
    found = _targets(function, _picture(), "shallow")["shallow"]
    squares = _eyes(7)(_picture(), "shallow")["shallow"].square().mean((2, 3)).sum(1)
    return close(found.diagonal(dim1=-2, dim2=-1).sum(-1).reshape(-1), squares)


def _grams_with(change: Callable[[Tensor], Tensor]) -> Function:
    def wrong(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
        with torch.no_grad():
            return {layer: change(maps) for layer, maps in network(texture, layers).items()}

    return wrong


def targets_with_graph(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return {layer: gram_matrix(maps) for layer, maps in network(texture, layers).items()}


targets_are_features = _grams_with(lambda maps: maps)
targets_centered = _grams_with(lambda maps: textures.mean_covariance(maps)[1])
targets_without_batch = _grams_with(lambda maps: gram_matrix(maps).mean(0))
targets_of_first_image = _grams_with(lambda maps: gram_matrix(maps)[0])
targets_divided_twice = _grams_with(lambda maps: gram_matrix(maps) / maps[0, 0].numel())
targets_between_positions = _grams_with(lambda maps: maps.flatten(2).mT @ maps.flatten(2) / maps[0, 0].numel())
targets_summed = _grams_with(lambda maps: gram_matrix(maps) * maps[0, 0].numel())
targets_johnson = _grams_with(lambda maps: gram_matrix(maps) / maps.shape[1])


def targets_of_pixels(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return {layer: gram_matrix(texture.detach()) for layer in layers}


def targets_in_a_list(texture: Tensor, network: Network, layers: Iterable[str]) -> list[Tensor]:
    return list(style_targets(texture, network, layers).values())


def targets_of_last_layer(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return style_targets(texture, network, list(layers)[-1:])


def targets_of_last_layer_bare(texture: Tensor, network: Network, layers: Iterable[str]) -> Tensor:
    return next(iter(targets_of_last_layer(texture, network, layers).values()))


STYLE_TARGETS = Exercise(
    name="style_targets",
    chapter=CHAPTER,
    title="What the noise should become",
    difficulty=1,
    minutes=8,
    signature="style_targets(texture, network, layers)",
    hints=(
        "The network is run once on the texture, and of each layer only the Gram matrix is kept: after that the picture "
        "itself is not needed any more.",
        "`network(texture, layers)` returns a dictionary from name to activations; go through its items. Nothing will "
        "ever be differentiated with respect to the texture, so compute without a graph.",
        "`with torch.no_grad():` and inside `return {layer: gram_matrix(maps) for layer, maps in network(texture, "
        "layers).items()}`.",
    ),
    reference=style_targets,
    cases=(
        _targets_case(1, (1, 3, 8, 10), "shallow", "deep"),
        _targets_case(2, (2, 3, 6, 8), "deep", graph=True),
        _targets_case(3, (2, 3, 10, 6), "shallow", "deep", loose=True),
        _targets_case(4, (1, 3, 7, 9), "shallow", graph=True),
    ),
    laws=(
        Law("there is one target for each layer asked for, and no other", _targets_asked),
        Law("a texture that is moved has the same targets", _targets_rolled),
        Law("a texture beside its own copies has the same targets", _targets_repeated),
        Law("no gradient leads back to the texture", _targets_free),
        Law("the trace of a target is the sum of the channels' mean squares", _targets_trace),
    ),
    mistakes=(
        Mistake(
            "graph_kept",
            targets_with_graph,
            "The targets still hang on the graph that made them. They are constants: with a graph, each step of the "
            "synthesis would drag the texture's activations along. What switches the recording off?",
        ),
        Mistake(
            "features_for_targets",
            targets_are_features,
            "These are the activations themselves, positions and all: matching them would copy the picture. What forgets "
            "the positions?",
        ),
        Mistake(
            "pixels_for_features",
            targets_of_pixels,
            "These are products of the three colors: the network was never asked. What does it return for the texture?",
        ),
        Mistake(
            "centered",
            targets_centered,
            "These are covariances: the mean of each channel was subtracted. In a Gram matrix it stays.",
        ),
        Mistake(
            "divided_twice",
            targets_divided_twice,
            "These are too small by the number of positions: is `gram_matrix` a mean already?",
        ),
        Mistake(
            "between_positions",
            targets_between_positions,
            "These compare positions with each other (H*W x H*W), so they know where things are. Compare channels.",
        ),
        Mistake(
            "batch_axis_lost",
            targets_without_batch,
            "The batch axis is gone: (C, C) where (B, C, C) is asked for. Each picture has its own target.",
            (targets_of_first_image,),
        ),
        Mistake(
            "names_lost",
            targets_in_a_list,
            "The targets are in a list. Later you will look them up by the layer's name: make it a dictionary.",
        ),
        Mistake(
            "last_layer_only",
            targets_of_last_layer,
            "Only the last of the layers has a target. Is the dictionary made anew inside the loop?",
            (targets_of_last_layer_bare,),
        ),
    ),
    conventions=(
        Convention(
            "gatys_sum",
            targets_summed,
            "These are sums over positions, as Gatys et al. (2015) have them, not means. Both are in use; your numbers "
            "below will differ by the factor H*W, and a result must have the texture's size.",
        ),
        Convention(
            "johnson",
            targets_johnson,
            "These are divided by C*H*W, as Johnson et al. (2016) have it, not only by H*W. Both are in use; your "
            "numbers below will differ by the factor 1/C.",
        ),
    ),
    observe=_watch_targets,
    verified="a Gram matrix for each layer, free of any graph",
)


# texture_loss -----------------------------------------------------------------------------------------------------------


def texture_loss(features: Maps, targets: Maps) -> Tensor:
    """Return the mean over layers of ``mean((G - A)**2) / mean(A**2)``, a scalar.

    Args:
        features: layer to activations of the image, shape (1, C, H, W).
        targets: layer to Gram matrices A of the texture, shape (1, C, C).
    """
    return sum(style_loss(features[layer], targets[layer], convention="relative") for layer in targets) / len(targets)


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
    return Case(f"{label}{_loose(loose)}", make, {"2": 2.0, "4": 4.0, "the number of layers": count})


def _texture(function: Function, features: Maps, targets: Maps) -> Tensor:
    return torch.as_tensor(function(features, targets))


def _texture_zero(function: Function) -> bool:
    return float(_texture(function, _layers(1, 3), _grams(_layers(1, 3)))) < 1e-6


def _texture_one(function: Function) -> bool:
    nothing = {name: torch.zeros_like(maps) for name, maps in _layers(1, 3).items()}
    return close(_texture(function, nothing, _grams(_layers(1, 3))), 1.0)


def _texture_shuffled(function: Function) -> bool:
    features, targets = _layers(1, 3), _grams(_layers(2, 3))
    moved = {name: shuffle_positions(maps, _permutation(3, maps[0, 0].numel())) for name, maps in features.items()}
    return close(_texture(function, moved, targets), _texture(function, features, targets))


def _texture_units(function: Function) -> bool:
    features, targets = _layers(1, 3), _grams(_layers(2, 3))
    louder = {name: 10 * maps for name, maps in features.items()}
    return close(
        _texture(function, louder, {k: 100 * v for k, v in targets.items()}), _texture(function, features, targets)
    )


def _texture_layers(function: Function) -> bool:
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


loss_summed = _loss_with(_rest, sum)
loss_of_last_layer = _loss_with(_rest, lambda losses: losses[-1])
loss_of_first_layer = _loss_with(_rest, lambda losses: losses[0])
loss_relative_to_image = _loss_with(lambda maps, a: _squares(maps, a).mean() / gram_matrix(maps).square().mean())
loss_absolute = _loss_with(lambda maps, a: (gram_matrix(maps) - a).abs().mean() / a.abs().mean())
loss_root = _loss_with(lambda maps, a: _rest(maps, a).sqrt())
loss_scale_not_squared = _loss_with(lambda maps, a: _squares(maps, a).mean() / a.mean())
loss_scale_squared_last = _loss_with(lambda maps, a: _squares(maps, a).mean() / a.mean().square())
loss_each_entry_relative = _loss_with(lambda maps, a: (_squares(maps, a) / a.square()).mean())
loss_sum_over_mean = _loss_with(lambda maps, a: _squares(maps, a).sum() / a.square().mean())
loss_not_squared = _loss_with(lambda maps, a: (gram_matrix(maps) - a).mean() / a.square().mean())
loss_with_summed_gram = _loss_with(
    lambda maps, a: (gram_matrix(maps) * maps[0, 0].numel() - a).square().mean() / a.square().mean()
)
loss_ratio_of_sums = _loss_with(
    lambda maps, a: torch.stack([_squares(maps, a).mean(), a.square().mean()]),
    lambda pairs: sum(p[0] for p in pairs) / sum(p[1] for p in pairs),
)
loss_mean = _loss_with(lambda maps, a: _squares(maps, a).mean())
loss_gatys = _loss_with(lambda maps, a: _squares(maps, a).mean() / 4)


TEXTURE_LOSS = Exercise(
    name="texture_loss",
    chapter=CHAPTER,
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
    laws=(
        Law("a picture that has the targets has a loss of 0", _texture_zero),
        Law("features that are 0 everywhere have a loss of 1", _texture_one),
        Law("moving all positions of a layer around changes nothing", _texture_shuffled),
        Law("features and texture in other units have the same loss", _texture_units),
        Law("it is the mean of what each layer has by itself", _texture_layers),
    ),
    mistakes=(
        Mistake(
            "summed_over_layers",
            loss_summed,
            "This is the sum over layers. With their mean, a loss of 1 says the same for one layer and for five.",
        ),
        Mistake(
            "one_layer_only",
            loss_of_last_layer,
            "Only one layer counts. Is the loss overwritten in the loop, or returned inside it?",
            (loss_of_first_layer,),
        ),
        Mistake(
            "relative_to_the_image",
            loss_relative_to_image,
            "This is relative to the image's own Gram matrix, so the image could lower it by growing brighter. What stands "
            "still and can serve as a measure?",
        ),
        Mistake(
            "absolute_values",
            loss_absolute,
            "Absolute differences where squares are asked for: (G - A)**2.",
            (loss_not_squared,),
        ),
        Mistake(
            "square_root",
            loss_root,
            "There is a square root too many. Its slope is infinite exactly where the optimization wants to arrive.",
        ),
        Mistake(
            "scale_not_squared",
            loss_scale_not_squared,
            "The error is squared, and what it is divided by is not: the units do not cancel. Divide by the mean of the "
            "target's *squared* entries.",
            (loss_scale_squared_last,),
        ),
        Mistake(
            "each_entry_relative",
            loss_each_entry_relative,
            "Each entry is divided by its own target, so entries near 0 rule everything. Divide one mean by another.",
        ),
        Mistake(
            "sum_over_mean",
            loss_sum_over_mean,
            "A sum over entries is divided by a mean: it is C*C times too large. Two means, or two sums.",
        ),
        Mistake(
            "gram_not_averaged",
            loss_with_summed_gram,
            "The image's Gram matrix is a sum over positions here and the target is a mean: they can never agree.",
        ),
        Mistake(
            "layers_mixed_first",
            loss_ratio_of_sums,
            "Errors and scales are added up over the layers before they are divided, so the layer with the largest numbers "
            "decides alone. Divide in each layer.",
        ),
    ),
    conventions=(
        Convention(
            "mean",
            loss_mean,
            "This is not relative to the target: a plain mean of squares, a convention that is in use. Your numbers below "
            "will be other ones, and layers with large activations will count more.",
        ),
        Convention(
            "gatys",
            loss_gatys,
            "This is E_l of Gatys et al. (2015) with equal weights, a quarter of the mean square error. Your numbers below "
            "will be other ones, and layers with large activations will count more.",
        ),
    ),
    differentiable=(0,),
    verified="all layers count alike, and the gradient reaches the features",
)


# synthesize -------------------------------------------------------------------------------------------------------------


def synthesize(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    """Return a picture that began as ``start`` and has come nearer to the texture's Gram matrices.

    Args:
        texture: shape (1, 3, H', W').
        network: ``network(image, layers)`` returns activations by name.
        layers: names.
        start: shape (1, 3, H, W), values in [0, 1]; it is not changed.
        steps: of Adam. rate: its learning rate.
    """
    return _grow(texture, network, layers, start, steps, rate)


def _grow(
    texture: Tensor,
    network: Network,
    layers: Iterable[str],
    start: Tensor,
    steps: int,
    rate: float,
    *,
    goal: str = "texture",
    clear: bool = True,
    clamp: str = "each",
    anew: bool = False,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    sign: int = 1,
) -> Tensor:
    """Synthesize with one of the parts left out or put in the wrong place."""
    targets = style_targets(start if goal == "start" else texture, network, layers)
    pixels = start.detach().clone().requires_grad_(True)
    adam = optimizer([pixels], lr=rate)
    for _ in range(steps):
        adam = optimizer([pixels], lr=rate) if anew else adam
        if clear:
            adam.zero_grad()
        if goal == "image":
            targets = style_targets(pixels, network, layers)
        loss = texture_loss(network(pixels.clamp(0, 1) if clamp == "inside" else pixels, layers), targets)
        (sign * loss).backward()
        adam.step()
        if clamp == "each":
            with torch.no_grad():
                pixels.clamp_(0, 1)
    return pixels.detach().clamp(0, 1) if clamp in ("last", "inside") else pixels.detach()


def _growth_case(seed: int, shape: tuple[int, int], steps: int, rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Network, list[str], Tensor, int, float]:
        # Dark noise and a bright texture: the pixels want to leave [0, 1], so that clamping can be seen.
        texture = (0.2 + 1.2 * uniform(seed, 1, 3, 8, 10, dtype=dtype)).clamp(0, 1)
        start = uniform(seed + 30, 1, 3, *shape, dtype=dtype)
        texture, start = (scattered(texture), scattered(start)) if loose else (texture, start)
        return texture, _eyes(seed), ["shallow", "deep"], start, steps, rate

    return Case(
        f"texture (1, 3, 8, 10), start (1, 3, {shape[0]}, {shape[1]}){_loose(loose)}, {steps} steps of {rate}", make
    )


def _watch_growth(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, Tensor):
        return result
    return {"the picture": result.detach().clone(), "a graph on the picture": result.requires_grad}


def _grown(function: Function, start: Tensor, steps: int, rate: float) -> Tensor:
    return torch.as_tensor(function(_picture(), _eyes(7), ["shallow", "deep"], start, steps, rate)).detach()


def _start() -> Tensor:
    return 0.3 + 0.4 * uniform(32, 1, 3, 6, 10)


def _loss_of(image: Tensor) -> float:
    see = _eyes(7)
    return float(texture_loss(see(image, ["shallow", "deep"]), style_targets(_picture(), see, ["shallow", "deep"])))


def _growth_lowers(function: Function) -> bool:
    return _loss_of(_grown(function, _start(), 15, 0.02).float()) < 0.7 * _loss_of(_start())


def _growth_stays(function: Function) -> bool:
    image = _grown(function, _start(), 6, 0.4)
    return bool(image.min() >= 0) and bool(image.max() <= 1) and image.shape == (1, 3, 6, 10)


def _growth_first(function: Function) -> bool:
    return close((_grown(function, _start(), 1, 0.01) - _start()).abs(), torch.full((1, 3, 6, 10), 0.01), 0.05)


def _growth_rests(function: Function) -> bool:
    """From the texture itself there is nothing to do, and the first step of Adam is as long as rounding makes it."""
    return _loss_of(_grown(function, _picture(), 3, 1e-4).float()) < 1e-3


def _growth_borders(function: Function) -> bool:
    """Pixels that start at the border can leave it again."""
    image = _grown(function, torch.ones(1, 3, 6, 10), 4, 0.05)
    return bool((image < 0.99).any())


def _grown_with(**changes: object) -> Function:
    def wrong(
        texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
    ) -> Tensor:
        return _grow(texture, network, layers, start, steps, rate, **changes)

    return wrong


growth_towards_itself = _grown_with(goal="image")
growth_towards_start = _grown_with(goal="start")
growth_not_cleared = _grown_with(clear=False)
growth_not_clamped = _grown_with(clamp="never")
growth_clamped_last = _grown_with(clamp="last")
growth_clamped_inside = _grown_with(clamp="inside")
growth_of_new_optimizers = _grown_with(anew=True)
growth_by_plain_descent = _grown_with(optimizer=torch.optim.SGD)
growth_uphill = _grown_with(sign=-1)


def growth_from_texture(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, texture, steps, rate)


def growth_one_step_less(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, start, steps - 1, rate)


def growth_one_step_more(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return _grow(texture, network, layers, start, steps + 1, rate)


def growth_of_a_copy(
    texture: Tensor, network: Network, layers: Iterable[str], start: Tensor, steps: int, rate: float
) -> Tensor:
    return start.detach().clone()


SYNTHESIZE = Exercise(
    name="synthesize",
    chapter=CHAPTER,
    title="From noise to a texture",
    difficulty=3,
    minutes=20,
    signature="synthesize(texture, network, layers, start, steps, rate)",
    hints=(
        "You have both parts: what the texture's Gram matrices are, and how far a picture is from them. What is left is "
        "the loop that moves pixels downhill, as in chapter 01.",
        "The targets are computed once, before the loop. The pixels are a copy of `start` that requires a gradient, held "
        "by one Adam. In each step: clear, features of the pixels, loss, backward, step, clamp to [0, 1].",
        "In the loop: `adam.zero_grad()`, `texture_loss(network(pixels, layers), targets).backward()`, `adam.step()`, then "
        "`with torch.no_grad(): pixels.clamp_(0, 1)`. Return `pixels.detach()`.",
    ),
    reference=synthesize,
    cases=(
        _growth_case(1, (6, 8), 5, 0.1),
        _growth_case(2, (10, 6), 4, 0.2),
        _growth_case(3, (8, 10), 3, 0.3, loose=True),
        _growth_case(4, (7, 9), 6, 0.05),
    ),
    laws=(
        Law("the loss falls", _growth_lowers),
        Law("the result has the size of the start and stays in [0, 1]", _growth_stays),
        Law("Adam's first step moves each pixel of the start by the rate", _growth_first),
        Law("a start that is the texture stays it", _growth_rests),
        Law("pixels that start at 1 can leave it again", _growth_borders),
    ),
    mistakes=(
        Mistake(
            "targets_of_the_image",
            growth_towards_itself,
            "Nothing moves: the targets are those of the noise itself, so the loss is 0 from the beginning. Whose Gram "
            "matrices does it want, and when are they computed?",
            (growth_towards_start, growth_of_a_copy),
        ),
        Mistake(
            "gradient_not_cleared",
            growth_not_cleared,
            "Gradients add up over the steps: each step follows all of them. Which line clears them?",
        ),
        Mistake(
            "not_clamped",
            growth_not_clamped,
            "The picture leaves [0, 1]. What should happen after each step?",
        ),
        Mistake(
            "clamped_at_the_end",
            growth_clamped_last,
            "The picture is clamped once, at the end: until then it was optimized as a picture that cannot be shown.",
        ),
        Mistake(
            "clamped_inside",
            growth_clamped_inside,
            "The clamp is inside the graph: a pixel beyond the border feels no gradient there and does not come back. "
            "Clamp the pixels themselves, after the step.",
        ),
        Mistake(
            "new_optimizer_each_step",
            growth_of_new_optimizers,
            "A new Adam in each step has forgotten what the last one knew. Make it once, before the loop.",
        ),
        Mistake(
            "starts_from_the_texture",
            growth_from_texture,
            "It starts from the texture, where there is nothing left to do. What is `start` for?",
        ),
        Mistake(
            "plain_gradient_descent",
            growth_by_plain_descent,
            "This is plain gradient descent (SGD). Adam is asked for, which gives each pixel its own step length.",
        ),
        Mistake(
            "steps_miscounted",
            growth_one_step_less,
            "There is one step too few, or one too many. Where does range() begin and end?",
            (growth_one_step_more,),
        ),
        Mistake("uphill", growth_uphill, "The loss rises: is it minus the loss that is differentiated?"),
    ),
    observe=_watch_growth,
    verified="constant targets, one Adam on a copy of the start, clamped after each step",
)


# bn_statistics ----------------------------------------------------------------------------------------------------------


def _feature_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.5
        features = features.relu() if rectified else features
        return (scattered(features) if loose else features,)

    return Case(f"features {shape}{', rectified' if rectified else ''}{_loose(loose)}", make)


def _pair(function: Function, features: Tensor) -> tuple[Tensor, Tensor]:
    mean, deviation = function(features)
    return torch.as_tensor(mean), torch.as_tensor(deviation)


def _bn_diagonal(function: Function) -> bool:
    mean, deviation = _pair(function, _some())
    return close(mean**2 + deviation**2, gram_matrix(_some()).diagonal(dim1=1, dim2=2))


def _bn_level(function: Function) -> bool:
    before, after = _pair(function, _some()), _pair(function, _some() + 3)
    return close(after[0], before[0] + 3) and close(after[1], before[1])


def _bn_strength(function: Function) -> bool:
    before, after = _pair(function, _some()), _pair(function, -2 * _some())
    return close(after[0], -2 * before[0]) and close(after[1], 2 * before[1])


def _bn_alone(function: Function) -> bool:
    mean, deviation = _pair(function, _some())
    one = _pair(function, _some()[1:, 2:])
    return close(one[0], mean[1:, 2:]) and close(one[1], deviation[1:, 2:])


def _bn_shuffled(function: Function) -> bool:
    before, after = _pair(function, _some()), _pair(function, shuffle_positions(_some(), _permutation(2, 20)))
    return all(close(a, b) for a, b in zip(after, before, strict=True))


def bn_unbiased(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.std((2, 3))


def bn_variance(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.var((2, 3), correction=0)


def bn_unbiased_variance(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.var((2, 3))


def bn_root_mean_square(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((2, 3)), features.square().mean((2, 3)).sqrt()


def bn_with_batch_folded(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((0, 2, 3)), features.std((0, 2, 3), correction=0)


def bn_of_positions(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(1), features.std(1, correction=0)


def bn_of_images(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean((1, 2, 3)), features.std((1, 2, 3), correction=0)


def bn_swapped(features: Tensor) -> tuple[Tensor, Tensor]:
    return textures.bn_statistics(features)[::-1]


def bn_of_columns(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(2), features.std(2, correction=0)


def bn_of_rows(features: Tensor) -> tuple[Tensor, Tensor]:
    return features.mean(3), features.std(3, correction=0)


def bn_mean_only(features: Tensor) -> Tensor:
    return features.mean((2, 3))


def bn_deviation_only(features: Tensor) -> Tensor:
    return features.std((2, 3), correction=0)


BN_STATISTICS = Exercise(
    name="bn_statistics",
    chapter=CHAPTER,
    title="Two numbers for each channel",
    difficulty=1,
    minutes=8,
    signature="bn_statistics(features)",
    hints=(
        "Two questions for each channel of each image: how strong is it on average, and how much does it vary over the "
        "positions?",
        "Both are taken over H and W together: two axes at once. The standard deviation here is that of all positions "
        "there are, not an estimate from a sample: it divides by H*W.",
        "`features.mean((2, 3))`, and `features.std((2, 3), correction=0)`; or the root of the mean squared distance to "
        "the mean.",
    ),
    reference=textures.bn_statistics,
    cases=(
        _feature_case(1, (1, 3, 4, 5)),
        _feature_case(2, (2, 5, 3, 4)),
        _feature_case(3, (2, 4, 6, 3), loose=True),
        _feature_case(4, (1, 6, 5, 7), rectified=True),
    ),
    laws=(
        Law("mean**2 + deviation**2 is the diagonal of the Gram matrix", _bn_diagonal),
        Law("a level that is added moves the mean and leaves the deviation", _bn_level),
        Law("minus twice the features have minus twice the mean and twice the deviation", _bn_strength),
        Law("each channel of each image is by itself", _bn_alone),
        Law("moving the positions around changes nothing", _bn_shuffled),
    ),
    mistakes=(
        Mistake(
            "unbiased",
            bn_unbiased,
            "The deviation divides by H*W - 1, as one does for a sample: torch's `std` does it unless told otherwise. These "
            "are all positions there are; divide by H*W.",
        ),
        Mistake(
            "variance",
            bn_variance,
            "This is the variance. The deviation is its root, and has the units of the features.",
            (bn_unbiased_variance,),
        ),
        Mistake(
            "mean_not_subtracted",
            bn_root_mean_square,
            "The second number is the root of the mean square: the channel's level is still in it. Deviation from what?",
        ),
        Mistake(
            "batch_folded_in",
            bn_with_batch_folded,
            "The images of the batch are mixed, as in batch normalization during training. A style belongs to one picture: "
            "shapes (B, C).",
            (bn_of_images,),
        ),
        Mistake(
            "over_channels",
            bn_of_positions,
            "This averages over channels and keeps the positions: just what should be forgotten. Which axes are H and W?",
        ),
        Mistake(
            "one_axis_only",
            bn_of_columns,
            "Only one of the two axes of positions is averaged over. Give both at once: (2, 3).",
            (bn_of_rows,),
        ),
        Mistake(
            "swapped",
            bn_swapped,
            "Both are right, in the wrong order: the mean comes first.",
        ),
        Mistake(
            "one_of_two",
            bn_mean_only,
            "This is one of the two. Return the mean and the deviation: `return mean, deviation`.",
            (bn_deviation_only,),
        ),
    ),
    differentiable=(0,),
    verified="mean and deviation of each channel, the diagonal of the Gram matrix taken apart",
)


# sliced_wasserstein -----------------------------------------------------------------------------------------------------


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """Return the mean over directions of the mean squared difference of sorted projections, shape (B,).

    Args:
        x: features, shape (B, C, H, W). y: likewise, the same shape.
        directions: unit vectors, shape (K, C).
    """
    return textures.sliced_wasserstein(x, y, directions)


def _sliced_case(seed: int, shape: tuple[int, ...], count: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        # Nothing rectified: of two equal projections either may come first, and their gradients would change places.
        x, y = normal(seed, *shape, dtype=dtype) + 0.25, 2 * F.softplus(normal(seed + 50, *shape, dtype=dtype))
        directions = normal(seed + 90, count, shape[1], dtype=dtype)
        directions = directions / directions.norm(dim=1, keepdim=True)
        return (scattered(x), scattered(y), directions) if loose else (x, y, directions)

    _, c, h, w = shape
    quantities = {"2": 2.0, "H*W": h * w, "K": count, "C": c, "K*H*W": count * h * w}
    return Case(f"x and y {shape}{_loose(loose)}, {count} directions", make, quantities)


def _three() -> tuple[Tensor, Tensor, Tensor]:
    return _some(21, 2, 3, 4, 5), _some(22, 2, 3, 4, 5).relu(), textures.random_directions(3, 6)


def _sliced(function: Function, x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y, directions))


def _sliced_shuffled(function: Function) -> bool:
    x, _, directions = _three()
    moved = shuffle_positions(x, _permutation(4, 20))
    return bool((_sliced(function, x, moved, directions).abs() < 1e-6).all())


def _sliced_moved(function: Function) -> bool:
    x, _, directions = _three()
    way = torch.tensor([1.0, -2.0, 0.5])
    expected = (directions @ way).square().mean().expand(2)
    return close(_sliced(function, x, x + way.view(1, 3, 1, 1), directions), expected)


def _sliced_symmetric(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, x, y, directions), _sliced(function, y, x, directions))


def _sliced_strength(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, 3 * x, 3 * y, directions), 9 * _sliced(function, x, y, directions))


def _sliced_turned(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, x, y, -directions), _sliced(function, x, y, directions))


def _sliced_hand(function: Function) -> bool:
    """0, 4, 1 against 3, 0, 2: sorted 0 1 4 and 0 2 3, so (0 + 1 + 1) / 3."""
    x, y = (torch.tensor(values).view(1, 1, 1, 3) for values in ([0.0, 4.0, 1.0], [3.0, 0.0, 2.0]))
    return close(_sliced(function, x, y, torch.ones(1, 1)), torch.tensor([2 / 3]))


def _projected(x: Tensor, directions: Tensor) -> Tensor:
    return directions.to(x) @ x.flatten(2)  # (B, K, M)


def _sorted_with(change: Callable[[Tensor, Tensor], Tensor]) -> Function:
    def wrong(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
        return change(*(_projected(maps, directions).sort(2).values for maps in (x, y)))

    return wrong


def sliced_unsorted(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return (_projected(x, directions) - _projected(y, directions)).square().mean((1, 2))


def sliced_sorted_over_directions(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (_projected(maps, directions).sort(1).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


def sliced_sorted_first(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (directions.to(maps) @ maps.flatten(2).sort(2).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


def sliced_without_directions(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (maps.flatten(2).sort(2).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


def sliced_one_sorted(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return (_projected(x, directions).sort(2).values - _projected(y, directions)).square().mean((1, 2))


sliced_absolute = _sorted_with(lambda a, b: (a - b).abs().mean((1, 2)))
sliced_summed = _sorted_with(lambda a, b: (a - b).square().sum(2).mean(1))
sliced_summed_everywhere = _sorted_with(lambda a, b: (a - b).square().sum((1, 2)))
sliced_summed_over_directions = _sorted_with(lambda a, b: (a - b).square().mean(2).sum(1))
sliced_root = _sorted_with(lambda a, b: (a - b).square().mean((1, 2)).sqrt())
sliced_batch_averaged = _sorted_with(lambda a, b: (a - b).square().mean())
sliced_batch_summed = _sorted_with(lambda a, b: (a - b).square().mean((1, 2)).sum())
sliced_worst_direction = _sorted_with(lambda a, b: (a - b).square().mean(2).amax(1))
sliced_each_direction = _sorted_with(lambda a, b: (a - b).square().mean(2))
sliced_opposite_order = _sorted_with(lambda a, b: (a - b.flip(2)).square().mean((1, 2)))


SLICED_WASSERSTEIN = Exercise(
    name="sliced_wasserstein",
    chapter=CHAPTER,
    title="Compare clouds by sorting",
    difficulty=2,
    minutes=15,
    signature="sliced_wasserstein(x, y, directions)",
    hints=(
        "Seen from one direction, each position is a single number: the inner product of its vector with that direction. "
        "Two heaps of numbers are compared best in order, the smallest with the smallest.",
        "All projections at once are one matrix product, `(K, C) @ (B, C, H*W)`. Sort along the positions, for x and for "
        "y, then take the mean squared difference over directions and positions.",
        "`(directions @ x.flatten(2)).sort(2).values` for x, the same for y; then `(a - b).square().mean((1, 2))`.",
    ),
    reference=sliced_wasserstein,
    cases=(
        _sliced_case(1, (1, 3, 4, 5), 6),
        _sliced_case(2, (2, 5, 3, 4), 4),
        _sliced_case(3, (2, 4, 6, 3), 7, loose=True),
        _sliced_case(4, (3, 2, 5, 7), 3),
    ),
    laws=(
        Law("features whose positions were moved around are at a distance of 0", _sliced_shuffled),
        Law("a cloud moved as a whole is as far as the move is long in each direction, squared", _sliced_moved),
        Law("it is the same from x to y as from y to x", _sliced_symmetric),
        Law("features three times as strong are nine times as far apart", _sliced_strength),
        Law("a direction and its opposite see the same", _sliced_turned),
        Law("0, 4, 1 and 3, 0, 2 are at a distance of (0 + 1 + 1) / 3", _sliced_hand),
    ),
    mistakes=(
        Mistake(
            "not_sorted",
            sliced_unsorted,
            "The projections are compared position by position, so a texture that moved counts as another one. What makes "
            "two heaps of numbers comparable?",
        ),
        Mistake(
            "sorted_over_directions",
            sliced_sorted_over_directions,
            "The sort runs over the directions: which of them was which is lost. Along which axis lie the positions?",
        ),
        Mistake(
            "sorted_before_projecting",
            sliced_sorted_first,
            "Each channel is sorted by itself before it is projected, so what fired together no longer does. Project first.",
        ),
        Mistake(
            "directions_unused",
            sliced_without_directions,
            "The channels themselves are sorted and compared; the directions are not used. What channels do together is "
            "seen only from directions between them.",
        ),
        Mistake(
            "one_side_sorted",
            sliced_one_sorted,
            "One of the two is sorted and the other is not. Each heap has an order of its own.",
        ),
        Mistake(
            "opposite_order",
            sliced_opposite_order,
            "One is sorted upward and the other downward: the largest meets the smallest, the worst of all pairings.",
        ),
        Mistake(
            "absolute_values",
            sliced_absolute,
            "This is the mean absolute difference (p = 1). Squares are asked for (p = 2).",
        ),
        Mistake(
            "square_root",
            sliced_root,
            "There is a square root too many: the mean of the squares is asked for.",
        ),
        Mistake(
            "sums_for_means",
            sliced_summed,
            "A sum where a mean is asked for: over the positions, or over the directions.",
            (sliced_summed_everywhere, sliced_summed_over_directions),
        ),
        Mistake(
            "worst_direction",
            sliced_worst_direction,
            "This is the largest over all directions. Their mean is asked for.",
            (sliced_each_direction,),
        ),
        Mistake(
            "batch_folded_in",
            sliced_batch_averaged,
            "The images of the batch are put together. One number for each is asked for: shape (B,).",
            (sliced_batch_summed,),
        ),
    ),
    differentiable=(0, 1),
    verified="sorted projections, so positions are forgotten and nothing else",
)

EXERCISES = (PARAMETER_COUNT, STYLE_TARGETS, TEXTURE_LOSS, SYNTHESIZE, BN_STATISTICS, SLICED_WASSERSTEIN)
