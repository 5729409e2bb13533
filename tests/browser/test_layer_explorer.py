"""The layer explorer, driven on the built page, with a kernel and with ``nst explore``: its numbers are the library's."""

from __future__ import annotations

import base64
import io
import json
import re
import statistics
from contextlib import contextmanager
from functools import partial

import pytest
import torch
from conftest import watched
from PIL import Image
from sampling import one_in
from test_pages import AXE, TOO_WIDE

from nstlib.apps.explore import make_explorer_server
from nstlib.features import load_network
from nstlib.gram import gram_matrix
from nstlib.images import load_image, picture
from nstlib.receptive import patch_of
from nstlib.widgets import explore_layers
from nstlib.widgets.explorer import FOLDER
from nstlib.widgets.gram import ranked_channels
from nstlib.widgets.layers import _answer

pytestmark = [pytest.mark.browser, pytest.mark.weights]

PAGE = "book/03_features"
ROUNDED = 2e-3  # relative: kernels and carried features have half precision
HEAVIEST = 2_000_000
LOADS = re.compile(r"\.onnx$|\.wasm$|\.mjs$|engine\.js$")
DONE = """() => document.querySelector(".nst-explorer")?.getAttribute("aria-busy") === "false" """
PIXELS = "(c) => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
SHOWN = "() => [...document.querySelectorAll('.nst-map canvas')].map((canvas) => canvas.toDataURL()).join()"
# From a choice to the frame after it was drawn.
ANSWER = """([layer, runs]) => new Promise(async (done) => {
  const el = document.querySelector(".nst-explorer");
  const input = [...el.querySelectorAll(".nst-source input[type=radio]")];
  document.querySelector(`.nst-layers input[value=${layer}]`).click();
  const idle = async () => {
    do await new Promise(requestAnimationFrame); while (el.getAttribute("aria-busy") === "true");
  };
  await idle();
  const times = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    input[(i + 1) % input.length].click();
    await idle();
    times.push(performance.now() - start);
  }
  done(times);
})"""


@pytest.fixture(scope="module")
def network():
    return load_network()


class Explorer:
    """An explorer on a page, with the words of these tests for what a reader does and sees."""

    def __init__(self, page) -> None:
        self.page = page
        self.root = page.locator(".nst-explorer").first
        self.fetched: list[str] = []
        page.on("request", lambda request: LOADS.search(request.url) and self.fetched.append(request.url))
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_function(DONE, timeout=30_000)

    def load(self) -> None:
        """Agree to load the network."""
        self.root.get_by_role("button", name=re.compile("^Load ")).click()
        self.settle()

    def take(self, group: str, name: str) -> None:
        self.root.get_by_role("group", name=group, exact=True).get_by_role("radio", name=name, exact=True).check(
            force=True
        )
        self.settle()

    def layer(self, name: str) -> None:
        self.take("Layer", name)

    def compare(self) -> None:
        self.root.get_by_label("compare two pictures").check()
        self.settle()

    def order(self) -> list[int]:
        maps = self.root.locator(".nst-map").all()
        return [int(option.get_attribute("data-channel")) for option in maps]

    def side(self, number: int = 0):
        return self.root.locator(".nst-side").nth(number)

    def value(self, name: str, within=None) -> float:
        return float((within or self.root).locator(f'[data-number="{name}"]').first.get_attribute("data-value"))

    def channel(self) -> int:
        return int(self.root.locator('.nst-map[aria-selected="true"]').get_attribute("data-channel"))

    def photo(self, number: int = 0) -> torch.Tensor:
        """Return the picture that is shown, as the library gets it."""
        height, width, *rgba = self.side(number).locator("canvas").first.evaluate(PIXELS)
        return torch.tensor(rgba).view(height, width, 4)[..., :3].permute(2, 0, 1)[None] / 255


@pytest.fixture
def explorer(visit):
    """Open the chapter's explorer: ``with explorer() as it``; there is no problem on the page at the end."""

    @contextmanager
    def opened(**options):
        with visit(PAGE, **options) as visited:
            it = Explorer(visited.page)
            yield it
            assert visited.problems == []

    return opened


def assert_numbers_are_right(it: Explorer, network, layer: str, number: int = 0, rel: float = ROUNDED) -> None:
    """Compare everything that one side says of the chosen channel with the library."""
    photo, channel, side = it.photo(number), it.channel(), it.side(number)
    features = network(photo, layer)[layer]
    one = features[0, channel]
    assert it.value("mean", side) == pytest.approx(float(one.mean()), rel=rel)
    assert it.value("peak", side) == pytest.approx(float(one.max()), rel=rel)
    assert it.value("share", side) == pytest.approx(float((one > 0).float().mean()), abs=0.005)
    row, column = (int(side.get_attribute(f"data-{name}")) for name in ("row", "column"))
    assert it.value("activation", side) == pytest.approx(float(one[row, column]), rel=rel, abs=rel * float(one.max()))
    box = patch_of(layer, row, column, *photo.shape[2:])
    assert box == tuple(int(side.get_attribute(f"data-{name}")) for name in ("top", "bottom", "left", "right"))
    gram = gram_matrix(features)[0]
    assert it.value("gram2" if number else "gram") == pytest.approx(float(gram[channel, channel]), rel=rel)
    if number == 0:
        for mate in it.root.locator(".nst-partner").all():
            other = int(mate.get_attribute("data-channel"))
            assert it.value("entry", mate) == pytest.approx(float(gram[channel, other]), rel=rel)


def picture_file(name: str, size: int) -> dict:
    """Return one of our pictures as a PNG file that a reader might open: every pixel arrives as it is."""
    image = load_image(picture(name), size=size)[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return {"name": f"{name}.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


# --- before anything is loaded ------------------------------------------------------------------------------------------


def test_the_page_begins_with_a_layer_it_carries_and_fetches_nothing(explorer, network):
    with explorer() as it:
        features = network(it.photo(), "relu3_1")["relu3_1"][0]
        assert it.order() == ranked_channels(features)[: len(it.order())].tolist()
        assert_numbers_are_right(it, network, "relu3_1")
        assert it.fetched == []


@pytest.mark.parametrize("layer", one_in(2, ["relu5_1", "relu4_1"]))
def test_deeper_layers_of_the_first_picture_lie_in_the_page(explorer, network, layer):
    with explorer() as it:
        it.layer(layer)
        assert_numbers_are_right(it, network, layer)
        assert it.fetched == []


def test_the_other_pictures_of_the_page_answer_at_once_too(explorer, network):
    with explorer() as it:
        for name, layer in (("mosaic", "relu3_1"), ("china", "relu5_1")):
            it.take("Picture", name)
            it.layer(layer)
            assert_numbers_are_right(it, network, layer, rel=0.02)  # each channel in 255 steps
        assert it.fetched == []


def test_the_size_is_said_before_anything_is_loaded_and_one_may_decline(explorer, html):
    with explorer() as it:
        it.layer("relu1_2")
        text = it.root.locator(".nst-gate").inner_text()
        stages = json.loads((html / "_static/layers/stages.json").read_text(encoding="utf-8"))
        first, *others = [stage["bytes"] for stage in stages["stages"]]
        assert f"the trained network: {(stages['runtimeBytes']['wasm'] + first) / 1e6:.1f} MB, once." in text
        assert f"Layers up to relu3_3 add {sum(others) / 1e6:.1f} MB" in text
        assert not it.root.locator(".nst-maps").is_visible()
        it.root.get_by_role("button", name="Not now").click()
        it.settle()
        assert it.root.get_by_role("radio", name="relu3_1").is_checked()
        assert it.root.locator(".nst-maps").is_visible()
        assert not [url for url in it.fetched if url.endswith((".onnx", ".wasm"))]


def test_what_the_page_cannot_compute_is_said(explorer):
    with explorer() as it:
        it.layer("relu5_1")
        it.root.locator('input[type="file"]').set_input_files([picture_file("rocket", 120)])
        it.root.get_by_role("button", name="Show cat").wait_for()
        assert "relu5_1 was computed when the book was built, of the book's own pictures." in it.root.inner_text()
        it.root.get_by_role("button", name="Show cat").click()
        it.settle()
        assert "relu5_1, channel" in it.root.locator(".nst-heading").inner_text()
        assert it.root.get_by_role("radio", name="cat", exact=True).is_checked()


# --- the network in the page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", one_in(3, ["relu2_2", "relu1_2", "relu3_3"]))
def test_another_of_our_pictures_gets_its_own_features(explorer, network, layer):
    with explorer() as it:
        it.layer(layer)
        it.load()
        it.take("Picture", "mosaic")
        features = network(it.photo(), layer)[layer][0]
        assert it.order()[:6] == ranked_channels(features)[:6].tolist()
        assert_numbers_are_right(it, network, layer)


def test_a_file_of_the_readers_arrives_pixel_by_pixel(explorer, network):
    with explorer() as it:
        it.layer("relu2_1")
        it.load()
        it.root.locator('input[type="file"]').set_input_files([picture_file("rocket", 120)])
        it.root.get_by_text("rocket.png, 120 × 80").first.wait_for()
        it.settle()
        sent = Image.open(io.BytesIO(picture_file("rocket", 120)["buffer"]))
        assert bytes(it.photo().mul(255).round().byte()[0].permute(1, 2, 0).numpy()) == sent.tobytes()
        assert_numbers_are_right(it, network, "relu2_1")


@pytest.mark.exhaustive
def test_a_larger_file_is_made_smaller(explorer, network):
    with explorer() as it:
        it.layer("relu1_1")
        it.load()
        it.root.locator('input[type="file"]').set_input_files([picture_file("coffee", 300)])
        it.root.get_by_text("coffee.png, 128 × 85").first.wait_for()
        it.settle()
        wanted = load_image(picture("coffee"), size=128)
        assert (it.photo() - wanted).abs().mean() < 0.02
        assert_numbers_are_right(it, network, "relu1_1")


@pytest.mark.exhaustive
def test_a_dropped_picture_is_taken(explorer, network):
    with explorer() as it:
        it.layer("relu1_2")
        it.load()
        handle = it.page.evaluate_handle(
            """(data) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
          return transfer;
        }""",
            base64.b64encode(picture_file("flower", 64)["buffer"]).decode(),
        )
        it.root.dispatch_event("drop", {"dataTransfer": handle})
        it.root.get_by_text("dropped.png, 64 ×").first.wait_for()
        it.settle()
        assert_numbers_are_right(it, network, "relu1_2")


def test_the_camera_is_followed_live_until_a_picture_is_taken(explorer, network):
    with explorer() as it:
        it.layer("relu1_2")
        it.load()
        it.root.get_by_role("button", name="Camera").click()
        it.root.locator(".nst-camera video").wait_for()
        seen = set()
        for _ in range(20):
            it.page.wait_for_timeout(150)
            seen.add(it.page.evaluate(SHOWN))
        assert len(seen) > 3, "the maps do not follow the camera"
        it.root.get_by_role("button", name="Take this picture").click()
        it.root.get_by_text(re.compile("photo, 128 × 96")).first.wait_for()
        it.settle()
        assert not it.root.locator(".nst-camera").is_visible()
        assert_numbers_are_right(it, network, "relu1_2")
        assert it.page.evaluate("document.querySelector('.nst-camera video').srcObject") is None


@pytest.mark.exhaustive
def test_the_camera_may_be_opened_before_the_network_is_loaded(explorer, network):
    with explorer() as it:
        it.root.get_by_role("button", name="Camera").click()
        it.root.get_by_role("button", name=re.compile("^Load ")).wait_for()
        it.page.wait_for_timeout(500)  # frames go on; the offer stays
        it.load()
        it.page.wait_for_function("() => document.querySelector('.nst-origin')?.textContent.includes('just now')")
        it.root.get_by_role("button", name="Take this picture").click()
        it.root.get_by_text(re.compile("photo, 128 × 96")).first.wait_for()
        it.settle()
        assert_numbers_are_right(it, network, "relu3_1")


@pytest.mark.exhaustive
def test_with_less_motion_the_camera_is_not_followed_unasked(explorer):
    with explorer(reduced_motion="reduce") as it:
        it.root.get_by_role("button", name="Camera").click()
        it.root.locator(".nst-camera video").wait_for()
        assert not it.root.get_by_label("follow it live").is_checked()
        assert it.root.locator(".nst-heading").inner_text().startswith("relu3_1")


@pytest.mark.exhaustive
def test_a_camera_whose_picture_is_hidden_is_closed_and_says_why(explorer):
    with explorer() as it:
        it.page.evaluate("""() => {
          const read = CanvasRenderingContext2D.prototype.getImageData;
          CanvasRenderingContext2D.prototype.getImageData = function (...box) {
            const image = read.apply(this, box);
            image.data.forEach((_, i) => { image.data[i] = (97 * i) % 256; });
            return image;
          };
        }""")
        it.root.get_by_role("button", name="Camera").click()
        it.root.get_by_text("This browser hides what a picture holds").first.wait_for()
        assert not it.root.locator(".nst-camera").is_visible()
        assert it.page.evaluate("document.querySelector('.nst-camera video').srcObject") is None


def test_a_page_without_a_camera_says_so(explorer):
    with explorer() as it:
        it.page.evaluate("""() => { navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException("no", "NotAllowedError"); }; }""")
        it.root.get_by_role("button", name="Camera").click()
        it.root.get_by_text("The camera was not given to this page.").wait_for()


def test_a_file_that_is_missing_is_named_and_can_be_tried_again(visit):
    with visit(PAGE) as visited:
        it = Explorer(visited.page)
        it.layer("relu2_2")
        it.page.route("**/vgg16-2.onnx", lambda route: route.fulfill(status=404, body="gone"))
        it.load()
        assert "vgg16-2.onnx could not be fetched: the server answered 404" in it.root.locator(".nst-gate").inner_text()
        it.page.unroute("**/vgg16-2.onnx")
        it.root.get_by_role("button", name="Try again").click()
        it.settle()
        assert it.root.locator(".nst-heading").inner_text().startswith("relu2_2, channel")


@pytest.mark.timed
def test_a_layer_answers_in_time(explorer, record_property):
    with explorer(width=1000) as it:
        it.layer("relu1_2")
        it.load()
        for layer, most in (("relu1_2", 2000), ("relu3_3", 6000)):
            it.page.evaluate(ANSWER, [layer, 2])
            median = statistics.median(it.page.evaluate(ANSWER, [layer, 9]))
            record_property(layer, median)
            print(f"{layer}: {median:.0f} ms from choosing a picture of 128 px to its maps")
            assert median < most  # many times what a quiet machine takes


# --- what is shown ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "key"),
    [
        ("maximum", lambda maps: maps.amax((1, 2))),
        ("how often active", lambda maps: (maps > 0).float().mean((1, 2))),
        ("number", lambda maps: -torch.arange(len(maps))),
    ],
)
def test_maps_are_sorted_as_asked(explorer, network, by, key):
    with explorer() as it:
        it.root.get_by_label("Sort by").select_option(label=by)
        values = key(network(it.photo(), "relu3_1")["relu3_1"][0])
        order = it.order()
        shown = values[order]
        assert len(order) == 24
        assert (shown[:-1] >= shown[1:] - 1e-3 * values.abs().max()).all()
        assert shown[-1] >= values.sort(descending=True).values[len(order) - 1] - 1e-3 * values.abs().max()


def test_clicking_a_map_shows_it_close_up(explorer, network):
    with explorer() as it:
        option = it.root.locator(".nst-map").nth(7)
        option.click()
        assert it.channel() == int(option.get_attribute("data-channel"))
        assert (
            it.root.locator(".nst-heading").inner_text().startswith(f"relu3_1, channel {it.channel()}: number 8 of 256")
        )
        assert_numbers_are_right(it, network, "relu3_1")


@pytest.mark.exhaustive
def test_a_finger_takes_a_map(explorer, network):
    with explorer(width=360, has_touch=True) as it:
        assert len(it.order()) == 12
        it.root.locator(".nst-map").nth(5).tap()
        assert it.channel() == it.order()[5]
        assert_numbers_are_right(it, network, "relu3_1")


def test_arrow_keys_walk_over_the_maps_and_enter_takes_one(explorer, network):
    with explorer() as it:
        begun = it.order().index(it.channel())
        it.root.locator('.nst-map[tabindex="0"]').focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
            it.page.keyboard.press(key)
        rows = it.root.locator(".nst-map").evaluate_all("(all) => all.map((e) => e.offsetTop)")
        at = it.page.evaluate("Number(document.activeElement.dataset.channel)")
        assert at == it.order()[begun + rows.count(rows[0]) + 1]
        assert it.channel() == it.order()[begun]
        it.page.keyboard.press("Enter")
        assert it.channel() == at
        assert_numbers_are_right(it, network, "relu3_1")
        assert it.root.locator('.nst-map[tabindex="0"]').count() == 1


@pytest.mark.exhaustive
def test_a_screen_reader_hears_what_was_taken(explorer):
    with explorer() as it:
        it.root.locator(".nst-map").nth(2).click()
        voice = it.root.locator('[aria-live="polite"]')
        it.page.wait_for_function("(e) => e.textContent.includes('number 3 of 256')", arg=voice.element_handle())
        assert re.search(rf"channel {it.channel()}, number 3 of 256, mean \d", voice.inner_text())


@pytest.mark.exhaustive
def test_more_maps_are_shown_when_asked(explorer):
    with explorer() as it:
        it.root.get_by_role("button", name="Show more of the 256").click()
        assert len(it.order()) == 96
        it.root.get_by_role("button", name="Show more of the 256").click()
        assert sorted(it.order()) == list(range(256))
        assert not it.root.get_by_role("button", name="Show more").is_visible()


@pytest.mark.exhaustive
def test_the_cursor_on_the_map_says_what_any_position_sees(explorer, network):
    with explorer() as it:
        stage = it.side().locator(".nst-cursor")
        stage.focus()
        for key in ("Home", "PageUp", "ArrowDown", "ArrowRight", "ArrowRight"):
            it.page.keyboard.press(key)
        assert [it.side().get_attribute(f"data-{name}") for name in ("row", "column")] == ["1", "2"]
        assert_numbers_are_right(it, network, "relu3_1")
        value = float(network(it.photo(), "relu3_1")["relu3_1"][0, it.channel(), 1, 2])
        said = re.search(r"row 1, column 2: ([\d.]+)", stage.get_attribute("aria-valuetext"))
        assert float(said[1]) == pytest.approx(value, rel=ROUNDED, abs=0.1)


def test_the_box_on_the_photo_is_the_receptive_field(explorer):
    with explorer() as it:
        side = it.side()
        top, bottom, left, right = (
            int(side.get_attribute(f"data-{name}")) for name in ("top", "bottom", "left", "right")
        )
        canvas, mark = (side.locator(where).first.bounding_box() for where in (".nst-stage canvas", ".nst-mark"))
        scale = canvas["width"] / it.photo().shape[3]
        # The mark's line, 2 px, lies outside of what it marks.
        assert mark["y"] + 2 - canvas["y"] == pytest.approx(top * scale, abs=1.5)
        assert mark["x"] + 2 - canvas["x"] == pytest.approx(left * scale, abs=1.5)
        assert mark["height"] - 4 == pytest.approx((bottom - top) * scale, abs=1.5)
        assert mark["width"] - 4 == pytest.approx((right - left) * scale, abs=1.5)


@pytest.mark.exhaustive
def test_the_patch_is_cut_from_the_photo(explorer):
    with explorer() as it:
        it.root.locator(".nst-map").nth(3).click()
        side = it.side()
        top, bottom, left, right = (
            int(side.get_attribute(f"data-{name}")) for name in ("top", "bottom", "left", "right")
        )
        height, width, *rgba = it.root.locator(".nst-patch canvas").first.evaluate(PIXELS)
        patch = torch.tensor(rgba).view(height, width, 4)
        inside = patch[patch[..., 3] > 0][:, :3]
        wanted = it.photo()[0, :, top:bottom, left:right].mul(255).round().permute(1, 2, 0).reshape(-1, 3)
        torch.testing.assert_close(inside.float(), wanted, rtol=0, atol=0)


@pytest.mark.exhaustive
def test_a_partner_is_one_click_away(explorer, network):
    with explorer() as it:
        partner = it.root.locator(".nst-partner").first
        wanted = int(partner.get_attribute("data-channel"))
        gram = gram_matrix(network(it.photo(), "relu3_1")["relu3_1"])[0]
        row = gram[it.channel()].clone()
        row[it.channel()] = -1
        assert wanted == int(row.argmax())
        partner.click()
        assert it.root.locator(".nst-heading").inner_text().startswith(f"relu3_1, channel {wanted}:")
        assert_numbers_are_right(it, network, "relu3_1")


@pytest.mark.exhaustive
def test_two_pictures_stand_side_by_side(explorer, network):
    with explorer() as it:
        it.layer("relu2_2")
        it.load()
        it.compare()
        it.take("Picture", "mosaic")
        assert it.root.get_by_role("radio", name="second: mosaic").is_checked()
        assert it.side(1).is_visible()
        it.root.get_by_label("Sort by").select_option(label="difference of the means")
        maps = [network(it.photo(i), "relu2_2")["relu2_2"][0] for i in (0, 1)]
        difference = (maps[0].mean((1, 2)) - maps[1].mean((1, 2))).abs()
        assert it.order()[:5] == difference.argsort(descending=True)[:5].tolist()
        it.root.locator(".nst-map").first.click()
        for number in (0, 1):
            assert_numbers_are_right(it, network, "relu2_2", number)
        it.take("To exchange", "first: cat")
        it.take("Picture", "coffee")
        assert (it.photo(0) - it.photo(1)).abs().mean() > 0.05 if it.photo(0).shape == it.photo(1).shape else True
        assert_numbers_are_right(it, network, "relu2_2", 0)
        it.root.get_by_label("compare two pictures").uncheck()
        it.settle()
        assert not it.side(1).is_visible()


@pytest.mark.parametrize("shown", one_in(4, [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]))
def test_it_has_no_barriers_in_any_of_its_states(explorer, axe, shown):
    width, scheme = shown
    with explorer(width=width, scheme=scheme) as it:
        it.page.evaluate(axe)
        for act in (
            lambda: None,
            lambda: it.layer("relu1_2"),
            it.load,
            it.compare,
            lambda: it.root.get_by_role("button", name="Camera").click(),
        ):
            act()
            it.page.wait_for_timeout(300)
            assert it.page.evaluate(AXE) == []
            assert it.page.evaluate(TOO_WIDE) == []


def test_everything_but_the_runtime_is_light(html):
    text = (html / f"{PAGE}.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|data-state)="([^"]*/held/[^"]*)"', text)
    held = sum((html / "book" / name).stat().st_size for name in named)
    files = [
        *FOLDER.glob("layers/*.*s"),
        *(FOLDER / "kit" / name for name in ("kit.js", "kit.css", "mount.js", "sources.js")),
        *FOLDER.glob("runtime/*.js"),
    ]
    assert held + sum(path.stat().st_size for path in files) < HEAVIEST


# --- without a page of the book -----------------------------------------------------------------------------------------


def test_nst_explore_reaches_every_layer_of_every_picture(chromium, axe, serving):
    network = load_network("tiny")
    pictures = {name: load_image(picture(name), size=96) for name in ("cat", "mosaic")}
    with serving(make_explorer_server("tiny", pictures, size=96)) as address, watched(chromium, address) as visited:
        it = Explorer(visited.page)
        it.root.get_by_role("combobox", name="Layer").select_option("relu5_2")
        it.settle()
        it.take("Picture", "mosaic")
        assert_numbers_are_right(it, network, "relu5_2", rel=1e-4)
        it.compare()
        assert_numbers_are_right(it, network, "relu5_2", 1, rel=1e-4)
        visited.page.evaluate(axe)
        assert visited.page.evaluate(AXE) == []


def test_nst_explore_says_when_its_server_is_gone(chromium, serving):
    server = make_explorer_server("tiny", {"cat": load_image(picture("cat"), size=64)}, size=64)
    with serving(server) as address:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(address)
        it = Explorer(page)
    it.root.get_by_role("combobox", name="Layer").select_option("relu1_2")
    it.root.get_by_text("Nobody answers: was nst explore stopped?").first.wait_for()
    context.close()


def test_a_notebooks_kernel_computes_what_the_front_end_asks_for(with_kernel):
    network = load_network("tiny")
    widget = explore_layers(network, {"cat": load_image(picture("cat"), size=64)}, size=64, static=False)
    with with_kernel("layers", widget, partial(_answer, network)) as visited:
        it = Explorer(visited.page)
        assert_numbers_are_right(it, network, "relu3_1", rel=1e-4)
        it.root.get_by_role("combobox", name="Layer").select_option("conv4_2")
        it.settle()
        assert it.root.locator(".nst-heading").inner_text().startswith("conv4_2, channel")
        it.root.locator(".nst-map").nth(4).click()
        assert it.page.evaluate("[saved.layer, saved.channel]") == ["conv4_2", it.channel()]
