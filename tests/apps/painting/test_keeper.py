"""What a run has reached lies on the disk; the command's tests stop it in every way."""

from __future__ import annotations

import pytest
import torch

from nstlib.apps.painting.job import Job, make_run, read_pictures
from nstlib.apps.painting.keeper import Keeper
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
