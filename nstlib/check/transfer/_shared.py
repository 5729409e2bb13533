"""What several exercises of the chapter on transfer use."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import normal, uniform

Loss = Callable[[Tensor], Tensor]


def bowl(target: Tensor) -> Loss:
    """Return a loss whose lowest point is known: half the squared distance to ``target``."""
    return lambda image: (image - target).square().sum() / 2


def valley(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Loss:
    """Return a smooth loss that is steeper in some directions than in others and wants to leave [0, 1] in places."""
    target, steepness = 0.5 + normal(seed, *shape, dtype=dtype), 0.2 + 2 * uniform(seed + 1, *shape, dtype=dtype)
    return lambda image: (steepness * (image - target).square()).sum() + 0.3 * image.mean().square()


def pictures() -> tuple[Tensor, Tensor]:
    return uniform(5, 1, 3, 4, 5), 0.5 + normal(6, 1, 3, 4, 5) / 2


def some_valley(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw a valley for images (B, 3, H, W), an ordinary one or one a thousand times as shallow."""
    shape, seed = (sizes["B"], 3, sizes["H"], sizes["W"]), pick.whole(0, 999)
    scale = pick.one_of((1.0, 1.0, 1e-3))

    def make(dtype: torch.dtype) -> Loss:
        loss = valley(seed, shape, dtype)
        return lambda image: scale * loss(image)

    return "a smooth one" + (", a thousand times as shallow" if scale < 1 else ""), make
