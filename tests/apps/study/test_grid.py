"""A grid says what is run; whoever writes it wrongly is told so before anything runs."""

import shutil

import pytest
from small_grid import TINY

from nstlib.apps.study.grid import read_grid
from nstlib.errors import ChoiceError, ImageError
from nstlib.images import picture

SPLIT = TINY.replace('"dual"]', '"channels", "channels_random"]')
CALIBRATION = 'calibration = {contents = ["flower"], styles = ["hubble", "tissue"]}\n'


def test_every_method_is_run_on_every_pair_at_every_weight_the_first_weight_first(grid_file):
    cases = read_grid(grid_file()).cases()
    assert len(cases) == len({tuple(case.key.values()) for case in cases}) == 2 * 2 * 2 * 2
    assert [case.style_weight for case in cases] == [10.0] * 8 + [3.0] * 8
    assert {case.method for case in cases[:2]} == {"classic", "dual"}


def test_only_methods_of_chance_are_run_with_every_seed(grid_file):
    text = SPLIT.replace('"classic"', '"classic", "classic_noise"') + CALIBRATION + "seeds = [0, 1, 2]\n"
    cases = [case for case in read_grid(grid_file(text)).cases() if case.style_weight == 3 and case.content == "cat"]
    seeds = {}
    for case in cases:
        seeds.setdefault((case.style, case.method), []).append(case.seed)
    assert seeds["woodcut", "classic"] == seeds["woodcut", "channels"] == [0]
    assert seeds["woodcut", "classic_noise"] == seeds["woodcut", "channels_random"] == [0, 1, 2]


def test_a_method_of_ones_own_says_in_its_row_what_it_is(grid_file):
    pixels = '{quantity = "pixels", weight = 0.1, view = {finer = 4, gray = true}}'
    own = f'\n[method.mine]\nterms = [{{quantity = "structure"}}, {pixels}]\n'
    grid = read_grid(grid_file(TINY.replace('"dual"', '"mine"') + own))
    assert grid.methods["mine"].recipe == "structure + 0.1 pixels (finer 4, gray); from content"
    assert {case.recipe for case in grid.cases()} == {"content + style; from content", grid.methods["mine"].recipe}


def test_another_picture_under_the_same_name_is_another_run(grid_file, tmp_path):
    text = TINY.replace('"cat", "coffee"', '"photo.jpg"')
    shutil.copy(picture("cat"), tmp_path / "photo.jpg")
    before = read_grid(grid_file(text)).cases()[0]
    shutil.copy(picture("coffee"), tmp_path / "photo.jpg")
    after = read_grid(grid_file(text)).cases()[0]
    assert before.content == after.content == "photo"
    assert before.key != after.key


def test_channels_chosen_with_other_pictures_are_another_run_and_nothing_else_is(grid_file):
    text = SPLIT.replace('"channels_random"', '"dual"') + CALIBRATION
    before, after = (
        {case.method: case.key for case in read_grid(grid_file(each)).cases()}
        for each in (text, text.replace("hubble", "brush"))
    )
    assert before["classic"] == after["classic"]
    assert before["dual"] == after["dual"]
    assert before["channels"] != after["channels"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TINY + "sizes = 3\n", "entries that mean nothing: sizes. There are contents, styles"),
        (TINY.replace('"dual"', '"duel"'), "duel.*classic"),
        (TINY.replace('"cat"', '"dog"'), "dog"),
        (TINY.replace('"cat"', '"dog.jpg"'), "There is no picture .*dog.jpg, one of the contents"),
        (TINY.replace('"cat", "coffee"', '"cat", "cat"'), "contents must be a list .* none twice"),
        (TINY.replace("[10, 3]", "[]"), "style_weights must be a list with at least one entry"),
        (TINY.replace("[10, 3]", "[-1]"), "style_weights must be a finite number, 0 or larger, got -1"),
        (TINY.replace("size = 48", "size = 4"), "size must be a whole number of at least 16, got 4"),
        (TINY.replace('"tiny"', '"vgg11"'), "vgg11"),
        (TINY + "seeds = [0.5]\n", "seeds must be a list"),
        (TINY + "[method.dual]\n", 'There is a method "dual" already'),
        (TINY + '[method.mine]\nlos = "dual"\n', "method mine knows loss or terms, init and split, not los"),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", wait = 1}]\n',
            "A term of the method mine knows quantity, weight",
        ),
        (TINY + '[method.mine]\nterms = [{gaol = "style"}]\n', "There is no quantity None"),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", weight = "x"}]\n',
            "needs a number as its weight, got 'x'",
        ),
        (TINY + "[method.mine]\nterms = []\n", "terms of the method mine must be a list with at least one entry"),
        (TINY + "[method.mine]\nterms = 5\n", "terms of the method mine must be a list"),
        (TINY + '[method.mine]\nloss = "dual"\nsplit = "random"\n', 'that is for the loss "classic" alone'),
        (SPLIT, "calibration needs at least one content and two styles"),
        (SPLIT + CALIBRATION.replace("flower", "cat"), "cat: in the calibration and in the grid"),
        (TINY + 'calibration = {pictures = ["flower"]}\n', "calibration has contents and styles, got pictures"),
        (TINY + 'chance_styles = ["wood"]\n', "There is no chance style 'wood'"),
        (TINY + "chance_styles = []\n", "chance_styles must be a list with at least one entry"),
        ("contents = [", "is no TOML"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_and_says_why(grid_file, text, message):
    with pytest.raises((ChoiceError, ImageError), match=message):
        read_grid(grid_file(text))


def test_a_grid_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ChoiceError, match=r"nothing.toml cannot be read"):
        read_grid(tmp_path / "nothing.toml")


def test_two_pictures_of_one_name_are_refused(grid_file, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(picture("cat"), tmp_path / folder / "photo.jpg")
    with pytest.raises(ChoiceError, match="Two of the contents are called photo"):
        read_grid(grid_file(TINY.replace('"cat", "coffee"', '"a/photo.jpg", "b/photo.jpg"')))
