"""Methods are compared at the same style, pair by pair."""

import math

import numpy as np
import pytest

from nstlib.analysis import (
    dominated_share,
    exchange_rates,
    interval_against,
    make_table,
    matched_differences,
    mean_curve,
    read_unseen,
    regret_differences,
)
from nstlib.apps.study.report import write_report
from nstlib.apps.study.results import COLUMNS
from nstlib.errors import ChoiceError, ShapeError
from nstlib.metrics import MEASURES, regret

WEIGHTS = (1.0, 3.0, 10.0, 30.0)


def rows_of(methods, *, contents="ab", styles="xyz", seeds=1, rng=None):
    """Make up a study: content falls with style along one line for all, plus what a method has over it."""
    rows = []
    for content in contents:
        for style in styles:
            for name, (better, louder) in methods.items():
                for weight in WEIGHTS:
                    for seed in range(seeds):
                        gram = 0.5 / (1 + weight * louder) * (1 + "xyz".index(style))
                        ssim = 0.6 + 0.1 * math.log(gram) + better + (rng.normal() * 0.01 if rng else 0)
                        values = dict.fromkeys(COLUMNS, "") | dict.fromkeys(MEASURES, "0.1")
                        values |= {"content": content, "style": style, "method": name, "style_weight": f"{weight:g}"}
                        rows.append(
                            values | {"seed": str(seed), "gram": repr(gram), "ssim": repr(ssim), "recipe": name}
                        )
    return rows


def test_a_method_at_another_weight_is_no_better():
    table = make_table(rows_of({"dual": (0, 1), "loud": (0, 3)}))
    differences = matched_differences(table, "dual", "loud", "ssim")
    assert differences.shape == (3, 2)
    assert np.abs(differences).max() < 1e-9


def test_a_method_that_is_better_by_a_tenth_is_so_on_every_pair():
    table = make_table(rows_of({"dual": (0.1, 1), "classic": (0, 2)}))
    (mean, low, high), won, compared = interval_against(table, "dual", "classic", "ssim")
    assert (mean, low, high) == pytest.approx((0.1, 0.1, 0.1))
    assert (won, compared) == (6, 6)
    assert interval_against(table, "classic", "dual", "ssim")[1:] == (0, 6)


def test_seeds_are_averaged_and_make_no_more_pairs():
    rng = np.random.default_rng(0)
    table = make_table(rows_of({"dual": (0.1, 1), "classic": (0, 1)}, seeds=5, rng=rng))
    assert table.weights("a", "x", "dual") == list(WEIGHTS)
    assert interval_against(table, "dual", "classic", "ssim")[2] == 6


def test_pairs_that_were_not_run_are_not_compared():
    rows = [
        row for row in rows_of({"dual": (0.1, 1), "classic": (0, 1)}) if row["content"] != "b" or row["style"] != "x"
    ]
    table = make_table(rows)
    assert np.isnan(matched_differences(table, "dual", "classic", "ssim")).sum() == 1
    assert interval_against(table, "dual", "classic", "ssim")[2] == 5


def test_pairs_can_be_left_out():
    table = make_table(rows_of({"dual": (0.1, 1), "classic": (0, 1)})).without([("a", "x"), ("b", "y")])
    assert interval_against(table, "dual", "classic", "ssim")[2] == 4


def test_curves_that_have_no_style_in_common_give_no_number():
    table = make_table(rows_of({"dual": (0.1, 1), "far": (0, 1000)}))
    interval, won, compared = interval_against(table, "dual", "far", "ssim")
    assert np.isnan(interval).all()
    assert (won, compared) == (0, 0)


def test_the_difference_of_two_regrets_needs_no_run_of_one_goal_alone():
    rows = rows_of({"dual": (0, 1), "classic": (0, 1)})
    for row in rows:
        joint = {"dual": 0.3, "classic": 0.5}[row["method"]]
        row |= {"content_loss": repr(joint), "style_loss": row["gram"]}
    found = regret_differences(make_table(rows), "dual", "classic")
    for alone in (0.01, 0.2):
        assert found == pytest.approx(regret(0.3, alone) - regret(0.5, alone))


def test_a_loss_of_zero_has_no_logarithm_and_is_left_out():
    rows = rows_of({"dual": (0, 1), "classic": (0, 1)})
    for row in rows:
        row |= {"content_loss": "0" if row["content"] == "a" else "0.5", "style_loss": row["gram"]}
    found = regret_differences(make_table(rows), "dual", "classic")
    assert np.isnan(found[:, 0]).all()
    assert (found[:, 1] == 0).all()


def test_the_rate_of_exchange_is_the_slope_for_one_halving_of_the_distance():
    table = make_table(rows_of({"dual": (0.2, 1), "loud": (0, 9)}))
    for method in table.methods:
        assert exchange_rates(table, method, "ssim") == pytest.approx(0.1 * math.log(2)), method
        assert exchange_rates(table, method, "edge_ssim") == pytest.approx(0), method


def test_a_single_weight_has_no_rate_of_exchange():
    rows = [row for row in rows_of({"dual": (0, 1)}) if row["style_weight"] == "10"]
    assert np.isnan(exchange_rates(make_table(rows), "dual", "ssim")).all()


def test_a_method_that_is_worse_everywhere_is_dominated_wherever_the_other_reaches():
    table = make_table(rows_of({"good": (0.1, 1), "bad": (0, 1)}))
    assert dominated_share(table, "ssim") == {"good": 0, "bad": 1}


def test_the_mean_curve_has_one_point_for_each_weight():
    table = make_table(rows_of({"dual": (0, 1)}))
    styles, contents = mean_curve(table, "dual", "ssim")
    assert len(styles) == len(contents) == 4
    assert styles == sorted(styles, reverse=True)
    assert contents == pytest.approx([0.6 + 0.1 * math.log(x) for x in styles])


def test_what_is_not_there_is_named():
    table = make_table(rows_of({"dual": (0, 1)}))
    with pytest.raises(ChoiceError, match="duel"):
        matched_differences(table, "duel", "dual", "ssim")
    with pytest.raises(ChoiceError, match="ssin"):
        matched_differences(table, "dual", "dual", "ssin")
    with pytest.raises(ChoiceError, match="no rows yet: run the study first"):
        make_table([])


def test_rows_of_two_studies_are_not_mixed():
    rows = rows_of({"dual": (0, 1)})
    rows[0]["size"], rows[1]["size"] = "128", "256"
    with pytest.raises(ChoiceError, match="rows are of several studies: size is"):
        make_table(rows)


@pytest.mark.parametrize(
    ("column", "message"), [("recipe", "rows of dual are"), ("pictures", "rows of a, x, dual are")]
)
def test_a_method_or_a_picture_that_was_changed_is_not_averaged_with_the_old_one(column, message):
    rows = rows_of({"dual": (0, 1)})
    rows[1][column] = "another"
    with pytest.raises(ChoiceError, match=f"{message} of two kinds: {column}"):
        make_table(rows)


def test_the_report_says_what_the_numbers_say(tmp_path):
    rows = rows_of({"dual": (0.1, 1), "classic": (0, 2)})
    page = write_report(rows, tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    assert "| classic | +0.100 | +0.100 .. +0.100 | 6 of 6 |" in text
    assert {path.name for path in page.parent.iterdir()} == {"report.md", "intervals.png", "curves.png"}


# --- what can be read ---------------------------------------------------------------------------------------------------


def vectors_of(contents, styles, *, of_content, of_style, rng):
    """Make up pictures: each content and each style has a direction of its own, as strong as is said, and a little noise."""
    directions = np.linalg.qr(rng.normal(size=(40, contents + styles)))[0].T
    grid = of_content * directions[:contents, None] + of_style * directions[None, contents:]
    return grid + 0.01 * rng.normal(size=grid.shape)


def test_what_is_in_a_vector_is_read_and_what_is_not_is_not():
    rng = np.random.default_rng(0)
    both = read_unseen(vectors_of(5, 6, of_content=1, of_style=1, rng=rng))
    assert both.content.all()
    assert both.style.all()
    assert both.content.shape == both.style.shape == (6, 5)
    told = np.mean([read_unseen(vectors_of(5, 6, of_content=1, of_style=0, rng=rng)).style.mean() for _ in range(30)])
    assert told == pytest.approx(1 / 6, abs=0.06)  # chance


def test_reading_is_a_loop_over_pictures_of_other_styles():
    vectors = np.random.default_rng(1).normal(size=(4, 3, 5)) + np.random.default_rng(2).normal(size=(4, 1, 5))
    centered = vectors - vectors.mean((0, 1))
    expected = np.zeros((3, 4), dtype=bool)
    for i in range(4):
        for j in range(3):
            others = [k for k in range(3) if k != j]
            cosines = []
            for candidate in range(4):
                mean = np.mean([centered[candidate, k] for k in others], axis=0)
                cosines.append(mean @ centered[i, j] / np.linalg.norm(mean) / np.linalg.norm(centered[i, j]))
            expected[j, i] = int(np.argmax(cosines)) == i
    np.testing.assert_array_equal(read_unseen(vectors).content, expected)
    np.testing.assert_array_equal(read_unseen(vectors.swapaxes(0, 1)).style.T, expected)


@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 1, 5), (3, 5)])
def test_fewer_than_two_of_a_kind_cannot_be_told_apart(shape):
    with pytest.raises(ShapeError, match="at least 2 contents in 2 styles"):
        read_unseen(np.zeros(shape))
