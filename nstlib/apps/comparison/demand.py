"""How much memory the runs of a comparison take, reckoned from sizes alone: before a network is loaded or a picture read."""

from __future__ import annotations

from nstlib.apps.study.grid import Grid
from nstlib.dual import TERMS
from nstlib.engine.memory import Demand, plan
from nstlib.engine.schedule import schedule
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS
from nstlib.vgg import ARCHITECTURES


def memory_for(grid: Grid) -> float:
    """Return how many bytes the process may take for square pictures, by the method that takes the most."""
    size, steps = grid.settings.size, grid.settings.steps
    found = []
    for method in grid.methods.values():
        terms = TERMS[method.loss]
        first = schedule(size, size, steps, init=method.init, detail=True)[0]
        demand = Demand(
            ARCHITECTURES[grid.settings.network],
            (*CONTENT_LAYERS, *STYLE_LAYERS),
            size,
            size,
            tiles=all(term.in_strips for term in terms),
            passes=max(1, len({term.view for term in terms if not term.compares.in_pixels})),
            others=(first.size, first.size, (size, size)),  # the coarsest size, and the style at both
        )
        found.append(plan(demand).bytes)
    return max(found)
