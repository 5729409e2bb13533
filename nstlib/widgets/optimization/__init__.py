"""The optimization player: transfers step by step, side by side, with their losses (chapter on dual channels)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anywidget

from nstlib.errors import ChoiceError
from nstlib.transfer import Step
from nstlib.widgets.explorer import Page, encode_frame, make_explorer

LOSSES = ("total", "style", "content")
ALT = "The last images of {count} transfers side by side: {names}."


def explore_optimization(
    runs: Mapping[str, Sequence[Step]], *, static: bool | None = None
) -> anywidget.AnyWidget | Page:
    """Return an explorer that plays transfers: their images side by side, step by step, and the losses they lowered.

    Frames are WebP pictures, a few kilobytes each at 128 pixels. With a kernel behind it, its ``step`` and ``loss`` can be
    read.

    Args:
        runs: name to the steps of a transfer, from its start: ``list(stylize(...))`` or of ``stylize_dual``. A run that
            ended early stays at its last image.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there is no run, or one without steps.
    """
    steps = {name: list(run) for name, run in runs.items()}
    if not steps or not all(steps.values()):
        raise ChoiceError(
            "explore_optimization needs {name: steps} with one step or more in each, got "
            f"{ {name: len(run) for name, run in steps.items()} } steps."
        )
    state = {
        "runs": [
            {
                "name": name,
                "steps": [step.index for step in run],
                "frames": [encode_frame(step.image) for step in run],
                **{loss: [float(f"{getattr(step, loss):.5g}") for step in run] for loss in LOSSES},
            }
            for name, run in steps.items()
        ],
        "step": 0,
        "loss": "total",
    }
    alt = ALT.format(count=len(steps), names=", ".join(steps))
    return make_explorer("optimization", state, still=[run[-1].image for run in steps.values()], alt=alt, static=static)
