import math

import pytest
import torch

from nstlib import patches
from nstlib.errors import ImageError, ShapeError
from nstlib.images import load_image, picture, pictures
from nstlib.patches import (
    PICTURES,
    SIDE,
    SIZE,
    augment,
    batches,
    center,
    cut_patches,
    held_out_cells,
    held_out_split,
    standardize,
    turn_hue,
)

SIDE_STORED = SIDE + patches.MARGIN


@pytest.fixture(scope="module")
def data():
    return cut_patches()


def boxes(patches, label):
    chosen = patches.labels == label
    return [(top, left, top + SIDE_STORED, left + SIDE_STORED) for top, left in patches.corners[chosen].tolist()]


def test_every_picture_of_the_data_set_is_one_of_the_courses_own():
    assert set(PICTURES) <= set(pictures())
    assert len(set(PICTURES)) == 13


def test_labels_are_balanced(data):
    for part, count in zip(data, (200, 60), strict=True):
        assert part.labels.bincount().tolist() == [count] * len(PICTURES)
        assert len(part) == count * len(PICTURES)


@pytest.mark.parametrize("label", range(len(PICTURES)), ids=PICTURES)
def test_no_pixel_of_a_training_patch_is_in_a_held_out_patch(data, label):
    canvas = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    for top, left, bottom, right in boxes(data[0], label):
        canvas[top:bottom, left:right] = True
    assert not any(canvas[top:bottom, left:right].any() for top, left, bottom, right in boxes(data[1], label))
    assert canvas.float().mean() > 0.2


def test_a_patch_shows_what_the_picture_has_at_its_corner(data):
    for part in data:
        for index in (0, len(part) // 2, len(part) - 1):
            image = load_image(picture(part.names[part.labels[index]]), size=SIZE)[0]
            top, left = part.corners[index].tolist()
            assert torch.equal(part.images[index], image[:, top : top + SIDE_STORED, left : left + SIDE_STORED])


@pytest.mark.parametrize(("height", "width"), [(448, 448), (299, 448), (448, 299), (112, 448)])
def test_about_a_quarter_of_a_picture_is_held_out_and_lies_inside_it(height, width):
    cells = held_out_cells(height, width)
    areas = (cells[:, 2:] - cells[:, :2]).prod(1)
    assert (cells >= 0).all()
    assert (cells[:, 2:] <= torch.tensor([height, width])).all()
    assert areas.sum() / (height * width) == pytest.approx(0.25, abs=0.09)


def test_the_split_agrees_with_painting_every_patch_pixel_by_pixel(rng):
    corners, side = torch.randint(0, 60, (200, 2), generator=rng), 9
    regions = torch.tensor([[10, 12, 30, 28], [40, 0, 55, 20]])
    canvas = torch.zeros(80, 80)
    for top, left, bottom, right in regions.tolist():
        canvas[top:bottom, left:right] = 1
    shares = torch.stack([canvas[top : top + side, left : left + side].mean() for top, left in corners.tolist()])
    train, test = held_out_split(corners, side, regions)
    assert torch.equal(train, shares == 0)
    assert torch.equal(test, shares == 1)
    assert train.any()
    assert test.any()


def test_a_region_without_its_axis_is_refused_with_the_way_out():
    with pytest.raises(ShapeError, match=r"regions \(R, 4\), got \(2, 2\) and \(4,\).*regions\[None\]"):
        held_out_split(torch.zeros(2, 2), 8, torch.zeros(4))


def test_the_same_seed_cuts_the_same_patches(data):
    again = cut_patches(generator=torch.Generator().manual_seed(0))
    assert all(torch.equal(a.images, b.images) for a, b in zip(data, again, strict=True))
    other = cut_patches(("cat",), generator=torch.Generator().manual_seed(1))[0]
    assert not torch.equal(other.corners, cut_patches(("cat",))[0].corners)


def test_more_patches_than_there_is_room_for_are_refused(monkeypatch):
    monkeypatch.setattr(patches, "_random_corners", lambda *_: torch.zeros(3, 2, dtype=torch.long))
    with pytest.raises(ImageError, match=r"cat has room for \d+ such patches, not for 200. Ask for fewer."):
        cut_patches(("cat",))


def test_an_unknown_picture_is_refused_by_name():
    with pytest.raises(ImageError, match="no picture 'dog'"):
        cut_patches(("dog",))


def test_augmented_patches_are_standardized_and_of_the_networks_size(data, rng):
    images = augment(data[0].images[:50], rng)
    assert images.shape == (50, 3, SIDE, SIDE)
    torch.testing.assert_close(images.mean((1, 2, 3)), torch.zeros(50), atol=1e-5, rtol=0)
    assert images.square().mean((1, 2, 3)).max() <= 1


def test_augmentation_is_decided_by_the_generator_alone(data):
    before = torch.get_rng_state()
    one, two = (augment(data[0].images[:8], torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_center_is_the_middle_of_a_patch(data):
    images = data[1].images[:4]
    torch.testing.assert_close(center(images), standardize(images[:, :, 4:-4, 4:-4]))


def test_brightness_and_contrast_give_nothing_away(rng):
    images = torch.rand(3, 3, SIDE, SIDE, generator=rng)
    torch.testing.assert_close(standardize(images + 0.3), standardize(images), atol=1e-5, rtol=0)
    assert (standardize(4 * images) - standardize(images)).abs().max() < 0.6


def test_a_third_of_a_turn_makes_red_green_and_leaves_gray_gray():
    red, gray = torch.tensor([1.0, 0, 0])[:, None, None], torch.full((3, 1, 1), 0.4)
    turned = turn_hue(torch.stack([red, gray]), torch.full((2,), 2 * math.pi / 3))
    torch.testing.assert_close(turned[0].flatten(), torch.tensor([0.0, 1, 0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(turned[1], gray)


def test_turning_the_hue_keeps_every_length_and_turning_back_restores(rng):
    images, angles = torch.rand(4, 3, 5, 6, generator=rng), 7 * torch.rand(4, generator=rng)
    turned = turn_hue(images, angles)
    torch.testing.assert_close(turned.norm(dim=1), images.norm(dim=1))
    torch.testing.assert_close(turn_hue(turned, -angles), images)


def test_one_epoch_holds_every_patch_once(data):
    labels = torch.cat([labels for _, labels in batches(data[1], 64, torch.Generator().manual_seed(0))])
    assert torch.equal(labels.sort().values, data[1].labels)
    assert not torch.equal(labels, data[1].labels)


def test_patches_that_are_too_small_are_refused():
    with pytest.raises(ShapeError, match=r"S at least 48, got \(2, 3, 40, 40\)"):
        center(torch.zeros(2, 3, 40, 40))
