"""The exercise ``sliced_wasserstein``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import textures
from nstlib.check.drawing import Make, Pick, Sizes, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.textures._shared import permutation, some
from nstlib.gram import shuffle_positions


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """Return the mean over directions of the mean squared difference of sorted projections, shape (B,).

    Args:
        x: features, shape (B, C, H, W). y: likewise, the same shape.
        directions: unit vectors, shape (K, C).
    """
    return textures.sliced_wasserstein(x, y, directions)


def _sliced_case(seed: int, shape: tuple[int, ...], count: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        # Nothing rectified: of two equal projections either may come first, and their gradients would change places.
        x, y = normal(seed, *shape, dtype=dtype) + 0.25, 2 * F.softplus(normal(seed + 50, *shape, dtype=dtype))
        directions = normal(seed + 90, count, shape[1], dtype=dtype)
        directions = directions / directions.norm(dim=1, keepdim=True)
        return (scattered(x), scattered(y), directions) if loose else (x, y, directions)

    _, c, h, w = shape
    quantities = {"2": 2.0, "H*W": h * w, "K": count, "C": c, "K*H*W": count * h * w}
    return Case(f"x and y {shape}{if_loose(loose)}, {count} directions", make, quantities)


def _three() -> tuple[Tensor, Tensor, Tensor]:
    return some(21, 2, 3, 4, 5), some(22, 2, 3, 4, 5).relu(), textures.random_directions(3, 6)


def _sliced(function: Function, x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y, directions))


@law("features whose positions were moved around are at a distance of 0")
def shuffled(function: Function) -> bool:
    x, _, directions = _three()
    moved = shuffle_positions(x, permutation(4, 20))
    return bool((_sliced(function, x, moved, directions).abs() < 1e-6).all())


@law("a cloud moved as a whole is as far as the move is long in each direction, squared")
def moved(function: Function) -> bool:
    x, _, directions = _three()
    way = torch.tensor([1.0, -2.0, 0.5])
    expected = (directions @ way).square().mean().expand(2)
    return close(_sliced(function, x, x + way.view(1, 3, 1, 1), directions), expected)


@law("it is the same from x to y as from y to x")
def symmetric(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, x, y, directions), _sliced(function, y, x, directions))


@law("features three times as strong are nine times as far apart")
def strength(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, 3 * x, 3 * y, directions), 9 * _sliced(function, x, y, directions))


@law("a direction and its opposite see the same")
def turned(function: Function) -> bool:
    x, y, directions = _three()
    return close(_sliced(function, x, y, -directions), _sliced(function, x, y, directions))


@law("0, 4, 1 and 3, 0, 2 are at a distance of (0 + 1 + 1) / 3")
def hand(function: Function) -> bool:
    """0, 4, 1 against 3, 0, 2: sorted 0 1 4 and 0 2 3, so (0 + 1 + 1) / 3."""
    x, y = (torch.tensor(values).view(1, 1, 1, 3) for values in ([0.0, 4.0, 1.0], [3.0, 0.0, 2.0]))
    return close(_sliced(function, x, y, torch.ones(1, 1)), torch.tensor([2 / 3]))


def _projected(x: Tensor, directions: Tensor) -> Tensor:
    return directions.to(x) @ x.flatten(2)  # (B, K, M)


def _sorted_with(change: Callable[[Tensor, Tensor], Tensor]) -> Function:
    def wrong(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
        return change(*(_projected(maps, directions).sort(2).values for maps in (x, y)))

    return wrong


@mistake(
    "The projections are compared position by position, so a texture that moved counts as another one. What makes "
    "two heaps of numbers comparable?"
)
def not_sorted(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return (_projected(x, directions) - _projected(y, directions)).square().mean((1, 2))


@mistake("The sort runs over the directions: which of them was which is lost. Along which axis lie the positions?")
def sorted_over_directions(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (_projected(maps, directions).sort(1).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


@mistake(
    "Each channel is sorted by itself before it is projected, so what fired together no longer does. Project first."
)
def sorted_before_projecting(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (directions.to(maps) @ maps.flatten(2).sort(2).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


@mistake(
    "The channels themselves are sorted and compared; the directions are not used. What channels do together is "
    "seen only from directions between them."
)
def directions_unused(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    a, b = (maps.flatten(2).sort(2).values for maps in (x, y))
    return (a - b).square().mean((1, 2))


@mistake("One of the two is sorted and the other is not. Each heap has an order of its own.")
def one_side_sorted(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    return (_projected(x, directions).sort(2).values - _projected(y, directions)).square().mean((1, 2))


opposite_order = mistake(
    "One is sorted upward and the other downward: the largest meets the smallest, the worst of all pairings.",
    "opposite_order",
)(_sorted_with(lambda a, b: (a - b.flip(2)).square().mean((1, 2))))


absolute_values = mistake(
    "This is the mean absolute difference (p = 1). Squares are asked for (p = 2).", "absolute_values"
)(_sorted_with(lambda a, b: (a - b).abs().mean((1, 2))))


square_root = mistake("There is a square root too many: the mean of the squares is asked for.", "square_root")(
    _sorted_with(lambda a, b: (a - b).square().mean((1, 2)).sqrt())
)


sliced_summed_everywhere = _sorted_with(lambda a, b: (a - b).square().sum((1, 2)))


sliced_summed_over_directions = _sorted_with(lambda a, b: (a - b).square().mean(2).sum(1))


sums_for_means = mistake(
    "A sum where a mean is asked for: over the positions, or over the directions.",
    "sums_for_means",
    variants=(sliced_summed_everywhere, sliced_summed_over_directions),
)(_sorted_with(lambda a, b: (a - b).square().sum(2).mean(1)))


each_direction = mistake(
    "There is a number for each direction. Their mean is asked for, one number for each image: shape (B,).",
    "each_direction",
)(_sorted_with(lambda a, b: (a - b).square().mean(2)))


worst_direction = mistake(
    "This is the largest over all directions. Their mean is asked for.",
    "worst_direction",
)(_sorted_with(lambda a, b: (a - b).square().mean(2).amax(1)))


sliced_batch_summed = _sorted_with(lambda a, b: (a - b).square().mean((1, 2)).sum())


batch_folded_in = mistake(
    "The images of the batch are put together. One number for each is asked for: shape (B,).",
    "batch_folded_in",
    variants=(sliced_batch_summed,),
)(_sorted_with(lambda a, b: (a - b).square().mean()))


_NO_TIES = ("normal", "tiny", "positive")  # of two equal projections either may come first


def _some_directions(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    count, channels, seed = pick.whole(1, 6), sizes["C"], pick.whole(0, 999)
    return f"{(count, channels)}", lambda dtype: F.normalize(normal(seed, count, channels, dtype=dtype), dim=1)


EXERCISE = Exercise(
    __name__,
    title="Compare clouds by sorting",
    difficulty=2,
    minutes=15,
    signature="sliced_wasserstein(x, y, directions)",
    hints=(
        "Seen from one direction, each position is a single number: the inner product of its vector with that direction. "
        "Two heaps of numbers are compared best in order, the smallest with the smallest.",
        "All projections at once are one matrix product, `(K, C) @ (B, C, H*W)`. Sort along the positions, for x and for "
        "y, then take the mean squared difference over directions and positions.",
        "`(directions @ x.flatten(2)).sort(2).values` for x, the same for y; then `(a - b).square().mean((1, 2))`.",
    ),
    reference=sliced_wasserstein,
    cases=(
        _sliced_case(1, (1, 3, 4, 5), 6),
        _sliced_case(2, (2, 5, 3, 4), 4),
        _sliced_case(3, (2, 4, 6, 3), 7, loose=True),
        _sliced_case(4, (3, 2, 5, 7), 3),
        _sliced_case(5, (1, 1, 3, 4), 1),
    ),
    takes={
        "x": tensor("B C H W", _NO_TIES),
        "y": tensor("B C H W", _NO_TIES),
        "directions": _some_directions,
    },
    differentiable=(0, 1),
    verified="sorted projections, so positions are forgotten and nothing else",
)
