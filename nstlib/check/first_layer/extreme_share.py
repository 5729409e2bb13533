"""The exercise ``extreme_share``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filter_measures
from nstlib.check.drawing import one_of, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _share_case(seed: int, count: int, side: int, low: float, high: float, size: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float, float, int]:
        weights = _mixed_filters(seed, count, side, dtype)
        return scattered(weights) if loose else weights, low, high, size

    return Case(f"{count} filters of {side} x {side}, low {low}, high {high}, size {size}{if_loose(loose)}", make)


def _mixed_filters(seed: int, count: int, side: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return filters of different kinds and sizes: smooth ones, colored ones, a strong one."""
    weights = normal(seed, count, 3, side, side, dtype=dtype)
    weights[0] = weights[0] * 0.3 + 1.0
    weights[1] = 10 * weights[1].mean(0)
    weights[2] = weights[2] - 0.7 * weights[2].mean(0)
    return weights


def _share(function: Function, weights: Tensor, low: float = 0.12, high: float = 0.33, size: int = 16) -> Tensor:
    return torch.as_tensor(function(weights, low, high, size))


@law("between 0 and the corner of the spectrum nothing is extreme")
def nothing(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights, 0.0, 0.9) + 1, torch.ones(4))


@law("if low and high meet, everything is extreme")
def share_all(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights, 0.21, 0.21), torch.ones(4))


@law("making a filter larger, or turning its sign, changes nothing")
def scaled(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(
        _share(function, weights * torch.tensor([1, 0.1, 7, -2])[:, None, None, None]), _share(function, weights)
    )


@law("swapping rows and columns changes nothing")
def turned(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights.mT), _share(function, weights))


@law("moving a filter within its zeros changes nothing")
def moved(function: Function) -> bool:
    weights = F.pad(_mixed_filters(5, 4, 5), (0, 2, 0, 2))
    return close(_share(function, weights.roll((1, 2), (2, 3))), _share(function, weights))


@law("neither the order of the colors nor their signs matter")
def colors(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    signs = torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    return close(_share(function, weights[:, [2, 0, 1]]), _share(function, weights)) and close(
        _share(function, weights * signs), _share(function, weights)
    )


@law("a wave of 16 pixels is extreme, one of 4 is not, one of 2.3 is")
def waves(function: Function) -> bool:
    x = torch.arange(16.0)
    waves = [torch.cos(2 * torch.pi * frequency * x).expand(3, 16, 16) for frequency in (1 / 16, 4 / 16, 7 / 16)]
    return close(_share(function, torch.stack(waves)), torch.tensor([1.0, 0.0, 1.0]), 1e-2)


def _spectrum(weights: Tensor, size: int) -> Tensor:
    return torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)


def _radius(size: int, weights: Tensor) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights)
    return torch.hypot(frequency[:, None], frequency[None])


def _ratio(energy: Tensor, chosen: Tensor) -> Tensor:
    return (energy * chosen).sum((1, 2)) / energy.sum((1, 2))


def _extreme(radius: Tensor, low: float, high: float) -> Tensor:
    return (radius < low) | (radius > high)


def share_of_summed_amplitude(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.fft2(weights, s=(size, size)).abs().sum(1).square()
    return _ratio(energy, _extreme(_radius(size, weights), low, high))


@mistake(
    "Amplitudes are added up. Energy is the square of the absolute value, color by color: only then do all "
    "frequencies together add up to the filter's own sum of squares.",
    variants=(share_of_summed_amplitude,),
)
def amplitude(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    amplitude = torch.fft.fft2(weights, s=(size, size)).abs().sum(1)
    return _ratio(amplitude, _extreme(_radius(size, weights), low, high))


@mistake("This is the share in the middle, between low and high. Asked for is the rest.")
def middle(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return 1 - filter_measures.extreme_share(weights, low, high, size)


def share_of_high(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _radius(size, weights) > high)


@mistake("Nothing is counted: no frequency is below low *and* above high. Extreme means the one *or* the other.")
def no_end_counted(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    radius = _radius(size, weights)
    return _ratio(_spectrum(weights, size), (radius < low) & (radius > high))


@mistake("A frequency of just `low` or just `high` is counted, too. Extreme is *below* the one or *above* the other.")
def ends_included(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    radius = _radius(size, weights)
    return _ratio(_spectrum(weights, size), (radius <= low) | (radius >= high))


@mistake(
    "Each color has a share of its own, and then the mean is taken. Add up the colors' energies first, then divide."
)
def share_of_each_color(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.fft2(weights, s=(size, size)).abs().square()
    chosen = _extreme(_radius(size, weights), low, high)
    return ((energy * chosen).sum((2, 3)) / energy.sum((2, 3)).clamp(min=1e-20)).mean(1)


@mistake("The powers are squared once more. `.abs().square()` is the energy already.")
def squared_twice(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.fft2(weights, s=(size, size)).abs().pow(4).sum(1)
    return _ratio(energy, _extreme(_radius(size, weights), low, high))


@mistake("Only one end is counted. Extreme means below low *or* above high.", variants=(share_of_high,))
def one_end_only(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _radius(size, weights) < low)


@mistake(
    "The colors are added up before the transform, so a filter for red against green vanishes. Transform each "
    "color, then add up their energies."
)
def gray(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return filter_measures.extreme_share(weights.mean(1, keepdim=True).expand_as(weights), low, high, size)


@mistake(
    "The filters are transformed at their own size, so filters of 7 and of 11 pixels are measured at different "
    "frequencies. What is `size` for?"
)
def not_padded(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    side = weights.shape[-1]
    return _ratio(_spectrum(weights, side), _extreme(_radius(side, weights), low, high))


def share_shifted_along_all_axes(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return shifted(weights, low, high, size).roll(len(weights) // 2)


@mistake(
    "The spectrum is shifted and the frequencies are not (or the other way round): frequency 0 then stands in the "
    "middle of one and at the beginning of the other.",
    variants=(share_shifted_along_all_axes,),
)
def shifted(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    shifted = torch.fft.fftshift(_spectrum(weights, size), dim=(1, 2))
    return _ratio(shifted, _extreme(_radius(size, weights), low, high))


def share_in_radians(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * 2 * torch.pi, low, high))


def share_in_units_of_nyquist(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * 2, low, high))


@mistake(
    "The frequencies are not in cycles per pixel: there, the finest wave along an axis has 0.5. What does "
    "`torch.fft.fftfreq` return without further factors?",
    variants=(share_in_radians, share_in_units_of_nyquist),
)
def other_units(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * size, low, high))


def share_along_one_axis(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights).abs()
    return _ratio(_spectrum(weights, size), _extreme(frequency[None], low, high))


@mistake(
    "The two axes are compared one by one. A frequency's distance from 0 takes both: a diagonal wave is finer than "
    "either of its parts.",
    variants=(share_along_one_axis,),
)
def square_instead_of_ring(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights).abs()
    return _ratio(_spectrum(weights, size), _extreme(torch.maximum(frequency[:, None], frequency[None]), low, high))


def share_averaged(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return filter_measures.extreme_share(weights, low, high, size).mean()


@mistake(
    "One number for each filter is asked for, shape (N,).",
    variants=(share_averaged,),
)
def not_per_filter(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = _spectrum(weights, size)
    return (energy * _extreme(_radius(size, weights), low, high)).sum() / energy.sum()


@mistake("This is an energy, and grows with the filter. A share is between 0 and 1: divide by what?")
def not_a_share(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return (_spectrum(weights, size) * _extreme(_radius(size, weights), low, high)).sum((1, 2))


@mistake(
    "`rfft2` leaves out the frequencies that mirror others, but not those in its first and last column, so they "
    "count half as much as they should. fft2 has them all."
)
def half_the_spectrum(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.rfft2(weights, s=(size, size)).abs().square().sum(1)
    radius = torch.hypot(torch.fft.fftfreq(size).to(weights)[:, None], torch.fft.rfftfreq(size).to(weights)[None])
    return _ratio(energy, _extreme(radius, low, high))


EXERCISE = Exercise(
    __name__,
    title="Too smooth or too fine",
    difficulty=3,
    minutes=18,
    signature="extreme_share(weights, low, high, size)",
    hints=(
        "A filter is a small picture. Its Fourier transform says how much of each wave is in it; energy is the square "
        "of the absolute value. Which part of the energy belongs to waves that are very long or very short?",
        "`torch.fft.fft2(weights, s=(size, size))` pads with zeros. `torch.fft.fftfreq(size)` is the frequency along "
        "one axis, in the same order; the distance from frequency 0 takes both axes. Add up the colors' energies, not "
        "the colors.",
        "`energy = torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)`; with `f = torch.fft.fftfreq(size)`, "
        "`radius = torch.hypot(f[:, None], f[None])`; then the sum of `energy` where `(radius < low) | (radius > high)` "
        "over the sum of all, filter by filter.",
    ),
    reference=filter_measures.extreme_share,
    cases=(
        _share_case(1, 5, 4, 0.11, 0.33, 16),
        _share_case(2, 4, 7, 0.15, 0.4, 24),
        _share_case(3, 6, 5, 0.11, 0.27, 20, loose=True),
        _share_case(4, 3, 11, 0.05, 0.2, 32),
        _share_case(6, 4, 5, 0.125, 0.375, 16),  # both are frequencies themselves, and not extreme
    ),
    takes={
        "weights": tensor("N 3 k k", ("normal", "tiny", "positive", "equal")),
        "low": one_of(0.0, 0.11, 0.17, 0.23),
        "high": one_of(0.27, 0.34, 0.43, 0.9),
        "size": whole(5, 19),
    },
    sizes={"k": (1, 5)},
    verified="shares of energy at the right frequencies, filter by filter",
)
