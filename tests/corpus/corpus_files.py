"""Picture files written byte by byte, so that what is in them does not depend on Pillow."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 24, 16
_x, _y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
SCENE = np.stack([10 * _x, 15 * _y, 255 - 5 * _x - 7 * _y], -1).astype(np.uint8)  # no two sides are alike
GRAY = (8 * _x + 4 * _y).astype(np.uint8)
OPACITY = np.where(_x < 12, 255, 51).astype(np.uint8)
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def saved(pixels, kind, **options):
    """Return what Pillow writes."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def upright(pixels, orientation):
    """Return the pixels as EXIF's orientation says that they are to be seen."""
    flips = {2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1]}
    turned = np.swapaxes(pixels, 0, 1)
    flips |= {5: turned, 6: turned[:, ::-1], 7: turned[::-1, ::-1], 8: turned[::-1]}
    return flips.get(orientation, pixels)


# --- PNG ----------------------------------------------------------------------------------------------------------------


def chunk(kind, data, checksum=None):
    sum_ = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)


def header(width, height, bits=8, color=2, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced))


def rows(samples, bits):
    """Return an array (H, W, channels) of numbers as PNG rows without a filter."""
    if 0 in samples.shape:
        return b""
    flat = samples.reshape(len(samples), -1)
    if bits == 16:
        packed = [row.astype(">u2").tobytes() for row in flat]
    else:
        each = np.unpackbits(flat.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
        packed = [np.packbits(row).tobytes() for row in each]
    return b"".join(b"\0" + row for row in packed)


def png(samples, color, bits=8, *, interlaced=False, before=(), after=(), announce=None, keep=None):
    """Return a PNG; ``before`` and ``after`` are chunks beside the pixels, ``keep`` is how many bytes of rows it has."""
    height, width = samples.shape[:2] if announce is None else announce
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    data = b"".join(rows(samples[y::down, x::across], bits) for x, y, across, down in passes)[:keep]
    head, pixels = header(width, height, bits, color, int(interlaced)), chunk(b"IDAT", zlib.compress(data))
    return b"".join([SIGNATURE, head, *before, pixels, *after, chunk(b"IEND", b"")])


# --- EXIF and TIFF ------------------------------------------------------------------------------------------------------

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}


def entry(tag, kind, value, order="<", count=1, at=0):
    """Return one entry of a directory and what lies outside it, which will lie at ``at``."""
    if kind in LETTERS:
        data = struct.pack(order + LETTERS[kind], value) * count
    elif kind in (5, 10):
        data = struct.pack(order + "II", value, 1) * count
    else:
        data = (str(value).encode() + b"\0") if kind == 2 else bytes([value]) * 2
        count = len(data)
    inside, outside = (data.ljust(4, b"\0"), b"") if len(data) <= 4 else (struct.pack(order + "I", at), data)
    return struct.pack(order + "HHI", tag, kind, count) + inside, outside


def exif(entries, order="<", *, offset=8, count=None, following=0, tail=b""):
    """Return EXIF data of (tag, kind, value[, count]) entries, without the six bytes that JPEG has in front."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", offset)
    at = 8 + 2 + 12 * len(entries) + 4
    table, outside = b"", b""
    for tag, kind, value, *many in entries:
        one, data = entry(tag, kind, value, order, *(many or [1]), at=at + len(outside))
        table, outside = table + one, outside + data
    number = len(entries) if count is None else count
    return start + struct.pack(order + "H", number) + table + struct.pack(order + "I", following) + outside + tail


def with_exif(pixels, kind, data):
    """Return a file of that kind ("JPEG", "PNG", "WEBP") that holds the EXIF data as they are."""
    if kind == "JPEG":
        whole = saved(pixels, "JPEG", quality=95, subsampling=0)
        return whole[:2] + segment(0xE1, b"Exif\0\0" + data) + whole[2:]
    if kind == "PNG":
        return png(pixels, 2, before=[chunk(b"eXIf", data)])
    whole = saved(pixels, "WEBP", lossless=True, exif=b"Exif\0\0" + b"?" * 20)
    start = whole.index(b"EXIF")
    body = whole[12:start] + b"EXIF" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def tiff(pixels, extra=(), *, order="<", strips=1, leave_out=0, changed=()):
    """Return an RGB TIFF without compression; ``extra`` and ``changed`` are entries to add or to put in place of its own."""
    height, width = pixels.shape[:2]
    high = height // strips
    places = [8 + k * high * width * 3 for k in range(strips - leave_out)]
    own = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 2), (277, 3, 3), (278, 4, high)]
    entries = {tag: (tag, *rest) for tag, *rest in [*own, *extra, *changed]}
    end = 8 + pixels.size
    outside = struct.pack(f"{order}{len(places)}I", *places)
    counts = struct.pack(f"{order}{len(places)}I", *[high * width * 3] * len(places))
    listed = end + len(outside) + len(counts)
    table = {tag: entry(*rest[:1], *rest[1:3], order, at=0)[0] for tag, *rest in ((t, *e) for t, e in entries.items())}
    for tag, at, data in ((273, end, outside), (279, end + len(outside), counts)):
        inside = data if len(data) == 4 else struct.pack(order + "I", at)
        table[tag] = struct.pack(order + "HHI", tag, 4, len(places)) + inside
    directory = struct.pack(order + "H", len(table)) + b"".join(table[tag] for tag in sorted(table)) + b"\0\0\0\0"
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", listed)
    return start + pixels.tobytes() + outside + counts + directory


def icon(announced, held):
    """Return an ICO that announces a size and holds a whole file, a PNG."""
    width, height = (side % 256 for side in announced)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, width, height, 0, 0, 1, 32, len(held), 22) + held
