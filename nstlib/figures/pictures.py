"""Figures of what has rows and columns: pictures, maps, matrices, patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.figures.style import DASHES, WIDTH, as_array, as_picture


def show_images(images: Sequence[Tensor] | Mapping[str, Tensor], *, columns: int | None = None) -> Figure:
    """Return pictures side by side.

    Args:
        images: tensors of shape (1, 3, H, W) or (3, H, W), RGB in [0, 1]; a mapping gives each its title.
        columns: pictures in a row; None means all of them, up to five.
    """
    titles = list(images) if isinstance(images, Mapping) else [""] * len(images)
    pictures = [as_picture(image) for image in (images.values() if isinstance(images, Mapping) else images)]
    return _side_by_side(pictures, titles, columns, interpolation="antialiased")


def show_maps(
    maps: Tensor | Mapping[str, Tensor], *, columns: int | None = None, titles: Sequence[str] | None = None
) -> Figure:
    """Return feature maps side by side, each scaled to its own maximum: bright means active.

    Args:
        maps: shape (K, H, W), or a mapping from title to one map of shape (H, W).
        columns: maps in a row.
        titles: one for each map.
    """
    if isinstance(maps, Mapping):
        titles, maps = list(maps), list(maps.values())
    arrays = [as_array(one) for one in maps]
    if arrays[0].ndim != 2:
        raise ShapeError(f"show_maps needs maps of shape (H, W), got {arrays[0].shape}. Take one image: features[0].")
    return _side_by_side(arrays, titles or [""] * len(arrays), columns, cmap="viridis", interpolation="nearest")


def show_matrices(matrices: Mapping[str, Tensor], *, columns: int | None = None, signed: bool = False) -> Figure:
    """Return matrices as heat maps on one common scale, with a color bar.

    Args:
        matrices: title to shape (C, C) or (1, C, C); a map (H, W) with a sign is one as well.
        signed: color zero white, positive red and negative blue; otherwise dark is zero.
    """
    arrays = [as_array(matrix.squeeze(0) if matrix.ndim == 3 else matrix) for matrix in matrices.values()]
    top = max(float(np.abs(array).max()) for array in arrays)
    how = {"cmap": "RdBu_r" if signed else "magma", "vmin": -top if signed else 0, "vmax": top}
    figure = _side_by_side(arrays, list(matrices), columns, interpolation="nearest", **how)
    axes = [ax for ax in figure.axes if ax.images]
    figure.colorbar(axes[-1].images[0], ax=axes, shrink=0.7)
    return figure


def show_numbers(tables: Mapping[str, Tensor], *, top: float | None = None) -> Figure:
    """Return small tables side by side, each number on a square of its own color: pixels as the computer has them.

    In a table with negative numbers zero is white, positive is red and negative is blue; in others black is 0.

    Args:
        tables: title to shape (H, W); written with up to two decimals.
        top: the number that gets the full color; None means the largest one of each table.
    """
    arrays = [as_array(table) for table in tables.values()]
    columns = [array.shape[1] for array in arrays]
    side = min(0.42, WIDTH / (sum(columns) + len(columns)))  # inches
    size = side * (sum(columns) + len(columns)), side * max(array.shape[0] for array in arrays) + 0.4
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(arrays), squeeze=False, width_ratios=columns)[0]
    for ax, title, array in zip(axes, tables, arrays, strict=True):
        most = max(float(np.abs(array).max()), 1e-12) if top is None else top
        signed = bool((array < 0).any())
        scale = mpl.colors.Normalize(-most if signed else 0, most)
        colors = mpl.colormaps["RdBu_r" if signed else "gray"](scale(array))
        ax.imshow(colors, interpolation="nearest")
        for (row, column), number in np.ndenumerate(array):
            ink = "black" if colors[row, column, :3].mean() > 0.5 else "white"
            text = f"{round(float(number), 2) + 0.0:g}"  # plus zero, for -0
            ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=72 * side * 0.3)
        ax.set_title(title)
        ax.set_axis_off()
    return figure


def show_fields(image: Tensor, fields: Mapping[str, tuple[int, int, int, int]]) -> Figure:
    """Return a picture with the border of each field drawn on it, told apart by color and dash.

    Args:
        image: shape (1, 3, H, W) or (3, H, W), RGB in [0, 1].
        fields: label to (top, bottom, left, right) in pixels, half-open, as ``nstlib.receptive.patch_of`` returns them.
    """
    picture = as_picture(image)
    height, width = picture.shape[:2]
    figure = Figure(figsize=(WIDTH * 0.75, WIDTH * 0.5 * height / width + 0.3), layout="constrained")
    ax = figure.subplots()
    ax.imshow(picture, interpolation="antialiased")
    for k, (label, (top, bottom, left, right)) in enumerate(fields.items()):
        corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)  # pixel 0 is drawn from -0.5 to 0.5
        ax.add_patch(Rectangle(corner, *size, fill=False, lw=4, ec="white", alpha=0.7, clip_on=False))
        ax.add_patch(
            Rectangle(corner, *size, fill=False, lw=2, ec=f"C{k}", ls=DASHES[k % 4], label=label, clip_on=False)
        )
    ax.set_axis_off()
    figure.legend(loc="outside right center", frameon=False)
    return figure


def show_strips(strips: Mapping[str, Tensor], *, cell: float = 0.42) -> Figure:
    """Return pictures in one column, each with its name to the left: rows of filters or patches, one for each epoch.

    Args:
        strips: name to a picture of shape (1, 3, H, W), all of one size; pixels stay sharp.
        cell: height of a row in inches, at most; the width of the book's column is never exceeded.
    """
    pictures = [as_picture(strip) for strip in strips.values()]
    aspect = pictures[0].shape[0] / pictures[0].shape[1]
    height = min(cell, (WIDTH - 0.8) * aspect)
    figure = Figure(figsize=(height / aspect + 0.8, height * len(pictures) * 1.06 + 0.1), layout="constrained")
    for ax, name, picture in zip(figure.subplots(len(pictures), 1, squeeze=False).flat, strips, pictures, strict=True):
        ax.imshow(picture, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def show_patches(blocks: Mapping[str, Sequence[Tensor]], *, columns: int = 4, size: float = 1.5) -> Figure:
    """Return blocks of small pictures, each block under its title, three pictures in a row.

    Args:
        blocks: title to pictures of shape (1, 3, H, W) or (3, H, W), RGB in [0, 1]. Smaller ones, as an image's border
            makes them, stand in the upper left corner of their place.
        columns: blocks in a row.
        size: of a block's sides, in inches.
    """
    rows = -(-len(blocks) // columns)
    figure = Figure(figsize=(size * columns, (size + 0.2) * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes:
        ax.set_axis_off()
    for ax, (title, pictures) in zip(axes, blocks.items(), strict=False):
        sheet = _sheet([as_picture(picture) for picture in pictures])
        ax.imshow(sheet, interpolation="antialiased")
        ax.set_title(title)
    return figure


def color_map(activation: Tensor, height: int, width: int) -> Tensor:
    """Return one feature map in viridis, enlarged without smoothing: an image of shape (3, height, width) in [0, 1].

    Args:
        activation: shape (H, W); scaled to its own maximum, and dark where it is zero.
        height, width: in pixels.
    """
    array = as_array(activation)
    scaled = np.clip(array / max(float(array.max()), 1e-12), 0, 1)
    rows, columns = (
        np.arange(length) * side // length for length, side in zip((height, width), array.shape, strict=True)
    )
    colors = mpl.colormaps["viridis"](scaled)[:, :, :3]  # (H, W, 3)
    return torch.from_numpy(colors[rows][:, columns]).permute(2, 0, 1).float()


def _side_by_side(arrays: Sequence[np.ndarray], titles: Sequence[str], columns: int | None, **how: object) -> Figure:
    """Return arrays drawn in rows on frameless axes, all with the proportions of the first."""
    columns = min(len(arrays), 5) if columns is None else columns
    rows = -(-len(arrays) // columns)
    width = min(WIDTH, 2.6 * columns)
    aspect = arrays[0].shape[0] / arrays[0].shape[1]
    figure = Figure(figsize=(width, width / columns * aspect * rows + 0.3 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes:
        ax.set_axis_off()
    for ax, title, array in zip(axes[: len(arrays)], titles, arrays, strict=True):
        ax.imshow(array, **how)
        ax.set_title(title)
    return figure


def _sheet(pictures: Sequence[np.ndarray], columns: int = 3) -> np.ndarray:
    """Return pictures (H, W, 3) on one white square sheet, with gaps between them."""
    side = max((length for picture in pictures for length in picture.shape[:2]), default=1)
    step = side + max(1, side // 16)
    rows = max(columns, -(-len(pictures) // columns))
    sheet = np.ones((rows * step, columns * step, 3))
    for place, picture in enumerate(pictures):
        top, left = place // columns * step, place % columns * step
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet
