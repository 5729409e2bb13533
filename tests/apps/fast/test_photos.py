import sys

import pytest
import torch

from nstlib.apps.fast import photos
from nstlib.errors import ImageError
from nstlib.images import save_image
from nstlib.one_pass import CROP


def test_each_photo_comes_at_two_sizes_from_which_a_piece_can_be_cut():
    for size in ((30, 400), (100, 80), (1, 1)):
        found = photos.at_sizes(torch.rand(1, 3, *size))
        assert len(found) == 2
        assert all(min(photo.shape[2:]) >= CROP for photo in found)


def test_photos_that_cannot_be_read_are_left_out_and_told(tmp_path):
    good = save_image(torch.rand(1, 3, 40, 50), tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no picture")
    told = []
    assert len(photos.read_photos([tmp_path / "bad.png", good], told.append)) == 2
    assert len(told) == 1
    assert "bad.png is not a picture" in told[0]
    with pytest.raises(ImageError, match="There is no photo to learn from"):
        photos.read_photos([tmp_path / "bad.png"], told.append)


def test_of_many_photos_some_from_all_along_are_read(monkeypatch):
    read = []
    monkeypatch.setattr(photos, "load_image", lambda path, size: read.append(path) or torch.rand(1, 3, 100, 100))
    photos.read_photos(list(range(1000)), lambda _: None)
    assert len(read) == photos.MOST
    assert read[-1] > 990


def test_without_scikit_image_it_is_told_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    with pytest.raises(ImageError, match=r"--photos DIR: five of different scenes.*pip install scikit-image"):
        photos.stock_photos(torch.Generator())


def test_the_course_s_photos_are_taken_but_for_the_one_that_is_shown(monkeypatch, tmp_path):
    names = {path.stem for path in photos.course_photos(but="cat")}
    assert len(names) >= 5
    assert "cat" not in names
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "nowhere"))
    assert photos.course_photos(but="cat") == []


def test_drawn_pictures_are_pictures():
    drawn = photos._drawn(torch.Generator().manual_seed(0), size=64)
    assert drawn.shape == (1, 3, 64, 64)
    assert torch.equal(drawn, drawn.clamp(0, 1))
    assert drawn.std() > 0.02
