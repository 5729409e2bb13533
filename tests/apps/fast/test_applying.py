from pathlib import Path

import pytest
import torch

from nstlib.apps.fast.applying import Painter, Piece, ahead, memory_of, mixed, pieces_of
from nstlib.errors import ChoiceError, ImageError, ShapeError
from nstlib.formats.masks import load_alpha
from nstlib.images import load_image, save_image
from nstlib.one_pass import load_one_pass


@pytest.fixture(scope="module")
def shipped():
    return load_one_pass()


@pytest.fixture
def photo(tmp_path, rng):
    return save_image(torch.rand(1, 3, 30, 41, generator=rng), tmp_path / "photo.png")


def test_a_picture_is_what_the_network_makes_of_it(shipped, photo, tmp_path):
    model, styles = shipped
    painter = Painter(model, styles["brush"])
    assert painter.paint_picture(Piece(photo, tmp_path / "out.png")) == (41, 30)
    expected = model(load_image(photo), styles["brush"])
    torch.testing.assert_close(load_image(tmp_path / "out.png"), expected, atol=0.6 / 255, rtol=0)


def test_strength_lies_between_photo_and_painting(shipped, photo):
    model, styles = shipped
    image, style = load_image(photo), styles["brush"]
    whole = Painter(model, style).paint(image)
    torch.testing.assert_close(Painter(model, style, 0.25).paint(image), 0.75 * image + 0.25 * whole)
    torch.testing.assert_close(Painter(model, style, 0.0).paint(image), image)


def test_transparency_is_kept(shipped, tmp_path):
    alpha = torch.ones(1, 1, 20, 24)
    alpha[..., :10] = 0
    source = save_image(torch.rand(1, 3, 20, 24), tmp_path / "ghost.png", alpha=alpha)
    Painter(shipped[0], shipped[1]["brush"]).paint_picture(Piece(source, tmp_path / "out.png"))
    assert torch.equal(load_alpha(tmp_path / "out.png"), alpha)


def test_styles_are_mixed_by_their_weights(shipped):
    _, styles = shipped
    found = mixed(styles, [("brush", 1.0), ("mosaic", 3.0)], "It")
    torch.testing.assert_close(found, 0.25 * styles["brush"] + 0.75 * styles["mosaic"])


def test_a_style_that_was_not_learned_is_told(shipped):
    with pytest.raises(
        ChoiceError, match=r"^It has no style 'wave'. It has brush, .*nst fast train makes a network of any"
    ):
        mixed(shipped[1], [("brush", 1.0), ("wave", 1.0)], "It")


def test_results_are_named_after_content_and_style(photo):
    (piece,) = pieces_of([photo], "mosaic", None, folder=None)
    assert piece == (photo, Path("photo_mosaic.png"))
    (piece,) = pieces_of([Path("film.mov")], "mosaic", None, folder=None)
    assert piece.target == Path("film_mosaic.mp4")


def test_of_a_folder_each_gets_a_name_of_its_own(photo, tmp_path):
    contents = [photo, photo.with_suffix(".jpg"), tmp_path / "film.mov"]
    pieces = pieces_of(contents, "brush", tmp_path / "done", folder=tmp_path)
    assert [piece.target.name for piece in pieces] == ["photo-png_brush.png", "photo-jpg_brush.png", "film_brush.mp4"]
    assert (tmp_path / "done").is_dir()


def test_in_a_folder_results_are_not_painted_again(photo, tmp_path):
    made = save_image(torch.rand(1, 3, 20, 20), tmp_path / "photo_brush.png")
    contents = [photo, made, tmp_path / "film.mp4", tmp_path / "film_brush.mp4"]
    pieces = pieces_of(contents, "brush", tmp_path, folder=tmp_path)
    assert [piece.source.name for piece in pieces] == ["photo.png", "film.mp4"]


def test_a_result_may_not_replace_what_it_is_made_of(photo):
    with pytest.raises(ImageError, match="is one of the pictures to start from"):
        pieces_of([photo], "brush", photo, folder=None)


@pytest.mark.parametrize(
    ("source", "output"), [("film.mov", "out.png"), ("film.mov", "out.mov"), ("photo.png", "out.mp4")]
)
def test_the_ending_has_to_fit(source, output, tmp_path):
    with pytest.raises(ImageError, match=rf"{output} should end in one of"):
        pieces_of([tmp_path / source], "brush", tmp_path / output, folder=None)


def test_memory_grows_with_pixels_and_what_is_too_small_is_told(photo, tmp_path):
    piece = Piece(photo, tmp_path / "out.png")
    assert memory_of(piece, 820) == pytest.approx(400 * memory_of(piece, None), rel=0.05)
    with pytest.raises(ShapeError, match=r"photo.png would be 9 x 7 pixels, and one pass needs 8 x 8 at least"):
        memory_of(piece, 9)


def test_frames_are_painted_ahead_and_come_in_order():
    threads, begun = torch.get_num_threads(), []

    def paint(frame):
        begun.append(int(frame))
        return 10 * frame

    found = ahead(paint, (torch.tensor(k) for k in range(9)))
    assert [(int(frame), int(painted)) for frame, painted in found] == [(k, 10 * k) for k in range(9)]
    assert sorted(begun) == list(range(9))
    assert torch.get_num_threads() == threads


def test_whoever_stops_early_waits_for_no_frame_that_was_not_begun():
    begun = []
    found = ahead(lambda frame: begun.append(frame) or frame, (torch.tensor(k) for k in range(1000)))
    next(found)
    found.close()
    assert len(begun) <= 2 + torch.get_num_threads()


def test_what_fails_in_a_painting_is_raised():
    def paint(_frame):
        raise RuntimeError("no paint")

    with pytest.raises(RuntimeError, match="no paint"):
        list(ahead(paint, [torch.zeros(1)]))
