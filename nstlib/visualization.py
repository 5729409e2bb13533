"""What does a unit want to see? Feature visualization: an image that climbs from noise (chapter on dreams).

The network stays as it is, and the image changes until something in the network is as active as it can be. Four things are
independent of each other. An *objective* says what should be active. A *parameterization* says which numbers make up the
image (``nstlib.parameterizations``), *transformations* say what the pattern must survive (``nstlib.transformations``), and
the *loop* ``visualize`` climbs. ``nstlib.dream`` climbs from a photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, DivergenceError, ShapeError
from nstlib.features import Features
from nstlib.images import check_picture
from nstlib.parameterizations import Parameterization
from nstlib.seeds import seeded
from nstlib.transformations import ROBUST, Transformation, transform

STEPS = 128
LEARNING_RATE = 0.02  # lucid's 0.05 moves its waves, which it divides by 4, by less; its runs are longer

PAIRED = 1024  # positions that ``likeness`` compares with a guide at once

# From one layer's activations, shape (B, C, H, W), to the number that should rise.
LayerObjective = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Frame:
    """One image on the way up.

    Attributes:
        index: how often the image has been changed; 0 is where it started.
        image: RGB in [0, 1], shape (1, 3, H, W), detached.
        value: of the objective, for the image as it was shifted or transformed for this step.
        octave: of a dream, which size this is, from 0, the smallest; its image has that size.
    """

    index: int
    image: Tensor
    value: float
    octave: int = 0


@door
def neuron(channel: int, position: tuple[int, int] | None = None) -> LayerObjective:
    """Return the objective "this one unit".

    Args:
        channel: counted from 0.
        position: (row, column) in the layer's map; None means the middle.

    >>> neuron(0, position=(0, 1))(torch.tensor([[[[1.0, 2.0]]]]))
    tensor(2.)
    """

    def value(features: Tensor) -> Tensor:
        _check_channel(features, channel)
        height, width = features.shape[2:]
        row, column = (height // 2, width // 2) if position is None else position
        if not (0 <= row < height and 0 <= column < width):
            raise ShapeError(
                f"There is no row {row}, column {column}: the layer has {height} x {width} positions, counted from 0."
            )
        return features[:, channel, row, column].mean()

    return value


@door
def channel(number: int) -> LayerObjective:
    """Return the objective "this channel, everywhere": its mean over all positions. Channels are counted from 0.

    >>> channel(1)(torch.tensor([[[[1.0]], [[5.0]]]]))
    tensor(5.)
    """

    def value(features: Tensor) -> Tensor:
        _check_channel(features, number)
        return features[:, number].mean()

    return value


@door(vector="values ...")
def direction(vector: Tensor) -> LayerObjective:
    """Return the objective "these channels together, in these proportions, everywhere".

    Args:
        vector: shape (C,): how much of each channel, of either sign; only its direction counts.

    Returns:
        The mean over positions of the dot product with the vector, scaled to length 1.

    Raises:
        ShapeError: if it is no vector. ChoiceError: if it has no direction.

    >>> direction(torch.tensor([3.0, 4.0]))(torch.ones(1, 2, 1, 1))
    tensor(1.4000)
    """
    if vector.ndim != 1:
        raise ShapeError(
            f"direction needs a vector of one number for each channel, shape (C,), got {tuple(vector.shape)}."
        )
    length = torch.linalg.vector_norm(vector.detach())
    if not (length > 0 and torch.isfinite(length)):
        raise ChoiceError("direction needs a vector of finite numbers that are not all 0: zero points nowhere.")
    unit = vector.detach() / length

    def value(features: Tensor) -> Tensor:
        if features.shape[1] != len(unit):
            raise ShapeError(
                f"direction has {len(unit)} numbers, but the layer has {features.shape[1]} channels. Take it from the "
                "same layer of the same network."
            )
        return torch.einsum("bchw, c -> bhw", features, unit.to(features)).mean()

    return value


def whole_layer() -> LayerObjective:
    """Return the objective of DeepDream, "more of whatever there is": half the mean square of all activations.

    Its gradient with respect to an activation is (up to a factor) that activation: what is strong already grows most.
    Differs from the half *sum* of squares in Mordvintsev et al. (2015) by that factor, so that sizes can be compared.
    """
    return lambda features: features.square().mean() / 2


@door
def likeness(guide: Tensor) -> LayerObjective:
    """Return the objective of a guided dream: every position should be like some position of the guide.

    Args:
        guide: activations of the guide picture in the same layer, shape (1, C, h, w).

    Returns:
        The mean over positions of the largest dot product with a position of the guide. Its gradient with respect to a
        position's activations is (up to a factor) the guide vector that matches them best, as in Mordvintsev et al. (2015).

    Raises:
        ShapeError: if the guide has another shape.
    """
    if guide.ndim != 4 or guide.shape[0] != 1:
        raise ShapeError(f"likeness needs the activations of one guide, shape (1, C, h, w), got {tuple(guide.shape)}.")
    vectors = guide.detach()[0].flatten(1)  # (C, h*w)

    def value(features: Tensor) -> Tensor:
        if features.shape[1] != len(vectors):
            raise ShapeError(
                f"The guide has {len(vectors)} channels and the layer {features.shape[1]}. Take both from the same layer."
            )
        positions, known = features.flatten(2).mT, vectors.to(features)  # (B, H*W, C), (C, h*w)
        with torch.no_grad():  # in pieces: all pairs of positions at once are gigabytes in shallow layers
            best = torch.cat([(piece @ known).argmax(2) for piece in positions.split(PAIRED, dim=1)], dim=1)
        return (positions * known.mT[best]).sum(2).mean()

    return value


@door(steps=">= 1", learning_rate="> 0")
def visualize(
    network: Features,
    layer: str,
    objective: LayerObjective,
    *,
    parameterization: Parameterization | None = None,
    transformations: Sequence[Transformation] = ROBUST,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    init: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Frame]:
    """Iterate over images that drive an objective up: ``steps + 1`` of them, from nearly gray to the result.

    Args:
        network: from ``load_network``; it stays frozen.
        layer: where the objective looks. A unit behind a ReLU that is off has no slope to climb, so prefer a convolution
            ("conv4_2"), or pick units that are on.
        objective: ``neuron``, ``channel``, ``direction``, ``whole_layer``, or any function of the activations.
        parameterization: how the image is written, which says its size; None: 128 x 128 px, waves, decorrelated colors.
        transformations: what the pattern must survive, drawn anew in each step; () for none.
        steps: how many updates by Adam, at least 1.
        learning_rate: of Adam, in units of the parameterization's numbers.
        init: an image to start from, shape (1, 3, H, W), which also says device and precision; None means noise.
        generator: of the noise and the transformations; None means a fixed seed: the same call gives the same pixels.

    Yields:
        Frames. The last one's value is that of the finished image, transformed once more.

    Raises:
        LayerError, ShapeError, ChoiceError: before the first step, if something does not fit.
        DivergenceError: if the objective stops being a finite number; ``.last`` is the last good Frame.

    >>> from nstlib.features import random_network
    >>> images = visualize(random_network("tiny"), "conv2_1", channel(3), parameterization=Parameterization(16, 16), steps=2)
    >>> [tuple(frame.image.shape) for frame in images]
    [(1, 3, 16, 16), (1, 3, 16, 16), (1, 3, 16, 16)]
    """
    parameterization = Parameterization(128, 128) if parameterization is None else parameterization
    generator = seeded(generator)
    if init is None:
        numbers = parameterization.start(generator=generator)
    else:
        check_picture("init", init)
        numbers = parameterization.numbers(init)
    _check_scalar(objective, network, layer, parameterization.image(numbers))

    # A wave has a gradient from every pixel. A pixel that no unit sees has none but the rounding errors of ``fast``, and
    # Adam would make full steps of those.
    look = network if parameterization.basis == "pixels" else network.fast

    def rate(image: Tensor) -> Tensor:
        return objective(look(transform(image, transformations, generator), layer)[layer])

    return _climb(numbers, parameterization.image, rate, steps, learning_rate)


def _climb(
    numbers: Tensor,
    draw: Callable[[Tensor], Tensor],
    rate: Callable[[Tensor], Tensor],
    steps: int,
    learning_rate: float,
) -> Iterator[Frame]:
    numbers = numbers.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([numbers], lr=learning_rate, maximize=True)
    last = None
    for index in range(steps + 1):
        with torch.enable_grad():  # whatever the loop around this has switched off
            image = draw(numbers)
            value = rate(image)
        last = _record(Frame(index, image.detach(), value.item()), last)
        yield last
        if index < steps:
            (numbers.grad,) = torch.autograd.grad(value, numbers)
            optimizer.step()


def _record(frame: Frame, last: Frame | None) -> Frame:
    if not math.isfinite(frame.value):
        raise DivergenceError(
            f"The objective became {frame.value} at step {frame.index}, so the run was stopped there. Usual cause: a "
            "learning rate that is too large.",
            last,
        )
    return frame


def _check_channel(features: Tensor, number: int) -> None:
    if not 0 <= number < features.shape[1]:
        raise ChoiceError(
            f"There is no channel {number}: the layer has {features.shape[1]}, numbered 0 to {features.shape[1] - 1}."
        )


def _check_scalar(objective: LayerObjective, network: Features, layer: str, image: Tensor) -> None:
    with torch.no_grad():
        value = objective(network(image, layer)[layer])
    if not isinstance(value, Tensor) or value.ndim != 0:
        came = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(f"An objective returns one number, a tensor of shape (), got {came}. Take a mean.")
