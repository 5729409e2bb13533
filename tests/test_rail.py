"""What must not change when the house is rebuilt: the results of a dozen small runs, in double precision.

The numbers in ``rail.json`` were written by the state before the house was rebuilt. Where a change alters pixels on purpose,
``python tests/test_rail.py`` writes them anew, and the commit says why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from nstlib.dream import dream
from nstlib.dual import Term, View, stylize_dual
from nstlib.features import load_network
from nstlib.inversion import invert
from nstlib.objective import Style
from nstlib.textures import synthesize
from nstlib.transfer import stylize

WRITTEN = Path(__file__).with_name("rail.json")


def picture(seed, height, width):
    """A smooth random picture, float64."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 6, 7, generator=rng, dtype=torch.float64)
    grain = torch.rand(1, 3, height, width, generator=rng, dtype=torch.float64)
    return 0.8 * F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1) + 0.2 * grain


CONTENT, STYLE, OTHER = picture(1, 48, 52), picture(2, 56, 40), picture(3, 40, 44)
LEFT = torch.zeros(1, 1, 48, 52, dtype=torch.float64)
LEFT[..., :26] = 1


def resumed(network):
    """A run of two sizes, left after five steps and continued by another one."""
    options = {"steps": 10, "levels": 2, "init": "noise", "optimizer": "adam"}
    CONTENT, STYLE = picture(1, 64, 72), picture(2, 56, 40)
    first = stylize(CONTENT, STYLE, network, **options)
    steps = [next(first) for _ in range(5)]
    second = stylize(CONTENT, STYLE, network, **options)
    second.load_state_dict(first.state_dict())
    return steps + list(second)


def inverted(network):
    target = network(CONTENT, "relu2_1")["relu2_1"]
    return invert(target, network, "relu2_1", size=(48, 52), steps=8)


BANDS = [
    Term("structure", 1.0, View(finer=3.0)),
    Term("content", 0.5, View(coarser=3.0)),
    Term("style", 1.0, cutoffs=(0.25,), bands=(1.0, 0.5)),
    Term("style", 0.4, View(gray=True), layers={"relu1_1": 1.0, "relu3_1": 2.0}),
]
RUNS = {
    "classic": lambda net: stylize(CONTENT, STYLE, net, steps=10),
    "adam": lambda net: stylize(CONTENT, STYLE, net, steps=10, optimizer="adam"),
    "gd": lambda net: stylize(CONTENT, STYLE, net, steps=10, optimizer="gd", init="mixed"),
    "two styles, masks": lambda net: stylize(
        CONTENT, [Style(STYLE, 2.0, LEFT), Style(OTHER, 1.0, 1 - LEFT), Style(OTHER, 0.5, 1 - LEFT)], net, steps=8
    ),
    "tiles": lambda net: stylize(picture(1, 96, 80), STYLE, net, steps=4, memory=tight(net)),
    "luminance": lambda net: stylize_dual(CONTENT, STYLE, net, method="luminance", steps=8),
    "lapstyle": lambda net: stylize_dual(CONTENT, STYLE, net, method="lapstyle", steps=8),
    "dual": lambda net: stylize_dual(CONTENT, [STYLE, OTHER][0], net, method="dual", steps=8),
    "terms": lambda net: stylize_dual(CONTENT, STYLE, net, terms=BANDS, steps=8),
    "resumed, two sizes": resumed,
    "texture": lambda net: synthesize(STYLE, net, size=(40, 48), steps=8),
    "texture, moments": lambda net: synthesize(STYLE, net, statistic="moments", steps=6, tv_weight=0.1),
    "texture, bn": lambda net: synthesize(STYLE, net, statistic="bn", steps=6),
    "texture, sliced": lambda net: synthesize(STYLE, net, statistic="sliced", size=(40, 48), steps=6),
    "inversion": inverted,
    "dream": lambda net: dream(CONTENT, net, "relu3_1", octaves=2, iterations=3),
}


def tight(network):
    """A budget, in GB, that only a run in strips keeps."""
    from nstlib.engine.memory import BUDGET, GIGABYTE

    least, most = 0.1, BUDGET / GIGABYTE
    while most - least > 1e-4:  # the least that a plan can be made for
        middle = (least + most) / 2
        try:
            stylize(picture(1, 96, 80), STYLE, network, steps=4, memory=middle)
            most = middle
        except ValueError:
            least = middle
    return most


def summary(steps):
    """What is compared: each step's numbers, and the last image in large blocks."""
    steps = list(steps)
    numbers = [
        [getattr(step, name) for name in ("content", "style", "tv", "error", "total", "value") if hasattr(step, name)]
        for step in steps
    ]
    return {"numbers": numbers, "image": F.adaptive_avg_pool2d(steps[-1].image, 5).flatten().tolist()}


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_where_it_ended_before_the_house_was_rebuilt(network, name):
    found, written = summary(RUNS[name](network)), json.loads(WRITTEN.read_text(encoding="utf-8"))[name]
    for part in ("numbers", "image"):
        torch.testing.assert_close(torch.tensor(found[part]), torch.tensor(written[part]), rtol=1e-5, atol=1e-7)


if __name__ == "__main__":
    only = sys.argv[1:] or list(RUNS)
    known = json.loads(WRITTEN.read_text(encoding="utf-8")) if WRITTEN.exists() else {}
    tiny = load_network("tiny")
    known.update({name: summary(RUNS[name](tiny)) for name in only})
    text = json.dumps({name: known[name] for name in RUNS}, default=float)
    WRITTEN.write_text(text.replace('}, "', '},\n"') + "\n", encoding="utf-8")
