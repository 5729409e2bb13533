"""The explorers of the built book, driven by mouse, keys, fingers and files; what is checked are numbers."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import pairwise

import pytest
from PIL import Image
from sampling import one_in

from nstlib.receptive import patch_of, receptive_field
from nstlib.widgets.explorer import module_source, style_source

pytestmark = pytest.mark.browser

PAGES = {  # where each explorer stands
    "pixels": "book/01_images",
    "kernels": "book/02_convolution",
    "receptive_field": "book/02_convolution",
    "layers": "book/03_features",
    "deconvnet": "book/04_deconvnet",
    "occlusion": "book/21_occlusion",
    "patches": "book/04_deconvnet",
    "training": "book/05_training",
    "inversion": "book/06_inversion",
    "common_phase": "book/23_waves",
    "gram_shuffle": "book/07_gram",
    "losses": "book/09_losses",
    "transfer": "book/10_transfer",
    "frequencies": "book/12_frequency",
    "optimization": "book/13_dual_channel",
    "tradeoffs": "book/14_evaluation",
    "one_pass": "book/16_one_pass",
}
HEAVIEST = 1_250_000  # bytes that explorers may add to a page: scripts, style sheets, state, still pictures
HELD = re.compile(r'(?:src|data-state)="([^"]*/held/[^"]*)"')  # files of states and still pictures
RESPONSE = 200  # milliseconds from an input to the picture that answers it

STAGE = ".nst-explorer"
# The time from an input to the second frame after it, when what it changed has been painted.
LATENCY = """(element) => new Promise((done) => {
  const start = performance.now();
  if (element.type === "range") {
    element.valueAsNumber += 3 * Number(element.step);
    element.dispatchEvent(new Event("input", { bubbles: true }));
  } else element.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""


@pytest.fixture
def explorer(visit):
    """Open an explorer: ``with explorer("kernels") as it``; ``it`` is a locator, with no problem on the page at the end."""

    @contextmanager
    def opened(name: str, **options):
        with visit(PAGES[name], **options) as visited:
            place = visited.page.locator(f'.nst-page[data-explorer="{name}"]')
            assert place.count(), f"{PAGES[name]} holds no explorer {name}"
            stage = place.first.locator(STAGE)
            stage.scroll_into_view_if_needed()
            yield stage
            assert visited.problems == []

    return opened


def number(text: str) -> float:
    """Return the first number in a text, its minus sign the real one."""
    return float(re.search(r"-?\d+(?:\.\d+)?", text.replace("\N{MINUS SIGN}", "-"))[0])


def numbers(locator) -> list[float]:
    return [number(text) for text in locator.all_text_contents()]


def pixels(locator) -> list[int]:
    """Return the red, green and blue bytes of a canvas."""
    return locator.evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 < 3)"
    )


def drag(page, stage, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the mouse from one place to another, both as shares of the width and height."""
    box = stage.bounding_box()
    (x0, y0), (x1, y1) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def swipe(page, stage, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with a finger: sideways at first, for straight up or down it would scroll the page."""
    box = stage.bounding_box()
    session = page.context.new_cdp_session(page)
    aside = ((start[0] + end[0]) / 2, start[1])
    for kind, place in (("touchStart", start), ("touchMove", aside), ("touchMove", end)):
        point = {"x": box["x"] + place[0] * box["width"], "y": box["y"] + place[1] * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def picture_file(color: tuple[int, int, int], size: tuple[int, int] = (40, 20)) -> dict:
    """Return a picture of one color as a file that a reader might open."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return {"name": "plain.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def place_of(stage) -> tuple[int, int]:
    """Return row and column of a cursor, from what a screen reader is told."""
    text = stage.get_attribute("aria-valuetext")
    return tuple(int(re.search(rf"{word} (\d+)", text)[1]) for word in ("row", "column"))


# --- all of them --------------------------------------------------------------------------------------------------------


@pytest.mark.timed
@pytest.mark.parametrize("name", PAGES)
def test_an_explorer_answers_quickly(explorer, name):
    with explorer(name) as it:
        for control in it.locator('[role="slider"], input[type="range"]').all():
            times = sorted(control.evaluate(LATENCY) for _ in range(5))
            assert times[2] < RESPONSE, (control.evaluate("(e) => e.outerHTML"), times)


@pytest.mark.parametrize("name", one_in(4, PAGES))
def test_every_control_has_a_name_and_a_value_for_screen_readers(explorer, name):
    with explorer(name) as it:
        it.page.wait_for_timeout(700)
        assert it.locator('[aria-live="polite"]').text_content() == ""  # nobody has asked anything
        controls = [one for one in it.locator('[role="slider"], input[type="range"]').all() if one.is_visible()]
        for control in controls:
            before = control.get_attribute("aria-valuetext")
            assert before, control.evaluate("(e) => e.outerHTML")
            control.focus()
            control.press("ArrowRight")
            control.press("ArrowRight")
            control.press("ArrowLeft")
            assert control.get_attribute("aria-valuetext") != before
        if not controls:
            it.get_by_role("radio", checked=False).first.check(force=True)
        it.page.wait_for_timeout(700)
        assert it.locator('[aria-live="polite"]').text_content()


@pytest.mark.parametrize("name", one_in(4, PAGES))
def test_a_kernels_module_draws_the_same(visit, name):
    """What anywidget sends in one module, with a model of its form, works like the files of the page."""
    source, style = module_source(name), style_source(name)
    with visit(PAGES[name]) as visited:
        got = visited.page.evaluate(
            """async ([name, source, style]) => {
              const place = document.querySelector(`.nst-page[data-explorer="${name}"]`);
              const state = await (await fetch(place.dataset.state)).json();
              const known = new Set(Object.keys(state));
              const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
              const explorer = (await import(address)).default;
              const el = document.body.appendChild(document.createElement("div"));
              const saved = [];
              const model = {
                get: (key) => state[key], set: (key, value) => { state[key] = value; saved.push(key); }, save_changes() {},
              };
              const end = await explorer.render({ model, el });
              while (el.matches('[aria-busy="true"]') || el.querySelector('[aria-busy="true"]')) {
                await new Promise((done) => setTimeout(done, 20));
              }
              const seen = (root) => [
                ...[...root.querySelectorAll("canvas")].map((one) => one.toDataURL()),
                ...[...root.querySelectorAll(".nst-reading, td, figcaption")].map((one) => one.textContent),
              ];
              const drawn = [seen(el), seen(place.querySelector(".nst-explorer"))];
              for (const control of el.querySelectorAll('[role="slider"], input[type="range"], input[type="radio"]')) {
                if (control.type === "range") control.stepUp(2);
                if (control.type === "radio") control.click();
                control.dispatchEvent(new Event("input", { bubbles: true }));
                control.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }));
              }
              await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
              const answer = [...drawn, saved.length, typeof end, saved.filter((key) => !known.has(key))];
              end();
              return answer;
            }""",
            [name, source, style],
        )
        assert got[0] == got[1] != []
        assert got[2] > 0
        assert got[3] == "function"
        assert got[4] == []  # all that a control changes is part of the state


# What of an explorer is seen: its canvases, what it says, and where its controls stand.
SEEN = """(root) => {
  const seen = (which) => [...root.querySelectorAll(which)].filter((one) => one.getClientRects().length);
  return [
    ...seen("canvas").map((one) => one.toDataURL()),
    ...seen(".nst-reading, td, figcaption, .nst-task").map((one) => one.textContent),
    ...seen("input").map((one) => (one.type === "file" ? "" : [one.value, one.checked].join())),
  ];
}"""
TURN_ALL = """(root) => {
  for (const control of root.querySelectorAll('[role="slider"], input:not([type="file"]), select')) {
    if (!control.getClientRects().length) continue; // a camera's, which is not open
    if (control.type === "range") control[control.value === control.max ? "stepDown" : "stepUp"](2);
    if (control.type === "radio" || control.type === "checkbox") control.click();
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }));
  }
}"""


@pytest.mark.parametrize("name", one_in(2, PAGES))
def test_it_says_what_it_is_and_what_to_try_and_goes_back_to_its_beginning(explorer, name):
    with explorer(name) as it:
        title, task = (it.locator(f".nst-{part}").inner_text() for part in ("title", "task"))
        assert it.get_attribute("aria-label") == f"Explorer: {title}"
        assert len(task) > 30
        it.page.wait_for_timeout(300)
        before = it.evaluate(SEEN)
        it.evaluate(TURN_ALL)
        it.page.wait_for_timeout(500)
        assert it.evaluate(SEEN) != before
        it.get_by_role("button", name="Reset").press("Enter")
        for _ in range(50):
            if it.evaluate(SEEN) == before:
                break
            it.page.wait_for_timeout(100)
        assert it.evaluate(SEEN) == before
        assert it.page.evaluate("document.activeElement.textContent") == "Reset"
        heights = [one.bounding_box()["height"] for one in it.locator("canvas:visible, svg:visible").all()]
        assert max(heights) > 60, "something is seen before anything is loaded"


@pytest.mark.parametrize("name", one_in(3, ["gram_shuffle", "common_phase", "kernels"]))
def test_nothing_moves_by_itself_where_less_motion_is_asked_for(explorer, name):
    button = {"gram_shuffle": "Shuffle all", "common_phase": "Add all", "kernels": "sharpen"}[name]
    with explorer(name, reduced_motion="reduce") as it:
        it.get_by_role("button", name=button).click()
        it.page.wait_for_timeout(100)
        canvas = it.locator("canvas").nth(1)
        first = pixels(canvas)
        it.page.wait_for_timeout(400)
        assert pixels(canvas) == first


@pytest.mark.parametrize("name", one_in(4, PAGES))
def test_where_scripts_are_off_a_picture_stands_in(visit, name):
    with visit(PAGES[name], java_script_enabled=False) as visited:
        still = visited.page.locator(f'.nst-page[data-explorer="{name}"] .nst-still img').first
        assert still.bounding_box()["height"] > 60
        assert still.get_attribute("alt")


@pytest.mark.parametrize("holder", sorted(set(PAGES.values())))
def test_explorers_are_light(html, holder):
    text = (html / f"{holder}.html").read_text(encoding="utf-8")
    held = sum((html / "book" / name).stat().st_size for name in HELD.findall(text))
    names = {name for name, where in PAGES.items() if where == holder} | {"kit", "gram"}
    files = [path for name in names for path in (html / "_static" / "explorers" / name).iterdir()]
    assert held + sum(path.stat().st_size for path in files) < HEAVIEST


def test_where_an_explorer_fails_its_picture_stays(visit):
    with visit(PAGES["kernels"]) as visited:
        got = visited.page.evaluate("""async () => {
          const { mount } = await import(document.querySelector('script[src*="explorers/kit/mount.js"]').src);
          const place = document.body.appendChild(document.createElement("div"));
          place.dataset.explorer = "kernels";
          place.innerHTML = '<figure class="nst-still"></figure><script type="application/json">{}</' + 'script>';
          await mount(place);
          return [place.dataset.live, place.querySelector(".nst-still").hidden, place.lastElementChild.textContent];
        }""")
        assert got == ["no", False, "Load the explorer again"]


def test_pages_without_explorers_load_none_of_it(html):
    holding = {path for path in (html / "book").glob("*.html") if "nst-page" in path.read_text(encoding="utf-8")}
    loading = {path for path in (html / "book").glob("*.html") if "explorers/" in path.read_text(encoding="utf-8")}
    assert loading == holding


# --- kernels ------------------------------------------------------------------------------------------------------------


def kernel_numbers(it) -> tuple[list[float], list[float], list[float], float, float]:
    """Return the pixels, weights and products, their sum, and the answer."""
    weights = [float(entry.input_value()) for entry in it.locator(".nst-weights input").all()]
    reading = [number(it.locator(where).inner_text()) for where in (".nst-sum", ".nst-quotient")]
    return (
        numbers(it.locator(".nst-below .nst-cell")),
        weights,
        numbers(it.locator(".nst-products .nst-cell")),
        *reading,
    )


def assert_sum_is_right(it) -> None:
    below, weights, products, total, answer = kernel_numbers(it)
    assert products == pytest.approx([a * b for a, b in zip(below, weights, strict=True)], abs=0.051)
    assert total == pytest.approx(sum(a * b for a, b in zip(below, weights, strict=True)), abs=0.051)
    assert answer == pytest.approx(total / float(it.locator(".nst-by").input_value()), abs=0.11)


def test_dragging_the_window_changes_the_nine_products(explorer):
    with explorer("kernels") as it:
        stage = it.locator(".nst-cursor")
        drag(it.page, stage, (0.2, 0.5), (0.45, 0.3))
        first = kernel_numbers(it)
        assert_sum_is_right(it)
        drag(it.page, stage, (0.45, 0.3), (0.5, 0.8))
        assert kernel_numbers(it)[0] != first[0]
        assert_sum_is_right(it)


def test_arrow_keys_move_the_window_by_one_pixel_and_shift_by_ten(explorer):
    with explorer("kernels") as it:
        stage = it.locator(".nst-cursor")
        stage.focus()
        row, column = place_of(stage)
        before = kernel_numbers(it)[0]
        stage.press("ArrowRight")
        assert place_of(stage) == (row, column + 1)
        after = kernel_numbers(it)[0]
        assert [after[k] for k in (0, 1, 3, 4, 6, 7)] == [before[k] for k in (1, 2, 4, 5, 7, 8)]
        stage.press("Shift+ArrowLeft")
        assert place_of(stage) == (row, column - 9)
        assert_sum_is_right(it)


def test_a_finger_moves_the_window(explorer):
    with explorer("kernels", width=360, has_touch=True) as it:
        stage = it.locator(".nst-cursor")
        stage.scroll_into_view_if_needed()
        swipe(it.page, stage, (0.5, 0.5), (0.101, 0.101))
        canvas = stage.locator("canvas")
        height, width = canvas.evaluate("(c) => [c.height, c.width]")
        assert place_of(stage) == pytest.approx((0.1 * height, 0.1 * width), abs=1)
        assert_sum_is_right(it)


@pytest.mark.parametrize("name", one_in(2, ["kernels", "optimization"]))
def test_a_finger_that_goes_up_scrolls_the_page_and_moves_nothing(explorer, name):
    with explorer(name, width=360, has_touch=True) as it:
        stage = it.locator(".nst-cursor, .nst-plot").first
        stage.scroll_into_view_if_needed()
        it.page.wait_for_timeout(200)
        seen = "(e) => e.innerHTML + [...e.querySelectorAll('[aria-valuetext]')].map((one) => one.ariaValueText)"
        before, top = it.evaluate(seen), it.page.evaluate("scrollY")
        box = stage.bounding_box()
        session = it.page.context.new_cdp_session(it.page)
        x, y = box["x"] + box["width"] / 3, box["y"] + 0.8 * box["height"]
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 11):
            point = {"x": x + step / 2, "y": y - 12 * step}
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        it.page.wait_for_function("(top) => scrollY > top + 60", arg=top)
        assert it.evaluate(seen) == before


def test_a_tap_moves_the_window(explorer):
    with explorer("kernels", width=360, has_touch=True) as it:
        stage = it.locator(".nst-cursor")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        it.page.touchscreen.tap(box["x"] + 0.301 * box["width"], box["y"] + 0.401 * box["height"])
        height, width = stage.locator("canvas").evaluate("(c) => [c.height, c.width]")
        assert place_of(stage) == pytest.approx((0.4 * height, 0.3 * width), abs=1)


def test_a_weight_typed_in_changes_the_answer_at_once(explorer):
    with explorer("kernels") as it:
        result = it.locator("canvas").nth(1)
        before = pixels(result)
        it.locator(".nst-weights input").nth(4).fill("-8")
        it.page.wait_for_timeout(100)
        assert_sum_is_right(it)
        assert pixels(result) != before
        assert it.get_by_role("button", pressed=True).count() == 0


def test_a_kernel_typed_in_by_hand_works_like_the_button(explorer):
    with explorer("kernels") as it:
        for k, weight in enumerate("000010000"):
            it.locator(".nst-weights input").nth(k).fill(weight)
        it.locator(".nst-by").fill("1")
        it.page.wait_for_timeout(200)
        assert it.get_by_role("button", name="as it is", pressed=True).count() == 1
        assert pixels(it.locator("canvas").nth(1)) == pixels(it.locator("canvas").first)


def test_the_mean_of_a_flat_picture_is_the_picture_except_where_zeros_are_padded(explorer):
    with explorer("kernels") as it:
        it.locator('input[type="file"]').set_input_files([picture_file((100, 100, 100))])
        it.get_by_role("button", name="mean", exact=True).click()
        it.page.wait_for_timeout(1200)
        answer = pixels(it.locator("canvas").nth(1))[::3]  # (H, W) of one color
        assert answer[40 + 1] == answer[10 * 40 + 20] == 100
        assert answer[0] == pytest.approx(400 / 9, abs=1)  # four of nine pixels are there
        it.get_by_role("radio", name="the edge pixels again").check()
        it.page.wait_for_timeout(200)
        assert set(pixels(it.locator("canvas").nth(1))) == {100}


def test_a_file_that_is_no_picture_is_refused_in_words(explorer):
    with explorer("kernels") as it:
        file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
        it.locator('input[type="file"]').set_input_files([file])
        it.get_by_text("notes.txt is not a picture").wait_for()
        assert_sum_is_right(it)


def test_a_pasted_picture_takes_the_place_of_ours(explorer):
    with explorer("kernels") as it:
        it.locator(".nst-cursor").focus()
        it.page.evaluate("""async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 30, height: 50 });
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""")
        it.get_by_text("pasted.png, 30 × 50").wait_for()
        assert it.locator("canvas").first.evaluate("(c) => [c.width, c.height]") == [30, 50]


# --- receptive fields -----------------------------------------------------------------------------------------------------


def outline(it, layer: str) -> list[int]:
    """Return top, bottom, left and right of the outline that is drawn for a layer, in pixels of the photo."""
    return it.locator(".nst-cursor").evaluate(
        """(stage, layer) => {
          const canvas = stage.querySelector("canvas");
          const { top, left, height, width } = stage.querySelector(`.nst-mark[data-key="${layer}"]`).style;
          const [y, x, h, w] = [top, left, height, width].map(parseFloat);
          return [y * canvas.height, (y + h) * canvas.height, x * canvas.width, (x + w) * canvas.width]
            .map((v) => Math.round(v / 100));
        }""",
        layer,
    )


def unit_of(it, layer: str) -> tuple[int, int]:
    """Return the unit that a layer's card names."""
    text = it.locator(f'[data-layer="{layer}"] .nst-unit').inner_text()
    return tuple(int(number) for number in re.match(r"unit (\d+), (\d+) of", text).groups())


@pytest.mark.parametrize("spot", one_in(3, [(0.5, 0.5), (0.02, 0.03), (0.97, 0.95)]))
def test_the_outlines_are_what_the_units_see(explorer, spot):
    with explorer("receptive_field") as it:
        drag(it.page, it.locator(".nst-cursor"), (0.4, 0.4), spot)
        height, width = it.locator(".nst-cursor canvas").evaluate("(c) => [c.height, c.width]")
        for layer in ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"):
            assert outline(it, layer) == list(patch_of(layer, *unit_of(it, layer), height, width)), layer


def test_a_deep_units_outline_jumps_by_its_stride(explorer):
    with explorer("receptive_field") as it:
        stage = it.locator(".nst-cursor")
        stage.focus()
        lefts = {"relu1_2": [], "relu4_3": []}
        for _ in range(2 * receptive_field("relu4_3").stride):
            stage.press("ArrowRight")
            for layer, found in lefts.items():
                found.append(outline(it, layer)[2])
        steps = {layer: {b - a for a, b in pairwise(found)} for layer, found in lefts.items()}
        assert steps == {"relu1_2": {1}, "relu4_3": {0, 8}}


def test_a_layer_comes_and_goes_with_its_button(explorer):
    with explorer("receptive_field") as it:
        pool = it.get_by_role("button", name="pool4")
        pool.press("Enter")
        card = it.locator('[data-layer="pool4"]')
        assert card.locator(".nst-size").inner_text().replace("\N{NO-BREAK SPACE}", " ").startswith("100 × 100 px")
        assert card.locator(".nst-stride").inner_text() == "stride 16"
        assert card.locator("canvas").evaluate("(c) => [c.width, c.height]") == [100, 100]
        pool.press("Space")
        assert card.count() == 0
        assert it.locator('.nst-mark[data-key="pool4"]').is_hidden()


def test_the_next_unit_sees_one_stride_further(explorer):
    with explorer("receptive_field") as it:
        it.get_by_role("checkbox").check()
        assert [b - a for a, b in zip(outline(it, "relu4_3"), outline(it, "relu4_3-next"), strict=True)] == [0, 0, 8, 8]


def test_a_finger_moves_the_spot_and_a_small_picture_leaves_deep_layers_out(explorer):
    with explorer("receptive_field", width=360, has_touch=True) as it:
        stage = it.locator(".nst-cursor")
        stage.scroll_into_view_if_needed()
        before = place_of(stage)
        swipe(it.page, stage, (0.5, 0.5), (0.2, 0.7))
        row, column = place_of(stage)
        assert row > before[0]
        assert column < before[1]
        it.locator('input[type="file"]').set_input_files([picture_file((10, 20, 30), (14, 12))])
        it.get_by_text("plain.png, 14 × 12").wait_for()
        assert it.locator('[data-layer="relu5_3"]').count() == 0  # no unit fits
        assert it.locator('[data-layer="relu2_2"]').count() == 1


# --- Gram matrices --------------------------------------------------------------------------------------------------------


def gram_shares(it) -> tuple[float, float]:
    """Return the largest change on the diagonal and off it, as shares of the largest entry."""
    return tuple(float(it.locator(f".nst-{name}").get_attribute("data-share")) for name in ("diagonal", "rest"))


def set_slider(slider, value: float) -> None:
    """Move a slider as a drag does."""
    slider.evaluate("(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true })); }", value)
    slider.page.wait_for_timeout(300)


@pytest.mark.parametrize(("name", "slider"), [("gram_shuffle", "positions moved"), ("common_phase", "phases added")])
def test_the_maps_go_and_the_gram_matrix_stays_unless_channels_are_treated_apart(explorer, name, slider):
    with explorer(name) as it:
        canvases = it.locator(".nst-panels canvas")
        matrix = it.locator(".nst-board canvas").nth(1)
        maps = [pixels(canvases.nth(k)) for k in range(canvases.count())]
        for value in (30, 100):
            set_slider(it.get_by_role("slider", name=slider), value)
            assert max(gram_shares(it)) < 1e-6
            assert pixels(matrix) == pixels(it.locator(".nst-board canvas").first)
            assert all(pixels(canvases.nth(k)) != before for k, before in enumerate(maps))
        it.get_by_role("radio", name="each channel its own").check()
        it.page.wait_for_timeout(300)
        diagonal, rest = gram_shares(it)
        assert diagonal < 1e-6
        assert rest > 0.05
        set_slider(it.get_by_role("slider", name=slider), 0)
        assert gram_shares(it) == (0, 0)
        assert [pixels(canvases.nth(k)) for k in range(canvases.count())] == maps


def test_the_button_shuffles_and_puts_back(explorer):
    with explorer("gram_shuffle") as it:
        slider = it.get_by_role("slider", name="positions moved")
        it.get_by_role("button", name="Shuffle all").click()
        it.page.wait_for_timeout(1500)
        assert slider.input_value() == "100"
        shuffled = pixels(it.locator(".nst-panels canvas").first)
        it.get_by_role("button", name="Another order").click()
        assert pixels(it.locator(".nst-panels canvas").first) != shuffled
        assert max(gram_shares(it)) < 1e-6
        it.get_by_role("button", name="Put back").click()
        it.page.wait_for_timeout(1500)
        assert slider.input_value() == "0"


@pytest.mark.parametrize("name", one_in(2, ["gram_shuffle", "common_phase"]))
def test_an_entry_of_the_matrix_is_chosen_with_keys_or_a_finger(explorer, name):
    with explorer(name, has_touch=True) as it:
        matrix = it.locator(".nst-cursor")
        matrix.focus()
        matrix.press("PageUp")
        matrix.press("Home")
        assert place_of(matrix) == (0, 0)
        captions = it.locator(".nst-panels figcaption").all_inner_texts()[-3:]
        assert captions[0] == captions[1]
        assert number(captions[2]) == pytest.approx(number(it.locator(".nst-now").inner_text()))
        swipe(it.page, matrix, (0.5, 0.5), (0.99, 0.01))
        row, column = place_of(matrix)
        assert (row, column) == (0, matrix.locator("canvas").evaluate("(c) => c.width") - 1)


def test_without_means_separate_phases_lose_most_of_the_rest(explorer):
    with explorer("common_phase") as it:
        it.get_by_role("checkbox", name="means taken off").check()
        set_slider(it.get_by_role("slider", name="phases added"), 100)
        assert max(gram_shares(it)) < 1e-6
        before = abs(number(it.locator(".nst-before").inner_text()))
        it.get_by_role("radio", name="each channel its own").check()
        it.page.wait_for_timeout(300)
        assert abs(number(it.locator(".nst-now").inner_text())) < 0.5 * before
        assert gram_shares(it)[0] < 1e-6


# --- bands ----------------------------------------------------------------------------------------------------------------


def missing(it) -> float:
    """Return the largest difference between the sum and the photo."""
    return float(it.locator(".nst-error").get_attribute("data-value"))


def test_all_bands_sum_to_the_photo_however_wide_they_are(explorer):
    with explorer("frequencies") as it:
        assert missing(it) < 1e-6
        for name, value in {"fine ends, middle begins": 3.3, "middle ends, coarse begins": 9}.items():
            set_slider(it.get_by_role("slider", name=name), value)
            assert missing(it) < 1e-6
        assert pixels(it.locator("canvas").nth(1)) == pixels(it.locator("canvas").first)


def test_the_wider_blur_stays_the_wider_one(explorer):
    with explorer("frequencies") as it:
        first, second = (it.get_by_role("slider", name=name) for name in ("fine ends", "middle ends"))
        set_slider(first, 6)
        assert float(second.input_value()) > 6
        set_slider(second, 1)
        assert float(first.input_value()) < 1
        assert missing(it) < 1e-6


def test_a_band_left_out_is_missed_and_the_key_brings_it_back(explorer):
    with explorer("frequencies") as it:
        it.get_by_role("button", name="no middle").click()
        assert missing(it) > 0.1
        gain = it.get_by_role("slider", name="middle ×")
        assert gain.input_value() == "0"
        gain.focus()
        for _ in range(10):
            gain.press("ArrowRight")
        it.page.wait_for_timeout(100)
        assert gain.input_value() == "1"
        assert missing(it) < 1e-6


def test_only_the_coarse_band_of_a_flat_picture_holds_anything(explorer):
    with explorer("frequencies") as it:
        it.locator('input[type="file"]').set_input_files([picture_file((200, 100, 50))])
        it.get_by_text("plain.png").wait_for()
        it.page.wait_for_timeout(200)
        it.get_by_role("button", name="only coarse").click()
        assert missing(it) < 1e-6
        assert set(pixels(it.locator(".nst-bands canvas").first)) == {128}  # mid-gray


def test_bytes_wrap_around(explorer):
    with explorer("frequencies") as it:
        coarse = pixels(it.locator(".nst-bands canvas").nth(2))
        trap = it.get_by_role("button", name="compute in bytes")
        trap.click()
        assert missing(it) > 0.9
        fine = pixels(it.locator(".nst-bands canvas").first)
        assert sum(40 < value < 215 for value in fine) / len(fine) < 0.1  # near 0 or near 255, hardly any between
        assert max(abs(a - b) for a, b in zip(pixels(it.locator(".nst-bands canvas").nth(2)), coarse, strict=True)) <= 1
        trap.click()
        assert missing(it) < 1e-6
