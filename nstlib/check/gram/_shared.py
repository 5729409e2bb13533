"""What several exercises of the chapter on gram use."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.exercise import Case, Function, close, law, normal, scattered


def case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype)
        features = features.relu() if rectified else features + 0.25
        return (scattered(features) if loose else features,)

    kind = ", not contiguous in memory" if loose else ", rectified" if rectified else ""
    return Case(f"features {shape}{kind}", make, quantities(shape))


def quantities(shape: tuple[int, ...]) -> dict[str, float]:
    _, c, h, w = shape
    sizes = {"2": 2.0, "4": 4.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c, "H": h, "W": w}
    return {**sizes, "(H*W)**2": (h * w) ** 2, "(C*H*W)**2": (c * h * w) ** 2}


FEATURES = (
    case(1, (1, 3, 4, 5)),
    case(2, (2, 5, 3, 4)),
    case(3, (2, 4, 6, 3), loose=True),
    case(4, (1, 6, 5, 7), rectified=True),
    case(5, (1, 7, 2, 3)),
    case(6, (1, 1, 3, 4)),
)


def some(seed: int = 11, *shape: int) -> Tensor:
    return normal(seed, *(shape or (2, 3, 4, 5))) + 0.25


def permutation(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))


@law("features twice as strong give four times the matrix")
def doubled(function: Function) -> bool:
    return close(function(2 * some()), 4 * torch.as_tensor(function(some())))
