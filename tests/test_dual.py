from dataclasses import replace

import pytest
import torch

from nstlib.colors import luminance, luminance_pair
from nstlib.dual import METHODS, PRESETS, Term, View, band_terms, normalized, stylize_dual
from nstlib.errors import ChoiceError, LayerError, ResumeError, ShapeError
from nstlib.features import load_network
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix
from nstlib.losses import edges_of_shrunk
from nstlib.objective import Objective, Style
from nstlib.terms import WHOLE
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS, stylize

CLASSIC = PRESETS["classic"]


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def pictures(rng):
    """A content and a style of other sizes, whose numbers of positions are no powers of two."""
    return [torch.rand(1, 3, *shape, generator=rng) for shape in ((36, 52), (44, 33))]


def objective_of(terms, content, style, network, weights=(1.0, 10.0, 0.0), **options):
    """Return the loss that a run with these terms lowers."""
    styles = [Style(style)] if isinstance(style, torch.Tensor) else style
    return Objective(content, styles, network, CONTENT_LAYERS, STYLE_LAYERS, weights, terms=terms, **options)


def value_and_gradient(objective, image):
    leaf = image.clone().requires_grad_(True)
    total, *_ = objective(leaf)
    return total.detach(), torch.autograd.grad(total, leaf)[0]


# Null tests -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"method": "classic"}, {"terms": band_terms([], [1], [1])}], ids=["preset", "bands"]
)
@pytest.mark.parametrize("run", [{"optimizer": "lbfgs"}, {"optimizer": "adam", "init": "noise"}], ids=["lbfgs", "adam"])
def test_the_classic_terms_take_the_classic_path_to_the_last_bit(network, pictures, options, run):
    plain = list(stylize(*pictures, network, steps=12, **run))
    terms = list(stylize_dual(*pictures, network, steps=12, **run, **options))
    assert len(plain) == len(terms) == 13
    for one, other in zip(plain, terms, strict=True):
        assert torch.equal(one.image, other.image)
        assert (one.content, one.style, one.tv, one.total) == (other.content, other.style, other.tv, other.total)


def assert_same_loss(one, other, image):
    for found, expected in zip(value_and_gradient(one, image), value_and_gradient(other, image), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-13)


@pytest.fixture
def in_double(pictures, rng):
    content, style = (picture.double() for picture in pictures)
    return content, style, torch.rand(content.shape, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("cutoffs", [(0.2,), (0.3, 0.1), (0.4, 0.2, 0.05)])
def test_all_bands_of_the_features_with_weight_1_are_the_classic_loss(network, in_double, cutoffs):
    content, style, image = in_double
    ones = (1.0,) * (len(cutoffs) + 1)
    terms = [replace(term, cutoffs=cutoffs, bands=ones) for term in CLASSIC]
    classic, bands = (objective_of(chosen, content, style, network) for chosen in (CLASSIC, terms))
    assert_same_loss(bands, classic, image)


def test_all_channels_are_the_classic_loss(network, in_double):
    content, style, image = in_double
    everything = {
        layer: torch.ones(network.channels(layer), dtype=torch.bool) for layer in (*CONTENT_LAYERS, *STYLE_LAYERS)
    }
    classic, full = (
        objective_of([replace(term, channels=chosen) for term in CLASSIC], content, style, network)
        for chosen in (None, everything)
    )
    assert_same_loss(full, classic, image)


def test_bands_of_weight_0_count_for_nothing_and_the_others_as_if_alone(network, in_double):
    content, style, image = in_double
    values = []
    for bands in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (2.0, 3.0)):
        term = Term("content", cutoffs=(0.15,), bands=bands)
        loss = objective_of([term], content, style, network)
        # Each loss is relative to its own target, so compare the errors themselves.
        features = network(content, "relu4_2")["relu4_2"]
        scale = (term.select("relu4_2", features).square().mean() / features.square().mean()).item()
        values.append(loss(image)[1].item() * scale)
    fine, coarse, both, weighted = values
    assert both == pytest.approx(fine + coarse, rel=1e-9)
    assert weighted == pytest.approx(2 * fine + 3 * coarse, rel=1e-9)


# Views ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigmas", [(), (1.5,), (1.0, 3.0), (0.7, 2.0, 5.0)])
def test_the_views_of_all_bands_sum_to_the_image(in_double, sigmas):
    _, _, image = in_double
    count = len(sigmas) + 1
    terms = band_terms(sigmas, [1.0] * count, [0.0] * count)
    assert len(terms) == count
    torch.testing.assert_close(sum(term.view.band(image) for term in terms), image)


def test_a_band_is_shown_around_mid_gray_and_the_coarse_rest_as_it_is(in_double):
    _, _, image = in_double
    fine, rest = View(finer=2.0), View(coarser=2.0)
    torch.testing.assert_close(fine.show(image), image - low_pass(image, 2.0) + 0.5)
    torch.testing.assert_close(rest.show(image), low_pass(image, 2.0))
    assert abs(fine.show(image).mean().item() - 0.5) < 0.01


def test_a_gray_view_is_luminance_three_times(in_double):
    _, _, image = in_double
    torch.testing.assert_close(View(gray=True).band(image), luminance(image).expand(-1, 3, -1, -1))


def test_at_a_coarse_level_a_blur_is_as_wide_as_it_looks_in_the_end(network, pictures):
    shares = []

    class Watched(View):
        def band(self, image, share=1.0):
            shares.append((image.shape[3], share))
            return super().band(image, share)

    content = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(1))
    terms = [Term("pixels", view=Watched(finer=2.0)), Term("style")]
    list(stylize_dual(content, pictures[1], network, terms=terms, steps=4, levels=2))
    assert set(shares) == {(40, 0.5), (80, 1.0)}
    half = torch.nn.functional.interpolate(content, scale_factor=0.5, mode="bilinear", antialias=True)
    torch.testing.assert_close(View(finer=2.0).band(half, 0.5), half - low_pass(half, 1.0))


# What terms compare -----------------------------------------------------------------------------------------------------


def test_structure_is_blind_to_any_gain_and_offset_of_a_channel(rng):
    features = torch.randn(2, 5, 7, 9, generator=rng, dtype=torch.float64)
    gains = torch.tensor([0.5, 3.0, 1.0, 2.0, 0.8], dtype=torch.float64).view(5, 1, 1)
    offsets = torch.randn(5, 1, 1, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(normalized(features + 10 * offsets), normalized(features))
    torch.testing.assert_close(normalized(7 * features), normalized(features))
    torch.testing.assert_close(normalized(gains * features + offsets), normalized(features), rtol=2e-2, atol=1e-3)


def test_structure_has_mean_0_and_deviation_1_where_a_channel_varies_and_0_where_it_does_not(rng):
    features = torch.randn(1, 3, 8, 8, generator=rng)
    features[:, 1] = 4.0
    found = normalized(features)
    assert found.mean((2, 3)).abs().max() < 1e-6
    torch.testing.assert_close(found[0, [0, 2]].std((1, 2), correction=0), torch.ones(2), rtol=5e-3, atol=0)
    assert (found[0, 1] == 0).all()
    assert (normalized(torch.full((1, 2, 3, 3), 5.0)) == 0).all()


def test_structure_of_an_image_does_not_depend_on_its_batch(rng):
    features = torch.randn(3, 4, 5, 6, generator=rng) * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1, 1)
    torch.testing.assert_close(normalized(features)[1:2], normalized(features[1:2]))


def test_structure_has_the_gradient_it_says(rng):
    features = torch.randn(1, 2, 3, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(normalized, features)


def test_edges_of_the_shrunk_image_agree_with_a_loop(rng):
    image = torch.rand(1, 3, 17, 22, generator=rng, dtype=torch.float64)
    small = [[image[0, :, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].mean((1, 2)).sum() for j in range(5)] for i in range(4)]
    found = edges_of_shrunk(image)
    assert found.shape == (1, 1, 2, 3)
    for i in range(1, 3):
        for j in range(1, 4):
            around = small[i - 1][j] + small[i + 1][j] + small[i][j - 1] + small[i][j + 1]
            assert found[0, 0, i - 1, j - 1].item() == pytest.approx((4 * small[i][j] - around).item())


def test_each_goal_is_0_at_its_target_and_1_where_all_is_0(network, in_double):
    content, style, _ = in_double
    view = View(finer=2.0, gray=True)
    for goal in ("pixels", "laplacian"):
        loss = objective_of([Term(goal, view=view)], content, style, network)
        assert loss(content)[1].item() == pytest.approx(0, abs=1e-12)
        assert loss(torch.full_like(content, 0.3))[1].item() == pytest.approx(1)
    for goal in ("content", "structure"):
        loss = objective_of([Term(goal)], content, style, network)
        assert loss(content)[1].item() == pytest.approx(0, abs=1e-12)
    loss = objective_of([Term("style")], content, style, network)
    assert loss(style)[2].item() == pytest.approx(0, abs=1e-12)


def test_terms_add_up_with_their_weights(network, in_double):
    content, style, image = in_double
    terms = [Term("structure", 2.0), Term("pixels", 0.5, View(coarser=1.5)), Term("style", 3.0)]
    one = [objective_of([replace(term, weight=1.0)], content, style, network)(image) for term in terms]
    total, of_content, of_style, _ = objective_of(terms, content, style, network)(image)
    torch.testing.assert_close(of_content, 2 * one[0][1] + 0.5 * one[1][1])
    torch.testing.assert_close(of_style, 3 * one[2][2])
    torch.testing.assert_close(total, of_content + 10 * of_style)


def test_chosen_channels_are_compared_with_those_of_the_target_alone(network, in_double):
    content, style, image = in_double
    chosen = torch.zeros(network.channels("relu3_1"), dtype=torch.bool)
    chosen[[1, 4, 5]] = True
    for spelling in ("relu3_1", "block3_conv1"):
        term = Term("style", layers=spelling, channels={spelling: chosen})
        found, wanted = (gram_matrix(network(x, "relu3_1")["relu3_1"][:, chosen]) for x in (image, style))
        expected = (found - wanted).square().mean() / wanted.square().mean()
        torch.testing.assert_close(objective_of([term], content, style, network)(image)[2], expected)


def test_two_styles_share_the_style_term_as_in_the_classic_loss(network, in_double, rng):
    content, style, image = in_double
    styles = [Style(style, 3.0), Style(torch.rand(1, 3, 40, 40, generator=rng, dtype=torch.float64))]
    classic = Objective(content, styles, network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 0.0))
    assert_same_loss(objective_of(CLASSIC, content, styles, network), classic, image)


def test_what_does_not_count_is_not_computed_and_reported_as_0(network, pictures):
    first = next(stylize_dual(*pictures, network, method="classic", style_weight=0.0, init="noise"))
    assert first.style == 0
    assert first.content > 0


# Runs -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_every_method_lowers_its_loss_and_stays_in_range(network, pictures, method):
    steps = list(stylize_dual(*pictures, network, method=method, steps=10))
    assert steps[-1].total < steps[0].total
    assert all(step.image.shape == pictures[0].shape for step in steps)
    assert all(step.image.min() >= 0 and step.image.max() <= 1 for step in steps)


@pytest.mark.parametrize("init", ["content", "noise"])
def test_luminance_keeps_the_chroma_of_the_content(network, pictures, init):
    content = 0.3 + 0.4 * pictures[0]  # room for any luminance
    *_, last = stylize_dual(content, pictures[1], network, method="luminance", steps=6, init=init)
    chroma, wanted = (image - luminance(image) for image in (last.image, content))
    assert not torch.allclose(luminance(last.image), luminance(content), atol=0.02)
    # Where the luminance gets near black or white, color gets paler, and never another hue.
    share = (chroma * wanted).sum(1) / wanted.square().sum(1)
    torch.testing.assert_close(chroma, share[:, None] * wanted, rtol=0, atol=1e-5)
    assert share.max() < 1.001
    assert share.median() > 0.999


def test_a_luminance_run_lowers_the_loss_of_the_gray_picture_that_it_shows(network, pictures):
    content = 0.3 + 0.4 * pictures[0]
    steps = list(stylize_dual(content, pictures[1], network, method="luminance", steps=8, tv_weight=0.0))
    gray, painted = luminance_pair(content, pictures[1])
    loss = Objective(gray, [Style(painted)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 0.0))
    shown = luminance(steps[-1].image).expand(-1, 3, -1, -1)
    assert loss(shown)[0].item() == pytest.approx(steps[-1].total, rel=1e-4)


def test_a_luminance_run_can_be_planned_and_take_several_styles(network, pictures, rng):
    styles = [Style(pictures[1], 2.0), Style(torch.rand(1, 3, 40, 40, generator=rng))]
    run = stylize_dual(pictures[0], styles, network, method="luminance", steps=3)
    assert run.plan.bytes > 0
    assert run.plan.tiled == 0
    *_, both = run
    *_, one = stylize_dual(pictures[0], pictures[1], network, method="luminance", steps=3)
    assert not torch.equal(both.image, one.image)


def test_a_luminance_run_in_other_colors_is_another_run(network, pictures):
    gray = luminance(pictures[0]).expand(-1, 3, -1, -1)
    state = stylize_dual(*pictures, network, method="luminance").state_dict()
    with pytest.raises(ResumeError, match="finish was"):
        stylize_dual(gray, pictures[1], network, method="luminance").load_state_dict(state)


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_run_goes_on_where_it_was(network, pictures, method):
    whole = list(stylize_dual(*pictures, network, method=method, steps=8))
    run = stylize_dual(*pictures, network, method=method, steps=8)
    for _ in range(4):
        next(run)
    again = stylize_dual(*pictures, network, method=method, steps=8)
    again.load_state_dict(run.state_dict())
    rest = list(again)
    assert [step.index for step in rest] == [4, 5, 6, 7, 8]
    assert all(torch.equal(step.image, whole[step.index].image) for step in rest)


def test_a_run_with_other_terms_is_another_run(network, pictures):
    chosen = torch.zeros(network.channels("relu4_2"), dtype=torch.bool)
    chosen[:3] = True
    others = [
        PRESETS["classic"],
        [Term("content", 0.5), Term("style")],
        [Term("content", 1 + 1e-9), Term("style")],
        [Term("content", channels={"relu4_2": chosen}), Term("style")],
        [Term("content", channels={"relu4_2": ~chosen}), Term("style")],
    ]
    state = stylize_dual(*pictures, network, terms=others[0]).state_dict()
    for terms in others[1:]:
        with pytest.raises(ResumeError, match="loss was"):
            stylize_dual(*pictures, network, terms=terms).load_state_dict(state)
        stylize_dual(*pictures, network, terms=terms).load_state_dict(
            stylize_dual(*pictures, network, terms=list(terms)).state_dict()
        )
    stylize(*pictures, network).load_state_dict(state)  # classic by either door is one run


def test_the_layers_of_a_term_are_looked_at_even_if_no_option_names_them(network, pictures):
    too_small = torch.rand(1, 3, 12, 12)
    with pytest.raises(ShapeError):
        stylize_dual(too_small, pictures[1], network, terms=[Term("content", layers="relu5_1"), Term("style")],
                     style_layers="relu1_1", content_layers="relu1_1")  # fmt: skip


def test_each_view_that_the_network_sees_needs_memory_of_its_own(network, pictures):
    runs = {
        count: stylize_dual(*pictures, network, terms=band_terms(range(1, count), [1] * count, [1] * count))
        for count in (1, 2, 3)
    }
    needs = [run.plan.bytes for run in runs.values()]
    assert needs[0] < needs[1]
    assert needs[2] - needs[1] == pytest.approx(needs[1] - needs[0])
    assert needs[0] == stylize_dual(*pictures, network, method="lapstyle").plan.bytes
    assert needs[1] == stylize_dual(*pictures, network, method="dual").plan.bytes  # in color, and in luminance


# Refused input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (lambda: Term("contents"), "There is no quantity 'contents'"),
        (lambda: Term("content", -1.0), "weight of a term must be a finite number, 0 or larger, got -1.0"),
        (lambda: Term("content", float("nan")), "weight of a term must be a finite number"),
        (lambda: Term("content", view=View(finer=0.0)), "A view's finer is a blur in pixels, above 0, got 0.0"),
        (lambda: Term("content", view=View(coarser=-2.0)), "A view's coarser is a blur in pixels, above 0, got -2.0"),
        (lambda: View(finer=1.0, coarser=3.0), "Nothing is finer than a blur of 1.0 px and coarser than one"),
        (lambda: Term("content", cutoffs=(0.2,), bands=(1.0,)), r"1 cutoffs has 2 weights of bands.*got \(1.0,\)"),
        (lambda: Term("content", cutoffs=(0.2,), bands=(1.0, float("nan"))), "1 cutoffs has 2 weights of bands"),
        (lambda: Term("content", bands=(1.0,)), "0 cutoffs has no weights of bands"),
        (lambda: Term("content", cutoffs=(0.1, 0.2), bands=(1.0, 1.0, 1.0)), "cutoffs in cycles per pixel"),
        (lambda: Term("pixels", layers="relu1_1"), 'A term "pixels" looks at the image itself'),
        (lambda: Term("laplacian", cutoffs=(0.2,), bands=(1.0, 1.0)), 'A term "laplacian" looks at the image itself'),
    ],
)  # fmt: skip
def test_a_term_that_makes_no_sense_is_refused_when_it_is_made(term, message):
    with pytest.raises(ChoiceError, match=message):
        term()


def test_channels_must_be_a_mask_of_the_layer(network, pictures):
    count = network.channels("relu4_2")
    for wrong in (torch.ones(count), torch.ones(count + 1, dtype=torch.bool), torch.zeros(count, dtype=torch.bool)):
        with pytest.raises(ShapeError, match=rf"Channels of relu4_2 are chosen by booleans of shape \({count},\)"):
            stylize_dual(*pictures, network, terms=[Term("content", channels={"relu4_2": wrong})])
    with pytest.raises(LayerError):
        stylize_dual(*pictures, network, terms=[Term("content", channels={"relu9_9": torch.ones(3, dtype=torch.bool)})])


def test_an_unknown_method_is_refused_with_those_there_are(network, pictures):
    with pytest.raises(ChoiceError, match="classic, lapstyle, dual, luminance"):
        stylize_dual(*pictures, network, method="duel")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_told_where_a_style_goes(network, pictures, method):
    content, style = pictures
    left = torch.zeros(1, 1, *content.shape[2:])
    left[..., :20] = 1
    both, masked = (
        next(stylize_dual(content, [Style(style, 1, mask)], network, method=method)) for mask in (None, left)
    )
    assert masked.style != both.style
    everywhere = next(stylize_dual(content, Style(style, 1, torch.ones_like(left)), network, method=method))
    assert everywhere.style == pytest.approx(both.style, rel=1e-4)


@pytest.mark.parametrize(
    ("sigmas", "contents", "styles", "message"),
    [
        ([3.0, 1.0], [1] * 3, [1] * 3, "sigmas must ascend"),
        ([1.0, 1.0], [1] * 3, [1] * 3, "sigmas must ascend"),
        ([1.0], [1, 1, 1], [1, 1], "1 sigmas make 2 bands; got 3 content weights and 2 style weights"),
        ([], [1], [], "0 sigmas make 1 bands; got 1 content weights and 0 style weights"),
    ],
)
def test_bands_need_a_weight_each(sigmas, contents, styles, message):
    with pytest.raises(ChoiceError, match=message):
        band_terms(sigmas, contents, styles)


def test_bands_of_weight_0_are_left_out_and_one_band_is_the_whole():
    assert [term.quantity for term in band_terms([2.0], [1, 0], [0, 1])] == ["content", "style"]
    assert band_terms([2.0], [1, 0], [0, 0])[0].view == View(finer=2.0)
    assert {term.view for term in band_terms([], [1], [1])} == {WHOLE}
