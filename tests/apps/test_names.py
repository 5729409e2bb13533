"""Names of results: printable, short enough for a disk, and no two alike."""

import os

import pytest

from nstlib.apps.names import plain, shortened, unused


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("cat", "cat"),
        ("Füße 写真 👩\u200d🎨", "Füße 写真 👩\u200d🎨"),
        ("a\nb\x1b[0m\x7f", "a%0ab%1b[0m%7f"),
        ("caf\udce9", "caf%dce9"),
        ("a\u2028b", "a%2028b"),
    ],
)
def test_what_cannot_be_seen_or_encoded_becomes_its_number(name, printed):
    assert plain(name) == printed
    assert plain(name).encode().decode() == printed


@pytest.mark.parametrize("name", ["n" * 250, "é" * 200, "写真" * 99, "a" + "\udcff" * 300])
def test_a_long_name_is_cut_the_same_way_each_time_and_stays_different(name):
    found = shortened(name)
    assert len(os.fsencode(found)) <= 240
    assert found == shortened(name) != shortened(f"{name}x")
    assert found[:50] == name[:50]
    assert shortened("n" * 240) == "n" * 240


def test_a_name_that_is_taken_gets_a_number_whatever_its_case():
    taken = set()
    assert [unused(name, taken) for name in ("cat", "Cat", "dog", "CAT", "straße", "STRASSE")] == [
        "cat",
        "Cat-2",
        "dog",
        "CAT-3",
        "straße",
        "STRASSE-2",
    ]
