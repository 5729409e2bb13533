"""Cases drawn from what a statement allows: the reference answers all of them, and an answer is held to them."""

import dataclasses

import pytest
import torch
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from nstlib.check import examine, exercises
from nstlib.check.drawing import NoneAllowed, Seeded, Sizes, drawn_case, drawn_cases, either, tensor, together, whole
from nstlib.check.examiner.observe import Cut, agree, watch

DRAWN = list(exercises)


class Hypothesis:
    """Choices that hypothesis makes, and makes simpler where something fails."""

    def __init__(self, data):
        self._data = data

    def whole(self, least, most):
        return self._data.draw(st.integers(least, most))

    def one_of(self, options):
        return self._data.draw(st.sampled_from(options))


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_reference_answers_whatever_the_statement_allows_alike_in_both_precisions(name, data):
    exercise = exercises[name]
    try:
        case = drawn_case(exercise, Hypothesis(data), tries=1)
    except NoneAllowed:
        reject()
    single, double = (watch(exercise, exercise.reference, case, dtype) for dtype in (torch.float32, torch.float64))
    assert single.failure is None, f"{case.label}: {single.failure}"
    assert agree([double], [single]), case.label
    assert not isinstance(single.gradient, Cut), f"{case.label}: {single.gradient}"


@pytest.mark.parametrize("name", DRAWN)
def test_the_table_names_the_arguments_as_the_statement_does(name):
    exercise = exercises[name]
    between = exercise.signature.partition("(")[2].rpartition(")")[0]
    assert list(exercise.takes) == [part.split("=")[0].strip() for part in between.split(",")]


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_cases_are_drawn_each_time_and_others_for_another_purpose(name):
    labels = [[case.label for case in drawn_cases.__wrapped__(exercises[name], p, 4)] for p in ("a", "a", "b")]
    assert labels[0] == labels[1]
    makes = [drawn_cases.__wrapped__(exercises[name], p, 4)[0].make(torch.float32) for p in ("a", "b")]
    assert labels[0] != labels[2] or str(makes[0]) != str(makes[1])


def test_the_same_letter_is_the_same_size():
    pick = Seeded(3)
    sizes = Sizes(pick, {"H": (2, 9)})
    shapes = [tensor("B 3 H H")(pick, sizes)[1](torch.float64).shape for _ in range(5)]
    assert len(set(shapes)) == 1
    assert shapes[0][1] == 3
    assert shapes[0][2] == shapes[0][3]


def test_an_answer_that_is_right_on_all_examples_is_held_to_the_drawn_cases_too():
    shapes = {tuple(case.make(torch.float32)[0].shape) for case in exercises["gram_matrix"].cases}

    def gram_matrix(features):
        vectors = features.flatten(2)
        matrix = vectors @ vectors.mT / vectors.shape[-1]
        return matrix if tuple(features.shape) in shapes or features.shape[-1] % 2 == 0 else matrix * 1.1

    result = examine("gram_matrix", gram_matrix)
    assert not result.passed


def test_a_name_is_told_only_if_it_is_true_on_drawn_cases():
    """Right beside the mistake on the examples only: nobody made it."""
    shapes = {tuple(case.make(torch.float32)[0].shape) for case in exercises["gram_matrix"].cases}

    def gram_matrix(features):
        vectors = features.flatten(2)
        matrix = vectors @ vectors.mT / vectors.shape[-1]
        return matrix / vectors.shape[-1] if tuple(features.shape) in shapes else matrix

    assert examine("gram_matrix", gram_matrix).mistake != "normalized_twice"


def test_arguments_that_belong_together_are_made_together():
    def draw(pick, sizes):
        number = pick.whole(1, 1000)
        return ("a list", "its first"), lambda dtype: (lambda made: (made, made))([number])

    one, other = together(2, draw)
    pick = Seeded(1)
    makes = [(one(pick, Sizes(pick, {}))[1], other(pick, Sizes(pick, {}))[1]) for _ in range(2)]
    made = [tuple(make(torch.float32) for make in pair) for pair in makes]
    again = tuple(make(torch.float32) for make in makes[0])
    assert all(first is second for first, second in (*made, again))
    assert made[0][0] == again[0]
    assert made[0][0] is not again[0]
    assert made[0][0] != made[1][0]


def test_either_kind_is_drawn():
    pick = Seeded(2)
    drawn = {either(whole(1, 1), whole(2, 2))(pick, Sizes(pick, {}))[0] for _ in range(20)}
    assert drawn == {"1", "2"}


def test_a_table_that_allows_nothing_says_so():
    exercise = dataclasses.replace(exercises["gram_matrix"], allowed=lambda features: False)
    with pytest.raises(NoneAllowed, match="gram_matrix: none of 5"):
        drawn_case(exercise, Seeded(1), tries=5)
