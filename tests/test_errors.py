"""What comes in is checked once, in words that say what was needed, what came, and what there is."""

from __future__ import annotations

import math

import pytest

from nstlib.errors import LARGEST_SEED, ChoiceError, DivergenceError, choice, finite_number, shown, whole_number


def test_a_choice_that_there_is_comes_back():
    assert choice("method", "adam", ["lbfgs", "adam"]) == "adam"


def test_an_unknown_choice_is_answered_with_those_that_there_are():
    with pytest.raises(ChoiceError, match=r"^There is no method 'sgd'. Choose one of: lbfgs, adam.$"):
        choice("method", "sgd", iter(["lbfgs", "adam"]))


@pytest.mark.parametrize("value", [1, 7])
def test_a_whole_number_that_is_enough_comes_back(value):
    assert whole_number("steps", value, 1) == value


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, math.nan])
def test_what_is_no_whole_number_or_too_little_is_named(value):
    with pytest.raises(ChoiceError, match="^steps must be a whole number of at least 1, got ") as caught:
        whole_number("steps", value, 1)
    assert str(caught.value).endswith(f"{value!r}.")


@pytest.mark.parametrize(("value", "above"), [(0.0, False), (0, False), (1e-9, True), (3, True)])
def test_a_finite_number_that_is_enough_comes_back(value, above):
    assert finite_number("weight", value, above=above) == value


@pytest.mark.parametrize("value", [-1e-9, math.inf, math.nan, True, "1", None])
def test_what_is_not_finite_or_too_little_is_named(value):
    with pytest.raises(ChoiceError, match="^weight must be a finite number, 0 or larger, got "):
        finite_number("weight", value)


def test_the_least_itself_can_be_too_little():
    with pytest.raises(ChoiceError, match=r"^weight must be a finite number, above 0, got 0\.$"):
        finite_number("weight", 0, above=True)


def test_who_diverges_hands_over_the_last_good_step():
    assert DivergenceError("too far", "step 3").last == "step 3"
    assert DivergenceError("too far").last is None


def test_numbers_may_have_two_ends():
    assert whole_number("x", 5, 1, 5) == 5
    assert finite_number("x", 5.0, most=5) == 5
    with pytest.raises(ChoiceError, match=r"x must be a whole number of at most 5,000, got 5001"):
        whole_number("x", 5001, 1, 5000)
    with pytest.raises(ChoiceError, match=r"x must be a whole number of at most 2\*\*63 - 1, got 9223372036854775808"):
        whole_number("x", 2**63, 0, LARGEST_SEED)
    with pytest.raises(ChoiceError, match=r"x must be a number up to 5, got 10{199}\.\.\."):
        finite_number("x", 10**400, most=5)


def test_long_values_are_quoted_in_part():
    assert len(shown(["abc"] * 1000)) < 210
    assert shown([1]) == "[1]"
