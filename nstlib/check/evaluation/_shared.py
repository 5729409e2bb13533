"""What several exercises of the chapter on evaluation use."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.exercise import Case, Function, close, if_loose, law, scattered, uniform
from nstlib.frequency import low_pass

Pair = tuple[float, float]


def related(seed: int, shape: tuple[int, ...], dtype: torch.dtype, kind: str = "") -> tuple[Tensor, Tensor]:
    """Return two pictures that are alike in part."""
    x, other = (low_pass(uniform(seed + k, *shape, dtype=dtype), 0.8) for k in (0, 50))
    y = (0.15 + 0.6 * x + 0.25 * other).clamp(0, 1)
    if kind == "almost gray":
        x, y = 0.4 + 0.12 * (x - 0.5), 0.5 + 0.12 * (other - 0.5)
    if kind == "almost black":  # where the constants of a similarity count
        x, y = 0.02 * x, 0.02 * y
    if kind == "black and white":  # where edges are as steep as they can be
        x, y = (torch.where(each > each.mean((2, 3), keepdim=True), 1.0, 0.0).to(dtype) for each in (x, y))
        x, y = x[:, :1].repeat(1, 3, 1, 1), y[:, :1].repeat(1, 3, 1, 1)
    if kind == "another left half":
        half = shape[3] // 2
        x = torch.cat([0.15 * x[..., :half], x[..., half:]], 3)
        y = torch.cat([0.7 + 0.2 * other[..., :half], y[..., half:]], 3)
    return x, y


def pictures_case(seed: int, shape: tuple[int, ...], kind: str = "", *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, y = related(seed, shape, dtype, kind)
        return (scattered(x), scattered(y)) if loose else (x, y)

    return Case(f"images {shape}{kind and ', '}{kind}{if_loose(loose)}", make)


def two() -> tuple[Tensor, Tensor]:
    return related(21, (2, 3, 15, 17), torch.float32)


def alike(function: Function, x: Tensor, y: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y))


@law("an image is at similarity 1 with itself, and below it with another")
def alike_itself(function: Function) -> bool:
    x, y = two()
    return close(function(x, x.clone()), torch.ones(2)) and bool((alike(function, x, y) < 0.99).all())


@law("similarity has no direction")
def alike_both_ways(function: Function) -> bool:
    x, y = two()
    return close(function(x, y), function(y, x))


@law("an image does not depend on its neighbors in the batch")
def alike_alone(function: Function) -> bool:
    x, y = two()
    y = torch.cat([y[:1], x[1:]])
    return close(alike(function, x, y)[:1], function(x[:1].clone(), y[:1].clone()))
