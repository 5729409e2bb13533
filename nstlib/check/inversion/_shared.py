"""What several exercises of the chapter on inversion use."""

from __future__ import annotations

from torch import Tensor

from nstlib.check.exercise import uniform


def sums(tensor: Tensor) -> Tensor:
    """Return one sum for each image of a batch."""
    return tensor.sum((1, 2, 3))


def picture() -> Tensor:
    return uniform(9, 2, 3, 4, 5)


def error_plain_mean(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).mean((1, 2, 3))
