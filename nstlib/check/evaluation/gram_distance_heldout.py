"""The exercise ``gram_distance_heldout``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import torch
from torch import Tensor

from nstlib import metrics
from nstlib.check.drawing import Pick, Sizes, changed, made_by, shuffled, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.features import Features, random_network
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix

Maps = dict[str, Tensor]


def gram_distance_heldout(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    """Return how far an image is from a style in layers that no loss looked at: mean relative Gram distance."""
    return metrics.held_out_distance(image, style, network, layers=layers)


class _Pointwise:
    """A network whose layers see one pixel at a time, called like a real one."""

    def __init__(self, strength: float = 1.0):
        self.strength = strength

    def __call__(self, image: Tensor, layers: str | Iterable[str]) -> Maps:
        maps = {"first": image * self.strength, "second": image.square().flip(1) * self.strength + image[:, :1]}
        return {layer: maps[layer] for layer in ([layers] if isinstance(layers, str) else layers)}

    fast = __call__


@cache
def _tiny() -> Features:
    return random_network("tiny")


def _heldout_case(
    seed: int, size: tuple[int, int], style_size: tuple[int, int], layers: Sequence[str], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, Features, list[str]]:
        colors = torch.tensor([0.9, 0.6, 0.3]).to(dtype).view(3, 1, 1)
        image = uniform(seed, 1, 3, *size, dtype=dtype)
        style = low_pass(uniform(seed + 30, 1, 3, *style_size, dtype=dtype), 0.7) * colors
        return (scattered(image) if loose else image), style, _tiny(), list(layers)

    return Case(f"image (1, 3, {size[0]}, {size[1]}){if_loose(loose)}, {', '.join(layers)}", make)


def _heldout(function: Function, image: Tensor, style: Tensor, *layers: str, strength: float = 1.0) -> float:
    return float(function(image, style, _Pointwise(strength), list(layers or ("first", "second"))))


def _image_and_style() -> tuple[Tensor, Tensor]:
    return uniform(3, 1, 3, 8, 9), uniform(4, 1, 3, 7, 10) * torch.tensor([0.9, 0.5, 0.3]).view(3, 1, 1)


@law("the style itself is at distance 0, another image is not")
def itself(function: Function) -> bool:
    image, style = _image_and_style()
    return _heldout(function, style.clone(), style) < 1e-6 and _heldout(function, image, style) > 0.1


@law("an image without activations is at distance 1")
def nothing(function: Function) -> bool:
    image, style = _image_and_style()
    return close(_heldout(function, torch.zeros_like(image), style), 1.0)


@law("two layers give the mean of what each gives alone")
def layers(function: Function) -> bool:
    image, style = _image_and_style()
    first, second = (_heldout(function, image, style, layer) for layer in ("first", "second"))
    return close(_heldout(function, image, style), (first + second) / 2) and first != second


@law("a network that answers five times as strongly gives the same distance")
def strength(function: Function) -> bool:
    image, style = _image_and_style()
    found = _heldout(function, image, style, "first", strength=5.0)
    return close(found, _heldout(function, image, style, "first")) and found > 0.01


@law("what stands where, and how often, does not count")
def places(function: Function) -> bool:
    image, style = _image_and_style()
    found = _heldout(function, image.flip(2, 3).repeat(1, 1, 2, 1), style)
    return close(found, _heldout(function, image, style)) and found > 0.01


@law("the distance is relative to the style: twice its features are 9 away")
def direction(function: Function) -> bool:
    """An image twice as light has four times the Gram matrix: 3 scales off on the one side, 3/4 on the other."""
    _, style = _image_and_style()
    return close(_heldout(function, 2 * style, style, "first"), 9.0)


@law("red is three quarters away from yellow")
def by_hand(function: Function) -> bool:
    """Of the four entries that yellow has, red has one."""
    red, yellow = (torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 4, 5) for color in ([1.0, 0, 0], [1.0, 1, 0]))
    return close(_heldout(function, red.contiguous(), yellow.contiguous(), "first"), 0.75)


def _grams(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> list[tuple[Tensor, Tensor]]:
    names = list(layers)
    found, wanted = network(image, names), network(style, names)
    return [(gram_matrix(found[name]), gram_matrix(wanted[name])) for name in names]


def _mean(values: Iterable[Tensor]) -> float:
    return float(torch.stack(list(values)).mean())


def heldout_summed_squares(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().sum() for g, t in _grams(image, style, network, layers))


@mistake(
    "The distance of each layer is in that layer's own units, so the strongest decides. Relative to what should it be?",
    variants=(heldout_summed_squares,),
)
def not_relative(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().mean() for g, t in _grams(image, style, network, layers))


def heldout_by_both(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return _mean((g - t).square().sum() / (g.square().sum() + t.square().sum()) for g, t in pairs)


@mistake(
    "The image's own Gram matrix is in what it is divided by, so each method is measured with another ruler. Which of "
    "the two is the same for all methods?",
    variants=(heldout_by_both,),
)
def relative_to_the_image(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().mean() / g.square().mean() for g, t in _grams(image, style, network, layers))


@mistake("The layers are added up. With more layers every image would be further away: the mean is asked for.")
def layers_added(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    names = list(layers)
    return gram_distance_heldout(image, style, network, names) * len(names)


def heldout_layers_pooled_by_sums(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return float(sum((g - t).square().sum() for g, t in pairs) / sum(t.square().sum() for _, t in pairs))


@mistake(
    "All layers share one division, so the layer with the largest numbers decides alone. Divide in each layer, "
    "then average.",
    variants=(heldout_layers_pooled_by_sums,),
)
def layers_pooled(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _grams(image, style, network, layers)
    return float(sum((g - t).square().mean() for g, t in pairs) / sum(t.square().mean() for _, t in pairs))


@mistake(
    "This is a ratio of lengths, the root of what is asked for: the mean *square* of the difference over the mean "
    "square of the target."
)
def root(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).norm() / t.norm() for g, t in _grams(image, style, network, layers))


@mistake("These are absolute differences. Squares are asked for, above the line and below it.")
def absolute_values(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).abs().mean() / t.abs().mean() for g, t in _grams(image, style, network, layers))


@mistake("Above the line stands a sum, below it a mean, so layers with more channels are further away. Take two means.")
def sum_over_mean(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return _mean((g - t).square().sum() / t.square().mean() for g, t in _grams(image, style, network, layers))


@mistake("This is the distance of the layer that is furthest away. The mean over all layers is asked for.")
def furthest_layer(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return max(float((g - t).square().mean() / t.square().mean()) for g, t in _grams(image, style, network, layers))


def heldout_first_layer(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, list(layers)[:1])


@mistake(
    "Only one of the layers counts. Is the result overwritten in the loop, or returned from inside it?",
    variants=(heldout_first_layer,),
)
def one_layer_only(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, list(layers)[-1:])


def heldout_layers_of_the_loss(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return gram_distance_heldout(image, style, network, [f"relu{block}_1" for block in range(1, 6)])


@mistake(
    "`layers` is not used: other layers are compared. Only whoever calls it knows which ones no loss has seen.",
    variants=(heldout_layers_of_the_loss,),
)
def layers_ignored(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    return metrics.held_out_distance(image, style, network)


def _of_sums(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> list[tuple[Tensor, Tensor]]:
    names = list(layers)
    maps = zip(*(network(each, names).values() for each in (image, style)), strict=True)
    return [tuple(gram_matrix(m) * m[0, 0].numel() for m in pair) for pair in maps]


@mistake(
    "The Gram matrices are sums over positions. Image and style are of different sizes, so the larger one is "
    "further away for that alone: use means."
)
def sums_over_positions(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
    pairs = _of_sums(image, style, network, layers)
    return _mean((g - t).square().mean() / t.square().mean() for g, t in pairs)


def _of_vectors(change: Callable[[Tensor], Tensor]) -> Function:
    """Return the distance of something else than Gram matrices."""

    def distance(image: Tensor, style: Tensor, network: Features, layers: Iterable[str]) -> float:
        names = list(layers)
        found, wanted = network(image, names), network(style, names)
        pairs = [(change(found[name]), change(wanted[name])) for name in names]
        return _mean((g - t).square().mean() / t.square().mean() for g, t in pairs)

    return distance


def _channel_means(maps: Tensor) -> Tensor:
    return maps.mean((2, 3))


def _channel_energies(maps: Tensor) -> Tensor:
    return maps.square().mean((2, 3))


def _covariances(maps: Tensor) -> Tensor:
    return gram_matrix(maps - maps.mean((2, 3), keepdim=True))


heldout_means = _of_vectors(_channel_means)


channels_alone = mistake(
    "This compares each channel by itself. A Gram matrix also says which channels fire together.",
    "channels_alone",
    variants=(heldout_means,),
)(_of_vectors(_channel_energies))


centered = mistake(
    "These are covariances: each channel's mean is taken out first. A Gram matrix keeps it.", "centered"
)(_of_vectors(_covariances))


def _some_names(pick: Pick, sizes: Sizes) -> tuple[str, ...]:
    return tuple(shuffled(pick, ("relu1_1", "relu1_2", "pool1", "relu2_1", "conv2_2"))[: pick.whole(1, 4)])


EXERCISE = Exercise(
    __name__,
    title="Style, where no loss has looked",
    difficulty=2,
    minutes=10,
    signature="gram_distance_heldout(image, style, network, layers)",
    hints=(
        "A loss that was lowered is no judge of itself. Ask the same question of layers that nobody optimized, and make"
        " the answers comparable: how far off, compared with how much there is?",
        "For each layer the Gram matrix of the image and of the style; the mean square of their difference, divided by "
        "the mean square of the style's. Then the mean over the layers.",
        "`[(g - t).square().mean() / t.square().mean() for g, t in ...]` with `g, t = gram_matrix(found[layer]), "
        "gram_matrix(wanted[layer])`; `sum(...) / len(...)`, and `float` around it.",
    ),
    reference=gram_distance_heldout,
    cases=(
        _heldout_case(1, (18, 21), (16, 25), ("relu1_2", "relu2_2")),
        _heldout_case(2, (24, 17), (19, 22), ("relu2_1", "relu1_2", "relu3_3")),
        _heldout_case(3, (16, 20), (20, 16), ("relu3_1", "relu1_1"), loose=True),
        _heldout_case(4, (20, 26), (17, 16), ("conv2_2", "pool1", "relu4_2")),
    ),
    takes={
        "image": tensor("1 3 H W", ("uniform", "ties", "equal")),
        "style": tensor("1 3 h w", ("uniform", "ties")),
        "network": lambda pick, sizes: ("a tiny one", lambda dtype: _tiny()),
        "layers": changed(made_by(_some_names), list),
    },
    sizes={"H": (6, 11), "W": (6, 11), "h": (6, 11), "w": (6, 11)},
    drawn=4,
    verified="relative in each layer, and the mean over layers",
)
