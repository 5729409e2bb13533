"""The explorers of the built book, driven by mouse, keys, fingers and files; what is checked are numbers."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

PAGES = {  # where each explorer stands
    "kernels": "book/02_convolution",
    "layers": "book/03_features",
}
HEAVIEST = 2_000_000  # bytes that explorers may add to a page: scripts, style sheets, state, still pictures
RESPONSE = 200  # milliseconds from an input to the picture that answers it

STAGE = ".nst-explorer"
# The time from a key to the second frame after it, when what it changed has been painted.
LATENCY = """(element) => new Promise((done) => {
  const start = performance.now();
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
  if (element.type === "range") { element.stepUp(3); element.dispatchEvent(new Event("input", { bubbles: true })); }
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
    """Drag with a finger."""
    box = stage.bounding_box()
    session = page.context.new_cdp_session(page)
    for kind, place in (("touchStart", start), ("touchMove", end)):
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


@pytest.mark.parametrize("name", PAGES)
def test_an_explorer_answers_quickly(explorer, name):
    with explorer(name) as it:
        control = it.locator('[role="slider"], input[type="range"]').first
        control.focus()
        times = [control.evaluate(LATENCY) for _ in range(5)]
        assert min(times) < RESPONSE, times


@pytest.mark.parametrize("name", PAGES)
def test_where_scripts_are_off_a_picture_stands_in(visit, name):
    with visit(PAGES[name], java_script_enabled=False) as visited:
        still = visited.page.locator(f'.nst-page[data-explorer="{name}"] .nst-still img').first
        assert still.bounding_box()["height"] > 60
        assert still.get_attribute("alt")


@pytest.mark.parametrize("holder", sorted(set(PAGES.values())))
def test_explorers_are_light(html, holder):
    text = (html / f"{holder}.html").read_text(encoding="utf-8")
    held = sum(len(part) for part in re.findall(r'<div class="nst-page".*?</script></div>', text, re.DOTALL))
    names = [name for name, where in PAGES.items() if where == holder]
    files = [
        html / "_static" / "explorers" / f"{name}{end}" for name in ("kit", "mount", *names) for end in (".js", ".css")
    ]
    assert held + sum(path.stat().st_size for path in files if path.exists()) < HEAVIEST


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


def test_a_weight_typed_in_changes_the_answer_at_once(explorer):
    with explorer("kernels") as it:
        result = it.locator("canvas").nth(1)
        before = pixels(result)
        it.locator(".nst-weights input").nth(4).fill("-8")
        it.page.wait_for_timeout(100)
        assert_sum_is_right(it)
        assert pixels(result) != before
        assert it.get_by_role("button", pressed=True).count() == 0


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
