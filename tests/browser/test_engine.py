"""The network in the page: a worker computes what the library computes, and says clearly what is missing."""

from __future__ import annotations

import base64
import os
import statistics
from contextlib import closing, contextmanager

import pytest
import torch
from conftest import ROOT

from nstlib.apps.server import make_folder_server
from nstlib.features import Features, load_network
from nstlib.images import load_image, picture
from nstlib.objective import Objective, Style
from nstlib.weights import load_weights
from nstlib.widgets.transfer import CONTENT_LAYER, STYLE_LAYERS

pytestmark = [pytest.mark.browser, pytest.mark.weights]

START = """async (folders) => {
  const { startEngine } = await import("/explorers/runtime/engine.js");
  window.engine = startEngine(folders);
}"""
COMPUTE = """async ({ layer, key, pixels, height, width }) => {
  window.progress = [];
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const image = { key, pixels: new Float32Array(bytes.buffer), height, width };
  const found = await engine.features(layer, image, (...now) => window.progress.push(now));
  const raw = new Uint8Array(found.data.buffer, found.data.byteOffset, found.data.byteLength);
  let text = "";
  for (let i = 0; i < raw.length; i += 8192) text += String.fromCharCode(...raw.subarray(i, i + 8192));
  return { ...found, data: btoa(text) };
}"""
TIMES = """async ({ layer, size, runs }) => {
  const times = [];
  for (let i = 0; i < runs; i++) {
    const pixels = Float32Array.from({ length: 3 * size * size }, () => Math.random());
    const begin = performance.now();
    await engine.features(layer, { key: `${size}/${i}`, pixels, height: size, width: size });
    times.push(performance.now() - begin);
  }
  return times;
}"""
SET_GOALS = """async (given) => {
  const picture = ({ pixels, height, width }) => {
    const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
    return { data: new Float32Array(bytes.buffer), height, width };
  };
  window.picture = picture;
  const progress = [];
  await engine.setGoals(...given.map(picture), (...now) => progress.push(now));
  return progress.length ? [progress[0][0], ...progress.at(-1)] : progress;
}"""
COMPARE = """async ({ image, weights }) => {
  const found = await engine.compare(picture(image), weights);
  const raw = new Uint8Array(found.data.buffer, found.data.byteOffset, found.data.byteLength);
  let text = "";
  for (let i = 0; i < raw.length; i += 8192) text += String.fromCharCode(...raw.subarray(i, i + 8192));
  return { ...found, data: btoa(text) };
}"""
BUSY = """async (size) => {
  let worst = 0, last = performance.now(), going = true;
  const tick = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
    if (going) setTimeout(tick, 5);
  };
  tick();
  const pixels = new Float32Array(3 * size * size).fill(0.5);
  const begin = performance.now();
  await engine.features("relu3_3", { key: "busy", pixels, height: size, width: size });
  going = false;
  return [worst, performance.now() - begin];
}"""


@pytest.fixture(scope="module")
def bench(chromium, static, serving):
    """Open a page with an engine: ``with bench() as page``; ``folders`` as startEngine takes them."""

    @contextmanager
    def opened(**folders):
        with serving(make_folder_server(static)) as address, closing(chromium.new_context()) as context:
            page = context.new_page()
            page.goto(f"{address}/empty.html")
            page.evaluate(START, {name: f"{address}/{path}/" for name, path in folders.items()})
            yield page

    return opened


def ask(page, layer: str, image: torch.Tensor, key: str = "image") -> dict:
    height, width = image.shape[2:]
    pixels = base64.b64encode(image.numpy().tobytes()).decode()
    return page.evaluate(COMPUTE, {"layer": layer, "key": key, "pixels": pixels, "height": height, "width": width})


def as_given(image: torch.Tensor) -> dict:
    """Return a picture as the scripts above take it."""
    pixels = base64.b64encode(image.contiguous().numpy().tobytes()).decode()
    return {"pixels": pixels, "height": image.shape[2], "width": image.shape[3]}


def as_tensor(answer: dict) -> torch.Tensor:
    shape = answer["channels"], answer["height"], answer["width"]
    return torch.frombuffer(bytearray(base64.b64decode(answer["data"])), dtype=torch.float32).reshape(shape)


@pytest.mark.parametrize("name", ["cat", "mosaic"])
def test_the_page_computes_the_librarys_features_to_a_thousandth(bench, name):
    image = load_image(picture(name), size=65)
    wanted = load_network()(image, ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3"])
    with bench() as page:
        # From deep to shallow and back: what was computed before is used again, and must not be spoiled.
        for layer in (*reversed(wanted), *wanted):
            found = as_tensor(ask(page, layer, image))
            assert (found - wanted[layer][0]).norm() < 1e-3 * wanted[layer].norm(), layer


def test_two_images_are_not_mixed_up(bench):
    images = {name: load_image(picture(name), size=48) for name in ("cat", "coffee", "rocket")}
    network = load_network()
    with bench() as page:
        for layer in ("relu1_2", "relu2_2", "relu2_1"):
            for name, image in images.items():
                found, wanted = as_tensor(ask(page, layer, image, name)), network(image, layer)[layer][0]
                assert (found - wanted).norm() < 1e-3 * wanted.norm(), (name, layer)


def test_only_the_stages_that_are_needed_are_fetched_and_their_size_is_known_first(bench):
    image = load_image(picture("cat"), size=32)
    with bench() as page:
        fetched = []
        page.on("request", lambda request: fetched.append(request.url.split("/")[-1]))
        shallow, deep = (
            page.evaluate("(layer) => engine.missingBytes(layer)", name) for name in ("relu1_2", "relu3_3")
        )
        assert deep - shallow == sum((ROOT / "_vendor/layers" / f"vgg16-{i}.onnx").stat().st_size for i in (2, 3, 4))
        ask(page, "relu1_1", image)
        assert [name for name in fetched if name.endswith("onnx")] == ["vgg16-1.onnx"]
        progress = page.evaluate("progress")
        assert progress[0] == [0, shallow]
        assert progress[-1] == [shallow, shallow]
        assert sorted(progress) == progress
        assert page.evaluate("engine.missingBytes('relu1_2')") == 0
        ask(page, "relu3_1", image)
        assert [name for name in fetched if name.endswith("onnx")] == ["vgg16-1.onnx", "vgg16-2.onnx", "vgg16-3.onnx"]
        assert sum(name.endswith("wasm") for name in fetched) == 1


def test_the_pages_gradient_of_a_transfer_is_autograds(bench):
    content, style = (load_image(picture(name), size=64)[..., :40, :48] for name in ("cat", "mosaic"))
    generator = torch.Generator().manual_seed(3)
    images = [(content + 0.1 * torch.randn(content.shape, generator=generator)).clamp(0, 1) for _ in range(3)]
    rounded = {key: t.half().float() if key.endswith("weight") else t for key, t in load_weights("vgg16").items()}
    network = Features("vgg16", rounded, winograd=False)
    objective = Objective(content, [Style(style)], network, CONTENT_LAYER, STYLE_LAYERS, (2.0, 30.0, 0.0))
    errors = []
    with bench() as page:
        missing = page.evaluate("engine.transferBytes()")
        assert page.evaluate(SET_GOALS, [as_given(content), as_given(style)]) == [0, missing, missing]
        for image in images:
            leaf = image.clone().requires_grad_(True)
            total, far, unlike, _ = objective(leaf)
            total.backward()
            found = page.evaluate(COMPARE, {"image": as_given(image), "weights": {"content": 2, "style": 30}})
            assert found["content"] == pytest.approx(far.item(), rel=1e-4)
            assert found["style"] == pytest.approx(unlike.item(), rel=1e-4)
            gradient = torch.frombuffer(bytearray(base64.b64decode(found["data"])), dtype=torch.float32)
            errors.append(float((gradient.view_as(image) - leaf.grad).norm() / leaf.grad.norm()))
        assert page.evaluate("engine.transferBytes()") == 0
    # Where a unit stands within rounding of 0, either way is right: see tests/test_transfer_graph.py.
    assert statistics.median(errors) < 1e-4, errors
    assert max(errors) < 0.01


def test_a_transfer_fetches_the_stages_it_needs_and_no_others(bench):
    plain = as_given(torch.full((1, 3, 16, 16), 0.5))
    with bench() as page:
        fetched = []
        page.on("request", lambda request: fetched.append(request.url.split("/")[-1]))
        page.evaluate(SET_GOALS, [plain, plain])
        names = [name for name in fetched if name.endswith("onnx")]
        assert names == ["transfer.onnx", "vgg16-1.onnx", "vgg16-2.onnx", "vgg16-3.onnx"]
        assert sum((ROOT / "_vendor" / "layers" / name).stat().st_size for name in names) < 1_200_000


@pytest.mark.timed
def test_steps_of_a_transfer_come_several_a_second(bench, record_property):
    medians = {}
    with bench() as page:
        for size in (64, 96):
            plain = as_given(torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(size)))
            page.evaluate(SET_GOALS, [plain, plain])
            given = {"image": plain, "weights": {"content": 1, "style": 30}}
            times = [page.evaluate(COMPARE, given)["milliseconds"] for _ in range(9)]
            medians[size] = statistics.median(times[2:])
            record_property(f"{size} px", medians[size])
    print({f"{size} px": f"{median:.0f} ms" for size, median in medians.items()}, os.getloadavg())
    # A busy machine must not fail: a quiet one takes a tenth of these.
    assert medians[64] < 1700
    assert medians[96] < 3400


@pytest.mark.timed
def test_the_page_does_not_freeze_while_the_worker_computes(bench):
    with bench() as page:
        page.evaluate(TIMES, {"layer": "relu3_3", "size": 32, "runs": 1})  # loads what is needed
        pause, whole = page.evaluate(BUSY, 160)
        assert pause < whole / 3


@pytest.mark.timed
def test_the_worker_answers_within_the_time_that_was_promised(bench, record_property):
    with bench() as page:
        medians = {}
        for layer in ("relu1_2", "relu3_3"):
            page.evaluate(TIMES, {"layer": layer, "size": 96, "runs": 2})
            medians[layer] = statistics.median(page.evaluate(TIMES, {"layer": layer, "size": 96, "runs": 9}))
            record_property(layer, medians[layer])
    print({layer: f"{median:.0f} ms" for layer, median in medians.items()})
    # Ten times what a quiet machine of two cores took: a machine that is busy must not fail.
    assert medians["relu1_2"] < 1000
    assert medians["relu3_3"] < 6000


def test_a_file_that_is_not_there_is_named(bench):
    with bench(layers="nowhere") as page:
        said = page.evaluate("() => engine.describe().catch((error) => `${error.name}: ${error.message}`)")
    assert said.startswith("LoadError: stages.json could not be fetched: the server answered 404 for http://127.0.0.1")


def test_a_file_that_is_not_whole_is_refused(bench, static):
    stage = static / "layers" / "vgg16-1.onnx"
    whole = stage.read_bytes()
    stage.write_bytes(whole[:-100])
    try:
        with bench() as page:
            image = "{ key: 'a', pixels: new Float32Array(48), height: 4, width: 4 }"
            said = page.evaluate(f"() => engine.features('relu1_1', {image}).catch((error) => error.message)")
    finally:
        stage.write_bytes(whole)
    assert said == (
        f"vgg16-1.onnx has {len(whole) - 100} bytes instead of {len(whole)}: it is not whole, or of another version."
    )


def test_an_unknown_layer_is_answered_with_those_there_are(bench):
    with bench() as page:
        said = page.evaluate("() => engine.missingBytes('relu4_1').catch((error) => error.message)")
    assert "There is no layer relu4_1 here; there are relu1_1, relu1_2" in said


def test_after_a_failure_loading_can_be_tried_again(bench):
    image = load_image(picture("cat"), size=32)
    with bench() as page:
        page.context.route("**/vgg16-2.onnx", lambda route: route.abort())
        with pytest.raises(Exception, match="vgg16-2.onnx could not be fetched"):
            ask(page, "relu2_1", image)
        page.context.unroute("**/vgg16-2.onnx")
        assert as_tensor(ask(page, "relu2_1", image)).shape == (128, 10, 16)


def test_a_worker_that_cannot_start_says_so(bench):
    with bench() as page:
        page.context.route(
            "**/network.js", lambda route: route.fulfill(body="export const x = ;", content_type="text/javascript")
        )
        page.evaluate(START, {})
        said = page.evaluate("engine.describe().catch((error) => error.message)")
        assert said.startswith("The worker that runs the network stopped")


def test_an_engine_that_was_closed_answers_no_more(bench):
    with bench() as page:
        said = page.evaluate(
            "() => { const asked = engine.describe(); engine.close(); return asked.catch((e) => e.message); }"
        )
        assert said == "The engine was closed."
        assert page.evaluate("engine.stopped()")
        assert page.evaluate("engine.describe().catch((error) => error.message)") == "The engine was closed."
