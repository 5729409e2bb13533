"""The optimization player: runs step by step, side by side, with the numbers that they lowered or raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget

from nstlib.errors import ChoiceError
from nstlib.widgets.explorer import Page, encode_frame, make_explorer

LOSSES = {"total": "total loss", "style": "style loss", "content": "content loss"}
TITLE, TASK = "Transfers step by step", "Play, and stop early: what is there first, the colors or the strokes?"
NOTE = "Each run lowers a loss of its own: a lower curve is not a better picture."
ALT = "The last images of {count} runs side by side: {names}."


def explore_optimization(
    runs: Mapping[str, Sequence[Any]],
    *,
    curves: Mapping[str, str] = LOSSES,
    title: str = TITLE,
    task: str = TASK,
    note: str = NOTE,
    step: int = 0,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer that plays runs: their images side by side, step by step, and the numbers that they changed.

    Frames are WebP pictures, a few kilobytes each at 128 pixels; of a long run give some of its steps. With a kernel behind
    it, its ``step`` and ``curve`` can be read.

    Args:
        runs: name to the steps of a run, from its start, in order: of ``stylize``, ``stylize_dual``, ``synthesize``,
            ``visualize``, or anything with ``index`` and ``image``. A run that ended early stays at its last image.
        curves: what else each step has, and what it is called: {"style": "style loss"}; the first is shown at the start.
        title, task, note: the explorer's head, the line that says what to try, and the one below the curves.
        step: that is shown at the start, or the nearest one that is there.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no run, one without steps or whose steps lack a number, or no curve.
    """
    steps = {name: list(run) for name, run in runs.items()}
    if not steps or not all(steps.values()):
        raise ChoiceError(
            "explore_optimization needs {name: steps} with one step or more in each, got "
            f"{ {name: len(run) for name, run in steps.items()} } steps."
        )
    if not curves:
        raise ChoiceError("explore_optimization needs a curve, such as {'style': 'style loss'}, got none.")
    for name, run in steps.items():
        if lacking := [key for key in curves if not hasattr(run[0], key)]:
            raise ChoiceError(
                f"The steps of {name!r} are {type(run[0]).__name__} records, which have no {lacking[0]!r}."
            )
    state = {
        "title": title,
        "task": task,
        "note": note,
        "curves": [{"key": key, "name": words} for key, words in curves.items()],
        "runs": [
            {
                "name": name,
                "steps": [step.index for step in run],
                "frames": [encode_frame(step.image) for step in run],
                **{key: [float(f"{getattr(step, key):.5g}") for step in run] for key in curves},
            }
            for name, run in steps.items()
        ],
        "step": step,
        "curve": next(iter(curves)),
    }
    alt = ALT.format(count=len(steps), names=", ".join(steps))
    return make_explorer("optimization", state, still=[run[-1].image for run in steps.values()], alt=alt, static=static)
