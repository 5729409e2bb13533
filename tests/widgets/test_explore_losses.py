"""The explorer of losses: its pictures are changed in the browser as in Python, its numbers are those of the formulas."""

from __future__ import annotations

import json

import pytest
import torch
from inputs import SHALLOW, TINY, compared

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.images import load_image, picture
from nstlib.widgets import explore_losses
from nstlib.widgets.explorer import encode_array
from nstlib.widgets.losses import OTHER, SEED, SIZE, START, STRENGTHS, as_square, changed


@pytest.fixture
def image(rng):
    return as_square(torch.rand(1, 3, SIZE, SIZE, generator=rng))


def state_of(pictures):
    return explore_losses(TINY, pictures, layers=SHALLOW, static=True).state


def errors(image, original):
    """Return content and style errors in each layer, and the image's total variation, by loops over layers and pixels."""
    found = {"content": [], "style": []}
    for layer in SHALLOW:
        f, p = (TINY(one, layer)[layer][0] for one in (image, original))
        g, a = (torch.einsum("ihw,jhw->ij", one, one) / one[0].numel() for one in (f, p))
        found["content"].append(float(((f - p) ** 2).sum() / (p**2).sum()))
        found["style"].append(float(((g - a) ** 2).sum() / (a**2).sum()))
    rows, columns = range(1, SIZE), range(1, SIZE)
    down = sum((image[0, :, y] - image[0, :, y - 1]).abs().mean() for y in rows) / len(rows)
    right = sum((image[0, :, :, x] - image[0, :, :, x - 1]).abs().mean() for x in columns) / len(columns)
    return found | {"variation": float(down + right)}


# --- the pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", STRENGTHS)
def test_the_browser_changes_pictures_as_python_does(change, image, run_node):
    given = {"image": encode_array(image[0], "uint8"), "change": change, "strengths": STRENGTHS[change], "seed": SEED}
    script = """
      const picture = kit.asPicture({ name: "", image: given.image });
      const answer = given.strengths.map((one) => it.changed(picture, given.change, one, given.seed));
    """
    for strength, got in zip(STRENGTHS[change], run_node("losses/maths", script, given), strict=True):
        wanted = changed(image, change, strength)
        torch.testing.assert_close(torch.tensor(got).view_as(wanted), wanted, rtol=0, atol=1e-6, msg=str(strength))


@pytest.mark.parametrize("change", STRENGTHS)
def test_the_first_strength_changes_nothing_and_each_further_one_more(change):
    photo = as_square(load_image(picture("cat"), size=160))
    off = [float((changed(photo, change, strength) - photo).abs().mean()) for strength in STRENGTHS[change]]
    assert off[0] == 0
    assert min(off[1:]) > 0.005
    if change not in ("shifted", "in tiles"):  # there, what comes to lie on what is chance
        assert off == sorted(off)


@pytest.mark.parametrize("side", STRENGTHS["in tiles"][1:])
def test_each_tile_takes_the_place_of_another(side):
    across = SIZE // side
    number = (
        torch.arange(float(across**2)).view(1, across, across).repeat_interleave(side, 1).repeat_interleave(side, 2)
    )
    got = changed(number.expand(1, 3, -1, -1), "in tiles", side)[0, 0]
    tiles = got[::side, ::side].flatten()
    assert torch.equal(got, tiles.view(across, across).repeat_interleave(side, 0).repeat_interleave(side, 1))
    assert torch.equal(tiles.sort().values, torch.arange(float(across**2)))
    assert not (tiles == torch.arange(float(across**2))).any()


def test_without_color_only_the_luminance_is_left():
    red = torch.zeros(1, 3, SIZE, SIZE)
    red[:, 0] = 1
    assert changed(red, "less color", 1).unique().tolist() == pytest.approx([0.299])
    assert changed(red, "less color", 0.5)[0, :, 0, 0].tolist() == pytest.approx([0.6495, 0.1495, 0.1495])


def test_noise_reaches_from_minus_its_most_to_its_most_and_is_zero_on_average():
    gray = torch.full((1, 3, SIZE, SIZE), 0.5)
    noise = changed(gray, "noise", 0.3) - gray
    assert noise.min().item() == pytest.approx(-0.3, abs=1e-3)
    assert noise.max().item() == pytest.approx(0.3, abs=1e-3)
    assert noise.mean().item() == pytest.approx(0, abs=4 * 0.3 / 3**0.5 / noise.numel() ** 0.5)


def test_a_picture_becomes_the_square_in_its_middle():
    wide = torch.zeros(1, 3, SIZE, 2 * SIZE)
    wide[..., SIZE // 2 : SIZE + SIZE // 2] = 0.502
    assert torch.equal(as_square(wide), torch.full((1, 3, SIZE, SIZE), 128 / 255))
    assert as_square(torch.rand(1, 3, 31, 17)).shape == (1, 3, SIZE, SIZE)


# --- the numbers --------------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_formulas(rng):
    pictures = compared(torch.rand(1, 3, 40, 60, generator=rng))
    for subject, (image, others) in zip(state_of(pictures)["subjects"], pictures.values(), strict=True):
        own = as_square(image)
        shown = {change: [changed(own, change, one) for one in some] for change, some in STRENGTHS.items()}
        shown[OTHER] = [own, *map(as_square, others.values())]
        assert list(subject["measured"]) == list(shown)
        for change, images in shown.items():
            for got, one in zip(subject["measured"][change], images, strict=True):
                wanted = errors(one, own)
                for kind in wanted:
                    assert got[kind] == pytest.approx(wanted[kind], rel=1e-3, abs=1e-6), (change, kind)


def test_a_flat_picture_is_measured_too():
    flat = torch.full((1, 3, 20, 20), 0.25)
    state = state_of({"flat": (flat, {"lighter": flat + 0.5})})
    json.dumps(state, allow_nan=False)
    assert state["subjects"][0]["measured"]["shifted"][START["shifted"]]["variation"] == 0


def test_the_steps_of_the_beginning_exist(rng):
    state = state_of(compared(torch.rand(1, 3, 40, 60, generator=rng)))
    for subject in state["subjects"]:
        assert set(state["steps"]) == set(subject["measured"])
        assert all(0 < state["steps"][change] < len(some) for change, some in subject["measured"].items())


def test_an_axis_of_roots_begins_at_zero_and_ends_at_the_largest_error(run_node):
    script = """
      const { place, marks } = it.rootAxis([0.01, 4, 0.5]);
      const answer = { places: [0, 0.04, 1, 4].map(place), marks, empty: it.rootAxis([0, 0]).place(0) };
    """
    got = run_node("losses/maths", script, None)
    assert got == {"places": pytest.approx([0, 10, 50, 100]), "marks": [0, 0.1, 0.5, 1, 2], "empty": 0}


def test_errors_are_written_with_two_digits_and_a_small_one_is_not_called_none(run_node):
    script = "const answer = [0, 0.0003, 0.00096, 0.0444, 0.0996, 0.994, 13.18].map(it.written);"
    assert run_node("losses", script, None) == ["0.00", "<0.001", "0.001", "0.044", "0.10", "0.99", "13.18"]


# --- what it refuses ----------------------------------------------------------------------------------------------------


def test_a_picture_alone_cannot_be_compared(image):
    with pytest.raises(ChoiceError, match="compares 'cat' with other pictures: give it"):
        explore_losses(TINY, {"cat": (image, {})}, layers=SHALLOW)
    with pytest.raises(ChoiceError, match="compares 'cat' with other pictures: give it"):
        explore_losses(TINY, {"cat": image}, layers=SHALLOW)


def test_no_picture_and_no_layer_are_refused(image):
    with pytest.raises(ChoiceError, match="at least one picture and one layer.*got 0 pictures and 2 layers"):
        explore_losses(TINY, {}, layers=SHALLOW)
    with pytest.raises(ChoiceError, match="got 1 pictures and 0 layers"):
        explore_losses(TINY, {"cat": (image, {"other": image})}, layers=())
    with pytest.raises(LayerError, match="relu9_9"):
        explore_losses(TINY, {"cat": (image, {"other": image})}, layers=("relu9_9",))


def test_what_is_no_picture_is_refused_by_its_name(image):
    with pytest.raises(ShapeError, match=r"needs images of shape \(1, 3, H, W\), got str for 'other'"):
        explore_losses(TINY, {"cat": (image, {"other": "cat.jpg"})}, layers=SHALLOW)
    with pytest.raises(ShapeError, match=r"'cat' must be one RGB image"):
        explore_losses(TINY, {"cat": (image[:, :1], {"other": image})}, layers=SHALLOW)
