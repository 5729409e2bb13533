"""What several exercises of the chapter on dreams use."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Map = Callable[[Tensor], Tensor]
