"""One product there and one back give what the plain formula and autograd give."""

import pytest
import torch

from nstlib.kernels.gram_product import gram_sum, gram_sum_backward


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
