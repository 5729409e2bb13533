"""Comparisons: what is complete is not made again, what is not is; tables and bands are what the library says."""

from __future__ import annotations

import csv
import json
import math
import os
from dataclasses import replace

import pytest
import torch

from nstlib.apps.comparison import pairs
from nstlib.apps.comparison.pairs import (
    COLUMNS,
    SHOWN,
    SIGMA,
    Record,
    check_folder,
    difference,
    make,
    make_grid,
    mean_of,
    methods_in,
    missing,
    pairs_of,
    read_record,
    records_in,
    write_metrics,
)
from nstlib.apps.study.grid import Settings
from nstlib.apps.study.measure import Yardstick
from nstlib.dual import stylize_dual
from nstlib.errors import ChoiceError, ImageError, ResumeError
from nstlib.features import load_network
from nstlib.frequency import high_pass, low_pass
from nstlib.images import load_image, save_image
from nstlib.metrics import chroma_noise, color_distance, edge_ssim, held_out_distance, ssim

SETTINGS = Settings(size=32, steps=22, network="tiny")


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


@pytest.fixture
def files(tmp_path, rng):
    """Two contents and a style, of sizes that differ from each other."""
    found = {}
    for name, shape in (("cat", (3, 24, 32)), ("dog", (3, 40, 30)), ("wave", (3, 32, 28))):
        found[name] = tmp_path / f"{name}.png"
        save_image(torch.rand(shape, generator=rng), found[name])
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def cat_in_wave(files, methods=("classic", "dual"), *, settings=SETTINGS, **options):
    return make_grid([files["cat"]], [files["wave"]], methods, settings, **options)


@pytest.fixture
def grid(files):
    return cat_in_wave(files)


@pytest.fixture
def pair(grid, folder):
    return pairs_of(grid, folder)[0]


@pytest.fixture
def run(pair, network, files):
    """Make the run of a method, of that pair and in that grid unless others are given, and return its steps."""

    def make_all(method, *, grid=None, pair=pair):
        return list(make(pair, method, network, cat_in_wave(files, ["classic", method]) if grid is None else grid))

    return make_all


# Runs -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["classic", "dual", "luminance"])
def test_the_result_is_the_librarys_last_step(pair, run, network, files, method, tmp_path):
    run(method)
    content, style = (load_image(files[name], size=32) for name in ("cat", "wave"))
    *_, last = stylize_dual(content, style, network, method=method, steps=22, tolerance=0.0)
    save_image(last.image, tmp_path / "expected.png")
    assert (pair.folder / f"{method}.png").read_bytes() == (tmp_path / "expected.png").read_bytes()


def test_the_bands_of_each_picture_are_written_around_mid_gray_and_give_the_picture_back(pair, run):
    run("dual")
    for name in ("content", "style", "dual"):
        whole, low, high = (load_image(pair.folder / f"{name}{end}.png") for end in ("", "_low", "_high"))
        torch.testing.assert_close(low, low_pass(whole, SIGMA), atol=1.5 / 255, rtol=0)
        shown = (high_pass(whole, SIGMA) + 0.5).clamp(0, 1)
        torch.testing.assert_close(high, shown, atol=1.5 / 255, rtol=0)
        inside = (shown > 0) & (shown < 1)
        assert inside.float().mean() > 0.9
        torch.testing.assert_close((low + high - 0.5)[inside], whole[inside], atol=3 / 255, rtol=0)


def test_the_table_has_a_row_every_20_steps_and_one_for_the_end_of_each_method(pair, run):
    steps = {method: run(method) for method in ("classic", "dual")}
    with (pair.folder / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], row["step"]) for row in rows] == [
        (method, step) for method in ("classic", "dual") for step in ("0", "20", "22")
    ]
    for row in rows:
        step = steps[row["method"]][int(row["step"])]
        for name in ("total", "content", "style", "tv"):
            assert float(row[name]) == pytest.approx(getattr(step, name), rel=1e-5, abs=1e-12)
    # Classic's losses are the common yardstick: of its own picture they are its own, up to Winograd's and bytes' rounding.
    for row in rows[:3]:
        assert float(row["classic_content"]) == pytest.approx(float(row["content"]), rel=1e-4, abs=1e-9)
        assert float(row["classic_style"]) == pytest.approx(float(row["style"]), rel=1e-4)
    # dual counts the same Gram matrices 1.7 times, and those of luminance besides.
    assert float(rows[3]["style"]) > 1.7 * float(rows[3]["classic_style"]) > 0


def test_the_measures_are_those_of_the_metrics_module(network, rng):
    image, content = torch.rand(2, 1, 3, 24, 32, generator=rng)
    style = torch.rand(1, 3, 30, 30, generator=rng)
    found = Yardstick(content, style, network)(image)
    assert {name: found[name] for name in SHOWN} == {
        "ssim": ssim(image, content).item(),
        "edge_ssim": edge_ssim(image, content).item(),
        "gram": held_out_distance(image, style, network),
        "gram_gray": held_out_distance(image, style, network, gray=True),
        "color_to_content": color_distance(image, content),
        "color_to_style": color_distance(image, style),
        "chroma_noise": chroma_noise(image),
    }


def test_every_run_takes_all_its_steps_even_if_nothing_moves(run, files):
    # From the content, with nothing to do but smooth.
    still = cat_in_wave(files, settings=replace(SETTINGS, steps=50), style_weight=0.0)
    assert run("classic", grid=still)[-1].index == 50


# What is there ----------------------------------------------------------------------------------------------------------


def test_what_is_complete_is_not_missing_and_each_method_counts_by_itself(pair, grid, run, files):
    assert missing(pair, grid) == ["classic", "dual"]
    run("classic")
    assert missing(pair, grid) == ["dual"]
    run("dual")
    assert missing(pair, grid) == []
    assert missing(pair, cat_in_wave(files, ["lapstyle", "classic"])) == ["lapstyle"]


def test_a_run_that_is_left_early_leaves_nothing(pair, grid, network):
    for step in make(pair, "classic", network, grid):
        if step.index == 21:
            break
    assert not pair.folder.exists()


def test_a_run_that_cannot_be_written_is_missing_and_the_others_stay(pair, grid, run, monkeypatch):
    run("classic")

    def full(_image, path):
        raise ImageError(f"{path} cannot be written: No space left on device.")

    monkeypatch.setattr(pairs, "save_image", full)
    with pytest.raises(ImageError, match="No space left"):
        run("dual")
    assert missing(pair, grid) == ["dual"]


@pytest.mark.parametrize("file", ["classic.png", "classic_high.png", "content_low.png", "losses.csv", "pair.json"])
def test_a_run_whose_file_is_gone_is_missing(pair, run, files, file):
    run("classic")
    (pair.folder / file).unlink()
    assert missing(pair, cat_in_wave(files, ["classic"])) == ["classic"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": 99}', b"\xff\xfe", '{"format": 1, "nstlib": "0", "more": 1}'],
)
def test_a_damaged_record_is_none(pair, run, files, text):
    run("classic")
    (pair.folder / "pair.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert read_record(pair.folder) is None
    assert missing(pair, cat_in_wave(files, ["classic"])) == ["classic"]


@pytest.mark.parametrize("rows", [[], [{"step": 0}], None])
def test_a_record_without_its_rows_is_none(pair, run, rows):
    run("classic")
    stored = json.loads((pair.folder / "pair.json").read_text())
    stored["runs"]["classic"] = rows
    (pair.folder / "pair.json").write_text(json.dumps(stored))
    assert read_record(pair.folder) is None


def test_a_picture_that_has_changed_is_made_anew_and_what_was_made_of_the_old_one_is_forgotten(
    files, folder, grid, pair, run
):
    run("classic")
    run("dual")
    save_image(torch.rand(1, 3, 24, 32), files["cat"])
    again = pairs_of(grid, folder)[0]
    assert missing(again, grid) == ["classic", "dual"]
    run("classic", pair=again)
    assert methods_in(records_in(folder)) == ["classic"]
    assert not (pair.folder / "dual.png").exists()


def test_a_folder_made_with_other_settings_is_refused_and_says_what_differs(folder, grid, run, files):
    run("classic")
    check_folder(folder, grid)
    with pytest.raises(ResumeError, match=r"cat_wave was made with other settings: steps was 22, now 30\. Repeat them"):
        check_folder(folder, cat_in_wave(files, settings=replace(SETTINGS, steps=30)))
    with pytest.raises(ResumeError, match="style_weight was 10.0, now 3.0, seed was 0, now 1. .* --replace"):
        check_folder(folder, cat_in_wave(files, style_weight=3.0, seed=1))


def test_with_other_settings_a_pair_is_missing_and_its_record_replaced(folder, grid, pair, run, files):
    run("classic")
    other = cat_in_wave(files, ["classic"], settings=replace(SETTINGS, steps=2))
    assert missing(pair, other) == ["classic"]
    run("classic", grid=other)
    assert records_in(folder, grid) == []
    assert records_in(folder, other)[0].final("classic")["step"] == 2


# Names ------------------------------------------------------------------------------------------------------------------


def test_pairs_are_named_after_their_files_and_no_two_share_a_folder(tmp_path, rng, folder):
    paths = {}
    for name in ("a/cat.png", "b/cat.png", "b/Cat.jpg", "a/x.png", "a/x_y.png", "a/z.png", "a/y_z.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        paths[name] = save_image(torch.rand(3, 20, 20, generator=rng), tmp_path / name)
    contents = [paths[name] for name in ("a/cat.png", "b/cat.png", "b/Cat.jpg", "a/cat.png")]
    grid = make_grid(contents, [paths["a/x.png"]], ["classic"], SETTINGS)
    assert [pair.content for pair in pairs_of(grid, folder)] == ["cat", "cat-2", "Cat-3"]
    x, x_y, z, y_z = (paths[f"a/{name}.png"] for name in ("x", "x_y", "z", "y_z"))
    found = pairs_of(make_grid([x, x_y], [y_z, z], ["classic"], SETTINGS), folder)  # x + y_z, x_y + z
    assert sorted(pair.folder.name for pair in found) == ["x_y_y_z", "x_y_z", "x_y_z-2", "x_z"]


def test_a_folders_name_is_text_of_at_most_240_bytes_and_the_same_each_time(tmp_path, rng, folder):
    names = ["n" * 250, "n" * 249 + "m", "é" * 120, "a\nb\x1b[0m"] + ([] if os.name == "nt" else ["caf\udce9"])
    paths = [tmp_path / f"{name}.png" for name in names]
    for path in paths:
        save_image(torch.rand(3, 20, 20, generator=rng), tmp_path / "x.png").rename(path)
    found = [pair.folder.name for pair in pairs_of(make_grid(paths, paths, ["classic"], SETTINGS), folder)]
    assert len(set(found)) == len(names) ** 2
    for name in found:
        assert len(name.encode()) <= 240
        assert name.isprintable()
    again = pairs_of(make_grid(paths[1:2], paths[2:3], ["classic"], SETTINGS), folder)
    assert [pair.folder.name for pair in again] == [found[len(names) + 2]]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_file_by_two_names_counts_once_and_a_link_to_itself_is_no_end(files, tmp_path):
    os.link(files["cat"], tmp_path / "hard.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    grid = make_grid([files["cat"], tmp_path / "hard.png", tmp_path / "loop.png"], [], ["classic"], SETTINGS)
    assert list(grid.contents) == ["cat", "loop"]


def test_every_content_meets_every_style(files, folder):
    grid = make_grid([files["cat"], files["dog"]], [files["wave"], files["cat"]], ["classic"], SETTINGS)
    names = [(pair.content, pair.style) for pair in pairs_of(grid, folder)]
    assert names == [("cat", "wave"), ("cat", "cat"), ("dog", "wave"), ("dog", "cat")]


# Over all pairs ---------------------------------------------------------------------------------------------------------


def record_of(folder, content, style, **finals):
    """Return a record whose methods end with that SSIM."""
    rows = {
        method: [{"step": 1, "scale": 1.0, **dict.fromkeys(COLUMNS, 0.0), "ssim": value}]
        for method, value in finals.items()
    }
    return Record(folder / f"{content}_{style}", content, style, ["", ""], {}, rows)


def test_a_difference_is_taken_pair_by_pair_where_both_methods_are_there(tmp_path):
    records = [
        record_of(tmp_path, "cat", "wave", classic=0.2, dual=0.5),
        record_of(tmp_path, "cat", "dots", classic=0.4, dual=0.3),
        record_of(tmp_path, "dog", "wave", classic=0.9),
    ]
    interval, higher, compared = difference(records, "dual", "classic", "ssim")
    assert interval.mean == pytest.approx(0.1)
    assert (higher, compared) == (1, 2)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert mean_of(records, "classic", "ssim") == pytest.approx(0.5)
    assert math.isnan(mean_of(records, "lapstyle", "ssim"))
    assert difference(records, "lapstyle", "classic", "ssim") is None


def test_an_interval_needs_three_contents_and_three_styles_and_holds_the_mean(tmp_path, rng):
    records = [
        record_of(tmp_path, content, style, classic=0.0, dual=0.1 + torch.rand(1, generator=rng).item() / 10)
        for content in "abc"
        for style in "xyz"
    ]
    interval = difference(records, "dual", "classic", "ssim")[0]
    assert 0.1 < interval.low < interval.mean < interval.high < 0.2
    assert math.isnan(difference(records[:6], "dual", "classic", "ssim")[0].low)


def test_the_table_of_all_runs_has_the_last_row_of_each(folder, run):
    run("classic")
    run("dual")
    records = records_in(folder)
    with write_metrics(folder, records).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["content_name"], row["style_name"], row["method"], row["step"]) for row in rows] == [
        ("cat", "wave", "classic", "22"),
        ("cat", "wave", "dual", "22"),
    ]
    for row in rows:
        for name in SHOWN:
            assert float(row[name]) == pytest.approx(records[0].final(row["method"])[name], rel=1e-5)


# Refused input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 8}, "size must be a whole number of at least 16, got 8."),
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0."),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1."),
        ({"init": "style"}, "There is no init 'style'."),
        ({"network": "vgg11"}, "There is no network 'vgg11'."),
        ({"size": 99999999}, "size must be a whole number of at most 10,000, got 99999999."),
        ({"steps": 10**9}, "steps must be a whole number of at most 1,000,000"),
        ({"seed": 2**63}, r"seed must be a whole number of at most 2\*\*63 - 1"),
        ({"style_weight": 1e300}, r"style_weight must be a number up to 3.4e\+38"),
        ({"style_weight": math.nan}, "style_weight must be a finite number, 0 or larger, got nan."),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    ours = {name: value for name, value in change.items() if hasattr(SETTINGS, name)}
    others = {name: value for name, value in change.items() if name not in ours}
    with pytest.raises(ChoiceError, match=message):
        make_grid([], [], ["classic"], replace(SETTINGS, **ours), **others)


def test_methods_are_checked_and_count_once():
    assert list(make_grid([], [], ["dual", "classic", "dual"], SETTINGS).methods) == ["dual", "classic"]
    with pytest.raises(
        ChoiceError, match="There is no method 'duel'. Choose one of: classic, lapstyle, dual, luminance."
    ):
        make_grid([], [], ["duel"], SETTINGS)
    with pytest.raises(ChoiceError, match="A comparison needs a method. Choose from: classic"):
        make_grid([], [], [], SETTINGS)
