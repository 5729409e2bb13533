"""What makes a unit fire most: the strongest patches of many pictures, and pictures to look for them in.

Zeiler and Fergus (2014) show nine patches for each channel, and beside them what ``deconvnet.project`` sends back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from nstlib.deconvnet import check_channels, project
from nstlib.doors import door
from nstlib.errors import ImageError, ShapeError
from nstlib.features import Features
from nstlib.images import load_image, pictures
from nstlib.patches import PICTURES
from nstlib.receptive import patch_of, receptive_field
from nstlib.seeds import seeded

SCALES = (1.0, 2 / 3, 1 / 2)  # of a picture's own size, at which validation_crops cuts it

Box = tuple[int, int, int, int]


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


@door(images="values B 3 H W")
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

    >>> from nstlib.features import random_network
    >>> found = top_patches(random_network("tiny"), validation_crops(8, 32), "relu2_1", channels=(3, 5), k=2)
    >>> {channel: len(patches) for channel, patches in found.items()}
    {3: 2, 5: 2}
    """
    layer, channels = network.canonical(layer), _listed(channels, network.channels(layer))
    if k < 1:
        raise ShapeError(f"top_patches needs k of at least 1, got {k}.")
    ranking, crops, seen = torch.zeros(4, 0, len(channels), dtype=torch.float64), {}, 0
    for batch in images:
        with torch.no_grad():
            maps = network.fast(batch, layer)[layer][:, channels]  # (B, C, h, w)
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


@door(n=">= 0", size=">= 1", batch=">= 1")
def validation_crops(
    n: int = 400, size: int = 128, *, batch: int = 8, generator: torch.Generator | None = None
) -> Iterator[Tensor]:
    """Yield square crops of thirteen of the course's pictures (``nstlib.patches.PICTURES``; where they are not there, of all
    that are), contents and styles, the same number of each (give or take one).

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
    known = pictures()
    paths = [path for name, path in known.items() if name in PICTURES] or list(known.values())
    shares = [n // len(paths) + (place < n % len(paths)) for place in range(len(paths))]
    crops = itertools.chain.from_iterable(
        itertools.islice(_tiles(path, size, generator), share) for path, share in zip(paths, shares, strict=True)
    )
    while together := list(itertools.islice(crops, batch)):
        yield torch.cat(together)


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
    check_channels(channels, count)
    return channels


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
