"""The exercise ``resize_convolution``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def resize_convolution(features: Tensor, kernels: Tensor) -> Tensor:
    """Return features of twice the size: each position becomes 2 x 2, then a 3 x 3 convolution with mirrored borders.

    Args:
        features: shape (B, C, H, W). kernels: shape (D, C, 3, 3), as ``F.conv2d`` takes them.
    """
    large = F.interpolate(features, scale_factor=2.0)
    return F.conv2d(F.pad(large, [1] * 4, mode="reflect"), kernels)


def _case(seed: int, shape: tuple[int, ...], out: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.5
        return scattered(features) if loose else features, normal(seed + 10, out, shape[1], 3, 3, dtype=dtype) / 3

    return Case(f"features {shape}{if_loose(loose)}, {out} kernels", make)


def _one() -> tuple[Tensor, Tensor]:
    return normal(7, 1, 2, 4, 5) + 0.25, normal(8, 3, 2, 3, 3)


def _center(channels: int) -> Tensor:
    """Return kernels that copy each channel."""
    kernels = torch.zeros(channels, channels, 3, 3)
    kernels[range(channels), range(channels), 1, 1] = 1.0
    return kernels


@law("both sides are twice as long")
def doubled(function: Function) -> bool:
    return tuple(torch.as_tensor(function(*_one())).shape) == (1, 3, 8, 10)


@law("a kernel that copies makes four of each number")
def copied(function: Function) -> bool:
    features, _ = _one()
    four = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return close(function(features, _center(2)), four)


@law("a flat map stays flat, whatever the kernels, up to its borders: no checkerboard")
def flat(function: Function) -> bool:
    _, kernels = _one()
    result = torch.as_tensor(function(torch.ones(1, 2, 4, 5), kernels))
    return close(result, result[..., :1, :1].expand_as(result))


@law("twice the features give twice the result")
def linear(function: Function) -> bool:
    features, kernels = _one()
    return close(function(2 * features, kernels), 2 * torch.as_tensor(function(features, kernels)))


@law("a kernel that looks to the right sees what lies to the right")
def looks_right(function: Function) -> bool:
    features, kernels = torch.zeros(1, 1, 3, 4), torch.zeros(1, 1, 3, 3)
    features[0, 0, 1, 2] = 1.0
    kernels[0, 0, 1, 2] = 1.0
    result = torch.as_tensor(function(features, kernels))
    return close(result[0, 0, 2], torch.tensor([0.0, 0, 0, 1, 1, 0, 0, 0]))


@mistake("The border is filled with zeros: a dark frame that the network will paint. Mirror what is inside instead.")
def zeros_outside(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.interpolate(features, scale_factor=2.0), kernels, padding=1)


@mistake("Beyond the border the picture begins anew from the other side. Mirror it: `mode='reflect'`.")
def in_a_circle(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.pad(F.interpolate(features, scale_factor=2.0), [1] * 4, mode="circular"), kernels)


@mistake("The size grew by bilinear interpolation. Here each position becomes 2 x 2 equal ones: nearest.")
def bilinear(features: Tensor, kernels: Tensor) -> Tensor:
    large = F.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
    return F.conv2d(F.pad(large, [1] * 4, mode="reflect"), kernels)


@mistake("There is no padding: two rows and two columns are missing.")
def not_padded(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.interpolate(features, scale_factor=2.0), kernels)


@mistake("First the convolution, then the size: each output is a block of four equal pixels. Grow first.")
def grown_afterwards(features: Tensor, kernels: Tensor) -> Tensor:
    return F.interpolate(F.conv2d(F.pad(features, [1] * 4, mode="replicate"), kernels), scale_factor=2.0)


@mistake(
    "The margin is two pixels wide, so the result is too large. Did the padding come first and was doubled with the rest, "
    "or is it 2 where it should be 1?"
)
def padded_before(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.interpolate(F.pad(features, [1] * 4, mode="replicate"), scale_factor=2.0), kernels)


@mistake(
    "Zeros were put between the numbers, as a transposed convolution does. Kernels of 3 x 3 then meet one, two or "
    "four numbers, by turns: a checkerboard."
)
def zeros_between(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv_transpose2d(features, kernels.transpose(0, 1), stride=2, padding=1, output_padding=1)


@mistake("The kernels are turned by half a turn. Networks do not turn them: `F.conv2d` does what is meant.")
def kernels_turned(features: Tensor, kernels: Tensor) -> Tensor:
    return resize_convolution(features, kernels.flip(2, 3))


kernels_mirrored = mistake(
    "The kernels are mirrored along one axis, or their rows and columns are exchanged. `F.conv2d` takes them as they are.",
    "kernels_mirrored",
)(
    lambda features, kernels: resize_convolution(features, kernels.flip(3)),
    lambda features, kernels: resize_convolution(features, kernels.flip(2)),
    lambda features, kernels: resize_convolution(features, kernels.mT.contiguous()),
)


@mistake("Whole copies of the map stand side by side, as `repeat` makes them. Each *position* should become 2 x 2.")
def copies_side_by_side(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.pad(features.repeat(1, 1, 2, 2), [1] * 4, mode="reflect"), kernels)


@mistake("The features are not enlarged: this is a convolution at the old size.")
def not_enlarged(features: Tensor, kernels: Tensor) -> Tensor:
    return F.conv2d(F.pad(features, [1] * 4, mode="replicate"), kernels)


EXERCISE = Exercise(
    __name__,
    title="Larger, without a checkerboard",
    difficulty=1,
    minutes=8,
    signature="resize_convolution(features, kernels)",
    hints=(
        "Two steps that you know: first make the map larger in the plainest way, each number four times. Then let the "
        "convolution smooth it.",
        "`F.interpolate` with `scale_factor=2` copies the nearest position by default. A 3 x 3 convolution eats one "
        "pixel at each side: pad the *large* map by one before, with `F.pad(..., mode='reflect')`.",
        "`large = F.interpolate(features, scale_factor=2)`, then `F.conv2d(F.pad(large, [1] * 4, mode='reflect'), "
        "kernels)`.",
    ),
    reference=resize_convolution,
    cases=(
        _case(1, (1, 3, 4, 5), 2),
        _case(2, (2, 2, 5, 3), 4),
        _case(3, (2, 4, 3, 6), 3, loose=True),
        _case(4, (1, 1, 1, 4), 1),
        _case(5, (1, 2, 7, 1), 2),
    ),
    takes={"features": tensor("B C H W"), "kernels": tensor("D C 3 3", ("normal", "positive"))},
    sizes={"D": (1, 4)},
    differentiable=(0, 1),
    verified="four of each number, mirrored borders, then the convolution",
)
