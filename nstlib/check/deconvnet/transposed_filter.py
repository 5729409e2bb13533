"""The exercise ``transposed_filter``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib import deconvnet
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _filter_case(
    seed: int, batch: int, channels: tuple[int, int], size: tuple[int, int], *, loose: bool = False
) -> Case:
    out, into = channels

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, weight = normal(seed, batch, out, *size, dtype=dtype), normal(seed + 5, out, into, 3, 3, dtype=dtype)
        return (scattered(x), scattered(weight)) if loose else (x, weight)

    return Case(f"x {(batch, out, *size)}, weight {(out, into, 3, 3)}{if_loose(loose)}", make, {"9": 9.0})


def _kernels() -> Tensor:
    return normal(21, 4, 3, 3, 3)


@law("<conv x, y> = <x, transposed_filter y>")
def adjoint(function: Function) -> bool:
    x, y = normal(22, 2, 3, 6, 5), normal(23, 2, 4, 6, 5)
    back = torch.as_tensor(function(y, _kernels())).float()
    return back.shape == x.shape and close((F.conv2d(x, _kernels(), padding=1) * y).sum(), (x * back).sum())


@law("a single activation stamps its filter around itself")
def stamp(function: Function) -> bool:
    x = torch.zeros(1, 4, 5, 6)
    x[0, 2, 1, 3] = 1
    return close(torch.as_tensor(function(x, _kernels()))[0, :, 0:3, 2:5], _kernels()[2])


@law("zeros in, zeros out: no bias")
def nothing(function: Function) -> bool:
    return close(function(torch.zeros(2, 4, 5, 6), _kernels()), torch.zeros(2, 3, 5, 6))


@law("it is linear")
def linear(function: Function) -> bool:
    x, y = normal(24, 1, 4, 5, 6), normal(25, 1, 4, 5, 6)
    parts = torch.as_tensor(function(x, _kernels())) - 2 * torch.as_tensor(function(y, _kernels()))
    return close(function(x - 2 * y, _kernels()), parts)


@law("filters with nothing but a middle bring channels back to where they came from")
def identity(function: Function) -> bool:
    nothing_but_middle = torch.zeros(4, 4, 3, 3)
    nothing_but_middle[torch.arange(4), (torch.arange(4) + 1) % 4, 1, 1] = 1  # channel k comes from channel k + 1
    x = normal(26, 2, 4, 5, 6)
    return close(function(x, nothing_but_middle), x.roll(1, 1))


def filter_turned_twice(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv_transpose2d(x, weight.flip(2, 3), padding=1)


@mistake(
    "The channels are exchanged, but the filters are not turned around. A pixel to the left of a unit was seen by "
    "the left part of its filter: from the pixel, where does the unit stand?",
    variants=(filter_turned_twice,),
)
def not_turned(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1), padding=1)


@mistake(
    'Rows and columns of each filter are exchanged. "Transposed" means the matrix of the whole convolution; a '
    "single filter is turned by 180 degrees."
)
def mirrored_along_the_diagonal(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).mT, padding=1)


def filter_turned_upside_down(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).flip(2), padding=1)


@mistake(
    "The filters are mirrored along one axis only. Left becomes right; what about top and bottom?",
    variants=(filter_turned_upside_down,),
)
def turned_in_one_direction(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).flip(3), padding=1)


@mistake(
    "`reshape` does not exchange axes, it cuts the same row of numbers in other places: every filter now has parts "
    "of others. What swaps two axes?"
)
def channels_scrambled(x: Tensor, weight: Tensor) -> Tensor:
    out, into = weight.shape[:2]
    return F.conv2d(x, weight.flip(2, 3).reshape(into, out, 3, 3), padding=1)


@mistake(
    "The filters are turned, but still go from the lower channels to the upper ones. Which axis of `weight` has to "
    "fit the channels of x?"
)
def channels_not_exchanged(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.flip(2, 3), padding=1)


@mistake("This is the convolution itself, once more. The way back needs its transpose.")
def forward_again(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=1)


@mistake(
    "A new ConvTranspose2d brings a bias of its own, drawn at random: zeros in give something out. The way back "
    "has no bias."
)
def bias_kept(x: Tensor, weight: Tensor) -> Tensor:
    layer = nn.ConvTranspose2d(weight.shape[0], weight.shape[1], 3, padding=1).to(x.dtype)
    layer.weight.data = weight.detach().clone()
    return layer(x).detach()


def filter_cut_off(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.flip(2, 3).transpose(0, 1))


@mistake(
    "The map changes its size. The convolution was padded to keep it, so the way back keeps it too.",
    variants=(filter_cut_off,),
)
def size_changed(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv_transpose2d(x, weight)


@mistake("The result is rectified. That is a step of its own, and pixels at the very end may be negative.")
def rectified(x: Tensor, weight: Tensor) -> Tensor:
    return deconvnet.transposed_filter(x, weight).relu()


EXERCISE = Exercise(
    __name__,
    title="Back through a convolution",
    difficulty=2,
    minutes=15,
    signature="transposed_filter(x, weight)",
    hints=(
        "Think of a single activation. On the way up it was a sum of pixels, each times a number of its filter. On the "
        "way back it gives each of these pixels its value times the same number: it stamps its filter.",
        "Stamping can be done by a convolution that looks from below: pixel (r, c) collects from the activations around "
        "it. The one to its *right* reached it with the *left* part of the filter. So what has to be done to the "
        "filters? And which channels are now in, which out?",
        "`turned = weight.flip(2, 3).transpose(0, 1)`, then `F.conv2d(x, turned, padding=1)`.",
    ),
    reference=deconvnet.transposed_filter,
    cases=(
        _filter_case(1, 1, (4, 3), (5, 6)),
        _filter_case(2, 2, (3, 5), (6, 4)),
        _filter_case(3, 2, (5, 4), (4, 7), loose=True),
        _filter_case(4, 1, (4, 4), (6, 5)),
        _filter_case(5, 1, (1, 1), (5, 4)),
    ),
    takes={"x": tensor("B o H W"), "weight": tensor("o i 3 3")},
    sizes={"o": (1, 4), "i": (1, 4)},
    verified="the transpose of the convolution, without a bias",
)
