"""The exercise ``held_out_split``, and the mistakes that people make in it."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from nstlib import patches
from nstlib.check.drawing import Make, Pick, Sizes, shuffled, whole
from nstlib.check.exercise import Case, Exercise, Function, if_loose, law, mistake, scattered

_REGIONS = torch.tensor([[8, 10, 20, 24], [20, 30, 32, 44], [0, 40, 6, 46]])


def _corners(seed: int, count: int, side: int) -> Tensor:
    """Return random corners in a picture of 40 x 52 pixels, and those that just touch, just miss or contain a region."""
    drawn = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * torch.tensor([40, 52])
    edges = [
        [8 - side, 12],
        [20, 14],
        [12, 10 - side],
        [12, 24],
        [9 - side, 12],
        [19, 14],
        [8, 10],
        [20 - side, 24 - side],
    ]
    return torch.cat([drawn.long(), torch.tensor(edges)])


def _split_case(seed: int, count: int, side: int, regions: int, *, loose: bool = False) -> Case:
    def make(_: torch.dtype) -> tuple[Tensor, int, Tensor]:
        corners = _corners(seed, count, side)
        return scattered(corners) if loose else corners, side, _REGIONS[:regions].clone()

    return Case(f"{count + 8} patches of side {side}, {regions} regions{if_loose(loose)}", make)


def _split(function: Function, side: int = 7, regions: Tensor = _REGIONS) -> tuple[Tensor, Tensor]:
    return tuple(torch.as_tensor(part) for part in function(_corners(5, 60, side), side, regions.clone()))


@law("no pixel of a training patch is in a held-out patch")
def no_pixel_shared(function: Function) -> bool:
    train, test = _split(function)
    pages = []
    for chosen in (train, test):
        page = torch.zeros(80, 100, dtype=torch.bool)
        for top, left in (_corners(5, 60, 7)[chosen] + 20).tolist():
            page[top : top + 7, left : left + 7] = True
        pages.append(page)
    return bool(train.any()) and bool(test.any()) and not bool((pages[0] & pages[1]).any())


@law("a patch that only borders on a region may be trained on")
def borders(function: Function) -> bool:
    region = torch.tensor([[10, 10, 20, 20]])
    beside = torch.tensor([[5, 12], [20, 12], [12, 5], [12, 20]])
    train, test = function(beside, 5, region)
    return bool(torch.as_tensor(train).all()) and not bool(torch.as_tensor(test).any())


@law("a patch that fills a region exactly is inside it, and one pixel further it is not")
def exact(function: Function) -> bool:
    train, test = function(torch.tensor([[10, 30], [10, 31]]), 5, torch.tensor([[10, 30, 15, 35]]))
    return not bool(torch.as_tensor(train).any()) and torch.as_tensor(test).tolist() == [True, False]


@law("a patch with a whole region in its middle is neither")
def around(function: Function) -> bool:
    train, test = function(torch.tensor([[10, 10]]), 20, torch.tensor([[15, 16, 18, 19]]))
    return not bool(torch.as_tensor(train).any()) and not bool(torch.as_tensor(test).any())


@law("moving patches and regions together changes nothing")
def moved(function: Function) -> bool:
    moved = function(_corners(5, 60, 7) + torch.tensor([3, 11]), 7, _REGIONS + torch.tensor([3, 11, 3, 11]))
    return all(torch.equal(torch.as_tensor(a), b) for a, b in zip(moved, _split(function), strict=True))


@law("the order of the regions does not matter")
def regions_in_any_order(function: Function) -> bool:
    turned = _split(function, regions=_REGIONS.flip(0))
    return all(torch.equal(a, b) for a, b in zip(turned, _split(function), strict=True)) and bool(turned[1].any())


def _meets(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    """Return (N, R) booleans: which patches touch which regions, and which lie inside."""
    split = [patches.held_out_split(corners, side, region[None]) for region in regions]
    return ~torch.stack([train for train, _ in split], 1), torch.stack([test for _, test in split], 1)


@mistake(
    "Only the patch's first corner is looked at. Its other pixels may lie on the other side of a border: where "
    "does it end?"
)
def corner_decides(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    inside = _meets(corners, 1, regions)[1].any(1)
    return ~inside, inside


@mistake("Only the patch's center is looked at, so half of a training patch may show what it is measured with later.")
def center_decides(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return corner_decides(corners + side // 2, side, regions)


@mistake(
    "Patches that lie half in a held-out region are trained on: the network has then seen what it should be "
    "measured with. 'Not inside' is not the same as 'outside'."
)
def straddlers_trained_on(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    inside = _meets(corners, side, regions)[1].any(1)
    return ~inside, inside


@mistake("Patches that only reach into a region are measured with, though their other half was trained on.")
def straddlers_measured_with(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches = _meets(corners, side, regions)[0].any(1)
    return ~touches, touches


@mistake(
    "A patch is taken to be a pixel smaller than it is. Which rows does it cover, if its first is row y and it has "
    "`side` of them?"
)
def one_pixel_smaller(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side - 1, regions)


@mistake(
    "A patch that borders on a region without sharing a pixel counts as touching here. Bottom and right are "
    "excluded: is it < or <=?",
)
def bordering_refused(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches = _meets(corners - 1, side + 2, regions)[0].any(1)
    return ~touches, _meets(corners, side, regions)[1].any(1)


@mistake("A patch that reaches exactly to a region's border is inside. Is it < or <=?")
def strictly_inside(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions)[0], _meets(corners - 1, side + 2, regions)[1].any(1)


@mistake("Rows and columns are mixed up: a corner is (row, column), a region is (top, left, bottom, right).")
def rows_for_columns(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners.flip(1), side, regions)


@mistake("The last two numbers of a region are taken for its height and width. They are its bottom and right.")
def height_and_width(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, torch.cat([regions[:, :2], regions[:, :2] + regions[:, 2:]], 1))


@mistake(
    "A patch may be trained on here unless it touches all of the regions. To touch one of them is enough to put it "
    "aside."
)
def touching_all(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches, inside = _meets(corners, side, regions)
    return ~touches.all(1), inside.any(1)


@mistake("Only the first region is held out. A patch has to stay clear of all of them.")
def one_region_only(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions[:1])


@mistake(
    "Only the patch's four corners are tested. A small region can lie in the middle of a patch, or cross its edge, "
    "without holding any corner."
)
def four_corners_only(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    steps = torch.tensor([[0, 0], [0, side - 1], [side - 1, 0], [side - 1, side - 1]])
    held = torch.stack([_meets(corners + step, 1, regions)[1] for step in steps])  # (4, N, R)
    return ~held.any(0).any(1), held.all(0).any(1)


@mistake("The two results are swapped: those to train on come first.")
def swapped(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions)[::-1]


def _some_corners(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw corners of patches, those beyond the picture too."""
    count, seed = pick.whole(1, 40), pick.whole(0, 999)
    drawn = torch.randint(0, 24, (count, 2), generator=torch.Generator().manual_seed(seed))
    return f"of {count} patches", lambda dtype: drawn.clone()


def _some_regions(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw rectangles with a pixel or more between them: a patch may reach over several."""
    ends = [[0, *sorted({pick.whole(2, 20) for _ in range(3)}), 25] for _ in range(2)]
    rows, columns = ([(a, b - 1) for a, b in pairwise(cuts) if b - 1 > a] for cuts in ends)
    cells = [[top, left, bottom, right] for top, bottom in rows for left, right in columns]
    regions = torch.tensor(shuffled(pick, cells)[: pick.whole(1, 6)])
    return f"{regions.tolist()}", lambda dtype: regions.clone()


EXERCISE = Exercise(
    __name__,
    title="Nothing seen twice",
    difficulty=2,
    minutes=12,
    signature="held_out_split(corners, side, regions)",
    hints=(
        "One shared pixel is enough to cheat. So there are three kinds of patches: clear of every region, inside of one, "
        "and those that straddle a border, which nobody may use.",
        "Two intervals overlap if each begins before the other ends; two squares overlap if they do so in rows *and* in "
        "columns. Inside is stricter: begin not before, end not after.",
        "With `first = corners[:, None]`, `last = first + side`, `begin, end = regions[:, :2], regions[:, 2:]` all pairs "
        "meet in one comparison: `((first < end) & (last > begin)).all(2)` says which patch touches which region.",
    ),
    reference=patches.held_out_split,
    cases=(
        _split_case(1, 30, 7, 1),
        _split_case(2, 40, 5, 3),
        _split_case(3, 50, 9, 2, loose=True),
        _split_case(4, 35, 16, 3),
    ),
    takes={"corners": _some_corners, "side": whole(1, 8), "regions": _some_regions},
    drawn=8,
    verified="training patches and held-out patches share no pixel",
)
