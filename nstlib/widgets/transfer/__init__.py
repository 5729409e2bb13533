"""Style transfer while you watch: pixels go downhill step by step, and its knobs may be turned on the way.

Its JavaScript takes the steps (Adam, the pixels clamped to [0, 1] after each). Losses and gradient come with a kernel from
``nstlib.objective``, and on the built page from a worker that runs the graph of ``tools/export_transfer.py``. Before that is
loaded the page shows a run that was recorded when it was built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anywidget
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features, load_network
from nstlib.images import resize_to
from nstlib.objective import Objective, Style
from nstlib.transfer import Step, stylize
from nstlib.widgets.explorer import (
    Page,
    encode_frame,
    encode_pictures,
    is_static,
    make_explorer,
    named_pictures,
    picture_of,
)

# As in tools/export_transfer.py. At 64 to 96 pixels a deeper content layer changes little, and costs half as much again.
CONTENT_LAYER = "relu3_1"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1")
CONTENT_WEIGHT, STYLE_WEIGHT = 1.0, 30.0
SIZES = (64, 96)
RECORDED = (
    0,
    1,
    2,
    3,
    5,
    8,
    12,
    17,
    23,
    31,
    40,
)  # steps whose pictures a page carries; the last one is its still picture
QUALITY = 75  # of these, as WebP
ALT = (
    "Three pictures: the content, {content}; the style, {style}; and the content after {steps} steps of style transfer, its "
    "outlines kept and filled with the colors and strokes of the style."
)


def explore_transfer(
    content: Tensor | Mapping[str, Tensor],
    style: Tensor | Mapping[str, Tensor],
    network: Features | None = None,
    *,
    size: int = SIZES[-1],
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer: start a style transfer, watch picture and losses, and turn its knobs while it runs.

    The losses are relative, of ``relu3_1`` for the content and the Gram matrices of ``relu1_1``, ``relu2_1`` and ``relu3_1``
    for the style, as ``stylize`` has them with those layers, ``optimizer="adam"`` and ``tv_weight=0``. Two knobs say how
    much of the change's coarse and of its fine part (``low_pass`` with a sigma of 1/32 of the side, and the rest) goes into
    the picture. With a kernel behind it, its ``steps``, ``losses``, ``content_weight``, ``style_weight`` and ``gains`` can
    be read.

    Args:
        content: RGB in [0, 1], shape (1, 3, H, W), or several by name. Of each the square in the middle is taken. The reader
            can open others.
        style: likewise.
        network: None means ``load_network()``. A page without a kernel always computes with that one.
        size: of the picture at the start in pixels, 64 or 96.
        static: as for ``make_explorer``.

    Raises:
        ShapeError: if one is no image. ChoiceError: if there is none, or there is no such size.
    """
    if size not in SIZES:
        raise ChoiceError(f"explore_transfer works at a size of {' or '.join(map(str, SIZES))} pixels, got {size!r}.")
    contents, styles = (_squares(pictures) for pictures in (content, style))
    static = is_static(static)
    network = load_network() if network is None else network
    state = {
        "source": "page" if static else "kernel",
        "contents": encode_pictures(contents),
        "styles": encode_pictures(styles),
        "content_weight": CONTENT_WEIGHT,
        "style_weight": STYLE_WEIGHT,
        "gains": {"coarse": 1, "fine": 1},
        "size": size,
        "sizes": list(SIZES),
        "start": "content",
        "steps": 0,
        "losses": [],
    }
    (first, scene), (second, texture) = next(iter(contents.items())), next(iter(styles.items()))
    run = _run(scene, texture, network) if static else []
    state["recorded"] = _recorded(run)
    still = [scene, texture, run[-1].image] if static else []
    alt = ALT.format(content=first, style=second, steps=RECORDED[-1])
    explorer = make_explorer("transfer", state, still=still, alt=alt, static=static)
    if not static:
        explorer.on_msg(partial(_answer, _Comparer(network)))
    return explorer


class _Comparer:
    """What a page's worker does, done by the kernel: goals first, then losses and gradient of one picture after another."""

    def __init__(self, network: Features):
        self.network = network
        self.objective: Objective | None = None

    def set_goals(self, content: Tensor, style: Tensor) -> None:
        """Take what is wanted, both of shape (1, 3, H, W)."""
        weights = (1.0, 1.0, 0.0)
        self.objective = Objective(content, [Style(style)], self.network, CONTENT_LAYER, STYLE_LAYERS, weights)

    def compare(self, image: Tensor, weights: Mapping[str, float]) -> tuple[dict[str, float], Tensor]:
        """Return the relative losses, and the gradient of their weighted sum, shape (1, 3, H, W).

        Raises:
            ChoiceError: if there are no goals yet.
        """
        if self.objective is None:
            raise ChoiceError("Nothing is known yet that the picture could be compared with: start again.")
        leaf = image.requires_grad_(True)
        _, content, style, _ = self.objective(leaf)
        (weights["content"] * content + weights["style"] * style).backward()
        return {"content": content.item(), "style": style.item()}, leaf.grad


def _answer(
    comparer: _Comparer, widget: anywidget.AnyWidget, question: Mapping[str, Any], buffers: Sequence[Any]
) -> None:
    """Answer ``{id, method, sizes}`` and pixels with ``{id}``, or with ``{id, losses}`` and a gradient, or an error."""
    try:
        pictures = [picture_of(data, *size) for data, size in zip(buffers, question["sizes"], strict=True)]
        if question["method"] == "goals":
            comparer.set_goals(*pictures)
            widget.send({"id": question["id"]})
            return
        losses, gradient = comparer.compare(*pictures, question["weights"])
    except (ShapeError, ChoiceError) as error:
        widget.send({"id": question["id"], "error": str(error)})
        return
    widget.send({"id": question["id"], "losses": losses}, [gradient.numpy().tobytes()])


def _squares(pictures: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the middle of each picture as a square of the largest size; smaller ones are enlarged."""
    largest = max(SIZES)
    named = named_pictures("explore_transfer", pictures, 4 * largest)
    squares = {}
    for name, image in named.items():
        height, width = image.shape[2:]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        squares[name] = resize_to(image[:, :, top : top + side, left : left + side], (largest, largest)).clamp(0, 1)
    return squares


def _run(content: Tensor, style: Tensor, network: Features) -> list[Step]:
    """Return the steps, from the start on, that the explorer would take."""
    return list(
        stylize(
            content,
            style,
            network,
            content_layers=CONTENT_LAYER,
            style_layers=STYLE_LAYERS,
            content_weight=CONTENT_WEIGHT,
            style_weight=STYLE_WEIGHT,
            tv_weight=0.0,
            optimizer="adam",
            steps=RECORDED[-1],
            levels=1,
        )
    )


def _recorded(run: Sequence[Step]) -> dict[str, Any] | None:
    """Return a run as the page shows it: pictures of some steps, losses of all; None without one."""
    if not run:
        return None
    losses = ("content", "style")
    return {
        "steps": list(RECORDED),
        "frames": [encode_frame(run[step].image, QUALITY) for step in RECORDED],
        "records": [
            {"step": step.index, **{name: float(f"{getattr(step, name):.4g}") for name in losses}} for step in run
        ],
    }
