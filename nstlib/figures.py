"""Every plot of the book: the only module that draws.

Each function returns a ``matplotlib.figure.Figure`` that belongs to no global state: a notebook shows it when it is the
last line of a cell, a script calls ``.savefig``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogFormatter, LogLocator
from torch import Tensor

from nstlib.errors import ShapeError

WIDTH = 8.0  # inches: the book's text column
DASHES = ("-", "--", "-.", ":")  # tell curves apart without color
STYLE = {
    "figure.dpi": 100,
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "lines.linewidth": 1.8,
    # Okabe and Ito's colors: told apart with any color vision.
    "axes.prop_cycle": mpl.cycler(color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]),
}


def use_book_style() -> None:
    """Draw as the book does: its fonts and colors, and, in a notebook, pictures stored as JPEG, a tenth of the size."""
    mpl.rcParams.update(STYLE)
    if "IPython" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("jpeg", pil_kwargs={"quality": 88})


def show_images(images: Sequence[Tensor] | Mapping[str, Tensor], *, columns: int | None = None) -> Figure:
    """Return pictures side by side.

    Args:
        images: tensors of shape (1, 3, H, W) or (3, H, W), RGB in [0, 1]; a mapping gives each its title.
        columns: pictures in a row; None means all of them, up to five.
    """
    titles = list(images) if isinstance(images, Mapping) else [""] * len(images)
    pictures = [_picture(image) for image in (images.values() if isinstance(images, Mapping) else images)]
    figure, axes = _grid(len(pictures), columns, aspect=pictures[0].shape[0] / pictures[0].shape[1])
    for ax, title, picture in zip(axes, titles, pictures, strict=True):
        ax.imshow(picture, interpolation="antialiased")
        ax.set_title(title)
    return figure


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
    arrays = [_array(one) for one in maps]
    if arrays[0].ndim != 2:
        raise ShapeError(f"show_maps needs maps of shape (H, W), got {arrays[0].shape}. Take one image: features[0].")
    figure, axes = _grid(len(arrays), columns, aspect=arrays[0].shape[0] / arrays[0].shape[1])
    for ax, title, array in zip(axes, titles or [""] * len(arrays), arrays, strict=True):
        ax.imshow(array, cmap="viridis", interpolation="nearest")
        ax.set_title(title)
    return figure


def show_matrices(matrices: Mapping[str, Tensor], *, columns: int | None = None, signed: bool = False) -> Figure:
    """Return matrices as heat maps on one common scale, with a color bar.

    Args:
        matrices: title to shape (C, C) or (1, C, C); a map (H, W) with a sign is one as well.
        signed: color zero white, positive red and negative blue; otherwise dark is zero.
    """
    arrays = [_array(matrix.squeeze(0) if matrix.ndim == 3 else matrix) for matrix in matrices.values()]
    top = max(float(np.abs(array).max()) for array in arrays)
    figure, axes = _grid(len(arrays), columns, aspect=arrays[0].shape[0] / arrays[0].shape[1])
    for ax, title, array in zip(axes, matrices, arrays, strict=True):
        drawn = ax.imshow(
            array, cmap="RdBu_r" if signed else "magma", vmin=-top if signed else 0, vmax=top, interpolation="nearest"
        )
        ax.set_title(title)
    figure.colorbar(drawn, ax=list(axes), shrink=0.7)
    return figure


def show_numbers(tables: Mapping[str, Tensor], *, top: float | None = None) -> Figure:
    """Return small tables side by side, each number on a square of its own color: pixels as the computer has them.

    In a table with negative numbers zero is white, positive is red and negative is blue; in others black is 0.

    Args:
        tables: title to shape (H, W); written with up to two decimals.
        top: the number that gets the full color; None means the largest one of each table.
    """
    arrays = [_array(table) for table in tables.values()]
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
    picture = _picture(image)
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


def plot_curves(
    curves: Mapping[str, Sequence[float] | tuple[Sequence[float], Sequence[float]]],
    *,
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = True,
    log_x: bool = False,
) -> Figure:
    """Return lines over steps, told apart by color and dash.

    Args:
        curves: label to values, or to a pair (x, values).
        log: a logarithmic vertical axis.
        log_x: a logarithmic horizontal axis: a power law becomes a straight line where both are.
    """
    figure = Figure(figsize=(WIDTH * 0.75, 3.2), layout="constrained")
    ax = figure.subplots()
    for k, (label, values) in enumerate(curves.items()):
        x, y = values if isinstance(values, tuple) else (range(len(values)), values)
        ax.plot(x, y, DASHES[k % 4], label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
        for axis_formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            axis_formatter(LogFormatter(minor_thresholds=(2, 0.5)))  # plain numbers: 0.5, 2, 10
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("")
    _legend_above(ax, len(curves))
    return figure


def plot_bars(groups: Mapping[str, Mapping[str, float]], *, ylabel: str = "") -> Figure:
    """Return bars side by side: one group for each key of the inner mappings, one color for each outer key."""
    figure = Figure(figsize=(WIDTH * 0.75, 3.0), layout="constrained")
    ax = figure.subplots()
    names = list(next(iter(groups.values())))
    width = 0.8 / len(groups)
    for k, (label, values) in enumerate(groups.items()):
        ax.bar(np.arange(len(names)) + k * width, [values[name] for name in names], width, label=label)
    ax.set_xticks(np.arange(len(names)) + width * (len(groups) - 1) / 2, names)
    ax.set_ylabel(ylabel)
    ax.grid(axis="x", visible=False)
    _legend_above(ax, len(groups))
    return figure


def show_strips(strips: Mapping[str, Tensor], *, cell: float = 0.42) -> Figure:
    """Return pictures in one column, each with its name to the left: rows of filters or patches, one for each epoch.

    Args:
        strips: name to a picture of shape (1, 3, H, W), all of one size; pixels stay sharp.
        cell: height of a row in inches, at most; the width of the book's column is never exceeded.
    """
    pictures = [_picture(strip) for strip in strips.values()]
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


def plot_epochs(
    curves: Mapping[str, Sequence[Sequence[float]]], epochs: Sequence[int], *, ylabel: str, xlabel: str = "epoch"
) -> Figure:
    """Return lines over epochs that lie on a doubling scale, with a band from the lowest to the highest of several runs.

    Args:
        curves: label to runs, each with one value for each epoch.
        epochs: evenly spaced on the page, whatever their distance.
    """
    figure = Figure(figsize=(WIDTH * 0.75, 3.2), layout="constrained")
    ax = figure.subplots()
    markers, x = "os^Dv*", np.arange(len(epochs))
    for k, (label, runs) in enumerate(curves.items()):
        values = np.asarray(runs, dtype=float)  # (runs, epochs)
        drawn = ax.plot(x, values.mean(0), DASHES[k % 4], marker=markers[k % 6], markersize=4, label=label)
        ax.fill_between(x, values.min(0), values.max(0), color=drawn[0].get_color(), alpha=0.13, linewidth=0)
    ax.set_xticks(x, epochs)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    _legend_above(ax, len(curves))
    return figure


def plot_runs(groups: Mapping[str, Sequence[float]], *, xlabel: str) -> Figure:
    """Return one row for each group: a dot for every run, and a bar at their mean. Few runs want to be seen one by one."""
    figure = Figure(figsize=(WIDTH * 0.75, 0.5 * len(groups) + 0.7), layout="constrained")
    ax = figure.subplots()
    for row, values in enumerate(groups.values()):
        ax.plot(values, [row] * len(values), "o", color="#0072B2", alpha=0.75, markersize=7)
        ax.plot([np.mean(values)] * 2, [row - 0.25, row + 0.25], color="#D55E00")
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set(xlabel=xlabel, ylim=(len(groups) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    return figure


def color_map(activation: Tensor, height: int, width: int) -> Tensor:
    """Return one feature map in viridis, enlarged without smoothing: an image of shape (3, height, width) in [0, 1].

    Args:
        activation: shape (H, W); scaled to its own maximum, and dark where it is zero.
        height, width: in pixels.
    """
    array = _array(activation)
    scaled = np.clip(array / max(float(array.max()), 1e-12), 0, 1)
    rows, columns = (
        np.arange(length) * side // length for length, side in zip((height, width), array.shape, strict=True)
    )
    colors = mpl.colormaps["viridis"](scaled)[:, :, :3]  # (H, W, 3)
    return torch.from_numpy(colors[rows][:, columns]).permute(2, 0, 1).float()


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
        sheet = _sheet([_picture(picture) for picture in pictures])
        ax.imshow(sheet, interpolation="antialiased")
        ax.set_title(title)
    return figure


def plot_panels(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], *, ylabel: str = ""
) -> Figure:
    """Return line plots side by side on one vertical scale, with one legend.

    Args:
        panels: label of the horizontal axis to its curves: label to (x, values), the same labels in each panel.
        ylabel: of the vertical axis.
    """
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (xlabel, curves) in zip(axes, panels.items(), strict=True):
        for k, (label, (x, y)) in enumerate(curves.items()):
            ax.plot(x, y, DASHES[k % len(DASHES)], marker=".", label=label)
        ax.set_xlabel(xlabel)
    axes[0].set_ylabel(ylabel)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=5, frameon=False)
    return figure


def plot_maps(
    panels: Mapping[str, tuple[Mapping[str, Tensor], Mapping[str, Tensor]]], pictures: Mapping[str, Tensor]
) -> Figure:
    """Return maps side by side: pictures where they lie, and lines for the ways between them, marked where they end.

    Args:
        panels: title to a pair (places, ways): from a picture's name to its place, shape (2,), and from a label to the
            places on a way, shape (N, 2). All panels have the same ways.
        pictures: name to a picture of shape (1, 3, H, W), RGB in [0, 1], drawn small.
    """
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, (places, ways)) in zip(axes, panels.items(), strict=True):
        for name, place in places.items():
            picture = _picture(pictures[name])
            ax.add_artist(
                AnnotationBbox(OffsetImage(picture, zoom=26 / max(picture.shape)), _array(place), pad=0.1, zorder=2)
            )
        for k, (label, way) in enumerate(ways.items()):
            x, y = _array(way).T
            ax.plot(x, y, DASHES[k % 4], marker=".", color=f"C{k}", label=label, zorder=3)
            ax.plot(x[-1], y[-1], "os^D"[k % 4], color=f"C{k}", markeredgecolor="white", markersize=8, zorder=4)
        spots = np.concatenate([np.stack([_array(place) for place in places.values()]), *map(_array, ways.values())])
        ax.update_datalim(spots)
        ax.margins(0.12)
        ax.autoscale_view()
        ax.set_title(title)
        ax.set_aspect("equal", adjustable="datalim")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
    return figure


def _grid(count: int, columns: int | None, *, aspect: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of ``count`` empty, frameless axes in rows, each ``aspect`` times as high as wide."""
    columns = min(count, 5) if columns is None else columns
    rows = -(-count // columns)
    width = min(WIDTH, 2.6 * columns)
    figure = Figure(figsize=(width, width / columns * aspect * rows + 0.3 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in axes:
        ax.set_axis_off()
    return figure, axes[:count]


def _legend_above(ax: Axes, entries: int) -> None:
    """Name the curves or bars above the axes, where nothing can hide behind the names."""
    if entries > 1:
        rows = -(-entries // 5)
        columns = -(-entries // rows)  # six in two rows of three
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, columnspacing=1.2)


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


def _picture(image: Tensor) -> np.ndarray:
    array = _array(image.squeeze(0) if image.ndim == 4 else image)
    if array.ndim != 3 or array.shape[0] != 3:
        raise ShapeError(f"A picture has shape (1, 3, H, W) or (3, H, W), got {tuple(image.shape)}.")
    return array.transpose(1, 2, 0).clip(0, 1)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
