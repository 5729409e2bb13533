"""A thousand pictures and files that are none, each with what is right for it.

``python tests/corpus/corpus_cases.py FOLDER`` writes them all, to be looked at.
"""

from __future__ import annotations

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from corpus_files import (
    GRAY,
    HEIGHT,
    OPACITY,
    SCENE,
    SIGNATURE,
    WIDTH,
    chunk,
    exif,
    header,
    icon,
    png,
    saved,
    segment,
    tiff,
    upright,
    with_exif,
)
from PIL import Image, ImageCms

LOSSY = 14 / 255
DAMAGED = "is damaged|cannot be read"
NO_PICTURE = "is not a picture that can be read"
TOO_LARGE = "the limit is 100,000,000"


@dataclass(frozen=True)
class Case:
    """A file, and what is right for it.

    Attributes:
        name: of the file. write: makes it: bytes, or a function of its path.
        right: its pixels, (H, W, 3) or (H, W) of 0..255; or a tuple of several such, each of which is right; or None for any
            picture; or a pattern of the message that refuses it.
        off: by how much a value in [0, 1] may differ.
        may_refuse: whether to refuse the picture is right, too.
    """

    name: str
    write: bytes | Callable[[Path], object]
    right: np.ndarray | tuple | str | None
    off: float = 0.51 / 255
    may_refuse: bool = False

    def make(self, folder: Path) -> Path:
        path = folder / self.name
        if callable(self.write):
            self.write(path)
        else:
            path.write_bytes(self.write)
        return path

    @property
    def is_refused(self) -> bool:
        return isinstance(self.right, str)


def over_white(pixels, opacity):
    pixels = pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, -1)
    share = opacity[..., None] / 255
    return pixels * share + 255 * (1 - share)


def modes():
    """What Pillow writes: each mode in each format that has it."""
    scene, gray = Image.fromarray(SCENE), Image.fromarray(GRAY)
    bits = np.where(GRAY > 120, 255, 0).astype(np.uint8)
    rgba, la = scene.copy(), gray.copy()
    rgba.putalpha(Image.fromarray(OPACITY))
    la.putalpha(Image.fromarray(OPACITY))
    few = scene.quantize(200)
    few_right = np.asarray(few.convert("RGB"))
    wide = GRAY.astype(np.uint16) * 257
    exact = {
        "RGB": (scene, SCENE, "PNG BMP TIFF PPM TGA PCX SGI QOI DDS DIB"),
        "L": (gray, GRAY, "PNG BMP TIFF PPM TGA PCX SGI GIF DDS"),
        "1": (Image.fromarray(bits).convert("1"), bits, "PNG BMP TIFF PPM TGA PCX GIF"),
        "P": (few, few_right, "PNG BMP TIFF GIF PCX TGA"),
        "RGBA": (rgba, over_white(SCENE, OPACITY), "PNG TIFF TGA SGI QOI DDS"),
        "LA": (la, over_white(GRAY, OPACITY), "PNG TIFF TGA DDS"),
        "I;16": (Image.fromarray(wide), GRAY, "PNG TIFF PPM"),
        "F": (Image.fromarray(np.float32(GRAY / 255)), GRAY, "TIFF"),
        "CMYK": (
            Image.merge("CMYK", [*Image.fromarray(255 - SCENE).split(), Image.new("L", scene.size)]),
            SCENE,
            "TIFF",
        ),
    }
    for mode, (picture, right, kinds) in exact.items():
        for kind in kinds.split():
            with suppress(KeyError, OSError):  # older ones of Pillow write no QOI, and no PPM of 16 bits
                yield Case(f"{mode.replace(';', '')}.{kind.lower()}", saved(picture, kind), right, 1.01 / 255)
    for quality in (60, 95):
        for progressive in (False, True):
            name = f"{quality}-{progressive}"
            yield Case(
                f"rgb-{name}.jpg", saved(scene, "JPEG", quality=quality, progressive=progressive), SCENE, LOSSY * 2
            )
            yield Case(f"gray-{name}.jpg", saved(gray, "JPEG", quality=quality, progressive=progressive), GRAY, LOSSY)
    for name, options in {"lossless": {"lossless": True}, "lossy": {"quality": 95}}.items():
        off = LOSSY * 2 if name == "lossy" else 1 / 255
        yield Case(f"rgb-{name}.webp", saved(scene, "WEBP", **options), SCENE, off)
        yield Case(f"rgba-{name}.webp", saved(rgba, "WEBP", **options), over_white(SCENE, OPACITY), off)
    yield Case("rgb.jp2", saved(scene, "JPEG2000"), SCENE)
    yield Case("gray.jp2", saved(gray, "JPEG2000"), GRAY)
    yield Case("ico.ico", saved(rgba, "ICO", sizes=[(WIDTH, HEIGHT)]), over_white(SCENE, OPACITY), 1.01 / 255)
    square = np.concatenate([SCENE, SCENE])[
        :, [*range(WIDTH), *range(8)]
    ]  # whose masks need no padding, which Pillow lacks
    yield Case("bmp.ico", saved(square, "ICO", sizes=[(32, 32)], bitmap_format="bmp"), square, 1.01 / 255)
    if "AVIF" in Image.SAVE:
        yield Case("rgb.avif", saved(scene, "AVIF", quality=100, subsampling="4:4:4"), SCENE, LOSSY)
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
        for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"):
            picture, right, _ = exact[mode]
            yield Case(
                f"{packing}-{mode[0]}{len(mode)}.tif", saved(picture, "TIFF", compression=packing), right, 1.01 / 255
            )
    for packing in ("group3", "group4"):
        yield Case(f"{packing}.tif", saved(exact["1"][0], "TIFF", compression=packing), bits)
    yield Case("jpeg.tif", saved(scene, "TIFF", compression="jpeg", quality=95), SCENE, LOSSY * 2)
    several = {"save_all": True, "append_images": [Image.new("RGB", scene.size)]}
    for kind in ("TIFF", "PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        yield Case(f"several.{kind.lower()}", saved(scene, kind, **several, **options), SCENE, 1 / 255)
    yield Case("default-image.png", saved(scene, "PNG", default_image=True, **several), SCENE)
    yield Case("several.gif", saved(few, "GIF", save_all=True, append_images=[Image.new("P", few.size)]), few_right)
    yield Case("several.mpo", saved(scene, "MPO", quality=95, subsampling=0, **several), SCENE, LOSSY)
    yield Case("mpo-named.jpg", saved(scene, "MPO", quality=95, subsampling=0, **several), SCENE, LOSSY)


def pngs():
    """Each kind of PNG pixel, plain and interlaced; and what one calls transparent."""
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in depths:
            top = 2**bits - 1
            gray = (GRAY / 255 * top).astype(int)
            scene = (SCENE / 255 * top).astype(int)
            alpha = (OPACITY / 255 * top).round().astype(int)
            samples, right, before = gray[..., None], gray * (255 / top), []
            if color == 3:
                palette = np.stack(
                    [np.arange(top + 1) * 37 % 256, np.arange(top + 1) * 91 % 256, np.arange(top + 1) % 256], -1
                )
                before, right = [chunk(b"PLTE", palette.astype(np.uint8).tobytes())], palette[gray]
            if color in (2, 6):
                samples, right = scene, scene * (255 / top)
            if color in (4, 6):
                samples = np.concatenate([samples, alpha[..., None]], -1)
                right = over_white(np.asarray(right), OPACITY)
            for interlaced in (False, True):
                name = f"png-{color}-{bits}-{'adam7' if interlaced else 'plain'}"
                options = {"interlaced": interlaced, "before": before}
                yield Case(f"{name}.png", png(samples, color, bits, **options), right, 1.51 / 255)
                for kept in (0.0, 0.16, 0.5, 0.97):
                    size = int(kept * len(zlib.decompress(_idat(png(samples, color, bits, **options)))))
                    whole = png(samples, color, bits, keep=size, **options)
                    yield Case(f"{name}-{kept}.png", whole, r"is damaged or incomplete \(it holds \d+ % of its 24 x 16")
                less = png(samples, color, bits, announce=(HEIGHT // 2, WIDTH), **options)
                yield Case(
                    f"{name}-more.png", less, "is damaged .it holds more than the 24 x 8 pixels that it announces"
                )
    for wrong in (b"", b"\0", b"\0" * 300):
        case = png(SCENE, 2, before=[chunk(b"tRNS", wrong)])
        yield Case(f"trns-{len(wrong)}.png", case, SCENE)
    yield Case("trns-checksum.png", png(SCENE, 2, before=[chunk(b"tRNS", b"\0\0" * 3, 5)]), SCENE)


def _idat(file):
    start = file.index(b"IDAT")
    return file[start + 4 : start + 4 + int.from_bytes(file[start - 4 : start], "big")]


def png_chunks():
    """Chunks that are not pixels, damaged in every way: the picture is the same."""
    kinds = b"tEXt zTXt iTXt iCCP pHYs gAMA cHRM sRGB bKGD tIME sPLT hIST acTL fcTL fdAT eXIf teSt sBIT cICP".split()
    large = np.random.default_rng(0).bytes(1_500_000)
    contents = {
        "empty": b"",
        "noise": b"\xff\0\x80key\0\1\2\3",
        "name": b"name" + b"\0" * 12,
        "large": b"name\0\0" + zlib.compress(bytes(3_000_000)),
        "noisy": b"name\0\0" + zlib.compress(large, 0),
    }
    for kind in kinds:
        for name, data in contents.items():
            yield Case(f"{kind.decode()}-{name}.png", png(SCENE, 2, before=[chunk(kind, data)]), SCENE)
        yield Case(f"{kind.decode()}-checksum.png", png(SCENE, 2, before=[chunk(kind, b"a\0bcd", 1)]), SCENE)
        yield Case(f"{kind.decode()}-after.png", png(SCENE, 2, after=[chunk(kind, b"\xff\0\0")]), SCENE)


def exif_data():
    """Orientations that count, and EXIF data of every odd kind beside them."""
    for kind, end in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
        off = LOSSY if kind == "JPEG" else 1 / 255
        for value in range(10):
            for order in "<>":
                data = exif([(0x112, 3, value)], order)
                name = f"turn-{value}{'le' if order == '<' else 'be'}.{end}"
                yield Case(name, with_exif(SCENE, kind, data), upright(SCENE, value), off)
        either = (SCENE, upright(SCENE, 6))
        for tag_kind in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12):
            yield Case(f"kind-{tag_kind}.{end}", with_exif(SCENE, kind, exif([(0x112, tag_kind, 6)])), either, off)
        for count in (0, 2, 3):
            yield Case(f"count-{count}.{end}", with_exif(SCENE, kind, exif([(0x112, 3, 6, count)])), either, off)
        for tag_kind in (1, 2, 4, 6, 7, 8, 9, 11, 12):  # another tag than the one that is wanted
            data = exif([(0x100, tag_kind, 7), (0x112, 3, 6), (0x128, tag_kind, 2), (0x213, tag_kind, 1)])
            yield Case(f"beside-{tag_kind}.{end}", with_exif(SCENE, kind, data), upright(SCENE, 6), off)
        good = (0x112, 3, 6)
        odd = {
            "bare": b"II*\0",
            "header": b"II*\0\x08\0\0\0",
            "noise": bytes(range(200)),
            "text": b"hello, this is no EXIF",
            "cut": exif([good])[:15],
            "offset": exif([good], offset=60000),
            "offset-0": exif([good], offset=0),
            "many": exif([good], count=65535),
            "loop": exif([good], following=8),
            "next": exif([good], following=60000),
            "gps": exif([good, (0x8825, 4, 60000)]),
            "gps-loop": exif([good, (0x8825, 4, 8)]),
            "exif": exif([good, (0x8769, 4, 60000)]),
            "exif-loop": exif([good, (0x8769, 4, 8)]),
            "exif-text": exif([good, (0x8769, 2, "here")]),
            "gps-text": exif([good, (0x8825, 7, 8)]),
            "twice": exif([good, good]),
            "two": exif([good, (0x112, 3, 3)]),
            "density": exif([(0x11A, 5, 0), good, (0x11B, 10, 0)]),
            "tail": exif([good], tail=bytes(30000)),
        }
        for name, data in odd.items():
            right = tuple(upright(SCENE, turn) for turn in (1, 3, 6))
            yield Case(f"exif-{name}.{end}", with_exif(SCENE, kind, data), right, off)
    whole = saved(SCENE, "JPEG", quality=95, subsampling=0)
    doubled = 2 * segment(0xE1, b"Exif\0\0" + exif([(0x112, 3, 6)]))
    yield Case("exif-doubled.jpg", whole[:2] + doubled + whole[2:], (SCENE, upright(SCENE, 6)), LOSSY)
    yield Case("exif-empty.jpg", whole[:2] + segment(0xE1, b"Exif\0\0") + whole[2:], SCENE, LOSSY)
    yield Case(
        "xmp-noise.jpg", whole[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0\xff\xfe") + whole[2:], SCENE, LOSSY
    )
    for value in range(1, 9):
        yield Case(f"turn-{value}.tif", tiff(SCENE, [(0x112, 3, value)]), upright(SCENE, value))
    for tag_kind in (1, 4, 8, 9):
        yield Case(f"kind-{tag_kind}.tif", tiff(SCENE, [(0x112, tag_kind, 6)]), (SCENE, upright(SCENE, 6)))
    for tag_kind in (1, 2, 7, 8, 11, 12):
        yield Case(f"unit-{tag_kind}.tif", tiff(SCENE, [(0x128, tag_kind, 2), (0x112, 3, 3)]), SCENE[::-1, ::-1])
    for tag in (0x8769, 0x8825, 0xA005):
        for tag_kind, value in ((4, 10**6), (4, 8), (3, 7), (9, 5)):
            yield Case(
                f"pointer-{tag}-{tag_kind}-{value}.tif",
                tiff(SCENE, [(tag, tag_kind, value), (0x112, 3, 3)]),
                SCENE[::-1, ::-1],
            )


def profiles():
    """Profiles that change nothing or cannot be used."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    contents = {
        "srgb": srgb,
        "cut": srgb[:300],
        "noise": np.random.default_rng(1).bytes(500),
        "short": b"x",
        "large": srgb + bytes(2_000_000),
        "class": srgb[:12] + b"abcd" + srgb[16:],
        "space": srgb[:16] + b"GRAY" + srgb[20:],
        "tags": srgb.replace(b"rTRC", b"none"),
    }
    for kind, end in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tif")):
        options = {"PNG": {}, "TIFF": {}, "JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}[kind]
        for name, icc in contents.items():
            off = LOSSY if kind == "JPEG" else 1 / 255
            yield Case(f"icc-{name}.{end}", saved(SCENE, kind, icc_profile=icc, **options), SCENE, off)
            if kind != "WEBP":
                yield Case(f"icc-gray-{name}.{end}", saved(GRAY, kind, icc_profile=icc), GRAY, LOSSY)
    packed = zlib.compress(srgb)
    for name, data in {
        "nothing": b"",
        "no-data": b"name\0\0",
        "no-end": b"name",
        "method": b"name\0\7" + packed,
        "unpacked": b"name\0\0" + srgb,
        "half": b"name\0\0" + packed[:200],
        "bomb": b"name\0\0" + zlib.compress(bytes(50_000_000)),
        "long-name": b"n" * 200 + b"\0\0" + packed,
    }.items():
        yield Case(f"iccp-{name}.png", png(SCENE, 2, before=[chunk(b"iCCP", data)]), SCENE)
    whole = saved(SCENE, "JPEG", quality=95, subsampling=0)
    for name, numbers in {
        "one-of-two": [(1, 2)],
        "twice": [(1, 1), (1, 1)],
        "zero": [(0, 0)],
        "backwards": [(2, 2), (1, 2)],
    }.items():
        parts = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes(pair) + srgb[:200]) for pair in numbers)
        yield Case(f"icc-{name}.jpg", whole[:2] + parts + whole[2:], SCENE, LOSSY)


def cut_and_flipped():
    """Files that end too early, and files with one byte changed."""
    noise = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    files = {
        "png": saved(noise, "PNG"),
        "jpg": saved(noise, "JPEG", quality=95, subsampling=0),
        "progressive.jpg": saved(noise, "JPEG", quality=95, subsampling=0, progressive=True),
        "webp": saved(noise, "WEBP", lossless=True),
        "gif": saved(Image.fromarray(noise), "GIF"),
        "bmp": saved(noise, "BMP"),
        "tif": saved(noise, "TIFF"),
        "deflate.tif": saved(noise, "TIFF", compression="tiff_adobe_deflate"),
        "ppm": saved(noise, "PPM"),
        "sgi": saved(noise, "SGI"),
    }
    if "QOI" in Image.SAVE:
        files["qoi"] = saved(noise, "QOI")
    for end, whole in files.items():
        for kept in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
            yield Case(f"cut-{kept}.{end}", whole[: int(kept * len(whole))], f"{DAMAGED}|{NO_PICTURE}")
        for place in (0.0, 0.05, 0.4, 0.6, 0.8, 0.95):
            changed = bytearray(whole)
            changed[int(place * len(whole))] ^= 0x10
            right = noise if end == "png" else None  # others have no checksums, or give back a picture of another size
            yield Case(f"flip-{place}.{end}", bytes(changed), right, may_refuse=True)
    for end in ("jpg", "progressive.jpg"):
        right = np.asarray(Image.open(BytesIO(files[end])))
        yield Case(f"no-end.{end}", files[end][:-2], right)
        yield Case(f"half-end.{end}", files[end][:-1], right)
        yield Case(f"longer.{end}", files[end] + b"what else a phone puts behind it", right)
    yield Case("longer.png", files["png"] + bytes(1000), noise)
    yield Case("no-end.png", files["png"][:-12], noise)
    yield Case("longer.bmp", files["bmp"] + bytes(99), noise)


def announced():
    """Headers that promise more than anybody could decode, or less than there is."""
    for side in (10_001, 30_000, 2**31 - 1):
        head = SIGNATURE + header(side, side)
        yield Case(f"bomb-{side}.png", head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""), TOO_LARGE)
        yield Case(f"bomb-{side}.ppm", b"P6 %d %d 255\n" % (side, side), f"{TOO_LARGE}|{DAMAGED}")
        yield Case(f"bomb-{side}.qoi", b"qoif" + struct.pack(">IIBB", side, side, 3, 0), f"{TOO_LARGE}|{DAMAGED}")
        bitmap = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        yield Case(f"bomb-{side}.bmp", bitmap, f"{TOO_LARGE}|{DAMAGED}")
        whole = tiff(SCENE, changed=[(256, 4, side), (257, 4, side)])
        yield Case(f"bomb-{side}.tif", whole, f"{TOO_LARGE}|{DAMAGED}")
        yield Case(f"bomb-{side}.ico", icon((16, 16), head), "is damaged .it announces 16 x 16 pixels and holds")
        yield Case(f"bomb-256-{side}.ico", icon((256, 256), head), TOO_LARGE)
    for kind, name in ((b"\xff\xc0", "plain"), (b"\xff\xc2", "progressive")):
        whole = saved(SCENE, "JPEG", progressive=name == "progressive")
        place = whole.index(kind) + 5
        yield Case(f"bomb-{name}.jpg", whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :], TOO_LARGE)
    whole = saved(Image.fromarray(GRAY), "GIF")
    yield Case("bomb.gif", whole[:6] + b"\xff\xff\xff\xff" + whole[10:], TOO_LARGE)
    whole = saved(SCENE, "TGA")
    yield Case("bomb.tga", whole[:12] + b"\xff\xff\xff\xff" + whole[16:], TOO_LARGE)
    yield Case(
        "lying.ico", icon((16, 16), saved(SCENE, "PNG")), "is damaged .it announces 16 x 16 pixels and holds 24 x 16"
    )
    yield Case("large.ico", icon((256, 256), saved(np.zeros((300, 300, 3), np.uint8), "PNG")), np.zeros((300, 300, 3)))
    yield Case("no-entry.ico", b"\0\0\1\0\0\0", f"{DAMAGED}|{NO_PICTURE}")
    yield Case("entry-cut.ico", b"\0\0\1\0\1\0\x10\x10", f"{DAMAGED}|{NO_PICTURE}")
    for left_out in range(1, 8):
        missing = tiff(SCENE, strips=8, leave_out=left_out)
        yield Case(
            f"strips-{left_out}.tif", missing, rf"is damaged or incomplete .it holds {16 - 2 * left_out} of its 16 rows"
        )
    yield Case("strips.tif", tiff(SCENE, strips=8), SCENE)
    yield Case(
        "tiles.tif",
        tiff(SCENE, [(322, 4, 100_000), (323, 4, 100_000)]),
        "is damaged .it has tiles of 100000 x 100000 pixels",
    )


def names():
    """The name says nothing about what a file is."""
    files = {
        "png": (saved(SCENE, "PNG"), 0.51 / 255),
        "jpg": (saved(SCENE, "JPEG", quality=95, subsampling=0), LOSSY),
        "webp": (saved(SCENE, "WEBP", lossless=True), 1 / 255),
        "bmp": (saved(SCENE, "BMP"), 0.51 / 255),
        "tif": (saved(SCENE, "TIFF"), 0.51 / 255),
    }
    for end, (whole, off) in files.items():
        for other in ("png", "jpg", "gif", "webp", "tiff", "bmp", "heic", "txt", "eps"):
            yield Case(f"{end}-named.{other}", whole, SCENE, off)
    whole = files["png"][0]
    words = [
        "with space.png",
        " leading.png",
        "é.png",
        "写真.png",
        "🐈.png",
        "a%20b.png",
        "a%sb.png",
        "{x}.png",
        "[a].png",
        "~.png",
    ]
    words += [
        "UPPER.PNG",
        "no extension",
        "two.dots.png",
        ".hidden.png",
        "-dash.png",
        "--size.png",
        "quote'\".png",
        "$HOME.png",
    ]
    words += ["x" * 240 + ".png", "semi;colon.png", "star*.png", "a&b.png", "back\\slash.png", "colon:1.png"]
    yield from (Case(name, whole, SCENE) for name in words)


def no_files():
    """What stands at the path is no file, or none that can be read."""
    yield Case("missing.png", lambda path: None, "There is no file")
    yield Case("folder.png", lambda path: path.mkdir(), "is a folder")
    yield Case(
        "leads-nowhere.png",
        lambda path: path.symlink_to(path.with_name("nowhere")),
        "is a link to a file that is not there",
    )
    yield Case("loop.png", lambda path: path.symlink_to(path), "cannot be read|is a link")
    yield Case("x" * 256 + ".png", lambda path: None, "cannot be read: File name too long")
    yield Case("null\0.png", lambda path: None, "cannot be the name of a file|There is no file")
    yield Case("file.png/a.png", lambda path: path.parent.write_bytes(b"x"), "There is no file|there is no folder")
    yield Case("empty.png", b"", "is empty")
    yield Case("one-byte.png", b"\x89", NO_PICTURE)
    if hasattr(os, "mkfifo"):
        yield Case("pipe.png", os.mkfifo, "is no file but a pipe or a device")
        yield Case("device.png", lambda path: path.symlink_to("/dev/null"), "is no file but a pipe or a device")


def no_pictures():
    """Files of other kinds under a picture's name; none of them may reach a decoder that runs another program."""
    pack = BytesIO()
    with zipfile.ZipFile(pack, "w") as file:
        file.writestr("a.png", saved(SCENE, "PNG"))
    others = {
        "html": b"<!DOCTYPE html><html><body>404</body></html>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
        "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 24 16\n%%EndComments\nshowpage\n",
        "eps-binary": struct.pack("<IIIIIIIH", 0xC6D3D0C5, 32, 60, 0, 0, 0, 0, 0xFFFF)
        + b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n",
        "zip": pack.getvalue(),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
        "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100),
        "wmf": b"\xd7\xcd\xc6\x9a\0\0" + bytes(100),
        "emf": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(100),
        "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "grib": b"GRIB\0\0\0\1" + bytes(100),
        "bufr": b"BUFR" + bytes(100),
        "fits": b"SIMPLE  =                    T" + b" " * 3000,
        "text": b"just words\n" * 30,
        "json": b'{"width": 24}',
        "elf": b"\x7fELF\2\1\1" + bytes(200),
        "zeros": bytes(1000),
        "ones": b"\xff" * 1000,
        "noise": np.random.default_rng(3).bytes(5000),
        "riff": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
        "jpeg-head": b"\xff\xd8\xff",
        "png-head": SIGNATURE,
        "gif-head": b"GIF89a",
        "tiff-head": b"II*\0\x08\0\0\0",
        "bmp-head": b"BM",
    }
    for name, data in others.items():
        for end in ("png", "jpg"):
            yield Case(f"{name}.{end}", data, f"{NO_PICTURE}|{DAMAGED}")


def sizes():
    """The smallest pictures, and thin ones."""
    for height, width in ((1, 1), (1, 2), (2, 1), (1, 300), (300, 1), (3, 3), (17, 5)):
        pixels = np.arange(height * width * 3).reshape(height, width, 3) % 256
        for kind in ("PNG", "BMP", "TIFF"):
            yield Case(f"{width}x{height}.{kind.lower()}", saved(pixels.astype(np.uint8), kind), pixels)


Image.init()
GROUPS = (modes, pngs, png_chunks, exif_data, profiles, cut_and_flipped, announced, names, no_files, no_pictures, sizes)


def write_all(folder: Path) -> None:
    for group in GROUPS:
        (folder / group.__name__).mkdir(parents=True, exist_ok=True)
        for case in group():
            case.make(folder / group.__name__)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
