"""Explorers: controls that show what a layer sees.

With a kernel (Jupyter, Colab) they compute what you ask for. On the built page no kernel runs: there the same controls
move through frames that were computed when the book was built. The book's build says so by ``NST_STATIC_WIDGETS``.
"""

from nstlib.widgets.layers import explore_layers

__all__ = ["explore_layers"]
