"""The frequency mixer: the browser's bands are those of nstlib.frequency."""

from __future__ import annotations

import pytest
import torch

from nstlib.errors import ChoiceError
from nstlib.frequency import low_pass, split_bands
from nstlib.widgets import (
    explore_frequencies,
)
from nstlib.widgets.explorer import (
    encode_array,
)


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 20, 30, generator=rng)


@pytest.mark.parametrize("sigma", [0.5, 1.5, 6.0])
def test_the_browsers_blur_is_low_pass(sigma, image, run_node):
    script = "const answer = it.lowPass(kit.decode(given.picture).data, 3, 20, 30, given.sigma);"
    got = run_node("kit/blur", script, {"picture": encode_array(image[0]), "sigma": sigma})
    torch.testing.assert_close(torch.tensor(got).view_as(image), low_pass(image, sigma), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sigmas", [(0.5, 1.0), (1.5, 5.0), (6.0, 12.0)])
def test_the_browsers_bands_are_those_of_split_bands(sigmas, image, run_node):
    script = """
      const data = kit.decode(given.picture).data;
      const answer = it.splitBands(data, 3, 20, 30, given.sigmas);
    """
    got = run_node("frequencies", script, {"picture": encode_array(image[0]), "sigmas": sigmas})
    for band, wanted in zip(got, split_bands(image, sigmas), strict=True):
        torch.testing.assert_close(torch.tensor(band).view_as(image), wanted, rtol=1e-4, atol=1e-5)


def test_the_bands_sum_to_the_photo_and_those_in_bytes_do_not(image, run_node):
    script = """
      const data = kit.decode(given).data;
      const missing = (split) => it.largestDifference(it.mix(split(data, 3, 20, 30, [1, 3]), [1, 1, 1]), data);
      const answer = [missing(it.splitBands), missing(it.byteBands)];
    """
    exact, bytes_ = run_node("frequencies", script, encode_array(image[0]))
    assert exact < 1e-6
    assert bytes_ > 0.9


def test_bands_in_bytes_wrap_around_as_torchs_bytes_do(image, run_node):
    script = """
      const data = kit.decode(given).data;
      const answer = it.byteBands(data, 3, 20, 30, [1, 3]).map((band) => [...band].map((value) => Math.round(255 * value)));
    """
    got = torch.tensor(run_node("frequencies", script, encode_array(image[0])))
    stack = [(255 * one).round().to(torch.uint8) for one in (image, low_pass(image, 1), low_pass(image, 3))]
    wanted = torch.stack([stack[0] - stack[1], stack[1] - stack[2], stack[2]]).flatten(1).int()
    apart = (got - wanted).abs()
    # A blur that falls between two bytes may round either way.
    assert int((torch.minimum(apart, 256 - apart) > 1).sum()) == 0
    assert float((apart > 0).float().mean()) < 0.01


def test_the_curves_are_what_the_bands_keep_of_a_wave(run_node):
    x = torch.arange(-200.0, 201)
    for f in (0.02, 0.06, 0.2):
        wave = torch.cos(2 * torch.pi * f * x).expand(1, 1, 1, -1)
        kept = [band[..., 200].item() for band in split_bands(wave, (1.5, 5.0))]
        got = run_node("frequencies", "const answer = it.shares(given, [1.5, 5]);", f)
        assert got == pytest.approx(kept, abs=0.005)


@pytest.mark.parametrize("sigmas", [(2,), (3, 3), (5, 2), (0.1, 3), (2, 40), (1, float("nan"))])
def test_sigmas_that_the_sliders_cannot_show_are_refused(image, sigmas):
    with pytest.raises(ChoiceError, match="two sigmas in pixels, the first from 0.5 to 6"):
        explore_frequencies(image, sigmas=sigmas)
