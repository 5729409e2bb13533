"""The kernel explorer: nine weights that slide over a photo (chapter on convolution)."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
import torch
from torch import Tensor

from nstlib.filters import convolve2d
from nstlib.widgets.explorer import Page, encode_pictures, make_explorer, named_pictures

WEIGHTS = [-1, -2, -1, 0, 0, 0, 1, 2, 1]  # is it brighter below than above?
DIVISOR = 8
ALT = (
    "A photo in gray, and the answer of a kernel at each of its pixels: red where it is brighter below than above, blue "
    "where it is darker, white where nothing changes."
)


def explore_kernels(
    pictures: Tensor | Mapping[str, Tensor], *, size: int = 160, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer: drag a kernel of 3 x 3 numbers over a photo, change them, and see the answer everywhere.

    Pixels are gray, whole numbers from 0 to 255; the answer is that of ``filters.convolve2d`` with a padding of 1. With a
    kernel behind it, its ``weights``, ``divisor``, ``border``, ``row`` and ``column`` can be read.

    Args:
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name. The reader can open others.
        size: length of the longer side in pixels; larger pictures are made smaller.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        ShapeError: if one is no image. ChoiceError: if there is none, or the size is below 8.
    """
    grays = {name: as_gray(image) for name, image in named_pictures("explore_kernels", pictures, size).items()}
    first = next(iter(grays.values()))
    row, column = _telling_place(_answers(first))
    state = {
        "pictures": encode_pictures(grays),
        "size": size,
        "weights": WEIGHTS,
        "divisor": DIVISOR,
        "border": "zeros",
        "row": row,
        "column": column,
    }
    return make_explorer(
        "kernels", state, still=[first.expand(-1, 3, -1, -1), _picture_of(_answers(first))], alt=ALT, static=static
    )


def as_gray(image: Tensor) -> Tensor:
    """Return the mean of the colors in steps of 1/255, shape (1, 1, H, W): what the explorer computes with."""
    return (image.mean(1, keepdim=True) * 255).round() / 255


def _answers(gray: Tensor) -> Tensor:
    return convolve2d(gray, gray.new_tensor(WEIGHTS).view(1, 1, 3, 3) / DIVISOR, padding=1)


def _telling_place(answers: Tensor) -> tuple[int, int]:
    """Return the row and the column of the strongest answer, the border apart, for there padding answers."""
    inner = answers[0, 0, 1:-1, 1:-1].abs()
    row, column = divmod(int(inner.argmax()), inner.shape[1])
    return row + 1, column + 1


def _picture_of(answers: Tensor) -> Tensor:
    """Return signed answers as a picture: red above 0, blue below, white at 0."""
    strength = (answers / answers.abs().quantile(0.99).clamp(min=1e-6)).clamp(-1, 1)  # (1, 1, H, W)
    red, blue = 1 - (-strength).clamp(min=0), 1 - strength.clamp(min=0)
    return torch.cat([red, torch.minimum(red, blue), blue], dim=1)
