"""The deconvnet stepper: each step of the way up and back is the library's."""

from __future__ import annotations

import pytest
import torch
from inputs import TINY

from nstlib.deconvnet import on_gray, project
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import random_network
from nstlib.widgets import (
    explore_deconvnet,
)


def test_the_way_back_ends_at_the_projection_and_the_way_up_passes_every_layer(rng, run_node):
    image, networks = torch.rand(1, 3, 24, 24, generator=rng), {"one": TINY, "other": random_network("tiny")}
    state = explore_deconvnet(image, networks, "relu2_1", (3, 4), static=True).state
    path = list(TINY.layers[: TINY.layers.index("relu2_1") + 1])
    assert [step for step in state["steps"] if step.startswith("up")] == [f"up: {name}" for name in path]
    assert [step.split()[-1] for step in state["steps"] if step.startswith("down")] == path[::-1]
    script = """
      const answer = given.runs.map(({ frames }) => frames.map((one) => [...kit.asPicture(one).data]));
    """
    for network, run, frames in zip(
        networks.values(), state["runs"], run_node("deconvnet", script, state), strict=True
    ):
        with torch.no_grad():
            maps = network(image, path)
        assert run["channel"] == int(maps["relu2_1"][0, :, 3, 4].argmax())
        wanted = on_gray(project(network, image, "relu2_1", run["channel"], (3, 4)))[0]
        torch.testing.assert_close(torch.tensor(frames[-1]).view_as(wanted), wanted, atol=1 / 255, rtol=0)
        lengths = maps["pool1"][0].norm(dim=0)
        shown = torch.tensor(frames[state["steps"].index("up: pool1")]).view_as(lengths)
        torch.testing.assert_close(shown, lengths / lengths.max(), atol=1 / 255, rtol=0)
        rectified = run["frames"][state["steps"].index("up: relu1_2")]
        lengths = maps["relu1_2"][0].norm(dim=0)
        assert rectified["lit"] == pytest.approx(float((lengths > 0).float().mean()), abs=1e-4)
        assert rectified["peak"] == pytest.approx(float(lengths.max()), rel=1e-4)
        kept = frames[state["steps"].index("turn: one unit of relu2_1 kept")]
        assert [k for k, value in enumerate(kept) if value] == [3 * 12 + 4]


def test_networks_that_cannot_be_stepped_through_together_are_refused(rng):
    image = torch.rand(1, 3, 24, 24, generator=rng)
    with pytest.raises(ChoiceError, match="needs networks by name"):
        explore_deconvnet(image, {}, "relu2_1", (0, 0))
    with pytest.raises(ShapeError, match="no row 50"):
        explore_deconvnet(image, {"one": TINY}, "relu2_1", (50, 0))
