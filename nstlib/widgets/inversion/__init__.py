"""The inversion explorer: what each layer knows of a photo, from layer to layer (chapter on inversion)."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError
from nstlib.images import check_picture
from nstlib.inversion import Reconstruction
from nstlib.widgets.explorer import Page, encode_array, make_explorer

ALT = "A photo and what the layers {names} say of it, from shallow to deep: less and less is right."


def explore_inversion(
    photo: Tensor, runs: Mapping[str, Mapping[str, Reconstruction]], *, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer: go from layer to layer and see the photo beside what was rebuilt from each of them.

    Errors in a layer are those of the steps, ``inversion.normalized_error``; those in pixels are computed in the browser.
    With a kernel behind it, its ``layer`` can be read, a place in the list of layers.

    Args:
        photo: RGB in [0, 1], shape (1, 3, H, W).
        runs: name of a network to its inversions: layer to the last step of ``inversion.invert``. The same layers in each.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no run, or the runs have other layers, or a single one. ShapeError: if an image does not
            have the photo's shape.
    """
    check_picture("explore_inversion: photo", photo)
    layers = [list(found) for found in runs.values()]
    if not layers or len(layers[0]) < 2 or any(names != layers[0] for names in layers):
        raise ChoiceError(
            "explore_inversion needs {name: {layer: step}} with the same two layers or more in each, got "
            f"{ {name: list(found) for name, found in runs.items()} }."
        )
    for name, found in runs.items():
        for layer, step in found.items():
            if step.image.shape != photo.shape:
                raise ShapeError(
                    f"explore_inversion compares pixels: {name}, {layer} has shape {tuple(step.image.shape)}, the photo "
                    f"{tuple(photo.shape)}."
                )
    state = {
        "photo": _picture("photo", photo),
        "layers": layers[0],
        "runs": [
            {
                "name": name,
                "pictures": [_picture(layer, step.image) for layer, step in found.items()],
                "errors": [float(f"{step.error:.5g}") for step in found.values()],
            }
            for name, found in runs.items()
        ],
        "layer": 0,
    }
    still = [photo, *(step.image for step in next(iter(runs.values())).values())]
    alt = ALT.format(names=", ".join(layers[0]))
    return make_explorer("inversion", state, still=still, alt=alt, static=static)


def _picture(name: str, image: Tensor) -> dict:
    return {"name": name, "image": encode_array(image[0], "uint8")}
