"""The steps of a transfer as a film: an animated GIF, or an MP4 that is far smaller and keeps its colors."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image
from torch import Tensor

from nstlib.errors import ImageError, ShapeError
from nstlib.formats.encoding import as_bytes, check_writable
from nstlib.formats.files import replacing

EXTENSIONS = (".gif", ".mp4")
ENCODERS = ("libx264", "libopenh264", "mpeg4")  # the best first; PyAV's wheels on PyPI have the first
BT709, SRGB_CURVE, LIMITED = 1, 13, 1  # as H.264 numbers them: red, green, blue and their mix; the tone curve; 16..235
PLAYS_ANYWHERE = "yuv420p"  # a color for each 2 x 2 pixels: browsers and phones decode nothing else


def save_animation(
    frames: Iterable[Tensor], path: str | os.PathLike[str], *, seconds: float = 0.1, hold: float = 2.0
) -> Path:
    """Write images as an animation, and return its path.

    The extension decides: .gif is endless and has 256 colors (``save_gif``); .mp4 is H.264 at a constant
    frame rate, written frame by frame, and needs PyAV. H.264 stores even sizes only: of an odd width or height the
    last column or row is repeated once.

    Args:
        frames: images of one size, as ``save_image`` takes them.
        path: ends in .gif or .mp4; its folder must exist.
        seconds: how long a frame is shown, 0.001 or longer.
        hold: how long the last frame is shown, rounded to a multiple of ``seconds``, and once at least.

    Raises:
        ShapeError: if a frame is no image, or of another size. ImageError: if the file cannot be written, a time makes
            no sense, there is no frame, or PyAV is missing.
    """
    target = check_animation(path)
    if not (math.isfinite(seconds) and math.isfinite(hold) and seconds >= 0.001 and hold >= 0):
        raise ImageError(
            f"An animation needs seconds of at least 0.001 for each frame and a hold of at least 0, got {seconds} "
            f"and {hold}."
        )
    if target.suffix.lower() == ".gif":
        return save_gif(frames, target, seconds=seconds, hold=hold)
    av = pyav()
    pictures = _held(_of_one_size(frames, "save_animation"), max(1, round(hold / seconds)))
    with replacing(target) as temporary:
        _encode(av, pictures, temporary, Fraction(seconds).limit_denominator(1000))
    return target


def check_animation(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` if an animation can be written there, else raise the ImageError that saving would raise."""
    target = check_writable(path, extensions=EXTENSIONS)
    if target.suffix.lower() != ".gif":
        pyav()
    return target


def save_gif(
    frames: Iterable[Tensor], path: str | os.PathLike[str], *, seconds: float = 0.1, hold: float = 2.0
) -> Path:
    """Write images as an endless animation with one palette for all frames, and return its path.

    Args:
        frames: images of one size, as ``save_image`` takes them.
        path: ends in .gif; its folder must exist.
        seconds: how long a frame is shown (GIF counts in hundredths).
        hold: how long the last frame is shown.

    Raises:
        ShapeError: if a frame is no image, or of another size. ImageError: as for ``save_image``, or without frames.
    """
    target = check_writable(path, extensions=(".gif",))
    pictures = [Image.fromarray(pixels) for pixels in _of_one_size(frames, "save_gif")]
    # One palette, or colors flicker. It comes from eight frames along the way, the last among them.
    chosen = sorted({round(i * (len(pictures) - 1) / 7) for i in range(8)})
    sheet = Image.fromarray(np.concatenate([np.asarray(pictures[i]) for i in chosen]))
    palette = sheet.quantize(256, method=Image.Quantize.MEDIANCUT)
    first, *others = (picture.quantize(palette=palette) for picture in pictures)
    shown = [max(20, round(100 * seconds) * 10)] * len(pictures)  # milliseconds; browsers slow down anything under 20
    shown[-1] = max(20, round(100 * hold) * 10)
    with replacing(target) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=others, duration=shown, loop=0)
    return target


def pyav(what: str = "Writing .mp4", otherwise: str = " Without it, write a .gif.") -> ModuleType:
    """Return the module of PyAV, or raise an ImageError that says what needs it."""
    try:
        import av
    except ImportError as error:
        raise ImageError(f'{what} needs PyAV, which is not installed: pip install "av>=12.3".{otherwise}') from error
    return av


def _of_one_size(frames: Iterable[Tensor], whose: str) -> Iterator[np.ndarray]:
    """Yield each frame as it is stored, (H, W, 3) of 0..255; ``whose`` names the function in messages."""
    first = None
    for frame in frames:
        pixels = as_bytes(frame)
        first = pixels.shape if first is None else first
        if pixels.shape != first:
            raise ShapeError(
                f"{whose} needs frames of one size, got {first[1]} x {first[0]} and {pixels.shape[1]} x "
                f"{pixels.shape[0]} (width x height). nstlib.images.resize makes them equal."
            )
        yield pixels
    if first is None:
        raise ImageError(f"{whose} needs at least one frame, got none.")


def _held(pictures: Iterator[np.ndarray], times: int) -> Iterator[np.ndarray]:
    """Yield the pictures, the last one so many times."""
    last = next(pictures)
    for picture in pictures:
        yield last
        last = picture
    yield from repeat(last, times)


def _encode(av: ModuleType, pictures: Iterator[np.ndarray], path: Path, seconds: Fraction) -> None:
    """Write pictures of one size as H.264 in an MP4 file; the path may have any extension."""
    first = even(next(pictures))
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:  # plays while it loads
        stream = add_video(av, film, 1 / seconds, height=first.shape[0], width=first.shape[1])
        for index, pixels in enumerate(chain([first], map(even, pictures))):
            frame = as_frame(av, pixels)
            frame.pts, frame.time_base = index, seconds
            film.mux(stream.encode(frame))
        film.mux(stream.encode())  # what the encoder still holds back


def as_frame(av: ModuleType, pixels: np.ndarray):
    """Return pixels, (H, W, 3) of 0..255 with even sides, as an encoder takes them."""
    # The mean over each 2 x 2 pixels' colors; other ways of resizing look at one row of two.
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format=PLAYS_ANYWHERE, dst_colorspace="ITU709", dst_color_range="MPEG", interpolation="AREA"
    )


def add_video(av: ModuleType, film, rate: Fraction, *, height: int, width: int):
    """Add a video stream to the file, for the best encoder that this build of PyAV has."""
    name = next(name for name in ENCODERS if _can_encode(av, name))
    stream = film.add_stream(name, rate=rate)
    stream.width, stream.height, stream.pix_fmt = width, height, PLAYS_ANYWHERE
    if name == "libx264":
        stream.options = {"crf": "18"}  # constant quality: hardly to be told from the original
    else:
        stream.bit_rate = math.ceil(4 * rate * height * width)  # four bits for a pixel, if it needs them
    colors = stream.codec_context  # without these, players guess, and guess colors of old television for small films
    colors.color_primaries, colors.colorspace, colors.color_range = BT709, BT709, LIMITED
    colors.color_trc = SRGB_CURVE
    return stream


def _can_encode(av: ModuleType, name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def even(pixels: np.ndarray) -> np.ndarray:
    """Return the pixels with both sides made even, which H.264 needs: the last row and column are repeated."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
