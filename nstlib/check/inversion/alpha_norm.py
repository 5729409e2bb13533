"""The exercise ``alpha_norm``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import inversion
from nstlib.check.drawing import ANY, PICTURE, one_of, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.inversion._shared import picture, sums


def alpha_norm(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    """Return the sum of ``|image - mean|**alpha`` over colors and positions, shape (B,); ``mean`` has shape (3,)."""
    return inversion.alpha_norm(image, alpha, mean=mean.tolist())


def _alpha_case(seed: int, shape: tuple[int, ...], alpha: float, *, loose: bool = False, there: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
        image, mean = 0.5 + normal(seed, *shape, dtype=dtype), uniform(seed + 50, 3, dtype=dtype)
        if there:
            image[:, :, 0, 0] = mean
        return scattered(image) if loose else image, mean, alpha

    sizes = {"C*H*W": 3 * shape[2] * shape[3], "H*W": shape[2] * shape[3], "alpha": alpha, "2": 2}
    note = ", one pixel of the mean color" if there else ""
    return Case(f"image {shape}{if_loose(loose)}{note}, alpha {alpha:g}", make, sizes)


_MEAN = (0.5, 0.4, 0.3)


def _alpha(function: Function, image: Tensor, alpha: float = 6.0) -> Tensor:
    return torch.as_tensor(function(image, torch.tensor(_MEAN), alpha))


def _around_mean(away: Tensor) -> Tensor:
    return torch.tensor(_MEAN)[:, None, None] + away


@law("an image of the mean color has 0")
def of_mean(function: Function) -> bool:
    return close(_alpha(function, _around_mean(torch.zeros(2, 3, 4, 5))), torch.zeros(2))


@law("twice as far from the mean counts 64 times, at alpha 6")
def power(function: Function) -> bool:
    away = picture()
    return close(_alpha(function, _around_mean(2 * away)), 64 * _alpha(function, _around_mean(away)))


@law("both sides of the mean count alike, at alpha 3 as well")
def both_sides(function: Function) -> bool:
    away = picture()
    return close(_alpha(function, _around_mean(-away), 3.0), _alpha(function, _around_mean(away), 3.0))


@law("an image laid out six times has six times as much")
def tiled(function: Function) -> bool:
    image = picture()
    return close(_alpha(function, image.repeat(1, 1, 2, 3)), 6 * _alpha(function, image))


@law("a single number, 2 beyond the mean, counts 2**6")
def one_pixel(function: Function) -> bool:
    away = torch.zeros(1, 3, 4, 5)
    away[0, 1, 2, 3] = 2.0
    return close(_alpha(function, _around_mean(away)), torch.tensor([64.0]))


@mistake("The mean is not subtracted. Then black is best of all, and the inversion is drawn toward it.")
def mean_not_subtracted(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums(image.abs() ** alpha)


def alpha_of_own_colors(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - image.mean((2, 3), keepdim=True)).abs() ** alpha)


@mistake(
    "The image's own mean is subtracted. An image that drifts away as a whole would cost nothing: use the `mean` "
    "that is given.",
    variants=(alpha_of_own_colors,),
)
def mean_of_the_image(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - image.mean((1, 2, 3), keepdim=True)).abs() ** alpha)


@mistake("One gray is subtracted from all channels. Each color has a mean of its own.")
def one_gray_for_all(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - mean.mean()).abs() ** alpha)


@mistake(
    "Numbers below the mean count as negative when alpha is odd, so they pay for those above. What is missing "
    "before the power?"
)
def sign_kept(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - mean[:, None, None]) ** alpha)


@mistake("This takes the root at the end. That makes it a norm; the regularizer is its power, a plain sum.")
def root_taken(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha) ** (1 / alpha)


@mistake("It is a mean over the numbers of an image; here a sum is asked for. The loss will divide by their number.")
def averaged(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha) / image[0].numel()


@mistake("All images of the batch are added up. Each has a number of its own: shape (B,).")
def batch_summed(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha).sum()


@mistake("It is a square whatever alpha is. Where does alpha come in?")
def always_squared(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - mean[:, None, None]) ** 2)


@mistake("The distance is multiplied by alpha. It is its exponent: `**`, not `*`.")
def times_alpha(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return sums((image - mean[:, None, None]).abs() * alpha)


EXERCISE = Exercise(
    __name__,
    title="A soft wall",
    difficulty=1,
    minutes=8,
    signature="alpha_norm(image, mean, alpha)",
    hints=(
        "How far is each number from the mean of its color? A high power of that is next to nothing inside the range, and "
        "a lot beyond it.",
        "`mean` has three numbers, `image` the shape (B, 3, H, W). Give the mean two more axes, so that it meets the "
        "channels. And an odd power of something negative is negative.",
        "`(image - mean[:, None, None]).abs() ** alpha`, summed over axes 1, 2 and 3.",
    ),
    reference=alpha_norm,
    cases=(
        _alpha_case(1, (1, 3, 4, 5), 6.0),
        _alpha_case(2, (2, 3, 5, 3), 3.0),
        _alpha_case(3, (2, 3, 6, 4), 6.0, loose=True),
        _alpha_case(4, (1, 3, 5, 7), 1.0),
        _alpha_case(5, (1, 3, 1, 4), 2),
        _alpha_case(6, (1, 3, 3, 4), 3.0, there=True),
    ),
    takes={
        "image": tensor("B 3 H W", (*ANY, *PICTURE)),
        "mean": tensor("3", ("uniform",)),
        "alpha": one_of(1.5, 2, 3.0, 6.0),
    },
    differentiable=(0,),
    verified="the power of each distance from its color's mean, one sum for each image",
)
