"""Nonsense does not pass, and nothing disturbs the check."""

import random
from itertools import product

import numpy as np
import pytest
import torch
from adversaries import NONSENSE, first_argument, last_argument
from sampling import sampled

from nstlib.check import examine, exercises
from nstlib.check.examiner.judge import examine_exercise
from nstlib.check.exercise import call

ALL = range(len(NONSENSE))  # by number: pytest itself chokes on some of them
OTHER_ARGUMENTS = (  # features, an array, a list of sizes, a function, a generator: all that nonsense can be handed
    "gram_matrix",
    "to_tensor",
    "receptive_field",
    "gradient_step",
    "tile_gram",
)


def _tried(name):
    """All of it where an exercise watches in its own way or stands for its kind of arguments; else two of it."""
    watched = exercises[name].observe is not call
    first = sum(map(ord, name))  # another two in each exercise, the same on every machine
    return ALL if watched or name in OTHER_ARGUMENTS else [(first + k * 11) % len(NONSENSE) for k in range(2)]


USUAL = {(name, which) for name in exercises for which in _tried(name)}


@pytest.mark.parametrize(("name", "which"), sampled(product(exercises, ALL), USUAL))
def test_nonsense_is_rejected_without_an_exception(name, which):
    result = examine(name, NONSENSE[which])
    assert not result.passed
    assert 1 <= len(str(result).splitlines()) <= 8


@pytest.mark.parametrize("name", exercises)
def test_an_argument_handed_back_is_rejected(name):
    assert not examine(name, first_argument).passed
    assert not examine(name, last_argument).passed


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
    examine_exercise(exercises[name], exercises[name].reference)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert (before[2] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_an_unknown_name_is_a_result_and_not_an_exception():
    result = examine("gram_matricks", first_argument)
    assert result.outcome == "error"
    assert "gram_matrix" in result.message
