"""Every plot of the book: the only package that draws.

Each function returns a ``matplotlib.figure.Figure`` that belongs to no global state: a notebook shows it when it is the
last line of a cell, a script calls ``.savefig``. Tables are no figures: a notebook draws them, a terminal prints them.
"""

# ruff: noqa: F401 (these are for others to import)
from matplotlib.figure import Figure

from nstlib.figures.cards import draw_card
from nstlib.figures.curves import (
    plot_bars,
    plot_curves,
    plot_epochs,
    plot_intervals,
    plot_maps,
    plot_panels,
    plot_runs,
    plot_tradeoffs,
)
from nstlib.figures.pictures import (
    color_map,
    show_fields,
    show_images,
    show_maps,
    show_matrices,
    show_numbers,
    show_patches,
    show_strips,
)
from nstlib.figures.style import STYLE, WIDTH, use_book_style
from nstlib.figures.tables import Table, show_table
