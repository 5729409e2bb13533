"""What several exercises of the chapter on dual channel use."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Picture = Callable[[Tensor], Tensor]
