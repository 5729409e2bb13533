"""A check never accuses falsely: right answers pass, however they are written."""

import pytest
import torch
from right_answers import RIGHT_ANSWERS

from nstlib.check import examine, exercises

ANSWERS = [pytest.param(name, answer, id=answer.__name__) for name, them in RIGHT_ANSWERS.items() for answer in them]
CONVENTIONS = [
    pytest.param(name, convention, id=f"{name}-{convention.id}")
    for name, exercise in exercises.items()
    for convention in exercise.conventions
]


@pytest.mark.parametrize("name", exercises)
def test_the_reference_passes(name):
    result = examine(name, exercises[name].reference)
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


def test_a_right_answer_passes_whatever_the_threads():
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            assert examine("gram_matrix", exercises["gram_matrix"].reference).passed
    finally:
        torch.set_num_threads(threads)


def test_a_right_answer_passes_under_no_grad():
    with torch.no_grad():
        assert examine("content_loss", exercises["content_loss"].reference).passed
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
