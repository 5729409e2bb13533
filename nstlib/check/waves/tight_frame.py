"""The exercise ``tight_frame``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nstlib import frequency
from nstlib.check.exercise import Exercise, Function, close, law, mistake
from nstlib.check.frequency._shared import PICTURES, _frequencies, case, listed, ordered, parts, picture
from nstlib.gram import gram_matrix

_CUTOFFS = (0.3, 0.12)


@law("the energies of the bands sum to that of the image")
def energy(function: Function) -> bool:
    image = picture() - 0.3
    energies = torch.stack([band.square().sum((2, 3)) for band in parts(function, image, _CUTOFFS)])
    return close(energies.sum(0), image.square().sum((2, 3)))


@law("their Gram matrices sum to that of the image")
def gram(function: Function) -> bool:
    image = picture() - 0.3
    return close(sum(gram_matrix(band) for band in parts(function, image, _CUTOFFS)), gram_matrix(image))


@law("filtered once more and summed, they are the image")
def joins(function: Function) -> bool:
    image = picture()
    bands = [band.to(image) for band in parts(function, image, _CUTOFFS)]
    return close(frequency.join_frame(bands, _CUTOFFS), image)


@law("a gray picture stands in the last band alone")
def of_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 5, 6), 0.4)
    *fine, coarse = parts(function, gray, _CUTOFFS)
    return len(fine) == 2 and close(coarse, gray) and all(float(band.abs().max()) < 1e-5 for band in fine)


@law("a picture moved around its borders has moved bands")
def moves(function: Function) -> bool:
    image, by = picture(), ((2, 3), (2, 3))
    moved = parts(function, image.roll(*by), _CUTOFFS)
    return all(close(a, b.roll(*by)) for a, b in zip(moved, parts(function, image, _CUTOFFS), strict=True))


@law("a wave at the cutoff goes to both bands by equal parts, 0.71 of it")
def of_a_wave(function: Function) -> bool:
    wave = torch.sin(2 * math.pi * 0.25 * torch.arange(16.0)).expand(1, 1, 16, -1).contiguous()
    fine, coarse = parts(function, wave, (0.25,))
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


def frame_sum_of_bands(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _cascade(
        image, [(1 - angle.cos(), angle.cos()) for angle in (_risen(image, c) * math.pi / 2 for c in cutoffs)]
    )


@mistake(
    "Your filters sum to 1, so the bands sum to the image; but energy needs their squares to sum to 1. Which two "
    "functions of an angle do that?",
    variants=(frame_sum_of_bands,),
)
def amplitudes_sum_to_one(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _cascade(image, [(_risen(image, c), 1 - _risen(image, c)) for c in cutoffs])


@mistake(
    "These are the squares of the filters: the bands sum to the image, but their energies do not. Where did the "
    "second sine come from?"
)
def squared_filters(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin() ** 2, angle.cos() ** 2) for angle in angles])


@mistake("Masks of ones and zeros do split the energy, but they ring. Where are the ramps?")
def ideal_masks(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    below = [frequency.ideal_filter(*image.shape[2:], c) for c in cutoffs]
    return _cascade(image, [(1 - low, low) for low in below])


def frame_shift_forgotten_on_both_axes(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    frequencies = torch.fft.fftshift(_frequencies(image))
    rest, bands = torch.ones_like(frequencies), []
    for c in cutoffs:
        angle = (torch.log2(frequencies / c) / 2 + 0.5).clamp(0, 1) * math.pi / 2
        bands.append(rest * angle.sin())
        rest = rest * angle.cos()
    return [torch.fft.ifft2(torch.fft.fft2(image) * response.to(image)).real for response in (*bands, rest)]


@mistake(
    "The filters are drawn around the middle, but the transform puts frequency 0 at [0, 0]: what should be coarse "
    "is fine. Shift both or neither.",
    variants=(frame_shift_forgotten_on_both_axes,),
)
def shift_forgotten(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    responses = frequency.frame_filters(*image.shape[2:], cutoffs, dtype=image.dtype)
    return _filtered_by(image, torch.fft.fftshift(responses, dim=1))


def frame_of_common_logarithms(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c, octaves=2 / math.log10(2)) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


def frame_of_natural_logarithms(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c, octaves=2 / math.log(2)) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


@mistake(
    "The ramp has another width. From half the cutoff to twice are two octaves: what is the base of the logarithm, "
    "and by what is it divided?",
    variants=(frame_of_natural_logarithms, frame_of_common_logarithms),
)
def ramp_of_another_width(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c, octaves=1.0) * math.pi / 2 for c in cutoffs]
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


def _by_angles(angle_of: Callable[[Tensor, float], Tensor], *, exchanged: bool = False) -> Function:
    """Return the exercise's function with another angle for a cutoff, or with sine and cosine exchanged."""

    def frame(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
        angles = [angle_of(image, cutoff) for cutoff in cutoffs]
        pairs = [(angle.sin(), angle.cos()) for angle in angles]
        return _cascade(image, [pair[::-1] if exchanged else pair for pair in pairs])

    return frame


other_angle = mistake(
    "The angle does not end at a quarter turn, pi / 2, where the sine is 1 and the cosine 0. By what is it multiplied?",
    "other_angle",
)(
    _by_angles(_risen),
    _by_angles(lambda image, cutoff: _risen(image, cutoff) * math.pi),
    _by_angles(lambda image, cutoff: _risen(image, cutoff) * 90),
)


sine_and_cosine_exchanged = mistake(
    "Sine and cosine are exchanged, or the angle falls where it should rise: what is fine goes on to the next band. The "
    "band takes the sine, the rest the cosine, and the angle rises with f.",
    "sine_and_cosine_exchanged",
)(_by_angles(lambda image, cutoff: _risen(image, cutoff) * math.pi / 2, exchanged=True))


@mistake(
    "`rest` is replaced instead of multiplied: what earlier bands took is in it again. What is left of what was left?"
)
def rest_replaced(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c) * math.pi / 2 for c in cutoffs]
    rests = [torch.ones_like(angles[0]), *(angle.cos() for angle in angles)]
    return _filtered_by(image, [*(rest * a.sin() for rest, a in zip(rests, angles, strict=False)), rests[-1]])


@mistake(
    "The last band is what the others lack of the image. Energies add up only if it has a filter of its own: `rest`."
)
def rest_by_subtraction(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    *fine, _ = frequency.tight_frame(image, cutoffs)
    return [*fine, image - sum(fine)]


@mistake("The cutoffs are taken from the lowest up. They come descending, from fine to coarse: keep their order.")
def lowest_first(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _by_angles(lambda image, cutoff: _risen(image, cutoff) * math.pi / 2)(image, sorted(cutoffs))


def frame_ramp_ends_at_the_cutoff(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return _by_angles(lambda image, cutoff: _risen(image, cutoff / 2) * math.pi / 2)(image, cutoffs)


@mistake(
    "The ramp starts, or ends, at the cutoff. In its middle the cutoff should stand, where both bands have half the power.",
    variants=(frame_ramp_ends_at_the_cutoff,),
)
def ramp_not_centered(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, 2 * c) * math.pi / 2 for c in cutoffs]  # the ramp starts at the cutoff
    return _cascade(image, [(angle.sin(), angle.cos()) for angle in angles])


@mistake("The bands are right but in the other order: from fine to coarse is asked for.")
def coarse_first(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.tight_frame(image, cutoffs)[::-1]


@mistake(
    "Each band is filtered from the whole image, so the finest waves come in several of them. What is left for the "
    "second band after the first?"
)
def rest_forgotten(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    angles = [_risen(image, c) * math.pi / 2 for c in cutoffs]
    return _filtered_by(image, [*(angle.sin() for angle in angles), angles[-1].cos()])


def frame_without_mean(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    bands = frequency.tight_frame(image, cutoffs)
    return [*bands[:-1], bands[-1] - bands[-1].mean((2, 3), keepdim=True)]


@mistake(
    "The coarsest band is missing, or its mean: what is left when all cutoffs have taken theirs?",
    variants=(frame_without_mean,),
)
def coarsest_missing(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.tight_frame(image, cutoffs)[:-1]


@mistake("These are differences of Gaussian blurs. They sum to the image, but their energies do not.")
def gaussians(image: Tensor, cutoffs: Sequence[float]) -> list[Tensor]:
    return frequency.split_bands(image, [0.19 / c for c in cutoffs])


EXERCISE = Exercise(
    __name__,
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
        case(1, (1, 3, 8, 7), (0.2,), "cutoffs"),
        case(2, (2, 3, 9, 11), (0.3, 0.15), "cutoffs"),
        case(3, (2, 2, 7, 12), (0.25,), "cutoffs", loose=True),
        case(4, (1, 4, 11, 13), (0.4, 0.2, 0.1), "cutoffs", signed=True),
        case(5, (1, 1, 9, 8), (0.25,), "cutoffs"),
    ),
    takes={"image": PICTURES, "cutoffs": ordered((0.5, 0.4, 0.3, 0.2, 0.15, 0.1), descending=True)},
    sizes={"H": (1, 9), "W": (1, 9)},
    drawn=5,
    differentiable=(0,),
    observe=listed,
    verified="bands whose energies and Gram matrices sum to the image's",
)
