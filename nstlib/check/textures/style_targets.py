"""The exercise ``style_targets``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from nstlib import textures
from nstlib.check.drawing import PICTURE, changed, either, made_by, tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)
from nstlib.check.textures._shared import SOME_LAYERS, Maps, Network, eyes, picture, some_eyes, style_targets
from nstlib.gram import gram_matrix


def _targets_case(seed: int, shape: tuple[int, ...], *layers: str, loose: bool = False, graph: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Network, list[str]]:
        texture = uniform(seed, *shape, dtype=dtype)
        texture = scattered(texture) if loose else texture
        return texture.requires_grad_(graph), eyes(seed), list(layers)

    note = ", which requires a gradient" if graph else ""
    return Case(f"texture {shape}{if_loose(loose)}{note}, {', '.join(layers)}", make)


def _watch_targets(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, Mapping):
        return result
    found = {str(name): value.detach() if isinstance(value, Tensor) else value for name, value in result.items()}
    graph = any(isinstance(value, Tensor) and value.requires_grad for value in result.values())
    return {"the targets": found, "the targets still record gradients: `.detach()` cuts them off": graph}


def _targets(function: Function, texture: Tensor, *layers: str) -> Maps:
    return {name: torch.as_tensor(value) for name, value in function(texture, eyes(7), list(layers)).items()}


@law("there is one target for each layer asked for, and no other")
def asked(function: Function) -> bool:
    return all(set(_targets(function, picture(), *names)) == set(names) for names in (("deep",), ("deep", "shallow")))


@law("a texture that is moved has the same targets")
def rolled(function: Function) -> bool:
    before = _targets(function, picture(), "shallow", "deep")
    after = _targets(function, picture().roll((2, 4), (2, 3)), "shallow", "deep")
    return all(close(after[name], before[name]) for name in before)


@law("a texture beside its own copies has the same targets")
def repeated(function: Function) -> bool:
    before = _targets(function, picture(), "shallow", "deep")
    after = _targets(function, picture().repeat(1, 1, 2, 3), "shallow", "deep")
    return all(close(after[name], before[name]) for name in before)


@law("no gradient leads back to the texture")
def free(function: Function) -> bool:
    found = function(picture().requires_grad_(True), eyes(7), ["shallow", "deep"])
    return not any(value.requires_grad for value in found.values())


@law("the trace of a target is the sum of the channels' mean squares")
def trace(function: Function) -> bool:
    found = _targets(function, picture(), "shallow")["shallow"]
    squares = eyes(7)(picture(), "shallow")["shallow"].square().mean((2, 3)).sum(1)
    return close(found.diagonal(dim1=-2, dim2=-1).sum(-1).reshape(-1), squares)


def _grams_with(change: Callable[[Tensor], Tensor]) -> Function:
    def wrong(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
        with torch.no_grad():
            return {layer: change(maps) for layer, maps in network(texture, layers).items()}

    return wrong


@mistake(
    "The targets still hang on the graph that made them. They are constants: with a graph, each step of the "
    "synthesis would drag the texture's activations along. What switches the recording off?"
)
def graph_kept(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return {layer: gram_matrix(maps) for layer, maps in network(texture, layers).items()}


features_for_targets = mistake(
    "These are the activations themselves, positions and all: matching them would copy the picture. What forgets "
    "the positions?",
    "features_for_targets",
)(_grams_with(lambda maps: maps))


@mistake("These are products of the three colors: the network was never asked. What does it return for the texture?")
def pixels_for_features(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return {layer: gram_matrix(texture.detach()) for layer in layers}


centered = mistake(
    "These are covariances: the mean of each channel was subtracted. In a Gram matrix it stays.", "centered"
)(_grams_with(lambda maps: textures.mean_covariance(maps)[1]))


divided_twice = mistake(
    "These are too small by the number of positions: is `gram_matrix` a mean already?", "divided_twice"
)(_grams_with(lambda maps: gram_matrix(maps) / maps[0, 0].numel()))


between_positions = mistake(
    "These compare positions with each other (H*W x H*W), so they know where things are. Compare channels.",
    "between_positions",
)(_grams_with(lambda maps: maps.flatten(2).mT @ maps.flatten(2) / maps[0, 0].numel()))


targets_of_first_image = _grams_with(lambda maps: gram_matrix(maps)[0])


batch_axis_lost = mistake(
    "The batch axis is gone: (C, C) where (B, C, C) is asked for. Each picture has its own target.",
    "batch_axis_lost",
    variants=(targets_of_first_image,),
)(_grams_with(lambda maps: gram_matrix(maps).mean(0)))


gatys_sum = convention(
    "These are sums over positions, as Gatys et al. (2015) have them, not means. Both are in use; your numbers "
    "below will differ by the factor H*W, and a result must have the texture's size.",
    "gatys_sum",
)(_grams_with(lambda maps: gram_matrix(maps) * maps[0, 0].numel()))


johnson = convention(
    "These are divided by C*H*W, as Johnson et al. (2016) have it, not only by H*W. Both are in use; your numbers "
    "below will differ by the factor 1/C.",
    "johnson",
)(_grams_with(lambda maps: gram_matrix(maps) / maps.shape[1]))


@mistake("The targets are in a list. Later you will look them up by the layer's name: make it a dictionary.")
def names_lost(texture: Tensor, network: Network, layers: Iterable[str]) -> list[Tensor]:
    return list(style_targets(texture, network, layers).values())


def targets_of_last_layer_bare(texture: Tensor, network: Network, layers: Iterable[str]) -> Tensor:
    return next(iter(last_layer_only(texture, network, layers).values()))


@mistake(
    "Only the last of the layers has a target. Is the dictionary made anew inside the loop?",
    variants=(targets_of_last_layer_bare,),
)
def last_layer_only(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    return style_targets(texture, network, list(layers)[-1:])


_TEXTURE = tensor("B 3 H W", PICTURE)


EXERCISE = Exercise(
    __name__,
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
    takes={
        "texture": either(_TEXTURE, changed(_TEXTURE, Tensor.requires_grad_, "{}, requires a gradient")),
        "network": some_eyes,
        "layers": made_by(lambda pick, sizes: list(pick.one_of(SOME_LAYERS))),
    },
    sizes={"H": (4, 9), "W": (4, 9)},
    observe=_watch_targets,
    verified="a Gram matrix for each layer, free of any graph",
)
