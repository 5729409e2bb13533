"""Of a PNG nothing but its pixels can refuse it, and all of them must be there."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError
from nstlib.formats import png
from nstlib.images import load_image


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (32, 20, 3)).astype(np.uint8)


def chunk(kind, data, checksum=None):
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def written(path, pixels, *others, keep=None, interlaced=0):
    """Write RGB pixels; ``others`` are chunks in front of them, and ``keep`` is how many of its rows the file has."""
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels[:keep]))
    header = struct.pack(">IIBBBBB", pixels.shape[1], len(pixels), 8, 2, 0, 0, interlaced)
    half = len(data) // 2  # two IDAT chunks: programs write many
    parts = [
        chunk(b"IHDR", header),
        *others,
        chunk(b"IDAT", data[:half]),
        chunk(b"IDAT", data[half:]),
        chunk(b"IEND", b""),
    ]
    path.write_bytes(png.SIGNATURE + b"".join(parts))
    return path


def is_right(path, pixels):
    return torch.equal(load_image(path)[0] * 255, torch.from_numpy(pixels.copy()).permute(2, 0, 1).float())


def test_rows_that_are_missing_are_not_taken_for_black(tmp_path, pixels):
    path = written(tmp_path / "a.png", pixels, keep=5)
    with pytest.raises(
        ImageError, match=r"a\.png is damaged or incomplete \(it holds 15 % of its 20 x 32 pixels\)\. Copy"
    ):
        load_image(path)


def test_black_rows_are_not_taken_for_missing(tmp_path, pixels):
    pixels[5:] = 0
    assert is_right(written(tmp_path / "a.png", pixels), pixels)


@pytest.mark.parametrize("size", [300_000, 3_000_000])
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_large_text_or_profile_refuses_no_picture(tmp_path, pixels, kind, size):
    front = b"prompt\0\1\0\0\0" if kind == b"iTXt" else b"prompt\0\0"
    path = written(tmp_path / "a.png", pixels, chunk(kind, front + zlib.compress(bytes(size))))
    assert is_right(path, pixels)


def test_texts_without_end_refuse_no_picture(tmp_path, pixels):
    text = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(900_000)))
    assert is_right(written(tmp_path / "a.png", pixels, *[text] * 80), pixels)


@pytest.mark.parametrize("kind", [b"tEXt", b"pHYs", b"gAMA", b"tRNS", b"iCCP", b"eXIf"])
def test_a_wrong_checksum_of_what_is_no_pixel_refuses_no_picture(tmp_path, pixels, kind):
    assert is_right(written(tmp_path / "a.png", pixels, chunk(kind, b"\0" * 6, checksum=1)), pixels)


def test_a_wrong_checksum_of_the_header_does(tmp_path, pixels):
    path = written(tmp_path / "a.png", pixels)
    file = bytearray(path.read_bytes())
    file[18] ^= 1
    path.write_bytes(file)
    with pytest.raises(ImageError, match=r"a\.png is a PNG that cannot be read: damaged"):
        load_image(path)


def test_a_profile_of_3_million_bytes_is_applied(tmp_path, pixels):
    from test_decoding import ADOBE_RGB

    plain = chunk(b"iCCP", b"wide\0\0" + zlib.compress(ADOBE_RGB))
    padded = chunk(b"iCCP", b"wide\0\0" + zlib.compress(ADOBE_RGB + bytes(3_000_000)))
    images = [load_image(written(tmp_path / "a.png", pixels, each)) for each in (plain, padded)]
    assert torch.equal(*images)
    assert not is_right(tmp_path / "a.png", pixels)


@pytest.mark.parametrize("form", ["eXIf", "Raw profile type exif", "XML:com.adobe.xmp"])
def test_which_side_is_up_is_found_wherever_it_stands(tmp_path, pixels, form):
    exif = Image.Exif()
    exif[0x112] = 3
    data = exif.tobytes()
    raw = f"\nexif\n{len(data):8}\n{data.hex()}\n".encode()
    chunks = {
        "eXIf": chunk(b"eXIf", data[6:]),
        "Raw profile type exif": chunk(b"zTXt", form.encode() + b"\0\0" + zlib.compress(raw)),
        "XML:com.adobe.xmp": chunk(b"iTXt", form.encode() + b'\0\0\0\0\0<x tiff:Orientation="3"/>'),
    }
    assert is_right(written(tmp_path / "a.png", pixels, chunks[form]), pixels[::-1, ::-1])


@pytest.mark.parametrize("side", [*range(1, 10), 17])
def test_the_rows_of_an_interlaced_picture_are_counted_as_pillow_reads_them(side):
    """Pillow writes none, so the oracle is a naive loop over the passes of the standard's table."""
    order = np.array(
        [
            [1, 6, 4, 6, 2, 6, 4, 6],
            [7] * 8,
            [5, 6] * 4,
            [7] * 8,
            [3, 6, 4, 6] * 2,
            [7] * 8,
            [5, 6] * 4,
            [7] * 8,
        ]
    )
    height, width = side, side + 3
    passes = order[np.arange(height)[:, None] % 8, np.arange(width) % 8]
    count = 0
    for number in range(1, 8):
        rows = [int((row == number).sum()) for row in passes]
        count += sum(1 + (3 * columns + 7) // 8 for columns in rows if columns)
    assert png._inflated_size(width, height, 3, interlaced=True) == count


def test_a_file_in_pieces_reads_like_one(tmp_path):
    file = io.BytesIO(bytes(range(100)))
    pieces = io.BufferedReader(png._Pieces(file, [(10, 5), (50, 3), (90, 10)]))
    wanted = bytes([*range(10, 15), *range(50, 53), *range(90, 100)])
    assert pieces.read() == wanted
    for start in range(len(wanted)):
        pieces.seek(start)
        assert pieces.read(6) == wanted[start : start + 6]
        assert pieces.tell() == min(start + 6, len(wanted))
