"""The occlusion explorer: what the browser covers is what occlusion_map covered."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import covered_answers

from nstlib.errors import ChoiceError, ShapeError
from nstlib.widgets import (
    explore_occlusion,
)


def test_the_square_covers_what_occlusion_map_covered(rng, run_node):
    image, units = covered_answers(rng)
    state = explore_occlusion(image, units, size=9, stride=7, static=True).state
    script = """
      const photo = kit.asPicture(given.photo);
      const left = (data) => data.reduce((sum, one, p) => sum + (p % 44 < 15 ? one : 0), 0) / (3 * 30 * 15);
      const drop = ([r, c]) => left(photo.data) - left(it.cover(photo, 7 * r, 7 * c, 9, 0.5));
      const answer = [[0, 0], [1, 2], [3, 5]].map(drop);
    """
    wanted = [units["left"][0][place].item() for place in ((0, 0), (1, 2), (3, 5))]
    assert run_node("occlusion", script, state) == pytest.approx(wanted, abs=1e-3)  # the photo travels as bytes
    assert wanted[2] == 0


def test_the_map_is_painted_only_where_the_square_has_been(run_node):
    script = "const answer = [...it.paintVisited([4, -4, 0, 1], new Set([0, 1, 2]))];"
    pixels = np.array(run_node("occlusion", script, None)).reshape(4, 4)
    assert pixels[:, 3].tolist() == [255, 255, 255, 0]
    assert pixels[0, 0] > pixels[0, 2]  # red: takes away
    assert pixels[1, 2] > pixels[1, 0]  # blue: adds
    assert np.ptp(pixels[2, :3]) < 10


def test_a_map_of_another_square_or_a_silent_unit_is_refused(rng):
    image, units = covered_answers(rng)
    with pytest.raises(ShapeError, match=r"has 3 x 5 places on this image, but the map of 'left' has shape \(4, 6\)"):
        explore_occlusion(image, units, size=9, stride=8)
    with pytest.raises(ChoiceError, match="must be above 0, got 0"):
        explore_occlusion(image, {"silent": (units["left"][0], 0)}, size=9, stride=7)
    with pytest.raises(ChoiceError, match="at least one unit"):
        explore_occlusion(image, {}, size=9, stride=7)
