"""The command ``nst card``: from a recipe to a card, from a card to the same pixels, and one line for whatever is wrong."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib.apps.card import making
from nstlib.errors import DivergenceError

pytestmark = pytest.mark.usefixtures("gallery")
RECIPE = """title = "A cat of waves"
author = "me"
does_not_show = "That it works for dogs."
predictions = ["The ears stay."]
network = "tiny"
size = 32
steps = 2
style_weights = [1, 10]
content = {file = "cat", title = "A cat", author = "me", source = "taken by me", license = "CC0 1.0"}
style = {file = "wave", title = "A wave", author = "me", source = "taken by me", license = "CC0 1.0"}
[[terms]]
quantity = "structure"
[[terms]]
quantity = "style"
"""


@pytest.fixture
def recipe():
    path = Path("card.toml")
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def card(nst, recipe):
    assert nst("card", "make", recipe)[0] == 0
    return Path("card.json")


def complaint(err):
    assert "Traceback" not in err
    (line,) = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("nst: ")]
    return line


def edited(card, change):
    entries = json.loads(card.read_text(encoding="utf-8"))
    change(entries)
    card.write_text(json.dumps(entries), encoding="utf-8")


# --- new ----------------------------------------------------------------------------------------------------------------


def test_a_new_recipe_says_what_to_do_next_and_cannot_be_made_before(nst):
    code, out, _ = nst("card", "new", "cat", "wave")
    assert (code, out.startswith("Wrote my-card.toml. Fill in every")) == (0, True)
    code, _, err = nst("card", "make", "my-card.toml")
    assert (code, "title is empty" in complaint(err)) == (2, True)
    assert os.listdir() == ["my-card.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cat", "wave", "-o", "taken.toml"), "taken.toml is there already, and may hold your work."),
        (("cat", "wave", "-o", "a.txt"), "a.txt should end in one of .toml"),
        (("cat", "wave", "-o", "no/a.toml"), "There is no folder no to write a.toml to."),
        (("dog", "wave"), "The course has no picture 'dog'."),
        (("cat", "dog.png"), "There is no picture dog.png."),
    ],
)
def test_a_recipe_replaces_nothing_and_needs_pictures(nst, arguments, said):
    Path("taken.toml").write_text("mine")
    code, _, err = nst("card", "new", *arguments)
    assert (code, said in complaint(err)) == (2, True)
    assert (os.listdir(), Path("taken.toml").read_text()) == (["taken.toml"], "mine")


# --- make ---------------------------------------------------------------------------------------------------------------


def test_a_recipe_becomes_a_png_and_a_json(nst, recipe):
    code, out, _ = nst("card", "make", recipe)
    assert code == 0
    assert "4 runs of 2 steps at 32 px, network tiny: loss = structure + 10 x (style) + 1 x total variation" in out
    assert out.splitlines()[-1].startswith("Wrote card.png and card.json (")
    assert sorted(os.listdir()) == ["card.json", "card.png", "card.toml"]
    with Image.open("card.png") as picture:
        assert picture.height > picture.width > 500
    record = json.loads(Path("card.json").read_text(encoding="utf-8"))
    assert [point["style_weight"] for point in record["curves"]["classic"]] == [1, 10]


def test_a_card_is_a_starting_point_without_any_other_file(nst, card, gallery):
    for path in (Path("card.toml"), gallery / "content/cat.png", gallery / "style/wave.png"):
        path.unlink()
    code, _, err = nst("card", "make", card)
    assert (
        code,
        "card.json is one of the files to start from, and the card's record would replace" in complaint(err),
    ) == (
        2,
        True,
    )
    edited(card, lambda entries: entries["recipe"].update(style_weight=1))
    assert nst("card", "make", card, "-o", "other.png")[0] == 0
    one, other = (json.loads(Path(f"{name}.json").read_text(encoding="utf-8")) for name in ("card", "other"))
    assert one["pictures"]["content"] == other["pictures"]["content"]
    assert one["pictures"]["result"] != other["pictures"]["result"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('license = "CC0 1.0"}\nstyle', 'license = "unknown"}\nstyle', "content.license is 'unknown'. A card carries"),
        ("[[terms]]", "[[terms", "The recipe card.toml is no TOML"),
        ('quantity = "style"', 'quantity = "style"\nlayers = ["relu7_1"]', "relu7_1"),
        ('quantity = "style"', 'quantity = "style"\nweight = -1', "must be a finite number, 0 or larger, got -1."),
        ("size = 32", "size = 16", "its shorter side has 12, and the network needs 16"),
        ('file = "cat"', 'file = "dog.png"', "There is no picture dog.png, the content's file."),
        ('file = "cat"', 'file = "card.toml"', "card.toml"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(nst, recipe, old, new, said):
    assert old in RECIPE
    recipe.write_text(
        RECIPE.replace(old, new, 1) if 'style"' not in old else RECIPE.replace(old, new), encoding="utf-8"
    )
    code, out, err = nst("card", "make", recipe)
    assert (code, out) == (2, "")
    assert said in complaint(err)
    assert os.listdir() == ["card.toml"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("no/card.png", "There is no folder no to write card.png to."),
        ("card.jpg", "card.jpg should end in one of .png"),
        ("card.toml", "card.toml is one of the files to start from"),
    ],
)
def test_a_card_that_cannot_be_written_is_told_before_it_is_computed(nst, recipe, output, said):
    code, out, err = nst("card", "make", recipe, "-o", output)
    assert (code, out, said in complaint(err)) == (2, "", True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_before(nst, recipe):
    os.chmod(".", 0o500)
    code, _, err = nst("card", "make", recipe)
    os.chmod(".", 0o700)
    assert (code, "Permission denied" in complaint(err)) == (2, True)


@pytest.mark.parametrize("name", ["card.txt", "nothing.toml", "nothing.json"])
def test_what_is_no_recipe_is_told(nst, name):
    said = {"card.txt": "card.txt should end in .toml (a recipe) or .json (a card); it ends in '.txt'."}
    code, _, err = nst("card", "make", name)
    assert (code, said.get(name, "cannot be read: No such file") in complaint(err)) == (2, True)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_leaves_nothing_half_written(nst, recipe, monkeypatch, times):
    def interrupted(*arguments):
        for step in start(*arguments):
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
            yield step

    start = making.start
    fake = [start] * 4  # the runs that only look whether all fits
    monkeypatch.setattr(making, "start", lambda *arguments: (fake.pop() if fake else interrupted)(*arguments))
    code, _, err = nst("card", "make", recipe)
    assert (code, complaint(err)) == (130, "nst: Stopped. Nothing was written.")
    assert os.listdir() == ["card.toml"]


def test_a_run_that_leaves_the_finite_numbers_ends_in_one_line(nst, recipe, monkeypatch):
    def diverge(*arguments):
        yield from []
        raise DivergenceError("It left the finite numbers.")

    start = making.start
    fake = [start] * 4
    monkeypatch.setattr(making, "start", lambda *arguments: (fake.pop() if fake else diverge)(*arguments))
    code, _, err = nst("card", "make", recipe)
    assert (code, complaint(err)) == (1, "nst: It left the finite numbers. Nothing was written.")
    assert os.listdir() == ["card.toml"]


# --- check --------------------------------------------------------------------------------------------------------------


def test_the_same_machine_makes_the_same_pixels_whatever_its_threads(nst, card):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        assert nst("card", "check", card)[:2] == (0, "card.json: the same pixels, bit for bit (32 x 24 px).\n")
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_it_computes_on_as_many_threads_as_the_card_says(nst, card, monkeypatch):
    start, seen = making.start, []

    def watched(*arguments):
        seen.append(torch.get_num_threads())
        return start(*arguments)

    edited(card, lambda entries: entries["made_with"].update(threads=torch.get_num_threads() + 2))
    monkeypatch.setattr(making, "start", watched)
    assert nst("card", "check", card)[0] == 0
    assert seen[-1] == torch.get_num_threads() + 2


def test_a_changed_recipe_is_found_out(nst, card):
    edited(card, lambda entries: entries["recipe"].update(init="noise"))
    code, out, err = nst("card", "check", card)
    assert (code, out) == (1, "")
    assert complaint(err).startswith("nst: card.json: pixels differ by ")
    assert complaint(err).endswith(
        "Not the same picture: its recipe, result or numbers were changed, or something else decides about it."
    )


def test_changed_numbers_are_found_out_though_the_pixels_are_the_same(nst, card):
    edited(card, lambda entries: entries["numbers"].update(ssim=0.1))
    code, _, err = nst("card", "check", card)
    assert (code, "pixels differ by 0.00 of 255 levels" in complaint(err)) == (1, True)


def test_other_rounding_passes_and_what_differs_is_named(nst, card, monkeypatch):
    start = making.start

    def rounded_otherwise(*arguments):
        for step in start(*arguments):
            yield replace(step, image=(step.image + 1 / 255).clamp(0, 1))

    edited(card, lambda entries: entries["made_with"].update(torch="1.0"))
    fake = [start] * 4
    monkeypatch.setattr(making, "start", lambda *arguments: (fake.pop() if fake else rounded_otherwise)(*arguments))
    code, out, _ = nst("card", "check", card)
    assert code == 0
    assert out.startswith("card.json: pixels differ by ")
    assert f"(torch 1.0 there, {torch.__version__} here)" in out
    assert out.endswith("The same picture, other rounding.\n")


def test_an_edited_picture_is_refused_before_anything_is_computed(nst, card):
    edited(card, lambda entries: entries["pictures"]["result"].update(sha256="0" * 64))
    code, out, err = nst("card", "check", card)
    assert (code, out) == (2, "")
    assert "its result is not the picture whose SHA-256 stands beside it" in complaint(err)


@pytest.mark.parametrize("name", ["card.png", "card.toml"])
def test_it_is_the_json_that_is_checked(nst, card, name):
    code, _, err = nst("card", "check", name)
    said = f"nst: {name} should end in .json: the file that lies beside a card's PNG has all that is needed."
    assert (code, complaint(err)) == (2, said)


def test_broken_json_is_one_line(nst):
    Path("card.json").write_text("{")
    code, _, err = nst("card", "check", "card.json")
    assert (code, "The card card.json is no JSON" in complaint(err)) == (2, True)
