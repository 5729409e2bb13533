import sys
from fractions import Fraction

import numpy as np
import pytest
import torch

from nstlib.errors import ImageError
from nstlib.formats.video import change_film, film_facts

av = pytest.importorskip("av")
TIMES = [0, 40, 80, 200, 240, 300, 340, 400]  # milliseconds: frames that are not shown equally long


def write_film(path, *, size=(48, 32), sound="aac", times=TIMES, container="mp4", codec="libx264"):
    """A film whose k-th frame is gray k / 10, with a dark corner at its upper left; and a second of a tone."""
    with av.open(str(path), "w", format=container) as film:
        video = film.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        if sound:
            audio = film.add_stream(sound, rate=44100, layout="mono")
        for k, time in enumerate(times):
            pixels = np.full((size[1], size[0], 3), 60 + 20 * k, np.uint8)
            pixels[:8, :8] = 0
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            film.mux(video.encode(frame))
        film.mux(video.encode())
        if sound:
            tone = (0.3 * np.sin(np.arange(22050) * 0.06)).astype(np.float32)[None]
            resampler = av.AudioResampler(format=audio.codec_context.format.name, layout="mono", rate=44100)
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 0
            for part in resampler.resample(frame):
                film.mux(audio.encode(part))
            film.mux(audio.encode())
    return path


def packets_of(path):
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.audio[0]) if packet.size]


def frames_of(path):
    with av.open(str(path)) as film:
        return [(round(1000 * float(frame.pts * frame.time_base)), frame.to_ndarray(format="rgb24"))
                for frame in film.decode(video=0)]  # fmt: skip


def unchanged(images):
    return images


def each(change):
    return lambda images: map(change, images)


@pytest.fixture
def film(tmp_path):
    return write_film(tmp_path / "film.mp4")


def test_a_films_facts(film):
    facts = film_facts(film)
    assert (facts.width, facts.height, facts.frames, facts.sounds) == (48, 32, 8, 1)
    assert facts.seconds == pytest.approx(0.5, abs=0.1)


def test_each_frame_is_changed_at_its_own_time(film, tmp_path):
    done = change_film(film, tmp_path / "out.mp4", each(lambda image: 1 - image))
    assert done == (8, "")
    before, after = frames_of(film), frames_of(tmp_path / "out.mp4")
    assert [time for time, _ in after] == [time for time, _ in before] == TIMES
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert np.abs(old[20:, 20:].astype(int) + new[20:, 20:] - 255).mean() < 4


def test_the_sound_is_copied_byte_for_byte(film, tmp_path):
    change_film(film, tmp_path / "out.mp4", unchanged)
    assert packets_of(tmp_path / "out.mp4") == packets_of(film)


def test_a_film_without_sound_has_none(tmp_path):
    change_film(write_film(tmp_path / "a.mp4", sound=None), tmp_path / "out.mp4", unchanged)
    assert film_facts(tmp_path / "out.mp4").sounds == 0


def test_sound_that_an_mp4_does_not_hold_becomes_another(tmp_path):
    source = write_film(tmp_path / "a.mkv", sound="pcm_s16le", container="matroska")
    done = change_film(source, tmp_path / "out.mp4", unchanged)
    assert done.sound == "The sound was pcm_s16le, which an MP4 does not hold: it is AAC now."
    with av.open(str(tmp_path / "out.mp4")) as film:
        heard = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], 1)
    assert heard.shape[1] == pytest.approx(22050, abs=2100)
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.05)


def test_a_film_that_lies_is_turned_upright(film, tmp_path):
    content = bytearray(film.read_bytes())
    place = content.index(b"tkhd") + 4 + 40  # of the video, which comes first
    turned = [0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30]  # by 90 degrees, with the clock
    content[place : place + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in turned)
    film.write_bytes(content)
    change_film(film, tmp_path / "out.mp4", unchanged)
    _, pixels = frames_of(tmp_path / "out.mp4")[4]
    assert pixels.shape == (48, 32, 3)
    assert pixels[:6, -6:].mean() < 20  # the dark corner went from the left to the right
    assert pixels[:6, :6].mean() > 100
    assert frames_of(tmp_path / "out.mp4")[0][0] == 0


def test_pictures_of_odd_sizes_get_one_more_row_and_column(film, tmp_path):
    change_film(film, tmp_path / "out.mp4", each(lambda image: image[..., :31, :47]))
    assert frames_of(tmp_path / "out.mp4")[0][1].shape == (32, 48, 3)


def test_a_film_that_is_stopped_is_whole_up_to_there(film, tmp_path):
    seen = []
    done = change_film(
        film, tmp_path / "out.mp4", each(lambda image: seen.append(image) or image), stopped=lambda: len(seen) == 3
    )
    assert done.frames == 3
    assert [time for time, _ in frames_of(tmp_path / "out.mp4")] == TIMES[:3]


def test_whatever_fails_an_older_film_is_whole_and_nothing_else_is_left(film, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"kept")
    with pytest.raises(RuntimeError, match="no paint"):
        change_film(film, tmp_path / "out.mp4", each(lambda image: (_ for _ in ()).throw(RuntimeError("no paint"))))
    assert (tmp_path / "out.mp4").read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "out.mp4"]


def test_what_is_no_film_is_told(tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ImageError, match=r"text.mp4 is not a film that can be read"):
        film_facts(tmp_path / "text.mp4")
    with pytest.raises(ImageError, match=r"There is no film .*nope.mp4"):
        film_facts(tmp_path / "nope.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as film:
        audio = film.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        film.mux(audio.encode(frame))
        film.mux(audio.encode())
    with pytest.raises(ImageError, match=r"sound.mp4 holds no pictures"):
        film_facts(tmp_path / "sound.mp4")


def test_without_pyav_it_is_told_how_to_get_it(film, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        ImageError, match=r'^Reading a film needs PyAV, which is not installed: pip install "av>=12.3".$'
    ):
        film_facts(film)


def test_frames_are_images(film, tmp_path):
    def look(image):
        assert image.shape == (1, 3, 32, 48)
        assert image.dtype == torch.float32
        assert 0 <= image.min() <= image.max() <= 1
        return image

    change_film(film, tmp_path / "out.mp4", each(look))


def test_frames_may_be_read_ahead(film, tmp_path):
    done = change_film(film, tmp_path / "out.mp4", lambda images: iter(list(images)))
    assert done.frames == 8
    assert [time for time, _ in frames_of(tmp_path / "out.mp4")] == TIMES
    assert packets_of(tmp_path / "out.mp4") == packets_of(film)
