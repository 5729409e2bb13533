"""Where a browser offers a graphics processor, the network computes there what it computes elsewhere.

Chromium plays the processor in software: the same instructions as on a real one, and none of the speed.
"""

from __future__ import annotations

import base64
from contextlib import closing

import pytest
import torch
from test_engine import COMPARE, SET_GOALS, START, as_given, as_tensor, ask

from nstlib import one_pass
from nstlib.apps.server import make_folder_server
from nstlib.features import load_network
from nstlib.images import load_image, picture

pytestmark = [pytest.mark.browser, pytest.mark.weights, pytest.mark.exhaustive]

BEST = """async () => (await import("/explorers/runtime/network.js")).bestBackend()"""
PRETENDED = """async (fallback) => {
  const { bestBackend } = await import("/explorers/runtime/network.js");
  return bestBackend({ requestAdapter: async () => (fallback === null ? null : { info: { isFallbackAdapter: fallback } }) });
}"""
PAINT = """async ({ pixels, height, width }) => {
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const found = await engine.paint({ data: new Float32Array(bytes.buffer), height, width }, { mosaic: 1 });
  return [...found.data];
}"""


@pytest.fixture(scope="module")
def gpu_page(chromium_with_gpu, static, serving, lacking):
    """A page with an engine that computes by WebGPU."""
    with serving(make_folder_server(static)) as address, closing(chromium_with_gpu.new_context()) as context:
        page = context.new_page()
        page.goto(f"{address}/empty.html")
        if not page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())"):
            lacking("this Chromium plays no graphics processor in software")
        page.fetched = []
        page.on("request", lambda request: page.fetched.append(request.url.rpartition("/")[2]))
        page.evaluate(START, {"backend": "webgpu"})
        yield page


def test_features_are_the_librarys(gpu_page):
    image = load_image(picture("cat"), size=24)
    wanted = load_network()(image, ["relu1_2", "relu2_2"])
    for layer, activations in wanted.items():
        found = as_tensor(ask(gpu_page, layer, image))
        assert (found - activations[0]).norm() < 1e-3 * activations.norm(), layer
    assert [name for name in gpu_page.fetched if name.endswith("wasm")] == ["ort-wasm-simd-threaded.asyncify.wasm"]


def test_a_painting_is_the_librarys(gpu_page):
    image = load_image(picture("cat"), size=40)
    model, styles = one_pass.load_one_pass()
    found = torch.tensor(gpu_page.evaluate(PAINT, as_given(image))).view_as(image)
    assert (found - model(image, styles["mosaic"])).abs().max() < 2e-3


def test_a_gradient_is_that_of_webassembly(gpu_page, chromium, static, serving):
    content, style = (load_image(picture(name), size=24)[..., :16, :20] for name in ("cat", "mosaic"))
    image = (content + 0.1 * torch.randn(content.shape, generator=torch.Generator().manual_seed(3))).clamp(0, 1)

    def compared(page) -> tuple[torch.Tensor, float, float]:
        page.evaluate(SET_GOALS, [as_given(content), as_given(style)])
        found = page.evaluate(COMPARE, {"image": as_given(image), "weights": {"content": 2, "style": 30}})
        gradient = torch.frombuffer(bytearray(base64.b64decode(found["data"])), dtype=torch.float32)
        return gradient, found["content"], found["style"]

    with serving(make_folder_server(static)) as address, closing(chromium.new_context()) as context:
        other = context.new_page()
        other.goto(f"{address}/empty.html")
        other.evaluate(START, {"backend": "wasm"})
        wanted, *losses = compared(other)
    found, *also = compared(gpu_page)
    assert also == pytest.approx(losses, rel=1e-3)
    assert (found - wanted).norm() < 0.01 * wanted.norm()


def test_an_adapter_in_software_is_left_alone(gpu_page):
    assert gpu_page.evaluate(BEST) == "wasm"
    assert gpu_page.evaluate(PRETENDED, False) == "webgpu"
    assert gpu_page.evaluate(PRETENDED, True) == "wasm"
    assert gpu_page.evaluate(PRETENDED, None) == "wasm"


def test_what_the_graphics_processor_refuses_is_computed_in_webassembly(gpu_page):
    """It may do so when a graph is opened, or as late as in its first run, for want of buffers; what both refuse is told."""
    said = gpu_page.evaluate(
        """async () => {
          const { Session } = await import("/explorers/runtime/network.js");
          const found = [];
          for (const [opens, runs, first] of [[false, true, "webgpu"], [true, false, "webgpu"], [true, false, "wasm"]]) {
            const asked = [];
            const create = async ([provider]) => {
              asked.push(provider);
              const there = provider !== first;
              if (!there && !opens) throw new Error("no");
              return { run: async () => { if (!there && !runs) throw new Error("too many"); return "done"; } };
            };
            const session = new Session(create, [first]);
            await session.begin();
            found.push([await session.run({}).catch((error) => error.message), asked]);
          }
          return found;
        }"""
    )
    assert said == [["done", ["webgpu", "wasm"]], ["done", ["webgpu", "wasm"]], ["too many", ["wasm"]]]
