"""The exercise ``dead_channels``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import features as library
from nstlib.check.drawing import ANY, changed, either, tensor
from nstlib.check.exercise import Case, Exercise, Function, law, mistake, normal, scattered


def _dead_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = True) -> Case:
    """Channel 0 is off everywhere, channel 1 in the first image only, channel 2 is on at one position, the rest fire."""

    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.2
        features[:, :3] = -features[:, :3].abs() - 0.1
        features[1:, 1] *= -1
        features[0, 2, -1, 0] = 0.05
        features = features.relu() if rectified else features
        return (scattered(features) if loose else features,)

    kind = ", rectified" if rectified else ", with negative numbers"
    return Case(f"features {shape}{kind}{', not contiguous' if loose else ''}", make)


def _single_case(seed: int, shape: tuple[int, ...], shift: float) -> Case:
    """Return a case of one channel, at one position or in one image."""
    return Case(f"features {shape}", lambda dtype: (normal(seed, *shape, dtype=dtype).abs() + shift,))


def _dead(function: Function, features: Tensor) -> list[bool]:
    return [bool(value) for value in function(features)]


@law("where nothing fires, every channel is dead")
def zeros(function: Function) -> bool:
    return _dead(function, torch.zeros(2, 3, 4, 5)) == [True] * 3


@law("a single positive unit in the last image keeps its channel alive")
def one_unit(function: Function) -> bool:
    features = torch.zeros(2, 3, 4, 5)
    features[1, 2, 3, 4] = 1e-3
    return _dead(function, features) == [True, True, False]


@law("a channel with negative numbers only is dead")
def negative(function: Function) -> bool:
    features = torch.full((1, 2, 3, 4), -1.0)
    features[0, 1, 0, 0] = 0.5
    return _dead(function, features) == [True, False]


@law("a ReLU changes nothing about which channels are dead")
def relu(function: Function) -> bool:
    features = normal(5, 2, 4, 3, 2) - 1.5
    return _dead(function, features) == _dead(function, features.relu())


@law("how strongly a channel fires does not matter")
def strength(function: Function) -> bool:
    features = (normal(5, 2, 6, 3, 2) - 1.5).relu()
    return _dead(function, features) == _dead(function, 1000 * features) and True in _dead(function, features)


@mistake("Only the first image is looked at. A channel that waits for another picture is not dead.")
def first_image_only(features: Tensor) -> Tensor:
    return ~(features[0] > 0).flatten(1).any(1)


def dead_zero_at_any_position(features: Tensor) -> Tensor:
    return (features == 0).transpose(0, 1).flatten(1).any(1)


@mistake(
    "One position that is off makes a channel dead here. All have to be: any or all?",
    variants=(dead_zero_at_any_position,),
)
def any_position_counts(features: Tensor) -> Tensor:
    return (features <= 0).transpose(0, 1).flatten(1).any(1)


@mistake("The mean decides here. Before a ReLU a channel may be negative on average and still fire somewhere.")
def dead_on_average(features: Tensor) -> Tensor:
    return features.mean((0, 2, 3)) <= 0


@mistake(
    "This asks whether everything is exactly 0, which is only so after a ReLU. A channel of negative numbers never "
    "fires either: compare with > 0."
)
def equal_to_zero(features: Tensor) -> Tensor:
    return (features == 0).transpose(0, 1).flatten(1).all(1)


@mistake("It is the wrong way round: True stands where a channel is alive.")
def inverted(features: Tensor) -> Tensor:
    return (features > 0).transpose(0, 1).flatten(1).any(1)


def dead_total(features: Tensor) -> int:
    return int(library.dead_channels(features).sum())


@mistake("This counts. For each channel True or False is asked for: is the count 0?", variants=(dead_total,))
def counted(features: Tensor) -> Tensor:
    return (features > 0).sum((0, 2, 3))


def dead_in_some_image(features: Tensor) -> Tensor:
    return for_each_image(features).any(0)


@mistake(
    "The images of the batch are judged one by one. A channel is dead if it fires in none of them.",
    variants=(dead_in_some_image,),
)
def for_each_image(features: Tensor) -> Tensor:
    return ~(features > 0).flatten(2).any(2)


_RARE = changed(
    tensor("B C H W", ("normal",)), lambda x: (1e-5 * x).where(x >= x.amax(), -x.abs()), "{}, one near 1e-5"
)


EXERCISE = Exercise(
    __name__,
    title="Channels that never fire",
    difficulty=1,
    minutes=6,
    signature="dead_channels(features)",
    hints=(
        "One positive activation, anywhere, in any image, is enough for a channel to be alive.",
        "Ask of each number whether it is > 0; then whether *any* is, over the images and over both axes of "
        "positions; then turn the answer around.",
        "`~(features > 0).any(3).any(2).any(0)`",
    ),
    reference=library.dead_channels,
    cases=(
        _dead_case(1, (2, 5, 3, 4)),
        _dead_case(2, (2, 6, 4, 3), rectified=False),
        _dead_case(3, (3, 4, 2, 5), loose=True),
        _dead_case(4, (2, 7, 5, 2), rectified=False, loose=True),
        _single_case(5, (1, 1, 3, 4), -10.0),
        _single_case(6, (3, 1, 1, 1), 0.0),
    ),
    takes={"features": either(tensor("B C H W", ANY), changed(tensor("B C H W", ANY), torch.neg, "minus {}"), _RARE)},
    drawn=10,
    verified="one positive unit, in whichever image, keeps a channel alive",
)
