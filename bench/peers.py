"""Other projects' losses on the same network, for the benchmark: each is measured where it is installed, none is needed.

    python -m pip install --no-deps neural-style pystiche

An adapter builds what the project itself builds around a stack of torch modules, and returns the loss of an image.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from torch import Tensor, nn

Loss = Callable[[Tensor], Tensor]
Stages = list[tuple[str, nn.Module]]


def neural_style_pt(stages: Stages, content: Tensor, style: Tensor, content_layers, style_layers) -> Loss:
    """neural-style-pt (ProGamerGov): its loss modules in the chain, captured one after the other, ReLU in place."""
    arguments, sys.argv = sys.argv, sys.argv[:1]  # it reads the command line when it is imported
    try:
        from neural_style.neural_style import ContentLoss, StyleLoss
    finally:
        sys.argv = arguments
    net, contents, styles = nn.Sequential(), [], []
    for name, stage in stages:
        net.append(nn.ReLU(inplace=True) if isinstance(stage, nn.ReLU) else stage)
        for layers, kind, found in ((content_layers, ContentLoss, contents), (style_layers, StyleLoss, styles)):
            if name in layers:
                found.append(kind(1.0))
                net.append(found[-1])
    for losses, picture in ((contents, content), (styles, style)):
        for loss in losses:
            loss.mode = "capture"
        net(picture)
        for loss in losses:
            loss.mode = "None"
    for loss in (*contents, *styles):
        loss.mode = "loss"

    def run(image: Tensor) -> Tensor:
        net(image)
        return sum(loss.loss for loss in (*contents, *styles))

    return run


def pystiche(stages: Stages, content: Tensor, style: Tensor, content_layers, style_layers) -> Loss:
    """pystiche (Meier and Lohweg, 2020): a multi-layer encoder and a perceptual loss."""
    from pystiche import enc, loss

    encoder = enc.MultiLayerEncoder([(name, stage) for name, stage in stages])
    losses = {
        f"content {layer}": loss.FeatureReconstructionLoss(encoder.extract_encoder(layer)) for layer in content_layers
    }
    losses |= {f"style {layer}": loss.GramLoss(encoder.extract_encoder(layer)) for layer in style_layers}
    for name, each in losses.items():
        each.set_target_image(content if name.startswith("content") else style)
    whole = loss.LossContainer(losses.items(), trim=False)
    return lambda image: sum(whole(image).values())


ADAPTERS = {"neural-style-pt": neural_style_pt, "pystiche": pystiche}


def installed(
    make_stages: Callable[[], Stages],
    content: Tensor,
    style: Tensor,
    content_layers: Iterable[str],
    style_layers: Iterable[str],
) -> tuple[dict[str, Loss], dict[str, str]]:
    """Return the losses of the peers that work here, and of the others why they do not."""
    found, missing = {}, {}
    for name, adapter in ADAPTERS.items():
        try:
            found[name] = adapter(make_stages(), content, style, tuple(content_layers), tuple(style_layers))
        except Exception as error:  # not installed, or not for these versions of torch and torchvision
            missing[name] = f"{type(error).__name__}: {error}".splitlines()[0].split(" (/")[0]
    return found, missing
