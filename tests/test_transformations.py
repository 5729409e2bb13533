"""Random changes of an image: what they keep, what they move, and that the gradient comes back through them."""

from __future__ import annotations

import pytest
import torch

from nstlib.errors import ChoiceError, ShapeError
from nstlib.images import load_image, picture
from nstlib.transformations import GRAY, ROBUST, jitter, pad, roll, rotate, rotated, scale, transform


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    return load_image(picture("china"), size=96)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_rolling_there_and_back_is_exact(rng):
    image = torch.rand(2, 3, 5, 7, generator=rng)
    for down, right in ((1, 0), (-3, 2), (32, -32), (5, 7)):
        assert torch.equal(roll(roll(image, down, right), -down, -right), image)


def test_rolling_moves_each_pixel_down_and_to_the_right(rng):
    image = torch.rand(1, 2, 4, 6, generator=rng)
    rolled = roll(image, 1, 2)
    for y in range(4):
        for x in range(6):
            assert torch.equal(rolled[:, :, (y + 1) % 4, (x + 2) % 6], image[:, :, y, x])


def test_padding_adds_gray_on_each_side(rng):
    image = torch.rand(1, 3, 4, 5, generator=rng)
    padded = pad(2)(image, rng)
    assert padded.shape == (1, 3, 8, 9)
    assert torch.equal(padded[..., 2:-2, 2:-2], image)
    assert padded.sum() == pytest.approx(image.sum().item() + GRAY * 3 * (8 * 9 - 4 * 5), rel=1e-5)


def test_jitter_cuts_every_window_with_the_same_chance(rng):
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    corners = [jitter(2)(image, rng).item() for _ in range(900)]
    counts = torch.tensor(corners).long().bincount(minlength=9)
    assert counts.min() > 60
    assert counts.max() < 140


def test_jitter_by_nothing_is_the_image(rng):
    image = torch.rand(1, 3, 4, 5, generator=rng)
    assert torch.equal(jitter(0)(image, rng), image)


def test_scaling_changes_the_size_and_keeps_a_gray_image_gray(rng):
    image = torch.full((1, 3, 20, 30), 0.3)
    found = {tuple(scaled.shape[2:]) for scaled in (scale((0.9, 1.1))(image, rng) for _ in range(20))}
    assert found == {(18, 27), (22, 33)}
    torch.testing.assert_close(scale((0.9,))(image, rng), image[..., :18, :27])


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 5), (5, 9)])
def test_half_a_turn_is_the_image_upside_down(rng, height, width):
    image = torch.rand(1, 3, height, width, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(rotated(image, 180), image.flip(2, 3))


@pytest.mark.parametrize("side", [4, 5])
def test_a_quarter_of_a_turn_is_counterclockwise(rng, side):
    image = torch.rand(1, 3, side, side, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(rotated(image, 90), image.rot90(1, (2, 3)))


def test_a_turn_keeps_right_angles_in_a_wide_image():
    image = torch.full((1, 1, 21, 81), GRAY)
    image[..., 10, 40:47] = 1  # a bar from the center to the right
    turned = rotated(image, 90)
    assert turned[0, 0, 5:11, 40].min() > 0.9  # points up, as long as it was
    assert turned[0, 0, :, 43:].max() == GRAY


def test_a_small_turn_there_and_back_is_nearly_the_image(photo):
    back = rotated(rotated(photo, 10), -10)
    middle = slice(16, -16)
    assert (back - photo)[..., middle, middle].abs().mean() < 0.03
    assert rotated(photo, 10)[..., 0, 0].tolist() == [[GRAY] * 3]  # a corner


def test_turning_by_one_of_several_angles_takes_them_all_in_time(rng):
    image = torch.rand(1, 3, 5, 5, generator=rng)
    found = [rotate((0, 90, 180))(image, rng) for _ in range(30)]
    for expected in (image, image.rot90(1, (2, 3)), image.flip(2, 3)):
        assert any(torch.allclose(one, expected, atol=1e-5) for one in found)


def test_the_same_seed_changes_an_image_in_the_same_way(rng):
    image = torch.rand(1, 3, 24, 28, generator=rng)
    once, again, other = (transform(image, ROBUST, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(once, again)
    assert once.shape != other.shape or not torch.equal(once, other)


def test_the_gradient_comes_back_through_all_of_them(rng):
    image = torch.rand(1, 3, 24, 28, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: transform(x, ROBUST, seeded()).sum((0, 2, 3)), image, atol=1e-6)


def test_no_transformation_is_the_image(rng):
    image = torch.rand(1, 3, 4, 4, generator=rng)
    assert transform(image, (), rng) is image


@pytest.mark.parametrize("make", [pad, jitter])
@pytest.mark.parametrize("pixels", [-1, 1.5, True])
def test_pixels_are_whole_numbers(make, pixels):
    with pytest.raises(ChoiceError, match=f"The pixels of {make.__name__} must be a whole number of at least 0, got"):
        make(pixels)


@pytest.mark.parametrize("factors", [(), (0.0, 1.0), (float("inf"),)])
def test_scales_are_above_0(factors):
    with pytest.raises(ChoiceError, match="scale needs factors above 0"):
        scale(factors)


@pytest.mark.parametrize("degrees", [(), (float("nan"),)])
def test_angles_are_finite(degrees):
    with pytest.raises(ChoiceError, match="rotate needs angles in degrees"):
        rotate(degrees)


def test_an_image_too_small_for_its_jitter_is_refused(rng):
    with pytest.raises(ShapeError, match=r"jitter by 4 pixels needs a larger image than \(4, 9\)"):
        jitter(4)(torch.rand(1, 3, 4, 9), rng)
