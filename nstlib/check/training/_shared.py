"""What several exercises of the chapter on training use."""

from __future__ import annotations

import torch
from torch import Tensor


def _order(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
