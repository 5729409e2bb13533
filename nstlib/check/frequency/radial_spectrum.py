"""The exercise ``radial_spectrum``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nstlib import frequency
from nstlib.check.drawing import Pick, Sizes, made_by, tensor
from nstlib.check.exercise import Exercise, Function, close, law, mistake
from nstlib.check.frequency._shared import _frequencies, case, picture


def radial_spectrum(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Return the frequencies of the rings, (bins,), and the mean power on each, (B, C, bins)."""
    return frequency.radial_spectrum(image, bins=bins)


def _power(function: Function, image: Tensor, bins: int) -> Tensor:
    return torch.as_tensor(function(image, bins)[1])


@law("ring k stands at k / (2 * bins) cycles per pixel")
def frequencies(function: Function) -> bool:
    return close(function(picture(), 4)[0], torch.tensor([0.125, 0.25, 0.375, 0.5]))


@law("a wave of 4 pixels has all its power at 0.25 cycles per pixel")
def of_a_wave(function: Function) -> bool:
    wave = torch.sin(2 * math.pi * 0.25 * torch.arange(16.0)).expand(1, 2, 16, -1).contiguous()
    power = _power(function, wave, 8)
    return bool((power.argmax(-1) == 3).all()) and close(power[..., 3], power.sum(-1))


@law("more light everywhere changes nothing")
def gray(function: Function) -> bool:
    return close(_power(function, picture(9, 2, 3, 9, 7) + 0.4, 3), _power(function, picture(9, 2, 3, 9, 7), 3))


@law("three times the contrast is nine times the power")
def contrast(function: Function) -> bool:
    return close(_power(function, 3 * picture(9, 2, 3, 9, 7), 3), 9 * _power(function, picture(9, 2, 3, 9, 7), 3))


@law("moving the picture around its borders changes nothing")
def shift(function: Function) -> bool:
    return close(
        _power(function, picture(9, 2, 3, 9, 7).roll((2, 3), (2, 3)), 3), _power(function, picture(9, 2, 3, 9, 7), 3)
    )


@law("turning the picture changes nothing")
def turned(function: Function) -> bool:
    return close(
        _power(function, picture(9, 2, 3, 9, 7).mT.contiguous(), 3), _power(function, picture(9, 2, 3, 9, 7), 3)
    )


@law("a single bright pixel holds all waves, all of the same power")
def of_a_dot(function: Function) -> bool:
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


def _density(image: Tensor) -> Tensor:
    return torch.fft.fft2(image).abs().square() / image[0, 0].numel()


def spectrum_shifted_once(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fftshift(_density(image), dim=(2, 3)))


@mistake(
    "The rings are drawn around the middle, but fft2 puts frequency 0 into the corner [0, 0]. Shift both tables or "
    "neither.",
    variants=(spectrum_shifted_once,),
)
def shift_forgotten(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, torch.fft.fftshift(_frequencies(image)), _density(image))


@mistake(
    "The fineness grows from the corner [0, 0] to the opposite one. Past the middle come the negative frequencies: "
    "how fine is wave H - 1?"
)
def distance_from_the_corner(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    distance = torch.hypot(torch.arange(height)[:, None] / height, torch.arange(width) / width)
    return _rings(image, bins, distance.double(), _density(image))


@mistake("`fftshift` moves images and channels around, too, unless it is told which axes: dim=(-2, -1).")
def shifted_over_all_axes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    shifted = torch.fft.fftshift(_density(image))
    return _rings(image, bins, torch.fft.fftshift(_frequencies(image)), shifted)


def spectrum_of_orthonormal_amplitudes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image, norm="ortho").abs())


def spectrum_of_plain_amplitudes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs())


@mistake(
    "This averages amplitudes. Power is their square: what becomes of it if the contrast doubles?",
    variants=(spectrum_of_orthonormal_amplitudes, spectrum_of_plain_amplitudes),
)
def amplitude_for_power(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs() / image[0, 0].numel())


@mistake("The powers of a ring are summed. Outer rings hold more waves, so noise would seem to rise: take the mean.")
def summed_over_the_ring(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image), mean=False)


@mistake(
    "This is H*W times too large: a larger piece of the same texture would have more power. What does Parseval "
    "divide by?"
)
def not_divided_by_pixels(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).abs().square())


@mistake(
    "Only the real part is squared, so a wave loses power by being moved. What is the square of a complex number's "
    "size?"
)
def real_part_only(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft2(image).real.square() / image[0, 0].numel())


def spectrum_over_all_axes(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fftn(image).abs().square() / image[0, 0].numel())


@mistake(
    "The transform runs over other axes than height and width. Which of fft, fft2 and fftn takes the last two?",
    variants=(spectrum_over_all_axes,),
)
def other_axes_transformed(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), torch.fft.fft(image).abs().square() / image[0, 0].numel())


@mistake(
    "`rfft2` returns half of the waves. The other half has the same powers, but the first column's waves are all "
    "there: they count double in this mean."
)
def half_spectrum(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    power = torch.fft.rfft2(image).abs().square() / image[0, 0].numel()
    return _rings(image, bins, frequency.radial_frequency(*image.shape[2:]), power)


@mistake(
    "The fineness is counted in waves per picture, and this picture is not square: its rings are ellipses. Count "
    "cycles per pixel."
)
def counted_in_waves(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None] * height
    index = torch.hypot(down, torch.fft.fftfreq(width, dtype=torch.float64) * width)
    return _rings(image, bins, index / min(height, width), _density(image))


@mistake(
    "The rings are squares: the larger of the two frequencies is taken. How long is a step of 3 down and 4 across?"
)
def square_rings(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64).abs()[:, None].expand(height, width)
    return _rings(
        image, bins, torch.maximum(down, torch.fft.fftfreq(width, dtype=torch.float64).abs()), _density(image)
    )


def spectrum_with_ring_zero_named_one(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return torch.arange(1, bins + 1).to(image) / (2 * bins), ring_zero_included(image, bins)[1]


@mistake(
    "The rings start at 0, where the mean of the picture is. They should run from 1 to bins.",
    variants=(spectrum_with_ring_zero_named_one,),
)
def ring_zero_included(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    ring, power = (_frequencies(image) * 2 * bins).round(), _density(image)
    rows = [power[..., ring == k].mean(-1) for k in range(bins)]
    return torch.arange(bins).to(image) / (2 * bins), torch.stack(rows, -1)


@mistake("The ring is rounded down, so it holds waves up to a whole ring finer than its name. Round to the nearest.")
def rounded_down(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    ring, power = (_frequencies(image) * 2 * bins).floor(), _density(image)
    rows = [power[..., ring == k].mean(-1) for k in range(1, bins + 1)]
    return torch.arange(1, bins + 1).to(image) / (2 * bins), torch.stack(rows, -1)


@mistake(
    "The mean runs over all waves of the picture, with 0 for those of other rings. Divide by how many waves the ring holds."
)
def mean_over_all_waves(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    ring, power = (_frequencies(image) * 2 * bins).round(), _density(image)
    rows = [(power * (ring == k)).mean((2, 3)) for k in range(1, bins + 1)]
    return torch.arange(1, bins + 1).to(image) / (2 * bins), torch.stack(rows, -1)


def spectrum_over_its_largest(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power / power.amax(2, keepdim=True)


@mistake(
    "Each spectrum is divided by its own sum or its own largest number, so nobody sees how strong the contrast is. Leave "
    "the power as it is.",
    variants=(spectrum_over_its_largest,),
)
def over_its_sum(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power / power.sum(2, keepdim=True)


def spectrum_of_everything_averaged(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.mean((0, 1))


def spectrum_of_gray(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image.mean(1, keepdim=True), bins)
    return frequencies, power[:, 0]


@mistake(
    "Channels or images are averaged. Each has a spectrum of its own: (B, C, bins).",
    variants=(spectrum_of_everything_averaged, spectrum_of_gray),
)
def channels_averaged(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.mean(1)


def spectrum_in_logarithms_of_more(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image).log1p())


def spectrum_in_logarithms_at_last(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    frequencies, power = radial_spectrum(image, bins)
    return frequencies, power.log()


@mistake(
    "A logarithm is taken. Plots do that with their axis; here the power itself is asked for.",
    variants=(spectrum_in_logarithms_of_more, spectrum_in_logarithms_at_last),
)
def logarithm_taken(image: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    return _rings(image, bins, _frequencies(image), _density(image).log())


def _some_bins(pick: Pick, sizes: Sizes) -> int:
    return pick.whole(1, min(sizes["H"], sizes["W"]) // 2)


def _told_apart(image: Tensor, bins: int) -> bool:
    """Return whether no wave lies in the middle between two rings."""
    rest = (2 * bins * _frequencies(image)) % 1
    return bool(((rest - 0.5).abs() > 1e-3).all())


EXERCISE = Exercise(
    __name__,
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
    cases=(
        case(1, (1, 3, 6, 7), 3, "bins"),
        case(2, (2, 3, 9, 10), 4, "bins"),
        case(3, (2, 2, 7, 9), 2, "bins", loose=True),
        case(4, (1, 4, 10, 13), 4, "bins", signed=True),
        case(5, (1, 1, 7, 9), 3, "bins"),
    ),
    takes={"image": tensor("B C H W", ("uniform", "normal", "positive")), "bins": made_by(_some_bins)},
    sizes={"H": (2, 11), "W": (2, 11)},
    allowed=_told_apart,
    verified="the mean power of all waves of the same fineness, for each channel",
)
