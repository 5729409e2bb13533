"""A right answer that is spoilt in one way is right no longer."""

from itertools import product

import numpy as np
import pytest
import torch
from adversaries import careless, detached, keeps_what_comes, spoilable, spoilt
from sampling import sampled

from nstlib.check import examine, exercises

WAYS = range(8)
# Another two of them in each exercise, the same on every machine.
USUAL = {(name, (sum(map(ord, name)) + k) % len(WAYS)) for name in exercises for k in (0, 3)}
SPOILABLE = [name for name, exercise in exercises.items() if spoilable(exercise.cases[0].make(torch.float32))]


@pytest.mark.parametrize(("name", "which"), sampled(product(exercises, WAYS), USUAL))
def test_a_spoilt_reference_is_rejected(name, which):
    answer = spoilt(exercises[name].reference)[which]
    if name == "shuffle_positions" and answer.__name__ == "negated":
        assert examine(name, answer).mistake == "negated"
    result = examine(name, answer)
    assert not result.passed
    assert len(str(result).splitlines()) <= 8


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
