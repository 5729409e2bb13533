"""The deconvnet stepper: a picture's way up through a network, and one activation's way back (chapter on deconvnets)."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.deconvnet import isolate, on_gray, project, way_back
from nstlib.errors import ChoiceError
from nstlib.features import Features
from nstlib.images import check_picture
from nstlib.widgets.explorer import Page, encode_array, make_explorer

ALT = "A small picture, and what comes back to its pixels from one unit of {layer}, for each network: {names}."
BACK = {"pool": "unpool to the switches of", "relu": "rectify, mirror image of", "conv": "turned filters of"}


def explore_deconvnet(
    image: Tensor,
    networks: Mapping[str, Features],
    layer: str,
    position: tuple[int, int],
    *,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: step by step up to a layer, one activation kept, and step by step back to the pixels.

    In each network it is the strongest channel at that position. The last picture is ``deconvnet.project``'s. With a kernel
    behind it, its ``step`` can be read.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W); small, since each map of the way travels.
        networks: by name, with max pooling and the same layers.
        layer: where to turn back. position: (row, column) of the unit in its map.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no network, or they have other layers. LayerError, ShapeError: as ``deconvnet.project``.
    """
    check_picture("explore_deconvnet: image", image)
    if not networks or len({network.layers for network in networks.values()}) != 1:
        raise ChoiceError("explore_deconvnet needs networks by name, {name: network}, all with the same layers.")
    runs, steps = [], []
    for name, network in networks.items():
        channel, found = _way(network, image, network.canonical(layer), position)
        steps = list(found)
        runs.append({"name": name, "channel": channel, "frames": [_frame(one) for one in found.values()]})
    pixels = [
        on_gray(project(network, image, layer, run["channel"], position))
        for network, run in zip(networks.values(), runs, strict=True)
    ]
    state = {"steps": steps, "runs": runs, "step": 0}
    alt = ALT.format(layer=layer, names=", ".join(networks))
    still = [F.interpolate(one, scale_factor=4, mode="nearest") for one in (image, *pixels)]
    return make_explorer("deconvnet", state, still=still, alt=alt, static=static)


def _way(network: Features, image: Tensor, layer: str, position: tuple[int, int]) -> tuple[int, dict[str, Tensor]]:
    """Return the channel, and what is there after each step: images (1, 3, H, W) at both ends, maps (1, C, h, w) between."""
    path = network.architecture.down_to(layer)
    with torch.no_grad():
        maps = network(image, path)
        channel = int(_at(maps[layer], position).argmax())
        found = {"the picture": image, **{f"up: {name}": maps[name] for name in path}}
        found[f"turn: one unit of {layer} kept"] = isolate(maps[layer], channel, position)
        for name, signal in way_back(network, maps, channel, position):
            found[f"down: {BACK[name[:4]]} {name}"] = signal
    found["the pixels"] = on_gray(project(network, image, layer, channel, position))
    return channel, found


def _at(features: Tensor, position: tuple[int, int]) -> Tensor:
    """Return all channels at a position, shape (C,)."""
    isolate(features, 0, position)  # refuses a position that is not there
    return features[0, :, position[0], position[1]]


def _frame(values: Tensor) -> dict:
    """Return a picture as it is, and maps as one: the length of their channels at each position, over the largest."""
    if values.shape[1] == 3 and values.min() >= 0 and values.max() <= 1:
        return {"name": "", "image": encode_array(values[0], "uint8"), "peak": 1.0, "lit": 1.0}
    lengths = values[0].norm(dim=0, keepdim=True)
    peak = float(lengths.max())
    lit = round(float((lengths > 0).float().mean()), 4)  # counted here: bytes round small numbers to zero
    image = encode_array(lengths / (peak or 1.0), "uint8")
    return {"name": "", "image": image, "peak": float(f"{peak:.5g}"), "lit": lit}
