"""The total variation in pieces is that of the whole, and pulls as autograd does."""

import pytest
import torch

from nstlib.kernels import variation
from nstlib.kernels.variation import total_variation


@pytest.mark.parametrize("rows", [1, 3, 256])
@pytest.mark.parametrize("size", [(2, 2), (7, 5), (9, 12)])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-14), (torch.float32, 1e-6)])
def test_pieces_give_the_plain_formula_and_its_gradient(rng, monkeypatch, dtype, bound, size, rows):
    monkeypatch.setattr(variation, "TV_ROWS", rows)
    image = torch.rand(2, 3, *size, generator=rng, dtype=dtype, requires_grad=True)
    plain = image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()
    (expected,) = torch.autograd.grad(plain, image)
    pieces = total_variation(image)
    (pulled,) = torch.autograd.grad(pieces, image)
    torch.testing.assert_close(pieces, plain, rtol=bound, atol=bound)
    torch.testing.assert_close(pulled, expected, rtol=bound, atol=bound)
