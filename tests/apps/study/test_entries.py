"""Whatever stands in a grid's file, it can be run, or one sentence says what is wrong: before a network is loaded."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nstlib.apps.study.entries import listed, number, table
from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.measure import run_task, tasks_of
from nstlib.errors import ChoiceError, DivergenceError, ImageError
from nstlib.images import save_image

GOOD = {"contents": ["cat.png"], "styles": ["wave.png"], "methods": ["mine"], "style_weights": [1]}
GOOD |= {"network": "tiny", "size": 32, "steps": 1}
CALIBRATION = {"contents": ["dog.png"], "styles": ["dots.png", "cat.png"]}

words = st.sampled_from(
    "cat.png wave.png relu1_1 relu9_9 pool5 style content pixels dual classic channels noise adam random mine tiny".split()  # noqa: SIM905
)
numbers = st.one_of(
    st.integers(-2, 60),
    st.sampled_from([2**63, 10**400, 0.1, 0.25, 4.0, 1e30, 1e300, 1e-300]),
    st.floats(),
    st.booleans(),
)
nested = st.recursive(
    words | numbers, lambda each: st.lists(each, max_size=3) | st.dictionaries(words, each, max_size=2), max_leaves=6
)
views = st.fixed_dictionaries(
    {},
    optional={
        "finer": st.sampled_from([0.01, 4, 32]) | nested,
        "coarser": st.sampled_from([1, 2.5]) | nested,
        "gray": st.booleans() | nested,
    },
)
layers = st.sampled_from(["relu1_1", ["relu2_1", "block4_conv2"], {"relu1_1": 2, "conv2_1": 0}, "pool5"])
terms = st.fixed_dictionaries(
    {"quantity": st.sampled_from(["style", "content", "pixels", "structure", "laplacian"])},
    optional={
        "weight": st.sampled_from([0, 1, 0.5]) | nested,
        "view": views,
        "layers": layers | nested,
        "cutoffs": st.sampled_from([[0.25], [0.4, 0.2]]) | nested,
        "bands": st.sampled_from([[1, 0], [1, 2, 1]]) | nested,
    },
)
methods = st.one_of(
    st.fixed_dictionaries({"terms": st.lists(terms, min_size=1, max_size=2)}),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("loss", "init", "split"), words | nested)),
)
names = st.sampled_from(
    [
        "contents",
        "styles",
        "methods",
        "style_weights",
        "seeds",
        "size",
        "steps",
        "optimizer",
        "tv_weight",
        "calibration",
    ]
)


def toml(value):
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(each)}' for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("grids")
    for name in ("cat", "dog", "wave", "dots"):
        save_image(torch.rand(3, 40, 44), found / f"{name}.png")
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=methods, changed=st.dictionaries(names, nested, max_size=1), calibrated=st.booleans())
def test_a_grid_of_any_values_can_be_run_or_is_refused_in_words(folder, method, changed, calibrated):
    entries = {**GOOD, **({"calibration": CALIBRATION} if calibrated else {}), "method": {"mine": method}, **changed}
    (folder / "grid.toml").write_text("\n".join(f"{name} = {toml(each)}" for name, each in entries.items()))
    try:
        grid = read_grid(folder / "grid.toml")
        cases = grid.cases()
    except (ChoiceError, ImageError):
        return
    if grid.settings.steps <= 60:
        try:
            run_task(tasks_of(grid, cases[:1])[0])
        except DivergenceError:  # weights of 1e30 may be too much for the pixels: that is told run by run
            assert max(each for each in (*grid.style_weights, grid.settings.tv_weight)) > 1e6


def test_numbers_are_finite_and_fit_into_the_pixels_floats():
    assert number("x", 3) == 3.0
    for value in (True, "3", None, [3], math.nan, math.inf, -1):
        with pytest.raises(ChoiceError, match="x must be a finite number, 0 or larger, got"):
            number("x", value)
    with pytest.raises(ChoiceError, match=r"x must be a number up to 3.4e\+38, got 1e\+39"):
        number("x", 1e39)
    with pytest.raises(ChoiceError, match=r"x must be a number up to 3.4e\+38"):
        number("x", 10**400)


def test_lists_and_tables_say_what_stands_there_in_few_words():
    with pytest.raises(ChoiceError, match=r"x must be a list with at least one entry and none twice, got 5"):
        listed("x", 5)
    with pytest.raises(ChoiceError, match=r"x knows a, b, not c"):
        table("x", {"a": 1, "c": 2}, ("a", "b"))
