"""Every named mistake is rejected by its own name, and every law holds and can fail."""

import pytest
import torch
from adversaries import careless, spoilable, spoilt

from nstlib.check import examine, exercises
from nstlib.check.examiner.sandbox import attempt

MISTAKES = [  # each as it is made most often; its variants where all is tried
    pytest.param(
        name,
        mistake,
        function,
        id=f"{name}-{mistake.id}-{function.__name__}",
        marks=[pytest.mark.exhaustive] * (function is not mistake.function),
    )
    for name, exercise in exercises.items()
    for mistake in exercise.mistakes
    for function in mistake.functions
]


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


def test_no_message_begins_with_a_name_in_code_that_would_be_capitalized():
    records = [r for exercise in exercises.values() for r in (*exercise.mistakes, *exercise.conventions)]
    assert not [record.message for record in records if record.message[0].islower()]


@pytest.mark.parametrize(("name", "mistake", "function"), MISTAKES)
def test_a_named_mistake_is_rejected_by_its_own_name(name, mistake, function):
    result = examine(name, function)
    assert not result.passed
    assert result.outcome == "not yet"
    assert result.mistake == mistake.id, str(result)
    assert result.message == mistake.message
    assert len(str(result).splitlines()) <= 8
    assert mistake.message.split()[-1] in str(result)  # the message is not cut off


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
    if spoilable(exercise.cases[0].make(torch.float32)):
        wrong.append(careless(exercise.reference))
    for law in exercise.laws:
        assert law.holds(exercise.reference), law.sentence
        broken = [*wrong, *spoilt(exercise.reference)]
        assert any(attempt(lambda f=f, law=law: bool(law.holds(f)), f) is not True for f in broken), law.sentence
