"""Whatever way a frozen kernel is laid out, the convolution is the same; and each network chooses the way."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.errors import ShapeError
from nstlib.features import random_network
from nstlib.kernels import convolutions as module
from nstlib.kernels.convolutions import convolve, convolve_rows, error_of, pull_rows
from nstlib.kernels.im2col import unroll_kernel
from nstlib.kernels.winograd import F2X2, F4X4

ANY = pytest.mark.parametrize("lay_out", [F4X4.transform_kernel, F2X2.transform_kernel, unroll_kernel])


def draw(rng, *shape):
    return torch.randn(shape, generator=rng)


def kernel_of(rng, lay_out, out, channels):
    weight, bias = draw(rng, out, channels, 3, 3) / (9 * channels) ** 0.5, draw(rng, out)
    return weight, bias, lay_out(weight, bias)


@ANY
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 2), st.integers(1, 5), st.integers(1, 6), st.integers(1, 13), st.integers(1, 13), st.booleans())
def test_every_size_of_picture_agrees_with_a_direct_convolution(lay_out, batch, channels, out, height, width, relu):
    rng = torch.Generator().manual_seed(7)
    weight, bias, kernel = kernel_of(rng, lay_out, out, channels)
    x = draw(rng, batch, channels, height, width)
    expected = F.conv2d(x, weight, bias, padding=1)
    result = convolve(x, kernel, relu=relu)
    torch.testing.assert_close(result, expected.relu() if relu else expected, rtol=1e-4, atol=1e-4)


@ANY
@pytest.mark.parametrize("relu", [False, True])
def test_the_gradient_agrees_with_a_direct_convolutions(rng, lay_out, relu):
    weight, bias, kernel = kernel_of(rng, lay_out, 9, 7)
    x, upstream = draw(rng, 2, 7, 10, 11).requires_grad_(True), draw(rng, 2, 9, 10, 11)
    y = F.conv2d(x, weight, bias, padding=1)
    (expected,) = torch.autograd.grad(y.relu() if relu else y, x, upstream)
    (result,) = torch.autograd.grad(convolve(x, kernel, relu=relu), x, upstream)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


@ANY
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 2), st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(1, 9), st.booleans())
def test_rows_in_pieces_give_what_a_convolution_without_padding_above_and_below_gives(
    lay_out, batch, heights, width, relu
):
    rng = torch.Generator().manual_seed(7)
    weight, bias, kernel = kernel_of(rng, lay_out, 4, 3)
    heights = [*heights, 2]  # at least one row comes out
    pieces, gradients = ([draw(rng, batch, channels, h, width) for h in heights] for channels in (3, 4))
    expected = F.conv2d(torch.cat(pieces, 2), weight, bias, padding=(0, 1))
    rows = convolve_rows(pieces, kernel, relu=relu)
    torch.testing.assert_close(rows, expected.relu() if relu else expected, rtol=1e-4, atol=1e-4)
    flipped = weight.transpose(0, 1).flip(2, 3)
    pulled = F.conv2d(torch.cat(gradients, 2), flipped, padding=(0, 1))
    torch.testing.assert_close(pull_rows(gradients, kernel), pulled, rtol=1e-4, atol=1e-4)


@ANY
def test_results_are_channels_last(rng, lay_out):
    _, _, kernel = kernel_of(rng, lay_out, 4, 3)
    assert convolve(draw(rng, 1, 3, 8, 8), kernel).is_contiguous(memory_format=torch.channels_last)


@ANY
def test_the_error_of_a_kernel_is_small_and_that_of_a_wrong_one_is_not(rng, lay_out):
    weight, _, kernel = kernel_of(rng, lay_out, 8, 8)
    assert error_of(kernel, weight) < 1e-5
    assert error_of(kernel, weight.flip(3)) > 0.1


@ANY
def test_other_kernels_than_3_by_3_are_refused(rng, lay_out):
    with pytest.raises(ShapeError, match=r"kernel of shape \(K, C, 3, 3\), got \(4, 3, 5, 5\)"):
        lay_out(draw(rng, 4, 3, 5, 5), draw(rng, 4))


@ANY
def test_features_with_other_channels_are_refused(rng, lay_out):
    _, _, kernel = kernel_of(rng, lay_out, 4, 3)
    with pytest.raises(ShapeError, match=r"features of shape \(B, 3, H, W\), got \(1, 5, 8, 8\)"):
        convolve(draw(rng, 1, 5, 8, 8), kernel)


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 64, 64, generator=rng)


def pull(network, image, layer="relu4_1"):
    """The gradient of a layer's energy with respect to the pixels."""
    image = image.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network.fast(image, layer)[layer].square().mean(), image)
    return gradient


def laid_out(network):
    """Which convolutions have laid out their kernels, and how."""
    return {
        (layer, layout): kernel
        for layer, each in network.convolutions.items()
        for layout, kernel in each.laid_out.items()
    }


def test_a_fast_network_takes_large_tiles_for_many_positions_small_ones_for_fewer_and_a_matrix_for_very_few(
    image, monkeypatch
):
    monkeypatch.setattr("nstlib.kernels.convolutions.onednn_works", lambda: True)
    network = random_network("vgg16")
    pull(network, image)
    assert set(laid_out(network)) == {
        ("conv2_2", F4X4.transform_kernel),  # 32 x 32 positions
        ("conv3_1", F2X2.transform_kernel),  # 16 x 16
        ("conv3_2", F2X2.transform_kernel),
        ("conv3_3", F2X2.transform_kernel),
        ("conv4_1", unroll_kernel),  # 8 x 8
    }


def test_a_fast_network_pulls_the_same_way(image):
    ours, direct = pull(random_network("vgg16"), image), pull(random_network("vgg16", winograd=False), image)
    assert not torch.equal(ours, direct), "nothing was laid out"
    assert (ours - direct).norm() < 1e-2 * direct.norm()


def test_kernels_are_left_alone_where_features_themselves_are_asked_for(image):
    network = random_network("vgg16")
    network(image, "relu4_1")
    assert laid_out(network) == {}


def test_calling_the_network_is_exact_a_pixel_that_a_unit_does_not_see_cannot_move_it(image):
    image.requires_grad_(True)
    middle = random_network("vgg16")(image, "relu3_1")["relu3_1"][0, :, 8, 8].sum()
    (gradient,) = torch.autograd.grad(middle, image)
    assert gradient[0, :, :, 56:].abs().max() == 0  # relu3_1 sees 24 px; this border is 20 px away from the middle


def test_kernels_made_in_inference_mode_serve_outside(image):
    network = random_network("vgg16")
    with torch.inference_mode():
        network.fast(image, "relu4_1")
    assert torch.equal(pull(network, image), pull(random_network("vgg16"), image))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_network_that_has_laid_out_kernels_can_be_copied(image, copied):
    network = random_network("vgg16")
    expected = pull(network, image)
    assert torch.equal(pull(copied(network), image), expected)


def test_half_precision_leaves_nothing_behind(image):
    network = random_network("vgg16", winograd=False)
    expected = pull(network, image)
    network(image.half(), "relu1_1")
    assert torch.equal(pull(network, image), expected)


def test_where_kernels_cannot_be_packed_few_positions_are_left_to_pytorch(image, monkeypatch):
    monkeypatch.setattr(module, "onednn_works", lambda: False)
    network = random_network("vgg16")
    pull(network, image)
    assert {lay_out for _, lay_out in laid_out(network)} == {F4X4.transform_kernel, F2X2.transform_kernel}


def test_strips_choose_by_the_rows_that_come_out(monkeypatch):
    monkeypatch.setattr("nstlib.kernels.convolutions.onednn_works", lambda: True)
    convolution = random_network("vgg16").convolutions["conv4_1"]
    convolution.rows([torch.zeros(1, 256, 8, 15)], relu=True, fast=True)  # 6 x 15 = 90 positions
    assert set(convolution.laid_out) == {unroll_kernel}
    convolution.pull([torch.zeros(1, 512, 9, 15)], fast=True)  # 7 x 15 = 105
    assert set(convolution.laid_out) == {unroll_kernel, F2X2.transform_kernel}
    convolution.pull([torch.zeros(1, 512, 28, 15)], fast=True)  # 26 x 15 = 390
    assert set(convolution.laid_out) == {unroll_kernel, F2X2.transform_kernel, F4X4.transform_kernel}


def test_a_kernel_that_does_not_compute_what_it_should_is_not_used(image, monkeypatch):
    monkeypatch.setattr(module, "error_of", lambda kernel, weight: 1.0)
    broken, direct = random_network("vgg16"), random_network("vgg16", winograd=False)
    assert torch.equal(pull(broken, image), pull(direct, image))
    assert set(laid_out(broken).values()) == {None}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("layer", ["conv1_1", "conv1_2", "conv3_2"])
def test_pull_is_the_gradient_of_a_convolution(rng, layer, fast):
    convolution = random_network("vgg16").convolutions[layer]
    weight = convolution.weight
    x = torch.randn(1, weight.shape[1], 18, 33, generator=rng, requires_grad=True)
    y = torch.nn.functional.conv2d(x, weight, padding=1)
    gradient = torch.randn(y.shape, generator=rng)
    (direct,) = torch.autograd.grad(y, x, gradient)
    zeros = torch.zeros_like(gradient[:, :, :1])
    pulled = convolution.pull([zeros, gradient, zeros], fast=fast)
    torch.testing.assert_close(pulled, direct, rtol=1e-4, atol=1e-4)
    inner = convolution.pull([gradient[:, :, 2:5], gradient[:, :, 5:11]], fast=fast)
    torch.testing.assert_close(inner, direct[:, :, 3:10], rtol=1e-4, atol=1e-4)
