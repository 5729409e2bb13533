"""The one-pass explorer: a small network paints photos, files and what a camera sees, in styles that can be mixed.

With a kernel Python paints. On the built page a worker does, with the graph that ``tools/one_pass_graph.py`` writes, once
the reader has agreed to load what runs it; before that the page shows paintings of the first photo that it carries.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anywidget
import torch
from torch import Tensor

from nstlib import course
from nstlib.errors import ChoiceError, ImageError, ShapeError
from nstlib.images import load_image, picture, resize, resize_to
from nstlib.one_pass import OnePass, load_one_pass
from nstlib.widgets.explorer import Page, encode_frame, is_static, make_explorer, named_pictures, picture_of

Painter = tuple[OnePass, Mapping[str, Tensor]]

SIZES = (128, 192, 256)  # of what is painted: the longer side in pixels
SIZE = 192
STILL = 160  # pixels: a still picture is seen by few
QUALITY = 60  # of WebP, for what a page carries
LOOK = 72  # pixels of a style's own picture
ALT = (
    "A photo, {photo}, and the same photo painted in one pass in the style {style}: its outlines are kept, and filled with "
    "the style's colors and texture."
)


def explore_one_pass(
    pictures: Tensor | Mapping[str, Tensor],
    styles: Sequence[str] | None = None,
    *,
    painter: Painter | None = None,
    size: int = SIZE,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: choose a style, mix it with another, and see photos or the camera painted while you do.

    A mixture's scales and biases are the weighted mean of its styles'. Strength fades, in pixels, from the photo to the
    painting. With a kernel behind it, its ``style``, ``second``, ``share`` (of the second style), ``strength`` and ``size``
    can be read.

    Args:
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name. The reader can open others.
        styles: names of the painter's styles to choose from, the first of them for the beginning. None means all.
        painter: a network and its styles, as from ``load_one_pass()``, which None stands for. A page without a kernel has
            only that one.
        size: the longer side of what is painted, in pixels: 128, 192 or 256.
        static: as for ``make_explorer``.

    Raises:
        ShapeError: if one is no image. ChoiceError: if there is no such size or style, or no picture, or a page is to show
            another painter. WeightsError: if the course's network is missing or damaged.
    """
    if size not in SIZES:
        raise ChoiceError(f"explore_one_pass paints at {', '.join(map(str, SIZES))} pixels, got {size!r}.")
    static = is_static(static)
    if static and painter is not None:
        raise ChoiceError(
            "A page without a kernel paints with the course's own network: leave `painter` out, or ask for static=False."
        )
    photos = named_pictures("explore_one_pass", pictures, max(SIZES))
    painter = load_one_pass() if painter is None else painter
    names = _chosen(styles, painter)
    first, photo = next(iter(photos.items()))
    scene = _fitted(photo, size)
    painted = {name: paint(painter, scene, {name: 1.0}) for name in names}
    state = {
        "source": "page" if static else "kernel",
        "pictures": [{"name": name, "address": encode_frame(image, QUALITY)} for name, image in photos.items()],
        "styles": [{"name": name, "look": encode_frame(_look(name, painted[name]), QUALITY)} for name in names],
        "painted": {name: encode_frame(image, QUALITY) for name, image in painted.items()} if static else {},
        "bytes": (course.DATA / "one_pass.onnx").stat().st_size if static else 0,
        "sizes": list(SIZES),
        "size": size,
        "style": names[0],
        "second": names[1 % len(names)],
        "share": 0,
        "strength": 1,
        "at": 0.5,
    }
    shown = [resize(image, min(STILL, size)) for image in (scene, painted[names[0]])]
    alt = ALT.format(photo=first, style=names[0])
    explorer = make_explorer("one_pass", state, still=shown if static else [], alt=alt, static=static)
    if not static:
        explorer.on_msg(partial(_answer, painter))
    return explorer


def paint(painter: Painter, image: Tensor, amounts: Mapping[str, float]) -> Tensor:
    """Return a painted picture, of the shape of ``image``, (1, 3, H, W).

    Args:
        painter: a network and its styles.
        image: RGB in [0, 1].
        amounts: of each style that is mixed; only their ratios count.

    Raises:
        ChoiceError: if there is no such style, or nothing of any. ShapeError: if the image is too small.
    """
    model, styles = painter
    whole = sum(amounts.values())
    if not set(amounts) <= set(styles) or min(amounts.values(), default=0) < 0 or not whole > 0:
        raise ChoiceError(f"A mixture needs amounts of some of the styles {', '.join(styles)}, got {dict(amounts)}.")
    mixed = sum(amount / whole * styles[name] for name, amount in amounts.items())
    with torch.no_grad():
        return model.eval()(image, mixed)


def _answer(painter: Painter, widget: anywidget.AnyWidget, question: Mapping[str, Any], buffers: Sequence[Any]) -> None:
    """Answer ``{id, size, amounts}`` and pixels with ``{id, size, milliseconds}`` and painted pixels, or an error."""
    try:
        start = time.perf_counter()
        painted = paint(painter, picture_of(buffers[0], *question["size"]), question["amounts"])
    except (ShapeError, ChoiceError) as error:
        widget.send({"id": question["id"], "error": str(error)})
        return
    answer = {"id": question["id"], "size": question["size"], "milliseconds": 1000 * (time.perf_counter() - start)}
    widget.send(answer, [painted.contiguous().numpy().tobytes()])


def _chosen(names: Sequence[str] | None, painter: Painter) -> list[str]:
    known = list(painter[1])
    chosen = known if names is None else list(names)
    if not chosen or not set(chosen) <= set(known) or len(set(chosen)) < len(chosen):
        raise ChoiceError(f"`styles` are names of different styles among {', '.join(known)}; got {names!r}.")
    return chosen


def _fitted(image: Tensor, size: int) -> Tensor:
    return resize(image, size) if max(image.shape[2:]) > size else image


def _look(name: str, painted: Tensor) -> Tensor:
    """Return the middle of a style's own picture as a square; of a style that has none, the middle of what it painted.

    A style called "large mosaic" is the mosaic, seen from half as far.
    """
    base = name.removeprefix("large ")
    try:
        image, share = load_image(picture(base), size=256), 0.7 if base == name else 0.35
    except ImageError:
        image, share = painted, 1.0
    height, width = image.shape[2:]
    side = round(share * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    return resize_to(image[:, :, top : top + side, left : left + side], (LOOK, LOOK)).clamp(0, 1)
