"""The pixel explorer: the browser reads, adds and clamps as NumPy, PyTorch and nstlib do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nstlib.errors import ChoiceError
from nstlib.features import CAFFE
from nstlib.widgets import explore_pixels
from nstlib.widgets.explorer import encode_array

READ = {  # bytes (H, W, 3) to what is shown
    "stored": lambda pixels: torch.from_numpy(pixels).permute(2, 0, 1) / 255,
    "bgr": lambda pixels: torch.from_numpy(pixels).permute(2, 0, 1).flip(0) / 255,
    "planes": lambda pixels: torch.from_numpy(pixels).reshape(3, *pixels.shape[:2]) / 255,
    "network": lambda pixels: CAFFE(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0],
}


@pytest.fixture
def pixels(rng):
    return (torch.rand(20, 30, 3, generator=rng) * 256).byte().numpy()


def as_given(pixels, **more):
    planes = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    return {"picture": {"name": "", "image": encode_array(planes, "uint8")}, "mean": list(CAFFE.mean), **more}


@pytest.mark.parametrize("reading", READ)
def test_each_way_of_reading_is_what_torch_and_nstlib_make_of_the_same_bytes(reading, pixels, run_node):
    script = """
      const bytes = it.bytesOf(kit.asPicture(given.picture));
      const answer = { bytes, read: it.readAs(given.reading, it.brighten(bytes, 0, "bytes"), 600, given.mean) };
    """
    got = run_node("pixels/maths", script, as_given(pixels, reading=reading))
    assert got["bytes"] == pixels.flatten().tolist()
    torch.testing.assert_close(torch.tensor(got["read"]).view(3, 20, 30), READ[reading](pixels), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("amount", [0, 1, 90, 120])
def test_bytes_wrap_around_as_numpys_and_floats_are_clamped_as_torchs(amount, pixels, run_node):
    script = """
      const bytes = it.bytesOf(kit.asPicture(given.picture));
      const answer = {
        bytes: it.brighten(bytes, given.amount, "bytes").map((value) => 255 * value),
        floats: it.brighten(bytes, given.amount, "floats"),
        beyond: it.countBeyond(bytes, given.amount),
      };
    """
    got = run_node("pixels/maths", script, as_given(pixels, amount=amount))
    floats = torch.from_numpy(pixels) / 255 + amount / 255
    assert np.allclose(got["bytes"], (pixels + np.uint8(amount)).flatten(), atol=1e-4)
    torch.testing.assert_close(torch.tensor(got["floats"]), floats.clamp(0, 1).flatten())
    assert got["beyond"] == int((pixels.astype(int) + amount > 255).sum())


@pytest.mark.parametrize("reading", READ)
def test_it_says_of_each_number_where_it_was_written(reading, run_node):
    rows, columns, channels = np.meshgrid(range(4), range(6), range(3), indexing="ij")
    script = """
      const answer = [];
      for (let c = 0; c < 3; c += 1)
        for (let p = 0; p < 24; p += 1) {
          const { row, column, channel } = it.writtenAs(it.indexOf(given, c, p, 24), 6);
          answer.push([row, column, channel]);
        }
    """
    told = torch.tensor(run_node("pixels/maths", script, reading)).view(3, 4, 6, 3)
    for k, wanted in enumerate((rows, columns, channels)):
        plain = torch.from_numpy(wanted)
        wanted = plain.reshape(3, 4, 6) if reading == "planes" else plain.permute(2, 0, 1)
        torch.testing.assert_close(told[..., k], wanted if reading in ("stored", "planes") else wanted.flip(0))


def test_the_window_stays_in_the_picture(run_node):
    script = "const answer = given.map(([place, count]) => it.windowStart(place, Math.min(8, count), count));"
    assert run_node("pixels/maths", script, [[0, 20], [10, 20], [19, 20], [2, 8], [1, 5]]) == [0, 6, 12, 0, 0]


def test_it_begins_at_a_place_of_the_picture_as_it_was_given(rng):
    large = torch.rand(1, 3, 400, 640, generator=rng)
    state = explore_pixels(large, at=(168, 639), static=True).state
    assert [state[key] for key in ("row", "column", "top", "left")] == [42, 159, 38, 152]
    assert [explore_pixels(large, static=True).state[key] for key in ("row", "column")] == [50, 80]


@pytest.mark.parametrize("at", [(20, 0), (0, -1), (1,), (1, 2, 3), (1.5, 2), (True, 2)])
def test_a_place_that_is_no_pixel_is_refused(at, rng):
    with pytest.raises(ChoiceError, match=r"row and column of a pixel, from \(0, 0\) to \(19, 29\), got"):
        explore_pixels(torch.rand(1, 3, 20, 30, generator=rng), at=at)
