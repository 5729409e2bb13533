"""The exercise ``octaves``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import Pick, Sizes, changed, made_by, tensor
from nstlib.check.dreams._shared import Map
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform


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

    return Case(f"image {shape}{if_loose(loose)}, sizes {sizes}", make)


_PHOTO_SIZES = [(4, 5), (6, 8), (9, 11)]


def _photo() -> Tensor:
    return uniform(4, 1, 3, 9, 11)


@law("where nothing is added, the photo comes back")
def idle(function: Function) -> bool:
    return close(function(_photo(), lambda x: x.clone(), _PHOTO_SIZES), _photo())


@law("0.1 added at each of three sizes is 0.3 in the end")
def brighter(function: Function) -> bool:
    return close(function(_photo(), lambda x: x + 0.1, _PHOTO_SIZES), _photo() + 0.3)


@law("a single size is a single climb")
def single(function: Function) -> bool:
    return close(function(_photo(), _waves, [(9, 11)]), _waves(_photo()))


@law("it climbs once at each size, in the order given")
def walk(function: Function) -> bool:
    seen = []

    def climb(image: Tensor) -> Tensor:
        seen.append(tuple(image.shape[2:]))
        return image.clone()

    function(_photo(), climb, _PHOTO_SIZES)
    return seen == _PHOTO_SIZES


@law("a stroke of the first size arrives enlarged, on a photo that is still sharp")
def details(function: Function) -> bool:
    """What is drawn at the first size only is in the result, enlarged step by step, and nothing else is."""
    stroke = normal(3, 1, 3, 4, 5)

    def climb(image: Tensor) -> Tensor:
        return image + stroke.to(image.dtype) if image.shape[2] == 4 else image.clone()

    enlarged = _resized(_resized(stroke, (6, 8)), (9, 11))
    return close(function(_photo(), climb, _PHOTO_SIZES), _photo() + enlarged)


@mistake(
    "The whole picture is enlarged from size to size, so the photo itself gets blurred. Enlarge only what was "
    "added to it."
)
def picture_handed_on(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    result = image
    for size in sizes:
        result = climb(_resized(result, size))
    return result


@mistake("Each size starts anew from the photo: what was drawn at the smaller ones is lost.")
def details_forgotten(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return climb(_resized(image, sizes[-1]))


@mistake(
    "Only the newest strokes are handed on: the difference is taken to where this size *started*, which had the "
    "older ones in it already. Compare with the photo."
)
def newest_details_only(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        start = _resized(image, size) + _resized(details, size)
        result = climb(start)
        details = result - start
    return result


@mistake("Old details are added to a difference that contains them already, so they count twice.")
def details_counted_twice(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base, old = _resized(image, size), _resized(details, size)
        result = climb(base + old)
        details = old + (result - base)
    return result


@mistake("The sizes are gone through from the last to the first. They come in the order in which they are wanted.")
def last_size_first(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, list(reversed(sizes)))


@mistake("What comes back are the details alone. Where is the photo?")
def details_returned(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, sizes) - _resized(image, sizes[-1])


@mistake("It ends one size too early.")
def one_size_missing(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, climb, sizes[:-1])


@mistake("It climbs from the details alone. At each size start from the photo at that size *plus* the details.")
def climbed_from_details(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = None
    for size in sizes:
        base = _resized(image, size)
        result = climb(base if details is None else _resized(details, size))
        details = result - base
    return result


@mistake("The details are added after the climb, which so never sees them. Add them to the base, then climb.")
def details_added_afterwards(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base, old = _resized(image, size), _resized(details, size)
        result = climb(base) + old
        details = result - base
    return result


@mistake("Results are clamped to [0, 1]. Clamp nothing: what goes beyond is part of the details.")
def clamped(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return octaves(image, lambda each: climb(each).clamp(0, 1), sizes)


def octaves_with_antialias(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in map(tuple, sizes):
        base, old = (F.interpolate(x, size=size, mode="bilinear", antialias=True) for x in (image, details))
        result = climb(base + old)
        details = result - base
    return result


def octaves_aligned(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "bilinear", True)


def octaves_bicubic(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "bicubic", False)


@mistake(
    "The sizes are right, but not the interpolation: bilinear is asked for, `mode='bilinear'` and nothing else "
    "(the default is nearest; align_corners stays False).",
    variants=(octaves_aligned, octaves_bicubic, octaves_with_antialias),
)
def other_interpolation(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    return _octaves_by(image, climb, sizes, "nearest", None)


def _octaves_by(image: Tensor, climb: Map, sizes: list[tuple[int, int]], mode: str, align: bool | None) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base = _resized(image, size, mode, align)
        result = climb(base + _resized(details, size, mode, align))
        details = result - base
    return result


@mistake(
    "The small result is enlarged and compared with the *sharp* photo, so the details contain its blur. Compare at "
    "the small size, then enlarge the difference."
)
def details_at_full_size(image: Tensor, climb: Map, sizes: list[tuple[int, int]]) -> Tensor:
    details = torch.zeros_like(image)
    for size in sizes:
        base = _resized(image, size)
        result = climb(base + _resized(details, size))
        details = _resized(result, image.shape[2:]) - image
    return result


def _some_sizes(pick: Pick, sizes: Sizes) -> tuple[tuple[int, int], ...]:
    return tuple((pick.whole(1, 9), pick.whole(1, 9)) for _ in range(pick.whole(1, 5)))


EXERCISE = Exercise(
    __name__,
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
        _octaves_case(5, (1, 3, 7, 9), [(6, 8), (3, 5), (5, 4)]),
    ),
    takes={
        "image": tensor("B 3 H W", ("uniform", "normal")),
        "climb": lambda pick, sizes: ("waves", lambda dtype: _waves),
        "sizes": changed(made_by(_some_sizes), list),
    },
    sizes={"H": (1, 9), "W": (1, 9)},
    verified="sharp at each size, and all details handed on",
)
