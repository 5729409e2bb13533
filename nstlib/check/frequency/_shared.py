"""What several exercises of the chapter on frequency use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nstlib.check.convolution import separable_blur as blurs
from nstlib.check.drawing import Kind, Pick, Sizes, changed, made_by, one_of, shuffled, tensor
from nstlib.check.exercise import Case, Convention, Function, if_loose, normal, scattered, uniform


def case(
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
    return Case(f"{kind} {shape}{if_loose(loose)}, {name} {shown}", make, quantities)


def picture(seed: int = 9, *shape: int) -> Tensor:
    return uniform(seed, *(shape or (2, 3, 8, 9)))


def filtered(function: Function, image: Tensor, number: object) -> Tensor:
    return torch.as_tensor(function(image, number))


def parts(function: Function, image: Tensor, numbers: Sequence[float]) -> list[Tensor]:
    return [torch.as_tensor(band) for band in function(image, list(numbers))]


def listed(function: Function, arguments: tuple) -> object:
    """Watch a function whose list may also be one stacked tensor."""
    result = function(*arguments)
    return list(result) if type(result) is Tensor and result.ndim == 5 else result


def low_of_scipy(image: Tensor, sigma: float) -> Tensor:
    radius = int(4 * sigma + 0.5)
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    return blurs.apply(image, bell / bell.sum(), bell / bell.sum())


def conventions(filtered: Callable[[Tensor, object, Function], object]) -> tuple[Convention, ...]:
    """Return the other borders and widths of the bell, which go on into all that is made of a low pass."""

    def by(low: Function) -> Function:
        return lambda image, number: filtered(image, number, low)

    return (
        Convention(
            "mirrored_border",
            by(blurs.mirrored_border),
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


def _bytes(image: Tensor, *, rounded: bool) -> Tensor:
    scaled = (255 * image).clamp(0, 255)
    return (scaled.round() if rounded else scaled).to(torch.uint8)


def _frequencies(image: Tensor) -> Tensor:
    height, width = image.shape[2:]
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    return torch.hypot(down, torch.fft.fftfreq(width, dtype=torch.float64))


# What the tables of several exercises say -------------------------------------------------------------------------------
PICTURES = tensor("B C H W", ("uniform", "normal", "ties", "tiny"))
SIGMA = one_of(0.3, 0.5, 0.8, 1, 1.3)
SIZES = {"H": (6, 10), "W": (6, 10)}  # a picture cannot be mirrored further than it reaches


def ordered(numbers: Sequence[float], *, descending: bool = False) -> Kind:
    """Return the kind of a list of one to four of the numbers, in order."""

    def choose(pick: Pick, sizes: Sizes) -> tuple[float, ...]:
        return tuple(sorted(shuffled(pick, numbers)[: pick.whole(1, 4)], reverse=descending))

    return changed(made_by(choose), list)
