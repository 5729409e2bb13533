"""One product there and one back, or a way in pieces, give what the plain formula and autograd give."""

import pytest
import torch

from nstlib.kernels import sums
from nstlib.kernels.sums import gram_sum, gram_sum_backward, total_variation


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_the_sum_and_its_gradient_are_those_of_the_plain_formula(rng, dtype, bound, batch, layout, weighted):
    features = torch.randn(batch, 20, 9, 11, generator=rng, dtype=dtype).contiguous(memory_format=layout)
    weights = torch.rand(1, 1, 9, 11, generator=rng, dtype=dtype) if weighted else None
    upstream = torch.randn(batch, 20, 20, generator=rng, dtype=dtype)
    leaf = features.clone().requires_grad_(True)
    vectors = (leaf if weights is None else leaf * weights.sqrt()).flatten(2)  # (B, C, H*W)
    plain = vectors @ vectors.mT
    (expected,) = torch.autograd.grad(plain, leaf, upstream)
    again = features.clone().requires_grad_(True)
    total = gram_sum(again, weights)
    (recorded,) = torch.autograd.grad(total, again, upstream)
    torch.testing.assert_close(total, plain, rtol=bound, atol=bound)
    torch.testing.assert_close(recorded, expected, rtol=bound, atol=bound)
    torch.testing.assert_close(gram_sum_backward(features, upstream, weights), expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("rows", [1, 3, 256])
@pytest.mark.parametrize("size", [(2, 2), (7, 5), (9, 12)])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-14), (torch.float32, 1e-6)])
def test_pieces_give_the_plain_formula_and_its_gradient(rng, monkeypatch, dtype, bound, size, rows):
    monkeypatch.setattr(sums, "TV_ROWS", rows)
    image = torch.rand(2, 3, *size, generator=rng, dtype=dtype, requires_grad=True)
    plain = image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()
    (expected,) = torch.autograd.grad(plain, image)
    pieces = total_variation(image)
    (pulled,) = torch.autograd.grad(pieces, image)
    torch.testing.assert_close(pieces, plain, rtol=bound, atol=bound)
    torch.testing.assert_close(pulled, expected, rtol=bound, atol=bound)
