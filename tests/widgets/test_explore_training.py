"""The training explorer: filters in the browser are those of the training."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from inputs import trained_snapshots

from nstlib.errors import ChoiceError
from nstlib.filter_measures import feature_drift, filter_grid
from nstlib.training import Snapshot, load_snapshots
from nstlib.widgets import (
    explore_training,
)


@pytest.fixture
def trained(rng):
    return trained_snapshots(rng)


def test_the_sheet_in_the_browser_is_filter_grid(trained, run_node):
    state = explore_training(trained, static=True).state
    script = """
      const filters = kit.decode(given.filters);
      const sheets = [0, 1, 2].map((k) => it.sheet(filters, k, 4));
      const answer = sheets.map(({ pixels, height, width }) => [height, width, [...pixels]]);
    """
    for one, (height, width, pixels) in zip(trained, run_node("training", script, state), strict=True):
        got = torch.tensor(pixels).view(height, width, 4)
        wanted = (filter_grid(one.filters, 4)[0] * 255).permute(1, 2, 0)
        shown = got[..., 3] > 0
        assert int(shown.sum()) == 7 * 25
        torch.testing.assert_close(got[..., :3][shown].float(), wanted[shown], atol=1, rtol=0)


def test_each_filters_turns_average_to_the_layers_drift(trained):
    first, *later = json.loads(json.dumps(explore_training(trained, static=True).state["snapshots"]))
    assert first["drift"] is first["turned"] is None
    for before, now, facts in zip(trained, trained[1:], later, strict=False):
        assert facts["drift"] == pytest.approx(feature_drift(before.filters, now.filters).item(), abs=1e-4)
        assert np.mean(facts["turned"]) == pytest.approx(facts["drift"], abs=1e-4)
        a, b = before.filters[5].flatten(), now.filters[5].flatten()
        assert facts["turned"][5] == pytest.approx(1 - F.cosine_similarity(a, b, dim=0).item(), abs=1e-4)


def test_the_courses_own_training_is_small_enough_for_a_page():
    assert len(explore_training(load_snapshots(), static=True)._repr_html_()) < 100_000


def test_a_training_needs_two_snapshots_of_one_shape(trained):
    with pytest.raises(ChoiceError, match="two snapshots or more with filters of one shape, got 1 with 1 shapes"):
        explore_training(trained[:1])
    other = Snapshot(epoch=9, loss=0, accuracy=1, held_out=1, state={"conv1.weight": torch.zeros(7, 3, 3, 3)})
    with pytest.raises(ChoiceError, match="got 4 with 2 shapes"):
        explore_training([*trained, other])
