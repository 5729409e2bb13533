"""Exercises of chapter 14, feature visualization and DeepDream, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import dream, parameterizations
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.transformations import roll

CHAPTER = "14_dreams"
Map = Callable[[Tensor], Tensor]
Position = tuple[int, int] | None


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# activation_objective -----------------------------------------------------------------------------------------------------


def activation_objective(features: Tensor, channel: int | None, position: Position) -> Tensor:
    """Return the number that should rise: of a whole layer, of one channel, or of one unit.

    Args:
        features: shape (B, C, H, W).
        channel: None for half the mean square of all activations.
        position: None for the mean of the channel over all positions; (row, column) for that unit. Means go over the batch.
    """
    if channel is None:
        return features.square().mean() / 2
    if position is None:
        return features[:, channel].mean()
    return features[:, channel, position[0], position[1]].mean()


def _objective_case(
    seed: int, shape: tuple[int, ...], channel: int | None, position: Position, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, int | None, Position]:
        features = normal(seed, *shape, dtype=dtype) + 0.2
        return scattered(features) if loose else features, channel, position

    b, c, h, w = shape
    sizes = {"2": 2.0, "H*W": h * w, "B": b, "C*H*W": c * h * w, "B*C*H*W": b * c * h * w}
    return Case(f"features {shape}{_loose(loose)}, channel {channel}, position {position}", make, sizes)


def _features() -> Tensor:
    return normal(31, 2, 4, 3, 5) + 0.2


def _objective(function: Function, features: Tensor, channel: int | None, position: Position) -> Tensor:
    return torch.as_tensor(function(features, channel, position))


def _objective_scalar(function: Function) -> bool:
    results = [function(_features(), *which) for which in ((None, None), (1, None), (1, (2, 3)))]
    return all(torch.as_tensor(result).ndim == 0 for result in results)


def _objective_homogeneous(function: Function) -> bool:
    f = _features()
    return close(_objective(function, 2 * f, None, None), 4 * _objective(function, f, None, None)) and all(
        close(_objective(function, 2 * f, 1, where), 2 * _objective(function, f, 1, where)) for where in (None, (2, 3))
    )


def _objective_others_ignored(function: Function) -> bool:
    features = _features()
    changed = 100 * torch.ones_like(features)
    changed[:, 1] = features[:, 1]
    return all(
        close(_objective(function, changed, 1, where), _objective(function, features, 1, where))
        for where in (None, (2, 3))
    )


def _objective_one_unit(function: Function) -> bool:
    features = torch.zeros(2, 4, 3, 5)
    features[:, 1, 2, 3] = 6.0
    return close(_objective(function, features, 1, (2, 3)), 6) and close(_objective(function, features, 1, (1, 3)), 0)


def _objective_repeated(function: Function) -> bool:
    features = _features()
    return all(
        close(_objective(function, features.repeat(3, 1, 1, 1), *which), _objective(function, features, *which))
        for which in ((None, None), (1, None), (1, (2, 3)))
    )


def _objective_slope(function: Function) -> bool:
    features = _features().requires_grad_(True)
    (slope,) = torch.autograd.grad(function(features, None, None), features)
    return close(slope * features.numel(), features)


def objective_of_images(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is None:
        return features.square().mean() / 2
    return features[channel].mean() if position is None else features[channel, :, position[0], position[1]].mean()


def objective_without_half(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, position) * (2 if channel is None else 1)


def objective_as_loss(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return -activation_objective(features, channel, position)


def objective_of_the_peak(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is not None and position is None:
        return features[:, channel].amax()
    return activation_objective(features, channel, position)


def objective_of_the_peak_of_each(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is not None and position is None:
        return features[:, channel].amax((1, 2)).mean()
    return activation_objective(features, channel, position)


def objective_without_position(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, None)


def objective_swapped(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features, channel, None if position is None else position[::-1])


def objective_rectified(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features.relu(), channel, position)


def objective_of_the_first(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return activation_objective(features[:1], channel, position)


def objective_of_the_mean(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return features.mean() if channel is None else activation_objective(features, channel, position)


def objective_of_squares(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return (
        features.square().mean() / 2 if channel is None else activation_objective(features.square(), channel, position)
    )


def objective_of_half_squares(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return objective_of_squares(features, channel, position) / (1 if channel is None else 2)


def objective_summed(features: Tensor, channel: int | None, position: Position) -> Tensor:
    if channel is None:
        return features.square().sum() / 2
    part = features[:, channel]
    return part.sum() if position is None else part[:, position[0], position[1]].sum()


def objective_layer_summed(features: Tensor, channel: int | None, position: Position) -> Tensor:
    return (
        objective_summed(features, None, None) if channel is None else activation_objective(features, channel, position)
    )


ACTIVATION_OBJECTIVE = Exercise(
    name="activation_objective",
    chapter=CHAPTER,
    title="What should be active?",
    difficulty=1,
    minutes=8,
    signature="activation_objective(features, channel, position)",
    hints=(
        "Three questions to one layer: how active is all of it, how active is one channel wherever that is, how active is "
        "one unit? Each answer is one number, which an optimizer can then push up.",
        "Axes are (image, channel, row, column). First pick what is meant, by indexing, then take a mean over all that is "
        "left. `None` says which of the three is asked for.",
        "`features.square().mean() / 2`, or `features[:, channel].mean()`, or "
        "`features[:, channel, row, column].mean()`.",
    ),
    reference=activation_objective,
    cases=(
        _objective_case(1, (1, 3, 4, 5), None, None),
        _objective_case(2, (2, 4, 3, 6), 1, None),
        _objective_case(3, (2, 4, 5, 3), 1, (2, 1)),
        _objective_case(4, (2, 3, 5, 4), None, None, loose=True),
        _objective_case(5, (1, 6, 4, 7), 4, None, loose=True),
        _objective_case(6, (3, 5, 7, 6), 2, (0, 4)),
    ),
    laws=(
        Law("the result is a single number", _objective_scalar),
        Law(
            "features twice as strong give twice the value of a channel or unit, four times that of the layer",
            _objective_homogeneous,
        ),
        Law("a channel does not care about the other channels", _objective_others_ignored),
        Law("a unit is found at its row and column", _objective_one_unit),
        Law("the same images three times over have the same value", _objective_repeated),
        Law("the slope of the whole layer is its activations", _objective_slope),
    ),
    mistakes=(
        Mistake(
            "images_for_channels",
            objective_of_images,
            "features[channel] picks an image of the batch. Which axis holds the channels?",
        ),
        Mistake(
            "half_lost",
            objective_without_half,
            "The whole layer is asked for as *half* the mean square: then its slope is the activations themselves.",
        ),
        Mistake(
            "a_loss_instead",
            objective_as_loss,
            "This is minus the objective, a loss to be lowered. Here the number should be high where the unit is active: "
            "what climbs needs no minus.",
        ),
        Mistake(
            "peak_instead_of_mean",
            objective_of_the_peak,
            "This is the channel's strongest position. The channel as a whole is asked for: its mean over all positions.",
            (objective_of_the_peak_of_each,),
        ),
        Mistake(
            "position_ignored",
            objective_without_position,
            "`position` is not looked at: with one, a single unit is meant and not its whole channel.",
        ),
        Mistake(
            "row_and_column_swapped",
            objective_swapped,
            "Row and column are exchanged: a position is (row, column), and rows come first in (B, C, H, W).",
        ),
        Mistake(
            "rectified",
            objective_rectified,
            "Negative activations are cut off first. A unit that is off then has no slope, and nothing can wake it: "
            "leave the features as they are.",
        ),
        Mistake(
            "first_image_only",
            objective_of_the_first,
            "Only the first image counts. The mean goes over all images of the batch.",
        ),
        Mistake(
            "layer_not_squared",
            objective_of_the_mean,
            "For the whole layer this is the mean activation, where strong and weak channels pull alike. DeepDream squares: "
            "what is strong grows most.",
        ),
        Mistake(
            "channel_squared",
            objective_of_squares,
            "One channel or unit is squared too. Then strongly *negative* is as good as strongly active.",
            (objective_of_half_squares,),
        ),
    ),
    conventions=(
        Convention(
            "sums",
            objective_summed,
            "These are sums where the book takes means. Both point the same way, and a step that is normalized does not "
            "notice; your numbers below grow with the size of the image.",
        ),
        Convention(
            "layer_summed",
            objective_layer_summed,
            "The whole layer is summed, as in the original notebook (1/2 ||a||^2), where the book takes a mean. Both point "
            "the same way; your numbers below grow with the size of the image.",
        ),
    ),
    differentiable=(0,),
    verified="layer, channel and unit, as one number each",
)


# jitter -------------------------------------------------------------------------------------------------------------------


def jitter(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    """Return the gradient of an image, computed on a shifted copy and shifted back.

    Args:
        image: shape (B, 3, H, W).
        slope: from an image to the gradient of what should rise, the same shape.
        down, right: by how many pixels the copy is moved, in a circle.
    """
    return roll(slope(roll(image, down, right)), -down, -right)


def _uneven(seed: int) -> Map:
    """Return a slope that depends on where things are, as that of a network with poolings does."""

    def slope(image: Tensor) -> Tensor:
        return image.square() * (0.5 + uniform(seed, *image.shape, dtype=image.dtype))

    return slope


def _jitter_case(seed: int, shape: tuple[int, ...], down: int, right: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Map, int, int]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _uneven(seed + 40), down, right

    return Case(f"image {shape}{_loose(loose)}, {down} down, {right} to the right", make)


def _image() -> Tensor:
    return uniform(9, 1, 3, 5, 7)


def _jitter_none(function: Function) -> bool:
    return close(function(_image(), _uneven(3), 0, 0), _uneven(3)(_image()))


def _jitter_circle(function: Function) -> bool:
    return close(function(_image(), _uneven(3), 5, -7), _uneven(3)(_image()))


def _jitter_even(function: Function) -> bool:
    return close(function(_image(), lambda x: 2 * x, 2, 3), 2 * _image())


def _jitter_spot(function: Function) -> bool:
    spot = torch.zeros(1, 3, 5, 7)
    spot[..., 3, 5] = 1.0
    moved = torch.zeros(1, 3, 5, 7)
    moved[..., 1, 2] = 1.0
    return close(function(_image(), lambda x: spot.to(x.dtype), 2, 3), moved)


def _jitter_sees(function: Function) -> bool:
    seen = []

    def slope(image: Tensor) -> Tensor:
        seen.append(torch.as_tensor(image).detach().clone())
        return torch.zeros_like(image)

    function(_image(), slope, 1, 2)
    return len(seen) == 1 and close(seen[0][..., 1, 2], _image()[..., 0, 0]) and close(seen[0], roll(_image(), 1, 2))


def jitter_left_shifted(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(roll(image, down, right))


def jitter_twice(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return roll(slope(roll(image, down, right)), down, right)


def jitter_image_still(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return roll(slope(image), -down, -right)


def jitter_other_way(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, -down, -right)


def jitter_swapped(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, right, down)


def jitter_channels(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image.roll((down, right), (1, 2))).roll((-down, -right), (1, 2))


def jitter_flat(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image.roll(down).roll(right)).roll(-right).roll(-down)


def jitter_down_only(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, down, 0)


def jitter_right_only(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, 0, right)


def _pushed(image: Tensor, down: int, right: int) -> Tensor:
    """Shift with black where nothing comes from."""
    height, width = image.shape[2:]
    pushed = torch.zeros_like(image)
    source = image[:, :, max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    pushed[:, :, max(0, down) : height - max(0, -down), max(0, right) : width - max(0, -right)] = source
    return pushed


def jitter_with_black(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return _pushed(slope(_pushed(image, down, right)), -down, -right)


def jitter_not_at_all(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image)


def jitter_step(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return image + jitter(image, slope, down, right)


JITTER = Exercise(
    name="jitter",
    chapter=CHAPTER,
    title="Ask again from a little to the side",
    difficulty=1,
    minutes=8,
    signature="jitter(image, slope, down, right)",
    hints=(
        "The network's poolings lie on a fixed grid of pixels. Move the picture under that grid, ask for the gradient "
        "there, and move the answer back to where the picture is.",
        "`torch.roll` moves in a circle, so nothing gets lost, and the same roll with the opposite sign undoes it. It takes "
        "shifts and axes: rows are axis 2, columns axis 3.",
        "`shifted = image.roll((down, right), (2, 3))`; return `slope(shifted).roll((-down, -right), (2, 3))`.",
    ),
    reference=jitter,
    cases=(
        _jitter_case(1, (1, 3, 4, 5), 1, 2),
        _jitter_case(2, (2, 3, 6, 5), -2, 1),
        _jitter_case(3, (2, 3, 5, 8), 3, -1, loose=True),
        _jitter_case(4, (1, 3, 7, 6), 2, 4),
    ),
    laws=(
        Law("no shift gives the plain gradient", _jitter_none),
        Law("once around the whole circle is no shift", _jitter_circle),
        Law("where the slope treats all places alike, the shift cannot be seen", _jitter_even),
        Law("the slope is asked once, about the image moved down and to the right", _jitter_sees),
        Law("an answer 2 down and 3 to the right of the image comes back to its place", _jitter_spot),
    ),
    mistakes=(
        Mistake(
            "not_moved_back",
            jitter_left_shifted,
            "The gradient still lies where the shifted copy was. Which pixels of the image does it belong to?",
        ),
        Mistake(
            "moved_on_instead_of_back",
            jitter_twice,
            "The gradient is moved the same way once more instead of back. Which sign undoes a roll?",
        ),
        Mistake(
            "image_not_moved",
            jitter_image_still,
            "The gradient is moved, but the network was asked about the image in its old place.",
        ),
        Mistake(
            "the_other_way",
            jitter_other_way,
            "It goes up and to the left. A positive roll moves down, or to the right.",
        ),
        Mistake(
            "axes_swapped",
            jitter_swapped,
            "Down and right are exchanged: rows are axis 2, columns axis 3.",
        ),
        Mistake(
            "channels_rolled",
            jitter_channels,
            "Axes 1 and 2 are rolled: then red becomes green. Which axes of (B, 3, H, W) are rows and columns?",
        ),
        Mistake(
            "rolled_flat",
            jitter_flat,
            "torch.roll without axes rolls the whole tensor as one long row of numbers. Say which axes.",
        ),
        Mistake(
            "one_axis_only",
            jitter_down_only,
            "Only one of the two axes is moved.",
            (jitter_right_only,),
        ),
        Mistake(
            "black_comes_in",
            jitter_with_black,
            "What leaves at one border is lost, and black comes in at the other: an edge that the network will dream "
            "about. Move in a circle.",
        ),
        Mistake("not_moved_at_all", jitter_not_at_all, "Nothing is moved: this is the plain gradient."),
        Mistake(
            "step_taken",
            jitter_step,
            "The gradient is added to the image already. Return the gradient alone: the step comes next.",
        ),
    ),
    verified="moved in a circle, asked there, moved back",
)


# normalized_step ----------------------------------------------------------------------------------------------------------


def _ascent_case(seed: int, shape: tuple[int, ...], step: float, strength: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
        image, gradient = uniform(seed, *shape, dtype=dtype), strength * (normal(seed + 60, *shape, dtype=dtype) + 0.3)
        return (scattered(image), scattered(gradient), step) if loose else (image, gradient, step)

    return Case(f"image {shape}{_loose(loose)}, step {step}", make, {"255": 255.0})


def _gray() -> Tensor:
    return torch.full((1, 3, 4, 5), 0.5)


def _slope() -> Tensor:
    return normal(8, 1, 3, 4, 5)


def _ascent_mean(function: Function) -> bool:
    return close((torch.as_tensor(function(_gray(), _slope(), 0.01)) - 0.5).abs().mean(), 0.01)


def _ascent_any_size(function: Function) -> bool:
    results = [torch.as_tensor(function(_gray(), factor * _slope(), 0.05)) - 0.5 for factor in (1e-3, 1.0, 1e3)]
    return close(results[0], results[1]) and close(results[2], results[1])


def _ascent_uphill(function: Function) -> bool:
    moved = torch.as_tensor(function(_gray(), _slope(), 0.01)) - 0.5
    return bool((moved * _slope() > 0).all())


def _ascent_in_range(function: Function) -> bool:
    result = torch.as_tensor(function(uniform(3, 1, 3, 4, 5), _slope(), 0.7))
    return float(result.min()) == 0 and float(result.max()) == 1


def _ascent_flat(function: Function) -> bool:
    image = uniform(3, 1, 3, 4, 5)
    return close(function(image, torch.ones_like(image), 0.02), (image + 0.02).clamp(0, 1))


def step_divided_by_norm(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.norm()).clamp(0, 1)


def step_divided_by_largest(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.abs().max()).clamp(0, 1)


def step_divided_by_deviation(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.std()).clamp(0, 1)


def step_divided_by_root_mean_square(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.square().mean().sqrt()).clamp(0, 1)


def step_divided_by_signed_mean(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient / gradient.mean()).clamp(0, 1)


def step_by_sign(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient.sign()).clamp(0, 1)


def step_as_it_is(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient).clamp(0, 1)


def step_down(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return dream.normalized_step(image, -gradient, step)


def step_free(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return image + step * gradient / gradient.abs().mean()


def step_clamped_alone(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return image + (step * gradient / gradient.abs().mean()).clamp(0, 1)


def step_multiplied(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    return (image + step * gradient * gradient.abs().mean()).clamp(0, 1)


def step_in_place(image: Tensor, gradient: Tensor, step: float) -> Tensor:
    image += step * gradient / gradient.abs().mean()
    return image.clamp_(0, 1)


NORMALIZED_STEP = Exercise(
    name="normalized_step",
    chapter=CHAPTER,
    title="A step that ignores how steep it is",
    difficulty=1,
    minutes=6,
    signature="normalized_step(image, gradient, step)",
    hints=(
        "Gradients of different layers differ by orders of magnitude, so their size cannot say how far to go. Keep their "
        "pattern, and decide the average size yourself.",
        "Divide the gradient by the mean of its *absolute* values, over all numbers of the tensor. Its mean absolute value "
        "is then 1. Then go uphill, and stay a picture.",
        "`(image + step * gradient / gradient.abs().mean()).clamp(0, 1)`",
    ),
    reference=dream.normalized_step,
    cases=(
        _ascent_case(1, (1, 3, 4, 5), 0.02, 1e-3),
        _ascent_case(2, (1, 3, 5, 7), 0.1, 40.0),
        _ascent_case(3, (2, 3, 6, 4), 0.05, 1.0, loose=True),
        _ascent_case(4, (2, 3, 3, 5), 0.4, 0.2),
    ),
    laws=(
        Law("the average pixel moves by the step", _ascent_mean),
        Law("a gradient a thousand times larger changes nothing", _ascent_any_size),
        Law("every pixel goes uphill", _ascent_uphill),
        Law("all values stay in [0, 1]", _ascent_in_range),
        Law("the same gradient everywhere moves everything by the step", _ascent_flat),
    ),
    mistakes=(
        Mistake(
            "divided_by_norm",
            step_divided_by_norm,
            "This divides by the norm, so a larger picture moves less. What is the size of *one* number, on average?",
        ),
        Mistake(
            "divided_by_largest",
            step_divided_by_largest,
            "This divides by the largest entry: one steep pixel makes all others stand still.",
        ),
        Mistake(
            "divided_by_deviation",
            step_divided_by_deviation,
            "This divides by a standard deviation or root mean square. Those count large numbers more; the mean of absolute "
            "values is asked for.",
            (step_divided_by_root_mean_square,),
        ),
        Mistake(
            "divided_by_signed_mean",
            step_divided_by_signed_mean,
            "The mean of a gradient is nearly 0, because half of it is negative, and may have either sign. Of which numbers "
            "should the mean be taken?",
        ),
        Mistake(
            "signs_only",
            step_by_sign,
            "Each pixel moves by the same amount: only signs are left. The pattern of large and small should stay.",
        ),
        Mistake(
            "not_normalized",
            step_as_it_is,
            "The gradient is taken as it is, so how far the image moves depends on the layer.",
        ),
        Mistake("downhill", step_down, "It goes down. The objective should *rise*: which sign?"),
        Mistake(
            "not_clamped",
            step_free,
            "Some pixels leave [0, 1], where no picture can be.",
        ),
        Mistake(
            "step_clamped",
            step_clamped_alone,
            "The step is clamped to [0, 1], not the image: then nothing can ever get darker.",
        ),
        Mistake(
            "multiplied",
            step_multiplied,
            "The gradient is multiplied by its size instead of divided.",
        ),
        Mistake("in_place", step_in_place, "The image that was given is overwritten. Return a new one."),
    ),
    verified="pattern of the gradient, size of the step, values in [0, 1]",
)


# octaves ------------------------------------------------------------------------------------------------------------------


def octaves(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    """Return what climbing at several sizes makes of an image, when only the details are handed on.

    Args:
        image: shape (1, 3, H, W).
        climb: from an image to a changed one of the same shape.
        sizes: (height, width), in the order in which to go through them. All resizing is bilinear.
    """
    details = None
    for size in sizes:
        base = _resized(image, size)
        result = climb(base if details is None else base + _resized(details, size))
        details = result - base
    return result


def _resized(image: Tensor, size: tuple[int, int], mode: str = "bilinear", align: bool | None = None) -> Tensor:
    return F.interpolate(image, size=tuple(size), mode=mode, align_corners=align)


def _waves(image: Tensor) -> Tensor:
    """Return an image changed in a way that depends on its size, its places and its values."""
    rows = torch.linspace(0, 5, image.shape[2], dtype=image.dtype)[:, None]
    columns = torch.linspace(0, 7, image.shape[3], dtype=image.dtype)
    return image + 0.2 * torch.sin(rows) * torch.cos(columns) + 0.1 * image.square()


def _octaves_case(seed: int, shape: tuple[int, ...], sizes: list[tuple[int, int]], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Map, list[tuple[int, int]]]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _waves, list(sizes)

    return Case(f"image {shape}{_loose(loose)}, sizes {sizes}", make)


_PHOTO_SIZES = [(4, 5), (6, 8), (9, 11)]


def _photo() -> Tensor:
    return uniform(4, 1, 3, 9, 11)


def _octaves_idle(function: Function) -> bool:
    return close(function(_photo(), lambda x: x.clone(), _PHOTO_SIZES), _photo())


def _octaves_brighter(function: Function) -> bool:
    return close(function(_photo(), lambda x: x + 0.1, _PHOTO_SIZES), _photo() + 0.3)


def _octaves_single(function: Function) -> bool:
    return close(function(_photo(), _waves, [(9, 11)]), _waves(_photo()))


def _octaves_walk(function: Function) -> bool:
    seen = []

    def climb(image: Tensor) -> Tensor:
        seen.append(tuple(image.shape[2:]))
        return image.clone()

    function(_photo(), climb, _PHOTO_SIZES)
    return seen == _PHOTO_SIZES


def _octaves_details(function: Function) -> bool:
    """What is drawn at the first size only is in the result, enlarged step by step, and nothing else is."""
    stroke = normal(3, 1, 3, 4, 5)

    def climb(image: Tensor) -> Tensor:
        return image + stroke.to(image.dtype) if image.shape[2] == 4 else image.clone()

    enlarged = _resized(_resized(stroke, (6, 8)), (9, 11))
    return close(function(_photo(), climb, _PHOTO_SIZES), _photo() + enlarged)


def octaves_of_the_picture(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    result = image
    for size in sizes:
        result = climb(_resized(result, size))
    return result


def octaves_forgotten(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return climb(_resized(image, sizes[-1]))


def octaves_newest_details(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        start = _resized(image, size) + _resized(details, size)
        result = climb(start)
        details = result - start
    return result


def octaves_details_added_up(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base, old = _resized(image, size), _resized(details, size)
        result = climb(base + old)
        details = old + (result - base)
    return result


def octaves_backward(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, list(reversed(sizes)))


def octaves_details_only(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, sizes) - _resized(image, sizes[-1])


def octaves_one_too_few(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, sizes[:-1])


def octaves_nearest(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "nearest", None)


def octaves_aligned(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "bilinear", True)


def octaves_bicubic(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "bicubic", False)


def _octaves_by(image: Tensor, climb: Map, sizes: list[tuple[int, int]], mode: str, align: bool | None) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base = _resized(image, size, mode, align)
        result = climb(base + _resized(details, size, mode, align))
        details = result - base
    return result


def octaves_of_the_full_picture(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base = _resized(image, size)
        result = climb(base + _resized(details, size))
        details = _resized(result, image.shape[2:]) - image
    return result


OCTAVES = Exercise(
    name="octaves",
    chapter=CHAPTER,
    title="Small first, and hand the details on",
    difficulty=2,
    minutes=15,
    signature="octaves(image, climb, sizes)",
    hints=(
        "A small copy of the photo is blurred, and so is whatever is enlarged from it. So do not enlarge the picture: "
        "enlarge what was *added* to it, and add that to a sharp copy of the photo.",
        "At each size: base = the photo at that size; start = base + the enlarged details; climb from there. The new "
        "details are all that the result differs from the *base* by, old and new strokes alike.",
        "`base = F.interpolate(image, size=size, mode='bilinear')`; `result = climb(base + enlarged)`; "
        "`details = result - base`; start with details of zeros, return the last result.",
    ),
    reference=octaves,
    cases=(
        _octaves_case(1, (1, 3, 9, 12), [(4, 6), (6, 8), (9, 12)]),
        _octaves_case(2, (1, 3, 8, 7), [(4, 4), (8, 7)]),
        _octaves_case(3, (2, 3, 10, 9), [(5, 5), (7, 6), (10, 9)], loose=True),
        _octaves_case(4, (1, 3, 6, 8), [(3, 4), (4, 5), (5, 7), (6, 8)]),
    ),
    laws=(
        Law("where nothing is added, the photo comes back", _octaves_idle),
        Law("0.1 added at each of three sizes is 0.3 in the end", _octaves_brighter),
        Law("a single size is a single climb", _octaves_single),
        Law("it climbs once at each size, in the order given", _octaves_walk),
        Law("a stroke of the first size arrives enlarged, on a photo that is still sharp", _octaves_details),
    ),
    mistakes=(
        Mistake(
            "picture_handed_on",
            octaves_of_the_picture,
            "The whole picture is enlarged from size to size, so the photo itself gets blurred. Enlarge only what was "
            "added to it.",
        ),
        Mistake(
            "details_forgotten",
            octaves_forgotten,
            "Each size starts anew from the photo: what was drawn at the smaller ones is lost.",
        ),
        Mistake(
            "newest_details_only",
            octaves_newest_details,
            "Only the newest strokes are handed on: the difference is taken to where this size *started*, which had the "
            "older ones in it already. Compare with the photo.",
        ),
        Mistake(
            "details_counted_twice",
            octaves_details_added_up,
            "Old details are added to a difference that contains them already, so they count twice.",
        ),
        Mistake(
            "last_size_first",
            octaves_backward,
            "The sizes are gone through from the last to the first. They come in the order in which they are wanted.",
        ),
        Mistake(
            "details_returned",
            octaves_details_only,
            "What comes back are the details alone. Where is the photo?",
        ),
        Mistake(
            "one_size_missing",
            octaves_one_too_few,
            "It ends one size too early.",
        ),
        Mistake(
            "other_interpolation",
            octaves_nearest,
            "The sizes are right, but not the interpolation: bilinear is asked for, `mode='bilinear'` and nothing else "
            "(the default is nearest; align_corners stays False).",
            (octaves_aligned, octaves_bicubic),
        ),
        Mistake(
            "details_at_full_size",
            octaves_of_the_full_picture,
            "The small result is enlarged and compared with the *sharp* photo, so the details contain its blur. Compare "
            "at the small size, then enlarge the difference.",
        ),
    ),
    verified="sharp at each size, and all details handed on",
)


# fourier_image ------------------------------------------------------------------------------------------------------------


def _fourier_case(seed: int, batch: int, height: int, width: int, *, loose: bool = False) -> Case:
    shape = (batch, 3, height, width // 2 + 1)

    def make(dtype: torch.dtype) -> tuple[Tensor, int]:
        numbers = torch.complex(normal(seed, *shape, dtype=dtype), normal(seed + 70, *shape, dtype=dtype))
        return scattered(numbers) if loose else numbers, width

    area = height * width
    sizes = {"sqrt(H*W)": area**0.5, "H*W": area, "max(H, W)": max(height, width), "4": 4.0}
    return Case(f"numbers {shape}{_loose(loose)}, width {width}", make, sizes)


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


def fourier_of_even_width(numbers: Tensor, width: int) -> Tensor:
    return torch.fft.irfft2(_scaled(numbers, width))


def fourier_unscaled(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(numbers, width)


def fourier_without_area(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width), width) / (numbers.shape[2] * width) ** 0.5


def fourier_orthonormal(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width), width, "ortho")


def fourier_without_floor(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, floor=False), width)


def fourier_with_floor_1(numbers: Tensor, width: int) -> Tensor:
    scaled = _scaled(numbers, width, floor=False)
    scaled[..., 0, 0] = numbers[..., 0, 0] * (numbers.shape[2] * width) ** 0.5
    return _waves_of(scaled, width)


def fourier_without_mean(numbers: Tensor, width: int) -> Tensor:
    scaled = _scaled(numbers, width, floor=False)
    scaled[..., 0, 0] = 0
    return _waves_of(scaled, width)


def fourier_rising(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, -1.0), width)


def fourier_squared(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, 2.0), width)


def fourier_root(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, 0.5), width)


def fourier_cycles_per_image(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, per="image"), width)


def fourier_in_blocks(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers, width, lengths="blocks"), width)


def fourier_of_real_parts(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers.real.to(numbers.dtype), width), width)


def fourier_of_amplitudes(numbers: Tensor, width: int) -> Tensor:
    return _waves_of(_scaled(numbers.abs().to(numbers.dtype), width), width)


def _some_waves(height: int = 6, width: int = 7) -> Tensor:
    shape = (1, 3, height, width // 2 + 1)
    return torch.complex(normal(51, *shape), normal(52, *shape))


def _picture_of(function: Function, numbers: Tensor, width: int) -> Tensor:
    return torch.as_tensor(function(numbers, width))


def _fourier_shapes(function: Function) -> bool:
    return all(_picture_of(function, _some_waves(6, w), w).shape == (1, 3, 6, w) for w in (7, 8))


def _fourier_linear(function: Function) -> bool:
    a, b = _some_waves(), _some_waves().conj().resolve_conj().roll(1, 2)
    both = _picture_of(function, a + 2 * b, 7)
    return close(both, _picture_of(function, a, 7) + 2 * _picture_of(function, b, 7))


def _fourier_constant(function: Function) -> bool:
    numbers = torch.zeros(1, 3, 6, 4, dtype=torch.complex64)
    numbers[..., 0, 0] = 1
    return close(_picture_of(function, numbers, 7), torch.full((1, 3, 6, 7), 7 / 42**0.5))


def _fourier_one_wave(function: Function) -> bool:
    """One cycle along six rows: 1/6 cycle per pixel, and an amplitude that falls with the frequency."""
    numbers = torch.zeros(1, 3, 6, 4, dtype=torch.complex64)
    numbers[..., 0, 1] = 1  # one cycle along 7 columns
    x = torch.arange(7) / 7
    wave = 2 * torch.cos(2 * torch.pi * x) * 42**0.5 * 7 / 42
    return close(_picture_of(function, numbers, 7), wave.expand(1, 3, 6, 7))


def _fourier_falls(function: Function) -> bool:
    numbers = torch.zeros(2, 1, 16, 9, dtype=torch.complex64)
    numbers[0, 0, 2, 1], numbers[1, 0, 4, 2] = 1, 1
    slow, fast = _picture_of(function, numbers, 16).square().mean((1, 2, 3))
    return close(slow, 4 * fast)


def _fourier_gradient(function: Function) -> bool:
    numbers = _some_waves().requires_grad_(True)
    image = _picture_of(function, numbers, 7)
    (slope,) = torch.autograd.grad(image.square().sum(), numbers)
    return bool((slope[..., 1:-1].abs() > 0).all())


FOURIER_IMAGE = Exercise(
    name="fourier_image",
    chapter=CHAPTER,
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
    laws=(
        Law("the image has the width that was asked for, odd or even", _fourier_shapes),
        Law("waves add up", _fourier_linear),
        Law("frequency zero alone is a gray image, not an infinite one", _fourier_constant),
        Law("one number alone is one cosine", _fourier_one_wave),
        Law("a wave twice as fast has a quarter of the energy", _fourier_falls),
        Law("the gradient reaches the numbers", _fourier_gradient),
    ),
    mistakes=(
        Mistake(
            "width_lost",
            fourier_of_even_width,
            "Odd widths come out one pixel short: half a spectrum says the same for 4 and for 5 columns. How can irfft2 be "
            "told?",
        ),
        Mistake("not_scaled", fourier_unscaled, "All waves have the same weight. Where is the frequency?"),
        Mistake(
            "area_lost",
            fourier_without_area,
            "The factor sqrt(H*W) is missing, which keeps the image's contrast the same at every size.",
        ),
        Mistake(
            "orthonormal",
            fourier_orthonormal,
            "norm='ortho' brings a second sqrt(H*W). Leave the transform's norm as it is.",
        ),
        Mistake(
            "divided_by_zero",
            fourier_without_floor,
            "The wave of frequency zero is divided by zero. What is the least that f may be?",
        ),
        Mistake(
            "zero_treated_apart",
            fourier_with_floor_1,
            "Frequency zero got a weight of its own. It is divided by 1 / max(H, W), like a wave that goes once along the "
            "longer side.",
            (fourier_without_mean,),
        ),
        Mistake(
            "rising",
            fourier_rising,
            "Fast waves get more weight than slow ones: multiplied by f instead of divided.",
        ),
        Mistake(
            "another_power",
            fourier_squared,
            "The weight falls with another power of the frequency. It is 1/f, for the *amplitude*.",
            (fourier_root,),
        ),
        Mistake(
            "cycles_per_image",
            fourier_cycles_per_image,
            "The frequencies are in cycles per image. Cycles per *pixel* are asked for: then W = 64 and W = 128 agree.",
        ),
        Mistake(
            "not_a_length",
            fourier_in_blocks,
            "f is the sum of the two frequencies. A slanted wave's frequency is a length: Pythagoras.",
        ),
        Mistake(
            "phases_lost",
            fourier_of_real_parts,
            "Only a part of each complex number is used, so all waves begin at the same place. Keep their phases.",
            (fourier_of_amplitudes,),
        ),
    ),
    verified="waves weighted by 1/f, any width, no division by zero",
)


# correlate_colors ---------------------------------------------------------------------------------------------------------


def correlate_colors(image: Tensor, matrix: Tensor) -> Tensor:
    """Return red, green and blue, mixed from three other colors.

    Args:
        image: shape (B, 3, H, W): how much of each of the three.
        matrix: shape (3, 3); column j is color j in red, green and blue. It is divided by the length of its longest column.
    """
    scaled = matrix / torch.linalg.vector_norm(matrix, dim=0).max()
    return torch.einsum("ij, bjhw -> bihw", scaled, image)


def _matrix(seed: int, dtype: torch.dtype) -> Tensor:
    base = torch.tensor(parameterizations.COLOR_DIRECTIONS, dtype=dtype)
    return base if seed == 0 else base + normal(seed, 3, 3, dtype=dtype) / 5


def _colors_case(seed: int, shape: tuple[int, ...], matrix: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        image = normal(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _matrix(matrix, dtype)

    return Case(f"image {shape}{_loose(loose)}", make)


def _mixed(image: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("ij, bjhw -> bihw", matrix, image)


def _columns(matrix: Tensor) -> Tensor:
    return torch.linalg.vector_norm(matrix, dim=0)


def _colors() -> tuple[Tensor, Tensor]:
    return normal(13, 2, 3, 4, 5), _matrix(5, torch.float32)


def _colors_back(function: Function) -> bool:
    image, matrix = _colors()
    inverse = torch.linalg.inv(matrix / _columns(matrix).max())
    return close(_mixed(torch.as_tensor(function(image, matrix)).float(), inverse), image)


def _colors_of_any_scale(function: Function) -> bool:
    image, matrix = _colors()
    return close(function(image, 30 * matrix), function(image, matrix))


def _colors_longest(function: Function) -> bool:
    matrix = _matrix(5, torch.float32)
    image = torch.eye(3)[:, :, None, None]  # three images, each pure in one of the colors
    lengths = torch.linalg.vector_norm(torch.as_tensor(function(image, matrix)), dim=1)
    return close(lengths.max(), 1) and close(lengths.flatten(), _columns(matrix) / _columns(matrix).max())


def _colors_diagonal(function: Function) -> bool:
    image, _ = _colors()
    return close(
        function(image, torch.diag(torch.tensor([4.0, 2.0, 1.0]))), image * torch.tensor([1, 0.5, 0.25])[:, None, None]
    )


def _colors_pointwise(function: Function) -> bool:
    image, matrix = _colors()
    return close(function(image.flip(2, 3), matrix), torch.as_tensor(function(image, matrix)).flip(2, 3))


def colors_transposed(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix.T / _columns(matrix).max())


def colors_transposed_before(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix.T / _columns(matrix.T).max())


def colors_not_scaled(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix)


def colors_over_all(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.norm())


def colors_over_spectral(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.matrix_norm(matrix, 2))


def colors_over_largest_entry(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.abs().max())


def colors_over_rows(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.vector_norm(matrix, dim=1).max())


def colors_over_each_column(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / _columns(matrix))


def colors_over_each_row(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.vector_norm(matrix, dim=1, keepdim=True))


def colors_over_sums(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.abs().sum(0).max())


def colors_taken_apart(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, torch.linalg.inv(matrix / _columns(matrix).max()))


def colors_scrambled(image: Tensor, matrix: Tensor) -> Tensor:
    return (image.reshape(-1, 3) @ (matrix / _columns(matrix).max()).T).reshape(image.shape)


def colors_squeezed(image: Tensor, matrix: Tensor) -> Tensor:
    return correlate_colors(image, matrix).sigmoid()


CORRELATE_COLORS = Exercise(
    name="correlate_colors",
    chapter=CHAPTER,
    title="Three colors that vary independently",
    difficulty=2,
    minutes=8,
    signature="correlate_colors(image, matrix)",
    hints=(
        "Each pixel holds three amounts, of three colors that are columns of the matrix. Red, green and blue are the sum "
        "of the columns, each times its amount: a matrix times a vector, at every pixel.",
        "First scale: a column's length is its norm along axis 0, and the longest one should have length 1. Then multiply "
        "along the channel axis, and leave images and positions alone.",
        "`scaled = matrix / matrix.norm(dim=0).max()`, then `torch.einsum('ij, bjhw -> bihw', scaled, image)`.",
    ),
    reference=correlate_colors,
    cases=(
        _colors_case(1, (1, 3, 4, 5), 0),
        _colors_case(2, (2, 3, 5, 4), 1),
        _colors_case(3, (2, 3, 6, 4), 2, loose=True),
        _colors_case(4, (1, 3, 7, 3), 3),
    ),
    laws=(
        Law("the inverse matrix takes the colors apart again", _colors_back),
        Law("a matrix 30 times as large does the same", _colors_of_any_scale),
        Law("the longest column has length 1, the others keep their proportion", _colors_longest),
        Law("a diagonal matrix only scales the channels", _colors_diagonal),
        Law("each pixel is mixed by itself", _colors_pointwise),
    ),
    mistakes=(
        Mistake(
            "transposed",
            colors_transposed,
            "Rows and columns of the matrix are exchanged: *columns* are the colors, so red is the sum of a row times the "
            "amounts.",
            (colors_transposed_before,),
        ),
        Mistake("not_scaled", colors_not_scaled, "The matrix is not scaled: how long is its longest column?"),
        Mistake(
            "over_the_whole_norm",
            colors_over_all,
            "This divides by a norm of the whole matrix. The length of its longest *column* is asked for.",
            (colors_over_spectral,),
        ),
        Mistake(
            "over_the_largest_entry",
            colors_over_largest_entry,
            "This divides by the largest entry. A column's length is the root of the sum of its squares.",
        ),
        Mistake(
            "over_rows",
            colors_over_rows,
            "The lengths are those of the rows. Along which axis does a column run?",
            (colors_over_each_row,),
        ),
        Mistake(
            "each_column_scaled",
            colors_over_each_column,
            "Every column is scaled to length 1. But how *much* each color varies is what the lengths say: scale all by "
            "the same number.",
        ),
        Mistake(
            "sums_for_lengths",
            colors_over_sums,
            "This divides by a sum of absolute values. A length is the root of a sum of squares.",
        ),
        Mistake(
            "taken_apart",
            colors_taken_apart,
            "This is the way back: it takes red, green and blue apart. Multiply by the matrix, not by its inverse.",
        ),
        Mistake(
            "scrambled_by_reshape",
            colors_scrambled,
            "reshape(-1, 3) does not move axes: three *neighbors* are mixed instead of three channels. permute or einsum "
            "can.",
        ),
        Mistake(
            "squeezed",
            colors_squeezed,
            "The mixed colors are squeezed by a sigmoid already. That comes later: return them as they are.",
        ),
    ),
    differentiable=(0,),
    verified="columns are colors, the longest one has length 1",
)

EXERCISES = (ACTIVATION_OBJECTIVE, JITTER, NORMALIZED_STEP, OCTAVES, FOURIER_IMAGE, CORRELATE_COLORS)
