"""An answer that no named mistake fits is told where it is wrong, and only what is true of it."""

import pytest
import torch

from nstlib.check import examine, exercises


def right(name):
    return exercises[name].reference


GRAM, SOBEL, BANDS = right("gram_matrix"), right("sobel_edges"), right("split_bands")


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


def from_the_second_call_on():
    calls = []

    def gram_matrix(features):
        calls.append(1)
        return GRAM(features) + (len(calls) > 1)

    return gram_matrix


def first_result_kept():
    kept = {}
    return lambda features: kept.setdefault("matrix", GRAM(features))


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
]


@pytest.mark.parametrize(("name", "answer", "id", "words"), WHERE)
def test_an_answer_is_told_where_it_is_wrong(name, answer, id, words):
    result = examine(name, answer)
    said = str(result)
    assert id is None or result.mistake == id, said
    assert words in " ".join(said.split()), said
    assert len(said.splitlines()) <= 8


UNTRUE = [  # what is nearly so
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
