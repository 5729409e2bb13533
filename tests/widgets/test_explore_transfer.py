"""The descent in the page is the library's: Adam, its clamp, bands of the change; and a kernel gives what it asks for."""

from __future__ import annotations

import base64
import io
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from PIL import Image

from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import load_network
from nstlib.frequency import high_pass, low_pass
from nstlib.images import load_image, picture
from nstlib.objective import Objective, Style
from nstlib.optimizers import ADAM_RATE, start_adam
from nstlib.transfer import stylize
from nstlib.widgets import explore_transfer
from nstlib.widgets.explorer import Page, module_source, picture_of
from nstlib.widgets.transfer import CONTENT_LAYER, RECORDED, SIZES, STYLE_LAYERS, _answer, _Comparer

WIDGETS = Path(__file__).resolve().parents[2] / "nstlib" / "widgets"
TINY = load_network("tiny")


class Pull:
    """A loss with a known gradient: the weighed squared distance from a target, of which some lies outside of [0, 1]."""

    weights = (1.0, 1.0, 0.0)

    def __init__(self, rng):
        self.target = torch.rand(1, 3, 12, 16, generator=rng) * 1.6 - 0.3
        self.scale = torch.rand(1, 3, 12, 16, generator=rng) + 0.1

    def __call__(self, image):
        return ((self.scale * (image - self.target).square()).sum(),)


DESCEND = """
  const shape = { height: 12, width: 16, sigma: 2 };
  const descent = new it.Descent(Float32Array.from(given.content), Float32Array.from(given.start), shape);
  for (let k = 0; k < given.steps; k += 1) {
    const image = descent.image(given.gains);
    descent.update(image.map((value, p) => 2 * given.scale[p] * (value - given.target[p])), given.gains);
  }
  const answer = descent.image(given.gains);
"""


def descend(run_node, pull, content, start, gains, steps):
    given = {"content": content, "start": start, "scale": pull.scale, "target": pull.target}
    given = {key: tensor.flatten().tolist() for key, tensor in given.items()}
    answer = run_node("transfer/maths", DESCEND, {**given, "steps": steps, "gains": gains})
    return torch.tensor(answer).view_as(content)


def by_torch(pull, content, start, coarse, fine, steps):
    change = (start - content).requires_grad_(True)
    adam = torch.optim.Adam([change], lr=ADAM_RATE)

    def image():
        kept = coarse * low_pass(change, 2.0) + fine * high_pass(change, 2.0)
        return (content + kept).clamp(0, 1)

    for _ in range(steps):
        adam.zero_grad()
        pull(image())[0].backward()
        adam.step()
        with torch.no_grad():
            change.copy_((content + change).clamp(0, 1) - content)
    return image().detach()


# --- the descent --------------------------------------------------------------------------------------------------------


def test_with_nothing_held_back_it_is_the_librarys_adam(run_node, rng):
    pull, content = Pull(rng), torch.rand(1, 3, 12, 16, generator=rng)
    descent = start_adam(content.clone().requires_grad_(True), pull, None)
    for _ in range(25):
        descent.step()
    found = descend(run_node, pull, content, content, {"coarse": 1, "fine": 1}, 25)
    torch.testing.assert_close(found, descent.image(), rtol=0, atol=1e-4)
    assert ((found == 0) | (found == 1)).any()  # the clamp had something to do


@pytest.mark.parametrize("gains", [(0.0, 1.0), (1.0, 0.0), (0.3, 0.8)])
def test_bands_of_the_change_move_as_autograd_moves_them(run_node, rng, gains):
    pull, content = Pull(rng), torch.rand(1, 3, 12, 16, generator=rng)
    start = torch.rand(1, 3, 12, 16, generator=rng)
    coarse, fine = gains
    found = descend(run_node, pull, content, start, {"coarse": coarse, "fine": fine}, 15)
    torch.testing.assert_close(found, by_torch(pull, content, start, coarse, fine, 15), rtol=0, atol=1e-4)


def test_without_its_coarse_part_no_change_can_make_the_picture_brighter(run_node, rng):
    content = 0.3 + 0.1 * torch.rand(1, 3, 12, 16, generator=rng)  # far from the clamp
    pull = Pull(rng)
    pull.target = content + 0.3
    whole, fine = (
        descend(run_node, pull, content, content, {"coarse": gain, "fine": 1}, 12) - content for gain in (1, 0)
    )
    assert whole.mean() == pytest.approx(0.3, abs=0.1)
    assert abs(fine.mean()) < 0.1 * whole.mean()


def test_a_blur_is_that_of_low_pass(run_node, rng):
    planes = torch.rand(1, 3, 12, 16, generator=rng)
    script = """
      const [down, across] = [it.blurMatrix(12, 1.5), it.blurMatrix(16, 1.5)];
      const answer = it.along(Float32Array.from(given), 12, 16, down, across);
    """
    found = torch.tensor(run_node("transfer/maths", script, planes.flatten().tolist())).view_as(planes)
    torch.testing.assert_close(found, low_pass(planes, 1.5), rtol=1e-4, atol=1e-5)


def test_a_square_is_cut_from_the_middle_and_keeps_its_mean(run_node, rng):
    image = torch.rand(3, 9, 14, generator=rng)
    script = """
      const picture = { data: Float32Array.from(given), channels: 3, height: 9, width: 14 };
      const answer = [3, 4].map((size) => it.square(picture, size).data);
    """
    thirds, quarters = run_node("transfer/maths", script, image.flatten().tolist())
    cut = torch.nn.functional.interpolate(image[None], scale_factor=2, mode="nearest")[0, :, :, 5:23]  # half pixels
    wanted = torch.nn.functional.avg_pool2d(cut[None], 6)
    torch.testing.assert_close(torch.tensor(thirds).view(1, 3, 3, 3), wanted, rtol=1e-4, atol=1e-5)
    assert torch.tensor(quarters).mean() == pytest.approx(float(cut.mean()), abs=1e-5)


def test_noise_is_gray_with_a_deviation_of_a_quarter(run_node):
    script = """
      let state = 1;
      const draw = () => (state = (state * 16807) % 2147483647) / 2147483647;
      const answer = it.noise(20000, draw);
    """
    drawn = torch.tensor(run_node("transfer/maths", script, None))
    expected = (0.5 + torch.randn(20000, generator=torch.Generator().manual_seed(0)) / 4).clamp(0, 1)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn.std() == pytest.approx(float(expected.std()), abs=0.01)
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_the_axis_of_the_losses_is_logarithmic_and_grows_by_doubling(run_node):
    script = """
      const marks = [10, 1, 0.1, 0.01, 0.001, 0].map(it.heightOf);
      const answer = [marks, [0, 50, 51, 101, 400].map(it.spanOf)];
    """
    marks, spans = run_node("transfer/curve", script, None)
    gaps = [b - a for a, b in pairwise(marks)]
    assert gaps[:4] == [pytest.approx(gaps[0])] * 4
    assert gaps[4] == 0
    assert spans == [50, 50, 100, 200, 400]


def test_in_one_module_what_is_imported_stands_before_what_imports_it():
    source = module_source("transfer")
    places = [source.index(f"const module_{name} =") for name in ("kit_kit", "kit_sources", "transfer_sources")]
    assert places == sorted(places)


# --- with a kernel ------------------------------------------------------------------------------------------------------


class Line:
    """The page's end of the line: keeps what is sent to it."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, content, buffers=None):
        self.sent.append((content, buffers))


def ask(comparer, method, *pictures, **rest):
    line = Line()
    sizes = [list(image.shape[2:]) for image in pictures]
    question = {"id": 7, "method": method, "sizes": sizes, **rest}
    _answer(comparer, line, question, [memoryview(image.numpy().tobytes()) for image in pictures])
    return line.sent[0]


def test_a_kernel_answers_with_the_objectives_losses_and_gradient(rng):
    content, style, image = (torch.rand(1, 3, 32, 32, generator=rng) for _ in range(3))
    comparer = _Comparer(TINY)
    assert ask(comparer, "goals", content, style) == ({"id": 7}, None)
    answer, (buffer,) = ask(comparer, "compare", image, weights={"content": 2, "style": 5})
    leaf = image.clone().requires_grad_(True)
    total, far, unlike, _ = Objective(content, [Style(style)], TINY, CONTENT_LAYER, STYLE_LAYERS, (2.0, 5.0, 0.0))(leaf)
    total.backward()
    assert answer == {"id": 7, "losses": {"content": pytest.approx(far.item()), "style": pytest.approx(unlike.item())}}
    torch.testing.assert_close(picture_of(buffer, 32, 32), leaf.grad)


def test_a_kernel_that_knows_no_goals_says_so(rng):
    answer, _ = ask(_Comparer(TINY), "compare", torch.rand(1, 3, 32, 32, generator=rng), weights={})
    assert "start again" in answer["error"]


def test_pixels_that_do_not_fit_their_size_are_refused():
    with pytest.raises(ShapeError, match="8 x 8 pixels has 768 bytes, got 12"):
        picture_of(b"\0" * 12, 8, 8)


def test_the_page_and_the_kernel_speak_of_the_same_things(run_node, rng):
    """The page's words go through JSON to the kernel and back, as a kernel's messages do."""
    content, style, image = (torch.rand(1, 3, 16, 16, generator=rng) for _ in range(3))
    script = """
      const sent = [];
      let hear;
      const model = {
        get: () => "kernel", on: (_, act) => { hear = act; }, off() {},
        send: (question, _, buffers) => sent.push([question, buffers.map((one) => [...new Uint8Array(one.buffer)])]),
      };
      const source = it.openSource(model);
      const picture = (data) => ({ data: Float32Array.from(data), height: 16, width: 16 });
      const goals = source.setGoals(picture(given.content), picture(given.style));
      const asked = () => sent.at(-1)[0].id;
      hear({ id: asked() }, []);
      await goals;
      const found = source.compare(picture(given.image), { content: 1, style: 30 });
      const numbers = new Uint8Array(new Float32Array([0, 1, -2.5]).buffer);
      const odd = new Uint8Array(13);
      odd.set(numbers, 1); // numbers need not begin at a multiple of four
      hear({ id: asked(), losses: { content: 0.5, style: 0.25 } }, [new DataView(odd.buffer, 1)]);
      const answer = { sent, found: await found };
    """
    given = {"content": content, "style": style, "image": image}
    answer = run_node("transfer/sources", script, {key: tensor.flatten().tolist() for key, tensor in given.items()})
    assert answer["found"] == {"content": 0.5, "style": 0.25, "data": [0, 1, -2.5]}
    comparer = _Comparer(TINY)
    lines = []
    for question, buffers in answer["sent"]:
        line = Line()
        _answer(comparer, line, question, [bytes(buffer) for buffer in buffers])
        lines += line.sent
    assert [told["id"] for told, _ in lines] == [question["id"] for question, _ in answer["sent"]]
    assert lines[1][0]["losses"]["style"] > 0


# --- the explorer -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(rng):
    return torch.rand(1, 3, 40, 60, generator=rng), torch.rand(1, 3, 33, 30, generator=rng)


def test_its_pictures_are_squares_of_the_largest_size(pictures):
    widget = explore_transfer({"a": pictures[0], "b": pictures[1]}, pictures[1], TINY, static=False)
    assert [one["image"]["shape"] for one in widget.contents + widget.styles] == [[3, 96, 96]] * 3
    assert widget.source == "kernel"


def test_a_page_shows_content_style_and_what_stylize_makes_of_them(pictures):
    page = explore_transfer({"wall": pictures[0]}, {"rain": pictures[1]}, TINY, static=True)
    assert isinstance(page, Page)
    assert page.state["source"] == "page"
    assert "the content, wall; the style, rain; and the content after 40 steps" in page.alt


def test_a_page_carries_a_run_that_was_computed_and_a_kernel_needs_none():
    cat, brush = (load_image(picture(name), size=96)[:, :, :64, :64] for name in ("cat", "brush"))
    content, style = (torch.nn.functional.interpolate(image, (96, 96)) for image in (cat, brush))
    recorded = explore_transfer(content, style, TINY, static=True).state["recorded"]
    layers = {"content_layers": CONTENT_LAYER, "style_layers": STYLE_LAYERS, "style_weight": 30.0, "tv_weight": 0.0}
    run = list(stylize(content, style, TINY, **layers, optimizer="adam", steps=RECORDED[-1], levels=1))
    for record, step in zip(recorded["records"], run, strict=True):
        assert record == {
            "step": step.index,
            "content": pytest.approx(step.content, rel=1e-2, abs=1e-6),
            "style": pytest.approx(step.style, rel=1e-2),
        }
    assert recorded["records"][-1]["style"] < 0.5 * recorded["records"][0]["style"]
    assert recorded["steps"] == list(RECORDED)
    for step, frame in zip(RECORDED, recorded["frames"], strict=True):
        with Image.open(io.BytesIO(base64.b64decode(frame.partition(",")[2]))) as image:
            pixels = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
        shown = pixels.view(96, 96, 3).permute(2, 0, 1) / 255
        away = (shown - run[step].image[0]).abs().mean()  # what WebP takes, of colors above all
        assert away < 0.1
        assert step < 8 or away < (shown - content[0]).abs().mean()
    assert explore_transfer(content, style, TINY, static=False).recorded is None


def test_another_size_is_refused(pictures):
    with pytest.raises(ChoiceError, match="64 or 96 pixels, got 80"):
        explore_transfer(*pictures, TINY, size=80)


def test_a_path_is_no_picture():
    with pytest.raises(ShapeError, match="explore_transfer needs images"):
        explore_transfer({"cat": "cat.jpg"}, {}, TINY)


@pytest.mark.weights
def test_the_pages_layers_are_those_of_its_graph():
    import sys

    sys.path[:0] = [str(WIDGETS.parent.parent / "tools")]
    export_transfer = pytest.importorskip("export_transfer")
    assert (export_transfer.CONTENT, export_transfer.STYLES) == (CONTENT_LAYER, STYLE_LAYERS)
    assert all(size % export_transfer.MULTIPLE == 0 for size in SIZES)


@pytest.mark.weights
def test_style_falls_and_content_rises_as_the_chapter_says():
    content, style = (load_image(picture(name), size=48) for name in ("cat", "brush"))
    steps = list(
        stylize(
            content,
            style,
            load_network(),
            content_layers=CONTENT_LAYER,
            style_layers=STYLE_LAYERS,
            style_weight=30.0,
            tv_weight=0.0,
            optimizer="adam",
            steps=10,
            levels=1,
        )
    )
    assert steps[-1].style < 0.5 * steps[0].style
    assert steps[0].content < 1e-6 < 0.1 < steps[-1].content
