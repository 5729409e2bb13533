"""The command ``nst compare``: many pairs at once, each made once; what goes wrong with one does not stop the others."""

from __future__ import annotations

import inspect
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import psutil
import pytest
import torch

from nstlib import defaults, features
from nstlib.apps.comparison import pairs
from nstlib.apps.comparison.pairs import records_in
from nstlib.apps.study.grid import Settings
from nstlib.cli import compare
from nstlib.errors import ImageError
from nstlib.images import picture, save_image

pytestmark = pytest.mark.usefixtures("gallery")
SHORT = ("--network", "tiny", "--size", "32", "--steps", "3")


@pytest.fixture
def more(gallery):
    """A second picture of each kind: dog and dots."""
    generator = torch.Generator().manual_seed(1)
    for name in ("content/dog", "style/dots"):
        save_image(torch.rand(3, 30, 40, generator=generator), gallery / f"{name}.png")


@pytest.fixture
def made(monkeypatch):
    """Note which runs are begun."""
    begun, whole = [], pairs.make

    def noted(pair, method, *others):
        begun.append(f"{pair.folder.name} {method}")
        return whole(pair, method, *others)

    monkeypatch.setattr(pairs, "make", noted)
    return begun


def complaints(err):
    assert "Traceback" not in err
    return [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]


@pytest.mark.usefixtures("more")
def test_every_content_is_painted_in_every_style_by_classic_and_dual(nst):
    code, out, err = nst("compare", "cat", "dog", "--styles", "wave", "dots", "-o", "out", *SHORT)
    assert code == 0
    assert "4 pairs by classic, dual: 32 px, 3 steps, network tiny; 8 runs to go." in out
    assert "with 4 pairs in" in out
    assert "24/24" in err
    folders = sorted(path.name for path in Path("out").iterdir())
    assert folders == ["cat_dots", "cat_wave", "dog_dots", "dog_wave", "index.html", "metrics.csv"]
    wanted = [f"{name}{end}.png" for name in ("classic", "content", "dual", "style") for end in ("", "_high", "_low")]
    assert sorted(path.name for path in Path("out/cat_wave").iterdir()) == sorted([*wanted, "losses.csv", "pair.json"])


def test_folders_are_taken_as_well_as_names(nst, gallery):
    assert nst("compare", gallery / "content", "--styles", gallery / "style", "-o", "out", *SHORT)[0] == 0
    assert Path("out/cat_wave/dual.png").exists()


@pytest.mark.usefixtures("more")
def test_what_is_complete_is_not_run_again_and_what_is_new_is(nst, made):
    nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    made.clear()
    code, out, _ = nst("compare", "cat", "dog", "--styles", "wave", "-o", "out", *SHORT)
    assert code == 0
    assert "2 runs to go, 2 are there already." in out
    assert made == ["dog_wave classic", "dog_wave dual"]
    made.clear()
    nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT, "--methods", "lapstyle", "classic")
    assert made == ["cat_wave lapstyle"]
    assert list(records_in(Path("out"))[0].runs) == ["classic", "dual", "lapstyle"]


def test_a_comparison_that_is_complete_needs_no_network(nst, monkeypatch):
    nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    monkeypatch.setattr(features, "load_network", lambda _name: pytest.fail("a network was loaded"))
    code, out, _ = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    assert code == 0
    assert "0 runs to go, 2 are there already." in out


def test_other_settings_are_refused_until_replacing_is_asked_for(nst, made):
    nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    made.clear()
    code, out, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT, "--seed", "1")
    assert (code, out, made) == (2, "", [])
    assert "cat_wave was made with other settings: --seed was 0, now 1." in complaints(err)[0]
    assert nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT, "--seed", "1", "--replace")[0] == 0
    assert made == ["cat_wave classic", "cat_wave dual"]


@pytest.mark.usefixtures("more")
def test_a_broken_picture_is_told_once_and_the_others_are_done(nst, gallery):
    (gallery / "content/bad.png").write_text("not a picture")
    code, out, err = nst("compare", gallery / "content", "--styles", "wave", "dots", "-o", "out", *SHORT)
    assert code == 1
    broken, count = complaints(err)
    assert "bad.png is not a picture that can be read" in broken
    assert count == "nst: 4 of 12 runs could not be made; see above."
    assert "with 4 pairs in" in out
    page = Path("out/index.html").read_text()
    assert "Not made" in page
    assert "bad.png is not a picture" in page
    assert not Path("out/bad_wave").exists()


@pytest.mark.usefixtures("more")
def test_a_stopped_comparison_leaves_a_page_of_what_is_there_and_goes_on(nst, made, monkeypatch):
    whole = pairs.make

    def interrupted(pair, method, *others):
        for step in whole(pair, method, *others):
            if len(made) == 3 and step.index == 1:
                os.kill(os.getpid(), signal.SIGTERM)
            yield step

    arguments = ("compare", "cat", "dog", "--styles", "wave", "-o", "out", *SHORT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "make", interrupted)
        code, _, err = nst(*arguments)
    assert code == 143
    assert complaints(err) == [
        f"nst: Stopped. {Path('out/index.html')} shows what is there, 1 pair. The same command goes on."
    ]
    assert "cat_wave/dual.png" in Path("out/index.html").read_text()
    assert not Path("out/dog_wave").exists()
    made.clear()
    assert nst(*arguments)[0] == 0
    assert made == ["dog_wave classic", "dog_wave dual"]


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_in_a_terminal_ends_with_130_and_a_whole_page():
    command = [sys.executable, "-m", "nstlib", "compare", "cat", "--styles", "wave", "cat", "-o", "out"]
    process = subprocess.Popen(
        [*command, "--network", "tiny", "--size", "32", "--steps", "300"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not Path("out/cat_wave/pair.json").exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped." in complaints(err)[-1]
    assert "cat_wave/classic.png" in Path("out/index.html").read_text()
    assert [path.name for path in Path("out").rglob("*.part")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dog", "--styles", "wave"), "The course has no picture 'dog'. It has content: cat; style: wave."),
        (("cat", "--styles", "wave", "dog"), "The course has no picture 'dog'."),
        (("cat", "--styles", "wave", "--methods", "dual", "duel"), "There is no method 'duel'. Choose one of: classic"),
        (("cat", "--styles", "wave", "--network", "vgg11"), "There is no network 'vgg11'."),
        (("cat", "--styles", "wave", "--size", "8"), "size must be a whole number of at least 16, got 8."),
        (("cat", "--styles", "wave", "--steps", "0"), "steps must be a whole number of at least 1, got 0."),
        (("cat", "--styles", "wave", "--seed", str(2**63)), "--seed must be a whole number from 0 to 2**63 - 1"),
        (("cat", "--styles", "wave", "--init", "style"), "There is no init 'style'."),
        (("cat", "--styles", "wave", "-o", "nowhere/out"), "There is no folder nowhere to make out in."),
        (("empty", "--styles", "wave"), "The folder empty holds no pictures"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_a_network_is_loaded(nst, monkeypatch, arguments, message):
    monkeypatch.setattr(features, "load_network", lambda _name: pytest.fail("a network was loaded"))
    Path("empty").mkdir()
    code, out, err = nst("compare", *arguments)
    assert (code, out) == (2, "")
    (line,) = complaints(err)
    assert message in line


def test_the_commands_defaults_are_the_librarys_and_its_pictures_the_courses(monkeypatch):
    command = {name: each.default for name, each in inspect.signature(compare.compare).parameters.items()}
    library = inspect.signature(pairs.make_grid).parameters
    assert [command[name] for name in ("style_weight", "init", "seed")] == [
        library[name].default for name in ("style_weight", "init", "seed")
    ]
    assert (command["size"], command["network"]) == (Settings().size, Settings().network)
    assert command["steps"] == defaults.STEPS
    monkeypatch.delenv("NST_IMAGES")
    assert len(compare.CONTENTS) == len(compare.STYLES) == 5
    assert [picture(name).parent.name for name in (*compare.CONTENTS, *compare.STYLES)] == ["content"] * 5 + [
        "style"
    ] * 5


def test_help_fits_into_80_columns(nst):
    code, out, _ = nst("compare", "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for method in defaults.METHODS:
        assert method in out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["a", "--styles", "b", "c", "-o", "d", "e"], ["a", "--styles", "b", "--styles", "c", "-o", "d", "e"]),
        (["--styles", "b", "--", "c", "d"], ["--styles", "b", "--", "c", "d"]),
        (["--styles", "b", "--styles", "c", "d"], ["--styles", "b", "--styles", "c", "--styles", "d"]),
        (["--styles"], ["--styles"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_an_option_of_several_takes_all_words_up_to_the_next_option(words, found):
    assert compare.spread(words) == found


def test_a_full_disk_ends_with_an_error_and_no_traceback(nst, monkeypatch):
    def full(*_arguments):
        raise ImageError("x cannot be written: No space left on device.")

    monkeypatch.setattr(pairs, "write_metrics", full)
    code, _, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    assert code == 1
    assert "No space left on device" in complaints(err)[-1]


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 40 GB")])
def test_a_run_that_lacks_memory_is_told_and_the_others_are_done(nst, monkeypatch, error):
    whole = pairs.make

    def greedy(pair, *others):
        if pair.content == "cat":
            raise error
        return whole(pair, *others)

    monkeypatch.setattr(pairs, "make", greedy)
    code, out, err = nst("compare", "cat", "dog", "--styles", "wave", "-o", "out", *SHORT, "--methods", "classic")
    assert (code, "with 1 pair in" in out) == (1, True)
    lacking, count = complaints(err)
    assert lacking == "nst: cat_wave: there is not enough memory. Use a smaller --size."
    assert count == "nst: 1 of 2 runs could not be made; see above."


def test_a_machine_without_the_memory_is_told_before_and_one_that_lacks_it_now_is_tried(nst, monkeypatch):
    there = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: there._replace(total=10**8, available=10**8))
    monkeypatch.setattr(psutil, "swap_memory", lambda: there._replace(total=0))
    code, _, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    assert code == 2
    assert "of memory, and this machine has 0.1 GB. Use a smaller --size." in complaints(err)[0]
    assert not Path("out").exists()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: there._replace(total=10**10, available=10**8))
    code, _, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    assert (code, "of memory, and 0.1 GB are free." in complaints(err)[0]) == (0, True)


def test_a_full_disk_is_told_before(nst, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1000))
    monkeypatch.setattr(features, "load_network", lambda _name: pytest.fail("a network was loaded"))
    code, _, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    assert (code, "MB, and 0.0 MB are free there. Make room" in complaints(err)[0]) == (2, True)


def test_results_that_lie_among_the_contents_are_none_of_them(nst, gallery):
    arguments = ("compare", gallery / "content", "--styles", "wave", "-o", gallery / "content", *SHORT)
    assert nst(*arguments)[0] == 0
    code, out, _ = nst(*arguments)
    assert (code, "0 runs to go, 2 are there already." in out) == (0, True)


@pytest.mark.parametrize(("here", "name"), [("content", "."), ("content/inner", "..")])
def test_a_folder_may_be_the_one_where_one_is_or_the_one_above(nst, gallery, monkeypatch, here, name):
    (gallery / here).mkdir(exist_ok=True)
    monkeypatch.chdir(gallery / here)
    assert nst("compare", name, "--styles", "wave", "-o", "out", *SHORT)[0] == 0
    assert sorted(os.listdir("out")) == ["cat_wave", "index.html", "metrics.csv"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("locked", ["out", "out/cat_wave"])
def test_a_folder_that_cannot_be_written_is_told_before(nst, monkeypatch, locked):
    nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT, "--methods", "classic")
    monkeypatch.setattr(features, "load_network", lambda _name: pytest.fail("a network was loaded"))
    os.chmod(locked, 0o500)
    code, _, err = nst("compare", "cat", "--styles", "wave", "-o", "out", *SHORT)
    os.chmod(locked, 0o700)
    assert (code, "cannot be written: Permission denied" in complaints(err)[0]) == (2, True)
