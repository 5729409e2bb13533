"""The wall of patches: what channels like most, and where it lies in its picture (chapter on deconvnets)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import anywidget
import torch
from torch import Tensor

from nstlib.errors import ChoiceError
from nstlib.top_patches import TopPatch
from nstlib.widgets.explorer import Page, encode_frame, make_explorer

ALT = "The strongest patches of channel {channel} of {layer} side by side."

Found = Mapping[int, Sequence[TopPatch]]


def explore_patches(
    images: Tensor | Iterable[Tensor], found: Mapping[str, Found], *, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer: choose a layer and a channel, see its strongest patches, and each one's place in its picture.

    Only pictures that hold a patch travel, each once, as WebP. With a kernel behind it, its ``layer`` and ``channel`` can
    be read, places in their lists.

    Args:
        images: those that ``top_patches`` has looked at, in the same order: batches of shape (B, 3, H, W).
        found: name of a layer to (some of) the channels that ``top_patches`` returned.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no patch to show in a channel, or the images are not those of the patches.
    """
    pictures = [image for batch in images for image in (batch if batch.ndim == 4 else batch[None])]
    patches = [patch for channels in found.values() for channel in channels.values() for patch in channel]
    if not patches or not all(channels and all(channels.values()) for channels in found.values()):
        raise ChoiceError("explore_patches needs a patch in each channel. Leave out those that fired nowhere.")
    used = sorted({patch.image for patch in patches})
    if used[-1] >= len(pictures) or not all(_is_in(patch, pictures[patch.image]) for patch in patches):
        raise ChoiceError(
            f"A patch is not where it should be in one of {len(pictures)} images. Give explore_patches the images that "
            "top_patches has seen, in the same order; a generator runs only once."
        )
    state = {
        "photos": [encode_frame(pictures[number]) for number in used],
        "layers": [
            {
                "name": layer,
                "channels": [
                    {"channel": channel, "patches": [_facts(patch, used) for patch in best]}
                    for channel, best in channels.items()
                ],
            }
            for layer, channels in found.items()
        ],
        "layer": 0,
        "channel": 0,
    }
    layer, channels = next(iter(found.items()))
    channel, best = next(iter(channels.items()))
    alt = ALT.format(channel=channel, layer=layer)
    return make_explorer("patches", state, still=[patch.pixels for patch in best], alt=alt, static=static)


def _is_in(patch: TopPatch, image: Tensor) -> bool:
    top, bottom, left, right = patch.box
    cut = image[None, :, top:bottom, left:right]
    return cut.shape == patch.pixels.shape and torch.allclose(cut, patch.pixels, atol=1 / 255)


def _facts(patch: TopPatch, used: list[int]) -> dict:
    return {
        "photo": used.index(patch.image),
        "box": list(patch.box),
        "row": patch.row,
        "column": patch.column,
        "value": float(f"{patch.activation:.5g}"),
    }
