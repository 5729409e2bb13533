import pytest
import torch

from nstlib.apps.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint
from nstlib.errors import ResumeError
from nstlib.features import load_network
from nstlib.transfer import stylize


@pytest.fixture
def new_run(rng):
    content, style = torch.rand(1, 3, 24, 32, generator=rng), torch.rand(1, 3, 20, 20, generator=rng)
    return lambda **options: stylize(content, style, load_network("tiny"), **{"steps": 6, **options})


def test_a_run_goes_on_from_its_file_to_the_same_pixels_with_what_was_kept_beside_it(new_run, tmp_path):
    *_, straight = new_run()
    first, second = new_run(), new_run()
    for _ in range(3):
        next(first)
    path = save_checkpoint(first, checkpoint_path(tmp_path / "out.png"), {"frames": [torch.ones(2)], "steps": 3})
    assert path == tmp_path / "out.png.checkpoint"
    extra = load_checkpoint(second, path)
    *_, resumed = second
    assert torch.equal(resumed.image, straight.image)
    assert extra["steps"] == 3
    assert torch.equal(extra["frames"][0], torch.ones(2))


def test_a_checkpoint_that_cannot_be_written_leaves_the_older_one_whole(new_run, tmp_path, monkeypatch):
    path = save_checkpoint(new_run(), tmp_path / "run.checkpoint")
    before = path.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(ResumeError, match=r"run.checkpoint cannot be written: No space left on device"):
        save_checkpoint(new_run(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


@pytest.mark.parametrize("spoil", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"picture"])
def test_a_damaged_file_is_told_as_such(new_run, tmp_path, spoil):
    path = save_checkpoint(new_run(), tmp_path / "run.checkpoint")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ResumeError, match="is damaged, or not a saved run. Delete it, and start anew"):
        load_checkpoint(new_run(), path)


def test_a_file_of_another_form_and_none_are_refused(new_run, tmp_path):
    torch.save({"format": 99, "nstlib": "9.9", "run": {}, "extra": {}}, tmp_path / "new.checkpoint")
    with pytest.raises(ResumeError, match="was written by nstlib 9.9, in another form"):
        load_checkpoint(new_run(), tmp_path / "new.checkpoint")
    with pytest.raises(ResumeError, match="There is no saved run"):
        load_checkpoint(new_run(), tmp_path / "none.checkpoint")


def test_nothing_in_a_checkpoint_is_executed(new_run, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    torch.save({"format": 1, "nstlib": "", "run": Trap(), "extra": {}}, tmp_path / "trap.checkpoint")
    with pytest.raises(ResumeError, match="is damaged, or not a saved run"):
        load_checkpoint(new_run(), tmp_path / "trap.checkpoint")
    assert not (tmp_path / "trapped").exists()
