"""The frequency mixer: a photo as three bands, with a gain for each (chapter on frequencies)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import anywidget
from torch import Tensor

from nstlib.errors import ChoiceError
from nstlib.frequency import split_bands
from nstlib.widgets.explorer import Page, encode_pictures, make_explorer, named_pictures

SIGMAS = (1.5, 5.0)
ALT = (
    "A photo and its three bands: the fine one with outlines and the middle one with softer shapes, both light and dark on "
    "mid-gray, and the coarse one, a blur."
)


def explore_frequencies(
    pictures: Tensor | Mapping[str, Tensor],
    *,
    sigmas: Sequence[float] = SIGMAS,
    size: int = 160,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: three bands of a photo, how wide each is and how much of it goes into the sum.

    The bands are those of ``frequency.split_bands``. A button computes them in bytes instead, where negative numbers wrap
    around. With a kernel behind it, its ``sigmas`` and ``gains`` can be read.

    Args:
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name. The reader can open others.
        sigmas: widths of the two blurs at the start, in pixels: the first from 0.5 to 6, the second from 1 to 12 and larger.
        size: length of the longer side in pixels; larger pictures are made smaller.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        ShapeError: if one is no image. ChoiceError: if there is none, the size is below 8, or the sigmas are others.
    """
    images = named_pictures("explore_frequencies", pictures, size)
    widths = _widths(sigmas)
    first = next(iter(images.values()))
    fine, middle, coarse = split_bands(first, widths)
    state = {"pictures": encode_pictures(images), "size": size, "sigmas": widths, "gains": [1, 1, 1]}
    still = [first, 0.5 + fine, 0.5 + middle, coarse]
    return make_explorer("frequencies", state, still=still, alt=ALT, static=static)


def _widths(sigmas: Sequence[float]) -> list[float]:
    widths = [float(sigma) for sigma in sigmas]
    fits = len(widths) == 2 and all(map(math.isfinite, widths)) and 0.5 <= widths[0] <= 6 and 1 <= widths[1] <= 12
    if not fits or widths[0] >= widths[1]:
        raise ChoiceError(
            "explore_frequencies needs two sigmas in pixels, the first from 0.5 to 6, the second larger and from 1 to 12, "
            f"got {list(sigmas)}."
        )
    return widths
