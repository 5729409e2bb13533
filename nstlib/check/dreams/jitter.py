"""The exercise ``jitter``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import changed, tensor, whole
from nstlib.check.dreams._shared import Map
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.transformations import roll


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

    return Case(f"image {shape}{if_loose(loose)}, {down} down, {right} to the right", make)


def _image() -> Tensor:
    return uniform(9, 1, 3, 5, 7)


@law("no shift gives the plain gradient")
def none(function: Function) -> bool:
    return close(function(_image(), _uneven(3), 0, 0), _uneven(3)(_image()))


@law("once around the whole circle is no shift")
def circle(function: Function) -> bool:
    return close(function(_image(), _uneven(3), 5, -7), _uneven(3)(_image()))


@law("where the slope treats all places alike, the shift cannot be seen")
def even(function: Function) -> bool:
    return close(function(_image(), lambda x: 2 * x, 2, 3), 2 * _image())


@law("the slope is asked once, about the image moved down and to the right")
def sees(function: Function) -> bool:
    seen = []

    def slope(image: Tensor) -> Tensor:
        seen.append(torch.as_tensor(image).detach().clone())
        return torch.zeros_like(image)

    function(_image(), slope, 1, 2)
    return len(seen) == 1 and close(seen[0][..., 1, 2], _image()[..., 0, 0]) and close(seen[0], roll(_image(), 1, 2))


@law("an answer 2 down and 3 to the right of the image comes back to its place")
def spot(function: Function) -> bool:
    spot = torch.zeros(1, 3, 5, 7)
    spot[..., 3, 5] = 1.0
    moved = torch.zeros(1, 3, 5, 7)
    moved[..., 1, 2] = 1.0
    return close(function(_image(), lambda x: spot.to(x.dtype), 2, 3), moved)


@mistake("The gradient still lies where the shifted copy was. Which pixels of the image does it belong to?")
def not_moved_back(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(roll(image, down, right))


@mistake("The gradient is moved the same way once more instead of back. Which sign undoes a roll?")
def moved_on_instead_of_back(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return roll(slope(roll(image, down, right)), down, right)


@mistake("The gradient is moved, but the network was asked about the image in its old place.")
def image_not_moved(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return roll(slope(image), -down, -right)


@mistake("It goes up and to the left. A positive roll moves down, or to the right.")
def the_other_way(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, -down, -right)


@mistake("Down and right are exchanged: rows are axis 2, columns axis 3.")
def axes_swapped(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, right, down)


@mistake("Axes 1 and 2 are rolled: then red becomes green. Which axes of (B, 3, H, W) are rows and columns?")
def channels_rolled(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image.roll((down, right), (1, 2))).roll((-down, -right), (1, 2))


@mistake("`torch.roll` without axes rolls the whole tensor as one long row of numbers. Say which axes.")
def rolled_flat(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image.roll(down).roll(right)).roll(-right).roll(-down)


def _moved_back(down: Callable[[int, int], int], right: Callable[[int, int], int]) -> Function:
    """Return the exercise's function with another way back."""

    def moved(image: Tensor, slope: Map, d: int, r: int) -> Tensor:
        return roll(slope(roll(image, d, r)), -down(d, r), -right(d, r))

    return moved


not_back_to_its_place = mistake(
    "The gradient does not come back to where the image is: move both axes, each by as much as it was moved before.",
    "not_back_to_its_place",
)(
    _moved_back(lambda down, right: right, lambda down, right: down),
    _moved_back(lambda down, right: down, lambda down, right: 0),
    _moved_back(lambda down, right: 0, lambda down, right: right),
    _moved_back(lambda down, right: -down, lambda down, right: right),
    _moved_back(lambda down, right: down, lambda down, right: -right),
)


def jitter_right_only(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, 0, right)


@mistake("Only one of the two axes is moved.", variants=(jitter_right_only,))
def one_axis_only(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return jitter(image, slope, down, 0)


def _pushed(image: Tensor, down: int, right: int) -> Tensor:
    """Shift with black where nothing comes from."""
    height, width = image.shape[2:]
    pushed = torch.zeros_like(image)
    source = image[:, :, max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    pushed[:, :, max(0, down) : height - max(0, -down), max(0, right) : width - max(0, -right)] = source
    return pushed


@mistake(
    "What leaves at one border is lost, and black comes in at the other: an edge that the network will dream "
    "about. Move in a circle."
)
def black_comes_in(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return _pushed(slope(_pushed(image, down, right)), -down, -right)


@mistake("Nothing is moved: this is the plain gradient.")
def not_moved_at_all(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return slope(image)


@mistake("The gradient is added to the image already. Return the gradient alone: the step comes next.")
def step_taken(image: Tensor, slope: Map, down: int, right: int) -> Tensor:
    return image + jitter(image, slope, down, right)


EXERCISE = Exercise(
    __name__,
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
        _jitter_case(5, (1, 3, 1, 6), 3, 2),
    ),
    takes={
        "image": tensor("B 3 H W", ("uniform", "normal")),
        "slope": changed(whole(0, 99), _uneven, "another in each place ({})"),
        "down": whole(-9, 9),
        "right": whole(-9, 9),
    },
    sizes={"H": (1, 6), "W": (1, 6)},
    verified="moved in a circle, asked there, moved back",
)
