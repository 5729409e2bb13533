"""Films, frame by frame: each frame is read, changed and written, at its own time; the sound is copied.

A phone stores a film that was held upright as one that lies, with a note that says how to turn it: the frames come upright,
and are stored so. What is written is H.264 in an MP4 file, as ``nstlib.formats.animation`` writes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nstlib.errors import ImageError
from nstlib.formats.animation import add_video, as_frame, even, pyav
from nstlib.formats.encoding import as_bytes
from nstlib.formats.files import replacing
from nstlib.formats.sizes import MAX_PIXELS, check_size

FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")  # that are read; written is the first
HD = 720  # rows from which a film that does not say its colors has those of high definition
NO_MATRIX = 2  # "unspecified", as H.264 numbers it


class Film(NamedTuple):
    """What a film's header says.

    Attributes:
        width, height: in pixels, as its frames are stored. frames: about how many; 0 if it does not say.
        seconds: how long; 0 if it does not say. sounds: how many tracks of sound.
    """

    width: int
    height: int
    frames: int
    seconds: float
    sounds: int


class Changed(NamedTuple):
    """What was written: how many frames, and what had to be done to the sound ("" if it was copied, or there is none)."""

    frames: int
    sound: str


def film_facts(path: Path) -> Film:
    """Return what a film's header says.

    Raises:
        ImageError: if there is no such file, it is no film, its frames are too large, or PyAV is missing.
    """
    av = pyav("Reading a film", "")
    with _opened(av, path) as film:
        video = _video(film, path)
        rate = video.average_rate or 0
        seconds = float(film.duration or 0) / av.time_base
        check_size(path, (video.codec_context.width, video.codec_context.height), None, MAX_PIXELS)
        frames = video.frames or round(seconds * rate)
        return Film(video.codec_context.width, video.codec_context.height, frames, seconds, len(film.streams.audio))


def change_film(
    source: Path,
    target: Path,
    change: Callable[[Iterator[Tensor]], Iterator[Tensor]],
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Changed:
    """Write a film whose frames are those of another one, changed, each at its time, with the other one's sound.

    Args:
        source: the film to read. target: the .mp4 to write; its folder must exist.
        change: makes of the frames, RGB in [0, 1], shape (1, 3, H, W), upright, as many pictures of one size, in their
            order; it may read a few frames ahead. H.264 stores even sizes only: of an odd side the last column or row is
            repeated once.
        stopped: is asked after each picture; once it says yes, the film ends there, whole, with its sound up to there.

    Raises:
        ImageError: if the one cannot be read, or the other not be written. Whatever happens, an older ``target`` is whole.
    """
    av = pyav("Reading a film", "")
    with (
        replacing(target) as temporary,
        _opened(av, source) as given,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        try:
            copy = _Copy(av, given, _video(given, source), film)
            for image in change(copy.frames()):
                copy.write(even(as_bytes(image)))
                if stopped():
                    break
            copy.end()
        except av.error.FFmpegError as error:
            raise ImageError(f"{source} cannot be read to its end, or {target} not be written: {error}.") from error
    if not copy.count:
        raise ImageError(f"{source} has no frame that can be read.")
    return Changed(copy.count, copy.remark)


class _Copy:
    """A film that is read, and one that is written from it.

    Attributes:
        count: frames written. remark: what had to be done to the sound.
    """

    def __init__(self, av: ModuleType, given: Any, video: Any, film: Any):
        self._av, self._given, self._video, self._film = av, given, video, film
        video.thread_type = "AUTO"
        self._stream = None
        self._times: deque = deque()  # time stamps of the frames that were read and not yet written
        self._last = None  # the last one written
        self.count, self.remark = 0, ""
        self._sounds = {stream.index: self._sound(stream) for stream in given.streams.audio}
        self._waiting: list = []  # packets of sound until the first frame says how large the film is

    def frames(self) -> Iterator[Tensor]:
        """Yield each frame as an image; sound passes by on its way."""
        streams = [self._video, *(stream for stream in self._given.streams.audio)]
        for packet in self._given.demux(streams):
            if packet.stream.index in self._sounds:
                self._hear(packet)
                continue
            for frame in packet.decode():
                self._times.append(frame.pts)
                yield _as_image(_upright(frame))

    def write(self, pixels: np.ndarray) -> None:
        """Write pixels at the time of the next frame."""
        if self._stream is None:
            self._begin(pixels)
        new = as_frame(self._av, pixels)
        time, step = self._times.popleft(), 0 if self._last is None else self._last + 1
        new.pts = step if time is None or (self._last is not None and time <= self._last) else time
        new.time_base = self._video.time_base
        self._last, self.count = new.pts, self.count + 1
        self._film.mux(self._stream.encode(new))

    def end(self) -> None:
        """Write what encoders still hold back."""
        if self._stream is None:
            return
        self._film.mux(self._stream.encode())
        for stream, resampler in self._sounds.values():
            if resampler is not None:
                for frame in resampler.resample(None):
                    self._film.mux(stream.encode(frame))
                self._film.mux(stream.encode())

    def _begin(self, pixels: np.ndarray) -> None:
        rate = self._video.average_rate or self._video.guessed_rate or Fraction(25)
        height, width = pixels.shape[:2]
        self._stream = add_video(self._av, self._film, Fraction(rate), height=height, width=width)
        self._stream.codec_context.time_base = self._video.time_base  # not each frame is shown equally long
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self._hear(packet)

    def _sound(self, stream: Any) -> tuple[Any, Any]:
        """Return a track for a sound, and what makes it fit, or None if it is copied."""
        name = stream.codec_context.name
        if name in self._film.supported_codecs and not name.startswith("pcm"):
            add = getattr(self._film, "add_stream_from_template", None)
            return (self._film.add_stream(template=stream) if add is None else add(stream)), None
        self.remark = f"The sound was {name}, which an MP4 does not hold: it is AAC now."
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        rate = min(48000, stream.codec_context.sample_rate or 48000)
        new = self._film.add_stream("aac", rate=rate, layout=layout)
        return new, self._av.AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=1024)

    def _hear(self, packet: Any) -> None:
        if self._stream is None:
            self._waiting.append(packet)
            return
        stream, resampler = self._sounds[packet.stream.index]
        if resampler is not None:
            for frame in packet.decode():
                for part in resampler.resample(frame):
                    self._film.mux(stream.encode(part))
        elif packet.dts is not None:  # the last one is empty: it only says that there are no more
            packet.stream = stream
            self._film.mux(packet)


def _opened(av: ModuleType, path: Path) -> Any:
    if not path.is_file():
        raise ImageError(f"There is no film {path}. Check the name and the folder.")
    try:
        return av.open(str(path))
    except av.error.FFmpegError as error:
        raise ImageError(f"{path} is not a film that can be read ({error.strerror}).") from error


def _video(film: Any, path: Path) -> Any:
    if not film.streams.video or not film.streams.video[0].codec_context.width:
        raise ImageError(f"{path} holds no pictures: it may be sound alone.")
    return film.streams.video[0]


def _upright(frame: Any) -> np.ndarray:
    """Return a frame's pixels, turned as its film says."""
    colors = {} if frame.colorspace != NO_MATRIX else {"src_colorspace": "ITU709" if frame.height >= HD else "ITU601"}
    pixels = frame.reformat(format="rgb24", **colors).to_ndarray()
    return np.rot90(pixels, round(getattr(frame, "rotation", 0) / 90) % 4)  # both count against the clock


def _as_image(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)))[None].float().div_(255)
