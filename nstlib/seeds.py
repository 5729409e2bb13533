"""Where random numbers come from: "no generator" means a fixed seed, so that the same call gives the same numbers."""

from __future__ import annotations

import torch


def seeded(generator: torch.Generator | None, seed: int = 0) -> torch.Generator:
    """Return the generator, or a new one with a fixed seed if it is None."""
    return torch.Generator().manual_seed(seed) if generator is None else generator
