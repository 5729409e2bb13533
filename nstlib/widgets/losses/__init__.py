"""The explorer of losses: changes of a picture, and which of the two losses notices them (chapter on losses)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import torch
from torch import Tensor

from nstlib.colors import luminance
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features
from nstlib.frequency import low_pass
from nstlib.images import check_picture, resize_to
from nstlib.losses import content_loss, style_loss, total_variation
from nstlib.transfer import STYLE_LAYERS
from nstlib.transformations import roll
from nstlib.widgets.explorer import Page, encode_array, encode_frame, make_explorer

SIZE = 96  # pixels along both sides: 2, 3, 4, 6, 8, 12 and 16 tiles fit into it
SEED = 1
STRENGTHS = {  # of each change, from none at all; the browser makes the same pictures (losses/maths.js)
    "shifted": (0, 1, 2, 4, 8, 16, 32, 48),  # pixels to the right
    "in tiles": (96, 48, 32, 24, 16, 12, 8, 6),  # pixels along a tile's side
    "blurred": (0, 0.5, 1, 2, 4, 8),  # standard deviation in pixels
    "less color": (0, 0.25, 0.5, 0.75, 1),  # share that is taken away
    "noise": (0, 0.05, 0.1, 0.2, 0.3, 0.4),  # the most that is added, or taken away
}
OTHER = "another picture"
START = {"shifted": 5, "in tiles": 2, "blurred": 2, "less color": 4, "noise": 3, OTHER: 1}
ALT = (
    "{name}, and the same picture shifted by {shift} pixels, so that what left it on the right came in again on the left. "
    "Content loss {content:.2f}, style loss {style:.2f}, means of {count} layers."
)


def explore_losses(
    network: Features,
    pictures: Mapping[str, tuple[Tensor, Mapping[str, Tensor]]],
    *,
    layers: Sequence[str] = STYLE_LAYERS,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: change a picture, more and more, and see what its content loss and its style loss make of it.

    The losses are ``losses.content_loss`` and ``losses.style_loss`` between the picture and the changed one, in their
    "relative" convention, computed here for each change and each of its strengths. With a kernel behind it, its
    ``picture``, ``change`` and ``steps`` can be read.

    Args:
        network: from ``load_network``.
        pictures: name to a picture, RGB in [0, 1] of shape (1, 3, H, W), and to other pictures by name, one at least,
            whose losses are marked for comparison. All are cut to squares, and made 96 pixels wide.
        layers: in which the losses are computed.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no picture, no other picture, or no layer. ShapeError: if one is no picture.
        LayerError: if there is no such layer.
    """
    if not pictures or not layers:
        raise ChoiceError(
            "explore_losses needs at least one picture and one layer: {name: (image, {other name: other image})}, got "
            f"{len(pictures)} pictures and {len(layers)} layers."
        )
    names = [network.canonical(layer) for layer in layers]
    subjects = [_subject(network, names, name, pair) for name, pair in pictures.items()]
    state = {
        "layers": names,
        "strengths": {change: list(strengths) for change, strengths in STRENGTHS.items()},
        "subjects": subjects,
        "seed": SEED,
        "picture": 0,
        "change": "shifted",
        "steps": dict(START),
    }
    name, (image, _) = next(iter(pictures.items()))
    first, shift = as_square(image), STRENGTHS["shifted"][START["shifted"]]
    numbers = subjects[0]["measured"]["shifted"][START["shifted"]]
    means = {kind: sum(numbers[kind]) / len(names) for kind in ("content", "style")}
    alt = ALT.format(name=name.capitalize(), shift=shift, count=len(names), **means)
    still = [first, changed(first, "shifted", shift)]
    return make_explorer("losses", state, still=still, alt=alt, static=static)


def as_square(image: Tensor) -> Tensor:
    """Return the middle of a picture as a square of ``SIZE`` pixels, in steps of 1/255: what the browser has."""
    factor = SIZE / min(image.shape[2:])
    height, width = (max(SIZE, round(factor * side)) for side in image.shape[2:])
    top, left = (height - SIZE) // 2, (width - SIZE) // 2
    square = resize_to(image.detach(), (height, width))[:, :, top : top + SIZE, left : left + SIZE]
    return (square * 255).round() / 255


def changed(image: Tensor, change: str, strength: float) -> Tensor:
    """Return a square picture, shape (1, 3, SIZE, SIZE), after a change of ``STRENGTHS``."""
    if change == "shifted":
        return roll(image, 0, int(strength))
    if change == "in tiles":
        return _in_tiles(image, int(strength))
    if change == "blurred":
        return low_pass(image, strength) if strength else image
    if change == "less color":
        return torch.lerp(image, luminance(image).expand_as(image), strength)
    noise = torch.from_numpy(2 * _uniform(image.numel()) - 1).to(image.dtype).view_as(image)
    return (image + strength * noise).clamp(0, 1)


def _subject(network: Features, layers: list[str], name: str, pair: Any) -> dict[str, Any]:
    """Return a picture, what was measured of its changes, and what of other pictures."""
    if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Mapping) and pair[1]):
        raise ChoiceError(
            f"explore_losses compares {name!r} with other pictures: give it (image, {{name: image}}) with one other or more."
        )
    for label, image in ((name, pair[0]), *pair[1].items()):
        if not isinstance(image, Tensor):
            raise ShapeError(
                f"explore_losses needs images of shape (1, 3, H, W), got {type(image).__name__} for {label!r}."
            )
        check_picture(f"explore_losses: {label!r}", image)
    image, others = as_square(pair[0]), {label: as_square(other) for label, other in pair[1].items()}
    with torch.no_grad():
        own = network(image, layers)

        def measured(other: Tensor) -> dict[str, Any]:
            found = network(other, layers)
            both = [(found[layer], own[layer]) for layer in layers]
            return {
                "content": [_short(content_loss(*maps, convention="relative")) for maps in both],
                "style": [_short(style_loss(*maps, convention="relative")) for maps in both],
                "variation": _short(total_variation(other)),
            }

        numbers = {
            change: [measured(changed(image, change, strength)) for strength in strengths]
            for change, strengths in STRENGTHS.items()
        }
        numbers[OTHER] = [numbers["shifted"][0], *(measured(other) for other in others.values())]
    return {
        "name": name,
        "image": encode_array(image[0], "uint8"),
        "others": [{"name": label, "look": encode_frame(other)} for label, other in others.items()],
        "measured": numbers,
    }


def _short(value: Tensor) -> float:
    return float(f"{value.item():.4g}")


def _uniform(count: int) -> np.ndarray:
    """Return numbers in [0, 1), the same as ``random`` in kit.js gives for ``SEED`` (mulberry32)."""
    low = np.uint64(0xFFFFFFFF)  # what 32 bits hold
    state = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5) + np.uint64(SEED)) & low
    t = ((state ^ (state >> np.uint64(15))) * (state | np.uint64(1))) & low
    t = ((t + (((t ^ (t >> np.uint64(7))) * (t | np.uint64(61))) & low)) & low) ^ t
    return (t ^ (t >> np.uint64(14))).astype(np.float64) / 2**32


def _in_tiles(image: Tensor, side: int) -> Tensor:
    """Return the picture in tiles of ``side`` pixels, each in the place of another, in a random circle."""
    across = SIZE // side
    circle = np.argsort(_uniform(across**2), kind="stable")
    order = np.empty_like(circle)
    order[circle] = np.roll(circle, -1)
    tiles = image.view(3, across, side, across, side).permute(1, 3, 0, 2, 4).flatten(0, 1)  # (tiles, 3, side, side)
    placed = tiles[torch.from_numpy(order)].unflatten(0, (across, across)).permute(2, 0, 3, 1, 4)
    return placed.reshape(image.shape)
