"""What explorers of Gram matrices share: the strongest channels of a layer, and which of them fire together."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.errors import whole_number
from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.images import check_picture


class Maps(NamedTuple):
    """A few channels of a layer, strongest first: their numbers, and their maps of shape (K, H, W), rounded to halves."""

    channels: list[int]
    features: Tensor


def ranked_channels(features: Tensor) -> Tensor:
    """Return the channels of one layer, shape (C, H, W), in the order of their mean activation, strongest first."""
    return features.clamp(min=0).mean((1, 2)).argsort(descending=True, stable=True)


def strongest_maps(who: str, network: Features, image: Tensor, layer: str, channels: int) -> tuple[str, Maps]:
    """Return a layer's own name, and those of its channels that are most active on an image."""
    check_picture(f"{who}: image", image)
    whole_number("channels", channels, 2)
    name = network.canonical(layer)
    with torch.no_grad():
        features = network(image, name)[name][0]  # (C, H, W)
    chosen = ranked_channels(features)[:channels]
    return name, Maps(chosen.tolist(), features[chosen].half().float())


def company(features: Tensor) -> list[int]:
    """Return the two channels, of maps (K, H, W), that fire together most."""
    gram = gram_matrix(features[None])[0]
    rest = gram - torch.diag(gram.diagonal())
    return list(divmod(int(rest.argmax()), len(gram)))


def bright(one: Tensor) -> Tensor:
    """Return one map (H, W) as a gray picture (3, H, W), scaled to its own maximum."""
    return (one / one.max().clamp(min=1e-12)).clamp(0, 1).expand(3, -1, -1)
