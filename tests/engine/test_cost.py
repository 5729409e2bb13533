import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nstlib.engine.cost import flops, network_flops
from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import random_network
from nstlib.vgg import ARCHITECTURES


def counted(run):
    """What PyTorch counts while something runs."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def built(stack):
    modules, channels = [], 3
    for layer in stack:
        modules.append(nn.MaxPool2d(2) if layer == "pool" else nn.Conv2d(channels, layer, 3, padding=1))
        channels = channels if layer == "pool" else layer
    return nn.Sequential(*modules).to("meta")


@pytest.mark.parametrize("stack", [[8], [6, 5], [4, "pool", 7], ["pool", 5, "pool", "pool", 9, 2], [6, "pool"], []])
def test_a_stack_costs_what_pytorch_counts(stack):
    image = torch.empty(1, 3, 37, 22, device="meta")
    assert flops(stack, 37, 22) == counted(lambda: built(stack)(image))


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("layers", ["conv1_1", "pool1", ("relu4_2", "conv2_1"), "relu5_1", "pool5"])
def test_a_network_costs_what_pytorch_counts_when_it_runs(name, layers):
    network = random_network("tiny") if name == "tiny" else random_network(name)
    image = torch.rand(1, 3, 45, 34, generator=torch.Generator().manual_seed(0))
    assert network_flops(layers, 45, 34, name=name) == counted(lambda: network(image, layers))


@pytest.mark.parametrize("layer", ["relu2_2", "relu3_1"])
def test_the_way_back_to_the_image_of_a_frozen_network_costs_as_much_as_the_way_there(layer):
    network = random_network("tiny")
    image = torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(0), requires_grad=True)
    both = counted(lambda: network(image, layer)[layer].sum().backward())
    assert both == 2 * network_flops(layer, 24, 20, name="tiny")


@pytest.mark.parametrize(("size", "both_ways"), [(128, 23.7), (256, 94.7), (512, 378.7)])
def test_vgg19_to_relu5_1_costs_what_was_measured(size, both_ways):
    assert round(2 * network_flops("relu5_1", size, size, name="vgg19") / 1e9, 1) == both_ways


def test_only_the_deepest_layer_counts_in_either_spelling():
    deep = network_flops("relu4_2", 64, 48)
    assert network_flops(["conv1_1", "block4_conv2", "pool2"], 64, 48) == deep
    assert network_flops([], 64, 48) == 0


def test_counting_is_exact_far_beyond_the_precision_of_floats():
    assert flops([10**9, 10**9], 1, 1) == 2 * 9 * 10**9 * (3 + 10**9)


def test_what_is_no_layer_is_named():
    with pytest.raises(ChoiceError, match="numbers of channels and 'pool', got 'relu'"):
        flops([64, "relu"], 8, 8)
    with pytest.raises(ChoiceError, match="got 0"):
        flops([0], 8, 8)
    with pytest.raises(LayerError, match="tiny has no layer 'conv9_1'"):
        network_flops("conv9_1", 64, 64, name="tiny")
    with pytest.raises(ChoiceError, match="no network 'vgg11'"):
        network_flops("conv1_1", 64, 64, name="vgg11")


def test_an_image_of_which_nothing_is_left_is_refused():
    with pytest.raises(ShapeError, match="too small: each pooling halves it"):
        flops([4, "pool", "pool", 4], 3, 9)
