"""Files become tensors, whatever they hold; tensors become files, or nothing at all."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
import pytest
import torch
from PIL import Image

from nstlib.errors import ChoiceError, ImageError, ShapeError
from nstlib.formats.opening import READABLE
from nstlib.images import (
    MAX_PIXELS,
    WRITABLE,
    load_image,
    picture,
    pictures,
    resize,
    save_image,
)

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def photo(tmp_path):
    """A smooth 40 x 30 JPEG."""
    x, y = np.meshgrid(np.linspace(0, 255, 40), np.linspace(0, 255, 30))
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).save(path, quality=95)
    return path


def stored(path, picture, **options):
    picture.save(path, **options)
    return path


def refuse(*_args, **_options):
    raise PermissionError(13, "Permission denied")


# What load_image returns


def test_a_loaded_image_has_the_shape_and_range_every_function_expects(photo):
    image = load_image(photo)
    assert image.shape == (1, 3, 30, 40)
    assert image.dtype == torch.float32
    assert image.is_contiguous()
    assert 0 <= image.min() < 0.1
    assert 0.9 < image.max() <= 1


def test_the_channels_are_red_green_blue(tmp_path):
    image = load_image(stored(tmp_path / "a.png", Image.new("RGB", (2, 2), (255, 128, 0))))
    torch.testing.assert_close(image[0, :, 0, 0], torch.tensor([1, 128 / 255, 0]))


@pytest.mark.parametrize(("stored_size", "height", "width"), [((40, 30), 15, 20), ((30, 40), 20, 15), ((7, 7), 20, 20)])
def test_size_is_the_length_of_the_longer_side(tmp_path, stored_size, height, width):
    path = stored(tmp_path / "a.png", Image.new("RGB", stored_size, RED))
    assert load_image(path, size=20).shape == (1, 3, height, width)


def test_downscaling_averages_a_checkerboard_to_gray(tmp_path):
    board = np.indices((256, 256)).sum(0) % 2 * 255
    path = stored(tmp_path / "a.png", Image.fromarray(board.astype(np.uint8)))
    inside = load_image(path, size=32)[..., 4:-4, 4:-4]
    assert (inside - 0.5).abs().max() < 0.01


def test_the_orientation_in_exif_data_is_applied(tmp_path):
    sideways = Image.new("RGB", (4, 2), GREEN)
    sideways.paste(RED, (0, 0, 1, 2))  # the left edge is red
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees clockwise": the left edge becomes the top
    image = load_image(stored(tmp_path / "a.png", sideways, exif=exif))
    assert image.shape == (1, 3, 4, 2)
    assert image[0, :, 0].T.tolist() == [[1, 0, 0]] * 2
    assert image[0, :, 3].T.tolist() == [[0, 1, 0]] * 2


@pytest.mark.parametrize(
    ("mode", "color", "file", "expected"),
    [
        ("1", 1, "a.png", (1, 1, 1)),
        ("L", 51, "a.png", (0.2, 0.2, 0.2)),
        ("P", RED, "a.png", (1, 0, 0)),
        ("I;16", 13107, "a.png", (0.2, 0.2, 0.2)),
        ("I;16", 13107, "a.tif", (0.2, 0.2, 0.2)),
        ("I", 13107, "a.tif", (0.2, 0.2, 0.2)),
        ("F", 0.2, "a.tif", (0.2, 0.2, 0.2)),
        ("F", 51.0, "a.tif", (0.2, 0.2, 0.2)),
        ("CMYK", (0, 255, 255, 0), "a.tif", (1, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "a.jpg", (1, 0, 0)),
        pytest.param(
            *("YCbCr", (255, 128, 128), "a.tif", (1, 1, 1)),
            marks=pytest.mark.skipif(
                int(PIL.__version__.split(".")[0]) < 13,
                reason="Pillow 12 cannot read back the uncompressed YCbCr TIFF that it writes",
            ),
        ),
    ],
)
@pytest.mark.parametrize("size", [None, 6])
def test_every_kind_of_pixel_becomes_rgb(tmp_path, mode, color, file, expected, size):
    path = stored(tmp_path / file, Image.new(mode, (12, 8), color))
    with Image.open(path) as check:
        assert check.mode in (mode, {"I": "I;16", "I;16": "I"}.get(mode))  # Pillow 10 and 13 differ
    image = load_image(path, size=size)
    assert image.shape[:2] == (1, 3)
    torch.testing.assert_close(image[0, :, 1, 1], torch.tensor(expected, dtype=torch.float32), atol=1.5 / 255, rtol=0)


def test_16_bit_gray_keeps_more_than_8_bits(tmp_path):
    values = np.arange(1000, 1064, dtype=np.uint16).reshape(8, 8)
    image = load_image(stored(tmp_path / "a.png", Image.fromarray(values)))
    np.testing.assert_allclose(image[0, 0].numpy(), values / 65535, rtol=1e-6)


def test_gray_values_of_an_unknown_scale_are_refused(tmp_path):
    path = stored(tmp_path / "a.tif", Image.fromarray(np.float32([[-1, 300]])))
    with pytest.raises(ImageError, match=r"gray values from -1 to 300; a picture has integers in 0\.\.65535"):
        load_image(path)


def test_nan_in_a_float_picture_is_refused(tmp_path):
    path = stored(tmp_path / "a.tif", Image.fromarray(np.float32([[0.5, np.nan]])))
    with pytest.raises(ImageError, match="gray values from nan to nan"):
        load_image(path)


@pytest.mark.parametrize(("mode", "color"), [("RGBA", (*RED, 51)), ("LA", (0, 51))])
def test_transparency_shows_the_background(tmp_path, mode, color):
    path = stored(tmp_path / "a.tif", Image.new(mode, (3, 3), color))
    assert load_image(path)[0, 1, 1, 1] == pytest.approx(0.8, abs=1 / 255)  # green: nothing of it but the white behind
    image = load_image(path, background=(0.0, 0.0, 1.0))
    assert image[0, 2, 1, 1] == pytest.approx(0.8, abs=1 / 255)


def test_a_transparent_palette_entry_shows_the_background(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([*RED, *GREEN])
    picture.putpixel((0, 0), 0)
    image = load_image(stored(tmp_path / "a.png", picture, transparency=0), background=(0, 0, 1))
    assert image[0, :, 0, 0].tolist() == [0, 0, 1]
    assert image[0, :, 1, 1].tolist() == [0, 1, 0]


def test_hidden_colors_of_transparent_pixels_do_not_bleed_when_resized(tmp_path):
    picture = Image.new("RGBA", (64, 64), (*GREEN, 0))
    image = load_image(stored(tmp_path / "a.png", picture), size=16)
    assert (image == 1).all()


@pytest.mark.parametrize("file", ["a.gif", "a.webp"])
def test_of_an_animation_the_first_frame_is_loaded(tmp_path, file):
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), GREEN)
    path = stored(tmp_path / file, first, save_all=True, append_images=[second], lossless=True)
    assert load_image(path)[0, :, 1, 1].tolist() == [1, 0, 0]


def test_one_pixel_is_a_picture_and_can_be_enlarged(tmp_path):
    path = stored(tmp_path / "a.png", Image.new("RGB", (1, 1), RED))
    assert load_image(path).shape == (1, 3, 1, 1)
    assert load_image(path, size=5).shape == (1, 3, 5, 5)


def test_a_picture_of_3_x_4000_can_be_loaded_as_it_is(tmp_path):
    path = stored(tmp_path / "thin.png", Image.new("RGB", (3, 4000), RED))
    assert load_image(path).shape == (1, 3, 4000, 3)


@pytest.mark.parametrize("kind", READABLE)
def test_every_format_that_messages_name_can_be_read(tmp_path, kind):
    path = stored(tmp_path / "picture", Image.new("RGB", (9, 9), RED), format=kind)
    torch.testing.assert_close(load_image(path)[0, :, 4, 4], torch.tensor([1.0, 0, 0]), atol=0.02, rtol=0)


# What load_image refuses


def test_a_missing_file_names_its_neighbors(photo):
    with pytest.raises(ImageError, match=r"There is no file .*foto\.jpg\. Did you mean photo\.jpg\?"):
        load_image(photo.with_name("foto.jpg"))


def test_a_missing_file_with_another_extension_names_the_one_there_is(tmp_path):
    stored(tmp_path / "a.png", Image.new("RGB", (1, 1)))
    with pytest.raises(ImageError, match=r"Did you mean a\.png\?"):
        load_image(tmp_path / "a.jpeg")


def test_a_missing_file_without_neighbors_says_check_the_name(tmp_path):
    with pytest.raises(ImageError, match=r"There is no file .*x\.png\. Check the name and the folder\."):
        load_image(tmp_path / "x.png")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"there is no folder .*nowhere either"):
        load_image(tmp_path / "nowhere" / "a.png")


def test_a_folder_is_not_a_picture(tmp_path):
    with pytest.raises(ImageError, match=r"is a folder. Name a picture in it"):
        load_image(tmp_path)


def test_an_unreadable_file_says_permissions(photo, monkeypatch):
    monkeypatch.setattr("PIL.Image.open", refuse)
    with pytest.raises(ImageError, match=r"photo\.jpg cannot be read: Permission denied"):
        load_image(photo)


@pytest.mark.parametrize(
    ("file", "content"), [("a.png", b"hello, I am a text"), ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")]
)
def test_what_is_no_picture_is_refused_with_the_formats_that_work(tmp_path, file, content):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ImageError, match=r"is not a picture that can be read.*PNG, JPEG, WebP.*convert anything else"):
        load_image(tmp_path / file)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ImageError, match=r"a\.png is empty \(0 bytes\)\. Copy or download it again"):
        load_image(tmp_path / "a.png")


@pytest.mark.parametrize("file", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(tmp_path, rng, file, kept):
    path = save_image(torch.rand(3, 64, 64, generator=rng), tmp_path / file)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ImageError, match=r"is damaged or incomplete|is not a picture that can be read"):
        load_image(path)


def bomb(path, side):
    """A PNG of a few bytes whose header promises ``side`` x ``side`` pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


def test_a_bomb_of_30000_x_30000_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = bomb(tmp_path / "bomb.png", 30_000)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageError, match=r"bomb\.png is 30,000 x 30,000 pixels, 900,000,000 in all; the limit is 100,"):
        load_image(path, size=256)


def test_pillows_own_limit_does_not_warn_and_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000_000)
    with pytest.raises(ImageError, match="damaged"):  # 95 million: ours allows it, Pillow would warn
        load_image(bomb(tmp_path / "a.png", 9_747))
    assert Image.MAX_IMAGE_PIXELS == 80_000_000
    assert MAX_PIXELS > 9_747**2


def test_the_limit_can_be_set_by_the_caller(photo):
    assert load_image(photo, max_pixels=1200).shape == (1, 3, 30, 40)
    with pytest.raises(ImageError, match="is 40 x 30 pixels, 1,200 in all; the limit is 1,199"):
        load_image(photo, max_pixels=1199)


def test_enlarging_beyond_the_limit_is_refused(photo):
    with pytest.raises(ImageError, match=r"photo\.jpg would become 20,000 x 15,000 pixels"):
        load_image(photo, size=20_000)


@pytest.mark.parametrize("size", [0, -1, 2.5, "256", True])
def test_a_size_that_is_no_length_is_refused(photo, size):
    with pytest.raises(ImageError, match=f"must be a whole number of at least 1, got {size!r}"):
        load_image(photo, size=size)


def test_numbers_from_numpy_are_sizes_too(photo):
    assert load_image(photo, size=np.int64(20)).shape == (1, 3, 15, 20)


def test_a_picture_too_thin_for_a_size_is_told_which_size_would_do(tmp_path):
    path = stored(tmp_path / "thin.png", Image.new("RGB", (3, 4000), RED))
    with pytest.raises(ImageError, match=r"thin\.png is 3 x 4000 pixels.*Use a size of at least 667, or crop it"):
        load_image(path, size=256)
    assert load_image(path, size=667).shape == (1, 3, 667, 1)


@pytest.mark.parametrize("background", [(0, 0), (0, 0, 2), (255, 255, 255)])
def test_a_background_that_is_no_color_is_refused(photo, background):
    with pytest.raises(ImageError, match=r"background is three numbers in \[0, 1\]"):
        load_image(photo, background=background)


# save_image


@pytest.mark.parametrize("extension", [".png", ".PNG", ".bmp", ".tif", ".tiff"])
def test_what_was_saved_without_loss_is_loaded_exactly(tmp_path, extension):
    image = torch.arange(256).repeat(3).view(1, 3, 16, 16) / 255
    assert torch.equal(load_image(save_image(image, tmp_path / f"a{extension}")), image)


def test_values_are_rounded_not_cut_off(tmp_path):
    image = torch.full((3, 1, 1), 0.999 * 128 / 255)  # 127.87: truncation would give 127
    assert load_image(save_image(image, tmp_path / "a.png"))[0, 0, 0, 0] == 128 / 255


def test_values_outside_the_range_are_clamped(tmp_path):
    image = torch.tensor([-5.0, 1e9, 0.0]).view(3, 1, 1)
    assert load_image(save_image(image, tmp_path / "a.png")).flatten().tolist() == [0, 1, 0]


@pytest.mark.parametrize("extension", WRITABLE)
def test_every_format_keeps_the_picture(tmp_path, photo, extension):
    image = load_image(photo)
    again = load_image(save_image(image, tmp_path / f"a{extension}", quality=95))
    assert (again - image).abs().mean() < 0.01


def test_the_path_is_returned_and_nothing_else_remains(tmp_path):
    path = save_image(torch.rand(1, 3, 4, 4), str(tmp_path / "a.png"))
    assert path == tmp_path / "a.png"
    assert list(tmp_path.iterdir()) == [path]


def test_an_image_with_a_gradient_is_saved_too(tmp_path):
    assert save_image(torch.zeros(1, 3, 4, 4, requires_grad=True), tmp_path / "a.png").exists()


def test_the_same_image_gives_the_same_bytes(tmp_path, rng):
    image = torch.rand(3, 9, 9, generator=rng)
    assert save_image(image, tmp_path / "a.png").read_bytes() == save_image(image, tmp_path / "b.png").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_saved_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    path = save_image(torch.zeros(3, 2, 2), tmp_path / "a.png")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (1, 1, 4, 4), (4, 4, 3), (4, 4), (1, 3, 0, 4)])
def test_what_has_no_shape_of_an_image_is_refused(tmp_path, shape):
    with pytest.raises(ShapeError, match=r"has shape \(1, 3, H, W\) or \(3, H, W\) and floats in \[0, 1\], got"):
        save_image(torch.zeros(shape), tmp_path / "a.png")


def test_integers_are_refused_since_their_range_is_unknown(tmp_path):
    with pytest.raises(ShapeError, match=r"floats in \[0, 1\], got \(3, 4, 4\) of torch\.uint8"):
        save_image(torch.zeros(3, 4, 4, dtype=torch.uint8), tmp_path / "a.png")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_and_infinity_are_counted_and_not_written(tmp_path, bad):
    image = torch.zeros(1, 3, 4, 4)
    image[0, 0, 0, :3] = bad
    with pytest.raises(ImageError, match="holds 3 values of 48 that are NaN or infinite"):
        save_image(image, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


# A file is whole or not there


@pytest.mark.parametrize("broken", ["os.replace", "PIL.Image.Image.save"])
def test_after_a_failure_the_old_file_is_whole_and_no_other_remains(tmp_path, monkeypatch, broken):
    old = save_image(torch.ones(3, 2, 2), tmp_path / "a.png")
    before = old.read_bytes()

    def fail(_picture, target, *_args, **_options):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(broken, refuse if broken == "os.replace" else fail)
    with pytest.raises(ImageError, match=r"cannot be written: (Permission denied|No space left on device)"):
        save_image(torch.zeros(3, 2, 2), old)
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


def test_an_interruption_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    old = save_image(torch.ones(3, 2, 2), tmp_path / "a.png")
    before = old.read_bytes()

    def interrupt(_picture, target, **_options):
        Path(target).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("PIL.Image.Image.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_image(torch.zeros(3, 2, 2), old)
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


# resize


@pytest.mark.parametrize(("shape", "size", "expected"), [((30, 40), 20, (15, 20)), ((40, 30), 80, (80, 60))])
def test_resize_keeps_the_proportions(shape, size, expected):
    assert resize(torch.rand(2, 3, *shape), size).shape == (2, 3, *expected)


def test_resize_agrees_with_pillow_on_a_smooth_picture(photo):
    torch.testing.assert_close(resize(load_image(photo), 20), load_image(photo, size=20), atol=0.02, rtol=0)


def test_resize_stays_in_range_at_hard_edges():
    image = torch.zeros(1, 3, 32, 32)
    image[..., 16:] = 1
    small = resize(image, 21)
    assert small.min() == 0
    assert small.max() == 1


def test_resize_averages_fine_stripes_to_gray():
    stripes = (torch.arange(256) % 8 == 0).float().expand(1, 3, 256, -1)  # one column of eight is white
    assert (resize(stripes, 32)[..., 4:-4, 4:-4] - 1 / 8).abs().max() < 0.01


def test_gradients_flow_through_resize(rng):
    image = torch.rand(1, 3, 4, 6, generator=rng, dtype=torch.float64) / 2 + 0.25
    image.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: resize(x, 3), image)


@pytest.mark.parametrize("image", [torch.zeros(3, 4, 4), torch.zeros(1, 1, 4, 4), torch.zeros(1, 3, 4, 4).byte()])
def test_resize_refuses_what_is_no_batch_of_images(image):
    with pytest.raises(ShapeError, match=r"resize needs floats of shape \(B, 3, H, W\), got"):
        resize(image, 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_floats_of_16_bits_are_resized_as_well_as_they_can_be(rng, dtype):
    image = torch.rand(1, 3, 12, 9, generator=rng).to(dtype)
    assert torch.equal(resize(image, 6), resize(image.float(), 6).to(dtype))


def test_resize_refuses_to_lose_a_side():
    with pytest.raises(ImageError, match=r"The image is 3 x 4000 pixels.*at least 667"):
        resize(torch.zeros(1, 3, 4000, 3), 256)


# The course's own pictures


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    for kind, name in (("content", "cat.jpg"), ("style", "wave.png"), ("style", "sand.png"), ("style", "notes.md")):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / name).touch()
    monkeypatch.setenv("NST_IMAGES", str(tmp_path))
    return tmp_path


def test_pictures_are_found_by_name_and_kind(gallery):
    assert pictures("style") == {"sand": gallery / "style/sand.png", "wave": gallery / "style/wave.png"}
    assert list(pictures()) == ["cat", "sand", "wave"]
    assert picture("cat") == gallery / "content/cat.jpg"


@pytest.mark.usefixtures("gallery")
def test_an_unknown_picture_lists_those_there_are():
    with pytest.raises(ImageError, match=r"no picture 'dog'. It has content: cat; style: sand, wave"):
        picture("dog")


@pytest.mark.usefixtures("gallery")
def test_an_unknown_kind_lists_those_there_are():
    with pytest.raises(ChoiceError, match=r"no kind of picture 'music'. Choose one of: content, style"):
        pictures("music")


def test_without_the_repository_it_says_to_clone_it(tmp_path, monkeypatch):
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "gone"))
    with pytest.raises(ImageError, match="Clone the repository"):
        picture("cat")


def test_the_repository_brings_its_own_pictures(monkeypatch):
    monkeypatch.delenv("NST_IMAGES", raising=False)
    assert pictures("content")
    assert pictures("style")
