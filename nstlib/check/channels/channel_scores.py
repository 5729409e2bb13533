"""The exercise ``channel_scores``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.channels import selectivity
from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, normal, scattered


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
    return Case(f"grid {shape}{constant}{if_loose(loose)}", make)


def _scene_and_style() -> tuple[Tensor, Tensor]:
    """Return what scenes alone change, and styles alone; their means have no rounding, so what is nothing is 0."""
    scene, style = (each.mul(8).round() / 8 for each in (normal(11, 2, 1, 2, 4, 5), normal(12, 1, 4, 2, 4, 5)))
    return scene.expand(2, 4, 2, 4, 5), style.expand(2, 4, 2, 4, 5)


@law("a channel that only scenes change scores 1, one that only styles change 0")
def extremes(function: Function) -> bool:
    scene, style = _scene_and_style()
    return close(function(scene.clone()), torch.ones(2)) and close(function(style.clone()), torch.zeros(2))


@law("with rows and columns exchanged the score is 1 minus what it was")
def turned(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(function(grid.transpose(0, 1)), 1 - torch.as_tensor(function(grid)))


@law("gain, sign and offset of a channel change nothing")
def gain(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    found = torch.as_tensor(function(grid))
    return close(function(2 - 3 * grid), found) and bool((found != found[0]).any())


@law("the same pictures twice change nothing")
def repeated(function: Function) -> bool:
    """The same pictures in the grid twice, along both ways."""
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(function(grid.repeat(2, 2, 1, 1, 1)), function(grid))


@law("a channel's score does not depend on the other channels")
def alone(function: Function) -> bool:
    grid = normal(13, 3, 4, 2, 4, 5)
    return close(torch.as_tensor(function(grid))[1:], function(grid[:, :, 1:].clone()))


@law("what neither scene nor style alone explains does not count")
def residual(function: Function) -> bool:
    """What belongs to a scene in a style, and to neither of the two alone, does not count."""
    scene, style = _scene_and_style()
    noise = normal(14, 2, 4, 2, 4, 5)
    noise = noise - noise.mean(0) - noise.mean(1, keepdim=True) + noise.mean((0, 1))
    return close(function(scene + style + 3 * noise), function(scene + style))


@law("a scene three times as strong as the style counts nine times as much: 0.9, wherever the two are strong")
def squares(function: Function) -> bool:
    """The scene is in one place, the style everywhere, with a quarter of that in each."""
    signs = torch.tensor([1.0, -1.0])
    scene, style = torch.tensor([2.0, 0, 0, 0]).view(2, 2), torch.ones(2, 2)
    grid = 3 * signs.view(2, 1, 1, 1, 1) * scene + signs.view(1, 2, 1, 1, 1) * style
    return close(function(grid), torch.tensor([0.9]))


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


@mistake(
    "The mean of a scene is a mean of J pictures, that of a style one of I. With I and J different, these counts "
    "matter: where do they belong?"
)
def counts_forgotten(grid: Tensor) -> Tensor:
    return _scores(grid, factors=(1, 1))


@mistake("I and J are swapped: a scene's mean stands for as many pictures as there are *styles*.")
def counts_swapped(grid: Tensor) -> Tensor:
    return _scores(grid, factors=grid.shape[:2])


def scores_axes_swapped(grid: Tensor) -> Tensor:
    return 1 - _scores(grid, factors=grid.shape[:2])


@mistake(
    "It is upside down: a channel that follows the scene should be near 1. Which axis do you average for a scene's "
    "mean?",
    variants=(scores_axes_swapped,),
)
def upside_down(grid: Tensor) -> Tensor:
    return 1 - selectivity(grid)


@mistake(
    "The maps are averaged over positions first, so that *where* a channel is on no longer counts. A cat that has "
    "moved is another scene: keep the maps, and sum the squares over positions."
)
def places_averaged(grid: Tensor) -> Tensor:
    return selectivity(grid.mean((3, 4), keepdim=True))


@mistake("The means are squared as they are. It is their distance to the mean of all that counts.")
def mean_of_all_left(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    by_scene = styles * grid.mean(1).square().sum((0, 2, 3))
    by_style = scenes * grid.mean(0).square().sum((0, 2, 3))
    return by_scene / (by_scene + by_style)


@mistake(
    "Below the line stands the whole variance. What belongs to neither scene nor style alone, the rest, should not "
    "count."
)
def rest_counted(grid: Tensor) -> Tensor:
    return _scores(grid, residual=True)


def scores_of_absolute_values(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    by_scene = styles * (grid.mean(1) - mean).abs().sum((0, 2, 3))
    by_style = scenes * (grid.mean(0) - mean).abs().sum((0, 2, 3))
    return torch.where(by_scene + by_style > 0, by_scene / (by_scene + by_style), 0.5)


@mistake(
    "These are deviations or absolute values. Squares add up to a whole, these do not: is there an abs, sqrt, std or norm?",
    variants=(scores_of_absolute_values,),
)
def roots_compared(grid: Tensor) -> Tensor:
    return _scores(grid, power=0.5)


@mistake("A share is taken at each position, and then the mean. Sum both over positions first, then divide once.")
def share_at_each_position(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    by_scene = styles * (grid.mean(1) - mean).square().sum(0)
    by_style = scenes * (grid.mean(0) - mean).square().sum(0)
    return torch.where(by_scene + by_style > 0, by_scene / (by_scene + by_style), 0.5).mean((1, 2))


def scores_from_one_number(grid: Tensor) -> Tensor:
    return _from(grid, grid.mean())


def _from(grid: Tensor, mean: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    by_scene = styles * (grid.mean(1) - mean).square().sum((0, 2, 3))
    by_style = scenes * (grid.mean(0) - mean).square().sum((0, 2, 3))
    return torch.where(by_scene + by_style > 0, by_scene / (by_scene + by_style), 0.5)


@mistake(
    "The mean of all pictures is one number here, for a channel or for everything. It is a *map*: keep the positions, and "
    "average over scenes and styles alone.",
    variants=(scores_from_one_number,),
)
def mean_is_no_map(grid: Tensor) -> Tensor:
    return _from(grid, grid.mean((0, 1, 3, 4))[:, None, None])


def scores_zero_where_still(grid: Tensor) -> Tensor:
    return still_channels(grid).nan_to_num(0.0)


@mistake(
    "A channel that never changes gets NaN (0 divided by 0), or 0. By convention its score is 0.5: it follows neither.",
    variants=(scores_zero_where_still,),
)
def still_channels(grid: Tensor) -> Tensor:
    found = selectivity(grid)
    still = (grid == grid[:1, :1]).all(0).all(0).flatten(1).all(1)
    return torch.where(still, torch.full_like(found, float("nan")), found)


@mistake("This is scene over style, from 0 to infinity. A share is asked for: scene over the sum of both.")
def ratio(grid: Tensor) -> Tensor:
    found = selectivity(grid)
    return found / (1 - found)


@convention(
    "You compare mean squares, over I - 1 and J - 1 degrees of freedom, as an F test does. Your numbers differ "
    "from the book's, which compares sums, unless I = J."
)
def mean_squares(grid: Tensor) -> Tensor:
    scenes, styles = grid.shape[:2]
    return _scores(grid, factors=(styles / (scenes - 1), scenes / (styles - 1)))


def _some_grid(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw activations whose channels follow the scene, the style, both or nothing, strong or weak."""
    shape = tuple(sizes[letter] for letter in "IJCHW")
    i, j, c, h, w = shape
    kinds, seed = [pick.one_of(("both", "scene", "style", "zero", "still")) for _ in range(c)], pick.whole(0, 999)
    size = pick.one_of((1.0, 1.0, 100.0, 1e-2))

    def make(dtype: torch.dtype) -> tuple[Tensor]:
        scene, style = normal(seed, i, 1, c, h, w, dtype=dtype), normal(seed + 1, 1, j, c, h, w, dtype=dtype)
        parts = {"both": (1, 1), "scene": (1, 0.2), "style": (0.2, 1), "zero": (0, 0), "still": (0, 0)}
        shares = torch.tensor([parts[kind] for kind in kinds], dtype=dtype)
        level = torch.tensor([0.0 if kind == "zero" else 0.5 for kind in kinds], dtype=dtype).view(c, 1, 1)
        return size * (shares[:, 0].view(c, 1, 1) * scene + shares[:, 1].view(c, 1, 1) * style) + level

    return f"{shape}, channels that follow mostly {', '.join(kinds)}", make


EXERCISE = Exercise(
    __name__,
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
        _grid_case(5, (3, 2, 1, 4, 5)),
    ),
    takes={"grid": _some_grid},
    sizes={"I": (2, 4), "J": (2, 4), "H": (1, 4), "W": (1, 4)},
    drawn=9,
    verified="1 where only scenes change a channel, 0 where only styles do",
)
