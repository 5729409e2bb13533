"""What there is to do, and what forbids it, before a network is loaded."""

import pytest
import torch

from nstlib.apps.comparison.pairs import make_grid
from nstlib.apps.comparison.planning import make_plan
from nstlib.apps.study.grid import Settings
from nstlib.errors import ImageError
from nstlib.images import save_image


@pytest.fixture
def plan(tmp_path):
    """Plan a comparison of files by these names in the styles wave and dots; "bad" and "worse" are no pictures."""
    for name in ("cat", "dog", "wave", "dots"):
        save_image(torch.rand(3, 24, 28), tmp_path / f"{name}.png")
    for name in ("bad", "worse"):
        (tmp_path / f"{name}.png").write_text("no picture")

    def planned(*contents, styles=("wave", "dots"), out=tmp_path / "out"):
        files = [[tmp_path / f"{name}.png" for name in each] for each in (contents, styles)]
        return make_plan(make_grid(*files, ["classic", "dual"], Settings("tiny", 32, 1)), out)

    return planned


def test_every_pair_is_to_be_made_by_every_method(plan):
    pairs, todo, failures = plan("cat", "dog")
    assert len(pairs) == 4
    assert todo == [(pair, method) for pair in pairs for method in ("classic", "dual")]
    assert failures == {}


def test_a_broken_picture_costs_its_own_pairs_alone(plan):
    pairs, todo, failures = plan("cat", "bad", "worse", styles=("wave", "bad"))
    assert len(pairs) == 6
    assert [(pair.folder.name, method) for pair, method in todo] == [("cat_wave", "classic"), ("cat_wave", "dual")]
    (bad, worse) = failures.values()
    assert bad == [f"{pair} {method}" for pair in ("cat_bad", "bad_wave", "bad_bad") for method in ("classic", "dual")]
    assert worse[0] == "worse_wave classic"


def test_without_any_picture_that_works_nothing_is_begun(plan, tmp_path):
    with pytest.raises(ImageError, match=r"bad.png is not a picture .* The other 1 cannot be used either\."):
        plan("bad", "worse")
    with pytest.raises(ImageError, match=r"bad.png is not a picture"):
        plan("cat", styles=("bad",))
    with pytest.raises(ImageError, match=r"There is no file .*nothing.png"):
        plan("cat", "nothing")
    assert not (tmp_path / "out").exists()


def test_a_comparison_needs_a_place_for_a_folder(plan, tmp_path):
    with pytest.raises(ImageError, match="There is no folder .*nowhere to make out in"):
        plan("cat", out=tmp_path / "nowhere" / "out")
    with pytest.raises(ImageError, match=r"cat.png is no folder"):
        plan("cat", out=tmp_path / "cat.png")
    with pytest.raises(ImageError, match=r"new.JPG would be a picture, and a comparison is a folder"):
        plan("cat", out=tmp_path / "new.JPG")
    (tmp_path / "old.jpg").mkdir()
    assert len(plan("cat", out=tmp_path / "old.jpg").todo) == 4
