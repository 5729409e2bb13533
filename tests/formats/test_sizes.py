"""The longer side is asked for, the shorter one follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from nstlib.errors import ImageError
from nstlib.formats.sizes import check_size, scaled


@pytest.mark.parametrize(
    ("stored", "size", "wanted"),
    [((40, 30), 20, (20, 15)), ((30, 40), 20, (15, 20)), ((7, 7), 9, (9, 9))],
)
def test_the_longer_side_becomes_the_size_and_the_shorter_one_is_rounded(stored, size, wanted):
    assert scaled(stored, size) == wanted


def test_a_side_that_would_vanish_is_refused_with_the_size_that_would_do():
    with pytest.raises(ImageError, match=r"The image is 4000 x 3 pixels.*Use a size of at least 667, or crop it\."):
        scaled((4000, 3), 100)
    assert scaled((4000, 3), 667) == (667, 1)


def test_too_many_pixels_are_refused_whether_they_are_there_or_asked_for():
    check_size(Path("a.png"), (10, 10), 10, 100)
    with pytest.raises(ImageError, match="a.png is 10 x 11 pixels, 110 in all; the limit is 100"):
        check_size(Path("a.png"), (10, 11), 5, 100)
    with pytest.raises(ImageError, match="a.png would become 11 x 11 pixels, 121 in all"):
        check_size(Path("a.png"), (10, 10), 11, 100)
