"""An answer that no named mistake fits is told where it is wrong, and only what is true of it."""

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from nstlib.check import examine, exercises
from nstlib.check.examiner.depends import DEPENDS
from nstlib.check.examiner.formula import _FUNCTIONS, _UNDONE


def right(name):
    return exercises[name].reference


GRAM, SOBEL, BANDS = right("gram_matrix"), right("sobel_edges"), right("split_bands")
CAFFE, VARIATION = right("caffe_preprocess"), right("total_variation")


def with_added(found, *places):
    """Return a result with 1 added at some places."""
    found = found.clone()
    for place in places:
        found[place] += 1
    return found


def first_matrix_for_all(features):
    return GRAM(features[:1]).expand(len(features), -1, -1)


def gram_of_even_part(features):
    h, w = features.shape[2:]
    return GRAM(features[..., : max(h & ~1, 1), : max(w & ~1, 1)])


def gram_if(test, otherwise=lambda matrix: matrix + 1):
    return lambda features: GRAM(features) if test(features) else otherwise(GRAM(features))


def bands_if(change):
    return lambda image, sigmas: change(BANDS(image, sigmas))


def pair_if(change):
    return lambda features: change(*right("bn_statistics")(features))


def transferred(change):
    return lambda *arguments: change(*right("run_transfer")(*arguments))


def weights_if(change):
    return lambda layers, ratio: change(right("layer_weights")(layers, ratio))


def targets_if(change):
    return lambda *arguments: {name: change(gram) for name, gram in right("style_targets")(*arguments).items()}


def correlated(features):
    """Return correlations, plus what keeps them from being a mistake that has a name: no change of units is noticed."""
    centered = features.flatten(2) - features.flatten(2).mean(2, keepdim=True)
    unit = centered / centered.norm(dim=2, keepdim=True)
    return unit @ unit.mT + 0.25


def last_target_doubled(*arguments):
    targets = right("style_targets")(*arguments)
    last = list(targets)[-1]
    return {**targets, last: 2 * targets[last]}


def started(limited):
    """Return an answer to `init_image` that limits values in another way than to 0 to 1."""

    def init_image(content, noise, how, amount):
        share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
        return limited((1 - share) * content + share * noise).detach().clone().requires_grad_(True)

    return init_image


def half_cut(features):
    vectors = features.flatten(2)
    return vectors @ vectors.detach().mT / vectors.shape[2]


def from_the_second_call_on():
    calls = []

    def gram_matrix(features):
        calls.append(1)
        return GRAM(features) + (len(calls) > 1)

    return gram_matrix


def first_result_kept():
    kept = {}
    return lambda features: kept.setdefault("matrix", GRAM(features))


def mixed(change):
    return lambda *arguments: change(*right("mix_grams")(*arguments))


def on_the_first_sizes(name, otherwise):
    sizes = [getattr(a, "shape", None) for a in exercises[name].cases[0].make(torch.float32)]

    def answer(*arguments):
        found = right(name)(*arguments)
        return found if [getattr(a, "shape", None) for a in arguments] == sizes else otherwise(found)

    return answer


def relit(share):
    """Return an answer to `keep_luminance` that takes only a share of the step."""
    return lambda result, content: content + share * (right("keep_luminance")(result, content) - content)


def steps_that_skip(mask, pools):
    """Return what raises an error on masks of one row or column, and has other numbers elsewhere."""
    return torch.nn.functional.avg_pool2d(mask, 2, stride=2**pools)


WHERE = [
    ("gram_matrix", lambda f: with_added(GRAM(f), (0, 0, 0)), "only_the_first_number", "first number"),
    ("gram_matrix", lambda f: with_added(GRAM(f), (-1, -1, -1)), "only_the_last_number", "last number"),
    ("gram_matrix", lambda f: with_added(GRAM(f), (..., 0, slice(None))), "only_the_first_row", "first row"),
    ("gram_matrix", lambda f: with_added(GRAM(f), (..., -1)), "only_the_last_column", "last column"),
    ("gram_matrix", lambda f: GRAM(f) * (1 + torch.eye(f.shape[1])), "only_on_the_diagonal", "the diagonal"),
    ("gram_matrix", first_matrix_for_all, "only_beyond_the_first_image", "first image of each batch"),
    ("gram_matrix", gram_if(lambda f: f.shape[2] == f.shape[3]), "only_where_not_square", "height and width"),
    ("gram_matrix", gram_of_even_part, "only_for_odd_sizes", "is odd"),
    ("gram_matrix", lambda f: GRAM(f.abs()), "only_with_negative", "no number is negative"),
    ("gram_matrix", lambda f: GRAM(f) + 1, "offset", "1 too large"),
    ("gram_matrix", lambda f: GRAM(f) - 0.5, "offset", "0.5 too small"),
    ("gram_matrix", lambda f: -0.5 * GRAM(f), "scaled", "minus 0.5 times"),
    ("gram_matrix", lambda f: GRAM(f) * -f.shape[1], "scaled", "minus C (here 3) times what it should be"),
    ("gram_matrix", lambda f: GRAM(f) * torch.arange(2, 2 + f.shape[1])[:, None], "scaled_by_channel", "Each channel"),
    ("gram_matrix", lambda f: GRAM(f) * torch.arange(2, 2 + len(f))[:, None, None], "scaled_by_image", "Each image"),
    ("gram_matrix", from_the_second_call_on(), "only_after_the_first_call", "When it was first called"),
    ("gram_matrix", first_result_kept(), "same_for_every_input", "the same for every input"),
    ("gram_matrix", lambda f: GRAM(f) * (1 + (f.dtype == torch.float64)), "only_in_float64", "not in float64"),
    ("gram_matrix", gram_if(lambda f: bool((f != 0).any()), lambda m: m + 0.1), "only_with_zeros", "without a 0"),
    (
        "sobel_edges",
        lambda x: with_added(SOBEL(x), (..., 0, slice(None)), (..., -1)),
        "only_at_the_border",
        "only at the border, in the outermost row and column",
    ),
    ("total_variation", lambda x: right("total_variation")(x[:1]), "only_for_several_images", "right for one image"),
    ("split_bands", bands_if(lambda b: [*b[:-1], b[-1] * 2]), "only_the_last_item", "Only the last of several"),
    (
        "split_bands",
        bands_if(lambda b: [b[0] * 2, *b[1:]]),
        "only_the_first_item",
        "Only the first of several is wrong",
    ),
    ("split_bands", bands_if(lambda b: [b[0], *(x * 2 for x in b[1:])]), "only_beyond_the_first_item", "is right"),
    ("caffe_preprocess", lambda x: with_added(right("caffe_preprocess")(x), (slice(None), -1)), None, "last channel"),
    ("unpool", lambda *a: right("unpool")(*a).roll(1, 2), "shifted", "shifted by 1 along axis 2"),
    ("bn_statistics", pair_if(lambda m, s: (m, 2 * s)), "scaled", "The second of the two results: it is 2 times"),
    (
        "bn_statistics",
        pair_if(lambda m, s: (m, s * (2 + m.cos()))),
        "one_of_several",
        "The second of the two results has 3 of 3 numbers wrong. All else is right",
    ),
    ("run_transfer", transferred(lambda i, x: (i, [*x[:-1], x[-1] + 1])), "only_the_last_number", "list of losses"),
    (
        "init_image",
        lambda c, n, how, a: right("init_image")(c, n, how, 1.0),
        "only_where_how_is_mixed",
        "wrong only where `how` is 'mixed'",
    ),
    ("gram_matrix", lambda f: GRAM(f).triu(), "only_below_the_diagonal", "below the diagonal"),
    ("gram_matrix", lambda f: GRAM(f).tril(), "only_above_the_diagonal", "above the diagonal"),
    (
        "gram_matrix",
        lambda f: with_added(GRAM(f), (0, 0, 1), (0, 1, 0)) if f.shape[1] > 1 else GRAM(f),
        "only_off_the_diagonal",
        "beside it",
    ),
    # a formula of the right numbers
    ("caffe_preprocess", lambda x: CAFFE(x).abs(), "absolute", "the absolute value of what it should be"),
    ("caffe_preprocess", lambda x: CAFFE(x).relu(), "without_negatives", "should be negative is 0"),
    ("caffe_preprocess", lambda x: CAFFE(x).clamp(0, 1), "cut_off_at_a_limit", "cut off at 0 and at 1"),
    ("caffe_preprocess", lambda x: CAFFE(x).round(), "in_round_numbers", "rounded to whole numbers"),
    ("caffe_preprocess", lambda x: CAFFE(x).trunc(), "cut_off", "cut to whole numbers"),
    ("caffe_preprocess", lambda x: 1 - CAFFE(x), "complement", "1 minus what it should be"),
    ("caffe_preprocess", lambda x: 3 * CAFFE(x) - 2, "line", "3 times what it should be, minus 2"),
    ("caffe_preprocess", lambda x: CAFFE(x).flip(3), "mirrored", "turned around along axis 3"),
    ("caffe_preprocess", lambda x: CAFFE(x) + 7 * x.mean((2, 3), keepdim=True), "offset_by_channel", "each channel"),
    ("caffe_preprocess", lambda x: CAFFE(x) + 7 * x.mean(), "offset_by_input", "Within one input"),
    ("caffe_preprocess", lambda x: CAFFE(x) * x.mean() + x.max(), "stretched_by_input", "plus a number"),
    ("caffe_preprocess", lambda x: x.clone(), "argument_unchanged", "It is `image`, as it came"),
    ("caffe_preprocess", lambda x: CAFFE(x) + x, "argument_added", "plus `image`"),
    ("total_variation", lambda x: VARIATION(x).square(), "is_its_square", "the square of what it should be"),
    ("total_variation", lambda x: VARIATION(x).exp(), "exponential", "the exponential"),
    ("gram_matrix", lambda f: GRAM(f) / f.shape[2] ** 2 * f.shape[3], "scaled", "W/(H*H) (here 0.312) times"),
    ("gram_matrix", lambda f: GRAM(f) / (2 * len(f) * f.shape[1]), "scaled", "2*B*C (here 6) times too small"),
    ("run_transfer", transferred(lambda i, x: (2 * i - 0.5, x)), "line", "2 times what it should be, minus 0.5"),
    ("init_image", started(lambda x: x.clamp(min=0)), "beyond_the_limits", "right up to 1. What is larger"),
    ("init_image", started(lambda x: x.clamp(max=1)), "beyond_the_limits", "What is negative should be 0"),
    ("optimism", lambda scores: 1 - right("optimism")(scores), "complement", "1 minus what it should be"),
    ("mix_grams", mixed(lambda g, left: (g, left / 2)), "scaled", "second of the two results: it is 0.5 times"),
    (
        "mix_grams",
        lambda grams, weights: mixed(lambda g, left: (g, left / len(grams)))(grams, weights),
        "scaled",
        "it is exactly `grams.shape[0]` (here 2) times too small",
    ),
    (
        "gram_distance_heldout",
        lambda *a: right("gram_distance_heldout")(*a) * len(a[3]),
        None,
        "mean",
    ),
    ("matched_style_difference", lambda *a: 2 * right("matched_style_difference")(*a), "scaled", "2 times what it"),
    ("weight_at_style", lambda *a: right("weight_at_style")(*a) ** 0.5, "is_its_root", "the square root of what it"),
    ("keep_luminance", relit(-1), "other_way", "as far from `content` as it should, but on the other side"),
    ("keep_luminance", relit(0.5), "step_scaled", "What is added to `content` is 0.5 times what it should be"),
    (
        "band_losses",
        lambda b, t, w: right("band_losses")(b, t, w) / b[0].numel(),
        "scaled",
        "`bands[0].numel()` (here 240)",
    ),
    (
        "band_losses",
        lambda b, t, w: right("band_losses")(b, t, w) / len(b),
        "scaled",
        "`len(bands)` (here 2) times too",
    ),
    ("dual_loss", lambda *a: right("dual_loss")(*a) / (sum(a[5]) or 1), "scaled", "1/`sum(weights)`"),
    (
        "dual_loss",
        lambda *a: right("dual_loss")(*a[:5], (1.0, 1.0, 1.0)),
        "not_looked_at",
        "`weights` makes no difference",
    ),
    (
        "dual_loss",
        lambda *a: right("dual_loss")(*a) + a[5][2] * a[0].mean(),
        "only_unless_weights_2_is_0",
        "right where the third of `weights` is 0",
    ),
    ("pareto_front", lambda points: np.ones(len(points), dtype=bool), "same_for_every_input", "It is True each time"),
    # what only the first example has
    (
        "channel_scores",
        on_the_first_sizes("channel_scores", lambda x: x + x.exp()),
        "only_the_first_example",
        "wrong on inputs of all other sizes",
    ),
    (
        "by_chance",
        lambda *a: right("by_chance")(*a) + (a != exercises["by_chance"].cases[0].make(torch.float32)) * (1 + a[0]),
        "only_the_first_example",
        "right on the first example, and wrong on all others",
    ),
    # shapes, lengths, keys
    ("gram_matrix", lambda f: GRAM(f).mean(), "single_number", "where a tensor of three axes is asked for"),
    ("gram_matrix", lambda f: 2 * GRAM(f)[:, None], "axis_too_many", "axis 1"),
    ("gram_matrix", lambda f: GRAM(f).mean(1), "axis_missing", "Axis 1 is missing"),
    ("gram_matrix", lambda f: f.abs(), "shape_of_input", "still has the shape of `features`"),
    ("sobel_edges", lambda x: pad(SOBEL(x), (1, 1)), "off_by_some", "Axis 3 is 2 too long"),
    ("sobel_edges", lambda x: SOBEL(x)[..., : x.shape[3] // 2], "only_some_axes", "Only axis 3 is too short"),
    ("split_bands", bands_if(lambda b: b[:-1]), "rest_missing", "What the last blur leaves is missing"),
    ("run_transfer", transferred(lambda i, x: (i, x[:-1])), "stops_early", "it ends too early"),
    ("run_transfer", transferred(lambda i, x: (i, x[1:])), "starts_late", "its beginning is missing"),
    ("run_transfer", transferred(lambda i, x: (i, [*x, 1.0])), "goes_on", "and then goes on"),
    ("layer_weights", weights_if(lambda w: dict(list(w.items())[:-1])), "name_missing", "last of its keys is missing"),
    ("layer_weights", weights_if(lambda w: {**w, "pool5": 0.0}), "name_added", "keys that it should not have"),
    ("style_targets", targets_if(lambda g: 2 * g), "scaled", "each of them: it is 2 times"),
    # what is not looked at, and how it grows
    (
        "output_size",
        lambda size, kernel, padding, stride: right("output_size")(size, kernel, 1, stride),
        None,
        "`padding`",
    ),
    ("spread", lambda batch: right("spread")(batch[:, :-1] if batch.shape[1] > 1 else batch), None, "The last channel"),
    (
        "gram_matrix",
        lambda f: GRAM(f).sign() * GRAM(f).abs().sqrt(),
        "other_power",
        "become a quarter, and becomes half",
    ),
    ("gram_matrix", half_cut, "only_the_gradient", "All values are right"),
]


@pytest.mark.parametrize(("name", "answer", "id", "words"), WHERE)
def test_an_answer_is_told_where_it_is_wrong(name, answer, id, words):
    result = examine(name, answer)
    said = str(result)
    assert id is None or result.mistake == id, said
    assert words in " ".join(said.split()), said
    assert len(said.splitlines()) <= 8


UNTRUE = [  # what is nearly so
    ("only_below_the_diagonal", "gram_matrix", lambda f: with_added(GRAM(f).triu(), (-1, 0, 0))),
    ("only_off_the_diagonal", "gram_matrix", lambda f: with_added(GRAM(f), (0, 0, -1), (-1, 0, 0))),
    ("absolute", "caffe_preprocess", lambda x: with_added(CAFFE(x).abs(), (0, 0, 0, 0))),
    ("without_negatives", "caffe_preprocess", lambda x: CAFFE(x).clamp(min=-1)),
    ("in_round_numbers", "caffe_preprocess", lambda x: CAFFE(x).round() + 1),
    ("in_round_numbers", "total_variation", lambda x: VARIATION(x) * VARIATION(x) * 1e-4),
    (
        "only_the_last_number",
        "style_targets",
        last_target_doubled,
    ),
    ("is_its_square", "total_variation", lambda x: VARIATION(x).square() + (len(x) > 1)),
    ("line", "caffe_preprocess", lambda x: 3 * CAFFE(x) - 2 - (len(x) > 1)),
    ("mirrored", "caffe_preprocess", lambda x: CAFFE(x).flip(3) if len(x) == 1 else CAFFE(x)),
    ("offset_by_channel", "caffe_preprocess", lambda x: with_added(CAFFE(x) + 7 * x.mean(), (0, 0, 0, 0))),
    ("argument_unchanged", "caffe_preprocess", lambda x: with_added(x, (0, 0, 0, 0))),
    ("scaled", "gram_matrix", lambda f: GRAM(f) / f.shape[2] ** (2 if f.shape[3] > 3 else 1)),
    ("inverse", "gram_matrix", lambda f: f.flatten(2) @ f.flatten(2).mT / 0),
    ("single_number", "gram_matrix", lambda f: GRAM(f).mean() if len(f) == 1 else GRAM(f)),
    ("off_by_some", "sobel_edges", lambda x: SOBEL(x)[..., : -1 - x.shape[3] % 2]),
    ("only_some_axes", "sobel_edges", lambda x: SOBEL(x)[..., :-1] if x.shape[3] % 2 else SOBEL(x) + x),
    ("stops_early", "run_transfer", transferred(lambda i, x: (i, [x[0] + 1, *x[1:-1]]))),
    ("name_missing", "layer_weights", weights_if(lambda w: {**dict(list(w.items())[:-1]), "pool5": 0.0})),
    ("not_looked_at", "gram_matrix", lambda f: torch.nan_to_num(correlated(f))),
    ("not_looked_at", "gram_matrix", lambda f: GRAM(f.flatten(2).argsort(2).double().unflatten(2, f.shape[2:]))),
    ("not_looked_at", "gram_matrix", lambda f: GRAM(f) + f[-1, -1, -1, -1] ** 2),
    ("not_looked_at", "spread", lambda batch: right("spread")(batch[:, :-1]) + batch[:, -1].mean()),
    ("other_power", "gram_matrix", lambda f: GRAM(f) / (1 + f.square().mean().sqrt())),
    ("only_unless_weights_2_is_0", "dual_loss", lambda *a: right("dual_loss")(*a) + (a[5][2] + a[5][1]) * a[0].mean()),
    (
        "truth_exchanged",
        "pareto_front",
        lambda p: np.append(~right("pareto_front")(p)[:-1], right("pareto_front")(p)[-1:]),
    ),
    ("same_for_every_input", "pareto_front", lambda points: np.arange(len(points)) < 9),
    (
        "not_looked_at",
        "tight_frame",
        lambda image, cutoffs: [band + band.square() for band in right("tight_frame")(image, sorted(cutoffs))],
    ),
    ("only_the_first_example", "by_chance", lambda k, n: right("by_chance")(k, n) + (n > 10) * (k + 0.3) ** 2),
    (
        "only_the_first_example",
        "channel_scores",
        on_the_first_sizes("channel_scores", lambda x: x + (len(x) > 3) * x.exp()),
    ),
    ("step_scaled", "keep_luminance", lambda r, c: relit(0.5)(r, c) + (len(r) > 1)),
    ("scaled", "mix_grams", lambda grams, weights: mixed(lambda g, left: (g, left / (1 + weights[0])))(grams, weights)),
    ("only_the_gradient", "gram_matrix", lambda f: (GRAM(f) + GRAM(f).detach()) / 2 + (len(f) > 1)),
    ("always_too_large", "gram_matrix", lambda f: GRAM(f) + f.flatten()[0]),
    ("only_the_first_number", "gram_matrix", lambda f: with_added(GRAM(f), (0, 0, 0), (-1, 0, 0))),
    ("only_the_last_number", "gram_matrix", lambda f: with_added(GRAM(f), (slice(None), -1, -1))),
    ("only_the_first_row", "gram_matrix", lambda f: with_added(GRAM(f), (..., 0, slice(None)), (-1, -1, -1))),
    ("only_the_last_column", "gram_matrix", lambda f: with_added(GRAM(f), (..., -1), (0, 0, 0))),
    ("only_on_the_diagonal", "gram_matrix", lambda f: with_added(GRAM(f) * (1 + torch.eye(f.shape[1])), (-1, 0, -1))),
    ("only_beyond_the_first_image", "gram_matrix", lambda f: with_added(first_matrix_for_all(f), (0, 0, 0))),
    ("only_for_several_images", "gram_matrix", gram_if(lambda f: len(f) == 1 and f.shape[2] != f.shape[3])),
    ("only_where_not_square", "gram_matrix", gram_if(lambda f: f.shape[2] == f.shape[3] and f.shape[2] % 2 == 0)),
    ("only_for_odd_sizes", "gram_matrix", gram_if(lambda f: f.shape[2] % 2 == f.shape[3] % 2 == 0 and len(f) == 1)),
    ("only_with_negative", "gram_matrix", gram_if(lambda f: bool((f > 0).all()))),
    ("only_with_zeros", "gram_matrix", gram_if(lambda f: bool((f > -0.5).all()))),
    ("only_with_equal", "gram_matrix", gram_if(lambda f: f.unique().numel() == f.numel() and len(f) == 1)),
    ("offset", "gram_matrix", gram_if(lambda f: f.shape[2] == f.shape[3])),
    ("scaled", "gram_matrix", gram_if(lambda f: f.shape[2] == f.shape[3], lambda m: 2 * m)),
    ("negated", "gram_matrix", gram_if(lambda f: f.shape[2] == f.shape[3], lambda m: -m)),
    (
        "scaled_by_channel",
        "gram_matrix",
        lambda f: with_added(GRAM(f) * torch.arange(2, 2 + f.shape[1])[:, None], (-1, 0, 0)),
    ),
    (
        "scaled_by_image",
        "gram_matrix",
        lambda f: with_added(GRAM(f) * torch.arange(2, 2 + len(f))[:, None, None], (-1, 0, 0)),
    ),
    ("shifted", "unpool", lambda *a: right("unpool")(*a).roll(1, 2 if len(a[0]) > 1 else 3)),
    ("only_after_the_first_call", "gram_matrix", lambda f: GRAM(f) + (f.shape[0] > 1)),
    ("same_for_every_input", "gram_matrix", lambda f: torch.ones(3, 3) * f.shape[1]),
    (
        "only_at_the_border",
        "sobel_edges",
        lambda x: with_added(SOBEL(x), (..., 0, slice(None)), (-1, -1, x.shape[2] // 2, x.shape[3] // 2)),
    ),
    (
        "only_the_last_item",
        "split_bands",
        bands_if(lambda b: [*b[:-1], b[-1] * 2] if len(b) > 2 else [b[0] * 2, *b[1:]]),
    ),
    ("only_the_first_item", "split_bands", bands_if(lambda b: [b[0] * 2, *b[1:-1], b[-1] + (len(b) > 2)])),
    ("one_of_several", "bn_statistics", pair_if(lambda m, s: (m + (len(m) > 1), s.exp()))),
    ("exchanged", "bn_statistics", pair_if(lambda m, s: (s, m + 1))),
    ("only_where_how_is_mixed", "init_image", lambda c, n, how, a: right("init_image")(c, n, how, a / 2) + 0.1),
    ("only_in_float64", "gram_matrix", lambda f: GRAM(f) + 1),
    ("only_at_the_border", "normalized_step", lambda x, g, step: (x + step * g / g.abs().mean()).clamp(min=0)),
    ("only_for_several_images", "top_patches", lambda *a: tuple(found[-1:] for found in right("top_patches")(*a))),
]


@pytest.mark.parametrize(("id", "name", "answer"), UNTRUE)
def test_what_is_not_true_of_an_answer_is_not_told(id, name, answer):
    result = examine(name, answer)
    assert not result.passed
    assert result.mistake != id, str(result)


@pytest.mark.parametrize("test", [lambda f: f.shape[2] == 3, lambda f: f.numel() % 7, lambda f: f.sum() > 0])
def test_what_depends_on_something_else_is_not_explained(test):
    assert (
        examine(
            "gram_matrix", gram_if(test, lambda m: m * torch.rand(m.shape, generator=torch.Generator().manual_seed(1)))
        ).mistake
        is None
    )


def test_what_raises_an_error_elsewhere_is_told_in_numbers():
    """Nothing is said of where it is wrong, for there it has no numbers; what was seen of it is told all the same."""
    result = examine("shrink_mask", steps_that_skip)
    assert result.outcome == "not yet"
    assert "has 6 of 6 numbers wrong" in " ".join(str(result).split())


def test_no_mistake_has_the_id_of_a_formula():
    told = {id for id, _, _ in (*_FUNCTIONS, *_UNDONE)} | {
        "in_round_numbers",
        "cut_off",
        "line",
        "complement",
        "mirrored",
    }
    known = {mistake.id for exercise in exercises.values() for mistake in exercise.mistakes}
    assert not (told | set(DEPENDS)) & known
