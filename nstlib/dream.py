"""What does a unit want to see? Feature visualization and DeepDream (chapter 14).

Both turn the network around: it stays as it is, and the image climbs until something in the network is as active as it can
be. Four things are independent of each other. An *objective* says what should be active (here). A *parameterization* says
which numbers make up the image (``nstlib.parameterizations``), *transformations* say what the pattern must survive
(``nstlib.transformations``), and a *loop* climbs: ``visualize`` from nothing, ``dream`` from a photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ChoiceError, DivergenceError, LayerError, ShapeError
from nstlib.features import Features
from nstlib.images import resize_to
from nstlib.parameterizations import Parameterization
from nstlib.transformations import ROBUST, Transformation, roll, transform

STEPS = 128
LEARNING_RATE = 0.05
LAYER = "relu4_3"
OCTAVES = 4
OCTAVE_SCALE = 1.4
ITERATIONS = 10
STEP = 1.5  # gray levels of 255 that an average pixel moves at once
JITTER = 32

# From one layer's activations, shape (B, C, H, W), to the number that should rise.
Objective = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Step:
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


# Objectives ----------------------------------------------------------------------------------------------------------


def neuron(channel: int, position: tuple[int, int] | None = None) -> Objective:
    """Return the objective "this one unit".

    Args:
        channel: counted from 0.
        position: (row, column) in the layer's map; None means the middle.
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


def channel(number: int) -> Objective:
    """Return the objective "this channel, everywhere": its mean over all positions. Channels are counted from 0."""

    def value(features: Tensor) -> Tensor:
        _check_channel(features, number)
        return features[:, number].mean()

    return value


def direction(vector: Tensor) -> Objective:
    """Return the objective "these channels together, in these proportions, everywhere".

    Args:
        vector: shape (C,): how much of each channel, of either sign; only its direction counts.

    Returns:
        The mean over positions of the dot product with the vector, scaled to length 1.

    Raises:
        ShapeError: if it is no vector. ChoiceError: if it has no direction.
    """
    if vector.ndim != 1:
        raise ShapeError(f"direction needs one number for each channel, shape (C,), got {tuple(vector.shape)}.")
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


def whole_layer() -> Objective:
    """Return the objective of DeepDream, "more of whatever there is": half the mean square of all activations.

    Its gradient with respect to an activation is (up to a factor) that activation: what is strong already grows most.
    Differs from the half *sum* of squares in Mordvintsev et al. (2015) by that factor, so that sizes can be compared.
    """
    return lambda features: features.square().mean() / 2


def likeness(guide: Tensor) -> Objective:
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
        positions = features.flatten(2).mT  # (B, H*W, C)
        return (positions @ vectors.to(features)).amax(2).mean()

    return value


def _check_channel(features: Tensor, number: int) -> None:
    if not 0 <= number < features.shape[1]:
        raise ChoiceError(
            f"There is no channel {number}: the layer has {features.shape[1]}, numbered 0 to {features.shape[1] - 1}."
        )


# From nothing --------------------------------------------------------------------------------------------------------


def visualize(
    network: Features,
    layer: str,
    objective: Objective,
    *,
    parameterization: Parameterization | None = None,
    transformations: Sequence[Transformation] = ROBUST,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    init: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
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
        Step records. The last one's value is that of the finished image, transformed once more.

    Raises:
        LayerError, ShapeError, ChoiceError: before the first step, if something does not fit.
        DivergenceError: if the objective stops being a finite number; ``.last`` is the last good Step.
    """
    _check_whole("steps", steps, 1)
    if not 0 < learning_rate < math.inf:
        raise ChoiceError(f"learning_rate must be a finite number above 0, got {learning_rate!r}.")
    parameterization = Parameterization(128, 128) if parameterization is None else parameterization
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    if init is None:
        numbers = parameterization.start(generator=generator)
    else:
        _check_finite("init", init)
        numbers = parameterization.numbers(init)
    _check_scalar(objective, network, layer, parameterization.image(numbers))

    def rate(image: Tensor) -> Tensor:
        # The network itself and not ``fast``: Adam would enlarge its rounding errors where there is no other gradient.
        return objective(network(transform(image, transformations, generator), layer)[layer])

    return _climb(numbers, parameterization.image, rate, steps, learning_rate)


def _climb(
    numbers: Tensor,
    draw: Callable[[Tensor], Tensor],
    rate: Callable[[Tensor], Tensor],
    steps: int,
    learning_rate: float,
) -> Iterator[Step]:
    numbers = numbers.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([numbers], lr=learning_rate, maximize=True)
    last = None
    for index in range(steps + 1):
        image = draw(numbers)
        value = rate(image)
        last = _record(Step(index, image.detach(), value.item()), last)
        yield last
        if index < steps:
            (numbers.grad,) = torch.autograd.grad(value, numbers)
            optimizer.step()


# From a photo --------------------------------------------------------------------------------------------------------


def dream(
    image: Tensor,
    network: Features,
    layer: str = LAYER,
    *,
    guide: Tensor | None = None,
    octaves: int = OCTAVES,
    octave_scale: float = OCTAVE_SCALE,
    iterations: int = ITERATIONS,
    step: float = STEP,
    jitter: int = JITTER,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
    """Iterate over the images of a DeepDream, size by size (Mordvintsev, Olah and Tyka, 2015).

    At each size the image climbs: whatever the layer sees in it gets stronger. What was added (the *details*) is enlarged
    and added to the photo at the next size, so each size draws its own details, and the photo's low frequencies stay.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W).
        network: from ``load_network``; it stays frozen.
        layer: whose activations grow.
        guide: a picture, shape (1, 3, h, w), any size: what is there should become like what is in it. None: the dream is
            free, and half the mean square of the activations grows.
        octaves: how many sizes, at least 1.
        octave_scale: from one size to the next, above 1.
        iterations: changes of the image at each size, at least 1.
        step: how far a pixel moves on average in each, in gray levels of 255.
        jitter: by how many pixels the image is at most shifted, in a circle, for each gradient; 0 for not at all.
        generator: of the shifts; None means a fixed seed: the same call gives the same pixels.

    Yields:
        Step records, ``iterations + 1`` for each octave: the image as the octave begins, then after each change.

    Raises:
        LayerError, ShapeError, ChoiceError: before the first step, if something does not fit.
    """
    network.check_image(image, network.canonical(layer))
    if image.shape[0] != 1:
        raise ShapeError(f"dream takes one image, shape (1, 3, H, W), got {tuple(image.shape)}.")
    _check_finite("image", image)
    for name, value, least in (("iterations", iterations, 1), ("jitter", jitter, 0)):
        _check_whole(name, value, least)
    if not 0 < step < math.inf:
        raise ChoiceError(f"step, in gray levels of 255, must be a finite number above 0, got {step!r}.")
    sizes = octave_sizes(*image.shape[2:], octaves, octave_scale)
    _check_smallest(sizes, network, layer)
    bases = [resize_to(image.detach(), size) for size in sizes]
    if guide is None:
        objective = whole_layer()
    else:
        _check_finite("guide", guide)
        with torch.no_grad():
            objective = likeness(network(guide.to(image), layer)[layer])
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    return _dream(bases, _slope_of(network, layer, objective), iterations, step, jitter, generator)


def _dream(
    bases: Sequence[Tensor],
    slope: Callable[[Tensor], tuple[float, Tensor]],
    iterations: int,
    step: float,
    jitter: int,
    generator: torch.Generator,
) -> Iterator[Step]:
    details, index = torch.zeros_like(bases[0]), 0
    for octave, base in enumerate(bases):
        image = (base + _zoom(details, base)).clamp(0, 1)
        for _ in range(iterations):
            down, right = torch.randint(
                -jitter, jitter + 1, (2,), generator=generator, device=generator.device
            ).tolist()
            value, gradient = slope(roll(image, down, right))
            yield Step(index, image, value, octave)
            image = normalized_step(image, roll(gradient, -down, -right), step / 255)
            index += 1
        yield Step(index, image, slope(image)[0], octave)
        details = image - base


def normalized_step(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    """Return the image after a step uphill in which the average pixel moves by ``step``, clamped to [0, 1].

    How large a gradient is says little: it differs by orders of magnitude between layers. So it is divided by its mean
    absolute value. Where it is zero everywhere, the image stays as it is.
    """
    size = gradient.abs().mean()
    return (image + step * gradient / torch.where(size > 0, size, torch.ones_like(size))).clamp(0, 1)


def octave_sizes(height: int, width: int, octaves: int = OCTAVES, scale: float = OCTAVE_SCALE) -> list[tuple[int, int]]:
    """Return height and width at each size of a dream, from the smallest to the image's own, rounded to whole pixels.

    Raises:
        ChoiceError: if there is no octave, or the scale is not a finite number above 1.
    """
    _check_whole("octaves", octaves, 1)
    if not 1 < scale < math.inf:
        raise ChoiceError(f"octave_scale must be a finite number above 1, got {scale!r}.")
    return [(round(height / scale**k), round(width / scale**k)) for k in range(octaves - 1, -1, -1)]


def _slope_of(network: Features, layer: str, objective: Objective) -> Callable[[Tensor], tuple[float, Tensor]]:
    """Return a function from an image to the objective's value and its gradient."""

    def slope(image: Tensor) -> tuple[float, Tensor]:
        leaf = image.detach().requires_grad_(True)
        with torch.enable_grad():
            value = objective(network.fast(leaf, layer)[layer])
        return value.item(), torch.autograd.grad(value, leaf)[0]

    return slope


def _zoom(details: Tensor, base: Tensor) -> Tensor:
    return F.interpolate(details, base.shape[2:], mode="bilinear")  # details have a sign: nothing is clamped


def _record(step: Step, last: Step | None) -> Step:
    if not math.isfinite(step.value):
        raise DivergenceError(
            f"The objective became {step.value} at step {step.index}, so the run was stopped there. Usual cause: a "
            "learning rate that is too large.",
            last,
        )
    return step


def _check_scalar(objective: Objective, network: Features, layer: str, image: Tensor) -> None:
    with torch.no_grad():
        value = objective(network(image, layer)[layer])
    if not isinstance(value, Tensor) or value.ndim != 0:
        came = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(f"An objective returns one number, a tensor of shape (), got {came}. Take a mean.")


def _check_smallest(sizes: Sequence[tuple[int, int]], network: Features, layer: str) -> None:
    height, width = sizes[0]
    try:
        network.check_image(torch.empty(1, 3, height, width), network.canonical(layer))
    except ShapeError as error:
        raise ShapeError(
            f"The smallest of {len(sizes)} octaves would be {height} x {width} pixels. {error} Or take fewer octaves."
        ) from error


def _check_finite(name: str, image: Tensor) -> None:
    if bad := int((~torch.isfinite(image)).sum()):
        raise ShapeError(f"{name} holds {bad} values that are NaN or infinite. Check where the image came from.")


def _check_whole(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ChoiceError(f"{name} must be a whole number of at least {least}, got {value!r}.")
