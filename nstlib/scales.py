"""What things are divided by, where it may be zero: a flat layer, a filter of zeros, a gradient that vanishes."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.doors import door


@door(scale="reals ...")
def or_one(scale: Tensor) -> Tensor:
    """Return the scale, and 1 where it is 0: zero divided by it stays zero.

    >>> or_one(torch.tensor([0.5, 0.0]))
    tensor([0.5000, 1.0000])
    """
    return torch.where(scale > 0, scale, torch.ones_like(scale))
