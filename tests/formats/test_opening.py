"""What stands in a header decides, before anything is decoded; the odd files themselves are in tests/corpus."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError
from nstlib.formats import opening
from nstlib.formats.opening import announced_size, decode, opened
from nstlib.images import load_image

GRADIENT = np.stack(np.meshgrid(np.linspace(0, 255, 200), np.linspace(0, 255, 160)), -1)
SMOOTH = np.concatenate([GRADIENT, GRADIENT[..., :1] / 2], -1).astype(np.uint8)  # (160, 200, 3)


def stored(path, pixels=SMOOTH, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


# Formats


def test_no_decoder_that_runs_another_program_sees_a_file(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("Ghostscript was run"))
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(ImageError, match=r"a\.png is not a picture that can be read.*convert anything else"):
        load_image(path)


def test_a_damaged_picture_is_called_by_its_kind(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\xff\xd8\xff\xc0" + bytes(30))
    with pytest.raises(
        ImageError, match=r"a\.png is a JPEG that cannot be read: damaged, or .*12 bits.*Save it as PNG"
    ):
        load_image(path)


def test_what_cannot_be_read_from_the_disk_is_not_called_damaged(tmp_path, monkeypatch):
    path = stored(tmp_path / "a.png")

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(ImageError, match=r"a\.png cannot be read: Input/output error\. Check the name and the disk"):
        load_image(path)


def test_without_memory_a_picture_is_not_called_damaged(tmp_path, monkeypatch):
    path = stored(tmp_path / "a.png")

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(ImageError, match=r"There is not enough memory to decode .*a\.png\. Make it smaller first"):
        load_image(path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path):
    path = tmp_path / "pipe.png"
    try:
        __import__("os").mkfifo(path)
    except AttributeError:
        pytest.skip("Windows has no such pipes")
    caught = []

    def load():
        try:
            load_image(path)
        except ImageError as error:
            caught.append(str(error))

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert len(caught) == 1
    assert "is no file but a pipe or a device" in caught[0]


def test_the_filters_for_warnings_are_as_before(tmp_path):
    before = list(warnings.filters)
    load_image(stored(tmp_path / "a.png"))
    assert warnings.filters == before


# A large JPEG is made smaller while it is read


@pytest.fixture
def large(monkeypatch):
    """From now on a JPEG of 1000 pixels is large."""
    monkeypatch.setattr(opening, "LARGE", 1000)


@pytest.mark.parametrize("turned", [1, 6])
@pytest.mark.parametrize("size", [20, 33, 66])
def test_made_smaller_while_read_it_is_the_same_picture(tmp_path, monkeypatch, turned, size):
    exif = Image.Exif()
    exif[0x112] = turned
    path = stored(tmp_path / "a.jpg", quality=95, exif=exif)
    usual = load_image(path, size=size)
    monkeypatch.setattr(opening, "LARGE", 1000)
    assert load_image(path, size=size).shape == usual.shape
    assert (load_image(path, size=size) - usual).abs().max() < 6 / 255


def test_a_large_jpeg_has_at_least_three_pixels_for_each_that_is_wanted(tmp_path, large):
    path = stored(tmp_path / "a.jpg")
    for size, width in ((8, 25), (20, 100), (60, 200), (200, 200)):
        with opened(path) as picture:
            assert announced_size(picture, path, size) == (200, 160)
            decode(picture, path)
            assert picture.width == width


def test_a_jpeg_may_have_10_times_as_many_pixels_as_are_decoded_at_most(tmp_path, large):
    path = stored(tmp_path / "a.jpg")
    assert load_image(path, size=10, max_pixels=3200).shape == (1, 3, 8, 10)
    with pytest.raises(
        ImageError, match=r"a\.jpg is 200 x 160 pixels, 32,000 in all; the limit is 31,990\. Make it sm"
    ):
        load_image(path, size=10, max_pixels=3199)
    with pytest.raises(ImageError, match=r"the limit is 3,200"):
        load_image(path, max_pixels=3200)  # nothing says that it should be made smaller


def test_one_that_has_to_be_kept_as_a_whole_first_may_have_twice_as_many(tmp_path, large):
    path = stored(tmp_path / "a.jpg", progressive=True)
    assert load_image(path, size=10, max_pixels=16_000).shape == (1, 3, 8, 10)
    with pytest.raises(ImageError, match=r"the limit is 31,998"):
        load_image(path, size=10, max_pixels=15_999)


def test_a_usual_jpeg_is_read_as_ever(tmp_path):
    path = stored(tmp_path / "a.jpg")
    with Image.open(path) as picture:
        wanted = picture.resize((20, 16), Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert torch.equal(load_image(path, size=20)[0] * 255, torch.from_numpy(np.array(wanted)).permute(2, 0, 1).float())


MEASURE = """
import resource, sys, time
from nstlib.images import load_image
load_image(sys.argv[2], size=64)
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
load_image(sys.argv[1], size=512)
print(time.perf_counter() - begin, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6)
"""


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted in other units")
@pytest.mark.parametrize(
    ("file", "size", "seconds", "gigabytes"),
    [("a.jpg", (16_320, 12_240), 3, 0.2), ("a.png", (11_400, 8_600), 60, 0.7)],
)
def test_a_large_picture_takes_little_memory(tmp_path, file, size, seconds, gigabytes):
    path = stored(tmp_path / file, SMOOTH[:153])
    with Image.open(path) as small:
        small.resize(size, Image.Resampling.BICUBIC).save(path, **({"compress_level": 1} if file == "a.png" else {}))
    command = [sys.executable, "-c", MEASURE, str(path), str(stored(tmp_path / "small.png"))]
    took, peak = map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert took < seconds
    assert peak < gigabytes


# A JPEG without its last bytes


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_its_end_alone_is_whole(tmp_path, progressive):
    path = stored(tmp_path / "a.jpg", progressive=progressive)
    whole, file = load_image(path), path.read_bytes()
    path.write_bytes(file[:-2])
    assert torch.equal(load_image(path), whole)
    path.write_bytes(file[:-40])
    with pytest.raises(ImageError, match=r"a\.jpg is damaged or incomplete"):
        load_image(path)


def test_a_large_jpeg_that_lacks_its_end_alone_is_made_smaller_too(tmp_path, large):
    path = stored(tmp_path / "a.jpg")
    whole = load_image(path, size=20)
    path.write_bytes(path.read_bytes()[:-2])
    assert torch.equal(load_image(path, size=20), whole)


# Icons


def test_an_icon_is_looked_at_before_it_is_decoded(tmp_path, monkeypatch):
    path = tmp_path / "a.ico"
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 30_000, 30_000)
    path.write_bytes(struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, 24, 22) + head)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageError, match="announces 16 x 16 pixels and holds 30000 x 30000"):
        load_image(path)


# EXIF data


@pytest.mark.parametrize("file", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_of_exif_data_nothing_but_which_side_is_up_is_kept(tmp_path, file):
    exif = Image.Exif()
    exif[0x112], exif[0x10F], exif[0x11A] = 6, "a maker", 72.0
    exif.get_ifd(0x8825)[1] = "N"
    path = stored(tmp_path / file, exif=exif)
    with opened(path) as picture:
        assert dict(picture.getexif()) == {0x112: 6}
