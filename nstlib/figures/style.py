"""How the book draws: widths, dashes, colors, and tensors as matplotlib takes them."""

from __future__ import annotations

import os
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from nstlib.errors import ShapeError
from nstlib.figures.words import QUALITY, as_html, speaks

WIDTH = 8.0  # inches: the book's text column
DENSITY = "NST_DENSITY"  # pixels of a figure's file for each of the page's: the book is built with 2, for sharp screens
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
    """Draw as the book does: its fonts and colors; in a notebook pictures are JPEG, a tenth of the size, and have words."""
    mpl.rcParams.update(STYLE)
    mpl.rcParams["figure.dpi"] *= int(os.environ.get(DENSITY, "1"))
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("jpeg", pil_kwargs={"quality": QUALITY})
        if (shell := get_ipython()) and speaks():
            kinds = shell.display_formatter.formatters
            kinds["image/jpeg"].pop(Figure, None)  # the picture is in the HTML
            kinds["text/html"].for_type(Figure, as_html)


def as_picture(image: Tensor) -> np.ndarray:
    """Return an image as matplotlib takes it, shape (H, W, 3), values in [0, 1]."""
    array = as_array(image.squeeze(0) if image.ndim == 4 else image)
    if array.ndim != 3 or array.shape[0] != 3:
        raise ShapeError(f"A picture has shape (1, 3, H, W) or (3, H, W), got {tuple(image.shape)}.")
    return array.transpose(1, 2, 0).clip(0, 1)


def as_array(tensor: Tensor) -> np.ndarray:
    """Return the numbers of a tensor, without gradient, from whatever device."""
    return tensor.detach().float().cpu().numpy()
