"""Which files the pictures are, and whether they can be used, before anything is computed."""

import hashlib
import os

import pytest
import torch

from nstlib.apps.study.pictures import check_picture, different, digest
from nstlib.errors import ImageError
from nstlib.images import save_image


@pytest.fixture
def cat(tmp_path):
    return save_image(torch.rand(3, 30, 40), tmp_path / "cat.png")


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_file_counts_once_whatever_it_is_called(cat, tmp_path):
    (tmp_path / "soft.png").symlink_to(cat)
    os.link(cat, tmp_path / "hard.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    names = [cat, tmp_path / "soft.png", tmp_path / "hard.png", tmp_path / "." / "x" / ".." / "cat.png"]
    assert different(names[:3]) == [cat]
    assert different([tmp_path / "loop.png", tmp_path / "loop.png", cat]) == [tmp_path / "loop.png", cat]


def test_a_digest_is_that_of_the_bytes_one_file_after_the_other(cat, tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    whole = cat.read_bytes() + (tmp_path / "large").read_bytes()
    assert digest([cat, tmp_path / "large"], 16) == hashlib.sha256(whole).hexdigest()[:16]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_has_no_end_has_no_digest(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "nothing", "n" * 300):
        assert digest([tmp_path / name]) == ""
    assert digest(["/dev/zero"]) == ""


def test_a_picture_is_checked_by_its_header(cat, tmp_path):
    check_picture(cat, 22, 16)  # 22 x 16.5
    with pytest.raises(ImageError, match=r"is 40 x 30 pixels: with --size 20 .* has 15, .* Use --size 21 or larger"):
        check_picture(cat, 20, 16, option="--size")
    check_picture(cat, 21, 16)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError, match="is not a picture that can be read"):
        check_picture(tmp_path / "text.png", 32, 16)
