"""The exercise ``shrink_mask``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import PICTURE, changed, either, tensor, whole
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)


def shrink_mask(mask: Tensor, pools: int) -> Tensor:
    """Return how much of each position of a layer lies in a region.

    Args:
        mask: in [0, 1], shape (B, 1, H, W).
        pools: how many times pooling has halved height and width.
    """
    return F.avg_pool2d(mask, 2**pools)


def _mask(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Return a mask with parts inside, parts outside and a soft border."""
    return (3 * uniform(seed, *shape, dtype=dtype) - 1).clamp(0, 1)


def _mask_case(seed: int, shape: tuple[int, ...], pools: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, int]:
        mask = _mask(seed, shape, dtype)
        return (scattered(mask) if loose else mask), pools

    return Case(f"mask {shape}, {pools} pools{if_loose(loose)}", make)


def _shrunk(function: Function, mask: Tensor, pools: int) -> Tensor:
    return torch.as_tensor(function(mask, pools)).float()


@law("everywhere stays everywhere: a mask of ones shrinks to ones")
def ones(function: Function) -> bool:
    return close(function(torch.ones(1, 1, 8, 12), 2), torch.ones(1, 1, 2, 3))


@law("a cell that is half inside counts a half")
def half(function: Function) -> bool:
    mask = torch.zeros(1, 1, 4, 8)
    mask[..., :6] = 1  # the border runs through the second cell
    return close(function(mask, 2), torch.tensor([[[[1.0, 0.5]]]]))


@law("a region and the rest still add up to everywhere")
def complement(function: Function) -> bool:
    mask = _mask(31, (2, 1, 8, 12), torch.float32)
    return close(_shrunk(function, mask, 2) + _shrunk(function, 1 - mask, 2), torch.ones(2, 1, 2, 3))


@law("one pool and then two more are three")
def in_steps(function: Function) -> bool:
    mask = _mask(32, (1, 1, 16, 24), torch.float32)
    return close(_shrunk(function, _shrunk(function, mask, 1), 2), _shrunk(function, mask, 3))


@law("no pool changes nothing")
def none(function: Function) -> bool:
    mask = _mask(33, (1, 1, 5, 7), torch.float32)
    return close(function(mask, 0), mask)


@law("the share of the picture that lies inside stays the same where the cells fill it")
def share(function: Function) -> bool:
    mask = _mask(34, (2, 1, 8, 16), torch.float32)
    return close(_shrunk(function, mask, 3).mean((2, 3)), mask.mean((2, 3)))


@mistake(
    "This is the *largest* value of each cell: one pixel inside makes the whole cell count. Which share of it is inside?"
)
def largest(mask: Tensor, pools: int) -> Tensor:
    return F.max_pool2d(mask, 2**pools)


def shrink_to_the_middle_pixel(mask: Tensor, pools: int) -> Tensor:
    cell = 2**pools
    return (
        F.avg_pool2d(mask, cell) * 0
        + mask[:, :, cell // 2 :: cell, cell // 2 :: cell][:, :, : mask.shape[2] // cell, : mask.shape[3] // cell]
    )


def shrink_to_the_nearest_pixel(mask: Tensor, pools: int) -> Tensor:
    return F.interpolate(mask, [size >> pools for size in mask.shape[2:]], mode="nearest")


@mistake(
    "One pixel of each cell speaks for all others. What the rest of the cell says should count as much.",
    variants=(shrink_to_the_middle_pixel, shrink_to_the_nearest_pixel),
)
def one_pixel_for_all(mask: Tensor, pools: int) -> Tensor:
    cell = 2**pools
    return mask[:, :, ::cell, ::cell][:, :, : mask.shape[2] // cell, : mask.shape[3] // cell]


@mistake("The shares are rounded to 0 or 1. A cell on the border belongs to both sides: leave it between.")
def rounded(mask: Tensor, pools: int) -> Tensor:
    return shrink_mask(mask, pools).round()


@mistake("This is the sum over each cell. The share is its mean.")
def summed(mask: Tensor, pools: int) -> Tensor:
    return shrink_mask(mask, pools) * 4**pools


@mistake(
    "Every pool *halves* the size, so after k of them a cell is 2**k pixels wide. Here it is 2*k: the same for one and "
    "two pools only."
)
def twice_for_power(mask: Tensor, pools: int) -> Tensor:
    return F.avg_pool2d(mask, 2 * pools) if pools else mask.clone()


def _filled_up(mask: Tensor, pools: int, mode: str) -> Tensor:
    height, width = (-size % 2**pools for size in mask.shape[2:])
    return shrink_mask(F.pad(mask, (0, width, 0, height), mode=mode), pools)


def shrink_filled_up_with_zeros(mask: Tensor, pools: int) -> Tensor:
    return _filled_up(mask, pools, "constant")


def shrink_filled_up_by_the_edge(mask: Tensor, pools: int) -> Tensor:
    return _filled_up(mask, pools, "replicate")


@mistake(
    "Part of a cell at the right and lower edge became a cell of its own. Pooling drops what does not fill a cell.",
    variants=(shrink_filled_up_with_zeros, shrink_filled_up_by_the_edge),
)
def rest_kept(mask: Tensor, pools: int) -> Tensor:
    return F.avg_pool2d(mask, 2**pools, ceil_mode=True)


@mistake("It is halved once, however many pools there are. What does `pools` say?")
def halved_once(mask: Tensor, pools: int) -> Tensor:
    return F.avg_pool2d(mask, 2)


@mistake("It is halved once more than there are pools.")
def once_too_often(mask: Tensor, pools: int) -> Tensor:
    return F.adaptive_avg_pool2d(mask, [max(size >> (pools + 1), 1) for size in mask.shape[2:]])


@mistake(
    "`interpolate` in bilinear mode looks at the four pixels around one point, and not at the whole cell. For that it "
    "needs `antialias=True`, or a mean."
)
def bilinear(mask: Tensor, pools: int) -> Tensor:
    size = [size >> pools for size in mask.shape[2:]]
    return F.interpolate(mask, size, mode="bilinear", align_corners=False)


@convention(
    "Your cells are spread over the whole mask, and overlap where its size is no multiple of theirs, so that no pixel is "
    "dropped. The library does that too; there your numbers differ a little from the page's."
)
def adaptive(mask: Tensor, pools: int) -> Tensor:
    return F.adaptive_avg_pool2d(mask, [size >> pools for size in mask.shape[2:]])


EXERCISE = Exercise(
    __name__,
    title="A region, as a layer sees it",
    difficulty=1,
    minutes=6,
    signature="shrink_mask(mask, pools)",
    hints=(
        "A position of a layer behind k pools stands for a cell of pixels. How wide is it after one pool, after two? Which "
        "share of it lies inside?",
        "Pooling by a *mean* over cells that do not overlap gives the shares. torch has it: `F.avg_pool2d(mask, width)`, "
        "whose stride is the width and which drops what does not fill a cell.",
        "`F.avg_pool2d(mask, 2**pools)`",
    ),
    reference=shrink_mask,
    cases=(
        _mask_case(1, (1, 1, 8, 12), 2),
        _mask_case(2, (2, 1, 8, 16), 3),
        _mask_case(3, (2, 1, 9, 7), 1, loose=True),
        _mask_case(4, (1, 1, 13, 11), 2),
        _mask_case(5, (1, 1, 5, 3), 0),
    ),
    takes={
        "mask": either(
            tensor("B 1 H W", PICTURE),
            changed(tensor("B 1 H W", PICTURE), lambda mask: (3 * mask - 1).clamp(0, 1), "{}, most of it 0 or 1"),
        ),
        "pools": whole(0, 3),
    },
    sizes={"H": (1, 17), "W": (1, 17)},
    allowed=lambda mask, pools: min(mask.shape[2:]) >> pools > 0,
    differentiable=(0,),
    verified="the share of each cell that lies inside, at any number of pools",
)
