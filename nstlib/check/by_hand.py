"""An optimizer by hand. The first that torch makes in a process imports torch's compiler: two seconds to wait for, also for
those whose answer is only compared with what an optimizer would have done.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def adam(rate: float, decay: tuple[float, float] = (0.9, 0.999)) -> Callable[[Tensor], Tensor]:
    """Return what turns one gradient after the other into the steps of Adam, as torch.optim.Adam takes them."""
    count, mean, square = 0, torch.zeros(()), torch.zeros(())

    def step(gradient: Tensor) -> Tensor:
        nonlocal count, mean, square
        count += 1
        mean = decay[0] * mean + (1 - decay[0]) * gradient
        square = decay[1] * square + (1 - decay[1]) * gradient.square()
        scale = (square / (1 - decay[1] ** count)).sqrt() + 1e-8
        return -rate * mean / (1 - decay[0] ** count) / scale

    return step
