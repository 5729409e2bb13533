"""Where a file can be written, and what a tensor is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError
from nstlib.formats.encoding import as_bytes, check_writable, is_marked
from nstlib.images import save_image


def refuse(*_args, **_options):
    raise PermissionError(13, "Permission denied")


def test_values_become_the_nearest_of_256_and_the_axes_those_of_a_picture():
    image = torch.tensor([0.0, 0.499 / 255, 0.501 / 255, 2.0]).expand(1, 3, 2, 4)
    assert as_bytes(image).shape == (2, 4, 3)
    assert as_bytes(image)[0, :, 0].tolist() == [0, 0, 1, 255]


# Where a file can be written: saving and check_writable answer alike


def writers(path):
    return [lambda: check_writable(path), lambda: save_image(torch.zeros(3, 2, 2), path)]


@pytest.mark.parametrize("writer", [0, 1])
@pytest.mark.parametrize("name", ["a.xyz", "a", "a.gif"])
def test_an_unknown_extension_lists_those_there_are(tmp_path, writer, name):
    with pytest.raises(ImageError, match=r"should end in one of \.png, \.jpg, \.jpeg, \.webp, \.bmp, \.tif, \.tiff"):
        writers(tmp_path / name)[writer]()


@pytest.mark.parametrize("writer", [0, 1])
def test_a_missing_output_folder_is_named(tmp_path, writer):
    with pytest.raises(ImageError, match=r"There is no folder .*out to write a\.png to\. Create it"):
        writers(tmp_path / "out" / "a.png")[writer]()


@pytest.mark.parametrize("writer", [0, 1])
def test_a_folder_cannot_be_overwritten_by_an_image(tmp_path, writer):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ImageError, match=r"a\.png is a folder\. Name a file in it, for example .*result\.png"):
        writers(tmp_path / "a.png")[writer]()


@pytest.mark.parametrize("writer", [0, 1])
def test_a_read_only_folder_is_refused(tmp_path, monkeypatch, writer):
    monkeypatch.setattr(Path, "touch", refuse)  # root may write anywhere, so the system call itself refuses
    with pytest.raises(ImageError, match=r"a\.png cannot be written: Permission denied\. Check the folder's perm"):
        writers(tmp_path / "a.png")[writer]()


def test_check_writable_leaves_nothing_and_touches_nothing(tmp_path):
    old = tmp_path / "old.png"
    old.write_bytes(b"old")
    assert check_writable(tmp_path / "new.png") == tmp_path / "new.png"
    assert check_writable(old) == old
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_png_or_jpeg_says_what_made_it(tmp_path):
    for name in ("a.png", "a.jpg"):
        save_image(torch.rand(3, 20, 20), tmp_path / name)
        assert is_marked(tmp_path / name)
        Image.open(tmp_path / name).save(tmp_path / f"other_{name}", comment=b"")
        assert not is_marked(tmp_path / f"other_{name}")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["Software"] == "nstlib"
    assert not is_marked(tmp_path / "nothing.png")
