"""What is written is held against what is read: by file, whatever the names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nstlib.apps.outputs import Output, check_outputs, check_places, check_space, files_in
from nstlib.errors import ImageError


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photo.png").write_bytes(b"a picture")
    return Path("photo.png")


NAMES = {
    "itself": lambda: Path("photo.png"),
    "by another way": lambda: Path("folder/../photo.png"),
    "from the root": lambda: Path("photo.png").resolve(),
    "a link": lambda: Path("link.png"),
    "a link to a link": lambda: Path("farther.png"),
    "through a linked folder": lambda: Path("door/photo.png"),
    "another name of the file": lambda: Path("twin.png"),
}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", NAMES)
def test_an_output_is_a_source_by_whatever_name(photo, name):
    Path("folder").mkdir()
    Path("link.png").symlink_to(photo)
    Path("farther.png").symlink_to("link.png")
    Path("door").symlink_to(".")
    os.link(photo, "twin.png")
    for output, source in ((NAMES[name](), photo), (photo, NAMES[name]())):
        with pytest.raises(
            ImageError, match="is one of the pictures to start from, and the film would replace it. Choo"
        ):
            check_outputs([Output(output, "the film", "--animation")], [source])


def test_sources_are_called_what_they_are(photo):
    with pytest.raises(ImageError, match="photo.png is one of the files to start from, and the table would replace it"):
        check_outputs([Output(photo, "the table")], [photo], kind="files")


def test_a_copy_is_another_file_and_what_is_not_there_is_none(photo):
    Path("copy.png").write_bytes(photo.read_bytes())
    check_outputs(
        [Output(Path("copy.png"), "the result"), Output(Path("new.png"), "a film")], [photo, Path("gone.png")]
    )


@pytest.mark.parametrize("other", ["new.png", "./new.png", "NEW.png", "hol/../new.png"])
def test_two_outputs_need_two_names_also_on_disks_that_do_not_tell_a_from_A(photo, other):
    Path("hol").mkdir()
    with pytest.raises(ImageError, match=r"The result and the film would both be .*\. Choose another --animation\."):
        check_outputs([Output(Path("new.png"), "the result"), Output(Path(other), "the film", "--animation")], [photo])


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_nothing_is_the_file_that_will_be_there(photo):
    Path("link.png").symlink_to("new.png")
    with pytest.raises(ImageError, match="would both be"):
        check_outputs([Output(Path("new.png"), "the result"), Output(Path("link.png"), "the film")], [photo])


def test_a_place_that_cannot_be_written_is_told(photo):
    with pytest.raises(ImageError, match=r"There is no folder nowhere to write new.png to"):
        check_places([Output(Path("new.png"), "the result"), Output(Path("nowhere/new.png"), "a film")])
    with pytest.raises(ImageError, match=r"new.png should end in one of .gif"):
        check_places([Output(Path("new.png"), "a film", "--gif", (".gif",))])
    with pytest.raises(ImageError, match=r"nnn.png cannot be written: .*Choose another --gif"):
        check_places([Output(Path(f"{'n' * 300}.png"), "a film", "--gif")])
    assert [path.name for path in files_in(Path())] == ["photo.png"]
    assert list(files_in(Path("nowhere"))) == []


def test_room_is_asked_for_and_a_disk_that_does_not_say_is_trusted(photo, monkeypatch):
    check_space(photo, 1)
    with pytest.raises(
        ImageError, match=r"photo.png may need [\d,]+\.0 MB, and [\d,]+\.\d MB are free there. Make room"
    ):
        check_space(photo, 1e21)
    monkeypatch.setattr("shutil.disk_usage", lambda path: os.stat(path / "nowhere"))
    check_space(photo, 1e21)
