"""The explorer of transfers step by step: each step's image and losses."""

from __future__ import annotations

import base64
import io

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
    linear, logarithmic = run_node("optimization", "const answer = [it.lossAxis([0, 2]), it.lossAxis([0.1, 2])];", None)
    assert (linear["low"], linear["log"], logarithmic["log"]) == (0, False, True)
    assert logarithmic["low"] < 0.1
    assert min(linear["high"], logarithmic["high"]) > 2


def test_a_player_needs_steps():
    with pytest.raises(ChoiceError, match=r"one step or more in each, got \{'dual': 0\} steps"):
        explore_optimization({"dual": []})
    with pytest.raises(ChoiceError, match=r"got \{\} steps"):
        explore_optimization({})
