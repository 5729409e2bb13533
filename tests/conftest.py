"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch


@pytest.fixture
def rng() -> torch.Generator:
    """Random numbers that are the same in every run."""
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """Call it with what this machine lacks: the test is skipped and says why; on CI, where nothing may lack, it fails."""

    def stop(reason: str) -> None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must not skip: {reason}", pytrace=False)
        pytest.skip(reason)

    return stop
