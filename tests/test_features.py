import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import (
    CAFFE,
    TORCHVISION,
    Features,
    dead_channels,
    effective_receptive_field,
    extract,
    feature_shapes,
    load_network,
    random_network,
)


@pytest.fixture
def tiny():
    return load_network("tiny")


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 40, 56, generator=rng)


def torchvision_copy(name, convolutions):
    """The same trunk as torchvision builds it, with our weights."""
    models = pytest.importorskip("torchvision.models")
    trunk = getattr(models, name)(weights=None).features.eval()
    numbers = [k for k, stage in enumerate(trunk) if isinstance(stage, torch.nn.Conv2d)]
    state = {}
    for number, ours in zip(numbers, convolutions.values(), strict=True):
        state[f"{number}.weight"], state[f"{number}.bias"] = ours.weight, ours.bias
    trunk.load_state_dict(state)
    return trunk


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_every_layer_agrees_with_torchvisions_network(name, image):
    network = random_network(name)
    trunk = torchvision_copy(name, network.convolutions)
    ours = network(image, network.layers)
    x = CAFFE(image)
    with torch.no_grad():
        for stage, layer in zip(trunk, network.layers, strict=True):
            x = stage(x).clone()
            torch.testing.assert_close(ours[layer], x, rtol=1e-4, atol=1e-4 * x.abs().max().item())


def test_caffe_pixels_are_bgr_times_255_minus_the_mean():
    red = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1)
    expected = torch.tensor([0 - 103.939, 127.5 - 116.779, 255 - 123.68]).view(1, 3, 1, 1)
    torch.testing.assert_close(CAFFE(red), expected)


def test_torchvision_pixels_are_standardized_rgb():
    mean = torch.tensor(TORCHVISION.mean).view(1, 3, 1, 1)
    torch.testing.assert_close(TORCHVISION(mean), torch.zeros(1, 3, 1, 1))


@pytest.mark.parametrize("preprocessing", [CAFFE, TORCHVISION])
def test_what_a_network_sees_can_be_mapped_back_even_outside_the_range(preprocessing, rng):
    image = 2 * torch.randn(2, 3, 4, 5, generator=rng)
    torch.testing.assert_close(preprocessing.inverse(preprocessing(image)), image)


def test_a_convolution_that_was_asked_for_is_not_overwritten_by_its_relu(tiny, image):
    both = tiny(image, ["conv1_1", "relu1_1"])
    assert both["conv1_1"].min() < 0
    torch.testing.assert_close(both["relu1_1"], both["conv1_1"].relu())


def test_the_network_runs_no_deeper_than_asked(tiny, image, monkeypatch):
    calls = []
    original = F.conv2d
    monkeypatch.setattr(F, "conv2d", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs))
    tiny(image, ["relu1_2", "conv2_1"])
    assert len(calls) == 3


def test_the_image_is_not_changed(tiny, image):
    before = image.clone()
    tiny(image, tiny.layers)
    assert torch.equal(image, before)


def test_gradients_reach_the_image_and_not_the_weights(tiny, image):
    image.requires_grad_(True)
    tiny(image, "relu5_1")["relu5_1"].sum().backward()
    assert image.grad.abs().sum() > 0
    assert not any(each.weight.requires_grad or each.bias.requires_grad for each in tiny.convolutions.values())


@pytest.mark.parametrize(
    ("keras", "ours"), [("block4_conv2", "relu4_2"), ("block1_conv1", "relu1_1"), ("block3_pool", "pool3")]
)
def test_a_keras_name_means_what_it_means_in_keras_after_the_fused_relu(tiny, image, keras, ours):
    found = tiny(image, [keras, ours])
    assert list(found) == [keras, ours]
    assert torch.equal(found[keras], found[ours])


def test_an_unknown_layer_is_answered_with_the_layers_there_are(tiny, image):
    with pytest.raises(LayerError, match=r"tiny has no layer 'conv6_1'. It has: conv1_1, relu1_1, .*pool5 .*Keras"):
        tiny(image, ["conv1_1", "conv6_1"])


def test_vgg16_does_not_have_the_fourth_convolution_of_vgg19():
    assert "conv3_4" in random_network("vgg19").layers
    with pytest.raises(LayerError, match="conv3_4"):
        random_network("vgg16").canonical("conv3_4")


def test_an_unknown_network_is_answered_with_the_networks_there_are():
    with pytest.raises(ChoiceError, match="network 'vgg11'. Choose one of: vgg16, vgg19, vgg19-torchvision, tiny"):
        load_network("vgg11")


def test_an_unknown_pooling_is_refused_before_any_weights_are_fetched():
    with pytest.raises(ChoiceError, match="pooling 'mean'. Choose one of: max, average"):
        load_network("vgg16", pooling="mean")


def test_average_pooling_averages(image):
    found = load_network("tiny", pooling="average")(image, ["relu1_2", "pool1"])
    torch.testing.assert_close(found["pool1"], F.avg_pool2d(found["relu1_2"], 2))


def test_nothing_asked_is_nothing_done(tiny, image):
    assert tiny(image, []) == {}


@pytest.mark.parametrize(("size", "layer", "smallest"), [((1, 1), "relu2_1", 2), ((3, 4000), "relu3_1", 4)])
def test_an_image_that_is_too_small_for_the_layer_is_refused_with_the_smallest_size(tiny, size, layer, smallest):
    with pytest.raises(ShapeError, match=f"{layer} needs .* at least {smallest} x {smallest} pixels.*got {size[0]} x"):
        tiny(torch.zeros(1, 3, *size), layer)


def test_the_smallest_size_really_works(tiny):
    for layer in tiny.layers:
        side = 2 ** (int(layer[4]) - (0 if layer.startswith("pool") else 1))
        assert tiny(torch.zeros(1, 3, side, side), layer)[layer].shape[2:] == (1, 1)


def test_one_pixel_is_enough_for_the_first_block(tiny):
    assert tiny(torch.zeros(1, 3, 1, 1), "relu1_2")["relu1_2"].shape == (1, 8, 1, 1)


def test_an_image_without_a_batch_axis_is_refused_with_the_way_out(tiny):
    with pytest.raises(ShapeError, match=r"shape \(B, 3, H, W\), got \(3, 8, 8\).*image\[None\]"):
        tiny(torch.zeros(3, 8, 8), "conv1_1")


def test_an_image_of_integers_is_refused(tiny):
    with pytest.raises(ShapeError, match=r"floats in \[0, 1\], got torch.uint8. Divide by 255"):
        tiny(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "conv1_1")


def test_the_network_follows_the_images_precision(tiny, image):
    single = tiny(image, "relu3_1")["relu3_1"]
    double = tiny(image.double(), "relu3_1")["relu3_1"]
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single)


def test_random_networks_from_one_seed_are_equal_and_from_two_are_not(image):
    first, again = (random_network("tiny", generator=torch.Generator().manual_seed(5)) for _ in range(2))
    other = random_network("tiny", generator=torch.Generator().manual_seed(6))
    assert torch.equal(first(image, "relu2_1")["relu2_1"], again(image, "relu2_1")["relu2_1"])
    assert not torch.equal(first(image, "relu2_1")["relu2_1"], other(image, "relu2_1")["relu2_1"])


def test_feature_shapes_are_the_shapes_the_network_has(rng):
    network = random_network("vgg16")
    image = torch.rand(1, 3, 37, 50, generator=rng)
    expected = {layer: tuple(maps.shape[1:]) for layer, maps in network(image, network.layers).items()}
    assert feature_shapes(network.layers, 37, 50) == expected


def test_extract_runs_no_stage_too_many_and_survives_stages_that_work_in_place():
    calls = []

    def stage(name, function):
        return name, lambda x: calls.append(name) or function(x)

    stages = [stage("minus", lambda x: x.sub_(1)), stage("relu", torch.relu_), stage("never", lambda x: x)]
    image = torch.tensor([0.0, 2.0])
    found = extract(image, stages, ["minus", "relu"])
    assert calls == ["minus", "relu"]
    assert found["minus"].tolist() == [-1, 1]
    assert image.tolist() == [0, 2]


def test_extract_names_the_stages_that_do_not_exist():
    with pytest.raises(LayerError, match="no stage 'b'"):
        extract(torch.zeros(1), [("a", torch.relu)], ["b"])


def test_a_channel_is_dead_when_no_image_of_the_batch_wakes_it():
    features = torch.tensor([[[[-1.0, 0.0]], [[0.0, 0.0]]], [[[0.0, 2.0]], [[-3.0, 0.0]]]])  # (2, 2, 1, 2)
    assert dead_channels(features).tolist() == [False, True]


def test_the_effective_receptive_field_stays_inside_the_theoretical_one(image):
    network = random_network("tiny")
    field = effective_receptive_field(lambda x: network(x, "relu2_2")["relu2_2"], image)
    rows = field.amax(1).nonzero().flatten()
    assert field.shape == image.shape[2:]
    assert field.max() == 1
    assert rows.max() - rows.min() + 1 <= 14  # 5 for block 1, 6 with the pooling, plus 2 x 2 x 2


def test_a_broken_layer_name_in_closed_form_is_explained():
    with pytest.raises(LayerError, match="no layer 'convolution'. It has: conv1_1, relu1_1"):
        feature_shapes(["convolution"], 8, 8)


@pytest.mark.weights
def test_the_pretrained_network_knows_a_cat_from_its_shadow():
    """Trained first-layer filters are smooth; random ones are not: neighbors in a filter agree."""
    network = load_network("vgg16")
    filters = network.weight("conv1_1")
    assert isinstance(network, Features)
    trained, chance = (
        (f[..., 1:] - f[..., :-1]).abs().mean() / f.abs().mean()
        for f in (filters, random_network("vgg16").weight("conv1_1"))
    )
    assert trained < 0.9 * chance


def test_kernels_are_those_that_were_trained_whatever_was_looked_at_before(tiny, image):
    trained = tiny.weight("conv2_1").clone()
    tiny(image.double(), "relu2_1"), tiny(image.half(), "relu2_1")
    assert torch.equal(tiny.weight("conv2_1"), trained)
    assert tiny.weight("conv2_1", like=image.double()).dtype == torch.float64
