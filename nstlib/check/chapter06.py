"""Exercises of chapter 06, inversion, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import inversion
from nstlib.check.exercise import (
    Case,
    Convention,
    Exercise,
    Function,
    Law,
    Mistake,
    close,
    normal,
    scattered,
    uniform,
)

CHAPTER = "06_inversion"
Loss = Callable[[Tensor], Tensor]
See = Callable[[Tensor], Tensor]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


def _sums(tensor: Tensor) -> Tensor:
    """Return one sum for each image of a batch."""
    return tensor.sum((1, 2, 3))


# tv_norm ----------------------------------------------------------------------------------------------------------------


def _slopes(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences to the right and downward, 0 beyond the last column and row."""
    return torch.diff(image, dim=3, append=image[..., -1:]), torch.diff(image, dim=2, append=image[..., -1:, :])


def _tv_case(seed: int, shape: tuple[int, ...], beta: float, epsilon: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, beta, epsilon

    _, channels, height, width = shape
    sizes = {"C*H*W": channels * height * width, "H*W": height * width, "C": channels, "2": 2}
    return Case(f"image {shape}{_loose(loose)}, beta {beta:g}, epsilon {epsilon:g}", make, sizes)


def _picture() -> Tensor:
    return uniform(9, 2, 3, 4, 5)


def _tv_flat(function: Function) -> bool:
    return all(close(function(torch.full((2, 3, 4, 5), 0.3), beta, 0.01), torch.zeros(2)) for beta in (1.0, 1.5, 2.0))


def _tv_flat_gradient(function: Function) -> bool:
    image = torch.full((1, 3, 4, 5), 0.3, requires_grad=True)
    torch.as_tensor(function(image, 1.0, 1e-4)).sum().backward()
    return close(image.grad, torch.zeros_like(image))


def _tv_brighter(function: Function) -> bool:
    return close(function(_picture() + 0.5, 1.0, 0.01), function(_picture(), 1.0, 0.01))


def _tv_contrast(function: Function) -> bool:
    return close(function(3 * _picture(), 2.0, 0.01), 9 * torch.as_tensor(function(_picture(), 2.0, 0.01)))


def _tv_edge(function: Function) -> bool:
    """A sharp edge is as dear as a ramp at beta 1."""
    ramp, edge = torch.linspace(0, 1, 5).expand(1, 1, 3, 5), torch.tensor([0, 0, 0, 1.0, 1]).expand(1, 1, 3, 5)
    return close(function(ramp.clone(), 1.0, 1e-9), function(edge.clone(), 1.0, 1e-9), 1e-2)


def tv_without_epsilon(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2) ** (beta / 2))


def tv_without_epsilon_by_norm(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return _sums(torch.linalg.vector_norm(torch.stack(_slopes(image)), dim=0) ** beta)


def tv_epsilon_afterwards(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2) ** (beta / 2) + epsilon)


def tv_epsilon_cancelled(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2) ** (beta / 2) + epsilon - epsilon ** (beta / 2))


def tv_to_beta(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2 + epsilon) ** beta - epsilon**beta)


def tv_to_beta_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2 + epsilon) ** beta)


def tv_square_root(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2 + epsilon).sqrt() - epsilon**0.5)


def tv_each_way(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return sum(_sums((slope**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)) for slope in _slopes(image))


def tv_each_way_absolute(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return sum(_sums(slope.abs() ** beta) for slope in _slopes(image))


def tv_cropped(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = (slope[:, :, :-1, :-1] for slope in _slopes(image))
    return _sums((right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2))


def tv_cropped_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = (slope[:, :, :-1, :-1] for slope in _slopes(image))
    return _sums((right**2 + down**2 + epsilon) ** (beta / 2))


def tv_around(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = image.roll(-1, 3) - image, image.roll(-1, 2) - image
    return _sums((right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2))


def tv_around_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = image.roll(-1, 3) - image, image.roll(-1, 2) - image
    return _sums((right**2 + down**2 + epsilon) ** (beta / 2))


def tv_of_the_batch(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return inversion.tv_norm(image, beta, epsilon).sum()


def tv_of_the_batch_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return tv_unsubtracted(image, beta, epsilon).sum()


def tv_averaged(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return inversion.tv_norm(image, beta, epsilon) / image[0].numel()


def tv_averaged_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    return tv_unsubtracted(image, beta, epsilon) / image[0].numel()


def tv_over_channels(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    squares = (right**2 + down**2).sum(1)  # (B, H, W)
    return ((squares + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum((1, 2))


def tv_unsubtracted(image: Tensor, beta: float, epsilon: float) -> Tensor:
    right, down = _slopes(image)
    return _sums((right**2 + down**2 + epsilon) ** (beta / 2))


TV_NORM = Exercise(
    name="tv_norm",
    chapter=CHAPTER,
    title="How rough is an image?",
    difficulty=2,
    minutes=12,
    signature="tv_norm(image, beta, epsilon)",
    hints=(
        "At each position of each channel there is a small arrow: the difference to the right and the one downward. Its "
        "squared length is what gets a power.",
        "The last column has no right neighbor and the last row none below: fill up with zeros, so that both "
        "differences have the image's shape. The power beta of a length is the power beta / 2 of its square; epsilon goes "
        "under that power.",
        "`right = torch.diff(image, dim=3, append=image[..., -1:])`, `down` likewise along dim 2; then "
        "`(right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)`, summed over axes 1, 2 and 3.",
    ),
    reference=inversion.tv_norm,
    cases=(
        _tv_case(1, (1, 3, 4, 5), 1.0, 0.02),
        _tv_case(2, (2, 3, 5, 4), 2.0, 0.01),
        _tv_case(3, (2, 2, 6, 3), 1.5, 0.05, loose=True),
        _tv_case(4, (1, 4, 5, 7), 1.0, 0.1),
    ),
    laws=(
        Law("a flat image has 0", _tv_flat),
        Law("the gradient of a flat image is 0, not infinite or NaN", _tv_flat_gradient),
        Law("a brighter image is no rougher", _tv_brighter),
        Law("at beta 2, three times the contrast counts nine times", _tv_contrast),
        Law("at beta 1, an edge costs what a ramp of the same height costs", _tv_edge),
    ),
    mistakes=(
        Mistake(
            "epsilon_missing",
            tv_without_epsilon,
            "Epsilon is not used. What is the slope of a power below 1 at 0, and how many neighbors in a photo are equal?",
            (tv_without_epsilon_by_norm,),
        ),
        Mistake(
            "epsilon_after_the_power",
            tv_epsilon_afterwards,
            "Epsilon is added after the power, where it changes no gradient. It has to keep the *power* away from 0.",
            (tv_epsilon_cancelled,),
        ),
        Mistake(
            "power_beta",
            tv_to_beta,
            "The squares get the power beta. They are squares of lengths, and it is the length that gets the power beta: "
            "which power does its square get?",
            (tv_to_beta_unsubtracted,),
        ),
        Mistake(
            "beta_ignored",
            tv_square_root,
            "It is a square root whatever beta is. That is beta 1; where does beta come in?",
        ),
        Mistake(
            "each_direction_alone",
            tv_each_way,
            "The two directions get the power one by one and are added afterwards. Then a slanted edge costs more than an "
            "upright one. Add the squares first.",
            (tv_each_way_absolute,),
        ),
        Mistake(
            "last_row_and_column_lost",
            tv_cropped,
            "The last row and the last column are left out. They have a neighbor too, in the other direction.",
            (tv_cropped_unsubtracted,),
        ),
        Mistake(
            "wrapped_around",
            tv_around,
            "The last column is compared with the first one, or the last row with the first: roll goes around. An image "
            "ends at its border.",
            (tv_around_unsubtracted,),
        ),
        Mistake(
            "batch_summed",
            tv_of_the_batch,
            "All images of the batch are added up. Each has a number of its own: shape (B,).",
            (tv_of_the_batch_unsubtracted,),
        ),
        Mistake(
            "averaged",
            tv_averaged,
            "It is a mean over the numbers of an image; here a sum is asked for. The loss will divide by their number.",
            (tv_averaged_unsubtracted,),
        ),
        Mistake(
            "channels_together",
            tv_over_channels,
            "The channels are added before the power. That is a norm of color edges; here each channel gets the power by "
            "itself.",
        ),
    ),
    conventions=(
        Convention(
            "floor_left",
            tv_unsubtracted,
            "Right: these are the numbers without taking epsilon**(beta / 2) off again. A flat image then has a small "
            "constant instead of 0; the gradient is the same.",
        ),
    ),
    differentiable=(0,),
    verified="every pair of neighbors once, the power of the length, and a slope that is finite where nothing changes",
)


# alpha_norm -------------------------------------------------------------------------------------------------------------


def alpha_norm(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    """Return the sum of ``|image - mean|**alpha`` over colors and positions, shape (B,); ``mean`` has shape (3,)."""
    return inversion.alpha_norm(image, alpha, mean=mean.tolist())


def _alpha_case(seed: int, shape: tuple[int, ...], alpha: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
        image = 0.5 + normal(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, uniform(seed + 50, 3, dtype=dtype), alpha

    sizes = {"C*H*W": 3 * shape[2] * shape[3], "H*W": shape[2] * shape[3], "alpha": alpha, "2": 2}
    return Case(f"image {shape}{_loose(loose)}, alpha {alpha:g}", make, sizes)


_MEAN = (0.5, 0.4, 0.3)


def _alpha(function: Function, image: Tensor, alpha: float = 6.0) -> Tensor:
    return torch.as_tensor(function(image, torch.tensor(_MEAN), alpha))


def _around_mean(away: Tensor) -> Tensor:
    return torch.tensor(_MEAN)[:, None, None] + away


def _alpha_of_mean(function: Function) -> bool:
    return close(_alpha(function, _around_mean(torch.zeros(2, 3, 4, 5))), torch.zeros(2))


def _alpha_power(function: Function) -> bool:
    away = _picture()
    return close(_alpha(function, _around_mean(2 * away)), 64 * _alpha(function, _around_mean(away)))


def _alpha_both_sides(function: Function) -> bool:
    away = _picture()
    return close(_alpha(function, _around_mean(-away), 3.0), _alpha(function, _around_mean(away), 3.0))


def _alpha_tiled(function: Function) -> bool:
    image = _picture()
    return close(_alpha(function, image.repeat(1, 1, 2, 3)), 6 * _alpha(function, image))


def _alpha_one_pixel(function: Function) -> bool:
    away = torch.zeros(1, 3, 4, 5)
    away[0, 1, 2, 3] = 2.0
    return close(_alpha(function, _around_mean(away)), torch.tensor([64.0]))


def alpha_without_mean(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums(image.abs() ** alpha)


def alpha_of_own_mean(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - image.mean((1, 2, 3), keepdim=True)).abs() ** alpha)


def alpha_of_own_colors(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - image.mean((2, 3), keepdim=True)).abs() ** alpha)


def alpha_of_gray(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - mean.mean()).abs() ** alpha)


def alpha_signed(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - mean[:, None, None]) ** alpha)


def alpha_rooted(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha) ** (1 / alpha)


def alpha_averaged(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha) / image[0].numel()


def alpha_of_the_batch(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return alpha_norm(image, mean, alpha).sum()


def alpha_squared(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - mean[:, None, None]) ** 2)


def alpha_times(image: Tensor, mean: Tensor, alpha: float) -> Tensor:
    return _sums((image - mean[:, None, None]).abs() * alpha)


ALPHA_NORM = Exercise(
    name="alpha_norm",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("an image of the mean color has 0", _alpha_of_mean),
        Law("twice as far from the mean counts 64 times, at alpha 6", _alpha_power),
        Law("both sides of the mean count alike, at alpha 3 as well", _alpha_both_sides),
        Law("an image laid out six times has six times as much", _alpha_tiled),
        Law("a single number, 2 beyond the mean, counts 2**6", _alpha_one_pixel),
    ),
    mistakes=(
        Mistake(
            "mean_not_subtracted",
            alpha_without_mean,
            "The mean is not subtracted. Then black is best of all, and the inversion is drawn toward it.",
        ),
        Mistake(
            "mean_of_the_image",
            alpha_of_own_mean,
            "The image's own mean is subtracted. An image that drifts away as a whole would cost nothing: use the `mean` "
            "that is given.",
            (alpha_of_own_colors,),
        ),
        Mistake(
            "one_gray_for_all",
            alpha_of_gray,
            "One gray is subtracted from all channels. Each color has a mean of its own.",
        ),
        Mistake(
            "sign_kept",
            alpha_signed,
            "Numbers below the mean count as negative when alpha is odd, so they pay for those above. What is missing "
            "before the power?",
        ),
        Mistake(
            "root_taken",
            alpha_rooted,
            "This takes the root at the end. That makes it a norm; the regularizer is its power, a plain sum.",
        ),
        Mistake(
            "averaged",
            alpha_averaged,
            "It is a mean over the numbers of an image; here a sum is asked for. The loss will divide by their number.",
        ),
        Mistake(
            "batch_summed",
            alpha_of_the_batch,
            "All images of the batch are added up. Each has a number of its own: shape (B,).",
        ),
        Mistake("always_squared", alpha_squared, "It is a square whatever alpha is. Where does alpha come in?"),
        Mistake("times_alpha", alpha_times, "The distance is multiplied by alpha. It is its exponent: `**`, not `*`."),
    ),
    differentiable=(0,),
    verified="the power of each distance from its color's mean, one sum for each image",
)


# normalized_error -------------------------------------------------------------------------------------------------------


def _error_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features, target = normal(seed, *shape, dtype=dtype) + 0.3, 2 * normal(seed + 50, *shape, dtype=dtype) + 0.5
        return (scattered(features), scattered(target)) if loose else (features, target)

    _, channels, height, width = shape
    sizes = {"C*H*W": channels * height * width, "H*W": height * width, "C": channels, "2": 2}
    return Case(f"features and target {shape}{_loose(loose)}", make, sizes)


def _features() -> tuple[Tensor, Tensor]:
    return normal(11, 2, 3, 4, 5) + 0.3, 2 * normal(12, 2, 3, 4, 5)


def _error_of_itself(function: Function) -> bool:
    _, target = _features()
    return close(function(target.clone(), target), torch.zeros(2))


def _error_of_zeros(function: Function) -> bool:
    _, target = _features()
    return close(function(torch.zeros_like(target), target), torch.ones(2))


def _error_of_half(function: Function) -> bool:
    _, target = _features()
    return close(function(target / 2, target), torch.full((2,), 0.25))


def _error_unit(function: Function) -> bool:
    features, target = _features()
    return close(function(100 * features, 100 * target), function(features, target))


def _error_alone(function: Function) -> bool:
    features, target = _features()
    single = [torch.as_tensor(function(features[k : k + 1], target[k : k + 1])).reshape(()) for k in range(2)]
    return close(function(features, target), torch.stack(single))


def error_of_lengths(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2).sqrt() / _sums(target**2).sqrt()


def error_of_own(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2) / _sums(features**2)


def error_plain(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2)


def error_plain_mean(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).mean((1, 2, 3))


def error_mean_over_sum(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).mean((1, 2, 3)) / _sums(target**2)


def error_of_the_batch(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target) ** 2).sum() / (target**2).sum()


def error_averaged(features: Tensor, target: Tensor) -> Tensor:
    return inversion.normalized_error(features, target).mean()


def error_shared_scale(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2) / (target**2).sum()


def error_unit_by_unit(features: Tensor, target: Tensor) -> Tensor:
    return _sums(((features - target) / target) ** 2)


def error_unit_by_unit_mean(features: Tensor, target: Tensor) -> Tensor:
    return (((features - target) / target) ** 2).mean((1, 2, 3))


def error_absolute(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target).abs()) / _sums(target.abs())


def error_not_squared_below(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2) / _sums(target**2).sqrt()


def error_of_squares(features: Tensor, target: Tensor) -> Tensor:
    return _sums(features**2 - target**2) / _sums(target**2)


def error_centered(features: Tensor, target: Tensor) -> Tensor:
    return _sums((features - target) ** 2) / _sums((target - target.mean((1, 2, 3), keepdim=True)) ** 2)


NORMALIZED_ERROR = Exercise(
    name="normalized_error",
    chapter=CHAPTER,
    title="How far from the target?",
    difficulty=1,
    minutes=6,
    signature="normalized_error(features, target)",
    hints=(
        "An error of 5 means nothing by itself. Compare it with the size of what should have been there.",
        "A squared length is a sum of squares, over all axes but the first. Divide the one of the difference by the one "
        "of the target, image by image.",
        "`(features - target).square().sum((1, 2, 3)) / target.square().sum((1, 2, 3))`",
    ),
    reference=inversion.normalized_error,
    cases=(
        _error_case(1, (1, 3, 4, 5)),
        _error_case(2, (2, 5, 3, 4)),
        _error_case(3, (2, 4, 6, 3), loose=True),
        _error_case(4, (1, 2, 5, 7)),
    ),
    laws=(
        Law("the target itself has 0", _error_of_itself),
        Law("features of zeros have 1", _error_of_zeros),
        Law("half of the target has 1/4", _error_of_half),
        Law("the unit of the features does not matter", _error_unit),
        Law("an image has the same error alone and in a batch", _error_alone),
    ),
    mistakes=(
        Mistake(
            "not_squared",
            error_of_lengths,
            "This is the ratio of the two lengths; asked for is the ratio of their squares. (The square root has no finite "
            "slope at 0.)",
        ),
        Mistake(
            "relative_to_itself",
            error_of_own,
            "It is divided by the features that are being optimized, which can grow to make the error look small. Which of "
            "the two stays fixed?",
        ),
        Mistake(
            "not_normalized",
            error_plain,
            "Nothing is divided by the size of the target, so a layer with large activations has large errors.",
            (error_plain_mean,),
        ),
        Mistake(
            "mean_over_sum",
            error_mean_over_sum,
            "Above stands a mean, below a sum. Both alike, and their number cancels.",
        ),
        Mistake(
            "batch_together",
            error_of_the_batch,
            "All images of the batch have one error together. Each has its own: shape (B,).",
            (error_averaged,),
        ),
        Mistake(
            "scale_of_the_batch",
            error_shared_scale,
            "Each image's error is divided by the size of all targets together. Which one belongs to it?",
        ),
        Mistake(
            "unit_by_unit",
            error_unit_by_unit,
            "Each unit is divided by its own target. After a ReLU many of those are 0. Sum first, then divide once.",
            (error_unit_by_unit_mean,),
        ),
        Mistake(
            "absolute_values",
            error_absolute,
            "These are sums of absolute values; a squared Euclidean length is a sum of squares.",
        ),
        Mistake(
            "root_below_only",
            error_not_squared_below,
            "Above stands a squared length, below a length: then the unit of the features matters.",
        ),
        Mistake(
            "difference_of_squares",
            error_of_squares,
            "Squares are subtracted from squares. Where something is too strong and elsewhere too weak, that cancels: "
            "subtract first, then square.",
        ),
        Mistake(
            "target_centered",
            error_centered,
            "The target's mean is taken off below the line. Here 1 should mean: as far off as no activation at all.",
        ),
    ),
    differentiable=(0,),
    verified="0 at the target, 1 at zeros, the same in any unit, for each image by itself",
)


# inversion_loss ---------------------------------------------------------------------------------------------------------


def inversion_loss(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    """Return normalized error plus weight times relative total variation (beta 2), for each image: shape (B,).

    Args:
        image: shape (B, C, H, W).
        see: from an image to its features.
        target: features wanted, shape (B, c, h, w).
        weight: lambda.
        slope: what differences of a typical photo are; the mean of dx**2 + dy**2 is divided by its square.
    """
    roughness = inversion.tv_norm(image) / (image[0].numel() * slope**2)
    return inversion.normalized_error(see(image), target) + weight * roughness


def _eye(seed: int, channels: int, dtype: torch.dtype) -> See:
    kernels = normal(seed, 4, channels, 3, 3, dtype=dtype)

    def see(image: Tensor) -> Tensor:
        return F.max_pool2d(F.conv2d(image, kernels.to(image), padding=1).relu(), 2)

    return see


def _loss_case(seed: int, shape: tuple[int, ...], weight: float, slope: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, See, Tensor, float, float]:
        image, photo = uniform(seed, *shape, dtype=dtype), uniform(seed + 50, *shape, dtype=dtype)
        see = _eye(seed + 20, shape[1], dtype)
        return scattered(image) if loose else image, see, see(photo), weight, slope

    return Case(f"image {shape}{_loose(loose)}, weight {weight:g}, slope {slope:g}", make, {"weight": weight, "2": 2})


def _inversion(function: Function, image: Tensor, target: Tensor | None = None, weight: float = 0.3) -> Tensor:
    see = _eye(3, 3, image.dtype)
    return torch.as_tensor(function(image, see, see(_picture()) if target is None else target, weight, 0.2))


def _loss_of_a_flat_target(function: Function) -> bool:
    """A flat image that has the right features has nothing to lower."""
    image = torch.full((2, 3, 4, 6), 0.3)
    return close(_inversion(function, image, _eye(3, 3, image.dtype)(image)), torch.zeros(2))


def _loss_without_weight(function: Function) -> bool:
    image = uniform(14, 2, 3, 4, 5)
    see = _eye(3, 3, image.dtype)
    return close(_inversion(function, image, weight=0.0), inversion.normalized_error(see(image), see(_picture())))


def _loss_linear(function: Function) -> bool:
    image = uniform(14, 2, 3, 4, 5)
    none, one, three = (_inversion(function, image, weight=weight) for weight in (0.0, 1.0, 3.0))
    return close(three - none, 3 * (one - none))


def _loss_typical(function: Function) -> bool:
    """An image in which every difference is one slope costs exactly its weight."""
    ramp = (0.2 * torch.arange(400.0)).expand(1, 3, 2, 400)
    see = _eye(3, 3, ramp.dtype)
    return close(_inversion(function, ramp, see(ramp), weight=2.0), torch.tensor([2.0]), 5e-3)


def _loss_feels(function: Function) -> bool:
    image = uniform(14, 1, 3, 4, 5).requires_grad_(True)
    see = _eye(3, 3, image.dtype)
    loss = _inversion(function, image, see(_picture()[:1]), weight=0.0)
    (gradient,) = torch.autograd.grad(loss.sum(), image)
    return bool(
        (loss.detach() > _inversion(function, (image - 1e-3 * gradient).detach(), see(_picture()[:1]), 0.0)).all()
    )


def _parts(image: Tensor, see: See, target: Tensor, slope: float) -> tuple[Tensor, Tensor]:
    error = inversion.normalized_error(see(image), target)
    return error, inversion.tv_norm(image) / (image[0].numel() * slope**2)


def loss_weight_on_error(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return weight * error + roughness


def loss_weight_on_both(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return weight * (error + roughness)


def loss_without_weight(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return sum(_parts(image, see, target, slope))


def loss_blended(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return (1 - weight) * error + weight * roughness


def loss_slope_not_squared(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope


def loss_without_slope(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope**2


def loss_times_slope(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope**4


def loss_summed(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * image[0].numel()


def loss_over_positions(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * image.shape[1]


def loss_over_batch(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness / len(image)


def loss_features_detached(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, lambda x: see(x.detach()), target, slope)
    return error + weight * roughness


def loss_roughness_of_features(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    features = see(image)
    roughness = inversion.tv_norm(features) / (features[0].numel() * slope**2)
    return inversion.normalized_error(features, target) + weight * roughness


def loss_subtracted(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error - weight * roughness


def loss_error_plain(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return _sums((see(image) - target) ** 2) + weight * _parts(image, see, target, slope)[1]


def loss_error_mean(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return error_plain_mean(see(image), target) + weight * _parts(image, see, target, slope)[1]


def loss_error_only(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return _parts(image, see, target, slope)[0]


def loss_total(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return inversion_loss(image, see, target, weight, slope).sum()


def loss_mean(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return inversion_loss(image, see, target, weight, slope).mean()


INVERSION_LOSS = Exercise(
    name="inversion_loss",
    chapter=CHAPTER,
    title="What an inversion lowers",
    difficulty=2,
    minutes=10,
    signature="inversion_loss(image, see, target, weight, slope)",
    hints=(
        "Two wishes, and a price between them: the features should be those of the target, and the image should be no "
        "rougher than a photo.",
        "The error is yours already. Divide the roughness by what a photo would have: by how many numbers an image holds, "
        "and by the square of the slope. `weight` stands before that second term.",
        "`normalized_error(see(image), target) + weight * tv_norm(image, 2.0, 1e-6) / (image[0].numel() * slope**2)`",
    ),
    reference=inversion_loss,
    cases=(
        _loss_case(1, (1, 3, 4, 6), 0.3, 0.2),
        _loss_case(2, (2, 3, 6, 5), 2.0, 0.3),
        _loss_case(3, (2, 2, 7, 4), 0.1, 0.15, loose=True),
        _loss_case(4, (1, 4, 5, 8), 0.7, 0.4),
    ),
    laws=(
        Law("a flat image with the right features has nothing to lower", _loss_of_a_flat_target),
        Law("with weight 0 it is the normalized error", _loss_without_weight),
        Law("three times the weight is three times the second term", _loss_linear),
        Law("an image whose every difference is one slope costs its weight", _loss_typical),
        Law("a small step against the gradient lowers the error", _loss_feels),
    ),
    mistakes=(
        Mistake(
            "weight_on_the_error",
            loss_weight_on_error,
            "The weight stands before the error. Lambda is the price of roughness: with 0, only the features should count.",
        ),
        Mistake(
            "weight_on_both", loss_weight_on_both, "The weight stands before both terms, so it changes no balance."
        ),
        Mistake("weight_forgotten", loss_without_weight, "`weight` is not used. Which term should it scale?"),
        Mistake(
            "blended",
            loss_blended,
            "The error is scaled by 1 - weight. Here the error stays as it is, and the weight may be larger than 1.",
        ),
        Mistake(
            "slope_not_squared",
            loss_slope_not_squared,
            "It is divided by the slope once. With beta 2 the differences were squared: how is their unit removed?",
        ),
        Mistake("slope_forgotten", loss_without_slope, "`slope` is not used. How rough would a photo be?"),
        Mistake(
            "times_slope",
            loss_times_slope,
            "It is multiplied by the squared slope. The term should be about 1 for a photo: divide.",
        ),
        Mistake(
            "not_averaged",
            loss_summed,
            "The roughness is a sum over all numbers of the image, so the same lambda would mean more for a larger one.",
        ),
        Mistake(
            "channels_not_counted",
            loss_over_positions,
            "It is divided by the positions only, and the sum goes over the channels too: how many numbers has an image?",
        ),
        Mistake(
            "batch_counted",
            loss_over_batch,
            "It is divided by the numbers of the whole batch. Each image has its own roughness: divide by its own.",
        ),
        Mistake(
            "features_detached",
            loss_features_detached,
            "The value is right, but the features are cut loose from the image, so that only roughness pulls at the pixels.",
        ),
        Mistake(
            "roughness_of_the_features",
            loss_roughness_of_features,
            "This measures how rough the *features* are. It is the image that should look like a photo.",
        ),
        Mistake("subtracted", loss_subtracted, "The roughness is subtracted, and so it is rewarded."),
        Mistake(
            "error_not_normalized",
            loss_error_plain,
            "The error is not divided by the size of the target. Then each layer would want another lambda.",
            (loss_error_mean,),
        ),
        Mistake("error_alone", loss_error_only, "This is the error alone. What keeps the noise out of the image?"),
        Mistake(
            "batch_together",
            loss_total,
            "The batch has one number together. Each image has its own: shape (B,).",
            (loss_mean,),
        ),
    ),
    differentiable=(0,),
    verified="both terms relative, lambda before the second, and both reach the pixels",
)


# invert -----------------------------------------------------------------------------------------------------------------


def invert(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple[Tensor, list[float]]:
    """Return the image after ``steps`` steps of gradient descent with momentum, and the loss before each of them.

    ``velocity = momentum * velocity - rate * gradient``, from 0 on, then ``image = image + velocity``.

    Args:
        start: where to begin; it stays as it is.
        loss: from an image to a scalar.
        steps: how many. rate: of the gradient. momentum: share of the velocity that stays.
    """
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity - rate * slope)


def _descend(
    start: Tensor,
    loss: Loss,
    steps: int,
    rate: float,
    push: Callable[[Tensor, Tensor], Tensor],
    *,
    look: float = 0.0,
    sticky: bool = False,
    change: Callable[[Tensor], Tensor] = lambda image: image,
) -> tuple[Tensor, list[float]]:
    """Run a descent whose velocity follows ``push(velocity, gradient)``.

    ``look``: how far ahead along the velocity the gradient is taken. ``sticky``: gradients add up. ``change``: what is
    done to the image after each step.
    """
    image, velocity, slope, losses = start.detach().clone(), torch.zeros_like(start), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = (image + look * velocity).requires_grad_(True)
        value = loss(leaf)
        (found,) = torch.autograd.grad(value, leaf)
        slope = slope + found if sticky else found
        losses.append(value.item())
        velocity = push(velocity, slope)
        image = change(image + velocity)
    return image, losses


def _hollow(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Loss:
    """Return a smooth loss that is steeper in some directions than in others, and lowest outside [0, 1] in places."""
    target, steepness = 0.5 + normal(seed, *shape, dtype=dtype), 0.2 + 2 * uniform(seed + 1, *shape, dtype=dtype)
    return lambda image: (steepness * (image - target).square()).sum() + 0.3 * image.mean().square()


def _bowl(target: Tensor) -> Loss:
    return lambda image: (image - target).square().sum() / 2


def _invert_case(
    seed: int, shape: tuple[int, ...], steps: int, rate: float, momentum: float, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, int, float, float]:
        start = uniform(seed, *shape, dtype=dtype)
        return scattered(start) if loose else start, _hollow(seed + 20, shape, dtype), steps, rate, momentum

    label = f"start {shape}{_loose(loose)}, {steps} steps, rate {rate:g}, momentum {momentum:g}"
    return Case(label, make)


def _watch_invert(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], Tensor):
        return result
    image, losses = result
    listed = isinstance(losses, (list, tuple))
    return {
        "the image": image.detach().clone(),
        "the list of losses": [float(v) if isinstance(v, Tensor) and v.numel() == 1 else v for v in losses]
        if listed
        else losses,
        "a graph on the image": image.requires_grad,
        "a graph on the losses": listed and any(isinstance(v, Tensor) and v.requires_grad for v in losses),
    }


def _from_picture(function: Function, steps: int, rate: float, momentum: float, loss: Loss | None = None) -> tuple:
    noise = 0.5 + normal(6, 2, 3, 4, 5) / 2
    image, losses = function(_picture(), _bowl(noise) if loss is None else loss, steps, rate, momentum)
    return torch.as_tensor(image), [float(value) for value in losses], noise


def _invert_first(function: Function) -> bool:
    _, losses, noise = _from_picture(function, 3, 0.1, 0.5)
    return close(losses[0], _bowl(noise)(_picture()))


def _invert_plain(function: Function) -> bool:
    image, _, noise = _from_picture(function, 2, 0.5, 0.0)
    return close(image, noise + (_picture() - noise) / 4)


def _invert_slope(function: Function) -> bool:
    """On an even slope, momentum 1/2 makes the second step half as long again."""
    image, _, _ = _from_picture(function, 2, 0.1, 0.5, lambda x: 2 * x.sum())
    return close(image, _picture() - 0.2 - 0.3)


def _invert_ahead(function: Function) -> bool:
    """In a long valley, momentum gets further in the same number of steps."""

    def loss(image: Tensor) -> Tensor:
        return 0.01 * image.square().sum()

    slow, fast = (_from_picture(function, 25, 1.0, momentum, loss)[1] for momentum in (0.0, 0.8))
    return len(fast) == 25 and fast[-1] < slow[-1] / 2


def _invert_home(function: Function) -> bool:
    image, losses, noise = _from_picture(function, 60, 0.3, 0.5)
    return close(image, noise) and losses[-1] < losses[0]


def invert_without_momentum(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: -rate * slope)


def invert_averaged(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(
        start, loss, steps, rate, lambda velocity, slope: momentum * velocity - (1 - momentum) * rate * slope
    )


def invert_uphill(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity + rate * slope)


def invert_rate_twice(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: rate * (momentum * velocity - slope))


def invert_rate_squared(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity - rate**2 * slope)


def invert_whole_velocity(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: velocity - rate * slope)


def invert_ahead(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda v, slope: momentum * v - rate * slope, look=momentum)


def invert_as_nesterov_in_torch(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _by_sgd(start, loss, steps, rate, momentum, nesterov=momentum > 0)


def invert_not_cleared(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda v, slope: momentum * v - rate * slope, sticky=True)


def invert_clamped(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    push = lambda v, slope: momentum * v - rate * slope  # noqa: E731
    return _descend(start, loss, steps, rate, push, change=lambda image: image.clamp(0, 1))


def invert_clamped_last(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image.clamp(0, 1), losses


def invert_new_optimizer(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _by_sgd(start, loss, steps, rate, momentum, anew=True)


def invert_with_adam(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    pixels = start.detach().clone().requires_grad_(True)
    optimizer, losses = torch.optim.Adam([pixels], lr=rate), []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return pixels.detach(), losses


def _by_sgd(
    start: Tensor, loss: Loss, steps: int, rate: float, momentum: float, *, anew: bool = False, nesterov: bool = False
) -> tuple[Tensor, list[float]]:
    pixels = start.detach().clone().requires_grad_(True)
    optimizer, losses = torch.optim.SGD([pixels], lr=rate, momentum=momentum, nesterov=nesterov), []
    for _ in range(steps):
        optimizer = torch.optim.SGD([pixels], lr=rate, momentum=momentum) if anew else optimizer
        optimizer.zero_grad()
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return pixels.detach(), losses


def invert_never_moved(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return start.detach().clone(), invert(start, loss, steps, rate, momentum)[1]


def invert_losses_after(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image, [*losses[1:], float(loss(image))]


def invert_one_loss_more(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image, [*losses, float(loss(image))]


def invert_one_step_less(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return invert(start, loss, steps - 1, rate, momentum)


def invert_one_step_more(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return invert(start, loss, steps + 1, rate, momentum)


def invert_in_place(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    with torch.no_grad():
        start.copy_(image)
    return image, losses


def invert_in_place_marked(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert_in_place(start, loss, steps, rate, momentum)
    start.requires_grad_(True)
    return image, losses


INVERT = Exercise(
    name="invert",
    chapter=CHAPTER,
    title="Down the valley, with momentum",
    difficulty=2,
    minutes=15,
    signature="invert(start, loss, steps, rate, momentum)",
    hints=(
        "A ball that rolls keeps some of its speed. Beside the image there is a second tensor to carry along: the velocity.",
        "The velocity starts at 0. In each step, note the loss, take the gradient of the image as it is now, and make the "
        "new velocity from the old one and the gradient; then add it to the image. Each step's image is a new leaf.",
        "In the loop: `leaf = image.detach().requires_grad_(True)`, `value = loss(leaf)`, `losses.append(value.item())`, "
        "`gradient, = torch.autograd.grad(value, leaf)`, `velocity = momentum * velocity - rate * gradient`, "
        "`image = image + velocity`.",
    ),
    reference=invert,
    cases=(
        _invert_case(1, (1, 3, 4, 5), 6, 0.1, 0.9),
        _invert_case(2, (2, 3, 5, 4), 4, 0.2, 0.5),
        _invert_case(3, (2, 3, 6, 4), 5, 0.05, 0.8, loose=True),
        _invert_case(4, (1, 3, 5, 7), 3, 0.15, 0.3),
    ),
    laws=(
        Law("the first loss is that of the start", _invert_first),
        Law("without momentum, rate 1/2 in a round bowl halves the distance in each step", _invert_plain),
        Law("on an even slope, momentum 1/2 makes the second step half as long again", _invert_slope),
        Law("in a long valley, momentum gets further in the same number of steps", _invert_ahead),
        Law("in a bowl it comes to rest in the middle", _invert_home),
    ),
    mistakes=(
        Mistake(
            "momentum_ignored",
            invert_without_momentum,
            "There is no momentum: each step follows the gradient alone. What is left of the step before? (An optimizer "
            "that is made anew in each step has forgotten it, too.)",
            (invert_new_optimizer,),
        ),
        Mistake(
            "averaged",
            invert_averaged,
            "The gradient is scaled by 1 - momentum, so the velocity is an average. Here it is a sum: at 0.9 an even slope "
            "is run down ten times as fast.",
        ),
        Mistake("uphill", invert_uphill, "The loss rises: the gradient is added. Which way does it point?"),
        Mistake(
            "rate_on_the_velocity",
            invert_rate_twice,
            "The rate scales the old velocity, too, which already contains it. It belongs to the gradient alone.",
        ),
        Mistake("rate_squared", invert_rate_squared, "The rate comes in twice. Once is enough, at the gradient."),
        Mistake(
            "velocity_not_damped",
            invert_whole_velocity,
            "All of the old velocity stays. Without friction the ball never comes to rest: where does `momentum` come in?",
        ),
        Mistake(
            "nesterov",
            invert_ahead,
            "The gradient is taken ahead of the image, as Nesterov does. A good idea, but the loss and the gradient asked "
            "for are those of the image as it is.",
            (invert_as_nesterov_in_torch,),
        ),
        Mistake(
            "gradient_not_cleared",
            invert_not_cleared,
            "Gradients add up over the steps: the sum of all of them is followed. Which line clears them?",
        ),
        Mistake(
            "clamped",
            invert_clamped,
            "The image is clamped to [0, 1]. Here the loss has to keep it there (alpha_norm does), not the loop.",
            (invert_clamped_last,),
        ),
        Mistake("adam", invert_with_adam, "This is Adam. Asked for is plain gradient descent with momentum."),
        Mistake(
            "never_moved",
            invert_never_moved,
            "The image that is returned has not moved. Is it the one that the steps were added to?",
        ),
        Mistake(
            "losses_after_the_step",
            invert_losses_after,
            "Each loss is noted after the step it belongs to. The first one should be that of the start.",
        ),
        Mistake("one_loss_too_many", invert_one_loss_more, "There is one loss more than there are steps."),
        Mistake(
            "steps_miscounted",
            invert_one_step_less,
            "There is one step too few, or one too many. What does range() start with, and where does it end?",
            (invert_one_step_more,),
        ),
        Mistake(
            "in_place",
            invert_in_place,
            "The start that was given is overwritten. Work on a copy.",
            (invert_in_place_marked,),
        ),
    ),
    observe=_watch_invert,
    verified="the right path step by step, losses before each step, and the start stays as it was",
)


# spread -----------------------------------------------------------------------------------------------------------------


def _spread_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        batch = normal(seed, *shape, dtype=dtype) * torch.arange(1, shape[0] + 1).to(dtype).reshape(-1, 1, 1, 1)
        return (scattered(batch) if loose else batch,)

    count = shape[0]
    sizes = {"C*H*W": shape[1] * shape[2] * shape[3], "N": count, "the number of pairs": count * (count - 1) / 2}
    return Case(f"batch {shape}{_loose(loose)}", make, sizes)


def _several() -> Tensor:
    return normal(21, 4, 3, 2, 5)


def _spread_of_equals(function: Function) -> bool:
    return close(function(_several()[:1].repeat(3, 1, 1, 1)), 0.0)


def _spread_of_two(function: Function) -> bool:
    two = _several()[:2]
    return close(function(two), (two[0] - two[1]).square().sum())


def _spread_moved(function: Function) -> bool:
    return close(function(_several() + 3), function(_several()))


def _spread_order(function: Function) -> bool:
    return close(function(_several()[[2, 0, 3, 1]]), function(_several()))


def _spread_scaled(function: Function) -> bool:
    return close(function(3 * _several()), 9 * torch.as_tensor(function(_several())))


def _spread_corners(function: Function) -> bool:
    """Unit vectors are all 2 apart, squared, however many there are."""
    return all(close(function(torch.eye(n, 12).reshape(n, 3, 2, 2)), 2.0) for n in (2, 3, 5))


def _squared_distances(batch: Tensor) -> Tensor:
    flat = batch.flatten(1)
    return (flat[:, None] - flat).square().sum(2)  # (N, N)


def _pairs(batch: Tensor) -> Tensor:
    above = torch.triu_indices(len(batch), len(batch), 1)
    return _squared_distances(batch)[above[0], above[1]]


def spread_not_squared(batch: Tensor) -> Tensor:
    return _pairs(batch).sqrt().mean()


def spread_squared_afterwards(batch: Tensor) -> Tensor:
    return _pairs(batch).sqrt().mean() ** 2


def spread_rooted(batch: Tensor) -> Tensor:
    return _pairs(batch).mean().sqrt()


def spread_per_number(batch: Tensor) -> Tensor:
    return _pairs(batch).mean() / batch[0].numel()


def spread_summed(batch: Tensor) -> Tensor:
    return _pairs(batch).sum()


def spread_summed_both_ways(batch: Tensor) -> Tensor:
    return _squared_distances(batch).sum()


def spread_counted_twice(batch: Tensor) -> Tensor:
    return 2 * _pairs(batch).mean()


def spread_to_the_mean(batch: Tensor) -> Tensor:
    return (batch - batch.mean(0)).square().flatten(1).sum(1).mean()


def spread_to_the_mean_unbiased(batch: Tensor) -> Tensor:
    return batch.flatten(1).var(0).sum()


def spread_of_neighbors(batch: Tensor) -> Tensor:
    return (batch[1:] - batch[:-1]).square().flatten(1).sum(1).mean()


def spread_from_the_first(batch: Tensor) -> Tensor:
    return (batch[1:] - batch[0]).square().flatten(1).sum(1).mean()


def spread_absolute(batch: Tensor) -> Tensor:
    flat = batch.flatten(1)
    above = torch.triu_indices(len(batch), len(batch), 1)
    return (flat[:, None] - flat).abs().sum(2)[above[0], above[1]].mean()


def spread_largest(batch: Tensor) -> Tensor:
    return _pairs(batch).max()


def spread_with_itself(batch: Tensor) -> Tensor:
    return _squared_distances(batch).mean()


SPREAD = Exercise(
    name="spread",
    chapter=CHAPTER,
    title="How far is far?",
    difficulty=2,
    minutes=10,
    signature="spread(batch)",
    hints=(
        "Take two different members of the batch: how far are they apart, squared? Then the same for every pair.",
        "Flatten each member to one long vector. A double loop with j < i visits each pair once; divide by how many pairs "
        "that were, N (N - 1) / 2.",
        "`flat = batch.flatten(1)`; collect `(flat[i] - flat[j]).square().sum()` for i in range(N) and j in range(i), "
        "and return the mean of `torch.stack(pairs)`.",
    ),
    reference=inversion.spread,
    cases=(
        _spread_case(1, (3, 3, 4, 5)),
        _spread_case(2, (2, 4, 3, 5)),
        _spread_case(3, (5, 2, 6, 4), loose=True),
        _spread_case(4, (4, 3, 5, 7)),
    ),
    laws=(
        Law("copies of one image have 0", _spread_of_equals),
        Law("of two members it is their squared distance", _spread_of_two),
        Law("moving the whole batch changes nothing", _spread_moved),
        Law("the order of the members does not matter", _spread_order),
        Law("three times the numbers are nine times the spread", _spread_scaled),
        Law("unit vectors have 2, however many there are", _spread_corners),
    ),
    mistakes=(
        Mistake(
            "not_squared",
            spread_not_squared,
            "This is a mean of distances; asked for is one of *squared* distances, as in the normalized error.",
            (spread_squared_afterwards, spread_rooted),
        ),
        Mistake(
            "mean_over_numbers",
            spread_per_number,
            "The squared differences of a pair are averaged over its numbers. A squared distance is their sum.",
        ),
        Mistake(
            "pairs_summed",
            spread_summed,
            "The pairs are added up. A larger batch would have a larger spread: take their mean.",
            (spread_summed_both_ways,),
        ),
        Mistake(
            "pairs_twice",
            spread_counted_twice,
            "It is twice too large. Does the sum go over i, j and over j, i, and the number of pairs counts one of them?",
        ),
        Mistake(
            "distance_to_the_mean",
            spread_to_the_mean,
            "This measures distances to the mean of the batch, which is half as much or less. How far are two members from "
            "each other?",
            (spread_to_the_mean_unbiased,),
        ),
        Mistake(
            "neighbors_only",
            spread_of_neighbors,
            "Only members that follow each other are compared. Then their order matters: go over all pairs.",
        ),
        Mistake(
            "from_the_first",
            spread_from_the_first,
            "All members are compared with the first one only. Go over all pairs.",
        ),
        Mistake("absolute_values", spread_absolute, "These are sums of absolute differences; square them."),
        Mistake("largest_pair", spread_largest, "This is the largest of the distances; their mean is asked for."),
    ),
    conventions=(
        Convention(
            "self_pairs",
            spread_with_itself,
            "Right: these are the numbers of Mahendran and Vedaldi's code, where each image is paired with itself, too. "
            "With 100 images that makes 1 %; with three it makes a third.",
        ),
    ),
    verified="every pair of different members once, squared Euclidean distances, their mean",
)

EXERCISES = (TV_NORM, ALPHA_NORM, NORMALIZED_ERROR, INVERSION_LOSS, INVERT, SPREAD)
