"""The layer explorer: choose a layer, walk through its channels, the strongest first."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence

import ipywidgets as W
import torch
from torch import Tensor

from nstlib.features import Features
from nstlib.figures import encode_map

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
FRAMES = 12  # channels of each layer that a page without a kernel carries


def explore_layers(
    network: Features, image: Tensor, *, layers: Sequence[str] | None = None, static: bool | None = None
) -> W.Widget:
    """Return a control that shows the feature maps of an image, layer by layer, strongest channels first.

    Args:
        network: from ``load_network``.
        image: RGB in [0, 1], shape (1, 3, H, W).
        layers: the layers to choose from; None means relu1_1 .. relu5_1 on a page, and all layers with a kernel.
        static: True carries the frames of the strongest channels along, so that no kernel is needed; False computes
            each frame when asked. None: False, unless the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        LayerError: if there is no such layer. ShapeError: if the image does not fit the network.
    """
    if static is None:
        static = bool(os.environ.get("NST_STATIC_WIDGETS"))
    names = [network.canonical(name) for name in layers or (LAYERS if static else network.layers)]
    with torch.no_grad():
        features = {name: maps[0] for name, maps in network(image, names).items()}  # (C, H, W) each
    return _static(features) if static else _live(features)


def ranked_channels(features: Tensor) -> Tensor:
    """Return the channels of one layer, shape (C, H, W), in the order of their mean activation, strongest first."""
    return features.clamp(min=0).mean((1, 2)).argsort(descending=True, stable=True)


def frame(name: str, features: Tensor, rank: int) -> str:
    """Return the HTML of one frame: the map of the channel at ``rank`` (0 is the strongest), and what it is."""
    channel = int(ranked_channels(features)[rank])
    activation = features[channel]
    share = float((activation > 0).float().mean())
    caption = (
        f"{name}, channel {channel}: rank {rank + 1} of {len(features)}, {activation.shape[0]} x "
        f"{activation.shape[1]} positions, active at {share:.0%} of them"
    )
    picture = base64.b64encode(encode_map(activation)).decode()
    alt = html.escape(f"Feature map of {caption}. Bright means active.")
    return (
        f'<figure class="nst-frame" style="margin:0"><img src="data:image/png;base64,{picture}" alt="{alt}" '
        f'style="width:224px;max-width:100%;image-rendering:pixelated">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _controls(names: Sequence[str], ranks: int) -> tuple[W.Dropdown, W.IntSlider]:
    start = names.index("relu3_1") if "relu3_1" in names else 0
    layer = W.Dropdown(options=list(names), index=start, description="Layer")
    rank = W.IntSlider(value=1, min=1, max=ranks, description="Rank", continuous_update=True)
    return layer, rank


def _live(features: dict[str, Tensor]) -> W.Widget:
    names = list(features)
    layer, rank = _controls(names, len(features[names[0]]))
    view = W.HTML()

    def show(*_: object) -> None:
        rank.max = len(features[layer.value])
        view.value = frame(layer.value, features[layer.value], rank.value - 1)

    layer.observe(show, "value")
    rank.observe(show, "value")
    show()
    return _box(layer, rank, view)


def _static(features: dict[str, Tensor]) -> W.Widget:
    names = list(features)
    frames = min(FRAMES, *(len(maps) for maps in features.values()))
    layer, rank = _controls(names, frames)
    # The slider counts from 0 here: a Stack's index and a slider's value are linked as they are.
    rank.min, rank.value, rank.max, rank.readout = 0, 0, frames - 1, False
    stacks = []
    for name in names:
        stack = W.Stack([W.HTML(frame(name, features[name], k)) for k in range(frames)], selected_index=0)
        W.jslink((rank, "value"), (stack, "selected_index"))
        stacks.append(stack)
    view = W.Stack(stacks, selected_index=layer.index)
    W.jslink((layer, "index"), (view, "selected_index"))
    return _box(layer, rank, view)


def _box(layer: W.Widget, rank: W.Widget, view: W.Widget) -> W.Widget:
    box = W.VBox([layer, rank, view])
    box.add_class("nst-explore-layers")
    return box
