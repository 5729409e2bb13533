"""What one unit looks for: from a single activation back to the pixels (chapter 04).

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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ChoiceError, ImageError, ShapeError
from nstlib.features import Features
from nstlib.images import load_image, pictures
from nstlib.receptive import patch_of, receptive_field
from nstlib.seeds import seeded

SCALES = (1.0, 2 / 3, 1 / 2)  # of a picture's own size, at which validation_crops cuts it

Box = tuple[int, int, int, int]


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
    """
    if network.pooling != "max":
        raise ChoiceError(
            f"project needs a network with max pooling, because it unpools to where the maxima were; this one has "
            f"{network.pooling} pooling. load_network({network.name!r}) has maxima."
        )
    layer = network.canonical(layer)
    path = network.layers[: network.layers.index(layer) + 1]
    pools = [name for name in path if name.startswith("pool")]
    before = {pool: path[path.index(pool) - 1] for pool in pools}  # the layer that is pooled
    with torch.no_grad():
        maps = network(image, [*before.values(), layer])
        signal = isolate(maps[layer], channel, position)
        for name in reversed(path):
            if name.startswith("pool"):
                pooled = maps[before[name]]
                _, switches = F.max_pool2d(pooled, 2, return_indices=True)
                signal = unpool(signal, switches, pooled.shape[2:])
            elif name.startswith("relu"):
                signal = signal.relu()
            else:
                signal = transposed_filter(signal, network.weight(name, like=signal))
    return signal.flip(1) if network.preprocessing.order == "BGR" else signal


def isolate(features: Tensor, channel: int, position: tuple[int, int] | None = None) -> Tensor:
    """Return the features with all but one activation of each image set to zero.

    Args:
        features: shape (B, C, H, W).
        channel: the one to keep something of.
        position: (row, column) of the activation to keep; None means the channel's strongest, in each image its own.

    Raises:
        ShapeError: if there is no such channel or position.
    """
    batch, channels, height, width = features.shape
    _check_channels([channel], channels)
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
    """
    if values.shape != switches.shape:
        raise ShapeError(
            f"unpool needs one switch for each value, got values of shape {tuple(values.shape)} and switches of shape "
            f"{tuple(switches.shape)}."
        )
    height, width = size
    flat = values.new_zeros((*values.shape[:2], height * width))
    return flat.scatter(2, switches.flatten(2), values.flatten(2)).unflatten(2, (height, width))


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
    """
    if weight.ndim != 4 or x.ndim != 4 or x.shape[1] != weight.shape[0]:
        raise ShapeError(
            "transposed_filter needs features (B, out, H, W) and kernels (out, in, k, k) of the convolution that made "
            f"them, got {tuple(x.shape)} and {tuple(weight.shape)}."
        )
    if weight.shape[2] % 2 == 0 or weight.shape[3] % 2 == 0:
        raise ShapeError(f"transposed_filter needs kernels of odd size, got {tuple(weight.shape[2:])}.")
    turned = weight.flip(2, 3).transpose(0, 1)  # (in, out, k, k)
    return F.conv2d(x, turned, padding=(weight.shape[2] // 2, weight.shape[3] // 2))


def on_gray(projection: Tensor) -> Tensor:
    """Return projections as pictures in [0, 1]: zero is mid-gray, and each has the same contrast.

    Black and white are three times the root mean square of what is not zero; the few values beyond are clamped.
    """
    energy = projection.square().sum((-3, -2, -1), keepdim=True)
    count = (projection != 0).sum((-3, -2, -1), keepdim=True).clamp(min=1)
    scale = 3 * (energy / count).sqrt()
    return (0.5 + projection / (2 * torch.where(scale > 0, scale, torch.ones_like(scale)))).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class TopPatch:
    """One of the strongest activations of a channel, and what it saw.

    Attributes:
        channel: whose activation it is.
        image: number of the image in the stream, counted from 0.
        row, column: of the unit in the channel's map of that image.
        activation: how strongly it fired.
        box: the pixels it sees, ``image[..., top:bottom, left:right]``: (top, bottom, left, right).
    """

    channel: int
    image: int
    row: int
    column: int
    activation: float
    box: Box
    _crop: _Crop = field(repr=False)
    _network: Features = field(repr=False)
    _layer: str = field(repr=False)

    @property
    def crop(self) -> Tensor:
        """Return so much of the image that the network computes the same activation from it, shape (1, 3, H, W)."""
        return self._crop.pixels()

    @property
    def position(self) -> tuple[int, int]:
        """Return (row, column) of the unit in the map that the network makes of ``crop``."""
        stride = receptive_field(self._layer, architecture=self._network.architecture).stride
        return self.row - self._crop.top // stride, self.column - self._crop.left // stride

    @property
    def pixels(self) -> Tensor:
        """Return what the unit sees: the part of the image in ``box``, shape (1, 3, bottom - top, right - left)."""
        return self._cut(self.crop)

    @cached_property
    def projection(self) -> Tensor:
        """Return the activation's projection in the same box; computed when first asked for."""
        return self._cut(project(self._network, self.crop, self._layer, self.channel, self.position))

    def _cut(self, crop: Tensor) -> Tensor:
        top, bottom, left, right = self.box
        above, beside = self._crop.top, self._crop.left
        return crop[..., top - above : bottom - above, left - beside : right - beside]


def top_patches(
    network: Features,
    images: Iterable[Tensor],
    layer: str,
    channels: int | Iterable[int] | None = None,
    k: int = 9,
    *,
    inside: bool = False,
) -> dict[int, list[TopPatch]]:
    """Return the strongest activations of channels over many images, each with the patch of the image that it saw.

    At most one activation of each image counts for a channel, or a single picture full of stripes would fill all nine
    places of a channel that likes stripes. Only activations above zero count, so a channel may have fewer than ``k``.

    The images stream by: what is kept is k patches per channel, however many images there are (as bytes, where the
    pixels are those of a picture file: at most 50 kB for a patch of 128 x 128).

    Args:
        network: any; for projections it needs max pooling.
        images: batches of shape (B, 3, H, W), RGB in [0, 1]; sizes may differ between batches.
        layer: its name, in either spelling.
        channels: one, several, or None for all of the layer.
        k: places per channel.
        inside: count only units whose whole field lies in the image. The others see padding, and many like it.

    Returns:
        A dictionary from each channel to its patches, the strongest first.

    Raises:
        LayerError, ShapeError: if there is no such layer or channel, k is below 1, or no unit's field lies inside.
        ImageError: if there are no images.
    """
    layer, channels = network.canonical(layer), _listed(channels, network.channels(layer))
    if k < 1:
        raise ShapeError(f"top_patches needs k of at least 1, got {k}.")
    ranking, crops, seen = torch.zeros(4, 0, len(channels), dtype=torch.float64), {}, 0
    for batch in images:
        with torch.no_grad():
            maps = network(batch, layer)[layer][:, channels]  # (B, C, h, w)
        rows, columns = (_inside(network, layer, length) if inside else slice(None) for length in batch.shape[2:])
        found = _strongest(maps[:, :, rows, columns], seen, rows.start or 0, columns.start or 0)
        ranking = _best(torch.cat([ranking, found], 1), k)
        crops = _crops(crops, batch, ranking, network, layer, first=seen)
        seen += len(batch)
    if not seen:
        raise ImageError("top_patches got no images. A generator runs once only: was this one used before?")
    return {
        channel: [
            TopPatch(channel, image, row, column, activation, *crops[image, row, column], network, layer)
            for activation, image, row, column in _entries(ranking[:, :, [c]])
        ]
        for c, channel in enumerate(channels)
    }


def validation_crops(
    n: int = 400, size: int = 128, *, batch: int = 8, generator: torch.Generator | None = None
) -> Iterator[Tensor]:
    """Yield square crops of the course's pictures, contents and styles, the same number of each (give or take one).

    A picture is cut into tiles that do not overlap, at its own size, at two thirds and at half of it. When there are no
    more, it is cut again elsewhere, mirrored: so what a crop shows is not shown again before all of it was.

    Args:
        n: how many crops.
        size: of their sides, in pixels.
        batch: crops that are yielded together; the last batch may have fewer.
        generator: where the tiles' places and their order come from; None means a fixed seed.

    Yields:
        Shape (batch, 3, size, size), float32, RGB in [0, 1].

    Raises:
        ImageError: if a picture is smaller than a crop, or there are none.
    """
    generator = seeded(generator)
    paths = list(pictures().values())
    shares = [n // len(paths) + (place < n % len(paths)) for place in range(len(paths))]
    crops = itertools.chain.from_iterable(
        itertools.islice(_tiles(path, size, generator), share) for path, share in zip(paths, shares, strict=True)
    )
    while together := list(itertools.islice(crops, batch)):
        yield torch.cat(together)


def occlusion_map(
    score: Callable[[Tensor], Tensor], image: Tensor, *, size: int, stride: int, value: float = 0.5, batch: int = 16
) -> Tensor:
    """Return how far a score drops when a square of the image is covered, for each place of the square.

    Args:
        score: from images (B, 3, H, W) to one number each, (B,).
        image: shape (1, 3, H, W).
        size: of the square's sides, in pixels.
        stride: pixels from one place of the square to the next.
        value: what it is painted with, in all three colors: 0.5 is gray.
        batch: images that are scored together.

    Returns:
        Shape (rows, columns), positive where covering lowers the score. At [i, j] the square covers the pixels from
        (i * stride, j * stride) on; it never sticks out of the image.

    Raises:
        ShapeError: if the image has another shape, the square does not fit into it, or ``score`` returns another shape.
    """
    if image.ndim != 4 or image.shape[:2] != (1, 3):
        raise ShapeError(f"occlusion_map needs one image of shape (1, 3, H, W), got {tuple(image.shape)}.")
    height, width = image.shape[2:]
    if not (1 <= size <= min(height, width) and stride >= 1):
        raise ShapeError(
            f"occlusion_map needs a square of 1 to {min(height, width)} pixels in an image of {height} x {width}, and a "
            f"stride of at least 1; got size {size} and stride {stride}."
        )
    tops, lefts = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    places = list(itertools.product(tops, lefts))
    with torch.no_grad():
        chunks = [places[start : start + batch] for start in range(0, len(places), batch)]
        covered = torch.cat([_scores(score, _covered(image, chunk, size, value)) for chunk in chunks])
        return (_scores(score, image) - covered).unflatten(0, (len(tops), len(lefts)))


@dataclass(frozen=True, eq=False)
class _Crop:
    """Pixels around a unit, enough to compute it: ``stored`` begins at row ``top`` and column ``left`` of its image."""

    stored: Tensor
    dtype: torch.dtype
    top: int
    left: int

    def pixels(self) -> Tensor:
        return self.stored.to(self.dtype) / 255 if self.stored.dtype == torch.uint8 else self.stored


def _inside(network: Features, layer: str, length: int) -> slice:
    """Return the positions along one axis whose fields lie inside an image of that length."""
    size, stride, start = receptive_field(layer, architecture=network.architecture)
    first, end = -(start // stride), (length - size - start) // stride + 1
    if first >= end:
        raise ShapeError(
            f"A unit of {layer} sees {size} x {size} pixels: none of them lies inside an image with a side of {length}. "
            "Use larger images, or inside=False."
        )
    return slice(first, end)


def _strongest(maps: Tensor, image: int, row: int, column: int) -> Tensor:
    """Return (activation, image, row, column) of each map's strongest position: maps (B, C, H, W) to (4, B, C).

    ``image``, ``row`` and ``column`` are those of the first number in ``maps``.
    """
    values, places = maps.flatten(2).max(2)  # (B, C)
    images = torch.arange(image, image + len(maps), device=maps.device)[:, None].expand_as(places)
    rows, columns = row + places // maps.shape[3], column + places % maps.shape[3]
    return torch.stack([each.to("cpu", torch.float64) for each in (values, images, rows, columns)])


def _best(ranking: Tensor, k: int) -> Tensor:
    """Return the k strongest of each channel, the strongest first, of equal ones the earlier: (4, N, C) to (4, k, C)."""
    order = ranking[0].argsort(dim=0, descending=True, stable=True)[:k]
    return ranking.gather(1, order.expand(4, -1, -1))


def _entries(ranking: Tensor) -> Iterator[tuple[float, int, int, int]]:
    """Yield (activation, image, row, column) of whatever fired."""
    for activation, image, row, column in ranking.flatten(1).T.tolist():
        if activation > 0:
            yield activation, int(image), int(row), int(column)


def _crops(
    known: dict[tuple[int, int, int], tuple[Box, _Crop]],
    batch: Tensor,
    ranking: Tensor,
    network: Features,
    layer: str,
    *,
    first: int,
) -> dict[tuple[int, int, int], tuple[Box, _Crop]]:
    """Return box and pixels of each unit in the ranking: those known already, and those of this batch.

    Channels that fire at the same position of the same image share one crop; what has left the ranking is let go.
    """
    units = {(image, row, column) for _, image, row, column in _entries(ranking)}
    return {unit: known.get(unit) or _crop(batch[unit[0] - first], *unit[1:], network, layer) for unit in units}


def _crop(image: Tensor, row: int, column: int, network: Features, layer: str) -> tuple[Box, _Crop]:
    """Return a unit's box, and a copy of it that begins a little earlier, so that poolings divide it as before."""
    height, width = image.shape[1:]
    stride = receptive_field(layer, architecture=network.architecture).stride
    top, bottom, left, right = box = patch_of(layer, row, column, height, width, architecture=network.architecture)
    top, left = top - top % stride, left - left % stride
    pixels = image[None, :, top:bottom, left:right]
    whole = (pixels * 255).round().to(torch.uint8)
    exact = torch.equal(whole.to(pixels.dtype) / 255, pixels)  # a quarter of the memory, if nothing is lost
    return box, _Crop(whole if exact else pixels.clone(), pixels.dtype, top, left)


def _listed(channels: int | Iterable[int] | None, count: int) -> list[int]:
    if channels is None:
        return list(range(count))
    channels = [channels] if isinstance(channels, int) else [int(channel) for channel in channels]
    _check_channels(channels, count)
    return channels


def _check_channels(channels: list[int], count: int) -> None:
    if missing := [channel for channel in channels if not 0 <= channel < count]:
        raise ShapeError(f"There is no channel {missing[0]}: this layer has {count}, counted from 0.")


def _tiles(path: Path, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield tiles of one picture, without end; each round shows other places, and every second one is mirrored."""
    whole = load_image(path)
    if min(whole.shape[2:]) < size:
        raise ImageError(
            f"{path} is {whole.shape[2]} x {whole.shape[3]} pixels: a crop of {size} x {size} does not fit into it. "
            "Ask for smaller crops."
        )
    longer = max(whole.shape[2:])
    scaled = [load_image(path, size=round(longer * scale)) for scale in SCALES]
    for mirrored in itertools.cycle((False, True)):
        tiles = [tile for image in scaled for tile in _grid(image.flip(3) if mirrored else image, size, generator)]
        for place in torch.randperm(len(tiles), generator=generator).tolist():
            yield tiles[place]


def _grid(image: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield what fits of a grid of tiles that begins somewhere at random."""
    starts = []
    for length in image.shape[2:]:
        offset = int(torch.randint(length % size + 1, (), generator=generator))
        starts.append(range(offset, length - size + 1, size))
    for top, left in itertools.product(*starts):
        yield image[:, :, top : top + size, left : left + size]


def _covered(image: Tensor, places: list[tuple[int, int]], size: int, value: float) -> Tensor:
    copies = image.repeat(len(places), 1, 1, 1)
    for copy, (top, left) in zip(copies, places, strict=True):
        copy[:, top : top + size, left : left + size] = value
    return copies


def _scores(score: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    scores = torch.as_tensor(score(images))
    if scores.shape != images.shape[:1]:
        raise ShapeError(
            f"The score needs one number for each image: {len(images)} images should give shape ({len(images)},), got "
            f"{tuple(scores.shape)}."
        )
    return scores
