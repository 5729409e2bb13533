"""The exercise ``separable_blur``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filters
from nstlib.check.convolution._shared import apply
from nstlib.check.drawing import ANY, PICTURE, real, tensor
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


def _blur_case(seed: int, shape: tuple[int, ...], sigma: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, sigma

    quantities = {"2": 2.0, "pi": math.pi, "2*pi": 2 * math.pi, "sigma": sigma}
    return Case(f"image {shape}{if_loose(loose)}, sigma {sigma}", make, quantities)


def _blurred(function: Function, image: Tensor, sigma: float) -> Tensor:
    return torch.as_tensor(function(image, sigma))


@law("a gray picture stays as it is, at the border too")
def gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return close(_blurred(function, gray, 2.0), gray)


@law("a bright pixel becomes the product of two bells, and its light is all there")
def of_a_dot(function: Function) -> bool:
    dot = torch.zeros(1, 1, 11, 13)
    dot[..., 5, 6] = 1
    spread = _blurred(function, dot, 1.0)[0, 0]
    bell = filters.gaussian_kernel(1.0)
    return close(spread[2:9, 3:10], torch.outer(bell, bell)) and close(spread.sum(), 1.0)


@law("a bright pixel is seen 3 sigma pixels away, rounded up, and no further")
def as_far_as_three_sigma(function: Function) -> bool:
    def reaches(sigma: float) -> bool:
        dot, radius = torch.zeros(1, 1, 1, 31), math.ceil(3 * sigma)
        dot[..., 15] = 1
        spread = _blurred(function, dot, sigma).flatten().abs()[15:]
        return bool(spread[radius] > 1e-6) and bool((spread[radius + 1 :] < 1e-6).all())

    return all(map(reaches, (0.7, 1.5, 2.0)))


@law("turning the picture before or after is the same")
def turned(function: Function) -> bool:
    image = uniform(9, 1, 3, 8, 9)
    return close(_blurred(function, image.mT.contiguous(), 0.8), _blurred(function, image, 0.8).mT)


@law("each channel of each image is blurred by itself")
def channels(function: Function) -> bool:
    image = uniform(9, 2, 3, 8, 9)
    return close(_blurred(function, image, 0.8)[1:, 1:2], _blurred(function, image[1:, 1:2].clone(), 0.8))


@law("the blur of a difference is the difference of the blurs")
def adds(function: Function) -> bool:
    one, other = uniform(9, 1, 2, 8, 9), uniform(10, 1, 2, 8, 9)
    return close(_blurred(function, one - other, 1.3), _blurred(function, one, 1.3) - _blurred(function, other, 1.3))


def _bell(image: Tensor, sigma: float) -> Tensor:
    return filters.gaussian_kernel(sigma, dtype=image.dtype)


def _raw(sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    return torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))


def blur_down_only(image: Tensor, sigma: float) -> Tensor:
    return apply(image, None, _bell(image, sigma))


@mistake(
    "The picture is blurred in one direction only, as if the camera had moved. What about the other axis?",
    variants=(blur_down_only,),
)
def one_direction(image: Tensor, sigma: float) -> Tensor:
    return apply(image, _bell(image, sigma), None)


def blur_down_twice(image: Tensor, sigma: float) -> Tensor:
    return blur_down_only(blur_down_only(image, sigma), sigma)


@mistake(
    "Both passes go in the same direction. Turn the row of weights into a column for the second one.",
    variants=(blur_down_twice,),
)
def same_direction_twice(image: Tensor, sigma: float) -> Tensor:
    return one_direction(one_direction(image, sigma), sigma)


@mistake("The border gets dark: beyond it zeros are mixed in. Repeat the edge pixels instead.")
def black_border(image: Tensor, sigma: float) -> Tensor:
    return apply(image, _bell(image, sigma), _bell(image, sigma), mode="constant")


@mistake("The result is smaller than the image. What has to be added around it before sliding?")
def shrunk(image: Tensor, sigma: float) -> Tensor:
    return apply(image, _bell(image, sigma), _bell(image, sigma), mode="none")


def blur_by_the_density(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / (sigma * math.sqrt(2 * math.pi))
    return apply(image, bell, bell)


def blur_normalized_to_length(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / _raw(sigma).norm()
    return apply(image, bell, bell)


def blur_normalized_to_the_top(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / len(_raw(sigma))
    return apply(image, bell, bell)


@mistake(
    "The weights do not sum to 1, so the picture changes its brightness. Which sum divides them?",
    variants=(blur_by_the_density, blur_normalized_to_length, blur_normalized_to_the_top),
)
def not_normalized(image: Tensor, sigma: float) -> Tensor:
    return apply(image, _raw(sigma), _raw(sigma))


def _wrong_bell(image: Tensor, sigma: float, divisor: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / divisor)
    return apply(image, bell / bell.sum(), bell / bell.sum())


def blur_with_sigma_not_squared(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, 2 * sigma)


def blur_with_the_two_squared(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, (2 * sigma) ** 2)


def blur_with_distance_not_squared(image: Tensor, sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    tent = torch.exp(-torch.arange(-radius, radius + 1, dtype=torch.float64).abs() / (2 * sigma**2))
    return apply(image, tent / tent.sum(), tent / tent.sum())


@mistake(
    "The weights fall with the distance in another way: the exponent is -x² / (2 sigma²). Check the 2, and what is "
    "squared.",
    variants=(blur_with_sigma_not_squared, blur_with_the_two_squared, blur_with_distance_not_squared),
)
def wrong_width(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, sigma**2)


def blur_lopsided_to_the_right(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma)[:-1] / _raw(sigma)[:-1].sum()
    return apply(image, bell, bell)


@mistake(
    "The picture moves by half a pixel: there are as many weights to the left as to the right, but one more at an "
    "end. Where does arange stop?",
    variants=(blur_lopsided_to_the_right,),
)
def lopsided(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma)[:-1] / _raw(sigma)[:-1].sum()
    x = F.pad(image, (len(bell) // 2, len(bell) // 2 - 1) * 2, mode="replicate")
    return apply(x, bell, bell, mode="none")


@mistake(
    "All weights are equal: the mean of a box. Its corners show in a blurred picture. What falls off toward the ends?"
)
def mean_of_the_window(image: Tensor, sigma: float) -> Tensor:
    flat = torch.full_like(_raw(sigma), 1 / len(_raw(sigma)))
    return apply(image, flat, flat)


def blur_with_channels_averaged(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).mean(1, keepdim=True).expand(image.shape).contiguous()


def blur_with_channels_summed_twice(image: Tensor, sigma: float) -> Tensor:
    return channels_mixed(image, sigma) * image.shape[1]


def blur_into_one_channel(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).sum(1, keepdim=True)


@mistake(
    "The colors are mixed into each other. Each channel is blurred by itself: how many channels does your kernel "
    "look at?",
    variants=(blur_with_channels_averaged, blur_with_channels_summed_twice, blur_into_one_channel),
)
def channels_mixed(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).sum(1, keepdim=True).expand(image.shape).contiguous()


@convention(
    "Beyond the border your picture is mirrored, as torchvision has it. Both are in use; near the border your "
    "numbers below will differ from the book's, which repeats the edge pixels."
)
def mirrored_border(image: Tensor, sigma: float) -> Tensor:
    return apply(image, _bell(image, sigma), _bell(image, sigma), mode="reflect")


EXERCISE = Exercise(
    __name__,
    title="Blur in two strokes",
    difficulty=2,
    minutes=15,
    extra=True,
    signature="separable_blur(image, sigma)",
    hints=(
        "A round blur is a blur along the rows, followed by the same blur along the columns. So you need one short row of "
        "weights, used twice.",
        "Weights from exp(-x² / (2 sigma²)) for whole x from -r to r, with r = ceil(3 sigma), divided by their sum. Pad "
        "by r with repeated edges in the direction you slide, so that the size stays. To treat each channel by itself, "
        "make every channel an image of its own: `image.flatten(0, 1)[:, None]`.",
        "`x = F.pad(x, (r, r, 0, 0), mode='replicate')` and `F.conv2d(x, bell.view(1, 1, 1, -1))`; then the same with "
        "`(0, 0, r, r)` and `bell.view(1, 1, -1, 1)`; at last `x.reshape(image.shape)`.",
    ),
    reference=filters.separable_blur,
    cases=(
        _blur_case(1, (1, 3, 8, 7), 0.8),
        _blur_case(2, (2, 3, 9, 10), 0.5),
        _blur_case(3, (2, 2, 7, 9), 1.5, loose=True),
        _blur_case(4, (1, 4, 10, 12), 2.2),
        _blur_case(5, (1, 1, 9, 8), 0.7),
    ),
    takes={"image": tensor("B C H W", (*ANY, *PICTURE)), "sigma": real(0.3, 2.5)},
    verified="two passes, weights that sum to 1, edges repeated",
)
