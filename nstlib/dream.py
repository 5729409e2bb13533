"""DeepDream: a photo climbs until a layer sees more of what it sees in it already (chapter on dreams).

After the notebook of Mordvintsev, Olah and Tyka (2015, "Inceptionism: going deeper into neural networks"). What it shares
with feature visualization, objectives and steps, is in ``nstlib.visualization``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ShapeError, finite_number
from nstlib.features import Features
from nstlib.images import check_picture, resize_to
from nstlib.losses import or_one
from nstlib.seeds import seeded
from nstlib.transformations import roll
from nstlib.visualization import Frame, LayerObjective, likeness, whole_layer

LAYER = "relu4_3"
OCTAVES = 4
OCTAVE_SCALE = 1.4
ITERATIONS = 10
STEP = 1.5  # gray levels of 255 that an average pixel moves at once
JITTER = 32


@door(image="any", guide="any moved", iterations=">= 1", jitter=">= 0", octaves=">= 1", octave_scale="> 1", step="own")
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
) -> Iterator[Frame]:
    """Iterate over the images of a DeepDream, size by size (Mordvintsev, Olah and Tyka, 2015).

    At each size the image climbs: whatever the layer sees in it gets stronger. What was added (the *details*) is enlarged
    and added to the photo at the next size, so each size draws its own details.

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
        Frames, ``iterations + 1`` for each octave: the image as the octave begins, then after each change.

    Raises:
        LayerError, ShapeError, ChoiceError: before the first step, if something does not fit.
    """
    check_picture("image", image)
    finite_number("step, in gray levels of 255,", step, above=True)
    sizes = octave_sizes(*image.shape[2:], octaves, octave_scale)
    _check_smallest(sizes, network, layer)
    bases = [resize_to(image.detach(), size) for size in sizes]
    if guide is None:
        objective = whole_layer()
    else:
        check_picture("guide", guide)
        with torch.no_grad():
            objective = likeness(network(guide.to(image), layer)[layer])
    generator = seeded(generator)
    return _dream(bases, _slope_of(network, layer, objective), iterations, step, jitter, generator)


def _dream(
    bases: Sequence[Tensor],
    slope: Callable[[Tensor], tuple[float, Tensor]],
    iterations: int,
    step: float,
    jitter: int,
    generator: torch.Generator,
) -> Iterator[Frame]:
    details, index = torch.zeros_like(bases[0]), 0
    for octave, base in enumerate(bases):
        image = (base + _zoom(details, base)).clamp(0, 1)
        for _ in range(iterations):
            down, right = torch.randint(
                -jitter, jitter + 1, (2,), generator=generator, device=generator.device
            ).tolist()
            value, gradient = slope(roll(image, down, right))
            yield Frame(index, image, value, octave)
            image = normalized_step(image, roll(gradient, -down, -right), step / 255)
            index += 1
        yield Frame(index, image, slope(image)[0], octave)
        details = image - base


@door(image="B C H W", gradient="B C H W")
def normalized_step(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    """Return the image after a step uphill in which the average pixel moves by ``step``, clamped to [0, 1].

    How large a gradient is says little: it differs by orders of magnitude between layers. So it is divided by its mean
    absolute value. Where it is zero everywhere, the image stays as it is.

    >>> normalized_step(torch.full((1, 1, 1, 2), 0.5), torch.tensor([[[[1.0, -3.0]]]]), 0.1)
    tensor([[[[0.5500, 0.3500]]]])
    """
    size = gradient.abs().mean()
    return (image + step * gradient / or_one(size)).clamp(0, 1)


@door(height=">= 1", width=">= 1", octaves=">= 1", scale="> 1")
def octave_sizes(height: int, width: int, octaves: int = OCTAVES, scale: float = OCTAVE_SCALE) -> list[tuple[int, int]]:
    """Return height and width at each size of a dream, from the smallest to the image's own, rounded to whole pixels.

    Raises:
        ChoiceError: if there is no octave, or the scale is not a finite number above 1.

    >>> octave_sizes(100, 200, octaves=3, scale=2.0)
    [(25, 50), (50, 100), (100, 200)]
    """
    return [(round(height / scale**k), round(width / scale**k)) for k in range(octaves - 1, -1, -1)]


def _slope_of(network: Features, layer: str, objective: LayerObjective) -> Callable[[Tensor], tuple[float, Tensor]]:
    """Return a function from an image to the objective's value and its gradient."""

    def slope(image: Tensor) -> tuple[float, Tensor]:
        leaf = image.detach().requires_grad_(True)
        with torch.enable_grad():
            value = objective(network.fast(leaf, layer)[layer])
        return value.item(), torch.autograd.grad(value, leaf)[0]

    return slope


def _zoom(details: Tensor, base: Tensor) -> Tensor:
    return F.interpolate(details, base.shape[2:], mode="bilinear")  # details have a sign: nothing is clamped


def _check_smallest(sizes: Sequence[tuple[int, int]], network: Features, layer: str) -> None:
    height, width = sizes[0]
    try:
        network.check_image(torch.empty(1, 3, height, width), network.canonical(layer))
    except ShapeError as error:
        raise ShapeError(
            f"The smallest of {len(sizes)} octaves would be {height} x {width} pixels. {error} Or take fewer octaves."
        ) from error
