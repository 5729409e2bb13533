"""A film is what went into it: decoded again, it has the frames, the times and the colors."""

from __future__ import annotations

import sys
import weakref
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ImageError, ShapeError
from nstlib.formats import animation
from nstlib.formats.animation import save_animation, save_gif
from nstlib.images import resize

COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 50, 120), (128, 128, 128))


def plain(color, height=64, width=96):
    return torch.tensor(color).div(255).view(1, 3, 1, 1).expand(1, 3, height, width)


def smooth(height, width):
    """A picture in which no two places are alike, rows and columns least of all."""
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    return torch.stack([x, y, 1 - x * y])[None]


def as_rgb(frame):
    """Shape (H, W, 3), from the planes of a decoded frame by ITU-R BT.709, written out: PyAV made them."""
    assert frame.format.name == "yuv420p"
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].astype(float)
        for plane in frame.planes
    )
    u, v = (plane.repeat(2, 0).repeat(2, 1)[: y.shape[0], : y.shape[1]] for plane in (u, v))
    y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    return np.stack([red, (y - 0.2126 * red - 0.0722 * blue) / 0.7152, blue], -1)


def decoded(path):
    """The stream of a film and its frames, each with the second at which it is shown."""
    with av.open(str(path)) as film:
        frames = [(frame.time, as_rgb(frame)) for frame in film.decode(video=0)]
        stream = film.streams.video[0]
        context = stream.codec_context
        facts = {
            "codec": context.name,
            "size": (context.width, context.height),
            "rate": stream.average_rate,
            "seconds": stream.duration * stream.time_base,
            "colors": (context.color_primaries, context.color_trc, context.colorspace, context.color_range),
        }
    return facts, frames


def test_an_mp4_has_the_frames_in_order_and_in_color(tmp_path):
    path = save_animation((plain(color) for color in COLORS), tmp_path / "a.mp4", hold=0)
    facts, frames = decoded(path)
    assert facts["codec"] == "h264"
    assert facts["size"] == (96, 64)
    assert len(frames) == len(COLORS)
    for (_, pixels), color in zip(frames, COLORS, strict=True):
        assert np.abs(pixels.mean((0, 1)) - np.array(color) / 255).max() < 2 / 255
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("seconds", "hold", "last"), [(0.1, 2.0, 20), (0.1, 0.0, 1), (0.04, 0.1, 2), (1.5, 1.0, 1)])
def test_the_last_frame_is_held_and_the_others_last_their_seconds(tmp_path, seconds, hold, last):
    frames = [plain(color) for color in COLORS[:3]]
    facts, shown = decoded(save_animation(frames, tmp_path / "a.mp4", seconds=seconds, hold=hold))
    assert len(shown) == 2 + last
    assert facts["seconds"] == (2 + last) * Fraction(str(seconds))
    assert [time for time, _ in shown] == pytest.approx([index * seconds for index in range(2 + last)])
    for _, pixels in shown[2:]:
        assert np.abs(pixels.mean((0, 1)) - [0, 0, 1]).max() < 2 / 255


@pytest.mark.parametrize(
    ("seconds", "rate"), [(0.1, 10), (1 / 30, 30), (0.04, 25), (1.5, Fraction(2, 3)), (0.001, 1000)]
)
def test_the_frame_rate_is_one_over_seconds_exactly(tmp_path, seconds, rate):
    facts, _ = decoded(save_animation([plain(COLORS[0])] * 4, tmp_path / "a.mp4", seconds=seconds, hold=0))
    assert facts["rate"] == rate


@pytest.mark.parametrize(("height", "width"), [(64, 96), (63, 96), (64, 97), (63, 97), (33, 35), (1, 1)])
def test_of_an_odd_size_the_last_row_and_column_are_repeated(tmp_path, height, width):
    image = smooth(height, width)
    facts, [(_, pixels), *_] = decoded(save_animation([image], tmp_path / "a.mp4"))
    assert facts["size"] == (width + width % 2, height + height % 2)
    expected = np.pad(image[0].permute(1, 2, 0), ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    # colors are stored for each 2 x 2 pixels
    assert np.abs(pixels - expected).mean() < 0.02
    if height > 3:
        np.testing.assert_allclose(pixels[-1, ::7], expected[-1, ::7], atol=0.05)
        np.testing.assert_allclose(pixels[::7, -1], expected[::7, -1], atol=0.05)


def test_players_are_told_which_colors_the_numbers_mean(tmp_path):
    facts, _ = decoded(save_animation([plain(COLORS[0])], tmp_path / "a.mp4"))
    assert facts["colors"] == (1, 13, 1, 1)  # BT.709 primaries, sRGB's curve, BT.709 mix, limited range (ITU-T H.273)


def test_a_film_plays_while_it_loads(tmp_path):
    content = save_animation([plain(COLORS[0])] * 3, tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # the table of contents stands before the frames


def test_a_film_is_much_smaller_than_a_gif(tmp_path):
    frames = [smooth(120, 160).roll(step, 3) for step in range(20)]
    film, gif = (save_animation(frames, tmp_path / f"a.{extension}") for extension in ("mp4", "gif"))
    assert film.stat().st_size < gif.stat().st_size / 4


def test_frames_are_written_as_they_come(tmp_path, monkeypatch):
    tensors, arrays, most = [], [], [0, 0]
    convert = animation.even

    def frames():
        for step in range(30):
            frame = torch.full((1, 3, 16, 16), step / 30)
            tensors.append(weakref.ref(frame))
            most[0] = max(most[0], sum(each() is not None for each in tensors))
            yield frame
            del frame

    def watched(pixels):
        planes = convert(pixels)
        arrays.append(weakref.ref(planes))
        most[1] = max(most[1], sum(each() is not None for each in arrays))
        return planes

    monkeypatch.setattr(animation, "even", watched)
    save_animation(frames(), tmp_path / "a.mp4")
    assert most[0] <= 2
    assert most[1] <= 3


def test_without_libx264_another_encoder_writes_the_film(tmp_path, monkeypatch, rng):
    monkeypatch.setattr(animation, "ENCODERS", ("no such encoder", "mpeg4"))
    noise = [resize(torch.rand(1, 3, 16, 24, generator=rng), 96) for _ in range(30)]
    facts, frames = decoded(save_animation(noise, tmp_path / "a.mp4", hold=0))
    assert facts["codec"] == "mpeg4"
    for (_, pixels), frame in zip(frames, noise, strict=True):
        assert np.abs(pixels - frame[0].permute(1, 2, 0).numpy()).mean() < 0.07


def test_the_wheel_of_pyav_brings_libx264():
    assert "libx264" in av.codecs_available


def test_the_extension_gif_writes_a_gif(tmp_path):
    path = save_animation([plain(color) for color in COLORS], tmp_path / "a.GIF", seconds=0.2, hold=1.0)
    with Image.open(path) as gif:
        assert gif.format == "GIF"
        assert gif.n_frames == len(COLORS)
        assert gif.info["duration"] == 200


# Refusals


def test_without_pyav_it_says_how_to_install_it_and_gifs_still_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        ImageError, match=r'Writing \.mp4 needs PyAV, .*: pip install "av>=12\.3"\. Without it, write a'
    ):
        save_animation([plain(COLORS[0])], tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
    assert save_animation([plain(COLORS[0])], tmp_path / "a.gif").exists()


def test_other_extensions_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"should end in one of \.gif, \.mp4, which says the format"):
        save_animation([plain(COLORS[0])], tmp_path / "a.avi")


@pytest.mark.parametrize("extension", ["mp4", "gif"])
def test_an_animation_needs_a_frame(tmp_path, extension):
    with pytest.raises(ImageError, match="at least one frame, got none"):
        save_animation([], tmp_path / f"a.{extension}")


@pytest.mark.parametrize("extension", ["mp4", "gif"])
@pytest.mark.parametrize("times", [{"seconds": 0}, {"seconds": float("nan")}, {"hold": -1}, {"hold": float("inf")}])
def test_times_that_make_no_sense_are_refused(tmp_path, extension, times):
    with pytest.raises(
        ImageError, match=r"needs seconds of at least 0\.001 for each frame and a hold of at least 0, got"
    ):
        save_animation([plain(COLORS[0])], tmp_path / f"a.{extension}", **times)


@pytest.mark.parametrize("extension", ["mp4", "gif"])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (torch.zeros(1, 3, 8, 10), ShapeError, r"frames of one size, got 8 x 8 and 10 x 8 \(width x height\).*resize"),
        (torch.zeros(1, 1, 8, 8), ShapeError, r"An image to save has shape"),
        (torch.full((1, 3, 8, 8), float("nan")), ImageError, r"NaN or infinite"),
    ],
)
def test_after_a_bad_frame_the_old_film_is_whole_and_no_other_remains(tmp_path, extension, bad, error, message):
    path = save_animation([plain(COLORS[0], 8, 8)], tmp_path / f"a.{extension}")
    before = path.read_bytes()
    with pytest.raises(error, match=message):
        save_animation([torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8), bad], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_clear_error_and_leaves_the_old_film(tmp_path, rng):
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    path = save_animation([plain(COLORS[0], 8, 8)], tmp_path / "a.mp4")
    before = path.read_bytes()
    noise = [torch.rand(3, 128, 128, generator=rng) for _ in range(10)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # as good as a full disk
    try:
        with pytest.raises(ImageError, match=r"a\.mp4 cannot be written: File too large\. Check"):
            save_animation(noise, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# GIF


def frames_of(path):
    with Image.open(path) as animation:
        for index in range(animation.n_frames):
            animation.seek(index)
            yield dict(animation.info), np.asarray(animation.convert("RGB"))


def test_a_gif_loops_forever_and_holds_its_last_frame(tmp_path):
    grays = [torch.full((1, 3, 8, 8), value) for value in (0.0, 0.5, 1.0)]
    path = save_gif(iter(grays), tmp_path / "a.gif", seconds=0.1, hold=1.5)
    infos, arrays = zip(*frames_of(path), strict=True)
    assert [info["duration"] for info in infos] == [100, 100, 1500]
    assert infos[0]["loop"] == 0
    assert [int(array[4, 4, 1]) for array in arrays] == [0, 128, 255]
    assert list(tmp_path.iterdir()) == [path]


def test_all_frames_of_a_gif_share_one_palette(tmp_path, rng):
    frames = [torch.rand(1, 3, 16, 16, generator=rng) for _ in range(4)]
    path = save_gif(frames, tmp_path / "a.gif")
    colors = {tuple(color) for _, array in frames_of(path) for color in array.reshape(-1, 3).tolist()}
    assert 64 < len(colors) <= 256


def test_a_gif_needs_frames_of_one_size(tmp_path):
    with pytest.raises(ShapeError, match=r"got 5 x 4 and 4 x 4 \(width x height\)"):
        save_gif([torch.zeros(1, 3, 4, 5), torch.zeros(1, 3, 4, 4)], tmp_path / "a.gif")


def test_a_gif_needs_a_frame(tmp_path):
    with pytest.raises(ImageError, match="at least one frame"):
        save_gif([], tmp_path / "a.gif")


def test_a_gif_ends_in_gif(tmp_path):
    with pytest.raises(ImageError, match=r"should end in one of \.gif"):
        save_gif([torch.zeros(1, 3, 4, 4)], tmp_path / "a.png")
