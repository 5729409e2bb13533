"""What several exercises of the chapter on engine use."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor


class Once(list):
    """Tensors that a function under examination gets as a generator: it can go through them once."""


def handed(tensors: list[Tensor]) -> Iterable[Tensor]:
    return (tensor for tensor in tensors) if isinstance(tensors, Once) else tensors
