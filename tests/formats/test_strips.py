"""In strips or as a whole: the picture is the same to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from nstlib.formats import strips
from nstlib.formats.masks import load_alpha
from nstlib.formats.strips import ORIENTATION, fitted_in_strips
from nstlib.images import load_image

PIXELS = np.random.default_rng(0).integers(0, 256, (97, 130, 4)).astype(np.uint8)


def picture(mode):
    return Image.fromarray(PIXELS).convert(mode)


def turned(image, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.getexif = lambda: exif
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [5, 9, 20, 40])
@pytest.mark.parametrize("strip", [1, 300, 2000])
def test_a_picture_made_smaller_in_strips_is_as_pillow_makes_it(monkeypatch, orientation, size, strip):
    monkeypatch.setattr(strips, "STRIP", strip)
    parts = []
    made = fitted_in_strips(turned(picture("RGB"), orientation), size, lambda part: parts.append(part.size) or part)
    whole = ImageOps.exif_transpose(turned(picture("RGB"), orientation))
    wanted = whole.resize(made.size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert max(made.size) == size
    assert np.array_equal(made, wanted)
    assert sum(width * height for width, height in parts) == 97 * 130
    assert (len(parts) > 1) == (size < 40)  # 130 / 40 pixels are averaged by the filter alone


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"])
def test_every_kind_of_picture_is_the_same_in_strips(tmp_path, monkeypatch, mode):
    path = tmp_path / "a.tif"
    image = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 200) if mode == "I;16" else picture(mode)
    image.save(path)
    whole, alpha = load_image(path, size=9), load_alpha(path, size=9)
    monkeypatch.setattr(strips, "STRIP", 500)
    assert load_image(path, size=9).equal(whole)
    assert (alpha is None) == (mode not in ("RGBA", "LA"))
    assert alpha is None or load_alpha(path, size=9).equal(alpha)


def test_no_strip_is_large(monkeypatch):
    monkeypatch.setattr(strips, "STRIP", 3000)
    parts = []
    fitted_in_strips(picture("RGB"), 10, lambda part: parts.append(part.width * part.height) or part)
    assert max(parts) <= 3000


def test_the_shorter_side_follows_from_what_the_header_announces():
    image = picture("RGB")  # as if 1037 x 775 pixels had been read at an eighth
    assert fitted_in_strips(image, 100, lambda part: part).size == (100, 75)
    assert fitted_in_strips(image, 100, lambda part: part, announced=(1037, 765)).size == (100, 74)
    assert fitted_in_strips(turned(image, 6), 100, lambda part: part, announced=(1037, 765)).size == (74, 100)
