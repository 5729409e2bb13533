"""Every named mistake is rejected by its own name; nothing else passes, and nothing disturbs the check."""

import random

import numpy as np
import pytest
import torch
from adversaries import (
    NONSENSE,
    careless,
    detached,
    first_argument,
    keeps_what_comes,
    last_argument,
    spoilable,
    spoilt,
)

from nstlib.check import examine, exercises
from nstlib.check.guard import attempt

MISTAKES = [
    pytest.param(name, mistake, function, id=f"{name}-{mistake.id}-{function.__name__}")
    for name, exercise in exercises.items()
    for mistake in exercise.mistakes
    for function in mistake.functions
]
SPOILABLE = [name for name, exercise in exercises.items() if spoilable(exercise.cases[0].make(torch.float32))]


@pytest.mark.parametrize("name", exercises)
def test_every_exercise_is_complete(name):
    exercise = exercises[name]
    assert len(exercise.laws) >= 4
    assert len(exercise.mistakes) >= 4
    assert len({mistake.id for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len(exercise.cases) >= 3
    assert len(exercise.hints) == 3
    assert exercise.difficulty in (1, 2, 3)
    assert exercise.signature.startswith(f"{name}(")


@pytest.mark.parametrize(("name", "mistake", "function"), MISTAKES)
def test_a_named_mistake_is_rejected_by_its_own_name(name, mistake, function):
    result = examine(name, function)
    assert not result.passed
    assert result.outcome == "not yet"
    assert result.mistake == mistake.id, str(result)
    assert result.message == mistake.message
    assert len(str(result).splitlines()) <= 8
    assert mistake.message.split()[-1] in str(result)  # the message is not cut off


@pytest.mark.parametrize("name", exercises)
@pytest.mark.parametrize("which", range(len(NONSENSE)))  # by number: pytest itself chokes on some of them
def test_nonsense_is_rejected_without_an_exception(name, which):
    result = examine(name, NONSENSE[which])
    assert not result.passed
    assert 1 <= len(str(result).splitlines()) <= 8


@pytest.mark.parametrize("name", exercises)
@pytest.mark.parametrize("which", range(8))
def test_a_spoilt_reference_is_rejected(name, which):
    answer = spoilt(exercises[name].reference)[which]
    if name == "shuffle_positions" and answer.__name__ == "negated":
        assert examine(name, answer).mistake == "negated"
    result = examine(name, answer)
    assert not result.passed
    assert len(str(result).splitlines()) <= 8


@pytest.mark.parametrize("name", exercises)
def test_an_argument_handed_back_is_rejected(name):
    assert not examine(name, first_argument).passed
    assert not examine(name, last_argument).passed


@pytest.mark.parametrize("name", [name for name, exercise in exercises.items() if exercise.differentiable])
def test_a_detached_result_is_rejected_as_a_cut_gradient(name):
    result = examine(name, detached(exercises[name].reference))
    assert result.mistake == "gradient_cut", str(result)


@pytest.mark.parametrize("name", SPOILABLE)
def test_a_right_answer_that_spoils_its_input_is_rejected(name):
    result = examine(name, careless(exercises[name].reference))
    assert not result.passed, str(result)


def test_writing_into_the_tensors_that_a_generator_hands_out_is_noticed():
    def average_iterates(iterates, decay):
        return exercises["average_iterates"].reference((image.mul_(2) for image in iterates), decay) / 2

    def tile_gram(tiles):
        return exercises["tile_gram"].reference(tile.mul_(2) for tile in tiles) / 4

    assert examine("average_iterates", average_iterates).mistake == "writes_into_the_iterates"
    result = examine("tile_gram", tile_gram)
    assert result.mistake == "changes_its_input"
    assert "`tiles`" in result.message


def test_collecting_what_a_generator_hands_out_is_right_unless_it_is_one_tensor_changed_in_place():
    assert examine("tile_gram", keeps_what_comes(exercises["tile_gram"].reference)).passed
    result = examine("average_iterates", keeps_what_comes(exercises["average_iterates"].reference))
    assert result.mistake == "references_kept"


def test_writing_into_an_array_is_noticed_where_it_holds_nan():
    def bootstrap_interval(differences, rounds, seed):
        result = exercises["bootstrap_interval"].reference(differences, rounds, seed)
        np.nan_to_num(differences, copy=False)
        return result

    result = examine("bootstrap_interval", bootstrap_interval)
    assert result.mistake == "changes_its_input"
    assert "`differences`" in result.message


@pytest.mark.parametrize(
    "function",
    [function for mistake in exercises["bootstrap_interval"].mistakes for function in mistake.functions],
    ids=lambda function: function.__name__,
)
def test_a_wrong_interval_is_rejected_whatever_the_numbers_drawn(function):
    def bootstrap_interval(differences, rounds, seed):
        return function(differences, rounds, 1000 * seed + 1)

    assert not examine("bootstrap_interval", bootstrap_interval).passed


@pytest.mark.parametrize("name", exercises)
def test_every_law_holds_and_can_fail(name):
    exercise = exercises[name]
    wrong = [function for mistake in exercise.mistakes for function in mistake.functions]
    for law in exercise.laws:
        assert law.holds(exercise.reference), law.sentence
        broken = [*wrong, *spoilt(exercise.reference), *([careless(exercise.reference)] if name in SPOILABLE else [])]
        assert any(attempt(lambda f=f, law=law: bool(law.holds(f)), f) is not True for f in broken), law.sentence


@pytest.mark.parametrize("name", ["gram_matrix", "run_transfer"])
def test_an_examination_leaves_the_session_as_it_was(name):
    def meddles(*arguments):
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        raise ValueError

    torch.manual_seed(5)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    examine(name, meddles)
    examine(name, exercises[name].reference)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert (before[2] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_an_unknown_name_is_a_result_and_not_an_exception():
    result = examine("gram_matricks", first_argument)
    assert result.outcome == "error"
    assert "gram_matrix" in result.message
