"""A card: one picture with its two sources, a curve and its texts, in one narrow column that a phone can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from torch import Tensor

from nstlib.figures.curves import Curves, _spread
from nstlib.figures.style import DASHES, as_picture

COLUMN, MARGIN, GAP = 4.2, 0.18, 0.1  # inches
INNER = COLUMN - 2 * MARGIN
TITLE, TEXT, SMALL = 12.0, 8.0, 7.0  # points
LINE = 1.32  # lines are that many times their letters apart
INCH = 72.0  # points
ACCENT, GRAY = "#0072B2", "#555555"


class Piece(NamedTuple):
    """A text of a card: lines that fit its width, and how they are drawn."""

    lines: list[str]
    size: float
    weight: str = "normal"
    color: str = "black"

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LINE / INCH


def draw_card(
    title: str,
    pictures: Mapping[str, tuple[Tensor, str]],
    texts: Mapping[str, Sequence[str]],
    curves: Curves | None = None,
    *,
    axes: tuple[str, str] = ("", ""),
    point: tuple[float, float] | None = None,
) -> Figure:
    """Return a card, 4.2 inches wide and as high as it needs to be.

    Args:
        title: its first line.
        pictures: the result first, which fills the width, then two that stand side by side below it: name to (RGB in
            [0, 1] of shape (1, 3, H, W), caption).
        texts: heading to paragraphs, from top to bottom.
        curves: label to x and y. None, or none of them: no plot.
        axes: labels of the plot. point: the card's own place in it.
    """
    (large, *small), blocks = pictures.items(), []
    blocks.append((_piece(title, TITLE, "bold"), 0.06))
    blocks.append((large, GAP))
    blocks.append((small, GAP))
    if curves:
        blocks.append((curves, GAP))
    for heading, paragraphs in texts.items():
        blocks.append((_piece(heading, TEXT, "bold", ACCENT), 0.01))
        blocks += [(_piece(each, TEXT), 0.02) for each in paragraphs]
        blocks.append((None, 0.06))
    heights = [_height(block) + gap for block, gap in blocks]
    figure = Figure(figsize=(COLUMN, sum(heights) + 2 * MARGIN), facecolor="white")
    top = sum(heights) + MARGIN
    for (block, _), height in zip(blocks, heights, strict=True):
        if isinstance(block, Piece):
            _write(figure, block, MARGIN, top)
        elif block is large:
            _place(figure, block[1], MARGIN, top, INNER)
        elif block is small:
            side = (INNER - GAP) / 2
            for k, (name, each) in enumerate(small):
                _place(figure, each, MARGIN + k * (side + GAP), top, side, name)
        elif block is not None:
            _plot(_axes(figure, MARGIN + 0.42, top - PLOT + 0.36, INNER - 0.47, PLOT - 0.62), curves, axes, point)
        top -= height
    return figure


PLOT = 2.0  # inches, labels and legend included
LOW = 0.62  # of their width: the small pictures are no higher


def _height(block: object) -> float:
    """Return how many inches a block takes."""
    if block is None:
        return 0.0
    if isinstance(block, Piece):
        return block.height
    if isinstance(block, tuple):
        return _shown(block[1][0], INNER)[1] + _caption(block[1][1], INNER).height
    if isinstance(block, list):
        side = (INNER - GAP) / 2
        return max(
            _shown(picture, side)[1] + _caption(f"{name}: {said}", side).height for name, (picture, said) in block
        )
    return PLOT


def _shown(picture: Tensor, width: float) -> tuple[float, float]:
    """Return how wide and high a picture is shown: at its own proportions, the large one no higher than wide."""
    height, most = width * picture.shape[2] / picture.shape[3], width * (1.0 if width == INNER else LOW)
    return (width, height) if height <= most else (width * most / height, most)


def _place(
    figure: Figure, shown: tuple[Tensor, str], left: float, top: float, width: float, name: str | None = None
) -> None:
    """Draw a picture with its caption below."""
    picture, said = shown
    own, height = _shown(picture, width)
    ax = _axes(figure, left, top - height, own, height)
    # Pixels as they are: a card shows what was computed, and such a PNG is small.
    ax.imshow(as_picture(picture), interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    _write(figure, _caption(said if name is None else f"{name}: {said}", width), left, top - height)


def _plot(ax: Axes, curves: Curves, labels: tuple[str, str], point: tuple[float, float] | None) -> None:
    for k, (label, (x, y)) in enumerate(curves.items()):
        ax.plot(x, y, DASHES[k % 4], marker="os^D"[k % 4], markersize=3.5, linewidth=1.3, color=f"C{k}", label=label)
    if point is not None:
        ax.plot(*point, "*", color="black", markersize=10, label="this card", zorder=5)
    _spread(ax)
    ax.grid(color="#cccccc", linewidth=0.6)
    ax.tick_params(labelsize=SMALL)
    ax.set_xlabel(labels[0], fontsize=SMALL)
    ax.set_ylabel(labels[1], fontsize=SMALL)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=3, frameon=False, fontsize=SMALL)


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / down, width / across, height / down))


def _write(figure: Figure, piece: Piece, left: float, top: float) -> None:
    """Write lines from a place downward, each as it stands: a dollar sign begins no formula."""
    across, down = figure.get_size_inches()
    for k, line in enumerate(piece.lines):
        y = top - (k + 0.82) * piece.size * LINE / INCH
        how = {"fontsize": piece.size, "fontweight": piece.weight, "color": piece.color, "parse_math": False}
        figure.text(left / across, y / down, line, va="baseline", **how)


def _caption(text: str, width: float) -> Piece:
    return Piece(_wrapped(text, width, SMALL), SMALL, color=GRAY) if text else Piece([], SMALL)


def _piece(text: str, size: float, weight: str = "normal", color: str = "black") -> Piece:
    return Piece(_wrapped(text, INNER, size, weight), size, weight, color)


def _wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Return a text in lines of at most that many inches; a word that is longer is cut."""
    lines, line = [], ""
    words = text.split()
    while words:
        word = words.pop(0)
        longer = f"{line} {word}" if line else word
        if _length(longer, size, weight) <= width:
            line = longer
        elif line:
            lines.append(line)
            line, words = "", [word, *words]
        else:
            cut = next(k for k in range(len(word) - 1, 0, -1) if k == 1 or _length(word[:k], size, weight) <= width)
            lines.append(word[:cut])
            words = [word[cut:], *words]
    return [*lines, line] if line else lines


@cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(size=size, weight=weight)


def _length(text: str, size: float, weight: str) -> float:
    """Return how many inches a text is long."""
    width, _, _ = TextToPath().get_text_width_height_descent(text, _font(size, weight), ismath=False)
    return float(np.asarray(width)) / INCH
