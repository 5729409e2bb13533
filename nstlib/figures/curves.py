"""Figures of numbers: curves, bars, intervals, and maps with ways on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.ticker import LogFormatter, LogLocator
from torch import Tensor

from nstlib.figures.style import DASHES, WIDTH, as_array, as_picture

# Label to x and y.
Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]


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
        _spread(ax)
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


def plot_intervals(
    panels: Mapping[str, Mapping[str, tuple[float, float, float]]], *, xlabels: Sequence[str] | None = None
) -> Figure:
    """Return intervals side by side: a dot at each mean, a line from low to high, and where 0 is.

    Args:
        panels: title to rows: name to (mean, low, high). All panels have the same rows; one of NaN stays empty.
        xlabels: of the horizontal axes, one for each panel.
    """
    names = list(next(iter(panels.values())))
    figure = Figure(figsize=(WIDTH, 0.34 * len(names) + 1.1), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for k, (ax, (title, rows)) in enumerate(zip(axes, panels.items(), strict=True)):
        for place, (mean, low, high) in enumerate(rows[name] for name in names):
            sure = low > 0 or high < 0
            color = "#0072B2" if sure else "#767676"
            ax.plot([low, high], [place, place], color=color)
            ax.plot(mean, place, "o", color=color, markerfacecolor=color if sure else "white")
        ax.axvline(0, color="black", linewidth=1)
        ax.set_title(title)
        ax.locator_params(axis="x", nbins=4)
        ax.set_xlabel("" if xlabels is None else xlabels[k])
        ax.grid(axis="y", visible=False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def plot_panels(panels: Mapping[str, Curves], *, ylabel: str = "") -> Figure:
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


def plot_tradeoffs(panels: Mapping[str, Curves], *, xlabel: str) -> Figure:
    """Return curves side by side, each panel with its own vertical scale, over one measure on a logarithmic axis.

    Args:
        panels: title to curves: label to (x, y), the same labels in each panel. A curve's points lie where its dots are.
        xlabel: of each horizontal axis.
    """
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        for k, (label, (x, y)) in enumerate(curves.items()):
            ax.plot(x, y, DASHES[k % 4], marker="os^Dv*Ph"[k % 8], markersize=4, color=f"C{k % 7}", label=label)
        _spread(ax)
        ax.set(title=title, xlabel=xlabel)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
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
            picture = as_picture(pictures[name])
            ax.add_artist(
                AnnotationBbox(OffsetImage(picture, zoom=26 / max(picture.shape)), as_array(place), pad=0.1, zorder=2)
            )
        for k, (label, way) in enumerate(ways.items()):
            x, y = as_array(way).T
            ax.plot(x, y, DASHES[k % 4], marker=".", color=f"C{k}", label=label, zorder=3)
            ax.plot(x[-1], y[-1], "os^D"[k % 4], color=f"C{k}", markeredgecolor="white", markersize=8, zorder=4)
        spots = np.concatenate(
            [np.stack([as_array(place) for place in places.values()]), *map(as_array, ways.values())]
        )
        ax.update_datalim(spots)
        ax.margins(0.12)
        ax.autoscale_view()
        ax.set_title(title)
        ax.set_aspect("equal", adjustable="datalim")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
    return figure


def _spread(ax: Axes) -> None:
    """Make the horizontal axis logarithmic, with plain numbers on it: 1, 2, 5, 10."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")


def _legend_above(ax: Axes, entries: int) -> None:
    """Name the curves or bars above the axes, where nothing can hide behind the names."""
    if entries > 1:
        rows = -(-entries // 5)
        columns = -(-entries // rows)  # six in two rows of three
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, columnspacing=1.2)
