import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import features as module
from nstlib import winograd
from nstlib.errors import ShapeError
from nstlib.features import random_network
from nstlib.winograd import convolve, convolve_rows, error_of, pull_rows, transform_kernel, winograd_1d


def draw(rng, *shape):
    return torch.randn(shape, generator=rng)


def kernel_of(rng, out, channels):
    weight, bias = draw(rng, out, channels, 3, 3) / (9 * channels) ** 0.5, draw(rng, out)
    return weight, bias, transform_kernel(weight, bias)


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


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 2), st.integers(1, 5), st.integers(1, 6), st.integers(1, 13), st.integers(1, 13), st.booleans())
def test_every_size_of_picture_agrees_with_a_direct_convolution(batch, channels, out, height, width, relu):
    rng = torch.Generator().manual_seed(7)
    weight, bias, kernel = kernel_of(rng, out, channels)
    x = draw(rng, batch, channels, height, width)
    expected = F.conv2d(x, weight, bias, padding=1)
    result = convolve(x, kernel, relu=relu)
    torch.testing.assert_close(result, expected.relu() if relu else expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("relu", [False, True])
def test_the_gradient_agrees_with_a_direct_convolutions(rng, relu):
    weight, bias, kernel = kernel_of(rng, 9, 7)
    x, upstream = draw(rng, 2, 7, 10, 11).requires_grad_(True), draw(rng, 2, 9, 10, 11)
    y = F.conv2d(x, weight, bias, padding=1)
    (expected,) = torch.autograd.grad(y.relu() if relu else y, x, upstream)
    (result,) = torch.autograd.grad(convolve(x, kernel, relu=relu), x, upstream)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 2), st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 9), st.booleans())
def test_rows_in_pieces_give_what_a_convolution_without_padding_above_and_below_gives(batch, heights, width, relu):
    rng = torch.Generator().manual_seed(7)
    weight, bias, kernel = kernel_of(rng, 4, 3)
    heights = [*heights, 2]  # at least one row comes out
    pieces, gradients = ([draw(rng, batch, channels, h, width) for h in heights] for channels in (3, 4))
    expected = F.conv2d(torch.cat(pieces, 2), weight, bias, padding=(0, 1))
    rows = convolve_rows(pieces, kernel, relu=relu)
    torch.testing.assert_close(rows, expected.relu() if relu else expected, rtol=1e-4, atol=1e-4)
    flipped = weight.transpose(0, 1).flip(2, 3)
    pulled = F.conv2d(torch.cat(gradients, 2), flipped, padding=(0, 1))
    torch.testing.assert_close(pull_rows(gradients, kernel), pulled, rtol=1e-4, atol=1e-4)


def test_bands_of_any_height_give_the_same_result(rng, monkeypatch):
    _, _, kernel = kernel_of(rng, 4, 3)
    x = draw(rng, 1, 3, 30, 20)
    whole = convolve(x, kernel)
    monkeypatch.setattr(winograd, "CACHE", 1)  # one row of tiles at a time
    torch.testing.assert_close(convolve(x, kernel), whole)


def test_results_are_channels_last(rng):
    _, _, kernel = kernel_of(rng, 4, 3)
    assert convolve(draw(rng, 1, 3, 8, 8), kernel).is_contiguous(memory_format=torch.channels_last)


def test_the_error_of_a_kernel_is_small_and_that_of_a_wrong_one_is_not(rng):
    weight, _, kernel = kernel_of(rng, 8, 8)
    assert error_of(kernel, weight) < 1e-5
    assert error_of(kernel, weight.flip(3)) > 0.1


def test_other_kernels_than_3_by_3_are_refused(rng):
    with pytest.raises(ShapeError, match=r"kernel of shape \(K, C, 3, 3\), got \(4, 3, 5, 5\)"):
        transform_kernel(draw(rng, 4, 3, 5, 5), draw(rng, 4))


def test_features_with_other_channels_are_refused(rng):
    _, _, kernel = kernel_of(rng, 4, 3)
    with pytest.raises(ShapeError, match=r"features of shape \(B, 3, H, W\), got \(1, 5, 8, 8\)"):
        convolve(draw(rng, 1, 5, 8, 8), kernel)


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 64, 64, generator=rng)


def pull(network, image, layer="relu3_1"):
    """The gradient of a layer's energy with respect to the pixels."""
    image = image.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network.fast(image, layer)[layer].square().mean(), image)
    return gradient


def test_a_network_with_and_without_winograd_pulls_the_same_way(image):
    ours, direct = pull(random_network("vgg16"), image), pull(random_network("vgg16", winograd=False), image)
    assert not torch.equal(ours, direct), "Winograd was not used"
    assert (ours - direct).norm() < 1e-2 * direct.norm()


def test_winograd_is_left_alone_where_features_themselves_are_asked_for(image):
    network = random_network("vgg16")
    network(image, "relu3_1")
    assert network._kernels == {}


def test_calling_the_network_is_exact_a_pixel_that_a_unit_does_not_see_cannot_move_it(image):
    image.requires_grad_(True)
    middle = random_network("vgg16")(image, "relu3_1")["relu3_1"][0, :, 8, 8].sum()
    (gradient,) = torch.autograd.grad(middle, image)
    assert gradient[0, :, :, 56:].abs().max() == 0  # relu3_1 sees 24 px; this border is 20 px away from the middle


def test_a_kernel_that_does_not_compute_what_it_should_is_not_used(image, monkeypatch):
    monkeypatch.setattr(module, "error_of", lambda kernel, weight: 1.0)
    broken, direct = random_network("vgg16"), random_network("vgg16", winograd=False)
    assert torch.equal(pull(broken, image), pull(direct, image))
    assert set(broken._kernels.values()) == {None}
