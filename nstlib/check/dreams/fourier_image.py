"""The exercise ``fourier_image``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import parameterizations
from nstlib.check.drawing import Make, Pick, Sizes, tensor, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _fourier_case(seed: int, batch: int, height: int, width: int, *, loose: bool = False) -> Case:
    shape = (batch, 3, height, width // 2 + 1)

    def make(dtype: torch.dtype) -> tuple[Tensor, int]:
        numbers = torch.complex(normal(seed, *shape, dtype=dtype), normal(seed + 70, *shape, dtype=dtype))
        return scattered(numbers) if loose else numbers, width

    area = height * width
    sizes = {"sqrt(H*W)": area**0.5, "H*W": area, "max(H, W)": max(height, width), "4": 4.0}
    return Case(f"numbers {shape}{if_loose(loose)}, width {width}", make, sizes)


def _scaled(
    numbers: Tensor, width: int, power: float = 1.0, *, floor: bool = True, lengths: str = "euclid", per: str = "pixel"
) -> Tensor:
    """Return the numbers divided by their frequency, rightly by default, and wrongly in several ways."""
    height, real = numbers.shape[2], numbers.real.dtype
    down, right = torch.fft.fftfreq(height, dtype=real)[:, None], torch.fft.rfftfreq(width, dtype=real)[None]
    if per == "image":
        down, right = down * height, right * width
    f = down.abs() + right if lengths == "blocks" else torch.hypot(down, right)
    lowest = 1 / max(height, width) if per == "pixel" else 1.0
    return numbers * (height * width) ** 0.5 / (f.clamp(min=lowest) if floor else f) ** power


def _waves_of(numbers: Tensor, width: int, norm: str | None = None) -> Tensor:
    return torch.fft.irfft2(numbers, s=(numbers.shape[2], width), norm=norm)


@mistake(
    "Odd widths come out one pixel short: half a spectrum says the same for 4 and for 5 columns. How can irfft2 be "
    "told?"
)
def width_lost(numbers: Tensor, width: int) -> Tensor:
    return torch.fft.irfft2(_scaled(numbers, width))


@mistake("All waves have the same weight. Where is the frequency?")
def not_scaled(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(numbers, width)


@mistake("The factor sqrt(H*W) is missing, which keeps the image's contrast the same at every size.")
def area_lost(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width), width) / (numbers.shape[2] * width) ** 0.5


@mistake("It is sqrt(H*W) times too large: the root is missing, or norm='ortho' brings a second one.")
def orthonormal(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width), width, "ortho")


@mistake("The wave of frequency zero is divided by zero. What is the least that f may be?")
def divided_by_zero(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, floor=False), width)


def fourier_without_mean(numbers: Tensor, width: int) -> Tensor:
    scaled = _scaled(numbers, width, floor=False)
    scaled[..., 0, 0] = 0
    return _waves_of(scaled, width)


@mistake(
    "Frequency zero got a weight of its own. It is divided by 1 / max(H, W), like a wave that goes once along the "
    "longer side.",
    variants=(fourier_without_mean,),
)
def zero_treated_apart(numbers: Tensor, width: int) -> Tensor:
    scaled = _scaled(numbers, width, floor=False)
    scaled[..., 0, 0] = numbers[..., 0, 0] * (numbers.shape[2] * width) ** 0.5
    return _waves_of(scaled, width)


@mistake("Fast waves get more weight than slow ones: multiplied by f instead of divided.")
def rising(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, -1.0), width)


def fourier_root(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, 0.5), width)


@mistake(
    "The weight falls with another power of the frequency. It is 1/f, for the *amplitude*.", variants=(fourier_root,)
)
def another_power(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, 2.0), width)


@mistake("The frequencies are in cycles per image. Cycles per *pixel* are asked for: then W = 64 and W = 128 agree.")
def cycles_per_image(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, per="image"), width)


@mistake("`f` is the sum of the two frequencies. A slanted wave's frequency is a length: Pythagoras.")
def not_a_length(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, lengths="blocks"), width)


def fourier_of_amplitudes(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers.abs().to(numbers.dtype), width), width)


@mistake(
    "Only a part of each complex number is used, so all waves begin at the same place. Keep their phases.",
    variants=(fourier_of_amplitudes,),
)
def phases_lost(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers.real.to(numbers.dtype), width), width)


def _some_waves(height: int = 6, width: int = 7) -> Tensor:
    shape = (1, 3, height, width // 2 + 1)
    return torch.complex(normal(51, *shape), normal(52, *shape))


def _picture_of(function: Function, numbers: Tensor, width: int) -> Tensor:
    return torch.as_tensor(function(numbers, width))


@law("the image has the width that was asked for, odd or even")
def shapes(function: Function) -> bool:
    return all(_picture_of(function, _some_waves(6, w), w).shape == (1, 3, 6, w) for w in (7, 8))


@law("waves add up")
def linear(function: Function) -> bool:
    a, b = _some_waves(), _some_waves().conj().resolve_conj().roll(1, 2)
    both = _picture_of(function, a + 2 * b, 7)
    return close(both, _picture_of(function, a, 7) + 2 * _picture_of(function, b, 7))


@law("frequency zero alone is a gray image, not an infinite one")
def constant(function: Function) -> bool:
    numbers = torch.zeros(1, 3, 6, 4, dtype=torch.complex64)
    numbers[..., 0, 0] = 1
    return close(_picture_of(function, numbers, 7), torch.full((1, 3, 6, 7), 7 / 42**0.5))


@law("one number alone is one cosine")
def one_wave(function: Function) -> bool:
    """One cycle along six rows: 1/6 cycle per pixel, and an amplitude that falls with the frequency."""
    numbers = torch.zeros(1, 3, 6, 4, dtype=torch.complex64)
    numbers[..., 0, 1] = 1  # one cycle along 7 columns
    x = torch.arange(7) / 7
    wave = 2 * torch.cos(2 * torch.pi * x) * 42**0.5 * 7 / 42
    return close(_picture_of(function, numbers, 7), wave.expand(1, 3, 6, 7))


@law("a wave twice as fast has a quarter of the energy")
def falls(function: Function) -> bool:
    numbers = torch.zeros(2, 1, 16, 9, dtype=torch.complex64)
    numbers[0, 0, 2, 1], numbers[1, 0, 4, 2] = 1, 1
    slow, fast = _picture_of(function, numbers, 16).square().mean((1, 2, 3))
    return close(slow, 4 * fast)


@law("the gradient reaches the numbers")
def gradient(function: Function) -> bool:
    numbers = _some_waves().requires_grad_(True)
    image = _picture_of(function, numbers, 7)
    (slope,) = torch.autograd.grad(image.square().sum(), numbers)
    return bool((slope[..., 1:-1].abs() > 0).all())


def _some_numbers(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw a spectrum of one row, one column or more; some have no imaginary part."""
    width = sizes["W"]
    shape = f"B C H {width // 2 + 1}"
    (said, real), (_, imaginary) = tensor(shape, ("normal", "ties"))(pick, sizes), tensor(shape)(pick, sizes)
    return (said, str(width)), lambda dtype: (torch.complex(real(dtype), imaginary(dtype)), width)


EXERCISE = Exercise(
    __name__,
    title="An image made of waves",
    difficulty=2,
    minutes=15,
    signature="fourier_image(numbers, width)",
    hints=(
        "An inverse Fourier transform adds up waves. In photographs slow waves are strong and fast ones weak, about as 1/f, "
        "so give each wave that weight before you add them up.",
        "`torch.fft.fftfreq(height)` and `torch.fft.rfftfreq(width)` are the frequencies along the two axes, in cycles per "
        "pixel; f is the length of the two together. Frequency zero may not be divided by: raise f to at least "
        "1 / max(height, width). And the width must be told to the transform, or an odd one is lost.",
        "`f = torch.hypot(fftfreq(height)[:, None], rfftfreq(width)).clamp(min=1 / max(height, width))`; return "
        "`torch.fft.irfft2(numbers * (height * width) ** 0.5 / f, s=(height, width))`.",
    ),
    reference=parameterizations.fourier_image,
    cases=(
        _fourier_case(1, 1, 4, 5),
        _fourier_case(2, 2, 6, 8),
        _fourier_case(3, 2, 5, 9, loose=True),
        _fourier_case(4, 1, 9, 7),
        _fourier_case(5, 1, 7, 6),
    ),
    takes=dict(zip(("numbers", "width"), together(2, _some_numbers), strict=True)),
    sizes={"H": (1, 8), "W": (1, 9)},
    verified="waves weighted by 1/f, any width, no division by zero",
)
