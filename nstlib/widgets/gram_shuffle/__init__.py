"""The shuffle explorer: positions of feature maps in another order, and a Gram matrix that does not notice."""

from __future__ import annotations

import anywidget
import torch
from torch import Tensor

from nstlib.features import Features
from nstlib.gram import shuffle_positions
from nstlib.widgets.explorer import Page, encode_array, make_explorer
from nstlib.widgets.gram import bright, company, strongest_maps

SEED = 1
ALT = (
    "Feature map of channel {first} of {layer}, and the same map with its positions in random order: nothing is recognized, "
    "yet the Gram matrix is the same."
)


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
