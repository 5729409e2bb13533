"""The occlusion brush: a gray square over a photo, and what units say to it (chapter on deconvnets)."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError, whole_number
from nstlib.images import check_picture
from nstlib.widgets.explorer import Page, encode_array, make_explorer

ALT = "A photo, and the same photo with a gray square in its middle, as large as the one that can be moved over it."


def explore_occlusion(
    image: Tensor,
    units: Mapping[str, tuple[Tensor, float]],
    *,
    size: int,
    stride: int,
    value: float = 0.5,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: drag a gray square over a photo and read how much of a unit's activation that takes away.

    The answers are those of ``occlusion_map``, computed before. With a kernel behind it, its ``unit``, ``row``
    and ``column`` can be read.

    Args:
        image: RGB in [0, 1], shape (1, 3, H, W).
        units: name to a pair: the unit's ``occlusion_map`` (rows, columns), and its activation for the whole image.
        size, stride, value: with which the maps were made.
        static: as for ``make_explorer``.

    Raises:
        ShapeError: if the image is none, or a map is not what such a square makes. ChoiceError: if there is no unit, or an
            activation is not above 0.
    """
    check_picture("explore_occlusion: image", image)
    whole_number("size", size, 1)
    whole_number("stride", stride, 1)
    wanted = tuple((length - size) // stride + 1 for length in image.shape[2:])
    if not units:
        raise ChoiceError("explore_occlusion needs at least one unit: {name: (occlusion_map, activation)}.")
    for name, (drops, score) in units.items():
        if tuple(drops.shape) != wanted:
            raise ShapeError(
                f"A square of {size} pixels in steps of {stride} has {wanted[0]} x {wanted[1]} places on this image, but "
                f"the map of {name!r} has shape {tuple(drops.shape)}. Give the size and stride that it was made with."
            )
        if not score > 0:
            raise ChoiceError(f"The activation of {name!r} must be above 0, got {score!r}: choose a unit that fires.")
    row, column = (length // 2 for length in wanted)
    state = {
        "photo": {"name": "photo", "image": encode_array(image[0], "uint8")},
        "units": [
            {"name": name, "score": float(score), "drops": encode_array(drops)}
            for name, (drops, score) in units.items()
        ],
        "size": size,
        "stride": stride,
        "value": value,
        "unit": 0,
        "row": row,
        "column": column,
    }
    covered = image.detach().clone()
    covered[..., row * stride : row * stride + size, column * stride : column * stride + size] = value
    return make_explorer("occlusion", state, still=[image, covered], alt=ALT, static=static)
