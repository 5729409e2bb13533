"""The runs that have a name: ``nstlib.defaults.METHODS``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from nstlib import dual, transfer
from nstlib.features import Features


def start(
    method: str, content: Tensor, style: Tensor | Sequence[transfer.Style], network: Features, **options: Any
) -> transfer.Run:
    """Return the run of a method; "classic" knows masks and tiles, the others do not.

    Args:
        method: one of ``METHODS``. The rest is as for ``nstlib.transfer.stylize``.
    """
    if method == "classic":
        return transfer.stylize(content, style, network, **options)
    return dual.stylize_dual(content, style, network, method=method, **options)
