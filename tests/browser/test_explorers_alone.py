"""Explorers by themselves, on a page that holds nothing else: their numbers, driven by mouse, keys and fingers."""

from __future__ import annotations

import math
import re
import shutil
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import Visit, load_tool, watch

from nstlib import metrics
from nstlib.study.analysis import matched_differences, mean_curve
from nstlib.training import load_snapshots
from nstlib.widgets import explore_tradeoffs, explore_training
from nstlib.widgets.explorer import FOLDER, style_names

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from test_tradeoffs_explorer import made_up

pytestmark = pytest.mark.browser
EXPLORERS = {
    "tradeoffs": lambda: explore_tradeoffs(made_up(), static=True),
    "training": lambda: explore_training(load_snapshots(), static=True),
}
PLAYERS = ["training"]
READY = ".nst-page[data-live]"
RESPONSE = 200  # milliseconds from an input to the picture that answers it


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """A folder that is served, with what explorers load, and its address."""
    folder = tmp_path_factory.mktemp("shelf")
    for path in [*FOLDER.glob("*.js"), *FOLDER.glob("*.css")]:
        shutil.copy(path, folder)
    server = load_tool("serve").make_server(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def alone(chromium, shelf):
    """Open an explorer: ``with alone("tradeoffs", width=360) as it``; no problem on the page at the end."""
    folder, address = shelf

    @contextmanager
    def opened(name: str, *, width: int = 1000, theme: str = "light", **options):
        sheets = "".join(f'<link rel="stylesheet" href="{one}.css">' for one in style_names(name))
        if not (folder / f"{name}.html").exists():
            (folder / f"{name}.html").write_text(
                f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>{name}</title>'
                f'<link rel="icon" href="data:,">{sheets}</head><body>{EXPLORERS[name]()._repr_html_()}'
                '<script type="module" src="mount.js"></script></body></html>',
                encoding="utf-8",
            )
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        visited = Visit(context.new_page())
        watch(visited, address)
        visited.page.goto(f"{address}/{name}.html")
        visited.page.locator(READY).wait_for()
        try:
            yield visited.page.locator(".nst-explorer")
            assert visited.problems == []
        finally:
            context.close()

    return opened


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, minus signs real ones."""
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text.replace("\N{MINUS SIGN}", "-"))]


def set_slider(slider, value: float) -> None:
    """Move a slider as a drag does."""
    slider.evaluate("(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true })); }", value)


# --- all of them --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_fits_a_phone(alone, name):
    with alone(name, width=360) as it:
        assert it.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_no_barriers(alone, axe, name, theme):
    with alone(name) as it:
        it.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        ground = {"light": "white", "dark": "#14181e"}[theme]
        ink = {"light": "black", "dark": "#ced6dd"}[theme]
        it.page.add_style_tag(
            content=f"html {{ background: {ground}; --pst-color-text-base: {ink}; --pst-color-background: {ground};"
            f" --pst-color-text-muted: {'#48566b' if theme == 'light' else '#9ca4af'} }}"
        )
        it.page.evaluate(axe)
        found = it.page.evaluate("axe.run(document.querySelector('.nst-page'))")["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_speaks_and_answers_quickly(alone, name):
    with alone(name) as it:
        for control in it.locator('[role="slider"], input[type="range"]').all():
            before = control.get_attribute("aria-valuetext")
            assert before
            control.focus()
            for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
                control.press(key)
            assert control.get_attribute("aria-valuetext") != before
            times = sorted(
                control.evaluate(
                    """(element) => new Promise((done) => {
                      const start = performance.now();
                      if (element.type === "range") {
                        element.stepUp();
                        element.dispatchEvent(new Event("input", { bubbles: true }));
                      } else element.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
                      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
                    })"""
                )
                for _ in range(5)
            )
            assert times[2] < RESPONSE
        it.page.wait_for_timeout(700)
        assert it.locator('[aria-live="polite"]').text_content()


@pytest.mark.parametrize("name", PLAYERS)
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
