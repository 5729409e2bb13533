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
from inputs import SHALLOW, TINY, compared, covered_answers, inverted, painted, strongest, trained_snapshots
from PIL import Image

from nstlib.errors import ChoiceError, ShapeError
from nstlib.widgets import (
    explore_common_phase,
    explore_deconvnet,
    explore_frequencies,
    explore_gram_shuffle,
    explore_inversion,
    explore_kernels,
    explore_losses,
    explore_occlusion,
    explore_optimization,
    explore_patches,
    explore_pixels,
    explore_receptive_field,
    explore_training,
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

EXPLORERS = sorted(path.stem for path in FOLDER.rglob("*.js") if "\nexport default" in path.read_text(encoding="utf-8"))
MAKERS = {
    "kernels": explore_kernels,
    "pixels": explore_pixels,
    "receptive_field": explore_receptive_field,
    "gram_shuffle": lambda image, **options: explore_gram_shuffle(TINY, image, channels=5, **options),
    "common_phase": lambda image, **options: explore_common_phase(TINY, image, channels=4, **options),
    "frequencies": explore_frequencies,
    "losses": lambda image, **options: explore_losses(TINY, compared(image), layers=SHALLOW, **options),
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


SHARED = {"kit", "runtime", "gram"}
SCRIPT = re.compile(r'\bfrom "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)')
MODULE = re.compile(r"^from nstlib\.widgets\.(\w+)", re.MULTILINE)


@pytest.mark.parametrize("room", sorted(path.name for path in FOLDER.iterdir() if any(path.glob("*.js"))))
def test_nobody_borrows_from_a_neighbors_room(room):
    open_to_it = {room, *(SHARED if room not in SHARED else {"kit", "runtime"})}
    for path in (FOLDER / room).glob("*.js"):
        for found in SCRIPT.finditer(path.read_text(encoding="utf-8")):
            wanted = (path.parent / (found[1] or found[2])).resolve()
            assert wanted.is_file(), (path, wanted)
            assert wanted.parent.name in open_to_it, (path, wanted)
    for path in (FOLDER / room).glob("*.py"):
        assert set(MODULE.findall(path.read_text(encoding="utf-8"))) <= {"explorer", *open_to_it}, path


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


@pytest.fixture
def trained(rng):
    return trained_snapshots(rng)


# --- those that step through what was computed -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["training", "inversion", "optimization", "patches", "occlusion", "deconvnet"])
def test_the_state_is_the_same_with_a_kernel_and_its_picture_is_described(name, trained, rng):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    image, units = covered_answers(rng)
    arguments, make = {
        "training": ([trained], explore_training),
        "inversion": ([photo, inverted(photo, rng)], explore_inversion),
        "optimization": ([{"classic": painted(rng)}], explore_optimization),
        "patches": (strongest(rng), explore_patches),
        "deconvnet": ([image[..., :24, :24], {"one": TINY}, "relu2_1", (3, 4)], explore_deconvnet),
        "occlusion": ([image, units], lambda *given, **form: explore_occlusion(*given, size=9, stride=7, **form)),
    }[name]
    page, widget = (make(*arguments, static=static) for static in (True, False))
    assert {key: widget.get_state()[key] for key in page.state} == page.state
    json.dumps(page.state, allow_nan=False)
    assert page.name == name
    assert page.alt.endswith(".")
    assert "{" not in page.alt
