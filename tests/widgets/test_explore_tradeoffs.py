"""The trade-off explorer: the browser's numbers are those of nstlib.metrics and nstlib.analysis."""

import json
import math

import numpy as np
import pytest
from inputs import made_up

from nstlib import metrics
from nstlib.analysis import matched_differences, mean_curve
from nstlib.errors import ChoiceError
from nstlib.widgets import explore_tradeoffs
from nstlib.widgets.tradeoffs import STYLE


@pytest.fixture
def cloud():
    rng = np.random.default_rng(1)
    return np.concatenate([rng.uniform(0.1, 1, (60, 2)), [[0.1, 0.4], [0.1, 0.4], [0.3, 0.1]]]).round(1)


def in_browser(run_node, table, script):
    """Run a script that has ``rows`` as the explorer makes them from its state."""
    setup = """
      const rows = given.rows.map(([content, style, method, weight, ...values]) => ({
        content, style, method, weight, values: values.map((value) => (value === null ? NaN : value)),
      }));
      const pairs = given.styles.flatMap((_, s) => given.contents.map((_, c) => [c, s]));
    """
    state = json.loads(json.dumps(explore_tradeoffs(table, static=True).state))
    return run_node("tradeoffs/maths", setup + script, state)


def test_the_front_in_the_browser_is_that_of_metrics_with_its_ties(cloud, run_node):
    got = run_node("tradeoffs/maths", "const answer = it.paretoFront(given);", cloud.tolist())
    assert got == metrics.pareto_front(cloud).tolist()
    assert sum(got) >= 2


@pytest.mark.parametrize("reference", [(1.0, 1.0), (0.5, 0.7), (0.05, 1.0)])
def test_the_area_in_the_browser_is_that_of_metrics(reference, cloud, run_node):
    script = "const answer = it.hypervolume(given.points, given.reference);"
    got = run_node("tradeoffs/maths", script, {"points": cloud.tolist(), "reference": reference})
    assert got == pytest.approx(metrics.hypervolume(cloud, reference), abs=1e-4)


def test_content_at_a_style_is_that_of_metrics_and_missing_beyond_the_ends(run_node):
    styles, contents = [0.3, 0.05, 0.9, 0.1], [0.6, 0.2, 0.8, 0.5]
    at = [0.049, *styles, 0.07, 0.2, 0.5, 0.901]
    script = "const answer = given.at.map((at) => it.contentAtStyle(given.styles, given.contents, at));"
    got = run_node("tradeoffs/maths", script, {"styles": styles, "contents": contents, "at": at})
    wanted = [metrics.content_at_style(styles, contents, x) for x in at]
    assert [value is None for value in got] == [math.isnan(value) for value in wanted]
    assert [got[0], got[-1]] == [None, None]
    assert got[1:-1] == pytest.approx(wanted[1:-1], abs=1e-4)


@pytest.mark.parametrize("levels", [1, 2, 9])
def test_the_difference_at_the_same_style_is_that_of_metrics(levels, run_node):
    curves = [0.4, 0.02, 0.1], [0.7, 0.3, 0.5], [0.05, 0.9, 0.3], [0.2, 0.6, 0.55]
    script = "const answer = it.matchedStyleDifference(...given.curves, given.levels);"
    got = run_node("tradeoffs/maths", script, {"curves": curves, "levels": levels})
    assert got == pytest.approx(metrics.matched_style_difference(*curves, levels=levels), abs=1e-4)


def test_curves_without_a_style_in_common_have_no_difference(run_node):
    script = """
      const apart = [[[1, 2], [3, 4], [5, 6], [7, 8]], [[], [], [5], [7]]];
      const answer = apart.map((curves) => it.matchedStyleDifference(...curves));
    """
    assert run_node("tradeoffs/maths", script, None) == [None, None]


@pytest.mark.parametrize(
    "missing", [(), [("a", "x", "dual", 1.0), ("b", "z", "dual", 30.0)]], ids=["whole", "with gaps"]
)
def test_the_mean_curves_are_those_of_the_study(missing, run_node):
    table = made_up(missing=missing)
    script = "const answer = given.methods.map((_, m) => it.curveOf(rows, m, 0, 4, null).map(({ x, y }) => [x, y]));"
    for method, got in zip(table.methods, in_browser(run_node, table, script), strict=True):
        np.testing.assert_allclose(np.array(got).T, mean_curve(table, method, "edge_ssim"), atol=1e-4)


@pytest.mark.parametrize(("place", "by"), list(enumerate(STYLE)))
def test_the_mean_differences_are_those_of_the_study_and_name_how_many_pairs(place, by, run_node):
    table = made_up(missing=[("b", "x", "dual", weight) for weight in (1.0, 3.0, 10.0, 30.0)])
    columns = f"{place}, {len(STYLE)}"
    script = f"const answer = given.methods.map((_, m) => it.differenceOf(rows, m, given.baseline, {columns}, pairs));"
    got = in_browser(run_node, table, script)
    for method, found in zip(table.methods, got, strict=True):
        wanted = matched_differences(table, method, "classic", "ssim", by=by)
        assert found["count"] == np.isfinite(wanted).sum()
        if found["count"]:
            assert found["mean"] == pytest.approx(np.nanmean(wanted), abs=1e-4)
    assert [found["count"] for found in got] == [5, 6, 6, 0]


def test_classic_is_the_baseline_unless_another_is_named():
    table = made_up()
    assert explore_tradeoffs(table, static=True).state["baseline"] == 1
    assert explore_tradeoffs(table, baseline="far", static=True).state["baseline"] == 3


def test_all_methods_are_shown_at_the_start_unless_some_are_named():
    table = made_up()
    assert explore_tradeoffs(table, static=True).state["shown"] == [0, 1, 2, 3]
    some = table.methods[2], table.methods[0]
    assert explore_tradeoffs(table, shown=some, static=True).state["shown"] == [0, 2]


def test_a_result_that_was_not_measured_travels_as_null():
    table = made_up()
    table.values["a", "x", "dual", 1.0]["ssim"] = math.nan
    state = explore_tradeoffs(table, static=True).state
    assert sum(value is None for row in state["rows"] for value in row) == 1
    json.dumps(state, allow_nan=False)


def test_what_the_trade_off_explorer_cannot_show_is_named():
    table = made_up()
    with pytest.raises(ChoiceError, match="ssin"):
        explore_tradeoffs(table, measures=["ssin"])
    with pytest.raises(ChoiceError, match="duel"):
        explore_tradeoffs(table, baseline="duel")
    with pytest.raises(ChoiceError, match="duel"):
        explore_tradeoffs(table, shown=["classic", "duel"])
    with pytest.raises(ChoiceError, match="at least one method. Choose from: dual, classic"):
        explore_tradeoffs(table, shown=[])
    with pytest.raises(ChoiceError, match="at least one measure"):
        explore_tradeoffs(table, measures=[])
    with pytest.raises(ChoiceError, match="needs a table of nstlib.analysis.make_table, got list"):
        explore_tradeoffs([])
    with pytest.raises(ChoiceError, match="No result of 'classic' has both gram and chroma_noise"):
        explore_tradeoffs(table, measures=["chroma_noise"])
