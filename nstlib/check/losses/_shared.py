"""What several exercises of the chapter on losses use."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.exercise import Case, if_loose, normal, scattered

CUT = (
    "The number is right, but it is cut off from the image: no gradient comes back. Is there a .item(), float(), "
    ".detach(), .data or torch.no_grad() on the way?"
)


def quantities(shape: tuple[int, ...]) -> dict[str, float]:
    _, c, h, w = shape
    sizes = {"2": 2.0, "4": 4.0, "8": 8.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c}
    return {**sizes, "(H*W)**2": (h * w) ** 2, "(C*H*W)**2": (c * h * w) ** 2, "2*C*H*W": 2 * c * h * w}


# content_loss and content_gradient --------------------------------------------------------------------------------------
def pair(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        a, b = normal(seed, *shape, dtype=dtype) + 0.3, normal(seed + 50, *shape, dtype=dtype)
        a, b = (a.relu(), b.relu()) if rectified else (a, b)
        return (scattered(a), scattered(b)) if loose else (a, b)

    return Case(f"features and target {shape}{if_loose(loose)}", make, quantities(shape))


def ab(rectified: bool = False) -> tuple[Tensor, Tensor]:
    a, b = normal(11, 1, 3, 4, 5) + 0.3, normal(12, 1, 3, 4, 5)
    return (a.relu(), b.relu()) if rectified else (a, b)
