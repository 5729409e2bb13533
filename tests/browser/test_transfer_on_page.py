"""Style transfer on the built page: started, paused, stepped and turned; its numbers are the library's."""

from __future__ import annotations

import base64
import io
import re
from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch
from PIL import Image

from nstlib.features import Features
from nstlib.objective import Objective, Style
from nstlib.optimizers import start_adam
from nstlib.weights import load_weights
from nstlib.widgets.transfer import CONTENT_LAYER, STYLE_LAYERS

pytestmark = [pytest.mark.browser, pytest.mark.weights]

PAGE = "book/10_transfer"
WAIT = 120_000  # milliseconds, for a busy machine
STEP = "(least) => Number(document.querySelector('.nst-step').textContent) >= least"
LIVE = "() => document.querySelector('.nst-tape').hidden"


@pytest.fixture
def explorer(visit):
    """Open the explorer; at the end there must have been no problem on the page, unless ``spoiled``."""

    @contextmanager
    def opened(*, spoiled: bool = False, size: int = 64, **options):
        with visit(PAGE, **options) as visited:
            visited.page.set_default_timeout(WAIT)
            it = visited.page.locator('.nst-page[data-explorer="transfer"] .nst-explorer')
            it.scroll_into_view_if_needed()
            it.get_by_role("button", name=re.compile(r"Load [\d.]+ MB")).wait_for()
            it.get_by_role("radio", name=str(size)).check()
            yield it
            assert spoiled or visited.problems == []

    return opened


def start(it) -> None:
    it.locator(".nst-main").click()


def pause(it) -> int:
    """Pause, and return the step at which it stands."""
    it.get_by_role("button", name="Pause").click()
    it.get_by_role("button", name="Go on").wait_for()
    settle(it)
    return step_of(it)


def settle(it) -> None:
    """Wait until what is under way is done."""
    before = None
    for _ in range(100):
        it.page.wait_for_timeout(700)
        now = (step_of(it), *losses(it)) if known(it) else None
        if now == before:
            return
        before = now


def advance(it, count: int) -> None:
    """Take single steps."""
    for _ in range(count):
        step = step_of(it)
        it.get_by_role("button", name="One step").click()
        it.page.wait_for_function(STEP, arg=step + 1)
    settle(it)


def begin(it) -> None:
    """Load, and stand at step 0."""
    start(it)
    it.page.wait_for_function(LIVE)
    it.page.wait_for_function(STEP, arg=1)
    pause(it)
    it.get_by_role("button", name="Start over").click()
    assert step_of(it) == 0


def step_of(it) -> int:
    return int(it.locator(".nst-step").inner_text())


def known(it) -> bool:
    return it.locator("strong.nst-content").inner_text() != "–"


def losses(it) -> tuple[float, float]:
    return tuple(float(it.locator(f"strong.nst-{name}").inner_text()) for name in ("content", "style"))


def turn(it, name: str, value: int) -> None:
    """Set a slider."""
    it.get_by_role("slider", name=re.compile(name)).fill(str(value))


def bytes_of(canvas) -> torch.Tensor:
    """Return the red, green and blue bytes of a canvas, shape (H, W, 3)."""
    height, width, data = canvas.evaluate(
        "(c) => [c.height, c.width, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
    )
    return torch.tensor(data).view(height, width, 4)[..., :3]


def result(it) -> torch.Tensor:
    return bytes_of(it.locator(".nst-work canvas"))


def as_image(it, which: str) -> torch.Tensor:
    """Return the first content or style as it lies in the page, shape (1, 3, 96, 96)."""
    read = "async (e) => (await fetch(e.closest('[data-state]').dataset.state)).json()"
    image = it.evaluate(read)[which][0]["image"]
    data = torch.frombuffer(bytearray(base64.b64decode(image["data"])), dtype=torch.uint8)
    return data.view(1, *image["shape"]) / 255


def picture_file(color: tuple[int, int, int]) -> dict:
    buffer = io.BytesIO()
    Image.new("RGB", (120, 80), color).save(buffer, "PNG")
    return {"name": "plain.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def test_a_recorded_run_is_there_at_once_and_is_moved_through(explorer):
    with explorer(size=96) as it:
        slider = it.get_by_role("slider", name="Recorded run")
        assert slider.get_attribute("aria-valuetext") == "step 40 of 40"
        end, (content, style), line = result(it), losses(it), it.locator(".nst-line-style")
        assert step_of(it) == 40
        assert line.get_attribute("d").count("L") == 40
        slider.focus()
        slider.press("Home")
        assert step_of(it) == 0
        assert losses(it)[0] == 0
        assert losses(it)[1] > 3 * style
        assert content > 0.1
        start_of_it = result(it)
        assert (start_of_it.float() - end.float()).abs().mean() > 10
        turn(it, "style", 0)
        assert "turn a live run" in it.locator(".nst-tape-note").inner_text()
        assert torch.equal(result(it), start_of_it)
        assert (
            it.page.evaluate("performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.onnx'))") == []
        )


@pytest.mark.exhaustive
def test_the_recorded_run_is_put_away_by_a_live_one_and_brought_back_by_reset(explorer):
    with explorer(size=96) as it:
        recorded = result(it)
        start(it)
        it.page.wait_for_function(LIVE)
        it.page.wait_for_function(STEP, arg=2)
        pause(it)
        assert step_of(it) < 40
        it.get_by_role("button", name="Reset").click()
        assert it.get_by_role("slider", name="Recorded run").is_visible()
        assert torch.equal(result(it), recorded)
        assert step_of(it) == 40
        it.get_by_role("button", name="Start", exact=True).click()  # what was loaded is still there
        it.page.wait_for_function(LIVE)
        it.page.wait_for_function(STEP, arg=1)
        assert pause(it) < 40


@pytest.mark.exhaustive
def test_what_the_page_recorded_is_what_the_page_computes(explorer):
    with explorer(size=96) as it:
        slider = it.get_by_role("slider", name="Recorded run")
        slider.focus()
        slider.press("Home")
        for _ in range(3):
            slider.press("ArrowRight")
        assert step_of(it) == 3
        recorded = losses(it)
        begin(it)
        advance(it, 3)
        assert losses(it) == pytest.approx(recorded, rel=0.02)  # its kernels are of half precision


def test_nothing_of_the_network_is_fetched_before_it_is_asked_for_and_its_size_is_told(explorer):
    with explorer() as it:
        fetched = it.page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert not [name for name in fetched if name.endswith((".onnx", ".wasm"))]
        assert 10 < float(re.search(r"[\d.]+", it.locator(".nst-main").inner_text())[0]) < 20
        it.page.wait_for_timeout(1000)
        assert step_of(it) == 0


@pytest.mark.exhaustive
def test_with_the_pause_the_speed_is_gone_at_once(explorer):
    with explorer() as it:
        start(it)
        it.get_by_text("steps a second").wait_for()
        speed = it.evaluate("""(e) => {
          [...e.querySelectorAll("button")].find((one) => one.textContent === "Pause").click();
          return e.querySelector(".nst-speed").textContent;
        }""")
        assert speed == ""


@pytest.mark.exhaustive
def test_it_runs_until_it_is_paused_and_style_falls(explorer):
    with explorer() as it:
        start(it)
        it.page.wait_for_function(STEP, arg=1)
        first = losses(it)[1]
        assert not it.get_by_role("progressbar").is_visible()
        assert it.get_by_role("button", name="One step").is_disabled()
        assert it.locator(".nst-transfer-note").inner_text() == ""
        it.page.wait_for_function(STEP, arg=12)
        stood = pause(it)
        content, style = losses(it)
        assert style < 0.5 * first
        assert content > 0.1
        it.page.wait_for_timeout(1500)
        assert step_of(it) == stood
        told = it.get_by_role("img", name="Losses over").get_attribute("aria-label")
        assert f"{stood} steps" in told
        assert it.locator(".nst-line-style").get_attribute("d").count("L") == stood


def test_after_a_few_steps_picture_and_losses_are_those_of_the_library(explorer):
    with explorer(size=96) as it:
        begin(it)
        advance(it, 4)
        found, shown = losses(it), result(it)
        content, style = as_image(it, "contents"), as_image(it, "styles")
    rounded = {key: t.half().float() if key.endswith("weight") else t for key, t in load_weights("vgg16").items()}
    network = Features("vgg16", rounded, winograd=False)
    objective = Objective(content, [Style(style)], network, CONTENT_LAYER, STYLE_LAYERS, (1.0, 30.0, 0.0))
    descent = start_adam(content.clone().requires_grad_(True), objective, None)
    for _ in range(4):
        descent.step()
    _, far, unlike, _ = objective(descent.image())
    assert found == (pytest.approx(far.item(), abs=0.002), pytest.approx(unlike.item(), abs=0.002))
    wanted = (descent.image()[0].permute(1, 2, 0) * 255).round()
    assert ((shown - wanted).abs() <= 2).float().mean() > 0.99


@pytest.mark.exhaustive
def test_without_style_the_content_stays_as_it_is(explorer):
    with explorer() as it:
        begin(it)
        before = result(it)
        turn(it, "style", 0)
        advance(it, 2)
        assert torch.equal(result(it), before)
        assert losses(it)[0] == 0


@pytest.mark.exhaustive
def test_what_of_the_change_is_kept_changes_the_picture_at_once_and_nothing_of_it_is_the_content(explorer):
    with explorer() as it:
        begin(it)
        content = result(it)
        advance(it, 4)
        whole = result(it)
        turn(it, "coarse", 0)
        fine = result(it)
        settle(it)
        turn(it, "fine", 0)
        settle(it)
        assert torch.equal(result(it), content)
        assert losses(it)[0] == 0
        assert not torch.equal(fine, whole)
        # What was taken away is coarse: it hardly differs from a pixel to the next.
        away = (whole - fine).float()
        assert away.diff(dim=0).abs().mean() < 0.3 * away.abs().mean()


@pytest.mark.exhaustive
def test_a_readers_pictures_take_the_place_of_ours(explorer):
    with explorer() as it:
        files = it.locator('input[type="file"]')
        files.nth(0).set_input_files([picture_file((200, 60, 20))])
        it.get_by_text("plain.png, 120 × 80").wait_for()
        assert set(map(tuple, result(it).view(-1, 3).tolist())) == {(200, 60, 20)}
        begin(it)
        files.nth(1).set_input_files([picture_file((20, 60, 200))])
        it.page.wait_for_timeout(300)
        advance(it, 4)
        red, _, blue = result(it).float().mean((0, 1)).tolist()
        assert red < 190
        assert blue > 30  # on its way to the style's


@pytest.mark.exhaustive
def test_another_size_begins_again_from_the_start(explorer):
    with explorer() as it:
        begin(it)
        advance(it, 1)
        it.get_by_role("radio", name="96").check()
        assert step_of(it) == 0
        assert result(it).shape == (96, 96, 3)
        it.get_by_role("radio", name="noise").check()
        assert result(it).float().std() > 40
        advance(it, 1)
        assert losses(it)[0] > 0.3


def test_the_keyboard_reaches_everything(explorer):
    with explorer() as it:
        it.locator(".nst-main").focus()
        it.page.keyboard.press("Enter")
        it.page.wait_for_function(STEP, arg=2)
        it.page.keyboard.press("Space")
        it.get_by_role("button", name="Go on").wait_for()
        it.page.keyboard.press("Tab")
        assert it.page.evaluate("document.activeElement.textContent") == "One step"
        settle(it)
        step = step_of(it)
        it.page.keyboard.press("Enter")
        it.page.wait_for_function(STEP, arg=step + 1)
        slider = it.get_by_role("slider", name=re.compile("style"))
        slider.focus()
        it.page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "100"


@pytest.mark.exhaustive
def test_a_finger_starts_and_stops_it(explorer):
    with explorer(width=360, has_touch=True) as it:
        it.locator(".nst-main").tap()
        it.page.wait_for_function(STEP, arg=2)
        it.get_by_role("button", name="Pause").tap()
        it.get_by_role("button", name="Go on").wait_for()


@pytest.mark.exhaustive
def test_it_never_starts_on_its_own_also_where_less_motion_is_asked_for(explorer):
    with explorer(reduced_motion="reduce") as it:
        it.page.wait_for_timeout(1500)
        assert step_of(it) == 0


@pytest.mark.exhaustive
def test_a_screen_reader_hears_at_most_one_thing_a_second(explorer):
    with explorer() as it:
        begin(it)
        it.evaluate("""(root) => {
          window.said = [];
          const voice = root.querySelector("[aria-live]");
          const note = () => window.said.push([performance.now(), voice.textContent]);
          new MutationObserver(note).observe(voice, { childList: true, characterData: true, subtree: true });
        }""")
        for _ in range(4):
            it.get_by_role("button", name="Start over").click()
            it.page.wait_for_timeout(300)
        start(it)
        it.page.wait_for_function(STEP, arg=8)
        pause(it)
        it.page.wait_for_timeout(2500)
        said = it.page.evaluate("window.said")
        gaps = [b[0] - a[0] for a, b in pairwise(said)]
        assert all(gap > 990 for gap in gaps), said
        assert "Paused. Step" in said[-1][1]
        assert "style" in said[-1][1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_barriers_while_it_runs(explorer, axe, scheme):
    with explorer(scheme=scheme, width=360) as it:
        start(it)
        it.page.wait_for_function(STEP, arg=2)
        it.page.evaluate(axe)
        script = "axe.run('.nst-explorer').then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))"
        assert it.page.evaluate(script) == []
        pause(it)
        assert it.page.evaluate(script) == []
        assert it.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_fetch_that_fails_is_told_and_can_be_tried_again(explorer):
    with explorer(spoiled=True) as it:
        it.page.route("**/vgg16-2.onnx", lambda route: route.abort())
        start(it)
        it.get_by_text("vgg16-2.onnx could not be fetched").wait_for()
        it.page.unroute("**/vgg16-2.onnx")
        start(it)
        it.page.wait_for_function(STEP, arg=1)
        pause(it)
