"""Explorers on the Python side: the two forms in which they are shown, and the numbers that travel to the browser."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO

import anywidget
import numpy as np
import pytest
import torch
from PIL import Image

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import layer_names, load_network
from nstlib.filters import convolve2d
from nstlib.frequency import low_pass, split_bands
from nstlib.gram import gram_matrix, shuffle_positions
from nstlib.receptive import patch_of, receptive_field
from nstlib.weights import VGG16, VGG19
from nstlib.widgets import (
    explore_common_phase,
    explore_frequencies,
    explore_gram_shuffle,
    explore_kernels,
    explore_receptive_field,
)
from nstlib.widgets.explorer import (
    FOLDER,
    Page,
    encode_array,
    make_explorer,
    module_source,
    named_pictures,
    style_names,
)
from nstlib.widgets.kernels import as_gray

EXPLORERS = sorted(path.stem for path in FOLDER.glob("*.js") if "\nexport default" in path.read_text(encoding="utf-8"))
TINY = load_network("tiny")
MAKERS = {
    "kernels": explore_kernels,
    "receptive_field": explore_receptive_field,
    "gram_shuffle": lambda image, **options: explore_gram_shuffle(TINY, image, channels=5, **options),
    "common_phase": lambda image, **options: explore_common_phase(TINY, image, channels=4, **options),
    "frequencies": explore_frequencies,
}
makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 20, 30, generator=rng)


class Elements(HTMLParser):
    """The tags of a piece of HTML with their attributes, and the text within scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.script = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.found[-1][0] == "script":
            self.script += data


# --- the two forms ------------------------------------------------------------------------------------------------------


def test_with_a_kernel_an_explorer_is_a_widget_whose_state_can_be_read(image):
    widget = explore_kernels(image, static=False)
    assert isinstance(widget, anywidget.AnyWidget)
    assert widget.divisor == 8
    assert {"weights", "row", "pictures"} <= set(widget.get_state())


def test_the_books_build_asks_for_the_form_without_a_kernel(image, monkeypatch):
    monkeypatch.setenv("NST_STATIC_WIDGETS", "1")
    assert isinstance(explore_kernels(image), Page)


def test_a_page_holds_the_state_and_a_picture_that_says_what_it_shows(image):
    page = explore_kernels({"</script><b>": image}, static=True)
    elements = Elements(page._repr_html_())
    pictures = [attributes for tag, attributes in elements.found if tag == "img"]
    assert json.loads(elements.script) == page.state
    assert page.state["pictures"][0]["name"] == "</script><b>"
    assert [attributes["src"][:23] for attributes in pictures] == ["data:image/webp;base64,"]
    assert "red where it is brighter below" in pictures[0]["alt"]
    assert elements.found[0] == ("div", {"class": "nst-page", "data-explorer": "kernels"})


@makers
def test_a_page_prints_as_a_short_line(make, image):
    assert len(repr(make(image, static=True))) < 400


@makers
def test_the_state_is_the_same_with_and_without_a_kernel(make, image):
    page, widget = (make(image, static=static) for static in (True, False))
    assert {key: widget.get_state()[key] for key in page.state} == page.state


@makers
def test_a_page_describes_its_still_picture(make, image):
    page = make(image, static=True)
    assert page.alt.endswith(".")
    assert "{" not in page.alt
    assert page.still.startswith("data:image/webp;base64,")


def test_an_explorer_brings_the_style_sheets_of_what_it_imports():
    assert style_names("gram_shuffle") == ["kit/kit", "gram/gram"]
    assert style_names("kernels") == ["kit/kit", "kernels/kernels"]


# --- JavaScript ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_widgets_module_imports_nothing_and_exports_render(name, run_node):
    source = module_source(name)
    assert not re.search(r"^\s*import\b(?!\.meta|\()", source, re.MULTILINE)
    assert run_node(name, "const answer = typeof it.default.render;", None) == "function"


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Write modules, by their paths, to a folder that stands for that of the widgets."""
    monkeypatch.setattr("nstlib.widgets.explorer.FOLDER", tmp_path)

    def put(**modules):
        for name, text in modules.items():
            path = tmp_path / f"{name.replace('__', '/')}.js"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    return put


def test_modules_with_equal_names_within_do_not_meet(shelf, run_node):
    shelf(
        kit__one="const hidden = 1;\nexport function one() { return hidden; }\n",
        three__two='import { one as first } from "../kit/one.js";\nconst hidden = 10;\n'
        "export const two = () => hidden + first();\n",
        three__three='import {\n  two,\n} from "./two.js";\nimport { one } from "../kit/one.js";\nconst hidden = 100;\n'
        "export const sum = () => hidden + two() + one();\n",
    )
    assert run_node("three", "const answer = it.sum();", None) == 112


def test_modules_of_one_name_in_two_folders_do_not_meet(shelf, run_node):
    shelf(
        kit__maths="export const one = () => 1;\n",
        top__maths='import { one } from "../kit/maths.js";\nexport const two = () => 2 * one();\n',
        top__top='import { one } from "../kit/maths.js";\nimport { two } from "./maths.js";\n'
        "export const sum = one() + two();\n",
    )
    assert run_node("top", "const answer = it.sum;", None) == 3


def test_a_module_comes_behind_those_that_it_needs_however_they_are_listed(shelf, run_node):
    shelf(
        kit__kit="export function one() { return 1; }\n",
        top__middle='import { one } from "../kit/kit.js";\nexport const two = () => one() + one();\n',
        top__top='import { two } from "./middle.js";\nimport { one } from "../kit/kit.js";\n'
        "export const sum = two() + one();\n",
    )
    assert run_node("top", "const answer = it.sum;", None) == 3


@pytest.mark.parametrize(("kind", "tolerance"), [("uint8", 1 / 510), ("float16", 1e-3), ("float32", 0)])
def test_numbers_arrive_as_they_were_sent(kind, tolerance, rng, run_node):
    sent = torch.rand(2, 3, 5, generator=rng)
    sent[0, 0, :3] = torch.tensor([0.0, 1.0, 2.0**-20 if kind != "uint8" else 0])
    script = "const { shape, data } = kit.decode(given); const answer = { shape, data: [...data] };"
    got = run_node("kit", script, encode_array(sent, kind))
    assert got["shape"] == [2, 3, 5]
    torch.testing.assert_close(torch.tensor(got["data"]).view(2, 3, 5), sent, rtol=tolerance, atol=tolerance)


def test_a_negative_half_arrives_with_its_sign(run_node):
    sent = np.array([-1.5, 0.0, -0.0, 65504, -6e-8])
    got = run_node("kit", "const answer = [...kit.decode(given).data];", encode_array(sent, "float16"))
    np.testing.assert_allclose(got, sent.astype(np.float16).astype(float), rtol=1e-6)


def test_small_numbers_are_written_for_readers(run_node):
    script = "const answer = [kit.tiny(0), kit.tiny(3.14e-7), kit.tiny(0.0123), kit.tidy(-0.001), kit.tidy(-12.5)];"
    assert run_node("kit", script, None) == ["0", "3.1 · 10⁻⁷", "0.0123", "0", "−12.5"]


# --- what an explorer refuses -------------------------------------------------------------------------------------------


def test_no_picture_is_refused():
    with pytest.raises(ChoiceError, match=r"explore_kernels needs at least one picture, got none"):
        explore_kernels({})


def test_a_path_is_no_picture():
    with pytest.raises(ShapeError, match=r"needs images of shape \(1, 3, H, W\), got str for 'cat'"):
        explore_kernels({"cat": "cat.jpg"})


def test_a_gray_tensor_is_refused_by_name():
    with pytest.raises(ShapeError, match=r"'picture' must be one RGB image"):
        explore_kernels(torch.zeros(1, 1, 20, 20))


@pytest.mark.parametrize("size", [0, 7, 12.5, True])
def test_a_size_that_is_none_is_refused(image, size):
    with pytest.raises(ChoiceError, match="whole number of at least 8"):
        explore_kernels(image, size=size)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ShapeError, match="must be finite"):
        encode_array(torch.tensor([1.0, float("nan")]))


def test_a_kind_of_number_that_is_not_known_is_refused():
    with pytest.raises(ChoiceError, match="uint8, float16, float32"):
        encode_array(torch.zeros(2), "float64")


def test_large_pictures_are_made_smaller_and_small_ones_left_alone(rng):
    pictures = {"large": torch.rand(1, 3, 60, 120, generator=rng), "small": torch.rand(1, 3, 9, 8, generator=rng)}
    named = named_pictures("it", pictures, 30)
    assert [tuple(image.shape[2:]) for image in named.values()] == [(15, 30), (9, 8)]
    assert named["small"] is pictures["small"]


def test_the_still_picture_has_its_parts_side_by_side(image):
    page = make_explorer("kernels", {}, still=[image, image], alt="two", static=True)
    with Image.open(BytesIO(base64.b64decode(page.still.split(",")[1]))) as still:
        assert still.size == (300 + 8 + 300, 200)


# --- the same numbers as nstlib -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("border", ["zeros", "edge"])
def test_a_kernels_answer_is_that_of_convolve2d(border, image, rng, run_node):
    gray, weights = as_gray(image), torch.randn(9, generator=rng)
    padded = torch.nn.functional.pad(gray, (1, 1, 1, 1), mode="constant" if border == "zeros" else "replicate")
    wanted = convolve2d(padded, weights.view(1, 1, 3, 3) / 2.5)[0, 0] * 255
    script = """
      const gray = it.grayBytes(kit.asPicture(given.picture));
      const answer = [...it.convolve(gray, given.weights, 2.5, given.border)];
    """
    given = {
        "picture": {"name": "", "image": encode_array(gray[0], "uint8")},
        "weights": weights.tolist(),
        "border": border,
    }
    got = torch.tensor(run_node("kernels", script, given)).view(20, 30)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4 * 255)


def test_the_window_holds_what_the_answer_is_made_of(image, run_node):
    script = """
      const gray = it.grayBytes(kit.asPicture(given.picture));
      const weights = [3, -1, 4, 1, -5, 9, 2, 6, -5];
      const all = it.convolve(gray, weights, 1, "zeros");
      const answer = [[0, 0], [0, 29], [19, 4], [7, 11]].map(([y, x]) =>
        all[y * 30 + x] - it.windowAt(gray, y, x, "zeros").reduce((sum, pixel, k) => sum + pixel * weights[k], 0));
    """
    given = {"picture": {"name": "", "image": encode_array(as_gray(image)[0], "uint8")}}
    assert run_node("kernels", script, given) == [0, 0, 0, 0]


def test_the_browser_makes_the_same_gray_as_python(image, run_node):
    given = {"name": "", "image": encode_array((image[0] * 255).round() / 255, "uint8")}
    got = torch.tensor(
        run_node("kernels", "const answer = [...it.grayBytes(kit.asPicture(given)).data];", given)
    ).float()
    wanted = (as_gray((image * 255).round() / 255) * 255).flatten()
    torch.testing.assert_close(got, wanted.round(), rtol=0, atol=0)


# Receptive fields.


@pytest.mark.parametrize("blocks", [VGG16, VGG19], ids=["VGG-16", "VGG-19"])
def test_every_layers_field_is_that_of_receptive(blocks, run_node):
    names = list(layer_names(blocks))
    script = """
      const { names, blocks } = given;
      const answer = { names: it.layerNames(blocks), fields: names.map((name) => it.receptiveField(name, blocks)) };
    """
    got = run_node("receptive_field", script, {"names": names, "blocks": [len(block) for block in blocks]})
    assert got["names"] == names
    assert got["fields"] == [receptive_field(name, blocks=blocks)._asdict() for name in names]


def test_what_a_unit_sees_is_patch_of(run_node):
    height, width = 101, 150
    cases = []
    for layer in ("relu1_2", "pool2", "relu4_3", "relu5_3", "pool5"):
        stride = receptive_field(layer).stride
        rows, columns = height // stride, width // stride
        cases += [(layer, row, column) for row in (0, rows // 2, rows - 1) for column in (0, columns // 3, columns - 1)]
    script = """
      const field = (layer) => it.receptiveField(layer, [2, 2, 3, 3, 3]);
      const answer = given.cases.map(([layer, row, column]) => it.patchOf(field(layer), row, column, 101, 150));
    """
    wanted = [list(patch_of(layer, row, column, height, width)) for layer, row, column in cases]
    assert run_node("receptive_field", script, {"cases": cases}) == wanted


def test_the_chosen_unit_is_the_one_whose_field_is_centered_nearest(run_node):
    script = """
      const field = it.receptiveField(given.layer, [2, 2, 3, 3, 3]);
      const answer = given.places.map((place) => it.unitAt(field, place, 150));
    """
    for layer in ("relu1_2", "relu3_3", "pool4"):
        field, places = receptive_field(layer), list(range(0, 150, 7))
        units = range(150 // field.stride)
        got = run_node("receptive_field", script, {"layer": layer, "places": places})
        for place, unit in zip(places, got, strict=True):
            away = [abs(field.center + field.stride * one - place) for one in units]
            assert away[unit] == min(away)


def test_a_unit_sees_the_pixels_of_its_patch_and_nothing_beyond(image, run_node):
    script = """
      const picture = kit.asPicture(given);
      const field = it.receptiveField("relu2_2", [2, 2, 3, 3, 3]);
      const answer = [...it.seen(picture, field, 0, 14)];
    """
    given = {"name": "", "image": encode_array(image[0], "uint8")}
    got = torch.tensor(run_node("receptive_field", script, given)).view(14, 14, 4)
    top, bottom, left, right = patch_of("relu2_2", 0, 14, 20, 30)
    seen = got[14 - bottom : 14 - top, : right - left]
    wanted = (image[0, :, top:bottom, left:right] * 255).round().permute(1, 2, 0)
    assert (seen[..., :3] - wanted).abs().max() <= 1
    assert int((got[..., 3] > 0).sum()) == (bottom - top) * (right - left)


def test_a_convolution_stands_for_its_relu(image):
    assert explore_receptive_field(image, layers=["conv2_1"], static=True).state["layers"] == ["relu2_1"]


def test_an_unknown_layer_or_a_bare_name_is_refused(image):
    with pytest.raises(LayerError, match="conv9_9"):
        explore_receptive_field(image, layers=["conv9_9"])
    with pytest.raises(LayerError, match=r"Write \['relu3_1'\]"):
        explore_receptive_field(image, layers="relu3_1")


def test_a_photo_too_small_for_a_layer_shows_the_others(image):
    page = explore_receptive_field(image[..., :12, :12], layers=["relu1_2", "relu5_3"], static=True)
    assert page.state["layers"] == ["relu1_2", "relu5_3"]


# The Gram matrix.


@pytest.fixture
def maps(rng):
    return torch.rand(1, 5, 9, 14, generator=rng).double() - 0.2


def test_the_browsers_gram_matrix_is_ours_and_survives_a_shuffle(maps, run_node):
    script = """
      const maps = Float64Array.from(given);
      const order = it.partialOrder(it.randomOrder(9 * 14, kit.random(3)), 0.7);
      const shuffled = it.shufflePositions(maps, 5, [order]);
      const grams = [maps, shuffled].map((one) => [...gram.gramMatrix(one, 5)]);
      const answer = { order: [...order], shuffled: [...shuffled], grams };
    """
    got = run_node("gram_shuffle", script, maps.flatten().tolist())
    order = torch.tensor(got["order"])
    assert sorted(got["order"]) == list(range(9 * 14))
    assert int((order != torch.arange(9 * 14)).sum()) == round(0.7 * 9 * 14)
    wanted = shuffle_positions(maps, order)
    torch.testing.assert_close(torch.tensor(got["shuffled"]).double(), wanted.flatten(), rtol=1e-6, atol=1e-6)
    for gram in got["grams"]:
        torch.testing.assert_close(torch.tensor(gram).double().view(1, 5, 5), gram_matrix(maps), rtol=1e-6, atol=1e-7)


def test_a_larger_share_moves_the_same_positions_and_more(run_node):
    script = """
      const sequence = it.randomOrder(60, kit.random(8));
      const moved = (share) => [...it.partialOrder(sequence, share)].flatMap((from, to) => (from === to ? [] : [to]));
      const answer = [0, 0.25, 0.5, 1].map(moved);
    """
    none, some, half, every = (set(moved) for moved in run_node("gram_shuffle", script, None))
    assert (len(none), len(some), len(half), len(every)) == (0, 15, 30, 60)
    assert some < half < every


def test_separate_orders_leave_the_diagonal_only(maps, run_node):
    script = """
      const maps = Float64Array.from(given);
      const draw = kit.random(4);
      const orders = Array.from({ length: 5 }, () => it.randomOrder(9 * 14, draw));
      const answer = gram.change(gram.gramMatrix(maps, 5), gram.gramMatrix(it.shufflePositions(maps, 5, orders), 5), 5);
    """
    got = run_node("gram_shuffle", script, maps.flatten().tolist())
    assert got["diagonal"] < 1e-12
    assert got["rest"] > 0.01


def test_the_share_that_changed_is_of_the_largest_entry(run_node):
    script = "const answer = gram.change([4, -8, -8, 2], [3, -8, -4, 2], 2);"
    assert run_node("gram_shuffle", script, None) == {"diagonal": 1 / 8, "rest": 4 / 8}


@pytest.mark.parametrize(("height", "width"), [(9, 14), (16, 64), (20, 22), (1, 40)])
def test_the_browsers_transform_is_fft2(height, width, rng, run_node):
    one = torch.randn(height, width, generator=rng).double()
    script = """
      const [height, width] = given.shape;
      const { re, im } = it.fourier(kit.decode(given).data, new Float64Array(height * width), height, width);
      const answer = [[...re], [...im]];
    """
    re, im = torch.tensor(run_node("common_phase", script, encode_array(one))).double()
    torch.testing.assert_close(torch.complex(re, im), torch.fft.fft2(one).flatten(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_phases_are_added_as_in_the_chapter_and_the_gram_matrix_stays(amount, maps, run_node):
    script = """
      const { maps, amount } = given;
      const phases = it.randomPhases(9, 14, kit.random(5));
      const spectrum = (c) => it.fourier(maps.slice(c * 126, (c + 1) * 126), new Float64Array(126), 9, 14);
      const changed = [0, 1, 2, 3, 4].flatMap((c) => [...it.withPhases(spectrum(c), phases, amount, 9, 14)]);
      const answer = { phases: [...phases], changed, gram: [...gram.gramMatrix(Float64Array.from(changed), 5)] };
    """
    got = run_node("common_phase", script, {"maps": maps.flatten().tolist(), "amount": amount})
    phases = torch.tensor(got["phases"]).double().view(9, 14)
    wanted = torch.fft.ifft2(torch.fft.fft2(maps) * torch.exp(1j * amount * phases))
    assert wanted.imag.abs().max() < 1e-6  # opposite waves got opposite phases
    torch.testing.assert_close(torch.tensor(got["changed"]).double(), wanted.real.flatten(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        torch.tensor(got["gram"]).double().view(1, 5, 5), gram_matrix(maps), rtol=1e-5, atol=1e-6
    )
    assert (wanted.real - maps).norm() > 0.2 * maps.norm()


def test_maps_without_their_means_are_centered(maps, run_node):
    got = torch.tensor(
        run_node("common_phase", "const answer = [...gram.centered(given, 5)];", maps.flatten().tolist())
    )
    torch.testing.assert_close(got.double().view_as(maps), maps - maps.mean((2, 3), keepdim=True), rtol=1e-5, atol=1e-6)


def test_the_strongest_channels_travel_and_their_pair_fires_together(image):
    state = explore_gram_shuffle(TINY, image, layer="relu2_1", channels=6, static=True).state
    with torch.no_grad():
        maps = TINY(image, "relu2_1")["relu2_1"][0]
    strongest = maps.mean((1, 2)).sort(descending=True).indices[:6].tolist()
    assert state["channels"] == strongest
    gram = gram_matrix(maps[None, strongest])[0].fill_diagonal_(0)
    assert gram[tuple(state["pair"])] == gram.max()


@pytest.mark.parametrize("make", [explore_gram_shuffle, explore_common_phase])
def test_a_gram_explorer_refuses_what_it_cannot_show(make, image):
    with pytest.raises(ChoiceError, match="channels must be a whole number of at least 2, got 1"):
        make(TINY, image, channels=1)
    with pytest.raises(LayerError, match="conv9_9"):
        make(TINY, image, layer="conv9_9")
    with pytest.raises(ShapeError, match=rf"{make.__name__}: image must be one RGB image"):
        make(TINY, image[0])


# Bands.


@pytest.mark.parametrize("sigmas", [(0.5, 1.0), (1.5, 5.0), (6.0, 12.0)])
def test_the_browsers_bands_are_those_of_split_bands(sigmas, image, run_node):
    script = """
      const data = kit.decode(given.picture).data;
      const answer = {
        low: [...it.lowPass(data, 3, 20, 30, given.sigmas[0])],
        bands: it.splitBands(data, 3, 20, 30, given.sigmas).map((band) => [...band]),
      };
    """
    got = run_node("frequencies", script, {"picture": encode_array(image[0]), "sigmas": sigmas})
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(torch.tensor(got["low"]).view_as(image), low_pass(image, sigmas[0]), **close)
    for band, wanted in zip(got["bands"], split_bands(image, sigmas), strict=True):
        torch.testing.assert_close(torch.tensor(band).view_as(image), wanted, **close)


def test_the_bands_sum_to_the_photo_and_those_in_bytes_do_not(image, run_node):
    script = """
      const data = kit.decode(given).data;
      const missing = (split) => it.largestDifference(it.mix(split(data, 3, 20, 30, [1, 3]), [1, 1, 1]), data);
      const answer = [missing(it.splitBands), missing(it.byteBands)];
    """
    exact, bytes_ = run_node("frequencies", script, encode_array(image[0]))
    assert exact < 1e-6
    assert bytes_ > 0.9


def test_bands_in_bytes_wrap_around_as_torchs_bytes_do(image, run_node):
    script = """
      const data = kit.decode(given).data;
      const answer = it.byteBands(data, 3, 20, 30, [1, 3]).map((band) => [...band].map((value) => Math.round(255 * value)));
    """
    got = torch.tensor(run_node("frequencies", script, encode_array(image[0])))
    stack = [(255 * one).round().to(torch.uint8) for one in (image, low_pass(image, 1), low_pass(image, 3))]
    wanted = torch.stack([stack[0] - stack[1], stack[1] - stack[2], stack[2]]).flatten(1).int()
    apart = (got - wanted).abs()
    # A blur that falls between two bytes may round either way.
    assert int((torch.minimum(apart, 256 - apart) > 1).sum()) == 0
    assert float((apart > 0).float().mean()) < 0.01


def test_the_curves_are_what_the_bands_keep_of_a_wave(run_node):
    x = torch.arange(-200.0, 201)
    for f in (0.02, 0.06, 0.2):
        wave = torch.cos(2 * torch.pi * f * x).expand(1, 1, 1, -1)
        kept = [band[..., 200].item() for band in split_bands(wave, (1.5, 5.0))]
        got = run_node("frequencies", "const answer = it.shares(given, [1.5, 5]);", f)
        assert got == pytest.approx(kept, abs=0.005)


@pytest.mark.parametrize("sigmas", [(2,), (3, 3), (5, 2), (0.1, 3), (2, 40), (1, float("nan"))])
def test_sigmas_that_the_sliders_cannot_show_are_refused(image, sigmas):
    with pytest.raises(ChoiceError, match="two sigmas in pixels, the first from 0.5 to 6"):
        explore_frequencies(image, sigmas=sigmas)
