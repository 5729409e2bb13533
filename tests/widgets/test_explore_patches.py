"""The explorer of the strongest patches: which pictures travel, and where each patch is."""

from __future__ import annotations

import pytest
from inputs import strongest

from nstlib.errors import ChoiceError
from nstlib.widgets import (
    explore_patches,
)


def test_only_pictures_with_a_patch_travel_and_each_once(rng):
    batches, found = strongest(rng)
    some = {"relu1_2": {c: best[:2] for c, best in list(found["relu1_2"].items())[:1]}}
    state = explore_patches(batches, some, static=True).state
    ((channel, best),) = some["relu1_2"].items()
    used = sorted({patch.image for patch in best})
    assert len(state["photos"]) == len(used)
    shown = state["layers"][0]["channels"][0]
    assert shown["channel"] == channel
    for patch, facts in zip(best, shown["patches"], strict=True):
        assert used[facts["photo"]] == patch.image
        assert (tuple(facts["box"]), facts["row"], facts["column"]) == (patch.box, patch.row, patch.column)
        assert facts["value"] == pytest.approx(patch.activation, rel=1e-4)


def test_arrows_walk_the_wall_and_stop_at_its_edges(run_node):
    script = """
      const walk = (place, keys) => keys.reduce((at, key) => it.neighbor(at, `Arrow${key}`, 9), place);
      const answer = [walk(0, ["Right", "Down", "Down"]), walk(0, ["Up", "Left"]), walk(8, ["Down", "Left"])];
    """
    assert run_node("patches", script, None) == [7, 0, 7]


def test_other_pictures_than_those_that_were_looked_at_are_noticed(rng):
    batches, found = strongest(rng)
    with pytest.raises(ChoiceError, match="A patch is not where it should be in one of 6 images"):
        explore_patches(batches[::-1], found)
    with pytest.raises(ChoiceError, match="in one of 0 images"):
        explore_patches(iter(()), found)
    with pytest.raises(ChoiceError, match="needs a patch in each channel"):
        explore_patches(batches, {"relu1_2": {0: []}})
