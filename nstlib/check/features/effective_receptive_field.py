"""The exercise ``effective_receptive_field``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import features as library
from nstlib.check.drawing import Make, Pick, Sizes, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, normal, scattered, uniform

Layer = Callable[[Tensor], Tensor]


def _layer(seed: int, dtype: torch.dtype, kernels: tuple[int, ...], stride: int) -> Layer:
    sizes = (3, 4, 2)
    weights = [
        normal(seed + k, sizes[k + 1], sizes[k], size, size, dtype=dtype) / size for k, size in enumerate(kernels)
    ]

    def run(x: Tensor) -> Tensor:
        for k, weight in enumerate(weights):
            x = F.conv2d(x if k == 0 else torch.tanh(x), weight, stride=stride, padding=weight.shape[-1] // 2)
        return x

    return run


def _field_case(
    seed: int, height: int, width: int, kernels: tuple[int, ...], stride: int = 1, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Layer, Tensor]:
        image = uniform(seed, 1, 3, height, width, dtype=dtype)
        return _layer(seed, dtype, kernels, stride), scattered(image) if loose else image

    stack = " and ".join(f"{k} x {k}" for k in kernels)
    kind = ", not contiguous in memory" if loose else ""
    return Case(f"convolutions {stack} with step {stride}, image (1, 3, {height}, {width}){kind}", make)


def _field(function: Function, kernels: tuple[int, ...] = (3, 3), factor: float = 1.0) -> Tensor:
    layer = _layer(9, torch.float32, kernels, 1)
    return torch.as_tensor(function(lambda x: factor * layer(x), uniform(9, 1, 3, 9, 11)))


@law("its largest value is 1, and none is negative")
def peak(function: Function) -> bool:
    field = _field(function)
    return close(field.max(), 1.0) and bool((field >= 0).all())


@law("two 3 x 3 convolutions see 5 x 5 pixels around the middle, and none outside")
def support(function: Function) -> bool:
    field = _field(function)
    outside = field.clone()
    outside[2:7, 3:8] = 0  # two 3 x 3 convolutions see 5 x 5 pixels
    return bool((outside == 0).all()) and bool((field[2:7, 3:8] > 0).all())


@law("a 1 x 1 convolution sees the pixel in the middle only")
def of_a_pixel(function: Function) -> bool:
    expected = torch.zeros(9, 11)
    expected[4, 5] = 1
    return close(_field(function, (1,)), expected)


@law("a layer times -7 sees the same")
def strength(function: Function) -> bool:
    return close(_field(function, factor=-7.0), _field(function))


@law("colors that pull in opposite directions do not cancel")
def colors(function: Function) -> bool:
    def layer(x: Tensor) -> Tensor:
        return x[:, :1] - x[:, 1:2]  # what one color adds, the other takes away

    return close(torch.as_tensor(function(layer, uniform(9, 1, 3, 5, 7)))[2, 3], 1.0)


def _pixel_gradient(layer: Layer, image: Tensor, place: Callable[[Tensor], Tensor]) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return torch.autograd.grad(place(layer(leaf)).sum(), leaf)[0][0]


def _center(features: Tensor) -> Tensor:
    return features[0, :, features.shape[2] // 2, features.shape[3] // 2]


@mistake("The gradient of *all* positions is taken, so nearly every pixel counts. Which single position is asked for?")
def all_positions(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: features).abs().sum(0)
    return field / field.max()


def field_signed(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).sum(0)
    return field / field.max().clamp_min(1e-12)


@mistake(
    "Plus and minus cancel where the colors are summed. Take the absolute value of each color first.",
    variants=(field_signed,),
)
def colors_cancel(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).sum(0).abs()
    return field / field.max().clamp_min(1e-12)


def field_scaled_to_sum(layer: Layer, image: Tensor) -> Tensor:
    field = not_scaled(layer, image)
    return field / field.sum()


@mistake(
    "The shape of the field is right, but its maximum is not 1. Layers can only be compared once it is.",
    variants=(field_scaled_to_sum,),
)
def not_scaled(layer: Layer, image: Tensor) -> Tensor:
    return _pixel_gradient(layer, image, _center).abs().sum(0)


@mistake("This is what the corner at [0, 0] sees. The middle is at [h // 2, w // 2] of the *features*.")
def corner(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: features[0, :, 0, 0]).abs().sum(0)
    return field / field.max()


def field_as_length(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).square().sum(0).sqrt()
    return field / field.max()


@mistake(
    "The colors' gradients are squared before they are summed. Their absolute values are asked for.",
    variants=(field_as_length,),
)
def squared(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).square().sum(0)
    return field / field.max()


def field_with_batch(layer: Layer, image: Tensor) -> Tensor:
    field = not_scaled(layer, image)[None]
    return field / field.max()


@mistake(
    "The axis of colors (or of the batch) is still there. One number for each pixel is asked for: (H, W).",
    variants=(field_with_batch,),
)
def colors_left(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).abs()
    return field / field.max()


def field_of_strongest_color(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).abs().amax(0)
    return field / field.max()


@mistake("Only one color counts for each pixel. Sum over all three.", variants=(field_of_strongest_color,))
def one_color_only(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center)[0].abs()
    return field / field.max()


@mistake("This is what one channel sees. Sum over all channels at the position before going backward.")
def one_channel_only(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: _center(features)[:1]).abs().sum(0)
    return field / field.max()


def _some_layer(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw one or two convolutions; after the second step of 2, a single position may be left."""
    kernels, stride = pick.one_of(((1,), (3,), (5,), (3, 3), (5, 3))), pick.whole(1, 3)
    seed = pick.whole(0, 999)
    stack = " and ".join(f"{k} x {k}" for k in kernels)
    return f"convolutions {stack} with step {stride}", lambda dtype: _layer(seed, dtype, kernels, stride)


EXERCISE = Exercise(
    __name__,
    title="What the middle unit really sees",
    difficulty=2,
    minutes=15,
    extra=True,
    signature="effective_receptive_field(layer, image)",
    hints=(
        "Turn one unit in the middle and ask of each pixel: how much would you change it? That is a gradient, taken "
        "with respect to the *image*.",
        "Make a copy of the image that requires a gradient, run the layer, sum the channels at position "
        "(h // 2, w // 2), go backward. Then absolute values, summed over the colors, over their maximum.",
        "`leaf = image.clone().requires_grad_()`; `features = layer(leaf)`; `features[0, :, h // 2, w // 2].sum()"
        ".backward()`; `leaf.grad[0].abs().sum(0)`, divided by its `.max()`.",
    ),
    reference=library.effective_receptive_field,
    cases=(
        _field_case(1, 9, 11, (3, 3)),
        _field_case(2, 8, 6, (3,)),
        _field_case(3, 13, 10, (5, 3), stride=2),
        _field_case(4, 7, 12, (3, 5), loose=True),
        _field_case(5, 5, 4, (5, 3)),  # the field is larger than the image, and nowhere 0
    ),
    takes={"layer": _some_layer, "image": tensor("1 3 H W", ("uniform", "normal", "equal"))},
    sizes={"H": (2, 9), "W": (2, 9)},
    verified="the gradient of the middle unit, color by color, scaled to 1",
)
