"""The phase explorer: random phases common to all channels, and a Gram matrix that does not notice."""

from __future__ import annotations

import anywidget
import torch
from torch import Tensor

from nstlib.features import Features
from nstlib.images import resize_to
from nstlib.widgets.explorer import Page, encode_array, make_explorer
from nstlib.widgets.gram import bright, company, strongest_maps

SEED = 2
ALT = (
    "Feature map of channel {first} of {layer}, and the same map with random phases added to its waves: a cloud. All "
    "channels got the same phases, so the Gram matrix is the same."
)


def explore_common_phase(
    network: Features, image: Tensor, *, layer: str = "relu2_1", channels: int = 8, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer: add random phases to the waves of feature maps, all alike or each its own.

    A slider says how much of each phase is added. Waves that are their own opposites, the mean above all, keep theirs, so
    that real maps stay real all the way. The Gram matrix is that of ``gram.gram_matrix``, the transform ``torch.fft.fft2``.

    Args:
        network: from ``load_network``.
        image: RGB in [0, 1], shape (1, 3, H, W); about 96 pixels are enough to see, and quick.
        layer: whose maps get the phases.
        channels: how many of them, the strongest ones, at least 2.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        LayerError: if there is no such layer. ShapeError: if ``image`` is no image, or does not fit the network.
        ChoiceError: if ``channels`` is no whole number of at least 2.
    """
    name, maps = strongest_maps("explore_common_phase", network, image, layer, channels)
    height, width = maps.features.shape[1:]
    state = {
        "features": encode_array(maps.features, "float16"),
        "picture": encode_array(resize_to(image, (height, width))[0], "uint8"),
        "channels": maps.channels,
        "pair": company(maps.features),
        "amount": 0,
        "seed": SEED,
        "layer": name,
    }
    still = [bright(one) for one in (maps.features[0], _scrambled(maps.features[0]))]
    alt = ALT.format(first=maps.channels[0], layer=name)
    return make_explorer("common_phase", state, still=still, alt=alt, static=static)


def _scrambled(one: Tensor) -> Tensor:
    noise = torch.randn(one.shape, generator=torch.Generator().manual_seed(SEED))
    phases = torch.fft.fft2(noise).angle()
    phases[0, 0] = 0  # the mean stays
    return torch.fft.ifft2(torch.fft.fft2(one) * torch.exp(1j * phases)).real
