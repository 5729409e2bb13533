"""The exercise ``ssim``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import metrics
from nstlib.check.drawing import tensor
from nstlib.check.evaluation._shared import alike, alike_alone, alike_both_ways, alike_itself, pictures_case, two
from nstlib.check.exercise import Exercise, Function, close, convention, law, mistake
from nstlib.filters import gaussian_kernel
from nstlib.frequency import low_pass

Blur = Callable[[Tensor], Tensor]


_CONSTANTS = (1e-4, 9e-4)  # of SSIM, for images in [0, 1]


def _window(image: Tensor) -> Tensor:
    return low_pass(image, metrics.WINDOW)


def _window_with_zeros(image: Tensor) -> Tensor:
    bell, channels = gaussian_kernel(metrics.WINDOW, dtype=image.dtype), image.shape[1]
    kernel = torch.outer(bell, bell).expand(channels, 1, -1, -1)
    return F.conv2d(image, kernel, padding=len(bell) // 2, groups=channels)


def _square_window(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, 7, 1)


def _moments(x: Tensor, y: Tensor, blur: Blur = _window) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return both means, both variances and the covariance, all in windows."""
    mean_x, mean_y = blur(x), blur(y)
    variances = blur(x * x) - mean_x.square(), blur(y * y) - mean_y.square()
    return mean_x, mean_y, *variances, blur(x * y) - mean_x * mean_y


def _factors(
    x: Tensor,
    y: Tensor,
    *,
    blur: Blur = _window,
    constants: tuple[float, float] = _CONSTANTS,
    correction: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Return SSIM's two factors at each position: that of the means, and that of what is left."""
    mean_x, mean_y, var_x, var_y, covariance = _moments(x, y, blur)
    first, second = constants
    means = (2 * mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return means, (2 * correction * covariance + second) / (correction * (var_x + var_y) + second)


def _inside(values: Tensor) -> Tensor:
    return values[:, :, 5:-5, 5:-5]


def _average(values: Tensor) -> Tensor:
    return values.mean((1, 2, 3))


@law("mirroring both images changes nothing, mirroring one does")
def alike_mirrored(function: Function) -> bool:
    x, y = two()
    return close(function(x.flip(3), y.flip(3)), function(x, y)) and not close(function(x.flip(3), y), function(x, y))


@law("two flat grays are compared by their means alone")
def ssim_grays(function: Function) -> bool:
    x, y = (torch.full((1, 2, 13, 12), gray) for gray in (0.3, 0.6))
    return close(function(x, y), torch.tensor([(2 * 0.3 * 0.6 + 1e-4) / (0.3**2 + 0.6**2 + 1e-4)]))


@law("an image of 11 x 11 pixels is one window")
def one_window(function: Function) -> bool:
    """Compare with the formula for one window, written out."""
    bell = gaussian_kernel(metrics.WINDOW)
    window = torch.outer(bell, bell)
    x, y = (image[:1, :1, 2:13, 3:14].contiguous() for image in two())
    mean_x, mean_y = ((window * image).sum() for image in (x, y))
    products = [(window * (a - m) * (b - n)).sum() for a, m, b, n in ((x, mean_x, x, mean_x), (y, mean_y, y, mean_y))]
    covariance = (window * (x - mean_x) * (y - mean_y)).sum()
    first, second = _CONSTANTS
    means = (2 * mean_x * mean_y + first) / (mean_x**2 + mean_y**2 + first)
    return close(function(x, y), (means * (2 * covariance + second) / (sum(products) + second))[None])


@law("an image that varies and its negative have a similarity below -0.2")
def ssim_negative(function: Function) -> bool:
    """A picture and its negative around mid-gray are anticorrelated in every window."""
    x, _ = two()
    return bool((alike(function, x, 1 - x) < -0.2).all())


@mistake(
    "The constants c1 and c2 are missing, or next to nothing beside numbers up to 255. Then what is almost flat is "
    "compared by its noise, and what is black by 0 / 0."
)
def constants_missing(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(0.0, 0.0))
    return _average(_inside(means * rest))


@mistake("The two constants are exchanged: c1, the smaller one, stands beside the means, c2 beside the variances.")
def constants_swapped(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=_CONSTANTS[::-1])
    return _average(_inside(means * rest))


@mistake("The constants are 0.01 and 0.03 themselves. They stand beside squares, so they are squared too.")
def constants_not_squared(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(0.01, 0.03))
    return _average(_inside(means * rest))


@mistake(
    "These are the constants for pixels from 0 to 255. Beside numbers from 0 to 1 they drown everything: all "
    "images are alike. Which range do yours have?"
)
def constants_of_bytes(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(2.55**2, 7.65**2))
    return _average(_inside(means * rest))


def _unshifted(x: Tensor, y: Tensor, *, covariance_too: bool) -> Tensor:
    mean_x, mean_y, var_x, var_y, covariance = _moments(x, y)
    first, second = _CONSTANTS
    energy = var_x + mean_x.square() + var_y + mean_y.square()
    product = covariance + mean_x * mean_y if covariance_too else covariance
    means = (2 * mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return _average(_inside(means * (2 * product + second) / (energy + second)))


def ssim_variance_unshifted(image: Tensor, reference: Tensor) -> Tensor:
    return _unshifted(image, reference, covariance_too=False)


@mistake(
    "A mean of squares is not yet a variance, nor is a mean of products a covariance: what has to be subtracted from "
    "it?",
    variants=(ssim_variance_unshifted,),
)
def mean_not_taken_out(image: Tensor, reference: Tensor) -> Tensor:
    return _unshifted(image, reference, covariance_too=True)


@mistake("This compares the means in each window and nothing else. Where are the variances and the covariance?")
def means_only(image: Tensor, reference: Tensor) -> Tensor:
    return _average(_inside(_factors(image, reference)[0]))


@mistake("The first factor is missing, the one that compares the means: a darker copy would count as equal.")
def means_missing(image: Tensor, reference: Tensor) -> Tensor:
    return _average(_inside(_factors(image, reference)[1]))


def ssim_of_everything(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=lambda x: x.mean((1, 2, 3), keepdim=True))
    return _average(means * rest)


@mistake(
    "Mean and variance are taken over the whole image, once. Two pictures can have that in common and be different "
    "everywhere: what makes a mean local?",
    variants=(ssim_of_everything,),
)
def no_windows(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=lambda x: x.mean((2, 3), keepdim=True))
    return _average(means * rest)


@mistake(
    "The product of the deviations stands where the covariance should: it asks whether both vary as much, not "
    "whether they vary together."
)
def contrast_without_structure(image: Tensor, reference: Tensor) -> Tensor:
    _, _, var_x, var_y, _ = _moments(image, reference)
    second = _CONSTANTS[1]
    deviations = (var_x.clamp(min=0) * var_y.clamp(min=0)).sqrt()
    means, _ = _factors(image, reference)
    return _average(_inside(means * (2 * deviations + second) / (var_x + var_y + second)))


def ssim_without_the_two(image: Tensor, reference: Tensor) -> Tensor:
    mean_x, mean_y, var_x, var_y, covariance = _moments(image, reference)
    first, second = _CONSTANTS
    means = (mean_x * mean_y + first) / (mean_x.square() + mean_y.square() + first)
    return _average(_inside(means * (covariance + second) / (var_x + var_y + second)))


@mistake(
    "A factor 2 is missing above the line. What is the fraction for two equal images?", variants=(ssim_without_the_two,)
)
def factor_two_missing(image: Tensor, reference: Tensor) -> Tensor:
    _, _, var_x, var_y, covariance = _moments(image, reference)
    means, second = _factors(image, reference)[0], _CONSTANTS[1]
    return _average(_inside(means * (covariance + second) / (var_x + var_y + second)))


def ssim_factors_added(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = (_average(_inside(factor)) for factor in _factors(image, reference))
    return (means + rest) / 2


@mistake(
    "The two factors are averaged over the image before they meet. Each window has a similarity of its own: "
    "multiply first.",
    variants=(ssim_factors_added,),
)
def averaged_before_multiplying(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = (_average(_inside(factor)) for factor in _factors(image, reference))
    return means * rest


def _cropped(width: int) -> Function:
    def similarity(image: Tensor, reference: Tensor) -> Tensor:
        means, rest = _factors(image, reference)
        return _average((means * rest)[:, :, width:-width, width:-width])

    return similarity


def ssim_without_the_first_rows(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average((means * rest)[:, :, 5:, 5:])


def ssim_without_rows(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average((means * rest)[:, :, 5:-5])


def ssim_without_columns(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average((means * rest)[:, :, :, 5:-5])


other_border = mistake(
    "The border that is left out has another width. A window of 11 pixels reaches 5 beyond its middle: 5 rows at the top, "
    "5 at the bottom, and as many columns.",
    "other_border",
)(
    *(_cropped(width) for width in (4, 3, 2, 1)),
    ssim_without_the_first_rows,
    ssim_without_rows,
    ssim_without_columns,
)


def ssim_absolute(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average(_inside(means * rest).abs())


@mistake(
    "Similarities below 0 are cut off, or lose their sign. A negative is not only unlike the picture: it is its opposite. "
    "Average them as they are.",
    variants=(ssim_absolute,),
)
def opposites_lost(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average(_inside(means * rest).clamp(min=0))


other_window = mistake(
    "The window has another width: its standard deviation is 1.5 pixels, `low_pass(x, 1.5)`.", "other_window"
)(
    *(
        lambda image, reference, sigma=sigma: _average(
            _inside(torch.mul(*_factors(image, reference, blur=lambda x: low_pass(x, sigma))))
        )
        for sigma in (1.0, 2.0, 1.2, 3.0)
    )
)


@mistake(
    "Twice the *product* of the deviations stands below the line. It is the sum of the variances that does: a picture "
    "with half the contrast is less similar."
)
def correlation(image: Tensor, reference: Tensor) -> Tensor:
    _, _, var_x, var_y, covariance = _moments(image, reference)
    means, second = _factors(image, reference)[0], _CONSTANTS[1]
    deviations = (var_x.clamp(min=0) * var_y.clamp(min=0)).sqrt()
    return _average(_inside(means * (2 * covariance + second) / (2 * deviations + second)))


def ssim_with_two_large_constants(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(9e-4, 9e-4))
    return _average(_inside(means * rest))


@mistake(
    "The same constant stands in both factors. Beside the means it is 0.01 squared, beside the variances 0.03 squared.",
    variants=(ssim_with_two_large_constants,),
)
def one_constant(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, constants=(1e-4, 1e-4))
    return _average(_inside(means * rest))


@mistake(
    "The channels are averaged into one gray picture first. Each channel is compared by itself; the average comes last."
)
def channels_joined(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image.mean(1, keepdim=True), reference.mean(1, keepdim=True))


@mistake("The images of the batch are averaged. One number for each is asked for: shape (B,).")
def batch_folded_in(image: Tensor, reference: Tensor) -> Tensor:
    return metrics.ssim(image, reference).mean()


def ssim_by_channel(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _inside(means * rest).mean((2, 3))


def ssim_as_a_whole_map(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return means * rest


@mistake(
    "One number for each image is asked for, shape (B,): average over channels and positions.",
    variants=(ssim_by_channel, ssim_as_a_whole_map),
)
def not_averaged(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _inside(means * rest)


def ssim_turned_around_halved(image: Tensor, reference: Tensor) -> Tensor:
    return (1 - metrics.ssim(image, reference)) / 2


@mistake(
    "This is how *different* they are: 0 for equal images. Similarity is 1 there.",
    variants=(ssim_turned_around_halved,),
)
def dissimilarity(image: Tensor, reference: Tensor) -> Tensor:
    return 1 - metrics.ssim(image, reference)


@convention(
    "Your variances divide by 120 where the window has 121 pixels, as a sample's do. Both are in use; your numbers "
    "below will differ a little from the book's."
)
def sample_covariance(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, correction=121 / 120)
    return _average(_inside(means * rest))


@convention(
    "You average over all positions, also where the window reaches beyond the border. Some libraries do; your "
    "numbers below will differ a little from the book's, which leaves those out."
)
def all_positions(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference)
    return _average(means * rest)


@convention(
    "You average over all positions, with zeros beyond the border. Some libraries do; your numbers below will "
    "differ from the book's, as the same black frame around both images makes them more alike."
)
def zeros_beyond_the_border(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=_window_with_zeros)
    return _average(means * rest)


@convention(
    "This is scikit-image's default: a square window, 7 x 7, in place of the paper's Gaussian. Both are in use; "
    "your numbers below will differ from the book's."
)
def square_window(image: Tensor, reference: Tensor) -> Tensor:
    means, rest = _factors(image, reference, blur=_square_window, correction=49 / 48)
    return _average(means * rest)


_PICTURES = (
    pictures_case(1, (1, 3, 16, 19)),
    pictures_case(2, (2, 2, 18, 14)),
    pictures_case(3, (2, 4, 13, 17), loose=True),
    pictures_case(4, (2, 3, 20, 16), "almost gray"),
    pictures_case(5, (3, 1, 15, 12)),
    pictures_case(6, (1, 2, 14, 26), "another left half"),
    pictures_case(7, (1, 3, 13, 15), "almost black"),
)


_SORTS = ("uniform", "ties", "equal", "zeros")


EXERCISE = Exercise(
    __name__,
    title="Structural similarity",
    difficulty=2,
    minutes=15,
    signature="ssim(image, reference)",
    hints=(
        "Look at both pictures through the same small window. Are they as light there? Do they go up and down together?"
        " Two fractions answer that; each is 1 if the two are equal. Then move the window on.",
        "`low_pass(x, 1.5)` is the mean of `x` in a window around every pixel at once. The variance of `x` is the mean "
        "of its squares minus the square of its mean; the covariance is the mean of `x * y` minus the product of the "
        "means.",
        "`vx = low_pass(x * x, 1.5) - mx**2`, `cov = low_pass(x * y, 1.5) - mx * my`, then `(2 * mx * my + c1) / (mx**2"
        " + my**2 + c1)` times `(2 * cov + c2) / (vx + vy + c2)`, then `[:, :, 5:-5, 5:-5].mean((1, 2, 3))`.",
    ),
    reference=metrics.ssim,
    cases=_PICTURES,
    takes={"image": tensor("B C H W", _SORTS), "reference": tensor("B C H W", _SORTS)},
    sizes={"H": (11, 15), "W": (11, 15), "C": (1, 3), "B": (1, 2)},
    drawn=4,
    laws=(alike_itself, alike_both_ways, alike_mirrored, alike_alone, ssim_grays, ssim_negative, one_window),
    verified="means, variances and covariance in windows, for each image by itself",
)
