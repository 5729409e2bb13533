"""What can be said of filters, and of what they answer, at one moment of a training or between two (chapter on training).

In the filters themselves (``filter_grid``, ``feature_drift``), in their spectra (``filter_energies``, ``extreme_share``,
``aliased_share``), and in what layers say about the same patches (``similarity``, ``dead_filters``, ``strongest_patches``).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.doors import door
from nstlib.errors import LayerError, ShapeError
from nstlib.features import dead_channels
from nstlib.losses import or_one
from nstlib.receptive import ReceptiveField, receptive_field_of_stack


@door(columns=">= 1")
def filter_grid(weights: Tensor, columns: int = 12) -> Tensor:
    """Return all filters of a first layer as one picture, each scaled by itself.

    Zero is middle gray, and the largest weight of each filter, positive or negative, reaches white or black in its color.

    Args:
        weights: shape (N, 3, k, k).
        columns: filters in a row; they are filled in row by row, with one white pixel between and around them.

    Returns:
        Shape (1, 3, H, W), RGB in [0, 1].

    >>> filter_grid(torch.ones(5, 3, 7, 7), columns=3).shape
    torch.Size([1, 3, 17, 25])
    """
    _check_filters(weights, "filter_grid")
    count, _, side, _ = weights.shape
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    scaled = 0.5 + 0.5 * weights / or_one(peaks)
    rows = -(-count // columns)
    grid = weights.new_ones(3, rows * (side + 1) + 1, columns * (side + 1) + 1)
    for index, one in enumerate(scaled):
        top, left = (1 + place * (side + 1) for place in divmod(index, columns))
        grid[:, top : top + side, left : left + side] = one
    return grid[None]


@door(before="_ ...", after="_ ...")
def feature_drift(before: Tensor, after: Tensor) -> Tensor:
    """Return how far the filters of a layer have turned: the mean over filters of 1 - cosine, from 0 to 2.

    Args:
        before: weights of a layer, shape (N, ...): one filter for each index of the first axis.
        after: the same at another time.

    Returns:
        A scalar: 0 if each filter points where it did, however long it is now; 1 if at right angles; 2 if turned around.

    >>> feature_drift(torch.eye(2), torch.tensor([[5.0, 0.0], [0.0, -1.0]]))
    tensor(1.)
    """
    if before.shape != after.shape:
        raise ShapeError(
            f"feature_drift compares before and after: one layer at two times, got {tuple(before.shape)} and "
            f"{tuple(after.shape)}."
        )
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1), dim=1)).mean()


@door(x="_ ...", y="_ ...")
def similarity(x: Tensor, y: Tensor) -> Tensor:
    """Return the linear centered kernel alignment of two layers' activations (Kornblith et al., 2019), from 0 to 1.

    Do the two layers find the same examples similar? Neither the order of units, nor a rotation, nor the scale counts.

    Args:
        x: shape (N, ...): activations for N examples.
        y: shape (N, ...): another layer's, or another network's, for the same examples.

    >>> similarity(torch.eye(3), 7 * torch.eye(3)).round(decimals=4)
    tensor(1.)
    """
    if len(x) != len(y):
        raise ShapeError(f"similarity needs x and y for the same examples, got {len(x)} and {len(y)} of them.")
    one, two = (_centered_products(activations) for activations in (x, y))
    return (one * two).sum() / (one.norm() * two.norm())


@door(weights="wide ...", size=">= 1", rings=">= 1")
def filter_energies(weights: Tensor, *, size: int = 32, rings: int = 12) -> tuple[Tensor, Tensor]:
    """Return where in frequency the filters have their energy.

    Args:
        weights: shape (N, 3, k, k).
        size: of the grid that filters are padded to with zeros.
        rings: of equal width between frequency 0 and the corner of the spectrum.

    Returns:
        The middle frequency of each ring in cycles per pixel, and the mean share of a filter's energy in it; shares add
        up to 1.
    """
    energy, radius = _energy(weights, size)
    ring = (radius / math.sqrt(0.5) * rings).long().clamp(max=rings - 1)
    shares = energy.new_zeros(rings).index_add(0, ring.flatten(), energy.mean(0).flatten())
    return (torch.arange(rings) + 0.5) * math.sqrt(0.5) / rings, shares


@door(weights="wide ...", size=">= 1")
def extreme_share(weights: Tensor, low: float = 0.1, high: float = 0.35, size: int = 32) -> Tensor:
    """Return the share of each filter's energy below the frequency ``low`` or above ``high``.

    Args:
        weights: shape (N, 3, k, k).
        low: in cycles per pixel, at any angle.
        high: likewise; the corner of the spectrum is 0.71.
        size: of the grid that filters are padded to with zeros.

    Returns:
        Shape (N,), from 0 to 1.
    """
    energy, radius = _energy(weights, size)
    return (energy * ((radius < low) | (radius > high))).sum((1, 2))


@door(weights="wide ...", images="wide B 3 H W", stride=">= 1")
def aliased_share(weights: Tensor, images: Tensor, stride: int) -> Tensor:
    """Return the share of each filter's response that a stride folds onto wrong frequencies.

    A grid of every ``stride``-th pixel can hold frequencies up to 0.5 / stride along each axis; what lies above does not
    vanish, it takes the place of others. The mean of the response is left out: no stride can spoil it.

    Args:
        weights: shape (N, 3, k, k).
        images: shape (B, 3, H, W).
        stride: in pixels.

    Returns:
        Shape (N,), from 0 to 1.
    """
    _check_filters(weights, "aliased_share")
    maps = F.conv2d(images, weights)  # (B, N, H', W'), at every pixel
    window = [torch.hann_window(length + 2)[1:-1].to(maps) for length in maps.shape[2:]]  # else borders count as edges
    maps = (maps - maps.mean((2, 3), keepdim=True)) * window[0][:, None] * window[1]
    energy = torch.fft.fft2(maps).abs().square().sum(0)  # (N, H', W')
    high = [torch.fft.fftfreq(length).abs().to(maps) > 0.5 / stride for length in maps.shape[2:]]
    return (energy * (high[0][:, None] | high[1])).sum((1, 2)) / energy.sum((1, 2))


@door(images="wide B 3 H W")
def dead_filters(model: nn.Sequential, images: Tensor) -> Tensor:
    """Return which filters of the first layer never fire on these patches: booleans, shape (N,)."""
    with torch.no_grad():
        return dead_channels(F.relu(model.conv1(images)))


@door
def layer_field(model: nn.Sequential, layer: str) -> ReceptiveField:
    """Return the receptive field (size, stride, start) of a layer of ``small_network``.

    Raises:
        LayerError: if the network has no such layer before its mean.

    >>> from nstlib.training import small_network
    >>> layer_field(small_network(), "relu2")
    ReceptiveField(size=17, stride=4, start=-7)
    """
    stages = []
    for name, module in model.named_children():
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d)):
            stages.append(
                [v if isinstance(v, int) else v[0] for v in (module.kernel_size, module.stride, module.padding)]
            )
        if name == layer:
            return receptive_field_of_stack(stages)
    names = [name for name, _ in model.named_children() if name not in ("mean", "classify")]
    raise LayerError(f"This network has no layer {layer!r} with positions. It has: {', '.join(names)}.")


@door(images="wide values B 3 S S")
def strongest_patches(model: nn.Sequential, images: Tensor, layer: str) -> Tensor:
    """Return, for each channel of a layer, what it sees where it fires most among these patches.

    Args:
        model: of ``small_network``.
        images: standardized patches, shape (B, 3, S, S).
        layer: such as "relu2".

    Returns:
        Shape (C, 3, f, f), where f is the side of the layer's receptive field, at most S; gray (0) beyond the border.
    """
    side, step, first = layer_field(model, layer)
    with torch.no_grad():
        maps = model[: [name for name, _ in model.named_children()].index(layer) + 1](images)  # (B, C, h, w)
    best = maps.transpose(0, 1).flatten(1).argmax(1)  # (C,)
    size = images.shape[-1]
    if side >= size:
        return images[best // maps[0, 0].numel()]
    padded = F.pad(images, (side,) * 4)
    crops = []
    for place in best.tolist():
        image, position = divmod(place, maps[0, 0].numel())
        top, left = (first + where * step + side for where in divmod(position, maps.shape[3]))
        crops.append(padded[image, :, top : top + side, left : left + side])
    return torch.stack(crops)


def _centered_products(activations: Tensor) -> Tensor:
    """Return the products of all pairs of examples, shape (N, N), after subtracting the mean example."""
    vectors = activations.flatten(1)
    vectors = vectors - vectors.mean(0)
    return vectors @ vectors.T


def _energy(weights: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return each filter's share of energy at each frequency, (N, size, size), and the frequencies' distances from 0."""
    _check_filters(weights, "A spectrum")
    if size < weights.shape[-1]:
        raise ShapeError(f"size must be at least the filters' side, {weights.shape[-1]}, got {size}.")
    energy = torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)  # (N, size, size): colors added up
    total = energy.sum((1, 2), keepdim=True)
    frequency = torch.fft.fftfreq(size).to(energy)
    return energy / or_one(total), torch.hypot(frequency[:, None], frequency[None])


def _check_filters(weights: Tensor, what: str) -> None:
    if weights.ndim != 4 or weights.shape[1] != 3:
        raise ShapeError(
            f"{what} needs weights: filters of shape (N, 3, k, k), got {tuple(weights.shape)}. "
            "Only a first layer's filters look at colors."
        )
