"""What a run has reached lies on the disk; the command's tests stop it in every way."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import pytest
import torch

from nstlib.apps.checkpoint import save_checkpoint
from nstlib.apps.painting import keeper as keeper_module
from nstlib.apps.painting.job import Job, make_run, read_pictures
from nstlib.apps.painting.keeper import Keeper
from nstlib.errors import ImageError, ResumeError
from nstlib.features import load_network
from nstlib.images import save_image


@pytest.fixture
def keeper(tmp_path, rng):
    for name in ("cat", "wave"):
        save_image(torch.rand(3, 24, 32, generator=rng), tmp_path / f"{name}.png")
    job = Job(
        tmp_path / "cat.png", ((tmp_path / "wave.png", 1.0),), tmp_path / "out.png", size=32, options={"steps": 3}
    )
    return Keeper(job, make_run(job, read_pictures(job), load_network("tiny")), warn=pytest.fail)


def test_a_saved_state_and_its_picture_lie_beside_the_result_until_they_are_discarded(keeper, tmp_path):
    for step in keeper._run:
        keeper.see(step)
    keeper.save()
    assert {keeper.checkpoint.name, keeper.preview.name} == {"out.png.checkpoint", "out.partial.png"}
    assert keeper.checkpoint.exists()
    assert keeper.preview.exists()
    assert keeper.write_result(keeper.last) == tmp_path / "out.png"
    keeper.discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat.png", "out.png", "wave.png"]


def full(*_args, **_options):
    raise ImageError("out.png cannot be written: No space left on device.")


def test_where_no_disk_takes_the_result_its_checkpoint_stays_and_the_message_says_so(keeper, tmp_path, monkeypatch):
    step = next(keeper._run)
    keeper.see(step)
    keeper.save()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(keeper_module, "save_image", full)
    with pytest.raises(
        ImageError, match=r"No space left on device. Nor can .* is kept: make room, and --resume goes on"
    ):
        keeper.write_result(step)
    names = ["cat.png", "out.partial.png", "out.png.checkpoint", "wave.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_an_animation_that_finds_the_disk_full_costs_no_picture(keeper, tmp_path, monkeypatch):
    keeper._job = replace(keeper._job, animation=tmp_path / "film.gif")
    warned = []
    keeper._warn = warned.append
    monkeypatch.setattr(keeper_module, "save_animation", full)
    assert keeper.write_result(next(keeper._run)) == tmp_path / "out.png"
    assert keeper.failed
    assert warned == [f"out.png cannot be written: No space left on device. The picture is in {tmp_path / 'out.png'}."]


def test_a_checkpoint_without_frames_is_refused_in_one_line(keeper, tmp_path):
    save_checkpoint(keeper._run, keeper.checkpoint, {"frames": 3})
    with pytest.raises(ResumeError, match=r"out.png.checkpoint holds no frames of an animation. Delete it"):
        keeper.resume()


def test_a_run_that_was_killed_before_its_result_was_written_hands_it_out_again(keeper, tmp_path):
    for step in keeper._run:
        keeper.see(step)
    keeper.save()
    keeper.write_result(step)
    again = Keeper(keeper._job, make_run(keeper._job, read_pictures(keeper._job), load_network("tiny")), pytest.fail)
    assert again.resume() == 3
    (last,) = again._run
    again.see(last)
    first = (tmp_path / "out.png").read_bytes()
    assert again.write_result(again.last).read_bytes() == first
