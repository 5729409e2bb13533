"""What several exercises of the chapter on textures use."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import normal, uniform
from nstlib.gram import gram_matrix
from nstlib.losses import style_loss

Maps = dict[str, Tensor]


Network = Callable[[Tensor, Iterable[str]], Maps]


def permutation(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))


def some(seed: int = 11, *shape: int) -> Tensor:
    return normal(seed, *(shape or (2, 3, 4, 5))) + 0.25


def eyes(seed: int) -> Network:
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


SOME_LAYERS = (("shallow",), ("deep",), ("shallow", "deep"), ("deep", "shallow"))


def some_eyes(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw a small network."""
    seed = pick.whole(0, 999)
    return "of two layers", lambda dtype: eyes(seed)


def style_targets(texture: Tensor, network: Network, layers: Iterable[str]) -> Maps:
    """Return the Gram matrix of each layer, shape (B, C, C), as plain numbers without a graph.

    Args:
        texture: shape (B, 3, H, W).
        network: ``network(texture, layers)`` returns activations by name.
        layers: names.
    """
    with torch.no_grad():
        return {layer: gram_matrix(maps) for layer, maps in network(texture, layers).items()}


def picture() -> Tensor:
    return uniform(31, 1, 3, 8, 12)


def texture_loss(features: Maps, targets: Maps) -> Tensor:
    """Return the mean over layers of ``mean((G - A)**2) / mean(A**2)``, a scalar.

    Args:
        features: layer to activations of the image, shape (1, C, H, W).
        targets: layer to Gram matrices A of the texture, shape (1, C, C).
    """
    return sum(style_loss(features[layer], targets[layer], convention="relative") for layer in targets) / len(targets)
