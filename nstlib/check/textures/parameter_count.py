"""The exercise ``parameter_count``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import torch

from nstlib import textures
from nstlib.check.drawing import Make, Pick, Sizes, shuffled, together
from nstlib.check.exercise import Case, Exercise, Function, law, mistake
from nstlib.features import Features
from nstlib.kernels.convolutions import FrozenConvolution
from nstlib.vgg import ARCHITECTURES, Architecture


@cache
def _vgg() -> Features:
    """Return a VGG-16 of zeros: it has the layers and channels, and can even be run."""
    weights = {}
    for layer, (fan_in, out) in ARCHITECTURES["vgg16"].kernels.items():
        weights[f"{layer}.weight"], weights[f"{layer}.bias"] = torch.zeros(out, fan_in, 3, 3), torch.zeros(out)
    return Features("vgg16", weights)


@cache
def _narrow(channels: tuple[int, int, int, int]) -> Features:
    """Return a network of zeros with two blocks of so many channels."""
    network, architecture = Features("tiny", {}), Architecture("narrow", (channels[:2], channels[2:]))
    network.architecture = architecture
    for layer, (fan_in, out) in architecture.kernels.items():
        network.convolutions[layer] = FrozenConvolution(torch.zeros(out, fan_in, 3, 3), torch.zeros(out))
    return network


def _odd() -> Features:
    """Return a network whose numbers of channels are 1, odd, and prime."""
    return _narrow((1, 9, 13, 7))


def _count_case(*layers: str) -> Case:
    return Case(f"VGG-16, {', '.join(layers)}", lambda dtype: (_vgg(), list(layers)))


def _odd_case(*layers: str) -> Case:
    channels = ", ".join(str(_odd().channels(layer)) for layer in layers)
    return Case(f"layers of {channels} channels", lambda dtype: (_odd(), list(layers)))


def _count(function: Function, *layers: str) -> float:
    return float(function(_vgg(), list(layers)))


@law("the layers of the paper have 176,640 of them")
def paper(function: Function) -> bool:
    return _count(function, "relu1_1", "pool1", "pool2", "pool3", "pool4") == 176_640


@law("a layer of C channels has 1 + 2 + ... + C")
def one(function: Function) -> bool:
    return _count(function, "relu2_1") == sum(range(1, 129))


@law("two layers have what each has, added up")
def adds(function: Function) -> bool:
    return _count(function, "pool1", "pool3") == _count(function, "pool1") + _count(function, "pool3")


@law("the order of the layers does not matter")
def order(function: Function) -> bool:
    return _count(function, "pool1", "relu3_1") == _count(function, "relu3_1", "pool1") > 0


def _channels(network: Features, layers: Iterable[str]) -> list[int]:
    return [network.channels(layer) for layer in layers]


@mistake("This counts all C * C entries. G_ij and G_ji are the same number: does the model have to store it twice?")
def symmetry_forgotten(network: Features, layers: Iterable[str]) -> int:
    return sum(c * c for c in _channels(network, layers))


@mistake("This counts one number for each channel, the diagonals. What about the products of two channels?")
def diagonal_only(network: Features, layers: Iterable[str]) -> int:
    return sum(_channels(network, layers))


@mistake(
    "This counts the entries above the diagonal and not the diagonal itself. Is a channel's own activity no part "
    "of the model?"
)
def diagonal_forgotten(network: Features, layers: Iterable[str]) -> int:
    return sum(c * (c - 1) // 2 for c in _channels(network, layers))


@mistake(
    "This is half of C * C. A matrix is two triangles and the diagonal between them: to which half does the "
    "diagonal belong?"
)
def half_of_all(network: Features, layers: Iterable[str]) -> int:
    return sum(c * c // 2 for c in _channels(network, layers))


@mistake("It is twice as many as it should be. The numbers from 1 to C are C in number, and (C + 1) / 2 on average.")
def counted_twice(network: Features, layers: Iterable[str]) -> int:
    return sum(c * (c + 1) for c in _channels(network, layers))


def count_first_layer(network: Features, layers: Iterable[str]) -> int:
    return textures.parameter_count(network, list(layers)[:1])


@mistake(
    "Only one of the layers is counted. Does something in the loop overwrite the sum, or leave the loop early?",
    variants=(count_first_layer,),
)
def one_layer_only(network: Features, layers: Iterable[str]) -> int:
    return textures.parameter_count(network, list(layers)[-1:])


@mistake(
    "The channels of all layers are put together, as if channels of two layers could be multiplied. Their maps "
    "have different sizes: each layer has its own matrix."
)
def layers_put_together(network: Features, layers: Iterable[str]) -> int:
    c = sum(_channels(network, layers))
    return c * (c + 1) // 2


def _some_network(pick: Pick, sizes: Sizes) -> tuple[tuple[str, str], Make]:
    """Draw a network of two blocks and some of its layers."""
    channels = tuple(pick.whole(1, 20) for _ in range(4))
    known = [f"{kind}{block}_{k}" for kind in ("conv", "relu") for block in (1, 2) for k in (1, 2)]
    layers = shuffled(pick, [*known, "pool1", "pool2"])[: pick.whole(1, 5)]
    return (f"of {channels} channels", f"{layers}"), lambda dtype: (_narrow(channels), list(layers))


_NETWORK, _LAYERS = together(2, _some_network)


EXERCISE = Exercise(
    __name__,
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
        _odd_case("relu1_1"),
        _odd_case("pool1", "relu2_1", "pool2"),
    ),
    takes={"network": _NETWORK, "layers": _LAYERS},
    verified="each layer's upper triangle with its diagonal",
)
