import pytest
import torch

from nstlib.engine.strips import ObjectiveInStrips
from nstlib.errors import ChoiceError
from nstlib.features import load_network
from nstlib.gram import gram_matrix
from nstlib.losses import content_loss, style_loss
from nstlib.objective import Objective, Style
from nstlib.terms import Quantity, Term
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def pictures(rng):
    """A content, and two styles of other sizes, in float64."""
    shapes = ((48, 64), (40, 50), (60, 33))
    return [torch.rand(1, 3, *shape, generator=rng, dtype=torch.float64) for shape in shapes]


def objective(content, styles, network, **options):
    layers = {"content_layers": CONTENT_LAYERS, "style_layers": STYLE_LAYERS, **options}
    return Objective(content, styles, network, *layers.values(), (1.0, 10.0, 0.0))


def whole_or_in_strips(tiled, *arguments):
    return ObjectiveInStrips(*arguments, tiled=tiled) if tiled else Objective(*arguments)


def test_the_terms_are_the_losses_of_chapter_09(network, pictures, rng):
    content, style, _ = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64)
    total, of_content, of_style, _ = objective(content, [Style(style)], network)(image)
    found, wanted = (network(picture, ["relu4_2", *STYLE_LAYERS]) for picture in (image, content))
    textures = network(style, STYLE_LAYERS)
    expected = content_loss(found["relu4_2"], wanted["relu4_2"], convention="relative")
    texture = sum(style_loss(found[layer], textures[layer], convention="relative") for layer in STYLE_LAYERS) / 5
    torch.testing.assert_close(of_content, expected)
    torch.testing.assert_close(of_style, texture)
    torch.testing.assert_close(total, expected + 10 * texture)


def test_a_style_given_twice_is_the_style_given_once(network, pictures, rng):
    content, style, _ = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64)
    once, twice = (
        objective(content, styles, network)(image) for styles in ([Style(style)], [Style(style, 3), Style(style)])
    )
    torch.testing.assert_close(once, twice)


def test_only_the_ratio_of_the_styles_weights_counts_and_each_adds_its_share(network, pictures, rng):
    content, one, two = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64)
    alone = [objective(content, [Style(style)], network)(image)[2] for style in (one, two)]
    for weights in ((3.0, 1.0), (30.0, 10.0)):
        styles = [Style(style, weight) for style, weight in zip((one, two), weights, strict=True)]
        torch.testing.assert_close(objective(content, styles, network)(image)[2], 0.75 * alone[0] + 0.25 * alone[1])


def test_a_mask_of_ones_is_no_mask(network, pictures, rng):
    content, style, _ = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64)
    everywhere = torch.ones(1, 1, *content.shape[2:], dtype=torch.float64)
    masked, plain = (objective(content, [Style(style, 1, mask)], network)(image) for mask in (everywhere, None))
    torch.testing.assert_close(masked, plain)


def test_a_region_is_compared_as_if_it_were_alone(network, rng):
    """Left a flat gray, right a texture: the right half's Gram matrix at relu1_1 is that of its positions only."""
    features = torch.rand(1, 5, 6, 8, generator=rng, dtype=torch.float64)
    weights = torch.zeros(1, 1, 6, 8, dtype=torch.float64)
    weights[..., 4:] = 2.0  # mean 1
    torch.testing.assert_close(gram_matrix(features, weights), gram_matrix(features[..., 4:]))


def test_pixels_far_from_a_region_do_not_feel_its_style(network, pictures, rng):
    content, style, _ = pictures
    mask = torch.zeros(1, 1, *content.shape[2:], dtype=torch.float64)
    mask[..., :16] = 1
    layers = {"style_layers": ("relu1_1", "relu2_1"), "content_layers": "relu1_1"}
    image = content.clone().requires_grad_(True)  # its content error is zero, so only the style pulls
    total = objective(content, [Style(style, 1, mask)], network, **layers)(image)[0]
    (gradient,) = torch.autograd.grad(total, image)
    assert gradient[..., :16].abs().max() > 0
    assert gradient[..., 28:].abs().max() == 0  # relu2_1 sees 10 pixels


def test_styles_of_two_regions_each_pull_in_their_own(network, pictures):
    content, one, two = pictures
    left = torch.zeros(1, 1, *content.shape[2:], dtype=torch.float64)
    left[..., :32] = 1
    only = objective(content, [Style(one, 1, left)], network, style_layers="relu1_1", content_layers="relu1_1")
    both = objective(
        content,
        [Style(one, 1, left), Style(two, 1, 1 - left)],
        network,
        style_layers="relu1_1",
        content_layers="relu1_1",
    )
    pulls = []
    for each in (only, both):
        image = content.clone().requires_grad_(True)
        pulls.append(torch.autograd.grad(each(image)[2], image)[0][..., :30])
    torch.testing.assert_close(pulls[0], 2 * pulls[1])  # the same pull, at half the share


def test_a_mask_that_leaves_nothing_at_a_layer_is_refused(network, pictures):
    content, style, _ = pictures
    mask = torch.zeros(1, 1, *content.shape[2:], dtype=torch.float64)
    with pytest.raises(ChoiceError, match="A mask leaves nothing at relu1_1"):
        objective(content, [Style(style, 1, mask)], network)


@pytest.mark.parametrize("content_layers", [CONTENT_LAYERS, ("relu1_1", "relu4_1")])  # the latter have a style as well
def test_an_objective_in_strips_is_the_same_objective(network, pictures, rng, content_layers, monkeypatch):
    monkeypatch.setattr("nstlib.engine.tiles.STRIP_BYTES", 1)  # the lowest strips there are: 16 rows
    content, one, two = pictures
    corner = torch.zeros(1, 1, *content.shape[2:], dtype=torch.float64)
    corner[..., :20, :32] = 1
    styles = [Style(one, 2, corner), Style(two, 1, 1 - corner), Style(one, 1)]
    results = []
    for tiled in (0, 2, 5):
        image = torch.rand(content.shape, generator=rng.manual_seed(5), dtype=torch.float64).requires_grad_(True)
        terms = whole_or_in_strips(tiled, content, styles, network, content_layers, STYLE_LAYERS, (1.0, 10.0, 1.0))(
            image
        )
        results.append((*terms, torch.autograd.grad(terms[0], image)[0]))
    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(results[0], results[2])


def test_poolings_are_layers_like_others_whole_or_in_strips(network, pictures, rng):
    content, style, _ = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64).requires_grad_(True)
    layers = ("pool1", "pool2", "pool4")
    found, textures = (network(picture, layers) for picture in (image, style))
    expected = sum(style_loss(found[layer], textures[layer], convention="relative") for layer in layers) / 3
    (pull,) = torch.autograd.grad(expected, image)
    for tiled in (0, 2, 4):
        terms = whole_or_in_strips(tiled, content, [Style(style)], network, layers, layers, (0.0, 1.0, 0.0))(image)
        torch.testing.assert_close(terms[2], expected)
        torch.testing.assert_close(torch.autograd.grad(terms[0], image)[0], pull)


def test_another_quantity_takes_the_place_of_gram_matrices_beside_a_content_in_the_same_layer(network, pictures, rng):
    content, one, two = pictures
    image = torch.rand(content.shape, generator=rng, dtype=torch.float64)
    peaks = Quantity(
        "peaks",
        lambda maps: maps.amax((2, 3)),
        lambda target: lambda found: (found - target).abs().sum(),
        of_style=True,
    )
    styles, terms = [Style(one, 3), Style(two)], [Term("content"), Term(peaks)]
    losses = Objective(content, styles, network, "relu2_1", "relu2_1", (1.0, 10.0, 0.0), terms=terms)(image)
    found, wanted, first, second = (network(x, "relu2_1")["relu2_1"] for x in (image, content, one, two))
    away = [(found.amax((2, 3)) - maps.amax((2, 3))).abs().sum() for maps in (first, second)]
    torch.testing.assert_close(losses[1], content_loss(found, wanted, convention="relative"))
    torch.testing.assert_close(losses[2], 0.75 * away[0] + 0.25 * away[1])


def test_a_loss_that_is_no_sum_over_positions_is_refused_in_strips(network, pictures):
    content, style, _ = pictures
    with pytest.raises(ChoiceError, match="cannot be computed in strips: one of its terms is no sum over positions"):
        ObjectiveInStrips(
            content,
            [Style(style)],
            network,
            CONTENT_LAYERS,
            STYLE_LAYERS,
            (1.0, 1.0, 0.0),
            terms=[Term("structure")],
            tiled=1,
        )


def test_a_mean_that_only_its_author_knows_has_regions_and_no_strips(network, pictures):
    """Strips add up what the library knows; another statistic would be a Gram matrix there, without a word."""
    content, style, image = (picture[..., :32, :32] for picture in pictures)

    def weighted_mean(features, weights=None):
        return (features if weights is None else features * weights).mean((2, 3))

    terms = [Term(Quantity("brightness", weighted_mean, of_style=True, is_mean=True))]
    mask = torch.zeros_like(content[:, :1])
    mask[..., :16] = 1
    given = (content, [Style(style, mask=mask)], network, "relu2_1", "relu2_1", (0.0, 1.0, 0.0))
    assert Objective(*given, terms=terms)(image)[2] > 0
    assert not terms[0].in_strips
    with pytest.raises(ChoiceError, match="cannot be computed in strips"):
        ObjectiveInStrips(*given, terms=terms, tiled=1)
