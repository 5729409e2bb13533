"""What people type: each line ends with the right code, in one line if it is refused, and no file is lost to any of them."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib.images import save_image

pytestmark = [
    pytest.mark.usefixtures("desk"),
    pytest.mark.skipif(os.name == "nt", reason="pipes and links are other ones there"),
]
# What a run of two steps on 32 pixels may take: a second.
F = "--size 32 --steps 2 --network tiny"


@pytest.fixture
def desk(gallery):
    """A folder in which names lead to one another.

    ``c.png`` is a photo and ``s.png`` a style; ``again.png`` is a link to the photo, ``twin.png`` its other name, ``to.png``
    leads to nothing yet, ``round.png`` to itself.
    """
    torch.manual_seed(0)
    for name, size in {"c": (24, 32), "s": (40, 32), "out.partial": (24, 32), "frames/step_00002": (24, 32)}.items():
        Path(f"{name}.png").parent.mkdir(exist_ok=True)
        save_image(torch.rand(3, *size), f"{name}.png")
    for path in (Path("out.partial.png"), Path("frames/step_00002.png")):
        Image.open(path).save(path)  # no picture of ours
    Image.open("c.png").save("loop.gif")
    save_image(torch.rand(3, 12, 600), "thin.png")
    save_image(torch.ones(3, 24, 32), "white.png")
    save_image(torch.rand(3, 1, 1), "dot.png")
    Path("broken.png").write_bytes(Path("c.png").read_bytes()[:100])
    Path("notes.txt").write_text("no picture")
    Path("text.png").write_text("no picture")
    Path("empty.png").touch()
    Path("mine.png.checkpoint").write_text("somebody's own")
    Path("again.png").symlink_to("c.png")
    Path("to.png").symlink_to("frames/new.png")
    Path("round.png").symlink_to("round.png")
    os.link("c.png", "twin.png")
    os.mkfifo("pipe.png")
    for folder in ("hol", "nothing", "hol/inner"):
        Path(folder).mkdir()
    for name in ("hol/1.png", "hol/2.jpg"):
        Image.open("c.png").save(name)
    Path("hol/._1.png").write_bytes(b"a sidecar")
    Path("hol/clip.mov").write_bytes(b"a film")
    Path("C.d").mkdir()


def files() -> dict[str, str]:
    """Return what every file holds, by its path."""
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path().rglob("*")
        if not path.is_symlink() and stat.S_ISREG(path.stat().st_mode)
    }


def ended(nst, line):
    """Type a line; return its code and its one complaint, having seen that nothing that was there is other or gone."""
    before = files()
    code, _, err = nst(*line.replace("F", F).split(" ")) if isinstance(line, str) else nst(*line)
    assert "Traceback" not in err
    after = files()
    assert {path: after.get(path) for path in before} == before
    complaints = [text for text in err.replace("\r", "\n").splitlines() if text.startswith("nst: ")]
    return code, complaints, after.keys() - before.keys()


REFUSED = {
    # What is written would replace what is read
    "stylize c.png s.png F -o c.png": "the result would replace it. Choose another --output",
    "stylize c.png s.png F -o s.png": "s.png is one of the pictures to start from",
    "stylize c.png s.png F -o ./hol/../c.png": "is one of the pictures to start from",
    "stylize c.png s.png F -o again.png": "again.png is one of the pictures to start from",
    "stylize c.png s.png F -o twin.png": "twin.png is one of the pictures to start from",
    "stylize again.png s.png F -o c.png": "c.png is one of the pictures to start from",
    "stylize twin.png s.png F -o again.png": "again.png is one of the pictures to start from",
    "stylize c.png s.png F -o out.png --also white.png --gif loop.gif --mask white.png": "There are 2 styles and 1 masks",
    "stylize c.png s.png F -o white.png --mask white.png": "white.png is one of the pictures to start from",
    "stylize c.png s.png F -o white.png --also white.png:2": "white.png is one of the pictures to start from",
    "stylize loop.gif s.png F -o b.png --gif loop.gif": "the animation would replace it. Choose another --animation",
    "stylize c.png loop.gif F -o b.png --animation loop.gif": "the animation would replace it",
    "stylize out.partial.png s.png F -o out.png": "the picture on the way beside the result would replace it",
    "stylize c.png out.partial.png F -o out.png": "the picture on the way beside the result would replace it",
    "stylize frames/step_00002.png s.png F -o out2.png --save-every 1 frames": "the image of step 2 would replace it. "
    "Choose another --save-every",
    "stylize frames/step_00002.png s.png F -o out2.png --save-every 2 frames/../frames": "the image of step 2 would",
    "stylize c.png frames/step_00002.png F -o out2.png --save-every 1 frames": "the image of step 2 would replace it",
    "stylize c.png s.png F -o frames/step_00001.png --save-every 1 frames": "The result and the image of step 1 would both "
    "be frames/step_00001.png",
    "dream c.png --network tiny --size 32 -o c.png": "the result would replace it. Choose another --output",
    "dream c.png --network tiny --size 32 -o again.png": "again.png is one of the pictures to start from",
    "dream c.png --network tiny --size 32 -o twin.png": "twin.png is one of the pictures to start from",
    "dream c.png --network tiny --size 32 --guide s.png -o s.png": "s.png is one of the pictures to start from",
    # What would be replaced is somebody else's
    "stylize c.png s.png F -o mine.png": "mine.png.checkpoint was not made by nst",
    "stylize c.png s.png F -o out.png": "out.partial.png was not made by nst, and a run that writes out.png would replace",
    # Where it is written
    "stylize c.png s.png F -o nowhere/out.png": "There is no folder nowhere to write out.png to",
    "stylize c.png s.png F -o hol": "hol is a folder. Name a file in it",
    "stylize c.png s.png F -o .": "is a folder",
    "stylize c.png s.png F -o ..": "is a folder",
    "stylize c.png s.png F -o C.d": "C.d is a folder",
    "stylize c.png s.png F -o out": "should end in one of",
    "stylize c.png s.png F -o out.jgp": "should end in one of",
    "stylize c.png s.png F -o out.avif": "should end in one of",
    "stylize c.png s.png F -o out.gif": "should end in one of",
    "stylize c.png s.png F -o notes.txt": "should end in one of",
    "stylize c.png s.png F -o notes.txt/out.png": "There is no folder notes.txt",
    "stylize c.png s.png F -o p.png --gif a.png": "a.png should end in one of .gif, .mp4",
    "stylize c.png s.png F -o p.png --animation nowhere/a.gif": "There is no folder nowhere",
    "stylize c.png s.png F -o p.png --animation hol": "hol is a folder",
    "stylize c.png s.png F -o p.png --save-every 1 notes.txt": "notes.txt cannot be made",
    "stylize c.png s.png F -o p.png --save-every 1 nowhere/frames": "frames cannot be made",
    "stylize c.png s.png F -o p.png --save-every 0 frames": "--save-every needs a whole number of at least 1",
    "stylize c.png s.png F -o p.png --save-every -1 frames": "--save-every needs a whole number of at least 1",
    f"stylize c.png s.png F -o {'x' * 300}.png": "cannot be written: File name too long",
    "dream c.png --network tiny --size 32 -o nowhere/out.png": "There is no folder nowhere",
    "dream c.png --network tiny --size 32 -o hol": "hol is a folder",
    "dream c.png --network tiny --size 32 -o out.gif": "should end in one of",
    # What is read
    "stylize nope.png s.png F": "There is no file nope.png",
    "stylize c.png nope.jpg --network vgg19": "There is no file nope.jpg",
    "stylize hol nope.jpg --network vgg19": "There is no file nope.jpg",
    "stylize c.png nope --network vgg19": "The course has no picture 'nope'",
    "stylize c.png s.png --also nope.png --network vgg19": "There is no file nope.png",
    "stylize c.png s.png --mask nope.png --network vgg19": "There is no file nope.png",
    "stylize broken.png s.png F": "broken.png is damaged",
    "stylize c.png broken.png F": "broken.png is damaged",
    "stylize c.png text.png F": "text.png is not a picture that can be read",
    "stylize c.png notes.txt F": "notes.txt is not a picture that can be read",
    "stylize empty.png s.png F": "empty.png is empty (0 bytes)",
    "stylize pipe.png s.png F": "pipe.png is no file but a pipe or a device",
    "stylize c.png pipe.png F": "pipe.png is no file but a pipe or a device",
    "stylize c.png s.png F --mask pipe.png": "pipe.png is no file but a pipe or a device",
    "stylize /dev/null s.png F": "/dev/null is no file but a pipe or a device",
    "stylize - s.png F": "nst does not read from standard input. Save the picture to a file first",
    "stylize c.png - F": "nst does not read from standard input",
    "stylize https://example.org/cat.png s.png F": "is an address. nst reads files: download the picture first",
    "stylize c.png file:///s.png F": "is an address",
    "stylize to.png s.png F": "to.png is a link to a file that is not there",
    "stylize round.png s.png F": "round.png cannot be read",
    "stylize c.png hol F": "hol is a folder. Name a picture in it",
    f"stylize {'x' * 300}.png s.png F": "File name too long",
    f"stylize {'x' * 300} s.png F": "The course has no picture",
    "stylize c.png s.png F --mask s.png": "s.png is 32 x 40 pixels and the image 32 x 24",
    "stylize nothing s.png F": "The folder nothing holds no pictures",
    "dream nope.png": "There is no file nope.png",
    "dream nope.png --network vgg19": "There is no file nope.png",
    "dream c.png --guide nope.png --network vgg19": "There is no file nope.png",
    "dream c.png --guide text.png --network vgg19": "text.png is not a picture that can be read",
    "dream pipe.png --network tiny": "pipe.png is no file but a pipe or a device",
    "dream hol --network tiny": "hol is a folder. Name a picture in it",
    "dream - --network tiny": "nst does not read from standard input",
    "dream https://example.org/cat.png": "is an address",
    # Numbers
    "stylize c.png s.png F --size 0": "--size must be a whole number of at least 1, got 0",
    "stylize c.png s.png F --size -5": "--size must be a whole number of at least 1, got -5",
    "stylize c.png s.png F --size 15": "c.png would become 15 x 11 pixels, and the deepest layer needs 16 x 16",
    "stylize c.png s.png F --size 20000": "c.png would become 20,000 x 15,000 pixels",
    "stylize c.png s.png F --size 99999999": "c.png would become 99,999,999 x",
    "stylize c.png s.png F --size 99999999999999999999999999": "--size must be a whole number of at most 1,000,000,000",
    "stylize c.png s.png F --steps 0": "--steps must be a whole number of at least 1, got 0",
    "stylize c.png s.png F --steps 99999999999999999999999": "--steps must be a whole number of at most",
    "stylize c.png s.png F --levels 0": "--levels must be a whole number of at least 1, got 0",
    "stylize c.png s.png F --levels 10": "Use at most 1",
    "stylize c.png s.png F --levels 99999999999999999999999999": "--levels must be a whole number of at most",
    "stylize c.png s.png F --seed -1": "--seed must be a whole number from 0",
    "stylize c.png s.png F --seed 9223372036854775808": "--seed must be a whole number from 0",
    "stylize c.png s.png F --memory 0": "--memory must be a finite number, above 0, got 0.0",
    "stylize c.png s.png F --memory nan": "--memory must be a finite number, above 0, got nan",
    "stylize c.png s.png F --memory -1": "--memory must be a finite number",
    "stylize c.png s.png F --memory 0.01": "0.01 GB",
    "stylize c.png s.png F --content-weight -1": "--content-weight must be a finite number, 0 or larger, got -1.0",
    "stylize c.png s.png F --style-weight nan": "--style-weight must be a finite number",
    "stylize c.png s.png F --style-weight inf": "--style-weight must be a finite number",
    "stylize c.png s.png F --tv-weight -0.5": "--tv-weight must be a finite number",
    "stylize c.png s.png F --content-weight 0 --style-weight 0 --tv-weight 0": "are all 0: there is nothing to lower",
    "stylize c.png s.png F --style-scale 0": "--style-scale must be a number from 0.05 to 10",
    "stylize c.png s.png F --style-scale nan": "--style-scale must be a number from 0.05 to 10",
    "stylize c.png s.png F --style-scale 0.1": "s.png would become 2 x 3 pixels",
    "stylize c.png s.png F --also white.png:0": "The weight in --also must be a finite number, above 0, got 0.0",
    "stylize c.png s.png F --also white.png:-1": "The weight in --also must be a finite number",
    "stylize c.png s.png F --also white.png:nan": "The weight in --also must be a finite number",
    "stylize c.png s.png --network vgg19 --also white.png:inf": "The weight in --also must be a finite number",
    "stylize thin.png s.png --size 64 --steps 2 --network tiny": "thin.png would become 64 x 1 pixels",
    "stylize c.png thin.png --size 64 --steps 2 --network tiny": "Choose a larger --size or --style-scale, or crop it",
    "dream c.png --network tiny --size 0": "--size must be a whole number of at least 1",
    "dream c.png --network vgg19 --octaves 0": "--octaves must be a whole number of at least 1, got 0",
    "dream c.png --network vgg19 --octaves 50": "Or take fewer octaves",
    "dream c.png --network vgg19 --iterations 0": "--iterations must be a whole number of at least 1, got 0",
    "dream c.png --network vgg19 --octaves 99999999999999999999": "--octaves must be a whole number of at most",
    "dream c.png --network vgg19 --seed -1": "--seed must be a whole number from 0",
    "dream c.png --network vgg19 --size 99999999": "c.png would become 99,999,999 x",
    # Names of choices, before a network is fetched
    "stylize c.png s.png --network vgg19 --method duel": "There is no method 'duel'",
    "stylize c.png s.png --network vgg19 --colors gray": "There is no colors 'gray'",
    "stylize c.png s.png --network vgg19 --optimizer sgd": "There is no optimizer 'sgd'",
    "stylize c.png s.png --network vgg19 --init style": "There is no init 'style'",
    "stylize c.png s.png --network vgg19 --pooling min": "There is no pooling 'min'",
    "stylize c.png s.png --network vgg19 --quality high": "There is no quality 'high'",
    "stylize c.png s.png --network vgg20": "There is no network 'vgg20'",
    "stylize c.png s.png --network vgg19 --method luminance --colors histogram": 'The method "luminance" keeps',
    "dream c.png --network vgg19 --layer relu9_9": "vgg19 has no layer 'relu9_9'",
    "dream c.png --network vgg20": "There is no network 'vgg20'",
    # The explorer, which stays until Ctrl-C if it begins
    "explore nope.png": "There is no file nope.png",
    "explore nope": "The course has no picture 'nope'",
    "explore text.png --network vgg19": "text.png is not a picture that can be read",
    "explore pipe.png --network vgg19": "pipe.png is no file but a pipe or a device",
    "explore c.png --network vgg20": "There is no network 'vgg20'",
    "explore c.png --network vgg19 --size 0": "--size must be a whole number of at least 1",
    "explore c.png --network vgg19 --size 99999999": "c.png would become 99,999,999 x",
    "explore c.png --network vgg19 --size 99999999999999999999": "--size must be a whole number of at most",
    "explore c.png --network vgg19 --port -1": "--port must be a whole number of at least 0, got -1",
    "explore c.png --network vgg19 --port 65536": "--port must be a whole number of at most 65,535, got 65536",
    # Folders, and going on
    "stylize hol s.png F -o out9.png": "--output must name a folder too, got the picture's name out9.png",
    "stylize hol s.png F -o c.png": "--output must name a folder too",
    "stylize hol s.png F -o nowhere/folder": "folder cannot be made",
    "stylize hol s.png F -o notes.txt": "notes.txt cannot be made",
    "stylize hol s.png F --gif a.gif": "CONTENT is a folder",
    "stylize hol s.png F --save-every 1 frames": "CONTENT is a folder",
    "stylize hol s.png F --mask white.png": "CONTENT is a folder",
    "stylize hol text.png --network vgg19": "text.png is not a picture that can be read",
    "stylize hol thin.png --size 64 --steps 2 --network vgg19": "thin.png would become 64 x 1 pixels",
    "stylize c.png s.png F -o new.png --resume": "There is no checkpoint new.png.checkpoint to go on from",
    "stylize c.png s.png F -o mine.png --resume": "mine.png.checkpoint is damaged, or not a saved run",
}


@pytest.fixture
def no_network(monkeypatch):
    """Let nothing be fetched: what is refused is refused before."""
    monkeypatch.setattr("nstlib.features.load_weights", lambda name: pytest.fail(f"{name} was to be fetched"))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("line", REFUSED)
def test_a_line_is_refused_in_one_line_and_nothing_is_lost_or_left(nst, line):
    code, complaints, new = ended(nst, line)
    assert code == 2
    assert len(complaints) == 1
    assert REFUSED[line] in complaints[0]
    assert new == set()


MADE = {
    "stylize c.png s.png F -o new.png": {"new.png"},
    "stylize c.png s.png F": {"c_s.png"},
    "stylize cat wave F": {"cat_wave.png"},
    "stylize again.png s.png F": {"again_s.png"},
    "stylize c.png c.png F -o same.png": {"same.png"},
    "stylize c.png s.png F -o NEW.PNG": {"NEW.PNG"},
    "stylize c.png s.png F -o hol/new.jpg": {"hol/new.jpg"},
    "stylize c.png s.png F -o to.png": {"frames/new.png"},
    "stylize c.png s.png F -o new.png --gif new.gif": {"new.png", "new.gif"},
    "stylize c.png s.png F -o new.png --save-every 1 hol": {
        "new.png",
        "hol/step_00000.png",
        "hol/step_00001.png",
        "hol/step_00002.png",
    },
    "stylize frames/step_00002.png s.png F -o new.png --save-every 3 frames": {"new.png", "frames/step_00000.png"},
    "stylize c.png s.png F -o new.png --content-weight 0": {"new.png"},
    "stylize c.png s.png F -o new.png --style-weight 0": {"new.png"},
    "stylize c.png s.png F -o new.png --content-weight 0 --style-weight 0": {"new.png"},
    "stylize c.png s.png F -o new.png --also white.png:2 --also c.png": {"new.png"},
    "stylize c.png s.png F -o new.png --mask white.png": {"new.png"},
    "stylize c.png s.png F -o new.png --memory 8 --levels 1": {"new.png"},
    "stylize c.png s.png F -o new.png --seed 9223372036854775807 --init noise": {"new.png"},
    "stylize c.png s.png F -o new.png --style-scale 10": {"new.png"},
    "stylize dot.png s.png F -o new.png": {"new.png"},
    "stylize c.png dot.png F -o new.png": {"new.png"},
    "stylize hol s.png F": {"hol_s/1_s.png", "hol_s/2_s.png"},
    "stylize hol/ s.png F -o made": {"made/1_s.png", "made/2_s.png"},
    "stylize hol/inner/.. s.png F": {"hol_s/1_s.png", "hol_s/2_s.png"},
    "stylize hol s.png F -o hol": {"hol/1_s.png", "hol/2_s.png"},
    "stylize hol s.png F -o C.d": {"C.d/1_s.png", "C.d/2_s.png"},
    f"stylize c.png s.png F -o {'x' * 251}.png": {f"{'x' * 251}.png"},
    f"stylize c.png s.png F -o {'é' * 125}.png": {f"{'é' * 125}.png"},
    "stylize c.png s.png F -o 写真.png": {"写真.png"},
    "dream c.png --network tiny --size 64 --octaves 1 --iterations 1": {"c_dream.png"},
    "dream c.png --network tiny --size 64 --octaves 1 --iterations 1 -o to.png": {"frames/new.png"},
    "dream again.png --network tiny --size 64 --octaves 1 --iterations 1 --guide c.png": {"again_dream.png"},
}


@pytest.mark.parametrize("line", MADE)
def test_a_line_makes_what_it_says_and_nothing_else(nst, line):
    assert ended(nst, line) == (0, [], MADE[line])


def test_a_link_stays_one_and_what_it_leads_to_is_written(nst):
    ended(nst, "stylize c.png s.png F -o to.png")
    assert os.readlink("to.png") == "frames/new.png"


def test_a_name_with_characters_that_are_no_text_is_taken(nst):
    name = os.fsdecode(b"caf\xe9.png")
    os.link("c.png", name)
    code, complaints, new = ended(nst, ["stylize", name, "s.png", *F.split()])
    assert (code, complaints) == (0, [])
    assert new == {os.fsdecode(b"caf\xe9_s.png")}


# Folders


@pytest.mark.parametrize(("there", "name"), [(".", "hol_s"), ("inner/..", "hol_s")])
def test_a_folder_without_a_name_in_the_line_has_its_own(nst, monkeypatch, there, name):
    monkeypatch.chdir("hol")
    assert nst("stylize", there, "../s.png", *F.split())[0] == 0
    assert sorted(path.name for path in Path(name).iterdir()) == ["1_s.png", "2_s.png"]


def test_a_folder_above_has_its_own_name_too(nst, monkeypatch):
    monkeypatch.chdir("hol/inner")
    assert nst("stylize", "..", "../../s.png", *F.split())[0] == 0
    assert [path.name for path in Path().iterdir()] == ["hol_s"]


def test_what_is_no_content_is_named_and_hidden_files_are_not(nst):
    _, _, err = nst("stylize", "hol", "s.png", *F.split())
    assert "Left out, not of a kind that is taken: clip.mov." in err
    assert "._1" not in err


def test_own_results_are_no_contents_whatever_the_style(nst):
    for style in ("s.png", "white.png", "s.png"):
        assert nst("stylize", "hol", style, *F.split(), "-o", "hol")[0] == 0
    made = sorted(path.name for path in Path("hol").glob("*.png") if not path.name.startswith("."))
    assert made == ["1.png", "1_s.png", "1_white.png", "2_s.png", "2_white.png"]


def test_results_may_be_contents_of_another_folder(nst):
    nst("stylize", "hol", "s.png", *F.split())
    assert nst("stylize", "hol_s", "white.png", *F.split())[0] == 0
    assert sorted(path.name for path in Path("hol_s_white").iterdir()) == ["1_s_white.png", "2_s_white.png"]


def test_one_stem_with_two_extensions_makes_two_results(nst):
    Image.open("c.png").save("hol/1.jpg")
    assert nst("stylize", "hol", "s.png", *F.split())[0] == 0
    assert sorted(path.name for path in Path("hol_s").iterdir()) == ["1-jpg_s.png", "1-png_s.png", "2_s.png"]


def test_broken_pictures_are_told_once_and_the_rest_is_made(nst):
    for name in ("3.png", "4.png"):
        Path("hol", name).write_text("no picture")
    code, _, err = nst("stylize", "hol", "s.png", *F.split())
    assert code == 1
    assert sorted(path.name for path in Path("hol_s").iterdir()) == ["1_s.png", "2_s.png"]
    assert [err.count(f"{name} is not a picture") for name in ("3.png", "4.png")] == [1, 1]
    assert "nst: 2 of 4 pictures could not be made; see above." in err


def test_what_is_wrong_with_all_is_told_once_and_no_folder_is_made(nst):
    code, complaints, new = ended(nst, "stylize hol broken.png F")
    assert (code, len(complaints), new) == (2, 1, set())


def test_a_picture_that_was_stopped_in_a_folder_goes_on(nst, monkeypatch):
    from nstlib.apps.painting import keeper

    assert nst("stylize", "hol", "s.png", *F.split(), "-o", "straight")[0] == 0
    see = keeper.Keeper.see

    def stopped(self, step):
        see(self, step)
        if step.index == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(keeper.Keeper, "see", stopped)
    code, _, err = nst("stylize", "hol", "s.png", *F.split(), "-o", "made")
    assert code == 143
    assert "The same command with --resume goes on." in err
    monkeypatch.setattr(keeper.Keeper, "see", see)
    assert nst("stylize", "hol", "s.png", *F.split(), "-o", "made", "--resume")[0] == 0
    assert sorted(path.name for path in Path("made").iterdir()) == ["1_s.png", "2_s.png"]
    for name in ("1_s.png", "2_s.png"):
        assert Path("made", name).read_bytes() == Path("straight", name).read_bytes()


def test_without_resume_a_half_done_picture_is_made_anew(nst):
    Path("made").mkdir()
    nst("stylize", "hol", "s.png", *F.split(), "-o", "straight")
    save_image(torch.rand(3, 24, 32), "made/1_s.png")
    whole = Path("made/1_s.png.checkpoint")
    torch.save({"format": 1}, whole)
    assert nst("stylize", "hol", "s.png", *F.split(), "-o", "made")[0] == 0
    assert Path("made/1_s.png").read_bytes() == Path("straight/1_s.png").read_bytes()
    assert not whole.exists()


# What a machine lacks


def test_a_film_without_its_writer_is_refused_before_the_run(nst, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    code, complaints, new = ended(nst, "stylize c.png s.png F -o new.png --animation new.mp4")
    assert (code, new) == (2, set())
    assert "Writing .mp4 needs PyAV, which is not installed" in complaints[0]


def test_a_disk_without_room_for_the_result_is_told_before_the_run(nst, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 1000})())
    for line in ("stylize c.png s.png F -o new.png", "dream c.png --network tiny --size 64 --octaves 1 -o new.png"):
        code, complaints, new = ended(nst, line)
        assert (code, new) == (2, set())
        assert "are free there. Make room, or choose another folder." in complaints[0]


def test_a_dream_that_finds_its_disk_full_is_written_elsewhere(nst, monkeypatch, tmp_path):
    import nstlib.images

    save = nstlib.images.save_image

    def full(image, path, **options):
        if Path(path).name == "new.png" and Path(path).parent == Path():
            raise nstlib.images.ImageError("new.png cannot be written: No space left on device.")
        return save(image, path, **options)

    monkeypatch.setattr(nstlib.images, "save_image", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, out, err = nst("dream", "c.png", "--network", "tiny", "--size", "64", "--octaves", "1", "-o", "new.png")
    assert code == 0
    assert "The picture is in" in err
    assert len(list(tmp_path.glob("nst-*/new.png"))) == 1
    assert "Wrote" in out


def test_a_result_takes_the_place_of_a_file_that_may_only_be_read_and_may_be_read_no_more(nst):
    save_image(torch.rand(3, 24, 32), "old.png")
    os.chmod("old.png", 0o400)
    assert nst("stylize", "c.png", "s.png", *F.split(), "-o", "old.png")[0] == 0
    assert stat.S_IMODE(os.stat("old.png").st_mode) == 0o400


def test_a_user_whom_the_machine_does_not_know_and_who_has_no_home_can_run_it():
    code = (
        "import pwd\ndef unknown(uid): raise KeyError(uid)\npwd.getpwuid = unknown\nfrom nstlib.cli import main\nmain()"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    line = [sys.executable, "-c", code, "stylize", "c.png", "s.png", *F.split(), "-o", "new.png"]
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert Path("new.png").exists()
