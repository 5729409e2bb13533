"""What one unit looks for: from a single activation back to the pixels (chapter on deconvnets).

Zeiler and Fergus (2014, "Visualizing and understanding convolutional networks") run a network backward. One activation of
a layer is kept, all others are set to zero, and each step of the forward pass is answered by its mirror image:

    max pooling  ->  unpool: each value returns to the position it was the maximum of (its *switch*)
    ReLU         ->  ReLU again, now on what comes back
    convolution  ->  the same filters, turned around; no bias

What arrives at the pixels is the *projection* of that activation: the part of this picture that the unit answered to, as
far as these three steps can tell. It is no picture that the network made up, and an untrained network has projections too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features
from nstlib.losses import or_one


@door
def project(
    network: Features, image: Tensor, layer: str, channel: int, position: tuple[int, int] | None = None
) -> Tensor:
    """Return what one activation looks like when it is sent back through the network, all others being zero.

    Args:
        network: with max pooling.
        image: RGB in [0, 1], shape (B, 3, H, W); each image is projected by itself.
        layer: where the activation is, in either spelling.
        channel: of that layer, counted from 0.
        position: (row, column) in that channel's map; None means its strongest, in each image its own.

    Returns:
        The image's shape, RGB, in the units of the network's input (for Caffe's networks 0..255 minus the mean), so of
        either sign and not in [0, 1]: ``on_gray`` makes a picture of it. All zeros if the activation is zero.

    Raises:
        ChoiceError: if the network does not pool by maxima. LayerError, ShapeError: if there is no such layer, channel or
        position, or the image has another shape.

    >>> from nstlib.features import random_network
    >>> project(random_network("tiny"), torch.full((1, 3, 16, 16), 0.5), "relu2_1", channel=3).shape
    torch.Size([1, 3, 16, 16])
    """
    if network.pooling != "max":
        raise ChoiceError(
            f"project needs a network with max pooling, because it unpools to where the maxima were; this one has "
            f"{network.pooling} pooling. load_network({network.name!r}) has maxima."
        )
    layer = network.canonical(layer)
    with torch.no_grad():
        maps = network(image, network.architecture.down_to(layer))
        *_, (_, signal) = way_back(network, maps, channel, position)
    return signal.flip(1) if network.preprocessing.order == "BGR" else signal


@door
def way_back(
    network: Features, maps: Mapping[str, Tensor], channel: int, position: tuple[int, int] | None = None
) -> Iterator[tuple[str, Tensor]]:
    """Yield each layer on the way from an activation back to the pixels, and the signal once the layer is undone.

    Args:
        network: made ``maps``. maps: the activations of all layers from the image to the one that is asked about.
        channel, position: which activation; see ``isolate``.
    """
    below = {upper: maps[lower] for lower, upper in itertools.pairwise(maps)}
    signal = isolate(maps[next(reversed(maps))], channel, position)
    for name in reversed(maps):
        if name.startswith("pool"):
            _, switches = F.max_pool2d(below[name], 2, return_indices=True)
            signal = unpool(signal, switches, below[name].shape[2:])
        elif name.startswith("relu"):
            signal = signal.relu()
        else:
            signal = transposed_filter(signal, network.weight(name, like=signal))
        yield name, signal


@door(features="B C H W")
def isolate(features: Tensor, channel: int, position: tuple[int, int] | None = None) -> Tensor:
    """Return the features with all but one activation of each image set to zero.

    Args:
        features: shape (B, C, H, W).
        channel: the one to keep something of.
        position: (row, column) of the activation to keep; None means the channel's strongest, in each image its own.

    Raises:
        ShapeError: if there is no such channel or position.

    >>> isolate(torch.tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), channel=0)
    tensor([[[[0., 3.],
              [0., 0.]]]])
    """
    batch, channels, height, width = features.shape
    check_channels([channel], channels)
    if position is None:
        places = features[:, channel].flatten(1).argmax(1)  # (B,)
    else:
        row, column = position
        if not (0 <= row < height and 0 <= column < width):
            raise ShapeError(
                f"A map of {height} x {width} has no row {row}, column {column}. Both are counted from 0; "
                "position=None takes the strongest."
            )
        places = torch.full((batch,), row * width + column, device=features.device)
    images, rows, columns = torch.arange(batch, device=features.device), places // width, places % width
    alone = torch.zeros_like(features)
    alone[images, channel, rows, columns] = features[images, channel, rows, columns]
    return alone


@door(values="B C H W", switches="index _ _ _ _", size=">= 1")
def unpool(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    """Return each value at the position where pooling found it, and zero everywhere else.

    Args:
        values: one for each pooling window, shape (B, C, h, w).
        switches: where each window's maximum was, as ``max_pool2d(..., return_indices=True)`` says it: position
            row * W + column in the map that was pooled, for each channel by itself. Shape (B, C, h, w).
        size: (H, W) of that map, which h and w alone do not tell: 2 * h or, where pooling rounded down, 2 * h + 1.

    Returns:
        Shape (B, C, H, W).

    Raises:
        ShapeError: if values and switches have different shapes.

    >>> unpool(torch.tensor([[[[7.0]]]]), torch.tensor([[[[2]]]]), size=(2, 2))
    tensor([[[[0., 0.],
              [7., 0.]]]])
    """
    if values.shape != switches.shape:
        raise ShapeError(
            f"unpool needs one switch for each value, got values of shape {tuple(values.shape)} and switches of shape "
            f"{tuple(switches.shape)}."
        )
    height, width = size
    flat = values.new_zeros((*values.shape[:2], height * width))
    return flat.scatter(2, switches.flatten(2), values.flatten(2)).unflatten(2, (height, width))


@door(weight="alike ...")
def transposed_filter(x: Tensor, weight: Tensor) -> Tensor:
    """Return features sent back through a convolution: its transpose, without the bias.

    Each activation stamps its own filter onto the layer below. The same as a convolution with all filters turned by 180
    degrees and with input and output channels exchanged; the adjoint: <conv x, y> = <x, transposed_filter y>.

    Args:
        x: shape (B, out, H, W).
        weight: of the convolution that kept the size (stride 1, padded by half), shape (out, in, k, k) with odd k.

    Returns:
        Shape (B, in, H, W).

    Raises:
        ShapeError: if the channels do not fit, or k is even.

    >>> transposed_filter(torch.tensor([[[[0.0, 1.0, 0.0]]]]), torch.tensor([[[[1.0, 2.0, 3.0]]]]))
    tensor([[[[1., 2., 3.]]]])
    """
    if weight.ndim != 4 or x.ndim != 4 or x.shape[1] != weight.shape[0]:
        raise ShapeError(
            "transposed_filter needs as x features (B, out, H, W) and as weight the kernels (out, in, k, k) of the "
            f"convolution that made them, got {tuple(x.shape)} and {tuple(weight.shape)}."
        )
    if weight.shape[2] % 2 == 0 or weight.shape[3] % 2 == 0:
        raise ShapeError(f"transposed_filter needs a weight with kernels of odd size, got {tuple(weight.shape[2:])}.")
    turned = weight.flip(2, 3).transpose(0, 1)  # (in, out, k, k)
    return F.conv2d(x, turned, padding=(weight.shape[2] // 2, weight.shape[3] // 2))


@door(projection="_ _ _ ...")
def on_gray(projection: Tensor) -> Tensor:
    """Return projections as pictures in [0, 1]: zero is mid-gray, and each has the same contrast.

    Black and white are three times the root mean square of what is not zero; the few values beyond are clamped.
    """
    energy = projection.square().sum((-3, -2, -1), keepdim=True)
    count = (projection != 0).sum((-3, -2, -1), keepdim=True).clamp(min=1)
    scale = 3 * (energy / count).sqrt()
    return (0.5 + projection / (2 * or_one(scale))).clamp(0, 1)


def check_channels(wanted: Iterable[int], count: int) -> None:
    """Raise a ShapeError if a channel is not one of a layer's ``count``."""
    if missing := [channel for channel in wanted if not 0 <= channel < count]:
        raise ShapeError(f"There is no channel {missing[0]}: this layer has {count}, counted from 0.")
