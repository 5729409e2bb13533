import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nstlib.deconvnet import isolate, on_gray, project, transposed_filter, unpool
from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import NETWORKS, load_network, random_network
from nstlib.receptive import patch_of

TINY = random_network("tiny")


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 37, 50, generator=rng)  # odd sizes: poolings leave rows and columns out


@pytest.fixture
def biased(rng):
    """A network whose biases are not zero."""
    network = random_network("tiny")
    for convolution in network.convolutions.values():
        convolution.bias.copy_(0.3 * torch.randn(convolution.bias.shape, generator=rng))
    return network


def strongest(network, image, layer):
    """Return the channel that fires most strongly, and where: a unit that has something to project."""
    maps = network(image, layer)[layer][0]
    place = int(maps.argmax())
    return place // maps[0].numel(), (place % maps[0].numel() // maps.shape[2], place % maps.shape[2])


# --- the three steps ----------------------------------------------------------------------------------------------------


def test_unpooling_what_was_pooled_keeps_exactly_the_maxima(rng):
    features = torch.rand(2, 3, 7, 6, generator=rng) + 0.1
    pooled, switches = F.max_pool2d(features, 2, return_indices=True)
    back = unpool(pooled, switches, (7, 6))
    kept = back != 0
    assert torch.equal(back[kept], features[kept])
    assert int(kept.sum()) == pooled.numel()
    assert torch.equal(F.max_pool2d(back, 2), pooled)


def test_unpooling_agrees_with_pytorchs_own(rng):
    features = torch.randn(2, 3, 8, 10, generator=rng)
    pooled, switches = F.max_pool2d(features, 2, return_indices=True)
    values = torch.randn(pooled.shape, generator=rng)
    assert torch.equal(unpool(values, switches, (8, 10)), F.max_unpool2d(values, switches, 2))


def test_values_without_a_switch_for_each_are_refused():
    with pytest.raises(ShapeError, match=r"one switch for each value, got .*\(1, 2, 3, 3\) and .*\(1, 2, 4, 3\)"):
        unpool(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 4, 3, dtype=torch.long), (6, 6))


@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (5, 3)])
def test_the_transposed_filter_is_the_adjoint_of_the_convolution(rng, kernel):
    weight = torch.randn(4, 5, *kernel, generator=rng, dtype=torch.float64)
    x = torch.randn(2, 5, 7, 9, generator=rng, dtype=torch.float64)
    y = torch.randn(2, 4, 7, 9, generator=rng, dtype=torch.float64)
    padding = (kernel[0] // 2, kernel[1] // 2)
    torch.testing.assert_close(
        (F.conv2d(x, weight, padding=padding) * y).sum(), (x * transposed_filter(y, weight)).sum()
    )


def test_the_transposed_filter_agrees_with_pytorchs_transposed_convolution(rng):
    x, weight = torch.randn(2, 4, 6, 5, generator=rng), torch.randn(4, 3, 3, 3, generator=rng)
    torch.testing.assert_close(transposed_filter(x, weight), F.conv_transpose2d(x, weight, padding=1))


def test_a_single_activation_stamps_its_filter(rng):
    weight = torch.randn(4, 3, 3, 3, generator=rng)
    x = torch.zeros(1, 4, 5, 6)
    x[0, 2, 1, 3] = 1
    stamped = transposed_filter(x, weight)
    assert torch.equal(stamped[0, :, 0:3, 2:5], weight[2])
    assert stamped.count_nonzero() == weight[2].count_nonzero()


def test_channels_that_do_not_fit_the_kernels_are_refused():
    with pytest.raises(ShapeError, match=r"features \(B, out, H, W\) .* got \(1, 3, 4, 4\) and \(4, 3, 3, 3\)"):
        transposed_filter(torch.zeros(1, 3, 4, 4), torch.zeros(4, 3, 3, 3))


def test_kernels_of_even_size_have_no_middle_and_are_refused():
    with pytest.raises(ShapeError, match=r"kernels of odd size, got \(2, 3\)"):
        transposed_filter(torch.zeros(1, 4, 4, 4), torch.zeros(4, 3, 2, 3))


def test_isolating_keeps_one_activation_of_each_image(rng):
    features = torch.rand(2, 3, 4, 5, generator=rng)
    alone = isolate(features, 1)
    assert alone.count_nonzero().item() == 2
    assert torch.equal(alone.amax((2, 3))[:, 1], features.amax((2, 3))[:, 1])
    assert isolate(features, 1, (2, 3))[:, 1, 2, 3].tolist() == features[:, 1, 2, 3].tolist()


# --- the whole way back -------------------------------------------------------------------------------------------------


class RectifiedBackward(torch.autograd.Function):
    """A ReLU whose backward pass rectifies the gradient, and does not ask what the forward pass did."""

    @staticmethod
    def forward(ctx, x):
        return x.relu()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.relu()


def by_autograd(network, image, layer, channel, position):
    """The same by another route: max pooling's gradient goes to the switches, a convolution's is its transpose."""
    pixels = network.preprocessing(image).requires_grad_(True)
    x = pixels
    for name in network.layers[: network.layers.index(layer) + 1]:
        if name.startswith("conv"):
            x = F.conv2d(x, network.convolutions[name].weight, network.convolutions[name].bias, padding=1)
        else:
            x = RectifiedBackward.apply(x) if name.startswith("relu") else F.max_pool2d(x, 2)
    activation = x[(0, channel, *position)]
    (gradient,) = torch.autograd.grad(activation, pixels)
    signal = activation.detach() * gradient
    return signal.flip(1) if network.preprocessing.order == "BGR" else signal


def assert_same_picture(found, expected):
    assert expected.abs().max() > 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("layer", TINY.layers)
def test_a_projection_is_a_gradient_through_relus_that_rectify_it(biased, image, layer):
    channel, position = strongest(biased, image, layer)
    assert_same_picture(
        project(biased, image, layer, channel, position), by_autograd(biased, image, layer, channel, position)
    )


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "vgg19-torchvision"])
def test_projections_of_full_networks_agree_with_autograd_too(name, image):
    network = random_network(name)
    channel, position = strongest(network, image, "relu4_1")
    assert_same_picture(
        project(network, image, "relu4_1", channel, position), by_autograd(network, image, "relu4_1", channel, position)
    )


@pytest.mark.weights
def test_projections_of_the_trained_network_agree_with_autograd(image):
    network = load_network("vgg16")
    channel, position = strongest(network, image, "relu4_3")
    assert_same_picture(
        project(network, image, "relu4_3", channel, position), by_autograd(network, image, "relu4_3", channel, position)
    )


def test_a_projection_agrees_with_captums_deconvolution(biased, image):
    attr = pytest.importorskip("captum.attr")
    stages = []
    for name in biased.layers[: biased.layers.index("relu4_2") + 1]:
        if name.startswith("conv"):
            weight = biased.convolutions[name].weight
            stage = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            stage.load_state_dict({"weight": weight, "bias": biased.convolutions[name].bias})
            stages.append(stage)
        else:
            stages.append(nn.ReLU() if name.startswith("relu") else nn.MaxPool2d(2))
    model = nn.Sequential(*stages).eval()
    channel, position = strongest(biased, image, "relu4_2")
    pixels = NETWORKS["tiny"](image)
    activation = model(pixels)[(0, channel, *position)].detach()
    with pytest.warns(UserWarning, match="backward hooks on ReLU"):
        expected = attr.Deconvolution(model).attribute(pixels.requires_grad_(True), target=(channel, *position))
    assert_same_picture(project(biased, image, "relu4_2", channel, position), activation * expected)


def test_an_activation_of_zero_projects_to_nothing_whatever_the_biases(biased, image):
    maps = biased(image, "relu3_2")["relu3_2"][0]
    channel, row, column = (maps == 0).nonzero()[0].tolist()
    assert torch.equal(project(biased, image, "relu3_2", channel, (row, column)), torch.zeros_like(image))


@pytest.mark.parametrize("layer", ["relu1_1", "relu1_2", "pool1", "conv2_2", "relu3_3", "pool3", "relu4_2"])
def test_a_projection_vanishes_outside_the_receptive_field(rng, layer):
    image = torch.rand(1, 3, 130, 150, generator=rng)
    maps = TINY(image, layer)[layer][0]
    for row, column in ((0, 0), (maps.shape[1] // 2, maps.shape[2] // 2), (maps.shape[1] - 1, maps.shape[2] - 1)):
        channel = int(maps[:, row, column].argmax())
        projection = project(TINY, image, layer, channel, (row, column))
        top, bottom, left, right = patch_of(layer, row, column, 130, 150, architecture=TINY.architecture)
        outside = projection.clone()
        outside[..., top:bottom, left:right] = 0
        assert projection.abs().max() > 0
        assert outside.abs().max() == 0


def test_a_projection_without_a_position_is_that_of_the_strongest_one(image):
    maps = TINY(image, "relu2_1")["relu2_1"][0, 3]
    position = divmod(int(maps.argmax()), maps.shape[1])
    assert torch.equal(project(TINY, image, "relu2_1", 3), project(TINY, image, "relu2_1", 3, position))


def test_each_image_of_a_batch_is_projected_by_itself(rng):
    images = torch.rand(2, 3, 32, 40, generator=rng)
    together = project(TINY, images, "relu3_1", 5)
    assert together.shape == images.shape
    for k in range(2):
        torch.testing.assert_close(together[[k]], project(TINY, images[[k]], "relu3_1", 5))


def test_a_unit_that_sees_blue_only_projects_to_blue():
    network = random_network("vgg16")
    network.weight("conv1_1")[:] = 0
    network.weight("conv1_1")[:, 0] = 1  # blue comes first in Caffe's order
    projection = project(network, torch.ones(1, 3, 8, 8), "relu1_1", 0)
    assert projection.amax((0, 2, 3)).tolist() == pytest.approx([0, 0, 9 * (255 - 103.939)])


def test_projecting_changes_neither_the_image_nor_wants_a_gradient(image):
    before = image.clone()
    projection = project(TINY, image.requires_grad_(True), "relu2_2", 0)
    assert torch.equal(image, before)
    assert not projection.requires_grad


def test_a_keras_name_projects_the_same(image):
    assert torch.equal(project(TINY, image, "block2_conv1", 1), project(TINY, image, "relu2_1", 1))


def test_a_network_that_averages_has_no_switches_to_go_back_to(image):
    with pytest.raises(
        ChoiceError, match=r"needs a network with max pooling.* has average pooling. load_network\('tiny'\)"
    ):
        project(load_network("tiny", pooling="average"), image, "relu2_1", 0)


@pytest.mark.parametrize("channel", [-1, 16])
def test_a_channel_that_is_not_there_is_refused(image, channel):
    with pytest.raises(ShapeError, match=f"no channel {channel}: this layer has 16, counted from 0"):
        project(TINY, image, "relu2_1", channel)


def test_a_position_that_is_not_there_is_refused(image):
    with pytest.raises(ShapeError, match="A map of 18 x 25 has no row 18, column 0. .*position=None"):
        project(TINY, image, "relu2_1", 0, (18, 0))


def test_a_layer_that_is_not_there_is_refused(image):
    with pytest.raises(LayerError, match="no layer 'relu9_1'"):
        project(TINY, image, "relu9_1", 0)


def test_only_convolutions_have_kernels():
    assert TINY.weight("conv2_1").shape == (16, 8, 3, 3)
    with pytest.raises(LayerError, match="'pool2' is no convolution and has no kernels"):
        TINY.weight("pool2")


def test_a_projection_as_a_picture_is_gray_where_nothing_came_back(rng):
    projection = torch.zeros(2, 3, 6, 6)
    projection[0, :, 2:4] = torch.randn(3, 2, 6, generator=rng)
    picture = on_gray(projection)
    assert picture[1].unique().tolist() == [0.5]
    assert picture[0, :, :2].unique().tolist() == [0.5]
    assert 0 <= picture.min() < 0.4
    torch.testing.assert_close(on_gray(7 * projection), picture)
