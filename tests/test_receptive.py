import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import LayerError, ShapeError
from nstlib.features import feature_shapes, random_network
from nstlib.receptive import ReceptiveField, patch_of, receptive_field, receptive_field_of_stack


def support(function, row, column, height, width):
    """The rectangle of pixels whose gradient is not zero, (top, bottom, left, right)."""
    image = torch.full((1, 3, height, width), 0.5, dtype=torch.float64, requires_grad=True)
    unit = function(image)[0, :, row, column].sum()
    (gradient,) = torch.autograd.grad(unit, image)
    seen = gradient[0].abs().sum(0) > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


def open_network(name, rng):
    """A network in which every path counts: weights without signs, so no ReLU closes, and average pooling."""
    network = random_network(name, pooling="average", generator=rng)
    for convolution in network.convolutions.values():
        convolution.weight.abs_()
    network.preprocessing = lambda image: image
    return network


@pytest.mark.parametrize(("height", "width"), [(64, 48), (47, 61), (33, 39)])
@pytest.mark.parametrize("layer", ["conv1_1", "relu1_2", "pool1", "conv2_1", "relu2_2", "pool2", "relu3_3", "conv4_2"])
def test_a_unit_sees_exactly_the_pixels_that_move_it(rng, layer, height, width):
    network = open_network("tiny", rng)
    _, rows, columns = feature_shapes([layer], height, width)[layer]
    for row, column in [(0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1), (rows - 1, 0)]:
        found = support(lambda image: network(image, layer)[layer], row, column, height, width)
        assert patch_of(layer, row, column, height, width, architecture=network.architecture) == found


@pytest.mark.parametrize(("name", "layer"), [("vgg16", "relu3_3"), ("vgg16", "pool4"), ("vgg19", "conv3_4")])
def test_the_closed_form_holds_for_vgg(rng, name, layer):
    network = open_network(name, rng)
    for row, column in [(0, 1), (2, 2)]:
        found = support(lambda image: network(image, layer)[layer], row, column, 50, 55)
        assert patch_of(layer, row, column, 50, 55, architecture=network.architecture) == found


@pytest.mark.parametrize(
    "stages",
    [[(3, 1, 1), (3, 1, 1)], [(7, 2, 3), (3, 2, 1)], [(11, 4, 0), (3, 2, 0), (5, 1, 2)], [(2, 3, 0), (4, 1, 3)]],
)
def test_the_field_of_any_stack_is_the_support_of_its_gradient(stages):
    def run(image):
        x = image.mean(1, keepdim=True)
        for kernel, stride, padding in stages:
            x = F.conv2d(x, x.new_ones(1, 1, kernel, kernel), stride=stride, padding=padding)
        return x

    field = receptive_field_of_stack(stages)
    unit = -(-(field.size - field.start) // field.stride)  # far enough inside
    size = 4 * field.size + 4 * field.stride + abs(field.start)
    first = field.start + unit * field.stride
    assert support(run, unit, unit, size, size) == (first, first + field.size) * 2


def test_the_numbers_of_vgg16_are_those_that_are_published():
    # Araujo et al. (2019, Distill), the table of modern networks: VGG-16 has size 212, stride 32, padding 90.
    assert receptive_field("pool5") == ReceptiveField(212, 32, -90)
    assert receptive_field("conv1_2") == ReceptiveField(5, 1, -2)


def test_no_layers_at_all_see_one_pixel():
    assert receptive_field_of_stack([]) == ReceptiveField(1, 1, 0)


def test_a_relu_sees_what_its_convolution_sees():
    assert receptive_field("relu4_1") == receptive_field("conv4_1") == receptive_field("block4_conv1")


def test_the_center_of_the_first_unit_lies_between_pixels_after_a_pooling():
    assert receptive_field("conv1_1").center == 0
    assert receptive_field("pool1").center == 0.5


def test_the_row_that_a_pooling_leaves_out_is_still_seen_through_the_convolution_before_it():
    assert patch_of("pool1", 1, 1, 5, 5) == (0, 5, 0, 5)
    assert patch_of("pool2", 0, 0, 7, 7) == (0, 7, 0, 7)


def test_fields_away_from_the_border_are_the_closed_form_shifted():
    field = receptive_field("relu3_2")
    top, bottom, left, right = patch_of("relu3_2", 20, 24, 200, 220)
    assert (top, left) == (field.start + 20 * field.stride, field.start + 24 * field.stride)
    assert bottom - top == right - left == field.size


def test_a_unit_that_does_not_exist_is_answered_with_how_many_there_are():
    with pytest.raises(ShapeError, match="pool1 has 20 x 15 units for an image of 40 x 31 pixels: .* row 20"):
        patch_of("pool1", 20, 3, 40, 31)
    with pytest.raises(ShapeError, match="pool5 has 0 x 0 units"):
        patch_of("pool5", 0, 0, 8, 8)


def test_an_unknown_layer_is_answered_with_the_layers_there_are():
    with pytest.raises(LayerError, match=r"vgg16 has no layer 'conv1_3'. It has: conv1_1, relu1_1"):
        receptive_field("conv1_3")


@pytest.mark.parametrize("stage", [(0, 1, 0), (3, 0, 0), (3, 1, -1)])
def test_a_layer_that_cannot_be_is_refused(stage):
    with pytest.raises(ShapeError, match="at least 1 and padding of at least 0; got"):
        receptive_field_of_stack([(3, 1, 1), stage])
