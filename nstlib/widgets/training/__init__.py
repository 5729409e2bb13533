"""The training explorer: filters of a first layer from snapshot to snapshot (chapter on training)."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import ChoiceError
from nstlib.filter_measures import feature_drift, filter_grid
from nstlib.training import Snapshot
from nstlib.widgets.explorer import Page, encode_array, make_explorer

ALT = "{filters} filters after epochs {first} and {last} of a training: the first are like noise, the last have bars."
ENLARGED = 5  # pixels of the still picture for one of a filter


def explore_training(snapshots: Sequence[Snapshot], *, static: bool | None = None) -> anywidget.AnyWidget | Page:
    """Return an explorer: filters of the first layer over a training, each one's history, and how well it did by then.

    Drift is that of ``feature_drift``, from one snapshot to the next. With a kernel behind it, its ``snapshot``
    and ``filter`` can be read.

    Args:
        snapshots: from ``training.load_snapshots``, in the order of their epochs; at least two.
        static: as for ``make_explorer``.

    Raises:
        ChoiceError: if there are fewer, or their filters are not of one shape.
    """
    snapshots = list(snapshots)
    shapes = {tuple(one.filters.shape) for one in snapshots}
    if len(snapshots) < 2 or len(shapes) != 1:
        raise ChoiceError(
            f"explore_training needs two snapshots or more with filters of one shape, got {len(snapshots)} with "
            f"{len(shapes)} shapes. nstlib.training.load_snapshots() reads the course's own."
        )
    state = {
        "filters": encode_array(torch.stack([_scaled(one.filters) for one in snapshots]), "uint8"),
        "snapshots": [_facts(one, before) for before, one in zip([None, *snapshots], snapshots, strict=False)],
        "snapshot": 0,
        "filter": 0,
    }
    still = [_enlarged(filter_grid(one.filters, 8)) for one in (snapshots[0], snapshots[-1])]
    alt = ALT.format(filters=len(snapshots[0].filters), first=snapshots[0].epoch, last=snapshots[-1].epoch)
    return make_explorer("training", state, still=still, alt=alt, static=static)


def _scaled(filters: Tensor) -> Tensor:
    """Return filters as ``filter_grid`` shows them: 0 is 0.5, and each one's largest weight 0 or 1."""
    peaks = filters.abs().amax((1, 2, 3), keepdim=True)
    return 0.5 + 0.5 * filters / torch.where(peaks > 0, peaks, 1.0)


def _facts(now: Snapshot, before: Snapshot | None) -> dict:
    """Return what was measured of a snapshot, and how far its filters have turned since the one before."""
    facts = {"epoch": now.epoch, "loss": now.loss, "accuracy": now.accuracy, "held_out": now.held_out}
    if before is None:
        return facts | {"drift": None, "turned": None}
    cosines = F.cosine_similarity(before.filters.flatten(1), now.filters.flatten(1), dim=1)
    drift = float(feature_drift(before.filters, now.filters))
    return facts | {"drift": round(drift, 4), "turned": [round(1 - float(one), 4) for one in cosines]}


def _enlarged(picture: Tensor) -> Tensor:
    return F.interpolate(picture, scale_factor=ENLARGED, mode="nearest")
