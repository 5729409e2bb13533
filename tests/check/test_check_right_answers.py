"""A check never accuses falsely: right answers pass, however they are written."""

import pytest
import torch
from right_answers import RIGHT_ANSWERS
from right_answers.intervals import interval_by_percentiles_of_a_table
from skimage.metrics import structural_similarity

from nstlib.check import examine, exercises
from nstlib.check.examiner.judge import examine_exercise
from nstlib.colors import luminance
from nstlib.filters import sobel_edges

ANSWERS = [pytest.param(name, answer, id=answer.__name__) for name, them in RIGHT_ANSWERS.items() for answer in them]
CONVENTIONS = [
    pytest.param(name, convention, id=f"{name}-{convention.id}")
    for name, exercise in exercises.items()
    for convention in exercise.conventions
]


@pytest.mark.parametrize("name", exercises)
def test_the_reference_passes(name):
    result = examine_exercise(exercises[name], exercises[name].reference)
    assert result.passed, str(result)
    assert result.mistake is None
    assert result.convention is None


@pytest.mark.parametrize("name", exercises)
def test_every_exercise_has_three_right_answers_in_other_words(name):
    assert len(RIGHT_ANSWERS[name]) >= 3


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_a_right_answer_in_other_words_passes(name, answer):
    result = examine(name, answer)
    assert result.passed, str(result)
    assert result.convention is None


@pytest.mark.parametrize(("name", "convention"), CONVENTIONS)
def test_another_documented_convention_passes_and_is_named(name, convention):
    result = examine(name, convention.function)
    assert result.passed, str(result)
    assert result.convention == convention.id
    assert "numbers" in result.message


@pytest.mark.parametrize(
    ("settings", "convention"),
    [
        ({"gaussian_weights": True, "sigma": 1.5}, "sample_covariance"),
        ({}, "square_window"),
    ],
)
def test_scikit_image_as_it_comes_is_another_convention_of_similarity(settings, convention):
    def ssim(image, reference):
        pairs = zip(image.numpy(), reference.numpy(), strict=True)
        return [structural_similarity(x, y, channel_axis=0, data_range=1.0, **settings) for x, y in pairs]

    result = examine("ssim", ssim)
    assert result.passed, str(result)
    assert result.convention == convention


def test_an_edge_similarity_on_ones_own_convention_of_similarity_is_right_too():
    own = {convention.id: convention.function for convention in exercises["ssim"].conventions}["all_positions"]

    def edge_ssim(image, reference):
        return own(*(2 * sobel_edges(luminance(each)) for each in (image, reference)))

    assert examine("edge_ssim", edge_ssim).convention == "all_positions"


@pytest.mark.parametrize("stream", range(6))
def test_what_is_drawn_at_random_is_right_whatever_the_numbers_drawn(stream):
    def bootstrap_interval(differences, rounds, seed):
        return interval_by_percentiles_of_a_table(differences, rounds, 1000 * seed + stream)

    result = examine("bootstrap_interval", bootstrap_interval)
    assert result.passed, str(result)


def test_a_right_answer_passes_whatever_the_threads():
    exercise = exercises["gram_matrix"]
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            assert examine_exercise(exercise, exercise.reference).passed
    finally:
        torch.set_num_threads(threads)


def test_a_right_answer_passes_under_no_grad():
    exercise = exercises["content_loss"]
    with torch.no_grad():
        assert examine_exercise(exercise, exercise.reference).passed
        assert not torch.is_grad_enabled()


def test_a_right_answer_that_prints_and_warns_passes_in_silence(capsys, recwarn):
    def talkative(features):
        import warnings

        print("here")
        warnings.warn("there", stacklevel=2)
        return exercises["gram_matrix"].reference(features)

    assert examine("gram_matrix", talkative).passed
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list


def test_a_callable_object_and_a_partial_are_functions_too():
    import functools

    class Gram:
        def __call__(self, features):
            return exercises["gram_matrix"].reference(features)

    assert examine("gram_matrix", Gram()).passed
    assert examine("gram_matrix", functools.partial(exercises["gram_matrix"].reference)).passed
