"""A picture file of many bits, or of other colors than sRGB, becomes the picture that a viewer would show."""

from __future__ import annotations

import itertools
import struct
import zlib
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from nstlib.errors import ImageError
from nstlib.formats.masks import load_alpha, load_mask
from nstlib.images import load_image

# Files written by hand, so that what is in them does not depend on Pillow


def png(path, pixels, kind, *, bits=16, transparent=None):
    """Write an array (H, W, channels); ``kind`` is PNG's color type: 0 gray, 2 RGB, 4 gray and alpha, 6 RGBA."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = pixels.shape[:2]
    rows = [
        pixels[y].astype(">u2").tobytes() if bits == 16 else np.packbits(pixels[y]).tobytes() for y in range(height)
    ]
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))]
    if transparent is not None:
        chunks.append(chunk(b"tRNS", np.array(transparent, ">u2").tobytes()))
    chunks += [chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def tiff(path, pixels, *, photometric, order="<", bits=16, kind=1, planar=1, extra=(), deflate=False):
    """Write an array (H, W, channels), or (channels, H, W) for planar=2; ``kind`` 3 is floats."""
    channels, height, width = pixels.shape if planar == 2 else (*pixels.shape[2:], *pixels.shape[:2])
    strips = [
        plane.astype(plane.dtype.newbyteorder(order)).tobytes() for plane in (pixels if planar == 2 else [pixels])
    ]
    strips = [pack_12_bits(pixels)] if bits == 12 else strips
    strips = [zlib.compress(strip) for strip in strips] if deflate else strips
    places = list(itertools.accumulate(map(len, strips), initial=8))
    tags = {256: width, 257: height, 258: [bits] * channels, 259: 8 if deflate else 1, 262: photometric}
    tags |= {273: places[:-1], 277: channels, 278: height, 279: [len(strip) for strip in strips], 284: planar}
    tags |= ({338: list(extra)} if extra else {}) | {339: [kind] * channels}
    directory, tail = struct.pack(order + "H", len(tags)), b""
    after = places[-1] + 2 + 12 * len(tags) + 4
    for tag, value in tags.items():
        values = value if isinstance(value, list) else [value]
        packed = struct.pack(f"{order}{len(values)}I", *values)
        directory += struct.pack(order + "HHI", tag, 4, len(values))
        directory += packed if len(values) == 1 else struct.pack(order + "I", after + len(tail))
        tail += packed if len(values) > 1 else b""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", places[-1])
    path.write_bytes(start + b"".join(strips) + directory + b"\0\0\0\0" + tail)
    return path


def pack_12_bits(pixels):
    """Return rows of 12-bit numbers, two in three bytes."""
    return b"".join(
        np.packbits(np.unpackbits(row.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:]).tobytes()
        for row in pixels
    )


@pytest.fixture
def deep():
    """16-bit values (H, W, 3) of which no two channels, rows or columns are alike."""
    return (np.arange(5 * 7 * 3).reshape(5, 7, 3) * 617 + 130).astype(np.uint16)


def as_array(image):
    return image[0].permute(1, 2, 0).numpy()  # (H, W, 3)


# 16 bits a channel


def test_a_48_bit_png_is_the_right_picture_with_8_bits(tmp_path, deep):
    image = as_array(load_image(png(tmp_path / "a.png", deep, 2)))
    np.testing.assert_array_equal(image, np.float32(deep >> 8) / np.float32(255))
    assert np.abs(image - deep / 65535).max() < 1 / 256


def test_a_64_bit_png_shows_the_background_through(tmp_path, deep):
    alpha = np.full((5, 7, 1), 13107, np.uint16)  # 0.2
    path = png(tmp_path / "a.png", np.concatenate([deep, alpha], -1), 6)
    np.testing.assert_allclose(as_array(load_image(path)), 0.2 * (deep / 65535) + 0.8, atol=1.5 / 255)
    assert (load_alpha(path) == 51 / 255).all()


def test_a_16_bit_gray_png_keeps_16_bits(tmp_path, deep):
    image = load_image(png(tmp_path / "a.png", deep[..., :1], 0))
    np.testing.assert_allclose(image[0, 2].numpy(), deep[..., 0] / 65535, rtol=1e-6)


def test_a_16_bit_gray_png_with_alpha_shows_the_background_through(tmp_path, deep):
    alpha = np.full((5, 7), 13107)
    path = png(tmp_path / "a.png", np.stack([deep[..., 0], alpha], -1), 4)
    image = as_array(load_image(path, background=(0, 0, 1)))
    np.testing.assert_allclose(image[..., 1], 0.2 * deep[..., 0] / 65535, atol=1.5 / 255)
    np.testing.assert_allclose(image[..., 2], 0.2 * deep[..., 0] / 65535 + 0.8, atol=1.5 / 255)
    assert (load_alpha(path) == 51 / 255).all()


@pytest.mark.parametrize("kind", [0, 2])
def test_the_color_that_a_16_bit_png_calls_transparent_is_so(tmp_path, deep, kind):
    pixels = deep[..., :1] if kind == 0 else deep
    path = png(tmp_path / "a.png", pixels, kind, transparent=pixels[1, 2])
    expected = np.ones((5, 7))
    expected[1, 2] = 0
    np.testing.assert_array_equal(load_alpha(path)[0, 0], expected)
    image = as_array(load_image(path, background=(0, 0, 1)))
    np.testing.assert_allclose(image, np.where(expected[..., None], pixels / 65535, (0, 0, 1)), atol=1 / 256)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_gray_that_a_small_png_calls_transparent_is_so(tmp_path, bits):
    samples = np.eye(8, dtype=bool)[:, :, None].repeat(bits, 2)  # white on the diagonal, the rest is black
    path = png(tmp_path / "a.png", samples, 0, bits=bits, transparent=2**bits - 1)
    np.testing.assert_array_equal(load_alpha(path)[0, 0], 1 - np.eye(8))
    np.testing.assert_array_equal(load_image(path, background=(0, 0, 1))[0, 2], np.eye(8))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_48_bit_tiff_is_the_right_picture_with_8_bits(tmp_path, deep, order):
    image = load_image(tiff(tmp_path / "a.tif", deep, photometric=2, order=order))
    np.testing.assert_array_equal(as_array(image), np.float32(deep >> 8) / np.float32(255))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_64_bit_tiff_shows_the_background_through(tmp_path, deep, order):
    pixels = np.concatenate([deep, np.full((5, 7, 1), 13107, np.uint16)], -1)
    image = load_image(tiff(tmp_path / "a.tif", pixels, photometric=2, order=order, extra=(2,)))
    np.testing.assert_allclose(as_array(image), 0.2 * (deep / 65535) + 0.8, atol=1.5 / 255)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_16_bit_gray_tiff_keeps_16_bits(tmp_path, deep, order):
    image = load_image(tiff(tmp_path / "a.tif", deep[..., :1], photometric=1, order=order))
    np.testing.assert_allclose(image[0, 1].numpy(), deep[..., 0] / 65535, rtol=1e-6)


def test_where_a_16_bit_tiff_says_white_is_zero_zero_is_white(tmp_path, deep):
    image = load_image(tiff(tmp_path / "a.tif", deep[..., :1], photometric=0))
    np.testing.assert_allclose(image[0, 1].numpy(), 1 - deep[..., 0] / 65535, rtol=1e-6)


def test_planes_of_16_bits_are_refused_rather_than_mixed_up(tmp_path, deep):
    path = tiff(tmp_path / "a.tif", np.moveaxis(deep, -1, 0), photometric=2, planar=2)
    with pytest.raises(ImageError, match=r"a\.tif is a TIFF with 16 bits a channel in separate planes.*Save it as PNG"):
        load_image(path)


@pytest.mark.parametrize(("bits", "deflate"), [(8, False), (8, True), (16, True)])
def test_other_planes_can_be_read(tmp_path, deep, bits, deflate):
    pixels = deep if bits == 16 else (deep >> 8).astype(np.uint8)
    path = tiff(tmp_path / "a.tif", np.moveaxis(pixels, -1, 0), photometric=2, planar=2, bits=bits, deflate=deflate)
    np.testing.assert_array_equal(as_array(load_image(path)), np.float32(deep >> 8) / np.float32(255))


def test_of_12_bits_the_largest_number_is_white(tmp_path, deep):
    pixels = deep[:, :6, :1] >> 4
    image = load_image(tiff(tmp_path / "a.tif", pixels, photometric=1, bits=12))
    np.testing.assert_allclose(image[0, 1].numpy(), pixels[..., 0] / 4095, rtol=1e-6)


def test_a_tiff_of_another_kind_is_called_a_tiff(tmp_path, deep):
    path = tiff(tmp_path / "a.tif", np.float32(deep / 65535), photometric=2, bits=32, kind=3)
    with pytest.raises(ImageError, match=r"a\.tif is a TIFF that cannot be read: .*floats in color.*Save it as PNG"):
        load_image(path)


# Color profiles: ICC files of version 2 with three colorants and a curve, or with a table of 16 inks

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))
ADOBE = (
    (0.60974, 0.20528, 0.14919),
    (0.31111, 0.62567, 0.06322),
    (0.01947, 0.06087, 0.74457),
)  # Adobe RGB (1998), A.2.2
ADOBE_GAMMA = 563 / 256


def fixed(*numbers):
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def xyz(*numbers):
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def power(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def curve(function, entries=1024):
    values = np.round(65535 * function(np.linspace(0, 1, entries))).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", entries) + values.tobytes()


def profile(space, tags, *, kind=b"mntr", between=b"XYZ "):
    name = b"test\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(*D50),
        **tags,
    }
    start, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    version = 0x02400000
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(data), version, kind, space, between, b"acsp")
    header = header.ljust(68, b"\0") + fixed(*D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile(colorants, tone):
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), np.transpose(colorants), strict=True))
    return profile(b"RGB ", {k: xyz(*v) for k, v in columns.items()} | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tone))


def gray_profile(tone):
    return profile(b"GRAY", {b"kTRC": tone})


def cmyk_profile(lab_of_inks):
    """A profile of 16 colors, one for each set of full inks; ``lab_of_inks`` gives their CIELAB values."""
    corners = [lab_of_inks(*inks) for inks in itertools.product((0, 1), repeat=4)]
    entries = bytes(number for L, a, b in corners for number in (round(L * 2.55), a + 128, b + 128))
    straight = bytes(range(256))
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + 4 * straight + entries + 3 * straight
    return profile(b"CMYK", {b"A2B0": table}, kind=b"prtr", between=b"Lab ")


def to_linear(values):
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def from_xyz(values):
    """sRGB in [0, 1] of XYZ colors relative to D50, shape (..., 3), by IEC 61966-2-1."""
    linear = np.clip(values @ np.linalg.inv(SRGB).T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def from_lab(L, a, b):
    level = (L + 16) / 116
    f = np.array([level + a / 500, level, level - b / 200])
    return from_xyz(np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50)


ADOBE_RGB = rgb_profile(ADOBE, power(ADOBE_GAMMA))


@pytest.fixture
def colors():
    """A picture of 600 colors, (20, 30, 3)."""
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)


def stored(path, pixels, icc, **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(path, icc_profile=icc, **options)
    return path


def test_a_wide_profile_is_applied_with_the_numbers_of_its_matrices(tmp_path, colors):
    image = load_image(stored(tmp_path / "a.png", colors, ADOBE_RGB))
    expected = from_xyz((colors / 255) ** ADOBE_GAMMA @ np.transpose(ADOBE))
    assert np.abs(expected - colors / 255).max() > 0.2
    np.testing.assert_allclose(as_array(image), expected, atol=1 / 255)


@pytest.mark.parametrize(
    ("file", "options"), [("a.jpg", {"quality": 100, "subsampling": 0}), ("a.tif", {}), ("a.webp", {"lossless": True})]
)
def test_profiles_are_found_in_every_format_that_has_them(tmp_path, file, options):
    image = load_image(stored(tmp_path / file, Image.new("RGB", (8, 8), (100, 150, 200)), ADOBE_RGB, **options))
    np.testing.assert_allclose(as_array(image)[4, 4], np.array([66.02, 151.41, 203.07]) / 255, atol=2 / 255)


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_a_profile_is_applied_to_palettes_and_under_transparency(tmp_path, mode):
    picture = Image.new("RGBA", (8, 8), (100, 150, 200, 128)) if mode == "RGBA" else Image.new("P", (8, 8), 0)
    if mode == "P":
        picture.putpalette([100, 150, 200])
    image = as_array(load_image(stored(tmp_path / "a.png", picture, ADOBE_RGB), background=(0, 0, 0)))
    opacity = 128 / 255 if mode == "RGBA" else 1
    np.testing.assert_allclose(image[4, 4], opacity * np.array([66.02, 151.41, 203.07]) / 255, atol=1 / 255)


def test_the_background_is_srgb_whatever_the_profile(tmp_path):
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image = load_image(stored(tmp_path / "a.png", picture, ADOBE_RGB), background=(0.2, 0.6, 0.8))
    assert image[0, :, 4, 4].tolist() == pytest.approx([0.2, 0.6, 0.8])


@pytest.mark.parametrize(
    "icc",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        rgb_profile(SRGB, curve(to_linear)),
        rgb_profile(np.round(SRGB, 4), curve(to_linear, 26)),  # as small profiles are made
    ],
    ids=["LittleCMS", "1024 points", "26 points"],
)
def test_the_profile_of_srgb_changes_nothing_at_all(tmp_path, colors, icc):
    image = load_image(stored(tmp_path / "a.png", colors, icc))
    np.testing.assert_array_equal(as_array(image), np.float32(colors) / np.float32(255))


@pytest.mark.parametrize("gamma", [1.8, 2.2])
def test_a_profile_that_differs_from_srgb_in_the_curve_alone_is_applied(tmp_path, colors, gamma):
    image = load_image(stored(tmp_path / "a.png", colors, rgb_profile(SRGB, power(gamma))))
    expected = from_xyz((colors / 255) ** (round(256 * gamma) / 256) @ np.transpose(SRGB))
    np.testing.assert_allclose(as_array(image), expected, atol=1.1 / 255)


def test_a_profile_that_differs_from_srgb_by_3_of_255_is_applied(tmp_path, colors):
    icc = rgb_profile(SRGB, curve(lambda values: to_linear(0.99 * values)))
    image = load_image(stored(tmp_path / "a.png", colors, icc))
    np.testing.assert_allclose(as_array(image), 0.99 * colors / 255, atol=1.1 / 255)


@pytest.mark.parametrize("gamma", [1.0, 1.8])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_gray_profile_is_applied(tmp_path, gamma, transparent):
    picture = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    if transparent:
        picture.putalpha(Image.new("L", picture.size, 255))
    image = as_array(load_image(stored(tmp_path / "a.png", picture, gray_profile(power(gamma)))))
    linear = (np.arange(256) / 255) ** gamma
    expected = from_xyz(linear[:, None] * D50)
    np.testing.assert_allclose(image[0], expected, atol=0.6 / 255)


def test_under_a_gray_profile_16_bit_gray_stays_finer_than_8_bits(tmp_path):
    values = np.arange(30000, 31024, dtype=np.uint16).reshape(32, 32)
    image = as_array(load_image(stored(tmp_path / "a.tif", values, gray_profile(power(1.8)))))
    expected = from_xyz((values[..., None] / 65535) ** 1.8 * D50)
    np.testing.assert_allclose(image, expected, atol=0.6 / 255)
    assert len(np.unique(image)) > 500  # 8 bits would leave 5


@pytest.mark.parametrize("entries", [1024, 20])
def test_a_gray_profile_of_srgbs_curve_changes_nothing_at_all(tmp_path, entries):
    values = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    image = load_image(stored(tmp_path / "a.tif", values, gray_profile(curve(to_linear, entries))))
    np.testing.assert_allclose(image[0, 0].numpy(), values / 65535, rtol=1e-6)


INKS = {
    (0, 0, 0): (100, 0, 0),
    (1, 0, 0): (55, -37, -50),
    (0, 1, 0): (48, 74, -3),
    (0, 0, 1): (89, -5, 93),
    (1, 1, 0): (24, 22, -46),
    (1, 0, 1): (50, -65, 27),
    (0, 1, 1): (47, 68, 48),
    (1, 1, 1): (23, 0, 0),
}


def lab_of_inks(cyan, magenta, yellow, black, *, darkest=0):
    """Roughly what inks look like on paper: no magenta is pure (1, 0, 1)."""
    return (darkest, 0, 0) if black else INKS[cyan, magenta, yellow]


@pytest.mark.parametrize("file", ["a.jpg", "a.tif"])
@pytest.mark.parametrize("inks", INKS)
def test_inks_look_as_their_profile_says(tmp_path, file, inks):
    picture = Image.new("CMYK", (8, 8), (*(255 * ink for ink in inks), 0))
    options = {"quality": 100} if file == "a.jpg" else {}
    image = load_image(stored(tmp_path / file, picture, cmyk_profile(lab_of_inks), **options))
    np.testing.assert_allclose(as_array(image)[4, 4], from_lab(*INKS[inks]), atol=2 / 255)


def test_the_blackest_ink_is_black_on_the_screen(tmp_path):
    icc = cmyk_profile(partial(lab_of_inks, darkest=16))  # 16 is a dark gray: ink reflects some light
    image = load_image(stored(tmp_path / "a.tif", Image.new("CMYK", (8, 8), (255, 255, 255, 255)), icc))
    assert image.max() <= 1 / 255


GRAY_GAMMA, INK_PROFILE = gray_profile(power(1.8)), cmyk_profile(lab_of_inks)


@pytest.mark.parametrize("icc", [b"this is no profile", ADOBE_RGB[:200], ADOBE_RGB.replace(b"rTRC", b"none")])
def test_of_a_damaged_profile_the_log_says_one_line(tmp_path, caplog, icc):
    load_image(stored(tmp_path / "a.png", Image.new("RGB", (8, 8)), icc))
    assert len(caplog.messages) == 1
    assert "a.png has a damaged color profile, which is left out." in caplog.text


@pytest.mark.parametrize(
    ("mode", "icc"), [("RGB", GRAY_GAMMA), ("L", ADOBE_RGB), ("RGB", INK_PROFILE), ("RGB", ADOBE_RGB)]
)
def test_of_a_whole_profile_the_log_says_nothing_even_if_it_does_not_fit(tmp_path, caplog, mode, icc):
    load_image(stored(tmp_path / "a.png", Image.new(mode, (8, 8)), icc))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("mode", "color", "icc"),
    [
        ("RGB", (100, 150, 200), b"this is no profile"),
        ("RGB", (100, 150, 200), ADOBE_RGB[:200]),
        ("RGB", (100, 150, 200), ADOBE_RGB[:300] + bytes(100) + ADOBE_RGB[400:]),
        ("RGB", (100, 150, 200), ADOBE_RGB.replace(b"rTRC", b"none")),
        ("RGB", (100, 150, 200), GRAY_GAMMA),
        ("RGB", (100, 150, 200), INK_PROFILE),
        ("L", 100, ADOBE_RGB),
        ("L", 100, GRAY_GAMMA[:150]),
        ("L", 100, GRAY_GAMMA.replace(b"kTRC", b"none")),
        ("I;16", 25700, ADOBE_RGB),
        ("CMYK", (0, 255, 255, 0), ADOBE_RGB),
        ("CMYK", (0, 255, 255, 0), INK_PROFILE.replace(b"A2B0", b"none")),
        ("1", 1, GRAY_GAMMA),
    ],
)
def test_a_profile_that_is_damaged_or_of_another_kind_is_ignored(tmp_path, mode, color, icc):
    picture = Image.new(mode, (8, 8), color)
    with_profile = load_image(stored(tmp_path / "a.tif", picture, icc))
    assert with_profile.equal(load_image(stored(tmp_path / "b.tif", picture, None)))


def test_a_mask_is_amounts_so_no_profile_changes_it(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for pixels in (values, np.stack([values] * 3, -1), values.astype(np.uint16) * 257):
        icc = ADOBE_RGB if pixels.ndim == 3 else GRAY_GAMMA
        mask = load_mask(stored(tmp_path / "m.tif", pixels, icc), torch.zeros(1, 3, 16, 16))
        np.testing.assert_allclose(mask[0, 0].numpy(), values / 255, rtol=1e-6)


def test_lab_tiffs_are_pictures_too(tmp_path):
    picture = Image.merge("LAB", [Image.new("L", (8, 8), value) for value in (128, 128 + 40, 128 - 30)])
    image = load_image(stored(tmp_path / "a.tif", picture, None))
    np.testing.assert_allclose(as_array(image)[4, 4], from_lab(128 / 2.55, 40, -30), atol=0.02)
