"""The one-pass explorer by itself: what it paints is what the library paints; driven by mouse, keys, fingers and files."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import torch
from conftest import PAGE, ROOT, watched
from PIL import Image
from sampling import one_in
from test_pages import AXE, TOO_WIDE

from nstlib import one_pass
from nstlib.apps.server import make_folder_server
from nstlib.images import load_image, picture
from nstlib.widgets import explore_one_pass
from nstlib.widgets.explorer import style_names
from nstlib.widgets.one_pass import _answer

pytestmark = pytest.mark.browser

STYLES = ("mosaic", "woodcut", "brush", "tissue")
WAIT = 60_000  # milliseconds, for a busy machine
IDLE = "() => document.querySelector('.nst-explorer')?.getAttribute('aria-busy') === 'false'"
HEAVY = re.compile(r"\.(onnx|wasm|mjs)$")
ENGINE = """async ({ pixels, height, width, amounts }) => {
  const { startEngine } = await import("/explorers/runtime/engine.js");
  const engine = startEngine();
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const found = await engine.paint({ data: new Float32Array(bytes.buffer), height, width }, amounts);
  engine.close();
  return { ...found, data: [...found.data] };
}"""
FRAMES = """async ({ sizes, runs }) => {
  const { startEngine } = await import("/explorers/runtime/engine.js");
  const engine = startEngine();
  const found = {};
  for (const [width, height] of sizes) {
    const data = Float32Array.from({ length: 3 * height * width }, () => Math.random());
    const times = [];
    for (let k = 0; k < runs; k++) {
      const start = performance.now();
      const { milliseconds } = await engine.paint({ data, height, width }, { mosaic: 0.5, woodcut: 0.5 });
      times.push([milliseconds, performance.now() - start]);
    }
    found[`${width} x ${height}`] = times;
  }
  engine.close();
  return found;
}"""


@pytest.fixture(scope="module")
def painter():
    return one_pass.load_one_pass()


@pytest.fixture(scope="module")
def whole_page(static):
    """A page that holds the explorer, and its folder."""
    photos = {name: load_image(picture(name), size=256) for name in ("cat", "coffee")}
    body = explore_one_pass(photos, STYLES, static=True)._repr_html_()
    head = "".join(f'<link rel="stylesheet" href="explorers/{one}.css">' for one in style_names("one_pass"))
    script = '<script type="module" src="explorers/kit/mount.js"></script>'
    path = static / "one_pass.html"
    path.write_text(PAGE.format(head=head, body=f"<main><h1>One pass</h1>{body}</main>{script}"), encoding="utf-8")
    return path


class Explorer:
    """The explorer on its page, with the words of these tests for what a reader does and sees."""

    def __init__(self, page) -> None:
        self.page = page
        self.page.set_default_timeout(WAIT)
        self.root = page.locator(".nst-explorer")
        self.fetched: list[str] = []
        page.on("request", lambda request: HEAVY.search(request.url) and self.fetched.append(request.url))
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_function(IDLE)

    def load(self) -> None:
        """Agree to load what paints, and wait for what it paints first."""
        self.root.get_by_role("button", name=re.compile("^Load ")).click()
        self.said("painted here in")

    def said(self, words: str) -> str:
        """Wait until the caption has these words, and return it."""
        caption = self.root.locator("figcaption").filter(has_text=words)
        caption.wait_for()
        return caption.inner_text()

    def take(self, group: str, name: str) -> None:
        self.root.get_by_role("group", name=group, exact=True).get_by_role("radio", name=name, exact=True).check(
            force=True
        )

    def slider(self, name: str):
        return self.root.get_by_role("slider", name=re.compile(name))

    def turn(self, name: str, value: int) -> None:
        self.slider(name).fill(str(value))

    def shown(self, divider: int) -> torch.Tensor:
        """Return the bytes of the picture, shape (3, H, W), with the divider at that place in percent."""
        self.turn("How much of the painting", divider)
        height, width, *rgba = self.root.locator("canvas").evaluate(
            "(c) => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        )
        return torch.tensor(rgba).view(height, width, 4)[..., :3].permute(2, 0, 1)

    def painting(self) -> torch.Tensor:
        return self.shown(100)

    def photo(self) -> torch.Tensor:
        return self.shown(0)


@pytest.fixture
def explorer(chromium, whole_page, serving):
    """Open the explorer: ``with explorer() as it``; no problem on the page at the end, unless ``spoiled``."""

    @contextmanager
    def opened(**options):
        with (
            serving(make_folder_server(whole_page.parent)) as address,
            watched(chromium, f"{address}/{whole_page.name}", **options) as visited,
        ):
            visited.page.locator(".nst-page[data-live]").wait_for()
            yield Explorer(visited.page)

    return opened


@pytest.fixture
def engine(chromium, static, serving):
    """A page without the explorer, on which the worker can be asked by itself."""
    with serving(make_folder_server(static)) as address:
        context = chromium.new_context()
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/empty.html")
        yield page
        context.close()


def assert_painted(it: Explorer, painter, amounts: dict[str, float]) -> None:
    """Compare the painting that is shown with what the library makes of the photo that is shown."""
    wanted = painted_by(painter, it.photo()[None] / 255, amounts)[0] * 255
    assert (it.painting() - wanted).abs().max() <= 1.01


def assert_the_worker_paints(engine, painter, image: torch.Tensor, amounts: dict[str, float]) -> None:
    """Compare what the worker makes of an image, shape (1, 3, H, W), with what the library makes of it."""
    height, width = image.shape[2:]
    given = {"pixels": base64.b64encode(image.numpy().tobytes()).decode(), "height": height, "width": width}
    found = engine.evaluate(ENGINE, {**given, "amounts": amounts})
    painted = torch.tensor(found["data"]).view(1, 3, found["height"], found["width"])
    torch.testing.assert_close(painted, painted_by(painter, image, amounts), atol=1e-3, rtol=0)


def painted_by(painter, image: torch.Tensor, amounts: dict[str, float]) -> torch.Tensor:
    """Return what the library makes of an image in a mixture of styles."""
    model, styles = painter
    return model(image, sum(share * styles[name] for name, share in amounts.items()) / sum(amounts.values()))


def picture_file(width: int, height: int, name: str = "odd.png") -> dict:
    image = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(1)).mul(255).byte().numpy()
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": buffer.getvalue()}


# --- the worker ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", one_in(3, [(33, 50), (8, 8), (128, 192)]))
def test_the_worker_paints_what_the_network_paints_to_a_thousandth(engine, painter, sides):
    height, width = sides
    image = load_image(picture("china"), size=256)[..., :height, :width].contiguous()
    for amounts in ({"mosaic": 1}, {"brush": 1, "woodcut": 3}):
        assert_the_worker_paints(engine, painter, image, amounts)


def test_a_picture_that_is_nearly_all_one_color_is_painted_as_exactly(engine, painter):
    ground, disc = (torch.tensor(color).view(1, 3, 1, 1) / 255 for color in ((0, 135, 0), (74, 255, 22)))
    down, across = torch.meshgrid(torch.arange(144), torch.arange(192), indexing="ij")
    image = torch.where((down - 72) ** 2 + (across - 96) ** 2 < 36**2, disc, ground).contiguous()
    assert_the_worker_paints(engine, painter, image, {"brush": 1})


@pytest.mark.timed
def test_frames_come_many_a_second(engine, record_property):
    sizes = [(192, 144), (192, 192), (256, 192), (256, 256)]
    found = engine.evaluate(FRAMES, {"sizes": sizes, "runs": 24})
    for size, times in found.items():
        inside, whole = (sorted(column)[2] for column in zip(*times, strict=True))
        record_property(size, whole)
        print(
            f"{size}: {inside:.0f} ms in the worker, {1000 / whole:.0f} frames a second; load {os.getloadavg()[0]:.1f}"
        )
        assert whole < 2000  # a busy machine must not fail


# --- before anything is loaded ------------------------------------------------------------------------------------------


def test_before_anything_is_loaded_a_style_shows_its_painting_of_the_first_photo(explorer):
    with explorer() as it:
        page = json.loads(it.page.locator('script[type="application/json"]').text_content())
        for name in ("woodcut", "mosaic"):
            it.take("Style", name)
            assert it.said(f"cat as {name}").endswith("painted when the book was built")
            address = page["painted"][name]
            image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
            wanted = torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
            assert (it.painting() - wanted).abs().max() <= 2  # two decoders of WebP
        assert it.fetched == []


def test_what_must_be_loaded_is_said_in_megabytes(explorer):
    with explorer() as it:
        it.root.get_by_role("button", name=re.compile(r"^Load [\d.]+ MB")).wait_for()
        said = it.root.locator(".nst-gate").inner_text()
        runtime = json.loads((ROOT / "_vendor/layers/stages.json").read_text(encoding="utf-8"))["runtimeBytes"]["wasm"]
        assert f"({runtime / 1e6:.1f} MB), once." in said
        own = (ROOT / "book" / "data" / "one_pass.onnx").stat().st_size
        assert f"the network ({own / 1e6:.1f} MB)" in said
        assert "stay on this machine" in said


@pytest.mark.exhaustive
def test_what_needs_the_network_says_so_and_is_painted_once_it_is_there(explorer, painter):
    with explorer() as it:
        it.turn("Share of the second", 50)
        it.root.get_by_text("To mix two styles, the page must load").first.wait_for()
        it.turn("Share of the second", 0)
        it.take("Pixels of the longer side", "128")
        it.root.get_by_text("To paint at 128 pixels, the page must load").first.wait_for()
        it.take("Picture", "coffee")
        it.root.get_by_text("To paint coffee, the page must load").first.wait_for()
        it.said("coffee, not painted yet")
        assert it.fetched == []
        it.load()
        assert "coffee as mosaic: 128 × 8" in it.said("coffee as mosaic")
        assert not it.root.locator(".nst-gate").is_visible()
        assert_painted(it, painter, {"mosaic": 1})


@pytest.mark.exhaustive
def test_strength_works_before_anything_is_loaded(explorer):
    with explorer() as it:
        whole, photo = it.painting().float(), it.photo().float()
        it.turn("Strength", 50)
        assert (it.painting() - (whole + photo) / 2).abs().max() <= 1
        assert it.fetched == []


# --- the painter --------------------------------------------------------------------------------------------------------


def test_styles_mixtures_and_sizes_are_painted_as_the_library_paints_them(explorer, painter):
    with explorer() as it:
        it.load()
        assert_painted(it, painter, {"mosaic": 1})
        it.take("Style", "tissue")
        it.said("cat as tissue")
        assert_painted(it, painter, {"tissue": 1})
        it.take("Second style", "brush")
        it.turn("Share of the second", 25)
        it.said("cat as 75 % tissue, 25 % brush")
        assert_painted(it, painter, {"tissue": 0.75, "brush": 0.25})
        it.take("Pixels of the longer side", "256")
        it.said("256 × 170 pixels")
        assert_painted(it, painter, {"tissue": 0.75, "brush": 0.25})


@pytest.mark.exhaustive
def test_a_mixture_of_nothing_is_the_first_style_and_of_all_the_second(explorer, painter):
    with explorer() as it:
        it.load()
        first = it.painting()
        it.turn("Share of the second", 100)
        it.said("cat as woodcut:")
        assert_painted(it, painter, {"woodcut": 1})
        it.turn("Share of the second", 0)
        it.said("cat as mosaic:")
        assert torch.equal(it.painting(), first)
        it.take("Second style", "mosaic")
        it.turn("Share of the second", 50)
        it.said("cat as mosaic:")
        assert torch.equal(it.painting(), first)


@pytest.mark.exhaustive
def test_with_no_strength_the_painting_is_the_photo(explorer):
    with explorer() as it:
        it.load()
        it.turn("Strength", 0)
        assert torch.equal(it.painting(), it.photo())


def test_the_divider_has_the_painting_on_its_left(explorer):
    with explorer() as it:
        left, right, half = it.painting(), it.photo(), it.shown(50)
        middle = half.shape[2] // 2
        assert torch.equal(half[..., :middle], left[..., :middle])
        assert torch.equal(half[..., middle:], right[..., middle:])


@pytest.mark.exhaustive
def test_a_file_of_an_odd_size_is_painted_whole(explorer, painter):
    with explorer() as it:
        it.load()
        it.root.locator('input[type="file"]').set_input_files([picture_file(57, 101)])
        it.said("odd.png as mosaic: 57 × 101 pixels")
        assert it.photo().shape == (3, 101, 57)
        assert_painted(it, painter, {"mosaic": 1})


@pytest.mark.exhaustive
def test_a_picture_that_is_too_small_is_refused_in_words_and_the_next_one_painted(explorer, painter):
    with explorer() as it:
        it.load()
        it.root.locator('input[type="file"]').set_input_files([picture_file(60, 5, "flat.png")])
        it.root.get_by_text("A picture needs at least 8 x 8 pixels, this one has 60 x 5.").first.wait_for()
        it.take("Picture", "cat")
        it.said("cat as mosaic")
        it.root.locator(".nst-gate").wait_for(state="hidden")
        assert_painted(it, painter, {"mosaic": 1})


@pytest.mark.exhaustive
def test_a_fetch_that_fails_is_told_and_can_be_tried_again(explorer, painter):
    with explorer(spoiled=True) as it:
        it.page.route("**/painter.onnx", lambda route: route.abort())
        it.root.get_by_role("button", name=re.compile("^Load ")).click()
        it.root.get_by_text("painter.onnx could not be fetched").first.wait_for()
        it.page.unroute("**/painter.onnx")
        it.root.get_by_role("button", name="Try again").click()
        it.said("painted here in")
        assert_painted(it, painter, {"mosaic": 1})


# --- the camera ---------------------------------------------------------------------------------------------------------


def test_the_camera_is_painted_live_and_one_picture_of_it_kept(explorer, painter):
    with explorer() as it:
        it.load()
        it.root.get_by_role("button", name="Camera").click()
        assert re.search(r"camera as mosaic: 192 × 144 pixels, \d+ frames a second", it.said("frames a second"))
        seen = set()
        for _ in range(12):
            it.page.wait_for_timeout(150)
            seen.add(it.root.locator("canvas").evaluate("(c) => c.toDataURL()"))
        assert len(seen) > 3, "the painting does not follow the camera"
        it.take("Style", "brush")
        it.said("camera as brush")
        it.root.get_by_role("button", name="Take this picture").click()
        it.said("photo as brush: 192 × 144 pixels, painted here")
        assert not it.root.locator(".nst-camera").is_visible()
        assert_painted(it, painter, {"brush": 1})


@pytest.mark.exhaustive
def test_another_picture_ends_the_camera(explorer):
    with explorer() as it:
        it.load()
        it.root.get_by_role("button", name="Camera").click()
        it.said("camera as mosaic")
        it.take("Picture", "coffee")
        it.said("coffee as mosaic")
        assert it.page.evaluate("document.querySelector('.nst-camera video').srcObject") is None
        it.page.wait_for_timeout(500)
        it.said("coffee as mosaic")


@pytest.mark.exhaustive
def test_a_camera_that_is_opened_first_shows_itself_and_the_offer_stays(explorer):
    with explorer() as it:
        it.root.get_by_role("button", name="Camera").click()
        it.root.get_by_text("To paint what the camera sees, the page must load").first.wait_for()
        it.said("camera, not painted yet")
        it.page.wait_for_timeout(500)  # frames go on, and the button is still the same
        it.root.get_by_role("button", name=re.compile("^Load ")).click()
        it.said("camera as mosaic")


@pytest.mark.parametrize(
    ("error", "words"),
    [("NotAllowedError", "The camera was not given to this page."), ("NotFoundError", "There is no camera.")],
)
def test_a_camera_that_is_not_given_is_said_in_words(explorer, error, words):
    with explorer() as it:
        it.page.evaluate(
            "(name) => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', name); }; }",
            error,
        )
        it.root.get_by_role("button", name="Camera").click()
        it.root.get_by_text(words).wait_for()
        it.said("cat as mosaic")


@pytest.mark.exhaustive
def test_with_less_motion_the_camera_is_not_followed_unasked(explorer):
    with explorer(reduced_motion="reduce") as it:
        it.load()
        it.root.get_by_role("button", name="Camera").click()
        it.root.locator(".nst-camera video").wait_for()
        assert not it.root.get_by_label("follow it live").is_checked()
        it.page.wait_for_timeout(500)
        it.said("cat as mosaic")


# --- the reader ---------------------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_everything(explorer, painter):
    with explorer() as it:
        it.root.get_by_role("button", name=re.compile("^Load ")).focus()
        it.page.keyboard.press("Enter")
        it.said("painted here in")
        divider = it.slider("How much of the painting")
        assert divider.evaluate("(e) => e === document.activeElement")  # the button that had the focus is gone
        it.page.keyboard.press("Home")
        assert divider.get_attribute("aria-valuetext") == "0 %"
        it.root.get_by_role("group", name="Style", exact=True).get_by_role("radio", name="mosaic").focus()
        it.page.keyboard.press("ArrowRight")
        it.said("cat as woodcut")
        it.slider("Share of the second").focus()
        it.page.keyboard.press("End")
        it.said("cat as woodcut")  # the second is woodcut, too
        it.slider("Strength").focus()
        it.page.keyboard.press("Home")
        assert torch.equal(it.painting(), it.photo())


@pytest.mark.exhaustive
def test_a_finger_moves_the_divider(explorer):
    with explorer(width=390, has_touch=True, is_mobile=True) as it:
        box = it.root.locator(".nst-divided").bounding_box()
        session = it.page.context.new_cdp_session(it.page)
        for kind, share in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.2)):
            point = {"x": box["x"] + share * box["width"], "y": box["y"] + 0.4 * box["height"]}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert float(it.slider("How much of the painting").input_value()) == pytest.approx(20, abs=2)


def test_the_mouse_drags_the_divider_anywhere_on_the_picture(explorer):
    with explorer() as it:
        box = it.root.locator(".nst-divided").bounding_box()
        it.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.3 * box["height"])
        assert it.slider("How much of the painting").input_value() == "50"  # nobody pressed
        it.page.mouse.down()
        it.page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"])
        it.page.mouse.up()
        assert it.slider("How much of the painting").input_value() == "75"


@pytest.mark.exhaustive
def test_a_screen_reader_hears_what_was_painted(explorer):
    with explorer() as it:
        voice = it.root.locator('[aria-live="polite"]')
        assert voice.text_content() == ""
        it.take("Style", "brush")
        it.page.wait_for_function("(e) => e.textContent.includes('cat as brush')", arg=voice.element_handle())
        assert "cat as brush" in it.root.get_by_role("img", name="cat as brush").get_attribute("aria-label")


def test_what_is_saved_is_the_whole_painting(explorer):
    with explorer() as it:
        it.turn("Strength", 60)
        with it.page.expect_download() as saved:
            it.root.get_by_role("button", name="Save the picture").click()
        assert saved.value.suggested_filename == "cat-mosaic.png"
        found = torch.from_numpy(np.array(Image.open(saved.value.path()).convert("RGB"))).permute(2, 0, 1)
        assert torch.equal(found.long(), it.painting())


@pytest.mark.exhaustive
def test_reset_goes_back_to_the_beginning(explorer):
    with explorer() as it:
        before = it.painting()
        it.turn("How much of the painting", 50)
        it.take("Style", "tissue")
        it.take("Picture", "coffee")
        it.turn("Strength", 30)
        it.turn("Share of the second", 40)
        it.root.get_by_role("button", name="Reset").click()
        it.said("cat as mosaic")
        assert [it.slider(name).input_value() for name in ("How much", "Share", "Strength")] == ["50", "0", "100"]
        assert it.root.get_by_role("group", name="Style", exact=True).get_by_role("radio", name="mosaic").is_checked()
        assert torch.equal(it.painting(), before)


@pytest.mark.parametrize("shown", one_in(3, [(1000, "light"), (1000, "dark"), (390, "light")]))
def test_it_has_no_barriers_in_any_of_its_states(explorer, axe, shown):
    width, theme = shown
    with explorer(width=width) as it:
        it.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        it.page.evaluate(
            "(theme) => { document.body.style.background = theme === 'dark' ? '#121212' : '#fff'; }", theme
        )
        if theme == "dark":
            it.page.add_style_tag(
                content="h1 { color: white; } :root { --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; }"
            )
        it.page.evaluate(axe)
        for act in (lambda: None, it.load, lambda: it.root.get_by_role("button", name="Camera").click()):
            act()
            it.page.wait_for_timeout(300)
            assert it.page.evaluate(AXE) == []
            assert it.page.evaluate(TOO_WIDE) == []


# --- with a kernel ------------------------------------------------------------------------------------------------------


def test_a_notebooks_kernel_paints_at_once_what_the_front_end_asks_for(with_kernel, painter):
    widget = explore_one_pass(load_image(picture("cat"), size=128), STYLES, size=128, static=False)
    with with_kernel("one_pass", widget, partial(_answer, painter)) as visited:
        it = Explorer(visited.page)
        it.said("painted by the kernel in")
        assert not it.root.locator(".nst-gate").is_visible()
        it.turn("Share of the second", 50)
        it.said("picture as 50 % mosaic, 50 % woodcut")
        assert_painted(it, painter, {"mosaic": 0.5, "woodcut": 0.5})
        assert it.page.evaluate("[saved.share, saved.style]") == [0.5, "mosaic"]
