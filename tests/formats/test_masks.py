"""What is not color in a file: where a picture is opaque, and which part of an image it marks."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError, ShapeError
from nstlib.formats.masks import load_alpha, load_mask
from nstlib.images import load_image, save_image

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


def bomb(path, side):
    """A PNG of a few bytes whose header promises ``side`` x ``side`` pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


# Transparency kept


@pytest.fixture
def cutout(tmp_path):
    """A red picture of 40 x 30, transparent on the left, half transparent in the middle, opaque on the right."""
    picture = Image.new("RGBA", (40, 30), (*RED, 255))
    picture.paste((*GREEN, 0), (0, 0, 10, 30))
    picture.paste((*RED, 128), (10, 0, 20, 30))
    return stored(tmp_path / "cutout.png", picture)


def test_alpha_is_1_where_a_picture_is_opaque_and_0_where_it_is_not(cutout):
    alpha = load_alpha(cutout)
    assert alpha.shape == (1, 1, 30, 40)
    assert alpha.dtype == torch.float32
    assert alpha[0, 0, 7, [0, 9, 10, 19, 20, 39]].tolist() == pytest.approx([0, 0, 128 / 255, 128 / 255, 1, 1])


def test_a_picture_that_is_opaque_everywhere_has_no_alpha(tmp_path, photo):
    assert load_alpha(photo) is None
    assert load_alpha(stored(tmp_path / "a.png", Image.new("RGBA", (4, 4), (*RED, 255)))) is None
    assert load_alpha(stored(tmp_path / "b.png", Image.new("RGBA", (4, 4), (*RED, 254)))) is not None


@pytest.mark.parametrize("size", [None, 8, 61])
def test_alpha_has_the_size_that_the_loaded_image_has(cutout, size):
    assert load_alpha(cutout, size=size).shape[2:] == load_image(cutout, size=size).shape[2:]


def test_resized_alpha_stays_in_range_and_keeps_its_mean(cutout):
    alpha = load_alpha(cutout, size=16)
    assert alpha.min() == 0
    assert alpha.max() == 1
    assert alpha.mean() == pytest.approx(0.25 * 128 / 255 + 0.5, abs=0.01)


def test_alpha_is_turned_as_the_image_is(tmp_path):
    sideways = Image.new("RGBA", (4, 2), (*RED, 255))
    sideways.paste((*RED, 0), (0, 0, 1, 2))  # the left edge is transparent
    exif = Image.Exif()
    exif[0x0112] = 6  # the left edge becomes the top
    alpha = load_alpha(stored(tmp_path / "a.png", sideways, exif=exif))
    assert alpha[0, 0].tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]


@pytest.mark.parametrize(("mode", "color"), [("LA", (9, 51)), ("RGBA", (9, 9, 9, 51))])
@pytest.mark.parametrize("file", ["a.png", "a.tif"])
def test_alpha_is_read_from_every_mode_that_has_it(tmp_path, mode, color, file):
    assert (load_alpha(stored(tmp_path / file, Image.new(mode, (3, 3), color))) == 0.2).all()


def test_alpha_in_a_palette_is_read_by_both(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([*RED, *GREEN])
    picture.putpixel((0, 0), 0)
    path = stored(tmp_path / "a.png", picture, transparency=bytes([51, 255]))
    assert load_alpha(path)[0, 0, 0].tolist() == pytest.approx([0.2, 1, 1, 1])
    assert load_image(path, background=(0, 0, 1))[0, :, 0, 0].tolist() == pytest.approx([0.2, 0, 0.8])


def test_a_picture_too_large_has_no_alpha_either(cutout):
    with pytest.raises(ImageError, match="1,200 in all; the limit is 1,199"):
        load_alpha(cutout, max_pixels=1199)
    with pytest.raises(ImageError, match="size, the longer side in pixels, must be a whole number"):
        load_alpha(cutout, size=0)


@pytest.mark.parametrize("extension", [".png", ".webp", ".tif", ".tiff"])
def test_alpha_that_was_saved_is_loaded_exactly(tmp_path, rng, extension):
    alpha = torch.arange(256).view(1, 1, 16, 16) / 255
    path = save_image(torch.rand(1, 3, 16, 16, generator=rng), tmp_path / f"a{extension}", alpha=alpha)
    assert torch.equal(load_alpha(path), alpha)


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_colors_beside_alpha_are_saved_exactly_even_where_it_is_0(tmp_path, extension):
    image = torch.arange(256).repeat(3).view(1, 3, 16, 16) / 255
    path = save_image(image, tmp_path / f"a{extension}", alpha=torch.zeros(1, 1, 16, 16))
    with Image.open(path) as picture:
        colors = np.asarray(picture)[..., :3].transpose(2, 0, 1)
    np.testing.assert_array_equal(colors, (image[0] * 255).round().numpy())


@pytest.mark.parametrize("extension", [".jpg", ".jpeg", ".bmp"])
def test_a_format_without_transparency_shows_white_behind(tmp_path, extension):
    alpha = torch.tensor([0.0, 0.5, 1.0]).repeat_interleave(16).expand(1, 1, 48, 48)
    image = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 48, 48)
    loaded = load_image(save_image(image, tmp_path / f"a{extension}", alpha=alpha, quality=95))
    expected = torch.tensor([[1, 1, 1], [1, 0.5, 0.5], [1, 0, 0]])
    torch.testing.assert_close(loaded[0, :, 24, [8, 24, 40]].T, expected, atol=2 / 255, rtol=0)


@pytest.mark.parametrize("shape", [(1, 1, 6, 4), (1, 6, 4), (6, 4)])
def test_alpha_may_leave_out_its_axes_of_length_one(tmp_path, shape):
    path = save_image(torch.rand(1, 3, 6, 4), tmp_path / "a.png", alpha=torch.full(shape, 0.2))
    assert (load_alpha(path) == 0.2).all()


@pytest.mark.parametrize("alpha", [torch.ones(1, 1, 4, 6), torch.ones(1, 3, 6, 4), torch.ones(1, 1, 6, 4).byte()])
def test_alpha_of_another_size_is_refused_with_the_shape_that_is_needed(tmp_path, alpha):
    with pytest.raises(ShapeError, match=r"alpha of this image has shape \(1, 1, 6, 4\) and floats.*load_alpha with"):
        save_image(torch.rand(1, 3, 6, 4), tmp_path / "a.png", alpha=alpha)


def test_nan_in_alpha_is_not_written(tmp_path):
    with pytest.raises(ImageError, match="The alpha holds 24 values of 24 that are NaN"):
        save_image(torch.rand(1, 3, 6, 4), tmp_path / "a.png", alpha=torch.full((6, 4), float("nan")))
    assert list(tmp_path.iterdir()) == []


# Masks


def test_white_marks_black_does_not_and_gray_does_in_part(tmp_path):
    levels = np.repeat(np.uint8([0, 51, 255]), 4)[None].repeat(12, 0)
    mask = load_mask(stored(tmp_path / "m.png", Image.fromarray(levels)), torch.zeros(1, 3, 12, 12))
    assert mask.shape == (1, 1, 12, 12)
    assert mask[0, 0, 5, [0, 4, 11]].tolist() == pytest.approx([0, 0.2, 1])


def test_transparency_counts_as_black(cutout):
    mask = load_mask(cutout, torch.zeros(1, 3, 30, 40))
    red = 0.299  # the luma of red
    assert mask[0, 0, 7, [0, 15, 30]].tolist() == pytest.approx([0, red * 128 / 255, red], abs=0.003)


def test_a_mask_takes_the_size_dtype_and_range_of_its_image(tmp_path):
    board = Image.fromarray((np.indices((60, 80)).sum(0) % 2 * 255).astype(np.uint8))
    mask = load_mask(stored(tmp_path / "m.png", board), torch.zeros(2, 3, 45, 60, dtype=torch.float64))
    assert mask.shape == (1, 1, 45, 60)
    assert mask.dtype == torch.float64
    assert 0 <= mask.min() < mask.max() <= 1
    assert mask.mean() == pytest.approx(0.5, abs=0.01)


def test_the_edge_of_a_mask_does_not_ring(tmp_path):
    edge = Image.fromarray(np.where(np.arange(90) < 45, 0, 255).astype(np.uint8)[None].repeat(90, 0))
    row = load_mask(stored(tmp_path / "m.png", edge), torch.zeros(1, 3, 31, 31))[0, 0, 15]
    assert (row.diff() >= 0).all()
    assert row[0] == 0
    assert row[-1] == 1


def test_a_16_bit_mask_keeps_its_amounts(tmp_path):
    values = np.arange(1, 65, dtype=np.uint16).reshape(8, 8) * 100
    mask = load_mask(stored(tmp_path / "m.png", Image.fromarray(values)), torch.zeros(1, 3, 8, 8))
    np.testing.assert_allclose(mask[0, 0].numpy(), values / 65535, rtol=1e-5)


def test_a_mask_is_turned_as_its_picture_says(tmp_path):
    sideways = Image.new("L", (4, 2))
    sideways.paste(255, (0, 0, 1, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    mask = load_mask(stored(tmp_path / "m.png", sideways, exif=exif), torch.zeros(1, 3, 4, 2))
    assert mask[0, 0].tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize("picture", [Image.new("L", (8, 8)), Image.new("RGBA", (8, 8), (255, 255, 255, 0))])
def test_a_mask_that_marks_nothing_is_refused(tmp_path, picture):
    path = stored(tmp_path / "m.png", picture)
    with pytest.raises(ImageError, match=r"m\.png marks nothing: all of it is black or transparent\. White is what"):
        load_mask(path, torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("mask", "height", "width"),
    [
        ((3000, 2000), 43, 64),  # exact would be 42.67
        ((3000, 2000), 64, 96),
        ((1000, 20), 6, 300),
        ((2020, 1000), 500, 1000),  # 1 % off
        ((100, 96), 98, 100),  # 2 pixels off
        ((5, 5), 200, 200),
    ],
)
def test_a_mask_may_be_off_by_2_percent_or_2_pixels(tmp_path, mask, height, width):
    path = stored(tmp_path / "m.png", Image.new("L", mask, 255))
    assert load_mask(path, torch.zeros(1, 3, height, width)).shape == (1, 1, height, width)
    turned = stored(tmp_path / "t.png", Image.new("L", mask[::-1], 255))
    assert load_mask(turned, torch.zeros(1, 3, width, height)).shape == (1, 1, width, height)


@pytest.mark.parametrize(
    ("mask", "height", "width"),
    [((400, 300), 400, 300), ((400, 300), 300, 300), ((1030, 1000), 1000, 1000), ((970, 1000), 1000, 1000)],
)
def test_a_mask_of_other_proportions_is_refused_with_both_sizes(tmp_path, mask, height, width):
    path = stored(tmp_path / "m.png", Image.new("L", mask, 255))
    both = rf"m\.png is {mask[0]} x {mask[1]} pixels and the image {width} x {height}: .*Make it from the same picture"
    with pytest.raises(ImageError, match=both):
        load_mask(path, torch.zeros(1, 3, height, width))


def test_a_mask_of_30000_x_30000_pixels_is_refused_before_it_is_decoded(tmp_path):
    with pytest.raises(ImageError, match="the limit is 100,000,000"):
        load_mask(bomb(tmp_path / "m.png", 30_000), torch.zeros(1, 3, 4, 4))


@pytest.mark.parametrize("like", [torch.zeros(3), torch.zeros(1, 3, 0, 4), torch.zeros(1, 3, 4, 4).byte()])
def test_a_mask_needs_the_image_it_is_for(photo, like):
    with pytest.raises(
        ShapeError, match=r"load_mask needs the image that the mask is for, floats of shape \(\.\.\., H"
    ):
        load_mask(photo, like)
