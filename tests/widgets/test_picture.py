"""A reader's picture in the browser: each pixel is the mean of the area that it covers (nstlib/widgets/kit/picture.js)."""

from __future__ import annotations

import numpy as np
import pytest

AVERAGE = """
const { bytes, high, wide, height, width, rows } = given;
const mean = it.averager({ wide, high, width, height });
for (let top = 0; top < high; top += rows) {
  const count = Math.min(rows, high - top);
  mean.add(bytes.slice(4 * wide * top, 4 * wide * (top + count)), top, count);
}
const answer = mean.planes();
"""


def shares(many: int, few: int) -> np.ndarray:
    """Return how much of each of the few each of the many covers, shape (few, many), each row with sum 1."""
    edges = np.arange(many + 1) * few / many
    found = [np.clip(np.minimum(edges[1:], k + 1) - np.maximum(edges[:-1], k), 0, None) for k in range(few)]
    return np.stack(found)


def averaged(run_node, rgba: np.ndarray, height: int, width: int, rows: int) -> np.ndarray:
    high, wide, _ = rgba.shape
    given = {"bytes": rgba.ravel().tolist(), "high": high, "wide": wide, "height": height, "width": width, "rows": rows}
    return np.array(run_node("kit/picture", AVERAGE, given)).reshape(3, height, width)


@pytest.mark.parametrize(
    ("sides", "wanted", "rows"),
    [
        ((12, 20), (3, 5), 12),  # whole windows
        ((13, 29), (5, 8), 4),  # windows that begin and end within a pixel, in strips
        ((7, 9), (7, 9), 3),  # nothing to do
        ((31, 5), (1, 1), 10),
        ((17, 40), (16, 39), 17),
    ],
)
def test_each_pixel_is_the_mean_of_the_area_that_it_covers(run_node, sides, wanted, rows):
    rgba = np.random.default_rng(0).integers(0, 256, (*sides, 4))
    got = averaged(run_node, rgba, *wanted, rows)
    means = np.einsum("ky,yxc,lx->ckl", shares(sides[0], wanted[0]), rgba[..., :3], shares(sides[1], wanted[1]))
    np.testing.assert_allclose(got, means / 255, atol=0.5 / 255 + 1e-6)  # in whole levels of 255
    np.testing.assert_allclose(255 * got, np.round(255 * got), atol=1e-4)


def test_a_checkerboard_of_single_pixels_becomes_gray(run_node):
    rgba = np.full((32, 32, 4), 255)
    rgba[..., :3] *= (np.indices((32, 32)).sum(0) % 2)[..., None]
    np.testing.assert_allclose(averaged(run_node, rgba, 4, 4, 32), 0.5, atol=0.003)


def test_a_browser_without_simd_is_told_before_anything_is_fetched(run_node):
    script = """
    const tried = [globalThis.WebAssembly, null, { validate: () => false }].map((assembly) => {
      try { it.checkBrowser(assembly); return "fine"; } catch (error) { return `${error.name}: ${error.message}`; }
    });
    const answer = tried;
    """
    fine, *told = run_node("runtime/network", script, None)
    assert fine == "fine"
    assert told[0] == told[1]
    assert told[0].startswith("LoadError: This browser runs no WebAssembly, or one without SIMD")
    assert told[0].endswith("The pictures of the book remain, and the notebook computes everything.")
