import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import ShapeError
from nstlib.kernels import winograd
from nstlib.kernels.convolutions import convolve
from nstlib.kernels.winograd import F2X2, F4X4, winograd_1d

EITHER = pytest.mark.parametrize("algorithm", [F2X2, F4X4])


def draw(rng, *shape):
    return torch.randn(shape, generator=rng)


@EITHER
def test_the_transforms_are_those_of_one_dimension_multiplied_out(algorithm):
    """F(m, 3) in one dimension: A^T [(G g) * (B^T d)] is the sliding product of m + 2 inputs with 3 weights."""
    d = torch.arange(algorithm.patch, dtype=torch.float64) ** 2 - 3
    g = torch.tensor([2.0, -1.0, 5.0], dtype=torch.float64)
    outputs = algorithm.outputs @ ((algorithm.kernels @ g) * (algorithm.inputs @ d))
    expected = torch.stack([(d[k : k + 3] * g).sum() for k in range(algorithm.tile)])
    torch.testing.assert_close(outputs, expected)


def test_the_small_tiles_are_made_of_the_four_products_of_one_dimension(rng):
    d, g = draw(rng, 4).double(), draw(rng, 3).double()
    ours = (F2X2.kernels @ g) * (F2X2.inputs @ d)
    torch.testing.assert_close(ours, winograd_1d(d, g)[1])


def test_small_tiles_round_less_than_large_ones(rng):
    weight, bias, x = draw(rng, 32, 32, 3, 3) / 17, torch.zeros(32), draw(rng, 1, 32, 24, 24)
    exact = F.conv2d(x.double(), weight.double(), padding=1)
    small, large = (
        (convolve(x, each.transform_kernel(weight, bias)) - exact).norm() / exact.norm() for each in (F2X2, F4X4)
    )
    assert small < 0.5 * large < 1e-5


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


@EITHER
def test_bands_of_any_height_give_the_same_result(rng, monkeypatch, algorithm):
    kernel = algorithm.transform_kernel(draw(rng, 4, 3, 3, 3), draw(rng, 4))
    x = draw(rng, 1, 3, 30, 20)
    whole = convolve(x, kernel)
    monkeypatch.setattr(winograd, "CACHE", 1)  # one row of tiles at a time
    # Not bit for bit: a library may add up a product of few rows in another order, and Winograd magnifies that (on a Xeon
    # both results are 9e-5 off the exact one, and 5e-5 off each other).
    torch.testing.assert_close(convolve(x, kernel), whole, rtol=1e-4, atol=1e-4)
