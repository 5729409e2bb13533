"""The exercise ``unpool``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import deconvnet
from nstlib.check.drawing import Make, Pick, Sizes, made_by, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform


def _pooled(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    """Return the maxima of 2 x 2 windows of some features, and where they were."""
    return F.max_pool2d(normal(seed, *shape).relu() + 0.1, 2, return_indices=True)


def _unpool_case(seed: int, shape: tuple[int, int, int, int], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, tuple[int, int]]:
        values, switches = _pooled(seed, *shape)
        values = normal(seed + 5, *values.shape, dtype=dtype)  # what comes back is not what went forward
        values = values.relu() if rectified else values
        return (scattered(values) if loose else values), (scattered(switches) if loose else switches), shape[2:]

    return Case(f"values of maps that were {shape}{if_loose(loose)}", make, {"4": 4.0})


@law("unpooling what was pooled keeps the maxima, and zero elsewhere")
def maxima(function: Function) -> bool:
    features = uniform(7, 2, 3, 6, 8) + 0.1
    values, switches = F.max_pool2d(features, 2, return_indices=True)
    back = torch.as_tensor(function(values, switches, (6, 8)))
    largest = F.interpolate(values, scale_factor=2)
    return close(back, torch.where(features == largest, features, torch.zeros_like(features)))


@law("pooling again gives the values back")
def again(function: Function) -> bool:
    values, switches = _pooled(8, 2, 3, 7, 5)
    return close(F.max_pool2d(torch.as_tensor(function(values, switches, (7, 5))).float(), 2), values)


@law("zeros come back as zeros")
def nothing(function: Function) -> bool:
    _, switches = _pooled(8, 2, 3, 7, 5)
    return close(function(torch.zeros(2, 3, 3, 2), switches, (7, 5)), torch.zeros(2, 3, 7, 5))


@law("each channel keeps its sum")
def unpool_sum(function: Function) -> bool:
    values, switches = _pooled(9, 2, 3, 6, 4)
    return close(torch.as_tensor(function(values, switches, (6, 4))).sum((2, 3)), values.sum((2, 3)))


@law("it is the transpose of reading at the switches")
def adjoint(function: Function) -> bool:
    _, switches = _pooled(10, 2, 3, 6, 7)
    values, x = normal(11, *switches.shape), normal(12, 2, 3, 6, 7)
    gathered = x.flatten(2).gather(2, switches.flatten(2)).view_as(values)
    back = torch.as_tensor(function(values, switches, (6, 7))).float()
    return back.shape == x.shape and close((back * x).sum(), (values * gathered).sum())


def unpool_stretched(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values, size=tuple(size))


@mistake(
    "Each value fills its whole window. Three of the four positions were not the maximum: what do they get? And "
    "what are the switches for?",
    variants=(unpool_stretched,),
)
def repeated(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return F.pad(F.interpolate(values, scale_factor=2), (0, size[1] % 2, 0, size[0] % 2))


@mistake("Each value lands in the same corner of its window. Where was the maximum? The switches say it.")
def into_the_corner(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    back = values.new_zeros((*values.shape[:2], *size))
    back[:, :, : 2 * values.shape[2] : 2, : 2 * values.shape[3] : 2] = values
    return back


@mistake("The *positions* are written where the values belong. Switches say where, values say what.")
def positions_for_values(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(switches.to(values), switches, size)


@mistake(
    "All channels land in the first map. A switch counts inside its own channel, from 0 each time: along which "
    "axis do you scatter?"
)
def all_channels_in_one_map(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    flat = values.new_zeros((len(values), values.shape[1] * size[0] * size[1]))
    flat.scatter_(1, switches.flatten(1), values.flatten(1))
    return flat.view(*values.shape[:2], *size)


def unpool_columns_by_hand(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    rows, columns = switches % height, switches // height
    back = values.new_zeros((*values.shape[:2], height, width))
    b, c = torch.meshgrid(torch.arange(values.shape[0]), torch.arange(values.shape[1]), indexing="ij")
    back[b[..., None, None], c[..., None, None], rows, columns] = values
    return back


@mistake(
    "The switches are read down the columns. PyTorch counts along the rows: row * W + column.",
    variants=(unpool_columns_by_hand,),
)
def columns_first(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    return deconvnet.unpool(values, switches, (width, height)).mT


@mistake(
    "Each value is shared out among its four positions: so one would go back through a *mean*. A maximum came from "
    "one position alone."
)
def shared_out(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return repeated(values, switches, size) / 4


@mistake("All channels use the switches of the first. Each has its own maxima, at its own places.")
def switches_of_the_first_channel(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(values, switches[:, :1].expand_as(switches), size)


@mistake(
    "Each map gets the values of *all* channels: `back[:, :, rows, columns]` crosses every map with every switch. "
    "The indices of image and channel have to go along; or flatten, and `scatter_`."
)
def all_channels_in_each_map(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    back = values.new_zeros((*values.shape[:2], *size))
    back[:, :, switches // size[1], switches % size[1]] = values
    return back


@mistake("The numbers are right, but still in one row for each channel. Give them the shape (B, C, H, W).")
def left_flat(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(values, switches, size).flatten(2)


def _some_values(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    return tensor(f"B C {sizes['H'] // 2} {sizes['W'] // 2}")(pick, sizes)


def _some_switches(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw one place in each window of 2 x 2."""
    seed, shape = pick.whole(0, 999), tuple(sizes[letter] for letter in "BCHW")
    return "from other maps", lambda dtype: F.max_pool2d(normal(seed, *shape), 2, return_indices=True)[1]


EXERCISE = Exercise(
    __name__,
    title="Back through a max pooling",
    difficulty=2,
    minutes=12,
    signature="unpool(values, switches, size)",
    hints=(
        "Pooling kept one number of four and forgot where it stood. The switches remember it, so a value can go home; "
        "what about the other three places?",
        "Make zeros of the full size, flat: one row of H * W for each channel of each image. A switch is a place in that "
        "row.",
        "`flat = values.new_zeros(B, C, H * W)`; `flat.scatter_(2, switches.flatten(2), values.flatten(2))`; give it the "
        "shape (B, C, H, W).",
    ),
    reference=deconvnet.unpool,
    cases=(
        _unpool_case(1, (1, 3, 4, 6)),
        _unpool_case(2, (2, 4, 6, 4), loose=True),
        _unpool_case(3, (2, 3, 7, 5)),
        _unpool_case(4, (1, 5, 8, 9), rectified=True),
        _unpool_case(5, (1, 1, 5, 3)),
    ),
    takes={
        "values": _some_values,
        "switches": _some_switches,
        "size": made_by(lambda pick, sizes: (sizes["H"], sizes["W"])),
    },
    sizes={"H": (2, 9), "W": (2, 9)},
    verified="each value at its switch, zeros elsewhere, odd sizes too",
)
