"""The inversion explorer: errors in the browser are the library's."""

from __future__ import annotations

import pytest
import torch
from inputs import inverted

from nstlib.errors import ChoiceError, ShapeError
from nstlib.widgets import (
    explore_inversion,
)


def test_how_far_pixels_are_off_is_their_root_mean_square_difference(rng, run_node):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    runs = inverted(photo, rng)
    state = explore_inversion(photo, runs, static=True).state
    script = """
      const photo = kit.asPicture(given.photo).data;
      const answer = given.runs.map(({ pictures }) => pictures.map((one) => it.pixelError(kit.asPicture(one).data, photo)));
    """
    for found, got in zip(runs.values(), run_node("inversion", script, state), strict=True):
        wanted = [float((step.image - photo).square().mean().sqrt()) for step in found.values()]
        assert got == pytest.approx(wanted, abs=1 / 255)  # they travel as bytes
    assert [run["errors"] for run in state["runs"]] == 2 * [[0, 0.01, 0.02]]


def test_runs_with_other_layers_or_other_shapes_are_refused(rng):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    runs = inverted(photo, rng)
    with pytest.raises(ShapeError, match=r"trained, relu1_2 has shape \(1, 3, 10, 16\), the photo \(1, 3, 10, 15\)"):
        explore_inversion(photo[..., :15], runs)
    del runs["trained"]["relu2_2"]
    with pytest.raises(ChoiceError, match="the same two layers or more in each"):
        explore_inversion(photo, runs)
    with pytest.raises(ChoiceError, match="the same two layers or more in each, got {}"):
        explore_inversion(photo, {})
