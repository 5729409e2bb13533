"""Explorers by themselves, on a page that holds nothing else: their numbers, driven by mouse, keys and fingers.

What holds for all explorers is tested where they stand, in ``test_explorers_on_pages.py``.
"""

from __future__ import annotations

import io
import math
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import PAGE, watched
from PIL import Image
from sampling import one_in

from nstlib import metrics
from nstlib.analysis import matched_differences, mean_curve
from nstlib.apps.server import make_folder_server
from nstlib.features import CAFFE
from nstlib.training import load_snapshots
from nstlib.widgets import (
    explore_deconvnet,
    explore_inversion,
    explore_losses,
    explore_occlusion,
    explore_optimization,
    explore_patches,
    explore_pixels,
    explore_tradeoffs,
    explore_training,
)
from nstlib.widgets.explorer import FOLDER, style_names
from nstlib.widgets.losses import OTHER, START, STRENGTHS, as_square, changed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "widgets"))
from inputs import LAYERS, SHALLOW, TINY, compared, covered_answers, inverted, made_up, painted, strongest

pytestmark = pytest.mark.browser


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


PHOTO = torch.rand(1, 3, 40, 60, generator=generator())
RUNS = {"classic": painted(generator(), 6), "dual": painted(generator(), 4, start=5.0)}
BYTES = (255 * PHOTO[0]).round().byte().permute(1, 2, 0).numpy()  # (40, 60, 3)
EXPLORERS = {
    "pixels": lambda: explore_pixels(PHOTO, at=(20, 30), static=True),
    "tradeoffs": lambda: explore_tradeoffs(made_up(), static=True),
    "training": lambda: explore_training(load_snapshots(), static=True),
    "inversion": lambda: explore_inversion(PHOTO, inverted(PHOTO, generator()), static=True),
    "optimization": lambda: explore_optimization(RUNS, static=True),
    "thinned": lambda: explore_optimization(
        {"classic": [RUNS["classic"][k] for k in (0, 1, 4, 5)], "dual": RUNS["dual"]},
        curves={"style": "style loss"},
        title="From noise",
        step=3,
        static=True,
    ),
    "patches": lambda: explore_patches(*strongest(generator()), static=True),
    "deconvnet": lambda: explore_deconvnet(PHOTO, {"one": TINY}, "relu2_1", (3, 4), static=True),
    "occlusion": lambda: explore_occlusion(*covered_answers(generator()), size=9, stride=7, static=True),
    "losses": lambda: explore_losses(TINY, compared(PHOTO), layers=SHALLOW, static=True),
}
PLAYERS = ["training", "inversion", "optimization", "deconvnet"]
READY = ".nst-page[data-live]"


@pytest.fixture(scope="session")
def shelf(tmp_path_factory, serving):
    """A folder that is served, with what explorers load, and its address."""
    folder = tmp_path_factory.mktemp("shelf")
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    with serving(make_folder_server(folder)) as address:
        yield folder, address


@pytest.fixture
def alone(chromium, shelf):
    """Open an explorer: ``with alone("tradeoffs", width=360) as it``; no problem on the page at the end."""
    folder, address = shelf

    @contextmanager
    def opened(name: str, **options):
        if not (folder / f"{name}.html").exists():
            page = EXPLORERS[name]()
            sheets = "".join(f'<link rel="stylesheet" href="{one}.css">' for one in style_names(page.name))
            body = f'{page._repr_html_()}<script type="module" src="kit/mount.js"></script>'
            (folder / f"{name}.html").write_text(PAGE.format(head=sheets, body=body), encoding="utf-8")
        with watched(chromium, f"{address}/{name}.html", **options) as visited:
            visited.page.locator(READY).wait_for()
            yield visited.page.locator(".nst-explorer")

    return opened


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, minus signs real ones."""
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text.replace("\N{MINUS SIGN}", "-"))]


def pixels(canvas) -> list[int]:
    """Return the bytes of a canvas: red, green, blue and alpha."""
    return canvas.evaluate("(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]")


def set_slider(slider, value: float) -> None:
    """Move a slider as a drag does."""
    slider.evaluate("(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true })); }", value)


# --- those that play --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", one_in(2, PLAYERS))
def test_play_goes_to_the_end_and_pause_stops(alone, name):
    with alone(name) as it:
        slider = it.locator(".nst-player input")
        last = int(slider.get_attribute("max"))
        set_slider(slider, last - 2)
        play = it.get_by_role("button", name="Play")
        play.click()
        it.get_by_role("button", name="Pause").click()
        stopped = slider.input_value()
        it.page.wait_for_timeout(1200)
        assert slider.input_value() == stopped
        play.click()
        it.page.wait_for_function("([e, last]) => Number(e.value) === last", arg=[slider.element_handle(), last])
        assert play.is_visible()
        play.click()
        it.page.wait_for_timeout(100)
        assert int(slider.input_value()) <= 1  # from the beginning


@pytest.mark.parametrize("name", PLAYERS)
def test_where_less_motion_is_asked_for_there_are_steps_only(alone, name):
    with alone(name, reduced_motion="reduce") as it:
        assert it.get_by_role("button", name="Play").count() == 0
        slider = it.locator(".nst-player input")
        set_slider(slider, 1)
        it.get_by_role("button", name="Next").click()
        assert slider.input_value() == "2"
        it.get_by_role("button", name="Back").click()
        assert slider.input_value() == "1"


# --- pixels -------------------------------------------------------------------------------------------------------------

READ = {  # a way of reading, to what bytes (H, W, 3) are then: planes (3, H, W)
    "as written": lambda pixels: torch.from_numpy(pixels).permute(2, 0, 1) / 255,
    "blue first": lambda pixels: torch.from_numpy(pixels).permute(2, 0, 1).flip(0) / 255,
    "color by color": lambda pixels: torch.from_numpy(pixels).reshape(3, *pixels.shape[:2]) / 255,
    "for a network": lambda pixels: CAFFE(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0],
}


def assert_shown(it, planes, scale) -> None:
    """Compare photo and magnifier, which begins at (16, 26), with planes (3, 40, 60); it writes them times ``scale``."""
    it.page.wait_for_timeout(100)
    seen = (255 * planes.clamp(0, 1)).round().permute(1, 2, 0)  # (40, 60, 3)
    photo, lens = (torch.tensor(pixels(it.locator("canvas").nth(k))) for k in (0, 1))
    assert (photo.view(40, 60, 4)[..., :3] - seen).abs().max() <= 1
    assert (lens.view(8, 8, 4)[..., :3] - seen[16:24, 26:34]).abs().max() <= 1
    written = [numbers(text) for text in it.locator(".nst-digits span").all_text_contents()]
    wanted = scale * planes.permute(1, 2, 0)[16:24, 26:34].reshape(64, 3)
    step = 0.01 if scale == 1 and planes.max() <= 1 else 1  # two decimals, or whole numbers
    assert (torch.tensor(written) - wanted).abs().max() <= 0.51 * step


@pytest.mark.parametrize("reading", READ)
def test_each_reading_shows_of_the_same_bytes_what_torch_makes_of_them(alone, reading):
    with alone("pixels") as it:
        it.get_by_role("radio", name=reading).check()
        assert_shown(it, READ[reading](BYTES), 1 if reading == "for a network" else 255)


def test_what_is_added_wraps_around_in_bytes_and_is_clamped_in_floats(alone):
    clamped = (READ["as written"](BYTES) + 90 / 255).clamp(0, 1)
    with alone("pixels") as it:
        set_slider(it.get_by_role("slider", name="add to each number"), 90)
        assert_shown(it, READ["as written"](BYTES + np.uint8(90)), 255)
        share = numbers(it.locator(".nst-share").inner_text())[0]
        assert share == pytest.approx(100 * float((BYTES > 165).mean()), abs=0.051)
        it.get_by_role("radio", name="floats").check()
        assert_shown(it, clamped, 1)
        it.get_by_role("radio", name="color by color").check()
        assert_shown(it, clamped.permute(1, 2, 0).reshape(3, 40, 60), 1)


@pytest.mark.parametrize("reading", one_in(4, READ))
def test_a_slider_changes_the_number_that_is_read_there(alone, reading):
    """What is changed is the byte, wherever it was written: read as it was, the photo shows it there."""
    places = torch.arange(BYTES.size, dtype=torch.float32).view(40, 60, 3).numpy()
    index = READ[{"for a network": "blue first"}.get(reading, reading)](places)[2, 20, 30] * 255
    changed = BYTES.copy()
    changed.flat[round(float(index))] ^= 128
    with alone("pixels") as it:
        it.get_by_role("radio", name=reading).check()
        slider = it.get_by_role("slider", name="blue")
        assert int(slider.input_value()) == BYTES.flat[round(float(index))]
        set_slider(slider, int(slider.input_value()) ^ 128)
        assert_shown(it, READ[reading](changed), 1 if reading == "for a network" else 255)
        it.get_by_role("radio", name="as written").check()
        assert_shown(it, READ["as written"](changed), 255)
        it.get_by_role("button", name="Reset").click()
        assert_shown(it, READ["as written"](BYTES), 255)


def test_one_channel_is_shown_in_gray_by_itself(alone):
    with alone("pixels") as it:
        for c, name in enumerate(("red", "green", "blue")):
            it.get_by_role("radio", name=name, exact=True).check()
            wanted = BYTES[16:24, 26:34, c].flatten().tolist()
            assert [int(text) for text in it.locator(".nst-digits span").all_text_contents()] == wanted
            shown = pixels(it.locator("canvas").nth(1))
            assert shown[::4] == shown[1::4] == shown[2::4] == wanted


def chosen(it) -> list[float]:
    """Return row and column of the chosen pixel, which both pictures and the line above the sliders name alike."""
    photo, lens = it.locator(".nst-cursor").all()
    assert photo.get_attribute("aria-valuetext") == lens.get_attribute("aria-valuetext")
    place = numbers(photo.get_attribute("aria-valuetext"))
    assert numbers(it.locator(".nst-legend").last.inner_text()) == place[:2]
    assert place[2:] == BYTES[int(place[0]), int(place[1])].tolist()
    return place[:2]


def test_keys_move_the_window_over_the_photo_and_choose_a_pixel_in_it(alone):
    with alone("pixels") as it:
        photo, lens = it.locator(".nst-cursor").all()
        assert chosen(it) == [20, 30]
        photo.focus()
        photo.press("ArrowRight")
        photo.press("Shift+ArrowUp")
        assert chosen(it) == [10, 31]
        assert numbers(it.locator(".nst-mark").first.get_attribute("style"))[:2] == pytest.approx([15, 45])  # percent
        lens.focus()
        lens.press("ArrowDown")
        lens.press("Home")
        assert chosen(it) == [11, 27]
        assert numbers(it.locator(".nst-mark").first.get_attribute("style"))[:2] == pytest.approx([15, 45])
        photo.press("PageUp")
        photo.press("Home")
        assert chosen(it) == [0, 0]
        assert numbers(it.locator(".nst-mark").first.get_attribute("style"))[:2] == [0, 0]


def test_a_picture_smaller_than_the_window_is_shown_whole_and_forgets_what_was_changed(alone):
    tiny = np.arange(45, dtype=np.uint8).reshape(3, 5, 3) * 5  # three rows of five pixels
    buffer = io.BytesIO()
    Image.fromarray(tiny).save(buffer, "PNG")
    with alone("pixels") as it:
        set_slider(it.get_by_role("slider", name="red"), 0)
        file = {"name": "tiny.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
        it.locator('input[type="file"]').set_input_files([file])
        it.get_by_text("tiny.png, 5 × 3").wait_for()
        it.page.wait_for_timeout(100)
        for k in (0, 1):
            assert pixels(it.locator("canvas").nth(k)) == np.dstack([tiny, np.full((3, 5), 255)]).flatten().tolist()
        written = [numbers(text) for text in it.locator(".nst-digits span").all_text_contents()]
        assert written == tiny.reshape(15, 3).tolist()


def test_a_finger_takes_the_magnifier_along_and_taps_a_pixel_in_it(alone):
    with alone("pixels", width=360, has_touch=True) as it:
        photo, lens = it.locator(".nst-cursor").all()
        for stage, x, y, place in ((photo, 0.99, 0.99, [39, 59]), (lens, 0.3, 0.7, [37, 54])):
            stage.scroll_into_view_if_needed()
            box = stage.bounding_box()
            it.page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])
            assert chosen(it) == place


# --- style against content ----------------------------------------------------------------------------------------------


def column(it, place: int) -> dict[str, float]:
    """Return a column of the table of numbers, by method."""
    rows = it.locator("tbody tr").all()
    values = [row.locator("td").nth(place).get_attribute("data-value") for row in rows]
    return {row.get_attribute("data-method"): float(value) for row, value in zip(rows, values, strict=True)}


def line_at(it) -> float:
    return numbers(it.get_by_role("slider", name="at this distance").get_attribute("aria-valuetext"))[0]


def test_the_table_reads_the_mean_curves_off_at_the_line_and_compares_pair_by_pair(alone):
    table = made_up()
    with alone("tradeoffs") as it:
        for place in (60, 110, 150):
            set_slider(it.get_by_role("slider", name="at this distance"), place)
            for method, got in column(it, 0).items():
                wanted = metrics.content_at_style(*mean_curve(table, method, "ssim"), at=line_at(it))
                assert got == pytest.approx(wanted, abs=2e-4, nan_ok=True)  # the line's place is read as four digits
        for method, got in column(it, 2).items():
            differences = matched_differences(table, method, "classic", "ssim")
            wanted = np.nanmean(differences) if np.isfinite(differences).any() else math.nan
            assert got == pytest.approx(wanted, abs=1e-4, nan_ok=True)


def test_another_pair_measure_and_baseline_give_their_own_numbers(alone):
    table = made_up()
    with alone("tradeoffs") as it:
        it.get_by_role("combobox", name="Pair").select_option(label="b, y")
        it.get_by_role("combobox", name="Compared with").select_option(label="loud")
        it.get_by_role("radio", name="distance of structure").check()
        it.get_by_role("radio", name="in luminance").check()
        got = column(it, 2)
        for method in table.methods:
            curves = [table.curve("b", "y", name, "structure", by="gram_gray") for name in (method, "loud")]
            wanted = metrics.matched_style_difference(*curves[0], *curves[1])
            assert got[method] == pytest.approx(wanted, abs=1e-4, nan_ok=True)
        sign = it.locator('tbody tr[data-method="dual"] td').nth(2)
        assert sign.get_attribute("data-sign") == ("good" if got["dual"] < 0 else "bad")  # less is better here


def test_keys_walk_along_a_curve_and_across_to_other_methods(alone):
    table = made_up()
    with alone("tradeoffs") as it:
        plot = it.locator(".nst-plot")
        plot.focus()
        plot.press("Home")
        styles, contents = mean_curve(table, "classic", "ssim")
        for k in np.argsort(styles):
            said = plot.get_attribute("aria-valuetext")
            assert said.startswith("classic, weight")
            assert numbers(said)[-2:] == pytest.approx([styles[k], contents[k]], rel=1e-3)
            plot.press("ArrowRight")
        plot.press("ArrowDown")
        assert plot.get_attribute("aria-valuetext").startswith("loud")
        plot.press("ArrowUp")
        plot.press("ArrowUp")
        assert plot.get_attribute("aria-valuetext").startswith("dual")


def test_what_is_on_the_front_is_said_of_each_dot(alone):
    table = made_up()
    points, owners = [], []
    for method in table.methods:
        for x, y in zip(*table.curve("a", "z", method, "ssim"), strict=True):
            points.append((x, -y))
            owners.append(method)
    kept = metrics.pareto_front(np.array(points))
    with alone("tradeoffs") as it:
        it.get_by_role("combobox", name="Pair").select_option(label="a, z")
        plot, said = it.locator(".nst-plot"), set()
        plot.focus()
        for method in table.methods:
            while not plot.get_attribute("aria-valuetext").startswith(f"{method},"):
                plot.press("ArrowDown")
            plot.press("Home")
            for _ in range(4):
                text = plot.get_attribute("aria-valuetext")
                said.add((method, numbers(text)[-2], text.endswith("on the front")))
                plot.press("ArrowRight")
        wanted = {
            (owner, float(f"{x:.4g}"), bool(best)) for owner, (x, _), best in zip(owners, points, kept, strict=True)
        }
        assert said == wanted


def test_the_mouse_finds_a_dot_and_drags_the_line(alone):
    with alone("tradeoffs") as it:
        plot = it.locator(".nst-plot")
        it.page.wait_for_timeout(300)  # until it is drawn as wide as it stays
        dot = it.locator(".nst-plot .nst-dot").nth(9).bounding_box()
        it.page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
        assert plot.get_attribute("aria-valuetext").startswith("loud")
        box = plot.bounding_box()
        before = line_at(it)
        it.page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.9 * box["height"])
        it.page.mouse.down()
        it.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
        it.page.mouse.up()
        assert line_at(it) < before


def test_a_method_that_is_switched_off_leaves_chart_and_table(alone):
    with alone("tradeoffs") as it:
        dots = it.locator(".nst-plot .nst-dot")
        assert dots.count() == 16
        it.get_by_role("button", name="far").click()
        assert dots.count() == 12
        assert set(column(it, 0)) == {"dual", "classic", "loud"}
        for name in ("dual", "classic", "loud"):
            it.get_by_role("button", name=name).click()
        assert it.get_by_text("switch a method on").is_visible()
        it.get_by_role("button", name="dual").click()
        assert dots.count() == 4
        it.get_by_role("checkbox", name="every pair").check()
        assert it.locator(".nst-speck").count() == 24


# --- training -----------------------------------------------------------------------------------------------------------


def test_each_snapshot_shows_its_numbers_and_the_filters_own_turn(alone):
    snapshots = load_snapshots()
    with alone("training") as it:
        board = it.locator(".nst-cursor")
        board.focus()
        board.press("ArrowDown")
        board.press("ArrowRight")
        assert board.get_attribute("aria-valuetext") == "filter 7"
        for k, one in enumerate(snapshots):
            set_slider(it.locator(".nst-player input"), k)
            shown = [it.locator(f".nst-facts .nst-{name}").inner_text() for name in ("loss", "training", "held")]
            assert shown == [f"{one.loss:.2f}", f"{100 * one.accuracy:.0f}%", f"{100 * one.held_out:.0f}%"]
            if k:
                a, b = snapshots[k - 1].filters[7].flatten(), one.filters[7].flatten()
                turned = numbers(it.locator(".nst-turned").nth(k).inner_text())[0]
                assert turned == pytest.approx(1 - float(a @ b / a.norm() / b.norm()), abs=0.006)


def test_the_chart_and_the_history_choose_a_snapshot(alone):
    with alone("training") as it:
        slider = it.locator(".nst-player input")
        it.locator('.nst-moment[data-epoch="4"]').click()
        assert slider.input_value() == "3"
        box = it.locator(".nst-plot").bounding_box()
        it.page.mouse.click(box["x"] + 0.98 * box["width"], box["y"] + 50)
        assert slider.input_value() == "6"
        assert it.locator('.nst-moment[data-now="yes"]').get_attribute("data-epoch") == "32"


# --- inversion ----------------------------------------------------------------------------------------------------------


def middle(canvas) -> list[int]:
    """Return red, green and blue of the pixel in the middle of a canvas."""
    return canvas.evaluate(
        "(c) => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data].slice(0, 3)"
    )


def test_each_layer_shows_its_pictures_and_their_errors(alone):
    runs = inverted(PHOTO, generator())
    with alone("inversion") as it:
        assert np.abs(np.array(middle(it.locator("canvas").first)) - 255 * PHOTO[0, :, 20, 30].numpy()).max() <= 1
        for k, layer in enumerate(LAYERS):
            set_slider(it.locator(".nst-player input"), k)
            assert it.locator(".nst-player input").get_attribute("aria-valuetext") == layer
            for name, found in runs.items():
                panel, image = it.locator(f'.nst-inversion[data-run="{name}"]'), found[layer].image
                assert np.abs(np.array(middle(panel.locator("canvas"))) - 255 * image[0, :, 20, 30].numpy()).max() <= 1
                assert float(panel.locator(".nst-error").inner_text()) == pytest.approx(found[layer].error)
                off = float((image - PHOTO).square().mean().sqrt())
                assert float(panel.locator(".nst-away").inner_text()) == pytest.approx(off, abs=0.01)


# --- runs ---------------------------------------------------------------------------------------------------------------


def test_a_step_shows_both_runs_and_one_that_ended_early_stays_where_it_ended(alone):
    with alone("optimization") as it:
        for k in range(6):
            set_slider(it.locator(".nst-player input"), k)
            for name, run in RUNS.items():
                step = run[min(k, len(run) - 1)]
                panel = it.locator(f'.nst-run[data-run="{name}"]')
                assert middle(panel.locator("canvas")) == pytest.approx(3 * [255 * float(step.image.mean())], abs=5)
                shown = [
                    numbers(panel.locator(f".nst-{loss}").inner_text())[0] for loss in ("total", "style", "content")
                ]
                assert shown == pytest.approx([step.total, step.style, step.content], rel=1e-3)


def test_of_a_run_with_gaps_the_steps_that_are_there_are_shown_at_their_places(alone):
    with alone("thinned") as it:
        assert it.get_by_text("From noise", exact=True).is_visible()
        slider = it.locator(".nst-player input")
        assert slider.get_attribute("aria-valuetext") == "4 of 5", "the nearest to 3"
        for k, step in enumerate((0, 1, 4, 5)):
            set_slider(slider, k)
            assert slider.get_attribute("aria-valuetext") == f"{step} of 5"
            ended = it.locator('.nst-run[data-run="dual"] .nst-style').inner_text()
            assert numbers(ended)[0] == pytest.approx(RUNS["dual"][min(step, 3)].style, rel=1e-3)
        assert it.get_by_role("radio").count() == 0, "one curve leaves nothing to choose"
        plot = it.locator(".nst-plot")
        box = plot.bounding_box()
        it.page.mouse.click(box["x"] + 0.62 * box["width"], box["y"] + 60)
        assert slider.get_attribute("aria-valuetext") == "4 of 5"


def test_the_curves_are_scrubbed_with_a_finger_and_with_keys(alone):
    with alone("optimization", width=360, has_touch=True) as it:
        slider = it.locator(".nst-player input")
        plot = it.locator(".nst-plot")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        it.page.touchscreen.tap(box["x"] + 0.97 * box["width"], box["y"] + 60)
        assert slider.input_value() == "5"
        slider.focus()
        slider.press("ArrowLeft")
        slider.press("ArrowLeft")
        assert slider.get_attribute("aria-valuetext") == "3 of 5"
        it.get_by_role("radio", name="content loss").check()
        assert "content loss (logarithmic)" not in plot.inner_text()  # it begins at 0
        it.get_by_role("radio", name="style loss").check()
        assert it.get_by_text("style loss (logarithmic)").is_visible()


# --- patches ------------------------------------------------------------------------------------------------------------


def test_the_wall_shows_the_patches_that_were_found_and_where_they_lie(alone):
    _, found = strongest(generator())
    with alone("patches") as it:
        for layer, channels in found.items():
            it.get_by_role("radio", name=layer).check()
            channel, best = list(channels.items())[1]
            it.get_by_role("radio", name=str(channel), exact=True).check()
            tiles = it.locator(".nst-tile")
            assert tiles.count() == len(best)
            for k, patch in enumerate(best):
                tiles.nth(k).hover()
                assert numbers(it.locator(".nst-patch").inner_text()) == pytest.approx(
                    [k + 1, len(best), patch.activation, patch.row, patch.column], abs=0.06
                )
                mark = it.locator(".nst-mark").get_attribute("style")
                top, bottom, left, right = patch.box
                places = [100 * one / 48 for one in (top, left, bottom - top, right - left)]
                assert numbers(mark)[:4] == pytest.approx(places, abs=0.01)
                shown = [value for p, value in enumerate(pixels(tiles.nth(k).locator("canvas"))) if p % 4 < 3]
                wanted = 255 * patch.pixels[0].permute(1, 2, 0).flatten().numpy()
                assert np.abs(np.array(shown) - wanted).mean() < 12  # WebP


def test_arrow_keys_choose_a_patch(alone):
    with alone("patches") as it:
        it.locator(".nst-tile").first.focus()
        it.page.keyboard.press("ArrowDown")
        it.page.keyboard.press("ArrowRight")
        assert it.locator(".nst-patch").inner_text().startswith("Place 5 of 5")
        assert it.locator('.nst-tile[aria-pressed="true"]').count() == 1


def test_a_patch_that_slides_beneath_a_resting_mouse_is_not_chosen(alone):
    with alone("patches") as it:
        tiles = it.locator(".nst-tile")
        tiles.nth(1).hover()
        tiles.nth(0).focus()
        it.evaluate("(it) => { it.style.marginBottom = '2000px'; }")
        it.page.mouse.wheel(0, tiles.nth(4).bounding_box()["y"] - tiles.nth(1).bounding_box()["y"])
        it.page.wait_for_timeout(500)
        assert tiles.nth(4).evaluate("(tile) => tile.matches(':hover')")
        assert it.locator(".nst-patch").inner_text().startswith("Place 1 of 5")


# --- covering -----------------------------------------------------------------------------------------------------------


def test_the_square_reads_the_units_map_and_leaves_its_color_behind(alone):
    _, units = covered_answers(generator())
    with alone("occlusion") as it:
        brush, chart = it.locator(".nst-cursor"), it.locator(".nst-answers canvas")
        for name, (drops, score) in units.items():
            it.get_by_role("radio", name=name).check()
            it.get_by_role("button", name="Wipe it off").click()
            brush.focus()
            brush.press("PageUp")
            brush.press("Home")
            seen = set()
            for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
                brush.press(key)
                row, column = numbers(brush.get_attribute("aria-valuetext"))[:2]
                seen.add((int(row), int(column)))
                drop = float(it.locator(".nst-drop").get_attribute("data-value"))
                assert drop == pytest.approx(float(drops[int(row), int(column)]), abs=1e-5)
                assert numbers(it.locator(".nst-left").inner_text()) == pytest.approx([score - drop, score], abs=0.051)
            assert seen == {(0, 1), (1, 1), (1, 2)}
            it.get_by_role("button", name="Show the whole map").click()
            alpha = pixels(chart)[3::4]
            assert alpha == drops.numel() * [255]
            assert numbers(it.locator(".nst-most").inner_text())[0] == round(100 * float(drops.max()) / score)


def test_the_square_is_drawn_where_the_finger_is(alone):
    image, _ = covered_answers(generator())
    with alone("occlusion", width=360, has_touch=True) as it:
        brush = it.locator(".nst-cursor")
        brush.scroll_into_view_if_needed()
        box = brush.bounding_box()
        it.page.touchscreen.tap(box["x"] + 0.95 * box["width"], box["y"] + 0.05 * box["height"])
        assert brush.get_attribute("aria-valuetext").startswith("row 0, column 5")
        inside, outside = (
            brush.locator("canvas").evaluate(f"(c) => [...c.getContext('2d').getImageData({x}, {y}, 1, 1).data]")
            for x, y in ((39, 4), (10, 20))
        )
        assert inside[:3] == pytest.approx(3 * [127], abs=1)
        assert outside[:3] == pytest.approx((255 * image[0, :, 20, 10]).tolist(), abs=1)


# --- up and back again --------------------------------------------------------------------------------------------------


def test_one_unit_is_kept_at_the_turn_and_a_step_down_spreads_it(alone):
    with alone("deconvnet") as it:
        slider = it.locator(".nst-player input")
        while not slider.get_attribute("aria-valuetext").startswith("turn"):
            it.get_by_role("button", name="Next").click()
        canvas = it.locator("canvas")
        height, width = canvas.evaluate("(c) => [c.height, c.width]")
        lit = [k for k, value in enumerate(pixels(canvas)[::4]) if value > 20]
        assert (height, width, lit) == (20, 30, [3 * 30 + 4])
        it.get_by_role("button", name="Next").click()
        it.get_by_role("button", name="Next").click()
        assert slider.get_attribute("aria-valuetext").startswith("down: turned filters")
        spread = {divmod(k, 30) for k, value in enumerate(pixels(canvas)[::4]) if value > 0}
        assert len(spread) > 1
        assert all(abs(row - 3) <= 1 and abs(column - 4) <= 1 for row, column in spread)


# --- which loss notices what --------------------------------------------------------------------------------------------


def read_losses(it) -> dict[str, list[float]]:
    """Return the errors in the table, by kind, those of the layers and their mean."""
    return {
        kind: [
            float(one)
            for one in it.locator(f'[data-kind="{kind}"]').evaluate_all("(e) => e.map((o) => o.dataset.value)")
        ]
        for kind in ("content", "style")
    }


def lengths(it) -> list[float]:
    """Return how long the bars are, as shares of their tracks."""
    return it.locator(".nst-error-bar").evaluate_all("(all) => all.map((e) => parseFloat(e.style.width) / 100)")


def measured_losses(subject: int, change: str, step: int) -> dict[str, list[float]]:
    """Return what the library says of that picture after that change."""
    numbers = EXPLORERS["losses"]().state["subjects"][subject]["measured"][change][step]
    return {kind: [*numbers[kind], sum(numbers[kind]) / len(SHALLOW)] for kind in ("content", "style")}


@pytest.mark.parametrize("change", one_in(3, [*STRENGTHS, OTHER]))
def test_each_change_shows_its_picture_and_the_losses_that_were_measured(alone, change):
    with alone("losses") as it:
        original, after = (it.locator("canvas").nth(k) for k in (0, 1))
        it.get_by_role("radio", name=change, exact=True).check(force=True)
        slider = it.get_by_role("slider")
        last = int(slider.get_attribute("max"))
        for step in (0, 1, last):
            set_slider(slider, step)
            it.page.wait_for_timeout(60)
            wanted = measured_losses(0, change, step)
            got = read_losses(it)
            assert all(got[kind] == pytest.approx(wanted[kind]) for kind in wanted), (step, got, wanted)
            assert (pixels(original) == pixels(after)) == (step == 0)
        if change in STRENGTHS:
            image = changed(as_square(PHOTO), change, STRENGTHS[change][last])[0].permute(1, 2, 0)
            shown = np.array(pixels(after)).reshape(*image.shape[:2], 4)[..., :3]
            assert np.abs(shown - 255 * image.numpy()).max() <= 1.01


def test_a_bar_is_as_long_as_the_root_of_its_error_and_ends_at_the_tick_of_the_picture_that_is_shown(alone):
    with alone("losses") as it:
        it.get_by_role("radio", name=OTHER).check(force=True)
        set_slider(it.get_by_role("slider"), 2)
        it.page.wait_for_timeout(60)
        found = read_losses(it)
        roots = [math.sqrt(error) for pair in zip(found["content"], found["style"], strict=True) for error in pair]
        scale = np.array(lengths(it)) / roots
        assert scale == pytest.approx([scale[0]] * len(scale), rel=1e-3)  # one axis for all
        ticks = it.locator(".nst-tick[data-chosen]").evaluate_all(
            "(all) => all.map((e) => parseFloat(e.style.left) / 100)"
        )
        assert ticks == pytest.approx(lengths(it), abs=1e-4)
        assert it.locator(".nst-losses .nst-tick").count() == 2 * len(roots)  # two other pictures


def test_another_picture_brings_its_own_numbers_and_reset_the_first(alone):
    with alone("losses") as it:
        start = read_losses(it)
        assert start["style"] == pytest.approx(measured_losses(0, "shifted", START["shifted"])["style"])
        it.get_by_role("radio", name="negative").check(force=True)
        it.get_by_role("radio", name="noise").check(force=True)
        assert read_losses(it)["content"] == pytest.approx(measured_losses(1, "noise", START["noise"])["content"])
        assert it.locator(".nst-losses .nst-tick").count() == 2 * (len(SHALLOW) + 1)  # one other picture
        it.get_by_role("button", name="Reset").click()
        it.get_by_role("radio", name="photo", checked=True).wait_for()
        assert read_losses(it) == start


def test_keys_and_a_finger_move_the_strength_and_what_it_does_is_said(alone):
    with alone("losses", width=360, has_touch=True) as it:
        slider = it.get_by_role("slider")
        slider.press("Home")
        assert slider.get_attribute("aria-valuetext") == "not at all"
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "by 1 px"
        it.page.wait_for_timeout(700)
        said = it.locator('[aria-live="polite"]').text_content()
        assert re.fullmatch(r"photo, shifted by 1 px: content loss \S+, style loss \S+, means of all layers\.", said)
        box = slider.bounding_box()
        it.page.touchscreen.tap(box["x"] + 0.98 * box["width"], box["y"] + box["height"] / 2)
        it.page.wait_for_timeout(100)
        assert read_losses(it)["style"] == pytest.approx(measured_losses(0, "shifted", 7)["style"])
        assert it.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
