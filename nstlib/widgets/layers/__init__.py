"""The layer explorer: what each channel of each layer sees in a photo (chapter on features).

Its JavaScript ranks channels, finds the strongest positions and computes rows of the Gram matrix from activations. Those
come from the network: with a kernel from Python, whatever the network and the layer; on the built page from a worker that
runs VGG-16 up to relu3_3 (``engine.js``), while activations of one of those layers, and of deeper ones, come with the page:
of the first picture at once, of another one when it is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anywidget
import torch
from torch import Tensor

from nstlib.errors import LayerError, ShapeError, WeightsError
from nstlib.features import Features
from nstlib.figures import color_map
from nstlib.receptive import receptive_field
from nstlib.weights import load_weights
from nstlib.widgets.explorer import (
    Page,
    apart,
    encode_array,
    encode_pictures,
    is_static,
    make_explorer,
    named_pictures,
)
from nstlib.widgets.gram import ranked_channels

# What tools/export_layers.py writes for pages.
PAGE_NETWORK = "vgg16"
PAGE_LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3")
DEEPER = ("relu4_1", "relu5_1")  # which a page shows of its own pictures
START = "relu3_1"
ALT = (
    "A photo, and beside it what the strongest channel of each of the layers {} sees in it: bright where it is active. "
    "The first still looks like the photo, the last is a few coarse blocks."
)


def explore_layers(
    network: Features,
    pictures: Tensor | Mapping[str, Tensor],
    *,
    layers: Sequence[str] | None = None,
    size: int = 128,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer of a network's layers: feature maps by strength, and each of them close up.

    Close up means: enlarged, with what one position sees drawn on the photo, and with its row of the Gram matrix. The reader
    can open another picture, use the camera, and put two pictures beside each other. With a kernel behind it, its ``layer``
    and ``channel`` can be read.

    Args:
        network: from ``load_network``.
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name.
        layers: the layers to choose from. None means with a kernel all of them; on a page those that the browser can
            compute (up to relu3_3), and relu4_1 and relu5_1 of these pictures.
        size: length of the longer side in pixels; larger pictures are made smaller.
        static: as for ``make_explorer``.

    Raises:
        LayerError: if there is no such layer. ShapeError: if a picture is no image, or too small for the layers.
        ChoiceError: if there is no picture, or the size is below 8.
    """
    named = named_pictures("explore_layers", pictures, size)
    static = is_static(static)
    live = _live_layers(network, static)
    names = [network.canonical(name) for name in layers or _default_layers(network, live, static)]
    deepest = max(names, key=network.layers.index)
    for image in named.values() if layers else ():  # of all layers, the deepest may be too deep for a small picture
        network.check_image(image, deepest)
    first, *rest = named
    start = START if START in names else names[0]
    # What a page shows before anything is loaded, and what it could not compute.
    carried = [name for name in names if static and (name == start or name not in live)]
    state = {
        "source": "page" if static else "kernel",
        "network": network.name,
        "pictures": encode_pictures(named),
        "size": size,
        "layers": [_describe(network, name, name in live) for name in names],
        "carried": {
            name: encode_array(maps, "float16") for name, maps in _maps(network, named[first], carried).items()
        },
        "others": {name: apart(_rounded(network, named[name], carried)) for name in rest if carried},
        "layer": start,
        "channel": -1,  # the strongest of those whose strongest position does not lie at the border
    }
    ladder = [name for name in network.layers[: network.layers.index(deepest) + 1] if re.fullmatch(r"relu\d_1", name)]
    still = _still(network, named[first], ladder) if static else []
    alt = ALT.format(", ".join(ladder))
    explorer = make_explorer("layers", state, still=still, alt=alt, static=static)
    if not static:
        explorer.on_msg(partial(_answer, network))
    return explorer


def compute_features(network: Features, layer: str, pixels: bytes, height: int, width: int) -> Tensor:
    """Return the activations of a picture that came from a browser.

    Args:
        network: any.
        layer: in either spelling.
        pixels: red, then green, then blue, row by row, one byte each.
        height, width: of the picture.

    Returns:
        Shape (C, H', W'), float32, contiguous, on the CPU.

    Raises:
        ShapeError: if there are more or fewer bytes, or the picture is too small. LayerError: if there is no such layer.
    """
    if height < 1 or width < 1 or len(pixels) != 3 * height * width:
        raise ShapeError(f"A picture of {height} x {width} pixels has {3 * height * width} bytes, got {len(pixels)}.")
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, 3, height, width) / 255
    return _maps(network, image, [layer])[layer].float().cpu().contiguous()


def _answer(
    network: Features, widget: anywidget.AnyWidget, question: Mapping[str, Any], buffers: Sequence[Any]
) -> None:
    """Answer the page's ``{id, layer, height, width}`` and pixels with ``{id, shape}`` and activations, or an error."""
    try:
        pixels = bytes(buffers[0])
        features = compute_features(network, question["layer"], pixels, question["height"], question["width"])
    except (LayerError, ShapeError) as error:
        widget.send({"id": question["id"], "error": str(error)})
        return
    widget.send({"id": question["id"], "shape": list(features.shape)}, [features.numpy().tobytes()])


def _maps(network: Features, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Return activations (C, H, W) by layer."""
    with torch.no_grad():
        return {name: maps[0] for name, maps in network(image, layers).items()}


def _rounded(network: Features, image: Tensor, layers: Sequence[str]) -> dict[str, Any]:
    """Return activations by layer in half the bytes: in steps of a 255th of each channel's peak, what is on at least one."""
    found = {}
    for name, maps in _maps(network, image, layers).items():
        peaks = maps.amax((1, 2), keepdim=True)
        shares = torch.where(maps > 0, (maps / peaks).clamp(min=1 / 255), 0)
        found[name] = {"shares": encode_array(shares, "uint8"), "peaks": encode_array(peaks.flatten())}
    return found


def _still(network: Features, image: Tensor, layers: Sequence[str]) -> list[Tensor]:
    """Return an image and, beside it, the strongest channel of each layer."""
    strongest = [maps[ranked_channels(maps)[0]] for maps in _maps(network, image, layers).values()]
    return [image, *(color_map(one, *image.shape[2:]) for one in strongest)]


def _describe(network: Features, layer: str, live: bool) -> dict[str, Any]:
    field = receptive_field(layer, architecture=network.architecture)
    return {"name": layer, "channels": network.channels(layer), **field._asdict(), "live": live}


def _default_layers(network: Features, live: Sequence[str], static: bool) -> Sequence[str]:
    if not static:
        return network.layers
    return [*(live or (START,)), *DEEPER]


def _live_layers(network: Features, static: bool) -> Sequence[str]:
    """Return the layers that can be computed of any picture: all with a kernel; on a page what its files hold."""
    if not static:
        return network.layers
    return PAGE_LAYERS if _is_page_network(network) else ()


def _is_page_network(network: Features) -> bool:
    if network.name != PAGE_NETWORK or network.pooling != "max":
        return False
    try:
        trained = load_weights(PAGE_NETWORK)["conv1_1.weight"]
    except WeightsError:
        return False
    return torch.equal(network.weight("conv1_1").to(trained), trained)
