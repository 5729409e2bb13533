"""A job says in the library's words what is wrong with it, before anything is computed; the command has tests of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from nstlib.apps.painting.job import Job, make_run, read_pictures
from nstlib.errors import ChoiceError, ImageError, ResumeError
from nstlib.features import Features, load_network
from nstlib.images import load_image, save_image


@pytest.fixture
def job(tmp_path, rng):
    for name in ("cat", "wave"):
        save_image(torch.rand(3, 24, 32, generator=rng), tmp_path / f"{name}.png")
    styles = ((tmp_path / "wave.png", 1.0),)
    return Job(tmp_path / "cat.png", styles, tmp_path / "out.png", size=32, options={"steps": 2})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"colors": "blue"}, ChoiceError, "There is no colors 'blue'"),
        ({"method": "duel"}, ChoiceError, "There is no method 'duel'"),
        ({"style_scale": 0.01}, ChoiceError, "--style-scale must be a number from 0.05 to 10, got 0.01"),
        ({"resume": True}, ResumeError, "There is no checkpoint .*out.png.checkpoint to go on from"),
    ],
)
def test_what_makes_no_sense_is_refused(job, change, error, message):
    job.check()
    with pytest.raises(error, match=message):
        replace(job, **change).check()


def test_how_often_images_are_kept_is_said_without_the_commands_words(job, tmp_path):
    with pytest.raises(ChoiceError, match="must be a whole number of at least 1, got 0") as caught:
        replace(job, frames=(0, tmp_path)).check()
    assert "--" not in str(caught.value)


def test_a_result_may_not_replace_a_picture_it_is_made_from(job):
    with pytest.raises(ImageError, match="is one of the pictures to start from"):
        replace(job, output=job.content).check()


def test_a_run_without_tiles_can_be_planned_without_weights(job):
    job = replace(job, method="dual")
    pictures = read_pictures(job)
    planned = make_run(job, pictures, Features("tiny", {}))
    *_, last = make_run(job, pictures, load_network("tiny"))
    assert planned.steps == 2
    assert planned.plan.bytes > 0
    assert last.image.shape == load_image(job.content, size=32).shape
