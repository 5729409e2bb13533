"""The page of a comparison: what is there, nothing else, for everyone, everywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch

from nstlib.apps.comparison import pairs
from nstlib.apps.comparison.page import write_page
from nstlib.apps.comparison.pairs import COLUMNS, make, make_grid, pairs_of, records_in
from nstlib.apps.study.grid import Settings
from nstlib.features import load_network
from nstlib.images import save_image

GRID = make_grid([], [], ["classic", "dual"], Settings(size=20, steps=1, network="tiny"))
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects what a page shows and where it leads, and insists that its elements are nested."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(path.read_text(encoding="utf-8"))
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison of two contents, one of them with a name that HTML and addresses would misread, in two styles."""
    folder, rng = tmp_path_factory.mktemp("sheet"), torch.Generator().manual_seed(0)
    names = ("cat", 'a "b" <i> & #1?%20', "wave", "dots")
    paths = [save_image(torch.rand(3, 20, 18, generator=rng), folder / f"{name}.png") for name in names]
    (folder / "out").mkdir()
    network = load_network("tiny")
    grid = make_grid(paths[:2], paths[2:], GRID.methods, GRID.settings)
    for pair in pairs_of(grid, folder / "out"):
        for method in ("classic", "dual") if pair.style == "wave" else ("classic",):
            list(make(pair, method, network, grid))
    return folder / "out"


def test_every_address_on_the_page_leads_to_a_file_beside_it_or_a_place_on_it(compared):
    found = Page(write_page(compared, GRID))
    addresses = [each["src"] for each in found.all("img")] + [each["href"] for each in found.all("a")]
    places = {each["id"] for _, each in found.tags if "id" in each}
    assert len(addresses) > 40
    for address in addresses:
        if address.startswith("#"):
            assert unquote(address[1:]) in places
        else:
            assert (compared / unquote(address)).is_file()


def test_the_page_needs_neither_scripts_nor_other_machines(compared):
    text = write_page(compared, GRID).read_text(encoding="utf-8")
    found = Page(compared / "index.html")
    assert found.all("script") == []
    assert "http" not in text
    assert "@import" not in text
    assert not [name for _, each in found.tags for name in each if name.startswith("on")]


def test_every_picture_says_what_it_shows_and_how_large_it_is(compared):
    pictures = Page(write_page(compared, GRID)).all("img")
    for each in pictures:
        assert "cat" in each["alt"] or 'a "b" <i> & #1?%20' in each["alt"] or ", the style" in each["alt"]
        assert (each["width"], each["height"]) == ("18", "20")
    alts = {each["alt"] for each in pictures}
    assert "cat in the style of wave, method dual" in alts
    assert "cat, the content: what is fine, around mid-gray" in alts


def test_names_are_shown_as_they_are(compared):
    found = Page(write_page(compared, GRID, {"b<ad>.png & co.": ["x & y"]}))
    assert found.all("i") == []
    assert 'a "b" <i> & #1?%20 in the style of dots' in found.text
    assert "b<ad>.png & co. (x & y)" in found.text


def test_each_pair_shows_the_methods_that_it_has_and_all_their_numbers(compared):
    found = Page(write_page(compared, GRID))
    assert "4 pairs: classic and dual" in found.text
    assert len(found.all("article")) == 4
    for record in records_in(compared):
        for method in record.runs:
            for column in COLUMNS:
                value = record.final(method)[column]
                assert (f"{value:.4f}" if abs(value) < 0.01 else f"{value:.3f}") in found.text
    for measure in COLUMNS.values():
        assert measure.label in found.text
        assert measure.note in found.text


def test_the_scale_of_the_bands_is_stated(compared):
    text = Page(write_page(compared, GRID)).text
    assert "Low is a Gaussian blur of 4 px." in text
    assert "mid-gray is 0, black -1/2, white +1/2" in text


def test_pairs_made_with_other_settings_are_left_out_and_counted(compared):
    other = replace(GRID, settings=replace(GRID.settings, steps=2))
    text = Page(write_page(compared, other)).text
    assert "No pairs yet" in text
    assert "4 pairs in this folder, made with other settings, left out." in text


def test_an_empty_comparison_has_a_page_too(tmp_path):
    text = Page(write_page(tmp_path, GRID)).text
    assert "Nothing has reached its end so far." in text
    assert (tmp_path / "metrics.csv").exists()


def test_a_damaged_picture_and_a_run_without_its_files_do_not_keep_the_others_from_the_page(compared):
    first, second = records_in(compared)[:2]
    damaged, gone = first.folder / "content_high.png", second.folder / "classic.png"
    before = damaged.read_bytes(), gone.read_bytes()
    damaged.write_bytes(b"nonsense")
    gone.unlink()
    found = Page(write_page(compared, GRID))
    assert len(found.all("article")) == (4 if len(second.runs) > 1 else 3)
    assert all((compared / unquote(each["src"])).is_file() for each in found.all("img"))
    damaged.write_bytes(before[0])
    gone.write_bytes(before[1])


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_whose_bytes_are_no_text_neither_spoil_the_page_nor_its_addresses(tmp_path):
    name = "caf\udce9_wave"  # as Latin-1 on a disk that expects UTF-8
    rows = [{"step": 1, "scale": 1.0, **dict.fromkeys(COLUMNS, 0.0)}]
    record = pairs.Record(tmp_path / name, "caf\udce9", "wave", ["", ""], {}, {"classic": rows})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "records_in", lambda *_: [record])
        found = Page(write_page(tmp_path, GRID, {"caf\udce9.png is damaged.": ["x"]}))
    assert "caf\\udce9 in the style of wave" in found.text
    assert "caf\\udce9.png is damaged." in found.text
    assert found.all("img")[0]["src"] == "caf%E9_wave/content.png"
    assert "caf\\udce9,wave,classic" in (tmp_path / "metrics.csv").read_text(encoding="utf-8")
