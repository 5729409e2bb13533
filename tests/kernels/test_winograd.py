import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import ShapeError
from nstlib.kernels import winograd
from nstlib.kernels.convolutions import convolve
from nstlib.kernels.winograd import transform_kernel, winograd_1d


def draw(rng, *shape):
    return torch.randn(shape, generator=rng)


def test_the_transforms_are_those_of_one_dimension_multiplied_out():
    """F(4, 3) in one dimension: A^T [(G g) * (B^T d)] is the sliding product of 6 inputs with 3 weights."""
    d, g = torch.arange(6.0, dtype=torch.float64) ** 2 - 3, torch.tensor([2.0, -1.0, 5.0], dtype=torch.float64)
    outputs = winograd.OUTPUT @ ((winograd.KERNEL @ g) * (winograd.INPUT @ d))
    expected = torch.stack([(d[k : k + 3] * g).sum() for k in range(4)])
    torch.testing.assert_close(outputs, expected)


def test_four_products_give_two_outputs_of_three_weights(rng):
    inputs, kernel = draw(rng, 4).double(), draw(rng, 3).double()
    outputs, products = winograd_1d(inputs, kernel)
    torch.testing.assert_close(outputs, F.conv1d(inputs[None, None], kernel[None, None])[0, 0])
    m1, m2, m3, m4 = products
    torch.testing.assert_close(outputs, torch.stack([m1 + m2 + m3, m2 - m3 - m4]))
    torch.testing.assert_close(products[[0, 3]], (inputs[:2] - inputs[2:]) * kernel[[0, 2]])


def test_other_sizes_than_four_and_three_are_refused():
    with pytest.raises(ShapeError, match=r"kernel of shape \(3,\), got \(5,\) and \(3,\)"):
        winograd_1d(torch.zeros(5), torch.zeros(3))


def test_bands_of_any_height_give_the_same_result(rng, monkeypatch):
    kernel = transform_kernel(draw(rng, 4, 3, 3, 3), draw(rng, 4))
    x = draw(rng, 1, 3, 30, 20)
    whole = convolve(x, kernel)
    monkeypatch.setattr(winograd, "CACHE", 1)  # one row of tiles at a time
    # Not bit for bit: a library may add up a product of few rows in another order, and Winograd magnifies that (on a Xeon
    # both results are 9e-5 off the exact one, and 5e-5 off each other).
    torch.testing.assert_close(convolve(x, kernel), whole, rtol=1e-4, atol=1e-4)
