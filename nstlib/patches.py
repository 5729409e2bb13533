"""A small labeled data set: square patches cut from the course's own pictures, labeled with the picture.

The task is "which of these pictures is this patch from?". Parts of each picture are held out: no patch that is trained on
shares a pixel with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ImageError, ShapeError
from nstlib.images import load_image, picture
from nstlib.seeds import seeded

# Named one by one: a picture added to the course must not change what was measured here.
PHOTOS = ("astronaut", "cat", "china", "coffee", "flower", "rocket")
STYLES = ("brush", "fluid", "hubble", "mosaic", "sandstone", "tissue", "woodcut")
PICTURES = (*PHOTOS, *STYLES)
SIZE = 448  # longer side of a picture in pixels
SIDE = 48  # of a patch, as a network sees it
MARGIN = 8  # stored patches are that much larger, to be cropped at random
BOARD = (1, 3, 0, 2)  # the cell of each row that is held out: one in each row and column of a board of 4 x 4


@dataclass(frozen=True)
class Patches:
    """Labeled patches.

    Attributes:
        images: shape (N, 3, S, S), RGB in [0, 1].
        labels: shape (N,): index into ``names``.
        corners: shape (N, 2): first row and column of each patch in its picture.
        names: the pictures.
    """

    images: Tensor
    labels: Tensor
    corners: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of patches."""
        return len(self.labels)


@door(count=">= 1", held_out=">= 1")
def cut_patches(
    names: Sequence[str] = PICTURES, *, count: int = 200, held_out: int = 60, generator: torch.Generator | None = None
) -> tuple[Patches, Patches]:
    """Return patches to train on, and patches of the held-out cells, equally many of each picture.

    Args:
        names: pictures of the course.
        count: patches of each picture to train on.
        held_out: patches of each picture to measure with.
        generator: where they are cut; None means a fixed seed.

    Raises:
        ImageError: if there is no such picture, or it has no room for that many patches.
    """
    generator = seeded(generator)
    side, parts = SIDE + MARGIN, ([], [])
    for name in names:
        image = load_image(picture(name), size=SIZE)[0]  # (3, H, W)
        corners = _random_corners(image, side, 40 * max(count, held_out), generator)
        chosen = held_out_split(corners, side, held_out_cells(*image.shape[1:]))
        for part, where, wanted in zip(parts, chosen, (count, held_out), strict=True):
            part.append(_cut(name, image, corners[where][:wanted], wanted))
    return tuple(_join(part, tuple(names)) for part in parts)


@door(height=">= 1", width=">= 1")
def held_out_cells(height: int, width: int) -> Tensor:
    """Return the held-out cells of a picture of that size: every fourth one of a board.

    Returns:
        Shape (R, 4), each row (top, left, bottom, right) in pixels, bottom and right excluded.

    >>> held_out_cells(40, 80)
    tensor([[ 0, 20, 20, 40],
            [20, 60, 40, 80]])
    """
    rows, columns = (max(1, round(4 * side / max(height, width))) for side in (height, width))
    cells = []
    for row in range(rows):
        column = BOARD[row % 4] % columns
        edges = (row * height / rows, column * width / columns)
        cells.append([*map(round, edges), round(edges[0] + height / rows), round(edges[1] + width / columns)])
    return torch.tensor(cells)


@door(corners="reals ...", side=">= 1", regions="reals ...")
def held_out_split(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    """Say which patches may be trained on and which measure: those that straddle a border are neither.

    Args:
        corners: shape (N, 2): first row and column of square patches.
        side: of the patches, in pixels.
        regions: shape (R, 4): held-out rectangles (top, left, bottom, right), bottom and right excluded, that do not
            overlap each other.

    Returns:
        Two boolean tensors of shape (N,): patches that share no pixel with any region; patches that lie inside one.
    """
    if corners.ndim != 2 or corners.shape[1] != 2 or regions.ndim != 2 or regions.shape[1] != 4:
        raise ShapeError(
            f"held_out_split needs corners (N, 2) and regions (R, 4), got {tuple(corners.shape)} and "
            f"{tuple(regions.shape)}. For one region, add an axis: regions[None]."
        )
    first, last = corners[:, None], corners[:, None] + side  # (N, 1, 2)
    begin, end = regions[None, :, :2], regions[None, :, 2:]  # (1, R, 2)
    touches = ((first < end) & (last > begin)).all(2)  # (N, R)
    inside = ((first >= begin) & (last <= end)).all(2)
    return ~touches.any(1), inside.any(1)


@door(images="values ...")
def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return patches as they are trained on: cropped, mirrored and turned in hue at random, then standardized.

    The crop is one for the whole batch; mirroring and hue are drawn for each patch. A hue turned at random keeps color
    itself from giving a picture away, while the contrast of colors beside each other remains.

    Args:
        images: shape (B, 3, S, S), RGB in [0, 1], S at least ``SIDE``.
        generator: of the random numbers.

    Returns:
        Shape (B, 3, SIDE, SIDE).
    """
    room = _room(images)
    top, left = torch.randint(room + 1, (2,), generator=generator).tolist()
    cropped = images[:, :, top : top + SIDE, left : left + SIDE]
    mirrored = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
    angles = 2 * math.pi * torch.rand(len(images), generator=generator)
    flipped = torch.where(mirrored[:, None, None, None], cropped.flip(3), cropped)
    return standardize(turn_hue(flipped, angles))


@door
def center(images: Tensor) -> Tensor:
    """Return patches as they are measured with: the middle ``SIDE`` x ``SIDE`` pixels, standardized."""
    start = _room(images) // 2
    return standardize(images[:, :, start : start + SIDE, start : start + SIDE])


@door(images="B C H W")
def standardize(images: Tensor) -> Tensor:
    """Return images with mean 0 and contrast about 1: brightness gives no picture away, noise in flat areas stays low."""
    centered = images - images.mean((1, 2, 3), keepdim=True)
    return centered / (centered.square().mean((1, 2, 3), keepdim=True).sqrt() + 0.05)


@door(images="B 3 H W", angles="moved B")
def turn_hue(images: Tensor, angles: Tensor) -> Tensor:
    """Turn the colors of each image about the gray axis: red becomes green after a third of a turn, gray stays.

    Args:
        images: shape (B, 3, H, W).
        angles: shape (B,), in radians, on any device.

    >>> red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    >>> turn_hue(red, torch.tensor([2 * math.pi / 3])).flatten().abs().round(decimals=3)
    tensor([0., 1., 0.])
    """
    gray = torch.full((3, 3), 1 / 3)
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    angles = angles.cpu()[:, None, None]  # a few numbers
    turns = gray + angles.cos() * (torch.eye(3) - gray) + angles.sin() * across  # (B, 3, 3), rotations about (1, 1, 1)
    return (turns.to(images) @ images.flatten(2)).view_as(images)


@door(size=">= 1")
def batches(patches: Patches, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch: every patch once, augmented, in random order, in batches of at most ``size``."""
    for chosen in torch.randperm(len(patches), generator=generator).split(size):
        yield augment(patches.images[chosen], generator), patches.labels[chosen]


def _random_corners(image: Tensor, side: int, count: int, generator: torch.Generator) -> Tensor:
    room = [length - side + 1 for length in image.shape[1:]]
    return torch.stack([torch.randint(max(1, most), (count,), generator=generator) for most in room], 1)


def _cut(name: str, image: Tensor, corners: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
    side = SIDE + MARGIN
    if len(corners) < wanted:
        raise ImageError(f"{name} has room for {len(corners)} such patches, not for {wanted}. Ask for fewer.")
    return torch.stack([image[:, top : top + side, left : left + side] for top, left in corners.tolist()]), corners


def _join(parts: Sequence[tuple[Tensor, Tensor]], names: tuple[str, ...]) -> Patches:
    images, corners = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return Patches(images, torch.arange(len(names)).repeat_interleave(len(parts[0][0])), corners, names)


def _room(images: Tensor) -> int:
    if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < SIDE:
        raise ShapeError(f"images are patches of shape (B, 3, S, S) with S at least {SIDE}, got {tuple(images.shape)}.")
    return min(images.shape[2:]) - SIDE
