import math

import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import LayerError, ShapeError
from nstlib.features import extract
from nstlib.filter_measures import (
    aliased_share,
    dead_filters,
    extreme_share,
    feature_drift,
    filter_energies,
    filter_grid,
    layer_field,
    similarity,
    strongest_patches,
)
from nstlib.patches import center, cut_patches
from nstlib.training import small_network


@pytest.fixture(scope="module")
def images():
    return center(cut_patches(("cat", "mosaic", "woodcut"), count=120, held_out=24)[1].images)


def test_filters_are_drawn_on_their_own_scale(rng):
    grid = filter_grid(
        torch.randn(5, 3, 4, 4, generator=rng) * torch.tensor([1e-3, 1, 5, 1e4, 1])[:, None, None, None], 3
    )
    assert grid.shape == (1, 3, 11, 16)
    assert (grid[0, :, 1:5, 1:5] - 0.5).abs().max() == pytest.approx(0.5)
    assert (grid[0, :, 6:10, 11:15] == 1).all()  # an empty place


def test_a_filter_of_zeros_is_gray_and_not_nan():
    assert (filter_grid(torch.zeros(1, 3, 2, 2))[0, :, 1:3, 1:3] == 0.5).all()


def test_drift_ignores_how_long_filters_are(rng):
    before, after = torch.randn(2, 6, 3, 5, 5, generator=rng)
    scales = torch.rand(6, 1, 1, 1, generator=rng) + 0.1
    torch.testing.assert_close(feature_drift(before, scales * after), feature_drift(before, after))
    torch.testing.assert_close(feature_drift(before, 3 * before), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_drift_of_two_layers_is_refused():
    with pytest.raises(ShapeError, match=r"one layer at two times, got \(2, 3\) and \(3, 3\)"):
        feature_drift(torch.zeros(2, 3), torch.zeros(3, 3))


def test_similarity_is_the_alignment_of_kornblith_et_al(rng):
    """Against the other form of the same formula, over features instead of examples (their equation 5 and below)."""
    x, y = torch.randn(9, 4, generator=rng, dtype=torch.float64), torch.randn(9, 6, generator=rng, dtype=torch.float64)
    a, b = x - x.mean(0), y - y.mean(0)
    expected = (b.T @ a).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())
    torch.testing.assert_close(similarity(x, y), expected)


def test_similarity_needs_the_same_examples():
    with pytest.raises(ShapeError, match="the same examples, got 3 and 4"):
        similarity(torch.zeros(3, 2), torch.zeros(4, 2))


def test_the_shares_of_a_spectrum_add_up_to_one(rng):
    frequencies, shares = filter_energies(torch.randn(5, 3, 7, 7, generator=rng))
    assert shares.sum() == pytest.approx(1.0, abs=1e-5)
    assert 0 < frequencies[0] < frequencies[-1] < math.sqrt(0.5)


def test_white_noise_has_as_much_energy_in_a_ring_as_the_ring_has_frequencies(rng):
    noise = torch.randn(400, 3, 7, 7, generator=rng)
    middle = math.pi * (0.35**2 - 0.1**2)  # of a square of area 1
    assert extreme_share(noise).mean() == pytest.approx(1 - middle, abs=0.02)


def test_a_wave_three_times_as_high_has_nine_times_the_energy():
    x = 2 * math.pi * torch.arange(16.0) / 16
    both = torch.cos(4 * x) + 3 * torch.cos(7 * x)  # 0.25 and 0.44 cycles per pixel
    share = extreme_share(both.expand(1, 3, 16, 16), low=0.1, high=0.35, size=16)
    torch.testing.assert_close(share, torch.tensor([0.9]))


def test_every_pixel_aliases_nothing(rng):
    assert aliased_share(torch.randn(4, 3, 5, 5, generator=rng), torch.rand(2, 3, 40, 40, generator=rng), 1).max() == 0


@pytest.mark.parametrize(("wavelength", "shares"), [(16, (0, 0)), (6, (0, 1)), (3, (1, 1))])
def test_a_wave_aliases_when_two_steps_are_longer_than_it_is(wavelength, shares):
    wave = torch.cos(2 * math.pi * torch.arange(96.0) / wavelength).expand(1, 3, 96, 96)
    pixel = torch.zeros(1, 3, 1, 1)
    pixel[0, 0] = 1.0
    for stride, share in zip((2, 4), shares, strict=True):
        assert aliased_share(pixel, wave, stride).item() == pytest.approx(share, abs=0.01)


def test_a_filter_below_every_patch_is_dead(images):
    model = small_network(classes=3)
    with torch.no_grad():
        model.conv1.bias[5] = -100.0
    assert dead_filters(model, images).nonzero().flatten().tolist() == [5]


def test_only_filters_of_a_first_layer_have_colors():
    for function in (filter_grid, extreme_share, filter_energies):
        with pytest.raises(ShapeError, match=r"filters of shape \(N, 3, k, k\), got \(4, 16, 3, 3\)"):
            function(torch.zeros(4, 16, 3, 3))


def test_a_spectrum_needs_a_grid_as_large_as_the_filter():
    with pytest.raises(ShapeError, match="size must be at least the filters' side, 11, got 8"):
        extreme_share(torch.zeros(2, 3, 11, 11), size=8)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "relu2", "pool2", "relu3"])
def test_a_unit_sees_its_receptive_field_and_no_more(layer, rng):
    model = small_network().double()
    with torch.no_grad():
        for weights in model.parameters():  # positive, so that no ReLU hides anything
            weights.abs_()
    side, step, first = layer_field(model, layer)
    image = torch.rand(1, 3, 48, 48, generator=rng, dtype=torch.float64).requires_grad_(True)
    maps = extract(image, model.named_children(), [layer])[layer]
    row = maps.shape[2] // 2
    maps[0, :, row, row].sum().backward()
    seen = image.grad.abs().sum((0, 1, 3)).nonzero().flatten()  # max pooling drops some pixels inside, never adds any
    assert first + row * step <= seen.min()
    assert seen.max() < first + row * step + side
    assert len(seen) > 0.7 * side


def test_a_layer_without_positions_has_no_layer_field():
    with pytest.raises(LayerError, match="no layer 'fc7' with positions. It has: conv1, relu1, pool1, conv2"):
        layer_field(small_network(), "fc7")


def test_the_strongest_patch_makes_its_channel_fire_as_strongly_as_in_its_picture(images):
    model = small_network(classes=3)
    with torch.no_grad():
        maps = model.relu1(model.conv1(images))
        crops = strongest_patches(model, images, "relu1")
        again = F.relu(F.conv2d(crops, model.conv1.weight)).diagonal()[0, 0]
    assert crops.shape == (24, 3, 7, 7)
    torch.testing.assert_close(again, maps.amax((0, 2, 3)))


def test_a_layer_that_sees_the_whole_patch_gives_whole_patches(images):
    crops = strongest_patches(small_network(classes=3), images, "relu5")
    assert crops.shape == (24, 3, 48, 48)
    assert (crops[0] == images).flatten(1).all(1).any()
