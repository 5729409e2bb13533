import pytest
import torch

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import random_network
from nstlib.gram import gram_matrix
from nstlib.losses import style_loss
from nstlib.moments import adain, cascade, whiten_and_color


def mixed(seed, *shape):
    """Features whose channels go together, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    channels = shape[1]
    mixing = torch.eye(channels).double() + torch.randn(channels, channels, generator=generator).double() / 3
    levels = torch.linspace(-1, 2, channels).double().view(1, -1, 1, 1)
    return torch.einsum("ij,bjhw->bihw", mixing, torch.randn(shape, generator=generator).double()) + levels


def covariance(features):
    vectors = features.flatten(2) - features.flatten(2).mean(2, keepdim=True)
    return vectors @ vectors.mT / vectors.shape[2]


@pytest.fixture
def content():
    return mixed(1, 2, 5, 6, 7)


@pytest.fixture
def style():
    return 2 * mixed(2, 2, 5, 8, 5) + 1


def test_adain_gives_each_channel_the_mean_and_the_deviation_of_the_style(content, style):
    moved = adain(content, style)
    torch.testing.assert_close(moved.mean((2, 3)), style.mean((2, 3)))
    torch.testing.assert_close(moved.std((2, 3), correction=0), style.std((2, 3), correction=0))


def test_adain_moves_the_diagonal_of_the_gram_matrix_and_not_the_rest(content, style):
    moved, wanted = gram_matrix(adain(content, style)), gram_matrix(style)
    torch.testing.assert_close(moved.diagonal(dim1=1, dim2=2), wanted.diagonal(dim1=1, dim2=2))
    assert not torch.allclose(moved, wanted, rtol=0.01)


def test_adain_is_torch_s_instance_norm_with_the_style_s_moments(content, style):
    moved = torch.cat(
        [
            torch.nn.functional.instance_norm(
                content[k : k + 1], weight=style[k].std((1, 2), correction=0), bias=style[k].mean((1, 2)), eps=0.0
            )
            for k in range(2)
        ]
    )
    torch.testing.assert_close(adain(content, style), moved)


def test_whitening_and_coloring_give_the_style_s_mean_and_covariance(content, style):
    moved = whiten_and_color(content, style, floor=0.0)
    torch.testing.assert_close(moved.mean((2, 3)), style.mean((2, 3)))
    torch.testing.assert_close(covariance(moved), covariance(style))


def test_whitening_and_coloring_bring_the_style_loss_to_zero(content, style):
    moved = whiten_and_color(content, style, floor=0.0)
    assert style_loss(moved, gram_matrix(style), convention="relative") < 1e-20


def test_of_all_matrices_that_whiten_the_symmetric_one_is_taken(content):
    noise = torch.randn(5, 40, generator=torch.Generator().manual_seed(4)).double()
    u, _, v = torch.linalg.svd(noise - noise.mean(1, keepdim=True), full_matrices=False)
    white = (u @ v * 40**0.5)[None, :, None]  # covariance 1, mean 0
    vectors = (content[:1] - content[:1].mean((2, 3), keepdim=True)).flatten(2)
    across = whiten_and_color(content[:1], white, floor=0.0).flatten(2) @ vectors.mT
    torch.testing.assert_close(across, across.mT)
    assert bool((torch.linalg.eigvalsh(across) > 0).all())  # and no channel is turned around


@pytest.mark.parametrize("move", [adain, lambda c, s: whiten_and_color(c, s, floor=0.0)])
def test_a_content_that_is_its_own_style_stays(content, move):
    torch.testing.assert_close(move(content, content.clone()), content)


@pytest.mark.parametrize("move", [adain, whiten_and_color])
def test_one_style_serves_a_batch(content, style, move):
    together = move(content, style[:1])
    torch.testing.assert_close(together[1:], move(content[1:], style[:1]))


def test_a_constant_channel_gets_the_style_s_mean(content, style):
    content[:, 2] = 0.7
    expected = style[:, 2].mean((1, 2))[:, None, None].expand(2, 6, 7)
    torch.testing.assert_close(adain(content, style)[:, 2], expected, atol=1e-6, rtol=1e-6)


def test_directions_below_the_floor_are_dropped_and_not_blown_up(content, style):
    content[:, 4] = content[:, 3] + 1e-6 * content[:, 4]  # two channels that are one, nearly
    moved = whiten_and_color(content, style)
    values = torch.linalg.eigvalsh(covariance(moved)).min(1).values
    assert bool((values.abs() < 1e-9).all())
    assert float(moved.abs().max()) < 20


def test_channels_that_never_fire_stay_finite(style):
    assert torch.isfinite(whiten_and_color(torch.zeros(1, 5, 4, 4), style[:1].float())).all()


def test_the_precision_is_that_of_the_content(content, style):
    assert whiten_and_color(content.float(), style.float()).dtype == torch.float32


@pytest.mark.parametrize("move", [adain, whiten_and_color])
def test_other_channels_are_told(content, style, move):
    with pytest.raises(ShapeError, match=r"`style`"):
        move(content, style[:, :3])


@pytest.fixture(scope="module")
def network():
    return random_network("tiny")


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(5)
    return torch.rand(1, 3, 24, 28, generator=generator), torch.rand(1, 3, 30, 22, generator=generator) ** 3


def test_a_cascade_comes_nearer_to_the_style_in_each_layer_it_asks_for(network, pictures):
    photo, style = pictures
    (found,) = cascade(photo, style, network, layers=["relu2_1"], steps=20)
    wanted = gram_matrix(network(style, "relu2_1")["relu2_1"])

    def away(image):
        return float((gram_matrix(network(image, "relu2_1")["relu2_1"]) - wanted).norm())

    assert away(found) < 0.5 * away(photo)
    assert found.shape == photo.shape
    assert torch.equal(found, found.clamp(0, 1))


def test_each_result_of_a_cascade_is_the_content_of_the_next(network, pictures):
    photo, style = pictures
    first, second = cascade(photo, style, network, layers=["relu2_1", "relu1_1"], steps=3)
    (alone,) = cascade(first, style, network, layers=["relu1_1"], steps=3)
    torch.testing.assert_close(second, alone)


def test_a_move_that_moves_nothing_leaves_the_picture(network, pictures):
    photo, style = pictures
    (same,) = cascade(photo, style, network, layers=["relu2_1"], move=lambda c, s: c, steps=5, tv_weight=0.0)
    torch.testing.assert_close(same, photo, atol=1e-3, rtol=0)


def test_a_cascade_without_layers_is_told_before_it_begins(network, pictures):
    with pytest.raises(ChoiceError, match=r"at least one layer, got none. Its own are relu4_1, relu3_1, relu2_1"):
        cascade(*pictures, network, layers=[])
    with pytest.raises(LayerError, match="relu9_1"):
        cascade(*pictures, network, layers=["relu9_1"])
