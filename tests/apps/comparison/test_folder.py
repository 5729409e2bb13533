"""What a comparison may replace in its folder: what it made, and nothing else."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nstlib.apps.comparison import pairs
from nstlib.apps.comparison.folder import check_ours, outputs_of, space_for, without_results
from nstlib.apps.comparison.page import write_page
from nstlib.apps.comparison.pairs import make, make_grid, missing, pairs_of
from nstlib.apps.study.grid import Settings
from nstlib.errors import ImageError
from nstlib.features import load_network
from nstlib.images import save_image

SETTINGS = Settings("tiny", 32, 1)


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def files(tmp_path):
    return [save_image(torch.rand(3, 24, 28), tmp_path / f"{name}.png") for name in ("cat", "wave")]


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def check(files, out):
    """Ask whether a comparison by these methods may write, and return its only pair and its grid."""

    def asked(*methods, settings=SETTINGS):
        grid = make_grid(files[:1], files[1:], methods, settings)
        (pair,) = pairs_of(grid, out)
        check_ours(outputs_of([pair], methods, out), out)
        return pair, grid

    return asked


def run(pair, method, network, grid):
    list(make(pair, method, network, grid))


def test_all_that_is_written_was_told_before(check, network, out, files):
    pair, grid = check("classic", "dual")
    told = {output.path for output in outputs_of([pair], grid.methods, out)}
    for method in grid.methods:
        run(pair, method, network, grid)
    write_page(out, grid)
    assert {path for path in out.rglob("*") if path.is_file()} == told


def test_pictures_of_other_methods_are_told_too_as_a_run_may_remove_them(check, network, out):
    pair, grid = check("dual")
    run(pair, "dual", network, grid)
    told = {output.path.name for output in outputs_of([pair], ["classic"], out)}
    assert {"classic.png", "dual.png", "dual_low.png"} <= told


def test_what_a_comparison_made_it_may_replace(check, network, out):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    write_page(out, grid)
    check("classic", "dual")
    check("classic", settings=replace(SETTINGS, steps=2))


@pytest.mark.parametrize(
    "name", ["index.html", "metrics.csv", *(f"cat_wave/{name}" for name in ("dual.png", "dual_low.png", "losses.csv"))]
)
def test_what_it_did_not_make_is_refused(check, out, name):
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    with pytest.raises(
        ImageError, match=f"{Path(name).name} is there already, and nst compare does not know it as its"
    ):
        check("classic", "dual")


def test_a_picture_that_somebody_else_put_into_a_pairs_folder_stays(check, network, out):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    (pair.folder / "dual.png").write_text("mine")
    check("classic")
    with pytest.raises(ImageError, match=r"dual.png is there already"):
        check("classic", "dual")


def test_a_page_of_an_older_version_is_known_by_its_last_lines(check, network, out):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    page = write_page(out, grid)
    mark = '<meta name="generator" content="nst compare">\n'
    text = page.read_text(encoding="utf-8")
    assert mark in text
    page.write_text(text.replace(mark, ""), encoding="utf-8")
    check("classic")
    record = json.loads((pair.folder / "pair.json").read_text())
    del record["touched"]
    (pair.folder / "pair.json").write_text(json.dumps(record))
    check("classic", settings=replace(SETTINGS, steps=2))


@pytest.mark.parametrize("killed_at", range(9))
@pytest.mark.parametrize("before", [False, True])
def test_killed_while_a_run_is_kept_it_goes_on(check, network, out, monkeypatch, killed_at, before):
    pair, grid = check("classic", "dual")
    if before:
        run(pair, "classic", network, grid)
    calls = iter(range(100))

    def killed(image, path):
        if next(calls) == killed_at:
            raise KeyboardInterrupt
        return save_image(image, path)

    monkeypatch.setattr(pairs, "save_image", killed)
    with pytest.raises(KeyboardInterrupt):
        run(pair, "dual", network, grid)
    again, _ = check("classic", "dual")
    assert missing(again, grid) == (["dual"] if before else ["classic", "dual"])


def test_killed_while_an_older_run_is_removed_it_goes_on(check, files, network, out, monkeypatch):
    pair, grid = check("classic", "dual")
    for method in grid.methods:
        run(pair, method, network, grid)
    save_image(torch.rand(3, 24, 28), files[0])  # another picture by the same name
    again, _ = check("classic", "dual")
    monkeypatch.setattr(pairs, "names_of", lambda picture: (f"{picture}.png",))  # the bands stay, as if killed here
    monkeypatch.setattr(pairs, "save_image", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(again, "classic", network, grid)
    monkeypatch.undo()
    assert sorted(path.name for path in again.folder.glob("dual*")) == ["dual_high.png", "dual_low.png"]
    check("classic", "dual")


def test_a_record_cannot_name_files_outside_its_folder(check, network, out):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    record = json.loads((pair.folder / "pair.json").read_text())
    record["touched"].append("../../cat")
    (pair.folder / "pair.json").write_text(json.dumps(record))
    assert pairs.read_record(pair.folder) is None
    with pytest.raises(ImageError, match=r"is there already"):
        check("classic")


@pytest.mark.parametrize(
    ("key", "value"), [("content", 5), ("settings", []), ("runs", {"classic": [{"ssim": "much"}]}), ("runs", [])]
)
def test_a_record_of_odd_values_is_none(check, network, key, value):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    record = json.loads((pair.folder / "pair.json").read_text())
    if key == "runs" and value:
        value = {"classic": [{**record["runs"]["classic"][0], **value["classic"][0]}]}
    (pair.folder / "pair.json").write_text(json.dumps({**record, key: value}))
    assert pairs.read_record(pair.folder) is None


def test_results_are_no_contents_of_the_same_comparison(check, network, out, files):
    pair, grid = check("classic")
    run(pair, "classic", network, grid)
    (pair.folder / "other.png").write_bytes(files[0].read_bytes())
    found = sorted(path for path in pair.folder.iterdir() if path.suffix == ".png")
    assert len(found) == 10
    assert without_results([*found, *files], out) == [pair.folder / "other.png", *files]
    assert without_results(found, out.parent) == found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_by_a_records_name_is_not_waited_for(out):
    (out / "cat_wave").mkdir()
    os.mkfifo(out / "cat_wave" / "pair.json")
    assert pairs.records_in(out) == []


def test_space_is_that_of_all_pictures_and_their_bands(check):
    pair, _ = check("classic")
    assert space_for([(pair, "classic")], 100) == 9 * 100**2 * 2
    assert space_for([(pair, "classic"), (pair, "dual")], 100) == 12 * 100**2 * 2
