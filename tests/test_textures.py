import pytest
import torch

from nstlib.errors import ChoiceError, LayerError, ResumeError, ShapeError
from nstlib.features import Features, load_network
from nstlib.gram import gram_matrix, shuffle_positions
from nstlib.objective import Style
from nstlib.terms import Term
from nstlib.textures import (
    STATISTICS,
    TEXTURE_LAYERS,
    bn_statistics,
    brick_wall,
    mean_covariance,
    parameter_count,
    random_directions,
    self_correlation,
    sliced_wasserstein,
    sorted_distance,
    sorted_projections,
    synthesize,
    texture_distance,
)
from nstlib.transfer import stylize
from nstlib.weights import VGG16, VGG19

each_statistic = pytest.mark.parametrize("statistic", STATISTICS)


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def texture(rng):
    return torch.rand(1, 3, 40, 56, generator=rng)


@pytest.fixture
def features(rng):
    return torch.randn(2, 3, 5, 8, generator=rng, dtype=torch.float64) + 0.5


def statistic_of(name, seed=0):
    return STATISTICS[name](torch.Generator().manual_seed(seed))


def distance_of(name, x, y):
    statistic = statistic_of(name)
    return statistic.distance(statistic.measure(y))(statistic.measure(x))


def last(*args, **kwargs):
    *_, step = synthesize(*args, **kwargs)
    return step


# Mean and covariance ----------------------------------------------------------------------------------------------------


def test_a_gram_matrix_is_the_covariance_and_the_product_of_the_means(features):
    mean, covariance = mean_covariance(features)
    torch.testing.assert_close(covariance + mean[:, :, None] * mean[:, None, :], gram_matrix(features))


def test_the_covariance_is_that_of_torch(features):
    _, covariance = mean_covariance(features)
    expected = torch.stack([torch.cov(image, correction=0) for image in features.flatten(2)])
    torch.testing.assert_close(covariance, expected)


def test_the_covariance_does_not_notice_a_level_that_is_added(features):
    torch.testing.assert_close(mean_covariance(features + 7)[1], mean_covariance(features)[1])


# Batch-norm statistics --------------------------------------------------------------------------------------------------


def test_batch_norm_statistics_are_the_diagonal_of_the_gram_matrix_taken_apart(features):
    mean, deviation = bn_statistics(features)
    torch.testing.assert_close(mean**2 + deviation**2, gram_matrix(features).diagonal(dim1=1, dim2=2))


def test_batch_norm_subtracts_and_divides_by_them(features):
    mean, deviation = bn_statistics(features[:1])
    expected = torch.nn.functional.batch_norm(features[:1], None, None, training=True, eps=1e-15)
    torch.testing.assert_close((features[:1] - mean[..., None, None]) / deviation[..., None, None], expected)


def test_a_channel_that_is_off_everywhere_gets_a_gradient_of_zero_and_not_nan():
    features = torch.rand(1, 3, 4, 4, dtype=torch.float64) * torch.tensor([1.0, 0.0, 1.0]).view(1, 3, 1, 1)
    features.requires_grad_(True)
    (gradient,) = torch.autograd.grad(bn_statistics(features)[1].sum(), features)
    assert gradient.isfinite().all()
    assert (gradient[:, 1] == 0).all()


# Sliced Wasserstein -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [(12, 12), (12, 5), (7, 30), (1, 4)])
def test_sorted_samples_are_as_far_apart_as_scipy_says(rng, lengths):
    stats = pytest.importorskip("scipy.stats")
    x, y = (torch.randn(n, generator=rng, dtype=torch.float64).sort().values for n in lengths)
    assert sorted_distance(x, y, power=1).item() == pytest.approx(stats.wasserstein_distance(x.numpy(), y.numpy()))


@pytest.mark.parametrize("power", [1, 2, 3])
def test_samples_of_other_numbers_are_split_as_if_each_were_there_many_times(rng, power):
    x, y = (torch.randn(4, n, generator=rng, dtype=torch.float64).sort(1).values for n in (6, 10))
    repeated = x.repeat_interleave(10, 1), y.repeat_interleave(6, 1)
    torch.testing.assert_close(sorted_distance(x, y, power), sorted_distance(*repeated, power))


def test_no_other_pairing_of_samples_is_shorter(rng):
    x, y = (torch.randn(6, generator=rng, dtype=torch.float64).sort().values for _ in range(2))
    others = [(x - y[torch.randperm(6, generator=rng)]).square().mean() for _ in range(100)]
    assert sorted_distance(x, y) <= min(others)


def test_sliced_wasserstein_is_its_definition_written_as_loops(rng):
    x, y = (torch.randn(2, 3, 4, n, generator=rng, dtype=torch.float64) for n in (5, 5))
    directions = random_directions(3, 7, generator=rng)
    expected = torch.zeros(2, dtype=torch.float64)
    for b in range(2):
        for direction in directions.double():
            heaps = [
                sorted(float(direction @ image[b, :, h, w]) for h in range(4) for w in range(5)) for image in (x, y)
            ]
            expected[b] += sum((p - q) ** 2 for p, q in zip(*heaps, strict=True)) / 20 / 7
    torch.testing.assert_close(sliced_wasserstein(x, y, directions), expected)


def test_sliced_wasserstein_is_zero_up_to_rounding_for_features_that_only_moved(features, rng):
    moved = shuffle_positions(features, torch.randperm(40, generator=rng))
    # Not exactly: some processors add up the last columns of a matrix product in another order than the others.
    assert (
        sliced_wasserstein(features, moved, random_directions(3, 5)) < (8 * torch.finfo(features.dtype).eps) ** 2
    ).all()


def test_sliced_wasserstein_with_one_channel_does_not_depend_on_the_direction(rng):
    stats = pytest.importorskip("scipy.stats")
    x, y = (torch.randn(1, 1, 4, 5, generator=rng, dtype=torch.float64) for _ in range(2))
    expected = stats.wasserstein_distance(x.flatten().numpy(), y.flatten().numpy())
    assert sliced_wasserstein(x, y, random_directions(1, 3), power=1).item() == pytest.approx(expected)


def test_moving_a_cloud_as_a_whole_costs_the_square_of_the_way_along_each_direction(features):
    """A law by hand: seen along d, every sample moves by d . v."""
    directions, way = random_directions(3, 50), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    moved = features + way.view(1, 3, 1, 1)
    expected = (directions.double() @ way).square().mean()
    torch.testing.assert_close(sliced_wasserstein(features, moved, directions), expected.expand(2))


def test_directions_have_length_one_and_prefer_no_channel():
    directions = random_directions(4, 20_000)
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(20_000))
    torch.testing.assert_close(directions.T @ directions / 20_000, torch.eye(4) / 4, atol=0.01, rtol=0)


def test_directions_must_fit_the_channels(features):
    with pytest.raises(ShapeError, match=r"3 channels.*shape \(K, 3\), got \(5, 4\).*random_directions\(3, K\)"):
        sorted_projections(features, random_directions(4, 5))


def test_only_features_of_one_layer_are_compared(features):
    with pytest.raises(ShapeError, match="Use the same layer"):
        sliced_wasserstein(features, features[:, :2], random_directions(3, 5))


# All four, side by side -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [mean_covariance, bn_statistics])
def test_a_statistic_asks_for_the_batch_axis(measure):
    with pytest.raises(ShapeError, match=rf"{measure.__name__} needs floats of shape .* features\[None\]"):
        measure(torch.zeros(3, 4, 5))


@each_statistic
def test_no_statistic_knows_where_things_are(features, rng, statistic):
    moved = shuffle_positions(features, torch.randperm(40, generator=rng))
    assert distance_of(statistic, moved, features) < 1e-25


@each_statistic
def test_features_that_are_zero_are_at_a_distance_of_one(features, statistic):
    assert distance_of(statistic, torch.zeros_like(features), features).item() == pytest.approx(1)


@each_statistic
def test_a_distance_does_not_depend_on_the_units_of_the_features(features, rng, statistic):
    other = torch.randn(features.shape, generator=rng, dtype=torch.float64)
    assert distance_of(statistic, 5 * other, 5 * features) == pytest.approx(
        distance_of(statistic, other, features).item()
    )


@each_statistic
def test_the_gradient_of_a_distance_is_that_of_its_differences(features, rng, statistic):
    other = torch.randn(2, 3, 4, 6, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: distance_of(statistic, x, features), other)


def test_mean_and_deviation_do_not_see_what_channels_do_together(features):
    """Shuffle one channel alone: the others see it and these two numbers do not."""
    turned = features.clone()
    turned[:, 0] = features[:, 0].flip(2)
    assert distance_of("bn", turned, features) < 1e-25
    for statistic in ("gram", "moments", "sliced"):
        assert distance_of(statistic, turned, features) > 1e-3


def test_a_gram_matrix_takes_a_level_for_a_variation_and_the_other_three_do_not():
    """One channel that is 5 everywhere, or 3 and sqrt(41) in turns: the same mean square, another texture."""
    flat = torch.full((1, 1, 4, 4), 5.0, dtype=torch.float64)
    striped = torch.where(torch.arange(4) % 2 == 0, 3.0, 41**0.5).expand(1, 1, 4, 4).double()
    assert distance_of("gram", striped, flat) < 1e-12
    for statistic in ("moments", "bn", "sliced"):
        assert distance_of(statistic, striped, flat) > 1e-3


def test_only_sorted_projections_see_a_third_moment():
    """Same mean, same variance, another skewness: mostly low with a few peaks, or mostly high with a few holes."""
    peaks = torch.tensor([4.0, 0, 0, 0], dtype=torch.float64).repeat(4).view(1, 1, 4, 4)
    holes = 2 * peaks.mean() - peaks
    for statistic in ("gram", "moments", "bn"):
        assert distance_of(statistic, holes, peaks) < 1e-12
    assert distance_of("sliced", holes, peaks) > 0.1


def test_two_seeds_look_along_other_directions(features):
    one, two = (statistic_of("sliced", seed) for seed in (1, 2))
    assert not torch.allclose(one.measure(features), two.measure(features))
    assert torch.equal(one.measure(features), statistic_of("sliced", 1).measure(features))


# Size of the model ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "blocks"), [("vgg16", VGG16), ("vgg19", VGG19)])
def test_the_texture_model_of_the_paper_has_176640_parameters(name, blocks):
    assert parameter_count(Features(name, {})) == 176_640


def test_parameters_are_the_entries_of_upper_triangles(network, texture):
    layers = ("relu1_1", "pool2", "block3_conv1")
    grams = (gram_matrix(maps)[0] for maps in network(texture, layers).values())
    assert parameter_count(network, layers) == sum(int(torch.ones_like(gram).triu().sum()) for gram in grams)


def test_an_unknown_layer_is_answered_with_the_names_there_are(network):
    with pytest.raises(LayerError, match="no layer 'pool7'.*pool4"):
        parameter_count(network, ["pool7"])


# Synthesis --------------------------------------------------------------------------------------------------------------


@each_statistic
def test_noise_comes_nearer_to_the_texture_whatever_is_matched(network, texture, statistic):
    first, *_, end = synthesize(texture, network, statistic=statistic, steps=15, levels=1)
    assert end.style < 0.3 * first.style
    assert end.content == 0


@each_statistic
def test_the_size_of_the_result_is_free(network, texture, statistic):
    step = last(texture, network, statistic=statistic, size=(33, 70), steps=3)
    assert step.image.shape == (1, 3, 33, 70)
    assert 0 <= step.image.min() <= step.image.max() <= 1


@each_statistic
def test_the_loss_of_a_step_is_the_distance_of_its_image(network, texture, statistic):
    step = last(texture, network, statistic=statistic, size=(48, 40), steps=4, levels=1, tv_weight=0.5)
    distance = texture_distance(step.image, texture, network, statistic=statistic)
    assert step.style == pytest.approx(distance.item(), rel=1e-3)
    assert step.total == pytest.approx((step.style + 0.5 * step.tv), rel=1e-5)


@each_statistic
def test_a_texture_is_at_no_distance_from_itself(network, texture, statistic):
    assert texture_distance(texture, texture, network, statistic=statistic) == 0


@each_statistic
def test_a_distance_has_a_gradient_that_reaches_the_pixels(network, texture, rng, statistic):
    image = torch.rand(1, 3, 32, 32, generator=rng).requires_grad_(True)
    texture_distance(image, texture, network, statistic=statistic).backward()
    assert image.grad.isfinite().all()
    assert image.grad.abs().sum() > 0


def test_gram_matrices_by_themselves_are_a_style_transfer_without_content(network, texture):
    mine = last(texture, network, steps=5)
    theirs = list(
        stylize(
            texture,
            texture,
            network,
            style_layers=TEXTURE_LAYERS,
            content_weight=0,
            style_weight=1.0,
            tv_weight=0,
            init="noise",
            steps=5,
        )
    )[-1]
    assert torch.equal(mine.image, theirs.image)


def test_a_statistic_of_gram_matrices_is_the_loss_that_the_engine_sums_up(network, texture, rng):
    image = torch.rand(1, 3, 44, 36, generator=rng)
    step = next(iter(synthesize(texture, network, init=image, size=(44, 36), steps=1, levels=1)))
    torch.testing.assert_close(torch.tensor(step.style), texture_distance(image, texture, network), rtol=1e-5, atol=0)


def test_every_generator_gives_another_texture_and_the_same_one_the_same(network, texture):
    images = [
        last(texture, network, steps=3, statistic="sliced", generator=torch.Generator().manual_seed(seed)).image
        for seed in (1, 1, 2)
    ]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_precision_follows_the_texture(network, texture):
    assert last(texture.double(), network, steps=2, statistic="bn").image.dtype == torch.float64


def test_shallow_layers_take_pictures_that_deep_ones_refuse(network, rng):
    small = torch.rand(1, 3, 5, 9, generator=rng)
    assert last(small, network, layers="relu1_1", steps=2).image.shape == (1, 3, 5, 9)
    with pytest.raises(ShapeError, match="pool4 needs an image of at least 16 x 16"):
        synthesize(small, network, steps=2)


def test_a_run_of_another_statistic_cannot_be_continued(network, texture):
    run = synthesize(texture, network, steps=3)
    next(run)
    with pytest.raises(ResumeError, match="loss was 'style', now 'bn'"):
        synthesize(texture, network, steps=3, statistic="bn").load_state_dict(run.state_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "grams"}, "no statistic 'grams'. Choose one of: gram, moments, bn, sliced"),
        ({"init": "content"}, "no start of a texture 'content'. Choose one of: noise"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"tv_weight": -1.0}, "tv_weight must be a finite number"),
    ],
)
def test_what_cannot_be_chosen_is_answered_with_what_can(network, texture, options, message):
    with pytest.raises(ChoiceError, match=message):
        synthesize(texture, network, **options)


@pytest.mark.parametrize("size", [64, (64,), (64, 0), (64.0, 32)])
def test_a_size_is_two_whole_numbers(network, texture, size):
    with pytest.raises(ShapeError, match=r"size is the result's height and width in pixels, \(256, 384\), got"):
        synthesize(texture, network, size=size)


@pytest.mark.parametrize("shape", [(3, 40, 40), (1, 1, 40, 40), (2, 3, 40, 40)])
def test_a_texture_is_one_picture(network, shape):
    with pytest.raises(ShapeError, match=r"synthesize needs floats of shape \(1, 3, H, W\), got"):
        synthesize(torch.zeros(shape), network)


def test_a_style_transfer_can_match_another_statistic_but_not_in_a_region(network, texture, rng):
    content = torch.rand(1, 3, 32, 48, generator=rng)
    first, *_, end = stylize(
        content, texture, network, steps=6, terms=[Term("content"), Term(statistic_of("bn"))], content_weight=0.1
    )
    assert end.style < first.style
    masked = Style(texture, 1.0, torch.ones(1, 1, 32, 48))
    with pytest.raises(ChoiceError, match="bn has no regions, Gram matrices have"):
        next(stylize(content, masked, network, terms=[Term("content"), Term(statistic_of("bn"))]))


# Order ------------------------------------------------------------------------------------------------------------------


def test_a_wall_repeats_every_two_rows_and_every_brick():
    wall = brick_wall(96, 160, brick=(12, 32))
    for down, right in ((0, 32), (24, 0), (12, 16)):
        assert self_correlation(wall, down, right) > 0.7
    for down, right in ((12, 0), (6, 0), (0, 16)):
        assert self_correlation(wall, down, right) < self_correlation(wall, 24, 32) - 0.1


def test_a_picture_is_like_itself_at_no_distance_and_noise_nowhere_else(rng):
    noise = torch.rand(1, 3, 64, 80, generator=rng)
    assert self_correlation(noise, 0, 0) == pytest.approx(1)
    assert abs(self_correlation(noise, 0, 3)) < 0.06
    assert abs(self_correlation(noise, 5, 2)) < 0.06


def test_a_correlation_does_not_depend_on_light_and_contrast(rng):
    image = torch.rand(1, 3, 20, 30, generator=rng)
    torch.testing.assert_close(self_correlation(0.3 * image + 0.2, 2, 3), self_correlation(image, 2, 3))


def test_pairs_beyond_the_picture_are_refused():
    with pytest.raises(ShapeError, match="20 x 30 pixels has no pairs at a distance of 20 down, 0 right"):
        self_correlation(torch.rand(1, 3, 20, 30), 20, 0)


@pytest.mark.parametrize("brick", [(2, 32), (16, 6), (15, 32)])
def test_a_brick_is_large_enough_and_even(brick):
    with pytest.raises(ChoiceError, match="even sides of at least 4 x 8 pixels"):
        brick_wall(64, 64, brick=brick)
