"""The exercise ``strip_rows``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, uniform
from nstlib.engine.tiles import strip_rows


def _rows_case(start: int, stop: int, height: int, convolutions: int) -> Case:
    label = f"rows {start} to {stop} of {height}, {convolutions} convolution{'s' * (convolutions != 1)}"
    return Case(label, lambda _: (start, stop, height, convolutions))


def _rows(function: Function, *arguments: int) -> tuple[int, int]:
    first, last = function(*arguments)
    return int(first), int(last)


def _blurred(rows: Tensor, convolutions: int) -> Tensor:
    """Return rows (1, 1, H, 3) after some convolutions of positive weights, which let every row through."""
    for _ in range(convolutions):
        rows = F.conv2d(rows, torch.full((1, 1, 3, 3), 0.2, dtype=rows.dtype), padding=1)
    return rows


_STRIPS = ((8, 12, 20, 3), (0, 5, 20, 2), (17, 20, 20, 4), (2, 4, 20, 5))


@law("the rows are enough: whatever stands in the others, the strip comes out the same")
def enough(function: Function) -> bool:
    """Zeros may stand for whatever is not needed."""
    image = 1 + uniform(51, 1, 1, 20, 3).double()
    for start, stop, height, convolutions in _STRIPS:
        first, last = _rows(function, start, stop, height, convolutions)
        known = torch.zeros_like(image)
        known[:, :, first:last] = image[:, :, first:last]
        whole, part = (_blurred(rows, convolutions)[:, :, start:stop] for rows in (image, known))
        if not 0 <= first < last <= height or not close(part, whole, 1e-9):
            return False
    return True


@law("each of the rows is needed")
def all_needed(function: Function) -> bool:
    for start, stop, height, convolutions in _STRIPS:
        image = torch.ones(1, 1, height, 3, dtype=torch.float64, requires_grad=True)
        first, last = _rows(function, start, stop, height, convolutions)
        (reach,) = torch.autograd.grad(_blurred(image, convolutions)[:, :, start:stop].sum(), image)
        if not bool((reach[:, :, first:last] > 0).all()):
            return False
    return True


@law("two convolutions need what one needs of what one needs")
def one_after_another(function: Function) -> bool:
    first, last = _rows(function, 9, 14, 40, 1)
    return _rows(function, first, last, 40, 1) == _rows(function, 9, 14, 40, 2)


@law("the whole output needs the whole input, and nothing beyond it")
def whole(function: Function) -> bool:
    return _rows(function, 0, 30, 30, 4) == (0, 30)


@law("without any convolution the strip needs itself alone")
def none(function: Function) -> bool:
    return _rows(function, 9, 14, 40, 0) == (9, 14)


@law("upside down it is the same")
def upside_down(function: Function) -> bool:
    first, last = _rows(function, 2, 9, 30, 4)
    return _rows(function, 30 - 9, 30 - 2, 30, 4) == (30 - last, 30 - first)


@mistake(
    "These are the rows of the strip itself. At its edge a 3 x 3 kernel looks beyond them: what would it see there?"
)
def no_halo(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start, stop


@mistake(
    "One row on each side is what a single convolution needs. The next one needs a neighbor's neighbor: how many "
    "rows do they need together?"
)
def halo_of_one(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 1)


@mistake(
    "Some rows lie outside the image, where nothing can be fetched; a negative start even counts from the end. "
    "What stands there instead?"
)
def not_clipped(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start - convolutions, stop + convolutions


@mistake("At the top the rows end with the image, at the bottom they do not. What is the largest `last` there can be?")
def clipped_above_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), stop + convolutions


@mistake(
    "At the bottom the rows end with the image, at the top they do not: a negative row counts from the end. What "
    "is the smallest `first` there can be?"
)
def clipped_below_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start - convolutions, min(height, stop + convolutions)


@mistake(
    "`min` and `max` are exchanged. `first` must not be below 0: is that the smaller or the larger of the two numbers?"
)
def min_for_max(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return min(0, start - convolutions), max(height, stop + convolutions)


def rows_clipped_to_the_last_index(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height - 1, stop + convolutions)


@mistake(
    "It ends one row too early, always or at the lower border. `last` is the row *after* the last one, as in a slice: "
    "rows[first:last].",
    variants=(rows_clipped_to_the_last_index,),
)
def last_included(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height, stop + convolutions) - 1


@mistake(
    "It ends one row too late. `stop` is already the row *after* the last one, as in a slice: is there a + 1 too many?"
)
def ends_one_row_late(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), min(height, stop + convolutions + 1)


def rows_three_each(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 3 * convolutions)


def rows_one_to_spare(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, convolutions + 1)


def rows_all(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return 0, height


@mistake(
    "These rows are enough, but more than needed. How far does one 3 x 3 kernel look up, and how far down?",
    variants=(rows_three_each, rows_one_to_spare, rows_all),
)
def wasteful(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return strip_rows(start, stop, height, 2 * convolutions)


def rows_below_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start, min(height, stop + convolutions)


@mistake("The strip is widened on one side only. A 3 x 3 kernel looks both up and down.", variants=(rows_below_only,))
def one_side_only(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start - convolutions), stop


def rows_shrunk_and_clipped(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return max(0, start + convolutions), min(height, stop - convolutions)


@mistake(
    "The strip gets smaller: these are rows that need nothing from outside. Asked for is the other way: what the "
    "strip needs.",
    variants=(rows_shrunk_and_clipped,),
)
def shrunk(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    return start + convolutions, stop - convolutions


@mistake("The second number says how many rows there are. It should be the row where they end, as in a slice.")
def number_of_rows(start: int, stop: int, height: int, convolutions: int) -> tuple[int, int]:
    first, last = strip_rows(start, stop, height, convolutions)
    return first, last - first


def _some_rows(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    height = pick.whole(1, 40)
    start = pick.whole(0, height - 1)
    numbers = (start, pick.whole(start + 1, height), height, pick.whole(0, 9))
    return tuple(map(str, numbers)), lambda dtype: numbers


EXERCISE = Exercise(
    __name__,
    title="How far a strip must look beyond its edge",
    difficulty=1,
    minutes=8,
    signature="strip_rows(start, stop, height, convolutions)",
    hints=(
        "One convolution of 3 x 3 looks one row up and one row down. Ask for two: which rows does the second need of the "
        "first, and which of the image does the first need for those?",
        "Each convolution widens the strip by one row at both ends. Beyond the image there is nothing to fetch: there "
        "the padding's zeros stand.",
        "`start - convolutions`, but not below 0; `stop + convolutions`, but not above `height`.",
    ),
    reference=strip_rows,
    cases=(
        _rows_case(10, 20, 100, 3),
        _rows_case(0, 8, 40, 2),
        _rows_case(30, 40, 40, 4),
        _rows_case(1, 6, 50, 3),
        _rows_case(44, 48, 50, 5),
        _rows_case(3, 9, 12, 16),
        _rows_case(512, 1024, 2048, 9),
        _rows_case(0, 1, 1, 1),
    ),
    takes=dict(zip(("start", "stop", "height", "convolutions"), together(4, _some_rows), strict=True)),
    drawn=30,
    verified="all rows that are needed, none that is not, and none outside the image",
)
