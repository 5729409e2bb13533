"""Which part of a picture a score hangs on: cover a square of it, and see what is lost (chapter on deconvnets).

Zeiler and Fergus (2014, section 4.2) check with it what their projections show: no gradient and no mirror image is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ShapeError


@door(batch=">= 1")
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

    >>> occlusion_map(lambda images: images.amin((1, 2, 3)), torch.ones(1, 3, 2, 6), size=2, stride=2)
    tensor([[0.5000, 0.5000, 0.5000]])
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
