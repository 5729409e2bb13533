"""What several exercises of the chapter on convolution use."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def apply(image: Tensor, across: Tensor | None, down: Tensor | None, mode: str = "replicate") -> Tensor:
    """Slide one row of weights along each axis, as given; None leaves that axis alone."""
    x = image.flatten(0, 1)[:, None]
    for weights, axis in ((across, 3), (down, 2)):
        if weights is None:
            continue
        before, after = (len(weights) - 1) // 2, len(weights) // 2
        border = (before, after, 0, 0) if axis == 3 else (0, 0, before, after)
        if mode != "none":
            x = F.pad(x, border, mode=mode)
        x = F.conv2d(x, weights.to(x).view((1, 1, 1, -1) if axis == 3 else (1, 1, -1, 1)))
    return x.reshape(*image.shape[:2], *x.shape[2:])
