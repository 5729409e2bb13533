"""The exercise ``filter_grid``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import filter_measures
from nstlib.check.drawing import Pick, Sizes, changed, made_by, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def _filters(seed: int, count: int, side: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return filters of different sizes: one a hundred times another, one all positive."""
    weights = normal(seed, count, 3, side, side, dtype=dtype)
    weights[0] *= 20
    weights[1] = weights[1].abs() + 0.5
    weights[2] *= 0.2
    return weights


def _grid_case(seed: int, count: int, side: int, columns: int, *, loose: bool = False, zero: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, int]:
        weights = _filters(seed, count, side, dtype)
        if zero:
            weights[3] = 0
        return scattered(weights) if loose else weights, columns

    note = ", one of them zero" if zero else ""
    return Case(f"{count} filters of {side} x {side}, {columns} columns{note}{if_loose(loose)}", make)


def _tiles(grid: object, side: int, columns: int, count: int) -> Tensor:
    """Return the filters of a grid, (count, 3, side, side)."""
    cut = [divmod(k, columns) for k in range(count)]
    tops = [(1 + row * (side + 1), 1 + column * (side + 1)) for row, column in cut]
    return torch.stack([torch.as_tensor(grid)[0, :, top : top + side, left : left + side] for top, left in tops])


def _grid(function: Function, weights: Tensor, columns: int = 3) -> Tensor:
    return _tiles(function(weights, columns), weights.shape[-1], columns, len(weights))


@law("making one filter larger changes nothing")
def scale_free(function: Function) -> bool:
    weights = _filters(1, 5, 4)
    factors = torch.tensor([0.1, 2.0, 30.0, 1.0, 5.0])[:, None, None, None]
    return close(function(weights * factors, 3), function(weights, 3))


@law("minus the filters are their negatives: the two add up to 1")
def negative(function: Function) -> bool:
    weights = _filters(2, 5, 4)
    return close(_grid(function, weights) + _grid(function, -weights), torch.ones(5, 3, 4, 4))


@law("each filter reaches black or white, and nothing goes beyond")
def grid_range(function: Function) -> bool:
    tiles = _grid(function, _filters(3, 5, 4))
    reach = (tiles - 0.5).abs().amax((1, 2, 3))
    return close(reach, torch.full((5,), 0.5))


@law("a weight of zero is middle gray, in a filter of zeros too")
def gray(function: Function) -> bool:
    weights = torch.zeros(2, 3, 3, 3)
    weights[1, 0, 1, 1] = 2.0
    tiles = _grid(function, weights, 2)
    return close(tiles[0], torch.full((3, 3, 3), 0.5)) and int((tiles[1] == 0.5).sum()) == 26


@law("the filters stand row by row, upright, in their own colors")
def place(function: Function) -> bool:
    weights = torch.full((5, 3, 4, 4), 0.1)
    weights[4, 2, 1, 3] = -1.0  # the fifth filter, blue, second row, last column
    grid = torch.as_tensor(function(weights, 3))
    return grid.shape == (1, 3, 11, 16) and bool(grid[0, 2, 7, 9] == 0) and int((grid == 0).sum()) == 1


@law("the lines between and around, and empty places, are white")
def white(function: Function) -> bool:
    grid = torch.as_tensor(function(_filters(4, 5, 4), 3))
    lines = torch.cat([grid[..., ::5, :].flatten(), grid[..., ::5].flatten(), grid[..., 6:, 11:].flatten()])
    return bool((lines == 1).all())


def _laid_out(scaled: Tensor, columns: int, gap: float = 1.0) -> Tensor:
    count, _, side, _ = scaled.shape
    rows = -(-count // columns)
    grid = torch.full((3, rows * (side + 1) + 1, columns * (side + 1) + 1), gap, dtype=scaled.dtype)
    for index, one in enumerate(scaled):
        top, left = (1 + place * (side + 1) for place in divmod(index, columns))
        grid[:, top : top + side, left : left + side] = one
    return grid[None]


def _scaled(weights: Tensor) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return 0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0)


def grid_stretched_together(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((weights - weights.min()) / (weights.max() - weights.min()), columns)


@mistake(
    "One scale for all: the strongest filter decides, and the faint ones turn into gray squares. Each filter "
    "should have its own.",
    variants=(grid_stretched_together,),
)
def scaled_together(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(0.5 + 0.5 * weights / weights.abs().max(), columns)


def grid_raw(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(weights, columns)


def grid_raw_clamped(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(weights.clamp(0, 1), columns)


def grid_shifted_only(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((0.5 + weights).clamp(0, 1), columns)


@mistake(
    "The weights are not scaled to the range of a picture. How large is each filter's largest one?",
    variants=(grid_raw, grid_raw_clamped, grid_shifted_only),
)
def not_scaled(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((0.5 + 0.5 * weights).clamp(0, 1), columns)


@mistake(
    "Each filter is stretched from its smallest to its largest weight, so zero has another gray in each, and an "
    "all positive filter looks as if it had both signs. Where should zero always be?"
)
def stretched_from_minimum(weights: Tensor, columns: int) -> Tensor:
    low, high = weights.amin((1, 2, 3), keepdim=True), weights.amax((1, 2, 3), keepdim=True)
    return _laid_out((weights - low) / torch.where(high > low, high - low, 1.0), columns)


@mistake(
    "Each color of a filter is scaled by itself: a filter that only looks at red then shows noise in green and "
    "blue. One scale for the three of them."
)
def colors_apart(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((2, 3), keepdim=True)
    return _laid_out(0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0), columns)


@mistake(
    "Each filter is divided by its largest weight, but a negative one may be larger in size. Which function makes "
    "-3 count more than 2?"
)
def sign_ignored_in_scale(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.amax((1, 2, 3), keepdim=True)
    return _laid_out(0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0), columns)


@mistake("The places are filled column by column. The second filter stands to the right of the first.")
def column_by_column(weights: Tensor, columns: int) -> Tensor:
    rows = -(-len(weights) // columns)
    places = [column * rows + row for row in range(rows) for column in range(columns)]
    padded = torch.cat([_scaled(weights), weights.new_ones(rows * columns - len(weights), *weights.shape[1:])])
    return _laid_out(padded[places], columns)


@mistake("Rows and columns inside each filter are swapped: a horizontal edge looks vertical.")
def transposed(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights).mT, columns)


@mistake(
    "A reshape mixes colors and positions: it does not move axes, it cuts the same row of numbers in other places. "
    "Is it permute that you mean, or nothing at all?"
)
def scrambled_by_reshape(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights).reshape(len(weights), *weights.shape[2:], 3).permute(0, 3, 1, 2), columns)


def grid_absolute(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return _laid_out((weights / torch.where(peaks > 0, peaks, 1.0)).abs(), columns)


@mistake(
    "Half of each filter is lost: negative weights look like zero, or like positive ones.", variants=(grid_absolute,)
)
def one_sign_only(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return _laid_out((weights / torch.where(peaks > 0, peaks, 1.0)).clamp(0, 1), columns)


@mistake("The lines and empty places are black; white is asked for.")
def black_lines(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights), columns, gap=0.0)


@mistake("There are no lines between the filters and around them: one pixel each, so (k + 1) per filter and one more.")
def no_lines(weights: Tensor, columns: int) -> Tensor:
    side = weights.shape[-1]
    grid = _laid_out(_scaled(weights), columns)[..., 1:, 1:]
    return torch.cat(
        [
            torch.cat([part[..., :side] for part in row.split(side + 1, dim=3)], dim=3)
            for row in (line[..., :side, :] for line in grid.split(side + 1, dim=2))
        ],
        dim=2,
    )


def _of_different_sizes(weights: Tensor) -> Tensor:
    return weights * (10.0 ** (torch.arange(len(weights)) % 4 - 2)).to(weights)[:, None, None, None]


def _columns(pick: Pick, sizes: Sizes) -> int:
    return pick.whole(1, sizes["N"])


EXERCISE = Exercise(
    __name__,
    title="All filters in one picture",
    difficulty=2,
    minutes=15,
    signature="filter_grid(weights, columns)",
    hints=(
        "A filter has positive and negative weights, of any size. Which gray should a weight of 0 have? And which filter "
        "should decide what counts as large?",
        "Divide each filter by its own largest absolute weight (over its three colors together), so that it lies in "
        "-1..1, then map -1, 0, 1 to 0, 0.5, 1. Start from a white picture and write the filters into it.",
        "`peaks = weights.abs().amax((1, 2, 3), keepdim=True)`, with 1 where it is 0; `0.5 + 0.5 * weights / peaks`. "
        "Filter number `index` goes to row and column `divmod(index, columns)`, whose first pixel is "
        "`1 + row * (k + 1)`, `1 + column * (k + 1)`.",
    ),
    reference=filter_measures.filter_grid,
    cases=(
        _grid_case(1, 5, 4, 3, zero=True),
        _grid_case(2, 6, 3, 2),
        _grid_case(3, 7, 5, 4, loose=True),
        _grid_case(4, 4, 2, 4, zero=True),
    ),
    takes={
        "weights": changed(tensor("N 3 k k"), _of_different_sizes, "{}, some much larger"),
        "columns": made_by(_columns),
    },
    sizes={"N": (1, 7), "k": (1, 5)},
    verified="each filter at its place, on its own scale, with zero in the middle",
)
