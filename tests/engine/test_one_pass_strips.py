import copy

import pytest
import torch

from nstlib.engine.one_pass_strips import paint_in_strips
from nstlib.errors import ShapeError
from nstlib.one_pass import OnePass, load_one_pass, plain_styles


def random(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def shipped():
    model, styles = load_one_pass()
    return model, styles["mosaic"]


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (33, 34), (107, 61), (64, 96), (130, 8)])
@pytest.mark.parametrize("strip", [1, 300, 10**6])
def test_the_strips_are_the_whole_networks_picture(shipped, size, strip):
    model, style = shipped
    image = random(1, 1, 3, *size)
    painted = paint_in_strips(model, image, style, strip=strip)
    torch.testing.assert_close(painted, model(image, style), atol=2e-5, rtol=0)


def test_in_double_precision_they_agree_to_rounding(shipped):
    model, style = copy.deepcopy(shipped[0]).double(), shipped[1].double()
    image = random(2, 1, 3, 70, 52).double()
    painted = paint_in_strips(model, image, style, strip=500)
    torch.testing.assert_close(painted, model(image, style), atol=1e-11, rtol=0)


def test_a_level_far_from_zero_loses_nothing(shipped):
    image = 0.9 + 0.01 * random(3, 1, 3, 96, 96)
    painted = paint_in_strips(*(shipped[0], image, shipped[1]), strip=1000)
    exact = copy.deepcopy(shipped[0]).double()(image.double(), shipped[1].double())
    whole = (shipped[0](image, shipped[1]) - exact).abs().max()  # a hundredth of the contrast costs two digits
    assert (painted - exact).abs().max() < 3 * whole


def test_no_strip_is_as_large_as_the_picture(shipped, monkeypatch):
    seen = []
    convolve = torch.nn.functional.conv2d
    monkeypatch.setattr(
        "torch.nn.functional.conv2d",
        lambda x, *rest, **more: seen.append(x[0, 0].numel()) or convolve(x, *rest, **more),
    )
    paint_in_strips(shipped[0], random(4, 1, 3, 128, 64), shipped[1], strip=512)
    assert max(seen) < 128 * 64 / 3  # a convolution that halves the size gets four times a strip


def test_what_does_not_fit_is_told_as_by_the_network_before_anything_is_computed(monkeypatch):
    model = OnePass()
    monkeypatch.setattr("torch.nn.functional.conv2d", lambda *_, **__: pytest.fail("it was computed"))
    for size, style, message in (
        ((7, 30), plain_styles(model)[0], "at least 8 x 8 pixels"),
        ((16, 16), torch.ones(2, 7), "for each of 424 channels"),
    ):
        for paint in (model, lambda *given: paint_in_strips(model, *given)):
            with pytest.raises(ShapeError, match=message):
                paint(random(1, 1, 3, *size), style)
