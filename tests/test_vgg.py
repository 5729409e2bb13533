import pytest

from nstlib.errors import LayerError
from nstlib.vgg import ARCHITECTURES, VGG16, Architecture


def test_layers_run_from_the_image_to_the_last_pooling():
    assert Architecture("two", ((4,), (8, 8))).layers == (
        *("conv1_1", "relu1_1", "pool1"),
        *("conv2_1", "relu2_1", "conv2_2", "relu2_2", "pool2"),
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_convolution_takes_what_the_one_before_gives(name):
    architecture = ARCHITECTURES[name]
    into, out = zip(*architecture.kernels.values(), strict=True)
    assert into == (3, *out[:-1])
    assert out == sum(architecture.blocks, ())


def test_vgg16_has_the_weights_that_were_published():
    # Simonyan and Zisserman (2015), table 2: 138 million, of which the three layers behind the trunk have 123.6.
    kernels = Architecture("vgg16", VGG16).kernels.values()
    assert sum(9 * into * out + out for into, out in kernels) == 14_714_688


@pytest.mark.parametrize(
    ("layer", "shape"), [("conv1_1", (64, 37, 50)), ("block2_pool", (128, 9, 12)), ("relu3_1", (256, 9, 12))]
)
def test_only_poolings_change_the_size_and_round_down(layer, shape):
    assert ARCHITECTURES["vgg16"].shape(layer, 37, 50) == shape


def test_no_layers_need_none():
    architecture = ARCHITECTURES["tiny"]
    assert architecture.down_to([]) == ()
    assert architecture.down_to(["relu1_1", "block1_pool"]) == architecture.layers[:5]


def test_an_unknown_layer_is_named_with_its_network():
    with pytest.raises(LayerError, match="vgg16 has no layer 'conv3_4'. It has: conv1_1"):
        ARCHITECTURES["vgg16"].halvings("conv3_4")
