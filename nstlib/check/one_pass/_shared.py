"""What several exercises of the chapter on one pass use."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.exercise import normal


def maps(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return features of which each channel has its own mean and deviation."""
    levels = torch.linspace(-1.0, 2.0, shape[1]).view(1, -1, *[1] * (len(shape) - 2))
    return normal(seed, *shape, dtype=dtype) * (1.5 + levels.to(dtype).abs()) + levels.to(dtype)


def deviation(features: Tensor) -> Tensor:
    """Return the standard deviation of each channel over all its positions, (B, C, 1, 1)."""
    return features.std((2, 3), correction=0, keepdim=True)


def mean(features: Tensor) -> Tensor:
    """Return the mean of each channel, (B, C, 1, 1)."""
    return features.mean((2, 3), keepdim=True)
