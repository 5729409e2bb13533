"""The exercise ``swap_amplitude``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import frequency
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.frequency._shared import picture


def _swap_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        image, other = uniform(seed, *shape, dtype=dtype), normal(seed + 50, *shape, dtype=dtype) + 0.5
        return (scattered(image), scattered(other)) if loose else (image, other)

    return Case(f"two images {shape}{if_loose(loose)}", make, {"2": 2.0, "H*W": shape[2] * shape[3]})


def _two() -> tuple[Tensor, Tensor]:
    return picture(9), picture(10)


def _swapped(function: Function, image: Tensor, other: Tensor) -> Tensor:
    return torch.as_tensor(function(image, other)).to(image)


@law("a picture with its own amplitudes is itself")
def with_itself(function: Function) -> bool:
    image, _ = _two()
    return close(_swapped(function, image, image.clone()), image)


@law("the result has the other's amplitudes")
def amplitudes(function: Function) -> bool:
    image, other = _two()
    return close(torch.fft.fft2(_swapped(function, image, other)).abs(), torch.fft.fft2(other).abs())


@law("the result has the other's mean square in each channel")
def energy(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, image, other).square().mean((2, 3)), other.square().mean((2, 3)))


@law("moving the other around its borders changes nothing")
def place(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, image, other.roll((2, 3), (2, 3))), _swapped(function, image, other))


@law("the contrast of the image does not matter")
def contrast(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, 3 * image, other), _swapped(function, image, other))


@law("the image's own amplitudes bring it back")
def back(function: Function) -> bool:
    image, other = _two()
    return close(_swapped(function, _swapped(function, image, other), image), image)


def _mixed(amplitude_of: Tensor, phase_of: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fft2(amplitude_of).abs(), torch.fft.fft2(phase_of).angle())
    return torch.fft.ifft2(spectrum).real


@mistake(
    "The roles are swapped: amplitudes of `image`, phases of `other`. Which one should you recognize in the result?"
)
def swapped_roles(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(image, other)


@mistake("The phases are right, but all amplitudes are 1. Whose should they be?")
def amplitudes_forgotten(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.polar(torch.ones_like(image), torch.fft.fft2(image).angle())).real


@mistake(
    "The amplitudes of both are multiplied: the image's own ones are still there. Take its angle, not the number "
    "itself."
)
def old_amplitudes_kept(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.fft.fft2(other).abs()).real


@mistake("A product of two spectra is a convolution: amplitudes multiply and phases add. Take one part from each.")
def spectra_multiplied(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.fft.fft2(other)).real


def swap_over_channels(image: Tensor, other: Tensor) -> Tensor:
    axes = (1, 2, 3)
    spectrum = torch.polar(torch.fft.fftn(other, dim=axes).abs(), torch.fft.fftn(image, dim=axes).angle())
    return torch.fft.ifftn(spectrum, dim=axes).real


def swap_along_rows(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft(torch.polar(torch.fft.fft(other).abs(), torch.fft.fft(image).angle())).real


@mistake(
    "The transform runs over other axes than height and width. Which of fft, fft2 and fftn takes the last two?",
    variants=(swap_over_channels, swap_along_rows),
)
def other_axes_transformed(image: Tensor, other: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fftn(other).abs(), torch.fft.fftn(image).angle())
    return torch.fft.ifftn(spectrum).real


def swap_forward_twice(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.fft2(torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle())).real


@mistake(
    "These are waves still, or waves of waves, and no picture: `ifft2` or `irfft2` makes one of them.",
    variants=(swap_forward_twice,),
)
def not_made_a_picture(image: Tensor, other: Tensor) -> Tensor:
    return torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle()).real


@mistake(
    "Odd widths come out one pixel short: half a spectrum says the same for 4 and for 5 columns. Give irfft2 `s=`."
)
def width_lost(image: Tensor, other: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.rfft2(other).abs(), torch.fft.rfft2(image).angle())
    return torch.fft.irfft2(spectrum)


@mistake("The phases have the wrong sign, so the picture is turned by half a turn. Take the angle as it is.")
def phases_negated(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), -torch.fft.fft2(image).angle())).real


@mistake("The size of the result is taken, so what is negative is turned up. Take its real part, or use irfft2.")
def size_of_the_result(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(other, image).abs()


@mistake("The squares of the amplitudes are used. Power is for adding up; the wave itself has the amplitude.")
def power_for_amplitude(image: Tensor, other: Tensor) -> Tensor:
    spectrum = torch.polar(torch.fft.fft2(other).abs() ** 2, torch.fft.fft2(image).angle())
    return torch.fft.ifft2(spectrum).real


@mistake(
    "Real part and imaginary part are no amplitude and phase. What are the size and the angle of a complex number?"
)
def real_and_imaginary_parts(image: Tensor, other: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.complex(torch.fft.fft2(other).real, torch.fft.fft2(image).imag)).real


@mistake(
    "The arctangent of imaginary over real cannot tell a number from its negative: half of the angles are off by "
    "half a turn. There is `.angle()`."
)
def half_the_angles(image: Tensor, other: Tensor) -> Tensor:
    phase = torch.atan(torch.fft.fft2(image).imag / torch.fft.fft2(image).real)
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), phase)).real


@mistake("The result is clamped to [0, 1]. That is for showing it; the waves are no longer the other's.")
def clamped(image: Tensor, other: Tensor) -> Tensor:
    return _mixed(other, image).clamp(0, 1)


EXERCISE = Exercise(
    __name__,
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
        _swap_case(5, (1, 1, 7, 8)),
    ),
    takes={
        "image": tensor("B C H W", ("uniform", "normal", "positive")),
        "other": tensor("B C H W", ("uniform", "normal", "positive")),
    },
    sizes={"H": (1, 8), "W": (1, 8)},
    verified="the other's amplitudes, at the places that the image's phases say",
)
