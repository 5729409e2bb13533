"""Without a generator the numbers are the same in every run; with one they go on where it stands."""

from __future__ import annotations

import torch

from nstlib.seeds import seeded


def test_no_generator_means_the_same_numbers_each_time():
    first, second = (torch.rand(3, generator=seeded(None)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, torch.rand(3, generator=seeded(None, seed=1)))


def test_a_generator_is_used_as_it_stands(rng):
    assert seeded(rng) is rng
    assert not torch.equal(torch.rand(3, generator=seeded(rng)), torch.rand(3, generator=seeded(rng)))
