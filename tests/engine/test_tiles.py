"""Tiles are exact: what the strips give is what the whole gives, losses and gradients, whatever the strips."""

import pytest
import torch

from nstlib.engine import tiles
from nstlib.engine.tiles import blocks_of, measure, split, strip_rows, through_rows
from nstlib.features import random_network
from nstlib.gram import gram_matrix
from nstlib.kernels.convolutions import FrozenConvolution

# What a loss looks at decides what is computed again: everything of a block, its first layers, or nothing.
LAYERS = ("conv1_1", "relu1_2", "pool1", "relu2_2", "pool3", "relu4_1")
FIRST_LAYERS = ("relu1_1", "conv2_1", "conv3_1", "relu4_1")
DEEP_LAYERS = ("relu4_1",)


@pytest.fixture(scope="module")
def network():
    return random_network("tiny")


def sums(layer, features, rows):
    """Two statistics that add up over rows: a Gram matrix, and how the rows lie (so that an exchange would show)."""
    places = torch.arange(rows.start, rows.stop, dtype=features.dtype)
    return gram_matrix(features) * features[0, 0].numel(), (features * places[:, None]).sum((0, 2, 3))


def pull(network, image, layers=LAYERS, **options):
    """All statistics, and their gradient with respect to the pixels."""
    image = image.clone().requires_grad_(True)
    found = measure(network, image, layers, sums, **options)
    values = torch.cat([value.flatten() for layer in layers for value in found[layer]])
    weights = torch.linspace(-1, 1, values.numel(), dtype=values.dtype)
    (gradient,) = torch.autograd.grad((values * weights).sum(), image)
    return values.detach(), gradient


@pytest.mark.parametrize("rows", [2, 6, 16, 1000])
@pytest.mark.parametrize("tiled", [1, 2, 4])
@pytest.mark.parametrize("size", [(64, 48), (97, 41), (35, 90), (66, 33)])
def test_strips_give_what_the_whole_gives_and_pull_as_the_whole_pulls(network, rng, size, tiled, rows):
    image = torch.rand(1, 3, *size, generator=rng, dtype=torch.float64)
    whole, strips = pull(network, image), pull(network, image, tiled=tiled, rows=rows)
    torch.testing.assert_close(strips, whole, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("layers", [FIRST_LAYERS, DEEP_LAYERS])
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("tiled", [1, 3, 4])
def test_bytes_are_all_that_the_way_back_needs_of_layers_without_a_loss(rng, layers, pooling, tiled):
    network = random_network("tiny", pooling=pooling)
    image = torch.rand(1, 3, 67, 41, generator=rng, dtype=torch.float64)
    whole, strips = pull(network, image, layers), pull(network, image, layers, tiled=tiled, rows=10)
    torch.testing.assert_close(strips, whole, rtol=1e-10, atol=1e-10)


def test_of_equal_maxima_the_first_pulls_as_in_the_whole(network):
    image = torch.full((1, 3, 32, 24), 0.5, dtype=torch.float64)  # flat: all four corners of a window are equal
    torch.testing.assert_close(pull(network, image, tiled=3, rows=8), pull(network, image), rtol=1e-10, atol=1e-10)


def test_what_is_computed_again_ends_with_the_last_layer_that_a_loss_looks_at(network):
    wanted = ("relu1_1", "conv2_2", "relu4_1")
    first, second, third, _ = blocks_of(network.architecture, wanted)
    assert split(first, network.architecture, network.pooling) == (("conv1_1", "relu1_1"), (), ())
    average = random_network("tiny", pooling="average")
    assert split(first, average.architecture, average.pooling) == (("conv1_1", "relu1_1"), (), ("relu1_2",))
    assert split(second, network.architecture, network.pooling).again[-1] == "conv2_2"
    signs = tuple(layer for layer in third.layers if layer.startswith("relu"))
    assert split(third, network.architecture, network.pooling) == ((), (), signs[:-1])


def test_where_many_channels_make_a_layer_it_is_kept_instead():
    network = random_network("vgg16")
    third, fourth = list(blocks_of(network.architecture, ("relu3_1", "conv4_2", "relu4_2", "pool4")))[2:]
    # The pooling knows where relu3_3 was open.
    assert split(third, network.architecture, network.pooling) == (("conv3_1", "relu3_1"), (), ("relu3_2",))
    assert split(fourth, network.architecture, network.pooling) == ((), ("conv4_2", "relu4_2"), ("relu4_1",))


@pytest.mark.parametrize("layers", [LAYERS, FIRST_LAYERS, ("conv1_2", "relu2_1", "conv2_1", "relu3_3", "pool3")])
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("rows", [2, 10])
def test_layers_kept_pull_as_those_computed_again(rng, monkeypatch, layers, pooling, rows):
    network = random_network("tiny", pooling=pooling)
    image = torch.rand(1, 3, 67, 41, generator=rng, dtype=torch.float64)
    whole = pull(network, image, layers)
    monkeypatch.setattr(tiles, "AGAIN_CHANNELS", 0)  # keep all
    torch.testing.assert_close(pull(network, image, layers, tiled=4, rows=rows), whole, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("rows", [2, 4, 10])
@pytest.mark.parametrize("height", [18, 29, 64])
def test_the_strips_of_each_layer_join_and_no_position_is_computed_twice(network, monkeypatch, rows, height):
    computed = []
    names = {convolution: layer for layer, convolution in network.convolutions.items()}
    rows_of = FrozenConvolution.rows
    monkeypatch.setattr(
        FrozenConvolution,
        "rows",
        lambda self, *args, **how: computed.append((names[self], y := rows_of(self, *args, **how))) or y,
    )
    measure(network, torch.rand(1, 3, height, 24), DEEP_LAYERS, sums, tiled=4, rows=rows)
    made: dict[str, int] = {}
    for layer, y in computed:
        made[layer] = made.get(layer, 0) + y.shape[2]
    assert made == {layer: height >> int(layer[4]) - 1 for layer in made}
    assert len(computed) > len(made)


def test_strips_free_what_they_kept_and_say_so_if_they_are_asked_again(network):
    image = torch.rand(1, 3, 32, 24, requires_grad=True)
    found = measure(network, image, DEEP_LAYERS, sums, tiled=2, rows=8)["relu4_1"][0].sum()
    torch.autograd.grad(found, image, retain_graph=True)
    with pytest.raises(RuntimeError, match="Strips can be gone back through once"):
        torch.autograd.grad(found, image)


@pytest.mark.parametrize(
    ("layers", "blocks"),  # after how many blocks the output is kept: for what is computed again, or for its statistics
    [(DEEP_LAYERS, [3]), (("relu2_1", "pool3"), [1, 3]), (("conv1_1", "pool1", "conv3_1"), [1, 2])],
)
def test_of_what_goes_from_block_to_block_only_that_is_kept_which_the_way_back_looks_at(network, layers, blocks):
    image, kept = torch.rand(1, 3, 32, 24, requires_grad=True), {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        measure(network, image, layers, lambda layer, features, rows: (features.sum(),), tiled=4, rows=8)
    outputs = [network.channels(f"pool{block}") * (32 >> block) * (24 >> block) for block in blocks]
    assert {size for size in kept.values() if size > 4} == {4 * count for count in (image.numel(), *outputs)}


def test_a_seam_is_as_exact_as_the_rows_beside_it(rng):
    """In float32 and with the convolutions that stylize uses: rounding at the edges of strips is like rounding elsewhere.

    Medians, because here and there rounding turns a tie in a max-pooling, which moves a whole patch a little.
    """
    network = random_network("vgg16")
    at_seams, elsewhere = [], []
    for _ in range(3):
        image = torch.rand(1, 3, 128, 64, generator=rng)
        whole, strips = (pull(network, image, **options)[1] for options in ({}, {"tiled": 3, "rows": 32}))
        error = (strips - whole).abs().mean((0, 1, 3)) / whole.abs().mean()  # by row of the image
        # Strips of the first block's output end at these rows; those of its input two rows below.
        at_seams += [error[row - 1 : row + 3] for row in (32, 64, 96)]
        elsewhere.append(error)
    usual = torch.cat(elsewhere).median()
    assert usual < 1e-5
    assert torch.cat(at_seams).median() < 2 * usual


def test_a_batch_is_tiled_too(network, rng):
    images = torch.rand(2, 3, 40, 32, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(pull(network, images, tiled=2, rows=8), pull(network, images), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("start", "stop"), [(0, 4), (4, 9), (9, 12), (3, 4)])
@pytest.mark.parametrize("convolutions", [1, 2, 4])
def test_strip_rows_are_those_that_a_gradient_reaches_and_no_others(start, stop, convolutions):
    image = torch.ones(1, 1, 12, 1, dtype=torch.float64, requires_grad=True)
    x = image
    for _ in range(convolutions):
        x = torch.nn.functional.conv2d(x, torch.ones(1, 1, 3, 3, dtype=torch.float64), padding=1)
    (gradient,) = torch.autograd.grad(x[:, :, start:stop].sum(), image)
    reached = gradient.flatten().nonzero().flatten().tolist()
    assert (reached[0], reached[-1] + 1) == strip_rows(start, stop, 12, convolutions)


def test_blocks_end_where_the_deepest_layer_is(network):
    blocks = list(blocks_of(network.architecture, ("relu2_1", "pool1")))
    assert [block.layers for block in blocks] == [("conv1_1", "relu1_1", "conv1_2", "relu1_2"), ("conv2_1", "relu2_1")]
    assert [block.pool for block in blocks] == ["pool1", None]
    assert [block.wanted for block in blocks] == [("pool1",), ("relu2_1",)]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("wanted", [{"relu3_3"}, {"conv3_2", "relu3_3"}])
def test_a_strip_with_its_neighbors_rows_gives_the_rows_of_the_whole(rng, fast, wanted):
    network = random_network("vgg16", winograd=fast)
    layers = ("conv3_1", "relu3_1", "conv3_2", "relu3_2", "conv3_3", "relu3_3")
    x = torch.randn(2, 128, 18, 40, generator=rng)
    whole, _ = network.through(x, layers, {*layers}, fast=fast)
    inputs = {"conv3_1": x, "conv3_2": whole["relu3_1"], "conv3_3": whole["relu3_2"]}
    first = {"conv3_1": 6, "conv3_2": 5, "conv3_3": 4}  # each makes the rows from here on, as many as it got

    def around(layer, rows):
        start, stop = first[layer], first[layer] + 4
        torch.testing.assert_close(rows, inputs[layer][:, :, start + 1 : stop + 1], rtol=1e-4, atol=1e-4)
        return [inputs[layer][:, :, start - 1 : start + 1], rows]

    found, last = through_rows(network, x[:, :, 7:11], layers, wanted, around)
    torch.testing.assert_close(last, whole["relu3_3"][:, :, 4:8], rtol=1e-4, atol=1e-4)
    assert found.keys() == wanted
