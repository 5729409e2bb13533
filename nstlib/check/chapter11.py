"""Exercises of chapter 11, frequencies, with the mistakes that people make in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from nstlib import filters, frequency
from nstlib.check import chapter02 as blurs
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.gram import gram_matrix

CHAPTER = "11_frequency"


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


def _case(
    seed: int, shape: tuple[int, ...], number: object, name: str, *, loose: bool = False, signed: bool = False
) -> Case:
    """Return a case of an image (or of features, which may be negative) and one more argument."""

    def make(dtype: torch.dtype) -> tuple[Tensor, object]:
        image = normal(seed, *shape, dtype=dtype) if signed else uniform(seed, *shape, dtype=dtype)
        image = scattered(image) if loose else image
        return image, list(number) if isinstance(number, tuple) else number

    kind = "features" if signed else "image"
    shown = list(number) if isinstance(number, tuple) else number
    quantities = {"2": 2.0, "4": 4.0, "255": 255.0, "H*W": shape[2] * shape[3], "C": shape[1]}
    return Case(f"{kind} {shape}{_loose(loose)}, {name} {shown}", make, quantities)


def _picture(seed: int = 9, *shape: int) -> Tensor:
    return uniform(seed, *(shape or (2, 3, 8, 9)))


def _filtered(function: Function, image: Tensor, number: object) -> Tensor:
    return torch.as_tensor(function(image, number))


def _parts(function: Function, image: Tensor, numbers: Sequence[float]) -> list[Tensor]:
    return [torch.as_tensor(band) for band in function(image, list(numbers))]


def _listed(function: Function, arguments: tuple) -> object:
    """Watch a function whose list may also be one stacked tensor."""
    result = function(*arguments)
    return list(result) if type(result) is Tensor and result.ndim == 5 else result


# low_pass ---------------------------------------------------------------------------------------------------------------


def _low_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return close(_filtered(function, gray, 2.0), gray)


def _low_of_a_dot(function: Function) -> bool:
    dot = torch.zeros(1, 1, 11, 13)
    dot[..., 5, 6] = 1
    bell = filters.gaussian_kernel(1.0)
    return close(_filtered(function, dot, 1.0)[0, 0, 2:9, 3:10], torch.outer(bell, bell))


def _low_channels(function: Function) -> bool:
    image = _picture()
    return close(_filtered(function, image, 0.8)[1:, 1:2], _filtered(function, image[1:, 1:2].clone(), 0.8))


def _low_adds(function: Function) -> bool:
    one, other = _picture(9), _picture(10)
    return close(_filtered(function, one - other, 1.3), _filtered(function, one, 1.3) - _filtered(function, other, 1.3))


def _low_checkerboard(function: Function) -> bool:
    board = (torch.arange(12)[:, None] + torch.arange(12)) % 2
    return float((_filtered(function, board[None, None].float(), 1.5) - 0.5)[..., 4:8, 4:8].abs().max()) < 1e-3


def low_with_periodic_border(image: Tensor, sigma: float) -> Tensor:
    bell = filters.gaussian_kernel(sigma, dtype=torch.float64).to(image)
    height, width = image.shape[2:]
    spectrum = torch.fft.fft2(image)
    for axis, size in ((2, height), (3, width)):
        turned = image.new_zeros(size).index_add(0, (torch.arange(len(bell)) - len(bell) // 2) % size, bell)
        spectrum = spectrum * torch.fft.fft(turned).view((1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1))
    return torch.fft.ifft2(spectrum).real


def low_cut_at_one_sigma(image: Tensor, sigma: float) -> Tensor:
    radius = math.ceil(sigma)
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    return blurs._apply(image, bell / bell.sum(), bell / bell.sum())


def low_of_scipy(image: Tensor, sigma: float) -> Tensor:
    radius = int(4 * sigma + 0.5)
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    return blurs._apply(image, bell / bell.sum(), bell / bell.sum())


def low_is_high(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma)


def _conventions(filtered: Callable[[Tensor, object, Function], object]) -> tuple[Convention, ...]:
    """Return the other borders and widths of the bell, which go on into all that is made of a low pass."""

    def by(low: Function) -> Function:
        return lambda image, number: filtered(image, number, low)

    return (
        Convention(
            "mirrored_border",
            by(blurs.blur_with_a_mirrored_border),
            "Beyond the border your picture is mirrored, as torchvision has it. Both are in use; near the border your "
            "numbers below will differ from the book's, which repeats the edge pixels.",
        ),
        Convention(
            "four_sigma",
            by(low_of_scipy),
            "Your bell reaches four sigma, as SciPy's does. Both are in use; your numbers below will differ in the third "
            "digit from the book's, whose bell ends at three.",
        ),
    )


LOW_PASS = Exercise(
    name="low_pass",
    chapter=CHAPTER,
    title="Keep what is coarse",
    difficulty=1,
    minutes=10,
    signature="low_pass(image, sigma)",
    hints=(
        "What is finer than the bell is averaged away. It is the blur of chapter 02, for any number of channels, and "
        "all of it in operations that a gradient can pass.",
        "`F.conv2d` with `groups=C` gives each of the C channels a kernel of its own: weights of shape (C, 1, h, w). "
        "Once with a row of weights, once with a column, each after padding by r with `mode='replicate'`.",
        "`row = bell.expand(C, 1, 1, -1)`, then `F.conv2d(F.pad(image, (r, r, 0, 0), mode='replicate'), row, "
        "groups=C)`; for the columns `(0, 0, r, r)` and `row.mT`.",
    ),
    reference=frequency.low_pass,
    cases=(
        _case(1, (1, 3, 8, 7), 0.8, "sigma"),
        _case(2, (2, 3, 9, 10), 0.5, "sigma"),
        _case(3, (2, 2, 7, 9), 1.5, "sigma", loose=True),
        _case(4, (1, 5, 10, 12), 2.2, "sigma", signed=True),
    ),
    laws=(
        Law("a gray picture stays as it is, at the border too", _low_gray),
        Law("a bright pixel becomes the product of two bells", _low_of_a_dot),
        Law("each channel of each image is blurred by itself", _low_channels),
        Law("the blur of a difference is the difference of the blurs", _low_adds),
        Law("a checkerboard of single pixels becomes gray", _low_checkerboard),
    ),
    mistakes=(
        Mistake(
            "black_border",
            blurs.blur_with_a_black_border,
            "The border gets dark: beyond it zeros are mixed in, as conv2d's own padding does. Repeat the edge pixels.",
        ),
        Mistake(
            "shrunk",
            blurs.blur_without_border,
            "The result is smaller than the image, so it cannot be subtracted from it. What has to be added around it?",
        ),
        Mistake(
            "periodic_border",
            low_with_periodic_border,
            "At the border the opposite side of the picture comes in: so it is with a product of spectra. Repeat the "
            "edge pixels instead.",
        ),
        Mistake(
            "cut_at_one_sigma",
            low_cut_at_one_sigma,
            "The bell ends where it is still high, one sigma from its middle. How far does r reach?",
        ),
        Mistake(
            "channels_mixed",
            blurs.blur_with_channels_summed,
            "The channels are mixed into each other. How many channels does each of your kernels look at: what does "
            "`groups` say?",
            (
                blurs.blur_with_channels_averaged,
                blurs.blur_with_channels_summed_twice,
                blurs.blur_into_one_channel,
            ),
        ),
        Mistake(
            "one_direction",
            blurs.blur_across_only,
            "The picture is blurred in one direction only. What about the other axis?",
            (blurs.blur_down_only, blurs.blur_across_twice, blurs.blur_down_twice),
        ),
        Mistake(
            "not_normalized",
            blurs.blur_not_normalized,
            "The weights do not sum to 1, so the picture changes its brightness. Which sum divides them?",
            (blurs.blur_by_the_density, blurs.blur_normalized_to_length),
        ),
        Mistake(
            "wrong_width",
            blurs.blur_without_the_two,
            "It is a bell, but of another width: the exponent is -x² / (2 sigma²). Check the 2, and what is squared.",
            (blurs.blur_with_sigma_not_squared, blurs.blur_with_the_two_squared),
        ),
        Mistake(
            "mean_of_the_window",
            blurs.blur_by_mean,
            "All weights are equal: the mean of a box, which lets some fine waves through, upside down. What falls "
            "off?",
        ),
        Mistake(
            "fine_for_coarse",
            low_is_high,
            "This is what is fine: the image minus its blur. What is coarse is the blur.",
        ),
    ),
    conventions=_conventions(lambda image, sigma, low: low(image, sigma)),
    differentiable=(0,),
    verified="a bell whose weights sum to 1, channel by channel, edges repeated",
)


# high_pass --------------------------------------------------------------------------------------------------------------


def _high_sum(function: Function) -> bool:
    image = _picture()
    return close(_filtered(function, image, 1.1) + frequency.low_pass(image, 1.1), image)


def _high_of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return float(_filtered(function, gray, 2.0).abs().max()) < 1e-5


def _high_ignores_brightness(function: Function) -> bool:
    image = _picture()
    return close(_filtered(function, image + 0.3, 1.1), _filtered(function, image, 1.1))


def _high_signed(function: Function) -> bool:
    image = _picture()
    return close(_filtered(function, 1 - image, 1.1), -_filtered(function, image, 1.1))


def _high_strength(function: Function) -> bool:
    image = _picture()
    return close(_filtered(function, 0.25 * image, 1.1), 0.25 * _filtered(function, image, 1.1))


def _bytes(image: Tensor, *, rounded: bool) -> Tensor:
    scaled = (255 * image).clamp(0, 255)
    return (scaled.round() if rounded else scaled).to(torch.uint8)


def high_in_bytes(image: Tensor, sigma: float) -> Tensor:
    low = frequency.low_pass(image, sigma)
    return (_bytes(image, rounded=True) - _bytes(low, rounded=True)).to(image.dtype) / 255


def high_in_truncated_bytes(image: Tensor, sigma: float) -> Tensor:
    low = frequency.low_pass(image, sigma)
    return (_bytes(image, rounded=False) - _bytes(low, rounded=False)).to(image.dtype) / 255


def high_wrapped(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma) % 1


def high_without_the_dark_half(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).clamp(min=0)


def high_clamped_to_a_picture(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).clamp(0, 1)


def high_about_gray(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma) + 0.5


def high_about_gray_clamped(image: Tensor, sigma: float) -> Tensor:
    return high_about_gray(image, sigma).clamp(0, 1)


def high_without_sign(image: Tensor, sigma: float) -> Tensor:
    return frequency.high_pass(image, sigma).abs()


def high_stretched(image: Tensor, sigma: float) -> Tensor:
    high = frequency.high_pass(image, sigma)
    return (high - high.min()) / (high.max() - high.min())


def high_scaled_to_its_top(image: Tensor, sigma: float) -> Tensor:
    high = frequency.high_pass(image, sigma)
    return high / high.abs().max()


def high_of_the_mean(image: Tensor, sigma: float) -> Tensor:
    return image - image.mean((2, 3), keepdim=True)


def high_of_the_whole_mean(image: Tensor, sigma: float) -> Tensor:
    return image - image.mean()


def high_turned_around(image: Tensor, sigma: float) -> Tensor:
    return frequency.low_pass(image, sigma) - image


def high_sharpened(image: Tensor, sigma: float) -> Tensor:
    return 2 * image - frequency.low_pass(image, sigma)


def high_is_low(image: Tensor, sigma: float) -> Tensor:
    return frequency.low_pass(image, sigma)


HIGH_PASS = Exercise(
    name="high_pass",
    chapter=CHAPTER,
    title="Keep what is fine",
    difficulty=1,
    minutes=6,
    signature="high_pass(image, sigma)",
    hints=(
        "Fine and coarse together are the picture. You have the picture and its coarse part.",
        "Subtract, and leave the result as it is: negative where the picture is darker than its surroundings.",
        "`return image - low_pass(image, sigma)`. No clamp, no absolute value, nothing added for showing it.",
    ),
    reference=frequency.high_pass,
    cases=(
        _case(1, (1, 3, 8, 7), 0.8, "sigma"),
        _case(2, (2, 3, 9, 10), 0.5, "sigma"),
        _case(3, (2, 2, 7, 9), 1.5, "sigma", loose=True),
        _case(4, (1, 4, 10, 12), 2.2, "sigma", signed=True),
    ),
    laws=(
        Law("fine and coarse sum to the image", _high_sum),
        Law("a gray picture has nothing fine in it", _high_of_gray),
        Law("a brighter picture has the same fine part", _high_ignores_brightness),
        Law("the negative of a picture has the negative of its fine part", _high_signed),
        Law("a quarter of the contrast gives a quarter of the fine part", _high_strength),
    ),
    mistakes=(
        Mistake(
            "wrapped_in_bytes",
            high_in_bytes,
            "Negative values have wrapped around: -3 became 253. Bytes have no sign. In which type do you subtract?",
            (high_in_truncated_bytes, high_wrapped),
        ),
        Mistake(
            "dark_half_lost",
            high_without_the_dark_half,
            "All negative values are gone: half of every edge. A band is no picture yet: does it have to stay in [0, "
            "1]?",
            (high_clamped_to_a_picture,),
        ),
        Mistake(
            "mid_gray_added",
            high_about_gray,
            "Mid-gray is added. That is for looking at it; what will fine + coarse be now?",
            (high_about_gray_clamped,),
        ),
        Mistake(
            "sign_lost",
            high_without_sign,
            "The sign is lost: dark lines and bright lines look the same. How would you get the picture back?",
        ),
        Mistake(
            "stretched",
            high_stretched,
            "It is stretched to a range of its own, a different one for each picture. Leave the numbers as they come.",
            (high_scaled_to_its_top,),
        ),
        Mistake(
            "only_the_mean_taken_off",
            high_of_the_mean,
            "Only the mean is taken off, which is the coarsest of all. Where does sigma come in?",
            (high_of_the_whole_mean,),
        ),
        Mistake(
            "turned_around",
            high_turned_around,
            "The sign is turned around: this is coarse minus the image. What must be added to coarse to get the image?",
        ),
        Mistake(
            "sharpened",
            high_sharpened,
            "This is the image plus its fine part: sharpened. The fine part alone is asked for.",
        ),
        Mistake("coarse_for_fine", high_is_low, "This is what is coarse: the blur itself. What does the blur lack?"),
    ),
    # A bell of four sigma gives the same numbers here, within what is tolerated.
    conventions=_conventions(lambda image, sigma, low: image - low(image, sigma))[:1],
    differentiable=(0,),
    verified="signed, and together with the coarse part exactly the image",
)


# split_bands ------------------------------------------------------------------------------------------------------------

_SIGMAS = (0.7, 1.3, 2.5)


def _bands_sum(function: Function) -> bool:
    image = _picture()
    return close(sum(_parts(function, image, _SIGMAS)), image)


def _bands_last(function: Function) -> bool:
    image = _picture()
    return close(_parts(function, image, _SIGMAS)[-1], frequency.low_pass(image, _SIGMAS[-1]))


def _bands_of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 5, 6), 0.4)
    *fine, coarse = _parts(function, gray, _SIGMAS)
    return len(fine) == 3 and close(coarse, gray) and all(float(band.abs().max()) < 1e-5 for band in fine)


def _bands_of_one(function: Function) -> bool:
    image = _picture()
    fine, coarse = _parts(function, image, (1.1,))
    return close(fine, frequency.high_pass(image, 1.1)) and close(coarse, frequency.low_pass(image, 1.1))


def _bands_finest_first(function: Function) -> bool:
    board = ((torch.arange(12)[:, None] + torch.arange(12)) % 2)[None, None].float()
    sizes = [float((band - band.mean()).square().mean()) for band in _parts(function, board, (1.0, 3.0))]
    return sizes[0] > 10 * max(sizes[1:])


def _all_blurs(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [frequency.low_pass(image, sigma) for sigma in sigmas]


def _bands_by(image: Tensor, sigmas: Sequence[float], low: Function) -> list[Tensor]:
    stack = [image, *(low(image, sigma) for sigma in sigmas)]
    return [*(finer - coarser for finer, coarser in pairwise(stack)), stack[-1]]


def bands_as_blurs(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [image, *_all_blurs(image, sigmas)]


def bands_as_high_passes(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    low = _all_blurs(image, sigmas)
    return [*(image - blur for blur in low), low[-1]]


def bands_coarse_first(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[::-1]


def bands_without_the_rest(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[:-1]


def bands_with_the_image_as_rest(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [*frequency.split_bands(image, sigmas)[:-1], image]


def bands_without_the_finest(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, sigmas)[1:]


def bands_blurred_again(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    bands = []
    for sigma in sigmas:
        blurred = frequency.low_pass(image, sigma)
        bands.append(image - blurred)
        image = blurred
    return [*bands, image]


def bands_turned_around(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [image, *_all_blurs(image, sigmas)]
    return [*(coarser - finer for finer, coarser in pairwise(stack)), stack[-1]]


def bands_without_sign(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.abs() for band in frequency.split_bands(image, sigmas)]


def bands_clamped(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.clamp(0, 1) for band in frequency.split_bands(image, sigmas)]


def bands_clamped_below(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band.clamp(min=0) for band in frequency.split_bands(image, sigmas)]


def bands_in_bytes(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [_bytes(x, rounded=True) for x in (image, *_all_blurs(image, sigmas))]
    return [x.to(image.dtype) / 255 for x in (*(a - b for a, b in pairwise(stack)), stack[-1])]


def bands_in_truncated_bytes(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    stack = [_bytes(x, rounded=False) for x in (image, *_all_blurs(image, sigmas))]
    return [x.to(image.dtype) / 255 for x in (*(a - b for a, b in pairwise(stack)), stack[-1])]


def bands_about_gray(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    *fine, coarse = frequency.split_bands(image, sigmas)
    return [*(band + 0.5 for band in fine), coarse]


def bands_all_about_gray(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    return [band + 0.5 for band in frequency.split_bands(image, sigmas)]


def bands_in_steps_of_variance(image: Tensor, sigmas: Sequence[float]) -> list[Tensor]:
    bands, before = [], 0.0
    for sigma in sigmas:
        blurred = frequency.low_pass(image, math.sqrt(sigma**2 - before**2))
        bands.append(image - blurred)
        image, before = blurred, sigma
    return [*bands, image]


SPLIT_BANDS = Exercise(
    name="split_bands",
    chapter=CHAPTER,
    title="A picture as a sum of scales",
    difficulty=2,
    minutes=12,
    signature="split_bands(image, sigmas)",
    hints=(
        "Write the image, its first blur, its second blur, ... in a row. A band is what is lost from one to the next.",
        "The differences of neighbors in that row telescope: in their sum everything cancels but the image and the "
        "last blur. So what must the last band be?",
        "`stack = [image, *(low_pass(image, sigma) for sigma in sigmas)]`; then `a - b` for all neighbors, and "
        "`stack[-1]`.",
    ),
    reference=frequency.split_bands,
    cases=(
        _case(1, (1, 3, 8, 7), (0.6, 1.2), "sigmas"),
        _case(2, (2, 3, 9, 10), (0.5, 1.0, 2.0), "sigmas"),
        _case(3, (2, 2, 7, 9), (0.9, 1.7), "sigmas", loose=True),
        _case(4, (1, 4, 10, 12), (0.6, 1.1, 1.9, 3.0), "sigmas", signed=True),
    ),
    laws=(
        Law("the bands sum to the image", _bands_sum),
        Law("the last band is the last blur", _bands_last),
        Law("of a gray picture only the last band is left", _bands_of_gray),
        Law("one sigma gives the fine and the coarse part", _bands_of_one),
        Law("a checkerboard of single pixels stands in the first band", _bands_finest_first),
    ),
    mistakes=(
        Mistake(
            "wrapped_in_bytes",
            bands_in_bytes,
            "Negative values have wrapped around: -3 became 253. Bytes have no sign. In which type do you subtract?",
            (bands_in_truncated_bytes,),
        ),
        Mistake(
            "blurs_instead_of_bands",
            bands_as_blurs,
            "These are the blurs. A band is what lies between two of them: what do you see if you sum yours?",
        ),
        Mistake(
            "fine_counted_again",
            bands_as_high_passes,
            "Each band is the image minus a blur, so the finest details are in all of them. From which blur should "
            "the second one start?",
        ),
        Mistake(
            "rest_missing",
            bands_without_the_rest,
            "What the last blur leaves is missing, and with it the brightness of the picture. How many bands do two "
            "blurs make?",
            (bands_without_the_finest,),
        ),
        Mistake(
            "image_as_rest",
            bands_with_the_image_as_rest,
            "The last band is the image itself, so everything is there twice. What is left after the widest blur?",
        ),
        Mistake(
            "coarse_first",
            bands_coarse_first,
            "The bands are right but in the other order: from fine to coarse is asked for.",
        ),
        Mistake(
            "blurred_again",
            bands_blurred_again,
            "Each blur is applied to the blur before, so they add up and the bands are coarser than sigmas says. Blur "
            "the image itself each time.",
        ),
        Mistake(
            "turned_around",
            bands_turned_around,
            "The bands have the wrong sign: coarse minus fine. Do yours sum to the image?",
        ),
        Mistake(
            "sign_lost",
            bands_without_sign,
            "The sign is lost. What is darker than its surroundings has to stay negative, or nothing sums back.",
            (bands_clamped, bands_clamped_below),
        ),
        Mistake(
            "mid_gray_added",
            bands_about_gray,
            "Mid-gray is added to the bands. That is for looking at them; what is their sum now?",
            (bands_all_about_gray,),
        ),
    ),
    conventions=(
        *_conventions(_bands_by),
        Convention(
            "steps_of_variance",
            bands_in_steps_of_variance,
            "You blur the blur by what is still missing, sqrt(b² - a²), as SIFT does: variances add. It sums back, "
            "too; your numbers below will differ a little, for a bell cut off at three sigma is no exact bell.",
        ),
    ),
    differentiable=(0,),
    observe=_listed,
    verified="signed bands from fine to coarse that sum to the image",
)


# radial_spectrum --------------------------------------------------------------------------------------------------------


def radial_spectrum(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Return the frequencies of the rings, (bins,), and the mean power on each, (B, C, bins)."""
    return frequency.radial_spectrum(image, bins=bins)


def _power(function: Function, image: Tensor, bins: int) -> Tensor:
    return torch.as_tensor(function(image, bins)[1])


def _spectrum_frequencies(function: Function) -> bool:
    return close(function(_picture(), 4)[0], torch.tensor([0.125, 0.25, 0.375, 0.5]))


def _spectrum_of_a_wave(function: Function) -> bool:
    wave = torch.sin(2 * math.pi * 0.25 * torch.arange(16.0)).expand(1, 2, 16, -1).contiguous()
    power = _power(function, wave, 8)
    return bool((power.argmax(-1) == 3).all()) and close(power[..., 3], power.sum(-1))


def _spectrum_gray(function: Function) -> bool:
    return close(_power(function, _picture(9, 2, 3, 9, 7) + 0.4, 3), _power(function, _picture(9, 2, 3, 9, 7), 3))


def _spectrum_contrast(function: Function) -> bool:
    return close(_power(function, 3 * _picture(9, 2, 3, 9, 7), 3), 9 * _power(function, _picture(9, 2, 3, 9, 7), 3))


def _spectrum_shift(function: Function) -> bool:
    return close(
        _power(function, _picture(9, 2, 3, 9, 7).roll((2, 3), (2, 3)), 3), _power(function, _picture(9, 2, 3, 9, 7), 3)
    )


def _spectrum_turned(function: Function) -> bool:
    return close(
        _power(function, _picture(9, 2, 3, 9, 7).mT.contiguous(), 3), _power(function, _picture(9, 2, 3, 9, 7), 3)
    )


def _spectrum_of_a_dot(function: Function) -> bool:
    dot = torch.zeros(1, 1, 9, 9)
    dot[..., 3, 5] = 9.0  # all waves are in it, all as high: 81 / 81
    return close(_power(function, dot, 4), torch.ones(1, 1, 4))


def _rings(
    image: Tensor, bins: int, frequency_of_wave: Tensor, power: Tensor, *, mean: bool = True
) -> tuple[Tensor, Tensor]:
    ring = (frequency_of_wave * 2 * bins).round()
    rows = []
    for k in range(1, bins + 1):
        inside = power[..., ring == k]
        rows.append(inside.mean(-1) if mean else inside.sum(-1))
    return torch.arange(1, bins + 1).to(image) / (2 * bins), torch.stack(rows, -1)


def _frequencies(image: Tensor) -> Tensor:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    return torch.hypot(down, torch.fft.fftfreq(width, dtype=torch.float64))


def _density(image: Tensor) -> Tensor:
    return torch.fft.fft2(image).abs().square() / image[0, 0].numel()


def spectrum_shift_forgotten(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, torch.fft.fftshift(_frequencies(image)), _density(image))


def spectrum_shifted_once(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fftshift(_density(image), dim=(2, 3)))


def spectrum_from_the_corner(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    distance = torch.hypot(torch.arange(height)[:, None] / height, torch.arange(width) / width)
    return _rings(image, bins, distance.double(), _density(image))


def spectrum_shift_of_all_axes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    shifted = torch.fft.fftshift(_density(image))
    return _rings(image, bins, torch.fft.fftshift(_frequencies(image)), shifted)


def spectrum_of_amplitudes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs() / image[0, 0].numel())


def spectrum_of_orthonormal_amplitudes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image, norm="ortho").abs())


def spectrum_of_plain_amplitudes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs())


def spectrum_summed(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image), mean=False)


def spectrum_not_divided(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs().square())


def spectrum_of_real_parts(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).real.square() / image[0, 0].numel())


def spectrum_along_rows(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft(image).abs().square() / image[0, 0].numel())


def spectrum_over_all_axes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fftn(image).abs().square() / image[0, 0].numel())


def spectrum_in_half(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    power = torch.fft.rfft2(image).abs().square() / image[0, 0].numel()
    return _rings(image, bins, frequency.radial_frequency(*image.shape[2:]), power)


def spectrum_by_index(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None] * height
    index = torch.hypot(down, torch.fft.fftfreq(width, dtype=torch.float64) * width)
    return _rings(image, bins, index / min(height, width), _density(image))


def spectrum_by_the_larger(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64).abs()[:, None].expand(height, width)
    return _rings(
        image, bins, torch.maximum(down, torch.fft.fftfreq(width, dtype=torch.float64).abs()), _density(image)
    )


def spectrum_with_ring_zero(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    ring, power = (_frequencies(image) * 2 * bins).round(), _density(image)
    rows = [power[..., ring == k].mean(-1) for k in range(bins)]
    return torch.arange(bins).to(image) / (2 * bins), torch.stack(rows, -1)


def spectrum_with_ring_zero_named_one(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return torch.arange(1, bins + 1).to(image) / (2 * bins), spectrum_with_ring_zero(image, bins)[1]


def spectrum_of_floors(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    ring, power = (_frequencies(image) * 2 * bins).floor(), _density(image)
    rows = [power[..., ring == k].mean(-1) for k in range(1, bins + 1)]
    return torch.arange(1, bins + 1).to(image) / (2 * bins), torch.stack(rows, -1)


def spectrum_of_channels_averaged(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.mean(1)


def spectrum_of_everything_averaged(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.mean((0, 1))


def spectrum_of_gray(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image.mean(1, keepdim=True), bins)
    return frequencies, power[:, 0]


def spectrum_in_logarithms(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image).log())


def spectrum_in_logarithms_of_more(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image).log1p())


def spectrum_in_logarithms_at_last(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.log()


RADIAL_SPECTRUM = Exercise(
    name="radial_spectrum",
    chapter=CHAPTER,
    title="How much of each fineness",
    difficulty=3,
    minutes=20,
    signature="radial_spectrum(image, bins)",
    hints=(
        "The transform gives one number for each wave. Two tables of the same shape are needed: the power of each "
        "wave, and how fine it is. Then average the first over all waves for which the second is about the same.",
        "`torch.fft.fftfreq(H)` and `torch.fft.fftfreq(W)` hold the waves' frequencies down and across, in the very "
        "order in which `torch.fft.fft2` returns them: nothing has to be shifted. Their hypotenuse is the fineness.",
        "`ring = (2 * bins * torch.hypot(fy[:, None], fx)).round()`, `power = torch.fft.fft2(image).abs() ** 2 / (H * "
        "W)`, then `power[..., ring == k].mean(-1)` for k = 1 .. bins, stacked along the last axis.",
    ),
    reference=radial_spectrum,
    # Sizes for which no wave lies half-way between two rings, where rounding decides.
    cases=(
        _case(1, (1, 3, 6, 7), 3, "bins"),
        _case(2, (2, 3, 9, 10), 4, "bins"),
        _case(3, (2, 2, 7, 9), 2, "bins", loose=True),
        _case(4, (1, 4, 10, 13), 4, "bins", signed=True),
    ),
    laws=(
        Law("ring k stands at k / (2 * bins) cycles per pixel", _spectrum_frequencies),
        Law("a wave of 4 pixels has all its power at 0.25 cycles per pixel", _spectrum_of_a_wave),
        Law("more light everywhere changes nothing", _spectrum_gray),
        Law("three times the contrast is nine times the power", _spectrum_contrast),
        Law("moving the picture around its borders changes nothing", _spectrum_shift),
        Law("turning the picture changes nothing", _spectrum_turned),
        Law("a single bright pixel holds all waves, all of the same power", _spectrum_of_a_dot),
    ),
    mistakes=(
        Mistake(
            "shift_forgotten",
            spectrum_shift_forgotten,
            "The rings are drawn around the middle, but fft2 puts frequency 0 into the corner [0, 0]. Shift both "
            "tables or neither.",
            (spectrum_shifted_once,),
        ),
        Mistake(
            "distance_from_the_corner",
            spectrum_from_the_corner,
            "The fineness grows from the corner [0, 0] to the opposite one. Past the middle come the negative "
            "frequencies: how fine is wave H - 1?",
        ),
        Mistake(
            "shifted_over_all_axes",
            spectrum_shift_of_all_axes,
            "fftshift moves images and channels around, too, unless it is told which axes: dim=(-2, -1).",
        ),
        Mistake(
            "amplitude_for_power",
            spectrum_of_amplitudes,
            "This averages amplitudes. Power is their square: what becomes of it if the contrast doubles?",
            (spectrum_of_orthonormal_amplitudes, spectrum_of_plain_amplitudes),
        ),
        Mistake(
            "summed_over_the_ring",
            spectrum_summed,
            "The powers of a ring are summed. Outer rings hold more waves, so noise would seem to rise: take the mean.",
        ),
        Mistake(
            "not_divided_by_pixels",
            spectrum_not_divided,
            "This is H*W times too large: a larger piece of the same texture would have more power. What does "
            "Parseval divide by?",
        ),
        Mistake(
            "real_part_only",
            spectrum_of_real_parts,
            "Only the real part is squared, so a wave loses power by being moved. What is the square of a complex "
            "number's size?",
        ),
        Mistake(
            "other_axes_transformed",
            spectrum_along_rows,
            "The transform runs over other axes than height and width. Which of fft, fft2 and fftn takes the last two?",
            (spectrum_over_all_axes,),
        ),
        Mistake(
            "half_spectrum",
            spectrum_in_half,
            "rfft2 returns half of the waves. The other half has the same powers, but the first column's waves are "
            "all there: they count double in this mean.",
        ),
        Mistake(
            "counted_in_waves",
            spectrum_by_index,
            "The fineness is counted in waves per picture, and this picture is not square: its rings are ellipses. "
            "Count cycles per pixel.",
        ),
        Mistake(
            "square_rings",
            spectrum_by_the_larger,
            "The rings are squares: the larger of the two frequencies is taken. How long is a step of 3 down and 4 "
            "across?",
        ),
        Mistake(
            "ring_zero_included",
            spectrum_with_ring_zero,
            "The rings start at 0, where the mean of the picture is. They should run from 1 to bins.",
            (spectrum_with_ring_zero_named_one,),
        ),
        Mistake(
            "rounded_down",
            spectrum_of_floors,
            "The ring is rounded down, so it holds waves up to a whole ring finer than its name. Round to the nearest.",
        ),
        Mistake(
            "channels_averaged",
            spectrum_of_channels_averaged,
            "Channels or images are averaged. Each has a spectrum of its own: (B, C, bins).",
            (spectrum_of_everything_averaged, spectrum_of_gray),
        ),
        Mistake(
            "logarithm_taken",
            spectrum_in_logarithms,
            "A logarithm is taken. Plots do that with their axis; here the power itself is asked for.",
            (spectrum_in_logarithms_of_more, spectrum_in_logarithms_at_last),
        ),
    ),
    verified="the mean power of all waves of the same fineness, for each channel",
)


# tight_frame ------------------------------------------------------------------------------------------------------------

_CUTOFFS = (0.3, 0.12)


def _frame_energy(function: Function) -> bool:
    image = _picture() - 0.3
    energies = torch.stack([band.square().sum((2, 3)) for band in _parts(function, image, _CUTOFFS)])
    return close(energies.sum(0), image.square().sum((2, 3)))


def _frame_gram(function: Function) -> bool:
    image = _picture() - 0.3
    return close(sum(gram_matrix(band) for band in _parts(function, image, _CUTOFFS)), gram_matrix(image))


def _frame_joins(function: Function) -> bool:
    image = _picture()
    bands = [band.to(image) for band in _parts(function, image, _CUTOFFS)]
    return close(frequency.join_frame(bands, _CUTOFFS), image)


def _frame_of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 5, 6), 0.4)
    *fine, coarse = _parts(function, gray, _CUTOFFS)
    return len(fine) == 2 and close(coarse, gray) and all(float(band.abs().max()) < 1e-5 for band in fine)


def _frame_moves(function: Function) -> bool:
    image, by = _picture(), ((2, 3), (2, 3))
    moved = _parts(function, image.roll(*by), _CUTOFFS)
    return all(close(a, b.roll(*by)) for a, b in zip(moved, _parts(function, image, _CUTOFFS), strict=True))


def _frame_of_a_wave(function: Function) -> bool:
    wave = torch.sin(2 * math.pi * 0.25 * torch.arange(16.0)).expand(1, 1, 16, -1).contiguous()
    fine, coarse = _parts(function, wave, (0.25,))
    return close(fine, wave / math.sqrt(2)) and close(coarse, wave / math.sqrt(2))


def _filtered_by(image: Tensor, responses: Sequence[Tensor]) -> list[Tensor]:
    return [frequency.filter_spectrum(image, response) for response in responses]


def _risen(image: Tensor, cutoff: float, *, octaves: float = 2.0) -> Tensor:
    steps = torch.log2(frequency.radial_frequency(*image.shape[2:]) / cutoff)
    return (steps / octaves + 0.5).clamp(0, 1)


def _cascade(image: Tensor, pairs: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """Filter by a list of (finer, coarser) responses, each pair on what the pairs before have left."""
    rest, responses = torch.ones_like(pairs[0][0]), []
    for finer, coarser in pairs:
        responses.append(rest * finer)
        rest = rest * coarser
    return _filtered_by(image, [*responses, rest])


def frame_with_linear_ramps(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _cascade(image, [(_risen(image, c), 1 - _risen(image, c)) for c in cutoffs])


def frame_of_powers(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin() ** 2, angle.cos() ** 2) for angle in angles])


def frame_with_ideal_masks(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    below = [frequency.ideal_filter(*image.shape[2:], c) for c in cutoffs]
    return _cascade(image, [(1 - low, low) for low in below])


def frame_shift_forgotten(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    responses = frequency.frame_filters(*image.shape[2:], cutoffs, dtype=image.dtype)
    return _filtered_by(image, torch.fft.fftshift(responses, dim=1))


def frame_shift_forgotten_on_both_axes(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    frequencies = torch.fft.fftshift(_frequencies(image))
    rest, bands = torch.ones_like(frequencies), []
    for c in cutoffs:
        angle = (torch.log2(frequencies / c) / 2 + 0.5).clamp(0, 1) * math.pi / 2
        bands.append(rest * angle.sin())
        rest = rest * angle.cos()
    return [torch.fft.ifft2(torch.fft.fft2(image) * response.to(image)).real for response in (*bands, rest)]


def frame_of_one_octave(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c, octaves=1.0) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


def frame_of_natural_logarithms(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c, octaves=2 / math.log(2)) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


def frame_not_centered(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, 2 * c) * math.pi / 2 for c in cutoffs]  # the ramp starts at the cutoff
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


def frame_coarse_first(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.tight_frame(image, cutoffs)[::-1]


def frame_rest_forgotten(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c) * math.pi / 2 for c in cutoffs]
    return _filtered_by(image, [*(angle.sin() for angle in angles), angles[-1].cos()])


def frame_without_coarsest(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.tight_frame(image, cutoffs)[:-1]


def frame_without_mean(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    bands = frequency.tight_frame(image, cutoffs)
    return [*bands[:-1], bands[-1] - bands[-1].mean((2, 3), keepdim=True)]


def frame_sum_of_bands(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _cascade(
        image, [(1 - angle.cos(), angle.cos()) for angle in (_risen(image, c) * math.pi / 2 for c in cutoffs)]
    )


def frame_by_gaussians(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, [0.19 / c for c in cutoffs])


TIGHT_FRAME = Exercise(
    name="tight_frame",
    chapter=CHAPTER,
    title="Bands that split energy",
    difficulty=3,
    minutes=25,
    signature="tight_frame(image, cutoffs)",
    hints=(
        "At each frequency the squares of all filters should sum to 1. Sine and cosine of one angle do that, and if "
        "the cosine's part is split again by another angle, it still holds.",
        "Keep a table `rest`, all ones at first. For each cutoff the band's filter is `rest * sin`, and `rest` becomes "
        "`rest * cos`. What is left is the filter of the coarsest band. `torch.fft.rfftfreq(W)` across and "
        "`torch.fft.fftfreq(H)` down give the frequencies in the order of rfft2.",
        "`risen = (torch.log2(f / cutoff) / 2 + 0.5).clamp(0, 1)`, `angle = risen * torch.pi / 2`, and each band is "
        "`torch.fft.irfft2(torch.fft.rfft2(image) * filter, s=image.shape[2:])`. The logarithm of 0 is -inf, and "
        "clamp takes it.",
    ),
    reference=frequency.tight_frame,
    cases=(
        _case(1, (1, 3, 8, 7), (0.2,), "cutoffs"),
        _case(2, (2, 3, 9, 11), (0.3, 0.15), "cutoffs"),
        _case(3, (2, 2, 7, 12), (0.25,), "cutoffs", loose=True),
        _case(4, (1, 4, 11, 13), (0.4, 0.2, 0.1), "cutoffs", signed=True),
    ),
    laws=(
        Law("the energies of the bands sum to that of the image", _frame_energy),
        Law("their Gram matrices sum to that of the image", _frame_gram),
        Law("filtered once more and summed, they are the image", _frame_joins),
        Law("a gray picture stands in the last band alone", _frame_of_gray),
        Law("a picture moved around its borders has moved bands", _frame_moves),
        Law("a wave at the cutoff goes to both bands by equal parts, 0.71 of it", _frame_of_a_wave),
    ),
    mistakes=(
        Mistake(
            "amplitudes_sum_to_one",
            frame_with_linear_ramps,
            "Your filters sum to 1, so the bands sum to the image; but energy needs their squares to sum to 1. Which "
            "two functions of an angle do that?",
            (frame_sum_of_bands,),
        ),
        Mistake(
            "squared_filters",
            frame_of_powers,
            "These are the squares of the filters: the bands sum to the image, but their energies do not. Where did "
            "the second sine come from?",
        ),
        Mistake(
            "ideal_masks",
            frame_with_ideal_masks,
            "Masks of ones and zeros do split the energy, but they ring. Where are the ramps?",
        ),
        Mistake(
            "shift_forgotten",
            frame_shift_forgotten,
            "The filters are drawn around the middle, but the transform puts frequency 0 at [0, 0]: what should be "
            "coarse is fine. Shift both or neither.",
            (frame_shift_forgotten_on_both_axes,),
        ),
        Mistake(
            "ramp_of_another_width",
            frame_of_one_octave,
            "The ramp has another width. From half the cutoff to twice are two octaves: what is the base of the "
            "logarithm, and by what is it divided?",
            (frame_of_natural_logarithms,),
        ),
        Mistake(
            "ramp_not_centered",
            frame_not_centered,
            "The ramp starts at the cutoff. In its middle the cutoff should stand, where both bands have half the "
            "power.",
        ),
        Mistake(
            "coarse_first",
            frame_coarse_first,
            "The bands are right but in the other order: from fine to coarse is asked for.",
        ),
        Mistake(
            "rest_forgotten",
            frame_rest_forgotten,
            "Each band is filtered from the whole image, so the finest waves come in several of them. What is left "
            "for the second band after the first?",
        ),
        Mistake(
            "coarsest_missing",
            frame_without_coarsest,
            "The coarsest band is missing, or its mean: what is left when all cutoffs have taken theirs?",
            (frame_without_mean,),
        ),
        Mistake(
            "gaussians",
            frame_by_gaussians,
            "These are differences of Gaussian blurs. They sum to the image, but their energies do not.",
        ),
    ),
    differentiable=(0,),
    observe=_listed,
    verified="bands whose energies and Gram matrices sum to the image's",
)


# swap_amplitude ---------------------------------------------------------------------------------------------------------


def _swap_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        image, other = uniform(seed, *shape, dtype=dtype), normal(seed + 50, *shape, dtype=dtype) + 0.5
        return (scattered(image), scattered(other)) if loose else (image, other)

    return Case(f"two images {shape}{_loose(loose)}", make, {"2": 2.0, "H*W": shape[2] * shape[3]})


def _two() -> tuple[Tensor, Tensor]:
    return _picture(9), _picture(10)


def _swapped(function: Function, image: Tensor, other: Tensor) -> Tensor:
    return torch.as_tensor(function(image, other)).to(image)


def _swap_with_itself(function: Function) -> bool:
    image, _ = _two()
    return close(_swapped(function, image, image.clone()), image)


def _swap_amplitudes(function: Function) -> bool:
    image, other = _two()
    return close(torch.fft.fft2(_swapped(function, image, other)).abs(), torch.fft.fft2(other).abs())


def _swap_energy(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, image, other).square().mean((2, 3)), other.square().mean((2, 3)))


def _swap_place(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, image, other.roll((2, 3), (2, 3))), _swapped(function, image, other))


def _swap_contrast(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, 3 * image, other), _swapped(function, image, other))


def _swap_back(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, _swapped(function, image, other), image), image)


def _mixed(amplitude_of: Tensor, phase_of: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fft2(amplitude_of).abs(), torch.fft.fft2(phase_of).angle())
    return torch.fft.ifft2(spectrum).real


def swap_the_other_way(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(image, other)


def swap_phases_only(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.polar(torch.ones_like(image), torch.fft.fft2(image).angle())).real


def swap_without_dividing(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.fft.fft2(other).abs()).real


def swap_products(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.fft.fft2(other)).real


def swap_over_all_axes(image: Tensor, other: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fftn(other).abs(), torch.fft.fftn(image).angle())
    return torch.fft.ifftn(spectrum).real


def swap_over_channels(image: Tensor, other: Tensor) -> Tensor:
    axes = (1, 2, 3)
    spectrum = torch.polar(torch.fft.fftn(other, dim=axes).abs(), torch.fft.fftn(image, dim=axes).angle())
    return torch.fft.ifftn(spectrum, dim=axes).real


def swap_along_rows(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft(torch.polar(torch.fft.fft(other).abs(), torch.fft.fft(image).angle())).real


def swap_and_take_the_size(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(other, image).abs()


def swap_of_powers(image: Tensor, other: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fft2(other).abs() ** 2, torch.fft.fft2(image).angle())
    return torch.fft.ifft2(spectrum).real


def swap_clamped(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(other, image).clamp(0, 1)


def swap_of_real_and_imaginary(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.complex(torch.fft.fft2(other).real, torch.fft.fft2(image).imag)).real


def swap_by_arctangent(image: Tensor, other: Tensor) -> Tensor:
    phase = torch.atan(torch.fft.fft2(image).imag / torch.fft.fft2(image).real)
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), phase)).real


SWAP_AMPLITUDE = Exercise(
    name="swap_amplitude",
    chapter=CHAPTER,
    title="One picture's waves, the other's places",
    difficulty=2,
    minutes=10,
    signature="swap_amplitude(image, other)",
    hints=(
        "A wave is a complex number: its size says how high it is, its angle where its crests lie. Take the sizes "
        "from one picture and the angles from the other.",
        "`.abs()` and `.angle()` of the two transforms; `torch.polar(size, angle)` makes complex numbers of them "
        "again.",
        "`torch.fft.irfft2(torch.polar(torch.fft.rfft2(other).abs(), torch.fft.rfft2(image).angle()), "
        "s=image.shape[2:])`.",
    ),
    reference=frequency.swap_amplitude,
    cases=(
        _swap_case(1, (1, 3, 8, 7)),
        _swap_case(2, (2, 3, 9, 10)),
        _swap_case(3, (2, 2, 7, 9), loose=True),
        _swap_case(4, (1, 4, 6, 5)),
    ),
    laws=(
        Law("a picture with its own amplitudes is itself", _swap_with_itself),
        Law("the result has the other's amplitudes", _swap_amplitudes),
        Law("the result has the other's mean square in each channel", _swap_energy),
        Law("moving the other around its borders changes nothing", _swap_place),
        Law("the contrast of the image does not matter", _swap_contrast),
        Law("the image's own amplitudes bring it back", _swap_back),
    ),
    mistakes=(
        Mistake(
            "swapped_roles",
            swap_the_other_way,
            "The roles are swapped: amplitudes of `image`, phases of `other`. Which one should you recognize in the "
            "result?",
        ),
        Mistake(
            "amplitudes_forgotten",
            swap_phases_only,
            "The phases are right, but all amplitudes are 1. Whose should they be?",
        ),
        Mistake(
            "old_amplitudes_kept",
            swap_without_dividing,
            "The amplitudes of both are multiplied: the image's own ones are still there. Take its angle, not the "
            "number itself.",
        ),
        Mistake(
            "spectra_multiplied",
            swap_products,
            "A product of two spectra is a convolution: amplitudes multiply and phases add. Take one part from each.",
        ),
        Mistake(
            "other_axes_transformed",
            swap_over_all_axes,
            "The transform runs over other axes than height and width: images or channels are taken for places.",
            (swap_over_channels, swap_along_rows),
        ),
        Mistake(
            "size_of_the_result",
            swap_and_take_the_size,
            "The size of the result is taken, so what is negative is turned up. Take its real part, or use irfft2.",
        ),
        Mistake(
            "power_for_amplitude",
            swap_of_powers,
            "The squares of the amplitudes are used. Power is for adding up; the wave itself has the amplitude.",
        ),
        Mistake(
            "real_and_imaginary_parts",
            swap_of_real_and_imaginary,
            "Real part and imaginary part are no amplitude and phase. What are the size and the angle of a complex "
            "number?",
        ),
        Mistake(
            "half_the_angles",
            swap_by_arctangent,
            "The arctangent of imaginary over real cannot tell a number from its negative: half of the angles are off "
            "by half a turn. There is `.angle()`.",
        ),
        Mistake(
            "clamped",
            swap_clamped,
            "The result is clamped to [0, 1]. That is for showing it; the waves are no longer the other's.",
        ),
    ),
    verified="the other's amplitudes, at the places that the image's phases say",
)

EXERCISES = (LOW_PASS, HIGH_PASS, SPLIT_BANDS, RADIAL_SPECTRUM, TIGHT_FRAME, SWAP_AMPLITUDE)
