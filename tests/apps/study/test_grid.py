"""A grid says what is run; whoever writes it wrongly is told so before anything runs."""

import os
import shutil

import pytest
import torch
from small_grid import TINY

from nstlib.apps.study.grid import read_grid
from nstlib.errors import ChoiceError, ImageError
from nstlib.images import picture, save_image

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
        ("contents = " + "[" * 5000, "is no TOML"),
        ("size = " + "9" * 5000, "is no TOML"),
        (TINY + f"seeds = [{2**63}]\n", "seeds must be at most 2..63 - 1, got a whole number of 64 bits"),
        (TINY.replace("size = 48", "size = 0x" + "f" * 9000), "size must be at most .* of 36000 bits"),
        (TINY.replace("size = 48", "size = true"), "size must be a whole number of at least 16, got True"),
        (TINY.replace("size = 48", "size = 99999999"), "size must be a whole number of at most 10,000, got 99999999"),
        (TINY.replace("steps = 2", "steps = 2000000000"), "steps must be a whole number of at most 1,000,000"),
        (TINY.replace("[10, 3]", "[true]"), "style_weights must be a list"),
        (TINY.replace("[10, 3]", "[nan]"), "style_weights must be a finite number, 0 or larger, got nan"),
        (TINY.replace("[10, 3]", "[1e300]"), r"style_weights must be a number up to 3.4e\+38, got 1e\+300"),
        (TINY + "tv_weight = inf\n", "tv_weight must be a finite number, 0 or larger, got inf"),
        (TINY + '[method.mine]\nterms = [{quantity = "style", channels = {}}]\n', "knows quantity, .* not channels"),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", view = {finer = "a"}}]\n',
            "finer of a term of the method mine is a blur in pixels, from 0.01 to the size, 48; got 'a'",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", view = {coarser = 49}}]\n',
            "coarser of a term of the method mine is a blur in pixels, .* got 49",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", view = {gray = 1}}]\n',
            "gray of a term of the method mine must be true or false, got 1",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", view = 4}]\n',
            "view of a term .* must be a table, got 4",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", layers = 3}]\n',
            "layers of a term of the method mine must be a name, a list or a table of weights, got 3",
        ),
        (TINY + '[method.mine]\nterms = [{quantity = "style", layers = "relu9_1"}]\n', "tiny has no layer 'relu9_1'"),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", layers = {relu1_1 = "x"}}]\n',
            "layers of a term of the method mine: relu1_1 must be a finite number",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", cutoffs = 0.1}]\n',
            "cutoffs of a term of the method mine must be a list of numbers, got 0.1",
        ),
        (
            TINY + '[method.mine]\nterms = [{quantity = "style", cutoffs = [0.1], bands = [1, nan]}]\n',
            "bands of a term of the method mine must be a finite number",
        ),
        (TINY + '[method."a\\nb"]\nloss = "dual"\n', "A method needs a name of letters that can be seen"),
        (
            TINY.replace('"dual"', '"mine"').replace("[10, 3]", "[10, 0]")
            + 'tv_weight = 0\n[method.mine]\nterms = [{quantity = "style"}]\n',
            "With style_weights of 0 and a tv_weight of 0 the method mine has nothing to lower",
        ),
        (TINY.replace('"cat"', f'"{"n" * 300}.jpg"'), "There is no picture .*nnn.jpg, one of the contents"),
        (TINY.replace('"cat"', '""'), "The course has no picture ''"),
        (TINY.replace('"cat"', '"grid.toml"'), "grid.toml is not a picture that can be read"),
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_neither_a_grid_nor_a_picture(grid_file, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ChoiceError, match=r"The grid .*pipe.jpg cannot be read: it is no file"):
        read_grid(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match=r"There is no picture .*pipe.jpg"):
        read_grid(grid_file(TINY.replace('"cat"', '"pipe.jpg"')))


def test_a_grid_may_begin_with_the_mark_of_windows_editors(grid_file):
    assert read_grid(grid_file("\ufeff" + TINY)).settings.size == 48


def test_a_picture_too_narrow_for_the_layers_is_named_with_the_size_that_would_do(grid_file, tmp_path):
    save_image(torch.rand(3, 12, 60), tmp_path / "strip.png")
    text = TINY.replace('"cat", "coffee"', '"strip.png"')
    with pytest.raises(ImageError, match=r"strip.png is 60 x 12 .* shorter side has 10, .* needs 16. Use size 78 or"):
        read_grid(grid_file(text))
    assert read_grid(grid_file(text.replace("size = 48", "size = 78"))).contents.keys() == {"strip"}
    deep = text.replace("size = 48", "size = 78").replace('"dual"', '"mine"')
    with pytest.raises(ImageError, match="the network needs 32"):
        read_grid(grid_file(deep + '[method.mine]\nterms = [{quantity = "style", layers = "pool5"}]\n'))


def test_pictures_are_called_by_what_can_be_printed(grid_file, tmp_path):
    shutil.copy(picture("cat"), tmp_path / "a\x1b[31mb.jpg")
    found = read_grid(grid_file(TINY.replace('"cat"', '"a\\u001b[31mb.jpg"')))
    assert list(found.contents) == ["a%1b[31mb", "coffee"]
