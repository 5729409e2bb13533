"""Of a folder of pictures: which are contents, and where each one's result goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib.apps.checkpoint import checkpoint_path
from nstlib.apps.painting.batch import is_done, make_batch, results_folder, without_results
from nstlib.apps.painting.job import Job
from nstlib.errors import ChoiceError, ImageError
from nstlib.images import save_image


@pytest.fixture
def job(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    Path("hol").mkdir()
    save_image(torch.rand(3, 24, 32, generator=rng), "wave.png")
    return Job(Path("hol"), ((Path("wave.png"), 1.0),), Path("unused.png"), size=32, options={"steps": 2})


def photos(*names):
    for name in names:
        Image.new("RGB", (32, 24)).save(f"hol/{name}")
    return [Path("hol", name) for name in names]


def results(job, names):
    return [each.output.name for each in make_batch(job, photos(*names), Path("made")).jobs]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "b.jpg"], ["a_wave.png", "b_wave.png"]),
        (["a.jpg", "a.png", "b.png"], ["a-jpg_wave.png", "a-png_wave.png", "b_wave.png"]),
        (["A.png", "a.png"], ["A-png_wave.png", "a-png-2_wave.png"]),
        (["a.b.png", "a.png"], ["a.b_wave.png", "a_wave.png"]),
    ],
)
def test_results_have_names_of_their_own_on_every_disk(job, names, expected):
    assert results(job, names) == expected


def test_another_picture_in_the_folder_moves_no_result_of_another_stem(job):
    before = results(job, ["a.png", "c.png"])
    assert set(before) < set(results(job, ["a.png", "b.png", "c.png"]))


def test_done_is_a_result_without_a_run_that_was_stopped(job):
    done = replace(job, output=Path("made.png"))
    assert not is_done(done)
    save_image(torch.rand(3, 24, 32), done.output)
    assert is_done(done)
    checkpoint_path(done.output).touch()
    assert not is_done(done)


def test_only_a_picture_that_was_stopped_is_resumed(job):
    contents = photos("a.png", "b.png")
    Path("made").mkdir()
    checkpoint_path(Path("made/b_wave.png")).write_bytes(b"PK\3\4 made/data.pkl")
    resumed = {
        each.content.name: each.resume for each in make_batch(replace(job, resume=True), contents, Path("made")).jobs
    }
    assert resumed == {"a.png": False, "b.png": True}


def test_broken_pictures_are_kept_apart_and_what_is_there_is_done(job):
    contents = photos("a.png", "b.png", "c.png")
    contents[1].write_text("no picture")
    Path("made").mkdir()
    Path("made/c_wave.png").touch()
    jobs, broken, done = make_batch(job, contents, Path("made"))
    assert [each.content.name for each in jobs] == ["a.png"]
    assert [type(error) for error in broken] == [ImageError]
    assert done == [Path("made/c_wave.png")]


def test_a_result_may_not_replace_any_of_the_contents_or_the_style(job):
    contents = photos("a.png", "b.png")
    Path("made").mkdir()
    checkpoint_path(Path("made/b_wave.png")).write_bytes(b"PK\3\4 made/data.pkl")
    Path("made/b_wave.png").symlink_to("../hol/a.png")
    with pytest.raises(ImageError, match=r"b_wave.png is one of the pictures to start from"):
        make_batch(job, contents, Path("made"))


def test_a_broken_style_is_told_before_a_folder_is_made(job):
    Path("wave.png").write_bytes(Path("wave.png").read_bytes()[:200])
    with pytest.raises(ImageError, match=r"wave.png is damaged"):
        make_batch(job, photos("a.png"), Path("made"))
    assert not Path("made").exists()


@pytest.mark.parametrize(
    ("contents", "name"),
    [("hol", "hol_wave"), ("hol/.", "hol_wave"), ("hol/../hol/", "hol_wave"), ("/", "pictures_wave")],
)
def test_results_go_to_a_folder_named_after_both(job, contents, name):
    assert results_folder(Path(contents), Path("wave.png"), None) == Path(name)


def test_a_picture_s_name_is_no_folder_s_unless_there_is_one(job):
    with pytest.raises(ChoiceError, match=r"--output must name a folder too, got the picture's name out\.PNG"):
        results_folder(Path("hol"), Path("wave.png"), Path("out.PNG"))
    Path("out.png").mkdir()
    assert results_folder(Path("hol"), Path("wave.png"), Path("out.png")) == Path("out.png")


def test_results_of_ours_are_left_out_only_where_new_ones_go(job):
    contents = photos("a.png", "a_dog.png")
    save_image(torch.rand(3, 24, 32), "hol/a_wave.png")
    save_image(torch.rand(3, 24, 32), "hol/drawn.png")  # by us, but of nothing that is there
    everything = sorted(Path("hol").iterdir())
    assert without_results(everything, Path("hol")) == [*contents, Path("hol/drawn.png")]
    assert without_results(everything, Path("made")) == everything
