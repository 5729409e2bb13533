"""The shuffle explorer: positions of feature maps in another order, and a Gram matrix that does not notice (chapter 07)."""

from __future__ import annotations

from typing import NamedTuple

import anywidget
import torch
from torch import Tensor

from nstlib.errors import whole_number
from nstlib.features import Features
from nstlib.gram import gram_matrix, shuffle_positions
from nstlib.images import check_picture
from nstlib.widgets.explorer import Page, encode_array, make_explorer
from nstlib.widgets.layers import ranked_channels

SEED = 1
ALT = (
    "Feature map of channel {first} of {layer}, and the same map with its positions in random order: nothing is recognized, "
    "yet the Gram matrix is the same."
)


class Maps(NamedTuple):
    """A few channels of a layer, strongest first: their numbers, and their maps of shape (K, H, W), rounded to halves."""

    channels: list[int]
    features: Tensor


def explore_gram_shuffle(
    network: Features, image: Tensor, *, layer: str = "relu2_1", channels: int = 12, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer: shuffle the positions of feature maps, all alike or each its own, and watch the Gram matrix.

    The numbers are those of ``gram.gram_matrix`` and ``gram.shuffle_positions``. With a kernel behind it, its ``share`` of
    the positions that are moved can be read.

    Args:
        network: from ``load_network``.
        image: RGB in [0, 1], shape (1, 3, H, W); about 128 pixels are enough to see, and light.
        layer: whose maps are shuffled.
        channels: how many of them, the strongest ones, at least 2.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        LayerError: if there is no such layer. ShapeError: if ``image`` is no image, or does not fit the network.
        ChoiceError: if ``channels`` is no whole number of at least 2.
    """
    name, maps = strongest_maps("explore_gram_shuffle", network, image, layer, channels)
    state = {
        "features": encode_array(maps.features, "float16"),
        "channels": maps.channels,
        "pair": company(maps.features),
        "share": 0,
        "seed": SEED,
        "layer": name,
    }
    order = torch.randperm(maps.features[0].numel(), generator=torch.Generator().manual_seed(SEED))
    shuffled = shuffle_positions(maps.features[None], order)[0]
    still = [bright(one[0]) for one in (maps.features, shuffled)]
    alt = ALT.format(first=maps.channels[0], layer=name)
    return make_explorer("gram_shuffle", state, still=still, alt=alt, static=static)


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
