"""What a PNG holds beside its pixels, read without Pillow: it refuses a picture for a text or a profile that it dislikes.

A PNG is a row of chunks. Pillow is given those that make the pixels; whatever else is wanted is read here, and nothing in it
can refuse the picture.
"""

from __future__ import annotations

import io
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nstlib.errors import ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_METADATA = 16_000_000  # bytes: a large profile has 3 million
_PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # x, y, steps
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel's, by color type
_TEXTS = (b"XML:com.adobe.xmp", b"Raw profile type exif")  # in which an orientation may stand


class _Chunk(NamedTuple):
    kind: bytes
    start: int  # of the whole chunk, 8 bytes before its data
    length: int  # of its data


def pixels_only(file: BinaryIO) -> tuple[BinaryIO, dict]:
    """Return the file without its metadata, and the metadata that Pillow would give as ``info``.

    Args:
        file: a PNG, open for reading; what is returned reads from it.
    """
    pieces, info = [[0, len(SIGNATURE)]], {}
    for chunk in _chunks(file):
        if chunk.kind in _PIXELS or not chunk.kind.isalpha() or (chunk.kind == b"tRNS" and _fits(file, chunk)):
            if sum(pieces[-1]) == chunk.start:  # most often all pixels are one piece, in thousands of chunks
                pieces[-1][1] += chunk.length + 12
            else:
                pieces.append([chunk.start, chunk.length + 12])
        elif chunk.length <= MOST_METADATA and chunk.kind in (b"iCCP", b"eXIf", b"zTXt", b"iTXt"):
            info |= _metadata(chunk.kind, _data(file, chunk) or b"")
    return io.BufferedReader(_Pieces(file, pieces), 1 << 16), info


def check_whole(path: Path) -> None:
    """Raise an ImageError unless a PNG holds exactly the pixels that it announces: Pillow leaves missing ones black.

    Nothing is kept, so this takes no memory. Data that cannot be inflated are left for the decoder to complain about.
    """
    with path.open("rb") as file:
        header, *others = _chunks(file)
        width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", (_data(file, header) or b"")[:13])
        expected = _inflated_size(width, height, bits * _SAMPLES[color], bool(interlaced))
        try:
            held = _count(file, [chunk for chunk in others if chunk.kind == b"IDAT"], expected)
        except zlib.error:
            return
    if held > expected:
        raise ImageError(f"{path} is damaged (it holds more than the {width} x {height} pixels that it announces).")
    if held < expected:
        raise ImageError(
            f"{path} is damaged or incomplete (it holds {100 * held // expected} % of its {width} x {height} pixels). "
            "Copy or download it again."
        )


class _Pieces(io.RawIOBase):
    """A file made of pieces of another one, (start, length) in bytes."""

    def __init__(self, file: BinaryIO, pieces: Sequence[Sequence[int]]):
        self._file, self._pieces, self._at = file, pieces, 0
        self._ends = list(accumulate(length for _, length in pieces))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        index = bisect_right(self._ends, self._at)
        if index == len(self._pieces):
            return 0
        left = self._ends[index] - self._at
        self._file.seek(sum(self._pieces[index]) - left)
        data = self._file.read(min(len(buffer), left))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    """Walk over the chunks; the last one may be cut, or no chunk at all."""
    at = len(SIGNATURE)
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        chunk = _Chunk(head[4:], at, int.from_bytes(head[:4], "big"))
        yield chunk
        if chunk.kind == b"IEND" or not chunk.kind.isalpha():
            return
        at += chunk.length + 12


def _data(file: BinaryIO, chunk: _Chunk) -> bytes | None:
    """Return a chunk's data, or None if they are not what its checksum says."""
    file.seek(chunk.start + 8)
    data, checksum = file.read(chunk.length), file.read(4)
    return data if checksum == zlib.crc32(chunk.kind + data).to_bytes(4, "big") else None


def _fits(file: BinaryIO, chunk: _Chunk) -> bool:
    """Whether a tRNS chunk is one for this kind of picture: viewers ignore any other."""
    header = next(_chunks(file))
    color = ((_data(file, header) or b"").ljust(13, b"\xff"))[9]
    data = _data(file, chunk) if chunk.length <= 256 else None
    return data is not None and (len(data) == {0: 2, 2: 6}.get(color) or (color == 3 and len(data) > 0))


def _metadata(kind: bytes, data: bytes) -> dict:
    """Return what a chunk says, by Pillow's names; nothing if it cannot be read."""
    name, _, rest = data.partition(b"\0")
    if kind == b"eXIf":
        return {"exif": b"Exif\0\0" + data}
    if kind == b"iCCP":
        return {"icc_profile": _inflate(rest[1:]) or b"damaged"}
    if name not in _TEXTS:
        return {}
    if kind == b"iTXt":
        packed, rest = rest[:1], rest[2:].split(b"\0", 2)[-1]
        text = _inflate(rest) if packed == b"\1" else rest
    else:
        text = _inflate(rest[1:])
    return {name.decode(): text.decode("utf-8", "replace")} if text else {}


def _inflate(data: bytes) -> bytes | None:
    """Return inflated bytes, or None if they are damaged or too many."""
    inflater = zlib.decompressobj()
    try:
        whole = inflater.decompress(data, MOST_METADATA)
    except zlib.error:
        return None
    return None if inflater.unconsumed_tail else whole


def _inflated_size(width: int, height: int, bits: int, interlaced: bool) -> int:
    """Return how many bytes a picture's rows take, each with a byte in front that names its filter."""
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = [(-((x - width) // across), -((y - height) // down)) for x, y, across, down in passes]
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0)


def _count(file: BinaryIO, chunks: list[_Chunk], most: int) -> int:
    """Return how many bytes of rows the chunks hold; counting stops once it is more than ``most``."""
    inflater, held = zlib.decompressobj(), 0
    for chunk in chunks:
        file.seek(chunk.start + 8)
        for begin in range(0, chunk.length, 1 << 16):
            rest = file.read(min(1 << 16, chunk.length - begin))
            while rest and held <= most and not inflater.eof:
                held += len(inflater.decompress(rest, 1 << 20))
                rest = inflater.unconsumed_tail
    while held <= most and not inflater.eof:  # an inflater may hold back a little
        last = inflater.decompress(b"", 1 << 20)
        if not last:
            break
        held += len(last)
    return held
