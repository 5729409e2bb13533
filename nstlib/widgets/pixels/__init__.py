"""The pixel explorer: the numbers of a photo under a magnifier, and other ways to read them (chapter on images)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anywidget
import torch
from torch import Tensor

from nstlib.errors import ChoiceError
from nstlib.features import CAFFE
from nstlib.widgets.explorer import Page, encode_pictures, make_explorer, named_pictures

WINDOW = 8  # pixels along each side of what the magnifier shows
ALT = "A photo with a small window marked on it, and the window's {} by {} pixels as large squares of one color each."


def explore_pixels(
    pictures: Tensor | Mapping[str, Tensor],
    *,
    at: Sequence[int] | None = None,
    size: int = 160,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: move a magnifier over a photo, change the numbers below it, and read them in other ways.

    The photo is bytes of shape (H, W, 3), as ``np.asarray(Image.open(...))`` gives them. They are read as they were
    written; with blue first; as if they were planes, ``reshape(3, H, W)``; or as ``features.CAFFE`` hands them to a
    network, which is shown clamped to [0, 1]. Before that, something can be added to them: in bytes, which wrap around,
    or in floats, which are clamped. With a kernel behind it, its ``reading``, ``form``, ``brighter``, ``row``, ``column``
    and ``changes`` can be read; a change is row, column, channel and byte.

    Args:
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name. The reader can open others.
        at: row and column of the pixel to begin with, of the first picture as it was given; None means its middle.
        size: length of the longer side in pixels; larger pictures are made smaller.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        ShapeError: if one is no image. ChoiceError: if there is none, the size is below 8, or there is no such pixel.
    """
    images = named_pictures("explore_pixels", pictures, size)
    name, image = next(iter(images.items()))
    given = pictures if isinstance(pictures, Tensor) else pictures[name]
    row, column = _scaled(at, given.shape[2:], image.shape[2:])
    top, left = (_start(place, count) for place, count in zip((row, column), image.shape[2:], strict=True))
    state = {
        "pictures": encode_pictures(images),
        "size": size,
        "window": WINDOW,
        "mean": list(CAFFE.mean),  # in the order of its channels: blue, green, red
        "picture": name,
        "row": row,
        "column": column,
        "top": top,
        "left": left,
        "reading": "stored",
        "form": "bytes",
        "channel": "all",
        "brighter": 0,
        "changes": [],
    }
    lens = image[..., top : top + WINDOW, left : left + WINDOW]
    still = [_marked(image, top, left), lens]
    return make_explorer("pixels", state, still=still, alt=ALT.format(*lens.shape[2:]), static=static)


def _scaled(at: Sequence[int] | None, given: Sequence[int], shown: Sequence[int]) -> list[int]:
    """Return row and column in the picture that is shown, of a place in the one that was given."""
    if at is None:
        return [count // 2 for count in shown]
    whole = len(at) == 2 and all(isinstance(place, int) and not isinstance(place, bool) for place in at)
    if not whole or not all(0 <= place < count for place, count in zip(at, given, strict=True)):
        raise ChoiceError(
            f"explore_pixels needs at, row and column of a pixel, from (0, 0) to ({given[0] - 1}, {given[1] - 1}), "
            f"got {tuple(at)}."
        )
    return [place * after // before for place, before, after in zip(at, given, shown, strict=True)]


def _start(place: int, count: int) -> int:
    """Return where the window around a pixel begins; it does not leave the picture."""
    return max(0, min(place - WINDOW // 2, count - WINDOW))


def _marked(image: Tensor, top: int, left: int) -> Tensor:
    """Return the picture with a yellow line around the window."""
    bottom, right = top + WINDOW, left + WINDOW
    line = torch.zeros(image.shape[2:], dtype=torch.bool)
    line[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
    line[top:bottom, left:right] = False
    yellow = image.new_tensor([1.0, 0.83, 0.3]).view(1, 3, 1, 1)
    return torch.where(line, yellow, image)
