"""Exercises of chapter 12, dual-channel transfer, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.channels import selectivity
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.dual import normalized
from nstlib.frequency import high_pass, tight_frame
from nstlib.gram import gram_matrix

CHAPTER = "12_dual_channel"
Picture = Callable[[Tensor], Tensor]
Bands = Sequence[Tensor]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# normalized_features ----------------------------------------------------------------------------------------------------


def normalized_features(features: Tensor, floor: float) -> Tensor:
    """Return features with each channel's mean taken out and its deviation set to 1."""
    return _normalize(features, floor)


def _normalize(
    features: Tensor,
    floor: float,
    *,
    axes: tuple[int, ...] = (2, 3),
    centered: bool = True,
    constant: bool = False,
    power: float = 0.5,
    correction: int = 0,
) -> Tensor:
    """Normalize features with one part of it left out or put in the wrong place."""
    mean = features.mean(axes, keepdim=True)
    variance = features.var(axes, keepdim=True, correction=correction)
    if constant:
        mean, variance = mean.detach(), variance.detach()
    return (features - mean if centered else features) / (variance + floor) ** power


def _features_case(seed: int, shape: tuple[int, ...], floor: float, *, loose: bool = False, flat: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float]:
        _, c, _, _ = shape
        features = normal(seed, *shape, dtype=dtype) * torch.arange(1, c + 1).to(dtype).view(c, 1, 1) + 0.7
        if flat:
            features[:, 1] = 2.0
        return (scattered(features) if loose else features), floor

    constant = ", one channel constant" if flat else ""
    return Case(f"features {shape}{constant}{_loose(loose)}, floor {floor}", make)


def _some_features() -> Tensor:
    return normal(5, 2, 3, 4, 5) + 0.7


def _structure_mean(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return bool(found.mean((2, 3)).abs().max() < 1e-5) and bool(found.abs().max() > 0.1)


def _structure_offset(function: Function) -> bool:
    offsets = normal(6, 3, 1, 1)
    return close(function(_some_features() + 4 * offsets, 0.3), function(_some_features(), 0.3))


def _structure_gain(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return close(function(5 * _some_features(), 25 * 0.3), found) and bool(found.abs().max() > 0.1)


def _structure_moves(function: Function) -> bool:
    found = torch.as_tensor(function(_some_features(), 0.3))
    return close(function(_some_features().roll(2, -1), 0.3), found.roll(2, -1)) and not close(found.roll(2, -1), found)


def _structure_alone(function: Function) -> bool:
    features = _some_features() * torch.tensor([1.0, 6.0]).view(2, 1, 1, 1)
    return close(torch.as_tensor(function(features, 0.3))[:1], function(features[:1].clone(), 0.3))


def _structure_flat(function: Function) -> bool:
    return close(function(torch.full((1, 2, 3, 4), 3.0), 0.1), torch.zeros(1, 2, 3, 4))


def structure_mean_only(features: Tensor, floor: float) -> Tensor:
    return features - features.mean((2, 3), keepdim=True)


def structure_not_centered(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, centered=False)


def structure_by_energy(features: Tensor, floor: float) -> Tensor:
    return features / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


def structure_by_variance(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, power=1.0)


def structure_of_the_layer(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(1, 2, 3))


def structure_of_the_batch(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(0, 2, 3))


def structure_of_positions(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, axes=(1,))


def structure_floor_outside(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / (centered.square().mean((2, 3), keepdim=True).sqrt() + floor)


def structure_floor_clamped(features: Tensor, floor: float) -> Tensor:
    centered = features - features.mean((2, 3), keepdim=True)
    return centered / centered.square().mean((2, 3), keepdim=True).clamp(min=floor).sqrt()


def structure_no_floor(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, 0.0)


def structure_constants(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, constant=True)


def structure_unbiased(features: Tensor, floor: float) -> Tensor:
    return _normalize(features, floor, correction=1)


NORMALIZED_FEATURES = Exercise(
    name="normalized_features",
    chapter=CHAPTER,
    title="Where, not how much",
    difficulty=1,
    minutes=8,
    signature="normalized_features(features, floor)",
    hints=(
        "Each channel of each image has a mean and a deviation of its own over positions. Take both out, and all that is "
        "left is *where* it is stronger and where weaker.",
        "Subtract the mean over height and width. The variance is the mean square of what is left. Add the floor to it "
        "before you take the root, so that a channel that never changes is not divided by zero.",
        "`centered = features - features.mean((2, 3), keepdim=True)`, then "
        "`centered / (centered.square().mean((2, 3), keepdim=True) + floor).sqrt()`",
    ),
    reference=normalized_features,
    cases=(
        _features_case(1, (1, 3, 4, 5), 0.2),
        _features_case(2, (2, 5, 3, 4), 0.5, flat=True),
        _features_case(3, (2, 4, 6, 3), 0.1, loose=True),
        _features_case(4, (2, 2, 5, 7), 1.5),
    ),
    laws=(
        Law("the mean of each channel is 0", _structure_mean),
        Law("a number added to all of a channel changes nothing", _structure_offset),
        Law("5 times the features with 25 times the floor are the same", _structure_gain),
        Law("if the features move, the result moves with them", _structure_moves),
        Law("an image does not depend on its neighbors in the batch", _structure_alone),
        Law("a channel that never changes becomes 0", _structure_flat),
    ),
    mistakes=(
        Mistake(
            "deviation_left",
            structure_mean_only,
            "The means are gone, the deviations are not: how strongly a channel varies still counts. What divides it?",
        ),
        Mistake(
            "mean_left",
            structure_not_centered,
            "The deviation is divided out, the mean is still there. What has to be subtracted first?",
            (structure_by_energy,),
        ),
        Mistake(
            "divided_by_the_variance",
            structure_by_variance,
            "It is divided by the variance, which is in squared units. What turns a variance into a deviation?",
        ),
        Mistake(
            "one_mean_for_the_layer",
            structure_of_the_layer,
            "All channels share one mean and one deviation, so it still matters how strong each is beside the others. "
            "Over which axes do you average?",
        ),
        Mistake(
            "one_mean_for_the_batch",
            structure_of_the_batch,
            "The images of a batch share their means (batch normalization). Each image is its own picture: which axis "
            "should not be averaged?",
        ),
        Mistake(
            "over_channels",
            structure_of_positions,
            "It averages over channels at each position. The mean of a channel is taken over height and width.",
        ),
        Mistake(
            "floor_outside_the_root",
            structure_floor_outside,
            "The floor is added to the deviation. It belongs to the variance: inside the root.",
            (structure_floor_clamped,),
        ),
        Mistake(
            "floor_forgotten",
            structure_no_floor,
            "`floor` is not used, so a channel that never changes is 0 divided by 0.",
        ),
        Mistake(
            "statistics_without_gradient",
            structure_constants,
            "The numbers are right, but mean and deviation are cut off from the graph. They move with the image, and the "
            "gradient has to know.",
        ),
    ),
    conventions=(
        Convention(
            "unbiased",
            structure_unbiased,
            "Your variance divides by the number of positions minus 1, as torch.var does by itself. Both are in use; "
            "your numbers below will differ a little from the book's, which divides by the number of positions.",
        ),
    ),
    differentiable=(0,),
    verified="zero mean, unit deviation, and blind to any gain and offset of a channel",
)


# band_losses ------------------------------------------------------------------------------------------------------------


def band_losses(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    """Return each band's share of a relative content loss, shape (K,)."""
    return _errors(bands, target_bands, weights) / _energies(target_bands).sum()


def _energies(bands: Bands) -> Tensor:
    return torch.stack([band.square().mean() for band in bands])


def _errors(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    errors = _energies([band - target for band, target in zip(bands, target_bands, strict=True)])
    return errors * errors.new_tensor(weights)


def _bands_case(
    seed: int, shape: tuple[int, ...], cutoffs: tuple[float, ...], weights: tuple[float, ...], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor], list[float]]:
        pair = [normal(seed + k, *shape, dtype=dtype) + 0.4 for k in (0, 40)]
        bands, targets = (tight_frame(features, cutoffs) for features in pair)
        if loose:
            bands, targets = ([scattered(band) for band in them] for them in (bands, targets))
        return bands, targets, list(weights)

    return Case(f"{len(weights)} bands {shape}{_loose(loose)}, weights {weights}", make, {"K": len(weights)})


def _framed() -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
    features, target = normal(7, 1, 3, 8, 10) + 0.4, normal(8, 1, 3, 8, 10) + 0.4
    return tight_frame(features, (0.3, 0.1)), tight_frame(target, (0.3, 0.1)), features, target


def _bands_sum(function: Function) -> bool:
    bands, targets, features, target = _framed()
    expected = (features - target).square().mean() / target.square().mean()
    return close(torch.as_tensor(function(bands, targets, [1.0, 1.0, 1.0])).sum(), expected)


def _bands_left_out(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    some, every = (torch.as_tensor(function(bands, targets, [1.0, w, 1.0])) for w in (0.0, 1.0))
    return close(some, every * torch.tensor([1.0, 0.0, 1.0])) and bool(every[1] > 0)


def _bands_square(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    further = [target + 3 * (band - target) for band, target in zip(bands, targets, strict=True)]
    return close(
        function(further, targets, [1.0, 2.0, 3.0]), 9 * torch.as_tensor(function(bands, targets, [1.0, 2.0, 3.0]))
    )


def _bands_of_equals(function: Function) -> bool:
    _, targets, _, _ = _framed()
    return close(function([band.clone() for band in targets], targets, [1.0, 2.0, 3.0]), torch.zeros(3))


def _bands_relative(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    found = torch.as_tensor(function(bands, targets, [1.0, 2.0, 3.0]))
    return close(function([5 * b for b in bands], [5 * b for b in targets], [1.0, 2.0, 3.0]), found) and bool(
        found.any()
    )


def bands_by_themselves(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(target_bands)


def bands_by_mean_energy(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(target_bands).mean()


def bands_by_the_image(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(bands).sum()


def bands_not_relative(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights)


def bands_by_the_sum(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / sum(target_bands).square().mean()


def bands_added_up(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, weights).sum()


def bands_joined_first(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    error = sum(w * (band - target) for band, target, w in zip(bands, target_bands, weights, strict=True))
    return error.square().mean() / _energies(target_bands).sum()


def bands_weights_squared(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [weight**2 for weight in weights])


def bands_weights_to_one(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [weight / sum(weights) for weight in weights])


def bands_unweighted(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [1.0] * len(weights))


def bands_energy_weighted(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    energies = _energies(target_bands)
    return _errors(bands, target_bands, weights) / (energies * energies.new_tensor(weights)).sum()


BAND_LOSSES = Exercise(
    name="band_losses",
    chapter=CHAPTER,
    title="The content loss, band by band",
    difficulty=2,
    minutes=12,
    signature="band_losses(bands, target_bands, weights)",
    hints=(
        "In a tight frame energies add up: the squared distance of the whole is the sum of the squared distances of its "
        "bands. A relative loss has one number below the line; what must it be, so that the sum still works out?",
        "Above the line, for each band: its weight times the mean square of its difference. Below, for all bands the "
        "same: the mean square of the whole target, which is the sum of those of its bands.",
        "`scale = sum(t.square().mean() for t in target_bands)`, then stack "
        "`w * (b - t).square().mean() / scale` over the bands.",
    ),
    reference=band_losses,
    cases=(
        _bands_case(1, (1, 3, 8, 10), (0.2,), (2.0, 0.5)),
        _bands_case(2, (2, 2, 6, 8), (0.3, 0.1), (0.5, 3.0, 1.5)),
        _bands_case(3, (2, 4, 7, 5), (0.25,), (0.25, 4.0), loose=True),
        _bands_case(4, (1, 2, 9, 6), (0.4, 0.2, 0.08), (1.0, 0.3, 2.0, 0.6)),
    ),
    laws=(
        Law("with weights of 1 the bands of a tight frame sum to the classic relative loss", _bands_sum),
        Law("a weight of 0 takes out its band and leaves the others alone", _bands_left_out),
        Law("three times the difference costs nine times as much", _bands_square),
        Law("bands that are equal cost nothing", _bands_of_equals),
        Law("features and target five times as strong cost the same", _bands_relative),
    ),
    mistakes=(
        Mistake(
            "each_band_by_itself",
            bands_by_themselves,
            "Each band is divided by its own energy, so an almost empty band counts as much as a full one, and they no "
            "longer sum to the classic loss. What do all bands share?",
            (bands_by_mean_energy,),
        ),
        Mistake(
            "relative_to_the_image",
            bands_by_the_image,
            "It is divided by the energy of the image's own bands, which moves while the image does. Which of the two is "
            "the goal?",
        ),
        Mistake(
            "not_relative",
            bands_not_relative,
            "Nothing is divided by the target's energy, so strong layers cost more. Relative to what should it be?",
        ),
        Mistake(
            "energy_of_the_sum",
            bands_by_the_sum,
            "The target's bands are summed before they are squared. In a tight frame it is the *energies* that sum to the "
            "whole's, not the bands.",
        ),
        Mistake(
            "added_up",
            bands_added_up,
            "These are all bands in one sum. One number for each band is asked for, shape (K,).",
        ),
        Mistake(
            "joined_before_squaring",
            bands_joined_first,
            "The bands are summed first and squared then, so they interfere. Square each by itself, and return them "
            "one by one.",
        ),
        Mistake(
            "weights_squared",
            bands_weights_squared,
            "The weights are squared too: they stand inside the parentheses. Multiply after squaring.",
        ),
        Mistake(
            "weights_sum_to_one",
            bands_weights_to_one,
            "The weights are divided by their sum. Then weights of 1 no longer give the classic loss: take them as they "
            "come.",
        ),
        Mistake("weights_forgotten", bands_unweighted, "`weights` is not used: every band counts the same."),
        Mistake(
            "scale_weighted",
            bands_energy_weighted,
            "The weights also stand below the line, so they partly cancel. The target's energy is what it is, without "
            "weights.",
        ),
    ),
    differentiable=(0,),
    verified="bands of a tight frame with weights of 1 sum to the classic loss",
)


# null_test --------------------------------------------------------------------------------------------------------------


def null_test(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    """Return how far ``other`` is from ``loss`` at an image: in its value and in its gradient, both relative to ``loss``."""
    (value, slope), (found, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return abs(found - value) / abs(value), float((bent - slope).norm() / slope.norm())


def _value_and_slope(loss: Picture, image: Tensor) -> tuple[float, Tensor]:
    leaf = image.detach().clone().requires_grad_(True)
    value = loss(leaf)
    return float(value), torch.autograd.grad(value, leaf)[0]


def _two_losses(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Picture, Picture]:
    """Return two losses that are alike; the second is smaller here, and points elsewhere."""
    a, b = uniform(seed, *shape, dtype=dtype) + 0.5, normal(seed + 30, *shape, dtype=dtype)
    return lambda x: (a * x.square()).mean(), lambda x: (a * x.square()).mean() * 0.8 + 0.1 * (b * x).mean()


def _null_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, doubled: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Picture, Picture, Tensor]:
        image = uniform(seed + 60, *shape, dtype=dtype)
        loss, other = _two_losses(seed, shape, dtype)
        return (other, loss) if doubled else (loss, other), image

    def flat(dtype: torch.dtype) -> tuple[Picture, Picture, Tensor]:
        pair, image = make(dtype)
        return *pair, scattered(image) if loose else image

    return Case(f"two losses, image {shape}{_loose(loose)}", flat)


def _null_results(function: Function, loss: Picture, other: Picture) -> Tensor:
    return torch.as_tensor([float(v) for v in function(loss, other, uniform(9, 1, 3, 4, 5) + 0.1)])


def _energy(image: Tensor) -> Tensor:
    return image.square().sum()


def _null_itself(function: Function) -> bool:
    return close(_null_results(function, _energy, _energy), torch.zeros(2)) and close(
        _null_results(function, _energy, lambda x: 3 * _energy(x)), torch.tensor([2.0, 2.0])
    )


def _null_constant(function: Function) -> bool:
    value, slope = _null_results(function, _energy, lambda x: _energy(x) + 5)
    return bool(value > 0.1) and bool(slope < 1e-6)


def _null_tilted(function: Function) -> bool:
    """Two losses that agree at this image and nowhere else."""
    here = uniform(9, 1, 3, 4, 5) + 0.1
    tilt = normal(10, 1, 3, 4, 5)
    value, slope = _null_results(function, _energy, lambda x: _energy(x) + (tilt * (x - here)).sum())
    return bool(value < 1e-4) and bool(slope > 0.1)


def _null_turned(function: Function) -> bool:
    """Gradients of one length in opposite directions are 2 lengths apart."""
    return close(_null_results(function, _energy, lambda x: -_energy(x)), torch.tensor([2.0, 2.0]))


def _null_units(function: Function) -> bool:
    found = _null_results(function, lambda x: 7 * _energy(x), lambda x: 7 * x.pow(3).sum())
    return close(found, _null_results(function, _energy, lambda x: x.pow(3).sum())) and bool((found > 0.01).all())


def null_of_values(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, _ = null_test(loss, other, image)
    return value, 0.0


def null_of_values_twice(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, _ = null_test(loss, other, image)
    return value, value


def null_signed(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (value, _), (found, _) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return (found - value) / value, null_test(loss, other, image)[1]


def null_signed_other_way(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, slope = null_signed(loss, other, image)
    return -value, slope


def null_absolute(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (value, slope), (found, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return abs(found - value), float((bent - slope).norm())


def null_gradient_absolute(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[0], null_absolute(loss, other, image)[1]


def null_relative_to_other(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(other, loss, image)


def null_largest(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent - slope).abs().max() / slope.abs().max())


def null_mean_ratio(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent - slope).abs().mean() / slope.abs().mean())


def null_of_lengths(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float((bent.norm() - slope.norm()).abs() / slope.norm())


def null_of_directions(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    cosine = (bent * slope).sum() / (bent.norm() * slope.norm())
    return null_test(loss, other, image)[0], float(1 - cosine)


def null_added_up(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    (_, slope), (_, bent) = _value_and_slope(loss, image), _value_and_slope(other, image)
    return null_test(loss, other, image)[0], float(bent.norm() / slope.norm())


def null_swapped(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    return null_test(loss, other, image)[::-1]


def null_squared(loss: Picture, other: Picture, image: Tensor) -> tuple[float, float]:
    value, slope = null_test(loss, other, image)
    return value, slope**2


NULL_TEST = Exercise(
    name="null_test",
    chapter=CHAPTER,
    title="The null test",
    difficulty=2,
    minutes=12,
    signature="null_test(loss, other, image)",
    hints=(
        "Two losses are the same if they have the same value and pull in the same direction. Measure both at one image, "
        "relative to the loss that is known.",
        "For each loss take a fresh leaf, `image.detach().clone().requires_grad_(True)`, its value and its gradient. "
        "Compare the values by |difference| / |value|, the gradients by the length of their difference over the length "
        "of the first.",
        "`abs(m - l) / abs(l)` and `(dm - dl).norm() / dl.norm()`, with `dl` from `torch.autograd.grad(loss(x), x)[0]`.",
    ),
    reference=null_test,
    cases=(
        _null_case(1, (1, 3, 4, 5)),
        _null_case(2, (2, 3, 5, 4), doubled=True),
        _null_case(3, (2, 3, 6, 4), loose=True),
        _null_case(4, (1, 3, 5, 7)),
    ),
    laws=(
        Law("a loss is at distance 0 from itself, and 2 from three times itself", _null_itself),
        Law("a constant shows in the value and not in the gradient", _null_constant),
        Law("two losses that agree at one image by chance are told apart by their gradients", _null_tilted),
        Law("gradients in opposite directions are twice their length apart", _null_turned),
        Law("both losses in another unit are as far apart", _null_units),
    ),
    mistakes=(
        Mistake(
            "values_only",
            null_of_values,
            "Only the values are compared. Two losses can agree in one point by chance; what decides where the pixels go?",
            (null_of_values_twice,),
        ),
        Mistake(
            "signed",
            null_signed,
            "The difference of the values has a sign. A distance has none: which function takes it away?",
            (null_signed_other_way,),
        ),
        Mistake(
            "not_relative",
            null_absolute,
            "These are differences, in the units of the loss. Is 0.001 much? That depends: divide by what is known.",
            (null_gradient_absolute,),
        ),
        Mistake(
            "relative_to_the_other",
            null_relative_to_other,
            "It is relative to `other`, the loss under test. Divide by the known one, `loss`.",
        ),
        Mistake(
            "not_the_length",
            null_largest,
            "The largest or the mean entry of the gradients is compared. Their lengths are asked for: `.norm()`.",
            (null_mean_ratio,),
        ),
        Mistake(
            "difference_of_lengths",
            null_of_lengths,
            "It subtracts the lengths of the gradients. Two gradients of one length can point in opposite directions: "
            "subtract the gradients, then take the length.",
        ),
        Mistake(
            "directions_only",
            null_of_directions,
            "It compares directions (a cosine). Twice the gradient has the same direction and is another loss.",
        ),
        Mistake(
            "gradients_added_up",
            null_added_up,
            "The second gradient contains the first: backward() adds to .grad. Take a fresh leaf for each loss, or clear "
            "it in between.",
        ),
        Mistake("swapped", null_swapped, "The two numbers are swapped: the value comes first, then the gradient."),
        Mistake(
            "squared",
            null_squared,
            "The second number is squared. Where does a root belong, so that it is a length?",
        ),
    ),
    verified="values and gradients are compared, relative to the loss that is known",
)


# channel_scores ---------------------------------------------------------------------------------------------------------


def _grid_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, flat: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        i, j, c, h, w = shape
        leaning = torch.linspace(0.2, 1.8, c).to(dtype).view(c, 1, 1)
        grid = leaning * normal(seed, i, 1, c, h, w, dtype=dtype) + (2 - leaning) * normal(
            seed + 20, 1, j, c, h, w, dtype=dtype
        )
        grid = grid + 0.7 * normal(seed + 40, *shape, dtype=dtype) + 1.5
        if flat:
            grid[:, :, 0] = 0.0
        return (scattered(grid) if loose else grid,)

    constant = ", channel 0 never on" if flat else ""
    return Case(f"grid {shape}{constant}{_loose(loose)}", make)


def _scene_and_style() -> tuple[Tensor, Tensor]:
    return normal(11, 3, 1, 2, 4, 5).expand(3, 4, 2, 4, 5), normal(12, 1, 4, 2, 4, 5).expand(3, 4, 2, 4, 5)


def _scores_extremes(function: Function) -> bool:
    scene, style = _scene_and_style()
    return close(function(scene.clone()), torch.ones(2)) and close(function(style.clone()), torch.zeros(2))


def _scores_turned(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(function(grid.transpose(0, 1)), 1 - torch.as_tensor(function(grid)))


def _scores_gain(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    found = torch.as_tensor(function(grid))
    return close(function(2 - 3 * grid), found) and bool((found != found[0]).any())


def _scores_repeated(function: Function) -> bool:
    """The same pictures in the grid twice, along both ways."""
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(function(grid.repeat(2, 2, 1, 1, 1)), function(grid))


def _scores_alone(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(torch.as_tensor(function(grid))[1:], function(grid[:, :, 1:].clone()))


def _scores_residual(function: Function) -> bool:
    """What belongs to a scene in a style, and to neither of the two alone, does not count."""
    scene, style = _scene_and_style()
    noise = normal(14, 3, 4, 2, 4, 5)
    noise = noise - noise.mean(0) - noise.mean(1, keepdim=True) + noise.mean((0, 1))
    return close(function(scene + style + 3 * noise), function(scene + style))


def _scores(
    grid: Tensor, *, factors: tuple[float, float] | None = None, residual: bool = False, power: float = 1.0
) -> Tensor:
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    by_scene = (grid.mean(1) - mean).square().sum((0, 2, 3))
    by_style = (grid.mean(0) - mean).square().sum((0, 2, 3))
    for_scene, for_style = (styles, scenes) if factors is None else factors
    by_scene, by_style = (for_scene * by_scene) ** power, (for_style * by_style) ** power
    total = (grid - mean).square().sum((0, 1, 3, 4)) if residual else by_scene + by_style
    return torch.where(total > 0, by_scene / torch.where(total > 0, total, torch.ones_like(total)), 0.5)


def scores_without_counts(grid: Tensor) -> Tensor:
    return _scores(grid, factors=(1, 1))


def scores_counts_swapped(grid: Tensor) -> Tensor:
    return _scores(grid, factors=grid.shape[:2])


def scores_upside_down(grid: Tensor) -> Tensor:
    return 1 - selectivity(grid)


def scores_axes_swapped(grid: Tensor) -> Tensor:
    return 1 - _scores(grid, factors=grid.shape[:2])


def scores_without_places(grid: Tensor) -> Tensor:
    return selectivity(grid.mean((3, 4), keepdim=True))


def scores_not_centered(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    by_scene = styles * grid.mean(1).square().sum((0, 2, 3))
    by_style = scenes * grid.mean(0).square().sum((0, 2, 3))
    return by_scene / (by_scene + by_style)


def scores_of_everything(grid: Tensor) -> Tensor:
    return _scores(grid, residual=True)


def scores_of_deviations(grid: Tensor) -> Tensor:
    return _scores(grid, power=0.5)


def scores_undefined(grid: Tensor) -> Tensor:
    found = selectivity(grid)
    still = (grid == grid[:1, :1]).all(0).all(0).flatten(1).all(1)
    return torch.where(still, torch.full_like(found, float("nan")), found)


def scores_zero_where_still(grid: Tensor) -> Tensor:
    return scores_undefined(grid).nan_to_num(0.0)


def scores_ratio(grid: Tensor) -> Tensor:
    found = selectivity(grid)
    return found / (1 - found)


def scores_by_freedom(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    return _scores(grid, factors=(styles / (scenes - 1), scenes / (styles - 1)))


CHANNEL_SCORES = Exercise(
    name="channel_scores",
    chapter=CHAPTER,
    title="Whose channel is it?",
    difficulty=3,
    minutes=15,
    signature="channel_scores(grid)",
    hints=(
        "A row of the grid is one scene in all styles. If a channel follows the scene, its mean over the row still "
        "differs from row to row; if it follows the style, the means of the columns differ.",
        "Mean maps: of all pictures, of each scene (over styles), of each style (over scenes). Sum the squared distances "
        "to the mean of all, over scenes and positions. Each scene's mean stands for J pictures, each style's for I.",
        "`by_scene = J * (grid.mean(1) - grid.mean((0, 1))).square().sum((0, 2, 3))`, `by_style` likewise with "
        "`I` and `grid.mean(0)`; then `by_scene / (by_scene + by_style)`, and 0.5 where both are 0.",
    ),
    reference=selectivity,
    cases=(
        _grid_case(1, (3, 2, 4, 5, 6)),
        _grid_case(2, (2, 4, 3, 4, 5), flat=True),
        _grid_case(3, (4, 3, 5, 3, 4), loose=True),
        _grid_case(4, (2, 5, 2, 6, 3)),
    ),
    laws=(
        Law("a channel that only scenes change scores 1, one that only styles change 0", _scores_extremes),
        Law("with rows and columns exchanged the score is 1 minus what it was", _scores_turned),
        Law("gain, sign and offset of a channel change nothing", _scores_gain),
        Law("the same pictures twice change nothing", _scores_repeated),
        Law("a channel's score does not depend on the other channels", _scores_alone),
        Law("what neither scene nor style alone explains does not count", _scores_residual),
    ),
    mistakes=(
        Mistake(
            "counts_forgotten",
            scores_without_counts,
            "The mean of a scene is a mean of J pictures, that of a style one of I. With I and J different, these counts "
            "matter: where do they belong?",
        ),
        Mistake(
            "counts_swapped",
            scores_counts_swapped,
            "I and J are swapped: a scene's mean stands for as many pictures as there are *styles*.",
        ),
        Mistake(
            "upside_down",
            scores_upside_down,
            "It is upside down: a channel that follows the scene should be near 1. Which axis do you average for a scene's "
            "mean?",
            (scores_axes_swapped,),
        ),
        Mistake(
            "places_averaged",
            scores_without_places,
            "The maps are averaged over positions first, so that *where* a channel is on no longer counts. A cat that has "
            "moved is another scene: keep the maps, and sum the squares over positions.",
        ),
        Mistake(
            "mean_of_all_left",
            scores_not_centered,
            "The means are squared as they are. It is their distance to the mean of all that counts.",
        ),
        Mistake(
            "rest_counted",
            scores_of_everything,
            "Below the line stands the whole variance. What belongs to neither scene nor style alone, the rest, should not "
            "count.",
        ),
        Mistake(
            "roots_compared",
            scores_of_deviations,
            "These are deviations. Squares add up to a whole, deviations do not: is there a sqrt, std or norm?",
        ),
        Mistake(
            "still_channels",
            scores_undefined,
            "A channel that never changes gives 0 divided by 0. By convention its score is 0.5: it follows neither.",
            (scores_zero_where_still,),
        ),
        Mistake(
            "ratio",
            scores_ratio,
            "This is scene over style, from 0 to infinity. A share is asked for: scene over the sum of both.",
        ),
    ),
    conventions=(
        Convention(
            "mean_squares",
            scores_by_freedom,
            "You compare mean squares, over I - 1 and J - 1 degrees of freedom, as an F test does. Your numbers differ from "
            "the book's, which compares sums, unless I = J.",
        ),
    ),
    verified="1 where only scenes change a channel, 0 where only styles do",
)


# dual_loss --------------------------------------------------------------------------------------------------------------


def dual_loss(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: tuple[float, float, float]
) -> Tensor:
    """Return the loss of structure, details and texture, each relative to its target."""
    return _dual(image, content, gram, layer, band, weights)


def _same(features: Tensor) -> Tensor:
    return features


def _dual(
    image: Tensor,
    content: Tensor,
    gram: Tensor,
    layer: Picture,
    band: Picture,
    weights: Sequence[float],
    *,
    of_image: Picture = normalized,
    of_content: Picture = normalized,
    of_texture: Picture = _same,
    relative: bool = True,
) -> Tensor:
    """Return the loss with one of its parts left out or put in the wrong place."""
    features = layer(image)
    pairs = (
        (of_image(features), of_content(layer(content).detach())),
        (band(image), band(content).detach()),
        (gram_matrix(of_texture(features)), gram),
    )
    scales = [target.square().mean() if relative else 1.0 for _, target in pairs]
    return sum(
        weight * (found - target).square().mean() / scale
        for weight, (found, target), scale in zip(weights, pairs, scales, strict=True)
    )


def _small_layer(seed: int, dtype: torch.dtype, channels: int = 4) -> Picture:
    kernels = normal(seed, channels, 3, 3, 3, dtype=dtype) / 3
    return lambda image: F.conv2d(image, kernels.to(image.dtype), padding=1).relu()


def _edges(image: Tensor) -> Tensor:
    return high_pass(image, 1.0)


def _dual_case(seed: int, shape: tuple[int, ...], weights: tuple[float, float, float], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        image, content, style = (uniform(seed + k, *shape, dtype=dtype) for k in (0, 30, 60))
        layer = _small_layer(seed, dtype)
        image = scattered(image) if loose else image
        return image, content, gram_matrix(layer(style)), layer, _edges, weights

    return Case(f"pictures {shape}{_loose(loose)}, weights {weights}", make)


def _dual_setting() -> tuple[Tensor, Tensor, Tensor, Picture]:
    image, content, style = (uniform(seed, 1, 3, 7, 8) for seed in (21, 22, 23))
    layer = _small_layer(24, torch.float32)
    return image, content, gram_matrix(layer(style)), layer


def _dual_of_content(function: Function) -> bool:
    _, content, _, layer = _dual_setting()
    found = function(content.clone(), content, gram_matrix(layer(content)), layer, _edges, (1.0, 2.0, 3.0))
    return bool(torch.as_tensor(found).abs() < 1e-6)


def _dual_louder(function: Function) -> bool:
    """Features twice as strong have the same structure."""
    image, content, gram, layer = _dual_setting()

    def louder(x: Tensor) -> Tensor:
        return layer(x) * (2.0 if torch.equal(x.detach(), content) else 1.0)

    one, other = (
        torch.as_tensor(function(image, content, gram, at, _edges, (1.0, 0.0, 0.0))) for at in (layer, louder)
    )
    return close(one, other) and bool(one > 0.01)


def _dual_details(function: Function) -> bool:
    """The weight of the details alone: a picture that is lighter everywhere has the same."""
    image, content, gram, layer = _dual_setting()
    one, other = (
        torch.as_tensor(function(x, content, gram, layer, _edges, (0.0, 1.0, 0.0))) for x in (image, image + 0.2)
    )
    return close(one, other) and bool(one > 0.01)


def _dual_texture(function: Function) -> bool:
    """The weight of the style alone: where things are does not count, how strong they are does."""
    image, content, gram, _ = _dual_setting()
    kernels = normal(24, 4, 3, 1, 1) / 2

    def at(x: Tensor) -> Tensor:
        return F.conv2d(x, kernels.to(x.dtype)).relu()

    weights = (0.0, 0.0, 1.0)
    here, moved = (torch.as_tensor(function(x, content, gram, at, _edges, weights)) for x in (image, image.roll(3, -1)))
    return close(here, moved) and not close(here, function(2 * image, content, gram, at, _edges, weights))


def _dual_adds(function: Function) -> bool:
    image, content, gram, layer = _dual_setting()
    whole, *parts = (
        torch.as_tensor(function(image, content, gram, layer, _edges, weights))
        for weights in ((2.0, 3.0, 5.0), (2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 5.0))
    )
    return close(whole, sum(parts)) and all(bool(part > 0.01) for part in parts)


def _dual_units(function: Function) -> bool:
    """Details twice as strong, in image and content, are as far apart."""
    image, content, gram, layer = _dual_setting()
    one, other = (
        torch.as_tensor(function(image, content, gram, layer, band, (0.0, 1.0, 0.0)))
        for band in (_edges, lambda x: 2 * _edges(x))
    )
    return close(one, other) and bool(one > 0.01)


Weights = tuple[float, float, float]


def dual_of_content(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_image=_same, of_content=_same)


def dual_half_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_content=_same)


def dual_other_half_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_image=_same)


def dual_gram_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_texture=normalized)


def dual_sees_the_band(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, lambda x: layer(band(x)), band, weights)


def dual_sees_the_band_around_gray(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, lambda x: layer(band(x) + 0.5), band, weights)


def dual_of_pixels(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, _same, weights)


def dual_around_gray(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, lambda x: band(x) + 0.5, weights)


def dual_weights_turned(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights[::-1])


def dual_weights_swapped(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (weights[1], weights[0], weights[2]))


def dual_not_relative(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, relative=False)


def dual_texture_of_the_content(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram_matrix(layer(content)), layer, band, weights)


def dual_without_details(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (weights[0], 0.0, weights[2]))


DUAL_LOSS = Exercise(
    name="dual_loss",
    chapter=CHAPTER,
    title="Three terms, two channels",
    difficulty=2,
    minutes=15,
    signature="dual_loss(image, content, gram, layer, band, weights)",
    hints=(
        "Three questions, each with its own target: is the same thing in the same place (structure)? Are the same fine "
        "edges there (details)? Is the texture the style's (Gram matrix)?",
        "Structure compares `normalized(layer(...))` of image and content, details compare `band(...)` of both, and texture "
        "compares `gram_matrix(layer(image))`, not normalized, with `gram`. Each is a mean square error over the mean "
        "square of its target.",
        "`relative = lambda x, t: (x - t).square().mean() / t.square().mean()`; the loss is `a * relative(normalized("
        "layer(image)), normalized(layer(content))) + b * relative(band(image), band(content)) + c * relative("
        "gram_matrix(layer(image)), gram)`.",
    ),
    reference=dual_loss,
    cases=(
        _dual_case(1, (1, 3, 7, 8), (1.0, 0.3, 10.0)),
        _dual_case(2, (1, 3, 9, 6), (2.0, 0.7, 3.0)),
        _dual_case(3, (1, 3, 6, 10), (0.5, 1.5, 4.0), loose=True),
        _dual_case(4, (2, 3, 8, 7), (1.0, 2.0, 0.5)),
    ),
    laws=(
        Law("the content with its own Gram matrix costs nothing", _dual_of_content),
        Law("a content whose features are twice as strong has the same structure", _dual_louder),
        Law("a picture that is lighter everywhere has the same details", _dual_details),
        Law("texture does not ask where, but how strong", _dual_texture),
        Law("the three terms add up, each times its weight", _dual_adds),
        Law("details twice as strong, in both pictures, are as far apart", _dual_units),
    ),
    mistakes=(
        Mistake(
            "content_for_structure",
            dual_of_content,
            "The features are compared as they are, with the strength of each channel, which belongs to the style. What "
            "takes it out?",
        ),
        Mistake(
            "one_side_normalized",
            dual_half_normalized,
            "Only one of the two, image or content, is normalized. Compare like with like.",
            (dual_other_half_normalized,),
        ),
        Mistake(
            "texture_normalized",
            dual_gram_normalized,
            "The Gram matrix is made of normalized features. How strong each channel is *is* the style: leave it in there.",
        ),
        Mistake(
            "network_sees_the_band",
            dual_sees_the_band,
            "The layer looks at the band. In this loss it looks at the whole picture; only the details are a band.",
            (dual_sees_the_band_around_gray,),
        ),
        Mistake(
            "details_of_the_whole",
            dual_of_pixels,
            "The details compare whole pictures, so the content's colors are asked for as well. Which function leaves only "
            "the fine part?",
        ),
        Mistake(
            "mid_gray_added",
            dual_around_gray,
            "Mid-gray is added to the bands. It cancels above the line and not below: the details hardly count any more.",
        ),
        Mistake(
            "weights_in_another_order",
            dual_weights_turned,
            "The weights are in another order: structure, details, texture.",
            (dual_weights_swapped,),
        ),
        Mistake(
            "not_relative",
            dual_not_relative,
            "The three are added in their own units. Divide each by the mean square of its target, or the weights mean "
            "nothing.",
        ),
        Mistake(
            "texture_of_the_content",
            dual_texture_of_the_content,
            "The texture is compared with the content's. `gram` is the style's: use that.",
        ),
        Mistake(
            "details_forgotten",
            dual_without_details,
            "The details are missing: two terms of three. What is `band` for?",
        ),
    ),
    differentiable=(0,),
    verified="structure, details and texture, each relative to its own target",
)

EXERCISES = (NORMALIZED_FEATURES, BAND_LOSSES, NULL_TEST, CHANNEL_SCORES, DUAL_LOSS)
