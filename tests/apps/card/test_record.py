"""The JSON beside a card: whoever has it alone can make the picture again, and an edited one is found out."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from small_card import PICTURES, changed

from nstlib.apps.card.making import Made, digest
from nstlib.apps.card.recipe import recipe_of
from nstlib.apps.card.record import Difference, difference, read_record, text_of
from nstlib.errors import ChoiceError

RESULT = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
NUMBERS = {"ssim": 0.5, "edge_ssim": 0.25, "structure": 1.0, "gram": 0.1, "gram_gray": 0.2}
MADE = Made(RESULT, NUMBERS, {}, {}, {"torch": "2", "threads": 3}, 2, 1.0)


@pytest.fixture
def entries():
    recipe = recipe_of(changed(content__file="holidays/secret/cat.png"))
    return json.loads(text_of(recipe, PICTURES, MADE))


@pytest.fixture
def read(tmp_path):
    def write_and_read(entries):
        path = tmp_path / "card.json"
        path.write_text(entries if isinstance(entries, str) else json.dumps(entries), encoding="utf-8")
        return read_record(path)

    return write_and_read


def test_what_was_written_is_read(entries, read):
    record = read(entries)
    for name, picture in {**PICTURES, "result": RESULT}.items():
        assert np.array_equal(record.pictures[name], picture)
    assert record.recipe.formula == recipe_of(changed()).formula
    assert (record.numbers["gram"], record.threads) == (0.1, 3)


def test_a_record_says_nothing_of_where_the_files_lay(entries):
    assert entries["recipe"]["content"]["file"] == "cat.png"
    assert "secret" not in json.dumps(entries)


def test_its_digests_are_those_of_the_pixels(entries):
    assert entries["pictures"]["result"]["sha256"] == digest(RESULT)


def test_a_number_of_threads_that_there_cannot_be_is_none(entries, read):
    for threads in (0, 65, "3", True, None):
        assert read({**entries, "made_with": {"threads": threads}}).threads is None


@pytest.mark.parametrize("name", ["content", "style", "result"])
def test_an_edited_picture_or_digest_is_found_out(entries, read, name):
    digest_of = entries["pictures"][name]["sha256"]
    entries["pictures"][name]["sha256"] = digest_of[:-1] + ("0" if digest_of[-1] != "0" else "1")
    with pytest.raises(ChoiceError, match=rf"its {name} is not the picture whose SHA-256 stands beside it"):
        read(entries)


def bomb():
    """Return a PNG of a few bytes that announces 40,000 x 40,000 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, format="PNG")
    data = bytearray(file.getvalue())
    data[16:24] = struct.pack(">II", 40_000, 40_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("png", ["", "no base64!", "bm8gcG5n", 3, None, bomb()])
def test_what_is_no_png_of_a_card_is_refused(entries, read, png):
    entries["pictures"]["style"]["png"] = png
    with pytest.raises(
        ChoiceError, match=r"its style (is no PNG. The card is damaged|has 40000 x 40000 pixels, too many)"
    ):
        read(entries)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"nst_card": 2}, "is no card that this version reads: nst_card is 2, and 1 is needed"),
        ({"recipe": None}, "The recipe of a card must be a table, got None"),
        ({"pictures": []}, "The pictures of a card must be a table"),
        ({"pictures": {}}, "The picture content of a card must be a table, got None"),
        ({"numbers": {}}, "gram of a card must be a finite number"),
        ({"made_with": 3}, "made_with of a card must be a table"),
    ],
)
def test_what_lacks_a_part_is_no_card(entries, read, change, complaint):
    with pytest.raises(ChoiceError, match=complaint):
        read({**entries, **change})


def test_a_recipe_that_was_emptied_afterwards_is_refused_as_any(entries, read):
    entries["recipe"]["style"]["license"] = "unknown"
    with pytest.raises(ChoiceError, match="style.license is 'unknown'"):
        read(entries)


def test_another_size_than_that_of_its_pictures_is_refused(entries, read):
    entries["recipe"]["size"] = 64
    with pytest.raises(ChoiceError, match="its content has 32 pixels on the longer side, and its recipe asks for"):
        read(entries)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "is no JSON"), ("[]", "must be a table"), ("[" * 100_000, "is no JSON"), ("{}", "nst_card is None")],
)
def test_a_file_that_is_no_card_is_told(read, text, complaint):
    with pytest.raises(ChoiceError, match=complaint):
        read(text)


def test_no_file_a_folder_or_other_bytes_are_told(tmp_path):
    for name, complaint in ((".", "it is no file"), ("nothing.json", "No such file")):
        with pytest.raises(ChoiceError, match=complaint):
            read_record(tmp_path / name)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ChoiceError, match="cannot be read: 'utf-8' codec"):
        read_record(tmp_path / "bytes.json")


def test_the_difference_is_of_pixels_and_of_measures(entries, read):
    record = read(entries)
    assert difference(RESULT, NUMBERS, record) == Difference(0.0, 0, 0.0, 0.0)
    other = RESULT.copy()
    other[0, 0, 0] = 255 - other[0, 0, 0]
    apart = difference(other, {**NUMBERS, "edge_ssim": 0.27, "gram": 0.103}, record)
    assert apart.most == abs(255 - 2 * int(RESULT[0, 0, 0]))
    assert apart.mean == pytest.approx(apart.most / RESULT.size)
    assert (apart.similarity, apart.share) == (pytest.approx(0.02), pytest.approx(0.03))


@pytest.mark.parametrize(
    ("apart", "within"),
    [
        (Difference(0, 0, 0, 0), True),
        (Difference(16, 200, 0.03, 0.04), True),
        (Difference(16.1, 200, 0, 0), False),
        (Difference(1, 200, 0.031, 0), False),
        (Difference(1, 200, 0, 0.041), False),
    ],
)
def test_all_three_must_be_small(apart, within):
    assert apart.within is within
