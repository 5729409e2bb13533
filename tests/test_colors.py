"""Colors of one picture, light of another: laws that hold for every pair."""

from __future__ import annotations

import colorsys
import math

import pytest
import torch
from torch.testing import assert_close

from nstlib.apps.painting.job import Job, make_run, read_pictures
from nstlib.colors import (
    ROUNDING,
    is_gray,
    keep_colors,
    luminance,
    luminance_pair,
    match_covariance,
    match_histogram,
)
from nstlib.errors import ImageError, ShapeError
from nstlib.features import load_network
from nstlib.images import save_image

YIQ = torch.tensor(  # NTSC, as the paper's reference rounds it
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]], dtype=torch.float64
)


def picture(rng, height=24, width=20, batch=2, spread=1.0):
    """Random colors that are correlated and not centered, as real ones are."""
    mix = torch.tensor([[1.0, 0.1, 0.3], [0.7, 0.5, 0], [0.4, 0.2, 0.8]], dtype=torch.float64)
    noise = torch.rand(batch, 3, height * width, generator=rng, dtype=torch.float64)
    return (0.25 + spread * 0.3 * mix @ noise).view(batch, 3, height, width)


@pytest.fixture
def style(rng):
    return 1 - picture(rng, 15, 30, spread=0.6)


@pytest.fixture
def content(rng):
    return picture(rng)


@pytest.fixture
def result(rng):
    return picture(rng).flip(1, 2)


def gray(rng, height=24, width=20):
    return torch.rand(2, 1, height, width, generator=rng, dtype=torch.float64).expand(-1, 3, -1, -1)


def flat(*color):
    return torch.tensor(color, dtype=torch.float64).view(1, 3, 1, 1).expand(2, 3, 8, 9)


def mean_of(image):
    return image.mean((2, 3))


def covariance_of(image):
    return torch.stack([torch.cov(one.flatten(1), correction=0) for one in image])


def chroma_of(image):
    return torch.einsum("ij,bjhw->bihw", YIQ, image)[:, 1:]


# luminance


def test_luminance_is_the_y_of_yiq(content):
    y = luminance(content)
    assert y.shape == (2, 1, 24, 20)
    for b, h, w in [(0, 0, 0), (1, 5, 7), (1, 23, 19)]:
        # the standard library takes 0.30, 0.59 and 0.11, rounded
        assert y[b, 0, h, w] == pytest.approx(colorsys.rgb_to_yiq(*content[b, :, h, w].tolist())[0], abs=0.005)
    assert_close(y, torch.einsum("j,bjhw->bhw", YIQ[0], content)[:, None])


def test_gray_is_its_own_luminance(rng):
    image = gray(rng)
    assert_close(luminance(image), image[:, :1])


def test_luminance_takes_no_color_for_black():
    assert (luminance(torch.eye(3).view(3, 3, 1, 1)).flatten() > 0.1).all()


# keep_colors


def test_the_light_is_the_results_and_the_colors_are_the_contents(result, content):
    result = 0.5 + (result - 0.5) / 20  # mild enough for every color to fit
    content = 0.5 + (content - 0.5) / 20
    kept = keep_colors(result, content)
    assert_close(luminance(kept), luminance(result))
    assert_close(chroma_of(kept), chroma_of(content), atol=1e-6, rtol=0)  # the matrix is rounded to 6 digits


def test_an_image_keeps_its_own_colors(content):
    assert_close(keep_colors(content, content), content)


def test_pure_colors_keep_themselves():
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3).T.reshape(1, 3, 2, 4)
    assert_close(keep_colors(corners, corners), corners)


def test_keeping_colors_twice_changes_nothing_more(result, content):
    kept = keep_colors(result, content)
    assert_close(keep_colors(kept, content), kept)
    assert_close(keep_colors(result, kept), kept)


def wild(rng):
    """Two images between which most colors do not fit."""
    return torch.rand(2, 2, 3, 16, 16, generator=rng, dtype=torch.float64).square()


def test_where_a_color_does_not_fit_the_light_is_still_the_results(rng):
    result, content = wild(rng)
    kept = keep_colors(result, content)
    assert_close(luminance(kept), luminance(result))
    assert kept.min() > -1e-12
    assert kept.max() < 1 + 1e-12


def test_where_a_color_does_not_fit_it_is_as_strong_as_can_be_and_of_the_same_hue(rng):
    result, content = wild(rng)
    kept = keep_colors(result, content)
    share = (kept - luminance(kept)) / (content - luminance(content))
    assert_close(share, share[:, :1].expand_as(share))  # paler, not another hue
    assert share.min() >= 0
    paler = share[:, 0] < 1 - 1e-9
    assert 0.1 < paler.double().mean() < 0.9
    edge = torch.minimum(kept, 1 - kept).amin(1)  # the nearest channel's distance from the edge
    assert edge[paler].max() < 1e-12


def test_of_a_gray_content_only_gray_can_be_kept(rng, result):
    kept = keep_colors(result, gray(rng))
    assert_close(kept, luminance(result).expand_as(kept))


def test_black_and_white_have_no_color(content):
    for value in (0.0, 1.0):
        assert_close(keep_colors(torch.full_like(content, value), content), torch.full_like(content, value))


def test_gradients_flow_through_keep_colors(rng):
    result, content = (torch.rand(1, 3, 2, 3, generator=rng, dtype=torch.float64, requires_grad=True) for _ in "ab")
    assert torch.autograd.gradcheck(keep_colors, (result, content))


# luminance_pair


def test_both_are_gray_and_the_content_is_its_luminance(content, style):
    pair = luminance_pair(content, style)
    assert [image.shape for image in pair] == [content.shape, style.shape]
    for image in pair:
        assert_close(image, image[:, :1].expand_as(image))
    assert_close(pair[0][:, :1], luminance(content))


def test_the_styles_light_has_the_contents_mean_and_contrast(content, style):
    wanted, matched = luminance_pair(content, style, clamp=False)
    assert_close(mean_of(matched), mean_of(wanted))
    assert_close(covariance_of(matched), covariance_of(wanted))


def test_the_styles_light_keeps_its_order_and_its_proportions(content, style):
    _, matched = luminance_pair(content, style, clamp=False)
    assert torch.corrcoef(torch.stack([matched[0, 0].flatten(), luminance(style)[0].flatten()]))[0, 1] > 1 - 1e-9


def test_two_equal_pictures_stay_as_light_as_they_are(content):
    wanted, matched = luminance_pair(content, content)
    assert_close(matched, wanted)


@pytest.mark.parametrize("noise", [0, 1e-7])
def test_a_flat_style_takes_the_contents_mean_and_no_contrast(rng, content, noise):
    style = flat(0.2, 0.5, 0.3) + noise * torch.randn(2, 3, 8, 9, generator=rng, dtype=torch.float64)
    wanted, matched = luminance_pair(content, style)
    assert_close(matched, mean_of(wanted)[:, :, None, None].expand_as(matched), atol=1e-4, rtol=0)


def test_a_flat_content_takes_the_styles_contrast_away(style):
    _, matched = luminance_pair(flat(0.2, 0.5, 0.3), style)
    assert_close(matched, torch.full_like(matched, 0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.3))


def test_gradients_flow_through_luminance_pair(rng):
    content, style = (torch.rand(1, 3, 3, 3, generator=rng, dtype=torch.float64, requires_grad=True) for _ in "ab")
    assert torch.autograd.gradcheck(lambda a, b: luminance_pair(a, b, clamp=False), (content, style))


# match_covariance


def test_mean_and_covariance_become_the_contents(content, style):
    matched = match_covariance(style, content, clamp=False)
    assert matched.shape == style.shape
    assert_close(mean_of(matched), mean_of(content))
    assert_close(covariance_of(matched), covariance_of(content))


def test_single_precision_is_enough_to_match(content, style):
    matched = match_covariance(style.float(), content.float(), clamp=False)
    assert matched.dtype == torch.float32
    assert_close(covariance_of(matched.double()), covariance_of(content), rtol=1e-4, atol=1e-6)


def test_matching_twice_changes_nothing_more(content, style):
    once = match_covariance(style, content, clamp=False)
    assert_close(match_covariance(once, content, clamp=False), once)


def test_a_picture_that_matches_already_stays_as_it_is(content):
    assert_close(match_covariance(content, content), content)


def test_a_nearly_gray_picture_stays_as_it_is_in_single_precision_too(rng):
    image = (gray(rng) + 0.01 * torch.randn(2, 3, 24, 20, generator=rng, dtype=torch.float64)).float()
    assert_close(match_covariance(image, image, clamp=False), image, atol=1e-6, rtol=0)


def test_there_and_back_is_where_it_began(content, style):
    assert_close(match_covariance(match_covariance(style, content, clamp=False), style, clamp=False), style)


def test_the_order_of_the_channels_does_not_matter(content, style):
    order = [2, 0, 1]
    assert_close(match_covariance(style[:, order], content[:, order]), match_covariance(style, content)[:, order])


def colors_of(image):
    return image.flatten(2) - image.flatten(2).mean(2, keepdim=True)


def test_no_other_map_to_that_covariance_moves_colors_less(rng, content, style):
    matched = match_covariance(style, content, clamp=False)
    distance = (colors_of(matched) - colors_of(style)).square().mean()
    factor = torch.linalg.cholesky(covariance_of(content))
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(covariance_of(style)), colors_of(style), upper=False)
    for _ in range(50):  # C^1/2 Q S^-1/2 reaches it for every rotation Q
        rotation = torch.linalg.qr(torch.randn(3, 3, generator=rng, dtype=torch.float64))[0]
        other = factor @ rotation @ white
        assert_close(other @ other.mT / other.shape[2], covariance_of(content))
        assert (other - colors_of(style)).square().mean() > distance


def test_each_picture_of_a_batch_is_matched_by_itself(content, style):
    alone = torch.cat([match_covariance(style[i : i + 1], content[i : i + 1]) for i in range(2)])
    assert_close(match_covariance(style, content), alone)


def test_the_result_is_an_image_unless_asked_not_to_be(rng, content):
    style = torch.rand(2, 3, 20, 20, generator=rng, dtype=torch.float64).pow(60)  # dark with a few bright pixels
    outside = match_covariance(style, content, clamp=False)
    assert outside.max() > 1
    assert_close(match_covariance(style, content), outside.clamp(0, 1))
    light = luminance_pair(content, style, clamp=False)[1]
    assert light.max() > 1
    assert_close(luminance_pair(content, style)[1], light.clamp(0, 1))


def test_a_gray_style_stays_gray_and_takes_the_contents_variance_along_gray(rng, content):
    matched = match_covariance(gray(rng), content, clamp=False)
    assert_close(mean_of(matched), mean_of(content))
    axis = torch.ones(3, dtype=torch.float64) / math.sqrt(3)
    wanted = torch.einsum("i,bij,j->b", axis, covariance_of(content), axis)
    assert_close(covariance_of(matched), wanted[:, None, None] * torch.outer(axis, axis))


def test_a_gray_content_makes_the_style_gray(rng, style):
    content = gray(rng)
    matched = match_covariance(style, content, clamp=False)
    assert_close(covariance_of(matched), covariance_of(content))
    assert_close(matched, matched[:, :1].expand_as(matched))


def test_a_flat_content_makes_the_style_flat(style):
    content = flat(0.2, 0.5, 0.3)
    assert_close(match_covariance(style, content), content[..., :1, :1].expand_as(style))


@pytest.mark.parametrize("noise", [0, ROUNDING / 10])
def test_a_flat_style_takes_the_contents_mean_and_its_noise_does_not_grow(rng, content, noise):
    style = flat(0.2, 0.5, 0.3) + noise * torch.randn(2, 3, 8, 9, generator=rng, dtype=torch.float64)
    matched = match_covariance(style, content, clamp=False)
    assert_close(mean_of(matched), mean_of(content))
    assert_close(covariance_of(matched), covariance_of(style), atol=1e-15, rtol=0)


def test_one_pixel_is_a_flat_picture(content):
    matched = match_covariance(torch.rand(2, 3, 1, 1, dtype=torch.float64), content)
    assert_close(matched[..., 0, 0], mean_of(content))


def test_gradients_flow_through_match_covariance(rng):
    style, content = (torch.rand(1, 3, 3, 3, generator=rng, dtype=torch.float64, requires_grad=True) for _ in "ab")
    assert torch.autograd.gradcheck(lambda a, b: match_covariance(a, b, clamp=False), (style, content))


# match_histogram


def of_same_rank(values, targets):
    """The quantile map by its definition, with loops: the share of values that are at most this one, looked up."""
    levels = sorted(set(targets))
    shares = [sum(target <= level for target in targets) / len(targets) for level in levels]
    mapped = []
    for value in values:
        share = sum(other <= value for other in values) / len(values)
        if share <= shares[0]:
            mapped.append(levels[0])
            continue
        above = next(k for k in range(len(levels)) if shares[k] >= share)
        between = (share - shares[above - 1]) / (shares[above] - shares[above - 1])
        mapped.append(levels[above - 1] + between * (levels[above] - levels[above - 1]))
    return mapped


@pytest.mark.parametrize("levels", [4, 256, 10**9])  # many ties, some, none
def test_each_value_becomes_the_contents_value_of_its_rank(rng, levels):
    style, content = (torch.rand(2, 3, height, 9, generator=rng, dtype=torch.float64).pow(2) for height in (8, 11))
    style, content = (style * levels).floor() / levels, (content.sqrt() * levels).floor() / levels
    matched = match_histogram(style, content)
    for b in range(2):
        for c in range(3):
            expected = of_same_rank(style[b, c].flatten().tolist(), content[b, c].flatten().tolist())
            assert_close(matched[b, c].flatten(), torch.tensor(expected, dtype=torch.float64))


def test_of_as_many_pixels_each_channel_gets_exactly_the_contents_values(rng, content):
    matched = match_histogram(torch.rand(2, 3, 40, 12, generator=rng, dtype=torch.float64), content)
    assert torch.equal(matched.flatten(2).sort(2).values, content.flatten(2).sort(2).values)


def test_the_order_of_values_stays(content, style):
    rank = style[0, 1].flatten().argsort()
    assert (match_histogram(style, content)[0, 1].flatten()[rank].diff() >= 0).all()


def test_matching_histograms_twice_changes_nothing_more(content, style):
    once = match_histogram(style, content)
    assert_close(match_histogram(once, content), once)


def test_a_picture_with_that_histogram_stays_as_it_is(content):
    assert torch.equal(match_histogram(content, content), content)


def test_a_flat_content_gives_every_pixel_its_color(style):
    content = flat(0.2, 0.5, 0.3)
    assert torch.equal(match_histogram(style, content), content[..., :1, :1].expand_as(style))


def test_matched_histograms_have_the_styles_dtype_and_the_contents_range(content, style):
    matched = match_histogram(style.float().requires_grad_(), content)
    assert matched.dtype == torch.float32
    assert not matched.requires_grad
    assert content.min() - 1e-7 <= matched.min() < matched.max() <= content.max() + 1e-7


# What is refused

PAIRED = [keep_colors, luminance_pair, match_covariance, match_histogram]


@pytest.mark.parametrize("function", [luminance, *(lambda x, f=f: f(x, x) for f in PAIRED)])
@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 1, 4, 4), (1, 3, 0, 4)])
def test_what_is_no_batch_of_images_is_refused(function, shape):
    with pytest.raises(ShapeError, match=r"needs floats of shape \(B, 3, H, W\), got \("):
        function(torch.zeros(shape))


def test_bytes_are_refused():
    with pytest.raises(ShapeError, match=r"luminance needs floats .* of torch\.uint8"):
        luminance(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize("function", PAIRED)
def test_nan_is_refused_and_its_image_named(function):
    good, bad = torch.rand(1, 3, 4, 4), torch.full((1, 3, 4, 4), float("nan"))
    with pytest.raises(ImageError, match=rf"{function.__name__} got NaN or infinite values in its (content|style)\."):
        function(good, bad)


@pytest.mark.parametrize("function", PAIRED[1:])
def test_batches_of_other_lengths_are_no_pairs(function):
    with pytest.raises(ShapeError, match=r"takes images in pairs, got 2 and 1 in the two batches"):
        function(torch.rand(2, 3, 4, 4), torch.rand(1, 3, 4, 4))


def test_colors_are_kept_pixel_by_pixel_so_sizes_must_agree():
    with pytest.raises(ShapeError, match=r"two images of one size, got \(1, 3, 4, 4\) and \(1, 3, 4, 5\).*resize"):
        keep_colors(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 5))


# A gray photo stays gray


def test_gray_is_what_has_equal_channels_up_to_rounding(rng):
    image = gray(rng)
    assert is_gray(image)
    assert is_gray(image + torch.tensor([0, 1, -1]).view(1, 3, 1, 1) / 255)
    assert not is_gray(image + torch.tensor([0, 0, 3]).view(1, 3, 1, 1) / 255)
    one_pixel = image.clone()
    one_pixel[0, 0, 3, 3] += 0.1
    assert not is_gray(one_pixel)


@pytest.mark.parametrize("colors", ["luminance", "covariance", "histogram"])
@pytest.mark.parametrize("method", ["classic", "dual"])
def test_a_gray_photo_in_its_own_colors_stays_gray_whatever_the_style(tmp_path, rng, colors, method):
    content = save_image(torch.rand(1, 1, 24, 32, generator=rng).expand(1, 3, -1, -1), tmp_path / "gray.png")
    style = save_image(torch.rand(3, 24, 32, generator=rng), tmp_path / "style.png")
    options = {"steps": 3, "content_weight": 0.1}
    job = Job(content, ((style, 1.0),), tmp_path / "o.png", size=32, colors=colors, method=method, options=options)
    *_, last = make_run(job, read_pictures(job), load_network("tiny"))
    assert (last.image.amax(1) - last.image.amin(1)).max() < 1e-6
    assert last.image.std() > 0.05
