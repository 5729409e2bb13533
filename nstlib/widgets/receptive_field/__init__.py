"""The receptive-field explorer: what units of VGG see around a spot of a photo (chapter on convolution)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anywidget
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from nstlib.errors import LayerError
from nstlib.images import as_bytes
from nstlib.receptive import patch_of, receptive_field
from nstlib.vgg import ARCHITECTURES, Architecture
from nstlib.widgets.explorer import Page, encode_pictures, make_explorer, named_pictures

_VGG16 = ARCHITECTURES["vgg16"]
LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
ALT = "A photo with nested square outlines around one spot: what a unit of each of these layers sees: {}."


def explore_receptive_field(
    pictures: Tensor | Mapping[str, Tensor],
    *,
    layers: Sequence[str] = LAYERS,
    architecture: Architecture = _VGG16,
    size: int = 224,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: choose layers of a VGG, move a spot over a photo, and see what their units see there.

    The numbers are those of ``receptive.receptive_field`` and ``patch_of``, without running the network. With a kernel
    behind it, its ``row``, ``column`` and ``layers`` can be read.

    Args:
        pictures: RGB in [0, 1], shape (1, 3, H, W), or several by name. The reader can open others.
        layers: chosen at the start, names such as "relu3_3" or "pool3"; a convolution stands for the ReLU behind it,
            which sees the same.
        architecture: as for ``receptive.receptive_field``.
        size: length of the longer side in pixels; larger pictures are made smaller.
        static: True for a form that needs no kernel. None: if the environment variable NST_STATIC_WIDGETS is set.

    Raises:
        LayerError: if there is no such layer. ShapeError: if a picture is no image. ChoiceError: if there is none, or the
            size is below 8.
    """
    images = named_pictures("explore_receptive_field", pictures, size)
    if isinstance(layers, str):
        raise LayerError(f"layers is a list of names, got the text {layers!r}. Write [{layers!r}].")
    chosen = [architecture.canonical(name).replace("conv", "relu") for name in layers]
    first = next(iter(images.values()))
    row, column = first.shape[2] // 2, first.shape[3] // 2
    state = {
        "pictures": encode_pictures(images),
        "size": size,
        "blocks": [len(block) for block in architecture.blocks],
        "layers": chosen,
        "row": row,
        "column": column,
    }
    still = _drawn(first, chosen, row, column, architecture)
    alt = ALT.format(", ".join(chosen) or "none")
    return make_explorer("receptive_field", state, still=[still], alt=alt, static=static)


def _drawn(image: Tensor, layers: Sequence[str], row: int, column: int, architecture: Architecture) -> Tensor:
    """Return the photo at twice its size with the fields of the units nearest to a spot, shape (3, 2H, 2W)."""
    height, width = image.shape[2:]
    picture = Image.fromarray(as_bytes(image)).resize((2 * width, 2 * height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for layer in layers:
        field = receptive_field(layer, architecture=architecture)
        units = height // field.stride, width // field.stride
        if 0 in units:
            continue  # the photo is too small for this layer
        nearest = [round((place - field.center) / field.stride) for place in (row, column)]
        unit = [max(0, min(count - 1, position)) for position, count in zip(nearest, units, strict=True)]
        top, bottom, left, right = patch_of(layer, *unit, height, width, architecture=architecture)
        pen.rectangle((2 * left, 2 * top, 2 * right - 1, 2 * bottom - 1), outline=(255, 211, 77), width=2)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255
