"""A picture that a solution stores is held to the one that its executed page drew."""

from __future__ import annotations

import base64
import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(ROOT / "tools"), str(ROOT / "_ext")) if path not in sys.path]


def chart(heights, size=(400, 200), shift=0):
    """Return bars of these heights, in pixels."""
    image = Image.new("RGB", size, "white")
    for number, height in enumerate(heights):
        left = 20 + 90 * number + shift
        ImageDraw.Draw(image).rectangle((left, size[1] - height, left + 60, size[1]), fill="navy")
    return image


PAGE = chart([150, 80, 40, 120])
rng = np.random.default_rng(0)
NOISY = Image.fromarray((np.asarray(PAGE) + rng.normal(0, 12, (200, 400, 3))).clip(0, 255).astype(np.uint8))
GOOD = {
    "the same": PAGE,
    "noise of another machine": NOISY,
    "bars a pixel to the side": chart([150, 80, 40, 120], shift=1),
    "a bar that is 2 pixels higher": chart([150, 82, 40, 120]),
    "labels that are wider": PAGE.resize((410, 200)),
}
BAD = {
    "blank": (Image.new("RGB", PAGE.size, "white"), "is blank"),
    "all black": (Image.new("RGB", PAGE.size), "is blank"),
    "one bar from before": (chart([150, 80, 40, 60]), "is not the page's: it differs by"),
    "another color": (Image.merge("RGB", PAGE.split()[::-1]), "is not the page's: it differs by"),
    "another size": (chart([150, 80, 40, 120], size=(400, 240)), "has 400 x 240 pixels, the page's has 400 x 200"),
}


@pytest.mark.parametrize("stored", GOOD.values(), ids=GOOD)
def test_what_only_another_machine_draws_differently_passes(stored):
    from pictures import verdict

    assert verdict(stored, PAGE) == ""


@pytest.mark.parametrize(("stored", "said"), BAD.values(), ids=BAD)
def test_a_blank_or_stale_picture_is_told(stored, said):
    from pictures import verdict

    assert verdict(stored, PAGE).startswith(said)


def test_a_blank_picture_is_told_even_if_the_page_drew_it_and_anything_is_allowed():
    from pictures import verdict

    white = Image.new("RGB", PAGE.size, "white")
    assert verdict(white, white, 1.0) == "is blank"


CHAPTER = """\
---
kernelspec:
  name: python3
  display_name: Python 3
---
# Small

```{code-cell} python
---
OPTION
---
draw()
```
"""


def write_course(root: Path, stored: list[Image.Image], option: str = "tags: [figure]") -> Path:
    """Write a chapter whose page drew ``PAGE``, and a solution that stores other pictures; return the chapter."""
    import nbformat
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from nbformat.v4 import new_code_cell, new_notebook, new_output
    from run_pages import CACHE, read_page

    for folder in ("book", "solutions", "_build/.jupyter_cache"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", root)
    chapter = root / "book" / "01_small.md"
    chapter.write_text(CHAPTER.replace("OPTION", option), encoding="utf-8")

    def outputs(images: list[Image.Image]) -> list:
        found = []
        for image in images:
            with io.BytesIO() as file:
                image.save(file, "PNG")
                text = base64.b64encode(file.getvalue()).decode()
            found.append(new_output("display_data", {"image/png": text}))
        return found

    page = read_page(chapter)
    (cell,) = (cell for cell in page.cells if cell.cell_type == "code")
    cell.outputs, cell.execution_count = outputs([PAGE]), 1
    get_cache(str(root / CACHE)).cache_notebook_bundle(CacheBundleIn(page, str(chapter)), check_validity=False)
    own = new_code_cell("import sys"), new_code_cell("draw()", id="small-1", outputs=outputs(stored))
    nbformat.write(new_notebook(cells=list(own)), root / "solutions" / "01_small.ipynb")
    return chapter


STALE = chart([150, 80, 40, 60])


def test_a_stale_picture_is_told_with_its_line_and_kept_beside_the_page_s(tmp_path, capsys):
    from pictures import check

    assert check([write_course(tmp_path, [STALE])]) == 1
    said = capsys.readouterr().out
    assert said.startswith("book/01_small.md:12: picture 1 is not the page's")
    kept = Image.open(tmp_path / "_build" / "pictures" / "small-1-1.png")
    assert f"{Path(kept.filename).relative_to(tmp_path).as_posix()} shows both" in said
    assert kept.size == (3 * 400 + 20, 200)
    assert kept.crop((410, 0, 810, 200)).tobytes() == PAGE.tobytes()


def test_a_picture_that_is_the_page_s_leaves_nothing_behind(tmp_path, capsys):
    from pictures import check

    chapter = write_course(tmp_path, [NOISY])
    (tmp_path / "_build" / "pictures").mkdir()
    assert check([chapter]) == 0
    assert "The pictures of 1 solutions" in capsys.readouterr().out
    assert not (tmp_path / "_build" / "pictures").exists()


def test_a_cell_may_say_how_much_its_picture_may_differ(tmp_path):
    from pictures import problems

    assert problems(write_course(tmp_path / "one", [STALE], "picture-tolerance: 1")) == []
    assert len(problems(write_course(tmp_path / "other", [STALE], "picture-tolerance: 0.3"))) == 1


@pytest.mark.parametrize("count", [0, 2])
def test_a_picture_missing_or_too_many_is_told(tmp_path, count):
    from pictures import problems

    (said,) = problems(write_course(tmp_path, count * [PAGE]))
    assert said == f"book/01_small.md:12: the solution stores {count} pictures, the page drew 1"


def photo(dpi: int) -> str:
    """Return a JPEG in base64 as a notebook's output holds it."""
    with io.BytesIO() as file:
        PAGE.save(file, "JPEG", quality=95, dpi=(dpi, dpi))
        return base64.b64encode(file.getvalue()).decode()


def test_a_notebook_has_one_pixel_where_the_page_has_two():
    from notebooks import as_in_a_notebook

    with io.BytesIO(base64.b64decode(as_in_a_notebook(photo(200)))) as file, Image.open(file) as image:
        assert image.size == tuple(side // 2 for side in PAGE.size)
        assert image.format == "JPEG"
        assert image.info["dpi"] == (100, 100)
    once = as_in_a_notebook(photo(200))
    assert as_in_a_notebook(once) == once
    assert as_in_a_notebook(photo(100)) == photo(100)
