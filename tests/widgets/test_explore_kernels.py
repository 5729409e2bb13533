"""The kernel explorer: the browser's answers are those of convolve2d."""

from __future__ import annotations

import pytest
import torch

from nstlib.filters import convolve2d
from nstlib.widgets.explorer import (
    encode_array,
)
from nstlib.widgets.kernels import as_gray


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 20, 30, generator=rng)


@pytest.mark.parametrize("border", ["zeros", "edge"])
def test_a_kernels_answer_is_that_of_convolve2d(border, image, rng, run_node):
    gray, weights = as_gray(image), torch.randn(9, generator=rng)
    padded = torch.nn.functional.pad(gray, (1, 1, 1, 1), mode="constant" if border == "zeros" else "replicate")
    wanted = convolve2d(padded, weights.view(1, 1, 3, 3) / 2.5)[0, 0] * 255
    script = """
      const gray = it.grayBytes(kit.asPicture(given.picture));
      const answer = [...it.convolve(gray, given.weights, 2.5, given.border)];
    """
    given = {
        "picture": {"name": "", "image": encode_array(gray[0], "uint8")},
        "weights": weights.tolist(),
        "border": border,
    }
    got = torch.tensor(run_node("kernels", script, given)).view(20, 30)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4 * 255)


def test_the_window_holds_what_the_answer_is_made_of(image, run_node):
    script = """
      const gray = it.grayBytes(kit.asPicture(given.picture));
      const weights = [3, -1, 4, 1, -5, 9, 2, 6, -5];
      const all = it.convolve(gray, weights, 1, "zeros");
      const answer = [[0, 0], [0, 29], [19, 4], [7, 11]].map(([y, x]) =>
        all[y * 30 + x] - it.windowAt(gray, y, x, "zeros").reduce((sum, pixel, k) => sum + pixel * weights[k], 0));
    """
    given = {"picture": {"name": "", "image": encode_array(as_gray(image)[0], "uint8")}}
    assert run_node("kernels", script, given) == [0, 0, 0, 0]


def test_the_browser_makes_the_same_gray_as_python(image, run_node):
    given = {"name": "", "image": encode_array((image[0] * 255).round() / 255, "uint8")}
    got = torch.tensor(
        run_node("kernels", "const answer = [...it.grayBytes(kit.asPicture(given)).data];", given)
    ).float()
    wanted = (as_gray((image * 255).round() / 255) * 255).flatten()
    torch.testing.assert_close(got, wanted.round(), rtol=0, atol=0)
