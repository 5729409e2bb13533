"""The exercise ``low_pass``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nstlib import filters, frequency
from nstlib.check.convolution import separable_blur as blurs
from nstlib.check.exercise import Exercise, Function, close, law, mistake
from nstlib.check.frequency._shared import PICTURES, SIGMA, SIZES, case, conventions, filtered, picture


@law("a gray picture stays as it is, at the border too")
def gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return close(filtered(function, gray, 2.0), gray)


@law("a bright pixel becomes the product of two bells")
def of_a_dot(function: Function) -> bool:
    dot = torch.zeros(1, 1, 11, 13)
    dot[..., 5, 6] = 1
    bell = filters.gaussian_kernel(1.0)
    return close(filtered(function, dot, 1.0)[0, 0, 2:9, 3:10], torch.outer(bell, bell))


@law("each channel of each image is blurred by itself")
def channels(function: Function) -> bool:
    image = picture()
    return close(filtered(function, image, 0.8)[1:, 1:2], filtered(function, image[1:, 1:2].clone(), 0.8))


@law("the blur of a difference is the difference of the blurs")
def adds(function: Function) -> bool:
    one, other = picture(9), picture(10)
    return close(filtered(function, one - other, 1.3), filtered(function, one, 1.3) - filtered(function, other, 1.3))


@law("a checkerboard of single pixels becomes gray")
def checkerboard(function: Function) -> bool:
    board = (torch.arange(12)[:, None] + torch.arange(12)) % 2
    return float((filtered(function, board[None, None].float(), 1.5) - 0.5)[..., 4:8, 4:8].abs().max()) < 1e-3


@mistake(
    "At the border the opposite side of the picture comes in: so it is with a product of spectra. Repeat the edge "
    "pixels instead."
)
def periodic_border(image: Tensor, sigma: float) -> Tensor:
    bell = filters.gaussian_kernel(sigma, dtype=torch.float64).to(image)
    height, width = image.shape[2:]
    spectrum = torch.fft.fft2(image)
    for axis, size in ((2, height), (3, width)):
        turned = image.new_zeros(size).index_add(0, (torch.arange(len(bell)) - len(bell) // 2) % size, bell)
        spectrum = spectrum * torch.fft.fft(turned).view((1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1))
    return torch.fft.ifft2(spectrum).real


def _bell(sigma: float, radius: int) -> Tensor:
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    return bell / bell.sum()


@mistake("The bell ends where it is still high, one sigma from its middle. How far does r reach?")
def cut_at_one_sigma(image: Tensor, sigma: float) -> Tensor:
    bell = _bell(sigma, math.ceil(sigma))
    return blurs.apply(image, bell, bell)


def low_rounded_to_the_nearest(image: Tensor, sigma: float) -> Tensor:
    bell = _bell(sigma, max(round(3 * sigma), 1))
    return blurs.apply(image, bell, bell)


@mistake(
    "The bell ends a pixel too early where 3 sigma is no whole number: r is rounded *up*.",
    variants=(low_rounded_to_the_nearest,),
)
def radius_rounded_down(image: Tensor, sigma: float) -> Tensor:
    bell = _bell(sigma, max(int(3 * sigma), 1))
    return blurs.apply(image, bell, bell)


def low_in_a_window_of_7(image: Tensor, sigma: float) -> Tensor:
    return blurs.apply(image, _bell(sigma, 3), _bell(sigma, 3))


def low_in_a_window_of_3(image: Tensor, sigma: float) -> Tensor:
    return blurs.apply(image, _bell(sigma, 1), _bell(sigma, 1))


@mistake(
    "The window is as wide for every sigma. A wider bell needs a wider window: how does r grow?",
    variants=(low_in_a_window_of_7, low_in_a_window_of_3),
)
def fixed_window(image: Tensor, sigma: float) -> Tensor:
    return blurs.apply(image, _bell(sigma, 2), _bell(sigma, 2))


@mistake(
    "Near the border the weights that fall outside are dropped, and the others made larger for it. Repeat the edge pixels "
    "instead."
)
def renormalized_border(image: Tensor, sigma: float) -> Tensor:
    return blurs.black_border(image, sigma) / blurs.black_border(torch.ones_like(image), sigma)


@mistake("Near the border, where the bell reaches beyond it, the image is not blurred. Repeat the edge pixels there.")
def border_left(image: Tensor, sigma: float) -> Tensor:
    r = math.ceil(3 * sigma)
    inside = torch.zeros_like(image)
    inside[..., r:-r, r:-r] = 1
    return torch.where(inside > 0, frequency.low_pass(image, sigma), image)


@mistake("This is what is fine: the image minus its blur. What is coarse is the blur.")
def fine_for_coarse(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma)


black_border = mistake(
    "The border gets dark: beyond it zeros are mixed in, as conv2d's own padding does. Repeat the edge pixels.",
    "black_border",
)(blurs.black_border)


shrunk = mistake(
    "The result is smaller than the image, so it cannot be subtracted from it. What has to be added around it?",
    "shrunk",
)(blurs.shrunk)


channels_mixed = mistake(
    "The channels are mixed into each other. How many channels does each of your kernels look at: what does "
    "`groups` say?",
    "channels_mixed",
)(
    blurs.channels_mixed,
    blurs.blur_with_channels_averaged,
    blurs.blur_with_channels_summed_twice,
    blurs.blur_into_one_channel,
)


one_direction = mistake("The picture is blurred in one direction only. What about the other axis?", "one_direction")(
    blurs.one_direction, blurs.blur_down_only, blurs.same_direction_twice, blurs.blur_down_twice
)


not_normalized = mistake(
    "The weights do not sum to 1, so the picture changes its brightness. Which sum divides them?", "not_normalized"
)(blurs.not_normalized, blurs.blur_by_the_density, blurs.blur_normalized_to_length)


wrong_width = mistake(
    "It is a bell, but of another width: the exponent is -x² / (2 sigma²). Check the 2, and what is squared.",
    "wrong_width",
)(blurs.wrong_width, blurs.blur_with_sigma_not_squared, blurs.blur_with_the_two_squared)


mean_of_the_window = mistake(
    "All weights are equal: the mean of a box, which lets some fine waves through, upside down. What falls off?",
    "mean_of_the_window",
)(blurs.mean_of_the_window)


EXERCISE = Exercise(
    __name__,
    title="Keep what is coarse",
    difficulty=1,
    minutes=10,
    signature="low_pass(image, sigma)",
    hints=(
        "What is finer than the bell is averaged away. It is the blur of the chapter on convolution, for any number of "
        "channels, and all of it in operations that a gradient can pass.",
        "`F.conv2d` with `groups=C` gives each of the C channels a kernel of its own: weights of shape (C, 1, h, w). "
        "Once with a row of weights, once with a column, each after padding by r with `mode='replicate'`.",
        "`row = bell.expand(C, 1, 1, -1)`, then `F.conv2d(F.pad(image, (r, r, 0, 0), mode='replicate'), row, "
        "groups=C)`; for the columns `(0, 0, r, r)` and `row.mT`.",
    ),
    reference=frequency.low_pass,
    cases=(
        case(1, (1, 3, 8, 7), 0.8, "sigma"),
        case(2, (2, 3, 9, 10), 0.5, "sigma"),
        case(3, (2, 2, 7, 9), 1.5, "sigma", loose=True),
        case(4, (1, 5, 10, 12), 2.2, "sigma", signed=True),
        case(5, (1, 1, 9, 8), 0.7, "sigma"),
    ),
    takes={"image": PICTURES, "sigma": SIGMA},
    sizes=SIZES,
    drawn=5,
    mistakes=(
        black_border,
        shrunk,
        periodic_border,
        cut_at_one_sigma,
        fixed_window,
        radius_rounded_down,
        renormalized_border,
        border_left,
        channels_mixed,
        one_direction,
        not_normalized,
        wrong_width,
        mean_of_the_window,
        fine_for_coarse,
    ),
    conventions=conventions(lambda image, sigma, low: low(image, sigma)),
    differentiable=(0,),
    verified="a bell whose weights sum to 1, channel by channel, edges repeated",
)
