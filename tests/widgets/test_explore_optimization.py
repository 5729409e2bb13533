"""The explorer of transfers step by step: each step's image and losses."""

from __future__ import annotations

import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from inputs import painted
from PIL import Image

from nstlib import transfer
from nstlib.errors import ChoiceError
from nstlib.widgets import (
    explore_optimization,
)


def test_each_frame_is_its_steps_image(rng):
    run = painted(rng)
    state = explore_optimization({"classic": run}, static=True).state
    for step, frame in zip(run, state["runs"][0]["frames"], strict=True):
        with Image.open(io.BytesIO(base64.b64decode(frame.split(",")[1]))) as picture:
            assert picture.size == (36, 24)
            assert np.abs(np.array(picture.convert("RGB")) / 255 - float(step.image.mean())).max() < 0.02


def test_frames_of_128_pixels_are_light(rng):
    noisy = [transfer.Step(k, torch.rand(1, 3, 85, 128, generator=rng), 0.0, 1.0, 0.0, 1.0) for k in range(26)]
    smooth = [
        transfer.Step(k, F.interpolate(step.image[..., ::4, ::4], size=(85, 128), mode="bicubic"), 0.0, 1.0, 0.0, 1.0)
        for k, step in enumerate(noisy)
    ]
    assert len(explore_optimization({"one": smooth, "other": smooth}, static=True)._repr_html_()) < 600_000


def test_a_loss_that_begins_at_nothing_has_a_linear_axis(run_node):
    script = "const answer = [it.lossAxis([0, 2]), it.lossAxis([0.1, 2]), it.lossAxis([-4, 2])];"
    linear, logarithmic, below = run_node("optimization", script, None)
    assert (below["log"], below["low"] < -4) == (False, True)
    assert (linear["low"], linear["log"], logarithmic["log"]) == (0, False, True)
    assert logarithmic["low"] < 0.1
    assert min(linear["high"], logarithmic["high"]) > 2


def test_of_other_runs_the_numbers_that_are_named_are_shown(rng):
    run = [SimpleNamespace(index=k, image=torch.rand(1, 3, 8, 8, generator=rng), value=k - 1.0) for k in (0, 3, 9)]
    state = explore_optimization({"one": run}, curves={"value": "activation"}, title="A climb", static=True).state
    assert (state["runs"][0]["steps"], state["runs"][0]["value"]) == ([0, 3, 9], [-1.0, 2.0, 8.0])
    assert (state["curves"], state["curve"]) == ([{"key": "value", "name": "activation"}], "value")
    assert state["title"] == "A climb"


def test_a_moment_between_two_steps_shows_the_earlier_and_is_nearest_to_one(run_node):
    script = "const answer = [-1, 0, 2, 3, 50].map((t) => [it.lastUpTo([0, 3, 9], t), it.nearest([0, 3, 9], t)]);"
    assert run_node("optimization", script, None) == [[0, 0], [0, 0], [0, 1], [1, 1], [2, 2]]


def test_what_is_no_curve_is_named(rng):
    with pytest.raises(ChoiceError, match=r"The steps of 'classic' are Step records, which have no 'value'"):
        explore_optimization({"classic": painted(rng)}, curves={"value": "activation"})
    with pytest.raises(ChoiceError, match="needs a curve, such as"):
        explore_optimization({"classic": painted(rng)}, curves={})


def test_a_player_needs_steps():
    with pytest.raises(ChoiceError, match=r"one step or more in each, got \{'dual': 0\} steps"):
        explore_optimization({"dual": []})
    with pytest.raises(ChoiceError, match=r"got \{\} steps"):
        explore_optimization({})
