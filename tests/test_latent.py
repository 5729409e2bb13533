import pytest
import torch

from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import load_network
from nstlib.latent import content_space, principal_axes, style_space
from nstlib.objective import Objective, Style
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def vectors(rng):
    return torch.randn(7, 50, generator=rng, dtype=torch.float64) * torch.linspace(3, 0.1, 50).double()


def test_squared_distances_to_the_targets_are_the_losses_of_a_transfer(network, rng):
    content, style, image = (torch.rand(1, 3, *size, generator=rng) for size in ((32, 40), (36, 34), (32, 40)))
    of_scene, of_texture = content_space(content, network), style_space(style, network)
    loss = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 1.0, 0.0))
    _, expected_content, expected_style, _ = loss(image)
    torch.testing.assert_close((of_scene(image) - of_scene.target).square().sum(), expected_content)
    torch.testing.assert_close((of_texture(image) - of_texture.target).square().sum(), expected_style)


def test_axes_and_shares_are_those_of_the_singular_value_decomposition(vectors):
    axes = principal_axes(vectors, 4)
    centered = vectors - vectors.mean(0)
    _, lengths, rows = torch.linalg.svd(centered, full_matrices=False)
    torch.testing.assert_close(axes.shares, (lengths.square() / lengths.square().sum())[:4])
    torch.testing.assert_close(
        (axes.directions @ rows[:4].mT).abs(), torch.eye(4, dtype=torch.float64), atol=1e-9, rtol=0
    )
    torch.testing.assert_close(axes.directions @ axes.directions.mT, torch.eye(4, dtype=torch.float64))


def test_all_axes_keep_every_distance_and_explain_everything(vectors):
    axes = principal_axes(vectors, 6)
    torch.testing.assert_close(torch.cdist(axes.project(vectors), axes.project(vectors)), torch.cdist(vectors, vectors))
    assert axes.shares.sum().item() == pytest.approx(1)
    assert (axes.shares.diff() <= 0).all()


def test_a_projection_never_lengthens_a_distance(vectors, rng):
    axes = principal_axes(vectors, 2)
    others = torch.randn(5, 50, generator=rng, dtype=torch.float64)
    flat, full = torch.cdist(axes.project(others), axes.project(vectors)), torch.cdist(others, vectors)
    assert (flat <= full + 1e-9).all()


def test_the_map_does_not_depend_on_the_order_of_the_pictures(vectors):
    one, other = principal_axes(vectors, 3), principal_axes(vectors.flip(0), 3)
    torch.testing.assert_close(one.project(vectors), other.project(vectors))


@pytest.mark.parametrize("sign", [1, -1])
def test_an_axis_points_to_where_its_longest_projection_is(vectors, sign):
    places = principal_axes(sign * vectors, 4).project(sign * vectors)
    assert (places.max(0).values == places.abs().max(0).values).all()


def test_vectors_on_a_line_have_one_axis(rng):
    line = torch.arange(4.0)[:, None] * torch.randn(9, generator=rng) + 2
    axes = principal_axes(line, 3)
    assert axes.directions.shape == (1, 9)
    assert axes.shares.tolist() == pytest.approx([1.0])


def test_refused_input_says_why(network, vectors):
    with pytest.raises(ShapeError, match=r"at least 2 vectors, shape \(N, D\), got \(1, 50\)"):
        principal_axes(vectors[:1])
    for count in (0, 7, 1.5, True):
        with pytest.raises(ChoiceError, match="7 vectors have from 1 to 6 axes, got a count of"):
            principal_axes(vectors, count)
    with pytest.raises(ShapeError, match="All of the vectors are the same"):
        principal_axes(torch.full((3, 8), 0.7))
    space = content_space(torch.rand(1, 3, 32, 40), network)
    with pytest.raises(ShapeError, match="all pictures have one size"):
        space(torch.rand(1, 3, 40, 40))
