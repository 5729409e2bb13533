"""The command ``nst``: mistakes are found before the run, in one line; what was computed is never lost."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from PIL import Image

import nstlib
from nstlib import defaults, dual, features, transfer, weights
from nstlib import dream as dreams
from nstlib.apps import pace
from nstlib.apps.checkpoint import load_checkpoint
from nstlib.apps.painting import keeper
from nstlib.cli.console import duration
from nstlib.cli.dream import dream as dream_command
from nstlib.cli.stylize import stylize as stylize_command
from nstlib.engine.memory import Plan
from nstlib.engine.schedule import Level
from nstlib.errors import DivergenceError, ImageError, ResumeError, WeightsError
from nstlib.formats.masks import load_alpha
from nstlib.images import load_image, save_image

SHORT = ("--network", "tiny", "--size", "32", "--steps", "4")


pytestmark = pytest.mark.usefixtures("gallery")


def complaint(err):
    """Return the complaint without the progress bar, and insist that it is one line."""
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]
    assert len(lines) == 1
    assert "Traceback" not in err
    return lines[0]


# A run


def test_two_pictures_become_one_named_after_both(nst):
    code, out, err = nst("stylize", "cat", "wave", *SHORT)
    assert code == 0
    assert "32 x 24 px, 4 steps of lbfgs, network tiny; up to 0." in out
    assert "s to go. Ctrl-C stops early and keeps the best image so far." in out
    assert "Wrote cat_wave.png after 4 steps" in out
    assert load_image("cat_wave.png").shape == (1, 3, 24, 32)
    assert "4/4" in err
    assert "content=" in err
    assert "style=" in err


def test_the_written_picture_is_the_librarys_last_step(nst, gallery):
    nst("stylize", "cat", "wave", "-o", "out.png", *SHORT, "--optimizer", "adam", "--style-weight", "3")
    content, style = (load_image(gallery / path, size=32) for path in ("content/cat.png", "style/wave.png"))
    network = features.load_network("tiny")
    *_, last = transfer.stylize(content, style, network, steps=4, optimizer="adam", style_weight=3.0)
    save_image(last.image, "expected.png")
    assert Path("out.png").read_bytes() == Path("expected.png").read_bytes()


def test_paths_are_taken_as_well_as_names(nst, gallery):
    code, _, _ = nst("stylize", gallery / "content/cat.png", gallery / "style/wave.png", "-o", "out.jpg", *SHORT)
    assert code == 0
    with Image.open("out.jpg") as picture:
        assert picture.format == "JPEG"


@pytest.mark.parametrize("init", ["noise", "mixed"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(nst, init):
    for seed, name in (("7", "a.png"), ("7", "b.png"), ("8", "c.png")):
        assert nst("stylize", "cat", "wave", *SHORT, "--init", init, "--seed", seed, "-o", name)[0] == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes() != Path("c.png").read_bytes()


@pytest.mark.parametrize(
    "option", [("--pooling", "average"), ("--content-weight", "0.1"), ("--tv-weight", "5"), ("--optimizer", "gd")]
)
def test_options_change_the_result(nst, option):
    nst("stylize", "cat", "wave", *SHORT, "-o", "plain.png")
    assert nst("stylize", "cat", "wave", *SHORT, *option, "-o", "other.png")[0] == 0
    assert Path("plain.png").read_bytes() != Path("other.png").read_bytes()


def test_every_kth_image_is_saved_from_the_start_on(nst):
    assert nst("stylize", "cat", "wave", *SHORT, "--save-every", "2", "frames")[0] == 0
    assert sorted(path.name for path in Path("frames").iterdir()) == [
        "step_00000.png",
        "step_00002.png",
        "step_00004.png",
    ]
    assert Path("frames/step_00004.png").read_bytes() == Path("cat_wave.png").read_bytes()


def test_an_animation_shows_the_run(nst):
    assert nst("stylize", "cat", "wave", *SHORT, "--gif", "run.gif")[0] == 0
    with Image.open("run.gif") as animation:
        assert animation.size == (32, 24)
        assert animation.n_frames >= 4
        assert animation.info["loop"] == 0


def test_one_step_is_a_run_too(nst):
    code, out, _ = nst("stylize", "cat", "wave", "--network", "tiny", "--size", "32", "--steps", "1")
    assert code == 0
    assert "after 1 steps" in out


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (99.4, "99 s"), (200, "3 min 20 s")])
def test_durations_are_readable(seconds, words):
    assert duration(seconds) == words


# Mistakes are found before the run


@pytest.fixture
def no_run(monkeypatch):
    monkeypatch.setattr("nstlib.engine.run.Run.__next__", lambda _run: pytest.fail("the run was started"))


@pytest.mark.usefixtures("no_run")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dog", "wave"), "The course has no picture 'dog'. It has content: cat; style: wave."),
        (("dog.png", "wave"), "There is no file dog.png."),
        (("cat", "notes.png"), "notes.png is not a picture that can be read"),
        (("cat", "wave", "-o", "nowhere/out.png"), "There is no folder nowhere to write out.png to."),
        (("cat", "wave", "-o", "."), "is a folder. Name a file in it"),
        (("cat", "wave", "-o", "out.xyz"), "out.xyz should end in one of .png, .jpg"),
        (("cat", "wave", "--gif", "run.png"), "run.png should end in one of .gif, .mp4"),
        (("cat", "wave", "--gif", "nowhere/run.gif"), "There is no folder nowhere to write run.gif to."),
        (("cat", "wave", "--save-every", "0", "frames"), "--save-every needs a whole number of at least 1"),
        (("cat", "wave", "--save-every", "2", "nowhere/frames"), "frames cannot be made: "),
        (("cat", "wave", "--size", "0"), "must be a whole number of at least 1, got 0."),
        (("cat", "wave", "--steps", "0"), "--steps must be a whole number of at least 1, got 0."),
        (("cat", "wave", "--seed", "-1"), "--seed must be a whole number from 0"),
        (("cat", "wave", "--optimizer", "sgd"), "There is no optimizer 'sgd'. Choose one of: lbfgs, adam, gd."),
        (("cat", "wave", "--init", "style"), "There is no init 'style'. Choose one of: content, noise, mixed."),
        (("cat", "wave", "--network", "vgg11"), "There is no network 'vgg11'. Choose one of: vgg16, vgg19, vgg19-t"),
        (("cat", "wave", "--pooling", "min"), "There is no pooling 'min'. Choose one of: max, average."),
        (("cat", "wave", "--method", "duel"), "There is no method 'duel'. Choose one of: classic, lapstyle, dual, lum"),
        (
            ("cat", "wave", "--method", "luminance", "--colors", "covariance"),
            'The method "luminance" keeps the content\'s colors by itself, so colors "covariance" would change nothing.',
        ),
        (
            ("cat", "wave", "--method", "dual", "--memory", "0.5"),
            "This loss cannot be computed in tiles; the classic one",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_before_the_run(nst, arguments, message):
    Path("notes.png").write_text("not a picture")
    code, out, err = nst("stylize", *arguments)
    assert code == 2
    assert message in complaint(err)
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--style-weight", "-1"), "--style-weight must be a finite number, 0 or larger, got -1.0."),
        (
            ("--style-scale", "0.4"),
            "wave.png would become 10 x 13 pixels, and the deepest layer needs 16 x 16 at least.",
        ),
        (("--size", "8"), "cat.png would become 8 x 6 pixels, and the deepest layer needs 16 x 16 at least."),
    ],
)
def test_what_the_library_refuses_is_told_in_one_line_too(nst, arguments, message):
    code, _, err = nst("stylize", "cat", "wave", *SHORT, *arguments)
    assert code == 2
    assert message in complaint(err)


@pytest.mark.usefixtures("no_run")
def test_missing_weights_are_told_in_one_line(nst, monkeypatch):
    def offline(_name):
        raise WeightsError("The weights of vgg16 are not here\nand could not be fetched.")

    monkeypatch.setattr(features, "load_weights", offline)
    code, _, err = nst("stylize", "cat", "wave")
    assert code == 2
    assert complaint(err) == "nst: The weights of vgg16 are not here and could not be fetched."


@pytest.mark.usefixtures("no_run")
def test_the_result_may_not_replace_a_picture_it_is_made_from(nst, gallery):
    before = (gallery / "content/cat.png").read_bytes()
    code, _, err = nst("stylize", "cat", "wave", "-o", gallery / "content/cat.png")
    assert code == 2
    assert (
        "is one of the pictures to start from, and the result would replace it. Choose another --output."
        in complaint(err)
    )
    assert (gallery / "content/cat.png").read_bytes() == before


@pytest.mark.usefixtures("no_run")
def test_a_read_only_folder_is_found_before_the_run(nst, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    code, _, err = nst("stylize", "cat", "wave", "-o", "out.png")
    assert code == 2
    assert "out.png cannot be written: Permission denied." in complaint(err)


# A run that does not reach its end


def stop_at(monkeypatch, index):
    """Let the process be asked to end after that step."""
    see = keeper.Keeper.see

    def watched(self, step):
        see(self, step)
        if step.index == index:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(keeper.Keeper, "see", watched)


class FakeRun:
    """Goes through these losses, its images as bright as the step's number, and perhaps ends in an error."""

    finished, plan, steps = False, Plan(0, 20, 1e9), 4

    def __init__(self, content, totals, error):
        self.levels = (Level(*content.shape[2:], self.steps),)
        self._steps = self._go(content, totals, error)

    def __iter__(self):
        return self._steps

    def state_dict(self):
        return {}

    def _go(self, content, totals, error):
        step = None
        for index, total in enumerate(totals):
            step = transfer.Step(index, torch.full_like(content, index / 10), 0.0, 0.0, 0.0, total)
            yield step
        if error is not None:
            raise error(step) if callable(error) and not isinstance(error, type) else error
        self.finished = True


def fake_run(monkeypatch, totals, error=None):
    monkeypatch.setattr(
        "nstlib.apps.painting.job.stylize_dual", lambda content, *_args, **_options: FakeRun(content, totals, error)
    )


def test_ctrl_c_keeps_the_best_image_so_far(nst, monkeypatch):
    fake_run(monkeypatch, [3.0, 1.0, 2.0], KeyboardInterrupt)
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png", "--gif", "run.gif")
    assert code == 130
    assert complaint(err) == "nst: Stopped. Wrote the best image so far, of step 1, to out.png."
    assert load_image("out.png").unique().tolist() == pytest.approx([26 / 255])
    assert Path("run.gif").exists()


def test_a_run_that_reaches_its_end_writes_its_last_image_even_if_another_was_better(nst, monkeypatch):
    fake_run(monkeypatch, [3.0, 1.0, 2.0])
    assert nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")[0] == 0
    assert load_image("out.png").unique().tolist() == pytest.approx([51 / 255])


def test_ctrl_c_before_the_first_image_writes_nothing(nst, monkeypatch):
    fake_run(monkeypatch, [], KeyboardInterrupt)
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert code == 130
    assert complaint(err) == "nst: Stopped. Nothing was written."
    assert not Path("out.png").exists()


def test_a_diverging_run_says_why_and_keeps_the_last_good_image(nst, monkeypatch):
    fake_run(monkeypatch, [1.0, 2.0, 3.0], lambda step: DivergenceError("The loss became nan at step 3.", step))
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert code == 1
    assert complaint(err) == "nst: The loss became nan at step 3. Wrote the last image so far, of step 2, to out.png."
    assert load_image("out.png").unique().tolist() == pytest.approx([51 / 255])


def test_a_run_that_diverges_at_once_says_so(nst):
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "--style-weight", "1e39", "-o", "out.png")
    assert code == 1
    assert "The loss became inf at step 0" in complaint(err)
    assert "Nothing was written." in err
    assert not Path("out.png").exists()


def test_an_image_on_the_way_that_cannot_be_saved_does_not_end_the_run(nst, monkeypatch):
    def full(_keeper, _step, path):
        if path.parent.name == "frames":
            raise ImageError(f"{path.as_posix()} cannot be written: No space left on device.")
        save_image(_step.image, path)

    monkeypatch.setattr(keeper.Keeper, "write", full)
    code, out, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png", "--save-every", "1", "frames")
    assert complaint(err) == ("nst: frames/step_00000.png cannot be written: No space left on device. The run goes on.")
    assert "Wrote out.png after 4 steps" in out
    assert code == 1


def test_a_result_that_finds_its_disk_full_is_written_elsewhere(nst, monkeypatch):
    def full(_keeper, step, path):
        if path == Path("out.png"):
            raise ImageError("out.png cannot be written: No space left on device.")
        save_image(step.image, path)

    monkeypatch.setattr(keeper.Keeper, "write", full)
    code, out, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert code == 0
    place = complaint(err).rsplit("The picture is in ", 1)[1].removesuffix(" instead.")
    assert f"Wrote {place}" in out
    assert load_image(place).shape == (1, 3, 24, 32)


# Methods


@pytest.mark.parametrize("method", dual.METHODS)
def test_each_method_gives_the_librarys_picture(nst, gallery, method):
    assert nst("stylize", "cat", "wave", *SHORT, "--also", "cat:2", "--method", method, "-o", "out.png")[0] == 0
    content, style = (load_image(gallery / path, size=32) for path in ("content/cat.png", "style/wave.png"))
    styles = [dual.Style(style), dual.Style(content, 2.0)]
    *_, last = dual.stylize_dual(content, styles, features.load_network("tiny"), method=method, steps=4)
    save_image(last.image, "expected.png")
    assert Path("out.png").read_bytes() == Path("expected.png").read_bytes()


def test_the_classic_method_is_the_default(nst):
    nst("stylize", "cat", "wave", *SHORT, "-o", "plain.png")
    out = nst("stylize", "cat", "wave", *SHORT, "--method", "classic", "-o", "classic.png")[1]
    assert Path("plain.png").read_bytes() == Path("classic.png").read_bytes()
    assert "method" not in out
    assert "network tiny, method dual;" in nst("stylize", "cat", "wave", *SHORT, "--method", "dual")[1]


@pytest.mark.parametrize("method", ["dual", "lapstyle", "luminance"])
@pytest.mark.parametrize("colors", ["style", "luminance"])
def test_every_method_is_resumed_to_the_same_bytes(nst, method, colors):
    arguments = ("stylize", "cat", "wave", "--network", "tiny", "--size", "32", "--steps", "6", "--colors", colors)
    arguments += ("--method", method)
    nst(*arguments, "-o", "straight.png", "--gif", "straight.gif", "--save-every", "3", "straight")
    stopped = (*arguments, "-o", "out.png", "--gif", "out.gif", "--save-every", "3", "out")
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, 3)
        assert nst(*stopped)[0] == 143
    assert nst(*stopped, "--resume")[0] == 0
    for name in ("png", "gif"):
        assert Path(f"out.{name}").read_bytes() == Path(f"straight.{name}").read_bytes()
    for frame in Path("straight").iterdir():
        assert frame.read_bytes() == Path("out", frame.name).read_bytes()


def test_another_method_is_another_run(nst, monkeypatch):
    stop_at(monkeypatch, 2)
    nst("stylize", "cat", "wave", *SHORT, "--method", "dual", "-o", "out.png")
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png", "--resume")
    assert code == 2
    assert "loss was 'structure + 0.3 pixels (finer 4, gray)" in complaint(err)
    assert "now 'content + style'. Repeat its settings, or start anew." in complaint(err)


def test_a_method_makes_a_folder_of_pictures_too(nst, gallery):
    assert nst("stylize", gallery / "content", "wave", *SHORT, "--method", "luminance", "-o", "done")[0] == 0
    assert [path.name for path in Path("done").iterdir()] == ["cat_wave.png"]


@pytest.mark.usefixtures("no_run")
def test_a_picture_too_large_for_a_method_without_tiles_is_refused_before_the_network_is_loaded(nst, monkeypatch):
    monkeypatch.setattr(features, "load_weights", lambda _name: pytest.fail("the network was loaded"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0.9e9))
    code, _, err = nst("stylize", "cat", "wave", "--size", "64", "--method", "dual")
    assert code == 2
    assert "--method dual computes a picture as a whole: 64 x 48 px may need 1.0 GB of memory, " in complaint(err)
    assert "and 0.9 GB are free. Use a smaller --size, or --method classic, which works in tiles." in complaint(err)
    assert "--memory 1 tries it all the same." in complaint(err)


def test_whoever_names_the_memory_is_taken_at_their_word(nst, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=0.1e9))
    assert nst("stylize", "cat", "wave", *SHORT, "--method", "dual", "--memory", "2")[0] == 0


# What users ask for


def test_transparency_is_kept_where_the_format_can(nst, gallery):
    picture, alpha = torch.rand(1, 3, 48, 64), torch.zeros(1, 1, 48, 64)
    alpha[..., 32:] = 1
    save_image(picture, gallery / "content/ghost.png", alpha=alpha)
    assert nst("stylize", "ghost", "wave", *SHORT, "-o", "out.png")[0] == 0
    assert nst("stylize", "ghost", "wave", *SHORT, "-o", "out.jpg")[0] == 0
    kept = load_alpha("out.png")
    assert kept[..., :14].max() < 0.05
    assert kept[..., 18:].min() > 0.95
    assert load_alpha("out.jpg") is None


def test_luminance_only_keeps_the_contents_colors(nst, gallery):
    red = torch.zeros(1, 3, 48, 64)
    red[:, 0] = torch.linspace(0.3, 0.6, 64)
    save_image(red, gallery / "content/red.png")
    assert nst("stylize", "red", "wave", *SHORT, "-o", "out.png", "--colors", "luminance")[0] == 0
    result = load_image("out.png")
    assert (result[:, 0] - result[:, 1]).min() > 0.05  # still red everywhere
    torch.testing.assert_close(result[:, 1], result[:, 2], atol=2 / 255, rtol=0)


@pytest.mark.parametrize(
    "option",
    [
        ("--colors", "covariance"),
        ("--colors", "histogram"),
        ("--style-scale", "1.5"),
        ("--also", "cat:2"),
        ("--levels", "2", "--init", "noise", "--size", "96"),
    ],
)
def test_wishes_change_the_result(nst, option):
    nst("stylize", "cat", "wave", *SHORT, "-o", "plain.png")
    assert nst("stylize", "cat", "wave", *SHORT, *option, "-o", "other.png")[0] == 0
    assert Path("plain.png").read_bytes() != Path("other.png").read_bytes()


def test_masks_say_where_each_style_goes(nst, gallery):
    mask = torch.zeros(1, 3, 48, 64)
    mask[..., :32] = 1
    save_image(mask, "left.png")
    save_image(1 - mask, "right.png")
    options = ("--also", "cat", "--mask", "left.png", "--mask", "right.png")
    assert nst("stylize", "cat", "wave", *SHORT, *options, "-o", "out.png")[0] == 0
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "--mask", "left.png", "--mask", "right.png", "-o", "out.png")
    assert code == 2
    assert "There are 1 styles and 2 masks. Give one mask for each style" in complaint(err)


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no colon in a name")
def test_a_colon_may_belong_to_a_style_s_name(nst, gallery):
    Path("a:b.png").write_bytes((gallery / "style/wave.png").read_bytes())
    for also in ("a:b.png", "a:b.png:1"):
        assert nst("stylize", "cat", "wave", *SHORT, "--also", also, "-o", "colon.png")[0] == 0
        nst("stylize", "cat", "wave", *SHORT, "--also", "wave", "-o", "name.png")
        assert Path("colon.png").read_bytes() == Path("name.png").read_bytes()


def test_an_option_for_one_picture_is_refused_for_a_folder_before_anything_is_made(nst, gallery):
    code, _, err = nst("stylize", gallery / "content", "wave", *SHORT, "--gif", "run.gif", "-o", "done")
    assert code == 2
    assert "--animation, --save-every and --mask are for one picture; CONTENT is a folder." in complaint(err)
    assert not Path("done").exists()


def test_a_quality_sets_size_and_steps_and_what_is_given_explicitly_counts(nst):
    out = nst("stylize", "cat", "wave", "--network", "tiny", "--quality", "draft", "--steps", "2")[1]
    assert "192 x 144 px, 2 steps" in out


def test_an_mp4_shows_the_run(nst):
    av = pytest.importorskip("av")
    assert nst("stylize", "cat", "wave", *SHORT, "--animation", "run.mp4")[0] == 0
    with av.open("run.mp4") as film:
        assert film.streams.video[0].codec_context.name == "h264"


def test_of_a_folder_each_picture_is_made_and_what_is_there_is_left_alone(nst, gallery):
    for name in ("one", "two"):
        save_image(torch.rand(1, 3, 30, 40), gallery / f"content/{name}.png")
    (gallery / "content/three.png").write_text("not a picture")
    Path("done").mkdir()
    Path("done/two_wave.png").write_bytes(b"kept")
    code, out, err = nst("stylize", gallery / "content", "wave", *SHORT, "-o", "done")
    assert code == 1
    assert sorted(path.name for path in Path("done").iterdir()) == ["cat_wave.png", "one_wave.png", "two_wave.png"]
    assert Path("done/two_wave.png").read_bytes() == b"kept"
    assert "done/two_wave.png is there already." in out.replace("\\", "/")
    assert "three.png is not a picture" in err
    assert "nst: 1 of 4 pictures could not be made; see above." in err


# Never loses work


def test_an_interrupted_run_is_resumed_to_the_same_bytes(nst, monkeypatch):
    arguments = ("stylize", "cat", "wave", "--network", "tiny", "--size", "32", "--steps", "9")
    nst(*arguments, "-o", "straight.png", "--gif", "straight.gif")
    see = keeper.Keeper.see
    stop_at(monkeypatch, 4)
    code, _, err = nst(*arguments, "-o", "out.png", "--gif", "out.gif")
    assert code == 143
    assert "Wrote the best image so far, of step 4, to out.png. The same command with --resume goes on." in err
    assert {"out.png", "out.png.checkpoint", "out.partial.png"} <= {path.name for path in Path().iterdir()}
    monkeypatch.setattr(keeper.Keeper, "see", see)
    code, _, err = nst(*arguments, "-o", "out.png", "--gif", "out.gif", "--resume")
    assert code == 0
    assert "5/9" in err
    assert Path("out.png").read_bytes() == Path("straight.png").read_bytes()
    assert Path("out.gif").read_bytes() == Path("straight.gif").read_bytes()
    assert not [*Path().glob("*.checkpoint"), *Path().glob("*.partial.*")]


def test_resuming_another_run_or_none_is_refused(nst, monkeypatch):
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png", "--resume")
    assert code == 2
    assert "There is no checkpoint out.png.checkpoint to go on from." in complaint(err)
    Path("out.png.checkpoint").write_bytes(b"nonsense")
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png", "--resume")
    assert code == 2
    assert "out.png.checkpoint is damaged, or not a saved run. Delete it, and start anew." in complaint(err)


def test_a_checkpoint_is_written_from_time_to_time_and_a_full_disk_does_not_end_the_run(nst, monkeypatch):
    saved = []
    monkeypatch.setattr(pace, "INTERVAL", 0.0)

    def full(_run, path, _extra):
        saved.append(path)
        raise ResumeError(f"{path} cannot be written: No space left on device.")

    monkeypatch.setattr(keeper, "save_checkpoint", full)
    code, out, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert code == 0
    assert saved
    assert "out.png.checkpoint cannot be written: No space left on device. The run goes on." in complaint(err)
    assert "Wrote out.png" in out


def test_a_run_that_begins_anew_leaves_an_older_checkpoint_for_a_while_and_says_how_to_keep_it(nst, monkeypatch):
    def stopped(self, step):
        see(self, step)
        signal.raise_signal(signal.SIGINT)
        if twice and step.index == 1:
            signal.raise_signal(signal.SIGINT)

    see, twice = keeper.Keeper.see, False
    monkeypatch.setattr(keeper.Keeper, "see", stopped)
    anew = ("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert nst(*anew)[0] == 130
    older, twice = Path("out.png.checkpoint").read_bytes(), True
    code, _, err = nst(*anew, "--seed", "1")
    assert code == 130
    assert "out.png.checkpoint is from an earlier run. This one begins anew, and replaces it after half a minute" in err
    assert Path("out.png.checkpoint").read_bytes() == older
    twice = False
    code, _, err = nst(*anew, "--resume")
    assert "earlier run" not in err


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="Windows kills in another way")
def test_a_killed_process_leaves_a_picture_and_a_checkpoint_that_goes_on(nst):
    arguments = ("stylize", "cat", "wave", "-o", "out.png", "--network", "tiny", "--size", "32")
    code = "from nstlib import cli; from nstlib.apps import pace; pace.INTERVAL = 0.1; cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--steps", "100000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not Path("out.partial.png").exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        process.kill()
        process.wait()
    assert load_image("out.partial.png").shape == (1, 3, 24, 32)
    pictures = [torch.rand(1, 3, 24, 32)]  # the checkpoint is whole: it is another run's, not a damaged one
    with pytest.raises(ResumeError, match="The saved run was another one"):
        load_checkpoint(transfer.stylize(*pictures * 2, features.load_network("tiny")), "out.png.checkpoint")


# Weights


def test_weights_are_listed_with_their_state_and_place(nst, tmp_path):
    code, out, _ = nst("weights", "list")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [[name, "missing"] for name in weights.SOURCES]
    assert str(tmp_path / "models" / "vgg19-d01eb7cb.pth") in out


def test_fetch_and_verify_take_a_name_and_default_to_vgg16(nst, monkeypatch):
    for function in ("fetch", "verify"):
        monkeypatch.setattr(weights, function, lambda name: Path(f"{name}.file"))
        word = "ready" if function == "fetch" else "unaltered"
        assert nst("weights", function) == (0, f"vgg16: {word}, vgg16.file\n", "")
        assert nst("weights", function, "vgg19") == (0, f"vgg19: {word}, vgg19.file\n", "")


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_an_unknown_network_is_told_in_one_line(nst, command):
    code, _, err = nst("weights", command, "tiny")
    assert code == 1
    assert "Choose one of: vgg16, vgg19, vgg19-torchvision." in complaint(err)


def test_verifying_what_is_not_there_fails(nst):
    code, _, err = nst("weights", "verify")
    assert code == 1
    assert "there is no file" in complaint(err)


# Help


def test_version(nst):
    assert nst("--version") == (0, f"nst {nstlib.__version__}\n", "")


COMMANDS = [
    (),
    ("stylize",),
    ("doctor",),
    ("weights",),
    ("weights", "fetch"),
    ("grade",),
    ("course",),
    ("course", "new"),
]
CARD = [("card",), ("card", "new"), ("card", "make"), ("card", "check")]


@pytest.mark.parametrize("command", [*COMMANDS, *CARD])
def test_help_fits_into_80_columns(nst, command):
    code, out, _ = nst(*command, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80


def test_help_gives_examples_and_every_choice(nst):
    _, out, _ = nst("stylize", "--help")
    assert "nst stylize cat sandstone" in out
    for name in (
        *transfer.OPTIMIZERS,
        *defaults.COLORS,
        *dual.METHODS,
        *defaults.QUALITIES,
        *transfer.INITS,
        *features.NETWORKS,
        *features.POOLINGS,
    ):
        assert name in out


def test_the_commands_defaults_are_the_librarys():
    command = inspect.signature(stylize_command).parameters
    library = {
        name: parameter
        for function in (transfer.stylize, features.load_network)
        for name, parameter in inspect.signature(function).parameters.items()
    }
    shared = {
        "content_weight",
        "style_weight",
        "tv_weight",
        "optimizer",
        "init",
        "levels",
        "detail",
        "memory",
        "pooling",
    }
    assert shared <= command.keys() & library.keys()
    assert {name: command[name].default for name in shared} == {name: library[name].default for name in shared}
    assert command["network"].default == library["name"].default
    assert defaults.QUALITIES[command["quality"].default][1] == library["steps"].default


def test_a_dreams_defaults_are_the_librarys():
    command, library = (inspect.signature(function).parameters for function in (dream_command, dreams.dream))
    shared = ("layer", "octaves", "iterations", "guide")
    assert [command[name].default for name in shared] == [library[name].default for name in shared]


def test_the_command_starts_without_torch():
    code = "import sys, nstlib.cli; print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# A real process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_in_a_terminal_ends_with_130_and_a_whole_picture():
    command = [sys.executable, "-m", "nstlib", "stylize", "cat", "wave", "-o", "out.png", "--network", "tiny"]
    process = subprocess.Popen(
        [*command, "--size", "32", "--steps", "1000000", "--save-every", "1", "frames"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not Path("frames/step_00003.png").exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped. Wrote the best image so far, of step" in complaint(err)
    assert load_image("out.png").shape == (1, 3, 24, 32)
    assert [path.name for path in Path().iterdir() if path.name.endswith(".part")] == []


# Dreams


DREAM = ("--network", "tiny", "--size", "64", "--octaves", "2", "--iterations", "3", "--layer", "relu3_2")


def test_a_photo_becomes_a_dream_named_after_it(nst):
    code, out, err = nst("dream", "cat", *DREAM)
    assert code == 0
    assert "64 x 48 px, 2 octaves of 3 steps, relu3_2 of tiny." in out
    assert "Wrote cat_dream.png after 6 steps" in out
    assert "6/6" in err
    assert "octave=2" in err
    assert load_image("cat_dream.png").shape == (1, 3, 48, 64)


def test_the_written_dream_is_the_librarys_last_step(nst, gallery):
    nst("dream", "cat", *DREAM, "--seed", "5", "--guide", gallery / "style/wave.png", "-o", "out.png")
    photo, guide = (load_image(gallery / path, size=64) for path in ("content/cat.png", "style/wave.png"))
    *_, last = dreams.dream(
        photo,
        features.load_network("tiny"),
        "relu3_2",
        guide=guide,
        octaves=2,
        iterations=3,
        generator=torch.Generator().manual_seed(5),
    )
    save_image(last.image, "expected.png")
    assert Path("out.png").read_bytes() == Path("expected.png").read_bytes()


def test_a_dream_keeps_transparency(nst, gallery):
    alpha = torch.zeros(1, 1, 48, 64)
    alpha[..., 32:] = 1
    save_image(torch.rand(1, 3, 48, 64), gallery / "content/ghost.png", alpha=alpha)
    assert nst("dream", "ghost", *DREAM, "-o", "out.png")[0] == 0
    assert torch.equal(load_alpha("out.png"), alpha)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dog",), "The course has no picture 'dog'. It has content: cat; style: wave."),
        (("dog.png",), "There is no file dog.png."),
        (("cat", "--guide", "dog"), "The course has no picture 'dog'."),
        (("cat", "--layer", "relu9_9"), "vgg16 has no layer 'relu9_9'. It has: conv1_1"),
        (("cat", "--network", "vgg11"), "There is no network 'vgg11'. Choose one of: vgg16"),
        (("cat", "--seed", "-1"), "--seed must be a whole number from 0"),
        (("cat", "-o", "nowhere/out.png"), "There is no folder nowhere to write out.png to."),
        (("cat", "-o", "out.xyz"), "out.xyz should end in one of .png, .jpg"),
        (("cat", *DREAM, "--octaves", "0"), "octaves must be a whole number of at least 1, got 0."),
        (("cat", *DREAM, "--octaves", "9"), "The smallest of 9 octaves would be 3 x 4 pixels."),
        (("cat", *DREAM, "--iterations", "0"), "iterations must be a whole number of at least 1, got 0."),
        (("cat", *DREAM, "--size", "0"), "must be a whole number of at least 1, got 0."),
    ],
)
def test_a_mistake_about_a_dream_is_told_in_one_line_and_nothing_is_written(nst, arguments, message):
    code, out, err = nst("dream", *arguments)
    assert code == 2
    assert message in complaint(err)
    assert out == ""
    assert not list(Path().iterdir())


def test_a_dream_may_not_replace_its_photo(nst, gallery):
    before = (gallery / "content/cat.png").read_bytes()
    code, _, err = nst("dream", "cat", *DREAM, "-o", gallery / "content/cat.png")
    assert code == 2
    assert (
        "is one of the pictures to start from, and the result would replace it. Choose another --output."
        in complaint(err)
    )
    assert (gallery / "content/cat.png").read_bytes() == before


def test_a_dream_that_is_stopped_keeps_the_image_so_far_at_full_size(nst, monkeypatch):
    def interrupted(*arguments, **options):
        for step in whole(*arguments, **options):
            if step.index == 2:
                signal.raise_signal(signal.SIGINT)
            yield step

    whole = dreams.dream
    monkeypatch.setattr(dreams, "dream", interrupted)
    code, _, err = nst("dream", "cat", *DREAM, "-o", "out.png")
    assert code == 130
    assert complaint(err) == "nst: Stopped. Wrote the image so far, of step 2, to out.png."
    assert load_image("out.png").shape == (1, 3, 48, 64)


def test_a_dream_that_cannot_be_written_leaves_the_older_file_whole(nst, monkeypatch):
    Path("out.png").write_bytes(b"older")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    code, _, err = nst("dream", "cat", *DREAM, "-o", "out.png")
    assert code == 1
    assert "out.png cannot be written: No space left on device." in complaint(err)
    assert Path("out.png").read_bytes() == b"older"


@pytest.mark.parametrize("own", [None, "ACTIVE"])
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(own):
    """torch reads the variable when it is loaded, so it must be there before; nothing else of the process has read it."""
    code = (
        "import atexit, os, sys; sys.argv = ['nst', '--version']\n"
        "atexit.register(lambda: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules))\n"
        "from nstlib.cli import main; main()"
    )
    others = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    env = others if own is None else {**others, "OMP_WAIT_POLICY": own}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == f"{own or 'PASSIVE'} False"
