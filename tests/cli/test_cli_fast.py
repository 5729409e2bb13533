"""``nst fast``: pictures, folders and films in one pass, and networks that learn a style."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from nstlib.apps.fast import applying, learning
from nstlib.images import load_image, save_image
from nstlib.one_pass import load_one_pass, plain_styles, save_one_pass

SHORT = ("--network", "tiny", "--steps", "3", "--size", "40")


def complaint(err):
    return " ".join(err.split())


@pytest.fixture(autouse=True)
def _desk(gallery, monkeypatch):
    monkeypatch.setattr(learning, "CROPS", 4)
    Path("photos").mkdir()
    save_image(torch.rand(1, 3, 40, 50), "photos/one.png")


def film_file(name, frames=6):
    av = pytest.importorskip("av")
    with av.open(str(name), "w") as film:
        video = film.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        for k in range(frames):
            pixels = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = k
            film.mux(video.encode(frame.reformat(format="yuv420p")))
        film.mux(video.encode())
    return name


def test_a_picture_is_painted_by_the_course_s_network(nst, gallery):
    code, out, _ = nst("fast", "apply", "cat", "mosaic")
    assert code == 0
    assert out.startswith("Wrote cat_mosaic.png: 64 x 48 px in ")
    model, styles = load_one_pass()
    expected = model(load_image(gallery / "content/cat.png"), styles["mosaic"])
    torch.testing.assert_close(load_image("cat_mosaic.png"), expected, atol=0.6 / 255, rtol=0)


def test_options_change_the_painting(nst):
    nst("fast", "apply", "cat", "mosaic", "-o", "plain.png")
    for options in (("--also", "brush:0.5"), ("--also", "brush"), ("--strength", "0.5"), ("--size", "40")):
        assert nst("fast", "apply", "cat", "mosaic", *options, "-o", "other.png")[0] == 0
        assert Path("plain.png").read_bytes() != Path("other.png").read_bytes()
    assert load_image("other.png").shape == (1, 3, 30, 40)


def test_a_network_of_one_style_needs_no_name_for_it(nst):
    model, _ = load_one_pass()
    save_one_pass(model, {"wave": plain_styles(model)[0]}, Path("wave.safetensors"))
    assert nst("fast", "apply", "cat", "--model", "wave.safetensors")[0] == 0
    assert Path("cat_wave.png").exists()


def test_of_a_folder_each_is_painted_and_what_is_there_is_left_alone(nst, gallery):
    for name in ("one", "two"):
        save_image(torch.rand(1, 3, 30, 40), gallery / f"content/{name}.png")
    film_file(gallery / "content/clip.mp4")
    (gallery / "content/three.png").write_text("not a picture")
    Path("done").mkdir()
    Path("done/two_brush.png").write_bytes(b"kept")
    code, out, err = nst("fast", "apply", gallery / "content", "brush", "-o", "done")
    assert code == 1
    names = ["cat_brush.png", "clip_brush.mp4", "one_brush.png", "two_brush.png"]
    assert sorted(path.name for path in Path("done").iterdir()) == names
    assert Path("done/two_brush.png").read_bytes() == b"kept"
    assert "two_brush.png is there already." in out
    assert "nst: 1 of 5 could not be painted; see above." in err


def test_in_the_very_folder_results_are_no_contents(nst, gallery):
    film_file(gallery / "content/clip.mp4")
    for _ in range(2):
        assert nst("fast", "apply", gallery / "content", "brush", "-o", gallery / "content")[0] == 0
    names = ["cat.png", "cat_brush.png", "clip.mp4", "clip_brush.mp4"]
    assert sorted(path.name for path in (gallery / "content").iterdir()) == names


def test_of_a_film_each_frame_is_painted_and_the_flicker_told(nst):
    film_file("clip.mp4")
    code, out, err = nst("fast", "apply", "clip.mp4", "brush", "-o", "painted.mp4")
    assert code == 0
    assert "clip.mp4: 48 x 32 px, 6 frames, 0.2 s, no sound." in out
    assert "Wrote painted.mp4: 6 frames in 0 s." in out
    assert "Flicker: where it stands still, the paint changes by " in out
    assert "; not held it would be " in out
    assert "6/6" in err
    assert "; not held" not in nst("fast", "apply", "clip.mp4", "brush", "-o", "b.mp4", "--no-steady")[1]


def test_a_film_that_is_stopped_is_whole_up_to_there(nst, monkeypatch):
    av = pytest.importorskip("av")
    film_file("clip.mp4", frames=40)
    paint, count = applying.Painter.paint, []

    def stopping(self, image):
        count.append(image)
        if len(count) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return paint(self, image)

    monkeypatch.setattr(applying.Painter, "paint", stopping)
    code, _, err = nst("fast", "apply", "clip.mp4", "brush", "-o", "out.mp4")
    assert code == 143
    with av.open("out.mp4") as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert 1 <= frames < 40
    assert f"Stopped. Wrote out.mp4: the film up to frame {frames}, with its sound." in complaint(err)


def test_a_folder_that_is_stopped_goes_on_with_what_is_not_there(nst, gallery, monkeypatch):
    for name in ("one", "two"):
        save_image(torch.rand(1, 3, 30, 40), gallery / f"content/{name}.png")
    paint = applying.Painter.paint_picture
    monkeypatch.setattr(
        applying.Painter,
        "paint_picture",
        lambda self, piece: paint(self, piece) + (os.kill(os.getpid(), signal.SIGTERM) or ()),
    )
    code, _, err = nst("fast", "apply", gallery / "content", "brush", "-o", "done")
    assert code == 143
    assert "Stopped. The same command goes on with what is not there yet." in complaint(err)
    assert [path.name for path in Path("done").iterdir()] == ["cat_brush.png"]
    monkeypatch.setattr(applying.Painter, "paint_picture", paint)
    assert nst("fast", "apply", gallery / "content", "brush", "-o", "done")[0] == 0
    assert len(list(Path("done").iterdir())) == 3


def test_in_a_folder_a_film_that_is_stopped_is_not_written_and_painted_anew_next_time(nst, gallery, monkeypatch):
    film_file(gallery / "content/a.mp4", frames=40)
    paint = applying.Painter.paint

    def stopping(self, image):
        os.kill(os.getpid(), signal.SIGTERM)
        monkeypatch.setattr(applying.Painter, "paint", paint)
        return paint(self, image)

    monkeypatch.setattr(applying.Painter, "paint", stopping)
    code, _, err = nst("fast", "apply", gallery / "content", "brush", "-o", "done")
    assert code == 143
    assert "Stopped. The same command goes on with what is not there yet." in complaint(err)
    assert list(Path("done").iterdir()) == []
    assert nst("fast", "apply", gallery / "content", "brush", "-o", "done")[0] == 0
    assert len(list(Path("done").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cat",), "The course's network has 8 styles. Name one: brush, fluid,"),
        (("cat", "wave"), "The course's network has no style 'wave'. It has brush, fluid,"),
        (("cat", "mosaic", "--also", "wave:2"), "The course's network has no style 'wave'."),
        (("cat", "mosaic", "--also", "brush:0"), "The weight in --also must be a finite number, above 0, got 0.0."),
        (("cat", "mosaic", "--strength", "2"), "--strength must be a number up to 1, got 2.0."),
        (("cat", "mosaic", "--size", "0"), "--size must be a whole number of at least 1, got 0."),
        (("cat", "mosaic", "--size", "9"), "cat.png would be 9 x 7 pixels, and one pass needs 8 x 8 at least."),
        (("cat", "mosaic", "--model", "nope.safetensors"), "nope.safetensors holds no network that paints in one pass"),
        (("net.safetensors", "cat"), "net.safetensors is a network. Name what to paint, then a style: nst fast apply"),
        (("dog", "mosaic"), "The course has no picture 'dog'."),
        (("dog.png", "mosaic"), "There is no file dog.png."),
        (("nope.mp4", "mosaic"), "There is no film nope.mp4."),
        (("text.mp4", "mosaic"), "text.mp4 is not a film that can be read"),
        (("cat", "mosaic", "-o", "out.mp4"), "out.mp4 should end in one of .png"),
        (("text.mp4", "mosaic", "-o", "out.png"), "out.png should end in one of .mp4"),
        (("cat", "mosaic", "-o", "nowhere/out.png"), "There is no folder nowhere to write out.png to."),
        (("photos/one.png", "mosaic", "-o", "photos/one.png"), "is one of the pictures to start from"),
    ],
)
def test_a_mistake_is_told_in_one_line(nst, arguments, message):
    Path("text.mp4").write_text("no film")
    before = {path: path.read_bytes() for path in Path().rglob("*.*") if path.is_file()}
    code, out, err = nst("fast", "apply", *arguments)
    assert code == 2
    assert message in complaint(err)
    assert out == ""
    assert {path: path.read_bytes() for path in Path().rglob("*.*") if path.is_file()} == before


def test_a_style_is_learned_and_painted_in(nst):
    code, out, err = nst("fast", "train", "wave", "-o", "wave.safetensors", "--photos", "photos", *SHORT)
    assert code == 0
    assert "3 steps, 1 style(s): wave. wave.preview.png shows what is learned." in out
    assert "wave: a photo is " in out
    assert "Wrote wave.safetensors after 3 steps in " in out
    assert "3/3" in err
    assert not Path("wave.safetensors.checkpoint").exists()
    assert nst("fast", "apply", "cat", "wave", "--model", "wave.safetensors")[0] == 0


def test_several_styles_are_learned_together(nst, gallery):
    save_image(torch.rand(1, 3, 50, 50), "fire.png")
    assert nst("fast", "train", "wave", "fire.png", "-o", "two.safetensors", "--photos", "photos", *SHORT)[0] == 0
    assert list(load_one_pass(Path("two.safetensors"))[1]) == ["wave", "fire"]


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(nst, monkeypatch):
    line = ("fast", "train", "wave", "--photos", "photos", "--network", "tiny", "--steps", "6", "--size", "40")
    nst(*line, "-o", "straight.safetensors")
    step, count = learning.Learner.step, []

    def stopping(self):
        count.append(self)
        if len(count) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self)

    monkeypatch.setattr(learning.Learner, "step", stopping)
    code, _, err = nst(*line, "-o", "out.safetensors")
    assert code == 143
    assert "Stopped. Wrote the network after 3 steps to out.safetensors. The same command with --resume" in complaint(
        err
    )
    assert Path("out.safetensors.checkpoint").exists()
    monkeypatch.setattr(learning.Learner, "step", step)
    code, _, err = nst(*line, "-o", "out.safetensors", "--resume")
    assert code == 0
    assert "earlier run" not in err
    assert Path("out.safetensors").read_bytes() == Path("straight.safetensors").read_bytes()
    assert not Path("out.safetensors.checkpoint").exists()


def test_a_training_that_begins_anew_says_what_an_earlier_one_kept(nst, monkeypatch):
    line = ("fast", "train", "wave", "--photos", "photos", *SHORT)
    step = learning.Learner.step

    def stopping(self):
        signal.raise_signal(signal.SIGTERM)
        return step(self)

    monkeypatch.setattr(learning.Learner, "step", stopping)
    assert nst(*line, "-o", "out.safetensors")[0] == 143
    monkeypatch.setattr(learning.Learner, "step", step)
    code, _, err = nst(*line, "-o", "out.safetensors")
    assert code == 0
    assert "out.safetensors.checkpoint is from an earlier run. This one begins anew, and replaces it" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("wave", "-o", "net.pt"), "net.pt should end in one of .safetensors"),
        (("dog",), "The course has no picture 'dog'."),
        (("wave", "--steps", "0"), "--steps must be a whole number of at least 1, got 0."),
        (("wave", "--size", "8"), "--size must be a whole number of at least 16, got 8."),
        (("wave", "--seed", "-1"), "--seed must be a whole number from 0"),
        (("wave", "--network", "vgg11"), "There is no network 'vgg11'."),
        (("wave", "--photos", "nowhere"), "The course has no picture 'nowhere'."),
        (("wave", "wave.png"), "would both be the style 'wave'. Rename one of them."),
        (
            ("wave", "--photos", "photos", "--resume"),
            "There is no checkpoint fast.safetensors.checkpoint to go on from.",
        ),
    ],
)
def test_a_mistake_in_training_is_told_before_it_begins(nst, monkeypatch, arguments, message):
    monkeypatch.setattr(learning, "Learner", lambda *_: pytest.fail("it began"))
    save_image(torch.rand(1, 3, 30, 30), "wave.png")
    code, out, err = nst("fast", "train", *arguments)
    assert code == 2
    assert message in complaint(err)
    assert out == ""


@pytest.mark.parametrize("command", [(), ("apply",), ("train",)])
def test_help_fits_into_80_columns(nst, command):
    code, out, _ = nst("fast", *command, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_in_a_terminal_ends_with_130_and_a_whole_film():
    av = pytest.importorskip("av")
    film_file("clip.mp4", frames=3000)
    process = subprocess.Popen(
        [sys.executable, "-m", "nstlib", "fast", "apply", "clip.mp4", "brush", "-o", "out.mp4"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(Path().glob(".out.mp4.*.part")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped. Wrote out.mp4: the film up to frame" in complaint(err)
    with av.open("out.mp4") as film:
        assert next(film.decode(video=0)).width == 48
    assert [path.name for path in Path().iterdir() if path.name.endswith(".part")] == []
