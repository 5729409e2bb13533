"""The exercise ``tile_gram``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import Make, Pick, Sizes, tensor
from nstlib.check.engine._shared import Once, handed
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal


def _strips(seed: int, batch: int, channels: int, width: int, heights: tuple[int, ...]) -> list[Tensor]:
    """Return a feature map, cut into strips; each has another level, as a sky has over a field."""
    strips = [normal(seed + k, batch, channels, height, width) + 0.4 * k for k, height in enumerate(heights)]
    return list(torch.cat(strips, 2).split(heights, 2))


def _strips_case(
    seed: int, sizes: tuple[int, int, int], heights: tuple[int, ...], *, once: bool = False, views: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor]]:
        strips = [
            strip.to(dtype) if views else strip.to(dtype).contiguous() for strip in _strips(seed, *sizes, heights)
        ]
        return (Once(strips) if once else strips,)

    batch, channels, width = sizes
    kind, positions = "a generator" if once else "a list", sum(heights) * width
    label = f"{kind} of strips ({batch}, {channels}, h, {width}), h = {', '.join(map(str, heights))}"
    named = {"2": 2.0, "H*W": positions, "C": channels, "W": width, "H": sum(heights), "strips": len(heights)}
    return Case(f"{label}{if_loose(views)}", make, named)


def _watch_tiles(function: Function, arguments: tuple) -> object:
    return function(handed(arguments[0]))


def _tiled(function: Function, strips: list[Tensor]) -> Tensor:
    return torch.as_tensor(function(strip for strip in strips))


_HEIGHTS = (2, 5, 3)


@law("one strip alone has its own Gram matrix")
def one(function: Function) -> bool:
    (strip,) = _strips(41, 2, 3, 4, (5,))
    return close(_tiled(function, [strip]), gram.gram_matrix(strip))


@law("several have that of the whole map")
def whole(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, strips), gram.gram_matrix(torch.cat(strips, 2)))


@law("where the map is cut makes no difference")
def cut_elsewhere(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    others = list(torch.cat(strips, 2).split((1, 1, 8), 2))
    return close(_tiled(function, others), _tiled(function, strips))


@law("the order of the strips makes no difference")
def any_order(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, strips[::-1]), _tiled(function, strips))


@law("a dark strip as large as all others halves the mean")
def empty(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    return close(_tiled(function, [*strips, torch.zeros(2, 3, 10, 4)]), _tiled(function, strips) / 2)


@law("each image of a batch has its own matrix")
def alone(function: Function) -> bool:
    strips = _strips(42, 2, 3, 4, _HEIGHTS)
    together = _tiled(function, strips)
    return all(close(_tiled(function, [strip[k : k + 1] for strip in strips])[0], together[k]) for k in range(2))


def _sum_of_products(tiles: Iterable[Tensor]) -> tuple[Tensor, list[int]]:
    """Return the sum over all positions, and how many each strip has."""
    totals, positions = [], []
    for tile in tiles:
        vectors = tile.flatten(2)
        totals.append(vectors @ vectors.mT)
        positions.append(vectors.shape[-1])
    return torch.stack(totals).sum(0), positions


def tile_mean_of_means_by_length(tiles: Iterable[Tensor]) -> Tensor:
    return sum(gram.gram_matrix(tile) for tile in tiles) / len(tiles)


@mistake(
    "Each strip counts the same, however high it is. Which one should weigh more: a strip of 5 rows or one of 2?",
    variants=(tile_mean_of_means_by_length,),
)
def mean_of_means(tiles: Iterable[Tensor]) -> Tensor:
    return torch.stack([gram.gram_matrix(tile) for tile in tiles]).mean(0)


@mistake(
    "The strips' means are added up: the more strips, the larger the result. What is a mean over all positions made of?"
)
def sum_of_means(tiles: Iterable[Tensor]) -> Tensor:
    return sum(gram.gram_matrix(tile) for tile in tiles)


@mistake(
    "The strips' means are added up, and then divided by the number of positions once more. A strip's mean has "
    "been divided already: what has to be added up instead?"
)
def normalized_twice(tiles: Iterable[Tensor]) -> Tensor:
    grams, positions = zip(*[(gram.gram_matrix(tile), tile[0, 0].numel()) for tile in tiles], strict=True)
    return sum(grams) / sum(positions)


@mistake(
    "Each strip is averaged with all before it, half and half: the last one then counts as much as all others "
    "together. How many positions does each side stand for?"
)
def running_half(tiles: Iterable[Tensor]) -> Tensor:
    mean = None
    for tile in tiles:
        mean = gram.gram_matrix(tile) if mean is None else (mean + gram.gram_matrix(tile)) / 2
    return mean


def tile_over_the_first(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / positions[0]


@mistake(
    "The sum over all strips is divided by the positions of one of them. Do you add the positions up, or write "
    "over them?",
    variants=(tile_over_the_first,),
)
def positions_of_one_strip(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / positions[-1]


def tile_over_strips_by_length(tiles: Iterable[Tensor]) -> Tensor:
    return _sum_of_products(tiles)[0] / len(tiles)


@mistake(
    "The sum over positions is divided by the number of strips. The mean runs over positions: how many are there "
    "in all?",
    variants=(tile_over_strips_by_length,),
)
def divided_by_strips(tiles: Iterable[Tensor]) -> Tensor:
    total, positions = _sum_of_products(tiles)
    return total / len(positions)


@mistake("It is W times too large: rows are counted, not positions.")
def divided_by_rows(tiles: Iterable[Tensor]) -> Tensor:
    tiles = list(tiles)
    return _sum_of_products(tiles)[0] / sum(tile.shape[2] for tile in tiles)


@mistake("This is the sum over positions. The Gram matrix of this course is their mean: count them as they pass.")
def never_divided(tiles: Iterable[Tensor]) -> Tensor:
    return _sum_of_products(tiles)[0]


def tile_counted_beforehand(tiles: Iterable[Tensor]) -> object:
    positions = sum(tile.shape[2] * tile.shape[3] for tile in tiles)
    return sum(tile.flatten(2) @ tile.flatten(2).mT for tile in tiles) / positions


def tile_counted_beforehand_from_zeros(tiles: Iterable[Tensor]) -> Tensor:
    positions = 0
    for tile in tiles:
        positions += tile.shape[2] * tile.shape[3]
    total = torch.zeros(tile.shape[0], tile.shape[1], tile.shape[1], dtype=tile.dtype)
    for tile in tiles:
        total += tile.flatten(2) @ tile.flatten(2).mT
    return total / positions


@mistake(
    "The strips are gone through twice. A generator gives each of them once, so the second pass sees nothing: can "
    "you count and add up in the same pass?",
    variants=(tile_counted_beforehand, tile_counted_beforehand_from_zeros),
)
def gone_through_twice(tiles: Iterable[Tensor]) -> Tensor:
    total = _sum_of_products(tiles)[0]
    return total / sum(tile.shape[2] * tile.shape[3] for tile in tiles)


def tile_first(tiles: Iterable[Tensor]) -> Tensor:
    return gram.gram_matrix(next(iter(tiles)))


def tile_last_over_all(tiles: Iterable[Tensor]) -> Tensor:
    grams, positions = zip(*[(gram.gram_matrix(tile), tile[0, 0].numel()) for tile in tiles], strict=True)
    return grams[-1] * positions[-1] / sum(positions)


@mistake(
    "Only one strip is in it: the others are lost. Is the total added to, or overwritten? And does `return` stand "
    "inside the loop?",
    variants=(tile_first, tile_last_over_all),
)
def one_strip_only(tiles: Iterable[Tensor]) -> Tensor:
    return [gram.gram_matrix(tile) for tile in tiles][-1]


def tile_batch_averaged(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tiles).mean(0)


@mistake(
    "The images of the batch are put together. Each has its own matrix: (B, C, C).", variants=(tile_batch_averaged,)
)
def batch_folded_in(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tiles).sum(0)


@mistake(
    "The mean of each strip is subtracted first. A Gram matrix keeps the mean; and here every strip would lose "
    "another one."
)
def centered(tiles: Iterable[Tensor]) -> Tensor:
    return gram.tile_gram(tile - tile.mean((2, 3), keepdim=True) for tile in tiles)


@convention(
    "This is the convention of Johnson et al. (2016): divided by C*H*W, not only by H*W. Both are in use; your "
    "numbers below will differ from the book's by the factor 1/C."
)
def johnson(tiles: Iterable[Tensor]) -> Tensor:
    result = gram.tile_gram(tiles)
    return result / result.shape[-1]


def _some_strips(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw L strips of one to four rows, in a list or from a generator."""
    kind, heights = pick.one_of((list, Once)), [pick.whole(1, 4) for _ in range(sizes["L"])]
    drawn = [tensor(f"B C {height} W")(pick, sizes) for height in heights]
    said = f"{drawn[0][0]} the first, heights {', '.join(map(str, heights))}"
    return said + (", from a generator" if kind is Once else ""), lambda dtype: kind(make(dtype) for _, make in drawn)


EXERCISE = Exercise(
    __name__,
    title="The exact Gram matrix of a map in strips",
    difficulty=1,
    minutes=10,
    signature="tile_gram(tiles)",
    hints=(
        "A mean is a sum and a count. Sums of strips can be added, counts too; means of strips cannot be averaged, "
        "because a high strip has more positions than a low one.",
        "Keep two things while you go through the strips once: the sum of `vectors @ vectors.mT`, and the number of "
        "positions seen so far. Divide when the last strip has passed.",
        "In the loop: `vectors = tile.flatten(2)`, `total = total + vectors @ vectors.mT`, "
        "`positions += vectors.shape[-1]`; after it: `return total / positions`.",
    ),
    reference=gram.tile_gram,
    cases=(
        _strips_case(1, (1, 3, 4), (2, 5)),
        _strips_case(11, (2, 4, 3), (3, 1, 4), once=True),
        _strips_case(21, (2, 5, 2), (4, 2, 3, 1), views=True),
        _strips_case(31, (1, 6, 5), (1, 6, 2), once=True, views=True),
        _strips_case(41, (1, 1, 3), (1, 2)),
    ),
    takes={"tiles": _some_strips},
    sizes={"W": (1, 4), "L": (1, 7)},
    observe=_watch_tiles,
    verified="the Gram matrix of the whole map, in one pass over strips of any height",
)
