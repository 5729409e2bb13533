"""A method's name stands for one run of the library."""

from __future__ import annotations

import pytest
import torch

from nstlib import defaults, dual, transfer
from nstlib.apps.methods import start
from nstlib.errors import ChoiceError
from nstlib.features import load_network


@pytest.mark.parametrize("method", defaults.METHODS)
def test_a_method_is_the_librarys(method, rng):
    content, style = torch.rand(2, 1, 3, 24, 32, generator=rng)
    network = load_network("tiny")
    *_, last = start(method, content, style, network, steps=2)
    *_, expected = dual.stylize_dual(content, style, network, method=method, steps=2)
    assert torch.equal(last.image, expected.image)


def test_only_classic_knows_masks(rng):
    content, picture = torch.rand(2, 1, 3, 24, 32, generator=rng)
    styles = [transfer.Style(picture, mask=torch.ones(1, 1, 24, 32))]
    start("classic", content, styles, load_network("tiny"), steps=1)
    with pytest.raises(ChoiceError, match="masks"):
        list(start("dual", content, styles, load_network("tiny"), steps=1))
