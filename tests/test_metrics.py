"""Measures agree with other libraries and with their own laws; intervals are as wide as the pictures are few."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from nstlib import metrics
from nstlib.colors import luminance
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import random_network
from nstlib.filters import sobel_edges
from nstlib.frequency import low_pass


def picture(rng, height=40, width=52):
    return low_pass(torch.rand(1, 3, height, width, generator=rng), 1.0).clamp(0, 1)


@pytest.fixture(scope="module")
def network():
    return random_network("tiny")


# Similarity -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(11, 11), (40, 52), (33, 20)])
def test_ssim_is_that_of_scikit_image(rng, size):
    x, y = picture(rng, *size), picture(rng, *size)
    for other in (y, 0.7 * x + 0.3 * y, 0.5 + x / 4):
        theirs = structural_similarity(
            x[0].numpy(),
            other[0].numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=metrics.WINDOW,
            use_sample_covariance=False,
        )
        assert metrics.ssim(x, other).item() == pytest.approx(theirs, abs=1e-4)


def test_an_image_is_as_similar_as_can_be_to_itself_and_similarity_has_no_direction(rng):
    x, y = picture(rng), picture(rng)
    assert metrics.ssim(x, x).item() == pytest.approx(1, abs=1e-6)
    assert metrics.ssim(x, y).item() == pytest.approx(metrics.ssim(y, x).item(), abs=1e-6)
    assert metrics.ssim(x, y) < 0.5


def test_each_image_of_a_batch_has_its_own_similarity(rng):
    x, y = picture(rng), picture(rng)
    both = metrics.ssim(torch.cat([x, x]), torch.cat([y, x]))
    assert both.tolist() == pytest.approx([metrics.ssim(x, y).item(), 1], abs=1e-6)


def test_edges_do_not_ask_for_tones(rng):
    x = picture(rng)
    assert metrics.edge_ssim(x, 1 - x).item() == pytest.approx(1, abs=1e-5)
    assert metrics.ssim(x, 1 - x) < 0.2
    edges = [sobel_edges(luminance(each)) for each in (x, picture(rng))]
    assert metrics.edge_ssim(x, x.roll(5, 3)) < 0.6
    assert max(float(edge.max()) for edge in edges) <= metrics.LARGEST_SLOPE * 2**0.5


@pytest.mark.parametrize(
    "shapes", [((1, 3, 20, 20), (1, 3, 20, 21)), ((3, 20, 20), (3, 20, 20)), ((1, 3, 10, 40),) * 2]
)
def test_what_cannot_be_compared_is_refused(shapes):
    with pytest.raises(ShapeError, match=r"two images of one shape \(B, C, H, W\), at least 11 x 11"):
        metrics.ssim(*(torch.zeros(shape) for shape in shapes))


# Style and colors -------------------------------------------------------------------------------------------------------


def test_a_style_is_at_no_distance_from_itself_and_nothing_at_one(rng, network):
    layers, style = ("relu1_2", "relu2_1"), picture(rng)
    assert metrics.held_out_distance(style, style, network, layers=layers) == pytest.approx(0, abs=1e-6)
    off = metrics.held_out_distance(picture(rng, 60, 40), style, network, layers=layers)
    assert 0 < off < 1


def test_in_gray_colors_do_not_count(rng, network):
    style = picture(rng)
    gray = luminance(style).expand(-1, 3, -1, -1)
    assert metrics.held_out_distance(gray, style, network, layers=("relu1_1",)) > 1e-3
    assert metrics.held_out_distance(gray, style, network, layers=("relu1_1",), gray=True) == pytest.approx(0, abs=1e-6)


def test_colors_are_at_no_distance_wherever_they_are_and_a_shift_is_its_length_seen_from_all_sides(rng):
    image = picture(rng)
    assert metrics.color_distance(image, image.flip(2, 3)) == pytest.approx(0, abs=1e-6)
    # Along a random direction a shift of length s is s / sqrt(3) long, root mean square.
    shift = torch.tensor([0.1, 0.0, 0.0]).view(3, 1, 1)
    assert metrics.color_distance(image + shift, image) == pytest.approx(0.1 / 3**0.5, rel=0.2)


def test_chroma_noise_is_not_moved_by_gray_grain(rng):
    image = torch.full((1, 3, 32, 32), 0.5)
    grain = torch.randn(1, 1, 32, 32, generator=rng) / 10
    assert metrics.chroma_noise(image + grain) == pytest.approx(0, abs=1e-6)
    assert metrics.chroma_noise(image + torch.randn(1, 3, 32, 32, generator=rng) / 10) > 0.03


def test_the_layout_leaks_from_the_style_that_was_copied(rng):
    content, style, other = (picture(rng) for _ in range(3))
    assert metrics.layout_leak(style, style, [content, other]) > 0.4
    assert abs(metrics.layout_leak(content, style, [other])) < 0.2
    with pytest.raises(ChoiceError, match="needs other styles"):
        metrics.layout_leak(content, style, [])


def test_the_palette_is_the_contents_or_the_styles(rng):
    content, style = picture(rng) / 2, 0.5 + picture(rng) / 2
    assert metrics.palette_leak(content.flip(3), content, style) == pytest.approx(1, abs=1e-4)
    assert metrics.palette_leak(style.flip(3), content, style) == pytest.approx(0, abs=1e-4)
    assert metrics.palette_leak((content + style) / 2, content, style) == pytest.approx(0.5, abs=0.15)
    assert metrics.palette_leak(content, content, content) == 0.5


def test_regret_is_0_where_nothing_was_paid_and_refuses_no_loss():
    assert metrics.regret(0.3, 0.3) == 0
    assert metrics.regret(0.6, 0.3) == pytest.approx(np.log(2))
    with pytest.raises(ChoiceError, match="two losses above 0"):
        metrics.regret(0.1, 0.0)


# Trade-offs -------------------------------------------------------------------------------------------------------------


def test_the_front_is_what_a_loop_finds():
    points = np.random.default_rng(0).integers(0, 6, size=(40, 2))
    expected = [not any((q <= p).all() and (q < p).any() for q in points) for p in points]
    assert metrics.pareto_front(points).tolist() == expected
    assert 1 < sum(expected) < 40


def test_the_hypervolume_is_the_share_of_darts_that_are_dominated():
    rng = np.random.default_rng(1)
    points, darts = rng.random((8, 2)) * 1.2, rng.random((200_000, 2))
    dominated = (points[None] <= darts[:, None]).all(2).any(1).mean()
    assert metrics.hypervolume(points, (1, 1)) == pytest.approx(dominated, abs=5e-3)


def test_dominated_points_and_points_beyond_the_reference_add_nothing():
    front = [[0.2, 0.6], [0.5, 0.3]]
    area = metrics.hypervolume(front, (1, 1))
    assert area == pytest.approx(0.8 * 0.4 + 0.5 * 0.3)
    assert metrics.hypervolume([*front, [0.6, 0.7], [1.5, 0.0]], (1, 1)) == pytest.approx(area)
    with pytest.raises(ShapeError, match=r"two coordinates, shape \(N, 2\)"):
        metrics.hypervolume(np.zeros((3, 3)), (1, 1))


def test_a_curve_is_read_between_its_points_over_the_logarithm_and_never_beyond_them():
    styles, contents = [0.4, 0.1, 0.2], [0.9, 0.5, 0.7]
    assert metrics.content_at_style(styles, contents, 0.2) == pytest.approx(0.7)
    assert metrics.content_at_style(styles, contents, 0.1 * 2**0.5) == pytest.approx(0.6)
    assert np.isnan(metrics.content_at_style(styles, contents, 0.05))
    assert np.isnan(metrics.content_at_style(styles, contents, 0.41))
    with pytest.raises(ShapeError, match="as many contents as style distances"):
        metrics.content_at_style([0.1, 0.2], [0.5], 0.1)


def test_a_method_that_is_better_by_a_constant_is_better_by_that_wherever_both_curves_reach():
    styles, contents = [0.05, 0.1, 0.2, 0.4], [0.1, 0.4, 0.5, 0.9]
    better = [value + 0.2 for value in contents]
    assert metrics.matched_style_difference(styles, better, styles, contents) == pytest.approx(0.2)
    assert metrics.matched_style_difference(styles[1:], better[1:], styles[:3], contents[:3]) == pytest.approx(0.2)


def test_another_weight_moves_a_method_along_its_curve_and_is_no_difference():
    curve = np.linspace(-3, 0, 13)  # logarithms of style distances; the content is straight over them
    few, many = curve[::4], curve[2:-2]
    difference = metrics.matched_style_difference(np.exp(few), 1 + 0.2 * few, np.exp(many), 1 + 0.2 * many)
    assert difference == pytest.approx(0, abs=1e-9)


def test_curves_without_a_common_style_cannot_be_compared():
    assert np.isnan(metrics.matched_style_difference([0.1, 0.2], [1, 2], [0.3, 0.4], [1, 2]))
    assert metrics.matched_style_difference([0.1, 0.2], [1, 2], [0.2, 0.4], [1.5, 3]) == pytest.approx(0.5)
    with pytest.raises(ShapeError, match="as many contents as style distances"):
        metrics.matched_style_difference([0.1], [0.5], [0.1, 0.2], [0.5])
    with pytest.raises(ChoiceError, match="levels must be a whole number"):
        metrics.matched_style_difference([0.1], [0.5], [0.1], [0.5], levels=0)


def test_equal_differences_leave_no_doubt():
    assert metrics.bootstrap_interval(np.full((5, 4), 0.3)) == pytest.approx((0.3, 0.3, 0.3))


def test_an_interval_covers_the_truth_about_as_often_as_it_says_where_styles_differ_and_pairs_do_too():
    rng, covered = np.random.default_rng(2), 0
    for seed in range(100):
        table = rng.normal(size=(12, 1)) + 0.2 * rng.normal(size=(12, 6))  # the truth is 0
        interval = metrics.bootstrap_interval(table, rounds=300, seed=seed)
        covered += interval.low <= 0 <= interval.high
    assert 85 <= covered <= 99  # a bootstrap of 12 is a little too sure of itself


def test_single_results_would_be_too_sure_when_results_of_one_style_go_together():
    rng = np.random.default_rng(3)
    table = rng.normal(size=(5, 1)) + 0.05 * rng.normal(size=(5, 20))
    interval = metrics.bootstrap_interval(table)
    single = metrics.bootstrap_interval(table.reshape(1, -1))
    assert interval.high - interval.low > 2 * (single.high - single.low)


def test_pairs_that_could_not_be_compared_are_left_out():
    table = np.array([[0.1, np.nan], [0.3, 0.2]])
    assert metrics.bootstrap_interval(table).mean == pytest.approx(0.2)
    for nothing in (np.full((2, 2), np.nan), np.zeros(3)):
        with pytest.raises(ShapeError, match=r"shape \(styles, contents\)"):
            metrics.bootstrap_interval(nothing)
    with pytest.raises(ChoiceError, match="between 0 and 1"):
        metrics.bootstrap_interval(table, level=95)
