"""The exercise ``project_activation``, and the mistakes that people make in it."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import deconvnet
from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform

Position = tuple[int, int]


def project_activation(
    features: Tensor,
    channel: int,
    position: tuple[int, int],
    switches: Tensor,
    size: tuple[int, int],
    kernels: list[Tensor],
) -> Tensor:
    """Return one activation sent back through a block of convolutions with ReLUs and a max pooling.

    Args:
        features: what the pooling returned, shape (B, C, h, w), not negative.
        channel: of the activation to keep.
        position: its (row, column); the same in each image of the batch.
        switches: of the pooling, shape (B, C, h, w).
        size: (H, W) of the maps that were pooled.
        kernels: weights (out, in, 3, 3) of the block's convolutions, in the order in which they run forward.

    Returns:
        Shape (B, in of the first convolution, H, W).
    """
    return _back(_kept(features, channel, position), switches, size, kernels)


def _kept(features: Tensor, channel: int, position: tuple[int, int]) -> Tensor:
    alone = torch.zeros_like(features)
    alone[(slice(None), channel, *position)] = features[(slice(None), channel, *position)]
    return alone


def _back(signal: Tensor, switches: Tensor, size: tuple[int, int], kernels: list[Tensor]) -> Tensor:
    signal = deconvnet.unpool(signal, switches, size)
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal.relu(), weight)
    return signal


def _block(seed: int, batch: int, channels: tuple[int, ...], size: tuple[int, int], dtype: torch.dtype) -> tuple:
    """Return pooled features, switches and kernels of a block that really computed them."""
    pairs = enumerate(itertools.pairwise(channels))
    kernels = [normal(seed + k, out, into, 3, 3, dtype=dtype) for k, (into, out) in pairs]
    x = normal(seed + 7, batch, channels[0], *size, dtype=dtype)
    for weight in kernels:
        x = F.conv2d(x, weight, padding=1).relu()
    pooled, switches = F.max_pool2d(x, 2, return_indices=True)
    return pooled, switches, kernels


def _project_case(
    seed: int, batch: int, channels: tuple[int, ...], size: tuple[int, int], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        pooled, switches, kernels = _block(seed, batch, channels, size, dtype)
        weakest = pooled.amin(0)  # a position where the channel fires in every image of the batch
        channel, row, column = (int(i) for i in (weakest == weakest.max()).nonzero()[0])
        return (scattered(pooled) if loose else pooled), channel, (row, column), switches, size, kernels

    convolutions = len(channels) - 1
    return Case(f"{convolutions} convolutions, channels {channels}, size {size}, batch {batch}{if_loose(loose)}", make)


def _some_block(*channels: int) -> tuple:
    return _block(31, 2, channels or (3, 5, 4), (6, 8), torch.float32)


def _projected(function: Function, features: Tensor, *channels: int) -> Tensor:
    _, switches, kernels = _some_block(*channels)
    return torch.as_tensor(function(features, 1, (1, 2), switches, (6, 8), kernels)).float()


@law("an activation of zero projects to zero")
def nothing(function: Function) -> bool:
    silent = _some_block()[0] + 0.5
    silent[:, 1, 1, 2] = 0
    return close(_projected(function, silent), torch.zeros(2, 3, 6, 8))


@law("twice the activation gives twice the projection")
def doubled(function: Function) -> bool:
    pooled = _some_block()[0] + 0.5
    return close(_projected(function, 2 * pooled), 2 * _projected(function, pooled))


@law("no other activation matters")
def others(function: Function) -> bool:
    pooled = _some_block()[0] + 0.5
    others = pooled + uniform(32, *pooled.shape)
    others[:, 1, 1, 2] = pooled[:, 1, 1, 2]
    return close(_projected(function, others), _projected(function, pooled))


@law("nothing comes back outside the unit's receptive field")
def field(function: Function) -> bool:
    projection = _projected(function, _some_block()[0] + 0.5)  # the switch is in rows 2-3, columns 4-5
    return bool(projection[:, :, 0:6, 2:8].abs().max() > 0) and close(projection[..., :2], torch.zeros(2, 3, 6, 2))


@law("through a single convolution, the activation stamps its filter at its switch")
def stamp(function: Function) -> bool:
    pooled, switches, kernels = _some_block(3, 4)
    projection = _projected(function, pooled + 0.5, 3, 4)
    rows, columns = switches[:, 1, 1, 2] // 8, switches[:, 1, 1, 2] % 8
    stamps = torch.zeros(2, 3, 8, 10)
    for image, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        stamps[image, :, row : row + 3, column : column + 3] = (pooled + 0.5)[image, 1, 1, 2] * kernels[0][1]
    return close(projection, stamps[:, :, 1:-1, 1:-1])


@mistake("The whole map of the channel goes back, so that many units speak at once. One position is asked for.")
def whole_channel_kept(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    alone = torch.zeros_like(features)
    alone[:, channel] = features[:, channel]
    return _back(alone, *block)


@mistake("All channels of that position go back. Whose pattern would you see? Keep one channel.")
def all_channels_kept(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    row, column = position
    alone = torch.zeros_like(features)
    alone[:, :, row, column] = features[:, :, row, column]
    return _back(alone, *block)


@mistake("All activations go back. Which of them made what you see? Set all but one to zero first.")
def nothing_silenced(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    return _back(features, *block)


@mistake("The activation is replaced by 1. It goes back as strong as it was.")
def one_for_the_value(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    alone = torch.zeros_like(features)
    alone[(slice(None), channel, *position)] = 1
    return _back(alone, *block)


@mistake(
    "What comes back is never rectified. Between two convolutions there was a ReLU on the way up: it has its "
    "mirror image on the way back."
)
def not_rectified(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    signal = deconvnet.unpool(_kept(features, channel, position), switches, size)
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal, weight)
    return signal


def project_rectified_at_the_end_only(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return not_rectified(features, channel, position, switches, size, kernels).relu()


@mistake(
    "The result has no negative numbers: a ReLU too many, after the last filter. Below the first convolution there "
    "was none.",
    variants=(project_rectified_at_the_end_only,),
)
def rectified_at_the_end(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, kernels).relu()


@mistake("The kernels are used in the order of the way up. Which convolution ran last, just before the pooling?")
def kernels_in_forward_order(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, kernels[::-1])


@mistake("The activation is spread over its whole window. It was the maximum at one place: `unpool` it.")
def stretched(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    signal = F.interpolate(_kept(features, channel, position), size=tuple(size))
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal.relu(), weight)
    return signal


@mistake("The filters are not turned around. `transposed_filter` does that; is it used as it is?")
def not_turned(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, [weight.flip(2, 3) for weight in kernels])


@mistake("Another position was kept: `position` is (row, column), in this order.")
def position_swapped(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position[::-1], switches, size, kernels)


_ARGUMENTS = ("features", "channel", "position", "switches", "size", "kernels")


def _some_projection(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw a block of one to three convolutions, and any position of what it returned: it may be 0 there."""
    size, channels = (sizes["H"], sizes["W"]), tuple(pick.whole(1, 4) for _ in range(pick.whole(2, 4)))
    batch, seed, channel = sizes["B"], pick.whole(0, 999), pick.whole(0, channels[-1] - 1)
    position = pick.whole(0, size[0] // 2 - 1), pick.whole(0, size[1] // 2 - 1)

    def make(dtype: torch.dtype) -> tuple:
        pooled, switches, kernels = _block(seed, batch, channels, size, torch.float32)
        kernels = [weight.to(dtype) for weight in kernels]
        return pooled.to(dtype), channel, position, switches, size, kernels

    shape = batch, channels[-1], size[0] // 2, size[1] // 2
    return (f"{shape}", f"{channel}", f"{position}", "of the pooling", f"{size}", f"of channels {channels}"), make


EXERCISE = Exercise(
    __name__,
    title="One activation, one block back",
    difficulty=2,
    minutes=15,
    signature="project_activation(features, channel, position, switches, size, kernels)",
    hints=(
        "Ask for one activation, and the others must be silent. Then undo the block's steps, the last one first.",
        "Forward a block is convolve, ReLU, convolve, ReLU, pool. So backward it is unpool, and then for each "
        "convolution, from the last to the first: rectify, filter.",
        "`alone = torch.zeros_like(features)`; `alone[:, channel, row, column] = features[:, channel, row, column]`; "
        "`signal = unpool(alone, switches, size)`; for `weight in reversed(kernels)`: "
        "`signal = transposed_filter(signal.relu(), weight)`.",
    ),
    reference=project_activation,
    cases=(
        _project_case(1, 1, (3, 4), (6, 8)),
        _project_case(2, 2, (3, 5, 4), (8, 6)),
        _project_case(3, 2, (4, 4, 4), (7, 9)),
        _project_case(4, 1, (3, 4, 6, 5), (8, 10), loose=True),
    ),
    takes=dict(zip(_ARGUMENTS, together(len(_ARGUMENTS), _some_projection), strict=True)),
    sizes={"H": (2, 9), "W": (2, 9)},
    verified="one activation, unpooled, rectified and filtered back",
)
