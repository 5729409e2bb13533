"""The one-pass explorer: what its JavaScript mixes, fades and reads is the library's, and a kernel paints what it should."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib import course, one_pass
from nstlib.errors import ChoiceError, ShapeError
from nstlib.images import load_image, picture, resize
from nstlib.widgets import explore_one_pass
from nstlib.widgets.explorer import Page, picture_of
from nstlib.widgets.one_pass import SIZES, _answer, _look, paint

NAMES = ("mosaic", "woodcut", "brush")


@pytest.fixture(scope="module")
def painter():
    return one_pass.load_one_pass()


@pytest.fixture
def photo(rng):
    return torch.nn.functional.interpolate(torch.rand(1, 3, 6, 9, generator=rng), (50, 75), mode="bicubic").clamp(0, 1)


def decoded(address: str) -> torch.Tensor:
    """Return the picture that an address holds, shape (1, 3, H, W)."""
    image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255


# --- JavaScript ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held():
    """What the graph of the page says of its styles, as bytes that Node can be given."""
    return list((course.DATA / "one_pass.onnx").read_bytes())


def test_the_graphs_own_styles_are_read_out_of_its_file(run_node, held, painter):
    script = "const answer = JSON.parse(it.properties(Uint8Array.from(given)).styles);"
    found = run_node("runtime/painter", script, held)
    assert list(found) == list(painter[1])
    for name, style in painter[1].items():
        torch.testing.assert_close(torch.tensor(found[name]), style, atol=1e-4, rtol=0)


def test_properties_are_found_among_fields_of_every_kind(run_node):
    onnx = pytest.importorskip("onnx")
    model = onnx.ModelProto(ir_version=300, producer_name="p" * 200, model_version=2**40)
    model.graph.node.add(op_type="Relu", input=["x"], output=["y"])
    onnx.helper.set_model_props(model, {"one": "1", "two": "ä" * 300})
    found = run_node(
        "runtime/painter", "const answer = it.properties(Uint8Array.from(given));", list(model.SerializeToString())
    )
    assert found == {"one": "1", "two": "ä" * 300}


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 1])
def test_a_mixture_of_two_styles_is_their_weighted_mean(run_node, painter, share):
    given = {"styles": {name: painter[1][name].tolist() for name in NAMES}, "share": share}
    script = """
      const amounts = it.amountsOf({ style: "mosaic", second: "woodcut", share: given.share });
      const answer = amounts;
    """
    amounts = run_node("one_pass/maths", script, given)
    found = run_node(
        "runtime/painter", "const answer = it.mixed(given.styles, given.amounts);", {**given, "amounts": amounts}
    )
    wanted = torch.lerp(painter[1]["mosaic"], painter[1]["woodcut"], share)
    torch.testing.assert_close(torch.tensor(found), wanted, atol=1e-5, rtol=1e-5)


def test_at_its_ends_and_with_itself_a_mixture_is_one_style(run_node):
    script = """
      const answer = [[ "a", "b", 0 ], ["a", "b", 1], ["a", "a", 0.5], ["a", "b", 0.25]]
        .map(([style, second, share]) => it.amountsOf({ style, second, share }));
    """
    assert run_node("one_pass/maths", script, None) == [{"a": 1}, {"b": 1}, {"a": 1}, {"a": 0.75, "b": 0.25}]


def test_only_the_ratios_of_amounts_count(run_node, painter):
    given = {name: painter[1][name].tolist() for name in NAMES}
    script = """
      const answer = [{ mosaic: 1, brush: 3 }, { mosaic: 0.2, brush: 0.6 }].map((some) => it.mixed(given, some));
    """
    one, other = run_node("runtime/painter", script, given)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_style_that_there_is_not_is_named_with_those_there_are(run_node):
    script = "let answer; try { it.mixed(given, { b: 1 }); } catch (error) { answer = error.message; }"
    assert run_node("runtime/painter", script, {"a": [[1], [2]]}) == "There is no style b; there are a."


def test_strength_fades_from_the_photo_to_the_painting(run_node):
    script = "const answer = [0, 0.25, 1].map((t) => it.faded(given[0], Float32Array.from(given[1]), t));"
    none, some, all_ = run_node("one_pass/maths", script, [[0.2, 0.4], [0.6, 0.0]])
    assert none == pytest.approx([0.2, 0.4])
    assert some == pytest.approx([0.3, 0.3])
    assert all_ == pytest.approx([0.6, 0.0])


@pytest.mark.parametrize("column", [0, 1, 3])
def test_left_of_the_divider_is_one_picture_and_right_of_it_the_other(run_node, column):
    left, right = ([k] * (2 * 3 * 4) for k in (1, 2))
    script = "const answer = it.divided(...given.slice(0, 2).map((one) => Uint8ClampedArray.from(one)), 3, given[2]);"
    found = np.array(run_node("one_pass/maths", script, [left, right, column])).reshape(2, 3, 4)
    assert (found[:, :column] == 1).all()
    assert (found[:, column:] == 2).all()


def test_speed_is_counted_over_frames_in_a_row(run_node):
    script = """
      const speed = it.pace();
      const answer = [];
      for (const time of [0, 50, 100, 150, 200, 5000, 5100]) { speed.note(time); answer.push(speed.rate(time)); }
      answer.push(speed.rate(9000));
    """
    assert run_node("one_pass/maths", script, None) == [0, 0, 0, 20, 20, 0, 0, 0]


STUDIO = """
  const log = [];
  const waiting = [];
  const source = {
    open: async () => {}, close: () => log.push("closed"),
    paint: (picture) => new Promise((resolve, reject) => waiting.push({ picture, resolve, reject })),
  };
  const tick = () => new Promise((done) => setTimeout(done));
  const studio = new it.Studio(source, {
    painted: (job) => log.push(job.picture), failed: (error) => log.push(error.message),
  });
  const want = (picture) => studio.want({ picture, amounts: {} });
"""


def test_what_was_asked_for_meanwhile_is_dropped_but_for_the_last(run_node):
    script = (
        STUDIO
        + """
      want("a"); want("b"); want("c");
      const done = want("d").then(() => log.push("done"));
      while (waiting.length) { waiting.shift().resolve({}); await tick(); }
      await done;
      const answer = log;
    """
    )
    assert run_node("one_pass/studio", script, None) == ["a", "d", "done"]


def test_after_a_failure_it_goes_on_with_what_is_asked_next(run_node):
    script = (
        STUDIO
        + """
      const first = want("a");
      waiting.shift().reject(new Error("no"));
      await first;
      want("b");
      waiting.shift().resolve({});
      await tick();
      const answer = log;
    """
    )
    assert run_node("one_pass/studio", script, None) == ["no", "b"]


def test_when_it_has_ended_nothing_is_told_any_more(run_node):
    script = (
        STUDIO
        + """
      want("a");
      studio.end();
      waiting.shift().resolve({});
      await tick();
      const answer = [log, await studio.open(() => {})];
    """
    )
    assert run_node("one_pass/studio", script, None) == [["closed"], False]


# --- with a kernel ------------------------------------------------------------------------------------------------------


class Line:
    """The page's end of the line: keeps what is sent to it."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, content, buffers=None):
        self.sent.append((content, buffers))


def test_the_page_and_the_kernel_speak_of_the_same_things(run_node, painter, photo):
    """The page's words go through JSON to the kernel and back, as a kernel's messages do."""
    script = """
      const sent = [];
      let hear;
      const model = {
        get: () => "kernel", on: (_, act) => { hear = act; }, off() {},
        send: (question, _, [one]) => sent.push([question, [...new Uint8Array(one.buffer)]]),
      };
      const source = it.openSource(model);
      const found = source.paint({ ...given, data: Float32Array.from(given.data) }, { mosaic: 0.5, brush: 0.5 });
      hear({ id: sent[0][0].id, size: [1, 2], milliseconds: 7 }, [new DataView(new Float32Array([0, 1]).buffer)]);
      const answer = { sent, found: await found, missing: await source.missing() };
    """
    height, width = photo.shape[2:]
    given = {"data": photo.flatten().tolist(), "height": height, "width": width}
    answer = run_node("one_pass/sources", script, given)
    assert answer["found"] == {"data": [0, 1], "height": 1, "width": 2, "milliseconds": 7}
    assert answer["missing"] == 0
    ((question, pixels),) = answer["sent"]
    line = Line()
    _answer(painter, line, question, [bytes(pixels)])
    ((told, (buffer,)),) = line.sent
    model, styles = painter
    wanted = model(photo, (styles["mosaic"] + styles["brush"]) / 2)
    torch.testing.assert_close(picture_of(buffer, *told["size"]), wanted, atol=1e-4, rtol=0)
    assert told["id"] == question["id"]


@pytest.mark.parametrize(
    ("size", "amounts", "words"),
    [
        ([50, 75], {"rain": 1}, "amounts of some of the styles brush, fluid"),
        ([50, 75], {}, "amounts of some of the styles"),
        ([50, 75], {"mosaic": 2, "brush": -1}, "amounts of some of the styles"),
        ([7, 60], {"mosaic": 1}, "at least 8 x 8 pixels"),
        ([9, 9], {"mosaic": 1}, "9 x 9 pixels has 972 bytes, got"),
    ],
)
def test_what_a_kernel_cannot_paint_it_says(painter, size, amounts, words):
    line, (height, width) = Line(), size
    data = bytes(12 * 50 * 75 if size == [9, 9] else 12 * height * width)
    _answer(painter, line, {"id": 3, "size": size, "amounts": amounts}, [data])
    ((told, _),) = line.sent
    assert told["id"] == 3
    assert words in told["error"]


def test_a_kernel_paints_with_the_network_that_it_was_given(photo):
    model = one_pass.OnePass()
    style = one_pass.plain_styles(model)[0]
    widget = explore_one_pass({"wall": photo}, painter=(model, {"mine": style}), static=False)
    assert [one["name"] for one in widget.styles] == ["mine"]
    assert (widget.style, widget.second) == ("mine", "mine")
    torch.testing.assert_close(paint((model, {"mine": style}), photo, {"mine": 2}), model.eval()(photo, style))


# --- the explorer -------------------------------------------------------------------------------------------------------


def test_a_page_carries_the_first_photo_painted_in_each_style(painter, photo):
    page = explore_one_pass({"wall": photo, "other": 1 - photo}, NAMES, size=128, static=True)
    assert isinstance(page, Page)
    assert list(page.state["painted"]) == [one["name"] for one in page.state["styles"]] == list(NAMES)
    for name, address in page.state["painted"].items():
        found, wanted = decoded(address), paint(painter, photo, {name: 1})
        assert found.shape == wanted.shape
        assert (found - wanted).square().mean().sqrt() < 0.08  # WebP
    assert page.state["bytes"] == (course.DATA / "one_pass.onnx").stat().st_size
    assert "the same photo painted in one pass in the style mosaic:" in page.alt


def test_a_page_carries_less_than_150_kb_for_all_styles():
    photos = {name: load_image(picture(name), size=256) for name in ("cat", "china", "flower")}
    page = explore_one_pass(photos, static=True)
    assert len(json.dumps(page.state)) < 150_000
    assert len(page._repr_html_()) < 180_000


def test_a_large_style_shows_what_its_name_says_from_nearer():
    mosaic, large = (_look(name, torch.zeros(1, 3, 8, 8)) for name in ("mosaic", "large mosaic"))
    middle = resize(mosaic[:, :, 18:54, 18:54], 72)
    assert (torch.nn.functional.interpolate(middle, (72, 72)) - large).abs().mean() < 0.1


def test_a_style_without_a_picture_shows_what_it_paints(photo):
    look = _look("nobody's", photo)
    assert look.shape == (1, 3, 72, 72)
    assert look.mean() == pytest.approx(float(photo[..., 12:62].mean()), abs=0.02)


def test_another_size_is_refused(photo):
    with pytest.raises(ChoiceError, match="paints at 128, 192, 256 pixels, got 160"):
        explore_one_pass(photo, size=160)
    assert list(SIZES) == [128, 192, 256]


@pytest.mark.parametrize("styles", [[], ["rain"], ["mosaic", "mosaic"]])
def test_styles_are_different_ones_of_those_there_are(photo, styles):
    with pytest.raises(ChoiceError, match="names of different styles among brush"):
        explore_one_pass(photo, styles)


def test_a_page_has_the_courses_network_only(photo, painter):
    with pytest.raises(ChoiceError, match="leave `painter` out, or ask for static=False"):
        explore_one_pass(photo, painter=painter, static=True)


def test_a_path_is_no_picture():
    with pytest.raises(ShapeError, match="explore_one_pass needs images"):
        explore_one_pass({"cat": "cat.jpg"})
