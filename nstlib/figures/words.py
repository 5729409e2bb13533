"""Words that stand for a picture: in a notebook each figure carries them as its alternative text.

A front end reads none of an output's metadata for that, so a figure becomes HTML: the picture with its words.
"""

from __future__ import annotations

import html
import json
import os
import re
from functools import cache

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nstlib import course

QUALITY = 88
_CELL = re.compile(r"^(`{3,}|:{3,})\{code-cell\} \w+\n---\n(.*?)^---\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_WORDS = re.compile(r'^ +alt: (".*")$', re.MULTILINE)


@cache
def chapters_words() -> dict[str, str]:
    """Return what the chapters say of their figures, by the code of the cell that draws them."""
    found = {}
    for name in course.chapters():
        text = (course.ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")
        for _, options, code in _CELL.findall(text):
            if words := _WORDS.search(options):
                found[code.strip()] = json.loads(words[1])
    return found


def describe(figure: Figure, code: str = "") -> str:
    """Return the words for a figure: those of the chapter whose cell has this very code, else what is written in it."""
    return chapters_words().get(code.strip()) or _read(figure)


def _read(figure: Figure) -> str:
    parts = [part for axes in figure.axes if axes.get_visible() and (part := _read_axes(axes))]
    count = sum(axes.get_visible() for axes in figure.axes)
    head = f"A figure with {count} {'part' if count == 1 else 'parts'}"
    return f"{head}: {'; '.join(parts)}." if parts else f"{head}, without titles."


def _read_axes(axes: Axes) -> str:
    """Return title, axes and curves of a part, as far as they have names."""
    across, up = axes.get_xlabel(), axes.get_ylabel()
    curves = ", ".join(label for label in axes.get_legend_handles_labels()[1] if not label.startswith("_"))
    return ", ".join(
        filter(None, (axes.get_title(), f"{up} against {across}" if across and up else up or across, curves))
    )


def speaks() -> bool:
    """Say whether figures bring their words; the book's pages have them from the chapters, and compare plain pictures."""
    return not (os.environ.get("NST_STATIC_WIDGETS") or os.environ.get("NST_FIGURES") == "plain")


def as_html(figure: Figure) -> str:
    """Return a figure as HTML for a notebook: the picture with its words."""
    from IPython import get_ipython
    from IPython.core.pylabtools import print_figure

    data = print_figure(figure, "jpeg", base64=True, pil_kwargs={"quality": QUALITY})
    words = html.escape(describe(figure, get_ipython().history_manager.input_hist_raw[-1]))
    return f'<img class="nst-picture" src="data:image/jpeg;base64,{data.strip()}" alt="{words}">'
